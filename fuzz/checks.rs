//! What must hold for any bytes. The fuzz targets and `tests/fuzz_corpus.rs` run the same checks.
//!
//! Nothing panics; spans and places stay in the file; a file that comes in pieces reads as one that comes whole.
#![allow(dead_code, reason = "each fuzz target uses one of these checks")]

use std::path::Path;
use std::sync::LazyLock;

use entrywatch::config::Config;
use entrywatch::decode::{self, Decoder, Message, abi::AbiDecoder, x12::X12Decoder};
use entrywatch::grammar::{Grammar, Sources, embedded_sources};
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::{Finding, Place};

/// A first piece shorter than this may be too short to tell how the records of a file are cut.
const FIRST_PIECE_BYTES: usize = 1_024;

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
