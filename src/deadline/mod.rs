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

/// The ids of the table, for the code that says what starts and ends each clock.
pub mod id {
    pub const ENTRY_FILE: &str = "ENTRY_FILE";
    pub const GO_NOTIFY: &str = "GO_NOTIFY";
    pub const GO_SALE: &str = "GO_SALE";
    pub const ES_DUE: &str = "ES_DUE";
    pub const ES_REJECT_RESUBMIT: &str = "ES_REJECT_RESUBMIT";
    pub const MISSING_DOC: &str = "MISSING_DOC";
    pub const DAILY_STMT_DUE: &str = "DAILY_STMT_DUE";
    pub const PMS_PRELIM: &str = "PMS_PRELIM";
    pub const PMS_DUE: &str = "PMS_DUE";
    pub const BROKER_REMIT: &str = "BROKER_REMIT";
    pub const BILL_DUE: &str = "BILL_DUE";
    pub const BILL_DISHONORED: &str = "BILL_DISHONORED";
    pub const LIQ_SCHEDULED_EST: &str = "LIQ_SCHEDULED_EST";
    pub const LIQ_DEEMED_1Y: &str = "LIQ_DEEMED_1Y";
    pub const LIQ_EXT_END: &str = "LIQ_EXT_END";
    pub const LIQ_CAP_4Y: &str = "LIQ_CAP_4Y";
    pub const LIQ_SUSP_6M: &str = "LIQ_SUSP_6M";
    pub const RELIQ_90D: &str = "RELIQ_90D";
    pub const PSC_DUE: &str = "PSC_DUE";
    pub const PSC_ADCVD_PAY: &str = "PSC_ADCVD_PAY";
    pub const RECON_VALUE: &str = "RECON_VALUE";
    pub const RECON_FTA: &str = "RECON_FTA";
    pub const FTA_1520D: &str = "FTA_1520D";
    pub const DRAWBACK_5Y: &str = "DRAWBACK_5Y";
    pub const CAPE_80D: &str = "CAPE_80D";
    pub const PROTEST_DUE: &str = "PROTEST_DUE";
    pub const PROTEST_AMEND: &str = "PROTEST_AMEND";
    pub const PROTEST_SURETY: &str = "PROTEST_SURETY";
    pub const PROTEST_ACCEL_DENIAL: &str = "PROTEST_ACCEL_DENIAL";
    pub const PROTEST_CBP_2Y: &str = "PROTEST_CBP_2Y";
    pub const AFR_DECISION_30D: &str = "AFR_DECISION_30D";
    pub const AFR_SETASIDE_60D: &str = "AFR_SETASIDE_60D";
    pub const PROTEST_VOID_90D: &str = "PROTEST_VOID_90D";
    pub const CIT_SUMMONS: &str = "CIT_SUMMONS";
    pub const CF28_RESPONSE: &str = "CF28_RESPONSE";
    pub const CF29_RESPONSE: &str = "CF29_RESPONSE";
    pub const CF4647_RESPONSE: &str = "CF4647_RESPONSE";
    pub const REDELIVERY_WINDOW: &str = "REDELIVERY_WINDOW";
    pub const DETAIN_DECISION: &str = "DETAIN_DECISION";
    pub const DETAIN_NOTICE: &str = "DETAIN_NOTICE";
    pub const DETAIN_RESPONSE: &str = "DETAIN_RESPONSE";
    pub const DEEMED_EXCLUSION: &str = "DEEMED_EXCLUSION";
    pub const EXCL_PROTEST_DENIAL: &str = "EXCL_PROTEST_DENIAL";
    pub const FDA_DETENTION_RESPONSE: &str = "FDA_DETENTION_RESPONSE";
    pub const FDA_REFUSAL_90D: &str = "FDA_REFUSAL_90D";
    pub const SEIZURE_PETITION: &str = "SEIZURE_PETITION";
    pub const SEIZURE_CLAIM_CAFRA: &str = "SEIZURE_CLAIM_CAFRA";
    pub const LD_PETITION: &str = "LD_PETITION";
    pub const PENALTY_PETITION: &str = "PENALTY_PETITION";
    pub const PREPENALTY_RESPONSE: &str = "PREPENALTY_RESPONSE";
    pub const SUPP_PETITION: &str = "SUPP_PETITION";
    pub const PRIOR_DISC_TENDER: &str = "PRIOR_DISC_TENDER";
    pub const PRIOR_DISC_INFO: &str = "PRIOR_DISC_INFO";
    pub const SOL_1592: &str = "SOL_1592";
    pub const BOND_INSUFF: &str = "BOND_INSUFF";
    pub const INBOND_TRANSIT: &str = "INBOND_TRANSIT";
    pub const INBOND_ARRIVAL_REPORT: &str = "INBOND_ARRIVAL_REPORT";
    pub const TIB_EXPORT: &str = "TIB_EXPORT";
    pub const WAREHOUSE_5Y: &str = "WAREHOUSE_5Y";
    pub const RECORD_DEMAND: &str = "RECORD_DEMAND";
    pub const RECORD_RETENTION: &str = "RECORD_RETENTION";

    /// All of the above, in the order of the table; a test holds the table to them.
    pub const ALL: &[&str] = &[
        ENTRY_FILE,
        GO_NOTIFY,
        GO_SALE,
        ES_DUE,
        ES_REJECT_RESUBMIT,
        MISSING_DOC,
        DAILY_STMT_DUE,
        PMS_PRELIM,
        PMS_DUE,
        BROKER_REMIT,
        BILL_DUE,
        BILL_DISHONORED,
        LIQ_SCHEDULED_EST,
        LIQ_DEEMED_1Y,
        LIQ_EXT_END,
        LIQ_CAP_4Y,
        LIQ_SUSP_6M,
        RELIQ_90D,
        PSC_DUE,
        PSC_ADCVD_PAY,
        RECON_VALUE,
        RECON_FTA,
        FTA_1520D,
        DRAWBACK_5Y,
        CAPE_80D,
        PROTEST_DUE,
        PROTEST_AMEND,
        PROTEST_SURETY,
        PROTEST_ACCEL_DENIAL,
        PROTEST_CBP_2Y,
        AFR_DECISION_30D,
        AFR_SETASIDE_60D,
        PROTEST_VOID_90D,
        CIT_SUMMONS,
        CF28_RESPONSE,
        CF29_RESPONSE,
        CF4647_RESPONSE,
        REDELIVERY_WINDOW,
        DETAIN_DECISION,
        DETAIN_NOTICE,
        DETAIN_RESPONSE,
        DEEMED_EXCLUSION,
        EXCL_PROTEST_DENIAL,
        FDA_DETENTION_RESPONSE,
        FDA_REFUSAL_90D,
        SEIZURE_PETITION,
        SEIZURE_CLAIM_CAFRA,
        LD_PETITION,
        PENALTY_PETITION,
        PREPENALTY_RESPONSE,
        SUPP_PETITION,
        PRIOR_DISC_TENDER,
        PRIOR_DISC_INFO,
        SOL_1592,
        BOND_INSUFF,
        INBOND_TRANSIT,
        INBOND_ARRIVAL_REPORT,
        TIB_EXPORT,
        WAREHOUSE_5Y,
        RECORD_DEMAND,
        RECORD_RETENTION,
    ];
}
