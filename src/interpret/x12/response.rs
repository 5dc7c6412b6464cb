//! Set 355, Customs Acceptance/Rejection: whether Customs took a manifest, an amendment, an in-bond request or an event.
//!
//! Customs repeats each wrong segment and says in K1 behind it what is wrong; without K1 the filing was taken. That a K1
//! means a refusal follows from the layout; no public guide says it (spec of the set, section 4).

use super::acknowledgement::AcknowledgementFamily;
use super::fields::{FieldList, Named};
use super::qualifier::issued_bill;
use super::{NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::{CodeTable, SegmentKey};
use crate::notice::{BillRef, Effect, Kind, NoticeRef, Token};
use crate::place::Severity;

const TABLE: &str = "x12_filing_response";

const AK1: SegmentKey = SegmentKey::of(b"AK1");
const K1: SegmentKey = SegmentKey::of(b"K1");
const K3: SegmentKey = SegmentKey::of(b"K3");
const LX: SegmentKey = SegmentKey::of(b"LX");
const M10: SegmentKey = SegmentKey::of(b"M10");
const M12: SegmentKey = SegmentKey::of(b"M12");
const M14: SegmentKey = SegmentKey::of(b"M14");
const M15: SegmentKey = SegmentKey::of(b"M15");
const M20: SegmentKey = SegmentKey::of(b"M20");
const P4: SegmentKey = SegmentKey::of(b"P4");

/// The codes of [`TABLE`], which are ours: the set has none.
const TAKEN: &[u8] = b"A";
const FILING_REFUSED: &[u8] = b"RF";
const LINE_REFUSED: &[u8] = b"RB";
const EVENT_REFUSED: &[u8] = b"RE";

pub(super) struct ResponseFamily {
    conveyance: Named,
    port: Named,
    error: Named,
    summary: Named,
    in_bond: Named,
    /// Segments that name a bill, with the positions of number and issuer.
    bills: [(SegmentKey, usize, usize); 4],
    verdicts: CodeTable,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    set: &'a Set<'a>,
    fields: FieldList<'a>,
    header_len: usize,
    bill: Option<BillRef<'a>>,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

impl ResponseFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let conveyance = [
            ("carrier", "carrier"),
            ("vessel", "vessel"),
            ("voyage", "voyage"),
            ("manifest_number", "manifest_number"),
            ("manifest_type", "manifest_type"),
        ];
        let mut bill = |id: &'static str| {
            let key = SegmentKey::of(id.as_bytes());
            (key, wanted.element(id, "bill"), wanted.element(id, "bill_issuer"))
        };
        let bills = [bill("M11"), bill("M13"), bill("M14"), bill("M20")];
        Self {
            conveyance: wanted.named("M10", &conveyance),
            port: wanted.named("P4", &[("port", "port")]),
            error: wanted.named("K1", &[("remark", "error_text"), ("remark_more", "error_text")]),
            summary: wanted.named("K3", &[("text", "summary")]),
            in_bond: wanted.named("M12", &[("in_bond", "in_bond"), ("entry_number", "in_bond")]),
            bills,
            verdicts: wanted.table(TABLE),
        }
    }

    pub fn interpret(
        &self,
        set: &Set<'_>,
        acknowledgement: &AcknowledgementFamily,
        sink: &mut dyn NoticeSink,
    ) {
        if set.segments().any(|segment| segment.key() == AK1) {
            // One program writes the truck form of 355 with the segments of a 997.
            return acknowledgement.interpret(set, sink);
        }
        let mut walk = Walk { set, fields: FieldList::new(), header_len: 0, bill: None, ordinal: 0, sink };
        for segment in set.segments() {
            match segment.key() {
                K3 => walk.fields.push_all(&segment, &self.summary),
                M10 => walk.fields.push_all(&segment, &self.conveyance),
                _ => {}
            }
        }
        walk.header_len = walk.fields.len();
        let mut at = 0;
        let mut refused = false;
        while let Some(segment) = set.get(at) {
            at += 1;
            match segment.key() {
                K1 | K3 => continue,
                LX | P4 => walk.bill = None,
                key => {
                    if let Some((_, bill, issuer)) = self.bills.iter().find(|(known, ..)| *known == key) {
                        walk.bill = issued_bill(segment.value(*issuer), segment.value(*bill));
                    }
                }
            }
            refused |= self.errors_behind(&segment, &mut at, &mut walk);
        }
        if !refused && let Some(first) = set.get(0) {
            walk.fields.truncate(walk.header_len);
            self.notice(&first, TAKEN, &mut walk);
        }
    }

    /// The K1 behind a repeated segment say what is wrong with it.
    fn errors_behind<'a>(&self, echoed: &Segment<'a>, next: &mut usize, walk: &mut Walk<'a, '_>) -> bool {
        let from = *next;
        walk.fields.truncate(walk.header_len);
        while let Some(error) = walk.set.get(*next).filter(|following| following.key() == K1) {
            walk.fields.push_all(&error, &self.error);
            *next += 1;
        }
        if *next == from {
            return false;
        }
        walk.fields.push("refused_segment", echoed.id());
        let code = match echoed.key() {
            M10 | P4 => FILING_REFUSED,
            M14 | M15 | M20 => EVENT_REFUSED,
            _ => LINE_REFUSED,
        };
        if echoed.key() == P4 {
            walk.fields.push_all(echoed, &self.port);
        }
        if echoed.key() == M12 {
            walk.fields.push_all(echoed, &self.in_bond);
        }
        self.notice(echoed, code, walk);
        true
    }

    fn notice<'a>(&self, segment: &Segment<'a>, code: &'static [u8], walk: &mut Walk<'a, '_>) {
        let row = self.verdicts.get(code);
        walk.sink.notice(&NoticeRef {
            kind: Kind::FilingResponse,
            entry: None,
            // A refusal of the whole filing is about no bill in particular.
            bill: walk.bill.filter(|_| code != FILING_REFUSED && code != TAKEN),
            house_bill: None,
            container: None,
            code: Some(Token::new(code)),
            table: Some(TABLE),
            meaning: row.map(|row| &*row.meaning),
            severity: row.and_then(|row| row.severity).unwrap_or(Severity::Critical),
            at: None,
            effect: &Effect::Inform,
            place: segment.place(),
            fields: walk.fields.as_slice().into(),
            source: segment.bytes(),
            ordinal: walk.ordinal,
        });
        walk.ordinal += 1;
    }
}
