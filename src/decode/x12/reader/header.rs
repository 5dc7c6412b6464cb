//! The headers: ISA with its separators, GS, ST.

use super::super::delimiters::{Header, ISA_LEN, Isa, header};
use super::super::envelope::{Group, Interchange, Level, OpenSet, Short, find_isa, is_isa};
use super::super::segment::RawSegment;
use super::super::value::{self, number};
use super::super::wrap::raw_place;
use super::{Draft, Next, Reader};
use crate::place::Grade;
use crate::place::finding_code::{
    BAD_DATE, BAD_DELIMITER, BAD_ELEMENT, BAD_NUMBER, DUPLICATE_CONTROL_NUMBER, ENVELOPE, NOT_EDI, SHORT_ISA,
    TRUNCATED, UNKNOWN_SET,
};
use crate::words::count;

/// How long ST01 is, and how long ST02 may be.
const SET_ID_CHARS: usize = 3;
const SET_NUMBER_CHARS: std::ops::RangeInclusive<usize> = 4..=9;

/// What is wrong with ST02 by itself.
fn number_fault(number: &[u8]) -> Option<String> {
    let shown = || number[..number.len().min(20)].escape_ascii();
    match number {
        b"" => Some("ST02, the set's control number, is blank".to_owned()),
        _ if !SET_NUMBER_CHARS.contains(&number.len()) => Some(format!(
            "ST02: `{}` has {}, and 4 to 9 are wanted",
            shown(),
            count(number.len(), "character")
        )),
        _ if number.iter().any(|byte| !matches!(byte, b' '..=b'~')) => {
            Some(format!("ST02: `{}` holds what may not stand in a control number", shown()))
        }
        _ => None,
    }
}

/// Where reading goes on after what stands outside an interchange.
pub(super) enum Outside {
    At(usize),
    /// The message ends here.
    Stop,
    More,
    Wrapped,
    Plain,
}

impl<'g> Reader<'_, 'g> {
    /// Reads what stands where an ISA may stand: an ISA, or what is none.
    pub(super) fn interchange(
        &mut self,
        at: usize,
        last: bool,
        first: bool,
        draft: &mut Draft<'g>,
    ) -> Outside {
        if !is_isa(self.text, at) {
            return self.junk(at, last, first, draft);
        }
        if draft.content.has_segments || draft.content.opens_interchange {
            self.close_interchange(at, false);
            return Outside::Stop;
        }
        // Only a cut message leaves a level open before its first segment.
        self.close_interchange(at, false);
        let raw_at = self.origin.wrap.map_or(at, |wrap| self.raw_offset(wrap.from + at));
        let raw = self.raw.get(raw_at..).unwrap_or_default();
        let isa = match header(raw, last) {
            Header::More => return Outside::More,
            Header::Wrapped if self.origin.wrap.is_none() && self.may_wrap => return Outside::Wrapped,
            Header::Isa(_) if self.origin.wrap.is_some() => return Outside::Plain,
            Header::Isa(isa) => Some(isa),
            Header::Wrapped | Header::Broken if self.origin.wrap.is_some() => {
                match header(&self.text[at..], last) {
                    Header::More => return Outside::More,
                    Header::Isa(isa) => Some(isa),
                    Header::Wrapped | Header::Broken => None,
                }
            }
            Header::Wrapped | Header::Broken => None,
        };
        draft.content.opens_interchange = true;
        let Some(isa) = isa else {
            let left = self.text.len() - at;
            let (code, message) = if last && left < ISA_LEN {
                (TRUNCATED, format!("the file ends after {left} of the {ISA_LEN} bytes of its ISA"))
            } else {
                (SHORT_ISA, "the ISA cannot be taken apart; what follows it is left unread".to_owned())
            };
            self.report_at(code, Grade::Error, at, "TA1 022", message);
            self.envelope.interchange = Interchange::default();
            return self.skip_to_isa(at + 3, last);
        };
        self.open(at, &isa, last, draft)
    }

    fn raw_offset(&self, at: usize) -> usize {
        self.origin.wrap.map_or(at, |wrap| raw_place(wrap.breaks, at).offset)
    }

    fn open(&mut self, at: usize, isa: &Isa<'_>, last: bool, draft: &mut Draft<'g>) -> Outside {
        let element = |n: usize| Short::new(isa.element(n));
        self.envelope.interchange = Interchange {
            number: element(13),
            sender: element(6),
            identity: [5, 6, 7, 8, 13, 15].map(element),
            groups: 0,
            content: 0,
            number_place: self.origin.place(self.text, at + isa.offset(13)),
            sent: [9, 10].map(element),
            wants_answer: element(14).bytes() == b"1",
        };
        self.envelope.interchanges += 1;
        self.envelope.group = Group::default();
        self.envelope.set = OpenSet::default();
        let mut unreadable = false;
        for (code, message) in isa.delimiters.faults() {
            self.report_at(
                BAD_DELIMITER,
                Grade::Error,
                at,
                code,
                format!("{message}; the interchange is left unread"),
            );
            unreadable = true;
        }
        if unreadable {
            return self.skip_to_isa(at + 3, last);
        }
        if !isa.is_fixed() {
            let message =
                format!("the ISA has {} bytes instead of 106; its separators were counted", isa.len);
            self.report_at(SHORT_ISA, Grade::Warning, at, "TA1 022", message);
        }
        for (n, code, message) in self.codes.faults(element) {
            let kind = match n {
                9 | 10 => BAD_DATE,
                13 => BAD_NUMBER,
                _ => ENVELOPE,
            };
            self.report_at(kind, Grade::Warning, at + isa.offset(n), code, message);
        }
        if self.envelope.interchange.is_test() {
            let message = "ISA15: the sender marks this interchange as a test".to_owned();
            self.report_at(ENVELOPE, Grade::Info, at + isa.offset(15), "", message);
        }
        self.envelope.delimiters = isa.delimiters;
        self.envelope.level = Level::Interchange;
        let end = at + isa.len;
        if isa.delimiters.segment == b'\n' {
            draft.lines += 1;
        }
        (draft.content_from, draft.segments_end) = (end, end);
        Outside::At(end)
    }

    /// Text outside any interchange.
    fn junk(&mut self, at: usize, last: bool, first: bool, draft: &mut Draft<'g>) -> Outside {
        let next = match self.skip_to_isa(at, last) {
            Outside::At(next) => next,
            other => return other,
        };
        if first && next == self.text.len() && !draft.content.has_segments && !draft.content.opens_interchange
        {
            return Outside::At(next);
        }
        let message = format!("{} bytes stand outside any interchange", next - at);
        self.report_at(NOT_EDI, Grade::Warning, at, "TA1 022", message);
        Outside::At(next)
    }

    fn skip_to_isa(&self, from: usize, last: bool) -> Outside {
        match find_isa(self.text, from) {
            Some(next) => Outside::At(next),
            None if last => Outside::At(self.text.len()),
            None => Outside::More,
        }
    }

    pub(super) fn set(&mut self, raw: RawSegment, draft: &mut Draft<'g>) -> Next {
        self.close_set(raw.start as usize);
        if draft.content.has_body() {
            self.scratch.ends.truncate(raw.ends_from as usize);
            return Next::Stop;
        }
        if self.envelope.level == Level::Interchange {
            self.report(ENVELOPE, Grade::Warning, &raw, 0, "TA1 024", "the set stands outside any group");
            self.envelope.group = Group::default();
        }
        let segment = self.view(&raw);
        let (id, control) = (Short::new(segment.value(1)), Short::new(segment.value(2)));
        self.envelope.level = Level::Set;
        self.envelope.group.sets += 1;
        self.envelope.set = OpenSet { id, number: control, segments: 1 };
        draft.content.is_set = true;
        draft.layout = self.grammar.x12.set(id.bytes());
        match draft.layout {
            Some(set) => {
                let code = self.envelope.group.code;
                if code.some().is_some() && !set.groups.iter().any(|group| group.as_bytes() == code.bytes()) {
                    let code = code.bytes().escape_ascii();
                    let message =
                        format!("set {} stands in a group `{code}`; it is read all the same", set.id);
                    self.report(ENVELOPE, Grade::Info, &raw, 1, "AK905 1", message);
                }
            }
            None if id.some().is_none() => {
                self.report(
                    BAD_ELEMENT,
                    Grade::Warning,
                    &raw,
                    1,
                    "AK502 6",
                    "ST01, the set's identifier, is blank",
                );
            }
            None if id.bytes().len() != SET_ID_CHARS => {
                let id = id.bytes().escape_ascii();
                let message =
                    format!("ST01: `{id}` has not three characters; the set is carried without reading");
                self.report(UNKNOWN_SET, Grade::Warning, &raw, 1, "AK502 6", message);
            }
            None => self.unread_set(raw, &id.bytes().escape_ascii().to_string()),
        }
        self.set_number(&raw, control, !draft.content.opens_group);
        self.scratch.segments.push(raw);
        Next::Took
    }

    /// Looks at ST02. `may_repeat` when other sets stand before it in the group.
    fn set_number(&mut self, raw: &RawSegment, control: Short, may_repeat: bool) {
        if let Some(message) = number_fault(self.view(raw).value(2)) {
            self.report(BAD_ELEMENT, Grade::Warning, raw, 2, "AK502 7", message);
        }
        if may_repeat && control.some().is_some() && self.seen.sets.contains(control.bytes()) {
            let message = format!("ST02: `{}` stands twice in this group", control.bytes().escape_ascii());
            self.report(DUPLICATE_CONTROL_NUMBER, Grade::Warning, raw, 2, "AK502 23", message);
        }
    }

    pub(super) fn unread_set(&mut self, raw: RawSegment, id: &str) {
        let message = format!("{id} is carried without reading");
        self.report(UNKNOWN_SET, Grade::Info, &raw, 0, "AK502 1", message);
    }

    pub(super) fn group(&mut self, raw: RawSegment, draft: &mut Draft<'g>) -> Next {
        self.close_group(raw.start as usize);
        if draft.content.has_body() {
            self.scratch.ends.truncate(raw.ends_from as usize);
            return Next::Stop;
        }
        let segment = self.view(&raw);
        let [code, sender, receiver, date, time, number_text, version] =
            [1, 2, 3, 4, 5, 6, 8].map(|n| Short::new(segment.value(n)));
        let release = self.grammar.x12.release(version.bytes());
        self.envelope.level = Level::Group;
        self.envelope.interchange.groups += 1;
        self.envelope.group = Group {
            code,
            sender,
            receiver,
            number: number_text,
            version,
            release: release.unwrap_or_default(),
            sets: 0,
            claimed: None,
        };
        draft.content.opens_group = true;
        if release.is_none() {
            let message = format!("GS08: `{}` names no release of X12", version.bytes().escape_ascii());
            self.report(ENVELOPE, Grade::Warning, &raw, 8, "AK905 2", message);
        }
        match number(number_text.bytes()) {
            None => {
                let message = format!("GS06: `{}` is no number", number_text.bytes().escape_ascii());
                self.report(BAD_NUMBER, Grade::Warning, &raw, 6, "AK905 6", message);
            }
            Some(number)
                if self.seen.groups.contains(number_text.bytes()) && !draft.content.opens_interchange =>
            {
                let message = format!("GS06: {number} stands twice in this interchange");
                self.report(DUPLICATE_CONTROL_NUMBER, Grade::Warning, &raw, 6, "AK905 19", message);
            }
            Some(_) => {}
        }
        if value::date(date.bytes()).or(value::short_date(date.bytes())).is_none() {
            let message = format!("GS04: `{}` is no date", date.bytes().escape_ascii());
            self.report(BAD_DATE, Grade::Warning, &raw, 4, "AK905 30", message);
        }
        if value::time(time.bytes()).is_none() {
            let message = format!("GS05: `{}` is no time", time.bytes().escape_ascii());
            self.report(BAD_DATE, Grade::Warning, &raw, 5, "AK905 31", message);
        }
        self.scratch.ends.truncate(raw.ends_from as usize);
        Next::Took
    }
}
