//! ABI messages to notices: one file a family, positions resolved once when the grammar is loaded.

mod agency;
mod carried;
mod census;
mod claims;
mod filing;
mod later;
mod liquidation;
mod manifest;
mod query;
mod query_answer;
mod rejected_batch;
mod release;
mod release_answer;
mod release_filing;
mod resolve;
mod scribe;
mod sheet;
mod statement;
mod statement_lines;
mod statement_totals;
mod stay;
mod summary_answer;
mod summary_filing;
mod summary_notice;
mod text;
mod tib;

use self::carried::CarriedReader;
use self::census::CensusReader;
use self::liquidation::LiquidationReader;
use self::manifest::{BillNoticeReader, CargoAnswerReader};
use self::query::QueryReader;
use self::query_answer::QueryAnswerReader;
use self::rejected_batch::RejectedBatchReader;
use self::release::ReleaseReader;
use self::release_answer::ReleaseAnswerReader;
use self::release_filing::ReleaseFilingReader;
use self::resolve::Resolver;
use self::scribe::Scribe;
use self::statement::StatementReader;
use self::summary_answer::SummaryAnswerReader;
use self::summary_filing::SummaryFilingReader;
use self::summary_notice::SummaryNoticeReader;
use self::tib::TibReader;
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
    release_filing: ReleaseFilingReader,
    summary_filing: SummaryFilingReader,
    statement: StatementReader,
    query_answer: QueryAnswerReader,
    query: QueryReader,
    census: CensusReader,
    tib: TibReader,
    bill_notice: BillNoticeReader,
    cargo_answer: CargoAnswerReader,
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
            release_filing: ReleaseFilingReader::resolve(&mut resolver),
            summary_filing: SummaryFilingReader::resolve(&mut resolver),
            statement: StatementReader::resolve(&mut resolver),
            query_answer: QueryAnswerReader::resolve(&mut resolver),
            query: QueryReader::resolve(&mut resolver),
            census: CensusReader::resolve(&mut resolver),
            tib: TibReader::resolve(&mut resolver),
            bill_notice: BillNoticeReader::resolve(&mut resolver),
            cargo_answer: CargoAnswerReader::resolve(&mut resolver),
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
            Some("SE") => self.release_filing.read(transaction, scribe),
            Some("AE") => self.summary_filing.read(transaction, scribe),
            Some("PF") => self.statement.read_daily(transaction, message.findings, scribe),
            Some("MS") => self.statement.read_monthly(transaction, message.findings, scribe),
            Some("ER") => self.query_answer.read(transaction, scribe),
            Some("EQ" | "CQ" | "CJ") => self.query.read(transaction, scribe),
            Some("CL") => self.census.read_open(transaction, scribe),
            Some("CW") => self.census.read_override(transaction, scribe),
            Some("CO") => self.census.read_result(transaction, scribe),
            Some("TS") => self.tib.read_expiration(transaction, scribe),
            Some("TE") => self.tib.read_request(transaction, scribe),
            Some("TX") => self.tib.read_answer(transaction, scribe),
            Some("NS") => self.bill_notice.read(transaction, scribe),
            Some("C1") => {
                self.release.read(transaction, scribe);
                self.cargo_answer.read(transaction, scribe);
            }
            name => self.carried.read(name, transaction, scribe),
        }
    }
}

#[cfg(test)]
mod tests;
