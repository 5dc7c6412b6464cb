//! The ISA header: the separators of its interchange, and whether it stands as it should.

use nom::bytes::complete::{tag, take, take_till};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// ISA with its terminator is 106 bytes.
pub const ISA_LEN: usize = 106;

/// How many bytes are looked at for a header that is not 106 bytes long, line ends of a wrapped file included.
pub const ISA_BYTES_MAX: usize = 256;

/// The widths of ISA01 to ISA16.
const WIDTHS: [usize; 16] = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1];

/// The bytes that separate, as one interchange declares them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delimiters {
    pub element: u8,
    pub component: u8,
    /// From control version 00402 on, and only when ISA11 is not a letter, digit or blank.
    pub repetition: Option<u8>,
    pub segment: u8,
}

impl Delimiters {
    /// True when a byte that is passed over between segments ends elements or segments.
    #[inline(always)]
    pub(super) fn has_blank(self) -> bool {
        // Outside an interchange more bytes are passed over, but what follows there is looked for anew.
        let is_blank = |byte| matches!(byte, b'\n' | b'\r' | b'\t' | b' ');
        is_blank(self.element) || is_blank(self.segment)
    }

    /// True when an element holds components or repetitions.
    pub(super) fn is_joined(self, element: &[u8]) -> bool {
        element.iter().any(|&byte| byte == self.component || Some(byte) == self.repetition)
    }

    /// The repetitions of an element; itself where none can be.
    pub(super) fn repetitions(self, element: &[u8]) -> impl Iterator<Item = &[u8]> {
        element.split(move |&byte| Some(byte) == self.repetition)
    }
}

/// An ISA header that could be taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Isa<'a> {
    /// ISA01 to ISA16.
    pub elements: [&'a [u8]; 16],
    pub delimiters: Delimiters,
    /// With the terminator.
    pub len: usize,
}

/// What stands where an ISA begins.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "one stands on the stack for each interchange")]
pub enum Header<'a> {
    Isa(Isa<'a>),
    /// The file is cut into records with line ends inside segments, and so inside this header.
    Wrapped,
    /// Not an ISA that anybody could read.
    Broken,
    /// Too few bytes to tell.
    More,
}

impl<'a> Isa<'a> {
    /// ISA`n`, from 1.
    pub fn element(&self, n: usize) -> &'a [u8] {
        self.elements[n - 1]
    }

    /// The byte offset of ISA`n` from the start of the header.
    pub fn offset(&self, n: usize) -> usize {
        4 + self.elements[..n - 1].iter().map(|element| element.len() + 1).sum::<usize>()
    }

    pub fn is_fixed(&self) -> bool {
        self.elements.iter().zip(WIDTHS).all(|(element, width)| element.len() == width)
    }
}

/// Reads the header at the start of `input`, which begins with `ISA`. `complete` when nothing will follow.
pub fn header(input: &[u8], complete: bool) -> Header<'_> {
    let head = &input[..input.len().min(ISA_BYTES_MAX)];
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let unbroken = head.iter().take(ISA_LEN - 1).all(|byte| !is_break(byte));
    if unbroken && let Ok((_, isa)) = fixed(head) {
        return Header::Isa(isa);
    }
    if !complete && head.len() < ISA_BYTES_MAX {
        return Header::More;
    }
    let mut joined = [0u8; ISA_LEN];
    let mut len = 0;
    for byte in head.iter().filter(|byte| !is_break(byte)).take(ISA_LEN) {
        joined[len] = *byte;
        len += 1;
    }
    if !unbroken && fixed(&joined[..len]).is_ok() {
        return Header::Wrapped;
    }
    match loose(head) {
        Ok((_, isa)) if !isa.elements.iter().any(|element| element.iter().any(is_break)) => Header::Isa(isa),
        _ => Header::Broken,
    }
}

/// ISA as the standard has it: every element at its width, so that the separators stand at known bytes.
fn fixed(input: &[u8]) -> IResult<&[u8], Isa<'_>> {
    let (mut rest, separator) = preceded(tag("ISA"), peek_byte).parse(input)?;
    let mut elements: [&[u8]; 16] = [&[]; 16];
    for (element, width) in elements.iter_mut().zip(WIDTHS) {
        (rest, *element) = preceded(tag(separator), take(width)).parse(rest)?;
    }
    terminated(input, rest, separator, elements)
}

/// ISA with elements of other widths: the first sixteen separators divide it.
fn loose(input: &[u8]) -> IResult<&[u8], Isa<'_>> {
    let (mut rest, separator) = preceded(tag("ISA"), peek_byte).parse(input)?;
    let mut elements: [&[u8]; 16] = [&[]; 16];
    for element in &mut elements[..15] {
        (rest, *element) =
            preceded(tag(separator), take_till(|byte| separator.contains(&byte))).parse(rest)?;
    }
    (rest, elements[15]) = preceded(tag(separator), take(1usize)).parse(rest)?;
    terminated(input, rest, separator, elements)
}

fn peek_byte(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (_, byte) = take(1usize).parse(input)?;
    Ok((input, byte))
}

fn terminated<'i>(
    input: &'i [u8],
    rest: &'i [u8],
    separator: &[u8],
    elements: [&'i [u8]; 16],
) -> IResult<&'i [u8], Isa<'i>> {
    let (rest, terminator) = take(1usize).parse(rest)?;
    let first = |bytes: &[u8]| bytes.first().copied().unwrap_or_default();
    let delimiters = Delimiters {
        element: first(separator),
        component: first(elements[15]),
        repetition: repetition(elements[10], elements[11]),
        segment: first(terminator),
    };
    Ok((rest, Isa { elements, delimiters, len: input.len() - rest.len() }))
}

/// ISA11 is `U` up to control version 00401 and the repetition separator after it; some senders raise the version
/// and leave the letter.
fn repetition(isa11: &[u8], isa12: &[u8]) -> Option<u8> {
    match *isa11 {
        [byte] if isa12 >= b"00402".as_slice() && separates(byte) => Some(byte),
        _ => None,
    }
}

/// True for a byte that may separate: no letter, digit or blank, and one byte in every encoding.
pub fn separates(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b' '
}

impl Delimiters {
    /// What is wrong with them: the TA1 note code and a sentence, for each fault.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, String)> {
        let Self { element, component, segment, .. } = *self;
        let line_end = |byte| matches!(byte, b'\r' | b'\n');
        let shown = |byte: u8| byte.escape_ascii().to_string();
        let element_fault = (!separates(element) || line_end(element))
            .then(|| ("TA1 026", format!("the element separator `{}` cannot separate", shown(element))));
        let component_fault = if component == element {
            Some((
                "TA1 027",
                format!("the component separator is the element separator, `{}`", shown(element)),
            ))
        } else if !separates(component) || line_end(component) {
            Some(("TA1 027", format!("the component separator `{}` cannot separate", shown(component))))
        } else {
            None
        };
        let segment_fault = if segment == element || segment == component {
            Some((
                "TA1 004",
                format!("the segment terminator `{}` is another separator, too", shown(segment)),
            ))
        } else if !separates(segment) {
            Some(("TA1 004", format!("the segment terminator `{}` cannot end a segment", shown(segment))))
        } else {
            None
        };
        [element_fault, component_fault, segment_fault].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISA: &str = "ISA*00*          *00*          *ZZ*BROKERONE      *ZZ*IMPORTERCO     *260302*0915*U*00401*\
                       000000101*0*P*>~";

    fn read(text: &str) -> Option<Isa<'_>> {
        match header(text.as_bytes(), true) {
            Header::Isa(isa) => Some(isa),
            _ => None,
        }
    }

    #[test]
    fn separators_stand_at_known_bytes() {
        let isa = read(ISA).expect("a good header");
        assert!(isa.is_fixed());
        assert_eq!(isa.len, ISA_LEN);
        let Delimiters { element, component, repetition, segment } = isa.delimiters;
        assert_eq!((element, component, repetition, segment), (b'*', b'>', None, b'~'));
        assert_eq!(isa.element(6), b"BROKERONE      ");
        assert_eq!(isa.offset(13), 90);
        let nak = ISA.replace('~', "\u{15}");
        assert_eq!(read(&nak).map(|isa| isa.delimiters.segment), Some(0x15));
        let lf = ISA.replace('~', "\n");
        assert_eq!(read(&lf).map(|isa| isa.delimiters.segment), Some(b'\n'));
    }

    #[test]
    fn the_repetition_separator_depends_on_the_version() {
        for (isa11, isa12, wanted) in [
            ("U", "00401", None),
            ("^", "00401", None),
            ("^", "00402", Some(b'^')),
            ("U", "00501", None),
            (" ", "00501", None),
        ] {
            let text = ISA.replace("*U*00401*", &format!("*{isa11}*{isa12}*"));
            assert_eq!(read(&text).map(|isa| isa.delimiters.repetition), Some(wanted), "{isa11} {isa12}");
        }
    }

    #[test]
    fn headers_that_are_not_106_bytes_are_told_apart() {
        let short = ISA.replace("BROKERONE      ", "BROKERONE") + "\nGS*SO*";
        let isa = read(&short).expect("sixteen separators");
        assert!(!isa.is_fixed());
        assert_eq!((isa.len, isa.delimiters.segment), (100, b'~'));
        let wrapped = format!("{}\r\n{}", &ISA[..80], &ISA[80..]);
        assert!(matches!(header(wrapped.as_bytes(), true), Header::Wrapped));
        assert!(matches!(header(b"ISA*00*~GS*", true), Header::Broken));
        assert!(matches!(header(b"ISA", true), Header::Broken));
        assert!(matches!(header(&ISA.as_bytes()[..105], false), Header::More));
        assert!(matches!(header(b"ISA*00*~\nGS*", false), Header::More));
    }

    #[test]
    fn bytes_that_cannot_separate_are_refused() {
        let codes = |element, component, segment| {
            let delimiters = Delimiters { element, component, segment, repetition: None };
            delimiters.faults().map(|(code, _)| code).collect::<Vec<_>>()
        };
        assert_eq!(codes(b'*', b'>', b'~'), Vec::<&str>::new());
        assert_eq!(codes(b'*', b'>', b'\n'), Vec::<&str>::new());
        assert_eq!(codes(b'*', b'*', b'~'), ["TA1 027"]);
        assert_eq!(codes(b'*', b' ', b'~'), ["TA1 027"]);
        assert_eq!(codes(b'*', b'>', b'A'), ["TA1 004"]);
        assert_eq!(codes(b'*', b'>', b'>'), ["TA1 004"]);
        assert_eq!(codes(b'*', b'>', 0xE2), ["TA1 004"]);
        assert_eq!(codes(b'0', b'>', b'~'), ["TA1 026"]);
    }
}
