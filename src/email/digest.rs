//! What the templates of a digest see: counts, and tables grouped by kind of event, nearest deadline first.

use chrono::NaiveDate;
use serde::Serialize;

use super::mail::MailSettings;
use super::many::clock;
use super::subject::{self, count_entries};
use super::text::{self, day};
use super::today;
use super::view::{Tone, VALUE_CHARS_MAX};
use crate::outbox::{Alert, Cause, Letter};
use crate::place::Severity;

/// The view of `digest.txt` and `digest.html`.
#[derive(Serialize)]
pub(super) struct DigestMail {
    pub subject: String,
    pub tone: Tone,
    pub day: String,
    pub alerts: usize,
    pub entries: usize,
    /// How many alerts there are of each severity, loudest first; none with zero.
    pub counts: Vec<Count>,
    /// Why no calendar is attached, where one would be.
    pub note: Option<String>,
    pub groups: Vec<Group>,
    pub recipient: String,
    pub letter: String,
}

#[derive(Serialize)]
pub(super) struct Count {
    pub tone: Tone,
    pub count: usize,
}

#[derive(Serialize)]
pub(super) struct Group {
    pub heading: &'static str,
    pub rows: Vec<Row>,
}

/// One alert on one line.
#[derive(Serialize)]
pub(super) struct Row {
    pub tone: Tone,
    pub entry: Option<String>,
    pub broker: Option<String>,
    pub status: Option<String>,
    pub event: String,
    pub at: Option<String>,
    pub act_by: Option<String>,
    pub rule: String,
    pub key: String,
}

impl Row {
    pub fn of(alert: &Alert, today: NaiveDate) -> Self {
        let at = match &alert.cause {
            Cause::Notice(notice) => notice.at.map(text::event_time),
            Cause::Deadline(_) | Cause::Trouble(_) => None,
        };
        let entry = alert.entry.as_ref();
        Self {
            tone: if alert.over_at.is_some() { Tone::OVER } else { Tone::of(alert.severity) },
            entry: entry.map(|entry| entry.number.to_string()),
            broker: alert.broker().map(|broker| text::line(broker.as_str(), 60)),
            status: entry.map(|entry| text::line(&entry.status, 60)).filter(|status| !status.is_empty()),
            event: subject::row_event(alert),
            at,
            act_by: act_by(alert, today),
            rule: text::line(&alert.rule, VALUE_CHARS_MAX),
            key: text::line(alert.key.as_str(), VALUE_CHARS_MAX),
        }
    }
}

/// `Thu 2026-03-12: Entry summary and estimated duties`. An event that is a deadline has its name already.
fn act_by(alert: &Alert, today: NaiveDate) -> Option<String> {
    let clock = clock(alert, today)?;
    if matches!(&alert.cause, Cause::Deadline(brief) if brief.is_gone()) {
        return None;
    }
    let date = day(clock.legal()?);
    Some(match &alert.cause {
        Cause::Deadline(_) => date,
        Cause::Notice(_) | Cause::Trouble(_) => format!("{date}: {}", subject::name(clock)),
    })
}

/// Builds the view of a digest of `of_day`.
pub(super) fn digest_mail(
    letter: &Letter,
    alerts: &[Alert],
    of_day: NaiveDate,
    settings: &MailSettings,
) -> DigestMail {
    let (on, alerts) = today::counted(letter, alerts, settings.zone_of(&letter.recipient));
    let alerts = &*alerts;
    let mut groups: Vec<(&'static str, Vec<&Alert>)> = Vec::new();
    for alert in alerts {
        let heading = subject::group(&alert.cause);
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, members)) => members.push(alert),
            None => groups.push((heading, vec![alert])),
        }
    }
    // The order of the playbook: by the day to act, then by severity.
    for (_, members) in &mut groups {
        members.sort_by_key(|alert| {
            let target = clock(alert, on).and_then(|clock| clock.target_on(on));
            (target.is_none(), target, std::cmp::Reverse(alert.severity))
        });
    }
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.iter().map(|alert| alert.severity).max()));
    let count = |severity| Count {
        tone: Tone::of(severity),
        count: alerts.iter().filter(|alert| alert.severity == severity).count(),
    };
    let counts = [Severity::Critical, Severity::Warning, Severity::Info].map(count);
    DigestMail {
        subject: text::header(&subject::subject(letter, alerts, on), super::mail::SUBJECT_CHARS_MAX),
        tone: Tone::of(letter.severity),
        day: day(of_day),
        alerts: alerts.len(),
        entries: count_entries(alerts),
        note: super::attached::too_many(letter, alerts),
        counts: counts.into_iter().filter(|count| count.count > 0).collect(),
        groups: groups
            .into_iter()
            .map(|(heading, members)| Group {
                heading,
                rows: members.into_iter().map(|alert| Row::of(alert, on)).collect(),
            })
            .collect(),
        recipient: text::line(&letter.recipient, VALUE_CHARS_MAX),
        letter: letter.key.to_string(),
    }
}
