//! The samples with which templates are tried, held against what templates can show.

use std::collections::BTreeSet;

use expect_test::expect;
use serde_json::Value;

use super::*;
use crate::clock::{CUSTOMS_ZONE, Zone};

/// Lists and optional values: what a template can ask for and not find, by name of template and path.
#[derive(Default)]
struct Parts {
    filled: BTreeSet<String>,
    blank: BTreeSet<String>,
}

impl Parts {
    fn note(&mut self, path: String, value: &Value) {
        let is_blank = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if is_blank {
            self.blank.insert(path);
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.note(format!("{path}[]"), item)),
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| self.note(format!("{path}.{name}"), member));
            }
            _ => {}
        }
        self.filled.insert(path);
    }
}

fn settings() -> MailSettings {
    let zone = Zone::named(CUSTOMS_ZONE).expect("the system has the tz database");
    MailSettings::new("entrywatch <alerts@example.com>", "example.com", zone).expect("good settings")
}

/// A template that fails only where a part is there, or only where it is not, must meet a sample of that kind.
#[test]
fn each_part_of_a_mail_is_there_in_one_sample_and_absent_in_another() {
    let mut parts = Parts::default();
    let mut letters = sample::letters();
    letters.extend(sample::large_letters());
    for (letter, alerts) in &letters {
        let mut view = View::of(letter, alerts, &settings());
        loop {
            let (name, _) = view.templates();
            parts.note(name.to_owned(), &serde_json::to_value(&view).expect("JSON"));
            if matches!(&view, View::Alert(mail) if mail.ack.is_some()) || !view.set_link(sample::LINK) {
                break;
            }
        }
    }
    let never: Vec<&String> = parts.blank.difference(&parts.filled).collect();
    assert!(never.is_empty(), "no sample has {never:?}");
    // A name that is new here wants a sample without it, or stands in every letter.
    let always: Vec<&str> = parts.filled.difference(&parts.blank).map(|path| &**path).collect();
    expect![[r#"
        alert.txt
        alert.txt.heading
        alert.txt.letter
        alert.txt.notes[]
        alert.txt.recipient
        alert.txt.sections
        alert.txt.sections[]
        alert.txt.sections[].as_of
        alert.txt.sections[].clock.basis
        alert.txt.sections[].clock.due
        alert.txt.sections[].clock.from[]
        alert.txt.sections[].clock.key
        alert.txt.sections[].clock.more[]
        alert.txt.sections[].clock.more[].label
        alert.txt.sections[].clock.more[].value
        alert.txt.sections[].clock.name
        alert.txt.sections[].clock.steps[]
        alert.txt.sections[].code.code
        alert.txt.sections[].deadlines[]
        alert.txt.sections[].deadlines[].basis
        alert.txt.sections[].deadlines[].due
        alert.txt.sections[].deadlines[].key
        alert.txt.sections[].deadlines[].name
        alert.txt.sections[].details[]
        alert.txt.sections[].details[].label
        alert.txt.sections[].details[].value
        alert.txt.sections[].entry.facts
        alert.txt.sections[].entry.facts[]
        alert.txt.sections[].entry.facts[].label
        alert.txt.sections[].entry.facts[].value
        alert.txt.sections[].entry.holds[]
        alert.txt.sections[].entry.number
        alert.txt.sections[].glance
        alert.txt.sections[].glance[]
        alert.txt.sections[].glance[].label
        alert.txt.sections[].glance[].value
        alert.txt.sections[].happened
        alert.txt.sections[].heading
        alert.txt.sections[].key
        alert.txt.sections[].next_step[]
        alert.txt.sections[].rule
        alert.txt.sections[].tone
        alert.txt.sections[].tone.class
        alert.txt.sections[].tone.colour
        alert.txt.sections[].tone.word
        alert.txt.subject
        alert.txt.table[]
        alert.txt.table[].entry
        alert.txt.table[].tone
        alert.txt.table[].tone.class
        alert.txt.table[].tone.colour
        alert.txt.table[].tone.word
        alert.txt.table[].what
        alert.txt.tone
        alert.txt.tone.class
        alert.txt.tone.colour
        alert.txt.tone.word
        alert.txt.written_at
        digest.txt
        digest.txt.alerts
        digest.txt.counts
        digest.txt.counts[]
        digest.txt.counts[].count
        digest.txt.counts[].tone
        digest.txt.counts[].tone.class
        digest.txt.counts[].tone.colour
        digest.txt.counts[].tone.word
        digest.txt.day
        digest.txt.entries
        digest.txt.groups
        digest.txt.groups[]
        digest.txt.groups[].heading
        digest.txt.groups[].rows
        digest.txt.groups[].rows[]
        digest.txt.groups[].rows[].event
        digest.txt.groups[].rows[].key
        digest.txt.groups[].rows[].rule
        digest.txt.groups[].rows[].tone
        digest.txt.groups[].rows[].tone.class
        digest.txt.groups[].rows[].tone.colour
        digest.txt.groups[].rows[].tone.word
        digest.txt.letter
        digest.txt.recipient
        digest.txt.subject
        digest.txt.tone
        digest.txt.tone.class
        digest.txt.tone.colour
        digest.txt.tone.word"#]]
    .assert_eq(&always.join("\n"));
}
