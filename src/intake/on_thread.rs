//! A folder on a thread of its own, so that no server can hold up anybody but itself.
//!
//! Calls go over a channel and come back within a limit even if the library below hangs (name resolution and agents
//! know no timeout). While the thread is idle it fetches files that are expected next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::Duration;

use super::{Checked, Finished, Folder, IntakeError, Listing, Seen};
use crate::ident::Fingerprint;

/// Files fetched ahead of being asked for: never more than these, in number and bytes.
const AHEAD_FILES_MAX: usize = 64;
const AHEAD_BYTES_MAX: u64 = 8 << 20;
/// Many waits make a call (resolving, connecting, handshake, login, the call itself); it is given up after as many
/// timeouts.
const TIMEOUTS_PER_CALL: u32 = 10;
/// A file that comes more slowly than this is given up.
pub(super) const BYTES_PER_SEC_MIN: u64 = 8 << 10;

/// How long a fetch may take in all.
pub(super) fn fetch_limit(timeout: Duration, size_bytes: u64) -> Duration {
    timeout.saturating_mul(3).saturating_add(Duration::from_secs(size_bytes / BYTES_PER_SEC_MIN))
}

enum Ask {
    List,
    Fetch(Seen, u64),
    Expect(Vec<Seen>, u64),
    Finish(Seen, Fingerprint),
    Check,
}

enum Answer {
    Listed(Result<Listing, IntakeError>),
    Fetched(Result<Vec<u8>, IntakeError>),
    Finished(Result<Finished, IntakeError>),
    Checked(Result<Checked, IntakeError>),
}

/// The near end of the channel. Dropping it ends the thread as soon as its last call returns.
pub(super) struct OnThread {
    asks: Sender<Ask>,
    answers: Receiver<Answer>,
    /// An answer nobody waits for any more is still to come.
    owed: bool,
    server: String,
    timeout: Duration,
}

/// Why the thread gave no answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("no answer within {} s", .0.as_secs_f32())]
    InTime(Duration),
    #[error("an earlier call has not come back yet")]
    Busy,
    #[error("its thread has ended")]
    Ended,
}

impl OnThread {
    pub(super) fn start(folder: Box<dyn Folder>, server: String, timeout: Duration) -> Self {
        let (asks, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let name = format!("sftp {server}");
        if let Err(error) = thread::Builder::new().name(name).spawn(move || serve(folder, &asked, &answer)) {
            // The channels are closed then, and every call says so.
            tracing::error!(%server, %error, "Could not start a thread for a server.");
        }
        Self { asks, answers, owed: false, server, timeout }
    }

    fn call(&mut self, ask: Ask, limit: Duration) -> Result<Answer, IntakeError> {
        self.try_call(ask, limit)
            .map_err(|reason| IntakeError::Connect { server: self.server.clone(), source: reason.into() })
    }

    fn try_call(&mut self, ask: Ask, limit: Duration) -> Result<Answer, NoAnswer> {
        if self.owed {
            match self.answers.try_recv() {
                Ok(_late) => self.owed = false,
                Err(TryRecvError::Empty) => return Err(NoAnswer::Busy),
                Err(TryRecvError::Disconnected) => return Err(NoAnswer::Ended),
            }
        }
        self.asks.send(ask).map_err(|_| NoAnswer::Ended)?;
        match self.answers.recv_timeout(limit) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.owed = true;
                Err(NoAnswer::InTime(limit))
            }
            Err(RecvTimeoutError::Disconnected) => Err(NoAnswer::Ended),
        }
    }

    fn call_limit(&self) -> Duration {
        self.timeout.saturating_mul(TIMEOUTS_PER_CALL)
    }

    /// An answer to another question than the one asked cannot come: one question is open at a time.
    fn mixed_up(&self) -> IntakeError {
        IntakeError::Connect { server: self.server.clone(), source: NoAnswer::Ended.into() }
    }
}

impl Folder for OnThread {
    fn list(&mut self) -> Result<Listing, IntakeError> {
        match self.call(Ask::List, self.call_limit())? {
            Answer::Listed(listing) => listing,
            _ => Err(self.mixed_up()),
        }
    }

    fn fetch(&mut self, seen: &Seen, limit_bytes: u64) -> Result<Vec<u8>, IntakeError> {
        // One file may be on its way ahead of this one.
        let ahead = fetch_limit(Duration::ZERO, AHEAD_BYTES_MAX);
        let limit = self.call_limit() + ahead + fetch_limit(self.timeout, seen.size_bytes.min(limit_bytes));
        match self.call(Ask::Fetch(seen.clone(), limit_bytes), limit)? {
            Answer::Fetched(bytes) => bytes,
            _ => Err(self.mixed_up()),
        }
    }

    fn expect(&mut self, next: &[Seen], limit_bytes: u64) {
        let next = next.iter().take(AHEAD_FILES_MAX).cloned().collect();
        // A thread that has ended says so at the next call.
        drop(self.asks.send(Ask::Expect(next, limit_bytes)));
    }

    fn finish(&mut self, seen: &Seen, content: &Fingerprint) -> Result<Finished, IntakeError> {
        match self.call(Ask::Finish(seen.clone(), *content), self.call_limit())? {
            Answer::Finished(finished) => finished,
            _ => Err(self.mixed_up()),
        }
    }

    fn check(&mut self) -> Result<Checked, IntakeError> {
        match self.call(Ask::Check, self.call_limit())? {
            Answer::Checked(checked) => checked,
            _ => Err(self.mixed_up()),
        }
    }
}

/// The far end: answers questions, and fetches ahead while there are none.
fn serve(mut folder: Box<dyn Folder>, asked: &Receiver<Ask>, answer: &Sender<Answer>) {
    let mut ahead = Ahead::default();
    loop {
        let ask = if ahead.has_work() {
            match asked.try_recv() {
                Ok(ask) => ask,
                Err(TryRecvError::Empty) => {
                    ahead.fetch_one(folder.as_mut());
                    continue;
                }
                Err(TryRecvError::Disconnected) => return,
            }
        } else {
            match asked.recv() {
                Ok(ask) => ask,
                Err(_) => return,
            }
        };
        let reply = match ask {
            Ask::Expect(next, limit_bytes) => {
                ahead.expect(next, limit_bytes);
                continue;
            }
            Ask::List => {
                ahead = Ahead::default();
                Answer::Listed(folder.list())
            }
            Ask::Fetch(seen, limit_bytes) => {
                Answer::Fetched(ahead.take(&seen).unwrap_or_else(|| folder.fetch(&seen, limit_bytes)))
            }
            Ask::Finish(seen, content) => Answer::Finished(folder.finish(&seen, &content)),
            Ask::Check => Answer::Checked(folder.check()),
        };
        if answer.send(reply).is_err() {
            return;
        }
    }
}

/// Files fetched before they were asked for.
#[derive(Default)]
struct Ahead {
    expected: VecDeque<Seen>,
    limit_bytes: u64,
    fetched: BTreeMap<Seen, Result<Vec<u8>, IntakeError>>,
    held_bytes: u64,
}

impl Ahead {
    fn expect(&mut self, next: Vec<Seen>, limit_bytes: u64) {
        self.limit_bytes = limit_bytes;
        self.fetched.retain(|seen, _| next.contains(seen));
        self.held_bytes = self.fetched.keys().map(|seen| seen.size_bytes).sum();
        self.expected = next.into_iter().filter(|seen| !self.fetched.contains_key(seen)).collect();
    }

    fn has_work(&self) -> bool {
        self.expected.front().is_some_and(|next| {
            let bytes = self.held_bytes.saturating_add(next.size_bytes);
            self.fetched.len() < AHEAD_FILES_MAX && bytes <= AHEAD_BYTES_MAX.min(self.limit_bytes)
        })
    }

    fn fetch_one(&mut self, folder: &mut dyn Folder) {
        let Some(next) = self.expected.pop_front() else { return };
        match folder.fetch(&next, self.limit_bytes) {
            // Nobody waits for this file yet; whoever asks for one next meets the same trouble and reports it.
            Err(error) if error.is_about_folder() => self.expected.clear(),
            result => {
                self.held_bytes += next.size_bytes;
                self.fetched.insert(next, result);
            }
        }
    }

    fn take(&mut self, seen: &Seen) -> Option<Result<Vec<u8>, IntakeError>> {
        self.expected.retain(|next| next != seen);
        let found = self.fetched.remove(seen)?;
        self.held_bytes = self.held_bytes.saturating_sub(seen.size_bytes);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder whose listing waits until the test lets it go, and which tells what it fetches.
    struct Gated {
        gate: Receiver<()>,
        fetched: Sender<String>,
    }

    impl Folder for Gated {
        fn list(&mut self) -> Result<Listing, IntakeError> {
            self.gate.recv().ok();
            Ok(Listing::default())
        }
        fn fetch(&mut self, seen: &Seen, _: u64) -> Result<Vec<u8>, IntakeError> {
            self.fetched.send(seen.name.clone()).ok();
            Ok(seen.name.clone().into_bytes())
        }
        fn finish(&mut self, _: &Seen, _: &Fingerprint) -> Result<Finished, IntakeError> {
            Ok(Finished::Done)
        }
        fn check(&mut self) -> Result<Checked, IntakeError> {
            Ok(Checked { files: 0, remarks: vec![] })
        }
    }

    fn gated() -> (OnThread, Sender<()>, Receiver<String>) {
        let (open, gate) = mpsc::channel();
        let (fetched, fetches) = mpsc::channel();
        let folder =
            OnThread::start(Box::new(Gated { gate, fetched }), "test".into(), Duration::from_millis(5));
        (folder, open, fetches)
    }

    fn seen(name: &str, size_bytes: u64) -> Seen {
        Seen { name: name.into(), size_bytes, modified: chrono::DateTime::UNIX_EPOCH, version: 0 }
    }

    #[test]
    fn a_call_that_hangs_is_given_up_and_its_late_answer_is_dropped() {
        let (mut folder, open, _fetches) = gated();
        let text = folder.list().expect_err("it hangs").report();
        assert!(text.contains("no answer within"), "{text}");
        let text = folder.list().expect_err("it still hangs").report();
        assert!(text.contains("an earlier call"), "{text}");
        open.send(()).expect("the thread waits");
        // The late answer comes in its own time; until then the folder is busy and says so at once.
        while folder.check().is_err() {
            thread::yield_now();
        }
        assert_eq!(folder.check().expect("it is well again").files, 0);
    }

    #[test]
    fn expected_files_are_fetched_once_and_ahead() {
        let (mut folder, _open, fetches) = gated();
        folder.expect(&[seen("a", 1), seen("b", 1), seen("big", AHEAD_BYTES_MAX)], u64::MAX);
        for wanted in ["a", "b"] {
            assert_eq!(fetches.recv_timeout(Duration::from_secs(10)).as_deref(), Ok(wanted));
        }
        assert_eq!(folder.fetch(&seen("b", 1), 9).expect("bytes"), b"b");
        assert_eq!(folder.fetch(&seen("a", 1), 9).expect("bytes"), b"a");
        assert_eq!(folder.fetch(&seen("a", 2), 9).expect("bytes"), b"a", "a changed file is fetched anew");
        assert!(fetches.try_iter().all(|name| name == "big" || name == "a"));
    }
}
