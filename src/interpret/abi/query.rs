//! EQ, CQ and CJ: what the broker asked Customs. Nothing happened to an entry; somebody wanted to know.

use super::resolve::{DateAt, EntryAt, Resolver};
use super::scribe::{Draft, Scribe, plain};
use super::sheet::{Column, Sheet, columns, columns_without};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{BillRef, Effect, Kind};
use crate::place::Severity;

const J0: Tag = Tag::named(b"J0");
const J1: Tag = Tag::named(b"J1");
const J2: Tag = Tag::named(b"J2");
const CJ1: Tag = Tag::named(b"CJ1");
const WR1: Tag = Tag::named(b"WR1");

/// Entries that one record may ask for.
const ENTRIES: usize = 5;

/// Reads queries.
pub struct QueryReader {
    transmission: DateAt,
    summaries: [EntryAt; ENTRIES],
    detail: Vec<Column>,
    criteria: Vec<Column>,
    census: [EntryAt; ENTRIES],
    census_fields: Vec<Column>,
    cargo_entry: EntryAt,
    cargo: Vec<Column>,
    bill_issuer: FieldAt,
    bill_number: FieldAt,
    air_waybill: FieldAt,
    house_air_waybill: FieldAt,
}

impl QueryReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let summaries = [1, 2, 3, 4, 5].map(|index| EntryAt {
            filer: resolver.at("ER_J1", &format!("filer_{index}")),
            number: resolver.at("ER_J1", &format!("entry_{index}")),
        });
        let filer = resolver.at("CJ1", "entry_filer");
        let census = [1, 2, 3, 4, 5]
            .map(|index| EntryAt { filer, number: resolver.at("CJ1", &format!("entry_{index}")) });
        let numbers = ["bill_issuer", "bill_number", "air_waybill", "house_air_waybill"];
        Self {
            transmission: resolver.date("A_IN", "transmission_date"),
            summaries,
            detail: columns(resolver, "ER_J0"),
            criteria: columns(resolver, "ER_J2"),
            census,
            census_fields: columns_without(
                resolver,
                "CJ1",
                &["entry_1", "entry_2", "entry_3", "entry_4", "entry_5"],
            ),
            cargo_entry: resolver.entry("WR1_IN"),
            cargo: columns_without(resolver, "WR1_IN", &numbers),
            bill_issuer: resolver.at("WR1_IN", "bill_issuer"),
            bill_number: resolver.at("WR1_IN", "bill_number"),
            air_waybill: resolver.at("WR1_IN", "air_waybill"),
            house_air_waybill: resolver.at("WR1_IN", "house_air_waybill"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let mut sheet = Sheet::default();
        for record in transaction.records.iter().filter(|record| record.layout.is_some()) {
            match (record.tag().cut(2), record.tag().cut(3)) {
                (J0, _) => sheet.take(record, &self.detail),
                (J1, _) => self.entries("status of entry summaries", &self.summaries, record, &sheet, scribe),
                (J2, _) => {
                    sheet.take(record, &self.criteria);
                    scribe.entry = None;
                    self.ask("entry summaries by criteria", record, (None, None), &sheet, scribe);
                }
                (_, CJ1) => {
                    sheet.take(record, &self.census_fields);
                    self.entries("open census warnings", &self.census, record, &sheet, scribe);
                }
                (_, WR1) => self.cargo(record, scribe),
                _ => {}
            }
        }
    }

    /// One notice for each entry that is asked for; a record may ask for none and mean all.
    fn entries<'a>(
        &'a self,
        what: &'static str,
        entries: &[EntryAt],
        record: &Record<'a>,
        sheet: &Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let mut any = false;
        for at in entries.iter().filter(|at| !record.field(&at.number).is_empty()) {
            any = true;
            scribe.read_entry(record, at);
            self.ask(what, record, (None, None), sheet, scribe);
        }
        if !any {
            scribe.entry = None;
            self.ask(what, record, (None, None), sheet, scribe);
        }
    }

    fn cargo<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.read_named_entry(record, &self.cargo_entry);
        let mut sheet = Sheet::default();
        sheet.take(record, &self.cargo);
        let bill =
            |issuer: &'a [u8], number: &'a [u8]| (!number.is_empty()).then_some(BillRef { issuer, number });
        let surface = bill(record.field(&self.bill_issuer), record.field(&self.bill_number));
        let air = bill(b"", record.field(&self.air_waybill));
        let house = bill(b"", record.field(&self.house_air_waybill));
        self.ask("cargo, manifest or entry status", record, (surface.or(air), house), &sheet, scribe);
    }

    fn ask<'a>(
        &'a self,
        what: &'static str,
        record: &Record<'a>,
        (bill, house_bill): (Option<BillRef<'a>>, Option<BillRef<'a>>),
        sheet: &Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let mut reading = plain(Severity::Info, &Effect::Inform);
        reading.meaning = Some("the broker asked Customs");
        let mut sheet = sheet.clone();
        sheet.push_words("asked", Some(what));
        scribe.notice_of(record, &Draft { kind: Kind::Query, reading, at: None, bill, house_bill }, &sheet);
    }
}
