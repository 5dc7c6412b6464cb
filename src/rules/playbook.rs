//! What to do next: short imperative texts by key, embedded and overridable.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Faults, RawKind, RawValue, Source, read_toml, written};

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
}

impl Playbook {
    /// The texts that the binary carries.
    pub fn embedded() -> Self {
        Self::default().with(EMBEDDED_NAME, EMBEDDED).expect("a test reads the embedded playbook")
    }

    /// Adds the texts of a file; a key that is there already is replaced.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn with(mut self, name: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (raw, mut faults) = read_toml::<RawPlaybook>(&Source::new(name, text));
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
                RawKind::Text(text) => {
                    self.steps.insert(key.get_ref().as_str().into(), text.trim().into());
                }
                _ => {
                    let message =
                        format!("`{}` must be a text in quotes, not {}", key.get_ref(), value.kind_name());
                    faults.add(value.span.clone(), message);
                }
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.steps.get(key).map(|text| &**text)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.steps.keys().map(|key| &**key)
    }
}
