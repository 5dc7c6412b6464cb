//! The words that conditions use for effects, statuses and kinds, as sets that are compared in one step.

use crate::entry::Status;
use crate::notice::{CargoStep, Effect, HoldKind, Kind, LiquidationKind};

/// A set of numbered words, at most 64.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Set(u64);

impl Set {
    pub const ALL: Self = Self(u64::MAX);

    pub fn one(index: usize) -> Self {
        Self(1 << (index & 63))
    }

    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the other set has every word of this one.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn has(self, index: usize) -> bool {
        self.0 & (1 << (index & 63)) != 0
    }
}

/// Every effect by its word. The order is that of [`effect_index`].
pub(super) const EFFECTS: &[&str] = &[
    "inform",
    "unknown",
    "filed",
    "filing_accepted",
    "filing_rejected",
    "hold",
    "exam",
    "documents",
    "detained",
    "do_not_load",
    "seizure",
    "general_order",
    "review",
    "clear",
    "release",
    "release_date",
    "release_reversed",
    "one_government",
    "cancelled",
    "cancel_undone",
    "summary_accepted",
    "summary_warnings",
    "summary_rejected",
    "summary_cancelled",
    "summary_request",
    "filer_takeover",
    "liquidated",
    "reliquidated",
    "extended",
    "suspended",
    "suspension_lifted",
    "summary_filed",
    "filed_line",
    "census_warning",
    "census_resolved",
    "on_statement",
    "off_statement",
    "on_monthly_statement",
    "summary_status",
    "liquidation_scheduled",
    "customs_bill",
    "protest",
    "tib_request",
    "tib_answer",
    "tib_expires",
    "withdrawn",
    "arrived",
    "in_bond_authorized",
    "in_bond_arrived",
    "in_bond_exported",
    "summary_removed",
    "correction_reverted",
    "tib_closed",
    "replaced",
    "consolidated",
];

/// Stands for the eight effects that stop goods, `hold` to `review`.
pub(super) const ANY_HOLD: &str = "any_hold";

/// The number of an effect in [`EFFECTS`].
pub(super) fn effect_index(effect: &Effect) -> usize {
    match effect {
        Effect::Inform => 0,
        Effect::Unknown => 1,
        Effect::Filed => 2,
        Effect::FilingAccepted => 3,
        Effect::FilingRejected => 4,
        Effect::Hold { what, .. } => match what {
            HoldKind::Hold => 5,
            HoldKind::Exam => 6,
            HoldKind::Documents => 7,
            HoldKind::Detained => 8,
            HoldKind::DoNotLoad => 9,
            HoldKind::Seizure => 10,
            HoldKind::GeneralOrder => 11,
            HoldKind::Review => 12,
        },
        Effect::Clear { .. } => 13,
        Effect::Release { .. } => 14,
        Effect::ReleaseDate { .. } => 15,
        Effect::ReleaseReversed { .. } => 16,
        Effect::OneGovernment => 17,
        Effect::Cancelled => 18,
        Effect::CancelUndone => 19,
        Effect::SummaryAccepted { warnings: false, .. } => 20,
        Effect::SummaryAccepted { warnings: true, .. } => 21,
        Effect::SummaryRejected => 22,
        Effect::SummaryCancelled => 23,
        Effect::SummaryRequest { .. } => 24,
        Effect::FilerTakeover { .. } => 25,
        Effect::Liquidated(liquidation) => match liquidation.event {
            LiquidationKind::Liquidation => 26,
            LiquidationKind::Reliquidation => 27,
        },
        Effect::Extended { .. } => 28,
        Effect::Suspended { .. } => 29,
        Effect::SuspensionLifted { .. } => 30,
        Effect::SummaryFiled(_) => 31,
        Effect::FiledLine(_) => 32,
        Effect::CensusWarning { .. } => 33,
        Effect::CensusResolved { .. } => 34,
        Effect::OnStatement(_) => 35,
        Effect::OffStatement { .. } => 36,
        Effect::OnMonthlyStatement(_) => 37,
        Effect::SummaryStatus(_) => 38,
        Effect::LiquidationScheduled { .. } => 39,
        Effect::CustomsBill(_) => 40,
        Effect::Protest(_) => 41,
        Effect::TibRequest { .. } => 42,
        Effect::TibAnswer { .. } => 43,
        Effect::TibExpires { .. } => 44,
        Effect::Withdrawn { .. } => 45,
        Effect::Cargo { step } => match step {
            CargoStep::Arrived => 46,
            CargoStep::InBondAuthorized => 47,
            CargoStep::InBondArrived => 48,
            CargoStep::InBondExported => 49,
        },
        Effect::SummaryRemoved => 50,
        Effect::CorrectionReverted => 51,
        Effect::TibClosed => 52,
        Effect::Replaced => 53,
        Effect::Consolidated { .. } => 54,
    }
}

/// The set that a word of a condition stands for.
pub(super) fn effect_set(word: &str) -> Option<Set> {
    if word == ANY_HOLD {
        return Some((5..=12).map(Set::one).fold(Set::default(), Set::or));
    }
    EFFECTS.iter().position(|name| *name == word).map(Set::one)
}

pub(super) fn effect_words() -> impl Iterator<Item = &'static str> + Clone {
    EFFECTS.iter().copied().chain([ANY_HOLD])
}

pub(super) fn kind_index(kind: Kind) -> usize {
    kind as usize
}

pub(super) fn kind_set(word: &str) -> Option<Set> {
    Kind::parse(word).map(|kind| Set::one(kind_index(kind)))
}

pub(super) fn kind_words() -> impl Iterator<Item = &'static str> + Clone {
    Kind::ALL.iter().map(|kind| kind.as_str())
}

pub(super) fn status_set(word: &str) -> Option<Set> {
    Status::parse(word).map(|status| Set::one(status as usize))
}

pub(super) fn status_words() -> impl Iterator<Item = &'static str> + Clone {
    Status::ALL.iter().map(|status| status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Token;

    #[test]
    fn sets_hold_every_word() {
        assert!(Kind::ALL.len() <= 64 && EFFECTS.len() <= 64 && Status::ALL.len() <= 64);
        for (index, word) in EFFECTS.iter().enumerate() {
            assert!(effect_set(word).is_some_and(|set| set.has(index)), "{word}");
        }
        let (agency, code) = (Token::new("CBP"), Token::new("1H"));
        let hold = Effect::Hold { agency, code, what: HoldKind::Documents };
        assert_eq!(EFFECTS[effect_index(&hold)], "documents");
        assert!(effect_set(ANY_HOLD).is_some_and(|set| set.has(effect_index(&hold)) && !set.has(13)));
        let warned = Effect::SummaryAccepted { version: None, warnings: true };
        assert_eq!(EFFECTS[effect_index(&warned)], "summary_warnings");
        assert_eq!(EFFECTS[effect_index(&Effect::SuspensionLifted { date: None })], "suspension_lifted");
        let exported = Effect::Cargo { step: CargoStep::InBondExported };
        assert_eq!(EFFECTS[effect_index(&exported)], "in_bond_exported");
        let removed = EFFECTS[effect_index(&Effect::SummaryRemoved)];
        assert_eq!((removed, EFFECTS.len()), ("summary_removed", 55));
    }
}
