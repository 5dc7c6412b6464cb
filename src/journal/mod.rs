//! What came from outside, kept before anyone understands it. The journal is the only truth; the store follows from it.
//!
//! Two plain things below the state folder:
//!
//! ```text
//! archive/ab/<sha256>.zst       the bytes of every file, named by the SHA-256 of the original bytes, secrets masked
//! journal/000000000001.jsonl    one JSON line for each thing that happened; a segment is named by its first number
//! lock                          held by the one process that writes
//! ```
//!
//! Each line carries the hash of the line before it, line end included, so that `sed -n 7p SEGMENT | sha256sum`
//! prints what line 8 says in `prev`. The first line of a segment is a header that names the format and continues the
//! chain. Lines are confirmed by [`Journal::sync`] only, a group at a time; what a crash leaves of an unconfirmed group
//! is either whole lines, which count, or a torn tail, which is dropped at the next start.
//!
//! The line of a small file carries its bytes as well (`content`, base64 of what the archive will hold), and
//! its file in the archive is made later, with many others: see `stage.rs`.

mod archive;
mod carried;
mod folder;
mod line;
mod log;
mod stage;
mod verify;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

pub use archive::{Content, Mask, NoMask};
pub use folder::{StateLock, free_bytes};
pub use line::{Line, Received, Redated, UnknownLine, What};
pub use log::{JournalReader, Lines};
pub use stage::Staged;
pub use verify::{PROBLEMS_MAX, Problem, Progress, Report, verify};
pub use writer::{Journal, Opened, Settings};

pub(crate) use archive::{path_of as archive_path, put as put_into_archive};
pub(crate) use folder::{ARCHIVE, JOURNAL, create_folder, sync_tree};
/// Whether a journal was begun in this state folder.
pub fn exists(state: &std::path::Path) -> bool {
    state.join(folder::JOURNAL).is_dir()
}

pub(crate) use log::{segment_path, segments, walk};

use crate::ident::Fingerprint;

/// Version of the lines, written into the header of every segment.
pub const FORMAT: u32 = 1;
/// No line is longer, its end included.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Why the journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the state folder {path} is in use by another process: the daemon while it starts or stops, or a command; try again in a moment", path = path.display())]
    Locked { path: PathBuf },
    #[error("could not {doing} {path}", path = path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The content that was to be kept could not be read where it comes from.
    #[error("could not read the content to keep")]
    Source {
        #[source]
        source: io::Error,
    },
    #[error("{path}, line {line}: {why}", path = path.display())]
    Broken { path: PathBuf, line: u64, why: String },
    #[error("{path} is a journal of format {found}; this release reads format {FORMAT}", path = path.display())]
    Format { path: PathBuf, found: u32 },
    #[error("the journal failed earlier and must be opened again before it takes more")]
    Poisoned,
    #[error("a journal line of {size_bytes} bytes is longer than {LINE_BYTES_MAX}")]
    TooLong { size_bytes: usize },
    #[error("too much waits for one sync; sync before adding more")]
    TooMuchPending,
    #[error("a line of a kind that this release does not know cannot be written by it")]
    UnknownKind,
    #[error("the archive holds no file {file}")]
    Missing { file: Fingerprint },
}

impl JournalError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// True when there is no room left, so that an operator has to act, and the same call may succeed afterwards.
    pub fn is_full_disk(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// True when the same call may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Locked { .. } | Self::Source { .. } | Self::TooMuchPending => true,
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ),
            _ => false,
        }
    }
}

type Result<T> = std::result::Result<T, JournalError>;
