//! Bytes to records of at most 80 columns: line ends of any kind, or none at all.

use memchr::{memchr, memchr2};
use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while};
use nom::character::complete::line_ending;
use nom::combinator::{eof, fail, verify};
use nom::sequence::terminated;

use super::infer;
use crate::grammar::abi::RECORD_WIDTH;

/// A line end must come within this many bytes; what is longer is cut there.
pub const LINE_BYTES_MAX: usize = 64 << 10;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How the records of a file are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// This byte ends a record: LF, or CR alone. A CR before LF goes with it.
    Lines(u8),
    /// Every record has 80 bytes; line ends between them are skipped.
    Fixed,
}

/// One record as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub struct Framed<'a> {
    /// Without line end, and without the NULs and Ctrl-Zs at its end; longer than 80 when something stands behind.
    pub bytes: &'a [u8],
    /// How many bytes of the window it takes, with its line end.
    pub length: usize,
    /// NULs or Ctrl-Zs were taken off.
    pub padded: bool,
    /// The file ends without a line end (or before the 80th column).
    pub open: bool,
}

/// What stands at the start of the rest of the window.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    Record(Framed<'a>),
    /// The window ends inside a record.
    More,
    End,
}

/// Skips a byte-order mark.
pub fn byte_order_mark(window: &[u8]) -> usize {
    let mark: IResult<&[u8], &[u8]> = tag(BOM).parse(window);
    if mark.is_ok() { BOM.len() } else { 0 }
}

impl Framing {
    /// Decides by the first record; `None` when too little of the file is there yet.
    pub fn detect(window: &[u8], last: bool) -> Option<Self> {
        let text = &window[byte_order_mark(window)..];
        let start =
            text.iter().position(|byte| !matches!(byte, b'\r' | b'\n' | b' ' | 0)).unwrap_or(text.len());
        let head = &text[start..];
        let head = &head[..head.len().min(LINE_BYTES_MAX)];
        let Some(end) = memchr2(b'\r', b'\n', head) else {
            return match head.len() {
                LINE_BYTES_MAX => Some(Self::Fixed),
                _ if last && head.len() > RECORD_WIDTH => Some(Self::Fixed),
                _ if last => Some(Self::Lines(b'\n')),
                _ => None,
            };
        };
        // One long string with a line end behind it is no line: the second record tells.
        let is_string = end >= 2 * RECORD_WIDTH && infer::is_record_head(&head[RECORD_WIDTH..end]);
        if is_string {
            return Some(Self::Fixed);
        }
        if head[end] == b'\n' || head.get(end + 1) == Some(&b'\n') {
            return Some(Self::Lines(b'\n'));
        }
        // A CR alone: either it ends every line, or it stands in a file of LF lines.
        match memchr(b'\n', head) {
            Some(_) => Some(Self::Lines(b'\n')),
            None if last || head.len() == LINE_BYTES_MAX => Some(Self::Lines(b'\r')),
            None => None,
        }
    }

    /// The next record of the window.
    #[inline]
    pub fn next<'a>(self, window: &'a [u8], last: bool) -> Next<'a> {
        if window.is_empty() {
            return if last { Next::End } else { Next::More };
        }
        match self {
            Self::Lines(end) => line(window, end, last),
            Self::Fixed => fixed(window, last),
        }
    }
}

/// A line, cut at [`LINE_BYTES_MAX`].
#[inline]
fn line(window: &[u8], end: u8, last: bool) -> Next<'_> {
    let bounded = &window[..window.len().min(LINE_BYTES_MAX)];
    let (bytes, length, open) = match memchr(end, bounded) {
        Some(at) => (&bounded[..at], at + 1, false),
        None if bounded.len() == LINE_BYTES_MAX => (bounded, LINE_BYTES_MAX, false),
        None if last => (bounded, bounded.len(), true),
        None => return Next::More,
    };
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let (bytes, padded) = without_padding(bytes);
    Next::Record(Framed { bytes, length, padded, open })
}

/// The usual case: 80 columns, then CR LF or LF. Whether the columns hold no line end themselves is left to
/// [`is_one_line`].
#[inline]
pub fn whole_line(input: &[u8]) -> IResult<&[u8], &[u8; RECORD_WIDTH]> {
    terminated(columns, end_of_line).parse(input)
}

/// 80 bytes.
#[inline(always)]
fn columns(input: &[u8]) -> IResult<&[u8], &[u8; RECORD_WIDTH]> {
    match input.split_first_chunk() {
        Some((columns, rest)) => Ok((rest, columns)),
        None => fail().parse(input),
    }
}

/// LF or CR LF.
#[inline(always)]
fn end_of_line(input: &[u8]) -> IResult<&[u8], ()> {
    match input {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Ok((rest, ())),
        _ => fail().parse(input),
    }
}

/// Whether the columns hold no line end and no other control character.
pub fn is_one_line(columns: &[u8; RECORD_WIDTH]) -> bool {
    // Without an early exit, so that it becomes a few vector instructions.
    columns.iter().fold(0, |below, byte| below | b' '.saturating_sub(*byte)) == 0
}

/// 80 bytes, after any line ends before them; a record that a line end cuts short ends there.
fn fixed(window: &[u8], last: bool) -> Next<'_> {
    let skipped: IResult<&[u8], &[u8]> = take_while(is_line_end).parse(window);
    let Ok((rest, ends)) = skipped else { return Next::End };
    let full: IResult<&[u8], &[u8]> = alt((
        verify(take(RECORD_WIDTH), |bytes: &[u8]| memchr2(b'\r', b'\n', bytes).is_none()),
        short_record,
    ))
    .parse(rest);
    match full {
        Ok((_, [])) if last => Next::End,
        Ok((_, bytes)) => {
            let ended = bytes.len() == RECORD_WIDTH || bytes.len() < rest.len();
            if !ended && !last {
                return Next::More;
            }
            let length = ends.len() + bytes.len();
            let (bytes, padded) = without_padding(bytes);
            Next::Record(Framed { bytes, length, padded, open: !ended })
        }
        Err(_) if last => Next::End,
        Err(_) => Next::More,
    }
}

/// What stands before the next line end, or the end of the input.
fn short_record(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (rest, bytes) = take_while(|byte| !is_line_end(byte)).parse(input)?;
    alt((line_ending, tag(&b"\r"[..]), eof)).parse(rest)?;
    Ok((rest, bytes))
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn without_padding(bytes: &[u8]) -> (&[u8], bool) {
    let mut rest = bytes;
    while let [before @ .., 0 | 0x1a] = rest {
        rest = before;
    }
    (rest, rest.len() < bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<(usize, bool)> {
        let window = text.as_bytes();
        let framing = Framing::detect(window, true).expect("the whole file is there");
        let (mut at, mut lengths) = (0, Vec::new());
        while let Next::Record(framed) = framing.next(&window[at..], true) {
            assert!(framed.length > 0);
            at += framed.length;
            lengths.push((framed.bytes.len(), framed.open));
        }
        assert!(window[at..].iter().all(|byte| is_line_end(*byte)), "{text:?}");
        lengths
    }

    #[test]
    fn line_ends_of_every_kind() {
        let one = format!("{:80}", "SO103701");
        let two = format!("{:80}", "SO600702");
        for end in ["\r\n", "\n", "\r"] {
            assert_eq!(records(&format!("{one}{end}{two}{end}")), [(80, false), (80, false)], "{end:?}");
            assert_eq!(records(&format!("SO10{end}SO60")), [(4, false), (4, true)], "{end:?}");
        }
        assert_eq!(records(&format!("{one}{two}")), [(80, false), (80, false)]);
        assert_eq!(records(&format!("{one}{two}SO50")), [(80, false), (80, false), (4, true)]);
        assert_eq!(records(&format!("{one}{two}SO50\r\n")), [(80, false), (80, false), (4, false)]);
        assert_eq!(records(&format!("{one} TEXT\n{two}\n")), [(85, false), (80, false)]);
        assert_eq!(records(&format!("{one}\n\n{two}")), [(80, false), (0, false), (80, true)]);
        assert_eq!(records("SO10\0\0\x1a"), [(4, true)]);
        assert_eq!(records(""), []);
    }

    #[test]
    fn a_line_end_is_awaited_for_64_kib_and_no_longer() {
        let long = "A".repeat(LINE_BYTES_MAX);
        assert_eq!(Framing::detect(&long.as_bytes()[1..], false), None);
        assert_eq!(Framing::detect(long.as_bytes(), false), Some(Framing::Fixed));
        let lines = Framing::Lines(b'\n');
        assert!(matches!(lines.next(b"SO10", false), Next::More));
        let Next::Record(framed) = lines.next(long.as_bytes(), false) else { panic!("cut") };
        assert_eq!(framed.length, LINE_BYTES_MAX);
    }
}
