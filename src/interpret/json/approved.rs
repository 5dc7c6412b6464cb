//! What the importer itself approved and ordered: `approved_entry` and `order_link`, from JSON and from tables.
//!
//! Each names its entry, or a bill or the broker's reference under which the entry will come.

use std::borrow::Cow;

use super::value;
use crate::decode::json::{Document, Member, Value, find};
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

/// Names that are read elsewhere than in the lists above.
const KEYS: [&str; 7] = ["kind", "entry", "bill", "house_bill", "lines", "purchase_orders", "recorded_at"];

type Fields<'d> = Vec<(&'static str, Cow<'d, str>)>;

pub fn interpret(document: &Document<'_>, sink: &mut dyn NoticeSink) {
    let is_link = document.name() == Some("order_link");
    let keys = Keys::read(document, sink);
    let mut header = Fields::new();
    read(document, &document.members, HEADER, &mut header, sink);
    let is_row = document.get("lines").is_none();
    if is_row {
        // A row of a table is a line together with its entry.
        let only_line: Vec<_> =
            LINE.iter().filter(|(name, _)| !HEADER.iter().any(|(known, _)| known == name)).collect();
        for &&(name, value) in &only_line {
            read(document, &document.members, &[(name, value)], &mut header, sink);
        }
    }
    orders(&document.members, &mut header);
    unread(document, &document.members, sink);
    let kind = if is_link { Kind::OrderLink } else { Kind::ApprovedEntry };
    let mut ordinal = 0;
    keys.notice(document, kind, &header, &mut ordinal, sink);
    if let Some(Value::List(lines)) = document.get("lines").map(|member| &member.value) {
        for line in lines.iter().take(LINES_MAX) {
            let Value::Object(members) = line else { continue };
            let mut fields = Fields::new();
            // The reference stays with each line, for it is what ties it to its entry.
            fields.extend(header.iter().filter(|(name, _)| *name == "broker_reference").cloned());
            read(document, members, LINE, &mut fields, sink);
            orders(members, &mut fields);
            unread(document, members, sink);
            keys.notice(document, kind, &fields, &mut ordinal, sink);
        }
    }
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
        let bill = |name: &str| text(name).and_then(BillOfLading::parse);
        let mut entry = None;
        if let Some(member) = document.get("entry") {
            let written = member.value.as_text().unwrap_or_default();
            entry = EntryNumber::parse(written);
            if entry.is_none() && !written.trim().is_empty() {
                let cause = value::cause_of_entry(written);
                let message = format!("`{}` is no entry number{cause}", written.escape_default());
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
            bill: bill("bill"),
            house_bill: bill("house_bill"),
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
                let code =
                    if value == FactValue::Date { finding_code::BAD_DATE } else { finding_code::BAD_NUMBER };
                let message = fault(name, value, text);
                sink.finding(Finding::new(code, Grade::Warning, document.place_of(member), message));
            }
        }
    }
}

/// `purchase_orders`: a list of numbers, or of objects with `number` and `line`.
fn orders<'d>(members: &'d [Member<'_>], fields: &mut Fields<'d>) {
    let Some(Value::List(orders)) = find(members, "purchase_orders").map(|member| &member.value) else {
        return;
    };
    for order in orders {
        match order {
            Value::Object(members) => {
                let text = |name: &str| find(members, name).and_then(|member| member.value.as_text());
                for (own, name) in [
                    ("number", "purchase_order"),
                    ("line", "purchase_order_line"),
                    ("quantity", "purchase_order_quantity"),
                    ("value", "purchase_order_value"),
                ] {
                    fields.extend(text(own).map(|value| (name, Cow::Borrowed(value))));
                }
            }
            other => fields.extend(other.as_text().map(|value| ("purchase_order", Cow::Borrowed(value)))),
        }
    }
}

fn unread(document: &Document<'_>, members: &[Member<'_>], sink: &mut dyn NoticeSink) {
    for member in members {
        let is_read =
            KEYS.contains(&&*member.name) || HEADER.iter().chain(LINE).any(|(name, _)| *name == member.name);
        if !is_read {
            let message = format!("nobody reads the member `{}`", member.name.escape_default());
            let place = document.place_of(member);
            sink.finding(Finding::new(finding_code::UNKNOWN_FIELD, Grade::Warning, place, message));
        }
    }
}
