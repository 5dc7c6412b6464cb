//! Brokers that tell nothing of money: they drop neither statements nor answers to queries. Of their entries nobody knows whether the duties
//! of an accepted summary are deposited. One line of the digest says that once, and stands for a reminder about each of them.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::silence::Unsaid;
use super::{Group, Moment, Pipeline, View};
use crate::deadline::id;
use crate::entry::Entry;
use crate::entry::silence::{PREFIX, code, meaning};
use crate::ident::BrokerName;
use crate::notice::Effect;
use crate::outbox::AlertKey;
use crate::rules::{Hit, SilenceContext};

/// A broker that was heard for so long without a word of money will say none, in days: what it filed first was to be on a statement within
/// ten working days.
const UNTOLD_DAYS: i64 = 21;

/// Whether a broker that says this tells of money.
pub(super) fn tells_money(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::OnStatement(_)
            | Effect::OffStatement { .. }
            | Effect::OnMonthlyStatement(_)
            | Effect::SummaryStatus(_)
    )
}

/// Whether a reminder of this clock or silence is about the deposit for a summary that is accepted.
fn is_about_deposit(key: &str, entry: &Entry) -> bool {
    match key.strip_prefix(PREFIX) {
        Some(silence) => silence == code::ON_NO_STATEMENT,
        None => *key == *id::ES_DUE && entry.is_unpaid(),
    }
}

impl Pipeline {
    /// Whether a reminder is about a deposit of which this broker never tells: the line about the broker stands for it.
    pub(super) fn is_deposit_untold<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        key: &str,
        (entry, broker): (&Entry, &BrokerName),
    ) -> Result<bool, V::Error> {
        Ok(is_about_deposit(key, entry) && self.is_money_untold(group, moment, broker)?)
    }

    /// Whether a broker never tells of money, and a rule says so.
    fn is_money_untold<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
    ) -> Result<bool, V::Error> {
        let Some(feed) = group.feed(broker)?.filter(|feed| !feed.tells_money) else { return Ok(false) };
        let since = feed.first_received_at;
        let is_heard = since.is_some_and(|first| moment.at - first >= TimeDelta::days(UNTOLD_DAYS));
        Ok(is_heard && self.tells_untold_money(broker, moment).is_some())
    }

    fn tells_untold_money(&self, broker: &BrokerName, moment: Moment) -> Option<Hit<'_>> {
        self.rules.for_silence(&SilenceContext {
            code: code::MONEY_UNTOLD,
            entry: None,
            broker: broker.as_str(),
            on: self.reminder_day(moment.at),
        })
    }

    /// Says of each of these brokers, once for all time, that it tells nothing of money.
    pub(super) fn tell_untold_money<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        brokers: BTreeSet<BrokerName>,
    ) -> Result<(), V::Error> {
        for broker in &brokers {
            let Some(hit) = self.tells_untold_money(broker, moment) else { continue };
            let subject = format!("broker {broker}");
            let key = AlertKey::new(&hit.rule.name, &subject, code::MONEY_UNTOLD);
            if group.has_alert(&key)? {
                continue;
            }
            // The line of a digest is short: what is missing comes first.
            let message = format!(
                "There is no word of the deposits for its accepted summaries, for there is {}. This stands for a reminder about each \
                 of them.",
                meaning(code::MONEY_UNTOLD)
            );
            let unsaid = Unsaid { subject, code: code::MONEY_UNTOLD, message, broker, entry: None };
            self.tell(group, moment, vec![unsaid.raise(moment, key, &hit)])?;
        }
        Ok(())
    }
}
