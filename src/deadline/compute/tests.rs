//! Dates that were counted by hand, one a line, and the sentences that explain them.

use expect_test::{Expect, expect};

use super::*;

fn compute(id: &str, pairs: &str) -> Result<Computed, DueError> {
    let triggers = Triggers::parse(pairs.split_whitespace()).expect("readable triggers");
    DeadlineTable::embedded().compute(id, &triggers)
}

/// Checks `due act_by` of each `(id, triggers, answer)`.
fn check(cases: &[(&str, &str, &str)]) {
    for (id, pairs, answer) in cases {
        let computed = compute(id, pairs).expect(pairs);
        let found = format!("{} {}", computed.due, crate::deadline::dash::text(computed.act_by));
        assert_eq!(found, *answer, "{id} {pairs}");
    }
}

fn check_steps(id: &str, pairs: &str, wanted: Expect) {
    let computed = compute(id, pairs).expect(pairs);
    let mut text = format!("{} | {} | {}\n", computed.due, computed.rule, computed.basis);
    for step in computed.steps {
        text += &format!("{step}\n");
    }
    for warning in computed.warnings {
        text += &format!("! {warning}\n");
    }
    wanted.assert_eq(&text);
}

#[test]
fn protest() {
    check(&[
        ("PROTEST_DUE", "liquidation_date=2026-03-06", "2026-09-02 2026-09-02"),
        ("PROTEST_DUE", "liquidation_date=2024-11-15", "2025-05-14 2025-05-14"),
        // Day 180 is a Saturday, a Sunday, Thanksgiving, New Year's Day.
        ("PROTEST_DUE", "decision_date=2024-03-11", "2024-09-09 2024-09-06"),
        ("PROTEST_DUE", "decision_date=2024-03-12", "2024-09-09 2024-09-06"),
        ("PROTEST_DUE", "decision_date=2024-06-01", "2024-11-29 2024-11-27"),
        ("PROTEST_DUE", "decision_date=2025-07-05", "2026-01-02 2025-12-31"),
        ("PROTEST_DUE", "liquidation_date=2026-03-06 deemed=yes", "2026-09-02 2026-09-01"),
        ("PROTEST_DUE", "liquidation_date=2026-03-06 decision_date=2020-01-01", "2026-09-02 2026-09-02"),
        // The entry decides between 90 and 180 days, not the liquidation.
        ("PROTEST_DUE", "liquidation_date=2026-03-06 entry_date=2004-12-17", "2026-06-04 2026-06-04"),
        ("PROTEST_DUE", "liquidation_date=2026-03-06 entry_date=2004-12-18", "2026-09-02 2026-09-02"),
        ("PROTEST_DUE", "liquidation_date=2004-12-17", "2005-03-17 2005-03-17"),
        ("PROTEST_DUE", "liquidation_date=2026-03-06 nonworking=2026-09-02", "2026-09-03 2026-09-01"),
        ("PROTEST_AMEND", "liquidation_date=2026-03-06 accelerated=yes", "BLOCKED -"),
    ]);
}

#[test]
fn summary_and_payment() {
    check(&[
        ("ES_DUE", "time_of_entry=2026-11-13", "2026-11-30 2026-11-30"),
        ("ES_DUE", "time_of_entry=2026-12-19", "2027-01-05 2027-01-05"),
        ("ES_DUE", "entry_date=2026-03-09 release_date=2026-03-06", "2026-03-20 2026-03-20"),
        ("ES_DUE", "entry_date=2026-03-06 release_date=2026-03-09", "2026-03-20 2026-03-20"),
        ("ES_DUE", "time_of_entry=2026-03-07 entry_type=02", "2026-03-07 2026-03-06"),
        ("ES_DUE", "time_of_entry=2026-03-06 live=yes entry_type=01", "2026-03-06 2026-03-06"),
        ("ES_DUE", "time_of_entry=2026-03-06 entry_type=61", "NONE -"),
        ("ES_REJECT_RESUBMIT", "reject_date=2026-03-06 adcvd=no", "2026-03-10 2026-03-10"),
        ("ES_REJECT_RESUBMIT", "reject_date=2026-03-06 adcvd=yes", "2026-03-20 2026-03-20"),
        ("DAILY_STMT_DUE", "times_of_entry=2026-03-09,2026-03-06", "2026-03-20 2026-03-20"),
        ("DAILY_STMT_DUE", "times_of_entry=2026-03-06 statement_due=2026-03-23", "2026-03-23 2026-03-20"),
        ("DAILY_STMT_DUE", "statement_due=2026-03-23", "2026-03-23 2026-03-23"),
        ("PMS_DUE", "release_date=2027-05-03", "2027-06-22 2027-06-21"), // Juneteenth on a Saturday
        ("PMS_PRELIM", "entry_date=2027-06-30 release_date=2027-07-01", "2027-07-16 2027-07-16"),
        ("PMS_DUE", "release_date=2026-03-06 entry_type=09", "INELIGIBLE -"),
    ]);
}

#[test]
fn correction() {
    check(&[
        ("PSC_DUE", "entry_date=2026-01-05", "2026-11-01 2026-10-30"), // day 300 is a Sunday
        ("PSC_DUE", "entry_date=2026-01-03", "2026-10-29 2026-10-28"), // a Saturday: the other leg binds
        ("PSC_DUE", "entry_date=2026-01-05 scheduled_liq=2026-11-13", "2026-10-29 2026-10-28"),
        ("PSC_DUE", "entry_date=2026-01-05 scheduled_liq=2026-11-16", "2026-11-01 2026-10-30"),
        // Same last day, but a day less to act on the leg before liquidation.
        ("PSC_DUE", "entry_date=2026-01-08 scheduled_liq=2026-11-19", "2026-11-04 2026-11-03"),
        ("PSC_DUE", "entry_date=2026-01-05 extended_liq=2027-11-12 ext_by=importer", "2027-10-28 2027-10-27"),
        ("PSC_DUE", "entry_date=2026-01-05 extended_liq=2027-11-12", "2026-11-01 2026-10-30"),
        ("PSC_DUE", "entry_date=2026-01-05 extended_liq=2027-11-12 ext_by=unknown", "2026-11-01 2026-10-30"),
        ("PSC_DUE", "entry_date=2026-01-05 scheduled_liq=2026-01-05", "INVALID -"),
        ("PSC_DUE", "entry_date=2017-10-31", "2018-07-28 2018-07-27"), // 270 days
        ("PSC_DUE", "entry_date=2017-11-01", "2018-08-28 2018-08-28"), // 300 days
        // Before the notice of August 2019 an extension did not end the leg after entry.
        ("PSC_DUE", "entry_date=2019-08-13 extended_liq=2021-06-11 ext_by=importer", "2020-06-08 2020-06-08"),
        ("PSC_DUE", "entry_date=2026-01-05 entry_type=03 suspended=yes", "OPEN -"),
        ("PSC_DUE", "entry_date=2026-01-05 entry_type=01 suspended=yes", "2026-11-01 2026-10-30"),
        ("PSC_DUE", "entry_date=2026-01-05 entry_type=03 suspended=yes liquidated=yes", "BLOCKED -"),
        ("PSC_DUE", "entry_date=2026-01-05 entry_type=86 liquidated=yes", "INELIGIBLE -"),
        ("PSC_DUE", "entry_date=2026-01-05 entry_type=23", "2026-11-01 2026-10-30"),
    ]);
}

#[test]
fn liquidation() {
    check(&[
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05", "2026-11-20 -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-03", "2026-11-13 -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 entry_type=23", "NONE -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 entry_type=03", "NONE -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 entry_type=03 suspended=no", "2026-11-20 -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 extensions=1", "OPEN -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 extensions=0", "2026-11-20 -"),
        ("LIQ_SCHEDULED_EST", "entry_date=2026-01-05 under_review=yes", "OPEN -"),
        ("LIQ_DEEMED_1Y", "entry_date=2026-01-05", "2027-01-05 -"),
        ("LIQ_DEEMED_1Y", "entry_date=2028-02-29 extensions=3", "2032-02-29 -"),
        ("LIQ_DEEMED_1Y", "entry_date=2026-01-05 extensions=4", "INVALID -"),
        ("LIQ_DEEMED_1Y", "entry_date=2026-01-05 suspended=no", "2027-01-05 -"),
        ("LIQ_DEEMED_1Y", "entry_date=2026-01-05 entry_type=21", "OPEN -"),
        ("LIQ_DEEMED_1Y", "entry_date=2026-01-05 entry_type=21 final_withdrawal=2027-06-30", "2028-06-30 -"),
        ("LIQ_DEEMED_1Y", "recon_should_file=2026-05-01", "2027-05-01 -"),
        ("LIQ_EXT_END", "entry_date=2026-01-05 extensions=0", "NONE -"),
        ("LIQ_CAP_4Y", "entry_date=2026-01-05 suspended=yes", "NONE -"),
        ("LIQ_SUSP_6M", "notice_date=2026-05-20 federal_register_date=2026-04-30", "2026-10-30 -"),
        ("RELIQ_90D", "liquidation_date=2015-01-02", "2015-04-02 -"),
    ]);
}

#[test]
fn the_rest() {
    check(&[
        ("CF28_RESPONSE", "due_on_form=2026-05-03", "2026-05-03 2026-05-01"),
        ("CF4647_RESPONSE", "notice_date=2026-03-06 fda_refusal=yes", "2026-06-04 2026-06-04"),
        ("DETAIN_RESPONSE", "notice_date=2026-03-06 presented_date=2026-03-10", "2026-04-05 2026-04-03"),
        ("INBOND_TRANSIT", "authorized_date=2026-03-06 departure_date=2026-03-04", "2026-04-03 2026-04-03"),
        ("INBOND_TRANSIT", "mode=pipeline", "NONE -"),
        ("TIB_EXPORT", "import_date=2026-03-06 six_month=yes extensions=1", "INVALID -"),
        ("TIB_EXPORT", "import_date=2026-03-06 six_month=yes extensions=0", "2026-09-06 2026-09-04"),
        ("RECORD_RETENTION", "entry_date=2020-02-29 drawback_liquidated=2024-01-31", "2027-01-31 -"),
        ("RECORD_RETENTION", "entry_date=2020-02-29 drawback_liquidated=2021-01-31", "2025-03-01 -"),
        ("MISSING_DOC", "notice_date=2026-03-06", "2026-07-04 2026-07-02"),
        (CAL_DAY, "date=2026-07-03", "NONWORKING -"),
        (CAL_DAY, "date=2026-07-06", "WORKING -"),
        (CAL_DAY, "date=2026-07-06 nonworking=2026-07-06", "NONWORKING -"),
    ]);
}

#[test]
fn every_step_is_written_down() {
    check_steps(
        "PROTEST_DUE",
        "liquidation_date=2026-03-06",
        expect![[r#"
        2026-09-02 | 180 calendar days, forward | 19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955)
        2026-03-06 Fri is day 0
        day 180 is 2026-09-02 Wed, a working day
    "#]],
    );
    check_steps(
        "PROTEST_DUE",
        "liquidation_date=2025-06-28",
        expect![[r#"
        2025-12-26 | 180 calendar days, forward | 19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955)
        2025-06-28 Sat is day 0
        day 180 is 2025-12-25 Thu, Christmas Day
        the roll moves the last day to 2025-12-26 Fri, a working day on which federal offices are closed (order for 24 and 26 December)
        2025-12-25 Thu is Christmas Day, so one acts by 2025-12-23 Tue, the last open day before it
    "#]],
    );
    check_steps(
        "ES_DUE",
        "time_of_entry=2025-12-11",
        expect![[r#"
        2025-12-26 | 10 working days | 19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101
        2025-12-11 Thu is day 0
        working day 10 is 2025-12-26 Fri, a working day on which federal offices are closed (order for 24 and 26 December); not counted: 2025-12-25 Thu (Christmas Day)
        2025-12-26 Fri is a working day on which federal offices are closed (order for 24 and 26 December), so one acts by 2025-12-23 Tue, the last open day before it
    "#]],
    );
    check_steps(
        "ES_DUE",
        "time_of_entry=2017-08-16 extend_working_days=1",
        expect![[r#"
        2017-08-31 | 10 working days | 19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101
        2017-08-16 Wed is day 0
        working day 10 is 2017-08-30 Wed, a working day
        a closure notice grants 1 working day(s) more: 2017-08-31 Thu
    "#]],
    );
    check_steps(
        "PSC_DUE",
        "entry_date=2025-02-08",
        expect![[r#"
            2025-12-04 | 300 calendar days after entry or 15 before liquidation, whichever is earlier (15 before liquidation where the importer had it extended) | 76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page
            2025-02-08 Sat is day 0
            liquidation is estimated for 2025-12-19 Fri; 15 days before it is 2025-12-04 Thu
            day 300 is 2025-12-05 Fri; the earlier one binds: 2025-12-04 Thu
            the last day before liquidation is disputed; 16 days before it is 2025-12-03 Wed
        "#]],
    );
    check_steps(
        "PSC_DUE",
        "entry_date=2024-05-01 extended_liq=2026-05-01 ext_by=importer",
        expect![[r#"
            2026-04-16 | 300 calendar days after entry or 15 before liquidation, whichever is earlier (15 before liquidation where the importer had it extended) | 76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page
            2024-05-01 Wed is day 0
            liquidation is extended for 2026-05-01 Fri; 15 days before it is 2026-04-16 Thu
            the importer asked for the extension, so the 300 days do not apply
            the last day before liquidation is disputed; 16 days before it is 2026-04-15 Wed
        "#]],
    );
    check_steps(
        "PSC_DUE",
        "entry_date=2024-05-01 liquidated=yes",
        expect![[r#"
            BLOCKED | 300 calendar days after entry or 15 before liquidation, whichever is earlier (15 before liquidation where the importer had it extended) | 76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page
            the entry is liquidated; protest and reliquidation remain
        "#]],
    );
    check_steps(
        "LIQ_DEEMED_1Y",
        "entry_date=2023-05-10 extensions=1",
        expect![[r#"
            2025-05-10 | 2 years, no roll | 19 USC 1504(a),(b); 19 CFR 159.11, 159.12, 159.9(c)(2)
            2023-05-10 Wed is day 0
            extensions so far: 1, so the period is 2 years, no roll
            2 years on is 2025-05-10 Sat, not a working day
        "#]],
    );
    check_steps(
        "LIQ_SCHEDULED_EST",
        "entry_date=2025-02-04",
        expect![[r#"
        2025-12-19 | 314 calendar days, then the Friday on or after | 19 USC 1500; 19 CFR 159.9; CBP Dec. 16-25 (December 2016); CSMS 16-000787
        2025-02-04 Tue is day 0
        day 314 is 2025-12-15 Mon, a working day
        the roll moves the last day to 2025-12-19 Fri, a working day
    "#]],
    );
    check_steps(
        "PMS_DUE",
        "release_date=2026-06-15",
        expect![[r#"
        2026-07-22 | working day 15 of the next month | 19 USC 1505(a); 70 FR 45736 (2005), 82 FR 50656, 84 FR 46749, 90 FR 48314
        2026-06-15 Mon is day 0
        working day 15 of 2026-07 is 2026-07-22 Wed, a working day; not counted: 2026-07-03 Fri (Independence Day observed)
        by the bank calendar it is 2026-07-21 Tue, so one acts by then
    "#]],
    );
    check_steps(
        "TIB_EXPORT",
        "import_date=2025-01-20",
        expect![[r#"
        2026-01-20 | 1 year, no roll, act 1 day before | HTSUS chapter 98 subchapter XIII note 1; 19 CFR 10.31-10.39
        2025-01-20 Mon is day 0
        1 year on is 2026-01-20 Tue, a working day
        the last day is disputed, so one acts by 2026-01-19 Mon
        2026-01-19 Mon is Birthday of Martin Luther King, Jr., so one acts by 2026-01-16 Fri, the last open day before it
    "#]],
    );
    check_steps(
        "CF28_RESPONSE",
        "issue_date=2025-03-14 due_on_form=2052-04-21",
        expect![[r#"
        2052-04-21 | 30 calendar days, no roll | 19 USC 1509, 1484; CBP practice
        2025-03-14 Fri is day 0
        day 30 is 2025-04-13 Sun, not a working day
        due_on_form 2052-04-21 Sun takes the place of the computed date
        2052-04-21 Sun is not a working day, so one acts by 2052-04-19 Fri, the last open day before it
        ! due_on_form 2052-04-21 Sun is 9870 days from the computed 2025-04-13 Sun
    "#]],
    );
    check_steps(
        "DETAIN_RESPONSE",
        "notice_date=2025-03-20 presented_date=2025-03-10",
        expect![[r#"
            2025-04-19 | 30 calendar days, no roll | 19 USC 1499(c); 19 CFR 151.16; CBP UFLPA guidance
            2025-03-20 Thu is day 0
            day 30 is 2025-04-19 Sat, not a working day
            a second clock (30 calendar days, no roll) from presented_date 2025-03-10 Mon ends on 2025-04-09 Wed, which is earlier, so one acts by then
        "#]],
    );
    check_steps(
        "RECORD_RETENTION",
        "drawback_liquidated=2023-06-30",
        expect![[r#"
            2026-06-30 | 3 years, no roll | 19 USC 1508(c); 19 CFR 163.4
            of a drawback claim: three years after it is liquidated
            2023-06-30 Fri is day 0
            3 years on is 2026-06-30 Tue, a working day
        "#]],
    );
    check_steps(
        CAL_DAY,
        "date=2025-12-26",
        expect![[r#"
        WORKING | Monday to Friday without federal holidays | 5 USC 6103; EO 11582
        2025-12-26 Fri is a working day on which federal offices are closed (order for 24 and 26 December)
    "#]],
    );
}

#[test]
fn errors_in_words() {
    let cases = [
        ("PROTEST", "", expect!["there is no deadline `PROTEST`; did you mean `PROTEST_DUE`?"]),
        ("protest_due", "", expect!["there is no deadline `protest_due`; did you mean `PROTEST_DUE`?"]),
        ("xyz", "", expect!["there is no deadline `xyz`"]),
        ("PROTEST_DUE", "", expect!["PROTEST_DUE needs liquidation_date or decision_date"]),
        (
            "PROTEST_DUE",
            "entry_date=2026-01-05",
            expect!["PROTEST_DUE needs liquidation_date or decision_date"],
        ),
        (
            "PROTEST_DUE",
            "release_date=2026-01-05",
            expect![
                "PROTEST_DUE does not read `release_date`; it reads liquidation_date, decision_date, entry_date, deemed, nonworking"
            ],
        ),
        ("LIQ_EXT_END", "entry_date=2026-01-05", expect!["LIQ_EXT_END needs extensions"]),
        ("CF28_RESPONSE", "", expect!["CF28_RESPONSE needs issue_date or due_on_form"]),
        (
            "INBOND_TRANSIT",
            "authorized_date=2017-11-26",
            expect!["INBOND_TRANSIT has no period in the table for 2017-11-26"],
        ),
        (CAL_DAY, "", expect!["CAL_DAY needs date"]),
    ];
    for (id, pairs, wanted) in cases {
        wanted.assert_eq(&compute(id, pairs).expect_err("no answer").to_string());
    }
}

/// Invariant: no date without a basis.
#[test]
fn what_is_not_known_gives_no_date() {
    let table = DeadlineTable::embedded();
    for definition in table.definitions() {
        let error = table.compute(definition.id.as_str(), &Triggers::new()).expect_err("nothing is known");
        assert!(error.is_missing(), "{error}");
        let error = table.dates_of(definition, &Triggers::new()).expect_err("nothing is known");
        assert!(error.is_missing(), "{error}");
    }
}

#[test]
fn closures_and_uncounted_days_come_from_outside_too() {
    let table = DeadlineTable::embedded();
    let day = |text: &str| -> NaiveDate { text.parse().expect("a date") };
    let facts = Triggers::parse(["time_of_entry=2026-12-10"]).expect("a date");
    let dates = |table: &DeadlineTable| {
        let dates = table.compute_dates("ES_DUE", &facts).expect("a date");
        (dates.due.to_string(), crate::deadline::dash::text(dates.act_by))
    };
    assert_eq!(dates(table), ("2026-12-24".into(), "2026-12-24".into()));
    let closed = table.with_closures(&[day("2026-12-24")]);
    assert_eq!(dates(&closed), ("2026-12-24".into(), "2026-12-23".into()));
    let uncounted = table.with_nonworking(&[day("2026-12-24")]);
    assert_eq!(dates(&uncounted), ("2026-12-28".into(), "2026-12-28".into()));
    assert_ne!(table.version(), closed.version());
    assert_ne!(closed.version(), uncounted.version());
    assert_eq!(closed.version(), table.with_closures(&[day("2026-12-24")]).version());
}

#[test]
fn facts_for_other_deadlines_are_passed_over() {
    let table = DeadlineTable::embedded();
    let all = "entry_date=2026-01-05 release_date=2026-01-06 liquidation_date=2026-11-20 entry_type=01 \
               six_month=yes due_on_form=2020-01-01";
    let facts = Triggers::parse(all.split_whitespace()).expect("readable");
    let due = |id: &str| table.explain(id, &facts).expect("a date").due.to_string();
    assert_eq!(due("PROTEST_DUE"), "2027-05-19");
    assert_eq!(due("LIQ_DEEMED_1Y"), "2027-01-05");
    assert_eq!(due("PSC_DUE"), "2026-11-01");
    assert_eq!(due("REDELIVERY_WINDOW"), "2026-02-05");
    assert_eq!(due("ES_DUE"), "2026-01-20");
}

#[test]
fn json_has_the_agreed_shape() {
    let computed = compute("PROTEST_DUE", "liquidation_date=2025-06-28").expect("a date");
    let json = serde_json::to_string(&computed).expect("serializes");
    assert!(json.starts_with(r#"{"id":"PROTEST_DUE","due":"2025-12-26","act_by":"2025-12-23","rule":"180 calendar days, forward","basis":"19 USC 1514(c)(3); "#), "{json}");
    assert!(json.contains(r#""valid_from":"2004-12-18","steps":["2025-06-28 Sat is day 0","#), "{json}");
    assert_eq!(serde_json::from_str::<Computed>(&json).expect("reads back"), computed);
    let open = compute("PSC_DUE", "entry_type=03 suspended=yes").expect("no date needed");
    let json = serde_json::to_value(&open).expect("serializes");
    assert_eq!((json["due"].as_str(), json["act_by"].as_str()), (Some("OPEN"), Some("-")));
}
