//! The named values of a notice while it is handed over: slices of the message, and what was written out beside it.

use std::fmt;

/// Names and values in the order of the record, without blanks and fillers.
///
/// A value that does not stand in the message as it is, a date or an amount written out, stands in one text with the
/// others of its kind; the list has an empty value in its place.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    list: &'a [(&'a str, &'a [u8])],
    written: Written<'a>,
}

/// Pieces of one text, in the order in which they stand in a list.
#[derive(Clone, Copy, Default)]
pub struct Written<'a> {
    pub text: &'a [u8],
    /// Where each piece ends.
    pub ends: &'a [u32],
}

impl<'a> Values<'a> {
    /// The empty values of `list` stand in `written`, one behind the other.
    #[inline]
    pub fn new(list: &'a [(&'a str, &'a [u8])], written: Written<'a>) -> Self {
        Self { list, written }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let Self { list, mut written } = *self;
        let mut start = 0;
        list.iter().map(move |&(name, value)| match written.ends.split_first() {
            Some((&end, more)) if value.is_empty() => {
                let piece = written.text.get(start..end as usize).unwrap_or_default();
                (start, written.ends) = (end as usize, more);
                (name, piece)
            }
            _ => (name, value),
        })
    }

    /// The first value with this name.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl<'a> From<&'a [(&'a str, &'a [u8])]> for Values<'a> {
    #[inline]
    fn from(list: &'a [(&'a str, &'a [u8])]) -> Self {
        Self { list, written: Written::default() }
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

    #[test]
    fn what_was_written_stands_where_it_belongs() {
        let list: [(&str, &[u8]); 4] = [("date", b""), ("code", b"1H"), ("duty", b""), ("none", b"")];
        let values = Values::new(&list, Written { text: b"2026-03-0175.43", ends: &[10, 15] });
        let wanted: [(&str, &[u8]); 4] =
            [("date", b"2026-03-01"), ("code", b"1H"), ("duty", b"75.43"), ("none", b"")];
        assert_eq!(values.iter().collect::<Vec<_>>(), wanted);
        assert_eq!((values.len(), values.get("duty"), values.get("fees")), (4, Some(&b"75.43"[..]), None));
        assert_eq!(format!("{values:?}"), format!("{wanted:?}"));
    }
}
