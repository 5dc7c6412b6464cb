//! AX: CBP's answer to an entry summary. Conditions, then the final disposition, which its third column decides.

use super::resolve::{Carry, Codes, DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::ident::EntryNumber;
use crate::notice::{Effect, Kind, Token};
use crate::place::Severity;

const E0: Tag = Tag::named(b"E0");
const E1: Tag = Tag::named(b"E1");

/// In the text of an `E0 SUMMRY`, behind `REF ID:`: filer, entry, broker reference, team (AE chapter, reference types).
const SUMMARY: EntryAt = EntryAt { filer: FieldAt::new(25, 28), number: FieldAt::new(29, 37) };
const SUMMARY_REFERENCE: FieldAt = FieldAt::new(38, 50);
const SUMMARY_TEAM: FieldAt = FieldAt::new(51, 54);
/// In the text of an `E0 LINITM`.
const LINE: FieldAt = FieldAt::new(25, 28);
/// In the text of an `E0 TARIFF`.
const TARIFF: FieldAt = FieldAt::new(25, 35);

/// Reads AX.
pub struct SummaryAnswerReader {
    /// Of the header; no record of this application bears a date.
    transmission: DateAt,
    reference_type: FieldAt,
    occurrence: FieldAt,
    reference_text: FieldAt,
    entry: EntryAt,
    disposition: FieldAt,
    severity: FieldAt,
    condition: FieldAt,
    narrative: FieldAt,
    version: FieldAt,
    broker_reference: FieldAt,
    carried: Vec<Carry>,
    results: Codes,
    conditions: Words,
    census: Words,
}

/// In the text of an accepted deletion, and the row that says what it does. CBP's chapter gives the words and no code.
const DELETED: &[u8] = b"DELETED";

/// Which part of the summary the next conditions are about.
#[derive(Default)]
struct Part<'a> {
    line: &'a [u8],
    tariff: &'a [u8],
    kind: &'a [u8],
    occurrence: &'a [u8],
    text: &'a [u8],
}

impl SummaryAnswerReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            transmission: resolver.date("A_OUT", "transmission_date"),
            reference_type: resolver.at("AX_E0", "reference_type"),
            occurrence: resolver.at("AX_E0", "occurrence"),
            reference_text: resolver.at("AX_E0", "reference_text"),
            entry: resolver.entry("AX_E1"),
            disposition: resolver.at("AX_E1", "disposition"),
            severity: resolver.at("AX_E1", "severity"),
            condition: resolver.at("AX_E1", "condition_code"),
            narrative: resolver.at("AX_E1", "narrative"),
            version: resolver.at("AX_E1", "version"),
            broker_reference: resolver.at("AX_E1", "broker_reference"),
            carried: resolver
                .carry("AX_E1", &["disposition", "severity", "internal_reason", "narrative", "version"]),
            results: resolver.codes("ax-results"),
            conditions: resolver.words("condition-codes"),
            census: resolver.words("census-warnings"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let mut part = Part::default();
        let mut shared = 0;
        let mut reference = None;
        for (index, record) in transaction.records.iter().enumerate() {
            if record.layout.is_none() {
                continue;
            }
            match record.tag().cut(2) {
                E0 => {
                    if record.field(&self.reference_type) == b"SUMMRY" {
                        scribe.read_entry(record, &SUMMARY);
                        reference = Some(record);
                        shared = refer_to(record, scribe);
                    }
                    self.refer(record, &mut part);
                }
                E1 => {
                    if scribe.entry.is_none() {
                        scribe.read_entry(record, &self.entry);
                    }
                    if let Some(own) = scribe.turn_to_other(record, &self.entry) {
                        scribe.fields.back_to(0);
                        scribe.fields.push("broker_reference", record.field(&self.broker_reference));
                        self.answer(transaction.records, index, &Part::default(), Some(own), scribe);
                        scribe.entry = Some(own);
                        scribe.fields.back_to(0);
                        shared = reference.map_or(0, |record| refer_to(record, scribe));
                        continue;
                    }
                    if shared == 0 {
                        scribe.fields.push("broker_reference", record.field(&self.broker_reference));
                        shared = scribe.fields.mark();
                    }
                    self.answer(transaction.records, index, &part, scribe.entry, scribe);
                    scribe.fields.back_to(shared);
                }
                _ => {}
            }
        }
    }

    /// `own` is the entry of the answer as a whole; the record may name another.
    fn answer<'a>(
        &'a self,
        records: &[Record<'a>],
        index: usize,
        part: &Part<'a>,
        own: Option<EntryNumber>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let record = &records[index];
        if record.field(&self.disposition).is_empty() {
            self.condition(record, part, scribe);
        } else {
            self.result(records, index, own, scribe);
        }
    }

    fn refer<'a>(&self, record: &Record<'a>, part: &mut Part<'a>) {
        let kind = record.field(&self.reference_type);
        match kind {
            b"LINITM" => *part = Part { line: record.field(&LINE), ..Part::default() },
            b"TARIFF" => part.tariff = record.field(&TARIFF),
            b"SUMMRY" | b"PSTLIN" | b"TOTALS" => *part = Part::default(),
            _ => {}
        }
        part.kind = kind;
        part.occurrence = record.field(&self.occurrence);
        part.text = record.field(&self.reference_text);
    }

    /// A condition changes nothing by itself; the final record says what became of the summary.
    fn condition<'a>(&'a self, record: &Record<'a>, part: &Part<'a>, scribe: &mut Scribe<'_, 'a>) {
        let code = record.field(&self.condition);
        let is_census = record.field(&self.severity) == b"W";
        let severity = match record.field(&self.severity) {
            b"F" | b"W" | b"P" => Severity::Warning,
            _ => Severity::Info,
        };
        let (kind, words) = match self.census.get(code) {
            Some(_) if is_census => (Kind::CensusWarning, &self.census),
            _ if is_census => (Kind::CensusWarning, &self.conditions),
            _ => (Kind::SummaryResponse, &self.conditions),
        };
        let mut reading = explained(words, code, record.field(&self.narrative), severity);
        let warning = Effect::CensusWarning { line: Token::new(part.line), code: Token::new(code) };
        if kind == Kind::CensusWarning && *reading.effect == Effect::Inform {
            reading.effect = &warning;
        }
        scribe.check_known(&reading, record, self.condition);
        scribe.fields.push("line_number", part.line);
        scribe.fields.push("hts_number", part.tariff);
        scribe.fields.push("reference_type", part.kind);
        scribe.fields.push("occurrence", part.occurrence);
        scribe.fields.push("reference_text", part.text);
        scribe.fields.take(record, &self.carried);
        scribe.notice(record, &Draft::new(kind, reading, None));
    }

    fn result<'a>(
        &'a self,
        records: &[Record<'a>],
        index: usize,
        own: Option<EntryNumber>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let record = &records[index];
        let code = record.field(&self.condition);
        let outcome = self.outcome(record);
        let mut reading = match self.results.words().get(code) {
            Some(_) => self.results.read(code),
            None if code.is_empty() => outcome,
            None if *outcome.effect == Effect::SummaryRemoved => {
                Reading { code: Some(Token::new(code)), ..outcome }
            }
            None => Reading {
                table: self.conditions.name(),
                meaning: self.conditions.meaning(code).or(outcome.meaning),
                code: Token::some(code),
                ..outcome
            },
        };
        if code.is_empty() {
            reading.code = Token::some(record.field(&self.disposition));
        }
        let is_failure = code == b"ZZZ";
        reading.severity = if is_failure { Severity::Critical } else { outcome.severity };
        let effect = match *outcome.effect {
            _ if is_failure => Effect::Inform,
            Effect::SummaryAccepted { warnings, .. } => {
                Effect::SummaryAccepted { version: Token::some(record.field(&self.version)), warnings }
            }
            effect => effect,
        };
        reading.effect = &effect;
        if outcome.meaning.is_none() {
            scribe.check_known(&outcome, record, self.disposition);
        }
        scribe.fields.take(record, &self.carried);
        scribe.fields.push_words("result_meaning", outcome.meaning);
        self.list_conditions(&records[..index], own, scribe);
        scribe.notice(record, &Draft::new(Kind::SummaryResponse, reading, None));
    }

    /// The third column decides, the fourth says how loud it is; an unknown fourth column is not allowed to hide the
    /// third.
    fn outcome(&self, record: &Record<'_>) -> Reading<'_> {
        let disposition = record.field(&self.disposition);
        let severity = record.field(&self.severity);
        if disposition == b"A" && says_deleted(record.field(&self.narrative)) {
            return self.results.read(DELETED);
        }
        let pair;
        let key: &[u8] = match (disposition, severity) {
            (b"A", b"") => b"A+space",
            (&[disposition], &[severity]) => {
                pair = [disposition, b'+', severity];
                &pair
            }
            (other, _) => other,
        };
        let exact = self.results.read(key);
        match (exact.meaning, disposition) {
            (None, b"A") => self.results.read(b"A+P"),
            (None, b"R") => self.results.read(b"R+F"),
            _ => exact,
        }
    }

    /// The final notice repeats the conditions, so that whoever reads only it has CBP's reasons.
    fn list_conditions<'a>(
        &'a self,
        records: &[Record<'a>],
        own: Option<EntryNumber>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let about = |record: &Record<'_>| {
            let (filer, number) = (record.field(&self.entry.filer), record.field(&self.entry.number));
            EntryNumber::from_parts(filer, number).or(own)
        };
        let mut line: &[u8] = b"";
        for record in records.iter().filter(|record| record.layout.is_some()) {
            match record.tag().cut(2) {
                E0 => match record.field(&self.reference_type) {
                    b"LINITM" => line = record.field(&LINE),
                    b"SUMMRY" | b"PSTLIN" | b"TOTALS" => line = b"",
                    _ => {}
                },
                E1 if about(record) == scribe.entry => {
                    scribe.fields.push("condition_line", line);
                    scribe.fields.push("condition", record.field(&self.condition));
                    scribe.fields.push("condition_text", record.field(&self.narrative));
                }
                _ => {}
            }
        }
    }
}

/// What an `E0 SUMMRY` says of the summary, for all notices of the answer.
fn refer_to<'a>(record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) -> usize {
    scribe.fields.push("broker_reference", record.field(&SUMMARY_REFERENCE));
    scribe.fields.push("team", record.field(&SUMMARY_TEAM));
    scribe.fields.mark()
}

/// The deletion is one of the final texts: `ENTRY SUMMARY DELETED`.
fn says_deleted(narrative: &[u8]) -> bool {
    narrative.split(|byte| *byte == b' ').any(|word| word.eq_ignore_ascii_case(DELETED))
}

/// A code that only informs; one that the table lacks is critical until somebody maps it.
fn explained<'t>(words: &'t Words, code: &[u8], printed: &[u8], severity: Severity) -> Reading<'t> {
    let meaning = words.meaning_printed(code, printed);
    let (severity, effect) = match meaning {
        None if !code.is_empty() => (Severity::Critical, &Effect::Unknown),
        _ => (severity, &Effect::Inform),
    };
    Reading { code: Token::some(code), table: words.name(), meaning, severity, effect }
}
