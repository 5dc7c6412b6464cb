//! Other rules, teams and dates of our own come into force while clocks run and alerts wait: nothing that is still to be said is lost.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "these tests tell of changes, not of floods")]
mod life;

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use entrywatch::clock::Zone;
use entrywatch::daemon::engine::Versions;
use entrywatch::ident::{BrokerName, EntryNumber};
use entrywatch::journal::JournalReader;
use entrywatch::outbox::{
    Acknowledgement, AlertKey, AsOf, Attempt, Audience, Manners, Outcome, Team, TroubleBrief,
};
use entrywatch::pipeline::FeedWatch;
use entrywatch::place::Severity;
use entrywatch::serve::TargetWish;
use entrywatch::store::LetterFilter;
use entrywatch::workbench::backtest::{Backtest, backtest};
use life::{Life, Sent, at, capped, entry, quiet_nights, team};

const PROTEST: &str = "PROTEST_DUE@liquidation";
const ZONE: &str = "America/New_York";

fn one(manners: Manners) -> Audience {
    Audience::new(vec![team("ops", ZONE)]).with_manners("ops", manners)
}

fn protest_entry() -> EntryNumber {
    EntryNumber::parse("9Z7-1000042-5").expect("a number")
}

/// Liquidated on 2026-03-20; a protest is due on 2026-09-16.
fn liquidated(rules: &str) -> Life {
    let mut life = Life::new(rules, one(Manners::NONE), "2026-03-20T14:00:00Z");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/5-liquidated.txt");
    let text = std::fs::read_to_string(path).expect("a sample").replace("021526", "032026");
    let text = text.replace("0425021326", "0425032026").replace("1000042502132602", "1000042503202602");
    life.desk.receive("nr.txt", "globex", text.as_bytes());
    life.mails();
    life
}

fn protest(remind: &str) -> String {
    format!(
        "[[rule]]\nname = \"protest\"\ntitle = \"Protest\"\non = \"deadline\"\ndeadline = \"PROTEST_DUE\"\nseverity = \"warning\"\n{remind}\n"
    )
}

/// Puts other rules and people into force, as a reload does.
fn reload(life: &mut Life, rules: &str, audience: Audience, version: &str) {
    let other = Life::new(rules, audience, "2026-01-01T00:00:00Z").pipeline;
    life.pipeline = other.clone();
    let versions = Versions { rules: version.into(), ..desk::versions() };
    life.desk.engine().reload(other, versions).expect("it comes into force");
    while life.desk.engine().is_following() {
        life.desk.engine().follow_some().expect("entries follow");
    }
}

/// Days and subjects of the letters about protests.
fn protests(sent: &[Sent]) -> Vec<String> {
    let about = sent.iter().filter(|sent| sent.subject().contains("Protest"));
    about.map(|sent| format!("{} {}", sent.at.date_naive(), sent.subject())).collect()
}

fn days(sent: &[Sent]) -> Vec<String> {
    protests(sent).iter().map(|line| line[5..10].to_owned()).collect()
}

fn journaled(life: &Life) -> u64 {
    life.desk.store().position().expect("the store answers").seq
}

#[test]
fn our_own_date_gives_way_to_the_legal_one() {
    let mut life = liquidated("");
    let wish = TargetWish {
        entry: protest_entry(),
        deadline: PROTEST.to_owned(),
        date: Some("2026-08-20".parse().expect("a date")),
        reason: "early".to_owned(),
        on: None,
        even_if_late: false,
    };
    life.desk.engine().set_target(wish, "jo").expect("it is journaled");
    let sent = life.until("2026-08-21T22:00:00Z");
    assert!(days(&sent).contains(&"08-21".to_owned()), "{:?}", protests(&sent));
    let sent = life.until("2026-10-30T12:00:00Z");
    assert_eq!(
        days(&sent),
        ["09-02", "09-09", "09-13", "09-15", "09-16", "09-17"],
        "the law's last two weeks: {:?}",
        protests(&sent)
    );
    assert!(protests(&sent)[0].contains("act by 2026-09-16 (in 14 days)"), "{:?}", protests(&sent));
    life.rebuild();
}

/// A rule that kept silent gets a ladder while the clock runs: the step of two days ago is told late, the coming ones on their days.
#[test]
fn a_rule_that_begins_to_remind_reaches_clocks_that_run() {
    let mut life = liquidated(&protest("delivery = \"none\""));
    assert_eq!(days(&life.until("2026-07-20T12:00:00Z")), [""; 0]);
    let ladder = protest("remind = [60, 50, 45, 30, 7]");
    reload(&mut life, &ladder, one(Manners::NONE), "two");
    let sent = life.until("2026-10-01T12:00:00Z");
    assert_eq!(days(&sent), ["07-20", "07-28", "08-02", "08-17", "09-09"], "{:?}", protests(&sent));
    // All of it follows from the journal, with the rules that are in force now.
    let (hash, reminders) = (life.desk.state_hash(), reminders(&life));
    life.desk.open_as(&life.pipeline, "two");
    assert_eq!((life.desk.state_hash(), self::reminders(&life)), (hash, reminders));
}

fn reminders(life: &Life) -> Vec<String> {
    let known = life.desk.store().life(protest_entry()).expect("the store answers").expect("it is known");
    known.reminders.iter().map(|one| format!("{} {} {}", one.day, one.target, one.deadline)).collect()
}

#[test]
fn steps_that_a_change_adds_are_told_and_none_twice() {
    let mut life = liquidated(&protest("remind = [60, 30, 7]"));
    assert_eq!(days(&life.until("2026-07-20T12:00:00Z")), ["07-18"]);
    reload(&mut life, &protest("remind = [60, 50, 45, 30, 7]"), one(Manners::NONE), "two");
    // What has nothing to do with clocks writes nothing.
    let before = journaled(&life);
    let unrelated = "\n[[rule]]\nname = \"x\"\ntitle = \"X\"\non = \"notice\"\nwhen = { effect = \"seizure\" }\nseverity = \"critical\"\n";
    let rules = protest("remind = [60, 50, 45, 30, 7]") + unrelated;
    reload(&mut life, &rules, one(Manners::NONE), "three");
    assert_eq!(journaled(&life), before);
    assert_eq!(days(&life.until("2026-08-10T12:00:00Z")), ["07-28", "08-02"]);
    // A step that is long past is history.
    reload(&mut life, &protest("remind = [60, 55, 30, 7]"), one(Manners::NONE), "four");
    assert_eq!(days(&life.until("2026-10-01T12:00:00Z")), ["08-17", "09-09"]);
}

#[test]
fn a_ladder_that_ends_early_is_named() {
    let remarks = |remind: &str| {
        let pipeline = Life::new(&protest(remind), one(Manners::NONE), "2026-01-01T00:00:00Z").pipeline;
        pipeline.rules.remarks().iter().map(ToString::to_string).collect::<String>()
    };
    assert!(remarks("remind = [60, 30]").contains("nothing is said in the last 14 days"));
    assert!(remarks("remind = [60, 10, \"overdue\"]").contains("nothing is said in the last 7 days"));
    for enough in ["remind = [30, 7]", "remind = [\"overdue\"]", "remind = [30]\ndelivery = \"digest\""] {
        assert_eq!(remarks(enough), "", "{enough}");
    }
}

fn acknowledge(life: &mut Life, step: &str, until: &str) {
    let alerts = life.desk.store().alerts(None, usize::MAX).expect("the store answers");
    let keys = alerts.into_iter().map(|alert| alert.key);
    let of_step: Vec<AlertKey> = keys
        .filter(|key| key.as_str().contains(PROTEST) && key.as_str().ends_with(&format!("/{step}")))
        .collect();
    assert_eq!(of_step.len(), 1);
    let said = Acknowledgement {
        alerts: of_step,
        by: "jo".to_owned(),
        reason: "counsel has it".to_owned(),
        until: until.parse().expect("a date"),
        letter: None,
    };
    life.desk.engine().acknowledge(&said).expect("it is taken");
}

#[test]
fn an_acknowledged_step_is_said_again_on_its_day() {
    let mut life = liquidated(&protest("remind = [60, 30]"));
    assert_eq!(days(&life.until("2026-07-18T14:00:00Z")), ["07-18"]);
    acknowledge(&mut life, "60", "2026-07-20");
    let sent = life.until("2026-08-16T12:00:00Z");
    assert_eq!(days(&sent), ["07-20"], "{:?}", protests(&sent));
    assert!(protests(&sent)[0].contains("due in 58 days"), "as of that day: {:?}", protests(&sent));
    assert_eq!(days(&life.until("2026-08-17T14:00:00Z")), ["08-17"]);
    // Far behind the date: opens with 14 days left, and when it is answered again, in the last days.
    acknowledge(&mut life, "30", "2026-11-12");
    assert_eq!(days(&life.until("2026-09-02T14:00:00Z")), ["09-02"]);
    acknowledge(&mut life, "30", "2026-11-12");
    assert_eq!(days(&life.until("2026-09-09T14:00:00Z")), ["09-09"]);
    acknowledge(&mut life, "30", "2026-11-12");
    assert_eq!(days(&life.until("2026-09-16T14:00:00Z")), ["09-16"]);
    life.rebuild();
}

#[test]
fn an_acknowledged_step_is_not_said_beside_the_next_one() {
    let mut life = liquidated(&protest("remind = [60, 50, 30]"));
    life.until("2026-07-18T14:00:00Z");
    acknowledge(&mut life, "60", "2026-08-01");
    // The step of 28 July waited for the acknowledgement to end, and takes the other's place.
    assert_eq!(days(&life.until("2026-08-10T12:00:00Z")), ["08-01"]);
    // A change of rules leaves an answer as it is.
    acknowledge(&mut life, "50", "2026-08-25");
    reload(&mut life, &protest("remind = [60, 50, 35, 30, 7]"), one(Manners::NONE), "two");
    assert_eq!(days(&life.until("2026-09-01T12:00:00Z")), ["08-25"]);
}

const EXAM: &str = r#"
[[rule]]
name = "NAME"
title = "Exam"
on = "notice"
when = { effect = "exam" }
severity = "warning"
remind = "at once, then every 1 day, at most 3 times"
until = { open_hold_after = false }
tell_when_over = true
"#;

fn exam(name: &str) -> String {
    EXAM.replace("NAME", name)
}

fn recipients(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(|sent| &*sent.to).collect()
}

#[test]
fn a_rebuild_under_other_rules_keeps_what_is_planned() {
    // In the evening of New York, in the quiet hours.
    let mut life = Life::new(&exam("ex"), one(quiet_nights()), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    life.desk.clock.set(at("2026-03-03T04:00:00Z"));
    life.tick();
    life.receive(2, "acme", "03", "0302262255");
    assert!(life.mails().is_empty(), "it waits for the morning");
    let unrelated = exam("ex") + &exam("other").replace("exam\"", "seizure\"");
    let other = Life::new(&unrelated, one(quiet_nights()), "2026-01-01T00:00:00Z").pipeline;
    life.pipeline = other.clone();
    life.desk.open_as(&other, "other");
    assert!(life.mails().is_empty(), "letters of the past are not sent again");
    let sent = life.until("2026-03-03T11:30:00Z");
    assert_eq!(sent.len(), 1, "what waited for the morning comes");
    assert!(sent[0].subject().contains(&entry(2).as_str()[3..10]), "{:?}", sent[0].subject());
    let sent = life.until("2026-03-04T12:00:00Z");
    assert!(sent.iter().any(|sent| sent.subject().contains(&entry(1).as_str()[3..10])), "reminders go on");
    life.desk.open_as(&other, "other");
    assert!(life.mails().is_empty());
    let told = life.told();
    life.desk.open_as(&other, "other");
    assert_eq!(life.told(), told);
}

/// Rules and people of another life, which go by another name than those of the journal.
fn start_as(life: &mut Life, rules: &str, audience: Audience) {
    let other = Life::new(rules, audience, "2026-01-01T00:00:00Z").pipeline;
    life.pipeline = other.clone();
    life.desk.open_as(&other, "other");
}

/// The serial numbers of the entries that letters are about, as far as their subjects name one.
fn told_of(sent: &[Sent]) -> Vec<u32> {
    let is_of = |sent: &Sent, serial: u32| sent.subject().contains(&entry(serial).as_str()[3..10]);
    sent.iter().flat_map(|sent| (1..10).filter(|serial| is_of(sent, *serial))).collect()
}

/// The process dies before it tells of the last file, and the next one has no store and other rules.
#[test]
fn what_nobody_had_heard_of_is_told_after_a_rebuild_under_other_rules() {
    for rules in [exam("ex") + &exam("other").replace("exam\"", "seizure\""), exam("renamed")] {
        let mut life = Life::new(&exam("ex"), one(Manners::NONE), "2026-03-02T15:00:00Z");
        life.receive(1, "acme", "03", "0302261000");
        assert_eq!(told_of(&life.mails()), [1]);
        life.receive(2, "acme", "03", "0302261000");
        start_as(&mut life, &rules, one(Manners::NONE));
        assert_eq!(told_of(&life.mails()), [2], "{rules}");
        start_as(&mut life, &rules, one(Manners::NONE));
        assert!(life.mails().is_empty(), "it was told by now");
        // Somebody takes care of the third without a letter.
        life.receive(3, "acme", "03", "0302261000");
        let said = Acknowledgement {
            alerts: vec![life.alert(if rules.contains("renamed") { "renamed" } else { "ex" }, 3)],
            by: "jo".to_owned(),
            reason: "saw it".to_owned(),
            until: "2026-03-09".parse().expect("a date"),
            letter: None,
        };
        life.desk.engine().acknowledge(&said).expect("it is taken");
        start_as(&mut life, &exam("again"), one(Manners::NONE));
        let pipeline = life.pipeline.clone();
        life.desk.open_as(&pipeline, "yet another");
        assert!(life.mails().is_empty(), "{rules}");
    }
}

/// One recipient's server took the letter, the other's had no turn.
#[test]
fn of_two_recipients_the_one_who_had_not_heard_hears_after_a_rebuild() {
    let people = || {
        let to = vec!["a@example.com".into(), "b@example.com".into()];
        Audience::new(vec![Team { to, ..team("ops", ZONE) }]).with_manners("ops", Manners::NONE)
    };
    let mut life = Life::new(&exam("ex"), people(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 2);
    life.receive(2, "acme", "03", "0302261000");
    let letters = life.desk.store().letters_ready(life.now(), 9).expect("the store answers");
    let first = letters.into_iter().find(|letter| &*letter.recipient == "a@example.com").expect("a letter");
    let outcome = Outcome::Accepted { response: "250 ok".into() };
    let attempt = Attempt { letter: first.key, outcome, as_of: AsOf::default() };
    life.desk.engine().delivered(&[attempt]).expect("it is recorded");
    start_as(&mut life, &exam("renamed"), people());
    assert_eq!(recipients(&life.mails()), ["b@example.com"]);
}

/// Under the old rules it waited for the morning, or for the digest; those in force tell at once.
#[test]
fn what_waited_under_the_old_rules_is_told_at_once_by_new_ones_after_a_rebuild() {
    let in_digest =
        exam("ex").replace("remind = ", "# ").replace("tell_when_over", "# ") + "delivery = \"digest\"\n";
    for (rules, manners) in [(exam("ex"), quiet_nights()), (in_digest, Manners::NONE)] {
        let mut life = Life::new(&rules, one(manners), "2026-03-03T04:00:00Z");
        life.receive(1, "acme", "03", "0302262255");
        assert!(life.mails().is_empty(), "it waits: {rules}");
        life.desk.clock.set(at("2026-03-03T04:30:00Z"));
        start_as(&mut life, &exam("ex"), one(Manners::NONE));
        assert_eq!(told_of(&life.mails()), [1], "{rules}");
        assert_eq!(told_of(&life.until("2026-03-03T20:00:00Z")), [0; 0], "{rules}");
    }
    // What a digest told is told.
    let in_digest =
        exam("ex").replace("remind = ", "# ").replace("tell_when_over", "# ") + "delivery = \"digest\"\n";
    let mut life = Life::new(&in_digest, one(Manners::NONE), "2026-03-03T04:00:00Z");
    life.receive(1, "acme", "03", "0302262255");
    assert_eq!(life.until("2026-03-03T14:00:00Z").len(), 1);
    start_as(&mut life, &exam("ex"), one(Manners::NONE));
    assert!(life.mails().is_empty());
}

/// Rules that tell at once what those of then kept silent about find many of the last hours: the cap of letters holds for all of them.
#[test]
fn what_a_rebuild_has_to_tell_is_under_the_cap_of_letters() {
    let silent = endless("ex", "delivery = \"none\"");
    let mut life = Life::new(&silent, one(capped(3, 60)), "2026-03-02T15:00:00Z");
    for serial in 1..=9 {
        life.receive(serial, "acme", "03", "0302261000");
        life.desk.clock.advance(chrono::TimeDelta::hours(2));
    }
    assert!(life.mails().is_empty());
    start_as(&mut life, &endless("ex", ""), one(capped(3, 60)));
    assert_eq!(told_of(&life.mails()), [1, 2, 3]);
    let sent = life.until("2026-03-03T11:00:00Z");
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].subject().contains("6 alerts on 6 entries"), "{}", sent[0].subject());
    start_as(&mut life, &endless("ex", ""), one(capped(3, 60)));
    assert_eq!(life.until("2026-03-04T11:00:00Z").len(), 0, "they were told by now");
}

fn moved_to(name: &str, address: &str, manners: Manners) -> Audience {
    let team = Team { to: vec![address.into()], ..team(name, ZONE) };
    Audience::new(vec![team]).with_manners(name, manners)
}

#[test]
fn what_waits_for_an_address_goes_to_the_one_in_its_place() {
    let mut life =
        Life::new(&exam("ex"), moved_to("ops", "old@example.com", quiet_nights()), "2026-03-03T04:00:00Z");
    life.receive(1, "acme", "03", "0302262255");
    // Routine: a release, for the digest of the morning.
    life.receive(2, "acme", "01", "0302262255");
    assert!(life.mails().is_empty());
    reload(&mut life, &exam("ex"), moved_to("ops", "new@example.com", quiet_nights()), "two");
    let sent = life.until("2026-03-03T14:00:00Z");
    assert_eq!(recipients(&sent), ["new@example.com", "new@example.com"], "{sent:#?}");
    assert!(sent[1].subject().contains("[DIGEST]"));
}

#[test]
fn a_team_with_another_name_is_reminded_and_told_of_the_end() {
    let mut life =
        Life::new(&exam("ex"), moved_to("ops", "ops@example.com", Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    reload(&mut life, &exam("ex"), moved_to("desk", "desk@example.com", Manners::NONE), "two");
    let sent = life.until("2026-03-03T16:00:00Z");
    assert_eq!(recipients(&sent), ["desk@example.com"], "{sent:#?}");
    life.receive(1, "acme", "01", "0303261200");
    let sent = life.until("2026-03-03T17:00:00Z");
    assert!(sent.iter().any(|sent| sent.subject().contains("[OVER]")), "{sent:#?}");
}

#[test]
fn a_rule_with_another_name_takes_the_place_of_the_one_that_is_gone() {
    let mut life = Life::new(&exam("ex"), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    reload(&mut life, &exam("ex2"), one(Manners::NONE), "two");
    let old = life.course("ex", 1);
    assert_eq!(old.state(), "over");
    assert!(old.events.last().is_some_and(|event| event.what.to_string().contains("`ex` is gone")));
    let sent = life.mails();
    assert_eq!(sent.len(), 1, "a new name alerts anew");
    let sent = life.until("2026-03-03T16:00:00Z");
    assert_eq!(sent.len(), 1, "and reminds");
    life.receive(1, "acme", "01", "0303261200");
    let sent = life.until("2026-03-03T17:00:00Z");
    assert_eq!(sent.iter().filter(|sent| sent.subject().contains("[OVER]")).count(), 1, "{sent:#?}");
    assert_eq!(life.desk.store().letters(LetterFilter::GivenUp, 10).expect("it answers").len(), 0);
}

/// A rule whose alerts nothing ends.
fn endless(name: &str, more: &str) -> String {
    let rule = format!("[[rule]]\nname = \"{name}\"\ntitle = \"Exam\"\non = \"notice\"\n");
    rule + &format!("when = {{ effect = \"exam\" }}\nseverity = \"warning\"\n{more}\n")
}

fn is_closed(life: &Life) {
    let old = life.course("ex", 1);
    assert_eq!(old.state(), "over");
    assert!(old.events.last().is_some_and(|event| event.what.to_string().contains("`ex` is gone")));
}

#[test]
fn an_alert_without_an_end_is_closed_when_its_rule_is_gone() {
    let mut life = Life::new(&endless("ex", ""), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    reload(&mut life, &endless("ex2", ""), one(Manners::NONE), "two");
    is_closed(&life);
    assert_eq!(life.until("2026-03-05T15:00:00Z").len(), 0, "it was told, and nothing was left to say");
    let lines = journaled(&life);
    reload(&mut life, &endless("ex2", ""), one(Manners::NONE), "three");
    assert_eq!(journaled(&life), lines, "nothing is left to close");
}

#[test]
fn an_alert_without_an_end_leaves_what_it_still_had_to_say_to_the_rule_in_its_place() {
    // A plan: the new name alerts anew and reminds.
    let plan = "remind = \"at once, then every 1 day, at most 3 times\"";
    let mut life = Life::new(&endless("ex", plan), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 1);
    reload(&mut life, &endless("ex2", plan), one(Manners::NONE), "two");
    is_closed(&life);
    assert_eq!(life.mails().len(), 1);
    assert_eq!(life.until("2026-03-10T15:00:00Z").len(), 2);
    // Somebody takes care of it as long, and nobody is told before.
    let mut life = Life::new(&endless("ex", ""), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    life.mails();
    acknowledge_exam(&mut life, "2026-03-05");
    reload(&mut life, &endless("ex2", ""), one(Manners::NONE), "two");
    is_closed(&life);
    assert_eq!(life.course("ex2", 1).state(), "acknowledged");
    assert_eq!(life.until("2026-03-05T10:00:00Z").len(), 0);
    assert_eq!(life.until("2026-03-05T20:00:00Z").len(), 1);
    // It waits for the morning: it is told then, once.
    let mut life = Life::new(&endless("ex", ""), one(quiet_nights()), "2026-03-03T04:00:00Z");
    life.receive(1, "acme", "03", "0302262255");
    reload(&mut life, &endless("ex2", ""), one(quiet_nights()), "two");
    is_closed(&life);
    assert_eq!(life.until("2026-03-03T20:00:00Z").len(), 1);
}

fn acknowledge_exam(life: &mut Life, until: &str) {
    let said = Acknowledgement {
        alerts: vec![life.alert("ex", 1)],
        by: "jo".to_owned(),
        reason: "booked".to_owned(),
        until: until.parse().expect("a date"),
        letter: None,
    };
    life.desk.engine().acknowledge(&said).expect("it is taken");
}

/// The journal of a life under its own rules and under these.
fn compared(life: &Life, rules: &str) -> Backtest {
    let journal = JournalReader::open(life.desk.folder.path()).expect("the journal opens");
    let candidate = Life::new(rules, one(Manners::NONE), "2026-01-01T00:00:00Z").pipeline;
    let since = "2026-01-01".parse().expect("a date");
    backtest(&journal, &life.pipeline, &candidate, since, life.now(), &|_| {}).expect("it is played")
}

#[test]
fn who_took_care_of_an_alert_took_care_of_it_under_another_name() {
    let mut life = Life::new(&exam("ex"), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    acknowledge_exam(&mut life, "2026-03-05");
    let sent = life.until("2026-03-06T15:00:00Z");
    assert_eq!(sent.iter().filter(|sent| sent.subject().contains("Reminder")).count(), 2, "{sent:#?}");
    // In a backtest, where both rules never met ...
    let result = compared(&life, &exam("ex2"));
    assert_eq!(
        (result.counts.added, result.counts.removed, result.unanswered),
        (0, 0, 0),
        "{:#?}",
        result.changes
    );
    assert!(result.counts.changed > 0);
    // ... and in a store that is rebuilt under the other name.
    let mut life = Life::new(&exam("ex"), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    acknowledge_exam(&mut life, "2026-03-05");
    life.mails();
    let other = Life::new(&exam("ex2"), one(Manners::NONE), "2026-01-01T00:00:00Z").pipeline;
    life.pipeline = other.clone();
    life.desk.open_as(&other, "other");
    assert_eq!(life.course("ex2", 1).state(), "acknowledged");
    assert!(life.until("2026-03-05T10:00:00Z").iter().all(|sent| !sent.subject().contains("Reminder")));
    assert!(life.until("2026-03-05T12:00:00Z").iter().any(|sent| sent.subject().contains("Reminder")));
}

#[test]
fn an_acknowledged_step_counts_for_a_ladder_with_another_name_and_the_same_step() {
    let mut life = liquidated(&protest("remind = [60, 30]"));
    life.until("2026-07-18T14:00:00Z");
    acknowledge(&mut life, "60", "2026-08-01");
    life.until("2026-08-20T14:00:00Z");
    let renamed = protest("remind = [60, 30]").replace("name = \"protest\"", "name = \"protest-2\"");
    let result = compared(&life, &renamed);
    assert_eq!(
        (result.counts.added, result.counts.removed, result.unanswered),
        (0, 0, 0),
        "{:#?}",
        result.changes
    );
    let result = compared(&life, &protest("remind = [62, 30]"));
    assert_eq!(result.unanswered, 1, "{:#?}", result.changes);
}

#[test]
fn an_alert_is_told_when_the_inhibition_that_hid_it_is_taken_out() {
    let hiding =
        exam("ex") + "\n[[inhibit]]\nname = \"quiet\"\nwhen = { open_hold_after = true }\nhides = [\"ex\"]\n";
    let mut life = Life::new(&hiding, one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert!(life.until("2026-03-02T18:00:00Z").is_empty());
    reload(&mut life, &exam("ex"), one(Manners::NONE), "two");
    assert_eq!(life.mails().len(), 1);
    let pipeline: Arc<_> = life.pipeline.clone();
    life.desk.open_as(&pipeline, "two");
    assert!(life.mails().is_empty());
}

#[test]
fn what_waits_before_it_is_told_is_told_though_its_plan_is_gone() {
    let plain = "[[rule]]\nname = \"ex\"\ntitle = \"Exam\"\non = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"warning\"\n";
    let waiting = format!("{plain}remind = \"after 2 hours, then every 2 days, at most 3 times\"\n");
    let mut life = Life::new(&waiting, one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "03", "0302261000");
    assert!(life.until("2026-03-02T16:00:00Z").is_empty());
    reload(&mut life, plain, one(Manners::NONE), "two");
    assert_eq!(life.until("2026-03-02T18:00:00Z").len(), 1);
    assert!(life.until("2026-03-09T18:00:00Z").iter().all(|sent| !sent.subject().contains("Reminder")));
}

/// A rule on what lasts and is about no entry, under a name.
fn lasting(name: &str, on: &str, code: &str) -> String {
    format!(
        "[[rule]]\nname = \"{name}\"\ntitle = \"It lasts\"\non = \"{on}\"\nwhen = {{ code = \"{code}\" }}\nseverity = \"warning\"\n\
         notify = [\"ops\"]\nremind = \"at once, then every 1 day, at most 9 times\"\n"
    )
}

fn full_disk() -> TroubleBrief {
    TroubleBrief {
        subject: "disk".into(),
        code: "disk-full".into(),
        message: "the disk is full".to_owned(),
        advice: "Make room.".to_owned(),
        file: None,
        place: None,
    }
}

fn states(life: &Life, rule: &str) -> Vec<String> {
    let store = life.desk.store();
    let alerts = store.alerts(None, usize::MAX).expect("it answers").into_iter();
    let of_rule = alerts.filter(|alert| &*alert.rule == rule);
    of_rule
        .map(|alert| store.course(&alert.key).expect("it answers").unwrap_or_default().state().to_owned())
        .collect()
}

#[test]
fn a_trouble_that_lasts_is_told_by_the_rule_with_the_new_name() {
    for is_answered in [false, true] {
        let rules = |name: &str| lasting(name, "trouble", "disk-full");
        let mut life = Life::new(&rules("disk"), one(Manners::NONE), "2026-03-02T15:00:00Z");
        life.desk.engine().trouble(Severity::Critical, "", full_disk()).expect("it is told");
        assert_eq!(life.mails().len(), 1);
        if is_answered {
            let alerts = life.desk.store().alerts(None, usize::MAX).expect("it answers");
            let said = Acknowledgement {
                alerts: alerts.into_iter().map(|alert| alert.key).collect(),
                by: "jo".to_owned(),
                reason: "makes room".to_owned(),
                until: "2026-03-05".parse().expect("a date"),
                letter: None,
            };
            life.desk.engine().acknowledge(&said).expect("it is taken");
        }
        reload(&mut life, &rules("full"), one(Manners::NONE), "two");
        assert_eq!(
            (states(&life, "disk"), life.mails().len()),
            (vec!["over".to_owned()], usize::from(!is_answered))
        );
        let wanted = if is_answered { "acknowledged" } else { "open" };
        assert_eq!(states(&life, "full"), [wanted]);
        // Once, and its reminders go on.
        reload(&mut life, &rules("full"), one(Manners::NONE), "three");
        assert!(life.mails().is_empty());
        assert_eq!(life.until("2026-03-05T16:00:00Z").len(), if is_answered { 1 } else { 3 });
        let id = full_disk().id();
        life.desk.engine().trouble_over(id).expect("it is over");
        assert_eq!(states(&life, "full"), ["over", "open"], "the second tells the end");
        assert_eq!(life.mails().len(), 1);
        assert!(life.until("2026-03-09T16:00:00Z").is_empty());
        // Nothing lasts any more, so nothing is told anew.
        reload(&mut life, &rules("disk"), one(Manners::NONE), "four");
        assert!(life.mails().is_empty());
    }
}

#[test]
fn a_rule_that_comes_back_finds_its_alerts_open_and_repeats_none() {
    let rules =
        |name: &str| lasting(name, "trouble", "disk-full") + &exam(if name == "disk" { "ex" } else { "ex2" });
    let mut life = Life::new(&rules("disk"), one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.desk.engine().trouble(Severity::Critical, "", full_disk()).expect("it is told");
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 2);
    reload(&mut life, &rules("full"), one(Manners::NONE), "two");
    assert_eq!(life.mails().len(), 2, "new names alert anew");
    reload(&mut life, &rules("disk"), one(Manners::NONE), "three");
    assert!(life.mails().is_empty());
    assert_eq!(
        (states(&life, "disk"), states(&life, "ex")),
        (vec!["open".to_owned()], vec!["open".to_owned()])
    );
    assert_eq!(
        (states(&life, "full"), states(&life, "ex2")),
        (vec!["over".to_owned()], vec!["over".to_owned()])
    );
    assert_eq!(
        life.until("2026-03-03T16:00:00Z").iter().filter(|sent| sent.subject().contains("Reminder")).count(),
        2
    );
    life.receive(1, "acme", "98", "0303261200");
    let over = life.until("2026-03-03T18:00:00Z");
    assert_eq!(over.iter().filter(|sent| sent.subject().starts_with("[OVER]")).count(), 1, "{over:#?}");
}

#[test]
fn a_silent_feed_is_told_by_the_rule_with_the_new_name_and_is_over_with_the_next_file() {
    let rules = |name: &str| lasting(name, "silence", "feed-silent");
    let watched = |life: &mut Life| {
        let pipeline = Arc::get_mut(&mut life.pipeline);
        pipeline.expect("nobody else has it").feeds = vec![FeedWatch {
            broker: BrokerName::new("acme"),
            zone: Zone::named(ZONE).expect("a zone"),
            weekdays: 0b1_1111,
            opens: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
            closes: NaiveTime::from_hms_opt(17, 0, 0).expect("a time"),
            silent_after: TimeDelta::hours(4),
            awaits_first: false,
        }];
    };
    let of = |name: &str| {
        let mut life = Life::new(&rules(name), one(Manners::NONE), "2026-03-02T15:00:00Z");
        life.desk.engine = None;
        watched(&mut life);
        life.pipeline.clone()
    };
    let mut life = Life::new("", one(Manners::NONE), "2026-03-02T15:00:00Z");
    life.pipeline = of("quiet-feed");
    life.rebuild();
    let change = |life: &mut Life, name: &str, version: &str| {
        life.pipeline = of(name);
        let versions = Versions { rules: version.into(), ..desk::versions() };
        let pipeline = life.pipeline.clone();
        life.desk.engine().reload(pipeline, versions).expect("it comes into force");
        while life.desk.engine().is_following() {
            life.desk.engine().follow_some().expect("entries follow");
        }
    };
    life.receive(1, "acme", "01", "0302261000");
    let sent = life.until("2026-03-02T20:30:00Z");
    assert_eq!(sent.len(), 1, "{sent:#?}");
    change(&mut life, "no-feed", "two");
    assert_eq!(
        (states(&life, "quiet-feed"), states(&life, "no-feed")),
        (vec!["over".to_owned()], vec!["open".to_owned()])
    );
    assert_eq!(life.mails().len(), 1);
    life.receive(2, "acme", "01", "0302261530");
    assert_eq!(states(&life, "no-feed"), ["over"]);
    change(&mut life, "third", "three");
    assert_eq!(states(&life, "third"), [""; 0], "it was heard");
}

/// A summary that nobody answered.
const SUMMARY: [&str; 8] = [
    "A27049Z7      070325     AE",
    "B  27049Z7AE",
    "10A9Z7  10000425     DEMO00042   01   X",
    "11                                             070225",
    "40  001 VNVN",
    "508471300100 0000003270 0000001000             NO",
    "9000000003270",
    "Y  27049Z7AE00005",
];

#[test]
fn a_silence_of_an_entry_is_told_on_the_next_morning_under_the_new_name() {
    let rules =
        |name: &str| lasting(name, "silence", "summary-unanswered").replace("notify = [\"ops\"]\n", "");
    let mut life = Life::new(&rules("waits"), one(Manners::NONE), "2025-07-03T15:00:00Z");
    let bytes: Vec<u8> = SUMMARY.iter().flat_map(|record| format!("{record:80}\n").into_bytes()).collect();
    life.desk.receive("ae.txt", "acme", &bytes);
    let unanswered =
        |sent: &[Sent]| sent.iter().filter(|sent| sent.subject().contains("There is no answer")).count();
    assert_eq!(unanswered(&life.until("2025-07-08T15:00:00Z")), 1);
    reload(&mut life, &rules("unanswered"), one(Manners::NONE), "two");
    assert_eq!(unanswered(&life.until("2025-07-09T14:00:00Z")), 1);
    assert_eq!(states(&life, "unanswered"), ["open"]);
}

/// A routine alert was raised for a team that is gone when it is shown.
#[test]
fn a_routine_alert_that_is_shown_stands_in_the_digest_of_the_teams_that_are_there_now() {
    let rules = "[[rule]]\nname = \"ex\"\ntitle = \"Exam\"\non = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"warning\"\n\
                 delivery = \"digest\"\nreplaces = [\"exam\"]\n\
                 [[inhibit]]\nname = \"not-ours\"\nwhen = { status = \"cancelled\" }\nhides = [\"ex\"]\n";
    let ops = moved_to("ops", "ops@example.com", Manners::NONE);
    let mut life = Life::new(rules, ops, "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "23", "0302261000");
    life.desk.clock.advance(TimeDelta::hours(1));
    life.receive(1, "acme", "03", "0302261100");
    let before = life.until("2026-03-03T14:00:00Z");
    assert!(before.iter().all(|sent| !sent.mail.text().contains("examination")), "it is hidden");
    reload(&mut life, rules, moved_to("desk", "desk@example.com", Manners::NONE), "two");
    life.receive(1, "acme", "24", "0303261000");
    let mut sent = life.until("2026-03-04T14:00:00Z");
    sent.retain(|sent| sent.mail.text().contains("examination"));
    assert_eq!(recipients(&sent), ["desk@example.com"], "{sent:#?}");
    assert!(sent[0].subject().contains("[DIGEST]"), "{}", sent[0].subject());
}
