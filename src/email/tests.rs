//! What the mails look like, and that nothing foreign breaks out of its place.

use std::collections::BTreeMap;

use std::fs;
use std::sync::OnceLock;

use expect_test::{ExpectFile, expect, expect_file};

use super::sample::{self, day, letter};
use super::*;
use crate::clock::{CUSTOMS_ZONE, Zone};
use crate::entry::{ClockMove, DeadlineState, EntryDeadline, InternalTarget, Provenance, Standing};
use crate::ident::BrokerName;
use crate::notice::{EventTime, Kind};
use crate::outbox::{
    Alert, AlertKey, Cause, DeadlineBrief, EntryBrief, Letter, LetterKind, NoticeBrief, TroubleBrief, Wait,
};
use crate::place::Severity;

fn settings() -> MailSettings {
    let zone = Zone::named(CUSTOMS_ZONE).expect("the system has the tz database");
    MailSettings::new("entrywatch <alerts@example.com>", "example.com", zone).expect("good settings")
}

fn render(kind: LetterKind, alerts: Vec<Alert>) -> Mail {
    let (letter, alerts) = letter(kind, alerts);
    render_letter(&letter, &alerts)
}

fn render_letter(letter: &Letter, alerts: &[Alert]) -> Mail {
    static RENDERER: OnceLock<Renderer> = OnceLock::new();
    let renderer = RENDERER.get_or_init(|| Renderer::new(None, settings()).expect("our own templates work"));
    renderer.render(letter, alerts).expect("a mail")
}

/// The mail of one alert, written at this instant.
fn at(alert: Alert, written: &str) -> Mail {
    let (letter, alerts) = letter(LetterKind::Alert, vec![alert]);
    render_letter(&Letter { created_at: sample::instant(written), ..letter }, &alerts)
}

fn check(mail: &Mail, text: ExpectFile, html: ExpectFile) {
    text.assert_eq(mail.text());
    html.assert_eq(mail.html());
    for line in mail.text().lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        assert_eq!(
            line.trim_end_matches("-- "),
            line.trim_end().trim_end_matches("--"),
            "trailing blanks: {line}"
        );
    }
}

fn notice(
    kind: Kind,
    code: &str,
    table: &str,
    meaning: &str,
    fields: &[(&str, &str)],
    line: &str,
) -> NoticeBrief {
    NoticeBrief {
        kind,
        code: Some(code.into()),
        table: Some(table.into()),
        meaning: Some(meaning.into()),
        bill: None,
        fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        source_line: line.into(),
        ..sample::notice()
    }
}

fn about(rule: &str, title: &str, severity: Severity, cause: Cause, next_step: &str) -> Alert {
    Alert {
        key: AlertKey::new(rule, "ABC12345676", title),
        rule: rule.into(),
        title: title.into(),
        severity,
        cause,
        next_step: next_step.into(),
        ..sample::hold()
    }
}

fn ladder(days_left: i64, step: &str, on: (i32, u32, u32)) -> Alert {
    let Cause::Deadline(brief) = sample::deadline().cause else { panic!("the sample is a deadline") };
    let on = day(on.0, on.1, on.2);
    let brief = DeadlineBrief { days_left, step: step.into(), on, ..*brief };
    let severity = if days_left <= 14 { Severity::Critical } else { Severity::Warning };
    Alert {
        key: AlertKey::new("protest", "ABC12345676", step),
        severity,
        cause: Cause::Deadline(Box::new(brief)),
        deadlines: vec![sample::protest_due()],
        ..sample::deadline()
    }
}

#[test]
fn hold() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    expect!["[CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers)"]
        .assert_eq(mail.subject());
    check(&mail, expect_file!["snapshots/hold.txt"], expect_file!["snapshots/hold.html"]);
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
    check(&mail, expect_file!["snapshots/documents.txt"], expect_file!["snapshots/documents.html"]);
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
    check(&mail, expect_file!["snapshots/rejected.txt"], expect_file!["snapshots/rejected.html"]);
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
    check(&mail, expect_file!["snapshots/liquidation.txt"], expect_file!["snapshots/liquidation.html"]);
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
        expect_file![format!("snapshots/{name}.txt")].assert_eq(mail.text());
        expect_file![format!("snapshots/{name}.html")].assert_eq(mail.html());
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
    check(&mail, expect_file!["snapshots/protest-14.txt"], expect_file!["snapshots/protest-14.html"]);
    let mail = at(ladder(-3, "overdue", (2026, 9, 5)), "2026-09-05T13:00:00Z");
    check(&mail, expect_file!["snapshots/overdue.txt"], expect_file!["snapshots/overdue.html"]);
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
    expect!["[CRITICAL] ABC-1234567-6 Liquidated above what was paid: reliquidation (ACME Brokers), Protest of 2026-11-13 in 170 days, act by 2027-05-12"]
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
    expect!["[WARNING] ABC-1234567-6 Entry summary: our target 2026-11-20 passed 3 days ago, act by 2026-11-30 (ACME Brokers)"].assert_eq(mail.subject());
    check(&mail, expect_file!["snapshots/our-target.txt"], expect_file!["snapshots/our-target.html"]);
}

#[test]
fn trouble_and_quarantine() {
    let mail = render(LetterKind::Alert, vec![sample::trouble()]);
    check(&mail, expect_file!["snapshots/trouble.txt"], expect_file!["snapshots/trouble.html"]);
    let alert = Alert { cause: sample::quarantine(), rule: "quarantine".into(), ..sample::trouble() };
    let mail = render(LetterKind::Alert, vec![alert]);
    expect!["[WARNING] file 350.edi: One message of file 350.edi could not be read: its trailer is missing. (ACME Brokers)"]
        .assert_eq(mail.subject());
    check(&mail, expect_file!["snapshots/quarantine.txt"], expect_file!["snapshots/quarantine.html"]);
}

#[test]
fn unknown_code() {
    let mail = render(LetterKind::Alert, vec![sample::unknown_code()]);
    expect!["[CRITICAL] ABC-1234567-6 unknown code ZZ (ACME Brokers)"].assert_eq(mail.subject());
    check(&mail, expect_file!["snapshots/unknown-code.txt"], expect_file!["snapshots/unknown-code.html"]);
}

fn release(serial: &str, broker: &str) -> Alert {
    let brief = notice(Kind::ReleaseStatus, "98", "so60-entry-dispositions", "Released", &[], "SO6098");
    let number = crate::ident::EntryNumber::parse(serial).expect(serial);
    Alert {
        key: AlertKey::new("released", serial, "x"),
        entry: Some(EntryBrief {
            number,
            status: "released".into(),
            broker: BrokerName::new(broker),
            open_holds: Vec::new(),
            ..sample::entry()
        }),
        deadlines: vec![sample::summary_due()],
        ..about("released", "Released", Severity::Info, Cause::Notice(Box::new(brief)), "")
    }
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
    check(&mail, expect_file!["snapshots/digest.txt"], expect_file!["snapshots/digest.html"]);
}

#[test]
fn several_alerts_share_a_mail() {
    let mail = render(LetterKind::Alert, vec![sample::deadline(), sample::hold(), sample::unknown_code()]);
    expect!["[CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers) (+2 more)"]
        .assert_eq(mail.subject());
    assert_eq!(mail.text().matches("WHAT HAPPENED").count(), 3);
    let many = vec![sample::hold(); Letter::ALERTS_MAX];
    let mail = render(LetterKind::Alert, many.clone());
    assert_eq!(mail.text().matches("WHAT HAPPENED").count(), 20);
    assert!(mail.text().contains("480 MORE"));
    let digest = render(LetterKind::Digest { day: day(2026, 3, 2) }, many);
    assert!(digest.bytes().len() < 1 << 20, "a full digest has {} bytes", digest.bytes().len());
}

#[test]
fn the_head_of_a_mail() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    let bytes = String::from_utf8(mail.bytes().to_vec()).expect("ASCII");
    let head = bytes.split("\r\n\r\n").next().unwrap_or_default();
    expect![[r#"
        From: entrywatch <alerts@example.com>
        To: ops@example.com
        Subject: [CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME
         Brokers)
        Date: Mon, 02 Mar 2026 14:20:05 +0000
        Message-ID: <68652643c7bb24091a3c0f6b945e9111@example.com>
        In-Reply-To: <entry-8c4a0bc99b69c289f54c0857933de9cd@example.com>
        References: <entry-8c4a0bc99b69c289f54c0857933de9cd@example.com>
        Auto-Submitted: auto-generated
        Importance: high
        X-Priority: 1
        X-Entrywatch-Severity: critical
        X-Entrywatch-Entry: ABC-1234567-6
        X-Entrywatch-Rule: hold
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="entrywatch-68652643c7bb24091a3c0f6b945e9111"
    "#]]
    .assert_eq(&(head.replace("\r\n", "\n") + "\n"));
}

/// The words of an HTML page as a reader sees them; the title stands for the subject.
fn seen(html: &str) -> String {
    let style = html.find("<style>").zip(html.find("</style>"));
    let html = style.map_or(html.to_owned(), |(from, to)| format!("{}{}", &html[..from], &html[to..]));
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => (is_tag, text) = (true, text + " "),
            '>' if is_tag => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let marks =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    marks.iter().fold(text, |text, (mark, c)| text.replace(mark, c))
}

/// Each word and how often it stands, without case and punctuation.
fn words(text: &str) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

#[test]
fn text_and_html_say_the_same() {
    let alerts =
        || vec![release("ABC12345676", "ACME Brokers"), ladder(90, "90", (2026, 6, 4)), sample::trouble()];
    let mut letters: Vec<(Letter, Vec<Alert>)> = sample::letters();
    letters.push(letter(LetterKind::Digest { day: day(2026, 3, 2) }, alerts()));
    letters.push(letter(LetterKind::Alert, vec![sample::hold(); 25]));
    letters
        .push(letter(LetterKind::Alert, vec![ladder(-3, "overdue", (2026, 9, 5)), sample::unknown_code()]));
    for (letter, alerts) in letters {
        let mail = render_letter(&letter, &alerts);
        // The head of a digest is no part of what is seen; the text of an alert begins with its subject, as its title does.
        let html = match letter.kind {
            LetterKind::Digest { .. } => mail.html().split_once("</title>").expect("a title").1,
            _ => mail.html(),
        };
        let (text, html) = (words(mail.text()), words(&seen(html)));
        let only = |of: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| -> Vec<String> {
            of.iter()
                .filter(|(word, count)| other.get(*word) != Some(count))
                .map(|(word, n)| format!("{word} {n}"))
                .collect()
        };
        assert_eq!((only(&text, &html), only(&html, &text)), (vec![], vec![]), "{}", mail.subject());
    }
}

#[test]
fn what_to_do_stands_before_what_was_sent() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    for body in [mail.text().to_lowercase(), mail.html().to_lowercase()] {
        let at = |part: &str| body.find(part).unwrap_or_else(|| panic!("no {part}"));
        let order = ["money", "what to do next", "what happened", "deadlines of this entry", "source"];
        assert!(order.is_sorted_by_key(|part| at(part)), "{body}");
    }
    assert!(
        mail.text().contains("Protest of 2026-03-06 (PROTEST_DUE@liquidation)"),
        "clocks have names: {}",
        mail.text()
    );
}

#[test]
fn a_letter_rendered_again_has_the_same_bytes() {
    for (letter, alerts) in sample::letters() {
        assert_eq!(render_letter(&letter, &alerts).bytes(), render_letter(&letter, &alerts).bytes());
    }
}

#[test]
fn mails_about_one_entry_share_a_thread() {
    let thread = |alert: Alert| {
        let mail = render(LetterKind::Alert, vec![alert]);
        headers(&mail).into_iter().find(|(name, _)| name == "References").map(|(_, value)| value)
    };
    assert!(thread(sample::hold()).is_some());
    assert_eq!(thread(sample::hold()), thread(sample::deadline()));
    assert_ne!(thread(sample::hold()), thread(release("XYZ76543211", "Bolt")));
    assert!(thread(sample::trouble()).is_some());
    assert_ne!(thread(sample::trouble()), thread(sample::hold()));
}

/// The unfolded headers of a mail.
fn headers(mail: &Mail) -> Vec<(String, String)> {
    let bytes = String::from_utf8(mail.bytes().to_vec()).expect("a mail is ASCII");
    let head = bytes.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    head.split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// Fills every foreign field of every shape of alert with the same text.
fn poisoned(text: &str) -> Vec<Alert> {
    let boxed = || -> Box<str> { text.into() };
    let clock = EntryDeadline {
        id: boxed(),
        instance: boxed(),
        because: boxed(),
        basis: boxed(),
        state: DeadlineState::Open,
        ..sample::protest_due()
    };
    let mut clock = clock;
    for fact in &mut clock.from {
        fact.input = boxed();
        fact.value = boxed();
        fact.source = boxed();
    }
    let entry = EntryBrief {
        status: boxed(),
        broker: BrokerName::new(text),
        entry_type: Some(text.into()),
        port: Some(text.into()),
        importer: Some(boxed()),
        broker_reference: Some(boxed()),
        orders: vec![boxed(); 30],
        bills: vec![boxed(); 30],
        at_stake: boxed(),
        ..sample::entry()
    };
    let brief = NoticeBrief {
        code: Some(text.into()),
        table: Some(boxed()),
        meaning: Some(boxed()),
        bill: Some(boxed()),
        fields: vec![(boxed(), boxed()); 60],
        source_line: boxed(),
        file_name: boxed(),
        ..sample::notice()
    };
    let ladder = DeadlineBrief {
        deadline: clock.clone(),
        name: boxed(),
        days_left: 3,
        step: boxed(),
        on: day(2026, 3, 2),
        steps: vec![text.to_owned(); 60],
        rule: boxed(),
        confidence: None,
        evidence: vec![boxed(); 60],
        sequence: 1,
        moved: Some(Box::new(ClockMove {
            deadline: boxed(),
            sequence: 1,
            at: chrono::DateTime::UNIX_EPOCH,
            from: Standing { due: boxed(), act_by: None, target: None, state: DeadlineState::Open },
            to: Standing { due: boxed(), act_by: None, target: None, state: DeadlineState::Open },
            cause: boxed(),
            notice: None,
        })),
        target: Some(InternalTarget {
            deadline: boxed(),
            date: day(2026, 3, 2),
            by: boxed(),
            reason: boxed(),
            set_at: chrono::DateTime::UNIX_EPOCH,
        }),
    };
    let trouble = TroubleBrief {
        subject: boxed(),
        code: boxed(),
        message: text.to_owned(),
        advice: text.to_owned(),
        file: None,
        place: None,
    };
    let base = |cause| Alert {
        key: AlertKey::parse(text),
        rule: boxed(),
        title: boxed(),
        entry: Some(entry.clone()),
        cause,
        deadlines: vec![clock.clone(); 40],
        next_step: boxed(),
        ..sample::hold()
    };
    vec![
        base(Cause::Notice(Box::new(brief.clone()))),
        base(Cause::Notice(Box::new(NoticeBrief { meaning: None, ..brief }))),
        base(Cause::Deadline(Box::new(ladder))),
        base(Cause::Trouble(trouble)),
    ]
}

const POISONS: &[&str] = &[
    "x\r\nBcc: victim@example.com\r\n\r\n<h1>hi</h1>",
    "x\nBcc: victim@example.com\n.\nMAIL FROM:<a@example.com>",
    "\r\n.\r\nMAIL FROM:<a@example.com>",
    "Bcc: victim@example.com",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onmouseover='x",
    "</title></style></pre><a href=\"https://evil.example.com\">click</a>",
    "{{ 7*191 }}{% for x in range(999999) %}x{% endfor %}{# #}",
    "=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
    "\u{202e}gnp.exe\u{0}\u{1b}[2J\u{7f}\u{85}\u{2028}",
    "Zoë Größe 港 🚢 ½",
    "--entrywatch-",
];

#[test]
fn nothing_foreign_becomes_a_header() {
    let names = |mail: &Mail| headers(mail).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let kinds = [LetterKind::Alert, LetterKind::Digest { day: day(2026, 3, 2) }];
    for kind in kinds {
        for index in 0..4 {
            let plain = names(&render(kind, vec![poisoned("plain").swap_remove(index)]));
            for poison in POISONS {
                let mail = render(kind, vec![poisoned(poison).swap_remove(index)]);
                assert_eq!(names(&mail), plain, "{poison:?}");
                assert!(!mail.subject().chars().any(char::is_control), "{poison:?}");
                assert!(!mail.subject().contains("=?"), "{poison:?}");
                assert!(mail.bytes().is_ascii());
                assert_eq!(envelope(&mail), ["ops@example.com"], "{poison:?}");
            }
        }
    }
}

fn envelope(mail: &Mail) -> Vec<String> {
    mail.envelope().to().iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_foreign_becomes_html() {
    /// The tags without what stands between them, but with all their attributes.
    fn tags(html: &str) -> Vec<&str> {
        html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect()
    }
    for kind in [LetterKind::Alert, LetterKind::Digest { day: day(2026, 3, 2) }] {
        let plain = render(kind, poisoned("plain text"));
        let plain = tags(plain.html());
        for poison in POISONS.iter().filter(|poison| !poison.contains('\n')) {
            let mail = render(kind, poisoned(poison));
            assert!(tags(mail.html()) == plain, "the tags differ: {poison:?}");
            assert!(!mail.html().contains("1337"), "a template in a field was run: {poison:?}");
        }
        for poison in POISONS {
            let mail = render(kind, poisoned(poison));
            for bad in ["<script", "<img", "onerror=alert(1)>", "href=\"https://evil"] {
                assert!(!mail.html().contains(bad), "{poison:?}");
            }
            assert!(!mail.html().chars().chain(mail.text().chars()).any(|c| c.is_control() && c != '\n'));
        }
    }
}

#[test]
fn long_fields_are_cut() {
    let long = format!("{}<b>", "A very long remark é ".repeat(5_000));
    for kind in [LetterKind::Alert, LetterKind::Digest { day: day(2026, 3, 2) }] {
        let mail = render(kind, poisoned(&long));
        assert!(mail.subject().chars().count() <= 180);
        assert!(mail.bytes().len() < 1 << 20, "{} bytes", mail.bytes().len());
        assert!(mail.bytes().split(|byte| *byte == b'\n').all(|line| line.len() <= 1_000));
    }
    assert!(render(LetterKind::Alert, poisoned(&long)).text().contains(" bytes)"));
    // One word without a blank in it.
    let mail = render(LetterKind::Alert, poisoned(&"A".repeat(100_000)));
    assert!(mail.bytes().split(|byte| *byte == b'\n').all(|line| line.len() <= 1_000));
    headers(&mail);
}

#[test]
fn importer_numbers_of_individuals_are_hidden() {
    let mut alert = sample::hold();
    if let Some(entry) = &mut alert.entry {
        entry.importer = Some("123-45-6789".into());
    }
    if let Cause::Notice(brief) = &mut alert.cause {
        brief.source_line = "SO10ABC12345676 123-45-6789  01".into();
        brief.fields.push(("importer_number".into(), "123-45-6789".into()));
    }
    let mail = render(LetterKind::Alert, vec![alert]);
    assert!(!mail.text().contains("123-45") && !mail.html().contains("123-45"));
    assert_eq!(mail.text().matches("***-**-6789").count(), 4);
}

#[test]
fn a_bad_recipient_is_an_error_for_good() {
    let (letter, alerts) = letter(LetterKind::Alert, vec![sample::hold()]);
    let renderer = Renderer::new(None, settings()).expect("our own templates work");
    let letter = Letter { recipient: "ops@example.com\r\nRCPT TO:<x@example.com>".into(), ..letter };
    let error = renderer.render(&letter, &alerts).expect_err("no address");
    assert!(!error.is_transient());
    assert!(matches!(error.outcome(), crate::outbox::Outcome::Rejected { .. }));
    assert!(renderer.render(&letter, &[]).is_err());
}

fn with_override(name: &str, source: &str) -> Result<Renderer, TemplateError> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), source).expect("written");
    let result = Renderer::new(Some(folder.path()), settings());
    result.map_err(|error| match error {
        TemplateError::Faulty { path, line, problem } => TemplateError::Faulty {
            path: path.file_name().map(Into::into).unwrap_or_default(),
            line,
            problem,
        },
        TemplateError::Unknown { path } => {
            TemplateError::Unknown { path: path.file_name().map(Into::into).unwrap_or_default() }
        }
        other => other,
    })
}

#[test]
fn broken_overrides_are_found_at_start() {
    let problem = |name: &str, source: &str| with_override(name, source).err().map(|error| error.to_string());
    expect![[r#"
        alert.txt:2: the template fails: undefined value: `subjekt` is undefined (in alert.txt:2)
        ---------------------------------- alert.txt ----------------------------------
           1 | one
           2 > {{ subjekt }}
             i    ^^^^^^^ undefined value"#]]
    .assert_eq(&problem("alert.txt", "one\n{{ subjekt }}\n").unwrap_or_default());
    expect![[r#"
        digest.html:1: the template fails: syntax error: unexpected end of input, expected end of block (in digest.html:1)
        --------------------------------- digest.html ---------------------------------
           1 > {% for x in groups %}
             i                    ^^ syntax error"#]].assert_eq(&problem("digest.html", "{% for x in groups %}").unwrap_or_default());
    expect![[r#"
        alert.html:1: the template fails: unknown filter: filter safe is unknown (in alert.html:1)
        --------------------------------- alert.html ----------------------------------
           1 > {{ subject|safe }}
             i            ^^^^ unknown filter"#]]
    .assert_eq(&problem("alert.html", "{{ subject|safe }}").unwrap_or_default());
    expect!["`alerts.txt` replaces no template (templates: alert.txt, alert.html, digest.txt, digest.html)"]
        .assert_eq(&problem("alerts.txt", "x").unwrap_or_default());
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(problem("alert.txt", endless).is_some());
    assert!(problem("alert.txt", "{{ ('x' * 100) * 1000000 }}").is_some());
}

#[test]
fn overrides_replace_one_template_and_still_escape() {
    let renderer = with_override("alert.html", "<p>{{ sections[0].happened }}</p>").expect("a good override");
    let poison = "<b>bold</b>";
    let (letter, alerts) = letter(LetterKind::Alert, vec![poisoned(poison).swap_remove(0)]);
    let mail = renderer.render(&letter, &alerts).expect("a mail");
    assert!(mail.html().starts_with("<p>Customs sent") && mail.html().contains("&lt;b&gt;bold"));
    assert!(mail.text().contains("WHAT HAPPENED"));
}

#[test]
fn an_override_that_fails_later_gives_way_to_our_own() {
    let picky = "{% if sections[0].entry and sections[0].entry.number == 'XYZ-7654321-1' %}{{ nothing }}{% endif %}ours";
    let renderer = with_override("alert.txt", picky).expect("fine with the samples");
    let text = |alert: Alert| {
        let (letter, alerts) = letter(LetterKind::Alert, vec![alert]);
        renderer.render(&letter, &alerts).expect("a mail").text().to_owned()
    };
    assert_eq!(text(sample::hold()), "ours");
    assert!(text(release("XYZ76543211", "Bolt")).contains("WHAT HAPPENED"));
}

#[tokio::test]
async fn files_are_whole_and_written_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let outbox = folder.path().join("outbox");
    let mut courier = EmlCourier::new(&outbox).expect("a folder of its own");
    let mails =
        [render(LetterKind::Alert, vec![sample::hold()]), render(LetterKind::Alert, vec![sample::trouble()])];
    for _ in 0..2 {
        let outcomes = courier.deliver(&mails).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, crate::outbox::Outcome::Accepted { .. })));
        let mut names: Vec<_> =
            fs::read_dir(&outbox).expect("listed").map(|file| file.expect("a file").file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        for mail in &mails {
            let name = EmlCourier::file_name(mail);
            assert!(name.starts_with("20260302T142005Z-") && name.ends_with(".eml"));
            assert_eq!(fs::read(outbox.join(name)).expect("read"), mail.bytes());
        }
    }
    fs::remove_dir_all(&outbox).expect("removed");
    let outcomes = courier.deliver(&mails).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, crate::outbox::Outcome::Refused { .. })));
    assert_eq!(outcomes.len(), 2);
}
