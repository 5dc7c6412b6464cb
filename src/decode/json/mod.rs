//! JSON: facts that people record, and what the importer's own systems say. One object is one message.
//!
//! A file holds one object, a list of objects, or one object behind another. `scan` finds where an object ends without
//! reading it, so that a file of any size goes through one window; `document` reads one object.

mod document;
mod scan;

pub use document::{Document, Member, Value, find};

use self::scan::{Found, next};
use super::{Body, Control, Decoder, Message, Sink, Standard};
use crate::place::{Finding, Grade, Place, Span, finding_code};

/// Pieces that are no JSON object are reported one by one up to this number of a file.
const JUNK_MAX: u32 = 100;

/// Reads JSON.
#[derive(Debug)]
pub struct JsonDecoder {
    /// Of the file, of what was consumed.
    offset: u64,
    /// 1-based line at `offset`.
    line: u64,
    index: u64,
    junk: u32,
}

impl Default for JsonDecoder {
    fn default() -> Self {
        Self { offset: 0, line: 1, index: 0, junk: 0 }
    }
}

impl JsonDecoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `bytes` off the front.
    fn consume(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    fn place(&self) -> Place {
        Place { offset: self.offset, line: self.line, column: None }
    }

    fn object(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        let place = self.place();
        match Document::parse(bytes, place) {
            Ok(document) => {
                self.hand_over(document.name(), Body::Json(&document), bytes.len(), &[], sink);
            }
            Err(fault) => {
                let mut place = fault.place(bytes, place);
                place.line += self.line - 1;
                let finding = Finding::new(finding_code::BAD_JSON, Grade::Error, place, fault.message);
                self.hand_over(None, Body::Nothing, bytes.len(), &[finding], sink);
            }
        }
    }

    fn nothing(&mut self, length: usize, code: &'static str, message: &str, sink: &mut dyn Sink) {
        self.junk += 1;
        if self.junk <= JUNK_MAX {
            let finding = Finding::new(code, Grade::Error, self.place(), message);
            self.hand_over(None, Body::Nothing, length, &[finding], sink);
        }
    }

    fn hand_over(
        &mut self,
        name: Option<&str>,
        body: Body<'_>,
        length: usize,
        findings: &[Finding],
        sink: &mut dyn Sink,
    ) {
        sink.message(&Message {
            index: self.index,
            standard: Standard::Json,
            name,
            release: None,
            control: Control::default(),
            span: Span { offset: self.offset, length: length as u64, line: self.line },
            body,
            findings,
        });
        self.index += 1;
    }
}

impl Decoder for JsonDecoder {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        let mut at = 0;
        loop {
            let rest = &window[at..];
            let taken = match next(rest) {
                Found::Object { start, end } => {
                    self.consume(&rest[..start]);
                    self.object(&rest[start..end], sink);
                    self.consume(&rest[start..end]);
                    end
                }
                // Where it ends is not known before more of the file is.
                Found::Junk { start, end } if !last && end == rest.len() => {
                    self.consume(&rest[..start]);
                    return at + start;
                }
                Found::Junk { start, end } => {
                    self.consume(&rest[..start]);
                    let text = "this is no JSON object; a file holds objects or a list of objects";
                    self.nothing(end - start, finding_code::NOT_EDI, text, sink);
                    self.consume(&rest[start..end]);
                    end
                }
                Found::Open { start } if last => {
                    self.consume(&rest[..start]);
                    let text = "the file ends inside a JSON object";
                    self.nothing(rest.len() - start, finding_code::TRUNCATED, text, sink);
                    self.consume(&rest[start..]);
                    return window.len();
                }
                Found::Open { start } => {
                    self.consume(&rest[..start]);
                    return at + start;
                }
                Found::End => {
                    self.consume(rest);
                    if last && self.index == 0 {
                        self.nothing(0, finding_code::EMPTY, "the file holds no JSON object", sink);
                    }
                    return window.len();
                }
            };
            at += taken;
        }
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        let text = "the JSON object is longer than a message may be; it was skipped";
        self.nothing(window.len(), finding_code::OVERLONG_MESSAGE, text, sink);
        self.consume(window);
        window.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `name@offset:line` of each message, or the codes of its findings.
    fn read(text: &[u8], step: usize) -> Vec<String> {
        let mut seen = Vec::new();
        let mut decoder = JsonDecoder::new();
        let mut sink = |message: &Message<'_>| {
            let what = match message.name {
                Some(name) => name.to_owned(),
                None => message.findings.iter().map(|finding| finding.code.to_string()).collect(),
            };
            let end = message.span.offset + message.span.length;
            seen.push(format!("{what}@{}-{end}:{}", message.span.offset, message.span.line));
        };
        let (mut from, mut to) = (0, 0);
        loop {
            to = (to + step).min(text.len());
            let last = to == text.len();
            from += decoder.feed(&text[from..to], last, &mut sink);
            if last {
                return seen;
            }
        }
    }

    #[test]
    fn objects_are_found_however_they_stand() {
        for (text, wanted) in [
            (r#"{"kind":"form"}"#, vec!["form@0-15:1"]),
            ("\u{feff} \n{\"kind\":\"form\"}\n", vec!["form@5-20:2"]),
            (
                r#"[{"kind":"form"}, {"kind":"recorded","x":"}]\"{"}]"#,
                vec!["form@1-16:1", "recorded@18-49:1"],
            ),
            ("{\"form\":\"28\"}\n{\"fact\":\"note\"}\n", vec!["form@0-13:1", "recorded@14-29:2"]),
            (r#"{"lines":[]}"#, vec!["approved_entry@0-12:1"]),
            ("{}", vec!["unknown@0-2:1"]),
            (r#"{"kind":"moon"}"#, vec!["moon@0-15:1"]),
            ("{]}", vec!["bad-json@0-3:1"]),
            ("{\"a\":1}x{\"kind\":\"form\"}", vec!["unknown@0-7:1", "not-edi@7-8:1", "form@8-23:1"]),
            ("{\"a\":", vec!["truncated@0-5:1"]),
            ("[]", vec!["empty@2-2:1"]),
        ] {
            for step in [1, 3, 1_000] {
                let found = read(text.as_bytes(), step);
                let found: Vec<&str> = found.iter().map(String::as_str).collect();
                assert_eq!(found, wanted, "{text} in steps of {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_pieces_do_not_matter(
            text in r#"[\[\]{}",:a1 \n\\]{0,60}"#,
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            step in 1usize..9,
        ) {
            let whole = read(text.as_bytes(), text.len().max(1));
            prop_assert!(!whole.is_empty());
            prop_assert_eq!(read(text.as_bytes(), step), whole);
            prop_assert_eq!(read(&bytes, step), read(&bytes, bytes.len().max(1)));
        }
    }
}
