//! The clocks of an entry as events in the calendar of a team.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Pipeline;
use super::remind::broker_of;
use crate::entry::{ClockMove, Entry, EntryDeadline, Life};
use crate::ical::{COPY, Event};
use crate::rules::{DeadlineContext, Rule, Step};

/// A calendar holds what is to be done within this many days; no ladder of a duty is longer than a few months.
pub const CALENDAR_DAYS: i64 = 400;

/// What ran out, or was closed, stays in the calendar for this many days.
pub(super) const CALENDAR_PAST_DAYS: i64 = 30;

impl Pipeline {
    /// The clocks that a team is told of, which are due soon or were closed lately.
    pub fn events(&self, life: &Life, team: &str, today: NaiveDate) -> Vec<Event> {
        let entry = life.entry();
        let broker = broker_of(life);
        let mut events = Vec::new();
        let mut deadlines = self.deadlines_of(life, &entry);
        let gone = life.gone(&deadlines, &self.deadlines);
        deadlines.extend(gone);
        for deadline in deadlines {
            let context =
                DeadlineContext { deadline: &deadline, entry: &entry, broker: broker.as_str(), on: today };
            let Some((rule, telling)) = self.rules.tell_clock(&context) else { continue };
            if telling.notify.iter().any(|name| **name == *team) {
                events.extend(self.event(life, &entry, &deadline, rule, today));
            }
        }
        events
    }

    fn event(
        &self,
        life: &Life,
        entry: &Entry,
        deadline: &EntryDeadline,
        rule: &Rule,
        today: NaiveDate,
    ) -> Option<Event> {
        let key = deadline.key();
        let moves = || life.moves_of(&key);
        let last = moves().next_back();
        let is_cancelled = !deadline.runs_on(today);
        // What was never in a calendar is not taken out of one.
        let day = if is_cancelled {
            let ended = moves().rev().find(|moved| deadline.ran_until(moved))?;
            ended.from.target_on(ended.at.date_naive())?
        } else {
            deadline.target_on(today)?
        };
        let left = (day - today).num_days();
        let closed = last.filter(|_| is_cancelled).map(|moved| (today - moved.at.date_naive()).num_days());
        let is_near = closed
            .map_or((-CALENDAR_PAST_DAYS..=CALENDAR_DAYS).contains(&left), |ago| ago <= CALENDAR_PAST_DAYS);
        if !is_near {
            return None;
        }
        let name = self.deadlines.find(&deadline.id).map_or(&*deadline.id, |found| &found.name);
        let done = if is_cancelled { "Closed: " } else { "" };
        let until = until(deadline);
        Some(Event {
            entry: life.number,
            sequence: life.event_sequence(deadline, today),
            known_at: known_at(life, deadline, last),
            day,
            summary: format!("{done}{name}: {until} {day} ({})", life.number),
            description: self.description(life, entry, deadline, last),
            is_cancelled,
            alarms: alarms(rule),
            deadline: key.into(),
        })
    }

    fn description(
        &self,
        life: &Life,
        entry: &Entry,
        deadline: &EntryDeadline,
        last: Option<&ClockMove>,
    ) -> Vec<String> {
        let key = deadline.key();
        let mut lines = vec![COPY.to_owned()];
        lines.push(format!("Entry {}, {key}: due {}", life.number, deadline.due_text()));
        if let Some(act_by) = deadline.act_by {
            lines.push(format!("Act by {act_by}."));
        }
        if !deadline.may_be_over.is_empty() {
            lines.push(format!("It runs on: {}.", deadline.may_be_over));
        }
        if let Some(target) = life.target_of(&key) {
            lines.push(format!("Our own target is {}, set by {}. {}", target.date, target.by, target.reason));
        }
        if let Some(moved) = last {
            let ([from, to], cause) = (moved.standings(), &moved.cause);
            lines.push(format!("Changed on {} ({from}, then {to}): {cause}.", moved.at.date_naive()));
        }
        let clock = entry.clocks(&self.deadlines).into_iter().find(|clock| clock.key() == key);
        if let Some(computed) = clock.and_then(|clock| clock.explain(&self.deadlines).ok()) {
            lines.extend(computed.steps);
            lines.push(format!("Rule: {}; {}", computed.rule, computed.confidence.as_str()));
        }
        lines.push(format!("Basis: {}", deadline.basis));
        lines
    }
}

/// What its day is: ours to act by, or the end of what Customs or the law has time for.
fn until(deadline: &EntryDeadline) -> &'static str {
    match (deadline.act_by.is_some(), deadline.internal.is_some()) {
        (true, _) => "act by",
        (false, true) => "look at it by",
        (false, false) => "ends",
    }
}

/// The moment of the last change, else of the notices that started the clock.
fn known_at(life: &Life, deadline: &EntryDeadline, last: Option<&ClockMove>) -> DateTime<Utc> {
    let seen = |fact: &crate::entry::Provenance| Some(life.get(fact.notice?)?.seen.received_at);
    let first = || life.notices.first().map(|held| held.seen.received_at);
    last.map(|moved| moved.at)
        .or_else(|| deadline.from.iter().filter_map(seen).max())
        .or_else(first)
        .unwrap_or(DateTime::UNIX_EPOCH + TimeDelta::zero())
}

fn alarms(rule: &Rule) -> Vec<u16> {
    let steps = rule.ladder().map(|ladder| ladder.steps()).unwrap_or_default();
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Days(days) => Some(*days),
            Step::Overdue | Step::Late(_) => None,
        })
        .collect()
}
