//! The command line: definitions, and one small file for each command.

mod alerts;
mod args;
mod audit;
mod backup;
mod calendar;
mod check;
pub mod context;
mod deadlines;
mod decode;
mod demo;
mod due;
mod entries;
mod entry;
pub mod exit;
mod explain;
mod generate;
mod grammar;
mod ingest;
mod interrupt;
mod names;
mod output;
mod pages;
mod pathways;
mod quarantine;
mod record;
mod replay;
mod report;
mod rules;
mod run;
mod status;
mod webhook_test;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use context::Context;
use exit::{Exit, Outcome};
use output::Ui;

/// The program's name.
pub const NAME: &str = "entrywatch";

/// Help is wrapped at this width, however wide the terminal.
const HELP_COLUMNS: usize = 100;

/// Follow customs entries from filing to liquidation
///
/// Reads the copies of customs messages that brokers drop, keeps every entry's life, and tells people in time.
#[derive(Parser, Debug)]
#[command(
    name = NAME,
    version,
    max_term_width = HELP_COLUMNS,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 fine; 1 the thing asked about is not fine; 2 usage or configuration error; \
                  3 input or store cannot be read; 130 interrupted."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file [default: ./config.toml, then /etc/entrywatch/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "ENTRYWATCH_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Print JSON: one value, or JSON Lines for lists
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no remarks
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// No colours; NO_COLOR does the same
    #[arg(long, global = true)]
    pub no_color: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Demo(demo::Args),
    Check(check::Args),
    Decode(decode::Args),
    Run(run::Args),
    Ingest(ingest::Args),
    Status(status::Args),
    Entry(entry::Args),
    Entries(entries::Args),
    Due(due::Args),
    Deadlines(deadlines::Args),
    Explain(explain::Args),
    Calendar(calendar::Args),
    Pathways(pathways::Args),
    Rules(rules::Args),
    Alerts(alerts::Args),
    Quarantine(quarantine::Args),
    Record(record::Args),
    Report(report::Args),
    StateHash(status::HashArgs),
    Replay(replay::Args),
    Audit(audit::Args),
    Backup(backup::Args),
    Restore(backup::RestoreArgs),
    Generate(generate::Args),
    Grammar(grammar::Args),
    Completions(pages::CompletionsArgs),
    Man(pages::ManArgs),
}

/// Runs the program and answers its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way, too. A closed pipe is no fault.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.code() } else { Exit::Fine.code() };
        }
    };
    // The daemon sets up its own log.
    if !matches!(cli.command, Command::Run(_)) {
        log_to_stderr();
    }
    let ui = Ui::new(&cli.global);
    match cli.command.run(&cli.global, &ui) {
        Ok(exit) => exit.code(),
        Err(failure) => {
            if let Some(text) = failure.text() {
                complain(&text);
            }
            failure.exit().code()
        }
    }
}

impl Command {
    fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let context = || Context::load(global);
        match self {
            Self::Demo(args) => demo::run(args, ui),
            Self::Check(args) => check::run(args, global, ui),
            Self::Decode(args) => decode::run(args, ui),
            Self::Run(args) => run::run(args, global, ui),
            Self::Ingest(args) => ingest::run(args, &context()?, ui),
            Self::Status(_) => status::run(&Context::load_for_daemon(global)?, ui),
            Self::Entry(args) => entry::run(args, &context()?, ui),
            Self::Entries(args) => entries::run(args, &context()?, ui),
            Self::Due(args) => due::run(args, ui),
            Self::Deadlines(args) => deadlines::run(args, &context()?, ui),
            Self::Calendar(args) => calendar::run(args, &context()?, ui),
            Self::Explain(args) => explain::run(args, &context()?, ui),
            Self::Pathways(args) => pathways::run(args, &context()?, ui),
            Self::Rules(args) => rules::run(args, global, ui),
            Self::Alerts(args) => alerts::run(args, &context()?, ui),
            Self::Quarantine(args) => quarantine::run(args, &context()?, ui),
            Self::Record(args) => record::run(args, context, ui),
            Self::Report(args) => report::run(args, &context()?, ui),
            Self::StateHash(_) => status::state_hash(&context()?, ui),
            Self::Replay(args) => replay::run(args, &context()?, ui),
            Self::Audit(args) => audit::run(args, global, ui),
            Self::Backup(args) => backup::run(args, &context()?, ui),
            Self::Restore(args) => backup::restore(args, &context()?, ui),
            Self::Generate(args) => generate::run(args, ui),
            Self::Grammar(args) => grammar::run(args, ui),
            Self::Completions(args) => pages::completions(args, ui),
            Self::Man(args) => pages::man(args, ui),
        }
    }
}

/// Says on standard error what went wrong.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{NAME}: {text}");
}

/// Warnings and errors of the modules below; `ENTRYWATCH_LOG` asks for more.
fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("ENTRYWATCH_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time();
    // A second call in one process, as tests do, changes nothing.
    let _ = log.try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }
}
