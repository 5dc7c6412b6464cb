//! Which condition holds whenever another one does, as far as that can be told from the conditions alone.
//!
//! The answers are sound: "yes" is always right, "no" may only mean that nobody can tell. So what is refused because of
//! them could truly never decide.

use super::condition::{Condition, Flag, SeverityMatch, Test};
use super::matcher::{FieldMatch, TextMatch};
use super::names::Set;
use crate::place::Severity;

impl Condition {
    /// Whether `other` holds for everything that this condition holds for.
    pub fn implies(&self, other: &Self) -> bool {
        other.0.iter().all(|wanted| self.implies_test(&wanted.test))
    }

    fn implies_test(&self, wanted: &Test) -> bool {
        let by_one = self.0.iter().any(|clause| match &clause.test {
            Test::Any(branches) => branches.iter().all(|branch| branch.implies_test(wanted)),
            own => own.implies(wanted),
        });
        by_one
            || match wanted {
                Test::Any(branches) => branches.iter().any(|branch| self.implies(branch)),
                Test::Not(inner) => self.excludes(inner),
                _ => false,
            }
    }

    /// Whether nothing fits both.
    pub fn excludes(&self, other: &Self) -> bool {
        let excluded =
            |theirs: &Test| self.0.iter().any(|own| own.test.excludes(theirs) || theirs.excludes(&own.test));
        other.0.iter().any(|clause| excluded(&clause.test))
    }

    /// Two parts of it that never hold together, as written: then the whole never holds.
    pub fn contradiction(&self) -> Option<(String, String)> {
        let text = |at: usize| self.0[at].text.to_string();
        for (at, clause) in self.0.iter().enumerate() {
            let others = || self.0.iter().enumerate().filter(move |(other, _)| *other != at);
            if let Some((other, _)) = others().find(|(_, other)| clause.test.excludes(&other.test)) {
                let (first, second) = (at.min(other), at.max(other));
                return Some((text(first), text(second)));
            }
            if let Test::Not(inner) = &clause.test {
                let rest = Self(others().map(|(_, clause)| clause.clone()).collect());
                if !rest.0.is_empty() && rest.implies(inner) {
                    let texts: Vec<String> = others().map(|(other, _)| text(other)).collect();
                    return Some((texts.join(", "), text(at)));
                }
            }
        }
        None
    }
}

impl Test {
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Not(own), Self::Not(theirs)) => theirs.implies(own),
            (Self::Kind(own), Self::Kind(theirs))
            | (Self::Effect(own), Self::Effect(theirs))
            | (Self::Status(own), Self::Status(theirs))
            | (Self::StatusBefore(own), Self::StatusBefore(theirs))
            | (Self::Became(own), Self::Became(theirs))
            | (Self::Became(own), Self::Status(theirs)) => own.is_within(*theirs),
            (Self::Weekday(own), Self::Weekday(theirs)) => own.0.is_within(theirs.0),
            (Self::Severity(own), Self::Severity(theirs)) => own.set().is_within(theirs.set()),
            (Self::Field { name, value }, Self::Field { name: other, value: theirs }) => {
                name == other && value.implies(theirs)
            }
            (Self::DaysLeft { id, days }, Self::DaysLeft { id: other, days: theirs }) => {
                id == other && days.is_within(theirs)
            }
            // What is over has come.
            (Self::Flag(Flag::Overdue, true), Self::Flag(Flag::LastDay, true))
            | (Self::Flag(Flag::LastDay, false), Self::Flag(Flag::Overdue, false)) => true,
            (Self::Flag(own, on), Self::Flag(theirs, wanted)) => own == theirs && on == wanted,
            (Self::Time(own), Self::Time(theirs)) => own == theirs,
            (Self::Line(own), Self::Line(theirs)) => own.implies(theirs),
            (Self::ProductLine(own), Self::ProductLine(theirs)) => {
                own.iter().all(|line| theirs.iter().any(|other| other.name == line.name))
            }
            _ => match (self.text(), other.text(), self.bounds(), other.bounds()) {
                (Some(own), Some(theirs), ..) => self.is_like(other) && own.implies(theirs),
                (.., Some(own), Some(theirs)) => self.is_like(other) && own.is_within(theirs),
                _ => false,
            },
        }
    }

    /// Whether the two never hold together. Only of what an event has one of: an entry may have several holds or bills.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Kind(own), Self::Kind(theirs))
            | (Self::Effect(own), Self::Effect(theirs))
            | (Self::Status(own), Self::Status(theirs))
            | (Self::Became(own), Self::Status(theirs))
            | (Self::StatusBefore(own), Self::StatusBefore(theirs)) => own.and(*theirs) == Set::default(),
            (Self::Severity(own), Self::Severity(theirs)) => own.set().and(theirs.set()) == Set::default(),
            (Self::Weekday(own), Self::Weekday(theirs)) => own.0.and(theirs.0) == Set::default(),
            (Self::Flag(Flag::KnownEntry, false), Self::StatusBefore(_))
            | (
                Self::Flag(Flag::KnownEntry, false),
                Self::Flag(Flag::OpenHoldBefore | Flag::Repeated, true),
            ) => true,
            (Self::Flag(Flag::HasEntry, false), theirs) if theirs.is_of_entry() => true,
            (Self::Flag(Flag::Overdue, true), Self::Flag(Flag::LastDay, false)) => true,
            (Self::Flag(own, on), Self::Flag(theirs, wanted)) => own == theirs && on != wanted,
            (Self::Not(own), _) => Condition::of(other.clone()).implies(own),
            _ => match (self.text(), other.text()) {
                (Some(TextMatch::In(own)), Some(theirs)) => {
                    self.is_like(other) && self.is_single() && !own.iter().any(|value| theirs.matches(value))
                }
                _ => false,
            },
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// It holds only where there is an entry.
    fn is_of_entry(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Became(_)
                | Self::EntryType(_)
                | Self::Port(_)
                | Self::Importer(_)
                | Self::Filer(_)
                | Self::EntryNumber(_)
                | Self::Order(_)
                | Self::BrokerReference(_)
                | Self::HoldAgency(_)
                | Self::HoldCode(_)
                | Self::OpenHolds(_)
                | Self::HoldDays(_)
                | Self::Line(_)
                | Self::Lines(_)
                | Self::EnteredValue(_)
                | Self::Duty(_)
                | Self::ProductLine(_)
        )
    }

    /// An event has at most one such value.
    fn is_single(&self) -> bool {
        matches!(
            self,
            Self::Code(_)
                | Self::Table(_)
                | Self::Agency(_)
                | Self::EntryType(_)
                | Self::Port(_)
                | Self::Importer(_)
                | Self::Broker(_)
                | Self::Filer(_)
                | Self::EntryNumber(_)
                | Self::BrokerReference(_)
        )
    }
}

impl SeverityMatch {
    pub fn set(&self) -> Set {
        let all = [Severity::Info, Severity::Warning, Severity::Critical];
        let fits = all.into_iter().enumerate().filter(|(_, severity)| self.matches(*severity));
        fits.map(|(index, _)| Set::one(index)).fold(Set::default(), Set::or)
    }
}

impl TextMatch {
    pub fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::In(values), other) => values.iter().all(|value| other.matches(value)),
            (Self::Prefix(own), Self::Prefix(theirs)) => own.starts_with(&**theirs),
            (Self::Prefix(own), Self::Glob(pattern)) => {
                let start = pattern.strip_suffix('*').filter(|start| !start.contains(['*', '?']));
                start.is_some_and(|start| own.starts_with(start))
            }
            (Self::Glob(own), Self::Glob(theirs)) => own == theirs,
            (Self::Glob(own), Self::Prefix(theirs)) => {
                own.split(['*', '?']).next().is_some_and(|start| start.starts_with(&**theirs))
            }
            (Self::Regex(own), Self::Regex(theirs)) => own.as_str() == theirs.as_str(),
            _ => false,
        }
    }
}

impl FieldMatch {
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present(own), Self::Present(theirs)) => own == theirs,
            (_, Self::Present(wanted)) => *wanted,
            (Self::Text(own), Self::Text(theirs)) => own.implies(theirs),
            (Self::Number(own), Self::Number(theirs)) => own.is_within(theirs),
            (Self::Date { before, after }, Self::Date { before: theirs, after: their_after }) => {
                theirs.is_none_or(|theirs| before.is_some_and(|own| own <= theirs))
                    && their_after.is_none_or(|theirs| after.is_some_and(|own| own >= theirs))
            }
            _ => false,
        }
    }
}
