//! Which application a record belongs to when its envelope was taken off, and what a control record looks like.

use crate::grammar::abi::{BATCH_REJECTED, RECORD_WIDTH};

/// What one record says about its application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guess {
    Application(&'static str),
    /// The record behind it must be seen first; see [`with_next`].
    NeedsNext,
    None,
}

/// True when a file that starts like this starts with ABI records.
pub fn begins_messages(bytes: &[u8]) -> bool {
    let end = bytes.iter().take(RECORD_WIDTH).position(|byte| matches!(byte, b'\r' | b'\n'));
    let bytes = &bytes[..end.unwrap_or(RECORD_WIDTH.min(bytes.len()))];
    is_batch_start(bytes) || is_block_start(bytes) || application(bytes) != Guess::None
}

/// Tells the application by the first record of a transaction. `SE` filings and `SX` answers begin alike: the guess is
/// `SX`, and a transaction without an `SE90` turns out to be `SE`.
pub fn application(record: &[u8]) -> Guess {
    let known = |id| Guess::Application(id);
    match record {
        [b'S', b'O', b'1'..=b'7', b'0'..=b'9', ..] => known("SO"),
        [b'S', b'E', b'1'..=b'9', b'0'..=b'9', ..] => known("SX"),
        [b'E', b'0', b' ', ..] => known("AX"),
        [b'E', b'1', ..] => known("UC"),
        [b'1', b'0', ..] => Guess::NeedsNext,
        [b'0', b'5', ..] => known("NS"),
        [b'4', b'A', b'0'..=b'9', ..] => known("ER"),
        [b'J', b'A'..=b'N' | b'Z', ..] => known("ER"),
        [b'J', b'0'..=b'2', ..] => known("EQ"),
        [b'N', b'1'..=b'4', rest @ ..] if has_digits(rest, 0..4) => known("NR"),
        [b'Q', b'1', rest @ ..] => known(if is_daily_statement(rest) { "PF" } else { "MS" }),
        [b'W', b'O', b'1'..=b'7', b'0'..=b'9', ..] => known("C1"),
        [b'W', b'R', b'1', rest @ ..] if is_blank(rest, 0..4) => known("CQ"),
        [b'W', b'R', b'0'..=b'5', ..] => known("C1"),
        [b'W', b'S', b'A'..=b'D' | b'4' | b'5', ..] => known("C1"),
        [b'W', b'N', b'0' | b'1', ..] => known("C1"),
        [b'X', b'1', rest @ ..] if has_digits(rest, 0..4) => known("TS"),
        [b'X', b'1', b' ' | b'R', b'F', ..] => known(BATCH_REJECTED),
        [b'X', b'0', b' ', b'B' | b'T', ..] => known(BATCH_REJECTED),
        [b'X', b'A', rest @ ..] if has_digits(rest, 0..1) => known("TE"),
        [b'C', b'W', b'0', b'1' | b'2', ..] => known("CW"),
        [b'C', b'W', b'0', b'3', ..] => known("CO"),
        [b'C', b'J', b'1', ..] => known("CJ"),
        [b'C', b'J', b'2', ..] => known("CL"),
        [b'E', b'A' | b'B' | b'Y' | b'Z', ..] => Guess::None,
        _ => Guess::None,
    }
}

/// The same for a record `10`, which opens a line of NS or a summary of AE, once the record behind it is known.
pub fn with_next(next: Option<&[u8]>) -> &'static str {
    match next {
        Some([b'3', b'0', ..]) => "NS",
        _ => "AE",
    }
}

/// PF has a port and a filer behind the record id, then two blanks; MS a statement number of ten.
fn is_daily_statement(rest: &[u8]) -> bool {
    has_digits(rest, 0..4) && is_blank(rest, 7..9) && !is_blank(rest, 4..7)
}

/// True for bytes that may begin a record.
pub fn is_record_head(bytes: &[u8]) -> bool {
    is_block_start(bytes)
        || is_batch_start(bytes)
        || is_block_end(bytes)
        || is_batch_end(bytes)
        || application(bytes) != Guess::None
        || bytes.len() >= 4
            && bytes[..2].iter().all(u8::is_ascii_alphanumeric)
            && bytes[..2] == bytes[..2].to_ascii_uppercase()
            && bytes[..2].iter().any(u8::is_ascii_digit)
}

/// `A`: site and sender, a date or blanks, and the stretches that every batch header leaves blank.
pub fn is_batch_start(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'A')
        && is_sender(bytes)
        && is_date_or_blank(bytes)
        && is_blank(bytes, 20..22)
        && is_blank(bytes, 27..37)
        && is_blank(bytes, 39..59)
}

/// `Z`, or the generated one that repeats its letter in column 80.
pub fn is_batch_end(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'Z')
        && (is_generated(bytes)
            || is_sender(bytes)
                && is_date_or_blank(bytes)
                && is_blank(bytes, 20..37)
                && is_blank(bytes, 39..80))
}

/// `B` and two blanks, then port, filer and application.
pub fn is_block_start(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'B') && (is_generated(bytes) || is_block_control(bytes))
}

/// `Y` and two blanks, then the same, and perhaps a count.
pub fn is_block_end(bytes: &[u8]) -> bool {
    let generated = bytes.get(79) == Some(&b'Y') && is_blank(bytes, 1..12);
    bytes.first() == Some(&b'Y') && (generated || is_block_control(bytes) && is_blank(bytes, 17..44))
}

/// A control record that CBP made for a rejected batch: its letter again in column 80, and nothing that names anyone.
pub fn is_generated(bytes: &[u8]) -> bool {
    bytes.len() == 80 && bytes[79] == bytes[0] && is_blank(bytes, 1..12) && is_blank(bytes, 17..79)
}

fn is_block_control(bytes: &[u8]) -> bool {
    let named = bytes.get(3..12.min(bytes.len())).unwrap_or_default();
    bytes.len() > 3
        && is_blank(bytes, 1..3)
        && named.iter().any(u8::is_ascii_alphanumeric)
        && named.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

fn is_sender(bytes: &[u8]) -> bool {
    let sender = bytes.get(1..8.min(bytes.len())).unwrap_or_default();
    sender.iter().any(u8::is_ascii_alphanumeric)
        && sender.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte == b' ')
}

fn is_date_or_blank(bytes: &[u8]) -> bool {
    bytes.iter().take(20).skip(14).all(|byte| byte.is_ascii_digit() || *byte == b' ')
}

/// What a short record lacks is blank.
fn is_blank(bytes: &[u8], range: std::ops::Range<usize>) -> bool {
    let Some(stretch) = bytes.get(range.start..range.end.min(bytes.len())) else { return true };
    let (eights, rest) = stretch.as_chunks();
    eights.iter().all(|eight| *eight == [b' '; 8]) && rest.iter().all(|&byte| byte == b' ')
}

fn has_digits(bytes: &[u8], range: std::ops::Range<usize>) -> bool {
    bytes.get(range).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_told_by_their_first_record() {
        for (record, wanted) in [
            ("SO103701N01", "SO"),
            ("SO70FDADEV", "SO"),
            ("SE10AN01", "SX"),
            ("E0 SUMMRY", "AX"),
            ("E121694", "UC"),
            ("JBN01", "ER"),
            ("4A00001", "ER"),
            ("J0Y", "EQ"),
            ("N13701N01", "NR"),
            ("Q13701N01  70000124", "PF"),
            ("Q137211930013701N01", "MS"),
            ("WO103701", "C1"),
            ("WR13701N01", "C1"),
            ("WR1    N01", "CQ"),
            ("X13701N01", "TS"),
            ("X1 FX12", BATCH_REJECTED),
            ("X1RF999", BATCH_REJECTED),
            ("X0 BLOCK", BATCH_REJECTED),
            ("CJ23701", "CL"),
            ("05EXAMPLE", "NS"),
        ] {
            assert_eq!(application(record.as_bytes()), Guess::Application(wanted), "{record}");
        }
        assert_eq!(application(b"10AN01"), Guess::NeedsNext);
        assert_eq!((with_next(Some(b"30")), with_next(Some(b"11"))), ("NS", "AE"));
        for record in ["", "NOTHING", "<html>", "{\"a\":1}", "N1ABCD", "Dear"] {
            assert_eq!(application(record.as_bytes()), Guess::None, "{record}");
        }
    }

    #[test]
    fn control_records_are_told_from_text() {
        assert!(is_batch_start(b"AHAW9316      011320"));
        assert!(is_batch_start(b"A3701N01SECRET062821     AE"));
        assert!(!is_batch_start(b"Attached are the messages of Monday morning."));
        assert!(!is_batch_start(b"A"));
        assert!(is_block_start(b"B  4103316SE"));
        assert!(is_block_start(format!("B{:78}B", "").as_bytes()));
        assert!(!is_block_start(b"BROKER"));
        assert!(!is_block_start(b"B"));
        assert!(is_block_end(b"Y  3701N01NR00003"));
        assert!(is_block_end(format!("Y{:11}00002{:62}Y", "", "").as_bytes()));
        assert!(is_batch_end(b"Z3701N01      052222"));
        assert!(is_batch_end(format!("Z{:78}Z", "").as_bytes()));
        assert!(!is_batch_end(b"Zebra"));
    }
}
