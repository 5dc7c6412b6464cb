//! How foreign text is cleaned, masked and laid out before it enters a mail.
//!
//! A message is written by others. Its bytes could hold line ends (header injection), marks that reverse the reading
//! direction (a spoofed amount), an importer's social security number, or a hundred thousand characters.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};

use crate::clock::Zone;
use crate::notice::EventTime;

/// One line of printable text of at most `chars_max` characters.
///
/// Line ends and tabs become a blank; other control characters, invisible characters and marks that change the reading
/// direction become `?`. What is cut off is counted: `… (+120 bytes)`. The work does not grow with what is cut off.
pub fn line(text: &str, chars_max: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(chars_max));
    let mut chars = text.trim().chars();
    for c in chars.by_ref().take(chars_max) {
        kept.push(printable(c));
    }
    let left_bytes = chars.as_str().len();
    if left_bytes > 0 {
        let _ = write!(kept, "… (+{left_bytes} bytes)");
    }
    kept
}

/// Text of several lines: each cleaned as [`line()`] does, blank ones dropped, at most `lines_max`.
pub fn lines(text: &str, lines_max: usize, chars_max: usize) -> Vec<String> {
    let full = text.lines().map(|part| line(part, chars_max)).filter(|part| !part.is_empty());
    full.take(lines_max).collect()
}

/// Text for a header: as [`line()`], cut between words and without a count of what was cut, and without the sign that starts an encoded word,
/// which a mail program would decode into whatever the sender of the message liked.
pub fn header(text: &str, chars_max: usize) -> String {
    // One blank is kept of several, so what is looked at may be longer than what stays; but not without bound.
    let clean: String = text.trim().chars().take(chars_max.saturating_mul(4)).map(printable).collect();
    let clean = clean.replace("=?", "= ?");
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= chars_max {
        return words;
    }
    let mut kept: String = words.chars().take(chars_max.saturating_sub(1)).collect();
    // Whole words, unless that would cost much of the text.
    let is_in_word = words[kept.len()..].chars().next().is_some_and(|c| !c.is_whitespace());
    if let Some(at) = kept.rfind(' ').filter(|at| is_in_word && at * 3 >= kept.len() * 2) {
        kept.truncate(at);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

fn printable(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        _ if c.is_control() => '?',
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '?',
        _ => c,
    }
}

/// Hides social security numbers, which individuals use as importer numbers: `123-45-6789` becomes `***-**-6789`.
///
/// The length stays, so that columns of a fixed-width record stay where they are.
pub fn masked(text: &str) -> Cow<'_, str> {
    const SHAPE: &[u8; 11] = b"ddd-dd-dddd";
    let bytes = text.as_bytes();
    let fits = |at: usize| {
        let window = bytes.get(at..at + SHAPE.len());
        let edge = |index: Option<usize>| {
            index
                .and_then(|index| bytes.get(index))
                .is_none_or(|byte| !byte.is_ascii_digit() && *byte != b'-')
        };
        edge(at.checked_sub(1))
            && edge(Some(at + SHAPE.len()))
            && window.is_some_and(|window| {
                window.iter().zip(SHAPE).all(|(byte, shape)| match shape {
                    b'd' => byte.is_ascii_digit(),
                    _ => byte == shape,
                })
            })
    };
    let mut kept: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while at + SHAPE.len() <= bytes.len() {
        if fits(at) {
            let kept = kept.get_or_insert_default();
            kept.push_str(&text[copied..at]);
            kept.push_str("***-**-");
            copied = at + 7;
            at += SHAPE.len();
        } else {
            at += 1;
        }
    }
    match kept {
        Some(mut kept) => {
            kept.push_str(&text[copied..]);
            Cow::Owned(kept)
        }
        None => Cow::Borrowed(text),
    }
}

/// An importer number as it may be shown: nine digits without punctuation may be a social security number too.
pub fn masked_importer(text: &str) -> String {
    let text = text.trim();
    if text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("*****{}", &text[5..]);
    }
    masked(text).into_owned()
}

/// The first digits of a hash, enough to know it again.
pub fn short(digits: &str) -> String {
    digits.chars().take(12).collect()
}

/// `Wed 2026-09-02`.
pub fn day(date: NaiveDate) -> String {
    date.format("%a %Y-%m-%d").to_string()
}

/// `Mon 2026-03-02 09:14 (customs time)`, or the day alone when the message gives no time.
pub fn event_time(at: EventTime) -> String {
    match at.time {
        Some(time) => format!("{} {} (customs time)", day(at.date), time.format("%H:%M")),
        None => day(at.date),
    }
}

/// `Mon 2026-03-02 09:14 America/New_York`.
pub fn instant(at: DateTime<Utc>, zone: &Zone) -> String {
    format!("{} {}", zone.local(at).format("%a %Y-%m-%d %H:%M"), zone.name())
}

/// `in 14 days`, `today`, `3 days overdue`.
pub fn days_left(days: i64) -> String {
    let word = if days.abs() == 1 { "day" } else { "days" };
    match days {
        0 => "today".to_owned(),
        1.. => format!("in {days} {word}"),
        _ => format!("{} {word} overdue", days.unsigned_abs()),
    }
}

/// Breaks text at blanks so that no line is longer than `width` characters; lines after the first start with `indent`
/// blanks, and the first is taken to stand behind as many. A word that is longer stays whole.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(1);
    let mut wrapped = String::with_capacity(text.len() + 16);
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_one_printable_line() {
        for (text, wanted) in [
            ("  plain ", "plain"),
            ("a\r\nBcc: x@example.com", "a  Bcc: x@example.com"),
            ("a\tb\u{0}c\u{1b}[31m", "a b?c?[31m"),
            ("pay \u{202e}100\u{202c}", "pay ?100?"),
            ("a\u{200b}b\u{feff}", "a?b?"),
            ("café – 港", "café – 港"),
            ("next\u{2028}line", "next line"),
            ("0123456789ab", "0123456789… (+2 bytes)"),
        ] {
            assert_eq!(line(text, if text.starts_with('0') { 10 } else { 100 }), wanted, "{text:?}");
        }
        assert_eq!(lines("1. do\r\n\r\n2. then\n", 9, 99), ["1. do", "2. then"]);
    }

    #[test]
    fn headers_take_no_encoded_words_and_stay_short() {
        assert_eq!(header("=?utf-8?b?SGk=?= x\r\n y", 50), "= ?utf-8?b?SGk= ?= x y");
        assert_eq!(header("=\u{0}", 50), "= ?");
        assert_eq!(header("==??", 50), "== ??");
        assert_eq!(header("one two three", 8), "one two…");
        assert_eq!(header(&"é".repeat(100_000), 200).chars().count(), 200);
    }

    #[test]
    fn social_security_numbers_are_hidden() {
        for (text, wanted) in [
            ("123-45-6789", "***-**-6789"),
            ("SE10 123-45-6789 X 987-65-4321", "SE10 ***-**-6789 X ***-**-4321"),
            ("12-3456789", "12-3456789"),
            ("12-3456789AB", "12-3456789AB"),
            ("1123-45-67890", "1123-45-67890"),
            ("é123-45-6789é", "é***-**-6789é"),
            ("ABC-1234567-8", "ABC-1234567-8"),
        ] {
            assert_eq!(masked(text), wanted, "{text}");
        }
        assert_eq!(masked_importer("123456789"), "*****6789");
        assert_eq!(masked_importer("12-3456789"), "12-3456789");
    }

    #[test]
    fn days_are_said_in_words() {
        for (days, wanted) in
            [(14, "in 14 days"), (1, "in 1 day"), (0, "today"), (-1, "1 day overdue"), (-3, "3 days overdue")]
        {
            assert_eq!(days_left(days), wanted);
        }
    }

    #[test]
    fn text_wraps_at_blanks() {
        assert_eq!(wrap("one two three four", 9, 0), "one two\nthree\nfour");
        assert_eq!(wrap("one two three four", 9, 2), "one two\n  three\n  four");
        assert_eq!(wrap("averyverylongword x", 4, 2), "averyverylongword\n  x");
        assert_eq!(wrap("", 4, 2), "");
    }
}
