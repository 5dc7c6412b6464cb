//! Holds segments against the rules of their release. What breaks a rule is reported and read all the same: a status
//! is evidence about goods that may be on hold.

use super::Findings;
use super::segment::Segment;
use super::value;
use crate::grammar::{ConditionKind, Release, Rules, SegmentKey, SegmentLayout};
use crate::place::finding_code::{BAD_DATE, BAD_ELEMENT, MISSING_FIELD};
use crate::place::{Finding, Grade};

/// Which elements were there when a segment last passed. Segments of one kind are alike, so most need no second look.
#[derive(Debug)]
pub(super) struct Passed([(SegmentKey, Release, u32); 64]);

impl Default for Passed {
    fn default() -> Self {
        Self([(SegmentKey::UNKNOWN, Release::default(), 0); 64])
    }
}

/// `present` has a bit for each element that is not empty.
pub(super) fn check(
    segment: &Segment<'_>,
    present: u32,
    layout: &SegmentLayout,
    release: Release,
    passed: &mut Passed,
    findings: &mut Findings,
) {
    let Some(rules) = layout.rules(release) else { return };
    if rules.last == 0 {
        return;
    }
    let this = (segment.key(), release, present);
    let known = &mut passed.0[this.0.slot() ^ (present.wrapping_mul(0x9E37_79B1) >> 26) as usize];
    if *known != this {
        let broken = rules.conditions.iter().any(|condition| condition.is_broken_by(present));
        if broken || rules.mandatory & !present != 0 {
            absences(segment, layout, rules, present, findings);
        } else {
            *known = this;
        }
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
