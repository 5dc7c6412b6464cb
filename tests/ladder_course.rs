//! The ladder of a legal deadline, whatever happens to it in whatever order: answers, silences, inhibitions, dates of our own, caps and
//! quiet nights. It always has a next word until its last step was said, nothing silences its last days, and nobody hears a step twice.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "these tests look at one ladder, not at floods")]
mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use desk::Desk;
use entrywatch::clock::Zone;
use entrywatch::entry::DeadlineState;
use entrywatch::ident::EntryNumber;
use entrywatch::outbox::{
    Acknowledgement, Alert, AlertKey, Attempt, Audience, Cause, Heed, LOUD_DAYS, LetterKind, Manners,
    NewSilence, Outcome, Silenced, Task,
};
use entrywatch::pipeline::Pipeline;
use entrywatch::serve::TargetWish;
use entrywatch::store::LetterFilter;
use life::{Life, at, capped, quiet_nights, team};
use proptest::prelude::*;

const ZONE: &str = "America/New_York";
const CLOCK: &str = "PROTEST_DUE@liquidation";
const SERIAL: u32 = 1_000_042;

/// A protest is due on 2026-09-16. While a hold is open, the ladder is hidden.
const RULES: &str = r#"
[[rule]]
name = "protest"
title = "Protest"
on = "deadline"
deadline = "PROTEST_DUE"
remind = [60, 45, 30, 14, 7, 3, 1, 0, "overdue"]
severity = "warning"
severity_from = [{ days = 14, severity = "critical" }]

[[inhibit]]
name = "held"
when = { open_hold_after = true }
hides = ["protest"]
"#;

#[derive(Clone, Copy, Debug)]
enum Op {
    Hide,
    Show,
    Ack(i64),
    Silence(i64),
    Unsilence,
    Target(Option<i64>),
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => Just(Op::Hide),
        2 => Just(Op::Show),
        3 => (1..60_i64).prop_map(Op::Ack),
        2 => (1..60_i64).prop_map(Op::Silence),
        1 => Just(Op::Unsilence),
        1 => prop_oneof![Just(None), (2..30_i64).prop_map(Some)].prop_map(Op::Target),
        6 => prop_oneof![1..6_i64, 6..30_i64].prop_map(Op::Pass),
    ]
}

fn legal() -> NaiveDate {
    "2026-09-16".parse().expect("a date")
}

fn number() -> EntryNumber {
    EntryNumber::parse("9Z7-1000042-5").expect("a number")
}

/// Operations are capped, both have quiet nights.
fn pipeline() -> Arc<Pipeline> {
    static PIPELINE: OnceLock<Arc<Pipeline>> = OnceLock::new();
    let compile = || {
        let quiet = quiet_nights().quiet;
        let audience = Audience::new(vec![team("ops", ZONE), team("boss", ZONE)])
            .with_manners("ops", Manners { quiet, ..capped(1, 90) })
            .with_manners("boss", quiet_nights());
        Life::new(RULES, audience, "2026-03-20T14:00:00Z").pipeline.clone()
    };
    PIPELINE.get_or_init(compile).clone()
}

/// What one person heard of one step.
#[derive(Clone, Debug)]
struct Heard {
    on: NaiveDate,
    kind: LetterKind,
}

struct World {
    life: Life,
    zone: Zone,
    written: BTreeSet<String>,
    heard: BTreeMap<(AlertKey, String), Vec<Heard>>,
    has_target: bool,
}

impl World {
    /// The last evening before the first step.
    fn new() -> Self {
        let pipeline = pipeline();
        let mut desk = Desk::new(at("2026-03-20T14:00:00Z"));
        desk.open(&pipeline);
        let mut life = Life { desk, pipeline };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/5-liquidated.txt");
        let text = std::fs::read_to_string(path).expect("a sample").replace("021526", "032026");
        let text = text.replace("0425021326", "0425032026").replace("1000042502132602", "1000042503202602");
        life.desk.receive("nr.txt", "globex", text.as_bytes());
        let zone = Zone::named(ZONE).expect("a zone");
        let (written, heard) = (BTreeSet::new(), BTreeMap::new());
        let mut world = Self { life, zone, written, heard, has_target: false };
        world.life.desk.clock.set(at("2026-07-17T22:00:00Z"));
        world.collect();
        world
    }

    fn today(&self) -> NaiveDate {
        self.zone.date(self.life.now())
    }

    fn alerts(&self) -> Vec<Alert> {
        let alerts = self.life.desk.store().alerts(None, usize::MAX).expect("it answers");
        alerts.into_iter().filter(|alert| &*alert.rule == "protest").collect()
    }

    fn happen(&mut self, op: Op) {
        self.pass(TimeDelta::minutes(20));
        let sent = self.zone.local(self.life.now()).format("%m%d%y%H%M").to_string();
        let today = self.today();
        let until = |days: i64| today + TimeDelta::days(days);
        match op {
            Op::Hide => self.life.receive(SERIAL, "acme", "03", &sent),
            Op::Show => self.life.receive(SERIAL, "acme", "98", &sent),
            Op::Ack(days) => {
                let until = until(days);
                let open = |alert: &Alert| {
                    let course = self.life.desk.store().course(&alert.key).expect("it answers");
                    course.is_some_and(|course| course.over_at.is_none())
                };
                let last = self.alerts().into_iter().filter(open).max_by_key(|alert| alert.raised_at);
                if let Some(alert) = last {
                    let (by, reason) = ("Jo".to_owned(), "at it".to_owned());
                    let said = Acknowledgement { alerts: vec![alert.key], by, reason, until, letter: None };
                    self.life.desk.engine().acknowledge(&said).expect("it is taken");
                }
            }
            Op::Silence(days) => {
                let what = Silenced { rule: Some("protest".into()), ..Silenced::default() };
                let (owner, reason, until) = ("Jo".into(), "counsel".into(), until(days));
                self.life
                    .desk
                    .engine()
                    .silence(NewSilence { owner, reason, until, what })
                    .expect("it is taken");
            }
            Op::Unsilence => {
                let silences = self.life.desk.store().silences().expect("it answers");
                let ids: Vec<u64> = silences.in_force(self.life.now()).map(|silence| silence.id).collect();
                for id in ids {
                    self.life.desk.engine().end_silence(id, "Jo").expect("it ends");
                }
            }
            Op::Target(days) => {
                self.has_target = true;
                let date = days.map(until).filter(|date| *date < legal());
                let wish = TargetWish {
                    entry: number(),
                    deadline: CLOCK.to_owned(),
                    date,
                    reason: "early".to_owned(),
                    on: None,
                    even_if_late: true,
                };
                // A date that may not be, or that takes nothing back, is declined.
                let _ = self.life.desk.engine().set_target(wish, "jo");
            }
            Op::Pass(days) => self.pass(TimeDelta::days(days)),
        }
        self.pass(TimeDelta::minutes(1));
        self.check_plan();
    }

    /// Lets time pass: every morning of the teams, and whenever the agenda or a letter says so.
    fn pass(&mut self, time: TimeDelta) {
        let then = self.life.now() + time;
        loop {
            self.life.tick();
            self.collect();
            let now = self.life.now();
            let store = self.life.desk.store();
            let agenda = store.next_agenda_at().expect("it answers");
            let letter = store.next_letter_at().expect("it answers");
            let six = NaiveTime::from_hms_opt(6, 0, 0).expect("a time");
            let mornings =
                [0, 1].map(|days| self.zone.instant((self.today() + TimeDelta::days(days)).and_time(six)));
            let next = mornings.into_iter().chain(agenda).chain(letter).filter(|next| *next > now).min();
            let Some(next) = next.filter(|next| *next <= then) else { break };
            self.life.desk.clock.set(next);
        }
        self.life.desk.clock.set(then);
    }

    /// Takes what was written, looks whether it may be, and delivers what is ready.
    fn collect(&mut self) {
        let store = self.life.desk.store();
        let now = self.life.now();
        for letter in store.letters(LetterFilter::All, usize::MAX).expect("it answers") {
            if !self.written.insert(letter.key.to_string())
                || matches!(letter.kind, LetterKind::Digest { .. })
            {
                continue;
            }
            for key in letter.alerts.iter().filter(|key| key.as_str().starts_with("protest|")) {
                let alert = store.alert(key).expect("it answers").expect("it is there");
                let course = store.course(key).expect("it answers").expect("it is kept");
                if letter.kind != LetterKind::Over && !is_loud(&alert) {
                    let silences = store.silences().expect("it answers");
                    assert!(!course.is_quiet(), "{letter:?} while it is {}: {course:#?}", course.state());
                    assert!(silences.of_alert(&alert, now).is_none(), "{letter:?} in a silence");
                }
                self.hear(key, &letter.recipient, letter.mark_of(key).unwrap_or(letter.kind));
            }
        }
        let ready = store.letters_ready(now, usize::MAX).expect("it answers");
        let taken = |key| Attempt {
            letter: key,
            outcome: Outcome::Accepted { response: "250 ok".into() },
            as_of: Default::default(),
        };
        let attempts: Vec<Attempt> = ready.into_iter().map(|letter| taken(letter.key)).collect();
        self.life.desk.engine().delivered(&attempts).expect("it is kept");
    }

    fn hear(&mut self, key: &AlertKey, recipient: &str, kind: LetterKind) {
        let on = self.today();
        let heard = self.heard.entry((key.clone(), recipient.to_owned())).or_default();
        let is_first = |kind: LetterKind| matches!(kind, LetterKind::Alert | LetterKind::Bundle { .. });
        for old in heard.iter() {
            let is_twice = (is_first(old.kind) && is_first(kind)) || old.kind == kind;
            assert!(!is_twice, "one step twice to {recipient}: {key} {heard:?} {kind:?}");
        }
        heard.push(Heard { on, kind });
    }

    /// An open ladder has a next word, or its last step was said.
    fn check_plan(&self) {
        let store = self.life.desk.store();
        let known = store.life(number()).expect("it answers").expect("it is known");
        let entry = known.entry();
        let deadlines = self.life.pipeline.deadlines_of(&known, &entry);
        let clock = deadlines.iter().find(|clock| clock.key() == CLOCK).expect("it is there");
        if clock.state != DeadlineState::Open {
            return;
        }
        let is_looked_at = known.reminders.iter().any(|reminder| *reminder.deadline == *CLOCK);
        let far = self.life.now() + TimeDelta::days(400);
        let agenda = store.agenda_until(far, usize::MAX).expect("it answers");
        let speaks = |task: Task| {
            let course =
                task.alert().and_then(|key| store.course(key).expect("it answers")).unwrap_or_default();
            let is_protest = task.alert().is_some_and(|key| key.as_str().starts_with("protest|"));
            is_protest
                && match task {
                    Task::Tell { word, .. } => course.heed(word) == Heed::Say,
                    Task::Reopen { epoch, .. } => course.may_open(epoch),
                    _ => false,
                }
        };
        let waits = agenda.iter().filter_map(|key| key.task()).any(speaks);
        let is_last = |(key, _): &(AlertKey, String)| key.as_str().ends_with("2026-09-16/overdue");
        let was_last = self.heard.keys().any(is_last);
        assert!(
            is_looked_at || waits || was_last,
            "nothing is planned on {}: {:#?}",
            self.today(),
            known.reminders
        );
    }

    /// The last steps are said on their days, whatever was answered, silenced or hidden.
    fn check_last_days(&mut self) {
        let rest = legal() + TimeDelta::days(4) - self.today();
        self.pass(rest.max(TimeDelta::days(1)));
        self.check_plan();
        for name in ["ops@example.com", "boss@example.com"] {
            for (step, days_before) in [("7", 7), ("3", 3), ("1", 1), ("0", 0), ("overdue", -1)] {
                let day = legal() - TimeDelta::days(days_before);
                let is_step = |key: &AlertKey| key.as_str().ends_with(&format!("2026-09-16/{step}"));
                let mut heard = self.heard.iter().filter(|((key, who), _)| is_step(key) && who == name);
                let is_told = heard.any(|(_, heard)| heard.iter().any(|heard| heard.on == day));
                assert!(is_told, "{name} was not told step {step} on {day}: {:#?}", self.heard);
            }
        }
    }
}

/// In the last days of a legal deadline, or behind it.
fn is_loud(alert: &Alert) -> bool {
    matches!(&alert.cause, Cause::Deadline(brief) if brief.deadline.act_by.is_some() && brief.days_left <= LOUD_DAYS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ladder_has_a_next_word_until_its_last(ops in prop::collection::vec(op(), 2..12)) {
        let mut world = World::new();
        for op in ops {
            if world.today() < legal() - TimeDelta::days(8) {
                world.happen(op);
            }
        }
        // A date of our own has steps of its own.
        if world.has_target || world.today() >= legal() - TimeDelta::days(8) {
            world.pass(TimeDelta::days(30));
            world.check_plan();
        } else {
            world.check_last_days();
        }
        world.life.rebuild();
    }
}
