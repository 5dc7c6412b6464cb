//! Files that are not in the archive's folder yet, found in the journal lines that carry them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::log::segments;
use super::{JournalError, LINE_BYTES_MAX, Result, line};
use crate::ident::Fingerprint;

/// Where the lines of the last segment are that carry files, as far as it was read. The segments before carry nothing that the
/// archive does not hold. Needs 48 bytes for each such line, of which a segment of 64 MiB has less than 100,000.
#[derive(Debug, Default)]
pub(super) struct CarriedIndex(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    segment: PathBuf,
    /// Up to here the segment was read.
    read_bytes: u64,
    /// Start and length of each line.
    lines: BTreeMap<Fingerprint, (u64, usize)>,
}

impl CarriedIndex {
    /// The file as it would stand in the archive.
    pub(super) fn find(&self, folder: &Path, file: Fingerprint) -> Result<Option<Vec<u8>>> {
        let Some((_, segment)) = segments(folder)?.pop() else { return Ok(None) };
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.segment != segment {
            *places = Places { segment, ..Places::default() };
        }
        places.find(file).map_err(|source| JournalError::io("read", &places.segment)(source))
    }
}

impl Places {
    fn find(&mut self, file: Fingerprint) -> io::Result<Option<Vec<u8>>> {
        let mut segment = File::open(&self.segment)?;
        if !self.lines.contains_key(&file) {
            self.read_on(&segment)?;
        }
        let Some(&(start, len)) = self.lines.get(&file) else { return Ok(None) };
        let mut bytes = vec![0; len];
        segment.seek(SeekFrom::Start(start))?;
        segment.read_exact(&mut bytes)?;
        Ok(line::carried(&bytes).and_then(|(found, content)| (found == file).then_some(content)))
    }

    /// Takes in the whole lines that were added.
    fn read_on(&mut self, segment: &File) -> io::Result<()> {
        let mut reader = BufReader::new(segment);
        reader.seek(SeekFrom::Start(self.read_bytes))?;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let len = (&mut reader).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut bytes)?;
            if bytes.last() != Some(&b'\n') {
                return Ok(());
            }
            if let Some(file) = line::carries(&bytes) {
                self.lines.insert(file, (self.read_bytes, len));
            }
            self.read_bytes += len as u64;
        }
    }
}
