//! Invented entries, alerts and letters for the tests and benches of the store.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entrywatch::entry::{Held, Life, Membership, Oldest, Sighting, Unmatched};
use entrywatch::ident::{BillOfLading, BrokerName, DropName, EntryNumber, Fingerprint, NoticeId};
use entrywatch::notice::{Effect, EventTime, Fields, HoldKind, Kind, Notice, Token};
use entrywatch::outbox::{
    AgendaKey, Alert, AlertKey, Cause, Course, Happened, Letter, LetterKey, LetterKind, LetterState, Past,
    Silence, Silenced, Silences, Task, TroubleBrief, Window,
};
use entrywatch::place::{Finding, Grade, Place, Severity, finding_code};
use entrywatch::step::{
    BillRecord, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey, Quarantined,
    Step,
};

pub fn start() -> DateTime<Utc> {
    "2026-03-01T14:05:00Z".parse().expect("an instant")
}

pub fn day(offset: i64) -> NaiveDate {
    start().date_naive() + TimeDelta::days(offset)
}

pub fn number(index: u64) -> EntryNumber {
    EntryNumber::parse(format!("N01{:07}{}", index % 10_000_000, index % 10)).expect("an entry number")
}

pub fn bill(index: u64) -> BillOfLading {
    BillOfLading::parse(&format!("QXLN{index:09}")).expect("a bill")
}

pub fn file(index: u64) -> Fingerprint {
    Fingerprint::of(&index.to_le_bytes())
}

pub fn notice_id(index: u64) -> NoticeId {
    NoticeId::parse(&file(index).to_string()[..32]).expect("32 digits")
}

pub fn position(seq: u64) -> Position {
    if seq == 0 { Position::START } else { Position { seq, hash: file(seq ^ 0x5eed) } }
}

/// A notice of the size that interpretation makes: 400 to 600 bytes of JSON with its sighting.
pub fn held(entry: Option<EntryNumber>, index: u64) -> Held {
    let codes = ["96", "98", "02", "1A", "5H"];
    let meanings =
        ["ENTRY PROCESSING ON HOLD", "RELEASED", "BILL ON FILE", "DATA UNDER REVIEW", "INTENSIVE EXAM"];
    let pick = (index % 5) as usize;
    let mut fields = Fields::new();
    for (name, value) in [
        ("entry_filer_code", "N01"),
        ("entry_number", &format!("{:08}", index % 100_000_000)),
        ("disposition_code", codes[pick]),
        ("disposition_date", "030126"),
        ("disposition_time", &format!("{:04}", index % 2_360)),
        ("narrative", meanings[pick]),
        ("port_of_entry", "2704"),
    ] {
        fields.push(name, value);
    }
    let notice = Notice {
        id: notice_id(index),
        kind: [Kind::ReleaseStatus, Kind::BillStatus, Kind::AgencyStatus][(index % 3) as usize],
        entry,
        bill: (index % 3 == 1).then(|| bill(index % 1_000)),
        house_bill: None,
        container: None,
        code: Token::some(codes[pick]),
        table: Some("so60-entry-dispositions".into()),
        meaning: Some(meanings[pick].into()),
        severity: Severity::Warning,
        at: EventTime::parse(&format!(
            "2026-03-{:02}T{:02}:{:02}:00",
            1 + index % 28,
            index % 24,
            index % 60
        )),
        effect: if pick == 0 {
            Effect::Hold { agency: Token::new("CBP"), code: Token::new("96"), what: HoldKind::Hold }
        } else {
            Effect::Inform
        },
        fields,
    };
    let seen = Sighting {
        file: file(index / 3),
        place: Place { offset: index % 100_000 * 81, line: index % 100_000 + 1, column: None },
        received_at: start() + TimeDelta::seconds((index % 1_000_000) as i64),
        broker: BrokerName::new("Acme Customs Brokers"),
        name: format!("so-{}.txt", index / 3).into(),
    };
    Held { notice: Arc::new(notice), seen, again: (index % 2) as u32 }
}

pub fn life(entry: u64, notices: u64) -> Life {
    let number = number(entry);
    let held = (0..notices).map(|index| held(Some(number), entry * 100_003 + index)).collect();
    Life { notices: held, ..Life::new(number) }
}

/// A life and a record that name the oldest entry of a daily statement.
pub fn on_statement(entry: u64) -> (Life, BillRecord) {
    let number = number(entry);
    let own = Some(start().date_naive());
    let oldest = own.map(|date| Oldest { date, entry: number });
    let membership = Membership { statement: Token::new("2704076001"), own, oldest };
    let alone = Membership { statement: Token::new("2704076002"), own: None, oldest: None };
    let life = Life { memberships: vec![membership, alone], ..life(entry, 2) };
    (life, BillRecord { entries: [number].into(), oldest, ..BillRecord::default() })
}

pub fn unmatched(index: u64) -> Unmatched {
    Unmatched { held: held(None, index), bill: index.is_multiple_of(2).then(|| bill(index)) }
}

pub fn bill_record(index: u64, notices: u64) -> BillRecord {
    BillRecord {
        entries: (0..index % 4).map(number).collect(),
        notices: (0..notices).map(|n| unmatched(index * 77 + n)).collect(),
        oldest: None,
    }
}

pub fn finding(index: u64) -> Finding {
    let place = Place { offset: index, line: index + 1, column: Some(4) };
    Finding::new(finding_code::BAD_DATE, Grade::Warning, place, "`99/99` is not a date").x12("AK403 8")
}

pub fn input(index: u64) -> InputRecord {
    InputRecord {
        seq: index,
        drop: DropName::new("acme-sftp"),
        broker: BrokerName::new("Acme Customs Brokers"),
        name: format!("in-{index}.edi").into(),
        size_bytes: 826 + index,
        received_at: start(),
        duplicates: (index % 3) as u32,
        messages: 4,
        notices: 9,
        findings: (0..index % 3).map(finding).collect(),
    }
}

pub fn alert_key(index: u64) -> AlertKey {
    AlertKey::new("held", number(index).as_str(), &index.to_string())
}

pub fn alert(index: u64) -> Alert {
    Alert {
        key: alert_key(index),
        rule: "held".into(),
        title: "CBP or agency hold".into(),
        severity: [Severity::Info, Severity::Warning, Severity::Critical][(index % 3) as usize],
        raised_at: start() + TimeDelta::seconds(index as i64),
        broker: None,
        entry: None,
        cause: Cause::Trouble(TroubleBrief {
            subject: "drop acme-sftp".into(),
            code: "list-failed".into(),
            message: format!("Listing failed {index} times."),
            advice: "Look at the server.".to_owned(),
            file: Some(file(index)),
            place: None,
        }),
        deadlines: Vec::new(),
        next_step: "Call the broker.".into(),
        over_at: None,
        as_told: Default::default(),
    }
}

pub fn letter_key(index: u64) -> LetterKey {
    LetterKey::of("ops@importer.example", [&alert_key(index)])
}

/// `state`: 0 waits, with a next try that depends on `at`; 1 is sent; 2 was given up.
pub fn letter(index: u64, state: u64, at: u64) -> Letter {
    let instant = start() + TimeDelta::minutes(at as i64);
    Letter {
        key: letter_key(index),
        recipient: "ops@importer.example".into(),
        kind: LetterKind::Alert,
        entry: Some(number(index)),
        severity: [Severity::Info, Severity::Warning, Severity::Critical][(index % 3) as usize],
        alerts: vec![alert_key(index)],
        created_at: start() - TimeDelta::minutes((index * 7 % 5) as i64),
        state: match state {
            0 => LetterState::Waiting {
                attempt: at as u32,
                next_try_at: instant,
                last_error: None,
                may_have_arrived: false,
            },
            1 => LetterState::Sent { at: instant, attempt: 1 },
            _ => LetterState::GivenUp {
                at: instant,
                attempt: 9,
                error: "550 no such user".into(),
                may_have_arrived: false,
            },
        },
        past: Past::default(),
        marks: Vec::new(),
        grounds: Default::default(),
    }
}

pub fn due_key(index: u64) -> DueKey {
    let deadline = ["PROTEST", "SUMMARY", "PROTEST:2"][(index % 3) as usize];
    DueKey { day: day((index % 7) as i64 - 3), entry: number(index % 4), deadline: deadline.into() }
}

pub fn due_value(index: u64) -> DueValue {
    DueValue { target: day(30 + index as i64) }
}

pub fn quarantine_key(index: u64) -> QuarantineKey {
    QuarantineKey { file: file(index / 2), piece: (index % 300) as u32 }
}

pub fn quarantined(index: u64) -> Quarantined {
    Quarantined {
        drop: DropName::new("acme-sftp"),
        broker: BrokerName::new("Acme Customs Brokers"),
        name: format!("in-{index}.edi").into(),
        received_at: start(),
        stage: "decode".into(),
        finding: finding(index),
        advice: "Ask the broker to send it again.".into(),
    }
}

pub fn broker(index: u64) -> BrokerName {
    BrokerName::new(format!("broker-{index}").as_str())
}

pub fn feed(index: u64) -> FeedRecord {
    let last_received_at = start() + chrono::TimeDelta::seconds(index as i64);
    let told = (index % 2 == 1).then(|| alert_key(index));
    FeedRecord {
        told_for: told.as_ref().map(|_| last_received_at),
        told,
        tells_money: index.is_multiple_of(2),
        ..FeedRecord::heard(last_received_at)
    }
}

/// One of each kind.
pub fn full_step(seq: u64) -> Step {
    let mut step = Step::at(position(seq));
    step.lives.insert(number(seq), Arc::new(life(seq, 3)));
    step.bills.insert(bill(seq), bill_record(seq, 2));
    step.loose.insert(unmatched(seq).held.notice.id, unmatched(seq));
    step.inputs.insert(file(seq), input(seq));
    step.due.insert(due_key(seq), Some(due_value(seq)));
    step.alerts.insert(alert_key(seq), alert(seq));
    step.letters.insert(letter_key(seq), letter(seq, seq % 3, seq));
    step.digest.insert(digest_key(seq), true);
    step.quarantine.insert(quarantine_key(seq), Some(quarantined(seq)));
    step.courses.insert(alert_key(seq), course(seq));
    step.agenda.insert(agenda_key(seq), true);
    step.windows.insert(window_name(seq), window(seq));
    step.silences = Some(silences(seq));
    step.feeds.insert(broker(seq), feed(seq));
    step.unread.insert(file(seq), Some(format!("tables-{seq}").into()));
    step
}

pub fn trouble(index: u64) -> OpenTrouble {
    OpenTrouble {
        since: start() + TimeDelta::seconds(index as i64),
        seq: index,
        severity: Severity::Warning,
        broker: "acme".into(),
        brief: TroubleBrief {
            subject: format!("drop acme, file \u{ff}{index}\0.txt").into(),
            code: "too-large".into(),
            message: "it is too large".to_owned(),
            advice: "Raise the limit.".to_owned(),
            file: None,
            place: None,
        },
        given_up: Default::default(),
        alerts: vec![alert_key(index)],
    }
}

pub fn course(index: u64) -> Course {
    let mut course = Course { said: index as u32, notify: ["operations".into()].into(), ..Course::default() };
    course.note(start(), Happened::Reminded { said: index as u32 });
    course
}

/// Moments that come before, with and after one another, at some of them several tasks.
pub fn agenda_key(index: u64) -> AgendaKey {
    let at = start() + TimeDelta::minutes((index % 5) as i64);
    AgendaKey::new(at, &Task::Remind { alert: alert_key(index), epoch: (index % 3) as u32 })
}

pub fn window_name(index: u64) -> Box<str> {
    format!("cap|ops{}@importer.example", index % 4).into()
}

pub fn window(index: u64) -> Window {
    Window { until: start() + TimeDelta::minutes(index as i64), letters: index as u32 }
}

pub fn silences(index: u64) -> Silences {
    let mut silences = Silences::default();
    silences.add(Silence {
        id: index,
        owner: "jo".into(),
        reason: "known".into(),
        from: start(),
        until: start() + TimeDelta::days(9),
        what: Silenced { rule: Some("held".into()), ..Silenced::default() },
    });
    silences
}

pub fn digest_key(index: u64) -> entrywatch::step::DigestKey {
    let recipient = ["ops@importer.example", "ops@importer.example2"][(index % 2) as usize];
    entrywatch::step::DigestKey {
        recipient: recipient.into(),
        raised_at: start() + chrono::TimeDelta::seconds(index as i64),
        alert: alert_key(index),
    }
}

/// Steps of `per_step` entries with `notices` notices each, every entry new.
pub fn steps_of_lives(steps: u64, per_step: u64, notices: u64) -> Vec<Step> {
    let one = |step: u64| {
        let mut made = Step::at(position(step + 1));
        for index in 0..per_step {
            let life = life(step * per_step + index, notices);
            made.lives.insert(life.number, Arc::new(life));
        }
        made
    };
    (0..steps).map(one).collect()
}
