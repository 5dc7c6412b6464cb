//! Which of several dates starts a clock, and which types of entry have none.

use super::*;

#[test]
fn a_liquidation_by_law_stays_when_a_later_date_is_posted() {
    let told = |deadline: &EntryDeadline| -> Vec<String> {
        deadline.bases.iter().map(|told| format!("{} {}", told.basis.as_str(), told.date)).collect()
    };
    let entered = "entered 2025-05-29";
    let late = "liquidated 2026-11-20";
    let (deemed, courtesy) = ("deemed by law 2026-05-29", "courtesy notice 2026-11-20");
    for (events, counts, dates, bases) in [
        (&[entered, late][..], "2026-05-29", "open 2026-11-25 2026-11-24", &[deemed, courtesy][..]),
        // A liquidation by the anniversary leaves nothing to the law.
        (&[entered, "liquidated 2026-05-29"], "2026-05-29", "open 2026-11-25 2026-11-25", &[]),
        (&[entered, "liquidated 2026-05-29", late], "2026-11-20", "open 2027-05-19 2027-05-19", &[]),
        // The bulletin decides, and the rest is kept.
        (
            &[entered, late, "fact bulletin liquidation_date=2026-11-20"],
            "2026-11-20",
            "open 2027-05-19 2027-05-19",
            &["recorded by hand 2026-11-20", courtesy, deemed],
        ),
        // With the time to protest over before the date that was posted, the posted one counts.
        (
            &[entered, "liquidated 2026-12-11"],
            "2026-12-11",
            "open 2027-06-09 2027-06-09",
            &["courtesy notice 2026-12-11", deemed],
        ),
        // Extended: the law waits another year.
        (&[entered, "extended 2026-01-05 times=1", late], "2026-11-20", "open 2027-05-19 2027-05-19", &[]),
        (
            &[entered, "extended 2026-01-05 times=1", "liquidated 2027-07-02"],
            "2027-05-29",
            "open 2027-11-26 2027-11-24",
            &["deemed by law 2027-05-29", "courtesy notice 2027-07-02"],
        ),
        // Suspended: no year, and six months from the end of it.
        (&[entered, "suspended 2025-08-01", late], "2026-11-20", "open 2027-05-19 2027-05-19", &[]),
        (
            &[entered, "suspended 2025-08-01", "lifted 2026-02-10", late],
            "2026-08-10",
            "open 2027-02-08 2027-02-05",
            &["deemed by law 2026-08-10", courtesy],
        ),
        // Too late to stop the law.
        (
            &[entered, "suspended 2026-08-01", late],
            "2026-05-29",
            "open 2026-11-25 2026-11-24",
            &[deemed, courtesy],
        ),
        // Of these nothing is liquidated by law.
        (&["type 23", entered, late], "2026-11-20", "open 2027-05-19 2027-05-19", &[]),
    ] {
        let entry = life(events);
        let key = format!("PROTEST_DUE@{counts}");
        assert_eq!(shown(&entry, &key), dates, "{events:?}");
        let deadline = find(&entry, &key).expect("a clock");
        assert_eq!(told(&deadline), bases, "{events:?}");
        assert!(!deadline.is_by_law());
    }
    // One protest, not two; it ends with a protest that was filed since.
    let protests = |entry: &Entry| {
        entry.deadlines(&table()).into_iter().filter(|clock| *clock.id == *id::PROTEST_DUE).count()
    };
    assert_eq!(protests(&life(&[entered, late])), 1);
    for (filed, state) in [("2026-05-28", "open"), ("2026-06-10", "closed")] {
        let filed = format!("fact protest_filed protest_filed={filed} reference=P1");
        assert!(
            shown(&life(&[entered, late, &filed]), "PROTEST_DUE@2026-05-29").starts_with(state),
            "{filed}"
        );
    }
}

#[test]
fn a_protest_ends_the_clock_of_what_it_was_filed_against() {
    let liquidated = ["entered 2025-08-22", "liquidated 2026-07-10", "reliquidated 2026-11-13"];
    let with = |events: &[&str]| life(&[&liquidated, events].concat());
    let filed = "fact protest_filed protest_filed=2026-10-05 reference=P1";
    let denied = "fact protest_decided denial_date=2026-11-20 decision=denied reference=P1";
    let again = "fact protest_filed protest_filed=2026-11-20 reference=P9";
    for (events, key, wanted) in [
        // Filed before CBP reliquidated, and decided behind it.
        (&[filed, denied][..], "PROTEST_DUE@liquidation", "closed 2027-01-06 2027-01-06"),
        (&[filed, denied], "PROTEST_DUE@reliquidation", "open 2027-05-12 2027-05-12"),
        (&[filed, denied], "PROTEST_AMEND@reliquidation", "none"),
        // Nobody says what it was filed against.
        (
            &["protest 2026-11-20 status=DN decided=2026-11-20"],
            "PROTEST_DUE@liquidation",
            "open 2027-01-06 2027-01-06",
        ),
        (
            &["protest 2026-11-20 status=DN decided=2026-11-20"],
            "PROTEST_DUE@reliquidation",
            "open 2027-05-12 2027-05-12",
        ),
        // A second protest is not decided with the first.
        (&[filed, denied, again], "PROTEST_DUE@reliquidation", "closed 2027-05-12 2027-05-12"),
        (&[filed, denied, again], "PROTEST_AMEND@reliquidation", "open 2027-05-12 2027-05-12"),
        (
            &[
                filed,
                denied,
                again,
                "fact protest_decided denial_date=2027-01-20 decision=denied reference=P9",
            ],
            "PROTEST_AMEND@reliquidation",
            "closed 2027-05-12 2027-05-12",
        ),
    ] {
        assert_eq!(shown(&with(events), key), wanted, "{events:?}");
    }
}

/// A protest that may be against several decisions ends the clock of none, and says so; one that names the date does.
#[test]
fn a_protest_that_does_not_say_what_it_is_against_ends_nothing_for_sure() {
    const ORIGINAL: &str = "PROTEST_DUE@liquidation";
    const AGAIN: &str = "PROTEST_DUE@reliquidation";
    let liquidated = ["entered 2025-08-22", "liquidated 2026-07-10", "reliquidated 2026-11-13"];
    let bare = "fact protest_filed protest_filed=2026-11-20 reference=2704-26-100001";
    let told = |more: &str| format!("{bare} {more}");
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);
    let cases: [Case<'_>; 11] = [
        (&[bare], &[(ORIGINAL, "may"), (AGAIN, "may")]),
        (&[&told("against=2026-07-10")], &[(ORIGINAL, "closed"), (AGAIN, "open")]),
        (&[&told("against=2026-11-13")], &[(ORIGINAL, "open"), (AGAIN, "closed")]),
        // The bulletin's date differs by days from the one that the protest names.
        (&[&told("against=2026-11-06")], &[(ORIGINAL, "open"), (AGAIN, "closed")]),
        // It names one that nobody told.
        (&[&told("against=2026-09-11")], &[(ORIGINAL, "may"), (AGAIN, "may")]),
        // Recorded again it says so, and messages that have its number do not unsay it.
        (&[bare, &told("against=2026-11-13")], &[(ORIGINAL, "open"), (AGAIN, "closed")]),
        (&[&told("against=2026-11-13"), "protest 2026-12-01"], &[(ORIGINAL, "open"), (AGAIN, "closed")]),
        (&["protest 2026-12-01"], &[(ORIGINAL, "may"), (AGAIN, "may")]),
        // Known before CBP reliquidated, and told again behind it.
        (
            &["protest 2026-10-05", "protest 2026-12-01 status=DN decided=2026-11-27"],
            &[(ORIGINAL, "closed"), (AGAIN, "open")],
        ),
        // Too late for the first.
        (
            &["fact protest_filed protest_filed=2027-02-01 reference=P2"],
            &[(ORIGINAL, "open"), (AGAIN, "closed")],
        ),
        // The protest of an exclusion is against no liquidation.
        (
            &["fact excl_protest protest_filed=2026-11-20 reference=P3"],
            &[(ORIGINAL, "open"), (AGAIN, "open")],
        ),
    ];
    for (events, wanted) in cases {
        let entry = life(&[&liquidated, events].concat());
        for (key, state) in wanted {
            let clock = find(&entry, key).expect("a clock");
            let found = match (clock.state, clock.may_be_over.is_empty()) {
                (DeadlineState::Open, false) => "may",
                (state, true) => state.as_str(),
                (state, false) => panic!("{key} is {state:?} after {events:?}"),
            };
            assert_eq!(found, *state, "{key} after {events:?}");
        }
    }
    let entry = life(&[&liquidated[..], &[bare]].concat());
    let clock = find(&entry, ORIGINAL).expect("a clock");
    let (state, why) = clock.state_on(day("2026-12-01"));
    assert_eq!(
        (state.as_str(), why.as_str()),
        (
            "open",
            "protest 2704-26-100001 was filed on 2026-11-20, perhaps against this: record it with `against` to say which"
        )
    );
    // It may be amended, whichever it is against.
    assert_eq!(shown(&entry, "PROTEST_AMEND@liquidation"), "open 2027-01-06 2027-01-06");
    assert_eq!(shown(&entry, "PROTEST_AMEND@reliquidation"), "open 2027-05-12 2027-05-12");
}

/// A demand beside a liquidation that happened by law, of which nobody told.
#[test]
fn a_protest_may_be_against_what_the_law_decided() {
    let demand = ["entered 2025-08-22", "fact form_4647 notice_date=2026-08-03 demand=redeliver"];
    for (more, by_law, demanded) in [
        ("fact protest_filed protest_filed=2026-09-01 reference=P1", true, true),
        ("fact protest_filed protest_filed=2026-09-01 reference=P1 against=2026-08-22", false, true),
        ("fact protest_filed protest_filed=2026-08-10 reference=P1", true, false),
    ] {
        let entry = life(&[&demand[..], &[more]].concat());
        let runs = |key: &str| find(&entry, key).expect("a clock").may_run();
        assert_eq!(runs("PROTEST_DUE@liquidation"), by_law, "{more}");
        assert_eq!(runs("PROTEST_DUE@2026-08-03"), demanded, "{more}");
    }
}

#[test]
fn a_liquidation_before_the_entry_starts_nothing() {
    let bulletin = "fact bulletin liquidation_date=2025-01-09";
    for (events, key, wanted) in [
        // The day set by law stands.
        (&["entered 2025-08-22"][..], "PROTEST_DUE@liquidation", "ahead 2027-02-18 2027-02-17"),
        (
            &["entered 2025-08-22", "liquidated 2025-07-10"],
            "PROTEST_DUE@liquidation",
            "open 2027-02-18 2027-02-17",
        ),
        (&["entered 2025-08-22", bulletin], "PROTEST_DUE@liquidation", "open 2027-02-18 2027-02-17"),
        (&["entered 2025-08-22", bulletin], "RELIQ_90D", "none"),
        // Of several none can be true either, and what CBP does later has its own clock.
        (
            &["entered 2025-08-22", "liquidated 2025-07-10", "liquidated 2025-01-10", bulletin],
            "PROTEST_DUE@liquidation",
            "open 2027-02-18 2027-02-17",
        ),
        (
            &["entered 2025-08-22", "liquidated 2025-07-10", "reliquidated 2026-11-13"],
            "PROTEST_DUE@liquidation",
            "open 2027-02-18 2027-02-17",
        ),
        (
            &["entered 2025-08-22", "liquidated 2025-07-10", "reliquidated 2026-11-13"],
            "PROTEST_DUE@reliquidation",
            "open 2027-05-12 2027-05-12",
        ),
        // Where the law sets no day, nothing better than what was told is known.
        (
            &["entered 2025-08-22", "suspended 2025-09-01", "liquidated 2025-07-10"],
            "PROTEST_DUE@liquidation",
            "open 2026-01-06 2026-01-06",
        ),
        // Beside one that can be true it is only told.
        (
            &["entered 2025-08-22", "liquidated 2026-07-10", bulletin],
            "PROTEST_DUE@liquidation",
            "open 2027-01-06 2027-01-06",
        ),
        (&["entered 2025-08-22", "liquidated 2026-07-10", bulletin], "PROTEST_DUE@liquidation-2", "none"),
        (&["entered 2025-08-22", "liquidated 2026-07-10", bulletin], "RELIQ_90D", "open 2026-10-08 -"),
    ] {
        let entry = life(events);
        assert_eq!(shown(&entry, key), wanted, "{events:?}");
        let misread: Vec<String> =
            entry.misread_liquidations().iter().map(|told| told.date.to_string()).collect();
        let early = |event: &&&str| event.contains("liquidat") && (event.contains("2025-0"));
        assert_eq!(misread.len(), events.iter().filter(early).count(), "{events:?}: {misread:?}");
    }
}

#[test]
fn of_several_dates_that_start_one_clock_the_earliest_counts() {
    for (events, key, wanted) in [
        (
            &[
                "fact recon_value earliest_summary_date=2025-03-03",
                "fact recon_value earliest_summary_date=2025-04-03",
            ][..],
            "RECON_VALUE",
            "open 2026-12-03 2026-12-02",
        ),
        (
            &[
                "fact recon_fta earliest_import_date=2025-02-28",
                "fact recon_fta earliest_import_date=2025-03-28",
            ],
            "RECON_FTA",
            "open 2026-02-28 2026-02-27",
        ),
        // A later version declares again what the first declared.
        (
            &["filed 2025-03-03 recon_issue=001", "filed 2025-11-10 psc=Y recon_issue=001"],
            "RECON_VALUE",
            "open 2026-12-03 2026-12-02",
        ),
        (&["filed 2025-03-03 recon_issue=001", "filed 2025-11-10 psc=Y"], "RECON_VALUE", "none"),
        (
            &["filed 2025-03-03 document_1=10", "filed 2025-05-10 document_1=10"],
            "MISSING_DOC",
            "open 2025-07-01 2025-07-01",
        ),
        // A document that was given, and another one since.
        (
            &["filed 2025-02-03 document_1=10", "filed 2025-02-10", "filed 2025-03-03 document_1=13"],
            "MISSING_DOC",
            "open 2025-07-01 2025-07-01",
        ),
        (
            &["filed 2025-03-01 ad=10", "filed 2025-06-13 psc=Y ad=20", "filed 2025-06-16 psc=Y ad=30"],
            "PSC_ADCVD_PAY",
            "open 2025-06-18 2025-06-18",
        ),
        (
            &[
                "filed 2025-03-01 ad=10",
                "filed 2025-06-13 psc=Y ad=20",
                "fact psc_paid date=2025-06-14",
                "filed 2025-06-16 psc=Y ad=30",
            ],
            "PSC_ADCVD_PAY",
            "open 2025-06-20 2025-06-20",
        ),
        (
            &[ENTERED, "suspended 2025-08-01", "lifted 2026-08-31", "lifted 2026-10-15"],
            "LIQ_SUSP_6M",
            "open 2027-02-28 -",
        ),
        // The end of an earlier suspension is another matter.
        (
            &[
                ENTERED,
                "suspended 2025-08-01",
                "lifted 2025-12-01",
                "suspended 2026-01-05",
                "lifted 2026-08-31",
            ],
            "LIQ_SUSP_6M",
            "open 2027-02-28 -",
        ),
    ] {
        assert_eq!(shown(&life(events), key), wanted, "{events:?}");
    }
}

#[test]
fn a_correction_that_was_reverted_leaves_the_time_for_another() {
    const FILED: [&str; 3] = ["entered 2025-04-02", "filed 2025-04-03 ad=10", "accepted 2025-04-03"];
    const CORRECTED: [&str; 2] = ["filed 2025-08-10 psc=Y ad=20 recon_issue=001", "accepted 2025-08-11"];
    const RECORDED: &str = "fact psc_filed psc_date=2025-08-10";
    let with = |events: &[&str]| life(&[&FILED, events].concat());
    for (events, key, wanted) in [
        (&CORRECTED[..], "PSC_DUE", "closed 2026-01-27 2026-01-27"),
        (&[CORRECTED[0], CORRECTED[1], "reverted 2025-08-20"], "PSC_DUE", "open 2026-01-27 2026-01-27"),
        // The version before it stands, with what it says.
        (&CORRECTED, "RECON_VALUE", "open 2027-05-10 2027-05-07"),
        (&[CORRECTED[0], CORRECTED[1], "reverted 2025-08-20"], "RECON_VALUE", "none"),
        (&[CORRECTED[0], CORRECTED[1], "reverted 2025-08-20"], "PSC_ADCVD_PAY", "none"),
        // Another one is sent.
        (
            &[
                CORRECTED[0],
                CORRECTED[1],
                "reverted 2025-08-20",
                "filed 2025-09-01 psc=Y",
                "accepted 2025-09-02",
            ],
            "PSC_DUE",
            "closed 2026-01-27 2026-01-27",
        ),
        (&[RECORDED], "PSC_DUE", "closed 2026-01-27 2026-01-27"),
        (&[RECORDED, "reverted 2025-08-20"], "PSC_DUE", "open 2026-01-27 2026-01-27"),
        (
            &[RECORDED, "reverted 2025-08-20", "fact psc_filed psc_date=2025-09-01"],
            "PSC_DUE",
            "closed 2026-01-27 2026-01-27",
        ),
    ] {
        assert_eq!(shown(&with(events), key), wanted, "{key} after {events:?}");
    }
}

#[test]
fn an_informal_entry_is_liquidated_by_payment_or_release() {
    const RELEASED: [&str; 2] = ["type 11", "release 2025-04-02"];
    let with = |events: &[&str]| life(&[&RELEASED, events].concat());
    for (events, wanted) in [
        (&[][..], "open 2025-09-29 2025-09-29"),
        (&["statement 2025-04-10", "statement 2025-04-16 final=yes"], "open 2025-09-29 2025-09-29"),
        // A notice tells a later day: the first counts, until a person saw the bulletin or its time was over before.
        (&["liquidated 2025-04-18"], "open 2025-09-29 2025-09-29"),
        (&["liquidated 2025-10-10"], "open 2026-04-08 2026-04-08"),
        (&["fact bulletin liquidation_date=2025-04-18"], "open 2025-10-15 2025-10-15"),
        (&["fact protest_filed protest_filed=2025-05-01 reference=P1"], "closed 2025-09-29 2025-09-29"),
        (&["cancelled 2025-04-05"], "idle unknown -"),
    ] {
        assert_eq!(shown(&with(events), "PROTEST_DUE@liquidation"), wanted, "{events:?}");
    }
    for (events, wanted) in [
        (&["type 12", "release 2025-04-02"][..], "open 2025-09-29 2025-09-29"),
        (
            &["type 11", "statement 2025-04-10", "statement 2025-04-16 final=yes"],
            "open 2025-10-14 2025-10-10",
        ),
        (&["type 11", "entered 2025-04-02"], "idle unknown -"),
    ] {
        assert_eq!(shown(&life(events), "PROTEST_DUE@liquidation"), wanted, "{events:?}");
    }
    let clock = find(&with(&["liquidated 2025-04-18"]), "PROTEST_DUE@liquidation").expect("a clock");
    let told: Vec<&str> = clock.bases.iter().map(|told| told.basis.as_str()).collect();
    assert_eq!(told, ["payment or release", "courtesy notice"]);
}

#[test]
fn types_that_are_not_liquidated_are_not_extended_either() {
    let events = |entry_type: &str| {
        [format!("type {entry_type}"), ENTERED.to_owned(), "extended 2026-01-05 times=1".to_owned()]
    };
    for (entry_type, end, cap) in [
        ("01", "open 2027-06-02 -", "open 2029-06-02 -"),
        ("23", "idle NONE -", "idle NONE -"),
        ("86", "idle NONE -", "idle NONE -"),
        ("11", "idle NONE -", "idle NONE -"),
        ("21", "idle OPEN -", "idle OPEN -"),
    ] {
        let events = events(entry_type);
        let entry = life(&events.each_ref().map(String::as_str));
        assert_eq!(shown(&entry, "LIQ_EXT_END"), end, "{entry_type}");
        assert_eq!(shown(&entry, "LIQ_CAP_4Y"), cap, "{entry_type}");
    }
}

#[test]
fn a_date_of_release_that_customs_changed_is_the_one_that_is_shown() {
    let dates = |events: &[&str]| {
        let entry = life(events);
        let shown = entry.released_on().map(|at| at.to_string()).unwrap_or_default();
        (shown, entry.release_date().map(|dated| dated.date.to_string()).unwrap_or_default())
    };
    let changed = ["release 2025-04-02", "redated 2025-04-13 to=2025-04-04"];
    assert_eq!(dates(&changed[..1]), ("2025-04-02".into(), "2025-04-02".into()));
    assert_eq!(dates(&changed), ("2025-04-04".into(), "2025-04-04".into()));
    assert_eq!(dates(&[changed[0], changed[1], "hold 2025-04-14 what=order"]).0, "", "not released now");
}

#[test]
fn the_facts_that_are_shown_give_the_same_answer() {
    let table = table();
    let mut told = 0;
    for kind in ["", "type 01", "type 02", "type 03", "type 06", "type 11", "type 21", "type 23", "type 31"] {
        for (_, starts, ..) in super::CASES {
            let kind = Some(kind).filter(|kind| !kind.is_empty());
            for more in [
                None,
                Some("liquidated 2026-04-17"),
                Some("suspended 2025-08-01"),
                Some("extended 2026-01-05"),
            ] {
                let events: Vec<&str> = starts.iter().copied().chain(kind).chain(more).collect();
                let entry = life(&events);
                for clock in entry.clocks(&table) {
                    let shown = clock.deciding(&entry, &table);
                    let facts = shown.iter().map(|fact| format!("{}={}", fact.input, fact.value));
                    let facts = Triggers::parse(facts.collect::<Vec<_>>()).expect("facts");
                    let again = table.compute(clock.id, &facts);
                    assert_eq!(
                        again,
                        table.explain(clock.id, &clock.facts),
                        "{} of {events:?}: {facts}",
                        clock.key()
                    );
                    told += shown
                        .iter()
                        .filter(|fact| *fact.input == *"entry_type" && fact.notice.is_some())
                        .count();
                }
            }
        }
    }
    assert!(told > 100, "the type decides now and then: {told}");
    let plain = life(&["entered 2025-06-02", "type 01"]);
    let clocks = plain.clocks(&table);
    let kinds = clocks.iter().flat_map(|clock| clock.deciding(&plain, &table));
    assert_eq!(
        kinds.filter(|fact| *fact.input == *"entry_type").count(),
        0,
        "it is told only where it decides"
    );
}
