//! Facts that people recorded: what they start, what they end, and which were taken back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::Entry;
use super::answers::Asked;
use super::claims::is_same_number;
use crate::ident::NoticeId;
use crate::notice::recorded::{FactField, REPLACES, Start};
use crate::notice::{Effect, EventTime, FactKind, Kind, Notice, Token};

/// A fact of an entry, with its values as they were told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RecordedFact {
    pub fact: FactKind,
    /// Its own date. `None` when it has none, or when it could not be read.
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    /// Number of the protest, case, bill or form that it is about.
    pub reference: Option<Token>,
    /// Which of several clocks it starts: its number, else its date. A fact that stands in the place of another one keeps
    /// the name of that, for it moves the clock and starts no other.
    pub instance: Box<str>,
    /// Its values by the names of its definition, which are those of the clocks' inputs.
    pub values: Vec<(&'static str, Box<str>)>,
    /// The clocks that it may be an answer to.
    #[serde(skip)]
    pub(super) asked: Vec<Asked>,
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
            (Some(own), Some(other)) => is_same_number(own, other),
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

/// What became of facts that people recorded in error.
#[derive(Default)]
pub(super) struct Corrected {
    /// Taken back, or replaced by another fact. Only what was recorded can be.
    pub withdrawn: BTreeSet<NoticeId>,
    /// Facts that stand in the place of another one, with the instance of the first of them.
    instances: BTreeMap<NoticeId, Box<str>>,
}

impl Corrected {
    pub fn of(notices: &[&Notice]) -> Self {
        let mut corrected = Self::default();
        let mut replaced: BTreeMap<NoticeId, NoticeId> = BTreeMap::new();
        for notice in notices.iter().filter(|notice| is_recorded(notice)) {
            if let Effect::Withdrawn { notice } = notice.effect {
                corrected.withdrawn.insert(notice);
            }
            if let Some(earlier) = replaces(notice).filter(|earlier| *earlier != notice.id) {
                corrected.withdrawn.insert(earlier);
                replaced.insert(notice.id, earlier);
            }
        }
        for (&id, &earlier) in &replaced {
            let mut first = earlier;
            // A ring of facts that replace each other ends as well.
            for _ in 0..replaced.len() {
                let Some(&before) = replaced.get(&first) else { break };
                first = before;
            }
            let first = notices.iter().find(|notice| notice.id == first);
            let instance = first.map(|first| instance_of(first)).filter(|instance| !instance.is_empty());
            corrected.instances.extend(instance.map(|instance| (id, instance)));
        }
        corrected
    }
}

pub(super) fn is_recorded(notice: &Notice) -> bool {
    matches!(notice.kind, Kind::Recorded | Kind::Form)
}

/// The fact in whose place this one stands.
fn replaces(notice: &Notice) -> Option<NoticeId> {
    NoticeId::parse(notice.field(REPLACES)?)
}

fn instance_of(notice: &Notice) -> Box<str> {
    let number = notice.field("reference").and_then(Token::some);
    let date = || notice.at.map(|at| at.date.to_string()).unwrap_or_default();
    number.map_or_else(date, |number| number.to_string()).into()
}

/// Keeps what a form or a recorded fact tells, beside its effect.
pub(super) fn note(entry: &mut Entry, notice: &Notice, corrected: &Corrected) {
    let Some(fact) = FactKind::of_notice(notice.kind, notice.code) else { return };
    let definition = fact.definition();
    let mut recorded = RecordedFact {
        fact,
        at: notice.at,
        notice: notice.id,
        reference: notice.field("reference").and_then(Token::some),
        instance: corrected.instances.get(&notice.id).cloned().unwrap_or_else(|| instance_of(notice)),
        values: Vec::new(),
        asked: Vec::new(),
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
