//! SO: what happens to the goods. Bill matches (SO50), dispositions of the entry (SO60), agencies (SO70).

use super::agency::AgencyReader;
use super::resolve::{Carry, Codes, DateAt, EntryAt, Resolver, Words};
use super::scribe::{Draft, Scribe};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Format, Tag};
use crate::notice::{BillRef, Effect, Kind};

const SO10: Tag = Tag::named(b"SO10");
const SO20: Tag = Tag::named(b"SO20");
const SO40: Tag = Tag::named(b"SO40");
const SO42: Tag = Tag::named(b"SO42");
const SO50: Tag = Tag::named(b"SO50");
const SO60: Tag = Tag::named(b"SO60");
const SO70: Tag = Tag::named(b"SO70");

/// The tag of a status record. The answer to a query has the same records under WO (CQ/C1 chapter), and `W` differs from
/// `S` in one bit.
#[inline]
pub fn of_status(record: &Record<'_>) -> Tag {
    Tag(record.tag().0 & !0x0400_0000)
}

/// A disposition record: when, which code, and what else it says.
struct Disposition {
    codes: Codes,
    day: DateAt,
    time: FieldAt,
    time_format: Format,
    code: FieldAt,
    carried: Vec<Carry>,
}

impl Disposition {
    fn resolve(resolver: &mut Resolver<'_>, key: &str, table: &str, carried: &[&'static str]) -> Self {
        Self {
            codes: resolver.codes(table),
            day: resolver.date(key, "disposition_date"),
            time: resolver.at(key, "disposition_time"),
            time_format: resolver.format(key, "disposition_time"),
            code: resolver.at(key, "disposition_code"),
            carried: resolver.carry(key, carried),
        }
    }
}

/// Reads SO.
pub struct ReleaseReader {
    entry: EntryAt,
    header: Vec<Carry>,
    qualifier: FieldAt,
    reference: FieldAt,
    reject_reasons: Words,
    bill_type: FieldAt,
    bill_issuer: FieldAt,
    bill_number: FieldAt,
    bill: Vec<Carry>,
    in_bond: Vec<Carry>,
    bill_status: Disposition,
    entry_status: Disposition,
    release_date: DateAt,
    release_origin: FieldAt,
    release_origins: Words,
    agency: AgencyReader,
}

/// The bills of one group, which its SO50 closes.
#[derive(Default)]
struct BillGroup<'a> {
    master: Option<BillRef<'a>>,
    house: Option<BillRef<'a>>,
    closed: bool,
}

impl ReleaseReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let bill_fields =
            ["narrative", "split", "carrier", "voyage_flight_trip", "arrival_date", "arrival_port"];
        let entry_fields = ["narrative", "release_date", "release_origin", "document_type"];
        Self {
            entry: resolver.entry("SO10"),
            header: resolver.carry_as(
                "SO10",
                &[
                    ("port_of_entry", "port_of_entry"),
                    ("entry_type", "entry_type"),
                    ("importer_number", "importer_number"),
                    ("carrier", "carrier"),
                    ("vessel", "vessel_name"),
                    ("voyage", "voyage_flight_trip"),
                    ("estimated_arrival", "estimated_arrival"),
                    ("split_release_code", "split_release_code"),
                    ("correction_response", "correction_response"),
                ],
            ),
            qualifier: resolver.at("SO20", "qualifier"),
            reference: resolver.at("SO20", "reference"),
            reject_reasons: resolver.words("so20-rsn-reasons"),
            bill_type: resolver.at("SO40", "bill_type"),
            bill_issuer: resolver.at("SO40", "bill_issuer"),
            bill_number: resolver.at("SO40", "bill_number"),
            bill: resolver.carry("SO40", &["quantity", "unit", "manifested_quantity"]),
            in_bond: resolver.carry_as(
                "SO42",
                &[
                    ("in_bond_number", "in_bond_number"),
                    ("in_bond_type", "in_bond_type"),
                    ("in_bond_departure_port", "departure_port"),
                    ("in_bond_arrival_port", "arrival_port"),
                    ("in_bond_created", "created"),
                    ("in_bond_arrived", "arrived"),
                    ("in_bond_quantity", "quantity"),
                ],
            ),
            bill_status: Disposition::resolve(resolver, "SO50", "so50-bill-dispositions", &bill_fields),
            entry_status: Disposition::resolve(resolver, "SO60", "so60-entry-dispositions", &entry_fields),
            release_date: resolver.date("SO60", "release_date"),
            release_origin: resolver.at("SO60", "release_origin"),
            release_origins: resolver.words("so60-release-origin"),
            agency: AgencyReader::resolve(resolver),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let mut group = BillGroup::default();
        let mut shared = 0;
        for (index, record) in transaction.records.iter().enumerate() {
            if record.layout.is_none() {
                continue;
            }
            match of_status(record) {
                SO10 => {
                    scribe.read_entry(record, &self.entry);
                    scribe.fields.take(record, &self.header);
                    shared = scribe.fields.mark();
                }
                SO20 => {
                    scribe.fields.back_to(shared);
                    self.reference(record, scribe);
                    shared = scribe.fields.mark();
                }
                SO40 => self.bill(record, &mut group, shared, scribe),
                SO42 => scribe.fields.take(record, &self.in_bond),
                SO50 => {
                    self.bill_disposition(record, &group, scribe);
                    scribe.fields.back_to(shared);
                    group.closed = true;
                }
                SO60 => {
                    scribe.fields.back_to(shared);
                    self.entry_disposition(record, scribe);
                }
                SO70 => {
                    scribe.fields.back_to(shared);
                    self.agency.read(transaction.records, index, scribe);
                }
                _ => {}
            }
        }
    }

    #[inline(never)]
    fn reference<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        let value = record.field(&self.reference);
        let name = match record.field(&self.qualifier) {
            b"CR" => "broker_reference",
            b"RSN" => "reject_reason",
            b"CMT" => "comment",
            b"RRN" => "rail_reference",
            _ => "reference",
        };
        scribe.fields.push(name, value);
        if name == "reject_reason" {
            scribe.fields.push_words("reject_reason_meaning", self.reject_reasons.meaning(value));
        }
    }

    #[inline(never)]
    fn bill<'a>(
        &'a self,
        record: &Record<'a>,
        group: &mut BillGroup<'a>,
        shared: usize,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        if group.closed {
            *group = BillGroup::default();
            scribe.fields.back_to(shared);
        }
        let bill =
            BillRef { issuer: record.field(&self.bill_issuer), number: record.field(&self.bill_number) };
        // H is a house bill, S a sub-house bill, T the tracking number of an express consignment under its bill.
        let is_house = match record.field(&self.bill_type) {
            b"H" | b"S" => true,
            b"T" => group.master.is_some(),
            _ => false,
        };
        if is_house {
            group.house = Some(bill);
        } else {
            group.master = Some(bill);
        }
        scribe.fields.take(record, &self.bill);
    }

    #[inline(never)]
    fn bill_disposition<'a>(
        &'a self,
        record: &Record<'a>,
        group: &BillGroup<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let status = &self.bill_status;
        let reading = status.codes.read_at(record, &status.code);
        scribe.check_known(&reading, record, status.code);
        scribe.fields.take(record, &status.carried);
        let at = scribe.event_time(record, status.day, status.time, status.time_format);
        let (bill, house_bill) = (group.master, group.house);
        scribe.notice(record, &Draft { kind: Kind::BillStatus, reading, at, bill, house_bill });
    }

    fn entry_disposition<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        let status = &self.entry_status;
        let mut reading = status.codes.read_at(record, &status.code);
        scribe.check_known(&reading, record, status.code);
        let dated = match reading.effect {
            Effect::Release { .. } => Some(Effect::Release { date: scribe.date(record, self.release_date) }),
            Effect::ReleaseDate { .. } => {
                Some(Effect::ReleaseDate { date: scribe.date(record, self.release_date) })
            }
            _ => None,
        };
        if let Some(dated) = &dated {
            reading.effect = dated;
        }
        scribe.fields.take(record, &status.carried);
        let origin = record.field(&self.release_origin);
        if !origin.is_empty() {
            scribe.fields.push_words("release_origin_meaning", self.release_origins.meaning(origin));
        }
        let at = scribe.event_time(record, status.day, status.time, status.time_format);
        scribe.notice(record, &Draft::new(Kind::ReleaseStatus, reading, at));
    }
}
