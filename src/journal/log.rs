//! Reading the log: segments, the chain of hashes, and where a torn tail begins.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::archive::{Content, path_of};
use super::carried::CarriedIndex;
use super::folder::JOURNAL;
use super::{FORMAT, JournalError, LINE_BYTES_MAX, Line, Result, line};
use crate::ident::Fingerprint;
use crate::step::Position;

const SEGMENT_ENDING: &str = "jsonl";
const READ_BUFFER_BYTES: usize = 64 << 10;

/// The first line of each segment.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    /// [`FORMAT`].
    pub(super) journal: u32,
    /// The number of the segment's first line.
    pub(super) first: u64,
    /// The hash of the last line of the segment before; zeros in the first.
    pub(super) prev: Fingerprint,
}

impl Header {
    pub(super) fn new(first: u64, prev: Fingerprint) -> Self {
        Self { journal: FORMAT, first, prev }
    }

    pub(super) fn to_line(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("a header is plain data");
        bytes.push(b'\n');
        bytes
    }
}

pub(crate) fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(JOURNAL).join(format!("{first:012}.{SEGMENT_ENDING}"))
}

/// The segments of a state folder by the number of their first line, in order. Other files are passed over.
pub(crate) fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let journal = folder.join(JOURNAL);
    let mut found = Vec::new();
    for item in fs::read_dir(&journal).map_err(JournalError::io("list", &journal))? {
        let path = item.map_err(JournalError::io("list", &journal))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| stem.len() == 12);
        let number = stem.and_then(|stem| stem.parse().ok());
        if let (Some(first), Some(SEGMENT_ENDING)) = (number, path.extension().and_then(|end| end.to_str())) {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// What stands next in a segment.
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made, never kept")]
pub(super) enum Next {
    Line(Position, Line),
    /// The end of the file, after a whole line.
    End,
    /// Bytes without a line end: a write that is under way, or was cut off.
    Torn,
}

/// Reads one segment line by line and holds it to its chain.
pub(super) struct SegmentReader {
    file: BufReader<File>,
    pub(super) path: PathBuf,
    /// Number of the line in the file that was read last, from 1.
    pub(super) line: u64,
    /// Where the line that was read last begins.
    pub(super) line_start: u64,
    /// Where the next line begins.
    pub(super) offset: u64,
    /// The last line of the log that was read.
    pub(super) last: Position,
    /// The hash of the last physical line, which the next one has to name.
    pub(super) chain: Fingerprint,
    /// Whether the line that was read last holds bytes that no line can: a page that was never written.
    pub(super) holed: bool,
    bytes: Vec<u8>,
}

impl SegmentReader {
    /// Opens a segment and reads its header. `None` when not even that is whole.
    ///
    /// `before` is the last line of the segment before, when it is known.
    pub(super) fn open(path: &Path, first: u64, before: Option<Position>) -> Result<Option<Self>> {
        let file = File::open(path).map_err(JournalError::io("open", path))?;
        let mut reader = Self {
            file: BufReader::with_capacity(READ_BUFFER_BYTES, file),
            path: path.to_owned(),
            line: 0,
            line_start: 0,
            offset: 0,
            last: Position::START,
            chain: Fingerprint::ZERO,
            holed: false,
            bytes: Vec::new(),
        };
        if !reader.fill()? {
            return Ok(None);
        }
        let header: Header = serde_json::from_slice(&reader.bytes)
            .map_err(|error| reader.broken(format!("no header: {error}")))?;
        if header.journal != FORMAT {
            return Err(JournalError::Format { path: path.to_owned(), found: header.journal });
        }
        if header.first != first {
            return Err(reader.broken(format!("the header says that line {} comes first", header.first)));
        }
        if before.is_some_and(|before| header.prev != before.hash || header.first != before.seq + 1) {
            return Err(reader.broken("the header does not continue the segment before".to_owned()));
        }
        reader.chain = Fingerprint::of(&reader.bytes);
        reader.last = Position { seq: first.saturating_sub(1), hash: header.prev };
        Ok(Some(reader))
    }

    pub(super) fn next(&mut self) -> Result<Next> {
        if !self.fill()? {
            return Ok(if self.bytes.is_empty() { Next::End } else { Next::Torn });
        }
        let line = line::parse(&self.bytes).map_err(|error| self.broken(format!("not a line: {error}")))?;
        if line.seq != self.last.seq + 1 {
            return Err(self.broken(format!("line {} stands where {} belongs", line.seq, self.last.seq + 1)));
        }
        if line.prev != self.chain {
            return Err(self.broken(format!("line {} does not continue the line before", line.seq)));
        }
        self.chain = Fingerprint::of(&self.bytes);
        self.last = Position { seq: line.seq, hash: self.chain };
        Ok(Next::Line(self.last, line))
    }

    /// The line that [`next`](Self::next) read last, as it stands.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads up to a line end into `bytes`; false when the file ends before one.
    fn fill(&mut self) -> Result<bool> {
        self.bytes.clear();
        self.line += 1;
        self.line_start = self.offset;
        loop {
            let buffer = match self.file.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(JournalError::io("read", &self.path)(error)),
            };
            let end = memchr::memchr(b'\n', buffer);
            let len = end.map_or(buffer.len(), |at| at + 1);
            self.bytes.extend_from_slice(&buffer[..len]);
            self.file.consume(len);
            if end.is_some() || len == 0 {
                self.holed = memchr::memchr(0, &self.bytes).is_some();
                self.offset += if end.is_some() { self.bytes.len() as u64 } else { 0 };
                return Ok(end.is_some());
            }
            if self.bytes.len() > LINE_BYTES_MAX {
                self.holed = memchr::memchr(0, &self.bytes).is_some();
                return Err(self.broken(format!("longer than {LINE_BYTES_MAX} bytes")));
            }
        }
    }

    fn broken(&self, why: String) -> JournalError {
        JournalError::Broken { path: self.path.clone(), line: self.line, why }
    }
}

/// Reads a journal, also while another process writes it: it needs no lock.
///
/// It may see lines that are written and not yet synced; only the writer knows what is confirmed.
#[derive(Clone, Debug)]
pub struct JournalReader {
    folder: PathBuf,
    carried: Arc<CarriedIndex>,
}

impl JournalReader {
    /// # Errors
    /// When `folder` holds no journal.
    pub fn open(folder: &Path) -> Result<Self> {
        segments(folder)?;
        Ok(Self { folder: folder.to_owned(), carried: Arc::default() })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lines from number `from_seq` on (1 is the first), in order and in bounded memory.
    ///
    /// Stops at the end of the log, and after the first error. An unfinished last line is the end.
    pub fn read(&self, from_seq: u64) -> Result<Lines> {
        let mut segments = segments(&self.folder)?;
        let start = segments.iter().rposition(|&(first, _)| first <= from_seq.max(1)).unwrap_or(0);
        segments.drain(..start);
        let listed = segments.into();
        Ok(Lines { folder: self.folder.clone(), listed, current: None, from_seq, done: false })
    }

    /// The content of an archived file, secrets masked.
    ///
    /// # Errors
    /// [`JournalError::Missing`] when there is no such file.
    pub fn content(&self, file: Fingerprint) -> Result<Content> {
        let path = path_of(&self.folder, file);
        match Content::open(&path, file) {
            Err(JournalError::Missing { .. }) => {}
            found => return found,
        }
        match self.carried(file)? {
            Some(compressed) => Content::of_bytes(compressed),
            // The writer may have given it its place meanwhile.
            None => Content::open(&path, file),
        }
    }

    /// A file that has no place in the archive yet, as it will stand there.
    pub(crate) fn carried(&self, file: Fingerprint) -> Result<Option<Vec<u8>>> {
        self.carried.find(&self.folder, file)
    }

    /// Whether there is a file under this name. It does not look inside.
    pub fn has(&self, file: Fingerprint) -> bool {
        let path = path_of(&self.folder, file);
        path.exists() || matches!(self.carried(file), Ok(Some(_))) || path.exists()
    }
}

/// Lines of a journal. See [`JournalReader::read`].
pub struct Lines {
    folder: PathBuf,
    /// Segments that were there when reading began and were not opened yet.
    listed: VecDeque<(u64, PathBuf)>,
    current: Option<(u64, SegmentReader)>,
    from_seq: u64,
    done: bool,
}

impl Lines {
    fn step(&mut self) -> Result<Option<(Position, Line)>> {
        loop {
            let Some((_, segment)) = &mut self.current else {
                let Some((first, path)) = self.listed.pop_front() else { return Ok(None) };
                // Without a whole header the writer is just making the segment.
                let Some(reader) = SegmentReader::open(&path, first, None)? else { return Ok(None) };
                self.current = Some((first, reader));
                continue;
            };
            match segment.next()? {
                Next::Line(position, _) if position.seq < self.from_seq => {}
                Next::Line(position, line) => return Ok(Some((position, line))),
                Next::End | Next::Torn => {
                    if !self.follow()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Goes on with the segment that begins after the last line; false when there is none.
    ///
    /// Its name is looked for anew, because the writer may have begun it since the segments were listed.
    fn follow(&mut self) -> Result<bool> {
        let Some((first, ended)) = &self.current else { return Ok(false) };
        let last = ended.last;
        let next = last.seq + 1;
        let path = segment_path(&self.folder, next);
        if next == *first || !path.exists() {
            return match self.listed.front() {
                None => Ok(false),
                Some((listed, _)) => {
                    Err(ended.broken(format!("line {next} does not follow, but segment {listed} exists")))
                }
            };
        }
        let Some(reader) = SegmentReader::open(&path, next, Some(last))? else { return Ok(false) };
        self.current = Some((next, reader));
        self.listed.retain(|&(listed, _)| listed > next);
        Ok(true)
    }
}

impl Iterator for Lines {
    type Item = Result<(Position, Line)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

/// One segment, as far as it is wanted.
pub(crate) struct Extent {
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
    /// Up to the end of the last wanted line.
    pub(crate) size_bytes: u64,
}

/// Walks the whole lines up to number `up_to` along the chain, and answers the last one and what the lines fill.
pub(crate) fn walk(
    folder: &Path,
    up_to: u64,
    visit: &mut dyn FnMut(&Line),
) -> Result<(Position, Vec<Extent>)> {
    let (mut last, mut extents) = (Position::START, Vec::new());
    for (first, path) in segments(folder)? {
        if first > up_to.max(1) {
            break;
        }
        let Some(mut reader) = SegmentReader::open(&path, first, Some(last))? else { break };
        let mut size_bytes = reader.offset;
        while let Next::Line(position, line) = reader.next()? {
            if position.seq > up_to {
                break;
            }
            last = position;
            size_bytes = reader.offset;
            visit(&line);
        }
        extents.push(Extent { first, path, size_bytes });
    }
    Ok((last, extents))
}
