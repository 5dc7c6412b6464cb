//! Rules as overrides for brokers leave them: what is asked of a rule before it is live is asked of each of these.

use super::{Delivery, Rule, Rules};
use crate::place::Severity;

/// A rule as it stands, or as an override for some brokers has it.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'r> {
    pub rule: &'r Rule,
    pub delivery: Delivery,
    /// Names of teams.
    pub notify: &'r [Box<str>],
    /// The loudest that an alert of it may be.
    pub loudest: Severity,
    /// Where the override stands; `None` for the rule as it stands.
    pub by: Option<&'r str>,
}

impl Effective<'_> {
    pub fn is_told(&self) -> bool {
        self.delivery != Delivery::None
    }

    /// `rule `hold` (my.toml:3), as the override at my.toml:9 has it,`.
    pub fn called(&self) -> String {
        let called = format!("rule `{}` ({})", self.rule.name, self.rule.place);
        match self.by {
            Some(by) => format!("{called}, as the override at {by} has it,"),
            None => called,
        }
    }
}

impl Rules {
    /// The rule as it stands, and as each override has it that is the first for some broker.
    pub fn effective<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = Effective<'r>> {
        let changed = (0..self.routing.overrides.len()).filter_map(move |index| {
            let broker = self.routing.overrides[index].broker.example()?;
            (self.override_of(rule, &broker) == Some(index)).then(|| self.as_told(rule, Some(index)))
        });
        std::iter::once(self.as_told(rule, None)).chain(changed)
    }

    /// Which override changes the rule for this broker.
    pub(super) fn override_of(&self, rule: &Rule, broker: &str) -> Option<usize> {
        self.routing.overrides.iter().position(|change| change.decides(rule, broker))
    }

    /// The rule as this override has it.
    pub(super) fn as_told<'r>(&'r self, rule: &'r Rule, by: Option<usize>) -> Effective<'r> {
        let change = by.and_then(|index| self.routing.overrides.get(index));
        let broker = change.and_then(|change| change.broker.example());
        let Some((change, broker)) = change.zip(broker) else {
            let (delivery, notify, loudest) = (rule.delivery, &*rule.notify, rule.loudest());
            return Effective { rule, delivery, notify, loudest, by: None };
        };
        let told = self.tell_of_broker(rule, &broker, rule.loudest());
        Effective {
            rule,
            delivery: told.delivery,
            notify: told.notify,
            loudest: told.severity,
            by: Some(&*change.place),
        }
    }
}
