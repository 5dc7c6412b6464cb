//! `replay --verify`: does the journal give the stored state again?

use std::io::Write;

use std::sync::Arc;

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Paint, Ui, answer};
use crate::daemon::apply::replay;
use crate::daemon::assemble;
use crate::daemon::state::STORE;
use crate::ident::Fingerprint;
use crate::journal::JournalReader;
use crate::serve::{HashAnswer, Request};
use crate::store::sled::{SledSettings, SledStore};

/// Rebuild from the journal into a fresh store and compare; sends nothing
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Compare the state hashes
    #[arg(long, required = true)]
    verify: bool,
}

/// Both hashes, and how far the journal was read.
#[derive(serde::Serialize)]
struct Compared {
    same: bool,
    stored: Fingerprint,
    rebuilt: Fingerprint,
    lines: u64,
}

/// What a rebuild gave.
pub struct Rebuilt {
    pub hash: Fingerprint,
    /// Journal lines that were applied.
    pub lines: u64,
}

/// Applies the whole journal to an empty store in a temporary folder, and hashes it.
fn rebuild(context: &Context) -> Result<Rebuilt, Failure> {
    let pipeline = Arc::new(assemble::pipeline(&context.config).map_err(Failure::usage)?);
    let folder = tempfile::tempdir().map_err(Failure::unreadable)?;
    let cache_bytes = u64::from(context.config.state.cache_mib) << 20;
    let settings = SledSettings { cache_bytes, ..SledSettings::default() };
    let (store, _) = SledStore::open(&folder.path().join(STORE), settings).map_err(Failure::unreadable)?;
    let journal = JournalReader::open(&context.state_folder).map_err(Failure::unreadable)?;
    let replayed =
        replay(&journal, Arc::new(store), pipeline, &context.versions()).map_err(Failure::unreadable)?;
    Ok(Rebuilt { hash: replayed.hash, lines: replayed.lines })
}

pub fn run(_args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let stored: HashAnswer = context.door()?.ask(Request::StateHash)?;
    let rebuilt = rebuild(context)?;
    let compared = Compared {
        same: stored.hash == rebuilt.hash,
        stored: stored.hash,
        rebuilt: rebuilt.hash,
        lines: rebuilt.lines,
    };
    let exit = if compared.same { Exit::Fine } else { Exit::NotFine };
    let print = |out: &mut super::output::Out| {
        writeln!(out, "stored   {}", compared.stored)?;
        writeln!(out, "rebuilt  {}  from {} journal lines", compared.rebuilt, compared.lines)?;
        match compared.same {
            true => writeln!(out, "the same"),
            false => writeln!(out, "{}", ui.paint(Paint::Red, "they differ")),
        }
    };
    answer(ui, &compared, print, exit)
}
