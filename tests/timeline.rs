//! `rules timeline` against the real thing: the mails that it foretells are those that an engine with a journal sends when the same
//! happens, to the same people at the same moments.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "this test looks at letters only")]
mod life;

use chrono::{DateTime, NaiveDate, Utc};
use entrywatch::outbox::{Acknowledgement, Audience, Manners, Quiet};
use entrywatch::place::Severity;
use entrywatch::workbench::next_look;
use entrywatch::workbench::timeline::{Occasion, Timeline, timeline};
use life::{Life, at, capped, status, team};

/// Nothing but the rule under test speaks.
const NOTHING_ELSE: &str = r#"
[[rule]]
name = "no-other-notice"
title = "Nothing else"
on = "notice"
delivery = "none"
[[rule]]
name = "no-other-clock"
title = "Nothing else"
on = "deadline"
deadline = "*"
delivery = "none"
[[rule]]
name = "no-other-silence"
title = "Nothing else"
on = "silence"
delivery = "none"
"#;

/// A courtesy notice of liquidation on 13 February 2026: the protest is due on 12 August.
const LIQUIDATED: [&str; 6] = [
    "A27049Z7      021526     NR",
    "B  27049Z7NR",
    "N127049Z7 100004250112-345678900000003270000000000000000000327000000000000000",
    "N227049Z7 1000042502132602DEMO00042                  L04022500000000000000000000",
    "N427049Z7 100004250000000000000000007543000000000000000000000000000007543",
    "Y  27049Z7NR00003",
];

/// What happens.
#[derive(Clone, Copy)]
enum Event {
    /// An exam is ordered, of which one rule tells.
    Exam,
    /// A liquidation, which starts a protest clock.
    Liquidation,
}

struct Case {
    what: &'static str,
    rule: &'static str,
    event: Event,
    at: &'static str,
    /// Looked at until then.
    until: &'static str,
    /// Somebody takes care at this moment, until that day.
    ack: Option<(&'static str, &'static str)>,
    mails: usize,
}

fn rule(body: &str) -> String {
    format!("[[rule]]\nname = \"tried\"\ntitle = \"Tried\"\n{body}\n{NOTHING_ELSE}")
}

/// New York with quiet nights, Tokyo with quiet nights of its own, Los Angeles with a digest at half past six.
fn audience() -> Audience {
    let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).expect("a time");
    let mut west = team("west", "America/Los_Angeles");
    west.digest_at = time(6, 30);
    let mut picky = team("picky", "Europe/Berlin");
    picky.severity_min = Severity::Critical;
    let nights = Manners {
        quiet: Some(Quiet { from: time(20, 0), to: time(7, 30), pass: Severity::Critical }),
        ..Manners::NONE
    };
    let late = Manners {
        quiet: Some(Quiet { from: time(22, 0), to: time(6, 45), pass: Severity::Critical }),
        ..Manners::NONE
    };
    Audience::new(vec![team("operations", "America/New_York"), team("tokyo", "Asia/Tokyo"), west, picky])
        .with_manners("operations", late)
        .with_manners("tokyo", nights)
        .with_manners("west", capped(2, 24 * 60))
}

type Mails = Vec<(DateTime<Utc>, String, String)>;

/// What an engine sends when it happens.
fn sent(case: &Case) -> (Mails, Option<NaiveDate>) {
    let mut life = Life::new(&rule(case.rule), audience(), case.at);
    match case.event {
        Event::Exam => {
            life.desk.receive("exam.txt", "acme", &status([1], "03", "0302261000"));
        }
        Event::Liquidation => {
            let records = LIQUIDATED.iter().chain(&["Z27049Z7      021526"]);
            let file: Vec<u8> = records.flat_map(|record| format!("{record:80}\n").into_bytes()).collect();
            life.desk.receive("nr.txt", "acme", &file);
        }
    }
    let store = life.desk.store();
    let entry = &store.lives(None, 1).expect("the store answers")[0];
    let clocks = entry.deadlines(&entry.entry(), &life.pipeline.deadlines);
    let target = clocks.iter().find(|clock| &*clock.id == "PROTEST_DUE").and_then(|clock| clock.target());
    let mut mails = take(&mut life);
    let (until, ack) = (at(case.until), case.ack.map(|(moment, until)| (at(moment), until)));
    let mut acked = ack.is_none();
    loop {
        let store = life.desk.store();
        let look = next_look(&life.pipeline.audience, &*store, life.now()).expect("the store answers");
        let letter = store.next_letter_at().expect("the store answers").filter(|next| *next > life.now());
        let answer = ack.map(|(moment, _)| moment).filter(|_| !acked);
        let next = [look, letter, answer].into_iter().flatten().min().filter(|next| *next <= until);
        let Some(next) = next else { return (mails, target) };
        life.desk.clock.set(next);
        if let Some((moment, until)) = ack
            && !acked
            && moment <= next
        {
            acked = true;
            let alerts = store.alerts(None, 100).expect("the store answers");
            let said = Acknowledgement {
                alerts: alerts.into_iter().map(|alert| alert.key).collect(),
                by: "jo".to_owned(),
                reason: "on it".to_owned(),
                until: until.parse().expect("a date"),
                letter: None,
            };
            life.desk.engine().acknowledge(&said).expect("it is taken");
        }
        life.tick();
        mails.extend(take(&mut life));
    }
}

/// The mails that were handed over: moment, recipient, kind.
fn take(life: &mut Life) -> Mails {
    let store = life.desk.store();
    let kind = |sent: &life::Sent| {
        store.letter(sent.mail.key()).expect("it answers").expect("it is there").kind.to_string()
    };
    life.mails().into_iter().map(|sent| (sent.at, sent.to.clone(), kind(&sent))).collect()
}

fn foretold(case: &Case, target: Option<NaiveDate>) -> Timeline {
    let life = Life::new(&rule(case.rule), audience(), case.at);
    let tried = life.pipeline.rules.get("tried").expect("the rule is there");
    let usual = Occasion::usual(tried, &life.pipeline.audience, at(case.at));
    let occasion = Occasion {
        at: at(case.at),
        target: target.unwrap_or(usual.target),
        broker: "acme".to_owned(),
        ack: case.ack.map(|(moment, until)| (at(moment), until.parse().expect("a date"))),
        ..usual
    };
    timeline(&life.pipeline, tried, &occasion).expect("it is played")
}

#[test]
fn what_is_foretold_is_what_is_sent() {
    for case in CASES {
        let (mut sent, target) = sent(case);
        let target = target.filter(|_| matches!(case.event, Event::Liquidation));
        let told = foretold(case, target);
        let mut mails: Mails =
            told.mails.iter().map(|mail| (mail.at, mail.recipient.clone(), mail.what.clone())).collect();
        mails.sort();
        sent.sort();
        assert_eq!(mails, sent, "{}: foretold, and sent", case.what);
        assert_eq!(mails.len(), case.mails, "{}: {mails:#?}", case.what);
    }
}

const CASES: &[Case] = &[
    Case {
        what: "critical passes quiet hours over midnight",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "critical""#,
        event: Event::Exam,
        at: "2026-03-04T04:30:00Z", // 23:30 in New York, 13:30 in Tokyo
        until: "2026-03-20T00:00:00Z",
        ack: None,
        mails: 4,
    },
    Case {
        what: "a warning waits for the end of the night, each where the recipient is",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "warning""#,
        event: Event::Exam,
        at: "2026-03-04T12:30:00Z", // 21:30 in Tokyo
        until: "2026-03-20T00:00:00Z",
        ack: None,
        mails: 3,
    },
    Case {
        what: "reminders over the night in which clocks go forward, and a cap of two a day",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "warning"
remind = "at once, then every 2 days, at most 5 times""#,
        event: Event::Exam,
        at: "2026-03-07T03:30:00Z", // 22:30 of the day before in New York
        until: "2026-04-20T00:00:00Z",
        ack: None,
        mails: 15,
    },
    Case {
        what: "reminders every hour run into the cap",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "critical"
notify = ["west"]
remind = "after 30 minutes, then every hour, at most 6 times""#,
        event: Event::Exam,
        at: "2026-03-04T15:00:00Z",
        until: "2026-03-20T00:00:00Z",
        ack: None,
        mails: 3,
    },
    Case {
        what: "nobody answers for four hours: another team in another zone, then all",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "warning"
notify = ["operations"]
escalate = [{ after = "4 hours", notify = ["tokyo"] }, { after = "1 day", notify = ["west", "picky"] }]"#,
        event: Event::Exam,
        at: "2026-03-04T15:00:00Z", // four hours later it is night in Tokyo
        until: "2026-03-20T00:00:00Z",
        ack: None,
        mails: 3,
    },
    Case {
        what: "an answer stops reminders until its day",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "warning"
notify = ["operations"]
remind = "at once, then every day, at most 4 times"
escalate = [{ after = "2 days", notify = ["west"] }]"#,
        event: Event::Exam,
        at: "2026-03-04T15:00:00Z",
        until: "2026-04-20T00:00:00Z",
        ack: Some(("2026-03-05T17:00:00Z", "2026-03-15")),
        mails: 5,
    },
    Case {
        what: "the digests of the day, over the night in which clocks go back",
        rule: r#"on = "notice"
when = { effect = "exam" }
severity = "info"
delivery = "digest""#,
        event: Event::Exam,
        at: "2026-10-31T23:30:00Z",
        until: "2026-11-20T00:00:00Z",
        ack: None,
        mails: 3,
    },
    Case {
        what: "a legal ladder, in the morning of each",
        rule: r#"on = "deadline"
deadline = "PROTEST_DUE"
remind = [90, 60, 30, 14, 7, 3, 1, 0, "overdue"]
severity = "warning"
severity_from = [{ days = 7, severity = "critical" }]"#,
        event: Event::Liquidation,
        at: "2026-02-15T15:00:00Z",
        until: "2026-09-20T00:00:00Z",
        ack: None,
        mails: 32,
    },
    Case {
        what: "a ladder that somebody answered opens again as the day nears",
        rule: r#"on = "deadline"
deadline = "PROTEST_DUE"
remind = [90, 60, 30, 14, 7, 3, 1, 0, "overdue"]
severity = "warning"
reopen = 10"#,
        event: Event::Liquidation,
        at: "2026-02-15T15:00:00Z",
        until: "2026-09-20T00:00:00Z",
        ack: Some(("2026-06-15T16:00:00Z", "2026-09-01")),
        mails: 24,
    },
    Case {
        what: "a ladder in the digest that does not speak at weekends",
        rule: r#"on = "deadline"
deadline = "PROTEST_DUE"
when = { weekday = ["Mon", "Tue", "Wed", "Thu", "Fri"] }
remind = [60, 30, 4, 3, 1]
severity = "info"
delivery = "digest""#,
        event: Event::Liquidation,
        at: "2026-02-15T15:00:00Z",
        until: "2026-09-20T00:00:00Z",
        ack: None,
        mails: 6,
    },
    Case {
        what: "a ladder that escalates",
        rule: r#"on = "deadline"
deadline = "PROTEST_DUE"
remind = [3, 0]
severity = "warning"
notify = ["operations"]
escalate = [{ after = "6 hours", notify = ["tokyo"] }]"#,
        event: Event::Liquidation,
        at: "2026-02-15T15:00:00Z",
        until: "2026-09-20T00:00:00Z",
        ack: None,
        mails: 4,
    },
];

/// A reminder is raised in the first morning of any team, which is the evening before elsewhere; a morning that lies in the quiet
/// hours of a recipient is no time to tell a warning.
#[test]
fn a_morning_in_quiet_hours_is_waited_for() {
    let ladder = CASES.iter().find(|case| case.what.starts_with("a legal ladder")).expect("it is there");
    let told = foretold(ladder, "2026-08-12".parse().ok());
    let of = |recipient: &str| -> Vec<String> {
        let mails = told.mails.iter().filter(|mail| mail.recipient.starts_with(recipient));
        mails.map(|mail| format!("{} {}", mail.local, mail.severity.as_str())).take(5).collect()
    };
    assert_eq!(
        of("operations"),
        [
            "2026-05-14 Thu 06:45 warning",
            "2026-06-13 Sat 06:45 warning",
            "2026-07-13 Mon 06:45 warning",
            "2026-07-29 Wed 06:45 warning",
            "2026-08-05 Wed 06:00 critical",
        ]
    );
    assert_eq!(of("tokyo")[0], "2026-05-14 Thu 07:30 warning");
    assert_eq!(of("west")[0], "2026-05-14 Thu 06:00 warning");
    assert_eq!(of("picky")[0], "2026-08-05 Wed 06:00 critical");
}

/// Weekday and time of day of a rule: the occasion is put off to when the rule applies, and one that was asked for is refused in words.
#[test]
fn a_rule_that_does_not_apply_then_says_so() {
    let own = rule(
        "on = \"notice\"\nwhen = { effect = \"exam\", weekday = [\"Sat\", \"Sun\"], time = { from = \"18:00\", to = \"20:00\" } }\n\
         severity = \"critical\"",
    );
    let life = Life::new(&own, audience(), "2026-03-04T15:00:00Z");
    let tried = life.pipeline.rules.get("tried").expect("the rule is there");
    let usual = Occasion::usual(tried, &life.pipeline.audience, at("2026-03-04T15:00:00Z"));
    assert_eq!(usual.at, at("2026-03-07T23:00:00Z"), "Saturday at six in the evening");
    let told = timeline(&life.pipeline, tried, &usual).expect("it is played");
    assert_eq!((told.mails.len(), told.untold.len()), (4, 0), "{told:#?}");
    let then = Occasion { at: at("2026-03-04T15:00:00Z"), ..usual };
    let told = timeline(&life.pipeline, tried, &then).expect("it is played");
    assert!(told.mails.is_empty());
    assert_eq!(
        told.untold,
        [
            "It does not apply at that time: time = { from = \"18:00\", to = \"20:00\" } and weekday = [\"Sat\", \"Sun\"]."
        ]
    );
}

/// A team that wants louder alerts only, and a broker for which it is told otherwise.
#[test]
fn who_hears_nothing_is_said() {
    let own = format!(
        "{}\n[[broker_override]]\nbroker = \"globex\"\nrules = [\"tried\"]\ndelivery = \"none\"\n",
        rule("on = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"warning\"\nnotify = [\"picky\"]")
    );
    let life = Life::new(&own, audience(), "2026-03-04T15:00:00Z");
    let tried = life.pipeline.rules.get("tried").expect("the rule is there");
    let usual = Occasion::usual(tried, &life.pipeline.audience, at("2026-03-04T15:00:00Z"));
    let told = timeline(&life.pipeline, tried, &usual).expect("it is played");
    assert_eq!(told.untold, ["It is warning, and picky want louder alerts only."]);
    let globex = Occasion { broker: "globex".to_owned(), ..usual };
    let told = timeline(&life.pipeline, tried, &globex).expect("it is played");
    assert_eq!(told.untold, ["It is kept silent."]);
    assert!(told.sentences.iter().any(|words| words.starts_with("Keeps silent")), "{told:#?}");
}

/// What a broker's override changes stands in the words as well as in the mails.
#[test]
fn the_words_are_those_of_the_broker() {
    let own = format!(
        "{}\n[[broker_override]]\nbroker = \"globex\"\nrules = [\"tried\"]\ndelivery = \"digest\"\nseverity = \"critical\"\nnotify = [\"west\"]\n",
        rule(
            "on = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"warning\"\nnotify = [\"operations\"]\n\
             remind = \"at once, then every day, at most 3 times\"\nescalate = [{ after = \"4 hours\", notify = [\"tokyo\"] }]"
        )
    );
    let life = Life::new(&own, audience(), "2026-03-04T15:00:00Z");
    let tried = life.pipeline.rules.get("tried").expect("the rule is there");
    let usual = Occasion::usual(tried, &life.pipeline.audience, at("2026-03-04T15:00:00Z"));
    let words = |broker: &str| {
        let occasion = Occasion { broker: broker.to_owned(), ..usual.clone() };
        timeline(&life.pipeline, tried, &occasion).expect("it is played").sentences.join("\n")
    };
    let override_place = "own.toml:";
    let globex = words("globex");
    assert!(
        globex.contains(&format!("Of globex it is told as the override at {override_place}")),
        "{globex}"
    );
    assert!(globex.contains("; `remind` and `escalate` of the rule do not hold there."), "{globex}");
    assert!(
        globex.contains("Waits for the next daily digest, critical: west")
            && globex.contains("It tells west"),
        "{globex}"
    );
    for gone in ["It is said", "When nobody acknowledges", "operations", "For some brokers"] {
        assert!(!globex.contains(gone), "{gone}: {globex}");
    }
    let acme = words("acme");
    assert!(acme.contains("It tells operations") && acme.contains("When nobody acknowledges"), "{acme}");
    assert!(!acme.contains("override") && !acme.contains("For some brokers"), "{acme}");
    assert!(words("").contains("For some brokers it is told otherwise: own.toml:"));
}
