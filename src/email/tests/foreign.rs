//! That nothing foreign breaks out of its place.

use super::*;

/// Fills every foreign field of every shape of alert with the same text.
pub(super) fn poisoned(text: &str) -> Vec<Alert> {
    let boxed = || -> Box<str> { text.into() };
    let clock = EntryDeadline {
        id: boxed(),
        instance: boxed(),
        because: boxed(),
        may_be_over: boxed(),
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
