//! Abi messages to notices (being built).
use super::NoticeSink;
use crate::decode::{self, Message};
use crate::grammar::{Grammar, GrammarError};

/// Reads the meaning of Abi messages.
pub struct AbiInterpreter {}

impl AbiInterpreter {
    pub fn resolve(_grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        Ok(Self {})
    }

    pub fn interpret(
        &self,
        _grammar: &Grammar,
        _message: &Message<'_>,
        _body: &decode::abi::Transaction<'_>,
        _sink: &mut dyn NoticeSink,
    ) {
    }
}
