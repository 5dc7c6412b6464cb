//! SE: the release filing as the broker sent it. The entry, its bills, its lines.

use super::filing::filing_key;
use super::resolve::{AmountAt, DateAt, EntryAt, Resolver, Words};
use super::scribe::{Draft, Scribe, plain};
use super::sheet::{Column, Sheet, Sum, columns, columns_without};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Amounts, BillRef, Effect, FiledLine, Kind};
use crate::place::Severity;

const SE10: Tag = Tag::named(b"SE10");
const SE11: Tag = Tag::named(b"SE11");
const SE13: Tag = Tag::named(b"SE13");
const SE15: Tag = Tag::named(b"SE15");
const SE16: Tag = Tag::named(b"SE16");
const SE17: Tag = Tag::named(b"SE17");
const SE20: Tag = Tag::named(b"SE20");
const SE30: Tag = Tag::named(b"SE30");
const SE40: Tag = Tag::named(b"SE40");
const SE41: Tag = Tag::named(b"SE41");
const SE50: Tag = Tag::named(b"SE50");
const SE60: Tag = Tag::named(b"SE60");
const SE61: Tag = Tag::named(b"SE61");

/// Reads SE.
pub struct ReleaseFilingReader {
    transmission: DateAt,
    entry: EntryAt,
    action: FieldAt,
    header: Vec<Column>,
    more_header: Vec<Column>,
    contact: Vec<Column>,
    cancel_reason: FieldAt,
    cancel_reasons: Words,
    qualifier: FieldAt,
    reference: FieldAt,
    party: Vec<Column>,
    bill_type: FieldAt,
    bill_issuer: FieldAt,
    bill_number: FieldAt,
    bill: Vec<Column>,
    conveyance: Vec<Column>,
    equipment: FieldAt,
    line: Vec<Column>,
    zone: Vec<Column>,
    tariff: Vec<Column>,
    value: AmountAt,
    current_tariff: Vec<Column>,
}

/// The bills of one group: an in-bond number, then a simple bill, or a master and its house bill.
#[derive(Default)]
struct Bills<'a> {
    master: Option<BillRef<'a>>,
    house: Option<BillRef<'a>>,
    in_bond: &'a [u8],
}

impl ReleaseFilingReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            transmission: resolver.date("A_IN", "transmission_date"),
            entry: resolver.entry("SE10"),
            action: resolver.at("SE10", "action"),
            header: columns(resolver, "SE10"),
            more_header: columns(resolver, "SE11"),
            contact: columns_without(resolver, "SE13", &["contact_name", "contact_phone"]),
            cancel_reason: resolver.at("SE13", "cancel_reason"),
            cancel_reasons: resolver.words("cancel-reasons"),
            qualifier: resolver.at("SE20", "qualifier"),
            reference: resolver.at("SE20", "reference"),
            party: columns(resolver, "SE30"),
            bill_type: resolver.at("SE15", "bill_type"),
            bill_issuer: resolver.at("SE15", "bill_issuer"),
            bill_number: resolver.at("SE15", "bill_number"),
            bill: columns_without(resolver, "SE15", &["bill_issuer", "bill_number"]),
            conveyance: columns(resolver, "SE16"),
            equipment: resolver.at("SE17", "equipment_number"),
            line: columns(resolver, "SE40"),
            zone: columns(resolver, "SE41"),
            tariff: columns(resolver, "SE60"),
            value: resolver.amount("SE60", "value"),
            current_tariff: columns(resolver, "SE61"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let records = transaction.records;
        let Some(head) = records.iter().find(|record| record.layout.is_some() && record.tag() == SE10) else {
            return;
        };
        scribe.read_entry(head, &self.entry);
        self.filing(head, records, scribe);
        self.bills(records, scribe);
        self.lines(transaction, scribe);
    }

    fn filing<'a>(&'a self, head: &Record<'a>, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let mut sheet = Sheet::default();
        sheet.take(head, &self.header);
        let (mut lines, mut agency_records) = (0, 0);
        for record in records {
            if record.layout.is_none() {
                agency_records += usize::from(record.bytes.starts_with(b"PG"));
                continue;
            }
            match record.tag() {
                SE11 => sheet.take(record, &self.more_header),
                SE13 => {
                    sheet.take(record, &self.contact);
                    let reason = record.field(&self.cancel_reason);
                    sheet.push_words("cancel_reason_meaning", self.cancel_reasons.meaning(reason));
                }
                SE20 => self.reference(record, &mut sheet),
                SE30 => sheet.take(record, &self.party),
                SE40 => lines += 1,
                _ => {}
            }
        }
        sheet.write_count("line_count", lines);
        if agency_records > 0 {
            sheet.write_count("agency_records", agency_records);
        }
        // A cancellation is a request that CBP answers (SX, SO 23); until then what was filed stands.
        let is_cancellation = head.field(&self.action) == b"D";
        let effect = if is_cancellation { Effect::Inform } else { Effect::Filed };
        let mut reading = plain(Severity::Info, &effect);
        reading.meaning = Some(match head.field(&self.action) {
            b"D" => "release filing: cancellation asked for",
            b"R" => "release filing replaced",
            b"U" => "release filing updated",
            _ => "release filing sent",
        });
        scribe.notice_of(head, &Draft::new(Kind::ReleaseFiled, reading, None), &sheet);
    }

    fn reference<'a>(&'a self, record: &Record<'a>, sheet: &mut Sheet<'a>) {
        let name = match record.field(&self.qualifier) {
            b"CR" => "broker_reference",
            b"EN" => "replacement_entry",
            b"IB" => "in_bond_number",
            b"FTZ" => "zone_admission_number",
            b"DIS" => "document_reference",
            b"V1" => "surety_code",
            b"AMT" => "bond_amount",
            b"RRN" => "rail_reference",
            b"CES" => "consolidated_summary",
            b"EDA" => "estimated_arrival",
            other => {
                sheet.push("reference_qualifier", other);
                "reference"
            }
        };
        sheet.push(name, record.field(&self.reference));
    }

    /// One notice for each bill group: it ties the bill to the entry.
    fn bills<'a>(&'a self, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let mut bills = Bills::default();
        let mut sheet = Sheet::default();
        let mut first: Option<&Record<'a>> = None;
        let known = records.iter().filter(|record| record.layout.is_some());
        for record in known {
            match record.tag() {
                SE15 => {
                    let kind = record.field(&self.bill_type);
                    let is_lower = kind == b"H" || kind == b"T" && bills.master.is_some();
                    let continues = is_lower && bills.house.is_none()
                        || matches!(kind, b"M" | b"R" | b"T") && bills.master.is_none();
                    if first.is_some() && !continues {
                        self.bill_notice(first.take(), &bills, &sheet, scribe);
                        bills = Bills::default();
                        sheet = Sheet::default();
                    }
                    let bill = BillRef {
                        issuer: record.field(&self.bill_issuer),
                        number: record.field(&self.bill_number),
                    };
                    match kind {
                        b"I" => bills.in_bond = bill.number,
                        _ if is_lower => bills.house = Some(bill),
                        _ => bills.master = Some(bill),
                    }
                    sheet.take(record, &self.bill);
                    first = first.or(Some(record));
                }
                SE16 => sheet.take(record, &self.conveyance),
                SE17 => sheet.push("container", record.field(&self.equipment)),
                SE40 => break,
                _ => {}
            }
        }
        self.bill_notice(first, &bills, &sheet, scribe);
    }

    fn bill_notice<'a>(
        &'a self,
        record: Option<&Record<'a>>,
        bills: &Bills<'a>,
        sheet: &Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some(record) = record else { return };
        let mut sheet = sheet.clone();
        sheet.push("in_bond_number", bills.in_bond);
        let mut reading = plain(Severity::Info, &Effect::Inform);
        reading.meaning = Some("bill named in the release filing");
        let (bill, house_bill) = (bills.master, bills.house);
        let draft = Draft { kind: Kind::ReleaseFiled, reading, at: None, bill, house_bill };
        scribe.notice_of(record, &draft, &sheet);
    }

    /// One notice for each line, with its tariff numbers.
    fn lines<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let starts = |record: &Record<'_>| record.layout.is_some() && record.tag() == SE40;
        let filing = filing_key(transaction);
        let records = transaction.records;
        let (mut at, mut ordinal) = (0, 0u16);
        while let Some(start) = records[at..].iter().position(starts).map(|found| at + found) {
            let end =
                records[start + 1..].iter().position(starts).map_or(records.len(), |found| start + 1 + found);
            let mut sheet = Sheet::default();
            let mut value = Sum::default();
            for record in records[start..end].iter().filter(|record| record.layout.is_some()) {
                match record.tag() {
                    SE40 => sheet.take(record, &self.line),
                    SE41 => sheet.take(record, &self.zone),
                    SE50 => sheet.take(record, &self.party),
                    SE60 => {
                        sheet.take(record, &self.tariff);
                        value.add(record, self.value);
                    }
                    SE61 => sheet.take(record, &self.current_tariff),
                    _ => {}
                }
            }
            ordinal = ordinal.saturating_add(1);
            let line = FiledLine { filing, ordinal, value: value.total(), amounts: Amounts::default() };
            let effect = Effect::FiledLine(line);
            let mut reading = plain(Severity::Info, &effect);
            reading.meaning = Some("line of the release filing");
            scribe.notice_of(&records[start], &Draft::new(Kind::ReleaseFiled, reading, None), &sheet);
            at = end;
        }
    }
}
