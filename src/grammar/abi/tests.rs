//! The audit of record layouts: every fault, by its place.

use super::*;
use crate::grammar::embedded_sources;

const FILE: &str = r#"application = "ZX"
title = "A test"
direction = "out"
split = "starts"
starts = ["Z1"]

[[record]]
key = "Z1"
id = "Z1"
title = "First"
direction = "out"
source = "test"
confidence = "confirmed"
fields = [
  { at = "1-2", name = "record_id", class = "AN", use = "M" },
  { at = "3-8", name = "when", class = "D", use = "C", format = "MMDDYY" },
  { at = "9-18", name = "amount", class = "N", decimals = 2, use = "C" },
  { at = "19-80", name = "filler", class = "S", use = "M" },
]
"#;

fn parse(text: &str) -> Result<AbiGrammar, Vec<GrammarError>> {
    AbiGrammar::parse(&Sources::from([("abi/zx.toml".to_owned(), text.to_owned())]))
}

#[test]
fn every_embedded_layout_passes_the_audit() {
    let grammar = AbiGrammar::parse(&embedded_sources()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(grammar.layouts().len(), 152);
    for layout in grammar.layouts() {
        let width: usize = layout.fields.iter().map(|field| usize::from(field.at.end - field.at.start)).sum();
        assert_eq!(width, RECORD_WIDTH, "{}", layout.key);
    }
}

#[test]
fn faults_name_file_line_and_column() {
    let cases = [
        ("at = \"9-18\"", "at = \"10-18\"", "columns 9-9 before `amount`", 17),
        ("at = \"9-18\"", "at = \"8-18\"", "inside the field before it", 17),
        ("at = \"19-80\"", "at = \"19-79\"", "end in column 79", 8),
        ("at = \"19-80\"", "at = \"19-81\"", "no position", 18),
        ("class = \"N\", decimals", "class = \"AN\", decimals", "has decimals but its class is AN", 17),
        ("class = \"D\"", "class = \"Q\"", "unknown variant", 16),
        ("starts = [\"Z1\"]", "starts = [\"Z9\"]", "`Z9` is no record of `ZX`", 5),
        ("\"ZX\"", "\"Z\"", "no application id", 1),
        ("id = \"Z1\"\ntitle", "id = \"Z1234\"\ntitle", "no record id", 9),
        ("name = \"amount\"", "name = \"when\"", "stands twice", 17),
        ("at = \"3-8\"", "at = \"3-7\"", "its format wants 6", 16),
        ("direction = \"out\"\nsplit", "direction = \"out\"\nechoes = \"YY\"\nsplit", "no file describes", 4),
        ("split", "same_as = { Z2 = \"nothing\" }\nsplit", "no record has the key", 4),
        ("title = \"A", "titel = \"A", "unknown field", 2),
    ];
    for (from, to, message, line) in cases {
        let faults = parse(&FILE.replacen(from, to, 1)).expect_err(message);
        let fault = &faults[0];
        assert!(fault.message.contains(message), "{message}: {faults:?}");
        assert_eq!((fault.file.as_str(), fault.line), ("abi/zx.toml", line), "{fault}");
    }
    let twice = FILE.replace("[[record]]", "[[record]]\n").to_owned()
        + &FILE[FILE.find("[[record]]").unwrap_or_default()..];
    let faults = parse(&twice).expect_err("a record twice");
    assert!(faults.iter().any(|fault| fault.message.contains("describe the same record")), "{faults:?}");
}

#[test]
fn records_are_told_by_application_and_id() {
    let grammar = AbiGrammar::parse(&embedded_sources()).expect("audited above");
    let key = |application: &str, record: &str| {
        let application = grammar.application(application.as_bytes()).expect("known");
        match grammar.describe(application, record.as_bytes()) {
            Described::Layout { layout, .. } => layout.key.to_string(),
            Described::Undescribed => "undescribed".to_owned(),
            Described::Unknown => "unknown".to_owned(),
        }
    };
    let so70 = |version: &str| format!("SO70FDA{:71}{version}", "");
    for (application, record, wanted) in [
        ("AX", "E0 SUMMRY", "AX_E0"),
        ("UC", "E121", "UC_E1"),
        ("TX", "E1", "TIB_E1"),
        ("PF", "Q1", "PF_Q1"),
        ("MS", "Q1", "MS_Q1"),
        ("AE", "SE60", "AESE60"),
        ("SX", "SE60", "SE60"),
        ("SX", "SE10", "SE10"),
        ("SX", "SE55", "SE35"),
        ("SX", "PG01", "undescribed"),
        ("SO", &so70("04"), "SO70"),
        ("SO", &so70("03"), "SO70_PRE04"),
        ("UC", &so70(""), "SO70_PRE04"),
        ("C1", &so70("").replacen("SO", "WO", 1), "SO70_PRE04"),
        ("SO", &so70("09"), "SO70"),
        ("C1", "WO60", "SO60"),
        ("ER", "10", "AE10"),
        ("WT", "EZ", "EABYZ"),
        ("NR", "N9", "unknown"),
        ("NR", "N", "unknown"),
        ("NR", "", "unknown"),
        ("CL", "CJ2", "CJ2"),
    ] {
        assert_eq!(key(application, record), wanted, "{application} {record}");
    }
    let control = |record: &str, direction| grammar.control(record.as_bytes(), direction).map(|l| &*l.key);
    assert_eq!(control("A3701", Direction::In), Some("A_IN"));
    assert_eq!(control("A3701", Direction::Out), Some("A_OUT"));
    assert_eq!(control(&format!("B{:78}B", ""), Direction::Out), Some("B_GEN"));
    assert_eq!(control("Z3701", Direction::Out), Some("Z"));
}

#[test]
fn a_look_finds_what_a_class_forbids() {
    let grammar = parse(FILE).expect("a good file");
    let layout = &grammar.layouts()[0];
    let look = |text: &str| {
        let mut record = [b' '; RECORD_WIDTH];
        for (slot, c) in record.iter_mut().zip(text.chars()) {
            *slot = c as u8;
        }
        layout.is_odd(&record) || !layout.is_filled(Filled::of_full(&record))
    };
    assert!(!look("Z10101260000012345"));
    assert!(!look("Z1      0000012345"), "a date may be blank where it is not mandatory");
    assert!(look("Z101012600000123O5"));
    assert!(look("Z10101260000-12345"));
    assert!(!look("Z1010126     12345"), "blanks may stand before an amount");
    assert!(!look("Z101012612345"), "and behind it");
    assert!(look("Z1010126   12 3450"), "but not in it");
    assert!(look("Z10101260000012345 x"));
    assert!(look("Z1\t") && look("Z1\u{e9}"));
    assert!(look("Z10101260000012345\u{7f}"));
}

#[test]
fn a_look_finds_blanks_in_every_number_and_leaves_a_sign_to_a_slower_one() {
    let fields = r#"  { at = "19-23", name = "quantity", class = "N", use = "M" },
  { at = "24-33", name = "balance", class = "AN", decimals = 2, use = "C", signed = true },
  { at = "34-80","#;
    let grammar = parse(&FILE.replace("  { at = \"19-80\",", fields)).expect("a good file");
    let layout = &grammar.layouts()[0];
    let is_odd = |text: &str| {
        let mut record = [b' '; RECORD_WIDTH];
        record[..text.len()].copy_from_slice(text.as_bytes());
        layout.is_odd(&record) || !layout.is_filled(Filled::of_full(&record))
    };
    for (text, wanted) in [
        ("Z1010126000001234500079", false),
        ("Z10101260000012345   79", false),
        ("Z1010126000001234579", false),
        ("Z10101260000012345  7 9", true),
        ("Z101012600000123457   9", true),
        ("Z10101260000012345000790000012345", false),
        ("Z1010126000001234500079     12345", false),
        ("Z1010126000001234500079    -12345", true),
        ("Z1010126000001234500079     12 45", true),
        ("Z1010126000001234500079     12O45", true),
    ] {
        assert_eq!(is_odd(text), wanted, "{text}");
    }
}

static EMBEDDED: std::sync::LazyLock<AbiGrammar> =
    std::sync::LazyLock::new(|| AbiGrammar::parse(&embedded_sources()).expect("audited above"));

proptest::proptest! {
    /// One blank or character after another would seldom fill a mandatory field: fields are filled or blanked as a whole,
    /// then a few columns changed.
    #[test]
    fn a_look_at_all_columns_agrees_with_one_at_each_field(
        fields in proptest::collection::vec(proptest::prelude::any::<u8>(), 64),
        changes in proptest::collection::vec((0usize..RECORD_WIDTH, proptest::bool::ANY), 0..3),
    ) {
        for layout in EMBEDDED.layouts() {
            let mut record = [b' '; RECORD_WIDTH];
            for (field, choice) in layout.fields.iter().zip(&fields) {
                let (start, end) = (usize::from(field.at.start), usize::from(field.at.end));
                let blanks = if choice % 8 == 0 { end - start } else { usize::from(choice / 8) % (end - start) };
                record[start + blanks..end].fill(b'1');
            }
            for &(column, is_blank) in &changes {
                record[column] = if is_blank { b' ' } else { b'1' };
            }
            let filled = Filled::of_full(&record);
            let looks = layout.is_filled_at_a_look(filled);
            proptest::prop_assert!(!looks || layout.is_filled_by_field(filled), "{}", layout.key);
        }
    }

    #[test]
    fn a_code_is_the_field_with_blanks_behind_it(record in "[ A1]{0,12}", start in 0u8..12, width in 0u8..6) {
        let (record, at) = (record.as_bytes(), FieldAt::new(start, start + width));
        let field = at.of(record);
        if let Some(code) = at.code(record) {
            proptest::prop_assert_eq!(code, Tag::named(field));
        } else {
            let begins_blank = at.raw(record).first().is_none_or(|&byte| byte == b' ');
            proptest::prop_assert!(!(1..=4).contains(&width) || begins_blank);
        }
    }
}
