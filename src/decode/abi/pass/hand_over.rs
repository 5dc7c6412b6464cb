//! Messages, and bytes that are none, go to the sink; the state behind them is kept for the next window.

use super::{Context, Header, Open, Pass, State};
use crate::decode::abi::Transaction;
use crate::decode::abi::framing::Framed;
use crate::decode::abi::inspect::Findings;
use crate::decode::{Body, Control, Message, Standard};
use crate::grammar::abi::Tag;
use crate::place::{Grade, Place, Span, finding_code};

impl<'p, 'g: 'p> Pass<'p, 'g> {
    /// Bytes that are part of no message are not kept: only where they began and how long they are.
    pub(super) fn junk(&mut self, framed: &Framed<'_>) {
        if !self.records.is_empty() || self.headed {
            self.flush();
        }
        let begin = self.base + self.start as u64;
        let length = self.at as u64 + framed.length as u64 - self.start as u64;
        let junk = self.work.junk.get_or_insert(Span { offset: begin, length: 0, line: self.start_line });
        junk.length += length;
        self.start = self.at + framed.length;
        self.start_line = self.work.line + 2;
        self.findings.clear();
        let saved =
            State { offset: self.base + self.start as u64, line: self.work.line + 1, ..self.work.clone() };
        *self.saved = saved;
    }

    /// Hands the bytes that belong to no message over, as one piece.
    pub(super) fn report_junk(&mut self) {
        let Some(span) = self.work.junk.take() else { return };
        let place = Place { offset: span.offset, line: span.line, column: None };
        let message = format!("{} bytes are neither ABI records nor X12", span.length);
        self.hand_over_nothing(finding_code::NOT_EDI, Grade::Error, place, message, span);
        self.changed = true;
        // After handing over, so that neither the piece nor the mark of the file's start is told twice.
        let offset = self.base + self.start as u64;
        *self.saved = State { offset, line: self.start_line - 1, ..self.work.clone() };
    }

    pub(super) fn hand_over_nothing(
        &mut self,
        code: &'static str,
        grade: Grade,
        place: Place,
        text: String,
        span: Span,
    ) {
        let mut findings = Findings::default();
        findings.push(code, grade, place, text);
        self.note_mark(&mut findings);
        let message = Message {
            index: *self.index,
            standard: Standard::Abi,
            name: None,
            release: None,
            control: Control::default(),
            span,
            body: Body::Nothing,
            findings: findings.close(place),
        };
        *self.index += 1;
        self.sink.message(&message);
    }

    pub(super) fn note_mark(&mut self, findings: &mut Findings) {
        if std::mem::take(&mut self.work.marked) {
            self.changed = true;
            let place = Place { offset: 0, line: 1, column: Some(1) };
            findings.push(
                finding_code::ENCODING,
                Grade::Info,
                place,
                "the file begins with a byte-order mark",
            );
        }
    }

    /// Hands the collected message over and begins the next one at `at`.
    pub(super) fn flush(&mut self) {
        self.report_junk();
        let offset = self.base + self.start as u64;
        let span = Span { offset, length: (self.at - self.start) as u64, line: self.start_line };
        let place = Place { offset, line: self.start_line, column: None };
        if self.work.marked {
            let mut findings = std::mem::take(self.findings);
            self.note_mark(&mut findings);
            *self.findings = findings;
        }
        self.settle_application();
        if matches!(self.work.context, Context::Unknown) && !self.records.is_empty() {
            let message = "no envelope and no record tells the application";
            self.findings.push(finding_code::UNKNOWN_SET, Grade::Warning, place, message);
        }
        let name = match &self.work.context {
            Context::Described(application) => Some(&*application.id),
            Context::Named(id) => std::str::from_utf8(id).ok(),
            Context::Unknown => None,
        };
        let (batch, block) = (self.work.batch.as_ref(), self.work.block.as_ref());
        let application = match self.work.context {
            Context::Described(application) => Some(application),
            _ => None,
        };
        let filer = block.and_then(|block| block.field(&self.fields.filer));
        let sender = filer.or_else(|| batch.and_then(|batch| batch.field(&self.fields.sender)));
        let records = self.records.as_slice();
        let empty = name.is_none() && records.is_empty();
        let truncated = self.truncated;
        let message = Message {
            index: *self.index,
            standard: Standard::Abi,
            name,
            release: None,
            control: Control { sender, ..Control::default() },
            span,
            body: if empty {
                Body::Nothing
            } else {
                let (batch, block) = (batch.map(Header::record), block.map(Header::record));
                Body::Abi(Transaction { application, batch, block, records, truncated })
            },
            findings: self.findings.close(place),
        };
        self.sink.message(&message);
        *self.index += 1;
        self.begin();
    }

    /// What the first record left open: some applications begin alike.
    pub(super) fn settle_application(&mut self) {
        let Context::Described(application) = self.work.context else { return };
        if !self.work.inferred {
            return;
        }
        match &*application.id {
            "SX" => self.settle_release(),
            "AX" | "TX" => self.settle_answer(application),
            _ => {}
        }
    }

    /// An `SE10` without an envelope begins a filing or its answer; only the answer has an `SE90`.
    fn settle_release(&mut self) {
        const SE90: Tag = Tag::named(b"SE90");
        let answered = self.records.iter().any(|record| record.tag() == SE90);
        if !answered && let Some(filing) = self.grammar.abi.application(b"SE") {
            self.work.context = Context::Described(filing);
            self.changed = true;
        }
    }

    /// The next message begins at `at`; everything before it is done with.
    pub(super) fn begin(&mut self) {
        if self.block_ended || self.batch_ended {
            self.close_ended();
        } else if let Context::Described(application) = self.work.context
            && self.work.inferred
            && let Some(first) = first_guess(&application.id)
            && let Some(first) = self.grammar.abi.application(first)
        {
            self.work.context = Context::Described(first);
            self.changed = true;
        }
        self.start = self.at;
        self.start_line = self.work.line + 1;
        self.records.clear();
        self.findings.clear();
        self.open = Open::default();
        self.headed = false;
        self.truncated = false;
        self.work.offset = self.base + self.at as u64;
        if std::mem::take(&mut self.changed) {
            self.saved.clone_from(&self.work);
        } else {
            let State { offset, line, block_records, .. } = self.work;
            (self.saved.offset, self.saved.line, self.saved.block_records) = (offset, line, block_records);
        }
    }

    /// Forgets the headers whose trailers were seen.
    pub(super) fn close_ended(&mut self) {
        self.changed = true;
        if self.batch_ended {
            self.work.batch = None;
        }
        if self.block_ended {
            self.work.block = None;
            self.work.block_records = 0;
            match self.work.batch {
                Some(batch) => self.set_context(self.fields.batch_application.of(&batch.bytes)),
                None => {
                    self.work.context = Context::Unknown;
                    self.work.inferred = false;
                    self.work.answers_tib = false;
                }
            }
        }
        self.batch_ended = false;
        self.block_ended = false;
    }

    /// The file ends here.
    pub(super) fn finish(&mut self) {
        let place = Place { offset: self.base + self.at as u64, line: self.work.line.max(1), column: None };
        if !self.records.is_empty() || self.headed || self.block_ended {
            self.unfinished(place, true);
            self.flush();
        } else if let Some(junk) = &mut self.work.junk {
            junk.length += (self.at - self.start) as u64;
        }
        self.report_junk();
        if *self.index == 0 {
            let span = Span { offset: 0, length: place.offset, line: 1 };
            let place = Place { offset: 0, line: 1, column: None };
            let text = "the file holds nothing but blanks".to_owned();
            self.hand_over_nothing(finding_code::EMPTY, Grade::Error, place, text, span);
        }
        self.begin();
    }

    /// The window is full and the message has no end in it.
    pub(super) fn cut(&mut self) {
        let place = Place { offset: self.base + self.at as u64, line: self.work.line.max(1), column: None };
        if self.records.is_empty() && !self.headed {
            return self.begin();
        }
        let message = format!("the message is longer than {} bytes and is cut here", self.at - self.start);
        self.findings.push(finding_code::OVERLONG_MESSAGE, Grade::Error, place, message);
        self.flush();
    }
}

/// What the records of an application that they alone tell are collected as, until the last one of a message is there.
fn first_guess(application: &str) -> Option<&'static [u8]> {
    match application {
        "SE" => Some(b"SX"),
        "TX" => Some(b"AX"),
        _ => None,
    }
}
