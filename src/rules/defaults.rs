//! `[defaults]`: what the rules of one file have unless they say otherwise.
//!
//! They are checked once, where they stand, and then written into each rule that leaves the key out and can have it.

use super::compile::severity;
use super::ladder::Ladder;
use super::parse::{ladder, next_step_of};
use super::plan::{Gather, Repeat};
use super::raw::{RawDefaults, RawRule, RawRules};
use super::routing::People;
use super::{Delivery, On, Playbook, answering};
use crate::diagnostic::{Faults, Field, RawKind, RawValue, WrittenTable, hint};

const CALLED: &str = RawDefaults::OWNER;

/// Fills in what the rules of a file leave out.
pub(super) fn apply(raw: &mut RawRules, people: &People<'_>, playbook: &Playbook, faults: &mut Faults) {
    let Field::Given(defaults) = &mut raw.defaults else { return };
    if written(defaults) == 0 {
        faults.add(defaults.span.clone(), format!("{CALLED} says nothing"));
    }
    check(defaults, people, playbook, faults);
    let defaults = defaults.clone();
    if let Field::Given(rules) = &mut raw.rule {
        rules.iter_mut().for_each(|rule| inherit(rule, &defaults));
    }
}

/// How many keys are there.
fn written(defaults: &RawDefaults) -> usize {
    let RawDefaults {
        span: _,
        severity,
        delivery,
        notify,
        next_step,
        gather,
        remind,
        ladder,
        escalate,
        reopen,
    } = defaults;
    let texts = [severity, delivery, next_step, gather].map(Field::is_absent);
    let others = [
        notify.is_absent(),
        remind.is_absent(),
        ladder.is_absent(),
        escalate.is_absent(),
        reopen.is_absent(),
    ];
    texts.into_iter().chain(others).filter(|is_absent| !is_absent).count()
}

/// A value that is wrong is told here and taken as bad, so that no rule tells it again.
fn check(defaults: &mut RawDefaults, people: &People<'_>, playbook: &Playbook, faults: &mut Faults) {
    let span = defaults.span.clone();
    checked(&mut defaults.severity, faults, |text, faults| {
        severity(text.get_ref(), text.span(), faults);
    });
    checked(&mut defaults.delivery, faults, |text, faults| {
        if Delivery::parse(text.get_ref()).is_none() {
            let hint = hint(text.get_ref(), "known", Delivery::WORDS);
            let message = format!("{CALLED}: `delivery` has no value `{}` ({hint})", text.get_ref());
            faults.add(text.span(), message);
        }
    });
    checked(&mut defaults.notify, faults, |notify, faults| {
        people.resolve(CALLED, notify, &span, faults);
    });
    checked(&mut defaults.next_step, faults, |key, faults| {
        next_step_of(key, CALLED, playbook, faults);
    });
    checked(&mut defaults.gather, faults, |text, faults| {
        let _: Gather = answering::gather(text, CALLED, faults);
    });
    checked(&mut defaults.remind, faults, plan);
    checked(&mut defaults.ladder, faults, |value, faults| {
        let _: Option<Ladder> = ladder(value, CALLED, faults);
    });
    checked(&mut defaults.escalate, faults, |list, faults| {
        answering::escalations(list, CALLED, &span, people, faults);
    });
    checked(&mut defaults.reopen, faults, |days, faults| answering::check_reopen(days, CALLED, faults));
}

fn checked<T>(field: &mut Field<T>, faults: &mut Faults, check: impl FnOnce(&T, &mut Faults)) {
    let before = faults.len();
    if let Some(value) = field.given() {
        check(value, faults);
    }
    if faults.len() > before {
        *field = Field::Bad;
    }
}

fn plan(value: &RawValue, faults: &mut Faults) {
    match &value.kind {
        RawKind::Text(text) => {
            Repeat::parse(text, value.span.clone(), CALLED, faults);
        }
        _ => faults.add(
            value.span.clone(),
            format!(
                "{CALLED}: `remind` is a text like \"at once, then every 2 days, at most 5 times\"; the ladder of rules on deadlines is `ladder`"
            ),
        ),
    }
}

/// Writes the defaults into the keys that the rule leaves out. What is said again or escalated is told at once, so rules for the
/// digest do not take that over.
fn inherit(rule: &mut RawRule, defaults: &RawDefaults) {
    fill(&mut rule.severity, &defaults.severity);
    fill(&mut rule.delivery, &defaults.delivery);
    fill(&mut rule.notify, &defaults.notify);
    fill(&mut rule.next_step, &defaults.next_step);
    fill(&mut rule.gather, &defaults.gather);
    let word = |field: &Field<toml::Spanned<String>>| field.given().map(|text| text.get_ref().clone());
    let delivery = word(&rule.delivery).map_or(Some(Delivery::Now), |word| Delivery::parse(&word));
    let is_deadline = word(&rule.on).is_some_and(|on| On::parse(&on) == Some(On::Deadline));
    if is_deadline && delivery != Some(Delivery::None) {
        fill(&mut rule.remind, &defaults.ladder);
    }
    if is_deadline {
        fill(&mut rule.reopen, &defaults.reopen);
    }
    if delivery == Some(Delivery::Now) {
        fill(&mut rule.escalate, &defaults.escalate);
        if !is_deadline {
            fill(&mut rule.remind, &defaults.remind);
        }
    }
}

fn fill<T: Clone>(own: &mut Field<T>, default: &Field<T>) {
    if own.is_absent() {
        *own = default.clone();
    }
}
