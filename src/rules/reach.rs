//! Whether rules in front were tried at all: a rule that holds for no event that was made up keeps something quiet, or nothing, and
//! nobody knows.

use super::front::{Behind, Untried};
use super::tried::Tried;
use super::ways::{Branch, Way, branches, ways};
use super::{Delivery, On, Rule, Rules};
use crate::grammar::CodeTables;
use crate::place::Severity;

/// Events that are made up to search for one that fits, over all rules.
const TRIES_MAX: usize = 1_000_000;

/// Takes an event, the numbers of the rules that hold for it, and the rule behind that it was searched for.
pub(super) type HeardFor<'h> = &'h mut dyn FnMut(&Tried<'_>, &[usize], Option<usize>);

/// The branches of a rule in front that may tell less than rules behind it.
struct Reached<'r> {
    rule: &'r Rule,
    at: usize,
    branches: Vec<(Branch<'r>, bool)>,
    /// Rules behind it with which it was not tried.
    untried: Vec<usize>,
}

impl Reached<'_> {
    fn note(&mut self, tried: &Tried<'_>) {
        let holds = |way: &Way<'_>| way.iter().all(|literal| literal.is_so(tried.facts));
        for (branch, is_tried) in self.branches.iter_mut().filter(|(_, is_tried)| !is_tried) {
            *is_tried = branch.ways.iter().any(holds);
        }
    }
}

impl Rules {
    /// Tries every event, and each rule in front together with each rule behind it that it may keep quiet. `heard` answers for a rule
    /// in front and one behind it whether it is known already that the one keeps the other quiet. What could not be tried is the answer,
    /// by the number of the rule.
    pub(super) fn try_fronts(
        &self,
        tables: &CodeTables,
        heard: HeardFor<'_>,
        is_known: &dyn Fn(usize, usize) -> bool,
    ) -> Vec<(usize, Vec<Untried>)> {
        let mut all: Vec<Reached<'_>> = self.quiet_fronts().collect();
        let note = |tried: &Tried<'_>, held: &[usize], all: &mut Vec<Reached<'_>>| {
            all.iter_mut().filter(|front| held.contains(&front.at)).for_each(|front| front.note(tried));
        };
        self.try_events(tables, &mut |tried, held| {
            note(tried, held, &mut all);
            heard(tried, held, None);
        });
        if all.is_empty() {
            return Vec::new();
        }
        let bases = self.bases(tables);
        let mut tries = TRIES_MAX;
        for at in 0..all.len() {
            let (first, front) = (all[at].at, all[at].rule);
            for behind in self.loud_behind(first) {
                if is_known(first, behind) {
                    continue;
                }
                if tries == 0 {
                    all[at].untried.push(behind);
                    continue;
                }
                let rule = &self.rules[behind];
                for way in both_ways(front, rule) {
                    let mut told = |tried: &Tried<'_>, held: &[usize]| {
                        note(tried, held, &mut all);
                        heard(tried, held, Some(behind));
                    };
                    self.search(&bases, &[front, rule], &way, &mut tries, &mut told);
                }
            }
            let ways: Vec<Way<'_>> = all[at]
                .branches
                .iter()
                .filter(|(_, is_tried)| !is_tried)
                .flat_map(|(branch, _)| branch.ways.clone())
                .collect();
            for way in ways {
                let mut told = |tried: &Tried<'_>, held: &[usize]| {
                    note(tried, held, &mut all);
                    heard(tried, held, None);
                };
                self.search(&bases, &[front], &way, &mut tries, &mut told);
            }
        }
        all.iter().map(|front| (front.at, self.untried(front, is_known))).collect()
    }

    /// Rules that tell less than at once, or have nothing to say when a clock ends, and have files behind theirs.
    fn quiet_fronts(&self) -> impl Iterator<Item = Reached<'_>> {
        let last = self.rules.last().map_or(0, |rule| rule.file);
        let is_quiet = |rule: &Rule| {
            let is_said = |days| rule.ladder.as_ref().is_some_and(|ladder| ladder.current(days).is_some());
            rule.delivery != Delivery::Now || rule.on == On::Deadline && !(is_said(0) && is_said(-1))
        };
        let numbered = self.rules.iter().enumerate();
        let fronts = numbered.filter(move |(_, rule)| rule.file < last && is_quiet(rule));
        fronts.map(|(at, rule)| {
            let branches = branches(&rule.condition).into_iter().map(|branch| (branch, false)).collect();
            Reached { rule, at, branches, untried: Vec::new() }
        })
    }

    /// Rules of later files that tell at once of what is critical or a legal date, and may hold together with this one.
    fn loud_behind(&self, first: usize) -> Vec<usize> {
        let front = &self.rules[first];
        let may_meet = |rule: &Rule| {
            let ids = rule.deadline_ids().or(front.deadline_ids());
            let is_one_clock =
                ids.is_none_or(|ids| ids.iter().any(|id| rule.deadlines.has(id) && front.deadlines.has(id)));
            is_one_clock && !front.condition.excludes(&rule.condition)
        };
        let is_loud = |rule: &Rule| {
            rule.delivery == Delivery::Now
                && (rule.on == On::Deadline || rule.severity_at_most() == Severity::Critical)
        };
        let behind = self.rules.iter().enumerate().skip(first + 1);
        let behind = behind.filter(|(_, rule)| {
            rule.on == front.on
                && rule.file > front.file
                && is_loud(rule)
                && !front.replaces.contains(&rule.name)
                && may_meet(rule)
        });
        behind.map(|(at, _)| at).collect()
    }

    fn untried(&self, front: &Reached<'_>, is_known: &dyn Fn(usize, usize) -> bool) -> Vec<Untried> {
        let named = |at: &usize| {
            let rule = &self.rules[*at];
            Behind { rule: rule.name.to_string(), place: rule.place.to_string() }
        };
        let mut all = Vec::new();
        for (branch, _) in front.branches.iter().filter(|(_, is_tried)| !is_tried) {
            let behind = self.loud_behind(front.at);
            let behind: Vec<Behind> =
                behind.iter().filter(|at| !is_known(front.at, **at)).map(named).collect();
            if !behind.is_empty() {
                let clauses = branch.clauses.iter().map(ToString::to_string).collect();
                all.push(Untried { clauses, behind });
            }
        }
        if !front.untried.is_empty() {
            all.push(Untried { clauses: Vec::new(), behind: front.untried.iter().map(named).collect() });
        }
        all
    }
}

/// The ways in which both hold.
fn both_ways<'r>(first: &'r Rule, second: &'r Rule) -> Vec<Way<'r>> {
    let all = |rule: &'r Rule| ways(&rule.condition, true);
    let theirs = all(second);
    all(first)
        .iter()
        .flat_map(|own| theirs.iter().map(move |their| [&own[..], &their[..]].concat()))
        .collect()
}
