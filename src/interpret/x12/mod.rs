//! X12 messages to notices (being built).
use super::NoticeSink;
use crate::decode::{self, Message};
use crate::grammar::{Grammar, GrammarError};

/// Reads the meaning of X12 messages.
pub struct X12Interpreter {}

impl X12Interpreter {
    pub fn resolve(_grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        Ok(Self {})
    }

    pub fn interpret(
        &self,
        _grammar: &Grammar,
        _message: &Message<'_>,
        _body: &decode::x12::Set<'_>,
        _sink: &mut dyn NoticeSink,
    ) {
    }
}
