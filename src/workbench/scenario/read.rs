//! Reads scenarios.

use std::ops::Range;
use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{Content, EVENTS_MAX, Event, Expectation, Scenario, Server, What};
use crate::diagnostic::{Diagnostic, Faults, Source, hint};
use crate::entry::DeadlineState;
use crate::ident::EntryNumber;

const EVENTS: [&str; 7] = ["receive", "clock", "wait", "deliver", "smtp", "rebuild", "expect"];

/// What can be expected, as messages show it.
const EXPECTATIONS: &str =
    "letter \"…\" [to …], no letter, body \"…\", waiting N, given up N, status, holds, deadline";

pub(super) fn read(name: &str, text: &str, folder: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    let source = Source::new(name, text);
    let mut faults = Faults::of(source.clone());
    let mut events: Vec<Event> = Vec::new();
    let (mut at, mut now, mut is_dated) = (0, None::<NaiveDateTime>, false);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(content) = line.trim_start().strip_prefix('|') {
            inline(content, start..start + line.len(), &mut events, &mut faults);
            continue;
        }
        let line = line.split('#').next().unwrap_or_default();
        let (moment, words) = moment(line);
        let written = start..start + words.start;
        let words = start + words.start..start + words.end;
        if words.is_empty() {
            match moment {
                Ok(None) => {}
                Ok(Some(_)) => faults.add(start..start + line.len(), "a moment without an event"),
                Err(fault) => faults.add(start..start + line.len(), fault),
            }
            continue;
        }
        let written = written.start..written.start + text[written].trim_end().len();
        let moment = match moment {
            Ok(Some(at)) => {
                if let Some(before) = now.filter(|before| at < *before) {
                    let (at, before) = (at.format(MOMENT), before.format(MOMENT));
                    faults.add(written, format!("time does not go back: {at} stands behind {before}"));
                }
                now = Some(at);
                Some(at)
            }
            Ok(None) => {
                if !is_dated {
                    faults.add(words.clone(), "the first event has no moment, like 2026-03-02 09:00");
                }
                None
            }
            // The event is read all the same: what follows is not wrong because of its moment.
            Err(fault) => {
                faults.add(written, fault);
                None
            }
        };
        is_dated = true;
        if let Some(what) = event(&text[words.clone()], &words, folder, &mut faults) {
            events.push(Event { span: words, at: moment, what });
        }
    }
    if events.is_empty() && faults.is_empty() {
        faults.push(Diagnostic::of_file(name, "the scenario has no event"));
    }
    if events.len() > EVENTS_MAX {
        faults.push(Diagnostic::of_file(name, format!("more than {EVENTS_MAX} events")));
    }
    if faults.is_empty() { Ok(Scenario { source, events }) } else { Err(faults.into_sorted()) }
}

/// A line of the message that the event before it receives.
fn inline(line: &str, span: Range<usize>, events: &mut [Event], faults: &mut Faults) {
    match events.last_mut().map(|event| &mut event.what) {
        Some(What::Receive { content: Content::Inline(bytes), .. }) => {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        Some(What::Receive { content, .. }) => {
            let mut bytes = line.as_bytes().to_vec();
            bytes.push(b'\n');
            *content = Content::Inline(bytes);
        }
        _ => faults.add(span, "a line of a message must stand behind `receive`"),
    }
}

/// How a moment is written.
const MOMENT: &str = "%Y-%m-%d %H:%M";

/// Splits a line into its moment, if it has one, and the place of the event's words. What looks like a moment and is none is a fault.
fn moment(line: &str) -> (Result<Option<NaiveDateTime>, String>, Range<usize>) {
    let (day, rest) = word(line);
    let is_day = day.starts_with(|c: char| c.is_ascii_digit()) && day.matches('-').count() == 2;
    let (time, behind) = word(rest);
    let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':');
    let rest = match (is_day, is_time) {
        (true, true) => behind,
        (true, false) => rest,
        (false, _) => line,
    };
    let start = line.len() - rest.trim_start().len();
    let at = || {
        let date = NaiveDate::parse_from_str(day, "%Y-%m-%d");
        let date = date.map_err(|_| format!("there is no such day: `{day}`"))?;
        if !is_time {
            return Err(format!("`{day}` has no time of day, like {day} 09:00"));
        }
        let read = NaiveTime::parse_from_str(time, "%H:%M");
        read.map(|time| Some(date.and_time(time)))
            .map_err(|_| format!("there is no such time of day: `{time}`"))
    };
    (if is_day { at() } else { Ok(None) }, start..line.trim_end().len().max(start))
}

/// The first word of a line, and what stands behind it.
fn word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()))
}

fn event(text: &str, span: &Range<usize>, folder: &Path, faults: &mut Faults) -> Option<What> {
    let (verb, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let mut fault = |message: String| {
        faults.add(span.clone(), message);
        None
    };
    match verb {
        "receive" if rest.is_empty() => fault("`receive` names no file".to_owned()),
        "receive" => {
            let (file, broker) = match rest.split_once(" from ") {
                Some((file, broker)) => (file.trim(), Some(broker.trim().to_owned())),
                None => (rest, None),
            };
            let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
            let content = Content::File(folder.join(file));
            Some(What::Receive { name: name.to_owned(), broker, content })
        }
        "clock" => Some(What::Clock),
        "wait" => Some(What::Wait),
        "deliver" => Some(What::Deliver),
        "rebuild" => Some(What::Rebuild),
        "smtp" => {
            let (how, said) = rest.split_once(' ').unwrap_or((rest, ""));
            match how {
                "accept" => Some(What::Smtp(Server::Accepts)),
                "refuse" => Some(What::Smtp(Server::Refuses(said.to_owned()))),
                "reject" => Some(What::Smtp(Server::Rejects(said.to_owned()))),
                other => fault(format!("`{other}` is no answer of a server (accept, refuse, reject)")),
            }
        }
        "expect" => match expectation(rest) {
            Ok(expected) => Some(What::Expect(expected)),
            Err(message) => fault(message),
        },
        other => fault(format!("`{other}` is no event ({})", hint(other, "known", EVENTS))),
    }
}

/// The state of a clock, where one is named.
fn state_of(words: &[&str]) -> Result<Option<DeadlineState>, String> {
    match words {
        [] => Ok(None),
        [word] => match DeadlineState::parse(word) {
            Some(state) => Ok(Some(state)),
            None => Err(format!("`{word}` is no state of a clock (open, closed, idle, ahead)")),
        },
        [_, more, ..] => Err(format!("`{more}` stands behind the state of the clock")),
    }
}

fn expectation(what: &str) -> Result<Expectation, String> {
    let words: Vec<&str> = what.split_whitespace().collect();
    let quoted = what.split('"').nth(1).map(str::to_owned);
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
    let entry = |text: &str| EntryNumber::parse(text).ok_or_else(|| format!("`{text}` is no entry number"));
    match (words.as_slice(), quoted) {
        (["letter", ..], Some(part)) => {
            let behind = what.rsplit('"').next().unwrap_or_default().trim();
            let to = match (behind, behind.strip_prefix("to ")) {
                ("", _) => None,
                (_, Some(address)) => Some(address.trim().to_owned()),
                (other, None) => return Err(format!("`{other}` is no recipient (to ADDRESS)")),
            };
            Ok(Expectation::Letter { part, to })
        }
        (["no", "letter"], None) => Ok(Expectation::NoLetter),
        (["body", ..], Some(part)) => Ok(Expectation::Body(part)),
        (["waiting", count], None) => Ok(Expectation::Waiting(number(count)?)),
        (["given", "up", count], None) => Ok(Expectation::GivenUp(number(count)?)),
        (["status", number, wanted], None) => {
            Ok(Expectation::Status { entry: entry(number)?, wanted: (*wanted).to_owned() })
        }
        (["holds", number, wanted], None) => {
            Ok(Expectation::Holds { entry: entry(number)?, wanted: (*wanted).to_owned() })
        }
        (["deadline", number, key, wanted, state @ ..], None) => Ok(Expectation::Deadline {
            entry: entry(number)?,
            key: (*key).to_owned(),
            wanted: (*wanted).to_owned(),
            state: state_of(state)?,
        }),
        _ => Err(format!("`{what}` cannot be expected ({EXPECTATIONS})")),
    }
}
