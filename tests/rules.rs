//! The rule language from the outside: one mistake a file, the reference, and what no default rule reaches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use entrywatch::config::vocabulary;
use entrywatch::decode;
use entrywatch::diagnostic::Diagnostic;
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::Finding;
use entrywatch::rules::{EMBEDDED, EMBEDDED_NAME, Playbook, Rules, Vocabulary, reference};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shown(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn known() -> Vocabulary {
    vocabulary(Some(&Grammar::embedded())).with_brokers(["acme", "globex"])
}

fn parse(name: &str, text: &str) -> Result<Rules, Vec<Diagnostic>> {
    let rules = Rules::parse(&[(name, text)], &Playbook::embedded(), &["operations", "finance"], &known())?;
    let faults: Vec<Diagnostic> = rules.run_tests().into_iter().filter_map(|test| test.fault).collect();
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = item.path();
            if path.is_dir() {
                folders.push(path);
            } else if ending.is_empty() || path.extension().is_some_and(|end| end == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_wrong_rule_file_says_what_is_wrong_and_where() {
    let files = files("tests/rules_wrong", "toml");
    assert!(files.len() >= 40, "only {} wrong rule files", files.len());
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        let Err(faults) = parse(&name, &text) else { panic!("{name} is taken as a good rule file") };
        assert_eq!(
            faults.len(),
            1,
            "{name} has one mistake, and one fault should say so:\n{}",
            shown(&faults)
        );
        expect_test::expect_file![path.with_extension("expect")].assert_eq(&shown(&faults));
    }
}

#[test]
fn the_reference_is_up_to_date() {
    expect_test::expect_file![root().join("docs/rules-reference.md")].assert_eq(&reference::page());
}

#[test]
fn every_example_of_the_reference_loads() {
    for example in reference::examples() {
        let loaded = parse("example.toml", &example.text);
        let faults = loaded.err().unwrap_or_default();
        assert!(faults.is_empty(), "the example of `{}`:\n{}\n{}", example.key, example.text, shown(&faults));
    }
}

/// Collects the names of the fields that notices carry.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl NoticeSink for Names {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.0.extend(notice.fields.iter().map(|(name, _)| (*name).to_owned()));
    }

    fn finding(&mut self, _: Finding) {}
}

#[test]
fn rules_may_name_every_field_that_a_sample_carries() {
    let interpreter = Interpreter::new(Grammar::embedded()).expect("the embedded grammar is whole");
    let mut names = Names::default();
    for path in files("samples", "") {
        let bytes = std::fs::read(&path).expect("a sample");
        decode::decode_reader(
            &mut bytes.as_slice(),
            interpreter.grammar(),
            &mut |message: &decode::Message<'_>| {
                interpreter.interpret(message, &mut names);
            },
        )
        .expect("bytes in memory can be read");
    }
    assert!(names.0.len() > 50, "the samples carry fields");
    let known = known();
    let missing: Vec<&String> = names.0.iter().filter(|name| !known.has_field(name)).collect();
    assert!(missing.is_empty(), "fields that no rule may name: {missing:?}; see DERIVED_FIELDS");
}

#[test]
fn the_embedded_rules_load_with_the_whole_vocabulary() {
    let rules = parse(EMBEDDED_NAME, EMBEDDED);
    assert!(rules.is_ok(), "{}", shown(&rules.err().unwrap_or_default()));
}
