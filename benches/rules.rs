//! Rules: deciding about a notice, rendering letters, and a backtest of a whole journal.
//!
//! `cargo bench --bench rules -- [--messages N] [--rounds N]`
//!
//! Prints JSON lines. `--messages` is the size of the journal that is played (0 leaves it out).

#[path = "../tests/support/desk.rs"]
#[expect(dead_code, reason = "this bench sends no mail")]
mod desk;
#[path = "../tests/support/two_engines.rs"]
mod two_engines;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use entrywatch::clock::Clock;
use entrywatch::config::{Config, vocabulary};
use entrywatch::daemon::assemble;
use entrywatch::email::{SampleSubject, letters_of_rule};
use entrywatch::entry::Entry;
use entrywatch::grammar::Grammar;
use entrywatch::journal::JournalReader;
use entrywatch::notice::Notice;
use entrywatch::rules::{NoticeContext, Playbook, Rules, sample};
use entrywatch::workbench::backtest::backtest;
use two_engines::{Course, Lived, count, side, sides, table_of};

/// Rules in the file under test; the last one takes every notice.
const RULES: usize = 200;

/// The gate for one notice.
const GATE_MICROS: f64 = 20.0;

/// Messages of one generated file; and how many an entry has at least, on average.
const MESSAGES_PER_FILE: usize = 500;
const MESSAGES_PER_ENTRY: u64 = 7;

/// Conditions as operators write them, none of which holds for the samples.
fn rule_file() -> String {
    let mut text = String::new();
    for index in 0..RULES - 1 {
        let when = match index % 8 {
            0 => format!(r#"effect = "any_hold", port = {{ prefix = "9{index:03}" }}"#),
            1 => format!(r#"importer = ["12-34567{index:02}", "98-76543{index:02}"], severity = "critical""#),
            2 => format!(r#"field = {{ remark = {{ glob = "*RUSH {index}*" }} }}"#),
            3 => format!(
                r#"any = [{{ agency = "FDA", bill = {{ prefix = "ZZ{index}" }} }}, {{ filer = "Z{index:02}" }}]"#
            ),
            4 => format!(r#"open_holds = {{ at_least = {} }}, status = ["held", "rejected"]"#, index + 2),
            5 => format!(r#"open_deadline = "PROTEST_DUE", importer = {{ regex = "^{index}-[0-9]+$" }}"#),
            6 => format!(r#"became = "released", order = {{ glob = "45{index}*" }}"#),
            _ => format!(
                r#"kind = "bill_status", hold_days = {{ above = {index} }}, not = {{ broker = "globex" }}"#
            ),
        };
        text.push_str(&format!(
            "[[rule]]\nname = \"r{index}\"\ntitle = \"Rule {index}\"\non = \"notice\"\nwhen = {{ {when} }}\nseverity = \"warning\"\n"
        ));
    }
    text.push_str("[[rule]]\nname = \"rest\"\ntitle = \"Rest\"\non = \"notice\"\nseverity = \"info\"\n");
    text
}

fn decide(rounds: usize) {
    let known = vocabulary(Some(&Grammar::embedded()));
    let text = rule_file();
    let start = Instant::now();
    let rules = Rules::parse(&[("bench.toml", &text)], &Playbook::embedded(), &["operations"], &known)
        .unwrap_or_else(|faults| panic!("{faults:#?}"));
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    assert_eq!(rules.iter().len(), RULES);
    let notices: Vec<Notice> = sample::notices(&Grammar::embedded().codes);
    let entries: Vec<Entry> = notices
        .iter()
        .map(|notice| Entry::of(notice.entry.expect("samples are about an entry"), [notice]))
        .collect();
    let now = "2026-03-02T09:30:00".parse().ok();
    let mut decided = 0_usize;
    let start = Instant::now();
    for _ in 0..rounds {
        for (notice, entry) in notices.iter().zip(&entries) {
            let ctx = NoticeContext {
                notice,
                before: None,
                after: Some(entry),
                broker: "acme",
                deadlines: &[],
                now,
            };
            decided += usize::from(black_box(rules.for_notice(black_box(&ctx))).is_some());
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / (rounds * notices.len()) as f64;
    assert_eq!(decided, rounds * notices.len(), "every notice is decided");
    println!(
        "{{\"rules\":{RULES},\"notices\":{},\"micros_per_notice\":{each:.3},\"gate_micros\":{GATE_MICROS},\
         \"load_ms\":{load_ms:.1}}}",
        rounds * notices.len()
    );
    // The gate is for optimised code.
    assert!(cfg!(debug_assertions) || each < GATE_MICROS, "{each} microseconds for one notice");
}

fn render(rounds: usize) {
    let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
    let renderer = assemble::renderer(&config).expect("the templates are sound");
    let letters = letters_of_rule(SampleSubject::Notice, "cbp-hold", "CBP hold", "Find who placed the hold.");
    let (mut count, mut bytes) = (0_u64, 0_u64);
    let start = Instant::now();
    for _ in 0..rounds {
        for (letter, alerts) in &letters {
            bytes += renderer.render(letter, alerts).expect("it renders").bytes().len() as u64;
            count += 1;
        }
    }
    let secs = start.elapsed().as_secs_f64();
    println!(
        "{{\"letters\":{count},\"letters_per_second\":{:.0},\"megabytes_per_second\":{:.1}}}",
        count as f64 / secs,
        bytes as f64 / 1e6 / secs
    );
}

/// A journal of at least so many messages, half a day between files, backtested; and the same by another way.
fn play(messages: u64) {
    let course = Course {
        entries: messages.div_ceil(MESSAGES_PER_ENTRY),
        messages_per_file: MESSAGES_PER_FILE,
        start: "2025-03-03T14:00:00Z".parse().expect("an instant"),
        file_every_hours: 5,
        rest_hours: 24 * 30,
    };
    let files = course.files();
    let (live, candidate) = sides();
    let start = Instant::now();
    let Lived { mut desk, messages: written } = course.live_through(&live, &files);
    let ours = side(&desk, &live);
    let mut engines_secs = start.elapsed().as_secs_f64();
    assert!(written >= messages, "only {written} messages");
    // What the engine holds is not the backtest's.
    desk.engine = None;
    let reader = JournalReader::open(desk.folder.path()).expect("the journal opens");
    let (since, until) = (course.start.date_naive(), desk.clock.now());
    let start = Instant::now();
    let result = backtest(&reader, &live, &candidate, since, until, &|_| {}).expect("the journal is played");
    let secs = start.elapsed().as_secs_f64();
    let peak_kib = peak_kib();
    let start = Instant::now();
    let tried = course.live_through(&candidate, &files);
    let theirs = side(&tried.desk, &candidate);
    assert!(table_of(&result) == count(&ours, &theirs, since).0, "the backtest and the engines differ");
    engines_secs += start.elapsed().as_secs_f64();
    println!(
        "{{\"journaled_messages\":{written},\"backtest_seconds\":{secs:.1},\"messages_per_second\":{:.0},\
         \"live\":{},\"candidate\":{},\"added\":{},\"removed\":{},\"changed\":{},\"peak_rss_kib\":{peak_kib},\
         \"two_engines_seconds\":{engines_secs:.1},\"is_equal\":true}}",
        written as f64 / secs,
        result.counts.live,
        result.counts.candidate,
        result.counts.added,
        result.counts.removed,
        result.counts.changed,
    );
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn main() {
    let (mut messages, mut rounds) = (0_u64, 100_usize);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match arg.as_str() {
            "--messages" => messages = number(),
            "--rounds" => rounds = number() as usize,
            _ => {}
        }
    }
    decide(rounds);
    render(rounds);
    if messages > 0 {
        play(messages);
    }
}
