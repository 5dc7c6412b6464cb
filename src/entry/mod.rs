//! One customs entry: the fold of its notices, and nothing else.
//!
//! [`Entry::of`] sorts the notices by (event time, rank of kind, notice id) and folds them, so that the order in which
//! files arrive and how often they arrive cannot matter. A [`Life`] is what is stored: the notices and where each was
//! first seen. The state is computed from it whenever it is needed, so it can never disagree with its notices.

mod answers;
mod attributes;
mod cancelled;
mod claims;
mod clocks;
mod consolidated;
mod deadlines;
mod facts;
mod fold;
mod fold_facts;
mod goods;
pub mod history;
mod holds;
mod life;
mod lines;
mod oldest;
mod pathways;
mod recorded;
mod released;
mod settled;
pub mod silence;
mod target;
#[cfg(test)]
mod tests;
mod versions;
mod witness;

use std::collections::{BTreeMap, BTreeSet};

pub use cancelled::CancelAsked;
use chrono::NaiveDate;
pub use clocks::{Clock, PRESENTED};
pub use consolidated::{Covering, concerns_releases, summary_of};
pub use deadlines::{BasisDate, DeadlineState, EntryDeadline, Provenance, StateOn};
pub use facts::{
    Answered, BillState, CargoEvent, CensusKey, CensusState, Filing as FiledSummary, FilingFlags, Line,
    Monthly, ProtestState, Rejection, Removed, Scheduled, Statement, StatementState, Tib, TibGrant, Told,
    ToldDecision,
};
pub use fold::impossible_entry_date;
pub use goods::{Goods, GoodsLine, tariff};
pub use history::{ClockMove, Standing};
pub use holds::{HoldKey, HoldState, Scope};
pub use life::{Added, BillNotices, Followed, Held, Life, Reminder, Sighting, Unmatched};
pub use lines::{Extent, Lines};
pub use oldest::{Membership, Oldest};
pub use pathways::{AlsoOpen, PathState, Pathway};
pub use recorded::RecordedFact;
use serde::{Deserialize, Serialize};
pub use target::InternalTarget;
pub use versions::FilingState;
pub use witness::{Contradiction, Witness, Witnessed};

use crate::ident::{BillOfLading, EntryNumber, FilerCode, NoticeId};
use crate::notice::{EventTime, Kind, Liquidation, Notice, Token};

/// Of several dates of entry that were told, one so long before the release is a misread year.
const ENTRY_BEFORE_RELEASE_DAYS: i64 = 183;

/// The state of one entry.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Entry {
    pub number: EntryNumber,
    /// The owner of the summary: the filer in the number until another one takes over (UC 8).
    pub filer: FilerCode,
    pub entry_type: Option<Token>,
    /// The notice that told its type.
    #[serde(skip)]
    pub type_told: Option<NoticeId>,
    pub port: Option<Token>,
    pub importer: Option<Box<str>>,
    pub references: References,
    pub filing: Filing,
    /// Releases by what they are limited to. See [`Entry::released_at`].
    pub releases: BTreeMap<Scope, Release>,
    pub one_government_at: Option<EventTime>,
    pub holds: BTreeMap<HoldKey, HoldState>,
    pub cancelled_at: Option<EventTime>,
    pub is_cancelled: bool,
    /// Why the filer last asked Customs to cancel it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_asked: Option<CancelAsked>,
    /// When Customs said that another entry stands in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<EventTime>,
    pub summary: Summary,
    pub requests: Vec<Request>,
    /// Append-only: every liquidation, reliquidation, extension and suspension, in the order of their dates.
    pub liquidation_history: Vec<LiquidationEvent>,
    pub takeover: Option<Takeover>,
    /// Summaries of other entries that cover the release of this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covering: Vec<Covering>,
    /// Statements that list the entry, by the number of the daily one.
    pub statements: BTreeMap<Token, Statement>,
    /// The last answer to a query.
    pub answered: Option<Answered>,
    /// Append-only: what CBP answered about the date of liquidation, and rejections that unset it.
    pub scheduled_liquidations: Vec<Scheduled>,
    /// Bills from CBP, by number.
    pub customs_bills: BTreeMap<Token, BillState>,
    /// Protests on file, by number.
    pub protests: BTreeMap<Token, ProtestState>,
    /// Append-only: every day that was told of a decision on a protest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions_told: Vec<ToldDecision>,
    /// Petitions and interventions on file, by number. They are no protests, though query answers tell them alike.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub petitions: BTreeMap<Token, ProtestState>,
    pub tib: Tib,
    /// Append-only: where the goods were said to be.
    pub cargo: Vec<CargoEvent>,
    /// Forms and other facts that people recorded, oldest first, without those that were taken back.
    pub recorded: Vec<RecordedFact>,
    /// Dates of entry that messages state, with the notice that says so. See [`Entry::entry_date`]; all are kept.
    pub entry_dates: Vec<Dated>,
    /// Dates of entry behind the day of the very message that states them: misread.
    pub misread_entry_dates: Vec<Dated>,
    /// Rows of reports from the ACE portal. See [`Entry::contradictions`].
    pub witnesses: Vec<Witness>,
    /// What is said of the goods. See [`Entry::goods`].
    #[serde(skip)]
    pub goods: Goods,
    pub unknown_codes: BTreeSet<Token>,
    pub check_digit_offset: u8,
}

/// A date that a notice states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Dated {
    pub date: NaiveDate,
    pub notice: NoticeId,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct References {
    pub broker: Option<Box<str>>,
    pub orders: BTreeSet<Box<str>>,
    pub bills: BTreeSet<BillOfLading>,
    pub containers: BTreeSet<Token>,
}

/// The release filing and its answers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Filing {
    pub filed_at: Option<EventTime>,
    pub accepted_at: Option<EventTime>,
    pub rejected_at: Option<EventTime>,
    /// The last answer refused the filing.
    pub is_rejected: bool,
    /// The last answer that accepted one.
    #[serde(skip)]
    pub last_accepted_at: Option<EventTime>,
}

/// CBP's own release of an entry or of one bill.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Release {
    /// When the standing release was said; `None` when there is none or it was taken back.
    pub at: Option<EventTime>,
    /// The release date that counts: the last one to which Customs changed it, else the earliest that was told since the release
    /// stands.
    pub date: Option<NaiveDate>,
    /// Customs said that the date is another one.
    pub is_changed: bool,
    /// Every date that a release told since it stands. They differ when Customs tells a release again and means another day.
    pub told: Vec<Dated>,
    /// When the last release was taken back, if it was.
    pub reversed_at: Option<EventTime>,
    /// The date of the release that was taken back, until the next one.
    pub former: Option<Dated>,
    pub notice: Option<NoticeId>,
}

/// What CBP last said of the entry summary.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Summary {
    pub version: Option<Token>,
    pub accepted_at: Option<EventTime>,
    pub accepted_by: Option<NoticeId>,
    /// The last acceptance came with a census or agency warning.
    pub has_warnings: bool,
    pub rejected_at: Option<EventTime>,
    /// CBP's own refusal of a summary that it had, which has a time of grace; a refused transmission has none.
    pub rejection: Option<Rejection>,
    pub cancelled_at: Option<EventTime>,
    /// When it was last deleted or inactivated: since then none is on file.
    pub removed_at: Option<EventTime>,
    /// What refuses or removes it is CBP's own word on the summary (UC, ER), not the answer to a transmission (AX).
    #[serde(skip)]
    pub is_customs_word: bool,
    /// When a correction was last reverted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverted_at: Option<EventTime>,
    pub state: SummaryState,
    /// Append-only: every version that was filed, or that CBP repeated, in the order of their dates.
    pub filings: Vec<FiledSummary>,
    /// Census warnings that want a correction or an override.
    pub census: BTreeMap<CensusKey, CensusState>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SummaryState {
    /// None is on file, or none any more.
    #[default]
    None,
    Accepted,
    Rejected,
    Cancelled,
}

/// CBP wants papers or data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Request {
    pub what: Token,
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

/// Another filer owns the summary since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Takeover {
    pub at: Option<EventTime>,
    pub filer: Option<FilerCode>,
    pub notice: NoticeId,
}

/// One step on the way to the final assessment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LiquidationEvent {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    pub basis: Basis,
    #[serde(flatten)]
    pub what: LiquidationStep,
}

/// Where a date of liquidation is known from, the most trusted first. All are kept; which one counts is
/// [`Entry::liquidation_dates`]'s to say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Seen on CBP's own bulletin by a person, which is the legal notice since 14 January 2017.
    Recorded,
    /// ER.
    QueryAnswer,
    /// NR.
    CourtesyNotice,
    /// A report from the ACE portal.
    AceReport,
    /// CBP's plan, or the usual cycle: no liquidation yet.
    Estimate,
    /// 19 USC 1504: the time to liquidate ran out.
    DeemedByLaw,
    /// An informal entry, which payment or release liquidates without a notice.
    Informal,
    Other,
}

impl Basis {
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Liquidation => Self::CourtesyNotice,
            Kind::EntryStatus => Self::QueryAnswer,
            Kind::Recorded | Kind::Form => Self::Recorded,
            Kind::AceReport => Self::AceReport,
            _ => Self::Other,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded by hand",
            Self::QueryAnswer => "query answer",
            Self::CourtesyNotice => "courtesy notice",
            Self::AceReport => "ACE report",
            Self::Estimate => "estimate",
            Self::DeemedByLaw => "deemed by law",
            Self::Informal => "payment or release",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "an entry has a handful, and most are liquidations")]
pub enum LiquidationStep {
    Liquidated(Liquidation),
    Extended { times: Option<u8>, reason: Token, date: Option<NaiveDate> },
    Suspended { reason: Token, date: Option<NaiveDate> },
    Lifted { date: Option<NaiveDate> },
}

/// The entry's life in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Something was said about it, but nothing that changes its state.
    Known,
    Filed,
    Rejected,
    Held,
    Released,
    Accepted,
    Liquidated,
    Cancelled,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Known,
        Self::Filed,
        Self::Rejected,
        Self::Held,
        Self::Released,
        Self::Accepted,
        Self::Liquidated,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Filed => "filed",
            Self::Rejected => "rejected",
            Self::Held => "held",
            Self::Released => "released",
            Self::Accepted => "accepted",
            Self::Liquidated => "liquidated",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl Entry {
    /// The holds that stand now.
    pub fn open_holds(&self) -> impl Iterator<Item = (&HoldKey, &HoldState)> {
        self.holds.iter().filter(|(_, hold)| hold.is_open())
    }

    pub fn has_open_hold(&self) -> bool {
        self.open_holds().next().is_some()
    }

    /// The date of entry: the earliest that a message stated and that can be true, for a clock that ends too early is a
    /// needless reminder; else none. One that lies far before the release is a misread year, if another was stated.
    pub fn entry_date(&self) -> Option<Dated> {
        let released = self.release_date().map(|dated| dated.date);
        let is_near = |dated: &&Dated| {
            released.is_none_or(|released| (released - dated.date).num_days() <= ENTRY_BEFORE_RELEASE_DAYS)
        };
        let all = || self.entry_dates.iter();
        let earliest = all().filter(is_near).min_by_key(|dated| dated.date);
        let earliest = earliest.or_else(|| all().min_by_key(|dated| dated.date));
        earliest.or_else(|| self.misread_entry_dates.iter().min_by_key(|dated| dated.date)).copied()
    }

    /// Dates of entry that differ, earliest first; empty when all messages agree.
    pub fn doubtful_entry_dates(&self) -> Vec<Dated> {
        let mut dates = [self.entry_dates.as_slice(), &self.misread_entry_dates].concat();
        dates.sort_by_key(|dated| dated.date);
        dates.dedup_by_key(|dated| dated.date);
        if dates.len() > 1 { dates } else { Vec::new() }
    }

    /// The version of the summary that stands: the last that Customs accepted, before any the last that was sent. What was sent
    /// and not answered, or refused, does not; nor does a correction that was reverted, where the version before it is known.
    pub fn filed_summary(&self) -> Option<&FiledSummary> {
        self.summary.standing()
    }

    /// A filing of the summary that Customs has not answered.
    pub fn unanswered_summary(&self) -> Option<&FiledSummary> {
        self.summary.unanswered()
    }

    /// The date of liquidation that CBP scheduled, as it last said.
    pub fn scheduled_liquidation(&self) -> Option<Dated> {
        let last = self.scheduled_liquidations.last()?;
        Some(Dated { date: last.date?, notice: last.notice })
    }

    /// Whether the notice tells again what the entry knows: a warning or bill that stands, a liquidation on file.
    pub fn knows(&self, notice: &Notice) -> bool {
        fold_facts::knows(self, notice)
    }

    /// Liquidations and reliquidations, oldest first.
    pub fn liquidations(&self) -> impl DoubleEndedIterator<Item = (&LiquidationEvent, &Liquidation)> {
        self.liquidation_history.iter().filter_map(|event| match &event.what {
            LiquidationStep::Liquidated(liquidation) => Some((event, liquidation)),
            _ => None,
        })
    }

    /// The last word: the liquidation that counts now.
    ///
    /// An answer to a query stands behind the courtesy notice of the same day, which has the amounts paid as well, one
    /// without a date behind any that has one, a report behind whatever a message told, and a notice with an amount that could not be
    /// read behind a clean copy of it.
    pub fn liquidation(&self) -> Option<&Liquidation> {
        let trust = |(event, liquidation): &(&LiquidationEvent, &Liquidation)| {
            (event.basis != Basis::AceReport, liquidation.date.is_some())
        };
        // Of several with the same trust the last one counts.
        let (_, last) = self.liquidations().max_by_key(trust)?;
        let is_copy = |liquidation: &Liquidation| {
            liquidation.date == last.date && liquidation.event == last.event && liquidation.kind == last.kind
        };
        let copies = || self.liquidations().map(|(_, liquidation)| liquidation).filter(|copy| is_copy(copy));
        let clean = last.is_partly_unreadable().then(|| copies().rfind(|copy| !copy.is_partly_unreadable()));
        clean.flatten().or(Some(last))
    }

    /// A suspension stands: the last of suspension and its end is a suspension, and nothing was liquidated since.
    pub fn is_suspended(&self) -> bool {
        self.liquidation_history
            .iter()
            .rev()
            .find_map(|event| match event.what {
                LiquidationStep::Suspended { .. } => Some(true),
                LiquidationStep::Lifted { .. } | LiquidationStep::Liquidated(_) => Some(false),
                LiquidationStep::Extended { .. } => None,
            })
            .unwrap_or(false)
    }

    pub fn status(&self) -> Status {
        if self.is_cancelled || self.summary.state == SummaryState::Cancelled {
            Status::Cancelled
        } else if self.liquidations().next().is_some() {
            Status::Liquidated
        } else if self.has_open_hold() {
            Status::Held
        } else if self.summary.state == SummaryState::Rejected || self.filing.is_rejected {
            Status::Rejected
        } else if self.summary.state == SummaryState::Accepted || self.covered().is_some() {
            Status::Accepted
        } else if self.released_at().is_some() {
            Status::Released
        } else if self.filing.filed_at.is_some()
            || self.filing.accepted_at.is_some()
            || self.filed_summary().is_some()
        {
            Status::Filed
        } else {
            Status::Known
        }
    }
}
