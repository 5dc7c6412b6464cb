//! The daily reminder pass over stores of growing size, with the same number of reminders due in each.
//!
//! `cargo bench --bench reminders -- [--due N] [--entries N,N,..] [--folder DIR]`
//!
//! The store is sled's, filled straight with lives that hold five open clocks or more; the pass is the engine's own, as
//! the daemon ticks it: journal line, due index, fold, rules, letters, commit. Prints a JSON line a size: how long the
//! pass took, on the clock and of the processor, how long a tick with nothing due takes, and what filling and opening took.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use entrywatch::clock::{TestClock, Zone};
use entrywatch::daemon::engine::Versions;
use entrywatch::daemon::state;
use entrywatch::deadline::DeadlineTable;
use entrywatch::entry::{DeadlineState, Life, Reminder, Sighting};
use entrywatch::grammar::Grammar;
use entrywatch::ident::{BrokerName, EntryNumber, Fingerprint, NoticeId};
use entrywatch::interpret::Interpreter;
use entrywatch::notice::{CustomsBill, Effect, EventTime, Fields, Kind, Notice, Token};
use entrywatch::outbox::{Audience, Team};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::{Place, Severity};
use entrywatch::rules::{EMBEDDED, EMBEDDED_NAME, Playbook, Rules, Vocabulary};
use entrywatch::step::{DueKey, DueValue, Position, Step};
use entrywatch::store::Store;
use entrywatch::store::sled::{SledSettings, SledStore};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clocks that every entry has open, at least.
const CLOCKS: usize = 5;

/// Entries that are written in one step.
const STEP_ENTRIES: u64 = 1_000;

/// Release dates: of the entries that are due, so that one of their reminders falls on the day of the pass, and of all
/// others, so that none does.
struct Dates {
    due: NaiveDate,
    later: Vec<NaiveDate>,
}

fn pipeline() -> Arc<Pipeline> {
    let grammar = Grammar::embedded();
    let deadlines = DeadlineTable::embedded();
    let ids = deadlines.definitions().iter().map(|definition| definition.id.as_str());
    let vocabulary = Vocabulary::new(&grammar.codes, ids);
    let rules =
        Rules::parse(&[(EMBEDDED_NAME, EMBEDDED)], &Playbook::embedded(), &["operations"], &vocabulary)
            .expect("the embedded rules are sound");
    let team = Team {
        name: "operations".into(),
        to: vec!["operations@example.com".into()],
        zone: Zone::named("America/New_York").expect("a zone"),
        digest_at: chrono::NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min: Severity::Info,
    };
    Arc::new(Pipeline {
        feeds: Vec::new(),
        interpreter: Arc::new(Interpreter::new(grammar).expect("the embedded grammar is sound")),
        rules: Arc::new(rules),
        deadlines: Arc::new(deadlines.clone()),
        audience: Audience::new(vec![team]),
        importer_number: Default::default(),
    })
}

/// A real-looking number: the eleven characters of filer, serial and any check digit.
fn number(index: u64) -> EntryNumber {
    EntryNumber::parse(format!("9Z7{index:07}0")).expect("eleven characters")
}

fn notice(number: EntryNumber, ordinal: u8, kind: Kind, day: NaiveDate, effect: Effect) -> Notice {
    let mut id = [ordinal; 16];
    id[..11].copy_from_slice(number.as_bytes());
    Notice {
        id: NoticeId::from_bytes(id),
        kind,
        entry: Some(number),
        bill: None,
        house_bill: None,
        container: None,
        code: Some(Token::new("98")),
        table: Some("so60-entry-dispositions".into()),
        meaning: Some("released".into()),
        severity: Severity::Info,
        at: Some(EventTime::date(day)),
        effect,
        fields: Fields::new(),
    }
}

/// An entry that was released on `day` and has open bills from Customs, so that it has clocks enough.
fn life(number: EntryNumber, released: NaiveDate, today: NaiveDate, pipeline: &Pipeline) -> Life {
    let mut life = Life::new(number);
    let seen = Sighting {
        file: Fingerprint::of(number.as_bytes()),
        place: Place::default(),
        received_at: released.and_time(chrono::NaiveTime::MIN).and_utc(),
        broker: BrokerName::new("acme"),
        name: "so.txt".into(),
    };
    let release = Effect::Release { date: Some(released) };
    life.add(Arc::new(notice(number, 0, Kind::ReleaseStatus, released, release)), seen.clone());
    for ordinal in 1..=CLOCKS as u8 {
        let open = pipeline.deadlines_of(&life, &life.entry());
        if open.iter().filter(|deadline| deadline.state == DeadlineState::Open).count() >= CLOCKS {
            break;
        }
        let bill = CustomsBill {
            number: Token::new(format!("4{ordinal:07}")),
            date: released.checked_add_days(Days::new(60 * u64::from(ordinal))),
            kind: Token::new("1"),
            status: Token::new("01"),
            total: None,
            paid: None,
            is_open: true,
        };
        let bill = notice(number, ordinal, Kind::EntryStatus, released, Effect::CustomsBill(bill));
        life.add(Arc::new(bill), seen.clone());
    }
    for deadline in pipeline.deadlines_of(&life, &life.entry()) {
        let next = pipeline.rules.next_reminder(&deadline, today);
        if let (DeadlineState::Open, Some(day), Some(target)) = (deadline.state, next, deadline.target()) {
            life.reminders.push(Reminder { day, target, deadline: deadline.key().into() });
        }
    }
    life.reminders.sort();
    life
}

/// The time that this thread has had a processor, which other work on the machine does not lengthen.
fn cpu_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn dates(today: NaiveDate, pipeline: &Pipeline) -> Dates {
    let tomorrow = today + Days::new(1);
    let (mut due, mut later) = (None, Vec::new());
    for back in 1..300 {
        let released = today - Days::new(back);
        let life = life(number(0), released, today, pipeline);
        match life.reminders.iter().filter(|reminder| reminder.day == tomorrow).count() {
            0 if !life.reminders.is_empty() => later.push(released),
            1 if due.is_none() => due = Some(released),
            _ => {}
        }
    }
    Dates { due: due.expect("a ladder has a step on that day"), later }
}

/// Fills a store; the first `due` entries are the ones of the pass.
fn fill(folder: &Path, entries: u64, due: u64, today: NaiveDate, pipeline: &Pipeline) {
    let (store, _) =
        SledStore::open(&folder.join(state::STORE), SledSettings::default()).expect("the store opens");
    let dates = dates(today, pipeline);
    let spread = entries / due;
    let mut step = Step::at(Position::START);
    for index in 0..entries {
        let is_due = index % spread == 0 && index / spread < due;
        let released = if is_due { dates.due } else { dates.later[index as usize % dates.later.len()] };
        let life = life(number(index), released, today, pipeline);
        for reminder in &life.reminders {
            let key = DueKey { day: reminder.day, entry: life.number, deadline: reminder.deadline.clone() };
            step.due.insert(key, Some(DueValue { target: reminder.target }));
        }
        step.lives.insert(life.number, Arc::new(life));
        if step.lives.len() as u64 >= STEP_ENTRIES || index + 1 == entries {
            store.commit(&step).expect("the step is committed");
            step = Step::at(Position::START);
        }
    }
    store.flush().expect("the store flushes");
}

fn main() {
    let (mut due, mut sizes) = (1_000u64, vec![10_000u64, 100_000, 1_000_000]);
    let mut parent = std::env::temp_dir();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--due" => due = args.next().and_then(|text| text.parse().ok()).expect("a number"),
            "--entries" => {
                let list = args.next().expect("numbers");
                sizes = list.split(',').map(|text| text.parse().expect("a number")).collect();
            }
            "--folder" => parent = args.next().expect("a folder").into(),
            _ => {}
        }
    }
    let pipeline = pipeline();
    let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().expect("an instant");
    let today = pipeline.reminder_day(now);
    for entries in sizes {
        let folder = parent.join(format!("entrywatch-reminders-{}-{entries}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let start = Instant::now();
        fill(&folder, entries, due, today, &pipeline);
        let filled = start.elapsed().as_secs_f64();
        let clock = Arc::new(TestClock::at(now));
        let versions = Versions { config: "r".into(), grammar: "r".into(), rules: "r".into() };
        let start = Instant::now();
        let (mut engine, _) = state::open(&folder, 256 << 20, pipeline.clone(), versions, clock.clone())
            .expect("the state opens");
        let opened = start.elapsed().as_secs_f64();
        // Nothing is due yet: what every tick costs.
        let start = Instant::now();
        assert!(!engine.remind().expect("the clock is looked at"));
        let idle = start.elapsed().as_secs_f64();
        clock.advance(TimeDelta::days(1));
        let before = engine.store().counts().expect("the store answers");
        let (start, cpu) = (Instant::now(), cpu_ms());
        assert!(engine.remind().expect("reminders are said"));
        let (pass, cpu) = (start.elapsed().as_secs_f64(), cpu_ms() - cpu);
        let after = engine.store().counts().expect("the store answers");
        assert!(engine.store().due_until(today + Days::new(1), 1).expect("the store answers").is_empty());
        println!(
            "{{\"entries\":{entries},\"due\":{due},\"alerts\":{},\"letters\":{},\"pass_ms\":{:.1},\"pass_cpu_ms\":{cpu:.1},\"idle_tick_ms\":{:.3},\
             \"fill_seconds\":{filled:.1},\"open_seconds\":{opened:.2}}}",
            after.alerts - before.alerts,
            after.letters - before.letters,
            pass * 1e3,
            idle * 1e3,
        );
        drop(engine);
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
