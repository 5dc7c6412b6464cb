//! What stands behind the local socket: the daemon's own store, and its writer for what changes something.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::app::App;
use super::apply;
use super::service::Companion;
use super::writer::{WriteError, Writer};
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::Fingerprint;
use crate::journal::JournalReader;
use crate::pipeline::Pipeline;
use crate::serve::socket::LocalSocket;
use crate::serve::{Action, ApiError, Backend};
use crate::store::{Store, backup};

/// Answers from the running daemon.
pub struct DaemonBackend {
    store: Arc<dyn Store>,
    /// As they stand when the question comes; a reload changes them for the next one.
    deadlines: Arc<DeadlineTable>,
    grammar: Arc<Grammar>,
    journal: JournalReader,
    writer: Writer,
    runtime: tokio::runtime::Handle,
}

impl Backend for DaemonBackend {
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
        Ok(apply::state_hash(&*self.store, &self.deadlines)?)
    }

    fn act(&self, action: Action) -> Result<(), ApiError> {
        let done = match action {
            Action::RetryQuarantine { file, by } => self.runtime.block_on(self.writer.reprocess(file, by)),
            Action::RetryLetter { key, by } => self.runtime.block_on(self.writer.retry_letter(key, by)),
            Action::Record { document, .. } => self.runtime.block_on(self.writer.record(document)),
            Action::Backup { dir } => {
                let folder = self.journal.folder();
                let copied = backup::back_up(folder, &dir, None, &mut |_| {});
                return copied.map(drop).map_err(|error| ApiError::failed("make the backup", error));
            }
        };
        done.map_err(|error| match error {
            WriteError::Refused(text) => ApiError::NotFound(text.to_string()),
            error => ApiError::failed("do it", error),
        })
    }
}

/// The local socket of a daemon.
#[derive(Default)]
pub struct SocketCompanion {
    running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

#[async_trait::async_trait]
impl Companion for SocketCompanion {
    async fn start(&mut self, app: &App) -> std::io::Result<()> {
        let Some(writer) = app.writer().cloned() else { return Ok(()) };
        let journal = JournalReader::open(&app.settings().state_folder).map_err(std::io::Error::other)?;
        let pipeline: Arc<Mutex<Arc<Pipeline>>> = app.pipeline();
        let pipeline = pipeline.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let backend = DaemonBackend {
            store: app.store().clone(),
            deadlines: pipeline.deadlines.clone(),
            grammar: pipeline.interpreter.grammar().clone(),
            journal,
            writer,
            runtime: tokio::runtime::Handle::current(),
        };
        let socket = LocalSocket::bind(&app.settings().socket).await.map_err(std::io::Error::other)?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(socket.serve(Arc::new(backend), stop.clone()));
        self.running = Some((stop, task));
        Ok(())
    }

    async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            let _ = task.await;
        }
    }
}
