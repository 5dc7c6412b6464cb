//! Writes receipts back to brokers while the daemon runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::daemon::receipts::{self, ReceiptError, ReceiptSettings};
use crate::daemon::writer::{WriteError, Writer};
use crate::grammar::Grammar;
use crate::ident::BrokerName;
use crate::place::Severity;
use crate::words::chain;

/// How often it is asked whether something came.
const PERIOD: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Receipts {
    pub writer: Writer,
    pub grammar: Arc<Grammar>,
    pub state: PathBuf,
    pub all: Vec<ReceiptSettings>,
}

impl Receipts {
    /// Remembers where the receipts of brokers begin that had none before.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub fn begin(&self) -> Result<(), ReceiptError> {
        receipts::begin(&self.state, &self.all, self.writer.store().position()?)
    }

    pub async fn run(self, stop: CancellationToken) {
        let receipts = Arc::new(self);
        // What an earlier run told may still be open: the first round ends it, or tells it again, which changes nothing.
        let mut failing: BTreeSet<BrokerName> =
            receipts.all.iter().map(|settings| settings.broker.clone()).collect();
        loop {
            let writing = receipts.clone();
            let before = std::mem::take(&mut failing);
            match tokio::task::spawn_blocking(move || writing.round(before)).await {
                Ok(Ok(after)) => failing = after,
                Ok(Err(WriteError::Stopped)) => return,
                Ok(Err(error)) => tracing::error!(%error, "A trouble with receipts could not be recorded."),
                Err(_) => tracing::error!("The task that writes receipts broke."),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Writes what is owed. `failing` are the brokers whose trouble may be open; answers those for whom it is now.
    ///
    /// # Errors
    /// When a trouble could not be recorded.
    pub fn round(&self, mut failing: BTreeSet<BrokerName>) -> Result<BTreeSet<BrokerName>, WriteError> {
        for settings in &self.all {
            match self.write(&self.state, settings) {
                Ok(()) => {
                    if failing.remove(&settings.broker) {
                        let over = receipts::trouble_id(settings);
                        self.writer.trouble_over_blocking(over)?;
                    }
                }
                Err(error) => {
                    tracing::warn!(broker = %settings.broker, error = %chain(&error), "Receipts could not be written.");
                    let brief = receipts::trouble(settings, &error);
                    failing.insert(settings.broker.clone());
                    self.writer.trouble_blocking(Severity::Warning, settings.broker.as_str(), brief)?;
                }
            }
        }
        Ok(failing)
    }

    fn write(&self, state: &Path, settings: &ReceiptSettings) -> Result<(), ReceiptError> {
        loop {
            let progress = receipts::write(state, &**self.writer.store(), &self.grammar, settings)?;
            if progress.written > 0 {
                tracing::info!(broker = %settings.broker, written = progress.written, "Receipts written.");
            }
            if progress.is_done {
                return Ok(());
            }
        }
    }
}
