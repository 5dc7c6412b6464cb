//! `run`: the daemon.

use std::sync::Arc;

use super::Global;
use super::context::{Context, config_file, faults_text, load_config};
use super::exit::{Exit, Failure, Outcome};
use super::output::{Ui, answer};
use crate::clock::SystemClock;
use crate::config::{Config, LogFormat};
use crate::daemon::http::Companions;
use crate::daemon::logging::{self, LogForm};
use crate::daemon::settings::Settings;
use crate::daemon::writer::chain;
use crate::daemon::{once, service};

/// Run the daemon
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Handle everything that is there and due, deliver, and exit
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
    let load = move || {
        let config = Config::load(&path).map_err(|faults| faults_text(&faults))?;
        Settings::of(&config).map_err(|error| chain(&error))
    };
    let mut companion = Companions::default();
    let ran = runtime.block_on(service::run(settings, load, Arc::new(SystemClock), &mut companion));
    // A call that hangs in a library must not keep the process from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ran.map(|()| Exit::Fine).map_err(Failure::unreadable)
}

fn round(runtime: &tokio::runtime::Runtime, settings: &Settings, config: Config, ui: &Ui) -> Outcome {
    let context = Context::of(config)?;
    let (engine, _) = context.engine()?;
    let round = runtime
        .block_on(once::round(settings, engine, context.clock.clone()))
        .map_err(Failure::unreadable)?;
    let exit = if round.troubles == 0 { Exit::Fine } else { Exit::NotFine };
    answer(
        ui,
        &round,
        |out| {
            use std::io::Write;
            writeln!(
                out,
                "{} files received ({} of them known before), {} letters tried, {} troubles",
                round.files, round.duplicates, round.letters, round.troubles
            )
        },
        exit,
    )
}
