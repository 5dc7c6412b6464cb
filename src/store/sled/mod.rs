//! The store in sled: one machine, one folder, no server. No sled type leaves this folder.
//!
//! The whole life of an entry is one value under its number, so that one read gives what the fold needs and the number
//! of keys does not grow with the number of messages (`docs/decisions/0001-value-per-entry.md`). Each [`Step`] is one
//! transaction over all trees, the journal position in it. sled flushes lazily: it is derived, and what a power cut takes from
//! it is applied again from the journal. How a value becomes bytes is in `store/codec.rs`.
//!
//! | tree | key | value |
//! |---|---|---|
//! | entries | number | life |
//! | bills | bill | [`BillRecord`] |
//! | loose | notice id | [`Unmatched`] |
//! | inputs | fingerprint | [`InputRecord`] |
//! | feeds | broker | [`FeedRecord`] |
//! | unread | fingerprint | the tables that it was read with |
//! | due | day, entry, deadline | [`DueValue`] |
//! | alerts | alert key | [`Alert`] |
//! | letters | letter key | [`Letter`] |
//! | letters_by | see `keys` | next try, raw |
//! | digest | recipient, moment, first alert | the alerts behind it: a page |
//! | quarantine | file, piece | [`Quarantined`] |
//! | parts | tree, key, number | part of a value above 7 KiB |
//! | troubles | subject, code | [`OpenTrouble`] |
//! | courses | alert key | [`Course`] |
//! | agenda | moment, task | nothing |
//! | windows | name | [`Window`] |
//! | meta | `format`, `state`, `silences` | version; position and counts; [`Silences`] |

mod commit;
mod database;
mod digest;
mod keys;
mod open;
mod read;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use self::database::Database;
use self::keys::Shelf;
use super::codec::{CodecError, Packer};
use super::stored::ReadLife;
use super::{Counts, LetterFilter, Occasion, Result, Store, StoreError};
use crate::entry::{Life, Unmatched};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::journal::StateLock;
use crate::outbox::{AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, Silences, TroubleId, Window};
use crate::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey,
    Quarantined, Step,
};

/// What sled may be told.
#[derive(Clone, Copy, Debug)]
pub struct SledSettings {
    /// What the cache of pages may take in memory. Below the hot set it costs CPU.
    pub cache_bytes: u64,
    /// How often sled writes on its own. It must: the same thread collects its garbage.
    pub flush_every_ms: u64,
    /// Values written since sled was opened, after which it is opened again while there is work; a fifth of them is enough
    /// when there is none, a twentieth at the end. sled reads some 1.3 million of them a second when it opens.
    pub reopen_after: u64,
}

impl Default for SledSettings {
    fn default() -> Self {
        Self { cache_bytes: 256 << 20, flush_every_ms: 1_000, reopen_after: 1_000_000 }
    }
}

/// What was found when the store was opened. When `position` is behind the journal, the caller applies the rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenedStore {
    pub position: Position,
    /// It was made just now and holds nothing.
    pub fresh: bool,
    /// There was one that could not be used. It was put there, and a fresh one made.
    pub set_aside: Option<SetAside>,
}

/// A store that could not be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    pub path: PathBuf,
    pub why: String,
}

/// Works.
const SOUND: u8 = 0;
/// A write failed: sled refuses every further one until it is opened again; reads go on.
const NO_WRITES: u8 = 1;
/// sled stopped in the middle of something.
const NOTHING: u8 = 2;

pub struct SledStore {
    /// Written only while sled is opened again. `None` when that failed.
    open: RwLock<Option<Database>>,
    path: PathBuf,
    settings: SledSettings,
    /// Taken for the length of a commit: there is one writer.
    packer: Mutex<Packer>,
    /// Values that were written since sled was opened.
    changes: AtomicU64,
    /// Bytes of keys and values that were written since the store was opened.
    bytes_asked: AtomicU64,
    health: AtomicU8,
    _lock: StateLock,
}

/// The value of `state` in `meta`.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct State {
    position: Position,
    #[serde(flatten)]
    counts: Counts,
}

impl State {
    const EMPTY: Self = Self { position: Position::START, counts: Counts::ZERO };
}

impl SledStore {
    /// Opens the store in the folder `path`, or makes it.
    ///
    /// A folder that cannot be used (damaged, of another format, half written) is set aside as `<path>.broken-<n>`, and a
    /// fresh store is made in its place: the journal has everything.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it; [`StoreError::Failed`] when the machine is at fault: no
    /// room, no right.
    pub fn open(path: &Path, settings: SledSettings) -> Result<(Self, OpenedStore)> {
        open::open(path, settings)
    }

    /// Sets the store in the folder `path` aside, which must not be open. For a caller that met
    /// [`StoreError::wants_rebuild`].
    pub fn set_aside(path: &Path, why: &str) -> Result<Option<SetAside>> {
        open::set_aside_unopened(path, why)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes on disk.
    pub fn size_bytes(&self) -> Result<u64> {
        self.guard("measure itself", |database| database.db.size_on_disk().map_err(fault("measure itself")))
    }

    /// Runs something of sled's. sled panics on pages that it cannot read; that must not take the caller down with it.
    ///
    /// Waits while sled is opened again. `work` must not come back here: whoever opens waits for it.
    fn guard<T>(&self, doing: &'static str, work: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let sound = self.health.load(Ordering::Acquire) != NOTHING;
        let Some(database) = open.as_ref().filter(|_| sound) else { return Err(stopped(doing)) };
        catch_unwind(AssertUnwindSafe(|| work(database))).unwrap_or_else(|_| {
            self.health.store(NOTHING, Ordering::Release);
            Err(StoreError::Unreadable { what: format!("sled gave up while it had to {doing}") })
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        self.guard("read", work)
    }

    /// Closes sled and opens it again. It writes its table of pages only when it opens, so that this bounds what the next
    /// start has to read; what it had in memory is given back, and what was overwritten on disk is free again.
    ///
    /// Readers wait for about a second, and find what they would have found before.
    fn reopen(&self) -> Result<()> {
        // Nothing is committed meanwhile.
        let _packer = self.packer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(Database::state)?.position;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let closed = open.take();
        if catch_unwind(AssertUnwindSafe(|| drop(closed))).is_err() {
            self.health.store(NOTHING, Ordering::Release);
            return Err(StoreError::Unreadable { what: "sled gave up while it was closed".to_owned() });
        }
        let (database, state) = open::again(&self.path, self.settings).inspect_err(|_| {
            self.health.store(NOTHING, Ordering::Release);
        })?;
        if state.position != before {
            self.health.store(NOTHING, Ordering::Release);
            let (was, is) = (before.seq, state.position.seq);
            let what = format!("it was closed at line {was} and opened at line {is}");
            return Err(StoreError::Unreadable { what });
        }
        *open = Some(database);
        self.changes.store(0, Ordering::Release);
        Ok(())
    }
}

fn stopped(doing: &'static str) -> StoreError {
    StoreError::Failed { doing, source: "the store failed earlier and must be opened again".into() }
}

/// What an error of sled means to the caller.
fn fault(doing: &'static str) -> impl Fn(::sled::Error) -> StoreError {
    move |error| match error {
        ::sled::Error::Io(source) => StoreError::Failed { doing, source: source.into() },
        ::sled::Error::Corruption { .. } | ::sled::Error::ReportableBug(_) => {
            StoreError::Unreadable { what: format!("{error} (while it had to {doing})") }
        }
        other => StoreError::Failed { doing, source: other.into() },
    }
}

fn unreadable(shelf: Shelf, key: &[u8], error: &CodecError) -> StoreError {
    StoreError::Unreadable { what: format!("{} {}: {error}", shelf.name(), key.escape_ascii()) }
}

impl Store for SledStore {
    fn position(&self) -> Result<Position> {
        Ok(self.read(Database::state)?.position)
    }

    fn commit(&self, step: &Step) -> Result<()> {
        self.commit_step(step)
    }

    fn life(&self, number: EntryNumber) -> Result<Option<Life>> {
        let life: Option<ReadLife> = self.read(|database| database.get(Shelf::Entries, number.as_bytes()))?;
        Ok(life.map(|ReadLife(life)| life))
    }

    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>> {
        self.read(|database| database.get(Shelf::Bills, bill.as_str().as_bytes()))
    }

    fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>> {
        self.read(|database| database.get(Shelf::Loose, id.as_bytes()))
    }

    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>> {
        self.read(|database| database.get(Shelf::Inputs, file.as_bytes()))
    }

    fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>> {
        self.read(|database| database.get(Shelf::Feeds, broker.as_str().as_bytes()))
    }

    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>> {
        self.read(|database| database.get(Shelf::Alerts, key.as_str().as_bytes()))
    }

    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>> {
        self.read(|database| database.get(Shelf::Letters, key.as_str().as_bytes()))
    }

    fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>> {
        self.read(|database| database.get(Shelf::Troubles, &keys::trouble(id)))
    }

    fn troubles(&self) -> Result<Vec<OpenTrouble>> {
        self.read(|database| {
            database.list(Shelf::Troubles, keys::above(None), usize::MAX, |_, trouble| Some(trouble))
        })
    }

    fn course(&self, key: &AlertKey) -> Result<Option<Course>> {
        self.read(|database| database.get(Shelf::Courses, key.as_str().as_bytes()))
    }

    fn window(&self, name: &str) -> Result<Option<Window>> {
        self.read(|database| database.get(Shelf::Windows, name.as_bytes()))
    }

    fn silences(&self) -> Result<Silences> {
        let silences = self.read(|database| database.get(Shelf::Meta, keys::META_SILENCES))?;
        Ok(silences.unwrap_or_default())
    }

    fn lives(&self, after: Option<EntryNumber>, limit: usize) -> Result<Vec<Life>> {
        let after = after.as_ref().map(|number| number.as_bytes().as_slice());
        self.read(|database| {
            database.list(Shelf::Entries, keys::above(after), limit, |_, ReadLife(life)| Some(life))
        })
    }

    fn bills(&self, after: Option<&BillOfLading>, limit: usize) -> Result<Vec<(BillOfLading, BillRecord)>> {
        let after = after.map(|bill| bill.as_str().as_bytes());
        let bill = |key: &[u8]| BillOfLading::of_key(std::str::from_utf8(key).ok()?);
        self.read(|database| {
            database.list(Shelf::Bills, keys::above(after), limit, |key, record| Some((bill(key)?, record)))
        })
    }

    fn all_loose(&self, after: Option<NoticeId>, limit: usize) -> Result<Vec<Unmatched>> {
        let after = after.as_ref().map(|id| id.as_bytes().as_slice());
        self.read(|database| database.list(Shelf::Loose, keys::above(after), limit, |_, loose| Some(loose)))
    }

    fn alerts(&self, after: Option<&AlertKey>, limit: usize) -> Result<Vec<Alert>> {
        let after = after.map(|key| key.as_str().as_bytes());
        self.read(|database| database.list(Shelf::Alerts, keys::above(after), limit, |_, alert| Some(alert)))
    }

    fn quarantined(
        &self,
        after: Option<&QuarantineKey>,
        limit: usize,
    ) -> Result<Vec<(QuarantineKey, Quarantined)>> {
        let after = after.map(keys::quarantine);
        self.read(|database| {
            database.list(Shelf::Quarantine, keys::above(after.as_deref()), limit, |key, piece| {
                Some((keys::parse_quarantine(key)?, piece))
            })
        })
    }

    fn files(&self, from: Fingerprint, limit: usize) -> Result<Vec<Fingerprint>> {
        let mut found = Vec::new();
        self.read(|database| {
            database.each(Shelf::Inputs, keys::from(from.as_bytes()), |key, _| {
                found.extend(keys::parse_file(key));
                Ok(found.len() < limit)
            })
        })?;
        found.truncate(limit);
        Ok(found)
    }

    fn unread(&self, after: Option<Fingerprint>, limit: usize) -> Result<Vec<(Fingerprint, Box<str>)>> {
        let after = after.as_ref().map(|file| file.as_bytes().as_slice());
        self.read(|database| {
            database.list(Shelf::Unread, keys::above(after), limit, |key, tables| {
                Some((keys::parse_file(key)?, tables))
            })
        })
    }

    fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>> {
        self.read(|database| {
            let range = keys::due_until(day);
            database.list(Shelf::Due, range, limit, |key, value| Some((keys::parse_due(key)?, value)))
        })
    }

    fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>> {
        self.read(|database| database.agenda_keys(keys::agenda_until(now), limit))
    }

    fn next_agenda_at(&self) -> Result<Option<DateTime<Utc>>> {
        let first = self.read(|database| database.agenda_keys(keys::above(None), 1))?;
        Ok(first.first().map(|key| key.at))
    }

    fn digest(&self, recipient: Option<&str>, limit: usize) -> Result<Vec<DigestKey>> {
        self.read(|database| database.digest_keys(recipient, limit))
    }

    fn letters_ready(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Letter>> {
        self.read(|database| database.ready(now, limit))
    }

    fn next_letter_at(&self) -> Result<Option<DateTime<Utc>>> {
        self.read(Database::next_letter)
    }

    fn letters(&self, filter: LetterFilter, limit: usize) -> Result<Vec<Letter>> {
        self.read(|database| database.letters_by_state(filter, limit))
    }

    fn counts(&self) -> Result<Counts> {
        Ok(self.read(Database::state)?.counts)
    }

    fn bytes_asked(&self) -> u64 {
        self.bytes_asked.load(Ordering::Acquire)
    }

    fn flush(&self) -> Result<()> {
        self.guard("flush", |database| database.db.flush().map(drop).map_err(fault("flush")))
    }

    fn tidy(&self, occasion: Occasion) -> Result<()> {
        let enough = match occasion {
            Occasion::Busy => self.settings.reopen_after,
            Occasion::Quiet => self.settings.reopen_after / 5,
            Occasion::Stop => self.settings.reopen_after / 20,
        };
        let sound = self.health.load(Ordering::Acquire) == SOUND;
        if sound && self.changes.load(Ordering::Acquire) > enough { self.reopen() } else { Ok(()) }
    }
}
