//! The only door to time, and the only place where an instant becomes a local date.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use jiff::tz::TimeZone;

/// What tells the time. The daemon gets [`SystemClock`], a test [`TestClock`].
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one door")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved.
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }

    pub fn advance(&self, by: TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A named time zone, read from the system's tz database.
///
/// chrono's own zone crate carries older data (see `docs/decisions/`), so jiff is used here and nowhere else.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// Customs time: where a message names no zone, U.S. Eastern is the common reading.
pub const CUSTOMS_ZONE: &str = "America/New_York";

/// The day at Customs: a legal day is over at midnight there, wherever the reader is.
///
/// Without a tz database standard time counts the year round, so that no day ends too early.
pub fn customs_date(instant: DateTime<Utc>) -> NaiveDate {
    let standard = || (instant - TimeDelta::hours(5)).date_naive();
    Zone::named(CUSTOMS_ZONE).map_or_else(|_| standard(), |zone| zone.date(instant))
}

/// When a day begins at Customs.
pub fn customs_midnight(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(chrono::NaiveTime::MIN);
    Zone::named(CUSTOMS_ZONE)
        .map_or_else(|_| local.and_utc() + TimeDelta::hours(5), |zone| zone.instant(local))
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a time zone of the tz database (example: America/New_York)")]
pub struct UnknownZone(pub String);

impl Zone {
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), zone })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The wall-clock time in this zone.
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = jiff::Timestamp::from_second(instant.timestamp())
            .map(|timestamp| self.zone.to_offset(timestamp).seconds())
            .unwrap_or(0);
        instant.naive_utc() + TimeDelta::seconds(i64::from(offset))
    }

    pub fn date(&self, instant: DateTime<Utc>) -> NaiveDate {
        self.local(instant).date()
    }

    /// The instant of a wall-clock time. A time that a clock change skips is read as the moment after the change;
    /// one that happens twice as the first.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        use chrono::{Datelike, Timelike};
        let civil = i16::try_from(local.year()).ok().and_then(|year| {
            jiff::civil::DateTime::new(
                year,
                local.month() as i8,
                local.day() as i8,
                local.hour() as i8,
                local.minute() as i8,
                local.second() as i8,
                0,
            )
            .ok()
        });
        let timestamp = civil.and_then(|civil| self.zone.to_ambiguous_timestamp(civil).compatible().ok());
        timestamp
            .and_then(|timestamp| DateTime::from_timestamp(timestamp.as_second(), 0))
            .unwrap_or_else(|| local.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        text.parse().expect("a civil time")
    }

    #[test]
    fn zones_know_their_clock_changes() {
        let zone = Zone::named(CUSTOMS_ZONE).expect("the system has the tz database");
        for (civil, instant) in [
            ("2026-01-15T09:00:00", "2026-01-15T14:00:00Z"),
            ("2026-07-15T09:00:00", "2026-07-15T13:00:00Z"),
            ("2026-03-08T02:30:00", "2026-03-08T07:30:00Z"), // skipped: read as 03:30
            ("2026-11-01T01:30:00", "2026-11-01T05:30:00Z"), // twice: the first
        ] {
            let wanted: DateTime<Utc> = instant.parse().expect("an instant");
            assert_eq!(zone.instant(local(civil)), wanted, "{civil}");
        }
        let midnight: DateTime<Utc> = "2026-03-01T04:59:59Z".parse().expect("an instant");
        assert_eq!(zone.date(midnight), NaiveDate::from_ymd_opt(2026, 2, 28).expect("a date"));
        assert!(Zone::named("Mars/Olympus").is_err());
        assert_eq!(customs_date(midnight), zone.date(midnight));
        let first = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date");
        assert_eq!(customs_midnight(first), midnight + TimeDelta::seconds(1));
    }
}
