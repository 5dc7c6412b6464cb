//! One round of the daemon's work: everything that is there and due, then the end. What `run --once` does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::app::{StartError, known};
use super::engine::{Engine, EngineError};
use super::settings::Settings;
use super::tasks::deliver::Deliver;
use super::tasks::receipts::Receipts;
use super::tasks::scan::{id_of, open_troubles, told};
use super::writer::{WriteError, Writer};
use crate::clock::Clock;
use crate::ident::DropName;
use crate::intake::scanner::{ScanLimits, Scanner};
use crate::intake::settle::{WaitingFile, WaitingFor};
use crate::intake::{DropSettings, Trouble};

/// What one round did.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Round {
    pub files: u64,
    pub duplicates: u64,
    /// Letters that were tried.
    pub letters: u64,
    /// Of those, letters that a server took, that it put off, and that it refused for good.
    pub accepted: u64,
    pub deferred: u64,
    pub given_up: u64,
    /// Letters that wait for another try after the round, and when that is.
    pub letters_waiting: u64,
    pub next_letter_at: Option<DateTime<Utc>>,
    /// Troubles of drops that are open after the round, told now or before.
    pub troubles: u64,
    /// Files that were left in their drops.
    pub waiting: Vec<LeftFile>,
}

/// A file that the round did not take.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct LeftFile {
    pub drop: DropName,
    pub name: String,
    pub waits_for: WaitingFor,
    /// When it is taken as it is; `None` when only a change of it helps.
    pub until: Option<DateTime<Utc>>,
}

impl Round {
    /// Nothing was left behind: no file in a drop, no trouble, no letter without an answer.
    pub fn is_complete(&self) -> bool {
        self.troubles == 0 && self.waiting.is_empty() && self.given_up == 0 && self.letters_waiting == 0
    }
}

/// Scans every drop until nothing more becomes ready, says what is due, delivers, and closes the state.
///
/// # Errors
/// When the journal or the store fails, or mail is set up wrongly.
pub async fn round(
    settings: &Settings,
    mut engine: Engine,
    clock: Arc<dyn Clock>,
) -> Result<Round, StartError> {
    engine.follow_table()?;
    let store = engine.store().clone();
    let (writer, thread) = Writer::start(engine, Arc::new(Notify::new()))?;
    let mut round = Round::default();
    settings.make_folders();
    let open = open_troubles(&*store).map_err(EngineError::from)?;
    for gone in open.iter().filter(|trouble| !settings.has_drop(&trouble.key.drop)) {
        writer.trouble_over(id_of(&gone.key)).await?;
    }
    let receipts = settings.receipts(writer.clone());
    receipts.begin()?;
    for drop in &settings.drops {
        let scanner = scanner(drop, &open).with_known(known(store.clone()));
        let (writer, clock) = (writer.clone(), clock.clone());
        let scanned = tokio::task::spawn_blocking(move || scan(scanner, &writer, &*clock));
        let scanned = scanned.await.map_err(|error| std::io::Error::other(error.to_string()))??;
        round.files += scanned.files;
        round.duplicates += scanned.duplicates;
        round.troubles += scanned.troubles;
        round.waiting.extend(scanned.waiting);
    }
    round.troubles += acknowledge(receipts).await?;
    writer.tick().await?;
    writer.close_windows().await?;
    deliver(settings, &writer, &mut round, clock.clone()).await?;
    round.letters_waiting = store.counts().map_err(EngineError::from)?.letters_waiting;
    round.next_letter_at = store.next_letter_at().map_err(EngineError::from)?;
    if let Some(folder) = &settings.calendar_folder
        && let Err(error) = super::feed::write(&*store, &settings.pipeline, folder, clock.now())
    {
        tracing::error!(error = %crate::words::chain(&error), "A calendar could not be written.");
    }
    drop(writer);
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    match joined {
        Ok(Ok(None)) => Ok(round),
        Ok(Ok(Some(error))) => Err(error.into()),
        _ => Err(WriteError::Fatal("the writer broke".into()).into()),
    }
}

/// Writes the receipts that are owed; answers for how many brokers that failed.
async fn acknowledge(receipts: Receipts) -> Result<u64, StartError> {
    let all = receipts.all.iter().map(|settings| settings.broker.clone()).collect();
    let failing = tokio::task::spawn_blocking(move || receipts.round(all)).await;
    let failing = failing.map_err(|error| std::io::Error::other(error.to_string()))??;
    Ok(failing.len() as u64)
}

async fn deliver(
    settings: &Settings,
    writer: &Writer,
    round: &mut Round,
    clock: Arc<dyn Clock>,
) -> Result<(), StartError> {
    for channel in settings.channels()? {
        let mut deliver = Deliver {
            writer: writer.clone(),
            store: writer.store().clone(),
            pipeline: settings.pipeline.clone(),
            renderer: settings.renderer.clone(),
            channel,
            clock: clock.clone(),
        };
        loop {
            let tried = deliver.once().await?;
            if tried.count() == 0 {
                break;
            }
            round.letters += tried.count() as u64;
            round.accepted += tried.accepted as u64;
            round.deferred += tried.deferred as u64;
            round.given_up += tried.given_up as u64;
        }
        deliver.channel.close().await;
    }
    Ok(())
}

/// A run that ends cannot wait for stillness twice, so a file's own time of change counts.
fn scanner(drop: &DropSettings, open: &[Trouble]) -> Scanner {
    let open = open.iter().filter(|trouble| trouble.key.drop == drop.name).cloned().collect();
    Scanner::open(drop.clone(), ScanLimits::default()).with_file_times().with_troubles(open)
}

/// Scans until nothing is ready and nothing will be within the settle period.
fn scan(mut scanner: Scanner, writer: &Writer, clock: &dyn Clock) -> Result<Round, WriteError> {
    let stop = CancellationToken::new();
    let drop = scanner.settings().name.clone();
    let mut round = Round::default();
    let started = Instant::now();
    let patience = scanner.settings().settle * 2 + Duration::from_secs(1);
    loop {
        let report = scanner.scan(clock.now(), &stop);
        for key in &report.cleared {
            tracing::info!(%drop, trouble = key.kind.as_str(), "A trouble of a drop is over.");
            writer.trouble_over_blocking(id_of(key))?;
        }
        for trouble in &report.troubles {
            tell(&scanner, writer, trouble)?;
        }
        if !report.ready.is_empty() {
            match writer.receive_blocking(report.ready.clone()) {
                Ok(taken) => {
                    for (file, taken) in report.ready.iter().zip(taken) {
                        round.files += 1;
                        round.duplicates += u64::from(taken.received.duplicate);
                        if let Some(trouble) = scanner.finish(file, clock.now()) {
                            tell(&scanner, writer, &trouble)?;
                        }
                    }
                    continue;
                }
                // The writer has told it. The letter about it can still leave.
                Err(WriteError::FullDisk { .. }) => {
                    round.troubles += 1;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let left = patience.saturating_sub(started.elapsed());
        let soon = |file: &WaitingFile| file.until.is_some_and(|at| until(at, clock.now()) <= left);
        let is_reached = scanner.state().retry_at.is_none();
        if left.is_zero() || !is_reached || !scanner.waiting().iter().any(soon) {
            break;
        }
        std::thread::park_timeout(until(report.next, clock.now()).min(Duration::from_millis(500)));
    }
    for open in scanner.troubles() {
        tracing::warn!(%drop, since = %open.since, text = %open.text, "This trouble of a drop is open.");
        round.troubles += 1;
    }
    let left = scanner.waiting().into_iter();
    round.waiting = left
        .map(|file| LeftFile { drop: drop.clone(), name: file.name, waits_for: file.why, until: file.until })
        .collect();
    Ok(round)
}

fn tell(scanner: &Scanner, writer: &Writer, trouble: &Trouble) -> Result<(), WriteError> {
    let settings = scanner.settings();
    tracing::warn!(drop = %settings.name, text = %trouble.text, "Trouble with a drop.");
    let (severity, brief) = told(trouble);
    writer.trouble_blocking(severity, settings.broker.as_str(), brief)
}

fn until(next: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (next - now).to_std().unwrap_or(Duration::ZERO).max(Duration::from_millis(5))
}
