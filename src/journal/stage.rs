//! The writing end of the archive: files that wait for the next sync, and small ones that wait for their place.
//!
//! A small file is durable as soon as its journal line is, for the line carries its bytes. Its own file in the archive is
//! written later and with many others, because making files and syncing them costs more than all else. Until then
//! readers find it in the line; the lines of the last segment are where they look, so that a segment is followed by the
//! next one only when every file that it carries is in its place and synced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::archive::{Compressed, Compressor, Content, Kept, Mask, Sink, path_of, put};
use super::folder::{ARCHIVE, Syncer, create_folder};
use super::{JournalError, Result};
use crate::ident::Fingerprint;

/// Content that waits for the next sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Staged {
    /// SHA-256 of the original bytes.
    pub file: Fingerprint,
    /// SHA-256 of the bytes as kept; the same as `file` when nothing was masked.
    pub kept: Fingerprint,
    pub size_bytes: u64,
    /// The archive had it before, whole and readable.
    pub already: bool,
}

/// Where large files wait until their names are known to be wanted.
const INCOMING: &str = "incoming";
/// At most this many files wait for one sync.
const STAGED_MAX: usize = 10_000;
/// A compressed file above this size is not carried, and waits on disk instead of in memory.
const CARRIED_BYTES_MAX: usize = 32 << 10;
/// The lines of one group carry so many bytes of files.
const CARRIED_TOGETHER_BYTES_MAX: usize = 512 << 10;
/// Small files that wait in memory for one sync; what comes beyond waits on disk.
const MEMORY_BYTES_MAX: usize = 16 << 20;
/// Up to this many files are synced one by one; for more, one sync of the filesystem is cheaper.
const SYNC_ONE_BY_ONE_MAX: usize = 2;
/// So many carried files, and so many bytes of them, wait for their place in the archive.
const UNFILED_MAX: usize = 1_024;
const UNFILED_BYTES_MAX: usize = 8 << 20;

struct Waiting {
    bytes: Bytes,
    kept: Fingerprint,
    /// Its line carries it: nothing else has to be synced for it.
    carried: bool,
}

enum Bytes {
    /// The archive has it.
    InPlace,
    Memory(Vec<u8>),
    Temporary(PathBuf),
}

/// A file that is durable in its line and has no file of its own yet.
struct Unfiled {
    compressed: Vec<u8>,
    kept: Fingerprint,
}

pub(super) struct Stage {
    folder: PathBuf,
    compressor: Compressor,
    waiting: BTreeMap<Fingerprint, Waiting>,
    /// What the files in `waiting` take of memory.
    waiting_bytes: usize,
    /// What of it their lines carry.
    carried_bytes: usize,
    unfiled: BTreeMap<Fingerprint, Unfiled>,
    unfiled_bytes: usize,
    next_temporary: u64,
}

impl Stage {
    /// Makes the folders and throws away what an earlier run left half staged.
    pub(super) fn open(folder: &Path, syncer: &mut Syncer) -> Result<Self> {
        let archive = folder.join(ARCHIVE);
        let incoming = archive.join(INCOMING);
        if incoming.exists() {
            fs::remove_dir_all(&incoming).map_err(JournalError::io("clear", &incoming))?;
        }
        if !archive.join("ff").is_dir() {
            for shard in 0..=u8::MAX {
                create_folder(&archive.join(format!("{shard:02x}")))?;
            }
            syncer.path(&archive)?;
            syncer.path(folder)?;
        }
        create_folder(&incoming)?;
        Ok(Self {
            folder: folder.to_owned(),
            compressor: Compressor::new(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            carried_bytes: 0,
            unfiled: BTreeMap::new(),
            unfiled_bytes: 0,
            next_temporary: 0,
        })
    }

    /// Reads content to its end, once, and keeps it for the next sync.
    pub(super) fn add(&mut self, content: &mut dyn Read, mask: &mut dyn Mask) -> Result<Staged> {
        if self.waiting.len() >= STAGED_MAX {
            return Err(JournalError::TooMuchPending);
        }
        self.next_temporary += 1;
        let temporary = self.folder.join(ARCHIVE).join(INCOMING).join(self.next_temporary.to_string());
        let memory_max = if self.waiting_bytes < MEMORY_BYTES_MAX { CARRIED_BYTES_MAX } else { 0 };
        let kept = self.compressor.keep(content, mask, Sink::new(memory_max, temporary.clone()));
        let place = kept.map(|(kept, compressed)| self.place(&kept, compressed));
        if !matches!(place, Ok(Staged { already: false, .. })) {
            // What is left in this folder is thrown away at the next start in any case.
            let _ = fs::remove_file(&temporary);
        }
        place
    }

    /// Decides whether the new copy is wanted.
    fn place(&mut self, new: &Kept, compressed: Compressed) -> Staged {
        let Kept { file, size_bytes, .. } = *new;
        let already = |kept| Staged { file, kept, size_bytes, already: true };
        if let Some(waiting) = self.waiting.get(&file) {
            return already(waiting.kept);
        }
        if let Some(unfiled) = self.unfiled.get(&file) {
            return already(unfiled.kept);
        }
        // A power cut between naming and syncing leaves an empty or short file that no line names: look inside.
        let held = Content::open(&path_of(&self.folder, file), file).ok().and_then(|held| held.hash().ok());
        let (kept, bytes) = match (held, compressed) {
            (Some((kept, held_bytes)), _) if held_bytes == size_bytes => (kept, Bytes::InPlace),
            (_, Compressed::Memory(bytes)) => (new.kept, Bytes::Memory(bytes)),
            (_, Compressed::File(path)) => (new.kept, Bytes::Temporary(path)),
        };
        let already = matches!(bytes, Bytes::InPlace);
        if let Bytes::Memory(bytes) = &bytes {
            self.waiting_bytes += bytes.len();
        }
        self.waiting.insert(file, Waiting { bytes, kept, carried: false });
        Staged { file, kept, size_bytes, already }
    }

    /// The content of a file, synced or not.
    pub(super) fn content(&self, file: Fingerprint) -> Result<Content> {
        let waiting = self.waiting.get(&file).map(|waiting| &waiting.bytes);
        match (waiting, self.unfiled.get(&file)) {
            (Some(Bytes::Memory(bytes)), _) => Content::of_bytes(bytes.clone()),
            (Some(Bytes::Temporary(path)), _) => Content::open(path, file),
            (_, Some(unfiled)) => Content::of_bytes(unfiled.compressed.clone()),
            (Some(Bytes::InPlace) | None, None) => Content::open(&path_of(&self.folder, file), file),
        }
    }

    pub(super) fn has(&self, file: Fingerprint) -> bool {
        self.waiting.contains_key(&file)
            || self.unfiled.contains_key(&file)
            || path_of(&self.folder, file).exists()
    }

    /// What a line is to carry of its file: a small one, while the group carries little. The file need not be written and synced
    /// then, for [`restore`](super::archive::restore) makes it from the line.
    pub(super) fn carry(&self, file: Fingerprint) -> Option<&[u8]> {
        let waiting = self.waiting.get(&file).filter(|waiting| !waiting.carried)?;
        let Bytes::Memory(bytes) = &waiting.bytes else { return None };
        (self.carried_bytes + bytes.len() <= CARRIED_TOGETHER_BYTES_MAX).then_some(bytes)
    }

    /// The line has what [`carry`](Self::carry) gave it.
    pub(super) fn is_carried(&mut self, file: Fingerprint) {
        let Some(bytes) = self.carry(file).map(<[u8]>::len) else { return };
        self.carried_bytes += bytes;
        if let Some(waiting) = self.waiting.get_mut(&file) {
            waiting.carried = true;
        }
    }

    /// Gives the staged files their names and makes those durable that no line carries: 4 sync calls for two files, 1
    /// for more. With `all`, those as well that lines before carried.
    pub(super) fn sync(&mut self, syncer: &mut Syncer, all: bool) -> Result<()> {
        if all || self.unfiled.len() >= UNFILED_MAX || self.unfiled_bytes >= UNFILED_BYTES_MAX {
            self.file()?;
        }
        let mut paths = Vec::with_capacity(self.waiting.len());
        for (&file, waiting) in &self.waiting {
            if waiting.carried {
                continue;
            }
            let path = path_of(&self.folder, file);
            match &waiting.bytes {
                Bytes::InPlace => {}
                Bytes::Memory(bytes) => write_new(&self.folder, file, bytes)?,
                Bytes::Temporary(temporary) => {
                    fs::rename(temporary, &path).map_err(JournalError::io("name", &path))?;
                }
            }
            paths.push(path);
        }
        if all || paths.len() > SYNC_ONE_BY_ONE_MAX {
            return syncer.everything();
        }
        for path in &paths {
            syncer.path(path)?;
            if let Some(shard) = path.parent() {
                syncer.path(shard)?;
            }
        }
        Ok(())
    }

    /// The lines of the staged files are durable.
    pub(super) fn settle(&mut self) {
        (self.waiting_bytes, self.carried_bytes) = (0, 0);
        for (file, waiting) in std::mem::take(&mut self.waiting) {
            if let (true, Bytes::Memory(compressed)) = (waiting.carried, waiting.bytes) {
                self.unfiled_bytes += compressed.len();
                self.unfiled.insert(file, Unfiled { compressed, kept: waiting.kept });
            }
        }
    }

    /// Gives carried files their place in the archive, and answers how many. They are not synced.
    pub(super) fn file(&mut self) -> Result<usize> {
        let mut filed = 0;
        while let Some((&file, unfiled)) = self.unfiled.first_key_value() {
            put(&self.folder, file, &unfiled.compressed)?;
            self.unfiled_bytes -= unfiled.compressed.len();
            self.unfiled.pop_first();
            filed += 1;
        }
        Ok(filed)
    }
}

/// Writes a file that no line names yet, so that nobody looks at it before it is whole.
fn write_new(folder: &Path, file: Fingerprint, compressed: &[u8]) -> Result<()> {
    let path = path_of(folder, file);
    match File::create_new(&path) {
        Ok(mut handle) => handle.write_all(compressed).map_err(JournalError::io("write", &path)),
        // What a power cut left of it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => put(folder, file, compressed),
        Err(error) => Err(JournalError::io("create", &path)(error)),
    }
}
