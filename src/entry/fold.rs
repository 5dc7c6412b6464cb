//! The fold: what each notice does to the entry, one small function an aspect.

use chrono::NaiveDate;

use super::fold_facts;
use super::holds::{HoldState, Holds};
use super::recorded::{self, Corrected, is_recorded};
use super::witness;
use super::{
    Basis, Dated, Entry, Filing, LiquidationEvent, LiquidationStep, References, Rejection, Release, Request,
    Scope, Summary, SummaryState, Takeover, Tib,
};
use crate::decode::abi::moment;
use crate::grammar::abi::Format;
use crate::ident::{EntryNumber, FilerCode};
use crate::notice::{CBP, Effect, FilingAction, HoldKind, Kind, Liquidation, Notice, Token};

impl Entry {
    /// The entry that these notices make. Total: no clock, no I/O, no error.
    ///
    /// The order and the repetition of `notices` do not matter.
    pub fn of<'a>(number: EntryNumber, notices: impl IntoIterator<Item = &'a Notice>) -> Self {
        let mut sorted: Vec<&Notice> = notices.into_iter().collect();
        sorted.sort_unstable_by_key(|notice| order(notice));
        sorted.dedup_by_key(|notice| notice.id);
        let corrected = Corrected::of(&sorted);
        if !corrected.withdrawn.is_empty() {
            sorted.retain(|notice| !(is_recorded(notice) && corrected.withdrawn.contains(&notice.id)));
        }
        let mut fold = Fold { entry: Self::unknown(number), holds: Holds::default(), corrected };
        for notice in sorted {
            fold.note(notice);
            fold.obey(notice);
        }
        fold.entry.holds = fold.holds.0;
        fold.entry
    }

    fn unknown(number: EntryNumber) -> Self {
        Self {
            number,
            filer: number.filer(),
            entry_type: None,
            port: None,
            importer: None,
            references: References::default(),
            filing: Filing::default(),
            releases: Default::default(),
            one_government_at: None,
            holds: Default::default(),
            cancelled_at: None,
            is_cancelled: false,
            summary: Summary::default(),
            requests: Vec::new(),
            liquidation_history: Vec::new(),
            takeover: None,
            statements: Default::default(),
            answered: None,
            scheduled_liquidations: Vec::new(),
            customs_bills: Default::default(),
            protests: Default::default(),
            petitions: Default::default(),
            tib: Tib::default(),
            cargo: Vec::new(),
            recorded: Vec::new(),
            entry_dates: Vec::new(),
            misread_entry_dates: Vec::new(),
            witnesses: Vec::new(),
            goods: Default::default(),
            unknown_codes: Default::default(),
            check_digit_offset: number.check_digit_offset(),
        }
    }
}

/// The order in which notices are folded: event time, then rank of kind, then id.
///
/// Within one minute a release comes after the holds it answers; the ranks of the kinds and of the effects say so.
pub(super) fn order(notice: &Notice) -> impl Ord {
    (notice.at, notice.kind.rank(), effect_rank(&notice.effect), notice.id)
}

/// Of two notices of one kind and one moment: what opens comes before what closes, and where an acceptance and a
/// refusal bear the same date, which responses without a time do, the refusal counts: a clock that runs on is a needless
/// reminder, one that stopped too early is a missed deadline. What CBP tells on a later day decides: a query answer, a
/// statement that lists the entry, a release.
fn effect_rank(effect: &Effect) -> u8 {
    match effect {
        Effect::Filed => 0,
        Effect::FilingAccepted => 1,
        Effect::FilingRejected => 2,
        Effect::ReleaseReversed { .. } => 2,
        Effect::Hold { .. } => 3,
        Effect::Inform | Effect::Unknown => 4,
        Effect::Clear { .. } => 5,
        Effect::Release { .. } => 6,
        Effect::ReleaseDate { .. } => 7,
        Effect::OneGovernment => 8,
        // Lines and requests come behind the filing and before the answer that they belong to.
        Effect::SummaryFiled(_) | Effect::TibRequest { .. } => 0,
        Effect::FiledLine(_) => 1,
        Effect::SummaryRejected | Effect::SummaryRemoved => 10,
        Effect::SummaryCancelled => 11,
        Effect::CensusResolved { .. } => 12,
        _ => 9,
    }
}

/// A date in a field: written out, or MMDDYY as the courtesy notice sends it.
fn stated_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| moment::date(text.as_bytes(), Format::Mmddyy).ok().flatten())
}

struct Fold {
    entry: Entry,
    holds: Holds,
    corrected: Corrected,
}

impl Fold {
    /// Attributes that any notice may state, by the names of the grammar. The latest statement counts; of dates of entry see
    /// [`Entry::entry_date`].
    fn note(&mut self, notice: &Notice) {
        let entry = &mut self.entry;
        if notice.kind == Kind::AceReport {
            return witness::note(entry, notice);
        }
        for (name, value) in notice.fields.iter() {
            match name {
                "entry_type" => entry.entry_type = Token::some(value),
                "port_of_entry" => entry.port = Token::some(value),
                "importer_number" => entry.importer = Some(value.into()),
                "broker_reference" => entry.references.broker = Some(value.into()),
                "container" | "equipment_number" => {
                    // A longer number would be cut.
                    let whole = Some(value).filter(|value| value.len() <= Token::CAPACITY);
                    entry.references.containers.extend(whole.and_then(Token::some));
                }
                "purchase_order" => {
                    entry.references.orders.insert(value.into());
                }
                "entry_date" => {
                    if let Some(date) = stated_date(value) {
                        // Nothing is told of an entry that is still to come.
                        let is_misread = notice.at.is_some_and(|at| at.date < date);
                        let dates =
                            if is_misread { &mut entry.misread_entry_dates } else { &mut entry.entry_dates };
                        dates.push(Dated { date, notice: notice.id });
                    }
                }
                _ => {}
            }
        }
        entry.references.bills.extend(notice.bill.iter().chain(&notice.house_bill).cloned());
        entry.references.containers.extend(notice.container);
        if matches!(notice.effect, Effect::Unknown) {
            entry.unknown_codes.extend(notice.code);
        }
        entry.goods.take(notice);
        recorded::note(entry, notice, &self.corrected);
    }

    fn obey(&mut self, notice: &Notice) {
        match notice.effect {
            Effect::Inform | Effect::Unknown | Effect::Withdrawn { .. } => {}
            Effect::Filed => self.entry.filing.filed_at = self.entry.filing.filed_at.or(notice.at),
            Effect::FilingAccepted | Effect::FilingRejected => self.filing(notice),
            Effect::Hold { agency, code, what } => {
                self.known_at_customs(notice);
                self.holds.open(notice, agency, code, what, false);
            }
            Effect::Clear { agency, codes } => self.holds.clear(notice, agency, codes),
            Effect::Release { .. }
            | Effect::ReleaseDate { .. }
            | Effect::ReleaseReversed { .. }
            | Effect::OneGovernment => self.release(notice),
            Effect::Cancelled | Effect::CancelUndone => {
                self.entry.is_cancelled = matches!(notice.effect, Effect::Cancelled);
                self.entry.cancelled_at = if self.entry.is_cancelled { notice.at } else { None };
            }
            Effect::SummaryAccepted { .. }
            | Effect::SummaryRejected
            | Effect::SummaryCancelled
            | Effect::SummaryRemoved
            | Effect::CorrectionReverted
            | Effect::SummaryRequest { .. }
            | Effect::FilerTakeover { .. } => self.summary(notice),
            Effect::Liquidated(liquidation) => self.liquidated(notice, liquidation),
            Effect::Extended { times, reason, date } => {
                self.liquidation_step(notice, LiquidationStep::Extended { times, reason, date });
            }
            Effect::Suspended { reason, date } => {
                self.liquidation_step(notice, LiquidationStep::Suspended { reason, date });
            }
            Effect::SuspensionLifted { date } => {
                self.liquidation_step(notice, LiquidationStep::Lifted { date });
            }
            Effect::SummaryStatus(_) => {
                self.known_at_customs(notice);
                fold_facts::obey(&mut self.entry, notice);
            }
            Effect::SummaryFiled(_)
            | Effect::FiledLine(_)
            | Effect::CensusWarning { .. }
            | Effect::CensusResolved { .. }
            | Effect::OnStatement(_)
            | Effect::OffStatement { .. }
            | Effect::OnMonthlyStatement(_)
            | Effect::LiquidationScheduled { .. }
            | Effect::CustomsBill(_)
            | Effect::Protest(_)
            | Effect::TibRequest { .. }
            | Effect::TibAnswer { .. }
            | Effect::TibExpires { .. }
            | Effect::TibClosed
            | Effect::Cargo { .. } => fold_facts::obey(&mut self.entry, notice),
        }
    }

    fn filing(&mut self, notice: &Notice) {
        let is_released = self.entry.standing_release().is_some();
        let filing = &mut self.entry.filing;
        let is_refusal = matches!(notice.effect, Effect::FilingRejected);
        // Once the goods are released a refusal is about a change, and what was filed before stands.
        filing.is_rejected = is_refusal && !is_released;
        if is_refusal {
            filing.rejected_at = notice.at;
        } else {
            filing.accepted_at = filing.accepted_at.or(notice.at);
            filing.filed_at = filing.filed_at.or(notice.at);
        }
    }

    /// Customs speaks of the entry on a later day than that of the refusal, so another filing of that day was accepted.
    fn known_at_customs(&mut self, notice: &Notice) {
        let filing = &mut self.entry.filing;
        let days = notice.at.zip(filing.rejected_at);
        if Scope::of(notice).is_entry() && days.is_some_and(|(at, refused)| at.date > refused.date) {
            filing.is_rejected = false;
        }
    }

    fn release(&mut self, notice: &Notice) {
        let scope = Scope::of(notice);
        let is_release = matches!(notice.effect, Effect::Release { .. } | Effect::OneGovernment);
        self.entry.filing.is_rejected &= !(is_release && scope.is_entry());
        let cbp = Token::new(CBP);
        match notice.effect {
            Effect::Release { date } => {
                // A release of the entry answers whatever CBP held it for; that of a bill only what a release is the
                // answer to (1A is ended by 1B or 4C), never a hold that has a removal of its own.
                let answers = |hold: &HoldState| {
                    scope.is_entry() || matches!(hold.what, HoldKind::Exam | HoldKind::GeneralOrder)
                };
                self.holds.close(notice, |key, hold| {
                    key.scope == scope && (hold.is_reversal || (key.agency == cbp && answers(hold)))
                });
                let release = self.entry.releases.entry(scope).or_default();
                note_release(release, notice, date.or(notice.at.map(|at| at.date)));
            }
            Effect::ReleaseDate { date } => {
                let release = self.entry.releases.entry(scope).or_default();
                release.date = date.or(release.date);
                release.is_changed = date.is_some() || release.is_changed;
                release.notice = Some(notice.id);
            }
            Effect::ReleaseReversed { agency, code } => {
                let release = self.entry.releases.entry(scope).or_default();
                // Whatever was told of it is over: the next release begins anew.
                let former = release.date.zip(release.notice).map(|(date, notice)| Dated { date, notice });
                let former = former.or(release.former);
                *release = Release { reversed_at: notice.at, former, ..Release::default() };
                self.entry.one_government_at = None;
                self.holds.open(notice, agency, code, HoldKind::Hold, true);
            }
            Effect::OneGovernment => {
                self.holds.close(notice, |key, _| key.scope.is_entry());
                self.entry.one_government_at = notice.at;
            }
            _ => {}
        }
    }

    fn summary(&mut self, notice: &Notice) {
        let entry = &mut self.entry;
        let is_controlled = fold_facts::is_in_customs_control(entry);
        let summary = &mut entry.summary;
        match notice.effect {
            // An answer without the usual code to the filer's own deletion.
            Effect::SummaryAccepted { .. } if answers_deletion(summary, notice) => remove(summary, notice),
            Effect::SummaryAccepted { version, warnings } => {
                summary.state = SummaryState::Accepted;
                summary.version = version.or(summary.version);
                summary.accepted_at = notice.at;
                summary.accepted_by = Some(notice.id);
                summary.has_warnings = warnings;
                summary.is_customs_word = false;
                // What the new version is warned of comes with it; earlier warnings were about the earlier one.
                summary.census.clear();
            }
            // Of a version that CBP controls only the correction is refused, which was no filing.
            Effect::SummaryRejected if is_controlled && notice.kind == Kind::SummaryResponse => {
                summary.rejected_at = notice.at;
            }
            Effect::SummaryRejected => {
                let is_customs_word = matches!(notice.kind, Kind::SummaryNotice | Kind::EntryStatus);
                let is_refused = summary.state == SummaryState::Rejected;
                summary.is_customs_word = is_customs_word || (is_refused && summary.is_customs_word);
                summary.state = SummaryState::Rejected;
                summary.rejected_at = notice.at;
                if is_customs_word {
                    summary.rejection = Rejection::of(notice, notice.at);
                }
                fold_facts::unschedule(entry, notice);
            }
            Effect::SummaryCancelled => {
                summary.state = SummaryState::Cancelled;
                summary.cancelled_at = notice.at;
            }
            Effect::SummaryRemoved => {
                remove(summary, notice);
                fold_facts::unschedule(entry, notice);
            }
            Effect::CorrectionReverted => summary.revert(notice.at),
            Effect::SummaryRequest { what } => {
                entry.requests.push(Request { what, at: notice.at, notice: notice.id });
            }
            Effect::FilerTakeover { filer } => {
                let filer = filer.and_then(|filer| FilerCode::parse(filer.as_str()));
                entry.filer = filer.unwrap_or(entry.filer);
                entry.takeover = Some(Takeover { at: notice.at, filer, notice: notice.id });
            }
            _ => {}
        }
    }

    /// A liquidation is never overwritten: the first one and every reliquidation stay, each with its own clock.
    fn liquidated(&mut self, notice: &Notice, liquidation: Liquidation) {
        self.liquidation_step(notice, LiquidationStep::Liquidated(liquidation));
    }

    fn liquidation_step(&mut self, notice: &Notice, what: LiquidationStep) {
        let basis = Basis::of(notice.kind);
        let history = &mut self.entry.liquidation_history;
        // Every answer to a query tells again what stands: one of them is enough.
        let is_known = basis == Basis::QueryAnswer
            && history.iter().any(|event| event.basis == basis && event.what == what);
        if !is_known {
            history.push(LiquidationEvent { at: notice.at, notice: notice.id, basis, what });
        }
    }
}

/// What AX answers a filing that added or replaced a summary.
const ADDED_OR_REPLACED: [&str; 2] = ["995", "996"];

fn answers_deletion(summary: &Summary, notice: &Notice) -> bool {
    let sent = summary.filings.iter().rev().find(|filing| !filing.is_repeated);
    let is_filing = notice.code.is_some_and(|code| ADDED_OR_REPLACED.contains(&code.as_str()));
    notice.kind == Kind::SummaryResponse
        && !is_filing
        && sent.is_some_and(|filing| filing.filed.action == FilingAction::Deleted)
}

/// No summary is on file any more, and what was said of it is over.
fn remove(summary: &mut Summary, notice: &Notice) {
    summary.state = SummaryState::None;
    summary.removed_at = notice.at;
    summary.is_customs_word = notice.kind == Kind::SummaryNotice;
    (summary.accepted_at, summary.accepted_by, summary.has_warnings) = (None, None, false);
    summary.census.clear();
}

/// A release is told. While an earlier one stands it is told again: then the earliest date counts, for a clock that ends too
/// early is a needless reminder, unless Customs said that the date is another one.
fn note_release(release: &mut Release, notice: &Notice, date: Option<NaiveDate>) {
    let is_first = release.date.is_none();
    release.former = None;
    release.at = notice.at.or(release.at);
    release.told.extend(date.map(|date| Dated { date, notice: notice.id }));
    let is_earlier = date.is_some_and(|date| release.date.is_some_and(|known| date < known));
    if is_first || (is_earlier && !release.is_changed) {
        release.date = date;
        release.notice = Some(notice.id);
    }
}
