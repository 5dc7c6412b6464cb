//! The daemon's local socket: the API over HTTP on a Unix socket that only the daemon's own user may open.
//!
//! `POST /v1` takes a [`Request`] as JSON and answers with its JSON, or with a [`Fault`] and a status that is not 200.
//! `GET /health` answers as long as the process runs, without a look at the store. One request per connection.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::api::{self, ApiError, Backend, Fault, FaultCode};
use super::connections::{self, ASKING_SECS};
use super::request::Request;

/// A question is short; what is longer is no question.
pub const BODY_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("a daemon answers on {path} already", path = path.display())]
    InUse { path: PathBuf },
    #[error("{path} exists and is no socket; move it away or configure another place", path = path.display())]
    NotASocket { path: PathBuf },
    #[error("could not {doing} {path}", path = path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl SocketError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// A socket that listens. Its file goes when it is dropped.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl LocalSocket {
    /// Binds the socket, readable and writable by its owner only. A socket that nobody answers on is left over from a
    /// crash and is replaced.
    ///
    /// # Errors
    /// [`SocketError::InUse`] when somebody answers there; else what the system says.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        match std::fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(SocketError::NotASocket { path: path.to_owned() });
            }
            Ok(_) if UnixStream::connect(path).await.is_ok() => {
                return Err(SocketError::InUse { path: path.to_owned() });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SocketError::io("look at", path)(error)),
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(SocketError::io("create the folder of", path))?;
        }
        // Bound under another name and renamed, so that the file never stands there with wider permissions.
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let new = path.with_file_name(name);
        remove(&new).map_err(SocketError::io("clear", &new))?;
        let listener = UnixListener::bind(&new).map_err(SocketError::io("listen on", path))?;
        let placed = std::fs::set_permissions(&new, Permissions::from_mode(0o600))
            .and_then(|()| std::fs::symlink_metadata(&new))
            .and_then(|found| std::fs::rename(&new, path).map(|()| found.ino()));
        match placed {
            Ok(inode) => Ok(Self { listener, path: path.to_owned(), inode }),
            Err(error) => {
                let _ = remove(&new);
                Err(SocketError::io("place", path)(error))
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until `stop`; then takes no new connection, and gives those that are under way a few seconds.
    pub async fn serve(self, backend: Arc<dyn Backend>, stop: CancellationToken) {
        connections::serve(&self.listener, &router(backend), &stop).await;
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        // Another daemon may have taken the place meanwhile: its socket stays.
        if std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = remove(&self.path);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[derive(Clone)]
struct Shared {
    backend: Arc<dyn Backend>,
    answers: Answers,
}

fn router(backend: Arc<dyn Backend>) -> Router {
    Router::new()
        .route("/v1", post(ask))
        .route("/health", get(async || Json(serde_json::json!({ "status": "ok" }))))
        .fallback(async || refused(FaultCode::NotFound, "there is nothing here; questions go to POST /v1"))
        .with_state(Shared { backend, answers: Answers::default() })
}

async fn ask(State(shared): State<Shared>, request: axum::extract::Request) -> Response {
    let asking = Duration::from_secs(ASKING_SECS);
    let body = match timeout(asking, to_bytes(request.into_body(), BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let message = format!("the request is cut off, or longer than {BODY_BYTES_MAX} bytes");
            return refused(FaultCode::BadRequest, message);
        }
        Err(_) => return refused(FaultCode::TimedOut, "the request took too long to arrive"),
    };
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refused(FaultCode::BadRequest, format!("not a request: {error}")),
    };
    let limit = request.time_limit();
    match timeout(limit, answered(shared, request)).await {
        Ok(response) => response,
        Err(_) => refused(FaultCode::TimedOut, format!("no answer within {} seconds", limit.as_secs())),
    }
}

/// Answers on a thread that may block. The turn is held until that thread is done, even when the client has gone: so the number of
/// busy threads stays bounded.
async fn answered(shared: Shared, request: Request) -> Response {
    let turn = match shared.answers.turn().await {
        Ok(turn) => turn,
        Err(busy) => return refused(FaultCode::Unavailable, busy.to_string()),
    };
    let backend = shared.backend;
    let answer = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let answer = api::answer(&*backend, request)?;
        serde_json::to_vec(&answer).map_err(|error| ApiError::failed("write the answer", error))
    });
    match answer.await {
        Ok(Ok(json)) => ([(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response(),
        Ok(Err(error)) => respond(&error.fault()),
        Err(error) => {
            tracing::error!(%error, "An answer on the local socket failed.");
            refused(FaultCode::Failed, "the answer failed; the daemon's log says why")
        }
    }
}

fn refused(code: FaultCode, message: impl Into<String>) -> Response {
    respond(&Fault { code, message: message.into() })
}

fn respond(fault: &Fault) -> Response {
    let status = match fault.code {
        FaultCode::NotFound => StatusCode::NOT_FOUND,
        FaultCode::BadRequest => StatusCode::BAD_REQUEST,
        FaultCode::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        FaultCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        FaultCode::TimedOut => StatusCode::GATEWAY_TIMEOUT,
    };
    (status, Json(fault)).into_response()
}
