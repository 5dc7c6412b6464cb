//! Which columns of a record hold something, so that blanks are taken off a field without a look at each of them.

use std::num::NonZeroU64;
use std::ops::Range;

use wide::u8x16;

use super::layout::{FieldAt, RECORD_WIDTH};

/// A bit for each column that is not blank, in two words: columns 1 to 64, and columns 17 to 80. Nearly every field lies
/// within one of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Filled([u64; 2]);

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
        Self([!(blanks(0) | middle << 16), !(middle | blanks(4) << 48)])
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
        let ([left, right], [wanted_left, wanted_right]) = (self.0, wanted.0);
        (wanted_left & !left | wanted_right & !right) == 0
    }

    /// Whether a blank stands behind one of these columns that holds something.
    #[inline]
    pub(super) fn is_left_in(self, inner: Self) -> bool {
        let ([left, right], [inner_left, inner_right]) = (self.0, inner.0);
        // The column behind the last one of the left word stands in the right one.
        let left = left & !(left >> 1) & inner_left & (u64::MAX >> 1);
        left | right & !(right >> 1) & inner_right != 0
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
        let [left, right] = self.0;
        match right.leading_zeros() as usize {
            64 => 64 - left.leading_zeros() as usize,
            blanks => RECORD_WIDTH - blanks,
        }
    }

    /// From the first to the last column of a field that is not blank; `None` when all are.
    #[inline(always)]
    pub fn within(&self, at: &FieldAt) -> Option<Range<usize>> {
        let (is_right, columns) = at.in_word();
        let Some(found) = NonZeroU64::new(self.0[usize::from(is_right)] & columns) else {
            return if columns == 0 { self.within_wide(at) } else { None };
        };
        let start = usize::from(is_right) * usize::from(RIGHT_START);
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
        let [left, right] = self.0;
        u128::from(left) | u128::from(right) << RIGHT_START
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
