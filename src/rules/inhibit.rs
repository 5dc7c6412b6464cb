//! Inhibitions: while an entry is so, alerts of some rules about it are nobody's concern.

use std::collections::BTreeMap;

use super::EntryContext;
use super::Vocabulary;
use super::compile::Compiler;
use super::condition::Condition;
use super::facts::Facts;
use super::keys::Subject;
use super::raw::{RawInhibit, RawRules};
use super::routing::is_plain_name;
use crate::diagnostic::{Faults, WrittenTable, hint};

/// One `[[inhibit]]`.
#[derive(Clone, Debug)]
pub struct Inhibit {
    pub name: Box<str>,
    /// Names of rules.
    pub hides: Box<[Box<str>]>,
    /// `rules.toml:12`.
    pub place: Box<str>,
    condition: Condition,
}

impl Inhibit {
    /// Whether alerts of the rule about such an entry are hidden.
    pub fn hides(&self, rule: &str, ctx: &EntryContext<'_>) -> bool {
        self.is_about(rule) && self.holds(&ctx.facts())
    }

    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.condition.holds(facts)
    }

    pub fn is_about(&self, rule: &str) -> bool {
        self.hides.iter().any(|name| **name == *rule)
    }

    /// Each clause of `when` as written.
    pub fn clauses(&self) -> impl Iterator<Item = &str> {
        self.condition.0.iter().map(|clause| &*clause.text)
    }
}

/// Reads the inhibitions of one file. The rules that they name are checked by [`check_rules`].
pub(super) fn read(raw: &RawRules, known: &Vocabulary, into: &mut Vec<Inhibit>, faults: &mut Faults) {
    for raw in raw.inhibit.given().map(Vec::as_slice).unwrap_or_default() {
        let inhibit = one(raw, known, into, faults);
        into.extend(inhibit);
    }
}

fn one(raw: &RawInhibit, known: &Vocabulary, earlier: &[Inhibit], faults: &mut Faults) -> Option<Inhibit> {
    let before = faults.len();
    let name = raw.name.require("name", RawInhibit::OWNER, &raw.span, faults)?;
    let text = name.get_ref().as_str();
    let called = format!("inhibition `{text}`");
    if !is_plain_name(text) {
        let message =
            format!("`{text}` is no name of an inhibition: up to 60 lower-case letters, digits and hyphens");
        faults.add(name.span(), message);
    } else if let Some(first) = earlier.iter().find(|known| *known.name == *text) {
        faults.add(name.span(), format!("there is already an inhibition `{text}` (at {})", first.place));
    }
    let condition = raw.when.require("when", &called, &raw.span, faults)?;
    let condition = Compiler { on: Subject::Inhibit, known }.condition(condition, faults);
    if condition.0.is_empty() && faults.len() == before {
        faults.add(name.span(), format!("{called} always holds: its rules would never tell anybody"));
    }
    let hides = raw.hides.require("hides", &called, &raw.span, faults)?;
    if hides.is_empty() {
        faults.add(name.span(), format!("{called} hides no rule"));
    }
    let hides = hides.iter().map(|rule| rule.get_ref().as_str().into()).collect();
    let place = faults.source().place(raw.span.start).into();
    (faults.len() == before).then(|| Inhibit { name: text.into(), hides, place, condition })
}

/// Every inhibition hides rules that exist.
pub(super) fn check_rules(raw: &RawRules, known: &BTreeMap<String, String>, faults: &mut Faults) {
    for inhibit in raw.inhibit.given().map(Vec::as_slice).unwrap_or_default() {
        for rule in inhibit.hides.given().map(Vec::as_slice).unwrap_or_default() {
            if !known.contains_key(rule.get_ref()) {
                let hint = hint(rule.get_ref(), "known", known.keys().map(String::as_str));
                faults.add(rule.span(), format!("there is no rule `{}` ({hint})", rule.get_ref()));
            }
        }
    }
}
