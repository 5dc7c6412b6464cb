//! `run`: the daemon.

use std::io::{self, Write};
use std::sync::Arc;

use super::Global;
use super::context::{Context, config_file, faults_text, load_config};
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Ui, answer, clean, instant, or_dash};
use super::rules::play_all;
use crate::clock::SystemClock;
use crate::config::{Config, LogFormat};
use crate::daemon::http::Companions;
use crate::daemon::logging::{self, LogForm};
use crate::daemon::once::Round;
use crate::daemon::settings::Settings;
use crate::daemon::{once, service};
use crate::intake::settle::WaitingFor;
use crate::words::chain;
use crate::words::count;

/// Run the daemon
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Handle everything that is there and due, deliver, and exit; 1 when something had to be left
    #[arg(long)]
    pub once: bool,
}

pub fn run(args: &Args, global: &Global, ui: &Ui) -> Outcome {
    let config = load_config(global)?;
    let form = match config.daemon.log {
        LogFormat::Auto => LogForm::Auto,
        LogFormat::Journald => LogForm::Journald,
        LogFormat::Json => LogForm::Json,
        LogFormat::Text => LogForm::Text,
    };
    logging::init(form, &config.daemon.log_level).map_err(Failure::usage)?;
    let settings = Settings::of(&config).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::unreadable)?;
    if args.once {
        return round(&runtime, &settings, config, ui);
    }
    let path = config_file(global.config.as_deref())?;
    let load: service::Load = Arc::new(move || {
        let config = Config::load(&path).map_err(|faults| faults_text(&faults))?;
        play_scenarios(&config)?;
        Settings::of(&config).map_err(|error| chain(&error))
    });
    let mut companion = Companions::default();
    let ran = runtime.block_on(service::run(settings, load, Arc::new(SystemClock), &mut companion));
    // A call that hangs in a library must not keep the process from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ran.map(|()| Exit::Fine).map_err(Failure::unreadable)
}

/// A new configuration comes into force only when its scenarios end as told; rule tests ran when it was read.
fn play_scenarios(config: &Config) -> Result<(), String> {
    let played = play_all(config, &config.scenarios)
        .map_err(|failure| failure.text().unwrap_or_else(|| "the scenarios cannot be played".to_owned()))?;
    let failed: Vec<String> = played
        .into_iter()
        .filter(|test| !test.ok)
        .map(|test| format!("scenario {}: {}", test.what, test.faults.join("; ")))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn round(runtime: &tokio::runtime::Runtime, settings: &Settings, config: Config, ui: &Ui) -> Outcome {
    let context = Context::of(config)?;
    let (engine, _) = context.engine()?;
    let round = runtime
        .block_on(once::round(settings, engine, context.clock.clone()))
        .map_err(Failure::unreadable)?;
    let exit = if round.is_complete() { Exit::Fine } else { Exit::NotFine };
    answer(ui, &round, |out| print(out, &round), exit)
}

fn print(out: &mut Out, round: &Round) -> io::Result<()> {
    let known =
        if round.duplicates > 0 { format!(" ({} known before)", round.duplicates) } else { String::new() };
    writeln!(
        out,
        "{} received{known}, {} sent, {}",
        count(round.files, "file"),
        count(round.accepted, "letter"),
        count(round.troubles, "trouble")
    )?;
    for file in &round.waiting {
        let until = match file.until {
            Some(at) => format!("until {}", instant(at)),
            None => "until it changes".to_owned(),
        };
        let waits = match file.waits_for {
            WaitingFor::Stillness => "it is still being written; it waits",
            WaitingFor::Trailer => "its trailer is missing; it waits for the rest",
            WaitingFor::AnotherTry => "it could not be taken; it waits",
        };
        writeln!(out, "left in drop {}: {}: {waits} {until}", file.drop, clean(&file.name))?;
    }
    if round.given_up > 0 {
        writeln!(
            out,
            "{} refused for good; see `entrywatch alerts list --letters --state given-up`",
            count(round.given_up, "letter")
        )?;
    }
    if round.letters_waiting > 0 {
        let next = or_dash(round.next_letter_at.map(instant));
        writeln!(
            out,
            "{} not sent yet, next try {next}; see `entrywatch alerts list --letters --state waiting`",
            count(round.letters_waiting, "letter")
        )?;
    }
    Ok(())
}
