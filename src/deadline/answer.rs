//! What the engine answers: a date or the reason that there is none, and where it comes from.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::key::Key;
use super::triggers::did_you_mean;

/// The name of a deadline, such as `PROTEST_DUE`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeadlineId(Arc<str>);

impl DeadlineId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DeadlineId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl AsRef<str> for DeadlineId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for DeadlineId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for DeadlineId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for DeadlineId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for DeadlineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The last day under the rule as written, or why there is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Due {
    Date(NaiveDate),
    /// No clock runs.
    None,
    /// The clock is not fixed yet.
    Open,
    /// The action is not possible now.
    Blocked,
    /// The action is never possible for this type of entry.
    Ineligible,
    /// What was given breaks the rule.
    Invalid,
    /// Only for `CAL_DAY`: the day counts.
    Working,
    /// Only for `CAL_DAY`: the day does not count.
    Nonworking,
}

impl Due {
    const WORDS: [(Self, &'static str); 7] = [
        (Self::None, "NONE"),
        (Self::Open, "OPEN"),
        (Self::Blocked, "BLOCKED"),
        (Self::Ineligible, "INELIGIBLE"),
        (Self::Invalid, "INVALID"),
        (Self::Working, "WORKING"),
        (Self::Nonworking, "NONWORKING"),
    ];

    pub fn date(self) -> Option<NaiveDate> {
        match self {
            Self::Date(date) => Some(date),
            _ => None,
        }
    }

    /// Reads what [`Display`](fmt::Display) prints.
    pub fn parse(text: &str) -> Option<Self> {
        let word = Self::WORDS.iter().find(|(_, word)| *word == text).map(|(due, _)| *due);
        word.or_else(|| text.parse().ok().map(Self::Date))
    }
}

/// `2026-09-02` or `NONE`, `OPEN`, `BLOCKED`, `INELIGIBLE`, `INVALID`.
impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => f.pad(&date.to_string()),
            word => {
                let text = Self::WORDS.iter().find(|(due, _)| due == word).map_or("", |(_, text)| *text);
                f.pad(text)
            }
        }
    }
}

impl Serialize for Due {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Due {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected a date or NONE, OPEN, BLOCKED ..."))
    }
}

/// A date that may be missing, written as `-` then: for `#[serde(with = "...")]`.
pub mod dash {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer};

    /// `2026-09-02` or `-`.
    pub fn text(date: Option<NaiveDate>) -> String {
        date.map_or_else(|| "-".to_owned(), |date| date.to_string())
    }

    pub fn serialize<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*date))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "-" => Ok(None),
            date => date.parse().map(Some).map_err(serde::de::Error::custom),
        }
    }
}

/// Who must watch the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Importer, broker, surety or carrier must act; only these have an `act_by`.
    Duty,
    /// A clock on CBP or on the law itself; its passing changes the state of the entry.
    Watch,
    /// Something must be kept until the date.
    Keep,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Watch => "watch",
            Self::Keep => "keep",
        }
    }
}

/// How sure a rule is, or one of its answers; the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A source that states it was read.
    Confirmed,
    /// Known from practice.
    Recalled,
    /// Sources conflict or are silent, or practice varies.
    Uncertain,
}

impl Confidence {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Recalled => "recalled",
            Self::Uncertain => "uncertain",
        }
    }
}

/// The two dates of a deadline and the day it counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dates {
    pub due: Due,
    /// The date to alert on: never later than `due`, always a day on which people work. Only for duties.
    pub act_by: Option<NaiveDate>,
    /// Day 0 and the fact that gives it; `None` when no day was counted from.
    pub start: Option<(Key, NaiveDate)>,
}

/// A deadline with its arithmetic, as `due --json` prints it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Computed {
    pub id: DeadlineId,
    pub due: Due,
    /// `-` when nobody has to act, or there is no date.
    #[serde(with = "dash")]
    pub act_by: Option<NaiveDate>,
    /// The period in plain words: `180 calendar days, forward`.
    pub rule: String,
    /// The citation.
    pub basis: String,
    /// Since when the rule stands as it was applied; null when it is older than the table.
    pub valid_from: Option<NaiveDate>,
    /// The arithmetic, one sentence each.
    pub steps: Vec<String>,
    /// How sure this answer is; `doubts` say why it is less sure than its rule.
    pub confidence: Confidence,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// What the table says about the rule, and about how sure it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub class: Class,
    pub name: String,
    /// Day 0.
    pub start: Option<NaiveDate>,
    /// The key of the fact that gives day 0.
    pub start_key: Option<String>,
    /// What ends the clock.
    pub closed_by: String,
    /// What a person should look at: a printed date far from the computed one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Which table and calendar the dates were computed with.
    pub table_version: String,
}

/// Why no answer could be given.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DueError {
    #[error("there is no deadline `{given}`{}", did_you_mean(.closest.as_deref()))]
    UnknownId { given: String, closest: Option<String> },
    #[error("{id} does not read `{key}`; it reads {}", key_list(.accepted, ", "))]
    UnexpectedKey { id: DeadlineId, key: Key, accepted: Vec<Key> },
    /// What the clock counts from is not known, so there is no date.
    #[error("{id} needs {}", key_list(.any_of, " or "))]
    Missing { id: DeadlineId, any_of: Arc<[Key]> },
    #[error("{id} has no period in the table for {date}")]
    NotInForce { id: DeadlineId, date: NaiveDate },
}

impl DueError {
    /// True when the answer is unknown only because a fact has not come yet.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

fn key_list(keys: &[Key], between: &str) -> String {
    keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_reads_what_it_prints() {
        for text in
            ["2026-09-02", "NONE", "OPEN", "BLOCKED", "INELIGIBLE", "INVALID", "WORKING", "NONWORKING"]
        {
            let due = Due::parse(text).expect(text);
            assert_eq!(due.to_string(), text);
            let json = serde_json::to_string(&due).expect("serializes");
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Due>(&json).expect("reads back"), due);
        }
        assert_eq!(Due::parse("none"), None);
        assert_eq!(Due::parse(""), None);
    }
}
