//! One walk over a window: records to transactions.

mod answer;
mod classify;
mod envelope;
mod hand_over;
mod judge;

use super::framing::{self, Framed, Framing, Next};
use super::infer;
use super::inspect::{self, Described, Findings, Seen};
use super::split::{self, Ahead, Open, Verdict};
use super::{AbiDecoder, RECORDS_MAX, Record};
use crate::decode::Sink;
use crate::grammar::Grammar;
use crate::grammar::abi::{
    Application, ControlFields, FieldAt, Filled, RECORD_WIDTH, RecordEntry, RecordLayout, Split, Tag,
};
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
    filled: Filled,
}

impl<'g> Header<'g> {
    fn new(bytes: &[u8], layout: Option<&'g RecordLayout>, place: Place) -> Self {
        let mut copy = [b' '; RECORD_WIDTH];
        copy[..bytes.len()].copy_from_slice(bytes);
        Self { bytes: copy, layout, place, filled: Filled::of_full(&copy) }
    }

    /// A field without the blanks around it, when it holds something.
    #[inline]
    fn field(&self, at: &FieldAt) -> Option<&[u8]> {
        self.bytes.get(self.filled.within(at)?)
    }

    #[inline]
    fn record<'a>(&'a self) -> Record<'a>
    where
        'g: 'a,
    {
        Record { bytes: &self.bytes, layout: self.layout, place: self.place, filled: self.filled }
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
    /// The context was told by the records, or by an envelope that contradicts itself.
    inferred: bool,
    /// The last answer of those that only their records tell was TX, not AX.
    answers_tib: bool,
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

/// What the tables say of a record that the application in hand has.
#[derive(Clone, Copy)]
struct Expected<'g> {
    application: &'g Application,
    layout: &'g RecordLayout,
    entry: RecordEntry,
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
            if self.framing == Framing::Lines(b'\n') {
                while self.take_whole_line() {}
            }
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
    #[inline(always)]
    fn take_whole_line(&mut self) -> bool {
        let input = &self.window[self.at..];
        let Ok((rest, bytes)) = framing::whole_line(input) else { return false };
        let length = input.len() - rest.len();
        let Some((application, layout, entry)) = self.expected(bytes) else { return false };
        let seen = Seen { is_odd: layout.is_odd(bytes), filled: Filled::of_full(bytes) };
        if seen.is_odd && !framing::is_one_line(bytes) {
            return false;
        }
        let place = Place { offset: self.base + self.at as u64, line: self.work.line + 1, column: None };
        let expected = Expected { application, layout, entry };
        if !self.expected_data(expected, bytes, seen, length, place) {
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
        if matches!(part, Part::Junk) {
            self.junk(&framed);
            self.step(framed.length);
            return true;
        }
        let taken = self.put(&part, bytes, &framed, place);
        if !taken || matches!(self.ending, Ending::Window) && self.waits_for_more(bytes, framed.length) {
            return false;
        }
        self.note_edges(&framed, excess, place);
        self.step(framed.length);
        true
    }

    /// Puts one record where it belongs.
    fn put(&mut self, part: &Part<'g>, bytes: &'p [u8], framed: &Framed<'p>, place: Place) -> bool {
        match *part {
            Part::Data { layout, entry, described } => {
                self.data(bytes, layout, entry, described, framed, place)
            }
            Part::Inferred(application) => {
                self.enter(application);
                let (layout, entry, described) = self.describe(application, bytes);
                self.data(bytes, layout, entry, described, framed, place)
            }
            _ => {
                self.control(part, bytes, framed, place);
                true
            }
        }
    }

    /// Whether a message is collected as this application still. Where records alone tell it, the end of a message leaves it open again,
    /// and the record behind is looked at anew: as it is when a window begins with it.
    fn is_collected_as(&self, application: &Application) -> bool {
        self.application().is_some_and(|now| std::ptr::eq(now, application))
    }

    /// The usual case: inside a block, a record that the application has.
    #[inline(always)]
    fn expected(&self, bytes: &[u8]) -> Option<(&'g Application, &'g RecordLayout, RecordEntry)> {
        let Context::Described(application) = self.work.context else { return None };
        if self.block_ended || self.batch_ended {
            return None;
        }
        let entry = application.entry(Tag::of(bytes))?;
        Some((application, self.grammar.abi.choose(entry, bytes), entry))
    }

    /// The same as [`Self::data`] for a whole record that the application describes.
    #[inline(always)]
    fn expected_data(
        &mut self,
        Expected { application, layout, entry }: Expected<'g>,
        bytes: &'p [u8; RECORD_WIDTH],
        seen: Seen,
        length: usize,
        place: Place,
    ) -> bool {
        // Made where it is wanted: a record that is put together once and copied costs more than one made twice.
        let record = || Record { bytes, layout: Some(layout), place, filled: seen.filled };
        let simple = matches!(application.split, Split::Starts | Split::Block);
        let starts = if simple {
            application.split == Split::Starts && entry.starts() && self.begins_new()
        } else {
            match self.boundary(application, &record(), Some(entry), length) {
                Some(starts) => starts,
                None => return false,
            }
        };
        if starts {
            self.flush();
            if !self.is_collected_as(application) {
                return false;
            }
        }
        if self.records.len() >= RECORDS_MAX {
            self.cut_records(place);
        }
        if entry.others() > 0 && layout.version_fits(bytes) == Some(false) {
            self.note_version(bytes, layout, place);
        }
        let described = Described { layout, application: Some(application) };
        inspect::full_record(bytes, bytes, described, seen, place, self.findings);
        if simple {
            self.open.lead(entry.leads(), self.records.is_empty());
        } else {
            split::joined(
                Some(application),
                self.fields,
                &mut self.open,
                &self.records,
                &record(),
                Some(entry),
            );
        }
        self.records.push(record());
        self.work.block_records += 1;
        true
    }

    /// A record that starts a transaction comes after records that do not only lead to it.
    fn begins_new(&self) -> bool {
        !self.records.is_empty() && !self.open.only_leads()
    }

    /// Whether a record starts a new transaction; `None` when the record behind it must be seen first and the window
    /// does not hold it.
    #[inline(never)]
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

    fn step(&mut self, length: usize) {
        self.at += length;
        self.work.line += 1;
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
        let record = Record::new(bytes, layout.map(|layout| layout as &'p RecordLayout), place);
        let application = self.application();
        if let Some(application) = application {
            match self.boundary(application, &record, entry, framed.length) {
                Some(true) => {
                    self.flush();
                    if !self.is_collected_as(application) {
                        let part = self.classify(bytes, framed.length);
                        return self.put(&part, bytes, framed, place);
                    }
                }
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
}

#[inline]
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\t'))
}
