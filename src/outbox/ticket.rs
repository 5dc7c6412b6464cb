//! Links in mails by which a reader says "I take care of it": signed, of one letter, good for a while and once.
//!
//! A link holds the letter's key, the moment at which it ends, and a signature over both (HMAC-SHA-256). It says nothing else, and
//! opening it changes nothing: see `serve::http`. That it was used is known to the alerts of the letter.

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{Letter, LetterKey, LetterKind};

/// A link ends so many days after its letter was written. Retries of a letter end sooner.
const DAYS: i64 = 14;

/// A key must have so many bytes.
pub const KEY_BYTES_MIN: usize = 32;

/// What every signed text begins with, so that the key signs nothing else by mistake.
const PURPOSE: &str = "entrywatch acknowledgement 1";

/// Makes and checks links. The same letter has the same link, however often it is sent.
#[derive(Clone)]
pub struct Tickets {
    key: SecretString,
    /// `https://entrywatch.example.com`, without a slash at its end.
    base: Option<Box<str>>,
}

/// Why a link is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TicketError {
    #[error("the link is not one of ours, or was cut off on its way")]
    Forged,
    #[error("the link ended on {at}", at = at.format("%Y-%m-%d %H:%M UTC"))]
    Expired { at: DateTime<Utc> },
}

impl Tickets {
    /// `None` when the key is too short to sign with. Without a `base` no mail gets a link; links are checked all the same.
    pub fn new(key: SecretString, base: Option<&str>) -> Option<Self> {
        (key.expose_secret().len() >= KEY_BYTES_MIN).then(|| Self { key, base: base.map(Into::into) })
    }

    /// The link of a letter; none for a digest, whose alerts nobody waits for.
    pub fn link(&self, letter: &Letter) -> Option<String> {
        let base = self.base.as_ref()?;
        let wants_answer = !matches!(letter.kind, LetterKind::Digest { .. } | LetterKind::Over);
        wants_answer.then(|| format!("{base}/ack/{}", self.ticket(&letter.key, letter.created_at)))
    }

    /// What stands behind `/ack/`.
    pub fn ticket(&self, letter: &LetterKey, created_at: DateTime<Utc>) -> String {
        let ends = (created_at + TimeDelta::days(DAYS)).timestamp();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.mac(letter, ends).finalize().into_bytes());
        format!("{letter}.{ends}.{signature}")
    }

    /// The letter that a ticket speaks for.
    ///
    /// # Errors
    /// [`TicketError::Forged`] before all else: whoever has no key learns nothing about letters.
    pub fn check(&self, ticket: &str, now: DateTime<Utc>) -> Result<LetterKey, TicketError> {
        let mut parts = ticket.split('.');
        let (Some(letter), Some(ends), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TicketError::Forged);
        };
        let letter = LetterKey::parse(letter).ok_or(TicketError::Forged)?;
        let ends: i64 = ends.parse().map_err(|_| TicketError::Forged)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| TicketError::Forged)?;
        // Compares in constant time.
        self.mac(&letter, ends).verify_slice(&signature).map_err(|_| TicketError::Forged)?;
        match DateTime::from_timestamp(ends, 0) {
            Some(at) if now < at => Ok(letter),
            Some(at) => Err(TicketError::Expired { at }),
            None => Err(TicketError::Forged),
        }
    }

    fn mac(&self, letter: &LetterKey, ends: i64) -> Hmac<Sha256> {
        let key = self.key.expose_secret().as_bytes();
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.chain_update(PURPOSE)
            .chain_update([0])
            .chain_update(letter.as_str())
            .chain_update(ends.to_be_bytes())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("key", &"<secret>").field("base", &self.base).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::AlertKey;

    fn tickets(key: &str) -> Tickets {
        Tickets::new(key.repeat(32).into(), Some("https://ew.example.com")).expect("a long key")
    }

    fn letter() -> LetterKey {
        LetterKey::of("ops@example.com", [&AlertKey::new("hold", "N0170000124", "1")])
    }

    #[test]
    fn a_ticket_is_good_for_its_letter_and_its_time() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let ticket = tickets("k").ticket(&letter(), now);
        assert_eq!(ticket, tickets("k").ticket(&letter(), now), "the same letter, the same link");
        assert_eq!(tickets("k").check(&ticket, now), Ok(letter()));
        assert_eq!(
            tickets("k").check(&ticket, now + TimeDelta::days(14) - TimeDelta::seconds(1)),
            Ok(letter())
        );
        let late = tickets("k").check(&ticket, now + TimeDelta::days(14));
        assert!(matches!(late, Err(TicketError::Expired { .. })));
        assert_eq!(tickets("x").check(&ticket, now), Err(TicketError::Forged), "another key");
    }

    #[test]
    fn whatever_is_changed_is_forged() {
        let now = DateTime::UNIX_EPOCH;
        let ticket = tickets("k").ticket(&letter(), now);
        for (at, byte) in ticket.bytes().enumerate() {
            let mut other = ticket.clone().into_bytes();
            other[at] = if byte == b'1' { b'2' } else { b'1' };
            let other = String::from_utf8(other).expect("ASCII");
            assert_eq!(tickets("k").check(&other, now), Err(TicketError::Forged), "{other}");
        }
        for other in ["", ".", "..", "...", "a.b.c", &ticket[..ticket.len() - 1], &format!("{ticket}.")] {
            assert_eq!(tickets("k").check(other, now), Err(TicketError::Forged), "{other}");
        }
    }

    #[test]
    fn a_short_key_signs_nothing_and_no_key_is_shown() {
        assert!(Tickets::new("short".to_owned().into(), None).is_none());
        assert!(!format!("{:?}", tickets("k")).contains("kkk"));
    }
}
