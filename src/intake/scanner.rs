//! One drop, scanned: list, wait for stillness, fetch in bounded batches, tidy up after the caller has kept the bytes.
//!
//! A scanner blocks for as long as its folder does, so each drop has its own, on a thread where blocking is allowed;
//! a stuck server then holds up nobody else. What is handed out and not [finished](Scanner::finish) is offered again,
//! so a caller that cannot keep the bytes (a full disk) simply does not finish.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::settle::{Completeness, Settled, Settler, WaitingFile, completeness};
use super::{
    After, DropPlace, DropSettings, Finished, Folder, IntakeError, Listing, Seen, Trouble, TroubleKey,
    TroubleKind, Troubles, backoff, open_folder,
};
use crate::ident::{BrokerName, DropName, Fingerprint};

/// How much one scan may hand out. The first file of a batch is handed out whatever its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScanLimits {
    pub batch_files: usize,
    pub batch_bytes: u64,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { batch_files: 64, batch_bytes: 16 << 20 }
    }
}

/// A file that cannot be read, or that broke the connection, is tried again after this.
const RETRY_FILE: Duration = Duration::from_secs(60);
/// Files that are told to the folder as coming next.
const EXPECTED_FILES: usize = 64;

/// A file that is complete, with all its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrived {
    pub drop: DropName,
    pub broker: BrokerName,
    pub name: String,
    pub bytes: Vec<u8>,
    pub size_bytes: u64,
    pub modified: DateTime<Utc>,
    /// SHA-256 of the bytes.
    pub fingerprint: Fingerprint,
    /// True when the trailer never came and the file was taken because it stood still for so long.
    pub incomplete: bool,
    settled: Settled,
}

/// What one scan brought.
#[derive(Debug)]
pub struct ScanReport {
    pub ready: Vec<Arrived>,
    /// Troubles that are new with this scan. Each is told once.
    pub troubles: Vec<Trouble>,
    /// Troubles that are over.
    pub cleared: Vec<TroubleKey>,
    /// When to scan next if no hint comes sooner. Not later than one poll interval, unless a server is being left
    /// alone after failures; at once when more files are ready.
    pub next: DateTime<Utc>,
}

/// What a page shows about a drop.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DropState {
    /// The last time the folder was listed.
    pub listed_at: Option<DateTime<Utc>>,
    /// Files that are still being written or wait for their trailer, and files that are ready.
    pub files: usize,
    pub ready: usize,
    /// Failures in a row to reach the folder, and when it is tried again.
    pub failures: u32,
    pub retry_at: Option<DateTime<Utc>>,
}

/// Says whether the journal already holds a file that stays in its folder, by name and content.
pub type Known = Arc<dyn Fn(&str, &Fingerprint) -> bool + Send + Sync>;

/// Scans one drop.
pub struct Scanner {
    settings: DropSettings,
    limits: ScanLimits,
    folder: Box<dyn Folder>,
    known: Known,
    settler: Settler,
    queue: VecDeque<Settled>,
    listed_at: Option<DateTime<Utc>>,
    /// Files that are kept and not yet tidied up, because that failed.
    unfinished: BTreeMap<String, Unfinished>,
    troubles: Troubles,
    /// Troubles that ended while a file was tidied up; the next report has them.
    ended: Vec<TroubleKey>,
    failures: u32,
    retry_at: Option<DateTime<Utc>>,
}

struct Unfinished {
    settled: Settled,
    content: Fingerprint,
    failures: u32,
    again_at: DateTime<Utc>,
}

impl Scanner {
    pub fn open(settings: DropSettings, limits: ScanLimits) -> Self {
        let folder = open_folder(&settings);
        Self::new(settings, limits, folder)
    }

    /// A scanner over any folder; tests bring their own.
    pub fn new(settings: DropSettings, limits: ScanLimits, folder: Box<dyn Folder>) -> Self {
        let settler = Settler::new(settings.settle, settings.incomplete_after);
        Self {
            settings,
            limits,
            folder,
            known: Arc::new(|_, _| false),
            settler,
            queue: VecDeque::new(),
            listed_at: None,
            unfinished: BTreeMap::new(),
            troubles: Troubles::default(),
            ended: Vec::new(),
            failures: 0,
            retry_at: None,
        }
    }

    /// With `After::Leave`, files that `known` knows are passed over, so a restart does not take them again.
    pub fn with_known(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// Troubles that an earlier run told and that were not over when it ended: they are not told again, and their end is.
    pub fn with_troubles(mut self, open: Vec<Trouble>) -> Self {
        for trouble in open {
            self.troubles.raise(trouble);
        }
        self
    }

    /// For a run that ends: a file that has lain untouched for `incomplete_after` by the time of its last change is taken
    /// without its trailer. A scanner that lives on counts from when it saw the file, for that needs no clock of others.
    pub fn with_file_times(mut self) -> Self {
        self.settler.trust_file_times();
        self
    }

    pub fn settings(&self) -> &DropSettings {
        &self.settings
    }

    /// Does what is due at `now`, and no more than one batch. `stop` ends it between two files.
    pub fn scan(&mut self, now: DateTime<Utc>, stop: &CancellationToken) -> ScanReport {
        let cleared = std::mem::take(&mut self.ended);
        let mut report = ScanReport { ready: Vec::new(), troubles: Vec::new(), cleared, next: now };
        let outcome = self.try_scan(now, stop, &mut report);
        if let Err(error) = outcome {
            self.fail(&error, now, &mut report);
        }
        report.next = self.next(now);
        report
    }

    /// Tidies up after a file whose bytes are safely kept: moves, deletes or leaves it. When that fails it is tried
    /// again by later scans, without fetching the file again. Answers a trouble when it is new.
    pub fn finish(&mut self, arrived: &Arrived, now: DateTime<Utc>) -> Option<Trouble> {
        self.settler.taken(&arrived.settled);
        let unfinished = Unfinished {
            settled: arrived.settled.clone(),
            content: arrived.fingerprint,
            failures: 0,
            again_at: now,
        };
        if self.is_left_alone(now) {
            self.unfinished.insert(arrived.name.clone(), unfinished);
            return None;
        }
        let mut report =
            ScanReport { ready: Vec::new(), troubles: Vec::new(), cleared: Vec::new(), next: now };
        if let Err(error) = self.finish_one(unfinished, now, &mut report) {
            self.fail(&error, now, &mut report);
        }
        self.ended.append(&mut report.cleared);
        report.troubles.pop()
    }

    /// The files that this scanner leaves in the folder as it is now, and what for.
    pub fn waiting(&self) -> Vec<WaitingFile> {
        self.settler.waiting_files()
    }

    /// Troubles that are open now.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.open()
    }

    pub fn state(&self) -> DropState {
        DropState {
            listed_at: self.listed_at,
            files: self.settler.waiting(),
            ready: self.queue.len(),
            failures: self.failures,
            retry_at: self.retry_at,
        }
    }

    fn try_scan(
        &mut self,
        now: DateTime<Utc>,
        stop: &CancellationToken,
        report: &mut ScanReport,
    ) -> Result<(), IntakeError> {
        if self.is_left_alone(now) || stop.is_cancelled() {
            return Ok(());
        }
        self.finish_the_rest(now, stop, report)?;
        if self.queue.is_empty() || self.is_list_due(now) {
            self.list(now, report)?;
        }
        let fetched = self.fill(now, stop, report);
        let next: Vec<Seen> =
            self.queue.iter().take(EXPECTED_FILES).map(|settled| settled.seen().clone()).collect();
        if fetched.is_ok() && !next.is_empty() {
            self.folder.expect(&next, self.settings.max_file_bytes);
        }
        fetched
    }

    fn list(&mut self, now: DateTime<Utc>, report: &mut ScanReport) -> Result<(), IntakeError> {
        let listing = self.folder.list()?;
        self.listed_at = Some(now);
        self.failures = 0;
        self.retry_at = None;
        self.queue = self.settler.look(&listing.files, now).into();
        self.unfinished.retain(|_, rest| self.settler.holds(&rest.settled));
        let over = self.over(&listing);
        report.cleared.extend(self.troubles.clear(|key| over.contains(key)));
        for name in listing.odd_names {
            self.raise(&IntakeError::OddName { name: name.clone() }, Some(&name), now, report);
        }
        if listing.cut_short {
            self.raise(&IntakeError::TooMany, None, now, report);
        }
        Ok(())
    }

    /// The troubles that this listing shows to be over.
    fn over(&self, listing: &Listing) -> Vec<TroubleKey> {
        let sizes: BTreeMap<&str, u64> =
            listing.files.iter().map(|seen| (seen.name.as_str(), seen.size_bytes)).collect();
        let is_over = |key: &TroubleKey| {
            let file = key.file.as_deref().unwrap_or_default();
            match key.kind {
                TroubleKind::Unreachable
                | TroubleKind::ListFailed
                | TroubleKind::LoginRefused
                | TroubleKind::HostKeyRefused => true,
                TroubleKind::TooMany => !listing.cut_short,
                TroubleKind::TooLarge => {
                    sizes.get(file).is_none_or(|&size_bytes| size_bytes <= self.settings.max_file_bytes)
                }
                TroubleKind::Unreadable => !sizes.contains_key(file),
                // One that an earlier run could not tidy up is there, and is taken and tidied up again.
                TroubleKind::FinishFailed => !self.unfinished.contains_key(file) && !sizes.contains_key(file),
                TroubleKind::OddName => !listing.odd_names.iter().any(|name| name == file),
            }
        };
        self.troubles.open().map(|trouble| &trouble.key).filter(|key| is_over(key)).cloned().collect()
    }

    /// Takes files from the queue until the batch is full.
    fn fill(
        &mut self,
        now: DateTime<Utc>,
        stop: &CancellationToken,
        report: &mut ScanReport,
    ) -> Result<(), IntakeError> {
        let mut batch_bytes = 0u64;
        while report.ready.len() < self.limits.batch_files && !stop.is_cancelled() {
            let Some(settled) = self.queue.pop_front() else { break };
            let size_bytes = settled.seen().size_bytes;
            if !report.ready.is_empty() && batch_bytes.saturating_add(size_bytes) > self.limits.batch_bytes {
                self.queue.push_front(settled);
                break;
            }
            if let Some(arrived) = self.take(settled, now, report)? {
                batch_bytes = batch_bytes.saturating_add(arrived.size_bytes);
                report.ready.push(arrived);
            }
        }
        Ok(())
    }

    /// Fetches one file. `None` when it is not to be handed out now.
    fn take(
        &mut self,
        settled: Settled,
        now: DateTime<Utc>,
        report: &mut ScanReport,
    ) -> Result<Option<Arrived>, IntakeError> {
        let seen = settled.seen();
        let bytes = match self.folder.fetch(seen, self.settings.max_file_bytes) {
            Ok(bytes) => bytes,
            Err(IntakeError::Vanished { .. } | IntakeError::Changed { .. }) => {
                self.settler.restart(&settled);
                return Ok(None);
            }
            Err(error) => {
                // Tried later, after the others: one file must not stand in their way.
                let again_at = match error.kind() {
                    TroubleKind::TooLarge => None,
                    _ => after(now, RETRY_FILE.max(self.settings.poll)),
                };
                self.settler.refuse(&settled, again_at);
                if error.is_about_folder() {
                    return Err(error);
                }
                self.raise(&error, Some(&seen.name), now, report);
                return Ok(None);
            }
        };
        self.clear_file(TroubleKind::Unreadable, &seen.name, report);
        let whole = completeness(&bytes) == Completeness::Complete;
        if !whole && !settled.is_overdue() {
            self.settler.lacks_trailer(&settled);
            return Ok(None);
        }
        let fingerprint = Fingerprint::of(&bytes);
        if self.settings.after == After::Leave && (self.known)(&seen.name, &fingerprint) {
            self.settler.taken(&settled);
            return Ok(None);
        }
        Ok(Some(Arrived {
            drop: self.settings.name.clone(),
            broker: self.settings.broker.clone(),
            name: seen.name.clone(),
            size_bytes: seen.size_bytes,
            modified: seen.modified,
            bytes,
            fingerprint,
            incomplete: !whole,
            settled,
        }))
    }

    /// Tries again what could not be tidied up, a batch at most.
    fn finish_the_rest(
        &mut self,
        now: DateTime<Utc>,
        stop: &CancellationToken,
        report: &mut ScanReport,
    ) -> Result<(), IntakeError> {
        let due = self.unfinished.iter().filter(|(_, rest)| rest.again_at <= now);
        let due: Vec<String> = due.map(|(name, _)| name.clone()).take(self.limits.batch_files).collect();
        for name in due {
            if stop.is_cancelled() {
                break;
            }
            if let Some(rest) = self.unfinished.remove(&name) {
                self.finish_one(rest, now, report)?;
            }
        }
        Ok(())
    }

    fn finish_one(
        &mut self,
        mut rest: Unfinished,
        now: DateTime<Utc>,
        report: &mut ScanReport,
    ) -> Result<(), IntakeError> {
        let name = rest.settled.seen().name.clone();
        let error = match self.folder.finish(rest.settled.seen(), &rest.content) {
            Ok(finished) => {
                // A file that left the folder is forgotten: the next of its name may look just like it.
                if finished != Finished::Done || self.settings.after != After::Leave {
                    self.settler.restart(&rest.settled);
                }
                self.clear_file(TroubleKind::FinishFailed, &name, report);
                return Ok(());
            }
            Err(error) => error,
        };
        rest.failures = rest.failures.saturating_add(1);
        rest.again_at =
            after(now, backoff::delay(rest.failures, &name).max(self.settings.poll)).unwrap_or(now);
        self.unfinished.insert(name.clone(), rest);
        if error.is_about_folder() {
            return Err(error);
        }
        self.raise(&error, Some(&name), now, report);
        Ok(())
    }

    /// The folder is out of reach: leave it alone for a while.
    fn fail(&mut self, error: &IntakeError, now: DateTime<Utc>, report: &mut ScanReport) {
        self.failures = self.failures.saturating_add(1);
        let wait = match (&self.settings.place, error.is_transient()) {
            (DropPlace::Local { .. }, _) => {
                backoff::delay(self.failures, self.settings.name.as_str()).min(self.settings.poll)
            }
            (DropPlace::Sftp(_), true) => backoff::delay(self.failures, self.settings.name.as_str()),
            // Nobody is served by a refused login every second, and some servers lock accounts over it.
            (DropPlace::Sftp(_), false) => backoff::CAP,
        };
        self.retry_at = after(now, wait);
        let kind = error.kind();
        let stale = |key: &TroubleKey| {
            let about_folder = matches!(
                key.kind,
                TroubleKind::Unreachable
                    | TroubleKind::ListFailed
                    | TroubleKind::LoginRefused
                    | TroubleKind::HostKeyRefused
            );
            about_folder && key.kind != kind
        };
        report.cleared.extend(self.troubles.clear(stale));
        self.raise(error, None, now, report);
    }

    fn raise(
        &mut self,
        error: &IntakeError,
        file: Option<&str>,
        now: DateTime<Utc>,
        report: &mut ScanReport,
    ) {
        let key = TroubleKey {
            drop: self.settings.name.clone(),
            kind: error.kind(),
            file: file.map(str::to_owned),
        };
        let trouble = Trouble { key, text: error.report(), since: now, transient: error.is_transient() };
        report.troubles.extend(self.troubles.raise(trouble));
    }

    fn clear_file(&mut self, kind: TroubleKind, name: &str, report: &mut ScanReport) {
        let cleared = self.troubles.clear(|key| key.kind == kind && key.file.as_deref() == Some(name));
        report.cleared.extend(cleared);
    }

    /// True while a server that failed is not to be called again. A clock set back ends the wait.
    fn is_left_alone(&self, now: DateTime<Utc>) -> bool {
        self.retry_at
            .is_some_and(|at| now < at && at - now <= TimeDelta::from_std(backoff::CAP).unwrap_or_default())
    }

    fn is_list_due(&self, now: DateTime<Utc>) -> bool {
        let due = self.listed_at.and_then(|at| after(at, self.settings.poll));
        due.is_none_or(|due| now >= due) || self.listed_at.is_some_and(|at| at > now)
    }

    fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if let Some(at) = self.retry_at.filter(|&at| at > now) {
            return at;
        }
        if !self.queue.is_empty() {
            return now;
        }
        let poll = self.listed_at.and_then(|at| after(at, self.settings.poll)).unwrap_or(now).max(now);
        let rest = self.unfinished.values().map(|rest| rest.again_at).filter(|&at| at > now).min();
        [self.settler.next_look(now), rest].into_iter().flatten().fold(poll, DateTime::min)
    }
}

fn after(now: DateTime<Utc>, wait: Duration) -> Option<DateTime<Utc>> {
    now.checked_add_signed(TimeDelta::from_std(wait).ok()?)
}

#[cfg(test)]
mod tests;
