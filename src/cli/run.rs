//! `run`: the daemon.

use super::Global;
use super::exit::Outcome;
use super::output::Ui;

/// Run the daemon
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Handle everything that is there and due, deliver, and exit
    #[arg(long)]
    pub once: bool,
}

pub fn run(_args: &Args, _global: &Global, _ui: &Ui) -> Outcome {
    super::wiring::missing("the daemon")
}
