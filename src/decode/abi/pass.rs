//! One walk over a window: records to transactions, and the envelope's own checks.

use super::framing::{self, Framed, Framing, Next};
use super::infer::{self, Guess};
use super::inspect::{self, Findings};
use super::split::{self, Ahead, Open, Verdict};
use super::{AbiDecoder, RECORDS_MAX, Record, Transaction};
use crate::decode::{Body, Control, Message, Sink, Standard};
use crate::grammar::Grammar;
use crate::grammar::abi::{Application, ControlFields, Described, Direction, FieldAt, RECORD_WIDTH};
use crate::grammar::abi::{RecordEntry, RecordLayout, Split, Tag};
use crate::place::{Grade, Place, Span, finding_code};

/// What stands behind the last byte of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Nothing: the file ends.
    File,
    /// More, and the window may grow.
    Window,
    /// More, but the window cannot grow.
    Cut,
}

/// A copy of an A or B record, which outlives the window.
#[derive(Clone, Copy, Debug)]
pub struct Header<'g> {
    bytes: [u8; RECORD_WIDTH],
    layout: Option<&'g RecordLayout>,
    place: Place,
}

impl<'g> Header<'g> {
    fn new(bytes: &[u8], layout: Option<&'g RecordLayout>, place: Place) -> Self {
        let mut copy = [b' '; RECORD_WIDTH];
        copy[..bytes.len()].copy_from_slice(bytes);
        Self { bytes: copy, layout, place }
    }

    fn record<'a>(&'a self) -> Record<'a>
    where
        'g: 'a,
    {
        Record { bytes: &self.bytes, layout: self.layout, place: self.place }
    }
}

/// Which application the records belong to.
#[derive(Clone, Copy, Debug, Default)]
enum Context<'g> {
    #[default]
    Unknown,
    Described(&'g Application),
    /// An id without layouts here, known to CBP or not.
    Named([u8; 2]),
}

/// What the decoder knows at one byte of the file.
#[derive(Clone, Debug, Default)]
pub struct State<'g> {
    /// Of that byte.
    offset: u64,
    /// Records before it.
    line: u64,
    batch: Option<Header<'g>>,
    block: Option<Header<'g>>,
    context: Context<'g>,
    /// The context was told by the records, not by the envelope.
    inferred: bool,
    /// Records of the open block.
    block_records: u64,
    /// Bytes that belong to no message, not yet reported.
    junk: Option<Span>,
    /// The file began with a byte-order mark, not yet reported.
    marked: bool,
}

/// What a record is.
enum Part<'g> {
    BatchStart,
    BlockStart,
    BlockEnd,
    BatchEnd,
    Data {
        layout: Option<&'g RecordLayout>,
        entry: Option<RecordEntry>,
        described: bool,
    },
    /// The same, in an application that only the record itself tells.
    Inferred(&'g Application),
    Junk,
}

/// One walk. `start..at` is the message that is being collected.
pub struct Pass<'p, 'g> {
    grammar: &'g Grammar,
    fields: &'g ControlFields,
    saved: &'p mut State<'g>,
    index: &'p mut u64,
    findings: &'p mut Findings,
    sink: &'p mut dyn Sink,
    framing: Framing,
    window: &'p [u8],
    ending: Ending,
    work: State<'g>,
    /// Offset of the window's first byte.
    base: u64,
    start: usize,
    start_line: u64,
    at: usize,
    records: Vec<Record<'p>>,
    open: Open,
    /// A or B stands in the message.
    headed: bool,
    block_ended: bool,
    batch_ended: bool,
    truncated: bool,
    /// Headers or application changed since the state was saved.
    changed: bool,
}

impl<'p, 'g: 'p> Pass<'p, 'g> {
    pub fn new(
        decoder: &'p mut AbiDecoder<'g>,
        framing: Framing,
        window: &'p [u8],
        ending: Ending,
        sink: &'p mut dyn Sink,
    ) -> Self {
        decoder.findings.clear();
        let work = decoder.state.clone();
        Self {
            grammar: decoder.grammar,
            fields: decoder.grammar.abi.control_fields(),
            saved: &mut decoder.state,
            index: &mut decoder.index,
            findings: &mut decoder.findings,
            sink,
            framing,
            window,
            ending,
            base: work.offset,
            start_line: work.line + 1,
            work,
            start: 0,
            at: 0,
            records: Vec::new(),
            open: Open::default(),
            headed: false,
            block_ended: false,
            batch_ended: false,
            truncated: false,
            changed: true,
        }
    }

    /// Walks to the end of the window and answers how many bytes are done with.
    pub fn run(mut self) -> usize {
        if self.base == 0 {
            self.at = framing::byte_order_mark(self.window);
            self.work.marked = self.at > 0;
        }
        let last = self.ending == Ending::File;
        loop {
            while self.take_whole_line() {}
            match self.framing.next(&self.window[self.at..], last) {
                Next::Record(framed) => {
                    if !self.take(framed) {
                        break;
                    }
                }
                Next::More => break,
                Next::End => {
                    self.at = self.window.len();
                    break;
                }
            }
        }
        match self.ending {
            Ending::File => self.finish(),
            Ending::Window => {}
            Ending::Cut => self.cut(),
        }
        (self.saved.offset - self.base) as usize
    }

    /// The usual case: a line of 80 columns inside a block, which the application has. False when it is another case.
    #[inline]
    fn take_whole_line(&mut self) -> bool {
        if self.framing != Framing::Lines(b'\n') {
            return false;
        }
        let input = &self.window[self.at..];
        let Ok((rest, bytes)) = framing::whole_line(input) else { return false };
        let length = input.len() - rest.len();
        let Some((application, layout, entry)) = self.expected(bytes) else { return false };
        let place = Place { offset: self.base + self.at as u64, line: self.work.line + 1, column: None };
        if !self.expected_data(application, layout, entry, bytes, length, place) {
            return false;
        }
        self.step(length);
        true
    }

    /// Takes one record; false when the record behind it must be seen first and the window does not hold it.
    #[inline]
    fn take(&mut self, framed: Framed<'p>) -> bool {
        let place = Place { offset: self.base + self.at as u64, line: self.work.line + 1, column: None };
        let (bytes, excess) = framed.bytes.split_at(framed.bytes.len().min(RECORD_WIDTH));
        if is_blank(framed.bytes) {
            if framed.padded {
                self.note_padding(place);
            }
            self.step(framed.length);
            return true;
        }
        if (self.block_ended || self.batch_ended)
            && !infer::is_batch_end(bytes)
            && !infer::is_block_end(bytes)
        {
            self.flush();
        }
        let part = self.classify(bytes, framed.length);
        let taken = match part {
            Part::Data { layout, entry, described } => {
                self.data(bytes, layout, entry, described, &framed, place)
            }
            Part::Inferred(application) => {
                self.enter(application);
                let (layout, entry, described) = self.describe(application, bytes);
                self.data(bytes, layout, entry, described, &framed, place)
            }
            Part::Junk => {
                self.junk(&framed);
                self.step(framed.length);
                return true;
            }
            control => {
                self.control(&control, bytes, &framed, place);
                true
            }
        };
        if !taken || matches!(self.ending, Ending::Window) && self.waits_for_more(bytes, framed.length) {
            return false;
        }
        self.note_edges(&framed, excess, place);
        self.step(framed.length);
        true
    }

    /// The usual case: inside a block, a record that the application has.
    #[inline]
    fn expected(&self, bytes: &[u8]) -> Option<(&'g Application, &'g RecordLayout, RecordEntry)> {
        let Context::Described(application) = self.work.context else { return None };
        if self.block_ended || self.batch_ended {
            return None;
        }
        let entry = application.entry(Tag::of(bytes))?;
        Some((application, self.grammar.abi.choose(entry, bytes), entry))
    }

    /// The same as [`Self::data`] for a whole record that the application describes.
    #[inline]
    fn expected_data(
        &mut self,
        application: &'g Application,
        layout: &'g RecordLayout,
        entry: RecordEntry,
        bytes: &'p [u8],
        length: usize,
        place: Place,
    ) -> bool {
        let record = Record { bytes, layout: Some(layout), place };
        let simple = matches!(application.split, Split::Starts | Split::Block);
        let starts = if simple {
            application.split == Split::Starts && entry.starts() && self.begins_new()
        } else {
            match self.boundary(application, &record, Some(entry), length) {
                Some(starts) => starts,
                None => return false,
            }
        };
        if starts {
            self.flush();
        }
        if self.records.len() >= RECORDS_MAX {
            self.cut_records(place);
        }
        if entry.others() > 0 && layout.version_fits(bytes) == Some(false) {
            self.note_version(bytes, layout, place);
        }
        inspect::record(bytes, layout, place, self.findings);
        if simple {
            self.open.lead(entry.leads(), self.records.is_empty());
        } else {
            split::joined(
                Some(application),
                self.fields,
                &mut self.open,
                &self.records,
                &record,
                Some(entry),
            );
        }
        self.records.push(record);
        self.work.block_records += 1;
        true
    }

    /// A record that starts a transaction comes after records that do not only lead to it.
    fn begins_new(&self) -> bool {
        !self.records.is_empty() && !self.open.only_leads()
    }

    /// Whether a record starts a new transaction; `None` when the record behind it must be seen first and the window
    /// does not hold it.
    fn boundary(
        &self,
        application: &Application,
        record: &Record<'p>,
        entry: Option<RecordEntry>,
        length: usize,
    ) -> Option<bool> {
        let mut ahead = Ahead::Unseen;
        loop {
            match split::verdict(application, self.fields, &self.open, &self.records, record, entry, ahead) {
                Verdict::Joins => return Some(false),
                Verdict::Starts => return Some(true),
                Verdict::NeedsNext => ahead = Ahead::Seen(self.ahead(length).ok()?),
            }
        }
    }

    /// Cuts a message that has [`RECORDS_MAX`] records.
    #[cold]
    fn cut_records(&mut self, place: Place) {
        let message = format!("the message is cut after {RECORDS_MAX} records");
        self.findings.push(finding_code::OVERLONG_MESSAGE, Grade::Error, place, message);
        self.flush();
    }

    #[inline]
    fn note_edges(&mut self, framed: &Framed<'_>, excess: &[u8], place: Place) {
        if framed.padded {
            self.note_padding(place);
        }
        if !is_blank(excess) {
            self.note_excess(framed.bytes.len(), place);
        }
    }

    fn step(&mut self, length: usize) {
        self.at += length;
        self.work.line += 1;
    }

    /// A record `10` without an envelope is told by the one behind it.
    fn waits_for_more(&self, bytes: &[u8], length: usize) -> bool {
        matches!(self.work.context, Context::Unknown)
            && infer::application(bytes) == Guess::NeedsNext
            && matches!(self.ahead(length), Err(()))
    }

    #[inline]
    fn classify(&self, bytes: &[u8], length: usize) -> Part<'g> {
        if let Context::Described(application) = self.work.context {
            let (layout, entry, described) = self.describe(application, bytes);
            if described {
                return Part::Data { layout, entry, described };
            }
        }
        match bytes.first() {
            Some(b'A') if infer::is_batch_start(bytes) => return Part::BatchStart,
            Some(b'B') if infer::is_block_start(bytes) => return Part::BlockStart,
            Some(b'Y') if infer::is_block_end(bytes) => return Part::BlockEnd,
            Some(b'Z') if infer::is_batch_end(bytes) => return Part::BatchEnd,
            _ => {}
        }
        let free = matches!(self.work.context, Context::Unknown) || self.work.inferred;
        if free && let Some(application) = self.guess(bytes, length) {
            let same = matches!(self.work.context, Context::Described(now) if std::ptr::eq(now, application));
            if !same {
                return Part::Inferred(application);
            }
        }
        let placed = self.work.batch.is_some() || self.work.block.is_some();
        match self.work.context {
            Context::Unknown if !placed => Part::Junk,
            Context::Unknown | Context::Described(_) => {
                Part::Data { layout: None, entry: None, described: false }
            }
            Context::Named(_) => Part::Data { layout: None, entry: None, described: true },
        }
    }

    fn guess(&self, bytes: &[u8], length: usize) -> Option<&'g Application> {
        let id = match infer::application(bytes) {
            Guess::Application(id) => id,
            Guess::NeedsNext => infer::with_next(self.ahead(length).ok().flatten()),
            Guess::None => return None,
        };
        let abi = &self.grammar.abi;
        if id == crate::grammar::abi::BATCH_REJECTED {
            Some(abi.rejected())
        } else {
            abi.application(id.as_bytes())
        }
    }

    #[inline]
    fn describe(
        &self,
        application: &'g Application,
        bytes: &[u8],
    ) -> (Option<&'g RecordLayout>, Option<RecordEntry>, bool) {
        match self.grammar.abi.describe(application, bytes) {
            Described::Layout { layout, entry } => (Some(layout), Some(entry), true),
            Described::Undescribed => (None, None, true),
            Described::Unknown => (None, None, false),
        }
    }

    /// The record behind the one of `length` bytes; an error when the window ends before it.
    fn ahead(&self, length: usize) -> Result<Option<&'p [u8]>, ()> {
        let last = self.ending == Ending::File;
        let mut at = self.at + length;
        while let Some(rest) = self.window.get(at..) {
            match self.framing.next(rest, last) {
                Next::Record(framed) if is_blank(framed.bytes) => at += framed.length,
                Next::Record(framed) => {
                    return Ok(Some(&framed.bytes[..framed.bytes.len().min(RECORD_WIDTH)]));
                }
                Next::More if self.ending == Ending::Window => return Err(()),
                Next::More | Next::End => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The records themselves tell an application.
    fn enter(&mut self, application: &'g Application) {
        if !self.records.is_empty() {
            self.flush();
        }
        self.report_junk();
        self.changed = true;
        self.work.context = Context::Described(application);
        self.work.inferred = true;
    }

    #[inline]
    fn data(
        &mut self,
        bytes: &'p [u8],
        layout: Option<&'g RecordLayout>,
        entry: Option<RecordEntry>,
        described: bool,
        framed: &Framed<'p>,
        place: Place,
    ) -> bool {
        // A record that the end of the file cut off loses its layout, and goes with the records before it.
        let cut = layout.is_some_and(|layout| self.is_cut_off(framed, layout));
        let (layout, entry) = if cut { (None, None) } else { (layout, entry) };
        let record = Record { bytes, layout: layout.map(|layout| layout as &'p RecordLayout), place };
        let application = self.application();
        if let Some(application) = application {
            match self.boundary(application, &record, entry, framed.length) {
                Some(true) => self.flush(),
                Some(false) => {}
                None => return false,
            }
        }
        if self.records.len() >= RECORDS_MAX {
            self.cut_records(place);
        }
        if cut {
            self.truncated = true;
            self.note_cut_off(framed, place);
        } else {
            self.judge(&record, described, framed, place);
        }
        split::joined(application, self.fields, &mut self.open, &self.records, &record, entry);
        self.records.push(record);
        self.work.block_records += 1;
        true
    }

    fn application(&self) -> Option<&'g Application> {
        match self.work.context {
            Context::Described(application) => Some(application),
            _ => None,
        }
    }

    /// Findings about one record.
    #[inline]
    fn judge(&mut self, record: &Record<'p>, described: bool, framed: &Framed<'p>, place: Place) {
        match record.layout {
            Some(layout) => {
                if framed.open && self.framing == Framing::Fixed {
                    self.note_short(framed, place);
                }
                if layout.version_fits(record.bytes) == Some(false) {
                    self.note_version(record.bytes, layout, place);
                }
                inspect::record(record.bytes, layout, place, self.findings);
            }
            None => {
                if !described {
                    let id = inspect::quote(&record.bytes[..record.bytes.len().min(4)]);
                    let message = format!("no table describes the record `{id}`; it is kept as it stands");
                    self.findings.push(finding_code::UNKNOWN_RECORD, Grade::Warning, place, message);
                }
                if record.bytes.iter().any(|byte| !matches!(byte, b' '..=b'~')) {
                    inspect::characters(record.bytes, place, self.findings);
                }
            }
        }
    }

    /// Whether the end of the file took more than blanks from this record.
    fn is_cut_off(&self, framed: &Framed<'_>, layout: &RecordLayout) -> bool {
        framed.open && framed.bytes.len() < layout.least_width()
    }

    #[cold]
    fn note_cut_off(&mut self, framed: &Framed<'_>, place: Place) {
        let id = inspect::quote(&framed.bytes[..framed.bytes.len().min(4)]);
        let width = framed.bytes.len();
        let message = format!("the file ends after column {width} of the record `{id}`, which is not read");
        self.findings.push(finding_code::TRUNCATED, Grade::Error, place, message);
    }

    #[cold]
    fn note_short(&mut self, framed: &Framed<'_>, place: Place) {
        let width = framed.bytes.len();
        let message = format!("the last record has {width} columns where every record has {RECORD_WIDTH}");
        self.findings.push(finding_code::TRUNCATED, Grade::Warning, place, message);
    }

    #[cold]
    fn note_version(&mut self, bytes: &[u8], layout: &RecordLayout, place: Place) {
        let Some(at) = layout.version_at() else { return };
        let version = inspect::quote(at.of(bytes));
        let message = format!("no layout of {} is for version `{version}`; the newest is used", layout.id);
        let place = Place { column: Some(at.column()), ..place };
        self.findings.push(finding_code::UNKNOWN_RECORD, Grade::Warning, place, message);
    }

    #[cold]
    fn note_padding(&mut self, place: Place) {
        let message = "NUL or Ctrl-Z bytes at the end of the record were taken off";
        self.findings.push(finding_code::ENCODING, Grade::Info, place, message);
    }

    #[cold]
    fn note_excess(&mut self, length: usize, place: Place) {
        let message =
            format!("the record has {length} columns; what stands behind {RECORD_WIDTH} is not read");
        let place = Place { column: Some(RECORD_WIDTH as u32 + 1), ..place };
        self.findings.push(finding_code::OVERLONG_RECORD, Grade::Warning, place, message);
    }

    fn control(&mut self, part: &Part<'g>, bytes: &'p [u8], framed: &Framed<'p>, place: Place) {
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
                inspect::record(bytes, layout, place, self.findings);
            }
        }
    }

    fn direction(&self) -> Direction {
        self.application().map_or(Direction::Out, |application| application.direction)
    }

    fn batch_start(&mut self, bytes: &[u8], place: Place) {
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

    fn block_start(&mut self, bytes: &[u8], place: Place) {
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
            self.set_context(self.fields.block_application.of(bytes));
        }
        let layout = self.grammar.abi.control(bytes, self.direction());
        self.work.block = Some(Header::new(bytes, layout, place));
        self.changed = true;
        self.work.block_records = 0;
        self.headed = true;
    }

    fn set_context(&mut self, id: &[u8]) {
        self.work.inferred = false;
        self.work.context = match (self.grammar.abi.application(id), id) {
            (Some(application), _) => Context::Described(application),
            (None, &[a, b]) => Context::Named([a, b]),
            (None, _) => Context::Unknown,
        };
    }

    fn block_end(&mut self, bytes: &[u8], place: Place) {
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

    fn batch_end(&mut self, bytes: &[u8], place: Place) {
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
    fn note_envelope(&mut self, place: Place, message: &'static str) {
        self.findings.push(finding_code::ENVELOPE, Grade::Warning, place, message);
    }

    #[cold]
    fn note_missing(&mut self, letter: &str, place: Place) {
        let what = if letter == "Y" { "block" } else { "batch" };
        let message = format!("the {what} has no {letter} record");
        self.findings.push(finding_code::MISSING_TRAILER, Grade::Warning, place, message);
    }

    /// Trailers that should stand before the next header, or the end of the file.
    fn unfinished(&mut self, place: Place, batch: bool) {
        if self.work.block.is_some() && !self.block_ended {
            self.note_missing("Y", place);
        }
        if batch && self.work.batch.is_some() && !self.batch_ended {
            self.note_missing("Z", place);
        }
    }

    fn compare(&mut self, echo: &[FieldAt], head: &[u8], tail: &[u8], own: &str, other: &str, place: Place) {
        for at in echo.iter().filter(|at| at.of(head) != at.of(tail)) {
            let (said, wanted) = (inspect::quote(at.of(tail)), inspect::quote(at.of(head)));
            let message = format!("the {own} record has `{said}` where its {other} record has `{wanted}`");
            let place = Place { column: Some(at.column()), ..place };
            self.findings.push(finding_code::CONTROL_MISMATCH, Grade::Warning, place, message);
        }
    }

    /// The count is CBP's; brokers' software fills it with other things in what they send.
    fn count(&mut self, bytes: &[u8], place: Place) {
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

    /// Bytes that are part of no message are not kept: only where they began and how long they are.
    fn junk(&mut self, framed: &Framed<'_>) {
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
    fn report_junk(&mut self) {
        let Some(span) = self.work.junk.take() else { return };
        let place = Place { offset: span.offset, line: span.line, column: None };
        let message = format!("{} bytes are neither ABI records nor X12", span.length);
        self.hand_over_nothing(finding_code::NOT_EDI, Grade::Error, place, message, span);
        self.changed = true;
        // After handing over, so that neither the piece nor the mark of the file's start is told twice.
        let offset = self.base + self.start as u64;
        *self.saved = State { offset, line: self.start_line - 1, ..self.work.clone() };
    }

    fn hand_over_nothing(
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

    fn note_mark(&mut self, findings: &mut Findings) {
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
    fn flush(&mut self) {
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
        let batch = self.work.batch.as_ref().map(Header::record);
        let block = self.work.block.as_ref().map(Header::record);
        let application = match self.work.context {
            Context::Described(application) => Some(application),
            _ => None,
        };
        let filer = block.map(|block| block.field(self.fields.filer)).filter(|filer| !filer.is_empty());
        let sender = batch.map(|batch| batch.field(self.fields.sender)).filter(|sender| !sender.is_empty());
        let records = self.records.as_slice();
        let empty = name.is_none() && records.is_empty();
        let truncated = self.truncated;
        let message = Message {
            index: *self.index,
            standard: Standard::Abi,
            name,
            release: None,
            control: Control { sender: filer.or(sender), ..Control::default() },
            span,
            body: if empty {
                Body::Nothing
            } else {
                Body::Abi(Transaction { application, batch, block, records, truncated })
            },
            findings: self.findings.close(place),
        };
        self.sink.message(&message);
        *self.index += 1;
        self.begin();
    }

    /// An `SE10` without an envelope begins a filing or its answer; only the answer has an `SE90`.
    fn settle_application(&mut self) {
        const SE90: Tag = Tag::named(b"SE90");
        let Context::Described(application) = self.work.context else { return };
        if !self.work.inferred || &*application.id != "SX" {
            return;
        }
        let answered = self.records.iter().any(|record| record.tag() == SE90);
        if !answered && let Some(filing) = self.grammar.abi.application(b"SE") {
            self.work.context = Context::Described(filing);
            self.changed = true;
        }
    }

    /// The next message begins at `at`; everything before it is done with.
    fn begin(&mut self) {
        if self.block_ended || self.batch_ended {
            self.close_ended();
        } else if let Context::Described(application) = self.work.context
            && self.work.inferred
            && &*application.id == "SE"
            && let Some(answer) = self.grammar.abi.application(b"SX")
        {
            self.work.context = Context::Described(answer);
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
    fn close_ended(&mut self) {
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
                }
            }
        }
        self.batch_ended = false;
        self.block_ended = false;
    }

    /// The file ends here.
    fn finish(&mut self) {
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
            self.hand_over_nothing(finding_code::EMPTY, Grade::Warning, place, text, span);
        }
        self.begin();
    }

    /// The window is full and the message has no end in it.
    fn cut(&mut self) {
        let place = Place { offset: self.base + self.at as u64, line: self.work.line.max(1), column: None };
        if self.records.is_empty() && !self.headed {
            return self.begin();
        }
        let message = format!("the message is longer than {} bytes and is cut here", self.at - self.start);
        self.findings.push(finding_code::OVERLONG_MESSAGE, Grade::Error, place, message);
        self.flush();
    }
}

#[inline]
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\t'))
}
