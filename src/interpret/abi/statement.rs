//! PF and MS: what is to be paid, on which statement, and what was taken off it.
//!
//! One message is one statement. It gives a notice for the statement, one for each entry (PF) or daily statement (MS) on
//! it, and one for each entry that was deleted from it. Whether it is preliminary or final stands in the B record.

use super::resolve::{AmountAt, DateAt, EntryAt, Reading, Resolver, Words};
use super::scribe::{Draft, Scribe, date};
use super::sheet::{Column, Mark, Sheet, Sum, columns, decimal};
use super::statement_lines::{Line, Lines, Q1, Q2, QA, is};
use super::statement_totals::{Claims, StatementTotals};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Effect, EventTime, Kind, MonthlyLine, StatementLine, StatementStatus, Token};
use crate::place::{Finding, Grade, Severity, finding_code};

const Q3: Tag = Tag::named(b"Q3");
const Q4: Tag = Tag::named(b"Q4");
const QE: Tag = Tag::named(b"QE");
const Q5: Tag = Tag::named(b"Q5");
const Q6: Tag = Tag::named(b"Q6");
const QJ: Tag = Tag::named(b"QJ");
const Q7: Tag = Tag::named(b"Q7");

/// Classes and amounts in one fee record.
const FEES: usize = 5;

/// Which family a message belongs to; record ids are the same, positions are not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Period {
    Daily,
    Monthly,
}

/// What both families have, with the positions of one of them.
struct Layouts {
    period: Period,
    item: Vec<Column>,
    item_more: Vec<Column>,
    item_fees: Vec<Column>,
    lines: Lines,
    /// Number, print date, due date (MS only).
    number: FieldAt,
    print_date: DateAt,
    due_date: Option<DateAt>,
    due: [Vec<Column>; 3],
    paid: [Vec<Column>; 3],
    deleted: FieldAt,
    deletions: [(EntryAt, FieldAt); 4],
}

/// Reads PF and MS.
pub struct StatementReader {
    transmission: DateAt,
    status: FieldAt,
    block_number: FieldAt,
    block_print_date: DateAt,
    block_payment_type: FieldAt,
    block: Vec<Column>,
    statuses: Words,
    payment_types: Words,
    daily: Layouts,
    monthly: Layouts,
    entry: Daily,
    line: Monthly,
    totals: StatementTotals,
}

/// Positions in PF Q1, Q2 and QA.
struct Daily {
    entry: EntryAt,
    second_entry: EntryAt,
    duty: AmountAt,
    tax: AmountAt,
    tax_deferred: FieldAt,
    antidumping: AmountAt,
    countervailing: AmountAt,
    payment_type: FieldAt,
    is_due: FieldAt,
    countervailing_due: FieldAt,
    antidumping_due: FieldAt,
    interest: AmountAt,
    fees: [AmountAt; FEES],
}

/// Positions in MS Q1 and Q2.
struct Monthly {
    daily: FieldAt,
    presented: DateAt,
    amount: AmountAt,
}

/// What a message says of itself.
#[derive(Clone, Copy)]
struct Head<'a> {
    status: StatementStatus,
    /// As it stands in the B record.
    code: &'a [u8],
    number: &'a [u8],
    print_date: Option<chrono::NaiveDate>,
    due_date: Option<chrono::NaiveDate>,
    /// The totals, due and paid, are those of this statement.
    has_own: [bool; 2],
    payment_type: Option<Token>,
    at: Option<EventTime>,
}

impl Layouts {
    fn resolve(resolver: &mut Resolver<'_>, period: Period) -> Self {
        let (prefix, number) = match period {
            Period::Daily => ("PF", "statement_number"),
            Period::Monthly => ("MS", "monthly_statement_number"),
        };
        let key = |record: &str| format!("{prefix}_{record}");
        let all = |resolver: &mut Resolver<'_>, record: &str| columns(resolver, &key(record));
        let deletion = |resolver: &mut Resolver<'_>, index: usize| {
            let at =
                |resolver: &mut Resolver<'_>, name: &str| resolver.at(&key("Q7"), &format!("{name}_{index}"));
            let entry = EntryAt { filer: at(resolver, "filer"), number: at(resolver, "entry") };
            (entry, at(resolver, "source"))
        };
        Self {
            period,
            item: all(resolver, "Q1"),
            item_more: all(resolver, "Q2"),
            item_fees: all(resolver, "QA"),
            lines: match period {
                Period::Daily => Lines::by_entry([resolver.entry("PF_Q1"), resolver.entry("PF_Q2")]),
                Period::Monthly => Lines::by_place(),
            },
            number: resolver.at(&key("Q3"), number),
            print_date: resolver.date(&key("Q3"), "print_date"),
            due_date: (period == Period::Monthly).then(|| resolver.date(&key("Q3"), "due_date")),
            due: ["Q3", "Q4", "QE"].map(|record| all(resolver, record)),
            paid: ["Q5", "Q6", "QJ"].map(|record| all(resolver, record)),
            deleted: resolver.at(&key("Q7"), "statement_number"),
            deletions: [1, 2, 3, 4].map(|index| deletion(resolver, index)),
        }
    }
}

impl Layouts {
    /// Whether totals are those of the statement that the B record names; a blank number names none.
    fn are_of(&self, totals: &Record<'_>, statement: &[u8]) -> bool {
        let own = totals.field(&self.number);
        own.is_empty() || statement.is_empty() || own == statement
    }

    #[cold]
    fn note_others(&self, totals: &Record<'_>, statement: &[u8], scribe: &mut Scribe<'_, '_>) {
        let (own, statement) = (totals.field(&self.number).escape_ascii(), statement.escape_ascii());
        let message = format!(
            "these are the totals of the statement `{own}`, and the block holds `{statement}`: neither totals nor dates are taken from them"
        );
        let place = totals.place_of(self.number);
        scribe.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, place, message);
    }
}

impl StatementReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            transmission: resolver.date("A_OUT", "transmission_date"),
            status: resolver.at("B_OUT", "statement_status"),
            block_number: resolver.at("B_OUT", "statement_number"),
            block_print_date: resolver.date("B_OUT", "statement_print_date"),
            block_payment_type: resolver.at("B_OUT", "payment_type"),
            block: columns(resolver, "B_OUT")
                .into_iter()
                .filter(|column| {
                    ["payment_type", "importer_number", "client_branch"].contains(&column.name())
                })
                .collect(),
            statuses: resolver.words("statement-codes"),
            payment_types: resolver.words("payment-types"),
            daily: Layouts::resolve(resolver, Period::Daily),
            monthly: Layouts::resolve(resolver, Period::Monthly),
            entry: Daily {
                entry: resolver.entry("PF_Q1"),
                second_entry: resolver.entry("PF_Q2"),
                duty: resolver.amount("PF_Q1", "duty"),
                tax: resolver.amount("PF_Q1", "tax"),
                tax_deferred: resolver.at("PF_Q1", "tax_deferred"),
                antidumping: resolver.amount("PF_Q2", "antidumping"),
                countervailing: resolver.amount("PF_Q2", "countervailing"),
                payment_type: resolver.at("PF_Q2", "payment_type"),
                is_due: resolver.at("PF_Q2", "pay_indicator"),
                countervailing_due: resolver.at("PF_Q2", "cvd_indicator"),
                antidumping_due: resolver.at("PF_Q2", "ad_indicator"),
                interest: resolver.amount("PF_Q2", "recon_interest"),
                fees: ["amount_1", "amount_2", "amount_3", "amount_4", "amount_5"]
                    .map(|name| resolver.amount("PF_QA", name)),
            },
            line: Monthly {
                daily: resolver.at("MS_Q1", "daily_statement_number"),
                presented: resolver.date("MS_Q1", "presentation_date"),
                amount: resolver.amount("MS_Q2", "amount_due"),
            },
            totals: StatementTotals::resolve(resolver),
        }
    }

    /// `findings`: what the decoder found in the message.
    pub fn read_daily<'a>(
        &'a self,
        transaction: &Transaction<'a>,
        findings: &[Finding],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        self.read(&self.daily, transaction, findings, scribe);
    }

    pub fn read_monthly<'a>(
        &'a self,
        transaction: &Transaction<'a>,
        findings: &[Finding],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        self.read(&self.monthly, transaction, findings, scribe);
    }

    fn read<'a>(
        &'a self,
        layouts: &'a Layouts,
        transaction: &Transaction<'a>,
        findings: &[Finding],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let Some(head) = self.head(layouts, transaction, scribe) else { return };
        self.statement(layouts, &head, transaction, scribe);
        let records = transaction.records;
        let mut sheet = Sheet::default();
        let are_in_order = layouts.lines.each(records, scribe, &mut |line, scribe| {
            match layouts.period {
                Period::Daily => self.entry_line(layouts, &head, line, &mut sheet, scribe),
                Period::Monthly => self.daily_line(layouts, &head, line.records, &mut sheet, scribe),
            }
            sheet.back_to(Mark::default());
        });
        for record in records.iter().filter(|record| is(record, Q7)) {
            self.deletions(layouts, &head, record, scribe);
        }
        let is_daily = layouts.period == Period::Daily;
        let is_its_own = are_in_order && head.has_own == [true; 2];
        let claims =
            Claims { is_daily, status: head.status, payment_type: head.payment_type, is_its_own, findings };
        self.totals.check(&claims, transaction, scribe);
    }

    fn head<'a>(
        &self,
        layouts: &Layouts,
        transaction: &Transaction<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) -> Option<Head<'a>> {
        let first = transaction.records.first()?;
        let find = |tag| transaction.records.iter().find(|record| is(record, tag));
        let block = transaction.block.as_ref();
        let of =
            |record: Option<&Record<'a>>, at: FieldAt| record.map_or(&b""[..], |record| record.field(&at));
        let number = of(block, self.block_number);
        let both = [find(Q3), find(Q5)];
        let has_own = both.map(|totals| totals.is_none_or(|totals| layouts.are_of(totals, number)));
        for (totals, _) in both.iter().zip(has_own).filter(|(_, is_own)| !is_own) {
            totals.iter().for_each(|totals| layouts.note_others(totals, number, scribe));
        }
        let totals = both.iter().zip(has_own).find_map(|(totals, is_own)| totals.filter(|_| is_own));
        let code = of(block, self.status);
        let is_paid = [Q5, Q6, QJ].into_iter().any(|tag| find(tag).is_some());
        let status = match code {
            b"P" => StatementStatus::Preliminary,
            b"F" => StatementStatus::Final,
            _ if is_paid => StatementStatus::Final,
            _ => StatementStatus::Preliminary,
        };
        match (block, code) {
            (_, b"P" | b"F") => {}
            (Some(block), code) if !code.is_empty() => {
                let reading = self.status_reading(code, &Effect::Unknown);
                scribe.check_known(&reading, block, self.status);
            }
            _ => {
                let guess = if is_paid { "totals paid make it final" } else { "it is taken for preliminary" };
                let message = format!("the B record does not say whether the statement is final; {guess}");
                scribe.finding(finding_code::MISSING_FIELD, Grade::Warning, first.place, message);
            }
        }
        let number = if number.is_empty() { of(totals, layouts.number) } else { number };
        let print_date = block.and_then(|block| date(block, self.block_print_date));
        let print_date = print_date.or_else(|| totals.and_then(|totals| date(totals, layouts.print_date)));
        // A preliminary statement is made on its print date; of a final one only the header has the date.
        let printed = print_date.filter(|_| status == StatementStatus::Preliminary).map(EventTime::date);
        Some(Head {
            status,
            code: match (code, status) {
                (b"", StatementStatus::Preliminary) => b"P",
                (b"", StatementStatus::Final) => b"F",
                (code, _) => code,
            },
            number,
            print_date,
            due_date: layouts.due_date.and_then(|at| totals.and_then(|totals| date(totals, at))),
            has_own,
            payment_type: Token::some(of(block, self.block_payment_type)),
            at: scribe.dated().or(printed),
        })
    }

    fn status_reading<'t>(&'t self, code: &[u8], effect: &'t Effect) -> Reading<'t> {
        let meaning = self.statuses.meaning(code);
        let severity = if meaning.is_some() { Severity::Info } else { Severity::Critical };
        Reading { code: Token::some(code), table: self.statuses.name(), meaning, severity, effect }
    }

    /// The statement itself: its number, dates and totals. It belongs to no entry.
    fn statement<'a>(
        &'a self,
        layouts: &'a Layouts,
        head: &Head<'a>,
        transaction: &Transaction<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let records = transaction.records;
        let place = records.iter().find(|record| is(record, Q3)).or(records.first());
        let Some(place) = place else { return };
        let mut sheet = Sheet::default();
        sheet.push_words("period", Some(if layouts.period == Period::Daily { "daily" } else { "monthly" }));
        if let Some(block) = &transaction.block {
            for column in &self.block {
                sheet.push(column.name(), column.sent(block));
            }
            let meaning = self.payment_types.meaning(block.field(&self.block_payment_type));
            sheet.push_words("payment_type_meaning", meaning);
        }
        let count = records.iter().filter(|record| is(record, Q1)).count();
        sheet
            .write_count(if layouts.period == Period::Daily { "entries" } else { "daily_statements" }, count);
        let [due_is_own, paid_is_own] = head.has_own;
        let due = [Q3, Q4, QE].into_iter().zip(&layouts.due).filter(|_| due_is_own);
        for (tag, columns) in due {
            records.iter().filter(|record| is(record, tag)).for_each(|record| sheet.take(record, columns));
        }
        // The totals paid repeat number, dates and filer; only what was paid is told again.
        let paid = [Q6, QJ].into_iter().zip(&layouts.paid[1..]).filter(|_| paid_is_own);
        for (tag, columns) in paid {
            records.iter().filter(|record| is(record, tag)).for_each(|record| sheet.take(record, columns));
        }
        let deleted: usize = records
            .iter()
            .filter(|record| is(record, Q7))
            .map(|record| {
                layouts.deletions.iter().filter(|(at, _)| !record.field(&at.number).is_empty()).count()
            })
            .sum();
        if deleted > 0 {
            sheet.write_count("deleted_entries", deleted);
        }
        scribe.entry = None;
        let effect =
            if self.statuses.meaning(head.code).is_some() { Effect::Inform } else { Effect::Unknown };
        let reading = self.status_reading(head.code, &effect);
        scribe.notice_of(place, &Draft::new(Kind::Statement, reading, head.at), &sheet);
    }

    fn entry_line<'a>(
        &'a self,
        layouts: &'a Layouts,
        head: &Head<'a>,
        line: Line<'_, 'a>,
        sheet: &mut Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some(first) = line.records.first() else { return };
        let at = &self.entry;
        scribe.read_entry(first, if is(first, Q1) { &at.entry } else { &at.second_entry });
        sheet.push("statement_number", head.number);
        if let Some(printed) = head.print_date {
            sheet.write_date("print_date", printed);
        }
        let mut amount = if line.is_whole { Sum::default() } else { Sum::unknown() };
        let (mut payment_type, mut is_due) = (head.payment_type, true);
        for record in line.records {
            if is(record, Q1) {
                sheet.take(record, &layouts.item);
                amount.add(record, at.duty);
                if record.field(&at.tax_deferred) != b"Y" {
                    amount.add(record, at.tax);
                }
            } else if is(record, Q2) {
                sheet.take(record, &layouts.item_more);
                is_due = record.field(&at.is_due) != b"N";
                payment_type = Token::some(record.field(&at.payment_type)).or(payment_type);
                if record.field(&at.antidumping_due) != b"N" {
                    amount.add(record, at.antidumping);
                }
                if record.field(&at.countervailing_due) != b"N" {
                    amount.add(record, at.countervailing);
                }
                amount.add(record, at.interest);
            } else if is(record, QA) {
                sheet.take(record, &layouts.item_fees);
                at.fees.iter().for_each(|&fee| amount.add(record, fee));
            }
        }
        if let Some(total) = amount.total() {
            sheet.write_amount("amount", total);
        }
        let effect = Effect::OnStatement(StatementLine {
            statement: Token::new(head.number),
            status: head.status,
            print_date: head.print_date,
            payment_type,
            amount: amount.total(),
            is_due,
        });
        let mut reading = self.status_reading(head.code, &effect);
        reading.severity = Severity::Info;
        scribe.notice_of(first, &Draft::new(Kind::StatementEntry, reading, head.at), sheet);
    }

    fn daily_line<'a>(
        &'a self,
        layouts: &'a Layouts,
        head: &Head<'a>,
        group: &[Record<'a>],
        sheet: &mut Sheet<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some(first) = group.first() else { return };
        scribe.entry = None;
        sheet.push("monthly_statement_number", head.number);
        if let Some(due) = head.due_date {
            sheet.write_date("due_date", due);
        }
        sheet.take(first, &layouts.item);
        let mut amount = None;
        for record in &group[1..] {
            if is(record, Q2) {
                sheet.take(record, &layouts.item_more);
                amount = decimal(record.field(&self.line.amount.at), self.line.amount.decimals);
            } else if is(record, QA) {
                sheet.take(record, &layouts.item_fees);
            }
        }
        let effect = Effect::OnMonthlyStatement(MonthlyLine {
            statement: Token::new(first.field(&self.line.daily)),
            monthly: Token::new(head.number),
            status: head.status,
            print_date: head.print_date,
            due_date: head.due_date,
            presented: date(first, self.line.presented),
            amount,
        });
        let mut reading = self.status_reading(head.code, &effect);
        reading.severity = Severity::Info;
        scribe.notice_of(first, &Draft::new(Kind::StatementEntry, reading, head.at), sheet);
    }

    /// Up to four entries in one record. After presentation, which is what MS tells of, such an entry falls back to
    /// payment by itself.
    fn deletions<'a>(
        &'a self,
        layouts: &'a Layouts,
        head: &Head<'a>,
        record: &Record<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let statement = record.field(&layouts.deleted);
        for (entry, source) in &layouts.deletions {
            if record.field(&entry.number).is_empty() {
                continue;
            }
            scribe.read_entry(record, entry);
            let by = record.field(source);
            let is_team = by.len() == 3 && by.iter().all(u8::is_ascii_digit);
            let effect = Effect::OffStatement { statement: Token::new(statement), by: Token::new(by) };
            let mut reading = self.status_reading(if is_team { b"nnn" } else { by }, &effect);
            reading.code = Token::some(by);
            scribe.check_known(&reading, record, *source);
            if reading.meaning.is_some() || by.is_empty() {
                let is_presented = layouts.period == Period::Monthly;
                reading.severity = if is_presented { Severity::Critical } else { Severity::Warning };
            }
            let mut sheet = Sheet::default();
            sheet.push("statement_number", statement);
            if layouts.period == Period::Monthly {
                sheet.push("monthly_statement_number", head.number);
            }
            sheet.push("source", by);
            scribe.notice_of(record, &Draft::new(Kind::StatementEntry, reading, head.at), &sheet);
        }
    }
}
