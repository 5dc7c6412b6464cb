//! Which bytes may stand in each column of a record, made for a look at all 80 at once.

use wide::u8x16;

use super::layout::{Field, RECORD_WIDTH};

const VECTORS: usize = RECORD_WIDTH / 16;

/// Turns a blank into the digit zero.
const BLANK_TO_ZERO: u8 = b' ' ^ b'0';

/// A blank turns into `0` where `blanks` says so, then the byte must lie between `low` and `low + span`.
#[derive(Debug)]
pub(super) struct Ranges {
    blanks: [u8x16; VECTORS],
    low: [u8x16; VECTORS],
    span: [u8x16; VECTORS],
}

impl Ranges {
    /// Fillers are blank, numbers are digits and blanks, and everything else is printable ASCII.
    pub(super) fn new(fields: &[Field]) -> Self {
        let (mut blanks, mut low) = ([0; RECORD_WIDTH], [b' '; RECORD_WIDTH]);
        let mut span = [b'~' - b' '; RECORD_WIDTH];
        for field in fields {
            let columns = usize::from(field.at.start)..usize::from(field.at.end);
            if field.is_filler() {
                span[columns].fill(0);
            } else if field.is_number() {
                low[columns.clone()].fill(b'0');
                span[columns.clone()].fill(9);
                blanks[columns].fill(BLANK_TO_ZERO);
            }
        }
        Self { blanks: vectors(&blanks), low: vectors(&low), span: vectors(&span) }
    }

    /// True when some byte stands outside of its range.
    #[inline(always)]
    pub(super) fn are_left_by(&self, record: &[u8; RECORD_WIDTH]) -> bool {
        let blank = u8x16::splat(b' ');
        let mut outside = u8x16::splat(0);
        for (at, bytes) in vectors(record).into_iter().enumerate() {
            let zero = self.blanks[at] & bytes.simd_eq(blank);
            outside |= ((bytes | zero) - self.low[at]).saturating_sub(self.span[at]);
        }
        outside != u8x16::splat(0)
    }
}

#[inline(always)]
fn vectors(columns: &[u8; RECORD_WIDTH]) -> [u8x16; VECTORS] {
    let (chunks, _) = columns.as_chunks::<16>();
    std::array::from_fn(|at| u8x16::new(chunks[at]))
}
