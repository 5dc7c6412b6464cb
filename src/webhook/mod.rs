//! Letters to a program: each is one signed HTTP POST, with the same guarantees as a mail.
//!
//! ```text
//! POST /hooks/customs HTTP/1.1
//! Content-Type: application/json
//! Idempotency-Key: 68652643c7bb24091a3c0f6b945e9111
//! X-Entrywatch-Timestamp: 1772461205
//! X-Entrywatch-Signature: v1=<HMAC-SHA256 of `1772461205.` and the body, in hexadecimal>
//! ```
//!
//! The key is the letter's: it is the same however often the letter is sent, so a receiver that keeps the keys it has
//! seen gets each letter once. What the server answers decides as with mail: 2xx is accepted; a refusal that no time heals
//! (most of 4xx) is for good; everything else, a lost answer included, is tried again later. Behind a gateway that answers 5xx the
//! receiver may have the letter, so that it is sent again as it was.

mod connect;
mod url;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::{Instant, timeout, timeout_at};

pub use connect::SetupError;
use connect::{ConnectError, Dialer, Stream};
pub use url::HookUrl;

use crate::ident::hex;
use crate::outbox::{Alert, AlertKey, BATCH_LIMIT, Letter, LetterKey, LetterKind, Outcome};
use crate::place::Severity;

/// What a recipient of letters begins with when it is a webhook: `webhook:pager`.
pub const PREFIX: &str = "webhook:";

/// An answer is read so far; nothing but its beginning is kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Characters of an answer that are kept.
const ANSWER_CHARS_MAX: usize = 200;

/// Connections that one batch may lose before the rest of it waits for the next time.
const LOST_MAX: u32 = 3;

/// A webhook, checked.
#[derive(Clone, Debug)]
pub struct HookSettings {
    pub name: Box<str>,
    pub url: HookUrl,
    pub secret: SecretString,
    /// PEM file of the authorities to trust in place of the system's.
    pub ca_file: Option<std::path::PathBuf>,
    /// The limit of one whole exchange.
    pub timeout: Duration,
}

impl HookSettings {
    /// The recipient under which letters to it are written.
    pub fn recipient(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

/// A letter as a receiver gets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hook {
    key: LetterKey,
    body: Bytes,
}

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    letter: &'a LetterKey,
    kind: &'static str,
    severity: Severity,
    entry: Option<String>,
    written_at: DateTime<Utc>,
    subject: &'a str,
    /// The text of the mail that a person would get.
    text: &'a str,
    alerts: Vec<BodyAlert<'a>>,
}

#[derive(Serialize)]
struct BodyAlert<'a> {
    key: &'a str,
    rule: &'a str,
    title: &'a str,
    severity: Severity,
    raised_at: DateTime<Utc>,
    /// Its cause was gone before the letter could leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    over_at: Option<DateTime<Utc>>,
    /// Somebody took care of it before the letter could leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_until: Option<NaiveDate>,
    /// In a summary, what is said again: `reminder 2`, `escalation 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    said_as: Option<String>,
    entry: Option<String>,
    status: Option<&'a str>,
    broker: Option<&'a str>,
}

impl Hook {
    /// `subject` and `text` are those of the mail with the same alerts.
    pub fn of(letter: &Letter, alerts: &[Alert], subject: &str, text: &str) -> Self {
        let told = alerts.iter().map(|alert| BodyAlert {
            key: alert.key.as_str(),
            rule: &alert.rule,
            title: &alert.title,
            severity: alert.severity,
            raised_at: alert.raised_at,
            over_at: alert.over_at,
            acknowledged_by: alert.as_told.answer.as_ref().map(|answer| &*answer.by),
            acknowledged_until: alert.as_told.answer.as_ref().map(|answer| answer.until),
            said_as: alert.as_told.mark.map(|mark| mark.to_string()),
            entry: alert.entry.as_ref().map(|entry| entry.number.to_string()),
            status: alert.entry.as_ref().map(|entry| &*entry.status),
            broker: alert.broker().map(|broker| broker.as_str()),
        });
        let body = Body {
            version: 1,
            letter: &letter.key,
            kind: match letter.kind {
                LetterKind::Alert => "alert",
                LetterKind::Digest { .. } => "digest",
                LetterKind::Bundle { .. } => "bundle",
                LetterKind::Reminder { .. } => "reminder",
                LetterKind::Escalation { .. } => "escalation",
                LetterKind::Over => "over",
            },
            severity: letter.loudness(alerts),
            entry: letter.entry.map(|entry| entry.to_string()),
            written_at: letter.created_at,
            subject,
            text,
            alerts: told.collect(),
        };
        Self::new(letter.key.clone(), &body)
    }

    /// What somebody sends to see whether a receiver takes letters. It is about no entry and asks nothing of anybody.
    pub fn sample(recipient: &str, now: DateTime<Utc>) -> Self {
        let key = LetterKey::of(recipient, &[AlertKey::new("webhook-test", recipient, &now.to_rfc3339())]);
        let body = Body {
            version: 1,
            letter: &key,
            kind: "test",
            severity: Severity::Info,
            entry: None,
            written_at: now,
            subject: "[TEST] A letter of entrywatch that asks nothing of anybody",
            text: "Somebody tries whether letters arrive here. There is nothing to do.\n",
            alerts: Vec::new(),
        };
        Self::new(key.clone(), &body)
    }

    fn new(key: LetterKey, body: &Body<'_>) -> Self {
        // Texts, numbers and lists only: nothing in it can fail to be written.
        Self { key, body: serde_json::to_vec(body).unwrap_or_default().into() }
    }
}

/// The header with the second of Unix time at which a request was signed.
pub const TIMESTAMP_HEADER: &str = "x-entrywatch-timestamp";

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-entrywatch-signature";

/// What a signature begins with: the way in which it is made.
const VERSION: &str = "v1=";

/// The signature of a body, sent at a second of Unix time.
pub fn signature(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    format!("{VERSION}{}", hex(&mac(secret, timestamp, body).finalize().into_bytes()))
}

/// Whether a signature is the one that this secret makes; takes as long for a wrong one as for the right one.
pub fn is_signed(secret: &SecretString, timestamp: i64, body: &[u8], signature: &str) -> bool {
    let digits = signature.strip_prefix(VERSION).filter(|digits| digits.is_ascii()).unwrap_or_default();
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    bytes.is_some_and(|bytes| mac(secret, timestamp, body).verify_slice(&bytes).is_ok())
}

fn mac(secret: &SecretString, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// Delivers to one webhook.
pub struct HookCourier {
    settings: HookSettings,
    dialer: Dialer,
}

/// Why one letter was not accepted.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(
        "the answer to the letter was lost ({problem}); it may have been taken, and is sent again with the same key"
    )]
    Broken { problem: String },
    #[error("no connection to the webhook within {} s", limit.as_secs_f64())]
    Unreached { limit: Duration },
    #[error("the webhook did not answer within {} s", limit.as_secs_f64())]
    TimedOut { limit: Duration },
    #[error("the webhook answered {status}{}", if words.is_empty() { String::new() } else { format!(": {words}") })]
    Answered { status: u16, words: String },
}

impl HookCourier {
    /// Reads the certificates; connects to nothing yet.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new(settings: HookSettings) -> Result<Self, SetupError> {
        let dialer = Dialer::new(&settings)?;
        Ok(Self { settings, dialer })
    }

    pub fn settings(&self) -> &HookSettings {
        &self.settings
    }

    /// Connects, agrees on TLS, and sends nothing.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn reach(&self) -> Result<String, String> {
        let limit = self.settings.timeout;
        match timeout(limit, self.dialer.connect()).await {
            Ok(Ok(_)) => Ok(self.settings.url.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(Fault::Unreached { limit }.to_string()),
        }
    }

    /// Tries each letter once, in order. The answer has one outcome for each that was tried: after [`BATCH_LIMIT`] no other is begun.
    /// `now` is the time at the start, by which the signatures are dated.
    pub async fn deliver(&mut self, hooks: &[Hook], now: DateTime<Utc>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(hooks.len());
        let mut lost = 0;
        let started = Instant::now();
        for hook in hooks {
            let waited = started.elapsed();
            if lost == 0 && waited >= BATCH_LIMIT {
                break;
            }
            // A receiver refuses a signature that is minutes old.
            let signed_at = now + waited;
            if lost == LOST_MAX {
                let error = format!("not tried: the webhook did not answer {LOST_MAX} times");
                outcomes.push(Outcome::Refused { error: error.into() });
                continue;
            }
            let outcome = match self.exchange(hook, signed_at.timestamp()).await {
                Ok(status) => Outcome::Accepted { response: format!("{status}").into() },
                Err(fault) => {
                    lost += u32::from(!matches!(fault, Fault::Answered { .. }));
                    fault.outcome()
                }
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    /// One exchange within the limit. While there is no connection, nothing has been sent.
    async fn exchange(&self, hook: &Hook, timestamp: i64) -> Result<u16, Fault> {
        let limit = self.settings.timeout;
        let until = Instant::now() + limit;
        let stream = timeout_at(until, self.dialer.connect()).await;
        let stream = stream.map_err(|_| Fault::Unreached { limit })??;
        timeout_at(until, self.post(stream, hook, timestamp)).await.unwrap_or(Err(Fault::TimedOut { limit }))
    }

    /// One request on a connection of its own.
    async fn post(&self, stream: Box<dyn Stream>, hook: &Hook, timestamp: i64) -> Result<u16, Fault> {
        let broken = |error: hyper::Error| Fault::Broken { problem: error.to_string() };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Its errors come back through the sender as well.
        let connection = tokio::spawn(connection);
        let request = hyper::Request::post(self.settings.url.target())
            .header(header::HOST, self.settings.url.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("entrywatch/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .header("idempotency-key", hook.key.as_str())
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature(&self.settings.secret, timestamp, &hook.body))
            .body(Full::new(hook.body.clone()))
            .map_err(|error| Fault::Broken { problem: error.to_string() })?;
        let answered = sender.send_request(request).await.map_err(broken);
        let answered = match answered {
            Ok(answer) => answer,
            Err(fault) => {
                connection.abort();
                return Err(fault);
            }
        };
        let status = answered.status();
        if status.is_success() {
            connection.abort();
            return Ok(status.as_u16());
        }
        let body = Limited::new(answered.into_body(), ANSWER_BYTES_MAX).collect().await;
        connection.abort();
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Err(Fault::Answered { status: status.as_u16(), words: words(&body) })
    }
}

impl Fault {
    /// Who we are (401, 403, 407), a wrong path while the receiver is being set up (404) and haste (408, 425, 429) may pass, and so may what
    /// is the server's own (5xx), but that is often said by a gateway when the receiver behind it has the letter; the rest of 4xx and a
    /// redirect do not pass.
    fn outcome(&self) -> Outcome {
        let error = self.to_string().into();
        match self {
            Self::Answered { status: 401 | 403 | 404 | 407 | 408 | 425 | 429, .. } => {
                Outcome::Refused { error }
            }
            Self::Answered { status: 300..=499, .. } => Outcome::Rejected { error },
            Self::Connect(_) | Self::Unreached { .. } => Outcome::Refused { error },
            Self::Answered { .. } | Self::Broken { .. } | Self::TimedOut { .. } => {
                Outcome::Unanswered { error }
            }
        }
    }
}

/// The beginning of an answer on one line of printable text.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(ANSWER_CHARS_MAX * 4)]).into_owned();
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().chars().take(ANSWER_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_time_and_body() {
        // echo -n '1772461205.{"a":1}' | openssl dgst -sha256 -hmac secret
        let secret = SecretString::from("secret");
        let sign = |at, body: &str| signature(&secret, at, body.as_bytes());
        assert_eq!(
            sign(1_772_461_205, "{\"a\":1}"),
            "v1=1decab29d11d042862ea34ee8493364f8e05e94616dd49589e86af019646cd68"
        );
        let right = sign(1_772_461_205, "{\"a\":1}");
        assert_ne!(sign(1_772_461_206, "{\"a\":1}"), right);
        let fits = |at, signature: &str| is_signed(&secret, at, b"{\"a\":1}", signature);
        assert!(fits(1_772_461_205, &right) && !fits(1_772_461_206, &right));
        for wrong in ["", "v1=", "v1=1", "v1=zz", "v1=é", &right[3..], &right[..right.len() - 2], "v2=00"] {
            assert!(!fits(1_772_461_205, wrong), "{wrong}");
        }
    }

    #[test]
    fn answers_are_told_apart() {
        for (status, is_final) in [
            (301, true),
            (400, true),
            (401, false),
            (404, false),
            (410, true),
            (422, true),
            (429, false),
            (500, false),
            (503, false),
            (504, false),
        ] {
            let outcome = Fault::Answered { status, words: String::new() }.outcome();
            assert_eq!(matches!(outcome, Outcome::Rejected { .. }), is_final, "{status}");
            assert_eq!(matches!(outcome, Outcome::Unanswered { .. }), status >= 500, "{status}");
        }
        assert_eq!(words(b" no\r\nsuch\x1b[2J thing "), "no  such [2J thing");
    }
}
