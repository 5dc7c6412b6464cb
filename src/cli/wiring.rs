//! Call points of commands whose machinery stands in modules above or beside this one.

use std::path::Path;

use super::context::Context;
use super::exit::{Failure, Outcome};
use super::output::Ui;
use super::replay::Rebuilt;
use super::{Global, check, generate};

/// Says that this build does not have a part.
pub fn missing<T>(part: &str) -> Result<T, Failure> {
    Err(Failure::unreadable(format!("{part} is not part of this build")))
}

/// Applies the whole journal to an empty store in memory or in a temporary folder, and hashes it.
pub fn rebuild(_context: &Context, _ui: &Ui) -> Result<Rebuilt, Failure> {
    missing("the rebuild")
}

/// Verifies the backup in `dir` and puts it in the place of the state folder.
pub fn restore(_dir: &Path, _context: &Context, _ui: &Ui) -> Outcome {
    missing("the restore")
}

pub fn check(_args: &check::Args, _global: &Global, _ui: &Ui) -> Outcome {
    missing("the check of a configuration")
}

pub fn generate(_args: &generate::Args, _ui: &Ui) -> Outcome {
    missing("the synthetic broker")
}
