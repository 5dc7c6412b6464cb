//! Liquidation: the usual cycle, the year and its extensions, suspension, the window to reliquidate; and what protest
//! counts from: every date of liquidation that somebody told, and the one that counts.

use chrono::NaiveDate;

use super::{ANSWERED, Clock, RECORDED};
use crate::deadline::{Key, id};
use crate::entry::{Basis, BasisDate, Dated, Entry, LiquidationStep};
use crate::notice::{FactKind, LiquidationKind};

const NOTICE: &str = "notice of extension or suspension";

/// Dates that different sources tell of the original liquidation lie closer together than this; what is farther off
/// happened apart. CBP itself may reliquidate for as long (19 USC 1501).
const SAME_LIQUIDATION_DAYS: i64 = 90;

/// A liquidation or reliquidation, with every date that somebody told of it.
#[derive(Clone, PartialEq, Debug)]
pub struct LiquidationDates {
    pub event: LiquidationKind,
    /// The first one counts; the rest in the order of trust.
    pub dates: Vec<BasisDate>,
}

impl LiquidationDates {
    fn of(event: LiquidationKind, first: BasisDate) -> Self {
        Self { event, dates: vec![first] }
    }

    pub fn counting(&self) -> Option<BasisDate> {
        self.dates.first().copied()
    }

    fn is_near(&self, date: NaiveDate) -> bool {
        self.dates.iter().any(|known| (known.date - date).num_days().abs() < SAME_LIQUIDATION_DAYS)
    }

    fn add(&mut self, told: BasisDate) {
        let is_known = |known: &BasisDate| known.date == told.date && known.basis == told.basis;
        if !self.dates.iter().any(is_known) {
            self.dates.push(told);
        }
    }

    /// The bulletin decides once a person saw it. Until then the earliest date counts that can be true: one before the
    /// entry itself is a misread year.
    fn rank(&mut self, entered: Option<NaiveDate>) {
        self.dates.sort_by_key(|told| (told.basis, told.date));
        if self.dates.first().is_some_and(|told| told.basis == Basis::Recorded) {
            return;
        }
        let is_credible = |told: &BasisDate| entered.is_none_or(|entered| told.date >= entered);
        let places = || self.dates.iter().enumerate();
        let earliest = places().filter(|(_, told)| is_credible(told)).min_by_key(|(_, told)| told.date);
        let earliest = earliest.or_else(|| places().min_by_key(|(_, told)| told.date));
        if let Some((place, _)) = earliest {
            let counts = self.dates.remove(place);
            self.dates.insert(0, counts);
        }
    }
}

impl Entry {
    /// Every liquidation and reliquidation, oldest first, with all dates that were told of it. Trust goes from the
    /// bulletin that a person saw over query answer, courtesy notice and ACE report; see [`Basis`].
    ///
    /// A reliquidation is known by its date; sources that differ on it make two, and each has its own clock.
    pub fn liquidation_dates(&self) -> Vec<LiquidationDates> {
        let mut all: Vec<LiquidationDates> = Vec::new();
        for event in &self.liquidation_history {
            let LiquidationStep::Liquidated(liquidation) = &event.what else { continue };
            let Some(date) = liquidation.date else { continue };
            let told = BasisDate { date, basis: event.basis, notice: Some(event.notice) };
            let is_same = |known: &&mut LiquidationDates| {
                known.event == liquidation.event
                    && match liquidation.event {
                        LiquidationKind::Liquidation => known.is_near(date),
                        LiquidationKind::Reliquidation => known.dates.iter().any(|other| other.date == date),
                    }
            };
            match all.iter_mut().find(is_same) {
                Some(known) => known.add(told),
                None => all.push(LiquidationDates::of(liquidation.event, told)),
            }
        }
        let entered = self.entry_date().or_else(|| self.release_date()).map(|dated| dated.date);
        all.iter_mut().for_each(|dates| dates.rank(entered));
        all.sort_by_key(|dates| dates.counting().map(|told| told.date));
        all
    }

    pub(super) fn liquidation_clocks(&self, clocks: &mut Vec<Clock>) {
        let mut cycle = self.liquidation_clock(id::LIQ_SCHEDULED_EST);
        if self.answered.is_some_and(|answered| answered.status.is_under_review) {
            cycle.set(Key::UnderReview, true);
        }
        cycle.close(self.scheduled_liquidation().map(|_| "CBP scheduled the liquidation"));
        clocks.extend([cycle, self.liquidation_clock(id::LIQ_DEEMED_1Y)]);
        if self.extensions() > 0 {
            clocks.push(self.liquidation_clock(id::LIQ_EXT_END));
            clocks.push(self.liquidation_clock(id::LIQ_CAP_4Y));
        }
        clocks.extend(self.lifted_clock());
        clocks.extend(self.reliquidation_clock());
    }

    fn liquidation_clock(&self, id: &'static str) -> Clock {
        let mut clock = Clock::new(id);
        self.with_entry_date(&mut clock);
        self.with_type(&mut clock);
        if self.is_suspended() {
            clock.set(Key::Suspended, true);
        }
        if self.extensions() > 0 {
            clock.set(Key::Extensions, u32::from(self.extensions()));
        }
        if id != id::LIQ_SCHEDULED_EST {
            self.with_withdrawal(&mut clock);
        }
        clock.close(self.over());
        clock
    }

    /// A warehouse entry's year counts from its final withdrawal, that of a reconciliation from its filing.
    fn with_withdrawal(&self, clock: &mut Clock) {
        let last = |fact: FactKind| {
            let known = self.recorded.iter().rev().find(|known| known.fact == fact)?;
            Some(Dated { date: known.date()?, notice: known.notice })
        };
        if let Some(dated) = last(FactKind::Withdrawal) {
            clock.fact(Key::FinalWithdrawal, dated, RECORDED);
        }
        if self.is_type(&["09"])
            && let Some(dated) = last(FactKind::ReconFiled)
        {
            clock.fact(Key::ReconFiled, dated, RECORDED);
        }
    }

    /// Six months for CBP to liquidate once a suspension is lifted, by notice or by publication.
    fn lifted_clock(&self) -> Option<Clock> {
        let steps = || self.liquidation_history.iter();
        let (at, lifted) = steps()
            .enumerate()
            .rev()
            .find(|(_, event)| matches!(event.what, LiquidationStep::Lifted { .. }))?;
        let suspended = |what: &LiquidationStep| matches!(what, LiquidationStep::Suspended { .. });
        let LiquidationStep::Lifted { date } = lifted.what else { return None };
        // The end of an extension is told by the same word and starts nothing.
        if lifted.basis != Basis::Recorded && !steps().take(at).any(|event| suspended(&event.what)) {
            return None;
        }
        let mut clock = Clock::new(id::LIQ_SUSP_6M);
        if let Some(date) = date.or(lifted.at.map(|at| at.date)) {
            clock.fact(Key::NoticeDate, Dated { date, notice: lifted.notice }, NOTICE);
        }
        let published = self.recorded.iter().rev().filter(|fact| fact.fact == FactKind::SuspensionEnd);
        let mut published =
            published.filter_map(|fact| Some((fact.date_of("federal_register_date")?, fact.notice)));
        if let Some((date, notice)) = published.next() {
            clock.fact(Key::FederalRegisterDate, Dated { date, notice }, RECORDED);
        }
        clock.close(self.over());
        clock.close(self.is_suspended().then_some("liquidation is suspended again"));
        clock.started()
    }

    /// CBP may correct its own liquidation for ninety days; a reliquidation does not start them again.
    fn reliquidation_clock(&self) -> Option<Clock> {
        let all = self.liquidation_dates();
        let original = all.iter().find(|dates| dates.event == LiquidationKind::Liquidation)?;
        let counting = original.counting()?;
        let mut clock = Clock::new(id::RELIQ_90D);
        clock.liquidation(Key::LiquidationDate, counting, &original.dates);
        let again = all.iter().any(|dates| dates.event == LiquidationKind::Reliquidation);
        clock.close(again.then_some("CBP reliquidated"));
        clock.close(self.gone());
        clock.started()
    }
}

impl Clock {
    /// Counts from a liquidation, and keeps the dates that other sources told of it.
    pub(super) fn liquidation(&mut self, key: Key, counting: BasisDate, all: &[BasisDate]) {
        let source = match counting.basis {
            Basis::QueryAnswer => ANSWERED,
            Basis::Recorded => "bulletin, seen by a person",
            Basis::AceReport => "report from the ACE portal",
            Basis::Other => "another notice",
            Basis::CourtesyNotice | Basis::Estimate | Basis::DeemedByLaw => "courtesy notice of liquidation",
        };
        let Some(notice) = counting.notice else { return };
        self.fact(key, Dated { date: counting.date, notice }, source);
        let differs = all.iter().any(|told| told.date != counting.date || told.basis != counting.basis);
        if differs {
            self.bases = all.to_vec();
        }
    }
}
