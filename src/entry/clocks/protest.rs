//! Protest and court: a clock for every liquidation and decision, one for every denial; and those that the law starts
//! when nobody acts.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::liquidation::{DEEMED, LIQUIDATION, MISREAD};
use super::{ANSWERED, Clock, RECORDED, STATED};
use crate::deadline::{DeadlineTable, Key, id};
use crate::entry::claims::is_same_number;
use crate::entry::{Basis, BasisDate, Dated, Entry, ProtestState, Provenance, RecordedFact};
use crate::notice::{FactKind, Token};

/// Statuses of a protest that CBP denied, in part or whole.
const DENIED: [&str; 2] = ["DN", "PD"];

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

/// Protests that people record.
pub(super) const PROTESTS: [FactKind; 2] = [FactKind::ProtestFiled, FactKind::ExclusionProtest];

/// What a protest may be about.
#[derive(Clone, Copy)]
struct Decision {
    day_0: NaiveDate,
    /// The first of several.
    is_first: bool,
    is_exclusion: bool,
}

/// A protest, in the words that close its clock.
struct OnFile {
    words: String,
    number: Option<Token>,
    is_decided: bool,
}

/// What the clocks count from that the law may start.
const LAW_KEYS: [Key; 4] = [Key::LiquidationDate, Key::DecisionDate, Key::DenialDate, Key::DetainedDate];

impl Clock {
    fn is_named_as(&self, other: &Self) -> bool {
        self.id == other.id && self.instance == other.instance
    }
}

impl ByLaw {
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
        let first = clocks.len();
        self.liquidation_protests(table, clocks);
        self.decision_protests(clocks);
        if clocks.len() == first {
            clocks.push(Clock::of(id::PROTEST_DUE, LIQUIDATION));
        }
        self.denial_clocks(clocks);
    }

    /// One protest clock for each liquidation and reliquidation: nothing that comes later stops an earlier one.
    fn liquidation_protests(&self, table: &DeadlineTable, clocks: &mut Vec<Clock>) {
        for (place, liquidation) in self.liquidation_dates_by_law(table).iter().enumerate() {
            let Some(counting) = liquidation.counting() else { continue };
            for id in [id::PROTEST_DUE, id::PROTEST_AMEND] {
                let mut clock = Clock::of(id, liquidation.instance.clone());
                clock.liquidation(Key::LiquidationDate, counting, &liquidation.dates);
                if self.is_deemed(&counting) {
                    let is_told = counting.notice.is_some();
                    let by_law = if self.is_misread(liquidation) { MISREAD } else { DEEMED };
                    clock.said(Key::Deemed, true, if is_told { RECORDED } else { by_law });
                }
                let decision = Decision { day_0: counting.date, is_first: place == 0, is_exclusion: false };
                self.push_protest(clocks, clock, decision);
            }
        }
    }

    /// Exclusions, demands, charges and refused claims can be protested as well.
    fn decision_protests(&self, clocks: &mut Vec<Clock>) {
        let starts = |fact: &&RecordedFact| fact.starts().any(|start| start.deadline == id::PROTEST_DUE);
        let dated = || self.recorded.iter().filter(starts).filter_map(|fact| Some((fact.date()?, fact)));
        let first = dated().map(|(date, _)| date).min();
        for (date, fact) in dated() {
            for id in [id::PROTEST_DUE, id::PROTEST_AMEND] {
                let mut clock = Clock::of(id, fact.instance.clone());
                clock.fact(Key::DecisionDate, Dated { date, notice: fact.notice }, RECORDED);
                let is_exclusion = fact.fact == FactKind::Exclusion || fact.says("what", "exclusion");
                let decision = Decision { day_0: date, is_first: Some(date) == first, is_exclusion };
                self.push_protest(clocks, clock, decision);
            }
        }
        // A query answer tells of the refusal of a claim. Without its day nobody knows until when.
        for state in self.refused_claims() {
            for id in [id::PROTEST_DUE, id::PROTEST_AMEND] {
                let mut clock = Clock::of(id, state.protest.number.as_str());
                if let Some(date) = state.protest.decided {
                    clock.fact(Key::DecisionDate, Dated { date, notice: state.notice }, ANSWERED);
                    let decision = Decision { day_0: date, is_first: false, is_exclusion: false };
                    self.push_protest(clocks, clock, decision);
                } else if id == id::PROTEST_DUE {
                    clocks.push(clock);
                }
            }
        }
    }

    /// An amendment needs a protest that is not decided; a protest ends when one is filed.
    fn push_protest(&self, clocks: &mut Vec<Clock>, mut clock: Clock, decision: Decision) {
        if let Some(dated) = self.entry_date() {
            clock.fact(Key::EntryDate, dated, STATED);
        }
        let filed = self.protests_since(decision);
        if clock.id == id::PROTEST_DUE {
            clock.closed = filed.into_iter().next().map(|first| Cow::Owned(first.words));
            self.close_by_record(&mut clock, None);
        } else {
            if filed.is_empty() {
                return;
            }
            // As long as nobody asked about one of them, that one may be amended.
            if filed.iter().all(|protest| self.is_accelerated(protest.number)) {
                clock.said(Key::Accelerated, true, RECORDED);
                clock.close(Some("accelerated disposition was asked for"));
            }
            clock.close(filed.iter().all(|protest| protest.is_decided).then_some("the protest is decided"));
            self.close_by_record(&mut clock, None);
        }
        // A decision that is recorded again takes the place of the first.
        match clocks.iter_mut().find(|known| known.id == clock.id && known.instance == clock.instance) {
            Some(known) => *known = clock,
            None => clocks.push(clock),
        }
    }

    /// Protests that were filed on this day or later. One of which nobody says when it was filed is taken for one against the first
    /// decision that it may be about (`is_first`): a clock that runs in vain is better than one that ends by mistake.
    fn protests_since(&self, Decision { day_0, is_first, is_exclusion }: Decision) -> Vec<OnFile> {
        let dated = || {
            let filed = self.recorded.iter().filter(|fact| PROTESTS.contains(&fact.fact));
            filed.filter_map(|fact| Some((fact.date()?, fact)))
        };
        let counts = |(date, fact): &(NaiveDate, &RecordedFact)| {
            let is_of_it = is_exclusion || fact.fact != FactKind::ExclusionProtest;
            *date >= day_0 && is_of_it && !self.is_void(fact.reference)
        };
        let since = dated().filter(counts).map(|(date, fact)| {
            let number = fact.reference;
            let shown = number.as_ref().map_or("without a number", Token::as_str);
            let words = format!("protest {shown} was filed on {date}");
            OnFile { words, number, is_decided: self.is_protest_decided(number) }
        });
        let mut on_file: Vec<OnFile> = since.collect();
        if !is_first {
            return on_file;
        }
        let is_later = |at: Option<crate::notice::EventTime>| at.is_some_and(|at| at.date >= day_0);
        let undated = self.protests.values().filter(|state| is_later(state.at) && !state.protest.is_void());
        let is_it = |state: &ProtestState, number: Option<Token>| {
            number.is_some_and(|number| is_same_number(number, state.protest.number))
        };
        let undated = undated.filter(|state| !dated().any(|(_, fact)| is_it(state, fact.reference)));
        on_file.extend(undated.map(|state| OnFile {
            words: format!("protest {} is on file", state.protest.number),
            number: Some(state.protest.number),
            is_decided: self.is_protest_decided(Some(state.protest.number)),
        }));
        let answered = self.answered.filter(|answered| answered.status.is_protested && is_later(answered.at));
        if answered.is_some() && self.protests.is_empty() && dated().next().is_none() {
            let words = "a protest is on file".to_owned();
            on_file.push(OnFile { words, number: None, is_decided: false });
        }
        on_file
    }

    /// Whether CBP decided the protest of this number. A decision without one is about any.
    fn is_protest_decided(&self, number: Option<Token>) -> bool {
        let mut decided = self.recorded.iter().filter(|fact| fact.fact == FactKind::ProtestDecided);
        let is_it = |other: Option<Token>| {
            number.zip(other).is_none_or(|(number, other)| is_same_number(number, other))
        };
        decided.any(|fact| is_it(fact.reference))
            || self
                .protests
                .values()
                .any(|state| state.protest.decided.is_some() && is_it(Some(state.protest.number)))
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

    /// A summons, and the way back to the port, for each protest that was denied, in part or whole.
    fn denial_clocks(&self, clocks: &mut Vec<Clock>) {
        let denied = self.protests.values().filter(|state| DENIED.contains(&state.protest.status.as_str()));
        for state in denied {
            for id in [id::CIT_SUMMONS, id::PROTEST_VOID_90D] {
                let mut clock = Clock::of(id, state.protest.number.as_str());
                if let Some(date) = state.protest.decided {
                    let is_recorded = self.recorded.iter().any(|fact| fact.notice == state.notice);
                    let source = if is_recorded { RECORDED } else { ANSWERED };
                    clock.fact(Key::DenialDate, Dated { date, notice: state.notice }, source);
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
            if clock.closed.is_some() {
                continue;
            }
            let Ok(dates) = table.compute_dates(clock.id, &clock.facts) else { continue };
            let source = || format!("by law: {} passes", clock.key());
            let Some(passes) = dates.due.date() else { continue };
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
            if !clocks.iter().any(|other| other.is_named_as(&by_law) && other.facts.date(law.key).is_some()) {
                clocks.push(by_law);
            }
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
        if law.starts == id::PROTEST_DUE {
            let is_exclusion = law.key == Key::DecisionDate;
            let decision = Decision { day_0: passes, is_first: true, is_exclusion };
            let filed = self.protests_since(decision).into_iter().next();
            clock.closed = filed.map(|first| Cow::Owned(first.words));
        } else if law.starts == id::CIT_SUMMONS {
            clock.close(self.summons_of(Token::some(&*clock.instance)));
        }
        self.close_by_record(&mut clock, None);
        Some(clock)
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
