//! Asks the writer, once in a while, to say what the clock has made due.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::daemon::writer::{WriteError, Writer};

/// How often the clock is looked at.
pub const PERIOD: Duration = Duration::from_secs(20);

pub async fn run(writer: Writer, stop: CancellationToken) {
    loop {
        match writer.tick().await {
            Ok(()) => {}
            Err(WriteError::Stopped) => return,
            Err(error) => tracing::error!(%error, "Reminders could not be said."),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}
