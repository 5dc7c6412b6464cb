//! The one function that answers, and what it needs to do so.

use std::io::Read;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Request, TargetWish, alerts, deadlines, entries, entry, explain, page, pathways, quarantine, recorded,
    target,
};
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::{BrokerName, Fingerprint};
use crate::outbox::{Acknowledgement, Audience, Letter, LetterKey, LetterState, NewSilence, Team};
use crate::step::{OpenTrouble, Position};
use crate::store::{Counts, LetterFilter, Store, StoreError};

/// What stands behind the answers: the daemon's engine, or a store that a command opened itself.
///
/// Every call may block.
pub trait Backend: Send + Sync {
    fn store(&self) -> &dyn Store;
    fn deadlines(&self) -> &DeadlineTable;
    fn grammar(&self) -> &Grammar;

    /// The archived bytes of a file, secrets masked.
    fn content(&self, file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError>;

    /// The hash of all entry state.
    fn state_hash(&self) -> Result<Fingerprint, ApiError>;

    /// The version of the configuration in force.
    fn config(&self) -> &str;

    /// Since when a daemon has it in force; `None` where none runs.
    fn in_force_since(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The calendar of a team, as iCalendar text.
    fn calendar(&self, team: &Team) -> Result<String, ApiError>;

    /// The teams of the configuration in force.
    fn audience(&self) -> &Audience;

    /// The brokers whose feeds are watched by the configuration in force.
    fn watched(&self) -> Vec<BrokerName> {
        Vec::new()
    }

    /// Does something; it is journaled before this returns.
    fn act(&self, action: Action) -> Result<(), ApiError>;
}

/// Something that a person wants done. `by` says who.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Read an archived file again with the grammar in force.
    RetryQuarantine { file: Fingerprint, by: String },
    /// Try a letter that was given up, or that waits, now.
    RetryLetter { key: LetterKey, by: String },
    /// Take care of alerts until a day.
    Acknowledge { said: Acknowledgement },
    /// Hear nothing of a rule, an entry or a broker for a while.
    Silence { silence: NewSilence },
    /// End a silence before its time.
    EndSilence { silence: u64, by: String },
    /// Set a date of our own for a clock, or take it back.
    SetTarget { wish: TargetWish, by: String },
    /// Take in a fact that a person recorded: a JSON document as a broker would drop it.
    Record { document: String, by: String },
    /// Copy the journal, consistently, into a folder of the machine that the daemon runs on.
    Backup { dir: std::path::PathBuf },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// What was asked about does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The question makes no sense.
    #[error("{0}")]
    BadRequest(String),
    #[error("the store did not answer")]
    Store(#[from] StoreError),
    #[error("could not {doing}")]
    Failed {
        doing: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It cannot be done here, or not now; the text says what to do.
    #[error("{0}")]
    Unavailable(String),
}

impl ApiError {
    pub fn failed(doing: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed { doing: doing.into(), source: Box::new(source) }
    }

    /// The error as it travels: every cause in one line.
    pub fn fault(&self) -> Fault {
        let code = match self {
            Self::NotFound(_) => FaultCode::NotFound,
            Self::BadRequest(_) => FaultCode::BadRequest,
            Self::Store(_) | Self::Failed { .. } => FaultCode::Failed,
            Self::Unavailable(_) => FaultCode::Unavailable,
        };
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Fault { code, message }
    }
}

/// An error as it travels over the socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub code: FaultCode,
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    NotFound,
    BadRequest,
    Failed,
    Unavailable,
    TimedOut,
}

/// The answer to [`Request::StateHash`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HashAnswer {
    pub hash: Fingerprint,
}

/// The answer to [`Request::Status`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StatusAnswer {
    pub version: String,
    /// Versions of the tables in force.
    pub grammar: String,
    pub deadlines: String,
    pub position: Position,
    /// The configuration in force: a hash of it, its rules and its playbook.
    pub config: String,
    /// Since when it is in force; nothing where no daemon runs.
    #[serde(default)]
    pub config_since: Option<DateTime<Utc>>,
    pub counts: CountsAnswer,
    pub next_letter_at: Option<DateTime<Utc>>,
    /// Letters that a server put off and that are tried again, and letters that nobody got; counted up to
    /// [`LETTERS_COUNTED_MAX`].
    pub letters_deferred: u64,
    pub letters_given_up: u64,
    /// Troubles that were told and are not over.
    pub troubles: Vec<TroubleRow>,
    /// The feeds that are watched: those of brokers with business hours.
    #[serde(default)]
    pub feeds: Vec<FeedRow>,
}

/// A feed that is watched.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FeedRow {
    pub broker: BrokerName,
    /// When its last file came; of one that never spoke, since when it is awaited. Null before the first look at it.
    pub since: Option<DateTime<Utc>>,
    /// No file of it came so far.
    pub is_awaited: bool,
    /// People were told that nothing came since.
    pub is_told: bool,
}

/// A status looks at so many letters of one state at most.
pub const LETTERS_COUNTED_MAX: usize = 10_000;

/// A trouble that lasts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TroubleRow {
    pub subject: String,
    pub code: String,
    pub since: DateTime<Utc>,
    pub message: String,
}

impl From<OpenTrouble> for TroubleRow {
    fn from(open: OpenTrouble) -> Self {
        let OpenTrouble { since, brief, .. } = open;
        Self { subject: brief.subject.into(), code: brief.code.into(), since, message: brief.message }
    }
}

/// [`Counts`], as they travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountsAnswer {
    pub entries: u64,
    pub bills: u64,
    pub inputs: u64,
    pub alerts: u64,
    pub letters: u64,
    pub letters_waiting: u64,
    pub loose: u64,
    pub quarantined: u64,
}

impl From<Counts> for CountsAnswer {
    fn from(counts: Counts) -> Self {
        let Counts { entries, bills, inputs, alerts, letters, letters_waiting, loose, quarantined } = counts;
        Self { entries, bills, inputs, alerts, letters, letters_waiting, loose, quarantined }
    }
}

/// Answers one question.
///
/// # Errors
/// See [`ApiError`]; nothing is done halfway.
pub fn answer(backend: &dyn Backend, request: Request) -> Result<Value, ApiError> {
    let store = backend.store();
    let table = backend.deadlines();
    match request {
        Request::Entry { number, on } => value(&entry::answer(store, table, number, day(on))?),
        Request::Pathways { number, on } => value(&pathways::answer(store, table, number, on)?),
        Request::Entries { on, filter, after, limit } => {
            value(&entries::answer(store, table, on, &filter, after, limit)?)
        }
        Request::Deadlines { window, after, limit } => {
            value(&deadlines::answer(store, table, window, after, limit)?)
        }
        Request::Explain { number, deadline, on } => {
            value(&explain::answer(store, table, (number, deadline.as_deref()), day(on))?)
        }
        Request::Life { number } => {
            let life = store.life(number)?;
            value(
                &life.ok_or_else(|| {
                    ApiError::NotFound(format!("no message has named entry {number} so far"))
                })?,
            )
        }
        Request::Lives { after, limit } => {
            value(&page::walk_lives(store, after, limit, |life, rows| rows.push(life.clone()))?)
        }
        Request::Calendar { team } => {
            let team = backend.audience().team(&team).ok_or_else(|| {
                let team: String = team.chars().take(40).flat_map(char::escape_debug).collect();
                ApiError::NotFound(format!("there is no team `{team}`"))
            })?;
            value(&backend.calendar(team)?)
        }
        Request::Told { alerts } => value(&alerts::told(store, &alerts)?),
        Request::Silences => value(&store.silences()?),
        Request::Alerts { filter, after, limit } => value(&alerts::alerts(store, &filter, after, limit)?),
        Request::Letters { state, limit } => value(&alerts::letters(store, state, limit)?),
        Request::Quarantine { after, limit } => value(&quarantine::list(store, after, limit)?),
        Request::QuarantinedFile { file } => value(&quarantine::show(backend, &file)?),
        Request::ReceivedFile { file } => value(&quarantine::received(backend.store(), &file)?),
        Request::StateHash => value(&HashAnswer { hash: backend.state_hash()? }),
        Request::Status => value(&status(backend)?),
        Request::Act { action } => act(backend, action),
    }
}

/// Does what somebody wants, once it is known to be possible.
fn act(backend: &dyn Backend, action: Action) -> Result<Value, ApiError> {
    let (store, table) = (backend.store(), backend.deadlines());
    match action {
        Action::SetTarget { wish, by } => {
            let (wish, set) = target::checked(store, table, wish, &by)?;
            backend.act(Action::SetTarget { wish, by })?;
            return value(&set);
        }
        Action::RetryLetter { key, by } => {
            retriable(store, &key)?;
            backend.act(Action::RetryLetter { key, by })?;
        }
        Action::Record { document, by } => {
            recorded::checked(store, table, &document)?;
            backend.act(Action::Record { document, by })?;
        }
        other => backend.act(other)?,
    }
    Ok(Value::Null)
}

/// Who names no day is told what no day has changed.
fn day(on: Option<NaiveDate>) -> NaiveDate {
    on.unwrap_or(NaiveDate::MIN)
}

fn status(backend: &dyn Backend) -> Result<StatusAnswer, ApiError> {
    let (store, table) = (backend.store(), backend.deadlines());
    Ok(StatusAnswer {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        grammar: backend.grammar().version().to_owned(),
        deadlines: table.version().to_owned(),
        position: store.position()?,
        config: backend.config().to_owned(),
        config_since: backend.in_force_since(),
        counts: store.counts()?.into(),
        next_letter_at: store.next_letter_at()?,
        letters_deferred: deferred(store)?,
        letters_given_up: store.letters(LetterFilter::GivenUp, LETTERS_COUNTED_MAX)?.len() as u64,
        troubles: store.troubles()?.into_iter().map(TroubleRow::from).collect(),
        feeds: backend
            .watched()
            .into_iter()
            .map(|broker| feed_row(store, broker))
            .collect::<Result<_, _>>()?,
    })
}

fn feed_row(store: &dyn Store, broker: BrokerName) -> Result<FeedRow, ApiError> {
    let feed = store.feed(&broker)?;
    Ok(FeedRow {
        since: feed.as_ref().map(|feed| feed.last_received_at),
        is_awaited: feed.as_ref().is_none_or(|feed| feed.is_awaited),
        is_told: feed.as_ref().is_some_and(|feed| feed.is_told()),
        broker,
    })
}

fn deferred(store: &dyn Store) -> Result<u64, ApiError> {
    let is_deferred = |letter: &Letter| matches!(letter.state, LetterState::Waiting { attempt: 1.., .. });
    let waiting = store.letters(LetterFilter::Waiting, LETTERS_COUNTED_MAX)?;
    Ok(waiting.iter().filter(|letter| is_deferred(letter)).count() as u64)
}

/// Refuses what would change nothing, instead of a journal line without an effect.
fn retriable(store: &dyn Store, key: &LetterKey) -> Result<(), ApiError> {
    match store.letter(key)?.map(|letter| letter.state) {
        None => Err(ApiError::NotFound(format!(
            "there is no letter {key}; `entrywatch alerts list --letters` shows their keys"
        ))),
        Some(LetterState::Sent { at, .. }) => Err(ApiError::BadRequest(format!(
            "letter {key} was sent at {at}, so there is nothing to try again"
        ))),
        Some(LetterState::Waiting { .. } | LetterState::GivenUp { .. } | LetterState::Withdrawn { .. }) => {
            Ok(())
        }
    }
}

fn value(answer: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|error| ApiError::failed("write the answer", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_carry_every_cause() {
        let error = ApiError::failed("read the file", std::io::Error::other("disk on fire"));
        let fault = error.fault();
        assert_eq!(
            fault,
            Fault { code: FaultCode::Failed, message: "could not read the file: disk on fire".to_owned() }
        );
        let json = serde_json::to_string(&fault).expect("plain data");
        assert_eq!(json, r#"{"code":"failed","message":"could not read the file: disk on fire"}"#);
    }
}
