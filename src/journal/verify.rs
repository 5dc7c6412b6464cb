//! Checks a whole journal: every link of the chain, every archived file.

use std::fs;
use std::path::{Path, PathBuf};

use super::archive::path_of;
use super::folder::ARCHIVE;
use super::log::{Next, SegmentReader, segments};
use super::{JournalError, JournalReader, Result, What};
use crate::ident::Fingerprint;
use crate::step::Position;

/// More problems than this are only counted.
pub const PROBLEMS_MAX: usize = 1_000;

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// The log is damaged here. Nothing after this line can be vouched for.
    Line { path: PathBuf, line: u64, why: String },
    /// A line names a file that neither the archive nor a line of the last segment holds.
    Missing { seq: u64, file: Fingerprint },
    /// An archived file is not what its line says.
    Damaged { seq: u64, path: PathBuf, why: String },
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line { path, line, why } => write!(f, "{}, line {line}: {why}", path.display()),
            Self::Missing { seq, file } => {
                write!(f, "line {seq} names file {file}, which is not in the archive")
            }
            Self::Damaged { seq, path, why } => write!(f, "{} (line {seq}): {why}", path.display()),
        }
    }
}

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Report {
    pub segments: u64,
    pub lines: u64,
    /// The last line that the chain vouches for.
    pub last: Position,
    /// Different files that the lines name.
    pub files: u64,
    /// Their size, decompressed.
    pub content_bytes: u64,
    /// The first ones, in the order of the log and then of the files' names; at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    pub problems_count: u64,
    /// Archived files that no line names. A crash between archive and log leaves them; they do no harm.
    pub unnamed_files: u64,
    /// Whether the log ends in an unfinished line: a write under way, or one that the next start will drop.
    pub torn: bool,
}

impl Report {
    pub fn is_intact(&self) -> bool {
        self.problems_count == 0
    }

    fn add(&mut self, problem: Problem) {
        self.problems_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

/// How far a check has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    Lines { done: u64 },
    Files { done: u64, total: u64 },
}

const PROGRESS_EVERY_LINES: u64 = 10_000;

/// A file that a line names.
struct Named {
    file: Fingerprint,
    kept: Fingerprint,
    seq: u64,
}

/// Checks the journal of a state folder, also while the daemon runs. Needs 72 bytes of memory for each file named.
///
/// # Errors
/// Only when the folder cannot be read at all; damage is what the report is for.
pub fn verify(folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let mut report = Report {
        segments: 0,
        lines: 0,
        last: Position::START,
        files: 0,
        content_bytes: 0,
        problems: Vec::new(),
        problems_count: 0,
        unnamed_files: 0,
        torn: false,
    };
    let mut named = Vec::new();
    match check_lines(folder, &mut report, &mut named, progress) {
        Ok(()) => {}
        Err(JournalError::Broken { path, line, why }) => report.add(Problem::Line { path, line, why }),
        Err(JournalError::Format { path, found }) => {
            report.add(Problem::Line { path, line: 1, why: format!("unknown format {found}") });
        }
        Err(error) => return Err(error),
    }
    named.sort_by_key(|named| (named.file, named.seq));
    named.dedup_by_key(|named| named.file);
    report.files = named.len() as u64;
    let reader = JournalReader::open(folder)?;
    for (done, named) in named.iter().enumerate() {
        check_file(&reader, named, &mut report);
        progress(Progress::Files { done: done as u64 + 1, total: report.files });
    }
    if report.is_intact() {
        report.unnamed_files = count_unnamed(folder, &named)?;
    }
    Ok(report)
}

fn check_lines(
    folder: &Path,
    report: &mut Report,
    named: &mut Vec<Named>,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let segments = segments(folder)?;
    for (index, (first, path)) in segments.iter().enumerate() {
        let broken = |line, why: &str| JournalError::Broken { path: path.clone(), line, why: why.to_owned() };
        let is_last = index + 1 == segments.len();
        let Some(mut reader) = SegmentReader::open(path, *first, Some(report.last))? else {
            report.torn = true;
            return if is_last { Ok(()) } else { Err(broken(1, "the header is cut off")) };
        };
        report.segments += 1;
        loop {
            match reader.next()? {
                Next::Line(position, line) => {
                    report.lines += 1;
                    report.last = position;
                    if let What::Received(received) = line.what {
                        let kept = received.kept.unwrap_or(received.file);
                        named.push(Named { file: received.file, kept, seq: line.seq });
                    }
                    if report.lines.is_multiple_of(PROGRESS_EVERY_LINES) {
                        progress(Progress::Lines { done: report.lines });
                    }
                }
                Next::End => break,
                Next::Torn if is_last => {
                    report.torn = true;
                    break;
                }
                Next::Torn => return Err(broken(reader.line, "the line is cut off")),
            }
        }
    }
    progress(Progress::Lines { done: report.lines });
    Ok(())
}

fn check_file(reader: &JournalReader, named: &Named, report: &mut Report) {
    let path = path_of(reader.folder(), named.file);
    let fault = |source| JournalError::io("read", &path)(source);
    match reader.content(named.file).and_then(|content| content.hash().map_err(fault)) {
        Ok((kept, size_bytes)) if kept == named.kept => report.content_bytes += size_bytes,
        Ok((kept, _)) => {
            let why = format!("its content has hash {kept} and should have {}", named.kept);
            report.add(Problem::Damaged { seq: named.seq, path, why });
        }
        Err(JournalError::Missing { file }) => report.add(Problem::Missing { seq: named.seq, file }),
        Err(JournalError::Io { source, .. }) => {
            report.add(Problem::Damaged { seq: named.seq, path, why: source.to_string() });
        }
        Err(error) => report.add(Problem::Damaged { seq: named.seq, path, why: error.to_string() }),
    }
}

/// Counts archived files that no line names. `named` is sorted by file.
fn count_unnamed(folder: &Path, named: &[Named]) -> Result<u64> {
    let archive = folder.join(ARCHIVE);
    let mut unnamed = 0;
    for shard in fs::read_dir(&archive).map_err(JournalError::io("list", &archive))? {
        let shard = shard.map_err(JournalError::io("list", &archive))?.path();
        if shard.file_name().is_none_or(|name| name.len() != 2) {
            continue;
        }
        for item in fs::read_dir(&shard).map_err(JournalError::io("list", &shard))? {
            let path = item.map_err(JournalError::io("list", &shard))?.path();
            let file = path.file_stem().and_then(|stem| stem.to_str()).and_then(Fingerprint::parse);
            let is_named =
                file.is_some_and(|file| named.binary_search_by_key(&file, |named| named.file).is_ok());
            unnamed += u64::from(!is_named);
        }
    }
    Ok(unnamed)
}
