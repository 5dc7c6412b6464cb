//! What answers and later messages of Customs make of the clocks: refused and accepted on one day, deleted, inactivated,
//! cancelled, taken back. The order in which the messages come changes nothing.

use super::*;
use crate::ident::BillOfLading;

const RELEASED: &str = "release 2025-04-02";
const ACCEPTED: &str = "ax 2025-04-03";
const OPEN: &str = "open 2025-04-16 2025-04-16";
const CLOSED: &str = "closed 2025-04-16 2025-04-16";

/// A life, a clock, and how it stands.
type Case = (&'static str, &'static [&'static str], &'static str, &'static str);

fn check(cases: &[Case]) {
    for (what, events, key, wanted) in cases {
        let entry = life(events);
        assert_eq!(shown(&entry, key), *wanted, "{what}");
        let notices: Vec<_> = (0_u8..).zip(*events).flat_map(|(at, event)| said(at, event)).collect();
        for turn in 0..notices.len() {
            let mut mixed = notices.clone();
            mixed.rotate_left(turn);
            mixed.extend(notices.iter().rev().cloned());
            assert_eq!(Entry::of(entry.number, &mixed), entry, "{what}, in another order");
        }
    }
}

#[test]
fn a_later_day_decides_over_a_refusal_and_an_acceptance_of_one_day_in_any_order() {
    const REFUSED: &str = "ax 2025-04-03 what=refused";
    check(&[
        ("both", &[RELEASED, REFUSED, ACCEPTED], "ES_DUE", OPEN),
        (
            "looked up",
            &[RELEASED, REFUSED, ACCEPTED, "fact filing_stands date=2025-04-03 what=summary"],
            "ES_DUE",
            CLOSED,
        ),
        (
            "looked up, and refused later",
            &[RELEASED, REFUSED, "fact filing_stands date=2025-04-03 what=summary", "rejected 2025-04-08"],
            "ES_DUE",
            OPEN,
        ),
        (
            "looked up before",
            &[RELEASED, REFUSED, "fact filing_stands date=2025-04-02 what=summary"],
            "ES_DUE",
            OPEN,
        ),
        (
            "another filing was looked up",
            &[RELEASED, REFUSED, "fact filing_stands date=2025-04-03 what=release"],
            "ES_DUE",
            OPEN,
        ),
        ("done", &[RELEASED, REFUSED, "fact done date=2025-04-03 deadline=ES_DUE"], "ES_DUE", CLOSED),
        ("answered that day", &[RELEASED, REFUSED, ACCEPTED, "answer 2025-04-03 state=1"], "ES_DUE", OPEN),
        ("answered later", &[RELEASED, REFUSED, ACCEPTED, "answer 2025-04-07 state=1"], "ES_DUE", CLOSED),
        ("on a statement later", &[RELEASED, REFUSED, ACCEPTED, "statement 2025-04-04"], "ES_DUE", CLOSED),
        ("refused and listed", &[RELEASED, REFUSED, "statement 2025-04-04"], "ES_DUE", CLOSED),
        ("on a statement that day", &[RELEASED, REFUSED, ACCEPTED, "statement 2025-04-03"], "ES_DUE", OPEN),
        (
            "CBP's own refusal, and a statement",
            &[RELEASED, ACCEPTED, "rejected 2025-04-08", "statement 2025-04-09 final=yes"],
            "ES_DUE",
            OPEN,
        ),
        (
            "CBP's own refusal, sent again that day",
            &[RELEASED, ACCEPTED, "rejected 2025-04-08", "ax 2025-04-08", "answer 2025-04-10 state=1"],
            "ES_REJECT_RESUBMIT",
            "closed 2025-04-10 2025-04-10",
        ),
    ]);
}

#[test]
fn a_release_decides_over_a_refused_filing_in_any_order() {
    const ARRIVED: &str = "arrived 2025-03-01";
    let (open, closed) = ("open 2025-03-16 2025-03-14", "closed 2025-03-16 2025-03-14");
    check(&[
        ("refused", &[ARRIVED, "on-file 2025-03-02", "sx-refused 2025-03-02"], "ENTRY_FILE", open),
        (
            "refused and looked up",
            &[ARRIVED, "sx-refused 2025-03-02", "fact filing_stands date=2025-03-03 what=release"],
            "ENTRY_FILE",
            closed,
        ),
        (
            "then released",
            &[ARRIVED, "on-file 2025-03-02", "sx-refused 2025-03-02", "release 2025-03-04"],
            "ENTRY_FILE",
            closed,
        ),
        (
            "then held",
            &[ARRIVED, "on-file 2025-03-02", "sx-refused 2025-03-02", "hold 2025-03-04"],
            "ENTRY_FILE",
            closed,
        ),
        (
            "a change is refused",
            &[ARRIVED, "release 2025-03-04", "sx-refused 2025-03-06"],
            "ENTRY_FILE",
            closed,
        ),
        (
            "cancelled before the release",
            &[ARRIVED, "on-file 2025-03-02", "cancelled 2025-03-04"],
            "ENTRY_FILE",
            open,
        ),
        (
            "cancelled behind it",
            &[ARRIVED, "release 2025-03-02", "cancelled 2025-03-04"],
            "ENTRY_FILE",
            closed,
        ),
        (
            "the movement goes on",
            &["in-bond 2025-03-01", "cancelled 2025-03-04"],
            "INBOND_TRANSIT@2025-03-01",
            "open 2025-03-31 2025-03-31",
        ),
    ]);
}

#[test]
fn a_summary_that_is_no_longer_on_file_is_owed_again_in_any_order() {
    check(&[
        ("inactivated", &[RELEASED, ACCEPTED, "inactivated 2025-04-08"], "ES_DUE", OPEN),
        (
            "inactive in an answer",
            &[RELEASED, ACCEPTED, "answer 2025-04-08 state=1 inactive=yes"],
            "ES_DUE",
            OPEN,
        ),
        (
            "inactive in an answer, and active in a later one",
            &[RELEASED, ACCEPTED, "answer 2025-04-08 state=1 inactive=yes", "answer 2025-04-09 state=1"],
            "ES_DUE",
            CLOSED,
        ),
        (
            "inactive, and the clocks of law run on",
            &[RELEASED, ENTERED, ACCEPTED, "answer 2025-06-08 state=1 inactive=yes"],
            "LIQ_DEEMED_1Y",
            "open 2026-06-02 -",
        ),
        (
            "inactivated, sent again",
            &[RELEASED, ACCEPTED, "inactivated 2025-04-08", "ax 2025-04-09"],
            "ES_DUE",
            CLOSED,
        ),
        (
            "inactivated, and a statement",
            &[RELEASED, ACCEPTED, "inactivated 2025-04-08", "statement 2025-04-09"],
            "ES_DUE",
            OPEN,
        ),
        ("deleted, in words", &[RELEASED, ACCEPTED, "ax 2025-04-08 what=deleted"], "ES_DUE", OPEN),
        (
            "deleted, by the filing",
            &[RELEASED, ACCEPTED, "filed 2025-04-08 delete=yes", "ax 2025-04-08 code=997"],
            "ES_DUE",
            OPEN,
        ),
        (
            "an answer to what was added",
            &[RELEASED, "filed 2025-04-08 delete=yes", "ax 2025-04-08 code=995"],
            "ES_DUE",
            CLOSED,
        ),
        (
            "deleted and added on one day, then answered",
            &[RELEASED, "ax 2025-04-08", "ax 2025-04-08 what=deleted", "answer 2025-04-09 state=1"],
            "ES_DUE",
            CLOSED,
        ),
    ]);
}

#[test]
fn a_refused_correction_leaves_the_accepted_version_in_any_order() {
    const REFUSED: &str = "ax 2025-08-08 what=refused";
    check(&[
        ("in trade control", &[RELEASED, ACCEPTED, REFUSED], "ES_DUE", OPEN),
        ("a correction", &[RELEASED, ACCEPTED, "filed 2025-08-08 psc=Y", REFUSED], "ES_DUE", CLOSED),
        ("paid", &[RELEASED, ACCEPTED, "statement 2025-04-16 final=yes", REFUSED], "ES_DUE", CLOSED),
        (
            "paid, says CBP",
            &[RELEASED, ACCEPTED, "answer 2025-05-01 collection=2", REFUSED],
            "ES_DUE",
            CLOSED,
        ),
        ("in CBP control", &[RELEASED, ACCEPTED, "answer 2025-05-01 control=2", REFUSED], "ES_DUE", CLOSED),
        (
            "refused by CBP",
            &[RELEASED, ACCEPTED, "filed 2025-08-08 psc=Y", "rejected 2025-08-20"],
            "ES_DUE",
            OPEN,
        ),
    ]);
}

#[test]
fn the_dates_of_a_release_that_was_taken_back_stay_in_any_order() {
    check(&[
        ("taken back", &[RELEASED, "reversed 2025-04-12"], "ES_DUE", OPEN),
        (
            "released anew",
            &[RELEASED, "reversed 2025-04-12", "release 2025-04-14"],
            "ES_DUE",
            "open 2025-04-28 2025-04-28",
        ),
        ("the year", &[RELEASED, "reversed 2025-04-12"], "LIQ_DEEMED_1Y", "open 2026-04-02 -"),
        ("no window", &[RELEASED, "reversed 2025-04-12"], "REDELIVERY_WINDOW", "none"),
    ]);
}

#[test]
fn the_earliest_date_of_entry_that_can_be_true_counts_in_any_order() {
    let first = "entered 2025-05-01 on=2025-04-02";
    for (what, events, wanted, doubtful) in [
        ("one", &[first][..], "2025-04-02", 0),
        ("told again", &[first, "entered 2025-06-01 on=2025-04-02"], "2025-04-02", 0),
        ("a later one", &[first, "entered 2025-06-01 on=2025-04-28"], "2025-04-02", 2),
        ("an earlier one", &[first, "entered 2025-06-01 on=2025-03-28"], "2025-03-28", 2),
        ("to come", &["entered 2025-12-01 on=2026-04-02", first], "2025-04-02", 2),
        ("nothing else", &["entered 2025-12-01 on=2026-04-02"], "2026-04-02", 0),
        ("a year early", &[RELEASED, first, "entered 2025-06-01 on=2024-04-02"], "2025-04-02", 2),
    ] {
        for events in [events.to_vec(), events.iter().rev().copied().collect()] {
            let entry = life(&events);
            assert_eq!(entry.entry_date().map(|dated| dated.date), Some(day(wanted)), "{what}");
            assert_eq!(entry.doubtful_entry_dates().len(), doubtful, "{what}");
        }
    }
}

#[test]
fn what_comes_late_leaves_a_liquidation_by_law_in_any_order() {
    let protest = "PROTEST_DUE@liquidation";
    let by_law = "ahead 2026-09-29 2026-09-28";
    check(&[
        ("nothing told", &[RELEASED], protest, by_law),
        ("suspended late", &[RELEASED, "suspended 2026-05-01"], protest, by_law),
        ("suspended late", &[RELEASED, "suspended 2026-05-01"], "LIQ_DEEMED_1Y", "open 2026-04-02 -"),
        ("extended late", &[RELEASED, "extended 2026-05-01"], protest, by_law),
        ("extended late", &[RELEASED, "extended 2026-05-01"], "LIQ_EXT_END", "none"),
        ("extended in time", &[RELEASED, "extended 2026-01-10"], "LIQ_DEEMED_1Y", "open 2027-04-02 -"),
        (
            "extended twice, without a count",
            &[RELEASED, "extended 2026-01-10", "extended 2027-01-12"],
            "LIQ_DEEMED_1Y",
            "open 2028-04-02 -",
        ),
        ("suspended in time", &[RELEASED, "suspended 2026-03-01"], "LIQ_DEEMED_1Y", "idle NONE -"),
    ]);
}

#[test]
fn an_answer_without_it_ends_a_suspension_in_any_order() {
    const SUSPENDED: &str = "suspended 2025-08-01";
    let until = "open 2027-04-12 -";
    check(&[
        (
            "still told",
            &[RELEASED, SUSPENDED, "answer 2026-10-12 state=1 suspended=yes"],
            "LIQ_SUSP_6M",
            "none",
        ),
        ("told no more", &[RELEASED, SUSPENDED, "answer 2026-10-12 state=1"], "LIQ_SUSP_6M", until),
        (
            "the first such answer counts",
            &[RELEASED, SUSPENDED, "answer 2026-10-12 state=1", "answer 2026-12-01 state=1"],
            "LIQ_SUSP_6M",
            until,
        ),
        (
            "it stands after all",
            &[RELEASED, SUSPENDED, "answer 2026-10-12 state=1", "answer 2026-12-01 state=1 suspended=yes"],
            "LIQ_SUSP_6M",
            "none",
        ),
        (
            "an earlier day is recorded",
            &[RELEASED, SUSPENDED, "answer 2026-10-12 state=1", "fact suspension_end notice_date=2026-08-31"],
            "LIQ_SUSP_6M",
            "open 2027-02-28 -",
        ),
        (
            "a person recorded it",
            &[RELEASED, "fact suspension date=2025-08-01", "answer 2026-10-12 state=1"],
            "LIQ_SUSP_6M",
            "none",
        ),
    ]);
}

#[test]
fn what_was_said_of_a_bill_before_is_no_answer_to_the_filing() {
    for (held_on, is_silent) in [("2025-03-28", true), ("2025-04-02", false)] {
        let filed = notice(0, Kind::ReleaseFiled, "2025-04-02", None, Effect::Filed, Fields::new());
        let mut hold = said(1, &format!("hold {held_on}")).remove(0);
        (hold.kind, hold.bill) = (Kind::BillStatus, BillOfLading::parse("XYZL1"));
        let entry = Entry::of(filed.entry.expect("an entry"), &[filed, hold]);
        let silences = entry.silences(&table(), &entry.deadlines(&table()));
        let is_missing = silences.iter().any(|silence| silence.code == "release-unanswered");
        assert_eq!(is_missing, is_silent, "held on {held_on}");
    }
}

#[test]
fn contradicting_answers_say_how_they_are_settled() {
    const REFUSED: &str = "ax 2025-04-03 what=refused";
    let remark = |events: &[&str], key: &str| {
        find(&life(events), key).map(|deadline| deadline.may_be_over.to_string()).unwrap_or_default()
    };
    let both = remark(&[RELEASED, REFUSED, ACCEPTED], "ES_DUE");
    assert!(both.contains("refused and accepted on 2025-04-03") && both.contains("what=summary"), "{both}");
    let filing = ["arrived 2025-03-01", "on-file 2025-03-02", "sx-refused 2025-03-02"];
    assert!(remark(&filing, "ENTRY_FILE").contains("what=release"));
    for (events, key) in [
        (&[RELEASED, REFUSED][..], "ES_DUE"),
        (&[RELEASED, REFUSED, ACCEPTED, "answer 2025-04-07 state=1"], "ES_DUE"),
        (&[RELEASED, REFUSED, ACCEPTED, "fact filing_stands date=2025-04-04 what=summary"], "ES_DUE"),
        (&["arrived 2025-03-01", "on-file 2025-03-01", "sx-refused 2025-03-02"], "ENTRY_FILE"),
    ] {
        assert_eq!(remark(events, key), "", "{events:?}");
    }
}
