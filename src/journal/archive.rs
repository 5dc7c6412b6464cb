//! The archive: the bytes of every file, named by the hash of what the broker dropped.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::stream::{read::Decoder, write::Encoder};
use zstd::zstd_safe::{CCtx, CParameter, ResetDirective};

use super::folder::ARCHIVE;
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

/// Read at once.
const CHUNK_BYTES: usize = 64 << 10;
const LEVEL: i32 = 3;
/// With these three the compressor needs less than half a MiB, whatever the size of the file.
const WINDOW_LOG: u32 = 17;
const HASH_LOG: u32 = 15;
const CHAIN_LOG: u32 = 14;

/// The file of the archive that holds `file`.
pub(crate) fn path_of(folder: &Path, file: Fingerprint) -> PathBuf {
    let name = file.to_string();
    folder.join(ARCHIVE).join(&name[..2]).join(format!("{name}.zst"))
}

/// Decompressed content of an archived file. A damaged one ends in an error, never in wrong bytes.
pub struct Content(Decoder<'static, BufReader<Source>>);

enum Source {
    File(File),
    Memory(Cursor<Vec<u8>>),
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Memory(bytes) => bytes.read(out),
        }
    }
}

impl Content {
    pub(super) fn open(path: &Path, file: Fingerprint) -> Result<Self> {
        let fault = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => JournalError::Missing { file },
            _ => JournalError::io("open", path)(source),
        };
        let handle = File::open(path).map_err(fault)?;
        // The decompressor takes nothing at all for no content, but there is one frame at least in what was written.
        if handle.metadata().map_err(fault)?.len() == 0 {
            return Err(JournalError::io("read", path)(io::ErrorKind::UnexpectedEof.into()));
        }
        let decoder = Decoder::new(Source::File(handle)).map_err(JournalError::io("read", path))?;
        Ok(Self(decoder))
    }

    /// What is not in the archive's folder yet, compressed as it will be there.
    pub(super) fn of_bytes(compressed: Vec<u8>) -> Result<Self> {
        let decoder = Decoder::new(Source::Memory(Cursor::new(compressed)));
        Ok(Self(decoder.map_err(|source| JournalError::Source { source })?))
    }

    /// The hash and the size of the content, read to its end.
    pub(super) fn hash(mut self) -> io::Result<(Fingerprint, u64)> {
        let (mut hash, mut size_bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
        loop {
            match self.read(&mut chunk) {
                Ok(0) => return Ok((Fingerprint::from_bytes(hash.finalize().into()), size_bytes)),
                Ok(len) => {
                    hash.update(&chunk[..len]);
                    size_bytes += len as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

/// Writes a compressed file into the archive under its name, which stands for a whole file while this machine runs. It is
/// not synced.
pub(crate) fn put(folder: &Path, file: Fingerprint, compressed: &[u8]) -> Result<()> {
    let path = path_of(folder, file);
    let temporary = path.with_extension("part");
    fs::write(&temporary, compressed).map_err(JournalError::io("write", &temporary))?;
    fs::rename(&temporary, &path).map_err(JournalError::io("name", &path))
}

/// Makes the archived file that a line carries again, if it is not there as it should be. True when it was made.
pub(super) fn restore(folder: &Path, file: Fingerprint, compressed: &[u8]) -> Result<bool> {
    if fs::read(path_of(folder, file)).is_ok_and(|found| found == compressed) {
        return Ok(false);
    }
    put(folder, file, compressed)?;
    Ok(true)
}

/// Hashes and sizes of content that was read to its end.
pub(super) struct Kept {
    /// SHA-256 of the original bytes.
    pub(super) file: Fingerprint,
    /// SHA-256 of the masked ones.
    pub(super) kept: Fingerprint,
    pub(super) size_bytes: u64,
}

/// Where compressed bytes go: into memory while they are few, into a file of their own when they are more.
pub(super) struct Sink {
    memory: Vec<u8>,
    memory_max: usize,
    /// Made when it is needed.
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

/// Compressed bytes.
pub(super) enum Compressed {
    Memory(Vec<u8>),
    File(PathBuf),
}

impl Sink {
    pub(super) fn new(memory_max: usize, path: PathBuf) -> Self {
        Self { memory: Vec::new(), memory_max, path, file: None }
    }

    fn finish(mut self) -> io::Result<Compressed> {
        match self.file.take() {
            None => Ok(Compressed::Memory(std::mem::take(&mut self.memory))),
            Some(file) => {
                file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Ok(Compressed::File(std::mem::take(&mut self.path)))
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        if self.memory.len() + bytes.len() > self.memory_max {
            let mut file = BufWriter::new(File::create(&self.path)?);
            file.write_all(&std::mem::take(&mut self.memory))?;
            return self.file.insert(file).write(bytes);
        }
        self.memory.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Compresses, masks and hashes content on its way. Keeps its buffers.
pub(super) struct Compressor {
    context: CCtx<'static>,
    chunk: Vec<u8>,
    original: Vec<u8>,
}

impl Compressor {
    pub(super) fn new() -> Self {
        Self {
            context: CCtx::create(),
            chunk: vec![0; CHUNK_BYTES],
            original: Vec::with_capacity(CHUNK_BYTES),
        }
    }

    /// Reads content to its end, once.
    pub(super) fn keep(
        &mut self,
        content: &mut dyn Read,
        mask: &mut dyn Mask,
        sink: Sink,
    ) -> Result<(Kept, Compressed)> {
        let Self { context, chunk, original } = self;
        let path = sink.path.clone();
        let fault = |code| JournalError::io("compress", &path)(io::Error::other(zstd_fault(code)));
        context.reset(ResetDirective::SessionAndParameters).map_err(fault)?;
        for parameter in [
            CParameter::CompressionLevel(LEVEL),
            CParameter::WindowLog(WINDOW_LOG),
            CParameter::HashLog(HASH_LOG),
            CParameter::ChainLog(CHAIN_LOG),
            CParameter::ChecksumFlag(true),
        ] {
            context.set_parameter(parameter).map_err(fault)?;
        }
        let mut encoder = Encoder::with_context(sink, context);
        let mut hashes = Hashes::new();
        loop {
            let len = match content.read(chunk) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(JournalError::Source { source }),
            };
            hashes.mask(&mut chunk[..len], original, mask);
            encoder.write_all(&chunk[..len]).map_err(JournalError::io("write", &path))?;
        }
        let compressed = encoder.finish().and_then(Sink::finish).map_err(JournalError::io("write", &path))?;
        Ok((hashes.finish(), compressed))
    }
}

/// Hashes the original bytes, and the masked ones from the first chunk on that differs.
struct Hashes {
    file: Sha256,
    kept: Option<Sha256>,
    size_bytes: u64,
}

impl Hashes {
    fn new() -> Self {
        Self { file: Sha256::new(), kept: None, size_bytes: 0 }
    }

    fn mask(&mut self, chunk: &mut [u8], original: &mut Vec<u8>, mask: &mut dyn Mask) {
        self.size_bytes += chunk.len() as u64;
        original.clear();
        original.extend_from_slice(chunk);
        mask.mask(chunk);
        if self.kept.is_none() && chunk != original {
            self.kept = Some(self.file.clone());
        }
        if let Some(kept) = &mut self.kept {
            kept.update(chunk);
        }
        self.file.update(original);
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
