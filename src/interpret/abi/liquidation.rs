//! NR: liquidation, reliquidation, extension and suspension, as the courtesy notices tell them.

use super::later;
use super::resolve::{AmountAt, Carry, DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, amount, date};
use super::sheet::{Form, is_unreadable};
use super::stay::{Stay, StayCodes};
use crate::decode::abi::{Record, Transaction, is_same};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Amounts, Effect, EventTime, Kind, Liquidation, LiquidationKind, Token, UNREADABLE};
use crate::place::{Grade, Severity, finding_code};

const N1: Tag = Tag::named(b"N1");
const N2: Tag = Tag::named(b"N2");
const N3: Tag = Tag::named(b"N3");
const N4: Tag = Tag::named(b"N4");

/// One side of a liquidation; duty and tax stand in N1, the rest elsewhere.
struct Side {
    duty: AmountAt,
    tax: AmountAt,
    antidumping: AmountAt,
    countervailing: AmountAt,
    fees: AmountAt,
}

/// Reads NR.
pub struct LiquidationReader {
    first_entry: EntryAt,
    second_entry: EntryAt,
    third_entry: EntryAt,
    /// Filer and number of N1, N2 and N4 in one.
    keys: [FieldAt; 3],
    first: Vec<Carry>,
    second: Vec<Carry>,
    fourth: Vec<Carry>,
    notice: Vec<Carry>,
    paid: Side,
    liquidated: Side,
    /// Every amount with its name, of N1, N2 and N4.
    amounts: [Vec<(&'static str, AmountAt)>; 3],
    interest: AmountAt,
    interest_negative: FieldAt,
    liquidation_date: DateAt,
    liquidation_type: FieldAt,
    reason: FieldAt,
    more_reasons: Vec<FieldAt>,
    types: Words,
    type_kinds: Vec<LiquidationKind>,
    reasons: Words,
    stay_codes: [FieldAt; 4],
    times_extended: FieldAt,
    notice_date: DateAt,
    stays: StayCodes,
}

/// The records of one liquidation.
#[derive(Clone, Copy)]
struct Group<'r, 'a> {
    first: Option<&'r Record<'a>>,
    second: Option<&'r Record<'a>>,
    fourth: Option<&'r Record<'a>>,
}

/// The amounts of each record of a liquidation.
const AMOUNTS: [(&str, &[&str]); 3] = [
    ("NR_N1", &["paid_duty", "paid_tax", "liquidated_duty", "liquidated_tax"]),
    ("NR_N2", &["paid_antidumping", "interest"]),
    (
        "NR_N4",
        &[
            "paid_countervailing",
            "paid_fees",
            "liquidated_antidumping",
            "liquidated_countervailing",
            "liquidated_fees",
        ],
    ),
];

/// Those of the first records whose entry has an N1 that was read: nearly every message has three records.
#[derive(Default)]
struct Known(u64);

impl Known {
    fn insert(&mut self, index: usize) {
        if index < 64 {
            self.0 |= 1 << index;
        }
    }

    fn holds(&self, index: usize) -> bool {
        index < 64 && self.0 >> index & 1 == 1
    }
}

impl LiquidationReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let (types, type_kinds) = resolver.own_effects("liquidation-types", |text| match text {
            "liquidation" => Some(LiquidationKind::Liquidation),
            "reliquidation" => Some(LiquidationKind::Reliquidation),
            _ => None,
        });
        let names = ["port_of_entry", "entry_type", "importer_number"];
        let amounts = ["paid_duty", "paid_tax", "liquidated_duty", "liquidated_tax", "interest_negative"];
        let [first_entry, second_entry, fourth_entry] =
            ["NR_N1", "NR_N2", "NR_N4"].map(|key| resolver.entry(key));
        Self {
            first_entry,
            second_entry,
            third_entry: resolver.entry("NR_N3"),
            keys: [first_entry, second_entry, fourth_entry]
                .map(|at| FieldAt::new(at.filer.start, at.number.end)),
            first: resolver.carry("NR_N1", &[&names[..], &amounts[..]].concat()),
            second: resolver.carry(
                "NR_N2",
                &[
                    "liquidation_date",
                    "reason_1",
                    "broker_reference",
                    "unconfirmed",
                    "liquidation_type",
                    "entry_date",
                    "paid_antidumping",
                ],
            ),
            fourth: resolver.carry(
                "NR_N4",
                &[
                    "paid_countervailing",
                    "paid_fees",
                    "liquidated_antidumping",
                    "liquidated_countervailing",
                    "liquidated_fees",
                    "reason_2",
                    "reason_3",
                    "reason_4",
                ],
            ),
            notice: resolver.carry(
                "NR_N3",
                &[
                    "port_of_entry",
                    "entry_type",
                    "importer_number",
                    "entry_date",
                    "ext_susp_1",
                    "times_extended",
                    "notice_date",
                    "broker_reference",
                    "ext_susp_2",
                    "ext_susp_3",
                    "ext_susp_4",
                ],
            ),
            paid: Side {
                duty: resolver.amount("NR_N1", "paid_duty"),
                tax: resolver.amount("NR_N1", "paid_tax"),
                antidumping: resolver.amount("NR_N2", "paid_antidumping"),
                countervailing: resolver.amount("NR_N4", "paid_countervailing"),
                fees: resolver.amount("NR_N4", "paid_fees"),
            },
            liquidated: Side {
                duty: resolver.amount("NR_N1", "liquidated_duty"),
                tax: resolver.amount("NR_N1", "liquidated_tax"),
                antidumping: resolver.amount("NR_N4", "liquidated_antidumping"),
                countervailing: resolver.amount("NR_N4", "liquidated_countervailing"),
                fees: resolver.amount("NR_N4", "liquidated_fees"),
            },
            amounts: AMOUNTS
                .map(|(key, names)| names.iter().map(|name| (*name, resolver.amount(key, name))).collect()),
            interest: resolver.amount("NR_N2", "interest"),
            interest_negative: resolver.at("NR_N1", "interest_negative"),
            liquidation_date: resolver.date("NR_N2", "liquidation_date"),
            liquidation_type: resolver.at("NR_N2", "liquidation_type"),
            reason: resolver.at("NR_N2", "reason_1"),
            more_reasons: ["reason_2", "reason_3", "reason_4"]
                .map(|name| resolver.at("NR_N4", name))
                .to_vec(),
            types,
            type_kinds,
            reasons: resolver.words("liquidation-reasons"),
            stay_codes: ["ext_susp_1", "ext_susp_2", "ext_susp_3", "ext_susp_4"]
                .map(|name| resolver.at("NR_N3", name)),
            times_extended: resolver.at("NR_N3", "times_extended"),
            notice_date: resolver.date("NR_N3", "notice_date"),
            stays: StayCodes::resolve(resolver),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let records = transaction.records;
        // The usual case: the three records of one entry, or a single N3.
        let mut known = Known::default();
        for (index, record) in records.iter().enumerate() {
            if record.layout.is_none() {
                continue;
            }
            scribe.fields.back_to(0);
            match record.tag().cut(2) {
                N1 => {
                    scribe.read_entry(record, &self.first_entry);
                    let (second, fourth) =
                        (self.partner(records, index, N2), self.partner(records, index, N4));
                    [second, fourth].into_iter().flatten().for_each(|(at, _)| known.insert(at));
                    let group = Group {
                        first: Some(record),
                        second: second.map(|(_, record)| record),
                        fourth: fourth.map(|(_, record)| record),
                    };
                    self.liquidation(group, transaction.truncated, scribe);
                }
                N2 | N4 if known.holds(index) => {}
                N2 if self.partner(records, index, N1).is_none() => {
                    scribe.read_entry(record, &self.second_entry);
                    let fourth = self.partner(records, index, N4).map(|(_, record)| record);
                    let group = Group { first: None, second: Some(record), fourth };
                    self.liquidation(group, transaction.truncated, scribe);
                }
                N4 if self.is_alone(records, index) => {
                    let message = "an N4 record stands without the N1 and N2 of its entry and is not read";
                    scribe.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, record.place, message);
                }
                N3 => {
                    scribe.read_entry(record, &self.third_entry);
                    self.stays(record, scribe);
                }
                _ => {}
            }
        }
    }

    fn is_alone(&self, records: &[Record<'_>], index: usize) -> bool {
        self.partner(records, index, N1).is_none() && self.partner(records, index, N2).is_none()
    }

    /// The bytes that name the entry, as they stand.
    fn key<'a>(&self, record: &Record<'a>) -> &'a [u8] {
        let [first, second, fourth] = self.keys;
        record.raw(match record.tag().cut(2) {
            N1 => first,
            N2 => second,
            _ => fourth,
        })
    }

    /// The record of another kind about the same entry, and which it is. The decoder keeps such records in one message.
    fn partner<'r, 'a>(
        &self,
        records: &'r [Record<'a>],
        index: usize,
        wanted: Tag,
    ) -> Option<(usize, &'r Record<'a>)> {
        let own = self.key(&records[index]);
        let fits = |(_, record): &(usize, &Record<'_>)| {
            record.layout.is_some() && record.tag().cut(2) == wanted && is_same(self.key(record), own)
        };
        let numbered = records.iter().enumerate();
        numbered.clone().skip(index).find(fits).or_else(|| numbered.take(index).rev().find(fits))
    }

    fn liquidation<'a>(&'a self, group: Group<'_, 'a>, truncated: bool, scribe: &mut Scribe<'_, 'a>) {
        let Some(head) = group.first.or(group.second) else { return };
        if group.first.is_none() || group.second.is_none() {
            let missing = if group.first.is_none() { "N1" } else { "N2" };
            let message = format!("the {missing} record of this liquidation is missing");
            scribe.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, head.place, message);
        }
        let text =
            |record: Option<&Record<'a>>, at: FieldAt| record.map_or(&b""[..], |record| record.field(&at));
        let kind = text(group.second, self.liquidation_type);
        let position = group.second.and_then(|record| self.types.position_at(record, &self.liquidation_type));
        let row = position.and_then(|position| self.types.row(position));
        let event = position.and_then(|position| self.type_kinds.get(position).copied());
        let event = event.unwrap_or(LiquidationKind::Liquidation);
        let day = group.second.and_then(|record| date(record, self.liquidation_date));
        let reason = text(group.second, self.reason);
        let interest = self.interest(group);
        let effect = if truncated && group.second.is_none() {
            // The file ended before the record that has the date: the whole message is still to come.
            Effect::Unknown
        } else {
            Effect::Liquidated(Liquidation {
                event,
                date: day,
                kind: Token::new(kind),
                reason: Token::new(reason),
                paid: self.side(&self.paid, group, group.second),
                liquidated: self.side(&self.liquidated, group, group.fourth),
                interest,
                interest_unreadable: interest.is_none()
                    && group.second.is_some_and(|record| is_unreadable(record, self.interest)),
            })
        };
        let reading = Reading {
            code: Token::some(kind),
            table: self.types.name(),
            meaning: row.map(|row| &*row.meaning),
            severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Info)),
            effect: &effect,
        };
        if let Some(second) = group.second {
            scribe.check_known(&reading, second, self.liquidation_type);
        }
        self.show(group, &effect, event, scribe);
        scribe.notice(head, &Draft::new(Kind::Liquidation, reading, day.map(EventTime::date)));
    }

    /// The fields of a liquidation, with the meanings of its reasons.
    fn show<'a>(
        &'a self,
        group: Group<'_, 'a>,
        effect: &Effect,
        event: LiquidationKind,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let text =
            |record: Option<&Record<'a>>, at: FieldAt| record.map_or(&b""[..], |record| record.field(&at));
        let reason = text(group.second, self.reason);
        let event = if event == LiquidationKind::Liquidation { "liquidation" } else { "reliquidation" };
        scribe.fields.push_words("event", Some(event));
        for (record, carried) in
            [(group.first, &self.first), (group.second, &self.second), (group.fourth, &self.fourth)]
        {
            if let Some(record) = record {
                scribe.fields.take(record, carried);
            }
        }
        self.show_interest(group, scribe);
        if let Effect::Liquidated(liquidation) = effect
            && liquidation.is_partly_unreadable()
        {
            self.show_unreadable(group, scribe);
        }
        scribe.fields.push_words("reason_1_meaning", self.reasons.meaning(reason));
        const MEANINGS: [&str; 3] = ["reason_2_meaning", "reason_3_meaning", "reason_4_meaning"];
        for (name, &at) in MEANINGS.iter().zip(&self.more_reasons) {
            let code = text(group.fourth, at);
            if !code.is_empty() {
                scribe.fields.push_words(name, self.reasons.meaning(code));
            }
        }
    }

    /// `holds` is the record that has the antidumping duty of this side.
    fn side(&self, side: &Side, group: Group<'_, '_>, holds: Option<&Record<'_>>) -> Amounts {
        let mut unreadable = group.first.is_none() || group.second.is_none();
        let mut of = |record: Option<&Record<'_>>, at: AmountAt| {
            let record = record?;
            let stated = amount(record, at);
            unreadable |= stated.is_none() && is_unreadable(record, at);
            stated
        };
        let (duty, tax) = (of(group.first, side.duty), of(group.first, side.tax));
        let antidumping = of(holds, side.antidumping);
        let (countervailing, fees) = (of(group.fourth, side.countervailing), of(group.fourth, side.fees));
        Amounts { duty, tax, antidumping, countervailing, fees, unreadable }
    }

    /// Which amounts could not be read, or which record of them is missing: no sum is known then.
    fn show_unreadable<'a>(&'a self, group: Group<'_, 'a>, scribe: &mut Scribe<'_, 'a>) {
        for (record, id) in [(group.first, "N1"), (group.second, "N2")] {
            if record.is_none() {
                scribe.fields.push_words(UNREADABLE, Some(id));
            }
        }
        for (record, amounts) in [group.first, group.second, group.fourth].into_iter().zip(&self.amounts) {
            let Some(record) = record else { continue };
            for (name, _) in amounts.iter().filter(|(_, at)| is_unreadable(record, *at)) {
                scribe.fields.push_words(UNREADABLE, Some(name));
            }
        }
    }

    /// N2 has the figure, N1 its sign: 1 says that it is paid to the importer. Without N1 there is no sign.
    fn interest(&self, group: Group<'_, '_>) -> Option<rust_decimal::Decimal> {
        let (first, second) = (group.first?, group.second?);
        let interest = amount(second, self.interest)?;
        Some(if self.is_refund(first) { -interest } else { interest })
    }

    /// With the sign that N1 has for it.
    fn show_interest<'a>(&'a self, group: Group<'_, 'a>, scribe: &mut Scribe<'_, 'a>) {
        let Some(second) = group.second else { return };
        let decimals = self.interest.decimals;
        let is_refund = group.first.is_some_and(|first| self.is_refund(first));
        let write = if is_refund { later::negative(decimals) } else { later::write(Form::Amount(decimals)) };
        scribe.fields.push_unwritten("interest", second.field(&self.interest.at), write);
    }

    fn is_refund(&self, first: &Record<'_>) -> bool {
        first.field(&self.interest_negative) == b"1"
    }

    /// A notice for each code; a blank first one is told as well, for the record then says nothing that we know.
    fn stays<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        for (index, at) in self.stay_codes.iter().enumerate() {
            if index == 0 || !record.field(at).is_empty() {
                scribe.fields.back_to(0);
                self.stay(record, *at, scribe);
            }
        }
    }

    fn stay<'a>(&'a self, record: &Record<'a>, stay_code: FieldAt, scribe: &mut Scribe<'_, 'a>) {
        let code = record.field(&stay_code);
        let reason = Token::new(code);
        let (stay, row) = self.stays.get(code).unzip();
        let day = date(record, self.notice_date);
        let times = match record.field(&self.times_extended) {
            &[digit @ b'0'..=b'9'] => Some(digit - b'0'),
            _ => None,
        };
        let effect = stay.map_or(Effect::Unknown, |stay| stay.effect(reason, times, day));
        let reading = Reading {
            code: Token::some(code),
            table: self.stays.words().name(),
            meaning: row.map(|row| &*row.meaning),
            severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Info)),
            effect: &effect,
        };
        scribe.check_known(&reading, record, stay_code);
        let is_extension = match stay {
            Some(Stay::Extended) => true,
            Some(_) => false,
            None => times.is_some(),
        };
        scribe.fields.push_words("event", Some(if is_extension { "extension" } else { "suspension" }));
        scribe.fields.take(record, &self.notice);
        scribe.notice(record, &Draft::new(Kind::Liquidation, reading, day.map(EventTime::date)));
    }
}
