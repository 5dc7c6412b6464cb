//! One checked rule: what it is about, how loud it is, whom it tells.

use super::answering::Aftermath;
use super::condition::Condition;
use super::ladder::Ladder;
use crate::place::Severity;

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum On {
    Notice,
    Deadline,
    Trouble,
    /// What should have been said and was not.
    Silence,
}

impl On {
    pub const ALL: [Self; 4] = [Self::Notice, Self::Deadline, Self::Trouble, Self::Silence];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Deadline => "deadline",
            Self::Trouble => "trouble",
            Self::Silence => "silence",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on| on.as_str() == text)
    }
}

/// How an alert reaches people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Now,
    Digest,
    /// No alert at all: the rule exists to keep later rules from deciding.
    None,
}

impl Delivery {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Digest => "digest",
            Self::None => "none",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Now, Self::Digest, Self::None].into_iter().find(|delivery| delivery.as_str() == text)
    }
}

/// Where the severity of an alert comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loudness {
    Fixed(Severity),
    /// That of the notice (from its code table) or of the trouble.
    OfCause,
}

/// Which deadlines a rule is about.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Deadlines {
    All,
    Ids(Box<[Box<str>]>),
}

impl Deadlines {
    pub(super) fn has(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.iter().any(|wanted| **wanted == *id),
        }
    }
}

/// One checked rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Part of every alert's key.
    pub name: Box<str>,
    /// Plain words for mails: `CBP or agency hold`.
    pub title: Box<str>,
    pub on: On,
    pub delivery: Delivery,
    /// Names of teams, groups resolved; all teams when the rule names nobody.
    pub notify: Box<[Box<str>]>,
    /// The rule names nobody, so routes are asked before all are told.
    pub is_routed: bool,
    /// What to do next, from the playbook; blank when the rule names nothing.
    pub next_step: Box<str>,
    /// Where it stands: `rules/default.toml:41`.
    pub place: Box<str>,
    /// Which file, in the order in which they are asked.
    pub(super) file: u16,
    pub(super) condition: Condition,
    pub(super) loudness: Loudness,
    /// Days left from which on a reminder is this loud; descending.
    pub(super) severity_from: Vec<(i64, Severity)>,
    pub(super) deadlines: Deadlines,
    pub(super) ladder: Option<Ladder>,
    /// What is done after an alert of it was told.
    pub after: Aftermath,
}

impl Rule {
    /// How loud an alert about a cause of this severity is.
    pub fn severity(&self, of_cause: Severity) -> Severity {
        match self.loudness {
            Loudness::Fixed(severity) => severity,
            Loudness::OfCause => of_cause,
        }
    }

    pub(super) fn severity_with(&self, days_left: i64) -> Severity {
        let from = self.severity_from.iter().rev().find(|(days, _)| days_left <= *days);
        from.map_or(self.severity(Severity::Warning), |(_, severity)| *severity)
    }

    /// `deadline = "ES_DUE"`, as the rule has it.
    pub(super) fn deadlines_text(&self) -> String {
        match &self.deadlines {
            Deadlines::All => "deadline = \"*\"".to_owned(),
            Deadlines::Ids(ids) => format!("deadline = {}", ids.join(", ")),
        }
    }

    /// The deadlines that the rule is about; `None` for all, and for rules on something else.
    pub fn deadline_ids(&self) -> Option<&[Box<str>]> {
        match &self.deadlines {
            Deadlines::All => None,
            Deadlines::Ids(ids) => Some(ids),
        }
    }

    /// How loud a reminder is with so many days left, overrides aside.
    pub fn severity_at(&self, days_left: i64) -> Severity {
        self.severity_with(days_left)
    }

    /// The fixed severity; `None` when the alert is as loud as its cause.
    pub fn fixed_severity(&self) -> Option<Severity> {
        match self.loudness {
            Loudness::Fixed(severity) => Some(severity),
            Loudness::OfCause => None,
        }
    }

    /// Each clause of `when` as written.
    pub fn clauses(&self) -> impl Iterator<Item = &str> {
        self.condition.0.iter().map(|clause| &*clause.text)
    }

    /// The reminder ladder of a rule on deadlines.
    pub fn ladder(&self) -> Option<&Ladder> {
        self.ladder.as_ref()
    }
}
