//! What is on file of protests and petitions, as far as it starts or ends clocks.

use chrono::NaiveDate;

use crate::entry::claims::is_same_number;
use crate::entry::{Entry, ProtestState, RecordedFact};
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

    /// Whether CBP decided the protest of this number on that day or later. Where no number says which protest is meant, it
    /// may be any that is open.
    pub(super) fn is_decided_since(&self, number: Option<Token>, day: NaiveDate) -> bool {
        let late = |state: &&ProtestState| state.protest.decided.is_some_and(|date| date >= day);
        let mut decided = self.protests.values().filter(late);
        match number {
            Some(number) => decided.any(|state| is_same_number(state.protest.number, number)),
            None => decided.next().is_some() && !self.has_open_protest(),
        }
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
    pub(super) fn summons_of(&self, number: Option<Token>) -> Option<&'static str> {
        let number = number?;
        let mut all = self.protests.values();
        all.any(|state| state.protest.has_summons && is_same_number(state.protest.number, number))
            .then_some("a summons is on file at the court")
    }
}
