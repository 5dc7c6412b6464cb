//! What the importer itself approved and ordered: `approved_entry` and `order_link`, from JSON and from tables.
//!
//! Each names its entry, or a bill or the broker's reference under which the entry will come.

use std::borrow::Cow;

use super::{shape, value};
use crate::decode::json::{Document, Member, Value, find};
use crate::diagnostic::suggest;
use crate::ident::{BillOfLading, EntryNumber};
use crate::interpret::NoticeSink;
use crate::notice::recorded::FactValue;
use crate::notice::{BillRef, Effect, EventTime, Kind, NoticeRef};
use crate::place::{Finding, Grade, Severity, finding_code};

/// Lines of one approved entry.
const LINES_MAX: usize = 10_000;

/// The longest source line of a notice, in bytes.
const SOURCE_BYTES_MAX: usize = 2_000;

/// Members of the whole, and what they look like.
const HEADER: &[(&str, FactValue)] = &[
    ("broker_reference", FactValue::Text),
    ("importer_number", FactValue::Text),
    ("approved_at", FactValue::Date),
    ("currency", FactValue::Text),
    ("total_value", FactValue::Amount),
    ("total_duty", FactValue::Amount),
    ("total_fees", FactValue::Amount),
    ("invoice", FactValue::Text),
    ("purchase_order", FactValue::Text),
    ("container", FactValue::Text),
    ("author", FactValue::Text),
    ("source", FactValue::Text),
    ("remark", FactValue::Text),
];

/// Members of a line.
const LINE: &[(&str, FactValue)] = &[
    ("line", FactValue::Text),
    ("hts_number", FactValue::Text),
    ("origin", FactValue::Text),
    ("description", FactValue::Text),
    ("quantity", FactValue::Text),
    ("unit", FactValue::Text),
    ("value", FactValue::Amount),
    ("duty", FactValue::Amount),
    ("invoice", FactValue::Text),
    ("purchase_order", FactValue::Text),
    ("purchase_order_line", FactValue::Text),
];

/// Names of the whole, and of a line, that are read elsewhere than in the lists above.
const KEYS: [&str; 7] = ["kind", "entry", "bill", "house_bill", "lines", "purchase_orders", "recorded_at"];
const LINE_KEYS: [&str; 1] = ["purchase_orders"];

/// What an object among the orders says, and the names under which it is kept.
const ORDER: [(&str, &str); 4] = [
    ("number", "purchase_order"),
    ("line", "purchase_order_line"),
    ("quantity", "purchase_order_quantity"),
    ("value", "purchase_order_value"),
];

type Fields<'d> = Vec<(&'static str, Cow<'d, str>)>;

pub fn interpret(document: &Document<'_>, sink: &mut dyn NoticeSink) {
    let is_link = document.name() == Some("order_link");
    let keys = Keys::read(document, sink);
    let mut header = Fields::new();
    read(document, &document.members, HEADER, &mut header, sink);
    let lines = lines(document, sink);
    if lines.is_none() {
        // A row of a table is a line together with its entry.
        let only_line: Vec<_> =
            LINE.iter().filter(|(name, _)| !HEADER.iter().any(|(known, _)| known == name)).collect();
        for &&(name, value) in &only_line {
            read(document, &document.members, &[(name, value)], &mut header, sink);
        }
    }
    orders(document, &document.members, &mut header, sink);
    let of_line = if lines.is_none() { LINE } else { &[] };
    unread(document, &document.members, &[HEADER, of_line], &KEYS, sink);
    let kind = if is_link { Kind::OrderLink } else { Kind::ApprovedEntry };
    let mut ordinal = 0;
    keys.notice(document, kind, &header, &mut ordinal, sink);
    for members in lines.unwrap_or_default() {
        let mut fields = Fields::new();
        // The reference stays with each line, for it is what ties it to its entry.
        fields.extend(header.iter().filter(|(name, _)| *name == "broker_reference").cloned());
        read(document, members, LINE, &mut fields, sink);
        orders(document, members, &mut fields, sink);
        unread(document, members, &[LINE], &LINE_KEYS, sink);
        keys.notice(document, kind, &fields, &mut ordinal, sink);
    }
}

/// The lines of the document; `None` when it has none and so is a line itself. One that stands alone is read like a list of one.
fn lines<'d>(document: &'d Document<'_>, sink: &mut dyn NoticeSink) -> Option<Vec<&'d [Member<'d>]>> {
    let member = shape::said(&document.members, "lines")?;
    let items = match &member.value {
        Value::List(items) => items.as_slice(),
        Value::Object(_) => {
            shape::misshapen(document, member, "a list of lines", Grade::Warning, sink);
            std::slice::from_ref(&member.value)
        }
        _ => {
            shape::misshapen(document, member, "a list of lines", Grade::Error, sink);
            return Some(Vec::new());
        }
    };
    let mut fault = |message: String| {
        let place = document.place_of(member);
        sink.finding(Finding::new(finding_code::BAD_ELEMENT, Grade::Error, place, message));
    };
    if items.len() > LINES_MAX {
        fault(format!("`lines` has {} lines; the first {LINES_MAX} are read", items.len()));
    }
    let mut lines = Vec::new();
    for (item, number) in items.iter().take(LINES_MAX).zip(1..) {
        match item {
            Value::Object(members) => lines.push(members.as_slice()),
            other => {
                fault(format!("line {number} of `lines` must be an object, not {}", shape::name(other)));
            }
        }
    }
    Some(lines)
}

/// What the document is about.
struct Keys {
    entry: Option<EntryNumber>,
    bill: Option<BillOfLading>,
    house_bill: Option<BillOfLading>,
    at: Option<EventTime>,
}

impl Keys {
    fn read(document: &Document<'_>, sink: &mut dyn NoticeSink) -> Self {
        let text = |name: &str| {
            let text = document.get(name).and_then(|member| member.value.as_text());
            text.filter(|text| value::ruined(text).is_none())
        };
        note_ruined_bills(document, sink);
        let bill = |name: &str, sink: &mut dyn NoticeSink| {
            shape::bill(document, name, sink).filter(|_| text(name).is_some())
        };
        let mut entry = None;
        if let Some(member) = document.get("entry") {
            if shape::is_nested(&member.value) {
                shape::misshapen(document, member, "the number of one entry", Grade::Error, sink);
            }
            let written = member.value.as_text().unwrap_or_default();
            entry = EntryNumber::parse(written);
            if entry.is_none() && !written.trim().is_empty() {
                let cause = value::cause_of_entry(written);
                let message = format!("`{}` is no entry number{cause}", shape::shown(written));
                sink.finding(Finding::new(
                    finding_code::UNKNOWN_ENTRY,
                    Grade::Error,
                    document.place_of(member),
                    message,
                ));
            }
        }
        let keys = Self {
            entry,
            bill: bill("bill", sink),
            house_bill: bill("house_bill", sink),
            at: text("approved_at").and_then(value::date).map(EventTime::date),
        };
        let names_nothing =
            keys.bill.is_none() && keys.house_bill.is_none() && text("broker_reference").is_none();
        if entry.is_none() && names_nothing {
            let message = "it names no entry, no bill and no reference of the broker";
            sink.finding(Finding::new(finding_code::MISSING_FIELD, Grade::Error, document.place, message));
        }
        keys
    }

    fn notice(
        &self,
        document: &Document<'_>,
        kind: Kind,
        fields: &Fields<'_>,
        ordinal: &mut u32,
        sink: &mut dyn NoticeSink,
    ) {
        let shown: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        sink.notice(&NoticeRef {
            kind,
            entry: self.entry,
            bill: self.bill.as_ref().map(whole),
            house_bill: self.house_bill.as_ref().map(whole),
            container: None,
            code: None,
            table: None,
            meaning: Some(match kind {
                Kind::OrderLink => "orders and bills that belong together, as the importer has them",
                _ => "what the importer approved",
            }),
            severity: Severity::Info,
            at: self.at,
            effect: &Effect::Inform,
            place: document.place,
            fields: shown.as_slice().into(),
            source: &document.bytes[..document.bytes.len().min(SOURCE_BYTES_MAX)],
            ordinal: *ordinal,
        });
        *ordinal += 1;
    }
}

/// A bill is any text, so that only what a spreadsheet left of it shows that it is none.
fn note_ruined_bills(document: &Document<'_>, sink: &mut dyn NoticeSink) {
    for member in ["bill", "house_bill"].into_iter().filter_map(|name| document.get(name)) {
        let written = member.value.as_text().unwrap_or_default();
        if let Some(ruined) = value::ruined(written) {
            let message = format!("`{}` is no bill: {ruined}", written.escape_default());
            let place = document.place_of(member);
            sink.finding(Finding::new(finding_code::BAD_NUMBER, Grade::Error, place, message));
        }
    }
}

/// Issuer and number are one text there.
fn whole(bill: &BillOfLading) -> BillRef<'_> {
    BillRef { issuer: b"", number: bill.as_str().as_bytes() }
}

/// What is wrong with a value, and what was wanted.
fn fault(name: &str, value: FactValue, text: &str) -> String {
    let shown: String = text.chars().take(20).flat_map(char::escape_default).collect();
    match value {
        FactValue::Text if value::ruined(text).is_some() => {
            format!("`{shown}` in `{name}` cannot be read{}", value::cause(text))
        }
        FactValue::Date => {
            format!("`{name}` must be {}, not `{shown}`{}", value.wanted(), value::cause_of_date(text))
        }
        _ => format!("`{name}` must be {}, not `{shown}`{}", value.wanted(), value::cause(text)),
    }
}

/// The members that have these names, as they are kept.
fn read<'d>(
    document: &Document<'_>,
    members: &'d [Member<'_>],
    wanted: &[(&'static str, FactValue)],
    fields: &mut Fields<'d>,
    sink: &mut dyn NoticeSink,
) {
    for &(name, value) in wanted {
        let Some(member) = find(members, name) else { continue };
        if shape::is_nested(&member.value) {
            if !is_list_of_orders(member) {
                shape::misshapen(document, member, &value.wanted(), Grade::Error, sink);
            }
            continue;
        }
        let Some(text) = member.value.as_text().filter(|text| !text.trim().is_empty()) else { continue };
        // Spreadsheets have their own ways of writing amounts and dates.
        let normal = match value {
            FactValue::Amount => value::amount(text).map(|amount| format!("{amount:.2}")),
            FactValue::Date => value::date(text).map(|date| date.to_string()),
            _ if value::ruined(text).is_some() => None,
            _ => value.normal(text),
        };
        match normal {
            Some(normal) => fields.push((name, normal.into())),
            None => {
                let code = match value {
                    FactValue::Date => finding_code::BAD_DATE,
                    FactValue::Amount => finding_code::BAD_NUMBER,
                    _ if value::ruined(text).is_some() => finding_code::BAD_NUMBER,
                    _ => finding_code::BAD_ELEMENT,
                };
                let message = fault(name, value, text);
                sink.finding(Finding::new(code, Grade::Warning, document.place_of(member), message));
            }
        }
    }
}

/// Several orders where one is wanted: they are read like `purchase_orders`.
fn is_list_of_orders(member: &Member<'_>) -> bool {
    member.name == "purchase_order" && matches!(member.value, Value::List(_))
}

/// `purchase_orders`: a list of numbers, or of objects with `number` and `line`. One that stands alone is read like a list of one.
fn orders<'d>(
    document: &Document<'_>,
    members: &'d [Member<'_>],
    fields: &mut Fields<'d>,
    sink: &mut dyn NoticeSink,
) {
    let several = find(members, "purchase_order").filter(|member| is_list_of_orders(member));
    if let Some(member) = several {
        let wanted = "the number of one order, and several stand in `purchase_orders`";
        shape::misshapen(document, member, wanted, Grade::Warning, sink);
    }
    let list = shape::said(members, "purchase_orders");
    if let Some(member) = list.filter(|member| !matches!(member.value, Value::List(_))) {
        shape::misshapen(document, member, "a list of orders", Grade::Warning, sink);
    }
    for member in several.into_iter().chain(list) {
        let items = match &member.value {
            Value::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        items.iter().for_each(|item| order(document, member, item, fields, sink));
    }
}

/// One of the orders that `list` has.
fn order<'d>(
    document: &Document<'_>,
    list: &Member<'_>,
    order: &'d Value<'_>,
    fields: &mut Fields<'d>,
    sink: &mut dyn NoticeSink,
) {
    let Value::Object(members) = order else {
        match order.as_text() {
            Some(number) => fields.push(("purchase_order", Cow::Borrowed(number))),
            None => {
                let message = format!(
                    "an order of `{}` must be a text or an object, not {}",
                    list.name,
                    shape::name(order)
                );
                let place = document.place_of(list);
                sink.finding(Finding::new(finding_code::BAD_ELEMENT, Grade::Error, place, message));
            }
        }
        return;
    };
    for (own, name) in ORDER {
        let Some(member) = find(members, own) else { continue };
        if shape::is_nested(&member.value) {
            shape::misshapen(document, member, "a text", Grade::Error, sink);
        }
        fields.extend(member.value.as_text().map(|value| (name, Cow::Borrowed(value))));
    }
    unread(document, members, &[], &ORDER.map(|(own, _)| own), sink);
}

/// Says which members nobody reads in this object.
fn unread(
    document: &Document<'_>,
    members: &[Member<'_>],
    read: &[&[(&str, FactValue)]],
    keys: &[&str],
    sink: &mut dyn NoticeSink,
) {
    let known = |name: &str| {
        keys.contains(&name) || read.iter().any(|names| names.iter().any(|(known, _)| *known == name))
    };
    for member in members.iter().filter(|member| !known(&member.name)) {
        let names =
            keys.iter().copied().chain(read.iter().flat_map(|names| names.iter().map(|(name, _)| *name)));
        let meant = suggest(&member.name, names.filter(|name| find(members, name).is_none()));
        let hint = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let message = format!("nobody reads the member `{}`{hint}", shape::shown(&member.name));
        let place = document.place_of(member);
        sink.finding(Finding::new(finding_code::UNKNOWN_FIELD, Grade::Warning, place, message));
    }
}
