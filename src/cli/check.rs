//! `check`: is the configuration sound, and can we reach what it names?

use super::Global;
use super::exit::Outcome;
use super::output::Ui;

/// Check configuration, rules, templates, tables and rule tests; every problem at once
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Do not log in to drops and mail servers
    #[arg(long)]
    pub offline: bool,
}

pub fn run(args: &Args, global: &Global, ui: &Ui) -> Outcome {
    super::wiring::check(args, global, ui)
}
