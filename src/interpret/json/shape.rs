//! Members of another shape than is wanted, and members that stand twice. Whoever wrote them meant something, so each is said.

use crate::decode::json::{Document, Member, Value, find};
use crate::ident::BillOfLading;
use crate::interpret::NoticeSink;
use crate::place::{Finding, Grade, finding_code};

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 40;

/// A list or an object, which is the value of no field.
pub(super) fn is_nested(value: &Value<'_>) -> bool {
    matches!(value, Value::List(_) | Value::Object(_))
}

/// What stands there, for people.
pub(super) fn name(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Flag(true) => "true",
        Value::Flag(false) => "false",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Says that a member is of another shape, and what is wanted.
pub(super) fn misshapen(
    document: &Document<'_>,
    member: &Member<'_>,
    wanted: &str,
    grade: Grade,
    sink: &mut dyn NoticeSink,
) {
    let (member_name, stands) = (member.name.escape_default(), name(&member.value));
    let message = format!("`{member_name}` must be {wanted}, not {stands}");
    sink.finding(Finding::new(finding_code::BAD_ELEMENT, grade, document.place_of(member), message));
}

/// The bill that a member names. One that cannot be read is a fault: by it the document finds its entry.
pub(super) fn bill(document: &Document<'_>, name: &str, sink: &mut dyn NoticeSink) -> Option<BillOfLading> {
    let member = document.get(name)?;
    if is_nested(&member.value) {
        misshapen(document, member, "the number of one bill of lading", Grade::Error, sink);
    }
    let text = member.value.as_text()?;
    let bill = BillOfLading::parse(text);
    if bill.is_none() && !text.trim().is_empty() {
        let message = format!("`{}` is no bill of lading", shown(text));
        let place = document.place_of(member);
        sink.finding(Finding::new(finding_code::BAD_ELEMENT, Grade::Error, place, message));
    }
    bill
}

/// Says which members stand more than once in their object. The first is read, so what another one says is lost unless it says
/// the same.
pub(super) fn repeated(document: &Document<'_>, sink: &mut dyn NoticeSink) {
    repeated_in(document, &document.members, sink);
}

fn repeated_in(document: &Document<'_>, members: &[Member<'_>], sink: &mut dyn NoticeSink) {
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    for same in sorted.chunk_by(|left, right| left.name == right.name) {
        for again in &same[1..] {
            twice(document, same[0], again, sink);
        }
    }
    members.iter().for_each(|member| repeated_inside(document, &member.value, sink));
}

fn repeated_inside(document: &Document<'_>, value: &Value<'_>, sink: &mut dyn NoticeSink) {
    match value {
        Value::List(items) => items.iter().for_each(|item| repeated_inside(document, item, sink)),
        Value::Object(members) => repeated_in(document, members, sink),
        _ => {}
    }
}

fn twice(document: &Document<'_>, first: &Member<'_>, again: &Member<'_>, sink: &mut dyn NoticeSink) {
    let (read, lost) = (first.value.as_text(), again.value.as_text());
    let is_same = read.is_some() && read == lost;
    let grade = if is_same { Grade::Warning } else { Grade::Error };
    let told = |member: &Member<'_>| match member.value.as_text() {
        Some(text) => format!("`{}`", shown(text)),
        None => name(&member.value).to_owned(),
    };
    let member = shown(&again.name);
    let message = match is_same {
        true => format!("`{member}` stands more than once, with the same value"),
        false => {
            format!("`{member}` stands more than once: {} is read, {} is not", told(first), told(again))
        }
    };
    sink.finding(Finding::new(finding_code::BAD_ELEMENT, grade, document.place_of(again), message));
}

/// The start of a text without marks that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).flat_map(char::escape_default).collect()
}

/// The member with this name, unless it is null, which says nothing.
pub(super) fn said<'m, 'a>(members: &'m [Member<'a>], name: &str) -> Option<&'m Member<'a>> {
    find(members, name).filter(|member| !matches!(member.value, Value::Null))
}
