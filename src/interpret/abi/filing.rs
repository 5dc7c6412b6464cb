//! The lines and totals of an entry summary, which AE files and ER repeats.

use sha2::{Digest, Sha256};

use super::resolve::{AmountAt, Resolver};
use super::scribe::{Draft, Scribe, plain};
use super::sheet::{Column, Mark, Sheet, Sum, columns, is_unreadable};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Amounts, Effect, FiledLine, Kind, Token};
use crate::place::Severity;

/// Starts a line.
pub const LINE: Tag = Tag::named(b"40");
/// CBP's own number of the line, in front of it (ER).
const NUMBER: Tag = Tag::named(b"4A");
const TARIFF: Tag = Tag::named(b"50");
const CASE: Tag = Tag::named(b"53");
const TAX: Tag = Tag::named(b"60");
const OTHER: Tag = Tag::named(b"61");
const FEE: Tag = Tag::named(b"62");
/// Records from here on are totals.
const CASE_TOTALS: Tag = Tag::named(b"88");
const FEE_TOTALS: Tag = Tag::named(b"89");
pub const GRAND_TOTALS: Tag = Tag::named(b"90");

/// Records of a line that are shown and not summed.
const SHOWN: &[(&[u8], &str)] = &[
    (b"41", "AE41"),
    (b"42", "AE42"),
    (b"43", "AE43"),
    (b"44", "AE44"),
    (b"47", "AE47"),
    (b"51", "AE51"),
    (b"52", "AE52"),
    (b"54", "AE54"),
    (b"63", "AE63"),
];

/// Reads lines and totals.
pub struct FilingReader {
    number: Vec<Column>,
    line: Vec<Column>,
    tariff: Vec<Column>,
    duty: AmountAt,
    value: AmountAt,
    case: Vec<Column>,
    case_number: FieldAt,
    case_duty: AmountAt,
    tax: Vec<Column>,
    tax_amount: AmountAt,
    other: Vec<Column>,
    fee: Vec<Column>,
    fee_amount: AmountAt,
    shown: Vec<(Tag, Vec<Column>)>,
    overrides: Vec<Column>,
    totals: [(Tag, Vec<Column>); 3],
    grand: Grand,
}

/// Where record 90 has the totals.
struct Grand {
    duty: AmountAt,
    fees: AmountAt,
    tax: AmountAt,
    antidumping: AmountAt,
    countervailing: AmountAt,
    other: AmountAt,
}

impl Grand {
    fn all(&self) -> [AmountAt; 6] {
        [self.duty, self.fees, self.tax, self.antidumping, self.countervailing, self.other]
    }
}

/// What the lines come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    pub count: u16,
    pub value: Sum,
}

impl FilingReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let amount = |resolver: &mut Resolver<'_>, name| resolver.amount("AE90", name);
        Self {
            number: columns(resolver, "ER_4A"),
            line: columns(resolver, "AE40"),
            tariff: columns(resolver, "AE50"),
            duty: resolver.amount("AE50", "duty"),
            value: resolver.amount("AE50", "value"),
            case: columns(resolver, "AE53"),
            case_number: resolver.at("AE53", "case_number"),
            case_duty: resolver.amount("AE53", "case_duty"),
            tax: columns(resolver, "AE60"),
            tax_amount: resolver.amount("AE60", "amount"),
            other: columns(resolver, "AE61"),
            fee: columns(resolver, "AE62"),
            fee_amount: resolver.amount("AE62", "amount"),
            shown: SHOWN.iter().map(|(id, key)| (Tag::named(id), columns(resolver, key))).collect(),
            overrides: columns(resolver, "AECW02"),
            totals: [
                (CASE_TOTALS, columns(resolver, "AE88")),
                (FEE_TOTALS, columns(resolver, "AE89")),
                (GRAND_TOTALS, columns(resolver, "AE90")),
            ],
            grand: Grand {
                duty: amount(resolver, "duty"),
                fees: amount(resolver, "fees"),
                tax: amount(resolver, "tax"),
                antidumping: amount(resolver, "antidumping"),
                countervailing: amount(resolver, "countervailing"),
                other: amount(resolver, "other_revenue"),
            },
        }
    }

    /// What the lines come to, without a notice.
    pub fn count(&self, records: &[Record<'_>]) -> Lines {
        let mut lines = Lines::default();
        for record in records.iter().filter(|record| record.layout.is_some()) {
            match record.tag().cut(2) {
                LINE => lines.count = lines.count.saturating_add(1),
                TARIFF => lines.value.add(record, self.value),
                _ => {}
            }
        }
        lines
    }

    /// The declared totals of record 90, and other revenue.
    pub fn grand_totals(&self, records: &[Record<'_>]) -> (Amounts, Option<rust_decimal::Decimal>) {
        let found =
            records.iter().rev().find(|record| record.layout.is_some() && tag(record) == GRAND_TOTALS);
        let Some(record) = found else { return (Amounts::default(), None) };
        let of = |at: AmountAt| super::sheet::decimal(record.field(&at.at), at.decimals);
        let amounts = Amounts {
            duty: of(self.grand.duty),
            tax: of(self.grand.tax),
            antidumping: of(self.grand.antidumping),
            countervailing: of(self.grand.countervailing),
            fees: of(self.grand.fees),
            unreadable: self.grand.all().into_iter().any(|at| is_unreadable(record, at)),
        };
        (amounts, of(self.grand.other))
    }

    /// The fields of the total records.
    pub fn take_totals<'a>(&'a self, records: &[Record<'a>], sheet: &mut Sheet<'a>) {
        for record in records.iter().filter(|record| record.layout.is_some()) {
            if let Some((_, columns)) = self.totals.iter().find(|(known, _)| *known == tag(record)) {
                sheet.take(record, columns);
            }
        }
    }

    /// One notice for each line: the records from one 40 to the next, or to the totals.
    pub fn lines<'a>(
        &'a self,
        kind: Kind,
        filing: Token,
        records: &[Record<'a>],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let starts = |record: &Record<'_>| record.layout.is_some() && tag(record) == LINE;
        let ends = |record: &Record<'_>| {
            record.layout.is_some()
                && [LINE, NUMBER, CASE_TOTALS, FEE_TOTALS, GRAND_TOTALS].contains(&tag(record))
        };
        let (mut at, mut ordinal) = (0, 0u16);
        let mut sheet = Sheet::default();
        while let Some(start) = records[at..].iter().position(starts).map(|found| at + found) {
            let behind = &records[start + 1..];
            let end = behind.iter().position(ends).map_or(records.len(), |found| start + 1 + found);
            let number = start.checked_sub(1).map(|before| &records[before]);
            let number = number.filter(|record| record.layout.is_some() && tag(record) == NUMBER);
            ordinal = ordinal.saturating_add(1);
            sheet.back_to(Mark::default());
            self.line(kind, (filing, ordinal), number, &records[start..end], &mut sheet, scribe);
            at = end;
        }
    }

    fn line<'a>(
        &'a self,
        kind: Kind,
        (filing, ordinal): (Token, u16),
        number: Option<&Record<'a>>,
        records: &[Record<'a>],
        sheet: &mut Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some(head) = records.first() else { return };
        if let Some(number) = number {
            sheet.take(number, &self.number);
        }
        let mut sums = Sums::default();
        let mut agency_records = 0usize;
        for record in records {
            if record.layout.is_some() {
                self.take(record, sheet);
                self.add(record, &mut sums);
            } else {
                agency_records += usize::from(record.bytes.starts_with(b"PG"));
            }
        }
        if agency_records > 0 {
            sheet.write_count("agency_records", agency_records);
        }
        let (value, amounts) = (sums.value.total(), sums.amounts());
        let effect = Effect::FiledLine(FiledLine { filing, ordinal, value, amounts });
        let mut reading = plain(Severity::Info, &effect);
        reading.meaning = Some("line of the entry summary");
        scribe.notice_of(head, &Draft::new(kind, reading, None), sheet);
    }

    /// The fields of one record of a line.
    fn take<'a>(&'a self, record: &Record<'a>, sheet: &mut Sheet<'a>) {
        let columns = match tag(record) {
            LINE => &self.line,
            TARIFF => &self.tariff,
            CASE => &self.case,
            TAX => &self.tax,
            OTHER => &self.other,
            FEE => &self.fee,
            _ if record.bytes.starts_with(b"CW02") => &self.overrides,
            found => match self.shown.iter().find(|(known, _)| *known == found) {
                Some((_, columns)) => columns,
                None => return,
            },
        };
        sheet.take(record, columns);
    }

    fn add(&self, record: &Record<'_>, sums: &mut Sums) {
        match tag(record) {
            TARIFF => {
                sums.duty.add(record, self.duty);
                sums.value.add(record, self.value);
            }
            CASE if record.field(&self.case_number).starts_with(b"C") => {
                sums.countervailing.add(record, self.case_duty);
            }
            CASE => sums.antidumping.add(record, self.case_duty),
            TAX => sums.tax.add(record, self.tax_amount),
            FEE => sums.fees.add(record, self.fee_amount),
            _ => {}
        }
    }
}

/// What the records of a line come to.
#[derive(Default)]
struct Sums {
    value: Sum,
    duty: Sum,
    tax: Sum,
    fees: Sum,
    antidumping: Sum,
    countervailing: Sum,
}

impl Sums {
    fn amounts(&self) -> Amounts {
        Amounts {
            duty: self.duty.total(),
            tax: self.tax.total(),
            antidumping: self.antidumping.total(),
            countervailing: self.countervailing.total(),
            fees: self.fees.total(),
            unreadable: [self.duty, self.tax, self.fees, self.antidumping, self.countervailing]
                .into_iter()
                .any(Sum::is_unreadable),
        }
    }
}

fn tag(record: &Record<'_>) -> Tag {
    record.tag().cut(2)
}

/// What is put together before it is hashed.
const PENDING_BYTES: usize = 1024;

/// The key that ties the lines of a filing to it: a hash of the message's own bytes.
pub fn filing_key(transaction: &Transaction<'_>) -> Token {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut hash = Sha256::new();
    // Record by record the hash would look after its own buffer twenty times as often.
    let (mut pending, mut len) = ([0; PENDING_BYTES], 0);
    transaction.own_bytes(&mut |part| {
        if len + part.len() > PENDING_BYTES {
            hash.update(&pending[..len]);
            len = 0;
        }
        match pending.get_mut(len..len + part.len()) {
            Some(room) => {
                room.copy_from_slice(part);
                len += part.len();
            }
            None => hash.update(part),
        }
    });
    hash.update(&pending[..len]);
    let mut text = [0; 14];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash.finalize()) {
        pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    Token::new(text)
}
