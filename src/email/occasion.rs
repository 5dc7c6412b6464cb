//! What a letter says about itself when it is not the first word about one entry: a reminder, an escalation, an end, many at once.

use std::collections::BTreeSet;

use super::subject::{count_entries, severity_word};
use super::text;
use crate::outbox::{Alert, Letter, LetterKind, Wait};

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

/// The subject of a letter that tells many alerts: `[CRITICAL] 214 alerts on 180 entries: CBP hold (acme)`.
pub(super) fn bundle_subject(letter: &Letter, alerts: &[Alert]) -> String {
    let mut subject =
        format!("[{}] {}", severity_word(letter.severity), counted(alerts.len(), "alert", "alerts"));
    let entries = count_entries(alerts);
    if entries > 0 {
        subject.push_str(&format!(" on {}", counted(entries, "entry", "entries")));
    }
    let titles: BTreeSet<&str> = alerts.iter().map(|alert| &*alert.title).collect();
    let brokers: BTreeSet<&str> =
        alerts.iter().filter_map(|alert| alert.entry.as_ref()).map(|entry| entry.broker.as_str()).collect();
    subject.push_str(": ");
    subject.push_str(&first_of(&titles, "kind", "kinds"));
    if !brokers.is_empty() {
        subject.push_str(&format!(" ({})", first_of(&brokers, "broker", "brokers")));
    }
    subject
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
pub(super) fn notes(letter: &Letter, alerts: &[Alert]) -> Vec<String> {
    let many = counted(alerts.len(), "alert", "alerts");
    let note = match letter.kind {
        LetterKind::Alert | LetterKind::Digest { .. } => return Vec::new(),
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
        LetterKind::Reminder { nth } => {
            format!(
                "Said again, {nth} times in all: nobody has acknowledged it, and its cause is still there."
            )
        }
        LetterKind::Escalation { .. } => {
            "Nobody has acknowledged this in the time that its rule gives, so you are told as well."
                .to_owned()
        }
        LetterKind::Over => "This is over: its cause is gone. Nothing more will be said about it.".to_owned(),
    };
    vec![note]
}
