//! Values that several families read, and what is said when they are wrong.

use super::NoticeSink;
use crate::decode::x12::{Segment, value};
use crate::ident::EntryNumber;
use crate::notice::{EventTime, Token};
use crate::place::finding_code::{BAD_NUMBER, CHECK_DIGIT, UNKNOWN_CODE};
use crate::place::{Finding, Grade};

/// A date that cannot be read leaves the time unknown; a time that cannot be read leaves the date.
pub(super) fn event_time(segment: &Segment<'_>, date: usize, time: usize) -> Option<EventTime> {
    event_time_here(segment, date, time)
}

/// The same where a call for each notice would be felt.
#[inline(always)]
pub(super) fn event_time_here(segment: &Segment<'_>, date: usize, time: usize) -> Option<EventTime> {
    let text = segment.value(date);
    let date = match value::date(text) {
        Some(date) => date,
        None => value::short_date(text)?,
    };
    Some(EventTime { date, time: value::time(segment.value(time)) })
}

/// The equipment that a line is limited to.
pub(super) fn container(initial: &[u8], number: &[u8]) -> Option<Token> {
    if number.is_empty() {
        return None;
    }
    Token::joined(initial, number)
}

#[inline]
pub(super) fn check_digit(
    entry: EntryNumber,
    segment: &Segment<'_>,
    element: usize,
    sink: &mut dyn NoticeSink,
) {
    let offset = entry.check_digit_offset();
    if offset != 0 {
        wrong_check_digit(entry, offset, segment, element, sink);
    }
}

#[cold]
fn wrong_check_digit(
    entry: EntryNumber,
    offset: u8,
    segment: &Segment<'_>,
    element: usize,
    sink: &mut dyn NoticeSink,
) {
    let message = format!("the check digit of {entry} is {offset} more than its rule gives (modulo 10)");
    sink.finding(Finding::new(CHECK_DIGIT, Grade::Warning, segment.element_place(element), message));
}

pub(super) fn not_an_entry(segment: &Segment<'_>, element: usize, sink: &mut dyn NoticeSink) {
    let value = segment.value(element);
    let shown = value[..value.len().min(20)].escape_ascii();
    let message = format!("`{shown}` is no entry number");
    sink.finding(
        Finding::new(BAD_NUMBER, Grade::Warning, segment.element_place(element), message).x12("AK403 6"),
    );
}

pub(super) fn unknown_code(segment: &Segment<'_>, element: usize, what: &str, sink: &mut dyn NoticeSink) {
    let value = segment.value(element);
    if value.is_empty() {
        // A mandatory code that is missing was reported when the segment was checked.
        return;
    }
    let shown = value[..value.len().min(12)].escape_ascii();
    let message = format!("the {what} code `{shown}` is in no table");
    let finding = Finding::new(UNKNOWN_CODE, Grade::Warning, segment.element_place(element), message);
    sink.finding(finding.x12("AK403 7"));
}
