//! The deadline engine beside two things that were made without it: the project's file of worked cases, where it is at
//! hand, and a slow reference that walks the calendar day by day.

use std::collections::BTreeSet;
use std::path::Path;

use entrywatch::deadline::{CAL_DAY, DeadlineTable, Triggers, dash};

/// Worked cases, with columns case, deadline, inputs, due, act_by, reason and confidence.
const CASES: &str = "../shared/spec/deadline-cases.tsv";

#[test]
fn every_worked_case_comes_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES);
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let table = DeadlineTable::embedded();
    let (mut rows, mut ids, mut failed) = (0, BTreeSet::new(), Vec::new());
    for row in text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let [case, id, inputs, due, act_by, ..] = row[..] else { panic!("a row of five columns or more") };
        let triggers = Triggers::parse(inputs.split(';')).expect(case);
        match table.compute(id, &triggers) {
            Ok(computed) => {
                if (computed.due.to_string(), dash::text(computed.act_by)) != (due.into(), act_by.into()) {
                    failed.push(format!(
                        "{case}: {} {}, not {due} {act_by}",
                        computed.due,
                        dash::text(computed.act_by)
                    ));
                }
                if id != CAL_DAY {
                    let dates = table.compute_dates(id, &triggers).expect(case);
                    assert_eq!((dates.due, dates.act_by), (computed.due, computed.act_by), "{case}");
                }
            }
            Err(error) => failed.push(format!("{case}: {error}")),
        }
        rows += 1;
        ids.insert(id.to_owned());
    }
    assert!(failed.is_empty(), "{} of {rows} cases failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(rows, 268);
    ids.remove(CAL_DAY);
    let defined = table.definitions().iter().map(|definition| definition.id.as_str().to_owned()).collect();
    assert_eq!(ids, defined);
    assert_eq!(ids.len(), 61);
}
