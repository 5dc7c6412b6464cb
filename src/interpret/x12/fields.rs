//! How the values of segments get into the fields of a notice.

use crate::decode::x12::Segment;
pub(super) use crate::interpret::fields::FieldList;

/// Element positions, and the name under which each value is kept.
pub(super) type Named = Vec<(usize, &'static str)>;

impl<'a> FieldList<'a> {
    /// Adds the elements that are there, each under its name.
    #[inline(always)]
    pub(super) fn push_all(&mut self, segment: &Segment<'a>, names: &Named) {
        self.extend(names.iter().map(|&(at, name)| {
            let value = segment.value(at);
            (!value.is_empty()).then_some((name, value))
        }));
    }

    /// Adds a reference under the name of its qualifier, or with the qualifier when it has no name.
    #[inline(always)]
    pub(super) fn push_reference(&mut self, qualifier: &'a [u8], value: &'a [u8]) {
        if value.is_empty() {
            return;
        }
        match super::qualifier::name(qualifier) {
            Some(name) => self.push(name, value),
            None => {
                self.push("reference_qualifier", qualifier);
                self.push("reference", value);
            }
        }
    }
}
