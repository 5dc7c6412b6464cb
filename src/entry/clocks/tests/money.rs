//! The summary and its money: what ends the clocks of both, and what a refusal leaves.

use super::*;

const RELEASED: &str = "release 2025-04-02";
const ACCEPTED: &str = "ax 2025-04-04";
const OPEN: &str = "open 2025-04-16 2025-04-16";
const CLOSED: &str = "closed 2025-04-16 2025-04-16";

/// What came after the release and the acceptance, and how the summary's clock stands.
#[test]
fn a_summary_is_done_when_it_is_accepted_and_its_money_is_on_a_statement_or_paid() {
    const DAILY: &str = "filed 2025-04-04 pay=2";
    const ALONE: &str = "filed 2025-04-04 pay=1";
    for (events, wanted) in [
        // Nobody speaks of the money, not even the summary.
        (&[][..], CLOSED),
        (&["filed 2025-04-04"], CLOSED),
        (&[DAILY], OPEN),
        (&["filed 2025-04-04 pay=7"], OPEN),
        (&[DAILY, "statement 2025-04-14"], CLOSED),
        (&[DAILY, "statement 2025-04-14", "off-statement 2025-04-15"], OPEN),
        (&[DAILY, "answer 2025-04-10 collection=6"], CLOSED),
        (&[DAILY, "answer 2025-04-10 collection=0"], OPEN),
        (&[DAILY, "fact done date=2025-04-15 deadline=ES_DUE"], CLOSED),
        (&[ALONE], OPEN),
        (&[ALONE, "answer 2025-04-10 collection=2"], CLOSED),
        // Nothing is owed.
        (&["filed 2025-04-04 pay=2 duty=0"], CLOSED),
        (&["filed 2025-04-04 pay=2 duty=0.01"], OPEN),
        // Warehouse and temporary importation deposit nothing.
        (&["type 21", DAILY], CLOSED),
        (&["type 23", DAILY, "answer 2025-04-10 collection=0"], CLOSED),
        (&["type 01", DAILY, "answer 2025-04-10 collection=0"], OPEN),
        (&[DAILY, "liquidated 2025-04-15"], CLOSED),
    ] {
        let entry = life(&[&[RELEASED, ACCEPTED], events].concat());
        assert_eq!(shown(&entry, "ES_DUE"), wanted, "{events:?}");
    }
    let why = |pay: &str| {
        let filed = format!("filed 2025-04-04 pay={pay}");
        let clock = find(&life(&[RELEASED, ACCEPTED, &filed]), "ES_DUE").expect("a clock");
        clock.may_be_over.to_string()
    };
    assert!(why("2").starts_with("the summary is accepted, but no statement lists it; "), "{}", why("2"));
    assert!(why("1").starts_with("the summary is accepted, but no message tells of the money; "));
    // What a person said of one that CBP refused since was said of that one.
    let done = "fact done date=2025-04-08 deadline=ES_DUE";
    assert_eq!(shown(&life(&[RELEASED, ACCEPTED, done, "rejected 2025-04-10"]), "ES_DUE"), OPEN);
}

#[test]
fn an_answer_that_all_is_paid_ends_the_clocks_of_its_statements() {
    let entered = [RELEASED, ACCEPTED];
    for (events, key, wanted) in [
        (&["statement 2025-04-10", "answer 2025-04-16 collection=2"][..], "DAILY_STMT_DUE@S1", CLOSED),
        (
            &["statement 2025-04-10", "answer 2025-04-16 collection=2 collected=2025-04-15"],
            "DAILY_STMT_DUE@S1",
            CLOSED,
        ),
        (&["statement 2025-04-10", "answer 2025-04-16 collection=6"], "DAILY_STMT_DUE@S1", OPEN),
        // It was paid before this statement asked for anything.
        (&["answer 2025-04-09 collection=2", "statement 2025-04-10"], "DAILY_STMT_DUE@S1", OPEN),
        (
            &["statement 2025-04-10", "answer 2025-04-16 collection=2 collected=2025-04-07"],
            "DAILY_STMT_DUE@S1",
            OPEN,
        ),
        (
            &["filed 2025-04-04 pay=7", "answer 2025-05-28 collection=2 collected=2025-05-21"],
            "PMS_DUE",
            "closed 2025-05-21 2025-05-21",
        ),
        (
            &["filed 2025-04-04 pay=7", "answer 2025-05-28 collection=2"],
            "PMS_PRELIM",
            "closed 2025-05-15 2025-05-15",
        ),
        (
            &["filed 2025-04-04 pay=7", "answer 2025-05-28 collection=0"],
            "PMS_DUE",
            "open 2025-05-21 2025-05-21",
        ),
    ] {
        let entry = life(&[&entered, events].concat());
        assert_eq!(shown(&entry, key), wanted, "{events:?}");
    }
    let paid = life(&[RELEASED, ACCEPTED, "statement 2025-04-10", "answer 2025-04-16 collection=2"]);
    let silences = paid.silences(&table(), &paid.deadlines(&table()));
    assert!(!silences.iter().any(|silence| silence.code == "not-final"), "{silences:?}");
}

/// The silence about a statement is said on the last day for the money, if it would be said later.
#[test]
fn a_statement_is_missed_while_there_is_time() {
    for (filed, wanted) in [
        ("filed 2025-04-04 pay=2", "2025-04-10"),
        ("filed 2025-04-04 pay=2 print=2025-04-14", "2025-04-16"),
        ("filed 2025-04-04 pay=2 print=2025-04-16", "2025-04-17"),
    ] {
        let entry = life(&[RELEASED, ACCEPTED, filed]);
        let silences = entry.silences(&table(), &entry.deadlines(&table()));
        let missed = silences.iter().find(|silence| silence.code == "on-no-statement").expect("a silence");
        assert_eq!(missed.day, day(wanted), "{filed}");
    }
}

#[test]
fn a_rejected_summary_with_remedy_duties_has_ten_days() {
    const TWO: &str = "open 2026-03-16 2026-03-16";
    const TEN: &str = "open 2026-03-26 2026-03-26";
    for (events, wanted) in [
        (&["filed 2026-03-02 hts=8501109999", "rejected 2026-03-12"][..], TWO),
        (&["filed 2026-03-02 hts=8501109999,9903.88.03", "rejected 2026-03-12"], TEN),
        (&["filed 2026-03-02 case=A570967000", "rejected 2026-03-12"], TEN),
        (&["rejected 2026-03-12 reason=011"], TEN),
        (&["type 03", "rejected 2026-03-12"], TEN),
        (&["type 01", "rejected 2026-03-12"], TWO),
        // What is sent after the refusal is not what was refused.
        (&["filed 2026-03-02", "rejected 2026-03-12", "filed 2026-03-13 hts=9903.88.03"], TWO),
    ] {
        assert_eq!(shown(&life(events), "ES_REJECT_RESUBMIT"), wanted, "{events:?}");
    }
}

#[test]
fn a_rejected_summary_has_no_expected_liquidation() {
    let filed = ["entered 2025-04-02", "ax 2025-04-04"];
    for (events, wanted) in [
        (&[][..], "open 2026-02-13 -"),
        (&["rejected 2025-05-12"], "idle OPEN -"),
        (&["rejected 2025-05-12", "ax 2025-05-14"], "open 2026-02-13 -"),
        (&["inactivated 2025-05-12"], "idle OPEN -"),
        // A transmission that is refused is none.
        (&["ax 2025-04-05 what=refused"], "open 2026-02-13 -"),
    ] {
        assert_eq!(shown(&life(&[&filed, events].concat()), "LIQ_SCHEDULED_EST"), wanted, "{events:?}");
    }
}

#[test]
fn the_time_for_redelivery_counts_from_the_end_of_a_conditional_release() {
    const HELD: &str = "hold 2025-04-01 agency=FDA code=F";
    for (events, wanted) in [
        (&[RELEASED][..], "open 2025-05-02 -"),
        (&[HELD, RELEASED], "idle OPEN -"),
        (&[HELD, RELEASED, "clear 2025-04-27 agency=FDA code=F"], "open 2025-05-27 -"),
        // Lifted before; placed while the time ran; placed long after.
        (&[HELD, "clear 2025-04-02 agency=FDA code=F", RELEASED], "open 2025-05-02 -"),
        (
            &[RELEASED, "hold 2025-04-20 agency=FDA code=F", "clear 2025-05-05 agency=FDA code=F"],
            "open 2025-06-04 -",
        ),
        (
            &[
                HELD,
                RELEASED,
                "clear 2025-04-27 agency=FDA code=F",
                "hold 2025-05-20 agency=EPA code=E",
                "clear 2025-06-02 agency=EPA code=E",
            ],
            "open 2025-07-02 -",
        ),
        (&[RELEASED, "hold 2025-06-20 agency=FDA code=F"], "open 2025-05-02 -"),
    ] {
        assert_eq!(shown(&life(events), "REDELIVERY_WINDOW"), wanted, "{events:?}");
    }
}

#[test]
fn what_is_flagged_for_reconciliation_claims_no_preference_by_itself() {
    const IMPORTED: &str = "fact imported import_date=2025-04-01";
    const CLOCK: &str = "FTA_1520D@2025-04-01";
    let flagged = "filed 2025-04-04 import=2025-04-01 recon_trade_agreement=Y";
    assert!(shown(&life(&["filed 2025-04-04", IMPORTED]), CLOCK).starts_with("open"));
    assert!(shown(&life(&[flagged, IMPORTED]), CLOCK).starts_with("closed"));
    assert!(shown(&life(&[flagged, IMPORTED]), "RECON_FTA").starts_with("open"));
    assert!(shown(&life(&[flagged, IMPORTED, "filed 2025-04-08"]), CLOCK).starts_with("open"));
}
