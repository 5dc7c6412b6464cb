//! The process around the [`App`]: signals, the service manager, and the end.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use super::app::{App, StartError};
use super::settings::Settings;
use super::writer::WriteError;
use crate::clock::Clock;

/// A writer that has not looked at its queue for this long is taken for stuck, and the watchdog is not fed.
const STUCK_SECS: i64 = 180;

/// How often the watchdog is fed when the service manager does not say.
const FEED: Duration = Duration::from_secs(20);

/// Why the service ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the daemon could not start")]
    Start(#[source] Box<StartError>),
    #[error("signals cannot be heard")]
    Signals(#[source] std::io::Error),
    #[error("the daemon had to stop")]
    Fatal(#[source] WriteError),
}

/// Something that runs beside the app and reads it: the local socket. Started with the app, stopped before it.
#[async_trait::async_trait]
pub trait Companion: Send {
    async fn start(&mut self, app: &App) -> std::io::Result<()>;
    async fn stop(&mut self);
}

/// Runs until SIGTERM or SIGINT, reloads on SIGHUP.
///
/// `load` reads the configuration anew; when it fails, what it says is logged and the old one stays.
///
/// # Errors
/// When the start fails, or the journal or the store does: the service manager starts the process again.
pub async fn run(
    settings: Settings,
    load: impl Fn() -> Result<Settings, String>,
    clock: Arc<dyn Clock>,
    companion: &mut dyn Companion,
) -> Result<(), ServiceError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServiceError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServiceError::Signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(ServiceError::Signals)?;
    let patience = tokio::spawn(ask_for_time());
    let started = App::start(settings, clock.clone()).await;
    patience.abort();
    let mut app = started.map_err(|error| ServiceError::Start(Box::new(error)))?;
    if let Err(error) = companion.start(&app).await {
        tracing::error!(%error, "The local socket cannot be used; commands cannot reach the daemon.");
    }
    tracing::info!(
        drops = app.settings().drops.len(),
        lines_applied = app.opened.applied,
        rebuilt = app.opened.rebuilt,
        "entrywatch is running."
    );
    say(&[NotifyState::Ready, NotifyState::Status("watching")]);
    let mut feed = tokio::time::interval(sd_notify::watchdog_enabled().map_or(FEED, |period| period / 3));
    let fatal = app.fatal.clone();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = fatal.notified() => break,
            _ = hangup.recv() => {
                // The socket answers with the tables in force, so it is opened anew.
                companion.stop().await;
                reload(&mut app, &load).await;
                if let Err(error) = companion.start(&app).await {
                    tracing::error!(%error, "The local socket cannot be used; commands cannot reach the daemon.");
                }
            }
            _ = feed.tick() => feed_watchdog(&app, &*clock),
        }
    }
    tracing::info!("Stopping: no new work is taken, what is in hand is finished.");
    say(&[NotifyState::Stopping]);
    companion.stop().await;
    match app.stop().await {
        None => {
            tracing::info!("Stopped.");
            Ok(())
        }
        Some(error) => Err(ServiceError::Fatal(error)),
    }
}

/// A start that rebuilds the store from a long journal takes its time; the service manager is told to wait.
async fn ask_for_time() {
    const MORE_USEC: u32 = 60_000_000;
    loop {
        say(&[NotifyState::ExtendTimeoutUsec(MORE_USEC)]);
        tokio::time::sleep(FEED).await;
    }
}

async fn reload(app: &mut App, load: &impl Fn() -> Result<Settings, String>) {
    let started = NotifyState::monotonic_usec_now();
    match started {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(_) => say(&[NotifyState::Reloading]),
    }
    match load() {
        Ok(settings) => match app.reload(settings).await {
            Ok(()) => tracing::info!("The new configuration is in force."),
            Err(error) => {
                tracing::error!(error = %super::writer::chain(&error), "The new configuration could not be put into force.");
            }
        },
        Err(faults) => {
            tracing::error!(%faults, "The new configuration is wrong; the old one stays in force.");
        }
    }
    say(&[NotifyState::Ready]);
}

fn feed_watchdog(app: &App, clock: &dyn Clock) {
    let alive = app.writer().and_then(super::writer::Writer::alive_at);
    let age = alive.map_or(0, |at| (clock.now() - at).num_seconds());
    if age < STUCK_SECS {
        say(&[NotifyState::Watchdog]);
    } else {
        tracing::error!(age_secs = age, "The writer does not come back; the watchdog is not fed.");
    }
}

/// Tells the service manager; without one nothing happens.
fn say(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "The service manager could not be told.");
    }
}
