//! The envelope's own records: what they open and close, and whether headers and trailers agree.

use super::{Context, Header, Part, Pass, infer, inspect};
use crate::decode::abi::framing::Framed;
use crate::grammar::abi::{Direction, FieldAt};
use crate::place::{Grade, Place, finding_code};

impl<'p, 'g: 'p> Pass<'p, 'g> {
    pub(super) fn control(&mut self, part: &Part<'g>, bytes: &'p [u8], framed: &Framed<'p>, place: Place) {
        match part {
            Part::BatchStart => self.batch_start(bytes, place),
            Part::BlockStart => self.block_start(bytes, place),
            Part::BlockEnd => self.block_end(bytes, place),
            _ => self.batch_end(bytes, place),
        }
        let direction = self.direction();
        if let Some(layout) = self.grammar.abi.control(bytes, direction) {
            if self.is_cut_off(framed, layout) {
                self.note_cut_off(framed, place);
            } else {
                let described = inspect::Described { layout, application: None };
                inspect::record(bytes, described, place, self.findings);
            }
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.application().map_or(Direction::Out, |application| application.direction)
    }

    pub(super) fn batch_start(&mut self, bytes: &[u8], place: Place) {
        self.unfinished(place, true);
        self.block_ended = true;
        self.batch_ended = true;
        if !self.records.is_empty() || self.headed {
            self.flush();
        }
        self.report_junk();
        self.close_ended();
        self.set_context(self.fields.batch_application.of(bytes));
        let layout = self.grammar.abi.control(bytes, self.direction());
        self.work.batch = Some(Header::new(bytes, layout, place));
        self.changed = true;
        self.headed = true;
    }

    pub(super) fn block_start(&mut self, bytes: &[u8], place: Place) {
        self.unfinished(place, false);
        let headed = self.work.block.is_some();
        self.block_ended = true;
        if !self.records.is_empty() || headed {
            self.flush();
        }
        self.report_junk();
        self.close_ended();
        if infer::is_generated(bytes) {
            self.work.context = Context::Described(self.grammar.abi.rejected());
            self.work.inferred = false;
        } else if !self.fields.block_application.of(bytes).is_empty() {
            self.name_application(bytes, place);
        }
        let layout = self.grammar.abi.control(bytes, self.direction());
        self.work.block = Some(Header::new(bytes, layout, place));
        self.changed = true;
        self.work.block_records = 0;
        self.headed = true;
    }

    /// One batch carries one application, and A says which before B does (control chapter). Where they disagree A counts,
    /// until a record comes that only another application has.
    fn name_application(&mut self, block: &[u8], place: Place) {
        let at = self.fields.block_application;
        let said = at.of(block);
        let batch = self.work.batch;
        let batch = batch.as_ref().map_or(&b""[..], |batch| self.fields.batch_application.of(&batch.bytes));
        if batch.is_empty() || batch == said {
            return self.set_context(said);
        }
        let abi = &self.grammar.abi;
        let is_described = abi.application(batch).is_some() || abi.application(said).is_none();
        let counts = if is_described { batch } else { said };
        let message = format!(
            "the B record has the application `{}` where its A record has `{}`; the block is read as `{}`, unless its \
             records tell another",
            inspect::quote(said),
            inspect::quote(batch),
            inspect::quote(counts)
        );
        let place = Place { column: Some(at.column()), ..place };
        self.findings.push(finding_code::CONTROL_MISMATCH, Grade::Warning, place, message);
        self.set_context(counts);
        self.work.inferred = true;
    }

    pub(super) fn set_context(&mut self, id: &[u8]) {
        self.work.inferred = false;
        self.work.answers_tib = false;
        self.work.context = match (self.grammar.abi.application(id), id) {
            (Some(application), _) => Context::Described(application),
            (None, &[a, b]) => Context::Named([a, b]),
            (None, _) => Context::Unknown,
        };
    }

    pub(super) fn block_end(&mut self, bytes: &[u8], place: Place) {
        match self.work.block {
            Some(block) if !infer::is_generated(bytes) => {
                let echo = self.fields.block_echo;
                self.compare(&echo, &block.bytes, bytes, "Y", "B", place);
            }
            Some(_) => {}
            None => self.note_envelope(place, "a Y record ends a block that no B record began"),
        }
        self.count(bytes, place);
        self.block_ended = true;
    }

    pub(super) fn batch_end(&mut self, bytes: &[u8], place: Place) {
        if self.work.block.is_some() && !self.block_ended {
            self.note_missing("Y", place);
        }
        match self.work.batch {
            Some(batch) if !infer::is_generated(bytes) => {
                let echo = self.fields.batch_echo;
                self.compare(&echo, &batch.bytes, bytes, "Z", "A", place);
            }
            Some(_) => {}
            None => self.note_envelope(place, "a Z record ends a batch that no A record began"),
        }
        self.block_ended = true;
        self.batch_ended = true;
    }

    #[cold]
    pub(super) fn note_envelope(&mut self, place: Place, message: &'static str) {
        self.findings.push(finding_code::ENVELOPE, Grade::Warning, place, message);
    }

    #[cold]
    pub(super) fn note_missing(&mut self, letter: &str, place: Place) {
        let what = if letter == "Y" { "block" } else { "batch" };
        let message = format!("the {what} has no {letter} record");
        self.findings.push(finding_code::MISSING_TRAILER, Grade::Warning, place, message);
    }

    /// Trailers that should stand before the next header, or the end of the file.
    pub(super) fn unfinished(&mut self, place: Place, batch: bool) {
        if self.work.block.is_some() && !self.block_ended {
            self.note_missing("Y", place);
        }
        if batch && self.work.batch.is_some() && !self.batch_ended {
            self.note_missing("Z", place);
        }
    }

    pub(super) fn compare(
        &mut self,
        echo: &[FieldAt],
        head: &[u8],
        tail: &[u8],
        own: &str,
        other: &str,
        place: Place,
    ) {
        let differs = |at: &&FieldAt| at.raw(head) != at.raw(tail) && at.of(head) != at.of(tail);
        for at in echo.iter().filter(differs) {
            let (said, wanted) = (inspect::quote(at.of(tail)), inspect::quote(at.of(head)));
            let message = format!("the {own} record has `{said}` where its {other} record has `{wanted}`");
            let place = Place { column: Some(at.column()), ..place };
            self.findings.push(finding_code::CONTROL_MISMATCH, Grade::Warning, place, message);
        }
    }

    /// The count is CBP's; brokers' software fills it with other things in what they send.
    pub(super) fn count(&mut self, bytes: &[u8], place: Place) {
        let at = self.fields.record_count;
        let said = at.of(bytes);
        let counted = self.work.block_records;
        let number = std::str::from_utf8(said).ok().and_then(|text| text.parse::<u64>().ok());
        if said.is_empty() || number == Some(counted) {
            return;
        }
        let grade = if self.direction() == Direction::In { Grade::Info } else { Grade::Warning };
        let message =
            format!("the Y record counts `{}` records, the block has {counted}", inspect::quote(said));
        let place = Place { column: Some(at.column()), ..place };
        self.findings.push(finding_code::COUNT_MISMATCH, grade, place, message);
    }
}
