//! Checks rule files whole and compiles them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::answering;
use super::compile::{Compiler, severity};
use super::condition::Condition;
use super::defaults;
use super::inhibit;
use super::keys::Subject;
use super::ladder::{Ladder, STEP_DAYS_MAX, Step};
use super::matcher::words;
use super::raw::{RawRule, RawRules, is_the_configuration};
use super::routing::{People, Routing, is_plain_name};
use super::rule::{Deadlines, Loudness};
use super::selftest::TestCase;
use super::testread;
use super::{Delivery, On, Playbook, Rule, Rules, Vocabulary};
use crate::diagnostic::{
    Diagnostic, Faults, Field, RawKind, RawValue, Source, WrittenTable, hint, read_toml,
};

/// Words for "the severity of what happened".
const OF_NOTICE: &str = "of-notice";
const OF_TROUBLE: &str = "of-trouble";

/// What all rules are checked against.
struct Known<'a> {
    playbook: &'a Playbook,
    people: People<'a>,
    /// With the product lines of the files.
    vocabulary: Vocabulary,
}

pub(super) fn parse(
    files: &[(&str, &str)],
    playbook: &Playbook,
    teams: &[&str],
    vocabulary: &Vocabulary,
) -> Result<Rules, Vec<Diagnostic>> {
    let mut known = Known { playbook, people: People::new(teams), vocabulary: vocabulary.clone() };
    let sources: Vec<Source> = files.iter().map(|(name, text)| Source::new(name, text)).collect();
    let mut written: Vec<(RawRules, Faults)> =
        sources.iter().map(|source| read_file(source, &mut known)).collect();
    let (mut rules, mut tests) = (Vec::new(), Vec::new());
    let (mut faults, mut remarks) = (Vec::new(), Vec::new());
    let (mut names, mut routing, mut inhibits) = (BTreeMap::new(), Routing::default(), Vec::new());
    let vocabulary = &known.vocabulary;
    for (file, (raw, found)) in (0..).zip(&mut written) {
        let first = rules.len();
        defaults::apply(raw, &known.people, known.playbook, found);
        for raw in raw.rule.given().map(Vec::as_slice).unwrap_or_default() {
            check_name(raw, &mut names, found);
            let Some(rule) = rule(raw, file, &known, found) else { continue };
            tests.extend(tests_of(raw, &rule, vocabulary, found));
            check_shadow(&rules[first..], &rule, raw, found);
            rules.push(rule);
        }
        routing.read(raw, &known.people, vocabulary, found);
        inhibit::read(raw, vocabulary, &mut inhibits, found);
    }
    for (raw, found) in &mut written {
        remark_told_by_overrides(raw, &rules, &routing, found);
    }
    let named: BTreeSet<String> = written.iter().flat_map(|(raw, _)| steps_named(raw)).collect();
    remarks.extend(playbook.unnamed(|step| named.contains(step)));
    for (raw, mut found) in written {
        Routing::check_rules(&raw, &names, &mut found);
        inhibit::check_rules(&raw, &names, &mut found);
        check_replaces(&raw, &rules, &names, &mut found);
        remarks.extend(found.take_remarks());
        faults.extend(found.into_sorted());
    }
    if rules.len() > Rules::RULES_MAX {
        let message = format!("{} rules; at most {} are allowed", rules.len(), Rules::RULES_MAX);
        faults.push(Diagnostic::of_file(files.last().map_or("rules", |(name, _)| name), message));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let clocks = vocabulary.deadlines().map(Into::into).collect();
    Ok(Rules {
        remarks,
        clocks,
        ..Rules::new(rules, routing, inhibits, tests, sources, version(files, playbook))
    })
}

/// Reads one file and takes its groups.
fn read_file(source: &Source, known: &mut Known<'_>) -> (RawRules, Faults) {
    let mut mistaken = Faults::of(source.clone());
    if is_the_configuration(source, &mut mistaken) {
        return (RawRules::default(), mistaken);
    }
    let (raw, mut found) = read_toml::<RawRules>(source);
    let raw = raw.unwrap_or_default();
    let is_empty = raw.rule.given().is_none_or(Vec::is_empty)
        && raw.group.is_absent()
        && raw.route.is_absent()
        && raw.broker_override.is_absent()
        && raw.inhibit.is_absent()
        && raw.product_line.is_absent();
    if is_empty && found.is_empty() {
        found.push(Diagnostic::of_file(source.name(), "the file has no [[rule]]"));
    }
    known.people.add(&raw, &mut found);
    known.vocabulary.product_lines.add(&raw, &mut found);
    (raw, found)
}

fn version(files: &[(&str, &str)], playbook: &Playbook) -> String {
    let mut hash = Sha256::new();
    let steps = playbook.keys().filter_map(|key| Some((key, playbook.get(key)?)));
    // The folders in which the files lie say nothing about the rules.
    for (name, text) in files.iter().map(|(_, text)| ("", *text)).chain(steps) {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    crate::ident::hex(&hash.finalize()[..8])
}

fn check_name(raw: &RawRule, names: &mut BTreeMap<String, String>, faults: &mut Faults) {
    let Some(name) = raw.name.require("name", RawRule::OWNER, &raw.span, faults) else { return };
    let text = name.get_ref().as_str();
    if !is_plain_name(text) {
        let message = format!("`{text}` is no rule name: up to 60 lower-case letters, digits and hyphens");
        faults.add(name.span(), message);
    } else if let Some(first) = names.get(text) {
        faults.add(name.span(), format!("there is already a rule `{text}` (at {first})"));
    } else {
        names.insert(text.to_owned(), faults.source().place(name.span().start));
    }
}

/// The steps of the playbook that the rules of a file name.
fn steps_named(raw: &RawRules) -> impl Iterator<Item = String> {
    let rules = raw.rule.given().map(Vec::as_slice).unwrap_or_default();
    rules.iter().filter_map(|rule| Some(rule.next_step.given()?.get_ref().clone()))
}

/// How messages call a rule.
fn called(raw: &RawRule) -> String {
    raw.name.given().map_or("the rule".to_owned(), |name| format!("rule `{}`", name.get_ref()))
}

fn rule(raw: &RawRule, file: u16, known: &Known<'_>, faults: &mut Faults) -> Option<Rule> {
    let called = called(raw);
    let before = faults.len();
    let title = raw.title.require("title", &called, &raw.span, faults).cloned();
    if let Some(title) = title.as_ref().filter(|title| title.get_ref().trim().is_empty()) {
        faults.add(title.span(), format!("{called} has a blank title"));
    }
    let on = word(&raw.on, "on", &called, raw, On::parse, On::ALL.map(On::as_str), faults)?;
    let condition = match raw.when.given() {
        Some(when) => {
            Compiler { on: Subject::Rule(on), known: &known.vocabulary }.when(when, &called, faults)
        }
        None => Condition::default(),
    };
    let delivery = match raw.delivery.is_absent() {
        true => Some(Delivery::Now),
        false => word(&raw.delivery, "delivery", &called, raw, Delivery::parse, Delivery::WORDS, faults),
    };
    let is_silent = delivery == Some(Delivery::None);
    let loudness = loudness(raw, on, &called, is_silent, faults);
    let (deadlines, ladder) = clock_keys(raw, on, &called, is_silent, &known.vocabulary, faults);
    let severity_from = severity_from(raw, on, ladder.as_ref(), faults);
    if let (Some(Delivery::Now), Some(ladder)) = (delivery, &ladder) {
        remark_early_end(raw, ladder, &called, faults);
    }
    let notify = match raw.notify.given() {
        Some(notify) => {
            let owner = raw.name.given().map_or(raw.span.clone(), toml::Spanned::span);
            known.people.resolve(&called, notify, &owner, faults)
        }
        None => known.people.all(),
    };
    let after =
        answering::read(raw, (on, delivery, &condition), &called, &known.people, &known.vocabulary, faults);
    let next_step =
        raw.next_step.given().map_or("".into(), |key| next_step_of(key, &called, known.playbook, faults));
    let replaces = raw.replaces.given().map(Vec::as_slice).unwrap_or_default();
    let name = raw.name.given()?.get_ref();
    let place = faults.source().place(raw.span.start);
    (faults.len() == before).then_some(Rule {
        name: name.as_str().into(),
        title: title?.into_inner().trim().into(),
        on,
        delivery: delivery?,
        notify,
        is_routed: raw.notify.is_absent(),
        next_step,
        place: place.into(),
        replaces: replaces.iter().map(|rule| rule.get_ref().as_str().into()).collect(),
        file,
        condition,
        loudness: loudness?,
        severity_from,
        deadlines,
        ladder,
        after,
    })
}

/// A ladder whose last step before the date is long before it leaves the days that matter most to memory.
fn remark_early_end(raw: &RawRule, ladder: &Ladder, called: &str, faults: &mut Faults) {
    let before = ladder.steps().iter().map(|step| step.days_left()).filter(|left| *left >= 0);
    let (Some(last), Some(remind)) = (before.min(), raw.remind.given()) else { return };
    let Some(silent) = [14, 7].into_iter().find(|days| last > *days) else { return };
    let message = format!(
        "{called}: its last step is {last} days before the date, so nothing is said in the last {silent} days; {} speak there",
        if silent == 14 { "14, 7, 1 and 0" } else { "7, 1 and 0" }
    );
    faults.remark(remind.span.clone(), message);
}

/// The same for a ladder that speaks at once only because an override says so.
fn remark_told_by_overrides(raw: &RawRules, rules: &[Rule], routing: &Routing, faults: &mut Faults) {
    for raw in raw.rule.given().map(Vec::as_slice).unwrap_or_default() {
        let name = raw.name.given().map(|name| name.get_ref().as_str());
        let rule = rules.iter().find(|rule| Some(&*rule.name) == name && rule.delivery != Delivery::Now);
        let Some((rule, ladder)) = rule.and_then(|rule| Some((rule, rule.ladder.as_ref()?))) else {
            continue;
        };
        if let Some(place) = routing.told_at_once(rule) {
            let called = format!("{}, as the override at {place} has it", called(raw));
            remark_early_end(raw, ladder, &called, faults);
        }
    }
}

/// A required key whose value is one of a few words.
fn word<T, const N: usize>(
    field: &Field<toml::Spanned<String>>,
    key: &str,
    called: &str,
    raw: &RawRule,
    parse: impl Fn(&str) -> Option<T>,
    words: [&'static str; N],
    faults: &mut Faults,
) -> Option<T> {
    let text = field.require(key, called, &raw.span, faults)?;
    let value = parse(text.get_ref());
    if value.is_none() {
        let hint = hint(text.get_ref(), "known", words);
        faults.add(text.span(), format!("{called}: `{key}` has no value `{}` ({hint})", text.get_ref()));
    }
    value
}

fn loudness(raw: &RawRule, on: On, called: &str, is_silent: bool, faults: &mut Faults) -> Option<Loudness> {
    if is_silent && raw.severity.is_absent() {
        return Some(Loudness::OfCause);
    }
    let text = raw.severity.require("severity", called, &raw.span, faults)?;
    match (text.get_ref().as_str(), on) {
        (OF_NOTICE, On::Notice) | (OF_TROUBLE, On::Trouble) => Some(Loudness::OfCause),
        (OF_NOTICE | OF_TROUBLE, _) => {
            let message =
                format!("{called} is on a {}, so its severity cannot be `{}`", on.as_str(), text.get_ref());
            faults.add(text.span(), message);
            None
        }
        (word, _) => severity(word, text.span(), faults).map(Loudness::Fixed),
    }
}

/// The keys of a rule on deadlines: `deadline`, and `remind` as a ladder.
fn clock_keys(
    raw: &RawRule,
    on: On,
    called: &str,
    is_silent: bool,
    known: &Vocabulary,
    faults: &mut Faults,
) -> (Deadlines, Option<Ladder>) {
    if on != On::Deadline {
        if let Some(value) = raw.deadline.given() {
            let message = format!("{called} is on a {}, which has no `deadline`", on.as_str());
            faults.add(value.span.clone(), message);
        }
        return (Deadlines::All, None);
    }
    let deadlines = raw.deadline.require("deadline", called, &raw.span, faults);
    let deadlines = deadlines.and_then(|value| deadline_ids(value, called, known, faults));
    let ladder = match (raw.remind.given(), is_silent) {
        (None, true) => None,
        _ => {
            let remind = raw.remind.require("remind", called, &raw.span, faults);
            remind.and_then(|value| ladder(value, called, faults))
        }
    };
    (deadlines.unwrap_or(Deadlines::All), ladder)
}

fn deadline_ids(
    value: &RawValue,
    called: &str,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Option<Deadlines> {
    if matches!(&value.kind, RawKind::Text(text) if text == "*") {
        return Some(Deadlines::All);
    }
    let words = words("deadline", value, faults)?;
    for (id, span) in &words {
        if !known.deadlines().any(|name| *name == **id) {
            let hint = hint(id, "known", known.deadlines());
            faults.add(span.clone(), format!("{called}: there is no deadline `{id}` ({hint})"));
        }
    }
    Some(Deadlines::Ids(words.into_iter().map(|(id, _)| id).collect()))
}

pub(super) fn ladder(value: &RawValue, called: &str, faults: &mut Faults) -> Option<Ladder> {
    let RawKind::List(items) = &value.kind else {
        faults.add(
            value.span.clone(),
            format!("{called}: `remind` must be a list like [30, 7, 1, \"overdue\"]"),
        );
        return None;
    };
    let mut steps: Vec<Step> = Vec::with_capacity(items.len());
    for item in items {
        let Some(step) = step(item) else {
            let message = format!(
                "{called}: a step of `remind` is 0 to {STEP_DAYS_MAX} days, \"overdue\" or \"overdue+7\""
            );
            faults.add(item.span.clone(), message);
            return None;
        };
        if let Some(last) = steps.last().filter(|last| step.days_left() >= last.days_left()) {
            let message =
                format!("{called}: the steps of `remind` must descend, and {step} stands behind {last}");
            faults.add(item.span.clone(), message);
            return None;
        }
        steps.push(step);
    }
    let ladder = Ladder::of(&steps);
    if ladder.is_none() {
        faults.add(value.span.clone(), format!("{called}: `remind` has no step"));
    }
    ladder
}

/// `30`, `"overdue"` or `"overdue+7"`; a number in quotes counts too.
pub(super) fn step(value: &RawValue) -> Option<Step> {
    let days = match &value.kind {
        RawKind::Integer(days) => *days,
        RawKind::Text(text) => return Step::parse(text),
        _ => return None,
    };
    u16::try_from(days).ok().filter(|days| *days <= STEP_DAYS_MAX).map(Step::Days)
}

fn severity_from(
    raw: &RawRule,
    on: On,
    ladder: Option<&Ladder>,
    faults: &mut Faults,
) -> Vec<(i64, crate::place::Severity)> {
    let mut steps: Vec<(i64, crate::place::Severity)> = Vec::new();
    for item in raw.severity_from.given().map(Vec::as_slice).unwrap_or_default() {
        let owner = super::raw::RawSeverityStep::OWNER;
        let days = item.days.require("days", owner, &item.span, faults);
        let word = item.severity.require("severity", owner, &item.span, faults);
        let (Some(days), Some(word)) = (days, word) else { continue };
        let Some(severity) = severity(word.get_ref(), word.span(), faults) else { continue };
        if on != On::Deadline {
            faults.add(item.span.clone(), "only a rule on deadlines has `severity_from`");
        } else if steps.last().is_some_and(|(last, _)| days.get_ref() >= last) {
            faults.add(days.span(), "the days of `severity_from` must descend");
        } else if ladder
            .is_some_and(|ladder| ladder.steps().iter().all(|step| step.days_left() > *days.get_ref()))
        {
            let message = format!("`remind` has no step at {} days or later", days.get_ref());
            faults.add(days.span(), message);
        }
        steps.push((*days.get_ref(), severity));
    }
    steps
}

/// The text of a step of the playbook.
pub(super) fn next_step_of(
    key: &toml::Spanned<String>,
    called: &str,
    playbook: &Playbook,
    faults: &mut Faults,
) -> Box<str> {
    match playbook.get(key.get_ref()) {
        Some(text) => text.into(),
        None => {
            let hint = hint(key.get_ref(), "known", playbook.keys());
            let message = format!("{called}: the playbook has no step `{}` ({hint})", key.get_ref());
            faults.add(key.span(), message);
            "".into()
        }
    }
}

/// A rule behind one that holds whenever it does, in the same file, can never decide: that is a mistake. In another file it is an
/// operator's own rule that overrides, and [`front`](super::front) tells of it.
fn check_shadow(earlier: &[Rule], rule: &Rule, raw: &RawRule, faults: &mut Faults) {
    let Some(first) = earlier.iter().find(|first| first.covers(rule)) else { return };
    let span: Range<usize> = raw.name.given().map_or(raw.span.clone(), toml::Spanned::span);
    let reason = match (first.condition.0.is_empty(), rule.condition.implies(&first.condition)) {
        (true, _) => "has no condition and",
        (false, true) if first.condition.implies(&rule.condition) => "has the same condition and",
        _ => "holds whenever it does and",
    };
    let message = format!(
        "rule `{}` can never match: `{}` (at {}) {reason} is asked first",
        rule.name, first.name, first.place
    );
    faults.add(span, message);
}

/// What a rule replaces are rules of later files on the same subject.
fn check_replaces(raw: &RawRules, rules: &[Rule], names: &BTreeMap<String, String>, faults: &mut Faults) {
    for raw in raw.rule.given().map(Vec::as_slice).unwrap_or_default() {
        let called = called(raw);
        let own = raw.name.given().and_then(|name| rules.iter().find(|rule| &*rule.name == name.get_ref()));
        for name in raw.replaces.given().map(Vec::as_slice).unwrap_or_default() {
            let text = name.get_ref();
            if !names.contains_key(text) {
                let may_replace =
                    |rule: &&Rule| own.is_none_or(|own| rule.file > own.file && rule.on == own.on);
                let behind: Vec<&str> = rules.iter().filter(may_replace).map(|rule| &*rule.name).collect();
                let hint = hint(text, "rules of later files", behind);
                faults.add(
                    name.span(),
                    format!("{called} replaces `{text}`, and there is no such rule ({hint})"),
                );
                continue;
            }
            let other = rules.iter().find(|rule| *rule.name == **text);
            let (Some(own), Some(other)) = (own, other) else { continue };
            let reason = if other.file <= own.file {
                format!("which stands in no later file (at {}), so it is not asked in its place", other.place)
            } else if other.on != own.on {
                format!("which is on a {}", other.on.as_str())
            } else {
                continue;
            };
            faults.add(name.span(), format!("{called} replaces `{text}`, {reason}"));
        }
    }
}

fn tests_of(raw: &RawRule, rule: &Rule, known: &Vocabulary, faults: &mut Faults) -> Vec<TestCase> {
    let tests = raw.test.given().map(Vec::as_slice).unwrap_or_default();
    let read = |(index, test)| testread::read(test, rule, index + 1, known, faults);
    tests.iter().enumerate().filter_map(read).collect()
}
