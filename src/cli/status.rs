//! `status` and `state-hash`: how much there is, and whether two stores hold the same.

use std::io::Write;

use super::context::{Context, Door};
use super::exit::{Exit, Outcome};
use super::output::{Ui, answer, clean, instant, or_dash};
use crate::serve::{HashAnswer, Request, StatusAnswer};

/// Show whether the daemon runs and how much it knows
#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(context: &Context, ui: &Ui) -> Outcome {
    let door = context.door()?;
    let status: StatusAnswer = door.ask(Request::Status)?;
    let daemon = match door {
        Door::Daemon(_) => "runs",
        Door::Here(_) => "does not run",
    };
    let counts = status.counts;
    let print = |out: &mut super::output::Out| {
        writeln!(out, "daemon       {daemon}, release {}", status.version)?;
        writeln!(out, "journal      applied up to line {}", status.position.seq)?;
        writeln!(out, "entries      {}", counts.entries)?;
        writeln!(out, "files        {}", counts.inputs)?;
        writeln!(out, "unmatched    {}", counts.loose)?;
        writeln!(out, "quarantine   {}", counts.quarantined)?;
        writeln!(out, "alerts       {}", counts.alerts)?;
        let next = or_dash(status.next_letter_at.map(instant));
        writeln!(out, "letters      {}, {} wait, next try {next}", counts.letters, counts.letters_waiting)?;
        if status.letters_deferred + status.letters_given_up > 0 {
            let (deferred, given_up) = (status.letters_deferred, status.letters_given_up);
            writeln!(out, "             {deferred} put off by a server, {given_up} given up")?;
        }
        for trouble in &status.troubles {
            let since = instant(trouble.since);
            writeln!(out, "trouble      since {since}: {}: {}", trouble.subject, clean(&trouble.message))?;
        }
        for feed in &status.feeds {
            let since = feed.since.map(|at| format!(" since {}", instant(at))).unwrap_or_default();
            let broker = clean(feed.broker.as_str());
            match (feed.is_awaited, feed.is_told) {
                (true, _) => writeln!(out, "feed         broker {broker}: no file yet, awaited{since}")?,
                (false, true) => writeln!(out, "feed         broker {broker}: silent{since}")?,
                (false, false) => {}
            }
        }
        let since = status.config_since.map(|at| format!(", in force since {}", instant(at)));
        writeln!(out, "config       {}{}", status.config, since.unwrap_or_default())?;
        writeln!(out, "grammar      {}", status.grammar)?;
        writeln!(out, "deadlines    {}", status.deadlines)
    };
    answer(ui, &status, print, Exit::Fine)
}

/// Print a hash of all entry state
///
/// Two stores with the same hash hold the same entries, whatever the order in which the files came.
#[derive(clap::Args, Debug)]
pub struct HashArgs {}

pub fn state_hash(context: &Context, ui: &Ui) -> Outcome {
    let answered: HashAnswer = context.door()?.ask(Request::StateHash)?;
    answer(ui, &answered, |out| writeln!(out, "{}", answered.hash), Exit::Fine)
}
