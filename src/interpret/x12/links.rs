//! Sets 810, 850 and 856: which orders, bills, containers and invoices belong together. Nothing else of them is read.
//!
//! One notice for each bill that the set names, each with all its orders, so that whichever bill an entry comes under
//! brings them along.

use super::fields::{FieldList, Named};
use super::qualifier::{self, Aliases, ReferenceAt, References};
use super::value::event_time;
use super::{NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::SegmentKey;
use crate::notice::{BillRef, Effect, EventTime, Kind, NoticeRef};
use crate::place::Severity;

const BEG: SegmentKey = SegmentKey::of(b"BEG");
const BIG: SegmentKey = SegmentKey::of(b"BIG");
const BSN: SegmentKey = SegmentKey::of(b"BSN");
const N9: SegmentKey = SegmentKey::of(b"N9");
const PRF: SegmentKey = SegmentKey::of(b"PRF");
const REF: SegmentKey = SegmentKey::of(b"REF");
const TD3: SegmentKey = SegmentKey::of(b"TD3");

/// Bills of one set that get a notice of their own.
const BILLS_MAX: usize = 200;

pub(super) struct LinkFamily {
    invoice: Named,
    invoice_date: usize,
    order: Named,
    order_date: usize,
    shipment: Named,
    shipment_date: usize,
    shipment_time: usize,
    shipped_order: Named,
    equipment: Named,
    n9: ReferenceAt,
    reference: ReferenceAt,
}

impl LinkFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |segment: &str| ReferenceAt {
            qualifier: wanted.element(segment, "qualifier"),
            value: wanted.element(segment, "reference"),
        };
        let (n9, reference) = (at("N9"), at("REF"));
        Self {
            invoice: wanted.named("BIG", &[("invoice", "invoice"), ("purchase_order", "purchase_order")]),
            invoice_date: wanted.element("BIG", "date"),
            order: wanted.named("BEG", &[("purchase_order", "purchase_order")]),
            order_date: wanted.element("BEG", "date"),
            shipment: wanted.named("BSN", &[("shipment", "shipment")]),
            shipment_date: wanted.element("BSN", "date"),
            shipment_time: wanted.element("BSN", "time"),
            shipped_order: wanted.named("PRF", &[("purchase_order", "purchase_order")]),
            equipment: wanted.named("TD3", &[("equipment_number", "container_number")]),
            n9,
            reference,
        }
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let Some(first) = set.get(0) else { return };
        let mut fields = FieldList::new();
        let mut references = References::default();
        let mut bills: Vec<BillRef<'_>> = Vec::new();
        let mut at = None;
        for segment in set.segments() {
            at = at.or(self.header(&segment, &mut fields));
            let reference = match segment.key() {
                REF => self.reference.read(&segment, aliases),
                N9 => self.n9.read(&segment, aliases),
                PRF => {
                    fields.push_all(&segment, &self.shipped_order);
                    continue;
                }
                TD3 => {
                    fields.push_all(&segment, &self.equipment);
                    continue;
                }
                _ => continue,
            };
            let (qualifier, value) = reference;
            fields.push_reference(qualifier, value);
            references.note(qualifier, value);
            if let Some(bill) = qualifier::bill_of(qualifier, value)
                && bills.len() < BILLS_MAX
                && !bills.contains(&bill)
            {
                bills.push(bill);
            }
        }
        let link = |bill: Option<BillRef<'_>>, ordinal: u32, sink: &mut dyn NoticeSink| {
            sink.notice(&NoticeRef {
                kind: Kind::OrderLink,
                entry: references.entry,
                bill,
                house_bill: None,
                container: None,
                code: None,
                table: None,
                meaning: Some("orders, bills and invoices that belong together"),
                severity: Severity::Info,
                at,
                effect: &Effect::Inform,
                place: first.place(),
                fields: fields.as_slice().into(),
                source: first.bytes(),
                ordinal,
            });
        };
        for (bill, ordinal) in bills.iter().zip(0..) {
            link(Some(*bill), ordinal, sink);
        }
        if bills.is_empty() {
            link(None, 0, sink);
        }
    }

    /// What the first segment of each set says; the date of the order, invoice or shipment.
    fn header<'a>(&self, segment: &Segment<'a>, fields: &mut FieldList<'a>) -> Option<EventTime> {
        match segment.key() {
            BIG => {
                fields.push_all(segment, &self.invoice);
                event_time(segment, self.invoice_date, 0)
            }
            BEG => {
                fields.push_all(segment, &self.order);
                event_time(segment, self.order_date, 0)
            }
            BSN => {
                fields.push_all(segment, &self.shipment);
                event_time(segment, self.shipment_date, self.shipment_time)
            }
            _ => None,
        }
    }
}
