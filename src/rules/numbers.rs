//! Comparisons of numbers: bounds, all of which must hold, and what bounds can never hold.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::diagnostic::{Faults, RawKind, RawValue, hint};

/// The keys of a comparison of numbers.
pub(super) const NUMBER_KEYS: &[&str] = &["above", "below", "at_least", "at_most"];

/// What is counted or measured, which says what numbers there can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Measure {
    /// Any number, with cents, above and below zero.
    Any,
    /// Dollars and cents, never below zero.
    Dollars,
    /// Whole numbers from zero.
    Count,
    /// Whole days, which may be below zero.
    Days,
}

impl Measure {
    fn is_whole(self) -> bool {
        matches!(self, Self::Count | Self::Days)
    }

    fn is_signed(self) -> bool {
        matches!(self, Self::Any | Self::Days)
    }
}

/// Bounds on a number; all must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NumberMatch {
    above: Option<Decimal>,
    below: Option<Decimal>,
    at_least: Option<Decimal>,
    at_most: Option<Decimal>,
}

impl NumberMatch {
    pub fn matches(&self, number: Decimal) -> bool {
        self.above.is_none_or(|bound| number > bound)
            && self.below.is_none_or(|bound| number < bound)
            && self.at_least.is_none_or(|bound| number >= bound)
            && self.at_most.is_none_or(|bound| number <= bound)
    }

    /// Reads `{ above = "0.00" }`. Bounds that no number, or every number, keeps are faults.
    pub fn read(key: &str, value: &RawValue, measure: Measure, faults: &mut Faults) -> Option<Self> {
        let RawKind::Table(items) = &value.kind else {
            let wanted = format!("`{key}` must be a comparison like {{ above = \"0.00\" }}");
            faults.add(value.span.clone(), format!("{wanted}, not {}", value.kind_name()));
            return None;
        };
        let mut this = Self::default();
        for (name, value) in items {
            let Some(slot) = this.slot(name.get_ref()) else {
                let hint = hint(name.get_ref(), "known", NUMBER_KEYS.iter().copied());
                faults.add(name.span(), format!("`{key}` has no comparison `{}` ({hint})", name.get_ref()));
                return None;
            };
            *slot = Some(number(name.get_ref(), value, faults)?);
        }
        if this == Self::default() {
            faults.add(value.span.clone(), format!("`{key}` compares with nothing"));
            return None;
        }
        this.check(key, measure, value.span.clone(), faults).then_some(this)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<Decimal>> {
        match name {
            "above" => Some(&mut self.above),
            "below" => Some(&mut self.below),
            "at_least" => Some(&mut self.at_least),
            "at_most" => Some(&mut self.at_most),
            _ => None,
        }
    }

    /// Whether there are numbers that keep the bounds, and some that do not.
    fn check(&self, key: &str, measure: Measure, span: Range<usize>, faults: &mut Faults) -> bool {
        let ((lowest, is_above), (highest, is_below)) = (self.lowest(), self.highest());
        let message = match (lowest, highest) {
            (Some(low), Some(high)) if self.is_empty(measure) => {
                let (low, high) = (bound(low, is_above, "above"), bound(high, is_below, "below"));
                format!("`{key}` can never hold: no number is {low} and {high}")
            }
            (_, Some(high))
                if !measure.is_signed() && (high < Decimal::ZERO || is_below && high == Decimal::ZERO) =>
            {
                format!(
                    "`{key}` can never hold: it is never below 0, and must be {}",
                    bound(high, is_below, "below")
                )
            }
            (Some(low), _) if !measure.is_signed() && low < Decimal::ZERO => {
                format!("`{key}` is never below 0, so {} says nothing", bound(low, is_above, "above"))
            }
            _ => return true,
        };
        faults.add(span, message);
        false
    }

    /// The lower bound that counts, and whether it is itself left out.
    fn lowest(&self) -> (Option<Decimal>, bool) {
        match (self.above, self.at_least) {
            (Some(above), Some(least)) if least > above => (Some(least), false),
            (Some(above), _) => (Some(above), true),
            (None, least) => (least, false),
        }
    }

    fn highest(&self) -> (Option<Decimal>, bool) {
        match (self.below, self.at_most) {
            (Some(below), Some(most)) if most < below => (Some(most), false),
            (Some(below), _) => (Some(below), true),
            (None, most) => (most, false),
        }
    }

    /// No number keeps both bounds.
    fn is_empty(&self, measure: Measure) -> bool {
        let ((Some(mut low), is_above), (Some(mut high), is_below)) = (self.lowest(), self.highest()) else {
            return false;
        };
        if !measure.is_whole() {
            return low > high || low == high && (is_above || is_below);
        }
        low = match is_above {
            true => low.floor().saturating_add(Decimal::ONE),
            false => low.ceil(),
        };
        high = match is_below {
            true => high.ceil().saturating_sub(Decimal::ONE),
            false => high.floor(),
        };
        low > high
    }

    /// Whether every number that keeps these bounds keeps the others.
    pub fn is_within(&self, other: &Self) -> bool {
        let ((low, is_above), (their_low, they_above)) = (self.lowest(), other.lowest());
        let ((high, is_below), (their_high, they_below)) = (self.highest(), other.highest());
        their_low.is_none_or(|theirs| {
            low.is_some_and(|low| low > theirs || low == theirs && (is_above || !they_above))
        }) && their_high.is_none_or(|theirs| {
            high.is_some_and(|high| high < theirs || high == theirs && (is_below || !they_below))
        })
    }

    /// Numbers at the bounds and on both sides of each, for events that are made up.
    pub fn near(&self) -> impl Iterator<Item = Decimal> {
        let (low, high) = (self.lowest().0, self.highest().0);
        let cent = Decimal::new(1, 2);
        let steps = [Decimal::ZERO, Decimal::ONE, -Decimal::ONE, cent, -cent];
        let bounds = low.into_iter().chain(high);
        bounds.flat_map(move |bound| steps.map(|step| bound.saturating_add(step)))
    }
}

/// `above 5`, `at least 5`.
fn bound(number: Decimal, is_strict: bool, strict: &str) -> String {
    let word = match (is_strict, strict) {
        (true, word) => word,
        (false, "above") => "at least",
        (false, _) => "at most",
    };
    format!("{word} {number}")
}

/// A whole number, or a text that holds a decimal number: TOML's own fractions are binary and would round.
fn number(key: &str, value: &RawValue, faults: &mut Faults) -> Option<Decimal> {
    let number = match &value.kind {
        RawKind::Integer(number) => Some(Decimal::from(*number)),
        RawKind::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    if number.is_none() {
        let message = format!("`{key}` must be a whole number, or an amount in quotes like \"250.00\"");
        faults.add(value.span.clone(), message);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// above, at_least, below, at_most; `-` for none.
    fn bounds(text: &str) -> NumberMatch {
        let mut words = text.split(' ').map(|word| word.parse::<Decimal>().ok());
        let mut next = || words.next().flatten();
        NumberMatch { above: next(), at_least: next(), below: next(), at_most: next() }
    }

    #[test]
    fn numbers_are_compared_exactly() {
        let above = bounds("0.00");
        for (text, wanted) in [("0", false), ("0.01", true), ("-3", false)] {
            assert_eq!(above.matches(text.parse().expect("a number")), wanted, "{text}");
        }
        let within = bounds("- 1 - 2");
        assert!(within.matches(Decimal::ONE) && within.matches(Decimal::TWO));
        assert!(!within.matches(Decimal::from(3)));
    }

    #[test]
    fn bounds_that_no_number_keeps_are_found() {
        for (text, measure, wanted) in [
            ("5 - 3 -", Measure::Any, true),
            ("5 - 5 -", Measure::Any, true),
            ("- 5 - 5", Measure::Any, false),
            ("- 5 5 -", Measure::Any, true),
            ("3 - 4 -", Measure::Any, false),
            ("3 - 4 -", Measure::Count, true),
            ("3 - 5 -", Measure::Days, false),
            ("3", Measure::Count, false),
        ] {
            assert_eq!(bounds(text).is_empty(measure), wanted, "{text} {measure:?}");
        }
    }

    #[test]
    fn narrower_bounds_lie_within_wider_ones() {
        for (narrow, wide, wanted) in [
            ("5", "3", true),
            ("5", "5", true),
            ("5", "- 5", true),
            ("- 5", "5", false),
            ("5", "3 - 9 -", false),
            ("5 - 8 -", "3 - 9 -", true),
        ] {
            assert_eq!(bounds(narrow).is_within(&bounds(wide)), wanted, "{narrow} in {wide}");
        }
        for text in ["5", "- 5", "- - 5", "- - - 5", "5 - 5.02 -", "5 - 5.5 -"] {
            let bounds = bounds(text);
            assert!(bounds.near().any(|number| bounds.matches(number)), "{text}");
        }
    }
}
