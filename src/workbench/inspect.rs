//! What `check` should tell of rules that are sound: templates that fail when a rule fires, and rules that overlap.

use crate::email::{Renderer, SampleSubject, letters_of_rule};
use crate::grammar::CodeTables;
use crate::outbox::Audience;
use crate::place::Severity;
use crate::rules::{Delivery, On, Rule, Rules};

/// Overlaps that are told one by one; the rest is counted.
const OVERLAPS_SHOWN: usize = 20;

/// Renders the letters that every rule may lead to; answers how many, or what fails.
pub fn render_all(rules: &Rules, renderer: &Renderer) -> Result<usize, String> {
    let mut rendered = 0;
    let mut failed = Vec::new();
    for rule in rules.iter().filter(|rule| rule.delivery != Delivery::None) {
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
    let people = |rule: &Rule| {
        let severity = rule.fixed_severity().unwrap_or(Severity::Critical);
        audience.recipients(rule.notify.iter().map(|team| &**team), severity)
    };
    let overlaps = rules.overlaps(tables, &people);
    let more = overlaps.len().saturating_sub(OVERLAPS_SHOWN);
    let mut sentences: Vec<String> = overlaps
        .iter()
        .take(OVERLAPS_SHOWN)
        .map(|overlap| {
            format!(
                "`{}` and `{}` both hold for {} of the events tried ({}) and both mail {}; `{}` is asked first and decides",
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
