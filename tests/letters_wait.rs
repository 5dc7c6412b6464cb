//! Letters that are written and have not left: what becomes of them when their alerts end, when somebody takes care, when their address
//! is in no team any more, and when there are too many of them.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "these tests look at letters, not at quiet hours")]
mod life;

use chrono::NaiveDate;
use entrywatch::daemon::engine::Versions;
use entrywatch::email::Mail;
use entrywatch::outbox::{Acknowledgement, Audience, Letter, LetterState, Manners, Outcome, Team};
use entrywatch::store::LetterFilter;
use life::{Life, Sent, at, capped, team};

const ZONE: &str = "America/New_York";

/// Exams that are said again every day, and handed on after four hours.
const EXAM: &str = r#"
[[rule]]
name = "ex"
title = "Exam"
on = "notice"
when = { effect = "exam" }
severity = "warning"
notify = ["ops"]
remind = "at once, then every 1 day, at most 5 times"
until = { open_hold_after = false }
tell_when_over = true
replaces = ["exam"]
"#;

/// Nothing else is told.
const REST: &str = "[[rule]]\nname = \"rest\"\ntitle = \"Rest\"\non = \"notice\"\ndelivery = \"none\"\n";

fn exam() -> String {
    format!("{EXAM}{REST}")
}

/// A team of these people.
fn of(people: &[&str], manners: Manners) -> Audience {
    let to = people.iter().map(|name| format!("{name}@example.com").into()).collect();
    Audience::new(vec![Team { to, ..team("ops", ZONE) }]).with_manners("ops", manners)
}

fn busy(_: &Mail) -> Outcome {
    Outcome::Refused { error: "451 try later".into() }
}

fn lost(_: &Mail) -> Outcome {
    Outcome::Unanswered { error: "the answer was lost".into() }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn ack(life: &mut Life, serial: u32, until: &str) {
    let alerts = vec![life.alert("ex", serial)];
    let (by, reason) = ("Jo".to_owned(), "called the broker".to_owned());
    let said = Acknowledgement { alerts, by, reason, until: day(until), letter: None };
    life.desk.engine().acknowledge(&said).expect("it is taken");
}

/// Puts other people into force, as a reload does.
fn reload(life: &mut Life, rules: &str, audience: Audience) {
    let other = Life::new(rules, audience, "2026-01-01T00:00:00Z").pipeline;
    life.pipeline = other.clone();
    let versions = Versions { rules: "two".into(), ..desk::versions() };
    life.desk.engine().reload(other, versions).expect("it comes into force");
    while life.desk.engine().is_following() {
        life.desk.engine().follow_some().expect("entries follow");
    }
    life.tick();
}

/// Lets time pass while the server takes nothing.
fn refused_until(life: &mut Life, then: &str) {
    answered_until(life, then, busy);
}

/// Lets time pass while the server answers so. The mails that were handed over.
fn answered_until(life: &mut Life, then: &str, answer: impl Fn(&Mail) -> Outcome) -> Vec<Mail> {
    let mut tried = Vec::new();
    while life.now() < at(then) {
        life.desk.clock.advance(chrono::TimeDelta::hours(1));
        life.tick();
        tried.extend(life.desk.deliver(&answer));
    }
    tried
}

fn to(mail: &Mail, name: &str) -> bool {
    String::from_utf8_lossy(mail.bytes()).contains(&format!("To: {name}@"))
}

fn accepted() -> Outcome {
    Outcome::Accepted { response: "250 ok".into() }
}

/// The rules, where an exam is handed on after so long.
fn escalated(after: &str, team: &str) -> String {
    let escalate = format!("escalate = [{{ after = \"{after}\", notify = [\"{team}\"] }}]\ntell_when_over");
    exam().replace("tell_when_over", &escalate)
}

fn two_teams() -> Audience {
    Audience::new(vec![team("ops", ZONE), team("boss", ZONE)])
}

fn plain(mail: &Mail) -> String {
    mail.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(sent: &[Sent]) -> Vec<String> {
    let word = |mail: &Sent| {
        let subject = mail.subject();
        ["Reminder 2: ", "Reminder 3: ", "Not acknowledged: ", "Not delivered: ", "[OVER]", "[DIGEST]"]
            .into_iter()
            .find(|word| subject.contains(word))
            .unwrap_or("first")
            .trim_end_matches([':', ' '])
            .to_owned()
    };
    sent.iter().map(|mail| format!("{} {}", mail.to.replace("@example.com", ""), word(mail))).collect()
}

/// Letters that were taken back: to whom, and why.
fn withdrawn(life: &Life) -> Vec<(Letter, String)> {
    let letters = life.desk.store().letters(LetterFilter::Withdrawn, 100).expect("it answers");
    let reason = |letter: &Letter| match &letter.state {
        LetterState::Withdrawn { reason, .. } => reason.to_string(),
        other => panic!("{other:?}"),
    };
    letters.into_iter().map(|letter| (letter.clone(), reason(&letter))).collect()
}

#[test]
fn an_alert_that_ends_before_its_letter_is_tried_makes_one_letter() {
    let mut life = Life::new(&exam(), of(&["a"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.desk.clock.set(at("2026-03-02T15:01:00Z"));
    life.receive(1, "acme", "98", "0302261001");
    let sent = life.until("2026-03-03T18:00:00Z");
    assert_eq!(told(&sent), ["a [OVER]"]);
    assert!(sent[0].mail.text().contains("could not leave before"), "{}", sent[0].mail.text());
    life.rebuild();
}

#[test]
fn of_several_letters_that_wait_one_tells_the_end() {
    // The same people are told again that nobody could be told.
    let mut life = Life::new(&escalated("4 hours", "ops"), of(&["a"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-04T16:00:00Z");
    assert_eq!(life.desk.store().letters(LetterFilter::Waiting, 100).expect("it answers").len(), 2);
    life.receive(1, "acme", "98", "0304261100");
    let sent = life.until("2026-03-06T18:00:00Z");
    assert_eq!(told(&sent), ["a Not delivered"], "{:?}", sent[0].subject());
    assert!(sent[0].subject().starts_with("[OVER] "), "{}", sent[0].subject());
    let back = withdrawn(&life);
    assert_eq!(back.len(), 1);
    assert!(back.iter().all(|(_, reason)| reason == "it is over, and another letter tells that"));
    let said: Vec<String> = life.course("ex", 1).events.iter().map(|event| event.what.to_string()).collect();
    let noted =
        "taken back before it left, to a@example.com (letter): it is over, and another letter tells that";
    assert!(said.iter().any(|said| said == noted), "{said:#?}");
    life.rebuild();
}

#[test]
fn who_heard_a_late_first_letter_hears_of_the_end_though_the_last_one_was_lost() {
    let mut life = Life::new(&escalated("4 hours", "ops"), of(&["a"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-03T16:00:00Z");
    // What was said again is refused for good, the first letter is taken.
    life.desk.clock.advance(chrono::TimeDelta::hours(1));
    life.desk.deliver(|mail| match mail.subject().contains("Not delivered") {
        true => Outcome::Rejected { error: "550 no".into() },
        false => Outcome::Accepted { response: "250 ok".into() },
    });
    life.receive(1, "acme", "98", "0303261200");
    let sent = life.until("2026-03-03T19:00:00Z");
    let is_exam = |subject: &&str| subject.contains("examination");
    let over: Vec<&str> = sent.iter().map(Sent::subject).filter(is_exam).collect();
    assert_eq!(over.len(), 1, "{over:?}");
    assert!(over[0].starts_with("[OVER] "), "{over:?}");
    life.rebuild();
}

#[test]
fn an_answer_takes_back_what_only_nags_and_the_first_letter_says_so() {
    let mut life = Life::new(&escalated("4 hours", "ops"), of(&["a"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-04T16:00:00Z");
    ack(&mut life, 1, "2026-03-09");
    life.rebuild();
    let reasons: Vec<String> = withdrawn(&life).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["acknowledged by Jo until 2026-03-09"; 1]);
    // The answer to the whole letter is lost: the next try is the very same mail, whatever happens to the alert meanwhile.
    life.desk.clock.advance(chrono::TimeDelta::hours(1));
    let first = life.desk.deliver(lost);
    assert_eq!(first.len(), 1, "the first letter still goes");
    let said =
        "Acknowledged Wed 2026-03-04 11:00 America/New_York by Jo, until Mon 2026-03-09: called the broker.";
    let text = first[0].text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(said), "{text}");
    ack(&mut life, 1, "2026-03-12");
    let sent = life.until("2026-03-11T18:00:00Z");
    assert_eq!(told(&sent), ["a first"]);
    assert_eq!(sent[0].mail.bytes(), first[0].bytes());
    // Then it is said again.
    assert_eq!(told(&life.until("2026-03-12T12:00:00Z")), ["a Reminder 2"]);
    life.rebuild();
}

#[test]
fn an_escalation_that_waits_is_taken_back_by_an_answer() {
    let rules = exam().replace(
        "tell_when_over",
        "escalate = [{ after = \"4 hours\", notify = [\"boss\"] }]\ntell_when_over",
    );
    let teams = vec![team("ops", ZONE), team("boss", ZONE)];
    let mut life = Life::new(&rules, Audience::new(teams), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(told(&life.mails()), ["ops first"]);
    life.desk.clock.set(at("2026-03-02T19:00:00Z"));
    life.tick();
    ack(&mut life, 1, "2026-03-04");
    assert_eq!(told(&life.until("2026-03-03T18:00:00Z")), [""; 0]);
    assert_eq!(withdrawn(&life).len(), 1);
    // The boss was told nothing, and hears of no end.
    life.receive(1, "acme", "98", "0303261300");
    assert_eq!(told(&life.until("2026-03-05T18:00:00Z")), ["ops [OVER]"]);
    life.rebuild();
}

#[test]
fn a_reminder_in_a_summary_keeps_its_mark() {
    let mut life = Life::new(&exam(), of(&["a"], capped(1, 600)), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(told(&life.until("2026-03-03T14:50:00Z")), ["a first"]);
    // The only letter that may come: then the reminder of the first is over the cap, and so is the third exam.
    life.receive(2, "acme", "03", "0303260950");
    life.receive(3, "acme", "03", "0303260951");
    let sent = life.until("2026-03-04T02:00:00Z");
    assert_eq!(sent.len(), 2, "{sent:#?}");
    let text = sent[1].mail.text();
    let number = |serial| life::entry(serial).to_string();
    let row = |serial: u32| {
        text.lines().find(|line| line.contains(&number(serial))).expect("it is in the table").to_owned()
    };
    assert!(row(1).contains("Reminder 2: intensive"), "{text}");
    assert!(!row(3).contains("Reminder"), "{text}");
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("Of them, 1 said again: they are marked."), "{text}");
    assert!(text.contains(": Reminder 2: intensive"), "the section as well: {text}");
    life.rebuild();
    // All of a summary are reminders: its subject says so.
    let sent = life.until("2026-03-05T12:00:00Z");
    let reminders: Vec<&str> =
        sent.iter().map(Sent::subject).filter(|one| one.contains("on 2 entries")).collect();
    assert!(reminders.iter().all(|one| one.contains("Reminder")), "{reminders:?}");
}

#[test]
fn a_letter_to_an_address_that_is_gone_is_told_to_the_one_in_its_place() {
    let mut life = Life::new(&exam(), of(&["old", "both"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    let only_old = |mail: &Mail| match String::from_utf8_lossy(mail.bytes()).contains("To: old@") {
        true => Outcome::Refused { error: "451 try later".into() },
        false => Outcome::Accepted { response: "250 ok".into() },
    };
    assert_eq!(life.desk.deliver(only_old).len(), 2);
    life.desk.clock.set(at("2026-03-02T16:00:00Z"));
    reload(&mut life, &exam(), of(&["new", "both"], Manners::NONE));
    assert_eq!(told(&life.mails()), ["new first"]);
    let back = withdrawn(&life);
    assert!(matches!(&back[..], [(letter, _)] if &*letter.recipient == "old@example.com"), "{back:#?}");
    assert_eq!(back[0].1, "no team has this address any more; told in its place: new@example.com");
    // Once: neither another reload nor a start repeats it.
    reload(&mut life, &exam(), of(&["new", "both"], Manners::NONE));
    assert!(life.mails().is_empty());
    let pipeline = life.pipeline.clone();
    life.desk.open_as(&pipeline, "two");
    assert!(life.mails().is_empty());
    assert_eq!(told(&life.until("2026-03-03T18:00:00Z")), ["new Reminder 2", "both Reminder 2"]);
    life.receive(1, "acme", "98", "0303261300");
    let over = life.until("2026-03-03T19:00:00Z");
    assert!(!told(&over).contains(&"old [OVER]".to_owned()));
}

#[test]
fn what_was_answered_or_ended_is_not_told_to_a_new_address() {
    for is_over in [true, false] {
        let mut life = Life::new(&exam(), of(&["old"], Manners::NONE), "2026-03-02T15:00:00Z");
        life.receive(1, "acme", "03", "0302261000");
        life.desk.deliver(busy);
        life.desk.clock.set(at("2026-03-02T16:00:00Z"));
        match is_over {
            true => life.receive(1, "acme", "98", "0302261100"),
            false => ack(&mut life, 1, "2026-03-04"),
        }
        reload(&mut life, &exam(), of(&["new"], Manners::NONE));
        assert_eq!(told(&life.until("2026-03-04T10:00:00Z")), [""; 0]);
        assert_eq!(withdrawn(&life).len(), 1);
        let later = told(&life.until("2026-03-04T12:00:00Z"));
        assert_eq!(later, if is_over { vec![] } else { vec!["new Reminder 2"] }, "the answer has ended");
    }
}

#[test]
fn a_digest_and_a_reminder_to_an_address_that_is_gone_are_told_in_its_place() {
    let mut life = Life::new(EXAM, of(&["old"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.receive(2, "acme", "01", "0302261000");
    assert_eq!(told(&life.mails()), ["old first"]);
    refused_until(&mut life, "2026-03-03T16:00:00Z");
    reload(&mut life, EXAM, of(&["new"], Manners::NONE));
    // The digest is late already.
    let mut now = told(&life.mails());
    now.sort();
    assert_eq!(now, ["new Reminder 2", "new [DIGEST]"]);
    assert_eq!(told(&life.until("2026-03-04T14:00:00Z")), [""; 0]);
    let kinds: Vec<String> = withdrawn(&life).iter().map(|(letter, _)| letter.kind.to_string()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn a_letter_that_was_given_up_goes_to_the_corrected_address_when_it_is_tried_again() {
    let mut life = Life::new(&exam(), of(&["wrnog"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.desk.deliver(|_| Outcome::Rejected { error: "550 no such user".into() });
    let key = life.desk.store().letters(LetterFilter::GivenUp, 1).expect("it answers").remove(0).key;
    life.desk.clock.set(at("2026-03-02T16:00:00Z"));
    reload(&mut life, &exam(), of(&["right"], Manners::NONE));
    assert_eq!(told(&life.mails()), [""; 0], "what was given up waits for a person");
    life.desk.engine().retry_letter(key, "Jo").expect("it is taken");
    life.tick();
    assert_eq!(told(&life.mails()), ["right first"]);
}

#[test]
fn the_trouble_of_a_mailbox_is_over_when_no_team_has_it_any_more() {
    let mut life = Life::new(&exam(), of(&["wrnog", "both"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    let dead = Outcome::Rejected { error: "550 no such user".into() };
    let tried = life.desk.deliver(|mail| if to(mail, "wrnog") { dead.clone() } else { accepted() });
    let about = |subject: &str| subject.contains("mail to wrnog@");
    assert_eq!(tried.iter().filter(|mail| to(mail, "both") && about(mail.subject())).count(), 1);
    assert_eq!(life.desk.store().troubles().expect("it answers").len(), 1);
    life.desk.clock.set(at("2026-03-02T16:00:00Z"));
    reload(&mut life, &exam(), of(&["right", "both"], Manners::NONE));
    assert!(life.desk.store().troubles().expect("it answers").is_empty());
    // Who was told of it hears that, and not who came in its place.
    let over = life.mails();
    let over: Vec<&Sent> = over.iter().filter(|sent| about(sent.subject())).collect();
    assert!(matches!(over[..], [sent] if sent.to == "both@example.com"), "{over:#?}");
    assert!(plain(&over[0].mail).contains("it is over, for no team has it any more"));
    reload(&mut life, &exam(), of(&["right", "both"], Manners::NONE));
    let later = life.until("2026-03-06T16:00:00Z");
    assert!(!later.iter().any(|sent| about(sent.subject())), "{:?}", told(&later));
    let pipeline = life.pipeline.clone();
    life.desk.open_as(&pipeline, "two");
    assert!(life.desk.store().troubles().expect("it answers").is_empty());
}

#[test]
fn nobody_is_reminded_of_what_still_waits() {
    let mut life = Life::new(&escalated("4 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-05T14:00:00Z");
    let waiting = life.desk.store().letters(LetterFilter::Waiting, 100).expect("it answers");
    assert_eq!(waiting.len(), 2, "a first letter, and one to the boss: {waiting:#?}");
    let said: Vec<String> = life.course("ex", 1).events.iter().map(|event| event.what.to_string()).collect();
    assert!(
        said.contains(&"not said again: the word before still waits for its server".to_owned()),
        "{said:#?}"
    );
    life.rebuild();
    // The server takes mail again: the first letter leaves, nobody is told in place of its reader, and all time counts from now.
    assert_eq!(told(&life.until("2026-03-05T16:00:00Z")), ["ops first"]);
    assert_eq!(withdrawn(&life).len(), 1);
    assert_eq!(told(&life.until("2026-03-05T18:30:00Z")), [""; 0]);
    assert_eq!(told(&life.until("2026-03-05T19:30:00Z")), ["boss Not acknowledged"]);
    assert_eq!(told(&life.until("2026-03-06T14:30:00Z")), [""; 0]);
    assert_eq!(told(&life.until("2026-03-06T15:30:00Z")), ["ops Reminder 2"]);
    assert_eq!(told(&life.until("2026-03-07T15:30:00Z")), ["ops Reminder 3"]);
    life.rebuild();
}

#[test]
fn the_time_to_answer_runs_from_the_letter_that_left() {
    let mut life = Life::new(&escalated("2 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.desk.deliver(busy);
    refused_until(&mut life, "2026-03-02T16:00:00Z");
    assert_eq!(told(&life.until("2026-03-02T16:30:00Z")), ["ops first"]);
    assert_eq!(told(&life.until("2026-03-02T18:29:00Z")), [""; 0], "not two hours from when it was written");
    assert_eq!(told(&life.until("2026-03-02T18:31:00Z")), ["boss Not acknowledged"]);
    life.rebuild();
}

#[test]
fn an_escalation_that_waits_as_well_is_taken_back_when_the_first_letter_leaves() {
    let mut life = Life::new(&escalated("2 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-02T18:00:00Z");
    let only_ops = |mail: &Mail| if to(mail, "ops") { accepted() } else { busy(mail) };
    answered_until(&mut life, "2026-03-02T19:00:00Z", only_ops);
    let back = withdrawn(&life);
    assert_eq!(back.len(), 1, "{back:#?}");
    assert!(back[0].1.starts_with("those who are told first have their letter now"), "{back:#?}");
    assert_eq!(told(&life.until("2026-03-02T20:30:00Z")), [""; 0]);
    assert_eq!(told(&life.until("2026-03-02T21:30:00Z")), ["boss Not acknowledged"]);
    life.rebuild();
}

/// Both are ready at one moment, and the server takes mail again.
#[test]
fn an_escalation_waits_for_what_becomes_of_the_first_letter_of_its_batch() {
    let mut life = Life::new(&escalated("2 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.desk.deliver(busy);
    life.desk.clock.set(at("2026-03-02T17:00:00Z"));
    life.tick();
    assert_eq!(life.desk.store().letters_ready(life.now(), 9).expect("it answers").len(), 2);
    assert_eq!(told(&life.mails()), ["ops first"]);
    assert_eq!(withdrawn(&life).len(), 1);
    assert_eq!(told(&life.until("2026-03-02T18:59:00Z")), [""; 0]);
    assert_eq!(told(&life.until("2026-03-02T19:01:00Z")), ["boss Not acknowledged"]);
    life.rebuild();
    // The first letter is put off once more: those in its place are told without delay.
    let mut life = Life::new(&escalated("4 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    refused_until(&mut life, "2026-03-05T14:00:00Z");
    let no_ops = |mail: &Mail| if to(mail, "ops") { busy(mail) } else { accepted() };
    let tried = answered_until(&mut life, "2026-03-05T16:00:00Z", no_ops);
    let told: Vec<&Mail> = tried.iter().filter(|mail| to(mail, "boss")).collect();
    assert!(matches!(told[..], [boss] if boss.subject().contains("Not delivered: ")), "{told:#?}");
    let text = plain(told[0]);
    let why = "This could not be delivered to ops since Mon 2026-03-02 10:00 America/New_York: no letter had left for them when \
               this mail was written (Mon 2026-03-02 14:00 America/New_York). You are told in their place.";
    assert!(text.contains(why), "{text}");
    assert!(!text.contains("acknowledged this"), "{text}");
    life.rebuild();
}

#[test]
fn an_escalation_about_many_names_no_alert_as_not_delivered_that_was_delivered_before_it_left() {
    let people = two_teams().with_manners("boss", life::gathering());
    let mut life = Life::new(&escalated("2 hours", "boss"), people, "2026-03-02T15:00:00Z");
    for serial in [1, 2] {
        life.receive(serial, "acme", "03", "0302261000");
    }
    life.desk.deliver(busy);
    life.desk.clock.set(at("2026-03-02T17:00:00Z"));
    life.tick();
    let second = life::entry(2).to_string();
    let is_late = |mail: &Mail| to(mail, "ops") && mail.subject().contains(&second);
    let tried = life.desk.deliver(|mail| if is_late(mail) { busy(mail) } else { accepted() });
    let boss = tried.iter().find(|mail| to(mail, "boss")).expect("a letter");
    assert!(boss.subject().contains("Not acknowledged: 2 alerts"), "{}", boss.subject());
    assert!(plain(boss).contains("1 of them could not be delivered"), "{}", plain(boss));
    life.rebuild();
}

#[test]
fn a_dead_mailbox_delays_no_reminder_to_the_others() {
    let mut life = Life::new(&exam(), of(&["a", "b"], Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    let only_a = |mail: &Mail| if to(mail, "a") { accepted() } else { busy(mail) };
    let tried = answered_until(&mut life, "2026-03-04T16:00:00Z", only_a);
    let to_a = tried.iter().filter(|mail| to(mail, "a"));
    let reminders = to_a.filter(|mail| mail.subject().contains("Reminder")).count();
    assert_eq!(reminders, 2);
    assert_eq!(life.desk.store().letters(LetterFilter::Waiting, 100).expect("it answers").len(), 1);
    let sent = life.until("2026-03-05T18:00:00Z");
    assert_eq!(told(&sent)[0], "b first");
    let to_b = sent.iter().filter(|sent| sent.to.starts_with("b@")).count();
    assert_eq!(to_b, 2, "the first word, and the reminder of that day: {:?}", told(&sent));
    life.rebuild();
}

#[test]
fn who_is_told_because_a_mailbox_takes_nothing_is_told_so() {
    let mut life = Life::new(&escalated("2 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    let no_ops =
        |mail: &Mail| if to(mail, "ops") { Outcome::Rejected { error: "550 no".into() } } else { accepted() };
    let tried = answered_until(&mut life, "2026-03-02T18:00:00Z", no_ops);
    let told = tried.iter().find(|mail| mail.subject().contains("Not delivered: ")).expect("a letter");
    assert!(plain(told).contains("could not be delivered to ops since"), "{}", plain(told));
    life.rebuild();
}

#[test]
fn what_is_said_after_an_answer_names_it() {
    let mut life = Life::new(&escalated("2 hours", "boss"), two_teams(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(told(&life.mails()), ["ops first"]);
    ack(&mut life, 1, "2026-03-04");
    let sent = life.until("2026-03-04T14:30:00Z");
    assert_eq!(told(&sent), ["ops Reminder 2", "boss Not acknowledged"]);
    let answer = "It was acknowledged by Jo, until Wed 2026-03-04: called the broker. That has ended";
    let again = plain(&sent[0].mail);
    assert!(
        again.contains(&format!("Said again, 2 times in all. {answer}, and its cause is still there.")),
        "{again}"
    );
    let escalation = plain(&sent[1].mail);
    let nobody =
        "Nobody has acknowledged this again in the time that its rule gives, so you are told as well.";
    assert!(escalation.contains(&format!("{answer}. {nobody}")), "{escalation}");
    life.rebuild();
}
