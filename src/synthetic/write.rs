//! A feed on disk: a folder for each broker and the ledger beside them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{GeneratedFile, Plan, generate};

/// The ledger's name in the feed's folder: a [`Fact`](super::Fact) a line, as JSON.
pub const LEDGER_NAME: &str = "ledger.jsonl";

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    pub files: u64,
    pub facts: u64,
    pub size_bytes: u64,
}

/// Why a feed could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("could not make the folder {}", path.display())]
    MakeFolder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not write {}", path.display())]
    WriteFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Writes the plan's files to `folder/<broker>/<name>` and the ledger to `folder/ledger.jsonl`.
///
/// Files of an earlier feed are overwritten where the names agree, and left where they do not. `on_file` sees each file
/// after it was written.
///
/// # Errors
/// At the first folder or file that cannot be written.
pub fn write_to(
    plan: &Plan,
    folder: &Path,
    on_file: &mut dyn FnMut(&GeneratedFile),
) -> Result<Totals, WriteError> {
    make_folder(folder)?;
    let path = folder.join(LEDGER_NAME);
    let ledger_error = |source| WriteError::WriteFile { path: path.clone(), source };
    let mut ledger = BufWriter::new(File::create(&path).map_err(ledger_error)?);
    let mut totals = Totals::default();
    for file in generate(plan) {
        let broker = folder.join(file.broker.as_str());
        if !broker.is_dir() {
            make_folder(&broker)?;
        }
        let path = broker.join(&file.name);
        fs::write(&path, &file.bytes).map_err(|source| WriteError::WriteFile { path, source })?;
        for fact in &file.facts {
            serde_json::to_writer(&mut ledger, fact).map_err(|error| ledger_error(error.into()))?;
            ledger.write_all(b"\n").map_err(ledger_error)?;
        }
        totals.files += 1;
        totals.facts += file.facts.len() as u64;
        totals.size_bytes += file.bytes.len() as u64;
        on_file(&file);
    }
    ledger.flush().map_err(ledger_error)?;
    Ok(totals)
}

fn make_folder(path: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(path).map_err(|source| WriteError::MakeFolder { path: path.to_owned(), source })
}
