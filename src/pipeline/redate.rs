//! Another table of deadlines, or other days of the configuration: the reminders that stand follow to the new dates.

use std::sync::Arc;

use chrono::NaiveDate;

use super::letters::Sorted;
use super::remind::broker_of;
use super::reminders::{HISTORY_DAYS, LATE_DAYS};
use super::{Group, Moment, Pipeline, View};
use crate::deadline::DeadlineTable;
use crate::entry::history::Change;
use crate::entry::{Entry, Life, Reminder, Standing};
use crate::ident::{BrokerName, EntryNumber};
use crate::journal::Redated;
use crate::outbox::AlertKey;
use crate::rules::DeadlineContext;

impl Pipeline {
    /// The clocks of an entry whose reminders count towards another day than the table in force gives, and those that have a
    /// date now and nobody who will be reminded of it. `earlier` are tables that may have been in force before, the likeliest first.
    pub fn redated<V: View>(
        &self,
        view: &V,
        life: &Life,
        today: NaiveDate,
        earlier: &[Arc<DeadlineTable>],
    ) -> Result<Vec<Redated>, V::Error> {
        let entry = life.entry();
        let deadlines = self.deadlines_of(life, &entry);
        let broker = broker_of(life);
        let mut moved = Vec::new();
        for reminder in life.reminders.iter().filter(|reminder| reminder.is_of_clock()) {
            let now = deadlines.iter().find(|deadline| deadline.key() == *reminder.deadline);
            let stands = now.is_some_and(|deadline| deadline.may_run() && deadline.is_counted_by(reminder));
            if !stands {
                moved.push(Redated {
                    entry: life.number,
                    deadline: reminder.deadline.clone(),
                    from: Some(stood(life, &entry, reminder, earlier)),
                    to: now.map_or_else(Standing::gone, Standing::of),
                });
            }
        }
        for deadline in deadlines.iter().filter(|deadline| deadline.may_run()) {
            let key = deadline.key();
            let has_reminder = life.reminders.iter().any(|known| *known.deadline == *key);
            let context = DeadlineContext { deadline, entry: &entry, broker: broker.as_str(), on: today };
            if !has_reminder && self.wants_reminder(view, &context)? {
                let to = Standing::of(deadline);
                moved.push(Redated { entry: life.number, deadline: key.into(), from: None, to });
            }
        }
        Ok(moved)
    }

    /// Whether somebody is still to be reminded of a clock without a reminder: a step of its ladder is ahead, or the one of today
    /// was not said. A ladder that is done with wants none.
    fn wants_reminder<V: View>(&self, view: &V, context: &DeadlineContext<'_>) -> Result<bool, V::Error> {
        let DeadlineContext { deadline, entry, on, .. } = *context;
        let Some(target) = deadline.target_on(on) else { return Ok(false) };
        if self.rules.next_reminder(deadline, on).is_some() {
            return Ok(true);
        }
        let left = (target - on).num_days();
        if !(-HISTORY_DAYS..=LATE_DAYS).contains(&left) {
            return Ok(false);
        }
        let Some(hit) = self.rules.for_deadline(context) else { return Ok(false) };
        let key = AlertKey::new(&hit.rule.name, entry.number.as_str(), &hit.occasion);
        Ok(view.alert(&key)?.is_none())
    }

    /// Keeps how clocks moved, as the journal's line has it, tells who was told the old dates, and plans the reminders anew.
    pub fn redate<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        table: &str,
        moves: &[Redated],
    ) -> Result<(), V::Error> {
        let mut sorted = Sorted::default();
        for of_entry in moves.chunk_by(|left, right| left.entry == right.entry) {
            let Some(first) = of_entry.first() else { continue };
            self.redate_entry(group, moment, (first.entry, &mut sorted), table, of_entry)?;
        }
        self.post_all(group, moment, sorted)
    }

    fn redate_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (number, sorted): (EntryNumber, &mut Sorted),
        table: &str,
        moves: &[Redated],
    ) -> Result<(), V::Error> {
        let Some(mut life) = group.life(number)? else { return Ok(()) };
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let broker: BrokerName = broker_of(&life);
        // A clock that had no date did not move: it only gets its reminders.
        let changes = moves.iter().filter_map(|moved| change(moved, table)).collect();
        let moving = super::moved::Moving { after: &deadlines, entry: &entry, broker: &broker, notice: None };
        let raised = self.note_changes(group, moment, &mut life, &moving, changes)?;
        self.plan_reminders(group, &mut life, &entry, &deadlines, (moment.at, &broker));
        let followed = self.tell_with(group, moment, raised, sorted)?;
        self.begin_to_follow(group, &mut life, followed)?;
        group.put_life(life);
        Ok(())
    }
}

/// How a clock stood that somebody was to be reminded of: as its last move left it, as a table that may have been in force has
/// it, else all that the reminder knows.
fn stood(life: &Life, entry: &Entry, reminder: &Reminder, earlier: &[Arc<DeadlineTable>]) -> Standing {
    let is_that = |standing: &Standing| [standing.target, standing.legal()].contains(&Some(reminder.target));
    let last = life.moves_of(&reminder.deadline).next_back().map(|moved| moved.to.clone());
    let computed = |table: &Arc<DeadlineTable>| {
        let deadlines = life.deadlines(entry, table);
        let then = deadlines.iter().find(|deadline| deadline.key() == *reminder.deadline);
        then.map(Standing::of).filter(is_that)
    };
    last.filter(is_that)
        .or_else(|| earlier.iter().find_map(computed))
        .unwrap_or_else(|| Standing::acted_on(reminder.target))
}

fn change(moved: &Redated, table: &str) -> Option<Change> {
    Some(Change {
        deadline: moved.deadline.clone(),
        from: moved.from.clone()?,
        to: moved.to.clone(),
        cause: format!("other rules or days came into force (table {table})").into(),
        notice: None,
    })
}
