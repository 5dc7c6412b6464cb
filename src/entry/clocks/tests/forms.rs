//! Answers to forms and letters, which often have no numbers: which of several clocks they end.

use super::*;

/// `OPEN`, `CLOSED` or `may`: which clock stands how.
type Case<'c> = (&'c [&'c str], &'c [(&'c str, &'c str)]);

fn check(cases: &[Case<'_>]) {
    for (events, wanted) in cases {
        for turned in [false, true] {
            let mut events = events.to_vec();
            if turned {
                events.reverse();
            }
            let entry = life(&events);
            for (key, state) in *wanted {
                let clock = find(&entry, key).unwrap_or_else(|| panic!("{key} after {events:?}"));
                let found = match (clock.state, clock.may_be_over.is_empty()) {
                    (DeadlineState::Open, false) => "may",
                    (state, _) => state.as_str(),
                };
                assert_eq!(found, *state, "{key} after {events:?}");
            }
        }
    }
}

#[test]
fn an_answer_that_may_be_to_several_forms_ends_none() {
    const FIRST: &str = "fact form_28 issue_date=2025-06-02";
    const SECOND: &str = "fact form_28 issue_date=2025-06-20";
    const NUMBERED: &str = "fact form_28 issue_date=2025-06-20 reference=F-2";
    const ONE: &str = "CF28_RESPONSE@2025-06-02";
    const TWO: &str = "CF28_RESPONSE@2025-06-20";
    const BARE: &str = "fact form_28_answer date=2025-06-25";
    check(&[
        // The ordinary case: one form, and one answer, with or without numbers.
        (&[FIRST, BARE], &[(ONE, "closed")]),
        (&[FIRST, "fact form_28_answer date=2025-06-25 reference=X"], &[(ONE, "closed")]),
        (&[NUMBERED, BARE], &[("CF28_RESPONSE@F-2", "closed")]),
        (&[FIRST, SECOND, BARE], &[(ONE, "may"), (TWO, "may")]),
        (&[FIRST, NUMBERED, BARE], &[(ONE, "may"), ("CF28_RESPONSE@F-2", "may")]),
        // The first was answered when the second came.
        (&[FIRST, "fact form_28_answer date=2025-06-10", SECOND], &[(ONE, "closed"), (TWO, "open")]),
        (&[FIRST, "fact form_28_answer date=2025-06-10", SECOND, BARE], &[(ONE, "closed"), (TWO, "closed")]),
        // The date of the form, or its number, says which.
        (
            &[FIRST, SECOND, "fact form_28_answer date=2025-06-25 reference=2025-06-20"],
            &[(ONE, "open"), (TWO, "closed")],
        ),
        (
            &[FIRST, NUMBERED, "fact form_28_answer date=2025-06-25 reference=f2"],
            &[(ONE, "open"), ("CF28_RESPONSE@F-2", "closed")],
        ),
        // Recorded again with its number it is the same answer; another day is another one.
        (
            &[FIRST, SECOND, BARE, "fact form_28_answer date=2025-06-25 reference=2025-06-20"],
            &[(ONE, "open"), (TWO, "closed")],
        ),
        (
            &[FIRST, SECOND, "fact form_28_answer date=2025-06-24 reference=2025-06-20", BARE],
            &[(ONE, "closed"), (TWO, "closed")],
        ),
        // Whoever names the clocks means all of them.
        (
            &[FIRST, SECOND, "fact done date=2025-06-25 deadline=CF28_RESPONSE"],
            &[(ONE, "closed"), (TWO, "closed")],
        ),
        // The answer to another form.
        (&[FIRST, "fact form_29 mail_date=2025-06-20", BARE], &[(ONE, "closed")]),
    ]);
    let clock = find(&life(&[FIRST, SECOND, BARE]), ONE).expect("a clock");
    assert_eq!(
        &*clock.may_be_over,
        "form 28 answer, recorded for 2025-06-25, perhaps for this: record it again for that day with \
         reference=2025-06-02 or reference=2025-06-20 to say which"
    );
}

#[test]
fn a_petition_that_may_be_about_several_claims_ends_none() {
    const DAMAGES: &str = "fact damages mail_date=2025-06-02 reference=LD-1";
    const PENALTY: &str = "fact penalty mail_date=2025-06-03 reference=PEN-1";
    const LD: &str = "LD_PETITION@LD-1";
    const PEN: &str = "PENALTY_PETITION@PEN-1";
    check(&[
        (&[DAMAGES, "fact petition_filed date=2025-06-20"], &[(LD, "closed")]),
        (&[DAMAGES, PENALTY, "fact petition_filed date=2025-06-20"], &[(LD, "may"), (PEN, "may")]),
        (
            &[DAMAGES, PENALTY, "fact petition_filed date=2025-06-20 reference=PEN-1"],
            &[(LD, "open"), (PEN, "closed")],
        ),
        // One seizure has two clocks, and one claim ends both.
        (
            &["fact seizure mail_date=2025-06-02 cafra=yes", "fact seizure_claim date=2025-06-20"],
            &[("SEIZURE_PETITION@2025-06-02", "closed"), ("SEIZURE_CLAIM_CAFRA@2025-06-02", "closed")],
        ),
    ]);
}

#[test]
fn a_summons_that_may_be_about_several_denials_ends_none() {
    const ONE: &str = "protest 2025-05-20 number=270425100001 status=DN decided=2025-05-10";
    const TWO: &str = "protest 2025-05-21 number=270425100002 status=DN decided=2025-05-12";
    const SUMMONS: &str = "fact summons_filed date=2025-06-20";
    check(&[
        (&[ONE, SUMMONS], &[("CIT_SUMMONS@270425100001", "closed")]),
        (&[ONE, TWO, SUMMONS], &[("CIT_SUMMONS@270425100001", "may"), ("CIT_SUMMONS@270425100002", "may")]),
        (
            &[ONE, TWO, "fact summons_filed date=2025-06-20 reference=2704-25-100002"],
            &[("CIT_SUMMONS@270425100001", "open"), ("CIT_SUMMONS@270425100002", "closed")],
        ),
    ]);
}

/// The importer's protest is not the surety's.
#[test]
fn a_protest_of_the_importer_leaves_the_suretys_clock() {
    const DEMAND: &str = "fact surety_demand demand_mailed=2026-03-20";
    const OTHER: &str = "fact surety_demand demand_mailed=2026-03-27 reference=D-2";
    const CLOCK: &str = "PROTEST_SURETY@2026-03-20";
    check(&[
        (
            &[
                "liquidated 2026-02-13",
                DEMAND,
                "fact protest_filed protest_filed=2026-04-01 reference=270426100001",
            ],
            &[(CLOCK, "open"), ("PROTEST_DUE@liquidation", "closed")],
        ),
        (
            &["liquidated 2026-02-13", DEMAND, "fact surety_protest date=2026-04-01"],
            &[(CLOCK, "closed"), ("PROTEST_DUE@liquidation", "open")],
        ),
        (
            &[DEMAND, OTHER, "fact surety_protest date=2026-04-01 reference=D-2"],
            &[(CLOCK, "open"), ("PROTEST_SURETY@D-2", "closed")],
        ),
        (&[DEMAND, OTHER, "fact surety_protest date=2026-04-01"], &[(CLOCK, "may")]),
    ]);
}
