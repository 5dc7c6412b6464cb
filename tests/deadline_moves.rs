//! A date that moves: the old one is kept beside the new one, reminders follow, and people who knew the old one are told.

#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Days, NaiveDate, Utc};
use desk::Desk;
use entrywatch::deadline::{Applies, DeadlineTable, Overrides, Suspension, Triggers};
use entrywatch::email::Mail;
use entrywatch::entry::{DeadlineState, Life};
use entrywatch::ident::EntryNumber;
use entrywatch::outbox::Outcome;
use entrywatch::pipeline::Pipeline;
use entrywatch::serve::TargetWish;
use entrywatch::workbench::preview::moved;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn number() -> EntryNumber {
    EntryNumber::parse("9Z7-1000042-5").expect("a number")
}

fn life(desk: &Desk) -> Life {
    desk.store().life(number()).expect("the store answers").expect("the entry is known")
}

fn sent(desk: &mut Desk) -> Vec<Mail> {
    desk.deliver(|_| Outcome::Accepted { response: "250 ok".into() })
}

/// Lets the daemon look at the clock at noon UTC of every day up to `until`, and answers the mails about deadlines.
fn days_until(desk: &mut Desk, until: &str) -> Vec<String> {
    use entrywatch::clock::Clock;
    let until: NaiveDate = until.parse().expect("a date");
    let mut subjects = Vec::new();
    while desk.clock.now().date_naive() < until {
        let day = desk.clock.now().date_naive() + Days::new(1);
        desk.clock.set(day.and_hms_opt(12, 0, 0).expect("a time").and_utc());
        desk.engine().remind().expect("reminders are said");
        subjects.extend(sent(desk).iter().map(|mail| mail.subject().to_owned()));
    }
    subjects
}

/// A message of the release status that says when the goods count as released.
fn release_date(sent_on: &str, released: &str) -> String {
    let mut lines = vec![
        format!("A27049Z7      {sent_on}     SO"),
        "B  27049Z7SO".to_owned(),
        "SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W040125".to_owned(),
        format!("SO60{sent_on}090022{:<40}{released}", "RELEASE DATE UPDATED"),
        "Y  27049Z7SO00002".to_owned(),
        format!("Z27049Z7      {sent_on}"),
    ];
    for line in &mut lines {
        *line = format!("{line:<80}\n");
    }
    lines.concat()
}

fn demo(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo").join(name);
    std::fs::read(path).expect("a sample")
}

/// Released on 2 April 2025, so the summary is due on 16 April; nothing was said yet.
fn released() -> Desk {
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    desk.receive("1-hold.txt", "globex", &demo("1-hold.txt"));
    desk.receive("2-released.txt", "globex", &demo("2-released.txt"));
    sent(&mut desk);
    desk
}

#[test]
fn people_who_knew_the_old_date_are_told_the_new_one_and_why() {
    let mut desk = released();
    let said = days_until(&mut desk, "2025-04-11");
    assert!(said.iter().any(|subject| subject.contains("due in 5 days")), "{said:?}");

    desk.clock.set(at("2025-04-11T15:00:00Z"));
    desk.receive("moved.txt", "globex", release_date("041125", "040425").as_bytes());
    let mails = sent(&mut desk);
    let told = mails.iter().find(|mail| mail.text().contains("moved ")).expect("the difference is told");
    for part in [
        "from Wed 2025-04-16 to Fri 2025-04-18",
        "release_date is 2025-04-04 (release status), was 2025-04-02",
    ] {
        let text = told.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(part), "{part} in:\n{}", told.text());
    }
    let life_now = life(&desk);
    let moved: Vec<_> = life_now.moves_of("ES_DUE").collect();
    let [only] = moved[..] else { panic!("{moved:?}") };
    assert_eq!((&*only.from.due, &*only.to.due, only.sequence), ("2025-04-16", "2025-04-18", 1));
    assert!(only.notice.is_some());

    // The ladder starts again from the new date: nothing is said on the old one but what the new one wants.
    let said = days_until(&mut desk, "2025-04-16");
    let about: Vec<_> = said.iter().filter(|subject| subject.contains("ummary")).collect();
    assert!(about.iter().all(|subject| !subject.contains("due today")), "{about:?}");
    assert!(about.iter().any(|subject| subject.contains("due in 2 days")), "{about:?}");

    // Accepted: the clock drops out, the reason is kept, and nobody hears of it again.
    desk.clock.set(at("2025-04-16T15:00:00Z"));
    desk.receive("3.txt", "globex", &demo("3-accepted-with-warning.txt"));
    sent(&mut desk);
    let life_now = life(&desk);
    let last = life_now.moves_of("ES_DUE").next_back().expect("a move").clone();
    assert_eq!((last.sequence, last.to.state), (2, DeadlineState::Closed));
    assert!(!last.cause.is_empty());
    let said = days_until(&mut desk, "2025-05-20");
    assert!(said.iter().all(|subject| !subject.contains("ummary and duties")), "{said:?}");

    // A rebuild finds the same moves with the same numbers.
    let moves = life(&desk).moves;
    desk.open(&desk::pipeline());
    assert_eq!(life(&desk).moves, moves);
}

#[test]
fn a_date_that_nobody_was_told_moves_in_silence() {
    let mut desk = released();
    desk.clock.set(at("2025-04-03T15:00:00Z"));
    desk.receive("moved.txt", "globex", release_date("040325", "040325").as_bytes());
    assert_eq!(life(&desk).sequence("ES_DUE"), 1, "it is kept all the same");
    let about = sent(&mut desk).iter().filter(|mail| mail.text().contains("ES_DUE@")).count();
    assert_eq!(about, 0);
}

/// The same entry under the rules of two days. The window of corrections changed on 1 November 2017 in the table that is
/// part of the program; a table in which it changes on another day is answered for in the same way.
#[test]
fn rules_are_those_of_the_day_that_is_asked_for() {
    let entry = Triggers::parse(["entry_date=2017-06-05", "entry_type=01"]).expect("facts");
    let due = |table: &DeadlineTable, on: &str| {
        let table = table.as_of(on.parse().expect("a date"));
        table.compute("PSC_DUE", &entry).expect("a date").due.to_string()
    };
    let live = DeadlineTable::embedded();
    assert_eq!(due(live, "2017-10-31"), "2018-03-02");
    assert_eq!(due(live, "2017-11-01"), "2018-04-01");
    assert_eq!(live.compute("PSC_DUE", &entry).expect("a date").due.to_string(), "2018-03-02");
    let other = entrywatch::deadline::EMBEDDED
        .replace("2017-10-31", "2017-07-10")
        .replace("2017-11-01", "2017-07-11");
    let other = DeadlineTable::parse(&other, "other.toml").expect("a sound table");
    assert_eq!(
        (due(&other, "2017-07-10"), due(&other, "2017-07-12")),
        ("2018-03-02".into(), "2018-04-01".into())
    );
}

#[test]
fn our_own_date_moves_the_reminders_and_is_kept_with_its_author() {
    let mut desk = released();
    let wish = |date: Option<&str>| TargetWish {
        entry: number(),
        deadline: "ES_DUE".to_owned(),
        date: date.map(|date| date.parse().expect("a date")),
        reason: "the broker is away".to_owned(),
        on: None,
        even_if_late: false,
    };
    desk.engine().set_target(wish(Some("2025-04-09")), "jo").expect("it is journaled");
    let said = days_until(&mut desk, "2025-04-09");
    assert!(
        said.iter().any(|subject| subject.contains("ummary")
            && subject.contains("our target 2025-04-09 today, act by 2025-04-16")),
        "{said:?}"
    );
    let life_now = life(&desk);
    let moved = life_now.moves_of("ES_DUE").next_back().expect("a move");
    assert_eq!(&*moved.cause, "jo set our own date to 2025-04-09: the broker is away");
    assert_eq!(moved.to.target.map(|date| date.to_string()).as_deref(), Some("2025-04-09"));
    let hash = desk.state_hash();
    desk.open(&desk::pipeline());
    assert_eq!((desk.state_hash(), life(&desk)), (hash, life_now));
    // Taken back, and behind the legal date: reminders count towards the legal one again.
    desk.engine().set_target(wish(None), "jo").expect("it is journaled");
    desk.engine().set_target(wish(Some("2025-05-30")), "jo").expect("it is journaled");
    let said = days_until(&mut desk, "2025-04-16");
    assert!(
        said.iter().any(|subject| subject.contains("ummary") && subject.contains("due today")),
        "{said:?}"
    );
}

/// Reminders count towards our own date, which stays; the law's date is in the letters all the same.
#[test]
fn a_legal_date_that_moves_beside_our_own_is_told() {
    let mut desk = released();
    let wish = TargetWish {
        entry: number(),
        deadline: "ES_DUE".to_owned(),
        date: Some("2025-04-14".parse().expect("a date")),
        reason: String::new(),
        on: None,
        even_if_late: false,
    };
    desk.engine().set_target(wish, "jo").expect("it is journaled");
    let said = days_until(&mut desk, "2025-04-11");
    assert!(
        said.iter().any(|subject| subject.contains("our target 2025-04-14 in 3 days, act by 2025-04-16")),
        "{said:?}"
    );

    desk.clock.set(at("2025-04-11T15:00:00Z"));
    desk.receive("moved.txt", "globex", release_date("041125", "040425").as_bytes());
    let mails = sent(&mut desk);
    let told = mails.iter().find(|mail| mail.text().contains("moved ")).expect("the difference is told");
    let text = told.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "act by Fri 2025-04-18 (in 7 days)",
        "our target Mon 2025-04-14 (in 3 days)",
        "moved from Wed 2025-04-16 to Fri 2025-04-18: release_date is 2025-04-04 (release status), was 2025-04-02",
    ] {
        assert!(text.contains(part), "{part} in:\n{}", told.text());
    }
}

/// The table is no part of the journal, but its moves are: a rebuild, under whatever table, has the same history.
#[test]
fn another_table_moves_the_reminders_and_tells_who_knew_the_old_date() {
    let mut desk = released();
    let journaled = |desk: &Desk| desk.store().position().expect("the store answers").seq;
    let before = journaled(&desk);
    desk.engine().follow_table().expect("it looks at every entry");
    assert_eq!(journaled(&desk), before, "nothing differs, so nothing is written");
    let said = days_until(&mut desk, "2025-04-11");
    assert!(said.iter().any(|subject| subject.contains("due in 5 days")), "{said:?}");

    // Nearer by two working days: 14 April. Somebody knows the 16th, and hears of it at once.
    let nearer = std::sync::Arc::new(with_table(table_of(8)));
    desk.engine().reload(nearer.clone(), desk::versions()).expect("the table comes into force");
    assert!(desk.engine().is_following(), "the writer looks at the entries between its jobs");
    while desk.engine().is_following() {
        desk.engine().follow_some().expect("some entries are looked at");
    }
    let life_now = life(&desk);
    let moved = life_now.moves_of("ES_DUE").next_back().expect("a move");
    let target = |text: &str| Some(text.parse::<NaiveDate>().expect("a date"));
    assert_eq!((moved.from.target, moved.to.target), (target("2025-04-16"), target("2025-04-14")));
    assert_eq!((&*moved.from.due, &*moved.to.due), ("2025-04-16", "2025-04-14"));
    assert!(moved.cause.starts_with("other rules or days came into force"), "{}", moved.cause);
    let of_summary = life_now.reminders.iter().find(|one| &*one.deadline == "ES_DUE").expect("a reminder");
    assert_eq!(Some(of_summary.target), target("2025-04-14"));
    let told = sent(&mut desk);
    let told: Vec<_> = told.iter().filter(|mail| mail.text().contains("2025-04-14")).collect();
    assert_eq!(told.len(), 1, "the difference is told once");
    assert!(told[0].text().contains("2025-04-16"), "with the old date:\n{}", told[0].text());
    let said = days_until(&mut desk, "2025-04-14");
    assert!(
        said.iter().any(|subject| subject.contains("ummary") && subject.contains("due today")),
        "{said:?}"
    );

    // The same table again, with or without the note of it, writes no line.
    let before = journaled(&desk);
    desk.engine().reload(nearer.clone(), desk::versions()).expect("the table comes into force");
    assert!(!desk.engine().is_following(), "it is noted which table the reminders follow");
    std::fs::remove_file(desk.folder.path().join("deadlines.version")).expect("the note is there");
    desk.engine().follow_table().expect("it looks at every entry");
    assert_eq!(journaled(&desk), before);

    // The line is the truth: the same table, and the first one, find the same moves with the same numbers.
    let (hash, moves) = (desk.state_hash(), life(&desk).moves);
    desk.open(&nearer);
    assert_eq!((desk.state_hash(), &life(&desk).moves), (hash, &moves));
    assert_eq!(life(&desk).reminders, life_now_reminders(&desk));
    desk.open(&desk::pipeline());
    assert_eq!(life(&desk).moves, moves);
}

fn life_now_reminders(desk: &Desk) -> Vec<entrywatch::entry::Reminder> {
    let mut reminders = life(desk).reminders;
    reminders.sort();
    reminders
}

/// A clock that had no date under the old table is reminded of under the new one.
#[test]
fn a_clock_that_gets_a_date_gets_its_reminders() {
    let mut desk = released();
    let stop = Suspension {
        applies: Applies { deadlines: vec!["ES_DUE".into()], ..Applies::default() },
        from: "2025-04-01".parse().expect("a date"),
        to: None,
        source: "a court".into(),
    };
    let overrides = Overrides { suspensions: vec![stop], ..Overrides::default() };
    let stopped = with_table(DeadlineTable::embedded().with_overrides(overrides));
    desk.engine().reload(stopped.into(), desk::versions()).expect("the clock stands still");
    desk.engine().follow_table().expect("it looks at every entry");
    let is_reminded = |desk: &Desk| life(desk).reminders.iter().any(|one| &*one.deadline == "ES_DUE");
    assert!(!is_reminded(&desk));
    let said = days_until(&mut desk, "2025-04-12");
    assert!(said.iter().all(|subject| !subject.contains("Entry summary and duties due")), "{said:?}");
    desk.engine().reload(desk::pipeline(), desk::versions()).expect("it goes on");
    desk.engine().follow_table().expect("it looks at every entry");
    assert!(is_reminded(&desk));
    let said = days_until(&mut desk, "2025-04-16");
    assert!(
        said.iter().any(|subject| subject.contains("ummary") && subject.contains("due today")),
        "{said:?}"
    );
}

/// More entries than are looked at together: each gets its line, however it is interrupted.
#[test]
fn many_entries_follow_in_pieces_and_a_stop_in_the_middle_begins_anew() {
    let mut desk = Desk::new(at("2025-04-02T14:10:00Z"));
    let numbers: Vec<EntryNumber> = (0..450).map(numbered).collect();
    for number in &numbers {
        let plain = number.as_str();
        let text = String::from_utf8(demo("2-released.txt")).expect("ASCII");
        let text = text.replace("10000425", &plain[3..]);
        desk.receive(&format!("{plain}.txt"), "globex", text.as_bytes());
    }
    let moved = |desk: &Desk| {
        let store = desk.store();
        let life = |number: &EntryNumber| store.life(*number).expect("the store answers").expect("known");
        numbers.iter().filter(|number| life(number).sequence("ES_DUE") > 0).count()
    };
    let longer = std::sync::Arc::new(with_table(table_of(12)));
    desk.engine().reload(longer.clone(), desk::versions()).expect("the table comes into force");
    desk.engine().follow_some().expect("some are looked at");
    let first = moved(&desk);
    assert!((1..numbers.len()).contains(&first), "{first} in one piece");
    // The process ends here; the next one finds the store as it is, and no note of the table.
    desk.engine().look_at_table(None);
    while desk.engine().is_following() {
        desk.engine().follow_some().expect("some are looked at");
    }
    assert_eq!(moved(&desk), numbers.len());
    let store = desk.store();
    let twice = numbers.iter().filter(|number| {
        store.life(**number).expect("the store answers").expect("known").sequence("ES_DUE") > 1
    });
    assert_eq!(twice.count(), 0, "none moved twice");
    let hash = desk.state_hash();
    desk.open(&longer);
    assert_eq!(desk.state_hash(), hash);

    // Half of them follow another table when the first one comes back: none is left behind.
    desk.engine().follow_table().expect("all are looked at");
    desk.engine().reload(desk::pipeline(), desk::versions()).expect("another table");
    desk.engine().follow_some().expect("some are looked at");
    desk.engine().reload(longer.clone(), desk::versions()).expect("the first one again");
    assert!(desk.engine().is_following());
    desk.engine().follow_table().expect("all are looked at");
    let store = desk.store();
    let is_longer = |number: &&EntryNumber| {
        let life = store.life(**number).expect("the store answers").expect("known");
        life.reminders.iter().any(|one| &*one.deadline == "ES_DUE" && one.target.to_string() == "2025-04-18")
    };
    assert_eq!(numbers.iter().filter(is_longer).count(), numbers.len());
}

fn numbered(serial: u32) -> EntryNumber {
    let number = (0..10).find_map(|check| {
        EntryNumber::parse(format!("9Z72{serial:06}{check}"))
            .filter(|number| number.check_digit_offset() == 0)
    });
    number.expect("one of ten check digits is right")
}

fn with_table(table: DeadlineTable) -> Pipeline {
    Pipeline { deadlines: std::sync::Arc::new(table), ..copy(&desk::pipeline()) }
}

fn copy(pipeline: &Pipeline) -> Pipeline {
    Pipeline {
        interpreter: pipeline.interpreter.clone(),
        rules: pipeline.rules.clone(),
        deadlines: pipeline.deadlines.clone(),
        audience: pipeline.audience.clone(),
        importer_number: pipeline.importer_number,
        feeds: pipeline.feeds.clone(),
    }
}

/// Another number of working days for the summary.
fn table_of(days: u8) -> DeadlineTable {
    let at = entrywatch::deadline::EMBEDDED.find("id = \"ES_DUE\"").expect("the deadline");
    let (before, rest) = entrywatch::deadline::EMBEDDED.split_at(at);
    let text = before.to_owned() + &rest.replacen("length = 10", &format!("length = {days}"), 1);
    DeadlineTable::parse(&text, "other.toml").expect("a sound table")
}

#[test]
fn a_preview_names_each_date_that_would_move() {
    let desk = released();
    let live = DeadlineTable::embedded();
    let other = table_of(12);
    let rows = moved(&life(&desk), live, &other);
    let [row] = &rows[..] else { panic!("{rows:#?}") };
    assert_eq!((&*row.deadline, &*row.from.due, &*row.to.due), ("ES_DUE", "2025-04-16", "2025-04-18"));
    assert!(moved(&life(&desk), live, live).is_empty());
}
