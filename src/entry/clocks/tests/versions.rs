//! Which version of the summary the clocks count from.

use super::*;
use crate::entry::{FilingState, SummaryState};

/// An accepted summary whose facts start clocks of many families.
const FIRST: [&str; 3] = [
    "release 2025-04-02",
    "filed 2025-04-04 entry_type=23 pay=7 import=2025-04-01 origin=KR recon_issue=001 document_1=01",
    "ax 2025-04-04",
];

/// Other facts throughout; each of them would move or end a clock.
const CORRECTION: &str =
    "filed 2025-06-10 psc=Y entry_type=03 pay=1 import=2025-05-01 origin=CN live_entry=Y";

fn clocks(entry: &Entry) -> Vec<(String, String, String)> {
    let deadlines = entry.deadlines(&table());
    let told =
        deadlines.iter().map(|known| (known.key(), shown(entry, &known.key()), known.because.to_string()));
    told.collect()
}

fn with(more: &[&'static str]) -> Entry {
    life(&[&FIRST[..], more].concat())
}

#[test]
fn what_customs_did_not_accept_changes_nothing() {
    let first = life(&FIRST);
    assert!(clocks(&first).len() > 8, "{:?}", clocks(&first));
    for more in [
        &[CORRECTION][..],
        &[CORRECTION, "ax 2025-06-10 what=refused"],
        &[CORRECTION, "ax 2025-06-11 what=refused code=B35"],
        // One answer may refuse in two of its records.
        &[CORRECTION, "ax 2025-06-10 what=refused code=B35", "ax 2025-06-10 what=refused code=999"],
        &[CORRECTION, "ax 2025-06-10", "reverted 2025-06-20"],
        &[CORRECTION, "ax 2025-06-10", "type 03", "reverted 2025-06-20"],
        &["filed 2025-04-05 delete=Y"],
        &["filed 2025-04-05 delete=Y", "ax 2025-04-05 what=refused"],
        &["filed 2025-04-05 pay=1 entry_type=01 import=2025-05-01"],
    ] {
        let entry = with(more);
        assert_eq!(clocks(&entry), clocks(&first), "{more:?}");
        assert_eq!(entry.entry_type, first.entry_type, "{more:?}");
        let stands = entry.filed_summary().map(|filing| (filing.notice, filing.state));
        assert_eq!(stands, first.filed_summary().map(|filing| (filing.notice, filing.state)), "{more:?}");
        assert_eq!(entry.summary.state, SummaryState::Accepted, "{more:?}");
    }
}

#[test]
fn the_last_version_that_customs_accepted_stands() {
    let kind = |events: &[&str]| {
        let entry = life(events);
        let stands = entry.filed_summary().and_then(|filing| filing.filed.payment_type);
        (stands.map_or("none".to_owned(), |kind| kind.to_string()), entry.summary.state)
    };
    use SummaryState::{Accepted, None, Rejected};
    for (events, wanted, state) in [
        // Before any acceptance the last that was sent is all that is known.
        (&["filed 2025-04-04 pay=2"][..], "2", None),
        (&["filed 2025-04-04 pay=2", "filed 2025-04-05 pay=3"], "3", None),
        (&["filed 2025-04-04 pay=2", "ax 2025-04-04 what=refused"], "2", Rejected),
        (&["filed 2025-04-04 pay=2", "ax 2025-04-04"], "2", Accepted),
        (&["filed 2025-04-04 pay=2", "ax 2025-04-04", "filed 2025-04-07 pay=3"], "2", Accepted),
        (
            &["filed 2025-04-04 pay=2", "ax 2025-04-04", "filed 2025-04-07 pay=3", "ax 2025-04-07"],
            "3",
            Accepted,
        ),
        // A replacement that is refused takes the earlier version with it, and says nothing of the goods.
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-04-07 pay=3",
                "ax 2025-04-07 what=refused",
            ],
            "2",
            Rejected,
        ),
        // Customs rejects what it had: of a correction the version before it counts.
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-06-07 pay=3 psc=Y",
                "ax 2025-06-07",
                "rejected 2025-06-20",
            ],
            "2",
            Rejected,
        ),
        // Deleted, none stands; what is sent then is all that is known.
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-04-07 delete=Y",
                "ax 2025-04-07 what=deleted",
            ],
            "none",
            None,
        ),
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-04-07 delete=Y",
                "ax 2025-04-07 what=deleted",
                "filed 2025-04-09 pay=3",
            ],
            "3",
            None,
        ),
        // The answer was lost, and a query answer names the moment of the acceptance.
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-06-07 pay=3 psc=Y",
                "answer 2025-06-12 state=1 accepted=2025-06-07T10:00:00",
            ],
            "3",
            Accepted,
        ),
        (
            &[
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "filed 2025-06-07 pay=3 psc=Y",
                "answer 2025-06-12 state=1 accepted=2025-04-04T10:00:00",
            ],
            "2",
            Accepted,
        ),
        // Of one day the summary was accepted before its correction could be refused.
        (
            &[
                "filed 2025-04-04 pay=3 psc=Y",
                "filed 2025-04-04 pay=2",
                "ax 2025-04-04",
                "ax 2025-04-04 what=refused",
            ],
            "2",
            Accepted,
        ),
    ] {
        assert_eq!(kind(events), (wanted.to_owned(), state), "{events:?}");
    }
}

#[test]
fn a_correction_waits_until_it_is_answered() {
    let waits = |more: &[&'static str]| with(more).unanswered_summary().is_some();
    assert!(waits(&[CORRECTION]));
    assert!(!waits(&[CORRECTION, "ax 2025-06-11 what=refused"]));
    assert!(!waits(&[CORRECTION, "ax 2025-06-11"]));
    let accepted = with(&[CORRECTION, "ax 2025-06-11"]);
    assert_eq!(accepted.filed_summary().map(|filing| filing.state), Some(FilingState::Accepted));
    assert_eq!(shown(&accepted, "PSC_DUE").split(' ').next(), Some("closed"));
}
