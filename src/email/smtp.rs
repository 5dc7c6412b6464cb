//! Mail to a server, over one connection that is kept for the whole batch.
//!
//! The exchange of one mail is MAIL, RCPT, DATA, content. What the server says at each step decides:
//!
//! * 2xx to the content: accepted;
//! * 5xx: rejected, a person must act. Not so when it is about signing in (530, 534, 535, 538), which is no fault of the
//!   letter;
//! * 4xx, a lost connection, a limit that ran out, an answer that does not belong there: refused, try again later.
//!
//! After a plain refusal the connection is reset and serves the next mail. After anything odd it is dropped and never
//! used again, for an answer that comes late would be taken for the answer to the next mail.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout};

use super::connect::{ConnectError, Dialer, SetupError, SmtpSettings, words};
use super::{Courier, Mail, text};
use crate::outbox::{BATCH_LIMIT, Outcome};

/// Mailboxes at which one batch may lose the connection before the rest of it waits for the next time.
const LOST_MAX: usize = 3;

/// How long a goodbye may take: nothing depends on it.
const QUIT_LIMIT: Duration = Duration::from_secs(2);

/// The longest answer of a server that is kept, in characters.
const ANSWER_CHARS_MAX: usize = 400;

/// Replies that are about who we are, not about the letter (RFC 4954, section 6).
const SIGN_IN_CODES: [u16; 4] = [530, 534, 535, 538];

/// The server closes the connection (RFC 5321, 4.2.3).
const CLOSING: u16 = 421;

/// Delivers to one mail server.
pub struct SmtpCourier {
    dialer: Dialer,
    /// Only ever a connection on which the last answer was the one that belongs there.
    kept: Option<AsyncSmtpConnection>,
    batch_limit: Duration,
}

/// What a test of the connection found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmtpCheck {
    /// `smtp.example.com:587`
    pub server: String,
    pub is_encrypted: bool,
    pub is_signed_in: bool,
}

/// A step of the exchange of one mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Sender,
    Recipient,
    Data,
    Content,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sender => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::Content => "the message",
        })
    }
}

/// Why one mail was not accepted.
#[derive(Debug)]
enum Fault {
    /// The server answered no. The conversation is in order.
    Reply { stage: Stage, code: u16, answer: String },
    /// The address needs what the server cannot do. Nothing was sent.
    Unsupported,
    /// No answer, or one that does not belong there.
    Broken { stage: Stage, problem: String },
}

impl SmtpCourier {
    /// Checks the settings and reads the certificates; connects to nothing yet.
    pub fn new(settings: SmtpSettings) -> Result<Self, SetupError> {
        Ok(Self { dialer: Dialer::new(settings)?, kept: None, batch_limit: BATCH_LIMIT })
    }

    /// A batch begins no other mail after this.
    pub fn with_batch_limit(self, batch_limit: Duration) -> Self {
        Self { batch_limit, ..self }
    }

    /// Connects, greets, encrypts, signs in and takes leave, without a mail.
    pub async fn check(&self) -> Result<SmtpCheck, ConnectError> {
        let session = self.dialer.connect().await?;
        quit(session).await;
        Ok(SmtpCheck {
            server: self.dialer.server(),
            is_encrypted: self.dialer.settings.security != super::Security::None,
            is_signed_in: self.dialer.settings.user.is_some(),
        })
    }

    /// Tries one mail. On `Err` there is no session to be had, and no other mail would fare better.
    async fn deliver_one(&mut self, mail: &Mail) -> Result<Result<Box<str>, Fault>, ConnectError> {
        // Taken out, not borrowed: a future that is dropped halfway takes the connection with it.
        let (mut session, is_used) = match self.kept.take() {
            Some(session) => (session, true),
            None => (self.connect().await?, false),
        };
        let mut result = self.exchange(&mut session, mail).await;
        // A server may close a connection that has rested, or that has served enough. Nothing of this mail was taken.
        if is_used && matches!(&result, Err(fault) if fault.is_stale()) {
            session = self.connect().await?;
            result = self.exchange(&mut session, mail).await;
        }
        match &result {
            Ok(_) | Err(Fault::Unsupported) => self.kept = Some(session),
            Err(Fault::Reply { code, .. }) if *code != CLOSING => {
                // Between mails the server must forget the envelope of the one it refused.
                let reset = timeout(self.dialer.settings.timeout, session.command(Rset)).await;
                if matches!(reset, Ok(Ok(answer)) if answer.has_code(250)) {
                    self.kept = Some(session);
                }
            }
            Err(_) => drop(session),
        }
        Ok(result)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        self.dialer.connect().await.inspect_err(|error| {
            let server = self.dialer.server();
            if error.is_transient() {
                tracing::warn!(server, error = %chain(error), "Could not open a session with the mail server.");
            } else {
                tracing::error!(server, error = %chain(error), "The mail server does not let us in.");
            }
        })
    }

    async fn exchange(&self, session: &mut AsyncSmtpConnection, mail: &Mail) -> Result<Box<str>, Fault> {
        let envelope = mail.envelope();
        let mut options = Vec::new();
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if !envelope.from().into_iter().chain(envelope.to()).all(is_ascii) {
            if !session.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Fault::Unsupported);
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        let sender = MailFrom::new(envelope.from().cloned(), options);
        self.step(Stage::Sender, session.command(sender)).await?;
        for address in envelope.to() {
            let recipient = Rcpt::new(address.clone(), Vec::new());
            self.step(Stage::Recipient, session.command(recipient)).await?;
        }
        self.step(Stage::Data, session.command(Data)).await?;
        // The library ends the content with a line end of its own.
        let content = mail.bytes().strip_suffix(b"\r\n").unwrap_or(mail.bytes());
        let answer = self.step(Stage::Content, session.message(content)).await?;
        Ok(shown(&answer).into())
    }

    /// Waits for one answer and holds it against the kind that belongs there.
    async fn step(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<Response, smtp::Error>>,
    ) -> Result<Response, Fault> {
        let limit = self.dialer.settings.timeout;
        let broken = |problem: String| Fault::Broken { stage, problem };
        let answer = match timeout(limit, work).await {
            Err(_) => return Err(broken(format!("no answer within {} s", limit.as_secs_f64()))),
            Ok(Err(error)) => {
                return Err(match error.status() {
                    Some(code) => Fault::Reply { stage, code: code.into(), answer: words(&error) },
                    None => broken(words(&error)),
                });
            }
            Ok(Ok(answer)) => answer,
        };
        let code = u16::from(answer.code());
        let belongs = match stage {
            Stage::Data => code == 354,
            Stage::Sender | Stage::Recipient | Stage::Content => (200..300).contains(&code),
        };
        if belongs { Ok(answer) } else { Err(broken(format!("odd answer {}", shown(&answer)))) }
    }
}

#[async_trait]
impl Courier for SmtpCourier {
    async fn deliver(&mut self, mails: &[Mail]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(mails.len());
        let mut lost: Vec<&Address> = Vec::new();
        let started = Instant::now();
        for mail in mails {
            // Where the server breaks off, its own limit ends the batch.
            if lost.is_empty() && started.elapsed() >= self.batch_limit {
                break;
            }
            let mailbox = mail.envelope().to().first();
            if lost.len() == LOST_MAX {
                let error = format!("not tried: the mail server broke off {LOST_MAX} times");
                outcomes.push(Outcome::Refused { error: error.into() });
                continue;
            }
            // One mailbox behind which something hangs must not use up the patience that the others need.
            if mailbox.is_some_and(|mailbox| lost.contains(&mailbox)) {
                let error = "not tried: the mail server broke off at a letter to the same mailbox";
                outcomes.push(Outcome::Refused { error: error.into() });
                continue;
            }
            match self.deliver_one(mail).await {
                Ok(Ok(response)) => outcomes.push(Outcome::Accepted { response }),
                Ok(Err(fault)) => {
                    if matches!(fault, Fault::Broken { .. }) {
                        lost.extend(mailbox);
                    }
                    fault.log(&self.dialer.server(), mail);
                    outcomes.push(fault.outcome());
                }
                Err(error) => {
                    let refused = Outcome::Refused { error: chain(&error).into() };
                    outcomes.resize(mails.len(), refused);
                    return outcomes;
                }
            }
        }
        outcomes
    }

    async fn close(&mut self) {
        if let Some(session) = self.kept.take() {
            quit(session).await;
        }
    }
}

impl Fault {
    /// True when the connection was gone before the mail began.
    fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::Broken { stage: Stage::Sender, .. }
                | Self::Reply { stage: Stage::Sender, code: CLOSING, .. }
        )
    }

    fn outcome(&self) -> Outcome {
        let error = self.to_string().into();
        match self {
            Self::Reply { code, .. } if *code >= 500 && !SIGN_IN_CODES.contains(code) => {
                Outcome::Rejected { error }
            }
            Self::Unsupported => Outcome::Rejected { error },
            Self::Broken { stage: Stage::Content, .. } => Outcome::Unanswered { error },
            Self::Reply { .. } | Self::Broken { .. } => Outcome::Refused { error },
        }
    }

    fn log(&self, server: &str, mail: &Mail) {
        let letter = mail.key();
        let must_act = match self {
            Self::Reply { code, .. } => SIGN_IN_CODES.contains(code) || *code >= 500,
            Self::Unsupported => true,
            Self::Broken { .. } => false,
        };
        if must_act {
            tracing::error!(server, %letter, error = %self, "The mail server rejects a letter.");
        } else {
            tracing::warn!(server, %letter, error = %self, "A letter was not accepted and will be tried again.");
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply { stage, code, answer } if SIGN_IN_CODES.contains(code) => {
                write!(f, "the mail server wants a valid user and password ({stage}): {answer}")
            }
            Self::Reply { stage, answer, .. } => write!(f, "the mail server answered {stage} with {answer}"),
            Self::Unsupported => f.write_str(
                "the address has letters beyond ASCII, and the mail server does not take such (SMTPUTF8)",
            ),
            Self::Broken { stage: Stage::Content, problem } => write!(
                f,
                "the answer to the message was lost ({problem}); it may have been delivered, and is sent again with \
                 the same Message-ID"
            ),
            Self::Broken { stage, problem } => write!(f, "the mail server broke off at {stage}: {problem}"),
        }
    }
}

async fn quit(mut session: AsyncSmtpConnection) {
    if timeout(QUIT_LIMIT, session.quit()).await.is_err() {
        tracing::debug!("The mail server did not answer our goodbye.");
    }
}

fn shown(answer: &Response) -> String {
    let words: Vec<&str> = answer.message().collect();
    text::line(&format!("{} {}", answer.code(), words.join(" ")), ANSWER_CHARS_MAX)
}

/// An error with its causes, on one line of bounded length.
fn chain(error: &dyn std::error::Error) -> String {
    text::line(&crate::words::chain(error), ANSWER_CHARS_MAX * 2)
}
