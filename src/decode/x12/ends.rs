//! Where identifiers and elements end: the list that all segments of a message share, and how it is filled.

use wide::u32x4;

use super::delimiters::Delimiters;
use super::marks::{BLOCK_BYTES, Marks};

/// The list of ends. Separators are looked for a block ahead, so it knows more ends than the segments have that were
/// asked for.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Longer than `known` by a block, so that what is done with many ends at once never asks for room.
    buffer: Vec<u32>,
    /// How many ends belong to segments.
    len: usize,
    /// How many were found.
    known: usize,
    block: Block,
}

/// The stretch of text that was looked at last.
#[derive(Debug, Default)]
struct Block {
    start: usize,
    /// Behind it; the next block begins here.
    end: usize,
    /// The terminators of segments that were not asked for yet.
    terminators: u64,
}

/// A segment that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// Where its terminator stands.
    pub terminator: usize,
    /// A bit for each of its first 32 elements that is not empty.
    pub present: u32,
}

/// Hardly a block has more separators.
const USUAL: usize = 14;

impl Ends {
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub fn as_slice(&self) -> &[u32] {
        &self.buffer[..self.len]
    }

    /// Ends from index `from` on, and behind the last of the list what happens to stand there.
    #[inline(always)]
    pub fn stretch<const ENDS: usize>(&self, from: usize) -> Option<&[u32; ENDS]> {
        self.buffer.get(from..)?.first_chunk()
    }

    /// Empties the list, for a text that is read from its beginning.
    pub fn clear(&mut self) {
        (self.len, self.known) = (0, 0);
        self.look_from(0);
    }

    /// Takes the ends from index `len` on out of the list.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len {
            let removed = self.len - len;
            self.buffer.copy_within(self.len..self.known, len);
            self.len = len;
            self.known -= removed;
        }
    }

    /// Forgets the separators that were found ahead: the text goes on at `at`, perhaps with others.
    pub fn look_from(&mut self, at: usize) {
        self.known = self.len;
        self.block = Block { start: at, end: at, terminators: 0 };
    }

    /// Adds the ends of the segment that begins at `at`: of its identifier, then of each element. `None`, and nothing
    /// added, when the text ends before its terminator.
    ///
    /// `may_skip` when blanks between segments may separate inside them; see [`Delimiters::has_blank`].
    #[inline(always)]
    pub fn segment(
        &mut self,
        delimiters: Delimiters,
        may_skip: bool,
        text: &[u8],
        at: usize,
    ) -> Option<Found> {
        if may_skip {
            self.pass_over(at);
        }
        while self.block.terminators == 0 {
            if self.block.end >= text.len() {
                return None;
            }
            self.look_ahead(delimiters, text);
        }
        let terminator = self.block.start + self.block.terminators.trailing_zeros() as usize;
        self.block.terminators &= self.block.terminators - 1;
        let from = self.len;
        let mut empty = 0;
        for half in [0, HALF] {
            let Some(ends) = self.buffer[from + half..].first_chunk() else { break };
            if half == 0 && ends[0] == terminator as u32 {
                // It has no elements, and what stands behind the known ends is left over from others.
                break;
            }
            let (empty_here, last) = compared(ends, terminator as u32);
            empty |= empty_here << half;
            if last != 0 {
                let last = last << half;
                self.len = from + last.trailing_zeros() as usize + 2;
                // Ends behind the segment's own may be any.
                return Some(Found { terminator, present: !empty & (last ^ (last - 1)) });
            }
        }
        Some(self.long_segment(terminator))
    }

    /// The same for a segment of more elements than are compared at once, or without any.
    #[cold]
    fn long_segment(&mut self, terminator: usize) -> Found {
        let from = self.len;
        let own = self.buffer[from..self.known].partition_point(|&end| (end as usize) < terminator);
        self.len = from + own + 1;
        let pairs = self.buffer[from..self.len].windows(2).take(32).zip(0..);
        let present = pairs.fold(0, |mask, (pair, bit)| mask | u32::from(pair[1] - pair[0] > 1) << bit);
        Found { terminator, present }
    }

    /// True when the next segment's terminator was found already, while blanks do not separate.
    pub fn knows_terminator(&self, delimiters: Delimiters) -> bool {
        self.block.terminators != 0 && !delimiters.has_blank()
    }

    /// Forgets the separators that were found ahead, when there are such before `at`.
    fn pass_over(&mut self, at: usize) {
        let found = if self.len < self.known { self.buffer[self.len] as usize } else { self.block.end };
        if found < at {
            self.look_from(at);
        }
    }

    /// Finds the separators of the next block.
    #[inline(always)]
    fn look_ahead(&mut self, delimiters: Delimiters, text: &[u8]) {
        let start = self.block.end;
        let marks = Marks::of(&text[start..], delimiters.element, delimiters.segment);
        let (base, first) = (start as u32, self.known);
        let room = self.room();
        let mut left = marks.all;
        // Most blocks hold no more than this; writing all of them without looking is cheaper than asking each time.
        for slot in room.iter_mut().take(USUAL) {
            *slot = base + (left | 1 << 63).trailing_zeros();
            left &= left.wrapping_sub(1);
        }
        let mut at = USUAL;
        while left != 0 {
            room[at] = base + left.trailing_zeros();
            left &= left - 1;
            at += 1;
        }
        self.known = first + marks.all.count_ones() as usize;
        self.block = Block { start, end: start + BLOCK_BYTES, terminators: marks.terminators };
    }

    /// The next places, as many as one block can fill.
    #[inline(always)]
    fn room(&mut self) -> &mut [u32; BLOCK_BYTES] {
        if self.buffer.len() < self.known + 2 * BLOCK_BYTES {
            self.grow();
        }
        self.buffer[self.known..].first_chunk_mut().expect("the buffer was made longer than the list")
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let longer = (self.buffer.len() * 2).max(4_096);
        self.buffer.resize(longer, 0);
    }

    /// Adds the ends of a segment that was found by other means; what was found ahead is forgotten.
    pub fn extend(&mut self, ends: impl IntoIterator<Item = u32>) {
        self.known = self.len;
        for end in ends {
            self.room()[0] = end;
            self.known += 1;
        }
        self.len = self.known;
    }
}

/// How many elements are compared at once. Most segments have no more, and hardly one has more than twice as many.
const HALF: usize = 8;

/// A bit for each element that is empty, whose end is one byte from the one before it; and a bit for the element that
/// ends at `terminator`.
#[inline(always)]
fn compared(ends: &[u32; HALF + 1], terminator: u32) -> (u32, u32) {
    let (one, terminator) = (u32x4::splat(1), u32x4::splat(terminator));
    let (befores, _) = ends.as_chunks();
    let (afters, _) = ends[1..].as_chunks();
    let (mut empty, mut last) = (0, 0);
    for (at, (before, after)) in befores.iter().zip(afters).enumerate() {
        let (before, after) = (u32x4::new(*before), u32x4::new(*after));
        empty |= (after - before).simd_eq(one).to_bitmask() << (4 * at);
        last |= after.simd_eq(terminator).to_bitmask() << (4 * at);
    }
    (empty, last)
}

#[cfg(test)]
mod tests {
    use super::super::segment::segment;
    use super::*;

    /// All segments of a text, each as its ends and which elements are there; every third one is taken out of the list
    /// again. Tabs between segments are passed over, even where they separate.
    fn by_blocks(delimiters: Delimiters, text: &[u8]) -> Vec<(Vec<u32>, u32)> {
        let mut ends = Ends::default();
        ends.clear();
        let (mut at, mut found) = (0, Vec::new());
        loop {
            at += text[at..].iter().take_while(|byte| **byte == b'\t').count();
            let from = ends.len();
            let Some(Found { terminator, present }) =
                ends.segment(delimiters, delimiters.has_blank(), text, at)
            else {
                return found;
            };
            found.push((ends.as_slice()[from..].to_vec(), present));
            if found.len() % 3 == 0 {
                ends.truncate(from);
            }
            at = terminator + 1;
        }
    }

    fn one_by_one(delimiters: Delimiters, text: &[u8]) -> Vec<(Vec<u32>, u32)> {
        let (mut at, mut found) = (0, Vec::new());
        loop {
            at += text[at..].iter().take_while(|byte| **byte == b'\t').count();
            let mut ends = Vec::new();
            let Ok((rest, _)) = segment(delimiters, at as u32, &mut ends)(&text[at..]) else { return found };
            let filled = ends.windows(2).map(|pair| pair[1] - pair[0] > 1);
            let present =
                filled.take(32).enumerate().fold(0, |mask, (bit, filled)| mask | u32::from(filled) << bit);
            found.push((ends, present));
            at = text.len() - rest.len();
        }
    }

    proptest::proptest! {
        #[test]
        fn blocks_agree_with_the_grammar(
            bytes in proptest::collection::vec(0u8..0x60, 0..600),
            terminators in 0u8..6,
            separators in 0u8..80,
            tabs: bool,
        ) {
            let element = if tabs { b'\t' } else { b'*' };
            let text: Vec<u8> = bytes
                .iter()
                .map(|&byte| match byte {
                    _ if byte < terminators => b'~',
                    6 => b'\t',
                    _ if byte > 7 && byte - 7 < separators => element,
                    _ => b'x',
                })
                .collect();
            let delimiters = Delimiters { element, component: b'>', repetition: None, segment: b'~' };
            proptest::prop_assert_eq!(by_blocks(delimiters, &text), one_by_one(delimiters, &text));
        }
    }
}
