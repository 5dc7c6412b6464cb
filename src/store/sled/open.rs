//! Opening the folder, and what to do when sled cannot.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Duration;

use ::sled::{Config, Mode, Tree};

use super::database::Database;
use super::keys::{self, Shelf};
use super::{OpenedStore, SOUND, SetAside, SledSettings, SledStore, State};
use crate::journal::{JournalError, StateLock};
use crate::store::codec::{self, Packer, Unpacker};
use crate::store::{Result, StoreError};

const DOING: &str = "open";
/// sled counts the bytes that a page has on disk; in memory it takes about twice as many.
const MEMORY_PER_CACHED_BYTE: u64 = 2;
/// sled refuses less than 256 bytes.
const CACHE_BYTES_MIN: u64 = 1 << 20;
/// So many stores that could not be used are kept for a look; the oldest goes first.
const SET_ASIDE_MAX: usize = 3;
/// sled lets go of its folder a moment after it was closed in the same process.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why sled did not open.
enum Trouble {
    /// What is stored there is of no use.
    Unusable(String),
    /// Another process is in it.
    Busy,
    /// The machine is at fault, and the data may be fine.
    Machine(io::Error),
}

struct Parts {
    database: Database,
    state: State,
    fresh: bool,
}

pub(super) fn open(path: &Path, settings: SledSettings) -> Result<(SledStore, OpenedStore)> {
    let lock = lock(path)?;
    let (parts, set_aside) = match attempt(path, settings) {
        Ok(parts) => (parts, None),
        Err(Trouble::Unusable(why)) => {
            let aside = set_aside(path, why)?;
            (attempt(path, settings).map_err(|trouble| final_trouble(path, trouble))?, aside)
        }
        Err(trouble) => return Err(final_trouble(path, trouble)),
    };
    let packer =
        Packer::new().map_err(|source| StoreError::Failed { doing: "pack values", source: source.into() })?;
    let Parts { database, state, fresh } = parts;
    let opened = OpenedStore { position: state.position, fresh, set_aside };
    let store = SledStore {
        open: RwLock::new(Some(database)),
        path: path.to_owned(),
        settings,
        packer: Mutex::new(packer),
        changes: AtomicU64::new(0),
        bytes_asked: AtomicU64::new(0),
        health: AtomicU8::new(SOUND),
        _lock: lock,
    };
    Ok((store, opened))
}

/// Opens the folder of a store that this process has and closed. Nothing is set aside: the next start does that.
pub(super) fn again(path: &Path, settings: SledSettings) -> Result<(Database, State)> {
    let parts = attempt(path, settings).map_err(|trouble| final_trouble(path, trouble))?;
    Ok((parts.database, parts.state))
}

pub(super) fn set_aside_unopened(path: &Path, why: &str) -> Result<Option<SetAside>> {
    let _lock = lock(path)?;
    set_aside(path, why.to_owned())
}

/// Our own lock lies beside the folder: nobody may move a folder away while another process works in it.
fn lock(path: &Path) -> Result<StateLock> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    StateLock::take_file(&beside(path, ".lock"), path).map_err(|error| match error {
        JournalError::Locked { .. } => busy(path),
        JournalError::Io { source, .. } => failed(source),
        other => StoreError::Failed { doing: DOING, source: other.into() },
    })
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(|| OsString::from("store"), OsString::from);
    name.push(ending);
    path.with_file_name(name)
}

fn failed(source: io::Error) -> StoreError {
    StoreError::Failed { doing: DOING, source: source.into() }
}

fn busy(path: &Path) -> StoreError {
    StoreError::Locked { path: path.display().to_string() }
}

fn final_trouble(path: &Path, trouble: Trouble) -> StoreError {
    match trouble {
        Trouble::Busy => busy(path),
        Trouble::Machine(source) => failed(source),
        Trouble::Unusable(why) => StoreError::Unreadable { what: why },
    }
}

/// Opens and looks around in a thread of its own: recovery in sled panics on some damage.
fn attempt(path: &Path, settings: SledSettings) -> std::result::Result<Parts, Trouble> {
    drop_half_snapshots(path).map_err(Trouble::Machine)?;
    for _ in 1..LOCK_TRIES {
        match attempt_once(path, settings) {
            Err(Trouble::Busy) => thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    attempt_once(path, settings)
}

fn attempt_once(path: &Path, settings: SledSettings) -> std::result::Result<Parts, Trouble> {
    let owned = path.to_owned();
    let thread = thread::Builder::new().name("store-open".to_owned());
    let thread = thread.spawn(move || look(&owned, settings)).map_err(Trouble::Machine)?;
    thread.join().unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(Trouble::Unusable(format!("sled gave up while opening: {said}")))
    })
}

/// A snapshot that was being written when the process died. sled 0.34 takes it for a whole one (spacejam/sled#1527).
fn drop_half_snapshots(path: &Path) -> io::Result<()> {
    let items = match fs::read_dir(path) {
        Ok(items) => items,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for item in items {
        let item = item?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(item.path())?;
        }
    }
    Ok(())
}

fn look(path: &Path, settings: SledSettings) -> std::result::Result<Parts, Trouble> {
    let db = Config::new()
        .path(path)
        .cache_capacity((settings.cache_bytes / MEMORY_PER_CACHED_BYTE).max(CACHE_BYTES_MIN))
        .flush_every_ms(Some(settings.flush_every_ms.max(1)))
        .mode(Mode::HighThroughput)
        .open()
        .map_err(trouble)?;
    let mut trees = Vec::with_capacity(Shelf::ALL.len());
    for shelf in Shelf::ALL {
        trees.push(db.open_tree(shelf.name()).map_err(trouble)?);
    }
    let Ok(trees) = <[Tree; Shelf::ALL.len()]>::try_from(trees) else {
        return Err(Trouble::Unusable("trees are missing".to_owned()));
    };
    let meta = &trees[Shelf::Meta as usize];
    let format = meta.get(keys::META_FORMAT).map_err(trouble)?;
    let state = meta.get(keys::META_STATE).map_err(trouble)?;
    let mut empty = true;
    for tree in &trees {
        // The first and the last page of each tree can be read.
        empty &= tree.first().map_err(trouble)?.is_none();
        tree.last().map_err(trouble)?;
    }
    match format.as_deref() {
        Some(&[codec::FORMAT]) => {}
        Some(other) => return Err(Trouble::Unusable(format!("its format is {other:?}"))),
        None if empty => {
            meta.insert(keys::META_FORMAT, &[codec::FORMAT]).map_err(trouble)?;
            db.flush().map_err(trouble)?;
            return Ok(Parts { database: Database::new(db, trees), state: State::EMPTY, fresh: true });
        }
        None => return Err(Trouble::Unusable("it does not say what format it has".to_owned())),
    }
    let Some(state) = state else {
        // The format was written and nothing came after it.
        let only_format = trees.iter().map(|tree| tree.iter().take(2).count()).sum::<usize>() == 1;
        return match only_format {
            true => Ok(Parts { database: Database::new(db, trees), state: State::EMPTY, fresh: true }),
            false => Err(Trouble::Unusable("it does not say how far it came".to_owned())),
        };
    };
    let state = Unpacker::new().map_err(Trouble::Machine)?.unpack(&state);
    let state = state.map_err(|error| Trouble::Unusable(format!("how far it came: {error}")))?;
    Ok(Parts { database: Database::new(db, trees), state, fresh: false })
}

fn trouble(error: ::sled::Error) -> Trouble {
    use io::ErrorKind;
    match error {
        ::sled::Error::Io(source) if source.to_string().contains("could not acquire lock") => Trouble::Busy,
        ::sled::Error::Io(source)
            if matches!(
                source.kind(),
                ErrorKind::PermissionDenied
                    | ErrorKind::StorageFull
                    | ErrorKind::QuotaExceeded
                    | ErrorKind::ReadOnlyFilesystem
                    | ErrorKind::OutOfMemory
                    | ErrorKind::NotADirectory
            ) || source.raw_os_error().is_some_and(is_machine_fault) =>
        {
            Trouble::Machine(source)
        }
        other => Trouble::Unusable(other.to_string()),
    }
}

/// Too many open files, and a disk that cannot be read: setting the folder aside would help nobody.
fn is_machine_fault(errno: i32) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::IO].iter().any(|known| known.raw_os_error() == errno)
}

/// Renames the folder. `None` when there is none.
fn set_aside(path: &Path, why: String) -> Result<Option<SetAside>> {
    if !path.exists() {
        return Ok(None);
    }
    let mut kept = set_aside_before(path)?;
    while kept.len() >= SET_ASIDE_MAX {
        let (_, oldest) = kept.remove(0);
        fs::remove_dir_all(&oldest).map_err(failed)?;
    }
    let next = kept.last().map_or(1, |(number, _)| number + 1);
    let aside = beside(path, &format!(".broken-{next}"));
    fs::rename(path, &aside).map_err(failed)?;
    Ok(Some(SetAside { path: aside, why }))
}

/// The folders that were set aside earlier, by number.
fn set_aside_before(path: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let prefix = beside(path, ".broken-");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for item in fs::read_dir(parent).map_err(failed)? {
        let item = item.map_err(failed)?;
        let name = item.file_name().to_string_lossy().into_owned();
        if let Some(number) = name.strip_prefix(&prefix).and_then(|number| number.parse().ok()) {
            found.push((number, item.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}
