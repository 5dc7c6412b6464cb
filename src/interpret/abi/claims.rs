//! Bills and protests in a query answer (ER JJ, JK, JN): what CBP asks for, and what was disputed.

use super::resolve::{AmountAt, DateAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date};
use super::sheet::{Column, Sheet, columns, decimal};
use crate::decode::abi::Record;
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{CustomsBill, Effect, Kind, ProtestStatus, Token};
use crate::place::Severity;

const JJ: Tag = Tag::named(b"JJ");
const JN: Tag = Tag::named(b"JN");

/// Reads JJ, JK and JN.
pub struct ClaimReader {
    bills: [BillAt; 2],
    bill_codes: Words,
    protest: ProtestAt,
    protest_codes: Words,
}

/// Positions in JK or JN.
struct BillAt {
    tag: Tag,
    number: FieldAt,
    date: DateAt,
    kind: FieldAt,
    status: FieldAt,
    total: AmountAt,
    paid: AmountAt,
    columns: Vec<Column>,
}

struct ProtestAt {
    number: FieldAt,
    kind: FieldAt,
    status: FieldAt,
    decided: DateAt,
    summons: FieldAt,
    columns: Vec<Column>,
}

impl BillAt {
    fn resolve(resolver: &mut Resolver<'_>, id: &[u8], key: &str) -> Self {
        Self {
            tag: Tag::named(id),
            number: resolver.at(key, "bill_number"),
            date: resolver.date(key, "bill_date"),
            kind: resolver.at(key, "bill_type"),
            status: resolver.at(key, "bill_status"),
            total: resolver.amount(key, "total"),
            paid: resolver.amount(key, "paid"),
            columns: columns(resolver, key),
        }
    }
}

impl ClaimReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            bills: [BillAt::resolve(resolver, b"JK", "ER_JK"), BillAt::resolve(resolver, b"JN", "ER_JN")],
            bill_codes: resolver.words("bill-codes"),
            protest: ProtestAt {
                number: resolver.at("ER_JJ", "protest_number"),
                kind: resolver.at("ER_JJ", "protest_type"),
                status: resolver.at("ER_JJ", "protest_status"),
                decided: resolver.date("ER_JJ", "decision_date"),
                summons: resolver.at("ER_JJ", "summons"),
                columns: columns(resolver, "ER_JJ"),
            },
            protest_codes: resolver.words("protest-codes"),
        }
    }

    pub fn read<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        if is(record, JJ) {
            self.protest(record, scribe);
        }
        for at in self.bills.iter().filter(|at| is(record, at.tag)) {
            self.bill(at, record, scribe);
        }
    }

    fn protest<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        let at = &self.protest;
        let code = record.field(&at.status);
        let effect = Effect::Protest(self.stated(record));
        let row = self.protest_codes.meaning_of(code, "JJ 16-17");
        let kind = self.protest_codes.meaning_of(record.field(&at.kind), "JJ 15");
        if row.is_none() && !code.is_empty() {
            return unknown(record, at.status, &self.protest_codes, scribe);
        }
        let mut sheet = Sheet::default();
        sheet.take(record, &at.columns);
        sheet.push_words("protest_type_meaning", kind.map(|row| &*row.meaning));
        let reading = Reading {
            code: Token::some(code),
            table: self.protest_codes.name(),
            meaning: Some(row.map_or("protest", |row| &row.meaning)),
            severity: row.and_then(|row| row.severity).unwrap_or(Severity::Info),
            effect: &effect,
        };
        scribe.notice_of(record, &Draft::new(Kind::EntryStatus, reading, None), &sheet);
    }

    fn stated(&self, record: &Record<'_>) -> ProtestStatus {
        let at = &self.protest;
        ProtestStatus {
            number: Token::new(record.field(&at.number)),
            kind: Token::new(record.field(&at.kind)),
            status: Token::new(record.field(&at.status)),
            decided: date(record, at.decided),
            has_summons: record.field(&at.summons) == b"1",
        }
    }

    /// Whether the answer lists petitions, and no protest.
    pub fn has_only_petitions(&self, records: &[Record<'_>]) -> bool {
        let mut listed = records.iter().filter(|record| is(record, JJ)).peekable();
        listed.peek().is_some() && listed.all(|record| !self.stated(record).is_protest())
    }

    fn bill<'a>(&'a self, at: &'a BillAt, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        const KIND: &str = "ER JK/JN bill type";
        const STATUS: &str = "ER JK/JN bill status";
        let code = record.field(&at.status);
        let row = self.bill_codes.meaning_of(code, STATUS);
        let kind = self.bill_codes.meaning_of(record.field(&at.kind), KIND);
        let of = |at: AmountAt| decimal(record.field(&at.at), at.decimals);
        // Paid, canceled, void, paid by administration, written off. A status that nobody knows may still want money.
        let is_open = !matches!(code, b"04" | b"06" | b"07" | b"08" | b"09" | b"10" | b"11");
        let bill = CustomsBill {
            number: Token::new(record.field(&at.number)),
            date: date(record, at.date),
            kind: Token::new(record.field(&at.kind)),
            status: Token::new(code),
            total: of(at.total),
            paid: of(at.paid),
            is_open,
        };
        if row.is_none() && !code.is_empty() {
            unknown(record, at.status, &self.bill_codes, scribe);
        }
        let severity = match (is_open, kind.and_then(|row| row.severity)) {
            (true, severity) => severity.unwrap_or(Severity::Warning),
            (false, _) => Severity::Info,
        };
        let effect = Effect::CustomsBill(bill);
        let mut sheet = Sheet::default();
        sheet.take(record, &at.columns);
        sheet.push_words("bill_type_meaning", kind.map(|row| &*row.meaning));
        if at.tag == JN {
            sheet.push_words("asked_of", Some("surety"));
        }
        let reading = Reading {
            code: Token::some(code),
            table: self.bill_codes.name(),
            meaning: Some(row.map_or("bill from Customs", |row| &row.meaning)),
            severity,
            effect: &effect,
        };
        scribe.notice_of(record, &Draft::new(Kind::EntryStatus, reading, None), &sheet);
    }
}

/// A code that the table does not have is as loud here as anywhere, whatever the rest of the answer says.
pub fn unknown<'a>(record: &Record<'a>, at: FieldAt, table: &'a Words, scribe: &mut Scribe<'_, 'a>) {
    let reading = Reading {
        code: Token::some(record.field(&at)),
        table: table.name(),
        meaning: None,
        severity: Severity::Critical,
        effect: &Effect::Unknown,
    };
    scribe.check_known(&reading, record, at);
    let mut sheet = Sheet::default();
    let field = record.layout.and_then(|layout| layout.field_at(usize::from(at.start)));
    if let Some(field) = field {
        sheet.write("field", &field.name);
    }
    scribe.notice_of(record, &Draft::new(Kind::EntryStatus, reading, None), &sheet);
}

fn is(record: &Record<'_>, tag: Tag) -> bool {
    record.layout.is_some() && record.tag().cut(2) == tag
}
