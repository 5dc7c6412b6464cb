//! The keys of the trees, made so that their order as bytes is the order that the readers want.
//!
//! Letters have three kinds of index keys: `t` next try, key (waiting ones); `u` urgency, creation, key (waiting ones);
//! `l` state, creation (newest first), key.

use std::ops::Bound;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::ident::{EntryNumber, Fingerprint};
use crate::outbox::{AgendaKey, AlertKey, Letter, LetterKey, LetterState, TroubleId};
use crate::place::Severity;
use crate::step::{DigestKey, DueKey, QuarantineKey};

/// The trees. The numbers are part of the keys of `parts`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Entries = 0,
    Bills = 1,
    Loose = 2,
    Inputs = 3,
    Due = 4,
    Alerts = 5,
    Letters = 6,
    LettersBy = 7,
    Digest = 8,
    Quarantine = 9,
    Parts = 10,
    Meta = 11,
    Troubles = 12,
    Courses = 13,
    Agenda = 14,
    Windows = 15,
    Feeds = 16,
    Unread = 17,
}

impl Shelf {
    pub(super) const ALL: [Self; 18] = [
        Self::Entries,
        Self::Bills,
        Self::Loose,
        Self::Inputs,
        Self::Due,
        Self::Alerts,
        Self::Letters,
        Self::LettersBy,
        Self::Digest,
        Self::Quarantine,
        Self::Parts,
        Self::Meta,
        Self::Troubles,
        Self::Courses,
        Self::Agenda,
        Self::Windows,
        Self::Feeds,
        Self::Unread,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Bills => "bills",
            Self::Loose => "loose",
            Self::Inputs => "inputs",
            Self::Feeds => "feeds",
            Self::Due => "due",
            Self::Alerts => "alerts",
            Self::Letters => "letters",
            Self::LettersBy => "letters_by",
            Self::Digest => "digest",
            Self::Quarantine => "quarantine",
            Self::Parts => "parts",
            Self::Meta => "meta",
            Self::Troubles => "troubles",
            Self::Courses => "courses",
            Self::Agenda => "agenda",
            Self::Windows => "windows",
            Self::Unread => "unread",
        }
    }
}

pub(super) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

pub(super) const META_FORMAT: &[u8] = b"format";
pub(super) const META_STATE: &[u8] = b"state";
pub(super) const META_SILENCES: &[u8] = b"silences";

/// All keys above one.
pub(super) fn above(after: Option<&[u8]>) -> Range {
    (after.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec())), Bound::Unbounded)
}

/// All keys from one on.
pub(super) fn from(first: &[u8]) -> Range {
    (Bound::Included(first.to_vec()), Bound::Unbounded)
}

pub(super) fn parse_file(bytes: &[u8]) -> Option<Fingerprint> {
    Some(Fingerprint::from_bytes(bytes.try_into().ok()?))
}

/// All keys that begin so. The prefix must not end in 255.
pub(super) fn prefixed(prefix: &[u8]) -> Range {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    (Bound::Included(prefix.to_vec()), Bound::Excluded(end))
}

/// The key of one part of a split value.
pub(super) fn part(shelf: Shelf, key: &[u8], number: u32) -> Vec<u8> {
    [&[shelf as u8], key, &number.to_be_bytes()].concat()
}

fn day(day: NaiveDate) -> [u8; 4] {
    // The sign bit flipped, so that days before the year 1 come first.
    (day.num_days_from_ce() ^ i32::MIN).to_be_bytes()
}

fn parse_day(bytes: [u8; 4]) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes(bytes) ^ i32::MIN)
}

const INSTANT_BYTES: usize = 12;

pub(super) fn instant(at: DateTime<Utc>) -> [u8; INSTANT_BYTES] {
    let mut bytes = [0; INSTANT_BYTES];
    bytes[..8].copy_from_slice(&(at.timestamp() ^ i64::MIN).to_be_bytes());
    bytes[8..].copy_from_slice(&at.timestamp_subsec_nanos().to_be_bytes());
    bytes
}

pub(super) fn parse_instant(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = bytes.split_first_chunk::<8>()?;
    let nanos = nanos.first_chunk::<4>()?;
    DateTime::from_timestamp(i64::from_be_bytes(*seconds) ^ i64::MIN, u32::from_be_bytes(*nanos))
}

pub(super) fn due(key: &DueKey) -> Vec<u8> {
    [&day(key.day)[..], key.entry.as_bytes(), key.deadline.as_bytes()].concat()
}

pub(super) fn parse_due(bytes: &[u8]) -> Option<DueKey> {
    let (day, rest) = bytes.split_first_chunk::<4>()?;
    let (entry, deadline) = rest.split_first_chunk::<11>()?;
    due_key(*day, entry, deadline)
}

/// All reminders up to and including a day.
pub(super) fn due_until(until: NaiveDate) -> Range {
    let end = until.succ_opt().map_or(Bound::Unbounded, |next| Bound::Excluded(day(next).to_vec()));
    (Bound::Unbounded, end)
}

fn due_key(day: [u8; 4], entry: &[u8; 11], deadline: &[u8]) -> Option<DueKey> {
    let deadline = std::str::from_utf8(deadline).ok()?.into();
    Some(DueKey { day: parse_day(day)?, entry: EntryNumber::parse(entry)?, deadline })
}

pub(super) fn quarantine(key: &QuarantineKey) -> Vec<u8> {
    [&key.file.as_bytes()[..], &key.piece.to_be_bytes()].concat()
}

pub(super) fn parse_quarantine(bytes: &[u8]) -> Option<QuarantineKey> {
    let (file, piece) = bytes.split_first_chunk::<32>()?;
    Some(QuarantineKey {
        file: Fingerprint::from_bytes(*file),
        piece: u32::from_be_bytes(piece.try_into().ok()?),
    })
}

/// The recipient ends in `00 00`; a zero inside it is written `00 01`, which keeps the order of the names.
pub(super) fn digest_of(recipient: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(recipient.len() + 2);
    for &byte in recipient.as_bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(1);
        }
    }
    bytes.extend_from_slice(&[0, 0]);
    bytes
}

/// How the keys begin of what waits for one recipient from one moment.
pub(super) fn digest_moment(key: &DigestKey) -> Vec<u8> {
    [&digest_of(&key.recipient)[..], &instant(key.raised_at)].concat()
}

pub(super) fn digest(key: &DigestKey) -> Vec<u8> {
    [&digest_moment(key)[..], key.alert.as_str().as_bytes()].concat()
}

pub(super) fn parse_digest(bytes: &[u8]) -> Option<DigestKey> {
    let mut recipient = Vec::new();
    let mut rest = bytes;
    loop {
        match rest {
            [0, 0, behind @ ..] => {
                let (raised_at, alert) = behind.split_first_chunk::<INSTANT_BYTES>()?;
                let raised_at = parse_instant(raised_at)?;
                let recipient = String::from_utf8(recipient).ok()?.into_boxed_str();
                let alert = AlertKey::parse(std::str::from_utf8(alert).ok()?);
                return Some(DigestKey { recipient, raised_at, alert });
            }
            [0, 1, after @ ..] => {
                recipient.push(0);
                rest = after;
            }
            [byte, after @ ..] => {
                recipient.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

pub(super) fn agenda(key: &AgendaKey) -> Vec<u8> {
    [&instant(key.at)[..], key.written().as_bytes()].concat()
}

pub(super) fn parse_agenda(bytes: &[u8]) -> Option<AgendaKey> {
    let (at, task) = bytes.split_first_chunk::<INSTANT_BYTES>()?;
    Some(AgendaKey::stored(parse_instant(at)?, std::str::from_utf8(task).ok()?))
}

/// The whole agenda up to and including a moment.
pub(super) fn agenda_until(now: DateTime<Utc>) -> Range {
    let mut end = instant(now).to_vec();
    // Tasks are text, which has no byte 255.
    end.push(u8::MAX);
    (Bound::Unbounded, Bound::Excluded(end))
}

pub(super) const BY_TIME: &[u8] = b"t ";
pub(super) const BY_URGENCY: &[u8] = b"u";

/// The prefix of letters in one state.
pub(super) fn by_state(state: u8) -> [u8; 2] {
    [b'l', state]
}

/// Subject and code, apart by a byte that no UTF-8 text has.
pub(super) fn trouble(id: &TroubleId) -> Vec<u8> {
    [id.subject.as_bytes(), &[u8::MAX], id.code.as_bytes()].concat()
}

pub(super) const WAITING: u8 = 0;
pub(super) const SENT: u8 = 1;
pub(super) const GIVEN_UP: u8 = 2;
pub(super) const WITHDRAWN: u8 = 3;

fn state_of(letter: &Letter) -> u8 {
    match letter.state {
        LetterState::Waiting { .. } => WAITING,
        LetterState::Sent { .. } => SENT,
        LetterState::GivenUp { .. } => GIVEN_UP,
        LetterState::Withdrawn { .. } => WITHDRAWN,
    }
}

fn urgency(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

/// Every index key under which a letter is found.
pub(super) fn letter_index(letter: &Letter) -> Vec<Vec<u8>> {
    let key = letter.key.as_str().as_bytes();
    let created = instant(letter.created_at);
    let newest_first = created.map(|byte| !byte);
    let mut index = vec![[&by_state(state_of(letter))[..], &newest_first, key].concat()];
    if let Some(next_try_at) = letter.next_try_at() {
        index.push([BY_TIME, &instant(next_try_at), key].concat());
        index.push([BY_URGENCY, &[urgency(letter.severity)], &created, key].concat());
    }
    index
}

/// The range of waiting letters whose next try is at `now` or before.
pub(super) fn tried_until(now: DateTime<Utc>) -> Range {
    let mut end = [BY_TIME, &instant(now)].concat();
    // Letter keys are hexadecimal digits, which are below 255.
    end.push(u8::MAX);
    (Bound::Included(BY_TIME.to_vec()), Bound::Excluded(end))
}

/// The instant in a key of [`BY_TIME`].
pub(super) fn next_try(index: &[u8]) -> Option<DateTime<Utc>> {
    parse_instant(index.strip_prefix(BY_TIME)?)
}

/// The letter that an index key of any kind points to: all end in the letter's key.
pub(super) fn letter_of(index: &[u8]) -> Option<LetterKey> {
    const PREFIX_BYTES: usize = 2 + INSTANT_BYTES;
    LetterKey::parse(std::str::from_utf8(index.get(PREFIX_BYTES..)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_values_and_come_back() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let entry = |text: &str| EntryNumber::parse(text).expect("a number");
        let due_keys = [
            ("-0044-03-15", "N0170000124", "A"),
            ("2026-03-01", "N0170000124", "PROTEST"),
            ("2026-03-01", "N0170000124", "PROTEST:2"),
            ("2026-03-01", "N0170000132", "A"),
            ("2026-03-02", "AAA70000132", ""),
        ]
        .map(|(on, number, deadline)| DueKey {
            day: day(on),
            entry: entry(number),
            deadline: deadline.into(),
        });
        assert!(due_keys.is_sorted() && due_keys.iter().map(due).is_sorted());
        for key in due_keys {
            assert_eq!(parse_due(&due(&key)), Some(key));
        }

        let digest_keys = [
            ("a", 1, "z"),
            ("a", 2, "b"),
            ("a", 256, "a"),
            ("a\0", 0, "b"),
            ("a\0\u{1}", 7, ""),
            ("a@b", 7, "\0\0x"),
            ("é", 0, "ü"),
        ]
        .map(|(recipient, seconds, alert)| DigestKey {
            recipient: recipient.into(),
            raised_at: DateTime::from_timestamp(seconds, 0).expect("an instant"),
            alert: AlertKey::parse(alert),
        });
        assert!(digest_keys.is_sorted() && digest_keys.iter().map(digest).is_sorted());
        for key in digest_keys {
            assert_eq!(parse_digest(&digest(&key)), Some(key));
        }

        let instants = ["-0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2026-03-01T00:00:00.000000001Z"]
            .map(|text| text.parse::<DateTime<Utc>>().expect("an instant"));
        assert!(instants.map(instant).is_sorted());
        for at in instants {
            assert_eq!(parse_instant(&instant(at)), Some(at));
        }
        let piece = QuarantineKey { file: Fingerprint::of(b"x"), piece: 300 };
        assert_eq!(parse_quarantine(&quarantine(&piece)), Some(piece));
    }
}
