//! Tables with a header: the importer's data and reports from the ACE portal, from the file to the state of the entry.
//!
//! `UPDATE_EXPECT=1` rewrites the expectations.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "the scenarios drive more of it")]
mod desk;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use desk::Desk;
use entrywatch::decode::csv::{CsvDecoder, FIELDS};
use entrywatch::decode::{Body, ColumnNames, Decoder, Message, decode};
use entrywatch::entry::{Basis, Entry};
use entrywatch::grammar::Grammar;
use entrywatch::ident::EntryNumber;
use entrywatch::interpret::{Interpreter, NoticeIds, NoticeSink};
use entrywatch::notice::{Fields, Kind, NoticeRef, WitnessedFact};
use entrywatch::place::{Finding, Grade};
use proptest::prelude::*;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(root().join("samples").join(name)).expect("a sample")
}

/// What a file says, a line for each notice and finding.
struct Told {
    text: String,
    worst: Option<Grade>,
}

impl Told {
    fn finding_line(&mut self, finding: &Finding) {
        let column = finding.place.column.map(|column| format!(":{column}")).unwrap_or_default();
        let grade = format!("{:?}", finding.severity).to_lowercase();
        writeln!(self.text, "  {grade} {} {}{column}: {}", finding.code, finding.place.line, finding.message)
            .expect("a string takes everything");
        self.worst = self.worst.max(Some(finding.severity));
    }
}

impl NoticeSink for Told {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let mut fields = Fields::new();
        notice.fields.iter().for_each(|(name, value)| fields.push_bytes(name, &value));
        let entry = notice.entry.map(|entry| entry.to_string()).unwrap_or_default();
        let at = notice.at.map(|at| at.to_string()).unwrap_or_default();
        let effect = serde_json::to_string(notice.effect).expect("JSON");
        writeln!(self.text, "  {} {entry} {at} line {} {effect}", notice.kind.as_str(), notice.place.line)
            .expect("a string takes everything");
        for (name, value) in fields.iter() {
            writeln!(self.text, "    {name}: {value}").expect("a string takes everything");
        }
    }

    fn finding(&mut self, finding: Finding) {
        self.finding_line(&finding);
    }
}

fn told(bytes: &[u8]) -> Told {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar is whole");
    let mut told = Told { text: String::new(), worst: None };
    decode(bytes, &grammar, &mut |message: &Message<'_>| {
        let _ = NoticeIds::of(message);
        let name = message.name.unwrap_or("-");
        writeln!(told.text, "{name} line {}", message.span.line).expect("a string takes everything");
        message.findings.iter().for_each(|finding| told.finding_line(finding));
        interpreter.interpret(message, &mut told);
    });
    told
}

#[test]
fn every_table_says_what_is_expected() {
    for folder in ["pass", "fail"] {
        let listing = fs::read_dir(root().join("samples/csv").join(folder)).expect("the samples");
        let mut paths: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "csv"));
        paths.sort();
        assert!(paths.len() >= 4, "samples/csv/{folder} holds samples");
        for path in paths {
            let told = told(&fs::read(&path).expect("a sample"));
            let is_bad = told.worst > Some(Grade::Info);
            assert_eq!(is_bad, folder == "fail", "{}:\n{}", path.display(), told.text);
            expect_test::expect_file![path.with_extension("expect")].assert_eq(&told.text);
        }
    }
}

fn entry(desk: &Desk, number: &str) -> Entry {
    let number = EntryNumber::parse(number).expect("an entry number");
    desk.store().life(number).expect("the store answers").expect("the entry is known").entry()
}

fn desk() -> Desk {
    Desk::new("2027-03-02T12:00:00Z".parse().expect("an instant"))
}

#[test]
fn a_report_is_a_second_witness_in_any_order() {
    let (notices, report) = (sample("abi/pass/nr-every-event.txt"), sample("csv/pass/ace-liquidations.csv"));
    let mut hashes = Vec::new();
    for report_first in [false, true] {
        let mut desk = desk();
        let files = [("nr.txt", &notices), ("ace.csv", &report)];
        let order: [usize; 2] = if report_first { [1, 0] } else { [0, 1] };
        for at in order {
            desk.receive(files[at].0, "acme", files[at].1);
        }
        // Agreed in every date and amount.
        assert_eq!(entry(&desk, "9Z700000013").contradictions(), []);
        assert_eq!(entry(&desk, "9Z700000088").contradictions(), []);
        let found = entry(&desk, "9Z700000070").contradictions();
        let found: Vec<String> = found.iter().map(|found| found.text()).collect();
        assert_eq!(
            found,
            [
                "the ACE report has 2027-01-29 as date of liquidation; the messages have 2027-01-22",
                "the ACE report has 4120.55 as duty liquidated; the messages have 4120.50"
            ]
        );
        hashes.push(desk.state_hash());
        // The courtesy notice's own amounts stay the last word, and the earlier date counts.
        let disputed = entry(&desk, "9Z700000070");
        let standing = disputed.liquidation().expect("it is liquidated");
        assert_eq!(standing.date.map(|date| date.to_string()).as_deref(), Some("2027-01-22"));
        assert!(standing.paid.antidumping.is_some(), "only the notice states it");
        let dates = disputed.liquidation_dates();
        let bases: Vec<Basis> = dates[0].dates.iter().map(|told| told.basis).collect();
        assert_eq!(bases, [Basis::CourtesyNotice, Basis::AceReport]);
        // A date that lies ahead is no liquidation.
        assert!(entry(&desk, "9Z700000096").liquidation().is_none());
        desk.open(&desk::pipeline());
        hashes.push(desk.state_hash());
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
}

#[test]
fn a_liquidation_that_only_the_report_tells_counts() {
    let mut desk = desk();
    desk.receive("ace.csv", "acme", &sample("csv/pass/ace-liquidations.csv"));
    let entry = entry(&desk, "9Z700000013");
    assert_eq!(entry.contradictions(), []);
    let counting = entry.liquidation_dates()[0].counting().expect("a date");
    assert_eq!((counting.date.to_string().as_str(), counting.basis), ("2027-01-22", Basis::AceReport));
    let number = EntryNumber::parse("9Z700000013").expect("an entry number");
    let life = desk.store().life(number).expect("the store answers").expect("known");
    let deadlines = entry.deadlines(&desk::pipeline().deadlines);
    let protest = deadlines.iter().find(|deadline| &*deadline.id == "PROTEST_DUE").expect("it runs");
    assert_eq!(protest.due_text(), "2027-07-21");
    assert!(life.notices.iter().all(|held| held.notice.kind == Kind::AceReport));
}

#[test]
fn the_newest_report_counts_and_what_was_once_true_is_no_contradiction() {
    let mut desk = desk();
    desk.receive("ae.txt", "acme", &sample("abi/pass/ae-summaries.txt"));
    let report = |date: &str, duty: &str| {
        let header = "Report Date,Entry Number,Entry Date,Duty Amount";
        format!("{header}\n{date},9Z700000419,2026-03-05,{duty}\n").into_bytes()
    };
    // Of the filing before the correction.
    desk.receive("1.csv", "acme", &report("2026-04-01", "3270.00"));
    assert_eq!(entry(&desk, "9Z700000419").contradictions(), []);
    desk.receive("2.csv", "acme", &report("2026-07-01", "610.00"));
    let found = entry(&desk, "9Z700000419").contradictions();
    assert_eq!((found[0].reported.as_str(), found[0].told.len()), ("610.00", 2));
    desk.receive("3.csv", "acme", &report("2026-07-08", "600.00"));
    assert_eq!(entry(&desk, "9Z700000419").contradictions(), []);
}

#[test]
fn every_date_and_amount_is_held_against_the_messages() {
    let facts = [
        ("9Z700000419", "Entry Date", "2026-03-05", "2026-03-06"),
        ("9Z700000419", "Release Date", "2026-03-05", "2026-03-06"),
        ("9Z700000468", "Collection Date", "2026-03-27", "2026-03-28"),
        ("9Z700000070", "Liquidation Date", "2027-01-22", "2027-01-23"),
        ("9Z700000419", "Total Entered Value", "16000", "16001"),
        ("9Z700000419", "Duty Amount", "3270.00", "3270.01"),
        ("9Z700000419", "Tax Amount", "10.00", "0.00"),
        ("9Z700000419", "ADD Amount", "125.00", "126.00"),
        ("9Z700000419", "CVD Amount", "20.00", "2.00"),
        ("9Z700000419", "Fee Amount", "67.92", "75.43"),
        ("9Z700000419", "Total Paid Amount", "3492.92", "3492.93"),
        ("9Z700000070", "Liquidated Duty", "4120.50", "4120.05"),
        ("9Z700000070", "Liquidated Tax", "0.00", "1.00"),
        ("9Z700000070", "Liquidated ADD Amount", "610.00", "500.00"),
        ("9Z700000070", "Liquidated CVD Amount", "0", "1"),
        ("9Z700000070", "Liquidated Fees", "75.43", "75.34"),
        ("9Z700000070", "Total Liquidated Amount", "4805.93", "4805.94"),
    ];
    assert_eq!(facts.len(), WitnessedFact::ALL.len());
    let mut desk = desk();
    for name in ["ae-summaries", "er-answers", "nr-every-event"] {
        desk.receive(name, "acme", &sample(&format!("abi/pass/{name}.txt")));
    }
    let mut seen = BTreeSet::new();
    for (at, (number, column, right, wrong)) in facts.into_iter().enumerate() {
        // Each on a day of its own, so that it alone counts; the date of entry makes any of them a report.
        let mut report = |value: &str, day: usize| {
            let date = format!("2028-{:02}-{:02}", day / 28 + 1, day % 28 + 1);
            let text = format!("Entry Number,Run Date,Summary Date,{column}\n{number},{date},,{value}\n");
            desk.receive(&format!("{day}.csv"), "acme", text.as_bytes());
            entry(&desk, number).contradictions()
        };
        assert_eq!(report(right, 2 * at), [], "{column}");
        let found = report(wrong, 2 * at + 1);
        assert_eq!(found.len(), 1, "{column}: {found:?}");
        seen.insert(found[0].what);
    }
    assert_eq!(seen.len(), WitnessedFact::ALL.len(), "{seen:?}");
}

fn run(words: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_entrywatch")).args(words).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn contradictions_are_listed_and_a_broker_has_column_names_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let own = "name = \"acme\"\ncolumns = [\"Sum. No=entry\", \"Liq Dt=liquidation_date\"]\n";
    let text = entrywatch::config::EXAMPLE.replace("name = \"acme\"\n", own);
    assert_ne!(text, entrywatch::config::EXAMPLE);
    fs::write(&config, text).expect("written");
    let config = config.to_str().expect("text");
    let ingest = |file: &Path, broker: &str| {
        run(&["ingest", file.to_str().expect("text"), "--broker", broker, "--config", config])
    };
    let listed = || run(&["entries", "--contradictions", "--json", "--config", config]).1;
    ingest(&root().join("samples/abi/pass/nr-every-event.txt"), "acme");
    let rows = "Sum. No;Liq Dt\n9Z700000070;01/29/2027\n9Z700000013;01/22/2027\n";
    // A broker that has no such columns, then the one that has them.
    for (broker, text) in [("globex", format!("{rows}\n")), ("acme", rows.to_owned())] {
        let file = folder.path().join(format!("{broker}.csv"));
        fs::write(&file, text).expect("written");
        ingest(&file, broker);
        assert_eq!(listed().is_empty(), broker == "globex");
    }
    let (code, out, err) = run(&["entries", "--contradictions", "--json", "--config", config]);
    assert_eq!(code, Some(0), "{err}");
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 1, "{out}");
    assert_eq!(rows[0]["entry"], "9Z700000070");
    let found = &rows[0]["contradictions"][0];
    assert_eq!(found["what"], "liquidation_date");
    assert_eq!((&found["reported"], &found["told"][0]), (&"2027-01-29".into(), &"2027-01-22".into()));
    let (_, out, _) = run(&["entries", "--contradictions", "--csv", "--config", config]);
    assert!(out.starts_with("entry,broker,importer,reference,what,reported,messages,report\n"), "{out}");
    assert!(out.contains(",liquidation_date,2027-01-29,2027-01-22,acme.csv:2"), "{out}");
    let (_, out, _) = run(&["entries", "--contradictions", "--config", config]);
    assert!(out.contains("liquidation date") && out.contains("acme.csv:2"), "{out}");
    let (_, out, _) = run(&["entry", "9Z700000070", "--json", "--config", config]);
    let view: Value = serde_json::from_str(&out).expect("JSON");
    let codes: Vec<&str> =
        view["findings"].as_array().expect("a list").iter().filter_map(|row| row["code"].as_str()).collect();
    assert_eq!(codes, ["contradiction"]);
    let (_, out, _) = run(&["entry", "9Z700000070", "--config", config]);
    assert!(out.contains("the ACE report has 2027-01-29 as date of liquidation"), "{out}");
}

#[test]
fn a_contradiction_stands_in_the_digest() {
    let mut desk = desk();
    desk.receive("nr.txt", "acme", &sample("abi/pass/nr-every-event.txt"));
    let before = desk.store().digest(Some("operations@example.com"), 1_000).expect("the store answers");
    desk.receive("ace.csv", "acme", &sample("csv/pass/ace-liquidations.csv"));
    let after = desk.store().digest(Some("operations@example.com"), 1_000).expect("the store answers");
    let new: Vec<&str> =
        after.iter().filter(|key| !before.contains(key)).map(|key| key.alert.as_str()).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("report-contradicts"), "{new:?}");
}

#[test]
fn a_report_that_a_spreadsheet_saved_says_the_same() {
    let plain = "Entry Number,Report Date,Liquidation Date,Liquidated Duty\n9Z700000013,2027-02-01,2027-01-22,3270.00\n";
    let saved = "Entry Number;Report Date;Liquidation Date;Liquidated Duty;\r\n\
                 =\"9Z700000013\";2/1/2027 0:00;1/22/2027;$3,270.00 ;\r\n;;;;\r\nTotal;;;$3,270.00 ;\r\n";
    let unicode: Vec<u8> = format!("\u{feff}ACE Reports\r\n\r\n{}", saved.replace(';', "\t"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let told = [plain.as_bytes(), saved.as_bytes(), &unicode].map(|bytes| {
        let mut desk = desk();
        desk.receive("ace.csv", "acme", bytes);
        let entry = entry(&desk, "9Z700000013");
        assert_eq!(entry.contradictions(), []);
        let liquidation = entry.liquidation().expect("the report tells one");
        let deadlines = entry.deadlines(&desk::pipeline().deadlines);
        let due: Vec<String> =
            deadlines.iter().map(|deadline| format!("{} {:?}", deadline.id, deadline.due)).collect();
        format!("{liquidation:?} {due:?}")
    });
    assert!(told[0].contains("3270.00"), "{}", told[0]);
    assert!(told.iter().all(|text| *text == told[0]), "{told:#?}");
}

#[test]
fn the_schema_knows_every_member_that_a_table_can_have() {
    let text = fs::read_to_string(root().join("grammars/json/approved_entry.schema.json")).expect("a schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let members = schema["properties"].as_object().expect("an object");
    let lines = schema["properties"]["lines"]["items"]["properties"].as_object().expect("an object");
    for field in FIELDS {
        assert!(members.contains_key(*field) || lines.contains_key(*field), "{field}");
    }
}

/// Messages with their places and what they say, read in pieces of this size.
fn in_pieces(bytes: &[u8], piece: usize) -> Vec<String> {
    let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
    let mut decoder = CsvDecoder::new(&grammar, &names);
    let mut seen = Vec::new();
    let mut sink = |message: &Message<'_>| {
        let members: Vec<String> = match message.body {
            Body::Json(row) => row.members.iter().map(|member| format!("{member:?}")).collect(),
            _ => Vec::new(),
        };
        seen.push(format!("{:?} {members:?} {:?}", message.span, message.findings));
    };
    let (mut from, mut to) = (0, 0);
    loop {
        to = (to + piece).min(bytes.len());
        let last = to == bytes.len();
        from += decoder.feed(&bytes[from..to], last, &mut sink);
        if last {
            assert_eq!(from, bytes.len(), "the last window is consumed whole");
            return seen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_tables_are_only_data(
        pick in 0usize..7,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), any::<u8>()], 0usize..30), 0..6),
        piece in 1usize..200,
    ) {
        let name = [
            "ace-liquidations",
            "ace-spreadsheet",
            "ace-summaries",
            "approved-lines",
            "approved-spreadsheet",
            "orders-tabs",
            "orders-unicode",
        ][pick];
        let mut bytes = sample(&format!("csv/pass/{name}.csv"));
        let header = bytes.iter().position(|&byte| byte == b'\n').expect("a header") + 1;
        for (at, byte, length) in cuts {
            let at = header + at.index(bytes.len() - header + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        prop_assert_eq!(in_pieces(&bytes, piece), in_pieces(&bytes, bytes.len()));
        told(&bytes);
    }
}
