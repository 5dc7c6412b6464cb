//! Asks the daemon over its local socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::api::Fault;
use super::request::Request;

/// An answer longer than this is refused: pages are far shorter, and so is the fullest entry.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// How long the daemon may take to accept.
const CONNECT_SECS: u64 = 5;

/// How much longer than the daemon this end waits, so that the daemon's own word arrives first.
const PATIENCE_SECS: u64 = 5;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No daemon runs, or it uses another socket.
    #[error("no daemon answers on {path}", path = path.display())]
    NotRunning { path: PathBuf },
    #[error(
        "this user may not speak with the daemon on {path}; run the command as the user that runs the daemon",
        path = path.display()
    )]
    Denied { path: PathBuf },
    #[error("the daemon on {path} did not answer in time", path = path.display())]
    TimedOut { path: PathBuf },
    #[error("the conversation with the daemon on {path} broke off", path = path.display())]
    Broken {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The daemon said no, and why.
    #[error(transparent)]
    Refused(#[from] Fault),
}

impl ClientError {
    pub fn is_not_running(&self) -> bool {
        matches!(self, Self::NotRunning { .. })
    }
}

/// Speaks with the daemon whose socket is at a path.
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

impl Client {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks one question.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the daemon answered that it cannot; else the way to it failed.
    pub async fn ask(&self, request: &Request) -> Result<Value, ClientError> {
        let body = serde_json::to_vec(request).map_err(|error| self.broken(error))?;
        let limit = request.time_limit() + Duration::from_secs(PATIENCE_SECS);
        let (status, answer) = self.exchange(Method::POST, "/v1", body, limit).await?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&answer).map_err(|error| self.broken(error));
        }
        match serde_json::from_slice::<Fault>(&answer) {
            Ok(fault) => Err(fault.into()),
            Err(_) => Err(self.broken(io::Error::other(format!("it answered with status {status}")))),
        }
    }

    /// Whether the daemon runs and answers.
    pub async fn health(&self) -> Result<(), ClientError> {
        let limit = Duration::from_secs(PATIENCE_SECS);
        let (status, _) = self.exchange(Method::GET, "/health", Vec::new(), limit).await?;
        match status {
            StatusCode::OK => Ok(()),
            status => Err(self.broken(io::Error::other(format!("it answered with status {status}")))),
        }
    }

    /// [`ask`](Self::ask) for callers outside of any runtime.
    pub fn ask_blocking(&self, request: &Request) -> Result<Value, ClientError> {
        self.runtime()?.block_on(self.ask(request))
    }

    /// [`health`](Self::health) for callers outside of any runtime.
    pub fn health_blocking(&self) -> Result<(), ClientError> {
        self.runtime()?.block_on(self.health())
    }

    fn runtime(&self) -> Result<tokio::runtime::Runtime, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| self.broken(error))
    }

    async fn exchange(
        &self,
        method: Method,
        target: &str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let connecting = timeout(Duration::from_secs(CONNECT_SECS), UnixStream::connect(&self.path));
        let stream = match connecting.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.unreachable(error)),
            Err(_) => return Err(self.timed_out()),
        };
        let conversation = async {
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(error))?;
            // Its errors come back through the sender as well.
            let connection = tokio::spawn(connection);
            let request = hyper::Request::builder()
                .method(method)
                .uri(target)
                .header(header::HOST, "entrywatch")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CONNECTION, "close")
                .body(Full::new(Bytes::from(body)))
                .map_err(|error| self.broken(error))?;
            let response = sender.send_request(request).await.map_err(|error| self.broken(error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            connection.abort();
            let body = body.map_err(|source| ClientError::Broken { path: self.path.clone(), source })?;
            Ok((status, body.to_bytes()))
        };
        match timeout(limit, conversation).await {
            Ok(answer) => answer,
            Err(_) => Err(self.timed_out()),
        }
    }

    fn unreachable(&self, error: io::Error) -> ClientError {
        let path = self.path.clone();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::NotRunning { path },
            io::ErrorKind::PermissionDenied => ClientError::Denied { path },
            _ => self.broken(error),
        }
    }

    fn timed_out(&self) -> ClientError {
        ClientError::TimedOut { path: self.path.clone() }
    }

    fn broken(&self, error: impl std::error::Error + Send + Sync + 'static) -> ClientError {
        ClientError::Broken { path: self.path.clone(), source: Box::new(error) }
    }
}
