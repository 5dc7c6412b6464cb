//! X12 segments, their elements, and the sets that hold them.
//!
//! The envelope (ISA to IEA) is not here: it is the frame in which everything else is found, and its positions are
//! the standard's own. See `decode::x12`.

mod file;
mod rules;

use std::collections::BTreeMap;

pub use rules::{Condition, ConditionKind, Rules, WIDTHS, Widths};

use super::{GrammarError, Sources};

/// The most elements that one segment may have; rules keep one bit for each.
pub const ELEMENTS_MAX: usize = 32;

/// The most segments that one set may list.
const MEMBERS_MAX: usize = 48;

const SLOTS: usize = 64;

/// A segment identifier, packed so that comparing two is comparing numbers. Longer ones than four bytes are all
/// unknown, and equal to none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SegmentKey(u32);

impl SegmentKey {
    pub const UNKNOWN: Self = Self(0);

    pub const fn of(id: &[u8]) -> Self {
        match *id {
            [a, b] => Self(u32::from_le_bytes([a, b, 0, 0])),
            [a, b, c] => Self(u32::from_le_bytes([a, b, c, 0])),
            [a, b, c, d] => Self(u32::from_le_bytes([a, b, c, d])),
            [a] => Self(u32::from_le_bytes([a, 0, 0, 0])),
            _ => Self::UNKNOWN,
        }
    }

    /// The same for an identifier of `len` bytes at the start of `bytes`, without looking at each length apart.
    #[inline(always)]
    pub fn at_start(bytes: [u8; 4], len: usize) -> Self {
        const MASKS: [u32; 8] = [0, 0xFF, 0xFFFF, 0xFF_FFFF, u32::MAX, 0, 0, 0];
        Self(u32::from_le_bytes(bytes) & MASKS[len.min(5)])
    }

    #[inline(always)]
    pub fn number(self) -> u32 {
        self.0
    }

    /// A number below 64 that spreads the identifiers.
    #[inline]
    pub fn slot(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> 26) as usize
    }
}

/// Everything in `grammars/x12`.
#[derive(Debug, Default)]
pub struct X12Grammar {
    /// Ascending: `004010`, `004060` and so on. One between two of them has what both allow.
    releases: Vec<[u8; 6]>,
    segments: Vec<SegmentLayout>,
    sets: Vec<SetLayout>,
}

/// One segment.
#[derive(Debug)]
pub struct SegmentLayout {
    pub id: Box<str>,
    pub title: Box<str>,
    /// In the order of their positions, from 1 without gaps.
    pub elements: Vec<ElementLayout>,
    /// By [`Release`].
    rules: Vec<Rules>,
    line: usize,
}

/// One element.
#[derive(Debug)]
pub struct ElementLayout {
    pub name: Box<str>,
    /// The data element's number in the dictionary.
    pub de: Box<str>,
    pub class: ElementClass,
}

/// The data classes of X12.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElementClass {
    Text,
    Code,
    Date,
    Time,
    Whole,
    Decimal,
    Composite,
}

/// One transaction set: which segments it may hold.
#[derive(Debug)]
pub struct SetLayout {
    pub id: Box<str>,
    pub title: Box<str>,
    /// The GS01 codes that senders use for it.
    pub groups: Vec<Box<str>>,
    /// Segments that are not listed are carried without a finding.
    pub is_open: bool,
    members: Members,
    /// The identifier, packed as those of segments are.
    key: SegmentKey,
    /// From 1, each set's own.
    number: u16,
}

/// A set in a release, in one number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetRelease(u32);

impl SetRelease {
    /// No set of the tables.
    pub const NONE: Self = Self(0);
}

impl SetLayout {
    /// The set with the rules of this release.
    #[inline]
    pub fn under(&self, release: Release) -> SetRelease {
        SetRelease(u32::from_le_bytes([
            self.number as u8,
            (self.number >> 8) as u8,
            release.index,
            u8::from(release.short_dates),
        ]))
    }
}

/// An open-addressed table from key to segment; a set has at most [`MEMBERS_MAX`] of [`SLOTS`].
#[derive(Debug)]
struct Members([(SegmentKey, u16); SLOTS]);

impl Members {
    fn insert(&mut self, key: SegmentKey, segment: u16) {
        let mut slot = key.slot();
        while self.0[slot].0 != SegmentKey::UNKNOWN {
            slot = (slot + 1) % SLOTS;
        }
        self.0[slot] = (key, segment);
    }

    #[inline]
    fn get(&self, key: SegmentKey) -> Option<u16> {
        let mut slot = key.slot();
        loop {
            let (found, segment) = self.0[slot];
            if found == key && key != SegmentKey::UNKNOWN {
                return Some(segment);
            }
            if found == SegmentKey::UNKNOWN {
                return None;
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

impl X12Grammar {
    /// Reads and audits `x12/segments.toml` and one file for each set.
    ///
    /// # Errors
    /// Every fault at once, with its place.
    pub fn parse(sources: &Sources) -> Result<Self, Vec<GrammarError>> {
        file::parse(sources)
    }

    /// The set with this ST01, when it is one that entrywatch reads.
    pub fn set(&self, id: &[u8]) -> Option<&SetLayout> {
        // Nearly all differ in the number already, which is compared sooner than the text.
        let key = SegmentKey::of(id);
        self.sets.iter().find(|set| set.key == key && (key != SegmentKey::UNKNOWN || set.id.as_bytes() == id))
    }

    pub fn sets(&self) -> impl Iterator<Item = &SetLayout> {
        self.sets.iter()
    }

    /// Releases that the tables tell apart, by their six digits.
    pub fn releases(&self) -> impl Iterator<Item = (&str, Release)> {
        (0..).zip(&self.releases).map(move |(at, digits): (u8, _)| {
            let name = std::str::from_utf8(digits).unwrap_or_default();
            (name, Release { index: Release::exactly(at), short_dates: *digits < *b"004010" })
        })
    }

    pub fn segments(&self) -> impl Iterator<Item = &SegmentLayout> {
        self.segments.iter()
    }

    pub fn segment(&self, id: &str) -> Option<&SegmentLayout> {
        self.segments.iter().find(|segment| &*segment.id == id)
    }

    /// The 1-based position of an element by its names.
    ///
    /// # Errors
    /// Names what is missing, at the place where it should stand.
    pub fn element(&self, segment: &str, name: &str) -> Result<usize, GrammarError> {
        let fault = |line, message| GrammarError::new(file::SEGMENTS, line, 1, message);
        let layout = self
            .segment(segment)
            .ok_or_else(|| fault(1, format!("the segment `{segment}` is missing, and it is read")))?;
        match layout.elements.iter().position(|element| &*element.name == name) {
            Some(at) => Ok(at + 1),
            None => Err(fault(
                layout.line,
                format!("the segment `{segment}` has no element named `{name}`, and it is read"),
            )),
        }
    }

    /// Which rules apply to a GS08; `None` when it does not begin with six digits.
    pub fn release(&self, gs08: &[u8]) -> Option<Release> {
        let wanted: [u8; 6] = gs08.get(..6)?.try_into().ok()?;
        if !wanted.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let index = match self.releases.binary_search(&wanted) {
            Ok(at) => Release::exactly(at as u8),
            // Behind the one before it, or before all of them.
            Err(after) => (after as u8) * 2,
        };
        Some(Release { index, short_dates: wanted < *b"004010" })
    }

    /// The layout of a segment in a set; `None` when the set may not hold it.
    #[inline]
    pub fn member(&self, set: &SetLayout, key: SegmentKey) -> Option<&SegmentLayout> {
        set.members.get(key).map(|at| &self.segments[usize::from(at)])
    }
}

impl SegmentLayout {
    #[inline]
    pub fn rules(&self, release: Release) -> Option<&Rules> {
        self.rules.get(usize::from(release.index))
    }
}

/// A release of the standard as far as the tables tell releases apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Release {
    /// Which rules: 0 before all releases of the tables, then one for each release and one for what lies behind it.
    index: u8,
    /// Before 004010 dates have six digits.
    pub short_dates: bool,
}

impl Release {
    /// The index of the release that stands at this place of the tables.
    const fn exactly(at: u8) -> u8 {
        at * 2 + 1
    }
}

/// Names to positions, for the messages of the audit.
type Names = BTreeMap<Box<str>, usize>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;

    #[test]
    fn the_embedded_tables_say_what_the_dictionary_says() {
        let grammar = Grammar::embedded();
        let x12 = &grammar.x12;
        assert_eq!(x12.element("X4", "disposition").ok(), Some(7));
        assert_eq!(x12.element("X4", "entry_number").ok(), Some(4));
        assert_eq!(x12.element("OTI", "verdict").ok(), Some(1));
        let set = x12.set(b"350").expect("350 is read");
        assert!(x12.member(set, SegmentKey::of(b"X4")).is_some());
        assert!(x12.member(set, SegmentKey::of(b"TED")).is_none());
        assert!(x12.member(set, SegmentKey::UNKNOWN).is_none());
        assert!(x12.set(b"204").is_none());
        let error = x12.element("X4", "colour").expect_err("no such element");
        assert!(error.to_string().contains("no element named `colour`"), "{error}");
    }

    #[test]
    fn keys_are_the_same_however_they_are_made() {
        for len in 0..=4 {
            assert_eq!(SegmentKey::at_start(*b"TA1*", len), SegmentKey::of(&b"TA1*"[..len]));
        }
        assert_eq!(SegmentKey::at_start(*b"TA1*", 5), SegmentKey::of(b"TA1*0"));
    }

    #[test]
    fn a_release_has_the_rules_of_the_nearest_one_before_it() {
        let grammar = Grammar::embedded();
        let rules = |gs08: &str| {
            let release = grammar.x12.release(gs08.as_bytes())?;
            grammar.x12.segment("M10")?.rules(release)
        };
        let carrier = 1 << 0;
        assert_eq!(rules("004010").map(|rules| rules.mandatory & carrier), Some(carrier));
        assert_eq!(rules("005010X231").map(|rules| rules.mandatory & carrier), Some(carrier));
        assert_eq!(rules("007010").map(|rules| rules.mandatory & carrier), Some(0));
        assert_eq!(
            rules("005050").map(|rules| rules.mandatory & carrier),
            Some(0),
            "one of the two lets it out"
        );
        assert_eq!(rules("003020").map(|rules| rules.mandatory & carrier), Some(carrier));
        let voyage = |gs08: &str| rules(gs08).and_then(|rules| rules.length(6));
        assert_eq!(voyage("005010"), Some((2, 10)));
        assert_eq!(voyage("005050"), Some((2, 30)), "what the next one allows");
        assert_eq!(voyage("006050"), Some((2, 30)));
        assert_eq!(voyage("007010"), Some((2, i32::MAX as usize - 1)), "no table says how long");
        assert_eq!(voyage("003020"), None);
        assert!(grammar.x12.release(b"3040").is_none());
        assert_eq!(grammar.x12.release(b"003040").map(|release| release.short_dates), Some(true));
    }
}
