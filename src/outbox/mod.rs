//! Alerts, and the letters that carry them to people.
//!
//! An [`Alert`] is about (rule, subject, occasion) and has that as its key: raised once. A [`Letter`] is one delivery
//! to one recipient; its states are a drawn machine:
//!
//! ```text
//! waiting ──accepted──► sent
//!    │ ▲
//!    │ └─refused for now (attempt + 1, next try later)
//!    ├──refused for good, or too old──► given up ──retry──► waiting
//!    └──nobody needs it any more──► withdrawn
//! ```
//!
//! Delivery is at least once, and a letter that is sent again bears the same Message-ID.

mod agenda;
mod audience;
mod batch;
mod brief;
mod course;
mod grounds;
mod letter;
mod manners;
mod pace;
mod past;
pub mod retry;
mod silence;
mod ticket;
mod word;

use std::fmt;

pub use agenda::{AgendaKey, Task, Wait};
pub use audience::{Audience, ImporterNumber, Team};
pub use batch::batch;
pub use brief::{Cause, DeadlineBrief, EntryBrief, HoldBrief, NoticeBrief, TroubleBrief, TroubleId};
use chrono::{DateTime, NaiveDate, Utc};
pub use course::{Ack, AckError, Acknowledgement, Carrier, Course, Event, Happened, Window};
pub use grounds::Grounds;
pub use manners::{Cap, Manners, Quiet};
pub use pace::{BATCH_LIMIT, Pace};
pub use past::{AsOf, Attempt, Past, Resigned};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
pub use silence::{LOUD_DAYS, NewSilence, SILENCE_DAYS_MAX, Silence, SilenceError, Silenced, Silences};
pub use ticket::{KEY_BYTES_MIN, TicketError, Tickets};
pub use word::{Heed, Owed, Turn, Word};

use crate::entry::EntryDeadline;
use crate::ident::{BrokerName, EntryNumber, NoticeId, hex};
use crate::place::Severity;

/// Identity of an alert: (rule, subject, occasion). The same three never alert twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertKey(String);

impl AlertKey {
    /// Behind all alerts of a rule.
    pub fn behind(rule: &str) -> Self {
        Self(format!("{rule}|{}", char::MAX))
    }

    /// `subject` is an entry number, a drop, or a file's fingerprint; `occasion` a notice id, a deadline and ladder step ...
    pub fn new(rule: &str, subject: &str, occasion: &str) -> Self {
        Self(format!("{rule}|{subject}|{occasion}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Rule, subject and occasion.
    pub fn about(&self) -> Option<(&str, &str, &str)> {
        let (rule, rest) = self.0.split_once('|')?;
        let (subject, occasion) = rest.split_once('|')?;
        Some((rule, subject, occasion))
    }

    /// Rule and occasion.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.about().map(|(rule, _, occasion)| (rule, occasion))
    }

    /// The rule, the entry and the notice, when it is about one.
    pub fn of_notice(&self) -> Option<(&str, EntryNumber, NoticeId)> {
        let (rule, subject, occasion) = self.about()?;
        Some((rule, EntryNumber::parse(subject)?, NoticeId::parse(occasion)?))
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that people should know, with all that a letter about it needs: it is rendered without a look at the store.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alert {
    pub key: AlertKey,
    pub rule: Box<str>,
    /// The rule's own words for it: `CBP or agency hold`.
    pub title: Box<str>,
    pub severity: Severity,
    pub raised_at: DateTime<Utc>,
    /// Whose file it was, or whose drop; `None` when it concerns no broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<BrokerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryBrief>,
    pub cause: Cause,
    /// The clocks of the entry that run, nearest first.
    #[serde(default)]
    pub deadlines: Vec<EntryDeadline>,
    /// What to do next, from the playbook.
    #[serde(default)]
    pub next_step: Box<str>,
    /// Its cause is gone since then. Said to whoever renders a letter that has not left yet; not kept with the alert.
    #[serde(skip)]
    pub over_at: Option<DateTime<Utc>>,
    /// The same: what else a letter says of it when it leaves.
    #[serde(skip)]
    pub as_told: AsTold,
}

/// What a letter says of one of its alerts beside the alert itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AsTold {
    /// Somebody took care of it after the letter was written.
    pub answer: Option<Ack>,
    /// As what it is said, where the letter as a whole does not tell: a reminder in a summary.
    pub mark: Option<LetterKind>,
}

impl Alert {
    /// What the occasion of an alert ends with that tells the end of a trouble.
    pub const END_OF_TROUBLE: &str = "-over";

    /// Whether somebody can take care of it: its cause is still there, and it does not tell an end itself.
    pub fn is_open(&self) -> bool {
        let is_end =
            matches!(self.cause, Cause::Trouble(_)) && self.key.as_str().ends_with(Self::END_OF_TROUBLE);
        self.over_at.is_none() && !is_end
    }

    /// Whom to ask: the broker of the file or drop, else that of the entry.
    pub fn broker(&self) -> Option<&BrokerName> {
        let told = self.broker.as_ref().filter(|broker| !broker.is_by_hand());
        let of_entry =
            || self.entry.as_ref().map(|entry| &entry.broker).filter(|broker| !broker.is_by_hand());
        told.or_else(of_entry)
    }
}

/// Identity of a letter, and the seed of its Message-ID.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterKey(String);

impl LetterKey {
    /// The letter that carries these alerts to this recipient: 32 hexadecimal digits.
    pub fn of<'a>(recipient: &str, alerts: impl IntoIterator<Item = &'a AlertKey>) -> Self {
        let mut hash = Sha256::new();
        hash.update(recipient.as_bytes());
        for alert in alerts {
            hash.update([0]);
            hash.update(alert.as_str().as_bytes());
        }
        Self(hex(&hash.finalize()[..16]))
    }

    /// The letter that tells these alerts to this recipient once more, or otherwise: a third reminder, the second escalation.
    pub fn again<'a>(
        recipient: &str,
        occasion: &str,
        alerts: impl IntoIterator<Item = &'a AlertKey>,
    ) -> Self {
        Self::of(&format!("{recipient}\0{occasion}"), alerts)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }

    /// `<key@domain>`: the same letter has the same one, however often it is sent.
    pub fn message_id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", self.0)
    }
}

impl fmt::Display for LetterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One delivery to one recipient.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Letter {
    pub key: LetterKey,
    /// An e-mail address.
    pub recipient: Box<str>,
    pub kind: LetterKind,
    /// The entry whose thread it belongs to.
    pub entry: Option<EntryNumber>,
    pub severity: Severity,
    /// At most [`Letter::ALERTS_MAX`], or [`Letter::BUNDLE_MAX`] where many are told in one letter.
    pub alerts: Vec<AlertKey>,
    pub created_at: DateTime<Utc>,
    pub state: LetterState,
    #[serde(default, skip_serializing_if = "Past::is_blank")]
    pub past: Past,
    /// In a summary of what was over the cap: the alerts that are said again, and as what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<(AlertKey, LetterKind)>,
    #[serde(default, skip_serializing_if = "Grounds::is_blank")]
    pub grounds: Grounds,
}

impl Letter {
    /// More alerts than this become several letters.
    pub const ALERTS_MAX: usize = 500;

    /// The same for letters that gather what waited: the summary of a flood is one letter.
    pub const BUNDLE_MAX: usize = 5_000;

    /// How loud it is for a reader who gets it now: what is over meanwhile wakes nobody.
    pub fn loudness(&self, alerts: &[Alert]) -> Severity {
        if !alerts.iter().any(|alert| alert.over_at.is_some()) {
            return self.severity;
        }
        let open = alerts.iter().filter(|alert| alert.over_at.is_none());
        open.map(|alert| alert.severity).max().unwrap_or(Severity::Info)
    }

    /// Whether all that it tells was over before it could leave.
    pub fn is_overtaken(&self, alerts: &[Alert]) -> bool {
        self.kind != LetterKind::Over && alerts.iter().all(|alert| alert.over_at.is_some())
    }

    /// Whether what it says may still change: no server has had it, or each that had it has refused it.
    pub fn is_unread(&self) -> bool {
        matches!(self.state, LetterState::Waiting { may_have_arrived: false, .. })
    }

    /// Whether a server has had all of it, as far as anybody knows.
    pub fn may_have_been_read(&self) -> bool {
        match self.state {
            LetterState::Sent { .. } => true,
            LetterState::Waiting { may_have_arrived, .. }
            | LetterState::GivenUp { may_have_arrived, .. }
            | LetterState::Withdrawn { may_have_arrived, .. } => may_have_arrived,
        }
    }

    /// Whether a mail of this letter tells an end of that moment: what a server may have is rendered as it was.
    pub fn tells_end_of(&self, over_at: DateTime<Utc>) -> bool {
        self.is_unread() || self.past.as_of.ends_until.is_some_and(|until| over_at <= until)
    }

    pub fn next_try_at(&self) -> Option<DateTime<Utc>> {
        match self.state {
            LetterState::Waiting { next_try_at, .. } => Some(next_try_at),
            LetterState::Sent { .. } | LetterState::GivenUp { .. } | LetterState::Withdrawn { .. } => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// About one entry or one trouble, at once.
    Alert,
    /// The routine of a day.
    Digest { day: NaiveDate },
    /// What waited for the same reason and may be told now, about several entries.
    Bundle { wait: Wait },
    /// Said again, the `nth` time in all.
    Reminder { nth: u32 },
    /// Nobody acknowledged in time; `level` counts from 1.
    Escalation { level: u32 },
    /// The cause is gone.
    Over,
}

/// In plain words.
impl fmt::Display for LetterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert => f.write_str("letter"),
            Self::Digest { day } => write!(f, "digest of {day}"),
            Self::Bundle { wait } => write!(f, "summary ({})", wait.held_back()),
            Self::Reminder { nth } => write!(f, "reminder {nth}"),
            Self::Escalation { level } => write!(f, "escalation {level}"),
            Self::Over => f.write_str("it is over"),
        }
    }
}

impl LetterKind {
    /// What makes its key another one than that of the letter that told these alerts first; blank for those.
    pub fn occasion(self, epoch: u32) -> String {
        match self {
            Self::Alert | Self::Digest { .. } | Self::Bundle { .. } => String::new(),
            Self::Reminder { nth } => format!("reminder/{epoch}/{nth}"),
            Self::Escalation { level } => format!("escalation/{epoch}/{level}"),
            Self::Over => format!("over/{epoch}"),
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LetterState {
    /// `attempt` counts the refused attempts so far, or since a person had it tried again.
    Waiting {
        attempt: u32,
        next_try_at: DateTime<Utc>,
        last_error: Option<Box<str>>,
        /// An attempt ended without an answer to the whole letter: it is sent again as it was.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        may_have_arrived: bool,
    },
    Sent {
        at: DateTime<Utc>,
        attempt: u32,
    },
    GivenUp {
        at: DateTime<Utc>,
        attempt: u32,
        error: Box<str>,
        /// As while it waited.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        may_have_arrived: bool,
    },
    /// It was taken back before a server took it, for nobody needs it: what it says is over or taken care of, or others are told in place
    /// of its recipient.
    Withdrawn {
        at: DateTime<Utc>,
        attempt: u32,
        reason: Box<str>,
        /// As while it waited.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        may_have_arrived: bool,
    },
}

/// What became of one attempt to deliver a letter.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A server took responsibility.
    Accepted { response: Box<str> },
    /// Try again later: connection, TLS, 4xx.
    Refused { error: Box<str> },
    /// Try again later, the very same: all of it was handed over, and the answer never came, or was that of a gateway in front.
    Unanswered { error: Box<str> },
    /// A person must act: 5xx.
    Rejected { error: Box<str> },
}
