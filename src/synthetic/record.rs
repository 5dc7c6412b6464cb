//! ABI records written by the tables of `grammars/abi`: a record is named by its layout and filled by field name.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::said::Said;
use crate::grammar::Grammar;
use crate::grammar::abi::{Field, Format, RECORD_WIDTH, RecordLayout};

/// Finds layouts by their key.
#[derive(Debug)]
pub(super) struct Encoder {
    grammar: Arc<Grammar>,
    by_key: HashMap<Box<str>, usize>,
}

impl Encoder {
    pub(super) fn embedded() -> Self {
        let grammar = Grammar::embedded();
        let layouts = grammar.abi.layouts().iter().enumerate();
        let by_key = layouts.map(|(at, layout)| (layout.key.clone(), at)).collect();
        Self { grammar, by_key }
    }

    /// A blank record of this layout with its id in front.
    pub(super) fn record(&self, key: &str) -> Record<'_> {
        let at = self.by_key.get(key);
        let layout = at.map(|&at| &self.grammar.abi.layouts()[at]);
        Record::new(layout.expect("the embedded tables have every record that is written"))
    }
}

/// A record being filled; what nobody fills stays blank.
#[derive(Debug)]
pub(super) struct Record<'e> {
    layout: &'e RecordLayout,
    bytes: [u8; RECORD_WIDTH],
}

impl<'e> Record<'e> {
    fn new(layout: &'e RecordLayout) -> Self {
        let mut bytes = [b' '; RECORD_WIDTH];
        bytes[..layout.id.len()].copy_from_slice(layout.id.as_bytes());
        Self { layout, bytes }
    }

    /// The same layout under another id, as `C1` repeats the records of `SO`.
    pub(super) fn under(mut self, id: &str) -> Self {
        self.bytes[..id.len()].copy_from_slice(id.as_bytes());
        self
    }

    fn field(&self, name: &str) -> Option<&'e Field> {
        let found = self.layout.fields.iter().find(|field| &*field.name == name);
        debug_assert!(found.is_some(), "{} has no field `{name}`", self.layout.key);
        found
    }

    fn fill(mut self, name: &str, value: &[u8], at_right: bool) -> Self {
        let Some(field) = self.field(name) else { return self };
        let columns = &mut self.bytes[usize::from(field.at.start)..usize::from(field.at.end)];
        debug_assert!(value.len() <= columns.len() && value.is_ascii(), "{}.{name}", self.layout.key);
        let len = value.len().min(columns.len());
        let start = if at_right { columns.len() - len } else { 0 };
        columns[start..start + len].copy_from_slice(&value[..len]);
        self
    }

    /// Text from the left.
    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.fill(name, value.as_bytes(), false)
    }

    /// Text that ends in the field's last column: entry numbers of nine columns, quantities padded with blanks.
    pub(super) fn right(self, name: &str, value: &str) -> Self {
        self.fill(name, value.as_bytes(), true)
    }

    /// A number with leading zeros over the whole field.
    pub(super) fn number(mut self, name: &str, value: u64) -> Self {
        let Some(field) = self.field(name) else { return self };
        let mut rest = value;
        for column in self.bytes[usize::from(field.at.start)..usize::from(field.at.end)].iter_mut().rev() {
            *column = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        debug_assert!(rest == 0, "{value} in {}.{name}", self.layout.key);
        self
    }

    /// A sum with the decimals that the table gives the field.
    pub(super) fn amount(self, name: &str, cents: u64) -> Self {
        let decimals = self.field(name).map_or(2, |field| u32::from(field.decimals));
        let value = if decimals < 2 { cents / 100 } else { cents * 10u64.pow(decimals - 2) };
        self.number(name, value)
    }

    /// A date, as the table says that the field writes it.
    pub(super) fn date(self, name: &str, date: NaiveDate) -> Self {
        let (year, month, day) =
            (date.year().rem_euclid(100) as u64, u64::from(date.month()), u64::from(date.day()));
        let format = self.field(name).and_then(|field| field.format);
        debug_assert!(matches!(format, Some(Format::Mmddyy | Format::Yymmdd)), "{}.{name}", self.layout.key);
        let value = match format {
            Some(Format::Yymmdd) => year * 10_000 + month * 100 + day,
            _ => month * 10_000 + day * 100 + year,
        };
        self.number(name, value)
    }

    /// A time of day, to the minute or the second as the table says.
    pub(super) fn time(self, name: &str, at: NaiveDateTime) -> Self {
        let minutes = u64::from(at.hour() * 100 + at.minute());
        let format = self.field(name).and_then(|field| field.format);
        debug_assert!(matches!(format, Some(Format::Hhmm | Format::Hhmmss)), "{}.{name}", self.layout.key);
        self.number(name, if format == Some(Format::Hhmmss) { minutes * 100 } else { minutes })
    }

    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// A transaction: its records and what they say.
#[derive(Debug)]
pub(super) struct Message<'e> {
    encoder: &'e Encoder,
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    pub(super) said: Vec<Said>,
}

impl<'e> Message<'e> {
    pub(super) fn new(encoder: &'e Encoder) -> Self {
        Self { encoder, bytes: Vec::new(), records: 0, said: Vec::new() }
    }

    /// A record to be filled and handed back to [`Self::end`].
    pub(super) fn record(&self, key: &str) -> Record<'e> {
        self.encoder.record(key)
    }

    pub(super) fn end(&mut self, record: &Record<'_>) {
        record.append_to(&mut self.bytes);
        self.records += 1;
    }

    pub(super) fn say(&mut self, said: Said) {
        self.said.push(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_where_the_table_puts_its_fields() {
        let encoder = Encoder::embedded();
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        let at = day.and_hms_opt(14, 5, 0).expect("a time");
        let written = |record: Record<'_>| {
            let mut bytes = Vec::new();
            record.append_to(&mut bytes);
            String::from_utf8(bytes).expect("ASCII")
        };
        let status = encoder.record("SO60").date("disposition_date", day).time("disposition_time", at);
        assert_eq!(written(status.text("disposition_code", "98")), format!("{:80}\r\n", "SO60030226140598"));
        let waybill = encoder.record("WSD").date("disposition_date", day).time("disposition_time", at);
        assert_eq!(written(waybill), format!("{:80}\r\n", "WSD030226140500"));
        let bill = encoder.record("NS30").date("action_date", day);
        assert_eq!(&written(bill)[63..69], "260302");
        let line =
            encoder.record("AE50").amount("duty", 125_050).amount("quantity_1", 700).number("value", 12);
        assert_eq!(written(line), format!("{:80}\r\n", "50           0000125050 0000000012 000000000700"));
        let query = encoder.record("WR1_IN").right("entry_number", "00000419");
        assert_eq!(written(query), format!("{:80}\r\n", "WR1        00000419"));
        let answer = encoder.record("SO10").under("WO10").text("entry_filer", "9Z7");
        assert_eq!(written(answer), format!("{:80}\r\n", "WO10    9Z7"));
    }
}
