//! What Customs refuses after it was granted, or after somebody recorded it as done.

use super::*;

#[test]
fn an_extension_that_customs_takes_back_ends_where_it_began() {
    let with = |more: &[&'static str]| {
        let first = ["type 23", "filed 2025-01-20 import=2025-01-20", "tib 2025-12-01 until=2026-01-20"];
        shown(&life(&[&first[..], more].concat()), "TIB_EXPORT")
    };
    let (none, one, two) =
        ("open 2026-01-20 2026-01-16", "open 2027-01-20 2027-01-19", "open 2028-01-20 2028-01-19");
    const ASKED: [&str; 2] = ["te 2025-12-10", "tx 2025-12-10"];
    for (what, more, wanted) in [
        ("granted", &ASKED[..], one),
        ("taken back", &[ASKED[0], ASKED[1], "tib-refused 2025-12-20"], none),
        ("taken back the same day", &[ASKED[0], ASKED[1], "tib-refused 2025-12-10"], none),
        (
            "asked again, and granted",
            &[ASKED[0], ASKED[1], "tib-refused 2025-12-20", "te 2026-01-05", "tx 2026-01-06"],
            one,
        ),
        ("sent twice", &[ASKED[0], ASKED[1], "te 2025-12-11", "tx 2025-12-11"], one),
        (
            "sent twice, taken back",
            &[ASKED[0], ASKED[1], "te 2025-12-11", "tx 2025-12-11", "tib-refused 2025-12-20"],
            none,
        ),
        ("a year later", &[ASKED[0], ASKED[1], "te 2026-12-11", "tx 2026-12-11"], two),
        (
            "the second taken back",
            &[ASKED[0], ASKED[1], "te 2026-12-11", "tx 2026-12-11", "tib-refused 2026-12-20"],
            one,
        ),
        (
            "confirmed, then another refused",
            &[
                ASKED[0],
                ASKED[1],
                "tib 2026-02-01 until=2027-01-20",
                "te 2026-03-01",
                "tib-refused 2026-03-02",
            ],
            one,
        ),
        ("refused before it was granted", &["te 2025-12-10", "tib-refused 2025-12-12"], none),
    ] {
        assert_eq!(with(more), wanted, "{what}");
    }
}

#[test]
fn a_correction_that_was_refused_has_to_go_again() {
    const FIRST: [&str; 4] =
        ["entered 2025-04-02", "filed 2025-04-04 entry_type=01", "ax 2025-04-04", RECORDED];
    const RECORDED: &str = "fact psc_filed psc_date=2025-06-10";
    const SENT: &str = "filed 2025-06-10 entry_type=01 psc=Y";
    for (what, more, is_open) in [
        ("recorded", &[][..], false),
        ("sent", &[SENT], false),
        ("refused", &[SENT, "ax 2025-06-10 what=refused"], true),
        (
            "refused, and nobody saw it sent",
            &["answer 2025-06-01 control=yes", "ax 2025-06-12 what=refused"],
            true,
        ),
        (
            "refused, sent again, accepted",
            &[SENT, "ax 2025-06-10 what=refused", "filed 2025-06-12 psc=Y", "ax 2025-06-12"],
            false,
        ),
        ("accepted", &[SENT, "ax 2025-06-10"], false),
        ("rejected by Customs", &[SENT, "ax 2025-06-10", "rejected 2025-06-20"], true),
        ("taken back by Customs", &[SENT, "ax 2025-06-10", "reverted 2025-06-20"], true),
        (
            "accepted, and another refused",
            &[SENT, "ax 2025-06-10", "filed 2025-08-10 psc=Y", "ax 2025-08-10 what=refused"],
            false,
        ),
    ] {
        let shown = shown(&life(&[&FIRST[..], more].concat()), "PSC_DUE");
        assert_eq!(shown.starts_with("open"), is_open, "{what}: {shown}");
    }
}
