//! Rules that both hold for one event.
//!
//! Narrow before broad is how rules are meant to stand: there everything that the first rule holds for, the second holds
//! for as well. What people do not see is two rules that **cross**: each holds for events of its own, some events belong
//! to both, and both would mail the same person. Then the order of the two decides, and nobody wrote it down. A later
//! rule that asks for nothing but a severity is meant for whatever the others leave, and crosses with nobody.

use std::collections::BTreeMap;

use super::condition::Facts;
use super::names::kind_index;
use super::{Delivery, On, Rule, Rules, sample};
use crate::entry::Entry;
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

/// Takes the numbers of the rules that hold for an event, and words for the event.
type Heard<'h> = &'h mut dyn FnMut(&[usize], &dyn Fn() -> String);

/// What is known of two rules while events are tried: events of both, of the first alone, of the second alone.
#[derive(Default)]
struct Pair {
    both: usize,
    example: String,
}

impl Rules {
    /// Tries every code of every table, every trouble and the events of the rules' own tests, and answers the rules that
    /// cross and share somebody to tell. `people` are the addresses behind names of teams.
    pub fn overlaps(&self, tables: &CodeTables, people: &dyn Fn(&Rule) -> Vec<Box<str>>) -> Vec<Overlap> {
        let mut alone = vec![0_usize; self.rules.len()];
        let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
        self.try_events(tables, &mut |held: &[usize], words: &dyn Fn() -> String| {
            for (at, &first) in held.iter().enumerate() {
                alone[first] += 1;
                for &second in &held[at + 1..] {
                    let pair = pairs.entry((first, second)).or_default();
                    if pair.both == 0 {
                        pair.example = words();
                    }
                    pair.both += 1;
                }
            }
        });
        let crosses = |first: usize, second: usize, both: usize| {
            !self.rules[second].condition.is_leftover() && alone[first] > both && alone[second] > both
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

    /// Hands over, for each event, the numbers of the rules that hold, and words for the event.
    fn try_events(&self, tables: &CodeTables, heard: Heard<'_>) {
        let mut try_facts = |on: On, facts: &Facts<'_>, words: &dyn Fn() -> String| {
            let holds = |index: &u16| {
                self.rules.get(usize::from(*index)).is_some_and(|rule| rule.condition.holds(facts))
            };
            let candidates: &[u16] = match (on, facts.notice) {
                (On::Notice, Some(notice)) => {
                    self.by_kind.get(kind_index(notice.kind)).map_or(&[], |list| list)
                }
                (On::Trouble, _) => &self.on_trouble,
                (On::Silence, _) => &self.on_silence,
                _ => &[],
            };
            let held: Vec<usize> =
                candidates.iter().filter(|index| holds(index)).map(|&index| usize::from(index)).collect();
            heard(&held, words);
        };
        for notice in sample::notices(tables) {
            let after = notice.entry.map(|number| Entry::of(number, [&notice]));
            let facts = Facts { notice: Some(&notice), after: after.as_ref(), ..Facts::default() };
            let words = || {
                let code = notice.code.as_ref().map(|code| code.as_str()).unwrap_or_default();
                format!(
                    "{} {} of {}",
                    notice.kind.as_str(),
                    code,
                    notice.table.as_deref().unwrap_or("no table")
                )
            };
            try_facts(On::Notice, &facts, &words);
        }
        for test in &self.tests {
            test.with_facts(|on, facts, words| try_facts(on, facts, words));
        }
        for code in super::Vocabulary::silences() {
            let facts = Facts { trouble: Some(code), ..Facts::default() };
            try_facts(On::Silence, &facts, &|| format!("silence {code}"));
        }
        for code in super::Vocabulary::troubles() {
            for severity in [crate::place::Severity::Warning, crate::place::Severity::Critical] {
                let facts =
                    Facts { trouble: Some(code), trouble_severity: Some(severity), ..Facts::default() };
                try_facts(On::Trouble, &facts, &|| format!("trouble {code}"));
            }
        }
    }
}
