//! Decoded messages to notices. Only here does a field's meaning live; one file a message family.
//!
//! The names of the fields that each family reads are resolved once, when the grammar is loaded, not per record.

mod abi;
mod believable;
mod effects;
mod fields;
mod json;
mod x12;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

pub use x12::Aliases;

use self::believable::Believable;
use crate::decode::{Body, ColumnNames, Message};
use crate::grammar::{Grammar, GrammarError};
use crate::ident::NoticeId;
use crate::notice::NoticeRef;
use crate::place::Finding;

/// Takes what a message says. Both borrow from the message.
pub trait NoticeSink {
    fn notice(&mut self, notice: &NoticeRef<'_>);
    fn finding(&mut self, finding: Finding);
}

/// Reads the meaning of messages with one grammar.
pub struct Interpreter {
    grammar: Arc<Grammar>,
    abi: abi::AbiInterpreter,
    x12: x12::X12Interpreter,
    json: json::JsonInterpreter,
    /// By the name of the broker.
    aliases: BTreeMap<Box<str>, Aliases>,
    no_aliases: Aliases,
    /// By the name of the broker.
    columns: BTreeMap<Box<str>, ColumnNames>,
    no_columns: ColumnNames,
}

impl Interpreter {
    /// Resolves every field and table that the families read.
    ///
    /// # Errors
    /// Names what an overriding grammar has lost.
    pub fn new(grammar: Arc<Grammar>) -> Result<Self, Vec<GrammarError>> {
        let abi = abi::AbiInterpreter::resolve(&grammar);
        let x12 = x12::X12Interpreter::resolve(&grammar);
        let json = json::JsonInterpreter::resolve(&grammar);
        match (abi, x12, json) {
            (Ok(abi), Ok(x12), Ok(json)) => {
                let (aliases, no_aliases) = (BTreeMap::new(), Aliases::default());
                let (columns, no_columns) = (BTreeMap::new(), ColumnNames::default());
                Ok(Self { grammar, abi, x12, json, aliases, no_aliases, columns, no_columns })
            }
            (abi, x12, json) => {
                let faults = [abi.err(), x12.err(), json.err()];
                Err(faults.into_iter().flatten().flatten().collect())
            }
        }
    }

    /// With the X12 qualifiers that brokers use in place of the standard's.
    pub fn with_aliases(mut self, aliases: BTreeMap<Box<str>, Aliases>) -> Self {
        self.aliases = aliases;
        self
    }

    /// With the names of columns that brokers' tables have beside those of the grammar.
    pub fn with_columns(mut self, columns: BTreeMap<Box<str>, ColumnNames>) -> Self {
        self.columns = columns;
        self
    }

    /// The names of columns that this broker's tables have of their own.
    pub fn columns_of(&self, broker: &str) -> &ColumnNames {
        self.columns.get(broker).unwrap_or(&self.no_columns)
    }

    pub fn grammar(&self) -> &Arc<Grammar> {
        &self.grammar
    }

    /// Hands every notice of the message to the sink, in the order of the message.
    pub fn interpret(&self, message: &Message<'_>, sink: &mut dyn NoticeSink) {
        self.interpret_for("", message, sink);
    }

    /// The same for a message of this broker.
    pub fn interpret_for(&self, broker: &str, message: &Message<'_>, sink: &mut dyn NoticeSink) {
        self.interpret_received(broker, None, message, sink);
    }

    /// The same for a message that came on this day: dates that people write are held against it.
    pub fn interpret_received(
        &self,
        broker: &str,
        received_on: Option<NaiveDate>,
        message: &Message<'_>,
        sink: &mut dyn NoticeSink,
    ) {
        match &message.body {
            Body::Abi(transaction) => {
                let sink = &mut Believable::of(message, received_on, sink);
                self.abi.interpret(&self.grammar, message, transaction, sink);
            }
            Body::X12(set) => {
                let aliases = self.aliases.get(broker).unwrap_or(&self.no_aliases);
                let sink = &mut Believable::of(message, received_on, sink);
                self.x12.interpret(message, set, aliases, sink);
            }
            Body::Json(document) => self.json.interpret(document, received_on, sink),
            Body::Nothing => {}
        }
    }
}

/// Computes the ids of a message's notices: a hash of the message's own bytes, then of the notice's place in it.
///
/// "Own bytes" leave out the envelope, line ends, trailing blanks and control numbers, so that a message that a broker
/// bundles again, or sends through another gateway, keeps its ids.
pub struct NoticeIds(Sha256);

impl NoticeIds {
    pub fn of(message: &Message<'_>) -> Self {
        let mut hash = Sha256::new();
        hash.update(message.name.unwrap_or("").as_bytes());
        hash.update([0]);
        match message.body {
            Body::Abi(transaction) => transaction.own_bytes(&mut |part| hash.update(part)),
            Body::X12(set) => set.own_bytes(&mut |part| hash.update(part)),
            Body::Json(document) => document.own_bytes(&mut |part| hash.update(part)),
            Body::Nothing => {}
        }
        Self(hash)
    }

    pub fn id(&self, ordinal: u32) -> NoticeId {
        let digest = self.0.clone().chain_update(ordinal.to_le_bytes()).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        NoticeId::from_bytes(id)
    }
}
