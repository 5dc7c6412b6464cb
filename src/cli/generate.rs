//! `generate`: the synthetic broker.

use std::path::{Path, PathBuf};

use super::exit::{Failure, Outcome};
use super::output::{Ui, done};
use crate::synthetic::{Family, Fault, LEDGER_NAME, Plan, write_to};
use crate::words::count;

/// Write the feeds of invented brokers, the same for the same seed
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Everything follows from it
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many entries
    #[arg(long, value_name = "K", default_value_t = 100)]
    pub entries: u64,
    /// Message families to write, separated by commas: ABI applications, X12 sets, `core`, `all`
    #[arg(long, value_name = "FAMILY,…", value_delimiter = ',', default_value = "all")]
    pub families: Vec<String>,
    /// What goes wrong on the way, by name, separated by commas
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',')]
    pub faults: Vec<String>,
    /// Messages in one file
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub messages_per_file: usize,
    /// Write into a folder that holds something; files of the same name are replaced, the others stay
    #[arg(long)]
    pub force: bool,
    /// Folder for the files: new or empty
    pub dir: PathBuf,
}

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let mut plan = Plan::new(args.seed, args.entries);
    plan.messages_per_file = args.messages_per_file;
    plan.families.clear();
    for name in &args.families {
        plan.families.extend(Family::parse_list(name).map_err(Failure::usage)?);
    }
    for name in &args.faults {
        plan.faults.extend(Fault::parse_list(name).map_err(Failure::usage)?);
    }
    if !args.force && is_used(&args.dir) {
        return Err(Failure::usage(format!(
            "{} holds something already, and two feeds in one folder contradict each other; name a new folder, or use --force",
            args.dir.display()
        )));
    }
    let totals = write_to(&plan, &args.dir, &mut |_| {}).map_err(Failure::unreadable)?;
    let (files, facts) = (totals.files, totals.facts);
    let text = format!(
        "{} with {} {} in {}; {LEDGER_NAME} says what they hold.",
        count(files, "file"),
        count(facts, "fact"),
        if files == 1 { "is" } else { "are" },
        args.dir.display(),
    );
    let value =
        serde_json::json!({ "folder": args.dir, "files": files, "facts": facts, "bytes": totals.size_bytes });
    done(ui, &value, &text)
}

fn is_used(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut items| items.next().is_some())
}
