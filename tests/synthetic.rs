//! A feed whose truth is known, read back: what the decoder and the interpreter understand is what the ledger says.

use std::collections::BTreeMap;

use entrywatch::decode;
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::{Finding, Grade};
use entrywatch::synthetic::{Fault, GeneratedFile, Plan, generate};

/// Kind, entry, bill, house bill, code, time.
type Said = (String, String, String, String, String, String);

/// How often each thing was said.
type Count = BTreeMap<Said, usize>;

#[derive(Default)]
struct Reading {
    said: Count,
    findings: Vec<Finding>,
}

impl NoticeSink for Reading {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let text = |value: Option<String>| value.unwrap_or_default();
        let bill = |bill: Option<entrywatch::notice::BillRef<'_>>| {
            text(bill.and_then(|bill| bill.to_bill()).map(|bill| bill.to_string()))
        };
        let said = (
            notice.kind.as_str().to_owned(),
            text(notice.entry.map(|entry| entry.as_str().to_owned())),
            bill(notice.bill),
            bill(notice.house_bill),
            text(notice.code.map(|code| code.to_string())),
            text(notice.at.map(|at| at.to_string())),
        );
        *self.said.entry(said).or_default() += 1;
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

fn read(file: &GeneratedFile, grammar: &Grammar, interpreter: &Interpreter) -> Reading {
    let mut reading = Reading::default();
    decode::decode(&file.bytes, grammar, &mut |message: &decode::Message<'_>| {
        reading.findings.extend(message.findings.iter().cloned());
        interpreter.interpret(message, &mut reading);
    });
    reading
}

fn written(file: &GeneratedFile) -> Count {
    let mut count = Count::new();
    for fact in &file.facts {
        let entry = fact.entry.map_or(String::new(), |entry| entry.as_str().to_owned());
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let said = (
            fact.kind.to_string(),
            entry,
            text(&fact.bill),
            text(&fact.house_bill),
            fact.code.clone(),
            text(&fact.at),
        );
        *count.entry(said).or_default() += 1;
    }
    count
}

/// Reads a feed and compares file by file; `finding` judges what was noticed in a file.
fn check(plan: &Plan, finding: &dyn Fn(&GeneratedFile, &[Finding])) {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar is audited");
    for file in generate(plan) {
        let reading = read(&file, &grammar, &interpreter);
        finding(&file, &reading.findings);
        // A truncated upload may be understood in part; its messages come again.
        if file.fault != Some(Fault::Partial) {
            let (read, written) = (reading.said, written(&file));
            let only = |here: &Count, there: &Count| -> Vec<Said> {
                here.iter()
                    .filter(|(said, count)| there.get(*said) != Some(count))
                    .map(|(said, _)| said.clone())
                    .collect()
            };
            let (invented, missed) = (only(&read, &written), only(&written, &read));
            assert!(read == written, "{}:\nmissed {missed:#?}\ninvented {invented:#?}", file.path());
        }
    }
}

#[test]
fn a_clean_feed_is_understood_without_a_finding() {
    let plan = Plan { messages_per_file: 7, ..Plan::new(3, 300) };
    check(&plan, &|file, findings| assert!(findings.is_empty(), "{}: {findings:?}", file.path()));
}

#[test]
fn a_feed_with_every_fault_is_understood_as_well() {
    for fault in Fault::ALL {
        let plan = Plan { faults: [fault].into(), ..Plan::new(4, 100) };
        check(&plan, &|file, findings| {
            let errors = findings.iter().filter(|finding| finding.severity == Grade::Error).count();
            let spoilt = matches!(file.fault, Some(Fault::Partial | Fault::MissingTrailer));
            assert!(spoilt || errors == 0, "{} ({fault}): {findings:?}", file.path());
            let silent = findings.is_empty();
            if matches!(file.fault, Some(Fault::MissingTrailer | Fault::Encoding)) {
                assert!(!silent, "{} ({fault}) was read without a word", file.path());
            }
        });
    }
}
