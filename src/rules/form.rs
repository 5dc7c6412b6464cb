//! The form of what conditions compare: an entry number has eleven characters, a port four digits. What is written in another
//! form than the messages' own can never fit, and says so when the file is loaded.

use super::literals::literals;
use super::matcher::TextMatch;
use crate::diagnostic::{Faults, RawKind, RawValue};
use crate::ident::{BillOfLading, EntryNumber};

const ENTRY_CHARS: usize = 11;
const PORT_CHARS: usize = 4;
const FILER_CHARS: usize = 3;
/// Importer numbers are kept as messages write them; no field that has one is longer.
const IMPORTER_CHARS_MAX: usize = 12;
const CONTAINER_CHARS_MAX: usize = 15;

/// A fault for each literal, prefix or glob that no message could have.
pub(super) fn check(key: &str, wanted: &TextMatch, value: &RawValue, faults: &mut Faults) {
    match wanted {
        TextMatch::In(_) => {
            for (word, span) in literals(value) {
                if let Some(message) = of_whole(key, word) {
                    faults.add(span, message);
                } else if let Some(remark) = remark(key, word) {
                    faults.remark(span, remark);
                }
            }
        }
        TextMatch::Prefix(start) => {
            if let Some(message) = of_part(key, start) {
                faults.add(pattern_span(value), message);
            }
        }
        TextMatch::Glob(pattern) => {
            // Whatever stands between the wildcards must be part of the whole.
            let parts = pattern.split(['*', '?']);
            let message = match pattern.contains(['*', '?']) {
                true => parts.filter(|part| !part.is_empty()).find_map(|part| of_part(key, part)),
                false => of_whole(key, pattern),
            };
            if let Some(message) = message {
                faults.add(pattern_span(value), message);
            }
        }
        TextMatch::Regex(_) => {}
    }
}

/// The text of `{ prefix = "27" }`.
fn pattern_span(value: &RawValue) -> std::ops::Range<usize> {
    match &value.kind {
        RawKind::Table(items) => items.first().map_or(value.span.clone(), |(_, value)| value.span.clone()),
        _ => value.span.clone(),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_capitals(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// What is wrong with a whole value.
fn of_whole(key: &str, text: &str) -> Option<String> {
    match key {
        "entry_number" => match EntryNumber::parse(text) {
            None => Some(format!(
                "`{text}` is no entry number: {ENTRY_CHARS} letters and digits, the last eight digits (example: ABC12345676)"
            )),
            Some(number) if number.as_str() != text => Some(format!(
                "an entry number is compared without hyphens and in capitals: `{}`",
                number.as_str()
            )),
            Some(_) => None,
        },
        "port" if text.len() != PORT_CHARS || !is_digits(text) => {
            Some(format!("`{text}` is no port: {PORT_CHARS} digits (example: 2704)"))
        }
        "filer" if text.len() != FILER_CHARS || !is_capitals(text) => {
            Some(format!("`{text}` is no filer code: {FILER_CHARS} capital letters or digits (example: ABC)"))
        }
        "bill" => match BillOfLading::parse(text) {
            Some(bill) if bill.as_str() != text => Some(format!(
                "a bill is compared without blanks and punctuation and in capitals: `{}`",
                bill.as_str()
            )),
            Some(_) => None,
            None => Some(format!("`{text}` is no bill of lading (example: MAEU123456789)")),
        },
        _ => of_part(key, text),
    }
}

/// What is wrong with a part of a value.
fn of_part(key: &str, text: &str) -> Option<String> {
    let is_long = |chars_max: usize| text.chars().count() > chars_max;
    match key {
        "entry_number" if is_long(ENTRY_CHARS) || !is_capitals(text) => Some(format!(
            "no entry number has `{text}` in it: it is compared as {ENTRY_CHARS} capital letters and digits without hyphens"
        )),
        "port" if is_long(PORT_CHARS) || !is_digits(text) => {
            Some(format!("no port has `{text}` in it: a port has {PORT_CHARS} digits"))
        }
        "filer" if is_long(FILER_CHARS) || !is_capitals(text) => {
            Some(format!("no filer code has `{text}` in it: it has {FILER_CHARS} capital letters or digits"))
        }
        "bill" if !is_capitals(text) => Some(format!(
            "no bill has `{text}` in it: bills are compared in capitals, without blanks and punctuation"
        )),
        "importer" if is_long(IMPORTER_CHARS_MAX) || text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Some(format!(
                "no importer number has `{text}` in it: up to {IMPORTER_CHARS_MAX} characters like 12-345678900, letters in capitals"
            ))
        }
        "container" if is_long(CONTAINER_CHARS_MAX) || text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Some(format!("no container has `{text}` in it: capital letters and digits like ABCU1234567"))
        }
        _ => None,
    }
}

/// What is probably wrong, and cannot be refused.
fn remark(key: &str, text: &str) -> Option<String> {
    let number = EntryNumber::parse(text).filter(|_| key == "entry_number")?;
    (number.check_digit_offset() != 0).then(|| {
        format!("the check digit of entry number `{number}` is wrong, unless CBP gave its filer an offset")
    })
}
