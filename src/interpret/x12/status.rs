//! Set 350, Customs Status Information: what CBP did with a bill, and what happened to its conveyance.
//!
//! The order of segments moved over the releases. Here all of them are taken: a remark or reference belongs to the
//! disposition line (X4) or event (V9) that it follows, and before the first of them to the port (P4).

use super::disposition::{self, Dispositions};
use super::fields::{FieldList, Named};
use super::qualifier::{self, Aliases, ReferenceAt, References};
use super::value::{check_digit, container, event_time, event_time_here, not_an_entry, unknown_code};
use super::{NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::{CodeTable, SegmentKey};
use crate::ident::EntryNumber;
use crate::notice::{Effect, Kind, NoticeRef, Token};
use crate::place::Severity;

const EVENTS: &str = "x12_event304";

const BA1: SegmentKey = SegmentKey::of(b"BA1");
const K1: SegmentKey = SegmentKey::of(b"K1");
const M10: SegmentKey = SegmentKey::of(b"M10");
const N7: SegmentKey = SegmentKey::of(b"N7");
const N9: SegmentKey = SegmentKey::of(b"N9");
const P4: SegmentKey = SegmentKey::of(b"P4");
const V9: SegmentKey = SegmentKey::of(b"V9");
const VID: SegmentKey = SegmentKey::of(b"VID");
const X4: SegmentKey = SegmentKey::of(b"X4");

pub(super) struct StatusFamily {
    line: LineAt,
    event: EventAt,
    line_fields: Named,
    event_fields: Named,
    conveyance: Named,
    port: Named,
    export: Named,
    remark: Named,
    equipment: Named,
    vehicle: Named,
    reference: ReferenceAt,
    dispositions: Dispositions,
    events: CodeTable,
}

/// Positions in X4.
struct LineAt {
    bill: usize,
    bill_issuer: usize,
    house_bill: usize,
    house_bill_issuer: usize,
    entry_type: usize,
    entry_number: usize,
    date: usize,
    time: usize,
    disposition: usize,
    equipment_initial: usize,
    equipment_number: usize,
    reference: ReferenceAt,
}

impl LineAt {
    fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |name: &str| wanted.element("X4", name);
        Self {
            bill: at("bill"),
            bill_issuer: at("bill_issuer"),
            house_bill: at("house_bill"),
            house_bill_issuer: at("house_bill_issuer"),
            entry_type: at("entry_type"),
            entry_number: at("entry_number"),
            date: at("date"),
            time: at("time"),
            disposition: at("disposition"),
            equipment_initial: at("equipment_initial"),
            equipment_number: at("equipment_number"),
            reference: ReferenceAt { qualifier: at("reference_qualifier"), value: at("reference") },
        }
    }
}

/// Positions in V9.
struct EventAt {
    event: usize,
    date: usize,
    time: usize,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    set: &'a Set<'a>,
    aliases: &'a Aliases,
    fields: FieldList<'a>,
    /// How many of the fields belong to the conveyance, and how many to the port as well.
    conveyance_len: usize,
    port_len: usize,
    /// What references before the first disposition line of a port say.
    port_references: References<'a>,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

impl StatusFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        Self {
            line: LineAt::resolve(wanted),
            event: EventAt {
                event: wanted.element("V9", "event"),
                date: wanted.element("V9", "date"),
                time: wanted.element("V9", "time"),
            },
            line_fields: wanted.named(
                "X4",
                &[
                    ("quantity", "quantity"),
                    ("entry_type", "entry_type"),
                    ("port", "port"),
                    ("firms", "firms"),
                    ("time_zone", "time_zone"),
                ],
            ),
            event_fields: wanted.named(
                "V9",
                &[
                    ("event_text", "event_text"),
                    ("city", "city"),
                    ("state", "state"),
                    ("country", "country"),
                    ("reason", "reason"),
                    ("remark", "remark"),
                    ("time_zone", "time_zone"),
                ],
            ),
            conveyance: wanted.named(
                "M10",
                &[
                    ("carrier", "carrier"),
                    ("transport_mode", "transport_mode"),
                    ("vessel_code", "vessel_code"),
                    ("vessel", "vessel"),
                    ("voyage", "voyage"),
                    ("manifest_number", "manifest_number"),
                ],
            ),
            port: wanted.named(
                "P4",
                &[
                    ("port", "port_of_unlading"),
                    ("arrival_date", "arrival_date"),
                    ("firms", "firms_of_unlading"),
                ],
            ),
            export: wanted.named(
                "BA1",
                &[("export_reference", "export_reference"), ("carrier", "carrier"), ("vessel", "vessel")],
            ),
            remark: wanted.named("K1", &[("remark", "remark"), ("remark_more", "remark")]),
            equipment: wanted.named(
                "N7",
                &[("equipment_initial", "equipment_initial"), ("equipment_number", "equipment_number")],
            ),
            vehicle: wanted.named(
                "VID",
                &[
                    ("equipment_type", "equipment_type"),
                    ("equipment_initial", "equipment_initial"),
                    ("equipment_number", "equipment_number"),
                ],
            ),
            reference: ReferenceAt {
                qualifier: wanted.element("N9", "qualifier"),
                value: wanted.element("N9", "reference"),
            },
            dispositions: Dispositions::resolve(wanted),
            events: wanted.table(EVENTS),
        }
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let mut walk = Walk {
            set,
            aliases,
            fields: FieldList::new(),
            conveyance_len: 0,
            port_len: 0,
            port_references: References::default(),
            ordinal: 0,
            sink,
        };
        let mut at = 0;
        while let Some(segment) = set.get(at) {
            at += 1;
            match segment.key() {
                X4 => at = self.line(&segment, at, &mut walk),
                V9 => at = self.event(&segment, at, &mut walk),
                M10 | BA1 => {
                    walk.fields.truncate(0);
                    let names = if segment.key() == M10 { &self.conveyance } else { &self.export };
                    walk.fields.push_all(&segment, names);
                    walk.conveyance_len = walk.fields.len();
                    walk.port_len = walk.conveyance_len;
                    walk.port_references = References::default();
                }
                P4 => {
                    walk.fields.truncate(walk.conveyance_len);
                    walk.fields.push_all(&segment, &self.port);
                    walk.port_len = walk.fields.len();
                    walk.port_references = References::default();
                }
                K1 | N9 | N7 | VID => {
                    walk.fields.truncate(walk.port_len);
                    let mut references = walk.port_references;
                    self.follower(&segment, walk.aliases, &mut walk.fields, &mut references);
                    walk.port_references = references;
                    walk.port_len = walk.fields.len();
                }
                _ => {}
            }
        }
    }

    /// One X4 and what follows it; answers where to go on.
    fn line<'a>(&self, x4: &Segment<'a>, next: usize, walk: &mut Walk<'a, '_>) -> usize {
        let at = &self.line;
        walk.fields.truncate(walk.port_len);
        walk.fields.push_all(x4, &self.line_fields);
        let mut references = References::default();
        let (qualifier, reference) = at.reference.read(x4, walk.aliases);
        walk.fields.push_reference(qualifier, reference);
        references.note(qualifier, reference);

        let written = x4.value(at.entry_number);
        let is_in_bond = qualifier::is_in_bond(x4.value(at.entry_type));
        let mut entry = None;
        if is_in_bond {
            walk.fields.push("in_bond", written);
        } else if !written.is_empty() {
            entry = EntryNumber::parse(written);
            match entry {
                Some(entry) => check_digit(entry, x4, at.entry_number, walk.sink),
                None => {
                    walk.fields.push("entry_number", written);
                    not_an_entry(x4, at.entry_number, walk.sink);
                }
            }
        }
        let next = self.followers(next, walk, &mut references);
        if !is_in_bond {
            entry = entry.or(references.entry).or(walk.port_references.entry);
        }

        let code = x4.value(at.disposition);
        let time = event_time_here(x4, at.date, at.time);
        let (token, judged) = self.dispositions.judge_sent(code);
        if judged.is_unknown() {
            unknown_code(x4, at.disposition, "disposition", walk.sink);
        }
        let release = judged.release(time.map(|time| time.date));
        let notice = NoticeRef {
            kind: Kind::BillStatus,
            entry,
            bill: qualifier::issued_bill(x4.value(at.bill_issuer), x4.value(at.bill)),
            house_bill: qualifier::issued_bill(x4.value(at.house_bill_issuer), x4.value(at.house_bill)),
            container: container(x4.value(at.equipment_initial), x4.value(at.equipment_number)),
            code: token,
            table: Some(disposition::TABLE),
            meaning: judged.meaning,
            severity: judged.severity,
            at: time,
            effect: release.as_ref().unwrap_or(judged.effect),
            place: x4.place(),
            fields: walk.fields.as_slice().into(),
            source: x4.bytes(),
            ordinal: walk.ordinal,
        };
        walk.sink.notice(&notice);
        walk.ordinal += 1;
        next
    }

    /// One V9: it speaks about the conveyance, not about a bill.
    fn event<'a>(&self, v9: &Segment<'a>, next: usize, walk: &mut Walk<'a, '_>) -> usize {
        walk.fields.truncate(walk.port_len);
        walk.fields.push_all(v9, &self.event_fields);
        // A reference after an event is the port's in some releases; only remarks are the event's own.
        let mut after = next;
        while walk.set.key(after) == Some(K1) {
            if let Some(k1) = walk.set.get(after) {
                walk.fields.push_all(&k1, &self.remark);
            }
            after += 1;
        }
        let code = v9.value(self.event.event);
        let row = self.events.get(code);
        if row.is_none() {
            unknown_code(v9, self.event.event, "event", walk.sink);
        }
        let notice = NoticeRef {
            kind: Kind::ManifestEvent,
            entry: None,
            bill: None,
            house_bill: None,
            container: None,
            code: Token::some(code),
            table: Some(EVENTS),
            meaning: row.map(|row| &*row.meaning),
            severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Info)),
            at: event_time(v9, self.event.date, self.event.time),
            effect: if row.is_some() { &Effect::Inform } else { &Effect::Unknown },
            place: v9.place(),
            fields: walk.fields.as_slice().into(),
            source: v9.bytes(),
            ordinal: walk.ordinal,
        };
        walk.sink.notice(&notice);
        walk.ordinal += 1;
        after
    }

    /// What belongs to a disposition line; answers where to go on.
    fn followers<'a>(
        &self,
        mut next: usize,
        walk: &mut Walk<'a, '_>,
        references: &mut References<'a>,
    ) -> usize {
        while let Some(segment) = walk.set.get(next)
            && self.follower(&segment, walk.aliases, &mut walk.fields, references)
        {
            next += 1;
        }
        next
    }

    /// Reads a segment that belongs to what it follows; false when it is none.
    #[inline(always)]
    fn follower<'a>(
        &self,
        segment: &Segment<'a>,
        aliases: &'a Aliases,
        fields: &mut FieldList<'a>,
        references: &mut References<'a>,
    ) -> bool {
        match segment.key() {
            N9 => {
                let (qualifier, reference) = self.reference.read(segment, aliases);
                fields.push_reference(qualifier, reference);
                references.note(qualifier, reference);
            }
            K1 => fields.push_all(segment, &self.remark),
            N7 => fields.push_all(segment, &self.equipment),
            VID => fields.push_all(segment, &self.vehicle),
            _ => return false,
        }
        true
    }
}
