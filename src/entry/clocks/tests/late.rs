//! What is told after the law had acted, or for a later day than before: it takes no earlier date away.

use super::*;
use crate::deadline::DeadlineTable;

const LIQUIDATED: [&str; 2] = ["entered 2025-08-22", "liquidated 2026-07-10"];
const FILED: &str = "fact protest_filed protest_filed=2026-07-20 reference=2704-26-100001";
const ASKED: &str = "fact accel_request request_mailed=2026-08-03 reference=2704-26-100001";
const SUMMONS: &str = "CIT_SUMMONS@2704-26-100001";

fn with(more: &[&[&'static str]]) -> Entry {
    life(&[&LIQUIDATED[..], &more.concat()].concat())
}

#[test]
fn a_denial_after_that_by_law_moves_nothing() {
    let asked = with(&[&[FILED, ASKED]]);
    let (summons, passes) = (shown(&asked, SUMMONS), shown(&asked, "PROTEST_ACCEL_DENIAL"));
    assert!(summons.starts_with("ahead 2027-03-01"), "{summons}");
    for late in [
        "fact protest_decided denial_date=2026-09-20 decision=denied reference=2704-26-100001",
        "protest 2026-09-22 status=DN decided=2026-09-20",
        "protest 2026-09-22 status=PD decided=2026-09-20",
        "protest 2026-09-22 status=AP decided=2026-09-20",
        "fact protest_decided denial_date=2026-09-20 decision=approved reference=2704-26-100001",
    ] {
        let entry = with(&[&[FILED, ASKED, late]]);
        assert_eq!(shown(&entry, SUMMONS), summons, "{late}");
        assert_eq!(shown(&entry, "PROTEST_ACCEL_DENIAL"), passes, "{late}");
        let all = entry.deadlines(&table());
        assert_eq!(all.iter().filter(|known| &*known.id == "CIT_SUMMONS").count(), 1, "{late}");
        let told = find(&entry, SUMMONS).expect("a summons");
        let is_kept = told.bases.iter().any(|told| told.date == day("2026-09-20"));
        assert!(is_kept || told.may_be_over.contains("2026-09-20"), "{late}");
    }
    let in_time = with(&[&[FILED, ASKED, "protest 2026-08-22 status=DN decided=2026-08-20"]]);
    assert_eq!(shown(&in_time, SUMMONS), "open 2027-02-16 2027-02-16");
    assert!(shown(&in_time, "PROTEST_ACCEL_DENIAL").starts_with("closed"));
    // Of several words the first decides, whoever told it.
    let told_again = [
        FILED,
        ASKED,
        "fact protest_decided denial_date=2026-08-20 decision=denied reference=2704-26-100001",
        "protest 2026-09-22 status=DN decided=2026-09-20",
    ];
    let again = with(&[&told_again]);
    assert_eq!(shown(&again, SUMMONS), "open 2027-02-16 2027-02-16");
}

#[test]
fn an_exclusion_after_that_by_law_moves_nothing() {
    const EXCLUDED: &str = "fact excl_protest protest_filed=2026-07-20 reference=P2";
    let by_law = shown(&with(&[&[EXCLUDED]]), "CIT_SUMMONS@P2");
    let late = "fact protest_decided denial_date=2026-09-20 decision=denied reference=P2";
    assert!(by_law.starts_with("ahead"), "{by_law}");
    assert_eq!(shown(&with(&[&[EXCLUDED, late]]), "CIT_SUMMONS@P2"), by_law);

    const PRESENTED: &str = "fact presented presented_date=2025-09-01";
    let by_law = shown(&life(&[PRESENTED]), "PROTEST_DUE@presented-2025-09-01");
    assert!(by_law.starts_with("ahead"), "{by_law}");
    for (on, wanted) in [("2025-10-20", by_law.as_str()), ("2025-09-20", "none")] {
        let told = format!("fact exclusion decision_date={on}");
        let entry = life(&[PRESENTED, &told]);
        assert_eq!(shown(&entry, "PROTEST_DUE@presented-2025-09-01"), wanted, "{on}");
        assert!(shown(&entry, &format!("PROTEST_DUE@{on}")).starts_with("open"), "{on}");
    }
}

#[test]
fn of_several_days_of_a_denial_the_first_counts() {
    const FIRST: &str = "open 2027-02-01 2027-01-29";
    const LETTER: &str = "fact protest_decided denial_date=2026-08-03 decision=denied reference=270426100001";
    for told in [
        &[
            "protest 2026-08-05 status=DN decided=2026-08-03",
            "protest 2026-09-05 status=DN decided=2026-08-20",
        ][..],
        &[
            "protest 2026-08-21 status=DN decided=2026-08-20",
            "protest 2026-09-05 status=DN decided=2026-08-03",
        ],
        &[
            "protest 2026-08-05 status=PD decided=2026-08-03",
            "protest 2026-11-05 status=DN decided=2026-11-01",
        ],
        &[LETTER, "protest 2026-09-05 status=DN decided=2026-08-20"],
    ] {
        let entry = with(&[told]);
        assert_eq!(shown(&entry, "CIT_SUMMONS@270426100001"), FIRST, "{told:?}");
        assert_eq!(shown(&entry, "PROTEST_VOID_90D@270426100001"), "open 2026-11-01 2026-10-30", "{told:?}");
        let summons = find(&entry, "CIT_SUMMONS").expect("a summons");
        assert_eq!(summons.bases.len(), 2, "{told:?}");
        assert_eq!(entry.doubtful_denials().len(), 1, "{told:?}");
    }
    for (told, wanted) in [
        // Told twice, and no other day.
        (
            &[
                "protest 2026-08-05 status=DN decided=2026-08-03",
                "protest 2026-09-05 status=DN decided=2026-08-03",
            ][..],
            FIRST,
        ),
        // Before it was filed it was not denied.
        (&[FILED, "protest 2026-08-05 status=DN decided=2026-08-03"], FIRST),
    ] {
        let entry = with(&[told]);
        assert_eq!(shown(&entry, "CIT_SUMMONS"), wanted, "{told:?}");
        assert!(entry.doubtful_denials().is_empty(), "{told:?}");
    }
    let misread = [
        FILED,
        "protest 2026-08-05 status=DN decided=2026-07-13",
        "protest 2026-09-05 status=DN decided=2026-08-03",
    ];
    assert_eq!(shown(&with(&[&misread]), "CIT_SUMMONS"), FIRST, "a day before the protest is misread");
}

#[test]
fn what_is_told_again_for_a_later_day_gives_no_more_time() {
    for (key, first, again, end) in [
        (
            "BILL_DUE@B1",
            "fact bill bill_date=2025-06-02 reference=B1",
            "fact bill bill_date=2025-06-20 reference=B1",
            "",
        ),
        ("BILL_DUE@B1", "bill 2025-06-03 dated=2025-06-02", "bill 2025-07-01 dated=2025-06-20", ""),
        (
            "CF28_RESPONSE@A",
            "fact form_28 issue_date=2025-06-02 reference=A",
            "fact form_28 issue_date=2025-06-20 reference=A",
            "fact form_28_answer date=2025-06-10 reference=A",
        ),
        (
            "DETAIN_RESPONSE@Z",
            "fact detention notice_date=2025-06-02 reference=Z",
            "fact detention notice_date=2025-06-20 reference=Z",
            "fact detention_reply date=2025-06-10 reference=Z",
        ),
        (
            "PROTEST_DUE@Z",
            "fact decision decision_date=2025-06-02 what=redelivery reference=Z",
            "fact decision decision_date=2025-06-20 what=redelivery reference=Z",
            "",
        ),
    ] {
        let once = shown(&life(&[first]), key);
        assert!(once.starts_with("open"), "{key} {once}");
        let twice = life(&[first, again]);
        assert_eq!(shown(&twice, key), once, "{first}");
        let bills = twice
            .customs_bills
            .values()
            .filter(|state| state.first.map(|first| first.date) != state.bill.date);
        assert!(!twice.doubtful_facts().is_empty() || bills.count() > 0, "{first}");
        // Once the first was answered, another one under its number is a new one.
        if !end.is_empty() {
            let later = life(&[first, end, again]);
            assert_eq!(shown(&later, key), shown(&life(&[again]), key), "{first}");
            assert!(later.doubtful_facts().is_empty(), "{first}");
        }
    }
}

#[test]
fn a_year_that_was_suspended_ends_six_months_after() {
    let table = DeadlineTable::embedded();
    for (ended, deemed) in [("2026-01-20", "2026-07-20"), ("2025-10-01", "2026-04-01")] {
        let end = format!("fact suspension_end notice_date={ended}");
        let entry = life(&["entered 2025-01-10", "type 03", "suspended 2025-02-05", &end]);
        let year = find(&entry, "LIQ_DEEMED_1Y").expect("a year");
        assert_eq!((year.state, year.due), (DeadlineState::Closed, Some(day("2026-01-10"))), "{ended}");
        let silences = entry.silences(table, &entry.deadlines(table));
        let over = silences.iter().find(|silence| silence.code == "year-over").expect("a silence");
        assert_eq!(over.since, day(deemed), "{ended}");
        assert!(shown(&entry, "PROTEST_DUE@liquidation").starts_with("ahead"), "{ended}");
    }
    let never = life(&["entered 2025-01-10", "type 03"]);
    assert_eq!(shown(&never, "LIQ_DEEMED_1Y"), "open 2026-01-10 -");
}

#[test]
fn the_clock_of_an_extension_ends_as_the_year_does_where_a_suspension_stopped_it() {
    let extended = ["entered 2025-04-02", "fact extension date=2026-01-08 ext_by=importer"];
    let stopped = ["suspended 2026-02-18", "lifted 2028-01-31"];
    let entry = life(&[&extended[..], &stopped].concat());
    for key in ["LIQ_DEEMED_1Y", "LIQ_EXT_END"] {
        let clock = find(&entry, key).expect("a clock");
        let (state, because) = clock.state_on(day("2028-02-21"));
        assert_eq!(state.as_str(), "closed", "{key}: {because}");
        assert!(because.contains("six months"), "{key}: {because}");
    }
    assert_eq!(shown(&entry, "LIQ_CAP_4Y"), "open 2029-04-02 -");
    assert!(shown(&life(&extended), "LIQ_EXT_END").starts_with("open 2027-04-02"));
}
