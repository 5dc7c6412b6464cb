//! ABI: 80-column records in blocks and batches, cut into transactions.
//!
//! `framing` finds the records, `infer` tells what they are when the envelope is gone, `split` says where one
//! transaction ends, `inspect` finds what is wrong with a record, `pass` walks one window and puts it together.

mod framing;
pub mod infer;
mod inspect;
mod mask;
pub mod moment;
mod pass;
mod split;

pub use inspect::{UNEXPECTED_DATA, says_nothing};
pub use mask::PasswordMask;
pub use split::is_same;

use self::framing::Framing;
use self::inspect::Findings;
use self::pass::{Ending, Pass, State};
use super::{Decoder, Sink};
use crate::grammar::Grammar;
use crate::grammar::abi::{Application, FieldAt, Filled, RecordLayout, Tag};
use crate::place::Place;

/// A message of more records than this is cut with a finding.
pub const RECORDS_MAX: usize = 250_000;

/// One record of 80 columns. Trailing blanks may be missing; what stands behind column 80 is not part of it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub bytes: &'a [u8],
    /// `None` for records that no table describes, and for one that the end of the file cut off.
    pub layout: Option<&'a RecordLayout>,
    pub place: Place,
    filled: Filled,
}

impl<'a> Record<'a> {
    fn new(bytes: &'a [u8], layout: Option<&'a RecordLayout>, place: Place) -> Self {
        Self { bytes, layout, place, filled: Filled::of(bytes) }
    }

    /// A field without the blanks around it.
    #[inline(always)]
    pub fn field(&self, at: &FieldAt) -> &'a [u8] {
        self.filled_field(at).unwrap_or_default()
    }

    /// The same, or `None` when all of it is blank.
    #[inline(always)]
    pub fn filled_field(&self, at: &FieldAt) -> Option<&'a [u8]> {
        self.bytes.get(self.filled.within(at)?)
    }

    /// A field as it stands; what a short record lacks is missing.
    #[inline]
    pub fn raw(&self, at: FieldAt) -> &'a [u8] {
        at.raw(self.bytes)
    }

    /// The first four bytes.
    #[inline]
    pub fn tag(&self) -> Tag {
        Tag::of(self.bytes)
    }

    /// Where a field of this record begins.
    pub fn place_of(&self, at: FieldAt) -> Place {
        Place { column: Some(at.column()), ..self.place }
    }

    /// The record without its trailing blanks.
    pub fn trimmed(&self) -> &'a [u8] {
        // What is not blank may still be white space.
        self.bytes.get(..self.filled.end()).unwrap_or_default().trim_ascii_end()
    }
}

/// Applications whose records bear no date of their own: filings, answers, queries, and lists that hold for a day.
const DATED_BY_HEADER: [&str; 16] =
    ["AX", "SX", "AE", "SE", "CJ", "CL", "CO", "CQ", "CW", "EQ", "ER", "MS", "PF", "TE", "TS", "TX"];

/// Applications whose B record says what the records alone do not: which statement, preliminary or final.
const TOLD_BY_BLOCK: [&str; 2] = ["PF", "MS"];

/// B record, positions 13 to 44.
const STATEMENT: FieldAt = FieldAt::new(12, 44);

/// A record, positions 15 to 20.
const TRANSMISSION_DATE: FieldAt = FieldAt::new(14, 20);

/// What one block holds about one entry, bill or statement, with the headers that it stands under.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// `None` when no layout belongs to the application, or when it cannot be told.
    pub application: Option<&'a Application>,
    /// The A record.
    pub batch: Option<Record<'a>>,
    /// The B record.
    pub block: Option<Record<'a>>,
    /// Without A, B, Y and Z.
    pub records: &'a [Record<'a>],
    /// The end of the file cut the last record off; it stands there without a layout.
    pub truncated: bool,
}

impl Transaction<'_> {
    /// Feeds the bytes that identify the message to `hash`, so that a repeated message is known again: the records
    /// without envelope and trailing blanks, a line feed between them. A message whose records bear no date is told from
    /// another of the same words by the date in its header, a statement by what its B record says.
    pub fn own_bytes(&self, hash: &mut dyn FnMut(&[u8])) {
        let is_dated_by_header = self.application.is_some_and(|found| DATED_BY_HEADER.contains(&&*found.id));
        if let Some(batch) = self.batch.filter(|_| is_dated_by_header) {
            hash(batch.field(&TRANSMISSION_DATE));
            hash(b"\n");
        }
        let is_told_by_block = self.application.is_some_and(|found| TOLD_BY_BLOCK.contains(&&*found.id));
        if let Some(block) = self.block.filter(|_| is_told_by_block) {
            hash(block.field(&STATEMENT));
            hash(b"\n");
        }
        for record in self.records {
            hash(record.trimmed());
            hash(b"\n");
        }
    }
}

/// Reads ABI.
pub struct AbiDecoder<'g> {
    grammar: &'g Grammar,
    framing: Option<Framing>,
    /// As it was at the first byte that has not been handed over.
    state: State<'g>,
    /// Of the next message.
    index: u64,
    /// Kept for its capacity.
    findings: Findings,
}

impl<'g> AbiDecoder<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Self { grammar, framing: None, state: State::default(), index: 0, findings: Findings::default() }
    }

    fn pass(&mut self, window: &[u8], ending: Ending, sink: &mut dyn Sink) -> usize {
        let last = ending == Ending::File;
        let framing = match self.framing {
            Some(framing) => framing,
            None => {
                let detected = Framing::detect(window, last || ending == Ending::Cut);
                let Some(framing) = detected else { return 0 };
                *self.framing.insert(framing)
            }
        };
        Pass::new(self, framing, window, ending, sink).run()
    }
}

impl Decoder for AbiDecoder<'_> {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        self.pass(window, if last { Ending::File } else { Ending::Window }, sink)
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        self.pass(window, Ending::Cut, sink).max(1)
    }
}

#[cfg(test)]
mod tests;
