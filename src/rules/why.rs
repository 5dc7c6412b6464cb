//! What a rule makes of an event, clause by clause, and which rule decided.

use super::condition::AskedClause;
use super::rule::{On, Rule};
use super::{DeadlineContext, NoticeContext, Rules, SilenceContext};

/// Why a rule did or did not decide, for the workbench.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Why {
    pub rule: String,
    pub place: String,
    /// Each clause of `when`.
    pub clauses: Vec<AskedClause>,
    /// All clauses hold.
    pub matches: bool,
    /// The rule that decided, which may be an earlier one.
    pub decided_by: Option<String>,
}

impl Rules {
    /// What the rule named `name` makes of a notice, clause by clause. `None` when there is no such rule.
    pub fn why(&self, ctx: &NoticeContext<'_>, name: &str) -> Option<Why> {
        let rule = self.get(name)?;
        let clauses = rule.condition.explain(&ctx.facts());
        let decided_by = self.decide_notice(ctx);
        Some(self.explained(rule, On::Notice, clauses, decided_by))
    }

    /// What the rule named `name` makes of a clock, clause by clause. Whether the rule is about this deadline at all is
    /// the first clause.
    pub fn why_deadline(&self, ctx: &DeadlineContext<'_>, name: &str) -> Option<Why> {
        let rule = self.get(name)?;
        let mut clauses = vec![AskedClause {
            clause: rule.deadlines_text(),
            holds: rule.deadlines.has(&ctx.deadline.id),
            found: ctx.deadline.id.to_string(),
        }];
        clauses.extend(rule.condition.explain(&ctx.facts()));
        Some(self.explained(rule, On::Deadline, clauses, self.decide_deadline(ctx, 0)))
    }

    /// What the rule named `name` makes of something that should have been said, clause by clause.
    pub fn why_silence(&self, ctx: &SilenceContext<'_>, name: &str) -> Option<Why> {
        let rule = self.get(name)?;
        let clauses = rule.condition.explain(&ctx.facts());
        let decided_by = self.tell_silence(ctx, 0).map(|(rule, _)| rule);
        Some(self.explained(rule, On::Silence, clauses, decided_by))
    }

    fn explained(&self, rule: &Rule, on: On, clauses: Vec<AskedClause>, decided_by: Option<&Rule>) -> Why {
        Why {
            rule: rule.name.to_string(),
            place: rule.place.to_string(),
            matches: rule.on == on && clauses.iter().all(|clause| clause.holds),
            clauses,
            decided_by: decided_by.map(|rule| rule.name.to_string()),
        }
    }
}
