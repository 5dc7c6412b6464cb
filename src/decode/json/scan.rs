//! Where one JSON object ends, without reading it: brackets and strings only.

/// What comes next in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A balanced `{ }`.
    Object {
        start: usize,
        end: usize,
    },
    /// Something that belongs to no object, up to the next line or object.
    Junk {
        start: usize,
        end: usize,
    },
    /// An object, or a mark of the text's end, that begins here and does not end.
    Open {
        start: usize,
    },
    End,
}

/// Brackets and commas of a list around the objects, blanks, byte-order mark.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'[' | b']' | b',' | 0xef | 0xbb | 0xbf | 0 | 0x1a)
}

pub fn next(text: &[u8]) -> Found {
    let Some(start) = text.iter().position(|&byte| !is_between(byte)) else { return Found::End };
    if text[start] != b'{' {
        let rest = &text[start..];
        return match rest.iter().position(|byte| matches!(byte, b'{' | b'\n')) {
            Some(length) => Found::Junk { start, end: start + length },
            None => Found::Junk { start, end: text.len() },
        };
    }
    match object_length(&text[start..]) {
        Some(length) => Found::Object { start, end: start + length },
        None => Found::Open { start },
    }
}

/// The length of the object at the start of `text`, or `None` when it does not end. Square brackets are not counted: the
/// parser finds those that do not fit.
fn object_length(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'{', b'}', b'"', text.get(at..)?) {
        at += found + 1;
        match text[at - 1] {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += string_length(text.get(at..)?)?,
        }
    }
    None
}

/// Behind the quotation mark that opens a string: its length with the one that closes it.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)? + 1;
        if text[at - 1] == b'"' {
            return Some(at);
        }
        at += 1;
    }
}
