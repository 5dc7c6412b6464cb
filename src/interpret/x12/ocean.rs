//! Set 315, Status Details (Ocean): a carrier's own milestones, of which only CBP's dispositions are read.
//!
//! The set speaks about one container of one bill; its references stand before the statuses.

use super::disposition::{self, Dispositions};
use super::fields::{FieldList, Named};
use super::qualifier::{Aliases, ReferenceAt, References};
use super::value::{container, event_time, unknown_code};
use super::{NoticeSink, Wanted};
use crate::decode::x12::Set;
use crate::grammar::SegmentKey;
use crate::notice::{Kind, NoticeRef, Token};

const B4: SegmentKey = SegmentKey::of(b"B4");
const N9: SegmentKey = SegmentKey::of(b"N9");
const Q2: SegmentKey = SegmentKey::of(b"Q2");
const SG: SegmentKey = SegmentKey::of(b"SG");

pub(super) struct OceanFamily {
    disposition: usize,
    date: usize,
    time: usize,
    equipment_initial: usize,
    equipment_number: usize,
    header: Named,
    vessel: Named,
    status: Named,
    reference: ReferenceAt,
    dispositions: Dispositions,
}

impl OceanFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        Self {
            disposition: wanted.element("SG", "disposition"),
            date: wanted.element("SG", "date"),
            time: wanted.element("SG", "time"),
            equipment_initial: wanted.element("B4", "equipment_initial"),
            equipment_number: wanted.element("B4", "equipment_number"),
            header: wanted.named("B4", &[("location", "location")]),
            vessel: wanted
                .named("Q2", &[("vessel_code", "vessel_code"), ("vessel", "vessel"), ("voyage", "voyage")]),
            status: wanted.named(
                "SG",
                &[("status", "shipment_status"), ("reason", "reason"), ("time_zone", "time_zone")],
            ),
            reference: ReferenceAt {
                qualifier: wanted.element("N9", "qualifier"),
                value: wanted.element("N9", "reference"),
            },
            dispositions: Dispositions::resolve(wanted),
        }
    }

    /// True when the set holds a disposition; one without is the carrier's business.
    pub fn reads(&self, set: &Set<'_>) -> bool {
        set.segments().any(|segment| segment.key() == SG && !segment.value(self.disposition).is_empty())
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let mut fields = FieldList::new();
        let mut references = References::default();
        let mut equipment = None;
        for segment in set.segments() {
            match segment.key() {
                B4 => {
                    fields.push_all(&segment, &self.header);
                    equipment = container(
                        segment.value(self.equipment_initial),
                        segment.value(self.equipment_number),
                    );
                }
                N9 => {
                    let (qualifier, value) = self.reference.read(&segment, aliases);
                    fields.push_reference(qualifier, value);
                    references.note(qualifier, value);
                }
                Q2 => fields.push_all(&segment, &self.vessel),
                _ => {}
            }
        }
        let common = fields.len();
        let mut ordinal = 0;
        for segment in set.segments().filter(|segment| segment.key() == SG) {
            let code = Token::some(segment.value(self.disposition));
            if code.is_none() {
                continue;
            }
            fields.truncate(common);
            fields.push_all(&segment, &self.status);
            let at = event_time(&segment, self.date, self.time);
            let judged = self.dispositions.judge(code);
            if judged.is_unknown() {
                unknown_code(&segment, self.disposition, "disposition", sink);
            }
            sink.notice(&NoticeRef {
                kind: Kind::BillStatus,
                entry: references.entry,
                bill: references.bill,
                house_bill: None,
                container: equipment,
                code,
                table: Some(disposition::TABLE),
                meaning: judged.meaning,
                severity: judged.severity,
                at,
                effect: &judged.dated(at.map(|at| at.date)),
                place: segment.place(),
                fields: fields.as_slice().into(),
                source: segment.bytes(),
                ordinal,
            });
            ordinal += 1;
        }
    }
}
