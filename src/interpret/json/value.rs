//! Amounts and dates as spreadsheets and portals write them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::notice::recorded;

/// What a spreadsheet did to a value when it saved it, where that can be seen. What it was before cannot be told.
pub(super) fn ruined(text: &str) -> Option<&'static str> {
    const ERRORS: [&str; 7] = ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"];
    let text = text.trim();
    let is_number = |part: &str| {
        let mut digits = part.strip_prefix('-').unwrap_or(part).splitn(2, ['.', ',']);
        digits.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let exponent = text.split_once("E+").or_else(|| text.split_once("e+"));
    if exponent.is_some_and(|(number, exponent)| is_number(number) && is_number(exponent)) {
        Some(
            "a spreadsheet wrote it as a power of ten, and its last digits are lost; format the column as text",
        )
    } else if text.len() > 1 && text.bytes().all(|byte| byte == b'#') {
        Some("a spreadsheet's column was too narrow for it; widen the column before saving")
    } else if ERRORS.contains(&text) {
        Some("a formula of a spreadsheet failed there")
    } else {
        None
    }
}

/// Says behind a fault what may have come of the value; blank where nothing can be seen.
pub(super) fn cause(text: &str) -> String {
    ruined(text).map(|ruined| format!("; {ruined}")).unwrap_or_default()
}

/// The same for what should be a date.
pub(super) fn cause_of_date(text: &str) -> String {
    let is_count = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_count {
        true => "; a spreadsheet counts days so; format the column as a date".to_owned(),
        false => cause(text),
    }
}

/// The same for what should be the number of an entry.
pub(super) fn cause_of_entry(text: &str) -> String {
    /// Filer code, serial number and check digit.
    const DIGITS: usize = 11;
    let digits = text.trim();
    let is_short = digits.len() < DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    match is_short && !digits.is_empty() {
        true => "; it has 11 signs, and a spreadsheet takes zeros in front away".to_owned(),
        false => cause(text),
    }
}

/// US dollars: `1234.5`, `$1,234.50`, `(12.50)`, `$(12.50)` or `12.50-` below zero, `$-` for nothing. Commas part thousands and nothing
/// else: `12,50` is no amount.
pub(super) fn amount(text: &str) -> Option<Decimal> {
    let text = text.trim();
    // In accounts the sign of the dollar stands in front of all, and a dash for nothing.
    let text = match text.strip_prefix('$').map(str::trim) {
        Some("-") => return Some(Decimal::ZERO),
        Some(rest) if rest.starts_with('(') => rest,
        _ => text,
    };
    let inside = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let behind = text.strip_suffix('-');
    let (text, is_negative) = match inside.or(behind) {
        Some(rest) => (rest.trim(), true),
        None => (text, false),
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let digits = digits.trim_start_matches('$').trim();
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = whole.contains(',');
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_sound = is_number(first)
        && (!is_grouped || (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3 && is_number(group))
        && is_number(cents)
        && !(whole.is_empty() && cents.is_empty());
    if !is_sound {
        return None;
    }
    let cents = cents.trim_end_matches('0');
    let plain = format!("{sign}{}.{cents}", whole.replace(',', ""));
    let amount: Decimal = plain.trim_end_matches('.').parse().ok()?;
    (amount.scale() <= 2).then_some(if is_negative { -amount } else { amount })
}

/// A date, with or without a time behind it: `2026-03-06`, `03/06/2026`, `3/6/26`, `20260306`, `06-MAR-2026`, `6-Mar-26`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = match text.split_once(['T', ' ']) {
        Some((day, time)) if time.contains(':') => day,
        _ => text,
    };
    let year = day.rsplit(['/', '-']).next().unwrap_or_default();
    let forms: &[&str] = match year.len() {
        2 if day.contains('/') => &["%m/%d/%y"],
        2 => &["%d-%b-%y"],
        8 => &["%Y%m%d"],
        _ => &["%m/%d/%Y", "%d-%b-%Y"],
    };
    let read = |form: &&str| NaiveDate::parse_from_str(day, form).ok();
    let plain = recorded::date(day).or_else(|| forms.iter().find_map(read))?;
    recorded::date(&plain.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_written_or_not_at_all() {
        for (text, wanted) in [
            ("1234.5", Some("1234.5")),
            (" $1,234.50 ", Some("1234.5")),
            ("1,234,567", Some("1234567")),
            ("(12.50)", Some("-12.5")),
            ("12.50-", Some("-12.5")),
            ("-$0.07", Some("-0.07")),
            (".5", Some("0.5")),
            ("0.00", Some("0")),
            ("10.5000", Some("10.5")),
            (" $(1,234.50)", Some("-1234.5")),
            ("($1,234.50)", Some("-1234.5")),
            ("$ 1,234.50", Some("1234.5")),
            ("$-", Some("0")),
            (" $-   ", Some("0")),
            ("$", None),
            ("$(", None),
            ("$()", None),
            ("1.23E+10", None),
            ("12,50", None),
            ("1.234,50", None),
            ("1234,567", None),
            ("12.345", None),
            ("", None),
            (".", None),
            ("twelve", None),
            ("1e3", None),
            ("99999999999999999999999999999999", None),
        ] {
            assert_eq!(amount(text), wanted.map(|wanted| wanted.parse().expect("a number")), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_the_forms_of_the_portal() {
        for text in [
            "2026-03-06",
            "03/06/2026",
            "3/6/2026",
            "3/6/26",
            "20260306",
            "06-MAR-2026",
            "2026-03-06T00:00:00",
            "03/06/2026 12:00:00 AM",
            "3/6/2026 0:00",
            "3/6/26 14:30",
            "6-Mar-26",
            "6-Mar-2026",
        ] {
            assert_eq!(date(text), NaiveDate::from_ymd_opt(2026, 3, 6), "{text}");
        }
        for text in [
            "",
            "13/06/2026",
            "2026-02-30",
            "03/06/1826",
            "45000",
            "Q1 2026",
            "6.3.2026",
            "6-Mar",
            "06-03-26",
            "####",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_spreadsheet_ruined_is_known() {
        for text in ["1.23E+10", "1,23E+10", "1E+11", "-4.5e+09", "####", "#N/A", "#DIV/0!"] {
            assert!(ruined(text).is_some(), "{text}");
        }
        for text in ["", "#", "1E10", "E+10", "1.E+10", "1.2.3E+10", "PO-1E+1", "9Z7-0000041-9", "#12"] {
            assert_eq!(ruined(text), None, "{text}");
        }
        assert!(cause_of_date("46087").contains("counts days") && cause_of_date("soon").is_empty());
        assert!(cause_of_entry("9700000419").contains("zeros") && cause_of_entry("X").is_empty());
    }
}
