//! The one function that answers, and what it needs to do so.

use std::io::Read;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Request, alerts, deadlines, entries, entry, explain, pathways, quarantine};
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::Fingerprint;
use crate::outbox::{LetterKey, LetterState};
use crate::step::Position;
use crate::store::{Counts, Store, StoreError};

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
    pub counts: CountsAnswer,
    pub next_letter_at: Option<DateTime<Utc>>,
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
        Request::Entry { number } => value(&entry::answer(store, table, number)?),
        Request::Pathways { number, on } => value(&pathways::answer(store, table, number, on)?),
        Request::Entries { on, filter, after, limit } => {
            value(&entries::answer(store, table, on, &filter, after, limit)?)
        }
        Request::Deadlines { window, after, limit } => {
            value(&deadlines::answer(store, table, window, after, limit)?)
        }
        Request::Explain { number, deadline } => {
            value(&explain::answer(store, table, number, deadline.as_deref())?)
        }
        Request::Life { number } => {
            let life = store.life(number)?;
            value(&life.ok_or_else(|| ApiError::NotFound(format!("the entry {number} is not known")))?)
        }
        Request::Told { alerts } => value(&alerts::told(store, &alerts)?),
        Request::Alerts { filter, after, limit } => value(&alerts::alerts(store, &filter, after, limit)?),
        Request::Letters { state, limit } => value(&alerts::letters(store, state, limit)?),
        Request::Quarantine { after, limit } => value(&quarantine::list(store, after, limit)?),
        Request::QuarantinedFile { file } => value(&quarantine::show(backend, &file)?),
        Request::StateHash => value(&HashAnswer { hash: backend.state_hash()? }),
        Request::Status => value(&StatusAnswer {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            grammar: backend.grammar().version().to_owned(),
            deadlines: table.version().to_owned(),
            position: store.position()?,
            counts: store.counts()?.into(),
            next_letter_at: store.next_letter_at()?,
        }),
        Request::Act { action } => {
            if let Action::RetryLetter { key, .. } = &action {
                retriable(store, key)?;
            }
            backend.act(action)?;
            Ok(Value::Null)
        }
    }
}

/// Refuses what would change nothing, instead of a journal line without an effect.
fn retriable(store: &dyn Store, key: &LetterKey) -> Result<(), ApiError> {
    match store.letter(key)?.map(|letter| letter.state) {
        None => Err(ApiError::NotFound(format!("there is no letter {key}"))),
        Some(LetterState::Sent { at, .. }) => Err(ApiError::BadRequest(format!(
            "letter {key} was sent at {at}, so there is nothing to try again"
        ))),
        Some(LetterState::Waiting { .. } | LetterState::GivenUp { .. }) => Ok(()),
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
