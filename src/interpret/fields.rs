//! The named values of a notice while it is made: no allocation for any notice of usual size.

use arrayvec::ArrayVec;

/// What is kept in place, where nothing else is said. A disposition line with its port, conveyance, remarks and references has about thirty.
const INLINE: usize = 32;

/// A list of names and values that can be cut back to what several notices have in common.
///
/// Room that is not used is never written: filling it for each message took as long as reading some of them.
#[derive(Clone, Debug)]
pub struct FieldList<'a, const N: usize = INLINE> {
    inline: ArrayVec<(&'a str, &'a [u8]), N>,
    /// Everything, once there is more than fits in place.
    spill: Vec<(&'a str, &'a [u8])>,
}

impl<'a, const N: usize> FieldList<'a, N> {
    #[inline(always)]
    pub fn new() -> Self {
        Self { inline: ArrayVec::new_const(), spill: Vec::new() }
    }

    /// Adds a value unless it is empty.
    #[inline]
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        if !value.is_empty() {
            self.place(name, value);
        }
    }

    /// Adds a value, be it empty.
    #[inline(always)]
    pub fn place(&mut self, name: &'a str, value: &'a [u8]) {
        if self.inline.try_push((name, value)).is_err() {
            self.spill_over(name, value);
        }
    }

    /// Adds those values that are there, however many.
    #[inline(always)]
    pub fn extend(&mut self, values: impl IntoIterator<Item = Option<(&'a str, &'a [u8])>>) {
        for (name, value) in values.into_iter().flatten() {
            self.place(name, value);
        }
    }

    #[cold]
    fn spill_over(&mut self, name: &'a str, value: &'a [u8]) {
        if self.spill.is_empty() {
            self.spill.extend_from_slice(&self.inline);
        }
        self.spill.push((name, value));
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.inline.truncate(len);
        self.spill.truncate(if len > N { len } else { 0 });
    }

    #[inline]
    pub fn as_slice(&self) -> &[(&'a str, &'a [u8])] {
        if self.spill.is_empty() { &self.inline } else { &self.spill }
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
