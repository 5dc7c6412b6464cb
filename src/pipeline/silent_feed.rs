//! Feeds that are silent within their business hours, and feeds that we cannot hear: while one is, nobody knows whether an
//! answer about one of its entries is missing.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::letters::Sorted;
use super::raise::Raised;
use super::silence::Unsaid;
use super::{Group, Moment, Pipeline, View};
use crate::clock::Zone;
use crate::deadline::DeadlineTable;
use crate::entry::silence::{code, meaning};
use crate::ident::BrokerName;
use crate::intake::TroubleKind;
use crate::outbox::AlertKey;
use crate::rules::{Hit, SilenceContext};
use crate::step::FeedRecord;

/// Troubles of a drop with which no file of its broker can be seen.
const DEAFENING: [TroubleKind; 4] = [
    TroubleKind::ListFailed,
    TroubleKind::Unreachable,
    TroubleKind::LoginRefused,
    TroubleKind::HostKeyRefused,
];

/// How far back the business hours of a silent feed are summed, in days: a longer silence was told long ago.
const LOOK_BACK_DAYS: i64 = 60;

/// The hours in which files of a broker are expected, and how much of them may pass without one.
#[derive(Clone, Debug)]
pub struct FeedWatch {
    pub broker: BrokerName,
    pub zone: Zone,
    /// Bit 0 is Monday.
    pub weekdays: u8,
    pub opens: NaiveTime,
    pub closes: NaiveTime,
    pub silent_after: TimeDelta,
    /// Its first file is awaited as well, from the first look at the clock on. A scenario knows no files but its own.
    pub awaits_first: bool,
}

impl FeedWatch {
    /// Business time between two moments: days of the week that the broker works, federal holidays left out.
    pub fn waited(&self, since: DateTime<Utc>, now: DateTime<Utc>, table: &DeadlineTable) -> TimeDelta {
        let (from, until) = (self.zone.local(since), self.zone.local(now));
        let mut day = from.date().max(until.date() - TimeDelta::days(LOOK_BACK_DAYS));
        let mut waited = TimeDelta::zero();
        while day <= until.date() {
            if self.works_on(day, table) {
                let (start, end) = (day.and_time(self.opens).max(from), day.and_time(self.closes).min(until));
                waited += (end - start).max(TimeDelta::zero());
            }
            day += TimeDelta::days(1);
        }
        waited
    }

    fn works_on(&self, day: NaiveDate, table: &DeadlineTable) -> bool {
        use chrono::Datelike;
        let holiday = crate::deadline::calendar::federal_holiday(day).is_some();
        let closed = table.calendar().closures().any(|(date, _)| date == day);
        self.weekdays & (1 << day.weekday().num_days_from_monday()) != 0 && !holiday && !closed
    }

    fn is_open(&self, now: NaiveDateTime, table: &DeadlineTable) -> bool {
        self.works_on(now.date(), table) && (self.opens..=self.closes).contains(&now.time())
    }

    /// Whether no file came for longer than may be.
    fn is_silent(&self, feed: &FeedRecord, now: DateTime<Utc>, table: &DeadlineTable) -> bool {
        self.waited(feed.last_received_at, now, table) >= self.silent_after
    }

    /// Whether the feed is silent now and nobody was told of it.
    fn is_news(&self, feed: &FeedRecord, now: DateTime<Utc>, table: &DeadlineTable) -> bool {
        !feed.is_told() && self.is_open(self.zone.local(now), table) && self.is_silent(feed, now, table)
    }
}

impl Pipeline {
    /// The brokers whose feeds are watched.
    pub fn watched(&self) -> impl Iterator<Item = &BrokerName> {
        self.feeds.iter().map(|watch| &watch.broker)
    }

    /// Whether a feed is silent and nobody was told of it, or one is watched that never spoke and is not awaited yet.
    pub fn has_silent_feed<V: View>(&self, view: &V, now: DateTime<Utc>) -> Result<bool, V::Error> {
        for watch in &self.feeds {
            let feed = view.feed(&watch.broker)?;
            let is_due = match feed {
                Some(feed) => watch.is_news(&feed, now, &self.deadlines),
                None => watch.awaits_first,
            };
            if is_due {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells of feeds that are silent within their business hours, once for each silence. One that never spoke is awaited from
    /// the first line of the journal that looked at the clock while it was watched.
    pub(super) fn tell_silent_feeds<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
    ) -> Result<u64, V::Error> {
        let mut said = 0;
        for watch in &self.feeds {
            let Some(mut feed) = group.feed(&watch.broker)? else {
                if !watch.awaits_first {
                    continue;
                }
                group.put_feed(watch.broker.clone(), FeedRecord::awaited(moment.at));
                continue;
            };
            if !watch.is_news(&feed, moment.at, &self.deadlines) {
                continue;
            }
            feed.told_for = Some(feed.last_received_at);
            let raised = self.feed_raised(watch, &feed, moment);
            if let Some(raised) = raised
                && !group.has_alert(&raised.alert.key)?
            {
                feed.told = Some(raised.alert.key.clone());
                self.tell(group, moment, vec![raised])?;
                said += 1;
            }
            group.put_feed(watch.broker.clone(), feed);
        }
        Ok(said)
    }

    /// The alert about a feed that is silent, if a rule tells of it.
    pub(super) fn feed_raised(&self, watch: &FeedWatch, feed: &FeedRecord, moment: Moment) -> Option<Raised> {
        let since = feed.last_received_at;
        let hit = self.tells_feed(watch, moment)?;
        let subject = format!("broker {}", watch.broker);
        let key = AlertKey::new(&hit.rule.name, &subject, &since.timestamp().to_string());
        let local = watch.zone.local(since).format("%Y-%m-%d %H:%M");
        let zone = watch.zone.name();
        let message = if feed.is_awaited {
            format!("No file has come from the broker yet. It is awaited since {local} ({zone}).")
        } else {
            format!("There is {} since {local} ({zone}).", meaning(code::FEED_SILENT))
        };
        let unsaid = Unsaid { subject, code: code::FEED_SILENT, message, broker: &watch.broker, entry: None };
        Some(unsaid.raise(moment, key, &hit))
    }

    /// A file of a broker has come: the alert about its silence is over. `tells_money`: it told of money.
    pub(super) fn hear_feed<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
        tells_money: bool,
    ) -> Result<(), V::Error> {
        let known = group.feed(broker)?;
        if let Some(key) = known.as_ref().and_then(|feed| feed.told.as_ref())
            && let Some(rule) = key.parts().and_then(|(rule, _)| self.rules.get(rule))
        {
            let mut sorted = Sorted::default();
            self.end(group, moment, (key, rule), &mut sorted)?;
            self.post_all(group, moment, sorted)?;
        }
        let feed = match known {
            Some(feed) => feed.heard_again(moment.at, tells_money),
            None => FeedRecord { tells_money, ..FeedRecord::heard(moment.at) },
        };
        group.put_feed(broker.clone(), feed);
        Ok(())
    }

    /// The rule that tells of a silent feed, if one does.
    fn tells_feed(&self, watch: &FeedWatch, moment: Moment) -> Option<Hit<'_>> {
        self.rules.for_silence(&SilenceContext {
            code: code::FEED_SILENT,
            entry: None,
            broker: watch.broker.as_str(),
            on: watch.zone.date(moment.at),
        })
    }

    /// Whether people are told that the whole feed is silent, or that its drop is out of reach: one letter says then what a letter
    /// for each of its entries would.
    pub(super) fn is_unheard<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
    ) -> Result<bool, V::Error> {
        if let Some(watch) = self.feeds.iter().find(|watch| watch.broker == *broker)
            && let Some(feed) = group.feed(broker)?
            && watch.is_silent(&feed, moment.at, &self.deadlines)
            && self.tells_feed(watch, moment).is_some()
        {
            return Ok(true);
        }
        let is_deaf = |code: &str| DEAFENING.iter().any(|kind| kind.as_str() == code);
        let open = group.troubles()?;
        Ok(open.iter().any(|open| *open.broker == *broker.as_str() && is_deaf(&open.brief.code)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> FeedWatch {
        FeedWatch {
            broker: BrokerName::new("acme"),
            zone: Zone::named("America/New_York").expect("a zone"),
            weekdays: 0b1_1111,
            opens: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
            closes: NaiveTime::from_hms_opt(18, 0, 0).expect("a time"),
            silent_after: TimeDelta::hours(4),
            awaits_first: true,
        }
    }

    #[test]
    fn only_business_hours_count() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        for (since, now, hours, is_news) in [
            // Wednesday morning to noon, Eastern.
            ("2026-03-04T13:00:00Z", "2026-03-04T17:00:00Z", 4, true),
            // The night does not count.
            ("2026-03-04T22:00:00Z", "2026-03-05T14:00:00Z", 2, false),
            // Nor does a weekend, on which the clock goes to daylight time as well.
            ("2026-03-06T22:00:00Z", "2026-03-09T14:00:00Z", 3, false),
            ("2026-03-06T22:00:00Z", "2026-03-09T15:00:00Z", 4, true),
            // Independence Day is kept on Friday 3 July 2026.
            ("2026-07-02T21:00:00Z", "2026-07-06T14:00:00Z", 3, false),
            // Long silent, but nobody works now.
            ("2026-03-04T13:00:00Z", "2026-03-05T03:00:00Z", 10, false),
        ] {
            let (since, now) = (at(since), at(now));
            let table = DeadlineTable::embedded();
            assert_eq!(watch().waited(since, now, table).num_hours(), hours, "{since} {now}");
            let mut feed = FeedRecord::heard(since);
            assert_eq!(watch().is_news(&feed, now, table), is_news, "{since} {now}");
            feed.told_for = Some(since);
            assert!(!watch().is_news(&feed, now, table), "once for each silence");
        }
    }
}
