//! One JSON object with its values as they are written: texts without escapes, numbers as their digits.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::csv::wide_length;
use crate::place::Place;

/// Objects and lists inside one another beyond this are kept as text.
const DEPTH_MAX: usize = 8;

/// Members of one object, items of one list.
const MEMBERS_MAX: usize = 1_000;
const ITEMS_MAX: usize = 100_000;

/// One object of a file.
#[derive(Debug)]
pub struct Document<'a> {
    pub bytes: &'a [u8],
    /// Where it begins.
    pub place: Place,
    pub members: Vec<Member<'a>>,
    /// The file has its text in units of two bytes, and `bytes` are not those of the file.
    is_wide: bool,
}

/// A name, its value, and where the value begins: see [`Document::place_of`].
#[derive(Debug)]
pub struct Member<'a> {
    pub name: Cow<'a, str>,
    pub value: Value<'a>,
    /// From the start of the object.
    offset: usize,
}

#[derive(Debug)]
pub enum Value<'a> {
    Null,
    Flag(bool),
    /// As its digits stand, so that no amount passes through a binary fraction.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// Why an object could not be read.
#[derive(Debug)]
pub struct Fault {
    pub message: String,
    line: usize,
    column: usize,
}

impl Fault {
    /// In the file, when the object begins at `start`; the line counts from the object.
    pub(super) fn place(&self, bytes: &[u8], start: Place) -> Place {
        let before: usize =
            bytes.split_inclusive(|&byte| byte == b'\n').take(self.line - 1).map(<[u8]>::len).sum();
        let offset = before + self.column.saturating_sub(1);
        let column = u32::try_from(self.column).ok().filter(|column| *column > 0);
        Place { offset: start.offset + offset as u64, line: self.line as u64, column }
    }
}

impl<'a> Document<'a> {
    /// # Errors
    /// Text that is no JSON object.
    pub(super) fn parse(bytes: &'a [u8], place: Place) -> Result<Self, Fault> {
        let reader = Reader { bytes };
        let fault = |error: &serde_json::Error| Fault {
            message: format!("this is no JSON: {error}"),
            line: error.line().max(1),
            column: error.column(),
        };
        let raw: Object<'a> = serde_json::from_slice(bytes).map_err(|error| fault(&error))?;
        let members = reader.members(raw, 0).map_err(|error| fault(&error))?;
        Ok(Self { bytes, place, members, is_wide: false })
    }

    /// The row of a table as an object, with the place of each cell from the start of the row.
    pub(in crate::decode) fn of_row(
        bytes: &'a [u8],
        place: Place,
        members: Vec<(&'a str, Value<'a>, usize)>,
    ) -> Self {
        let member =
            |(name, value, offset): (&'a str, Value<'a>, usize)| Member { name: name.into(), value, offset };
        Self { bytes, place, members: members.into_iter().map(member).collect(), is_wide: false }
    }

    /// The same for a row that stands in UTF-16 in its file.
    pub(in crate::decode) fn in_units(self, is_wide: bool) -> Self {
        Self { is_wide, ..self }
    }

    /// What the document says it is; when it does not say, what its members tell.
    pub fn name(&self) -> Option<&str> {
        let has = |name: &str| self.get(name).is_some();
        match self.get("kind").map(|member| &member.value) {
            Some(Value::Text(kind)) => Some(kind),
            _ if has("form") => Some("form"),
            _ if has("fact") => Some("recorded"),
            _ if has("lines") => Some("approved_entry"),
            _ => Some("unknown"),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Member<'a>> {
        find(&self.members, name)
    }

    /// Where a member's value begins in the file.
    pub fn place_of(&self, member: &Member<'_>) -> Place {
        self.place_at(member.offset)
    }

    /// The place of a byte, counted from the start of the object.
    pub(in crate::decode) fn place_at(&self, offset: usize) -> Place {
        let before = self.bytes.get(..offset).unwrap_or_default();
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let column = u32::try_from(offset - line_start + 1).ok();
        // The first line may begin in front of the object.
        let begins_line = self.place.offset == 0 || self.place.column == Some(1);
        Place {
            offset: self.place.offset + if self.is_wide { wide_length(before) } else { offset } as u64,
            line: self.place.line + memchr::memchr_iter(b'\n', before).count() as u64,
            column: column.filter(|_| line_start > 0 || begins_line),
        }
    }

    /// Feeds what the document says to `hash`, in the order of the names: blanks, order and escapes do not count, nor do
    /// the members of `apart`, which say who told it.
    pub fn own_bytes(&self, hash: &mut dyn FnMut(&[u8])) {
        own_members(&self.members, hash, &|name| APART.contains(&name));
    }
}

/// Members that say who told a fact and how, and nothing of the fact.
pub const APART: [&str; 4] = ["author", "source", "remark", "recorded_at"];

/// The first member with this name.
pub fn find<'m, 'a>(members: &'m [Member<'a>], name: &str) -> Option<&'m Member<'a>> {
    members.iter().find(|member| member.name == name)
}

fn own_members(members: &[Member<'_>], hash: &mut dyn FnMut(&[u8]), is_apart: &dyn Fn(&str) -> bool) {
    let mut sorted: Vec<&Member<'_>> = members.iter().filter(|member| !is_apart(&member.name)).collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    for member in sorted {
        hash(member.name.as_bytes());
        hash(b"\0");
        own_value(&member.value, hash);
    }
    hash(b"}");
}

fn own_value(value: &Value<'_>, hash: &mut dyn FnMut(&[u8])) {
    match value {
        Value::Null => hash(b"n"),
        Value::Flag(flag) => hash(if *flag { b"t" } else { b"f" }),
        Value::Number(text) => hash(text.as_bytes()),
        Value::Text(text) => hash(text.as_bytes()),
        Value::List(items) => items.iter().for_each(|item| own_value(item, hash)),
        Value::Object(members) => own_members(members, hash, &|_| false),
    }
    hash(b"\0");
}

impl Value<'_> {
    /// A text, a number or a flag as it would stand in a field; `None` for nothing, lists and objects.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(text) => Some(text),
            Self::Flag(true) => Some("yes"),
            Self::Flag(false) => Some("no"),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// The members of an object whose values are not yet read.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A text that is borrowed where it can be.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    if members.len() == MEMBERS_MAX {
                        let message = format!("more than {MEMBERS_MAX} members in one object");
                        return Err(serde::de::Error::custom(message));
                    }
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Knows where raw values stand.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn members(&self, object: Object<'a>, depth: usize) -> serde_json::Result<Vec<Member<'a>>> {
        let read = |(name, raw): (Cow<'a, str>, &'a RawValue)| {
            // A raw value lies inside the object's own bytes.
            let offset = (raw.get().as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize);
            let offset = offset.min(self.bytes.len());
            Ok(Member { name, value: self.value(raw, depth + 1)?, offset })
        };
        object.0.into_iter().map(read).collect()
    }

    fn value(&self, raw: &'a RawValue, depth: usize) -> serde_json::Result<Value<'a>> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Value::Null,
            Some(b't') => Value::Flag(true),
            Some(b'f') => Value::Flag(false),
            Some(b'"') => Value::Text(serde_json::from_str::<Text<'a>>(text)?.0),
            Some(b'[' | b'{') if depth >= DEPTH_MAX => Value::Text(Cow::Borrowed(text)),
            Some(b'[') => {
                let items: Vec<&'a RawValue> = serde_json::from_str(text)?;
                let items = items.into_iter().take(ITEMS_MAX);
                Value::List(items.map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'{') => Value::Object(self.members(serde_json::from_str(text)?, depth)?),
            _ => Value::Number(text),
        })
    }
}
