//! The whole way of a file, measured as the daemon runs it: archive, journal, decode, interpret, fold, rules, commit.
//!
//! `cargo bench --bench load -- [--entries N] [--messages-per-file N] [--group N | --group-kib N] [--windows N] [--cache-mib N]
//! [--folder DIR] [--keep] [--crash] [--days]`, and `-- --open-only --folder DIR [--cache-mib N]` for a folder that was kept.
//!
//! With `--days` the clock follows the feed, and every day is lived as the daemon lives it (`loading/days.rs`): reminders, digests,
//! letters that a server takes. Without, the clock is the machine's, nothing is ever sent, and all of it waits in the store.
//!
//! Prints JSON lines: durable messages a second in windows, CPU and memory, sync calls a group, what was written and lies
//! on disk beside the bytes that the store was asked to write, and how long the state takes to open again. The files are made by
//! a process of their own, and the state is opened again by another, so that memory and CPU are those of the daemon's share.
//! Absolute figures are this machine's; `docs/performance.md` holds ratios.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use entrywatch::clock::{Clock, SystemClock};
use entrywatch::daemon::engine::{Engine, Incoming, Versions};
use entrywatch::daemon::state;
use entrywatch::deadline::DeadlineTable;
use entrywatch::grammar::Grammar;
use entrywatch::ident::DropName;
use entrywatch::interpret::Interpreter;
use entrywatch::outbox::{Audience, Team};
use entrywatch::pipeline::Pipeline;
use entrywatch::rules::{Playbook, Rules, Vocabulary};
use entrywatch::store::{Occasion, StoreError};
use entrywatch::synthetic::Plan;

use self::loading::days::Days;
use self::loading::feed::{Fed, Feed, feed, this_program};
use self::loading::figures::{cpu_secs, folder_bytes, memory_kib, written_bytes};

mod loading;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What this process is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Take in what the feed makes, stop, and have the state opened again.
    Load,
    /// Make the files, and write them to standard output.
    Feed,
    /// Open the state, say how long it took, and close it.
    Open,
}

struct Options {
    part: Part,
    entries: u64,
    messages_per_file: usize,
    /// Files that are read and committed together; `None` as many as have so many bytes, one at least.
    group: Option<usize>,
    group_kib: usize,
    windows: u64,
    folder: PathBuf,
    keep: bool,
    cache_mib: u64,
    /// Ends without a stop, as a kill does. Keeps the folder.
    crash: bool,
    /// The clock follows the feed.
    days: bool,
}

fn options() -> Options {
    let mut options = Options {
        part: Part::Load,
        entries: 20_000,
        messages_per_file: 200,
        group: None,
        // As in the program.
        group_kib: 256,
        windows: 10,
        folder: std::env::temp_dir().join(format!("entrywatch-load-{}", std::process::id())),
        keep: false,
        cache_mib: 128,
        crash: false,
        days: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match arg.as_str() {
            "--entries" => options.entries = number(),
            "--messages-per-file" => options.messages_per_file = number() as usize,
            "--group" => options.group = Some(number() as usize),
            "--group-kib" => options.group_kib = number() as usize,
            "--windows" => options.windows = number(),
            "--cache-mib" => options.cache_mib = number(),
            "--folder" => options.folder = args.next().expect("a folder").into(),
            "--keep" => options.keep = true,
            "--crash" => options.crash = true,
            "--days" => options.days = true,
            "--feed" => options.part = Part::Feed,
            "--open-only" => options.part = Part::Open,
            _ => {}
        }
    }
    options
}

fn pipeline() -> Arc<Pipeline> {
    let interpreter = Interpreter::new(Grammar::embedded()).expect("the embedded grammar is sound");
    let deadlines = DeadlineTable::embedded();
    let grammar = Grammar::embedded();
    let ids = deadlines.definitions().iter().map(|definition| definition.id.as_str());
    let vocabulary = Vocabulary::new(&grammar.codes, ids);
    let rules = Rules::parse(
        &[(entrywatch::rules::EMBEDDED_NAME, entrywatch::rules::EMBEDDED)],
        &Playbook::embedded(),
        &["operations"],
        &vocabulary,
    )
    .expect("the embedded rules are sound");
    let team = Team {
        name: "operations".into(),
        to: vec!["operations@example.com".into()],
        zone: entrywatch::clock::Zone::named("America/New_York").expect("a zone"),
        digest_at: chrono::NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min: entrywatch::place::Severity::Info,
    };
    Arc::new(Pipeline {
        interpreter: Arc::new(interpreter),
        rules: Arc::new(rules),
        deadlines: Arc::new(deadlines.clone()),
        audience: Audience::new(vec![team]),
        importer_number: Default::default(),
        feeds: Vec::new(),
    })
}

fn versions() -> Versions {
    Versions { config: "load".into(), grammar: "load".into(), rules: "load".into() }
}

fn open(folder: &Path, cache_mib: u64, clock: Arc<dyn Clock>) -> (Engine, f64, state::OpenedState) {
    let start = Instant::now();
    let (engine, opened) =
        state::open(folder, cache_mib << 20, pipeline(), versions(), clock).expect("the state opens");
    (engine, start.elapsed().as_secs_f64(), opened)
}

fn plan(options: &Options) -> Plan {
    Plan { messages_per_file: options.messages_per_file, ..Plan::new(7, options.entries) }
}

fn receive(engine: &mut Engine, files: &[Fed]) -> (u64, u64) {
    let mut contents: Vec<Cursor<&[u8]>> = files.iter().map(|file| Cursor::new(&*file.bytes)).collect();
    let mut incoming: Vec<Incoming<'_>> = files
        .iter()
        .zip(&mut contents)
        .map(|(file, content)| Incoming {
            drop: DropName::new("load"),
            broker: file.broker.clone(),
            name: file.name.clone(),
            size_bytes: file.bytes.len() as u64,
            incomplete: false,
            deliver: true,
            content,
        })
        .collect();
    // As the daemon does it: the commit of a group goes on while the next one is read.
    let (step, taken) = engine.read(&mut incoming).expect("the files are received");
    let done = |outcome: Result<(), StoreError>| outcome.expect("the step is committed");
    engine.commit_beside(step, Box::new(done)).expect("the group before is committed");
    taken.iter().fold((0, 0), |(messages, notices), taken| {
        (messages + taken.received.messages, notices + taken.received.notices)
    })
}

/// Opens the state in this process, says how long it took, and answers what it has.
fn open_and_say(options: &Options) {
    let (engine, secs, opened) = open(&options.folder, options.cache_mib, Arc::new(SystemClock));
    println!(
        "{{\"open_seconds\":{secs:.3},\"lines_applied\":{},\"rebuilt\":{},\"rss_kib\":{},\"peak_rss_kib\":{}}}",
        opened.applied,
        opened.rebuilt,
        memory_kib("VmRSS"),
        memory_kib("VmHWM"),
    );
    drop(engine);
}

fn load(options: &Options) {
    std::fs::create_dir_all(&options.folder).expect("a folder");
    let mut days = Days::new(plan(options).start);
    let clock: Arc<dyn Clock> = if options.days { days.clock() } else { Arc::new(SystemClock) };
    let (mut engine, _, _) = open(&options.folder, options.cache_mib, clock);
    let idle_kib = memory_kib("VmRSS");
    let mut feed = Feed::start(options.entries, options.messages_per_file);
    let mut held = None;
    let (mut messages, mut notices, mut files_total, mut bytes_total) = (0u64, 0u64, 0u64, 0u64);
    let start = Instant::now();
    let (mut window_start, mut window_messages, mut window_cpu) = (0.0, 0u64, cpu_secs());
    let window = (options.entries * 10 / options.windows.max(1)).max(1);
    let syncs = engine.sync_calls();
    let mut groups = 0u64;
    loop {
        let files = feed.group(options.group, options.group_kib, &mut held);
        if files.is_empty() {
            break;
        }
        if options.days
            && let Some(day) = files.iter().filter_map(Fed::day).max()
        {
            days.pass_until(&mut engine, day);
        }
        let (more, said) = receive(&mut engine, &files);
        groups += 1;
        window_messages += more;
        messages += more;
        notices += said;
        files_total += files.len() as u64;
        bytes_total += files.iter().map(|file| file.bytes.len() as u64).sum::<u64>();
        if window_messages >= window {
            let cpu = cpu_secs() - days.cpu_secs;
            println!(
                "{{\"window\":{messages},\"messages_per_second\":{:.0},\"cpu_us_per_message\":{:.1},\"rss_kib\":{},\
                 \"peak_rss_kib\":{}}}",
                window_messages as f64 / (start.elapsed().as_secs_f64() - days.seconds - window_start),
                (cpu - window_cpu) * 1e6 / window_messages as f64,
                memory_kib("VmRSS"),
                memory_kib("VmHWM"),
            );
            (window_start, window_messages, window_cpu) =
                (start.elapsed().as_secs_f64() - days.seconds, 0, cpu);
        }
    }
    engine.settle().expect("the last group is committed");
    let in_receive = start.elapsed().as_secs_f64() - days.seconds;
    if options.days {
        days.say();
    }
    let counts = engine.store().counts().expect("the store answers");
    println!(
        "{{\"files\":{files_total},\"megabytes\":{:.1},\"messages\":{messages},\"notices\":{notices},\"entries\":{},\
         \"alerts\":{},\"letters\":{},\"seconds\":{in_receive:.2},\"messages_per_second\":{:.0},\
         \"syncs_per_group\":{:.2}}}",
        bytes_total as f64 / 1e6,
        counts.entries,
        counts.alerts,
        counts.letters,
        messages as f64 / in_receive,
        (engine.sync_calls() - syncs) as f64 / groups.max(1) as f64,
    );
    println!(
        "{{\"idle_rss_kib\":{idle_kib},\"rss_kib\":{},\"peak_rss_kib\":{},\"gate_kib\":{}}}",
        memory_kib("VmRSS"),
        memory_kib("VmHWM"),
        options.cache_mib * 1024 * 5 / 2 + (64 << 10),
    );
    engine.flush().expect("the store flushes");
    say_bytes(&engine, options, messages);
    if options.crash {
        std::process::abort();
    }
    let start = Instant::now();
    engine.tidy(Occasion::Stop).expect("the store is opened again");
    println!("{{\"stop_seconds\":{:.3},\"rss_kib\":{}}}", start.elapsed().as_secs_f64(), memory_kib("VmRSS"));
    say_bytes(&engine, options, messages);
}

/// What the store was asked to write, what this process wrote, and what lies on disk; for each message, and as ratios.
fn say_bytes(engine: &Engine, options: &Options, messages: u64) {
    let asked = engine.store().bytes_asked();
    let (written, store) = (written_bytes(), folder_bytes(&options.folder.join(state::STORE)));
    let each = |bytes: u64| bytes as f64 / messages.max(1) as f64;
    let ratio = |bytes: u64| bytes as f64 / asked.max(1) as f64;
    println!(
        "{{\"asked_per_message\":{:.0},\"written_per_message\":{:.0},\"store_per_message\":{:.0},\"disk_per_message\":{:.0},\
         \"written_ratio\":{:.2},\"store_ratio\":{:.2}}}",
        each(asked),
        each(written),
        each(store),
        each(folder_bytes(&options.folder)),
        ratio(written),
        ratio(store),
    );
}

fn main() {
    let options = options();
    match options.part {
        Part::Feed => return feed(&plan(&options)).expect("somebody reads the files"),
        Part::Open => return open_and_say(&options),
        Part::Load => load(&options),
    }
    // A process of its own: nothing of the run is in its memory.
    let folder = options.folder.as_os_str();
    let cache_mib = options.cache_mib.to_string();
    let status = this_program()
        .arg("--open-only")
        .arg("--folder")
        .arg(folder)
        .args(["--cache-mib", &cache_mib])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the state opens again");
    if !options.keep {
        std::fs::remove_dir_all(&options.folder).expect("the folder is ours");
    }
}
