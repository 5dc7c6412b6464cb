//! What stands behind the local socket: the daemon's own store, and its writer for what changes something.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::service::Companion;
use super::writer::{WriteError, Writer};
use super::{apply, feed};
use crate::clock::Clock;
use crate::deadline::DeadlineTable;
use crate::grammar::Grammar;
use crate::ident::{BrokerName, Fingerprint};
use crate::journal::JournalReader;
use crate::outbox::{Audience, Team};
use crate::pipeline::Pipeline;
use crate::serve::socket::LocalSocket;
use crate::serve::{Action, ApiError, Backend};
use crate::store::{Store, backup};

/// Answers from the running daemon.
pub struct DaemonBackend {
    store: Arc<dyn Store>,
    /// As they stand when the question comes; a reload changes them for the next one.
    deadlines: Arc<DeadlineTable>,
    pipeline: Arc<Pipeline>,
    clock: Arc<dyn Clock>,
    grammar: Arc<Grammar>,
    config: Box<str>,
    in_force_since: DateTime<Utc>,
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

    fn config(&self) -> &str {
        &self.config
    }

    fn in_force_since(&self) -> Option<DateTime<Utc>> {
        Some(self.in_force_since)
    }

    fn content(&self, file: Fingerprint) -> Result<Box<dyn Read + Send>, ApiError> {
        let content = self.journal.content(file);
        Ok(Box::new(content.map_err(|error| ApiError::failed("read the archived file", error))?))
    }

    fn state_hash(&self) -> Result<Fingerprint, ApiError> {
        Ok(apply::state_hash(&*self.store, &self.deadlines)?)
    }

    fn calendar(&self, team: &Team) -> Result<String, ApiError> {
        let now = self.clock.now();
        Ok(feed::calendar(&*self.store, &self.pipeline, team, now, &BTreeSet::new())?)
    }

    fn audience(&self) -> &Audience {
        &self.pipeline.audience
    }

    fn watched(&self) -> Vec<BrokerName> {
        self.pipeline.watched().cloned().collect()
    }

    fn act(&self, action: Action) -> Result<(), ApiError> {
        let done = match action {
            Action::RetryQuarantine { file, by } => self.runtime.block_on(self.writer.reprocess(file, by)),
            Action::RetryLetter { key, by } => self.runtime.block_on(self.writer.retry_letter(key, by)),
            Action::Acknowledge { said } => self.runtime.block_on(self.writer.acknowledge(said)),
            Action::Silence { silence } => self.runtime.block_on(self.writer.silence(silence)),
            Action::EndSilence { silence, by } => self.runtime.block_on(self.writer.end_silence(silence, by)),
            Action::SetTarget { wish, by } => self.runtime.block_on(self.writer.set_target(wish, by)),
            Action::Record { document, .. } => self.runtime.block_on(self.writer.record(document)),
            Action::Backup { dir } => {
                let folder = self.journal.folder();
                let copied = backup::back_up(folder, &dir, None, &mut |_| {});
                return copied.map(drop).map_err(|error| ApiError::failed("make the backup", error));
            }
        };
        done.map_err(|error| match error {
            WriteError::Refused(text) => ApiError::NotFound(text.to_string()),
            WriteError::Declined(text) => ApiError::BadRequest(text.to_string()),
            error => ApiError::failed("do it", error),
        })
    }
}

/// What answers for an app as it stands; `None` when it has stopped.
pub(super) fn backend(app: &App) -> std::io::Result<Option<DaemonBackend>> {
    let Some(writer) = app.writer().cloned() else { return Ok(None) };
    let journal = JournalReader::open(&app.settings().state_folder).map_err(std::io::Error::other)?;
    let pipeline: Arc<Mutex<Arc<Pipeline>>> = app.pipeline();
    let pipeline = pipeline.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Some(DaemonBackend {
        store: app.store().clone(),
        deadlines: pipeline.deadlines.clone(),
        grammar: pipeline.interpreter.grammar().clone(),
        config: app.settings().versions.config.clone(),
        in_force_since: app.in_force_since(),
        clock: app.clock().clone(),
        pipeline: pipeline.clone(),
        journal,
        writer,
        runtime: tokio::runtime::Handle::current(),
    }))
}

/// The local socket of a daemon.
#[derive(Default)]
pub struct SocketCompanion {
    running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

#[async_trait::async_trait]
impl Companion for SocketCompanion {
    async fn start(&mut self, app: &App) -> std::io::Result<()> {
        let Some(backend) = backend(app)? else { return Ok(()) };
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
