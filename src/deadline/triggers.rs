//! The facts that start, change or stop a clock: named keys with typed values.
//!
//! A value is read once, when it is set; computing from it is then cheap. What was never set stays unknown, and a
//! deadline that needs it answers with an error and never with a date.

use std::fmt;

use chrono::NaiveDate;

use super::key::Key;
use super::value::Value;

/// How many characters of a value that could not be read are shown.
const SHOWN_CHARS: usize = 40;

/// Why a fact was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TriggerError {
    #[error("`{given}` is not of the form key=value")]
    Malformed { given: String },
    #[error("no deadline reads `{given}`{}", did_you_mean(*.closest))]
    UnknownKey { given: String, closest: Option<&'static str> },
    #[error("`{key}` is given twice")]
    Duplicate { key: Key },
    #[error("`{key}` is `{given}`, but must be {}", .key.kind())]
    BadValue { key: Key, given: String },
}

pub(super) fn did_you_mean(closest: Option<&str>) -> String {
    closest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The candidate that was most likely meant, if any is near enough.
pub(super) fn closest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this, the two have little more than their length in common.
    const NEAR_ENOUGH: f64 = 0.8;
    let (shown, lower) = (shown(given), shown(given).to_lowercase());
    let likeness = |name: &str| {
        strsim::jaro_winkler(&shown, name).max(strsim::jaro_winkler(&lower, &name.to_lowercase()))
    };
    candidates
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness >= NEAR_ENOUGH)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

/// The first characters of foreign text, fit to be printed.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Facts by key, in the order of the keys.
///
/// ```
/// use entrywatch::deadline::Triggers;
///
/// let triggers = Triggers::parse(["liquidation_date=2026-03-06", "deemed=yes"])?;
/// assert_eq!(triggers.to_string(), "deemed=yes liquidation_date=2026-03-06");
/// # Ok::<(), entrywatch::deadline::TriggerError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Triggers(Vec<(Key, Value)>);

impl Triggers {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `key=value` pairs.
    ///
    /// # Errors
    ///
    /// The first pair that has no `=`, an unknown or repeated key, or a value that is not of its key's kind.
    pub fn parse<T: AsRef<str>>(pairs: impl IntoIterator<Item = T>) -> Result<Self, TriggerError> {
        let mut triggers = Self::new();
        for pair in pairs {
            let pair = pair.as_ref();
            let (name, value) =
                pair.split_once('=').ok_or_else(|| TriggerError::Malformed { given: shown(pair) })?;
            let key = known_key(name.trim())?;
            if triggers.get(key).is_some() {
                return Err(TriggerError::Duplicate { key });
            }
            triggers.set(key.as_str(), value)?;
        }
        Ok(triggers)
    }

    /// Sets one fact from text, replacing what was known before.
    ///
    /// # Errors
    ///
    /// An unknown key, or a value that is not of its key's kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self, TriggerError> {
        let key = known_key(key)?;
        let value = Value::parse(key.kind(), value.trim())
            .ok_or_else(|| TriggerError::BadValue { key, given: shown(value) })?;
        Ok(self.insert(key, value))
    }

    /// Sets one fact from a typed value, replacing what was known before.
    ///
    /// # Errors
    ///
    /// A value that is not of its key's kind, or a date outside 1986 to 2199.
    pub fn put(&mut self, key: Key, value: impl Into<Value>) -> Result<&mut Self, TriggerError> {
        let value = value.into();
        if value.fits(key.kind()) {
            Ok(self.insert(key, value))
        } else {
            Err(TriggerError::BadValue { key, given: shown(&value.to_string()) })
        }
    }

    fn insert(&mut self, key: Key, value: Value) -> &mut Self {
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
        self
    }

    pub fn remove(&mut self, key: Key) -> &mut Self {
        self.0.retain(|(known, _)| *known != key);
        self
    }

    pub fn get(&self, key: Key) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The date under `key`; of a list its earliest.
    pub fn date(&self, key: Key) -> Option<NaiveDate> {
        match self.get(key)? {
            Value::Date(date) => Some(*date),
            Value::Dates(dates) => dates.iter().min().copied(),
            _ => None,
        }
    }

    /// The dates under `key`; none when it is unknown.
    pub fn dates(&self, key: Key) -> &[NaiveDate] {
        match self.get(key) {
            Some(Value::Dates(dates)) => dates,
            Some(Value::Date(date)) => std::slice::from_ref(date),
            _ => &[],
        }
    }

    pub fn flag(&self, key: Key) -> Option<bool> {
        match self.get(key)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn count(&self, key: Key) -> Option<u32> {
        match self.get(key)? {
            Value::Count(count) => Some(*count),
            _ => None,
        }
    }

    pub fn word(&self, key: Key) -> Option<&'static str> {
        match self.get(key)? {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.0.iter().map(|(key, _)| *key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn known_key(name: &str) -> Result<Key, TriggerError> {
    Key::parse(name).ok_or_else(|| TriggerError::UnknownKey {
        given: shown(name),
        closest: closest(name, Key::ALL.iter().map(|key| key.as_str())),
    })
}

/// `key=value` pairs with a blank between them.
impl fmt::Display for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::DATES_MAX;
    use super::*;

    #[test]
    fn keys_are_distinct_and_found_again() {
        for key in Key::ALL {
            assert_eq!(Key::parse(key.as_str()), Some(*key));
            assert!(!key.meaning().is_empty());
        }
    }

    #[test]
    fn what_is_read_prints_back() {
        for pair in [
            "entry_date=2024-02-29",
            "times_of_entry=2026-01-02,2026-01-05",
            "suspended=yes",
            "suspended=no",
            "extensions=3",
            "entry_type=01",
            "mode=barge",
        ] {
            assert_eq!(Triggers::parse([pair]).expect(pair).to_string(), pair);
        }
        assert_eq!(Triggers::parse(["live=true"]).expect("a flag").flag(Key::Live), Some(true));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (pairs, message) in [
            (vec!["entry_date"], "`entry_date` is not of the form key=value"),
            (vec!["entrydate=2026-01-02"], "no deadline reads `entrydate`; did you mean `entry_date`?"),
            (
                vec!["Liquidation_Date=2026-01-02"],
                "no deadline reads `Liquidation_Date`; did you mean `liquidation_date`?",
            ),
            (vec!["zzz=1"], "no deadline reads `zzz`"),
            (vec!["mode=rail", "mode=air"], "`mode` is given twice"),
            (
                vec!["entry_date=2025-02-29"],
                "`entry_date` is `2025-02-29`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date=2025-2-9"],
                "`entry_date` is `2025-2-9`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date=0206-03-06"],
                "`entry_date` is `0206-03-06`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date="],
                "`entry_date` is ``, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (vec!["suspended=maybe"], "`suspended` is `maybe`, but must be yes or no"),
            (vec!["extensions=-1"], "`extensions` is `-1`, but must be a whole number from 0 to 99"),
            (vec!["extensions=100"], "`extensions` is `100`, but must be a whole number from 0 to 99"),
            (
                vec!["entry_type=1"],
                "`entry_type` is `1`, but must be an entry type of two letters or digits such as 01",
            ),
            (vec!["ext_by=me"], "`ext_by` is `me`, but must be one of importer, cbp, unknown"),
            (
                vec!["mode=\u{1b}[31m"],
                "`mode` is `\\u{1b}[31m`, but must be one of vessel, barge, rail, truck, air, pipeline",
            ),
        ] {
            let error = Triggers::parse(&pairs).expect_err("not readable");
            assert_eq!(error.to_string(), message, "{pairs:?}");
        }
        let long = format!("x{}=1", "é".repeat(10_000));
        assert!(Triggers::parse([long]).expect_err("not a key").to_string().len() < 200);
        let many = format!("nonworking={}", vec!["2026-01-02"; DATES_MAX + 1].join(","));
        assert!(Triggers::parse([many]).is_err());
    }

    #[test]
    fn typed_values_must_fit_their_key() {
        let mut triggers = Triggers::new();
        let day = NaiveDate::from_ymd_opt(2026, 3, 6).expect("a date");
        triggers.put(Key::EntryDate, day).expect("a date under a date key");
        assert!(triggers.put(Key::EntryDate, true).is_err());
        assert!(triggers.put(Key::EntryDate, NaiveDate::MAX).is_err());
        assert!(triggers.put(Key::Extensions, 100).is_err());
        assert!(triggers.put(Key::Nonworking, Vec::new()).is_err());
        assert_eq!(triggers.date(Key::EntryDate), Some(day));
        assert_eq!(triggers.remove(Key::EntryDate).date(Key::EntryDate), None);
    }
}
