//! Another table of deadlines, or other days of the configuration, came into force: the reminders of every entry follow, a few
//! entries at a time.

use std::sync::Arc;

use super::engine::{Engine, EngineError};
use super::view::StoreView;
use crate::deadline::DeadlineTable;
use crate::ident::EntryNumber;
use crate::journal::{Redated, What};

/// Names the table of deadlines that the reminders were planned with.
const TABLE_FILE: &str = "deadlines.version";

/// Since clocks are named by the liquidation or fact that starts them, and no longer by its date.
const NAMES: &str = "names-2";

/// Lives that are looked at together when the table of deadlines changed, a few milliseconds' work, and moved clocks that one
/// line holds.
const LIVES_AT_ONCE: usize = 200;
const REDATED_MAX: usize = 1_000;

/// How far the entries were looked at under another table of deadlines.
#[derive(Default)]
pub(super) struct Following {
    after: Option<EntryNumber>,
    moved: u64,
    /// Tables that may have been in force before, for the old dates.
    earlier: Vec<Arc<DeadlineTable>>,
}

impl Engine {
    /// Finds out whether the reminders were planned with the table of deadlines in force; where not, [`Engine::follow_some`] moves
    /// them. A file beside the journal says which table that was. Without it every entry is looked at, which changes nothing
    /// where nothing moved. `before` is the table that was in force until now, where that is known.
    pub fn look_at_table(&mut self, before: Option<Arc<DeadlineTable>>) {
        let known = std::fs::read_to_string(self.table_file());
        let is_known = known.is_ok_and(|known| known.trim_end() == self.table_note());
        if !is_known {
            self.forget_table();
        }
        self.following = (!is_known).then(|| {
            let plain = Arc::new(self.pipeline.deadlines.without_configuration());
            let embedded = Arc::new(DeadlineTable::embedded().clone());
            let earlier = before.into_iter().chain([plain, embedded]).collect();
            Following { earlier, ..Following::default() }
        });
    }

    /// From now on the reminders follow no one table: whichever is in force when this is interrupted, all are looked at again.
    fn forget_table(&self) {
        let path = self.table_file();
        let gone = match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| std::fs::File::open(self.journal.reader().folder())?.sync_all()),
        };
        if let Err(error) = gone {
            tracing::warn!(%error, path = %path.display(), "Could not remove the note of the table of deadlines.");
        }
    }

    /// The table in force, and how clocks are named: reminders that stand under other names must follow as well.
    fn table_note(&self) -> String {
        format!("{} {NAMES}", self.pipeline.deadlines.version())
    }

    fn table_file(&self) -> std::path::PathBuf {
        self.journal.reader().folder().join(TABLE_FILE)
    }

    /// Whether entries are still to be looked at under the table in force.
    pub fn is_following(&self) -> bool {
        self.following.is_some()
    }

    /// Moves the reminders of some entries to the dates of the table in force, and journals which ones moved. Little enough to be
    /// done between two jobs; a crash in the middle begins anew, and finds those done that are.
    pub fn follow_some(&mut self) -> Result<(), EngineError> {
        let Some(Following { after, moved, earlier }) = self.following.take() else { return Ok(()) };
        self.settle()?;
        let lives = self.store().lives(after, LIVES_AT_ONCE)?;
        let Some(last) = lives.last().map(|life| life.number) else {
            self.followed(moved);
            return Ok(());
        };
        let today = self.pipeline.reminder_day(self.clock.now());
        let mut moves = Vec::new();
        for life in &lives {
            moves.extend(self.pipeline.redated(&StoreView::over(&self.commits), life, today, &earlier)?);
        }
        let table: Box<str> = self.pipeline.deadlines.version().into();
        let line = |moves: &[Redated]| What::Redated { table: table.clone(), moves: moves.to_vec() };
        let lines: Vec<What> = moves.chunks(REDATED_MAX).map(line).collect();
        if !lines.is_empty() {
            self.happened_together(lines)?;
        }
        self.following = Some(Following { after: Some(last), moved: moved + moves.len() as u64, earlier });
        Ok(())
    }

    /// Every entry was looked at: the next start has nothing to do.
    fn followed(&self, moved: u64) {
        let (path, table) = (self.table_file(), self.pipeline.deadlines.version());
        let note = self.table_note();
        if moved > 0 {
            tracing::info!(
                moved,
                table,
                "Other deadline rules or days are in force; reminders moved with them."
            );
        }
        if let Err(error) = std::fs::write(&path, note) {
            tracing::warn!(%error, path = %path.display(), "Could not note the table of deadlines; the next start looks at every entry again.");
        }
    }

    /// Moves the reminders of all entries at once, for a process that does not stay.
    pub fn follow_table(&mut self) -> Result<(), EngineError> {
        self.look_at_table(None);
        while self.is_following() {
            self.follow_some()?;
        }
        Ok(())
    }
}
