//! `calendar`: a team's deadlines as a calendar file, on standard output.

use std::io::Write;

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Ui, written};
use crate::serve::Request;

/// Print a team's deadlines as a calendar file (iCalendar)
///
/// With `[calendar] folder` the daemon keeps such a file for each team.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The team; may be left out when there is one only
    team: Option<String>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let teams = &context.config.teams;
    let team = match (&args.team, &teams[..]) {
        (Some(team), _) if teams.iter().any(|known| *known.name == **team) => team.clone(),
        (Some(team), _) => {
            let known: Vec<&str> = teams.iter().map(|team| &*team.name).collect();
            let hint = crate::diagnostic::hint(team, "known", known);
            return Err(Failure::usage(format!("there is no team `{team}` ({hint})")));
        }
        (None, [only]) => only.name.to_string(),
        (None, _) => {
            let names: Vec<&str> = teams.iter().map(|team| &*team.name).collect();
            return Err(Failure::usage(format!("name a team: one of {}", names.join(", "))));
        }
    };
    let text: String = context.door()?.ask(Request::Calendar { team })?;
    let mut out = ui.stdout();
    written(&mut out, |out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Fine)
}
