//! When a rule may apply and how loud it may be, whatever it is about: what a timeline asks of a rule without an event.

use chrono::NaiveDateTime;

use super::condition::{Condition, Test};
use super::facts::Facts;
use super::rule::Rule;
use crate::place::Severity;

impl Test {
    /// Asks for nothing but the day of the week and the time of day.
    fn is_of_time(&self) -> bool {
        let all = |condition: &Condition| condition.0.iter().all(|clause| clause.test.is_of_time());
        match self {
            Self::Time(_) | Self::Weekday(_) => true,
            Self::Any(list) => list.iter().all(all),
            Self::Not(condition) => all(condition),
            _ => false,
        }
    }
}

impl Rule {
    /// The clauses about the day of the week and the time of day that do not hold at this moment of the first team's wall clock, as
    /// written.
    pub fn untimely(&self, now: NaiveDateTime) -> Vec<&str> {
        let facts = Facts { now: Some(now), ..Facts::default() };
        let clauses = self.condition.0.iter().filter(|clause| clause.test.is_of_time());
        clauses.filter(|clause| !clause.test.holds(&facts)).map(|clause| &*clause.text).collect()
    }

    /// The severity_at_most alert that the rule may raise, overrides and ladder aside.
    pub fn severity_at_most(&self) -> Severity {
        let all = [Severity::Critical, Severity::Warning, Severity::Info];
        let is_possible = |severity: &Severity| {
            let facts = Facts { alert_severity: Some(*severity), ..Facts::default() };
            let is_refused = |test: &Test| matches!(test, Test::Severity(_)) && !test.holds(&facts);
            !self.condition.0.iter().any(|clause| is_refused(&clause.test))
        };
        let of_cause = all.into_iter().find(is_possible).unwrap_or(Severity::Critical);
        self.severity(of_cause)
    }
}
