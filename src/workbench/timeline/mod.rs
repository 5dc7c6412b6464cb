//! When the mails of a rule go out.
//!
//! Nothing is computed here: an occasion is invented and played on the bench, and the letters that the pipeline wrote are read off,
//! each with the moment at which it leaves. So quiet hours, zones, reminders, escalation, digests and clock changes are those of
//! the daemon. What no invented occasion can have (bursts of others, servers that fail) is left out.

mod play;
mod words;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::BenchError;
use crate::outbox::Audience;
use crate::pipeline::Pipeline;
use crate::place::Severity;
use crate::rules::{Delivery, On, Rule};

/// What happens on a timeline.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// When it happens; for a ladder, from when on the clock is known.
    pub at: DateTime<Utc>,
    /// The day to act of a ladder.
    pub target: NaiveDate,
    /// Blank for none in particular.
    pub broker: String,
    /// How loud the cause is, for a rule that is as loud as its cause.
    pub severity: Option<Severity>,
    /// Somebody takes care of what was told by this moment, until that day.
    pub ack: Option<(DateTime<Utc>, NaiveDate)>,
}

impl Occasion {
    /// The occasion that `rules timeline` plays unless told otherwise: now, or the next moment at which the rule applies; a day to act
    /// for which every step of the ladder is still ahead.
    pub fn usual(rule: &Rule, audience: &Audience, now: DateTime<Utc>) -> Self {
        let longest = rule.ladder().and_then(|ladder| ladder.steps().first().map(|step| step.days_left()));
        let ahead = chrono::Days::new(longest.unwrap_or_default().unsigned_abs() + 1);
        let today = audience.reminder_day(now);
        Self {
            at: if rule.on == On::Deadline { now } else { next_timely(rule, audience, now).unwrap_or(now) },
            target: today.checked_add_days(ahead).unwrap_or(today),
            broker: String::new(),
            severity: None,
            ack: None,
        }
    }
}

/// What a rule does over time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Timeline {
    pub rule: String,
    pub title: String,
    pub place: String,
    /// `notice`, `deadline`, `trouble`, `silence`.
    pub on: &'static str,
    /// Plain sentences.
    pub sentences: Vec<String>,
    /// When it happens.
    pub at: DateTime<Utc>,
    /// The day to act, for rules on deadlines.
    pub target: Option<NaiveDate>,
    /// The mails of the occasion, in the order in which they leave.
    pub mails: Vec<TimelineMail>,
    /// What nobody is told, and why, a sentence each.
    pub untold: Vec<String>,
}

/// One mail to one recipient.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct TimelineMail {
    /// When it leaves.
    pub at: DateTime<Utc>,
    pub recipient: String,
    /// The same moment by the clock of the recipient.
    pub local: String,
    /// The zone of that clock.
    pub zone: String,
    pub severity: Severity,
    /// `letter`, `reminder 2`, `escalation 1`, `digest of 2026-03-03`, `summary (over the cap of letters)`.
    pub what: String,
    /// The step of the ladder: `30`, `overdue`.
    pub step: Option<String>,
    /// The day that a reminder of a ladder is for.
    pub day: Option<NaiveDate>,
    /// Why it did not leave at once.
    pub waited: Option<String>,
}

/// What the rule does, and the mails of one occasion. The rule is one of the pipeline's.
///
/// # Errors
/// When the store in memory fails.
pub fn timeline(pipeline: &Arc<Pipeline>, rule: &Rule, occasion: &Occasion) -> Result<Timeline, BenchError> {
    let played = match rule.delivery {
        // An override may tell what the rule itself keeps silent about.
        Delivery::None if occasion.broker.is_empty() => play::Played::default(),
        _ => play::play(pipeline, rule, occasion)?,
    };
    Ok(Timeline {
        rule: rule.name.to_string(),
        title: rule.title.to_string(),
        place: rule.place.to_string(),
        on: rule.on.as_str(),
        sentences: words::sentences(rule, &pipeline.rules, &pipeline.audience, &occasion.broker),
        at: occasion.at,
        target: (rule.on == On::Deadline).then_some(occasion.target),
        mails: played.mails,
        untold: played.untold,
    })
}

/// How far ahead a moment is looked for at which a rule with conditions on time applies: every day of the week comes within it.
const TIMELY_MINUTES: i64 = 8 * 24 * 60;

/// The first moment, at `from` or later, at which the conditions on weekday and time of day hold.
fn next_timely(rule: &Rule, audience: &Audience, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let zone = &audience.teams().first()?.zone;
    let moments = (0..TIMELY_MINUTES).map(|minutes| from + chrono::TimeDelta::minutes(minutes));
    moments.into_iter().find(|at| rule.untimely(zone.local(*at)).is_empty())
}
