//! A short code, kept in place: no allocation, no lifetime.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Up to [`Token::CAPACITY`] bytes of a code, an agency or another short name, as CBP sent it, trimmed.
///
/// An open newtype: codes that we do not know are carried, never refused. Bytes above 127 and control characters
/// are shown as `?`, so that a token is always printable ASCII; the raw record keeps the original.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    bytes: [u8; Token::CAPACITY],
    len: Len,
}

/// How many bytes are used. An enum, because the numbers that it does not have leave room for "no token": an optional
/// token is as large as a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[rustfmt::skip]
enum Len { L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15 }

impl Len {
    #[rustfmt::skip]
    const ALL: [Self; 16] = [
        Self::L0, Self::L1, Self::L2, Self::L3, Self::L4, Self::L5, Self::L6, Self::L7,
        Self::L8, Self::L9, Self::L10, Self::L11, Self::L12, Self::L13, Self::L14, Self::L15,
    ];

    #[inline]
    fn of(len: usize) -> Self {
        Self::ALL[len & 15]
    }
}

impl Token {
    pub const CAPACITY: usize = 15;

    /// Takes the first [`Self::CAPACITY`] bytes of the trimmed text.
    #[inline]
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        match Self::short(text) {
            Some(token) => token,
            None => Self::long(text),
        }
    }

    /// A text of one to eight printable characters without blanks around it, as nearly every code is: in one word, so
    /// that it is not put together byte by byte in memory.
    #[inline]
    fn short(text: &[u8]) -> Option<Self> {
        const SIGNS: u64 = 0x8080_8080_8080_8080;
        let len = text.len();
        let word = match *text {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
            _ if len <= 8 => {
                // The two halves overlap where there are less than eight.
                let (first, last) = (text.first_chunk()?, text.last_chunk()?);
                u64::from(u32::from_le_bytes(*first))
                    | u64::from(u32::from_le_bytes(*last)) << (8 * (len - 4))
            }
            _ => return None,
        };
        let unused = u64::MAX.checked_shl(8 * len as u32).unwrap_or(0);
        // 0x21 to 0x7e: adding 0x5f sets the sign, adding 1 does not. Blanks are left to the slow way.
        let is_plain = word & SIGNS == 0
            && (word + 0x5f5f_5f5f_5f5f_5f5f) | unused | !SIGNS == u64::MAX
            && (word + 0x0101_0101_0101_0101) & SIGNS & !unused == 0;
        let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
        let bytes = [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0];
        is_plain.then_some(Self { bytes, len: Len::of(len) })
    }

    fn long(text: &[u8]) -> Self {
        let text = match text {
            [first, .., last] if *first > b' ' && *last > b' ' => text,
            _ => text.trim_ascii(),
        };
        let text = &text[..text.len().min(Self::CAPACITY)];
        Self::of_packed(packed(text), text.len()).unwrap_or_else(|| Self::shown(&[text]))
    }

    /// A token of `len` bytes, the first one lowest; `None` when some of them are not printable.
    #[inline]
    fn of_packed(bytes: u128, len: usize) -> Option<Self> {
        let halves = [bytes as u64, (bytes >> 64) as u64];
        // Behind the text blanks, so that all sixteen bytes can be looked at alike.
        let blanks = BLANKS[len.min(Self::CAPACITY)];
        if halves.iter().zip(blanks).fold(0, |found, (half, blanks)| found | unprintable(half | blanks)) != 0
        {
            return None;
        }
        let [text @ .., _] = bytes.to_le_bytes();
        Some(Self { bytes: text, len: Len::of(len) })
    }

    /// The texts one behind the other, with `?` for what cannot be shown.
    #[cold]
    fn shown(texts: &[&[u8]]) -> Self {
        let mut token = Self { bytes: [0; Self::CAPACITY], len: Len::L0 };
        texts.iter().for_each(|text| token.append(text));
        token
    }

    /// Takes as much of the text as there is room for, blanks included.
    fn append(&mut self, text: &[u8]) {
        let used = self.len as usize;
        let room = &mut self.bytes[used..];
        let len = text.len().min(room.len());
        for (slot, &byte) in room.iter_mut().zip(text) {
            *slot = if matches!(byte, b' '..=b'~') { byte } else { b'?' };
        }
        self.len = Len::of(used + len);
    }

    /// The same, or `None` when the text is blank.
    pub fn some(text: impl AsRef<[u8]>) -> Option<Self> {
        let token = Self::new(text);
        (token.len != Len::L0).then_some(token)
    }

    /// Two texts without blanks around them, one behind the other.
    pub fn joined(first: &[u8], second: &[u8]) -> Option<Self> {
        let len = first.len() + second.len();
        if len > Self::CAPACITY {
            // What is cut may end in blanks.
            return Self::some(first.iter().chain(second).copied().take(Self::CAPACITY).collect::<Vec<u8>>());
        }
        let both = packed(first) | packed(second) << (8 * first.len());
        let token = Self::of_packed(both, len).unwrap_or_else(|| Self::shown(&[first, second]));
        (len > 0).then_some(token)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a token is ASCII by construction")
    }

    pub fn is_empty(&self) -> bool {
        self.len == Len::L0
    }
}

/// Blanks behind so many bytes.
const BLANKS: [[u64; 2]; Token::CAPACITY + 1] = {
    let mut blanks = [[0; 2]; Token::CAPACITY + 1];
    let mut len = 0;
    while len < blanks.len() {
        let behind = (u128::from_le_bytes([b' '; 16])) << (8 * len);
        blanks[len] = [behind as u64, (behind >> 64) as u64];
        len += 1;
    }
    blanks
};

/// Not zero when one of eight bytes is not printable. A byte is when its high bit is not set, nor set by adding one,
/// but set by adding what makes 128 of a blank.
#[inline(always)]
fn unprintable(bytes: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let outside = bytes | bytes.wrapping_add(ONES) | !bytes.wrapping_add(ONES * 0x60);
    outside & (ONES * 0x80)
}

/// Up to sixteen bytes in one number, the first one lowest: the first ones and the last ones, which may overlap.
#[inline(always)]
fn packed(text: &[u8]) -> u128 {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            u128::from(u64::from_le_bytes(*first))
                | u128::from(u64::from_le_bytes(*last)) << (8 * (text.len() - 8))
        }
        _ => packed_few(text).into(),
    }
}

/// The same for less than eight bytes.
#[inline(always)]
fn packed_few(text: &[u8]) -> u64 {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            let [first, last] = [*first, *last].map(|four| u64::from(u32::from_le_bytes(four)));
            first | last << (8 * (text.len() - 4))
        }
        _ => match *text {
            [] => 0,
            [a] => a.into(),
            [a, b] => u16::from_le_bytes([a, b]).into(),
            [a, b, c, ..] => u32::from_le_bytes([a, b, c, 0]).into(),
        },
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Token {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Token {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(<std::borrow::Cow<'de, str>>::deserialize(deserializer)?.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_what_was_written() {
        for (text, wanted) in [
            ("", ""),
            ("A", "A"),
            (" 1H ", "1H"),
            ("ABC", "ABC"),
            ("QXLU", "QXLU"),
            ("QXLU1", "QXLU1"),
            ("QXLU123", "QXLU123"),
            ("QXLU1234", "QXLU1234"),
            ("QXLU1234567", "QXLU1234567"),
            ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO"),
            ("ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNO"),
            ("A B\u{7f}~", "A B?~"),
            ("caf\u{e9}", "caf??"),
            ("A\x1fB", "A?B"),
        ] {
            assert_eq!(Token::new(text).as_str(), wanted, "{text:?}");
            for at in (0..=text.trim().len()).filter(|at| text.trim().is_char_boundary(*at)) {
                let (first, second) = text.trim().as_bytes().split_at(at);
                let joined = Token::joined(first, second);
                assert_eq!(
                    joined.map_or("", |_| wanted),
                    joined.as_ref().map_or("", Token::as_str),
                    "{text:?}"
                );
                assert_eq!(joined.is_some(), !wanted.is_empty(), "{text:?}");
            }
        }
    }
}
