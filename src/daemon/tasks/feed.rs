//! Keeps the calendars of the teams up to date.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::daemon::feed;
use crate::pipeline::Pipeline;
use crate::step::Position;
use crate::store::Store;
use crate::words::chain;

/// How often it is asked whether something changed. Calendar programs ask a few times a day.
const PERIOD: Duration = Duration::from_secs(300);

pub struct Feeds {
    pub store: Arc<dyn Store>,
    pub pipeline: Arc<Pipeline>,
    pub clock: Arc<dyn Clock>,
    pub folder: PathBuf,
}

impl Feeds {
    pub async fn run(self, stop: CancellationToken) {
        let feeds = Arc::new(self);
        let mut written: Option<(Position, NaiveDate)> = None;
        loop {
            let now = feeds.clock.now();
            let state = feeds.store.position().ok().map(|position| (position, now.date_naive()));
            // A store that does not answer is the writer's to tell.
            if state.is_some() && state != written {
                let writing = feeds.clone();
                let write = move || feed::write(&*writing.store, &writing.pipeline, &writing.folder, now);
                match tokio::task::spawn_blocking(write).await {
                    Ok(Ok(_)) => written = state,
                    Ok(Err(error)) => {
                        tracing::error!(error = %chain(&error), "A calendar could not be written.");
                    }
                    Err(_) => tracing::error!("The task that writes calendars broke."),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }
}
