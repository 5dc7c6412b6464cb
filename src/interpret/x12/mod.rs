//! X12 messages to notices: one file a family. What no family reads is carried.

mod acknowledgement;
mod advice;
mod carried;
mod disposition;
mod events;
mod fields;
mod links;
mod ocean;
mod payment;
mod qualifier;
mod response;
mod status;
mod value;

pub use qualifier::Aliases;

use super::NoticeSink;
use crate::decode::{self, Message};
use crate::grammar::{CodeRow, CodeTable, Grammar, GrammarError};

/// Reads the meaning of X12 messages.
pub struct X12Interpreter {
    status: status::StatusFamily,
    advice: advice::AdviceFamily,
    acknowledgement: acknowledgement::AcknowledgementFamily,
    ocean: ocean::OceanFamily,
    events: events::EventFamily,
    response: response::ResponseFamily,
    payment: payment::PaymentFamily,
    links: links::LinkFamily,
    carried: carried::CarriedFamily,
}

impl X12Interpreter {
    pub fn resolve(grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        let mut wanted = Wanted { grammar, faults: Vec::new() };
        let status = status::StatusFamily::resolve(&mut wanted);
        let advice = advice::AdviceFamily::resolve(&mut wanted);
        let acknowledgement = acknowledgement::AcknowledgementFamily::resolve(&mut wanted);
        let ocean = ocean::OceanFamily::resolve(&mut wanted);
        let events = events::EventFamily::resolve(&mut wanted);
        let response = response::ResponseFamily::resolve(&mut wanted);
        let payment = payment::PaymentFamily::resolve(&mut wanted);
        let links = links::LinkFamily::resolve(&mut wanted);
        let carried = carried::CarriedFamily::resolve(&mut wanted);
        if wanted.faults.is_empty() {
            Ok(Self { status, advice, acknowledgement, ocean, events, response, payment, links, carried })
        } else {
            Err(wanted.faults)
        }
    }

    pub fn interpret(
        &self,
        message: &Message<'_>,
        set: &decode::x12::Set<'_>,
        aliases: &Aliases,
        sink: &mut dyn NoticeSink,
    ) {
        match message.name {
            Some("350") => self.status.interpret(set, aliases, sink),
            Some("824") => self.advice.interpret(set, aliases, sink),
            Some("997" | "999" | "TA1") => self.acknowledgement.interpret(set, sink),
            Some("315") if self.ocean.reads(set) => self.ocean.interpret(set, aliases, sink),
            Some("352" | "353" | "354") => self.events.interpret(set, sink),
            Some("355") => self.response.interpret(set, &self.acknowledgement, sink),
            Some("820") => self.payment.interpret(set, aliases, sink),
            Some("810" | "850" | "856") => self.links.interpret(set, aliases, sink),
            _ => self.carried.interpret(set, aliases, sink),
        }
    }
}

/// Collects what a family wants of the grammar, and what of it is missing.
struct Wanted<'g> {
    grammar: &'g Grammar,
    faults: Vec<GrammarError>,
}

impl Wanted<'_> {
    /// The position of an element by its names.
    fn element(&mut self, segment: &str, name: &str) -> usize {
        self.grammar.x12.element(segment, name).unwrap_or_else(|fault| {
            self.faults.push(fault);
            0
        })
    }

    /// The positions of several elements, each with the name that its values get.
    fn named(&mut self, segment: &str, names: &[(&str, &'static str)]) -> fields::Named {
        names.iter().map(|(element, name)| (self.element(segment, element), *name)).collect()
    }

    /// A code table, copied so that it is at hand for every message.
    fn table(&mut self, name: &str) -> CodeTable {
        let empty = || CodeTable::parse(name, "code\tmeaning\tkind\n");
        self.grammar
            .codes
            .require(name)
            .cloned()
            .or_else(|fault| {
                self.faults.push(fault);
                empty()
            })
            .expect("an empty table has its columns")
    }

    /// The rows of a table whose kind begins with `kind`; tables that hold several lists have the same code twice.
    fn list(&mut self, name: &str, kind: &str) -> CodeList {
        let table = self.table(name);
        let rows = table.rows.into_iter().filter(|row| row.kind.starts_with(kind));
        CodeList(rows.filter_map(|row| Some((packed(row.code.as_bytes())?, row))).collect())
    }
}

/// One of the lists in a code table: packed codes and their rows. They are short lists of short codes.
struct CodeList(Vec<(u64, CodeRow)>);

impl CodeList {
    fn get(&self, code: &[u8]) -> Option<&CodeRow> {
        let code = packed(code)?;
        self.0.iter().find(|(known, _)| *known == code).map(|(_, row)| row)
    }
}

/// A code of up to seven bytes and its length in one number.
fn packed(code: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes[..7].get_mut(..code.len())?.copy_from_slice(code);
    bytes[7] = code.len() as u8;
    Some(u64::from_le_bytes(bytes))
}
