//! Connections of a listener, whatever it listens on: so many at once, one request and one answer each, a few seconds at a stop.
//!
//! A connection is always accepted. When there are too many, one that asks nothing makes room ([`super::places`]), so that clients that are
//! slow or silent delay nobody but themselves.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::places::{Asking, Place, Places};

/// Connections that are served at once.
const CONNECTIONS_MAX: usize = 64;

/// How long a client may take to say what it wants.
pub(super) const ASKING_SECS: u64 = 10;

/// How long a client may take to read its answer.
const GIVING: Duration = Duration::from_secs(60);

/// What is kept of a request before it is handed on, in bytes: its head, or a part of its body.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// How long the stop waits for requests that are not here whole.
const STOP_ASKING: Duration = Duration::from_millis(200);

/// How long the stop waits for answers that are under way.
const STOP: Duration = Duration::from_secs(5);

/// The pause after a failed accept: out of file descriptors, most often.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Where connections come from.
pub(super) trait Listener: Sync {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and who is at its other end, where that says anything.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<IpAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        self.accept().await.map(|(stream, peer)| (stream, Some(peer.ip())))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<IpAddr>)> {
        self.accept().await.map(|(stream, _)| (stream, None))
    }
}

/// Answers until `stop`; then takes no new connection, and gives those that are under way a few seconds.
pub(super) async fn serve(listener: &impl Listener, router: &Router, stop: &CancellationToken) {
    serve_patiently(listener, router, stop, Duration::from_secs(ASKING_SECS)).await;
}

async fn serve_patiently(
    listener: &impl Listener,
    router: &Router,
    stop: &CancellationToken,
    asking: Duration,
) {
    let places = Places::new(CONNECTIONS_MAX);
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.next() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match places.take(peer) {
                Some(place) => {
                    tasks.spawn(converse(stream, Arc::new(place), router.clone(), stop.clone(), asking));
                    // A request that came with its connection is read before the next one can push it out.
                    tokio::task::yield_now().await;
                }
                None => tracing::warn!("A connection is refused: all others wait for their answers."),
            },
            Err(error) => {
                tracing::warn!(%error, "Could not accept a connection.");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// One connection: one request, one answer.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: Arc<Place>,
    router: Router,
    stop: CancellationToken,
    asking: Duration,
) {
    let answering = place.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (place, router) = (answering.clone(), router.clone());
        let request = request.map(|body| Asking::body(body, place.clone()));
        async move {
            let response: Result<Response, Infallible> = TowerToHyperService::new(router).call(request).await;
            place.answered();
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(asking)
        .max_buf_size(BUFFER_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let not_taken = async {
        place.given.notified().await;
        sleep(GIVING).await;
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = place.leave.cancelled() => return,
        () = not_taken => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match timeout(STOP_ASKING, connection.as_mut()).await {
                Ok(ended) => ended,
                Err(_) if place.is_asking() => return,
                Err(_) => match timeout(STOP, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                },
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection ended early.");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// So long that a test which waits for it never ends.
    const FOREVER: Duration = Duration::from_secs(1 << 30);

    async fn site() -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/health", get(async || "well"))
            .route("/form", post(async |body: Bytes| format!("{} bytes", body.len())));
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let served =
            tokio::spawn(async move { serve_patiently(&listener, &router, &stopping, FOREVER).await });
        (address, stop, served)
    }

    async fn ask(address: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer
    }

    /// Clients that say this much and then nothing more.
    async fn silent(address: std::net::SocketAddr, count: usize, said: &str) -> Vec<TcpStream> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.write_all(said.as_bytes()).await.expect("sent");
            streams.push(stream);
        }
        streams
    }

    const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

    #[tokio::test]
    async fn clients_that_ask_nothing_or_half_delay_nobody() {
        let half_a_body = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab";
        for said in ["", "GET /hea", half_a_body] {
            let (address, stop, served) = site().await;
            let mut streams = silent(address, 300, said).await;
            let answer = ask(address, HEALTH).await;
            assert!(answer.ends_with("well"), "{said:?}: {answer}");
            let form = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabcdefghi";
            assert!(ask(address, form).await.ends_with("9 bytes"), "{said:?}");
            // The youngest are still there and may go on; the oldest had to go.
            let last = streams.last_mut().expect("some");
            let mut byte = [0];
            let error = last.try_read(&mut byte).expect_err("nothing was said to it");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{said:?}");
            assert!(matches!(streams[0].read(&mut byte).await, Ok(0) | Err(_)), "{said:?}");
            // Nor do they delay a stop.
            stop.cancel();
            served.await.expect("it ends");
        }
    }

    #[tokio::test]
    async fn a_slow_client_is_answered_once_its_request_is_whole() {
        let (address, _stop, _served) = site().await;
        let mut slow = TcpStream::connect(address).await.expect("it listens");
        slow.write_all(&HEALTH.as_bytes()[..9]).await.expect("sent");
        assert!(ask(address, HEALTH).await.ends_with("well"));
        slow.write_all(&HEALTH.as_bytes()[9..]).await.expect("sent");
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.ends_with("well"), "{answer}");
    }
}
