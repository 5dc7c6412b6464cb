//! Events as iCalendar text (RFC 5545).

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::{COPY, Event};
use crate::ident::EntryNumber;

/// The media type of a calendar that is sent to somebody who only reads it (RFC 5546, section 3.2.1).
pub const CONTENT_TYPE: &str = "text/calendar; method=PUBLISH; charset=utf-8";

/// A line has this many bytes at most, without its end (RFC 5545, section 3.1).
const LINE_BYTES_MAX: usize = 75;

/// The hour at which a reminder rings, on the reader's own clock.
const ALARM_HOUR: u16 = 9;

/// Names the entry of an event, so that a calendar that was written before says which entries it holds.
const ENTRY: &str = "X-ENTRYWATCH-ENTRY";

/// A calendar with these events, under a name that its reader sees.
pub fn calendar(name: &str, events: &[Event]) -> String {
    let mut out = Lines(String::new());
    out.line("BEGIN:VCALENDAR");
    out.line("VERSION:2.0");
    out.line("PRODID:-//entrywatch//deadlines//EN");
    out.line("CALSCALE:GREGORIAN");
    out.line("METHOD:PUBLISH");
    out.text("X-WR-CALNAME", name);
    out.text("X-WR-CALDESC", COPY);
    out.line("X-PUBLISHED-TTL:PT15M");
    for event in events {
        out.event(event);
    }
    out.line("END:VCALENDAR");
    out.0
}

/// The entries of a calendar that [`calendar`] wrote. Anything else has none.
pub fn entries_of(text: &str) -> BTreeSet<EntryNumber> {
    let values = text.lines().filter_map(|line| line.strip_prefix(ENTRY)?.strip_prefix(':'));
    values.filter_map(|value| EntryNumber::parse(value.trim_end())).collect()
}

/// Lines that end in CR LF and are folded where they are too long.
struct Lines(String);

impl Lines {
    fn event(&mut self, event: &Event) {
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{}", event.uid()));
        self.line(&format!("DTSTAMP:{}", instant(event.known_at)));
        self.line(&format!("LAST-MODIFIED:{}", instant(event.known_at)));
        self.line(&format!("SEQUENCE:{}", event.sequence));
        self.line(&format!("DTSTART;VALUE=DATE:{}", event.day.format("%Y%m%d")));
        let end = event.day.succ_opt().unwrap_or(event.day);
        self.line(&format!("DTEND;VALUE=DATE:{}", end.format("%Y%m%d")));
        self.line(if event.is_cancelled { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
        // A deadline does not make its reader busy.
        self.line("TRANSP:TRANSPARENT");
        self.text("SUMMARY", &event.summary);
        self.text("DESCRIPTION", &event.description.join("\n"));
        self.text(ENTRY, event.entry.as_str());
        if !event.is_cancelled {
            for &days in &event.alarms {
                self.alarm(event, days);
            }
        }
        self.line("END:VEVENT");
    }

    fn alarm(&mut self, event: &Event, days: u16) {
        self.line("BEGIN:VALARM");
        self.line("ACTION:DISPLAY");
        self.text("DESCRIPTION", &event.summary);
        match days.checked_sub(1) {
            None => self.line(&format!("TRIGGER:PT{ALARM_HOUR}H")),
            Some(0) => self.line(&format!("TRIGGER:-PT{}H", 24 - ALARM_HOUR)),
            Some(days) => self.line(&format!("TRIGGER:-P{days}DT{}H", 24 - ALARM_HOUR)),
        }
        self.line("END:VALARM");
    }

    /// A property with a text value: special characters are escaped, control characters left out (section 3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.line(&line);
    }

    /// A line, folded between characters.
    fn line(&mut self, line: &str) {
        let mut used = 0;
        for c in line.chars() {
            if used + c.len_utf8() > LINE_BYTES_MAX {
                self.0.push_str("\r\n ");
                used = 1;
            }
            self.0.push(c);
            used += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// `20260302T133000Z`.
fn instant(at: DateTime<Utc>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{}", at.format("%Y%m%dT%H%M%SZ"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            entry: EntryNumber::parse("N0170000124").expect("a number"),
            deadline: "PROTEST_DUE@liquidation".into(),
            sequence: 2,
            known_at: "2026-03-06T14:00:00Z".parse().expect("an instant"),
            day: "2026-09-02".parse().expect("a date"),
            summary: "Protest: act by 2026-09-02".to_owned(),
            description: vec!["Money; goods, and a \\ back\u{7}slash".to_owned(), "é".repeat(60)],
            is_cancelled: false,
            alarms: vec![7, 1, 0],
        }
    }

    #[test]
    fn lines_are_folded_between_characters_and_escaped() {
        let text = calendar("operations", &[event()]);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.split("\r\n").all(|line| line.len() <= LINE_BYTES_MAX && !line.contains(['\r', '\n'])));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains("DESCRIPTION:Money\\; goods\\, and a \\\\ backslash\\nééé"), "{unfolded}");
        assert!(unfolded.contains(&"é".repeat(60)));
    }

    #[test]
    fn alarms_ring_in_the_morning_and_not_for_what_is_cancelled() {
        let text = calendar("operations", &[event()]);
        for trigger in ["TRIGGER:-P6DT15H\r\n", "TRIGGER:-PT15H\r\n", "TRIGGER:PT9H\r\n"] {
            assert!(text.contains(trigger), "{trigger}");
        }
        let cancelled = calendar("operations", &[Event { is_cancelled: true, ..event() }]);
        assert!(cancelled.contains("STATUS:CANCELLED\r\n") && !cancelled.contains("VALARM"));
    }

    #[test]
    fn the_uid_is_of_the_clock_alone() {
        let moved = Event { sequence: 3, day: "2026-09-03".parse().expect("a date"), ..event() };
        assert_eq!(event().uid(), moved.uid());
        let other = Event { deadline: "PSC_DUE".into(), ..event() };
        assert_ne!(event().uid(), other.uid());
    }

    #[test]
    fn a_calendar_says_which_entries_it_holds() {
        let text = calendar("operations", &[event()]);
        assert_eq!(entries_of(&text).into_iter().collect::<Vec<_>>(), [event().entry]);
        assert!(entries_of("BEGIN:VCALENDAR\r\nX-ENTRYWATCH-ENTRY:nonsense\r\n").is_empty());
    }
}
