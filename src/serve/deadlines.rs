//! The deadlines that come up, over all entries.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::entry::broker_of;
use super::page::{Page, walk_lives};
use crate::deadline::{DeadlineTable, dash};
use crate::entry::EntryDeadline;
use crate::ident::{BrokerName, EntryNumber};
use crate::store::{Store, StoreError};

/// Which deadlines are near: those to act on within some days, and those that ran out some days ago at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Today.
    pub on: NaiveDate,
    pub within_days: u32,
    pub overdue_days: u32,
}

impl Window {
    /// Whether this clock runs and its day lies in the window. A clock whose last day is over is overdue.
    pub fn holds(&self, deadline: &EntryDeadline) -> bool {
        let Some(target) = deadline.target_on(self.on).filter(|_| deadline.runs_on(self.on)) else {
            return false;
        };
        let until = self.on.checked_add_signed(TimeDelta::days(i64::from(self.within_days)));
        let since = self.on.checked_sub_signed(TimeDelta::days(i64::from(self.overdue_days)));
        let last = deadline.due.unwrap_or(target);
        until.is_none_or(|until| target <= until) && since.is_none_or(|since| last >= since)
    }
}

/// One clock of one entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeadlineRow {
    pub entry: EntryNumber,
    pub broker: Option<BrokerName>,
    pub reference: Option<String>,
    pub status: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    pub name: String,
    /// A date, always: a clock without one does not come up.
    pub due: String,
    #[serde(with = "dash")]
    pub act_by: Option<NaiveDate>,
    /// Until `target` or `act_by`, or `due` when nobody has to act; negative when it is over.
    pub days_left: i64,
    pub basis: String,
    /// The date that a person has set, where one is set; `days_left` counts to it until it has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<NaiveDate>,
}

pub(super) fn answer(
    store: &dyn Store,
    table: &DeadlineTable,
    window: Window,
    after: Option<EntryNumber>,
    limit: Option<usize>,
) -> Result<Page<DeadlineRow, EntryNumber>, StoreError> {
    walk_lives(store, after, limit, |life, rows| {
        let entry = life.entry();
        for deadline in life.deadlines(&entry, table).iter().filter(|deadline| window.holds(deadline)) {
            rows.push(DeadlineRow {
                entry: entry.number,
                broker: broker_of(life),
                reference: entry.references.broker.as_deref().map(str::to_owned),
                status: entry.status().as_str().to_owned(),
                id: deadline.id.to_string(),
                instance: deadline.instance.to_string(),
                name: table.find(&deadline.id).map(|found| found.name.clone()).unwrap_or_default(),
                due: deadline.due_text(),
                act_by: deadline.act_by,
                days_left: deadline.target_on(window.on).map_or(0, |target| (target - window.on).num_days()),
                basis: deadline.basis.to_string(),
                target: deadline.internal,
            });
        }
    })
}
