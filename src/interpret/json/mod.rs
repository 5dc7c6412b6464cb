//! JSON documents to notices: facts that people record, the importer's own data, and rows of reports.

mod approved;
mod fact;
mod report;
mod shape;
mod value;

use chrono::NaiveDate;

use super::NoticeSink;
use crate::decode::json::{Document, Value};
use crate::diagnostic::{hint, names};
use crate::grammar::{Grammar, GrammarError};
use crate::place::{Finding, Grade, finding_code};

/// What the member `kind` may say.
const KINDS: [&str; 5] = ["form", "recorded", "approved_entry", "order_link", "ace_report"];

/// Reads the meaning of JSON documents.
pub struct JsonInterpreter {
    fact: fact::FactFamily,
}

impl JsonInterpreter {
    pub fn resolve(grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        Ok(Self { fact: fact::FactFamily::resolve(grammar)? })
    }

    /// `received_on` is the day on which the document came, where that is known.
    pub fn interpret(
        &self,
        document: &Document<'_>,
        received_on: Option<NaiveDate>,
        sink: &mut dyn NoticeSink,
    ) {
        shape::repeated(document, sink);
        if let Some(kind) = shape::said(&document.members, "kind")
            && !matches!(kind.value, Value::Text(_))
        {
            let wanted = format!("one of {}", names(KINDS));
            shape::misshapen(document, kind, &wanted, Grade::Error, sink);
        }
        match document.name() {
            Some("form" | "recorded") => self.fact.interpret(document, received_on, sink),
            Some("approved_entry" | "order_link") => approved::interpret(document, sink),
            Some("ace_report") => report::interpret(document, sink),
            _ => {
                let message = unknown(document);
                sink.finding(Finding::new(finding_code::UNKNOWN_SET, Grade::Error, document.place, message));
            }
        }
    }
}

/// Why nobody reads the document.
fn unknown(document: &Document<'_>) -> String {
    match document.get("kind").map(|member| &member.value) {
        Some(Value::Text(kind)) => {
            let hint = hint(kind, "kinds", KINDS);
            format!("nobody reads JSON objects of the kind `{}` ({hint})", shape::shown(kind))
        }
        Some(value) if !matches!(value, Value::Null) => {
            "nobody reads a JSON object that does not say its kind".to_owned()
        }
        _ => format!(
            "the member `kind` is missing, which says what the JSON object is (kinds: {})",
            names(KINDS)
        ),
    }
}
