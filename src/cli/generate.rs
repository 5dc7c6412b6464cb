//! `generate`: the synthetic broker.

use std::path::PathBuf;

use super::exit::{Exit, Failure, Outcome};
use super::output::Ui;
use crate::synthetic::{Fault, LEDGER_NAME, Plan, write_to};

/// Write the feeds of invented brokers, the same for the same seed
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Everything follows from it
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many entries
    #[arg(long, value_name = "K", default_value_t = 100)]
    pub entries: u64,
    /// What goes wrong on the way, by name, separated by commas
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',')]
    pub faults: Vec<String>,
    /// Messages in one file
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub messages_per_file: usize,
    /// Folder for the files
    pub dir: PathBuf,
}

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let mut plan = Plan::new(args.seed, args.entries);
    plan.messages_per_file = args.messages_per_file;
    for name in &args.faults {
        plan.faults.extend(Fault::parse_list(name).map_err(Failure::usage)?);
    }
    let totals = write_to(&plan, &args.dir, &mut |_| {}).map_err(Failure::unreadable)?;
    ui.remark(&format!(
        "{} files with {} facts are in {}; {} says what they hold.",
        totals.files,
        totals.facts,
        args.dir.display(),
        LEDGER_NAME
    ));
    Ok(Exit::Fine)
}
