//! Holds segments against the rules of their release. What breaks a rule is reported and read all the same: a status
//! is evidence about goods that may be on hold.

use super::Findings;
use super::segment::Segment;
use super::value;
use crate::grammar::{ConditionKind, Release, Rules, SegmentKey, SegmentLayout, SetRelease};
use crate::place::finding_code::{BAD_DATE, BAD_ELEMENT, MISSING_FIELD};
use crate::place::{Finding, Grade};

/// What is left to look at in a segment of one kind in which certain elements are there, when its kind and its
/// elements keep the rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    /// A bit for each element that is there and must be a date, or a time.
    dates: u32,
    times: u32,
    /// How many ends there may be: the identifier's and one for each element.
    ends_max: usize,
}

impl Pass {
    /// True when dates and times are written as nearly everybody writes them, and no element is too many. A segment
    /// of which this is false may be as good.
    #[inline(always)]
    pub fn holds(&self, text: &[u8], ends: &[u32]) -> bool {
        all_hold(self.dates, text, ends, value::is_date)
            && all_hold(self.times, text, ends, value::is_time)
            && ends.len() <= self.ends_max
    }
}

#[inline(always)]
fn all_hold(mut elements: u32, text: &[u8], ends: &[u32], is_good: impl Fn(&[u8]) -> bool) -> bool {
    while elements != 0 {
        let before = elements.trailing_zeros() as usize;
        let Some(&[before, end]) = ends.get(before..before + 2) else { return false };
        if !text.get(before as usize + 1..end as usize).is_some_and(&is_good) {
            return false;
        }
        elements &= elements - 1;
    }
    true
}

/// The segments that passed last, by kind and by which elements were there. Segments of one kind are alike, so most
/// need no second look at the tables.
#[derive(Debug)]
pub(super) struct Passed([(SetRelease, u64, Pass); PASSED]);

const PASSED: usize = 64;

impl Default for Passed {
    fn default() -> Self {
        Self([(SetRelease::NONE, u64::MAX, Pass { dates: 0, times: 0, ends_max: 0 }); PASSED])
    }
}

impl Passed {
    #[inline(always)]
    fn slot(key: SegmentKey, present: u32) -> (usize, u64) {
        let this = u64::from(key.number()) << 32 | u64::from(present);
        ((this.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize % PASSED, this)
    }

    /// `present` has a bit for each element that is not empty.
    #[inline(always)]
    pub fn find(&self, under: SetRelease, key: SegmentKey, present: u32) -> Option<&Pass> {
        let (slot, this) = Self::slot(key, present);
        let (known_under, known, pass) = &self.0[slot];
        (*known == this && *known_under == under).then_some(pass)
    }

    pub fn note(&mut self, under: SetRelease, key: SegmentKey, present: u32, pass: Pass) {
        let (slot, this) = Self::slot(key, present);
        self.0[slot] = (under, this, pass);
    }
}

/// `present` has a bit for each element that is not empty. Answers what is left to look at in further segments of this
/// kind with the same elements; `None` when even their elements break the rules.
pub(super) fn check(
    segment: &Segment<'_>,
    present: u32,
    layout: &SegmentLayout,
    release: Release,
    findings: &mut Findings,
) -> Option<Pass> {
    let rules = layout.rules(release).filter(|rules| rules.last > 0);
    let Some(rules) = rules else { return Some(Pass { dates: 0, times: 0, ends_max: usize::MAX }) };
    let broken = rules.conditions.iter().any(|condition| condition.is_broken_by(present))
        || rules.mandatory & !present != 0;
    if broken {
        absences(segment, layout, rules, present, findings);
    }
    let mut timed = present & (rules.dates | rules.times);
    while timed != 0 {
        let n = timed.trailing_zeros() as usize + 1;
        let is_date = rules.dates & timed & timed.wrapping_neg() != 0;
        timed &= timed - 1;
        let text = segment.value(n);
        let good = if is_date {
            value::is_date(text) || release.short_dates && value::short_date(text).is_some()
        } else {
            value::time(text).is_some()
        };
        if !good {
            bad_time(segment, layout, n, is_date, findings);
        }
    }
    if segment.len() > layout.elements.len() {
        surplus(segment, layout, findings);
    }
    let pass = Pass {
        dates: present & rules.dates,
        times: present & rules.times,
        ends_max: layout.elements.len() + 1,
    };
    (!broken).then_some(pass)
}

/// `X404`, and the name that the tables give it.
fn named(layout: &SegmentLayout, n: usize) -> String {
    let name = layout.elements.get(n - 1).map_or("", |element| &element.name);
    format!("{}{n:02} ({})", layout.id, name.replace('_', " "))
}

#[cold]
fn absences(
    segment: &Segment<'_>,
    layout: &SegmentLayout,
    rules: &Rules,
    present: u32,
    findings: &mut Findings,
) {
    for n in (1..=layout.elements.len()).filter(|n| rules.mandatory & !present & (1 << (n - 1)) != 0) {
        findings.push(|| {
            let message = format!("{} is mandatory and not there", named(layout, n));
            Finding::new(MISSING_FIELD, Grade::Warning, segment.element_place(n), message).x12("AK403 1")
        });
    }
    for condition in rules.conditions.iter().filter(|condition| condition.is_broken_by(present)) {
        findings.push(|| {
            let n = condition.culprit(present);
            let (what, code) = match condition.kind {
                ConditionKind::Exclusion => ("may not stand beside the others that are there", "AK403 10"),
                _ => ("is wanted because of the others that are there, and is not there", "AK403 2"),
            };
            let message = format!("{} {what}", named(layout, n));
            Finding::new(BAD_ELEMENT, Grade::Warning, segment.element_place(n), message).x12(code)
        });
    }
}

#[cold]
fn bad_time(segment: &Segment<'_>, layout: &SegmentLayout, n: usize, is_date: bool, findings: &mut Findings) {
    let (what, code) = if is_date { ("date", "AK403 8") } else { ("time", "AK403 9") };
    findings.push(|| {
        let text = segment.value(n);
        let shown = &text[..text.len().min(12)];
        let message = format!("{}: `{}` is no {what}", named(layout, n), shown.escape_ascii());
        Finding::new(BAD_DATE, Grade::Warning, segment.element_place(n), message).x12(code)
    });
}

/// Elements behind the last one that any release has.
fn surplus(segment: &Segment<'_>, layout: &SegmentLayout, findings: &mut Findings) {
    let first = layout.elements.len() + 1;
    if (first..=segment.len()).any(|n| !segment.value(n).is_empty()) {
        findings.push(|| {
            let message = format!("{} has more than {} elements", layout.id, layout.elements.len());
            Finding::new(BAD_ELEMENT, Grade::Info, segment.element_place(first), message).x12("AK403 3")
        });
    }
}
