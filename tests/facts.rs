//! Facts that people record: from the document through journal and replay to the entry.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "the scenarios drive more of it")]
mod desk;

use std::path::Path;
use std::process::Command;

use chrono::{DateTime, Utc};
use desk::Desk;
use entrywatch::deadline::{DeadlineTable, Key, Triggers};
use entrywatch::decode;
use entrywatch::entry::{Basis, Entry};
use entrywatch::grammar::Grammar;
use entrywatch::ident::EntryNumber;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::recorded::{FactDefinition, FactValue};
use entrywatch::notice::{FactKind, Kind, NoticeRef};
use entrywatch::place::{Finding, Grade};
use expect_test::expect_file;
use serde_json::{Map, Value, json};

const ENTRY: &str = "9Z7-0000041-9";

fn now() -> DateTime<Utc> {
    "2026-03-02T15:00:00Z".parse().expect("an instant")
}

fn entry(desk: &Desk) -> Entry {
    let number = EntryNumber::parse(ENTRY).expect("an entry number");
    desk.store().life(number).expect("the store answers").expect("the entry is known").entry()
}

#[derive(Default)]
struct Heard {
    notices: Vec<(Kind, String, Option<String>, Option<String>)>,
    /// The fields of each.
    said: Vec<String>,
    findings: Vec<Finding>,
}

impl NoticeSink for Heard {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let code = notice.code.map(|code| code.to_string()).unwrap_or_default();
        let entry = notice.entry.map(|entry| entry.to_string());
        self.said.push(format!("{:?}", notice.fields.iter().collect::<Vec<_>>()));
        self.notices.push((notice.kind, code, entry, notice.at.map(|at| at.to_string())));
    }
    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

fn hear(text: &str) -> Heard {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar is whole");
    let mut heard = Heard::default();
    decode::decode(text.as_bytes(), &grammar, &mut |message: &decode::Message<'_>| {
        heard.findings.extend(message.findings.iter().cloned());
        interpreter.interpret(message, &mut heard);
    });
    heard
}

/// A value of that kind.
fn invented(value: FactValue) -> Value {
    match value {
        FactValue::Date => "2026-03-01".into(),
        FactValue::YesNo => true.into(),
        FactValue::Count(_) => 1.into(),
        FactValue::Word(words) => words[0].into(),
        FactValue::Amount => "12.50".into(),
        FactValue::Clocks => "LD_PETITION".into(),
        FactValue::Text => "text".into(),
    }
}

/// A document with everything that the kind takes.
fn whole(definition: &FactDefinition) -> Map<String, Value> {
    let mut document = Map::new();
    match definition.kind() {
        Kind::Form => {
            document.extend([("kind".into(), "form".into()), ("form".into(), definition.code.into())])
        }
        _ => document.extend([("kind".into(), "recorded".into()), ("fact".into(), definition.name.into())]),
    }
    document.insert("entry".into(), ENTRY.into());
    document.insert(definition.date.into(), "2026-03-02".into());
    for field in definition.fields {
        // The id of a notice is a text of its own form.
        let value = if field.name == "notice" { "0".repeat(32).into() } else { invented(field.value) };
        document.insert(field.name.into(), value);
    }
    for name in ["reference", "remark", "author", "source"] {
        document.insert(name.into(), format!("{name} 1").into());
    }
    document
}

#[test]
fn every_kind_is_read_whole() {
    let table = DeadlineTable::embedded();
    for fact in FactKind::ALL {
        let definition = fact.definition();
        let text = Value::from(whole(definition)).to_string();
        let heard = hear(&text);
        assert_eq!(heard.findings, [], "{text}");
        let wanted =
            (definition.kind(), definition.code.into(), Some(ENTRY.into()), Some("2026-03-02".into()));
        assert_eq!(heard.notices, [wanted], "{text}");
        // The clocks exist and take the fact's date.
        for start in definition.starts {
            assert!(table.find(start.deadline).is_some(), "{}", start.deadline);
            assert!(Key::parse(start.input).is_some(), "{}", start.input);
            let facts = Triggers::parse([format!("{}=2026-03-02", start.input)]).expect("a fact");
            let computed = table.compute(start.deadline, &facts);
            assert!(computed.is_ok(), "{} {computed:?}", definition.name);
        }
        for end in definition.ends {
            assert!(table.find(end).is_some(), "{end}");
        }
    }
}

#[test]
fn what_is_wrong_is_found_and_the_rest_is_read() {
    let codes = |text: &str| -> Vec<String> {
        hear(text).findings.iter().map(|finding| finding.code.to_string()).collect()
    };
    for (text, wanted) in [
        (r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-3-2"}"#, vec!["bad-date"]),
        (r#"{"form":"28","entry":"9Z700000419"}"#, vec!["missing-field"]),
        (r#"{"form":28,"entry":"9Z700000418","issue_date":"2026-03-02"}"#, vec!["check-digit"]),
        (
            r#"{"form":"CF-28","entries":["9Z700000419","x"],"issue_date":"2026-03-02"}"#,
            vec!["unknown-entry"],
        ),
        (r#"{"form":"28","issue_date":"2026-03-02"}"#, vec!["missing-field"]),
        (r#"{"form":"27","entry":"9Z700000419"}"#, vec!["unknown-code"]),
        (r#"{"fact":"note","entry":"9Z700000419","date":"2026-03-02","mood":"good"}"#, vec!["unknown-field"]),
        (
            r#"{"fact":"bill","entry":"9Z700000419","bill_date":"2026-03-02","amount":"1.999","reference":"1"}"#,
            vec!["bad-number"],
        ),
        (r#"{"kind":"recorded","entry":"9Z700000419"}"#, vec!["missing-field"]),
        (r#"{"kind":"moon"}"#, vec!["unknown-set"]),
    ] {
        assert_eq!(codes(text), wanted, "{text}");
    }
    let heard = hear(r#"{"form":"28","entry":"9Z700000419","issue_date":"soon","due_on_form":"2026-04-01"}"#);
    assert_eq!(heard.notices[0].3, None, "a date that cannot be read is no date");
}

/// What stands there instead of a text is said with its place, and everything else of the object is read.
#[test]
fn members_of_another_shape_are_said() {
    for (text, wanted) in [
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":["2026-03-02"],"due_on_form":"2026-04-01"}"#,
            "49 `issue_date` must be a date such as 2026-03-06, not a list",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":{"date":"2026-03-02"}}"#,
            "49 `issue_date` must be a date such as 2026-03-06, not an object",
        ),
        (
            r#"{"fact":"exam_result","entry":"9Z700000419","date":"2026-03-02","result":["refused"]}"#,
            "74 `result` must be one of clean, discrepancy, sample_taken, refused, other, not a list",
        ),
        (
            r#"{"fact":"penalty","entry":"9Z700000419","mail_date":"2026-03-02","amount":{"value":"10"}}"#,
            "75 `amount` must be an amount of US dollars such as 1234.50, not an object",
        ),
        (
            r#"{"form":"28","entry":{"number":"9Z700000419"},"issue_date":"2026-03-02","bill":"XYZL1"}"#,
            "22 `entry` must name entries, and an object is none",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-03-02","bill":["XYZL1"]}"#,
            "69 `bill` must be the number of one bill of lading, not a list",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-03-02","house_bill":"--"}"#,
            "75 `--` is no bill of lading",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-03-02","issue_date":"2026-03-09"}"#,
            "75 `issue_date` stands more than once: `2026-03-02` is read, `2026-03-09` is not",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-03-02","remark":"a","remark":"a"}"#,
            "84 `remark` stands more than once, with the same value",
        ),
        (
            r#"{"kind":["form"],"form":"28","entry":"9Z700000419","issue_date":"2026-03-02"}"#,
            "9 `kind` must be one of form, recorded, approved_entry, order_link, ace_report, not a list",
        ),
        (
            r#"{"kind":"approved_entry","entry":["9Z700000419"],"bill":"XYZL1","lines":[]}"#,
            "34 `entry` must be the number of one entry, not a list",
        ),
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":"none"}"#,
            "56 `lines` must be a list of lines, not a text",
        ),
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","total_duty":["5"]}"#,
            "61 `total_duty` must be an amount of US dollars such as 1234.50, not a list",
        ),
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":[{"value":"1"},"two"]}"#,
            "56 line 2 of `lines` must be an object, not a text",
        ),
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":[{"value":"1","duty":["2"]}]}"#,
            "77 `duty` must be an amount of US dollars such as 1234.50, not a list",
        ),
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":[{"value":"1"}],"duty":"2"}"#,
            "79 nobody reads the member `duty`",
        ),
        (
            r#"{"kind":"order_link","bill":"XYZL1","purchase_orders":[["PO-1"],"PO-2"]}"#,
            "55 an order of `purchase_orders` must be a text or an object, not a list",
        ),
        (
            r#"{"kind":"order_link","bill":"XYZL1","purchase_orders":[{"nubmer":"PO-1"}]}"#,
            "66 nobody reads the member `nubmer`; did you mean `number`?",
        ),
    ] {
        let heard = hear(text);
        let found: Vec<String> = heard
            .findings
            .iter()
            .map(|finding| format!("{} {}", finding.place.column.unwrap_or(0), finding.message))
            .collect();
        assert_eq!(found, [wanted], "{text}");
        assert!(!heard.notices.is_empty(), "{text}");
    }
}

/// One where a list is wanted, and several where one is wanted: nothing of it is lost.
#[test]
fn one_for_a_list_and_a_list_for_one_are_read() {
    for (one, usual, member) in [
        (
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":{"line":"1"}}"#,
            r#"{"kind":"approved_entry","entry":"9Z700000419","lines":[{"line":"1"}]}"#,
            "lines",
        ),
        (
            r#"{"kind":"order_link","bill":"XYZL1","purchase_order":["PO-1",{"number":"PO-2"}]}"#,
            r#"{"kind":"order_link","bill":"XYZL1","purchase_orders":["PO-1",{"number":"PO-2"}]}"#,
            "purchase_order",
        ),
        (
            r#"{"kind":"order_link","bill":"XYZL1","purchase_orders":"PO-1"}"#,
            r#"{"kind":"order_link","bill":"XYZL1","purchase_orders":["PO-1"]}"#,
            "purchase_orders",
        ),
    ] {
        let (one_heard, usual_heard) = (hear(one), hear(usual));
        assert_eq!(usual_heard.findings, []);
        assert_eq!(one_heard.said, usual_heard.said, "{one}");
        assert_eq!(one_heard.findings.len(), 1, "{one}");
        let finding = &one_heard.findings[0];
        assert_eq!(finding.severity, Grade::Warning, "{one}");
        assert!(finding.message.starts_with(&format!("`{member}` must be ")), "{finding:?}");
    }
}

#[test]
fn a_document_of_no_kind_says_which_kinds_there_are() {
    for (text, wanted) in [
        (
            "{}",
            "the member `kind` is missing, which says what the JSON object is \
             (kinds: form, recorded, approved_entry, order_link, ace_report)",
        ),
        (r#"{"kind":"fomr"}"#, "nobody reads JSON objects of the kind `fomr` (did you mean `form`?)"),
        (
            r#"{"kind":"moon"}"#,
            "nobody reads JSON objects of the kind `moon` \
             (kinds: form, recorded, approved_entry, order_link, ace_report)",
        ),
        (r#"{"form":"7501"}"#, "`7501` is no form that can be recorded (kinds: 28, 29, 4647)"),
        (
            r#"{"fact":"protest_file"}"#,
            "`protest_file` is no fact that can be recorded (did you mean `protest_filed`?)",
        ),
        (
            r#"{"form":"28","entry":"9Z700000419","issue_date":"2026-03-02","due_onform":"2026-04-01"}"#,
            "a fact `form_28` has no `due_onform`; did you mean `due_on_form`?",
        ),
    ] {
        let found: Vec<String> = hear(text).findings.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, [wanted], "{text}");
    }
}

/// A date that cannot be true, an unknown deadline, a fourth extension: a finding with its place, and the fact changes nothing.
#[test]
fn what_cannot_be_true_is_kept_found_and_changes_nothing() {
    let mut desk = Desk::new(now());
    let damages = json!({"fact": "damages", "entry": ENTRY, "mail_date": "2026-02-20"});
    desk.engine().record(damages.to_string().as_bytes()).expect("recorded");
    for (name, document, code) in [
        ("1", json!({"fact": "bulletin", "entry": ENTRY, "liquidation_date": "2126-03-06"}), "bad-date"),
        (
            "2",
            json!({"fact": "protest_filed", "entry": ENTRY, "protest_filed": "1989-05-04", "reference": "1"}),
            "bad-date",
        ),
        (
            "3",
            json!({"fact": "done", "entry": ENTRY, "date": "2026-03-01", "deadline": "LD_PETITON"}),
            "bad-element",
        ),
        ("4", json!({"fact": "petition_filed", "entry": ENTRY, "date": "soon"}), "bad-date"),
        ("5", json!({"fact": "extension", "entry": ENTRY, "date": "2026-03-01", "times": 9}), "bad-number"),
        ("6", json!({"fact": "petition_filed", "entry": ENTRY, "date": ["2026-03-01"]}), "bad-element"),
    ] {
        desk.receive(&format!("{name}.json"), "acme", document.to_string().as_bytes());
        let file = entrywatch::ident::Fingerprint::of(document.to_string().as_bytes());
        let kept = desk.store().input(file).expect("it answers").expect("the file is kept");
        let found: Vec<&str> = kept.findings.iter().map(|finding| &*finding.code).collect();
        assert_eq!(found, [code], "{document}");
        assert!(kept.findings[0].place.line > 0);
        let pieces = desk.store().quarantined(None, 100).expect("it answers");
        assert!(pieces.iter().any(|(key, _)| key.file == file), "{document} is not in quarantine");
    }
    let entry = entry(&desk);
    assert_eq!(entry.liquidations().count(), 0);
    assert_eq!(entry.extensions(), 1, "one extension was told; how often it was before is not known");
    let open = entry.recorded_starts("LD_PETITION").next().expect("the clock");
    assert!(entry.recorded_end("LD_PETITION", Some(open.0)).is_none());
}

#[test]
fn facts_change_the_entry_and_come_back_with_the_journal() {
    let mut desk = Desk::new(now());
    let mut record =
        |document: Value| desk.engine().record(document.to_string().as_bytes()).expect("recorded");
    record(
        json!({"kind": "recorded", "fact": "bulletin", "entry": ENTRY, "liquidation_date": "2026-02-27", "author": "jo"}),
    );
    record(
        json!({"kind": "form", "form": "28", "entry": ENTRY, "issue_date": "2026-02-20", "due_on_form": "2026-03-22", "author": "jo", "source": "letter"}),
    );
    record(
        json!({"kind": "recorded", "fact": "form_28_answer", "entry": ENTRY, "date": "2026-03-01", "author": "jo"}),
    );
    record(
        json!({"kind": "recorded", "fact": "protest_filed", "entry": ENTRY, "protest_filed": "2026-03-01", "reference": "2704-26-100001", "author": "jo"}),
    );
    record(
        json!({"kind": "recorded", "fact": "suspension", "entry": ENTRY, "date": "2026-01-05", "author": "jo"}),
    );
    record(
        json!({"kind": "recorded", "fact": "bill", "entry": ENTRY, "bill_date": "2026-02-01", "amount": "12.50", "reference": "B1", "author": "jo"}),
    );
    record(
        json!({"kind": "recorded", "fact": "bill_paid", "entry": ENTRY, "date": "2026-02-20", "reference": "B1", "author": "jo"}),
    );
    let now = entry(&desk);
    assert_eq!(now.liquidation().and_then(|liquidation| liquidation.date), "2026-02-27".parse().ok());
    assert_eq!(now.liquidation_history.last().map(|event| event.basis), Some(Basis::Recorded));
    assert_eq!(now.protests.len(), 1);
    assert!(now.customs_bills.values().all(|bill| !bill.bill.is_open));
    let (form, start) = now.recorded_starts("CF28_RESPONSE").next().expect("the form starts it");
    assert_eq!((start.input, form.value("due_on_form")), ("issue_date", Some("2026-03-22")));
    let end = now.recorded_end("CF28_RESPONSE", Some(form)).expect("the answer ends it");
    assert_eq!(end.fact, FactKind::Form28Answer);
    assert!(now.recorded_end("CF29_RESPONSE", None).is_none());

    let hash = desk.state_hash();
    desk.open(&desk::pipeline());
    assert_eq!(desk.state_hash(), hash, "replay gives the same state");
}

#[test]
fn a_fact_is_known_again_and_can_be_taken_back() {
    let mut desk = Desk::new(now());
    let form =
        json!({"kind": "form", "form": "29", "entry": ENTRY, "mail_date": "2026-02-20", "author": "jo"});
    desk.engine().record(form.to_string().as_bytes()).expect("recorded");
    let mut again = form.clone();
    again["author"] = "mary".into();
    again["remark"] = "seen again".into();
    desk.engine().record(again.to_string().as_bytes()).expect("recorded");
    let number = EntryNumber::parse(ENTRY).expect("an entry number");
    let life = desk.store().life(number).expect("the store answers").expect("known");
    assert_eq!(
        (life.notices.len(), life.notices[0].again),
        (1, 1),
        "who tells it does not make it another fact"
    );
    assert_eq!(life.notices[0].notice.field("author"), Some("jo"));

    let id = entrywatch::ident::hex(life.notices[0].notice.id.as_bytes());
    let back =
        json!({"fact": "withdrawn", "entry": ENTRY, "date": "2026-03-02", "notice": id, "author": "jo"});
    desk.engine().record(back.to_string().as_bytes()).expect("recorded");
    let entry = entry(&desk);
    assert!(entry.recorded_starts("CF29_RESPONSE").next().is_none());
    assert_eq!(entry.recorded(FactKind::Withdrawn).count(), 1);
}

#[test]
fn done_ends_any_clock_of_the_same_matter() {
    let mut desk = Desk::new(now());
    for reference in ["A", "B"] {
        let notice =
            json!({"fact": "damages", "entry": ENTRY, "mail_date": "2026-02-20", "reference": reference});
        desk.engine().record(notice.to_string().as_bytes()).expect("recorded");
    }
    let done = json!({"fact": "done", "entry": ENTRY, "date": "2026-03-01", "deadline": "LD_PETITION", "reference": "A"});
    desk.engine().record(done.to_string().as_bytes()).expect("recorded");
    let entry = entry(&desk);
    let open: Vec<String> = entry
        .recorded_starts("LD_PETITION")
        .filter(|(fact, _)| entry.recorded_end("LD_PETITION", Some(fact)).is_none())
        .filter_map(|(fact, _)| fact.reference.map(|reference| reference.to_string()))
        .collect();
    assert_eq!(open, ["B"]);
}

#[test]
fn the_schemas_say_what_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, kind) in [("form", Kind::Form), ("recorded", Kind::Recorded)] {
        let schema = serde_json::to_string_pretty(&schema(file, kind)).expect("JSON") + "\n";
        expect_file![root.join(format!("grammars/json/{file}.schema.json"))].assert_eq(&schema);
    }
}

fn schema_of(value: FactValue) -> Value {
    match value {
        FactValue::Date => json!({"type": "string", "format": "date"}),
        FactValue::YesNo => json!({"enum": ["yes", "no", true, false]}),
        FactValue::Count(max) => json!({"type": "integer", "minimum": 0, "maximum": max}),
        FactValue::Word(words) => json!({"enum": words}),
        FactValue::Amount => json!({"type": ["string", "number"], "pattern": "^-?[0-9]+(\\.[0-9]{1,2})?$"}),
        FactValue::Clocks => json!({"type": "string", "description": "names of deadlines, parted by commas"}),
        FactValue::Text => {
            json!({"type": "string", "minLength": 1, "maxLength": entrywatch::notice::recorded::TEXT_BYTES_MAX})
        }
    }
}

fn schema(file: &str, kind: Kind) -> Value {
    let entry =
        json!({"type": "string", "description": "3 letters or digits and 8 digits, with or without hyphens"});
    let text = || schema_of(FactValue::Text);
    let (name, title) = match kind {
        Kind::Form => ("form", "A form that CBP sent"),
        _ => ("fact", "A fact that a person records"),
    };
    let mut kinds = Vec::new();
    for definition in FactKind::ALL.iter().map(|fact| fact.definition()).filter(|found| found.kind() == kind)
    {
        let word = if kind == Kind::Form { definition.code } else { definition.name };
        let mut properties = Map::new();
        properties.insert(name.into(), json!({"const": word}));
        properties.insert(definition.date.into(), schema_of(FactValue::Date));
        let mut required = vec![name, definition.date];
        if definition.wants_reference {
            required.push("reference");
        }
        for field in definition.fields {
            properties.insert(field.name.into(), schema_of(field.value));
            if field.is_required {
                required.push(field.name);
            }
        }
        kinds.push(json!({"properties": properties, "required": required}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{file}.schema.json"),
        "title": title,
        "type": "object",
        "properties": {
            "kind": {"const": file},
            "entry": entry,
            "entries": {"type": "array", "items": entry, "maxItems": 1000},
            "bill": text(), "house_bill": text(), "reference": text(), "replaces": {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}, "remark": text(), "author": text(),
            "source": text(), "recorded_at": text(),
        },
        "anyOf": [{"required": ["entry"]}, {"required": ["entries"]}, {"required": ["bill"]}],
        "oneOf": kinds,
        "unevaluatedProperties": false,
    })
}

/// What people tell of an entry is about the broker that it belongs to; they are no broker themselves.
#[test]
fn an_alert_about_a_fact_names_the_broker_of_the_entry() {
    let mut desk = Desk::new("2025-04-02T14:10:00Z".parse().expect("an instant"));
    let form = |entry: &str| {
        json!({"kind": "form", "form": "28", "entry": entry, "issue_date": "2025-04-01", "author": "jo", "source": "letter of the port"})
            .to_string()
    };
    desk.receive("1.txt", "globex", include_bytes!("../samples/demo/1-hold.txt"));
    desk.engine().record(form("9Z7-1000042-5").as_bytes()).expect("recorded");
    desk.engine().record(form(ENTRY).as_bytes()).expect("recorded");
    let alerts = desk.store().alerts(None, 100).expect("the store answers");
    let brokers = |number: &str| -> Vec<Option<&str>> {
        let number = EntryNumber::parse(number);
        let of_entry = alerts.iter().filter(|alert| alert.entry.as_ref().map(|entry| entry.number) == number);
        of_entry.map(|alert| alert.broker().map(|broker| broker.as_str())).collect()
    };
    assert!(brokers("9Z7-1000042-5").len() > 1, "{alerts:?}");
    assert!(brokers("9Z7-1000042-5").iter().all(|broker| *broker == Some("globex")), "{alerts:?}");
    assert!(!brokers(ENTRY).is_empty() && brokers(ENTRY).iter().all(Option::is_none), "{alerts:?}");
}

/// Whether or not the law sets a day in its place, a date before the entry is told as what it is.
#[test]
fn a_liquidation_before_the_entry_is_a_finding() {
    let mut desk = Desk::new("2025-04-02T14:10:00Z".parse().expect("an instant"));
    let number = "9Z7-1000042-5";
    desk.receive("1.txt", "globex", include_bytes!("../samples/demo/1-hold.txt"));
    desk.receive("2.txt", "globex", include_bytes!("../samples/demo/2-released.txt"));
    let mut told = |fact: Value| {
        desk.engine().record(fact.to_string().as_bytes()).expect("recorded");
        let number = EntryNumber::parse(number).expect("an entry number");
        let life = desk.store().life(number).expect("the store answers").expect("known");
        let on = "2025-04-03".parse().expect("a day");
        let view = entrywatch::serve::entry_view(&life, DeadlineTable::embedded(), on);
        view.findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let bulletin =
        json!({"fact": "bulletin", "entry": number, "liquidation_date": "2024-02-16", "author": "jo"});
    let suspended = json!({"fact": "suspension", "entry": number, "date": "2025-04-02", "author": "jo"});
    let wanted = "a liquidation of 2024-02-16 was told, which lies before the entry itself and cannot be: look the date up on the \
                  bulletin and record it";
    assert_eq!(told(bulletin), [wanted]);
    assert_eq!(told(suspended), [wanted]);
}

#[test]
fn a_protest_is_recorded_with_what_it_is_against() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, entrywatch::config::EXAMPLE).expect("written");
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entrywatch"));
        let output = command.args(words).args(["--config"]).arg(&config).output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let record = |kind: &str, words: &[&str]| run(&[&["record", kind, ENTRY], words].concat());
    let protest = |words: &[&str]| {
        record("protest_filed", &[&["--on", "2026-06-01", "--reference", "P1"], words].concat())
    };
    // Nothing is known so far, so anything may be true.
    assert_eq!(protest(&["against=2026-03-06"]).0, Some(0));
    assert_eq!(record("bulletin", &["liquidation_date=2026-03-06"]).0, Some(0));
    assert_eq!(record("bulletin", &["liquidation_date=2026-05-08", "event=reliquidation"]).0, Some(0));
    let due = |key: &str| {
        let (_, out, err) = run(&["explain", ENTRY, key, "--json"]);
        let shown: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        shown["deadlines"][0]["state"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(
        (due("PROTEST_DUE@liquidation"), due("PROTEST_DUE@reliquidation")),
        ("closed".into(), "open".into())
    );
    for (words, complaint) in [
        (["against=2026-06-05"], "behind the day on which the protest was filed"),
        (["against=2026-01-05"], "only liquidation (2026-03-06) and reliquidation (2026-05-08)"),
        (["against=soon"], "`against` must be a date"),
    ] {
        let (code, _, err) = protest(&words);
        assert!(code != Some(0) && err.contains(complaint), "{words:?}: {err}");
    }
    // A second one that does not say so is against the other.
    let (code, _, err) = record("protest_filed", &["--on", "2026-06-02", "--reference", "P2"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(due("PROTEST_DUE@reliquidation"), "closed");
    // Of one alone nobody knows it, and the command says so.
    let other = "9Z7-1000042-5";
    let of_other = |words: &[&str]| run(&[&["record", words[0], other], &words[1..]].concat());
    for words in [
        &["bulletin", "liquidation_date=2026-03-06"][..],
        &["bulletin", "liquidation_date=2026-05-08", "event=reliquidation"],
    ] {
        assert_eq!(of_other(words).0, Some(0));
    }
    let (code, _, err) = of_other(&["protest_filed", "--on", "2026-06-02", "--reference", "P3"]);
    assert_eq!(code, Some(0));
    for name in ["liquidation", "reliquidation"] {
        let said = format!(
            "PROTEST_DUE@{name} of {other} runs on: protest P3 was filed on 2026-06-02, perhaps against this"
        );
        assert!(err.contains(&said), "{err}");
    }
    // Nor to which of two forms an answer without a number is.
    for words in [["form_28", "issue_date=2026-06-02"], ["form_28", "issue_date=2026-06-10"]] {
        assert_eq!(of_other(&words).0, Some(0));
    }
    let (code, _, err) = of_other(&["form_28_answer", "--on", "2026-06-15"]);
    assert_eq!(code, Some(0));
    let said = format!(
        "CF28_RESPONSE@2026-06-02 of {other} runs on: form 28 answer, recorded for 2026-06-15, perhaps for this"
    );
    assert!(err.contains(&said) && err.contains("reference=2026-06-02 or reference=2026-06-10"), "{err}");
    let (_, _, err) = of_other(&["form_28_answer", "--on", "2026-06-15", "--reference", "2026-06-10"]);
    assert!(!err.contains("runs on"), "{err}");
}

#[test]
fn the_command_records_and_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, entrywatch::config::EXAMPLE).expect("written");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .args(words)
            .args(["--json", "--config"])
            .arg(&config)
            .env("USER", "jo")
            .env_remove("SUDO_USER")
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = run(&["record", "form-28", ENTRY, "issue_date=2026-03-02", "--source", "letter"]);
    assert_eq!(code, Some(0), "{err}");
    let said: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&said["document"]["form"], &said["document"]["author"]), (&json!("28"), &json!("jo")));
    let (_, out, _) = run(&["entry", ENTRY]);
    let shown: Value = serde_json::from_str(&out).expect("JSON");
    let row = &shown["timeline"][0];
    assert_eq!((&row["kind"], &row["by"], &row["at"]), (&json!("form"), &json!("jo"), &json!("2026-03-02")));
    assert_eq!(row["notice"], said["notices"][0]);
    for (words, complaint) in [
        (&["record", "form_28", ENTRY][..], "issue_date"),
        (&["record", "form_28", "issue_date=2026-03-02"], "name the entry"),
        (&["record", "form_28", ENTRY, "issue_date=2026-03-02", "isue=1"], "isue"),
        (&["record", "protest", ENTRY], "protest_"),
        (&["record", "note", "XYZ"], "neither"),
        (
            &["record", "form_28", "9Z7-0000041-8", "issue_date=2026-03-02"],
            "the check digit of 9Z7-0000041-8",
        ),
        (&["record", "form_28", ENTRY, "issue_date=2126-03-02"], "days ahead: is the year right?"),
        (&["record", "form_28", ENTRY, "issue_date=1990-03-02"], "more than 30 years ago"),
        (
            &["record", "form_28", ENTRY, "issue_date=2026-03-02", "due_on_form=2199-01-01"],
            "`due_on_form` is",
        ),
        (&["record", "done", ENTRY, "--on", "2026-03-02", "deadline=LD_PETITON"], "the name of a deadline"),
        (&["record", "extension", ENTRY, "--on", "2026-03-02", "times=9"], "from 0 to 3"),
    ] {
        let (code, _, err) = run(words);
        assert_eq!(code, Some(2), "{words:?}");
        assert!(err.contains(complaint), "{words:?}: {err}");
    }
    // A filer with an offset: told so, and from then on known.
    let odd = ["record", "note", "9Z7-0000041-8", "--on", "2026-03-02"];
    assert_eq!(run(&odd).0, Some(2));
    assert_eq!(run(&[&odd[..], &["--odd-check-digit"]].concat()).0, Some(0));
    assert_eq!(run(&odd).0, Some(0));
    let (code, _, err) = run(&["replay", "--verify"]);
    assert_eq!(code, Some(0), "{err}");
    let (code, out, _) = run(&["record", "--list"]);
    assert_eq!((code, out.lines().count()), (Some(0), FactKind::ALL.len()));
}

#[test]
fn only_what_was_recorded_of_the_entry_is_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, entrywatch::config::EXAMPLE).expect("written");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .args(["record", "--author", "jo", "--json", "--config"])
            .arg(&config)
            .args(words)
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let other = "9Z7-1000042-5";
    let form = |entry| run(&["form_28", entry, "issue_date=2026-03-02", "due_on_form=2026-04-01"]);
    let (code, out, err) = form(ENTRY);
    assert_eq!(code, Some(0), "{err}");
    let recorded: Value = serde_json::from_str(&out).expect("JSON");
    let id = recorded["notices"][0].as_str().expect("an id").to_owned();
    assert_eq!(form(other).0, Some(0));
    let zeros = "0".repeat(32);
    for (entry, id, part) in [
        (ENTRY, "abc", "must be the id of a notice"),
        (ENTRY, &*zeros, "was recorded of"),
        (other, &*id, "was recorded of"),
    ] {
        let (code, _, err) = run(&["withdrawn", entry, "--on", "2026-03-03", &format!("notice={id}")]);
        assert_eq!(code, Some(2), "{entry} {id}: {err}");
        assert!(err.contains(part), "{err}");
        let (code, _, err) = run(&["form_28", entry, "issue_date=2026-03-12", &format!("replaces={id}")]);
        assert_eq!(code, Some(2), "{entry} {id}: {err}");
    }
    let (code, _, err) = run(&["withdrawn", ENTRY, "--on", "2026-03-03", &format!("notice={id}")]);
    assert_eq!(code, Some(0), "{err}");
}
