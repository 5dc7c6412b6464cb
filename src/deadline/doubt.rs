//! How sure one answer is: a rule may be confirmed and what it makes of the last day of February recalled.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::answer::Confidence;
use super::calendar::{Days, day_text, federal_holiday, plus_days};
use super::compute::{IN_QUESTION, Trace};
use super::term::{Roll, Term, Unit};

/// Where a deadline is less sure than its rule, as the table has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Doubt {
    /// The month of the last day is too short.
    pub month_end: Option<Confidence>,
    /// The last day is a federal holiday.
    pub holiday: Option<Confidence>,
    /// The roll moves the last day.
    pub roll: Option<Confidence>,
    /// A printed date takes the place of the computed one: how sure that is, in place of the rule's own confidence.
    pub printed: Option<Confidence>,
}

impl Doubt {
    /// What a count from day 0 leaves open. Says nothing where nobody asked for an explanation.
    pub fn of_count(self, term: Term, day_0: NaiveDate, days: Days<'_>, trace: &mut Trace) {
        if !trace.is_kept() {
            return;
        }
        let last = term.last_day(day_0, days);
        let due = term.rolled(last, days);
        let mut doubt = |confidence: Option<Confidence>, applies: bool, why: &dyn Fn() -> String| {
            if let Some(confidence) = confidence.filter(|_| applies) {
                trace.doubt(confidence, why());
            }
        };
        let is_short = matches!(term.unit, Unit::Months | Unit::Years) && last.day() != day_0.day();
        doubt(self.month_end, is_short, &|| {
            "the month has no such day, and no text says which one counts".to_owned()
        });
        doubt(self.holiday, federal_holiday(last).is_some(), &|| {
            "the last day is a holiday, and no text says whether the next one does".to_owned()
        });
        doubt(self.roll, due != last, &|| "that the last day moves is the usual reading".to_owned());
        let questioned = questioned(term, (day_0, last, due), days);
        doubt(Some(Confidence::Uncertain), questioned.is_some(), &|| {
            let day = questioned.map(day_text).unwrap_or_default();
            format!("whether {day} counts is not certain: {IN_QUESTION}")
        });
    }
}

/// The first day in the count, or at its end where it rolls, of which it is not certain whether it counts.
fn questioned(
    term: Term,
    (day_0, last, due): (NaiveDate, NaiveDate, NaiveDate),
    days: Days<'_>,
) -> Option<NaiveDate> {
    match (term.unit, term.roll) {
        (Unit::WorkingDays, _) => {
            let mut counted = (1..).map(|step| plus_days(day_0, step)).take_while(|day| *day <= last);
            counted.find(|day| days.is_in_question(*day))
        }
        (_, Roll::Forward) => [last, due].into_iter().find(|day| days.is_in_question(*day)),
        _ => None,
    }
}
