//! What people had heard when a journal was written under other rules, as its own lines say: the letters that a server took, and what
//! somebody acknowledged.
//!
//! What the rules in force would have said then was said by those of then, or was not meant to be said. But what came last may
//! have waited when the process ended: for the morning, for a digest, for a server, or for the process itself. So of the last hours what
//! nobody has heard of is told.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::letters::{Load, Parcel};
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{AlertKey, Audience, LetterKind, Outcome};

/// Alerts so much older than the last line, in hours, are history: a night and a digest lie within.
const HOURS: i64 = 36;

/// A journal whose last line is older, in days, was restored from long ago: nothing of it is news.
const STALE_DAYS: i64 = 14;

/// A letter that a server took.
struct Taken {
    at: DateTime<Utc>,
    recipient: Box<str>,
    alerts: Vec<Box<str>>,
}

/// Reads the lines of a journal, of which it keeps the last hours.
#[derive(Default)]
pub struct Listener {
    taken: VecDeque<Taken>,
    answered: VecDeque<(DateTime<Utc>, Box<str>)>,
    recipients: BTreeSet<Box<str>>,
    last: Option<DateTime<Utc>>,
}

impl Listener {
    /// Each line, in order.
    pub fn line(&mut self, at: DateTime<Utc>) {
        self.last = Some(at);
        let since = at - TimeDelta::hours(HOURS);
        while self.taken.pop_front_if(|taken| taken.at < since).is_some() {}
        while self.answered.pop_front_if(|(then, _)| *then < since).is_some() {}
    }

    /// An attempt to deliver a letter ended. One that was refused for now was not heard.
    pub fn letter(&mut self, at: DateTime<Utc>, recipient: &str, alerts: &[AlertKey], outcome: &Outcome) {
        if !self.recipients.contains(recipient) {
            self.recipients.insert(recipient.into());
        }
        if matches!(outcome, Outcome::Accepted { .. } | Outcome::Rejected { .. }) {
            let alerts = alerts.iter().map(|alert| about(alert).into()).collect();
            self.taken.push_back(Taken { at, recipient: recipient.into(), alerts });
        }
    }

    pub fn acknowledged(&mut self, at: DateTime<Utc>, alert: &AlertKey) {
        self.answered.push_back((at, about(alert).into()));
    }

    /// `None` when nothing of the journal is news any more.
    pub fn heard(self, now: DateTime<Utc>) -> Option<Heard> {
        let last = self.last.filter(|last| now - *last <= TimeDelta::days(STALE_DAYS))?;
        let mut told: HashMap<Box<str>, BTreeSet<Box<str>>> = HashMap::new();
        for Taken { recipient, alerts, .. } in self.taken {
            for alert in alerts {
                told.entry(alert).or_default().insert(recipient.clone());
            }
        }
        Some(Heard {
            since: last - TimeDelta::hours(HOURS),
            last,
            told,
            answered: self.answered.into_iter().map(|(_, alert)| alert).collect(),
            recipients: self.recipients,
        })
    }
}

/// Who has heard of what in the last hours of a journal.
pub struct Heard {
    /// What was raised before is history.
    since: DateTime<Utc>,
    /// The moment of the last line.
    last: DateTime<Utc>,
    /// Who has heard of it, by subject and occasion.
    told: HashMap<Box<str>, BTreeSet<Box<str>>>,
    answered: HashSet<Box<str>>,
    /// Everybody who ever was to get a letter.
    recipients: BTreeSet<Box<str>>,
}

impl Heard {
    fn has_heard(&self, audience: &Audience, recipient: &str, alert: &AlertKey) -> bool {
        let about = about(alert);
        if self.answered.contains(about) {
            return true;
        }
        let Some(people) = self.told.get(about) else { return false };
        // Whoever is in the place of an address that is gone, or is new, hears of what comes from now on.
        let is_somebody_gone = || people.iter().any(|person| audience.team_of(person).is_none());
        people.contains(recipient) || !self.recipients.contains(recipient) || is_somebody_gone()
    }
}

/// Subject and occasion: the rule that tells of them may have another name now.
fn about(alert: &AlertKey) -> &str {
    alert.as_str().split_once('|').map_or(alert.as_str(), |(_, about)| about)
}

impl Pipeline {
    /// Whether somebody is still to hear of an alert that rules which were not in force then would have told.
    pub(super) fn is_owed<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        recipient: &str,
        key: &AlertKey,
    ) -> Result<bool, V::Error> {
        let Some(heard) = group.heard().filter(|heard| heard.since <= moment.at) else { return Ok(false) };
        if heard.has_heard(&self.audience, recipient, key) {
            return Ok(false);
        }
        Ok(self.alert_in(group, key)?.is_some_and(|alert| heard.since <= alert.raised_at))
    }

    /// Writes a letter of the past. All that nobody had heard of leaves at the moment at which the service starts, so the cap of letters
    /// counts it together, behind the last line: what is over it comes in one summary.
    pub(super) fn post_of_past<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        parcel: Parcel<'_>,
    ) -> Result<(), V::Error> {
        let is_first = matches!(parcel.kind, LetterKind::Alert | LetterKind::Bundle { .. });
        let last = group.heard().map(|heard| heard.last).filter(|_| is_first);
        let (mut owed, mut others): (Load, Load) = (Vec::new(), Vec::new());
        for (severity, key) in parcel.alerts {
            let is_owed = last.is_some() && self.is_owed(group, moment, parcel.recipient, key)?;
            if is_owed { &mut owed } else { &mut others }.push((*severity, key.clone()));
        }
        if let Some(last) = last.filter(|_| !owed.is_empty())
            && let Some(until) = self.capped_until(group, ("past", parcel.recipient), last)?
        {
            self.put_into_summary(group, moment, Parcel { alerts: &owed, ..parcel }, ("", until))?;
            return self.write_all(group, moment, Parcel { alerts: &others, ..parcel });
        }
        self.write_all(group, moment, parcel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Zone;
    use crate::outbox::Team;
    use crate::place::Severity;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn audience() -> Audience {
        Audience::new(vec![Team {
            name: "ops".into(),
            to: ["a@example.com", "b@example.com", "c@example.com"].map(Box::from).to_vec(),
            zone: Zone::named("UTC").expect("a zone"),
            digest_at: chrono::NaiveTime::MIN,
            severity_min: Severity::Info,
        }])
    }

    fn listener() -> Listener {
        let mut listener = Listener::default();
        let accepted = || Outcome::Accepted { response: "250".into() };
        let mut letter = |then: &str, recipient: &str, alert: &str, outcome: Outcome| {
            listener.line(at(then));
            listener.letter(at(then), recipient, &[AlertKey::parse(alert)], &outcome);
        };
        letter("2026-03-01T08:00:00Z", "a@example.com", "ex|1|x", accepted());
        letter("2026-03-02T20:00:00Z", "a@example.com", "ex|2|x", accepted());
        letter("2026-03-02T20:00:01Z", "gone@example.com", "ex|3|x", accepted());
        letter("2026-03-02T20:00:02Z", "a@example.com", "ex|4|x", Outcome::Rejected { error: "550".into() });
        letter("2026-03-02T20:00:03Z", "b@example.com", "ex|4|x", Outcome::Refused { error: "451".into() });
        listener.acknowledged(at("2026-03-02T20:00:04Z"), &AlertKey::parse("ex|5|x"));
        listener
    }

    #[test]
    fn lines_tell_who_has_heard() {
        let heard = listener().heard(at("2026-03-04T08:00:00Z")).expect("it is news");
        let audience = audience();
        let has = |recipient: &str, alert: &str| {
            heard.has_heard(&audience, &format!("{recipient}@example.com"), &AlertKey::parse(alert))
        };
        assert!(has("a", "ex|2|x") && has("a", "renamed|2|x"), "the rule's name does not matter");
        assert!(!has("b", "ex|2|x"), "its server had no turn yet");
        assert!(has("c", "ex|2|x"), "who is new hears of what comes");
        assert!(has("b", "ex|3|x"), "in the place of an address that is gone");
        assert!(has("a", "ex|4|x") && !has("b", "ex|4|x"), "refused for good, and for now");
        assert!(has("b", "ex|5|x"), "acknowledged");
        assert!(!has("a", "ex|6|x") && !has("a", "ex|1|x"), "long past lines are not kept");
        assert_eq!(heard.since, at("2026-03-01T08:00:03Z"));
    }

    #[test]
    fn a_journal_of_long_ago_tells_no_news() {
        assert!(listener().heard(at("2026-03-30T08:00:00Z")).is_none());
        assert!(Listener::default().heard(at("2026-03-30T08:00:00Z")).is_none());
    }
}
