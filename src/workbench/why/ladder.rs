//! The steps of a ladder, and why each has not been said.

use chrono::NaiveDate;

use super::{Asked, WhyStep};
use crate::deadline::calendar::day_text;
use crate::entry::{DeadlineState, EntryDeadline, Held, Life};
use crate::outbox::{AlertKey, LOUD_DAYS};
use crate::rules::{DeadlineContext, EntryContext, Rule, Step, occasion};
use crate::words::count;

impl Asked<'_> {
    /// Each step with its day, the key of its alert, and why it would not have been said.
    pub(super) fn steps(&self, ctx: &DeadlineContext<'_>, rule: &Rule, life: &Life) -> Vec<WhyStep> {
        let deadline = ctx.deadline;
        let Some((ours, ladder)) = deadline.target().zip(rule.ladder()) else { return Vec::new() };
        let known = self.known_since(deadline, life);
        // Behind a date of our own the ladder goes on towards the legal one.
        let legal = deadline.legal().filter(|legal| *legal != ours);
        let all = [Some(ours), legal].into_iter().flatten();
        let all = all.flat_map(|target| ladder.steps().iter().map(move |step| (step, target)));
        let told = all.filter_map(|(step, target)| {
            let day = step.day(target).filter(|day| target == ours || *day > ours)?;
            let counts = ladder.current((target - self.today).num_days());
            let occasion = occasion(&deadline.key(), target, *step);
            let telling = self.rules.tell_deadline(rule, ctx, step.days_left());
            Some(WhyStep {
                severity: telling.severity,
                recipients: self.recipients(&telling),
                unheard: self.unheard(&telling),
                step: step.to_string(),
                day,
                alert: AlertKey::new(&rule.name, life.number.as_str(), &occasion),
                unsaid: self.unsaid(deadline, rule, (*step, day, target), counts, known),
                is_mutable: (target - day).num_days() > LOUD_DAYS,
                hidden: self.hidden_on(day, rule, life).filter(|_| step.days_left() > LOUD_DAYS),
            })
        });
        told.collect()
    }

    /// The inhibition that hides the rule, with the entry as it was known by the end of a day.
    fn hidden_on(&self, day: NaiveDate, rule: &Rule, life: &Life) -> Option<String> {
        if !self.rules.is_inhibitable(&rule.name) {
            return None;
        }
        let is_known = |held: &&Held| self.audience.reminder_day(held.seen.received_at) <= day;
        let known = life.notices.iter().filter(is_known).map(|held| &*held.notice);
        let entry = life.entry_of(known);
        let deadlines = life.deadlines(&entry, self.deadlines);
        let broker = life.broker().map_or("unknown", |broker| broker.as_str());
        let context = EntryContext { entry: &entry, broker, deadlines: &deadlines, now: None };
        let inhibit = self.rules.hidden_by(&rule.name, &context)?;
        Some(format!("hidden by `{}` (at {})", inhibit.name, inhibit.place))
    }

    /// The day on which the last fact came that the date is computed from.
    fn known_since(&self, deadline: &EntryDeadline, life: &Life) -> Option<NaiveDate> {
        let facts = deadline.from.iter().filter_map(|fact| life.get(fact.notice?));
        facts.map(|held| self.audience.reminder_day(held.seen.received_at)).max()
    }

    fn unsaid(
        &self,
        deadline: &EntryDeadline,
        rule: &Rule,
        (step, day, target): (Step, NaiveDate, NaiveDate),
        counts: Option<Step>,
        known: Option<NaiveDate>,
    ) -> String {
        let next = rule
            .ladder()
            .and_then(|ladder| ladder.steps().iter().find(|next| next.days_left() < step.days_left()));
        let next_day = next.and_then(|next| next.day(target));
        let passed = known.filter(|known| next_day.is_some_and(|next| next <= *known));
        match deadline.state {
            DeadlineState::Closed => "the clock is closed".to_owned(),
            DeadlineState::Idle => "the clock does not run".to_owned(),
            DeadlineState::Open | DeadlineState::Ahead if day > self.today => {
                format!("comes in {}", count((day - self.today).num_days(), "day"))
            }
            DeadlineState::Open | DeadlineState::Ahead => match (passed, counts) {
                (Some(known), _) => format!("had passed when its date was known, on {}", day_text(known)),
                (None, Some(counts)) if counts == step => {
                    "it is due, and the clock is looked at when the daemon runs".to_owned()
                }
                (None, Some(counts)) => format!("nobody looked at the clock then; step {counts} counts now"),
                (None, None) => "the ladder is over".to_owned(),
            },
        }
    }
}
