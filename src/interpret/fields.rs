//! The named values of a notice while it is made: no allocation for any notice of usual size.

/// What is kept in place, where nothing else is said. A disposition line with its port, conveyance, remarks and references has about thirty.
const INLINE: usize = 32;

/// A list of names and values that can be cut back to what several notices have in common.
#[derive(Clone, Debug)]
pub struct FieldList<'a, const N: usize = INLINE> {
    inline: [(&'a str, &'a [u8]); N],
    len: usize,
    /// Everything, once there is more than fits in place.
    spill: Vec<(&'a str, &'a [u8])>,
}

impl<'a, const N: usize> FieldList<'a, N> {
    /// A constant, which is copied as one block where slots that are filled one by one keep the processor's store
    /// units busy for longer than most messages take to read.
    const EMPTY: [(&'a str, &'a [u8]); N] = [("", &[]); N];

    #[inline(always)]
    pub fn new() -> Self {
        Self { inline: Self::EMPTY, len: 0, spill: Vec::new() }
    }

    /// Adds a value unless it is empty.
    #[inline]
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        if !value.is_empty() {
            self.place(name, value);
        }
    }

    /// Adds a value, be it empty.
    #[inline]
    pub fn place(&mut self, name: &'a str, value: &'a [u8]) {
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = (name, value),
            None => self.spill_over(self.len, name, value),
        }
        self.len += 1;
    }

    /// Adds those values that are there, however many.
    #[inline(always)]
    pub fn extend(&mut self, values: impl IntoIterator<Item = Option<(&'a str, &'a [u8])>>) {
        // The length is written once, so that it stays in a register meanwhile.
        let mut len = self.len;
        for (name, value) in values.into_iter().flatten() {
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
        if len == N {
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
        if self.len <= N { &self.inline[..self.len] } else { &self.spill[..self.len] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_fields_spill_and_come_back() {
        let mut fields = FieldList::<INLINE>::new();
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
