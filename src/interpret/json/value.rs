//! Amounts and dates as spreadsheets and portals write them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::notice::recorded;

/// US dollars: `1234.5`, `$1,234.50`, `(12.50)` or `12.50-` below zero. Commas part thousands and nothing else: `12,50` is no amount.
pub(super) fn amount(text: &str) -> Option<Decimal> {
    let text = text.trim();
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

/// A date, with or without a time behind it: `2026-03-06`, `03/06/2026`, `3/6/26`, `20260306`, `06-MAR-2026`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = match text.split_once(['T', ' ']) {
        Some((day, time)) if time.contains(':') => day,
        _ => text,
    };
    let year = day.rsplit(['/', '-']).next().unwrap_or_default();
    let forms: &[&str] = match year.len() {
        2 if day.contains('/') => &["%m/%d/%y"],
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
        ] {
            assert_eq!(date(text), NaiveDate::from_ymd_opt(2026, 3, 6), "{text}");
        }
        for text in ["", "13/06/2026", "2026-02-30", "03/06/1826", "45000", "Q1 2026", "6.3.2026"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
