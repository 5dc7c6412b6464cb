//! The commit of one group beside the reading of the next.
//!
//! At most one step is under way. Whoever reads the store meanwhile sees it first in that step, see
//! [`StoreView`](super::view::StoreView); whoever writes, or reads a range, waits for it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::step::{Position, Step};
use crate::store::{Occasion, Store, StoreError};

const DOING: &str = "commit a step";

/// Told when a step is committed, or will never be.
pub type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

type Job = (Arc<Step>, Done);

/// Commits steps in order, one of them beside its caller.
pub struct Commits {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    /// Started with the first step that is committed beside.
    thread: Option<(SyncSender<Job>, JoinHandle<()>)>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The step under way.
    pending: Option<Arc<Step>>,
    /// A commit failed: none is tried any more.
    failed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, failed: bool) {
        let mut state = self.lock();
        state.pending = None;
        state.failed |= failed;
        self.changed.notify_all();
    }
}

/// Ends the step under way even if its commit panics.
struct Ending<'a>(&'a Shared, bool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

impl Commits {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, shared: Arc::default(), thread: None }
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The step under way.
    pub fn pending(&self) -> Option<Arc<Step>> {
        self.shared.lock().pending.clone()
    }

    /// How far the journal is applied, the step under way included.
    pub fn position(&self) -> Result<Position, StoreError> {
        match self.pending() {
            Some(step) => Ok(step.position),
            None => self.store.position(),
        }
    }

    /// Waits until no step is under way.
    ///
    /// # Errors
    /// When one could not be committed; what comes after it would leave a hole.
    pub fn wait(&self) -> Result<(), StoreError> {
        let mut state = self.shared.lock();
        while state.pending.is_some() {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match state.failed {
            false => Ok(()),
            true => Err(StoreError::Failed { doing: DOING, source: "an earlier one failed".into() }),
        }
    }

    /// Commits a step and waits for it.
    pub fn commit(&self, step: &Step) -> Result<(), StoreError> {
        self.wait()?;
        let outcome = self.store.commit(step).and_then(|()| self.store.tidy(Occasion::Busy));
        if outcome.is_err() {
            self.shared.end(true);
        }
        outcome
    }

    /// Commits a step beside the caller. Waits for the one before it.
    ///
    /// # Errors
    /// When the step before could not be committed, or the thread did not start; `done` is told as well.
    pub fn begin(&mut self, step: Step, done: Done) -> Result<(), StoreError> {
        let ready = self.wait().and_then(|()| self.started());
        let jobs = match ready {
            Ok(jobs) => jobs,
            Err(error) => {
                done(Err(StoreError::Failed { doing: DOING, source: error.to_string().into() }));
                return Err(error);
            }
        };
        let step = Arc::new(step);
        self.shared.lock().pending = Some(step.clone());
        // The thread ends only when the sender does.
        if jobs.send((step, done)).is_err() {
            self.shared.end(true);
        }
        Ok(())
    }

    fn started(&mut self) -> Result<SyncSender<Job>, StoreError> {
        if let Some((jobs, _)) = &self.thread {
            return Ok(jobs.clone());
        }
        let (jobs, queue) = sync_channel(1);
        let (store, shared) = (self.store.clone(), self.shared.clone());
        let thread = std::thread::Builder::new()
            .name("commits".to_owned())
            .spawn(move || commit_all(&*store, &shared, &queue))
            .map_err(|source| StoreError::Failed { doing: DOING, source: source.into() })?;
        self.thread = Some((jobs.clone(), thread));
        Ok(jobs)
    }
}

fn commit_all(store: &dyn Store, shared: &Shared, queue: &Receiver<Job>) {
    while let Ok((step, done)) = queue.recv() {
        let mut ending = Ending(shared, true);
        let outcome = store.commit(&step);
        ending.1 = outcome.is_err();
        let failed = outcome.is_err();
        drop(ending);
        done(outcome);
        if !failed && let Err(error) = store.tidy(Occasion::Busy) {
            tracing::error!(%error, "The store could not be opened again.");
            shared.end(true);
        }
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        if let Some((jobs, thread)) = self.thread.take() {
            drop(jobs);
            // It holds the store, which the next to open it must find free.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::ident::Fingerprint;
    use crate::store::memory::MemoryStore;

    fn step(seq: u64) -> Step {
        Step::at(Position { seq, hash: Fingerprint::of(&seq.to_be_bytes()) })
    }

    #[test]
    fn steps_are_committed_in_order_and_each_is_told() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let mut commits = Commits::new(store.clone());
        let (said, heard) = channel();
        for seq in 1..=20 {
            let said = said.clone();
            let done =
                move |outcome: Result<(), StoreError>| said.send((seq, outcome.is_ok())).expect("heard");
            commits.begin(step(seq), Box::new(done)).expect("begun");
            assert_eq!(commits.position().expect("known").seq, seq);
        }
        commits.wait().expect("committed");
        assert_eq!(store.position().expect("known").seq, 20);
        assert!(commits.pending().is_none());
        commits.commit(&step(21)).expect("committed");
        drop(commits);
        let told: Vec<(u64, bool)> = heard.try_iter().collect();
        assert_eq!(told, (1..=20).map(|seq| (seq, true)).collect::<Vec<_>>());
        assert_eq!(Arc::strong_count(&store), 1);
    }
}
