//! The agenda: everything that is to happen at a moment, one key each, ordered by the moment.
//!
//! A task is never taken off before its moment. Whoever changes an alert so that its tasks make no sense any more begins another
//! epoch or round of it (`word.rs`), and tasks of an earlier one do nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AlertKey, Word};

/// Stands between the parts of a written task. No address, name or key holds it.
const BETWEEN: char = '\u{1f}';

/// One thing that is to happen. Ordered by the moment, then by the words, in memory as on disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct AgendaKey {
    pub at: DateTime<Utc>,
    /// See [`Task::parse`].
    task: Box<str>,
}

impl AgendaKey {
    pub fn new(at: DateTime<Utc>, task: &Task) -> Self {
        Self { at, task: task.written().into() }
    }

    /// A key as a store kept it.
    pub fn stored(at: DateTime<Utc>, task: &str) -> Self {
        Self { at, task: task.into() }
    }

    pub fn written(&self) -> &str {
        &self.task
    }

    /// `None` for a task of a later release.
    pub fn task(&self) -> Option<Task> {
        Task::parse(&self.task)
    }
}

/// Why an alert waits instead of being told to somebody at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Several of one rule and broker came within a short time.
    Burst,
    /// The recipient has had as many letters as may come in a while.
    Flood,
    /// The recipient's quiet hours.
    Quiet,
    /// Somebody silenced it.
    Silence,
    /// It was for an address that no team has any more.
    Address,
}

impl Wait {
    pub const ALL: [Self; 5] = [Self::Burst, Self::Flood, Self::Quiet, Self::Silence, Self::Address];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Flood => "flood",
            Self::Quiet => "quiet",
            Self::Silence => "silence",
            Self::Address => "address",
        }
    }

    /// In plain words.
    pub fn held_back(self) -> &'static str {
        match self {
            Self::Burst => "gathered",
            Self::Flood => "over the cap of letters",
            Self::Quiet => "held back by quiet hours",
            Self::Silence => "silenced",
            Self::Address => "for an address that no team has any more",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wait| wait.as_str() == text)
    }
}

/// What is to happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// Tell an alert that waited. Those of one moment, recipient and tray come in one letter, apart by what they are said as.
    Tell { recipient: Box<str>, wait: Wait, tray: Box<str>, alert: AlertKey, word: Word },
    /// Say an alert again that nobody has answered.
    Remind { alert: AlertKey, epoch: u32 },
    /// Tell the next group, for nobody has answered.
    Escalate { alert: AlertKey, epoch: u32, level: u32 },
    /// An acknowledgement ends, or a silence that kept its end from being told.
    Reopen { alert: AlertKey, epoch: u32 },
    /// A silence ends soon: its people should know.
    SilenceEnds { id: u64 },
}

impl Task {
    /// The alert that it is about; a silence that ends is about none.
    pub fn alert(&self) -> Option<&AlertKey> {
        match self {
            Self::Tell { alert, .. }
            | Self::Remind { alert, .. }
            | Self::Escalate { alert, .. }
            | Self::Reopen { alert, .. } => Some(alert),
            Self::SilenceEnds { .. } => None,
        }
    }

    fn written(&self) -> String {
        let join = |parts: &[&str]| parts.join(&BETWEEN.to_string());
        match self {
            Self::Tell { recipient, wait, tray, alert, word } => {
                join(&["tell", recipient, wait.as_str(), tray, alert.as_str(), &word.written()])
            }
            Self::Remind { alert, epoch } => join(&["remind", &epoch.to_string(), alert.as_str()]),
            Self::Escalate { alert, epoch, level } => {
                join(&["escalate", &epoch.to_string(), &level.to_string(), alert.as_str()])
            }
            Self::Reopen { alert, epoch } => join(&["reopen", &epoch.to_string(), alert.as_str()]),
            Self::SilenceEnds { id } => join(&["silence-ends", &id.to_string()]),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(BETWEEN).collect();
        Some(match parts[..] {
            ["tell", recipient, wait, tray, alert, ref word @ ..] => Self::Tell {
                recipient: recipient.into(),
                wait: Wait::parse(wait)?,
                tray: tray.into(),
                alert: AlertKey::parse(alert),
                word: match word {
                    // As it was written before.
                    [] => Word::First { round: 0 },
                    [word] => Word::parse(word)?,
                    _ => return None,
                },
            },
            ["remind", epoch, alert] => {
                Self::Remind { alert: AlertKey::parse(alert), epoch: epoch.parse().ok()? }
            }
            ["escalate", epoch, level, alert] => Self::Escalate {
                alert: AlertKey::parse(alert),
                epoch: epoch.parse().ok()?,
                level: level.parse().ok()?,
            },
            ["reopen", epoch, alert] => {
                Self::Reopen { alert: AlertKey::parse(alert), epoch: epoch.parse().ok()? }
            }
            ["silence-ends", id] => Self::SilenceEnds { id: id.parse().ok()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_come_back_as_they_were_written() {
        let alert = AlertKey::new("cbp-hold", "N0170000124", "1");
        for task in [
            Task::Tell {
                recipient: "ops@example.com".into(),
                wait: Wait::Burst,
                tray: "cbp-hold|acme".into(),
                alert: alert.clone(),
                word: Word::First { round: 2 },
            },
            Task::Remind { alert: alert.clone(), epoch: 3 },
            Task::Escalate { alert: alert.clone(), epoch: 0, level: 2 },
            Task::Reopen { alert, epoch: 1 },
            Task::SilenceEnds { id: 17 },
        ] {
            let key = AgendaKey::new(DateTime::UNIX_EPOCH, &task);
            assert_eq!(AgendaKey::stored(key.at, key.written()).task(), Some(task));
        }
        assert_eq!(AgendaKey::stored(DateTime::UNIX_EPOCH, "dance\u{1f}1").task(), None);
        let old =
            AgendaKey::stored(DateTime::UNIX_EPOCH, "tell\u{1f}o@example.com\u{1f}quiet\u{1f}\u{1f}a|b|c")
                .task();
        assert!(matches!(old, Some(Task::Tell { word: Word::First { round: 0 }, .. })), "{old:?}");
    }
}
