//! Liquidation: the usual cycle, the year and its extensions, suspension, the window to reliquidate; and what protest
//! counts from: every date of liquidation that somebody told, and the one that counts.

use std::ops::Range;

use chrono::NaiveDate;

use super::{ANSWERED, Clock, RECORDED};
use crate::deadline::{DeadlineTable, Key, id};
use crate::entry::{Basis, BasisDate, Dated, Entry, LiquidationEvent, LiquidationStep, SummaryState};
use crate::notice::{FactKind, LiquidationKind};

/// Types of informal entries.
const INFORMAL: [&str; 2] = ["11", "12"];

const NOTICE: &str = "notice of extension or suspension";
const NOT_TOLD: &str = "query answer that tells no suspension any more; it may have ended before";
const SUSPENDED_SINCE: &str = "liquidation was suspended: six months count from the end of that";
/// The instance of the clocks that count from the original liquidation, whoever tells it, or from the day set by law.
pub(super) const LIQUIDATION: &str = "liquidation";

pub(super) const MISREAD: &str = "by law: the date that was told lies before the entry";
pub(super) const DEEMED: &str = "by law: the time to liquidate had run out";

/// Dates that different sources tell of the original liquidation lie closer together than this; what is farther off
/// happened apart. CBP itself may reliquidate for as long (19 USC 1501).
const SAME_LIQUIDATION_DAYS: i64 = 90;

/// The bulletin that a person saw is about the reliquidation that a message told, if they lie no farther apart.
const SAME_RELIQUIDATION_DAYS: i64 = 30;

/// A liquidation or reliquidation, with every date that somebody told of it.
#[derive(Clone, PartialEq, Debug)]
pub struct LiquidationDates {
    pub event: LiquidationKind,
    /// `liquidation`, `reliquidation`, `reliquidation-2`: it names the clock, which keeps the name when the date moves.
    pub instance: Box<str>,
    /// The first one counts; the rest in the order of trust.
    pub dates: Vec<BasisDate>,
}

impl LiquidationDates {
    fn of(event: LiquidationKind, first: BasisDate) -> Self {
        Self { event, instance: "".into(), dates: vec![first] }
    }

    pub fn counting(&self) -> Option<BasisDate> {
        self.dates.first().copied()
    }

    fn tells(&self, date: NaiveDate) -> bool {
        self.dates.iter().any(|known| known.date == date)
    }

    /// Whether a person has seen its bulletin.
    fn is_seen(&self) -> bool {
        self.dates.iter().any(|known| known.basis == Basis::Recorded)
    }

    fn days_from(&self, date: NaiveDate) -> Option<i64> {
        self.dates.iter().map(|known| (known.date - date).num_days().abs()).min()
    }

    fn is_near(&self, date: NaiveDate) -> bool {
        self.days_from(date).is_some_and(|days| days < SAME_LIQUIDATION_DAYS)
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
        let is_credible = |told: &BasisDate| entered.is_none_or(|entered| told.date >= entered);
        if self.dates.first().is_some_and(|told| told.basis == Basis::Recorded && is_credible(told)) {
            return;
        }
        let places = || self.dates.iter().enumerate();
        let earliest = places().filter(|(_, told)| is_credible(told)).min_by_key(|(_, told)| told.date);
        let earliest = earliest.or_else(|| places().min_by_key(|(_, told)| told.date));
        if let Some((place, _)) = earliest {
            let counts = self.dates.remove(place);
            self.dates.insert(0, counts);
        }
    }

    /// Adds the day on which the law had liquidated: the one that counts, or the last of those that are only told.
    fn deem(&mut self, date: NaiveDate, counts: bool) {
        let deemed = BasisDate { date, basis: Basis::DeemedByLaw, notice: None };
        let place = if counts { 0 } else { self.dates.len() };
        self.dates.insert(place, deemed);
    }
}

impl Entry {
    /// Every liquidation and reliquidation, oldest first, with all dates that were told of it. Trust goes from the
    /// bulletin that a person saw over query answer, courtesy notice and ACE report; see [`Basis`].
    ///
    /// A reliquidation is known by its date; messages that differ on it make two, and each has its own clock. The bulletin
    /// that a person saw is about the nearest one that messages told and nobody had seen yet.
    pub fn liquidation_dates(&self) -> Vec<LiquidationDates> {
        let told = || {
            self.liquidation_history.iter().filter_map(|event| {
                let LiquidationStep::Liquidated(liquidation) = &event.what else { return None };
                let date = liquidation.date?;
                let told = BasisDate { date, basis: event.basis, notice: Some(event.notice) };
                Some((liquidation.event, told))
            })
        };
        let mut all: Vec<LiquidationDates> = Vec::new();
        let mut seen = Vec::new();
        for (event, told) in told() {
            let is_same = |known: &&mut LiquidationDates| {
                known.event == event
                    && match event {
                        LiquidationKind::Liquidation => known.is_near(told.date),
                        LiquidationKind::Reliquidation => known.tells(told.date),
                    }
            };
            match all.iter_mut().find(is_same) {
                Some(known) => known.add(told),
                None if event == LiquidationKind::Reliquidation && told.basis == Basis::Recorded => {
                    seen.push(told);
                }
                None => all.push(LiquidationDates::of(event, told)),
            }
        }
        for told in seen {
            join_reliquidation(&mut all, told);
        }
        let entered = self.entered();
        join_misread(&mut all, entered);
        all.iter_mut().for_each(|dates| dates.rank(entered));
        name(&mut all, entered);
        all.sort_by_key(|dates| dates.counting().map(|told| told.date));
        all
    }

    fn entered(&self) -> Option<NaiveDate> {
        self.entry_date().or_else(|| self.release_date()).map(|dated| dated.date)
    }

    /// Every date that was told lies before the entry: a misread year.
    pub(super) fn is_misread(&self, liquidation: &LiquidationDates) -> bool {
        let Some(entered) = self.entered() else { return false };
        let mut told = liquidation.dates.iter().filter(|told| told.basis != Basis::DeemedByLaw).peekable();
        told.peek().is_some() && told.all(|told| told.date < entered)
    }

    /// Dates of liquidation that lie before the entry itself, and so cannot be true.
    pub fn misread_liquidations(&self) -> Vec<BasisDate> {
        let Some(entered) = self.entered() else { return Vec::new() };
        let all = self.liquidation_dates().into_iter().flat_map(|liquidation| liquidation.dates);
        all.filter(|told| told.date < entered).collect()
    }

    /// As [`Entry::liquidation_dates`], with the day on which the law had liquidated the entry before the first date that
    /// was told. CBP may post a liquidation by law much later, and the time to protest runs all the same (19 CFR
    /// 159.9(c)(2)(i)).
    pub(super) fn liquidation_dates_by_law(&self, table: &DeadlineTable) -> Vec<LiquidationDates> {
        let mut all = self.liquidation_dates();
        if let Some(informal) = self.informal_liquidation() {
            join_informal(&mut all, informal, table);
            return all;
        }
        let entered = self.entered();
        let first_told = |liquidation: &LiquidationDates| {
            let dates = liquidation.dates.iter().map(|told| told.date);
            dates.filter(|date| entered.is_none_or(|entered| *date >= entered)).min()
        };
        // One of which nothing can be true stands alone (see `join_misread`), so the first is the earliest or that one.
        let originals = all.iter_mut().filter(|dates| dates.event == LiquidationKind::Liquidation);
        let first = originals.map(|dates| (first_told(dates), dates)).min_by_key(|(told, _)| *told);
        let Some(((told, first), deemed)) = first.zip(self.deemed_date(table)) else { return all };
        match told {
            // It counts as long as no person saw the bulletin, unless the time to protest was over before: it would
            // hide a time that may still run.
            Some(told) if deemed < told => {
                let is_live = protest_ends(table, deemed).is_none_or(|ends| told <= ends);
                let is_seen = first.counting().is_some_and(|told| told.basis == Basis::Recorded);
                first.deem(deemed, is_live && !is_seen);
            }
            Some(_) => {}
            None => first.deem(deemed, true),
        }
        all.sort_by_key(|dates| dates.counting().map(|told| told.date));
        all
    }

    /// The day on which the law liquidates the entry if CBP does not before: the end of the year and its extensions, or six
    /// months after the end of a suspension that stopped the year.
    pub(in crate::entry) fn deemed_date(&self, table: &DeadlineTable) -> Option<NaiveDate> {
        if self.gone().is_some() {
            return None;
        }
        let passes = |clock: Clock| self.last_day(table, clock);
        let year = passes(self.liquidation_clock(id::LIQ_DEEMED_1Y))?;
        if !self.was_suspended_by(year) {
            return Some(year);
        }
        let (lifts, months) = self.lifts().zip(self.lifted_clock())?;
        let later = &self.liquidation_history[lifts.end..];
        let again = later.iter().any(|event| matches!(event.what, LiquidationStep::Suspended { .. }));
        passes(months).filter(|_| !again)
    }

    fn last_day(&self, table: &DeadlineTable, mut clock: Clock) -> Option<NaiveDate> {
        if table.has_overrides() {
            clock.localize(table, self.override_scope());
        }
        table.compute_dates(clock.id, &clock.facts).ok()?.due.date()
    }

    /// The year to liquidate, with its extensions and its cap. One that a suspension stopped does not end on its anniversary once that is over, where the six
    /// months from the end of the suspension go beyond it.
    fn year_clock(&self, table: &DeadlineTable, id: &'static str) -> Clock {
        let mut year = self.liquidation_clock(id);
        if year.closed.is_none() && self.lifts().is_some() {
            let ends = self.last_day(table, year.clone());
            let waits = ends.zip(self.deemed_date(table)).is_some_and(|(ends, deemed)| ends < deemed);
            year.close(waits.then_some(SUSPENDED_SINCE));
        }
        year
    }

    /// Informal entries are liquidated by payment or release, whichever comes first, and no notice says so.
    fn informal_liquidation(&self) -> Option<BasisDate> {
        if !self.is_type(&INFORMAL) || self.gone().is_some() {
            return None;
        }
        let released = self.release_date().or_else(|| self.answered_release());
        let collected = self.answered.and_then(|answered| {
            Some(Dated { date: answered.status.collection_date?, notice: answered.notice })
        });
        let paid = self.statements.values().filter_map(|statement| {
            let last = statement.monthly.as_ref().and_then(|monthly| monthly.last).or(statement.last)?;
            Some(Dated { date: statement.paid_at()?.date, notice: last.notice })
        });
        let first = paid.chain(released).chain(collected).min_by_key(|dated| dated.date)?;
        Some(BasisDate { date: first.date, basis: Basis::Informal, notice: Some(first.notice) })
    }

    /// A suspension began by this day. One whose end alone was recorded had begun some time before.
    fn was_suspended_by(&self, day: NaiveDate) -> bool {
        self.liquidation_history.iter().any(|event| match event.what {
            LiquidationStep::Suspended { date, .. } => {
                date.or(event.at.map(|at| at.date)).is_none_or(|since| since <= day)
            }
            LiquidationStep::Lifted { .. } => event.basis == Basis::Recorded,
            LiquidationStep::Liquidated(_) | LiquidationStep::Extended { .. } => false,
        })
    }

    pub(super) fn liquidation_clocks(&self, table: &DeadlineTable, clocks: &mut Vec<Clock>) {
        let mut cycle = self.liquidation_clock(id::LIQ_SCHEDULED_EST);
        if self.answered.is_some_and(|answered| answered.status.is_under_review) {
            cycle.set(Key::UnderReview, true);
        }
        if self.is_unset() {
            cycle.set(Key::Rejected, true);
        }
        cycle.close(self.scheduled_liquidation().map(|_| "CBP scheduled the liquidation"));
        clocks.extend([cycle, self.year_clock(table, id::LIQ_DEEMED_1Y)]);
        if self.stays().extensions > 0 {
            clocks.push(self.year_clock(table, id::LIQ_EXT_END));
            clocks.push(self.year_clock(table, id::LIQ_CAP_4Y));
        }
        clocks.extend(self.lifted_clock());
        clocks.extend(self.reliquidation_clock());
    }

    /// No summary is on file any more, so CBP plans no liquidation. A refused transmission was no filing and unsets nothing.
    fn is_unset(&self) -> bool {
        match self.summary.state {
            SummaryState::Rejected => self.summary.is_customs_word,
            SummaryState::None => self.summary.removed_at.is_some(),
            SummaryState::Accepted | SummaryState::Cancelled => false,
        }
    }

    fn liquidation_clock(&self, id: &'static str) -> Clock {
        let mut clock = Clock::new(id);
        self.with_entry_date(&mut clock);
        self.with_type(&mut clock);
        // CBP's own cycle waits for whatever was told; the law only for what came in time.
        let (is_suspended, extensions) = if id == id::LIQ_SCHEDULED_EST {
            (self.is_suspended(), self.extensions())
        } else {
            self.with_withdrawal(&mut clock);
            let stays = self.stays();
            (stays.is_suspended, stays.extensions)
        };
        if is_suspended {
            clock.set(Key::Suspended, true);
        }
        // The cap is the same however often the time was extended.
        if extensions > 0 && id != id::LIQ_CAP_4Y {
            clock.set(Key::Extensions, u32::from(extensions));
        }
        clock.close(self.over());
        clock
    }

    /// The notices that ended the last suspension to end, as a range of the history: several may tell of one end.
    fn lifts(&self) -> Option<Range<usize>> {
        let history = &self.liquidation_history;
        let last = history.iter().rposition(|event| matches!(event.what, LiquidationStep::Lifted { .. }))?;
        let is_suspension =
            |event: &LiquidationEvent| matches!(event.what, LiquidationStep::Suspended { .. });
        let began = history[..last].iter().rposition(is_suspension);
        // The end of an extension is told by the same word and starts nothing.
        let is_end = began.is_some() || history[..=last].iter().any(is_recorded_lift);
        is_end.then_some(began.map_or(0, |at| at + 1)..last + 1)
    }

    /// Six months for CBP to liquidate once a suspension is lifted, by notice or by publication: the earliest of both, and
    /// of several of a kind.
    fn lifted_clock(&self) -> Option<Clock> {
        let lifts = self.lifts()?;
        let began = lifts.start.checked_sub(1).and_then(|at| self.liquidation_history.get(at));
        let is_told = began.is_some();
        let began = began.and_then(|event| match event.what {
            LiquidationStep::Suspended { date, .. } => date.or(event.at.map(|at| at.date)),
            _ => None,
        });
        let mut clock = Clock::new(id::LIQ_SUSP_6M);
        let noticed = self.liquidation_history[lifts].iter().filter_map(|event| match event.what {
            LiquidationStep::Lifted { date } if is_told || event.basis == Basis::Recorded => {
                let source = if event.basis == Basis::QueryAnswer { NOT_TOLD } else { NOTICE };
                Some((Dated { date: date.or(event.at.map(|at| at.date))?, notice: event.notice }, source))
            }
            _ => None,
        });
        if let Some((dated, source)) = noticed.min_by_key(|(dated, _)| dated.date) {
            clock.fact(Key::NoticeDate, dated, source);
        }
        let published = self.recorded.iter().filter(|fact| fact.fact == FactKind::SuspensionEnd);
        let published = published.filter_map(|fact| {
            Some(Dated { date: fact.date_of("federal_register_date")?, notice: fact.notice })
        });
        // A publication before the suspension was about another one.
        let published = published.filter(|dated| began.is_none_or(|began| dated.date >= began));
        if let Some(dated) = published.min_by_key(|dated| dated.date) {
            clock.fact(Key::FederalRegisterDate, dated, RECORDED);
        }
        clock.close(self.over());
        clock.close(self.is_suspended().then_some("liquidation is suspended again"));
        clock.started()
    }

    /// CBP may correct its own liquidation for ninety days; a reliquidation does not start them again.
    fn reliquidation_clock(&self) -> Option<Clock> {
        let all = self.liquidation_dates();
        let original = all.iter().find(|dates| dates.event == LiquidationKind::Liquidation)?;
        let counting = original.counting().filter(|_| !self.is_misread(original))?;
        let mut clock = Clock::new(id::RELIQ_90D);
        clock.liquidation(Key::LiquidationDate, counting, &original.dates);
        let again = all.iter().any(|dates| dates.event == LiquidationKind::Reliquidation);
        clock.close(again.then_some("CBP reliquidated"));
        clock.close(self.gone());
        clock.started()
    }
}

/// The day on which an informal entry was liquidated stands beside what was told, and counts as one set by law does: until a
/// person saw the bulletin, and while its time to protest may still run.
fn join_informal(all: &mut Vec<LiquidationDates>, informal: BasisDate, table: &DeadlineTable) {
    let originals = all.iter_mut().filter(|dates| dates.event == LiquidationKind::Liquidation);
    match originals.min_by_key(|dates| dates.counting().map(|told| told.date)) {
        Some(first) => {
            let is_seen = first.counting().is_some_and(|told| told.basis == Basis::Recorded);
            let ends = protest_ends(table, informal.date);
            let is_live = first.counting().zip(ends).is_none_or(|(told, ends)| told.date <= ends);
            let place = if is_live && !is_seen { 0 } else { first.dates.len() };
            first.dates.insert(place, informal);
        }
        None => {
            let mut first = LiquidationDates::of(LiquidationKind::Liquidation, informal);
            first.instance = LIQUIDATION.into();
            all.push(first);
        }
    }
    all.sort_by_key(|dates| dates.counting().map(|told| told.date));
}

/// A date before the entry is no liquidation of its own when another is known: it stands beside the best known one.
fn join_misread(all: &mut Vec<LiquidationDates>, entered: Option<NaiveDate>) {
    let Some(entered) = entered else { return };
    let is_misread = |known: &LiquidationDates| {
        known.event == LiquidationKind::Liquidation && known.dates.iter().all(|told| told.date < entered)
    };
    let (misread, mut rest): (Vec<_>, Vec<_>) = all.drain(..).partition(is_misread);
    let originals = rest.iter_mut().filter(|known| known.event == LiquidationKind::Liquidation);
    let best = originals.min_by_key(|known| known.dates.iter().map(|told| (told.basis, told.date)).min());
    match best {
        Some(best) => misread.into_iter().flat_map(|known| known.dates).for_each(|told| best.add(told)),
        None => {
            let mut misread = misread.into_iter();
            if let Some(mut first) = misread.next() {
                misread.flat_map(|known| known.dates).for_each(|told| first.add(told));
                rest.push(first);
            }
        }
    }
    *all = rest;
}

/// The bulletin of a reliquidation whose date no message tells.
fn join_reliquidation(all: &mut Vec<LiquidationDates>, told: BasisDate) {
    let again = |known: &&mut LiquidationDates| known.event == LiquidationKind::Reliquidation;
    if let Some(known) = all.iter_mut().filter(again).find(|known| known.tells(told.date)) {
        return known.add(told);
    }
    let near = all.iter_mut().filter(again).filter(|known| !known.is_seen());
    let near = near.filter_map(|known| Some((known.days_from(told.date)?, known)));
    let near = near.filter(|(days, _)| *days <= SAME_RELIQUIDATION_DAYS);
    match near.min_by_key(|(days, _)| *days) {
        Some((_, known)) => known.add(told),
        None => all.push(LiquidationDates::of(LiquidationKind::Reliquidation, told)),
    }
}

/// Names what belongs together by what it is, for a date may still change. Of liquidations that lie too far apart to be one
/// the best known has the plain name, and a misread year the last; reliquidations are numbered as they followed each other.
fn name(all: &mut [LiquidationDates], entered: Option<NaiveDate>) {
    all.sort_by_key(|known| {
        let date = known.counting().map(|told| told.date);
        let is_misread = date.is_some_and(|date| entered.is_some_and(|entered| date < entered));
        let trust = known.dates.iter().map(|told| told.basis).min();
        let trust = trust.filter(|_| known.event == LiquidationKind::Liquidation);
        (is_misread, trust, date)
    });
    let mut counts = [0_u32; 2];
    for known in all {
        let (word, count) = match known.event {
            LiquidationKind::Liquidation => (LIQUIDATION, &mut counts[0]),
            LiquidationKind::Reliquidation => ("reliquidation", &mut counts[1]),
        };
        *count += 1;
        known.instance = if *count == 1 { word.into() } else { format!("{word}-{count}").into() };
    }
}

fn is_recorded_lift(event: &LiquidationEvent) -> bool {
    matches!(event.what, LiquidationStep::Lifted { .. }) && event.basis == Basis::Recorded
}

/// The last day to protest what the law liquidated on `deemed`.
fn protest_ends(table: &DeadlineTable, deemed: NaiveDate) -> Option<NaiveDate> {
    let mut clock = Clock::new(id::PROTEST_DUE);
    clock.set(Key::LiquidationDate, deemed);
    table.compute_dates(clock.id, &clock.facts).ok()?.due.date()
}

impl Clock {
    /// Counts from a liquidation, and keeps the dates that other sources told of it.
    pub(super) fn liquidation(&mut self, key: Key, counting: BasisDate, all: &[BasisDate]) {
        let source = match counting.basis {
            Basis::QueryAnswer => ANSWERED,
            Basis::Recorded => "bulletin, seen by a person",
            Basis::AceReport => "report from the ACE portal",
            Basis::Other => "another notice",
            Basis::DeemedByLaw => DEEMED,
            Basis::Informal => "informal entry, liquidated by payment or release",
            Basis::CourtesyNotice | Basis::Estimate => "courtesy notice of liquidation",
        };
        match counting.notice {
            Some(notice) => self.fact(key, Dated { date: counting.date, notice }, source),
            None => self.said(key, counting.date, source),
        }
        let differs = all.iter().any(|told| told.date != counting.date || told.basis != counting.basis);
        if differs {
            self.bases = all.to_vec();
        }
    }
}
