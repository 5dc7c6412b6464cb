//! A mail: its headers, its two bodies, and the bytes that go over the wire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::AddressError};

use super::text;
use crate::clock::Zone;
use crate::outbox::{Letter, LetterKey, Outcome, Tickets};

/// The text or the HTML of a mail is never larger than this.
pub const MAIL_BYTES_MAX: usize = 4 << 20;

/// The longest subject, in characters.
pub(super) const SUBJECT_CHARS_MAX: usize = 180;

/// The longest value of another header, in characters.
const HEADER_CHARS_MAX: usize = 200;

/// What every mail has in common.
#[derive(Clone, Debug)]
pub struct MailSettings {
    from: Mailbox,
    domain: String,
    zone: Zone,
    zones: BTreeMap<Box<str>, Zone>,
    tickets: Option<Arc<Tickets>>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("`{from}` is not a sender (example: entrywatch <alerts@example.com>)")]
    From { from: String },
    #[error("`{domain}` is not a domain for message ids (example: example.com)")]
    Domain { domain: String },
}

impl MailSettings {
    /// `from` is the sender, with or without a name; `domain` the right side of message ids; `zone`
    /// the one in which instants are shown to recipients of no zone of their own.
    pub fn new(from: &str, domain: &str, zone: Zone) -> Result<Self, SettingsError> {
        let mailbox = from.parse::<Mailbox>().ok().filter(|_| !from.chars().any(char::is_control));
        let from = mailbox.ok_or_else(|| SettingsError::From { from: text::line(from, HEADER_CHARS_MAX) })?;
        if !is_domain(domain) {
            return Err(SettingsError::Domain { domain: text::line(domain, HEADER_CHARS_MAX) });
        }
        Ok(Self { from, domain: domain.to_owned(), zone, zones: BTreeMap::new(), tickets: None })
    }

    /// The same, but these recipients are shown instants, and days, of their own zone.
    #[must_use]
    pub fn with_zones(mut self, zones: BTreeMap<Box<str>, Zone>) -> Self {
        self.zones = zones;
        self
    }

    /// Mails can be answered through these links.
    pub(super) fn set_links(&mut self, tickets: Arc<Tickets>) {
        self.tickets = Some(tickets);
    }

    /// Where a reader says "I take care of it".
    pub(super) fn ack_link(&self, letter: &Letter) -> Option<String> {
        self.tickets.as_ref()?.link(letter)
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub fn zone_of(&self, recipient: &str) -> &Zone {
        self.zones.get(recipient).unwrap_or(&self.zone)
    }
}

/// Letters, digits, hyphens and points: enough for the right side of a message id and for a greeting.
pub(super) fn is_domain(text: &str) -> bool {
    let edge = |text: &str| text.starts_with(['.', '-']) || text.ends_with(['.', '-']);
    !text.is_empty()
        && text.len() <= 253
        && !edge(text)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// What a mail is made of.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub key: &'a LetterKey,
    pub recipient: &'a str,
    /// The id that all mails of the thread refer to.
    pub thread: Option<String>,
    pub date: DateTime<Utc>,
    pub subject: String,
    /// Further headers. Values are cleaned; a name that no header can have is left out.
    pub headers: Vec<(&'static str, String)>,
    pub text: String,
    pub html: String,
}

/// A mail that is ready to leave.
#[derive(Clone, Debug)]
pub struct Mail {
    key: LetterKey,
    date: DateTime<Utc>,
    message_id: String,
    subject: String,
    text: String,
    html: String,
    envelope: Envelope,
    bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("`{recipient}` is not an e-mail address")]
    Recipient {
        recipient: String,
        #[source]
        source: Option<AddressProblem>,
    },
    #[error("the mail has a body of {size_bytes} bytes, more than {MAIL_BYTES_MAX}")]
    TooLarge { size_bytes: usize },
    #[error("the mail could not be put together")]
    Build(#[source] BuildProblem),
}

/// What is wrong with an address.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AddressProblem(AddressError);

/// What is wrong with the parts of a mail.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BuildProblem(lettre::error::Error);

impl ComposeError {
    /// Never: the same letter would fail in the same way.
    pub fn is_transient(&self) -> bool {
        false
    }

    pub fn outcome(&self) -> Outcome {
        Outcome::Rejected { error: self.to_string().into() }
    }
}

impl Mail {
    /// Puts a mail together. The same draft and settings give the same bytes.
    pub fn compose(draft: Draft<'_>, settings: &MailSettings) -> Result<Self, ComposeError> {
        Self::compose_with(draft, None, settings)
    }

    /// The same with a file attached: its name and the calendar in it.
    pub fn compose_with(
        draft: Draft<'_>,
        calendar: Option<(&str, String)>,
        settings: &MailSettings,
    ) -> Result<Self, ComposeError> {
        let size_bytes = draft.text.len().max(draft.html.len());
        if size_bytes > MAIL_BYTES_MAX {
            return Err(ComposeError::TooLarge { size_bytes });
        }
        let to = recipient(draft.recipient)?;
        let message_id = draft.key.message_id(&settings.domain);
        let subject = text::header(&draft.subject, SUBJECT_CHARS_MAX);

        let mut builder = Message::builder()
            .from(settings.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject.as_str())
            .date(mail_date(draft.date))
            .message_id(Some(message_id.clone()));
        if let Some(thread) = draft.thread {
            builder = builder.in_reply_to(thread.clone()).references(thread);
        }
        for (name, value) in draft.headers {
            if let Ok(name) = HeaderName::new_from_ascii(name.to_owned()) {
                builder = builder.raw_header(HeaderValue::new(name, text::header(&value, HEADER_CHARS_MAX)));
            }
        }
        let bodies = MultiPart::alternative()
            .boundary(format!("entrywatch-{}", draft.key))
            .singlepart(part(ContentType::TEXT_PLAIN, &draft.text))
            .singlepart(part(ContentType::TEXT_HTML, &draft.html));
        let content = match calendar {
            Some((name, calendar)) => MultiPart::mixed()
                .boundary(format!("entrywatch-{}-with", draft.key))
                .multipart(bodies)
                .singlepart(Attachment::new(name.to_owned()).body(calendar, calendar_type())),
            None => bodies,
        };
        let message = builder.multipart(content).map_err(|error| ComposeError::Build(BuildProblem(error)))?;
        Ok(Self {
            key: draft.key.clone(),
            date: draft.date,
            message_id,
            subject,
            text: draft.text,
            html: draft.html,
            envelope: message.envelope().clone(),
            bytes: message.formatted(),
        })
    }

    pub fn key(&self) -> &LetterKey {
        &self.key
    }

    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn html(&self) -> &str {
        &self.html
    }

    /// The whole message, headers first, lines ending in CR LF, ASCII only.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

fn calendar_type() -> ContentType {
    ContentType::parse(crate::ical::CONTENT_TYPE).unwrap_or(ContentType::TEXT_PLAIN)
}

fn part(kind: ContentType, body: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(body.to_owned())
}

fn recipient(text: &str) -> Result<Address, ComposeError> {
    let refuse = |source| ComposeError::Recipient { recipient: text::line(text, HEADER_CHARS_MAX), source };
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(refuse(None));
    }
    text.parse::<Address>().map_err(|error| refuse(Some(AddressProblem(error))))
}

/// The instant for the Date header, which knows the years 1970 to 9999 only.
fn mail_date(date: DateTime<Utc>) -> SystemTime {
    const LAST_SECS: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let secs = date.timestamp().clamp(0, LAST_SECS).unsigned_abs();
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::CUSTOMS_ZONE;

    fn zone() -> Zone {
        Zone::named(CUSTOMS_ZONE).expect("the system has the tz database")
    }

    #[test]
    fn settings_are_checked() {
        let ok = |from: &str, domain: &str| MailSettings::new(from, domain, zone());
        assert!(ok("entrywatch <alerts@example.com>", "example.com").is_ok());
        assert!(ok("alerts@example.com", "example.com").is_ok());
        for (from, domain) in [
            ("nobody", "example.com"),
            ("a@example.com\r\nBcc: b@example.com", "example.com"),
            ("a@example.com", "example.com\r\n"),
            ("a@example.com", ""),
            ("a@example.com", "exa mple"),
        ] {
            assert!(ok(from, domain).is_err(), "{from:?} {domain:?}");
        }
    }

    #[test]
    fn bad_recipients_are_refused_for_good() {
        for text in [
            "",
            "nobody",
            "a@b@c",
            "a b@example.com",
            "a@example.com\r\nRCPT TO:<b@example.com>",
            "a@example.com>",
            "<a@example.com>",
            "\"a\r\nb\"@example.com",
        ] {
            let error = recipient(text).expect_err(text);
            assert!(matches!(error.outcome(), Outcome::Rejected { .. }), "{text:?}");
            assert!(!error.to_string().contains(['\r', '\n']));
        }
        assert!(recipient("ops+customs@example.com").is_ok());
    }

    #[test]
    fn dates_out_of_range_do_not_panic() {
        for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            mail_date(date);
            lettre::message::header::Date::new(mail_date(date));
        }
    }
}
