//! Inhibitions that hide nearly everything that a rule would tell.

use std::collections::BTreeMap;

use super::front::Behind;
use super::{Inhibit, Rules};
use crate::grammar::CodeTables;

/// An inhibition is meant for some entries. One that hides so many of a hundred events is for all of them.
const HIDDEN_PERCENT: usize = 90;

/// An inhibition, and a rule that tells next to nothing because of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smothered {
    pub inhibition: String,
    /// `rules.toml:12`.
    pub place: String,
    pub rule: Behind,
    /// Where the override stands that changes the rule for the brokers of these events.
    pub by: Option<String>,
    /// Events about entries that the rule decides, of those that were tried.
    pub events: usize,
    pub hidden: usize,
}

impl Rules {
    /// Inhibitions that hide nine of ten events of a rule, and more.
    pub fn smothered(&self, tables: &CodeTables) -> Vec<Smothered> {
        if self.inhibits.is_empty() {
            return Vec::new();
        }
        let mut counts: BTreeMap<(usize, usize, Option<usize>), (usize, usize)> = BTreeMap::new();
        self.try_events(tables, &mut |tried, held| {
            let Some(&first) = held.first().filter(|_| tried.facts.after.is_some()) else { return };
            let rule = &self.rules[first];
            let by = self.override_of(rule, tried.facts.broker);
            if !self.as_told(rule, by).is_told() {
                return;
            }
            let is_about = |(_, inhibit): &(usize, &Inhibit)| inhibit.is_about(&rule.name);
            for (index, inhibit) in self.inhibits.iter().enumerate().filter(is_about) {
                let is_hidden = inhibit.holds(tried.facts);
                // As the rule stands, every event counts; as an override has it, those of its brokers.
                for by in [None, by].into_iter().take(1 + usize::from(by.is_some())) {
                    let (events, hidden) = counts.entry((index, first, by)).or_default();
                    *events += 1;
                    *hidden += usize::from(is_hidden);
                }
            }
        });
        let is_smothered =
            |(events, hidden): (usize, usize)| events > 0 && hidden * 100 >= events * HIDDEN_PERCENT;
        let is_told = |index: usize, first: usize| {
            counts.get(&(index, first, None)).is_some_and(|count| is_smothered(*count))
        };
        let found = counts.iter().filter(|((index, first, by), count)| {
            is_smothered(**count) && (by.is_none() || !is_told(*index, *first))
        });
        let found = found.map(|(&(index, first, by), &(events, hidden))| Smothered {
            inhibition: self.inhibits[index].name.to_string(),
            place: self.inhibits[index].place.to_string(),
            rule: self.behind(first),
            by: self.as_told(&self.rules[first], by).by.map(str::to_owned),
            events,
            hidden,
        });
        found.collect()
    }
}
