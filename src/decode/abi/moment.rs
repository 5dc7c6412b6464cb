//! Dates and times as ABI writes them: no century, blanks or zeros for none.

use chrono::{NaiveDate, NaiveTime};

use crate::grammar::abi::Format;

/// The field holds something that is no date, time or number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

/// Two-digit years from here on are 19xx.
const CENTURY_TURN: u16 = 70;

/// Reads `MMDDYY` or `YYMMDD`; `None` for blanks and zeros, which both say "no date".
#[inline]
pub fn date(field: &[u8], format: Format) -> Result<Option<NaiveDate>, Unreadable> {
    let Some([a, b, c]) = pairs(field)? else { return Ok(None) };
    if (a, b, c) == (0, 0, 0) {
        return Ok(None);
    }
    let (year, month, day) = if format == Format::Yymmdd { (a, b, c) } else { (c, a, b) };
    let century = if year >= CENTURY_TURN { 1900 } else { 2000 };
    NaiveDate::from_ymd_opt(century + i32::from(year), u32::from(month), u32::from(day))
        .map(Some)
        .ok_or(Unreadable)
}

/// Reads `HHMM` or `HHMMSS`; `None` for blanks. Zeros are midnight.
#[inline]
pub fn time(field: &[u8], format: Format) -> Result<Option<NaiveTime>, Unreadable> {
    let parts = if format == Format::Hhmmss {
        pairs(field)?
    } else {
        pairs(field)?.map(|[hours, minutes]| [hours, minutes, 0])
    };
    let Some([hours, minutes, seconds]) = parts else { return Ok(None) };
    NaiveTime::from_hms_opt(hours.into(), minutes.into(), seconds.into()).map(Some).ok_or(Unreadable)
}

/// True when the field is blank or holds what its format says.
#[inline]
pub fn is_readable(field: &[u8], format: Format) -> bool {
    match format {
        Format::Mmddyy | Format::Yymmdd => date(field, format).is_ok(),
        Format::Hhmm | Format::Hhmmss => time(field, format).is_ok(),
    }
}

/// Two digits at a time; `None` when everything is blank or the record ends before the field.
#[inline]
fn pairs<const N: usize>(field: &[u8]) -> Result<Option<[u16; N]>, Unreadable> {
    if field.len() == 2 * N
        && let (Some(first), Some(last)) = (field.first_chunk(), field.last_chunk())
    {
        // Four or six bytes, the two in the middle of four twice.
        let first = u64::from(u32::from_le_bytes(*first));
        let word = first | u64::from(u16::from_le_bytes(*last)) << (16 * (N - 1));
        let keep = u64::MAX >> (64 - 16 * N);
        let digits = word ^ (u64::from_le_bytes([b'0'; 8]) & keep);
        // A nibble above nine reaches the next one when six is added.
        let over = digits | digits.wrapping_add(0x0606_0606_0606_0606 & keep);
        if over & 0xf0f0_f0f0_f0f0_f0f0 == 0 {
            let values = (digits & 0x00ff_00ff_00ff_00ff) * 10 + (digits >> 8 & 0x00ff_00ff_00ff_00ff);
            return Ok(Some(std::array::from_fn(|at| (values >> (16 * at)) as u16)));
        }
    }
    if field.iter().all(|&byte| byte == b' ') { Ok(None) } else { Err(Unreadable) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::abi::{FieldAt, MomentAt, RECORD_WIDTH};

    #[test]
    fn dates_have_no_century() {
        let cases = [
            ("070926", Ok(Some("2026-07-09"))),
            ("123169", Ok(Some("2069-12-31"))),
            ("010170", Ok(Some("1970-01-01"))),
            ("022924", Ok(Some("2024-02-29"))),
            ("022925", Err(Unreadable)),
            ("130022", Err(Unreadable)),
            ("0709 6", Err(Unreadable)),
            ("0709", Err(Unreadable)),
            ("070026", Err(Unreadable)),
            ("      ", Ok(None)),
            ("000000", Ok(None)),
            ("", Ok(None)),
        ];
        for (text, wanted) in cases {
            let read = date(text.as_bytes(), Format::Mmddyy).map(|date| date.map(|date| date.to_string()));
            assert_eq!(read, wanted.map(|date| date.map(str::to_owned)), "{text}");
        }
        assert_eq!(date(b"260709", Format::Yymmdd), date(b"070926", Format::Mmddyy));
    }

    fn plain(text: &str, start: u8, format: Format) -> bool {
        let mut record = [b'x'; RECORD_WIDTH];
        let at = FieldAt::new(start, start + text.len() as u8);
        record[usize::from(at.start)..usize::from(at.end)].copy_from_slice(text.as_bytes());
        MomentAt::new(at, format).is_plain(&record)
    }

    #[test]
    fn what_is_plain_is_readable() {
        for format in [Format::Mmddyy, Format::Yymmdd, Format::Hhmmss, Format::Hhmm] {
            for number in (0..1_000_000).step_by(7) {
                let text = format!("{number:06}");
                let text = if format == Format::Hhmm { &text[2..] } else { &text };
                assert!(!plain(text, 0, format) || is_readable(text.as_bytes(), format), "{text} {format:?}");
            }
        }
        assert!(plain("030826", 74, Format::Mmddyy) && plain("      ", 0, Format::Mmddyy));
        assert!(plain("2359", 76, Format::Hhmm) && plain("    ", 0, Format::Hhmm));
        assert!(plain("235959", 74, Format::Hhmmss) && !plain("235960", 74, Format::Hhmmss));
        for odd in ["03O826", "0 0826", "0308 6", "1308:6", "03/826", "000026"] {
            assert!(!plain(odd, 3, Format::Mmddyy), "{odd}");
        }
    }

    #[test]
    fn times_are_checked() {
        let text = |field: &[u8], format| time(field, format).map(|time| time.map(|time| time.to_string()));
        assert_eq!(text(b"2359", Format::Hhmm), Ok(Some("23:59:00".to_owned())));
        assert_eq!(text(b"0000", Format::Hhmm), Ok(Some("00:00:00".to_owned())));
        assert_eq!(text(b"235961", Format::Hhmmss), Err(Unreadable));
        assert_eq!(text(b"2400", Format::Hhmm), Err(Unreadable));
        assert_eq!(text(b"    ", Format::Hhmm), Ok(None));
    }
}
