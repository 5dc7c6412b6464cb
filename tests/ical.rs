//! The calendars of the teams, read by a library that is not ours: Python's `icalendar`, which
//! `tests/support/setup_venv.sh` provides.

#[path = "support/desk.rs"]
mod desk;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use desk::{Desk, pipeline};
use entrywatch::clock::Clock;
use entrywatch::daemon::feed;
use entrywatch::ical;
use entrywatch::outbox::Outcome;
use serde_json::Value;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn demo(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo").join(name);
    std::fs::read(path).expect("a sample")
}

/// The release of the demonstration's entry, said to have happened on another day.
fn released_on(sent: &str, released: &str) -> String {
    let text = String::from_utf8(demo("2-released.txt")).expect("ASCII");
    // Code 22: Customs says that the date of release changed.
    text.replace(
        "98RELEASED                                040225",
        &format!("22RELEASE DATE UPDATED{:20}{released}", ""),
    )
    .replace("A27049Z7      040225", &format!("A27049Z7      {sent}"))
    .replace("SO60040225", &format!("SO60{sent}"))
}

/// A folder with Python and the library; `None` where it cannot be had and is not required.
fn python() -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("ENTRYWATCH_TEST_VENV")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../test-venv"), PathBuf::from);
    let script = manifest.join("tests/support/setup_venv.sh");
    let status = Command::new("sh").arg(script).arg(&folder).stdin(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Some(folder.join("bin/python"));
    }
    assert!(std::env::var_os("ENTRYWATCH_REQUIRE_SERVERS").is_none(), "there is no reader of calendars");
    // Not `eprintln!`, which a test that passes keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no reader of calendars to test with (see tests/support/setup_venv.sh)"
    );
    None
}

/// The events as the other library reads them.
fn read(python: &Path, bytes: &[u8]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_calendar.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    child.stdin.take().expect("a pipe").write_all(bytes).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the calendar breaks the standard:\n{}", String::from_utf8_lossy(bytes));
    let text = String::from_utf8(output.stdout).expect("JSON");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn calendar(desk: &Desk, before: &str) -> String {
    let pipeline = pipeline();
    let known = ical::entries_of(before);
    let team = &pipeline.audience.teams()[0];
    feed::calendar(&*desk.store(), &pipeline, team, desk.clock.now(), &known).expect("the store answers")
}

fn summary_event(events: &[Value]) -> &Value {
    let is_summary =
        |event: &&Value| event["summary"].as_str().is_some_and(|text| text.contains("ntry summary"));
    events.iter().find(is_summary).unwrap_or_else(|| panic!("{events:#?}"))
}

#[test]
fn a_date_that_moves_updates_its_event_and_a_clock_that_ends_cancels_it() {
    let Some(python) = python() else { return };
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("1.txt", "globex", &demo("1-hold.txt"));
    desk.receive("2.txt", "globex", &demo("2-released.txt"));
    let first = calendar(&desk, "");
    let events = read(&python, first.as_bytes());
    let event = summary_event(&events);
    assert_eq!((&event["day"], &event["end"]), (&"2025-04-16".into(), &"2025-04-17".into()));
    assert_eq!((&event["sequence"], &event["status"]), (&0.into(), &"CONFIRMED".into()));
    let description = event["description"].as_str().expect("a description");
    assert!(description.starts_with("This is a copy."), "{description}");
    assert!(
        description.contains("2025-04-02 Wed is day 0\nworking day 10 is 2025-04-16 Wed"),
        "{description}"
    );
    assert_eq!(event["alarms"][0], "-5 days, 9:00:00", "five days before, in the morning: {event:#}");
    let uids: BTreeSet<_> = events.iter().map(|event| event["uid"].to_string()).collect();
    assert_eq!(uids.len(), events.len());

    desk.clock.set(at("2025-04-04T14:10:00Z"));
    desk.receive("moved.txt", "globex", released_on("040425", "040425").as_bytes());
    let second = calendar(&desk, &first);
    let moved = read(&python, second.as_bytes());
    let moved = summary_event(&moved);
    assert_eq!((&moved["uid"], &moved["sequence"]), (&event["uid"], &1.into()));
    assert_eq!(moved["day"], "2025-04-18");

    desk.clock.set(at("2025-04-07T14:10:00Z"));
    desk.receive("3.txt", "globex", &demo("3-accepted-with-warning.txt"));
    let third = calendar(&desk, &second);
    let closed = read(&python, third.as_bytes());
    let closed = summary_event(&closed);
    assert_eq!((&closed["uid"], &closed["sequence"]), (&event["uid"], &2.into()));
    assert_eq!(
        (&closed["status"], closed["alarms"].as_array().map(Vec::len)),
        (&"CANCELLED".into(), Some(0))
    );

    // Whoever asks without having the file from before hears of the closed clock as well, for a month.
    let alone = calendar(&desk, "");
    assert!(alone.contains("STATUS:CANCELLED") && alone.contains("SEQUENCE:2"), "{alone}");

    // All of it follows from the journal.
    let hash = desk.state_hash();
    desk.open(&pipeline());
    assert_eq!(desk.state_hash(), hash);
    assert_eq!(calendar(&desk, &second), third);
    // After a month nobody has to take it out any more.
    desk.clock.set(at("2025-05-20T14:10:00Z"));
    assert!(!calendar(&desk, &third).contains("STATUS:CANCELLED"));
    desk.engine().remind().expect("the clock is looked at");
    let number = entrywatch::ident::EntryNumber::parse("9Z7-1000042-5").expect("a number");
    let life = desk.store().life(number).expect("the store answers").expect("the entry is known");
    let is_kept = |one: &entrywatch::entry::Reminder| *one.deadline == *entrywatch::entry::Reminder::CALENDAR;
    assert!(!life.reminders.iter().any(is_kept), "{:?}", life.reminders);
}

/// Lines of a calendar are folded.
fn unfolded(calendar: &str) -> String {
    calendar.replace("\r\n ", "")
}

#[test]
fn a_protest_that_the_law_started_is_in_the_calendar_until_it_is_filed() {
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("2.txt", "globex", &demo("2-released.txt"));
    let event = "Protest: act by 2026-09-28 (9Z7-1000042-5)";
    desk.clock.set(at("2026-04-01T14:00:00Z"));
    assert!(!unfolded(&calendar(&desk, "")).contains(event), "the year is not over");
    desk.clock.set(at("2026-04-02T14:00:00Z"));
    let running = calendar(&desk, "");
    assert!(unfolded(&running).contains(event), "{running}");
    assert!(!running.contains("STATUS:CANCELLED"));

    desk.clock.set(at("2026-05-04T14:00:00Z"));
    let filed = r#"{"kind": "recorded", "fact": "protest_filed", "entry": "9Z7-1000042-5", "protest_filed": "2026-05-04", "reference": "270426100001", "author": "jo"}"#;
    desk.receive("filed.json", "globex", filed.as_bytes());
    for known in [&*running, ""] {
        let ended = unfolded(&calendar(&desk, known));
        assert!(ended.contains(&format!("Closed: {event}")), "{ended}");
        assert!(ended.contains("STATUS:CANCELLED"));
    }
}

#[test]
fn a_letter_about_a_protest_by_law_attaches_the_event() {
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("2.txt", "globex", &demo("2-released.txt"));
    let accept = |_: &_| Outcome::Accepted { response: "250 ok".into() };
    for before in ["2026-04-03T14:00:00Z", "2026-09-21T14:00:00Z"] {
        desk.clock.set(at(before));
        desk.engine().remind().expect("reminders are said");
        desk.deliver(accept);
    }
    desk.clock.set(at("2026-09-28T14:00:00Z"));
    desk.engine().remind().expect("reminders are said");
    let mails = desk.deliver(accept);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject()).collect();
    let mail = mails.iter().find(|mail| mail.subject().contains("Protest"));
    let mail = mail.unwrap_or_else(|| panic!("the last day is told: {subjects:?}"));
    let text = String::from_utf8_lossy(mail.bytes());
    assert!(text.contains("deadlines.ics"), "{text}");
}

#[test]
fn files_are_kept_for_each_team_and_touched_only_when_they_change() {
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("2.txt", "globex", &demo("2-released.txt"));
    let folder = desk.folder.path().join("calendars");
    let write = |desk: &Desk| {
        feed::write(&*desk.store(), &pipeline(), &folder, desk.clock.now())
            .expect("the folder can be written")
    };
    assert_eq!(write(&desk), 1);
    let text = std::fs::read_to_string(folder.join("operations.ics")).expect("the file");
    assert_eq!(text, calendar(&desk, ""));
    assert_eq!(write(&desk), 0);
    desk.clock.set(at("2025-04-03T14:10:00Z"));
    desk.receive("3.txt", "globex", &demo("3-accepted-with-warning.txt"));
    assert_eq!(write(&desk), 1);
    let text = std::fs::read_to_string(folder.join("operations.ics")).expect("the file");
    assert!(text.contains("STATUS:CANCELLED"), "the entry is known from the file: {text}");
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1, "no half file stays");
}

#[test]
fn a_letter_about_a_legal_deadline_attaches_the_event() {
    let Some(python) = python() else { return };
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("2.txt", "globex", &demo("2-released.txt"));
    let accept = |_: &_| Outcome::Accepted { response: "250 ok".into() };
    desk.deliver(accept);
    let calendar = read(&python, calendar(&desk, "").as_bytes());
    desk.clock.set(at("2025-04-11T12:00:00Z"));
    desk.engine().remind().expect("reminders are said");
    let mails = desk.deliver(accept);
    let mail = mails.iter().find(|mail| mail.subject().contains("ntry summary")).expect("the reminder");
    assert!(mail.bytes().is_ascii());
    let attached = read(&python, mail.bytes());
    let (event, ours) = (summary_event(&attached), summary_event(&calendar));
    for same in ["uid", "sequence", "day", "summary"] {
        assert_eq!(event[same], ours[same], "{same}");
    }
    assert!(event["description"].as_str().is_some_and(|text| text.contains("is day 0")));
}
