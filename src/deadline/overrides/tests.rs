//! What closures, grants, stops and the published calendar make of the dates.

use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn closure(effect: DayEffect) -> DayOverride {
    DayOverride {
        from: date("2017-08-30"),
        to: date("2017-09-01"),
        applies: Applies { ports: vec!["5301".into()], ..Applies::default() },
        effect,
        source: "CSMS 17-000522".into(),
    }
}

fn due(table: &DeadlineTable, id: &str, facts: &str, port: &str) -> String {
    let mut facts = Triggers::parse(facts.split(' ')).expect("facts");
    let scope = Scope { port: Some(port), filer: "ABC", entry: "ABC12345678" };
    for fact in table.overriding(id, &facts, scope) {
        facts.put(fact.key, fact.value).expect("a fact");
    }
    table.compute_dates(id, &facts).expect("dates").due.to_string()
}

#[test]
fn a_local_closure_moves_what_falls_into_it() {
    for (effect, port, wanted) in [
        (DayEffect::ExtendWorkingDays(1), "5301", "2017-08-31"),
        (DayEffect::ExtendWorkingDays(1), "2704", "2017-08-30"),
        (DayEffect::Nonworking, "5301", "2017-09-05"),
    ] {
        let days = vec![closure(effect)];
        let table = DeadlineTable::embedded().with_overrides(Overrides { days, ..Overrides::default() });
        assert_eq!(due(&table, "ES_DUE", "entry_date=2017-08-16", port), wanted, "{effect:?} {port}");
        assert_eq!(due(&table, "LIQ_DEEMED_1Y", "entry_date=2017-08-16", port), "2018-08-16");
        assert_ne!(table.version(), DeadlineTable::embedded().version());
    }
}

#[test]
fn days_may_be_granted_a_date_set_and_a_clock_stopped() {
    let to = |deadline: &str| Applies { deadlines: vec![deadline.into()], ..Applies::default() };
    let of_entry = |deadline: &str| Applies { entries: vec!["ABC12345678".into()], ..to(deadline) };
    let granted =
        |deadline: &str, days| DayOverride { applies: to(deadline), ..closure(DayEffect::ExtendDays(days)) };
    let set = |applies, due: &str, month: Option<&str>| SetDue {
        applies,
        month: month.map(date),
        due: date(due),
        source: "CSMS 1".into(),
    };
    let stop = |deadline: &str, from: &str, to_day: Option<&str>| Suspension {
        applies: to(deadline),
        from: date(from),
        to: to_day.map(date),
        source: "a court".into(),
    };
    let closed = |from: &str, to: &str| DayOverride {
        from: date(from),
        to: date(to),
        applies: Applies::default(),
        ..closure(DayEffect::Nonworking)
    };
    let none = Overrides::default;
    let entered = "entry_date=2017-08-16";
    let liquidated = "liquidation_date=2017-03-03";
    for (overrides, id, facts, wanted) in [
        // Due on 30 August, which is in the range; five calendar days on.
        (Overrides { days: vec![granted("ES_DUE", 5)], ..none() }, "ES_DUE", entered, "2017-09-04"),
        (
            Overrides { days: vec![granted("ES_DUE", 5)], ..none() },
            "ES_DUE",
            "entry_date=2017-08-18",
            "2017-09-06",
        ),
        (Overrides { days: vec![granted("BILL_DUE", 5)], ..none() }, "ES_DUE", entered, "2017-08-30"),
        // Of one entry, of a month, of another month.
        (
            Overrides { set_due: vec![set(of_entry("ES_DUE"), "2017-08-25", None)], ..none() },
            "ES_DUE",
            entered,
            "2017-08-25",
        ),
        (
            Overrides { set_due: vec![set(to("ES_DUE"), "2017-09-15", Some("2017-08-01"))], ..none() },
            "ES_DUE",
            entered,
            "2017-09-15",
        ),
        (
            Overrides { set_due: vec![set(to("ES_DUE"), "2017-09-15", Some("2017-09-01"))], ..none() },
            "ES_DUE",
            entered,
            "2017-08-30",
        ),
        // A statute's date may come nearer, never later.
        (
            Overrides { set_due: vec![set(of_entry("PROTEST_DUE"), "2017-08-01", None)], ..none() },
            "PROTEST_DUE",
            liquidated,
            "2017-08-01",
        ),
        (
            Overrides { set_due: vec![set(of_entry("PROTEST_DUE"), "2017-12-01", None)], ..none() },
            "PROTEST_DUE",
            liquidated,
            "2017-08-30",
        ),
        // One entry is narrower than a grant to all, though later.
        (
            Overrides {
                days: vec![granted("ES_DUE", 1)],
                set_due: vec![set(of_entry("ES_DUE"), "2017-10-02", None)],
                ..none()
            },
            "ES_DUE",
            entered,
            "2017-10-02",
        ),
        // As wide as each other: the earlier result.
        (
            Overrides { days: vec![granted("ES_DUE", 9), granted("ES_DUE", 2)], ..none() },
            "ES_DUE",
            entered,
            "2017-09-01",
        ),
        // Two closures cost two days, however many announced them; one behind the last day costs none.
        (
            Overrides {
                days: vec![closed("2017-08-18", "2017-08-18"), closed("2017-08-30", "2017-08-31")],
                ..none()
            },
            "ES_DUE",
            entered,
            "2017-09-05",
        ),
        (
            Overrides {
                days: vec![closed("2017-08-30", "2017-08-30"), closed("2017-08-30", "2017-08-30")],
                ..none()
            },
            "ES_DUE",
            entered,
            "2017-08-31",
        ),
        (
            Overrides {
                days: vec![closed("2017-08-30", "2017-08-30"), closed("2017-09-01", "2017-09-08")],
                ..none()
            },
            "ES_DUE",
            entered,
            "2017-08-31",
        ),
        // Stopped for ten days; stopped still; stopped when it had run out; before it began.
        (
            Overrides {
                suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-01-01", Some("2018-01-10"))],
                ..none()
            },
            "LIQ_DEEMED_1Y",
            entered,
            "2018-08-26",
        ),
        (
            Overrides { suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-01-01", None)], ..none() },
            "LIQ_DEEMED_1Y",
            entered,
            "OPEN",
        ),
        (
            Overrides { suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-08-17", None)], ..none() },
            "LIQ_DEEMED_1Y",
            entered,
            "2018-08-16",
        ),
        (
            Overrides {
                suspensions: vec![stop("LIQ_DEEMED_1Y", "2017-08-01", Some("2017-08-16"))],
                ..none()
            },
            "LIQ_DEEMED_1Y",
            entered,
            "2018-08-16",
        ),
        (
            Overrides {
                suspensions: vec![stop("LIQ_DEEMED_1Y", "2017-08-01", Some("2017-08-18"))],
                ..none()
            },
            "LIQ_DEEMED_1Y",
            entered,
            "2018-08-18",
        ),
    ] {
        let table = DeadlineTable::embedded().with_overrides(overrides);
        assert_eq!(due(&table, id, facts, "5301"), wanted, "{:?}", table.overrides());
    }
}

#[test]
fn the_published_calendar_takes_the_place_of_the_count() {
    let row = StatementMonth {
        month: date("2026-02-01"),
        preliminary: Some(date("2026-02-18")),
        due: Some(date("2026-02-24")),
        source: "CSMS 65000000".into(),
    };
    // A closure moves the count, which the calendar outranks; the source of the date that counts is told.
    let closed =
        DayOverride { from: date("2026-02-03"), to: date("2026-02-04"), ..closure(DayEffect::Nonworking) };
    let overrides = Overrides { statements: vec![row.clone()], days: vec![closed], ..Overrides::default() };
    let table = DeadlineTable::embedded().with_overrides(overrides);
    assert_eq!(due(&table, "PMS_DUE", "release_date=2026-01-20", "5301"), "2026-02-24");
    assert_eq!(due(&table, "PMS_PRELIM", "release_date=2026-01-20", "5301"), "2026-02-18");
    let facts = Triggers::parse(["release_date=2026-01-20"]).expect("facts");
    let scope = Scope { port: Some("5301"), filer: "ABC", entry: "ABC12345678" };
    let told = table.overriding("PMS_DUE", &facts, scope);
    assert_eq!(told.iter().map(|fact| &*fact.source).collect::<Vec<_>>(), ["CSMS 65000000"]);
    let overrides = Overrides { statements: vec![row], ..Overrides::default() };
    let table = DeadlineTable::embedded().with_overrides(overrides);
    assert_eq!(due(&table, "PMS_DUE", "release_date=2026-01-20", "2704"), "2026-02-24");
    assert_eq!(due(&table, "PMS_PRELIM", "release_date=2026-01-20", "2704"), "2026-02-18");
    assert_eq!(due(&table, "PMS_DUE", "release_date=2026-01-20 published=2026-02-20", "2704"), "2026-02-20");
    assert_eq!(due(&table, "PMS_DUE", "release_date=2026-02-20", "2704"), "2026-03-20");
}

#[test]
fn a_programme_is_kept_while_the_configuration_says_so() {
    let facts = |text: &str| Triggers::parse([text]).expect("facts");
    let early = facts("liquidation_date=2026-03-06");
    assert!(!DeadlineTable::embedded().keeps("CAPE_80D", &early));
    let programmes = vec![Programme { deadline: "CAPE_80D".into(), until: date("2026-06-30") }];
    let table = DeadlineTable::embedded().with_overrides(Overrides { programmes, ..Overrides::default() });
    assert!(table.keeps("CAPE_80D", &early));
    assert!(!table.keeps("CAPE_80D", &facts("liquidation_date=2026-07-03")));
    assert!(table.keeps("ES_DUE", &early));
}
