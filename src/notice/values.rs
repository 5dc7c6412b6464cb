//! The named values of a notice while it is handed over: slices of the message, and what was written out beside it.

use std::fmt;
use std::ops::Deref;

use arrayvec::ArrayVec;

/// A value that is written out when it is asked for has at most so many bytes: a sign, twenty digits, a point.
pub const VALUE_BYTES_MAX: usize = 24;

/// Names and values in the order of the record, without blanks and fillers.
///
/// A value that does not stand in the message as it is, a date or an amount, is in one of two places. Written out
/// already, it stands in one text with the others of its kind, and the list has an empty value for it. Not yet written
/// out, the list has it as it was sent, and `unwritten` says how to write it: most notices are never looked at again, so
/// that families with a busy feed leave it to the reader.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    list: &'a [(&'a str, &'a [u8])],
    written: Written<'a>,
    unwritten: &'a [Unwritten],
}

/// Pieces of one text, in the order in which they stand in a list.
#[derive(Clone, Copy, Default)]
pub struct Written<'a> {
    pub text: &'a [u8],
    /// Where each piece ends.
    pub ends: &'a [u32],
}

/// How a value of the message is written for people and rules; `None` when it says nothing, as a date of zeros.
pub type Write = for<'v> fn(&'v [u8]) -> Option<Value<'v>>;

/// A value that is still as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Unwritten {
    /// Which value of the list.
    pub at: u16,
    pub write: Write,
}

/// A value as people and rules read it.
#[derive(Clone)]
pub enum Value<'a> {
    /// A slice of the message, or of what was written beside it.
    Sent(&'a [u8]),
    /// Made when it was asked for.
    Made(ArrayVec<u8, VALUE_BYTES_MAX>),
}

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Sent(bytes) => bytes,
            Self::Made(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<'a> Values<'a> {
    /// The empty values of `list` stand in `written`, one behind the other; `unwritten` in the order of the list.
    #[inline]
    pub fn new(list: &'a [(&'a str, &'a [u8])], written: Written<'a>, unwritten: &'a [Unwritten]) -> Self {
        Self { list, written, unwritten }
    }

    /// How many there are at most.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let Self { list, mut written, mut unwritten } = *self;
        let mut start = 0;
        list.iter().enumerate().filter_map(move |(at, &(name, value))| {
            if let Some((&Unwritten { at: own, write }, more)) = unwritten.split_first()
                && usize::from(own) == at
            {
                unwritten = more;
                return write(value).map(|value| (name, value));
            }
            match written.ends.split_first() {
                Some((&end, more)) if value.is_empty() => {
                    let piece = written.text.get(start..end as usize).unwrap_or_default();
                    (start, written.ends) = (end as usize, more);
                    Some((name, Value::Sent(piece)))
                }
                _ => Some((name, Value::Sent(value))),
            }
        })
    }

    /// The first value with this name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl<'a> From<&'a [(&'a str, &'a [u8])]> for Values<'a> {
    #[inline]
    fn from(list: &'a [(&'a str, &'a [u8])]) -> Self {
        Self { list, ..Self::default() }
    }
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(values: &Values<'a>) -> Vec<(&'a str, Vec<u8>)> {
        values.iter().map(|(name, value)| (name, value.to_vec())).collect()
    }

    #[test]
    fn what_was_written_stands_where_it_belongs() {
        let list: [(&str, &[u8]); 4] = [("date", b""), ("code", b"1H"), ("duty", b""), ("none", b"")];
        let values = Values::new(&list, Written { text: b"2026-03-0175.43", ends: &[10, 15] }, &[]);
        let wanted: [(&str, &[u8]); 4] =
            [("date", b"2026-03-01"), ("code", b"1H"), ("duty", b"75.43"), ("none", b"")];
        assert_eq!(read(&values), wanted.map(|(name, value)| (name, value.to_vec())));
        assert_eq!(
            (values.len(), values.get("duty").as_deref(), values.get("fees").as_deref()),
            (4, Some(&b"75.43"[..]), None)
        );
        assert_eq!(format!("{values:?}"), format!("{wanted:?}"));
    }

    #[test]
    fn what_is_not_written_yet_is_written_when_it_is_read() {
        fn backwards(sent: &[u8]) -> Option<Value<'_>> {
            let made = sent.iter().rev().copied().collect();
            (sent != b"00").then_some(Value::Made(made))
        }
        let list: [(&str, &[u8]); 4] = [("code", b"1H"), ("date", b"321"), ("zeros", b"00"), ("duty", b"")];
        let unwritten = [1, 2].map(|at| Unwritten { at, write: backwards });
        let values = Values::new(&list, Written { text: b"75.43", ends: &[5] }, &unwritten);
        let wanted: [(&str, &[u8]); 3] = [("code", b"1H"), ("date", b"123"), ("duty", b"75.43")];
        assert_eq!(read(&values), wanted.map(|(name, value)| (name, value.to_vec())));
    }
}
