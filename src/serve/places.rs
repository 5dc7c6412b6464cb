//! The places of a listener's connections. Whoever asks nothing never keeps out whoever does: when all places are taken, the client that
//! leaves us waiting longest has to go, of the peer that has most of those.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How far a connection is, and for whom the other side waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// We wait for the client: its request is not here whole.
    Asking,
    /// The client waits for us.
    Answering,
    /// We wait for the client: it has to take the answer.
    Giving,
}

struct Held {
    peer: Option<IpAddr>,
    stage: Stage,
    leave: CancellationToken,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// In the order in which they came.
    held: BTreeMap<u64, Held>,
}

impl Table {
    /// The oldest connection at this stage, of the peer that has most of them.
    fn oldest(&self, stage: Stage) -> Option<u64> {
        let waiting = || self.held.iter().filter(|(_, held)| held.stage == stage);
        let mut peers: BTreeMap<Option<IpAddr>, (usize, u64)> = BTreeMap::new();
        for (&id, held) in waiting() {
            peers.entry(held.peer).or_insert((0, id)).0 += 1;
        }
        let most = peers.into_values().max_by_key(|&(count, first)| (count, std::cmp::Reverse(first)));
        most.map(|(_, first)| first)
    }
}

/// So many connections at once.
#[derive(Clone)]
pub(super) struct Places {
    max: usize,
    table: Arc<Mutex<Table>>,
}

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self { max, table: Arc::default() }
    }

    /// A place for a new connection. When all are taken, one that we wait for makes room; `None` when all wait for us.
    pub(super) fn take(&self, peer: Option<IpAddr>) -> Option<Place> {
        let mut table = self.table();
        if table.held.len() >= self.max {
            let shed = table.oldest(Stage::Asking).or_else(|| table.oldest(Stage::Giving))?;
            if let Some(held) = table.held.remove(&shed) {
                tracing::debug!(stage = ?held.stage, "A connection that is waited for makes room for another.");
                held.leave.cancel();
            }
        }
        let id = table.next;
        table.next += 1;
        let leave = CancellationToken::new();
        table.held.insert(id, Held { peer, stage: Stage::Asking, leave: leave.clone() });
        Some(Place { id, table: self.table.clone(), leave, given: Arc::default() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection; free again when it is dropped.
pub(super) struct Place {
    id: u64,
    table: Arc<Mutex<Table>>,
    /// Cancelled when the place was given to another connection.
    pub(super) leave: CancellationToken,
    /// Rung when there is an answer to take.
    pub(super) given: Arc<Notify>,
}

impl Place {
    fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> Option<T> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).held.get_mut(&self.id).map(look)
    }

    pub(super) fn is_asking(&self) -> bool {
        self.with(|held| held.stage == Stage::Asking).unwrap_or(true)
    }

    fn asked(&self) {
        self.with(|held| {
            if held.stage == Stage::Asking {
                held.stage = Stage::Answering;
            }
        });
    }

    /// The answer is written as fast as the client takes it.
    pub(super) fn answered(&self) {
        self.with(|held| held.stage = Stage::Giving);
        self.given.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).held.remove(&self.id);
    }
}

/// The body of a request, which tells when it is here whole.
pub(super) struct Asking<B> {
    body: B,
    place: Arc<Place>,
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Asking<B>
where
    B::Error: Into<axum::BoxError>,
{
    pub(super) fn body(body: B, place: Arc<Place>) -> Body {
        if body.is_end_stream() {
            place.asked();
        }
        Body::new(Self { body, place })
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Asking<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.place.asked();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn whoever_asks_nothing_makes_room_of_the_peer_that_has_most() {
        let places = Places::new(4);
        let patient = places.take(peer(1)).expect("free");
        let slow: Vec<Place> = (0..3).map(|_| places.take(peer(2)).expect("free")).collect();
        let _fifth = places.take(peer(3)).expect("one makes room");
        let left: Vec<bool> = slow.iter().map(|place| place.leave.is_cancelled()).collect();
        assert_eq!((patient.leave.is_cancelled(), left), (false, vec![true, false, false]));
        // A place that was given away is not free again when its connection ends.
        drop(slow);
        assert_eq!(places.table().held.len(), 2);
    }

    #[test]
    fn whoever_waits_for_us_stays_and_the_slow_takers_go_last() {
        let places = Places::new(3);
        let [first, second, third] = [1, 2, 3].map(|last| places.take(peer(last)).expect("free"));
        first.asked();
        second.asked();
        second.answered();
        third.asked();
        third.asked();
        assert!(!third.is_asking());
        let fourth = places.take(peer(4)).expect("the second makes room");
        assert!(second.leave.is_cancelled() && !first.leave.is_cancelled());
        fourth.asked();
        assert!(places.take(peer(5)).is_none(), "all wait for us");
        drop(fourth);
        assert!(places.take(peer(5)).is_some());
    }
}
