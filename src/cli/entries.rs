//! `entries`: search.

use chrono::NaiveDate;

use super::args;
use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Table, Ui, csv_rows, day, json_line, or_dash, when, written};
use crate::email::text::days_left;
use crate::entry::Status;
use crate::ident::EntryNumber;
use crate::serve::{EntryFilter, EntryRow, PAGE_MAX, Page, Request, StatusWord, Window};

/// A deadline that ran out longer ago than this is not looked for.
const OVERDUE_DAYS: u32 = 30;

/// Search entries
#[derive(clap::Args, Debug)]
pub struct Args {
    /// known, filed, rejected, held, released, accepted, liquidated or cancelled
    #[arg(long, value_parser = args::status)]
    status: Option<Status>,
    /// The broker whose file spoke last of the entry
    #[arg(long, value_name = "NAME")]
    broker: Option<String>,
    /// Importer number, with or without hyphens
    #[arg(long, value_name = "NUMBER")]
    importer: Option<String>,
    /// Purchase order
    #[arg(long, value_name = "ORDER")]
    po: Option<String>,
    /// Bill of lading, issuer and number together
    #[arg(long, value_name = "BILL")]
    bill: Option<String>,
    /// Something is due within so many days, or was in the last 30
    #[arg(long, value_name = "DAYS", value_parser = args::days)]
    due_within: Option<u32>,
    /// At least one hold is open
    #[arg(long)]
    open_hold: bool,
    /// A report from the ACE portal and the messages disagree: on what, a line for each
    #[arg(long)]
    contradictions: bool,
    /// Something should have been said by now, and was not: what, a line for each
    #[arg(long, conflicts_with = "contradictions")]
    silent: bool,
    /// Count from this day instead of today
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
    /// Print so many entries at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let on = args.on.unwrap_or_else(|| context.today());
    let filter = EntryFilter {
        status: args.status.map(StatusWord),
        broker: args.broker.clone(),
        importer: args.importer.clone(),
        po: args.po.clone(),
        bill: args.bill.clone(),
        due: args.due_within.map(|within_days| Window { on, within_days, overdue_days: OVERDUE_DAYS }),
        open_hold: args.open_hold,
        contradictions: args.contradictions,
        silent: args.silent,
    };
    let door = context.door()?;
    let lines = match () {
        () if args.contradictions => Lines::Contradictions,
        () if args.silent => Lines::Silences,
        () => Lines::Entries,
    };
    let form = Form { csv: args.csv, lines };
    let mut printer = Printer { ui, out: ui.stdout(), form, is_first: true };
    let mut left = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut after: Option<EntryNumber> = None;
    let mut rows: Vec<EntryRow> = Vec::new();
    let mut found = 0;
    loop {
        let limit = Some(left.min(PAGE_MAX));
        let page: Page<EntryRow, EntryNumber> =
            door.ask(Request::Entries { on, filter: filter.clone(), after, limit })?;
        left = left.saturating_sub(page.rows.len());
        found += page.rows.len();
        after = page.next;
        rows.extend(page.rows);
        let is_last = after.is_none() || left == 0;
        if let Some(broker) = args.broker.as_ref().filter(|_| is_last && found == 0) {
            super::names::require_broker_of_filter(context, &door, broker)?;
        }
        // A table is aligned as a whole, so its rows are collected, up to a page of them.
        if is_last || rows.len() >= PAGE_MAX || ui.json || args.csv {
            printer.print(&std::mem::take(&mut rows))?;
        }
        if is_last {
            if after.is_some() {
                ui.remark("There may be more; --limit prints more of them.");
            }
            return Ok(Exit::Fine);
        }
    }
}

/// How rows are printed; JSON aside.
#[derive(Clone, Copy)]
struct Form {
    csv: bool,
    lines: Lines,
}

/// What has a line of its own.
#[derive(Clone, Copy)]
enum Lines {
    Entries,
    Contradictions,
    Silences,
}

struct Printer<'a> {
    ui: &'a Ui,
    out: Out,
    form: Form,
    is_first: bool,
}

impl Printer<'_> {
    fn print(&mut self, rows: &[EntryRow]) -> Result<(), Failure> {
        let (ui, Form { csv, lines }) = (self.ui, self.form);
        let is_first = std::mem::replace(&mut self.is_first, false);
        if rows.is_empty() && !is_first {
            return Ok(());
        }
        let header = |header: &'static [&'static str]| if is_first { header } else { &[] };
        written(&mut self.out, |out| match (lines, csv) {
            _ if ui.json => rows.iter().try_for_each(|row| json_line(out, row)),
            (Lines::Entries, true) => csv_rows(out, header(&CSV_HEADER), rows.iter().map(csv_cells)),
            (Lines::Contradictions, true) => {
                csv_rows(out, header(&CONTRADICTIONS_HEADER), rows.iter().flat_map(contradiction_cells))
            }
            (Lines::Silences, true) => {
                csv_rows(out, header(&SILENCES_HEADER), rows.iter().flat_map(silence_cells))
            }
            (Lines::Entries, false) => table(rows).write(out, ui),
            (Lines::Contradictions, false) => contradictions_table(rows).write(out, ui),
            (Lines::Silences, false) => silences_table(rows).write(out, ui),
        })
    }
}

fn table(rows: &[EntryRow]) -> Table {
    let mut table =
        Table::new(["ENTRY", "STATUS", "TYPE", "BROKER", "REFERENCE", "HOLDS", "RELEASED", "NEXT DEADLINE"]);
    for row in rows {
        let next = row.next_deadline.as_ref().map(|next| {
            let date = next.act_by.map_or_else(|| next.due.clone(), |date| date.to_string());
            format!("{} {} ({})", next.id, day(&date), days_left(next.days_left))
        });
        let holds = if row.open_holds > 0 { Paint::Red } else { Paint::Plain };
        table.painted([
            (Paint::Strong, row.entry.to_string()),
            (Paint::Plain, row.status.clone()),
            (Paint::Plain, or_dash(row.entry_type)),
            (Paint::Plain, or_dash(row.broker.as_ref())),
            (Paint::Plain, or_dash(row.reference.as_ref())),
            (holds, row.open_holds.to_string()),
            (Paint::Plain, when(row.released_at)),
            (Paint::Plain, or_dash(next)),
        ]);
    }
    table
}

const CSV_HEADER: [&str; 12] = [
    "entry",
    "status",
    "type",
    "filer",
    "broker",
    "importer",
    "reference",
    "released_at",
    "open_holds",
    "next_deadline",
    "due",
    "act_by",
];

fn csv_cells(row: &EntryRow) -> [String; 12] {
    let blank = |text: Option<String>| text.unwrap_or_default();
    let next = row.next_deadline.as_ref();
    [
        row.entry.to_string(),
        row.status.clone(),
        blank(row.entry_type.map(|entry_type| entry_type.to_string())),
        row.filer.to_string(),
        blank(row.broker.as_ref().map(ToString::to_string)),
        blank(row.importer.clone()),
        blank(row.reference.clone()),
        blank(row.released_at.map(|at| at.to_string())),
        row.open_holds.to_string(),
        blank(next.map(|next| next.id.clone())),
        blank(next.map(|next| next.due.clone())),
        blank(next.and_then(|next| next.act_by).map(|date| date.to_string())),
    ]
}

const CONTRADICTIONS_HEADER: [&str; 8] =
    ["entry", "broker", "importer", "reference", "what", "reported", "messages", "report"];

/// A row for each contradiction of an entry.
fn contradiction_cells(row: &EntryRow) -> impl Iterator<Item = [String; 8]> {
    let blank = |text: Option<String>| text.unwrap_or_default();
    row.contradictions.iter().map(move |found| {
        [
            row.entry.to_string(),
            blank(row.broker.as_ref().map(ToString::to_string)),
            blank(row.importer.clone()),
            blank(row.reference.clone()),
            found.what.clone(),
            found.reported.clone(),
            found.told.join(" "),
            blank(found.file.as_ref().zip(found.line).map(|(file, line)| format!("{file}:{line}"))),
        ]
    })
}

fn contradictions_table(rows: &[EntryRow]) -> Table {
    let mut table = Table::new(["ENTRY", "BROKER", "REFERENCE", "WHAT", "REPORT", "MESSAGES", "WHERE"]);
    for [entry, broker, _, reference, what, reported, told, place] in
        rows.iter().flat_map(contradiction_cells)
    {
        table.row([entry, broker, reference, what.replace('_', " "), reported, told, place]);
    }
    table
}

const SILENCES_HEADER: [&str; 9] =
    ["entry", "broker", "importer", "reference", "silence", "instance", "since", "missing_from", "text"];

/// A row for each thing that should have been said of an entry.
fn silence_cells(row: &EntryRow) -> impl Iterator<Item = [String; 9]> {
    let blank = |text: Option<String>| text.unwrap_or_default();
    row.unheard.iter().map(move |unheard| {
        [
            row.entry.to_string(),
            blank(row.broker.as_ref().map(ToString::to_string)),
            blank(row.importer.clone()),
            blank(row.reference.clone()),
            unheard.code.clone(),
            unheard.instance.clone(),
            unheard.since.to_string(),
            unheard.missing_from.to_string(),
            unheard.text.clone(),
        ]
    })
}

fn silences_table(rows: &[EntryRow]) -> Table {
    let mut table = Table::new(["ENTRY", "BROKER", "REFERENCE", "SILENCE", "MISSING FROM", "WHAT"]);
    for [entry, broker, _, reference, silence, _, _, from, text] in rows.iter().flat_map(silence_cells) {
        table.row([entry, broker, reference, silence, day(&from), text]);
    }
    table
}
