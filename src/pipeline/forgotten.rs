//! Open alerts of rules that are gone, which no entry follows because nothing ends them: of a rule without `until`, or about no entry.
//! They are closed with the reason. What still has something to say, and what somebody takes care of, leaves its place to the rule that
//! decides now; what was told and needs nothing more is not told again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::letters::Sorted;
use super::speak::tells_end;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{AlertKey, Course, Heed, Owed, Task};

/// Nothing is planned for later, in days.
const AHEAD_DAYS: i64 = 400;

/// Tasks that are looked at. Where there are more, every alert counts as one that still has something to say.
const TASKS_MAX: usize = 200_000;

impl Pipeline {
    /// Whether an alert is open, and its rule gone.
    pub fn is_forgotten<V: View>(&self, view: &V, key: &AlertKey) -> Result<bool, V::Error> {
        Ok(self.is_orphan(key) && view.course(key)?.is_some_and(|course| course.over_at.is_none()))
    }

    pub(super) fn close_forgotten<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        keys: &[AlertKey],
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let planned = planned(group, moment, keys)?;
        for key in keys.iter().filter(|key| self.is_orphan(key)) {
            let Some(course) = group.course(key)?.filter(|course| course.over_at.is_none()) else { continue };
            let Some(alert) = group.alert(key)? else { continue };
            let tasks = planned.as_ref().map(|planned| planned.get(key).map_or(&[][..], |tasks| tasks));
            let is_done = tasks.is_some_and(|tasks| has_said_all(&course, tasks));
            if is_done || tells_end(&alert) {
                self.close_orphan(group, moment, &alert, course);
            } else {
                self.orphan_due(group, moment, (&alert, course), sorted)?;
            }
        }
        Ok(())
    }
}

/// Everybody has heard of it, nobody takes care of it, and none of its tasks will say more.
fn has_said_all(course: &Course, tasks: &[Task]) -> bool {
    let is_void = |task: &Task| match task {
        Task::Tell { word, .. } => course.heed(*word) == Heed::Void,
        Task::Remind { epoch, .. } | Task::Escalate { epoch, .. } => *epoch != course.epoch,
        Task::Reopen { epoch, .. } => !course.may_open(*epoch),
        Task::SilenceEnds { .. } => true,
    };
    course.said > 0 && course.owed == Owed::Nobody && course.ack.is_none() && tasks.iter().all(is_void)
}

/// What the agenda has for these alerts; `None` when it has more than is looked at.
fn planned<V: View>(
    group: &Group<'_, V>,
    moment: Moment,
    keys: &[AlertKey],
) -> Result<Option<BTreeMap<AlertKey, Vec<Task>>>, V::Error> {
    let wanted: BTreeSet<&AlertKey> = keys.iter().collect();
    let agenda = group.agenda_until(moment.at + TimeDelta::days(AHEAD_DAYS), TASKS_MAX)?;
    if agenda.len() >= TASKS_MAX {
        return Ok(None);
    }
    let mut planned: BTreeMap<AlertKey, Vec<Task>> = BTreeMap::new();
    for task in agenda.iter().filter_map(|key| key.task()) {
        let (Task::Tell { alert, .. }
        | Task::Remind { alert, .. }
        | Task::Escalate { alert, .. }
        | Task::Reopen { alert, .. }) = &task
        else {
            continue;
        };
        if wanted.contains(alert) {
            planned.entry(alert.clone()).or_default().push(task);
        }
    }
    Ok(Some(planned))
}
