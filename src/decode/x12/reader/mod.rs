//! Reads one message: walks the segments, opens and closes the envelope's levels, and notes what does not fit.

mod header;
mod pass;
mod trailer;

use self::header::Outside;
use self::pass::{Met, Walk};
use super::delimiters::Delimiters;
use super::ends::{Ends, Found};
use super::envelope::{self, BETWEEN, Envelope, IsaCodes, Level, is_isa, mix};
use super::marks::line_feeds;
use super::seen::Seen;
use super::segment::{Origin, RawSegment, Segment, segment};
use super::value::same_number;
use super::{Findings, check};
use crate::grammar::{Grammar, SegmentKey, SetLayout, SetRelease};
use crate::place::finding_code::{EMPTY, NOT_EDI, OVERLONG_MESSAGE, TRUNCATED, UNKNOWN_SEGMENT};
use crate::place::{Finding, Grade};

/// A message of more segments is cut there, so that the lists of ranges stay within some 40 MiB.
const SEGMENTS_MAX: usize = 1 << 20;

/// A message of more elements is cut there.
const ELEMENTS_MAX: usize = 4 << 20;

/// The buffers of the message in hand, reused for the next.
#[derive(Debug, Default)]
pub(super) struct Scratch<'g> {
    pub segments: Vec<RawSegment>,
    pub ends: Ends,
    pub findings: Findings,
    pub passed: check::Passed<'g>,
}

/// How far reading came.
pub(super) enum Scan<'g> {
    /// The window ends inside the message.
    More,
    Done {
        len: usize,
        content: Content<'g>,
    },
    /// The interchange that begins here is cut into records.
    Wrapped,
    /// The interchange that begins here is not, after one that was.
    Plain,
}

/// What the message turned out to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'g> {
    /// Lines in the text of the message; not counted for wrapped files.
    pub lines: u64,
    pub is_set: bool,
    /// The set's identifier, when the tables have it.
    pub name: Option<&'g str>,
    pub is_ta1: bool,
    /// Neither a segment nor anything else but blanks.
    pub is_nothing: bool,
    pub opens_interchange: bool,
    pub opens_group: bool,
    pub closes_interchange: bool,
}

pub(super) struct Reader<'r, 'g> {
    pub grammar: &'g Grammar,
    pub codes: &'r IsaCodes,
    pub seen: &'r Seen,
    /// From the start of the message, without line ends when the file is wrapped.
    pub text: &'r [u8],
    /// The bytes of the file that `text` came from.
    pub raw: &'r [u8],
    pub origin: &'r Origin<'r>,
    /// Changed on the way; the caller keeps the change only when a message comes of it.
    pub envelope: &'r mut Envelope,
    pub scratch: &'r mut Scratch<'g>,
    /// False when this place was tried as a wrapped interchange before.
    pub may_wrap: bool,
}

/// What is known of the message so far.
#[derive(Default)]
struct Draft<'g> {
    content: Flags,
    layout: Option<&'g SetLayout>,
    /// Where the content behind the ISA begins, and where the last segment ended.
    content_from: usize,
    segments_end: usize,
    /// Lines passed so far.
    lines: u32,
}

#[derive(Default, Clone, Copy)]
struct Flags {
    is_set: bool,
    is_ta1: bool,
    has_segments: bool,
    opens_interchange: bool,
    opens_group: bool,
    closes_interchange: bool,
}

impl Flags {
    fn has_body(self) -> bool {
        self.is_set || self.is_ta1
    }
}

/// What to do with the segment that was just looked at.
enum Next {
    Took,
    /// It begins the next message.
    Stop,
}

impl<'g> Reader<'_, 'g> {
    /// `last` when nothing follows the text, `cut` when no more of it can be had at once.
    pub fn read(mut self, last: bool, cut: bool, first: bool) -> Scan<'g> {
        self.scratch.segments.clear();
        self.scratch.ends.clear();
        self.scratch.findings.clear();
        let mut draft = Draft::default();
        if self.envelope.level == Level::Set {
            // The rest of a set that was cut.
            draft.layout = self.grammar.x12.set(self.envelope.set.id.bytes());
        }
        let mut at = 0;
        loop {
            at = self.skip_blanks(at, &mut draft);
            if at == self.text.len() {
                break;
            }
            if self.envelope.level == Level::Outside || is_isa(self.text, at) {
                match self.interchange(at, last, first, &mut draft) {
                    Outside::At(next) => {
                        self.scratch.ends.look_from(next);
                        at = next;
                    }
                    Outside::Stop => return self.done(at, draft),
                    Outside::More => break,
                    Outside::Wrapped => return Scan::Wrapped,
                    Outside::Plain => return Scan::Plain,
                }
                continue;
            }
            if draft.content.has_body() && self.begins_set(at) {
                return self.done(at, draft);
            }
            let (raw, Found { terminator, present }) = match self.pass(at, &mut draft) {
                Met::Segment(raw, found) => (raw, found),
                Met::Isa(isa) => {
                    at = isa;
                    continue;
                }
                Met::End(rest) => {
                    at = rest;
                    break;
                }
                Met::Full(end) => return self.cut(end, draft),
            };
            let next = if self.envelope.level == Level::Set && !is_control(raw.key) {
                self.member(raw, present, &mut draft);
                Next::Took
            } else {
                self.take(raw, &mut draft)
            };
            if let Next::Stop = next {
                return self.done(raw.start as usize, draft);
            }
            let end = terminator + 1;
            at = end;
            draft.lines += u32::from(self.envelope.delimiters.segment == b'\n');
            draft.segments_end = end;
            draft.content.has_segments = true;
            if is_full(&self.scratch.segments, &self.scratch.ends) {
                return self.cut(end, draft);
            }
        }
        match (last, cut) {
            (true, _) => self.end(at, first, draft),
            (_, true) => self.cut(draft.segments_end, draft),
            _ => Scan::More,
        }
    }

    /// Blanks and line ends between segments do not count.
    fn skip_blanks(&self, mut at: usize, draft: &mut Draft<'g>) -> usize {
        let outside = self.envelope.level == Level::Outside;
        while let Some(&byte) = self.text.get(at) {
            if byte == b'\n' {
                draft.lines += 1;
            } else if outside && self.text[at..].starts_with(b"\xEF\xBB\xBF") {
                at += 2;
            } else if !(matches!(byte, b'\r' | b' ' | b'\t') || outside && matches!(byte, 0 | 0x1A)) {
                // Outside, NUL pads records, and SUB is the end mark of some old systems.
                break;
            }
            at += 1;
        }
        at
    }

    /// A segment of the open interchange.
    #[inline(never)]
    fn take(&mut self, raw: RawSegment, draft: &mut Draft<'g>) -> Next {
        match raw.key {
            envelope::GS => self.group(raw, draft),
            envelope::ST => self.set(raw, draft),
            envelope::SE => self.set_trailer(raw, draft),
            envelope::GE => self.group_trailer(raw),
            envelope::IEA => self.interchange_trailer(raw, draft),
            envelope::TA1 if self.envelope.level == Level::Interchange => {
                if draft.content.has_body() {
                    self.scratch.ends.truncate(raw.ends_from as usize);
                    return Next::Stop;
                }
                draft.content.is_ta1 = true;
                self.scratch.segments.push(raw);
                Next::Took
            }
            key => {
                if !BETWEEN.contains(&key)
                    && raw.ends_to - raw.ends_from > 0
                    && self.view(&raw).bytes() != b""
                {
                    let message = format!("the segment `{}` stands between the sets", self.shown_id(&raw));
                    self.report(UNKNOWN_SEGMENT, Grade::Warning, &raw, 0, "TA1 024", message);
                }
                self.scratch.ends.truncate(raw.ends_from as usize);
                Next::Took
            }
        }
    }

    /// True when the next set of the open group begins at `at`, and its ST is whole, as far as that is known already.
    fn begins_set(&self, at: usize) -> bool {
        let Delimiters { element, .. } = self.envelope.delimiters;
        self.envelope.level == Level::Group
            && self.text.get(at..at + 3) == Some([b'S', b'T', element].as_slice())
            && self.scratch.ends.knows_terminator(self.envelope.delimiters)
    }

    /// Takes the segments from `at` on that pass without a closer look.
    fn pass(&mut self, at: usize, draft: &mut Draft<'g>) -> Met {
        let under = match draft.layout {
            Some(set) if self.envelope.level == Level::Set => set.under(self.envelope.group.release),
            _ => SetRelease::NONE,
        };
        let Scratch { segments, ends, passed, .. } = &mut *self.scratch;
        let before = segments.len();
        let mut walk = Walk { at, lines: draft.lines };
        let met = pass::pass(self.text, self.envelope.delimiters, under, passed, ends, segments, &mut walk);
        let count = segments.len() - before;
        if count > 0 {
            self.envelope.set.segments += count as u64;
            draft.content.is_set = true;
            draft.content.has_segments = true;
        }
        if let [.., last] = segments.as_slice()
            && count > 0
        {
            draft.segments_end = ends.as_slice()[last.ends_to as usize - 1] as usize + 1;
        }
        draft.lines = walk.lines;
        met
    }

    /// A segment between ST and SE.
    fn member(&mut self, raw: RawSegment, present: u32, draft: &mut Draft<'g>) {
        let ends_from = raw.ends_from as usize;
        if raw.ends_to - raw.ends_from == 1 && self.scratch.ends.as_slice()[ends_from] == raw.start {
            // Nothing but a terminator.
            self.scratch.ends.truncate(ends_from);
            return;
        }
        draft.content.is_set = true;
        self.envelope.set.segments += 1;
        self.scratch.segments.push(raw);
        let Some(set) = draft.layout else { return };
        match self.grammar.x12.member(set, raw.key) {
            Some(layout) => {
                let release = self.envelope.group.release;
                let Scratch { ends, findings, passed, .. } = &mut *self.scratch;
                let segment = view(self.text, ends, self.envelope, self.origin, &raw);
                let under = (release, self.envelope.delimiters);
                if let Some(pass) = check::check(&segment, present, layout, under, findings) {
                    passed.note(set.under(release), raw.key, present, pass);
                }
            }
            None => self.foreign(set, raw.start as usize, ends_from),
        }
    }

    #[cold]
    fn foreign(&mut self, set: &SetLayout, start: usize, ends_from: usize) {
        if set.is_open {
            return;
        }
        let id = &self.text[start..self.scratch.ends.as_slice()[ends_from] as usize];
        let id = id[..id.len().min(12)].escape_ascii();
        let message = format!("set {} has no segment `{id}`; it is carried", set.id);
        self.report_at(UNKNOWN_SEGMENT, Grade::Warning, start, "AK304 1", message);
    }

    /// Adds what was read since the last message to the interchange's fingerprint.
    fn note_content(&mut self, end: usize, draft: &mut Draft<'g>) {
        if draft.content_from < end {
            let content = self.envelope.interchange.content;
            self.envelope.interchange.content = mix(content, &self.text[draft.content_from..end]);
            draft.content_from = end;
        }
    }

    fn done(mut self, len: usize, mut draft: Draft<'g>) -> Scan<'g> {
        if self.envelope.level != Level::Outside {
            self.note_content(draft.segments_end, &mut draft);
        }
        let lines = self.lines(len, &draft);
        let Flags { is_set, is_ta1, has_segments, opens_interchange, opens_group, closes_interchange } =
            draft.content;
        let content = Content {
            lines,
            is_set,
            name: draft.layout.map(|set| &*set.id),
            is_ta1,
            is_nothing: !has_segments && !opens_interchange,
            opens_interchange,
            opens_group,
            closes_interchange,
        };
        Scan::Done { len, content }
    }

    /// The lines of the message. They were counted between segments; if segments hold line ends, they are counted again
    /// with those.
    fn lines(&mut self, len: usize, draft: &Draft<'g>) -> u64 {
        if self.origin.wrap.is_some() {
            return 0;
        }
        let lines = line_feeds(&self.text[..len]);
        if lines != draft.lines as usize {
            let (mut from, mut line) = (0, 0);
            for segment in &mut self.scratch.segments {
                let start = segment.start as usize;
                line += memchr::memchr_iter(b'\n', &self.text[from..start]).count() as u32;
                segment.line = line;
                from = start;
            }
        }
        lines as u64
    }

    /// The text ends inside the message, and no more can be had: what is there is handed over.
    fn cut(mut self, end: usize, draft: Draft<'g>) -> Scan<'g> {
        let len = if end == 0 { self.text.len() } else { end };
        let message = "the message is too long to be kept whole; the rest is read as a message of its own";
        self.report_at(OVERLONG_MESSAGE, Grade::Warning, len, "TA1 024", message.to_owned());
        self.done(len, draft)
    }

    /// The file ends at `at`, or inside the segment that begins there.
    fn end(mut self, at: usize, first: bool, mut draft: Draft<'g>) -> Scan<'g> {
        let len = self.text.len();
        let mut truncated = false;
        if at < len && self.envelope.level != Level::Outside {
            truncated = self.last_words(at, &mut draft);
        }
        if first && !draft.content.has_segments && !draft.content.opens_interchange {
            let blank = self.text.iter().all(|byte| byte.is_ascii_whitespace());
            if blank {
                self.report_at(EMPTY, Grade::Error, 0, "", "the file is empty".to_owned());
            } else if self.scratch.findings.list.is_empty() {
                self.report_at(NOT_EDI, Grade::Error, 0, "", "no interchange begins in this file".to_owned());
            }
        }
        self.close_interchange(len, truncated);
        self.done(len, draft)
    }

    /// The last segment has no terminator. A trailer may have lost it on the way; anything else is cut off, and what
    /// is there of it is not taken for the whole.
    fn last_words(&mut self, at: usize, draft: &mut Draft<'g>) -> bool {
        let delimiters = self.envelope.delimiters;
        let mut whole = self.text[at..].trim_ascii_end().to_vec();
        whole.push(delimiters.segment);
        let ends_from = self.scratch.ends.len();
        let mut ends = Vec::new();
        if segment(delimiters, at as u32, &mut ends)(&whole).is_err() {
            return false;
        }
        self.scratch.ends.extend(ends);
        let raw = RawSegment {
            key: SegmentKey::of(&self.text[at..self.scratch.ends.as_slice()[ends_from] as usize]),
            start: at as u32,
            line: draft.lines,
            ends_from: ends_from as u32,
            ends_to: self.scratch.ends.len() as u32,
        };
        if raw.key == envelope::IEA
            && same_number(self.view(&raw).value(2), self.envelope.interchange.number.bytes())
        {
            self.report(TRUNCATED, Grade::Info, &raw, 0, "", "the last segment has no terminator".to_owned());
            self.interchange_trailer(raw, draft);
            draft.content.has_segments = true;
            return false;
        }
        let message = format!("the file ends inside the segment `{}`", self.shown_id(&raw));
        self.report(TRUNCATED, Grade::Error, &raw, 0, "TA1 023", message);
        self.scratch.ends.truncate(ends_from);
        draft.content.has_segments = true;
        true
    }

    fn view<'v>(&'v self, raw: &RawSegment) -> Segment<'v> {
        view(self.text, &self.scratch.ends, self.envelope, self.origin, raw)
    }

    /// The identifier, escaped and cut, for a message.
    fn shown_id(&self, raw: &RawSegment) -> String {
        let id = self.view(raw).id();
        id[..id.len().min(12)].escape_ascii().to_string()
    }

    /// Notes a finding at an element of the segment, or at its start when `element` is 0.
    fn report(
        &mut self,
        code: &'static str,
        grade: Grade,
        raw: &RawSegment,
        element: usize,
        x12: &'static str,
        message: impl Into<String>,
    ) {
        let segment = view(self.text, &self.scratch.ends, self.envelope, self.origin, raw);
        let (text, origin) = (self.text, self.origin);
        self.scratch.findings.push(|| {
            let place = match element {
                0 => origin.place(text, raw.start as usize),
                n => segment.element_place(n),
            };
            finding(code, grade, place, x12, message.into())
        });
    }

    fn report_at(&mut self, code: &'static str, grade: Grade, at: usize, x12: &'static str, message: String) {
        let (text, origin) = (self.text, self.origin);
        self.scratch.findings.push(|| finding(code, grade, origin.place(text, at), x12, message));
    }
}

/// True when the lists are as long as those of one message may be.
#[inline(always)]
fn is_full(segments: &[RawSegment], ends: &Ends) -> bool {
    segments.len() >= SEGMENTS_MAX || ends.len() >= ELEMENTS_MAX
}

/// True for the segments that open and close levels.
#[inline(always)]
fn is_control(key: SegmentKey) -> bool {
    matches!(key, envelope::GS | envelope::ST | envelope::SE | envelope::GE | envelope::IEA)
}

fn finding(
    code: &'static str,
    grade: Grade,
    place: crate::place::Place,
    x12: &'static str,
    message: String,
) -> Finding {
    let finding = Finding::new(code, grade, place, message);
    if x12.is_empty() { finding } else { finding.x12(x12) }
}

fn view<'v>(
    text: &'v [u8],
    ends: &'v Ends,
    envelope: &Envelope,
    origin: &'v Origin<'v>,
    raw: &RawSegment,
) -> Segment<'v> {
    Segment::new(text, ends.as_slice(), envelope.delimiters.component, origin, raw)
}
