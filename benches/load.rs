//! The whole way of a file, measured as the daemon runs it: archive, journal, decode, interpret, fold, rules, commit.
//!
//! `cargo bench --bench load -- [--entries N] [--messages-per-file N] [--group N] [--rounds N] [--folder DIR] [--keep]`
//!
//! Prints JSON lines: durable messages a second in windows, sync calls a group, memory, the size on disk, and how long
//! the state takes to open again. Absolute figures are this machine's; `docs/performance.md` holds ratios.

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
use entrywatch::synthetic::{GeneratedFile, Plan, generate};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Options {
    entries: u64,
    messages_per_file: usize,
    group: usize,
    windows: u64,
    folder: PathBuf,
    keep: bool,
    cache_mib: u64,
}

fn options() -> Options {
    let mut options = Options {
        entries: 20_000,
        messages_per_file: 200,
        // What the daemon reads and commits together.
        group: 8,
        windows: 10,
        folder: std::env::temp_dir().join(format!("entrywatch-load-{}", std::process::id())),
        keep: false,
        cache_mib: 64,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match arg.as_str() {
            "--entries" => options.entries = number(),
            "--messages-per-file" => options.messages_per_file = number() as usize,
            "--group" => options.group = number() as usize,
            "--windows" => options.windows = number(),
            "--cache-mib" => options.cache_mib = number(),
            "--folder" => options.folder = args.next().expect("a folder").into(),
            "--keep" => options.keep = true,
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

fn open(folder: &Path, cache_mib: u64) -> (Engine, f64, state::OpenedState) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let start = Instant::now();
    let (engine, opened) =
        state::open(folder, cache_mib << 20, pipeline(), versions(), clock).expect("the state opens");
    (engine, start.elapsed().as_secs_f64(), opened)
}

/// Fields of /proc/self/status, in KiB.
fn memory_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Bytes that this process has sent to the disk.
fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find(|line| line.starts_with("write_bytes")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(listing) = std::fs::read_dir(folder) else { return 0 };
    listing
        .flatten()
        .map(|item| match item.metadata() {
            Ok(found) if found.is_dir() => folder_bytes(&item.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

fn receive(engine: &mut Engine, files: &[GeneratedFile]) -> (u64, u64) {
    let mut contents: Vec<Cursor<&[u8]>> = files.iter().map(|file| Cursor::new(&*file.bytes)).collect();
    let mut incoming: Vec<Incoming<'_>> = files
        .iter()
        .zip(&mut contents)
        .map(|(file, content)| Incoming {
            drop: DropName::new("load"),
            broker: file.broker.clone(),
            name: file.name.as_str().into(),
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

fn main() {
    let options = options();
    std::fs::create_dir_all(&options.folder).expect("a folder");
    let (mut engine, _, _) = open(&options.folder, options.cache_mib);
    let mut plan = Plan::new(7, options.entries);
    plan.messages_per_file = options.messages_per_file;
    let mut feed = generate(&plan);
    let (mut messages, mut notices, mut files_total, mut bytes_total) = (0u64, 0u64, 0u64, 0u64);
    // Making the files counts as well: it takes a few hundredths of the time.
    let start = Instant::now();
    let (mut window_start, mut window_messages) = (start, 0u64);
    let window = (options.entries * 10 / options.windows.max(1)).max(1);
    let syncs = engine.sync_calls();
    let mut groups = 0u64;
    loop {
        let files: Vec<GeneratedFile> = feed.by_ref().take(options.group).collect();
        if files.is_empty() {
            break;
        }
        let (more, said) = receive(&mut engine, &files);
        groups += 1;
        window_messages += more;
        messages += more;
        notices += said;
        files_total += files.len() as u64;
        bytes_total += files.iter().map(|file| file.bytes.len() as u64).sum::<u64>();
        if window_messages >= window {
            println!(
                "{{\"window\":{messages},\"messages_per_second\":{:.0},\"rss_kib\":{}}}",
                window_messages as f64 / window_start.elapsed().as_secs_f64(),
                memory_kib("VmRSS")
            );
            (window_start, window_messages) = (Instant::now(), 0);
        }
    }
    engine.settle().expect("the last group is committed");
    let in_receive = start.elapsed().as_secs_f64();
    let counts = engine.store().counts().expect("the store answers");
    println!(
        "{{\"files\":{files_total},\"megabytes\":{:.1},\"messages\":{messages},\"notices\":{notices},\"entries\":{},\
         \"alerts\":{},\"letters\":{},\"seconds\":{in_receive:.2},\"messages_per_second\":{:.0},\
         \"syncs_per_group\":{:.2},\"peak_rss_kib\":{},\"store_bytes\":{},\"disk_bytes\":{},\"written_bytes\":{}}}",
        bytes_total as f64 / 1e6,
        counts.entries,
        counts.alerts,
        counts.letters,
        messages as f64 / in_receive,
        (engine.sync_calls() - syncs) as f64 / groups.max(1) as f64,
        memory_kib("VmHWM"),
        folder_bytes(&options.folder.join(state::STORE)),
        folder_bytes(&options.folder),
        written_bytes(),
    );
    let start = Instant::now();
    engine.flush().expect("the store flushes");
    engine.tidy(Occasion::Stop).expect("the store is opened again");
    println!(
        "{{\"stop_seconds\":{:.3},\"rss_kib\":{},\"store_bytes\":{},\"disk_bytes\":{}}}",
        start.elapsed().as_secs_f64(),
        memory_kib("VmRSS"),
        folder_bytes(&options.folder.join(state::STORE)),
        folder_bytes(&options.folder),
    );
    drop(engine);
    let (engine, secs, opened) = open(&options.folder, options.cache_mib);
    println!("{{\"open_after_stop_seconds\":{secs:.3},\"lines_applied\":{}}}", opened.applied);
    drop(engine);
    if !options.keep {
        std::fs::remove_dir_all(&options.folder).expect("the folder is ours");
    }
}
