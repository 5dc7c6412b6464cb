//! What people say back, with a test clock: acknowledgements by command and by link, escalation when nobody answers, the ladder of a legal
//! deadline, silences. Every test ends with a rebuild.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "these tests tell of answers, not of floods")]
mod life;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{NaiveDate, TimeDelta};
use entrywatch::clock::Clock;
use entrywatch::daemon::engine::EngineError;
use entrywatch::deadline::DeadlineTable;
use entrywatch::grammar::Grammar;
use entrywatch::ident::Fingerprint;
use entrywatch::outbox::{Acknowledgement, Audience, Manners, NewSilence, Silenced, Team, Tickets};
use entrywatch::serve::http::{HttpListener, Pages, router};
use entrywatch::serve::{Action, ApiError, Backend};
use entrywatch::store::{LetterFilter, Store};
use life::{Life, Sent, at, entry, quiet_nights, team};
use tokio_util::sync::CancellationToken;

/// A document request that wants an answer, by managers and then by the director if need be.
const ESCALATING: &str = r#"
[[rule]]
name = "documents"
title = "Documents required"
on = "notice"
when = { effect = "documents" }
severity = "critical"
notify = ["operations"]
remind = "at once, then every 2 days, at most 5 times"
until = { open_hold_after = false }
escalate = [
  { after = "4 hours", notify = ["managers"] },
  { after = "1 day", notify = ["director"] },
]
"#;

fn everybody() -> Audience {
    let teams = ["operations", "managers", "director"].map(|name| team(name, "America/New_York"));
    Audience::new(teams.to_vec())
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn ack(life: &mut Life, rule: &str, serial: u32, until: &str) -> Result<(), EngineError> {
    let alerts = vec![life.alert(rule, serial)];
    let said = Acknowledgement {
        alerts,
        by: "Jo".to_owned(),
        reason: "asked the broker".to_owned(),
        until: day(until),
        letter: None,
    };
    life.desk.engine().acknowledge(&said)
}

fn silence(life: &mut Life, what: Silenced, until: &str) -> Result<(), EngineError> {
    let new = NewSilence { owner: "Jo".into(), reason: "known at the port".into(), until: day(until), what };
    life.desk.engine().silence(new)
}

fn of_rule(rule: &str) -> Silenced {
    Silenced { rule: Some(rule.into()), ..Silenced::default() }
}

/// Recipients and moments, digests left out.
fn told(sent: &[Sent]) -> Vec<(String, String)> {
    let news = sent.iter().filter(|mail| !mail.subject().starts_with("[DIGEST]"));
    news.map(|mail| (mail.to.replace("@example.com", ""), mail.at.format("%m-%d %H:%M").to_string()))
        .collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(to, at)| ((*to).to_owned(), (*at).to_owned())).collect()
}

#[test]
fn without_an_acknowledgement_the_next_group_is_told() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    assert_eq!(told(&life.mails()), pairs(&[("operations", "03-02 15:00")]));
    let mut sent = life.until("2026-03-02T20:00:00Z");
    // A restart in the middle of the ladder of groups.
    life.rebuild();
    sent.extend(life.until("2026-03-03T20:00:00Z"));
    assert_eq!(told(&sent), pairs(&[("managers", "03-02 19:00"), ("director", "03-03 19:00")]));
    assert!(sent[0].subject().contains("Not acknowledged: "), "{}", sent[0].subject());
    assert!(sent[0].mail.text().contains("Nobody has acknowledged this"));
    assert_eq!(
        told(&life.until("2026-03-04T20:00:00Z")),
        pairs(&[("operations", "03-04 15:00")]),
        "the reminder"
    );
    life.rebuild();
}

#[test]
fn an_acknowledgement_stops_reminders_and_escalation_until_its_day() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    life.desk.clock.advance(TimeDelta::hours(1));
    ack(&mut life, "documents", 1, "2026-03-10").expect("it is taken");
    life.rebuild();
    assert_eq!(told(&life.until("2026-03-10T09:00:00Z")), []);
    assert_eq!(life.course("documents", 1).state(), "acknowledged");
    // 06:00 in New York: nobody ended it, so it is open again, and the groups follow anew.
    let again = life.until("2026-03-10T20:00:00Z");
    assert_eq!(told(&again), pairs(&[("operations", "03-10 10:00"), ("managers", "03-10 14:00")]));
    assert_eq!(life.course("documents", 1).state(), "open");
    life.rebuild();
}

#[test]
fn what_is_over_is_not_opened_again() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    ack(&mut life, "documents", 1, "2026-03-10").expect("it is taken");
    life.mails();
    life.desk.clock.set(at("2026-03-05T15:00:00Z"));
    life.receive(1, "acme", "98", "0305261000");
    let later = life.until("2026-03-20T15:00:00Z");
    assert!(later.iter().all(|mail| !mail.subject().contains("Documents")), "nothing more is said of it");
    assert_eq!(life.course("documents", 1).state(), "over");
    life.rebuild();
}

#[test]
fn an_acknowledgement_has_a_name_a_reason_and_a_day() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    let lines = life.desk.store().position().expect("it answers").seq;
    for until in ["2026-03-02", "2026-02-01", "2026-06-01"] {
        assert!(matches!(ack(&mut life, "documents", 1, until), Err(EngineError::Declined(_))), "{until}");
    }
    let said = |by: &str, reason: &str, alerts| Acknowledgement {
        alerts,
        by: by.to_owned(),
        reason: reason.to_owned(),
        until: day("2026-03-09"),
        letter: None,
    };
    let key = life.alert("documents", 1);
    let unknown = entrywatch::outbox::AlertKey::new("documents", "9Z700000000", "x");
    for said in [
        said(" ", "r", vec![key.clone()]),
        said("n", "", vec![key]),
        said("n", "r", vec![]),
        said("n", "r", vec![unknown]),
    ] {
        assert!(matches!(life.desk.engine().acknowledge(&said), Err(EngineError::Declined(_))), "{said:?}");
    }
    assert_eq!(life.desk.store().position().expect("it answers").seq, lines, "the journal has no line of it");
}

/// A liquidation whose protest must be filed by 12 August 2026.
fn liquidated(life: &mut Life) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo");
    for name in ["1-hold.txt", "2-released.txt", "3-accepted-with-warning.txt", "5-liquidated.txt"] {
        let bytes = std::fs::read(folder.join(name)).expect("a sample");
        life.desk.receive(name, "acme", &bytes);
    }
    life.mails();
}

/// The steps of the protest ladder that mails tell, with their days.
fn steps(sent: &[Sent]) -> Vec<String> {
    let protest = sent.iter().filter(|mail| mail.subject().contains("Protest"));
    protest.map(|mail| mail.at.format("%m-%d").to_string()).collect()
}

fn protest_alert(life: &Life) -> entrywatch::outbox::AlertKey {
    let alerts = life.desk.store().alerts(None, usize::MAX).expect("it answers");
    let of_rule = alerts.into_iter().filter(|alert| &*alert.rule == "protest-due");
    of_rule.max_by_key(|alert| alert.raised_at).expect("a reminder was said").key
}

#[test]
fn the_ladder_pauses_on_an_acknowledgement_and_opens_again_as_the_day_nears() {
    let mut life = Life::new("", everybody(), "2026-02-15T13:00:00Z");
    liquidated(&mut life);
    let first = life.until("2026-05-20T12:00:00Z");
    assert_eq!(steps(&first), ["05-14"; 3], "90 days before, to three people");
    let said = Acknowledgement {
        alerts: vec![protest_alert(&life)],
        by: "Jo".to_owned(),
        reason: "counsel has it".to_owned(),
        until: day("2026-08-10"),
        letter: None,
    };
    // 82 days ahead: the ladder opens at 14 days left, though the acknowledgement says later.
    life.desk.engine().acknowledge(&said).expect("it is taken");
    life.rebuild();
    let paused = life.until("2026-08-20T12:00:00Z");
    let mut days = steps(&paused);
    days.dedup();
    assert_eq!(
        days,
        ["07-29", "08-05", "08-09", "08-11", "08-12", "08-13"],
        "14, 7, 3, 1, 0, overdue; not 60 and 30"
    );
    life.rebuild();
}

#[test]
fn the_last_seven_days_of_a_legal_deadline_cannot_be_silenced() {
    let mut life = Life::new("", everybody(), "2026-02-15T13:00:00Z");
    liquidated(&mut life);
    life.until("2026-05-20T12:00:00Z");
    silence(&mut life, of_rule("protest-due"), "2026-08-18").expect("90 days");
    life.rebuild();
    let sent = life.until("2026-08-20T12:00:00Z");
    let mut days = steps(&sent);
    days.dedup();
    assert_eq!(days, ["08-05", "08-09", "08-11", "08-12", "08-13"], "7, 3, 1, 0, overdue");
    assert!(matches!(
        silence(&mut life, of_rule("protest-due"), "2026-11-20"),
        Err(EngineError::Declined(text)) if text.contains("within 90 days")
    ));
    life.rebuild();
}

#[test]
fn a_silence_holds_back_is_announced_in_the_digest_and_ends() {
    let mut life = Life::new("", everybody(), "2026-03-02T15:00:00Z");
    let of_acme = Silenced { broker: Some("acme".into()), rule: Some("exam".into()), entry: None };
    silence(&mut life, of_acme, "2026-03-12").expect("it is taken");
    life.receive(1, "acme", "03", "0302261000");
    life.receive(2, "acme", "03", "0302261000");
    life.receive(3, "globex", "03", "0302261000");
    let first = life.mails();
    assert_eq!(told(&first).len(), 3, "globex, to three people");
    assert!(first.iter().all(|mail| mail.subject().contains(&entry(3).to_string())));
    assert!(life.course("exam", 1).events[0].what.to_string().contains("silenced by Jo"));
    life.rebuild();
    // One of the two is over before the silence is.
    life.desk.clock.set(at("2026-03-05T15:00:00Z"));
    life.receive(1, "acme", "98", "0305261000");
    let sent = life.until("2026-03-12T20:00:00Z");
    let digests: Vec<&Sent> =
        sent.iter().filter(|mail| mail.mail.text().contains("The silence of Jo")).collect();
    assert_eq!(digests.len(), 3, "announced once to each");
    assert_eq!(digests[0].at, at("2026-03-09T12:00:00Z"), "in the digest three days before its end");
    let held: Vec<&Sent> = sent.iter().filter(|mail| mail.subject().contains("Examination")).collect();
    assert_eq!(held.len(), 3);
    assert_eq!(held[0].at, at("2026-03-12T10:00:00Z"), "told on the morning on which it ends");
    assert!(
        held[0].subject().contains(&entry(2).to_string()),
        "what is over is not told: {}",
        held[0].subject()
    );
    life.rebuild();
}

#[test]
fn a_silence_may_be_ended_before_its_time() {
    let mut life = Life::new("", everybody(), "2026-03-02T15:00:00Z");
    silence(&mut life, of_rule("exam"), "2026-03-12").expect("it is taken");
    let id = life.desk.store().silences().expect("it answers").all()[0].id;
    life.desk.clock.advance(TimeDelta::hours(1));
    life.desk.engine().end_silence(id, "Jo").expect("it ends");
    assert!(matches!(life.desk.engine().end_silence(id, "Jo"), Err(EngineError::Declined(_))));
    life.receive(1, "acme", "03", "0302261000");
    assert_eq!(life.mails().len(), 3);
    life.rebuild();
}

#[test]
fn what_a_silence_kept_back_is_told_when_it_is_ended_by_hand() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    let of_acme = Silenced { broker: Some("acme".into()), rule: None, entry: None };
    silence(&mut life, of_acme, "2026-03-12").expect("it is taken");
    silence(&mut life, of_rule("exam"), "2026-03-12").expect("it is taken");
    let ids: Vec<u64> =
        life.desk.store().silences().expect("it answers").all().iter().map(|silence| silence.id).collect();
    life.receive(1, "acme", "03", "0302261000");
    life.receive(2, "acme", "96", "0302261000");
    assert!(life.until("2026-03-04T15:30:00Z").iter().all(|mail| mail.subject().contains("DIGEST")));
    life.desk.engine().end_silence(ids[0], "Jo").expect("it ends");
    life.rebuild();
    let sent = life.until("2026-03-04T15:31:00Z");
    let subjects: Vec<&str> = sent.iter().map(Sent::subject).collect();
    assert_eq!(sent.len(), 1, "the documents to operations; the examination is silenced twice: {subjects:?}");
    assert!(subjects[0].contains(&entry(2).to_string()), "{subjects:?}");
    // Its ladder counts from this letter, as that of any other.
    let sent = life.until("2026-03-04T20:00:00Z");
    assert_eq!(sent.iter().filter(|mail| mail.subject().contains("Not acknowledged")).count(), 1);
    life.desk.engine().end_silence(ids[1], "Jo").expect("it ends");
    let sent = life.until("2026-03-04T20:01:00Z");
    assert_eq!(sent.len(), 3, "to everybody");
    assert!(sent.iter().all(|mail| mail.subject().contains(&entry(1).to_string())));
    let sent = life.until("2026-03-13T15:00:00Z");
    assert!(sent.iter().all(|mail| !mail.subject().contains("Examination")), "and not once more");
    life.rebuild();
}

#[test]
fn a_ladder_speaks_again_when_its_silence_is_ended_by_hand() {
    let mut life = Life::new("", everybody(), "2026-02-15T13:00:00Z");
    liquidated(&mut life);
    life.until("2026-05-20T15:00:00Z");
    silence(&mut life, of_rule("protest-due"), "2026-08-10").expect("82 days");
    assert_eq!(steps(&life.until("2026-07-10T15:00:00Z")), [""; 0], "silenced");
    let id = life.desk.store().silences().expect("it answers").all()[0].id;
    life.desk.engine().end_silence(id, "Jo").expect("it ends");
    let sent = life.until("2026-07-10T16:00:00Z");
    assert_eq!(steps(&sent), ["07-10"; 3], "the step that the clock has reached, to three people");
    life.rebuild();
}

/// The engine behind the pages, as a command has it that opens the state itself.
struct OpenState {
    life: Mutex<Life>,
    store: Arc<dyn Store>,
}

impl OpenState {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().expect("no test panics with it")
    }
}

impl Backend for OpenState {
    fn store(&self) -> &dyn Store {
        &*self.store
    }
    fn deadlines(&self) -> &DeadlineTable {
        DeadlineTable::embedded()
    }
    fn grammar(&self) -> &Grammar {
        unreachable!("no page asks")
    }
    fn config(&self) -> &str {
        unreachable!("no page asks")
    }
    fn calendar(&self, _team: &Team) -> Result<String, ApiError> {
        unreachable!("no page asks")
    }
    fn audience(&self) -> &Audience {
        unreachable!("no page asks")
    }
    fn content(&self, _file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError> {
        unreachable!("no page asks")
    }
    fn state_hash(&self) -> Result<Fingerprint, ApiError> {
        unreachable!("no page asks")
    }
    fn act(&self, action: Action) -> Result<(), ApiError> {
        let Action::Acknowledge { said } = action else { panic!("{action:?}") };
        self.life().desk.engine().acknowledge(&said).map_err(|error| ApiError::BadRequest(error.to_string()))
    }
}

/// A listener on loopback with the pages of a life.
struct Site {
    address: SocketAddr,
    state: Arc<OpenState>,
    stop: CancellationToken,
    runtime: tokio::runtime::Runtime,
}

fn tickets() -> Arc<Tickets> {
    Arc::new(Tickets::new("k".repeat(64).into(), Some("http://localhost")).expect("a long key"))
}

impl Site {
    fn of(life: Life) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let clock: Arc<dyn Clock> = life.desk.clock.clone();
        let state = Arc::new(OpenState { store: life.desk.store(), life: Mutex::new(life) });
        let pages = Pages::new(state.clone(), Some(tickets()), clock, Arc::new(|| true));
        let pages = pages.with_hooks([("pager".into(), "a very secret word".into())]);
        let listener = runtime.block_on(HttpListener::bind(([127, 0, 0, 1], 0).into())).expect("a port");
        let address = listener.address().expect("an address");
        let stop = CancellationToken::new();
        runtime.spawn(listener.serve(router(pages), stop.clone()));
        Self { address, state, stop, runtime }
    }

    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is answered");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, answer)
    }

    fn get(&self, method: &str, path: &str) -> (u16, String) {
        self.ask(&format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, form: &str) -> (u16, String) {
        let length = form.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        ))
    }

    fn lines(&self) -> u64 {
        self.state.store.position().expect("it answers").seq
    }
}

const FORM: &str = "name=Jo+A.&reason=asked+the+broker&until=2026-03-10";

#[test]
fn a_link_changes_nothing_until_its_form_is_sent_and_works_once() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    let letter = life.desk.store().letters(LetterFilter::All, 1).expect("it answers").remove(0);
    let path = format!("/ack/{}", tickets().ticket(&letter.key, letter.created_at));
    assert_eq!(tickets().link(&letter), Some(format!("http://localhost{path}")));
    let site = Site::of(life);
    let before = site.lines();

    // Scanners open, ask for heads, and try what else they know.
    for method in ["GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE"] {
        site.get(method, &path);
    }
    let (status, page) = site.get("GET", &path);
    assert_eq!(status, 200);
    assert!(page.contains(&entry(1).to_string()) && page.contains("<form method=\"post\">"), "{page}");
    for header in ["no-store", "no-referrer", "default-src 'none'", "nosniff", "noindex"] {
        assert!(page.contains(header), "{header}: {page}");
    }
    // A form without its fields, as a scanner would send it.
    for form in
        ["", "name=&reason=&until=", "name=x&reason=y&until=", "name=&reason=y&until=2026-03-10", "%%%"]
    {
        assert_eq!(site.post(&path, form).0, 400, "{form}");
    }
    for until in ["2026-03-02", "2027-03-02", "tomorrow"] {
        assert_eq!(site.post(&path, &format!("name=Jo&reason=r&until={until}")).0, 400, "{until}");
    }
    assert_eq!(site.lines(), before, "nothing was changed");

    let (status, page) = site.post(&path, FORM);
    assert_eq!((status, page.contains("Thank you, Jo A.")), (200, true), "{page}");
    let after = site.lines();
    assert_eq!(after, before + 1);
    let (status, page) = site.post(&path, FORM);
    assert_eq!((status, page.contains("This link was used by Jo A.")), (400, true), "{page}");
    assert!(site.get("GET", &path).1.contains("This link was used by Jo A. until 2026-03-10"));
    assert_eq!(site.lines(), after);

    let mut life = site.state.life();
    assert_eq!(told(&life.until("2026-03-09T15:00:00Z")), [], "it is acknowledged");
    life.rebuild();
    drop(life);
    site.stop.cancel();
    site.runtime.shutdown_timeout(std::time::Duration::from_secs(5));
}

#[test]
fn a_link_of_what_is_over_asks_nobody() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    let letter = life.desk.store().letters(LetterFilter::All, 1).expect("it answers").remove(0);
    let path = format!("/ack/{}", tickets().ticket(&letter.key, letter.created_at));
    life.receive(1, "acme", "98", "0302261001");
    let site = Site::of(life);
    let before = site.lines();
    for ((status, page), wanted) in [(site.get("GET", &path), 200), (site.post(&path, FORM), 409)] {
        assert_eq!(status, wanted, "{page}");
        assert!(
            page.contains("This alert is over") && page.contains("It is over since 2026-03-02 15:"),
            "{page}"
        );
        assert!(!page.contains("<form") && !page.contains("Thank you"), "{page}");
    }
    assert_eq!(site.lines(), before, "nothing was changed");
    site.stop.cancel();
    site.runtime.shutdown_timeout(std::time::Duration::from_secs(5));
}

#[test]
fn links_that_are_forged_or_late_say_so_and_do_nothing() {
    let mut life = Life::new(ESCALATING, everybody(), "2026-03-02T15:00:00Z");
    life.receive(1, "acme", "96", "0302261000");
    life.mails();
    let letter = life.desk.store().letters(LetterFilter::All, 1).expect("it answers").remove(0);
    let ticket = tickets().ticket(&letter.key, letter.created_at);
    let clock = life.desk.clock.clone();
    let site = Site::of(life);
    let before = site.lines();
    let other =
        Tickets::new("x".repeat(64).into(), None).expect("a long key").ticket(&letter.key, letter.created_at);
    for forged in [&other, &ticket[1..], "x", "%00", "..%2f..%2fetc", &format!("{ticket}x")] {
        let path = format!("/ack/{forged}");
        assert_eq!((site.get("GET", &path).0, site.post(&path, FORM).0), (404, 404), "{forged}");
    }
    clock.set(at("2026-03-16T15:00:00Z"));
    let path = format!("/ack/{ticket}");
    assert_eq!((site.get("GET", &path).0, site.post(&path, FORM).0), (410, 410), "after 14 days");
    assert_eq!(site.lines(), before);
    assert_eq!(site.get("GET", "/health").0, 200);
    assert_eq!(site.get("GET", "/").0, 404);
    // A form that never ends is not read to its end.
    assert_eq!(site.post(&format!("/ack/{ticket}"), &"x".repeat(100_000)).0, 410);
    site.stop.cancel();
    site.runtime.shutdown_timeout(std::time::Duration::from_secs(5));
}

#[test]
fn a_webhook_may_be_tried_on_the_listener() {
    let site = Site::of(Life::new("", everybody(), "2026-03-02T15:00:00Z"));
    let body = r#"{"version":1,"letter":"68652643c7bb24091a3c0f6b945e9111","kind":"test"}"#;
    let now = at("2026-03-02T15:00:00Z").timestamp();
    let ask = |secret: &str, timestamp: i64, key: &str| {
        let signed = entrywatch::webhook::signature(&secret.to_owned().into(), timestamp, body.as_bytes());
        let length = body.len();
        site.ask(&format!(
            "POST /webhook-test HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\nIdempotency-Key: {key}\r\n\
             X-Entrywatch-Timestamp: {timestamp}\r\nX-Entrywatch-Signature: {signed}\r\n\r\n{body}"
        ))
    };
    let key = "68652643c7bb24091a3c0f6b945e9111";
    let (code, answer) = ask("a very secret word", now, key);
    assert_eq!(code, 200, "{answer}");
    assert!(answer.contains(r#""webhook":"pager""#) && answer.contains(r#""kind":"test""#), "{answer}");
    for (secret, timestamp, key, code, why) in [
        ("another word", now, key, 401, "not one of a webhook"),
        ("a very secret word", now - 301, key, 401, "minutes old"),
        ("a very secret word", now, "other", 400, "Idempotency-Key"),
    ] {
        let (found, answer) = ask(secret, timestamp, key);
        assert_eq!(found, code, "{answer}");
        assert!(answer.contains(why), "{answer}");
    }
    assert_eq!(site.post("/webhook-test", body).0, 400, "nothing is signed");
    assert_eq!(site.get("GET", "/webhook-test").0, 405);
}

#[test]
fn an_escalation_at_night_waits_for_the_morning_unless_it_is_loud() {
    let rules = ESCALATING.replace("severity = \"critical\"", "severity = \"warning\"");
    let audience =
        everybody().with_manners("managers", quiet_nights()).with_manners("operations", Manners::NONE);
    let mut life = Life::new(&rules, audience, "2026-03-03T01:00:00Z"); // 20:00
    life.receive(1, "acme", "96", "0302262000");
    life.mails();
    let sent = life.until("2026-03-03T12:00:00Z");
    assert_eq!(told(&sent), pairs(&[("managers", "03-03 11:00")]), "06:00, not midnight");
    life.rebuild();
}
