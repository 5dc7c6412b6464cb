//! `[calendar]`: closures, days that count otherwise for some ports, dates that were set, clocks that stand still, the
//! published statement calendar, programmes.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use toml::Spanned;

use super::raw::{RawCalendar, RawDays, RawProgramme, RawSetDue, RawStatementMonth, RawSuspend, list};
use super::resolve::Resolver;
use crate::deadline::{
    Applies, DayEffect, DayOverride, DeadlineTable, Overrides, Programme, SetDue, StatementMonth, Suspension,
};
use crate::diagnostic::{Field, hint};
use crate::ident::EntryNumber;

/// A closure that is announced for longer than this is surely a misread year.
const DAYS_MAX: i64 = 366;
/// More days than one notice grants.
const GRANTED_DAYS_MAX: i64 = 366;

type Text = Field<Spanned<String>>;
type Date = Field<Spanned<NaiveDate>>;

pub(super) fn overrides(raw: &RawCalendar, resolver: &mut Resolver<'_>) -> Overrides {
    Overrides {
        days: list(&raw.days).iter().filter_map(|raw| days(raw, resolver)).collect(),
        set_due: list(&raw.set_due).iter().filter_map(|raw| set_due(raw, resolver)).collect(),
        suspensions: list(&raw.suspend).iter().filter_map(|raw| suspension(raw, resolver)).collect(),
        statements: list(&raw.statement).iter().filter_map(|raw| statement(raw, resolver)).collect(),
        programmes: list(&raw.programme).iter().filter_map(|raw| programme(raw, resolver)).collect(),
    }
}

fn days(raw: &RawDays, resolver: &mut Resolver<'_>) -> Option<DayOverride> {
    let owner = "[[calendar.days]]";
    let from = needed(&raw.from, "from", owner, &raw.span, resolver);
    let to = raw.to.given().map(|date| *date.get_ref()).or(from);
    let source = source(&raw.source, owner, &raw.span, resolver);
    let effect = effect(raw, resolver);
    if matches!(effect, Some(DayEffect::ExtendDays(_))) && list(&raw.deadlines).is_empty() {
        let message = format!("{owner} with `extend_days` needs `deadlines`: the clocks that got more time");
        resolver.faults.add(raw.extend_days.given().map_or(raw.span.clone(), Spanned::span), message);
        return None;
    }
    let (from, to) = (from?, to?);
    if to < from || (to - from).num_days() > DAYS_MAX {
        let message = format!("`to` must be `from` or a day at most {DAYS_MAX} days later");
        resolver.faults.add(raw.to.given().map_or(raw.span.clone(), Spanned::span), message);
        return None;
    }
    list(&raw.deadlines).iter().for_each(|id| known_deadline(id, resolver));
    let applies = Applies {
        ports: words(&raw.ports),
        filers: words(&raw.filers),
        deadlines: words(&raw.deadlines),
        entries: Vec::new(),
    };
    let source = signed(source?, &raw.by, &raw.entered);
    Some(DayOverride { from, to, applies, effect: effect?, source })
}

/// Exactly one of the three.
fn effect(raw: &RawDays, resolver: &mut Resolver<'_>) -> Option<DayEffect> {
    let given = (raw.nonworking.given(), raw.extend_working_days.given(), raw.extend_days.given());
    match given {
        (Some(flag), None, None) if *flag.get_ref() => Some(DayEffect::Nonworking),
        (None, Some(days), None) => {
            granted(days, "extend_working_days", resolver).map(DayEffect::ExtendWorkingDays)
        }
        (None, None, Some(days)) => granted(days, "extend_days", resolver).map(DayEffect::ExtendDays),
        _ => {
            let message = "[[calendar.days]] says what happens by one of `nonworking = true`, `extend_working_days` and `extend_days`";
            resolver.faults.add(raw.span.clone(), message.to_owned());
            None
        }
    }
}

fn granted(days: &Spanned<i64>, key: &str, resolver: &mut Resolver<'_>) -> Option<u32> {
    let known = u32::try_from(*days.get_ref()).ok();
    let known = known.filter(|days| (1..=GRANTED_DAYS_MAX).contains(&i64::from(*days)));
    if known.is_none() {
        resolver.faults.add(days.span(), format!("`{key}` must be between 1 and {GRANTED_DAYS_MAX}"));
    }
    known
}

fn set_due(raw: &RawSetDue, resolver: &mut Resolver<'_>) -> Option<SetDue> {
    let owner = "[[calendar.set_due]]";
    let due = needed(&raw.due, "due", owner, &raw.span, resolver);
    let source = source(&raw.source, owner, &raw.span, resolver);
    let by = author(&raw.by, owner, &raw.span, resolver);
    let deadline = raw.deadline.given();
    match deadline {
        Some(id) => known_deadline(id, resolver),
        None => resolver.faults.add(raw.span.clone(), format!("{owner} needs `deadline`")),
    }
    let month = raw.month.given().map(|text| month(text, resolver));
    let entry = raw.entry.given().map(|text| entry(text, resolver));
    if raw.month.is_absent() && raw.entry.is_absent() {
        let message = format!("{owner} needs `entry` or `month`, else the date would hold for ever");
        resolver.faults.add(raw.span.clone(), message);
        return None;
    }
    if month == Some(None) || entry == Some(None) {
        return None;
    }
    let applies = Applies {
        ports: words(&raw.ports),
        filers: words(&raw.filers),
        deadlines: vec![deadline?.get_ref().as_str().into()],
        entries: entry.flatten().into_iter().collect(),
    };
    by?;
    let source = signed(source?, &raw.by, &raw.entered);
    Some(SetDue { applies, month: month.flatten(), due: due?, source })
}

fn suspension(raw: &RawSuspend, resolver: &mut Resolver<'_>) -> Option<Suspension> {
    let owner = "[[calendar.suspend]]";
    let from = needed(&raw.from, "from", owner, &raw.span, resolver);
    let to = raw.to.given().map(|date| *date.get_ref());
    let source = source(&raw.source, owner, &raw.span, resolver);
    let by = author(&raw.by, owner, &raw.span, resolver);
    let deadlines = list(&raw.deadlines);
    if deadlines.is_empty() {
        resolver
            .faults
            .add(raw.span.clone(), format!("{owner} needs `deadlines`: the clocks that stand still"));
        return None;
    }
    deadlines.iter().for_each(|id| known_deadline(id, resolver));
    let numbers: Vec<Option<Box<str>>> =
        list(&raw.entries).iter().map(|text| entry(text, resolver)).collect();
    let from = from?;
    if to.is_some_and(|to| to < from) {
        let message = "`to`, the last day on which the clocks stand still, must not be before `from`";
        resolver.faults.add(raw.to.given().map_or(raw.span.clone(), Spanned::span), message.to_owned());
        return None;
    }
    let applies = Applies {
        ports: words(&raw.ports),
        filers: words(&raw.filers),
        deadlines: words(&raw.deadlines),
        entries: numbers.into_iter().collect::<Option<_>>()?,
    };
    by?;
    Some(Suspension { applies, from, to, source: signed(source?, &raw.by, &raw.entered) })
}

fn words(field: &Field<Vec<Spanned<String>>>) -> Vec<Box<str>> {
    list(field).iter().map(|word| word.get_ref().as_str().into()).collect()
}

/// The entry number without punctuation.
fn entry(text: &Spanned<String>, resolver: &mut Resolver<'_>) -> Option<Box<str>> {
    let number = EntryNumber::parse(text.get_ref());
    if number.is_none() {
        let message = format!("`{}` is no entry number; one is like ABC-1234567-8", text.get_ref());
        resolver.faults.add(text.span(), message);
    }
    number.map(|number| number.as_str().into())
}

/// `2026-03`, as its first day.
fn month(text: &Spanned<String>, resolver: &mut Resolver<'_>) -> Option<NaiveDate> {
    let is_shaped = text.get_ref().len() == "2026-03".len();
    let first = NaiveDate::parse_from_str(&format!("{}-01", text.get_ref()), "%Y-%m-%d").ok();
    let first = first.filter(|_| is_shaped);
    if first.is_none() {
        resolver.faults.add(text.span(), "`month` is a month such as \"2026-03\"".to_owned());
    }
    first
}

/// Who entered a date that a person decided on.
fn author(by: &Text, owner: &str, span: &Range<usize>, resolver: &mut Resolver<'_>) -> Option<()> {
    let is_named = by.given().is_some_and(|by| !by.get_ref().trim().is_empty());
    if !is_named {
        resolver.faults.add(span.clone(), format!("{owner} needs `by`: who entered it"));
    }
    is_named.then_some(())
}

/// The source with the author, as it stands among the facts of a clock.
fn signed(source: Box<str>, by: &Text, entered: &Date) -> Box<str> {
    let by = by.given().map(|by| by.get_ref().trim()).filter(|by| !by.is_empty());
    let on = entered.given().map(|date| format!(" on {}", date.get_ref())).unwrap_or_default();
    match by {
        Some(by) => format!("{source}, entered by {by}{on}").into(),
        None if on.is_empty() => source,
        None => format!("{source}, entered{on}").into(),
    }
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
