//! The envelope: what is open, under which numbers, and what its trailers claim.
//!
//! Source: X12.5 interchange control structures and X12.6 application control structures. Positions of the control
//! segments are written here as the standard has them; they are the frame of the format.

use super::delimiters::Delimiters;
use super::value;
use crate::grammar::{CodeTables, Release, SegmentKey};
use crate::place::Place;

pub(super) const IEA: SegmentKey = SegmentKey::of(b"IEA");
pub(super) const GS: SegmentKey = SegmentKey::of(b"GS");
pub(super) const GE: SegmentKey = SegmentKey::of(b"GE");
pub(super) const ST: SegmentKey = SegmentKey::of(b"ST");
pub(super) const SE: SegmentKey = SegmentKey::of(b"SE");
pub(super) const TA1: SegmentKey = SegmentKey::of(b"TA1");
/// Delivery and extension segments that may stand between ISA and GS: nothing in them is read.
pub(super) const BETWEEN: [SegmentKey; 4] =
    [SegmentKey::of(b"ISB"), SegmentKey::of(b"ISE"), SegmentKey::of(b"TA3"), SegmentKey::of(b"ISX")];

/// The innermost piece that is open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Level {
    #[default]
    Outside,
    Interchange,
    Group,
    Set,
}

/// A short text kept in place; longer ones are cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Short {
    bytes: [u8; Short::CAPACITY],
    len: u8,
}

impl Short {
    const CAPACITY: usize = 31;

    pub fn new(text: &[u8]) -> Self {
        let text = text.trim_ascii();
        let len = text.len().min(Self::CAPACITY);
        let mut bytes = [0; Self::CAPACITY];
        bytes[..len].copy_from_slice(&text[..len]);
        Self { bytes, len: len as u8 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// `None` when blank.
    pub fn some(&self) -> Option<&[u8]> {
        (self.len > 0).then(|| self.bytes())
    }

    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.some()?).ok()
    }
}

/// What the segments read so far have opened. Copied for each message, so that a message that the window cuts off
/// leaves no trace.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Envelope {
    pub level: Level,
    pub delimiters: Delimiters,
    pub interchange: Interchange,
    pub group: Group,
    pub set: OpenSet,
    /// Interchanges that were opened, this one included.
    pub interchanges: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interchange {
    /// ISA13.
    pub number: Short,
    /// ISA06.
    pub sender: Short,
    pub identity: Identity,
    pub groups: u64,
    /// Grows over everything behind the ISA.
    pub content: u64,
    pub number_place: Place,
    /// ISA09 and ISA10.
    pub sent: [Short; 2],
    /// ISA14 asks whether it arrived.
    pub wants_answer: bool,
}

impl Interchange {
    /// ISA15 says that the sender tries something out.
    pub fn is_test(&self) -> bool {
        self.identity[5].bytes() == b"T"
    }
}

/// ISA05 to ISA08, ISA13 and ISA15: an interchange with the same ones is the same delivery.
pub(super) type Identity = [Short; 6];

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    /// GS01.
    pub code: Short,
    /// GS02.
    pub sender: Short,
    /// GS03.
    pub receiver: Short,
    /// GS06.
    pub number: Short,
    /// GS08.
    pub version: Short,
    pub release: Release,
    pub sets: u64,
    /// GE01.
    pub claimed: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpenSet {
    /// ST01.
    pub id: Short,
    /// ST02.
    pub number: Short,
    /// ST and SE included.
    pub segments: u64,
}

/// A TA1 note code and what it is about, for an element of the ISA that breaks its list or form.
pub(super) type IsaFault = (usize, &'static str, String);

/// The code lists of the ISA, taken from the table `x12_interchange` once.
#[derive(Debug, Default)]
pub(super) struct IsaCodes {
    lists: Vec<IsaList>,
}

#[derive(Debug)]
struct IsaList {
    element: usize,
    note: &'static str,
    codes: Vec<u64>,
}

/// The ISA elements that have a code list: position, how the table's `kind` names them, TA1 note.
const CODED: [(usize, &str, &str); 7] = [
    (1, "ISA01", "TA1 010"),
    (3, "ISA03", "TA1 012"),
    (5, "ISA05", "TA1 005"),
    (7, "ISA07", "TA1 007"),
    (12, "ISA12", "TA1 017"),
    (14, "ISA14", "TA1 019"),
    (15, "ISA15", "TA1 020"),
];

impl IsaCodes {
    pub fn of(tables: &CodeTables) -> Self {
        let Some(table) = tables.get("x12_interchange") else { return Self::default() };
        let lists = CODED.iter().map(|&(element, kind, note)| IsaList {
            element,
            note,
            codes: table
                .rows
                .iter()
                .filter(|row| row.kind.contains(kind))
                .filter_map(|row| packed(row.code.as_bytes()))
                .collect(),
        });
        Self { lists: lists.collect() }
    }

    /// Checks ISA01 to ISA15, but not the separators.
    pub fn faults(&self, element: impl Fn(usize) -> Short) -> Vec<IsaFault> {
        let mut faults = Vec::new();
        let shown = |n| element(n).bytes().escape_ascii().to_string();
        for list in &self.lists {
            let code = element(list.element);
            let is_known = packed(code.bytes()).is_some_and(|code| list.codes.contains(&code));
            if !list.codes.is_empty() && !is_known {
                let message =
                    format!("ISA{:02} is `{}`, which no list has", list.element, shown(list.element));
                faults.push((list.element, list.note, message));
            }
        }
        for (n, note, who) in [(6, "TA1 006", "sender"), (8, "TA1 008", "receiver")] {
            if element(n).some().is_none() {
                faults.push((n, note, format!("ISA{n:02}, the {who}, is blank")));
            }
        }
        if value::short_date(element(9).bytes()).is_none() {
            faults.push((9, "TA1 014", format!("ISA09: `{}` is no date", shown(9))));
        }
        if value::time(element(10).bytes()).is_none() {
            faults.push((10, "TA1 015", format!("ISA10: `{}` is no time", shown(10))));
        }
        if value::number(element(13).bytes()).is_none() {
            faults.push((13, "TA1 018", format!("ISA13: `{}` is no number", shown(13))));
        }
        faults
    }
}

/// A code of up to seven bytes and its length in one number; no element of the ISA that has a list is longer.
fn packed(code: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes[..7].get_mut(..code.len())?.copy_from_slice(code);
    bytes[7] = code.len() as u8;
    Some(u64::from_le_bytes(bytes))
}

/// Mixes bytes into a fingerprint that tells a repeated interchange from another under the same number. It need not
/// withstand anybody: both are processed in any case.
pub(super) fn mix(fingerprint: u64, bytes: &[u8]) -> u64 {
    // Two lanes, because each multiplication waits for the one before it in its lane.
    let mut lanes = [fingerprint ^ bytes.len() as u64, FACTORS[2]];
    let mut pairs = bytes.chunks_exact(32);
    for pair in pairs.by_ref() {
        let [a, b, c, d] = [0, 8, 16, 24].map(|at| word(&pair[at..at + 8]));
        lanes = [folded(lanes[0] ^ a, FACTORS[0] ^ b), folded(lanes[1] ^ c, FACTORS[1] ^ d)];
    }
    let mut blocks = pairs.remainder().chunks_exact(16);
    let mixed = blocks.by_ref().fold(lanes[0] ^ lanes[1].rotate_left(32), |mixed, block| {
        let (low, high) = block.split_at(8);
        folded(mixed ^ word(low), FACTORS[0] ^ word(high))
    });
    let mut rest = blocks.remainder().chunks_exact(4);
    let mixed = rest.by_ref().fold(mixed, |mixed, four| folded(mixed ^ word(four), FACTORS[1]));
    folded(mixed ^ word(rest.remainder()), FACTORS[2])
}

/// Odd numbers whose bits look random: the fractions of the golden ratio and of the roots of 2 and 3.
const FACTORS: [u64; 3] = [0x9E37_79B9_7F4A_7C15, 0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B];

/// Both halves of the product, one over the other: every bit depends on all.
#[inline(always)]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Up to eight bytes as a number.
#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    match (bytes.try_into(), bytes.try_into()) {
        (Ok(eight), _) => u64::from_le_bytes(eight),
        (_, Ok(four)) => u32::from_le_bytes(four).into(),
        _ => bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

/// Where the next interchange may begin: `ISA` and a byte that separates, not in the middle of a word.
pub(super) fn find_isa(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    memchr::memmem::find_iter(rest, b"ISA")
        .map(|at| from + at)
        .find(|&at| is_isa(text, at) && (at == 0 || !text[at - 1].is_ascii_alphanumeric()))
}

#[inline(always)]
pub(super) fn is_isa(text: &[u8], at: usize) -> bool {
    text.get(at) == Some(&b'I')
        && text[at..].starts_with(b"ISA")
        && text.get(at + 3).is_some_and(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_every_byte() {
        for len in 0..70 {
            let text: Vec<u8> = (0..len).collect();
            let whole = mix(7, &text);
            assert_ne!(whole, mix(8, &text), "{len}");
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 1;
                assert_ne!(whole, mix(7, &other), "byte {at} of {len}");
                assert_ne!(whole, mix(7, &text[..at]), "{at} of {len} bytes");
            }
        }
    }
}
