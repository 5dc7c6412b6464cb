//! Where a record has a date or a time, made for a quick look whether it holds one.

use super::layout::{FieldAt, Format, RECORD_WIDTH};

/// A date or a time.
#[derive(Clone, Copy, Debug)]
pub struct MomentAt {
    pub at: FieldAt,
    pub format: Format,
    /// Eight bytes of the record from here on hold the field.
    start: u8,
    /// How far the field stands behind the first of them, in bits.
    shift: u8,
    /// The bytes of the field among the eight.
    keep: u64,
    /// The least and the greatest value of each pair of digits, in 16 bits each.
    least: u64,
    most: u64,
}

const BLANKS: u64 = u64::from_le_bytes([b' '; 8]);
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
const SIXES: u64 = u64::from_le_bytes([6; 8]);
const HIGH_NIBBLES: u64 = u64::from_le_bytes([0xf0; 8]);
const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
const SIGNS: u64 = 0x8000_8000_8000_8000;

/// No month is shorter.
const DAYS: u64 = 28;

/// Three pairs, the first one in the lowest bits.
const fn pairs(first: u64, second: u64, third: u64) -> u64 {
    first | second << 16 | third << 32
}

impl MomentAt {
    pub fn new(at: FieldAt, format: Format) -> Self {
        let start = at.start.min(RECORD_WIDTH as u8 - 8);
        let (least, most, width) = match format {
            Format::Mmddyy => (pairs(1, 1, 0), pairs(12, DAYS, 99), 6),
            Format::Yymmdd => (pairs(0, 1, 1), pairs(99, 12, DAYS), 6),
            Format::Hhmm => (0, pairs(23, 59, 0), 4),
            Format::Hhmmss => (0, pairs(23, 59, 59), 6),
        };
        let keep = u64::MAX >> (64 - 8 * width);
        Self { at, format, start, shift: (at.start - start) * 8, keep, least, most }
    }

    /// True for a date or a time that is certainly readable, or blank; cheap, and right for nearly every one that is
    /// sent.
    #[inline(always)]
    pub fn is_plain(&self, record: &[u8; RECORD_WIDTH]) -> bool {
        let bytes = record.get(usize::from(self.start)..).and_then(<[u8]>::first_chunk);
        let Some(&bytes) = bytes else { return false };
        let field = u64::from_le_bytes(bytes).wrapping_shr(self.shift.into()) & self.keep;
        if field == BLANKS & self.keep {
            return true;
        }
        let digits = field ^ (ZEROS & self.keep);
        // A nibble above nine reaches the next one when six is added.
        if (digits | digits.wrapping_add(SIXES & self.keep)) & HIGH_NIBBLES != 0 {
            return false;
        }
        let values = (digits & PAIRS) * 10 + (digits >> 8 & PAIRS);
        // No pair borrows from the next one: each has a sign bit to spare, which stays where the value fits.
        ((values | SIGNS) - self.least) & ((self.most | SIGNS) - values) & SIGNS == SIGNS
    }
}
