//! `replay --verify`: does the journal give the stored state again?

use std::io::Write;

use super::context::Context;
use super::exit::{Exit, Outcome};
use super::output::{Paint, Ui, answer};
use crate::ident::Fingerprint;
use crate::serve::{HashAnswer, Request};

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

pub fn run(_args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let stored: HashAnswer = context.door()?.ask(Request::StateHash)?;
    let rebuilt = super::wiring::rebuild(context, ui)?;
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
