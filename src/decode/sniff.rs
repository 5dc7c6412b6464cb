//! Which standard a file is in, from its first bytes.

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

/// A byte-order mark, blanks and line ends may come first. Text before an `ISA` is tolerated only for X12's sake: the
/// X12 reader reports it as junk.
pub fn sniff(start: &[u8]) -> Shape {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if text.starts_with(b"ISA") && text.get(3).is_some_and(|byte| !byte.is_ascii_alphanumeric()) {
        return Shape::X12;
    }
    let inside = text.strip_prefix(b"[").map_or(text, <[u8]>::trim_ascii_start);
    if inside.first() == Some(&b'{') || text == b"[]" {
        return Shape::Json;
    }
    let head = &text[..text.len().min(4)];
    if head.is_empty() || !head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Shape::Other;
    }
    Shape::Abi
}
