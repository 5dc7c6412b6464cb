//! Dates and times as ABI writes them: no century, blanks or zeros for none.

use chrono::{NaiveDate, NaiveTime};

use crate::grammar::abi::Format;

/// The field holds something that is no date, time or number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

/// Two-digit years from here on are 19xx.
const CENTURY_TURN: u8 = 70;

/// Reads `MMDDYY` or `YYMMDD`; `None` for blanks and zeros, which both say "no date".
#[inline]
pub fn date(field: &[u8], format: Format) -> Result<Option<NaiveDate>, Unreadable> {
    let [a, b, c] = match pairs::<3>(field) {
        Ok(Some(pairs)) => pairs,
        Ok(None) => return Ok(None),
        Err(unreadable) => return Err(unreadable),
    };
    let (year, month, day) = if format == Format::Yymmdd { (a, b, c) } else { (c, a, b) };
    if (a, b, c) == (0, 0, 0) {
        return Ok(None);
    }
    let century = if year >= CENTURY_TURN { 1900 } else { 2000 };
    NaiveDate::from_ymd_opt(century + i32::from(year), u32::from(month), u32::from(day))
        .map(Some)
        .ok_or(Unreadable)
}

/// Reads `HHMM` or `HHMMSS`; `None` for blanks. Zeros are midnight.
#[inline]
pub fn time(field: &[u8], format: Format) -> Result<Option<NaiveTime>, Unreadable> {
    let parts = if format == Format::Hhmmss {
        pairs::<3>(field)?
    } else {
        pairs::<2>(field)?.map(|[hours, minutes]| [hours, minutes, 0])
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
fn pairs<const N: usize>(field: &[u8]) -> Result<Option<[u8; N]>, Unreadable> {
    if field.iter().all(|&byte| byte == b' ') {
        return Ok(None);
    }
    if field.len() != 2 * N {
        return Err(Unreadable);
    }
    let mut values = [0; N];
    for (value, pair) in values.iter_mut().zip(field.chunks_exact(2)) {
        let (tens, units) = (pair[0].wrapping_sub(b'0'), pair[1].wrapping_sub(b'0'));
        if tens > 9 || units > 9 {
            return Err(Unreadable);
        }
        *value = tens * 10 + units;
    }
    Ok(Some(values))
}

#[cfg(test)]
mod tests {
    use super::*;

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
