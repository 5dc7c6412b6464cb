//! Another table of deadlines, other days of the configuration, other rules or other teams came into force: the reminders of every
//! entry follow, a few entries at a time.

use std::sync::Arc;

use super::engine::{Engine, EngineError};
use super::rereading::Rereading;
use super::view::StoreView;
use crate::deadline::DeadlineTable;
use crate::ident::EntryNumber;
use crate::journal::{Redated, What};
use crate::outbox::{Alert, AlertKey, LetterKey};
use crate::pipeline::{Mailing, Moment};
use crate::store::LetterFilter;

/// Names the table of deadlines and the rules that the reminders were planned with.
const TABLE_FILE: &str = "deadlines.version";

/// Since clocks are named by the liquidation or fact that starts them, and no longer by its date, and since their ladders go on behind
/// a date of our own.
const NAMES: &str = "names-3";

/// Letters that one line says are taken back.
const LETTERS_MAX: usize = 1_000;

/// Letters that wait, and routine alerts that wait for digests, among which those of addresses without a team are looked for.
const WAITING_MAX: usize = 100_000;

/// Lives that are looked at together when the table of deadlines changed, about 50 milliseconds' work, and moved clocks that one
/// line holds.
const LIVES_AT_ONCE: usize = 100;
const REDATED_MAX: usize = 1_000;

/// How far the entries were looked at under another table of deadlines, or other rules.
#[derive(Default)]
pub(super) struct Following {
    after: Option<EntryNumber>,
    /// The same of alerts, once all entries were looked at.
    alerts_after: Option<AlertKey>,
    moved: u64,
    /// Entries that followed other rules.
    replanned: u64,
    /// Tables that may have been in force before, for the old dates.
    earlier: Vec<Arc<DeadlineTable>>,
}

/// What one line of the journal says that followed.
#[derive(Default)]
struct Followed {
    entries: Vec<EntryNumber>,
    addresses: Vec<Box<str>>,
    letters: Vec<LetterKey>,
    alerts: Vec<AlertKey>,
    lasting: bool,
}

impl Engine {
    /// Finds out whether the reminders were planned with the table of deadlines and the rules in force; where not,
    /// [`Engine::follow_some`] moves them. A file beside the journal says which those were. Without it every entry is
    /// looked at, which changes nothing where nothing moved. `before` is the table that was in force until now, where
    /// that is known.
    ///
    /// The same for the tables of messages: messages kept unread are read again once a table knows them.
    pub fn look_at_table(&mut self, before: Option<Arc<DeadlineTable>>) {
        self.rereading = self.has_unread().then(Rereading::default);
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

    /// The table and the rules in force, and how clocks are named: reminders that stand under other names must follow as well.
    fn table_note(&self) -> String {
        format!("{} {NAMES} {}", self.pipeline.deadlines.version(), self.versions.rules)
    }

    fn table_file(&self) -> std::path::PathBuf {
        self.journal.reader().folder().join(TABLE_FILE)
    }

    /// Whether entries are still to be looked at under the table in force.
    pub fn is_following(&self) -> bool {
        self.following.is_some() || self.is_rereading()
    }

    /// Moves the reminders of some entries to the dates of the table in force, and journals which ones moved. Little enough to be
    /// done between two jobs; a crash in the middle begins anew, and finds those done that are.
    pub fn follow_some(&mut self) -> Result<(), EngineError> {
        self.reread_some()?;
        let Some(mut following) = self.following.take() else { return Ok(()) };
        self.settle()?;
        let lives = self.store().lives(following.after, LIVES_AT_ONCE)?;
        let Some(last) = lives.last().map(|life| life.number) else {
            self.replace_lasting()?;
            if self.close_some(&mut following)? {
                self.following = Some(following);
                return Ok(());
            }
            self.take_back()?;
            match self.readdress_some()? {
                true => self.following = Some(following),
                false => self.followed(&following),
            }
            return Ok(());
        };
        let today = self.pipeline.reminder_day(self.clock.now());
        let mut moves = Vec::new();
        let earlier = &following.earlier;
        for life in &lives {
            moves.extend(self.pipeline.redated(&StoreView::over(&self.commits), life, today, earlier)?);
        }
        let table: Box<str> = self.pipeline.deadlines.version().into();
        let line = |moves: &[Redated]| What::Redated { table: table.clone(), moves: moves.to_vec() };
        let lines: Vec<What> = moves.chunks(REDATED_MAX).map(line).collect();
        if !lines.is_empty() {
            self.happened_together(lines)?;
        }
        following.after = Some(last);
        following.moved += moves.len() as u64;
        following.replanned += self.replan(lives.iter().map(|life| life.number))?;
        self.following = Some(following);
        Ok(())
    }

    /// Lets entries follow the rules in force; answers for how many that made a difference.
    fn replan(&mut self, numbers: impl Iterator<Item = EntryNumber>) -> Result<u64, EngineError> {
        let moment = Moment { seq: 0, at: self.clock.now(), mailing: Mailing::Deliver };
        let mut entries = Vec::new();
        for number in numbers {
            if self.pipeline.wants_replan(&StoreView::over(&self.commits), moment, number)? {
                entries.push(number);
            }
        }
        let count = entries.len() as u64;
        if count > 0 {
            self.has_followed(Followed { entries, ..Followed::default() })?;
        }
        Ok(count)
    }

    /// Troubles and silent feeds that last are told by the rules in force, where the rule that told them is gone.
    fn replace_lasting(&mut self) -> Result<(), EngineError> {
        let moment = Moment { seq: 0, at: self.clock.now(), mailing: Mailing::Deliver };
        if self.pipeline.wants_lasting(&StoreView::over(&self.commits), moment)? {
            self.has_followed(Followed { lasting: true, ..Followed::default() })?;
        }
        Ok(())
    }

    /// Closes some open alerts of rules that are gone, which no entry follows; answers whether there may be more. Those of rules that are
    /// there are passed over, rule by rule.
    fn close_some(&mut self, following: &mut Following) -> Result<bool, EngineError> {
        let page = self.store().alerts(following.alerts_after.as_ref(), LIVES_AT_ONCE)?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(false) };
        let rule = first.key.parts().and_then(|(rule, _)| self.pipeline.rules.get(rule));
        if let Some(rule) = rule {
            following.alerts_after = Some(AlertKey::behind(&rule.name));
            return Ok(true);
        }
        following.alerts_after = Some(last.key.clone());
        let mut alerts = Vec::new();
        for Alert { key, .. } in page {
            if self.pipeline.is_forgotten(&StoreView::over(&self.commits), &key)? {
                alerts.push(key);
            }
        }
        if !alerts.is_empty() {
            self.has_followed(Followed { alerts, ..Followed::default() })?;
        }
        Ok(true)
    }

    fn has_followed(&mut self, followed: Followed) -> Result<(), EngineError> {
        let Followed { entries, addresses, letters, alerts, lasting } = followed;
        let rules = self.versions.rules.clone();
        self.happened_together(vec![What::Replanned { rules, entries, addresses, letters, alerts, lasting }])
    }

    /// Letters that wait for addresses that no team has any more are taken back, and those are told who hear of it now.
    fn take_back(&mut self) -> Result<(), EngineError> {
        let waiting = self.store().letters(LetterFilter::Waiting, WAITING_MAX)?.into_iter();
        let letters: Vec<LetterKey> = waiting
            .filter(|letter| self.pipeline.is_misdirected(letter))
            .inspect(|letter| {
                let (letter, recipient) = (&letter.key, &*letter.recipient);
                tracing::warn!(%letter, recipient, "A letter waited for an address that no team has any more; it is taken back, and those are told who hear of it now.");
            })
            .map(|letter| letter.key)
            .collect();
        for letters in letters.chunks(LETTERS_MAX) {
            self.has_followed(Followed { letters: letters.to_vec(), ..Followed::default() })?;
        }
        Ok(())
    }

    /// Some of what waits for the digests of addresses that no team has any more goes to those whom the rules name now. Answers whether
    /// there may be more.
    fn readdress_some(&mut self) -> Result<bool, EngineError> {
        let waiting = self.store().digest(None, WAITING_MAX)?;
        let mut addresses: Vec<Box<str>> = waiting.into_iter().map(|key| key.recipient).collect();
        addresses.dedup();
        addresses.retain(|address| self.pipeline.audience.team_of(address).is_none());
        // One address at a time: thousands of alerts may wait for it, and files wait meanwhile.
        addresses.truncate(1);
        if addresses.is_empty() || self.pipeline.audience.teams().is_empty() {
            return Ok(false);
        }
        tracing::warn!(
            address = addresses.join(", "),
            "Routine alerts waited for an address that no team has any more; they go to the teams that the rules name now."
        );
        self.has_followed(Followed { addresses, ..Followed::default() })?;
        Ok(true)
    }

    /// Every entry was looked at: the next start has nothing to do.
    fn followed(&self, following: &Following) {
        let Following { moved, replanned, .. } = *following;
        let (path, table) = (self.table_file(), self.pipeline.deadlines.version());
        let note = self.table_note();
        if moved > 0 {
            tracing::info!(
                moved,
                table,
                "Other deadline rules or days are in force; reminders moved with them."
            );
        }
        if replanned > 0 {
            let rules = &self.versions.rules;
            tracing::info!(
                entries = replanned,
                %rules,
                "Other rules are in force; reminders were planned anew, and alerts of rules that are gone were closed."
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
