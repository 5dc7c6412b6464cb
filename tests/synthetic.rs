//! A feed whose truth is known, read back: what the decoder and the interpreter understand is what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use entrywatch::decode;
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::{Finding, Grade, finding_code};
use entrywatch::synthetic::{Fact, Family, Fault, GeneratedFile, Plan, generate};

/// Kind, entry, bill, house bill, code, time.
type Said = (String, String, String, String, String, String);

/// The fields of each notice, by what it says.
#[derive(Default)]
struct Reading {
    said: BTreeMap<Said, Vec<Vec<(String, String)>>>,
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
        let fields = notice.fields.iter();
        let fields =
            fields.map(|(name, value)| ((*name).to_owned(), String::from_utf8_lossy(&value).into_owned()));
        self.said.entry(said).or_default().push(fields.collect());
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

fn said(fact: &Fact) -> Said {
    let entry = fact.entry.map_or(String::new(), |entry| entry.as_str().to_owned());
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    (
        fact.kind.to_string(),
        entry,
        text(&fact.bill),
        text(&fact.house_bill),
        fact.code.clone(),
        text(&fact.at),
    )
}

/// Each fact is one notice with the fact's fields, and there are no other notices.
fn compare(file: &GeneratedFile, mut reading: Reading) {
    for fact in &file.facts {
        let notices = reading.said.get_mut(&said(fact));
        let notices = notices.unwrap_or_else(|| panic!("{}: nothing says {fact:#?}", file.path()));
        let has = |fields: &Vec<(String, String)>| {
            fact.fields
                .iter()
                .all(|(name, value)| fields.iter().any(|(found, text)| found == name && text == value))
        };
        let found = notices.iter().position(has);
        let found = found.unwrap_or_else(|| panic!("{}: {fact:#?}\nin {notices:#?}", file.path()));
        notices.swap_remove(found);
    }
    reading.said.retain(|_, notices| !notices.is_empty());
    assert!(reading.said.is_empty(), "{}: invented {:#?}", file.path(), reading.said);
}

/// Reads a feed and compares file by file; `finding` judges what was noticed in a file. Answers the families that came up.
fn check(plan: &Plan, finding: &dyn Fn(&GeneratedFile, &[Finding])) -> BTreeSet<String> {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar is audited");
    let mut families = BTreeSet::new();
    for file in generate(plan) {
        let reading = read(&file, &grammar, &interpreter);
        finding(&file, &reading.findings);
        families.extend(file.name.split_once('-').map(|(family, _)| family.to_ascii_uppercase()));
        // A truncated upload may be understood in part; its messages come again.
        if file.fault != Some(Fault::Partial) {
            compare(&file, reading);
        }
    }
    families
}

fn all_families() -> BTreeSet<Family> {
    Family::ALL.iter().copied().collect()
}

/// What a faultless message may be remarked for: the answers of CBP themselves leave mandatory fields blank when a census
/// override was taken, and a rejected batch is a remark.
fn is_expected(file: &GeneratedFile, finding: &Finding) -> bool {
    match &*finding.code {
        finding_code::MISSING_FIELD => file.name.starts_with("co-") && finding.severity == Grade::Info,
        finding_code::BATCH_REJECTED => file.name.starts_with("x1-"),
        _ => false,
    }
}

#[test]
fn a_clean_feed_of_the_core_is_understood_without_a_finding() {
    let plan = Plan { messages_per_file: 7, ..Plan::new(3, 300) };
    let families =
        check(&plan, &|file, findings| assert!(findings.is_empty(), "{}: {findings:?}", file.path()));
    assert_eq!(families.len(), Family::CORE.len(), "{families:?}");
}

#[test]
fn a_clean_feed_of_all_families_is_understood_as_well() {
    let plan = Plan { messages_per_file: 7, brokers: 4, families: all_families(), ..Plan::new(3, 400) };
    let families = check(&plan, &|file, findings| {
        let unexpected: Vec<&Finding> = findings.iter().filter(|found| !is_expected(file, found)).collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:?}", file.path());
    });
    assert_eq!(families, Family::ALL.iter().map(Family::to_string).collect(), "every family comes up");
}

#[test]
fn a_feed_with_every_fault_is_understood_as_well() {
    for fault in Fault::ALL {
        let plan = Plan { faults: [fault].into(), families: all_families(), ..Plan::new(4, 100) };
        check(&plan, &|file, findings| {
            let errors = findings.iter().filter(|finding| finding.severity == Grade::Error).count();
            let spoilt = matches!(file.fault, Some(Fault::Partial | Fault::MissingTrailer));
            assert!(spoilt || errors == 0, "{} ({fault}): {findings:?}", file.path());
            // A byte-order mark before an ISA does no harm; in ABI there is a byte above 127 as well.
            let is_told = match file.fault {
                Some(Fault::MissingTrailer) => true,
                Some(Fault::Encoding) => file.name.ends_with(".txt"),
                _ => false,
            };
            assert!(!is_told || !findings.is_empty(), "{} ({fault}) was read without a word", file.path());
        });
    }
}
