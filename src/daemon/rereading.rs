//! Other tables came into force: files that hold what the tables before did not know are read again, one at a time.
//!
//! The store has an index of them with the version of the tables that each was read with, so that neither the journal nor the archive is
//! gone through, and a crash in the middle goes on where it was.

use super::engine::{Engine, EngineError};
use crate::ident::Fingerprint;
use crate::journal::What;

/// Who asks for it, as the journal names it.
const BY: &str = "entrywatch: other tables";

/// Files of the index that are looked at together.
const FILES_AT_ONCE: usize = 100;

/// How far the index was gone through.
#[derive(Default)]
pub(super) struct Rereading {
    after: Option<Fingerprint>,
    files: u64,
}

impl Engine {
    /// Whether files are still to be looked at under the tables in force.
    pub(super) fn is_rereading(&self) -> bool {
        self.rereading.is_some()
    }

    /// Whether the index may have any. Where it cannot be read, the first look at it says so.
    pub(super) fn has_unread(&self) -> bool {
        self.store().unread(None, 1).map_or(true, |page| !page.is_empty())
    }

    /// Reads the next such file again.
    pub(super) fn reread_some(&mut self) -> Result<(), EngineError> {
        let Some(mut rereading) = self.rereading.take() else { return Ok(()) };
        self.settle()?;
        let page = self.store().unread(rereading.after, FILES_AT_ONCE)?;
        let Some(&(last, _)) = page.last() else {
            if rereading.files > 0 {
                let tables = &*self.versions.grammar;
                tracing::info!(
                    files = rereading.files,
                    tables,
                    "Other tables are in force; files with what the tables before did not know were read again."
                );
            }
            return Ok(());
        };
        let in_force = self.pipeline.interpreter.grammar().version();
        let next = page.iter().find(|(_, tables)| **tables != *in_force).map(|(file, _)| *file);
        rereading.after = Some(next.unwrap_or(last));
        if let Some(file) = next {
            rereading.files += u64::from(self.reread(file)?);
        }
        self.rereading = Some(rereading);
        Ok(())
    }

    /// A file that the archive has lost is left as it was read: the audit tells what is wrong.
    fn reread(&mut self, file: Fingerprint) -> Result<bool, EngineError> {
        if self.store().input(file)?.is_none() {
            return Ok(false);
        }
        if let Err(error) = self.journal.reader().content(file) {
            let error = crate::words::chain(&error);
            tracing::warn!(%file, error, "A file could not be read again with the tables in force.");
            return Ok(false);
        }
        self.happened_together(vec![What::Reprocess { file, by: BY.into() }])?;
        Ok(true)
    }
}
