//! What a command needs to know of the installation, and the way to its data: the daemon's socket or the store itself.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use serde::de::DeserializeOwned;

use super::Global;
use super::exit::Failure;
use crate::clock::{CUSTOMS_ZONE, Clock, SystemClock, Zone};
use crate::config::{Config, Diagnostic};
use crate::daemon::apply;
use crate::daemon::assemble;
use crate::daemon::engine::{Engine, EngineError, Versions};
use crate::daemon::feed;
use crate::daemon::state::{self, OpenedState};
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::{BrokerName, Fingerprint};
use crate::journal::JournalReader;
use crate::outbox::{Audience, Team};
use crate::serve::client::Client;
use crate::serve::{Action, ApiError, Backend, Request, api};
use crate::store::{Store, backup};

/// Where the configuration is looked for when nobody says.
const CONFIG_PLACES: [&str; 2] = ["config.toml", "/etc/entrywatch/config.toml"];

/// The installation that a command speaks about.
pub struct Context {
    /// The configuration, checked.
    pub config: Config,
    /// Journal, archive and store are below it.
    pub state_folder: PathBuf,
    /// The daemon's local socket.
    pub socket: PathBuf,
    pub deadlines: Arc<DeadlineTable>,
    pub grammar: Arc<Grammar>,
    pub clock: Arc<dyn Clock>,
    /// The zone of legal dates.
    pub zone: Zone,
}

impl Context {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When there is none, or it is not sound.
    pub fn load(global: &Global) -> Result<Self, Failure> {
        Self::of(load_config(global)?)
    }

    /// The same for what only a running daemon has to answer. While the configuration on disk is wrong the daemon goes on with the
    /// one in force, and it can be asked as long as the file says where.
    ///
    /// # Errors
    /// When there is no configuration, or it is not sound and no daemon runs.
    pub fn load_for_daemon(global: &Global) -> Result<Self, Failure> {
        let path = config_file(global.config.as_deref())?;
        let (config, faults) = Config::inspect(&path);
        match config {
            Some(config) if faults.is_empty() => Self::of(config),
            Some(config) if Client::new(&config.daemon.socket).health_blocking().is_ok() => Self::of(config),
            _ => Err(Failure::usage(faults_text(&faults))),
        }
    }

    /// # Errors
    /// When the machine has no time-zone database.
    pub fn of(config: Config) -> Result<Self, Failure> {
        Ok(Self {
            socket: config.daemon.socket.clone(),
            state_folder: config.state.folder.clone(),
            deadlines: config.deadlines.clone(),
            grammar: config.grammar.clone(),
            clock: Arc::new(SystemClock),
            zone: Zone::named(CUSTOMS_ZONE).map_err(Failure::unreadable)?,
            config,
        })
    }

    /// Opens journal and store in this process, and applies what the store has not seen.
    ///
    /// # Errors
    /// When the daemon runs, or the state cannot be read.
    pub fn engine(&self) -> Result<(Engine, OpenedState), Failure> {
        let pipeline = assemble::pipeline(&self.config).map_err(Failure::usage)?;
        let cache_bytes = u64::from(self.config.state.cache_mib) << 20;
        state::open(&self.state_folder, cache_bytes, Arc::new(pipeline), self.versions(), self.clock.clone())
            .map_err(Failure::unreadable)
    }

    pub fn versions(&self) -> Versions {
        assemble::versions(&self.config)
    }

    /// Today, where the law counts days.
    pub fn today(&self) -> NaiveDate {
        self.zone.date(self.clock.now())
    }

    /// The way to the data: the daemon when it runs, else the store.
    pub fn door(&self) -> Result<Door, Failure> {
        let client = Client::new(&self.socket);
        match client.health_blocking() {
            Ok(()) => Ok(Door::Daemon(client)),
            Err(error) if error.is_not_running() => {
                self.require_state()?;
                Ok(Door::Here(Box::new(self.local()?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same for what may be the first thing that the state knows.
    pub fn door_or_new_state(&self) -> Result<Door, Failure> {
        let client = Client::new(&self.socket);
        match client.health_blocking() {
            Err(error) if error.is_not_running() => Ok(Door::Here(Box::new(self.local()?))),
            _ => self.door(),
        }
    }

    /// A question makes no state: a folder that holds none was probably named wrongly.
    ///
    /// # Errors
    /// When there is no journal in the state folder.
    pub fn require_state(&self) -> Result<(), Failure> {
        if crate::journal::exists(&self.state_folder) {
            return Ok(());
        }
        Err(Failure::unreadable(format!(
            "there is no state in {} ([state] folder in {}); `entrywatch run` and `entrywatch ingest` begin one",
            self.state_folder.display(),
            self.config.name
        )))
    }

    /// Answers from the state in this process, which holds its locks as long as it lives.
    fn local(&self) -> Result<LocalBackend, Failure> {
        let (engine, _) = self.engine()?;
        Ok(LocalBackend {
            store: engine.store().clone(),
            deadlines: self.deadlines.clone(),
            grammar: self.grammar.clone(),
            config: self.config.version().into(),
            journal: JournalReader::open(&self.state_folder).map_err(Failure::unreadable)?,
            audience: engine.pipeline().audience.clone(),
            engine: Mutex::new(engine),
        })
    }
}

/// Reads and checks the configuration that `--config` names, or the one in a usual place.
///
/// # Errors
/// Every fault of it, each with its place.
pub fn load_config(global: &Global) -> Result<Config, Failure> {
    let path = config_file(global.config.as_deref())?;
    Config::load(&path).map_err(|faults| Failure::usage(faults_text(&faults)))
}

/// Every fault with its place and excerpt.
pub fn faults_text(faults: &[Diagnostic]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    format!("the configuration is not sound\n{}", texts.join("\n"))
}

/// The file that was named, or the first of the usual places that exists.
pub fn config_file(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return match std::fs::metadata(named) {
            Ok(_) => Ok(named.to_owned()),
            Err(error) => Err(Failure::usage(format!("could not read {}: {error}", named.display()))),
        };
    }
    let found = CONFIG_PLACES.iter().map(PathBuf::from).find(|place| place.exists());
    found.ok_or_else(|| {
        let places = CONFIG_PLACES.join(" or ");
        Failure::usage(format!("there is no configuration in {places}; name one with --config"))
    })
}

/// Who asks for a change, as the journal will name them.
pub fn author() -> String {
    super::names::caller().unwrap_or_else(|| "unknown".to_owned())
}

/// The way to the data.
pub enum Door {
    Daemon(Client),
    Here(Box<dyn Backend>),
}

impl Door {
    /// Asks one question and reads the answer as what the question promises.
    pub fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Failure> {
        let answer = match self {
            Self::Daemon(client) => client.ask_blocking(&request)?,
            Self::Here(backend) => api::answer(&**backend, request).map_err(|error| error.fault())?,
        };
        serde_json::from_value(answer).map_err(|error| {
            Failure::unreadable(format!(
                "the daemon is of another release: its answer reads otherwise ({error})"
            ))
        })
    }
}

/// A state that this process opened, because no daemon runs.
pub struct LocalBackend {
    pub store: Arc<dyn Store>,
    pub deadlines: Arc<DeadlineTable>,
    pub grammar: Arc<Grammar>,
    config: Box<str>,
    pub journal: JournalReader,
    audience: Audience,
    engine: Mutex<Engine>,
}

impl Backend for LocalBackend {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn deadlines(&self) -> &DeadlineTable {
        &self.deadlines
    }

    fn grammar(&self) -> &Grammar {
        &self.grammar
    }

    fn config(&self) -> &str {
        &self.config
    }

    fn content(&self, file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError> {
        let content = self.journal.content(file);
        Ok(Box::new(content.map_err(|error| ApiError::failed("read the archived file", error))?))
    }

    fn state_hash(&self) -> Result<Fingerprint, ApiError> {
        Ok(apply::state_hash(&*self.store, &self.deadlines)?)
    }

    fn calendar(&self, team: &Team) -> Result<String, ApiError> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let now = engine.now();
        Ok(feed::calendar(&*self.store, engine.pipeline(), team, now, &BTreeSet::new())?)
    }

    fn audience(&self) -> &Audience {
        &self.audience
    }

    fn watched(&self) -> Vec<BrokerName> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.pipeline().watched().cloned().collect()
    }

    fn act(&self, action: Action) -> Result<(), ApiError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match action {
            Action::RetryQuarantine { file, by } => engine.reprocess(file, &by),
            Action::RetryLetter { key, by } => engine.retry_letter(key, &by),
            Action::Acknowledge { said } => engine.acknowledge(&said),
            Action::Silence { silence } => engine.silence(silence),
            Action::EndSilence { silence, by } => engine.end_silence(silence, &by),
            Action::SetTarget { wish, by } => engine.set_target(wish, &by),
            Action::Record { document, .. } => engine.record(document.as_bytes()),
            Action::Backup { dir } => {
                let copied = backup::back_up(self.journal.folder(), &dir, None, &mut |_| {});
                return copied.map(drop).map_err(|error| ApiError::failed("make the backup", error));
            }
        };
        done.map_err(|error| match error {
            EngineError::NoSuchFile(_) => ApiError::NotFound(error.to_string()),
            EngineError::Declined(text) => ApiError::BadRequest(text),
            error => ApiError::failed("do it", error),
        })
    }
}
