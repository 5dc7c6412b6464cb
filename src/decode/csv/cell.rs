//! What a cell says, once the marks are off that spreadsheets put around it, and which rows are no data.

use std::borrow::Cow;

/// Columns of words. An apostrophe may be the first sign of a word, of anything else it never is.
const WORDS: [&str; 4] = ["description", "author", "source", "remark"];

/// The value of a cell as it was meant: `="00123"` and `'00123` are the marks by which a spreadsheet keeps digits as text.
pub(super) fn said<'t>(field: &str, value: Cow<'t, str>) -> Cow<'t, str> {
    let text = value.trim();
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let is_mark = |rest: &str| {
        !WORDS.contains(&field) || rest.starts_with(|c: char| c.is_ascii_digit() || "=+-@".contains(c))
    };
    let marked = text.strip_prefix('\'').filter(|rest| is_mark(rest));
    match (formula, marked) {
        (Some(inside), _) => Cow::Owned(inside.replace("\"\"", "\"").trim().to_owned()),
        (None, Some(rest)) => Cow::Owned(rest.trim().to_owned()),
        (None, None) if text.len() < value.len() => Cow::Owned(text.to_owned()),
        (None, None) => value,
    }
}

/// A cell in which nothing is said.
pub(super) fn is_blank(text: &str) -> bool {
    matches!(text, "" | "-" | "N/A" | "n/a")
}

/// `Total`, `Grand Total:`, `Subtotal (12 entries)`: nothing that names an entry, a bill or a broker's file, as `TOTAL-5` may.
pub(super) fn is_total(text: &str) -> bool {
    const TOTALS: [&str; 4] = ["total", "totals", "subtotal", "subtotals"];
    const BESIDE: [&str; 8] = ["grand", "sub", "overall", "report", "of", "for", "all", "the"];
    const COUNTED: [&str; 9] =
        ["number", "count", "amount", "amounts", "entry", "entries", "summaries", "rows", "lines"];
    /// Longer texts are not looked at.
    const BYTES_MAX: usize = 80;
    if text.len() > BYTES_MAX {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let words = || text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let has = |known: &[&str]| words().any(|word| known.contains(&word));
    let is_counted = has(&COUNTED) || text.contains([':', '(']);
    let is_count = |word: &str| is_counted && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = |word: &str| [&TOTALS[..], &BESIDE, &COUNTED].iter().any(|known| known.contains(&word));
    has(&TOTALS) && words().all(|word| is_known(word) || is_count(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_spreadsheets_are_taken_off() {
        for (field, cell, wanted) in [
            ("entry", "=\"12345678901\"", "12345678901"),
            ("entry", "'12345678901", "12345678901"),
            ("entry", " 9Z7-0000041-9\u{a0}", "9Z7-0000041-9"),
            ("value", "'-27", "-27"),
            ("broker_reference", "'=R-1", "=R-1"),
            ("description", "'s-Hertogenbosch", "'s-Hertogenbosch"),
            ("description", "'-27 degrees", "-27 degrees"),
            ("description", "=\"5\"\" pipe\"", "5\" pipe"),
            ("entry", "=\"", "=\""),
            ("entry", "'", ""),
            ("entry", "=A1", "=A1"),
        ] {
            assert_eq!(said(field, cell.into()), wanted, "{cell}");
        }
    }

    #[test]
    fn rows_of_totals_are_told_from_names() {
        for text in ["Total", "GRAND TOTAL:", "Grand-total", "Totals (25 entries)", "Sub-Total", "Total: 25"]
        {
            assert!(is_total(text), "{text}");
        }
        for text in
            ["", "Grand", "Total Wine", "9Z7-0000041-9", "TOTAL1", "TOTAL-5", "Totally", "Entries", "25"]
        {
            assert!(!is_total(text), "{text}");
        }
        assert!(!is_total(&"total ".repeat(50)));
    }
}
