//! CL, CW and CO: census warnings that stand open, the broker's overrides, and what became of them.

use super::resolve::{DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date, plain};
use super::sheet::{Column, Sheet, columns};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Effect, EventTime, Kind, Token};
use crate::place::Severity;

const CW01: Tag = Tag::named(b"CW01");
const CW02: Tag = Tag::named(b"CW02");
const CW03: Tag = Tag::named(b"CW03");
const CJ2: Tag = Tag::named(b"CJ2");

/// Warnings and overrides in one CW02.
const PAIRS: usize = 7;

/// Reads CL, CW and CO.
pub struct CensusReader {
    filed: DateAt,
    answered: DateAt,
    open_entry: EntryAt,
    open: Vec<Column>,
    open_line: FieldAt,
    open_warning: FieldAt,
    open_condition: FieldAt,
    accepted: DateAt,
    request_entry: EntryAt,
    request_line: FieldAt,
    pairs: [(FieldAt, FieldAt); PAIRS],
    result_entry: EntryAt,
    result: Vec<Column>,
    result_line: FieldAt,
    result_warning: FieldAt,
    result_override: FieldAt,
    result_condition: FieldAt,
    warnings: Words,
    overrides: Words,
    conditions: Words,
    results: Words,
    outcomes: Vec<Outcome>,
}

/// What became of an override.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Taken,
    Refused,
}

impl CensusReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let mut pair = |index: usize| {
            let warning = resolver.at("CW02", &format!("condition_{index}"));
            (warning, resolver.at("CW02", &format!("override_{index}")))
        };
        let pairs = [1, 2, 3, 4, 5, 6, 7].map(&mut pair);
        let (results, outcomes) = resolver.own_effects("census-override-results", |text| match text {
            "taken" => Some(Outcome::Taken),
            "refused" => Some(Outcome::Refused),
            _ => None,
        });
        Self {
            filed: resolver.date("A_IN", "transmission_date"),
            answered: resolver.date("A_OUT", "transmission_date"),
            open_entry: resolver.entry("CJ2"),
            open: columns(resolver, "CJ2"),
            open_line: resolver.at("CJ2", "line_id"),
            open_warning: resolver.at("CJ2", "warning_code"),
            open_condition: resolver.at("CJ2", "condition_code"),
            accepted: resolver.date("CJ2", "accepted"),
            request_entry: resolver.entry("CW01"),
            request_line: resolver.at("CW02", "line_id"),
            pairs,
            result_entry: resolver.entry("CW03"),
            result: columns(resolver, "CW03"),
            result_line: resolver.at("CW03", "line_id"),
            result_warning: resolver.at("CW03", "warning_code"),
            result_override: resolver.at("CW03", "override_code"),
            result_condition: resolver.at("CW03", "condition_code"),
            warnings: resolver.words("census-warnings"),
            overrides: resolver.words("census-overrides"),
            conditions: resolver.words("condition-codes"),
            results,
            outcomes,
        }
    }

    /// CL: each record is a warning that stands open, or says why there is none.
    pub fn read_open<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.answered);
        for record in transaction.records.iter().filter(|record| is(record, CJ2, 3)) {
            scribe.read_named_entry(record, &self.open_entry);
            let mut sheet = Sheet::default();
            sheet.take(record, &self.open);
            let warning = record.field(&self.open_warning);
            let accepted = date(record, self.accepted).map(EventTime::date);
            let at = scribe.dated().or(accepted);
            if warning.is_empty() {
                let code = record.field(&self.open_condition);
                let reading = Reading {
                    code: Token::some(code),
                    table: self.conditions.name(),
                    meaning: Some(self.conditions.meaning(code).unwrap_or("no census warning stands open")),
                    severity: Severity::Info,
                    effect: &Effect::Inform,
                };
                scribe.notice_of(record, &Draft::new(Kind::CensusWarning, reading, at), &sheet);
                continue;
            }
            let row = self.warnings.get(warning);
            let (line, code) = (Token::new(record.field(&self.open_line)), Token::new(warning));
            let effect = if row.is_some() { Effect::CensusWarning { line, code } } else { Effect::Unknown };
            let reading = Reading {
                code: Token::some(warning),
                table: self.warnings.name(),
                meaning: row.map(|row| &*row.meaning),
                severity: row.map_or(Severity::Critical, |row| row.severity.unwrap_or(Severity::Warning)),
                effect: &effect,
            };
            scribe.check_known(&reading, record, self.open_warning);
            scribe.notice_of(record, &Draft::new(Kind::CensusWarning, reading, at), &sheet);
        }
    }

    /// CW: what the broker answers. The warning stands open until CBP takes the override.
    pub fn read_override<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.filed);
        for record in transaction.records {
            if is(record, CW01, 4) {
                scribe.read_entry(record, &self.request_entry);
            } else if is(record, CW02, 4) {
                for &(warning, reason) in &self.pairs {
                    self.request(record, warning, reason, scribe);
                }
            }
        }
    }

    fn request<'a>(
        &'a self,
        record: &Record<'a>,
        warning: FieldAt,
        reason: FieldAt,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let code = record.field(&warning);
        if code.is_empty() {
            return;
        }
        let mut sheet = Sheet::default();
        sheet.push("line_id", record.field(&self.request_line));
        sheet.push("warning_code", code);
        sheet.push_words("warning_meaning", self.warnings.meaning(code));
        sheet.push("override_code", record.field(&reason));
        sheet.push_words("override_meaning", self.overrides.meaning(record.field(&reason)));
        let mut reading = plain(Severity::Info, &Effect::Inform);
        reading.code = Token::some(record.field(&reason));
        reading.table = self.overrides.name();
        reading.meaning = Some(self.overrides.meaning(record.field(&reason)).unwrap_or("override asked for"));
        scribe.notice_of(record, &Draft::new(Kind::CensusOverride, reading, None), &sheet);
    }

    /// CO: one record an override, with a condition code that says what became of it.
    pub fn read_result<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.answered);
        for record in transaction.records.iter().filter(|record| is(record, CW03, 4)) {
            scribe.read_entry(record, &self.result_entry);
            let mut sheet = Sheet::default();
            sheet.take(record, &self.result);
            let warning = record.field(&self.result_warning);
            sheet.push_words("warning_meaning", self.warnings.meaning(warning));
            sheet.push_words("override_meaning", self.overrides.meaning(record.field(&self.result_override)));
            let condition = record.field(&self.result_condition);
            let (line, code) = (Token::new(record.field(&self.result_line)), Token::new(warning));
            let taken = Effect::CensusResolved { line, code };
            let outcome = match condition {
                b"" => Some(Outcome::Taken),
                code => self.results.position(code).and_then(|row| self.outcomes.get(row).copied()),
            };
            // The code of a success is not known from any source: one that no table has is loud, and the warning stays
            // open until somebody adds it.
            let effect = match outcome {
                Some(Outcome::Taken) => &taken,
                Some(Outcome::Refused) => &Effect::Inform,
                None => &Effect::Unknown,
            };
            let row = self.results.get(condition);
            let meaning = match outcome {
                Some(Outcome::Taken) => Some(row.map_or("census override accepted", |row| &row.meaning)),
                _ => row.map(|row| &*row.meaning),
            };
            let severity = match outcome {
                Some(Outcome::Taken) => Severity::Info,
                Some(Outcome::Refused) => row.and_then(|row| row.severity).unwrap_or(Severity::Warning),
                None => Severity::Critical,
            };
            let code = Token::some(condition);
            let reading = Reading { code, table: self.results.name(), meaning, severity, effect };
            scribe.check_known(&reading, record, self.result_condition);
            scribe.notice_of(record, &Draft::new(Kind::CensusOverride, reading, None), &sheet);
        }
    }
}

fn is(record: &Record<'_>, tag: Tag, width: u8) -> bool {
    record.layout.is_some() && record.tag().cut(width) == tag
}
