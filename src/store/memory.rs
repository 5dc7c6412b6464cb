//! The store in memory: for rebuilding and comparing, for demonstrations, and the model that other stores must match.
//!
//! It says what the trait means in the plainest way: maps, full scans and sorting.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Counts, LetterFilter, Result, Store};
use crate::entry::{Life, Unmatched};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::outbox::{AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, Silences, TroubleId, Window};
use crate::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey,
    Quarantined, Step,
};

/// A [`Store`] that forgets everything when it is dropped.
pub struct MemoryStore(RwLock<State>);

struct State {
    position: Position,
    lives: BTreeMap<EntryNumber, Arc<Life>>,
    bills: BTreeMap<BillOfLading, BillRecord>,
    loose: BTreeMap<NoticeId, Unmatched>,
    inputs: BTreeMap<Fingerprint, InputRecord>,
    feeds: BTreeMap<BrokerName, FeedRecord>,
    unread: BTreeMap<Fingerprint, Box<str>>,
    due: BTreeMap<DueKey, DueValue>,
    alerts: BTreeMap<AlertKey, Alert>,
    letters: BTreeMap<LetterKey, Letter>,
    digest: BTreeSet<DigestKey>,
    quarantine: BTreeMap<QuarantineKey, Quarantined>,
    troubles: BTreeMap<TroubleId, OpenTrouble>,
    courses: BTreeMap<AlertKey, Course>,
    agenda: BTreeSet<AgendaKey>,
    windows: BTreeMap<Box<str>, Window>,
    silences: Silences,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        Self(RwLock::new(State {
            position: Position::START,
            lives: BTreeMap::new(),
            bills: BTreeMap::new(),
            loose: BTreeMap::new(),
            inputs: BTreeMap::new(),
            feeds: BTreeMap::new(),
            unread: BTreeMap::new(),
            due: BTreeMap::new(),
            alerts: BTreeMap::new(),
            letters: BTreeMap::new(),
            digest: BTreeSet::new(),
            quarantine: BTreeMap::new(),
            troubles: BTreeMap::new(),
            courses: BTreeMap::new(),
            agenda: BTreeSet::new(),
            windows: BTreeMap::new(),
            silences: Silences::default(),
        }))
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The items of a map with keys above `after`.
fn above<'a, K: Ord, V>(
    map: &'a BTreeMap<K, V>,
    after: Option<&'a K>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    map.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
}

fn put<K: Ord + Clone, V: Clone>(map: &mut BTreeMap<K, V>, changes: &BTreeMap<K, V>) {
    map.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone())));
}

fn put_or_remove<K: Ord + Clone, V: Clone>(map: &mut BTreeMap<K, V>, changes: &BTreeMap<K, Option<V>>) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(map.insert(key.clone(), value.clone())),
            None => drop(map.remove(key)),
        }
    }
}

fn put_or_drop<K: Ord + Clone>(set: &mut BTreeSet<K>, changes: &BTreeMap<K, bool>) {
    for (key, &is_there) in changes {
        match is_there {
            true => drop(set.insert(key.clone())),
            false => drop(set.remove(key)),
        }
    }
}

impl Store for MemoryStore {
    fn position(&self) -> Result<Position> {
        Ok(self.state().position)
    }

    fn commit(&self, step: &Step) -> Result<()> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.position = step.position;
        put(&mut state.lives, &step.lives);
        put(&mut state.bills, &step.bills);
        put(&mut state.loose, &step.loose);
        put(&mut state.inputs, &step.inputs);
        put(&mut state.feeds, &step.feeds);
        put(&mut state.alerts, &step.alerts);
        put(&mut state.letters, &step.letters);
        put_or_remove(&mut state.due, &step.due);
        put_or_remove(&mut state.quarantine, &step.quarantine);
        put_or_remove(&mut state.troubles, &step.troubles);
        put_or_remove(&mut state.unread, &step.unread);
        put(&mut state.courses, &step.courses);
        put(&mut state.windows, &step.windows);
        if let Some(silences) = &step.silences {
            state.silences = silences.clone();
        }
        put_or_drop(&mut state.digest, &step.digest);
        put_or_drop(&mut state.agenda, &step.agenda);
        Ok(())
    }

    fn life(&self, number: EntryNumber) -> Result<Option<Life>> {
        Ok(self.state().lives.get(&number).map(|life| Life::clone(life)))
    }

    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>> {
        Ok(self.state().bills.get(bill).cloned())
    }

    fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>> {
        Ok(self.state().loose.get(&id).cloned())
    }

    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>> {
        Ok(self.state().inputs.get(&file).cloned())
    }

    fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>> {
        Ok(self.state().feeds.get(broker).cloned())
    }

    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>> {
        Ok(self.state().alerts.get(key).cloned())
    }

    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>> {
        Ok(self.state().letters.get(key).cloned())
    }

    fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>> {
        Ok(self.state().troubles.get(id).cloned())
    }

    fn troubles(&self) -> Result<Vec<OpenTrouble>> {
        Ok(self.state().troubles.values().cloned().collect())
    }

    fn course(&self, key: &AlertKey) -> Result<Option<Course>> {
        Ok(self.state().courses.get(key).cloned())
    }

    fn window(&self, name: &str) -> Result<Option<Window>> {
        Ok(self.state().windows.get(name).copied())
    }

    fn silences(&self) -> Result<Silences> {
        Ok(self.state().silences.clone())
    }

    fn lives(&self, after: Option<EntryNumber>, limit: usize) -> Result<Vec<Life>> {
        let state = self.state();
        Ok(above(&state.lives, after.as_ref()).take(limit).map(|(_, life)| Life::clone(life)).collect())
    }

    fn bills(&self, after: Option<&BillOfLading>, limit: usize) -> Result<Vec<(BillOfLading, BillRecord)>> {
        let state = self.state();
        let bills = above(&state.bills, after).take(limit);
        Ok(bills.map(|(bill, record)| (bill.clone(), record.clone())).collect())
    }

    fn all_loose(&self, after: Option<NoticeId>, limit: usize) -> Result<Vec<Unmatched>> {
        Ok(above(&self.state().loose, after.as_ref()).take(limit).map(|(_, loose)| loose.clone()).collect())
    }

    fn alerts(&self, after: Option<&AlertKey>, limit: usize) -> Result<Vec<Alert>> {
        Ok(above(&self.state().alerts, after).take(limit).map(|(_, alert)| alert.clone()).collect())
    }

    fn quarantined(
        &self,
        after: Option<&QuarantineKey>,
        limit: usize,
    ) -> Result<Vec<(QuarantineKey, Quarantined)>> {
        let state = self.state();
        let pieces = above(&state.quarantine, after).take(limit);
        Ok(pieces.map(|(key, piece)| (key.clone(), piece.clone())).collect())
    }

    fn files(&self, from: Fingerprint, limit: usize) -> Result<Vec<Fingerprint>> {
        Ok(self.state().inputs.range(from..).take(limit).map(|(file, _)| *file).collect())
    }

    fn unread(&self, after: Option<Fingerprint>, limit: usize) -> Result<Vec<(Fingerprint, Box<str>)>> {
        let state = self.state();
        let files = above(&state.unread, after.as_ref()).take(limit);
        Ok(files.map(|(file, tables)| (*file, tables.clone())).collect())
    }

    fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>> {
        let state = self.state();
        let due = state.due.iter().take_while(|(key, _)| key.day <= day).take(limit);
        Ok(due.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>> {
        let state = self.state();
        Ok(state.agenda.iter().take_while(|key| key.at <= now).take(limit).cloned().collect())
    }

    fn next_agenda_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(self.state().agenda.first().map(|key| key.at))
    }

    fn digest(&self, recipient: Option<&str>, limit: usize) -> Result<Vec<DigestKey>> {
        let state = self.state();
        let of = |key: &&DigestKey| recipient.is_none_or(|recipient| *key.recipient == *recipient);
        Ok(state.digest.iter().filter(of).take(limit).cloned().collect())
    }

    fn letters_ready(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Letter>> {
        let state = self.state();
        let ready = |letter: &&Letter| letter.next_try_at().is_some_and(|at| at <= now);
        let mut letters: Vec<&Letter> = state.letters.values().filter(ready).collect();
        letters.sort_by_key(|letter| (Reverse(letter.severity), letter.created_at, &letter.key));
        Ok(letters.into_iter().take(limit).cloned().collect())
    }

    fn next_letter_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(self.state().letters.values().filter_map(Letter::next_try_at).min())
    }

    fn letters(&self, filter: LetterFilter, limit: usize) -> Result<Vec<Letter>> {
        let state = self.state();
        let mut letters: Vec<&Letter> =
            state.letters.values().filter(|letter| filter.takes(letter)).collect();
        letters.sort_by_key(|letter| (Reverse(letter.created_at), &letter.key));
        Ok(letters.into_iter().take(limit).cloned().collect())
    }

    fn counts(&self) -> Result<Counts> {
        let state = self.state();
        Ok(Counts {
            entries: state.lives.len() as u64,
            bills: state.bills.len() as u64,
            inputs: state.inputs.len() as u64,
            alerts: state.alerts.len() as u64,
            letters: state.letters.len() as u64,
            letters_waiting: state.letters.values().filter_map(Letter::next_try_at).count() as u64,
            loose: state.loose.len() as u64,
            quarantined: state.quarantine.len() as u64,
        })
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
