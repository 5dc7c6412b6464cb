//! The writing end of the journal: stage, append, sync.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::archive::{Content, Mask, restore};
use super::folder::{JOURNAL, StateLock, Syncer, create_folder};
use super::log::{Header, Lines, Next, SegmentReader, segment_path, segments};
use super::stage::{Stage, Staged};
use super::{JournalError, JournalReader, Result, What, line};
use crate::ident::Fingerprint;
use crate::step::Position;

/// What the writer may be told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A segment that has reached this size is followed by a new one.
    pub segment_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// What was found when the journal was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The last line.
    pub last: Position,
    /// Bytes of an unconfirmed group that were dropped from the end, 0 after an orderly stop.
    pub torn_bytes: u64,
}

/// Bytes of lines that may wait for one sync.
const PENDING_BYTES_MAX: usize = 64 << 20;

/// The one writer of a state folder.
pub struct Journal {
    reader: JournalReader,
    settings: Settings,
    stage: Stage,
    syncer: Syncer,
    segment: Segment,
    /// The new segment with which the pending bytes begin.
    roll_to: Option<PathBuf>,
    pending: Vec<u8>,
    /// The last line, synced or not.
    last: Position,
    /// The hash of the last physical line, header or not.
    chain: Fingerprint,
    /// The last line that was synced.
    synced: Position,
    poisoned: bool,
    _lock: StateLock,
}

/// The segment that is written.
struct Segment {
    file: File,
    path: PathBuf,
    /// Up to here all is synced.
    size_bytes: u64,
}

impl Journal {
    /// Opens the journal of a state folder, makes it when there is none, and drops a torn tail.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another process writes; [`JournalError::Broken`] when the chain of the last
    /// segment is broken before its end. Earlier segments are checked when they are read, and by [`verify`](super::verify).
    pub fn open(folder: &Path) -> Result<(Self, Opened)> {
        Self::open_with(folder, Settings::default())
    }

    pub fn open_with(folder: &Path, settings: Settings) -> Result<(Self, Opened)> {
        let journal = folder.join(JOURNAL);
        create_folder(&journal)?;
        let lock = StateLock::take(folder)?;
        let mut syncer = Syncer::new(folder)?;
        let stage = Stage::open(folder, &mut syncer)?;
        let tail = recover(folder, &mut syncer)?;
        let opened = Opened { last: tail.last, torn_bytes: tail.torn_bytes };
        let writer = Self {
            reader: JournalReader::open(folder)?,
            settings,
            stage,
            syncer,
            segment: tail.segment,
            roll_to: None,
            pending: Vec::new(),
            last: tail.last,
            chain: tail.chain,
            synced: tail.last,
            poisoned: false,
            _lock: lock,
        };
        Ok((writer, opened))
    }

    /// Reads content to its end, once and in bounded memory, and keeps it, masked, for the next sync.
    ///
    /// A failure here spoils nothing: the caller may go on with other files.
    pub fn stage(&mut self, content: &mut dyn Read, mask: &mut dyn Mask) -> Result<Staged> {
        self.alive()?;
        self.stage.add(content, mask)
    }

    /// Adds a line. It waits in memory, and counts once [`sync`](Self::sync) has answered.
    pub fn append(&mut self, at: DateTime<Utc>, what: &What) -> Result<Position> {
        self.alive()?;
        if self.pending.len() >= PENDING_BYTES_MAX {
            return Err(JournalError::TooMuchPending);
        }
        let seq = self.last.seq + 1;
        let rolls = self.pending.is_empty() && self.segment.size_bytes >= self.settings.segment_bytes;
        let header = rolls.then(|| Header::new(seq, self.last.hash).to_line());
        let prev = header.as_deref().map_or(self.chain, Fingerprint::of);
        let start = self.pending.len();
        self.pending.extend_from_slice(header.as_deref().unwrap_or_default());
        let content = match what {
            What::Received(received) => self.stage.carry(received.file),
            _ => None,
        };
        match line::write(&mut self.pending, seq, at, prev, what, content) {
            Ok(hash) => {
                if let What::Received(received) = what {
                    self.stage.is_carried(received.file);
                }
                if rolls {
                    self.roll_to = Some(segment_path(self.reader.folder(), seq));
                }
                self.chain = hash;
                self.last = Position { seq, hash };
                Ok(self.last)
            }
            Err(error) => {
                self.pending.truncate(start);
                Err(error)
            }
        }
    }

    /// Makes the staged files and then the lines durable, and answers the last durable line.
    ///
    /// One sync system call for small files, whose lines carry them; at most six, whatever the number of files
    /// and lines. The carried files' place in the archive waits for [`file`](Self::file).
    ///
    /// # Errors
    /// After any error nothing since the last sync is confirmed, and the journal takes nothing more until it is
    /// opened again: what the kernel reported as unwritten must not be taken for written by a second try.
    pub fn sync(&mut self) -> Result<Position> {
        self.alive()?;
        // Files that only the lines of the segment carry must be durable before the next segment begins.
        let rolls = self.roll_to.is_some();
        let outcome = self.stage.sync(&mut self.syncer, rolls).and_then(|()| self.write_pending());
        match outcome {
            Ok(()) => {
                self.pending.clear();
                self.stage.settle();
                self.synced = self.last;
                Ok(self.synced)
            }
            Err(error) => {
                self.poisoned = true;
                // Best effort: a reader should not find lines that were never confirmed. The next start decides.
                let _ = self.segment.file.set_len(self.segment.size_bytes);
                Err(error)
            }
        }
    }

    /// Gives carried files their place in the archive, and answers how many. For moments when nothing else is to be done:
    /// [`sync`](Self::sync) does it by itself when many wait, and so does the end of this value.
    pub fn file(&mut self) -> Result<usize> {
        self.alive()?;
        self.stage.file()
    }

    fn write_pending(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let rolled = self.roll_to.take();
        if let Some(path) = &rolled {
            self.segment = Segment { file: create(path)?, path: path.clone(), size_bytes: 0 };
        }
        let Segment { file, path, size_bytes } = &mut self.segment;
        file.write_all(&self.pending).map_err(JournalError::io("write", path))?;
        self.syncer.data(file, path)?;
        if rolled.is_some() {
            self.syncer.path(&self.reader.folder().join(JOURNAL))?;
        }
        *size_bytes += self.pending.len() as u64;
        Ok(())
    }

    fn alive(&self) -> Result<()> {
        if self.poisoned { Err(JournalError::Poisoned) } else { Ok(()) }
    }

    /// The last line that is durable.
    pub fn position(&self) -> Position {
        self.synced
    }

    /// How many sync system calls were made since the journal was opened.
    pub fn sync_calls(&self) -> u64 {
        self.syncer.calls()
    }

    /// A reader of the same folder, to keep or to hand to other threads.
    pub fn reader(&self) -> JournalReader {
        self.reader.clone()
    }

    /// See [`JournalReader::read`]: lines that wait for a sync are not among them.
    pub fn read(&self, from_seq: u64) -> Result<Lines> {
        self.reader.read(from_seq)
    }

    /// The content of a file, also of one that waits for a sync.
    pub fn content(&self, file: Fingerprint) -> Result<Content> {
        self.stage.content(file)
    }

    /// Whether a file is in the archive or waits for a sync.
    pub fn has(&self, file: Fingerprint) -> bool {
        self.stage.has(file)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Best effort: the lines hold what this misses, and the next start looks.
        let _ = self.file();
    }
}

/// Where the log ends.
struct Tail {
    segment: Segment,
    last: Position,
    chain: Fingerprint,
    torn_bytes: u64,
}

/// Finds the end of the log, cuts off what is torn, and makes the rest durable: a process that was killed may have left
/// whole lines that were never synced, and what we build on must not vanish later.
fn recover(folder: &Path, syncer: &mut Syncer) -> Result<Tail> {
    let mut segments = segments(folder)?;
    let mut torn_bytes = 0;
    while let Some((first, path)) = segments.pop() {
        let before = segments.last().map(|(first, _)| *first);
        let Some(mut reader) = SegmentReader::open(&path, first, None)? else {
            // A segment whose very header was cut off holds nothing confirmed.
            torn_bytes += size_of(&path)?;
            fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
            continue;
        };
        if before.is_none() && first != 1 {
            let why = "the segments before it are missing".to_owned();
            return Err(JournalError::Broken { path, line: 1, why });
        }
        let end = find_end(&mut reader, folder, syncer)?;
        let file = File::options().append(true).open(&path).map_err(JournalError::io("open", &path))?;
        let size_bytes = size_of(&path)?;
        if size_bytes > end {
            torn_bytes += size_bytes - end;
            set_aside(&path, end)?;
            file.set_len(end).map_err(JournalError::io("cut the torn end of", &path))?;
        }
        syncer.data(&file, &path)?;
        syncer.path(&folder.join(JOURNAL))?;
        let segment = Segment { file, path, size_bytes: end };
        return Ok(Tail { segment, last: reader.last, chain: reader.chain, torn_bytes });
    }
    let path = segment_path(folder, 1);
    let header = Header::new(1, Fingerprint::ZERO).to_line();
    let mut file = create(&path)?;
    file.write_all(&header).map_err(JournalError::io("write", &path))?;
    syncer.data(&file, &path)?;
    syncer.path(&folder.join(JOURNAL))?;
    syncer.path(folder)?;
    let segment = Segment { file, path, size_bytes: header.len() as u64 };
    Ok(Tail { segment, last: Position::START, chain: Fingerprint::of(&header), torn_bytes })
}

/// The offset after the last good line.
///
/// A tail is torn when it has no line end, or when it begins with a page that a power cut kept from the disk, which
/// reads as zeros: no line holds those. Anything else that is wrong was written by someone, and is an error.
///
/// What a line carries is put back into the archive, should a power cut have taken it from there.
fn find_end(reader: &mut SegmentReader, folder: &Path, syncer: &mut Syncer) -> Result<u64> {
    let mut restored = false;
    let end = loop {
        match reader.next() {
            Ok(Next::Line(..)) => {
                if let Some((file, content)) = line::carried(reader.bytes()) {
                    restored |= restore(folder, file, &content)?;
                }
            }
            Ok(Next::End) => break reader.offset,
            Ok(Next::Torn) => break reader.line_start,
            Err(JournalError::Broken { .. }) if reader.holed => break reader.line_start,
            Err(error) => return Err(error),
        }
    };
    if restored {
        syncer.everything()?;
    }
    Ok(end)
}

/// Keeps a copy of a torn end beside the segment, for whoever wants to know what was in it.
fn set_aside(path: &Path, from: u64) -> Result<()> {
    use std::io::{Seek, SeekFrom};
    let aside = path.with_extension("torn");
    let mut source = File::open(path).map_err(JournalError::io("open", path))?;
    source.seek(SeekFrom::Start(from)).map_err(JournalError::io("read", path))?;
    let mut copy = File::create(&aside).map_err(JournalError::io("create", &aside))?;
    std::io::copy(&mut source, &mut copy).map_err(JournalError::io("write", &aside))?;
    Ok(())
}

fn create(path: &Path) -> Result<File> {
    File::options().append(true).create_new(true).open(path).map_err(JournalError::io("create", path))
}

fn size_of(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|meta| meta.len()).map_err(JournalError::io("look at", path))
}
