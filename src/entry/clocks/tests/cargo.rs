//! Goods in bond: several movements of one entry, each by its number or bill.

use super::*;

#[test]
fn an_arrival_ends_its_own_movement() {
    const ONE: &str = "fact inbond authorized_date=2025-03-01 reference=V1111";
    const TWO: &str = "fact inbond authorized_date=2025-03-05 reference=V2222";
    const SAME_DAY: &str = "fact inbond authorized_date=2025-03-01 reference=V2222";
    const ARRIVED: &str = "fact inbond_arrived arrival_date=2025-03-10 reference=V1111";
    for (events, key, wanted) in [
        (&[ONE, TWO, ARRIVED][..], "INBOND_TRANSIT@V1111", "closed 2025-03-31 2025-03-31"),
        (&[ONE, TWO, ARRIVED], "INBOND_TRANSIT@V2222", "open 2025-04-04 2025-04-04"),
        (&[ONE, SAME_DAY, ARRIVED], "INBOND_TRANSIT@V1111", "closed 2025-03-31 2025-03-31"),
        (&[ONE, SAME_DAY, ARRIVED], "INBOND_TRANSIT@V2222", "open 2025-03-31 2025-03-31"),
        // One that names none may be that of any.
        (
            &[ONE, TWO, "fact inbond_arrived arrival_date=2025-03-10"],
            "INBOND_TRANSIT@V2222",
            "closed 2025-04-04 2025-04-04",
        ),
        (&[ONE, TWO, "in-bond-arrived 2025-03-10"], "INBOND_TRANSIT@V2222", "closed 2025-04-04 2025-04-04"),
        // Carriers name bills; a clock of theirs stands for all of its day.
        (
            &["in-bond 2025-03-01 bill=A", "in-bond 2025-03-05 bill=B", "in-bond-arrived 2025-03-10 bill=A"],
            "INBOND_TRANSIT@2025-03-05",
            "open 2025-04-04 2025-04-04",
        ),
        (
            &["in-bond 2025-03-01 bill=A", "in-bond 2025-03-01 bill=B", "in-bond-arrived 2025-03-10 bill=A"],
            "INBOND_TRANSIT@2025-03-01",
            "open 2025-03-31 2025-03-31",
        ),
        (
            &[
                "in-bond 2025-03-01 bill=A",
                "in-bond 2025-03-01 bill=B",
                "in-bond-arrived 2025-03-10 bill=A",
                "in-bond-arrived 2025-03-12 bill=B",
            ],
            "INBOND_TRANSIT@2025-03-01",
            "closed 2025-03-31 2025-03-31",
        ),
    ] {
        assert_eq!(shown(&life(events), key), wanted, "{key} after {events:?}");
    }
}

#[test]
fn of_several_arrivals_the_first_counts_of_goods_that_stayed() {
    const ARRIVED: &str = "fact inbond_arrived arrival_date=2025-03-10 reference=V1111";
    for (events, wanted) in [
        // Two shipments.
        (
            &[
                "fact inbond authorized_date=2025-03-01 reference=V1111",
                "fact inbond authorized_date=2025-03-05 reference=V2222",
                ARRIVED,
                "fact inbond_arrived arrival_date=2025-03-20 reference=V2222",
            ][..],
            "open 2025-03-25 2025-03-25",
        ),
        // Other numbers, though the second movement began later: nobody says that it is of the same goods.
        (
            &[
                ARRIVED,
                "fact inbond authorized_date=2025-03-12 reference=V2222",
                "fact inbond_arrived arrival_date=2025-03-20 reference=V2222",
            ],
            "open 2025-03-25 2025-03-25",
        ),
        // The same goods went on, and arrived there.
        (
            &[
                "in-bond-arrived 2025-03-10 bill=A",
                "in-bond 2025-03-12 bill=A",
                "in-bond-arrived 2025-03-20 bill=A",
            ],
            "open 2025-04-04 2025-04-04",
        ),
        (&["in-bond-arrived 2025-03-10 bill=A", "in-bond 2025-03-12 bill=A"], "open 2025-03-25 2025-03-25"),
        // Others stayed where they landed.
        (
            &["arrived 2025-03-01 bill=A", "in-bond 2025-03-01 bill=B", "in-bond-arrived 2025-03-10 bill=B"],
            "open 2025-03-16 2025-03-14",
        ),
        (
            &["arrived 2025-03-01 bill=A", "arrived 2025-03-03 bill=B", "in-bond 2025-03-01 bill=A"],
            "open 2025-03-18 2025-03-18",
        ),
        (&["arrived 2025-03-01 bill=A", "in-bond 2025-03-01 bill=A"], "closed 2025-03-16 2025-03-14"),
        (
            &["arrived 2025-03-01", "in-bond 2025-03-01", "in-bond-arrived 2025-03-10"],
            "open 2025-03-25 2025-03-25",
        ),
    ] {
        assert_eq!(shown(&life(events), "ENTRY_FILE"), wanted, "{events:?}");
    }
}
