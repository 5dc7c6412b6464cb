//! One round of the daemon's work: everything that is there and due, then the end. What `run --once` does.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::app::StartError;
use super::engine::Engine;
use super::settings::Settings;
use super::tasks::deliver::Deliver;
use super::writer::{WriteError, Writer};
use crate::clock::Clock;
use crate::intake::scanner::{ScanLimits, Scanner};
use std::sync::Arc;
use tokio::sync::Notify;

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Round {
    pub files: u64,
    pub duplicates: u64,
    pub letters: u64,
    /// Drops that could not be read.
    pub troubles: u64,
}

/// Scans every drop until nothing more becomes ready, says what is due, delivers, and closes the state.
///
/// # Errors
/// When the journal or the store fails, or mail is set up wrongly.
pub async fn round(settings: &Settings, engine: Engine, clock: Arc<dyn Clock>) -> Result<Round, StartError> {
    let store = engine.store().clone();
    let (writer, thread) = Writer::start(engine, Arc::new(Notify::new()))?;
    let mut round = Round::default();
    settings.make_folders();
    for drop in &settings.drops {
        let (settings, writer, clock) = (drop.clone(), writer.clone(), clock.clone());
        let scanned = tokio::task::spawn_blocking(move || {
            scan(Scanner::open(settings, ScanLimits::default()), &writer, &*clock)
        });
        let scanned = scanned.await.map_err(|error| std::io::Error::other(error.to_string()))??;
        round.files += scanned.files;
        round.duplicates += scanned.duplicates;
        round.troubles += scanned.troubles;
    }
    writer.tick().await?;
    let mut deliver = Deliver {
        writer: writer.clone(),
        store,
        pipeline: settings.pipeline.clone(),
        renderer: settings.renderer.clone(),
        courier: settings.courier()?,
        clock: clock.clone(),
    };
    loop {
        let sent = deliver.once().await?;
        if sent == 0 {
            break;
        }
        round.letters += sent as u64;
    }
    deliver.courier.close().await;
    if let Some(folder) = &settings.calendar_folder
        && let Err(error) = super::feed::write(&*deliver.store, &settings.pipeline, folder, clock.now())
    {
        tracing::error!(error = %super::writer::chain(&error), "A calendar could not be written.");
    }
    drop(deliver);
    drop(writer);
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    match joined {
        Ok(Ok(None)) => Ok(round),
        Ok(Ok(Some(error))) => Err(error.into()),
        _ => Err(WriteError::Fatal("the writer broke".into()).into()),
    }
}

/// Scans until nothing is ready and nothing will be within the settle period.
fn scan(mut scanner: Scanner, writer: &Writer, clock: &dyn Clock) -> Result<Round, WriteError> {
    let stop = CancellationToken::new();
    let settle = scanner.settings().settle;
    let broker = scanner.settings().broker.clone();
    let mut round = Round::default();
    let started = Instant::now();
    let patience = settle * 2 + Duration::from_secs(1);
    loop {
        let now = clock.now();
        let report = scanner.scan(now, &stop);
        for trouble in &report.troubles {
            round.troubles += 1;
            tracing::warn!(drop = %scanner.settings().name, text = %trouble.text, "Trouble with a drop.");
            let (severity, brief) = super::tasks::scan::told(trouble);
            writer.trouble_blocking(severity, broker.as_str(), brief)?;
        }
        if !report.ready.is_empty() {
            let taken = writer.receive_blocking(report.ready.clone())?;
            for (file, taken) in report.ready.iter().zip(taken) {
                round.files += 1;
                round.duplicates += u64::from(taken.received.duplicate);
                scanner.finish(file, clock.now());
            }
            continue;
        }
        let waiting = scanner.state().files > 0 && scanner.state().retry_at.is_none();
        if !waiting || started.elapsed() > patience {
            return Ok(round);
        }
        std::thread::park_timeout(until(report.next, clock.now()).min(Duration::from_millis(500)));
    }
}

fn until(next: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (next - now).to_std().unwrap_or(Duration::ZERO).max(Duration::from_millis(5))
}
