//! The envelope of a set, for those who answer it.

use super::envelope::Envelope;

/// What encloses a set: the elements of ISA and GS that an answer repeats.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeView<'a>(pub(super) &'a Envelope);

impl<'a> EnvelopeView<'a> {
    /// The number of the interchange in its file, from 1.
    pub fn interchange_at(&self) -> u64 {
        self.0.interchanges
    }

    /// The number of the group in its interchange, from 1.
    pub fn group_at(&self) -> u64 {
        self.0.interchange.groups
    }

    /// ISA05 to ISA08, ISA13 and ISA15, without blanks around them.
    pub fn identity(&self) -> [&'a [u8]; 6] {
        self.0.interchange.identity.each_ref().map(|element| element.bytes())
    }

    /// ISA09 and ISA10.
    pub fn sent(&self) -> [&'a [u8]; 2] {
        self.0.interchange.sent.each_ref().map(|element| element.bytes())
    }

    /// ISA14 asks whether the interchange arrived.
    pub fn wants_answer(&self) -> bool {
        self.0.interchange.wants_answer
    }

    /// GS01, GS02, GS03, GS06 and GS08.
    pub fn group(&self) -> [&'a [u8]; 5] {
        let group = &self.0.group;
        [&group.code, &group.sender, &group.receiver, &group.number, &group.version]
            .map(|element| element.bytes())
    }

    /// How many sets the group has: what GE01 says, when it stands behind this set, else how many were read so far.
    pub fn sets_claimed(&self) -> u64 {
        self.0.group.claimed.unwrap_or(self.0.group.sets)
    }
}
