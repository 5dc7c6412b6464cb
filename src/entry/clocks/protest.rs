//! Protest and court: a clock for every liquidation and decision, one for every denial; and those that the law starts
//! when nobody acts.

use chrono::NaiveDate;

use super::liquidation::{DEEMED, LIQUIDATION, MISREAD};
use super::protested::{Decision, Protested};
use super::{ANSWERED, Clock, RECORDED, STATED};
use crate::deadline::{DeadlineTable, Key, id};
use crate::entry::claims::is_same_number;
use crate::entry::{Basis, BasisDate, Dated, Entry, ProtestState, Provenance, RecordedFact, ToldDecision};
use crate::notice::{FactKind, LiquidationKind, Token};

/// A clock whose passing is a decision that starts another clock, unless something happens before.
struct ByLaw {
    passes: &'static str,
    starts: &'static str,
    key: Key,
    unless: &'static str,
    /// What has happened once it passed.
    then: &'static str,
}

const BY_LAW: [ByLaw; 6] = [
    ByLaw {
        passes: id::LIQ_DEEMED_1Y,
        starts: id::PROTEST_DUE,
        key: Key::LiquidationDate,
        unless: "starts by law if CBP does not liquidate, extend or suspend before",
        then: "deemed liquidated by law, unless CBP extended or suspended it and nobody told",
    },
    ByLaw {
        passes: id::LIQ_SUSP_6M,
        starts: id::PROTEST_DUE,
        key: Key::LiquidationDate,
        unless: "starts by law if CBP does not liquidate before",
        then: "deemed liquidated by law, unless it was suspended again and nobody told",
    },
    ByLaw {
        passes: id::DETAIN_DECISION,
        starts: id::DETAIN_NOTICE,
        key: Key::DetainedDate,
        unless: "starts by law if CBP neither releases nor detains the goods before",
        then: "the goods count as detained",
    },
    ByLaw {
        passes: id::DEEMED_EXCLUSION,
        starts: id::PROTEST_DUE,
        key: Key::DecisionDate,
        unless: "starts by law if the goods are neither released nor excluded before",
        then: "the goods count as excluded",
    },
    ByLaw {
        passes: id::PROTEST_ACCEL_DENIAL,
        starts: id::CIT_SUMMONS,
        key: Key::DenialDate,
        unless: "starts by law if CBP does not decide before",
        then: "the protest counts as denied",
    },
    ByLaw {
        passes: id::EXCL_PROTEST_DENIAL,
        starts: id::CIT_SUMMONS,
        key: Key::DenialDate,
        unless: "starts by law if CBP does not decide before",
        then: "the protest counts as denied",
    },
];

/// What the law makes of a clock on Customs that passed, where it makes something of it.
pub fn consequence(deadline: &str) -> Option<&'static str> {
    BY_LAW.iter().find(|law| law.passes == deadline).map(|law| law.then)
}

/// Begins the names of clocks that the law starts for goods that were presented.
pub const PRESENTED: &str = "presented-";

/// What the clocks count from that the law may start.
const LAW_KEYS: [Key; 4] = [Key::LiquidationDate, Key::DecisionDate, Key::DenialDate, Key::DetainedDate];

impl Clock {
    fn is_named_as(&self, other: &Self) -> bool {
        self.id == other.id && self.instance == other.instance
    }
}

impl Clock {
    /// Keeps the days of a denial where they differ.
    fn keep_denials(&mut self, told: &[&ToldDecision]) {
        if told.iter().any(|known| told.first().is_some_and(|first| first.date != known.date)) {
            self.bases = told.iter().map(|told| told.as_basis()).collect();
        }
    }

    /// The day of the denial that was told, and the others that were.
    fn told_denials(&self) -> Vec<BasisDate> {
        if !self.bases.is_empty() {
            return self.bases.clone();
        }
        let Some(date) = self.facts.date(Key::DenialDate) else { return Vec::new() };
        let from = self.from.iter().find(|fact| *fact.input == *Key::DenialDate.as_str());
        let basis = match from {
            Some(fact) if *fact.source == *ANSWERED => Basis::QueryAnswer,
            _ => Basis::Recorded,
        };
        vec![BasisDate { date, basis, notice: from.and_then(|fact| fact.notice) }]
    }

    /// Both are about one protest, or one decision.
    fn is_of(&self, other: &Self) -> bool {
        let is_same = || match (Token::some(&*self.instance), Token::some(&*other.instance)) {
            (Some(number), Some(other)) => is_same_number(number, other),
            _ => false,
        };
        self.is_named_as(other) || (self.id == other.id && self.id == id::CIT_SUMMONS && is_same())
    }
}

impl ToldDecision {
    fn as_basis(&self) -> BasisDate {
        BasisDate { date: self.date, basis: self.basis, notice: Some(self.notice) }
    }
}

impl ByLaw {
    /// What Customs tells of a decision for a day after the one on which the law had decided undoes nothing: the statute fixes
    /// the day (19 USC 1515(b), 1499(c)(5)), and the time to go to court or to protest runs from it.
    fn stands_against(&self, clock: &Clock, passes: NaiveDate) -> bool {
        matches!(self.key, Key::DenialDate | Key::DecisionDate)
            && clock.closed_on.is_some_and(|day| day > passes)
    }

    /// Names the clock that starts after the one that starts it, whose day may still move. A protest decided by law has its
    /// number.
    fn instance(&self, of: &str) -> Box<str> {
        match self.key {
            Key::LiquidationDate => LIQUIDATION.into(),
            Key::DenialDate => of.into(),
            _ => format!("{PRESENTED}{of}").into(),
        }
    }
}

impl Entry {
    pub(super) fn protest_clocks(&self, table: &DeadlineTable, clocks: &mut Vec<Clock>) {
        let decisions = self.decisions(table);
        if decisions.is_empty() {
            clocks.push(Clock::of(id::PROTEST_DUE, LIQUIDATION));
        }
        if self.has_protest() {
            self.protested_clocks(table, decisions, clocks);
        } else {
            for Decision { mut clock, .. } in decisions {
                self.close_by_record(&mut clock, None);
                clocks.push(clock);
            }
        }
        self.undated_claims(clocks);
        self.denial_clocks(clocks);
    }

    /// A protest ends the clock of what it is against; it can be amended as long as it could have been filed, until it is
    /// decided.
    fn protested_clocks(&self, table: &DeadlineTable, mut decisions: Vec<Decision>, clocks: &mut Vec<Clock>) {
        let told = decisions.len();
        decisions.extend(self.deemed_decision(table));
        let protested = Protested::new(self, table, &decisions);
        for (place, decision) in decisions[..told].iter().enumerate() {
            let against = protested.against(place);
            let mut clock = decision.clock.clone();
            against.end(&mut clock);
            self.close_by_record(&mut clock, None);
            clocks.push(clock);
            if !against.is_empty() {
                let mut amend = Clock { id: id::PROTEST_AMEND, ..decision.clock.clone() };
                // As long as nobody asked about one of them, that one may be amended.
                if against.numbers.iter().all(|number| self.is_accelerated(*number)) {
                    amend.said(Key::Accelerated, true, RECORDED);
                    amend.close(Some("accelerated disposition was asked for"));
                }
                amend.close(against.is_decided.then_some("the protest is decided"));
                let number = against.numbers.first().copied().filter(|_| against.numbers.len() == 1);
                self.close_by_record(&mut amend, number.flatten());
                clocks.push(amend);
            }
        }
    }

    /// What can be protested, each with its clock: nothing that comes later stops an earlier one.
    pub(super) fn decisions(&self, table: &DeadlineTable) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for liquidation in self.liquidation_dates_by_law(table) {
            let Some(counting) = liquidation.counting() else { continue };
            let mut clock = Clock::of(id::PROTEST_DUE, liquidation.instance.clone());
            clock.liquidation(Key::LiquidationDate, counting, &liquidation.dates);
            if self.is_deemed(&counting) {
                let is_told = counting.notice.is_some();
                let by_law = if self.is_misread(&liquidation) { MISREAD } else { DEEMED };
                clock.said(Key::Deemed, true, if is_told { RECORDED } else { by_law });
            }
            let dates = liquidation.dates.iter().map(|told| told.date).collect();
            decisions.push(Decision { clock, day_0: counting.date, dates, is_exclusion: false });
        }
        self.told_decisions(&mut decisions);
        if let Some(dated) = self.entry_date() {
            decisions.iter_mut().for_each(|decision| decision.clock.fact(Key::EntryDate, dated, STATED));
        }
        decisions
    }

    /// Exclusions, demands, charges and refused claims can be protested as well.
    fn told_decisions(&self, decisions: &mut Vec<Decision>) {
        let starts = |fact: &&RecordedFact| fact.starts().any(|start| start.deadline == id::PROTEST_DUE);
        for fact in self.recorded.iter().filter(starts) {
            let Some(date) = fact.date() else { continue };
            let mut clock = Clock::of(id::PROTEST_DUE, fact.instance.clone());
            clock.fact(Key::DecisionDate, Dated { date, notice: fact.notice }, RECORDED);
            let is_exclusion = fact.fact == FactKind::Exclusion || fact.says("what", "exclusion");
            let decision = Decision { clock, day_0: date, dates: vec![date], is_exclusion };
            // A decision that is recorded again under its number for a later day gives no more time.
            match decisions.iter_mut().find(|known| known.clock.is_named_as(&decision.clock)) {
                Some(known) if known.day_0 < date => known.dates.push(date),
                Some(known) => *known = decision,
                None => decisions.push(decision),
            }
        }
        // A query answer tells of the refusal of a claim.
        for state in self.refused_claims() {
            let Some(date) = state.protest.decided else { continue };
            let mut clock = Clock::of(id::PROTEST_DUE, state.protest.number.as_str());
            clock.fact(Key::DecisionDate, Dated { date, notice: state.notice }, ANSWERED);
            decisions.push(Decision { clock, day_0: date, dates: vec![date], is_exclusion: false });
        }
    }

    /// Refused claims whose day no query answer tells: nobody knows until when they can be protested.
    fn undated_claims(&self, clocks: &mut Vec<Clock>) {
        let undated = self.refused_claims().filter(|state| state.protest.decided.is_none());
        clocks.extend(undated.map(|state| Clock::of(id::PROTEST_DUE, state.protest.number.as_str())));
    }

    /// The liquidation by law of an entry of which nobody told one: its clock is started elsewhere, and a protest may be against it.
    pub(super) fn deemed_decision(&self, table: &DeadlineTable) -> Option<Decision> {
        let is_told = self.liquidations().any(|(_, told)| told.event == LiquidationKind::Liquidation);
        let day_0 = self.deemed_date(table).filter(|_| !is_told)?;
        let mut clock = Clock::of(id::PROTEST_DUE, LIQUIDATION);
        clock.set(Key::LiquidationDate, day_0);
        Some(Decision { clock, day_0, dates: vec![day_0], is_exclusion: false })
    }

    fn is_deemed(&self, counting: &BasisDate) -> bool {
        let is_recorded = || {
            self.recorded.iter().any(|fact| {
                fact.fact == FactKind::Bulletin
                    && fact.says("deemed", "yes")
                    && Some(fact.notice) == counting.notice
            })
        };
        counting.basis == Basis::DeemedByLaw || is_recorded()
    }

    /// Protests that CBP denied, in part or whole.
    pub(in crate::entry) fn denied_protests(&self) -> impl Iterator<Item = &ProtestState> {
        self.protests.values().filter(|state| state.is_denied())
    }

    /// A summons, and the way back to the port, for each protest that was denied, in part or whole.
    fn denial_clocks(&self, clocks: &mut Vec<Clock>) {
        for state in self.denied_protests() {
            let told = self.denials_of(state.protest.number);
            for id in [id::CIT_SUMMONS, id::PROTEST_VOID_90D] {
                let mut clock = Clock::of(id, state.protest.number.as_str());
                if let Some(first) = told.first() {
                    let source = if first.basis == Basis::Recorded { RECORDED } else { ANSWERED };
                    let dated = Dated { date: first.date, notice: first.notice };
                    clock.fact(Key::DenialDate, dated, source);
                    clock.keep_denials(&told);
                } else if id == id::PROTEST_VOID_90D {
                    continue;
                }
                clock.close(self.summons_of(Some(state.protest.number)));
                self.close_by_record(&mut clock, Some(state.protest.number));
                clocks.push(clock);
            }
        }
        for fact in self.recorded.iter().filter(|fact| fact.fact == FactKind::ProtestDecided) {
            for start in fact.starts() {
                self.push_denial(clocks, fact, start.deadline);
            }
        }
    }

    fn push_denial(&self, clocks: &mut Vec<Clock>, fact: &RecordedFact, id: &'static str) {
        let is_told = |known: &Clock| {
            let is_it = |number| is_same_number(number, Token::new(&*known.instance));
            known.id == id && fact.reference.is_some_and(is_it)
        };
        if !clocks.iter().any(is_told) {
            self.clock_of_fact(clocks, fact, id, Key::DenialDate);
        }
    }

    /// Clocks that start by themselves on the day on which another one passes: a liquidation, exclusion or denial that
    /// happens by law without a notice. A monitor that waits for a message would miss the time to protest.
    pub(super) fn clocks_by_law(&self, table: &DeadlineTable, clocks: &mut Vec<Clock>) {
        let known = clocks.len();
        let has_two = clocks.iter().any(|clock| clock.id == id::LIQ_SUSP_6M);
        let mut deemed = None;
        for at in 0..known {
            let clock = &clocks[at];
            let Some(law) = BY_LAW.iter().find(|law| law.passes == clock.id) else { continue };
            let Ok(dates) = table.compute_dates(clock.id, &clock.facts) else { continue };
            let source = || format!("by law: {} passes", clock.key());
            let Some(passes) = dates.due.date() else { continue };
            let late = clock.closed_on.filter(|_| law.stands_against(clock, passes));
            if clock.closed.is_some() && late.is_none() {
                continue;
            }
            // One liquidation happens by law, though two clocks may lead to it.
            if law.key == Key::LiquidationDate && has_two {
                let deemed: Option<NaiveDate> = *deemed.get_or_insert_with(|| self.deemed_date(table));
                if deemed.is_some_and(|deemed| deemed != passes) {
                    continue;
                }
            }
            let instance = law.instance(&clock.instance);
            let Some(by_law) =
                self.clock_by_law(table, law, Clock::of(law.starts, instance), (passes, source()))
            else {
                continue;
            };
            if late.is_some() {
                clocks[at].closed = None;
            }
            join_by_law(clocks, by_law, law, late);
        }
        // A clock without a date gives way to the one of its name that has one.
        if clocks.len() > known {
            let (told, by_law) = clocks.split_at(known);
            let has_protest = by_law.iter().any(|clock| clock.id == id::PROTEST_DUE);
            let gives_way = |clock: &Clock| {
                let is_named = || by_law.iter().any(|other| other.is_named_as(clock));
                let is_idle = LAW_KEYS.iter().all(|key| clock.facts.date(*key).is_none());
                let is_of_none = clock.id == id::PROTEST_DUE && *clock.instance == *LIQUIDATION;
                is_idle && (is_named() || (has_protest && is_of_none))
            };
            let stay: Vec<bool> = told.iter().map(|clock| !gives_way(clock)).collect();
            let mut stay = stay.into_iter();
            clocks.retain(|_| stay.next().unwrap_or(true));
        }
    }

    fn clock_by_law(
        &self,
        table: &DeadlineTable,
        law: &ByLaw,
        mut clock: Clock,
        (passes, source): (NaiveDate, String),
    ) -> Option<Clock> {
        clock.facts.put(law.key, passes).ok()?;
        clock.from.push(Provenance {
            input: law.key.as_str().into(),
            value: passes.to_string().into(),
            notice: None,
            source: source.into(),
        });
        if law.key == Key::LiquidationDate {
            clock.set(Key::Deemed, true);
            clock.bases = self.plan(table, passes);
        }
        clock.starts = Some(passes);
        clock.unless = law.unless;
        if law.starts == id::PROTEST_DUE && self.has_protest() {
            self.end_by_protest(table, &mut clock, passes, law.key == Key::DecisionDate);
        } else if law.starts == id::CIT_SUMMONS {
            clock.close(self.summons_of(Token::some(&*clock.instance)));
        }
        self.close_by_record(&mut clock, None);
        Some(clock)
    }

    /// Ends the clock of a decision by law if a protest is against it.
    fn end_by_protest(&self, table: &DeadlineTable, clock: &mut Clock, day_0: NaiveDate, is_exclusion: bool) {
        let mut decisions = self.decisions(table);
        decisions.extend(self.deemed_decision(table));
        decisions.retain(|known| !known.clock.is_named_as(clock));
        decisions.push(Decision { clock: clock.clone(), day_0, dates: vec![day_0], is_exclusion });
        Protested::new(self, table, &decisions).against(decisions.len() - 1).end(clock);
    }

    /// Dates of a liquidation that nobody told yet: CBP's plan or the usual cycle, and the end of the time to liquidate.
    fn plan(&self, table: &DeadlineTable, deemed: NaiveDate) -> Vec<BasisDate> {
        let mut bases = vec![BasisDate { date: deemed, basis: Basis::DeemedByLaw, notice: None }];
        let planned = self.scheduled_liquidation().map(|dated| (dated.date, Some(dated.notice)));
        let cycle = || {
            let mut clock = Clock::new(id::LIQ_SCHEDULED_EST);
            self.with_entry_date(&mut clock);
            self.with_type(&mut clock);
            let dates = table.compute_dates(clock.id, &clock.facts).ok()?;
            Some((dates.due.date()?, None))
        };
        if let Some((date, notice)) = planned.or_else(cycle) {
            bases.push(BasisDate { date, basis: Basis::Estimate, notice });
        }
        bases
    }
}

/// Lists a clock that the law starts, unless the same one is told with a date. A denial that is told for a later day than that
/// of the law moves nothing, and is kept beside it.
fn join_by_law(clocks: &mut Vec<Clock>, mut by_law: Clock, law: &ByLaw, late: Option<NaiveDate>) {
    let is_told = |other: &Clock| other.is_of(&by_law) && other.facts.date(law.key).is_some();
    let place = clocks.iter().position(is_told);
    match place.map(|place| &mut clocks[place]) {
        None => {
            if let Some(day) = late.filter(|_| law.key == Key::DenialDate) {
                by_law.may_be_over = format!("CBP decided the protest on {day}, after the law had denied it");
            }
            clocks.push(by_law);
        }
        Some(told) if law.key == Key::DenialDate && told.facts.date(law.key) > by_law.starts => {
            let deemed =
                by_law.starts.map(|date| BasisDate { date, basis: Basis::DeemedByLaw, notice: None });
            by_law.bases = deemed.into_iter().chain(told.told_denials()).collect();
            if by_law.closed.is_none() {
                by_law.closed = told.closed.take();
            }
            *told = by_law;
        }
        Some(_) => {}
    }
}
