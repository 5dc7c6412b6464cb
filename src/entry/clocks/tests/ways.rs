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

#[test]
fn the_refund_programme_takes_what_is_not_liquidated() {
    let on = "2026-03-02";
    for (events, wanted) in [
        (&["entered 2025-08-22"][..], "open -"),
        (&["entered 2025-08-22", FLAGGED], "blocked - the entry is flagged for reconciliation"),
        (
            &["entered 2025-08-22", "fact drawback_claim date=2026-01-05"],
            "blocked - a drawback claim is recorded",
        ),
        (
            &["entered 2025-08-22", "fact protest_filed protest_filed=2026-01-05 reference=P1"],
            "blocked - a protest is open",
        ),
        (&["entered 2025-08-22", "suspended 2025-09-01"], "blocked - liquidation is suspended"),
        (
            &["entered 2025-08-22", "type 03"],
            "blocked - liquidation waits for antidumping or countervailing duties (19 USC 1504(d))",
        ),
        (&["entered 2025-08-22", "cancelled 2025-09-01"], "over - the entry is cancelled"),
        (
            &["entered 2025-08-22", "fact cape_filed date=2026-01-05"],
            "over - cape filed, recorded for 2026-01-05",
        ),
        // The law liquidated it, and no notice will tell.
        (&["entered 2025-02-01"], "open 2026-04-22"),
        (&["entered 2024-11-01"], "over - the last day was 2026-01-20"),
        (&["release 2026-02-02", "type 11"], "open 2026-04-23"),
    ] {
        assert_eq!(way(events, "refund", on), wanted, "{events:?}");
    }
    assert_eq!(way(&["entered 2026-08-22"], "refund", "2027-01-04"), "none", "the programme is over");
    // What was asked for before the liquidation is not asked for again.
    let asked = ["entered 2025-08-22", "fact cape_filed date=2026-01-05", "liquidated 2026-07-10"];
    assert!(shown(&life(&asked), "CAPE_80D").starts_with("closed "));
    assert_eq!(way(&asked, "refund", "2026-07-20"), "over - cape filed, recorded for 2026-01-05");
}
