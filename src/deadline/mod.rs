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

mod answer;
mod audit;
pub mod calendar;
mod compute;
mod correction;
mod raw;
mod table;
mod term;
mod triggers;

pub use answer::{Class, Computed, Confidence, Dates, DeadlineId, Due, DueError, dash};
pub use audit::{TableError, TableFault};
pub use compute::CAL_DAY;
pub use table::{DeadlineTable, Definition, EMBEDDED, EMBEDDED_NAME, Version};
pub use term::{MonthEnd, Roll, Term, Unit};
pub use triggers::{Key, Kind, TriggerError, Triggers, Value};

/// The ids that code names. The table holds many more.
pub mod id {
    pub const ENTRY_FILE: &str = "ENTRY_FILE";
    pub const ES_DUE: &str = "ES_DUE";
    pub const ES_REJECT_RESUBMIT: &str = "ES_REJECT_RESUBMIT";
    pub const DAILY_STMT_DUE: &str = "DAILY_STMT_DUE";
    pub const PMS_DUE: &str = "PMS_DUE";
    pub const BILL_DUE: &str = "BILL_DUE";
    pub const BILL_DISHONORED: &str = "BILL_DISHONORED";
    pub const LIQ_SCHEDULED_EST: &str = "LIQ_SCHEDULED_EST";
    pub const LIQ_DEEMED_1Y: &str = "LIQ_DEEMED_1Y";
    pub const LIQ_EXT_END: &str = "LIQ_EXT_END";
    pub const LIQ_SUSP_6M: &str = "LIQ_SUSP_6M";
    pub const RELIQ_90D: &str = "RELIQ_90D";
    pub const PSC_DUE: &str = "PSC_DUE";
    pub const PROTEST_DUE: &str = "PROTEST_DUE";
    pub const CIT_SUMMONS: &str = "CIT_SUMMONS";
    pub const TIB_EXPORT: &str = "TIB_EXPORT";
    pub const CF28_RESPONSE: &str = "CF28_RESPONSE";
    pub const CF29_RESPONSE: &str = "CF29_RESPONSE";
    pub const CF4647_RESPONSE: &str = "CF4647_RESPONSE";
    pub const REDELIVERY_WINDOW: &str = "REDELIVERY_WINDOW";
    pub const RECORD_RETENTION: &str = "RECORD_RETENTION";

    /// All of the above; a test holds the table to them.
    pub const ALL: &[&str] = &[
        ENTRY_FILE,
        ES_DUE,
        ES_REJECT_RESUBMIT,
        DAILY_STMT_DUE,
        PMS_DUE,
        BILL_DUE,
        BILL_DISHONORED,
        LIQ_SCHEDULED_EST,
        LIQ_DEEMED_1Y,
        LIQ_EXT_END,
        LIQ_SUSP_6M,
        RELIQ_90D,
        PSC_DUE,
        PROTEST_DUE,
        CIT_SUMMONS,
        TIB_EXPORT,
        CF28_RESPONSE,
        CF29_RESPONSE,
        CF4647_RESPONSE,
        REDELIVERY_WINDOW,
        RECORD_RETENTION,
    ];
}
