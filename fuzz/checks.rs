//! What must hold for any bytes. The fuzz targets and `tests/fuzz_corpus.rs` run the same checks.
//!
//! Nothing panics; spans and places stay in the file; a file that comes in pieces reads as one that comes whole.
#![allow(dead_code, reason = "each fuzz target uses one of these checks")]

use std::path::Path;
use std::sync::LazyLock;

use entrywatch::config::Config;
use entrywatch::decode::{
    self, ColumnNames, Decoder, Message, abi::AbiDecoder, csv::CsvDecoder, json::JsonDecoder, x12::X12Decoder,
};
use entrywatch::grammar::abi::{Direction, Field, Format, RECORD_WIDTH, RecordLayout};
use entrywatch::grammar::{Grammar, Sources, embedded_sources};
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::{Finding, Place};

/// A first piece shorter than this may be too short to tell how the records of a file are cut.
const FIRST_PIECE_BYTES: usize = 1_024;

/// Records or segments that are laid out from one input.
const RECORDS_MAX: usize = 60;

/// Takes decisions from bytes, and the first choice when there are none left.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }
}

/// A record of this layout.
fn record(layout: &RecordLayout, dice: &mut Dice<'_>) -> [u8; RECORD_WIDTH] {
    let mut record = [b' '; RECORD_WIDTH];
    for field in layout.fields.iter().filter(|field| !field.is_filler()) {
        let columns = usize::from(field.at.start)..usize::from(field.at.end);
        let text = value(columns.len(), Some(field), dice);
        record[columns][..text.len()].copy_from_slice(text.as_bytes());
    }
    record[..layout.id.len()].copy_from_slice(layout.id.as_bytes());
    record
}

/// Up to `width` characters: blank, digits, a date, something that means something elsewhere, or what the bytes say.
fn value(width: usize, field: Option<&Field>, dice: &mut Dice<'_>) -> String {
    let date = match field.and_then(|field| field.format) {
        Some(Format::Yymmdd) => "260302",
        Some(Format::Hhmm) => "1415",
        Some(Format::Hhmmss) => "141500",
        Some(Format::Mmddyy) => "030226",
        None => "20260302",
    };
    let text = match dice.below(8) {
        0 => String::new(),
        1 | 2 => date.to_owned(),
        3 => "9Z700000419"[..11.min(width.max(3))].to_owned(),
        4 => (0..width).map(|_| char::from(b'0' + dice.byte() % 10)).collect(),
        5 => ["F", "P", "R", "A", "1H", "98", "995", "6B", "BM"][dice.below(9)].to_owned(),
        6 => "9".repeat(width),
        _ => (0..width).map(|_| char::from(b' ' + dice.byte() % 95)).collect(),
    };
    text.chars().filter(|c| !"*~>".contains(*c)).take(width).collect()
}

/// What was understood, in a form that can be compared.
#[derive(PartialEq, Eq, Debug)]
struct Read {
    messages: Vec<String>,
}

/// Reads bytes with the ABI reader, even when they look like X12.
pub fn abi(bytes: &[u8]) {
    decode_any(bytes);
    let grammar = Grammar::embedded();
    in_pieces(bytes, &|| Box::new(AbiDecoder::new(&grammar)));
}

/// Reads bytes with the X12 reader, even when they look like ABI.
pub fn x12(bytes: &[u8]) {
    decode_any(bytes);
    let grammar = Grammar::embedded();
    in_pieces(bytes, &|| Box::new(X12Decoder::new(&grammar)));
}

/// Reads bytes with the JSON reader, even when they are none.
pub fn json(bytes: &[u8]) {
    decode_any(bytes);
    in_pieces(bytes, &|| Box::new(JsonDecoder::new()));
}

/// Reads bytes as a table, even when they look like something else.
pub fn csv(bytes: &[u8]) {
    decode_any(bytes);
    let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
    in_pieces(bytes, &|| Box::new(CsvDecoder::new(&grammar, &names)));
}

/// Records of one ABI application, as the tables lay them out, with fields as the bytes say: what the families make of
/// values that no grammar forbids.
///
/// The first byte picks the application, each record one more, each of its fields one and what it fills.
pub fn families(bytes: &[u8]) {
    let grammar = Grammar::embedded();
    let mut dice = Dice(bytes);
    let applications: Vec<_> = grammar.abi.applications().collect();
    let application = applications[dice.below(applications.len())];
    let is_of = |layout: &&RecordLayout| layout.applications.contains(&application.id);
    let layouts: Vec<&RecordLayout> = grammar.abi.layouts().iter().filter(is_of).collect();
    if layouts.is_empty() {
        return;
    }
    let id = &application.id;
    let ending = if application.direction == Direction::In { "     " } else { "00001" };
    let mut text =
        format!("{:80}\n{:80}\n", format!("A27049Z7      030226     {id}"), format!("B  27049Z7{id}"));
    for _ in 0..RECORDS_MAX {
        if dice.0.is_empty() {
            break;
        }
        let layout = layouts[dice.below(layouts.len())];
        text.push_str(&String::from_utf8_lossy(&record(layout, &mut dice)));
        text.push('\n');
    }
    text += &format!("{:80}\n{:80}\n", format!("Y  27049Z7{id}{ending}"), "Z27049Z7      030226");
    abi(text.as_bytes());
}

/// Segments of one X12 set in a faultless envelope, with elements as the bytes say.
///
/// The first byte picks the set, the second the release, each segment one more, each of its elements one and what it fills.
pub fn sets(bytes: &[u8]) {
    let grammar = Grammar::embedded();
    let mut dice = Dice(bytes);
    let sets: Vec<_> = grammar.x12.sets().collect();
    let set = sets[dice.below(sets.len())];
    let releases: Vec<&str> = grammar.x12.releases().map(|(release, _)| release).collect();
    let release = releases[dice.below(releases.len())];
    let segments: Vec<_> = grammar.x12.segments().collect();
    let group = set.groups.first().map_or("SO", |group| group);
    let id = &set.id;
    let mut text = format!(
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260302*0915*U*00401*000000001*0*P*>~\n\
         GS*{group}*SENDER*RECEIVER*20260302*0915*1*X*{release}~\nST*{id}*0001~\n"
    );
    let mut count = 2;
    while count < RECORDS_MAX && !dice.0.is_empty() {
        let segment = segments[dice.below(segments.len())];
        text.push_str(&segment.id);
        for _ in 0..dice.below(segment.elements.len() + 1) {
            text.push('*');
            text.push_str(&value(dice.below(12) + 1, None, &mut dice));
        }
        text.push_str("~\n");
        count += 1;
    }
    text += &format!("SE*{count}*0001~\nGE*1*1~\nIEA*1*000000001~\n");
    x12(text.as_bytes());
}

/// Reads a configuration as text.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // No file that the text may name is beside it: the folder is not there.
    match Config::parse("config.toml", text, Path::new("/nonexistent/entrywatch-fuzz")) {
        Ok(config) => assert!(!config.version().is_empty()),
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            // Printing draws the excerpt under each fault, which slices the text.
            let drawn: usize = faults.iter().map(|fault| fault.to_string().len()).sum();
            assert!(drawn > 0, "a fault without a word");
        }
    }
}

/// Reads grammar files, alone and laid over the embedded ones.
///
/// The bytes hold any number of files, each after a line `%%% path`.
pub fn grammar(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::new();
    for piece in text.split("%%% ").skip(1) {
        let (path, content) = piece.split_once('\n').unwrap_or((piece, ""));
        sources.insert(path.trim().to_owned(), content.to_owned());
    }
    let faults = |sources: &Sources| match Grammar::parse(sources) {
        Ok(grammar) => {
            assert_eq!(grammar.version().len(), 16);
            // A grammar that was audited may lack what the families read, and then says so.
            drop(Interpreter::new(std::sync::Arc::new(grammar)));
            Vec::new()
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            faults
        }
    };
    for fault in faults(&sources) {
        assert!(fault.line >= 1 && fault.column >= 1, "{fault}");
    }
    if !sources.is_empty() {
        let mut over = embedded_sources();
        over.extend(sources);
        faults(&over);
    }
}

/// Reads bytes as the program does, and checks what comes out.
fn decode_any(bytes: &[u8]) {
    let grammar = Grammar::embedded();
    static INTERPRETER: LazyLock<Interpreter> =
        LazyLock::new(|| Interpreter::new(Grammar::embedded()).expect("a test audits the embedded grammar"));
    let interpreter = &*INTERPRETER;
    let mut end = 0;
    let mut index = 0;
    decode::decode(bytes, &grammar, &mut |message: &Message<'_>| {
        let span = message.span;
        assert_eq!(message.index, index, "messages are numbered in order");
        index += 1;
        assert!(span.offset >= end, "{span:?} begins inside the message before it, which ends at {end}");
        end = span.offset + span.length;
        assert!(end <= bytes.len() as u64, "{span:?} of {} bytes", bytes.len());
        assert!(message.findings.len() <= decode::FINDINGS_MAX + 1);
        for finding in message.findings {
            in_file(finding.place, bytes, &finding.message);
        }
        interpreter.interpret(message, &mut Checking { bytes });
    });
}

fn in_file(place: Place, bytes: &[u8], what: &str) {
    assert!(place.offset <= bytes.len() as u64, "{place:?} of {} bytes: {what}", bytes.len());
    assert!(place.line >= 1, "{place:?}: {what}");
}

/// Looks at what a message says.
struct Checking<'a> {
    bytes: &'a [u8],
}

impl NoticeSink for Checking<'_> {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        in_file(notice.place, self.bytes, "a notice");
    }

    fn finding(&mut self, finding: Finding) {
        in_file(finding.place, self.bytes, &finding.message);
    }
}

/// Feeds the bytes whole and in pieces, and compares.
fn in_pieces<'g>(bytes: &[u8], decoder: &dyn Fn() -> Box<dyn Decoder + 'g>) {
    let whole = feed(bytes, decoder().as_mut(), bytes.len());
    for piece in [1, 7, 80, 333] {
        // Every byte as a piece of its own is quadratic in a long message.
        if bytes.len() / piece > 2_000 {
            continue;
        }
        let pieces = feed(bytes, decoder().as_mut(), piece);
        assert_eq!(pieces, whole, "in pieces of {piece} bytes");
    }
}

/// Feeds the bytes through a window that grows by `piece` bytes whenever the decoder wants more.
fn feed(bytes: &[u8], decoder: &mut dyn Decoder, piece: usize) -> Read {
    let mut read = Read { messages: Vec::new() };
    let mut sink = |message: &Message<'_>| {
        let Message { index, name, release, control, span, findings, .. } = message;
        read.messages.push(format!("{index} {name:?} {release:?} {control:?} {span:?} {findings:?}"));
    };
    let mut start = 0;
    let mut end = bytes.len().min(piece.max(FIRST_PIECE_BYTES));
    loop {
        let last = end == bytes.len();
        let taken = decoder.feed(&bytes[start..end], last, &mut sink);
        assert!(taken <= end - start, "{taken} of {} bytes taken", end - start);
        if last {
            return read;
        }
        start += taken;
        end = bytes.len().min(end + piece.max(1));
    }
}
