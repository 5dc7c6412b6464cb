//! `rules`: the workbench. Test rules, ask why, try others on the journal, see when mails go out.

mod backtest;
mod test;
mod timeline;
mod why;

use super::Global;
use super::context::Context;
use super::exit::Outcome;
use super::output::Ui;

pub use self::test::play_all;

/// Test rules, ask why they did what they did, try others on the journal
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Run the tests beside the rules and play scenarios; every letter must be expected
    Test(test::Args),
    /// Show why a rule did or did not tell of an entry
    Why(why::Args),
    /// Play the journal under the live rules and with another rule file, and compare the letters; sends nothing
    Backtest(backtest::Args),
    /// Show in plain words when the mails of a rule go out
    Timeline(timeline::Args),
}

pub fn run(args: &Args, global: &Global, ui: &Ui) -> Outcome {
    let context = Context::load(global)?;
    match &args.command {
        Command::Test(args) => test::run(args, &context, ui),
        Command::Why(args) => why::run(args, &context, ui),
        Command::Backtest(args) => backtest::run(args, &context, ui),
        Command::Timeline(args) => timeline::run(args, &context, ui),
    }
}

/// The failure for a rule that nobody defined, with the nearest name.
pub(super) fn no_such_rule(context: &Context, name: &str) -> super::exit::Failure {
    let known = || context.config.rules.iter().map(|rule| &*rule.name);
    let hint = crate::diagnostic::hint(name, "known", known().collect::<Vec<_>>());
    super::exit::Failure::usage(format!("there is no rule `{name}` ({hint})"))
}
