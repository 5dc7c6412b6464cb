//! JSON documents to notices: facts that people record, the importer's own data, and rows of reports.

mod approved;
mod fact;
mod report;
mod value;

use chrono::NaiveDate;

use super::NoticeSink;
use crate::decode::json::Document;
use crate::grammar::{Grammar, GrammarError};
use crate::place::{Finding, Grade, finding_code};

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
        match document.name() {
            Some("form" | "recorded") => self.fact.interpret(document, received_on, sink),
            Some("approved_entry" | "order_link") => approved::interpret(document, sink),
            Some("ace_report") => report::interpret(document, sink),
            name => {
                let name = name.unwrap_or_default().escape_default();
                let message = format!("nobody reads JSON objects of the kind `{name}`");
                sink.finding(Finding::new(finding_code::UNKNOWN_SET, Grade::Error, document.place, message));
            }
        }
    }
}
