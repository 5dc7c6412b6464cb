//! Letters become mail: rendered as text and HTML, then handed to a mail server or written as files.
//!
//! [`Renderer`] turns a [`Letter`](crate::outbox::Letter) and its alerts into a [`Mail`]; a [`Courier`] delivers mails
//! and says what became of each. A mail is a pure function of the letter, its alerts and the settings: rendered again
//! after a crash it has the same bytes and the same Message-ID, so that a mailbox can drop the second copy.
//!
//! Nothing that comes from a message becomes HTML or a header: see [`text`] for how it is cleaned and `render.rs` for
//! the escaping.

mod attached;
mod beside;
mod connect;
mod digest;
mod eml;
mod mail;
mod many;
mod occasion;
mod render;
mod sample;
mod shown;
mod smtp;
mod subject;
pub mod text;
mod today;
mod view;
mod when;

#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use connect::{ConnectError, Security, SetupError, SmtpSettings};
pub use eml::EmlCourier;
pub use mail::{ComposeError, Draft, MAIL_BYTES_MAX, Mail, MailSettings, SettingsError};
pub use render::{RenderError, Renderer, TEMPLATES, TemplateError};
pub use sample::{SampleSubject, letters_of_rule};
pub use smtp::{SmtpCheck, SmtpCourier};

use crate::outbox::Outcome;

/// Takes mails to where people read them.
///
/// Delivery is at least once: [`Outcome::Refused`] may be said of a mail that arrived all the same, when the answer was
/// lost. Dropping the future of [`Courier::deliver`] is safe; what was under way counts as not delivered.
#[async_trait]
pub trait Courier: Send {
    /// Tries each mail once, in order. The answer has one outcome for each mail that was tried; a batch that takes too long ends
    /// before its last.
    async fn deliver(&mut self, mails: &[Mail]) -> Vec<Outcome>;

    /// Ends what is kept open between batches. The next batch opens it again.
    async fn close(&mut self) {}
}
