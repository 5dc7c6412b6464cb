//! The changes of one group of lines while they are made: a layer over the store.

use std::cell::OnceCell;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::Heard;
use super::nags::Nags;
use crate::entry::{Life, Unmatched};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::outbox::{AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, Silences, TroubleId, Window};
use crate::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey,
    Quarantined, Step,
};

/// What the pipeline reads of the store.
pub trait View {
    type Error: std::error::Error + 'static;

    fn life(&self, number: EntryNumber) -> Result<Option<Life>, Self::Error>;
    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>, Self::Error>;
    fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>, Self::Error>;
    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>, Self::Error>;
    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>, Self::Error>;
    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>, Self::Error>;
    /// Up to `limit` letters of all states, the newest first.
    fn letters(&self, limit: usize) -> Result<Vec<Letter>, Self::Error>;
    fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>, Self::Error>;
    fn troubles(&self) -> Result<Vec<OpenTrouble>, Self::Error>;
    fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>, Self::Error>;
    fn course(&self, key: &AlertKey) -> Result<Option<Course>, Self::Error>;
    fn window(&self, name: &str) -> Result<Option<Window>, Self::Error>;
    fn silences(&self) -> Result<Silences, Self::Error>;
    fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>, Self::Error>;
    fn digest(&self, recipient: &str, limit: usize) -> Result<Vec<DigestKey>, Self::Error>;
    fn quarantined_of(&self, file: Fingerprint) -> Result<Vec<QuarantineKey>, Self::Error>;
    fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>, Self::Error>;
}

/// A step in the making. Reads see what the step has changed so far.
pub struct Group<'v, V: View> {
    view: &'v V,
    step: Step,
    /// Read once: few change, and every alert asks.
    silences: OnceCell<Silences>,
    /// While lines are applied that were written under other rules.
    heard: Option<Arc<Heard>>,
    /// What was found out about letters since the group began.
    pub(super) nags: Nags,
}

impl<'v, V: View> Group<'v, V> {
    pub fn new(view: &'v V, position: Position) -> Self {
        Self { view, step: Step::at(position), silences: OnceCell::new(), heard: None, nags: Nags::default() }
    }

    /// With what people had heard when the lines were written.
    #[must_use]
    pub fn with_heard(self, heard: Option<Arc<Heard>>) -> Self {
        Self { heard, ..self }
    }

    pub(super) fn heard(&self) -> Option<&Heard> {
        self.heard.as_deref()
    }

    /// Ends the step at `position`.
    pub fn finish(mut self, position: Position) -> Step {
        self.step.position = position;
        self.step
    }

    /// Takes what was changed so far as a step of its own at the unchanged position, and goes on empty.
    pub fn take(&mut self) -> Step {
        let position = self.step.position;
        std::mem::replace(&mut self.step, Step::at(position))
    }

    /// How many values the step changes.
    pub fn len(&self) -> usize {
        let Step { lives, letters, alerts, bills, agenda, .. } = &self.step;
        lives.len() + letters.len() + alerts.len() + bills.len() + agenda.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn life(&self, number: EntryNumber) -> Result<Option<Life>, V::Error> {
        match self.step.lives.get(&number) {
            Some(life) => Ok(Some(Life::clone(life))),
            None => self.view.life(number),
        }
    }

    pub fn put_life(&mut self, life: Life) {
        self.step.lives.insert(life.number, Arc::new(life));
    }

    /// Whether the entry is known to be under the bill. Nearly every message names a bill that is known.
    pub fn is_linked(&self, bill: &BillOfLading, number: EntryNumber) -> Result<bool, V::Error> {
        match self.step.bills.get(bill) {
            Some(record) => Ok(record.entries.contains(&number)),
            None => Ok(self.view.bill(bill)?.is_some_and(|record| record.entries.contains(&number))),
        }
    }

    pub fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>, V::Error> {
        match self.step.bills.get(bill) {
            Some(record) => Ok(Some(record.clone())),
            None => self.view.bill(bill),
        }
    }

    /// The record of a bill, to be changed in place. It is written even if it is not.
    pub fn change_bill(&mut self, bill: &BillOfLading) -> Result<&mut BillRecord, V::Error> {
        Ok(match self.step.bills.entry(bill.clone()) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(self.view.bill(bill)?.unwrap_or_default()),
        })
    }

    pub fn has_loose(&self, id: NoticeId) -> Result<bool, V::Error> {
        Ok(self.step.loose.contains_key(&id) || self.view.loose(id)?.is_some())
    }

    pub fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>, V::Error> {
        match self.step.loose.get(&id) {
            Some(unmatched) => Ok(Some(unmatched.clone())),
            None => self.view.loose(id),
        }
    }

    pub fn put_loose(&mut self, unmatched: Unmatched) {
        self.step.loose.insert(unmatched.held.notice.id, unmatched);
    }

    pub fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>, V::Error> {
        match self.step.inputs.get(&file) {
            Some(record) => Ok(Some(record.clone())),
            None => self.view.input(file),
        }
    }

    pub fn put_input(&mut self, file: Fingerprint, record: InputRecord) {
        self.step.inputs.insert(file, record);
    }

    pub fn has_alert(&self, key: &AlertKey) -> Result<bool, V::Error> {
        Ok(self.step.alerts.contains_key(key) || self.view.alert(key)?.is_some())
    }

    pub fn put_alert(&mut self, alert: Alert) {
        self.step.alerts.insert(alert.key.clone(), alert);
    }

    pub fn alert(&self, key: &AlertKey) -> Result<Option<Alert>, V::Error> {
        match self.step.alerts.get(key) {
            Some(alert) => Ok(Some(alert.clone())),
            None => self.view.alert(key),
        }
    }

    pub fn course(&self, key: &AlertKey) -> Result<Option<Course>, V::Error> {
        match self.step.courses.get(key) {
            Some(course) => Ok(Some(course.clone())),
            None => self.view.course(key),
        }
    }

    pub fn put_course(&mut self, key: AlertKey, course: Course) {
        self.step.courses.insert(key, course);
    }

    pub fn window(&self, name: &str) -> Result<Option<Window>, V::Error> {
        match self.step.windows.get(name) {
            Some(window) => Ok(Some(*window)),
            None => self.view.window(name),
        }
    }

    pub fn put_window(&mut self, name: Box<str>, window: Window) {
        self.step.windows.insert(name, window);
    }

    pub fn silences(&self) -> Result<&Silences, V::Error> {
        if self.silences.get().is_none() {
            let read = self.view.silences()?;
            return Ok(self.silences.get_or_init(|| read));
        }
        Ok(self.silences.get_or_init(Silences::default))
    }

    pub fn put_silences(&mut self, silences: Silences) {
        self.step.silences = Some(silences.clone());
        self.silences = OnceCell::from(silences);
    }

    /// What is to happen at `now` or before, that this step has not done, plus what it has put there.
    pub fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>, V::Error> {
        let mut due = self.view.agenda_until(now, limit)?;
        due.retain(|key| !self.step.agenda.contains_key(key));
        due.extend(
            self.step
                .agenda
                .iter()
                .filter(|(key, there)| **there && key.at <= now)
                .map(|(key, _)| key.clone()),
        );
        due.sort();
        Ok(due)
    }

    pub fn set_agenda(&mut self, key: AgendaKey, is_there: bool) {
        self.step.agenda.insert(key, is_there);
    }

    pub fn letter(&self, key: &LetterKey) -> Result<Option<Letter>, V::Error> {
        match self.step.letters.get(key) {
            Some(letter) => Ok(Some(letter.clone())),
            None => self.view.letter(key),
        }
    }

    /// Up to `limit` letters of the store, and those that this step has written or changed.
    pub fn letters(&self, limit: usize) -> Result<Vec<Letter>, V::Error> {
        let mut letters = self.view.letters(limit)?;
        letters.retain(|letter| !self.step.letters.contains_key(&letter.key));
        letters.extend(self.step.letters.values().cloned());
        Ok(letters)
    }

    pub fn put_letter(&mut self, letter: Letter) {
        self.nags.forget(&letter.key);
        self.step.letters.insert(letter.key.clone(), letter);
    }

    pub fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>, V::Error> {
        match self.step.troubles.get(id) {
            Some(trouble) => Ok(trouble.clone()),
            None => self.view.trouble(id),
        }
    }

    /// All that are open.
    pub fn troubles(&self) -> Result<Vec<OpenTrouble>, V::Error> {
        let mut open = self.view.troubles()?;
        open.retain(|known| !self.step.troubles.contains_key(&known.brief.id()));
        open.extend(self.step.troubles.values().flatten().cloned());
        Ok(open)
    }

    /// `None`: it is over.
    pub fn set_trouble(&mut self, id: TroubleId, trouble: Option<OpenTrouble>) {
        self.step.troubles.insert(id, trouble);
    }

    /// Reminders of `day` and before that this step has not touched, plus those that it has set.
    pub fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>, V::Error> {
        let mut due = self.view.due_until(day, limit)?;
        due.retain(|(key, _)| !self.step.due.contains_key(key));
        let set = self.step.due.iter().filter(|(key, _)| key.day <= day);
        due.extend(set.filter_map(|(key, value)| Some((key.clone(), value.clone()?))));
        due.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(due)
    }

    pub fn set_due(&mut self, key: DueKey, value: Option<DueValue>) {
        self.step.due.insert(key, value);
    }

    pub fn digest(&self, recipient: &str, limit: usize) -> Result<Vec<DigestKey>, V::Error> {
        let mut waiting = self.view.digest(recipient, limit)?;
        waiting.retain(|key| self.step.digest.get(key) != Some(&false));
        let added = self.step.digest.iter().filter(|(key, there)| **there && &*key.recipient == recipient);
        for (key, _) in added {
            if !waiting.contains(key) {
                waiting.push(key.clone());
            }
        }
        waiting.sort();
        Ok(waiting)
    }

    pub fn set_digest(&mut self, key: DigestKey, waits: bool) {
        self.step.digest.insert(key, waits);
    }

    pub fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>, V::Error> {
        match self.step.feeds.get(broker) {
            Some(feed) => Ok(Some(feed.clone())),
            None => self.view.feed(broker),
        }
    }

    pub fn put_feed(&mut self, broker: BrokerName, feed: FeedRecord) {
        self.step.feeds.insert(broker, feed);
    }

    /// Says with which tables a file was read that they do not know all of; `None` when they do.
    pub fn set_unread(&mut self, file: Fingerprint, tables: Option<Box<str>>) {
        self.step.unread.insert(file, tables);
    }

    pub fn quarantine(&mut self, key: QuarantineKey, piece: Quarantined) {
        self.step.quarantine.insert(key, Some(piece));
    }

    /// Forgets what was quarantined of a file, before it is read again.
    pub fn clear_quarantine(&mut self, file: Fingerprint) -> Result<(), V::Error> {
        for key in self.view.quarantined_of(file)? {
            self.step.quarantine.insert(key, None);
        }
        for (key, piece) in &mut self.step.quarantine {
            if key.file == file {
                *piece = None;
            }
        }
        Ok(())
    }
}
