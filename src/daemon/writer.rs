//! The one thread that writes: it owns the [`Engine`] and does jobs in the order in which they come.
//!
//! Files that arrive while a group is being read wait and become the next group, so that the number of syncs falls as
//! the load rises. A group is committed while the next one is read. The queue is bounded: whoever brings more waits.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::engine::{Engine, EngineError, Incoming, Taken, Versions};
use super::parts;
use super::room::disk_full;
use crate::ident::Fingerprint;
use crate::intake::scanner::Arrived;
use crate::outbox::{Acknowledgement, Attempt, LetterKey, NewSilence, TroubleBrief, TroubleId};
use crate::pipeline::Pipeline;
use crate::place::Severity;
use crate::serve::TargetWish;
use crate::step::Step;
use crate::store::{Occasion, Store, StoreError};
use crate::words::chain;

/// Jobs that may wait.
const QUEUE_JOBS: usize = 64;

/// Files and bytes that one group may hold. One sync and one commit are shared by all of them.
const GROUP_FILES_MAX: usize = 256;
const GROUP_BYTES_MAX: u64 = 64 << 20;

/// A group wants this much room beside its own size, in bytes: the log, the store, and a margin for everybody else.
const FREE_BYTES_MIN: u64 = 64 << 20;

type Reply<T> = oneshot::Sender<Result<T, WriteError>>;

/// The askers of a group, with how many files each brought.
type Replies = Vec<(usize, Reply<Vec<Taken>>)>;

/// Why a job was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing was changed; the files stay in their drops.
    #[error("the disk is full: {free_bytes} bytes are free below the state folder")]
    FullDisk { free_bytes: u64 },
    /// The journal or the store failed. The daemon ends, so that the next start finds out what is true.
    #[error("{0}")]
    Fatal(Arc<str>),
    #[error("{0}")]
    Refused(Arc<str>),
    /// What was asked for makes no sense; the text says why.
    #[error("{0}")]
    Declined(Arc<str>),
    #[error("the daemon is stopping")]
    Stopped,
}

enum Job {
    Receive(Vec<Arrived>, Reply<Vec<Taken>>),
    Delivered(Vec<Attempt>, Reply<()>),
    Tick(Reply<()>),
    CloseWindows(Reply<()>),
    Acknowledge(Box<Acknowledgement>, Reply<()>),
    Silence(Box<NewSilence>, Reply<()>),
    EndSilence { silence: u64, by: String, reply: Reply<()> },
    Trouble { severity: Severity, broker: Box<str>, trouble: TroubleBrief, reply: Reply<()> },
    TroubleOver { trouble: TroubleId, reply: Reply<()> },
    Reprocess { file: Fingerprint, by: String, reply: Reply<()> },
    RetryLetter { key: LetterKey, by: String, reply: Reply<()> },
    SetTarget { wish: TargetWish, by: String, reply: Reply<()> },
    Record { document: String, reply: Reply<()> },
    Reload { pipeline: Arc<Pipeline>, versions: Versions, reply: Reply<()> },
    Flush(Reply<()>),
    Stop,
}

/// Hands jobs to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    /// Changes after every job that may have written letters. Several may listen.
    letters: watch::Sender<u64>,
    store: Arc<dyn Store>,
    alive_at: Arc<AtomicI64>,
}

macro_rules! ask {
    ($self:ident, $reply:ident => $job:expr) => {{
        let ($reply, answer) = oneshot::channel();
        $self.jobs.send($job).await.map_err(|_| WriteError::Stopped)?;
        answer.await.map_err(|_| WriteError::Stopped)?
    }};
}

impl Writer {
    /// Starts the thread. It ends when it is told to or every [`Writer`] is gone, or after a fatal error, which `fatal` tells.
    pub fn start(
        engine: Engine,
        fatal: Arc<Notify>,
    ) -> std::io::Result<(Self, JoinHandle<Option<WriteError>>)> {
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS);
        let letters = watch::Sender::new(0);
        let store = engine.store().clone();
        let alive_at = Arc::new(AtomicI64::new(engine.now().timestamp()));
        let worker = Worker {
            fatal: fatal.clone(),
            engine,
            queue,
            letters: letters.clone(),
            alive_at: alive_at.clone(),
            waiting: None,
            full: None,
        };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            let error = worker.run();
            fatal.notify_one();
            error
        })?;
        Ok((Self { jobs, letters, store, alive_at }, thread))
    }

    /// Hears of every job that may have written letters.
    pub fn letters(&self) -> watch::Receiver<u64> {
        self.letters.subscribe()
    }

    /// Tells people of a trouble.
    pub async fn trouble(
        &self,
        severity: Severity,
        broker: &str,
        trouble: TroubleBrief,
    ) -> Result<(), WriteError> {
        ask!(self, reply => Job::Trouble { severity, broker: broker.into(), trouble, reply })
    }

    /// What the writer has committed.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// When the writer last finished a job or looked at its queue.
    pub fn alive_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.alive_at.load(Ordering::Relaxed), 0)
    }

    /// Receives files. `Ok` means that they are durable and may leave their drops. For blocking threads.
    pub fn receive_blocking(&self, files: Vec<Arrived>) -> Result<Vec<Taken>, WriteError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.blocking_send(Job::Receive(files, reply)).map_err(|_| WriteError::Stopped)?;
        answer.blocking_recv().map_err(|_| WriteError::Stopped)?
    }

    /// Tells people of a trouble. For blocking threads.
    pub fn trouble_blocking(
        &self,
        severity: Severity,
        broker: &str,
        trouble: TroubleBrief,
    ) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Trouble { severity, broker: broker.into(), trouble, reply };
        self.jobs.blocking_send(job).map_err(|_| WriteError::Stopped)?;
        answer.blocking_recv().map_err(|_| WriteError::Stopped)?
    }

    /// Tells people that a trouble is over, if they were told of it. For blocking threads.
    pub fn trouble_over_blocking(&self, trouble: TroubleId) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.blocking_send(Job::TroubleOver { trouble, reply }).map_err(|_| WriteError::Stopped)?;
        answer.blocking_recv().map_err(|_| WriteError::Stopped)?
    }

    pub async fn trouble_over(&self, trouble: TroubleId) -> Result<(), WriteError> {
        ask!(self, reply => Job::TroubleOver { trouble, reply })
    }

    pub async fn delivered(&self, attempts: Vec<Attempt>) -> Result<(), WriteError> {
        ask!(self, reply => Job::Delivered(attempts, reply))
    }

    /// Says what the clock makes due.
    pub async fn tick(&self) -> Result<(), WriteError> {
        ask!(self, reply => Job::Tick(reply))
    }

    /// Tells what gathers, for a process that does not stay until its windows end.
    pub async fn close_windows(&self) -> Result<(), WriteError> {
        ask!(self, reply => Job::CloseWindows(reply))
    }

    pub async fn acknowledge(&self, said: Acknowledgement) -> Result<(), WriteError> {
        ask!(self, reply => Job::Acknowledge(Box::new(said), reply))
    }

    pub async fn silence(&self, silence: NewSilence) -> Result<(), WriteError> {
        ask!(self, reply => Job::Silence(Box::new(silence), reply))
    }

    pub async fn end_silence(&self, silence: u64, by: String) -> Result<(), WriteError> {
        ask!(self, reply => Job::EndSilence { silence, by, reply })
    }

    pub async fn reprocess(&self, file: Fingerprint, by: String) -> Result<(), WriteError> {
        ask!(self, reply => Job::Reprocess { file, by, reply })
    }

    pub async fn retry_letter(&self, key: LetterKey, by: String) -> Result<(), WriteError> {
        ask!(self, reply => Job::RetryLetter { key, by, reply })
    }

    pub async fn set_target(&self, wish: TargetWish, by: String) -> Result<(), WriteError> {
        ask!(self, reply => Job::SetTarget { wish, by, reply })
    }

    /// Takes in a fact that a person recorded.
    pub async fn record(&self, document: String) -> Result<(), WriteError> {
        ask!(self, reply => Job::Record { document, reply })
    }

    pub async fn reload(&self, pipeline: Arc<Pipeline>, versions: Versions) -> Result<(), WriteError> {
        ask!(self, reply => Job::Reload { pipeline, versions, reply })
    }

    pub async fn flush(&self) -> Result<(), WriteError> {
        ask!(self, reply => Job::Flush(reply))
    }

    /// Ends the thread behind the jobs that are queued. Whoever brings more is told that the daemon is stopping.
    pub async fn stop(&self) {
        let _ = self.jobs.send(Job::Stop).await;
    }
}

struct Worker {
    /// Rung when a commit beside this thread fails.
    fatal: Arc<Notify>,
    engine: Engine,
    queue: mpsc::Receiver<Job>,
    letters: watch::Sender<u64>,
    alive_at: Arc<AtomicI64>,
    /// A job that was taken from the queue while a group was gathered and does not belong to it.
    waiting: Option<Job>,
    /// Whether the full disk was told and is not over; not known before the first look.
    full: Option<bool>,
}

/// Tells whoever delivers that there may be letters.
fn ring(letters: &watch::Sender<u64>) {
    letters.send_modify(|rung| *rung = rung.wrapping_add(1));
}

impl Worker {
    /// Answers the error that ended it, if one did.
    fn run(mut self) -> Option<WriteError> {
        loop {
            let job = match self.next_job() {
                Ok(Some(job)) => job,
                Ok(None) => break,
                Err(error) => {
                    let error = fatal(error);
                    tracing::error!(%error, "The reminders could not be moved; the daemon ends and must be started again.");
                    return Some(error);
                }
            };
            let done = match job {
                Job::Receive(files, reply) => self.receive_group(files, reply),
                Job::Delivered(attempts, reply) => answer(reply, self.engine.delivered(&attempts)),
                Job::Tick(reply) => answer(reply, self.tick()),
                Job::CloseWindows(reply) => answer(reply, self.engine.due(true).map(drop)),
                Job::Acknowledge(said, reply) => answer(reply, self.engine.acknowledge(&said)),
                Job::Silence(silence, reply) => answer(reply, self.engine.silence(*silence)),
                Job::EndSilence { silence, by, reply } => {
                    answer(reply, self.engine.end_silence(silence, &by))
                }
                Job::Trouble { severity, broker, trouble, reply } => {
                    answer(reply, self.engine.trouble(severity, &broker, trouble))
                }
                Job::TroubleOver { trouble, reply } => answer(reply, self.engine.trouble_over(trouble)),
                Job::Reprocess { file, by, reply } => answer(reply, self.engine.reprocess(file, &by)),
                Job::RetryLetter { key, by, reply } => answer(reply, self.engine.retry_letter(key, &by)),
                Job::SetTarget { wish, by, reply } => answer(reply, self.engine.set_target(wish, &by)),
                Job::Record { document, reply } => answer(reply, self.engine.record(document.as_bytes())),
                Job::Reload { pipeline, versions, reply } => {
                    answer(reply, self.engine.reload(pipeline, versions))
                }
                Job::Flush(reply) => answer(reply, self.engine.flush()),
                Job::Stop => break,
            };
            if let Err(error) = done {
                tracing::error!(%error, "The journal or the store failed; the daemon ends and must be started again.");
                return Some(error);
            }
            ring(&self.letters);
        }
        if let Err(error) = self.engine.settle() {
            return Some(fatal(error));
        }
        let tidied = self.engine.flush().and_then(|()| self.engine.tidy(Occasion::Stop));
        if let Err(error) = tidied {
            tracing::error!(error = %chain(&error), "Could not tidy up at the end; the next start does.");
        }
        None
    }

    /// The next job, `None` when no more can come. Between two jobs, and while none is there, a few entries are looked at under
    /// another table of deadlines.
    fn next_job(&mut self) -> Result<Option<Job>, EngineError> {
        loop {
            self.alive_at.store(self.engine.now().timestamp(), Ordering::Relaxed);
            self.engine.follow_some()?;
            if let Some(job) = self.waiting.take() {
                return Ok(Some(job));
            }
            if !self.engine.is_following() {
                return Ok(self.queue.blocking_recv());
            }
            match self.queue.try_recv() {
                Ok(job) => return Ok(Some(job)),
                Err(mpsc::error::TryRecvError::Disconnected) => return Ok(None),
                Err(mpsc::error::TryRecvError::Empty) => ring(&self.letters),
            }
        }
    }

    fn tick(&mut self) -> Result<(), EngineError> {
        self.engine.remind()?;
        self.engine.due(false)?;
        self.engine.digests()?;
        if !self.queue.is_empty() {
            return Ok(());
        }
        match self.engine.tidy(Occasion::Quiet) {
            // What was put off waits in its lines, and is tried again.
            Err(error @ EngineError::Journal(_)) => {
                tracing::warn!(error = %chain(&error), "Could not write to the archive.");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Gathers what has come meanwhile, and receives it as one group.
    fn receive_group(&mut self, files: Vec<Arrived>, reply: Reply<Vec<Taken>>) -> Result<(), WriteError> {
        let mut bytes: u64 = files.iter().map(|file| file.size_bytes).sum();
        let mut count = files.len();
        let mut requests = vec![(files, reply)];
        while count < GROUP_FILES_MAX && bytes < GROUP_BYTES_MAX {
            match self.queue.try_recv() {
                Ok(Job::Receive(files, reply)) => {
                    bytes += files.iter().map(|file| file.size_bytes).sum::<u64>();
                    count += files.len();
                    requests.push((files, reply));
                }
                Ok(other) => {
                    self.waiting = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        if let Err(error) = self.has_room(bytes) {
            for (_, reply) in requests {
                let _ = reply.send(Err(error.clone()));
            }
            return match error {
                WriteError::FullDisk { .. } => Ok(()),
                error => Err(error),
            };
        }
        let read = self.read_in_parts(&requests);
        let mut replies: Replies = requests.into_iter().map(|(files, reply)| (files.len(), reply)).collect();
        let (step, taken) = match read {
            Ok(read) => read,
            Err(error) => {
                let error = fatal(error);
                refuse(&mut replies, &error);
                return Err(error);
            }
        };
        let (letters, bell) = (self.letters.clone(), self.fatal.clone());
        let done = move |outcome: Result<(), StoreError>| match outcome {
            Ok(()) => {
                answer_group(replies, taken);
                ring(&letters);
            }
            Err(error) => {
                refuse(&mut replies, &WriteError::Fatal(chain(&error).into()));
                bell.notify_one();
            }
        };
        self.engine.commit_beside(step, Box::new(done)).map_err(fatal)
    }

    /// Reads a group, and commits all of it but the last part, whose step it answers.
    fn read_in_parts(
        &mut self,
        requests: &[(Vec<Arrived>, Reply<Vec<Taken>>)],
    ) -> Result<(Step, Vec<Taken>), EngineError> {
        let files: Vec<&Arrived> = requests.iter().flat_map(|(files, _)| files).collect();
        let mut rest = files.as_slice();
        let mut taken = Vec::with_capacity(files.len());
        loop {
            let (part, behind) = rest.split_at(parts::len(rest.iter().map(|file| file.size_bytes)));
            let (step, more) = self.read(part)?;
            taken.extend(more);
            rest = behind;
            if rest.is_empty() {
                return Ok((step, taken));
            }
            // Whoever commits next is told if it fails.
            self.engine.commit_beside(step, Box::new(drop))?;
        }
    }

    fn read(&mut self, files: &[&Arrived]) -> Result<(Step, Vec<Taken>), EngineError> {
        let mut contents: Vec<Cursor<&[u8]>> = files.iter().map(|file| Cursor::new(&*file.bytes)).collect();
        let mut incoming: Vec<Incoming<'_>> = files
            .iter()
            .zip(&mut contents)
            .map(|(file, content)| Incoming {
                drop: file.drop.clone(),
                broker: file.broker.clone(),
                name: file.name.as_str().into(),
                size_bytes: file.size_bytes,
                incomplete: file.incomplete,
                deliver: true,
                content,
            })
            .collect();
        self.engine.read(&mut incoming)
    }

    /// Refuses a group that would fill the disk, and tells it once; tells when there is room again.
    fn has_room(&mut self, bytes: u64) -> Result<(), WriteError> {
        let free_bytes = self.engine.free_bytes().unwrap_or(u64::MAX);
        if free_bytes >= bytes.saturating_mul(2).saturating_add(FREE_BYTES_MIN) {
            // A run before this one may have told it.
            if self.full != Some(false) {
                self.engine.trouble_over(disk_full(free_bytes).id()).map_err(fatal)?;
                self.full = Some(false);
            }
            return Ok(());
        }
        if self.full != Some(true) {
            self.full = Some(true);
            tracing::error!(free_bytes, "The disk is full; files stay in their drops.");
            // The journal keeps room for this one line; when even that fails the log has said it.
            if let Err(error) = self.engine.trouble(Severity::Critical, "", disk_full(free_bytes)) {
                tracing::error!(error = %chain(&error), "Could not record that the disk is full.");
            }
        }
        Err(WriteError::FullDisk { free_bytes })
    }
}

fn fatal(error: EngineError) -> WriteError {
    WriteError::Fatal(chain(&error).into())
}

/// Tells each asker of a group what became of its files.
fn answer_group(replies: Replies, mut taken: Vec<Taken>) {
    for (count, reply) in replies {
        let rest = taken.split_off(count.min(taken.len()));
        // Whoever asked may be gone; the files are safe all the same.
        let _ = reply.send(Ok(std::mem::replace(&mut taken, rest)));
    }
}

fn refuse(replies: &mut Replies, error: &WriteError) {
    for (_, reply) in replies.drain(..) {
        let _ = reply.send(Err(error.clone()));
    }
}

/// Answers a job. A refusal is the asker's matter; anything else is fatal.
fn answer<T>(reply: Reply<T>, outcome: Result<T, EngineError>) -> Result<(), WriteError> {
    match outcome {
        Ok(value) => {
            let _ = reply.send(Ok(value));
            Ok(())
        }
        Err(error @ EngineError::NoSuchFile(_)) => {
            let _ = reply.send(Err(WriteError::Refused(error.to_string().into())));
            Ok(())
        }
        Err(EngineError::Declined(text)) => {
            let _ = reply.send(Err(WriteError::Declined(text.into())));
            Ok(())
        }
        Err(error) => {
            let fatal = WriteError::Fatal(chain(&error).into());
            let _ = reply.send(Err(fatal.clone()));
            Err(fatal)
        }
    }
}
