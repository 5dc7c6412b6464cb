//! What filings, statements and query answers state: the facts that effects carry.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Amounts, EventTime, Token};

/// An entry summary as the broker sent it (AE), or as CBP repeats it (ER with content): its sums.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct SummaryFiling {
    /// Ties the lines of one message to it; a hash of the message's own bytes.
    pub filing: Token,
    pub action: FilingAction,
    /// A post summary correction.
    pub is_correction: bool,
    /// 1 alone, 2, 3, 5 daily statement, 6, 7, 8 periodic monthly.
    pub payment_type: Option<Token>,
    /// The day on which it asks to be printed on a preliminary statement.
    pub statement_date: Option<NaiveDate>,
    /// Month of the monthly statement, `07`.
    pub statement_month: Option<Token>,
    pub import_date: Option<NaiveDate>,
    pub line_count: u16,
    /// Entered value in whole US dollars, summed over the lines; `None` when one of them is no number.
    pub entered_value: Option<Decimal>,
    /// Declared totals in US dollars, with the yearly limits of the merchandise processing fee applied.
    pub amounts: Amounts,
    /// Other revenue, which is no duty, tax or fee.
    pub other: Option<Decimal>,
}

/// What a filing asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilingAction {
    /// Add or replace, which CBP does not tell apart.
    Filed,
    Deleted,
}

/// One line of a filing. What it says beyond its sums stands in the fields of its notice.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct FiledLine {
    /// That of its [`SummaryFiling`].
    pub filing: Token,
    /// From 1, in the order of the message.
    pub ordinal: u16,
    /// Whole US dollars.
    pub value: Option<Decimal>,
    /// Estimated amounts of the line in US dollars; fees before the yearly limits.
    pub amounts: Amounts,
}

/// An entry's place on a daily statement (PF).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct StatementLine {
    pub statement: Token,
    pub status: StatementStatus,
    pub print_date: Option<NaiveDate>,
    pub payment_type: Option<Token>,
    /// What the statement asks for this entry: duty, tax that is not deferred, antidumping and countervailing duty that
    /// no bond covers, fees, interest. `None` when a part is no number.
    pub amount: Option<Decimal>,
    /// False when the amount is not due with this statement (`pay_indicator` N).
    pub is_due: bool,
}

/// A daily statement's place on a monthly one (MS).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct MonthlyLine {
    /// The daily statement.
    pub statement: Token,
    pub monthly: Token,
    pub status: StatementStatus,
    pub print_date: Option<NaiveDate>,
    /// The last day to pay.
    pub due_date: Option<NaiveDate>,
    /// When the daily statement was presented.
    pub presented: Option<NaiveDate>,
    /// Of the whole daily statement.
    pub amount: Option<Decimal>,
}

/// The B record tells preliminary from final; without it only totals paid make a statement final.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// To be checked and paid.
    Preliminary,
    /// A daily one is paid, or presented when it is periodic; a monthly one is paid.
    Final,
}

/// What is left out where it does not hold.
fn is_not(flag: &bool) -> bool {
    !flag
}

/// How a summary stands, as CBP answers a query (ER).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct SummaryStatus {
    pub version: Option<Token>,
    /// The last acceptance.
    pub accepted_at: Option<EventTime>,
    pub state: Option<AnsweredState>,
    /// Of that state.
    pub state_date: Option<NaiveDate>,
    /// The day of release, when it is released.
    pub release_date: Option<NaiveDate>,
    /// 0 not paid, 2 fully paid, 3 duty free, 5 drawback, 6 authorized.
    pub collection: Option<Token>,
    pub collection_date: Option<NaiveDate>,
    pub is_late: bool,
    /// CBP has it under review, so that no post summary correction is possible.
    pub is_under_review: bool,
    /// A protest is on file.
    pub is_protested: bool,
    /// CBP controls it: the filer can correct it, and no longer replace it.
    #[serde(default, skip_serializing_if = "is_not")]
    pub is_in_customs_control: bool,
    /// CBP has set the summary inactive: whatever its state, it is not one that counts.
    #[serde(default, skip_serializing_if = "is_not")]
    pub is_inactive: bool,
    /// A suspension of liquidation stands.
    #[serde(default, skip_serializing_if = "is_not")]
    pub is_suspended: bool,
    pub census: Option<AnsweredCensus>,
    /// A reconciliation entry for value, classification or 9802 names the entry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_reconciled: bool,
    /// A reconciliation entry for a trade agreement does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_reconciled_fta: bool,
}

impl SummaryStatus {
    /// Takes out the dates that `keep` refuses.
    pub(super) fn retain_dates(&mut self, keep: &mut dyn FnMut(NaiveDate) -> bool) {
        for date in [&mut self.state_date, &mut self.release_date, &mut self.collection_date] {
            *date = date.filter(|date| keep(*date));
        }
        self.accepted_at = self.accepted_at.filter(|at| keep(at.date));
    }

    /// Nothing is left to pay: fully paid, duty free, drawback.
    pub fn is_collected(&self) -> bool {
        self.collection.is_some_and(|code| matches!(code.as_str(), "2" | "3" | "5"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredState {
    Accepted,
    Rejected,
    Cancelled,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredCensus {
    /// No line has a warning that wants an answer.
    Clear,
    Unresolved,
}

/// A bill that CBP sent the importer or its surety (ER).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct CustomsBill {
    pub number: Token,
    pub date: Option<NaiveDate>,
    /// 1 to 7; 7 is a payment that failed.
    pub kind: Token,
    /// 01 to 11.
    pub status: Token,
    pub total: Option<Decimal>,
    pub paid: Option<Decimal>,
    /// Money is still asked for.
    pub is_open: bool,
}

/// A protest or petition that is on file (ER).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProtestStatus {
    pub number: Token,
    /// 1 to 4.
    pub kind: Token,
    /// OP, AP, DN, NP, SP, PD, WD, UT.
    pub status: Token,
    pub decided: Option<NaiveDate>,
    /// A summons about it is on file at the Court of International Trade.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_summons: bool,
}

impl ProtestStatus {
    /// A protest under section 514, and no petition under 520(c) or 520(d) and no intervention under 181.115 (ER JJ 15). One of
    /// an unknown type may be one.
    pub fn is_protest(&self) -> bool {
        !matches!(self.kind.as_str(), "2" | "3" | "4")
    }

    /// Withdrawn, not protestable, or too late: nothing is disputed by it.
    pub fn is_void(&self) -> bool {
        matches!(self.status.as_str(), "WD" | "NP" | "UT")
    }
}
