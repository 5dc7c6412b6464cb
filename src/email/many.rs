//! The table at the top of a mail about many entries: which, whose, what, by when, how much; the most pressing first.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use super::subject::{self, nearest};
use super::view::{SECTIONS_MAX, Tone, next_deadline, some_line, whose};
use super::when;
use super::{occasion, text};
use crate::entry::EntryDeadline;
use crate::outbox::{Alert, Cause, LetterKind};

/// Rows that say all; the others have entry and event. A mail of [`Letter::BUNDLE_MAX`](crate::outbox::Letter::BUNDLE_MAX) alerts must
/// stay one that can be sent.
const FULL_MAX: usize = 500;

/// One alert in the table.
#[derive(Serialize)]
pub(super) struct TableRow {
    pub tone: Tone,
    pub entry: String,
    pub what: String,
    pub by_when: Option<String>,
    pub money: Option<String>,
    pub whose: Option<String>,
}

/// Whether the letter speaks of more than one entry, or of more than can be told in full.
pub(super) fn is_many(alerts: &[Alert]) -> bool {
    alerts.len() > SECTIONS_MAX || subjects(alerts) > 1
}

/// How many entries, drops, files ... the alerts are about.
fn subjects(alerts: &[Alert]) -> usize {
    let about = |alert: &Alert| match (&alert.entry, &alert.cause) {
        (Some(entry), _) => entry.number.to_string(),
        (None, Cause::Trouble(trouble)) => trouble.subject.to_string(),
        (None, _) => alert.key.to_string(),
    };
    alerts.iter().map(about).collect::<BTreeSet<String>>().len()
}

/// The order in which alerts are told: what still stands, the loudest, the nearest date.
pub(super) fn pressing(alerts: &[Alert], today: NaiveDate) -> Vec<&Alert> {
    let mut sorted: Vec<&Alert> = alerts.iter().collect();
    sorted.sort_by_key(|alert| {
        let day = clock(alert, today).and_then(|clock| clock.target_on(today));
        (alert.over_at.is_some(), std::cmp::Reverse(alert.severity), day.is_none(), day)
    });
    sorted
}

/// The clock that the alert asks the reader to beat.
pub(super) fn clock(alert: &Alert, today: NaiveDate) -> Option<&EntryDeadline> {
    match &alert.cause {
        Cause::Deadline(brief) => Some(&brief.deadline),
        Cause::Notice(_) | Cause::Trouble(_) => {
            subject::answering(alert).or_else(|| nearest(&alert.deadlines, today))
        }
    }
}

/// The rows of `alerts`, in their order.
pub(super) fn table(kind: LetterKind, alerts: &[&Alert], today: NaiveDate) -> Vec<TableRow> {
    alerts.iter().enumerate().map(|(at, alert)| row(kind, alert, today, at < FULL_MAX)).collect()
}

fn row(kind: LetterKind, alert: &Alert, today: NaiveDate, is_full: bool) -> TableRow {
    let entry = match (&alert.entry, &alert.cause) {
        (Some(entry), _) => entry.number.to_string(),
        (None, Cause::Trouble(trouble)) => text::header(&trouble.subject, 40),
        (None, Cause::Notice(notice)) => notice.bill.as_deref().and_then(some_line).unwrap_or_default(),
        (None, Cause::Deadline(_)) => String::new(),
    };
    let is_over = kind == LetterKind::Over || alert.over_at.is_some();
    let row = TableRow {
        tone: if is_over { Tone::OVER } else { Tone::of(alert.severity) },
        entry: if entry.is_empty() { "-".to_owned() } else { entry },
        what: occasion::mark_of(alert) + &what(alert) + &answered(alert),
        by_when: None,
        money: None,
        whose: None,
    };
    if !is_full {
        return row;
    }
    let by_when = match &alert.cause {
        Cause::Deadline(brief) => when::dated(&brief.deadline, brief.on),
        Cause::Notice(_) | Cause::Trouble(_) => {
            clock(alert, today).map(|clock| next_deadline(clock, today, None))
        }
    };
    TableRow {
        by_when: by_when.filter(|_| !is_over),
        money: alert.entry.as_ref().and_then(|entry| some_line(&entry.at_stake)),
        whose: whose(alert),
        ..row
    }
}

/// Who takes care of it since the letter was written, and until when.
fn answered(alert: &Alert) -> String {
    let Some(answer) = &alert.as_told.answer else { return String::new() };
    format!(" (acknowledged by {} until {})", text::header(&answer.by, 40), answer.until)
}

/// The event; of a deadline its name, for its date stands beside it.
fn what(alert: &Alert) -> String {
    match &alert.cause {
        Cause::Deadline(brief) if brief.deadline.legal().is_some() => {
            some_line(&brief.name).unwrap_or_else(|| subject::event(alert))
        }
        _ => subject::event(alert),
    }
}
