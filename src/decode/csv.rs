//! Tables with a header: what the importer's own systems export. One row is one message, read as a JSON object whose members
//! bear the names that `grammars/codes/csv-columns.tsv` gives to the columns.

use std::borrow::Cow;

use super::json::{Document, Value};
use super::{Body, Control, Decoder, Message, Sink, Standard};
use crate::grammar::{CodeTable, Grammar};
use crate::place::{Finding, Grade, Place, Span, finding_code};

/// The table that names columns.
pub const COLUMNS_TABLE: &str = "csv-columns";

/// Columns of one table.
const COLUMNS_MAX: usize = 200;

/// A header line is looked for in so many bytes.
const HEADER_BYTES_MAX: usize = 16 << 10;

const DELIMITERS: [u8; 4] = *b",;\t|";

/// Fields by which a row finds its entry.
const KEYS: [&str; 3] = ["entry", "bill", "broker_reference"];

/// Fields that only an approved entry has.
const APPROVED: [&str; 4] = ["hts_number", "value", "duty", "line"];

/// The header of a table.
#[derive(Clone, Debug)]
struct Header {
    delimiter: u8,
    /// The field of each column; blank for one that nobody reads.
    fields: Vec<Box<str>>,
    /// Columns that nobody reads, as they are written.
    unread: Vec<String>,
    /// What a row is.
    kind: &'static str,
    /// With its line end.
    length: usize,
}

impl Header {
    /// Reads the first line, when it is the header of a table that we know.
    fn read(start: &[u8], columns: &CodeTable) -> Option<Self> {
        let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let text = &start[mark..start.len().min(HEADER_BYTES_MAX)];
        let end = memchr::memchr(b'\n', text)?;
        let line = text[..end].trim_ascii_end();
        let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
        let delimiter = DELIMITERS.into_iter().max_by_key(|&delimiter| count(delimiter))?;
        if count(delimiter) == 0 {
            return None;
        }
        let (mut fields, mut unread) = (Vec::new(), Vec::new());
        for cell in line.split(|&byte| byte == delimiter).take(COLUMNS_MAX) {
            let cell = String::from_utf8_lossy(cell);
            match columns.get(normal(&cell).as_bytes()) {
                Some(row) => fields.push(row.meaning.clone()),
                None => {
                    fields.push("".into());
                    unread.push(cell.trim_matches([' ', '"']).chars().take(40).collect());
                }
            }
        }
        let has = |name: &&str| fields.iter().any(|field| **field == **name);
        let is_approved = APPROVED.iter().any(has);
        let kind = match (is_approved, has(&"purchase_order")) {
            (true, _) => "approved_entry",
            (false, true) => "order_link",
            _ => return None,
        };
        KEYS.iter().any(has).then_some(())?;
        Some(Self { delimiter, fields, unread, kind, length: mark + end + 1 })
    }
}

/// `"PO Number"` as the table writes it: `po_number`.
fn normal(cell: &str) -> String {
    let mut name = String::new();
    for c in cell.trim().trim_matches('"').chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.trim_matches('_').to_owned()
}

/// Whether a file begins with the header of a table that we know.
pub fn is_table(start: &[u8], grammar: &Grammar) -> bool {
    let Some(end) = memchr::memchr(b'\n', &start[..start.len().min(HEADER_BYTES_MAX)]) else { return false };
    let has_delimiter = start[..end].iter().any(|byte| DELIMITERS.contains(byte));
    let columns = grammar.codes.get(COLUMNS_TABLE).filter(|_| has_delimiter);
    columns.is_some_and(|columns| Header::read(start, columns).is_some())
}

/// Reads tables.
pub struct CsvDecoder<'g> {
    grammar: &'g Grammar,
    header: Option<Header>,
    offset: u64,
    line: u64,
    index: u64,
}

impl<'g> CsvDecoder<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Self { grammar, header: None, offset: 0, line: 1, index: 0 }
    }

    fn consume(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    fn row(&mut self, header: &Header, bytes: &[u8], record: &csv::ByteRecord, sink: &mut dyn Sink) {
        let place = Place { offset: self.offset, line: self.line, column: None };
        let mut members = vec![("kind", Value::Text(Cow::Borrowed(header.kind)))];
        for (field, cell) in header.fields.iter().zip(record) {
            let cell = cell.trim_ascii();
            if !field.is_empty() && !cell.is_empty() {
                members.push((&**field, Value::Text(text(cell))));
            }
        }
        let is_blank = members.len() == 1;
        let mut findings = Vec::new();
        if self.index == 0 {
            findings.extend(header.unread.iter().map(|column| {
                let message = format!("nobody reads the column `{}`", column.escape_default());
                Finding::new(finding_code::UNKNOWN_FIELD, Grade::Info, place, message)
            }));
        }
        if record.len() != header.fields.len() && !is_blank {
            let message = format!("the row has {} cells, the header {}", record.len(), header.fields.len());
            findings.push(Finding::new(finding_code::BAD_ELEMENT, Grade::Warning, place, message));
        }
        if is_blank && findings.is_empty() {
            return;
        }
        let document = Document::of_row(bytes, place, members);
        sink.message(&Message {
            index: self.index,
            standard: Standard::Csv,
            name: Some(header.kind),
            release: None,
            control: Control::default(),
            span: Span { offset: self.offset, length: bytes.len() as u64, line: self.line },
            body: if is_blank { Body::Nothing } else { Body::Json(&document) },
            findings: &findings,
        });
        self.index += 1;
    }
}

/// A cell as text; bytes above 127 are taken as UTF-8 when they are, else as Latin-1.
fn text(cell: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => cell.iter().map(|&byte| byte as char).collect::<String>().into(),
    }
}

impl Decoder for CsvDecoder<'_> {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        let mut at = 0;
        if self.header.is_none() {
            let columns = self.grammar.codes.get(COLUMNS_TABLE);
            let Some(header) = columns.and_then(|columns| Header::read(window, columns)) else {
                // Whoever chose this reader saw the header; without one there is nothing to read.
                return if last { window.len() } else { 0 };
            };
            at = header.length;
            self.consume(&window[..at]);
            self.header = Some(header);
        }
        let Some(header) = self.header.take() else { return window.len() };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(header.delimiter)
            .from_reader(&window[at..]);
        let (base, mut record) = (at, csv::ByteRecord::new());
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let end = base + (reader.position().byte() as usize).min(window.len() - base);
            if end == window.len() && !last {
                // Only what follows tells whether the row ends here.
                break;
            }
            let bytes = &window[at..end];
            self.row(&header, bytes, &record, sink);
            self.consume(bytes);
            at = end;
        }
        if last {
            self.consume(&window[at..]);
            at = window.len();
        }
        self.header = Some(header);
        at
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        let place = Place { offset: self.offset, line: self.line, column: None };
        let text = "the row is longer than a message may be; it was skipped";
        let finding = Finding::new(finding_code::OVERLONG_MESSAGE, Grade::Error, place, text);
        sink.message(&Message {
            index: self.index,
            standard: Standard::Csv,
            name: None,
            release: None,
            control: Control::default(),
            span: Span { offset: self.offset, length: window.len() as u64, line: self.line },
            body: Body::Nothing,
            findings: &[finding],
        });
        self.index += 1;
        self.consume(window);
        window.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], step: usize) -> Vec<String> {
        let grammar = Grammar::embedded();
        assert!(is_table(text, &grammar), "{}", String::from_utf8_lossy(text));
        let mut seen = Vec::new();
        let mut decoder = CsvDecoder::new(&grammar);
        let mut sink = |message: &Message<'_>| {
            let Body::Json(row) = message.body else { return };
            let members = row.members.iter().skip(1);
            let cells: Vec<String> = members
                .map(|member| format!("{}={}", member.name, member.value.as_text().unwrap_or("?")))
                .collect();
            let name = message.name.unwrap_or_default();
            seen.push(format!("{name}@{}:{} {}", message.span.offset, message.span.line, cells.join(" ")));
        };
        let (mut from, mut to) = (0, 0);
        loop {
            to = (to + step).min(text.len());
            let last = to == text.len();
            from += decoder.feed(&text[from..to], last, &mut sink);
            if last {
                return seen;
            }
        }
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let text =
            "\u{feff}Entry Number;PO Number;Colour\r\n9Z7-0000041-9;\"PO;1\";red\r\n\r\n;;\r\nx;PO2\r\n";
        for step in [4, 50, 1_000] {
            let rows = read(text.as_bytes(), step);
            assert_eq!(
                rows,
                [
                    "order_link@34:2 entry=9Z7-0000041-9 purchase_order=PO;1",
                    "order_link@68:5 entry=x purchase_order=PO2"
                ],
                "in steps of {step}"
            );
        }
        let rows = read(b"entry,line,hts,value\n9Z700000419,1,9405990000,\"1,200\"\n", 1_000);
        assert_eq!(rows, ["approved_entry@21:2 entry=9Z700000419 line=1 hts_number=9405990000 value=1,200"]);
    }

    #[test]
    fn other_files_are_no_tables() {
        let grammar = Grammar::embedded();
        for text in
            ["", "entry\n", "A27049Z7  SO\nx,y\n", "name,po\n1,2\n", "entry,colour\n1,2\n", "entry,po"]
        {
            assert!(!is_table(text.as_bytes(), &grammar), "{text}");
        }
    }
}
