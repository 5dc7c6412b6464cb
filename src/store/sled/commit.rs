//! One step, one transaction.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use ::sled::transaction::{
    ConflictableTransactionError, TransactionError, Transactional, TransactionalTree,
    UnabortableTransactionError,
};
use ::sled::{IVec, Tree};
use serde::Serialize;

use super::database::Database;
use super::keys::{self, Shelf};
use super::{NO_WRITES, SOUND, SledStore, State, fault, stopped};
use crate::outbox::Letter;
use crate::step::{Position, Step};
use crate::store::codec::{self, CodecError, Packer, Split};
use crate::store::stored::WrittenLife;
use crate::store::{Counts, Result, StoreError};

const DOING: &str = "commit a step";

/// One key and what it has afterwards. Made before the transaction, which sled may run more than once.
struct Change {
    shelf: Shelf,
    key: IVec,
    /// `None` removes.
    value: Option<IVec>,
    parts: Vec<IVec>,
}

impl Change {
    /// Keys and values; a removal has its key.
    fn bytes(&self) -> u64 {
        let value = self.value.as_ref().map_or(0, |value| value.len());
        let parts: usize = self.parts.iter().map(|part| 1 + self.key.len() + 4 + part.len()).sum();
        (self.key.len() + value + parts) as u64
    }
}

/// The changes of a step.
pub(super) struct Changes<'a> {
    packer: &'a mut Packer,
    list: Vec<Change>,
    /// How many letters begin or cease to wait.
    waiting: i64,
}

impl Changes<'_> {
    pub(super) fn put<T: Serialize>(&mut self, shelf: Shelf, key: &[u8], value: &T) -> Result<()> {
        let packed = self
            .packer
            .pack(value)
            .map_err(|source| StoreError::Failed { doing: "write a value", source: source.into() })?;
        let parts = packed.parts.iter().map(|part| IVec::from(&part[..])).collect();
        self.list.push(Change { shelf, key: key.into(), value: Some(packed.value.into()), parts });
        Ok(())
    }

    /// A value that is the key's own business: an index.
    pub(super) fn put_raw(&mut self, shelf: Shelf, key: &[u8], value: &[u8]) {
        self.list.push(Change { shelf, key: key.into(), value: Some(value.into()), parts: Vec::new() });
    }

    pub(super) fn remove(&mut self, shelf: Shelf, key: &[u8]) {
        self.list.push(Change { shelf, key: key.into(), value: None, parts: Vec::new() });
    }

    fn of_step(&mut self, step: &Step) -> Result<()> {
        for (number, life) in &step.lives {
            self.put(Shelf::Entries, number.as_bytes(), &WrittenLife::from(&**life))?;
        }
        for (bill, record) in &step.bills {
            self.put(Shelf::Bills, bill.as_str().as_bytes(), record)?;
        }
        for (id, loose) in &step.loose {
            self.put(Shelf::Loose, id.as_bytes(), loose)?;
        }
        for (file, input) in &step.inputs {
            self.put(Shelf::Inputs, file.as_bytes(), input)?;
        }
        for (broker, feed) in &step.feeds {
            self.put(Shelf::Feeds, broker.as_str().as_bytes(), feed)?;
        }
        for (file, tables) in &step.unread {
            match tables {
                Some(tables) => self.put(Shelf::Unread, file.as_bytes(), tables)?,
                None => self.remove(Shelf::Unread, file.as_bytes()),
            }
        }
        for (key, alert) in &step.alerts {
            self.put(Shelf::Alerts, key.as_str().as_bytes(), alert)?;
        }
        for (key, due) in &step.due {
            match due {
                Some(due) => self.put(Shelf::Due, &keys::due(key), due)?,
                None => self.remove(Shelf::Due, &keys::due(key)),
            }
        }
        for (key, course) in &step.courses {
            self.put(Shelf::Courses, key.as_str().as_bytes(), course)?;
        }
        for (name, window) in &step.windows {
            self.put(Shelf::Windows, name.as_bytes(), window)?;
        }
        if let Some(silences) = &step.silences {
            self.put(Shelf::Meta, keys::META_SILENCES, silences)?;
        }
        for (key, &is_there) in &step.agenda {
            match is_there {
                true => self.put_raw(Shelf::Agenda, &keys::agenda(key), &[codec::FORMAT]),
                false => self.remove(Shelf::Agenda, &keys::agenda(key)),
            }
        }
        for (key, piece) in &step.quarantine {
            match piece {
                Some(piece) => self.put(Shelf::Quarantine, &keys::quarantine(key), piece)?,
                None => self.remove(Shelf::Quarantine, &keys::quarantine(key)),
            }
        }
        for (id, trouble) in &step.troubles {
            match trouble {
                Some(trouble) => self.put(Shelf::Troubles, &keys::trouble(id), trouble)?,
                None => self.remove(Shelf::Troubles, &keys::trouble(id)),
            }
        }
        Ok(())
    }

    fn of_letter(&mut self, before: Option<&Letter>, letter: &Letter) -> Result<()> {
        self.put(Shelf::Letters, letter.key.as_str().as_bytes(), letter)?;
        let index = keys::letter_index(letter);
        for old in before.map(keys::letter_index).unwrap_or_default() {
            if !index.contains(&old) {
                self.remove(Shelf::LettersBy, &old);
            }
        }
        let next_try = letter.next_try_at().map(keys::instant);
        for key in index {
            self.put_raw(Shelf::LettersBy, &key, next_try.as_ref().map_or(&[], |at| &at[..]));
        }
        let waits = |letter: &Letter| i64::from(letter.next_try_at().is_some());
        self.waiting += waits(letter) - before.map_or(0, waits);
        Ok(())
    }
}

impl SledStore {
    pub(super) fn commit_step(&self, step: &Step) -> Result<()> {
        if self.health.load(Ordering::Acquire) != SOUND {
            return Err(stopped(DOING));
        }
        // The lock is held to the end: what is read here is what the transaction finds.
        let mut packer = self.packer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Changes { packer: &mut packer, list: Vec::new(), waiting: 0 };
        changes.of_step(step)?;
        let counts = self.read(|database| {
            changes.of_digests(step, database)?;
            for (key, letter) in &step.letters {
                let before: Option<Letter> = database.get(Shelf::Letters, key.as_str().as_bytes())?;
                changes.of_letter(before.as_ref(), letter)?;
            }
            Ok(database.state()?.counts)
        })?;
        let Changes { list, waiting, .. } = changes;
        let asked: u64 = list.iter().map(Change::bytes).sum();
        let written = list.iter().map(|change| 1 + change.parts.len() as u64).sum();
        let outcome = self.guard(DOING, |database| database.transact(step.position, counts, &list, waiting));
        self.changes.fetch_add(written, Ordering::AcqRel);
        self.bytes_asked.fetch_add(asked, Ordering::AcqRel);
        if outcome.is_err() {
            // Leaves a panic's stronger verdict alone.
            let _ = self.health.compare_exchange(SOUND, NO_WRITES, Ordering::AcqRel, Ordering::Acquire);
        }
        outcome
    }
}

impl Database {
    fn transact(&self, position: Position, counts: Counts, changes: &[Change], waiting: i64) -> Result<()> {
        let trees: [&Tree; Shelf::ALL.len()] = std::array::from_fn(|index| &self.trees[index]);
        let outcome = trees[..].transaction(|trees: &Vec<TransactionalTree>| {
            let mut added = [0i64; Shelf::ALL.len()];
            for change in changes {
                added[change.shelf as usize] += apply(trees, change)?;
            }
            let state = State { position, counts: counted(counts, &added, waiting) };
            let state = codec::plain(&state).map_err(ConflictableTransactionError::Abort)?;
            trees[Shelf::Meta as usize].insert(keys::META_STATE, state)?;
            Ok(())
        });
        outcome.map_err(|error: TransactionError<CodecError>| match error {
            TransactionError::Storage(error) => fault(DOING)(error),
            TransactionError::Abort(error) => StoreError::Failed { doing: DOING, source: error.into() },
        })
    }
}

/// Makes one change, and answers by how many keys its tree grew.
fn apply(
    trees: &[TransactionalTree],
    change: &Change,
) -> std::result::Result<i64, UnabortableTransactionError> {
    let Change { shelf, key, value, parts } = change;
    let tree = &trees[*shelf as usize];
    let before = match value {
        Some(value) => tree.insert(key.clone(), value.clone())?,
        None => tree.remove(key.clone())?,
    };
    let parts_before = before.as_deref().and_then(Split::of).map_or(0, |split| split.count);
    let part_tree = &trees[Shelf::Parts as usize];
    for (number, part) in (0..).zip(parts) {
        part_tree.insert(keys::part(*shelf, key, number), part.clone())?;
    }
    for number in parts.len() as u32..parts_before {
        part_tree.remove(keys::part(*shelf, key, number))?;
    }
    Ok(i64::from(value.is_some()) - i64::from(before.is_some()))
}

fn counted(counts: Counts, added: &[i64; Shelf::ALL.len()], waiting: i64) -> Counts {
    let grow = |count: u64, shelf: Shelf| count.saturating_add_signed(added[shelf as usize]);
    Counts {
        entries: grow(counts.entries, Shelf::Entries),
        bills: grow(counts.bills, Shelf::Bills),
        inputs: grow(counts.inputs, Shelf::Inputs),
        alerts: grow(counts.alerts, Shelf::Alerts),
        letters: grow(counts.letters, Shelf::Letters),
        letters_waiting: counts.letters_waiting.saturating_add_signed(waiting),
        loose: grow(counts.loose, Shelf::Loose),
        quarantined: grow(counts.quarantined, Shelf::Quarantine),
    }
}
