//! Every file of `samples/abi` is decoded and interpreted, and compared with the `.expect` beside it.
//!
//! `UPDATE_EXPECT=1 cargo test --test abi_samples` rewrites the expectations; read the diff.

use std::fs;
use std::path::{Path, PathBuf};

use entrywatch::decode::{Body, Message, decode};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeIds, NoticeSink};
use entrywatch::notice::{BillRef, Fields, NoticeRef};
use entrywatch::place::{Finding, Place};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn interpreter() -> Interpreter {
    Interpreter::new(Grammar::embedded()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Collects what one message says.
#[derive(Default)]
struct Told {
    lines: Vec<Value>,
    findings: Vec<Value>,
}

impl NoticeSink for Told {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let mut fields = Fields::new();
        for (name, value) in notice.fields.iter() {
            fields.push_bytes(name, &value);
        }
        let bill = |bill: Option<BillRef<'_>>| bill.and_then(BillRef::to_bill).map(|bill| bill.to_string());
        self.lines.push(json!({
            "kind": notice.kind.as_str(),
            "entry": notice.entry,
            "bill": bill(notice.bill),
            "house_bill": bill(notice.house_bill),
            "code": notice.code,
            "table": notice.table,
            "meaning": notice.meaning,
            "severity": notice.severity,
            "at": notice.at,
            "effect": notice.effect,
            "line": notice.place.line,
            "fields": fields.as_map(),
        }));
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding_json(&finding));
    }
}

fn finding_json(finding: &Finding) -> Value {
    let Place { line, column, .. } = finding.place;
    let (code, severity, message) = (&finding.code, finding.severity, &finding.message);
    json!({"finding": code, "severity": severity, "line": line, "column": column, "message": message})
}

/// Nulls say nothing and are left out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = map.into_iter().filter(|(_, value)| !value.is_null());
            said.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        other => other,
    }
}

/// The file as JSON lines: each message, then its notices and findings.
fn tell(bytes: &[u8], interpreter: &Interpreter) -> Vec<Value> {
    let grammar = interpreter.grammar().clone();
    let mut lines = Vec::new();
    decode(bytes, &grammar, &mut |message: &Message<'_>| {
        let mut told = Told::default();
        interpreter.interpret(message, &mut told);
        let records = match message.body {
            Body::Abi(transaction) => transaction.records.len(),
            _ => 0,
        };
        lines.push(json!({
            "message": message.name,
            "index": message.index,
            "sender": message.control.sender.map(String::from_utf8_lossy),
            "offset": message.span.offset,
            "length": message.span.length,
            "first_line": message.span.line,
            "records": records,
            "id": NoticeIds::of(message).id(0),
        }));
        lines.extend(told.lines);
        lines.extend(message.findings.iter().map(finding_json));
        lines.extend(told.findings);
    });
    lines.into_iter().map(without_nulls).collect()
}

fn samples(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|item| item.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    files
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a plain name")
}

/// A failing sample has a finding above `info`, a passing one has none; a few are the other way round.
fn is_loud(folder: &str, path: &Path) -> bool {
    let quiet = ["byte-order-mark-latin1.txt", "nul-and-ctrl-z.txt"];
    let loud = ["batch-rejected.txt", "carried.txt", "ax-answers.txt"];
    if folder == "pass" { loud.contains(&name_of(path)) } else { !quiet.contains(&name_of(path)) }
}

#[test]
fn every_sample_is_read_as_expected() {
    let interpreter = interpreter();
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in ["pass", "fail"] {
        for path in samples(&root().join("samples/abi").join(folder)) {
            count += 1;
            let lines = tell(&fs::read(&path).expect("a readable sample"), &interpreter);
            let findings: Vec<&Value> = lines.iter().filter(|line| line.get("finding").is_some()).collect();
            let loud = findings.iter().any(|line| line["severity"] != "info");
            assert_eq!(loud, is_loud(folder, &path), "{}: {findings:#?}", path.display());
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let expect = path.with_extension("expect");
            if update {
                fs::write(&expect, &text).expect("a writable sample folder");
            } else if fs::read_to_string(&expect).unwrap_or_default() != text {
                wrong.push(format!("{}\n{text}", path.display()));
            }
        }
    }
    assert!(count > 20, "the samples are there");
    assert!(wrong.is_empty(), "differs from its .expect:\n{}", wrong.join("\n"));
}

/// What must be the same as in the clean file: kind, entry, code, time, effect.
fn facts(path: &Path, interpreter: &Interpreter) -> Vec<[Value; 5]> {
    let lines = tell(&fs::read(path).expect("a readable sample"), interpreter);
    let notices = lines.iter().filter(|line| line.get("kind").is_some());
    notices.map(|line| ["kind", "entry", "code", "at", "effect"].map(|key| line[key].clone())).collect()
}

#[test]
fn the_form_of_a_file_changes_nothing() {
    let interpreter = interpreter();
    let folder = root().join("samples/abi/pass");
    let clean = facts(&folder.join("form-lf.txt"), &interpreter);
    assert_eq!(clean.len(), 1);
    let forms = [
        "no-line-ends",
        "string-with-final-line-end",
        "stripped-no-final-line-end",
        "no-envelope",
        "blank-columns-behind",
    ];
    for form in forms {
        assert_eq!(facts(&folder.join(format!("form-{form}.txt")), &interpreter), clean, "{form}");
    }
}

/// The public samples that the layouts were written from, where they are at hand.
struct Specification {
    folder: PathBuf,
    interpreter: Interpreter,
}

impl Specification {
    fn at_hand() -> Option<Self> {
        let folder = root().join("../shared/spec/abi/samples");
        folder.exists().then(|| Self { folder, interpreter: interpreter() })
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        tell(&fs::read(self.folder.join(name)).expect("a sample"), &self.interpreter)
    }

    fn all(&self, name: &str, key: &str) -> Vec<Value> {
        self.lines(name).into_iter().filter_map(|line| line.get(key).cloned()).collect()
    }

    fn facts(&self, name: &str) -> Vec<[Value; 5]> {
        facts(&self.folder.join(name), &self.interpreter)
    }
}

#[test]
fn malformed_samples_read_as_their_readme_says() {
    let Some(spec) = Specification::at_hand() else { return };
    let clean = spec.facts("constructed/nr-liquidated-as-entered.txt");
    assert_eq!(clean.len(), 1);
    for path in samples(&spec.folder.join("malformed")) {
        let name = format!("malformed/{}", name_of(&path));
        let findings = spec.all(&name, "finding");
        if name.contains("/ok-two-batches") {
            assert_eq!(spec.facts(&name).len(), 3, "{name}");
        } else if name.contains("/ok-") {
            assert_eq!(spec.facts(&name), clean, "{name}");
            assert!(findings.is_empty(), "{name}: {findings:?}");
        } else {
            assert!(!findings.is_empty(), "{name}");
        }
    }
    for (name, wanted, reads_all) in [
        ("bad-count-in-y", "count-mismatch", true),
        ("bad-unknown-record", "unknown-record", true),
        ("bad-missing-z", "missing-trailer", true),
        ("bad-truncated-record", "truncated", false),
        ("bad-overlong-record", "overlong-record", true),
        ("bad-date", "bad-date", false),
        ("bad-amount", "bad-number", false),
        ("odd-check-digit", "check-digit", false),
        ("odd-bom-and-latin1", "encoding", true),
    ] {
        let name = format!("malformed/{name}.txt");
        let findings = spec.all(&name, "finding");
        assert!(findings.iter().any(|code| code == wanted), "{name}: {findings:?}");
        assert_eq!(spec.facts(&name) == clean, reads_all, "{name}");
    }
}

#[test]
fn the_other_samples_of_the_specification_are_understood() {
    let Some(spec) = Specification::at_hand() else { return };
    for path in samples(&spec.folder.join("constructed")) {
        let name = format!("constructed/{}", name_of(&path));
        assert!(!spec.facts(&name).is_empty(), "{name}");
        for line in spec.lines(&name).iter().filter(|line| line.get("finding").is_some()) {
            assert_eq!(line["severity"], "info", "{name}: {line}");
        }
    }
    for which in ["batch", "block", "transaction"] {
        let name = format!("published/bb-{which}-rejected.txt");
        let kinds = spec.all(&name, "kind");
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind == "batch_rejected"), "{name}: {kinds:?}");
        assert_eq!(spec.all(&name, "code").last(), Some(&json!("999")));
    }
    for (name, messages) in [
        ("real/mic-ae-ftz.txt", vec!["AE"]),
        ("real/mic-nr-liquidation.txt", vec!["NR"]),
        ("real/mic-nr-liquidation-unseparated.txt", vec!["NR"]),
        ("real/mic-sx-accepted.txt", vec!["SX"]),
        ("real/vfi-se-ftz.txt", vec!["SE"]),
        ("published/bb-uc-notification.txt", vec!["UC"]),
        ("published/bb-ax-two-blocks-misaligned.txt", vec!["AX", "AX", "AX"]),
        ("published/er-line-detail-fragment.txt", vec!["ER"]),
        ("published/so70-two-statuses-fragment.txt", vec!["SO"]),
    ] {
        let said = spec.all(name, "message");
        let said: Vec<&str> = said.iter().filter_map(Value::as_str).filter(|text| text.len() == 2).collect();
        assert_eq!(said, messages, "{name}");
    }
}

/// `grammars/abi` says what the specification's table says, record by record and field by field.
#[test]
fn the_layouts_agree_with_the_specification() {
    let Ok(text) = fs::read_to_string(root().join("../shared/spec/abi/layouts.tsv")) else { return };
    let grammar = Grammar::embedded();
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().expect("a header");
    let names = [
        "key",
        "record_id",
        "application",
        "title",
        "start",
        "end",
        "class",
        "decimals",
        "requirement",
        "field",
        "meaning",
        "source",
        "confidence",
    ];
    let columns = names.map(|name| header.iter().position(|cell| *cell == name).expect("a column"));
    let mut wanted: Vec<[String; 13]> = rows.map(|row| columns.map(|at| row[at].to_owned())).collect();
    let mut ours = Vec::new();
    for layout in grammar.abi.layouts() {
        for field in &layout.fields {
            let side = format!("{:?}", field.side);
            ours.push([
                layout.key.to_string(),
                layout.id.to_string(),
                layout.applications.join(","),
                layout.title.to_string(),
                (field.at.start + 1).to_string(),
                field.at.end.to_string(),
                field.class.as_str().to_owned(),
                field.decimals.to_string(),
                side[..1].to_owned(),
                field.name.to_string(),
                field.meaning.to_string(),
                layout.source.to_string(),
                layout.confidence.to_string(),
            ]);
        }
    }
    ours.sort();
    wanted.sort();
    assert_eq!(grammar.abi.layouts().len(), 152);
    assert_eq!(ours, wanted);
}
