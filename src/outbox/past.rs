//! What a letter went through that its state no longer tells.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Alert, LetterKey, LetterState, Outcome};

/// Kept beside the state of a letter that a person had tried again, or that told an end.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// Attempts before a person had it tried again, all together. The state counts those since then.
    #[serde(skip_serializing_if = "is_none")]
    pub attempts: u32,
    /// When it was given up the last time before a person had it tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_up: Option<Resigned>,
    /// What the mail told of its alerts which a server has, or may have.
    #[serde(flatten)]
    pub as_of: AsOf,
}

/// What a mail told of its alerts beside the alerts themselves. What came later is not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AsOf {
    /// The last end of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_until: Option<DateTime<Utc>>,
    /// The last answer to an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_until: Option<DateTime<Utc>>,
}

impl AsOf {
    /// What a mail of these alerts tells.
    pub fn of(alerts: &[Alert]) -> Self {
        Self {
            ends_until: alerts.iter().filter_map(|alert| alert.over_at).max(),
            answers_until: alerts.iter().filter_map(|alert| Some(alert.as_told.answer.as_ref()?.at)).max(),
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Resigned {
    pub at: DateTime<Utc>,
    pub error: Box<str>,
}

impl Past {
    pub(super) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Remembers what a state tells that is about to go, for a person has the letter tried again.
    pub fn remember(&mut self, state: &LetterState) {
        let (LetterState::Waiting { attempt, .. }
        | LetterState::Sent { attempt, .. }
        | LetterState::GivenUp { attempt, .. }
        | LetterState::Withdrawn { attempt, .. }) = state;
        self.attempts = self.attempts.saturating_add(*attempt);
        if let LetterState::GivenUp { at, error, .. } = state {
            self.given_up = Some(Resigned { at: *at, error: error.clone() });
        }
    }
}

/// What became of one attempt to deliver one letter.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    pub letter: LetterKey,
    pub outcome: Outcome,
    /// What the mail told of its alerts.
    pub as_of: AsOf,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}
