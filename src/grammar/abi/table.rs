//! The lookup from a record's first bytes to its layout: one small open-addressed table for each application.

use super::layout::{RecordLayout, Tag};

/// What the table holds for a record id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Index of the (first) layout.
    pub layout: u16,
    /// How many layouts of the same record id follow it, told apart by version.
    pub others: u8,
    /// The record starts a transaction.
    pub starts: bool,
    /// The record stands before the one that starts the transaction, and belongs to it.
    pub leads: bool,
}

/// What the grammar says of one record.
#[derive(Clone, Copy, Debug)]
pub enum Described<'g> {
    Layout {
        layout: &'g RecordLayout,
        entry: Entry,
    },
    /// CBP defines it; no table here does.
    Undescribed,
    Unknown,
}

/// Open addressing with linear steps; at most half full, so every chain ends.
#[derive(Debug)]
pub(super) struct RecordTable {
    slots: Vec<Option<(Tag, Entry)>>,
    /// Widths of the record ids, widest first; zeros at the end.
    widths: [u8; 4],
}

impl RecordTable {
    /// Of two entries with one id, the first stays.
    pub(super) fn new(entries: impl Iterator<Item = (String, Entry)>) -> Self {
        let entries: Vec<_> = entries.collect();
        let size = (entries.len() * 2).next_power_of_two().max(8);
        let mut table = Self { slots: vec![None; size], widths: [0; 4] };
        for (id, entry) in &entries {
            let tag = Tag::named(id.as_bytes());
            let mut at = table.start(tag);
            while table.slots[at].is_some_and(|(taken, _)| taken != tag) {
                at = (at + 1) & (size - 1);
            }
            table.slots[at].get_or_insert((tag, *entry));
        }
        let has = |width: &u8| entries.iter().any(|(id, _)| id.len() == usize::from(*width));
        for (slot, width) in table.widths.iter_mut().zip((1..=4).rev().filter(has)) {
            *slot = width;
        }
        table
    }

    #[inline]
    fn start(&self, tag: Tag) -> usize {
        let mixed = tag.0.wrapping_mul(0x9E37_79B1);
        (mixed >> 16) as usize & (self.slots.len() - 1)
    }

    #[inline]
    pub(super) fn get(&self, tag: Tag) -> Option<Entry> {
        for &width in &self.widths {
            if width == 0 {
                break;
            }
            let wanted = tag.cut(width);
            let mut at = self.start(wanted);
            while let Some((taken, entry)) = self.slots[at] {
                if taken == wanted {
                    return Some(entry);
                }
                at = (at + 1) & (self.slots.len() - 1);
            }
        }
        None
    }
}

/// Record ids that begin with one of these are known to exist.
#[derive(Debug, Default)]
pub(super) struct Undescribed(pub(super) Vec<Box<str>>);

impl Undescribed {
    pub(super) fn holds(&self, tag: Tag) -> bool {
        let bytes = tag.0.to_be_bytes();
        self.0.iter().any(|prefix| bytes.starts_with(prefix.as_bytes()))
    }
}
