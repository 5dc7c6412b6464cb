//! Sets 997, Functional Acknowledgment, and 999, Implementation Acknowledgment: whether a group and its sets were grammatical
//! X12; TA1: whether an interchange arrived whole.
//!
//! It says nothing about whether Customs or the broker agrees with the content.

use super::fields::{FieldList, Named};
use super::value::{event_time, unknown_code};
use super::{CodeList, NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::{CodeRow, SegmentKey};
use crate::notice::{Effect, Kind, NoticeRef, Token};
use crate::place::Severity;

const TABLE: &str = "x12_ack";

const AK1: SegmentKey = SegmentKey::of(b"AK1");
const AK2: SegmentKey = SegmentKey::of(b"AK2");
const AK3: SegmentKey = SegmentKey::of(b"AK3");
const AK4: SegmentKey = SegmentKey::of(b"AK4");
const AK5: SegmentKey = SegmentKey::of(b"AK5");
const AK9: SegmentKey = SegmentKey::of(b"AK9");
const CTX: SegmentKey = SegmentKey::of(b"CTX");
const IK3: SegmentKey = SegmentKey::of(b"IK3");
const IK4: SegmentKey = SegmentKey::of(b"IK4");
const IK5: SegmentKey = SegmentKey::of(b"IK5");
const TA1: SegmentKey = SegmentKey::of(b"TA1");

pub(super) struct AcknowledgementFamily {
    group: Named,
    set: Named,
    segment_error: Named,
    element_error: Named,
    set_error: Named,
    group_error: Named,
    context: Named,
    interchange: InterchangeAt,
    set_verdict: usize,
    group_verdict: usize,
    set_verdicts: CodeList,
    group_verdicts: CodeList,
}

/// Positions in TA1.
struct InterchangeAt {
    verdict: usize,
    note: usize,
    date: usize,
    time: usize,
    fields: Named,
    verdicts: CodeList,
    notes: CodeList,
}

/// The message while it is walked.
struct Walk<'a, 's> {
    fields: FieldList<'a>,
    group_len: usize,
    ordinal: u32,
    sink: &'s mut dyn NoticeSink,
}

impl AcknowledgementFamily {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let errors = ["error", "error_2", "error_3", "error_4", "error_5"];
        let set_errors = errors.map(|name| (name, "set_error"));
        let mut group_error = vec![
            ("sets_claimed", "sets_claimed"),
            ("sets_received", "sets_received"),
            ("sets_accepted", "sets_accepted"),
        ];
        group_error.extend(errors.map(|name| (name, "group_error")));
        Self {
            group: wanted.named(
                "AK1",
                &[("group_code", "group_code"), ("group_number", "group_number"), ("release", "release")],
            ),
            set: wanted.named("AK2", &[("set_type", "set_type"), ("set_number", "set_number")]),
            segment_error: wanted.named(
                "AK3",
                &[
                    ("segment", "error_segment"),
                    ("segment_at", "error_segment_at"),
                    ("error", "segment_error"),
                ],
            ),
            element_error: wanted.named(
                "AK4",
                &[
                    ("element_at", "error_element_at"),
                    ("element", "error_element"),
                    ("error", "element_error"),
                    ("bad_value", "bad_value"),
                ],
            ),
            set_error: wanted.named("AK5", &set_errors),
            group_error: wanted.named("AK9", &group_error),
            context: wanted.named("CTX", &[("context_identification", "error_context")]),
            interchange: InterchangeAt::resolve(wanted),
            set_verdict: wanted.element("AK5", "verdict"),
            group_verdict: wanted.element("AK9", "verdict"),
            set_verdicts: wanted.list(TABLE, "AK501"),
            group_verdicts: wanted.list(TABLE, "AK901"),
        }
    }

    pub fn interpret(&self, set: &Set<'_>, sink: &mut dyn NoticeSink) {
        let mut walk = Walk { fields: FieldList::new(), group_len: 0, ordinal: 0, sink };
        for segment in set.segments() {
            match segment.key() {
                AK1 => {
                    walk.fields.truncate(0);
                    walk.fields.push_all(&segment, &self.group);
                    walk.group_len = walk.fields.len();
                }
                AK2 => {
                    walk.fields.truncate(walk.group_len);
                    walk.fields.push_all(&segment, &self.set);
                }
                TA1 => self.interchange(&segment, &mut walk),
                CTX => walk.fields.push_all(&segment, &self.context),
                AK3 | IK3 => walk.fields.push_all(&segment, &self.segment_error),
                AK4 | IK4 => walk.fields.push_all(&segment, &self.element_error),
                AK5 | IK5 => {
                    walk.fields.push_all(&segment, &self.set_error);
                    self.verdict(&segment, self.set_verdict, &self.set_verdicts, &mut walk);
                }
                AK9 => {
                    walk.fields.truncate(walk.group_len);
                    walk.fields.push_all(&segment, &self.group_error);
                    self.verdict(&segment, self.group_verdict, &self.group_verdicts, &mut walk);
                }
                _ => {}
            }
        }
    }

    /// TA1: one interchange, by its number.
    fn interchange<'a>(&'a self, segment: &Segment<'a>, walk: &mut Walk<'a, '_>) {
        let at = &self.interchange;
        walk.fields.truncate(0);
        walk.fields.push_all(segment, &at.fields);
        let note = at.notes.get(segment.value(at.note));
        walk.fields.push("note_meaning", note.map_or(b"", |row| row.meaning.as_bytes()));
        let code = segment.value(at.verdict);
        let row = at.verdicts.get(code);
        if row.is_none() {
            unknown_code(segment, at.verdict, "acknowledgement", walk.sink);
        }
        let notice = NoticeRef {
            at: event_time(segment, at.date, at.time),
            ..judged(segment, code, row, walk.fields.as_slice(), walk.ordinal)
        };
        walk.sink.notice(&notice);
        walk.ordinal += 1;
    }

    fn verdict<'a>(&'a self, segment: &Segment<'a>, at: usize, list: &'a CodeList, walk: &mut Walk<'a, '_>) {
        let code = segment.value(at);
        let row = list.get(code);
        if row.is_none() {
            unknown_code(segment, at, "acknowledgement", walk.sink);
        }
        let notice = judged(segment, code, row, walk.fields.as_slice(), walk.ordinal);
        walk.sink.notice(&notice);
        walk.ordinal += 1;
        walk.fields.truncate(walk.group_len);
    }
}

/// The notice of one verdict, without a time of its own.
fn judged<'w>(
    segment: &Segment<'w>,
    code: &'w [u8],
    row: Option<&'w CodeRow>,
    fields: &'w [(&'w str, &'w [u8])],
    ordinal: u32,
) -> NoticeRef<'w> {
    NoticeRef {
        kind: Kind::Acknowledgement,
        entry: None,
        bill: None,
        house_bill: None,
        container: None,
        code: Token::some(code),
        table: Some(TABLE),
        meaning: row.map(|row| &*row.meaning),
        severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Info)),
        at: None,
        effect: if row.is_some() { &Effect::Inform } else { &Effect::Unknown },
        place: segment.place(),
        fields: fields.into(),
        source: segment.bytes(),
        ordinal,
    }
}

impl InterchangeAt {
    fn resolve(wanted: &mut Wanted<'_>) -> Self {
        Self {
            verdict: wanted.element("TA1", "verdict"),
            note: wanted.element("TA1", "note"),
            date: wanted.element("TA1", "date"),
            time: wanted.element("TA1", "time"),
            fields: wanted
                .named("TA1", &[("interchange_number", "interchange_number"), ("note", "note_code")]),
            verdicts: wanted.list(TABLE, "TA104"),
            notes: wanted.list(TABLE, "TA105"),
        }
    }
}
