//! Bytes to messages: a tree of records or segments with findings, never an error.
//!
//! A file of any size is read through one window, which grows to the largest message and no further. One bad message
//! never takes a good one down with it, and what no table describes is carried.

pub mod abi;
pub mod csv;
pub mod digits;
pub mod json;
mod sniff;
pub mod x12;

use std::io::{self, Read};

pub use csv::ColumnNames;
pub use sniff::{Shape, sniff};

use crate::grammar::Grammar;
use crate::place::{Finding, Span};

/// What the window holds of a small file, in bytes. Most files are one message, and a window is zeroed before it is filled.
const SMALL_WINDOW_BYTES: usize = 64 << 10;

/// What the window holds of any other file at first, in bytes.
const WINDOW_BYTES: usize = 1 << 20;

/// The largest message that is kept whole, in bytes. What is longer is cut there with a finding.
/// CBP's own limit for one ocean 350 transmission is 12,582,912 bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Findings of one message beyond this number are counted in one last finding instead of being listed.
pub const FINDINGS_MAX: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standard {
    Abi,
    X12,
    /// Facts that people record, and the importer's own data.
    Json,
    /// A table with a header.
    Csv,
}

/// Who sent it and under which numbers; blank parts are `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Control<'a> {
    /// ABI: the filer of the block, else the sender of the batch. X12: ISA06, else GS02.
    pub sender: Option<&'a [u8]>,
    /// ISA13.
    pub interchange: Option<&'a [u8]>,
    /// GS06.
    pub group: Option<&'a [u8]>,
    /// ST02.
    pub set: Option<&'a [u8]>,
    /// ISA15 is `T`: the sender tries something out, and nothing that is said is so.
    pub is_test: bool,
}

/// One message: an ABI transaction (what one block holds about one entry, bill or statement) or an X12 set.
///
/// The first message of an envelope carries the headers before it in its span, the last one the trailers behind it,
/// so that the spans of a file's messages cover the file.
#[derive(Debug)]
pub struct Message<'a> {
    /// From 0 in the file.
    pub index: u64,
    pub standard: Standard,
    /// ABI application identifier, X12 set identifier or the kind of a JSON object; `None` when the piece holds no message at all.
    pub name: Option<&'a str>,
    /// GS08.
    pub release: Option<&'a str>,
    pub control: Control<'a>,
    pub span: Span,
    pub body: Body<'a>,
    pub findings: &'a [Finding],
}

/// What the message is made of.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    Abi(abi::Transaction<'a>),
    X12(x12::Set<'a>),
    Json(&'a json::Document<'a>),
    /// Not a message: only findings.
    Nothing,
}

/// Takes messages one after another. Each borrows from the window and is gone after the call.
pub trait Sink {
    fn message(&mut self, message: &Message<'_>);
}

impl<F: FnMut(&Message<'_>)> Sink for F {
    fn message(&mut self, message: &Message<'_>) {
        self(message);
    }
}

/// A reader of one standard, fed with windows.
///
/// `feed` hands every complete message at the start of `window` to the sink and answers how many bytes it is done
/// with. When `last` is false and a message is cut off by the end of the window, its bytes are left for the next call,
/// which sees them again at the start of a longer window. When `last` is true everything is consumed. Offsets in
/// findings and places count from the start of the file, which the decoder tracks by what it has consumed.
pub trait Decoder {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize;

    /// The window cannot grow further (see [`MESSAGE_BYTES_MAX`]): hand over what is there of the message with an
    /// `overlong-message` finding and answer how many bytes were taken, at least 1.
    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize;
}

/// Decodes bytes that are in memory.
pub fn decode(bytes: &[u8], grammar: &Grammar, sink: &mut dyn Sink) {
    let mut decoder = decoder_for(bytes, grammar, &ColumnNames::default());
    decoder.feed(bytes, true, sink);
}

/// Decodes a file of any size in bounded memory.
///
/// # Errors
/// Only when the reader fails.
pub fn decode_reader(reader: &mut dyn Read, grammar: &Grammar, sink: &mut dyn Sink) -> io::Result<()> {
    decode_reader_for(reader, grammar, &ColumnNames::default(), sink)
}

/// The same for a sender whose tables have columns of their own names.
///
/// # Errors
/// Only when the reader fails.
pub fn decode_reader_for(
    reader: &mut dyn Read,
    grammar: &Grammar,
    names: &ColumnNames,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    let mut window = vec![0u8; SMALL_WINDOW_BYTES];
    let mut filled = 0;
    let mut last = fill(reader, &mut window, &mut filled)?;
    if !last {
        window.resize(WINDOW_BYTES, 0);
        last = fill(reader, &mut window, &mut filled)?;
    }
    let mut decoder = decoder_for(&window[..filled], grammar, names);
    loop {
        let taken = decoder.feed(&window[..filled], last, sink).min(filled);
        if last {
            return Ok(());
        }
        if taken > 0 {
            window.copy_within(taken..filled, 0);
            filled -= taken;
        } else if window.len() < MESSAGE_BYTES_MAX {
            let grown = (window.len() * 2).min(MESSAGE_BYTES_MAX);
            window.resize(grown, 0);
        } else if filled == window.len() {
            let cut = decoder.cut(&window[..filled], sink).clamp(1, filled);
            window.copy_within(cut..filled, 0);
            filled -= cut;
        }
        last = fill(reader, &mut window, &mut filled)?;
    }
}

fn decoder_for<'g>(start: &[u8], grammar: &'g Grammar, names: &ColumnNames) -> Box<dyn Decoder + 'g> {
    match sniff(start) {
        Shape::X12 => Box::new(x12::X12Decoder::new(grammar)),
        Shape::Json => Box::new(json::JsonDecoder::new()),
        _ if csv::is_table(start, grammar, names) => Box::new(csv::CsvDecoder::new(grammar, names)),
        Shape::Abi | Shape::Other => Box::new(abi::AbiDecoder::new(grammar)),
    }
}

/// Fills the window; true at the end of the file.
fn fill(reader: &mut dyn Read, window: &mut [u8], filled: &mut usize) -> io::Result<bool> {
    while *filled < window.len() {
        match reader.read(&mut window[*filled..]) {
            Ok(0) => return Ok(true),
            Ok(count) => *filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
