//! The HTTP listener of a daemon, beside its local socket.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::app::App;
use super::backend::{SocketCompanion, backend};
use super::service::Companion;
use crate::serve::http::{HttpListener, Pages, router};

/// A writer that has not looked at its queue for this long is not healthy.
const STUCK_SECS: i64 = 180;

/// Everything that runs beside an app: the local socket, and the listener if one is configured.
#[derive(Default)]
pub struct Companions {
    socket: SocketCompanion,
    http: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

impl Companions {
    async fn start_http(&mut self, app: &App) -> std::io::Result<()> {
        let settings = app.settings();
        let (Some(address), Some(backend), Some(writer)) =
            (settings.listen, backend(app)?, app.writer().cloned())
        else {
            return Ok(());
        };
        let clock = app.clock().clone();
        let now = clock.clone();
        let is_alive = move || writer.alive_at().is_none_or(|at| (now.now() - at).num_seconds() < STUCK_SECS);
        let pages = Pages::new(Arc::new(backend), settings.tickets.clone(), clock, Arc::new(is_alive));
        let hooks = settings.hooks.iter().map(|hook| &hook.settings);
        let pages = pages.with_hooks(hooks.map(|hook| (hook.name.clone(), hook.secret.clone())));
        let listener = HttpListener::bind(address).await?;
        tracing::info!(%address, "Listening for HTTP.");
        let stop = CancellationToken::new();
        let task = tokio::spawn(listener.serve(router(pages), stop.clone()));
        self.http = Some((stop, task));
        Ok(())
    }
}

#[async_trait::async_trait]
impl Companion for Companions {
    async fn start(&mut self, app: &App) -> std::io::Result<()> {
        if let Err(error) = self.start_http(app).await {
            // Mails and commands do not need it: the daemon's work goes on.
            tracing::error!(%error, address = ?app.settings().listen, "The HTTP listener cannot be used; links in mails do not work.");
        }
        self.socket.start(app).await
    }

    async fn stop(&mut self) {
        if let Some((stop, task)) = self.http.take() {
            stop.cancel();
            let _ = task.await;
        }
        self.socket.stop().await;
    }
}
