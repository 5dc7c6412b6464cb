//! Set 824, Application Advice: what an application thought of something that was sent to it.
//!
//! One OTI loop is one verdict, and one set may judge several entries.

use super::fields::{FieldList, Named};
use super::qualifier::{Aliases, ENTRY, ReferenceAt, References};
use super::value::{check_digit, event_time, not_an_entry, unknown_code};
use super::{CodeList, NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::SegmentKey;
use crate::ident::EntryNumber;
use crate::notice::{Effect, Kind, NoticeRef, Token};
use crate::place::Severity;

const TABLE: &str = "x12_app_error";

const BGN: SegmentKey = SegmentKey::of(b"BGN");
const LM: SegmentKey = SegmentKey::of(b"LM");
const LQ: SegmentKey = SegmentKey::of(b"LQ");
const NTE: SegmentKey = SegmentKey::of(b"NTE");
const OTI: SegmentKey = SegmentKey::of(b"OTI");
const REF: SegmentKey = SegmentKey::of(b"REF");
const TED: SegmentKey = SegmentKey::of(b"TED");

/// The in-bond number: a reject of one stops goods, as that of a bill does.
const IN_BOND: &[u8] = b"IB";

pub(super) struct AdviceFamily {
    oti: OtiAt,
    bgn_date: usize,
    bgn_time: usize,
    corrected_value: usize,
    header: Named,
    judged: Named,
    error: Named,
    note: Named,
    reason_agency: Named,
    reason: Named,
    reference: ReferenceAt,
    verdicts: CodeList,
}

/// Positions in OTI.
struct OtiAt {
    verdict: usize,
    reference: ReferenceAt,
    date: usize,
    time: usize,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    set: &'a Set<'a>,
    aliases: &'a Aliases,
    fields: FieldList<'a>,
    header_len: usize,
    bgn: Option<Segment<'a>>,
    /// What REF before the first OTI says.
    header: References<'a>,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

impl AdviceFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let mut at = |name: &str| wanted.element("OTI", name);
        Self {
            oti: OtiAt {
                verdict: at("verdict"),
                reference: ReferenceAt { qualifier: at("qualifier"), value: at("reference") },
                date: at("date"),
                time: at("time"),
            },
            bgn_date: wanted.element("BGN", "date"),
            bgn_time: wanted.element("BGN", "time"),
            corrected_value: wanted.element("TED", "corrected_value"),
            header: wanted.named("BGN", &[("purpose", "purpose"), ("reference", "advice_reference")]),
            judged: wanted.named(
                "OTI",
                &[
                    ("group_number", "group_number"),
                    ("set_number", "set_number"),
                    ("set_type", "set_type"),
                    ("release", "release"),
                ],
            ),
            error: wanted.named(
                "TED",
                &[
                    ("error", "error_code"),
                    ("text", "error_text"),
                    ("segment", "error_segment"),
                    ("segment_at", "error_segment_at"),
                    ("element_at", "error_element_at"),
                    ("element", "error_element"),
                    ("bad_value", "bad_value"),
                    ("corrected_value", "corrected_value"),
                ],
            ),
            note: wanted.named("NTE", &[("text", "remark")]),
            reason_agency: wanted.named("LM", &[("agency", "reason_agency")]),
            reason: wanted.named("LQ", &[("list", "reason_list"), ("code", "reason_code")]),
            reference: ReferenceAt {
                qualifier: wanted.element("REF", "qualifier"),
                value: wanted.element("REF", "reference"),
            },
            verdicts: wanted.list(TABLE, "OTI01"),
        }
    }

    pub fn interpret(&self, set: &Set<'_>, aliases: &Aliases, sink: &mut dyn NoticeSink) {
        let mut walk = Walk {
            set,
            aliases,
            fields: FieldList::new(),
            header_len: 0,
            bgn: None,
            header: References::default(),
            ordinal: 0,
            sink,
        };
        let mut at = 0;
        while let Some(segment) = set.get(at) {
            at += 1;
            match segment.key() {
                OTI => at = self.verdict(&segment, at, &mut walk),
                BGN => {
                    walk.fields.push_all(&segment, &self.header);
                    walk.header_len = walk.fields.len();
                    walk.bgn = Some(segment);
                }
                REF => {
                    let (qualifier, value) = self.reference.read(&segment, walk.aliases);
                    walk.header.note(qualifier, value);
                }
                _ => {}
            }
        }
    }

    /// One OTI loop; answers where to go on.
    fn verdict<'a>(&self, oti: &Segment<'a>, mut next: usize, walk: &mut Walk<'a, '_>) -> usize {
        walk.fields.truncate(walk.header_len);
        let (qualifier, reference) = self.oti.reference.read(oti, walk.aliases);
        walk.fields.push_reference(qualifier, reference);
        walk.fields.push_all(oti, &self.judged);
        let mut references = References::default();
        references.note(qualifier, reference);
        if qualifier == ENTRY {
            match EntryNumber::parse(reference) {
                Some(entry) => check_digit(entry, oti, self.oti.reference.value, walk.sink),
                None => not_an_entry(oti, self.oti.reference.value, walk.sink),
            }
        }
        let mut changed = false;
        while let Some(segment) = walk.set.get(next).filter(|segment| segment.key() != OTI) {
            next += 1;
            let names = match segment.key() {
                REF => {
                    let (qualifier, value) = self.reference.read(&segment, walk.aliases);
                    walk.fields.push_reference(qualifier, value);
                    references.note(qualifier, value);
                    continue;
                }
                TED => {
                    changed |= !segment.value(self.corrected_value).is_empty();
                    &self.error
                }
                NTE => &self.note,
                LM => &self.reason_agency,
                LQ => &self.reason,
                _ => continue,
            };
            walk.fields.push_all(&segment, names);
        }
        let entry = references.entry.or(walk.header.entry);
        let bill = references.bill.or(walk.header.bill);
        let stops_goods = entry.is_some() || bill.is_some() || qualifier == IN_BOND;
        let code = oti.value(self.oti.verdict);
        let row = self.verdicts.get(code);
        let (severity, effect) = match (row, code.get(1)) {
            (None, _) => {
                unknown_code(oti, self.oti.verdict, "verdict", walk.sink);
                (Severity::Critical, &Effect::Unknown)
            }
            // A reject of what stops no goods can wait for the morning.
            (Some(_), Some(b'R')) if !stops_goods => (Severity::Warning, &Effect::Inform),
            (Some(row), Some(b'R')) => {
                let effect = if entry.is_some() { &Effect::FilingRejected } else { &Effect::Inform };
                (row.severity.unwrap_or(Severity::Critical), effect)
            }
            // Somebody put another value in place of ours: it wants a look.
            (Some(_), Some(b'E' | b'C')) if changed => (Severity::Warning, &Effect::Inform),
            (Some(row), _) => (row.severity.unwrap_or(Severity::Info), &Effect::Inform),
        };
        let own_time = event_time(oti, self.oti.date, self.oti.time);
        let notice = NoticeRef {
            kind: Kind::ApplicationAdvice,
            entry,
            bill,
            house_bill: None,
            container: None,
            code: Token::some(code),
            table: Some(TABLE),
            meaning: row.map(|row| &*row.meaning),
            severity,
            at: own_time.or_else(|| event_time(&walk.bgn?, self.bgn_date, self.bgn_time)),
            effect,
            place: oti.place(),
            fields: walk.fields.as_slice().into(),
            source: oti.bytes(),
            ordinal: walk.ordinal,
        };
        walk.sink.notice(&notice);
        walk.ordinal += 1;
        next
    }
}
