//! Backup and restore, as functions on folders.
//!
//! A backup is a copy of the journal and its archive, the only truth; the store is rebuilt from it at the first start
//! after a restore. The copy is consistent while the daemon runs, because the archive never changes a file and the log
//! only grows: the lines up to one number are copied, and before them every file that they name. It is always a copy and
//! never a link, so that damage to one disk block does not reach both. What a backup folder already has is kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::ident::Fingerprint;
use crate::journal::{
    ARCHIVE, JOURNAL, JournalError, JournalReader, Progress, Report, StateLock, What, archive_path,
    create_folder, put_into_archive, segment_path, segments, sync_tree, verify, walk,
};
use crate::step::Position;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("could not read or write the journal")]
    Journal(#[from] JournalError),
    #[error("could not copy {path}", path = path.display())]
    Copy {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} holds the backup of another journal, or a later one", path = path.display())]
    OtherJournal { path: PathBuf },
    #[error("{path} is not empty; restore into a new folder", path = path.display())]
    NotEmpty { path: PathBuf },
    #[error("{path} is damaged: {first}", path = path.display())]
    Damaged { path: PathBuf, first: String },
}

impl BackupError {
    /// True when there is no room left, so that an operator has to act.
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Journal(error) => error.is_full_disk(),
            Self::Copy { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

type Result<T> = std::result::Result<T, BackupError>;

/// What was copied, and what the check of the copy found.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Copied {
    /// The last line in the copy.
    pub last: Position,
    pub files_copied: u64,
    /// Files that an earlier backup had copied.
    pub files_already: u64,
    pub bytes_copied: u64,
    pub report: Report,
}

/// How far copying and checking have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackupProgress {
    Copying { done: u64, total: u64 },
    Verifying(Progress),
}

/// Copies the journal of the state folder `state` into the folder `into`, and verifies the copy.
///
/// `up_to` is the last line that is wanted: [`Journal::position`](crate::journal::Journal::position) of the running daemon;
/// `None` takes every whole line.
///
/// # Errors
/// [`BackupError::Damaged`] when the copy does not verify; then the source is damaged, or the backup's disk.
pub fn back_up(
    state: &Path,
    into: &Path,
    up_to: Option<u64>,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<Copied> {
    create_folder(&into.join(JOURNAL))?;
    create_folder(&into.join(ARCHIVE))?;
    let mut named = BTreeSet::new();
    let (last, extents) = walk(state, up_to.unwrap_or(u64::MAX), &mut |line| {
        if let What::Received(received) = &line.what {
            named.insert(received.file);
        }
    })?;
    let later =
        segments(into)?.iter().any(|(first, _)| extents.last().is_none_or(|last| *first > last.first));
    if later || !is_same_journal(state, into)? {
        return Err(BackupError::OtherJournal { path: into.to_owned() });
    }

    let total = named.len() as u64;
    let mut copied = Tally::default();
    let reader = JournalReader::open(state)?;
    for (done, &file) in named.iter().enumerate() {
        copied.archived(&reader, into, file)?;
        progress(BackupProgress::Copying { done: done as u64 + 1, total });
    }
    for extent in &extents {
        let target = segment_path(into, extent.first);
        if size_of(&target) != Some(extent.size_bytes) {
            copied.bytes += copy(&extent.path, &target, extent.size_bytes)?;
        }
    }
    sync_tree(into)?;

    let report = verify(into, &mut |step| progress(BackupProgress::Verifying(step)))?;
    sound(into, &report)?;
    let Tally { files, already, bytes } = copied;
    Ok(Copied { last, files_copied: files, files_already: already, bytes_copied: bytes, report })
}

/// Copies a backup into the state folder `state`, which must be absent or empty, after verifying it.
///
/// The store is not part of it: the next start rebuilds it from the journal.
///
/// # Errors
/// [`BackupError::Damaged`] when the backup does not verify; nothing is copied then.
pub fn restore(from: &Path, state: &Path, progress: &mut dyn FnMut(BackupProgress)) -> Result<Copied> {
    create_folder(state)?;
    let copy_error = |source| BackupError::Copy { path: state.to_owned(), source };
    if fs::read_dir(state).map_err(copy_error)?.next().is_some() {
        return Err(BackupError::NotEmpty { path: state.to_owned() });
    }
    let report = verify(from, &mut |step| progress(BackupProgress::Verifying(step)))?;
    sound(from, &report)?;
    let _lock = StateLock::take(state)?;
    back_up(from, state, None, progress)
}

fn sound(folder: &Path, report: &Report) -> Result<()> {
    match report.problems.first() {
        None => Ok(()),
        Some(first) => Err(BackupError::Damaged { path: folder.to_owned(), first: first.to_string() }),
    }
}

/// Whether a backup folder is new, or begins as this journal does.
fn is_same_journal(state: &Path, into: &Path) -> Result<bool> {
    let first_line = |folder: &Path| {
        let mut lines = Vec::new();
        walk(folder, 1, &mut |line| lines.push(line.clone())).map(|_| lines.pop())
    };
    if size_of(&segment_path(into, 1)).is_none() {
        return Ok(true);
    }
    // A backup of a journal without lines may become one with lines.
    let held = first_line(into)?;
    Ok(held.is_none() || held == first_line(state)?)
}

#[derive(Default)]
struct Tally {
    files: u64,
    already: u64,
    bytes: u64,
}

impl Tally {
    fn archived(&mut self, state: &JournalReader, into: &Path, file: Fingerprint) -> Result<()> {
        let (source, target) = (archive_path(state.folder(), file), archive_path(into, file));
        let size_bytes = match size_of(&source) {
            Some(size_bytes) => size_bytes,
            None => match self.carried(state, into, file)? {
                true => return Ok(()),
                // The daemon gave it its place meanwhile.
                false => size_of(&source).ok_or(JournalError::Missing { file })?,
            },
        };
        if size_of(&target) == Some(size_bytes) {
            self.already += 1;
            return Ok(());
        }
        if let Some(shard) = target.parent() {
            create_folder(shard)?;
        }
        self.bytes += copy(&source, &target, size_bytes)?;
        self.files += 1;
        Ok(())
    }

    /// Makes the copy of a file that only its line holds yet; false when no line of the last segment does.
    fn carried(&mut self, state: &JournalReader, into: &Path, file: Fingerprint) -> Result<bool> {
        let Some(compressed) = state.carried(file)? else { return Ok(false) };
        let target = archive_path(into, file);
        if size_of(&target) == Some(compressed.len() as u64) {
            self.already += 1;
            return Ok(true);
        }
        if let Some(shard) = target.parent() {
            create_folder(shard)?;
        }
        put_into_archive(into, file, &compressed)?;
        self.bytes += compressed.len() as u64;
        self.files += 1;
        Ok(true)
    }
}

fn size_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.len())
}

/// Copies the first bytes of a file under another name, then renames: a name stands for a whole copy.
fn copy(source: &Path, target: &Path, size_bytes: u64) -> Result<u64> {
    let temporary = target.with_extension("copying");
    let outcome = (|| {
        let mut from = File::open(source)?.take(size_bytes);
        let copied = io::copy(&mut from, &mut File::create(&temporary)?)?;
        if copied != size_bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        fs::rename(&temporary, target)?;
        Ok(copied)
    })();
    outcome.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        BackupError::Copy { path: source.to_owned(), source: error }
    })
}
