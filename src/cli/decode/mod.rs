//! `decode`: what files say, without store or configuration. Messages are written as they come, so that a file of any
//! size needs bounded memory.

mod added;
mod json;
mod text;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::added::{Added, AddedFields};
use super::exit::{Exit, Failure, Outcome};
use super::interrupt::exit_on_interrupt;
use super::output::{Out, Ui};
use crate::decode::{Control, FINDINGS_MAX, Message, Sink, Standard, decode_reader};
use crate::grammar::Grammar;
use crate::interpret::{Interpreter, NoticeSink};
use crate::notice::NoticeRef;
use crate::place::{Finding, Grade, Place, Span, finding_code};

/// Show what files say, without store or configuration
///
/// Reads ABI and X12, prints each message as it comes. Exit code 1 when something could not be read.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files to read; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder whose tables override the built-in ones, file by file
    #[arg(long, value_name = "DIR")]
    grammar: Option<PathBuf>,
}

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    exit_on_interrupt();
    let grammar = Grammar::load(args.grammar.as_deref()).map_err(Failure::grammar)?;
    let interpreter = Interpreter::new(grammar).map_err(Failure::grammar)?;
    let mut out = ui.stdout();
    let mut exit = Exit::Fine;
    for path in &args.files {
        match decode_file(path, &interpreter, ui, &mut out)? {
            Ok(Some(Grade::Error)) => exit = exit.max(Exit::NotFine),
            Ok(_) => {}
            Err(error) => {
                // What was read before stays in order with the complaint.
                out.flush().map_err(Failure::Output)?;
                super::complain(&format!("could not read {}: {error}", path.display()));
                exit = exit.max(Exit::Unreadable);
            }
        }
    }
    out.flush().map_err(Failure::Output)?;
    Ok(exit)
}

/// The gravest finding, or why the file could not be read.
fn decode_file(
    path: &Path,
    interpreter: &Interpreter,
    ui: &Ui,
    out: &mut Out,
) -> Result<io::Result<Option<Grade>>, Failure> {
    let content: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        match File::open(path) {
            Ok(file) => Box::new(file),
            Err(error) => return Ok(Err(error)),
        }
    };
    let name = path.to_string_lossy();
    let mut form: Box<dyn Form> = if ui.json {
        Box::new(json::JsonForm::new(&name, interpreter.grammar().version()))
    } else {
        Box::new(text::TextForm::new(&name, *ui))
    };
    let gate = Gate { content, read_bytes: Rc::default(), is_shut: Rc::default() };
    let (read_bytes, is_shut) = (gate.read_bytes.clone(), gate.is_shut.clone());
    let mut printer = Printer {
        interpreter,
        added: Added::to_embedded(interpreter.grammar()),
        form: &mut *form,
        out,
        flushes: ui.is_terminal,
        is_shut,
        messages: 0,
        worst: None,
        failed: None,
    };
    let mut gate = gate;
    let read = decode_reader(&mut gate, interpreter.grammar(), &mut printer);
    if printer.messages == 0 && printer.failed.is_none() && read.is_ok() {
        printer.nothing(read_bytes.get());
    }
    match printer.failed {
        Some(error) => Err(Failure::Output(error)),
        None => Ok(read.map(|()| printer.worst)),
    }
}

/// What is said of a message before its notices.
struct Heading<'a> {
    index: u64,
    standard: Option<Standard>,
    message: Option<&'a str>,
    release: Option<&'a str>,
    control: Control<'a>,
    span: Span,
}

/// How messages are written. For each: one heading, its notices, its findings.
trait Form {
    fn heading(&mut self, out: &mut dyn Write, heading: &Heading<'_>) -> io::Result<()>;
    fn notice(&mut self, out: &mut dyn Write, notice: &NoticeRef<'_>) -> io::Result<()>;
    /// Behind the notices, when there are any.
    fn added(&mut self, out: &mut dyn Write, records: &[AddedFields]) -> io::Result<()>;
    fn findings(
        &mut self,
        out: &mut dyn Write,
        findings: &mut dyn Iterator<Item = &Finding>,
    ) -> io::Result<()>;
}

/// A reader that counts, and that ends early when nobody reads the output any more.
struct Gate {
    content: Box<dyn Read>,
    read_bytes: Rc<Cell<u64>>,
    is_shut: Rc<Cell<bool>>,
}

impl Read for Gate {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_shut.get() {
            return Ok(0);
        }
        let count = self.content.read(into)?;
        self.read_bytes.set(self.read_bytes.get() + count as u64);
        Ok(count)
    }
}

struct Printer<'a> {
    interpreter: &'a Interpreter,
    added: Added,
    form: &'a mut dyn Form,
    out: &'a mut Out,
    flushes: bool,
    is_shut: Rc<Cell<bool>>,
    messages: u64,
    worst: Option<Grade>,
    failed: Option<io::Error>,
}

impl Sink for Printer<'_> {
    fn message(&mut self, message: &Message<'_>) {
        if self.failed.is_some() {
            return;
        }
        self.messages += 1;
        if let Err(error) = self.print(message) {
            self.failed = Some(error);
            self.is_shut.set(true);
        }
    }
}

impl Printer<'_> {
    fn print(&mut self, message: &Message<'_>) -> io::Result<()> {
        let heading = Heading {
            index: message.index,
            standard: Some(message.standard),
            message: message.name,
            release: message.release,
            control: message.control,
            span: message.span,
        };
        self.form.heading(self.out, &heading)?;
        let mut meaning = Meaning {
            form: &mut *self.form,
            out: &mut *self.out,
            written: Ok(()),
            findings: Vec::new(),
            dropped: 0,
        };
        self.interpreter.interpret(message, &mut meaning);
        let Meaning { written, mut findings, dropped, .. } = meaning;
        written?;
        let added = self.added.of(message);
        if !added.is_empty() {
            self.form.added(self.out, &added)?;
        }
        if dropped > 0 {
            findings.extend(overflow(&findings, dropped));
        }
        self.finish(message.findings, &findings)
    }

    fn finish(&mut self, decoded: &[Finding], interpreted: &[Finding]) -> io::Result<()> {
        let mut all = decoded.iter().chain(interpreted);
        self.worst = self.worst.max(all.clone().map(|finding| finding.severity).max());
        self.form.findings(self.out, &mut all)?;
        if self.flushes { self.out.flush() } else { Ok(()) }
    }

    /// Says that a file holds no message at all.
    fn nothing(&mut self, size_bytes: u64) {
        let heading = Heading {
            index: 0,
            standard: None,
            message: None,
            release: None,
            control: Control::default(),
            span: Span { offset: 0, length: size_bytes, line: 1 },
        };
        let place = Place { offset: 0, line: 1, column: None };
        let finding = match size_bytes {
            0 => Finding::new(finding_code::EMPTY, Grade::Warning, place, "the file is empty"),
            _ => Finding::new(finding_code::NOT_EDI, Grade::Error, place, "the file holds no message"),
        };
        let printed = self.form.heading(self.out, &heading).and_then(|()| self.finish(&[finding], &[]));
        self.failed = printed.err();
    }
}

/// Writes the notices of one message as they are understood.
struct Meaning<'a, 'o> {
    form: &'a mut dyn Form,
    out: &'o mut Out,
    written: io::Result<()>,
    findings: Vec<Finding>,
    dropped: u64,
}

impl NoticeSink for Meaning<'_, '_> {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        if self.written.is_ok() {
            self.written = self.form.notice(self.out, notice);
        }
    }

    fn finding(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.dropped += 1;
        }
    }
}

/// One finding for those that are not listed.
fn overflow(findings: &[Finding], dropped: u64) -> Option<Finding> {
    let last = findings.last()?;
    Some(Finding { message: format!("and {dropped} more findings"), ..last.clone() })
}
