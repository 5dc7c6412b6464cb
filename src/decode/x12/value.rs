//! Dates, times and numbers as X12 writes them.

use chrono::{NaiveDate, NaiveTime};

use crate::decode::digits;

/// Two-digit years up to this one are of the 2000s; X12 itself began in 1979.
const CENTURY_PIVOT: u32 = 70;

/// Reads a DT element: CCYYMMDD.
#[inline]
pub fn date(text: &[u8]) -> Option<NaiveDate> {
    let [century, year, month, day] = digits::pairs(text.try_into().ok()?)?;
    NaiveDate::from_ymd_opt(i32::from(century) * 100 + i32::from(year), month.into(), day.into())
}

/// True for what [`date`] can read.
#[inline(always)]
pub(super) fn is_date(text: &[u8]) -> bool {
    let Some([_, _, month, day]) = text.try_into().ok().and_then(digits::pairs) else { return false };
    // Days that every month has need no calendar.
    (1..=12).contains(&month) && ((1..=28).contains(&day) || date(text).is_some())
}

/// Reads the dates of releases before 004010 and of the envelope: YYMMDD.
pub fn short_date(text: &[u8]) -> Option<NaiveDate> {
    match text.len() {
        6 => {
            let year = few_digits(&text[..2])?;
            civil(if year < CENTURY_PIVOT { 2000 + year } else { 1900 + year }, &text[2..])
        }
        _ => None,
    }
}

fn civil(year: u32, rest: &[u8]) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year as i32, few_digits(&rest[..2])?, few_digits(&rest[2..])?)
}

/// Reads a TM element: HHMM, HHMMSS, or with tenths or hundredths of a second.
#[inline]
pub fn time(text: &[u8]) -> Option<NaiveTime> {
    let [hours, minutes, seconds, hundredths] = digits::pairs(full_time(text)?)?.map(u32::from);
    NaiveTime::from_hms_milli_opt(hours, minutes, seconds, hundredths * 10)
}

/// True for what [`time`] can read.
#[inline(always)]
pub(super) fn is_time(text: &[u8]) -> bool {
    let Ok(minutes) = text.try_into() else { return is_long_time(text) };
    is_clock(with_no_seconds(minutes))
}

#[inline(never)]
fn is_long_time(text: &[u8]) -> bool {
    full_time(text).is_some_and(is_clock)
}

#[inline(always)]
fn is_clock(full: [u8; 8]) -> bool {
    digits::pairs(full).is_some_and(|[hours, minutes, seconds, _]| hours < 24 && minutes < 60 && seconds < 60)
}

/// Filled up with zeros, all four forms are HHMMSSdd.
#[inline(always)]
fn full_time(text: &[u8]) -> Option<[u8; 8]> {
    match text.try_into() {
        Ok(minutes) => Some(with_no_seconds(minutes)),
        Err(_) => long_time(text),
    }
}

/// HHMM as HHMMSSdd, put together as a number: it is read as one.
#[inline(always)]
fn with_no_seconds(minutes: [u8; 4]) -> [u8; 8] {
    const ZEROS: u64 = u32::from_le_bytes([b'0'; 4]) as u64;
    (u64::from(u32::from_le_bytes(minutes)) | ZEROS << 32).to_le_bytes()
}

#[inline(never)]
fn long_time(text: &[u8]) -> Option<[u8; 8]> {
    let mut full = [b'0'; 8];
    full.get_mut(..text.len().max(6))?[..text.len()].copy_from_slice(text);
    (text.len() >= 6).then_some(full)
}

/// True for a whole number: digits, perhaps behind a minus.
pub(super) fn is_whole(text: &[u8]) -> bool {
    let number = text.strip_prefix(b"-").unwrap_or(text);
    !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

/// True for a number as class R has it: a minus, digits, a point among them, and a power of ten may be there.
#[inline(always)]
pub(super) fn is_decimal(text: &[u8]) -> bool {
    digits::are_digits(text) || is_long_decimal(text)
}

#[inline(never)]
fn is_long_decimal(text: &[u8]) -> bool {
    let mut parts = text.splitn(2, |byte| *byte == b'E');
    let (number, power) = (parts.next().unwrap_or_default(), parts.next());
    let number = number.strip_prefix(b"-").unwrap_or(number);
    let points = number.iter().filter(|byte| **byte == b'.').count();
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    points <= 1 && digits > 0 && points + digits == number.len() && power.is_none_or(is_whole)
}

/// How many characters an element has, without the blanks around it; of a number sign and point do not count.
pub(super) fn length(text: &[u8], is_number: bool) -> usize {
    let text = text.trim_ascii();
    match (is_number, std::str::from_utf8(text)) {
        (true, _) => text.iter().filter(|byte| !matches!(byte, b'-' | b'.' | b'E')).count(),
        (_, Ok(text)) => text.chars().count(),
        (_, Err(_)) => text.len(),
    }
}

/// Reads a count or a control number, with or without leading zeros, up to 18 digits.
pub fn number(text: &[u8]) -> Option<u64> {
    // Few have blanks around them, which is seen when they are read.
    digits_only(text).or_else(|| digits_only(text.trim_ascii()))
}

#[inline]
fn digits_only(text: &[u8]) -> Option<u64> {
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

fn few_digits(text: &[u8]) -> Option<u32> {
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
            ("20260431", None),
            ("20260430", Some("2026-04-30")),
            ("20260200", None),
            ("20260001", None),
            ("20261345", None),
            ("260302", None),
            ("2026030", None),
            ("2026O302", None),
            ("", None),
        ] {
            assert_eq!(date(text.as_bytes()).map(|date| date.to_string()).as_deref(), wanted, "{text}");
            assert_eq!(is_date(text.as_bytes()), wanted.is_some(), "{text}");
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
            ("08;1", None),
            ("/831", None),
            ("083100000", None),
            ("", None),
        ] {
            assert_eq!(time(text.as_bytes()).map(|time| time.to_string()).as_deref(), wanted, "{text}");
            assert_eq!(is_time(text.as_bytes()), wanted.is_some(), "{text}");
        }
    }

    #[test]
    fn numbers_have_signs_points_and_powers() {
        for (text, whole, decimal) in [
            ("12", true, true),
            ("-12", true, true),
            ("12.5", false, true),
            ("-.5", false, true),
            ("1.5E-3", false, true),
            ("12345678901234567890", true, true),
            ("1,5", false, false),
            ("+1", false, false),
            ("1.2.3", false, false),
            ("12E", false, false),
            ("O12", false, false),
            ("-", false, false),
            (".", false, false),
        ] {
            assert_eq!(is_whole(text.as_bytes()), whole, "{text}");
            assert_eq!(is_decimal(text.as_bytes()), decimal, "{text}");
        }
        assert_eq!(
            [length(b"-12.50", true), length(b"-12.50 ", false), length("M\u{fc}LL".as_bytes(), false)],
            [4, 6, 4]
        );
        assert_eq!(length(b"M\xfcLL", false), 4);
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
