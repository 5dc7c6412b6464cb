//! What to do next: short imperative texts by key, embedded and overridable.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Faults, RawKind, RawValue, Source, hint, read_toml, written};

/// The name under which messages show the embedded file.
pub const EMBEDDED_NAME: &str = "rules/playbook.toml";
pub const EMBEDDED: &str = include_str!("../../rules/playbook.toml");

/// A text longer than this does not fit an alert.
const TEXT_CHARS_MAX: usize = 1_500;

written! {
    pub(super) struct RawPlaybook as "the playbook" {
        next_step: RawValue,
    }
}

/// Next steps by key.
#[derive(Clone, Debug, Default)]
pub struct Playbook {
    steps: BTreeMap<Box<str>, Box<str>>,
    added: Vec<Added>,
}

/// A file that was added.
#[derive(Clone, Debug)]
struct Added {
    source: Source,
    /// The keys that were not there before, and their places.
    new: Vec<(Box<str>, Range<usize>)>,
}

impl Playbook {
    /// The texts that the binary carries.
    pub fn embedded() -> Self {
        let own = Self::default().with(EMBEDDED_NAME, EMBEDDED).expect("a test reads the embedded playbook");
        Self { added: Vec::new(), ..own }
    }

    /// Adds the texts of a file; a key that is there already is replaced.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn with(mut self, name: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = Source::new(name, text);
        let (raw, mut faults) = read_toml::<RawPlaybook>(&source);
        self.added.push(Added { source, new: Vec::new() });
        if let Some(value) = raw.as_ref().and_then(|raw| raw.next_step.given()) {
            self.add(value, &mut faults);
        }
        if faults.is_empty() { Ok(self) } else { Err(faults.into_sorted()) }
    }

    fn add(&mut self, value: &RawValue, faults: &mut Faults) {
        let RawKind::Table(items) = &value.kind else {
            return faults.add(value.span.clone(), "`next_step` must be a table of texts");
        };
        for (key, value) in items {
            match &value.kind {
                RawKind::Text(text) if text.chars().count() > TEXT_CHARS_MAX => {
                    let message =
                        format!("the step `{}` is longer than {TEXT_CHARS_MAX} characters", key.get_ref());
                    faults.add(value.span.clone(), message);
                }
                RawKind::Text(text) if text.trim().is_empty() => {
                    let message = format!(
                        "the step `{}` is blank: say what to do, or leave the key out",
                        key.get_ref()
                    );
                    faults.add(value.span.clone(), message);
                }
                RawKind::Text(text) => {
                    let name: Box<str> = key.get_ref().as_str().into();
                    let is_new = self.steps.insert(name.clone(), text.trim().into()).is_none();
                    if let Some(added) = self.added.last_mut().filter(|_| is_new) {
                        added.new.push((name, key.span()));
                    }
                }
                _ => {
                    let message =
                        format!("`{}` must be a text in quotes, not {}", key.get_ref(), value.kind_name());
                    faults.add(value.span.clone(), message);
                }
            }
        }
    }

    /// Steps of added files that replace none and that no rule names: a mistyped key leaves the text as it was that it should replace.
    pub(super) fn unnamed(&self, is_named: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        for Added { source, new } in &self.added {
            let mut found = Faults::of(source.clone());
            for (key, span) in new.iter().filter(|(key, _)| !is_named(key)) {
                let others = self.keys().filter(|other| **other != **key);
                let hint = hint(key, "known", others);
                found.remark(
                    span.clone(),
                    format!("no rule names the step `{key}`, and it replaces none ({hint})"),
                );
            }
            remarks.extend(found.take_remarks());
        }
        remarks
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.steps.get(key).map(|text| &**text)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.steps.keys().map(|key| &**key)
    }
}
