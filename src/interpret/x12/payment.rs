//! Set 820, Payment Order/Remittance Advice: what was paid, one notice for each item.
//!
//! Customs itself sends none; banks and brokers tell their clients with it that duty was paid.

use super::fields::{FieldList, Named};
use super::qualifier::{Aliases, ENTRY, ReferenceAt, References};
use super::value::{check_digit, event_time, not_an_entry};
use super::{NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::SegmentKey;
use crate::ident::EntryNumber;
use crate::notice::{Effect, EventTime, Kind, NoticeRef};
use crate::place::Severity;

const BPR: SegmentKey = SegmentKey::of(b"BPR");
const REF: SegmentKey = SegmentKey::of(b"REF");
const RMR: SegmentKey = SegmentKey::of(b"RMR");
const TRN: SegmentKey = SegmentKey::of(b"TRN");
const TXP: SegmentKey = SegmentKey::of(b"TXP");

/// Elements of TXP; in Customs' use the payer and the document that is paid stand in some of them.
const TXP_FIELDS: [&str; 10] = [
    "tax_payer",
    "tax_type",
    "tax_date",
    "tax_kind",
    "tax_amount",
    "tax_kind",
    "tax_amount",
    "tax_kind",
    "tax_amount",
    "tax_check",
];

pub(super) struct PaymentFamily {
    order: Named,
    date: usize,
    trace: Named,
    item: ReferenceAt,
    item_fields: Named,
    reference: ReferenceAt,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    fields: FieldList<'a>,
    common_len: usize,
    references: References<'a>,
    at: Option<EventTime>,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

impl PaymentFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let order = [
            ("amount", "payment_amount"),
            ("handling", "payment_handling"),
            ("method", "payment_method"),
            ("credit_debit", "credit_debit"),
        ];
        let mut at = |segment: &str| ReferenceAt {
            qualifier: wanted.element(segment, "qualifier"),
            value: wanted.element(segment, "reference"),
        };
        let (item, reference) = (at("RMR"), at("REF"));
        Self {
            order: wanted.named("BPR", &order),
            date: wanted.element("BPR", "date"),
            trace: wanted.named("TRN", &[("trace", "trace")]),
            item,
            item_fields: wanted.named("RMR", &[("amount", "amount")]),
            reference,
        }
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let mut walk = Walk {
            fields: FieldList::new(),
            common_len: 0,
            references: References::default(),
            at: None,
            ordinal: 0,
            sink,
        };
        for segment in set.segments() {
            match segment.key() {
                BPR => {
                    walk.fields.push_all(&segment, &self.order);
                    walk.at = event_time(&segment, self.date, 0);
                }
                TRN => walk.fields.push_all(&segment, &self.trace),
                REF => {
                    let (qualifier, value) = self.reference.read(&segment, aliases);
                    walk.fields.push_reference(qualifier, value);
                    walk.references.note(qualifier, value);
                }
                _ => {}
            }
        }
        walk.common_len = walk.fields.len();
        for segment in set.segments() {
            match segment.key() {
                RMR => self.item(&segment, aliases, &mut walk),
                TXP => tax(&segment, &mut walk),
                _ => {}
            }
        }
        if walk.ordinal == 0
            && let Some(first) = set.get(0)
        {
            let References { entry, .. } = walk.references;
            notice(&first, entry, &mut walk);
        }
    }

    /// An item that is paid: an entry, a statement, an invoice.
    fn item<'a>(&self, segment: &Segment<'a>, aliases: &'a Aliases, walk: &mut Walk<'a, '_>) {
        walk.fields.truncate(walk.common_len);
        let (qualifier, value) = self.item.read(segment, aliases);
        let mut entry = walk.references.entry;
        if qualifier == ENTRY {
            entry = EntryNumber::parse(value);
            match entry {
                Some(entry) => check_digit(entry, segment, self.item.value, walk.sink),
                None => not_an_entry(segment, self.item.value, walk.sink),
            }
        }
        walk.fields.push_reference(qualifier, value);
        walk.fields.push_all(segment, &self.item_fields);
        notice(segment, entry, walk);
    }
}

/// A tax addendum. Where an entry number stands in it is not public, so its shape and check digit tell it.
fn tax<'a>(segment: &Segment<'a>, walk: &mut Walk<'a, '_>) {
    walk.fields.truncate(walk.common_len);
    let mut entry = None;
    for (at, name) in TXP_FIELDS.iter().enumerate() {
        let value = segment.value(at + 1);
        walk.fields.push(name, value);
        let shaped = EntryNumber::parse(value).filter(|number| number.check_digit_offset() == 0);
        entry = entry.or(shaped);
    }
    notice(segment, entry.or(walk.references.entry), walk);
}

fn notice<'a>(segment: &Segment<'a>, entry: Option<EntryNumber>, walk: &mut Walk<'a, '_>) {
    walk.sink.notice(&NoticeRef {
        kind: Kind::Payment,
        entry,
        bill: walk.references.bill,
        house_bill: None,
        container: None,
        code: None,
        table: None,
        meaning: Some("payment that a bank or broker reports"),
        severity: Severity::Info,
        at: walk.at,
        effect: &Effect::Inform,
        place: segment.place(),
        fields: walk.fields.as_slice().into(),
        source: segment.bytes(),
        ordinal: walk.ordinal,
    });
    walk.ordinal += 1;
}
