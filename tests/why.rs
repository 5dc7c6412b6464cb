//! `rules why`: each reason for which somebody does, or does not, hear of something is named. What the command prints is made of what is
//! asked here: the rule asked again, and what became of its alerts.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "this test restarts nothing")]
mod life;

use std::io::Read;
use std::sync::Arc;

use entrywatch::deadline::DeadlineTable;
use entrywatch::grammar::Grammar;
use entrywatch::ident::Fingerprint;
use entrywatch::outbox::{Acknowledgement, Audience, Manners, NewSilence, Silenced, Team};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::Severity;
use entrywatch::serve::{Action, ApiError, Backend, Request, ToldRow, api};
use entrywatch::store::Store;
use entrywatch::workbench::why::{Asked, Why, why};
use life::{Life, capped, gathering, quiet_nights, released, team};

/// Answers questions from a desk.
struct Answers(Arc<dyn Store>, Arc<Pipeline>);

impl Backend for Answers {
    fn store(&self) -> &dyn Store {
        &*self.0
    }
    fn deadlines(&self) -> &DeadlineTable {
        &self.1.deadlines
    }
    fn grammar(&self) -> &Grammar {
        self.1.interpreter.grammar()
    }
    fn config(&self) -> &str {
        "test"
    }
    fn content(&self, _file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError> {
        Err(ApiError::Unavailable("no file is asked for".to_owned()))
    }
    fn state_hash(&self) -> Result<Fingerprint, ApiError> {
        Ok(Fingerprint::ZERO)
    }
    fn calendar(&self, _team: &Team) -> Result<String, ApiError> {
        Err(ApiError::Unavailable("no calendar is asked for".to_owned()))
    }
    fn audience(&self) -> &Audience {
        &self.1.audience
    }
    fn act(&self, _action: Action) -> Result<(), ApiError> {
        Err(ApiError::Unavailable("nothing is done".to_owned()))
    }
}

fn ask(life: &Life, serial: u32, rule: &str) -> Why {
    let store = life.desk.store();
    let stored = store.life(life::entry(serial)).expect("the store answers").expect("the entry is there");
    ask_about(life, &stored, rule)
}

fn ask_about(life: &Life, stored: &entrywatch::entry::Life, rule: &str) -> Why {
    let Pipeline { rules, audience, deadlines, .. } = &*life.pipeline;
    let today = audience.reminder_day(life.now());
    why(&Asked { rules, audience, deadlines, today }, stored, rule).expect("the rule is there")
}

/// What became of the alerts, a text with everything that is shown.
fn told(life: &Life, asked: &Why) -> String {
    let answers = Answers(life.desk.store(), life.pipeline.clone());
    let answer = api::answer(&answers, Request::Told { alerts: asked.alerts() }).expect("it is answered");
    let rows: Vec<ToldRow> = serde_json::from_value(answer).expect("rows");
    let mut lines = Vec::new();
    for row in rows {
        lines.push(format!("{}; waits for {:?}", row.state, row.waits_for));
        lines.extend(row.events.iter().map(|event| format!("then {}", event.text)));
        lines.extend(row.planned.iter().map(|event| format!("planned {}", event.text)));
        lines.extend(row.letters.iter().map(|letter| format!("letter {} {}", letter.what, letter.state)));
    }
    lines.join("\n")
}

fn rule(body: &str) -> String {
    format!(
        "[[rule]]\nname = \"tried\"\ntitle = \"Tried\"\non = \"notice\"\nwhen = {{ effect = \"exam\" }}\nseverity = \"warning\"\n{body}\n"
    )
}

fn people(manners: Manners) -> Audience {
    let mut picky = team("picky", "Europe/Berlin");
    picky.severity_min = Severity::Critical;
    Audience::new(vec![team("operations", "America/New_York"), picky]).with_manners("operations", manners)
}

type Act = fn(&mut Life);

fn nothing(_: &mut Life) {}

fn others(life: &mut Life) {
    (2..=5).for_each(|serial| life.receive(serial, "acme", "03", "0302261001"));
}

fn days(life: &mut Life) {
    life.until("2026-03-05T15:00:00Z");
}

fn acknowledge(life: &mut Life) {
    let alerts = vec![life.alert("tried", 1)];
    let until = "2026-03-12".parse().expect("a date");
    let (by, reason) = ("Jo".to_owned(), "on it".to_owned());
    let said = Acknowledgement { alerts, by, reason, until, letter: None };
    life.desk.engine().acknowledge(&said).expect("it is taken");
}

fn cleared(life: &mut Life) {
    life.receive(1, "acme", "98", "0303261000");
}

/// What is shown, and what must not be.
struct Case {
    rule: &'static str,
    manners: Manners,
    at: &'static str,
    serial: u32,
    act: Act,
    shown: &'static [&'static str],
    hidden: &'static [&'static str],
}

const DAY: &str = "2026-03-02T15:00:00Z";
const NIGHT: &str = "2026-03-03T04:00:00Z";

#[test]
fn every_reason_is_named() {
    let reminding = "remind = \"at once, then every day, at most 3 times\"";
    let case =
        |rule, manners, act, shown, hidden| Case { rule, manners, at: DAY, serial: 1, act, shown, hidden };
    let cases = [
        case("", Manners::NONE, nothing, &["open; waits for []", "letter letter waiting"], &["planned"]),
        Case {
            at: NIGHT,
            ..case(
                "",
                quiet_nights(),
                nothing,
                &[
                    "then held back by the quiet hours of operations@example.com",
                    "planned operations@example.com is told what was held back by quiet hours",
                ],
                &["letter"],
            )
        },
        Case {
            serial: 5,
            ..case(
                "gather = \"off\"",
                capped(1, 60),
                others,
                &["then over the cap of letters: in a summary", "is told what was over the cap of letters"],
                &["letter "],
            )
        },
        Case {
            serial: 5,
            ..case(
                "",
                gathering(),
                others,
                &["then gathered with others", "is told what was gathered"],
                &["letter "],
            )
        },
        Case {
            serial: 5,
            ..case(
                "gather = \"off\"",
                capped(1, 60),
                |life| {
                    others(life);
                    days(life);
                },
                &["letter summary (over the cap of letters) sent"],
                &["planned"],
            )
        },
        case(
            "delivery = \"digest\"",
            Manners::NONE,
            nothing,
            &["waits for [\"operations@example.com\"]"],
            &["letter"],
        ),
        case(
            "delivery = \"digest\"",
            Manners::NONE,
            days,
            &["letter digest of 2026-03-03 sent"],
            &["operations@"],
        ),
        case(
            reminding,
            Manners::NONE,
            nothing,
            &["planned said again", "letter letter waiting"],
            &["reminder"],
        ),
        case(
            reminding,
            Manners::NONE,
            days,
            &["said again, 3 times in all", "letter reminder 3 sent"],
            &["planned"],
        ),
        case(
            reminding,
            Manners::NONE,
            acknowledge,
            &[
                "acknowledged; ",
                "then acknowledged by Jo until 2026-03-12: on it",
                "planned the acknowledgement ends",
            ],
            &["planned said again"],
        ),
        case(
            "escalate = [{ after = \"4 hours\", notify = [\"operations\"] }]",
            Manners::NONE,
            nothing,
            &["planned escalation 1, unless somebody acknowledges it"],
            &["letter escalation"],
        ),
        case(
            "escalate = [{ after = \"4 hours\", notify = [\"operations\"] }]",
            Manners::NONE,
            days,
            &["then nobody acknowledged in time: told operations", "letter escalation 1 sent"],
            &["planned"],
        ),
        case(
            "until = { open_hold_after = false }\nremind = \"at once, then every day, at most 3 times\"",
            Manners::NONE,
            cleared,
            &["over; ", "then its cause is gone"],
            &["planned"],
        ),
    ];
    for case in cases {
        let mut life = Life::new(&rule(case.rule), people(case.manners), case.at);
        life.receive(1, "acme", "03", "0302261000");
        (case.act)(&mut life);
        let asked = ask(&life, case.serial, "tried");
        let text = told(&life, &asked);
        for part in case.shown {
            assert!(text.contains(part), "`{part}` is not in\n{text}\n{}", case.rule);
        }
        for part in case.hidden {
            assert!(!text.contains(part), "`{part}` is in\n{text}\n{}", case.rule);
        }
    }
}

#[test]
fn a_silence_and_an_inhibition_are_named() {
    let own =
        rule("") + "[[inhibit]]\nname = \"theirs\"\nwhen = { broker = \"globex\" }\nhides = [\"tried\"]\n";
    let mut life = Life::new(&own, people(Manners::NONE), DAY);
    let what = Silenced { broker: Some("acme".into()), ..Silenced::default() };
    let until = "2026-03-09".parse().expect("a date");
    let new = NewSilence { owner: "Jo".into(), reason: "known".into(), until, what };
    life.desk.engine().silence(new).expect("it is taken");
    life.receive(1, "acme", "03", "0302261000");
    life.receive(2, "globex", "03", "0302261000");
    let text = told(&life, &ask(&life, 1, "tried"));
    for part in ["then silenced by Jo", "planned operations@example.com is told what was silenced"] {
        assert!(text.contains(part), "{text}");
    }
    let asked = ask(&life, 2, "tried");
    assert!(asked.notices[0].verdict.contains("but hidden by `theirs` (at own.toml:"), "{asked:?}");
    let text = told(&life, &asked);
    assert!(text.contains("hidden; ") && text.contains("then hidden by the inhibition `theirs`"), "{text}");
    assert!(!text.contains("planned") && !text.contains("letter"), "{text}");
}

#[test]
fn who_hears_nothing_what_came_again_and_who_decides_instead_are_named() {
    let quiet = "[[rule]]\nname = \"never\"\ntitle = \"Never\"\non = \"notice\"\nwhen = { broker = \"globex\" }\ndelivery = \"none\"\n";
    let mut life = Life::new(&(quiet.to_owned() + &rule("")), people(Manners::NONE), DAY);
    life.receive(1, "acme", "03", "0302261000");
    life.desk.receive("another-name.txt", "acme", &life::status([1, 9], "03", "0302261000"));
    life.receive(2, "globex", "03", "0302261000");
    let asked = ask(&life, 1, "tried");
    let notice = &asked.notices[0];
    assert_eq!(notice.again, 1, "the same message in another file");
    assert_eq!(asked.alerts().len(), 1, "is the same alert");
    let telling = notice.telling.as_ref().expect("it is told");
    assert_eq!(telling.recipients, ["operations@example.com"]);
    assert_eq!(telling.unheard, ["picky hears nothing: it wants critical or louder, this is warning"]);
    let other = ask(&life, 2, "tried");
    assert!(other.notices[0].verdict.starts_with("applies, but `never` (at own.toml:1"), "{other:?}");
    assert!(other.notices[0].verdict.ends_with("is asked first and decides, and keeps silent"), "{other:?}");
    assert!(ask(&life, 2, "never").notices[0].verdict.starts_with("decides, and keeps silent"));
}

/// Steps as quiet as the team does not take are told to nobody, and it is said of each.
#[test]
fn a_step_that_nobody_takes_says_so() {
    let own = "[[rule]]\nname = \"late\"\ntitle = \"Loud at the end\"\non = \"deadline\"\ndeadline = \"ES_DUE\"\nremind = [5, 2, 0]\n\
               severity = \"warning\"\nseverity_from = [{ days = 0, severity = \"critical\" }]\nnotify = [\"picky\"]\n";
    let mut life = Life::new(own, people(Manners::NONE), "2025-04-14T15:00:00Z");
    life.desk.receive("so.txt", "acme", &released());
    life.tick();
    let number = life.desk.store().lives(None, 1).expect("the store answers")[0].number;
    let stored = life.desk.store().life(number).expect("the store answers").expect("it is there");
    let asked = ask_about(&life, &stored, "late");
    let steps: Vec<(&str, Severity, usize, usize)> = asked.clocks[0]
        .steps
        .iter()
        .map(|step| (&*step.step, step.severity, step.recipients.len(), step.unheard.len()))
        .collect();
    let (quiet, loud) = (Severity::Warning, Severity::Critical);
    assert_eq!(steps, [("5", quiet, 0, 1), ("2", quiet, 0, 1), ("0", loud, 1, 0)]);
    assert_eq!(
        asked.clocks[0].steps[1].unheard,
        ["picky hears nothing: it wants critical or louder, this is warning"]
    );
}

/// The ladder of an entry summary that is due on 16 April, known from the 14th on.
#[test]
fn each_step_of_a_ladder_says_why_it_was_not_said() {
    let mut life = Life::new("", people(Manners::NONE), "2025-04-14T15:00:00Z");
    life.desk.receive("so.txt", "acme", &released());
    life.tick();
    let store = life.desk.store();
    let number = store.lives(None, 1).expect("the store answers")[0].number;
    let stored = |store: &dyn Store| store.life(number).expect("the store answers").expect("it is there");
    let asked = ask_about(&life, &stored(&*store), "summary-due");
    let steps: Vec<(&str, &str)> =
        asked.clocks[0].steps.iter().map(|step| (&*step.step, &*step.unsaid)).collect();
    assert_eq!(
        steps,
        [
            ("5", "had passed when its date was known, on 2025-04-14 Mon"),
            ("3", "had passed when its date was known, on 2025-04-14 Mon"),
            // It was said, which the answer of the store tells; without one it is what counts today.
            ("2", "it is due, and the clock is looked at when the daemon runs"),
            ("1", "comes in 1 day"),
            ("0", "comes in 2 days"),
            ("overdue", "comes in 3 days"),
        ]
    );
    assert!(told(&life, &asked).contains("letter letter waiting"));
    // What should have come by now is a matter of rules on silences.
    life.until("2025-04-20T15:00:00Z");
    let asked = ask_about(&life, &stored(&*store), "summary-missing");
    let missing = asked.silences.iter().find(|silence| silence.matches).expect("a summary is missing");
    let telling = missing.telling.as_ref().expect("it is told");
    assert_eq!(telling.recipients, ["operations@example.com"]);
    let text = told(&life, &asked);
    assert!(text.contains("letter ") && text.contains(" sent"), "the very alert that was raised: {text}");
}

#[test]
fn a_step_that_an_inhibition_hides_says_so() {
    let own = "[[inhibit]]\nname = \"theirs\"\nwhen = { broker = \"acme\" }\nhides = [\"summary-due\"]\n";
    let mut life = Life::new(own, people(Manners::NONE), "2025-04-02T15:00:00Z");
    let file = life::released();
    life.desk.receive("so.txt", "acme", &file);
    life.tick();
    let store = life.desk.store();
    let stored = store.lives(None, 1).expect("the store answers").remove(0);
    let asked = ask_about(&life, &stored, "summary-due");
    let steps = &asked.clocks[0].steps;
    assert!(!steps.is_empty());
    for step in steps {
        // The last seven days are told all the same.
        assert_eq!(step.hidden, None, "{step:?}");
    }
    let own = own.replace("summary-due", "correction-possible");
    let mut life = Life::new(&own, people(Manners::NONE), "2025-04-02T15:00:00Z");
    life.desk.receive("so.txt", "acme", &file);
    life.tick();
    let store = life.desk.store();
    let stored = store.lives(None, 1).expect("the store answers").remove(0);
    let asked = ask_about(&life, &stored, "correction-possible");
    let hidden: Vec<(&str, bool)> =
        asked.clocks[0].steps.iter().map(|step| (&*step.step, step.hidden.is_some())).collect();
    assert_eq!(hidden, [("14", true)]);
}
