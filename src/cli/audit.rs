//! `audit verify`: is the journal what was written, and the archive what was received?

use std::io::{self, Write};
use std::path::PathBuf;

use super::Global;
use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Ui, answer};
use crate::journal::{self, Progress, Report};
use crate::words::count;

/// Check that journal and archive are what was written
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Check the journal's chain of hashes and every archived file, also while the daemon runs
    Verify {
        /// Check this state folder or backup instead of the configured one
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
}

#[derive(serde::Serialize)]
struct Verified<'a> {
    intact: bool,
    #[serde(flatten)]
    report: &'a Report,
}

pub fn run(args: &Args, global: &Global, ui: &Ui) -> Outcome {
    let Command::Verify { state } = &args.command;
    let folder = match state {
        Some(folder) => folder.clone(),
        None => Context::load(global)?.state_folder,
    };
    super::interrupt::exit_on_interrupt();
    let bar = ui.progress("checking");
    let report = journal::verify(&folder, &mut |progress| match progress {
        Progress::Lines { done } => bar.set_position(done),
        Progress::Files { done, total } => {
            bar.set_length(total);
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    let report = report.map_err(Failure::unreadable)?;
    let exit = if report.is_intact() { Exit::Fine } else { Exit::NotFine };
    let verified = Verified { intact: report.is_intact(), report: &report };
    answer(ui, &verified, |out| print(out, ui, &report), exit)
}

fn print(out: &mut Out, ui: &Ui, report: &Report) -> io::Result<()> {
    let Report { lines, segments, files, content_bytes, .. } = report;
    writeln!(
        out,
        "{} in {}, {}, {}",
        count(*lines, "line"),
        count(*segments, "segment"),
        count(*files, "file"),
        count(*content_bytes, "byte")
    )?;
    if report.unnamed_files > 0 {
        let files = count(report.unnamed_files, "archived file");
        writeln!(out, "{files} that no line names, which does no harm")?;
    }
    if report.torn {
        writeln!(
            out,
            "the last line is unfinished: a write under way, or what a crash left; it does not count"
        )?;
    }
    if report.is_intact() {
        return writeln!(out, "intact up to line {}, hash {}", report.last.seq, report.last.hash);
    }
    for problem in &report.problems {
        writeln!(out, "{}", ui.paint(Paint::Red, &problem.to_string()))?;
    }
    let hidden = report.problems_count.saturating_sub(report.problems.len() as u64);
    if hidden > 0 {
        writeln!(out, "and {}", count(hidden, "more problem"))?;
    }
    writeln!(out, "the chain vouches for line {} and what is before it", report.last.seq)
}
