//! ER: how CBP says that a summary stands, as the answer to a query. A second basis for dates that notices brought, and
//! the only message that tells of bills, protests and the scheduled liquidation.

use chrono::NaiveDate;

use super::claims::{ClaimReader, unknown};
use super::resolve::{AmountAt, DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date, plain};
use super::sheet::{Column, Sheet, columns, decimal, is_unreadable, stamp};
use super::stay::{Stay, StayCodes};
use super::summary_filing::SummaryFilingReader;
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{
    Amounts, AnsweredCensus, AnsweredState, Effect, EventTime, Kind, Liquidation, LiquidationKind,
    SummaryStatus, Token,
};
use crate::place::Severity;

const JB: Tag = Tag::named(b"JB");
const JC: Tag = Tag::named(b"JC");
const JD: Tag = Tag::named(b"JD");
const JI: Tag = Tag::named(b"JI");
const JZ: Tag = Tag::named(b"JZ");

/// Records that are shown as they stand.
const SHOWN: &[(&[u8], &str)] = &[
    (b"JA", "ER_JA"),
    (b"JB", "ER_JB"),
    (b"JC", "ER_JC"),
    (b"JD", "ER_JD"),
    (b"JE", "ER_JE"),
    (b"JF", "ER_JF"),
    (b"JG", "ER_JG"),
    (b"JH", "ER_JH"),
    (b"JI", "ER_JI"),
    (b"JL", "ER_JL"),
    (b"JM", "ER_JM"),
];

/// Reads ER.
pub struct QueryAnswerReader {
    transmission: DateAt,
    shown: Vec<(Tag, Vec<Column>)>,
    entry: EntryAt,
    version: FieldAt,
    accepted_at: FieldAt,
    liquidation_date: DateAt,
    status: Status,
    codes: Vec<Coded>,
    statuses: Words,
    liquidated: Liquidated,
    reasons: Words,
    stay_codes: [FieldAt; 4],
    stay_date: DateAt,
    stays: StayCodes,
    claims: ClaimReader,
    condition: FieldAt,
    condition_entry: EntryAt,
    condition_fields: Vec<Column>,
    conditions: Words,
    content: SummaryFilingReader,
}

/// Positions in JC and JD.
struct Status {
    summary: FieldAt,
    date: DateAt,
    late: FieldAt,
    released: FieldAt,
    release_date: DateAt,
    collection: FieldAt,
    collection_date: DateAt,
    control: FieldAt,
    census: FieldAt,
    protest: FieldAt,
    reconciled: FieldAt,
    reconciled_fta: FieldAt,
    review: FieldAt,
}

/// A field of one character or two whose meaning a table gives.
struct Coded {
    tag: Tag,
    at: FieldAt,
    /// How the `kind` of its rows begins.
    kind: &'static str,
    meaning_name: &'static str,
}

/// Positions in JB and JD that make a liquidation.
struct Liquidated {
    status: FieldAt,
    duty: AmountAt,
    tax: AmountAt,
    fees: AmountAt,
    interest: AmountAt,
    cases: AmountAt,
    reason: FieldAt,
}

/// The codes of JB to JF: record, field, `kind` of its rows, name of the meaning.
const CODES: &[(&[u8], &str, &str, &str, &str)] = &[
    (b"JB", "ER_JB", "liquidation_status", "JB 43", "liquidation_status_meaning"),
    (b"JC", "ER_JC", "control_status", "JC 3 ", "control_status_meaning"),
    (b"JC", "ER_JC", "summary_status", "JC 4 ", "summary_status_meaning"),
    (b"JC", "ER_JC", "late_filing", "JC 11", "late_filing_meaning"),
    (b"JC", "ER_JC", "release_status", "JC 12", "release_status_meaning"),
    (b"JC", "ER_JC", "collection_status", "JC 20", "collection_status_meaning"),
    (b"JC", "ER_JC", "census_status", "JC 40", "census_status_meaning"),
    (b"JC", "ER_JC", "invoice_status", "JC 41", "invoice_status_meaning"),
    (b"JC", "ER_JC", "protest", "JC 42", "protest_meaning"),
    (b"JC", "ER_JC", "quota_status", "JC 44", "quota_status_meaning"),
    (b"JD", "ER_JD", "under_review", "JD 3", "under_review_meaning"),
    (b"JF", "ER_JF", "accelerated_drawback", "JF 23", "accelerated_drawback_meaning"),
];

impl QueryAnswerReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            transmission: resolver.date("A_OUT", "transmission_date"),
            shown: SHOWN.iter().map(|(id, key)| (Tag::named(id), columns(resolver, key))).collect(),
            entry: resolver.entry("ER_JB"),
            version: resolver.at("ER_JB", "version"),
            accepted_at: resolver.at("ER_JB", "accepted_at"),
            liquidation_date: resolver.date("ER_JB", "liquidation_date"),
            status: Status {
                summary: resolver.at("ER_JC", "summary_status"),
                date: resolver.date("ER_JC", "status_date"),
                late: resolver.at("ER_JC", "late_filing"),
                released: resolver.at("ER_JC", "release_status"),
                release_date: resolver.date("ER_JC", "release_date"),
                collection: resolver.at("ER_JC", "collection_status"),
                collection_date: resolver.date("ER_JC", "collection_date"),
                control: resolver.at("ER_JC", "control_status"),
                census: resolver.at("ER_JC", "census_status"),
                protest: resolver.at("ER_JC", "protest"),
                reconciled: resolver.at("ER_JC", "recon_other_entry"),
                reconciled_fta: resolver.at("ER_JC", "recon_ta_entry"),
                review: resolver.at("ER_JD", "under_review"),
            },
            codes: CODES
                .iter()
                .map(|&(id, key, field, kind, meaning_name)| Coded {
                    tag: Tag::named(id),
                    at: resolver.at(key, field),
                    kind,
                    meaning_name,
                })
                .collect(),
            statuses: resolver.words("er-status-codes"),
            liquidated: Liquidated {
                status: resolver.at("ER_JB", "liquidation_status"),
                duty: resolver.amount("ER_JD", "liquidated_duty"),
                tax: resolver.amount("ER_JD", "liquidated_tax"),
                fees: resolver.amount("ER_JD", "liquidated_fees"),
                interest: resolver.amount("ER_JD", "liquidated_interest"),
                cases: resolver.amount("ER_JD", "liquidated_adcvd"),
                reason: resolver.at("ER_JD", "liq_reason_1"),
            },
            reasons: resolver.words("liquidation-reasons"),
            stay_codes: ["ext_susp_1", "ext_susp_2", "ext_susp_3", "ext_susp_4"]
                .map(|name| resolver.at("ER_JC", name)),
            stay_date: resolver.date("ER_JC", "ext_susp_date"),
            stays: StayCodes::resolve(resolver),
            claims: ClaimReader::resolve(resolver),
            condition: resolver.at("ER_JZ", "condition_code"),
            condition_entry: resolver.entry("ER_JZ"),
            condition_fields: columns(resolver, "ER_JZ"),
            conditions: resolver.words("er-query-conditions"),
            content: SummaryFilingReader::resolve(resolver),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let records = transaction.records;
        if let Some(head) = records.iter().find(|record| is(record, JB)) {
            scribe.read_entry(head, &self.entry);
            self.status(head, records, scribe);
            self.unknown_codes(records, scribe);
            self.liquidation(head, records, scribe);
            self.stay(records, scribe);
        }
        for record in records.iter().filter(|record| !says_nothing(record)) {
            self.claims.read(record, scribe);
        }
        self.content.read_content(transaction, scribe);
        for record in records.iter().filter(|record| is(record, JZ)) {
            self.condition(record, scribe);
        }
    }

    /// The answer itself: every status that JB to JM state.
    fn status<'a>(&'a self, head: &Record<'a>, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let mut sheet = Sheet::default();
        for record in records {
            let Some((tag, columns)) = self.shown.iter().find(|(tag, _)| is(record, *tag)) else { continue };
            if says_nothing(record) {
                let name = if *tag == JI { "bond" } else { "collections" };
                sheet.push_words(name, Some("none on file"));
                continue;
            }
            sheet.take(record, columns);
            for coded in self.codes.iter().filter(|coded| coded.tag == *tag) {
                let row = self.statuses.meaning_of(record.field(&coded.at), coded.kind);
                sheet.push_words(coded.meaning_name, row.map(|row| &*row.meaning));
            }
        }
        let find = |tag| records.iter().find(|record| is(record, tag));
        let (control, review) = (find(JC), find(JD));
        let text = |at: FieldAt| control.map_or(&b""[..], |record| record.field(&at));
        let day = |at: DateAt| control.and_then(|record| date(record, at));
        let at = &self.status;
        let state = match text(at.summary) {
            b"1" => Some(AnsweredState::Accepted),
            b"2" => Some(AnsweredState::Rejected),
            b"3" => Some(AnsweredState::Cancelled),
            _ => None,
        };
        let status = SummaryStatus {
            version: Token::some(head.field(&self.version)),
            accepted_at: stamp(head.field(&self.accepted_at)),
            state,
            state_date: day(at.date),
            release_date: day(at.release_date).filter(|_| text(at.released) == b"1"),
            collection: Token::some(text(at.collection)),
            collection_date: day(at.collection_date),
            is_late: text(at.late) == b"1",
            is_under_review: review.is_some_and(|record| record.field(&at.review) == b"1"),
            is_protested: text(at.protest) == b"YS" && !self.claims.has_only_petitions(records),
            is_in_customs_control: text(at.control) == b"2",
            is_inactive: text(at.control) == b"3",
            is_suspended: control.is_some_and(|record| self.tells_suspension(record)),
            census: census(text(at.census)),
            is_reconciled: names_entry(text(at.reconciled)),
            is_reconciled_fta: names_entry(text(at.reconciled_fta)),
        };
        let effect = Effect::SummaryStatus(status);
        let code = text(at.summary);
        let row = self.statuses.meaning_of(code, "JC 4 ");
        let reading = Reading {
            code: Token::some(code),
            table: self.statuses.name(),
            meaning: Some(row.map_or("status of the entry summary", |row| &row.meaning)),
            severity: severity_of(&status),
            effect: &effect,
        };
        scribe.notice_of(head, &Draft::new(Kind::EntryStatus, reading, self.as_of(control, scribe)), &sheet);
    }

    fn tells_suspension(&self, record: &Record<'_>) -> bool {
        let stays = self.stay_codes.iter().filter_map(|&at| self.stays.get(record.field(&at)));
        stays.map(|(stay, _)| stay).any(|stay| stay == Stay::Suspended)
    }

    /// The day for which the answer holds: its header's, without one that of the state it tells.
    fn as_of(&self, control: Option<&Record<'_>>, scribe: &Scribe<'_, '_>) -> Option<EventTime> {
        let state = control.and_then(|record| date(record, self.status.date));
        scribe.dated().or(state.map(EventTime::date))
    }

    /// A code that the tables do not have is as loud here as anywhere, whatever the rest of the answer says.
    fn unknown_codes<'a>(&'a self, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        for record in records {
            for coded in self.codes.iter().filter(|coded| is(record, coded.tag)) {
                let code = record.field(&coded.at);
                if !code.is_empty() && self.statuses.meaning_of(code, coded.kind).is_none() {
                    unknown(record, coded.at, &self.statuses, scribe);
                }
            }
        }
    }

    fn scheduled<'a>(&'a self, head: &Record<'a>, day: Option<NaiveDate>, scribe: &mut Scribe<'_, 'a>) {
        let effect = Effect::LiquidationScheduled { date: day };
        let mut sheet = Sheet::default();
        if let Some(day) = day {
            sheet.write_date("scheduled_liquidation", day);
        }
        let mut reading = plain(Severity::Info, &effect);
        reading.meaning = Some(match day {
            Some(_) => "liquidation scheduled",
            None => "no date of liquidation is set",
        });
        scribe.notice_of(head, &Draft::new(Kind::EntryStatus, reading, None), &sheet);
    }

    /// Liquidated, reliquidated, or scheduled.
    fn liquidation<'a>(&'a self, head: &Record<'a>, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let code = head.field(&self.liquidated.status);
        let day = date(head, self.liquidation_date);
        let event = match code {
            b"1" => LiquidationKind::Liquidation,
            b"3" => LiquidationKind::Reliquidation,
            b"2" => return self.scheduled(head, day, scribe),
            _ => return,
        };
        let detail = records.iter().find(|record| is(record, JD));
        let of = |at: AmountAt| detail.and_then(|record| decimal(record.field(&at.at), at.decimals));
        let is_lost = |at: AmountAt| detail.is_some_and(|record| is_unreadable(record, at));
        let reason = detail.map_or(&b""[..], |record| record.field(&self.liquidated.reason));
        if code == b"1" && matches!(reason, b"52" | b"53" | b"54") {
            return self.closed_tib(head, reason, day, scribe);
        }
        let at = &self.liquidated;
        let liquidated = Amounts {
            duty: of(at.duty),
            tax: of(at.tax),
            // The answer has one sum for both kinds of case.
            antidumping: of(at.cases),
            countervailing: None,
            fees: of(at.fees),
            unreadable: [at.duty, at.tax, at.cases, at.fees].into_iter().any(is_lost),
        };
        let effect = Effect::Liquidated(Liquidation {
            event,
            date: day,
            kind: Token::new(code),
            reason: Token::new(reason),
            paid: Amounts::default(),
            liquidated,
            interest: of(at.interest),
            interest_unreadable: is_lost(at.interest),
        });
        let row = self.statuses.meaning_of(code, "JB 43");
        let reading = Reading {
            code: Token::some(code),
            table: self.statuses.name(),
            meaning: row.map(|row| &*row.meaning),
            severity: Severity::Warning,
            effect: &effect,
        };
        let mut sheet = Sheet::default();
        let event = if event == LiquidationKind::Liquidation { "liquidation" } else { "reliquidation" };
        sheet.push_words("event", Some(event));
        if let Some(day) = day {
            sheet.write_date("liquidation_date", day);
        }
        if let Some((_, columns)) = self.shown.iter().find(|(tag, _)| *tag == JD)
            && let Some(detail) = detail
        {
            sheet.take(detail, columns);
        }
        sheet.push_words("liq_reason_1_meaning", self.reasons.meaning(reason));
        let at = day.map(EventTime::date);
        scribe.notice_of(head, &Draft::new(Kind::EntryStatus, reading, at), &sheet);
    }

    /// A temporary importation is closed, not liquidated: there is nothing to protest (EQ/ER chapter, reasons 52 to 54). Only
    /// closed with compliance (52) it owes nothing more.
    fn closed_tib<'a>(
        &'a self,
        head: &Record<'a>,
        reason: &[u8],
        day: Option<NaiveDate>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let mut sheet = Sheet::default();
        if let Some(day) = day {
            sheet.write_date("closed", day);
        }
        let (effect, severity) = match reason {
            b"52" => (Effect::TibClosed, Severity::Info),
            _ => (Effect::Inform, Severity::Critical),
        };
        let reading = Reading {
            code: Token::some(reason),
            table: self.reasons.name(),
            meaning: self.reasons.meaning(reason),
            severity,
            effect: &effect,
        };
        let at = day.map(EventTime::date);
        scribe.notice_of(head, &Draft::new(Kind::EntryStatus, reading, at), &sheet);
    }

    /// Extensions and suspensions that stand, dated by the last of them.
    fn stay<'a>(&'a self, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let Some(record) = records.iter().find(|record| is(record, JC)) else { return };
        let day = date(record, self.stay_date);
        for &at in &self.stay_codes {
            let code = record.field(&at);
            if code.is_empty() {
                continue;
            }
            let Some((stay, row)) = self.stays.get(code) else {
                unknown(record, at, self.stays.words(), scribe);
                continue;
            };
            let reason = Token::new(code);
            let effect = stay.effect(reason, None, day);
            let reading = Reading {
                code: Token::some(code),
                table: self.stays.words().name(),
                meaning: Some(&row.meaning),
                severity: row.severity.unwrap_or(Severity::Info),
                effect: &effect,
            };
            let mut sheet = Sheet::default();
            sheet.push_words("event", Some(if stay == Stay::Extended { "extension" } else { "suspension" }));
            if let Some(day) = day {
                sheet.write_date("ext_susp_date", day);
            }
            scribe.notice_of(
                record,
                &Draft::new(Kind::EntryStatus, reading, day.map(EventTime::date)),
                &sheet,
            );
        }
    }

    /// The query found nothing, or could not be read.
    fn condition<'a>(&'a self, record: &Record<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.read_named_entry(record, &self.condition_entry);
        let code = record.field(&self.condition);
        let row = self.conditions.get(code);
        let is_unknown = row.is_none() && !code.is_empty();
        let reading = Reading {
            code: Token::some(code),
            table: self.conditions.name(),
            meaning: row.map(|row| &*row.meaning),
            severity: match row {
                None if is_unknown => Severity::Critical,
                row => row.and_then(|row| row.severity).unwrap_or(Severity::Info),
            },
            effect: if is_unknown { &Effect::Unknown } else { &Effect::Inform },
        };
        scribe.check_known(&reading, record, self.condition);
        let mut sheet = Sheet::default();
        sheet.take(record, &self.condition_fields);
        scribe.notice_of(record, &Draft::new(Kind::EntryStatus, reading, None), &sheet);
    }
}

fn census(code: &[u8]) -> Option<AnsweredCensus> {
    match code {
        b"0" | b"6" => Some(AnsweredCensus::Clear),
        b"1" => Some(AnsweredCensus::Unresolved),
        _ => None,
    }
}

/// A number that is blank or nothing but zeros names none.
fn names_entry(number: &[u8]) -> bool {
    number.iter().any(|byte| !matches!(byte, b' ' | b'0'))
}

fn severity_of(status: &SummaryStatus) -> Severity {
    match status.state {
        Some(AnsweredState::Rejected | AnsweredState::Cancelled) => Severity::Warning,
        _ if status.is_late || status.is_inactive => Severity::Warning,
        _ => Severity::Info,
    }
}

/// JI, JK, JL and JN carry a sentence in place of their fields when there is nothing to tell.
fn says_nothing(record: &Record<'_>) -> bool {
    crate::decode::abi::says_nothing(record.bytes)
}

fn is(record: &Record<'_>, tag: Tag) -> bool {
    record.layout.is_some() && record.tag().cut(2) == tag
}
