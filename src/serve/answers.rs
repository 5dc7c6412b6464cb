//! Answers that look into the store: so many at once, each on a thread that may wait for the disk, so many others waiting.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Answers under way at once.
const ANSWERS_MAX: usize = 4;

/// Questions that wait for their turn; a further one is told to come again. Well below the connections of a listener, so that health
/// is answered however busy the store is.
const WAITING_MAX: usize = 32;

/// How long a question waits for its turn.
const WAIT: Duration = Duration::from_secs(20);

/// There is no turn to be had for now.
#[derive(Debug, thiserror::Error)]
#[error("too many questions at once; ask again in a minute")]
pub(super) struct Busy;

/// Turns to look into the store.
#[derive(Clone)]
pub(super) struct Answers {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(ANSWERS_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Answers {
    /// A turn, held until it is dropped: by the thread that answers, even when the client has gone.
    ///
    /// # Errors
    /// [`Busy`] when too many wait, or it waited too long.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        if let Ok(turn) = self.running.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| Busy)?;
        match timeout(WAIT, self.running.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_wait_and_no_longer_than_they_may() {
        let answers = Answers::default();
        let mut running = Vec::new();
        for _ in 0..ANSWERS_MAX {
            running.push(answers.turn().await.expect("free"));
        }
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let answers = answers.clone();
                tokio::spawn(async move { answers.turn().await.is_ok() })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(answers.turn().await.is_err(), "too many wait");
        running.pop();
        let mut served = 0;
        for one in waiting {
            served += usize::from(one.await.expect("it ends"));
        }
        // Each gives its turn back at once, so all had one.
        assert_eq!(served, WAITING_MAX);
        running.push(answers.turn().await.expect("free again"));
        assert!(answers.turn().await.is_err(), "it waited too long");
    }
}
