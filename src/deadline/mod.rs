//! Legal clocks: from the facts of an entry to the day something is due, with the arithmetic and the law behind it.
//!
//! Every deadline is data in `grammars/deadlines.toml`: what starts its clock, how long it runs, what happens to a
//! last day that is no working day, since when the rule stands, and who says so. [`DeadlineTable`] reads and audits
//! that table; [`DeadlineTable::compute`] turns [`Triggers`] into a [`Computed`] with every step written out, and
//! [`DeadlineTable::compute_dates`] into the two dates alone, for the many entries that change every hour.
//!
//! Two dates come out. `due` is the last day under the rule as written. `act_by` is the day to alert on: it takes the
//! earliest reading that can be defended, then goes back to a day on which people work, and is never later than `due`.
//! Where no date exists, `due` says why; where a fact is missing there is an error and never a guess.
//!
//! Pure: nothing here reads a file, a clock or the time zone. Dates are civil dates of U.S. Eastern time, which is for
//! the caller to find.

mod adjust;
mod answer;
mod audit;
pub mod calendar;
mod compute;
mod correction;
mod doubt;
mod fault;
mod key;
mod overrides;
mod raw;
mod table;
mod term;
mod triggers;
mod value;

pub use adjust::KEYS as ADJUSTING;
pub use answer::{Class, Computed, Confidence, Dates, DeadlineId, Due, DueError, dash};
pub use compute::CAL_DAY;
pub use fault::{TableError, TableFault};
pub use key::{Key, Kind};
pub use overrides::{
    Applies, DayEffect, DayOverride, Overrides, Overriding, Programme, Scope, SetDue, StatementMonth,
    Suspension,
};
pub use table::{DeadlineTable, Definition, EMBEDDED, EMBEDDED_NAME, Version};
pub use term::{MonthEnd, Roll, Term, Unit};
pub use triggers::{TriggerError, Triggers};
pub use value::Value;

/// The ids of the table.
pub use crate::notice::clock_id as id;
