//! Sets 352, 353 and 354: what a carrier tells Customs about goods that nobody entered or that moved, and which bills
//! Customs still counts as open.

use super::fields::{FieldList, Named};
use super::qualifier::{is_in_bond, issued_bill};
use super::value::{check_digit, event_time, not_an_entry, unknown_code};
use super::{CodeList, NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::SegmentKey;
use crate::ident::EntryNumber;
use crate::notice::{BillRef, Effect, EventTime, Kind, NoticeRef, Token};
use crate::place::Severity;

const TABLE: &str = "x12_manifest";

const K1: SegmentKey = SegmentKey::of(b"K1");
const M10: SegmentKey = SegmentKey::of(b"M10");
const M14: SegmentKey = SegmentKey::of(b"M14");
const M15: SegmentKey = SegmentKey::of(b"M15");
const P4: SegmentKey = SegmentKey::of(b"P4");
const X01: SegmentKey = SegmentKey::of(b"X01");
const X02: SegmentKey = SegmentKey::of(b"X02");

/// Kinds of things in M1501 that are bills of lading, or involve one (DE 1497).
const BILL_ENTITIES: [&[u8]; 3] = [b"2", b"6", b"B"];

pub(super) struct EventFamily {
    conveyance: Named,
    port: Named,
    remark: Named,
    manifest_type: usize,
    order: OrderAt,
    event: EventAt,
    archive: ArchiveAt,
    manifest_types: CodeList,
    bill_statuses: CodeList,
}

/// Positions in M14.
struct OrderAt {
    bill: usize,
    bill_issuer: usize,
    house_bill: usize,
    house_bill_issuer: usize,
    status: usize,
    entry_number: usize,
    entry_type: usize,
    date: usize,
    fields: Named,
}

/// Positions in M15.
struct EventAt {
    entity: usize,
    reference: usize,
    bill_issuer: usize,
    date: usize,
    time: usize,
    fields: Named,
}

/// Positions in X01 and X02.
struct ArchiveAt {
    manifest: Named,
    date: usize,
    bill: usize,
    bill_issuer: usize,
    house_bill: usize,
    house_bill_issuer: usize,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    fields: FieldList<'a>,
    conveyance_len: usize,
    port_len: usize,
    manifest_type: &'a [u8],
    listed_on: Option<EventTime>,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

/// What one line says.
struct Said<'a> {
    entry: Option<EntryNumber>,
    bill: Option<BillRef<'a>>,
    house_bill: Option<BillRef<'a>>,
    code: &'a [u8],
    meaning: Option<&'a str>,
    severity: Severity,
    effect: &'a Effect,
    at: Option<EventTime>,
}

impl EventFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let conveyance = [
            ("carrier", "carrier"),
            ("transport_mode", "transport_mode"),
            ("vessel", "vessel"),
            ("voyage", "voyage"),
            ("manifest_number", "manifest_number"),
        ];
        Self {
            conveyance: wanted.named("M10", &conveyance),
            port: wanted
                .named("P4", &[("port", "port"), ("arrival_date", "arrival_date"), ("firms", "firms")]),
            remark: wanted.named("K1", &[("remark", "remark"), ("remark_more", "remark")]),
            manifest_type: wanted.element("M10", "manifest_type"),
            order: OrderAt::resolve(wanted),
            event: EventAt::resolve(wanted),
            archive: ArchiveAt::resolve(wanted),
            manifest_types: wanted.list(TABLE, "M1009"),
            bill_statuses: wanted.list(TABLE, "M1402"),
        }
    }

    pub fn interpret(&self, set: &Set<'_>, sink: &mut dyn NoticeSink) {
        let mut walk = Walk {
            fields: FieldList::new(),
            conveyance_len: 0,
            port_len: 0,
            manifest_type: b"",
            listed_on: None,
            ordinal: 0,
            sink,
        };
        let mut at = 0;
        while let Some(segment) = set.get(at) {
            at += 1;
            match segment.key() {
                M10 => {
                    walk.fields.push_all(&segment, &self.conveyance);
                    walk.manifest_type = segment.value(self.manifest_type);
                    walk.conveyance_len = walk.fields.len();
                    walk.port_len = walk.conveyance_len;
                }
                P4 => {
                    walk.fields.truncate(walk.conveyance_len);
                    walk.fields.push_all(&segment, &self.port);
                    walk.port_len = walk.fields.len();
                }
                X01 => {
                    walk.fields.push_all(&segment, &self.archive.manifest);
                    walk.listed_on = event_time(&segment, self.archive.date, 0);
                    walk.port_len = walk.fields.len();
                }
                M14 | M15 | X02 => {
                    walk.fields.truncate(walk.port_len);
                    self.line(&segment, &mut walk, set, &mut at);
                }
                _ => {}
            }
        }
    }

    /// One bill or event, with the remarks behind it.
    fn line<'a>(
        &'a self,
        segment: &Segment<'a>,
        walk: &mut Walk<'a, '_>,
        set: &'a Set<'a>,
        next: &mut usize,
    ) {
        let said = match segment.key() {
            M14 => self.order(segment, walk),
            M15 => self.event(segment, walk),
            _ => self.open_bill(segment, walk),
        };
        while let Some(remark) = set.get(*next).filter(|following| following.key() == K1) {
            walk.fields.push_all(&remark, &self.remark);
            *next += 1;
        }
        walk.sink.notice(&NoticeRef {
            kind: Kind::ManifestEvent,
            entry: said.entry,
            bill: said.bill,
            house_bill: said.house_bill,
            container: None,
            code: Token::some(said.code),
            table: (!said.code.is_empty()).then_some(TABLE),
            meaning: said.meaning,
            severity: said.severity,
            at: said.at,
            effect: said.effect,
            place: segment.place(),
            fields: walk.fields.as_slice().into(),
            source: segment.bytes(),
            ordinal: walk.ordinal,
        });
        walk.ordinal += 1;
    }

    /// 352: the carrier wants more time, has a release, or sends the goods to general order.
    fn order<'a>(&'a self, segment: &Segment<'a>, walk: &mut Walk<'a, '_>) -> Said<'a> {
        let at = &self.order;
        let code = segment.value(at.status);
        let row = self.bill_statuses.get(code);
        if row.is_none() {
            unknown_code(segment, at.status, "bill status", walk.sink);
        }
        let (number, entry_type) = (segment.value(at.entry_number), segment.value(at.entry_type));
        let mut entry = None;
        if !number.is_empty() && !is_in_bond(entry_type) {
            entry = EntryNumber::parse(number);
            match entry {
                Some(entry) => check_digit(entry, segment, at.entry_number, walk.sink),
                None => not_an_entry(segment, at.entry_number, walk.sink),
            }
        } else if !number.is_empty() {
            walk.fields.push("in_bond", number);
        }
        walk.fields.push_all(segment, &at.fields);
        let severity = match (row, code) {
            // Nobody entered the goods; unless somebody does today they go to a warehouse at the importer's cost.
            (None, _) | (_, b"3") => Severity::Critical,
            (_, b"1") => Severity::Warning,
            _ => Severity::Info,
        };
        Said {
            entry,
            bill: issued_bill(segment.value(at.bill_issuer), segment.value(at.bill)),
            house_bill: issued_bill(segment.value(at.house_bill_issuer), segment.value(at.house_bill)),
            code,
            meaning: row.map(|row| &*row.meaning),
            severity,
            effect: if row.is_some() { &Effect::Inform } else { &Effect::Unknown },
            at: event_time(segment, at.date, 0),
        }
    }

    /// 353: something physical happened.
    fn event<'a>(&'a self, segment: &Segment<'a>, walk: &mut Walk<'a, '_>) -> Said<'a> {
        let at = &self.event;
        let reference = segment.value(at.reference);
        let is_bill = BILL_ENTITIES.contains(&segment.value(at.entity));
        if !is_bill {
            // An in-bond, container, voyage or trip number: which of them the code list would say, which is not public.
            walk.fields.push("event_reference", reference);
        }
        walk.fields.push_all(segment, &at.fields);
        let row = self.manifest_types.get(walk.manifest_type);
        Said {
            entry: None,
            bill: if is_bill { issued_bill(segment.value(at.bill_issuer), reference) } else { None },
            house_bill: None,
            code: walk.manifest_type,
            meaning: row.map(|row| &*row.meaning).or(Some("event that the carrier reports")),
            severity: Severity::Info,
            effect: &Effect::Inform,
            at: event_time(segment, at.date, at.time),
        }
    }

    /// 354: Customs counts the bill as open.
    fn open_bill<'a>(&'a self, segment: &Segment<'a>, walk: &mut Walk<'a, '_>) -> Said<'a> {
        let at = &self.archive;
        Said {
            entry: None,
            bill: issued_bill(segment.value(at.bill_issuer), segment.value(at.bill)),
            house_bill: issued_bill(segment.value(at.house_bill_issuer), segment.value(at.house_bill)),
            code: b"",
            meaning: Some("Customs counts the bill as open on an old manifest"),
            severity: Severity::Warning,
            effect: &Effect::Inform,
            at: walk.listed_on,
        }
    }
}

impl OrderAt {
    fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |name: &str| wanted.element("M14", name);
        Self {
            bill: at("bill"),
            bill_issuer: at("bill_issuer"),
            house_bill: at("house_bill"),
            house_bill_issuer: at("house_bill_issuer"),
            status: at("status"),
            entry_number: at("entry_number"),
            entry_type: at("entry_type"),
            date: at("date"),
            fields: wanted.named(
                "M14",
                &[
                    ("entry_type", "entry_type"),
                    ("quantity", "quantity"),
                    ("reference", "reference"),
                    ("location", "location"),
                ],
            ),
        }
    }
}

impl EventAt {
    fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |name: &str| wanted.element("M15", name);
        Self {
            entity: at("entity"),
            reference: at("reference"),
            bill_issuer: at("bill_issuer"),
            date: at("date"),
            time: at("time"),
            fields: wanted.named(
                "M15",
                &[
                    ("entity", "event_entity"),
                    ("port", "port"),
                    ("city", "city"),
                    ("state", "state"),
                    ("seal", "seal"),
                    ("next_carrier_tax_id", "next_carrier_tax_id"),
                    ("next_carrier", "next_carrier"),
                ],
            ),
        }
    }
}

impl ArchiveAt {
    fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let manifest = [("port", "port"), ("vessel_code", "vessel_code"), ("bill_count", "bill_count")];
        Self {
            manifest: wanted.named("X01", &manifest),
            date: wanted.element("X01", "date"),
            bill: wanted.element("X02", "bill"),
            bill_issuer: wanted.element("X02", "bill_issuer"),
            house_bill: wanted.element("X02", "house_bill"),
            house_bill_issuer: wanted.element("X02", "house_bill_issuer"),
        }
    }
}
