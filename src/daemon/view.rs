//! The store as the pipeline reads it.

use chrono::{DateTime, NaiveDate, Utc};

use super::commits::Commits;
use crate::entry::{Life, Unmatched};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::outbox::{AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, Silences, TroubleId, Window};
use crate::pipeline::View;
use crate::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, QuarantineKey, Step,
};
use crate::store::{LetterFilter, Store, StoreError};

/// Values that are read at once when a range is walked.
const PAGE: usize = 500;

/// A store, with the step that is being committed to it laid over.
#[derive(Clone, Copy)]
pub struct StoreView<'s> {
    store: &'s dyn Store,
    commits: Option<&'s Commits>,
}

impl<'s> StoreView<'s> {
    /// For readers who want what is committed.
    pub fn of(store: &'s dyn Store) -> Self {
        Self { store, commits: None }
    }

    pub fn over(commits: &'s Commits) -> Self {
        Self { store: &**commits.store(), commits: Some(commits) }
    }

    /// What the step under way says, else what the store says.
    fn ahead<T>(
        &self,
        in_step: impl FnOnce(&Step) -> Option<T>,
        in_store: impl FnOnce(&dyn Store) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let step = self.commits.and_then(Commits::pending);
        match step.and_then(|step| in_step(&step)) {
            Some(value) => Ok(Some(value)),
            None => in_store(self.store),
        }
    }

    /// The store without a step under way: a range is read from one place.
    fn settled(&self) -> Result<&'s dyn Store, StoreError> {
        self.commits.map_or(Ok(()), Commits::wait)?;
        Ok(self.store)
    }

    /// Listing starts behind a key, so the first piece is asked for by listing from the one before it.
    fn has_piece(store: &dyn Store, key: &QuarantineKey) -> Result<bool, StoreError> {
        let mut before = *key.file.as_bytes();
        for byte in before.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                break;
            }
        }
        let from = QuarantineKey { file: Fingerprint::from_bytes(before), piece: u32::MAX };
        let from = (from < *key).then_some(from);
        Ok(store.quarantined(from.as_ref(), 1)?.first().is_some_and(|(found, _)| found == key))
    }
}

impl View for StoreView<'_> {
    type Error = StoreError;

    fn life(&self, number: EntryNumber) -> Result<Option<Life>, StoreError> {
        self.ahead(|step| step.lives.get(&number).map(|life| Life::clone(life)), |store| store.life(number))
    }
    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>, StoreError> {
        self.ahead(|step| step.bills.get(bill).cloned(), |store| store.bill(bill))
    }
    fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>, StoreError> {
        self.ahead(|step| step.loose.get(&id).cloned(), |store| store.loose(id))
    }
    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>, StoreError> {
        self.ahead(|step| step.inputs.get(&file).cloned(), |store| store.input(file))
    }
    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>, StoreError> {
        self.ahead(|step| step.alerts.get(key).cloned(), |store| store.alert(key))
    }
    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>, StoreError> {
        self.ahead(|step| step.letters.get(key).cloned(), |store| store.letter(key))
    }
    fn letters(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        self.settled()?.letters(LetterFilter::All, limit)
    }
    fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>, StoreError> {
        let step = self.commits.and_then(Commits::pending);
        match step.as_ref().and_then(|step| step.troubles.get(id)) {
            Some(trouble) => Ok(trouble.clone()),
            None => self.store.trouble(id),
        }
    }
    fn troubles(&self) -> Result<Vec<OpenTrouble>, StoreError> {
        self.settled()?.troubles()
    }
    fn course(&self, key: &AlertKey) -> Result<Option<Course>, StoreError> {
        self.ahead(|step| step.courses.get(key).cloned(), |store| store.course(key))
    }
    fn window(&self, name: &str) -> Result<Option<Window>, StoreError> {
        self.ahead(|step| step.windows.get(name).copied(), |store| store.window(name))
    }
    fn silences(&self) -> Result<Silences, StoreError> {
        let silences = self.ahead(|step| step.silences.clone(), |store| store.silences().map(Some))?;
        Ok(silences.unwrap_or_default())
    }
    fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>, StoreError> {
        self.settled()?.agenda_until(now, limit)
    }
    fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>, StoreError> {
        self.ahead(|step| step.feeds.get(broker).cloned(), |store| store.feed(broker))
    }
    fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>, StoreError> {
        self.settled()?.due_until(day, limit)
    }
    fn digest(&self, recipient: &str, limit: usize) -> Result<Vec<DigestKey>, StoreError> {
        self.settled()?.digest(Some(recipient), limit)
    }
    fn quarantined_of(&self, file: Fingerprint) -> Result<Vec<QuarantineKey>, StoreError> {
        let store = self.settled()?;
        let mut keys = Vec::new();
        let mut after: Option<QuarantineKey> = None;
        loop {
            let start = after.clone().unwrap_or(QuarantineKey { file, piece: 0 });
            let page = match &after {
                None if Self::has_piece(store, &start)? => {
                    keys.push(start.clone());
                    store.quarantined(Some(&start), PAGE)?
                }
                _ => store.quarantined(Some(&start), PAGE)?,
            };
            let mine: Vec<QuarantineKey> =
                page.into_iter().map(|(key, _)| key).take_while(|key| key.file == file).collect();
            let Some(last) = mine.last() else { return Ok(keys) };
            after = Some(last.clone());
            keys.extend(mine);
        }
    }
}
