//! Dates that a person has set for a clock, beside the legal one.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Entry, EntryDeadline, Life};
use crate::deadline::DeadlineTable;

/// A date by which our own people want a clock dealt with. The journal's line has it first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InternalTarget {
    /// [`EntryDeadline::key`].
    pub deadline: Box<str>,
    pub date: NaiveDate,
    pub by: Box<str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Box<str>,
    pub set_at: DateTime<Utc>,
}

impl Life {
    /// Every clock of the entry, with the dates that people have set. `entry` is the fold of this life's notices.
    pub fn deadlines(&self, entry: &Entry, table: &DeadlineTable) -> Vec<EntryDeadline> {
        let mut deadlines = entry.deadlines(table);
        for target in &self.targets {
            if let Some(deadline) = deadlines.iter_mut().find(|deadline| deadline.key() == *target.deadline) {
                deadline.internal = Some(target.date);
            }
        }
        deadlines
    }

    pub fn target_of(&self, deadline: &str) -> Option<&InternalTarget> {
        self.targets.iter().find(|target| *target.deadline == *deadline)
    }

    /// Sets the date of a clock in the place of an earlier one.
    pub fn set_target(&mut self, target: InternalTarget) {
        self.clear_target(&target.deadline);
        self.targets.push(target);
        self.targets.sort_by(|left, right| left.deadline.cmp(&right.deadline));
    }

    pub fn clear_target(&mut self, deadline: &str) {
        self.targets.retain(|target| *target.deadline != *deadline);
    }
}
