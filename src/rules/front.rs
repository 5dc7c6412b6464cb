//! What rules of earlier files keep from rules of later ones.
//!
//! A rule in front overrides; that is what it is there for. What nobody sees is how much it overrides: a broad one in front of the
//! embedded rules may be the end of a dozen of them. So each is looked at three ways: which rules can never be asked behind it,
//! which critical and legal alerts it keeps from people, and which tests of later files would send no letter with it in front.
//! What it names in `replaces` is meant, and not told.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::names::{EFFECTS, effect_index};
use super::rule::Deadlines;
use super::tried::Tried;
use super::{Delivery, On, Rule, Rules};
use crate::grammar::CodeTables;
use crate::notice::Notice;
use crate::place::Severity;

/// Effects that are good news, where their code is no more than information.
const GOOD_NEWS: &[&str] = &[
    "filing_accepted",
    "clear",
    "release",
    "release_date",
    "one_government",
    "summary_accepted",
    "census_resolved",
];

/// A rule, or a broker override, that stands in front of rules and keeps something of theirs back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Front {
    /// `rule `mute``.
    pub called: String,
    /// `my-rules.toml:3`.
    pub place: String,
    /// Rules of later files that it, or it with others in front, leaves nothing to.
    pub never: Vec<Behind>,
    /// Rules whose critical alerts or legal reminders are not told at once because of it.
    pub muted: Vec<Muted>,
    /// What of it holds for no event that was made up.
    pub untried: Vec<Untried>,
    /// Good news that it tells as critical.
    pub raised: Option<Raised>,
    /// Tests of rules that stand in neither list, and would send no letter.
    pub tests: Vec<LostTest>,
    /// How many more tests would send no letter, of rules that do.
    pub more_tests: usize,
    /// It can say that it is meant; an override says so by naming rules.
    pub may_replace: bool,
}

/// A rule that stands behind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Behind {
    pub rule: String,
    pub place: String,
}

/// Alerts that are not told at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Muted {
    pub behind: Behind,
    /// How many of the events that were tried.
    pub events: usize,
    /// One of them, in words.
    pub example: String,
    /// None of them stands even in a digest.
    pub is_silent: bool,
}

/// Part of a rule that could not be tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Untried {
    /// As written; empty where there were more events to try than are tried.
    pub clauses: Vec<String>,
    /// Rules that it may keep quiet.
    pub behind: Vec<Behind>,
}

/// Removals, releases and acceptances that a rule tells as critical, and asks for by nothing that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Raised {
    /// How many of the events that were tried.
    pub events: usize,
    /// One of them, in words.
    pub example: String,
}

/// A test whose letter would not be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostTest {
    pub rule: String,
    /// Which test of the rule, from 1.
    pub number: usize,
    pub place: String,
}

/// What is kept from one rule by one other.
#[derive(Default)]
struct Kept {
    events: usize,
    example: String,
    is_silent: bool,
    tests: Vec<LostTest>,
}

/// Who keeps it: a rule by its number, a rule by that of an override as well, or a broker override by its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Rule(usize),
    /// A rule as this override has it.
    Changed(usize, usize),
    Override(usize),
}

impl Rules {
    /// The rules in front that keep something back, in the order in which they are asked.
    pub fn fronts(&self, tables: &CodeTables) -> Vec<Front> {
        let kept: RefCell<BTreeMap<By, BTreeMap<usize, Kept>>> = RefCell::default();
        let is_known = |first: usize, behind: usize| {
            let kept = kept.borrow();
            let of_two = kept.get(&By::Rule(first)).and_then(|behind_it| behind_it.get(&behind));
            of_two.is_some_and(|kept| kept.events > 0)
        };
        let mut raised: BTreeMap<usize, Raised> = BTreeMap::new();
        let mut heard = |tried: &Tried<'_>, held: &[usize], only: Option<usize>| {
            self.compare(tried, held, only, &mut kept.borrow_mut());
            let first = held.first().copied().filter(|_| only.is_none());
            if let Some(first) = first.filter(|first| self.raises(*first, tried)) {
                let new = || Raised { events: 0, example: (tried.words)() };
                raised.entry(first).or_insert_with(new).events += 1;
            }
        };
        let mut untried: BTreeMap<usize, Vec<Untried>> =
            self.try_fronts(tables, &mut heard, &is_known).into_iter().collect();
        untried.retain(|_, untried| !untried.is_empty());
        let mut kept = kept.into_inner();
        let never = self.never_asked();
        let rules = never.keys().chain(untried.keys()).chain(raised.keys()).map(|first| By::Rule(*first));
        let all: BTreeSet<By> = kept.keys().copied().chain(rules).collect();
        let front = |by: By| {
            let never = match by {
                By::Rule(first) => never.get(&first).map(Vec::as_slice).unwrap_or_default(),
                By::Changed(..) | By::Override(_) => &[],
            };
            let (untried, raised) = match by {
                By::Rule(first) => (untried.remove(&first).unwrap_or_default(), raised.remove(&first)),
                By::Changed(..) | By::Override(_) => (Vec::new(), None),
            };
            Front { untried, raised, ..self.front(by, never, kept.remove(&by).unwrap_or_default()) }
        };
        all.into_iter().map(front).collect()
    }

    fn front(&self, by: By, never: &[usize], kept: BTreeMap<usize, Kept>) -> Front {
        let (called, place) = match by {
            By::Rule(index) => {
                let rule = &self.rules[index];
                (format!("rule `{}`", rule.name), rule.place.to_string())
            }
            By::Changed(index, by) => {
                let rule = &self.rules[index];
                let override_place = &self.routing.overrides[by].place;
                let place = format!("{}, as the override at {override_place} has it", rule.place);
                (format!("rule `{}`", rule.name), place)
            }
            By::Override(index) => {
                let place = &self.routing.overrides[index].place;
                ("the broker override".to_owned(), place.to_string())
            }
        };
        let may_replace = !matches!(by, By::Override(_));
        let never_behind = never.iter().map(|index| self.behind(*index)).collect();
        let mut front = Front { called, place, never: never_behind, may_replace, ..Front::default() };
        for (index, kept) in kept {
            if kept.events > 0 {
                let Kept { events, example, is_silent, .. } = kept;
                front.muted.push(Muted { behind: self.behind(index), events, example, is_silent });
            }
            match kept.events > 0 || never.contains(&index) {
                true => front.more_tests += kept.tests.len(),
                false => front.tests.extend(kept.tests),
            }
        }
        front
    }

    pub(super) fn behind(&self, index: usize) -> Behind {
        let rule = &self.rules[index];
        Behind { rule: rule.name.to_string(), place: rule.place.to_string() }
    }

    /// Rules that rules of earlier files leave nothing to, by the first of those.
    fn never_asked(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut never: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let earlier =
                || self.rules[..index].iter().enumerate().filter(|(_, first)| first.file < rule.file);
            let whole = earlier().find(|(_, first)| first.covers(rule));
            let first = whole.or_else(|| {
                // Of several deadlines each may have a rule of its own in front.
                let Deadlines::Ids(ids) = &rule.deadlines else { return None };
                let takes = |first: &Rule, id: &str| {
                    first.on == rule.on && first.deadlines.has(id) && rule.condition.implies(&first.condition)
                };
                let mut takers = ids.iter().map(|id| earlier().find(|(_, first)| takes(first, id)));
                let first = takers.next()??;
                takers.all(|taker| taker.is_some()).then_some(first)
            });
            let Some((at, first)) = first else { continue };
            let is_silent = first.delivery == Delivery::None && rule.delivery == Delivery::None;
            if !is_silent && !first.replaces.contains(&rule.name) {
                never.entry(at).or_default().push(index);
            }
        }
        never
    }

    /// Holds what is told of an event against what the first rule of each later file would have told; of an event that was searched for
    /// the sake of one rule, `only` what that one would have.
    fn compare(
        &self,
        tried: &Tried<'_>,
        held: &[usize],
        only: Option<usize>,
        kept: &mut BTreeMap<By, BTreeMap<usize, Kept>>,
    ) {
        let Some(&first) = held.first() else { return };
        let told = match only {
            None => self.said(first, tried, kept),
            Some(_) => self.say(&self.rules[first], tried).0,
        };
        let rule = &self.rules[first];
        let by = match self.override_of(rule, tried.facts.broker) {
            Some(change) if rank(told) < rank(rule.delivery) => By::Changed(first, change),
            _ => By::Rule(first),
        };
        let mut file = rule.file;
        for &index in &held[1..] {
            let behind = &self.rules[index];
            if behind.file <= file {
                continue;
            }
            file = behind.file;
            if rule.replaces.contains(&behind.name) || only.is_some_and(|only| only != index) {
                continue;
            }
            let (theirs, severity) = self.say(behind, tried);
            if rank(told) >= rank(theirs) {
                continue;
            }
            let own = tried.test.filter(|test| test.is_of(behind) && test.is_told(self));
            let is_grave = theirs == Delivery::Now && is_grave(behind, severity);
            if own.is_none() && !is_grave {
                continue;
            }
            let kept = kept.entry(by).or_default().entry(index).or_default();
            kept.tests.extend(own.map(|test| LostTest {
                rule: behind.name.to_string(),
                number: test.number,
                place: test.place(self),
            }));
            if is_grave {
                kept.add(told, tried);
            }
        }
    }

    /// Whether the rule tells good news as critical, and does not ask for it by what it is.
    fn raises(&self, first: usize, tried: &Tried<'_>) -> bool {
        let rule = &self.rules[first];
        let good = |notice: &Notice| GOOD_NEWS.contains(&EFFECTS[effect_index(&notice.effect)]);
        tried.test.is_none()
            && tried.cause == Severity::Info
            && tried.facts.notice.is_some_and(good)
            && !rule.condition.names_news()
            && self.say(rule, tried) == (Delivery::Now, Severity::Critical)
    }

    /// What is told of an event by the rule that decides; what an override for all rules takes away from it is noted.
    fn said(
        &self,
        first: usize,
        tried: &Tried<'_>,
        kept: &mut BTreeMap<By, BTreeMap<usize, Kept>>,
    ) -> Delivery {
        let rule = &self.rules[first];
        let (told, _) = self.say(rule, tried);
        let severity = self.severity_of(rule, tried);
        let overrides = self.routing.overrides.iter();
        let change = overrides.enumerate().find(|(_, change)| change.decides(rule, tried.facts.broker));
        if let Some((index, change)) = change
            && change.is_for_all()
            && rank(told) < rank(rule.delivery)
            && rule.delivery == Delivery::Now
            && is_grave(rule, severity)
            && self.is_step(rule, tried)
        {
            kept.entry(By::Override(index)).or_default().entry(first).or_default().add(told, tried);
        }
        told
    }

    /// How the event would be told if this rule decided, and how loud.
    fn say(&self, rule: &Rule, tried: &Tried<'_>) -> (Delivery, Severity) {
        let telling = self.routing.tell(rule, self.severity_of(rule, tried), &mut tried.facts.clone());
        let delivery = if self.is_step(rule, tried) { telling.delivery } else { Delivery::None };
        (delivery, telling.severity)
    }

    fn severity_of(&self, rule: &Rule, tried: &Tried<'_>) -> Severity {
        tried.days_left.map_or(rule.severity(tried.cause), |days_left| rule.severity_with(days_left))
    }

    /// Whether the ladder has something to say with so many days left.
    fn is_step(&self, rule: &Rule, tried: &Tried<'_>) -> bool {
        let Some(days_left) = tried.days_left else { return true };
        rule.ladder.as_ref().is_some_and(|ladder| ladder.current(days_left).is_some())
    }
}

impl Kept {
    fn add(&mut self, told: Delivery, tried: &Tried<'_>) {
        if self.events == 0 {
            self.example = (tried.words)();
            self.is_silent = true;
        }
        self.events += 1;
        self.is_silent &= told == Delivery::None;
    }
}

/// A critical alert, or a reminder of a date that the law sets.
fn is_grave(rule: &Rule, severity: Severity) -> bool {
    severity == Severity::Critical || rule.on == On::Deadline
}

fn rank(delivery: Delivery) -> u8 {
    match delivery {
        Delivery::None => 0,
        Delivery::Digest => 1,
        Delivery::Now => 2,
    }
}
