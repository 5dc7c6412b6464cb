//! Tables with a header: what the importer's own systems export, and reports from the ACE portal. One row is one message, read as
//! a JSON object whose members bear the names that `grammars/codes/csv-columns.tsv` or `ace-columns.tsv` give to the columns.
//!
//! A row that cannot be read takes no other down with it.

mod header;
mod split;

pub use header::{COLUMNS_TABLE, ColumnNames, FIELDS, REPORT_COLUMNS_TABLE, REPORT_FIELDS};

use self::header::Header;
use self::split::Row;
use super::json::{Document, Value};
use super::{Body, Control, Decoder, Message, Sink, Standard};
use crate::grammar::Grammar;
use crate::place::{Finding, Grade, Place, Span, finding_code};

/// Whether a file begins with the header of a table that we know.
pub fn is_table(start: &[u8], grammar: &Grammar, names: &ColumnNames) -> bool {
    Header::read(start, grammar, names).is_some()
}

/// Reads tables.
pub struct CsvDecoder<'g> {
    grammar: &'g Grammar,
    names: ColumnNames,
    header: Option<Header>,
    offset: u64,
    line: u64,
    index: u64,
    /// What the header is found to lack; told with the first message.
    untold: Vec<Finding>,
    /// The rest of the line belongs to a row that was cut.
    is_cut: bool,
}

impl<'g> CsvDecoder<'g> {
    pub fn new(grammar: &'g Grammar, names: &ColumnNames) -> Self {
        let names = names.clone();
        Self { grammar, names, header: None, offset: 0, line: 1, index: 0, untold: Vec::new(), is_cut: false }
    }

    fn consume(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    /// Where the row at hand begins.
    fn place(&self) -> Place {
        Place { offset: self.offset, line: self.line, column: Some(1) }
    }

    /// Takes the header off the front; answers its length.
    fn head(&mut self, window: &[u8]) -> Option<usize> {
        let header = Header::read(window, self.grammar, &self.names)?;
        let place = self.place();
        let told = |columns: &[String], what: &str| -> Vec<Finding> {
            let message = |column: &String| format!("{what} `{}`", column.escape_default());
            let finding =
                |column| Finding::new(finding_code::UNKNOWN_FIELD, Grade::Info, place, message(column));
            columns.iter().map(finding).collect()
        };
        self.untold = told(&header.unread, "nobody reads the column");
        self.untold.extend(told(&header.doubled, "another column before it holds the same as"));
        if header.kind.is_none() {
            let message = "the table cannot be used: it wants a column for the entry, the bill or the broker's \
                           reference, and one for the order, or for what was approved; its columns are known by \
                           their names";
            let fault = Finding::new(finding_code::MISSING_FIELD, Grade::Error, place, message);
            self.untold.insert(0, fault);
        }
        let length = header.length;
        self.consume(&window[..length]);
        self.header = Some(header);
        Some(length)
    }

    fn row(&mut self, header: &Header, kind: &'static str, bytes: &[u8], row: &Row, sink: &mut dyn Sink) {
        let place = self.place();
        let mut members = vec![("kind", Value::Text(kind.into()), 0)];
        for (field, cell) in header.fields.iter().zip(&row.cells) {
            let text = split::value(&bytes[cell.clone()]);
            if !field.is_empty() && !matches!(&*text, "" | "-" | "N/A" | "n/a") {
                members.push((field, Value::Text(text), cell.start));
            }
        }
        if members.len() == 1 {
            // Blank lines, and lines of delimiters behind the last row, say nothing.
            return;
        }
        let document = Document::of_row(bytes, place, members);
        let mut findings = std::mem::take(&mut self.untold);
        if let Some(at) = row.open_quote {
            let message = "a quote opens here and is never closed; it was read as a plain character";
            let place = document.place_at(at);
            findings.push(Finding::new(finding_code::BAD_ELEMENT, Grade::Warning, place, message));
        }
        if row.count != header.fields.len() {
            let message = format!("the row has {} cells, the header {}", row.count, header.fields.len());
            let surplus = row.cells.get(header.fields.len()).map_or(0, |cell| cell.start);
            let place = document.place_at(surplus);
            findings.push(Finding::new(finding_code::BAD_ELEMENT, Grade::Warning, place, message));
        }
        self.hand_over(Some(kind), Body::Json(&document), bytes.len(), &findings, sink);
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
        if self.index > 0 && self.untold.is_empty() {
            return;
        }
        let mut findings = std::mem::take(&mut self.untold);
        if self.index == 0 && findings.iter().all(|finding| finding.severity < Grade::Error) {
            let message = "the table has a header and no rows";
            findings.push(Finding::new(finding_code::EMPTY, Grade::Warning, self.place(), message));
        }
        self.hand_over(None, Body::Nothing, 0, &findings, sink);
    }

    /// The rest of a line that was cut; how long it is.
    fn rest_of_line(&mut self, window: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', window).map(|end| end + 1);
        self.is_cut = end.is_none();
        end.unwrap_or(window.len())
    }
}

impl Decoder for CsvDecoder<'_> {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        let mut at = 0;
        if self.header.is_none() {
            match self.head(window) {
                Some(length) => at = length,
                // Whoever chose this reader saw the header.
                None => return if last { window.len() } else { 0 },
            }
        }
        if self.is_cut {
            let rest = self.rest_of_line(&window[at..]);
            self.consume(&window[at..at + rest]);
            at += rest;
        }
        let Some(header) = self.header.take() else { return window.len() };
        match header.kind {
            Some(kind) => {
                while at < window.len()
                    && let Some(row) = split::row(&window[at..], header.delimiter, last)
                {
                    let bytes = &window[at..at + row.len];
                    self.row(&header, kind, bytes, &row, sink);
                    self.consume(bytes);
                    at += row.len;
                }
            }
            None => {
                self.consume(&window[at..]);
                at = window.len();
            }
        }
        self.header = Some(header);
        if last {
            self.end(sink);
        }
        at
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        let text = "the row is longer than a message may be; it was skipped";
        let finding = Finding::new(finding_code::OVERLONG_MESSAGE, Grade::Error, self.place(), text);
        self.hand_over(None, Body::Nothing, window.len(), &[finding], sink);
        let taken = self.rest_of_line(window);
        self.consume(&window[..taken]);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], step: usize) -> Vec<String> {
        let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
        assert!(is_table(text, &grammar, &names), "{}", String::from_utf8_lossy(text));
        let mut seen = Vec::new();
        let mut decoder = CsvDecoder::new(&grammar, &names);
        let mut sink = |message: &Message<'_>| {
            if let Body::Json(row) = message.body {
                let members = row.members.iter().skip(1);
                let cells: Vec<String> = members
                    .map(|member| format!("{}={}", member.name, member.value.as_text().unwrap_or("?")))
                    .collect();
                let name = message.name.unwrap_or_default();
                seen.push(format!(
                    "{name}@{}:{} {}",
                    message.span.offset,
                    message.span.line,
                    cells.join(" ")
                ));
            }
            seen.extend(message.findings.iter().map(|finding| {
                let Place { line, column, .. } = finding.place;
                format!("  {} {line}:{}", finding.code, column.unwrap_or_default())
            }));
        };
        let (mut from, mut to) = (0, 0);
        loop {
            to = (to + step).min(text.len());
            let last = to == text.len();
            from += decoder.feed(&text[from..to], last, &mut sink);
            if last {
                assert_eq!(from, text.len());
                return seen;
            }
        }
    }

    fn check(text: &str, wanted: &[&str]) {
        for step in [4, 50, 1_000] {
            assert_eq!(read(text.as_bytes(), step), wanted, "in steps of {step}");
        }
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        check(
            "\u{feff}Entry Number;PO Number;Colour\r\n9Z7-0000041-9;\"PO;1\";red\r\n\r\n;;\r\nx;PO2\r\n",
            &[
                "order_link@34:2 entry=9Z7-0000041-9 purchase_order=PO;1",
                "  unknown-field 1:1",
                "order_link@66:5 entry=x purchase_order=PO2",
                "  bad-element 5:1",
            ],
        );
        check(
            "entry,line,hts,value\n9Z700000419,1,9405990000,\"1,200\"\n",
            &["approved_entry@21:2 entry=9Z700000419 line=1 hts_number=9405990000 value=1,200"],
        );
    }

    #[test]
    fn what_is_wrong_with_a_row_stays_in_the_row() {
        check(
            "bill,po\nA1,\"PO 1\nB2,PO2,more\nC3,\"PO3\"\nD4,\"PO4\n",
            &[
                "order_link@8:2 bill=A1 purchase_order=\"PO 1",
                "  bad-element 2:4",
                "order_link@17:3 bill=B2 purchase_order=PO2",
                "  bad-element 3:8",
                "order_link@29:4 bill=C3 purchase_order=PO3",
                "order_link@38:5 bill=D4 purchase_order=\"PO4",
                "  bad-element 5:4",
            ],
        );
    }

    #[test]
    fn tables_that_cannot_be_used_say_so_once() {
        check("po,invoice\nPO1,I1\nPO2,I2\n", &["  missing-field 1:1"]);
        check("entry,po\n\n", &["  empty 3:1"]);
        check("entry,po,po\nx,1,2\n", &["order_link@12:2 entry=x purchase_order=1", "  unknown-field 1:1"]);
    }

    #[test]
    fn a_row_that_never_ends_is_cut_and_the_next_is_read() {
        let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
        let mut decoder = CsvDecoder::new(&grammar, &names);
        let mut seen = Vec::new();
        let mut sink = |message: &Message<'_>| {
            seen.push((message.name.map(str::to_owned), message.findings.len()));
        };
        assert_eq!(decoder.feed(b"entry,po\nxxxxxxx", false, &mut sink), 9);
        assert_eq!(decoder.cut(b"xxxxxxx", &mut sink), 7);
        let rest = b"xx\n9Z700000419,PO1\n";
        assert_eq!(decoder.feed(rest, true, &mut sink), rest.len());
        assert_eq!(seen, [(None, 1), (Some("order_link".to_owned()), 0)]);
    }
}
