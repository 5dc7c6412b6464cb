//! `report`: what the archive shows over time.

use std::io::Write;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::args;
use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Table, Ui, csv_rows, json_line, written};
use crate::daemon::assemble;
use crate::journal::JournalReader;
use crate::workbench::drift::{DriftRow, Window, drift};

/// Reports over what brokers dropped
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// What the tables do not know: records, segments, codes, data in blank columns, by month and broker
    Drift {
        /// Only what came on this day or later
        #[arg(long, value_name = "DATE", value_parser = args::date)]
        since: Option<NaiveDate>,
        /// Only this broker
        #[arg(long, value_name = "NAME")]
        broker: Option<String>,
        /// Comma-separated values
        #[arg(long)]
        csv: bool,
    },
}

const HEADER: [&str; 7] = ["month", "broker", "what", "detail", "times", "files", "first seen"];

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let Command::Drift { since, broker, csv } = &args.command;
    let midnight =
        |day: &NaiveDate| DateTime::<Utc>::from_naive_utc_and_offset(day.and_time(NaiveTime::MIN), Utc);
    let window = Window { since: since.as_ref().map(midnight), broker: broker.clone() };
    let pipeline = assemble::pipeline(&context.config).map_err(Failure::usage)?;
    let journal = JournalReader::open(&context.state_folder).map_err(Failure::unreadable)?;
    let progress = ui.progress("reading the archive");
    let rows = drift(&journal, &pipeline.interpreter, &window, &mut || progress.inc(1))
        .map_err(Failure::unreadable)?;
    progress.finish_and_clear();
    let is_configured =
        |name: &String| context.config.brokers.iter().any(|known| known.name.as_str() == name);
    if let Some(broker) = broker.as_ref().filter(|broker| rows.is_empty() && !is_configured(broker)) {
        return Err(super::names::no_such_broker(context, broker));
    }
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return rows.iter().try_for_each(|row| json_line(out, row));
        }
        if *csv {
            return csv_rows(out, &HEADER, rows.iter().map(cells));
        }
        if rows.is_empty() {
            return writeln!(out, "the tables know everything that came");
        }
        let mut table = Table::new(HEADER);
        rows.iter().for_each(|row| table.row(cells(row)));
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

fn cells(row: &DriftRow) -> Vec<String> {
    vec![
        row.month.clone(),
        row.broker.to_string(),
        row.what.clone(),
        row.detail.clone(),
        row.times.to_string(),
        row.files.to_string(),
        format!("{}:{}", row.name, row.place.line),
    ]
}
