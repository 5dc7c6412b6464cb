//! Mails of invented alerts: what they look like, what they say, and that nothing foreign breaks out of its place.

mod clocks;
mod foreign;
mod looks;
mod overrides;
mod wording;

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
