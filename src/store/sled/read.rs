//! Reading values, lists and the index of letters.

use ::sled::IVec;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::database::Database;
use super::keys::{self, Range, Shelf};
use super::{State, fault, unreadable};
use crate::outbox::{AgendaKey, Letter, LetterKey};
use crate::store::codec::{CodecError, Split};
use crate::store::{LetterFilter, Result, StoreError};

const DOING: &str = "read";
/// A value in parts is read again when a commit came in between; so many commits in a row do not happen.
const TRIES_MAX: u32 = 100;
/// No value has more parts.
const PARTS_MAX: u32 = 200_000;

impl Database {
    pub(super) fn state(&self) -> Result<State> {
        Ok(self.get(Shelf::Meta, keys::META_STATE)?.unwrap_or(State::EMPTY))
    }

    pub(super) fn get<T: DeserializeOwned>(&self, shelf: Shelf, key: &[u8]) -> Result<Option<T>> {
        for _ in 0..TRIES_MAX {
            let Some(value) = self.tree(shelf).get(key).map_err(fault(DOING))? else { return Ok(None) };
            if let Some(value) = self.read_value(shelf, key, &value)? {
                return Ok(Some(value));
            }
        }
        Err(unreadable(shelf, key, &CodecError::Parts))
    }

    /// `None` when the value's parts are those of another commit.
    pub(super) fn read_value<T: DeserializeOwned>(
        &self,
        shelf: Shelf,
        key: &[u8],
        value: &[u8],
    ) -> Result<Option<T>> {
        let fault = |error: CodecError| unreadable(shelf, key, &error);
        let Some(split) = Split::of(value) else {
            return self.with_unpacker(|unpacker| unpacker.unpack(value).map(Some).map_err(fault));
        };
        if split.count > PARTS_MAX {
            return Err(fault(CodecError::Parts));
        }
        let mut parts = Vec::new();
        for number in 0..split.count {
            let part = self.tree(Shelf::Parts).get(keys::part(shelf, key, number));
            match part.map_err(super::fault(DOING))? {
                Some(part) => parts.extend_from_slice(&part),
                None => return Ok(None),
            }
        }
        self.with_unpacker(|unpacker| unpacker.unpack_parts(split, &parts).map_err(fault))
    }

    /// Up to `limit` values with keys in a range, in the order of the keys.
    pub(super) fn list<T, U>(
        &self,
        shelf: Shelf,
        range: Range,
        limit: usize,
        make: impl Fn(&[u8], T) -> Option<U>,
    ) -> Result<Vec<U>>
    where
        T: DeserializeOwned,
    {
        let mut found = Vec::new();
        self.each(shelf, range, |key, value| {
            if found.len() == limit {
                return Ok(false);
            }
            let value = match self.read_value(shelf, key, value)? {
                Some(value) => Some(value),
                None => self.get(shelf, key)?,
            };
            // A value that was removed since the range was read is not there.
            if let Some(value) = value {
                let made = make(key, value).ok_or_else(|| bad_key(shelf, key))?;
                found.push(made);
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Hands over the keys and raw values of a range until the visitor has enough.
    pub(super) fn each(
        &self,
        shelf: Shelf,
        range: Range,
        mut visit: impl FnMut(&[u8], &IVec) -> Result<bool>,
    ) -> Result<()> {
        for item in self.tree(shelf).range::<Vec<u8>, _>(range) {
            let (key, value) = item.map_err(fault(DOING))?;
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn agenda_keys(&self, range: Range, limit: usize) -> Result<Vec<AgendaKey>> {
        let mut found = Vec::new();
        self.each(Shelf::Agenda, range, |key, _| {
            if found.len() == limit {
                return Ok(false);
            }
            found.push(keys::parse_agenda(key).ok_or_else(|| bad_key(Shelf::Agenda, key))?);
            Ok(true)
        })?;
        Ok(found)
    }

    pub(super) fn next_letter(&self) -> Result<Option<DateTime<Utc>>> {
        let mut next = None;
        self.each(Shelf::LettersBy, keys::prefixed(keys::BY_TIME), |key, _| {
            next = Some(keys::next_try(key).ok_or_else(|| bad_key(Shelf::LettersBy, key))?);
            Ok(false)
        })?;
        Ok(next)
    }

    pub(super) fn ready(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Letter>> {
        let ready = |letter: &Letter| letter.next_try_at().is_some_and(|at| at <= now);
        // How many there are at most, so that the second look ends as soon as it has them all.
        let mut due = 0;
        self.each(Shelf::LettersBy, keys::tried_until(now), |_, _| {
            due += 1;
            Ok(due < limit)
        })?;
        let mut found = Vec::new();
        if due == 0 || limit == 0 {
            return Ok(found);
        }
        self.each(Shelf::LettersBy, keys::prefixed(keys::BY_URGENCY), |key, next_try| {
            let at = keys::parse_instant(next_try).ok_or_else(|| bad_key(Shelf::LettersBy, key))?;
            if at <= now {
                found.extend(self.letter_at(key)?.filter(ready));
            }
            Ok(found.len() < due)
        })?;
        Ok(found)
    }

    pub(super) fn letters_by_state(&self, filter: LetterFilter, limit: usize) -> Result<Vec<Letter>> {
        let states: &[u8] = match filter {
            LetterFilter::All => &[keys::WAITING, keys::SENT, keys::GIVEN_UP, keys::WITHDRAWN],
            LetterFilter::Waiting => &[keys::WAITING],
            LetterFilter::Sent => &[keys::SENT],
            LetterFilter::GivenUp => &[keys::GIVEN_UP],
            LetterFilter::Withdrawn => &[keys::WITHDRAWN],
        };
        let mut found: Vec<Vec<u8>> = Vec::new();
        for &state in states {
            let mut taken = 0;
            self.each(Shelf::LettersBy, keys::prefixed(&keys::by_state(state)), |key, _| {
                if taken == limit {
                    return Ok(false);
                }
                taken += 1;
                found.push(key.to_vec());
                Ok(true)
            })?;
        }
        // Behind the two bytes of the state the keys are in the wanted order.
        found.sort_by(|left, right| left[2..].cmp(&right[2..]));
        found.truncate(limit);
        let mut letters = Vec::new();
        for key in found {
            letters.extend(self.letter_at(&key)?.filter(|letter| filter.takes(letter)));
        }
        Ok(letters)
    }

    fn letter_at(&self, index: &[u8]) -> Result<Option<Letter>> {
        let key: LetterKey = keys::letter_of(index).ok_or_else(|| bad_key(Shelf::LettersBy, index))?;
        self.get(Shelf::Letters, key.as_str().as_bytes())
    }
}

pub(super) fn bad_key(shelf: Shelf, key: &[u8]) -> StoreError {
    StoreError::Unreadable { what: format!("a key of {}: {}", shelf.name(), key.escape_ascii()) }
}
