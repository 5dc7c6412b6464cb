//! AE: the entry summary as the broker sent it. Header, bills, lines, totals.

use super::filing::{FilingReader, LINE, filing_key};
use super::resolve::{DateAt, EntryAt, Resolver, Words};
use super::scribe::{Draft, Scribe, date, plain};
use super::sheet::{Column, Sheet, columns, columns_without};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{BillRef, Effect, FilingAction, Kind, SummaryFiling, Token};
use crate::place::Severity;

const CONTROL: Tag = Tag::named(b"10");
const CONTENT: Tag = Tag::named(b"11");
const MANIFEST: Tag = Tag::named(b"22");
const BILL: Tag = Tag::named(b"23");
const CONSOLIDATED: Tag = Tag::named(b"32");

/// Filer and number of the releases in one record 32.
const RELEASES: [(&str, &str); 6] = [
    ("filer_1", "entry_1"),
    ("filer_2", "entry_2"),
    ("filer_3", "entry_3"),
    ("filer_4", "entry_4"),
    ("filer_5", "entry_5"),
    ("filer_6", "entry_6"),
];

/// Header records that are shown as they stand, behind 10 and 11.
const SHOWN: &[(&[u8], &str)] = &[
    (b"20", "AE20"),
    (b"21", "AE21"),
    (b"30", "AE30"),
    (b"31", "AE31"),
    (b"32", "AE32"),
    (b"33", "AE33"),
    (b"34", "AE34"),
    (b"35", "AE35"),
    (b"36", "AE36"),
];

/// Reads the header records of a summary, in AE and in the answers that repeat them.
pub struct SummaryFilingReader {
    transmission: DateAt,
    entry: EntryAt,
    action: FieldAt,
    control: Vec<Column>,
    psc: FieldAt,
    payment_type: FieldAt,
    payment_types: Words,
    statement_date: DateAt,
    periodic_month: FieldAt,
    content: Vec<Column>,
    import_date: DateAt,
    shown: Vec<(Tag, Vec<Column>)>,
    manifest: Vec<Column>,
    component: FieldAt,
    bill_issuer: FieldAt,
    bill_number: FieldAt,
    /// Six in a record.
    releases: [EntryAt; 6],
    lines: FilingReader,
}

impl SummaryFilingReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            transmission: resolver.date("A_IN", "transmission_date"),
            entry: resolver.entry("AE10"),
            action: resolver.at("AE10", "action"),
            control: columns(resolver, "AE10"),
            psc: resolver.at("AE10", "psc"),
            payment_type: resolver.at("AE10", "payment_type"),
            payment_types: resolver.words("payment-types"),
            statement_date: resolver.date("AE10", "preliminary_statement_date"),
            periodic_month: resolver.at("AE10", "periodic_month"),
            content: columns_without(resolver, "AE11", &["old_ftz_id"]),
            import_date: resolver.date("AE11", "import_date"),
            shown: SHOWN.iter().map(|(id, key)| (Tag::named(id), columns(resolver, key))).collect(),
            manifest: columns(resolver, "AE22"),
            component: resolver.at("AE23", "component_type"),
            bill_issuer: resolver.at("AE23", "issuer"),
            bill_number: resolver.at("AE23", "identifier"),
            releases: RELEASES.map(|(filer, number)| EntryAt {
                filer: resolver.at("AE32", filer),
                number: resolver.at("AE32", number),
            }),
            lines: FilingReader::resolve(resolver),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let head = transaction.records.iter().find(|record| is(record, CONTROL));
        let Some(head) = head.or(transaction.records.first()) else { return };
        if is(head, CONTROL) {
            scribe.read_entry(head, &self.entry);
        }
        self.filing(Kind::SummaryFiled, head, transaction, transaction.records, scribe);
    }

    /// What CBP repeats of the summary in a query answer: the same records behind the status records.
    pub fn read_content<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let records = transaction.records;
        let content = |record: &Record<'_>| {
            record.layout.is_some() && record.bytes.first().is_some_and(u8::is_ascii_digit)
        };
        let Some(start) = records.iter().position(content) else { return };
        self.filing(Kind::EntryStatus, &records[start], transaction, &records[start..], scribe);
    }

    fn filing<'a>(
        &'a self,
        kind: Kind,
        head: &Record<'a>,
        transaction: &Transaction<'a>,
        records: &[Record<'a>],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let filing = filing_key(transaction);
        let mut sheet = Sheet::default();
        let control = is(head, CONTROL).then_some(head);
        let content = records.iter().find(|record| is(record, CONTENT));
        if let Some(control) = control {
            sheet.take(control, &self.control);
            let meaning = self.payment_types.meaning(control.field(&self.payment_type));
            sheet.push_words("payment_type_meaning", meaning);
        }
        if let Some(content) = content {
            sheet.take(content, &self.content);
        }
        for record in records.iter().take_while(|record| !is(record, LINE)) {
            if let Some((_, columns)) = self.shown.iter().find(|(known, _)| is(record, *known)) {
                sheet.take(record, columns);
            }
        }
        let lines = self.lines.count(records);
        sheet.write_count("line_count", lines.count.into());
        if let Some(value) = lines.value.total() {
            sheet.write_amount("entered_value", value);
        }
        self.lines.take_totals(records, &mut sheet);
        let text = |at: FieldAt| control.map_or(&b""[..], |record| record.field(&at));
        let is_deletion = text(self.action) == b"D";
        let (amounts, other) = self.lines.grand_totals(records);
        let filed = SummaryFiling {
            filing,
            action: if is_deletion { FilingAction::Deleted } else { FilingAction::Filed },
            is_correction: text(self.psc) == b"Y",
            payment_type: Token::some(text(self.payment_type)),
            statement_date: control.and_then(|record| date(record, self.statement_date)),
            statement_month: Token::some(text(self.periodic_month)),
            import_date: content.and_then(|record| date(record, self.import_date)),
            line_count: lines.count,
            entered_value: lines.value.total(),
            amounts,
            other,
        };
        let effect = Effect::SummaryFiled(filed);
        let mut reading = plain(Severity::Info, &effect);
        reading.meaning = Some(match (kind, filed.is_correction, is_deletion) {
            (Kind::EntryStatus, _, _) => "entry summary as CBP holds it",
            (_, _, true) => "entry summary: deletion asked for",
            (_, true, _) => "post summary correction sent",
            _ => "entry summary sent",
        });
        scribe.notice_of(head, &Draft::new(kind, reading, None), &sheet);
        self.bills(kind, records, scribe);
        self.lines.lines(kind, filing, records, scribe);
        self.releases(kind, &filed, records, scribe);
    }

    /// One notice for each release under a consolidated summary, about the entry of the release.
    fn releases<'a>(
        &'a self,
        kind: Kind,
        filed: &SummaryFiling,
        records: &[Record<'a>],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let is_filed = filed.action == FilingAction::Filed;
        let Some(summary) = scribe.entry.filter(|_| is_filed) else { return };
        let header = records.iter().take_while(|record| !is(record, LINE));
        let named = header.filter(|record| is(record, CONSOLIDATED));
        let named = named.flat_map(|record| self.releases.iter().map(move |at| (record, at)));
        for (record, at) in named.filter(|(record, at)| !record.field(&at.number).is_empty()) {
            scribe.read_entry(record, at);
            if scribe.entry.is_none_or(|release| release == summary) {
                continue;
            }
            let effect = Effect::Consolidated { summary, filing: filed.filing };
            let mut reading = plain(Severity::Info, &effect);
            reading.meaning = Some("release under a consolidated entry summary");
            let mut sheet = Sheet::default();
            sheet.write("summary", summary);
            scribe.notice_of(record, &Draft::new(kind, reading, None), &sheet);
        }
        scribe.entry = Some(summary);
    }

    /// One notice for each bill group: it ties the bill to the entry.
    fn bills<'a>(&'a self, kind: Kind, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let mut sheet = Sheet::default();
        let mut group: Option<(&Record<'a>, Option<BillRef<'a>>, Option<BillRef<'a>>)> = None;
        for record in records.iter().take_while(|record| !is(record, LINE)) {
            if is(record, MANIFEST) {
                self.bill_notice(kind, group.take(), &sheet, scribe);
                sheet = Sheet::default();
                sheet.take(record, &self.manifest);
            } else if is(record, BILL) {
                let bill = BillRef {
                    issuer: record.field(&self.bill_issuer),
                    number: record.field(&self.bill_number),
                };
                let (_, master, house) = group.get_or_insert((record, None, None));
                match record.field(&self.component) {
                    b"I" => sheet.push("in_bond_number", bill.number),
                    b"H" => *house = Some(bill),
                    b"S" => {
                        sheet.push("sub_house_bill", bill.number);
                        house.get_or_insert(bill);
                    }
                    _ => *master = Some(bill),
                }
            }
        }
        self.bill_notice(kind, group, &sheet, scribe);
    }

    fn bill_notice<'a>(
        &'a self,
        kind: Kind,
        group: Option<(&Record<'a>, Option<BillRef<'a>>, Option<BillRef<'a>>)>,
        sheet: &Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some((record, bill, house_bill)) = group else { return };
        let mut reading = plain(Severity::Info, &Effect::Inform);
        reading.meaning = Some("bill named in the entry summary");
        scribe.notice_of(record, &Draft { kind, reading, at: None, bill, house_bill }, sheet);
    }
}

fn is(record: &Record<'_>, tag: Tag) -> bool {
    record.layout.is_some() && record.tag().cut(2) == tag
}
