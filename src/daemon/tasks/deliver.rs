//! Sends the letters whose time has come, and records what became of each.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::daemon::channel::{Channel, Takes, Written};
use crate::daemon::view::StoreView;
use crate::daemon::writer::{WriteError, Writer};
use crate::email::Renderer;
use crate::outbox::{Alert, AsOf, Attempt, Letter, Outcome, batch, retry};
use crate::pipeline::Pipeline;
use crate::store::{Store, StoreError};

/// Letters that are sent before their outcomes are recorded.
const BATCH: usize = 64;

/// The outbox is looked at this often even if nobody rings.
const PERIOD: Duration = Duration::from_secs(30);

/// And no more often than this when nobody rings, for what is due may be another channel's.
const PAUSE: Duration = Duration::from_secs(1);

/// Letters that are looked at for those of one channel.
const LOOKED_AT: usize = 4_096;

/// An idle connection to the mail server is closed after this.
const IDLE: Duration = Duration::from_secs(5);

/// What became of one batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tried {
    pub accepted: usize,
    pub deferred: usize,
    pub given_up: usize,
}

impl Tried {
    pub fn count(self) -> usize {
        self.accepted + self.deferred + self.given_up
    }
}

pub struct Deliver {
    pub writer: Writer,
    pub store: Arc<dyn Store>,
    pub pipeline: Arc<Pipeline>,
    pub renderer: Arc<Renderer>,
    pub channel: Channel,
    pub clock: Arc<dyn Clock>,
}

impl Deliver {
    /// Runs until it is told to stop; a batch under way is finished.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut rung = self.writer.letters();
        loop {
            rung.mark_unchanged();
            let sent = match self.once().await {
                Ok(tried) => tried.count(),
                Err(WriteError::Stopped) => break,
                Err(error) => {
                    tracing::error!(%error, "Letters could not be delivered.");
                    0
                }
            };
            if stop.is_cancelled() {
                break;
            }
            if sent > 0 {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                _ = rung.changed() => continue,
                () = tokio::time::sleep(IDLE) => self.channel.close().await,
            }
            let wait = self.until_next().await.clamp(PAUSE, PERIOD);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = rung.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.channel.close().await;
    }

    /// Sends one batch of the letters that are due.
    pub async fn once(&mut self) -> Result<Tried, WriteError> {
        let now = self.clock.now();
        let limit = BATCH.min(self.channel.free(now));
        if limit == 0 {
            return Ok(Tried::default());
        }
        let (store, takes) = (self.store.clone(), self.channel.takes());
        let (pipeline, renderer) = (self.pipeline.clone(), self.renderer.clone());
        let look = move || prepare(&*store, &pipeline, &renderer, &takes, now, limit);
        let prepared = tokio::task::spawn_blocking(look).await;
        let prepared = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(error)) => return Err(WriteError::Fatal(crate::words::chain(&error).into())),
            Err(error) => return Err(WriteError::Fatal(error.to_string().into())),
        };
        let Prepared { letters, written, mut outcomes } = prepared;
        if letters.is_empty() && outcomes.is_empty() {
            return Ok(Tried::default());
        }
        let answers = if written.is_empty() { Vec::new() } else { self.channel.deliver(written, now).await };
        let answered = letters.into_iter().zip(answers);
        outcomes.extend(answered.map(|((letter, as_of), outcome)| (letter, outcome, as_of)));
        let mut tried = Tried::default();
        for (letter, outcome, _) in &outcomes {
            log(letter, outcome);
            match outcome {
                Outcome::Accepted { .. } => tried.accepted += 1,
                Outcome::Refused { .. } | Outcome::Unanswered { .. } if retry::is_last(&letter.state) => {
                    tried.given_up += 1;
                }
                Outcome::Refused { .. } | Outcome::Unanswered { .. } => tried.deferred += 1,
                Outcome::Rejected { .. } => tried.given_up += 1,
            }
        }
        let attempt = |(letter, outcome, as_of): Ended| Attempt { letter: letter.key, outcome, as_of };
        self.writer.delivered(outcomes.into_iter().map(attempt).collect()).await?;
        Ok(tried)
    }

    async fn until_next(&mut self) -> Duration {
        let store = self.store.clone();
        let now = self.clock.now();
        if self.channel.free(now) == 0
            && let Some(at) = self.channel.next_at()
        {
            return (at - now).to_std().unwrap_or(Duration::ZERO);
        }
        match tokio::task::spawn_blocking(move || store.next_letter_at()).await {
            Ok(Ok(Some(at))) => (at - now).to_std().unwrap_or(Duration::ZERO),
            _ => PERIOD,
        }
    }
}

/// A letter, what became of it, and what its mail told of the alerts.
type Ended = (Letter, Outcome, AsOf);

struct Prepared {
    /// One for each mail, with what it tells of its alerts.
    letters: Vec<(Letter, AsOf)>,
    written: Vec<Written>,
    /// Letters that cannot be rendered.
    outcomes: Vec<Ended>,
}

/// Says what became of a letter: whose, about which entry, and in the server's own words.
fn log(letter: &Letter, outcome: &Outcome) {
    let (key, recipient) = (&letter.key, &*letter.recipient);
    let entry = letter.entry.map(|entry| entry.to_string()).unwrap_or_default();
    match outcome {
        Outcome::Accepted { response } => {
            tracing::info!(letter = %key, recipient, entry, response = &**response, "Letter accepted.");
        }
        Outcome::Refused { error } | Outcome::Unanswered { error } if !retry::is_last(&letter.state) => {
            tracing::warn!(letter = %key, recipient, entry, error = &**error, "Letter refused for now; it is tried again.");
        }
        Outcome::Refused { error } | Outcome::Unanswered { error } | Outcome::Rejected { error } => {
            tracing::error!(letter = %key, recipient, entry, error = &**error, "Letter given up; `entrywatch alerts retry` sends it again.");
        }
    }
}

fn prepare(
    store: &dyn Store,
    pipeline: &Pipeline,
    renderer: &Renderer,
    takes: &Takes,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Prepared, StoreError> {
    let mut prepared = Prepared { letters: Vec::new(), written: Vec::new(), outcomes: Vec::new() };
    let mut ready = store.letters_ready(now, LOOKED_AT)?;
    ready.retain(|letter| takes.has(letter));
    for letter in batch(ready, limit) {
        let alerts = alerts_of(store, pipeline, &letter)?;
        match takes.write(&letter, &alerts, renderer) {
            Ok(written) => {
                prepared.letters.push((letter, AsOf::of(&alerts)));
                prepared.written.push(written);
            }
            Err(error) => {
                let error = crate::words::chain(&error).into();
                prepared.outcomes.push((letter, Outcome::Rejected { error }, AsOf::default()));
            }
        }
    }
    Ok(prepared)
}

/// What a letter carries. Its alerts say whether they are over: as of now while nobody can have read it, then as it was sent.
pub fn alerts_of(store: &dyn Store, pipeline: &Pipeline, letter: &Letter) -> Result<Vec<Alert>, StoreError> {
    pipeline.alerts_of(&StoreView::of(store), letter)
}
