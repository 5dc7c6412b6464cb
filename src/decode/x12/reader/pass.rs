//! The way of nearly every segment: of a kind that passed before with the same elements, its dates and times in order.

use super::super::check::Passed;
use super::super::delimiters::Delimiters;
use super::super::ends::{Ends, Found};
use super::super::segment::RawSegment;
use super::is_full;
use crate::grammar::{SegmentKey, SetRelease};

/// How far the walk came.
pub(super) struct Walk {
    pub at: usize,
    /// Lines passed so far.
    pub lines: u32,
}

/// What ends the walk.
pub(super) enum Met {
    /// A segment that wants a closer look, with a bit for each element that is not empty. Its ends are the last of
    /// the list.
    Segment(RawSegment, Found),
    /// What looks like an ISA begins here.
    Isa(usize),
    /// No segment that begins here has a terminator.
    End(usize),
    /// The lists are full; the last segment ends here.
    Full(usize),
}

/// Takes one segment after another as long as they pass. Nothing else happens here, and all that changes comes as an
/// argument of its own, so that the loop stays small enough for the registers.
#[inline(never)]
pub(super) fn pass(
    text: &[u8],
    delimiters: Delimiters,
    under: SetRelease,
    passed: &Passed<'_>,
    ends: &mut Ends,
    segments: &mut Vec<RawSegment>,
    walk: &mut Walk,
) -> Met {
    let Walk { mut at, mut lines } = *walk;
    let may_skip = delimiters.has_blank();
    let terminator_lines = u32::from(delimiters.segment == b'\n');
    let met = loop {
        (at, lines) = skip_blanks(text, at, lines);
        let word = word_at(text, at);
        if is_isa(word) {
            break Met::Isa(at);
        }
        let ends_from = ends.len();
        let Some(found) = ends.segment(delimiters, may_skip, text, at) else { break Met::End(at) };
        let own_ends = &ends.as_slice()[ends_from..];
        let id_len = own_ends.first().map_or(0, |&end| end as usize - at);
        let raw = RawSegment {
            key: SegmentKey::at_start(word, id_len),
            start: at as u32,
            line: lines,
            ends_from: ends_from as u32,
            ends_to: ends.len() as u32,
        };
        let pass = passed.find(under, raw.key, found.present);
        if !pass.is_some_and(|pass| pass.holds(text, ends, ends_from, found.present)) {
            break Met::Segment(raw, found);
        }
        segments.push(raw);
        at = found.terminator + 1;
        lines += terminator_lines;
        if is_full(segments, ends) {
            break Met::Full(at);
        }
    };
    *walk = Walk { at, lines };
    met
}

/// Blanks and line ends between segments do not count.
#[inline(always)]
fn skip_blanks(text: &[u8], mut at: usize, mut lines: u32) -> (usize, u32) {
    let mut byte = text.get(at).copied().unwrap_or(b'~');
    if byte == b'\n' {
        (at, lines) = (at + 1, lines + 1);
        byte = text.get(at).copied().unwrap_or(b'~');
    }
    if byte <= b' ' { skip_many(text, at, lines) } else { (at, lines) }
}

#[cold]
fn skip_many(text: &[u8], mut at: usize, mut lines: u32) -> (usize, u32) {
    while let Some(&byte @ (b'\n' | b'\r' | b'\t' | b' ')) = text.get(at) {
        (at, lines) = (at + 1, lines + u32::from(byte == b'\n'));
    }
    (at, lines)
}

/// The four bytes at `at`, behind the end of the text such that no ISA can be seen in them.
#[inline(always)]
fn word_at(text: &[u8], at: usize) -> [u8; 4] {
    match text.get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => *word,
        None => last_word(text, at),
    }
}

#[cold]
fn last_word(text: &[u8], at: usize) -> [u8; 4] {
    std::array::from_fn(|byte| text.get(at + byte).copied().unwrap_or(b'0'))
}

#[inline(always)]
fn is_isa([i, s, a, separator]: [u8; 4]) -> bool {
    [i, s, a] == *b"ISA" && !separator.is_ascii_alphanumeric()
}
