//! Who is told: groups of teams, routes for rules that name nobody, and what is different for one broker.
//!
//! ```text
//! rule decides ──► override of the broker, if any ──► its own `notify`, else the first route that holds, else all teams
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use super::compile::{Compiler, severity};
use super::condition::{Condition, Test};
use super::facts::Facts;
use super::keys::Subject;
use super::matcher::TextMatch;
use super::raw::{RawGroup, RawOverride, RawRoute, RawRules};
use super::rule::Loudness;
use super::{Delivery, Rule};
use crate::diagnostic::{Faults, WrittenTable, hint, names};
use crate::place::Severity;

type Teams = Box<[Box<str>]>;

/// Names that `notify` may use: teams of the configuration, and groups of the rule files.
pub(super) struct People<'a> {
    teams: &'a [&'a str],
    groups: BTreeMap<Box<str>, Teams>,
}

impl<'a> People<'a> {
    pub fn new(teams: &'a [&'a str]) -> Self {
        Self { teams, groups: BTreeMap::new() }
    }

    /// Reads the groups of a file. All files are read before any `notify` is looked at, so order does not matter.
    pub fn add(&mut self, raw: &RawRules, faults: &mut Faults) {
        for group in raw.group.given().map(Vec::as_slice).unwrap_or_default() {
            if let Some((name, teams)) = self.group(group, faults) {
                self.groups.insert(name, teams);
            }
        }
    }

    fn group(&self, raw: &RawGroup, faults: &mut Faults) -> Option<(Box<str>, Teams)> {
        let name = raw.name.require("name", RawGroup::OWNER, &raw.span, faults);
        let teams = raw.teams.require("teams", RawGroup::OWNER, &raw.span, faults);
        let (name, teams) = (name?, teams?);
        let text = name.get_ref().as_str();
        if !is_plain_name(text) {
            let message =
                format!("`{text}` is no name of a group: up to 60 lower-case letters, digits and hyphens");
            faults.add(name.span(), message);
        } else if self.teams.contains(&text) {
            faults.add(name.span(), format!("there is already a team `{text}`"));
        } else if self.groups.contains_key(text) {
            faults.add(name.span(), format!("there is already a group `{text}`"));
        }
        if teams.is_empty() {
            faults.add(name.span(), format!("group `{text}` has no team"));
        }
        for team in teams {
            if !self.teams.contains(&team.get_ref().as_str()) {
                let hint = hint(team.get_ref(), "teams", self.teams.iter().copied());
                let message = format!("group `{text}` names `{}`, which is no team ({hint})", team.get_ref());
                faults.add(team.span(), message);
            }
        }
        Some((text.into(), teams.iter().map(|team| team.get_ref().as_str().into()).collect()))
    }

    pub fn all(&self) -> Teams {
        self.teams.iter().map(|team| Box::from(*team)).collect()
    }

    /// The teams that a list of teams and groups stands for, each once. A list of nobody is refused at `owner`: what it tells
    /// would reach no one.
    pub fn resolve(
        &self,
        called: &str,
        notify: &[Spanned<String>],
        owner: &Range<usize>,
        faults: &mut Faults,
    ) -> Teams {
        if notify.is_empty() {
            let message = format!("{called} notifies nobody: `notify` must name a team or group");
            faults.add(owner.clone(), message);
        }
        let mut seen = BTreeSet::new();
        let mut all: Vec<Box<str>> = Vec::new();
        for item in notify {
            let name = item.get_ref().as_str();
            let members = match self.groups.get(name) {
                Some(members) => members.clone(),
                None if self.teams.contains(&name) => [Box::from(name)].into(),
                None => {
                    faults.add(
                        item.span(),
                        format!("{called} notifies `{name}`, which is not defined ({})", self.hint(name)),
                    );
                    continue;
                }
            };
            if !seen.insert(name) {
                faults.add(item.span(), format!("{called} notifies `{name}` twice"));
            }
            for team in members {
                if !all.contains(&team) {
                    all.push(team);
                }
            }
        }
        all.into()
    }

    fn hint(&self, name: &str) -> String {
        let known = || self.teams.iter().copied().chain(self.groups.keys().map(|group| &**group));
        let near = crate::diagnostic::suggest(name, known());
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("defined: {}{near}", names(known()))
    }
}

/// Names of rules, groups and routes.
pub(super) fn is_plain_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 60 && text.chars().all(is_plain)
}

/// Sends alerts of rules that name nobody.
#[derive(Clone, Debug)]
pub struct Route {
    pub name: Box<str>,
    pub notify: Teams,
    /// `rules.toml:12`.
    pub place: Box<str>,
    condition: Condition,
}

impl Route {
    /// The loudest alert that it is for; `None` when it does not ask for a severity.
    pub fn loudest(&self) -> Option<Severity> {
        let asked = self.condition.0.iter().find_map(|clause| match &clause.test {
            Test::Severity(wanted) => Some(wanted),
            _ => None,
        });
        let loud_first = [Severity::Critical, Severity::Warning, Severity::Info];
        asked.and_then(|asked| loud_first.into_iter().find(|severity| asked.matches(*severity)))
    }
}

/// What is different for some brokers.
#[derive(Clone, Debug)]
pub(super) struct Override {
    pub broker: TextMatch,
    /// `None` for all rules.
    rules: Option<Box<[Box<str>]>>,
    severity: Option<Severity>,
    delivery: Option<Delivery>,
    notify: Option<Teams>,
    pub place: Box<str>,
}

impl Override {
    pub fn decides(&self, rule: &Rule, broker: &str) -> bool {
        self.is_about(rule) && self.broker.matches(broker)
    }

    /// It names no rules.
    pub fn is_for_all(&self) -> bool {
        self.rules.is_none()
    }

    /// Whether this one decides wherever the other would.
    fn covers(&self, other: &Self) -> bool {
        let has_rules = match (&self.rules, &other.rules) {
            (None, _) => true,
            (Some(own), Some(theirs)) => theirs.iter().all(|rule| own.contains(rule)),
            (Some(_), None) => false,
        };
        has_rules && other.broker.implies(&self.broker)
    }

    pub fn is_about(&self, rule: &Rule) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(&rule.name))
    }
}

/// How an alert is told, once its rule has decided.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'r> {
    pub severity: Severity,
    pub delivery: Delivery,
    /// Names of teams.
    pub notify: &'r [Box<str>],
    /// The route that chose them, for a rule that names nobody.
    pub route: Option<&'r Route>,
    /// Where the override stands that changed something.
    pub overridden: Option<&'r str>,
}

/// Routes and overrides of all files, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Routing {
    pub routes: Vec<Route>,
    pub overrides: Vec<Override>,
}

impl Routing {
    /// Decides how the alert of `rule` is told.
    pub fn tell<'r>(&'r self, rule: &'r Rule, severity: Severity, facts: &mut Facts<'_>) -> Telling<'r> {
        let broker = facts.broker;
        let changed = self.overrides.iter().find(|change| change.decides(rule, broker));
        let severity = changed.and_then(|change| change.severity).unwrap_or(severity);
        let delivery = changed.and_then(|change| change.delivery).unwrap_or(rule.delivery);
        let overridden = changed.map(|change| &*change.place);
        let telling = Telling { severity, delivery, notify: &rule.notify, route: None, overridden };
        if let Some(notify) = changed.and_then(|change| change.notify.as_ref()) {
            return Telling { notify, ..telling };
        }
        if !rule.is_routed || self.routes.is_empty() {
            return telling;
        }
        facts.alert_severity = Some(severity);
        let route = self.routes.iter().find(|route| route.condition.holds(facts));
        facts.alert_severity = None;
        Telling { notify: route.map_or(&rule.notify, |route| &route.notify), route, ..telling }
    }

    /// Where an override stands by which some broker's alerts of the rule are told at once.
    pub fn told_at_once(&self, rule: &Rule) -> Option<&str> {
        let changes = self.overrides.iter().filter(|change| change.is_about(rule));
        changes.filter(|change| change.delivery == Some(Delivery::Now)).map(|change| &*change.place).next()
    }

    /// The rule as it is for this broker, and where the override stands that makes it so. What waits for a digest is said once, and
    /// nobody is asked to answer it.
    pub fn changed<'r>(&'r self, rule: &Rule, broker: &str) -> Option<(Rule, &'r str)> {
        let change = self.overrides.iter().find(|change| change.decides(rule, broker))?;
        let mut rule = rule.clone();
        if let Some(severity) = change.severity {
            rule.loudness = Loudness::Fixed(severity);
            rule.severity_from.clear();
        }
        if let Some(notify) = &change.notify {
            rule.notify = notify.clone();
            rule.is_routed = false;
        }
        rule.delivery = change.delivery.unwrap_or(rule.delivery);
        if rule.delivery != Delivery::Now {
            rule.after.repeat = None;
            rule.after.escalate = Box::default();
        }
        Some((rule, &change.place))
    }

    /// Reads the routes and overrides of one file.
    pub fn read(
        &mut self,
        raw: &RawRules,
        people: &People<'_>,
        known: &super::Vocabulary,
        faults: &mut Faults,
    ) {
        for raw in raw.route.given().map(Vec::as_slice).unwrap_or_default() {
            let route = self.route(raw, people, known, faults);
            self.routes.extend(route);
        }
        for raw in raw.broker_override.given().map(Vec::as_slice).unwrap_or_default() {
            let Some(change) = change(raw, people, known, faults) else { continue };
            if let Some(first) = self.overrides.iter().find(|first| first.covers(&change)) {
                let message = format!(
                    "{} can never decide: the one at {} fits the same brokers and rules and is asked first",
                    RawOverride::OWNER,
                    first.place
                );
                faults.add(raw.span.clone(), message);
            }
            self.overrides.push(change);
        }
    }

    fn route(
        &self,
        raw: &RawRoute,
        people: &People<'_>,
        known: &super::Vocabulary,
        faults: &mut Faults,
    ) -> Option<Route> {
        let before = faults.len();
        let name = raw.name.require("name", RawRoute::OWNER, &raw.span, faults)?;
        let text = name.get_ref().as_str();
        let called = format!("route `{text}`");
        if !is_plain_name(text) {
            let message =
                format!("`{text}` is no name of a route: up to 60 lower-case letters, digits and hyphens");
            faults.add(name.span(), message);
        }
        if let Some(first) = self.routes.iter().find(|route| *route.name == *text) {
            faults.add(name.span(), format!("there is already a route `{text}` (at {})", first.place));
        }
        let condition = match raw.when.given() {
            Some(when) => Compiler { on: Subject::Route, known }.when(when, &called, faults),
            None => Condition::default(),
        };
        let covers = |first: &&Route| condition.implies(&first.condition);
        if faults.len() == before
            && let Some(first) = self.routes.iter().find(covers)
        {
            let reason = match first.condition.0.is_empty() {
                true => "has no condition and",
                false => "holds whenever it does and",
            };
            let message = format!(
                "{called} can never match: route `{}` (at {}) {reason} is asked first",
                first.name, first.place
            );
            faults.add(name.span(), message);
        }
        let notify = raw.notify.require("notify", &called, &raw.span, faults)?;
        let notify = people.resolve(&called, notify, &name.span(), faults);
        let place = faults.source().place(raw.span.start).into();
        (faults.len() == before).then(|| Route { name: text.into(), notify, place, condition })
    }

    /// Every override names rules that exist.
    pub fn check_rules(raw: &RawRules, known: &BTreeMap<String, String>, faults: &mut Faults) {
        for change in raw.broker_override.given().map(Vec::as_slice).unwrap_or_default() {
            for rule in change.rules.given().map(Vec::as_slice).unwrap_or_default() {
                if !known.contains_key(rule.get_ref()) {
                    let hint = hint(rule.get_ref(), "known", known.keys().map(String::as_str));
                    faults.add(rule.span(), format!("there is no rule `{}` ({hint})", rule.get_ref()));
                }
            }
        }
    }
}

fn change(
    raw: &RawOverride,
    people: &People<'_>,
    known: &super::Vocabulary,
    faults: &mut Faults,
) -> Option<Override> {
    const CALLED: &str = RawOverride::OWNER;
    let before = faults.len();
    let broker = raw.broker.require("broker", CALLED, &raw.span, faults)?;
    let broker = Compiler { on: Subject::Route, known }.broker(broker, faults);
    if raw.severity.is_absent() && raw.delivery.is_absent() && raw.notify.is_absent() {
        faults.add(
            raw.span.clone(),
            format!("{CALLED} changes nothing: give it `severity`, `delivery` or `notify`"),
        );
    }
    let severity = raw.severity.given().and_then(|text| severity(text.get_ref(), text.span(), faults));
    let delivery = raw.delivery.given().and_then(|text| {
        let delivery = Delivery::parse(text.get_ref());
        if delivery.is_none() {
            let hint = hint(text.get_ref(), "known", Delivery::WORDS);
            faults
                .add(text.span(), format!("{CALLED}: `delivery` has no value `{}` ({hint})", text.get_ref()));
        }
        delivery
    });
    let rules =
        raw.rules.given().map(|rules| rules.iter().map(|rule| rule.get_ref().as_str().into()).collect());
    let notify = raw.notify.given().map(|notify| people.resolve(CALLED, notify, &raw.span, faults));
    let place = faults.source().place(raw.span.start).into();
    let broker = broker?;
    (faults.len() == before).then_some(Override { broker, rules, severity, delivery, notify, place })
}
