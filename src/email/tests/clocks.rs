//! What a mail says about clocks.

use super::*;

#[test]
fn protest_ladder() {
    let mut subjects = String::new();
    for (days, step, on) in [
        (184, "start", (2026, 3, 2)),
        (90, "90", (2026, 6, 4)),
        (14, "14", (2026, 8, 19)),
        (1, "1", (2026, 9, 1)),
        (0, "0", (2026, 9, 2)),
        (-3, "overdue", (2026, 9, 5)),
    ] {
        subjects += render(LetterKind::Alert, vec![ladder(days, step, on)]).subject();
        subjects += "\n";
    }
    expect![[r#"
        [WARNING] ABC-1234567-6 Protest due in 184 days, act by 2026-09-02 (ACME Brokers)
        [WARNING] ABC-1234567-6 Protest due in 90 days, act by 2026-09-02 (ACME Brokers)
        [CRITICAL] ABC-1234567-6 Protest due in 14 days, act by 2026-09-02 (ACME Brokers)
        [CRITICAL] ABC-1234567-6 Protest due in 1 day, act by 2026-09-02 (ACME Brokers)
        [CRITICAL] ABC-1234567-6 Protest due today, act by 2026-09-02 (ACME Brokers)
        [CRITICAL] ABC-1234567-6 Protest 3 days overdue, was due 2026-09-02 (ACME Brokers)
    "#]]
    .assert_eq(&subjects);

    let mail = at(ladder(14, "14", (2026, 8, 19)), "2026-08-19T13:00:00Z");
    check(&mail, expect_file!["../snapshots/protest-14.txt"], expect_file!["../snapshots/protest-14.html"]);
    let mail = at(ladder(-3, "overdue", (2026, 9, 5)), "2026-09-05T13:00:00Z");
    check(&mail, expect_file!["../snapshots/overdue.txt"], expect_file!["../snapshots/overdue.html"]);
}

/// The reminder for a day, written on its first morning anywhere, says "today" in every place of the letter, to whomever.
#[test]
fn one_letter_counts_from_one_day() {
    let recipient = sample::letter(LetterKind::Alert, vec![ladder(0, "0", (2026, 9, 2))]).0.recipient;
    for (zone, written) in [
        ("Asia/Tokyo", "2026-09-01T21:00:00Z"),
        ("Asia/Tokyo", "2026-09-01T23:30:00Z"),
        ("America/New_York", "2026-09-01T21:00:00Z"),
        ("America/Los_Angeles", "2026-09-01T21:00:00Z"),
        ("America/New_York", "2026-09-02T10:00:00Z"),
        ("Pacific/Honolulu", "2026-09-02T16:00:00Z"),
    ] {
        let named = crate::clock::Zone::named(zone).expect("a zone");
        let settings = settings().with_zones([(recipient.clone(), named)].into());
        let renderer = Renderer::new(None, settings).expect("our own templates work");
        let other =
            Alert { key: AlertKey::new("protest", "ABC12345677", "0"), ..ladder(0, "0", (2026, 9, 2)) };
        let number = crate::ident::EntryNumber::parse("XYZ76543211").expect("a number");
        let other = Alert { entry: Some(EntryBrief { number, ..sample::entry() }), ..other };
        // One about one entry, and a table of many.
        for alerts in [vec![ladder(0, "0", (2026, 9, 2))], vec![ladder(0, "0", (2026, 9, 2)), other]] {
            let (letter, alerts) = letter(LetterKind::Alert, alerts);
            let entry = letter.entry.filter(|_| alerts.len() == 1);
            let letter = Letter { created_at: sample::instant(written), entry, ..letter };
            let mail = renderer.render(&letter, &alerts).expect("a mail");
            assert!(mail.subject().contains("due today, act by 2026-09-02"), "{zone}: {}", mail.subject());
            let text = mail.text();
            assert!(text.contains("Wed 2026-09-02 (today)"), "{zone}: {text}");
            assert!(!text.contains("in 1 day") && !text.contains("1 day overdue"), "{zone}: {text}");
            assert!(text.contains(zone), "instants are the reader's: {text}");
        }
    }
}

/// A reliquidation is answered by its own protest, however near the older one is.
#[test]
fn a_reliquidation_gives_its_own_protest() {
    let protest = |date: &str, due| EntryDeadline {
        instance: date.into(),
        due: Some(due),
        act_by: Some(due),
        from: vec![Provenance { value: date.into(), ..sample::protest_due().from.remove(0) }],
        ..sample::protest_due()
    };
    let brief = NoticeBrief {
        kind: Kind::Liquidation,
        meaning: Some("reliquidation".into()),
        clock: Some("PROTEST_DUE@2026-11-13".into()),
        ..sample::notice()
    };
    let title = "Liquidated above what was paid";
    let alert = about("liquidation-increase", title, Severity::Critical, Cause::Notice(Box::new(brief)), "");
    let older = protest("2026-02-13", day(2026, 8, 12));
    let deadlines = vec![older, protest("2026-11-13", day(2027, 5, 12))];
    let mail = at(Alert { deadlines, ..alert }, "2026-11-23T13:00:00Z");
    expect!["[CRITICAL] ABC-1234567-6 Liquidated above what was paid: FDA reliquidation (ACME Brokers), Protest of 2026-11-13 in 170 days, act by 2027-05-12"]
        .assert_eq(mail.subject());
    assert!(mail.text().contains("act by          Wed 2027-05-12 (in 170 days): Protest of 2026-11-13"));
}

/// What a form asks for stands in front, and a day of Customs that has passed does not.
#[test]
fn the_next_deadline_is_a_duty_to_come() {
    let clock = |id: &str, act_by, due| EntryDeadline {
        id: id.into(),
        instance: "".into(),
        act_by,
        due: Some(due),
        ..sample::protest_due()
    };
    let window = clock("REDELIVERY_WINDOW", None, day(2026, 11, 4));
    let form = clock("CF28_RESPONSE", Some(day(2026, 12, 18)), day(2026, 12, 20));
    let overdue = clock("ES_DUE", Some(day(2026, 11, 20)), day(2026, 11, 20));
    let deemed = clock("LIQ_DEEMED_1Y", None, day(2027, 10, 5));
    let glance = |key: Option<&str>, deadlines: &[&EntryDeadline]| {
        let brief = NoticeBrief { clock: key.map(Into::into), ..sample::notice() };
        let alert = about("request", "Request", Severity::Critical, Cause::Notice(Box::new(brief)), "");
        let deadlines = deadlines.iter().copied().cloned().collect();
        let mail = at(Alert { deadlines, ..alert }, "2026-11-23T13:00:00Z");
        let line =
            mail.text().lines().find(|line| line.starts_with("  act by ") || line.starts_with("  next "));
        format!("{}\n{}\n", mail.subject(), line.unwrap_or_default())
    };
    let said = [
        glance(Some("CF28_RESPONSE"), &[&window, &form]),
        glance(None, &[&window, &overdue, &form, &deemed]),
        glance(None, &[&window, &overdue, &deemed]),
        glance(None, &[&window, &deemed]),
        glance(None, &[&window]),
    ]
    .concat();
    expect![[r#"
        [CRITICAL] ABC-1234567-6 Request: FDA hold placed (ACME Brokers), Answer CBP form 28 in 25 days, act by 2026-12-18
          act by          Fri 2026-12-18 (in 25 days): Answer CBP form 28
        [CRITICAL] ABC-1234567-6 Request: FDA hold placed (ACME Brokers)
          next deadline   Fri 2026-12-18 (in 25 days): Answer CBP form 28
        [CRITICAL] ABC-1234567-6 Request: FDA hold placed (ACME Brokers)
          next deadline   Fri 2026-11-20 (3 days overdue): Entry summary and estimated
        [CRITICAL] ABC-1234567-6 Request: FDA hold placed (ACME Brokers)
          next deadline   Tue 2027-10-05 (in 316 days): Deemed liquidation
        [CRITICAL] ABC-1234567-6 Request: FDA hold placed (ACME Brokers)

    "#]].assert_eq(&said);
}

/// Each day is counted by itself, and a date of our own is called ours.
#[test]
fn our_own_target_is_no_legal_date() {
    let summary = EntryDeadline {
        id: "ES_DUE".into(),
        instance: "".into(),
        due: Some(day(2026, 11, 30)),
        act_by: Some(day(2026, 11, 30)),
        internal: Some(day(2026, 11, 20)),
        ..sample::protest_due()
    };
    let standing = |act_by| Standing {
        due: "2026-11-30".into(),
        act_by: Some(act_by),
        target: Some(day(2026, 11, 20)),
        state: DeadlineState::Open,
    };
    let Cause::Deadline(brief) = sample::deadline().cause else { panic!("the sample is a deadline") };
    let brief = DeadlineBrief {
        deadline: summary.clone(),
        name: "Entry summary".into(),
        days_left: -3,
        on: day(2026, 11, 23),
        steps: Vec::new(),
        moved: Some(Box::new(ClockMove {
            deadline: "ES_DUE".into(),
            sequence: 2,
            at: sample::instant("2026-11-18T13:00:00Z"),
            from: standing(day(2026, 11, 27)),
            to: standing(day(2026, 11, 30)),
            cause: "release_date is 2026-11-13 (release status), was 2026-11-12".into(),
            notice: None,
        })),
        target: Some(InternalTarget {
            deadline: "ES_DUE".into(),
            date: day(2026, 11, 20),
            by: "jo".into(),
            reason: "".into(),
            set_at: chrono::DateTime::UNIX_EPOCH,
        }),
        ..*brief
    };
    let alert =
        Alert { cause: Cause::Deadline(Box::new(brief)), deadlines: vec![summary], ..sample::deadline() };
    let mail = at(alert, "2026-11-23T13:00:00Z");
    expect!["[WARNING] ABC-1234567-6 Entry summary due in 7 days, act by 2026-11-30 (ACME Brokers)"]
        .assert_eq(mail.subject());
    check(&mail, expect_file!["../snapshots/our-target.txt"], expect_file!["../snapshots/our-target.html"]);
}

#[test]
fn a_digest_attaches_the_event_of_each_clock_once() {
    let digest = LetterKind::Digest { day: day(2026, 8, 20) };
    let numbered = |instance: String, step: &str, on| {
        let alert = ladder(14, step, on);
        let Cause::Deadline(brief) = alert.cause.clone() else { panic!("a ladder is of a deadline") };
        let deadline = EntryDeadline { instance: instance.into(), ..brief.deadline.clone() };
        Alert { cause: Cause::Deadline(Box::new(DeadlineBrief { deadline, ..*brief })), ..alert }
    };
    let liquidation = || "liquidation".to_owned();
    let told = vec![
        numbered(liquidation(), "14", (2026, 8, 19)),
        numbered(liquidation(), "moved", (2026, 8, 20)),
        numbered("reliquidation".to_owned(), "14", (2026, 8, 19)),
    ];
    let (letter, alerts) = sample::letter(digest, told);
    let calendar = attached::calendar_of(&letter, &alerts).expect("dates to act by");
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2, "{calendar}");
    assert!(String::from_utf8_lossy(render_letter(&letter, &alerts).bytes()).contains("deadlines.ics"));

    let many: Vec<Alert> = (0..501).map(|at| numbered(at.to_string(), "14", (2026, 8, 19))).collect();
    let (letter, alerts) = sample::letter(digest, many);
    assert_eq!(attached::calendar_of(&letter, &alerts), None);
    let mail = render_letter(&letter, &alerts);
    assert!(!String::from_utf8_lossy(mail.bytes()).contains("deadlines.ics"));
    assert!(mail.text().contains("501 deadlines are more than a mail attaches"), "{}", mail.text());
    let (over, alerts) = sample::letter(LetterKind::Over, alerts[..1].to_vec());
    assert_eq!(attached::calendar_of(&over, &alerts), None, "nothing is to be done any more");
}
