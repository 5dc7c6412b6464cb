//! What a command needs to know of the installation, and the way to its data: the daemon's socket or the store itself.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::de::DeserializeOwned;

use super::Global;
use super::exit::Failure;
use crate::clock::{CUSTOMS_ZONE, Clock, SystemClock, Zone};
use crate::daemon::engine;
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::Fingerprint;
use crate::journal::JournalReader;
use crate::serve::client::Client;
use crate::serve::{Action, ApiError, Backend, Request, api};
use crate::store::Store;

/// Where the configuration is looked for when nobody says.
const CONFIG_PLACES: [&str; 2] = ["config.toml", "/etc/entrywatch/config.toml"];

/// The installation that a command speaks about.
pub struct Context {
    /// The configuration file.
    pub config: PathBuf,
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
        let config = config_file(global.config.as_deref())?;
        let state_folder = config.with_file_name("state");
        Ok(Self {
            socket: state_folder.join("entrywatch.sock"),
            state_folder,
            config,
            deadlines: Arc::new(DeadlineTable::embedded().clone()),
            grammar: Grammar::embedded(),
            clock: Arc::new(SystemClock),
            zone: Zone::named(CUSTOMS_ZONE).map_err(Failure::unreadable)?,
        })
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
            Err(error) if error.is_not_running() => Ok(Door::Here(Box::new(self.local()?))),
            Err(error) => Err(error.into()),
        }
    }

    /// Answers from the store in this process. It holds the store's lock as long as it lives.
    fn local(&self) -> Result<LocalBackend, Failure> {
        Ok(LocalBackend {
            store: self.open_store()?,
            deadlines: self.deadlines.clone(),
            grammar: self.grammar.clone(),
            journal: JournalReader::open(&self.state_folder).map_err(Failure::unreadable)?,
        })
    }

    /// The store of the configuration.
    fn open_store(&self) -> Result<Arc<dyn Store>, Failure> {
        let socket = self.socket.display();
        Err(Failure::unreadable(format!("no daemon answers on {socket}; start it with `entrywatch run`")))
    }
}

/// The file that was named, or the first of the usual places that exists.
fn config_file(named: Option<&Path>) -> Result<PathBuf, Failure> {
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
    ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
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

/// A store that this process opened, because no daemon runs.
pub struct LocalBackend {
    pub store: Arc<dyn Store>,
    pub deadlines: Arc<DeadlineTable>,
    pub grammar: Arc<Grammar>,
    pub journal: JournalReader,
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

    fn content(&self, file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError> {
        let content = self.journal.content(file);
        Ok(Box::new(content.map_err(|error| ApiError::failed("read the archived file", error))?))
    }

    fn state_hash(&self) -> Result<Fingerprint, ApiError> {
        Ok(engine::state_hash(&*self.store, &self.deadlines)?)
    }

    fn act(&self, _action: Action) -> Result<(), ApiError> {
        Err(ApiError::Unavailable(
            "this changes something, so the daemon has to run; start it with `entrywatch run`".to_owned(),
        ))
    }
}
