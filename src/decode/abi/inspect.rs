//! What is wrong with a record, judged by its layout: bytes that a class forbids, impossible dates, blanks.

use super::moment;
use crate::decode::FINDINGS_MAX;
use crate::grammar::abi::{Application, Class, Field, Filled, MomentAt, RECORD_WIDTH, RecordLayout};
use crate::place::{Finding, Grade, Place, finding_code};

/// A stretch that should be blank is not.
pub const UNEXPECTED_DATA: &str = "unexpected-data";

/// Quoted bytes of the input are cut at this length.
const QUOTE_BYTES_MAX: usize = 20;

/// The findings of one message, at most [`FINDINGS_MAX`]; the rest is counted.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    more: u64,
}

impl Findings {
    pub fn push(&mut self, code: &'static str, severity: Grade, place: Place, message: impl Into<String>) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(Finding::new(code, severity, place, message));
        } else {
            self.more += 1;
        }
    }

    pub fn clear(&mut self) {
        self.list.clear();
        self.more = 0;
    }

    /// The list, closed by the count of what was left out.
    pub fn close(&mut self, place: Place) -> &[Finding] {
        if self.more > 0 {
            let message = format!("{} more findings of this message are not listed", self.more);
            self.list.push(Finding::new(UNEXPECTED_DATA, Grade::Warning, place, message));
            self.more = 0;
        }
        &self.list
    }
}

/// The layout of a record, and whose record it is: one that repeats another application's may have signs that this one has not.
#[derive(Clone, Copy)]
pub struct Described<'g> {
    pub layout: &'g RecordLayout,
    pub application: Option<&'g Application>,
}

impl Described<'_> {
    fn has_signs(self) -> bool {
        self.application.is_some_and(|application| application.is_signed_echo(self.layout))
    }
}

/// Looks over one record. `bytes` is at most 80 long; what it lacks is blank.
#[inline]
pub fn record(bytes: &[u8], described: Described<'_>, place: Place, findings: &mut Findings) {
    let layout = described.layout;
    let mut padded;
    let full: &[u8; RECORD_WIDTH] = match bytes.try_into() {
        Ok(full) => full,
        Err(_) => {
            padded = [b' '; RECORD_WIDTH];
            let len = bytes.len().min(RECORD_WIDTH);
            padded[..len].copy_from_slice(&bytes[..len]);
            &padded
        }
    };
    let seen = Seen { is_odd: layout.is_odd(full), filled: Filled::of_full(full) };
    full_record(full, bytes, described, seen, place, findings);
}

/// What one look at all columns of a record shows.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// See [`RecordLayout::is_odd`].
    pub is_odd: bool,
    pub filled: Filled,
}

/// The same for a record that was looked at; `full` is `bytes` with the blanks that it lacks.
#[inline(always)]
pub fn full_record(
    full: &[u8; RECORD_WIDTH],
    bytes: &[u8],
    described: Described<'_>,
    seen: Seen,
    place: Place,
    findings: &mut Findings,
) {
    let layout = described.layout;
    if (seen.is_odd || !layout.is_filled(seen.filled)) && odd(full, bytes, described, place, findings) {
        return;
    }
    for moment in layout.moments() {
        if !moment.is_plain(full) {
            rare_moment(full, layout, moment, place, findings);
        }
    }
}

/// True when the record holds a sentence in place of its fields.
#[cold]
fn odd(
    full: &[u8; RECORD_WIDTH],
    bytes: &[u8],
    described: Described<'_>,
    place: Place,
    findings: &mut Findings,
) -> bool {
    let says_nothing = says_nothing(bytes);
    if says_nothing {
        characters(bytes, place, findings);
    } else {
        fields(full, bytes, described, place, findings);
    }
    says_nothing
}

/// A date or time that a quick look does not settle.
#[inline(never)]
fn rare_moment(
    full: &[u8; RECORD_WIDTH],
    layout: &RecordLayout,
    moment: &MomentAt,
    place: Place,
    findings: &mut Findings,
) {
    let field = moment.at.raw(full);
    if !moment::is_readable(field, moment.format) {
        unreadable_moment(layout, moment.at.start, field, place, findings);
    }
}

/// A query answer without bonds, bills or collections says so in a sentence, which runs across the fields of the record
/// (EQ/ER chapter, records JI, JK, JL, JN).
#[cold]
pub fn says_nothing(record: &[u8]) -> bool {
    let sentence: &[u8] = match record {
        [b'J', b'I', ..] => b"NO BOND ON FILE",
        [b'J', b'K' | b'N', ..] => b"BILLING DATA NOT ON FILE",
        [b'J', b'L', ..] => b"COLLECTION DATA NOT ON FILE",
        _ => return false,
    };
    record.windows(sentence.len()).any(|stretch| stretch == sentence)
}

fn in_column(place: Place, start: u8) -> Place {
    Place { column: Some(u32::from(start) + 1), ..place }
}

#[cold]
fn fields(
    full: &[u8; RECORD_WIDTH],
    bytes: &[u8],
    described: Described<'_>,
    place: Place,
    findings: &mut Findings,
) {
    let (layout, has_signs) = (described.layout, described.has_signs());
    characters(bytes, place, findings);
    for at in layout.demanded().iter().filter(|at| at.of(full).is_empty()) {
        missing(layout, at.start, place, findings);
    }
    for field in &layout.fields {
        let bytes = field.at.raw(full);
        if field.is_filler() {
            if let Some(at) = bytes.iter().position(|&byte| byte != b' ') {
                let place = in_column(place, field.at.start + at as u8);
                let message = match may_hold_password(layout, field) {
                    true => format!("{} should be blank here and holds something", layout.id),
                    false => format!("{} should be blank here and holds `{}`", layout.id, quote(bytes)),
                };
                findings.push(UNEXPECTED_DATA, Grade::Info, place, message);
            }
        } else if field.format.is_none() && !is_number(field, bytes, has_signs) {
            let message = format!("{} of {} is no number: `{}`", field.name, layout.id, quote(bytes));
            findings.push(
                finding_code::BAD_NUMBER,
                Grade::Warning,
                in_column(place, field.at.start),
                message,
            );
        }
    }
}

/// The sender's password stands in columns 9 to 14 of what goes to CBP, and now and then of what comes back (control
/// chapter, records A and Z). It is never quoted.
fn may_hold_password(layout: &RecordLayout, field: &Field) -> bool {
    matches!(&*layout.id, "A" | "Z") && field.at.start < 14
}

/// Digits with blanks around them, and a minus directly before the first one where the field may be negative, or where the
/// message has signs and the field is an amount; what is no number passes.
fn is_number(field: &Field, bytes: &[u8], has_signs: bool) -> bool {
    if !field.is_number() {
        return true;
    }
    let number = bytes.trim_ascii();
    let may_be_negative = field.signed || has_signs && (field.class == Class::Sn || field.decimals > 0);
    let digits = match number.strip_prefix(b"-") {
        Some(digits) if may_be_negative && !digits.is_empty() => digits,
        _ => number,
    };
    digits.iter().all(u8::is_ascii_digit)
}

#[cold]
fn missing(layout: &RecordLayout, start: u8, place: Place, findings: &mut Findings) {
    let name = layout.field_at(usize::from(start)).map_or("a field", |field| &*field.name);
    let message = format!("{name} of {} is mandatory and blank", layout.id);
    findings.push(finding_code::MISSING_FIELD, Grade::Info, in_column(place, start), message);
}

#[cold]
fn unreadable_moment(layout: &RecordLayout, start: u8, bytes: &[u8], place: Place, findings: &mut Findings) {
    let name = layout.field_at(usize::from(start)).map_or("a date", |field| &*field.name);
    let message = format!("{name} of {} is no date or time: `{}`", layout.id, quote(bytes));
    findings.push(finding_code::BAD_DATE, Grade::Warning, in_column(place, start), message);
}

/// Control characters, and bytes above 126, which are read as Latin-1.
#[cold]
pub fn characters(bytes: &[u8], place: Place, findings: &mut Findings) {
    let control = bytes.iter().position(|&byte| byte < b' ' || byte == 0x7f);
    let high = bytes.iter().position(|&byte| byte > 0x7f);
    if let Some(at) = control {
        let message = format!("the record holds the control character {:#04x}", bytes[at]);
        findings.push(finding_code::ENCODING, Grade::Warning, in_column(place, at as u8), message);
    }
    if let Some(at) = high {
        let message = format!("the byte {:#04x} is read as Latin-1 `{}`", bytes[at], bytes[at] as char);
        findings.push(finding_code::ENCODING, Grade::Info, in_column(place, at as u8), message);
    }
}

/// A few bytes of the input, escaped.
pub fn quote(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii();
    let cut = &bytes[..bytes.len().min(QUOTE_BYTES_MAX)];
    format!("{}{}", cut.escape_ascii(), if cut.len() < bytes.len() { "…" } else { "" })
}
