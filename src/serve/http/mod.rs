//! The small HTTP listener: the page behind the links in mails, a receiver to try webhooks with, and health. Loopback unless the configuration says otherwise; TLS is the
//! matter of the proxy in front.
//!
//! Other pages come in as a [`Router`] of their own, merged in [`router`]'s caller.

mod ack;
mod hook;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::{Backend, connections};
use crate::clock::Clock;
use crate::outbox::Tickets;

/// What the pages need.
#[derive(Clone)]
pub struct Pages {
    pub backend: Arc<dyn Backend>,
    /// Checks the links of mails; none are taken without it.
    pub tickets: Option<Arc<Tickets>>,
    pub clock: Arc<dyn Clock>,
    /// Whether the daemon does its work.
    pub is_alive: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Names and secrets of the webhooks whose letters are recognised.
    hooks: Arc<[(Box<str>, SecretString)]>,
    answers: Answers,
}

impl Pages {
    pub fn new(
        backend: Arc<dyn Backend>,
        tickets: Option<Arc<Tickets>>,
        clock: Arc<dyn Clock>,
        is_alive: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        Self { backend, tickets, clock, is_alive, hooks: Arc::new([]), answers: Answers::default() }
    }

    /// With webhooks, names and secrets, whose letters may be tried here.
    #[must_use]
    pub fn with_hooks(self, hooks: impl IntoIterator<Item = (Box<str>, SecretString)>) -> Self {
        Self { hooks: hooks.into_iter().collect(), ..self }
    }
}

/// The routes of the listener. Merge further ones before they are served.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/ack/{ticket}", get(ack::show).post(ack::take))
        .route("/webhook-test", post(hook::check))
        .route("/health", get(health))
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
        .layer(map_response(guarded))
        .with_state(pages)
}

async fn health(axum::extract::State(pages): axum::extract::State<Pages>) -> Response {
    match (pages.is_alive)() {
        true => Json(serde_json::json!({ "status": "ok" })).into_response(),
        false => {
            let body = Json(serde_json::json!({ "status": "stuck" }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

/// Headers that every answer bears: nothing is stored, framed, indexed, or told to other sites.
async fn guarded(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A listener that is bound.
#[derive(Debug)]
pub struct HttpListener(TcpListener);

impl HttpListener {
    /// # Errors
    /// When somebody else has the address, or it is not ours.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// Where it listens: the port that the system chose when 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until `stop`; then takes no new connection, and gives those that are under way a few seconds.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        connections::serve(&self.0, &router, &stop).await;
    }
}
