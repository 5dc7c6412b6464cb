//! A receiver to try webhooks with: it does what a receiver has to do, says what it found, and keeps nothing.

use std::time::Duration;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::Pages;
use crate::webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed};

/// The largest letter that is tried here; one about thousands of entries is not.
const BODY_BYTES_MAX: usize = 1 << 20;

/// How long a letter may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A request that was signed longer ago, or so far ahead, is refused: somebody may have kept it.
const AGE_SECS_MAX: u64 = 300;

/// The part of a letter that is said again.
#[derive(Deserialize)]
struct Letter {
    letter: String,
    kind: String,
}

/// `POST`: is this a letter of ours, signed with the secret of a webhook that is configured?
pub(super) async fn check(State(pages): State<Pages>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(Ok(body)) = timeout(ARRIVAL, to_bytes(body, BODY_BYTES_MAX)).await else {
        return refused(
            StatusCode::BAD_REQUEST,
            "the body did not arrive whole, or is larger than is tried here",
        );
    };
    let Some(timestamp) = header(&head.headers, TIMESTAMP_HEADER).and_then(|text| text.parse::<i64>().ok())
    else {
        return refused(StatusCode::BAD_REQUEST, "there is no X-Entrywatch-Timestamp");
    };
    let Some(signature) = header(&head.headers, SIGNATURE_HEADER) else {
        return refused(StatusCode::BAD_REQUEST, "there is no X-Entrywatch-Signature");
    };
    let Some((name, _)) =
        pages.hooks.iter().find(|(_, secret)| is_signed(secret, timestamp, &body, signature))
    else {
        return refused(
            StatusCode::UNAUTHORIZED,
            "the signature is not one of a webhook that is configured here",
        );
    };
    let age = pages.clock.now().timestamp().abs_diff(timestamp);
    if age > AGE_SECS_MAX {
        return refused(StatusCode::UNAUTHORIZED, "the signature is right, but minutes old");
    }
    let Ok(Letter { letter, kind }) = serde_json::from_slice(&body) else {
        return refused(StatusCode::BAD_REQUEST, "the body is no letter");
    };
    if header(&head.headers, "idempotency-key") != Some(letter.as_str()) {
        return refused(StatusCode::BAD_REQUEST, "the Idempotency-Key is not the letter's key");
    }
    Json(json!({ "ok": true, "webhook": name, "letter": letter, "kind": kind })).into_response()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "ok": false, "why": why }))).into_response()
}
