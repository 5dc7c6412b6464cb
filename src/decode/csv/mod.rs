//! Tables with a header: what the importer's own systems export, and reports from the ACE portal. One row is one message, read as
//! a JSON object whose members bear the names that `grammars/codes/csv-columns.tsv` or `ace-columns.tsv` give to the columns.
//!
//! People open such tables in a spreadsheet and save them, so what a spreadsheet makes of a table is taken as well: titles above the
//! header, a line that names the separator, UTF-16, rows of totals. A row that cannot be read takes no other down with it.

mod cell;
mod encoding;
mod header;
mod passed;
mod split;
mod top;

pub(in crate::decode) use encoding::wide_length;
pub use header::{COLUMNS_TABLE, ColumnNames, FIELDS, REPORT_COLUMNS_TABLE, REPORT_FIELDS};

use self::encoding::Encoding;
use self::header::Header;
use self::passed::{NoData, Passed};
use self::split::Row;
use self::top::{Found, TOP_BYTES_MAX, Top};
use super::json::{Document, Value};
use super::{Body, Control, Decoder, Message, Sink, Standard};
use crate::grammar::Grammar;
use crate::place::{Finding, Grade, Place, Span, finding_code};
use crate::words::count;

/// Whether a file begins with the header of a table that we know, or has it below a few lines of titles.
pub fn is_table(start: &[u8], grammar: &Grammar, names: &ColumnNames) -> bool {
    let start = &start[..start.len().min(TOP_BYTES_MAX)];
    let text = Encoding::of(start, true).unwrap_or(Encoding::Bytes).text(start, true);
    matches!(top::find(&text, true, grammar, names), Top::Header(_))
}

/// Reads tables.
pub struct CsvDecoder<'g> {
    grammar: &'g Grammar,
    names: ColumnNames,
    encoding: Option<Encoding>,
    header: Option<Header>,
    offset: u64,
    line: u64,
    index: u64,
    /// What the header is found to lack; told with the first message.
    untold: Vec<Finding>,
    passed: Passed,
    /// The rest of the line belongs to a row that was cut.
    is_cut: bool,
    /// The end of the file cut a character in two.
    is_torn: bool,
    /// What is told once of a table: bytes that are no UTF-8, cells below no name.
    is_foreign: bool,
    is_nameless: bool,
}

impl<'g> CsvDecoder<'g> {
    pub fn new(grammar: &'g Grammar, names: &ColumnNames) -> Self {
        Self {
            grammar,
            names: names.clone(),
            encoding: None,
            header: None,
            offset: 0,
            line: 1,
            index: 0,
            untold: Vec::new(),
            passed: Passed::default(),
            is_cut: false,
            is_torn: false,
            is_foreign: false,
            is_nameless: false,
        }
    }

    /// How many bytes of the file this text takes.
    fn length(&self, text: &[u8]) -> usize {
        self.encoding.unwrap_or(Encoding::Bytes).length(text)
    }

    fn consume(&mut self, text: &[u8]) {
        self.offset += self.length(text) as u64;
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
    }

    /// Where the row at hand begins.
    fn place(&self) -> Place {
        Place { offset: self.offset, line: self.line, column: Some(1) }
    }

    /// Looks for the header; `None` when more of the file must be seen. `Some(None)` when there is none.
    fn head(&mut self, encoding: Encoding, window: &[u8], last: bool) -> Option<Option<Found>> {
        let start = &window[..window.len().min(TOP_BYTES_MAX)];
        let is_whole = last || window.len() >= TOP_BYTES_MAX;
        match top::find(&encoding.text(start, is_whole), is_whole, self.grammar, &self.names) {
            Top::Header(found) => Some(Some(found)),
            Top::None => Some(None),
            Top::Open => None,
        }
    }

    /// Takes the header off the front, with what stands above it.
    fn begin(&mut self, found: Found, text: &[u8]) {
        let Found { header, length, start, above } = found;
        let top = self.place();
        self.consume(&text[..start]);
        let place = self.place();
        let told = |columns: &[String], what: &str| -> Vec<Finding> {
            let message = |column: &String| format!("{what} `{}`", column.escape_default());
            let finding =
                |column| Finding::new(finding_code::UNKNOWN_FIELD, Grade::Info, place, message(column));
            columns.iter().map(finding).collect()
        };
        self.untold = told(&header.unread, "nobody reads the column");
        self.untold.extend(told(&header.doubled, "another column before it holds the same as"));
        if let Some(above) = above {
            let text = above.text.escape_default();
            let message =
                format!("{} above the header passed over: `{text}`", count(above.count as u64, "line"));
            self.untold.push(Finding::new(finding_code::PASSED_OVER, Grade::Info, top, message));
        }
        if header.kind.is_none() {
            let message = "the table cannot be used: it wants a column for the entry, the bill or the broker's \
                           reference, and one for the order, or for what was approved; its columns are known by \
                           their names";
            let fault = Finding::new(finding_code::MISSING_FIELD, Grade::Error, place, message);
            self.untold.insert(0, fault);
        }
        self.consume(&text[start..length]);
        self.header = Some(header);
    }

    fn row(&mut self, header: &Header, kind: &'static str, bytes: &[u8], row: &Row, sink: &mut dyn Sink) {
        let place = self.place();
        let mut members = vec![("kind", Value::Text(kind.into()), 0)];
        for (field, cell) in header.fields.iter().zip(&row.cells) {
            if field.is_empty() {
                continue;
            }
            let text = cell::said(field, split::value(&bytes[cell.clone()]));
            if !cell::is_blank(&text) {
                members.push((field, Value::Text(text), cell.start));
            }
        }
        if let Some(reason) = NoData::of(header, bytes, row, members.len() > 1) {
            self.passed.note(reason, place);
            return;
        }
        let is_wide = self.encoding.is_some_and(|encoding| encoding != Encoding::Bytes);
        let document = Document::of_row(bytes, place, members).in_units(is_wide);
        let mut findings = std::mem::take(&mut self.untold);
        self.look_at_bytes(&document, is_wide, &mut findings);
        self.look_at_cells(header, &document, row, &mut findings);
        self.hand_over(Some(kind), Body::Json(&document), self.length(bytes), &findings, sink);
    }

    /// What the bytes of a row show of its encoding.
    fn look_at_bytes(&mut self, document: &Document<'_>, is_wide: bool, findings: &mut Vec<Finding>) {
        if is_wide {
            if let Some(at) = memchr::memmem::find(document.bytes, "\u{fffd}".as_bytes()) {
                let message = "a character here cannot be read: it is half of a pair";
                let place = document.place_at(at);
                findings.push(Finding::new(finding_code::ENCODING, Grade::Warning, place, message));
            }
        } else if !self.is_foreign
            && let Err(error) = std::str::from_utf8(document.bytes)
        {
            self.is_foreign = true;
            let message = "the table is not in UTF-8; such bytes are read as Windows-1252";
            let place = document.place_at(error.valid_up_to());
            findings.push(Finding::new(finding_code::ENCODING, Grade::Info, place, message));
        }
    }

    /// What is wrong with the cells of a row, whatever they say.
    fn look_at_cells(
        &mut self,
        header: &Header,
        document: &Document<'_>,
        row: &Row,
        findings: &mut Vec<Finding>,
    ) {
        if let Some(at) = row.open_quote {
            let message = "a quote opens here and is never closed; it was read as a plain character";
            let place = document.place_at(at);
            findings.push(Finding::new(finding_code::BAD_ELEMENT, Grade::Warning, place, message));
        }
        let says = |cell: &&std::ops::Range<usize>| !split::is_empty(&document.bytes[(*cell).clone()]);
        let surplus = row.cells.iter().skip(header.fields.len()).find(says);
        // Spreadsheets pad every row to the longest one.
        let is_padded = row.count > header.fields.len() && row.count == row.cells.len() && surplus.is_none();
        if row.count != header.fields.len() && !is_padded {
            let message = format!("the row has {} cells, the header {}", row.count, header.fields.len());
            let surplus = row.cells.get(header.fields.len()).map_or(0, |cell| cell.start);
            let place = document.place_at(surplus);
            findings.push(Finding::new(finding_code::BAD_ELEMENT, Grade::Warning, place, message));
        }
        let below_none = || header.nameless.iter().filter_map(|at| row.cells.get(*at)).find(says);
        if !self.is_nameless
            && let Some(cell) = below_none()
        {
            self.is_nameless = true;
            let message = "the column has no name in the header; nobody reads it";
            let place = document.place_at(cell.start);
            findings.push(Finding::new(finding_code::UNKNOWN_FIELD, Grade::Info, place, message));
        }
    }

    fn hand_over(
        &mut self,
        name: Option<&str>,
        body: Body<'_>,
        length: usize,
        findings: &[Finding],
        sink: &mut dyn Sink,
    ) {
        sink.message(&Message {
            index: self.index,
            standard: Standard::Csv,
            name,
            release: None,
            control: Control::default(),
            span: Span { offset: self.offset, length: length as u64, line: self.line },
            body,
            findings,
        });
        self.index += 1;
    }

    /// Tells what nobody could be told with a row.
    fn end(&mut self, sink: &mut dyn Sink) {
        let mut findings = std::mem::take(&mut self.untold);
        if self.is_torn {
            let message = "the file ends inside of a character";
            let place = Place { column: None, ..self.place() };
            findings.push(Finding::new(finding_code::TRUNCATED, Grade::Warning, place, message));
        }
        findings.extend(self.passed.finding());
        if self.index == 0 && findings.iter().all(|finding| finding.severity < Grade::Error) {
            let message = "the table has a header and no rows";
            findings.push(Finding::new(finding_code::EMPTY, Grade::Warning, self.place(), message));
        }
        if !findings.is_empty() {
            self.hand_over(None, Body::Nothing, 0, &findings, sink);
        }
    }

    /// The rest of a line that was cut; how long it is.
    fn rest_of_line(&mut self, text: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', text).map(|end| end + 1);
        self.is_cut = end.is_none();
        end.unwrap_or(text.len())
    }

    /// Reads the rows that are whole; answers how much of the text they take.
    fn rows(&mut self, text: &[u8], mut at: usize, last: bool, sink: &mut dyn Sink) -> usize {
        if self.is_cut {
            let rest = self.rest_of_line(&text[at..]);
            self.consume(&text[at..at + rest]);
            at += rest;
        }
        let Some(header) = self.header.take() else { return text.len() };
        match header.kind {
            Some(kind) => {
                while at < text.len()
                    && let Some(row) = split::row(&text[at..], header.delimiter, last)
                {
                    let bytes = &text[at..at + row.len];
                    self.row(&header, kind, bytes, &row, sink);
                    self.consume(bytes);
                    at += row.len;
                }
            }
            None => {
                self.consume(&text[at..]);
                at = text.len();
            }
        }
        self.header = Some(header);
        at
    }
}

impl Decoder for CsvDecoder<'_> {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        let Some(encoding) = self.encoding.or_else(|| Encoding::of(window, last)) else { return 0 };
        self.encoding = Some(encoding);
        let found = match self.header {
            Some(_) => None,
            None => match self.head(encoding, window, last) {
                None => return 0,
                // Whoever chose this reader saw the header.
                Some(None) => return if last { window.len() } else { 0 },
                Some(found) => found,
            },
        };
        let text = encoding.text(window, last);
        let mut at = 0;
        if let Some(found) = found {
            at = found.length;
            self.begin(found, &text);
        }
        at = self.rows(&text, at, last, sink);
        if last {
            self.is_torn = encoding.is_torn(window);
            self.end(sink);
            return window.len();
        }
        encoding.length(&text[..at])
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        let overlong = "the row is longer than a message may be; it was skipped";
        let finding = Finding::new(finding_code::OVERLONG_MESSAGE, Grade::Error, self.place(), overlong);
        self.hand_over(None, Body::Nothing, window.len(), &[finding], sink);
        let encoding = self.encoding.unwrap_or(Encoding::Bytes);
        let text = encoding.text(window, false);
        let taken = self.rest_of_line(&text);
        self.consume(&text[..taken]);
        encoding.length(&text[..taken]).max(1)
    }
}

#[cfg(test)]
mod tests;
