//! `[calendar]`: closures, days that count otherwise for some ports, the published statement calendar, programmes.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use toml::Spanned;

use super::raw::{RawCalendar, RawDays, RawProgramme, RawStatementMonth, list};
use super::resolve::Resolver;
use crate::deadline::{DayEffect, DayOverride, DeadlineTable, Overrides, Programme, StatementMonth};
use crate::diagnostic::{Field, hint};

/// A closure that is announced for longer than this is surely a misread year.
const DAYS_MAX: i64 = 366;
/// More working days than one notice grants.
const GRANTED_DAYS_MAX: i64 = 366;

type Text = Field<Spanned<String>>;
type Date = Field<Spanned<NaiveDate>>;

pub(super) fn overrides(raw: &RawCalendar, resolver: &mut Resolver<'_>) -> Overrides {
    Overrides {
        days: list(&raw.days).iter().filter_map(|raw| days(raw, resolver)).collect(),
        statements: list(&raw.statement).iter().filter_map(|raw| statement(raw, resolver)).collect(),
        programmes: list(&raw.programme).iter().filter_map(|raw| programme(raw, resolver)).collect(),
    }
}

fn days(raw: &RawDays, resolver: &mut Resolver<'_>) -> Option<DayOverride> {
    let owner = "[[calendar.days]]";
    let from = needed(&raw.from, "from", owner, &raw.span, resolver);
    let to = raw.to.given().map(|date| *date.get_ref()).or(from);
    let source = source(&raw.source, owner, &raw.span, resolver);
    let effect = match (raw.nonworking.given(), raw.extend_working_days.given()) {
        (Some(flag), None) if *flag.get_ref() => Some(DayEffect::Nonworking),
        (None, Some(days)) if (1..=GRANTED_DAYS_MAX).contains(days.get_ref()) => {
            u32::try_from(*days.get_ref()).ok().map(DayEffect::ExtendWorkingDays)
        }
        (None, Some(days)) => {
            let message = format!("`extend_working_days` must be between 1 and {GRANTED_DAYS_MAX}");
            resolver.faults.add(days.span(), message);
            None
        }
        _ => {
            let message =
                format!("{owner} says what happens by one of `nonworking = true` and `extend_working_days`");
            resolver.faults.add(raw.span.clone(), message);
            None
        }
    };
    let (from, to) = (from?, to?);
    if to < from || (to - from).num_days() > DAYS_MAX {
        let message = format!("`to` must be `from` or a day at most {DAYS_MAX} days later");
        resolver.faults.add(raw.to.given().map_or(raw.span.clone(), Spanned::span), message);
        return None;
    }
    let deadlines = list(&raw.deadlines);
    deadlines.iter().for_each(|id| known_deadline(id, resolver));
    let words = |field: &Field<Vec<Spanned<String>>>| -> Vec<Box<str>> {
        list(field).iter().map(|word| word.get_ref().as_str().into()).collect()
    };
    Some(DayOverride {
        from,
        to,
        ports: words(&raw.ports),
        filers: words(&raw.filers),
        deadlines: words(&raw.deadlines),
        effect: effect?,
        source: source?,
    })
}

fn statement(raw: &RawStatementMonth, resolver: &mut Resolver<'_>) -> Option<StatementMonth> {
    let owner = "[[calendar.statement]]";
    let source = source(&raw.source, owner, &raw.span, resolver);
    let given = |field: &Date| field.given().map(|date| *date.get_ref());
    let (preliminary, due) = (given(&raw.preliminary), given(&raw.due));
    let Some(month) = due.or(preliminary) else {
        let message = format!("{owner} needs `due`, `preliminary` or both");
        resolver.faults.add(raw.span.clone(), message);
        return None;
    };
    if preliminary.zip(due).is_some_and(|(first, last)| {
        first > last || (first.year(), first.month()) != (last.year(), last.month())
    }) {
        let message = "`preliminary` must be a day of the same month before `due`";
        resolver.faults.add(raw.preliminary.given().map_or(raw.span.clone(), Spanned::span), message);
        return None;
    }
    Some(StatementMonth { month, preliminary, due, source: source? })
}

fn programme(raw: &RawProgramme, resolver: &mut Resolver<'_>) -> Option<Programme> {
    let owner = "[[calendar.programme]]";
    let until = needed(&raw.until, "until", owner, &raw.span, resolver);
    let deadline = raw.deadline.given();
    if let Some(id) = deadline {
        known_deadline(id, resolver);
        let table = DeadlineTable::embedded();
        if table.find(id.get_ref()).is_some_and(|definition| definition.on) {
            let off = table.definitions().iter().filter(|definition| !definition.on);
            let off: Vec<&str> = off.map(|definition| definition.id.as_str()).collect();
            let message = format!("`{}` is kept anyway (programmes: {})", id.get_ref(), off.join(", "));
            resolver.faults.add(id.span(), message);
        }
    } else {
        resolver.faults.add(raw.span.clone(), format!("{owner} needs `deadline`"));
    }
    Some(Programme { deadline: deadline?.get_ref().as_str().into(), until: until? })
}

fn needed(
    field: &Date,
    key: &str,
    owner: &str,
    span: &Range<usize>,
    resolver: &mut Resolver<'_>,
) -> Option<NaiveDate> {
    let date = field.given().map(|date| *date.get_ref());
    if date.is_none() && field.is_absent() {
        resolver.faults.add(span.clone(), format!("{owner} needs `{key}`"));
    }
    date
}

/// An override may move a legal date, so it must say who said so.
fn source(field: &Text, owner: &str, span: &Range<usize>, resolver: &mut Resolver<'_>) -> Option<Box<str>> {
    let source = field.given().map(|text| text.get_ref().trim()).filter(|text| !text.is_empty());
    if source.is_none() {
        let message =
            format!("{owner} needs `source`: the message of CBP that says so, like \"CSMS 17-000522\"");
        resolver.faults.add(span.clone(), message);
    }
    source.map(Into::into)
}

fn known_deadline(id: &Spanned<String>, resolver: &mut Resolver<'_>) {
    let known = || DeadlineTable::embedded().definitions().iter().map(|known| known.id.as_str());
    if !known().any(|name| name == id.get_ref()) {
        let hint = hint(id.get_ref(), "known", known());
        resolver.faults.add(id.span(), format!("there is no deadline `{}` ({hint})", id.get_ref()));
    }
}
