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
    expect![[r#""#]].assert_eq(&always.join("\n"));
}
