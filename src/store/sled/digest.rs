//! What waits for a digest, in pages: one key holds what many alerts of one moment would.
//!
//! A digest is read and emptied as a whole, so a key an alert buys nothing; and sled keeps some forty bytes in memory for every
//! key, whether its page is in the cache or not. The key of a page is that of its first alert, its value the alerts behind it, in order. A page of one alert
//! has [`ALONE`] as its value, as all had in stores made before there were pages.

use std::collections::BTreeSet;
use std::ops::Bound;

use ::sled::IVec;

use super::commit::Changes;
use super::database::Database;
use super::fault;
use super::keys::{self, Shelf};
use super::read::bad_key;
use crate::outbox::AlertKey;
use crate::step::{DigestKey, Step};
use crate::store::Result;
use crate::store::codec;

const DOING: &str = "read a digest";

/// Alerts of a page: with keys of some 60 bytes, a value below those that are split.
const PAGE_ALERTS: usize = 64;

const ALONE: &[u8] = &[codec::FORMAT];

impl Database {
    /// Up to `limit` alerts that wait for a recipient, or for anybody.
    pub(super) fn digest_keys(&self, recipient: Option<&str>, limit: usize) -> Result<Vec<DigestKey>> {
        let range = match recipient {
            Some(recipient) => keys::prefixed(&keys::digest_of(recipient)),
            None => keys::above(None),
        };
        let mut found = Vec::new();
        self.each(Shelf::Digest, range, |key, value| {
            found.extend(self.page(key, value)?);
            Ok(found.len() < limit)
        })?;
        found.truncate(limit);
        Ok(found)
    }

    /// The alerts of a page. None when it was emptied since its key was read.
    fn page(&self, key: &[u8], value: &IVec) -> Result<Vec<DigestKey>> {
        let first = keys::parse_digest(key).ok_or_else(|| bad_key(Shelf::Digest, key))?;
        if **value == *ALONE {
            return Ok(vec![first]);
        }
        let behind: Option<Vec<AlertKey>> = match self.read_value(Shelf::Digest, key, value)? {
            Some(behind) => Some(behind),
            None => self.get(Shelf::Digest, key)?,
        };
        let Some(behind) = behind else { return Ok(Vec::new()) };
        let of = |alert| DigestKey { recipient: first.recipient.clone(), raised_at: first.raised_at, alert };
        let behind: Vec<DigestKey> = behind.into_iter().map(of).collect();
        Ok([vec![first], behind].concat())
    }

    /// The pages that hold any alert from `first` to `last`, which are of one recipient and one moment.
    fn pages(&self, first: &DigestKey, last: &DigestKey) -> Result<Vec<(IVec, Vec<DigestKey>)>> {
        let moment = keys::digest_moment(first);
        let until_first = (Bound::Included(moment), Bound::Included(keys::digest(first)));
        let before = self.tree(Shelf::Digest).range::<Vec<u8>, _>(until_first).next_back().transpose();
        let start =
            before.map_err(fault(DOING))?.map_or_else(|| keys::digest(first), |(key, _)| key.to_vec());
        let mut pages = Vec::new();
        self.each(
            Shelf::Digest,
            (Bound::Included(start), Bound::Included(keys::digest(last))),
            |key, value| {
                pages.push((IVec::from(key), self.page(key, value)?));
                Ok(true)
            },
        )?;
        Ok(pages)
    }
}

impl Changes<'_> {
    pub(super) fn of_digests(&mut self, step: &Step, database: &Database) -> Result<()> {
        let wishes: Vec<(&DigestKey, bool)> = step.digest.iter().map(|(key, &waits)| (key, waits)).collect();
        let together = |a: &(&DigestKey, bool), b: &(&DigestKey, bool)| {
            a.0.recipient == b.0.recipient && a.0.raised_at == b.0.raised_at
        };
        wishes.chunk_by(together).try_for_each(|wishes| self.of_moment(wishes, database))
    }

    /// Makes the pages anew that any of these alerts, all of one recipient and one moment, are or come to be in.
    fn of_moment(&mut self, wishes: &[(&DigestKey, bool)], database: &Database) -> Result<()> {
        let (Some((first, _)), Some((last, _))) = (wishes.first(), wishes.last()) else { return Ok(()) };
        let before = database.pages(first, last)?;
        let mut waiting: BTreeSet<DigestKey> =
            before.iter().flat_map(|(_, page)| page.iter().cloned()).collect();
        for &(key, waits) in wishes {
            if waits {
                waiting.insert(key.clone());
            } else {
                waiting.remove(key);
            }
        }
        let waiting: Vec<DigestKey> = waiting.into_iter().collect();
        let after: Vec<(Vec<u8>, &[DigestKey])> =
            waiting.chunks(PAGE_ALERTS).map(|page| (keys::digest(&page[0]), page)).collect();
        for (key, _) in &before {
            if !after.iter().any(|(kept, _)| **kept == **key) {
                self.remove(Shelf::Digest, key);
            }
        }
        for (key, page) in after {
            match page {
                [_] => self.put_raw(Shelf::Digest, &key, ALONE),
                [_, behind @ ..] => {
                    let behind: Vec<&AlertKey> = behind.iter().map(|key| &key.alert).collect();
                    self.put(Shelf::Digest, &key, &behind)?;
                }
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use tempfile::TempDir;

    use super::*;
    use crate::step::Position;
    use crate::store::Store;
    use crate::store::sled::{SledSettings, SledStore};

    fn key(alert: u32) -> DigestKey {
        let alert = AlertKey::new("held", "9Z700000015", &format!("{alert:04}"));
        let raised_at = DateTime::from_timestamp(1_780_000_000, u32::from(u8::MAX)).expect("an instant");
        DigestKey { recipient: "ops@importer.example".into(), raised_at, alert }
    }

    #[test]
    fn many_alerts_of_one_moment_take_few_keys_and_old_keys_are_pages_of_one() {
        let folder = TempDir::new().expect("a folder");
        let (store, _) =
            SledStore::open(&folder.path().join("store"), SledSettings::default()).expect("a store");
        let rows = || store.read(|database| Ok(database.tree(Shelf::Digest).len())).expect("read");
        store
            .read(|database| {
                for alert in [3, 500] {
                    database
                        .tree(Shelf::Digest)
                        .insert(keys::digest(&key(alert)), ALONE)
                        .map_err(fault(DOING))?;
                }
                Ok(())
            })
            .expect("written as before there were pages");
        let all = 0..1_000;
        let mut step = Step::at(Position::START);
        step.digest.extend(all.clone().map(|alert| (key(alert), true)));
        store.commit(&step).expect("commit");
        let expected: Vec<DigestKey> = all.map(key).collect();
        assert_eq!(store.digest(None, usize::MAX).expect("read"), expected);
        assert_eq!(rows(), 1_000usize.div_ceil(PAGE_ALERTS));

        let mut step = Step::at(Position::START);
        step.digest.extend([(key(64), false), (key(65), false)]);
        store.commit(&step).expect("commit");
        assert_eq!(store.digest(None, usize::MAX).expect("read").len(), 998);
        assert_eq!(rows(), 1_000usize.div_ceil(PAGE_ALERTS), "only one page was made anew");
    }
}
