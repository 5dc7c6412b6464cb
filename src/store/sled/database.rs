//! sled as it is open: its trees, and what unpacks their values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use ::sled::{Db, Tree};

use super::keys::Shelf;
use crate::store::codec::Unpacker;
use crate::store::{Result, StoreError};

/// As many unpackers are kept as there were readers at once, at most.
const UNPACKERS_MAX: usize = 16;

pub(super) struct Database {
    pub(super) db: Db,
    pub(super) trees: [Tree; Shelf::ALL.len()],
    unpackers: Mutex<Vec<Unpacker>>,
}

impl Database {
    pub(super) fn new(db: Db, trees: [Tree; Shelf::ALL.len()]) -> Self {
        Self { db, trees, unpackers: Mutex::new(Vec::new()) }
    }

    pub(super) fn tree(&self, shelf: Shelf) -> &Tree {
        &self.trees[shelf as usize]
    }

    pub(super) fn with_unpacker<T>(&self, work: impl FnOnce(&mut Unpacker) -> Result<T>) -> Result<T> {
        let free = || self.unpackers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut unpacker = match taken {
            Some(unpacker) => unpacker,
            None => Unpacker::new()
                .map_err(|source| StoreError::Failed { doing: "unpack a value", source: source.into() })?,
        };
        let outcome = work(&mut unpacker);
        let mut free = free();
        if free.len() < UNPACKERS_MAX {
            free.push(unpacker);
        }
        outcome
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Best effort; the journal has what this misses.
        let _ = catch_unwind(AssertUnwindSafe(|| self.db.flush()));
    }
}
