//! PF and MS: what the entries of a cohort owe, by day and by month.

use chrono::NaiveDate;

use super::cohort::{Cohort, Half, Paper};
use super::filings::FEE_CLASSES;
use super::life::{BROKERS, Life, Line, TEAM};
use super::record::{Encoder, Message, Record};
use super::said::{Said, date};

/// What the B record says of a statement.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) port: &'static str,
    status: &'static str,
    number: String,
    printed: NaiveDate,
    payment_type: &'static str,
}

impl Heading {
    pub(super) fn fill<'e>(&self, record: Record<'e>) -> Record<'e> {
        record
            .text("statement_status", self.status)
            .text("statement_number", &self.number)
            .date("statement_print_date", self.printed)
            .text("payment_type", self.payment_type)
    }
}

/// What one entry, or several, owe in cents.
#[derive(Clone, Copy, Default, Debug)]
struct Owed {
    duty: u64,
    antidumping: u64,
    processing: u64,
    harbour: u64,
    entries: u64,
}

impl Owed {
    fn by<'l>(lives: impl IntoIterator<Item = &'l Life>) -> Self {
        lives.into_iter().fold(Self::default(), |owed, life| {
            let lines = life.lines();
            let sum = |of: fn(&Line) -> u64| lines.iter().map(of).sum::<u64>();
            Self {
                duty: owed.duty + life.duty_cents,
                antidumping: owed.antidumping + life.antidumping_cents,
                processing: owed.processing + sum(|line| line.processing_cents),
                harbour: owed.harbour + sum(|line| line.harbour_cents),
                entries: owed.entries + 1,
            }
        })
    }

    fn total(&self) -> u64 {
        self.duty + self.antidumping + self.processing + self.harbour
    }

    fn fees<'e>(&self, record: Record<'e>) -> Record<'e> {
        record
            .number("sequence", 1)
            .text("class_1", FEE_CLASSES[0])
            .amount("amount_1", self.processing)
            .text("class_2", FEE_CLASSES[1])
            .amount("amount_2", self.harbour)
    }
}

/// Writes one statement of the cohort.
pub(super) fn message<'e>(cohort: &Cohort, paper: Paper, encoder: &'e Encoder) -> (Heading, Message<'e>) {
    let mut out = Message::new(encoder);
    let heading = match paper {
        Paper::Daily { half, last } => daily(cohort, half, last, &mut out),
        Paper::Monthly { last } => monthly(cohort, last, &mut out),
    };
    (heading, out)
}

fn heading(cohort: &Cohort, last: bool, number: String, printed: NaiveDate) -> Heading {
    Heading {
        port: BROKERS[cohort.broker].ports[0],
        status: if last { "F" } else { "P" },
        number,
        printed,
        payment_type: cohort.payment_type(),
    }
}

/// The records of a statement's totals: numbers and duty, the other sums, fees; and the name of the sum of all.
struct Totals([&'static str; 3], &'static str);

const DAILY_DUE: Totals = Totals(["PF_Q3", "PF_Q4", "PF_QE"], "amount_due");
const DAILY_PAID: Totals = Totals(["PF_Q5", "PF_Q6", "PF_QJ"], "amount_paid");
const MONTHLY_DUE: Totals = Totals(["MS_Q3", "MS_Q4", "MS_QE"], "amount_due");
const MONTHLY_PAID: Totals = Totals(["MS_Q5", "MS_Q6", "MS_QJ"], "amount_paid");

fn daily(cohort: &Cohort, half: Half, last: bool, out: &mut Message<'_>) -> Heading {
    let heading = heading(cohort, last, cohort.daily_number(half), cohort.printed(half));
    let deleted = cohort.deleted(half).filter(|_| last);
    let is_paid = |life: &&Life| deleted.is_none_or(|deleted| deleted.number != life.number);
    let (due, paid) = (Owed::by(cohort.members(half)), Owed::by(cohort.members(half).filter(is_paid)));

    let statement = Said::of_nothing("statement", heading.status).by_header();
    let statement = statement.with("statement_number", &heading.number).with_cents("amount_due", due.total());
    out.say(if last { statement.with_cents("amount_paid", paid.total()) } else { statement });
    for life in cohort.members(half).filter(is_paid) {
        statement_entry(life, cohort, heading.printed, out);
        let line = Said::of_entry("statement_entry", life, heading.status).by_header();
        let line = line.with("statement_number", &heading.number);
        out.say(line.with_cents("amount", Owed::by([life]).total()));
    }
    daily_totals(cohort, &heading, &DAILY_DUE, due, out);
    if last {
        daily_totals(cohort, &heading, &DAILY_PAID, paid, out);
    }
    if let Some(life) = deleted {
        let record = out
            .record("PF_Q7")
            .text("statement_number", &heading.number)
            .text("filer_1", BROKERS[cohort.broker].filer)
            .text("entry_1", &life.number.as_str()[3..])
            .text("source_1", "ABI");
        out.end(&record);
        let said = Said::of_entry("statement_entry", life, "ABI").by_header();
        out.say(said.with("statement_number", &heading.number));
    }
    heading
}

fn daily_totals(cohort: &Cohort, heading: &Heading, totals: &Totals, owed: Owed, out: &mut Message<'_>) {
    let Totals([first, second, fees], sum) = totals;
    let record = out
        .record(first)
        .text("statement_number", &heading.number)
        .date("print_date", heading.printed)
        .text("entry_filer", BROKERS[cohort.broker].filer)
        .amount("duty", owed.duty)
        .amount("tax", 0)
        .amount("deferred_tax", 0)
        .text("processing_port", heading.port);
    out.end(&record);
    let record = out
        .record(second)
        .amount("antidumping", owed.antidumping)
        .amount("countervailing", 0)
        .amount(sum, owed.total())
        .amount("recon_interest", 0)
        .number("revenue_entries", owed.entries)
        .number("non_revenue_entries", 0);
    out.end(&record);
    out.end(&owed.fees(out.record(fees)));
}

/// Q1, Q2 and QA: an entry on a daily statement.
fn statement_entry(life: &Life, cohort: &Cohort, printed: NaiveDate, out: &mut Message<'_>) {
    let (filer, serial) = (BROKERS[life.broker].filer, &life.number.as_str()[3..]);
    let start = |key| {
        out.record(key)
            .text("port_of_entry", life.port)
            .text("entry_filer", filer)
            .text("entry_number", serial)
    };
    let first = start("PF_Q1")
        .text("importer_number", life.importer)
        .date("preliminary_print_date", printed)
        .amount("duty", life.duty_cents)
        .amount("tax", 0)
        .text("tax_deferred", "N")
        .text("broker_reference", &life.reference)
        .text("entry_type", life.entry_type);
    let second = start("PF_Q2")
        .amount("antidumping", life.antidumping_cents)
        .amount("countervailing", 0)
        .text("payment_type", cohort.payment_type())
        .text("pay_indicator", "Y")
        .text("cvd_indicator", "N")
        .text("ad_indicator", "Y")
        .text("team", TEAM)
        .amount("recon_interest", 0);
    let fees = Owed::by([life]).fees(out.record("PF_QA"));
    out.end(&first);
    out.end(&second);
    out.end(&fees);
}

fn monthly(cohort: &Cohort, last: bool, out: &mut Message<'_>) -> Heading {
    let (printed, due_on) = cohort.month();
    let heading = heading(cohort, last, cohort.monthly_number(), printed);
    let paid = |half| {
        let deleted = cohort.deleted(half).map(|life| life.number);
        cohort.members(half).filter(move |life| Some(life.number) != deleted)
    };
    let all = Owed::by(Half::BOTH.into_iter().flat_map(paid));

    let statement = Said::of_nothing("statement", heading.status).by_header();
    let statement = statement.with("monthly_statement_number", &heading.number);
    let statement = statement.with("due_date", date(due_on)).with_cents("amount_due", all.total());
    out.say(if last { statement.with_cents("amount_paid", all.total()) } else { statement });
    for half in Half::BOTH {
        let owed = Owed::by(paid(half));
        if owed.entries > 0 {
            daily_line(cohort, half, owed, &heading, out);
        }
    }
    monthly_totals(cohort, &heading, due_on, &MONTHLY_DUE, all, out);
    if last {
        monthly_totals(cohort, &heading, due_on, &MONTHLY_PAID, all, out);
    }
    heading
}

/// Q1, Q2 and QA: a daily statement on a monthly one.
fn daily_line(cohort: &Cohort, half: Half, owed: Owed, heading: &Heading, out: &mut Message<'_>) {
    let daily = cohort.daily_number(half);
    let first = out
        .record("MS_Q1")
        .text("daily_statement_number", &daily)
        .text("port", heading.port)
        .text("filer", BROKERS[cohort.broker].filer)
        .date("preliminary_print_date", cohort.printed(half))
        .date("presentation_date", cohort.presented(half))
        .amount("duty", owed.duty)
        .amount("tax", 0);
    out.end(&first);
    let second = out.record("MS_Q2").amount("antidumping", owed.antidumping);
    out.end(&second.amount("countervailing", 0).amount("amount_due", owed.total()));
    out.end(&owed.fees(out.record("MS_QA")));
    let line = Said::of_nothing("statement_entry", heading.status).by_header();
    out.say(line.with("daily_statement_number", daily).with_cents("amount_due", owed.total()));
}

fn monthly_totals(
    cohort: &Cohort,
    heading: &Heading,
    due_on: NaiveDate,
    totals: &Totals,
    owed: Owed,
    out: &mut Message<'_>,
) {
    let Totals([first, second, fees], sum) = totals;
    let record = out
        .record(first)
        .text("monthly_statement_number", &heading.number)
        .date("print_date", heading.printed)
        .date("due_date", due_on)
        .text("filer", BROKERS[cohort.broker].filer)
        .amount("duty", owed.duty)
        .amount("tax", 0);
    out.end(&record);
    let record = out.record(second).amount("antidumping", owed.antidumping);
    out.end(&record.amount("countervailing", 0).amount(sum, owed.total()));
    out.end(&owed.fees(out.record(fees)));
}
