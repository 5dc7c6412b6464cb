//! What is on file of protests and petitions, as far as it starts or ends clocks.

use crate::entry::claims::is_same_number;
use crate::entry::{Entry, ProtestState};
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
