//! Rules that both hold for one event.
//!
//! Narrow before broad is how rules are meant to stand: there everything that the first rule holds for, the second holds
//! for as well. What people do not see is two rules that **cross**: each holds for events of its own, some events belong
//! to both, and both would mail the same person. Then the order of the two decides, and nobody wrote it down. A later
//! rule that asks for nothing but a severity is meant for whatever the others leave, and crosses with nobody.

use std::collections::BTreeMap;

use super::rule::Deadlines;
use super::{Delivery, On, Rule, Rules};
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
}

/// What is known of two rules while events are tried.
#[derive(Default)]
struct Pair {
    both: usize,
    example: String,
}

impl Rules {
    /// Tries every code of every table, every clock, silence and trouble and the events of the rules' own tests, and answers the
    /// rules that cross and share somebody to tell. `people` are the addresses behind names of teams.
    pub fn overlaps(&self, tables: &CodeTables, people: &dyn Fn(&Rule) -> Vec<Box<str>>) -> Vec<Overlap> {
        let mut alone = vec![0_usize; self.rules.len()];
        let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
        self.try_events(tables, &mut |tried, held| {
            for (at, &first) in held.iter().enumerate() {
                alone[first] += 1;
                for &second in &held[at + 1..] {
                    let pair = pairs.entry((first, second)).or_default();
                    if pair.both == 0 {
                        pair.example = (tried.words)();
                    }
                    pair.both += 1;
                }
            }
        });
        let crosses = |first: usize, second: usize, both: usize| {
            !self.rules[second].is_leftover() && alone[first] > both && alone[second] > both
        };
        let mut overlaps = Vec::new();
        for ((first, second), pair) in pairs {
            let (one, other) = (&self.rules[first], &self.rules[second]);
            let is_told = one.delivery != Delivery::None && other.delivery != Delivery::None;
            if !is_told || !crosses(first, second, pair.both) {
                continue;
            }
            let theirs = people(other);
            let shared = people(one).into_iter().filter(|person| theirs.contains(person));
            let people: Vec<String> = shared.map(Into::into).collect();
            if !people.is_empty() {
                let (first, second) = (one.name.to_string(), other.name.to_string());
                overlaps.push(Overlap { first, second, people, events: pair.both, example: pair.example });
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
