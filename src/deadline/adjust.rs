//! What a notice of CBP does to a clock after its rule was counted out: more days, a date of its own, a stop.
//!
//! Such facts belong to no deadline of the table: the configuration brings them for the clocks that it names, and the `due`
//! command takes them for any.

use chrono::NaiveDate;

use super::answer::Confidence;
use super::calendar::{Days, day_text, plus_days};
use super::compute::{Reading, Trace};
use super::id;
use super::key::Key;
use super::term::Term;
use super::triggers::Triggers;

/// Facts that every deadline reads.
pub const KEYS: &[Key] =
    &[Key::ExtendWorkingDays, Key::ExtendDays, Key::SetDue, Key::SuspendedFrom, Key::SuspendedTo];

/// Rights that run out by statute: no date that somebody names makes them end later.
const NEVER_LATER: &[&str] = &[
    id::PROTEST_DUE,
    id::PROTEST_AMEND,
    id::PROTEST_SURETY,
    id::CIT_SUMMONS,
    id::FTA_1520D,
    id::DRAWBACK_5Y,
    id::RECON_VALUE,
    id::RECON_FTA,
];

/// The reading after what notices said; `None` while the clock stands still.
pub(super) fn adjusted(
    id: &str,
    mut reading: Reading,
    day_0: Option<NaiveDate>,
    (term, days): (Term, Days<'_>),
    facts: &Triggers,
    trace: &mut Trace,
) -> Option<Reading> {
    if let Some(from) = facts.date(Key::SuspendedFrom) {
        let stop = (from, facts.date(Key::SuspendedTo));
        reading = restarted(reading, day_0, stop, (term, days), trace)?;
        reading.due = term.rolled(reading.due, days);
    }
    let granted = facts.count(Key::ExtendDays).unwrap_or(0);
    if granted > 0 {
        reading = later(reading, i64::from(granted));
        trace.say(|| format!("a notice grants {granted} calendar day(s) more: {}", day_text(reading.due)));
    }
    Some(match facts.date(Key::SetDue) {
        Some(date) => set(id, reading, date, trace),
        None => reading,
    })
}

/// A closure notice grants more working days.
pub(super) fn grant(reading: &mut Reading, facts: &Triggers, days: Days<'_>, trace: &mut Trace) {
    let granted = facts.count(Key::ExtendWorkingDays).unwrap_or(0);
    if granted > 0 {
        reading.due = days.plus_working(reading.due, granted);
        reading.act = days.plus_working(reading.act, granted);
        trace.doubt(
            Confidence::Uncertain,
            "a notice that grants a day does not say whether a calendar or a working day",
        );
        trace.say(|| {
            format!("a closure notice grants {granted} working day(s) more: {}", day_text(reading.due))
        });
    }
}

fn later(reading: Reading, days: i64) -> Reading {
    Reading { due: plus_days(reading.due, days), act: plus_days(reading.act, days) }
}

/// The days of a stop do not count: the clock goes on behind them where it stood. Of a clock that counts working days only
/// those are lost, so that it still ends on one.
fn restarted(
    reading: Reading,
    day_0: Option<NaiveDate>,
    (from, to): (NaiveDate, Option<NaiveDate>),
    (term, days): (Term, Days<'_>),
    trace: &mut Trace,
) -> Option<Reading> {
    let first = day_0.map_or(from, |day_0| from.max(plus_days(day_0, 1)));
    if reading.due < first || to.is_some_and(|to| to < first) {
        trace.say(|| {
            format!("the clock had run out, or not begun, when it was stopped on {}", day_text(from))
        });
        return Some(reading);
    }
    let Some(to) = to else {
        trace.say(|| format!("the clock stands still since {}, until it is started again", day_text(first)));
        return None;
    };
    let (reading, stopped, unit) = if term.unit.is_working() {
        let stopped = days.working_between(first, to);
        let [due, act] = [reading.due, reading.act].map(|day| days.plus_working(day, stopped));
        (if stopped == 0 { reading } else { Reading { due, act } }, i64::from(stopped), "working day(s)")
    } else {
        let stopped = (to - first).num_days() + 1;
        (later(reading, stopped), stopped, "day(s)")
    };
    trace.say(|| {
        let (first, to, due) = (day_text(first), day_text(to), day_text(reading.due));
        format!("the clock stood still from {first} to {to}, {stopped} {unit}, so it ends on {due}")
    });
    Some(reading)
}

fn set(id: &str, computed: Reading, date: NaiveDate, trace: &mut Trace) -> Reading {
    if date > computed.due && NEVER_LATER.contains(&id) {
        trace.say(|| format!("set_due {} is behind the date of the statute, which stands", day_text(date)));
        return computed;
    }
    trace.say(|| format!("set_due {} takes the place of the computed date", day_text(date)));
    Reading { due: date, act: date }
}
