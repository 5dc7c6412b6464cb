//! Conditions: what must hold for a rule to decide. Compiled once, evaluated without allocation.

use std::cell::OnceCell;
use std::fmt;

use super::matcher::{FieldMatch, NumberMatch, TextMatch};
use super::names::{Set, effect_index, kind_index};
use crate::entry::{DeadlineState, Entry, EntryDeadline, Status};
use crate::notice::{Effect, Notice, Token};
use crate::place::Severity;

/// What a condition is asked about. Matchers about a part that is missing do not hold.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub notice: Option<&'a Notice>,
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
    pub broker: &'a str,
    pub deadlines: &'a [EntryDeadline],
    /// The code of a trouble.
    pub trouble: Option<&'a str>,
    pub trouble_severity: Option<Severity>,
    pub status: OnceCell<Option<Status>>,
    pub status_before: OnceCell<Option<Status>>,
}

impl<'a> Facts<'a> {
    fn status(&self) -> Option<Status> {
        *self.status.get_or_init(|| self.after.map(Entry::status))
    }

    fn status_before(&self) -> Option<Status> {
        *self.status_before.get_or_init(|| self.before.map(Entry::status))
    }

    /// Who speaks: the agency of the hold, removal or reversal, else the notice's field `agency`.
    fn agency(&self) -> Option<&str> {
        let notice = self.notice?;
        match &notice.effect {
            Effect::Hold { agency, .. }
            | Effect::Clear { agency, .. }
            | Effect::ReleaseReversed { agency, .. } => Some(agency.as_str()),
            _ => notice.field("agency"),
        }
    }

    /// The agency and code of the hold that the notice opens.
    fn opened_hold(&self) -> Option<(Token, Token)> {
        match self.notice?.effect {
            Effect::Hold { agency, code, .. } | Effect::ReleaseReversed { agency, code } => {
                Some((agency, code))
            }
            _ => None,
        }
    }

    /// For a notice that opens a hold, whether that hold stands after the file; for any other, whether any does.
    fn open_hold_after(&self) -> bool {
        match (self.opened_hold(), self.after) {
            (Some(_), None) => true,
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, entry) => entry.is_some_and(Entry::has_open_hold),
        }
    }

    /// Whether the hold that the notice opens stood already before the file, or the notice tells again what the entry
    /// knew.
    fn repeated(&self) -> bool {
        match (self.opened_hold(), self.before) {
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, Some(entry)) => self.notice.is_some_and(|notice| entry.knows(notice)),
            (_, None) => false,
        }
    }

    fn stands(&self, entry: &Entry, agency: Token, code: Token) -> bool {
        self.notice.is_some_and(|notice| {
            entry.open_holds().any(|(key, _)| {
                key.agency == agency
                    && key.code == code
                    && key.scope.bill == notice.bill
                    && key.scope.house_bill == notice.house_bill
                    && key.scope.container == notice.container
            })
        })
    }

    fn severity(&self) -> Option<Severity> {
        self.notice.map(|notice| notice.severity).or(self.trouble_severity)
    }

    fn has_open_deadline(&self, ids: &TextMatch) -> bool {
        self.deadlines
            .iter()
            .any(|deadline| deadline.state == DeadlineState::Open && ids.matches(&deadline.id))
    }
}

/// One key of a condition, with the words in which it was written.
#[derive(Clone)]
pub(super) struct Clause {
    pub text: Box<str>,
    pub test: Test,
}

impl fmt::Debug for Clause {
    /// The meaning without the words: two clauses that mean the same print the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.test, f)
    }
}

/// A table of clauses; all must hold. An empty one always holds.
#[derive(Clone, Default)]
pub(super) struct Condition(pub Vec<Clause>);

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clauses: Vec<String> = self.0.iter().map(|clause| format!("{clause:?}")).collect();
        clauses.sort();
        f.write_str(&clauses.join(" & "))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Any(Vec<Condition>),
    Not(Condition),
    Kind(Set),
    Effect(Set),
    Status(Set),
    StatusBefore(Set),
    Became(Set),
    Severity(SeverityMatch),
    Code(TextMatch),
    Table(TextMatch),
    Agency(TextMatch),
    EntryType(TextMatch),
    Port(TextMatch),
    Importer(TextMatch),
    Broker(TextMatch),
    Filer(TextMatch),
    Field { name: Box<str>, value: FieldMatch },
    Difference(NumberMatch),
    DifferenceKnown(bool),
    OpenHoldAfter(bool),
    Repeated(bool),
    KnownEntry(bool),
    HasEntry(bool),
    OpenDeadline(TextMatch),
}

/// `"critical"`, a list, or `{ at_least = "warning" }`.
#[derive(Clone, Debug)]
pub(super) enum SeverityMatch {
    In(Vec<Severity>),
    AtLeast(Severity),
}

impl SeverityMatch {
    fn matches(&self, severity: Severity) -> bool {
        match self {
            Self::In(list) => list.contains(&severity),
            Self::AtLeast(least) => severity >= *least,
        }
    }
}

impl Condition {
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.0.iter().all(|clause| clause.test.holds(facts))
    }

    /// Each clause as written, and whether it holds.
    pub fn explain<'c>(&'c self, facts: &Facts<'_>) -> Vec<(&'c str, bool)> {
        self.0.iter().map(|clause| (&*clause.text, clause.test.holds(facts))).collect()
    }

    /// The kinds of notice for which the condition can hold.
    pub fn kinds(&self) -> Set {
        self.0.iter().fold(Set::ALL, |kinds, clause| match clause.test {
            Test::Kind(set) => kinds.and(set),
            _ => kinds,
        })
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let notice = facts.notice;
        let text = |wanted: &TextMatch, value: Option<&str>| value.is_some_and(|value| wanted.matches(value));
        match self {
            Self::Any(list) => list.iter().any(|condition| condition.holds(facts)),
            Self::Not(condition) => !condition.holds(facts),
            Self::Kind(set) => notice.is_some_and(|notice| set.has(kind_index(notice.kind))),
            Self::Effect(set) => notice.is_some_and(|notice| set.has(effect_index(&notice.effect))),
            Self::Severity(wanted) => facts.severity().is_some_and(|severity| wanted.matches(severity)),
            Self::Code(wanted) => {
                let code = notice.and_then(|notice| notice.code.as_ref()).map(Token::as_str);
                text(wanted, facts.trouble.or(code))
            }
            Self::Table(wanted) => text(wanted, notice.and_then(|notice| notice.table.as_deref())),
            Self::Agency(wanted) => text(wanted, facts.agency()),
            Self::Broker(wanted) => wanted.matches(facts.broker),
            Self::Field { name, value } => notice.is_some_and(|notice| {
                value.matches(notice.fields.iter().filter(|(key, _)| *key == &**name).map(|(_, value)| value))
            }),
            Self::Difference(_) | Self::DifferenceKnown(_) => self.holds_of_money(notice),
            Self::OpenDeadline(ids) => facts.has_open_deadline(ids),
            _ => self.holds_of_entry(facts),
        }
    }

    fn holds_of_entry(&self, facts: &Facts<'_>) -> bool {
        let entry = facts.after;
        let token = |wanted: &TextMatch, value: Option<Token>| {
            value.is_some_and(|value| wanted.matches(value.as_str()))
        };
        match self {
            Self::Status(set) => facts.status().is_some_and(|status| set.has(status as usize)),
            Self::StatusBefore(set) => facts.status_before().is_some_and(|status| set.has(status as usize)),
            Self::Became(set) => facts
                .status()
                .is_some_and(|status| set.has(status as usize) && facts.status_before() != Some(status)),
            Self::EntryType(wanted) => token(wanted, entry.and_then(|entry| entry.entry_type)),
            Self::Port(wanted) => token(wanted, entry.and_then(|entry| entry.port)),
            Self::Importer(wanted) => entry
                .and_then(|entry| entry.importer.as_deref())
                .is_some_and(|importer| wanted.matches(importer)),
            Self::Filer(wanted) => entry.is_some_and(|entry| wanted.matches(entry.filer.as_str())),
            Self::OpenHoldAfter(wanted) => facts.open_hold_after() == *wanted,
            Self::Repeated(wanted) => facts.repeated() == *wanted,
            Self::KnownEntry(wanted) => facts.before.is_some() == *wanted,
            Self::HasEntry(wanted) => entry.is_some() == *wanted,
            _ => false,
        }
    }

    fn holds_of_money(&self, notice: Option<&Notice>) -> bool {
        let Some(Effect::Liquidated(liquidation)) = notice.map(|notice| notice.effect) else { return false };
        let difference = liquidation.difference();
        match self {
            Self::Difference(bounds) => difference.is_some_and(|difference| bounds.matches(difference)),
            Self::DifferenceKnown(wanted) => difference.is_some() == *wanted,
            _ => false,
        }
    }
}
