//! What the mails look like.

use super::*;

#[test]
fn hold() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    expect!["[CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers)"]
        .assert_eq(mail.subject());
    check(&mail, expect_file!["../snapshots/hold.txt"], expect_file!["../snapshots/hold.html"]);
}

#[test]
fn documents() {
    let brief = notice(
        Kind::ReleaseStatus,
        "06",
        "so60-entry-dispositions",
        "Documents required",
        &[("document_codes", "INV PKL"), ("team", "CEE-06")],
        "SO60060302261014                    INV PKL",
    );
    let step = "Confirm which papers are asked for and check them against the filed data.\n\
                Upload them with the entry number and the right label, and confirm receipt.\n\
                No movement in 1 working day: call the port or the Center.";
    let cause = Cause::Notice(Box::new(brief));
    let alert = about("documents", "Documents required", Severity::Critical, cause, step);
    let mail = render(LetterKind::Alert, vec![Alert { deadlines: Vec::new(), ..alert }]);
    expect!["[CRITICAL] ABC-1234567-6 Documents required (ACME Brokers)"].assert_eq(mail.subject());
    check(&mail, expect_file!["../snapshots/documents.txt"], expect_file!["../snapshots/documents.html"]);
}

#[test]
fn rejected() {
    let brief = notice(
        Kind::SummaryResponse,
        "S01",
        "ax-conditions",
        "Entry summary rejected: bond is insufficient",
        &[("condition_code", "S01"), ("narrative", "BOND NOT SUFFICIENT FOR ENTRY")],
        "AXE0S01BOND NOT SUFFICIENT FOR ENTRY",
    );
    let brief = NoticeBrief { clock: Some("ES_DUE".into()), ..brief };
    let step = "Fix the fault, not its sign, and send the summary again with the same entry number.";
    let cause = Cause::Notice(Box::new(brief));
    let mail = render(
        LetterKind::Alert,
        vec![about("rejected", "Entry summary rejected", Severity::Critical, cause, step)],
    );
    check(&mail, expect_file!["../snapshots/rejected.txt"], expect_file!["../snapshots/rejected.html"]);
}

#[test]
fn liquidation() {
    let brief = notice(
        Kind::Liquidation,
        "01",
        "nr-liquidation-types",
        "Liquidated with an increase",
        &[("event", "liquidation"), ("liquidation_date", "2026-03-06"), ("difference", "1250.00")],
        "NR10ABC12345676 01030626 0000125000",
    );
    let mut alert = about(
        "liquidation-increase",
        "Liquidation with increase",
        Severity::Critical,
        Cause::Notice(Box::new(NoticeBrief {
            at: EventTime::parse("2026-03-06"),
            clock: Some("PROTEST_DUE@liquidation".into()),
            ..brief
        })),
        "Compare liquidated with entered: duty, tax, fee, value, class, quantity.\n\
         Decide inside 30 days whether to pay and protest.",
    );
    alert.deadlines = vec![sample::protest_due()];
    alert.entry = Some(EntryBrief {
        status: "liquidated".into(),
        open_holds: Vec::new(),
        at_stake: "Liquidated 1,250.00 above what was paid".into(),
        ..sample::entry()
    });
    let mail = render(LetterKind::Alert, vec![alert]);
    check(&mail, expect_file!["../snapshots/liquidation.txt"], expect_file!["../snapshots/liquidation.html"]);
}

#[test]
fn what_is_said_again_gathered_or_over() {
    let base = Some("https://entrywatch.example.com");
    let key = secrecy::SecretString::from("a key of the tests that is long enough to sign links");
    let tickets = crate::outbox::Tickets::new(key, base).expect("a key and a base");
    let renderer =
        Renderer::new(None, settings()).expect("our own templates work").with_links(tickets.into());
    let hold = |serial: &str| {
        let number = crate::ident::EntryNumber::parse(serial).expect(serial);
        let entry = Some(EntryBrief { number, ..sample::entry() });
        Alert { key: AlertKey::new("hold", serial, "02"), entry, ..sample::hold() }
    };
    let mut subjects = String::new();
    for (name, kind, alerts) in [
        ("reminder", LetterKind::Reminder { nth: 2 }, vec![sample::hold()]),
        ("escalation", LetterKind::Escalation { level: 1 }, vec![sample::hold()]),
        ("over", LetterKind::Over, vec![sample::hold()]),
        ("bundle", LetterKind::Bundle { wait: Wait::Quiet }, vec![hold("ABC12345676"), hold("XYZ76543211")]),
    ] {
        let (letter, alerts) = letter(kind, alerts);
        let mail = renderer.render(&letter, &alerts).expect("it renders");
        assert!(
            !mail.text().contains("/entries/") && !mail.html().contains("/entries/"),
            "no page of an entry"
        );
        subjects = subjects + mail.subject() + "\n";
        expect_file![format!("../snapshots/{name}.txt")].assert_eq(mail.text());
        expect_file![format!("../snapshots/{name}.html")].assert_eq(mail.html());
    }
    // The end of a trouble is nothing that anybody could take care of.
    for (occasion, has_link) in [("17", true), ("17-over", false)] {
        let alert = Alert { key: AlertKey::new("drop-trouble", "drop acme", occasion), ..sample::trouble() };
        let (letter, alerts) = letter(LetterKind::Alert, vec![alert]);
        let mail = renderer.render(&letter, &alerts).expect("it renders");
        assert_eq!(mail.text().contains("/ack/"), has_link, "{occasion}");
        assert_eq!(mail.html().contains("I take care of it"), has_link, "{occasion}");
    }
    expect![[r#"
        [CRITICAL] Reminder 2: ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers)
        [CRITICAL] Not acknowledged: ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers)
        [OVER] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers)
        [CRITICAL] 2 alerts on 2 entries: CBP or agency hold (ACME Brokers)
    "#]]
    .assert_eq(&subjects);
}

#[test]
fn trouble_and_quarantine() {
    let mail = render(LetterKind::Alert, vec![sample::trouble()]);
    check(&mail, expect_file!["../snapshots/trouble.txt"], expect_file!["../snapshots/trouble.html"]);
    let alert = Alert { cause: sample::quarantine(), rule: "quarantine".into(), ..sample::trouble() };
    let mail = render(LetterKind::Alert, vec![alert]);
    expect!["[WARNING] file 350.edi: One message of file 350.edi could not be read: its trailer is missing. (ACME Brokers)"]
        .assert_eq(mail.subject());
    check(&mail, expect_file!["../snapshots/quarantine.txt"], expect_file!["../snapshots/quarantine.html"]);
}

#[test]
fn unknown_code() {
    let mail = render(LetterKind::Alert, vec![sample::unknown_code()]);
    expect!["[CRITICAL] ABC-1234567-6 unknown code ZZ (ACME Brokers)"].assert_eq(mail.subject());
    check(
        &mail,
        expect_file!["../snapshots/unknown-code.txt"],
        expect_file!["../snapshots/unknown-code.html"],
    );
}

#[test]
fn digest() {
    let alerts = vec![
        release("ABC12345676", "ACME Brokers"),
        Alert { deadlines: Vec::new(), ..release("XYZ76543211", "Bolt & Sons") },
        ladder(90, "90", (2026, 6, 4)),
        sample::trouble(),
    ];
    let mail = render(LetterKind::Digest { day: day(2026, 3, 2) }, alerts);
    expect!["[DIGEST] Mon 2026-03-02: 4 alerts on 2 entries"].assert_eq(mail.subject());
    check(&mail, expect_file!["../snapshots/digest.txt"], expect_file!["../snapshots/digest.html"]);
}
