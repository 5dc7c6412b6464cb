//! Sets that no family reads: carried, with the entry and the bill where references name them.

use super::qualifier::{Aliases, ReferenceAt, References};
use super::{NoticeSink, Wanted};
use crate::decode::x12::Set;
use crate::grammar::SegmentKey;
use crate::notice::{Effect, Kind, NoticeRef, Values};
use crate::place::Severity;

const N9: SegmentKey = SegmentKey::of(b"N9");
const REF: SegmentKey = SegmentKey::of(b"REF");

pub(super) struct CarriedFamily {
    n9: ReferenceAt,
    reference: ReferenceAt,
}

impl CarriedFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |segment: &str| ReferenceAt {
            qualifier: wanted.element(segment, "qualifier"),
            value: wanted.element(segment, "reference"),
        };
        Self { n9: at("N9"), reference: at("REF") }
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let Some(first) = set.get(0) else { return };
        let mut references = References::default();
        for segment in set.segments() {
            let at = match segment.key() {
                N9 => self.n9,
                REF => self.reference,
                _ => continue,
            };
            let (qualifier, value) = at.read(&segment, aliases);
            references.note(qualifier, value);
        }
        sink.notice(&NoticeRef {
            kind: Kind::Carried,
            entry: references.entry,
            bill: references.bill,
            house_bill: None,
            container: None,
            code: None,
            table: None,
            meaning: None,
            severity: Severity::Info,
            at: None,
            effect: &Effect::Inform,
            place: first.place(),
            fields: Values::default(),
            source: first.bytes(),
            ordinal: 0,
        });
    }
}
