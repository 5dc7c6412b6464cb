//! One journal line: what happened, when, and the hash of the line before.

use std::borrow::Cow;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JournalError, LINE_BYTES_MAX, Result};
use crate::entry::Standing;
use crate::ident::{BrokerName, DropName, EntryNumber, Fingerprint};
use crate::outbox::{AlertKey, AsOf, LetterKey, NewSilence, Outcome, TroubleBrief, TroubleId};
use crate::place::Severity;

/// A file that was taken from a drop. Its bytes are in the archive under `file`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Received {
    pub drop: DropName,
    pub broker: BrokerName,
    /// The name under which it lay in the drop.
    pub name: Arc<str>,
    pub size_bytes: u64,
    /// SHA-256 of the bytes as they were dropped.
    pub file: Fingerprint,
    /// SHA-256 of the bytes as they are kept, when masking changed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Fingerprint>,
    /// It had no trailer and nobody waited any longer.
    #[serde(default)]
    pub incomplete: bool,
    /// Whether alerts about it become letters. False for a backfill.
    pub deliver: bool,
}

/// A clock that counts towards another day under another table of deadlines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Redated {
    pub entry: EntryNumber,
    /// The clock's key.
    pub deadline: Box<str>,
    /// How it stood, as far as that is known; `None` when nobody was to be reminded of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Standing>,
    pub to: Standing,
}

/// What happened to us. Further kinds may come: a reader carries those that it does not know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    Received(Received),
    /// One attempt to deliver a letter ended.
    Letter {
        key: LetterKey,
        /// Which attempt this was, from 1.
        attempt: u32,
        recipient: Box<str>,
        alerts: Vec<AlertKey>,
        outcome: Outcome,
        /// What the mail told of its alerts.
        #[serde(flatten)]
        as_of: AsOf,
    },
    /// A configuration came into force. The three are hashes or names that the configuration gives itself.
    Config {
        version: Box<str>,
        grammar: Box<str>,
        rules: Box<str>,
    },
    /// A fact entered by hand.
    Recorded {
        fact: Value,
        author: Box<str>,
    },
    Acknowledged {
        alert: AlertKey,
        by: Box<str>,
        #[serde(default)]
        note: Box<str>,
        /// From this day on the alert is open again.
        until: NaiveDate,
        /// The letter whose link was used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        letter: Option<LetterKey>,
    },
    /// Somebody wants to hear nothing for a while. The line's number is the silence's.
    Silenced {
        silence: NewSilence,
    },
    /// A silence ended before its time.
    Unsilenced {
        silence: u64,
        by: Box<str>,
    },
    /// Someone asked that an archived file be read again.
    Reprocess {
        file: Fingerprint,
        by: Box<str>,
    },
    /// Someone asked that a letter that was given up be tried again.
    Retry {
        letter: LetterKey,
        by: Box<str>,
    },
    /// The clock was looked at: the reminders of this moment's day were said.
    Reminded,
    /// The clock was looked at: everything on the agenda up to this moment was done.
    Due {
        /// Windows that gather were closed before their time, for nobody stays to close them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        early: bool,
    },
    /// The digests of a team were written.
    Digest {
        team: Box<str>,
        day: NaiveDate,
    },
    /// A person set a date of our own for a clock, or took it back.
    Target {
        entry: EntryNumber,
        /// The clock's key.
        deadline: Box<str>,
        date: Option<NaiveDate>,
        by: Box<str>,
        #[serde(default)]
        reason: Box<str>,
    },
    /// Another table of deadlines came into force, and these reminders moved with it. The table is not in the journal, so
    /// that the moves are.
    Redated {
        /// The version of the table.
        table: Box<str>,
        moves: Vec<Redated>,
    },
    /// Other rules or teams came into force, and these entries followed them: reminders were planned anew, inhibitions asked anew, alerts
    /// of rules that are gone closed.
    Replanned {
        /// The version of the rules.
        rules: Box<str>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entries: Vec<EntryNumber>,
        /// Addresses that no team has any more, for whose digests something waited.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<Box<str>>,
        /// Letters that waited for such an address.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        letters: Vec<LetterKey>,
        /// Alerts of rules that are gone, which no entry follows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alerts: Vec<AlertKey>,
        /// Troubles and silent feeds followed as well.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lasting: bool,
    },
    /// Something went wrong with a drop, a file or ourselves, and people are told.
    Trouble {
        severity: Severity,
        broker: Box<str>,
        trouble: TroubleBrief,
    },
    /// A trouble that was told is over.
    TroubleOver {
        #[serde(flatten)]
        trouble: TroubleId,
    },
    /// A line of a later release. Replay passes over it with a warning.
    #[serde(skip)]
    Unknown(UnknownLine),
}

/// A line whose kind this release does not know, as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct UnknownLine {
    pub what: Box<str>,
    pub line: Value,
}

impl What {
    /// The names of the kinds that this release knows.
    pub const KINDS: [&str; 17] = [
        "received",
        "letter",
        "config",
        "recorded",
        "acknowledged",
        "silenced",
        "unsilenced",
        "reprocess",
        "retry",
        "reminded",
        "due",
        "digest",
        "target",
        "redated",
        "replanned",
        "trouble",
        "trouble_over",
    ];

    pub fn kind(&self) -> &str {
        match self {
            Self::Received(_) => "received",
            Self::Letter { .. } => "letter",
            Self::Config { .. } => "config",
            Self::Recorded { .. } => "recorded",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Silenced { .. } => "silenced",
            Self::Unsilenced { .. } => "unsilenced",
            Self::Reprocess { .. } => "reprocess",
            Self::Retry { .. } => "retry",
            Self::Reminded => "reminded",
            Self::Due { .. } => "due",
            Self::Digest { .. } => "digest",
            Self::Target { .. } => "target",
            Self::Redated { .. } => "redated",
            Self::Replanned { .. } => "replanned",
            Self::Trouble { .. } => "trouble",
            Self::TroubleOver { .. } => "trouble_over",
            Self::Unknown(unknown) => &unknown.what,
        }
    }
}

/// A line of the journal.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: DateTime<Utc>,
    /// The hash of the line before; for the first line of a segment, of the segment's header.
    pub prev: Fingerprint,
    pub what: What,
}

#[derive(Serialize)]
struct Written<'a> {
    seq: u64,
    at: DateTime<Utc>,
    prev: Fingerprint,
    #[serde(flatten)]
    what: &'a What,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

/// A line that carries what its file holds.
#[derive(Deserialize)]
struct Carrying {
    file: Fingerprint,
    /// The archived file, base64.
    content: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    seq: u64,
    at: DateTime<Utc>,
    prev: Fingerprint,
    #[serde(borrow)]
    what: Cow<'a, str>,
}

/// Appends one line with its end to `out` and answers its hash. On an error `out` is as it was.
///
/// `content` is what the archive has of the line's file, when the line carries it.
pub(super) fn write(
    out: &mut Vec<u8>,
    seq: u64,
    at: DateTime<Utc>,
    prev: Fingerprint,
    what: &What,
    content: Option<&[u8]>,
) -> Result<Fingerprint> {
    let start = out.len();
    // Only a kind that is marked `skip` refuses to be written: all other parts are plain data.
    let content = content.map(|bytes| BASE64_STANDARD.encode(bytes));
    if serde_json::to_writer(&mut *out, &Written { seq, at, prev, what, content }).is_err() {
        out.truncate(start);
        return Err(JournalError::UnknownKind);
    }
    out.push(b'\n');
    let size_bytes = out.len() - start;
    if size_bytes > LINE_BYTES_MAX {
        out.truncate(start);
        return Err(JournalError::TooLong { size_bytes });
    }
    Ok(Fingerprint::of(&out[start..]))
}

/// The file that a line carries, as it stands in the archive.
pub(super) fn carried(line: &[u8]) -> Option<(Fingerprint, Vec<u8>)> {
    memchr::memmem::find(line, br#""content":""#)?;
    let Carrying { file, content } = serde_json::from_slice(line).ok()?;
    Some((file, BASE64_STANDARD.decode(content).ok()?))
}

/// The file that a line carries, without taking it out.
pub(super) fn carries(line: &[u8]) -> Option<Fingerprint> {
    #[derive(Deserialize)]
    struct Named {
        file: Fingerprint,
    }
    memchr::memmem::find(line, br#""content":""#)?;
    let Named { file } = serde_json::from_slice(line).ok()?;
    Some(file)
}

/// Reads one line.
pub(super) fn parse(bytes: &[u8]) -> std::result::Result<Line, serde_json::Error> {
    let envelope: Envelope<'_> = serde_json::from_slice(bytes)?;
    let what = if What::KINDS.contains(&&*envelope.what) {
        serde_json::from_slice(bytes)?
    } else {
        What::Unknown(UnknownLine { what: (&*envelope.what).into(), line: serde_json::from_slice(bytes)? })
    };
    Ok(Line { seq: envelope.seq, at: envelope.at, prev: envelope.prev, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(reason: &str) -> NewSilence {
        NewSilence {
            owner: "jo".into(),
            reason: reason.into(),
            until: "2026-03-09".parse().expect("a date"),
            what: crate::outbox::Silenced { rule: Some("held".into()), ..Default::default() },
        }
    }

    fn kinds() -> Vec<What> {
        let file = Fingerprint::of(b"x");
        let alert = AlertKey::new("held", "N0170000124", "96");
        let key = LetterKey::of("ops@importer.example", [&alert]);
        vec![
            What::Received(Received {
                drop: DropName::new("acme"),
                broker: BrokerName::new("Acme"),
                name: "so \"1\".txt".into(),
                size_bytes: 826,
                file,
                kept: Some(Fingerprint::of(b"y")),
                incomplete: false,
                deliver: true,
            }),
            What::Letter {
                key: key.clone(),
                attempt: 1,
                recipient: "ops@importer.example".into(),
                alerts: vec![alert.clone()],
                outcome: Outcome::Refused { error: "451 later".into() },
                as_of: AsOf { ends_until: Some(DateTime::UNIX_EPOCH), answers_until: None },
            },
            What::Config { version: "1".into(), grammar: "2".into(), rules: "3".into() },
            What::Recorded { fact: serde_json::json!({"kind": "form", "form": "28"}), author: "jo".into() },
            What::Acknowledged {
                alert,
                by: "jo".into(),
                note: "seen".into(),
                until: "2026-03-09".parse().expect("a date"),
                letter: Some(key.clone()),
            },
            What::Silenced { silence: silence("known") },
            What::Unsilenced { silence: 7, by: "jo".into() },
            What::Reprocess { file, by: "jo".into() },
            What::Retry { letter: key, by: "jo".into() },
            What::Reminded,
            What::Due { early: true },
            What::Digest { team: "operations".into(), day: "2026-03-01".parse().expect("a date") },
            What::Target {
                entry: EntryNumber::parse("N0170000124").expect("a number"),
                deadline: "PROTEST_DUE@liquidation".into(),
                date: Some("2026-08-03".parse().expect("a date")),
                by: "jo".into(),
                reason: "the file goes to counsel".into(),
            },
            What::Redated {
                table: "5c1f09a2b7d3e864".into(),
                moves: vec![Redated {
                    entry: EntryNumber::parse("N0170000124").expect("a number"),
                    deadline: "ES_DUE".into(),
                    from: Some(Standing::acted_on("2026-03-16".parse().expect("a date"))),
                    to: Standing::gone(),
                }],
            },
            What::Replanned {
                rules: "7d20c4e1b9a35f68".into(),
                entries: vec![EntryNumber::parse("N0170000124").expect("a number")],
                addresses: vec!["gone@importer.example".into()],
                letters: vec![LetterKey::of("gone@importer.example", [])],
                alerts: vec![AlertKey::parse("renamed|N0170000124|x")],
                lasting: true,
            },
            What::Trouble {
                severity: Severity::Critical,
                broker: "".into(),
                trouble: TroubleBrief {
                    subject: "drop acme".into(),
                    code: "list-failed".into(),
                    message: "It cannot be listed.".to_owned(),
                    advice: String::new(),
                    file: None,
                    place: None,
                },
            },
            What::TroubleOver {
                trouble: TroubleId { subject: "drop acme".into(), code: "unreachable".into() },
            },
        ]
    }

    #[test]
    fn every_kind_comes_back_as_it_was_written() {
        let at = "2026-03-01T14:05:00Z".parse().expect("an instant");
        let kinds = kinds();
        assert_eq!(kinds.len(), What::KINDS.len());
        for (what, name) in kinds.into_iter().zip(What::KINDS) {
            let mut out = Vec::new();
            let hash = write(&mut out, 7, at, Fingerprint::ZERO, &what, None).expect("it is written");
            assert_eq!((carried(&out), carries(&out)), (None, None));
            assert_eq!(hash, Fingerprint::of(&out));
            assert!(out.starts_with(br#"{"seq":7,"at":"2026-03-01T14:05:00Z","prev":"0000"#), "{name}");
            assert_eq!(what.kind(), name);
            let line = parse(&out).expect(name);
            assert_eq!(line, Line { seq: 7, at, prev: Fingerprint::ZERO, what });
        }
    }

    #[test]
    fn a_line_may_carry_its_file() {
        let what = kinds().swap_remove(0);
        let mut out = Vec::new();
        let at = DateTime::UNIX_EPOCH;
        write(&mut out, 1, at, Fingerprint::ZERO, &what, Some(b"\0zst\n")).expect("it is written");
        assert_eq!(carried(&out), Some((Fingerprint::of(b"x"), b"\0zst\n".to_vec())));
        assert_eq!(carries(&out), Some(Fingerprint::of(b"x")));
        assert_eq!(parse(&out).expect("a line").what, what);
    }

    #[test]
    fn unknown_kinds_are_carried_and_not_written() {
        let zero = Fingerprint::ZERO;
        let text =
            format!(r#"{{"seq":1,"at":"2026-03-01T14:05:00Z","prev":"{zero}","what":"moon","phase":3}}"#);
        let line = parse(text.as_bytes()).expect("an unknown kind is no fault");
        let What::Unknown(unknown) = &line.what else { panic!("{line:?}") };
        assert_eq!((&*unknown.what, &unknown.line["phase"]), ("moon", &serde_json::json!(3)));
        let mut out = b"before".to_vec();
        assert!(matches!(
            write(&mut out, 2, line.at, zero, &line.what, None),
            Err(JournalError::UnknownKind)
        ));
        assert_eq!(out, b"before");
    }

    #[test]
    fn overlong_lines_are_refused() {
        let what = What::Silenced { silence: silence(&"x".repeat(LINE_BYTES_MAX)) };
        let mut out = Vec::new();
        let at = DateTime::UNIX_EPOCH;
        assert!(matches!(
            write(&mut out, 1, at, Fingerprint::ZERO, &what, None),
            Err(JournalError::TooLong { .. })
        ));
        assert!(out.is_empty());
    }
}
