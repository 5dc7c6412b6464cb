//! On which days the clock looks at an entry again.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::ical::CALENDAR_PAST_DAYS;
use super::{Group, Pipeline, View};
use crate::clock::customs_date;
use crate::entry::{ClockMove, DeadlineState, Entry, EntryDeadline, Life, Reminder};
use crate::ident::BrokerName;
use crate::outbox::Audience;
use crate::rules::DeadlineContext;
use crate::step::{DueKey, DueValue};

/// A clock that is seen for the first time with this many days left or fewer is said at once, whatever its ladder.
pub(super) const LATE_DAYS: i64 = 14;

/// A clock that ran out longer ago than this when it is first seen is history, not news.
pub(super) const HISTORY_DAYS: i64 = 30;

/// The reminders that may be said at a moment, the earliest first, at most `limit` of them or a few more.
///
/// Those of a day are said from the first morning of any team on. That may be the evening before at Customs: then what says that a
/// day is over waits until it is over there. `until` answers all reminders up to and with a day.
pub fn ready<E>(
    audience: &Audience,
    now: DateTime<Utc>,
    limit: usize,
    until: impl Fn(NaiveDate, usize) -> Result<Vec<(DueKey, DueValue)>, E>,
) -> Result<Vec<(DueKey, DueValue)>, E> {
    let (day, customs) = (audience.reminder_day(now), customs_date(now));
    let mut most = limit;
    loop {
        let mut due = until(day, most)?;
        let is_all = due.len() < most;
        due.retain(|(key, value)| {
            let DueKey { day, deadline, .. } = key.clone();
            !Reminder { day, target: value.target, deadline }.is_early(customs)
        });
        if is_all || !due.is_empty() {
            return Ok(due);
        }
        most = most.saturating_mul(4);
    }
}

impl Pipeline {
    /// The day from which a clock counts at a moment: that of the first morning of any team, but no day is over before it is at Customs.
    pub(super) fn day_of(&self, deadline: &EntryDeadline, at: DateTime<Utc>) -> NaiveDate {
        let (day, customs) = (self.reminder_day(at), customs_date(at));
        deadline.legal().filter(|legal| (customs..day).contains(legal)).unwrap_or(day)
    }

    /// As [`ready`], of what the step in the making has.
    pub(super) fn reminders_ready<V: View>(
        &self,
        group: &Group<'_, V>,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(DueKey, DueValue)>, V::Error> {
        ready(&self.audience, now, limit, |day, most| group.due_until(day, most))
    }

    /// Sets the reminders of an entry to what its deadlines want, and moves the due index with them.
    pub(super) fn plan_reminders<V: View>(
        &self,
        group: &mut Group<'_, V>,
        life: &mut Life,
        entry: &Entry,
        deadlines: &[EntryDeadline],
        moment: (DateTime<Utc>, &BrokerName),
    ) {
        let (at, broker) = moment;
        let today = self.reminder_day(at);
        let mut wanted = Vec::new();
        for deadline in deadlines.iter().filter(|deadline| deadline.may_run()) {
            let Some(target) = deadline.target_on(today) else { continue };
            let key = deadline.key();
            // A reminder that stands for the same target stays: this change did not move the clock.
            let standing = life.reminders.iter().find(|known| *known.deadline == *key);
            let day = match standing {
                Some(known) if deadline.is_counted_by(known) => Some(known.day),
                _ => self.first_reminder(
                    &DeadlineContext { deadline, entry, broker: broker.as_str(), on: today },
                    target,
                ),
            };
            wanted.extend(day.and_then(|day| reminder(deadline, day)));
        }
        self.finish_plan(group, life, (entry, deadlines), wanted, (today, broker));
    }

    /// Sets the reminders of the clocks, with what else the entry is looked at for.
    pub(super) fn finish_plan<V: View>(
        &self,
        group: &mut Group<'_, V>,
        life: &mut Life,
        (entry, deadlines): (&Entry, &[EntryDeadline]),
        mut wanted: Vec<Reminder>,
        (today, broker): (NaiveDate, &BrokerName),
    ) {
        wanted.extend(self.silence_reminders(life, entry, deadlines, today));
        wanted.extend(self.calendar_reminder(life, entry, deadlines, (today, broker)));
        self.set_reminders(group, life, wanted);
    }

    /// An entry of which a clock was closed stays in the due index until the calendars have forgotten it, so that they find it
    /// there: its event is to be cancelled.
    fn calendar_reminder(
        &self,
        life: &Life,
        entry: &Entry,
        deadlines: &[EntryDeadline],
        (today, broker): (NaiveDate, &BrokerName),
    ) -> Option<Reminder> {
        let gone = life.gone(deadlines, &self.deadlines);
        let was_in_calendars = |moved: &ClockMove| {
            let deadline = deadlines.iter().chain(&gone).find(|deadline| *deadline.key() == *moved.deadline);
            deadline.is_some_and(|deadline| {
                let context = DeadlineContext { deadline, entry, broker: broker.as_str(), on: today };
                deadline.ran_until(moved) && self.rules.tell_clock(&context).is_some()
            })
        };
        let ended = life.moves.iter().rev().find(|moved| {
            let has_ended = ![DeadlineState::Open, moved.from.state].contains(&moved.to.state);
            has_ended && was_in_calendars(moved)
        })?;
        let closed = ended.at.date_naive();
        let day = closed.checked_add_signed(TimeDelta::days(CALENDAR_PAST_DAYS))?;
        (day > today).then(|| Reminder { day, target: closed, deadline: Reminder::CALENDAR.into() })
    }

    fn first_reminder(&self, context: &DeadlineContext<'_>, target: NaiveDate) -> Option<NaiveDate> {
        let today = context.on;
        let left = (target - today).num_days();
        if left < -HISTORY_DAYS {
            return None;
        }
        if left <= LATE_DAYS && self.rules.for_deadline(context).is_some() {
            return Some(today);
        }
        // A clock that starts by itself says nothing before it runs.
        let before = context.deadline.starts.and_then(|starts| starts.pred_opt());
        self.rules.next_reminder(context.deadline, today.max(before.unwrap_or(today)))
    }

    /// Replaces the reminders of an entry; only what differs touches the due index.
    pub(super) fn set_reminders<V: View>(
        &self,
        group: &mut Group<'_, V>,
        life: &mut Life,
        mut wanted: Vec<Reminder>,
    ) {
        wanted.sort();
        for known in &life.reminders {
            if !wanted.contains(known) {
                group.set_due(due_key(life, known), None);
            }
        }
        for reminder in &wanted {
            if !life.reminders.contains(reminder) {
                group.set_due(due_key(life, reminder), Some(DueValue { target: reminder.target }));
            }
        }
        life.reminders = wanted;
    }
}

/// The reminder of a clock on a day, towards the date that counts then.
pub(super) fn reminder(deadline: &EntryDeadline, day: NaiveDate) -> Option<Reminder> {
    Some(Reminder { day, target: deadline.target_on(day)?, deadline: deadline.key().into() })
}

fn due_key(life: &Life, reminder: &Reminder) -> DueKey {
    DueKey { day: reminder.day, entry: life.number, deadline: reminder.deadline.clone() }
}
