//! Holds segments against the rules of their release. What breaks a rule is reported and read all the same: a status
//! is evidence about goods that may be on hold.

use wide::i32x4;

use super::Findings;
use super::delimiters::Delimiters;
use super::ends::Ends;
use super::segment::Segment;
use super::value;
use crate::decode::digits;
use crate::grammar::{ConditionKind, Release, Rules, SegmentKey, SegmentLayout, SetRelease, WIDTHS, Widths};
use crate::place::finding_code::{BAD_DATE, BAD_ELEMENT, MISSING_FIELD};
use crate::place::{Finding, Grade};
use crate::words::count;

/// What is left to look at in a segment of one kind in which certain elements are there, when its kind and its
/// elements keep the rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass<'g> {
    /// A bit for each element that is there and must be a date, or a time.
    dates: u32,
    times: u32,
    /// The same for numbers without and with a decimal point.
    wholes: u32,
    decimals: u32,
    /// How long elements may be.
    widths: &'g [Widths],
    /// How many ends there may be: the identifier's and one for each element.
    ends_max: usize,
}

impl<'g> Pass<'g> {
    const EMPTY: Pass<'static> =
        Pass { dates: 0, times: 0, wholes: 0, decimals: 0, widths: &[], ends_max: usize::MAX };

    fn of(rules: &'g Rules, layout: &SegmentLayout, present: u32) -> Self {
        // Blocks in which nothing is there need no look.
        let blocks = (u32::BITS - present.leading_zeros()).div_ceil(WIDTHS as u32) as usize;
        let widths = rules.widths();
        Self {
            dates: present & rules.dates,
            times: present & rules.times,
            wholes: present & rules.wholes,
            decimals: present & rules.decimals,
            widths: &widths[..blocks.min(widths.len())],
            ends_max: layout.elements.len() + 1,
        }
    }

    /// True when dates, times and numbers are written as nearly everybody writes them, no element is too short or too
    /// long, and none too many. A segment of which this is false may be as good.
    ///
    /// Its ends are the last of the list, from `from` on; `present` has a bit for each element that is not empty.
    #[inline(always)]
    pub fn holds(&self, text: &[u8], list: &Ends, from: usize, present: u32) -> bool {
        let ends = &list.as_slice()[from..];
        all_hold(self.dates, text, ends, value::is_date)
            && all_hold(self.times, text, ends, value::is_time)
            && all_hold(self.wholes, text, ends, digits::are_digits)
            && all_hold(self.decimals, text, ends, value::is_decimal)
            && ends.len() <= self.ends_max
            && all_fit(self.widths, list, from, present)
    }
}

/// True when every element that is there is as long as it may be.
#[inline(always)]
fn all_fit(widths: &[Widths], list: &Ends, from: usize, present: u32) -> bool {
    widths.iter().enumerate().all(|(block, widths)| {
        let at = block * WIDTHS;
        list.stretch(from + at).is_some_and(|ends| misfits(ends, widths) & (present >> at) == 0)
    })
}

/// A bit for each of eight elements that is too short or too long. What stands behind the last element may be any.
#[inline(always)]
fn misfits(ends: &[u32; WIDTHS + 1], Widths { least, most }: &Widths) -> u32 {
    let (befores, _) = ends.as_chunks::<4>();
    let (afters, _) = ends[1..].as_chunks::<4>();
    let (least, _) = least.as_chunks::<4>();
    let (most, _) = most.as_chunks::<4>();
    let mut found = 0;
    for at in 0..WIDTHS / 4 {
        let width = signed(&afters[at]) - signed(&befores[at]);
        let is_short = width.simd_lt(i32x4::new(least[at]));
        let is_long = width.simd_gt(i32x4::new(most[at]));
        found |= (is_short | is_long).to_bitmask() << (4 * at);
    }
    found
}

#[inline(always)]
fn signed(ends: &[u32; 4]) -> i32x4 {
    i32x4::new(ends.map(u32::cast_signed))
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
pub(super) struct Passed<'g>([(SetRelease, u64, Pass<'g>); PASSED]);

const PASSED: usize = 64;

impl Default for Passed<'_> {
    fn default() -> Self {
        Self([(SetRelease::NONE, u64::MAX, Pass::EMPTY); PASSED])
    }
}

impl<'g> Passed<'g> {
    #[inline(always)]
    fn slot(key: SegmentKey, present: u32) -> (usize, u64) {
        let this = u64::from(key.number()) << 32 | u64::from(present);
        ((this.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize % PASSED, this)
    }

    /// `present` has a bit for each element that is not empty.
    #[inline(always)]
    pub fn find(&self, under: SetRelease, key: SegmentKey, present: u32) -> Option<&Pass<'g>> {
        let (slot, this) = Self::slot(key, present);
        let (known_under, known, pass) = &self.0[slot];
        (*known == this && *known_under == under).then_some(pass)
    }

    pub fn note(&mut self, under: SetRelease, key: SegmentKey, present: u32, pass: Pass<'g>) {
        let (slot, this) = Self::slot(key, present);
        self.0[slot] = (under, this, pass);
    }
}

/// `present` has a bit for each element that is not empty. Answers what is left to look at in further segments of this
/// kind with the same elements; `None` when even their elements break the rules.
pub(super) fn check<'g>(
    segment: &Segment<'_>,
    present: u32,
    layout: &'g SegmentLayout,
    (release, delimiters): (Release, Delimiters),
    findings: &mut Findings,
) -> Option<Pass<'g>> {
    let rules = layout.rules(release).filter(|rules| rules.last > 0);
    let Some(rules) = rules else { return Some(Pass::EMPTY) };
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
    values(segment, layout, rules, present, delimiters, findings);
    if segment.len() > layout.elements.len() {
        surplus(segment, layout, findings);
    }
    (!broken).then(|| Pass::of(rules, layout, present))
}

/// Lengths, and what numbers are made of. What [`Pass::holds`] lets through is no fault here, so that it does not matter which
/// of the two looks.
fn values(
    segment: &Segment<'_>,
    layout: &SegmentLayout,
    rules: &Rules,
    present: u32,
    delimiters: Delimiters,
    findings: &mut Findings,
) {
    let mut left = present;
    while left != 0 {
        let n = left.trailing_zeros() as usize + 1;
        let bit = left & left.wrapping_neg();
        left &= left - 1;
        let sent = segment.element(n);
        let is_number = (rules.wholes | rules.decimals) & bit != 0;
        let is_good = match segment.value(n) {
            b"" => true,
            _ if !is_number || delimiters.is_joined(sent) => true,
            number if rules.wholes & bit != 0 => value::is_whole(number),
            number => value::is_decimal(number),
        };
        if !is_good {
            bad_number(segment, layout, n, findings);
        } else if let Some((shortest, longest)) = rules.length(n)
            && !(shortest..=longest).contains(&sent.len())
        {
            for part in delimiters.repetitions(sent) {
                let length = value::length(part, is_number);
                if !part.trim_ascii().is_empty() && !(shortest..=longest).contains(&length) {
                    bad_length(segment, layout, (n, length), (shortest, longest), findings);
                    break;
                }
            }
        }
    }
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

#[cold]
fn bad_number(segment: &Segment<'_>, layout: &SegmentLayout, n: usize, findings: &mut Findings) {
    findings.push(|| {
        let text = segment.value(n);
        let shown = &text[..text.len().min(12)];
        let message = format!("{}: `{}` is no number", named(layout, n), shown.escape_ascii());
        Finding::new(BAD_ELEMENT, Grade::Warning, segment.element_place(n), message).x12("AK403 6")
    });
}

#[cold]
fn bad_length(
    segment: &Segment<'_>,
    layout: &SegmentLayout,
    (n, length): (usize, usize),
    (shortest, longest): (usize, usize),
    findings: &mut Findings,
) {
    findings.push(|| {
        let (wanted, code) = match length < shortest {
            true => (format!("at least {shortest} are wanted"), "AK403 4"),
            false => (format!("at most {longest} are allowed"), "AK403 5"),
        };
        let message = format!("{} has {}, and {wanted}", named(layout, n), count(length as u64, "character"));
        Finding::new(BAD_ELEMENT, Grade::Warning, segment.element_place(n), message).x12(code)
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
