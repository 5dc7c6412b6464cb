//! Faults in files that people write, each with its place: file, line, column, excerpt and, for names, a suggestion.
//!
//! ```text
//! config.toml:41:11: rule `form-29` notifies `brokers`, which is not defined (defined: broker, finance)
//!    41 | notify = ["brokers"]
//!       |           ^^^^^^^^^
//! ```

mod excerpt;
pub(crate) mod toml_text;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

pub(crate) use self::toml_text::written;
pub use self::toml_text::{Field, RawKind, RawValue, Written, WrittenTable, mistaken, read_toml};

/// More faults than this in one file are counted, not shown.
pub const FAULTS_MAX: usize = 200;

/// What is shorter is nobody's abbreviation.
const CUT_BYTES_MIN: usize = 3;

/// How many names a list in a message shows.
const NAMES_SHOWN: usize = 12;

/// One fault in one file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diagnostic {
    /// The file as it was named.
    pub file: Arc<str>,
    /// 1-based; 0 when the fault is about the file as a whole.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// A plain sentence without a full stop.
    pub message: String,
    /// The line and a caret below it, without line numbers. Secrets are masked. Blank without a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    #[serde(skip)]
    caret: String,
}

impl Diagnostic {
    /// A fault of the file as a whole: it is missing, too large, not text.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            message: message.into(),
            excerpt: String::new(),
            caret: String::new(),
        }
    }

    /// A fault at a line and column that another reader counted. The line is not shown.
    pub fn at_place(file: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { line, column, ..Self::of_file(file, message) }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if !self.excerpt.is_empty() {
            write!(f, "\n{:>5} | {}\n      | {}", self.line, self.excerpt, self.caret)?;
        }
        Ok(())
    }
}

/// The text of a file and the name that diagnostics give it.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[usize]>,
}

impl Source {
    pub fn new(name: &str, text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text: text.into(), lines }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1. An offset inside a character counts as its start.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// `config.toml:41`, for messages that point to a second place.
    pub fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.name, self.line_column(offset).0)
    }

    /// A fault at this stretch of the file.
    pub fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let (line, column) = self.line_column(span.start);
        let (excerpt, caret) = excerpt::of(&self.text, span);
        Diagnostic { file: self.name.clone(), line, column, message: message.into(), excerpt, caret }
    }
}

/// The faults of one file while it is read.
#[derive(Debug)]
pub struct Faults {
    source: Source,
    found: Vec<Diagnostic>,
    /// What is no fault, and probably not meant either.
    remarks: Vec<Diagnostic>,
    dropped: usize,
}

impl Faults {
    pub fn of(source: Source) -> Self {
        Self { source, found: Vec::new(), remarks: Vec::new(), dropped: 0 }
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    pub fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.push(self.source.fault(span, message));
    }

    pub fn push(&mut self, fault: Diagnostic) {
        if self.found.len() < FAULTS_MAX {
            self.found.push(fault);
        } else {
            self.dropped += 1;
        }
    }

    /// Something that is no fault, and probably not meant either.
    pub fn remark(&mut self, span: Range<usize>, message: impl Into<String>) {
        if self.remarks.len() < FAULTS_MAX {
            self.remarks.push(self.source.fault(span, message));
        }
    }

    pub fn take_remarks(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.remarks)
    }

    pub fn extend(&mut self, faults: impl IntoIterator<Item = Diagnostic>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// The faults in the order of their places.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|fault| (fault.line, fault.column));
        if self.dropped > 0 {
            let more = format!("{} more faults are not shown", self.dropped);
            self.found.push(Diagnostic::of_file(self.source.name(), more));
        }
        self.found
    }
}

/// The known name that was probably meant: one with few letters changed, else the only one that is an abbreviation of what
/// was written, or the other way round (`Saturday` for `Sat`, `crit` for `critical`).
pub fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).clamp(1, 4);
    let mut nearest: Option<(usize, &str)> = None;
    let mut cut: Option<&str> = None;
    let mut cuts = 0;
    for name in known {
        let plain = name.to_lowercase();
        let distance = strsim::damerau_levenshtein(&lower, &plain);
        if distance <= limit && nearest.is_none_or(|(best, _)| distance < best) {
            nearest = Some((distance, name));
        }
        let short = lower.len().min(plain.len());
        if short >= CUT_BYTES_MIN && (lower.starts_with(&plain) || plain.starts_with(&lower)) {
            cuts += 1;
            cut = Some(name);
        }
    }
    nearest.map(|(_, name)| name).or(cut.filter(|_| cuts == 1))
}

/// What stands in brackets behind a wrong name: `did you mean `poll`?`, else the names that there are.
pub fn hint<'a>(wrong: &str, label: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match suggest(wrong, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("{label}: {}", names(known)),
    }
}

/// The names with commas, at most a dozen.
pub fn names<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known = known.into_iter();
    let shown: Vec<&str> = known.by_ref().take(NAMES_SHOWN).collect();
    let more = known.count();
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_its_place() {
        let source = Source::new("config.toml", "[a]\nnotify = [\"brokers\"]\n");
        let fault = source.fault(14..23, "no such team");
        let wanted =
            "config.toml:2:11: no such team\n    2 | notify = [\"brokers\"]\n      |           ^^^^^^^^^";
        assert_eq!(fault.to_string(), wanted);
        assert_eq!(Diagnostic::of_file("x.toml", "is missing").to_string(), "x.toml: is missing");
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new("c", "a = \"é\" b\n");
        assert_eq!(source.line_column(8), (1, 8));
        assert_eq!(source.line_column(6), (1, 6), "inside a character counts as its start");
        assert_eq!(source.line_column(999), (2, 1));
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["poll", "settle", "path"];
        for (wrong, wanted) in
            [("pol", Some("poll")), ("setle", Some("settle")), ("Path", Some("path")), ("zzzz", None)]
        {
            assert_eq!(suggest(wrong, known), wanted, "{wrong}");
        }
        let words = ["Sat", "Sun", "critical", "released", "rejected"];
        for (wrong, wanted) in
            [("Saturday", Some("Sat")), ("crit", Some("critical")), ("rel", Some("released"))]
        {
            assert_eq!(suggest(wrong, words), wanted, "{wrong}");
        }
        assert_eq!(suggest("sum", ["summary_due", "summary_rejected"]), None, "two are as likely");
        assert_eq!(hint("zzzz", "defined", known), "defined: poll, settle, path");
        assert_eq!(names([]), "none");
    }

    #[test]
    fn faults_are_bounded_and_sorted() {
        let mut faults = Faults::of(Source::new("c", "a\nb\n"));
        for _ in 0..FAULTS_MAX {
            faults.add(2..3, "second");
        }
        faults.add(0..1, "dropped");
        let sorted = faults.into_sorted();
        assert_eq!(sorted.len(), FAULTS_MAX + 1);
        assert_eq!(sorted[FAULTS_MAX].message, "1 more faults are not shown");
    }
}
