//! Segments: found by their separators, kept as ranges, never copied.

use nom::bytes::complete::take_till;
use nom::number::complete::u8;
use nom::{IResult, Needed, Parser};

use super::delimiters::Delimiters;
use super::envelope::Envelope;
use super::envelope_view::EnvelopeView;
use super::wrap::{Break, raw_place};
use crate::grammar::SegmentKey;
use crate::place::Place;

/// One segment as ranges in the text of its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawSegment {
    pub key: SegmentKey,
    pub start: u32,
    /// Lines between the start of the message and the segment; not counted for wrapped files.
    pub line: u32,
    /// Its part of the list of ends: the end of the identifier, then of each element.
    pub ends_from: u32,
    pub ends_to: u32,
}

/// segment = identifier *(element-separator element) terminator
///
/// Answers with the bytes before the terminator, and appends to `ends` where the identifier and each element end, plus
/// `base`. `Incomplete` when the input ends before the terminator; then `ends` is as it was.
///
/// This is the grammar, one part after another. [`Ends::segment`](super::ends::Ends::segment) finds the same in whole
/// messages, and a test holds the one against the other.
pub(super) fn segment<'i>(
    delimiters: Delimiters,
    base: u32,
    ends: &mut Vec<u32>,
) -> impl FnMut(&'i [u8]) -> IResult<&'i [u8], &'i [u8]> {
    let Delimiters { element, segment, .. } = delimiters;
    move |input| {
        let before = ends.len();
        let mut rest = input;
        loop {
            let part: IResult<&[u8], (&[u8], u8)> =
                (take_till(|byte| byte == element || byte == segment), u8).parse(rest);
            let Ok((after, (_, separator))) = part else {
                ends.truncate(before);
                return Err(nom::Err::Incomplete(Needed::Unknown));
            };
            let end = input.len() - after.len() - 1;
            ends.push(base + end as u32);
            if separator == segment {
                return Ok((after, &input[..end]));
            }
            rest = after;
        }
    }
}

/// From where in the file places of a message count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// File offset and line of the text's first byte; for wrapped files, of the stretch that was unwrapped.
    pub offset: u64,
    pub line: u64,
    /// File offset at which that line begins.
    pub line_start: u64,
    pub wrap: Option<Wrap<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Wrap<'a> {
    pub breaks: &'a [Break],
    /// Where the message's text begins in the unwrapped stretch.
    pub from: usize,
}

impl Origin<'_> {
    /// The offset of `text[at]` in the file.
    fn offset_of(&self, at: usize) -> u64 {
        match &self.wrap {
            Some(wrap) => self.offset + raw_place(wrap.breaks, wrap.from + at).offset as u64,
            None => self.offset + at as u64,
        }
    }

    /// The place of `text[at]`, with its column.
    pub fn place(&self, text: &[u8], at: usize) -> Place {
        let (offset, line, line_start) = match &self.wrap {
            Some(wrap) => {
                let raw = raw_place(wrap.breaks, wrap.from + at);
                let line_start = raw.line_start.map_or(self.line_start, |start| self.offset + start as u64);
                (self.offset + raw.offset as u64, self.line + raw.lines, line_start)
            }
            None => {
                let before = &text[..at.min(text.len())];
                let lines = memchr::memchr_iter(b'\n', before).count() as u64;
                let line_start = memchr::memrchr(b'\n', before);
                let line_start = line_start.map_or(self.line_start, |start| self.offset + start as u64 + 1);
                (self.offset + at as u64, self.line + lines, line_start)
            }
        };
        let column = u32::try_from(offset.saturating_sub(line_start).saturating_add(1)).ok();
        Place { offset, line, column }
    }
}

/// The segments of one set: from ST to SE, or one TA1.
///
/// The last part of a set that was too long to be kept whole has no ST, the first part no SE.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    pub(super) text: &'a [u8],
    pub(super) segments: &'a [RawSegment],
    pub(super) ends: &'a [u32],
    pub(super) delimiters: Delimiters,
    pub(super) origin: &'a Origin<'a>,
    pub(super) envelope: &'a Envelope,
}

impl<'a> Set<'a> {
    /// What encloses the set.
    pub fn envelope(&self) -> EnvelopeView<'a> {
        EnvelopeView(self.envelope)
    }

    /// The segment and element at or behind which `offset` of the file lies: both from 1, element 0 is the identifier.
    pub fn position_of(&self, offset: u64) -> Option<(usize, usize)> {
        let begins = |at: usize| self.origin.offset_of(at);
        let index =
            self.segments.partition_point(|raw| begins(raw.start as usize) <= offset).checked_sub(1)?;
        let raw = self.segments.get(index)?;
        let ends = self.ends.get(raw.ends_from as usize..raw.ends_to as usize)?;
        let element = ends.partition_point(|&end| begins(end as usize) < offset);
        Some((index + 1, element.min(ends.len())))
    }

    pub fn len(&self) -> usize {
        self.segments.len()
    }

    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// The segment at `index`, from 0.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Segment<'a>> {
        self.segments.get(index).map(|raw| self.view(raw))
    }

    /// What kind of segment stands at `index`; cheaper than the segment itself.
    #[inline]
    pub fn key(&self, index: usize) -> Option<SegmentKey> {
        self.segments.get(index).map(|raw| raw.key)
    }

    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + '_ {
        self.segments.iter().map(|raw| self.view(raw))
    }

    #[inline(always)]
    fn view(&self, raw: &RawSegment) -> Segment<'a> {
        Segment::new(self.text, self.ends, self.delimiters.component, self.origin, raw)
    }

    /// Feeds the bytes that identify the message to `hash`, so that a repeated message is known again.
    ///
    /// These are the segments between ST and SE in one spelling: separators `*`, `:`, `^` and a line feed, without
    /// empty elements at the end. So neither the envelope, nor the separators, nor wrapping, nor ST02 matters.
    pub fn own_bytes(&self, hash: &mut dyn FnMut(&[u8])) {
        let mut spelling = Spelling::new(self.delimiters);
        for segment in self.segments() {
            if !matches!(segment.id(), b"ST" | b"SE") {
                spelling.feed(segment.trimmed(), hash);
            }
        }
        spelling.flush(hash);
    }
}

/// Rewrites segments with the usual separators, through a small buffer.
struct Spelling {
    bytes: [u8; 256],
    buffer: [u8; 512],
    len: usize,
}

impl Spelling {
    fn new(delimiters: Delimiters) -> Self {
        let mut bytes: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        if let Some(repetition) = delimiters.repetition {
            bytes[usize::from(repetition)] = b'^';
        }
        bytes[usize::from(delimiters.component)] = b':';
        bytes[usize::from(delimiters.element)] = b'*';
        Self { bytes, buffer: [0; 512], len: 0 }
    }

    fn feed(&mut self, segment: &[u8], hash: &mut dyn FnMut(&[u8])) {
        for &byte in segment {
            self.push(self.bytes[usize::from(byte)], hash);
        }
        self.push(b'\n', hash);
    }

    fn push(&mut self, byte: u8, hash: &mut dyn FnMut(&[u8])) {
        if self.len == self.buffer.len() {
            self.flush(hash);
        }
        self.buffer[self.len] = byte;
        self.len += 1;
    }

    fn flush(&mut self, hash: &mut dyn FnMut(&[u8])) {
        hash(&self.buffer[..self.len]);
        self.len = 0;
    }
}

#[cold]
fn without_blanks(element: &[u8]) -> &[u8] {
    element.trim_ascii()
}

/// One segment of a set.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    text: &'a [u8],
    start: u32,
    ends: &'a [u32],
    key: SegmentKey,
    line: u32,
    component: u8,
    origin: &'a Origin<'a>,
}

impl<'a> Segment<'a> {
    #[inline(always)]
    pub(super) fn new(
        text: &'a [u8],
        ends: &'a [u32],
        component: u8,
        origin: &'a Origin<'a>,
        raw: &RawSegment,
    ) -> Self {
        let ends = &ends[raw.ends_from as usize..raw.ends_to as usize];
        Self { text, start: raw.start, ends, key: raw.key, line: raw.line, component, origin }
    }

    pub fn id(&self) -> &'a [u8] {
        self.range(self.start as usize, self.ends.first())
    }

    #[inline]
    pub fn key(&self) -> SegmentKey {
        self.key
    }

    /// How many elements were sent, empty ones included.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `n`, from 1, as it was sent; empty when it was not.
    #[inline]
    pub fn element(&self, n: usize) -> &'a [u8] {
        match self.ends.get(n) {
            Some(&end) if n > 0 => {
                self.text.get(self.ends[n - 1] as usize + 1..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Element `n` without the blanks around it.
    #[inline]
    pub fn value(&self, n: usize) -> &'a [u8] {
        let element = self.element(n);
        match (element.first(), element.last()) {
            (Some(first), Some(last)) if *first <= b' ' || *last <= b' ' => without_blanks(element),
            _ => element,
        }
    }

    /// Component `c` of element `n`, both from 1.
    pub fn component(&self, n: usize, c: usize) -> &'a [u8] {
        let mut parts = self.element(n).split(|byte| *byte == self.component);
        parts.nth(c.wrapping_sub(1)).unwrap_or_default()
    }

    #[inline]
    fn range(&self, from: usize, to: Option<&u32>) -> &'a [u8] {
        to.and_then(|&to| self.text.get(from..to as usize)).unwrap_or_default()
    }

    /// The segment as it stands in the file, without its terminator.
    pub fn bytes(&self) -> &'a [u8] {
        self.range(self.start as usize, self.ends.last())
    }

    /// The same without empty elements at the end.
    fn trimmed(&self) -> &'a [u8] {
        let full = (1..=self.len()).rev().find(|&n| !self.element(n).is_empty()).unwrap_or(0);
        self.range(self.start as usize, self.ends.get(full))
    }

    /// Where the segment begins.
    pub fn place(&self) -> Place {
        match self.origin.wrap {
            Some(_) => Place { column: None, ..self.origin.place(self.text, self.start as usize) },
            None => Place {
                offset: self.origin.offset + u64::from(self.start),
                line: self.origin.line + u64::from(self.line),
                column: None,
            },
        }
    }

    /// Where element `n` begins, with the column; the end of the segment when it has no such element. What lies behind
    /// that may be another segment.
    pub fn element_place(&self, n: usize) -> Place {
        let at = match n.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some(&end) if n < self.ends.len() => end as usize + 1,
            _ => self.ends.last().map_or(self.start as usize, |&end| end as usize),
        };
        self.origin.place(self.text, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIMITERS: Delimiters =
        Delimiters { element: b'*', component: b'>', repetition: None, segment: b'~' };

    fn parts(text: &str) -> Option<(Vec<String>, &str)> {
        let mut ends = Vec::new();
        let (rest, _) = segment(DELIMITERS, 0, &mut ends)(text.as_bytes()).ok()?;
        let mut from = 0;
        let mut parts = Vec::new();
        for end in ends {
            parts.push(text[from..end as usize].to_owned());
            from = end as usize + 1;
        }
        std::str::from_utf8(rest).ok().map(|rest| (parts, rest))
    }

    #[test]
    fn a_segment_ends_at_its_terminator() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("SE*6*0001~GE", &["SE", "6", "0001"], "GE"),
            ("~", &[""], ""),
            ("X4**~~", &["X4", "", ""], "~"),
            ("K1*ABCDEFGHIJKLMNOPQRSTUVWXYZ*B~N7*C~", &["K1", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "B"], "N7*C~"),
            ("1234567*~9*~", &["1234567", ""], "9*~"),
            ("12345678~", &["12345678"], ""),
            ("caf\u{e9}*\u{aa}\u{fe}~", &["caf\u{e9}", "\u{aa}\u{fe}"], ""),
        ];
        for (text, wanted, rest) in cases {
            let (found, left) = parts(text).expect(text);
            assert_eq!(
                (found.as_slice(), left),
                (wanted.iter().map(|part| part.to_string()).collect::<Vec<_>>().as_slice(), *rest),
                "{text}"
            );
        }
        assert!(parts("X4*A*BBBBBBBBBBBBBBB").is_none());
        assert!(parts("").is_none());
    }
}
