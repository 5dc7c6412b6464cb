//! The window for a post summary correction: so many days after entry, or so many before liquidation.
//!
//! The test notices give both legs and the earlier one binds (76 FR 37136, 82 FR 50656). An extension of liquidation
//! that the importer asked for moves the second leg and ends the first (notice of 14 August 2019); for one that CBP
//! made itself, or of unknown origin, the notice is silent and the first leg stays.

use chrono::NaiveDate;

use super::answer::Confidence;
use super::calendar::{Calendar, day_text, plus_days};
use super::compute::{Reading, Trace};
use super::key::Key;
use super::table::Leg;
use super::term::Term;
use super::triggers::Triggers;

/// Both legs counted out; `None` when liquidation would not follow entry.
///
/// `term` is the leg after entry. An extended date takes the place of a scheduled one, for the extension unset it.
pub(super) fn reading(
    term: Term,
    leg: &Leg,
    entry_date: NaiveDate,
    facts: &Triggers,
    trace: &mut Trace,
) -> Option<Reading> {
    let extended = facts.date(Key::ExtendedLiq);
    let (liquidation, origin) = match (extended, facts.date(Key::ScheduledLiq)) {
        (Some(date), _) => (date, "extended"),
        (None, Some(date)) => (date, "scheduled"),
        (None, None) => (estimate(leg, entry_date), "estimated"),
    };
    if liquidation <= entry_date {
        trace.say(|| format!("liquidation {} does not follow the entry", day_text(liquidation)));
        return None;
    }
    let before = plus_days(liquidation, -i64::from(leg.days));
    let act_before = plus_days(liquidation, -i64::from(leg.act_days));
    trace.say(|| {
        let (day, last) = (day_text(liquidation), day_text(before));
        format!("liquidation is {origin} for {day}; {} days before it is {last}", leg.days)
    });
    let by_importer = facts.word(Key::ExtBy) == Some("importer");
    let reading = if leg.importer_extension && extended.is_some() && by_importer {
        trace.say(|| {
            format!("the importer asked for the extension, so the {} days do not apply", term.length)
        });
        Reading { due: before, act: act_before }
    } else {
        let after = plus_days(entry_date, i64::from(term.length));
        let reading = Reading { due: after.min(before), act: after.min(act_before) };
        let (length, after, due) = (term.length, day_text(after), day_text(reading.due));
        trace.say(|| format!("day {length} is {after}; the earlier one binds: {due}"));
        if extended.is_some() {
            trace.doubt(
                Confidence::Uncertain,
                "whether an extension that the importer did not ask for moves it",
            );
        } else if origin == "estimated" && reading.due == before {
            trace.doubt(Confidence::Uncertain, "liquidation is only estimated");
        }
        reading
    };
    if reading.act < reading.due {
        let (days, act) = (leg.act_days, reading.act);
        trace.say(|| {
            format!("the last day before liquidation is disputed; {days} days before it is {}", day_text(act))
        });
    }
    Some(reading)
}

/// When CBP would liquidate on its usual cycle.
fn estimate(leg: &Leg, entry_date: NaiveDate) -> NaiveDate {
    let calendar = Calendar::default();
    let days = calendar.days();
    leg.estimate.rolled(leg.estimate.last_day(entry_date, days), days)
}
