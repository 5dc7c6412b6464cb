//! `demo`: the whole way, without configuration and services.

use super::exit::Outcome;
use super::output::Ui;

/// Show the whole way with invented messages, without configuration and services
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Keep the dashboard up
    #[arg(long)]
    pub serve: bool,
}

pub fn run(_args: &Args, _ui: &Ui) -> Outcome {
    super::wiring::missing("the demonstration")
}
