//! X12: interchanges, groups, sets, segments.
//!
//! One pass over the window finds the segments; a message is what lies between an ST and its SE, or one TA1. It is
//! handed over when the next one begins, so that what its trailers reveal still belongs to it.

mod check;
mod delimiters;
mod ends;
mod envelope;
mod envelope_view;
mod marks;
mod reader;
mod seen;
mod segment;
pub mod value;
mod wrap;

pub use delimiters::Delimiters;
pub use envelope_view::EnvelopeView;
pub use segment::{Segment, Set};

use self::delimiters::Header;
use self::envelope::{Envelope, IsaCodes, Level};
use self::reader::{Content, Reader, Scan, Scratch};
use self::seen::Seen;
use self::segment::{Origin, Wrap};
use self::wrap::Unwrapped;
use super::{Body, Control, Decoder, FINDINGS_MAX, MESSAGE_BYTES_MAX, Message, Sink, Standard};
use crate::grammar::Grammar;
use crate::place::finding_code::ENVELOPE;
use crate::place::{Finding, Grade, Place, Span};

/// How much of a wrapped file is unwrapped at first, in bytes; doubled until a message fits.
const UNWRAP_BYTES: usize = 16 << 10;

/// Reads X12.
pub struct X12Decoder<'g> {
    grammar: &'g Grammar,
    codes: IsaCodes,
    state: State,
    seen: Seen,
    /// The envelope while a message is read; it becomes the state's when the message is handed over.
    envelope: Envelope,
    /// A message was begun and not handed over, so that the two differ.
    is_behind: bool,
    scratch: Scratch<'g>,
    unwrapped: Unwrapped,
}

/// Where the reader stands: everything before it was handed over.
#[derive(Debug, Default)]
struct State {
    envelope: Envelope,
    /// File offset, its line, and the offset at which that line begins.
    offset: u64,
    line: u64,
    line_start: u64,
    /// The next message's.
    index: u64,
    /// The interchange is cut into records.
    wrapped: bool,
    /// Where an interchange was tried as a wrapped one last.
    unwrapped_at: Option<u64>,
}

/// Findings of one message, up to [`FINDINGS_MAX`] of them.
#[derive(Debug, Default)]
struct Findings {
    list: Vec<Finding>,
    more: u64,
}

impl Findings {
    fn push(&mut self, finding: impl FnOnce() -> Finding) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(finding());
        } else {
            self.more += 1;
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.more = 0;
    }

    /// Says how many were left out.
    fn close(&mut self, place: Place) {
        if self.more > 0 {
            let message = format!("{} more findings in this message", self.more);
            self.list.push(Finding::new(ENVELOPE, Grade::Warning, place, message));
            self.more = 0;
        }
    }
}

enum Step {
    Took(usize),
    More,
}

impl<'g> X12Decoder<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Self {
            grammar,
            codes: IsaCodes::of(&grammar.codes),
            state: State { line: 1, ..State::default() },
            seen: Seen::default(),
            envelope: Envelope::default(),
            is_behind: false,
            scratch: Scratch::default(),
            unwrapped: Unwrapped::default(),
        }
    }

    /// One message from the start of `rest`.
    fn step(&mut self, rest: &[u8], last: bool, cut: bool, sink: &mut dyn Sink) -> Step {
        let limit = rest.len().min(MESSAGE_BYTES_MAX);
        let (text, whole) = (&rest[..limit], limit == rest.len());
        if self.state.wrapped {
            return self.step_wrapped(text, last && whole, cut || !whole, sink);
        }
        let origin = self.origin(None);
        match self.scan(text, text, &origin, last && whole, cut || !whole) {
            Scan::More => Step::More,
            Scan::Done { len, content } => {
                let line_start = memchr::memrchr(b'\n', &text[..len])
                    .map_or(origin.line_start, |at| origin.offset + at as u64 + 1);
                let offset = origin.offset + len as u64;
                let column = u32::try_from(offset - line_start + 1).ok();
                let after = Place { offset, line: origin.line + content.lines, column };
                self.hand_over(text, content, &origin, after, sink);
                Step::Took(len)
            }
            Scan::Wrapped => {
                self.state.wrapped = true;
                self.state.unwrapped_at = Some(self.state.offset);
                Step::Took(0)
            }
            Scan::Plain => Step::More,
        }
    }

    /// The same for a file that is cut into records: line ends come out first, in pieces that grow until they hold a
    /// message.
    fn step_wrapped(&mut self, raw: &[u8], last: bool, cut: bool, sink: &mut dyn Sink) -> Step {
        let mut unwrapped = std::mem::take(&mut self.unwrapped);
        let mut size = UNWRAP_BYTES;
        let step = loop {
            let piece = &raw[..raw.len().min(size)];
            let whole = piece.len() == raw.len();
            unwrapped.fill(piece);
            let taken = self.messages_of(&unwrapped, piece, last && whole, cut && whole, sink);
            match taken {
                0 if self.state.wrapped && !whole => size *= 2,
                0 if self.state.wrapped && !last => break Step::More,
                taken => break Step::Took(taken),
            }
        };
        self.unwrapped = unwrapped;
        step
    }

    /// Every message of an unwrapped piece; how many bytes of the file they took.
    fn messages_of(
        &mut self,
        unwrapped: &Unwrapped,
        raw: &[u8],
        last: bool,
        cut: bool,
        sink: &mut dyn Sink,
    ) -> usize {
        let (start, line, line_start) = (self.state.offset, self.state.line, self.state.line_start);
        let mut from = 0;
        loop {
            let text = &unwrapped.text[from..];
            let wrap = Some(Wrap { breaks: &unwrapped.breaks, from });
            let origin = Origin { offset: start, line, line_start, wrap };
            // What is cut is cut once; the rest is looked at again with the bytes that follow.
            match self.scan(text, raw, &origin, last, cut && from == 0) {
                Scan::Done { len, content } => {
                    let mut after = origin.place(text, len);
                    if last && from + len == unwrapped.text.len() {
                        after.offset = start + raw.len() as u64;
                    }
                    self.hand_over(text, content, &origin, after, sink);
                    from += len;
                    if self.state.envelope.level == Level::Outside && from == unwrapped.text.len() {
                        break;
                    }
                    if len == 0 {
                        break;
                    }
                }
                Scan::More | Scan::Wrapped => break,
                Scan::Plain => {
                    self.state.wrapped = false;
                    break;
                }
            }
        }
        (self.state.offset - start) as usize
    }

    fn origin<'w>(&self, wrap: Option<Wrap<'w>>) -> Origin<'w> {
        let State { offset, line, line_start, .. } = self.state;
        Origin { offset, line, line_start, wrap }
    }

    fn scan(&mut self, text: &[u8], raw: &[u8], origin: &Origin<'_>, last: bool, cut: bool) -> Scan<'g> {
        if self.is_behind {
            self.envelope = self.state.envelope;
        }
        self.is_behind = true;
        let reader = Reader {
            grammar: self.grammar,
            codes: &self.codes,
            seen: &self.seen,
            text,
            raw,
            origin,
            envelope: &mut self.envelope,
            scratch: &mut self.scratch,
            may_wrap: self.state.unwrapped_at != Some(self.state.offset),
        };
        reader.read(last, cut, self.state.index == 0)
    }

    /// Gives the message to the sink and moves on behind it. `after` is the place of the byte behind it.
    fn hand_over(
        &mut self,
        text: &[u8],
        content: Content<'g>,
        origin: &Origin<'_>,
        after: Place,
        sink: &mut dyn Sink,
    ) {
        if self.scratch.findings.more > 0 {
            self.scratch.findings.close(origin.place(text, 0));
        }
        let Content { is_set, is_ta1, .. } = content;
        let envelope = &self.envelope;
        let control = Control {
            sender: envelope.interchange.sender.some().or_else(|| envelope.group.sender.some()),
            interchange: envelope.interchange.number.some(),
            group: envelope.group.number.some(),
            set: envelope.set.number.some().filter(|_| is_set),
            is_test: envelope.interchange.is_test(),
        };
        let name = match (is_set, is_ta1) {
            (true, _) => Some(content.name.or_else(|| envelope.set.id.text()).unwrap_or("?")),
            (_, true) => Some("TA1"),
            _ => None,
        };
        let set = Set {
            text,
            segments: &self.scratch.segments,
            ends: self.scratch.ends.as_slice(),
            delimiters: envelope.delimiters,
            origin,
            envelope,
        };
        let message = Message {
            index: self.state.index,
            standard: Standard::X12,
            name,
            release: envelope.group.version.text().filter(|_| is_set),
            control,
            span: Span {
                offset: self.state.offset,
                length: after.offset - self.state.offset,
                line: self.state.line,
            },
            body: if name.is_some() { Body::X12(set) } else { Body::Nothing },
            findings: &self.scratch.findings.list,
        };
        if !content.is_nothing || !message.findings.is_empty() {
            sink.message(&message);
            self.state.index += 1;
        }
        self.remember(&content);
        let column = u64::from(after.column.unwrap_or(1));
        self.state.offset = after.offset;
        self.state.line = after.line;
        self.state.line_start = after.offset.saturating_sub(column - 1);
        self.state.envelope = self.envelope;
        self.is_behind = false;
    }

    fn remember(&mut self, content: &Content<'_>) {
        let Envelope { interchange, group, set, .. } = &self.envelope;
        if content.opens_interchange {
            self.seen.groups.clear();
        }
        if content.opens_group {
            self.seen.sets.clear();
            self.seen.groups.insert(group.number.bytes());
        }
        if content.is_set {
            self.seen.sets.insert(set.number.bytes());
        }
        if content.closes_interchange {
            self.seen.close(&interchange.identity, interchange.content);
        }
    }
}

impl Decoder for X12Decoder<'_> {
    fn feed(&mut self, window: &[u8], last: bool, sink: &mut dyn Sink) -> usize {
        let mut taken = 0;
        loop {
            let rest = &window[taken..];
            let open = self.state.envelope.level != Level::Outside || self.state.index == 0;
            if rest.is_empty() && !(last && open) {
                return taken;
            }
            let was_wrapped = self.state.wrapped;
            match self.step(rest, last, false, sink) {
                Step::Took(0) if was_wrapped == self.state.wrapped => return taken,
                Step::Took(count) => taken += count,
                Step::More => return taken,
            }
        }
    }

    fn cut(&mut self, window: &[u8], sink: &mut dyn Sink) -> usize {
        for _ in 0..2 {
            if let Step::Took(count @ 1..) = self.step(window, false, true, sink) {
                return count;
            }
        }
        window.len().min(1)
    }
}

/// True when an interchange begins within the first `bytes_max` bytes, with a header of the standard's widths.
pub(super) fn has_interchange(text: &[u8], bytes_max: usize) -> bool {
    let within = &text[..text.len().min(bytes_max)];
    let mut at = 0;
    while let Some(found) = envelope::find_isa(within, at) {
        match delimiters::header(&text[found..], true) {
            Header::Isa(isa) if isa.is_fixed() && isa.delimiters.faults().next().is_none() => return true,
            Header::Wrapped => return true,
            Header::Isa(_) | Header::Broken | Header::More => at = found + 3,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*HARBORGOODS    *260611*0740*U*00401*\
                        000000009*0*P*>~GS*SO*LANTERNBRK*HARBORGOODS*20260611*0740*1*X*004010~ST*350*0001~";
    const LINE: &str = "X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~";

    #[derive(Default)]
    struct Log(Vec<String>);

    impl Sink for Log {
        fn message(&mut self, message: &Message<'_>) {
            let Body::X12(set) = message.body else { return };
            let codes: Vec<&str> = message.findings.iter().map(|finding| &*finding.code).collect();
            let ids: Vec<&str> =
                set.segments().filter_map(|segment| std::str::from_utf8(segment.id()).ok()).collect();
            let set = message.control.set.map(String::from_utf8_lossy).unwrap_or_default();
            self.0.push(format!(
                "{} {set} {} {}",
                message.name.unwrap_or("-"),
                ids.join(" "),
                codes.join(" ")
            ));
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_read_in_parts() {
        let grammar = Grammar::embedded();
        for wrap in [None, Some(80)] {
            let mut text = format!("{HEAD}{LINE}{LINE}{LINE}SE*5*0001~GE*1*1~IEA*1*000000009~");
            if let Some(width) = wrap {
                let lines: Vec<&str> =
                    text.as_bytes().chunks(width).filter_map(|line| std::str::from_utf8(line).ok()).collect();
                text = lines.join("\n");
            }
            let full = text.len() - 70;
            let mut decoder = X12Decoder::new(&grammar);
            let mut log = Log::default();
            let window = &text.as_bytes()[..full];
            assert_eq!(decoder.feed(window, false, &mut log), 0);
            let taken = decoder.cut(window, &mut log);
            assert!(taken > HEAD.len() && taken < full, "{taken}");
            assert_eq!(decoder.feed(&text.as_bytes()[taken..], true, &mut log), text.len() - taken);
            let parts = ["350 0001 ST X4 X4 overlong-message", "350 0001 X4 SE "];
            assert_eq!(log.0, parts, "wrapped at {wrap:?}");
        }
    }

    #[test]
    fn a_segment_without_end_is_taken_as_it_is() {
        let grammar = Grammar::embedded();
        let mut decoder = X12Decoder::new(&grammar);
        let mut log = Log::default();
        let text = format!("{HEAD}{}", "X".repeat(1_000));
        let taken = decoder.cut(text.as_bytes(), &mut log);
        assert_eq!(taken, HEAD.len());
        assert_eq!(decoder.cut(&text.as_bytes()[taken..], &mut log), text.len() - taken);
        assert_eq!(log.0, ["350 0001 ST overlong-message"]);
    }

    #[test]
    fn a_message_keeps_its_id_through_other_separators() {
        let grammar = Grammar::embedded();
        let own_bytes = |text: &str| {
            let mut own = Vec::new();
            super::super::decode(text.as_bytes(), &grammar, &mut |message: &Message<'_>| {
                if let Body::X12(set) = message.body {
                    set.own_bytes(&mut |part| own.extend_from_slice(part));
                }
            });
            String::from_utf8(own).expect("plain text")
        };
        let text = format!("{HEAD}{LINE}K1*A>B***~SE*4*0001~GE*1*1~IEA*1*000000009~");
        let wanted = format!("{}\nK1*A:B\n", LINE.trim_end_matches('~'));
        assert_eq!(own_bytes(&text), wanted);
        let other = text.replace('*', "|").replace('>', "<").replace('~', "\u{15}").replace("0001", "7777");
        assert_eq!(own_bytes(&other), wanted);
    }
}
