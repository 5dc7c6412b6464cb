//! NS and C1: what happens to bills and their goods under the manifest, told to the broker or answered to a query.

use std::collections::BTreeSet;

use super::resolve::{Codes, DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date, event_time};
use super::sheet::{Column, Sheet, columns, columns_without};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Format, Tag};
use crate::ident::EntryNumber;
use crate::notice::{BillRef, Effect, EventTime, Kind, Token};
use crate::place::Severity;

const N05: Tag = Tag::named(b"05");
const N10: Tag = Tag::named(b"10");
const N30: Tag = Tag::named(b"30");
const N40: Tag = Tag::named(b"40");
const N50: Tag = Tag::named(b"50");
const N60: Tag = Tag::named(b"60");
const WR0: Tag = Tag::named(b"WR0");
const WR1: Tag = Tag::named(b"WR1");
const WR4: Tag = Tag::named(b"WR4");
const WR5: Tag = Tag::named(b"WR5");
const WN1: Tag = Tag::named(b"WN1");
const WSA: Tag = Tag::named(b"WSA");
const WSB: Tag = Tag::named(b"WSB");
const WSC: Tag = Tag::named(b"WSC");
const WSD: Tag = Tag::named(b"WSD");

/// A disposition record: when and which code.
struct Disposition {
    codes: Codes,
    day: DateAt,
    time: FieldAt,
    time_format: Format,
    code: FieldAt,
    columns: Vec<Column>,
}

impl Disposition {
    fn resolve(resolver: &mut Resolver<'_>, key: &str, table: &str, [day, time]: [&str; 2]) -> Self {
        Self {
            codes: resolver.codes(table),
            day: resolver.date(key, day),
            time: resolver.at(key, time),
            time_format: resolver.format(key, time),
            code: resolver.at(key, "disposition_code"),
            columns: columns_without(resolver, key, &["disposition_code", day, time]),
        }
    }

    fn at(&self, record: &Record<'_>) -> Option<EventTime> {
        event_time(record, self.day, self.time, self.time_format)
    }

    /// The code, with the day of release where it releases.
    fn reading<'t>(&'t self, record: &Record<'_>, effect: &'t mut Effect) -> Reading<'t> {
        let reading = self.codes.read(record.field(&self.code));
        *effect = match *reading.effect {
            Effect::Release { .. } => Effect::Release { date: date(record, self.day) },
            other => other,
        };
        Reading { effect, ..reading }
    }
}

/// Issuer and number of a bill.
#[derive(Clone, Copy)]
struct BillAt {
    issuer: FieldAt,
    number: FieldAt,
}

impl BillAt {
    fn resolve(resolver: &mut Resolver<'_>, key: &str, issuer: &str, number: &str) -> Self {
        Self { issuer: resolver.at(key, issuer), number: resolver.at(key, number) }
    }

    fn of<'a>(&self, record: &Record<'a>) -> Option<BillRef<'a>> {
        bill(record.field(&self.issuer), record.field(&self.number))
    }
}

fn bill<'a>(issuer: &'a [u8], number: &'a [u8]) -> Option<BillRef<'a>> {
    (!number.is_empty()).then_some(BillRef { issuer, number })
}

/// Reads NS.
pub struct BillNoticeReader {
    conveyance: Vec<Column>,
    in_bond: Vec<Column>,
    status: Disposition,
    master: BillAt,
    house: BillAt,
    entry_type: FieldAt,
    entry_number: FieldAt,
    entry: Vec<Column>,
    container: FieldAt,
    remarks: FieldAt,
    more_container: FieldAt,
    is_limited: FieldAt,
    equipment: Vec<Column>,
}

impl BillNoticeReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let bills = ["bill_issuer", "bill_number", "house_issuer", "house_bill"];
        let mut status =
            Disposition::resolve(resolver, "NS30", "ams-dispositions", ["action_date", "action_time"]);
        status.columns.retain(|column| !bills.contains(&column.name()));
        Self {
            conveyance: columns(resolver, "NS05"),
            in_bond: columns(resolver, "NS10"),
            status,
            master: BillAt::resolve(resolver, "NS30", "bill_issuer", "bill_number"),
            house: BillAt::resolve(resolver, "NS30", "house_issuer", "house_bill"),
            entry_type: resolver.at("NS40", "entry_type"),
            entry_number: resolver.at("NS40", "entry_number"),
            entry: columns_without(resolver, "NS40", &["entry_type", "container"]),
            container: resolver.at("NS40", "container"),
            remarks: resolver.at("NS50", "remarks"),
            more_container: resolver.at("NS60", "container"),
            is_limited: resolver.at("NS60", "container_level"),
            equipment: columns(resolver, "NS60"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let records = transaction.records;
        let mut sheet = Sheet::default();
        for record in records {
            if is(record, N05, 2) {
                sheet.take(record, &self.conveyance);
            } else if is(record, N10, 2) {
                sheet.take(record, &self.in_bond);
            }
        }
        let mut at = 0;
        while let Some(start) =
            records[at..].iter().position(|record| is(record, N30, 2)).map(|found| at + found)
        {
            let behind = &records[start + 1..];
            let end = behind
                .iter()
                .position(|record| is(record, N30, 2))
                .map_or(records.len(), |next| start + 1 + next);
            self.status(&sheet, &records[start..end], scribe);
            at = end;
        }
    }

    fn status<'a>(&'a self, shared: &Sheet<'a>, group: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let Some(record) = group.first() else { return };
        let mut sheet = shared.clone();
        sheet.take(record, &self.status.columns);
        scribe.entry = None;
        let mut containers: BTreeSet<&'a [u8]> = BTreeSet::new();
        for more in &group[1..] {
            if is(more, N40, 2) {
                self.entry(more, &mut sheet, scribe);
                containers
                    .extend(Some(more.field(&self.container)).filter(|container| !container.is_empty()));
            } else if is(more, N50, 2) {
                sheet.push("remarks", more.field(&self.remarks));
            } else if is(more, N60, 2) {
                sheet.take(more, &self.equipment);
                let container = more.field(&self.more_container);
                let is_limited = more.field(&self.is_limited) == b"1" && !container.is_empty();
                if is_limited {
                    containers.insert(container);
                }
            }
        }
        let mut effect = Effect::Inform;
        let reading = self.status.reading(record, &mut effect);
        scribe.check_known(&reading, record, self.status.code);
        let (bill, house_bill) = (self.master.of(record), self.house.of(record));
        let at = self.status.at(record);
        let draft = Draft { kind: Kind::BillStatus, reading, at, bill, house_bill };
        if containers.is_empty() {
            scribe.notice_of(record, &draft, &sheet);
        }
        for container in containers {
            scribe.notice_of_container(record, &draft, &sheet, Token::some(container));
        }
    }

    /// The number in a 40 is an entry's unless the type is one of goods in bond.
    fn entry<'a>(&'a self, record: &Record<'a>, sheet: &mut Sheet<'a>, scribe: &mut Scribe<'_, 'a>) {
        sheet.take(record, &self.entry);
        let (kind, number) = (record.field(&self.entry_type), record.field(&self.entry_number));
        let is_in_bond = matches!(kind, [b'6', _]);
        let entry = std::str::from_utf8(number).ok().filter(|_| !is_in_bond).and_then(EntryNumber::parse);
        match entry {
            Some(entry) => {
                scribe.entry = Some(entry);
                sheet.push("entry_type", kind);
            }
            None => {
                sheet.push("in_bond_type", kind);
                sheet.push("number", number);
            }
        }
    }
}

/// Reads the bill loops and errors of C1; its WO records are those of SO.
pub struct CargoAnswerReader {
    conveyance_entry: EntryAt,
    conveyance: Vec<Column>,
    bill: Vec<Column>,
    master: BillAt,
    house: BillAt,
    status: Disposition,
    ports: Vec<Column>,
    flight: Vec<Column>,
    air_waybill: FieldAt,
    house_air_waybill: FieldAt,
    air_status: Disposition,
    entry_or_in_bond: FieldAt,
    errors: [ErrorAt; 3],
    error_codes: Words,
}

/// An answer that nothing was found.
struct ErrorAt {
    tag: Tag,
    code: FieldAt,
    entry: Option<EntryAt>,
    bill: Option<BillAt>,
    air: Option<FieldAt>,
    columns: Vec<Column>,
}

impl CargoAnswerReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let error = |resolver: &mut Resolver<'_>, tag, key: &str| ErrorAt {
            tag,
            code: resolver.at(key, "error_code"),
            entry: (tag == WR0).then(|| resolver.entry(key)),
            bill: (tag == WSA).then(|| BillAt::resolve(resolver, key, "bill_issuer", "bill_number")),
            air: (tag == WSB).then(|| resolver.at(key, "air_waybill")),
            columns: columns_without(resolver, key, &["error_code"]),
        };
        let when = ["disposition_date", "disposition_time"];
        Self {
            conveyance_entry: resolver.entry("WR1_OUT"),
            conveyance: columns(resolver, "WR1_OUT"),
            bill: columns_without(
                resolver,
                "WR4",
                &["master_bill", "house_bill", "master_issuer", "house_issuer"],
            ),
            master: BillAt::resolve(resolver, "WR4", "master_issuer", "master_bill"),
            house: BillAt::resolve(resolver, "WR4", "house_issuer", "house_bill"),
            status: Disposition::resolve(resolver, "WR5", "ams-dispositions", when),
            ports: columns_without(resolver, "WN1", &["in_bond_number"]),
            flight: columns_without(resolver, "WSC", &["air_waybill", "house_air_waybill"]),
            air_waybill: resolver.at("WSC", "air_waybill"),
            house_air_waybill: resolver.at("WSC", "house_air_waybill"),
            air_status: Disposition::resolve(resolver, "WSD", "ams-dispositions-air", when),
            entry_or_in_bond: resolver.at("WSD", "in_bond_or_entry"),
            errors: [error(resolver, WR0, "WR0"), error(resolver, WSA, "WSA"), error(resolver, WSB, "WSB")],
            error_codes: resolver.words("cq-errors"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let mut sheet = Sheet::default();
        let mut of_conveyance = sheet.mark();
        let (mut master, mut house) = (None, None);
        for (index, record) in transaction.records.iter().enumerate() {
            if record.layout.is_none() {
                continue;
            }
            match record.tag().cut(3) {
                WR1 => {
                    scribe.read_named_entry(record, &self.conveyance_entry);
                    sheet = Sheet::default();
                    sheet.take(record, &self.conveyance);
                    of_conveyance = sheet.mark();
                    (master, house) = (None, None);
                }
                WR4 => {
                    sheet.back_to(of_conveyance);
                    sheet.take(record, &self.bill);
                    (master, house) = (self.master.of(record), self.house.of(record));
                    // The ports and dates of the bill stand behind its dispositions, which are to tell them.
                    let behind = transaction.records[index + 1..].iter();
                    let of_bill = behind.take_while(|record| !begins_another(record));
                    for record in of_bill.filter(|record| is(record, WN1, 3)) {
                        sheet.take(record, &self.ports);
                    }
                }
                WN1 => {}
                WR5 => self.disposition(&self.status, record, (master, house), &mut sheet, scribe),
                WSC => {
                    scribe.entry = None;
                    sheet = Sheet::default();
                    sheet.take(record, &self.flight);
                    master = bill(b"", record.field(&self.air_waybill));
                    house = bill(b"", record.field(&self.house_air_waybill));
                }
                WSD => {
                    let number = record.field(&self.entry_or_in_bond);
                    scribe.entry = std::str::from_utf8(number).ok().and_then(EntryNumber::parse);
                    self.disposition(&self.air_status, record, (master, house), &mut sheet, scribe);
                }
                tag => {
                    if let Some(at) = self.errors.iter().find(|at| at.tag == tag) {
                        self.error(at, record, scribe);
                    }
                }
            }
        }
    }

    fn disposition<'a>(
        &'a self,
        status: &'a Disposition,
        record: &Record<'a>,
        (bill, house_bill): (Option<BillRef<'a>>, Option<BillRef<'a>>),
        sheet: &mut Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let mark = sheet.mark();
        sheet.take(record, &status.columns);
        let mut effect = Effect::Inform;
        let reading = status.reading(record, &mut effect);
        scribe.check_known(&reading, record, status.code);
        let draft = Draft { kind: Kind::BillStatus, reading, at: status.at(record), bill, house_bill };
        scribe.notice_of(record, &draft, sheet);
        sheet.back_to(mark);
    }

    fn error<'a>(&'a self, at: &'a ErrorAt, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.entry = None;
        if let Some(entry) = &at.entry {
            scribe.read_entry(record, entry);
        }
        let code = record.field(&at.code);
        let row = self.error_codes.get(code);
        let reading = Reading {
            code: Token::some(code),
            table: self.error_codes.name(),
            meaning: row.map(|row| &*row.meaning),
            severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Info)),
            effect: if row.is_some() { &Effect::Inform } else { &Effect::Unknown },
        };
        scribe.check_known(&reading, record, at.code);
        let mut sheet = Sheet::default();
        sheet.take(record, &at.columns);
        let found = at.bill.and_then(|bill| bill.of(record));
        let air = at.air.and_then(|air| bill(b"", record.field(&air)));
        let kind = if at.entry.is_some() { Kind::EntryStatus } else { Kind::BillStatus };
        let draft = Draft { kind, reading, at: None, bill: found.or(air), house_bill: None };
        scribe.notice_of(record, &draft, &sheet);
    }
}

/// Another conveyance, bill or flight.
fn begins_another(record: &Record<'_>) -> bool {
    [WR1, WR4, WSC].contains(&record.tag().cut(3))
}

fn is(record: &Record<'_>, tag: Tag, width: u8) -> bool {
    record.layout.is_some() && record.tag().cut(width) == tag
}
