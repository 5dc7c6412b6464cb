//! Dates, times and numbers as X12 writes them.

use chrono::{NaiveDate, NaiveTime};

/// Two-digit years up to this one are of the 2000s; X12 itself began in 1979.
const CENTURY_PIVOT: u32 = 70;

/// Reads a DT element: CCYYMMDD.
pub fn date(text: &[u8]) -> Option<NaiveDate> {
    match text.len() {
        8 => civil(digits(&text[..4])?, &text[4..]),
        _ => None,
    }
}

/// Reads the dates of releases before 004010 and of the envelope: YYMMDD.
pub fn short_date(text: &[u8]) -> Option<NaiveDate> {
    match text.len() {
        6 => {
            let year = digits(&text[..2])?;
            civil(if year < CENTURY_PIVOT { 2000 + year } else { 1900 + year }, &text[2..])
        }
        _ => None,
    }
}

fn civil(year: u32, rest: &[u8]) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year as i32, digits(&rest[..2])?, digits(&rest[2..])?)
}

/// Reads a TM element: HHMM, HHMMSS, or with tenths or hundredths of a second.
pub fn time(text: &[u8]) -> Option<NaiveTime> {
    let pair = |at: usize| digits(&text[at..at + 2]);
    let milliseconds = match text.len() {
        4 | 6 => 0,
        7 => digits(&text[6..])? * 100,
        8 => digits(&text[6..])? * 10,
        _ => return None,
    };
    let seconds = if text.len() > 4 { pair(4)? } else { 0 };
    NaiveTime::from_hms_milli_opt(pair(0)?, pair(2)?, seconds, milliseconds)
}

/// Reads a count or a control number, with or without leading zeros, up to 18 digits.
pub fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |sum: u64, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// True when two control numbers are the same number, or the same text where they are no numbers.
pub fn same_number(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (one.trim_ascii(), other.trim_ascii());
    one == other || matches!((number(one), number(other)), (Some(a), Some(b)) if a == b)
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum: u32, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, wanted) in [
            ("20260302", Some("2026-03-02")),
            ("20240229", Some("2024-02-29")),
            ("20250229", None),
            ("20261345", None),
            ("260302", None),
            ("2026030", None),
            ("2026O302", None),
            ("", None),
        ] {
            assert_eq!(date(text.as_bytes()).map(|date| date.to_string()).as_deref(), wanted, "{text}");
        }
        assert_eq!(short_date(b"260302"), date(b"20260302"));
        assert_eq!(short_date(b"990302"), date(b"19990302"));
        assert_eq!(short_date(b"26030"), None);
    }

    #[test]
    fn times_have_four_six_seven_or_eight_digits() {
        for (text, wanted) in [
            ("0831", Some("08:31:00")),
            ("101500", Some("10:15:00")),
            ("1015003", Some("10:15:00.300")),
            ("10150034", Some("10:15:00.340")),
            ("2561", None),
            ("2400", None),
            ("083", None),
            ("08310", None),
            ("08:31", None),
            ("083100000", None),
            ("", None),
        ] {
            assert_eq!(time(text.as_bytes()).map(|time| time.to_string()).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn control_numbers_are_compared_as_numbers() {
        assert!(same_number(b"1", b"000000001"));
        assert!(same_number(b"A1", b"A1 "));
        assert!(!same_number(b"A1", b"A01"));
        assert!(!same_number(b"", b"0"));
        assert_eq!(number(b"999999999999999999"), Some(999_999_999_999_999_999));
        assert_eq!(number(b"9999999999999999999"), None);
        assert_eq!(number(b"-1"), None);
    }
}
