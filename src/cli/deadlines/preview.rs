//! `deadlines preview`: which dates would move under another table of deadlines, or another `[calendar]`, before it is put into
//! force.

use std::path::{Path, PathBuf};

use super::super::context::{Context, config_file, faults_text};
use super::super::exit::{Exit, Failure, Outcome};
use super::super::output::{Paint, Table, Ui, csv_rows, json_line, written};
use crate::config::Config;
use crate::deadline::DeadlineTable;
use crate::entry::Life;
use crate::ident::EntryNumber;
use crate::serve::{PAGE_MAX, Page, Request};
use crate::words::count;
use crate::workbench::preview::{MovedRow, moved};

/// Show which dates would move under another table of deadlines, or another [calendar]
///
/// Compares with the configuration in force (`--config`). Nothing is changed. Exit code 1 when a date would move.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The table to try, in the form of grammars/deadlines.toml
    #[arg(long, value_name = "FILE", required_unless_present = "calendar")]
    rules: Option<PathBuf>,
    /// Another configuration, whose [calendar] is tried: closures, overrides, statement calendar, programmes
    #[arg(long, value_name = "FILE")]
    calendar: Option<PathBuf>,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// A table is about forty thousand bytes.
const TABLE_BYTES_MAX: u64 = 4 << 20;

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::super::interrupt::exit_on_interrupt();
    let candidate = candidate(args, context)?;
    let door = context.door()?;
    let (mut rows, mut entries, mut after) = (Vec::new(), 0_u64, None::<EntryNumber>);
    loop {
        let page: Page<Life, EntryNumber> = door.ask(Request::Lives { after, limit: Some(PAGE_MAX / 4) })?;
        entries += page.rows.len() as u64;
        rows.extend(page.rows.iter().flat_map(|life| moved(life, &context.deadlines, &candidate)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut out = ui.stdout();
    written(&mut out, |out| match (ui.json, args.csv) {
        (true, _) => rows.iter().try_for_each(|row| json_line(out, row)),
        (_, true) => csv_rows(out, &CSV_HEADER, rows.iter().map(csv_cells)),
        _ => table(&rows).write(out, ui),
    })?;
    let (dates, looked) = (count(rows.len(), "date"), count(entries, "entry"));
    ui.remark(&format!("{looked} looked at: {dates} would move."));
    Ok(if rows.is_empty() { Exit::Fine } else { Exit::NotFine })
}

/// The table and the calendar to try; what is not named is as it is in force.
fn candidate(args: &Args, context: &Context) -> Result<DeadlineTable, Failure> {
    let other = args.calendar.as_deref().map(other_config).transpose()?;
    let config = other.as_ref().unwrap_or(&context.config);
    let Some(rules) = &args.rules else {
        // The table of the other configuration is not what is tried.
        let table = context.deadlines.without_configuration();
        return Ok(table.with_closures(&config.closures).with_overrides(config.overrides.clone()));
    };
    let name = rules.display().to_string();
    let unreadable = |error: std::io::Error| Failure::usage(format!("could not read {name}: {error}"));
    let size_bytes = std::fs::metadata(rules).map_err(unreadable)?.len();
    if size_bytes > TABLE_BYTES_MAX {
        return Err(Failure::usage(format!("{name} is larger than {TABLE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(rules).map_err(unreadable)?;
    let table = DeadlineTable::parse(&text, &name).map_err(|error| {
        let hint = if text.contains("[[rule]]") {
            "\n  it holds rules for alerts: `entrywatch rules backtest --rules FILE` tries those"
        } else {
            ""
        };
        Failure::usage(format!("{error}{hint}"))
    })?;
    Ok(table.with_closures(&config.closures).with_overrides(config.overrides.clone()))
}

fn other_config(path: &Path) -> Result<Config, Failure> {
    let path = config_file(Some(path))?;
    Config::load(&path).map_err(|faults| Failure::usage(faults_text(&faults)))
}

fn table(rows: &[MovedRow]) -> Table {
    let mut table = Table::new(["ENTRY", "DEADLINE", "DUE", "WOULD BE", "ACT BY", "WOULD BE"]);
    for row in rows {
        let plain = |text: &str| (Paint::Plain, text.to_owned());
        table.painted([
            plain(&row.entry.to_string()),
            (Paint::Strong, row.deadline.to_string()),
            plain(&row.from.due),
            plain(&row.to.due),
            plain(&crate::deadline::dash::text(row.from.act_by)),
            plain(&crate::deadline::dash::text(row.to.act_by)),
        ]);
    }
    table
}

const CSV_HEADER: [&str; 6] = ["entry", "deadline", "due", "due_after", "act_by", "act_by_after"];

fn csv_cells(row: &MovedRow) -> [String; 6] {
    let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    [
        row.entry.to_string(),
        row.deadline.to_string(),
        row.from.due.to_string(),
        row.to.due.to_string(),
        date(row.from.act_by),
        date(row.to.act_by),
    ]
}
