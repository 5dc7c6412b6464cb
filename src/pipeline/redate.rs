//! Another table of deadlines: the reminders that stand are moved to its dates.

use super::remind::broker_of;
use super::{Group, Moment, Pipeline, View};
use crate::entry::history::Change;
use crate::entry::{DeadlineState, EntryDeadline, Life, Standing};
use crate::ident::EntryNumber;
use crate::journal::Redated;

impl Pipeline {
    /// The reminders of an entry that count towards a day which the table in force does not give any more.
    pub fn redated(&self, life: &Life) -> Vec<Redated> {
        let deadlines = self.deadlines_of(life, &life.entry());
        let target = |key: &str| {
            let deadline = deadlines.iter().find(|deadline| deadline.key() == *key)?;
            deadline.target().filter(|_| deadline.state == DeadlineState::Open)
        };
        let stale = life.reminders.iter().filter_map(|reminder| {
            let to = target(&reminder.deadline);
            (to != Some(reminder.target)).then(|| Redated {
                entry: life.number,
                deadline: reminder.deadline.clone(),
                from: reminder.target,
                to,
            })
        });
        stale.collect()
    }

    /// Keeps how the clocks moved, as the journal's line has it, and plans their reminders anew.
    pub fn redate<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        table: &str,
        moves: &[Redated],
    ) -> Result<(), V::Error> {
        for of_entry in moves.chunk_by(|left, right| left.entry == right.entry) {
            let Some(first) = of_entry.first() else { continue };
            self.redate_entry(group, moment, first.entry, table, of_entry)?;
        }
        Ok(())
    }

    fn redate_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        number: EntryNumber,
        table: &str,
        moves: &[Redated],
    ) -> Result<(), V::Error> {
        let Some(mut life) = group.life(number)? else { return Ok(()) };
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let changes = moves.iter().map(|moved| change(moved, table, &deadlines)).collect();
        life.note(moment.at, changes);
        let broker = broker_of(&life);
        self.plan_reminders(group, &mut life, &entry, &deadlines, (moment.at, &broker));
        group.put_life(life);
        Ok(())
    }
}

fn change(moved: &Redated, table: &str, deadlines: &[EntryDeadline]) -> Change {
    let day = moved.from.to_string();
    let from =
        Standing { due: day.into(), act_by: None, target: Some(moved.from), state: DeadlineState::Open };
    let now = deadlines.iter().find(|deadline| deadline.key() == *moved.deadline);
    let to = now.map_or_else(Standing::gone, Standing::of);
    Change {
        deadline: moved.deadline.clone(),
        from,
        to,
        cause: format!("another table of deadlines came into force ({table})").into(),
        notice: None,
    }
}
