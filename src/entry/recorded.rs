//! Facts that people recorded: what they start, what they end, and which were taken back.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::Entry;
use crate::ident::NoticeId;
use crate::notice::recorded::{FactField, Start};
use crate::notice::{Effect, EventTime, FactKind, Notice, Token};

/// A fact of an entry, with its values as they were told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RecordedFact {
    pub fact: FactKind,
    /// Its own date. `None` when it has none, or when it could not be read.
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    /// Number of the protest, case, bill or form that it is about.
    pub reference: Option<Token>,
    /// Its values by the names of its definition, which are those of the clocks' inputs.
    pub values: Vec<(&'static str, Box<str>)>,
}

impl RecordedFact {
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// The day on which it happened.
    pub fn date(&self) -> Option<NaiveDate> {
        self.at.map(|at| at.date)
    }

    /// One of its other dates.
    pub fn date_of(&self, name: &str) -> Option<NaiveDate> {
        self.value(name)?.parse().ok()
    }

    pub fn says(&self, name: &str, word: &str) -> bool {
        self.value(name) == Some(word)
    }

    /// The clocks that it starts: those whose condition it meets.
    pub fn starts(&self) -> impl Iterator<Item = &'static Start> + '_ {
        self.fact.definition().starts.iter().filter(|start| match start.only {
            None => true,
            Some((name, values)) => values.contains(&self.value(name).unwrap_or_default()),
        })
    }

    /// How it starts this clock, if it does.
    pub fn starts_clock(&self, deadline: &str) -> Option<&'static Start> {
        self.starts().find(|start| start.deadline == deadline)
    }

    /// Whether it ends the clock that `reference` stands for: its own when both name one, else every one.
    pub fn ends_clock(&self, deadline: &str, reference: Option<Token>) -> bool {
        let named = self.fact == FactKind::Done
            && self
                .value("deadline")
                .is_some_and(|names| names.split([',', ' ']).any(|name| name.eq_ignore_ascii_case(deadline)));
        let is_same = match (self.reference, reference) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        // One that nobody can date ends nothing: it might be before the clock began.
        let is_dated = self.at.is_some();
        is_dated && is_same && (named || self.fact.definition().ends.contains(&deadline))
    }
}

impl Entry {
    /// Facts of this kind, oldest first.
    pub fn recorded(&self, fact: FactKind) -> impl DoubleEndedIterator<Item = &RecordedFact> {
        self.recorded.iter().filter(move |recorded| recorded.fact == fact)
    }

    /// Facts that start this clock, oldest first.
    pub fn recorded_starts<'e>(
        &'e self,
        deadline: &'e str,
    ) -> impl Iterator<Item = (&'e RecordedFact, &'static Start)> {
        self.recorded.iter().filter_map(move |fact| Some((fact, fact.starts_clock(deadline)?)))
    }

    /// The first fact that ends the clock that began with `since`; without it, any that ends such a clock.
    pub fn recorded_end(&self, deadline: &str, since: Option<&RecordedFact>) -> Option<&RecordedFact> {
        let reference = since.and_then(|fact| fact.reference);
        let begun = since.and_then(|fact| fact.at);
        self.recorded.iter().find(|fact| {
            let is_later = match (begun, fact.at) {
                (Some(begun), Some(at)) => at.date >= begun.date,
                _ => true,
            };
            is_later && fact.ends_clock(deadline, reference)
        })
    }
}

/// The notices that a later fact takes back. Only what was recorded can be.
pub(super) fn withdrawn(notices: &[&Notice]) -> BTreeSet<NoticeId> {
    let taken_back = notices.iter().filter_map(|notice| match notice.effect {
        Effect::Withdrawn { notice } => Some(notice),
        _ => None,
    });
    taken_back.collect()
}

/// Keeps what a form or a recorded fact tells, beside its effect.
pub(super) fn note(entry: &mut Entry, notice: &Notice) {
    let Some(fact) = FactKind::of_notice(notice.kind, notice.code) else { return };
    let definition = fact.definition();
    let mut recorded = RecordedFact {
        fact,
        at: notice.at,
        notice: notice.id,
        reference: notice.field("reference").and_then(Token::some),
        values: Vec::new(),
    };
    let names =
        std::iter::once(definition.date).chain(definition.fields.iter().map(|field: &FactField| field.name));
    for name in names {
        if let Some(value) = notice.field(name) {
            recorded.values.push((name, value.into()));
        }
    }
    if fact == FactKind::BillPaid
        && let Some(bill) = recorded.reference.and_then(|number| entry.customs_bills.get_mut(&number))
    {
        bill.bill.is_open = false;
    }
    entry.recorded.push(recorded);
}
