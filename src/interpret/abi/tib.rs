//! TS, TE and TX: the bond of a temporary importation ends; the broker asks to extend or close it; CBP answers.

use super::resolve::{DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date, plain};
use super::sheet::{Column, Sheet, columns};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Effect, Kind, Token};
use crate::place::Severity;

const X1: Tag = Tag::named(b"X1");
const XA: Tag = Tag::named(b"XA");
const E0: Tag = Tag::named(b"E0");
const E1: Tag = Tag::named(b"E1");

/// Reads TS, TE and TX.
pub struct TibReader {
    filed: DateAt,
    answered: DateAt,
    notice_entry: EntryAt,
    notice: Vec<Column>,
    expiration_date: DateAt,
    extensions: FieldAt,
    request_entry: EntryAt,
    request: FieldAt,
    request_fields: Vec<Column>,
    reference_entry: EntryAt,
    reference_type: FieldAt,
    answer_entry: EntryAt,
    answer: Vec<Column>,
    disposition: FieldAt,
    severity: FieldAt,
    condition: FieldAt,
    narrative: FieldAt,
    results: Words,
    conditions: Words,
}

impl TibReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            filed: resolver.date("A_IN", "transmission_date"),
            answered: resolver.date("A_OUT", "transmission_date"),
            notice_entry: resolver.entry("TIB_X1"),
            notice: columns(resolver, "TIB_X1"),
            expiration_date: resolver.date("TIB_X1", "expiration_date"),
            extensions: resolver.at("TIB_X1", "extensions"),
            request_entry: resolver.entry("TIB_XA"),
            request: resolver.at("TIB_XA", "request"),
            request_fields: columns(resolver, "TIB_XA"),
            reference_entry: resolver.entry("TIB_E0"),
            reference_type: resolver.at("TIB_E0", "reference_type"),
            answer_entry: resolver.entry("TIB_E1"),
            answer: columns(resolver, "TIB_E1"),
            disposition: resolver.at("TIB_E1", "disposition"),
            severity: resolver.at("TIB_E1", "severity"),
            condition: resolver.at("TIB_E1", "condition_code"),
            narrative: resolver.at("TIB_E1", "narrative"),
            results: resolver.words("ax-results"),
            conditions: resolver.words("condition-codes"),
        }
    }

    /// TS, about a month before the bond ends.
    pub fn read_expiration<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.answered);
        for record in transaction.records.iter().filter(|record| is(record, X1)) {
            scribe.read_entry(record, &self.notice_entry);
            let mut sheet = Sheet::default();
            sheet.take(record, &self.notice);
            let extensions = match record.field(&self.extensions) {
                &[digit @ b'0'..=b'9'] => Some(digit - b'0'),
                _ => None,
            };
            let effect = Effect::TibExpires { date: date(record, self.expiration_date), extensions };
            let mut reading = plain(Severity::Warning, &effect);
            reading.meaning = Some("the bond of this temporary importation ends: export, destroy or extend");
            scribe.notice_of(record, &Draft::new(Kind::TibExpiration, reading, None), &sheet);
        }
    }

    /// TE.
    pub fn read_request<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.filed);
        for record in transaction.records.iter().filter(|record| is(record, XA)) {
            scribe.read_entry(record, &self.request_entry);
            let mut sheet = Sheet::default();
            sheet.take(record, &self.request_fields);
            let code = record.field(&self.request);
            let (effect, meaning) = match code {
                b"1" => (Effect::TibRequest { closes: false }, Some("extension asked for")),
                b"2" => (Effect::TibRequest { closes: true }, Some("closure asked for")),
                b"" => (Effect::Inform, None),
                _ => (Effect::Unknown, None),
            };
            let is_known = !matches!(effect, Effect::Unknown);
            let mut reading = plain(if is_known { Severity::Info } else { Severity::Critical }, &effect);
            reading.code = Token::some(code);
            reading.meaning = meaning;
            scribe.check_known(&Reading { table: "the requests of TE", ..reading }, record, self.request);
            scribe.notice_of(record, &Draft::new(Kind::TibRequest, reading, None), &sheet);
        }
    }

    /// TX: conditions, then the final disposition, as AX has them.
    pub fn read_answer<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.answered);
        for record in transaction.records {
            if is(record, E0) && record.field(&self.reference_type) == b"SUMMRY" {
                scribe.read_entry(record, &self.reference_entry);
            } else if is(record, E1) {
                if scribe.entry.is_none() {
                    scribe.read_entry(record, &self.answer_entry);
                }
                let own = scribe.turn_to_other(record, &self.answer_entry);
                self.result(record, scribe);
                scribe.entry = own.or(scribe.entry);
            }
        }
    }

    fn result<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        let mut sheet = Sheet::default();
        sheet.take(record, &self.answer);
        let code = record.field(&self.condition);
        let known = self.conditions.meaning_printed(code, record.field(&self.narrative));
        let (effect, severity, meaning) = match record.field(&self.disposition) {
            b"A" => (Effect::TibAnswer { is_accepted: true }, Severity::Info, "request accepted"),
            b"R" => (Effect::TibAnswer { is_accepted: false }, Severity::Critical, "request rejected"),
            b"" => {
                let is_grave = matches!(record.field(&self.severity), b"F" | b"W");
                let severity = if is_grave { Severity::Warning } else { Severity::Info };
                (Effect::Inform, severity, known.unwrap_or("condition"))
            }
            other => {
                let reading = Reading {
                    code: Token::some(other),
                    table: self.results.name(),
                    meaning: None,
                    severity: Severity::Critical,
                    effect: &Effect::Unknown,
                };
                scribe.check_known(&reading, record, self.disposition);
                scribe.notice_of(record, &Draft::new(Kind::TibResponse, reading, None), &sheet);
                return;
            }
        };
        sheet.push_words("condition_meaning", known);
        let reading = Reading {
            code: Token::some(code),
            table: self.conditions.name(),
            meaning: Some(meaning),
            severity,
            effect: &effect,
        };
        scribe.notice_of(record, &Draft::new(Kind::TibResponse, reading, None), &sheet);
    }
}

fn is(record: &Record<'_>, tag: Tag) -> bool {
    record.layout.is_some() && record.tag().cut(2) == tag
}
