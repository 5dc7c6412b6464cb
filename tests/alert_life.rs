//! The life of an alert over time, with a test clock: gathered, capped, hidden, held back at night, said again, ended.
//!
//! Every test ends with a rebuild: the journal alone gives the same letters, courses and agenda.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
mod life;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use desk::renderer;
use entrywatch::daemon::tasks::deliver::alerts_of;
use entrywatch::outbox::{Audience, Manners};
use life::{Life, Sent, at, capped, entry, gathering, quiet_nights, released, status, team};

fn one(manners: Manners) -> Audience {
    Audience::new(vec![team("operations", "America/New_York")]).with_manners("operations", manners)
}

fn subjects(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(Sent::subject).collect()
}

/// The entries that mails name, each with how many mails name it.
fn named(sent: &[Sent], serials: std::ops::Range<u32>) -> Vec<usize> {
    let shown = |serial: u32| entry(serial).to_string();
    serials
        .map(|serial| sent.iter().filter(|mail| mail.mail.text().contains(&shown(serial))).count())
        .collect()
}

/// A document request that is said again.
const REMINDING: &str = r#"
[[rule]]
name = "documents"
title = "Documents required"
on = "notice"
when = { effect = "documents" }
severity = "warning"
remind = "at once, then every 2 days, at most 3 times"
until = { open_hold_after = false }
tell_when_over = true
"#;

#[test]
fn a_burst_of_one_rule_and_broker_is_gathered_and_every_entry_is_listed() {
    let mut life = Life::new("", one(gathering()), "2026-03-02T15:00:00Z");
    for serial in 1..=10 {
        life.receive(serial, "acme", "03", "0302261000");
        life.desk.clock.advance(TimeDelta::seconds(5));
    }
    life.receive(11, "globex", "03", "0302261000");
    let first = life.mails();
    assert_eq!(first.len(), 4, "three of acme and one of globex: {:?}", subjects(&first));
    // A restart in the middle of the window changes nothing.
    life.rebuild();
    let rest = life.until("2026-03-02T15:10:00Z");
    assert_eq!(
        subjects(&rest),
        ["[CRITICAL] 7 alerts on 7 entries: Examination ordered (acme)"],
        "one letter for the rest"
    );
    assert_eq!(rest[0].at, at("2026-03-02T15:02:00Z"), "at the end of the window");
    let all: Vec<Sent> = first.into_iter().chain(rest).collect();
    assert_eq!(named(&all, 1..12), [1; 11], "each entry in one letter");
    assert!(life.until("2026-03-02T16:00:00Z").is_empty());
    // The next window begins anew.
    life.receive(12, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    life.rebuild();
}

#[test]
fn a_process_that_ends_closes_its_windows() {
    let mut life = Life::new("", one(gathering()), "2026-03-02T15:00:00Z");
    (1..=5).for_each(|serial| life.receive(serial, "acme", "03", "0302261000"));
    assert_eq!(life.mails().len(), 3);
    assert!(life.desk.engine().due(true).expect("windows are closed"));
    let rest = life.mails();
    assert_eq!(named(&rest, 1..6), [0, 0, 0, 1, 1]);
    assert!(!life.desk.engine().due(true).expect("nothing is left"));
    life.rebuild();
}

#[test]
fn five_thousand_critical_events_in_five_minutes_are_a_few_letters_and_one_summary() {
    const EVENTS: u32 = 5_000;
    let rules = r#"
[[rule]]
name = "exams-one-by-one"
title = "Examination ordered"
on = "notice"
when = { effect = "exam" }
severity = "critical"
gather = "off"
"#;
    let mut life = Life::new(rules, one(capped(30, 10)), "2026-03-02T15:00:00Z");
    for first in (1..=EVENTS).step_by(50) {
        let file = status(first..first + 50, "03", "0302261000");
        life.desk.receive(&format!("{first}.txt"), "acme", &file);
        life.desk.clock.advance(TimeDelta::seconds(3));
    }
    assert_eq!(life.now(), at("2026-03-02T15:05:00Z"));
    let first = life.mails();
    assert_eq!(first.len(), 30, "the cap");
    let summary = life.until("2026-03-02T15:30:00Z");
    assert_eq!(subjects(&summary), ["[CRITICAL] 4970 alerts on 4970 entries: Examination ordered (acme)"]);
    assert_eq!(summary[0].at, at("2026-03-02T15:10:00Z"), "when the window of the cap ends");
    let text = summary[0].mail.text();
    let listed: BTreeSet<&str> = text.split_whitespace().filter(|word| word.len() == 13).collect();
    let in_html: BTreeSet<&str> = summary[0].mail.html().split(['<', '>', ' ']).collect();
    let lost = (31..=EVENTS).map(|serial| entry(serial).to_string());
    let lost: Vec<String> =
        lost.filter(|shown| !listed.contains(&**shown) || !in_html.contains(&**shown)).collect();
    assert!(lost.is_empty(), "{} entries are lost: {:?}", lost.len(), lost.first());
    assert!(text.contains("4970 alerts: every one that did not leave"), "{}", &text[..600]);
    assert!(life.course("exams-one-by-one", 31).events[0].what.to_string().contains("over the cap"));
    life.rebuild();
}

#[test]
fn a_cancelled_entry_hides_its_document_request_until_it_is_undone() {
    let rules = format!(
        "{REMINDING}\n[[inhibit]]\nname = \"no-longer-ours\"\nwhen = {{ status = \"cancelled\" }}\nhides = [\"documents\"]\n"
    );
    let mut life = Life::new(&rules, one(quiet_nights()), "2026-03-03T03:00:00Z"); // 22:00
    // Waits for the morning, and is cancelled in the night.
    life.receive(1, "acme", "96", "0302262200");
    life.desk.clock.set(at("2026-03-03T04:00:00Z"));
    life.receive(1, "acme", "23", "0302262300");
    let night = life.until("2026-03-03T12:00:00Z");
    assert_eq!(night.len(), 1, "{:?}", subjects(&night));
    assert!(night[0].subject().contains("cancelled"), "only the cancellation is told");
    // Reminders of one that was told stop.
    life.desk.clock.set(at("2026-03-03T15:00:00Z"));
    life.receive(2, "acme", "96", "0303261000");
    assert_eq!(life.mails().len(), 1);
    life.receive(2, "acme", "23", "0303261001");
    assert_eq!(life.mails().len(), 1, "the cancellation");
    assert!(life.until("2026-03-10T15:00:00Z").iter().all(|mail| mail.subject().starts_with("[DIGEST]")));
    assert_eq!(life.course("documents", 2).hidden_by.as_deref(), Some("no-longer-ours"));
    life.rebuild();
    // The cancellation is undone: what nobody heard of is told, what was told is said again in time.
    life.receive(1, "acme", "24", "0310261000");
    let undone = life.mails();
    assert!(
        undone.iter().any(|mail| mail.subject().contains("Documents required")),
        "{:?}",
        subjects(&undone)
    );
    life.rebuild();
}

#[test]
fn no_inhibition_hides_the_last_days_of_a_legal_deadline() {
    let rules = "[[inhibit]]\nname = \"acme\"\nwhen = { broker = \"acme\" }\nhides = [\"summary-due\"]\n";
    let told = |rules: &str| -> Vec<String> {
        let mut life = Life::new(rules, one(Manners::NONE), "2025-04-02T15:00:00Z");
        life.desk.receive("so.txt", "acme", &released());
        let sent = life.until("2025-04-18T15:00:00Z");
        life.rebuild();
        let steps = sent.iter().map(|mail| mail.subject().to_owned());
        steps.filter(|subject| subject.contains("Entry summary and estimated duties")).collect()
    };
    let last = told(rules);
    assert_eq!(last, told(""), "all of its ladder lies in the last days");
    assert!(last.iter().any(|subject| subject.contains("1 day overdue")), "{last:?}");
}

#[test]
fn quiet_hours_hold_back_over_midnight_and_a_clock_change() {
    let rules = r#"
[[rule]]
name = "review-now"
title = "Under review"
on = "notice"
when = { table = "so60-entry-dispositions", code = "90" }
severity = "warning"
"#;
    // The night to 8 March 2026, when clocks go forward: 06:00 is 10:00 UTC, not 11:00.
    let mut life = Life::new(rules, one(quiet_nights()), "2026-03-08T04:30:00Z"); // 23:30
    life.receive(1, "acme", "90", "0307262330");
    life.receive(2, "acme", "90", "0307262330");
    assert!(life.mails().is_empty(), "a warning waits");
    life.receive(3, "acme", "03", "0307262331");
    assert_eq!(life.mails().len(), 1, "critical passes");
    life.rebuild();
    let morning = life.until("2026-03-08T11:00:00Z");
    assert_eq!(subjects(&morning), ["[WARNING] 2 alerts on 2 entries: Under review (acme)"]);
    assert_eq!(morning[0].at, at("2026-03-08T10:00:00Z"));
    assert!(life.course("review-now", 1).events[0].what.to_string().contains("quiet hours"));
    // The night to 1 November, when they go back: 06:00 is 11:00 UTC.
    life.desk.clock.set(at("2026-11-01T04:00:00Z")); // 00:00
    life.receive(4, "acme", "90", "1101260000");
    assert!(life.mails().is_empty());
    let morning = life.until("2026-11-01T12:00:00Z");
    let told: Vec<_> = morning.iter().filter(|mail| mail.subject().contains("review")).collect();
    assert_eq!((told.len(), told[0].at), (1, at("2026-11-01T11:00:00Z")));
    assert!(told[0].subject().contains(&entry(4).to_string()), "one entry is a letter as any other");
    life.rebuild();
}

#[test]
fn the_digest_comes_by_the_clock_of_each_recipient() {
    let audience =
        Audience::new(vec![team("operations", "America/New_York"), team("berlin", "Europe/Berlin")]);
    let mut life = Life::new("", audience, "2026-03-09T21:00:00Z");
    life.receive(1, "acme", "98", "0309261600");
    let digests = life.until("2026-03-10T13:00:00Z");
    let when: Vec<(&str, _)> = digests.iter().map(|mail| (&*mail.to, mail.at)).collect();
    // Between 8 and 29 March New York is four hours behind UTC, and Berlin one ahead.
    assert_eq!(
        when,
        [
            ("berlin@example.com", at("2026-03-10T07:00:00Z")),
            ("operations@example.com", at("2026-03-10T12:00:00Z")),
        ]
    );
    life.rebuild();
}

#[test]
fn reminders_follow_their_plan_by_the_wall_clock_and_end() {
    let mut life = Life::new(REMINDING, one(Manners::NONE), "2026-03-06T15:00:00Z"); // 10:00
    life.receive(1, "acme", "96", "0306261000");
    assert_eq!(life.mails().len(), 1);
    // A restart between two reminders.
    life.rebuild();
    let said = life.until("2026-03-30T15:00:00Z");
    let said: Vec<&Sent> = said.iter().filter(|mail| !mail.subject().starts_with("[DIGEST]")).collect();
    let when: Vec<_> = said.iter().map(|mail| mail.at).collect();
    assert_eq!(
        when,
        [at("2026-03-08T14:00:00Z"), at("2026-03-10T14:00:00Z")],
        "10:00, whatever the clocks do"
    );
    assert!(said[0].subject().contains("Reminder 2: ") && said[1].subject().contains("Reminder 3: "));
    assert!(said[0].mail.text().contains("nobody has acknowledged it"));
    assert_eq!(life.course("documents", 1).said, 3);
    life.rebuild();
}

#[test]
fn reminders_stop_when_the_cause_is_gone_and_people_hear_of_it() {
    let mut life = Life::new(REMINDING, one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    assert_eq!(life.mails().len(), 1);
    life.desk.clock.set(at("2026-03-03T15:00:00Z"));
    life.receive(1, "acme", "98", "0303261000");
    let over = life.mails();
    assert_eq!(over.len(), 1, "{:?}", subjects(&over));
    assert!(over[0].subject().starts_with("[OVER] "), "{}", over[0].subject());
    let later = life.until("2026-03-12T15:00:00Z");
    assert!(later.iter().all(|mail| !mail.subject().contains("Reminder")), "{:?}", subjects(&later));
    assert_eq!(life.course("documents", 1).state(), "over");
    life.rebuild();
}

#[test]
fn a_crash_between_the_server_and_the_record_repeats_under_the_same_message_id() {
    let mut life = Life::new(REMINDING, one(gathering()), "2026-03-02T15:00:00Z");
    (1..=6).for_each(|serial| life.receive(serial, "acme", "96", "0302261000"));
    let first: BTreeSet<String> = life.mails().iter().map(|mail| mail.mail.message_id().to_owned()).collect();
    life.desk.clock.set(at("2026-03-02T15:05:00Z"));
    life.tick();
    // The bundle reaches the server, and the process dies before it can say so.
    let ready = |life: &Life| -> Vec<String> {
        let store = life.desk.store();
        let letters = store.letters_ready(life.now(), 100).expect("the store answers");
        let render = |letter| {
            let alerts = alerts_of(&*store, &life.pipeline, letter).expect("the store answers");
            renderer().render(letter, &alerts).expect("it renders").message_id().to_owned()
        };
        letters.iter().map(render).collect()
    };
    let lost = ready(&life);
    assert_eq!(lost.len(), 1);
    assert!(!first.contains(&lost[0]));
    life.rebuild();
    assert_eq!(ready(&life), lost, "the same letter once more");
    assert_eq!(life.mails().len(), 1);
    life.rebuild();
    assert!(life.mails().is_empty(), "what was recorded is not sent again");
}

#[test]
fn under_other_rules_a_lost_store_wakes_nobody() {
    let mut life = Life::new(REMINDING, one(gathering()), "2026-03-02T15:00:00Z");
    (1..=6).for_each(|serial| life.receive(serial, "acme", "96", "0302261000"));
    life.mails();
    let other = Life::new("", one(quiet_nights()), "2026-06-01T15:00:00Z");
    life.desk.clock.set(at("2026-06-01T15:00:00Z"));
    life.desk.open_as(&other.pipeline, "other");
    assert!(life.desk.store().agenda_until(life.now(), 10).expect("it answers").is_empty());
    assert!(life.mails().is_empty(), "what was written then is shown as given up");
}
