//! The header of a table: what each column holds, and so what a row is.

use super::cell::said;
use super::split::{self, Row};
use crate::grammar::{CodeTable, Grammar};

/// The tables that name columns: those of the importer's data, and those of reports from the ACE portal.
pub const COLUMNS_TABLE: &str = "csv-columns";
pub const REPORT_COLUMNS_TABLE: &str = "ace-columns";

/// Columns of one table.
const COLUMNS_MAX: usize = 200;

/// What rows of the importer's tables hold; see `interpret/json/approved.rs`.
pub const FIELDS: &[&str] = &[
    "entry",
    "bill",
    "house_bill",
    "broker_reference",
    "purchase_order",
    "purchase_order_line",
    "container",
    "invoice",
    "line",
    "hts_number",
    "origin",
    "description",
    "quantity",
    "unit",
    "value",
    "duty",
    "importer_number",
    "approved_at",
    "currency",
    "total_value",
    "total_duty",
    "total_fees",
    "author",
    "source",
    "remark",
];

/// What rows of a report hold; see `interpret/json/report.rs`.
pub const REPORT_FIELDS: &[&str] = &[
    "entry",
    "report_date",
    "entry_type",
    "port_of_entry",
    "importer_number",
    "entry_date",
    "summary_date",
    "release_date",
    "collection_date",
    "liquidation_status",
    "liquidation_date",
    "liquidation_type",
    "liquidation_reason",
    "entered_value",
    "paid_duty",
    "paid_tax",
    "paid_antidumping",
    "paid_countervailing",
    "paid_fees",
    "paid_total",
    "liquidated_duty",
    "liquidated_tax",
    "liquidated_antidumping",
    "liquidated_countervailing",
    "liquidated_fees",
    "liquidated_total",
    "interest",
];

/// Fields by which a row finds its entry.
const KEYS: [&str; 3] = ["entry", "bill", "broker_reference"];

/// Fields that only an approved entry has.
const APPROVED: [&str; 4] = ["hts_number", "value", "duty", "line"];

/// Fields that no report has.
const IMPORTERS: [&str; 4] = ["purchase_order", "approved_at", "bill", "broker_reference"];

/// Fields that only a report has.
const REPORTED: [&str; 7] = [
    "entry_date",
    "summary_date",
    "release_date",
    "collection_date",
    "liquidation_date",
    "liquidated_duty",
    "liquidated_total",
];

/// Columns of a report that has a row for each line of a summary, or for each tariff number of one.
const LINE_COLUMNS: [&str; 5] =
    ["entry_summary_line_number", "line_number", "tariff_ordinal_number", "hts_number_full", "hts_number"];

/// Column names that one sender uses, beside those of the tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnNames(Vec<(Box<str>, Box<str>)>);

impl ColumnNames {
    /// Pairs of a column as it is written and one of [`FIELDS`] or [`REPORT_FIELDS`].
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(column, field)| (normal(column).into(), field.into())).collect())
    }

    fn get(&self, column: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| **known == *column).map(|(_, field)| &**field)
    }
}

/// The header of a table.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub delimiter: u8,
    /// The field of each column; blank for one that nobody reads.
    pub fields: Vec<Box<str>>,
    /// Columns that nobody reads, as they are written.
    pub unread: Vec<String>,
    /// Columns that hold what another one holds already, as they are written.
    pub doubled: Vec<String>,
    /// Columns without a name.
    pub nameless: Vec<usize>,
    /// What a row is; `None` when that cannot be told.
    pub kind: Option<&'static str>,
}

impl Header {
    /// Reads a row, when it may be the header of a table that we know. Two columns with known names make one.
    pub fn of_row(
        text: &[u8],
        row: &Row,
        delimiter: u8,
        grammar: &Grammar,
        names: &ColumnNames,
    ) -> Option<Self> {
        if row.count < 2 {
            return None;
        }
        let cells = row.cells.iter().take(COLUMNS_MAX);
        let columns: Vec<String> =
            cells.map(|cell| said("", split::value(&text[cell.clone()])).into_owned()).collect();
        let read =
            |table: &str, fields: &[&str]| Columns::read(&columns, grammar.codes.get(table), names, fields);
        let own = read(COLUMNS_TABLE, FIELDS);
        let report = read(REPORT_COLUMNS_TABLE, REPORT_FIELDS);
        let is_report = report.has("entry") && report.has_any(&REPORTED) && !own.has_any(&IMPORTERS);
        let (kind, columns) = match (is_report, own.kind()) {
            (true, _) => (Some("ace_report"), report),
            (_, kind) if own.known() >= 2 => (kind, own),
            _ => return None,
        };
        let Columns { fields, unread, doubled, nameless } = columns;
        Some(Self { delimiter, fields, unread, doubled, nameless, kind })
    }

    /// Columns that somebody reads.
    pub fn known(&self) -> usize {
        self.fields.iter().filter(|field| !field.is_empty()).count()
    }

    /// A column by which a row finds its entry.
    pub fn is_key(field: &str) -> bool {
        KEYS.contains(&field)
    }
}

/// The columns as one table of names reads them.
struct Columns {
    fields: Vec<Box<str>>,
    unread: Vec<String>,
    doubled: Vec<String>,
    nameless: Vec<usize>,
}

impl Columns {
    fn read(written: &[String], table: Option<&CodeTable>, names: &ColumnNames, known: &[&str]) -> Self {
        let mut columns =
            Self { fields: Vec::new(), unread: Vec::new(), doubled: Vec::new(), nameless: Vec::new() };
        let has_lines = written.iter().any(|text| LINE_COLUMNS.contains(&&*normal(text)));
        for text in written {
            let name = normal(text);
            let of_table = || Some(&*table?.get(name.as_bytes())?.meaning);
            let of_table = || of_table().filter(|field| !(has_lines && is_of_line(field, &name)));
            let field = names.get(&name).filter(|field| known.contains(field)).or_else(of_table);
            match field {
                Some(field) if columns.has(field) => {
                    columns.doubled.push(shown(text));
                    columns.fields.push("".into());
                }
                Some(field) => columns.fields.push(field.into()),
                None if name.is_empty() => {
                    columns.nameless.push(columns.fields.len());
                    columns.fields.push("".into());
                }
                None => {
                    columns.unread.push(shown(text));
                    columns.fields.push("".into());
                }
            }
        }
        columns
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| **field == *name)
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    fn known(&self) -> usize {
        self.fields.iter().filter(|field| !field.is_empty()).count()
    }

    fn kind(&self) -> Option<&'static str> {
        if !self.has_any(&KEYS) {
            return None;
        }
        match (self.has_any(&APPROVED), self.has("purchase_order")) {
            (true, _) => Some("approved_entry"),
            (false, true) => Some("order_link"),
            _ => None,
        }
    }
}

/// In a report whose rows are lines, "Duty Amount" is what the line bears, and says nothing of the entry as a whole.
fn is_of_line(field: &str, column: &str) -> bool {
    (field == "entered_value" || field.starts_with("paid_")) && !column.contains("total")
}

fn shown(column: &str) -> String {
    column.chars().take(40).collect()
}

/// `"PO Number"` as the table writes it: `po_number`.
pub(super) fn normal(cell: &str) -> String {
    let mut name = String::new();
    for c in cell.trim().chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::top::{self, Top};
    use super::*;

    fn header(text: &str, names: &ColumnNames) -> Option<Header> {
        match top::find(text.as_bytes(), true, &Grammar::embedded(), names) {
            Top::Header(found) => Some(found.header),
            Top::None | Top::Open => None,
        }
    }

    fn kind(line: &str) -> Option<Option<&'static str>> {
        header(line, &ColumnNames::default()).map(|header| header.kind)
    }

    #[test]
    fn a_header_tells_what_the_rows_are() {
        for (line, wanted) in [
            ("Entry Number,PO Number\n", Some(Some("order_link"))),
            ("BOL;PO;PO line;HTS\n", Some(Some("approved_entry"))),
            ("\"Entry Summary Number\",\"Liquidation Date\"\r\n", Some(Some("ace_report"))),
            ("Entry Number,Entry Date,Total Duty Amount\n", Some(Some("ace_report"))),
            // The importer's own table, though it has a date of entry.
            ("Entry Number,Entry Date,PO Number\n", Some(Some("order_link"))),
            // Known columns that make no table.
            ("PO Number,Invoice\n", Some(None)),
            ("Entry Number,Broker Reference\n", Some(None)),
            ("name,colour\n", None),
            ("name,po\n", None),
            ("entry\n", None),
            ("", None),
            ("entry,po", None),
            ("A27049Z7  SO\nx,y\n", None),
        ] {
            assert_eq!(kind(line), wanted, "{line:?}");
        }
    }

    #[test]
    fn amounts_of_a_line_are_not_those_of_the_entry() {
        let fields = |line: &str| {
            let header = header(line, &ColumnNames::default());
            header.expect("a report").fields.iter().map(|field| field.to_string()).collect::<Vec<_>>()
        };
        let whole = "Entry Summary Number,Entry Date,Duty Amount,Total Duty\n";
        assert_eq!(fields(whole), ["entry", "entry_date", "paid_duty", ""]);
        let lines = "Entry Summary Number,Entry Date,Tariff Ordinal Number,Duty Amount,Total Duty\n";
        assert_eq!(fields(lines), ["entry", "entry_date", "", "", "paid_duty"]);
        let header = header(lines, &ColumnNames::default());
        assert_eq!(header.expect("a report").unread, ["Tariff Ordinal Number", "Duty Amount"]);
    }

    #[test]
    fn the_tables_name_fields_that_somebody_reads() {
        let grammar = Grammar::embedded();
        for (table, fields) in [(COLUMNS_TABLE, FIELDS), (REPORT_COLUMNS_TABLE, REPORT_FIELDS)] {
            let table = grammar.codes.get(table).expect("it is embedded");
            for row in &table.rows {
                assert!(fields.contains(&&*row.meaning), "{} {}", row.code, row.meaning);
                assert_eq!(normal(&row.code), *row.code);
            }
            for field in fields {
                assert!(table.rows.iter().any(|row| *row.meaning == **field), "no column is a {field}");
            }
        }
    }

    #[test]
    fn a_senders_own_names_come_first() {
        let names = ColumnNames::new([("Sum. No", "entry"), ("Liq Dt", "liquidation_date"), ("x", "bill")]);
        let header = header("sum no;LIQ DT;y\n", &names).expect("a table");
        assert_eq!(header.kind, Some("ace_report"));
        assert_eq!(header.unread, ["y"]);
    }
}
