//! What an entry's filings, statements, bills and query answers came to.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::ident::{BillOfLading, NoticeId};
use crate::notice::{
    CargoStep, CustomsBill, EventTime, FiledLine, MonthlyLine, Notice, ProtestStatus, StatementLine,
    StatementStatus, SummaryFiling, SummaryStatus, Token,
};

/// One version of the entry summary: as filed, or as CBP repeated it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Filing {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    /// CBP repeated it in a query answer; the broker did not send it.
    pub is_repeated: bool,
    /// A correction that CBP reverted since: the version before it stands.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_reverted: bool,
    pub filed: SummaryFiling,
    pub flags: FilingFlags,
    /// By their place in the message, from 1.
    pub lines: BTreeMap<u16, Line>,
}

/// What a filing says that starts clocks of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct FilingFlags {
    /// Summary and duties are owed at entry.
    pub is_live: bool,
    /// Flagged for reconciliation of value, classification or 9802.
    pub recon: bool,
    /// Flagged for reconciliation of a trade agreement.
    pub recon_fta: bool,
    /// A document is to follow under bond.
    pub missing_document: bool,
    /// A line pays duty, comes from a partner of an agreement that knows claims after importation, and claims nothing.
    pub preference_unclaimed: bool,
}

/// Countries whose agreements know the claim of 19 USC 1520(d): USMCA, Chile, CAFTA-DR, Oman, Peru, Korea, Colombia, Panama.
const CLAIM_COUNTRIES: [&str; 14] =
    ["CA", "MX", "CL", "CR", "DO", "SV", "GT", "HN", "NI", "OM", "PE", "KR", "CO", "PA"];

impl FilingFlags {
    pub(super) fn of(notice: &Notice) -> Self {
        let says = |name: &str, word: &str| notice.field(name) == Some(word);
        Self {
            is_live: says("live_entry", "Y"),
            recon: notice.field("recon_issue").is_some_and(|issue| !issue.trim_matches('0').is_empty()),
            recon_fta: says("recon_trade_agreement", "Y"),
            missing_document: notice.field("document_1").is_some(),
            preference_unclaimed: false,
        }
    }

    pub(super) fn take_line(&mut self, notice: &Notice, line: &FiledLine) {
        let pays = line.amounts.duty.is_some_and(|duty| duty > Decimal::ZERO);
        if pays && !self.preference_unclaimed {
            let partner = notice.field("origin_country").is_some_and(|code| CLAIM_COUNTRIES.contains(&code));
            self.preference_unclaimed = partner && notice.field("special_program").is_none();
        }
    }
}

/// CBP refused a summary that it had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Rejection {
    pub date: NaiveDate,
    pub notice: NoticeId,
    /// The reason is antidumping or countervailing duty.
    pub is_adcvd: bool,
}

impl Rejection {
    /// UC reasons about antidumping and countervailing duty.
    const ADCVD: [&str; 4] = ["010", "011", "012", "013"];

    pub(super) fn of(notice: &Notice, at: Option<EventTime>) -> Option<Self> {
        let is_adcvd = notice.field("reason").is_some_and(|reason| Self::ADCVD.contains(&reason));
        Some(Self { date: at?.date, notice: notice.id, is_adcvd })
    }
}

/// The goods were said to be somewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CargoEvent {
    pub step: CargoStep,
    pub date: NaiveDate,
    pub notice: NoticeId,
    /// Those of this bill, where the message names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill: Option<BillOfLading>,
}

/// A line and the notice whose fields have the rest of it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Line {
    pub notice: NoticeId,
    pub filed: FiledLine,
}

/// A census warning: the line of the summary and the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CensusKey {
    /// Blank when nobody named the line.
    pub line: Token,
    /// Blank when a query answer only says that some warning stands.
    pub code: Token,
}

impl Serialize for CensusKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.line, self.code))
    }
}

/// When a warning was last said, and by what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct CensusState {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

/// A statement on which the entry stands or stood.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Statement {
    pub print_date: Option<NaiveDate>,
    pub payment_type: Option<Token>,
    /// What it asks for this entry, in US dollars, as the latest version of it says.
    pub amount: Option<Decimal>,
    /// The amount is to be paid with this statement.
    pub is_due: bool,
    pub preliminary: Option<Told>,
    pub last: Option<Told>,
    /// The entry was taken off.
    pub removed: Option<Removed>,
    pub monthly: Option<Monthly>,
}

/// When something was said, and by which notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Removed {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    /// ABI the filer, CBP, or a team of it.
    pub by: Token,
}

/// The monthly statement that pays a daily one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Monthly {
    pub number: Token,
    pub print_date: Option<NaiveDate>,
    /// The last day to pay.
    pub due_date: Option<NaiveDate>,
    pub presented: Option<NaiveDate>,
    pub preliminary: Option<Told>,
    pub last: Option<Told>,
}

/// Where a statement stands, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementState {
    /// To be checked and paid.
    Preliminary,
    /// Presented, and paid with the monthly statement.
    Presented,
    Paid,
    Removed,
}

impl StatementState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preliminary => "preliminary",
            Self::Presented => "presented",
            Self::Paid => "paid",
            Self::Removed => "removed",
        }
    }
}

impl Statement {
    /// Payment types 6, 7 and 8 are paid once a month; a monthly statement says so by itself.
    pub fn is_periodic(&self) -> bool {
        self.monthly.is_some()
            || self.payment_type.is_some_and(|kind| matches!(kind.as_str(), "6" | "7" | "8"))
    }

    pub fn state(&self) -> StatementState {
        let monthly_paid = self.monthly.as_ref().is_some_and(|monthly| monthly.last.is_some());
        if self.removed.is_some() {
            StatementState::Removed
        } else if monthly_paid || self.last.is_some() && !self.is_periodic() {
            StatementState::Paid
        } else if self.last.is_some() || self.monthly.is_some() {
            StatementState::Presented
        } else {
            StatementState::Preliminary
        }
    }

    /// When the statement that pays the entry became final.
    pub fn paid_at(&self) -> Option<EventTime> {
        if self.state() != StatementState::Paid {
            return None;
        }
        let monthly = self.monthly.as_ref().and_then(|monthly| monthly.last);
        monthly.or(self.last).and_then(|told| told.at)
    }

    /// The last day to pay, where the statement itself names one.
    pub fn due_date(&self) -> Option<NaiveDate> {
        self.monthly.as_ref().and_then(|monthly| monthly.due_date)
    }

    pub(super) fn take(&mut self, line: &StatementLine, told: Told) {
        self.print_date = line.print_date.or(self.print_date);
        self.payment_type = line.payment_type.or(self.payment_type);
        self.amount = line.amount.or(self.amount);
        self.is_due = line.is_due;
        match line.status {
            StatementStatus::Preliminary => self.preliminary = self.preliminary.or(Some(told)),
            StatementStatus::Final => self.last = self.last.or(Some(told)),
        }
    }

    pub(super) fn take_monthly(&mut self, line: &MonthlyLine, told: Told) {
        let known = self.monthly.take().filter(|known| known.number == line.monthly);
        let mut monthly = known.unwrap_or(Monthly {
            number: line.monthly,
            print_date: None,
            due_date: None,
            presented: None,
            preliminary: None,
            last: None,
        });
        monthly.print_date = line.print_date.or(monthly.print_date);
        monthly.due_date = line.due_date.or(monthly.due_date);
        monthly.presented = line.presented.or(monthly.presented);
        match line.status {
            StatementStatus::Preliminary => monthly.preliminary = monthly.preliminary.or(Some(told)),
            StatementStatus::Final => monthly.last = monthly.last.or(Some(told)),
        }
        self.monthly = Some(monthly);
    }
}

/// The last answer to a query about the summary.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Answered {
    /// The day for which it holds.
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    pub status: SummaryStatus,
}

/// CBP's own plan for the liquidation, as one answer states it. All are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Scheduled {
    /// `None` when CBP has set no date, or a rejection unset it.
    pub date: Option<NaiveDate>,
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

/// A bill from CBP as the latest answer states it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct BillState {
    pub bill: CustomsBill,
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

/// A protest as the latest answer states it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct ProtestState {
    pub protest: ProtestStatus,
    pub at: Option<EventTime>,
    /// When it was first told.
    pub since: Option<EventTime>,
    pub notice: NoticeId,
}

/// A temporary importation under bond.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tib {
    /// When the bond ends, as CBP says.
    pub expires: Option<super::Dated>,
    /// Extensions that CBP counts, or granted since; the higher.
    pub extensions: u8,
    /// The broker's last request that waits for an answer: true when it asks to close.
    pub pending: Option<bool>,
    pub closed_at: Option<EventTime>,
    pub is_closed: bool,
    pub refused_at: Option<EventTime>,
    /// The last request was refused.
    pub is_refused: bool,
}
