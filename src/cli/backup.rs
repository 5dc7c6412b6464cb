//! `backup` and `restore`.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit::{Failure, Outcome};
use super::output::{Ui, done};
use crate::serve::{Action, Request};
use crate::store::backup;
use crate::words::count;

/// Copy journal and archive, consistent and verified, also while the daemon runs
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder for the copy; one with an earlier backup is brought up to date
    dir: PathBuf,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let dir = absolute(&args.dir)?;
    context.door()?.ask::<()>(Request::Act { action: Action::Backup { dir: dir.clone() } })?;
    let text = format!("The backup is in {}.", dir.display());
    done(ui, &serde_json::json!({ "backup": dir, "verified": true }), &text)
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
    let files = copied.files_copied + copied.files_already;
    let text = format!(
        "Restored to {}: {}, {} applied.",
        context.state_folder.display(),
        count(files, "file"),
        count(opened.applied, "journal line")
    );
    let value = serde_json::json!({
        "restored": context.state_folder,
        "files": files,
        "journal_lines": opened.applied,
        "verified": true,
    });
    done(ui, &value, &text)
}
