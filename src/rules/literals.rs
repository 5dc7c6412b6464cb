//! Literal values in conditions: what names something must name what there is.

use std::ops::Range;

use super::On;
use super::compile::{Compiler, Item};
use super::form;
use super::keys::Subject;
use super::matcher::TextMatch;
use super::vocabulary::Vocabulary;
use crate::diagnostic::{Faults, RawKind, RawValue, hint, names};

/// The code table whose codes are the entry types.
const ENTRY_TYPES: &str = "entry-types";

impl Compiler<'_> {
    /// The comparison of a text. Names of things that somebody defines must be defined, and what has a form must have it:
    /// else nothing could ever fit.
    pub fn text(&self, key: &str, value: &RawValue, faults: &mut Faults) -> Option<TextMatch> {
        let before = faults.len();
        self.check_literals(key, value, faults);
        let wanted = TextMatch::read(key, value, faults)?;
        if faults.len() == before {
            self.check_pattern(key, &wanted, value, faults);
            form::check(key, &wanted, value, faults);
        }
        Some(wanted)
    }

    fn check_literals(&self, key: &str, value: &RawValue, faults: &mut Faults) {
        let known = self.known;
        match key {
            "table" => self.check_names(key, value, known.has_tables(), known.tables(), faults),
            "agency" | "hold_agency" => {
                self.check_names(key, value, known.agencies().next().is_some(), known.agencies(), faults);
            }
            "broker" => {
                self.check_names(key, value, known.brokers().next().is_some(), known.brokers(), faults);
            }
            "hold_code" if known.has_tables() => {
                for (code, span) in literals(value) {
                    if !known.tables().any(|table| known.has_code(table, code)) {
                        faults.add(
                            span,
                            format!("no code table has the code `{code}`, so no hold is under it"),
                        );
                    }
                }
            }
            "open_deadline" => self.check_names(key, value, true, known.deadlines(), faults),
            "entry_type" => {
                let types = known.codes(ENTRY_TYPES);
                let types = types.into_iter().flatten();
                self.check_names(key, value, types.clone().next().is_some(), types, faults);
            }
            _ => {}
        }
    }

    /// A pattern over names that somebody defines must fit one of them.
    fn check_pattern(&self, key: &str, wanted: &TextMatch, value: &RawValue, faults: &mut Faults) {
        if matches!(wanted, TextMatch::In(_)) {
            return;
        }
        let known = self.known;
        let all: Vec<&str> = match key {
            "table" => known.tables().collect(),
            "agency" | "hold_agency" => known.agencies().collect(),
            "broker" => known.brokers().collect(),
            "open_deadline" => known.deadlines().collect(),
            "entry_type" => known.codes(ENTRY_TYPES).into_iter().flatten().collect(),
            _ => return,
        };
        if !all.is_empty() && !all.iter().any(|name| wanted.matches(name)) {
            let message = format!("`{key}` fits nothing that is known (known: {})", names(all));
            faults.add(value.span.clone(), message);
        }
    }

    /// Literal names must be known ones.
    fn check_names<'n>(
        &self,
        key: &str,
        value: &RawValue,
        is_checked: bool,
        known: impl Iterator<Item = &'n str> + Clone,
        faults: &mut Faults,
    ) {
        for (word, span) in literals(value).filter(|_| is_checked) {
            if !known.clone().any(|name| name == word) {
                let hint = hint(word, "known", known.clone());
                faults.add(span, format!("`{key}` names `{word}`, which is not known ({hint})"));
            }
        }
    }

    /// Literal codes must stand in the tables that the same condition names, else in any table.
    pub fn check_codes(&self, items: &[Item], faults: &mut Faults) {
        let find = |key: &str| items.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value);
        let Some(codes) = find("code") else { return };
        if self.on == Subject::Rule(On::Trouble) {
            return self.check_names("code", codes, true, Vocabulary::troubles(), faults);
        }
        if self.on == Subject::Rule(On::Silence) {
            return self.check_names("code", codes, true, Vocabulary::silences(), faults);
        }
        if self.on != Subject::Rule(On::Notice) || !self.known.has_tables() {
            return;
        }
        let tables: Vec<&str> = match find("table") {
            Some(tables) => literals(tables).map(|(word, _)| word).collect(),
            None => self.known.tables().collect(),
        };
        if !tables.iter().any(|table| self.known.codes(table).is_some()) {
            return;
        }
        for (code, span) in literals(codes) {
            if !tables.iter().any(|table| self.known.has_code(table, code)) {
                let message = match tables[..] {
                    [table] => {
                        let known = self.known.codes(table).into_iter().flatten();
                        let hint = names(known);
                        format!("the table `{table}` has no code `{code}` (codes: {hint})")
                    }
                    _ => format!("no code table has the code `{code}`"),
                };
                faults.add(span, message);
            }
        }
    }
}

/// The texts of a value that is a text or a list of texts.
pub(super) fn literals(value: &RawValue) -> impl Iterator<Item = (&str, Range<usize>)> {
    let items = match &value.kind {
        RawKind::List(items) => &items[..],
        _ => std::slice::from_ref(value),
    };
    items.iter().filter_map(|item| match &item.kind {
        RawKind::Text(text) => Some((text.as_str(), item.span.clone())),
        _ => None,
    })
}
