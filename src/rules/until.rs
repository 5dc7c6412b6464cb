//! The end of an alert: what `until` may ask.
//!
//! It is asked of the entry as each later file leaves it, together with the alert's own notice, and never of a later notice. So what the
//! own notice says would close the alert with the next file about anything at all, or never.

use super::compile::Compiler;
use super::condition::Condition;
use super::keys::Subject;
use super::names::{ANY_HOLD, effect_set};
use super::{On, Vocabulary};
use crate::diagnostic::{Faults, RawKind, RawValue};

/// Reads `until` of a rule whose `when` is this condition.
pub(super) fn read(
    value: &RawValue,
    (on, when): (On, &Condition),
    called: &str,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Option<Condition> {
    if on != On::Notice {
        let message = format!("{called} is on a {}; only a rule on a notice has `until`", on.as_str());
        faults.add(value.span.clone(), message);
        return None;
    }
    let before = faults.len();
    let until = Compiler { on: Subject::Until, known }.condition_of("until", value, faults);
    if faults.len() == before {
        if until.0.is_empty() {
            faults.add(value.span.clone(), format!("{called}: `until` has no condition"));
        } else if when.implies(&until) {
            let message = format!(
                "{called}: `until` holds whenever the rule does, so its alerts would be over with the next file about the entry"
            );
            faults.add(value.span.clone(), message);
        }
    }
    Some(until)
}

/// Why `until` has no such condition, for one that a rule on a notice has.
pub(super) fn refusal(key: &str, value: &RawValue) -> String {
    let reason = match key {
        "status_before" | "open_hold_before" | "known_entry" | "repeated" => {
            "is about the time before the alert's own file"
        }
        "time" | "weekday" => "says nothing about the entry",
        "broker" | "filer" | "entry_number" | "has_entry" => "never changes",
        _ => "is told by the alert's own notice and never changes",
    };
    let meant = match meant(key, value) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            "for example `released = true`, `open_hold_after = false` or `status = \"cancelled\"`".to_owned()
        }
    };
    format!("`until` asks about the entry as it is by then, and `{key}` {reason} ({meant})")
}

/// What somebody wants who waits for a notice, in terms of what it does to the entry.
fn meant(key: &str, value: &RawValue) -> Option<String> {
    let no_hold = || "open_hold_after = false".to_owned();
    match key {
        "status_before" => return Some("status".to_owned()),
        "open_hold_before" => return Some("open_hold_after".to_owned()),
        "effect" => {}
        _ => return None,
    }
    let words: Vec<&str> = match &value.kind {
        RawKind::Text(word) => vec![word],
        RawKind::List(list) => list
            .iter()
            .filter_map(|word| if let RawKind::Text(word) = &word.kind { Some(&**word) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    let is_hold = |word: &str| {
        let holds = effect_set(ANY_HOLD).unwrap_or_default();
        effect_set(word).is_some_and(|effect| effect.is_within(holds))
    };
    words.into_iter().find_map(|word| match word {
        "release" | "release_date" | "one_government" => Some("released = true".to_owned()),
        "clear" => Some(no_hold()),
        "cancelled" | "summary_cancelled" => Some("status = \"cancelled\"".to_owned()),
        "liquidated" | "reliquidated" => Some("status = \"liquidated\"".to_owned()),
        "summary_accepted" => Some("status = \"accepted\"".to_owned()),
        "suspension_lifted" => Some("suspended = false".to_owned()),
        "census_resolved" => Some("in_question = false".to_owned()),
        word if is_hold(word) => Some(no_hold()),
        _ => None,
    })
}
