//! Asks the writer, once in a while, to say what the clock has made due.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::daemon::writer::{WriteError, Writer};
use crate::intake::scanner::DropState;

/// How often the clock is looked at.
pub const PERIOD: Duration = Duration::from_secs(20);

/// The clock waits for the first look into the drops at most so long.
const FIRST_LOOK_MAX: Duration = Duration::from_secs(120);

/// How often that look is asked for.
const FIRST_LOOK_PERIOD: Duration = Duration::from_millis(200);

/// One drop, as the first look after a start sees it.
pub struct FirstLook {
    pub state: Arc<Mutex<DropState>>,
    /// From then on, whatever lay there at the start has settled.
    pub settled_at: DateTime<Utc>,
}

impl FirstLook {
    /// When what lies in a drop at `start` has stood still for so long that it is taken.
    pub fn settled_at(start: DateTime<Utc>, settle: Duration) -> DateTime<Utc> {
        let twice = TimeDelta::from_std(settle.saturating_mul(2)).unwrap_or(TimeDelta::zero());
        start.checked_add_signed(twice).unwrap_or(start)
    }

    fn is_done(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_read = state.ready == 0
            && state.listed_at.is_some_and(|listed_at| state.files == 0 || listed_at >= self.settled_at);
        is_read || state.failures > 0
    }
}

pub async fn run(writer: Writer, first: Vec<FirstLook>, stop: CancellationToken) {
    // What came while nobody looked is read before anybody is told what is missing.
    let look = async {
        while !first.iter().all(FirstLook::is_done) {
            tokio::time::sleep(FIRST_LOOK_PERIOD).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => return,
        _ = tokio::time::timeout(FIRST_LOOK_MAX, look) => {}
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_is_over_when_what_lay_there_is_read_or_cannot_be() {
        let start = DateTime::UNIX_EPOCH;
        let later = start + TimeDelta::seconds(4);
        let settled_at = FirstLook::settled_at(start, Duration::from_secs(2));
        for (what, listed_at, files, ready, failures, is_done) in [
            ("not looked at", None, 0, 0, 0, false),
            ("empty", Some(start), 0, 0, 0, true),
            ("files that settle", Some(start), 3, 0, 0, false),
            ("a file without an end", Some(later), 1, 0, 0, true),
            ("files to be read", Some(later), 0, 2, 0, false),
            ("out of reach", None, 0, 0, 1, true),
        ] {
            let state = DropState { listed_at, files, ready, failures, retry_at: None };
            let look = FirstLook { state: Arc::new(Mutex::new(state)), settled_at };
            assert_eq!(look.is_done(), is_done, "{what}");
        }
    }
}
