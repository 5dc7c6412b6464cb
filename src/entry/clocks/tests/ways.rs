//! The ways that are open: what stands in one, whoever told it.

use super::*;

/// State, until and why of a way: `blocked - the entry is flagged for it`.
fn way(events: &[&str], id: &str, on: &str) -> String {
    let entry = life(events);
    let ways = entry.pathways(&table(), &entry.deadlines(&table()), day(on));
    let Some(way) = ways.iter().find(|way| &*way.id == id) else { return "none".to_owned() };
    let until = way.until.map_or("-".to_owned(), |date| date.to_string());
    format!("{} {until} {}", way.state.as_str(), way.because).trim_end().to_owned()
}

const FLAGGED: &str = "fact recon_fta earliest_import_date=2025-08-20";

#[test]
fn a_flag_that_a_person_recorded_blocks_what_one_in_the_summary_does() {
    let imported = ["entered 2025-08-22", "liquidated 2026-07-10", "fact imported import_date=2025-08-20"];
    let flagged = [&imported[..], &[FLAGGED]].concat();
    let on = "2026-07-20";
    assert_eq!(way(&imported, "claim_1520d", on), "open 2026-08-20");
    assert_eq!(
        way(&flagged, "claim_1520d", on),
        "blocked - the entry is flagged for reconciliation of the agreement"
    );
    assert_eq!(way(&imported, "refund", on), "open 2026-09-28");
    assert_eq!(way(&flagged, "refund", on), "blocked 2026-09-28 the entry is flagged for reconciliation");
    let of_value = [&imported[..], &["fact recon_value earliest_summary_date=2025-09-02"]].concat();
    assert_eq!(way(&of_value, "claim_1520d", on), "open 2026-08-20");
    assert_eq!(way(&of_value, "refund", on), "blocked 2026-09-28 the entry is flagged for reconciliation");
    assert_eq!(shown(&life(&imported), "FTA_1520D"), "open 2026-08-20 2026-08-19");
    assert_eq!(shown(&life(&flagged), "FTA_1520D"), "closed 2026-08-20 2026-08-19");
    // The clock that a line of the summary starts is none where the flag is recorded.
    let filed = ["filed 2025-09-02 import=2025-08-20 origin=MX", FLAGGED];
    assert_eq!(shown(&life(&filed[..1]), "FTA_1520D"), "open 2026-08-20 2026-08-19");
    assert_eq!(shown(&life(&filed), "FTA_1520D"), "none");
}

#[test]
fn a_correction_that_a_person_recorded_waits_for_its_answer() {
    let accepted = ["release 2025-08-22", "filed 2025-08-28", "accepted 2025-08-29"];
    let psc = "fact psc_filed psc_date=2025-10-01";
    assert!(way(&accepted, "psc", "2025-10-02").starts_with("open "));
    let waits = [&accepted[..], &[psc]].concat();
    let waits = way(&waits, "psc", "2025-10-02");
    assert!(waits.ends_with("another correction is filed and CBP has not answered it"), "{waits}");
    let answered = [&accepted[..], &[psc, "accepted 2025-10-03"]].concat();
    assert!(way(&answered, "psc", "2025-10-04").starts_with("open "));
}
