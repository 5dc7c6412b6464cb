//! Clocks that only recorded facts start: forms, detentions, petitions, notices about bond and records.

use std::borrow::Cow;

use super::correction::CLAIMED;
use super::protested::PROTESTS;
use super::{Clock, RECORDED};
use crate::deadline::{Key, id};
use crate::entry::answers::About;
use crate::entry::{Dated, Entry, HoldState, ProtestState, RecordedFact, SummaryState};
use crate::notice::{CBP, FactKind, HoldKind, Token};

/// Clocks that a family starts itself, because messages bring the same facts or decide what becomes of them.
const ELSEWHERE: &[&str] = &[
    id::ENTRY_FILE,
    id::GO_NOTIFY,
    id::GO_SALE,
    id::INBOND_TRANSIT,
    id::INBOND_ARRIVAL_REPORT,
    id::LIQ_SUSP_6M,
    id::RECORD_RETENTION,
    id::RECON_VALUE,
    id::RECON_FTA,
    id::PSC_ADCVD_PAY,
    id::PROTEST_DUE,
    id::PROTEST_AMEND,
    id::CIT_SUMMONS,
    id::PROTEST_VOID_90D,
    id::WAREHOUSE_5Y,
];

/// Clocks that the decision on a protest ends, whoever tells it.
const DECIDED_BY_CBP: [&str; 4] =
    [id::PROTEST_CBP_2Y, id::PROTEST_ACCEL_DENIAL, id::EXCL_PROTEST_DENIAL, id::AFR_DECISION_30D];

impl Entry {
    /// Customs asked about the summary or warned of it, and nobody answered: a Form 28 or 29, or a census warning.
    pub fn is_in_question(&self) -> bool {
        if !self.summary.census.is_empty() {
            return true;
        }
        let mut clocks = Vec::new();
        self.recorded_clocks(&mut clocks);
        let asks = |clock: &Clock| [id::CF28_RESPONSE, id::CF29_RESPONSE].contains(&clock.id);
        clocks.iter().any(|clock| asks(clock) && clock.closed.is_none())
    }

    pub(super) fn recorded_clocks(&self, clocks: &mut Vec<Clock>) {
        for fact in &self.recorded {
            for start in fact.starts().filter(|start| !ELSEWHERE.contains(&start.deadline)) {
                let Some(key) = Key::parse(start.input) else { continue };
                self.clock_of_fact(clocks, fact, start.deadline, key);
            }
        }
    }

    /// The clock that a recorded fact starts. One that is recorded again under its number for a later day gives no more time,
    /// unless the first was ended before: [`Entry::doubtful_facts`] has both.
    pub(super) fn clock_of_fact(
        &self,
        clocks: &mut Vec<Clock>,
        fact: &RecordedFact,
        id: &'static str,
        key: Key,
    ) {
        let Some(start) = fact.date() else { return };
        let mut clock = Clock::of(id, fact.instance.clone());
        clock.fact(key, Dated { date: start, notice: fact.notice }, RECORDED);
        let definition = fact.fact.definition();
        for (name, value) in fact.values.iter().filter(|(name, _)| *name != definition.date) {
            let Some(other) = Key::parse(name).filter(|other| *other != key) else { continue };
            let Some(value) = crate::deadline::Value::parse(other.kind(), value) else { continue };
            clock.said(other, value, RECORDED);
        }
        if id == id::DETAIN_RESPONSE {
            self.with_presentation(&mut clock);
        }
        clock.close(self.ended_by_message(id, fact, start));
        self.close_by_record(&mut clock, fact.reference);
        if DECIDED_BY_CBP.contains(&id) {
            self.close_by_decision(&mut clock, fact.reference, start);
        }
        match clocks.iter_mut().find(|known| known.id == id && known.instance == clock.instance) {
            Some(known) => {
                let first = known.facts.date(key).filter(|first| *first < start);
                // Another kind of fact says something else about the same clock.
                let is_told_again = |first| {
                    let mut same = self.recorded(fact.fact).filter(|other| other.instance == fact.instance);
                    same.any(|other| other.date() == Some(first))
                        && !self.is_ended_between(id, fact.reference, first, start)
                };
                if !first.is_some_and(is_told_again) {
                    *known = clock;
                }
            }
            None => clocks.push(clock),
        }
    }

    /// Whether the matter of this number was ended between the two days: what is told for the later one is another then.
    fn is_ended_between(
        &self,
        id: &str,
        reference: Option<Token>,
        first: chrono::NaiveDate,
        later: chrono::NaiveDate,
    ) -> bool {
        let is_between = |date: chrono::NaiveDate| first <= date && date <= later;
        let mut ends = self.recorded.iter().filter(|fact| fact.ends_clock(id, reference));
        ends.any(|fact| fact.date().is_some_and(is_between))
    }

    /// Facts that were recorded twice under one number, for different days, and start clocks: the fact and both days, the
    /// earlier first, which counts.
    pub fn doubtful_facts(&self) -> Vec<(&RecordedFact, &RecordedFact)> {
        let numbered = |fact: &&RecordedFact| {
            fact.reference.is_some() && fact.date().is_some() && fact.fact != FactKind::ProtestDecided
        };
        let all: Vec<&RecordedFact> = self.recorded.iter().filter(numbered).collect();
        let mut doubtful = Vec::new();
        for (place, later) in all.iter().enumerate() {
            let first = all[..place].iter().find(|first| {
                first.fact == later.fact && first.instance == later.instance && first.date() < later.date()
            });
            let Some((first, days)) = first.and_then(|first| Some((first, first.date().zip(later.date())?)))
            else {
                continue;
            };
            let is_open = |id: &str| {
                let own = !ELSEWHERE.contains(&id) || id == id::PROTEST_DUE;
                own && !self.is_ended_between(id, later.reference, days.0, days.1)
            };
            if later.starts().any(|start| is_open(start.deadline)) {
                doubtful.push((*first, *later));
            }
        }
        doubtful
    }

    /// Deemed exclusion counts from presentation, so the answer to a detention is better given before that.
    fn with_presentation(&self, clock: &mut Clock) {
        if clock.facts.get(Key::PresentedDate).is_some() {
            return;
        }
        let presented = |fact: &&RecordedFact| fact.fact == FactKind::Presented;
        let last = self.recorded.iter().rev().find(presented);
        if let Some((date, notice)) = last.and_then(|fact| Some((fact.date()?, fact.notice))) {
            clock.fact(Key::PresentedDate, Dated { date, notice }, RECORDED);
        }
    }

    /// Ends the clock if a fact says so: one of the same matter, on the clock's first day or later.
    pub(super) fn close_by_record(&self, clock: &mut Clock, reference: Option<Token>) {
        if clock.closed.is_some() || self.recorded.is_empty() {
            return;
        }
        let first = clock.from.iter().find(|fact| fact.notice.is_some());
        // A date set by law has no notice.
        let by_law = clock.starts.or_else(|| clock.facts.date(Key::LiquidationDate));
        let day_0 = by_law.or_else(|| first.and_then(|fact| clock.facts.date(Key::parse(&fact.input)?)));
        let may_end = |fact: &&RecordedFact| {
            fact.ends_clock(clock.id, reference)
                && !self.is_told_elsewhere(clock.id, reference, fact)
                && (day_0.is_none() || fact.date().is_none() || fact.date() >= day_0)
        };
        let words = |fact: &RecordedFact| {
            let words = fact.fact.as_str().replace('_', " ");
            match fact.date() {
                Some(date) => format!("{words}, recorded for {date}"),
                None => format!("{words}, recorded"),
            }
        };
        let about = |fact: &RecordedFact| fact.about(clock.id, &clock.instance);
        let mut facts = self.recorded.iter().filter(may_end);
        match facts.clone().find(|fact| about(fact) == About::This) {
            Some(fact) => {
                // What a person ends by name is ended, whatever the law made of it.
                clock.closed_on = fact.date().filter(|_| fact.fact != FactKind::Done);
                clock.closed = Some(Cow::Owned(words(fact)));
            }
            None => {
                let perhaps = facts.find(|fact| about(fact) == About::Perhaps).map(|fact| {
                    let (words, names) = (words(fact), fact.may_name().join(" or reference="));
                    format!("{words}, perhaps for this: record it again for that day with reference={names} to say which")
                });
                clock.may_be_over = perhaps.unwrap_or(std::mem::take(&mut clock.may_be_over));
            }
        }
    }

    /// Ends the clock by the decision on the protest, of several by the first.
    fn close_by_decision(&self, clock: &mut Clock, reference: Option<Token>, start: chrono::NaiveDate) {
        let Some(decided) = self.decided_since(reference, start) else { return };
        let is_ended = clock.closed.is_some() && clock.closed_on.is_none_or(|known| known <= decided);
        if !is_ended {
            clock.closed = Some(Cow::Borrowed("CBP decided the protest"));
            clock.closed_on = Some(decided);
        }
    }

    /// Whether the fact ends the clock only by what else is known, which its family looks up.
    fn is_told_elsewhere(&self, id: &str, reference: Option<Token>, fact: &RecordedFact) -> bool {
        let is_protest = PROTESTS.contains(&fact.fact);
        match id {
            id::PROTEST_DUE => is_protest,
            id::PROTEST_SURETY => is_protest && self.is_void(fact.reference),
            id::PROTEST_AMEND => {
                let is_open =
                    |state: &&ProtestState| state.protest.decided.is_none() && !state.protest.is_void();
                // Nobody says which of several was amended.
                let is_of_any =
                    fact.reference.is_none() && self.protests.values().filter(is_open).count() > 1;
                fact.fact == FactKind::AcceleratedRequest
                    || (fact.fact == FactKind::ProtestAmended && is_of_any)
            }
            id::PSC_DUE => fact.fact == FactKind::PscFiled && self.is_correction_undone(fact),
            // What was done before CBP refused or removed the summary was done for that one.
            id::ES_DUE => {
                let stop = match self.summary.state {
                    SummaryState::Rejected => self.summary.rejected_at,
                    SummaryState::None => self.summary.removed_at,
                    SummaryState::Accepted | SummaryState::Cancelled => None,
                };
                stop.is_some_and(|stop| fact.date() < Some(stop.date))
            }
            id::INBOND_TRANSIT => fact.fact == FactKind::InBondArrived,
            // Nobody says which of several protests the clock is about.
            _ if fact.fact == FactKind::ProtestDecided => reference.is_none() && self.has_open_protest(),
            _ => false,
        }
    }

    /// What messages of Customs end a clock that a recorded fact started.
    pub(in crate::entry) fn ended_by_message(
        &self,
        id: &str,
        fact: &RecordedFact,
        start: chrono::NaiveDate,
    ) -> Option<&'static str> {
        let released = || self.released_at().filter(|at| at.date >= start).map(|_| "the goods are released");
        let held = |what: HoldKind| {
            let placed =
                |hold: &HoldState| hold.what == what && hold.since.is_some_and(|at| at.date >= start);
            self.holds.values().any(placed)
        };
        match id {
            id::DETAIN_DECISION => {
                released().or_else(|| held(HoldKind::Detained).then_some("the goods are detained"))
            }
            id::DETAIN_RESPONSE | id::DETAIN_NOTICE => released(),
            id::DEEMED_EXCLUSION => {
                released().or_else(|| held(HoldKind::Seizure).then_some("the goods are seized"))
            }
            id::FDA_DETENTION_RESPONSE | id::FDA_REFUSAL_90D => {
                let mut own = self.holds.iter().filter(|(key, hold)| {
                    key.agency != *CBP
                        && key.agency == *"FDA"
                        && hold.since.is_some_and(|at| at.date <= start)
                });
                let may_proceed = own.clone().next().is_some() && own.all(|(_, hold)| !hold.is_open());
                may_proceed.then_some("FDA lets the goods proceed").filter(|_| released().is_some())
            }
            id::FTA_1520D => {
                let flagged = self
                    .is_flagged(id::RECON_FTA)
                    .then_some("the entry is flagged for reconciliation, which claims it");
                self.gone().or(flagged).or_else(|| self.preference_claim().map(|_| CLAIMED))
            }
            id::DRAWBACK_5Y | id::SOL_1592 => self.gone(),
            id::CIT_SUMMONS | id::PROTEST_VOID_90D => self.summons_of(fact.reference),
            _ => None,
        }
    }
}
