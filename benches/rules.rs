//! Rules: deciding about a notice, rendering letters, and a backtest of a whole journal.
//!
//! `cargo bench --bench rules -- [--messages N] [--rounds N]`
//!
//! Prints JSON lines. `--messages` is the size of the journal that is played (0 leaves it out).

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use entrywatch::clock::{Clock, TestClock};
use entrywatch::config::{Config, vocabulary};
use entrywatch::daemon::assemble;
use entrywatch::daemon::engine::{Engine, Incoming, Versions};
use entrywatch::email::{SampleSubject, letters_of_rule};
use entrywatch::entry::Entry;
use entrywatch::grammar::Grammar;
use entrywatch::ident::DropName;
use entrywatch::journal::{Journal, JournalReader};
use entrywatch::notice::Notice;
use entrywatch::pipeline::Pipeline;
use entrywatch::rules::{NoticeContext, Playbook, Rules, sample};
use entrywatch::store::memory::MemoryStore;
use entrywatch::synthetic::{GeneratedFile, Plan, generate};
use entrywatch::workbench::backtest::backtest;

/// Rules in the file under test; the last one takes every notice.
const RULES: usize = 200;

/// The gate for one notice.
const GATE_MICROS: f64 = 20.0;

/// Messages of one generated file, and files of one group.
const MESSAGES_PER_FILE: usize = 200;
const GROUP: usize = 16;

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
    let renderer = assemble::renderer(&config, None).expect("the templates are sound");
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

/// In front of the embedded rules: silences, loudens, another ladder.
const CANDIDATE: &str = r#"
[[rule]]
name = "no-exams"
title = "Exams are somebody else's"
on = "notice"
when = { effect = "exam" }
delivery = "none"
[[rule]]
name = "releases-now"
title = "Released"
on = "notice"
when = { became = "released" }
severity = "warning"
[[rule]]
name = "summary-early"
title = "Entry summary"
on = "deadline"
deadline = "ES_DUE"
remind = [9, 5, 1]
severity = "warning"
"#;

fn pipelines() -> (Arc<Pipeline>, Arc<Pipeline>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("candidate.toml");
    std::fs::write(&path, CANDIDATE).expect("a file");
    let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
    let live = assemble::pipeline(&config).expect("the example can be used");
    let rules = config.candidate_rules(&path).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let other = Pipeline {
        interpreter: live.interpreter.clone(),
        rules: Arc::new(rules),
        deadlines: live.deadlines.clone(),
        audience: live.audience.clone(),
        importer_number: live.importer_number,
        feeds: Vec::new(),
    };
    (Arc::new(live), Arc::new(other))
}

/// Writes a journal of about so many messages, half a day between groups, and answers its end.
fn journal(folder: &Path, pipeline: &Arc<Pipeline>, messages: u64) -> (u64, DateTime<Utc>) {
    let clock = Arc::new(TestClock::at("2025-03-03T14:00:00Z".parse().expect("an instant")));
    let versions = Versions { config: "bench".into(), grammar: "bench".into(), rules: "bench".into() };
    let (journal, _) = Journal::open(folder).expect("the journal opens");
    let seen: Arc<dyn Clock> = clock.clone();
    let (mut engine, _) =
        Engine::open(journal, Arc::new(MemoryStore::new()), pipeline.clone(), versions, seen)
            .expect("it opens");
    let mut plan = Plan::new(7, messages);
    plan.messages_per_file = MESSAGES_PER_FILE;
    let mut feed = generate(&plan);
    let mut written = 0;
    while written < messages {
        let files: Vec<GeneratedFile> = feed.by_ref().take(GROUP).collect();
        if files.is_empty() {
            break;
        }
        let mut contents: Vec<Cursor<&[u8]>> = files.iter().map(|file| Cursor::new(&*file.bytes)).collect();
        let mut incoming: Vec<Incoming<'_>> = files
            .iter()
            .zip(&mut contents)
            .map(|(file, content)| Incoming {
                drop: DropName::new("bench"),
                broker: file.broker.clone(),
                name: file.name.as_str().into(),
                size_bytes: file.bytes.len() as u64,
                incomplete: false,
                deliver: true,
                content,
            })
            .collect();
        let taken = engine.receive(&mut incoming).expect("the files are received");
        written += taken.iter().map(|taken| taken.received.messages).sum::<u64>();
        clock.advance(TimeDelta::hours(12));
    }
    clock.advance(TimeDelta::days(30));
    (written, clock.now())
}

fn play(messages: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (live, candidate) = pipelines();
    let (written, until) = journal(folder.path(), &live, messages);
    let reader = JournalReader::open(folder.path()).expect("the journal opens");
    let since = "2025-01-01".parse().expect("a date");
    let start = Instant::now();
    let result = backtest(&reader, &live, &candidate, since, until, &|_| {}).expect("the journal is played");
    let secs = start.elapsed().as_secs_f64();
    println!(
        "{{\"journaled_messages\":{written},\"backtest_seconds\":{secs:.1},\"messages_per_second\":{:.0},\
         \"live\":{},\"candidate\":{},\"added\":{},\"removed\":{},\"changed\":{},\"peak_rss_kib\":{}}}",
        written as f64 / secs,
        result.live,
        result.candidate,
        result.added,
        result.removed,
        result.changed,
        peak_kib()
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
