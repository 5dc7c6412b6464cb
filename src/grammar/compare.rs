//! What a grammar says, one fact a line, so that two can be compared and one can be shown.

use std::collections::BTreeMap;

use super::abi::RecordLayout;
use super::x12::{Rules, SegmentLayout};
use super::{CodeTable, Grammar, SegmentKey};

/// Facts by where they stand: `record SO10 columns 05-08` says `port_of_entry, class N, use C`.
pub type Facts = BTreeMap<String, String>;

/// One difference between two grammars.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Difference {
    /// Where: a record, a field, a segment, an element, a set, a code.
    pub what: String,
    /// What the old grammar says; `None` when it says nothing.
    pub old: Option<String>,
    pub new: Option<String>,
}

/// What two grammars do not say alike, in the order of the places.
pub fn differences(old: &Grammar, new: &Grammar) -> Vec<Difference> {
    let (old, mut new) = (facts(old), facts(new));
    let mut found = Vec::new();
    for (what, old) in old {
        let new = new.remove(&what);
        if new.as_ref() != Some(&old) {
            found.push(Difference { what, old: Some(old), new });
        }
    }
    found.extend(new.into_iter().map(|(what, new)| Difference { what, old: None, new: Some(new) }));
    found.sort_by(|left, right| left.what.cmp(&right.what));
    found
}

/// Everything that a grammar says.
pub fn facts(grammar: &Grammar) -> Facts {
    let mut facts = Facts::new();
    for application in grammar.abi.applications() {
        let said = format!("{}, split by {:?}", application.title, application.split).to_lowercase();
        facts.insert(format!("application {}", application.id), said);
    }
    grammar.abi.layouts().iter().for_each(|layout| record(layout, &mut facts));
    grammar.x12.segments().for_each(|layout| segment(grammar, layout, &mut facts));
    for set in grammar.x12.sets() {
        let members = grammar.x12.segments().filter(|segment| {
            let key = SegmentKey::of(segment.id.as_bytes());
            grammar.x12.member(set, key).is_some()
        });
        let members: Vec<&str> = members.map(|segment| &*segment.id).collect();
        facts.insert(format!("set {}", set.id), format!("{}: {}", set.title, members.join(" ")));
    }
    grammar.codes.iter().for_each(|table| codes(table, &mut facts));
    facts
}

fn record(layout: &RecordLayout, facts: &mut Facts) {
    let key = &layout.key;
    let said = format!("{} of {}: {}", layout.id, layout.applications.join(", "), layout.title);
    facts.insert(format!("record {key}"), said);
    for field in &layout.fields {
        let mut said = format!("{}, class {}, use {:?}", field.name, field.class.as_str(), field.side);
        if field.decimals > 0 {
            said.push_str(&format!(", {} decimals", field.decimals));
        }
        if let Some(format) = field.format {
            said.push_str(&format!(", {format:?}").to_uppercase());
        }
        if field.signed {
            said.push_str(", signed");
        }
        let columns = format!("record {key} columns {:02}-{:02}", field.at.start + 1, field.at.end);
        facts.insert(columns, said);
    }
}

fn segment(grammar: &Grammar, layout: &SegmentLayout, facts: &mut Facts) {
    facts.insert(format!("segment {}", layout.id), layout.title.to_string());
    for (at, element) in layout.elements.iter().enumerate() {
        let said = format!("{}, data element {}, {:?}", element.name, element.de, element.class);
        facts.insert(format!("segment {} element {:02}", layout.id, at + 1), said);
    }
    for (name, release) in grammar.x12.releases() {
        if let Some(rules) = layout.rules(release) {
            facts.insert(format!("segment {} release {name}", layout.id), asked(rules));
        }
    }
}

/// What a release asks: `mandatory 1 4; at least one of 2 3`.
fn asked(rules: &Rules) -> String {
    let positions = |mask: u32| -> String {
        let set = (0..u32::BITS).filter(|bit| mask & 1 << bit != 0);
        set.map(|bit| (bit + 1).to_string()).collect::<Vec<_>>().join(" ")
    };
    let mut said = format!("mandatory {}; last {}", positions(rules.mandatory), rules.last);
    for condition in &rules.conditions {
        said.push_str(&format!("; {:?} {}", condition.kind, positions(condition.all)));
    }
    said
}

fn codes(table: &CodeTable, facts: &mut Facts) {
    for row in &table.rows {
        let severity = row.severity.map_or("", |severity| severity.as_str());
        let said = format!("{}; {severity}; {}", row.meaning, row.effect);
        let what = format!("code {} {} ({})", table.name, row.code, row.kind);
        facts.entry(what).or_insert(said);
    }
}
