//! A clock is named by the liquidation or fact that starts it, not by its date: when the date moves, its history, the date of our
//! own, its reminders and its event in a calendar move with it.

#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Days, NaiveDate, Utc};
use desk::{Desk, pipeline};
use entrywatch::clock::Clock;
use entrywatch::daemon::feed;
use entrywatch::email::Mail;
use entrywatch::entry::{DeadlineState, EntryDeadline, Life};
use entrywatch::ical;
use entrywatch::ident::{EntryNumber, NoticeId};
use entrywatch::outbox::Outcome;
use entrywatch::serve::{TargetWish, Window};
use serde_json::json;

const ENTRY: &str = "9Z7-1000042-5";
const PROTEST: &str = "PROTEST_DUE@liquidation";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn number() -> EntryNumber {
    EntryNumber::parse(ENTRY).expect("a number")
}

fn life(desk: &Desk) -> Life {
    desk.store().life(number()).expect("the store answers").expect("the entry is known")
}

fn deadlines(desk: &Desk) -> Vec<EntryDeadline> {
    let life = life(desk);
    life.deadlines(&life.entry(), &pipeline().deadlines)
}

fn clock(desk: &Desk, key: &str) -> EntryDeadline {
    let found = deadlines(desk).into_iter().find(|deadline| deadline.key() == key);
    found.unwrap_or_else(|| panic!("no {key}"))
}

fn sent(desk: &mut Desk) -> Vec<Mail> {
    desk.deliver(|_| Outcome::Accepted { response: "250 ok".into() })
}

fn days_until(desk: &mut Desk, until: &str) -> Vec<String> {
    let mut subjects = Vec::new();
    while desk.clock.now().date_naive() < date(until) {
        let day = desk.clock.now().date_naive() + Days::new(1);
        desk.clock.set(day.and_hms_opt(13, 0, 0).expect("a time").and_utc());
        desk.engine().remind().expect("reminders are said");
        subjects.extend(sent(desk).iter().map(|mail| mail.subject().to_owned()));
    }
    subjects
}

/// The courtesy notice of the demonstration, of another day or kind.
fn courtesy(sent_on: &str, liquidated: &str, kind: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/5-liquidated.txt");
    let text = std::fs::read_to_string(path).expect("a sample");
    let text = text.replace("021526", sent_on).replace("0425021326", &format!("0425{liquidated}"));
    let text = text.replace("1000042502132602", &format!("10000425{liquidated}02"));
    text.replace(" L04022500", &format!(" {kind}04022500")).into_bytes()
}

fn record(desk: &mut Desk, fact: serde_json::Value) -> NoticeId {
    let known: Vec<NoticeId> = match desk.store().life(number()).expect("the store answers") {
        Some(life) => life.notices.iter().map(|held| held.notice.id).collect(),
        None => Vec::new(),
    };
    let mut document = json!({"kind": "recorded", "entry": ENTRY, "author": "jo"});
    document.as_object_mut().expect("an object").extend(fact.as_object().expect("an object").clone());
    desk.engine().record(document.to_string().as_bytes()).expect("it is recorded");
    let life = life(desk);
    let new = life.notices.iter().map(|held| held.notice.id).find(|id| !known.contains(id));
    new.expect("a new notice")
}

fn target(desk: &mut Desk, deadline: &str, day: &str) {
    let wish = TargetWish {
        entry: number(),
        deadline: deadline.to_owned(),
        date: (day != "none").then(|| date(day)),
        reason: "counsel is away".to_owned(),
        on: None,
        even_if_late: false,
    };
    desk.engine().set_target(wish, "jo").expect("it is journaled");
}

/// The events of an entry's clock: UID, sequence, status, day.
fn events(desk: &Desk, before: &str, part: &str) -> Vec<[String; 4]> {
    let text = calendar(desk, before).replace("\r\n ", "");
    let of = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim_start_matches(":").to_owned()
    };
    let found = text.split("BEGIN:VEVENT").skip(1).filter(|event| of(event, "SUMMARY").contains(part));
    found
        .map(|event| ["UID", "SEQUENCE", "STATUS", "DTSTART;VALUE=DATE"].map(|name| of(event, name)))
        .collect()
}

fn calendar(desk: &Desk, before: &str) -> String {
    let (pipeline, known) = (pipeline(), ical::entries_of(before));
    let team = &pipeline.audience.teams()[0];
    feed::calendar(&*desk.store(), &pipeline, team, desk.clock.now(), &known).expect("the store answers")
}

/// Told by a courtesy notice; 30 days before the last day to protest a person finds the bulletin, which has another date.
#[test]
fn a_bulletin_with_another_date_moves_the_protest() {
    let mut desk = Desk::new(at("2026-02-16T14:00:00Z"));
    desk.receive("nr.txt", "globex", &courtesy("021526", "021326", "L"));
    assert_eq!(clock(&desk, PROTEST).due, Some(date("2026-08-12")));
    target(&mut desk, "PROTEST_DUE@2026-02-13", "2026-08-03");
    let said = days_until(&mut desk, "2026-07-05");
    assert!(said.iter().any(|subject| subject.contains("our target 2026-08-03")), "{said:?}");
    let first = events(&desk, "", "Protest:");
    let [[uid, sequence, _, day]] = &first[..] else { panic!("{first:?}") };
    assert_eq!((&**sequence, &**day), ("1", "20260803"), "our own date moved it once");
    let before = calendar(&desk, "");

    record(&mut desk, json!({"fact": "bulletin", "liquidation_date": "2026-02-20"}));
    let mails = sent(&mut desk);
    let told: Vec<&Mail> = mails.iter().filter(|mail| mail.text().contains("moved ")).collect();
    let [told] = told[..] else { panic!("{:?}", mails.iter().map(Mail::subject).collect::<Vec<_>>()) };
    let text = told.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "from Wed 2026-08-12 to Wed 2026-08-19",
        "liquidation_date is 2026-02-20 (bulletin, seen by a person), was 2026-02-13",
    ] {
        assert!(text.contains(part), "{part} in:\n{}", told.text());
    }
    let now = clock(&desk, PROTEST);
    assert_eq!((now.due, now.internal), (Some(date("2026-08-19")), Some(date("2026-08-03"))));
    let moves: Vec<_> = life(&desk).moves_of(PROTEST).cloned().collect();
    assert_eq!((&*moves[1].from.due, &*moves[1].to.due), ("2026-08-12", "2026-08-19"));
    let after = events(&desk, &before, "Protest:");
    let [[uid_after, sequence, status, _]] = &after[..] else { panic!("{after:?}") };
    assert_eq!((uid_after, &**sequence, &**status), (uid, "2", "CONFIRMED"));
    assert_eq!(deadlines(&desk).iter().filter(|deadline| &*deadline.id == "PROTEST_DUE").count(), 1);

    // All of it follows from the journal.
    let (hash, before) = (desk.state_hash(), life(&desk));
    desk.open(&pipeline());
    assert_eq!((desk.state_hash(), life(&desk)), (hash, before));
}

#[test]
fn a_reliquidation_has_a_clock_and_an_event_of_its_own() {
    let mut desk = Desk::new(at("2026-05-16T14:00:00Z"));
    desk.receive("nr.txt", "globex", &courtesy("021526", "021326", "L"));
    let known = calendar(&desk, "");
    desk.receive("again.txt", "globex", &courtesy("051526", "051526", "R"));
    assert_eq!(clock(&desk, PROTEST).due, Some(date("2026-08-12")));
    assert_eq!(clock(&desk, "PROTEST_DUE@reliquidation").due, Some(date("2026-11-12")));
    let both = events(&desk, &known, "Protest:");
    let [first, second] = &both[..] else { panic!("{both:?}") };
    assert_ne!(first[0], second[0]);
    assert_eq!((&*first[1], &*second[1]), ("0", "0"));
    // The bulletin of the second, seen some days later, moves the second alone.
    let bulletin = json!({"fact": "bulletin", "liquidation_date": "2026-05-22", "event": "reliquidation"});
    record(&mut desk, bulletin);
    assert_eq!(clock(&desk, PROTEST).due, Some(date("2026-08-12")));
    assert_eq!(clock(&desk, "PROTEST_DUE@reliquidation").due, Some(date("2026-11-18")));
    let moved = events(&desk, &known, "Protest:");
    let sequences: Vec<_> = both.iter().map(|old| moved.iter().find(|new| new[0] == old[0])).collect();
    let sequences: Vec<_> = sequences.into_iter().flatten().map(|event| &*event[1]).collect();
    assert_eq!(sequences, ["0", "1"]);
}

/// By law on the anniversary, then on the bulletin as of a later day: it was one liquidation all the time.
#[test]
fn a_liquidation_by_law_becomes_the_one_that_a_person_has_seen() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/2-released.txt");
    let released = std::fs::read(path).expect("a sample");
    for own in [None, Some("2026-09-01")] {
        let mut desk = Desk::new(at("2025-04-03T14:10:00Z"));
        desk.receive("2.txt", "globex", &released);
        assert_eq!(clock(&desk, PROTEST).state, DeadlineState::Ahead);
        desk.clock.set(at("2026-07-29T14:00:00Z"));
        let said = days_until(&mut desk, "2026-08-01");
        assert!(!said.is_empty(), "people are reminded of the day set by law");
        if let Some(own) = own {
            target(&mut desk, PROTEST, own);
        }
        record(&mut desk, json!({"fact": "bulletin", "liquidation_date": "2026-06-05"}));
        let now = clock(&desk, PROTEST);
        assert_eq!((now.state, now.due), (DeadlineState::Open, Some(date("2026-12-02"))));
        assert_eq!(now.internal, own.map(date), "our own date stays");
        let text = sent(&mut desk).iter().map(|mail| mail.text()).collect::<String>();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Nobody was reminded of a date of our own that was set today.
        assert_eq!(text.contains("from Mon 2026-09-28 to Wed 2026-12-02"), own.is_none(), "{text}");
    }
}

#[test]
fn a_fact_that_replaces_another_one_moves_its_clock() {
    let mut desk = Desk::new(at("2026-03-03T14:00:00Z"));
    let form = |fact: serde_json::Value| {
        let mut form = json!({"kind": "form", "form": "28"});
        form.as_object_mut().expect("an object").extend(fact.as_object().expect("an object").clone());
        form
    };
    let wrong = record(&mut desk, form(json!({"issue_date": "2026-03-02"})));
    target(&mut desk, "CF28_RESPONSE@2026-03-02", "2026-03-20");
    let id = entrywatch::ident::hex(wrong.as_bytes());
    record(&mut desk, form(json!({"issue_date": "2026-03-12", "replaces": id})));
    let forms: Vec<_> =
        deadlines(&desk).into_iter().filter(|deadline| &*deadline.id == "CF28_RESPONSE").collect();
    let [form] = &forms[..] else { panic!("{forms:?}") };
    assert_eq!((&*form.key(), form.due), ("CF28_RESPONSE@2026-03-02", Some(date("2026-04-11"))));
    assert_eq!(form.internal, Some(date("2026-03-20")));
    let moves = life(&desk);
    let last = moves.moves_of("CF28_RESPONSE@2026-03-02").next_back().expect("a move");
    assert_eq!(&*last.cause, "issue_date is 2026-03-12 (recorded by hand), was 2026-03-02");
}

#[test]
fn a_clock_whose_fact_was_taken_back_is_cancelled_in_the_calendars() {
    let mut desk = Desk::new(at("2026-03-03T14:00:00Z"));
    let form = json!({"kind": "form", "form": "28", "issue_date": "2026-03-02"});
    let wrong = record(&mut desk, form);
    let first = events(&desk, "", "28");
    let [[uid, sequence, ..]] = &first[..] else { panic!("{first:?}") };
    assert_eq!(&**sequence, "0");
    let known = calendar(&desk, "");
    let id = entrywatch::ident::hex(wrong.as_bytes());
    let back = record(&mut desk, json!({"fact": "withdrawn", "date": "2026-03-03", "notice": id}));
    for known in [&*known, ""] {
        let gone = events(&desk, known, "28");
        let [[same, sequence, status, _]] = &gone[..] else { panic!("{gone:?}") };
        assert_eq!((same, &**sequence, &**status), (uid, "1", "CANCELLED"));
    }
    // Taken back once, it stays so; recorded for the same day with a word more it is the same clock again.
    assert!(life(&desk).has(back));
    record(
        &mut desk,
        json!({"kind": "form", "form": "28", "issue_date": "2026-03-02", "due_on_form": "2026-04-02"}),
    );
    let again = events(&desk, &known, "28");
    let [[same, sequence, status, _]] = &again[..] else { panic!("{again:?}") };
    assert_eq!((same, &**sequence, &**status), (uid, "2", "CONFIRMED"));
}

/// Whatever comes first, the clocks have the same names and dates.
#[test]
fn names_do_not_depend_on_the_order_of_arrival() {
    let bulletin = |day: &str, event: &str| {
        let fact = json!({"kind": "recorded", "fact": "bulletin", "entry": ENTRY, "liquidation_date": day, "event": event});
        fact.to_string().into_bytes()
    };
    let files = [
        courtesy("021526", "021326", "L"),
        bulletin("2026-02-20", "liquidation"),
        courtesy("051526", "051526", "R"),
        bulletin("2026-05-22", "reliquidation"),
        courtesy("071726", "071726", "R"),
    ];
    let mut seen: Option<(entrywatch::ident::Fingerprint, Vec<String>)> = None;
    for turn in 0..files.len() {
        for is_reversed in [false, true] {
            let mut desk = Desk::new(at("2026-07-20T14:00:00Z"));
            let mut order: Vec<usize> = (0..files.len()).map(|at| (at + turn) % files.len()).collect();
            if is_reversed {
                order.reverse();
            }
            for at in order.iter().chain(&order[..2]) {
                desk.receive(&format!("{at}.txt"), "globex", &files[*at]);
            }
            let protests: Vec<String> = deadlines(&desk)
                .iter()
                .filter(|deadline| &*deadline.id == "PROTEST_DUE")
                .map(|deadline| format!("{} {}", deadline.key(), deadline.due_text()))
                .collect();
            let now = (desk.state_hash(), protests);
            assert_eq!(seen.get_or_insert_with(|| now.clone()), &now, "{order:?}");
        }
    }
    assert_eq!(
        seen.expect("some").1,
        [
            "PROTEST_DUE@liquidation 2026-08-19",
            "PROTEST_DUE@reliquidation 2026-11-18",
            "PROTEST_DUE@reliquidation-2 2027-01-13"
        ]
    );
}

/// Behind a day of our own the legal one stands wherever people look, under the same event with a higher sequence.
#[test]
fn a_day_of_our_own_that_has_passed_leaves_the_calendar_to_the_legal_one() {
    let mut desk = Desk::new(at("2026-02-16T14:00:00Z"));
    desk.receive("nr.txt", "globex", &courtesy("021526", "021326", "L"));
    target(&mut desk, PROTEST, "2026-06-01");
    let event = |desk: &Desk| {
        let found = events(desk, "", "Protest:");
        let [event] = &found[..] else { panic!("{found:?}") };
        event.clone()
    };
    days_until(&mut desk, "2026-06-01");
    let ours = event(&desk);
    assert_eq!((&*ours[1], &*ours[3]), ("1", "20260601"));

    let mut said = days_until(&mut desk, "2026-06-02");
    assert!(
        said.iter().any(|subject| subject.contains("our target 2026-06-01 passed 1 day ago")),
        "{said:?}"
    );
    let legal = event(&desk);
    assert_eq!((&legal[0], &*legal[1], &*legal[3]), (&ours[0], "2", "20260812"));
    assert_eq!(clock(&desk, PROTEST).target_on(date("2026-06-02")), Some(date("2026-08-12")));
    let near = |on: &str, within_days| Window { on: date(on), within_days, overdue_days: 30 };
    assert!(!near("2026-06-02", 30).holds(&clock(&desk, PROTEST)), "it is not near any more");
    assert!(near("2026-08-05", 7).holds(&clock(&desk, PROTEST)));

    days_until(&mut desk, "2026-08-04");
    desk.clock.set(at("2026-08-05T13:00:00Z"));
    desk.engine().remind().expect("reminders are said");
    let mails = sent(&mut desk);
    let mail = mails.iter().find(|mail| mail.subject().contains("Protest due in 7 days, act by 2026-08-12"));
    let subjects: Vec<&str> = mails.iter().map(Mail::subject).collect();
    let mail = mail.unwrap_or_else(|| panic!("{subjects:?}"));
    let attached = String::from_utf8_lossy(mail.bytes()).into_owned();
    assert!(attached.contains("deadlines.ics"), "{attached}");
    said = days_until(&mut desk, "2026-08-13");
    assert!(said.iter().all(|subject| !subject.contains("our target")), "{said:?}");

    // Whatever moves the clock next has a number above that of the event that stood.
    target(&mut desk, PROTEST, "none");
    let cleared = event(&desk);
    assert_eq!((&*cleared[1], &*cleared[3]), ("3", "20260812"));
    let (hash, events) = (desk.state_hash(), event(&desk));
    desk.open(&pipeline());
    assert_eq!((desk.state_hash(), event(&desk)), (hash, events));
}

/// What the digest of the next morning has, as its text.
fn digest(desk: &mut Desk, day: &str) -> String {
    desk.clock.set(at(&format!("{day}T12:30:00Z")));
    desk.engine().remind().expect("reminders are said");
    desk.engine().digests().expect("digests are written");
    let mails = sent(desk);
    let digest = mails.iter().find(|mail| mail.subject().starts_with("[DIGEST]"));
    digest.map(|mail| mail.text().split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

#[test]
fn a_clock_that_opens_again_is_told_to_those_who_were_reminded() {
    for (filed_on, withdrawn_on, is_step_new) in [
        ("2026-07-13", "2026-07-16", false),
        ("2026-07-13", "2026-07-30", true),
        ("2026-08-13", "2026-08-14", false),
    ] {
        let mut desk = Desk::new(at("2026-02-16T14:00:00Z"));
        desk.receive("nr.txt", "globex", &courtesy("021526", "021326", "L"));
        let said = days_until(&mut desk, filed_on);
        assert!(said.iter().any(|subject| subject.contains("Protest due in 30 days")), "{said:?}");
        let filed =
            json!({"fact": "protest_filed", "protest_filed": "2026-07-13", "reference": "2704-26-100001"});
        let filed = record(&mut desk, filed);
        sent(&mut desk);
        days_until(&mut desk, withdrawn_on);
        record(&mut desk, json!({"fact": "withdrawn", "date": withdrawn_on, "notice": filed}));
        let clock = clock(&desk, PROTEST);
        assert_eq!((clock.state, clock.due), (DeadlineState::Open, Some(date("2026-08-12"))));
        let mut mails = sent(&mut desk);
        desk.engine().remind().expect("reminders are said");
        mails.extend(sent(&mut desk));
        let told: Vec<&Mail> = mails.iter().filter(|mail| mail.subject().contains(" Protest")).collect();
        let [told] = told[..] else { panic!("{:?}", mails.iter().map(Mail::subject).collect::<Vec<_>>()) };
        assert_eq!(told.subject().contains("Protest (open again)"), !is_step_new, "{}", told.subject());
        let text = told.text().split_whitespace().collect::<Vec<_>>().join(" ");
        let part = "closed before; counts to Wed 2026-08-12: what had ended it was taken back";
        assert!(text.contains(part), "{part} in:\n{}", told.text());
        // The ladder goes on with the step that comes.
        let said = days_until(&mut desk, "2026-08-20");
        let again = said.iter().filter(|subject| subject.contains("open again")).count();
        assert_eq!(again, 0, "it is told once: {said:?}");
        let hash = desk.state_hash();
        desk.open(&pipeline());
        assert_eq!(desk.state_hash(), hash);
    }
}

#[test]
fn a_clock_that_is_gone_is_told_as_gone_and_not_reminded_of() {
    let mut desk = Desk::new(at("2026-02-16T14:00:00Z"));
    desk.receive("nr.txt", "globex", &courtesy("021526", "021326", "L"));
    days_until(&mut desk, "2026-07-29");
    let filed =
        json!({"fact": "protest_filed", "protest_filed": "2026-07-29", "reference": "2704-26-100001"});
    let filed = record(&mut desk, filed);
    let amend = "Amend a protest or ask for further review";
    let told = digest(&mut desk, "2026-07-30");
    assert!(told.contains(&format!("{amend} due in 13 days, act by 2026-08-12")), "{told}");
    desk.clock.set(at("2026-08-01T14:00:00Z"));
    record(&mut desk, json!({"fact": "withdrawn", "date": "2026-08-01", "notice": filed}));
    let told = digest(&mut desk, "2026-08-02");
    assert!(told.contains(&format!("{amend} is no longer due: its trigger was taken back")), "{told}");
    assert!(!told.contains("moved from") && !told.contains("act by"), "{told}");
    for day in ["2026-08-09", "2026-08-12", "2026-08-13"] {
        let told = digest(&mut desk, day);
        assert!(!told.contains(amend), "{day}: {told}");
    }
}
