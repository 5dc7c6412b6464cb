//! A person sets a date of our own for a clock.

use super::remind::broker_of;
use super::{Group, Moment, Pipeline, View};
use crate::entry::history::changes;
use crate::entry::{EntryDeadline, InternalTarget};
use crate::ident::EntryNumber;

/// What was set, as the journal's line has it.
#[derive(Clone, Copy, Debug)]
pub struct TargetSet<'a> {
    pub entry: EntryNumber,
    /// The clock's key.
    pub deadline: &'a str,
    /// `None` takes the date back.
    pub date: Option<chrono::NaiveDate>,
    pub by: &'a str,
    pub reason: &'a str,
}

impl Pipeline {
    /// Sets the date and moves the reminders with it. False when the entry is not known.
    pub fn set_target<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        set: TargetSet<'_>,
    ) -> Result<bool, V::Error> {
        let Some(mut life) = group.life(set.entry)? else { return Ok(false) };
        let entry = life.entry();
        let before = self.deadlines_of(&life, &entry);
        // A journal of before names some clocks by the date that they count from.
        let is_key = before.iter().any(|known| known.key() == *set.deadline);
        let by_date = before.iter().find(|known| !is_key && known.counts_from(set.deadline));
        let key = by_date.map(EntryDeadline::key);
        let set = TargetSet { deadline: key.as_deref().unwrap_or(set.deadline), ..set };
        match set.date {
            Some(date) => life.set_target(InternalTarget {
                deadline: set.deadline.into(),
                date,
                by: set.by.into(),
                reason: set.reason.into(),
                set_at: moment.at,
            }),
            None => life.clear_target(set.deadline),
        }
        let after = self.deadlines_of(&life, &entry);
        let mut moved = changes(&before, &after);
        for change in &mut moved {
            change.cause = cause(set);
        }
        life.note(moment.at, moved);
        let broker = broker_of(&life);
        // The ladder begins anew, also where its next step counts towards a date that did not change.
        let dated = |all: &[EntryDeadline]| {
            all.iter().find(|known| known.key() == *set.deadline).and_then(|known| known.internal)
        };
        if dated(&before) != dated(&after) {
            let others = life.reminders.iter().filter(|known| *known.deadline != *set.deadline);
            let others = others.cloned().collect();
            self.set_reminders(group, &mut life, others);
        }
        self.plan_reminders(group, &mut life, &entry, &after, (moment.at, &broker));
        group.put_life(life);
        Ok(true)
    }
}

fn cause(set: TargetSet<'_>) -> Box<str> {
    let reason = if set.reason.is_empty() { String::new() } else { format!(": {}", set.reason) };
    match set.date {
        Some(date) => format!("{} set our own date to {date}{reason}", set.by).into(),
        None => format!("{} took our own date back{reason}", set.by).into(),
    }
}
