//! Control numbers that were seen, to find doubles.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::envelope::{Identity, mix};
use super::value::number;

/// Numbers that are remembered of one kind: interchanges of a file, groups of an interchange, sets of a group. Beyond
/// it doubles go unnoticed.
const NUMBERS_MAX: usize = 50_000;

/// Control numbers of messages that were handed over.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Fingerprint of the identity, so that a file of many interchanges needs little memory, and that of the content.
    interchanges: HashMap<[u64; 2], u64>,
    /// What the fingerprints of identities begin with: other numbers in each run, so that nobody can make two meet.
    seeds: Seeds,
    pub groups: Numbers,
    pub sets: Numbers,
}

impl Seen {
    /// The fingerprint of the first interchange with this identity.
    pub fn interchange(&self, identity: &Identity) -> Option<u64> {
        self.interchanges.get(&self.seeds.key(identity)).copied()
    }

    pub fn close(&mut self, identity: &Identity, content: u64) {
        if self.interchanges.len() < NUMBERS_MAX {
            self.interchanges.entry(self.seeds.key(identity)).or_insert(content);
        }
    }
}

#[derive(Debug)]
struct Seeds([u64; 2]);

impl Default for Seeds {
    fn default() -> Self {
        let random = RandomState::new();
        Self([0, 1].map(|which: u8| random.hash_one(which)))
    }
}

impl Seeds {
    fn key(&self, identity: &Identity) -> [u64; 2] {
        self.0.map(|seed| identity.iter().fold(seed, |mixed, part| mix(mixed, part.bytes())))
    }
}

/// A set of control numbers. Nearly all senders count up by one, and a range says that without a list.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    range: Option<(u64, u64)>,
    others: HashSet<Box<[u8]>>,
}

impl Numbers {
    pub fn contains(&self, text: &[u8]) -> bool {
        let in_range = match (number(text), self.range) {
            (Some(number), Some((first, last))) => (first..=last).contains(&number),
            _ => false,
        };
        in_range || !self.others.is_empty() && self.others.contains(text)
    }

    pub fn insert(&mut self, text: &[u8]) {
        match (number(text), &mut self.range) {
            (Some(number), range @ None) => *range = Some((number, number)),
            (Some(number), Some((_, last))) if number == *last + 1 => *last = number,
            (Some(number), Some((first, last))) if (*first..=*last).contains(&number) => {}
            _ if self.others.len() < NUMBERS_MAX => {
                self.others.insert(text.into());
            }
            _ => {}
        }
    }

    pub fn clear(&mut self) {
        self.range = None;
        // Emptying costs as much as the set can hold; a large one is better given back.
        if self.others.capacity() > 1_000 {
            self.others = HashSet::default();
        } else {
            self.others.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_found_in_any_order() {
        let mut numbers = Numbers::default();
        for text in ["0001", "0002", "0003", "0009", "0004", "ABCD", "0007"] {
            assert!(!numbers.contains(text.as_bytes()), "{text}");
            numbers.insert(text.as_bytes());
            assert!(numbers.contains(text.as_bytes()), "{text}");
        }
        assert!(numbers.contains(b"2"), "as a number");
        assert!(!numbers.contains(b"0005"));
        numbers.clear();
        assert!(!numbers.contains(b"0001"));
        assert!(!numbers.contains(b"ABCD"));
    }
}
