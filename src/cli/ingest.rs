//! `ingest`: a backfill.

use std::path::PathBuf;

use super::context::Context;
use super::exit::Outcome;
use super::output::Ui;

/// Take in files by hand: journal and apply them, without mail
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files and folders; folders are walked
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Send the mail that the files give rise to
    #[arg(long)]
    pub deliver: bool,
}

pub fn run(_args: &Args, _context: &Context, _ui: &Ui) -> Outcome {
    super::wiring::missing("the backfill")
}
