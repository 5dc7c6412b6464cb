//! What a letter says about itself when it is not the first word about one entry: a reminder, an escalation, an end, many at once.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::attached;
use super::many::is_many;
use super::subject::{self, count_entries, severity_word};
use super::text;
use super::view::SECTIONS_MAX;
use crate::clock::Zone;
use crate::outbox::{Ack, Alert, Cause, Letter, LetterKind, Wait};

/// The longest title or name in a subject, in characters.
const NAME_CHARS_MAX: usize = 60;

/// The longest reason of somebody who takes care of an alert, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Teams that a sentence names.
const TEAMS_MAX: usize = 5;

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

/// The same of a letter. Who is told because others could not be told reads that first.
pub(super) fn opening(letter: &Letter) -> String {
    if letter.is_for_unreached() { "Not delivered: ".to_owned() } else { prefix(letter.kind) }
}

/// As what all alerts of a summary are said, where that is the same.
fn common_mark(alerts: &[Alert]) -> Option<LetterKind> {
    let (first, others) = alerts.split_first()?;
    let mark = first.as_told.mark;
    mark.filter(|_| others.iter().all(|other| other.as_told.mark == mark))
}

/// What stands in front of an alert in a summary that says it again.
pub(super) fn mark_of(alert: &Alert) -> String {
    alert.as_told.mark.map(prefix).unwrap_or_default()
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
    let (mark, prefix) = (mark(letter, alerts), common_mark(alerts).map_or_else(|| opening(letter), prefix));
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
    notes.extend(answered(letter, alerts, zone));
    notes.extend(occasion(letter, alerts, zone));
    notes.extend(attached::too_many(letter, alerts));
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

/// Who took care of what between the writing of the letter and its leaving.
fn answered(letter: &Letter, alerts: &[Alert], zone: &Zone) -> Option<String> {
    let answers: Vec<&Ack> = alerts.iter().filter_map(|alert| alert.as_told.answer.as_ref()).collect();
    let (first, others) = answers.split_first()?;
    let written = text::instant(letter.created_at, zone);
    if answers.len() == alerts.len() && others.iter().all(|other| other == first) {
        let (since, words) = (text::instant(first.at, zone), answer_words(first));
        return Some(format!(
            "Acknowledged {since} by {words}. This mail was written {written} and could not leave before."
        ));
    }
    Some(format!(
        "{} of these {} were acknowledged since this mail was written ({written}): they are marked.",
        answers.len(),
        alerts.len()
    ))
}

/// `Jo, until Mon 2026-03-09: called the broker`.
pub(super) fn answer_words(answer: &Ack) -> String {
    let (by, reason) = (text::line(&answer.by, NAME_CHARS_MAX), text::line(&answer.reason, REASON_CHARS_MAX));
    format!("{by}, until {}: {}", text::day(answer.until), reason.trim_end_matches('.'))
}

/// How many alerts of a summary are said again.
fn said_again(alerts: &[Alert]) -> String {
    let count = |is_so: fn(LetterKind) -> bool| {
        alerts.iter().filter(|alert| alert.as_told.mark.is_some_and(is_so)).count()
    };
    let reminders = count(|mark| matches!(mark, LetterKind::Reminder { .. }));
    let escalations = count(|mark| matches!(mark, LetterKind::Escalation { .. }));
    let reminders = (reminders > 0).then(|| format!("{reminders} said again"));
    let escalations = (escalations > 0).then(|| format!("{escalations} not acknowledged in time"));
    let said: Vec<String> = reminders.into_iter().chain(escalations).collect();
    if said.is_empty() { String::new() } else { format!(" Of them, {}: they are marked.", said.join(", ")) }
}

/// Who took care of it until it was opened again; nothing where nobody has.
fn ended(letter: &Letter, alerts: &[Alert]) -> Option<String> {
    let grounds = &letter.grounds;
    let are_all = grounds.answered as usize == alerts.len();
    Some(match &grounds.answer {
        _ if grounds.answered == 0 => return None,
        Some(answer) if are_all => {
            let what = if is_many(alerts) { "These were" } else { "It was" };
            format!("{what} acknowledged by {}. That has ended", answer_words(answer))
        }
        _ if are_all => "All of these were acknowledged. That has ended".to_owned(),
        _ => format!(
            "{} of these {} were acknowledged, which has ended; nobody has acknowledged the others",
            grounds.answered,
            alerts.len()
        ),
    })
}

/// Why somebody is told after others: nobody answered, or nobody could be told.
fn not_acknowledged(letter: &Letter, alerts: &[Alert], zone: &Zone) -> String {
    let is_many = is_many(alerts);
    let these = if is_many {
        format!("these {}", counted(alerts.len(), "alert", "alerts"))
    } else {
        "this".to_owned()
    };
    if letter.is_for_unreached() {
        return not_delivered(letter, &these, zone);
    }
    let their = if is_many { "their" } else { "its" };
    let in_time = format!("in the time that {their} rule gives, so you are told as well.");
    let said = match ended(letter, alerts) {
        Some(ended) => format!("{ended}. Nobody has acknowledged {these} again {in_time}"),
        None => format!("Nobody has acknowledged {these} {in_time}"),
    };
    match letter.grounds.unreached {
        0 => said,
        some => format!("{said} {some} of them could not be delivered to those who are told first."),
    }
}

fn not_delivered(letter: &Letter, these: &str, zone: &Zone) -> String {
    let grounds = &letter.grounds;
    let mut teams: Vec<String> =
        grounds.unreached_teams.iter().take(TEAMS_MAX).map(|team| text::line(team, NAME_CHARS_MAX)).collect();
    let more = grounds.unreached_teams.len().saturating_sub(TEAMS_MAX);
    teams.extend((more > 0).then(|| format!("{more} more")));
    let since = text::instant(grounds.unreached_since.unwrap_or(letter.created_at), zone);
    let written = text::instant(letter.created_at, zone);
    let mut these = these.to_owned();
    these[..1].make_ascii_uppercase();
    format!(
        "{these} could not be delivered to {} since {since}: no letter had left for them when this mail was written ({written}). \
         You are told in their place.",
        teams.join(", ")
    )
}

fn occasion(letter: &Letter, alerts: &[Alert], zone: &Zone) -> Option<String> {
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
             by itself is listed.{}",
            said_again(alerts)
        ),
        LetterKind::Bundle { wait: Wait::Quiet } => {
            format!("{many} waited for the end of your quiet hours. All of them are listed.")
        }
        LetterKind::Bundle { wait: Wait::Silence } => {
            format!("A silence ended. {many} that it kept back and that are not over are listed.")
        }
        LetterKind::Bundle { wait: Wait::Address } => {
            format!("{many} were for an address that no team has any more. You are told in its place.")
        }
        LetterKind::Reminder { nth } => {
            let said = format!("Said again, {nth} times in all");
            let causes = if is_many { "their causes are" } else { "its cause is" };
            match ended(letter, alerts) {
                Some(ended) => format!("{said}. {ended}, and {causes} still there."),
                None if is_many => {
                    format!("{said}: nobody has acknowledged these {many}, and {causes} still there.")
                }
                None => format!("{said}: nobody has acknowledged it, and {causes} still there."),
            }
        }
        LetterKind::Escalation { .. } => not_acknowledged(letter, alerts, zone),
        LetterKind::Over if is_many => {
            format!("These {many} are over: their causes are gone. Nothing more will be said about them.")
        }
        LetterKind::Over => "This is over: its cause is gone. Nothing more will be said about it.".to_owned(),
    })
}
