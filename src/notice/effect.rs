//! What a notice does to its entry. Interpretation decides it once; the entry's fold obeys it and reads no code.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    CustomsBill, FiledLine, MonthlyLine, ProtestStatus, StatementLine, SummaryFiling, SummaryStatus, Token,
};
use crate::ident::{EntryNumber, NoticeId};

/// The change that one notice makes to the life of an entry.
///
/// Holds are sets: a [`Effect::Hold`] opens the hold named by agency and code (within the notice's own bill, house
/// bill and container); a [`Effect::Clear`] closes only what it names.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// Shown on the timeline; changes no state.
    Inform,
    /// Nobody knows what this code means: shown, counted, alertable, and it changes no state.
    Unknown,
    /// The release filing (SE) was sent.
    Filed,
    /// The release filing was accepted (SX) or the entry is on file.
    FilingAccepted,
    /// The release filing was refused.
    FilingRejected,
    /// Goods may not move: a hold, examination, detention, do-not-load or wanted document of one agency.
    Hold {
        agency: Token,
        code: Token,
        what: HoldKind,
    },
    /// Closes the holds of `agency` with one of these codes. An empty list closes every hold of that agency that
    /// stands at the notice's own level (entry level when it names no bill).
    Clear {
        agency: Token,
        codes: ClearedCodes,
    },
    /// CBP's own release. `date` is the release date in the record when it has one. Closes the holds that CBP has
    /// at entry level; those of bills and of other agencies stay open.
    Release {
        date: Option<NaiveDate>,
    },
    /// The release date moved.
    ReleaseDate {
        date: Option<NaiveDate>,
    },
    /// An earlier release no longer stands.
    ReleaseReversed {
        agency: Token,
        code: Token,
    },
    /// One-US-government release: CBP and all agencies are finished. Closes every hold at entry level, of every agency.
    OneGovernment,
    /// The entry no longer exists at Customs.
    Cancelled,
    /// The cancellation was undone.
    CancelUndone,
    /// Another entry stands in its place (SO60 88).
    Replaced,
    /// Entry summary accepted; `warnings` when it has census or agency warnings that want an answer.
    SummaryAccepted {
        version: Option<Token>,
        warnings: bool,
    },
    SummaryRejected,
    /// Cancelled by CBP.
    SummaryCancelled,
    /// No summary is on file any more and one is still owed: CBP inactivated it, or the filer deleted it.
    SummaryRemoved,
    /// A post summary correction no longer stands, and the version before it does (UC R).
    CorrectionReverted,
    /// CBP wants papers or data for the summary (UC 1 to 3).
    SummaryRequest {
        what: Token,
    },
    /// Another filer owns the summary from now on (UC 8).
    FilerTakeover {
        filer: Option<Token>,
    },
    Liquidated(Liquidation),
    Extended {
        times: Option<u8>,
        reason: Token,
        date: Option<NaiveDate>,
    },
    Suspended {
        reason: Token,
        date: Option<NaiveDate>,
    },
    /// Extension or suspension ended.
    SuspensionLifted {
        date: Option<NaiveDate>,
    },
    /// The entry summary was sent (AE), or CBP repeats what it holds (ER).
    SummaryFiled(SummaryFiling),
    /// The release of this entry is under the summary of another one (AE 32). `filing` is that of the version that says so.
    Consolidated {
        summary: EntryNumber,
        filing: Token,
    },
    /// A line of a filing; it changes nothing beside the list of lines.
    FiledLine(FiledLine),
    /// A line of the summary has a census warning that wants a correction or an override.
    CensusWarning {
        line: Token,
        code: Token,
    },
    CensusResolved {
        line: Token,
        code: Token,
    },
    /// The entry stands on a daily statement.
    OnStatement(StatementLine),
    /// It was taken off the statement and must be paid another way. `by` says who did it: ABI the filer, CBP.
    OffStatement {
        statement: Token,
        by: Token,
    },
    /// A daily statement stands on a monthly one.
    OnMonthlyStatement(MonthlyLine),
    SummaryStatus(SummaryStatus),
    /// CBP scheduled the liquidation, or has no date for it.
    LiquidationScheduled {
        date: Option<NaiveDate>,
    },
    CustomsBill(CustomsBill),
    Protest(ProtestStatus),
    /// The broker asked to extend a temporary importation, or to close it.
    TibRequest {
        closes: bool,
    },
    TibAnswer {
        is_accepted: bool,
    },
    /// The bond of a temporary importation ends.
    TibExpires {
        date: Option<NaiveDate>,
        extensions: Option<u8>,
    },
    /// A temporary importation was closed with compliance.
    TibClosed,
    /// A fact that a person recorded was recorded in error.
    Withdrawn {
        notice: NoticeId,
    },
    /// The goods moved, as the carrier told Customs.
    Cargo {
        step: CargoStep,
    },
}

impl Effect {
    /// Takes out the dates that `keep` refuses; what happened without a date starts no clock.
    pub fn retain_dates(&mut self, keep: &mut dyn FnMut(NaiveDate) -> bool) {
        let mut look = |date: &mut Option<NaiveDate>| *date = date.filter(|date| keep(*date));
        match self {
            Self::Release { date }
            | Self::ReleaseDate { date }
            | Self::Extended { date, .. }
            | Self::Suspended { date, .. }
            | Self::SuspensionLifted { date }
            | Self::LiquidationScheduled { date }
            | Self::TibExpires { date, .. } => look(date),
            Self::Liquidated(liquidation) => look(&mut liquidation.date),
            Self::SummaryFiled(filed) => {
                look(&mut filed.statement_date);
                look(&mut filed.import_date);
            }
            Self::OnStatement(line) => look(&mut line.print_date),
            Self::OnMonthlyStatement(line) => {
                look(&mut line.print_date);
                look(&mut line.due_date);
                look(&mut line.presented);
            }
            Self::SummaryStatus(status) => status.retain_dates(keep),
            Self::CustomsBill(bill) => look(&mut bill.date),
            Self::Protest(protest) => look(&mut protest.decided),
            Self::Inform
            | Self::Unknown
            | Self::Filed
            | Self::FilingAccepted
            | Self::FilingRejected
            | Self::Hold { .. }
            | Self::Clear { .. }
            | Self::ReleaseReversed { .. }
            | Self::OneGovernment
            | Self::Cancelled
            | Self::CancelUndone
            | Self::SummaryAccepted { .. }
            | Self::SummaryRejected
            | Self::SummaryCancelled
            | Self::SummaryRemoved
            | Self::CorrectionReverted
            | Self::SummaryRequest { .. }
            | Self::FilerTakeover { .. }
            | Self::FiledLine(_)
            | Self::CensusWarning { .. }
            | Self::CensusResolved { .. }
            | Self::OffStatement { .. }
            | Self::TibRequest { .. }
            | Self::TibAnswer { .. }
            | Self::TibClosed
            | Self::Replaced
            | Self::Consolidated { .. }
            | Self::Withdrawn { .. }
            | Self::Cargo { .. } => {}
        }
    }
}

/// How far the goods have come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CargoStep {
    /// The vessel, aircraft or vehicle arrived.
    Arrived,
    /// They may go on in bond to another port.
    InBondAuthorized,
    /// They arrived at the port of destination or export.
    InBondArrived,
    /// They left the country.
    InBondExported,
}

/// What kind of stop a hold is; the alert's words and the next step depend on it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    Hold,
    Exam,
    Documents,
    Detained,
    DoNotLoad,
    Seizure,
    GeneralOrder,
    /// The agency is reviewing or refused the data; goods may not move yet.
    Review,
}

/// The hold codes that one removal closes. Up to four; CBP's own table has at most two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClearedCodes([Option<Token>; 4]);

impl ClearedCodes {
    pub const CAPACITY: usize = 4;

    /// Codes beyond the fourth are refused at load by the audit of the code tables.
    pub fn of(codes: impl IntoIterator<Item = Token>) -> Self {
        let mut slots = [None; 4];
        for (slot, code) in slots.iter_mut().zip(codes) {
            *slot = Some(code);
        }
        Self(slots)
    }

    pub fn iter(&self) -> impl Iterator<Item = Token> + '_ {
        self.0.iter().flatten().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }
}

/// CBP's final assessment, or a change of it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Liquidation {
    pub event: LiquidationKind,
    /// `None` when the message's date could not be read: then no clock starts from it.
    pub date: Option<NaiveDate>,
    /// The type as sent, `L`, `R` or a legacy figure.
    pub kind: Token,
    pub reason: Token,
    pub paid: Amounts,
    pub liquidated: Amounts,
    /// Negative when it is paid to the importer.
    pub interest: Option<Decimal>,
    /// An interest is stated and could not be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interest_unreadable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiquidationKind {
    Liquidation,
    Reliquidation,
}

/// Dollars and cents by class, as one side of a liquidation states them. `None` is "not stated", or unreadable where `unreadable`
/// says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Amounts {
    pub duty: Option<Decimal>,
    pub tax: Option<Decimal>,
    pub antidumping: Option<Decimal>,
    pub countervailing: Option<Decimal>,
    pub fees: Option<Decimal>,
    /// One of them is stated and could not be read, or its record is missing: no sum is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

impl Amounts {
    /// The sum of what is stated; `None` when nothing is, or when not all of it could be read.
    pub fn total(&self) -> Option<Decimal> {
        if self.unreadable {
            return None;
        }
        let parts = [self.duty, self.tax, self.antidumping, self.countervailing, self.fees];
        parts
            .into_iter()
            .flatten()
            .fold(None, |sum: Option<Decimal>, part| Some(sum.unwrap_or_default().saturating_add(part)))
    }
}

impl Liquidation {
    /// Whether some of what it states is not known.
    pub fn is_partly_unreadable(&self) -> bool {
        self.paid.unreadable || self.liquidated.unreadable || self.interest_unreadable
    }

    /// Liquidated minus paid: above zero a bill will come, below zero a refund.
    pub fn difference(&self) -> Option<Decimal> {
        Some(self.liquidated.total()?.saturating_sub(self.paid.total()?))
    }
}
