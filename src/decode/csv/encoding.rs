//! How the bytes of a table stand for text: UTF-8, UTF-16 as spreadsheets save "Unicode text", or Windows-1252.

use std::borrow::Cow;

/// What the first bytes tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    /// UTF-8, with or without its mark; a cell that is none is read as Windows-1252.
    Bytes,
    /// UTF-16, the low byte of each unit first.
    Little,
    Big,
}

/// Bytes of one unit of UTF-16.
const UNIT_BYTES: usize = 2;

impl Encoding {
    /// `None` when there are too few bytes to tell.
    pub fn of(start: &[u8], last: bool) -> Option<Self> {
        match start {
            [0xFF, 0xFE, ..] => Some(Self::Little),
            [0xFE, 0xFF, ..] => Some(Self::Big),
            [] | [_] if !last => None,
            _ => Some(Self::Bytes),
        }
    }

    /// The text in UTF-8. Halves of a pair that stand alone become U+FFFD; what the end of the window cuts is left out.
    pub fn text(self, window: &[u8], last: bool) -> Cow<'_, [u8]> {
        let read = match self {
            Self::Bytes => return Cow::Borrowed(window),
            Self::Little => u16::from_le_bytes,
            Self::Big => u16::from_be_bytes,
        };
        let mut units = window.chunks_exact(UNIT_BYTES).map(|unit| read([unit[0], unit[1]])).peekable();
        let mut text = String::with_capacity(window.len() / UNIT_BYTES);
        while let Some(unit) = units.next() {
            let is_high = (0xD800..0xDC00).contains(&unit);
            let next = units.peek().copied();
            if is_high && next.is_none() && !last {
                break;
            }
            match (is_high, next) {
                (true, Some(low)) if (0xDC00..0xE000).contains(&low) => {
                    units.next();
                    text.extend(char::decode_utf16([unit, low]).flatten());
                }
                _ => text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
            }
        }
        Cow::Owned(text.into_bytes())
    }

    /// How many bytes of the file the text takes.
    pub fn length(self, text: &[u8]) -> usize {
        if self == Self::Bytes { text.len() } else { wide_length(text) }
    }

    /// The end of the file cut a unit in two.
    pub fn is_torn(self, window: &[u8]) -> bool {
        self != Self::Bytes && !window.len().is_multiple_of(UNIT_BYTES)
    }
}

/// How many bytes text in UTF-8 takes in UTF-16: each character one unit, those of four bytes two.
pub fn wide_length(text: &[u8]) -> usize {
    let is_first = |byte: &&u8| **byte & 0xC0 != 0x80;
    let units = text.iter().filter(is_first).count() + text.iter().filter(|byte| **byte >= 0xF0).count();
    units * UNIT_BYTES
}

/// What Windows-1252 has at 0x80 to 0x9F; everything else is as in Latin-1. The five places that it leaves open stay controls.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// UTF-8 where it is, else Windows-1252, in which all bytes mean something.
pub(super) fn plain(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|&byte| windows(byte)).collect::<String>().into(),
    }
}

fn windows(byte: u8) -> char {
    let high = byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    high.copied().unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, order: Encoding) -> Vec<u8> {
        let bytes = |unit: u16| if order == Encoding::Big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn marks_tell_the_encoding() {
        for (start, last, wanted) in [
            (&b"\xFF\xFEe\0"[..], false, Some(Encoding::Little)),
            (b"\xFE\xFF\0e", false, Some(Encoding::Big)),
            (b"\xEF\xBB\xBFe", false, Some(Encoding::Bytes)),
            (b"\xFF", false, None),
            (b"", false, None),
            (b"e", true, Some(Encoding::Bytes)),
        ] {
            assert_eq!(Encoding::of(start, last), wanted, "{start:?}");
        }
    }

    #[test]
    fn wide_text_is_read_and_measured() {
        let text = "\u{feff}Caf\u{e9} \u{20ac} \u{1f6a2}\n";
        for order in [Encoding::Little, Encoding::Big] {
            let bytes = wide(text, order);
            assert_eq!(order.text(&bytes, true), text.as_bytes());
            assert_eq!(order.length(text.as_bytes()), bytes.len());
            // Cut behind each byte: what is there is the start of the text, and its length is known.
            for end in 0..bytes.len() {
                let start = order.text(&bytes[..end], false);
                assert!(text.as_bytes().starts_with(&start), "{end}");
                assert!(order.length(&start) <= end);
            }
            assert!(order.is_torn(&bytes[..3]) && !order.is_torn(&bytes));
        }
        let alone = [0x00, 0xD8, b'x', 0x00, 0x00, 0xDC];
        assert_eq!(Encoding::Little.text(&alone, true), "\u{fffd}x\u{fffd}".as_bytes());
        assert_eq!(Encoding::Little.length("\u{fffd}x\u{fffd}".as_bytes()), alone.len());
    }

    #[test]
    fn other_bytes_are_those_of_windows() {
        assert_eq!(plain(b"Caf\xE9 \x80 \x93x\x94"), "Café € “x”");
        assert_eq!(plain("Café €".as_bytes()), "Café €");
    }
}
