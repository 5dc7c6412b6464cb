//! Clocks that only recorded facts start: forms, detentions, petitions, notices about bond and records.

use std::borrow::Cow;

use super::correction::CLAIMED;
use super::protested::PROTESTS;
use super::{Clock, RECORDED};
use crate::deadline::{Key, id};
use crate::entry::{Dated, Entry, HoldState, RecordedFact};
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

    /// The clock that a recorded fact starts. One that is recorded again takes the place of the first.
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
        match clocks.iter_mut().find(|known| known.id == id && known.instance == clock.instance) {
            Some(known) => *known = clock,
            None => clocks.push(clock),
        }
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
        let ends = |fact: &&RecordedFact| {
            fact.ends_clock(clock.id, reference)
                && !self.is_told_elsewhere(clock.id, reference, fact)
                && (day_0.is_none() || fact.date().is_none() || fact.date() >= day_0)
        };
        clock.closed = self.recorded.iter().find(ends).map(|fact| {
            let words = fact.fact.as_str().replace('_', " ");
            match fact.date() {
                Some(date) => Cow::Owned(format!("{words}, recorded for {date}")),
                None => Cow::Owned(format!("{words}, recorded")),
            }
        });
    }

    /// Whether the fact ends the clock only by what else is known, which its family looks up.
    fn is_told_elsewhere(&self, id: &str, reference: Option<Token>, fact: &RecordedFact) -> bool {
        let is_protest = PROTESTS.contains(&fact.fact);
        match id {
            id::PROTEST_DUE => is_protest,
            id::PROTEST_SURETY => is_protest && self.is_void(fact.reference),
            id::PROTEST_AMEND => fact.fact == FactKind::AcceleratedRequest,
            id::PSC_DUE => {
                let reverted = self.summary.reverted_at.map(|at| at.date);
                fact.fact == FactKind::PscFiled && reverted.is_some_and(|day| fact.date() <= Some(day))
            }
            id::INBOND_TRANSIT => fact.fact == FactKind::InBondArrived,
            // Nobody says which of several protests the clock is about.
            _ if fact.fact == FactKind::ProtestDecided => reference.is_none() && self.has_open_protest(),
            _ => false,
        }
    }

    /// What messages of Customs end a clock that a recorded fact started.
    fn ended_by_message(
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
        let decided = || self.is_decided_since(fact.reference, start).then_some("CBP decided the protest");
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
            id::PROTEST_CBP_2Y
            | id::PROTEST_ACCEL_DENIAL
            | id::EXCL_PROTEST_DENIAL
            | id::AFR_DECISION_30D => decided(),
            id::FTA_1520D => self.gone().or_else(|| self.preference_claim().map(|_| CLAIMED)),
            id::DRAWBACK_5Y | id::SOL_1592 => self.gone(),
            id::CIT_SUMMONS | id::PROTEST_VOID_90D => self.summons_of(fact.reference),
            _ => None,
        }
    }
}
