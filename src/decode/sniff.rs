//! Which standard a file is in, from its first bytes.

use super::{abi, x12};

/// What the first bytes look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    X12,
    Abi,
    /// Begins with an object or a list of objects.
    Json,
    /// Neither: the ABI reader takes it and says `not-edi` or `empty`.
    Other,
}

/// Text before an interchange (the head of a mail, a line of a wrapper) is looked through this far.
const PREFACE_BYTES_MAX: usize = 64 << 10;

/// A byte-order mark, blanks and line ends may come first. Other text may come before an `ISA` that is whole, when it is
/// no ABI record: the X12 reader reports it as bytes outside any interchange.
pub fn sniff(start: &[u8]) -> Shape {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if text.starts_with(b"ISA") && text.get(3).is_some_and(|byte| !byte.is_ascii_alphanumeric()) {
        return Shape::X12;
    }
    let inside = text.strip_prefix(b"[").map_or(text, <[u8]>::trim_ascii_start);
    if inside.first() == Some(&b'{') || text == b"[]" {
        return Shape::Json;
    }
    if !abi::infer::begins_messages(text) && x12::has_interchange(text, PREFACE_BYTES_MAX) {
        return Shape::X12;
    }
    let head = &text[..text.len().min(4)];
    if head.is_empty() || !head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Shape::Other;
    }
    Shape::Abi
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISA: &str = "ISA*00*          *00*          *ZZ*BROKERONE      *ZZ*IMPORTERCO     *260302*0915*U*00401*\
                       000000001*0*P*>~GS*";

    #[test]
    fn text_before_an_interchange_does_not_hide_it() {
        for (text, shape) in [
            (ISA.to_owned(), Shape::X12),
            (format!("\u{feff}\r\n {ISA}"), Shape::X12),
            (format!("From: broker\r\nStatus follows\r\n{ISA}"), Shape::X12),
            (format!("{}{ISA}", "-".repeat(PREFACE_BYTES_MAX)), Shape::Abi),
            // Words are no header, and ABI records come first whatever stands behind them.
            ("VISA*card and ISA* of no width".to_owned(), Shape::Abi),
            (format!("A37019Z7      030226     NR\r\n{ISA}"), Shape::Abi),
            (format!("N137019Z7 700001240199\r\n{ISA}"), Shape::Abi),
            ("\u{1}\u{2}".to_owned(), Shape::Other),
        ] {
            assert_eq!(sniff(text.as_bytes()), shape, "{text}");
        }
    }
}
