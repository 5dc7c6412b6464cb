//! Set 997, Functional Acknowledgment: whether a group and its sets were grammatical X12.
//!
//! It says nothing about whether Customs or the broker agrees with the content.

use super::fields::{FieldList, Named};
use super::value::unknown_code;
use super::{CodeList, NoticeSink, Wanted};
use crate::decode::x12::{Segment, Set};
use crate::grammar::SegmentKey;
use crate::notice::{Effect, Kind, NoticeRef, Token};
use crate::place::Severity;

const TABLE: &str = "x12_ack";

const AK1: SegmentKey = SegmentKey::of(b"AK1");
const AK2: SegmentKey = SegmentKey::of(b"AK2");
const AK3: SegmentKey = SegmentKey::of(b"AK3");
const AK4: SegmentKey = SegmentKey::of(b"AK4");
const AK5: SegmentKey = SegmentKey::of(b"AK5");
const AK9: SegmentKey = SegmentKey::of(b"AK9");

pub(super) struct AcknowledgementFamily {
    group: Named,
    set: Named,
    segment_error: Named,
    element_error: Named,
    set_error: Named,
    group_error: Named,
    set_verdict: usize,
    group_verdict: usize,
    set_verdicts: CodeList,
    group_verdicts: CodeList,
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
                AK3 => walk.fields.push_all(&segment, &self.segment_error),
                AK4 => walk.fields.push_all(&segment, &self.element_error),
                AK5 => {
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

    fn verdict<'a>(&'a self, segment: &Segment<'a>, at: usize, list: &'a CodeList, walk: &mut Walk<'a, '_>) {
        let code = segment.value(at);
        let row = list.get(code);
        if row.is_none() {
            unknown_code(segment, at, "acknowledgement", walk.sink);
        }
        let notice = NoticeRef {
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
            fields: walk.fields.as_slice(),
            source: segment.bytes(),
            ordinal: walk.ordinal,
        };
        walk.sink.notice(&notice);
        walk.ordinal += 1;
        walk.fields.truncate(walk.group_len);
    }
}
