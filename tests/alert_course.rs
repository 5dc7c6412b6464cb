//! What is said of an alert next, whatever happens to it: answers, inhibitions, silences and quiet hours in each other's way. First the
//! cases that went wrong once, then any order of all of them.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "these tests look at letters and courses, not at floods")]
mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use desk::Desk;
use entrywatch::clock::Zone;
use entrywatch::grammar::Grammar;
use entrywatch::outbox::{
    Acknowledgement, AlertKey, Attempt, Audience, Course, Heed, LetterKind, Manners, NewSilence, Outcome,
    Silenced, Task, Team,
};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::Severity;
use entrywatch::store::LetterFilter;
use entrywatch::workbench::inspect;
use entrywatch::workbench::timeline::{Occasion, timeline};
use life::{Life, Sent, at, capped, entry, quiet_nights, team};
use proptest::prelude::*;

/// Exams of warning severity, whose end is told, and which a cancelled entry hides.
fn exam(more: &str) -> String {
    format!(
        r#"
[[rule]]
name = "ex"
title = "Exam"
on = "notice"
when = {{ effect = "exam" }}
severity = "warning"
until = {{ open_hold_after = false }}
tell_when_over = true
replaces = ["exam"]
{more}
[[inhibit]]
name = "not-ours"
when = {{ status = "cancelled" }}
hides = ["ex"]
"#
    )
}

/// Operations hear at once; the boss has quiet nights.
fn two_teams() -> Audience {
    audience(Manners::NONE)
}

fn audience(operations: Manners) -> Audience {
    Audience::new(vec![team("ops", "America/New_York"), team("boss", "America/New_York")])
        .with_manners("ops", operations)
        .with_manners("boss", quiet_nights())
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn ack(life: &mut Life, alert: AlertKey, until: NaiveDate) {
    let said = Acknowledgement {
        alerts: vec![alert],
        by: "Jo".to_owned(),
        reason: "at it".to_owned(),
        until,
        letter: None,
    };
    life.desk.engine().acknowledge(&said).expect("it is taken");
}

fn silence(life: &mut Life, until: NaiveDate) {
    let what = Silenced { rule: Some("ex".into()), ..Silenced::default() };
    let new = NewSilence { owner: "Jo".into(), reason: "strike".into(), until, what };
    life.desk.engine().silence(new).expect("it is taken");
}

fn end_silence(life: &mut Life) {
    let silences = life.desk.store().silences().expect("it answers");
    let id = silences.in_force(life.now()).next().expect("one is in force").id;
    life.desk.engine().end_silence(id, "Jo").expect("it ends");
}

/// Who was told of an alert of the rule, when, and as what.
fn told(life: &Life, sent: &[Sent]) -> Vec<String> {
    let store = life.desk.store();
    let mut told = Vec::new();
    for mail in sent {
        let letter = store.letter(mail.mail.key()).expect("it answers").expect("it is there");
        if letter.alerts.iter().any(|key| key.as_str().starts_with("ex|")) {
            let (who, when) = (mail.to.replace("@example.com", ""), mail.at.format("%m-%d %H:%M"));
            told.push(format!("{who} {when} {}", letter.kind));
        }
    }
    told
}

fn told_until(life: &mut Life, then: &str) -> Vec<String> {
    let sent = life.until(then);
    life.rebuild();
    told(life, &sent)
}

const DAILY: &str = r#"
notify = ["ops"]
remind = "at once, then every 1 day, at most 9 times"
escalate = [{ after = "4 hours", notify = ["boss"] }]
"#;

#[test]
fn an_inhibition_in_between_does_not_void_the_end_of_an_acknowledgement() {
    let mut life = Life::new(&exam(DAILY), two_teams(), "2026-03-02T14:00:00Z");
    life.receive(1, "acme", "03", "0302260900");
    life.mails();
    let alert = life.alert("ex", 1);
    ack(&mut life, alert.clone(), day("2026-03-05"));
    life.until("2026-03-03T14:00:00Z");
    life.receive(1, "acme", "23", "0303260900");
    life.until("2026-03-04T14:00:00Z");
    life.receive(1, "acme", "24", "0304260900");
    assert_eq!(told_until(&mut life, "2026-03-05T10:59:00Z"), [""; 0]);
    assert_eq!(
        told_until(&mut life, "2026-03-06T12:00:00Z"),
        ["ops 03-05 11:00 reminder 2", "boss 03-05 15:00 escalation 1", "ops 03-06 11:00 reminder 3"]
    );
    // Hidden on its morning: it is told when it is shown.
    ack(&mut life, alert, day("2026-03-08"));
    life.receive(1, "acme", "23", "0306260700");
    assert_eq!(told_until(&mut life, "2026-03-09T14:00:00Z"), [""; 0]);
    life.receive(1, "acme", "24", "0309261000");
    let shown = life.mails();
    assert_eq!(told(&life, &shown), ["ops 03-09 14:00 reminder 4"]);
    life.rebuild();
}

#[test]
fn what_nobody_heard_before_it_was_answered_is_told_when_the_answer_ends() {
    let mut life = Life::new(&exam(DAILY), two_teams(), "2026-03-02T13:00:00Z");
    silence(&mut life, day("2026-03-20"));
    life.receive(1, "acme", "03", "0302260900");
    let alert = life.alert("ex", 1);
    ack(&mut life, alert, day("2026-03-06"));
    life.until("2026-03-04T14:00:00Z");
    end_silence(&mut life);
    assert_eq!(told_until(&mut life, "2026-03-06T10:59:00Z"), [""; 0], "it is answered");
    assert_eq!(
        told_until(&mut life, "2026-03-06T16:00:00Z"),
        ["ops 03-06 11:00 letter", "boss 03-06 15:00 escalation 1"]
    );
}

#[test]
fn an_answer_keeps_back_an_escalation_that_waits_for_the_morning_and_without_one_it_keeps_its_mark() {
    let rules = exam("notify = [\"ops\"]\nescalate = [{ after = \"1 hour\", notify = [\"boss\"] }]\n");
    for is_answered in [true, false] {
        let mut life = Life::new(&rules, two_teams(), "2026-03-03T02:50:00Z"); // 21:50
        life.receive(1, "acme", "03", "0302262150");
        life.until("2026-03-03T04:30:00Z");
        if is_answered {
            let alert = life.alert("ex", 1);
            ack(&mut life, alert, day("2026-03-09"));
        }
        let morning = life.until("2026-03-03T14:00:00Z");
        if is_answered {
            assert_eq!(told(&life, &morning), [""; 0]);
            assert_eq!(
                told_until(&mut life, "2026-03-09T13:00:00Z"),
                ["ops 03-09 10:00 reminder 2", "boss 03-09 11:00 escalation 1"]
            );
        } else {
            assert_eq!(told(&life, &morning), ["boss 03-03 11:00 escalation 1"]);
            assert!(morning[0].subject().contains("Not acknowledged: "), "{}", morning[0].subject());
        }
        life.rebuild();
    }
}

#[test]
fn the_end_of_an_acknowledgement_waits_for_the_end_of_a_silence() {
    let mut life = Life::new(&exam(DAILY), two_teams(), "2026-03-02T14:00:00Z");
    life.receive(1, "acme", "03", "0302260900");
    life.mails();
    let alert = life.alert("ex", 1);
    ack(&mut life, alert, day("2026-03-04"));
    silence(&mut life, day("2026-03-10"));
    assert_eq!(told_until(&mut life, "2026-03-10T09:59:00Z"), [""; 0]);
    assert_eq!(told_until(&mut life, "2026-03-10T10:30:00Z"), ["ops 03-10 10:00 reminder 2"]);
    // One that is ended by hand does not end an acknowledgement with it.
    let alert = life.alert("ex", 1);
    ack(&mut life, alert, day("2026-03-14"));
    silence(&mut life, day("2026-03-14"));
    life.until("2026-03-11T14:00:00Z");
    end_silence(&mut life);
    assert_eq!(told_until(&mut life, "2026-03-14T09:59:00Z"), [""; 0]);
    assert_eq!(told_until(&mut life, "2026-03-14T10:30:00Z"), ["ops 03-14 10:00 reminder 3"]);
}

#[test]
fn nobody_is_told_that_nobody_acknowledged_before_anybody_was_told() {
    let rules = exam(
        "notify = [\"ops\"]\nremind = \"after 2 hours, then every 1 day, at most 3 times\"\n\
         escalate = [{ after = \"30 minutes\", notify = [\"boss\"] }]\n",
    );
    let mut life = Life::new(&rules, audience(quiet_nights()), "2026-03-03T02:00:00Z"); // 21:00
    life.receive(1, "acme", "03", "0302262100");
    assert_eq!(
        told_until(&mut life, "2026-03-04T12:00:00Z"),
        ["ops 03-03 11:00 letter", "boss 03-03 11:30 escalation 1", "ops 03-04 11:00 reminder 2"]
    );
    let rule = life.pipeline.rules.get("ex").expect("it is there");
    let occasion = Occasion::usual(rule, &life.pipeline.audience, life.now());
    let said = timeline(&life.pipeline, rule, &occasion).expect("it is played").sentences.join("\n");
    assert!(said.contains("Mails warning, 2 hours after what it is about has been read."), "{said}");
    // The second group counts from the moment at which the first hears it.
    let rules = exam(
        "notify = [\"ops\"]\nescalate = [{ after = \"1 hour\", notify = [\"boss\"] }, { after = \"1 hour\", notify = [\"ops\"] }]\n",
    );
    let mut life = Life::new(&rules, two_teams(), "2026-03-03T02:50:00Z"); // 21:50
    life.receive(1, "acme", "03", "0302262150");
    life.mails();
    assert_eq!(
        told_until(&mut life, "2026-03-03T14:00:00Z"),
        ["boss 03-03 11:00 escalation 1", "ops 03-03 12:00 escalation 2"]
    );
}

#[test]
fn an_escalation_that_nobody_hears_says_so() {
    let loud = Team { severity_min: Severity::Critical, ..team("boss", "America/New_York") };
    let audience = Audience::new(vec![team("ops", "America/New_York"), loud]);
    let mut life = Life::new(&exam(DAILY), audience, "2026-03-02T14:00:00Z");
    life.receive(1, "acme", "03", "0302260900");
    assert_eq!(told_until(&mut life, "2026-03-02T20:00:00Z"), ["ops 03-02 15:00 letter"]);
    let what = life.course("ex", 1).events.last().map(|event| event.what.to_string());
    assert!(what.as_ref().is_some_and(|what| what.ends_with("told nobody")), "{what:?}");
    // And the workbench says so beforehand.
    let Pipeline { rules, audience, .. } = &*life.pipeline;
    let warnings = inspect::warnings(rules, &Grammar::embedded().codes, audience);
    let unheard: Vec<&str> =
        warnings.iter().filter(|one| one.what == "letters to nobody").map(|one| &*one.text).collect();
    assert!(
        matches!(unheard[..], [text] if text.contains("escalates to boss, and none of them takes what is warning")),
        "{unheard:?}"
    );
    let rule = rules.get("ex").expect("it is there");
    let occasion = Occasion::usual(rule, audience, life.now());
    let said = timeline(&life.pipeline, rule, &occasion).expect("it is played").sentences.join("\n");
    assert!(said.contains("and nobody there takes what is warning (severity_min)."), "{said}");
    assert!(said.contains("Mails at once, warning,"), "{said}");
}

#[test]
fn a_plain_alert_that_was_answered_is_told_again() {
    let rules = "[[rule]]\nname = \"ex\"\ntitle = \"Exam\"\non = \"notice\"\nwhen = { effect = \"exam\" }\nreplaces = [\"exam\"]\n\
                 severity = \"warning\"\nnotify = [\"ops\"]\n";
    let mut life = Life::new(rules, two_teams(), "2026-03-02T14:00:00Z");
    life.receive(1, "acme", "03", "0302260900");
    life.mails();
    let alert = life.alert("ex", 1);
    ack(&mut life, alert, day("2026-03-05"));
    assert_eq!(told_until(&mut life, "2026-03-12T14:00:00Z"), ["ops 03-05 11:00 reminder 2"]);
}

#[test]
fn a_routine_alert_that_was_hidden_stands_in_the_digest_after_it_is_shown() {
    let rules = exam("delivery = \"digest\"\nnotify = [\"ops\"]\n").replace("tell_when_over = true\n", "");
    let mut life = Life::new(&rules, two_teams(), "2026-03-02T14:00:00Z");
    life.receive(1, "acme", "23", "0302260900");
    life.desk.clock.advance(TimeDelta::hours(1));
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(told_until(&mut life, "2026-03-03T14:00:00Z"), [""; 0], "it is hidden");
    life.receive(1, "acme", "24", "0303261000");
    assert_eq!(told_until(&mut life, "2026-03-04T14:00:00Z"), ["ops 03-04 13:00 digest of 2026-03-04"]);
    // Once.
    life.receive(1, "acme", "23", "0304261000");
    life.desk.clock.advance(TimeDelta::hours(1));
    life.receive(1, "acme", "24", "0304261100");
    assert_eq!(told_until(&mut life, "2026-03-06T14:00:00Z"), [""; 0]);
}

#[test]
fn a_step_of_a_ladder_that_was_hidden_is_told_on_the_morning_after_it_is_shown() {
    let rules =
        "[[inhibit]]\nname = \"held\"\nwhen = { open_hold_after = true }\nhides = [\"protest-due\"]\n";
    let audience = Audience::new(vec![team("ops", "America/New_York")]);
    let mut life = Life::new(rules, audience, "2026-02-15T13:00:00Z");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo");
    for name in ["1-hold.txt", "2-released.txt", "3-accepted-with-warning.txt", "5-liquidated.txt"] {
        let bytes = std::fs::read(folder.join(name)).expect("a sample");
        life.desk.receive(name, "acme", &bytes);
    }
    life.desk.clock.set(at("2026-06-01T14:00:00Z"));
    life.receive(1_000_042, "acme", "03", "0601261000");
    life.mails();
    let steps = |sent: &[Sent]| -> Vec<String> {
        let protest = sent.iter().filter(|mail| mail.subject().contains("Protest"));
        protest.map(|mail| mail.at.format("%m-%d").to_string()).collect()
    };
    // 60 days before 12 August is 13 June.
    assert_eq!(steps(&life.until("2026-06-20T14:00:00Z")), [""; 0]);
    life.rebuild();
    life.receive(1_000_042, "acme", "98", "0620261000");
    let shown = life.until("2026-07-20T14:00:00Z");
    assert_eq!(steps(&shown), ["06-21", "07-13"], "the step of that day, and then 30 days before");
    life.rebuild();
}

/// What may happen to the exams of two entries, in any order.
#[derive(Clone, Copy, Debug)]
enum Op {
    Exam(u32),
    Release(u32),
    Cancel(u32),
    Undo(u32),
    Ack(u32, i64),
    Silence(i64),
    Unsilence,
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let entries = || 1..=2_u32;
    prop_oneof![
        4 => entries().prop_map(Op::Exam),
        1 => entries().prop_map(Op::Release),
        2 => entries().prop_map(Op::Cancel),
        2 => entries().prop_map(Op::Undo),
        3 => (entries(), 1..5_i64).prop_map(|(entry, days)| Op::Ack(entry, days)),
        1 => (1..5_i64).prop_map(Op::Silence),
        2 => Just(Op::Unsilence),
        5 => prop_oneof![1..8_i64, 8..40_i64].prop_map(Op::Pass),
    ]
}

/// Rules of several plans: who is told first, how often in all, and whether the boss is told when nobody answers.
const PLANS: [(&str, &[&str], u32, bool); 4] = [
    (
        "notify = [\"ops\"]\nremind = \"at once, then every 1 day, at most 3 times\"\n\
         escalate = [{ after = \"4 hours\", notify = [\"boss\"] }]\n",
        &["ops"],
        3,
        true,
    ),
    (
        "notify = [\"ops\"]\nremind = \"after 2 hours, then every 1 day, at most 3 times\"\n\
         escalate = [{ after = \"30 minutes\", notify = [\"boss\"] }]\n",
        &["ops"],
        3,
        true,
    ),
    ("notify = [\"ops\", \"boss\"]\n", &["ops", "boss"], 1, false),
    (
        "notify = [\"ops\", \"boss\"]\nescalate = [{ after = \"1 hour\", notify = [\"boss\"] }]\n",
        &["ops", "boss"],
        1,
        true,
    ),
];

fn zone() -> Zone {
    Zone::named("America/New_York").expect("a zone")
}

/// The pipeline of a plan, compiled once. Operations are capped and gather; both have quiet nights, in which no warning comes.
fn pipeline(plan: usize) -> Arc<Pipeline> {
    static PIPELINES: OnceLock<Vec<Arc<Pipeline>>> = OnceLock::new();
    let compile = |(rules, ..): &(&str, &[&str], u32, bool)| {
        let capped = Manners { gather: Some(TimeDelta::minutes(2)), ..capped(3, 60) };
        let audience = audience(Manners { quiet: quiet_nights().quiet, ..capped });
        Life::new(&exam(rules), audience, "2026-03-02T14:00:00Z").pipeline.clone()
    };
    PIPELINES.get_or_init(|| PLANS.iter().map(compile).collect())[plan].clone()
}

/// A letter that tells of an alert, as it was written.
#[derive(Clone, Debug)]
struct Heard {
    at: DateTime<Utc>,
    kind: LetterKind,
}

/// A desk to which things happen, and what people heard of each alert.
struct World {
    life: Life,
    plan: usize,
    letters: BTreeSet<String>,
    heard: BTreeMap<(AlertKey, String), Vec<Heard>>,
}

impl World {
    fn new(plan: usize) -> Self {
        let pipeline = pipeline(plan);
        let mut desk = Desk::new(at("2026-03-02T14:00:00Z"));
        desk.open(&pipeline);
        let life = Life { desk, pipeline };
        Self { life, plan, letters: BTreeSet::new(), heard: BTreeMap::new() }
    }

    fn today(&self) -> NaiveDate {
        zone().date(self.life.now())
    }

    fn courses(&self) -> Vec<(AlertKey, Course)> {
        let store = self.life.desk.store();
        let alerts = store.alerts(None, usize::MAX).expect("it answers");
        let of_rule = alerts.into_iter().filter(|alert| &*alert.rule == "ex");
        let course = |key: &AlertKey| store.course(key).expect("it answers").expect("it is kept");
        of_rule.map(|alert| (alert.key.clone(), course(&alert.key))).collect()
    }

    fn happen(&mut self, op: Op) {
        self.pass(TimeDelta::minutes(7));
        let sent = zone().local(self.life.now()).format("%m%d%y%H%M").to_string();
        let code = |code: &str, serial: u32, life: &mut Life| life.receive(serial, "acme", code, &sent);
        match op {
            Op::Exam(serial) => code("03", serial, &mut self.life),
            Op::Release(serial) => code("98", serial, &mut self.life),
            Op::Cancel(serial) => code("23", serial, &mut self.life),
            Op::Undo(serial) => code("24", serial, &mut self.life),
            Op::Ack(serial, days) => {
                let number = format!("|{}|", entry(serial).as_str());
                let known = self.courses().into_iter().filter(|(key, _)| key.as_str().contains(&number));
                let alerts = self.life.desk.store();
                let raised =
                    |key: &AlertKey| alerts.alert(key).expect("it answers").map(|alert| alert.raised_at);
                if let Some((key, _)) = known.max_by_key(|(key, _)| raised(key)) {
                    let until = self.today() + TimeDelta::days(days);
                    ack(&mut self.life, key, until);
                }
            }
            Op::Silence(days) => {
                let until = self.today() + TimeDelta::days(days);
                silence(&mut self.life, until);
            }
            Op::Unsilence => {
                let silences = self.life.desk.store().silences().expect("it answers");
                if silences.in_force(self.life.now()).next().is_some() {
                    end_silence(&mut self.life);
                }
            }
            Op::Pass(hours) => self.pass(TimeDelta::hours(hours)),
        }
        self.pass(TimeDelta::zero());
        self.check_plans();
    }

    /// Lets time pass as the daemon does, from one moment of the agenda to the next.
    fn pass(&mut self, time: TimeDelta) {
        let then = self.life.now() + time;
        loop {
            self.collect();
            let next = self.life.desk.store().next_agenda_at().expect("it answers");
            let Some(next) = next.filter(|next| *next <= then) else { break };
            self.life.desk.clock.set(next.max(self.life.now()));
            assert!(self.life.desk.engine().due(false).expect("the agenda is done"));
        }
        self.life.desk.clock.set(then);
    }

    /// Takes what was written, and looks whether it may be.
    fn collect(&mut self) {
        let store = self.life.desk.store();
        let now = self.life.now();
        let mut attempts = Vec::new();
        for letter in store.letters(LetterFilter::All, usize::MAX).expect("it answers") {
            if !self.letters.insert(letter.key.to_string()) {
                continue;
            }
            let outcome = Outcome::Accepted { response: "250 ok".into() };
            attempts.push(Attempt { letter: letter.key.clone(), outcome, as_of: Default::default() });
            for key in letter.alerts.iter().filter(|key| key.as_str().starts_with("ex|")) {
                let course = store.course(key).expect("it answers").expect("it is kept");
                if letter.kind != LetterKind::Over {
                    let alert = store.alert(key).expect("it answers").expect("it is there");
                    let silences = store.silences().expect("it answers");
                    assert!(
                        !course.is_quiet(),
                        "{:?} while it is {}: {course:#?}",
                        letter.kind,
                        course.state()
                    );
                    assert!(silences.of_alert(&alert, now).is_none(), "{:?} in a silence", letter.kind);
                    assert!(letter.created_at == now && letter.next_try_at() <= Some(now), "{letter:?}");
                }
                self.hear(key, &letter.recipient, Heard { at: now, kind: letter.kind });
            }
        }
        self.life.desk.engine().delivered(&attempts).expect("it is kept");
    }

    fn hear(&mut self, key: &AlertKey, recipient: &str, new: Heard) {
        let heard = self.heard.entry((key.clone(), recipient.replace("@example.com", ""))).or_default();
        let is_over = |heard: &Heard| heard.kind == LetterKind::Over;
        let is_first = |heard: &Heard| {
            matches!(
                heard.kind,
                LetterKind::Alert | LetterKind::Bundle { wait: entrywatch::outbox::Wait::Quiet }
            )
        };
        let is_reminder = |heard: &Heard| matches!(heard.kind, LetterKind::Reminder { .. });
        for old in heard.iter() {
            assert!(!is_over(old), "told after its end: {key} {heard:?} {new:?}");
            assert!(old.at < new.at || is_over(&new), "twice at one moment: {key} {heard:?} {new:?}");
            assert!(!(is_first(old) && is_first(&new)), "twice for the first time: {key} {heard:?} {new:?}");
            assert!(!is_reminder(old) || old.kind != new.kind, "one reminder twice: {key} {heard:?} {new:?}");
        }
        if matches!(new.kind, LetterKind::Escalation { .. }) {
            let someone = self.heard.iter().filter(|((known, _), _)| known == key);
            let is_earlier =
                |heard: &Heard| heard.at < new.at && !matches!(heard.kind, LetterKind::Escalation { .. });
            let was_told = someone.flat_map(|(_, heard)| heard).any(is_earlier);
            assert!(was_told, "nobody was told before {key} was escalated");
        }
        let heard = self.heard.entry((key.clone(), recipient.replace("@example.com", ""))).or_default();
        heard.push(new);
    }

    /// Every alert that may be told has its next word on the agenda, or had its last.
    fn check_plans(&self) {
        let store = self.life.desk.store();
        let far = self.life.now() + TimeDelta::days(400);
        let tasks: Vec<Task> = store
            .agenda_until(far, usize::MAX)
            .expect("it answers")
            .iter()
            .filter_map(|key| key.task())
            .collect();
        for (key, course) in self.courses() {
            let opens = tasks.iter().any(|task| {
                matches!(task, Task::Reopen { alert, epoch } if *alert == key && course.may_open(*epoch))
            });
            let is_planned = |task: &Task| match task {
                Task::Tell { alert, word, .. } => *alert == key && course.heed(*word) == Heed::Say,
                Task::Remind { alert, epoch } | Task::Escalate { alert, epoch, .. } => {
                    *alert == key && *epoch == course.epoch
                }
                Task::Reopen { .. } | Task::SilenceEnds { .. } => false,
            };
            let (_, _, times, _) = PLANS[self.plan];
            let is_right = match course.state() {
                "over" => true,
                "acknowledged" => opens,
                "hidden" => {
                    let (_, number, _) = key.of_notice().expect("it is about a notice");
                    let life = store.life(number).expect("it answers").expect("it is there");
                    life.followed.iter().any(|one| *one.alert == *key.as_str() && one.is_hidden)
                        && (course.ack.is_none() || opens)
                }
                _ => opens || tasks.iter().any(is_planned) || course.said >= times,
            };
            assert!(is_right, "{key} is {}, and nothing is planned: {course:#?} {tasks:#?}", course.state());
        }
    }

    /// Everything that keeps something back ends, and time passes: then everybody has heard of all that is open.
    fn check_heard(&mut self) {
        for serial in 1..=2 {
            self.happen(Op::Undo(serial));
        }
        while self
            .life
            .desk
            .store()
            .silences()
            .expect("it answers")
            .in_force(self.life.now())
            .next()
            .is_some()
        {
            self.happen(Op::Unsilence);
        }
        let answered: Vec<(AlertKey, Option<NaiveDate>)> = self
            .courses()
            .into_iter()
            .filter(|(_, course)| course.over_at.is_none())
            .map(|(key, course)| (key, course.ack.map(|ack| ack.until)))
            .collect();
        self.pass(TimeDelta::days(12));
        self.check_plans();
        let (_, people, _, is_escalated) = PLANS[self.plan];
        for (key, until) in answered {
            let boss = is_escalated.then_some("boss");
            for name in people.iter().copied().chain(boss) {
                let heard = self.heard.get(&(key.clone(), name.to_owned())).cloned().unwrap_or_default();
                let since = until.map(|until| zone().instant(until.and_hms_opt(6, 0, 0).expect("a time")));
                let is_told = heard.iter().any(|heard| since.is_none_or(|since| since <= heard.at));
                assert!(is_told, "{name} has not heard of {key} since {since:?}: {heard:?}");
            }
        }
    }

    /// Whoever heard of an alert hears of its end, and nobody else does.
    fn check_ends(&mut self) {
        for serial in 1..=2 {
            self.happen(Op::Release(serial));
        }
        self.pass(TimeDelta::days(2));
        for (key, course) in self.courses() {
            assert_eq!(course.state(), "over", "{key}");
            for name in ["ops", "boss"] {
                let heard = self.heard.get(&(key.clone(), name.to_owned())).cloned().unwrap_or_default();
                let ends = heard.iter().filter(|heard| heard.kind == LetterKind::Over).count();
                let wanted = usize::from(heard.len() > ends);
                assert_eq!(ends, wanted, "ends of {key} for {name}: {heard:?} {course:#?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, nothing is lost and nobody hears twice; and the journal gives it all again.
    #[test]
    fn every_alert_has_a_next_word_or_had_its_last(plan in 0..PLANS.len(), ops in prop::collection::vec(op(), 3..16)) {
        let mut world = World::new(plan);
        for op in ops {
            world.happen(op);
        }
        world.check_heard();
        world.check_ends();
        world.life.rebuild();
    }
}
