//! The lookup from a record's first bytes to its layout: one small open-addressed table for each application.

use super::layout::{RecordLayout, Tag};

/// What the table holds for a record id, packed: the index of the (first) layout in the low half, then how many
/// versions follow it, then two flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(u32);

const OTHERS_SHIFT: u32 = 16;
const OTHERS_MAX: u32 = 0xff;
const STARTS: u32 = 1 << 24;
const LEADS: u32 = 1 << 25;

impl Entry {
    /// Of the layout with this index.
    pub(super) fn new(layout: u16) -> Self {
        Self(u32::from(layout))
    }

    /// One more layout of the same record id follows; more than 255 are not counted.
    pub(super) fn with_another(self) -> Self {
        if self.others() < OTHERS_MAX as usize { Self(self.0 + (1 << OTHERS_SHIFT)) } else { self }
    }

    pub(super) fn starting(self) -> Self {
        Self(self.0 | STARTS)
    }

    pub(super) fn leading(self) -> Self {
        Self(self.0 | LEADS)
    }

    /// Index of the (first) layout.
    #[inline]
    pub fn layout(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    /// How many layouts of the same record id follow it, told apart by version.
    #[inline]
    pub fn others(self) -> usize {
        (self.0 >> OTHERS_SHIFT & OTHERS_MAX) as usize
    }

    /// The record starts a transaction.
    #[inline]
    pub fn starts(self) -> bool {
        self.0 & STARTS != 0
    }

    /// The record stands before the one that starts the transaction, and belongs to it.
    #[inline]
    pub fn leads(self) -> bool {
        self.0 & LEADS != 0
    }
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

/// Open addressing with linear steps; at most a quarter full, so every chain ends at a slot of [`NO_TAG`].
#[derive(Debug)]
pub(super) struct RecordTable {
    slots: Vec<(Tag, Entry)>,
    /// Which bits of a tag belong to a record id, for each width that the ids have, widest first; zeros at the end.
    keeps: [u32; 4],
    /// Odd, and such that few ids share a slot, none where that could be had.
    spread: u32,
}

const BLANKS: u32 = u32::from_be_bytes([b' '; 4]);

/// No record begins with four NULs: they would have been taken off or reported.
const NO_TAG: Tag = Tag(0);

const NO_ENTRY: Entry = Entry(0);

impl RecordTable {
    /// Of two entries with one id, the first stays.
    pub(super) fn new(entries: impl Iterator<Item = (String, Entry)>) -> Self {
        let entries: Vec<_> = entries.collect();
        let size = (entries.len() * 4).next_power_of_two().max(8);
        let tags: Vec<u32> = entries.iter().map(|(id, _)| Tag::named(id.as_bytes()).0).collect();
        let spread = spread_over(size, &tags);
        let mut table = Self { slots: vec![(NO_TAG, NO_ENTRY); size], keeps: [0; 4], spread };
        for (id, entry) in &entries {
            let tag = Tag::named(id.as_bytes());
            let mut at = table.start(tag);
            while table.slots[at].0 != NO_TAG && table.slots[at].0 != tag {
                at = (at + 1) & (size - 1);
            }
            if table.slots[at].0 == NO_TAG {
                table.slots[at] = (tag, *entry);
            }
        }
        let has = |width: &u8| entries.iter().any(|(id, _)| id.len() == usize::from(*width));
        for (slot, width) in table.keeps.iter_mut().zip((1..=4).rev().filter(has)) {
            *slot = u32::MAX << (8 * (4 - u32::from(width)));
        }
        table
    }

    #[inline]
    fn start(&self, tag: Tag) -> usize {
        slot_of(tag.0, self.spread, self.slots.len())
    }

    #[inline(always)]
    pub(super) fn get(&self, tag: Tag) -> Option<Entry> {
        for &keep in &self.keeps {
            if keep == 0 {
                break;
            }
            let wanted = Tag(tag.0 & keep | BLANKS & !keep);
            let mut at = self.start(wanted);
            while let Some(&(taken, entry)) = self.slots.get(at) {
                if taken == wanted && wanted != NO_TAG {
                    return Some(entry);
                }
                if taken == NO_TAG {
                    break;
                }
                at = (at + 1) & (self.slots.len() - 1);
            }
        }
        None
    }
}

/// Where the search for a key begins in a table of `size` slots, a power of two.
#[inline(always)]
pub fn slot_of(key: u32, spread: u32, size: usize) -> usize {
    // The high bits of the product: to the low ones the last characters of a code alone contribute.
    ((u64::from(key.wrapping_mul(spread)) * size as u64) >> 32) as usize
}

/// The factor that brings the fewest of these keys to a slot that another one has: a search that finds at once is a
/// search that the processor foresees. The same keys always get the same.
pub fn spread_over(size: usize, keys: &[u32]) -> u32 {
    const TRIES: u32 = 200;
    const FIRST: u32 = 0x9E37_79B1;
    let shared = |spread: u32| {
        let mut slots: Vec<usize> = keys.iter().map(|&key| slot_of(key, spread, size)).collect();
        slots.sort_unstable();
        slots.windows(2).filter(|pair| pair[0] == pair[1]).count()
    };
    let spreads = (0..TRIES).map(|nth| FIRST.wrapping_add(nth.wrapping_mul(0x3C6E_F372)));
    spreads.min_by_key(|&spread| shared(spread)).unwrap_or(FIRST)
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
