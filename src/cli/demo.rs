//! `demo`: the whole way, without configuration and services.
//!
//! One invented entry from its first hold to the protest deadline, then a small invented feed. Files are dropped into a
//! temporary folder and taken from there; the clock is set to the days of the story; mails become files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::exit::{Exit, Failure, Outcome};
use super::output::{Paint, Ui, json_line};
use crate::clock::{CUSTOMS_ZONE, Clock, TestClock, Zone};
use crate::config::Config;
use crate::daemon::app::StartError;
use crate::daemon::engine::Engine;
use crate::daemon::settings::Settings;
use crate::daemon::tasks::deliver::alerts_of;
use crate::daemon::{once, state};
use crate::entry::{DeadlineState, Life};
use crate::ident::EntryNumber;
use crate::intake::DropPlace;
use crate::outbox::LetterKind;
use crate::store::{LetterFilter, Store};
use crate::words::count;

/// Show the whole way with invented messages, without configuration and services
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Keep the data and the mails in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// The story's messages: when each is dropped (New York time), its name, its bytes.
const STORY: &[(&str, &str, &[u8])] = &[
    ("2025-04-01 09:05", "1-hold.txt", include_bytes!("../../samples/demo/1-hold.txt")),
    ("2025-04-02 14:10", "2-released.txt", include_bytes!("../../samples/demo/2-released.txt")),
    (
        "2025-04-08 11:30",
        "3-accepted-with-warning.txt",
        include_bytes!("../../samples/demo/3-accepted-with-warning.txt"),
    ),
    ("2025-04-09 08:20", "4-carrier-status.edi", include_bytes!("../../samples/demo/4-carrier-status.edi")),
    ("2026-02-15 07:45", "5-liquidated.txt", include_bytes!("../../samples/demo/5-liquidated.txt")),
];

/// The day to which the clock is set last: the protest is fourteen days off.
const LAST_DAY: &str = "2026-07-29 09:00";

/// The story's entry.
const ENTRY: &str = "9Z7-1000042-5";

/// Letters that are looked at; the story writes far fewer.
const LETTERS_MAX: usize = 1_000;

/// How many alerts are shown whole; all become mails.
const SHOWN: usize = 12;

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::unreadable)?;
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        // It stays after the end, for the mails are there to be looked at.
        None => {
            tempfile::Builder::new().prefix("entrywatch-demo-").tempdir().map_err(Failure::unreadable)?.keep()
        }
    };
    std::fs::create_dir_all(&folder).map_err(Failure::unreadable)?;
    let demo = Demo::new(folder)?;
    let mut out = ui.stdout();
    let told = if ui.json {
        let told = demo.tell(&runtime, ui, &mut std::io::sink());
        told.and_then(|()| Ok(json_line(&mut out, &demo.summary()?)?))
    } else {
        demo.tell(&runtime, ui, &mut out)
    };
    told.and_then(|()| Ok(out.flush()?)).map_err(|error| match error {
        Told::Output(error) => Failure::Output(error),
        Told::Failed(failure) => failure,
    })?;
    Ok(Exit::Fine)
}

/// Why the demonstration ended early.
enum Told {
    Output(std::io::Error),
    Failed(Failure),
}

impl From<std::io::Error> for Told {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

struct Demo {
    folder: PathBuf,
    drop: PathBuf,
    settings: Settings,
    clock: Arc<TestClock>,
    zone: Zone,
}

impl Demo {
    /// The embedded configuration, everything below one folder.
    fn new(folder: PathBuf) -> Result<Self, Failure> {
        let faults =
            |faults: Vec<crate::config::Diagnostic>| Failure::usage(super::context::faults_text(&faults));
        let config = Config::embedded_defaults(&folder).map_err(faults)?;
        let mut settings = Settings::of(&config).map_err(Failure::usage)?;
        // The story's clock stands still while files are taken, so they count as written by their trailers.
        settings.drops.iter_mut().for_each(|drop| drop.settle = std::time::Duration::ZERO);
        let drop = settings.drops.iter().find_map(|drop| match &drop.place {
            DropPlace::Local { path } => Some(path.clone()),
            DropPlace::Sftp(_) => None,
        });
        let drop = drop.ok_or_else(|| Failure::usage("the embedded configuration has no local drop"))?;
        std::fs::create_dir_all(&drop).map_err(Failure::unreadable)?;
        let zone = Zone::named(CUSTOMS_ZONE).map_err(Failure::unreadable)?;
        let clock = Arc::new(TestClock::at(instant(&zone, STORY[0].0)?));
        Ok(Self { folder, drop, settings, clock, zone })
    }

    fn tell(&self, runtime: &tokio::runtime::Runtime, ui: &Ui, out: &mut dyn Write) -> Result<(), Told> {
        writeln!(
            out,
            "{}",
            ui.paint(Paint::Strong, "One entry, from its first hold to its protest deadline")
        )?;
        let mut known: Vec<String> = Vec::new();
        for (at, name, bytes) in STORY {
            self.clock.set(instant(&self.zone, at)?);
            writeln!(out, "\n{at}  the broker drops {name}")?;
            std::fs::write(self.drop.join(name), bytes).map_err(Failure::unreadable)?;
            self.round(runtime)?;
            self.show_alerts(ui, out, &mut known)?;
        }
        self.clock.set(instant(&self.zone, LAST_DAY)?);
        writeln!(out, "\n{LAST_DAY}  the clock: {ENTRY} has not been protested")?;
        self.round(runtime)?;
        self.show_alerts(ui, out, &mut known)?;

        let engine = self.open()?;
        let number = EntryNumber::parse(ENTRY).ok_or_else(|| Failure::usage("the story has no entry"))?;
        let life = engine.store().life(number).map_err(Failure::unreadable)?;
        if let Some(life) = life {
            self.show_life(ui, out, &life, &engine)?;
        }
        self.show_end(ui, out, &**engine.store())
    }

    /// What came of it, for scripts.
    fn summary(&self) -> Result<serde_json::Value, Failure> {
        let engine = self.open()?;
        let store = engine.store();
        let letters = store.letters(LetterFilter::All, LETTERS_MAX).map_err(Failure::unreadable)?;
        let mut mails = Vec::with_capacity(letters.len());
        for letter in &letters {
            let alerts = alerts_of(&**store, engine.pipeline(), letter).map_err(Failure::unreadable)?;
            let mail = self.settings.renderer.render(letter, &alerts).map_err(Failure::unreadable)?;
            mails.push(serde_json::json!({
                "to": letter.recipient,
                "severity": letter.severity,
                "entry": letter.entry,
                "subject": mail.subject(),
            }));
        }
        let counts = store.counts().map_err(Failure::unreadable)?;
        Ok(serde_json::json!({
            "entry": ENTRY,
            "entries": counts.entries,
            "alerts": counts.alerts,
            "letters": counts.letters,
            "mails": mails,
            "outbox": mails_folder(&self.settings, &self.folder),
        }))
    }

    fn open(&self) -> Result<Engine, Failure> {
        let (pipeline, versions) = (self.settings.pipeline.clone(), self.settings.versions.clone());
        let clock: Arc<dyn Clock> = self.clock.clone();
        let opened =
            state::open(&self.settings.state_folder, self.settings.cache_bytes, pipeline, versions, clock);
        Ok(opened.map_err(Failure::unreadable)?.0)
    }

    /// One round of the daemon's work, as `run --once` does it.
    fn round(&self, runtime: &tokio::runtime::Runtime) -> Result<once::Round, Failure> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let engine = self.open()?;
        let round = runtime.block_on(once::round(&self.settings, engine, clock));
        round.map_err(|error: StartError| Failure::unreadable(error))
    }

    /// Shows the mails that are new since the last time.
    fn show_alerts(&self, ui: &Ui, out: &mut dyn Write, known: &mut Vec<String>) -> Result<(), Told> {
        let engine = self.open()?;
        let store = engine.store();
        for letter in store.letters(LetterFilter::All, LETTERS_MAX).map_err(Failure::unreadable)? {
            let key = letter.key.to_string();
            if known.contains(&key) {
                continue;
            }
            known.push(key);
            let alerts = alerts_of(&**store, engine.pipeline(), &letter).map_err(Failure::unreadable)?;
            let mail = self.settings.renderer.render(&letter, &alerts).map_err(Failure::unreadable)?;
            writeln!(
                out,
                "  mail to {}: {}",
                letter.recipient,
                ui.paint(Paint::severity(letter.severity), mail.subject())
            )?;
            if letter.kind == LetterKind::Alert && known.len() <= SHOWN {
                for line in mail.text().lines().take(9).filter(|line| !line.trim().is_empty()) {
                    writeln!(out, "    | {line}")?;
                }
            }
        }
        Ok(())
    }

    fn show_life(&self, ui: &Ui, out: &mut dyn Write, life: &Life, engine: &Engine) -> Result<(), Told> {
        let entry = life.entry();
        writeln!(
            out,
            "\n{}",
            ui.paint(Paint::Strong, &format!("Entry {} is {}", life.number, entry.status().as_str()))
        )?;
        for held in life.timeline() {
            let notice = &held.notice;
            writeln!(
                out,
                "  {:<19}  {:<16} {:<4} {}",
                notice.at.map(|at| at.to_string()).unwrap_or_default(),
                notice.kind.as_str(),
                notice.code.map(|code| code.to_string()).unwrap_or_default(),
                notice.meaning.as_deref().unwrap_or("")
            )?;
        }
        for clock in entry.clocks(&engine.pipeline().deadlines) {
            let Some(deadline) = clock.clone().deadline(&engine.pipeline().deadlines) else { continue };
            if deadline.state != DeadlineState::Open {
                continue;
            }
            let title = format!("{}: due {}", deadline.key(), deadline.due_text());
            writeln!(out, "\n  {}", ui.paint(Paint::Strong, &title))?;
            if let Ok(computed) = clock.explain(&engine.pipeline().deadlines) {
                for step in computed.steps {
                    writeln!(out, "    {step}")?;
                }
                writeln!(out, "    basis: {}", computed.basis)?;
            }
        }
        Ok(())
    }

    fn show_end(&self, ui: &Ui, out: &mut dyn Write, store: &dyn Store) -> Result<(), Told> {
        let counts = store.counts().map_err(Failure::unreadable)?;
        writeln!(
            out,
            "\n{}, {}, {}. The mails are files in {}",
            count(counts.entries, "entry"),
            count(counts.alerts, "alert"),
            count(counts.letters, "letter"),
            ui.paint(Paint::Strong, &mails_folder(&self.settings, &self.folder).display().to_string())
        )?;
        Ok(())
    }
}

fn mails_folder(settings: &Settings, folder: &Path) -> PathBuf {
    match &settings.delivery {
        crate::daemon::settings::Delivery::Files(outbox) => outbox.clone(),
        crate::daemon::settings::Delivery::Smtp(_) => folder.to_owned(),
    }
}

/// The instant of a wall-clock time of the story.
fn instant(zone: &Zone, text: &str) -> Result<chrono::DateTime<chrono::Utc>, Failure> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").map_err(Failure::unreadable)?;
    Ok(zone.instant(local))
}
