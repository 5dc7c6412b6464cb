//! The values of facts, read from text.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::key::{DATES_MAX, Kind, YEAR_MAX, YEAR_MIN};

/// A fact's value, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    Date(NaiveDate),
    Dates(Vec<NaiveDate>),
    Flag(bool),
    Count(u32),
    EntryType([u8; 2]),
    Word(&'static str),
}

impl Value {
    /// Reads `text` as `kind` wants it.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let value = match kind {
            Kind::Date => Self::Date(parse_date(text)?),
            Kind::Dates => {
                Self::Dates(text.split(',').take(DATES_MAX + 1).map(parse_date).collect::<Option<_>>()?)
            }
            Kind::YesNo => Self::Flag(match text {
                "yes" | "true" => true,
                "no" | "false" => false,
                _ => return None,
            }),
            Kind::Count(_) => Self::Count(text.parse().ok()?),
            Kind::EntryType => Self::entry_type(text)?,
            Kind::Word(words) => Self::Word(words.iter().find(|word| **word == text)?),
        };
        value.fits(kind).then_some(value)
    }

    /// An entry type code: two ASCII letters or digits.
    pub fn entry_type(code: &str) -> Option<Self> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter()
            .all(u8::is_ascii_alphanumeric)
            .then(|| Self::EntryType(code.map(|byte| byte.to_ascii_uppercase())))
    }

    pub(super) fn fits(&self, kind: Kind) -> bool {
        let in_range = |date: &NaiveDate| (YEAR_MIN..=YEAR_MAX).contains(&date.year());
        match (self, kind) {
            (Self::Date(date), Kind::Date) => in_range(date),
            (Self::Dates(dates), Kind::Dates) => {
                (1..=DATES_MAX).contains(&dates.len()) && dates.iter().all(in_range)
            }
            (Self::Count(count), Kind::Count(max)) => *count <= max,
            (Self::Word(word), Kind::Word(words)) => words.contains(word),
            (Self::Flag(_), Kind::YesNo) | (Self::EntryType(_), Kind::EntryType) => true,
            _ => false,
        }
    }
}

/// Strictly `YYYY-MM-DD`: chrono alone would also take `2026-3-6`.
fn parse_date(text: &str) -> Option<NaiveDate> {
    (text.len() == "2026-03-06".len()).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

impl From<NaiveDate> for Value {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<Vec<NaiveDate>> for Value {
    fn from(dates: Vec<NaiveDate>) -> Self {
        Self::Dates(dates)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

/// As [`Value::parse`] reads it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Dates(dates) => {
                for (index, date) in dates.iter().enumerate() {
                    write!(f, "{}{date}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Count(count) => write!(f, "{count}"),
            Self::EntryType([first, second]) => write!(f, "{}{}", *first as char, *second as char),
            Self::Word(word) => f.write_str(word),
        }
    }
}
