//! Rules that both hold for one event.
//!
//! Narrow before broad is how rules are meant to stand: there everything that the first rule holds for, the second holds
//! for as well. What people do not see is two rules that **cross**: each holds for events of its own, some events belong
//! to both, and both would mail the same person. Then the order of the two decides, and nobody wrote it down. A later
//! rule that asks for nothing but a severity is meant for whatever the others leave, and crosses with nobody.

use std::collections::BTreeMap;

use super::rule::Deadlines;
use super::{Effective, On, Rule, Rules};
use crate::grammar::CodeTables;

/// Two rules that cross.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// The rule that is asked first, and so decides.
    pub first: String,
    pub second: String,
    /// The people whom both tell.
    pub people: Vec<String>,
    /// How many of the events that were tried belong to both.
    pub events: usize,
    /// One of them, in words.
    pub example: String,
    /// Where the overrides stand because of which both tell them.
    pub overrides: Vec<String>,
}

/// What is known of two rules while events are tried.
#[derive(Default)]
struct Pair {
    both: usize,
    example: String,
}

/// Two rules, and for each the override that changes it for the broker of an event.
type Meeting = (usize, usize, Option<usize>, Option<usize>);

impl Rules {
    /// Tries every code of every table, every clock, silence and trouble and the events of the rules' own tests, and answers the
    /// rules that cross and share somebody to tell, as they stand or as an override for the broker has them. `people` are the addresses
    /// behind names of teams.
    pub fn overlaps(
        &self,
        tables: &CodeTables,
        people: &dyn Fn(&Effective<'_>) -> Vec<Box<str>>,
    ) -> Vec<Overlap> {
        let mut alone = vec![0_usize; self.rules.len()];
        let mut pairs: BTreeMap<Meeting, Pair> = BTreeMap::new();
        let mut crossing: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        self.try_events(tables, &mut |tried, held| {
            let by = |index: usize| self.override_of(&self.rules[index], tried.facts.broker);
            let changed: Vec<(usize, Option<usize>)> = held.iter().map(|&index| (index, by(index))).collect();
            for (at, &(first, first_by)) in changed.iter().enumerate() {
                alone[first] += 1;
                for &(second, second_by) in &changed[at + 1..] {
                    *crossing.entry((first, second)).or_default() += 1;
                    let pair = pairs.entry((first, second, first_by, second_by)).or_default();
                    if pair.both == 0 {
                        pair.example = (tried.words)();
                    }
                    pair.both += 1;
                }
            }
        });
        let crosses = |first: usize, second: usize| {
            let both = crossing.get(&(first, second)).copied().unwrap_or_default();
            !self.rules[second].is_leftover() && alone[first] > both && alone[second] > both
        };
        let mut overlaps: Vec<Overlap> = Vec::new();
        for ((first, second, first_by, second_by), pair) in pairs {
            let one = self.as_told(&self.rules[first], first_by);
            let other = self.as_told(&self.rules[second], second_by);
            if !one.is_told() || !other.is_told() || !crosses(first, second) {
                continue;
            }
            let theirs = people(&other);
            let shared = people(&one).into_iter().filter(|person| theirs.contains(person));
            let people: Vec<String> = shared.map(Into::into).collect();
            let (first, second) = (one.rule.name.to_string(), other.rule.name.to_string());
            // What two rules do as they stand is not told again of each broker.
            let known = overlaps.iter_mut().find(|known| {
                (&known.first, &known.second) == (&first, &second)
                    && people.iter().all(|person| known.people.contains(person))
            });
            match known {
                Some(known) => known.events += pair.both,
                None if people.is_empty() => {}
                None => {
                    let mut overrides: Vec<String> =
                        one.by.into_iter().chain(other.by).map(str::to_owned).collect();
                    overrides.dedup();
                    let (events, example) = (pair.both, pair.example);
                    overlaps.push(Overlap { first, second, people, events, example, overrides });
                }
            }
        }
        overlaps
    }
}

impl Rule {
    /// Asks for nothing but a severity: meant for whatever other rules leave. A rule on some deadlines asks for those.
    fn is_leftover(&self) -> bool {
        self.condition.is_leftover() && (self.on != On::Deadline || self.deadlines == Deadlines::All)
    }
}
