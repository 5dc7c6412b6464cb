//! Silences: somebody, for a reason, wants to hear nothing of a rule, an entry or a broker for a while.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Alert;
use super::course::TEXT_CHARS_MAX;
use crate::entry::EntryDeadline;
use crate::ident::{BrokerName, EntryNumber};

/// Nobody silences anything for longer, in days.
pub const SILENCE_DAYS_MAX: i64 = 90;

/// So many days before a legal deadline nothing silences its reminders any more.
pub const LOUD_DAYS: i64 = EntryDeadline::LOUD_DAYS;

/// A silence is announced in the digests so many days before its end.
const ANNOUNCED_DAYS: i64 = 3;

/// A silence that is over is remembered for so many days, for whoever asks why.
const REMEMBERED_DAYS: i64 = 30;

/// What is silenced: all that is given must fit.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Silenced {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<Box<str>>,
}

/// A silence as somebody asked for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewSilence {
    pub owner: Box<str>,
    pub reason: Box<str>,
    /// From the morning of this day on people are told again.
    pub until: NaiveDate,
    pub what: Silenced,
}

/// A silence in force, or over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// The number of the journal's line that made it.
    pub id: u64,
    pub owner: Box<str>,
    pub reason: Box<str>,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub what: Silenced,
}

/// All silences. One value, for there are few.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Silences(Vec<Silence>);

/// Why a silence is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SilenceError {
    #[error("a silence has an owner and a reason, each of at most {TEXT_CHARS_MAX} characters")]
    Nameless,
    #[error("a silence names a rule, an entry or a broker")]
    OfAll,
    #[error("a silence ends after today and within {SILENCE_DAYS_MAX} days; {until} does not")]
    Until { until: NaiveDate },
    #[error("there are {max} silences already", max = Silences::COUNT_MAX)]
    TooMany,
}

impl Silenced {
    fn is_of_all(&self) -> bool {
        self.rule.is_none() && self.entry.is_none() && self.broker.is_none()
    }

    pub fn covers(&self, rule: &str, entry: Option<EntryNumber>, broker: &str) -> bool {
        self.rule.as_ref().is_none_or(|wanted| **wanted == *rule)
            && self.entry.is_none_or(|wanted| entry == Some(wanted))
            && self.broker.as_ref().is_none_or(|wanted| **wanted == *broker)
    }
}

impl std::fmt::Display for Silenced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rule = self.rule.as_ref().map(|rule| format!("rule {rule}"));
        let entry = self.entry.map(|entry| format!("entry {entry}"));
        let broker = self.broker.as_ref().map(|broker| format!("broker {broker}"));
        let parts: Vec<String> = [rule, entry, broker].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

impl NewSilence {
    /// # Errors
    /// What is wrong with it on this day.
    pub fn check(&self, today: NaiveDate, known: &Silences, now: DateTime<Utc>) -> Result<(), SilenceError> {
        let is_text = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !is_text(&self.owner) || !is_text(&self.reason) {
            return Err(SilenceError::Nameless);
        }
        if self.what.is_of_all() {
            return Err(SilenceError::OfAll);
        }
        let days = (self.until - today).num_days();
        if !(1..=SILENCE_DAYS_MAX).contains(&days) {
            return Err(SilenceError::Until { until: self.until });
        }
        if known.in_force(now).count() >= Silences::COUNT_MAX {
            return Err(SilenceError::TooMany);
        }
        Ok(())
    }
}

impl Silence {
    /// When it is announced that it ends.
    pub fn announced_at(&self) -> DateTime<Utc> {
        self.from.max(self.until - TimeDelta::days(ANNOUNCED_DAYS))
    }

    /// Whether it is about this alert; not whether it is in force.
    pub fn has(&self, alert: &Alert) -> bool {
        let entry = alert.entry.as_ref();
        let broker = entry.map(|entry| &entry.broker).or(alert.broker.as_ref());
        let broker = broker.map_or("", BrokerName::as_str);
        self.what.covers(&alert.rule, entry.map(|entry| entry.number), broker)
    }
}

impl Silences {
    /// So many may be in force at once.
    pub const COUNT_MAX: usize = 500;

    pub fn all(&self) -> &[Silence] {
        &self.0
    }

    pub fn get(&self, id: u64) -> Option<&Silence> {
        self.0.iter().find(|silence| silence.id == id)
    }

    pub fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Silence> {
        self.0.iter().filter(move |silence| silence.from <= now && now < silence.until)
    }

    /// The silence that keeps such an alert from people; of several the one that lasts longest.
    pub fn covering(
        &self,
        rule: &str,
        entry: Option<EntryNumber>,
        broker: &str,
        now: DateTime<Utc>,
    ) -> Option<&Silence> {
        let covers = self.in_force(now).filter(|silence| silence.what.covers(rule, entry, broker));
        covers.max_by_key(|silence| silence.until)
    }

    /// The silence that keeps this alert back the longest.
    pub fn of_alert(&self, alert: &Alert, now: DateTime<Utc>) -> Option<&Silence> {
        self.in_force(now).filter(|silence| silence.has(alert)).max_by_key(|silence| silence.until)
    }

    /// Adds one, and forgets those that are long over.
    pub fn add(&mut self, silence: Silence) {
        let now = silence.from;
        self.0.retain(|known| known.until + TimeDelta::days(REMEMBERED_DAYS) > now && known.id != silence.id);
        self.0.push(silence);
    }

    /// Ends one now; answers whether it was in force.
    pub fn end(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let found = self.0.iter_mut().find(|silence| silence.id == id && now < silence.until);
        found.map(|silence| silence.until = now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn silence(id: u64, until: &str, what: Silenced) -> Silence {
        let from = at("2026-03-01T00:00:00Z");
        Silence { id, owner: "jo".into(), reason: "known".into(), from, until: at(until), what }
    }

    #[test]
    fn what_is_given_must_fit() {
        let mut silences = Silences::default();
        let what = Silenced { rule: Some("exam".into()), broker: Some("acme".into()), entry: None };
        silences.add(silence(1, "2026-03-10T00:00:00Z", what));
        let entry = EntryNumber::parse("N0170000124");
        let covering = |rule, broker, now| silences.covering(rule, entry, broker, at(now)).map(|s| s.id);
        assert_eq!(covering("exam", "acme", "2026-03-05T00:00:00Z"), Some(1));
        assert_eq!(covering("exam", "globex", "2026-03-05T00:00:00Z"), None);
        assert_eq!(covering("cbp-hold", "acme", "2026-03-05T00:00:00Z"), None);
        assert_eq!(covering("exam", "acme", "2026-03-10T00:00:00Z"), None, "it is over");
        assert!(silences.end(1, at("2026-03-04T00:00:00Z")));
        assert!(!silences.end(1, at("2026-03-05T00:00:00Z")), "it has ended already");
        assert_eq!(silences.in_force(at("2026-03-05T00:00:00Z")).count(), 0);
        silences.add(Silence {
            from: at("2026-05-01T00:00:00Z"),
            ..silence(2, "2026-05-02T00:00:00Z", Silenced::default())
        });
        assert_eq!(silences.all().len(), 1, "what is long over is forgotten");
    }

    #[test]
    fn a_silence_is_owned_bounded_and_about_something() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let what = Silenced { rule: Some("exam".into()), ..Silenced::default() };
        let new = |owner: &str, until: &str, what: &Silenced| {
            let new = NewSilence {
                owner: owner.into(),
                reason: "known".into(),
                until: day(until),
                what: what.clone(),
            };
            new.check(day("2026-03-01"), &Silences::default(), at("2026-03-01T12:00:00Z"))
        };
        assert_eq!(new("jo", "2026-05-30", &what), Ok(()), "90 days");
        assert!(matches!(new("jo", "2026-05-31", &what), Err(SilenceError::Until { .. })));
        assert!(matches!(new("jo", "2026-03-01", &what), Err(SilenceError::Until { .. })));
        assert_eq!(new(" ", "2026-03-05", &what), Err(SilenceError::Nameless));
        assert_eq!(new("jo", "2026-03-05", &Silenced::default()), Err(SilenceError::OfAll));
    }
}
