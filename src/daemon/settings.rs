//! Everything that the daemon runs with, checked and resolved.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::email::{Courier, EmlCourier, Renderer, SetupError, SmtpCourier, SmtpSettings};
use crate::ident::DropName;
use crate::intake::DropSettings;
use crate::outbox::{Pace, Tickets};
use crate::pipeline::Pipeline;
use crate::webhook::{self, HookCourier, HookSettings};

use super::channel::Channel;
use super::engine::Versions;
use super::receipts::ReceiptSettings;
use super::tasks::receipts::Receipts;
use super::writer::Writer;

#[derive(Clone)]
pub struct Settings {
    /// Holds the archive, the journal and the store.
    pub state_folder: PathBuf,
    pub cache_bytes: u64,
    /// The local socket through which commands reach the daemon.
    pub socket: PathBuf,
    /// How long a stop may take before what is stuck is left behind.
    pub stop_timeout: Duration,
    pub drops: Vec<DropSettings>,
    /// Folders of drops that are made when they are not there.
    pub made_folders: Vec<PathBuf>,
    /// Where the calendars of the teams are kept, when they are.
    pub calendar_folder: Option<PathBuf>,
    /// Brokers to whom receipts are written back.
    pub receipts: Vec<ReceiptSettings>,
    pub pipeline: Arc<Pipeline>,
    pub versions: Versions,
    pub renderer: Arc<Renderer>,
    pub delivery: Delivery,
    /// Where the HTTP listener listens, if it does.
    pub listen: Option<SocketAddr>,
    /// Signs and checks the links in mails.
    pub tickets: Option<Arc<Tickets>>,
    /// Letters that the mail server gets in a minute; `None` for as many as there are.
    pub mail_per_minute: Option<u32>,
    pub hooks: Vec<Hook>,
    /// What the configuration was read from, to see when it changes; empty when nobody is to look.
    pub watched: Vec<PathBuf>,
}

/// A webhook and how many letters it gets in a minute.
#[derive(Clone)]
pub struct Hook {
    pub settings: HookSettings,
    pub per_minute: Option<u32>,
}

/// Where letters go.
#[derive(Clone)]
pub enum Delivery {
    Smtp(Box<SmtpSettings>),
    /// No mail server is configured: letters become files in this folder.
    Files(PathBuf),
}

impl Settings {
    pub fn has_drop(&self, name: &DropName) -> bool {
        self.drops.iter().any(|drop| drop.name == *name)
    }

    /// What writes receipts back.
    pub fn receipts(&self, writer: Writer) -> Receipts {
        Receipts {
            writer,
            grammar: self.pipeline.interpreter.grammar().clone(),
            state: self.state_folder.clone(),
            all: self.receipts.clone(),
        }
    }

    /// Makes the folders that the configuration wants made. One that cannot be made is told by its drop, which cannot be
    /// listed.
    pub fn make_folders(&self) {
        for folder in &self.made_folders {
            if let Err(error) = std::fs::create_dir_all(folder) {
                tracing::warn!(folder = %folder.display(), %error, "The folder of a drop could not be made.");
            }
        }
    }

    /// Every way on which letters leave, each with its own pace.
    ///
    /// # Errors
    /// When the certificates cannot be read, or the outbox folder cannot be made.
    pub fn channels(&self) -> Result<Vec<Channel>, CourierError> {
        let mut channels = Vec::with_capacity(1 + self.hooks.len());
        for hook in &self.hooks {
            let per_minute = hook.per_minute;
            let courier = HookCourier::new(hook.settings.clone())
                .map_err(|source| CourierError::Hook { name: hook.settings.name.clone(), source })?;
            channels.push(Channel::hook(courier, Pace::new(per_minute)));
        }
        let elsewhere = self.hooks.iter().map(|hook| hook.settings.recipient()).collect();
        channels.push(Channel::mail(self.courier()?, elsewhere, Pace::new(self.mail_per_minute)));
        Ok(channels)
    }

    fn courier(&self) -> Result<Box<dyn Courier>, CourierError> {
        Ok(match &self.delivery {
            Delivery::Smtp(settings) => Box::new(SmtpCourier::new((**settings).clone())?),
            Delivery::Files(folder) => {
                Box::new(EmlCourier::new(folder).map_err(|source| CourierError::Folder {
                    folder: folder.display().to_string(),
                    source,
                })?)
            }
        })
    }
}

/// Why letters cannot leave.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    #[error("the mail server cannot be used as configured")]
    Smtp(#[from] SetupError),
    #[error("the webhook `{name}` cannot be used as configured")]
    Hook {
        name: Box<str>,
        #[source]
        source: webhook::SetupError,
    },
    #[error("the outbox folder {folder} cannot be used")]
    Folder {
        folder: String,
        #[source]
        source: std::io::Error,
    },
}
