//! ABI messages to notices: one file a family, positions resolved once when the grammar is loaded.

mod agency;
mod carried;
mod liquidation;
mod rejected_batch;
mod release;
mod release_answer;
mod resolve;
mod scribe;
mod summary_answer;
mod summary_notice;

use self::carried::CarriedReader;
use self::liquidation::LiquidationReader;
use self::rejected_batch::RejectedBatchReader;
use self::release::ReleaseReader;
use self::release_answer::ReleaseAnswerReader;
use self::resolve::Resolver;
use self::scribe::Scribe;
use self::summary_answer::SummaryAnswerReader;
use self::summary_notice::SummaryNoticeReader;
use super::NoticeSink;
use crate::decode::Message;
use crate::decode::abi::Transaction;
use crate::grammar::{Grammar, GrammarError};

/// Reads the meaning of ABI messages.
pub struct AbiInterpreter {
    release: ReleaseReader,
    release_answer: ReleaseAnswerReader,
    summary_answer: SummaryAnswerReader,
    summary_notice: SummaryNoticeReader,
    liquidation: LiquidationReader,
    rejected_batch: RejectedBatchReader,
    carried: CarriedReader,
}

impl AbiInterpreter {
    /// Looks up every field and table that the families read.
    ///
    /// # Errors
    /// Names each one that is missing, and each effect in a table that is none.
    pub fn resolve(grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        let mut resolver = Resolver::new(grammar);
        let interpreter = Self {
            release: ReleaseReader::resolve(&mut resolver),
            release_answer: ReleaseAnswerReader::resolve(&mut resolver),
            summary_answer: SummaryAnswerReader::resolve(&mut resolver),
            summary_notice: SummaryNoticeReader::resolve(&mut resolver),
            liquidation: LiquidationReader::resolve(&mut resolver),
            rejected_batch: RejectedBatchReader::resolve(&mut resolver),
            carried: CarriedReader::resolve(&mut resolver),
        };
        resolver.done(interpreter)
    }

    /// Hands over what one transaction says.
    pub fn interpret(
        &self,
        _grammar: &Grammar,
        message: &Message<'_>,
        transaction: &Transaction<'_>,
        sink: &mut dyn NoticeSink,
    ) {
        let scribe = &mut Scribe::new(sink, message);
        match message.name {
            Some("SO") => self.release.read(transaction, scribe),
            Some("NR") => self.liquidation.read(transaction, scribe),
            Some("AX") => self.summary_answer.read(transaction, scribe),
            Some("UC") => self.summary_notice.read(transaction, scribe),
            Some("SX") => self.release_answer.read(transaction, scribe),
            Some(crate::grammar::abi::BATCH_REJECTED) => self.rejected_batch.read(transaction, scribe),
            name => self.carried.read(name, transaction, scribe),
        }
    }
}

#[cfg(test)]
mod tests;
