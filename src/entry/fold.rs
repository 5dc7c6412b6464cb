//! The fold: what each notice does to the entry, one small function an aspect.

use chrono::NaiveDate;

use super::attributes::Attributes;
use super::cancelled;
use super::holds::{HoldState, Holds};
use super::recorded::{self, Corrected, is_recorded};
use super::witness;
use super::{
    Basis, Dated, Entry, FiledSummary, Filing, LiquidationEvent, LiquidationStep, References, Rejection,
    Release, Request, Scope, Summary, SummaryState, Takeover, Tib,
};
use super::{answers, consolidated, fold_facts};
use crate::decode::abi::moment;
use crate::grammar::abi::Format;
use crate::ident::{EntryNumber, FilerCode};
use crate::notice::{CBP, Effect, FilingAction, HoldKind, Kind, Liquidation, Notice, Token, is_believable};

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
        let attributes = Attributes::default();
        let mut fold = Fold { entry: Self::unknown(number), holds: Holds::default(), corrected, attributes };
        fold.entry.covering = consolidated::covering(number, &mut sorted);
        for notice in sorted {
            fold.note(notice);
            fold.obey(notice);
        }
        fold.attributes.settle(&mut fold.entry);
        fold.entry.holds = fold.holds.all;
        fold.entry.settle_filings();
        answers::settle(&mut fold.entry);
        fold.entry
    }

    fn unknown(number: EntryNumber) -> Self {
        Self {
            number,
            filer: number.filer(),
            entry_type: None,
            type_told: None,
            port: None,
            importer: None,
            references: References::default(),
            filing: Filing::default(),
            releases: Default::default(),
            one_government_at: None,
            holds: Default::default(),
            cancelled_at: None,
            is_cancelled: false,
            cancel_asked: None,
            replaced_at: None,
            summary: Summary::default(),
            requests: Vec::new(),
            liquidation_history: Vec::new(),
            takeover: None,
            covering: Vec::new(),
            statements: Default::default(),
            answered: None,
            scheduled_liquidations: Vec::new(),
            customs_bills: Default::default(),
            protests: Default::default(),
            decisions_told: Vec::new(),
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
        // Only what is on file is corrected or deleted.
        Effect::SummaryFiled(filed) if filed.is_correction => 1,
        Effect::SummaryFiled(filed) if filed.action == FilingAction::Deleted => 2,
        Effect::SummaryFiled(_) | Effect::TibRequest { .. } => 0,
        Effect::FiledLine(_) => 3,
        Effect::SummaryRejected | Effect::SummaryRemoved => 10,
        Effect::SummaryCancelled => 11,
        Effect::CensusResolved { .. } => 12,
        _ => 9,
    }
}

/// The date of entry that a notice states, when it cannot be true.
pub fn impossible_entry_date(notice: &Notice) -> Option<NaiveDate> {
    notice.field("entry_date").and_then(stated_date).filter(|date| is_impossible(notice, *date))
}

fn is_impossible(notice: &Notice, date: NaiveDate) -> bool {
    notice.at.is_some_and(|at| !is_believable(date, at.date))
}

/// A date in a field: written out, or MMDDYY as the courtesy notice sends it.
fn stated_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| moment::date(text.as_bytes(), Format::Mmddyy).ok().flatten())
}

struct Fold<'n> {
    entry: Entry,
    holds: Holds,
    corrected: Corrected,
    attributes: Attributes<'n>,
}

impl<'n> Fold<'n> {
    /// Attributes that any notice may state, by the names of the grammar. The latest statement counts; of dates of entry see
    /// [`Entry::entry_date`].
    fn note(&mut self, notice: &'n Notice) {
        let entry = &mut self.entry;
        if notice.kind == Kind::AceReport {
            return witness::note(entry, notice);
        }
        // What is told of a bill in the name of another entry says nothing about this one but that.
        let is_of_another = notice.entry.is_some_and(|named| named != entry.number);
        for (name, value) in notice.fields.iter().filter(|_| !is_of_another) {
            if self.attributes.take(notice, name, value) {
                continue;
            }
            match name {
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
                    let date = stated_date(value);
                    if let Some(date) = date.filter(|date| !is_impossible(notice, *date)) {
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
        cancelled::note(entry, notice);
        recorded::note(entry, notice, &self.corrected);
    }

    fn obey(&mut self, notice: &Notice) {
        match notice.effect {
            Effect::Inform | Effect::Unknown | Effect::Withdrawn { .. } | Effect::Consolidated { .. } => {}
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
            Effect::Replaced => self.entry.replaced_at = notice.at,
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
            filing.last_accepted_at = notice.at;
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
        let summary = &mut entry.summary;
        match notice.effect {
            Effect::SummaryAccepted { version, warnings } => {
                // An answer without the usual code to the filer's own deletion.
                if summary.take_acceptance(notice) {
                    return remove(summary, notice);
                }
                summary.state = SummaryState::Accepted;
                summary.version = version.or(summary.version);
                summary.accepted_at = notice.at;
                summary.accepted_by = Some(notice.id);
                summary.has_warnings = warnings;
                summary.is_customs_word = false;
                // What the new version is warned of comes with it; earlier warnings were about the earlier one.
                summary.census.clear();
            }
            Effect::SummaryRejected => self.summary_rejected(notice),
            Effect::SummaryCancelled => {
                summary.state = SummaryState::Cancelled;
                summary.cancelled_at = notice.at;
            }
            Effect::SummaryRemoved => {
                if notice.kind == Kind::SummaryResponse {
                    summary.take_deletion(notice.at);
                }
                remove(summary, notice);
                fold_facts::unschedule(entry, notice);
            }
            Effect::CorrectionReverted => {
                if let Some(correction) = summary.revert(notice.at) {
                    self.attributes.revert(correction);
                }
            }
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

    /// An answer refuses what was sent, or Customs itself rejects what it had.
    fn summary_rejected(&mut self, notice: &Notice) {
        let entry = &mut self.entry;
        let is_controlled = fold_facts::is_in_customs_control(entry);
        let summary = &mut entry.summary;
        let is_answer = notice.kind == Kind::SummaryResponse;
        let refused = is_answer.then(|| summary.take_refusal(notice.at)).flatten();
        // A refused correction or deletion was none, and of a version that CBP controls nothing else can be refused.
        if is_controlled && is_answer || refused.is_some_and(FiledSummary::leaves_earlier) {
            if summary.state == SummaryState::Accepted {
                summary.rejected_at = notice.at;
            }
            return;
        }
        let is_customs_word = matches!(notice.kind, Kind::SummaryNotice | Kind::EntryStatus);
        let is_refused = summary.state == SummaryState::Rejected;
        summary.is_customs_word = is_customs_word || (is_refused && summary.is_customs_word);
        summary.state = SummaryState::Rejected;
        summary.rejected_at = notice.at;
        if is_customs_word {
            summary.rejection = Rejection::of(notice, notice.at);
            if let Some(correction) = summary.reject_correction() {
                self.attributes.revert(correction);
            }
        }
        fold_facts::unschedule(entry, notice);
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

/// No summary is on file any more, and what was said of it is over.
pub(super) fn remove(summary: &mut Summary, notice: &Notice) {
    summary.state = SummaryState::None;
    summary.removed_at = notice.at;
    summary.is_customs_word = matches!(notice.kind, Kind::SummaryNotice | Kind::EntryStatus);
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
