//! Forms and other facts that people record, one notice for each entry that the document names.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::shape;
use crate::decode::json::{Document, Member, Value};
use crate::diagnostic::{hint, suggest};
use crate::grammar::{CodeTable, Grammar, GrammarError};
use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::interpret::NoticeSink;
use crate::notice::recorded::{FACTS_TABLE, FORMS_TABLE, FactDefinition, FactValue, REPLACES, date};
use crate::notice::{
    AGAINST, Amounts, BillRef, CustomsBill, Effect, EventTime, FactKind, Kind, Liquidation, LiquidationKind,
    NoticeRef, ProtestStatus, Token,
};
use crate::place::{Finding, Grade, Severity, finding_code};

/// Entries that one document may name.
const ENTRIES_MAX: usize = 1_000;

/// A fact is told when it has happened; what CBP announces, as a bulletin, is known some weeks before.
const AHEAD_DAYS_MAX: i64 = 30;

/// How far ahead its other dates may lie, as a due date on a form does.
const LATER_YEARS_MAX: i64 = 10;

/// How far back any of them may lie: entries are suspended for decades, but not longer.
const BACK_YEARS_MAX: i64 = 30;

/// The longest source line of a notice, in bytes.
const SOURCE_BYTES_MAX: usize = 2_000;

/// Members that every fact may have, beside those of its kind.
const COMMON: [&str; 13] = [
    "kind",
    "form",
    "fact",
    "entry",
    "entries",
    "bill",
    "house_bill",
    "reference",
    REPLACES,
    "remark",
    "author",
    "source",
    "recorded_at",
];

pub struct FactFamily {
    forms: CodeTable,
    facts: CodeTable,
}

/// What a document says, checked.
struct Read<'d> {
    fact: FactKind,
    definition: &'static FactDefinition,
    at: Option<EventTime>,
    reference: Option<Token>,
    /// Names and values in the order of the definition, then what everything may have.
    fields: Vec<(&'static str, Cow<'d, str>)>,
}

impl Read<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }
}

impl FactFamily {
    /// # Errors
    /// A table, or a row of one, that is missing.
    pub fn resolve(grammar: &Grammar) -> Result<Self, Vec<GrammarError>> {
        let mut faults = Vec::new();
        let mut table = |name: &str| match grammar.codes.require(name) {
            Ok(table) => Some(table.clone()),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let (Some(forms), Some(facts)) = (table(FORMS_TABLE), table(FACTS_TABLE)) else { return Err(faults) };
        let family = Self { forms, facts };
        for fact in FactKind::ALL {
            let definition = fact.definition();
            if family.table(definition).get(definition.code.as_bytes()).is_none() {
                let file = format!("codes/{}.tsv", definition.table());
                faults.push(GrammarError::new(
                    &file,
                    1,
                    1,
                    format!("the row `{}` is missing", definition.code),
                ));
            }
        }
        if faults.is_empty() { Ok(family) } else { Err(faults) }
    }

    fn table(&self, definition: &FactDefinition) -> &CodeTable {
        if definition.kind() == Kind::Form { &self.forms } else { &self.facts }
    }

    /// `received_on` is the day on which the document came; without it any date within reason is believed.
    pub fn interpret(
        &self,
        document: &Document<'_>,
        received_on: Option<NaiveDate>,
        sink: &mut dyn NoticeSink,
    ) {
        let Some(fact) = kind_of(document, sink) else { return };
        let read = read(fact, document, received_on, sink);
        let entries = entries(document, sink);
        let bill = shape::bill(document, "bill", sink);
        let house_bill = shape::bill(document, "house_bill", sink);
        if entries.is_empty() && bill.is_none() && house_bill.is_none() {
            let message = "the fact names no entry and no bill, so it changes none";
            warn(sink, finding_code::MISSING_FIELD, document, None, message.to_owned());
        }
        let definition = read.definition;
        let row = self.table(definition).get(definition.code.as_bytes());
        let effect = effect(&read);
        let fields: Vec<(&str, &[u8])> =
            read.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let source = document.bytes;
        let notice = |entry: Option<EntryNumber>, ordinal: u32| NoticeRef {
            kind: definition.kind(),
            entry,
            bill: bill.as_ref().map(split),
            house_bill: house_bill.as_ref().map(split),
            container: None,
            code: Some(Token::new(definition.code)),
            table: Some(definition.table()),
            meaning: row.map(|row| &*row.meaning),
            severity: row.and_then(|row| row.severity).unwrap_or(Severity::Info),
            at: read.at,
            effect: &effect,
            place: document.place,
            fields: fields.as_slice().into(),
            source: &source[..source.len().min(SOURCE_BYTES_MAX)],
            ordinal,
        };
        for (&entry, ordinal) in entries.iter().zip(0..) {
            sink.notice(&notice(Some(entry), ordinal));
        }
        if entries.is_empty() {
            sink.notice(&notice(None, 0));
        }
    }
}

/// Which fact the document tells. `{"kind":"form","form":"28"}`, `{"kind":"recorded","fact":"note"}`.
fn kind_of(document: &Document<'_>, sink: &mut dyn NoticeSink) -> Option<FactKind> {
    let (name, is_form) = match document.name() {
        Some("form") => ("form", true),
        _ => ("fact", false),
    };
    let Some(member) = shape::said(&document.members, name) else {
        let message = format!("the member `{name}` is missing");
        fault(sink, finding_code::MISSING_FIELD, document, None, message);
        return None;
    };
    if shape::is_nested(&member.value) {
        shape::misshapen(document, member, "the name of one kind", Grade::Error, sink);
        return None;
    }
    let text = member.value.as_text().unwrap_or_default();
    let found = if is_form {
        // `Form 28`, `CF-28`, `28`.
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        FactKind::of_notice(Kind::Form, Token::some(digits))
    } else {
        FactKind::parse(text)
    };
    if found.is_none() {
        let kinds = FactKind::ALL
            .iter()
            .map(|fact| fact.definition())
            .filter(|it| is_form == (it.kind() == Kind::Form));
        let hint = hint(text, "kinds", kinds.map(|definition| definition.code));
        let message = format!("`{}` is no {name} that can be recorded ({hint})", shape::shown(text));
        fault(sink, finding_code::UNKNOWN_CODE, document, Some(member), message);
    }
    found
}

fn read<'d>(
    fact: FactKind,
    document: &'d Document<'_>,
    received_on: Option<NaiveDate>,
    sink: &mut dyn NoticeSink,
) -> Read<'d> {
    let definition = fact.definition();
    let mut read = Read { fact, definition, at: None, reference: None, fields: Vec::new() };
    let own = value(document, definition.date, FactValue::Date, true, sink);
    if let Some(value) =
        own.filter(|value| is_believed(document, definition.date, value, AHEAD_DAYS_MAX, received_on, sink))
    {
        read.at = date(&value).map(EventTime::date);
        read.fields.push((definition.date, value));
    }
    for field in definition.fields {
        let value = value(document, field.name, field.value, field.is_required, sink);
        let is_date = field.value == FactValue::Date;
        let value = value.filter(|value| {
            !is_date || is_believed(document, field.name, value, LATER_YEARS_MAX * 366, received_on, sink)
        });
        if let Some(value) = value {
            read.fields.push((field.name, value));
        }
    }
    drop_early_protest(&mut read, document, sink);
    for name in ["reference", "remark", "author", "source", "recorded_at"] {
        let is_required = name == "reference" && definition.wants_reference;
        if let Some(value) = value(document, name, FactValue::Text, is_required, sink) {
            if name == "reference" {
                read.reference = Token::some(&*value);
            }
            read.fields.push((name, value));
        }
    }
    if let Some(value) = value(document, REPLACES, FactValue::Text, false, sink) {
        match NoticeId::parse(&value) {
            Some(_) => read.fields.push((REPLACES, value)),
            None => {
                let message = format!("`{REPLACES}` must be the id of a notice, as `record` prints it");
                fault(sink, finding_code::BAD_ELEMENT, document, document.get(REPLACES), message);
            }
        }
    }
    if read.fields.iter().any(|(name, value)| *name == "notice" && NoticeId::parse(value).is_none()) {
        let message = "`notice` must be the id of a notice, as `record` prints it";
        fault(sink, finding_code::BAD_ELEMENT, document, document.get("notice"), message.to_owned());
    }
    tell_unread(fact, document, sink);
    read
}

/// Says which members a fact of this kind does not have.
fn tell_unread(fact: FactKind, document: &Document<'_>, sink: &mut dyn NoticeSink) {
    let definition = fact.definition();
    for member in &document.members {
        let is_read = COMMON.contains(&&*member.name)
            || *member.name == *definition.date
            || definition.field(&member.name).is_some();
        if !is_read {
            let known =
                COMMON.into_iter().chain([definition.date]).chain(definition.fields.iter().map(|it| it.name));
            let meant = suggest(&member.name, known.filter(|name| document.get(name).is_none()));
            let hint = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let message = format!("a fact `{}` has no `{}`{hint}", fact.as_str(), shape::shown(&member.name));
            warn(sink, finding_code::UNKNOWN_FIELD, document, Some(member), message);
        }
    }
}

/// A protest is filed after what it is against. Without a date that can be true it does not say what that is.
fn drop_early_protest(read: &mut Read<'_>, document: &Document<'_>, sink: &mut dyn NoticeSink) {
    let Some((against, filed)) = read.value(AGAINST).and_then(date).zip(read.at) else { return };
    if against > filed.date {
        let message = format!("`{AGAINST}` is {against}, behind the day on which the protest was filed");
        fault(sink, finding_code::BAD_DATE, document, document.get(AGAINST), message);
        read.fields.retain(|(name, _)| *name != AGAINST);
    }
}

/// Whether a date may be true of a document that came on that day; else a finding says so, and it is left out.
fn is_believed(
    document: &Document<'_>,
    name: &str,
    value: &str,
    ahead_days: i64,
    received_on: Option<NaiveDate>,
    sink: &mut dyn NoticeSink,
) -> bool {
    let Some((date, on)) = date(value).zip(received_on) else { return true };
    let ahead = (date - on).num_days();
    let doubt = match ahead {
        _ if ahead > ahead_days => format!("{ahead} days ahead"),
        _ if ahead < -BACK_YEARS_MAX * 366 => format!("more than {BACK_YEARS_MAX} years ago"),
        _ => return true,
    };
    let message = format!("`{name}` is {value}, {doubt}: is the year right?");
    fault(sink, finding_code::BAD_DATE, document, document.get(name), message);
    false
}

/// A value as it is kept. One that cannot be read is left out, with a finding.
fn value<'d>(
    document: &'d Document<'_>,
    name: &str,
    wanted: FactValue,
    is_required: bool,
    sink: &mut dyn NoticeSink,
) -> Option<Cow<'d, str>> {
    let Some(member) = shape::said(&document.members, name) else {
        if is_required {
            fault(
                sink,
                finding_code::MISSING_FIELD,
                document,
                None,
                format!("the member `{name}` is missing"),
            );
        }
        return None;
    };
    if shape::is_nested(&member.value) {
        shape::misshapen(document, member, &wanted.wanted(), Grade::Error, sink);
    }
    let text = member.value.as_text().filter(|text| !text.trim().is_empty() || is_required)?;
    let normal = wanted.normal(text);
    if normal.is_none() {
        let code = match wanted {
            FactValue::Date => finding_code::BAD_DATE,
            FactValue::Amount | FactValue::Count(_) => finding_code::BAD_NUMBER,
            _ => finding_code::BAD_ELEMENT,
        };
        fault(sink, code, document, Some(member), format!("`{name}` must be {}", wanted.wanted()));
    }
    normal.map(|normal| if normal == text { Cow::Borrowed(text) } else { Cow::Owned(normal) })
}

/// The entries that the document names, each once.
fn entries(document: &Document<'_>, sink: &mut dyn NoticeSink) -> Vec<EntryNumber> {
    let mut found = Vec::new();
    for name in ["entry", "entries"] {
        let Some(member) = document.get(name) else { continue };
        let values = match &member.value {
            Value::List(items) => items.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        if values.len() > ENTRIES_MAX {
            let message =
                format!("`{name}` names {} entries; the first {ENTRIES_MAX} are read", values.len());
            fault(sink, finding_code::BAD_ELEMENT, document, Some(member), message);
        }
        for value in values.iter().take(ENTRIES_MAX) {
            if shape::is_nested(value) {
                let message = format!("`{name}` must name entries, and {} is none", shape::name(value));
                fault(sink, finding_code::UNKNOWN_ENTRY, document, Some(member), message);
                continue;
            }
            let text = value.as_text().unwrap_or_default();
            match EntryNumber::parse(text) {
                Some(entry) if !found.contains(&entry) => {
                    if entry.check_digit_offset() != 0 {
                        let message = format!("the check digit of {entry} is not the usual one");
                        warn(sink, finding_code::CHECK_DIGIT, document, Some(member), message);
                    }
                    found.push(entry);
                }
                Some(_) => {}
                None => {
                    let message = format!("`{}` is no entry number", shape::shown(text));
                    fault(sink, finding_code::UNKNOWN_ENTRY, document, Some(member), message);
                }
            }
        }
    }
    found
}

fn split(bill: &BillOfLading) -> BillRef<'_> {
    BillRef { issuer: b"", number: bill.as_str().as_bytes() }
}

fn fault(
    sink: &mut dyn NoticeSink,
    code: &'static str,
    document: &Document<'_>,
    member: Option<&Member<'_>>,
    message: String,
) {
    let place = member.map_or(document.place, |member| document.place_of(member));
    sink.finding(Finding::new(code, Grade::Error, place, message));
}

fn warn(
    sink: &mut dyn NoticeSink,
    code: &'static str,
    document: &Document<'_>,
    member: Option<&Member<'_>>,
    message: String,
) {
    let place = member.map_or(document.place, |member| document.place_of(member));
    sink.finding(Finding::new(code, Grade::Warning, place, message));
}

/// What the fact does to the entry. Most start or end a clock and change nothing else.
fn effect(read: &Read<'_>) -> Effect {
    let when = read.at.map(|at| at.date);
    // Nobody knows when it happened, so it changes nothing: it might be before all that it would end.
    if when.is_none() && read.fact != FactKind::Withdrawn {
        return Effect::Inform;
    }
    let reason = || Token::new(read.value("reason").unwrap_or_default());
    match read.fact {
        FactKind::Bulletin => Effect::Liquidated(Liquidation {
            event: match read.value("event") {
                Some("reliquidation") => LiquidationKind::Reliquidation,
                _ => LiquidationKind::Liquidation,
            },
            date: when,
            kind: Token::new(""),
            reason: Token::new(""),
            paid: Amounts::default(),
            liquidated: Amounts::default(),
            interest: None,
            interest_unreadable: false,
        }),
        FactKind::Extension => Effect::Extended {
            times: read.value("times").and_then(|times| times.parse().ok()),
            reason: reason(),
            date: when,
        },
        FactKind::Suspension => Effect::Suspended { reason: reason(), date: when },
        FactKind::SuspensionEnd => Effect::SuspensionLifted { date: when },
        FactKind::ProtestFiled | FactKind::ExclusionProtest | FactKind::ProtestDecided => protest(read),
        FactKind::Bill => bill_of(read),
        FactKind::Withdrawn => match read.value("notice").and_then(NoticeId::parse) {
            Some(notice) => Effect::Withdrawn { notice },
            None => Effect::Inform,
        },
        _ => Effect::Inform,
    }
}

fn protest(read: &Read<'_>) -> Effect {
    let Some(number) = read.reference else { return Effect::Inform };
    let status = match read.value("decision") {
        None => "OP",
        Some("approved") => "AP",
        Some("denied") => "DN",
        Some("denied_in_part") => "PD",
        Some("untimely") => "UT",
        Some(_) => "WD",
    };
    let decided = read.at.map(|at| at.date).filter(|_| read.fact == FactKind::ProtestDecided);
    let kind = Token::new("1");
    Effect::Protest(ProtestStatus { number, kind, status: Token::new(status), decided, has_summons: false })
}

fn bill_of(read: &Read<'_>) -> Effect {
    let Some(number) = read.reference else { return Effect::Inform };
    let is_returned = read.value("dishonored") == Some("yes");
    Effect::CustomsBill(CustomsBill {
        number,
        date: read.at.map(|at| at.date),
        kind: Token::new(if is_returned { "7" } else { "" }),
        status: Token::new(""),
        total: read.value("amount").and_then(|amount| amount.parse().ok()),
        paid: None,
        is_open: true,
    })
}
