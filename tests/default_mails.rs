//! What the rules that the program carries really send: one mail of each kind, played from messages. Ends, which none of them tells,
//! come from a rule as `docs/alerts.md` has it. The mails in
//! `tests/default_mails` are what `docs/pictures` shows; `UPDATE_EXPECT=1` writes them anew.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "the life of alerts is tested beside")]
mod life;

use std::path::Path;
use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use entrywatch::clock::Zone;
use entrywatch::email::Mail;
use entrywatch::ident::BrokerName;
use entrywatch::outbox::{Audience, Cap, Manners, NewSilence, Outcome, Silenced, TroubleBrief};
use entrywatch::pipeline::{FeedWatch, Pipeline};
use entrywatch::place::Severity;
use expect_test::expect_file;
use life::{Life, Sent, at, status, team};

/// Manners as they are when nobody configures any.
fn usual() -> Manners {
    let cap = Cap { letters: 30, within: TimeDelta::minutes(10) };
    Manners { quiet: None, gather: Some(TimeDelta::minutes(2)), cap: Some(cap) }
}

fn start(now: &str) -> Life {
    start_as(usual(), now)
}

fn start_as(manners: Manners, now: &str) -> Life {
    let audience = Audience::new(vec![team("operations", "America/New_York")]);
    Life::new("", audience.with_manners("operations", manners), now)
}

fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    std::fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Receives a sample, or the text itself.
fn take(life: &mut Life, name: &str, broker: &str) {
    life.desk.receive(name.rsplit('/').next().unwrap_or(name), broker, &sample(name));
}

/// Records of 80 columns.
fn file(records: &[&str]) -> Vec<u8> {
    records.iter().flat_map(|record| format!("{record:80}\n").into_bytes()).collect()
}

fn check(name: &str, mails: &[Sent], subject: &str) {
    let subjects: Vec<&str> = mails.iter().map(Sent::subject).collect();
    let found = mails.iter().find(|mail| mail.subject().contains(subject));
    let mail = &found.unwrap_or_else(|| panic!("no `{subject}` for {name}: {subjects:#?}")).mail;
    keep(name, mail);
}

fn keep(name: &str, mail: &Mail) {
    expect_file![format!("default_mails/{name}.txt")].assert_eq(mail.text());
    expect_file![format!("default_mails/{name}.html")].assert_eq(mail.html());
}

#[test]
fn holds_and_release() {
    let mut life = start("2025-04-01T13:05:00Z");
    take(&mut life, "demo/1-hold.txt", "globex");
    check("hold", &life.mails(), "CBP hold");
    let records = [
        "A27049Z7      040125     SO",
        "B  27049Z7SO",
        "SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W040125",
        "SO20CR DEMO00042",
        "SO70FDAFOO040125090102HOLD INTACT                       00101001              04",
        "Y  27049Z7SO00003",
        "Z27049Z7      040125",
    ];
    life = start("2025-04-01T13:05:00Z");
    life.desk.receive("fda.txt", "globex", &file(&records));
    check("agency-hold", &life.mails(), "Agency hold: FDA");
    let mut life = start("2026-03-02T15:00:00Z");
    life.receive(1, "globex", "03", "0302261000");
    check("exam", &life.mails(), "Examination ordered");
    let mut life = start("2025-04-02T18:10:00Z");
    take(&mut life, "demo/1-hold.txt", "globex");
    take(&mut life, "demo/2-released.txt", "globex");
    life.mails();
    take(&mut life, "demo/3-accepted-with-warning.txt", "globex");
    check("census-warning", &life.mails(), "ensus");
    check("digest", &life.until("2025-04-03T12:30:00Z"), "[DIGEST]");
    let mut life = start("2025-04-02T18:10:00Z");
    take(&mut life, "demo/1-hold.txt", "globex");
    take(&mut life, "demo/2-released.txt", "globex");
    check("summary-due", &life.until("2025-04-17T12:30:00Z"), "Entry summary");
}

#[test]
fn summary_and_requests() {
    let mut life = start("2026-04-11T15:00:00Z");
    take(&mut life, "abi/pass/uc-rejected.txt", "globex");
    check("rejection", &life.mails(), "[CRITICAL]");
    let mut life = start("2025-04-01T13:05:00Z");
    take(&mut life, "demo/1-hold.txt", "globex");
    life.mails();
    life.desk.clock.set(at("2025-04-14T15:00:00Z"));
    let form = r#"{"kind": "form", "form": "28", "entry": "9Z7-1000042-5", "issue_date": "2025-04-14", "author": "jo"}"#;
    life.desk.receive("form-28.json", "globex", form.as_bytes());
    check("form-28", &life.mails(), "Form 28");
    let mut life = start("2025-06-05T14:00:00Z");
    let release = [
        "A27049Z7      060525     SO",
        "B  27049Z7SO",
        "SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W060525",
        "SO20CR DEMO00042",
        "SO60060525140298RELEASED                                        06052508",
        "Y  27049Z7SO00003",
        "Z27049Z7      060525",
    ];
    life.desk.receive("so.txt", "globex", &file(&release));
    let accepted = [
        "A27049Z7      060625     AX",
        "B  27049Z7AX",
        "E0 SUMMRY 000001 REF ID: 9Z7 10000425 DEMO00042     342",
        "E1A 995   SUMMARY HAS BEEN ADDED                  9Z7  1000042500100DEMO00042",
        "Y  27049Z7AX00002",
        "Z27049Z7      060625",
    ];
    life.until("2025-06-06T14:00:00Z");
    life.desk.receive("ax.txt", "globex", &file(&accepted));
    life.until("2025-06-09T14:00:00Z");
    let statement = [
        "A27049Z7      060925     PF",
        "B  27049Z7PFP2704076001060625212-345678900",
        "Q127049Z7  10000425  12-34567890006062500000327000           NDEMO00042      01",
        "Q227049Z7  10000425                                  2YNN",
        "Q32704076001  0606259Z7  12-34567890000000327000                      2704",
        "Y  27049Z7PF00003",
        "Z27049Z7      060925",
    ];
    life.desk.receive("pf.txt", "globex", &file(&statement));
    check("statement-overdue", &life.until("2025-06-24T12:30:00Z"), "overdue");
}

#[test]
fn liquidation_and_protest() {
    let mut life = start("2026-02-15T12:45:00Z");
    take(&mut life, "demo/5-liquidated.txt", "globex");
    check("liquidation", &life.mails(), "Liquidated above");
    check("protest-14", &life.until("2026-07-30T12:30:00Z"), "Protest due in 14 days");
    check("protest-overdue", &life.until("2026-08-14T12:30:00Z"), "overdue");
}

#[test]
fn a_date_that_moved() {
    let mut life = start("2025-04-02T18:10:00Z");
    take(&mut life, "demo/1-hold.txt", "globex");
    take(&mut life, "demo/2-released.txt", "globex");
    life.until("2025-04-11T15:00:00Z");
    let released = format!("SO60041125090022{:<40}040425", "RELEASE DATE UPDATED");
    let records = [
        "A27049Z7      041125     SO",
        "B  27049Z7SO",
        "SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W040125",
        &*released,
        "Y  27049Z7SO00002",
        "Z27049Z7      041125",
    ];
    life.desk.receive("moved.txt", "globex", &file(&records));
    check("moved", &life.mails(), "ummary");
}

#[test]
fn many_at_once() {
    let mut life = start("2026-03-02T15:00:00Z");
    life.desk.receive("so.txt", "globex", &status(1..=6, "03", "0302261000"));
    check("grouped", &life.mails(), "6 alerts");
    let mut life = start("2026-03-02T15:00:00Z");
    for serial in 1..=9 {
        life.receive(serial, "globex", "96", "0302261000");
        life.desk.clock.advance(TimeDelta::seconds(5));
    }
    life.mails();
    check("burst", &life.until("2026-03-02T15:10:00Z"), "6 alerts");
    let mut life = start("2026-03-02T15:00:00Z");
    life.desk.receive("so.txt", "globex", &status(1..=30, "03", "0302261000"));
    check("bundle", &life.mails(), "30 alerts");
    let cap = Cap { letters: 3, within: TimeDelta::minutes(10) };
    let mut life = start_as(Manners { gather: None, cap: Some(cap), ..usual() }, "2026-03-02T15:00:00Z");
    life.desk.receive("so-3.txt", "globex", &status(1..=5, "03", "0302261000"));
    life.desk.receive("so-4.txt", "acme", &status(6..=8, "96", "0302261001"));
    life.mails();
    check("flood", &life.until("2026-03-02T15:30:00Z"), "5 alerts");
    let mut life = start("2026-03-02T15:00:00Z");
    life.desk.receive("so.txt", "globex", &status(1..=12, "98", "0302261000"));
    check("ladder-of-many", &life.until("2026-03-20T15:00:00Z"), "12 alerts on 12 entries: Entry");
}

#[test]
fn over_before_it_could_leave() {
    let mut life = start("2026-03-02T15:00:00Z");
    life.receive(1, "globex", "03", "0302261000");
    life.desk.deliver(|_| Outcome::Refused { error: "451 try later".into() });
    life.desk.clock.set(at("2026-03-02T16:00:00Z"));
    life.receive(1, "globex", "98", "0302261100");
    check("over", &life.mails(), "[OVER]");
}

/// No rule that the program carries tells ends. This is what one that does so looks like.
const TELLING_ENDS: &str = r#"
[[rule]]
name = "documents-over"
title = "Documents required"
on = "notice"
when = { effect = "documents" }
severity = "critical"
remind = "at once, then every 2 days, at most 5 times"
until = { open_hold_after = false }
tell_when_over = true
"#;

#[test]
fn the_cause_is_gone_and_people_hear_of_it() {
    let audience = Audience::new(vec![team("operations", "America/New_York")]);
    let audience = audience.with_manners("operations", usual());
    let mut life = Life::new(TELLING_ENDS, audience.clone(), "2026-03-02T15:00:00Z");
    life.receive(1, "globex", "96", "0302261000");
    life.mails();
    life.until("2026-03-05T15:00:00Z");
    life.receive(1, "globex", "98", "0305261000");
    check("request-over", &life.mails(), "[OVER]");
    let mut life = Life::new(TELLING_ENDS, audience, "2026-03-02T15:00:00Z");
    life.desk.receive("so.txt", "globex", &status(1..=6, "96", "0302261000"));
    life.mails();
    life.until("2026-03-05T15:00:00Z");
    life.desk.receive("so-2.txt", "globex", &status(1..=6, "98", "0305261000"));
    check("requests-over", &life.mails(), "[OVER] 6 alerts");
}

#[test]
fn what_nobody_said_and_what_was_silenced() {
    let mut life = start("2026-03-02T15:00:00Z");
    let watch = FeedWatch {
        broker: BrokerName::new("globex"),
        zone: Zone::named("America/New_York").expect("a zone"),
        weekdays: 0b1_1111,
        opens: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
        closes: NaiveTime::from_hms_opt(17, 0, 0).expect("a time"),
        silent_after: TimeDelta::hours(4),
        awaits_first: false,
    };
    let of = &life.pipeline;
    life.pipeline = Arc::new(Pipeline {
        feeds: vec![watch],
        interpreter: of.interpreter.clone(),
        rules: of.rules.clone(),
        deadlines: of.deadlines.clone(),
        audience: of.audience.clone(),
        importer_number: of.importer_number,
    });
    let pipeline = life.pipeline.clone();
    life.desk.open(&pipeline);
    life.receive(1, "globex", "98", "0302261000");
    life.mails();
    check("feed-silent", &life.until("2026-03-02T20:30:00Z"), "globex");

    let mut life = start("2026-03-02T15:00:00Z");
    let what = Silenced { rule: Some("exam".into()), ..Silenced::default() };
    let until = "2026-03-04".parse().expect("a date");
    let silence = NewSilence { owner: "jo".into(), reason: "strike at the port".into(), until, what };
    life.desk.engine().silence(silence).expect("it is taken");
    life.desk.receive("so.txt", "globex", &status(1..=3, "03", "0302261000"));
    assert!(life.mails().is_empty());
    check("silence-ended", &life.until("2026-03-05T12:00:00Z"), "3 alerts");
}

#[test]
fn a_feed_that_never_begins_is_told_of_once() {
    let mut life = start("2026-07-06T16:00:00Z");
    let of = &life.pipeline;
    life.pipeline = Arc::new(Pipeline {
        feeds: vec![FeedWatch {
            broker: BrokerName::new("globex"),
            zone: Zone::named("America/New_York").expect("a zone"),
            weekdays: 0b1_1111,
            opens: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
            closes: NaiveTime::from_hms_opt(17, 0, 0).expect("a time"),
            silent_after: TimeDelta::hours(4),
            awaits_first: true,
        }],
        interpreter: of.interpreter.clone(),
        rules: of.rules.clone(),
        deadlines: of.deadlines.clone(),
        audience: of.audience.clone(),
        importer_number: of.importer_number,
    });
    let pipeline = life.pipeline.clone();
    life.desk.open(&pipeline);
    life.tick();
    let broker = BrokerName::new("globex");
    let feed =
        |life: &Life| life.desk.store().feed(&broker).expect("the store answers").expect("it is awaited");
    assert!(feed(&life).is_awaited);
    assert!(!life.desk.engine().remind().expect("reminders are said"), "once is enough");
    assert!(life.until("2026-07-06T19:30:00Z").is_empty(), "three and a half hours");
    let told = life.until("2026-07-06T20:30:00Z");
    let [mail] = &told[..] else { panic!("{told:?}") };
    assert!(mail.subject().contains("No file has come from the broker yet"), "{}", mail.subject());
    assert!(mail.mail.text().contains("2026-07-06 12:00"), "{}", mail.mail.text());
    assert!(life.until("2026-07-09T20:30:00Z").is_empty(), "once for each silence");
    // The journal gives the same again.
    let before = (feed(&life), life.told());
    life.desk.open(&pipeline);
    assert_eq!((feed(&life), life.told()), before);
    life.receive(1, "globex", "98", "0709261000");
    assert!(!feed(&life).is_awaited);
}

#[test]
fn troubles() {
    let audience =
        Audience::new(vec![team("operations", "America/New_York"), team("managers", "America/New_York")]);
    let mut life = Life::new("", audience, "2026-03-02T15:00:00Z");
    life.receive(1, "globex", "03", "0302261000");
    let dead =
        |mail: &Mail| match String::from_utf8_lossy(mail.bytes()).contains("To: operations@example.com") {
            true => Outcome::Rejected {
                error: "the mail server answered the recipient with 550 no such mailbox".into(),
            },
            false => Outcome::Accepted { response: "250 ok".into() },
        };
    let mails = life.desk.deliver(dead);
    let told = mails.iter().find(|mail| mail.subject().contains("mail to"));
    keep("dead-mailbox", told.expect("the others are told"));

    let mut life = start("2026-03-02T15:00:00Z");
    life.desk.receive("cut.txt", "globex", &sample("demo/1-hold.txt")[..330]);
    check("file-not-read", &life.mails(), "cut.txt");
    let brief = TroubleBrief {
        subject: "drop globex-sftp".into(),
        code: "list-failed".into(),
        message: "the folder could not be listed: the server closed the connection".to_owned(),
        advice: "See whether the server can be reached, and whether the account may list the folder."
            .to_owned(),
        file: None,
        place: None,
    };
    let id = brief.id();
    life.desk.engine().trouble(Severity::Warning, "globex", brief).expect("it is told");
    check("drop-trouble", &life.mails(), "drop globex-sftp");
    life.desk.clock.set(at("2026-03-02T17:00:00Z"));
    life.desk.engine().trouble_over(id).expect("it is told");
    check("trouble-over", &life.mails(), "it is over");
}
