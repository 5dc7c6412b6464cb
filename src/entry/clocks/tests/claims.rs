//! Protests, petitions and requests about them: each by its number.

use super::*;

const LIQUIDATED: [&str; 2] = ["entered 2025-08-22", "liquidated 2026-07-10"];

/// Cases of what follows the liquidation, the clock, and how it stands.
fn after_liquidation(cases: &[(&[&str], &str, &str)]) {
    for (events, key, wanted) in cases {
        let entry = life(&[&LIQUIDATED, *events].concat());
        assert_eq!(shown(&entry, key), *wanted, "{key} after {events:?}");
    }
}

#[test]
fn a_petition_is_no_protest() {
    const CLAIMED: [&str; 2] = ["filed 2025-09-02 import=2025-08-20 origin=MX", "protest 2026-08-05 kind=3"];
    after_liquidation(&[
        (&["protest 2026-08-05 kind=1"], "PROTEST_DUE@liquidation", "closed 2027-01-06 2027-01-06"),
        (&["protest 2026-08-05 kind=2"], "PROTEST_DUE@liquidation", "open 2027-01-06 2027-01-06"),
        (&["protest 2026-08-05 kind=3"], "PROTEST_DUE@liquidation", "open 2027-01-06 2027-01-06"),
        (&["protest 2026-08-05 kind=4"], "PROTEST_DUE@liquidation", "open 2027-01-06 2027-01-06"),
        (&["protest 2026-08-05 kind=3"], "PROTEST_AMEND@liquidation", "none"),
        // The claim that it makes is made.
        (&CLAIMED[..1], "FTA_1520D", "open 2026-08-20 2026-08-19"),
        (&CLAIMED, "FTA_1520D", "closed 2026-08-20 2026-08-19"),
        (&[CLAIMED[0], "protest 2026-08-05 kind=3 status=WD"], "FTA_1520D", "open 2026-08-20 2026-08-19"),
        (&[CLAIMED[0], "protest 2026-08-05 kind=2"], "FTA_1520D", "open 2026-08-20 2026-08-19"),
        (
            &["fact imported import_date=2025-08-20", "protest 2026-08-05 kind=3"],
            "FTA_1520D@2025-08-20",
            "closed 2026-08-20 2026-08-19",
        ),
    ]);
}

#[test]
fn a_claim_that_was_refused_can_be_protested() {
    const DENIED: &str = "protest 2026-08-05 kind=3 status=DN decided=2026-08-03";
    after_liquidation(&[
        (&[DENIED], "PROTEST_DUE@270426100001", "open 2027-02-01 2027-01-29"),
        (&[DENIED], "PROTEST_DUE@liquidation", "open 2027-01-06 2027-01-06"),
        // Another answer of the same day, from before.
        (&[DENIED, "protest 2026-08-05 kind=3"], "PROTEST_DUE@270426100001", "open 2027-02-01 2027-01-29"),
        (&[DENIED], "CIT_SUMMONS", "none"),
        (&[DENIED], "PROTEST_VOID_90D", "none"),
        (
            &["protest 2026-08-05 kind=2 status=PD decided=2026-08-03"],
            "PROTEST_DUE@270426100001",
            "open 2027-02-01 2027-01-29",
        ),
        (&["protest 2026-08-05 kind=4 status=DN decided=2026-08-03"], "PROTEST_DUE@270426100001", "none"),
        (&["protest 2026-08-05 kind=3 status=AP decided=2026-08-03"], "PROTEST_DUE@270426100001", "none"),
        // Nobody knows its day, so nobody knows until when; it is listed all the same.
        (&["protest 2026-08-05 kind=3 status=DN"], "PROTEST_DUE@270426100001", "idle unknown -"),
        // Who recorded the refusal has its clock.
        (
            &["fact decision decision_date=2026-08-03 what=refused_claim", DENIED],
            "PROTEST_DUE@270426100001",
            "none",
        ),
        (
            &["fact decision decision_date=2026-08-03 what=refused_claim", DENIED],
            "PROTEST_DUE@2026-08-03",
            "open 2027-02-01 2027-01-29",
        ),
        // Which of the two it is against nobody says.
        (
            &[DENIED, "fact protest_filed protest_filed=2026-09-01 reference=P2"],
            "PROTEST_DUE@270426100001",
            "open 2027-02-01 2027-01-29",
        ),
        (
            &[DENIED, "fact protest_filed protest_filed=2026-09-01 reference=P2 against=2026-08-03"],
            "PROTEST_DUE@270426100001",
            "closed 2027-02-01 2027-01-29",
        ),
    ]);
}

#[test]
fn a_protest_that_came_to_nothing_leaves_the_time_for_another() {
    const OPEN: &str = "open 2027-01-06 2027-01-06";
    const CLOSED: &str = "closed 2027-01-06 2027-01-06";
    const FILED: &str = "fact protest_filed protest_filed=2026-07-20 reference=2704-26-100001";
    for (status, wanted) in [("OP", CLOSED), ("SP", CLOSED), ("WD", OPEN), ("NP", OPEN), ("UT", OPEN)] {
        let told = format!("protest 2026-08-05 status={status} decided=2026-08-01");
        after_liquidation(&[(&[&told], "PROTEST_DUE@liquidation", wanted)]);
        after_liquidation(&[(&[FILED, &told], "PROTEST_DUE@liquidation", wanted)]);
    }
    let decided = |decision: &str| {
        format!("fact protest_decided denial_date=2026-08-01 decision={decision} reference=2704-26-100001")
    };
    after_liquidation(&[
        (&[FILED, &decided("withdrawn")], "PROTEST_DUE@liquidation", OPEN),
        (&[FILED, &decided("denied")], "PROTEST_DUE@liquidation", CLOSED),
        (
            &[FILED, &decided("withdrawn"), "fact protest_filed protest_filed=2026-08-10 reference=P2"],
            "PROTEST_DUE@liquidation",
            CLOSED,
        ),
    ]);
}

#[test]
fn a_summons_on_file_ends_the_time_for_it() {
    const DENIED: &str = "protest 2026-08-05 status=DN decided=2026-08-03";
    const SUED: &str = "protest 2026-08-05 status=DN decided=2026-08-03 summons=yes";
    const RECORDED: &str =
        "fact protest_decided denial_date=2026-08-03 decision=denied reference=2704-26-100001";
    after_liquidation(&[
        (&[DENIED], "CIT_SUMMONS@270426100001", "open 2027-02-01 2027-01-29"),
        (&[SUED], "CIT_SUMMONS@270426100001", "closed 2027-02-01 2027-01-29"),
        (&[SUED], "PROTEST_VOID_90D@270426100001", "closed 2026-11-01 2026-10-30"),
        // One protest, however its number is written, keeps its first name.
        (&[RECORDED, SUED], "CIT_SUMMONS@2704-26-100001", "closed 2027-02-01 2027-01-29"),
        (&[RECORDED, SUED], "CIT_SUMMONS@270426100001", "none"),
        (
            &[
                "fact accel_request request_mailed=2026-08-01 reference=270426100001",
                "protest 2026-09-05 summons=yes",
            ],
            "CIT_SUMMONS@270426100001",
            "closed 2027-03-01 2027-02-26",
        ),
        (
            &[DENIED, "fact summons_filed date=2026-09-01 reference=2704-26-100001"],
            "CIT_SUMMONS@270426100001",
            "closed 2027-02-01 2027-01-29",
        ),
    ]);
}

#[test]
fn a_decision_is_about_its_own_protest() {
    const ONE: &str = "fact protest_filed protest_filed=2026-08-03 reference=2704-26-100001";
    const TWO: &str = "fact protest_filed protest_filed=2026-08-04 reference=2704-26-100002";
    const REQUEST: &str = "fact accel_request request_mailed=2026-09-01 reference=2704-26-100002";
    const UNNAMED: &str = "fact accel_request request_mailed=2026-09-01";
    const REVIEW: &str = "fact review_filed afr_filed=2026-09-01 reference=2704-26-100002";
    // As query answers write them.
    const FIRST: &str = "protest 2026-09-12 status=DN decided=2026-09-10";
    const SECOND: &str = "protest 2026-09-12 number=270426100002 status=DN decided=2026-09-10";
    const PENDING: &str = "protest 2026-09-12 number=270426100002";
    const RECORDED: &str =
        "fact protest_decided denial_date=2026-09-10 decision=denied reference=2704-26-100001";
    after_liquidation(&[
        (&[ONE, TWO, REQUEST, FIRST, PENDING], "PROTEST_ACCEL_DENIAL@2704-26-100002", "open 2026-10-01 -"),
        (&[ONE, TWO, REQUEST, FIRST, PENDING], "CIT_SUMMONS@2704-26-100002", "ahead 2027-03-30 2027-03-30"),
        (&[ONE, TWO, REQUEST, FIRST, PENDING], "PROTEST_CBP_2Y@2704-26-100002", "open 2028-08-04 -"),
        (&[ONE, TWO, REQUEST, FIRST, PENDING], "PROTEST_CBP_2Y@2704-26-100001", "closed 2028-08-03 -"),
        (&[ONE, TWO, REQUEST, RECORDED], "PROTEST_ACCEL_DENIAL@2704-26-100002", "open 2026-10-01 -"),
        (&[ONE, TWO, REQUEST, FIRST, SECOND], "PROTEST_ACCEL_DENIAL@2704-26-100002", "closed 2026-10-01 -"),
        (&[ONE, TWO, REVIEW, FIRST, PENDING], "AFR_DECISION_30D@2704-26-100002", "open 2026-10-01 -"),
        (&[ONE, TWO, REVIEW, RECORDED], "AFR_DECISION_30D@2704-26-100002", "open 2026-10-01 -"),
        (&[ONE, TWO, REVIEW, SECOND], "AFR_DECISION_30D@2704-26-100002", "closed 2026-10-01 -"),
        (
            &["fact excl_protest protest_filed=2026-09-01 reference=X1", FIRST],
            "EXCL_PROTEST_DENIAL@X1",
            "open 2026-10-01 -",
        ),
        // It may be about the one that is open.
        (&[ONE, TWO, UNNAMED, RECORDED], "PROTEST_ACCEL_DENIAL@2026-09-01", "open 2026-10-01 -"),
        (&[ONE, TWO, UNNAMED, FIRST], "PROTEST_ACCEL_DENIAL@2026-09-01", "open 2026-10-01 -"),
        (&[ONE, TWO, UNNAMED, FIRST, SECOND], "PROTEST_ACCEL_DENIAL@2026-09-01", "closed 2026-10-01 -"),
        (&[ONE, UNNAMED, RECORDED], "PROTEST_ACCEL_DENIAL@2026-09-01", "closed 2026-10-01 -"),
    ]);
}

#[test]
fn accelerated_disposition_is_asked_for_one_protest() {
    const AGAIN: &str = "reliquidated 2026-09-04";
    const ONE: &str = "fact protest_filed protest_filed=2026-08-03 reference=P1";
    const TWO: &str = "fact protest_filed protest_filed=2026-09-14 reference=P2";
    after_liquidation(&[
        (
            &[AGAIN, ONE, TWO, "fact accel_request request_mailed=2026-09-15 reference=P1"],
            "PROTEST_AMEND@reliquidation",
            "open 2027-03-03 2027-03-03",
        ),
        (
            &[AGAIN, ONE, TWO, "fact accel_request request_mailed=2026-09-15 reference=P2"],
            "PROTEST_AMEND@reliquidation",
            "idle BLOCKED -",
        ),
        (
            &[ONE, "fact accel_request request_mailed=2026-09-15"],
            "PROTEST_AMEND@liquidation",
            "idle BLOCKED -",
        ),
        // Asked for with the protest itself: thirty days from then.
        (
            &["fact protest_filed protest_filed=2026-08-03 reference=P1 accelerated=yes"],
            "PROTEST_ACCEL_DENIAL@P1",
            "open 2026-09-02 -",
        ),
        (
            &["fact protest_filed protest_filed=2026-08-03 reference=P1 accelerated=yes"],
            "CIT_SUMMONS@P1",
            "ahead 2027-03-01 2027-03-01",
        ),
        (
            &["fact protest_filed protest_filed=2026-08-03 reference=P1 accelerated=yes"],
            "PROTEST_AMEND@liquidation",
            "idle BLOCKED -",
        ),
        (
            &["fact protest_filed protest_filed=2026-08-03 reference=P1 accelerated=no"],
            "PROTEST_ACCEL_DENIAL@P1",
            "none",
        ),
        // The day on which the request was mailed is known better.
        (
            &[
                "fact protest_filed protest_filed=2026-08-03 reference=P1 accelerated=yes",
                "fact accel_request request_mailed=2026-08-10 reference=P1",
            ],
            "PROTEST_ACCEL_DENIAL@P1",
            "open 2026-09-09 -",
        ),
    ]);
}

#[test]
fn the_protest_of_an_exclusion_is_about_no_liquidation() {
    const FILED: &str = "fact excl_protest protest_filed=2026-08-10 reference=X1";
    const EXCLUDED: &str = "fact exclusion decision_date=2026-08-03";
    after_liquidation(&[
        (&[EXCLUDED, FILED], "PROTEST_DUE@liquidation", "open 2027-01-06 2027-01-06"),
        (&[EXCLUDED, FILED], "PROTEST_AMEND@liquidation", "none"),
        (&[EXCLUDED, FILED], "PROTEST_DUE@2026-08-03", "closed 2027-02-01 2027-01-29"),
        (
            &["fact decision decision_date=2026-08-03 what=exclusion", FILED],
            "PROTEST_DUE@2026-08-03",
            "closed 2027-02-01 2027-01-29",
        ),
        (
            &["fact decision decision_date=2026-08-03 what=charge", FILED],
            "PROTEST_DUE@2026-08-03",
            "open 2027-02-01 2027-01-29",
        ),
        // Deemed, thirty days after the goods were presented.
        (
            &["fact presented presented_date=2026-07-06", FILED],
            "PROTEST_DUE@presented-2026-07-06",
            "closed 2027-02-01 2027-02-01",
        ),
        (
            &["fact presented presented_date=2026-07-06", FILED],
            "PROTEST_DUE@liquidation",
            "open 2027-01-06 2027-01-06",
        ),
    ]);
}
