//! The state folder: its parts, its lock, its free space, and how its files are made durable.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, fsync, statvfs, syncfs};
use rustix::io::Errno;

use super::{JournalError, Result};

pub(crate) const ARCHIVE: &str = "archive";
pub(crate) const JOURNAL: &str = "journal";
const LOCK: &str = "lock";
/// A lock that is held is tried again for a tenth of a second.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// The right to write in a state folder. One process at a time has it; the kernel takes it back when the process ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock of `folder`, which must exist.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another process has it.
    pub fn take(folder: &Path) -> Result<Self> {
        Self::take_file(&folder.join(LOCK), folder)
    }

    /// Takes a lock file of any name for `what`.
    pub(crate) fn take_file(path: &Path, what: &Path) -> Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(JournalError::io("open the lock file", path))?;
        for tries_left in (0..LOCK_TRIES).rev() {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                // A process that was just forked off the owner holds the lock with it until it becomes its own program.
                Err(Errno::WOULDBLOCK) if tries_left > 0 => thread::sleep(LOCK_PAUSE),
                Err(Errno::WOULDBLOCK) => break,
                Err(errno) => return Err(JournalError::io("lock", path)(errno.into())),
            }
        }
        Err(JournalError::Locked { path: what.to_owned() })
    }
}

/// Bytes that this process may still write on the filesystem of `path`.
pub fn free_bytes(path: &Path) -> Result<u64> {
    let stat =
        statvfs(path).map_err(|errno| JournalError::io("ask the free space of", path)(errno.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Creates a folder and the folders above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    // What brokers drop is nobody else's to read.
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(JournalError::io("create the folder", path))
}

/// Makes everything on the filesystem of `folder` durable.
pub(crate) fn sync_tree(folder: &Path) -> Result<()> {
    let handle = File::open(folder).map_err(JournalError::io("open the folder", folder))?;
    syncfs(&handle).map_err(|errno| JournalError::io("sync", folder)(errno.into()))
}

/// Makes files durable, and counts how many system calls it took.
///
/// Keeps the state folder open from before the first write: `syncfs` reports the write errors since the descriptor
/// was opened, and one opened afterwards would miss them.
pub(super) struct Syncer {
    folder: PathBuf,
    handle: File,
    calls: u64,
}

impl Syncer {
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let handle = File::open(folder).map_err(JournalError::io("open the folder", folder))?;
        Ok(Self { folder: folder.to_owned(), handle, calls: 0 })
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// A file's data, or a folder's names.
    pub(super) fn path(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(JournalError::io("open", path))?;
        self.calls += 1;
        fsync(&file).map_err(|errno| JournalError::io("sync", path)(errno.into()))
    }

    pub(super) fn data(&mut self, file: &File, path: &Path) -> Result<()> {
        self.calls += 1;
        file.sync_data().map_err(JournalError::io("sync", path))
    }

    pub(super) fn everything(&mut self) -> Result<()> {
        self.calls += 1;
        syncfs(&self.handle).map_err(|errno| JournalError::io("sync", &self.folder)(errno.into()))
    }
}
