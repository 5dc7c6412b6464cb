//! What became of an alert since it was raised, as far as there is something to say.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::agenda::Wait;
use super::word::Owed;
use super::{AlertKey, LetterKey, LetterKind};

/// Kept beside an alert that is not routine, and beside a routine one that was hidden.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// The teams that are told of it, and told again.
    pub notify: Box<[Box<str>]>,
    /// When somebody was told first, or will be by a letter that waits for the morning.
    pub first_at: Option<DateTime<Utc>>,
    /// When its last word left, where that had to wait for a server: the next one counts from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<DateTime<Utc>>,
    /// The same of the first word and of those to further groups: the time to answer counts from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_from: Option<DateTime<Utc>>,
    /// How often it was said, the first time included.
    pub said: u32,
    /// Who is still to hear of it.
    #[serde(skip_serializing_if = "Owed::is_nobody")]
    pub owed: Owed,
    /// Reminders, escalations and what waits of them are void when they are of another epoch.
    pub epoch: u32,
    /// First words that wait are void when they are of another round.
    #[serde(skip_serializing_if = "is_zero")]
    pub round: u32,
    /// It is told in a digest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_routine: bool,
    pub ack: Option<Ack>,
    /// Its cause is gone since then.
    pub over_at: Option<DateTime<Utc>>,
    /// The inhibition that hides it.
    pub hidden_by: Option<Box<str>>,
    /// The last letter to each person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub carriers: Vec<Carrier>,
    /// Letters whose links were used: each works once.
    pub answered: Vec<LetterKey>,
    /// The last [`Course::EVENTS_MAX`] things that happened to it.
    pub events: Vec<Event>,
}

/// The last letter that tells one person of an alert.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Carrier {
    pub recipient: Box<str>,
    pub letter: LetterKey,
    /// Earlier ones that had not left when it was written, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<LetterKey>,
    /// An earlier letter about it may have been read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_heard: bool,
    /// The letter had not left when the cause went: it is to tell the end as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_end: bool,
}

/// Somebody takes care of an alert.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ack {
    pub by: Box<str>,
    pub reason: Box<str>,
    pub at: DateTime<Utc>,
    /// From this day on the alert is open again.
    pub until: NaiveDate,
}

/// What somebody says who takes care of alerts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    pub alerts: Vec<AlertKey>,
    pub by: String,
    pub reason: String,
    pub until: NaiveDate,
    /// The letter whose link was used.
    #[serde(default)]
    pub letter: Option<LetterKey>,
}

/// Why an acknowledgement is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AckError {
    #[error("an acknowledgement has a name and a reason, each of at most {TEXT_CHARS_MAX} characters")]
    Nameless,
    #[error("an acknowledgement ends after today and within {ACK_DAYS_MAX} days; {until} does not")]
    Until { until: NaiveDate },
    #[error("there is nothing to acknowledge")]
    Nothing,
}

/// Nobody takes care of something for longer without being asked again, in days.
const ACK_DAYS_MAX: i64 = 90;

/// The longest name or reason.
pub(super) const TEXT_CHARS_MAX: usize = 300;

impl Acknowledgement {
    /// # Errors
    /// What is wrong with it on this day.
    pub fn check(&self, today: NaiveDate) -> Result<(), AckError> {
        let is_text = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !is_text(&self.by) || !is_text(&self.reason) {
            return Err(AckError::Nameless);
        }
        if !(1..=ACK_DAYS_MAX).contains(&(self.until - today).num_days()) {
            return Err(AckError::Until { until: self.until });
        }
        if self.alerts.is_empty() { Err(AckError::Nothing) } else { Ok(()) }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub what: Happened,
}

/// One thing that happened to an alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happened {
    /// It waits for one recipient.
    HeldBack {
        recipient: Box<str>,
        wait: Wait,
        until: DateTime<Utc>,
    },
    Silenced {
        silence: u64,
        owner: Box<str>,
        until: DateTime<Utc>,
    },
    Hidden {
        by: Box<str>,
    },
    Shown,
    /// Said again: so many times in all.
    Reminded {
        said: u32,
    },
    /// Nobody acknowledged in time.
    Escalated {
        teams: Box<[Box<str>]>,
    },
    /// No letter has left for those who are told first, so these are told.
    Unreached {
        teams: Box<[Box<str>]>,
    },
    /// It was not said again, for the word before has not left for anybody.
    PutOff,
    /// Nobody acknowledged in time, and nobody in these teams takes anything as quiet.
    Unheard {
        teams: Box<[Box<str>]>,
    },
    Acknowledged {
        by: Box<str>,
        reason: Box<str>,
        until: NaiveDate,
    },
    Reopened,
    Over,
    /// A letter that had not left was taken back.
    Withdrawn {
        recipient: Box<str>,
        letter: LetterKind,
        reason: Box<str>,
    },
    /// No rule of this name is in force any more.
    RuleGone {
        rule: Box<str>,
    },
    /// A rule of this name is in force again.
    RuleBack {
        rule: Box<str>,
    },
}

impl Course {
    /// More is cut off at the old end.
    pub const EVENTS_MAX: usize = 40;
    const ANSWERED_MAX: usize = 40;

    pub fn note(&mut self, at: DateTime<Utc>, what: Happened) {
        if self.events.len() >= Self::EVENTS_MAX {
            self.events.remove(0);
        }
        self.events.push(Event { at, what });
    }

    /// Somebody takes care of it. Reminders and escalations that were planned are void.
    pub fn acknowledge(&mut self, ack: Ack, letter: Option<LetterKey>) {
        self.epoch += 1;
        let (by, reason) = (ack.by.clone(), ack.reason.clone());
        self.note(ack.at, Happened::Acknowledged { by, reason, until: ack.until });
        self.ack = Some(ack);
        if let Some(letter) = letter {
            if self.answered.len() >= Self::ANSWERED_MAX {
                self.answered.remove(0);
            }
            self.answered.push(letter);
        }
    }

    /// The answer that stood when the last answer of a letter was the one of this moment.
    pub fn answer_until(&self, until: DateTime<Utc>) -> Option<Ack> {
        let then = self.events.iter().rev().filter(|event| event.at <= until);
        let last = then
            .map(|event| (event.at, &event.what))
            .find(|(_, what)| matches!(what, Happened::Acknowledged { .. } | Happened::Reopened));
        let (at, Happened::Acknowledged { by, reason, until }) = last? else { return None };
        Some(Ack { by: by.clone(), reason: reason.clone(), at, until: *until })
    }

    /// Nobody has to be told of it now.
    pub fn is_quiet(&self) -> bool {
        self.ack.is_some() || self.over_at.is_some() || self.hidden_by.is_some()
    }

    /// Since when its cause is gone. Of an alert that was closed because its rule is gone nobody knows that.
    pub fn cause_gone_at(&self) -> Option<DateTime<Utc>> {
        let ended = self.events.iter().rev().map(|event| &event.what);
        let last = ended
            .into_iter()
            .find(|what| matches!(what, Happened::RuleGone { .. } | Happened::RuleBack { .. }));
        self.over_at.filter(|_| !matches!(last, Some(Happened::RuleGone { .. })))
    }

    /// In one word: `open`, `acknowledged`, `over`, `hidden`.
    pub fn state(&self) -> &'static str {
        match self {
            Self { over_at: Some(_), .. } => "over",
            Self { hidden_by: Some(_), .. } => "hidden",
            Self { ack: Some(_), .. } => "acknowledged",
            _ => "open",
        }
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldBack { recipient, wait, .. } => match wait {
                Wait::Burst => write!(f, "gathered with others of its rule and broker for {recipient}"),
                Wait::Flood => write!(f, "over the cap of letters: in a summary for {recipient}"),
                Wait::Quiet => write!(f, "held back by the quiet hours of {recipient}"),
                Wait::Silence => write!(f, "kept from {recipient} by a silence"),
                Wait::Address => {
                    write!(f, "goes to {recipient} in place of an address that no team has any more")
                }
            },
            Self::Silenced { silence, owner, .. } => write!(f, "silenced by {owner} (silence {silence})"),
            Self::Hidden { by } => write!(f, "hidden by the inhibition `{by}`"),
            Self::Shown => f.write_str("no longer hidden"),
            Self::Reminded { said } => write!(f, "said again, {said} times in all"),
            Self::Escalated { teams } => write!(f, "nobody acknowledged in time: told {}", teams.join(", ")),
            Self::Unreached { teams } => {
                write!(f, "no letter has left for those who are told first: told {}", teams.join(", "))
            }
            Self::PutOff => f.write_str("not said again: the word before still waits for its server"),
            Self::Unheard { teams } => {
                let teams = teams.join(", ");
                write!(
                    f,
                    "nobody acknowledged in time, and nobody of {teams} takes anything as quiet (severity_min): told nobody"
                )
            }
            Self::Acknowledged { by, reason, until } => {
                write!(f, "acknowledged by {by} until {until}: {reason}")
            }
            Self::Reopened => f.write_str("the acknowledgement ended: open again"),
            Self::Over => f.write_str("its cause is gone"),
            Self::Withdrawn { recipient, letter, reason } => {
                write!(f, "taken back before it left, to {recipient} ({letter}): {reason}")
            }
            Self::RuleGone { rule } => {
                write!(
                    f,
                    "closed: the rule `{rule}` is gone; what another rule makes of it is an alert of that rule"
                )
            }
            Self::RuleBack { rule } => write!(f, "the rule `{rule}` is back: open again"),
        }
    }
}

fn is_zero(round: &u32) -> bool {
    *round == 0
}

/// What a recipient had lately: how many letters since the window opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// The window is over at this moment.
    pub until: DateTime<Utc>,
    pub letters: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_bounded_and_an_answer_voids_what_was_planned() {
        let mut course = Course::default();
        for _ in 0..100 {
            course.note(DateTime::UNIX_EPOCH, Happened::Shown);
        }
        assert_eq!(course.events.len(), Course::EVENTS_MAX);
        let until = NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date");
        let ack = Ack { by: "jo".into(), reason: "called".into(), at: DateTime::UNIX_EPOCH, until };
        course.acknowledge(ack, None);
        assert_eq!((course.epoch, course.state(), course.is_quiet()), (1, "acknowledged", true));
        let said = course.events.last().map(|event| event.what.to_string());
        assert_eq!(said.as_deref(), Some("acknowledged by jo until 2026-03-09: called"));
        let json = serde_json::to_string(&course).expect("plain data");
        assert_eq!(serde_json::from_str::<Course>(&json).expect("it comes back"), course);
    }
}
