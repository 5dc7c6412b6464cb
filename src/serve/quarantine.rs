//! What could not be read, and why.

use std::io::{self, BufRead, BufReader, Read};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::mask::masked;
use super::page::{Page, rows_wanted};
use super::{ApiError, Backend};
use crate::ident::{BrokerName, DropName, Fingerprint};
use crate::pipeline::advice;
use crate::place::Finding;
use crate::step::{InputRecord, QuarantineKey, Quarantined};
use crate::store::{Store, StoreError};

/// Digits of a fingerprint that a person has to give at least.
const PREFIX_MIN: usize = 6;

/// Pieces of one file that are shown.
const PIECES_MAX: usize = 100;

/// Bytes of the line that are shown beside a finding.
const EXCERPT_BYTES: u64 = 160;

/// How far into a file one looks for the line, in bytes.
const LOOKED_INTO_BYTES: u64 = 256 << 20;

/// A piece that could not be read.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct QuarantineRow {
    pub file: Fingerprint,
    /// Number of the piece in its file, from 0.
    pub piece: u32,
    pub name: String,
    pub drop: DropName,
    pub broker: BrokerName,
    pub received_at: DateTime<Utc>,
    pub stage: String,
    pub finding: Finding,
    /// What to do next.
    pub advice: String,
    /// What stands at that place, printable; only when one file is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

/// A file with its pieces.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct QuarantinedFile {
    pub file: Fingerprint,
    pub name: String,
    pub size_bytes: Option<u64>,
    pub messages: Option<u64>,
    pub notices: Option<u64>,
    /// At most a hundred.
    pub pieces: Vec<QuarantineRow>,
    /// The file is not in quarantine: it was taken, and the pieces are what was noticed in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_taken: bool,
}

pub(super) fn list(
    store: &dyn Store,
    after: Option<QuarantineKey>,
    limit: Option<usize>,
) -> Result<Page<QuarantineRow, QuarantineKey>, StoreError> {
    let wanted = rows_wanted(limit);
    let pieces = store.quarantined(after.as_ref(), wanted)?;
    let next = pieces.last().filter(|_| pieces.len() == wanted).map(|(key, _)| key.clone());
    Ok(Page { rows: pieces.into_iter().map(row).collect(), next })
}

fn row((key, piece): (QuarantineKey, Quarantined)) -> QuarantineRow {
    QuarantineRow {
        file: key.file,
        piece: key.piece,
        name: piece.name.to_string(),
        drop: piece.drop,
        broker: piece.broker,
        received_at: piece.received_at,
        stage: piece.stage.into(),
        finding: piece.finding,
        advice: piece.advice.into(),
        excerpt: None,
    }
}

/// A file that was received.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReceivedFile {
    pub file: Fingerprint,
    pub name: String,
    pub broker: BrokerName,
    pub received_at: DateTime<Utc>,
}

pub(super) fn received(store: &dyn Store, wanted: &str) -> Result<ReceivedFile, ApiError> {
    let (file, input) = input_of(store, &wanted.trim().to_ascii_lowercase())?;
    let (name, broker, received_at) = (input.name.to_string(), input.broker, input.received_at);
    Ok(ReceivedFile { file, name, broker, received_at })
}

/// The one file that was received whose fingerprint begins so.
fn input_of(store: &dyn Store, wanted: &str) -> Result<(Fingerprint, InputRecord), ApiError> {
    let (from, until) = range_of(wanted)?;
    let files = store.files(from, 2)?;
    let mut files = files.into_iter().filter(|file| *file <= until);
    let Some(file) = files.next() else {
        return Err(ApiError::NotFound(format!("no file that was received begins with `{wanted}`")));
    };
    if files.next().is_some() {
        return Err(ApiError::BadRequest(format!("several files begin with `{wanted}`; give more digits")));
    }
    match store.input(file)? {
        Some(input) => Ok((file, input)),
        None => Err(ApiError::NotFound(format!("no file that was received begins with `{wanted}`"))),
    }
}

pub(super) fn show(backend: &dyn Backend, wanted: &str) -> Result<QuarantinedFile, ApiError> {
    let store = backend.store();
    let wanted = wanted.trim().to_ascii_lowercase();
    let (from, until) = range_of(&wanted)?;
    let after = before(from).map(|file| QuarantineKey { file, piece: u32::MAX });
    let mut pieces = store.quarantined(after.as_ref(), PIECES_MAX)?;
    pieces.retain(|(key, _)| key.file <= until);
    let Some((first, _)) = pieces.first() else { return show_received(backend, &wanted) };
    let file = first.file;
    if pieces.iter().any(|(key, _)| key.file != file) {
        return Err(ApiError::BadRequest(format!("several files begin with `{wanted}`; give more digits")));
    }
    let name = pieces.first().map(|(_, piece)| piece.name.to_string()).unwrap_or_default();
    let input = store.input(file)?;
    Ok(QuarantinedFile {
        file,
        name,
        size_bytes: input.as_ref().map(|input| input.size_bytes),
        messages: input.as_ref().map(|input| input.messages),
        notices: input.as_ref().map(|input| input.notices),
        pieces: with_excerpts(backend, file, pieces.into_iter().map(row).collect()),
        is_taken: false,
    })
}

/// A file that is not in quarantine, with what was noticed while it was read.
fn show_received(backend: &dyn Backend, wanted: &str) -> Result<QuarantinedFile, ApiError> {
    let (file, input) = input_of(backend.store(), wanted)?;
    let piece = |(index, finding): (usize, Finding)| QuarantineRow {
        file,
        piece: index as u32,
        name: input.name.to_string(),
        drop: input.drop.clone(),
        broker: input.broker.clone(),
        received_at: input.received_at,
        stage: "read".to_owned(),
        advice: advice(&finding.code).to_owned(),
        finding,
        excerpt: None,
    };
    let pieces = input.findings.iter().cloned().enumerate().map(piece).collect();
    Ok(QuarantinedFile {
        file,
        name: input.name.to_string(),
        size_bytes: Some(input.size_bytes),
        messages: Some(input.messages),
        notices: Some(input.notices),
        pieces: with_excerpts(backend, file, pieces),
        is_taken: true,
    })
}

/// A file that the archive has lost is still shown, without its lines: the audit says what is wrong.
fn with_excerpts(
    backend: &dyn Backend,
    file: Fingerprint,
    mut pieces: Vec<QuarantineRow>,
) -> Vec<QuarantineRow> {
    if let Ok(content) = backend.content(file) {
        let _ = add_excerpts(content, &mut pieces);
    }
    pieces
}

/// The first and the last fingerprint that begin with these digits.
fn range_of(digits: &str) -> Result<(Fingerprint, Fingerprint), ApiError> {
    let padded = |with: char| {
        let mut text = digits.to_owned();
        text.extend(std::iter::repeat_n(with, 64usize.saturating_sub(digits.len())));
        Fingerprint::parse(&text)
    };
    match (padded('0'), padded('f')) {
        (Some(from), Some(until)) if digits.len() >= PREFIX_MIN => Ok((from, until)),
        _ => Err(ApiError::BadRequest(format!(
            "a file is named by its fingerprint: {PREFIX_MIN} to 64 hexadecimal digits, as `quarantine list` shows them"
        ))),
    }
}

/// The fingerprint before this one; `None` for the first.
fn before(file: Fingerprint) -> Option<Fingerprint> {
    let mut bytes = *file.as_bytes();
    for byte in bytes.iter_mut().rev() {
        let (less, borrowed) = byte.overflowing_sub(1);
        *byte = less;
        if !borrowed {
            return Some(Fingerprint::from_bytes(bytes));
        }
    }
    None
}

/// Reads the file once and takes the line at each piece's place.
fn add_excerpts(content: Box<dyn Read + Send>, pieces: &mut [QuarantineRow]) -> io::Result<()> {
    let mut order: Vec<&mut QuarantineRow> = pieces.iter_mut().collect();
    order.sort_by_key(|piece| piece.finding.place.offset);
    let mut reader = BufReader::new(content.take(LOOKED_INTO_BYTES));
    let mut at = 0;
    let mut last: Option<(u64, String)> = None;
    for piece in order {
        let offset = piece.finding.place.offset;
        if let Some((known, line)) = &last
            && (*known == offset || offset < at)
        {
            piece.excerpt = Some(line.clone());
            continue;
        }
        at += io::copy(&mut (&mut reader).take(offset - at), &mut io::sink())?;
        if at < offset {
            return Ok(());
        }
        let mut line = Vec::new();
        at += (&mut reader).take(EXCERPT_BYTES).read_until(b'\n', &mut line)? as u64;
        let line = printable(&line);
        piece.excerpt = Some(line.clone());
        last = Some((offset, line));
    }
    Ok(())
}

fn printable(line: &[u8]) -> String {
    let text: String = line
        .trim_ascii_end()
        .iter()
        .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '?' })
        .collect();
    masked(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_found_by_their_first_digits() {
        for digits in ["", "abc", "xyzxyz", "abcdefg"] {
            assert!(range_of(digits).is_err(), "{digits}");
        }
        let (from, until) = range_of("00ff12").expect("a good prefix");
        assert!(from.to_string().starts_with("00ff120000"));
        assert!(until.to_string().starts_with("00ff12ffff"));
        let full = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(range_of(full).map(|(from, until)| from == until).ok(), Some(true));
        assert!(range_of(&format!("{full}0")).is_err());
    }

    #[test]
    fn the_fingerprint_before_borrows() {
        let of = |text: &str| Fingerprint::parse(&format!("{text:0<64}")).expect("hexadecimal");
        assert_eq!(before(Fingerprint::ZERO), None);
        let less = before(of("01")).map(|file| file.to_string()).unwrap_or_default();
        assert!(less.starts_with("00ffff") && less.ends_with("ff"), "{less}");
    }
}
