//! Receipts for X12 that are written back to brokers: one file for each file received, after it was committed.
//!
//! How far each broker has its receipts is kept in the state folder, as a number of the journal's lines. A file bears the name that
//! its line gives it and is written whole or not at all, and only then the number moves on: a crash between the two finds the file
//! again. What cannot be written waits and is told as a trouble.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::grammar::Grammar;
use crate::ident::{BrokerName, Fingerprint};
use crate::journal::{JournalError, JournalReader, Line, Received, What};
use crate::outbox::{TroubleBrief, TroubleId};
use crate::receipt::{ReceiptForm, Stamp, receipt};
use crate::step::Position;
use crate::store::{Store, StoreError};

/// Below the state folder.
const FOLDER: &str = "receipts";

/// Lines that are looked at before others get their turn.
const LINES_MAX: u64 = 10_000;

/// A broker to whom receipts are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiptSettings {
    pub broker: BrokerName,
    pub folder: PathBuf,
    pub form: ReceiptForm,
}

/// Why a receipt is not written yet.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    #[error("the store did not answer")]
    Store(#[from] StoreError),
    #[error("could not read the received file {file}")]
    Content {
        file: Fingerprint,
        #[source]
        source: std::io::Error,
    },
    #[error("could not write {path}", path = path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} holds no number", path = path.display())]
    Mark { path: PathBuf },
}

/// How far one broker has its receipts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Receipts that were written now.
    pub written: u64,
    /// Nothing is left of what was committed.
    pub is_done: bool,
}

/// Remembers where the receipts of each broker begin: behind everything that came before they were wanted.
///
/// # Errors
/// When the state folder cannot be written.
pub fn begin(state: &Path, all: &[ReceiptSettings], now: Position) -> Result<(), ReceiptError> {
    for settings in all {
        let path = mark_path(state, &settings.broker);
        if !path.exists() {
            mark(state, &settings.broker, now.seq)?;
        }
    }
    Ok(())
}

/// Writes what one broker is owed, up to the last committed line.
///
/// # Errors
/// When something cannot be read or written. What was written counts; the rest is for the next call.
pub fn write(
    state: &Path,
    store: &dyn Store,
    grammar: &Grammar,
    settings: &ReceiptSettings,
) -> Result<Progress, ReceiptError> {
    let end = store.position()?.seq;
    let from = marked(state, &settings.broker)?;
    let mut progress = Progress { written: 0, is_done: from >= end };
    if progress.is_done {
        return Ok(progress);
    }
    let journal = JournalReader::open(state)?;
    let last = end.min(from.saturating_add(LINES_MAX));
    let mut seen = from;
    for line in journal.read(from + 1)? {
        let (_, line) = line?;
        if line.seq > last {
            break;
        }
        if let Some(received) = owed(&line, settings, store)?
            && let Some(bytes) = receipt_of(&journal, grammar, settings, &line, received)?
        {
            put(&settings.folder, &file_name(&line, received.file, settings.form), &bytes)?;
            mark(state, &settings.broker, line.seq)?;
            progress.written += 1;
        }
        seen = line.seq;
        if seen == last {
            break;
        }
    }
    mark(state, &settings.broker, seen)?;
    progress.is_done = seen >= end;
    Ok(progress)
}

/// A file of this broker that came through a drop, for the first time.
fn owed<'l>(
    line: &'l Line,
    settings: &ReceiptSettings,
    store: &dyn Store,
) -> Result<Option<&'l Received>, StoreError> {
    let What::Received(received) = &line.what else { return Ok(None) };
    if received.broker != settings.broker || !received.deliver {
        return Ok(None);
    }
    let is_first = store.input(received.file)?.is_none_or(|known| known.seq >= line.seq);
    Ok(is_first.then_some(received))
}

fn receipt_of(
    journal: &JournalReader,
    grammar: &Grammar,
    settings: &ReceiptSettings,
    line: &Line,
    received: &Received,
) -> Result<Option<Vec<u8>>, ReceiptError> {
    let mut content = journal.content(received.file)?;
    let stamp = Stamp { number: line.seq, at: line.at };
    receipt(&mut content, grammar, settings.form, stamp)
        .map_err(|source| ReceiptError::Content { file: received.file, source })
}

/// `997-000000012-1a2b3c4d.edi`: the number of the line, and the beginning of the file's fingerprint.
fn file_name(line: &Line, file: Fingerprint, form: ReceiptForm) -> String {
    format!("{}-{:09}-{:.8}.edi", form.set(), line.seq, file.to_string())
}

/// Writes a file whole or not at all. One that is there already is the same.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReceiptError> {
    let path = folder.join(name);
    let fault = |source| ReceiptError::Write { path: path.clone(), source };
    if path.try_exists().map_err(fault)? {
        return Ok(());
    }
    replace(folder, &path, bytes, 0o644).map_err(fault)
}

/// A temporary name, a sync, the name; then the folder.
fn replace(folder: &Path, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".receipt-").suffix(".part").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

fn mark_path(state: &Path, broker: &BrokerName) -> PathBuf {
    state.join(FOLDER).join(broker.as_str())
}

fn mark(state: &Path, broker: &BrokerName, seq: u64) -> Result<(), ReceiptError> {
    let folder = state.join(FOLDER);
    let path = mark_path(state, broker);
    std::fs::create_dir_all(&folder)
        .and_then(|()| replace(&folder, &path, format!("{seq}\n").as_bytes(), 0o600))
        .map_err(|source| ReceiptError::Write { path, source })
}

fn marked(state: &Path, broker: &BrokerName) -> Result<u64, ReceiptError> {
    let path = mark_path(state, broker);
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|source| ReceiptError::Write { path: path.clone(), source })?;
    text.trim().parse().map_err(|_| ReceiptError::Mark { path })
}

/// The name of their trouble.
pub fn trouble_id(settings: &ReceiptSettings) -> TroubleId {
    TroubleId { subject: format!("receipts to {}", settings.broker).into(), code: "receipts-failed".into() }
}

/// The trouble of receipts that cannot be written.
pub fn trouble(settings: &ReceiptSettings, error: &ReceiptError) -> TroubleBrief {
    let TroubleId { subject, code } = trouble_id(settings);
    TroubleBrief {
        subject,
        code,
        message: crate::words::chain(error),
        advice: "See that the folder exists, has room, and that the service may write to it. Nothing is lost: the \
                 receipts are written as soon as they can be."
            .to_owned(),
        file: None,
        place: None,
    }
}
