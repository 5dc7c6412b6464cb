//! The named values of a notice while it is made: no allocation for any notice of usual size.

/// What is kept in place. A disposition line with its port, conveyance, remarks and references has about thirty.
const INLINE: usize = 32;

/// A list of names and values that can be cut back to what several notices have in common.
#[derive(Clone)]
pub struct FieldList<'a> {
    inline: [(&'a str, &'a [u8]); INLINE],
    len: usize,
    /// Everything, once there is more than fits in place.
    spill: Vec<(&'a str, &'a [u8])>,
}

/// Copied whole, which takes a quarter of the steps of filling a list place by place.
static NO_FIELDS: [(&str, &[u8]); INLINE] = [("", &[]); INLINE];

impl<'a> FieldList<'a> {
    #[inline(always)]
    pub fn new() -> Self {
        Self { inline: NO_FIELDS, len: 0, spill: Vec::new() }
    }

    /// Adds a value unless it is empty.
    #[inline]
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        if value.is_empty() {
            return;
        }
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = (name, value),
            None => self.spill_over(self.len, name, value),
        }
        self.len += 1;
    }

    /// Adds those of many values that are not empty.
    #[inline]
    pub fn extend(&mut self, fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
        // The length is written once, so that it stays in a register meanwhile.
        let mut len = self.len;
        for (name, value) in fields {
            if value.is_empty() {
                continue;
            }
            match self.inline.get_mut(len) {
                Some(slot) => *slot = (name, value),
                None => self.spill_over(len, name, value),
            }
            len += 1;
        }
        self.len = len;
    }

    #[cold]
    fn spill_over(&mut self, len: usize, name: &'a str, value: &'a [u8]) {
        if len == INLINE {
            self.spill.clear();
            self.spill.extend_from_slice(&self.inline);
        }
        self.spill.push((name, value));
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.spill.truncate(self.len);
    }

    pub fn as_slice(&self) -> &[(&'a str, &'a [u8])] {
        if self.len <= INLINE { &self.inline[..self.len] } else { &self.spill[..self.len] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_fields_spill_and_come_back() {
        let mut fields = FieldList::new();
        fields.push("first", b"1");
        fields.push("none", b"");
        for _ in 0..2 {
            for _ in 0..INLINE + 3 {
                fields.push("more", b"2");
            }
            assert_eq!(fields.as_slice().len(), INLINE + 4);
            assert_eq!(fields.as_slice()[0], ("first", b"1".as_slice()));
            assert_eq!(fields.as_slice()[INLINE + 3], ("more", b"2".as_slice()));
            fields.truncate(1);
            assert_eq!(fields.as_slice(), [("first", b"1".as_slice())]);
        }
    }
}
