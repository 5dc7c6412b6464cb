//! Which columns of a record hold something, so that blanks are taken off a field without a look at each of them.

use std::num::NonZeroU64;
use std::ops::Range;

use wide::u8x16;

use super::layout::{FieldAt, RECORD_WIDTH};

/// A bit for each column that is not blank, in two words: columns 1 to 64, and columns 17 to 80. Nearly every field lies
/// within one of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Filled {
    left: u64,
    right: u64,
}

/// How many columns the right word begins behind the left one.
pub(super) const RIGHT_START: u8 = 16;

impl Filled {
    /// What a short record lacks is blank; what stands behind its 80th byte does not count.
    #[inline]
    pub fn of(record: &[u8]) -> Self {
        if let Some(full) = record.first_chunk() {
            return Self::of_full(full);
        }
        let mut full = [b' '; RECORD_WIDTH];
        full[..record.len()].copy_from_slice(record);
        Self::of_full(&full)
    }

    /// The same for a record that lacks nothing.
    #[inline(always)]
    pub fn of_full(record: &[u8; RECORD_WIDTH]) -> Self {
        let blank = u8x16::splat(b' ');
        let (chunks, _) = record.as_chunks();
        let blanks = |at: usize| {
            let chunk: [u8; 16] = chunks[at];
            u64::from(u8x16::new(chunk).simd_eq(blank).to_bitmask())
        };
        let middle = blanks(1) | blanks(2) << 16 | blanks(3) << 32;
        Self { left: !(blanks(0) | middle << 16), right: !(middle | blanks(4) << 48) }
    }

    /// Exactly these columns.
    pub(super) fn columns(columns: impl Iterator<Item = usize>) -> Self {
        let mut record = [b' '; RECORD_WIDTH];
        for column in columns {
            record[column] = b'x';
        }
        Self::of_full(&record)
    }

    /// Whether every column of `wanted` is among these.
    #[inline(always)]
    pub fn covers(self, wanted: Self) -> bool {
        (wanted.left & !self.left | wanted.right & !self.right) == 0
    }

    /// Whether no blank stands between two columns of a field that hold something.
    #[inline]
    pub fn is_unbroken(self, at: FieldAt) -> bool {
        let found = self.all() >> at.start & ((1 << (at.end - at.start)) - 1);
        let run = found >> found.trailing_zeros().min(u128::BITS - 1);
        run & (run + 1) == 0
    }

    /// Behind the last column that is not blank.
    #[inline]
    pub fn end(&self) -> usize {
        match self.right.leading_zeros() as usize {
            64 => 64 - self.left.leading_zeros() as usize,
            blanks => RECORD_WIDTH - blanks,
        }
    }

    /// From the first to the last column of a field that is not blank; `None` when all are.
    #[inline(always)]
    pub fn within(&self, at: &FieldAt) -> Option<Range<usize>> {
        let Some((is_right, behind, before)) = at.in_word() else { return self.within_wide(at) };
        let word = if is_right { self.right } else { self.left };
        let found = NonZeroU64::new(word << (behind & 63) >> (before & 63))?;
        let start = usize::from(at.start);
        Some(start + found.trailing_zeros() as usize..start + 1 + (found.leading_zeros() ^ 63) as usize)
    }

    /// The same for a field that lies in neither word.
    #[cold]
    fn within_wide(self, at: &FieldAt) -> Option<Range<usize>> {
        let found = (self.all() & ((1 << at.end.min(RECORD_WIDTH as u8)) - 1)) >> at.start;
        let start = usize::from(at.start);
        (found != 0)
            .then(|| start + found.trailing_zeros() as usize..start + 128 - found.leading_zeros() as usize)
    }

    /// All columns in one number.
    fn all(self) -> u128 {
        u128::from(self.left) | u128::from(self.right) << RIGHT_START
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn fields_are_those_that_trimming_finds(record in "[ a]{0,80}| {0,40}[ -~]{0,50}", start in 0u8..80, width in 0u8..81) {
            let record = record.as_bytes();
            let at = FieldAt::new(start, (start + width).min(80));
            let found = Filled::of(record).within(&at).map_or(&b""[..], |columns| &record[columns]);
            let wanted = at.of(&record[..record.len().min(80)]);
            proptest::prop_assert_eq!(found, wanted);
        }
    }
}
