//! What is on file of protests and petitions, as far as it starts or ends clocks.

use chrono::NaiveDate;

use super::protested::PROTESTS;
use crate::entry::claims::is_same_number;
use crate::entry::{Dated, Entry, ProtestState, RecordedFact, ToldDecision};
use crate::notice::{FactKind, Token};

/// Types of petitions whose refusal can be protested (19 USC 1514(a)(7)): under 520(c) and 520(d).
const CLAIMS: [&str; 2] = ["2", "3"];
const PREFERENCE: &str = "3";

/// Statuses of a claim that CBP refused, in part or whole; one that came too late was refused as well.
const REFUSED: [&str; 3] = ["DN", "PD", "UT"];

impl Entry {
    /// The protest of this number was withdrawn, came too late, or was about what cannot be protested: the time for another
    /// one runs on.
    pub(super) fn is_void(&self, number: Option<Token>) -> bool {
        let Some(number) = number else { return false };
        let mut all = self.protests.values();
        all.any(|state| state.protest.is_void() && is_same_number(state.protest.number, number))
    }

    /// CBP has not decided some protest.
    pub(in crate::entry) fn has_open_protest(&self) -> bool {
        self.protests.values().any(|state| state.protest.decided.is_none() && !state.protest.is_void())
    }

    /// The first day from that one on on which CBP decided the protest of this number. Where no number says which protest is
    /// meant, it may be any that is open.
    pub(super) fn decided_since(&self, number: Option<Token>, day: NaiveDate) -> Option<NaiveDate> {
        let is_it = |state: &&ProtestState| match number {
            Some(number) => is_same_number(state.protest.number, number),
            None => !self.has_open_protest(),
        };
        // Only one that still counts as decided: what was taken back starts nothing.
        let decided = self.protests.values().filter(is_it).filter(|state| state.protest.decided.is_some());
        let dates = decided.flat_map(|state| self.decisions_of(state.protest.number));
        dates.map(|told| told.date).filter(|date| *date >= day).min()
    }

    /// Every day that somebody told of a decision on the protest of this number.
    pub(super) fn decisions_of(&self, number: Token) -> impl Iterator<Item = &ToldDecision> {
        self.decisions_told.iter().filter(move |told| is_same_number(told.number, number))
    }

    /// The days that were told of the denial of this protest, in part or whole; the one that counts first, which is the
    /// earliest that can be true: the time for a summons counts from the first denial, and is lost for ever. One before the
    /// protest was filed, or behind the day on which it was told, is misread.
    pub(super) fn denials_of(&self, number: Token) -> Vec<&ToldDecision> {
        let filed = self.recorded.iter().filter(|fact| {
            PROTESTS.contains(&fact.fact) && fact.reference.is_some_and(|own| is_same_number(own, number))
        });
        let filed = filed.filter_map(RecordedFact::date).min();
        let is_credible = |told: &ToldDecision| {
            filed.is_none_or(|filed| filed <= told.date) && told.at.is_none_or(|at| told.date <= at.date)
        };
        let mut told: Vec<&ToldDecision> =
            self.decisions_of(number).filter(|told| told.is_denial()).collect();
        told.sort_by_key(|told| (!is_credible(told), told.date, told.basis));
        told
    }

    /// Protests whose denial was told with different days, by number: the earliest first; else none.
    pub fn doubtful_denials(&self) -> Vec<(Token, Vec<Dated>)> {
        let denied = self.protests.values().filter(|state| state.is_denied());
        let dates = denied.map(|state| {
            let told = self.denials_of(state.protest.number).into_iter();
            let mut dates: Vec<Dated> =
                told.map(|told| Dated { date: told.date, notice: told.notice }).collect();
            dates.dedup_by_key(|dated| dated.date);
            (state.protest.number, dates)
        });
        dates.filter(|(_, dates)| dates.len() > 1).collect()
    }

    /// Accelerated disposition of the protest of this number was asked for, with it or by itself. A request without a number
    /// may be about any.
    pub(super) fn is_accelerated(&self, number: Option<Token>) -> bool {
        let asks = |fact: &&RecordedFact| match fact.fact {
            FactKind::AcceleratedRequest => fact.date().is_some(),
            FactKind::ProtestFiled => fact.says("accelerated", "yes"),
            _ => false,
        };
        let is_it = |other: Token| number.is_none_or(|number| is_same_number(number, other));
        self.recorded.iter().filter(asks).any(|fact| fact.reference.is_none_or(is_it))
    }

    /// The petition under 520(d) that is on file, unless it was withdrawn or not taken.
    pub(in crate::entry) fn preference_claim(&self) -> Option<&ProtestState> {
        let mut petitions = self.petitions.values();
        petitions.find(|state| state.protest.kind == *PREFERENCE && !state.protest.is_void())
    }

    /// Claims that CBP refused, which can be protested. One whose refusal somebody recorded has its clock from there.
    pub(super) fn refused_claims(&self) -> impl Iterator<Item = &ProtestState> {
        let is_recorded = |state: &ProtestState| {
            self.recorded.iter().any(|fact| {
                fact.fact == FactKind::Decision
                    && (fact.reference.is_some_and(|number| is_same_number(number, state.protest.number))
                        || (fact.says("what", "refused_claim") && fact.date() == state.protest.decided))
            })
        };
        self.petitions.values().filter(move |state| {
            CLAIMS.contains(&state.protest.kind.as_str())
                && REFUSED.contains(&state.protest.status.as_str())
                && !is_recorded(state)
        })
    }

    /// A query answer says that a summons about this protest is on file.
    pub(in crate::entry) fn summons_of(&self, number: Option<Token>) -> Option<&'static str> {
        let number = number?;
        let mut all = self.protests.values();
        all.any(|state| state.protest.has_summons && is_same_number(state.protest.number, number))
            .then_some("a summons is on file at the court")
    }
}
