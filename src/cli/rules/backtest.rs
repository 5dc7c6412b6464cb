//! `rules backtest`: which letters another rule file would have added and removed.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::output::{Out, Paint, Table, Ui, answer, day_or_dash, instant, or_dash};
use crate::daemon::assemble;
use crate::journal::JournalReader;
use crate::pipeline::Pipeline;
use crate::words::count;
use crate::workbench::backtest::{Backtest, Change, ChangeKind, Counts, backtest, count_lines};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The candidate: it stands in the place of the live rule file of the same name, else in front of all
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Compare letters of this day and later
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    since: NaiveDate,
    /// Show so many of the letters that differ
    #[arg(long, value_name = "N", default_value_t = 20)]
    show: usize,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    crate::cli::interrupt::exit_on_interrupt();
    let candidate = context.config.candidate_rules(&args.rules).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let (file, place) = (args.rules.display(), context.config.candidate_place(&args.rules));
        Failure::usage(format!("{file} is not sound ({place})\n{}", faults.join("\n")))
    })?;
    let live = Arc::new(assemble::pipeline(&context.config).map_err(Failure::usage)?);
    let other = Arc::new(Pipeline {
        interpreter: live.interpreter.clone(),
        rules: Arc::new(candidate),
        deadlines: live.deadlines.clone(),
        audience: live.audience.clone(),
        importer_number: live.importer_number,
        feeds: live.feeds.clone(),
    });
    let journal = JournalReader::open(&context.state_folder).map_err(Failure::unreadable)?;
    let progress = ui.progress("playing");
    progress.set_length(count_lines(&journal).map_err(Failure::unreadable)? * 2);
    let until = context.clock.now();
    let played = backtest(&journal, &live, &other, args.since, until, &|lines| progress.inc(lines));
    progress.finish_and_clear();
    let result = played.map_err(Failure::unreadable)?;
    let show = args.show;
    answer(ui, &result, |out| print(out, ui, &result, show), Exit::Fine)
}

fn print(out: &mut Out, ui: &Ui, result: &Backtest, show: usize) -> io::Result<()> {
    if result.lines == 0 {
        return writeln!(out, "The journal is empty, so there is nothing to compare.");
    }
    let mut table = Table::new([
        "DAY",
        "RECIPIENT",
        "LIVE",
        "CANDIDATE",
        "ADDED",
        "REMOVED",
        "CHANGED",
        "TO DIGEST",
        "FROM DIGEST",
        "ALERTS ADDED",
        "ALERTS REMOVED",
    ]);
    for row in result.days.iter().filter(|row| !row.counts.is_same()) {
        let mut cells = vec![day_or_dash(Some(row.day)), row.recipient.clone()];
        let Counts { live, candidate, added, removed, changed, to_digest, from_digest, .. } = row.counts;
        let letters = [live, candidate, added, removed, changed, to_digest, from_digest];
        let alerts = [row.counts.alerts_added, row.counts.alerts_removed];
        cells.extend(letters.iter().chain(&alerts).map(ToString::to_string));
        table.row(cells);
    }
    if !result.is_same() {
        table.write(out, ui)?;
        writeln!(out)?;
    }
    for change in result.changes.iter().take(show) {
        change_text(out, ui, change)?;
    }
    if result.unanswered > 0 {
        let steps = count(result.unanswered, "acknowledged step");
        writeln!(out, "{steps} not said by the candidate: its ladders do not pause there.\n")?;
    }
    let Counts { live, candidate, added, removed, changed, to_digest, from_digest, .. } = result.counts;
    let differ = added + removed + changed + to_digest + from_digest;
    if differ > show as u64 && show > 0 {
        writeln!(out, "… and {} more; --show N shows more of them\n", differ - show as u64)?;
    }
    if live + candidate == 0 && result.is_same() {
        let (since, lines) = (result.since, result.lines);
        return writeln!(out, "No letter since {since} on either side. {lines} journal lines.");
    }
    writeln!(
        out,
        "{live} letters live, {candidate} with the candidate since {}: {added} added, {removed} removed, {changed} changed, \
         {to_digest} moved to digests, {from_digest} told apart from digests. Alerts: {} added, {} removed. {} journal lines.",
        result.since, result.counts.alerts_added, result.counts.alerts_removed, result.lines
    )
}

fn change_text(out: &mut Out, ui: &Ui, change: &Change) -> io::Result<()> {
    let (word, paint) = match change.what {
        ChangeKind::Added => ("added", Paint::Yellow),
        ChangeKind::Removed => ("removed", Paint::Red),
        ChangeKind::Changed => ("changed", Paint::Plain),
        ChangeKind::ToDigest | ChangeKind::FromDigest => ("moved", Paint::Plain),
    };
    let kind = if change.is_digest { "digest" } else { "alert" };
    let entry = or_dash(change.entry);
    let day = day_or_dash(change.digest);
    let digest = match change.what {
        ChangeKind::ToDigest => format!(": moved to the digest of {day}"),
        ChangeKind::FromDigest => format!(": it stood in the digest of {day}"),
        _ => String::new(),
    };
    writeln!(
        out,
        "{}  {}  {kind} to {}, entry {entry}{digest}",
        ui.paint(paint, word),
        instant(change.at),
        change.recipient
    )?;
    for (side, said) in [("live", &change.live), ("candidate", &change.candidate)] {
        if !said.is_empty() {
            writeln!(out, "    {side:<10} {}", ui.paint(Paint::Plain, &shortened(said)))?;
        }
    }
    Ok(())
}

/// A digest may carry hundreds: the rules are counted.
fn shortened(said: &[String]) -> String {
    let mut counts: Vec<(&String, usize)> = Vec::new();
    for one in said {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    let words = counts.iter().map(|(one, count)| match count {
        1 => (*one).clone(),
        count => format!("{one} {count} times"),
    });
    words.collect::<Vec<_>>().join(", ")
}
