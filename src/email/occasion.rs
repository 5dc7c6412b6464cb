//! What a letter says about itself when it is not the first word about one entry: a reminder, an escalation, an end, many at once.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::many::is_many;
use super::subject::{self, count_entries, severity_word};
use super::text;
use super::view::SECTIONS_MAX;
use crate::clock::Zone;
use crate::outbox::{Alert, Cause, Letter, LetterKind, Wait};

/// The longest title or name in a subject, in characters.
const NAME_CHARS_MAX: usize = 60;

/// What stands in front of the event in the subject; the mark in brackets is not part of it.
pub(super) fn prefix(kind: LetterKind) -> String {
    match kind {
        LetterKind::Reminder { nth } => format!("Reminder {nth}: "),
        LetterKind::Escalation { .. } => "Not acknowledged: ".to_owned(),
        LetterKind::Alert | LetterKind::Digest { .. } | LetterKind::Bundle { .. } | LetterKind::Over => {
            String::new()
        }
    }
}

/// What stands in brackets at the beginning of the subject.
pub(super) fn mark(letter: &Letter, alerts: &[Alert]) -> &'static str {
    match letter.kind {
        LetterKind::Over => "OVER",
        _ if letter.is_overtaken(alerts) => "OVER",
        _ => severity_word(letter.loudness(alerts)),
    }
}

/// The subject of a letter that tells many alerts: `[CRITICAL] 214 alerts on 180 entries: CBP hold (acme)`.
pub(super) fn bundle_subject(letter: &Letter, alerts: &[Alert]) -> String {
    let (mark, prefix) = (mark(letter, alerts), prefix(letter.kind));
    let mut subject = format!("[{mark}] {prefix}{}", counted(alerts.len(), "alert", "alerts"));
    let entries = count_entries(alerts);
    if entries > 0 {
        subject.push_str(&format!(" on {}", counted(entries, "entry", "entries")));
    }
    let titles: BTreeSet<&str> = alerts.iter().map(|alert| &*alert.title).collect();
    let brokers = alerts.iter().filter_map(|alert| Some(&alert.entry.as_ref()?.broker));
    let brokers: BTreeSet<&str> =
        brokers.filter(|broker| !broker.is_by_hand()).map(|broker| broker.as_str()).collect();
    subject.push_str(": ");
    match (event_of_all(alerts), first_day(alerts)) {
        (Some(event), _) => subject.push_str(&event),
        (None, Some(day)) => {
            subject.push_str(&format!("{}, first act by {day}", first_of(&titles, "kind", "kinds")));
        }
        (None, None) => subject.push_str(&first_of(&titles, "kind", "kinds")),
    }
    if !brokers.is_empty() {
        subject.push_str(&format!(" ({})", first_of(&brokers, "broker", "brokers")));
    }
    subject
}

/// The event, when it is a deadline and the same for all.
fn event_of_all(alerts: &[Alert]) -> Option<String> {
    let (first, others) = alerts.split_first()?;
    let event = subject::event(first);
    let is_one = matches!(first.cause, Cause::Deadline(_))
        && others.iter().all(|alert| subject::event(alert) == event);
    is_one.then_some(event)
}

/// The first day to act by, when all are deadlines.
fn first_day(alerts: &[Alert]) -> Option<NaiveDate> {
    let day = |alert: &Alert| match &alert.cause {
        Cause::Deadline(brief) => brief.deadline.act_by,
        Cause::Notice(_) | Cause::Trouble(_) => None,
    };
    alerts.iter().map(day).min().flatten()
}

/// `CBP hold`, or `CBP hold and 2 more kinds`.
fn first_of(names: &BTreeSet<&str>, one: &str, many: &str) -> String {
    let first = names.first().map(|name| text::header(name, NAME_CHARS_MAX)).unwrap_or_default();
    match names.len() {
        0 | 1 => first,
        all => format!("{first} and {} more {}", all - 1, if all == 2 { one } else { many }),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Sentences that stand at the head of the mail.
pub(super) fn notes(letter: &Letter, alerts: &[Alert], zone: &Zone) -> Vec<String> {
    let mut notes: Vec<String> = overtaken(letter, alerts, zone).into_iter().collect();
    notes.extend(occasion(letter, alerts));
    let left = alerts.len().saturating_sub(SECTIONS_MAX);
    if left > 0 {
        notes.push(format!("The table has all of them; the first {SECTIONS_MAX} are told in full below it."));
    }
    notes
}

/// What ended between the writing of the letter and its leaving.
fn overtaken(letter: &Letter, alerts: &[Alert], zone: &Zone) -> Option<String> {
    // The end is what such a letter is about.
    if letter.kind == LetterKind::Over {
        return None;
    }
    let over: Vec<_> = alerts.iter().filter_map(|alert| alert.over_at).collect();
    let last = over.iter().max()?;
    let written = text::instant(letter.created_at, zone);
    if letter.is_overtaken(alerts) {
        let since = text::instant(*last, zone);
        return Some(format!(
            "Over since {since}: no action needed. This mail was written {written} and could not leave before; its cause is gone."
        ));
    }
    Some(format!(
        "{} of these {} are over since this mail was written ({written}): they are marked, and need no action.",
        over.len(),
        alerts.len()
    ))
}

fn occasion(letter: &Letter, alerts: &[Alert]) -> Option<String> {
    let many = counted(alerts.len(), "alert", "alerts");
    let is_many = is_many(alerts);
    Some(match letter.kind {
        LetterKind::Alert if is_many && letter.entry.is_none() => {
            format!("{many} of one kind came at the same time. All of them are in this letter.")
        }
        LetterKind::Alert | LetterKind::Digest { .. } => return None,
        LetterKind::Bundle { wait: Wait::Burst } => format!(
            "{many} of one rule and one broker came within a short time. The first of them left at once; here are the others, \
             all of them."
        ),
        LetterKind::Bundle { wait: Wait::Flood } => format!(
            "More letters were due to you than your cap allows. This summary stands for {many}: every one that did not leave \
             by itself is listed."
        ),
        LetterKind::Bundle { wait: Wait::Quiet } => {
            format!("{many} waited for the end of your quiet hours. All of them are listed.")
        }
        LetterKind::Bundle { wait: Wait::Silence } => {
            format!("A silence ended. {many} that it kept back and that are not over are listed.")
        }
        LetterKind::Reminder { nth } if is_many => format!(
            "Said again, {nth} times in all: nobody has acknowledged these {many}, and their causes are still there."
        ),
        LetterKind::Reminder { nth } => {
            format!(
                "Said again, {nth} times in all: nobody has acknowledged it, and its cause is still there."
            )
        }
        LetterKind::Escalation { .. } if is_many => format!(
            "Nobody has acknowledged these {many} in the time that their rule gives, so you are told as well."
        ),
        LetterKind::Escalation { .. } => {
            "Nobody has acknowledged this in the time that its rule gives, so you are told as well."
                .to_owned()
        }
        LetterKind::Over if is_many => {
            format!("These {many} are over: their causes are gone. Nothing more will be said about them.")
        }
        LetterKind::Over => "This is over: its cause is gone. Nothing more will be said about it.".to_owned(),
    })
}
