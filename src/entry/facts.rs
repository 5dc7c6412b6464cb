//! What an entry's filings, statements, bills and query answers came to.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::{Basis, FilingState, Oldest};
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
    pub state: FilingState,
    /// When CBP accepted or refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<EventTime>,
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
    /// A line has an antidumping or countervailing case.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adcvd: bool,
    /// A line has a number of chapter 99, subchapter III: duties under sections 201, 232 and 301, IEEPA and the like.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trade_remedy: bool,
}

/// Begins the numbers of the tariff under which trade remedies are declared.
const TRADE_REMEDIES: &str = "9903";

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
            adcvd: false,
            trade_remedy: false,
        }
    }

    pub(super) fn take_line(&mut self, notice: &Notice, line: &FiledLine) {
        let is_owed = |amount: Option<Decimal>| amount.is_some_and(|amount| amount > Decimal::ZERO);
        self.adcvd |= notice.field("case_number").is_some()
            || is_owed(line.amounts.antidumping)
            || is_owed(line.amounts.countervailing);
        let mut tariffs = notice.fields.iter().filter(|(name, _)| *name == "hts_number");
        self.trade_remedy |= tariffs.any(|(_, number)| {
            super::tariff(number).is_some_and(|digits| digits.as_str().starts_with(TRADE_REMEDIES))
        });
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
    /// From which of its entries a daily statement counts, where more than this one were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Oldest>,
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

    /// The notice that says that the entry stands on it.
    pub fn listed_by(&self) -> Option<NoticeId> {
        let removed = self.removed.map(|removed| removed.notice);
        self.preliminary.or(self.last).map(|told| told.notice).or(removed)
    }

    /// When the statement that pays the entry became final.
    pub fn paid_at(&self) -> Option<EventTime> {
        if self.state() != StatementState::Paid {
            return None;
        }
        let monthly = self.monthly.as_ref().and_then(|monthly| monthly.last);
        monthly.or(self.last).and_then(|told| told.at)
    }

    /// The day on which it first listed the entry.
    pub fn listed_on(&self) -> Option<NaiveDate> {
        let told = [self.preliminary, self.last];
        told.into_iter().flatten().filter_map(|told| told.at).map(|at| at.date).min()
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
        // One that a later day lists again is back on it.
        let is_later =
            |removed: &Removed| told.at.zip(removed.at).is_some_and(|(now, then)| now.date > then.date);
        self.removed = self.removed.filter(|removed| !is_later(removed));
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
    /// The earliest date of it that was told. The term runs from that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<super::Dated>,
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

impl ProtestState {
    /// CBP denied it, in part or whole.
    pub(super) fn is_denied(&self) -> bool {
        DENIED.contains(&self.protest.status.as_str())
    }
}

/// Statuses of a protest that CBP denied, in part or whole.
const DENIED: [&str; 2] = ["DN", "PD"];

/// The day of a decision on a protest, as one source tells it. All are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct ToldDecision {
    pub number: Token,
    pub status: Token,
    pub date: NaiveDate,
    pub basis: Basis,
    /// When it was told.
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

impl ToldDecision {
    pub(super) fn is_denial(&self) -> bool {
        DENIED.contains(&self.status.as_str())
    }
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
    /// The extension that CBP granted last, as long as it may still take it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<TibGrant>,
    /// When CBP last refused an extension in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back_at: Option<EventTime>,
}

/// An extension of a temporary importation, and what held before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct TibGrant {
    pub at: Option<EventTime>,
    pub extensions: u8,
    pub expires: Option<super::Dated>,
}

/// Each extension is for a year, and the next is asked for towards its end: what comes sooner is about the same one.
const SAME_EXTENSION_DAYS: i64 = 183;

impl Tib {
    /// Whether what is said at this moment is about the extension that was granted last.
    fn is_of_grant(&self, at: Option<EventTime>) -> bool {
        let Some(granted) = self.granted else { return false };
        let days = at.zip(granted.at).map(|(at, granted)| (at.date - granted.date).num_days());
        days.is_none_or(|days| days < SAME_EXTENSION_DAYS)
    }

    /// CBP granted an extension. A request that was sent again asks for the same.
    pub(super) fn extend(&mut self, at: Option<EventTime>) {
        // Of a grant and a refusal of one day the refusal counts.
        let is_taken_back = self.taken_back_at.zip(at).is_some_and(|(back, at)| back.date == at.date);
        self.is_refused |= is_taken_back;
        if is_taken_back || self.is_of_grant(at) {
            return;
        }
        self.granted = Some(TibGrant { at, extensions: self.extensions, expires: self.expires });
        self.extensions = self.extensions.saturating_add(1);
        // What CBP printed before holds no longer.
        self.expires = None;
    }

    /// CBP refused an extension in its own words, after an answer had granted it.
    pub(super) fn take_back(&mut self, at: Option<EventTime>) {
        self.taken_back_at = at;
        if self.is_of_grant(at)
            && let Some(before) = self.granted.take()
        {
            (self.extensions, self.expires) = (before.extensions, before.expires);
        }
    }

    /// CBP prints the end of the bond. A later one than before confirms the extension, and takes what was granted for good.
    pub(super) fn print(&mut self, expires: super::Dated) {
        let is_later = |before: super::Dated| before.date < expires.date;
        if self.granted.is_some_and(|granted| granted.expires.is_some_and(is_later)) {
            self.granted = None;
        }
        self.expires = Some(expires);
    }
}
