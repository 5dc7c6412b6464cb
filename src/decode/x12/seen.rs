//! Control numbers that were seen, to find doubles.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::envelope::Identity;
use super::value::number;

/// Numbers that are remembered of one kind: interchanges of a file, groups of an interchange, sets of a group. Beyond
/// it doubles go unnoticed.
const NUMBERS_MAX: usize = 50_000;

/// Control numbers of messages that were handed over.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Hash of the identity, so that a file of many interchanges needs little memory, and fingerprint of the content.
    interchanges: HashMap<[u8; 16], u64>,
    pub groups: Numbers,
    pub sets: Numbers,
}

impl Seen {
    /// The fingerprint of the first interchange with this identity.
    pub fn interchange(&self, identity: &Identity) -> Option<u64> {
        self.interchanges.get(&identity_key(identity)).copied()
    }

    pub fn close(&mut self, identity: &Identity, content: u64) {
        if self.interchanges.len() < NUMBERS_MAX {
            self.interchanges.entry(identity_key(identity)).or_insert(content);
        }
    }
}

fn identity_key(identity: &Identity) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in identity {
        hash.update(part.bytes());
        hash.update(b"\0");
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
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
