//! What a letter about legal deadlines attaches: their events for the reader's calendar, one calendar whatever their number (RFC 6047
//! and the method PUBLISH of RFC 5546 allow many events in one).

use std::collections::{BTreeMap, BTreeSet};

use crate::ical::{COPY, Event, calendar};
use crate::outbox::{Alert, Cause, DeadlineBrief, Letter, LetterKind};

/// The file in the mail.
pub(super) const FILE_NAME: &str = "deadlines.ics";

/// Events of one letter. One with more attaches none: a calendar that has some of them would be trusted for all.
const EVENTS_MAX: usize = 500;

/// Lines of an event's description, and characters of each.
const LINES_MAX: usize = 20;
const LINE_CHARS_MAX: usize = 300;

/// Days before the date on which the reader's calendar rings.
const ALARMS: [u16; 2] = [1, 0];

/// The calendar of a letter's deadlines; `None` when nobody has to act on any, or they are too many.
pub(super) fn calendar_of(letter: &Letter, alerts: &[Alert]) -> Option<String> {
    if letter.kind == LetterKind::Over {
        return None;
    }
    // A clock that a letter tells twice is one event: as it was told last.
    let mut events: BTreeMap<String, Event> = BTreeMap::new();
    for event in alerts.iter().filter(|alert| alert.over_at.is_none()).filter_map(event) {
        let known = events.entry(event.uid()).or_insert_with(|| event.clone());
        if (known.sequence, known.known_at) < (event.sequence, event.known_at) {
            *known = event;
        }
    }
    let events: Vec<Event> = events.into_values().take(EVENTS_MAX + 1).collect();
    (1..=EVENTS_MAX).contains(&events.len()).then(|| calendar("Customs deadlines", &events))
}

/// What is said in place of a calendar that would hold too much.
pub(super) fn too_many(letter: &Letter, alerts: &[Alert]) -> Option<String> {
    if letter.kind == LetterKind::Over {
        return None;
    }
    let open = alerts.iter().filter(|alert| alert.over_at.is_none());
    let clocks = open.filter_map(event).map(|event| event.uid()).collect::<BTreeSet<_>>().len();
    (clocks > EVENTS_MAX).then(|| {
        format!("{clocks} deadlines are more than a mail attaches: their events are in the calendar of your team only.")
    })
}

/// The same event as in the team's calendar, so that a program that has it brings it up to date.
fn event(alert: &Alert) -> Option<Event> {
    let (Cause::Deadline(brief), Some(entry)) = (&alert.cause, &alert.entry) else { return None };
    let deadline = &brief.deadline;
    let (Some(_), Some(day)) = (deadline.act_by, deadline.target_on(brief.on)) else { return None };
    if !deadline.runs_on(alert.raised_at.date_naive()) {
        return None;
    }
    Some(Event {
        entry: entry.number,
        deadline: deadline.key().into(),
        sequence: brief.sequence,
        known_at: alert.raised_at,
        day,
        summary: format!("{}: act by {day} ({})", cut(&brief.name), entry.number),
        description: description(brief),
        is_cancelled: false,
        alarms: ALARMS.into(),
    })
}

fn description(brief: &DeadlineBrief) -> Vec<String> {
    let deadline = &brief.deadline;
    let mut lines = vec![COPY.to_owned(), format!("{}: due {}", deadline.key(), deadline.due_text())];
    if let Some(moved) = &brief.moved {
        let [from, to] = moved.standings();
        lines.push(format!("Changed: {from}, then {to}: {}", moved.cause));
    }
    lines.extend(brief.steps.iter().cloned());
    lines.push(format!("Rule: {}", brief.rule));
    lines.push(format!("Basis: {}", deadline.basis));
    lines.iter().take(LINES_MAX).map(|line| cut(line)).collect()
}

fn cut(line: &str) -> String {
    line.chars().take(LINE_CHARS_MAX).collect()
}
