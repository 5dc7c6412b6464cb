//! Scans one drop on a thread of its own, so that a stuck server holds up nobody else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::daemon::writer::{WriteError, Writer};
use crate::ident::DropName;
use crate::intake::scanner::{Arrived, DropState, Known, ScanLimits, Scanner};
use crate::intake::{DropSettings, Trouble, TroubleKey, TroubleKind};
use crate::outbox::{TroubleBrief, TroubleId};
use crate::place::Severity;
use crate::store::{Store, StoreError};

/// The scanner looks at its stop signal at least this often.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Files of one drop that may be in memory at once.
const BATCH_BYTES: u64 = 16 << 20;
const BATCH_FILES: usize = 64;

/// Wakes one scanner. Further pokes while one is pending change nothing.
#[derive(Clone)]
pub struct Poke(SyncSender<()>);

impl Poke {
    pub fn poke(&self) {
        match self.0.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }
}

/// One running scanner.
pub struct ScanTask {
    pub poke: Poke,
    pub state: Arc<Mutex<DropState>>,
    pub thread: JoinHandle<()>,
}

/// Starts the scanner of one drop.
///
/// # Errors
/// When the system gives no thread.
pub fn start(
    settings: DropSettings,
    writer: Writer,
    clock: Arc<dyn Clock>,
    known: Known,
    open: Vec<Trouble>,
    stop: CancellationToken,
) -> std::io::Result<ScanTask> {
    let (poke, pokes) = sync_channel(1);
    let state = Arc::new(Mutex::new(DropState::default()));
    let task = Task { writer, clock, stop, pokes, open: Mutex::new(open), state: state.clone() };
    let name: String = format!("scan {}", settings.name).chars().take(15).collect();
    let thread = std::thread::Builder::new().name(name).spawn(move || task.supervise(&settings, &known))?;
    Ok(ScanTask { poke: Poke(poke), state, thread })
}

struct Task {
    writer: Writer,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    pokes: Receiver<()>,
    /// Troubles that an earlier run of the scanner told.
    open: Mutex<Vec<Trouble>>,
    state: Arc<Mutex<DropState>>,
}

impl Task {
    /// Runs the scanner, and runs it again after a panic: one drop's bad luck must not end the others.
    fn supervise(&self, settings: &DropSettings, known: &Known) {
        let mut failures: u32 = 0;
        while !self.stop.is_cancelled() {
            let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.run(settings, known)));
            if run.is_ok() {
                return;
            }
            failures = failures.saturating_add(1);
            tracing::error!(drop = %settings.name, failures, "The scanner of a drop broke; it is started again.");
            self.wait(Duration::from_secs(u64::from(failures.min(60))));
        }
    }

    fn run(&self, settings: &DropSettings, known: &Known) {
        let limits = ScanLimits { batch_files: BATCH_FILES, batch_bytes: BATCH_BYTES };
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut scanner =
            Scanner::open(settings.clone(), limits).with_known(known.clone()).with_troubles(open);
        while !self.stop.is_cancelled() {
            let now = self.clock.now();
            let report = scanner.scan(now, &self.stop);
            self.tell(settings, report.troubles, &report.cleared);
            let next = if report.ready.is_empty() {
                report.next
            } else {
                self.take(&mut scanner, report.ready, report.next)
            };
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = scanner.troubles().cloned().collect();
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = scanner.state();
            self.wait_until(next);
        }
    }

    /// Hands files to the writer; those that are kept may leave the drop. Answers when to scan again.
    fn take(&self, scanner: &mut Scanner, ready: Vec<Arrived>, next: DateTime<Utc>) -> DateTime<Utc> {
        let drop = scanner.settings().name.clone();
        match self.writer.receive_blocking(ready.clone()) {
            Ok(taken) => {
                let now = self.clock.now();
                for (file, taken) in ready.iter().zip(taken) {
                    tracing::info!(
                        %drop,
                        name = %file.name,
                        file = %taken.file,
                        duplicate = taken.received.duplicate,
                        messages = taken.received.messages,
                        notices = taken.received.notices,
                        errors = taken.received.errors,
                        "File received."
                    );
                    if let Some(trouble) = scanner.finish(file, now) {
                        self.tell(&scanner.settings().clone(), vec![trouble], &[]);
                    }
                }
                next
            }
            Err(WriteError::FullDisk { .. }) => self.clock.now() + chrono::TimeDelta::seconds(30),
            Err(WriteError::Stopped) => next,
            Err(error) => {
                tracing::error!(%drop, %error, "Files could not be kept; they stay in their drop.");
                self.clock.now() + chrono::TimeDelta::seconds(30)
            }
        }
    }

    fn tell(&self, settings: &DropSettings, troubles: Vec<Trouble>, cleared: &[TroubleKey]) {
        for key in cleared {
            tracing::info!(drop = %key.drop, trouble = key.kind.as_str(), "A trouble of a drop is over.");
            if let Err(error) = self.writer.trouble_over_blocking(id_of(key)) {
                tracing::error!(drop = %settings.name, %error, "The end of a trouble could not be recorded.");
            }
        }
        for trouble in troubles {
            tracing::warn!(drop = %settings.name, trouble = trouble.key.kind.as_str(), text = %trouble.text, "Trouble with a drop.");
            let (severity, brief) = told(&trouble);
            if let Err(error) = self.writer.trouble_blocking(severity, settings.broker.as_str(), brief) {
                tracing::error!(drop = %settings.name, %error, "A trouble could not be recorded.");
            }
        }
    }

    fn wait_until(&self, next: DateTime<Utc>) {
        while !self.stop.is_cancelled() {
            let left = (next - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
            if left.is_zero() || self.wait(left.min(WAIT_MAX)) {
                return;
            }
        }
    }

    /// Waits for a poke; true when one came.
    fn wait(&self, time: Duration) -> bool {
        match self.pokes.recv_timeout(time) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                // Nobody can poke any more; polling goes on at its own pace.
                std::thread::park_timeout(time);
                false
            }
        }
    }
}

/// A trouble as people are told of it.
pub fn told(trouble: &Trouble) -> (Severity, TroubleBrief) {
    (severity(trouble.key.kind), brief(trouble))
}

fn severity(kind: TroubleKind) -> Severity {
    match kind {
        TroubleKind::HostKeyRefused | TroubleKind::LoginRefused | TroubleKind::ListFailed => {
            Severity::Critical
        }
        _ => Severity::Warning,
    }
}

/// A trouble of a drop as it is told and remembered.
pub fn id_of(key: &TroubleKey) -> TroubleId {
    let subject = match &key.file {
        Some(file) => format!("drop {}, file {file}", key.drop),
        None => format!("drop {}", key.drop),
    };
    TroubleId { subject: subject.into(), code: key.kind.as_str().into() }
}

/// What is remembered as told and not over, by drop. Troubles about other things are left out.
pub fn open_troubles(store: &dyn Store) -> Result<Vec<Trouble>, StoreError> {
    let open = store.troubles()?.into_iter().filter_map(|open| {
        let kind = TroubleKind::parse(&open.brief.code)?;
        let subject = open.brief.subject.strip_prefix("drop ")?;
        // A drop's name has no comma.
        let (drop, file) = match subject.split_once(", file ") {
            Some((drop, file)) => (drop, Some(file.to_owned())),
            None => (subject, None),
        };
        let key = TroubleKey { drop: DropName::new(drop), kind, file };
        Some(Trouble { key, text: open.brief.message, since: open.since, transient: false })
    });
    Ok(open.collect())
}

fn brief(trouble: &Trouble) -> TroubleBrief {
    let TroubleId { subject, code } = id_of(&trouble.key);
    TroubleBrief {
        subject,
        code,
        message: trouble.text.clone(),
        advice: advice(trouble.key.kind).to_owned(),
        file: None,
        place: None,
    }
}

fn advice(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::ListFailed => "See that the folder exists and that the service may read it.",
        TroubleKind::TooMany => "Clear old files out of the folder, or see why they are not taken.",
        TroubleKind::TooLarge => {
            "Raise max_file_size for this drop if the broker really sends files this large."
        }
        TroubleKind::OddName => "Ask the broker to use a plain file name.",
        TroubleKind::Unreadable => "See that the service may read the file; it is tried again by itself.",
        TroubleKind::FinishFailed => {
            "The file was read and is safe, but it could not be moved or deleted. See that the service may write to the folder."
        }
        TroubleKind::Unreachable => {
            "The server does not answer. It is tried again by itself; ask the broker if it lasts."
        }
        TroubleKind::LoginRefused => {
            "See the user name and the key or password; ask the broker whether they changed."
        }
        TroubleKind::HostKeyRefused => {
            "Do not go on before the broker has confirmed the new host key by telephone; then pin it in the configuration."
        }
    }
}
