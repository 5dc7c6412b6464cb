//! The keys of a rule about the time after its alert was told: saying it again, its end, and who is told when nobody answers.

use std::ops::Range;

use chrono::{Days, NaiveDate};
use toml::Spanned;

use super::condition::Condition;
use super::plan::{Escalation, Gather, Repeat, Span};
use super::raw::{RawEscalation, RawRule};
use super::routing::People;
use super::{Delivery, On, Vocabulary, until};
use crate::diagnostic::{Faults, RawKind, WrittenTable};

/// A ladder that somebody acknowledged opens again with so many days left, unless the rule says otherwise.
const REOPEN_DAYS: i64 = 14;

/// The last days before a legal deadline stay loud, whoever acknowledges.
const REOPEN_DAYS_MIN: i64 = 7;
const REOPEN_DAYS_MAX: i64 = 365;

/// Nothing is gathered for longer, in minutes.
const GATHER_MINUTES_MAX: u32 = 1_440;

/// So many groups may be told one after the other.
const ESCALATIONS_MAX: usize = 10;

/// What a rule wants done after its alert was told.
#[derive(Clone, Debug)]
pub struct Aftermath {
    /// For rules on notices and troubles; rules on deadlines have their ladder.
    pub repeat: Option<Repeat>,
    /// The alert is over when this holds for the entry as it is then.
    pub(super) until: Option<Condition>,
    /// People are told when it is over.
    pub tell_when_over: bool,
    /// In order.
    pub escalate: Box<[Escalation]>,
    pub gather: Gather,
    /// With so many days left an acknowledged ladder speaks again.
    pub reopen_days: i64,
}

impl Aftermath {
    /// Each clause of `until` as written; `None` when the rule does not say when it is over.
    pub fn until_clauses(&self) -> Option<Vec<&str>> {
        Some(self.until.as_ref()?.0.iter().map(|clause| &*clause.text).collect())
    }

    /// The day on which an acknowledged ladder towards `target` speaks again: when the acknowledgement ends, or with so many days left
    /// as the rule says, whichever comes first.
    pub fn opens_again(&self, target: NaiveDate, until: NaiveDate) -> NaiveDate {
        let near = target.checked_sub_days(Days::new(self.reopen_days.unsigned_abs()));
        near.map_or(until, |near| near.min(until))
    }

    /// Whether files that come later may change something about an alert of the rule.
    pub fn has_end(&self, on: On) -> bool {
        self.until.is_some() || (on == On::Deadline && (self.tell_when_over || !self.escalate.is_empty()))
    }
}

/// Reads the keys.
pub(super) fn read(
    raw: &RawRule,
    (on, delivery, when): (On, Option<Delivery>, &Condition),
    called: &str,
    people: &People<'_>,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Aftermath {
    let until = raw.until.given().and_then(|value| until::read(value, (on, when), called, known, faults));
    let tell_when_over = raw.tell_when_over.given().is_some_and(|flag| *flag.get_ref());
    if let Some(flag) = raw.tell_when_over.given()
        && tell_when_over
        && (until.is_none() && on != On::Deadline)
        && raw.until.is_absent()
    {
        faults.add(flag.span(), format!("{called}: `tell_when_over` needs `until`, which says when that is"));
    }
    let list = raw.escalate.given().map(Vec::as_slice).unwrap_or_default();
    if let Some(delivery) = delivery.filter(|delivery| *delivery != Delivery::Now) {
        told_later(raw, on, called, delivery, list, faults);
    }
    Aftermath {
        repeat: repeat(raw, on, called, faults),
        until,
        tell_when_over,
        escalate: escalations(list, called, &raw.span, people, faults),
        gather: raw.gather.given().map_or(Gather::AsTeam, |text| gather(text, called, faults)),
        reopen_days: reopen(raw, on, called, faults),
    }
}

/// What nobody is told at once is not said again, and nobody is asked to answer it.
fn told_later(
    raw: &RawRule,
    on: On,
    called: &str,
    delivery: Delivery,
    escalate: &[RawEscalation],
    faults: &mut Faults,
) {
    let why = match delivery {
        Delivery::None => "tells nobody (delivery = \"none\")",
        _ => "waits for the digest (delivery = \"digest\"), which says everything once",
    };
    if let Some(value) = raw.remind.given().filter(|_| on != On::Deadline) {
        faults.add(value.span.clone(), format!("{called} {why}, so it has no `remind`"));
    }
    if let Some(step) = escalate.first() {
        let message = format!("{called} {why}, so nobody is expected to answer and it has no `escalate`");
        faults.add(step.span.clone(), message);
    }
}

fn repeat(raw: &RawRule, on: On, called: &str, faults: &mut Faults) -> Option<Repeat> {
    let value = raw.remind.given().filter(|_| on != On::Deadline)?;
    let RawKind::Text(text) = &value.kind else {
        let message = format!(
            "{called} is on a {}: its `remind` is a text like \"at once, then every 2 days, at most 5 times\"",
            on.as_str()
        );
        faults.add(value.span.clone(), message);
        return None;
    };
    Repeat::parse(text, value.span.clone(), called, faults)
}

pub(super) fn escalations(
    list: &[RawEscalation],
    called: &str,
    owner: &Range<usize>,
    people: &People<'_>,
    faults: &mut Faults,
) -> Box<[Escalation]> {
    if list.len() > ESCALATIONS_MAX {
        faults.add(owner.clone(), format!("{called} escalates more than {ESCALATIONS_MAX} times"));
    }
    let one = |item: &RawEscalation| {
        let after = item.after.require("after", RawEscalation::OWNER, &item.span, faults);
        let after = after.and_then(|text| {
            let span = Span::parse(text.get_ref());
            if span.is_none() {
                let hint = Span::hint(text.get_ref(), "4 hours");
                let message = format!("`after` is no length of time: `{}` ({hint})", text.get_ref());
                faults.add(text.span(), message);
            }
            span
        });
        let notify = item.notify.require("notify", RawEscalation::OWNER, &item.span, faults)?;
        let step = format!("a step of `escalate` of {called}");
        let notify =
            people.resolve(if notify.is_empty() { &step } else { called }, notify, &item.span, faults);
        Some(Escalation { after: after?, notify })
    };
    list.iter().filter_map(one).collect()
}

pub(super) fn gather(text: &Spanned<String>, called: &str, faults: &mut Faults) -> Gather {
    if text.get_ref() == "off" {
        return Gather::Never;
    }
    let length = Span::parse(text.get_ref());
    let is_length = length.is_some();
    match length.filter(|span| span.minutes() <= GATHER_MINUTES_MAX) {
        Some(span) => Gather::For(span),
        None => {
            let hint = match Span::hint(text.get_ref(), "") {
                near if near.starts_with("did") && !is_length => near,
                _ => "examples: 5 minutes, off".to_owned(),
            };
            let message =
                format!("{called}: `gather` is no length of time up to a day: `{}` ({hint})", text.get_ref());
            faults.add(text.span(), message);
            Gather::AsTeam
        }
    }
}

fn reopen(raw: &RawRule, on: On, called: &str, faults: &mut Faults) -> i64 {
    let Some(days) = raw.reopen.given() else { return REOPEN_DAYS };
    if on != On::Deadline {
        faults.add(
            days.span(),
            format!("{called} is on a {}; only a rule on deadlines has `reopen`", on.as_str()),
        );
    } else {
        check_reopen(days, called, faults);
    }
    *days.get_ref()
}

pub(super) fn check_reopen(days: &Spanned<i64>, called: &str, faults: &mut Faults) {
    if !(REOPEN_DAYS_MIN..=REOPEN_DAYS_MAX).contains(days.get_ref()) {
        let message = format!(
            "{called}: `reopen` is {REOPEN_DAYS_MIN} to {REOPEN_DAYS_MAX} days: the last {REOPEN_DAYS_MIN} cannot be silenced"
        );
        faults.add(days.span(), message);
    }
}
