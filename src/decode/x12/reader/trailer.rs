//! The trailers: what they claim against what was counted, and those that are missing.

use super::super::envelope::{Level, SE, Short};
use super::super::segment::RawSegment;
use super::super::value::{number, same_number};
use super::{Draft, Next, Reader};
use crate::place::finding_code::{
    BAD_NUMBER, CONTROL_MISMATCH, COUNT_MISMATCH, DUPLICATE_CONTROL_NUMBER, ENVELOPE, MISSING_TRAILER,
};
use crate::place::{Finding, Grade};

impl<'g> Reader<'_, 'g> {
    pub(super) fn set_trailer(&mut self, raw: RawSegment, draft: &mut Draft<'g>) -> Next {
        if self.envelope.level != Level::Set {
            return self.stray(raw, "SE");
        }
        draft.content.is_set = true;
        self.envelope.set.segments += 1;
        self.envelope.level = Level::Group;
        self.scratch.segments.push(raw);
        let (counted, control) = (self.envelope.set.segments, self.envelope.set.number);
        let what = "SE01 says {} segments, and there are";
        self.count(&raw, counted, what, "AK502 4");
        // One that is missing was told with the header.
        if control.some().is_some() {
            self.control(&raw, control, ("SE02", "ST02"), "AK502 3");
        }
        Next::Took
    }

    pub(super) fn group_trailer(&mut self, raw: RawSegment) -> Next {
        self.close_set(raw.start as usize);
        if self.envelope.level != Level::Group {
            return self.stray(raw, "GE");
        }
        let (counted, control) = (self.envelope.group.sets, self.envelope.group.number);
        self.envelope.group.claimed = number(self.view(&raw).value(1));
        self.count(&raw, counted, "GE01 says {} sets, and there are", "AK905 5");
        self.control(&raw, control, ("GE02", "GS06"), "AK905 4");
        self.envelope.level = Level::Interchange;
        self.scratch.ends.truncate(raw.ends_from as usize);
        Next::Took
    }

    pub(super) fn interchange_trailer(&mut self, raw: RawSegment, draft: &mut Draft<'g>) -> Next {
        self.close_group(raw.start as usize);
        let (counted, control) = (self.envelope.interchange.groups, self.envelope.interchange.number);
        self.count(&raw, counted, "IEA01 says {} groups, and there are", "TA1 021");
        self.control(&raw, control, ("IEA02", "ISA13"), "TA1 001");
        let end = self.scratch.ends.as_slice()[raw.ends_to as usize - 1] as usize;
        self.note_content(end, draft);
        self.envelope.level = Level::Outside;
        draft.content.closes_interchange = true;
        let interchange = &self.envelope.interchange;
        if let Some(content) = self.seen.interchange(&interchange.identity) {
            let same = content == interchange.content;
            let number = interchange.number.bytes().escape_ascii().to_string();
            let (grade, rest) = if same {
                (Grade::Warning, "with the same content")
            } else {
                (Grade::Error, "with other content; both were read")
            };
            let message = format!("interchange {number} of this sender stands in the file before, {rest}");
            let place = interchange.number_place;
            self.scratch
                .findings
                .push(|| Finding::new(DUPLICATE_CONTROL_NUMBER, grade, place, message).x12("TA1 025"));
        }
        self.scratch.ends.truncate(raw.ends_from as usize);
        Next::Took
    }

    /// A trailer without its header.
    fn stray(&mut self, raw: RawSegment, id: &str) -> Next {
        self.report(
            ENVELOPE,
            Grade::Warning,
            &raw,
            0,
            "TA1 022",
            format!("{id} closes nothing that is open"),
        );
        self.scratch.ends.truncate(raw.ends_from as usize);
        Next::Took
    }

    /// Compares element 1 of a trailer with what was counted. `{}` in `what` is the claim.
    fn count(&mut self, raw: &RawSegment, counted: u64, what: &str, code: &'static str) {
        let segment = self.view(raw);
        match number(segment.value(1)) {
            Some(claimed) if claimed == counted => {}
            Some(claimed) => {
                let message = format!("{} {counted}", what.replace("{}", &claimed.to_string()));
                self.report(COUNT_MISMATCH, Grade::Warning, raw, 1, code, message);
            }
            None => {
                let shown = segment.value(1).iter().take(12).copied().collect::<Vec<u8>>();
                let message =
                    format!("{} {counted}", what.replace("{}", &format!("`{}`", shown.escape_ascii())));
                self.report(BAD_NUMBER, Grade::Warning, raw, 1, code, message);
            }
        }
    }

    /// Compares element 2 of a trailer with the header's number. Those of sets are texts, all others are numbers.
    fn control(
        &mut self,
        raw: &RawSegment,
        header: Short,
        (trailer_name, header_name): (&str, &str),
        code: &'static str,
    ) {
        let is_text = raw.key == SE;
        let trailer = self.view(raw).value(2);
        if trailer == header.bytes() {
            return;
        }
        let trailer = Short::new(trailer);
        let is_same = match is_text {
            true => trailer.bytes() == header.bytes(),
            false => same_number(trailer.bytes(), header.bytes()),
        };
        if !is_same {
            let (trailer, header) = (trailer.bytes().escape_ascii(), header.bytes().escape_ascii());
            let message = format!("{trailer_name} is `{trailer}`, and {header_name} is `{header}`");
            self.report(CONTROL_MISMATCH, Grade::Warning, raw, 2, code, message);
        }
    }

    pub(super) fn close_set(&mut self, at: usize) {
        if self.envelope.level == Level::Set {
            let number = self.envelope.set.number;
            let message = format!("SE is missing: set {} is not closed", number.bytes().escape_ascii());
            self.report_at(MISSING_TRAILER, Grade::Error, at, "AK502 2", message);
            self.envelope.level = Level::Group;
        }
    }

    pub(super) fn close_group(&mut self, at: usize) {
        self.close_set(at);
        if self.envelope.level == Level::Group {
            let number = self.envelope.group.number;
            let message = format!("GE is missing: group {} is not closed", number.bytes().escape_ascii());
            self.report_at(MISSING_TRAILER, Grade::Warning, at, "AK905 3", message);
            self.envelope.level = Level::Interchange;
        }
    }

    pub(super) fn close_interchange(&mut self, at: usize, truncated: bool) {
        self.close_group(at);
        if self.envelope.level == Level::Interchange {
            if !truncated {
                let number = self.envelope.interchange.number;
                let message =
                    format!("IEA is missing: interchange {} is not closed", number.bytes().escape_ascii());
                self.report_at(MISSING_TRAILER, Grade::Error, at, "TA1 023", message);
            }
            self.envelope.level = Level::Outside;
        }
    }
}
