//! The ways in which a condition holds: lists of single questions, each to be answered yes or no.

use super::condition::{Clause, Condition, Test};
use super::facts::Facts;

/// Ways of one condition that are looked at.
const WAYS_MAX: usize = 32;

/// A question, and the answer that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Literal<'c> {
    pub test: &'c Test,
    pub is_wanted: bool,
}

impl Literal<'_> {
    pub fn is_so(&self, facts: &Facts<'_>) -> bool {
        self.test.holds(facts) == self.is_wanted
    }

    /// It asks what an event is by its nature.
    pub fn is_of_nature(&self) -> bool {
        use Test::{Code, Effect, Kind, Severity, Table};
        matches!(self.test, Kind(_) | Effect(_) | Code(_) | Table(_) | Severity(_))
    }
}

pub(super) type Way<'c> = Vec<Literal<'c>>;

/// One choice out of each `any` of a condition, in all the ways in which it can hold.
pub(super) struct Branch<'c> {
    /// The clauses as written.
    pub clauses: Vec<&'c str>,
    pub ways: Vec<Way<'c>>,
}

/// The branches of a condition; one without `any` has one.
pub(super) fn branches(condition: &Condition) -> Vec<Branch<'_>> {
    let mut lists: Vec<Vec<&Clause>> = vec![Vec::new()];
    for clause in &condition.0 {
        let choices: Vec<Vec<&Clause>> = match &clause.test {
            Test::Any(list) => list.iter().map(|branch| branch.0.iter().collect()).collect(),
            _ => vec![vec![clause]],
        };
        lists = product(&lists, &choices);
    }
    lists.into_iter().map(Branch::of).collect()
}

impl<'c> Branch<'c> {
    fn of(clauses: Vec<&'c Clause>) -> Self {
        let start = vec![Vec::new()];
        let ways = clauses.iter().fold(start, |ways, clause| product(&ways, &of_clause(clause, true)));
        Self { clauses: clauses.iter().map(|clause| &*clause.text).collect(), ways }
    }
}

/// Every way in which the condition holds, or does not.
pub(super) fn ways(condition: &Condition, is_wanted: bool) -> Vec<Way<'_>> {
    let each = condition.0.iter().map(|clause| of_clause(clause, is_wanted));
    match is_wanted {
        true => each.fold(vec![Vec::new()], |ways, choices| product(&ways, &choices)),
        false => each.flatten().take(WAYS_MAX).collect(),
    }
}

fn of_clause(clause: &Clause, is_wanted: bool) -> Vec<Way<'_>> {
    match (&clause.test, is_wanted) {
        (Test::Any(list), true) => list.iter().flat_map(|branch| ways(branch, true)).take(WAYS_MAX).collect(),
        (Test::Any(list), false) => {
            list.iter().fold(vec![Vec::new()], |all, branch| product(&all, &ways(branch, false)))
        }
        (Test::Not(condition), _) => ways(condition, !is_wanted),
        (test, _) => vec![vec![Literal { test, is_wanted }]],
    }
}

/// Each of the first with each of the second behind it.
fn product<T: Clone>(first: &[Vec<T>], second: &[Vec<T>]) -> Vec<Vec<T>> {
    let pairs = first.iter().flat_map(|one| second.iter().map(move |other| [&one[..], &other[..]].concat()));
    pairs.take(WAYS_MAX).collect()
}
