//! On what scenarios are played.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Zone;
use crate::deadline::DeadlineTable;
use crate::email::Renderer;
use crate::entry::Entry;
use crate::ident::{EntryNumber, Fingerprint};
use crate::outbox::{AgendaKey, Alert, AsOf, Attempt, Audience, Letter, Outcome, Task, Wait};
use crate::pipeline::{Mailing, Pipeline};
use crate::store::{LetterFilter, Store, StoreError};
use crate::workbench::{Bench, next_look};

/// Letters that are counted at most.
const LETTERS_MAX: usize = 10_000;

/// Longer than alerts are ever gathered.
const GATHERED_AHEAD: TimeDelta = TimeDelta::days(2);

/// How the mail server answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Server {
    Accepts,
    /// Try again later: 4xx.
    Refuses(String),
    /// A person must act: 5xx.
    Rejects(String),
}

impl Server {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Accepts => Outcome::Accepted { response: "250 ok".into() },
            Self::Refuses(error) => Outcome::Refused { error: error.as_str().into() },
            Self::Rejects(error) => Outcome::Rejected { error: error.as_str().into() },
        }
    }
}

/// A letter that was handed to a server.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub recipient: Box<str>,
    pub subject: String,
    pub text: String,
}

/// Alerts that leave in a letter of their own soon, without anything more happening.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gathered {
    pub alerts: usize,
    pub first_leaves_at: DateTime<Utc>,
}

/// Alerts of a burst, and those over the cap of letters, that no letter has told yet. What waits for a morning, a digest or the end of a
/// silence is none of them.
pub fn gathered(store: &dyn Store, now: DateTime<Utc>) -> Result<Option<Gathered>, StoreError> {
    let agenda = store.agenda_until(now + GATHERED_AHEAD, LETTERS_MAX)?;
    let is_gathered =
        |key: &&AgendaKey| matches!(key.task(), Some(Task::Tell { wait: Wait::Burst | Wait::Flood, .. }));
    let waiting: Vec<&AgendaKey> = agenda.iter().filter(is_gathered).collect();
    Ok(waiting.first().map(|first| Gathered { alerts: waiting.len(), first_leaves_at: first.at }))
}

/// What a scenario drives: the bench, or a whole engine with its journal in a test. Errors are sentences.
pub trait Stage {
    fn audience(&self) -> &Audience;
    fn deadlines(&self) -> &DeadlineTable;
    fn now(&self) -> DateTime<Utc>;
    fn set(&mut self, now: DateTime<Utc>);
    fn receive(&mut self, name: &str, broker: &str, bytes: &[u8]) -> Result<(), String>;
    /// When the clock has to be looked at next.
    fn next_look(&self) -> Result<Option<DateTime<Utc>>, String>;
    /// Says the reminders, does what the agenda has, and writes the digests that are due.
    fn tick(&mut self) -> Result<(), String>;
    /// Hands every letter that is ready to a server that answers so.
    fn deliver(&mut self, server: &Server) -> Result<Vec<Delivered>, String>;
    /// Starts with an empty store: everything comes back from the journal.
    fn rebuild(&mut self) -> Result<(), String>;
    fn entry(&self, number: EntryNumber) -> Result<Option<Entry>, String>;
    fn letters(&self, filter: LetterFilter) -> Result<usize, String>;
    /// What waits to be told with others, see [`gathered`].
    fn gathered(&self) -> Result<Option<Gathered>, String>;

    /// The zone in which moments are written: that of the first team.
    fn zone(&self) -> Option<&Zone> {
        self.audience().teams().first().map(|team| &team.zone)
    }
}

/// The bench as a stage.
pub struct BenchStage<'r> {
    bench: Bench,
    renderer: &'r Renderer,
}

impl<'r> BenchStage<'r> {
    /// The clock stands at the beginning of time until the scenario sets it.
    pub fn new(pipeline: Arc<Pipeline>, renderer: &'r Renderer) -> Self {
        Self { bench: Bench::new(pipeline, DateTime::UNIX_EPOCH), renderer }
    }

    fn alerts_of(&self, letter: &Letter) -> Result<Vec<Alert>, String> {
        self.bench.alerts_of(letter).map_err(said)
    }
}

/// An error and its causes in one line.
pub(super) fn said(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Stage for BenchStage<'_> {
    fn audience(&self) -> &Audience {
        &self.bench.pipeline().audience
    }

    fn deadlines(&self) -> &DeadlineTable {
        &self.bench.pipeline().deadlines
    }

    fn now(&self) -> DateTime<Utc> {
        self.bench.now()
    }

    fn set(&mut self, now: DateTime<Utc>) {
        self.bench.set(now);
    }

    fn receive(&mut self, name: &str, broker: &str, bytes: &[u8]) -> Result<(), String> {
        let file = Fingerprint::of(bytes);
        let taken = self.bench.receive(name, broker, &mut &bytes[..], Mailing::Deliver, file);
        taken.map(drop).map_err(said)
    }

    fn next_look(&self) -> Result<Option<DateTime<Utc>>, String> {
        next_look(self.audience(), self.bench.store(), self.now()).map_err(said)
    }

    fn tick(&mut self) -> Result<(), String> {
        self.bench.tick().map_err(said)
    }

    fn deliver(&mut self, server: &Server) -> Result<Vec<Delivered>, String> {
        let mut delivered = Vec::new();
        loop {
            // Whatever the server says, a letter is not ready at the same moment again.
            let letters = self.bench.store().letters_ready(self.bench.now(), 100).map_err(said)?;
            if letters.is_empty() {
                return Ok(delivered);
            }
            for letter in letters {
                let alerts = self.alerts_of(&letter)?;
                let (subject, text) = self.renderer.plain(&letter, &alerts).map_err(said)?;
                let (outcome, as_of) = (server.outcome(), AsOf::of(&alerts));
                self.bench.delivered(&Attempt { letter: letter.key, outcome, as_of }).map_err(said)?;
                delivered.push(Delivered { recipient: letter.recipient, subject, text });
            }
        }
    }

    fn rebuild(&mut self) -> Result<(), String> {
        Err("there is no journal to rebuild from".to_owned())
    }

    fn entry(&self, number: EntryNumber) -> Result<Option<Entry>, String> {
        self.bench.entry(number).map_err(said)
    }

    fn letters(&self, filter: LetterFilter) -> Result<usize, String> {
        Ok(self.bench.store().letters(filter, LETTERS_MAX).map_err(said)?.len())
    }

    fn gathered(&self) -> Result<Option<Gathered>, String> {
        gathered(self.bench.store(), self.now()).map_err(said)
    }
}
