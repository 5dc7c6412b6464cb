//! `backup` and `restore`.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::Ui;
use crate::serve::{Action, Request};
use crate::store::backup;

/// Copy journal and archive, consistent and verified, also while the daemon runs
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder for the copy; one with an earlier backup is brought up to date
    dir: PathBuf,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let dir = absolute(&args.dir)?;
    context.door()?.ask::<()>(Request::Act { action: Action::Backup { dir: dir.clone() } })?;
    ui.remark(&format!("The backup is in {}.", dir.display()));
    Ok(Exit::Fine)
}

/// The daemon has another working folder.
fn absolute(dir: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(dir).map_err(Failure::unreadable)
}

/// Put a backup in the place of the state folder, verified; the daemon must not run
#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// Folder that `backup` made
    dir: PathBuf,
}

pub fn restore(args: &RestoreArgs, context: &Context, ui: &Ui) -> Outcome {
    let dir = absolute(&args.dir)?;
    let copied = backup::restore(&dir, &context.state_folder, &mut |_| {}).map_err(Failure::unreadable)?;
    // The store follows from the journal; opening it once rebuilds it and shows that it can be used.
    let (_, opened) = context.engine()?;
    ui.remark(&format!(
        "Restored to {}: {} files, {} journal lines applied.",
        context.state_folder.display(),
        copied.files_copied + copied.files_already,
        opened.applied
    ));
    Ok(Exit::Fine)
}
