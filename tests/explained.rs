//! What is shown of a clock is what it was computed from: the facts, fed to `due`, give its dates and its arithmetic again.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "this test sends no mail")]
mod desk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use desk::Desk;
use entrywatch::deadline::Triggers;
use entrywatch::serve::{Explained, explain_view};
use entrywatch::synthetic::{Plan, generate};

/// Entries that are invented.
const INVENTED: u64 = 400;

fn now() -> DateTime<Utc> {
    "2026-01-05T12:00:00Z".parse().expect("an instant")
}

/// The facts as somebody would type them.
fn typed(clock: &Explained) -> Vec<String> {
    let mut facts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for fact in &clock.facts {
        facts.entry(&fact.input).or_default().push(&fact.value);
    }
    facts.into_iter().map(|(input, values)| format!("{input}={}", values.join(","))).collect()
}

#[test]
fn the_facts_that_explain_shows_give_its_dates_again() {
    let mut desk = Desk::new(now());
    for file in generate(&Plan::new(5, INVENTED)) {
        desk.receive_as(&file.name, file.broker.as_str(), &file.bytes, false);
    }
    check(&desk, (1_000, 10));
}

#[test]
fn so_do_those_of_the_samples() {
    let mut desk = Desk::new(now());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for folder in ["demo", "abi/pass", "csv/pass", "x12/pass"] {
        let items = std::fs::read_dir(root.join(folder)).expect("samples").flatten();
        let mut paths: Vec<PathBuf> = items.map(|item| item.path()).filter(|path| path.is_file()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            desk.receive_as(&name, "acme", &std::fs::read(&path).expect("a sample"), false);
        }
    }
    check(&desk, (100, 0));
}

/// Every clock of every entry that is there: so many at least, and so many in which the type of the entry decides.
fn check(desk: &Desk, (clocks_min, by_type_min): (usize, usize)) {
    let pipeline = desk::pipeline();
    let table = &pipeline.deadlines;
    let (mut clocks, mut by_type) = (0, 0);
    for life in desk.store().lives(None, 1_000).expect("the store answers") {
        for clock in explain_view(&life, table, None, now().date_naive()).deadlines {
            let facts = typed(&clock);
            let told = format!("{} {} of {}: {facts:?}", life.number, clock.id, clock.due);
            let facts = Triggers::parse(&facts).unwrap_or_else(|error| panic!("{told}: {error}"));
            match table.compute(&clock.id, &facts) {
                Ok(again) => {
                    assert_eq!((again.due.to_string(), again.act_by), (clock.due, clock.act_by), "{told}");
                    assert_eq!(again.steps[..], clock.steps[..again.steps.len()], "{told}");
                }
                Err(error) => assert!(clock.missing.is_some() && error.is_missing(), "{told}: {error}"),
            }
            clocks += 1;
            by_type += usize::from(clock.facts.iter().any(|fact| fact.input == "entry_type"));
        }
    }
    assert!(clocks >= clocks_min && by_type >= by_type_min, "{clocks} clocks, {by_type} by their type");
}
