//! `deadlines`: what comes up, over all entries, nearest first.

mod preview;
mod target;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::args;
use super::context::Context;
use super::entry::clock_name;
use super::exit::{Exit, Outcome};
use super::output::{Paint, Table, Ui, csv_rows, day, day_or_dash, json_line, or_dash, written};
use crate::ident::EntryNumber;
use crate::serve::{DeadlineRow, PAGE_MAX, Page, Request, Window};

/// Show what is due soon, over all entries, nearest first
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// To act on within so many days
    #[arg(long, value_name = "DAYS", default_value = "60d", value_parser = args::days)]
    within: u32,
    /// Also what ran out so many days ago at most
    #[arg(long, value_name = "DAYS", default_value = "30d", value_parser = args::days)]
    overdue: u32,
    /// Count from this day instead of today
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
    /// Print the nearest so many
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Preview(preview::Args),
    Target(target::Args),
}

/// Rows are sorted in memory.
const LIMIT_MAX: u64 = 100_000;

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    match &args.command {
        Some(Command::Preview(args)) => return preview::run(args, context, ui),
        Some(Command::Target(args)) => return target::run(args, context, ui),
        None => {}
    }
    super::interrupt::exit_on_interrupt();
    let on = args.on.unwrap_or_else(|| context.today());
    let window = Window { on, within_days: args.within, overdue_days: args.overdue };
    let door = context.door()?;
    let mut nearest = Nearest { rows: Vec::new(), limit: args.limit as usize, dropped: 0 };
    let mut after = None;
    loop {
        let page: Page<DeadlineRow, EntryNumber> =
            door.ask(Request::Deadlines { window, after, limit: Some(PAGE_MAX) })?;
        nearest.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    nearest.cut();
    let mut out = ui.stdout();
    written(&mut out, |out| match (ui.json, args.csv) {
        (true, _) => nearest.rows.iter().try_for_each(|row| json_line(out, row)),
        (_, true) => csv_rows(out, &CSV_HEADER, nearest.rows.iter().map(csv_cells)),
        _ => table(&nearest.rows).write(out, ui),
    })?;
    if nearest.dropped > 0 {
        ui.remark(&format!("{} more; --limit prints more of them.", nearest.dropped));
    }
    Ok(Exit::Fine)
}

/// The rows with the fewest days left, in memory for twice as many at most.
struct Nearest {
    rows: Vec<DeadlineRow>,
    limit: usize,
    dropped: u64,
}

impl Nearest {
    fn extend(&mut self, rows: Vec<DeadlineRow>) {
        self.rows.extend(rows);
        if self.rows.len() >= self.limit.saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.rows.sort_by_key(|row| (row.days_left, row.entry));
        self.dropped += self.rows.len().saturating_sub(self.limit) as u64;
        self.rows.truncate(self.limit);
    }
}

fn table(rows: &[DeadlineRow]) -> Table {
    let mut table = Table::new([
        "ACT BY",
        "DUE",
        "OUR DATE",
        "DAYS",
        "DEADLINE",
        "ENTRY",
        "STATUS",
        "BROKER",
        "REFERENCE",
    ]);
    let mut clocks: BTreeMap<(EntryNumber, &str), usize> = BTreeMap::new();
    for row in rows {
        *clocks.entry((row.entry, &row.id)).or_default() += 1;
    }
    let has_several = |row: &DeadlineRow| clocks.get(&(row.entry, &*row.id)).is_some_and(|count| *count > 1);
    for row in rows {
        let paint = match row.days_left {
            ..=3 => Paint::Red,
            4..=14 => Paint::Yellow,
            _ => Paint::Plain,
        };
        table.painted([
            (paint, day_or_dash(row.act_by)),
            (Paint::Plain, day(&row.due)),
            (Paint::Plain, day_or_dash(row.target)),
            (paint, row.days_left.to_string()),
            (Paint::Strong, clock_name(&row.id, &row.instance, has_several(row))),
            (Paint::Plain, row.entry.to_string()),
            (Paint::Plain, row.status.clone()),
            (Paint::Plain, or_dash(row.broker.as_ref())),
            (Paint::Plain, or_dash(row.reference.as_ref())),
        ]);
    }
    table
}

const CSV_HEADER: [&str; 11] = [
    "entry",
    "broker",
    "reference",
    "status",
    "deadline",
    "due",
    "act_by",
    "days_left",
    "basis",
    "target",
    "instance",
];

fn csv_cells(row: &DeadlineRow) -> [String; 11] {
    [
        row.entry.to_string(),
        row.broker.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.reference.clone().unwrap_or_default(),
        row.status.clone(),
        row.id.clone(),
        row.due.clone(),
        row.act_by.map(|date| date.to_string()).unwrap_or_default(),
        row.days_left.to_string(),
        row.basis.clone(),
        row.target.map(|date| date.to_string()).unwrap_or_default(),
        row.instance.clone(),
    ]
}
