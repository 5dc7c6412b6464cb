//! The daemon as a value: start, reload, stop. A test drives it as the process does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::{Engine, EngineError};
use super::receipts::ReceiptError;
use super::settings::{CourierError, Settings};
use super::state::{self, OpenedState};
use super::tasks::deliver::Deliver;
use super::tasks::feed::Feeds;
use super::tasks::scan::{Poke, ScanTask};
use super::tasks::tick::FirstLook;
use super::tasks::{scan, tick};
use super::writer::{WriteError, Writer};
use crate::clock::Clock;
use crate::deadline::DeadlineTable;
use crate::ident::DropName;
use crate::intake::scanner::{DropState, Known};
use crate::intake::watch::Watch;
use crate::intake::{DropPlace, DropSettings, Trouble};
use crate::pipeline::Pipeline;
use crate::store::Store;

/// How often folders that vanished or appeared are looked for.
const REARM: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the state could not be opened")]
    State(#[from] EngineError),
    #[error("mail could not be set up")]
    Mail(#[from] CourierError),
    #[error("the system gave no thread")]
    Thread(#[from] std::io::Error),
    #[error("the writer does not answer")]
    Writer(#[from] WriteError),
    #[error("the receipts to brokers could not be begun")]
    Receipts(#[from] ReceiptError),
}

/// A running daemon.
pub struct App {
    settings: Settings,
    /// Since when this configuration is in force.
    in_force_since: DateTime<Utc>,
    clock: Arc<dyn Clock>,
    writer: Option<Writer>,
    writer_thread: Option<JoinHandle<Option<WriteError>>>,
    store: Arc<dyn Store>,
    pipeline: Arc<Mutex<Arc<Pipeline>>>,
    /// Rung when the writer's thread has ended.
    pub fatal: Arc<Notify>,
    intake: Option<Intake>,
    delivery: Vec<Task>,
    ticking: Option<Task>,
    calendars: Option<Task>,
    receipts: Option<Task>,
    tracker: TaskTracker,
    pub opened: OpenedState,
}

struct Task {
    stop: CancellationToken,
    handle: tokio::task::JoinHandle<()>,
}

impl Task {
    /// Tells it to end, and cuts it off at that moment; whether it ended by itself.
    async fn end_by(mut self, until: Instant) -> bool {
        self.stop.cancel();
        let is_over = timeout_at(until, &mut self.handle).await.is_ok();
        if !is_over {
            self.handle.abort();
        }
        is_over
    }
}

/// The scanners and the watcher of one configuration.
struct Intake {
    stop: CancellationToken,
    scans: BTreeMap<DropName, ScanTask>,
    watch: Option<JoinHandle<()>>,
}

impl App {
    /// Opens the state and starts every task.
    ///
    /// # Errors
    /// When the state folder is in use or broken, or mail is set up wrongly.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (folder, cache) = (settings.state_folder.clone(), settings.cache_bytes);
        let (pipeline, versions) = (settings.pipeline.clone(), settings.versions.clone());
        let opening = clock.clone();
        let opened = tokio::task::spawn_blocking(move || -> Result<(Engine, OpenedState), EngineError> {
            let (mut engine, opened) = state::open(&folder, cache, pipeline, versions, opening)?;
            engine.look_at_table(None);
            Ok((engine, opened))
        });
        let (engine, opened) = opened.await.map_err(|error| std::io::Error::other(error.to_string()))??;
        let store = engine.store().clone();
        let fatal = Arc::new(Notify::new());
        let (writer, thread) = Writer::start(engine, fatal.clone())?;
        let mut app = Self {
            pipeline: Arc::new(Mutex::new(settings.pipeline.clone())),
            settings,
            in_force_since: clock.now(),
            clock,
            writer: Some(writer),
            writer_thread: Some(thread),
            store,
            fatal,
            intake: None,
            delivery: Vec::new(),
            ticking: None,
            calendars: None,
            receipts: None,
            tracker: TaskTracker::new(),
            opened,
        };
        app.start_delivery()?;
        app.start_calendars();
        app.start_receipts()?;
        app.start_intake()?;
        app.start_ticking();
        Ok(app)
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Since when the configuration is in force: the start, or the last reload that changed it.
    pub fn in_force_since(&self) -> DateTime<Utc> {
        self.in_force_since
    }

    pub fn writer(&self) -> Option<&Writer> {
        self.writer.as_ref()
    }

    /// The pipeline in force, for readers that outlive a reload.
    pub fn pipeline(&self) -> Arc<Mutex<Arc<Pipeline>>> {
        self.pipeline.clone()
    }

    pub fn deadlines(&self) -> Arc<DeadlineTable> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner).deadlines.clone()
    }

    /// How each drop is doing.
    pub fn drops(&self) -> BTreeMap<DropName, DropState> {
        let scans = self.intake.iter().flat_map(|intake| &intake.scans);
        scans
            .map(|(name, task)| {
                (name.clone(), task.state.lock().unwrap_or_else(PoisonError::into_inner).clone())
            })
            .collect()
    }

    /// Puts a checked configuration into force. What cannot change while running is said in the log.
    ///
    /// It may be abandoned for a stop: the writer has the old configuration or the new one, and says in the journal which.
    ///
    /// # Errors
    /// When mail is set up wrongly or the writer is gone; the old configuration stays as far as it still runs.
    pub async fn reload(&mut self, settings: Settings) -> Result<(), StartError> {
        if settings.state_folder != self.settings.state_folder || settings.socket != self.settings.socket {
            tracing::warn!(
                "The state folder and the socket change only with a restart; the rest is taken over."
            );
        }
        settings.channels()?;
        let Some(writer) = self.writer.clone() else { return Err(WriteError::Stopped.into()) };
        writer.reload(settings.pipeline.clone(), settings.versions.clone()).await?;
        *self.pipeline.lock().unwrap_or_else(PoisonError::into_inner) = settings.pipeline.clone();
        self.stop_intake().await;
        self.stop_delivery().await;
        Self::stop_task(self.calendars.take()).await;
        Self::stop_task(self.receipts.take()).await;
        let (state_folder, socket) = (self.settings.state_folder.clone(), self.settings.socket.clone());
        if settings.versions.config != self.settings.versions.config {
            self.in_force_since = self.clock.now();
        }
        self.settings = Settings { state_folder, socket, ..settings };
        self.start_delivery()?;
        self.start_calendars();
        self.start_receipts()?;
        self.start_intake()
    }

    /// Takes no new work, finishes the work in hand, closes in reverse order. What is not finished within the configured time is cut
    /// off. Answers what ended the writer, if an error did.
    pub async fn stop(mut self) -> Option<WriteError> {
        let limit = self.settings.stop_timeout;
        let until = Instant::now() + limit;
        self.begin_to_stop();
        if timeout_at(until, self.stop_intake()).await.is_err() {
            tracing::warn!("A drop did not stop in time; what it had in hand stays in its folder.");
        }
        for task in [self.ticking.take(), self.calendars.take(), self.receipts.take()].into_iter().flatten() {
            task.end_by(until).await;
        }
        let mut is_cut_off = false;
        for task in std::mem::take(&mut self.delivery) {
            is_cut_off |= !task.end_by(until).await;
        }
        if is_cut_off {
            tracing::warn!(
                "The mail server did not answer in time; letters under way are sent again, under the same Message-ID."
            );
        }
        self.tracker.close();
        let thread = self.writer_thread.take()?;
        let writer = self.writer.take();
        let ended = async {
            if let Some(writer) = &writer {
                writer.stop().await;
            }
            tokio::task::spawn_blocking(move || thread.join()).await
        };
        match tokio::time::timeout(limit, ended).await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(_) => Some(WriteError::Fatal("the writer broke".into())),
            Err(_) => Some(WriteError::Fatal("the writer did not stop in time".into())),
        }
    }

    /// Every task hears at once that it is to end, so that they finish beside each other.
    fn begin_to_stop(&self) {
        let tasks = self.delivery.iter().chain(&self.ticking).chain(&self.calendars).chain(&self.receipts);
        tasks.for_each(|task| task.stop.cancel());
        if let Some(intake) = &self.intake {
            intake.stop.cancel();
        }
    }

    fn start_delivery(&mut self) -> Result<(), StartError> {
        let Some(writer) = self.writer.clone() else { return Ok(()) };
        for channel in self.settings.channels()? {
            let deliver = Deliver {
                writer: writer.clone(),
                store: self.store.clone(),
                pipeline: self.settings.pipeline.clone(),
                renderer: self.settings.renderer.clone(),
                channel,
                clock: self.clock.clone(),
            };
            let stop = CancellationToken::new();
            let handle = self.tracker.spawn(deliver.run(stop.clone()));
            self.delivery.push(Task { stop, handle });
        }
        Ok(())
    }

    /// Those that have not ended stay in `delivery` when nobody waits any longer.
    async fn stop_delivery(&mut self) {
        for task in &self.delivery {
            task.stop.cancel();
        }
        while let Some(task) = self.delivery.last_mut() {
            let _ = (&mut task.handle).await;
            self.delivery.pop();
        }
    }

    /// After the intake, whose first look the clock waits for.
    fn start_ticking(&mut self) {
        let Some(writer) = self.writer.clone() else { return };
        let stop = CancellationToken::new();
        let start = self.clock.now();
        let scans = self.intake.as_ref().map(|intake| &intake.scans);
        let look = |drop: &DropSettings| {
            let state = scans?.get(&drop.name)?.state.clone();
            Some(FirstLook { state, settled_at: FirstLook::settled_at(start, drop.settle) })
        };
        let first = self.settings.drops.iter().filter_map(look).collect();
        let handle = self.tracker.spawn(tick::run(writer, first, stop.clone()));
        self.ticking = Some(Task { stop, handle });
    }

    fn start_calendars(&mut self) {
        let Some(folder) = self.settings.calendar_folder.clone() else { return };
        let feeds = Feeds {
            store: self.store.clone(),
            pipeline: self.settings.pipeline.clone(),
            clock: self.clock.clone(),
            folder,
        };
        let stop = CancellationToken::new();
        let handle = self.tracker.spawn(feeds.run(stop.clone()));
        self.calendars = Some(Task { stop, handle });
    }

    /// Before the drops are looked at: receipts are owed for what comes from now on.
    fn start_receipts(&mut self) -> Result<(), StartError> {
        let Some(writer) = self.writer.clone().filter(|_| !self.settings.receipts.is_empty()) else {
            return Ok(());
        };
        let receipts = self.settings.receipts(writer);
        receipts.begin()?;
        let stop = CancellationToken::new();
        let handle = self.tracker.spawn(receipts.run(stop.clone()));
        self.receipts = Some(Task { stop, handle });
        Ok(())
    }

    fn start_intake(&mut self) -> Result<(), StartError> {
        let Some(writer) = self.writer.clone() else { return Ok(()) };
        let stop = CancellationToken::new();
        self.settings.make_folders();
        let known = known(self.store.clone());
        let open = scan::open_troubles(&*self.store).map_err(EngineError::from)?;
        self.forget_gone_drops(&writer, &open);
        let mut scans = BTreeMap::new();
        for drop in &self.settings.drops {
            let task = scan::start(
                drop.clone(),
                writer.clone(),
                self.clock.clone(),
                known.clone(),
                open.iter().filter(|trouble| trouble.key.drop == drop.name).cloned().collect(),
                stop.child_token(),
            )?;
            scans.insert(drop.name.clone(), task);
        }
        let watch = self.start_watch(&scans, &stop);
        self.intake = Some(Intake { stop, scans, watch });
        Ok(())
    }

    /// Troubles of drops that the configuration does not have any more are over.
    fn forget_gone_drops(&self, writer: &Writer, open: &[Trouble]) {
        let gone = open.iter().filter(|trouble| !self.settings.has_drop(&trouble.key.drop));
        for trouble in gone.map(|trouble| scan::id_of(&trouble.key)) {
            let writer = writer.clone();
            self.tracker.spawn(async move {
                if let Err(error) = writer.trouble_over(trouble).await {
                    tracing::error!(%error, "The end of a trouble could not be recorded.");
                }
            });
        }
    }

    /// File events poke the scanner of their drop. Without them polling finds the same files.
    fn start_watch(
        &self,
        scans: &BTreeMap<DropName, ScanTask>,
        stop: &CancellationToken,
    ) -> Option<JoinHandle<()>> {
        let folders: Vec<(DropName, PathBuf)> = self
            .settings
            .drops
            .iter()
            .filter_map(|drop| match &drop.place {
                DropPlace::Local { path } => Some((drop.name.clone(), path.clone())),
                DropPlace::Sftp(_) => None,
            })
            .collect();
        if folders.is_empty() {
            return None;
        }
        let pokes: BTreeMap<DropName, Poke> =
            scans.iter().map(|(name, task)| (name.clone(), task.poke.clone())).collect();
        let (wake, woken) = std::sync::mpsc::sync_channel::<()>(1);
        let watch = Watch::start(folders, move || {
            let _ = wake.try_send(());
        });
        let mut watch = match watch {
            Ok(watch) => watch,
            Err(error) => {
                tracing::warn!(%error, "No file events; drops are polled.");
                return None;
            }
        };
        for (drop, why) in watch.polled() {
            tracing::info!(%drop, why, "Drop is polled only.");
        }
        let stop = stop.clone();
        let run = move || {
            while !stop.is_cancelled() {
                let hinted = woken.recv_timeout(REARM.min(Duration::from_secs(1))).is_ok();
                if hinted {
                    watch.take_hints().iter().filter_map(|drop| pokes.get(drop)).for_each(Poke::poke);
                } else {
                    watch.rearm().iter().filter_map(|drop| pokes.get(drop)).for_each(Poke::poke);
                }
            }
        };
        std::thread::Builder::new().name("watch".to_owned()).spawn(run).ok()
    }

    async fn stop_intake(&mut self) {
        let Some(Intake { stop, scans, watch }) = self.intake.take() else { return };
        stop.cancel();
        let threads: Vec<JoinHandle<()>> = scans
            .into_values()
            .map(|task| {
                task.poke.poke();
                task.thread
            })
            .chain(watch)
            .collect();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("A scanner's thread broke while it stopped.");
                }
            }
        });
        let _ = joined.await;
    }

    async fn stop_task(task: Option<Task>) {
        if let Some(Task { stop, handle }) = task {
            stop.cancel();
            let _ = handle.await;
        }
    }
}

/// Files that stay in their drops are known by their content.
pub(super) fn known(store: Arc<dyn Store>) -> Known {
    Arc::new(move |_, content| matches!(store.input(*content), Ok(Some(_))))
}
