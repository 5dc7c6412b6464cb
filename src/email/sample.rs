//! Invented alerts, one of each shape: every template is rendered with them when the service starts, so that a name
//! that does not exist is found before the first real alert.

mod rare;

use chrono::{DateTime, NaiveDate, Utc};

use crate::entry::{DeadlineState, EntryDeadline, Provenance};
use crate::ident::{BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::notice::{EventTime, Kind};
use crate::outbox::{
    Alert, AlertKey, Cause, DeadlineBrief, EntryBrief, Grounds, HoldBrief, Letter, LetterKey, LetterKind,
    LetterState, NoticeBrief, Past, TroubleBrief, Wait,
};
use crate::place::{Place, Severity};

/// A link as those of mails that can be answered.
pub(super) const LINK: &str = "https://entrywatch.example.com/ack/3f2a9c";

/// A letter of each shape of alert, with one of each, one that is too long to be told in full, and a digest.
pub(super) fn letters() -> Vec<(Letter, Vec<Alert>)> {
    let shapes = shapes();
    let many: Vec<Alert> =
        shapes.iter().cycle().take(super::view::SECTIONS_MAX + shapes.len()).cloned().collect();
    let on = day(2026, 3, 2);
    let mut letters: Vec<_> =
        shapes.iter().map(|alert| letter(LetterKind::Alert, vec![alert.clone()])).collect();
    letters.extend([
        letter(LetterKind::Alert, shapes.clone()),
        letter(LetterKind::Alert, many.clone()),
        letter(LetterKind::Bundle { wait: Wait::Flood }, many),
        letter(LetterKind::Reminder { nth: 2 }, shapes.clone()),
        letter(LetterKind::Escalation { level: 1 }, shapes.clone()),
        letter(LetterKind::Over, shapes.clone()),
        letter(LetterKind::Digest { day: on }, shapes),
    ]);
    letters.extend(rare::letters());
    letters
}

/// Letters about more than their tables and calendars hold: they take longer than all the others together.
pub(super) fn large_letters() -> Vec<(Letter, Vec<Alert>)> {
    rare::large()
}

/// A letter about these alerts, as the outbox would write it.
pub(super) fn letter(kind: LetterKind, alerts: Vec<Alert>) -> (Letter, Vec<Alert>) {
    let recipient = "ops@example.com";
    let keys: Vec<AlertKey> = alerts.iter().map(|alert| alert.key.clone()).collect();
    let letter = Letter {
        key: LetterKey::of(recipient, &keys),
        recipient: recipient.into(),
        kind,
        entry: alerts.first().and_then(|alert| alert.entry.as_ref()).map(|entry| entry.number),
        severity: alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Info),
        alerts: keys,
        created_at: instant("2026-03-02T14:20:05Z"),
        state: LetterState::Waiting {
            attempt: 0,
            next_try_at: instant("2026-03-02T14:20:05Z"),
            last_error: None,
            may_have_arrived: false,
        },
        past: Past::default(),
        marks: Vec::new(),
        grounds: Grounds::default(),
    };
    (letter, alerts)
}

/// Letters that a rule with this title and advice may lead to: each shape of its subject alone, and the shapes together
/// in a digest, at every severity.
pub fn letters_of_rule(
    subject: SampleSubject,
    name: &str,
    title: &str,
    advice: &str,
) -> Vec<(Letter, Vec<Alert>)> {
    let shapes: Vec<Alert> = shapes().into_iter().filter(|alert| subject.has(&alert.cause)).collect();
    let mut letters = Vec::new();
    for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
        let dressed = |alert: &Alert| Alert {
            rule: name.into(),
            title: title.into(),
            next_step: advice.into(),
            severity,
            ..alert.clone()
        };
        let alerts: Vec<Alert> = shapes.iter().map(dressed).collect();
        letters.extend(alerts.iter().map(|alert| letter(LetterKind::Alert, vec![alert.clone()])));
        letters.push(letter(LetterKind::Digest { day: day(2026, 3, 2) }, alerts));
    }
    letters
}

/// What the sample alerts of a rule are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SampleSubject {
    Notice,
    Deadline,
    Trouble,
}

impl SampleSubject {
    fn has(self, cause: &Cause) -> bool {
        match cause {
            Cause::Notice(_) => self == Self::Notice,
            Cause::Deadline(_) => self == Self::Deadline,
            Cause::Trouble(_) => self == Self::Trouble,
        }
    }
}

fn shapes() -> Vec<Alert> {
    let bare = Alert { entry: None, deadlines: Vec::new(), next_step: "".into(), ..unknown_code() };
    vec![hold(), bare, deadline(), undated(), trouble(), Alert { cause: quarantine(), ..trouble() }]
}

/// A hold of a partner agency, with all that can be known.
pub(super) fn hold() -> Alert {
    Alert {
        entry: Some(entry()),
        deadlines: vec![summary_due(), protest_due()],
        next_step: "Find who placed the hold and against what.\nSend FDA what it asks for. Never deliver."
            .into(),
        ..alert("hold", "CBP or agency hold", Severity::Critical, Cause::Notice(Box::new(notice())))
    }
}

/// A code that no table explains.
pub(super) fn unknown_code() -> Alert {
    let cause = NoticeBrief {
        code: Some("ZZ".into()),
        table: None,
        meaning: None,
        at: None,
        bill: None,
        fields: Vec::new(),
        ..notice()
    };
    Alert {
        entry: Some(entry()),
        next_step: "Ask the broker what the message says.".into(),
        ..alert("unknown-code", "Unknown code", Severity::Critical, Cause::Notice(Box::new(cause)))
    }
}

/// A legal deadline on its ladder.
pub(super) fn deadline() -> Alert {
    let brief = DeadlineBrief {
        deadline: protest_due(),
        name: "Protest".into(),
        days_left: 184,
        step: "start".into(),
        on: day(2026, 3, 2),
        steps: vec![
            "2026-03-06 Fri is day 0".to_owned(),
            "plus 180 calendar days is 2026-09-02 Wed".to_owned(),
        ],
        rule: "PROTEST_DUE: 180 calendar days, forward (since 2004-12-18, table 5c1f09a2b7d3e864)".into(),
        confidence: Some(crate::deadline::Confidence::Confirmed),
        evidence: vec!["liquidation_date from liquidation L, nr.txt line 4, sha256 9f86d081884c".into()],
        sequence: 0,
        moved: None,
        target: None,
    };
    Alert {
        entry: Some(entry()),
        deadlines: vec![summary_due(), protest_due()],
        next_step: "Compare liquidated with entered amounts.\nDecide whether to protest.".into(),
        ..alert("protest", "Protest", Severity::Warning, Cause::Deadline(Box::new(brief)))
    }
}

/// A clock that cannot be computed.
fn undated() -> Alert {
    let clock = EntryDeadline {
        due: None,
        act_by: None,
        internal: None,
        special: Some("unknown".into()),
        because: "no liquidation date is known".into(),
        may_be_over: "".into(),
        state: DeadlineState::Idle,
        from: Vec::new(),
        ..protest_due()
    };
    let brief = DeadlineBrief {
        deadline: clock.clone(),
        name: "Protest".into(),
        days_left: 0,
        step: "start".into(),
        on: day(2026, 3, 2),
        steps: Vec::new(),
        rule: "PROTEST_DUE: 180 calendar days, forward (since 2004-12-18, table 5c1f09a2b7d3e864)".into(),
        confidence: Some(crate::deadline::Confidence::Confirmed),
        evidence: vec!["liquidation_date from liquidation L, nr.txt line 4, sha256 9f86d081884c".into()],
        sequence: 0,
        moved: None,
        target: None,
    };
    Alert {
        deadlines: vec![clock],
        ..alert("protest", "Protest", Severity::Info, Cause::Deadline(Box::new(brief)))
    }
}

/// A drop folder that cannot be listed.
pub(super) fn trouble() -> Alert {
    let brief = TroubleBrief {
        subject: "drop acme-sftp".into(),
        code: "host-key-refused".into(),
        message: "The server of drop acme-sftp shows a host key that is not the one on record.".to_owned(),
        advice:
            "Ask the broker whether the server was replaced.\nThen put the new key into the configuration."
                .to_owned(),
        file: None,
        place: None,
    };
    alert("trouble", "Drop cannot be read", Severity::Warning, Cause::Trouble(brief))
}

/// A message that went to quarantine.
pub(super) fn quarantine() -> Cause {
    Cause::Trouble(TroubleBrief {
        subject: "file 350.edi".into(),
        code: "quarantined".into(),
        message: "One message of file 350.edi could not be read: its trailer is missing.".to_owned(),
        advice: "Ask the broker to send the file again.".to_owned(),
        file: Some(Fingerprint::of(b"350.edi")),
        place: Some(Place { offset: 412, line: 7, column: None }),
    })
}

fn alert(rule: &str, title: &str, severity: Severity, cause: Cause) -> Alert {
    let subject = match &cause {
        Cause::Trouble(brief) => brief.subject.to_string(),
        Cause::Notice(_) | Cause::Deadline(_) => number().as_str().to_owned(),
    };
    Alert {
        key: AlertKey::new(rule, &subject, "sample"),
        rule: rule.into(),
        title: title.into(),
        severity,
        raised_at: instant("2026-03-02T14:20:00Z"),
        broker: Some(BrokerName::new("ACME Brokers")),
        entry: None,
        cause,
        deadlines: Vec::new(),
        next_step: "".into(),
        over_at: None,
        as_told: Default::default(),
    }
}

/// The facts of the sample entry.
pub(super) fn entry() -> EntryBrief {
    EntryBrief {
        number: number(),
        status: "held".into(),
        broker: BrokerName::new("ACME Brokers"),
        entry_type: Some("01".into()),
        port: Some("2704".into()),
        importer: Some("12-3456789AB".into()),
        broker_reference: Some("ACME-2026-0117".into()),
        orders: vec!["4500012345".into(), "4500012346".into()],
        bills: vec!["QXLN123456789".into()],
        released_at: EventTime::parse("2026-02-27T16:02:00"),
        open_holds: vec![HoldBrief {
            agency: "FDA".into(),
            code: "02".into(),
            since: EventTime::parse("2026-03-02T09:14:00"),
            bill: Some("QXLN123456789".into()),
        }],
        at_stake: "Entered value 48,200.00; duty and fees 1,250.00".into(),
    }
}

/// The notice of the sample hold.
pub(super) fn notice() -> NoticeBrief {
    NoticeBrief {
        clock: None,
        steps: Vec::new(),
        id: NoticeId::from_bytes([0xab; 16]),
        kind: Kind::AgencyStatus,
        code: Some("02".into()),
        table: Some("so70-agency-dispositions".into()),
        meaning: Some("FDA hold placed".into()),
        at: EventTime::parse("2026-03-02T09:14:00"),
        bill: Some("QXLN123456789".into()),
        fields: vec![
            ("agency".into(), "FDA".into()),
            ("remark".into(), "LABEL REVIEW, SEND LABELS OF ALL LINES".into()),
        ],
        source_line: "SO70FDA02030226091412   LABEL REVIEW, SEND LABELS OF ALL LINES".into(),
        file: Fingerprint::of(b"so-1.txt"),
        file_name: "so-1.txt".into(),
        place: Place { offset: 495, line: 7, column: None },
        received_at: instant("2026-03-02T14:19:58Z"),
    }
}

/// The clock of the sample protest.
pub(super) fn protest_due() -> EntryDeadline {
    EntryDeadline {
        id: "PROTEST_DUE".into(),
        instance: "liquidation".into(),
        due: Some(day(2026, 9, 2)),
        special: None,
        act_by: Some(day(2026, 9, 2)),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        may_be_over: "".into(),
        basis: "19 USC 1514(c)(3)".into(),
        from: vec![Provenance {
            input: "liquidation_date".into(),
            value: "2026-03-06".into(),
            notice: Some(NoticeId::from_bytes([0xcd; 16])),
            source: "courtesy notice".into(),
        }],
        starts: None,
        bases: Vec::new(),
    }
}

/// A clock whose two dates differ.
pub(super) fn summary_due() -> EntryDeadline {
    EntryDeadline {
        id: "ES_DUE".into(),
        instance: "".into(),
        due: Some(day(2026, 3, 13)),
        special: None,
        act_by: Some(day(2026, 3, 12)),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        may_be_over: "".into(),
        basis: "19 CFR 142.12(b)".into(),
        from: vec![Provenance {
            input: "release_date".into(),
            value: "2026-02-27".into(),
            notice: None,
            source: "release status".into(),
        }],
        starts: None,
        bases: Vec::new(),
    }
}

fn number() -> EntryNumber {
    EntryNumber::parse("ABC-1234567-6").expect("eleven characters, the last eight digits")
}

pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar, written here")
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant, written here")
}
