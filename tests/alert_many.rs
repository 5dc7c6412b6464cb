//! Many entries at one moment: one letter that lists them all, whatever made the rule speak. Letters whose cause is gone before they
//! could leave, and mailboxes that take none.
//!
//! Every test ends with a rebuild: the journal alone gives the same letters, courses and agenda.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "a release is told of beside")]
mod life;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entrywatch::outbox::{Attempt, Audience, LetterState, Manners, Outcome, TroubleBrief};
use entrywatch::place::Severity;
use life::{Life, Sent, at, capped, entry, gathering, quiet_nights, status, team};

/// A document request that is said again, and handed on when nobody answers.
const ESCALATING: &str = r#"
[[rule]]
name = "documents"
title = "Documents required"
on = "notice"
when = { effect = "documents" }
severity = "critical"
notify = ["operations"]
remind = "at once, then every 2 days, at most 3 times"
escalate = [{ after = "4 hours", notify = ["managers"] }]
until = { open_hold_after = false }
tell_when_over = true
"#;

fn two_teams(manners: Manners) -> Audience {
    Audience::new(vec![team("operations", "America/New_York"), team("managers", "America/New_York")])
        .with_manners("operations", manners.clone())
        .with_manners("managers", manners)
}

fn subjects(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(Sent::subject).collect()
}

fn to<'a>(sent: &'a [Sent], name: &str) -> Vec<&'a Sent> {
    let wanted = format!("{name}@example.com");
    sent.iter().filter(|mail| mail.to == wanted && !mail.subject().starts_with("[DIGEST]")).collect()
}

/// The entries of `1..=count` that the mail does not name in its text, or not in its HTML.
fn missing(mail: &Sent, count: u32) -> Vec<String> {
    let shown = (1..=count).map(|serial| entry(serial).to_string());
    shown.filter(|shown| !mail.mail.text().contains(shown) || !mail.mail.html().contains(shown)).collect()
}

fn receive_all(life: &mut Life, count: u32, code: &str, sent: &str) {
    let file = status(1..=count, code, sent);
    life.desk.receive(&format!("{code}-{sent}.txt"), "acme", &file);
}

#[test]
fn a_file_with_many_entries_of_one_rule_is_one_letter_at_once() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 40, "96", "0302261000");
    let told = life.mails();
    assert_eq!(subjects(&told), ["[CRITICAL] 40 alerts on 40 entries: Documents required (acme)"]);
    assert_eq!(missing(&told[0], 40), [""; 0]);
    assert!(life.until("2026-03-02T15:10:00Z").is_empty(), "nothing is left for the end of a window");
    // What follows within the window is gathered.
    life.desk.clock.set(at("2026-03-02T15:01:00Z").max(life.now()));
    life.rebuild();
}

#[test]
fn few_entries_of_a_file_are_letters_in_their_threads() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 3, "96", "0302261000");
    let told = life.mails();
    assert_eq!(told.len(), 3, "{:?}", subjects(&told));
    life.rebuild();
}

#[test]
fn reminders_and_escalations_of_one_moment_are_one_letter_each() {
    const COUNT: u32 = 60;
    let mut life = Life::new(
        ESCALATING,
        two_teams(Manners { gather: gathering().gather, ..capped(5, 10) }),
        "2026-03-02T15:00:00Z",
    );
    receive_all(&mut life, COUNT, "96", "0302261000");
    assert_eq!(life.mails().len(), 1);
    life.rebuild();
    let later = life.until("2026-03-04T16:00:00Z");
    let managers = to(&later, "managers");
    assert_eq!(managers.len(), 1, "{:?}", subjects(&later));
    assert_eq!(
        managers[0].subject(),
        "[CRITICAL] Not acknowledged: 60 alerts on 60 entries: Documents required (acme)"
    );
    assert_eq!((managers[0].at, missing(managers[0], COUNT)), (at("2026-03-02T19:00:00Z"), Vec::new()));
    let reminded = to(&later, "operations");
    assert_eq!(reminded.len(), 1, "{:?}", subjects(&later));
    assert_eq!(
        reminded[0].subject(),
        "[CRITICAL] Reminder 2: 60 alerts on 60 entries: Documents required (acme)"
    );
    assert_eq!((reminded[0].at, missing(reminded[0], COUNT)), (at("2026-03-04T15:00:00Z"), Vec::new()));
    assert_eq!(life.course("documents", 7).said, 2);
    life.rebuild();
    // One is answered: the next reminder is about the others.
    let key = life.alert("documents", 7);
    let answer = entrywatch::outbox::Acknowledgement {
        alerts: vec![key],
        by: "jo".into(),
        reason: "called".into(),
        until: "2026-03-30".parse().expect("a date"),
        letter: Some(reminded[0].mail.key().clone()),
    };
    life.desk.engine().acknowledge(&answer).expect("it is taken");
    let third = life.until("2026-03-06T16:00:00Z");
    let third = to(&third, "operations");
    assert_eq!(third.len(), 1);
    assert_eq!(missing(third[0], COUNT), [entry(7).to_string()]);
    // All of them end in one file.
    life.rebuild();
    receive_all(&mut life, COUNT, "98", "0306261200");
    let over = life.mails();
    let seventh = entry(7).to_string();
    // Managers were told as well, and so they hear of the end.
    for team in ["operations", "managers"] {
        let over = to(&over, team);
        let subjects: Vec<&str> = over.iter().map(|mail| mail.subject()).collect();
        assert_eq!(
            subjects,
            [
                &*format!("[OVER] {seventh} Documents required (acme)"),
                "[OVER] 59 alerts on 59 entries: Documents required (acme)"
            ]
        );
        assert_eq!(missing(over[1], COUNT), [&*seventh], "the one that was answered ends by itself");
    }
    life.rebuild();
}

#[test]
fn the_cap_of_letters_holds_for_reminders_and_loses_none() {
    let rules = ESCALATING.replace("tell_when_over", "gather = \"off\"\ntell_when_over");
    let mut life = Life::new(&rules, two_teams(capped(5, 10)), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 30, "96", "0302261000");
    let first = life.until("2026-03-02T15:30:00Z");
    assert_eq!(first.len(), 6, "five and a summary: {:?}", subjects(&first));
    let later = life.until("2026-03-02T19:30:00Z");
    let managers = to(&later, "managers");
    // Four hours after the five, and after the summary ten minutes later.
    assert_eq!(managers.len(), 11, "five, five and a summary: {:?}", subjects(&later));
    let named: BTreeSet<String> = (1..=30)
        .map(|serial| entry(serial).to_string())
        .filter(|shown| managers.iter().any(|mail| mail.mail.text().contains(shown)))
        .collect();
    assert_eq!(named.len(), 30);
    life.rebuild();
}

#[test]
fn a_deadline_of_many_entries_is_one_letter_on_each_day_of_its_ladder() {
    const COUNT: u32 = 200;
    let rules = r#"
[[rule]]
name = "own-summary-due"
title = "Entry summary due"
on = "deadline"
deadline = "ES_DUE"
remind = [1, "overdue"]
severity = "critical"
"#;
    let audience = Audience::new(vec![team("operations", "America/New_York")])
        .with_manners("operations", Manners { gather: gathering().gather, ..capped(3, 60) });
    let mut life = Life::new(rules, audience, "2026-03-02T15:00:00Z");
    receive_all(&mut life, COUNT, "98", "0302261000");
    life.mails();
    let told = life.until("2026-03-20T16:00:00Z");
    let told: Vec<&Sent> = to(&told, "operations")
        .into_iter()
        .filter(|mail| mail.mail.text().contains("own-summary-due"))
        .collect();
    let subjects: Vec<&str> = told.iter().map(|mail| mail.subject()).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].starts_with("[CRITICAL] 200 alerts on 200 entries: "), "{subjects:?}");
    assert!(subjects[0].contains("due in 1 day, act by "), "{subjects:?}");
    assert!(told.iter().all(|mail| missing(mail, COUNT).is_empty()));
    life.rebuild();
}

#[test]
fn a_crash_between_two_steps_of_the_clock_gives_the_same_letters() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 20, "96", "0302261000");
    life.mails();
    life.desk.clock.set(at("2026-03-02T19:00:00Z"));
    life.tick();
    life.rebuild();
    let told = life.mails();
    assert_eq!(told.len(), 1);
    life.rebuild();
    assert!(life.mails().is_empty(), "what was recorded is not sent again");
}

#[test]
fn a_letter_whose_cause_is_gone_says_so_at_its_top() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    let busy = |_: &entrywatch::email::Mail| Outcome::Refused { error: "451 try later".into() };
    let refused = life.desk.deliver(busy);
    assert!(refused[0].subject().starts_with("[CRITICAL] "), "{}", refused[0].subject());
    // It ends while the server takes nothing.
    life.desk.clock.set(at("2026-03-02T15:30:00Z"));
    life.receive(1, "acme", "98", "0302261030");
    life.rebuild();
    let sent = life.mails();
    assert_eq!(sent.len(), 1, "the letter tells its own end: {:?}", subjects(&sent));
    let late = sent.iter().find(|mail| mail.mail.key() == refused[0].key()).expect("the same letter");
    assert_eq!(late.mail.message_id(), refused[0].message_id());
    assert!(late.subject().starts_with("[OVER] "), "{}", late.subject());
    assert!(
        late.mail.text().contains("Over since Mon 2026-03-02 10:30 America/New_York: no action needed."),
        "{}",
        late.mail.text()
    );
    let head = String::from_utf8_lossy(late.mail.bytes()).into_owned();
    assert!(!head.contains("Importance: high") && head.contains("X-Entrywatch-Severity: info"), "{head}");
    assert!(!late.mail.text().contains("CRITICAL"), "{}", late.mail.text());
    life.rebuild();
}

#[test]
fn a_letter_that_may_have_arrived_is_sent_again_as_it_was() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    let lost = life.desk.deliver(|_| Outcome::Unanswered { error: "the answer was lost".into() });
    life.desk.clock.set(at("2026-03-02T15:30:00Z"));
    life.receive(1, "acme", "98", "0302261030");
    let sent = life.mails();
    let again = sent.iter().find(|mail| mail.mail.key() == lost[0].key()).expect("the same letter");
    assert_eq!(again.mail.bytes(), lost[0].bytes());
    life.rebuild();
}

#[test]
fn a_server_that_is_busy_for_an_hour_takes_one_letter_that_tells_both() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    let busy = |_: &entrywatch::email::Mail| Outcome::Refused { error: "451 try later".into() };
    let wait_until = |life: &mut Life, then: &str| {
        while life.now() < at(then) {
            life.desk.clock.advance(TimeDelta::minutes(5));
            life.tick();
            life.desk.deliver(busy);
        }
    };
    life.receive(1, "acme", "96", "0302261000");
    life.desk.deliver(busy);
    wait_until(&mut life, "2026-03-02T15:30:00Z");
    life.receive(1, "acme", "98", "0302261030");
    life.rebuild();
    wait_until(&mut life, "2026-03-02T16:00:00Z");
    let sent = life.until("2026-03-02T20:00:00Z");
    let seen = entry(1).to_string();
    assert_eq!(subjects(&sent), [format!("[OVER] {seen} Documents required (acme)")]);
    assert!(sent[0].mail.text().contains("could not leave before"), "{}", sent[0].mail.text());
    life.rebuild();
}

#[test]
fn an_end_that_came_while_the_server_had_the_letter_is_told_after_it() {
    for outcome in [
        Outcome::Accepted { response: "250 ok".into() },
        Outcome::Unanswered { error: "the answer was lost".into() },
    ] {
        let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
        life.receive(1, "acme", "96", "0302261000");
        life.desk.deliver(|_| Outcome::Refused { error: "451 try later".into() });
        life.desk.clock.set(at("2026-03-02T15:30:00Z"));
        // The courier has the letter as it was when the file with the end is read.
        let letter = life.desk.store().letters_ready(life.now(), 1).expect("it answers").remove(0);
        life.receive(1, "acme", "98", "0302261030");
        let attempt =
            Attempt { letter: letter.key.clone(), outcome: outcome.clone(), as_of: Default::default() };
        life.desk.engine().delivered(&[attempt]).expect("it is kept");
        life.rebuild();
        let sent = life.until("2026-03-02T17:00:00Z");
        let again: Vec<&Sent> = sent.iter().filter(|mail| *mail.mail.key() == letter.key).collect();
        let over: Vec<&Sent> = sent.iter().filter(|mail| *mail.mail.key() != letter.key).collect();
        assert_eq!(over.len(), 1, "{:?}", subjects(&sent));
        assert!(over[0].subject().starts_with("[OVER] "), "{}", over[0].subject());
        assert!(over[0].mail.text().contains("its cause is gone"));
        let is_again = matches!(outcome, Outcome::Unanswered { .. });
        assert_eq!(again.len(), usize::from(is_again), "{:?}", subjects(&sent));
        assert!(again.iter().all(|mail| mail.subject().starts_with("[CRITICAL] ")), "as it was");
        life.rebuild();
    }
}

#[test]
fn a_letter_that_told_its_end_and_may_have_arrived_tells_it_again() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.desk.deliver(|_| Outcome::Refused { error: "451 try later".into() });
    life.desk.clock.set(at("2026-03-02T15:30:00Z"));
    life.receive(1, "acme", "98", "0302261030");
    let lost = life.desk.deliver(|_| Outcome::Unanswered { error: "the answer was lost".into() });
    assert!(lost[0].subject().starts_with("[OVER] "), "{}", lost[0].subject());
    let sent = life.until("2026-03-02T17:00:00Z");
    assert_eq!(sent.len(), 1, "{:?}", subjects(&sent));
    assert_eq!(sent[0].mail.bytes(), lost[0].bytes());
    life.rebuild();
}

#[test]
fn who_was_told_nothing_hears_of_no_end() {
    // Operations hear at once; managers have a quiet night, and the end comes before their morning.
    let rules = ESCALATING.replace("notify = [\"operations\"]", "notify = [\"operations\", \"managers\"]");
    let rules = rules.replace("severity = \"critical\"", "severity = \"warning\"");
    let audience =
        Audience::new(vec![team("operations", "America/New_York"), team("managers", "America/New_York")])
            .with_manners("managers", quiet_nights());
    let mut life = Life::new(&rules, audience, "2026-03-03T03:30:00Z"); // 22:30
    life.receive(1, "acme", "96", "0302262230");
    assert_eq!(life.mails().len(), 1);
    life.desk.clock.set(at("2026-03-03T04:00:00Z"));
    life.receive(1, "acme", "98", "0302262300");
    let over = life.until("2026-03-03T12:30:00Z");
    let seen = entry(1).to_string();
    assert_eq!(
        to(&over, "operations").iter().map(|mail| mail.subject()).collect::<Vec<_>>(),
        [format!("[OVER] {seen} Documents required (acme)")]
    );
    assert!(to(&over, "managers").is_empty(), "{:?}", subjects(&over));
    // What gathers and ends before its window closes is nobody's concern either.
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    (1..=5).for_each(|serial| life.receive(serial, "acme", "96", "0302261000"));
    assert_eq!(life.mails().len(), 3);
    life.desk.clock.set(at("2026-03-02T15:01:00Z"));
    life.receive(5, "acme", "98", "0302261001");
    let rest = life.until("2026-03-02T15:10:00Z");
    let fourth = entry(4).to_string();
    assert_eq!(subjects(&rest).len(), 1, "{:?}", subjects(&rest));
    assert!(rest[0].subject().contains(&fourth), "{:?}", subjects(&rest));
    life.rebuild();
}

#[test]
fn whoever_an_alert_was_handed_on_to_hears_of_its_end() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    let handed_on = life.until("2026-03-02T20:00:00Z");
    assert_eq!(to(&handed_on, "managers").len(), 1);
    life.receive(1, "acme", "98", "0302261500");
    let over = life.mails();
    assert_eq!((to(&over, "operations").len(), to(&over, "managers").len()), (1, 1), "{:?}", subjects(&over));
    assert!(over.iter().all(|mail| mail.subject().starts_with("[OVER] ")), "{:?}", subjects(&over));
    life.rebuild();
}

#[test]
fn ends_over_the_cap_of_letters_come_in_one_letter() {
    let rules = ESCALATING.replace("tell_when_over", "gather = \"off\"\ntell_when_over");
    let mut life = Life::new(&rules, two_teams(capped(5, 10)), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 5, "96", "0302261000");
    assert_eq!(life.mails().len(), 5);
    life.desk.clock.set(at("2026-03-02T15:02:00Z"));
    receive_all(&mut life, 5, "98", "0302261002");
    assert!(life.mails().is_empty(), "the cap");
    let over = life.until("2026-03-02T15:30:00Z");
    assert_eq!(subjects(&over), ["[OVER] 5 alerts on 5 entries: Documents required (acme)"]);
    assert_eq!((over[0].at, missing(&over[0], 5)), (at("2026-03-02T15:10:00Z"), Vec::new()));
    life.rebuild();
}

#[test]
fn a_trouble_that_ends_while_its_letter_waits_is_told_once() {
    let brief = TroubleBrief {
        subject: "drop acme".into(),
        code: "list-failed".into(),
        message: "the folder could not be listed".to_owned(),
        advice: "Look at the server.".to_owned(),
        file: None,
        place: None,
    };
    let busy = |_: &entrywatch::email::Mail| Outcome::Refused { error: "451 try later".into() };
    let mut life = Life::new("", two_teams(Manners::NONE), "2026-03-02T15:00:00Z");
    life.desk.engine().trouble(Severity::Warning, "acme", brief.clone()).expect("it is told");
    assert_eq!(life.desk.deliver(busy).len(), 2);
    life.desk.clock.set(at("2026-03-02T15:10:00Z"));
    life.desk.engine().trouble_over(brief.id()).expect("it is over");
    life.rebuild();
    let sent = life.until("2026-03-02T17:00:00Z");
    for team in ["operations", "managers"] {
        let told: Vec<&str> = to(&sent, team).iter().map(|mail| mail.subject()).collect();
        assert_eq!(told, ["[OVER] drop acme: the folder could not be listed (acme)"]);
    }
    // Who had the first letter hears of the end by itself.
    life.desk.engine().trouble(Severity::Warning, "acme", brief.clone()).expect("it is told");
    assert_eq!(life.mails().len(), 2);
    life.desk.engine().trouble_over(brief.id()).expect("it is over");
    let over = life.mails();
    assert_eq!(over.len(), 2, "{:?}", subjects(&over));
    assert!(over.iter().all(|mail| mail.subject().contains("it is over")), "{:?}", subjects(&over));
    life.rebuild();
}

#[test]
fn a_letter_that_a_person_had_tried_again_has_all_its_attempts_and_is_one_letter() {
    let mut life = Life::new(ESCALATING, two_teams(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    let dead = |mail: &entrywatch::email::Mail| match String::from_utf8_lossy(mail.bytes())
        .contains("To: operations@example.com")
    {
        true => Outcome::Rejected { error: "550 no such mailbox".into() },
        false => Outcome::Accepted { response: "250 ok".into() },
    };
    let told = life.desk.deliver(dead);
    let key = told[0].key().clone();
    assert_eq!(told.len(), 2, "the letter, and managers are told of it");
    let letter = |life: &Life| life.desk.store().letter(&key).expect("it answers").expect("it is there");
    for times in 1..=3 {
        life.desk.clock.advance(TimeDelta::minutes(10));
        life.desk.engine().retry_letter(key.clone(), "jo").expect("it is tried again");
        let waiting = letter(&life);
        assert!(
            matches!(&waiting.state, LetterState::Waiting { attempt: 0, last_error: Some(error), .. } if error.contains("550")),
            "{waiting:?}"
        );
        assert_eq!(waiting.past.attempts, times, "what was before is known");
        assert!(waiting.past.given_up.is_some());
        life.rebuild();
        assert_eq!(life.desk.deliver(dead).len(), 1, "nobody is told twice");
    }
    let open = life.desk.store().troubles().expect("the store answers");
    assert!(open[0].brief.message.starts_with("a critical letter was given up"), "{}", open[0].brief.message);
    assert_eq!((open[0].given_up.letters, open[0].given_up.critical), (1, 1));
    // A server that is only busy is tried as often as for a new letter.
    life.desk.engine().retry_letter(key.clone(), "jo").expect("it is tried again");
    life.desk.deliver(|_| Outcome::Refused { error: "451 busy".into() });
    let next = letter(&life).next_try_at().expect("it waits");
    assert_eq!(next - life.now(), TimeDelta::minutes(1));
    life.rebuild();
}

#[test]
fn of_many_in_a_late_letter_those_that_are_over_are_marked() {
    let mut life = Life::new(ESCALATING, two_teams(gathering()), "2026-03-02T15:00:00Z");
    receive_all(&mut life, 10, "96", "0302261000");
    life.desk.deliver(|_| Outcome::Refused { error: "451 try later".into() });
    life.desk.clock.set(at("2026-03-02T15:30:00Z"));
    life.receive(4, "acme", "98", "0302261030");
    let sent = life.mails();
    let late = sent.iter().find(|mail| mail.subject().contains("10 alerts")).expect("the letter");
    assert!(late.subject().starts_with("[CRITICAL] "), "{}", late.subject());
    assert!(late.mail.text().contains("1 of these 10 are over"), "{}", &late.mail.text()[..600]);
    let row = late.mail.text().lines().find(|line| line.contains(&entry(4).to_string())).expect("its row");
    assert!(row.starts_with("OVER "), "{row}");
    life.rebuild();
}

#[test]
fn a_dead_mailbox_is_one_alert_that_counts_until_it_takes_a_letter_again() {
    let mut life = Life::new(ESCALATING, two_teams(Manners::NONE), "2026-03-02T15:00:00Z");
    let dead = |mail: &entrywatch::email::Mail| match String::from_utf8_lossy(mail.bytes())
        .contains("To: operations@example.com")
    {
        true => Outcome::Rejected { error: "550 no such mailbox".into() },
        false => Outcome::Accepted { response: "250 ok".into() },
    };
    let about_mailbox = |mails: &[entrywatch::email::Mail]| -> Vec<String> {
        let subjects = mails.iter().map(|mail| mail.subject().to_owned());
        subjects.filter(|subject| subject.contains("mail to operations@")).collect()
    };
    // Something that is over is bounced first: nothing that anybody must get up for.
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    life.receive(1, "acme", "98", "0302261001");
    let told = about_mailbox(&life.desk.deliver(dead));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("[WARNING] "), "{told:?}");
    // The first critical one is told, the others are counted.
    let mut told = Vec::new();
    for serial in 2..=12 {
        life.receive(serial, "acme", "96", "0302261002");
        told.extend(about_mailbox(&life.desk.deliver(dead)));
        life.desk.clock.advance(TimeDelta::minutes(1));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("[CRITICAL] "), "{told:?}");
    let open = life.desk.store().troubles().expect("the store answers");
    assert!(open[0].brief.message.starts_with("12 letters were given up, 11 of them critical"));
    life.rebuild();
    // A day later it is said again, with what was lost by then.
    life.desk.clock.set(at("2026-03-03T16:00:00Z"));
    life.tick();
    let mails = life.desk.deliver(dead);
    let again: Vec<_> = mails.iter().filter(|mail| mail.subject().contains("Reminder 2")).collect();
    assert!(!again.is_empty() && again[0].text().contains("11 of them"), "{:?}", about_mailbox(&mails));
    // It takes one: that is told, and nothing is said again.
    life.receive(20, "acme", "96", "0303261100");
    let over = life.mails();
    let over: Vec<_> = over.iter().filter(|mail| mail.subject().contains("it is over")).collect();
    assert_eq!(over.len(), 1, "{:?}", over);
    assert!(over[0].mail.html().contains("alerts list --letters --state given-up"));
    let later = life.until("2026-03-09T16:00:00Z");
    assert!(
        later.iter().all(|mail| !mail.subject().contains("mail to operations@")),
        "{:?}",
        subjects(&later)
    );
    life.rebuild();
}

#[test]
fn quiet_hours_hold_reminders_of_many_for_one_letter_in_the_morning() {
    let rules = ESCALATING.replace("severity = \"critical\"", "severity = \"warning\"");
    let manners = Manners { gather: gathering().gather, ..quiet_nights() };
    let mut life = Life::new(&rules, two_teams(manners), "2026-03-03T01:00:00Z"); // 20:00
    receive_all(&mut life, 25, "96", "0302262000");
    life.mails();
    let later = life.until("2026-03-03T12:00:00Z");
    let managers = to(&later, "managers");
    assert_eq!(managers.len(), 1, "{:?}", subjects(&later));
    assert_eq!((managers[0].at, missing(managers[0], 25)), (at("2026-03-03T11:00:00Z"), Vec::new()));
    life.rebuild();
}
