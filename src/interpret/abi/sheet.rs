//! The fields of a notice with dates and amounts written out, so that people and rules can read them.
//!
//! `070921` becomes `2021-07-09`, `00000327000` with two decimals `3270.00`, and what cannot be read stands as it was
//! sent. The families that bring dates and amounts by the dozen write them into a [`Sheet`] at once; those with a busy feed
//! hand out slices of the file, and the reader of the notice writes them ([`super::later`]).

use std::fmt::{Display, Write};

use chrono::{Datelike, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use super::resolve::{AmountAt, Resolver};
use super::scribe::FIELDS_MAX;
use super::text::Text;
use crate::decode::abi::{Record, moment};
use crate::decode::digits;
use crate::grammar::abi::{Class, Field, FieldAt, Format};
use crate::interpret::fields::FieldList;
use crate::notice::{EventTime, UNREADABLE, Values};

/// So many digits fit into 64 bits.
const DIGITS_MAX: usize = 18;

/// So many are read at once.
const REST_DIGITS: usize = 16;

/// How the bytes of a field are written out.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As it stands.
    Text,
    Date(Format),
    /// With these implied decimals; a minus may stand before the first digit.
    Amount(u32),
    /// MMDDYYHHMMSS and AM or PM.
    Stamp,
}

/// A field that notices show, under the layout's own name.
#[derive(Clone, Debug)]
pub struct Column {
    name: Box<str>,
    at: FieldAt,
    form: Form,
}

/// Fields of class N that count or value something. Others of the class are codes, ports and times.
const COUNTS: &[&str] = &[
    "entered_value",
    "quantity",
    "boarded_quantity",
    "manifest_quantity",
    "house_manifest_quantity",
    "house_boarded_quantity",
    "ftz_quantity",
    "value",
    "line_count",
    "revenue_entries",
    "non_revenue_entries",
    "surety_liability",
    "withdrawals",
    "cbp_line_number",
];

/// The names that all families share, for fields that a layout calls otherwise.
const SHARED: &[(&str, &str)] = &[
    ("planned_port_of_entry", "port_of_entry"),
    ("voyage_flight_trip", "voyage"),
    ("vessel_name", "vessel"),
    ("conveyance_name", "vessel"),
];

/// Fields that say nothing beside what the notice says already.
const SILENT: &[&str] = &[
    "filler",
    "record_id",
    "control_id",
    "record_type",
    "ref_constant",
    "entry_filer",
    "entry_number",
    "reserved_due_date",
];

impl Form {
    pub fn of(field: &Field) -> Self {
        if let Some(format @ (Format::Mmddyy | Format::Yymmdd)) = field.format {
            return Self::Date(format);
        }
        let is_counted =
            field.class == Class::Sn || field.class == Class::N && COUNTS.contains(&&*field.name);
        match (field.decimals, &*field.name) {
            (_, "accepted_at") => Self::Stamp,
            (0, _) if is_counted => Self::Amount(0),
            (0, _) => Self::Text,
            (decimals, _) => Self::Amount(u32::from(decimals)),
        }
    }
}

impl Column {
    fn of(field: &Field) -> Self {
        let shared = SHARED.iter().find(|(own, _)| **own == *field.name);
        let name = shared.map_or(&*field.name, |(_, shared)| shared);
        Self { name: name.into(), at: field.at, form: Form::of(field) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field as it was sent, without blanks.
    pub fn sent<'a>(&self, record: &Record<'a>) -> &'a [u8] {
        record.field(&self.at)
    }
}

/// Every field of a record that says something, in the order of the record.
pub fn columns(resolver: &mut Resolver<'_>, key: &str) -> Vec<Column> {
    let fields = resolver.fields(key);
    fields.iter().filter(|field| !SILENT.contains(&&*field.name)).map(Column::of).collect()
}

/// The same without the fields of these names.
pub fn columns_without(resolver: &mut Resolver<'_>, key: &str, without: &[&str]) -> Vec<Column> {
    for name in without {
        resolver.at(key, name);
    }
    let fields = resolver.fields(key);
    let shown =
        fields.iter().filter(|field| !SILENT.contains(&&*field.name) && !without.contains(&&*field.name));
    shown.map(Column::of).collect()
}

/// So many fields of a sheet need no allocation.
const FIELDS_USUAL: usize = 48;

/// Fields being collected.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// What is written here has an empty value, in the order in which it was written.
    fields: FieldList<'a, FIELDS_USUAL>,
    text: Text,
}

/// Where a sheet was, so that it can go back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    fields: usize,
    written: usize,
}

impl Default for Sheet<'_> {
    #[inline]
    fn default() -> Self {
        Self { fields: FieldList::new(), text: Text::new() }
    }
}

impl<'a> Sheet<'a> {
    /// A value as it was sent. Blanks say nothing.
    #[inline]
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        if self.has_room() {
            self.fields.push(name, value);
        }
    }

    fn has_room(&self) -> bool {
        self.fields.len() < FIELDS_MAX
    }

    pub fn push_words(&mut self, name: &'a str, value: Option<&'a str>) {
        self.push(name, value.unwrap_or("").as_bytes());
    }

    /// A value that does not stand in the message as it is.
    pub fn write(&mut self, name: &'a str, value: impl Display) {
        self.write_with(name, |text| {
            // Writing to a text cannot fail, and the values that are written here have no failing `Display`.
            let _ = write!(text, "{value}");
        });
    }

    pub fn write_date(&mut self, name: &'a str, date: NaiveDate) {
        self.write_with(name, |text| text.date(date));
    }

    pub fn write_amount(&mut self, name: &'a str, amount: Decimal) {
        self.write_with(name, |text| text.decimal(amount));
    }

    pub fn write_count(&mut self, name: &'a str, count: usize) {
        self.write_with(name, |text| text.number(count as u64));
    }

    /// A date by the digits that were sent.
    #[inline]
    fn write_date_sent(&mut self, name: &'a str, sent: &[u8], format: Format, date: NaiveDate) {
        let century = if date.year() < 2000 { *b"19" } else { *b"20" };
        self.write_with(name, |text| match (format, sent) {
            (Format::Yymmdd, &[a, b, c, d, e, f]) => text.date_of(century, [a, b], [c, d], [e, f]),
            (_, &[a, b, c, d, e, f]) => text.date_of(century, [e, f], [a, b], [c, d]),
            _ => text.date(date),
        });
    }

    #[inline]
    fn write_with(&mut self, name: &'a str, write: impl FnOnce(&mut Text)) {
        if self.has_room() {
            write(&mut self.text);
            if self.text.close() {
                self.fields.place(name, b"");
            }
        }
    }

    /// The fields of a record that are not blank.
    pub fn take(&mut self, record: &Record<'a>, columns: &'a [Column]) {
        for column in columns {
            let Some(sent) = record.filled_field(&column.at) else { continue };
            match column.form {
                Form::Text => self.push(&column.name, sent),
                Form::Date(format) => match moment::date(record.raw(column.at), format) {
                    Ok(Some(date)) => self.write_date_sent(&column.name, sent, format, date),
                    Ok(None) => {}
                    Err(_) => self.push(&column.name, sent),
                },
                Form::Amount(decimals) => match signed(sent) {
                    Some(signed) => self.write_with(&column.name, |text| text.amount(signed, decimals)),
                    None => self.push_unreadable(&column.name, sent),
                },
                Form::Stamp => match stamp(sent) {
                    Some(at) => self.write(&column.name, at),
                    None => self.push(&column.name, sent),
                },
            }
        }
    }

    /// An amount that is none stands as it was sent, and the notice says that it could not be read.
    #[cold]
    fn push_unreadable(&mut self, name: &'a str, sent: &'a [u8]) {
        self.push(name, sent);
        self.push(UNREADABLE, name.as_bytes());
    }

    pub fn mark(&self) -> Mark {
        Mark { fields: self.fields.len(), written: self.text.count() }
    }

    /// Forgets what came after the mark.
    pub fn back_to(&mut self, mark: Mark) {
        self.fields.truncate(mark.fields);
        self.text.truncate(mark.written);
    }

    /// Names and values, as a notice carries them.
    pub fn as_values(&self) -> Values<'_> {
        Values::new(self.fields.as_slice(), self.text.written(), &[])
    }
}

/// A number that may have a minus directly before its first digit.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// And not zero.
    pub is_negative: bool,
    pub digits: &'a [u8],
}

/// Digits, blanks around them, a minus directly before the first one.
#[inline]
pub fn signed(field: &[u8]) -> Option<Signed<'_>> {
    let (has_minus, digits) = split_sign(field);
    let is_number = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits::are_digits(digits);
    is_number.then(|| Signed { is_negative: has_minus && digits.iter().any(|digit| *digit != b'0'), digits })
}

#[inline]
fn split_sign(field: &[u8]) -> (bool, &[u8]) {
    let field = match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        _ => field.trim_ascii(),
    };
    match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    }
}

/// Whether an amount is stated that is none.
pub fn is_unreadable(record: &Record<'_>, at: AmountAt) -> bool {
    record.filled_field(&at.at).is_some_and(|field| number(field).is_none())
}

/// Whether there is a minus, and the number behind it.
#[inline]
fn number(field: &[u8]) -> Option<(bool, i64)> {
    let (has_minus, digits) = split_sign(field);
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    if digits.len() <= REST_DIGITS {
        return Some((has_minus, digits::number(digits)?));
    }
    // The first digits of a very long number by themselves.
    let (first, rest) = digits.split_at(digits.len() - REST_DIGITS);
    Some((has_minus, digits::number(first)? * 10_000_000_000_000_000 + digits::number(rest)?))
}

/// An exact amount with implied decimals: digits, blanks around them, a minus directly before the first one.
pub fn decimal(field: &[u8], decimals: u32) -> Option<Decimal> {
    let (has_minus, value) = number(field)?;
    Some(Decimal::new(if has_minus { -value } else { value }, decimals))
}

/// `MMDDYYHHMMSSXX`, XX being AM or PM.
pub fn stamp(field: &[u8]) -> Option<EventTime> {
    let [date @ .., _, _, _, _, _, _, half, b'M'] = field else { return None };
    let (hours, minutes, seconds) = (pair(field, 6)?, pair(field, 8)?, pair(field, 10)?);
    let date: NaiveDate = moment::date(date, Format::Mmddyy).ok().flatten()?;
    let hours = match (half, hours) {
        (b'A', 12) => 0,
        (b'A', 0..12) => hours,
        (b'P', 12) => 12,
        (b'P', 1..12) => hours + 12,
        _ => return None,
    };
    Some(EventTime { date, time: Some(NaiveTime::from_hms_opt(hours, minutes, seconds)?) })
}

fn pair(field: &[u8], at: usize) -> Option<u32> {
    match field.get(at..at + 2)? {
        &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}

/// A sum that is known only when each of its parts is; blank parts count nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Of parts that are not negative and have all the same decimals, as long as there are no others.
    plain: Option<(i64, u32)>,
    total: Option<Decimal>,
    is_unreadable: bool,
}

impl Sum {
    /// Of parts of which one is known to be missing.
    pub fn unknown() -> Self {
        Self { is_unreadable: true, ..Self::default() }
    }

    pub fn add(&mut self, record: &Record<'_>, at: AmountAt) {
        let Some(field) = record.filled_field(&at.at) else { return };
        match number(field) {
            Some((has_minus, value)) => self.add_number(has_minus, value, at.decimals),
            None => self.is_unreadable = true,
        }
    }

    #[inline]
    fn add_number(&mut self, has_minus: bool, value: i64, decimals: u32) {
        let plain = match (self.plain, self.total) {
            (Some((sum, same)), _) if same == decimals => sum.checked_add(value),
            (None, None) => Some(value),
            _ => None,
        };
        match plain {
            Some(sum) if !has_minus => self.plain = Some((sum, decimals)),
            _ => self.add_amount(Decimal::new(if has_minus { -value } else { value }, decimals)),
        }
    }

    #[cold]
    fn add_amount(&mut self, amount: Decimal) {
        self.total = Some(self.sum().map_or(amount, |total| total.saturating_add(amount)));
        self.plain = None;
    }

    pub fn is_unreadable(self) -> bool {
        self.is_unreadable
    }

    fn sum(self) -> Option<Decimal> {
        self.plain.map(|(sum, decimals)| Decimal::new(sum, decimals)).or(self.total)
    }

    /// `None` when nothing was added, or something that is no number.
    pub fn total(self) -> Option<Decimal> {
        self.sum().filter(|_| !self.is_unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_signed() {
        for (text, decimals, wanted) in [
            ("00000327000", 2, Some("3270.00")),
            ("       7543", 2, Some("75.43")),
            ("      -12345", 2, Some("-123.45")),
            ("-0", 2, Some("0.00")),
            ("0000010000", 0, Some("10000")),
            ("", 2, None),
            ("-", 2, None),
            ("12 45", 2, None),
            ("1234567890123456789", 2, None),
            ("12A", 2, None),
        ] {
            let read = decimal(text.as_bytes(), decimals).map(|amount| amount.to_string());
            assert_eq!(read.as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn stamps_have_two_halves_of_a_day() {
        for (text, wanted) in [
            ("030122091500AM", Some("2022-03-01T09:15:00")),
            ("062821041502PM", Some("2021-06-28T16:15:02")),
            ("062821120000AM", Some("2021-06-28T00:00:00")),
            ("062821120000PM", Some("2021-06-28T12:00:00")),
            ("062821130000PM", None),
            ("062821046000PM", None),
            ("062821041502XM", None),
            ("133021041502PM", None),
            ("062821", None),
            ("", None),
        ] {
            assert_eq!(stamp(text.as_bytes()).map(|at| at.to_string()).as_deref(), wanted, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn sums_are_those_of_decimals(parts in proptest::collection::vec((proptest::bool::ANY, 0i64..3, 0i64..1_000_000_000_000_000_000, 0u32..3), 0..12)) {
            for same in [true, false] {
                let (mut sum, mut wanted) = (Sum::default(), None);
                for &(has_minus, small, large, decimals) in &parts {
                    let (has_minus, decimals) = if same { (false, 2) } else { (has_minus, decimals) };
                    let value = if small == 0 { large } else { small - 1 };
                    let amount = Decimal::new(if has_minus { -value } else { value }, decimals);
                    sum.add_number(has_minus, value, decimals);
                    wanted = Some(wanted.map_or(amount, |sum: Decimal| sum.saturating_add(amount)));
                }
                let shown = |sum: Option<Decimal>| sum.map(|sum| sum.to_string());
                proptest::prop_assert_eq!(shown(sum.total()), shown(wanted));
            }
        }
    }

    #[test]
    fn a_sum_with_an_unreadable_part_is_unknown() {
        let mut sum = Sum::default();
        assert_eq!(sum.total(), None);
        sum.add_number(false, 150, 2);
        sum.add_number(true, 50, 2);
        assert_eq!(sum.total(), Some(Decimal::new(100, 2)));
        sum.is_unreadable = true;
        assert_eq!(sum.total(), None);
    }
}
