//! What `check` should tell of rules that are sound: templates that fail when a rule fires, rules that overlap, rules in front that
//! keep others quiet, letters that reach nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::email::{Renderer, SampleSubject, letters_of_rule};
use crate::grammar::CodeTables;
use crate::outbox::Audience;
use crate::rules::{Behind, Delivery, Effective, Front, On, Rule, Rules, Smothered, Step, Untried};
use crate::words::count;

/// Overlaps that are told one by one; the rest is counted.
const OVERLAPS_SHOWN: usize = 20;

/// Rules that a sentence names.
const RULES_NAMED: usize = 5;

/// Renders the letters that every rule may lead to; answers how many, or what fails.
pub fn render_all(rules: &Rules, renderer: &Renderer) -> Result<usize, String> {
    let mut rendered = 0;
    let mut failed = Vec::new();
    for rule in rules.iter().filter(|rule| rules.effective(rule).any(|told| told.is_told())) {
        let subject = match rule.on {
            On::Notice => SampleSubject::Notice,
            On::Deadline => SampleSubject::Deadline,
            On::Trouble | On::Silence => SampleSubject::Trouble,
        };
        for (letter, alerts) in letters_of_rule(subject, &rule.name, &rule.title, &rule.next_step) {
            match renderer.try_render(&letter, &alerts) {
                Ok(_) => rendered += 1,
                Err(error) => failed.push(format!("rule `{}` ({}): {error}", rule.name, rule.place)),
            }
        }
    }
    failed.dedup();
    if failed.is_empty() { Ok(rendered) } else { Err(failed.join("; ")) }
}

/// Rules that cross, a sentence each.
pub fn overlaps(rules: &Rules, tables: &CodeTables, audience: &Audience) -> Vec<String> {
    let people =
        |told: &Effective<'_>| audience.recipients(told.notify.iter().map(|team| &**team), told.loudest);
    let overlaps = rules.overlaps(tables, &people);
    let more = overlaps.len().saturating_sub(OVERLAPS_SHOWN);
    let mut sentences: Vec<String> = overlaps
        .iter()
        .take(OVERLAPS_SHOWN)
        .map(|overlap| {
            let changed = match &overlap.overrides[..] {
                [] => String::new(),
                [one] => format!(", as the override at {one} has it,"),
                all => format!(", as the overrides at {} have it,", all.join(" and ")),
            };
            format!(
                "`{}` and `{}` both hold for {} of the events tried ({}) and{changed} both mail {}; `{}` is asked first and decides",
                overlap.first,
                overlap.second,
                overlap.events,
                overlap.example,
                overlap.people.join(", "),
                overlap.first,
            )
        })
        .collect();
    if more > 0 {
        sentences.push(format!("{more} more pairs"));
    }
    sentences
}

/// Something that is no fault, and that somebody should know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// What it is about, in a word or two.
    pub what: &'static str,
    pub text: String,
}

/// Everything of rules that is probably not meant.
pub fn warnings(rules: &Rules, tables: &CodeTables, audience: &Audience) -> Vec<Warning> {
    let remarks = rules.remarks().iter();
    let remarks = remarks.map(|remark| Warning { what: "rules", text: remark.to_string() });
    let fronts = rules.fronts(tables);
    let fronts = fronts.iter().flat_map(in_front);
    let smothered = rules.smothered(tables);
    let smothered = smothered.iter().map(hides_nearly_all);
    remarks.chain(fronts).chain(smothered).chain(unheard(rules, audience)).collect()
}

/// What a rule in front keeps from those behind it, and good news that it makes critical.
fn in_front(front: &Front) -> Vec<Warning> {
    let mut warnings = keeps_back(front);
    warnings.extend(front.raised.as_ref().map(|raised| {
        let text = format!(
            "{} ({}) tells removals, releases or acceptances as critical: {}, like {}. \
             Say what it is for, as in effect = \"any_hold\" or severity = {{ at_least = \"warning\" }}",
            front.called,
            front.place,
            count(raised.events as u64, "event") + " of those tried",
            raised.example
        );
        Warning { what: "good news loud", text }
    }));
    warnings
}

fn keeps_back(front: &Front) -> Vec<Warning> {
    let called = format!("{} ({})", front.called, front.place);
    let named = |behind: &Behind| format!("`{}` ({})", behind.rule, behind.place);
    let mut warnings = Vec::new();
    if !front.never.is_empty() {
        let never: Vec<String> = front.never.iter().map(named).collect();
        let text = format!("behind {called} these can never be asked: {}", never.join(", "));
        warnings.push(Warning { what: "rules in front", text });
    }
    let (silent, delayed): (Vec<_>, Vec<_>) = front.muted.iter().partition(|muted| muted.is_silent);
    for (muted, instead) in [(silent, "tells nobody of"), (delayed, "does not tell at once of")] {
        if muted.is_empty() {
            continue;
        }
        let one = |muted: &&crate::rules::Muted| {
            format!("{}, {} of the events tried, like {}", named(&muted.behind), muted.events, muted.example)
        };
        let muted: Vec<String> = muted.iter().map(one).collect();
        let text = format!("{called} {instead} what is critical or a legal date: {}", muted.join("; "));
        warnings.push(Warning { what: "alerts muted", text });
    }
    warnings.extend(front.untried.iter().map(|untried| not_tried(&called, untried)));
    if !front.tests.is_empty() || front.more_tests > 0 {
        let mut tests: Vec<String> = Vec::new();
        let lost = front.tests.iter();
        tests.extend(lost.map(|test| format!("test {} of `{}` ({})", test.number, test.rule, test.place)));
        if front.more_tests > 0 {
            tests.push(format!("{} of the rules named above", count(front.more_tests, "test")));
        }
        let text = format!("with {called} in front, letters of tests are not sent: {}", tests.join(", "));
        warnings.push(Warning { what: "letters lost", text });
    }
    if let Some(last) = warnings.last_mut() {
        last.text.push_str(&meant(front));
    }
    warnings
}

fn hides_nearly_all(smothered: &Smothered) -> Warning {
    let Smothered { inhibition, place, rule, by, events, hidden } = smothered;
    let changed = by.as_ref().map(|by| format!(", as the override at {by} has it,")).unwrap_or_default();
    let events = count(*events as u64, "event");
    let text = format!(
        "inhibition `{inhibition}` ({place}) hides `{}` ({}){changed} in {hidden} of {events} tried, so that hardly anybody would hear of it: narrow its `when`",
        rule.rule, rule.place
    );
    Warning { what: "alerts hidden", text }
}

/// What nobody can say of a rule in front.
fn not_tried(called: &str, untried: &Untried) -> Warning {
    let more = untried.behind.len().saturating_sub(RULES_NAMED);
    let more = if more > 0 { format!(" and {}", count(more as u64, "more rule")) } else { String::new() };
    let names: Vec<String> =
        untried.behind.iter().take(RULES_NAMED).map(|behind| format!("`{}`", behind.rule)).collect();
    let quiet = format!("whether it keeps {}{more} quiet is not known", names.join(", "));
    let text = if untried.clauses.is_empty() {
        format!("{called} was not tried together with all rules behind it, they are too many: {quiet}")
    } else {
        let clauses = untried.clauses.join("`, `");
        format!(
            "no event could be made up for which {called} holds (`{clauses}`), so {quiet}. A `test` of the rule that it is for shows one"
        )
    };
    Warning { what: "not tried", text }
}

/// How to say that it is meant.
fn meant(front: &Front) -> String {
    if !front.may_replace {
        return ". If that is meant, name the rules in its `rules`".to_owned();
    }
    let never = front.never.iter().map(|behind| &behind.rule);
    let muted = front.muted.iter().map(|muted| &muted.behind.rule);
    let tests = front.tests.iter().map(|test| &test.rule);
    let untried = front.untried.iter().flat_map(|untried| &untried.behind).map(|behind| &behind.rule);
    let names: BTreeSet<String> =
        never.chain(muted).chain(tests).chain(untried).map(|name| format!("\"{name}\"")).collect();
    let names: Vec<String> = names.into_iter().collect();
    format!(". If that is meant, say so in the rule: replaces = [{}]", names.join(", "))
}

/// Rules whose letters reach nobody, because no team that they name takes anything as quiet.
fn unheard(rules: &Rules, audience: &Audience) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut silent = 0;
    for rule in rules.iter().filter(|rule| rule.delivery != Delivery::None) {
        let loudest = rule.loudest();
        if !audience.recipients(rule.notify.iter().map(|team| &**team), loudest).is_empty() {
            continue;
        }
        if rule.is_routed {
            silent += 1;
            continue;
        }
        let teams: Vec<&str> = rule.notify.iter().map(|team| &**team).collect();
        let text = format!(
            "rule `{}` ({}) tells {} of what is {} at most, and none of them takes that (severity_min): nobody gets its letters",
            rule.name,
            rule.place,
            teams.join(", "),
            loudest.as_str(),
        );
        warnings.push(Warning { what: "letters to nobody", text });
    }
    if silent > 0 {
        let rules = count(silent, "rule");
        let text =
            format!("{rules} without `notify` would tell all teams, and no team takes anything as quiet");
        warnings.push(Warning { what: "letters to nobody", text });
    }
    warnings.extend(first_steps_to_nobody(rules, audience));
    warnings.extend(unheard_of_brokers(rules, audience));
    warnings.extend(unanswered_of_brokers(rules));
    warnings.extend(handed_on_to_nobody(rules, audience));
    for route in rules.routes() {
        let hears =
            |severity| !audience.recipients(route.notify.iter().map(|team| &**team), severity).is_empty();
        if let Some(loudest) = route.loudest()
            && !hears(loudest)
        {
            let text = format!(
                "route `{}` ({}) is for what is {} at most, and none of its teams takes that (severity_min)",
                route.name,
                route.place,
                loudest.as_str()
            );
            warnings.push(Warning { what: "letters to nobody", text });
        }
    }
    warnings
}

/// Steps of `escalate` whose teams take nothing as quiet as the rule speaks, or as an override has it: nobody would be told that nobody
/// has answered.
fn handed_on_to_nobody(rules: &Rules, audience: &Audience) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for rule in rules.iter() {
        for step in &rule.after.escalate {
            let is_lost = |told: &Effective<'_>| {
                told.delivery == Delivery::Now
                    && audience.recipients(step.notify.iter().map(|team| &**team), told.loudest).is_empty()
            };
            let is_lost_anyway = rules.effective(rule).next().is_some_and(|base| is_lost(&base));
            let lost = rules.effective(rule).filter(is_lost);
            for told in lost.filter(|told| told.by.is_none() || !is_lost_anyway) {
                let teams: Vec<&str> = step.notify.iter().map(|team| &**team).collect();
                let text = format!(
                    "{} escalates to {}, and none of them takes what is {} (severity_min): nobody is told when nobody answers",
                    told.called(),
                    teams.join(", "),
                    told.loudest.as_str(),
                );
                warnings.push(Warning { what: "letters to nobody", text });
            }
        }
    }
    warnings
}

/// Overrides for a broker by which letters reach nobody.
fn unheard_of_brokers(rules: &Rules, audience: &Audience) -> Vec<Warning> {
    let mut lost: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let is_lost = |told: &Effective<'_>| {
        told.is_told() && audience.recipients(told.notify.iter().map(|team| &**team), told.loudest).is_empty()
    };
    for rule in rules.iter() {
        if rules.effective(rule).next().is_some_and(|base| is_lost(&base)) {
            continue;
        }
        for told in rules.effective(rule).filter(is_lost) {
            lost.entry(told.by.unwrap_or_default()).or_default().push(&rule.name);
        }
    }
    let mute = rules.iter().filter(|rule| rule.on == On::Deadline && rule.ladder().is_none());
    let mute = mute.filter_map(|rule| rules.effective(rule).find(|told| told.is_told()));
    let mute = mute.map(|told| {
        let text = format!("{} tells of clocks, but has no `remind`: nobody gets its letters", told.called());
        Warning { what: "letters to nobody", text }
    });
    let warning = |(place, rules): (&str, Vec<&str>)| {
        let text = format!(
            "the override at {place} makes {} as quiet as none of its teams takes (severity_min): nobody gets their letters",
            named(rules)
        );
        Warning { what: "letters to nobody", text }
    };
    lost.into_iter().map(warning).chain(mute).collect()
}

/// Steps of ladders that are quieter than any of their teams takes, in front of one that is not.
fn first_steps_to_nobody(rules: &Rules, audience: &Audience) -> Option<Warning> {
    let lost = rules.iter().filter(|rule| rule.delivery != Delivery::None).filter_map(|rule| {
        let hears = |step: &&Step| {
            let teams = rule.notify.iter().map(|team| &**team);
            !audience.recipients(teams, rule.severity_at(step.days_left())).is_empty()
        };
        let (heard, lost): (Vec<&Step>, Vec<&Step>) = rule.ladder()?.steps().iter().partition(hears);
        let lost: Vec<String> = lost.into_iter().map(ToString::to_string).collect();
        (!heard.is_empty() && !lost.is_empty()).then(|| format!("`{}` ({})", rule.name, lost.join(", ")))
    });
    let lost: Vec<String> = lost.collect();
    let more = lost.len().saturating_sub(RULES_NAMED);
    let more = if more > 0 { format!(" and {}", count(more as u64, "more ladder")) } else { String::new() };
    let shown: Vec<&str> = lost.iter().take(RULES_NAMED).map(String::as_str).collect();
    (!shown.is_empty()).then(|| Warning {
        what: "letters to nobody",
        text: format!(
            "these steps are as quiet as no team of their rule takes (severity_min), so nobody hears of the date before a later one: {}{more}",
            shown.join(", ")
        ),
    })
}

/// Overrides that leave to a digest what the rule says again and hands on when nobody answers.
fn unanswered_of_brokers(rules: &Rules) -> Vec<Warning> {
    let mut lost: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let asks = |rule: &Rule| rule.after.repeat.is_some() || !rule.after.escalate.is_empty();
    for rule in rules.iter().filter(|rule| rule.delivery == Delivery::Now && asks(rule)) {
        for (place, broker) in rules.overridden_brokers(rule) {
            let told = rules.tell_of_broker(rule, &broker, rule.loudest());
            if told.overridden == Some(place) && told.delivery == Delivery::Digest {
                lost.entry(place).or_default().push(&rule.name);
            }
        }
    }
    let warning = |(place, rules): (&str, Vec<&str>)| {
        let text = format!(
            "the override at {place} leaves {} to the digest, which says everything once: `remind` and `escalate` do not hold for its brokers",
            named(rules)
        );
        Warning { what: "no answer asked", text }
    };
    lost.into_iter().map(warning).collect()
}

/// The names of some rules, and how many more there are.
fn named(mut rules: Vec<&str>) -> String {
    rules.dedup();
    let more = rules.len().saturating_sub(RULES_NAMED);
    let more = if more > 0 { format!(" and {}", count(more as u64, "more rule")) } else { String::new() };
    let names: Vec<String> = rules.iter().take(RULES_NAMED).map(|rule| format!("`{rule}`")).collect();
    names.join(", ") + &more
}
