//! The archive: the bytes of every file, named by the hash of what the broker dropped.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::stream::{read::Decoder, write::Encoder};
use zstd::zstd_safe::{CCtx, CParameter, ResetDirective};

use super::folder::{ARCHIVE, Syncer, create_folder};
use super::{JournalError, Result};
use crate::ident::Fingerprint;

/// Hides secrets in content on its way into the archive. A filter over a stream: pieces come in order, cut anywhere.
pub trait Mask {
    /// Overwrites what must not be kept. The length stays.
    fn mask(&mut self, chunk: &mut [u8]);
}

/// Keeps everything.
pub struct NoMask;

impl Mask for NoMask {
    fn mask(&mut self, _chunk: &mut [u8]) {}
}

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

/// Where staged files wait until their names are known to be wanted.
const INCOMING: &str = "incoming";
/// Read at once.
const CHUNK_BYTES: usize = 64 << 10;
const LEVEL: i32 = 3;
/// With these three the compressor needs less than half a MiB, whatever the size of the file.
const WINDOW_LOG: u32 = 17;
const HASH_LOG: u32 = 15;
const CHAIN_LOG: u32 = 14;
/// At most this many files wait for one sync.
const STAGED_MAX: usize = 10_000;
/// Lines carry up to this many files of a group, so that one sync makes both durable.
const CARRIED_MAX: usize = 2;
/// A file of the archive above this size is not carried.
const CARRIED_BYTES_MAX: u64 = 32 << 10;
/// Up to this many files are synced one by one; for more, one sync of the filesystem is cheaper.
const SYNC_ONE_BY_ONE_MAX: usize = 2;

/// The file of the archive that holds `file`.
pub(crate) fn path_of(folder: &Path, file: Fingerprint) -> PathBuf {
    let name = file.to_string();
    folder.join(ARCHIVE).join(&name[..2]).join(format!("{name}.zst"))
}

/// Decompressed content of an archived file. A damaged one ends in an error, never in wrong bytes.
pub struct Content(Decoder<'static, BufReader<File>>);

impl Content {
    pub(super) fn open(path: &Path, file: Fingerprint) -> Result<Self> {
        let handle = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => JournalError::Missing { file },
            _ => JournalError::io("open", path)(source),
        })?;
        let decoder = Decoder::new(handle).map_err(JournalError::io("read", path))?;
        Ok(Self(decoder))
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

/// The hash and the size of what an archived file holds.
pub(super) fn hash_of(path: &Path, file: Fingerprint) -> Result<(Fingerprint, u64)> {
    let mut content = Content::open(path, file)?;
    let (mut hash, mut size_bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        match content.read(&mut chunk) {
            // An archive file is one compressed frame at least; nothing at all is a file that was never written.
            Ok(0) if fs::metadata(path).is_ok_and(|meta| meta.len() == 0) => {
                return Err(JournalError::io("read", path)(io::ErrorKind::UnexpectedEof.into()));
            }
            Ok(0) => return Ok((Fingerprint::from_bytes(hash.finalize().into()), size_bytes)),
            Ok(len) => {
                hash.update(&chunk[..len]);
                size_bytes += len as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(JournalError::io("read", path)(error)),
        }
    }
}

struct Waiting {
    /// `None` when it is in its place already.
    temporary: Option<PathBuf>,
    kept: Fingerprint,
    /// Its line carries it as well: the file itself needs no sync.
    carried: bool,
}

/// The writing end of the archive.
pub(super) struct Stage {
    folder: PathBuf,
    context: CCtx<'static>,
    waiting: BTreeMap<Fingerprint, Waiting>,
    next_temporary: u64,
}

/// Hashes and sizes of content that was read to its end.
struct Kept {
    file: Fingerprint,
    kept: Fingerprint,
    size_bytes: u64,
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
        let stage = Self {
            folder: folder.to_owned(),
            context: CCtx::create(),
            waiting: BTreeMap::new(),
            next_temporary: 0,
        };
        Ok(stage)
    }

    /// Reads content to its end, once, and keeps it under a temporary name.
    pub(super) fn add(&mut self, content: &mut dyn Read, mask: &mut dyn Mask) -> Result<Staged> {
        if self.waiting.len() >= STAGED_MAX {
            return Err(JournalError::TooMuchPending);
        }
        self.next_temporary += 1;
        let temporary = self.folder.join(ARCHIVE).join(INCOMING).join(self.next_temporary.to_string());
        let kept = self.keep(content, mask, &temporary);
        let place = kept.and_then(|kept| self.place(kept, &temporary));
        if !matches!(place, Ok(Staged { already: false, .. })) {
            // What is left in this folder is thrown away at the next start in any case.
            let _ = fs::remove_file(&temporary);
        }
        place
    }

    fn keep(&mut self, content: &mut dyn Read, mask: &mut dyn Mask, temporary: &Path) -> Result<Kept> {
        let file = File::create(temporary).map_err(JournalError::io("create", temporary))?;
        let fault = |code| JournalError::io("compress", temporary)(io::Error::other(zstd_fault(code)));
        self.context.reset(ResetDirective::SessionAndParameters).map_err(fault)?;
        for parameter in [
            CParameter::CompressionLevel(LEVEL),
            CParameter::WindowLog(WINDOW_LOG),
            CParameter::HashLog(HASH_LOG),
            CParameter::ChainLog(CHAIN_LOG),
            CParameter::ChecksumFlag(true),
        ] {
            self.context.set_parameter(parameter).map_err(fault)?;
        }
        let mut encoder = Encoder::with_context(BufWriter::new(file), &mut self.context);
        let mut hashes = Hashes::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let len = match content.read(&mut chunk) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(JournalError::Source { source }),
            };
            hashes.mask(&mut chunk[..len], mask);
            encoder.write_all(&chunk[..len]).map_err(JournalError::io("write", temporary))?;
        }
        let buffered = encoder.finish().map_err(JournalError::io("write", temporary))?;
        buffered.into_inner().map_err(|error| JournalError::io("write", temporary)(error.into_error()))?;
        Ok(hashes.finish())
    }

    /// Decides whether the new copy is wanted.
    fn place(&mut self, new: Kept, temporary: &Path) -> Result<Staged> {
        let Kept { file, kept, size_bytes } = new;
        if let Some(waiting) = self.waiting.get(&file) {
            return Ok(Staged { file, kept: waiting.kept, size_bytes, already: true });
        }
        let path = path_of(&self.folder, file);
        if path.exists() {
            // A power cut between naming and syncing leaves an empty or short file that no line names: look inside.
            match hash_of(&path, file) {
                Ok((kept, held_bytes)) if held_bytes == size_bytes => {
                    self.waiting.insert(file, Waiting { temporary: None, kept, carried: false });
                    return Ok(Staged { file, kept, size_bytes, already: true });
                }
                Ok(_) | Err(_) => {}
            }
        }
        self.waiting.insert(file, Waiting { temporary: Some(temporary.to_owned()), kept, carried: false });
        Ok(Staged { file, kept, size_bytes, already: false })
    }

    /// Where the content of a file is now, synced or not.
    pub(super) fn find(&self, file: Fingerprint) -> PathBuf {
        let waiting = self.waiting.get(&file).and_then(|waiting| waiting.temporary.clone());
        waiting.unwrap_or_else(|| path_of(&self.folder, file))
    }

    /// What a line is to carry of its file: a small one, while the group has few. The file need not be synced then, for
    /// [`restore`] makes it again from the line.
    pub(super) fn carry(&mut self, file: Fingerprint) -> Option<Vec<u8>> {
        if self.waiting.values().filter(|waiting| waiting.carried).count() >= CARRIED_MAX {
            return None;
        }
        let waiting = self.waiting.get_mut(&file).filter(|waiting| !waiting.carried)?;
        let temporary = waiting.temporary.as_deref()?;
        if fs::metadata(temporary).ok()?.len() > CARRIED_BYTES_MAX {
            return None;
        }
        let content = fs::read(temporary).ok()?;
        waiting.carried = true;
        Some(content)
    }

    /// Gives the staged files their names and makes those durable that no line carries: 4 sync calls for two files, 1
    /// for more. With `all`, those as well that lines before carried.
    pub(super) fn sync(&mut self, syncer: &mut Syncer, all: bool) -> Result<()> {
        let mut paths = Vec::with_capacity(self.waiting.len());
        for (&file, waiting) in &mut self.waiting {
            let path = path_of(&self.folder, file);
            if let Some(temporary) = waiting.temporary.take() {
                fs::rename(&temporary, &path).map_err(JournalError::io("name", &path))?;
            }
            if !waiting.carried {
                paths.push(path);
            }
        }
        if all || paths.len() > SYNC_ONE_BY_ONE_MAX {
            syncer.everything()?;
        } else {
            for path in &paths {
                syncer.path(path)?;
                if let Some(shard) = path.parent() {
                    syncer.path(shard)?;
                }
            }
        }
        self.waiting.clear();
        Ok(())
    }
}

/// Makes the archived file that a line carries again, if a power cut took it. True when it was made.
pub(super) fn restore(folder: &Path, file: Fingerprint, content: &[u8]) -> Result<bool> {
    let path = path_of(folder, file);
    if fs::read(&path).is_ok_and(|found| found == content) {
        return Ok(false);
    }
    let temporary = path.with_extension("restored");
    let fault = |source| JournalError::io("restore", &path)(source);
    let mut handle = File::create(&temporary).map_err(fault)?;
    handle.write_all(content).and_then(|()| handle.sync_all()).map_err(fault)?;
    fs::rename(&temporary, &path).map_err(fault)?;
    Ok(true)
}

/// Hashes the original bytes, and the masked ones from the first chunk on that differs.
struct Hashes {
    file: Sha256,
    kept: Option<Sha256>,
    size_bytes: u64,
    original: Vec<u8>,
}

impl Hashes {
    fn new() -> Self {
        Self { file: Sha256::new(), kept: None, size_bytes: 0, original: Vec::with_capacity(CHUNK_BYTES) }
    }

    fn mask(&mut self, chunk: &mut [u8], mask: &mut dyn Mask) {
        self.size_bytes += chunk.len() as u64;
        self.original.clear();
        self.original.extend_from_slice(chunk);
        mask.mask(chunk);
        if self.kept.is_none() && chunk != self.original {
            self.kept = Some(self.file.clone());
        }
        if let Some(kept) = &mut self.kept {
            kept.update(chunk);
        }
        self.file.update(&self.original);
    }

    fn finish(self) -> Kept {
        let file = Fingerprint::from_bytes(self.file.finalize().into());
        let kept = self.kept.map_or(file, |kept| Fingerprint::from_bytes(kept.finalize().into()));
        Kept { file, kept, size_bytes: self.size_bytes }
    }
}

fn zstd_fault(code: usize) -> &'static str {
    zstd::zstd_safe::get_error_name(code)
}
