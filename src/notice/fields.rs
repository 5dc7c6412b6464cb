//! The named values of a notice, packed into one string.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// Field names and values in the order of the record, without blanks and fillers.
///
/// Packed as `name TAB value LF` in one allocation, because an entry keeps hundreds of them. Tabs and line ends
/// inside a value become spaces; no field of the formats may hold them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(String);

impl Fields {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value read from a file. ABI and X12 bytes above 127 are taken as UTF-8 when they are, else as Latin-1.
    pub fn push_bytes(&mut self, name: &str, value: &[u8]) {
        self.0.push_str(name);
        self.0.push('\t');
        match std::str::from_utf8(value) {
            Ok(text) => text.chars().for_each(|c| self.push_char(c)),
            Err(_) => value.iter().for_each(|&byte| self.push_char(byte as char)),
        }
        self.0.push('\n');
    }

    pub fn push(&mut self, name: &str, value: &str) {
        self.push_bytes(name, value.as_bytes());
    }

    fn push_char(&mut self, c: char) {
        self.0.push(if c.is_control() { ' ' } else { c });
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once('\t'))
    }

    /// The first value with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a JSON object for people and scripts; a name that occurs again gets a number, `remark`, `remark_2`.
    pub fn as_map(&self) -> FieldsAsMap<'_> {
        FieldsAsMap(self)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Serialises [`Fields`] as an object.
pub struct FieldsAsMap<'a>(&'a Fields);

impl Serialize for FieldsAsMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter() {
            let times = seen.entry(name).or_default();
            *times += 1;
            match *times {
                1 => map.serialize_entry(name, value)?,
                n => map.serialize_entry(&format!("{name}_{n}"), value)?,
            }
        }
        map.end()
    }
}
