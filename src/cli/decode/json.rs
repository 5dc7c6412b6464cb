//! One object a line, one line a message.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{AddedFields, Form, Heading};
use crate::decode::{Control, Standard};
use crate::ident::{BillOfLading, EntryNumber};
use crate::notice::{BillRef, EventTime, Kind, NoticeRef, Token, Values};
use crate::place::{Finding, Place, Severity, Span};

pub struct JsonForm {
    file: String,
    grammar: String,
    /// One value at a time, so that standard output is written in large pieces.
    line: Vec<u8>,
    is_first_notice: bool,
}

impl JsonForm {
    pub fn new(file: &str, grammar: &str) -> Self {
        Self { file: file.to_owned(), grammar: grammar.to_owned(), line: Vec::new(), is_first_notice: true }
    }
}

#[derive(Serialize)]
struct HeadingLine<'a> {
    file: &'a str,
    index: u64,
    standard: Option<Standard>,
    message: Option<&'a str>,
    release: Option<&'a str>,
    control: ControlLine<'a>,
    span: Span,
    grammar: &'a str,
}

#[derive(Serialize)]
struct ControlLine<'a> {
    sender: Option<Cow<'a, str>>,
    interchange: Option<Cow<'a, str>>,
    group: Option<Cow<'a, str>>,
    set: Option<Cow<'a, str>>,
    /// There when the sender marks the interchange as a test.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

impl<'a> From<Control<'a>> for ControlLine<'a> {
    fn from(control: Control<'a>) -> Self {
        Self {
            sender: control.sender.map(text),
            interchange: control.interchange.map(text),
            group: control.group.map(text),
            set: control.set.map(text),
            test: control.is_test,
        }
    }
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    kind: Kind,
    entry: Option<EntryNumber>,
    bill: Option<BillOfLading>,
    house_bill: Option<BillOfLading>,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Token>,
    code: Option<Token>,
    table: Option<&'a str>,
    meaning: Option<&'a str>,
    severity: Severity,
    at: Option<EventTime>,
    place: Place,
    fields: FieldsLine<'a>,
}

/// Fields that overriding tables add.
#[derive(Serialize)]
struct AddedLine<'a> {
    record: &'a str,
    place: Place,
    fields: FieldsLine<'a>,
}

impl Form for JsonForm {
    fn heading(&mut self, out: &mut dyn Write, heading: &Heading<'_>) -> io::Result<()> {
        self.line.clear();
        let head = HeadingLine {
            file: &self.file,
            index: heading.index,
            standard: heading.standard,
            message: heading.message,
            release: heading.release,
            control: heading.control.into(),
            span: heading.span,
            grammar: &self.grammar,
        };
        serde_json::to_writer(&mut self.line, &head)?;
        // The object stays open: its lists are written as their members come.
        self.line.pop();
        self.line.extend_from_slice(br#","notices":["#);
        self.is_first_notice = true;
        out.write_all(&self.line)
    }

    fn notice(&mut self, out: &mut dyn Write, notice: &NoticeRef<'_>) -> io::Result<()> {
        self.line.clear();
        if !self.is_first_notice {
            self.line.push(b',');
        }
        self.is_first_notice = false;
        let notice = NoticeLine {
            kind: notice.kind,
            entry: notice.entry,
            bill: notice.bill.and_then(BillRef::to_bill),
            house_bill: notice.house_bill.and_then(BillRef::to_bill),
            container: notice.container,
            code: notice.code,
            table: notice.table,
            meaning: notice.meaning,
            severity: notice.severity,
            at: notice.at,
            place: notice.place,
            fields: FieldsLine(notice.fields),
        };
        serde_json::to_writer(&mut self.line, &notice)?;
        out.write_all(&self.line)
    }

    fn added(&mut self, out: &mut dyn Write, records: &[AddedFields]) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(br#"],"added":["#);
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                self.line.push(b',');
            }
            let pairs: Vec<(&str, &[u8])> =
                record.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            let fields = Values::from(pairs.as_slice());
            let line = AddedLine { record: &record.record, place: record.place, fields: FieldsLine(fields) };
            serde_json::to_writer(&mut self.line, &line)?;
        }
        out.write_all(&self.line)
    }

    fn findings(
        &mut self,
        out: &mut dyn Write,
        findings: &mut dyn Iterator<Item = &Finding>,
    ) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(br#"],"findings":["#);
        for (index, finding) in findings.enumerate() {
            if index > 0 {
                self.line.push(b',');
            }
            serde_json::to_writer(&mut self.line, finding)?;
        }
        self.line.extend_from_slice(b"]}\n");
        out.write_all(&self.line)
    }
}

/// Names and values as an object; a name that occurs again gets a number, `remark`, `remark_2`.
struct FieldsLine<'a>(Values<'a>);

impl Serialize for FieldsLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let before = self.0.iter().take(index).filter(|(known, _)| *known == name).count();
            match before {
                0 => map.serialize_entry(name, &text(&value))?,
                _ => map.serialize_entry(&format!("{name}_{}", before + 1), &text(&value))?,
            }
        }
        map.end()
    }
}

/// Bytes of a message as text: UTF-8 when they are, else Latin-1; control characters become blanks.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if let Ok(text) = std::str::from_utf8(bytes)
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
    {
        return Cow::Borrowed(text);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Cow::Borrowed(text),
        Ok(text) => Cow::Owned(text.chars().map(clean).collect()),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| clean(byte as char)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Effect;
    use crate::place::Grade;

    #[test]
    fn a_message_is_one_line_of_json() {
        let mut form = JsonForm::new("so \"1\".txt", "abc");
        let mut out = Vec::new();
        let heading = Heading {
            index: 0,
            standard: Some(Standard::Abi),
            message: Some("SO"),
            release: None,
            control: Control { sender: Some(b"N01"), ..Control::default() },
            span: Span { offset: 0, length: 826, line: 1 },
        };
        let fields: [(&str, &[u8]); 3] = [("remark", b"a"), ("remark", b"caf\xe9"), ("agency", b"F\tA")];
        let place = Place { offset: 495, line: 7, column: None };
        let notice = NoticeRef {
            kind: Kind::ReleaseStatus,
            entry: EntryNumber::parse("N0170000124"),
            bill: Some(BillRef { issuer: b"XYZL", number: b"123 45678" }),
            house_bill: None,
            container: None,
            code: Token::some("96"),
            table: Some("so60-entry-dispositions"),
            meaning: Some("documents required"),
            severity: Severity::Critical,
            at: EventTime::parse("2021-07-05T21:14:00"),
            effect: &Effect::Inform,
            place,
            fields: fields.as_slice().into(),
            source: b"SO60",
            ordinal: 0,
        };
        let finding = Finding::new("check-digit", Grade::Warning, Place { column: Some(8), ..place }, "odd");
        form.heading(&mut out, &heading).expect("written");
        form.notice(&mut out, &notice).expect("written");
        form.notice(&mut out, &notice).expect("written");
        form.findings(&mut out, &mut [finding].iter()).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches('\n').count(), 1);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["notices"][1], json["notices"][0]);
        let wanted = serde_json::json!({
            "kind": "release_status", "entry": "N0170000124", "bill": "XYZL12345678", "house_bill": null,
            "code": "96", "table": "so60-entry-dispositions", "meaning": "documents required",
            "severity": "critical", "at": "2021-07-05T21:14:00", "place": {"offset": 495, "line": 7},
            "fields": {"remark": "a", "remark_2": "café", "agency": "F A"},
        });
        assert_eq!(json["notices"][0], wanted);
        let wanted = serde_json::json!({
            "file": "so \"1\".txt", "index": 0, "standard": "abi", "message": "SO", "release": null,
            "control": {"sender": "N01", "interchange": null, "group": null, "set": null},
            "span": {"offset": 0, "length": 826, "line": 1}, "grammar": "abc",
        });
        for (key, value) in wanted.as_object().expect("an object") {
            assert_eq!(&json[key], value, "{key}");
        }
        assert_eq!(
            json["findings"][0],
            serde_json::json!({
                "code": "check-digit", "severity": "warning", "message": "odd",
                "place": {"offset": 495, "line": 7, "column": 8},
            })
        );
    }
}
