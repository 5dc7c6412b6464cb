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
    len: u8,
}

impl Token {
    pub const CAPACITY: usize = 15;

    /// Takes the first [`Self::CAPACITY`] bytes of the trimmed text.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref().trim_ascii();
        let len = text.len().min(Self::CAPACITY);
        let mut bytes = [0; Self::CAPACITY];
        for (slot, &byte) in bytes.iter_mut().zip(&text[..len]) {
            *slot = if byte.is_ascii_graphic() || byte == b' ' { byte } else { b'?' };
        }
        Self { bytes, len: len as u8 }
    }

    /// The same, or `None` when the text is blank.
    pub fn some(text: impl AsRef<[u8]>) -> Option<Self> {
        let token = Self::new(text);
        (token.len > 0).then_some(token)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a token is ASCII by construction")
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
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
