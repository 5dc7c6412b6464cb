//! What only some alerts and letters have: each part of a mail is there in one sample and absent in another, and each opening of a
//! letter is said once.

use super::{alert, day, deadline, entry, hold, instant, letter, notice, protest_due, summary_due, trouble};
use crate::entry::{ClockMove, DeadlineState, EntryDeadline, InternalTarget, Standing};
use crate::ident::{EntryNumber, Fingerprint};
use crate::outbox::{
    Ack, Alert, AlertKey, AsTold, Cause, DeadlineBrief, EntryBrief, Grounds, Letter, LetterKind, NoticeBrief,
    TroubleBrief, Wait,
};
use crate::place::{Place, Severity};

/// More alerts than a table tells in full, each about a deadline of an entry of its own: more events than a mail attaches.
const LARGE: u64 = 501;

/// Letters that are rarely written.
pub(super) fn letters() -> Vec<(Letter, Vec<Alert>)> {
    let shapes = shapes();
    let mut letters: Vec<_> =
        shapes.iter().map(|alert| letter(LetterKind::Alert, vec![alert.clone()])).collect();
    letters.extend(
        [Wait::Burst, Wait::Quiet, Wait::Silence, Wait::Address]
            .map(|wait| letter(LetterKind::Bundle { wait }, shapes.clone())),
    );
    letters.push(letter(LetterKind::Digest { day: day(2026, 3, 2) }, shapes.clone()));
    let unreached = Grounds {
        unreached: 1,
        unreached_since: Some(instant("2026-03-02T12:00:00Z")),
        unreached_teams: vec!["operations".into()],
        ..Grounds::default()
    };
    let answered = Grounds { answered: 1, answer: Some(ack()), ..Grounds::default() };
    for grounds in [unreached, answered] {
        for kind in [LetterKind::Reminder { nth: 2 }, LetterKind::Escalation { level: 1 }] {
            let (written, alerts) = letter(kind, vec![hold()]);
            letters.push((Letter { grounds: grounds.clone(), ..written }, alerts));
        }
    }
    letters
}

/// Letters about more than their tables and calendars hold.
pub(super) fn large() -> Vec<(Letter, Vec<Alert>)> {
    let numbered = |serial: u64| {
        let mut alert = deadline();
        let number = EntryNumber::parse(format!("ABC{serial:08}"));
        if let (Some(entry), Some(number)) = (&mut alert.entry, number) {
            entry.number = number;
            alert.key = AlertKey::new(&alert.rule, number.as_str(), "sample");
        }
        alert
    };
    let many: Vec<Alert> = (0..LARGE).map(numbered).collect();
    vec![
        letter(LetterKind::Bundle { wait: Wait::Flood }, many.clone()),
        letter(LetterKind::Digest { day: day(2026, 3, 2) }, many),
    ]
}

fn shapes() -> Vec<Alert> {
    vec![
        Alert { broker: None, ..trouble() },
        Alert { over_at: Some(instant("2026-03-02T15:00:00Z")), ..hold() },
        answered(),
        liquidation(),
        unnamed(),
        moved(),
        missed(),
        damaged(None, Some(notice().place)),
        damaged(Some(notice().file), None),
        Alert { next_step: "".into(), deadlines: vec![blocked()], ..hold() },
    ]
}

fn ack() -> Ack {
    Ack {
        by: "jo".into(),
        reason: "asked the broker".into(),
        at: instant("2026-03-02T14:30:00Z"),
        until: day(2026, 3, 9),
    }
}

/// Said again in a summary, though somebody takes care of it.
fn answered() -> Alert {
    let as_told = AsTold { answer: Some(ack()), mark: Some(LetterKind::Reminder { nth: 2 }) };
    Alert { as_told, entry: Some(EntryBrief { open_holds: Vec::new(), ..entry() }), ..hold() }
}

/// A notice with the clock that answers it.
fn liquidation() -> Alert {
    let cause = NoticeBrief {
        clock: Some(protest_due().key().into()),
        steps: vec!["2026-03-06 Fri is day 0".to_owned()],
        ..notice()
    };
    Alert { cause: Cause::Notice(Box::new(cause)), ..hold() }
}

/// A notice of which hardly anything is known, about a bill without an entry.
fn unnamed() -> Alert {
    let cause = NoticeBrief {
        table: None,
        source_line: "".into(),
        file_name: "".into(),
        fields: vec![("agency".into(), "FDA".into()); 41],
        ..notice()
    };
    Alert { entry: None, deadlines: Vec::new(), cause: Cause::Notice(Box::new(cause)), ..hold() }
}

/// A clock that moved, with a date of our own.
fn moved() -> Alert {
    let standing = |due: &str| Standing {
        due: due.into(),
        act_by: due.parse().ok(),
        target: due.parse().ok(),
        state: DeadlineState::Open,
    };
    let clock_move = ClockMove {
        deadline: "ES_DUE".into(),
        sequence: 2,
        at: instant("2026-03-02T13:00:00Z"),
        from: standing("2026-03-11"),
        to: standing("2026-03-12"),
        cause: "release_date is 2026-02-27 (release status), was 2026-02-26".into(),
        notice: None,
    };
    let target = InternalTarget {
        deadline: "ES_DUE".into(),
        date: day(2026, 3, 10),
        by: "jo".into(),
        reason: "the broker is away".into(),
        set_at: instant("2026-03-01T13:00:00Z"),
    };
    let clock = EntryDeadline { internal: Some(target.date), ..summary_due() };
    told(clock, |brief| DeadlineBrief {
        moved: Some(Box::new(clock_move)),
        target: Some(target),
        sequence: 2,
        ..brief
    })
}

/// A clock whose day to act is over, and whose last day is not.
fn missed() -> Alert {
    let clock = EntryDeadline { from: Vec::new(), ..summary_due() };
    told(clock, |brief| DeadlineBrief {
        on: day(2026, 3, 13),
        days_left: -1,
        evidence: Vec::new(),
        steps: Vec::new(),
        ..brief
    })
}

/// A clock that does not run, and says why.
fn blocked() -> EntryDeadline {
    EntryDeadline { act_by: None, because: "a protest was filed".into(), ..protest_due() }
}

fn told(clock: EntryDeadline, change: impl FnOnce(DeadlineBrief) -> DeadlineBrief) -> Alert {
    let shape = deadline();
    let Cause::Deadline(brief) = &shape.cause else { return shape };
    let brief = change(DeadlineBrief { deadline: clock, name: "Entry summary".into(), ..(**brief).clone() });
    Alert { cause: Cause::Deadline(Box::new(brief)), ..shape }
}

/// A fault in a file, without advice.
fn damaged(file: Option<Fingerprint>, place: Option<Place>) -> Alert {
    let brief = TroubleBrief {
        subject: "file 350.edi".into(),
        code: "content-lost".into(),
        message: "A part of file 350.edi could not be read.".to_owned(),
        advice: String::new(),
        file,
        place,
    };
    alert("trouble", "Part of a file lost", Severity::Warning, Cause::Trouble(brief))
}
