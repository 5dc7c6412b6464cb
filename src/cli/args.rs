//! How values are written on the command line.

use chrono::NaiveDate;

use crate::entry::Status;
use crate::ident::EntryNumber;
use crate::place::Severity;

pub fn entry_number(text: &str) -> Result<EntryNumber, String> {
    EntryNumber::parse(text)
        .ok_or_else(|| "an entry number is 3 letters or digits and 8 digits, as ABC-1234567-8".to_owned())
}

/// `30d`, `4w`, or `30` for days.
pub fn days(text: &str) -> Result<u32, String> {
    let (figure, factor) = match text.as_bytes().last() {
        Some(b'd') => (&text[..text.len() - 1], 1),
        Some(b'w') => (&text[..text.len() - 1], 7),
        _ => (text, 1),
    };
    let days = figure.parse::<u32>().ok().and_then(|figure| figure.checked_mul(factor));
    days.filter(|days| *days <= DAYS_MAX)
        .ok_or_else(|| format!("a number of days or weeks such as 30d or 4w, at most {DAYS_MAX} days"))
}

/// A century; no clock runs longer.
const DAYS_MAX: u32 = 36_525;

pub fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "a date such as 2026-03-06".to_owned())
}

pub fn status(text: &str) -> Result<Status, String> {
    Status::parse(&text.to_ascii_lowercase()).ok_or_else(|| {
        let words: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

pub fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(&text.to_ascii_lowercase()).ok_or_else(|| "one of info, warning, critical".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_people_do() {
        for (text, wanted) in [("30d", Some(30)), ("4w", Some(28)), ("7", Some(7)), ("0d", Some(0))] {
            assert_eq!(days(text).ok(), wanted, "{text}");
        }
        for text in ["", "d", "w", "-1d", "30m", "99999999999d", "700000000w", "36526", "é"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
