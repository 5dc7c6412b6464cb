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
        let mut counts: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
        self.try_events(tables, &mut |tried, held| {
            let Some(&first) = held.first().filter(|_| tried.facts.after.is_some()) else { return };
            let is_about = |(_, inhibit): &(usize, &Inhibit)| inhibit.is_about(&self.rules[first].name);
            for (index, inhibit) in self.inhibits.iter().enumerate().filter(is_about) {
                let (events, hidden) = counts.entry((index, first)).or_default();
                *events += 1;
                *hidden += usize::from(inhibit.holds(tried.facts));
            }
        });
        let is_smothered =
            |(events, hidden): (usize, usize)| events > 0 && hidden * 100 >= events * HIDDEN_PERCENT;
        let found = counts.into_iter().filter(|(_, count)| is_smothered(*count));
        let found = found.map(|((index, first), (events, hidden))| Smothered {
            inhibition: self.inhibits[index].name.to_string(),
            place: self.inhibits[index].place.to_string(),
            rule: self.behind(first),
            events,
            hidden,
        });
        found.collect()
    }
}
