//! The process around the [`App`]: signals, the service manager, and the end.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::app::{App, StartError};
use super::changes::Changes;
use super::settings::Settings;
use super::writer::{WriteError, Writer};
use crate::clock::Clock;
use crate::outbox::TroubleBrief;
use crate::pipeline::RELOAD_REFUSED;
use crate::place::Severity;

/// A writer that has not looked at its queue for this long is taken for stuck, and the watchdog is not fed.
const STUCK_SECS: i64 = 180;

/// How often the watchdog is fed when the service manager does not say.
const FEED: Duration = Duration::from_secs(20);

/// How often the files of the configuration are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Lines of a refusal that people are told; the log has all.
const FAULT_LINES_MAX: usize = 6;

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

/// Reads the configuration anew; what it says when it fails is logged, and the old one stays.
pub type Load = Arc<dyn Fn() -> Result<Settings, String> + Send + Sync>;

/// What asks for an end.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs until SIGTERM or SIGINT, reloads on SIGHUP and when a file of the configuration has changed. A start or a reload under way is
/// abandoned for a stop.
///
/// # Errors
/// When the start fails, or the journal or the store does: the service manager starts the process again.
pub async fn run(
    settings: Settings,
    load: Load,
    clock: Arc<dyn Clock>,
    companion: &mut dyn Companion,
) -> Result<(), ServiceError> {
    let mut ends = Ends {
        terminate: signal(SignalKind::terminate()).map_err(ServiceError::Signals)?,
        interrupt: signal(SignalKind::interrupt()).map_err(ServiceError::Signals)?,
    };
    let mut hangup = signal(SignalKind::hangup()).map_err(ServiceError::Signals)?;
    let Some(mut app) = start(settings, &clock, &mut ends).await? else { return Ok(()) };
    if let Err(error) = companion.start(&app).await {
        tracing::error!(%error, "The local socket cannot be used; commands cannot reach the daemon.");
    }
    tell_start(&app);
    let mut feed = tokio::time::interval(sd_notify::watchdog_enabled().map_or(FEED, |period| period / 3));
    let fatal = app.fatal.clone();
    let mut changes = Changes::of(&app.settings().watched);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = ends.asked() => break,
            () = fatal.notified() => break,
            _ = hangup.recv() => tracing::info!("The configuration is read again: a signal asks for it."),
            _ = looks.tick() => {
                if !changes.look(&app.settings().watched) {
                    continue;
                }
                tracing::info!("The configuration is read again: a file of it has changed.");
            }
            _ = feed.tick() => {
                feed_watchdog(app.writer(), &*clock);
                continue;
            }
        }
        let writer = app.writer().cloned();
        tokio::select! {
            reloaded = fed(&writer, &*clock, &mut feed, reload(&mut app, companion, &load)) => changes = reloaded,
            () = ends.asked() => {
                tracing::info!("The reload is abandoned: the daemon stops.");
                break;
            }
            () = fatal.notified() => break,
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

/// `None` when it was told to stop before the start was done.
async fn start(
    settings: Settings,
    clock: &Arc<dyn Clock>,
    ends: &mut Ends,
) -> Result<Option<App>, ServiceError> {
    let patience = tokio::spawn(ask_for_time());
    let started = tokio::select! {
        started = App::start(settings, clock.clone()) => Some(started),
        () = ends.asked() => None,
    };
    patience.abort();
    let Some(started) = started else {
        tracing::info!("Stopped before the start was done; the next one goes on from the journal.");
        return Ok(None);
    };
    started.map(Some).map_err(|error| ServiceError::Start(Box::new(error)))
}

fn tell_start(app: &App) {
    tracing::info!(
        config = &*app.settings().versions.config,
        rules = &*app.settings().versions.rules,
        grammar = &*app.settings().versions.grammar,
        drops = app.settings().drops.len(),
        lines_applied = app.opened.applied,
        rebuilt = app.opened.rebuilt,
        "entrywatch is running."
    );
    say(&[NotifyState::Ready, NotifyState::Status("watching")]);
}

/// A start that rebuilds the store from a long journal takes its time; the service manager is told to wait.
async fn ask_for_time() {
    const MORE_USEC: u32 = 60_000_000;
    loop {
        say(&[NotifyState::ExtendTimeoutUsec(MORE_USEC)]);
        tokio::time::sleep(FEED).await;
    }
}

/// Puts a new configuration into force if it is sound; answers how its files looked before they were read.
async fn reload(app: &mut App, companion: &mut dyn Companion, load: &Load) -> Changes {
    let started = NotifyState::monotonic_usec_now();
    match started {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(_) => say(&[NotifyState::Reloading]),
    }
    let before = app.settings().watched.clone();
    let seen = Changes::of(&before);
    let load = load.clone();
    // On a thread of its own: reading and trying rules takes seconds, and signals and the watchdog do not wait for it.
    let loaded = tokio::task::spawn_blocking(move || load()).await;
    let refused = match loaded.unwrap_or_else(|error| Err(format!("reading it broke: {error}"))) {
        Ok(settings) => {
            // Letters under way are waited for: until then the socket answers, with the tables that were in force.
            let put = app.reload(settings).await;
            companion.stop().await;
            if let Err(error) = companion.start(app).await {
                tracing::error!(%error, "The local socket cannot be used; commands cannot reach the daemon.");
            }
            put.err().map(|error| crate::words::chain(&error))
        }
        Err(faults) => Some(faults),
    };
    let versions = &app.settings().versions;
    match &refused {
        None => tracing::info!(
            config = &*versions.config,
            rules = &*versions.rules,
            grammar = &*versions.grammar,
            "The new configuration is in force."
        ),
        Some(faults) => tracing::error!(
            config = &*versions.config,
            %faults,
            "The new configuration is refused; the old one stays in force."
        ),
    }
    tell_reload(app, refused).await;
    say(&[NotifyState::Ready]);
    // What the new configuration is read from may be other files.
    if app.settings().watched == before { seen } else { Changes::of(&app.settings().watched) }
}

/// A configuration that was refused is a trouble until one is taken.
async fn tell_reload(app: &App, refused: Option<String>) {
    let Some(writer) = app.writer() else { return };
    let trouble = TroubleBrief {
        subject: "new configuration".into(),
        code: RELOAD_REFUSED.into(),
        message: format!(
            "refused, the old one stays in force: {}",
            refused.as_deref().unwrap_or_default().lines().take(FAULT_LINES_MAX).collect::<Vec<_>>().join(" | ")
        ),
        advice: "Correct it and see that `entrywatch check` passes. It is taken over by itself; until then the old one stays \
                 in force."
            .to_owned(),
        file: None,
        place: None,
    };
    let told = match refused {
        Some(_) => writer.trouble(Severity::Warning, "", trouble).await,
        None => writer.trouble_over(trouble.id()).await,
    };
    if let Err(error) = told {
        tracing::error!(%error, "The state of the configuration could not be recorded.");
    }
}

/// Does something long; the watchdog is fed meanwhile.
async fn fed<T>(
    writer: &Option<Writer>,
    clock: &dyn Clock,
    feed: &mut tokio::time::Interval,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = feed.tick() => feed_watchdog(writer.as_ref(), clock),
        }
    }
}

fn feed_watchdog(writer: Option<&Writer>, clock: &dyn Clock) {
    let alive = writer.and_then(Writer::alive_at);
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
