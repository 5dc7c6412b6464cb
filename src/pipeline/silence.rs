//! What nobody said: entries that wait for an answer, and feeds that are silent within their business hours.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::raise::{Raised, running};
use super::{Group, Moment, Pipeline, View, brief};
use crate::clock::Zone;
use crate::deadline::DeadlineTable;
use crate::entry::silence::{Silence, code, meaning};
use crate::entry::{Entry, EntryDeadline, Life, Reminder};
use crate::ident::BrokerName;
use crate::outbox::{Alert, AlertKey, Cause, EntryBrief, TroubleBrief};
use crate::rules::{Hit, SilenceContext};
use crate::step::FeedRecord;

/// A silence that is first seen so many days after its day is history, not news.
const HISTORY_DAYS: i64 = 30;

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

    /// Whether the feed is silent now and nobody was told of it.
    fn is_news(&self, feed: &FeedRecord, now: DateTime<Utc>, table: &DeadlineTable) -> bool {
        feed.told_for != Some(feed.last_received_at)
            && self.is_open(self.zone.local(now), table)
            && self.waited(feed.last_received_at, now, table) >= self.silent_after
    }
}

impl Pipeline {
    /// Whether a feed is silent, and nobody was told of it.
    pub fn has_silent_feed<V: View>(&self, view: &V, now: DateTime<Utc>) -> Result<bool, V::Error> {
        for watch in &self.feeds {
            let feed = view.feed(&watch.broker)?;
            if feed.is_some_and(|feed| watch.is_news(&feed, now, &self.deadlines)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells of feeds that are silent within their business hours, once for each silence.
    pub(super) fn tell_silent_feeds<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
    ) -> Result<u64, V::Error> {
        let mut said = 0;
        for watch in &self.feeds {
            let Some(mut feed) = group.feed(&watch.broker)? else { continue };
            if !watch.is_news(&feed, moment.at, &self.deadlines) {
                continue;
            }
            feed.told_for = Some(feed.last_received_at);
            let last = feed.last_received_at;
            group.put_feed(watch.broker.clone(), feed);
            let local = watch.zone.local(last).format("%Y-%m-%d %H:%M");
            let ctx = SilenceContext {
                code: code::FEED_SILENT,
                entry: None,
                broker: watch.broker.as_str(),
                on: watch.zone.date(moment.at),
            };
            let Some(hit) = self.rules.for_silence(&ctx) else { continue };
            let subject = format!("broker {}", watch.broker);
            let key = AlertKey::new(&hit.rule.name, &subject, &last.timestamp().to_string());
            if group.has_alert(&key)? {
                continue;
            }
            let message = format!(
                "There is {}. The last one came {local} ({}).",
                meaning(code::FEED_SILENT),
                watch.zone.name()
            );
            let unsaid =
                Unsaid { subject, code: code::FEED_SILENT, message, broker: &watch.broker, entry: None };
            let raised = unsaid.raise(moment, key, &hit);
            self.tell(group, moment, vec![raised])?;
            said += 1;
        }
        Ok(said)
    }

    /// The days on which the silences of an entry are looked at. One that is first seen late is not said before the next
    /// day, so that the rest of what is being taken in can still answer it; what is long past is history.
    pub(super) fn silence_reminders(
        &self,
        life: &Life,
        entry: &Entry,
        deadlines: &[EntryDeadline],
        today: NaiveDate,
    ) -> Vec<Reminder> {
        let mut wanted = Vec::new();
        for silence in entry.silences(&self.deadlines, deadlines) {
            let key = silence.key();
            let standing = life.reminders.iter().find(|known| *known.deadline == *key);
            let day = match standing {
                Some(known) if known.target == silence.day => Some(known.day),
                _ if (today - silence.day).num_days() > HISTORY_DAYS => None,
                _ if silence.day <= today => today.succ_opt(),
                _ => Some(silence.day),
            };
            wanted.extend(day.map(|day| Reminder { day, target: silence.day, deadline: key.into() }));
        }
        wanted
    }

    /// A reminder about a silence has come: what it raises, and when it is looked at again.
    pub(super) fn break_silence<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        reminder: &Reminder,
        about: &About<'_>,
    ) -> Result<(Option<Raised>, Option<Reminder>), V::Error> {
        let silences = about.entry.silences(&self.deadlines, about.deadlines);
        let stands =
            |silence: &&Silence| silence.key() == *reminder.deadline && silence.day == reminder.target;
        // What was missing has come, or its day moved, which planned another reminder.
        let Some(silence) = silences.iter().find(stands) else { return Ok((None, None)) };
        if !silence.is_of_law && !self.speaks_since(group, about.broker, silence.day)? {
            let again = about.day.succ_opt().map(|day| Reminder { day, ..reminder.clone() });
            return Ok((None, again));
        }
        let ctx = SilenceContext {
            code: silence.code,
            entry: Some(about.entry),
            broker: about.broker.as_str(),
            on: about.day,
        };
        let Some(hit) = self.rules.for_silence(&ctx) else { return Ok((None, None)) };
        let occasion = format!("{}@{}", &silence.key(), silence.day);
        let key = AlertKey::new(&hit.rule.name, about.entry.number.as_str(), &occasion);
        if group.has_alert(&key)? {
            return Ok((None, None));
        }
        let unsaid = Unsaid {
            subject: format!("entry {}", about.entry.number),
            code: silence.code,
            message: silence.sentence(),
            broker: about.broker,
            entry: Some(brief::entry(about.entry, about.broker, self.importer_number)),
        };
        let raised = unsaid.raise(moment, key, &hit);
        let deadlines = running(about.deadlines, None, about.day);
        let raised = Raised { alert: Alert { deadlines, ..raised.alert }, ..raised };
        Ok((Some(raised), None))
    }

    /// The broker dropped a file on that day or later. While it did not, nobody knows whether an answer is missing: after
    /// an outage the files that wait are read first.
    fn speaks_since<V: View>(
        &self,
        group: &Group<'_, V>,
        broker: &BrokerName,
        day: NaiveDate,
    ) -> Result<bool, V::Error> {
        let feed = group.feed(broker)?;
        Ok(feed.is_some_and(|feed| self.reminder_day(feed.last_received_at) >= day))
    }
}

/// What should have been said, in the words of an alert.
struct Unsaid<'a> {
    subject: String,
    code: &'static str,
    message: String,
    broker: &'a BrokerName,
    entry: Option<EntryBrief>,
}

impl Unsaid<'_> {
    fn raise(self, moment: Moment, key: AlertKey, hit: &Hit<'_>) -> Raised {
        let trouble = TroubleBrief {
            subject: self.subject.into(),
            code: self.code.into(),
            message: self.message,
            advice: String::new(),
            file: None,
            place: None,
        };
        let alert = Alert {
            key,
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: hit.severity,
            raised_at: moment.at,
            broker: Some(self.broker.clone()),
            entry: self.entry,
            cause: Cause::Trouble(trouble),
            deadlines: Vec::new(),
            next_step: hit.rule.next_step.clone(),
            over_at: None,
        };
        Raised::new(alert, hit.delivery, hit.notify)
    }
}

/// The entry that a reminder is about, on the day of the reminder.
pub(super) struct About<'a> {
    pub entry: &'a Entry,
    pub deadlines: &'a [EntryDeadline],
    pub broker: &'a BrokerName,
    pub day: NaiveDate,
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
            let mut feed = FeedRecord { last_received_at: since, told_for: None };
            assert_eq!(watch().is_news(&feed, now, table), is_news, "{since} {now}");
            feed.told_for = Some(since);
            assert!(!watch().is_news(&feed, now, table), "once for each silence");
        }
    }
}
