//! What stands beside the dates of a clock: how it moved, what a person has set, and the rule.

use super::text::{self, day};
use super::view::{Fact, VALUE_CHARS_MAX, some_line};
use super::when;
use crate::entry::Standing;
use crate::outbox::DeadlineBrief;

pub(super) fn more(brief: &DeadlineBrief) -> Vec<Fact> {
    let mut more = Vec::new();
    if let Some(moved) = &brief.moved {
        let day_or = |standing: &Standing| {
            standing.legal().map_or_else(|| text::line(&standing.due, VALUE_CHARS_MAX), day)
        };
        let (from, to) = (day_or(&moved.from), day_or(&moved.to));
        let cause = text::line(&moved.cause, VALUE_CHARS_MAX);
        more.push(match moved.reopens() {
            true => {
                let (was, at) = (moved.from.state.as_str(), day(moved.at.date_naive()));
                Fact::new("open again", format!("since {at}, {was} before; counts to {to}: {cause}"))
            }
            false => Fact::new("moved", format!("from {from} to {to}: {cause}")),
        });
    }
    if let Some(target) = &brief.target {
        let reason = some_line(&target.reason).map(|reason| format!(": {reason}")).unwrap_or_default();
        let by = text::line(&target.by, VALUE_CHARS_MAX);
        let away = when::away(target.date, brief.on);
        more.push(Fact::new("our target", format!("{} ({away}), set by {by}{reason}", day(target.date))));
    }
    if let Some(rule) = some_line(&brief.rule) {
        more.push(Fact::new("rule", rule));
    }
    if let Some(confidence) = brief.confidence {
        more.push(Fact::new("confidence", confidence.as_str()));
    }
    more
}
