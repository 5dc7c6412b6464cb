//! What leaves at one moment: alerts of one call become letters, one for many where a rule speaks of many entries at once.
//!
//! A letter is about one entry, in the thread of that entry. Where a file, a morning or the clock makes a rule speak to one person of
//! more entries than may come alone, all of them are one letter instead, with every entry in it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::ends::ENDS;
use super::late::Looks;
use super::{Group, Mailing, Moment, Pipeline, View};
use crate::ident::EntryNumber;
use crate::outbox::{Alert, AlertKey, Letter, LetterKind, Manners, Wait, Window, Word};
use crate::place::Severity;

/// Alerts of one recipient, each with its severity.
pub(super) type Load = Vec<(Severity, AlertKey)>;

/// As what alerts of a summary are said again.
pub(super) type Marks = BTreeMap<AlertKey, LetterKind>;

/// A letter before it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel<'a> {
    pub recipient: &'a str,
    pub kind: LetterKind,
    pub entry: Option<EntryNumber>,
    pub alerts: &'a [(Severity, AlertKey)],
    /// What makes its key another one than that of the letter that told these alerts first; blank for those.
    pub occasion: &'a str,
    /// It does not leave before this moment.
    pub not_before: Option<DateTime<Utc>>,
    /// Of a summary: what is said again, and as what.
    pub marks: &'a Marks,
}

/// Where an alert goes for one recipient.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Now,
    Later(Wait, Box<str>, DateTime<Utc>),
}

/// As what an alert is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Saying {
    First,
    /// Once more, in this epoch of its course.
    Again(LetterKind, u32),
    /// Its end, in this epoch, not before the moment.
    Over(u32, Option<DateTime<Utc>>),
}

/// What may be told now, in the order in which it came, and what was decided about bursts: alerts of one rule and broker go one way.
#[derive(Default)]
pub(super) struct Sorted {
    topics: Vec<Topic>,
    places: BTreeMap<Place, usize>,
    ways: BTreeMap<(Box<str>, Box<str>), (Way, String)>,
    /// How letters stand that told of it before.
    pub looks: Looks,
    /// First words wait until the morning of this day has come where the recipient is.
    morning_of: Option<NaiveDate>,
}

/// Recipient, occasion, moment, and what it is about: one topic has one.
type Place = (Box<str>, String, Option<DateTime<Utc>>, String);

/// What one person is told of one entry, or of something that is no entry.
struct Topic {
    recipient: Box<str>,
    kind: LetterKind,
    occasion: String,
    not_before: Option<DateTime<Utc>>,
    entry: Option<EntryNumber>,
    rules: BTreeSet<Box<str>>,
    gathers: bool,
    load: Load,
}

/// One letter to be.
struct Ready {
    topic: Topic,
    /// The entries behind the first.
    more: usize,
}

impl Sorted {
    pub fn of_morning(day: NaiveDate) -> Self {
        Self { morning_of: Some(day), ..Self::default() }
    }

    /// Adds an alert that is to be told to one recipient. `gathers`: it may be told with others of its rule.
    pub fn add(&mut self, recipient: &str, alert: &Alert, gathers: bool, saying: Saying) {
        let (kind, epoch, not_before) = match saying {
            Saying::First => (LetterKind::Alert, 0, None),
            Saying::Again(kind, epoch) => (kind, epoch, None),
            Saying::Over(epoch, not_before) => (LetterKind::Over, epoch, not_before),
        };
        let occasion = kind.occasion(epoch);
        // First words about an entry are one letter; what is said later is said of one alert.
        let about = match kind {
            LetterKind::Alert => about(alert),
            _ => format!("{}|{}", alert.rule, about(alert)),
        };
        let place = (Box::from(recipient), occasion.clone(), not_before, about);
        let at = *self.places.entry(place).or_insert(self.topics.len());
        if at == self.topics.len() {
            self.topics.push(Topic {
                recipient: recipient.into(),
                kind,
                occasion,
                not_before,
                entry: alert.entry.as_ref().map(|entry| entry.number),
                rules: BTreeSet::new(),
                gathers: true,
                load: Vec::new(),
            });
        }
        let topic = &mut self.topics[at];
        topic.rules.insert(alert.rule.clone());
        topic.gathers &= gathers;
        topic.load.push((alert.severity, alert.key.clone()));
    }

    /// The way that alerts of this recipient and tray go, and whether the alert begins another letter of theirs.
    pub fn decided(&mut self, tray: &(Box<str>, Box<str>), alert: &Alert) -> Option<(Way, bool)> {
        let (way, last) = self.ways.get_mut(tray)?;
        let about = about(alert);
        let is_other = *last != about;
        *last = about;
        Some((way.clone(), is_other && matches!(way, Way::Now)))
    }

    pub fn decide(&mut self, tray: (Box<str>, Box<str>), alert: &Alert, way: Way) {
        self.ways.insert(tray, (way, about(alert)));
    }

    /// Who hears of which alerts.
    pub fn heard(&self) -> BTreeSet<(Box<str>, AlertKey)> {
        let mut heard = BTreeSet::new();
        for topic in &self.topics {
            heard.extend(topic.load.iter().map(|(_, key)| (topic.recipient.clone(), key.clone())));
        }
        heard
    }

    /// The letters, in the order of their first alerts.
    fn letters(self) -> Vec<Ready> {
        type Alike = (Box<str>, String, Option<DateTime<Utc>>, BTreeSet<Box<str>>);
        let alike = |topic: &Topic| -> Alike {
            (topic.recipient.clone(), topic.occasion.clone(), topic.not_before, topic.rules.clone())
        };
        let mut counts: BTreeMap<Alike, usize> = BTreeMap::new();
        for topic in self.topics.iter().filter(|topic| topic.gathers) {
            *counts.entry(alike(topic)).or_default() += 1;
        }
        let mut letters: Vec<Ready> = Vec::new();
        let mut joined: BTreeMap<Alike, usize> = BTreeMap::new();
        for topic in self.topics {
            let alike = alike(&topic);
            let is_joined =
                topic.gathers && counts.get(&alike).is_some_and(|count| *count > alone(topic.kind));
            if is_joined && let Some(at) = joined.get(&alike) {
                letters[*at].topic.load.extend(topic.load);
                letters[*at].more += 1;
                continue;
            }
            if is_joined {
                joined.insert(alike, letters.len());
            }
            letters.push(Ready { topic, more: 0 });
        }
        letters
    }
}

/// So many entries are told in letters of their own. What is said again has had its letters.
fn alone(kind: LetterKind) -> usize {
    match kind {
        LetterKind::Alert | LetterKind::Over => Manners::ALONE as usize,
        LetterKind::Digest { .. }
        | LetterKind::Bundle { .. }
        | LetterKind::Reminder { .. }
        | LetterKind::Escalation { .. } => 1,
    }
}

fn about(alert: &Alert) -> String {
    alert.entry.as_ref().map_or_else(|| alert.key.to_string(), |entry| entry.number.to_string())
}

impl Pipeline {
    /// Writes the letters of what may be told now, or on the morning of a day.
    pub(super) fn post_all<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        sorted: Sorted,
    ) -> Result<(), V::Error> {
        let morning_of = sorted.morning_of;
        for Ready { topic, more } in sorted.letters() {
            let Topic { recipient, kind, occasion, not_before, entry, load, .. } = &topic;
            let morning = morning_of.and_then(|day| self.audience.morning(recipient, day));
            // The morning may lie in quiet hours that have not begun yet where the first morning comes.
            let loudest = load.iter().map(|(severity, _)| *severity).max().unwrap_or(Severity::Info);
            let morning = morning.filter(|morning| *morning > moment.at).map(|at| {
                self.quiet(recipient, loudest, Moment { at, ..moment }).map_or(at, |(.., until)| until)
            });
            let not_before = not_before.or(morning).filter(|then| *then > moment.at);
            let entry = entry.filter(|_| more == 0);
            let (kind, marks) = (*kind, &Marks::new());
            let parcel = Parcel { recipient, kind, entry, alerts: load, occasion, not_before, marks };
            self.post(group, moment, parcel)?;
        }
        Ok(())
    }

    /// Writes a letter, unless the recipient has had as many as may come: then its alerts wait for the summary.
    pub(super) fn post<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        parcel: Parcel<'_>,
    ) -> Result<(), V::Error> {
        let Parcel { recipient, kind, alerts, .. } = parcel;
        let tray = if kind == LetterKind::Over { ENDS } else { "" };
        let is_summary = kind == LetterKind::Bundle { wait: Wait::Flood };
        if !is_summary
            && !alerts.is_empty()
            && moment.mailing == Mailing::Deliver
            && let Some(until) = self.capped_until(group, ("cap", recipient), moment.at)?
        {
            return self.put_into_summary(group, moment, parcel, (tray, until));
        }
        if moment.mailing == Mailing::Held {
            return self.post_of_past(group, moment, parcel);
        }
        self.write_all(group, moment, parcel)
    }

    /// What is over the cap of letters waits for the summary of that moment.
    pub(super) fn put_into_summary<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        parcel: Parcel<'_>,
        (tray, until): (&str, DateTime<Utc>),
    ) -> Result<(), V::Error> {
        let Parcel { recipient, kind, alerts, .. } = parcel;
        for (_, alert) in alerts {
            let mut course = group.course(alert)?.unwrap_or_default();
            let word = match kind {
                LetterKind::Alert | LetterKind::Digest { .. } | LetterKind::Bundle { .. } => {
                    Word::First { round: course.round }
                }
                kind => Word::Again { kind, epoch: course.epoch },
            };
            let until = (Wait::Flood, tray.into(), until);
            self.wait(group, moment.at, (recipient, word), until, (alert, &mut course));
            group.put_course(alert.clone(), course);
        }
        Ok(())
    }

    /// Writes a letter whatever the recipient has had.
    pub(super) fn write_all<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        parcel: Parcel<'_>,
    ) -> Result<(), V::Error> {
        let alerts = parcel.alerts;
        // What is about many entries is one letter, as long as a mail can carry it.
        let most = if parcel.entry.is_none() { Letter::BUNDLE_MAX } else { Letter::ALERTS_MAX };
        for alerts in alerts.chunks(most) {
            self.write(group, moment, Parcel { alerts, ..parcel })?;
        }
        Ok(())
    }

    /// The end of the cap's window when no letter may come before it; else counts one, under this name.
    pub(super) fn capped_until<V: View>(
        &self,
        group: &mut Group<'_, V>,
        (name, recipient): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, V::Error> {
        let Some(cap) = self.audience.manners_of(recipient).and_then(|(manners, _)| manners.cap) else {
            return Ok(None);
        };
        let name = format!("{name}|{recipient}");
        let window = group.window(&name)?.filter(|window| now < window.until);
        let window = window.unwrap_or(Window { until: now + cap.within, letters: 0 });
        if window.letters >= cap.letters {
            return Ok(Some(window.until));
        }
        group.put_window(name.into(), Window { letters: window.letters + 1, ..window });
        Ok(None)
    }
}
