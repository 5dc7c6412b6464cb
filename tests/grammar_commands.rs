//! Grammar as a product: tables are checked, shown and compared, and a new record or code is a file and a reload.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "the scenarios drive more of it")]
mod desk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use desk::Desk;
use entrywatch::grammar::{Grammar, embedded_sources};
use entrywatch::ident::EntryNumber;
use entrywatch::interpret::Interpreter;
use entrywatch::pipeline::Pipeline;
use serde_json::Value;

fn run(words: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_entrywatch")).args(words).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A message with something in columns that should be blank.
fn with_data_in_a_filler() -> String {
    let sample =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/abi/pass/so-life.txt"))
            .expect("a sample");
    let grammar = Grammar::embedded();
    let layout = grammar.abi.layout("SO10").expect("a layout");
    let filler = layout
        .fields
        .iter()
        .find(|field| field.name.starts_with("filler") && field.at.end - field.at.start >= 7);
    let at = filler.expect("SO10 has blank columns").at;
    let mut is_done = false;
    let lines = sample.lines().map(|line| {
        let mut bytes = format!("{line:<80}").into_bytes();
        if line.starts_with("SO10") && !is_done {
            bytes[usize::from(at.start)..][..7].copy_from_slice(b"NEWDATA");
            is_done = true;
        }
        String::from_utf8(bytes).expect("ASCII") + "\r\n"
    });
    lines.collect()
}

/// A status with two segments that its set does not have, and a set that no table describes.
fn with_a_foreign_segment() -> String {
    "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*HARBORGOODS    *260611*0740*U*00401*000000009*0*P*>~\
     GS*SO*LANTERNBRK*HARBORGOODS*20260611*0740*1*X*004010~ST*350*0001~ZZZ*1~\
     X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~ZZZ*2~SE*5*0001~GE*1*1~\
     GS*SM*LANTERNBRK*HARBORGOODS*20260611*0740*2*X*004010~ST*204*0001~B2**ZQXL~SE*3*0001~GE*1*2~IEA*2*000000009~"
        .to_owned()
}

/// A folder with an invented record of SO and an invented code that opens a hold.
fn invented(folder: &Path) {
    let sources = embedded_sources();
    let record = r#"
[[record]]
key = "SO9Z"
id = "SO9Z"
title = "Invented for a test"
direction = "out"
source = "test"
confidence = "uncertain"
fields = [
  { at = "1-4", name = "record_id", class = "AN", use = "M" },
  { at = "5-10", name = "invented_date", class = "D", use = "C", format = "MMDDYY" },
  { at = "11-80", name = "filler", class = "X", use = "M" },
]
"#;
    let codes = "codes/so60-entry-dispositions.tsv";
    fs::create_dir_all(folder.join("abi")).expect("made");
    fs::create_dir_all(folder.join("codes")).expect("made");
    fs::write(folder.join("abi/so.toml"), format!("{}{record}", sources["abi/so.toml"])).expect("written");
    let row = "QZ\tinvented stop\tSO60 entry level\ttest\tuncertain\tcritical\thold\n";
    fs::write(folder.join(codes), format!("{}{row}", sources[codes])).expect("written");
}

/// A status notice with both.
fn message() -> String {
    let record = |text: &str| format!("{text:<80}\r\n");
    let sample = String::from_utf8(
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/abi/pass/so-life.txt"))
            .expect("a sample"),
    )
    .expect("ASCII");
    let mut text = String::new();
    let mut is_done = false;
    for line in sample.lines() {
        if line.starts_with("SO60") && !is_done {
            // The code stands in the columns of the grammar.
            let layout_at = Grammar::embedded();
            let field = layout_at
                .abi
                .layout("SO60")
                .and_then(|layout| layout.field("disposition_code"))
                .map(|field| field.at);
            let at = field.expect("SO60 has a code");
            let mut bytes = format!("{line:<80}").into_bytes();
            bytes[usize::from(at.start)..usize::from(at.end)].copy_from_slice(b"QZ");
            text.push_str(&record(&String::from_utf8(bytes).expect("ASCII")));
            text.push_str(&record("SO9Z030226"));
            is_done = true;
            continue;
        }
        text.push_str(&record(line));
    }
    text
}

#[test]
fn a_record_and_a_code_are_added_by_files_and_a_reload() {
    let now = "2026-03-02T15:00:00Z".parse().expect("an instant");
    let mut desk = Desk::new(now);
    let text = message();
    let taken = desk.receive("so.txt", "acme", text.as_bytes());
    let codes = |desk: &Desk| -> Vec<String> {
        let input = desk.store().input(taken.file).expect("the store answers").expect("known");
        input.findings.iter().map(|finding| finding.code.to_string()).collect()
    };
    let before = codes(&desk);
    assert!(before.iter().any(|code| code == "unknown-record"), "{before:?}");
    assert!(before.iter().any(|code| code == "unknown-code"), "{before:?}");
    let numbers: Vec<EntryNumber> =
        desk.store().lives(None, 10).expect("the store answers").iter().map(|life| life.number).collect();
    let held = |desk: &Desk| {
        numbers.iter().any(|&number| {
            let life = desk.store().life(number).expect("the store answers").expect("known");
            life.entry().holds.keys().any(|key| key.code == *"QZ")
        })
    };
    assert!(!held(&desk), "nobody knows the code yet");

    let folder = tempfile::tempdir().expect("a folder");
    invented(folder.path());
    let grammar = Grammar::load(Some(folder.path())).expect("sound tables");
    let old = desk::pipeline();
    let reloaded = || Pipeline {
        feeds: Vec::new(),
        interpreter: Arc::new(Interpreter::new(grammar.clone()).expect("whole")),
        rules: old.rules.clone(),
        deadlines: old.deadlines.clone(),
        audience: old.audience.clone(),
        importer_number: old.importer_number,
    };
    desk.engine().reload(Arc::new(reloaded()), desk::versions()).expect("reloaded");
    desk.engine().reprocess(taken.file, "jo").expect("read again");
    let after = codes(&desk);
    assert!(!after.iter().any(|code| code.starts_with("unknown-")), "{after:?}");
    assert!(held(&desk), "the code does what its row says");

    let hash = desk.state_hash();
    desk.open(&Arc::new(reloaded()));
    assert_eq!(desk.state_hash(), hash, "a rebuild with the new tables gives the same state");
}

#[test]
fn check_names_each_fault_and_diff_each_change() {
    let folder = tempfile::tempdir().expect("a folder");
    invented(folder.path());
    let dir = folder.path().to_str().expect("text");
    let (code, out, err) = run(&["grammar", "check", dir]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("153 records"), "{out}");
    let (code, out, _) = run(&["grammar", "diff", "built-in", dir, "--json"]);
    assert_eq!(code, Some(1));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let whats: Vec<&str> = lines.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(
        whats,
        [
            "code so60-entry-dispositions QZ (SO60 entry level)",
            "record SO9Z",
            "record SO9Z columns 01-04",
            "record SO9Z columns 05-10",
            "record SO9Z columns 11-80",
        ]
    );
    assert!(lines.iter().all(|line| line["old"].is_null() && line["new"].is_string()));
    let (code, out, _) = run(&["grammar", "diff", dir, "built-in"]);
    assert_eq!(code, Some(1));
    assert!(out.lines().all(|line| line.starts_with("- ")), "{out}");
    assert_eq!(run(&["grammar", "diff", dir, dir]).0, Some(0));

    fs::write(folder.path().join("abi/so.toml"), "application = 1\n").expect("written");
    fs::write(folder.path().join("codes/mine.tsv"), "code\tkind\n").expect("written");
    let (code, _, err) = run(&["grammar", "check", dir]);
    assert_eq!(code, Some(1));
    for place in ["abi/so.toml:1:", "codes/mine.tsv:1:"] {
        assert!(err.contains(place), "{err}");
    }
    assert_eq!(run(&["grammar", "diff", dir, "built-in"]).0, Some(2));
}

#[test]
fn show_finds_records_segments_sets_and_codes() {
    for (name, wanted) in [
        ("SO10", &["record SO10", "05-08", "port_of_entry"][..]),
        ("Q1", &["record PF_Q1", "record MS_Q1"]),
        ("x4", &["segment X4", "disposition"]),
        ("350", &["set 350"]),
        ("so60-entry-dispositions", &["98 (SO60 entry level)"]),
    ] {
        let (code, out, err) = run(&["grammar", "show", name]);
        assert_eq!(code, Some(0), "{err}");
        for text in wanted {
            assert!(out.contains(text), "{name}: `{text}` is not in\n{out}");
        }
    }
    assert_eq!(run(&["grammar", "show", "moon"]).0, Some(1));
    let (code, out, _) = run(&["grammar", "show"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("record SO10") && out.contains("code so60-entry-dispositions"), "{out}");
}

#[test]
fn the_drift_report_names_what_the_tables_do_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    fs::write(&config, entrywatch::config::EXAMPLE).expect("written");
    let config = config.to_str().expect("text");
    for (name, broker) in [("one.txt", "acme"), ("two.txt", "globex")] {
        let file = folder.path().join(name);
        // The same message of another entry, so that each file is a file of its own.
        fs::write(&file, format!("{}{}", message(), if name == "two.txt" { "\r\n" } else { "" }))
            .expect("written");
        let file = file.to_str().expect("text");
        let (code, out, err) = run(&["ingest", file, "--broker", broker, "--config", config]);
        assert!(code == Some(0) || code == Some(1), "{out} {err}");
    }
    for (name, bytes) in [("filler.txt", with_data_in_a_filler()), ("status.edi", with_a_foreign_segment())] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).expect("written");
        run(&["ingest", file.to_str().expect("text"), "--broker", "initech", "--config", config]);
    }
    let (code, out, err) = run(&["report", "drift", "--json", "--config", config]);
    assert_eq!(code, Some(0), "{err}");
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for broker in ["acme", "globex"] {
        let of = |what: &str, part: &str| {
            rows.iter().any(|row| {
                row["broker"] == broker
                    && row["what"] == what
                    && row["detail"].as_str().is_some_and(|text| text.contains(part))
            })
        };
        assert!(of("unknown-record", "SO9Z") && of("unknown-code", "QZ"), "{broker}: {out}");
    }
    let of_third: BTreeSet<(&str, u64, bool)> = rows
        .iter()
        .filter(|row| row["broker"] == "initech")
        .filter_map(|row| {
            let is_dated = row["month"].as_str()?.len() == "2026-03".len();
            Some((row["what"].as_str()?, row["times"].as_u64()?, is_dated))
        })
        .collect();
    let wanted = [("unexpected-data", 1, true), ("unknown-segment", 2, true), ("unknown-set", 1, true)];
    assert_eq!(of_third, BTreeSet::from(wanted), "{out}");
    assert!(!out.contains("NEWDATA"), "what stood in the columns is nobody's to read in a report");
    let (_, out, _) = run(&["report", "drift", "--csv", "--broker", "acme", "--config", config]);
    assert!(out.starts_with("month,broker,what") && !out.contains("globex"), "{out}");
    let (_, out, _) = run(&["report", "drift", "--since", "2199-01-01", "--config", config]);
    assert_eq!(out, "the tables know everything that came\n");

    // With the tables mended nothing is left.
    let tables = folder.path().join("tables");
    invented(&tables);
    let text = fs::read_to_string(config).expect("the configuration");
    let mended =
        text.replace("# folder = \"grammars\"", &format!("folder = {:?}", tables.to_str().expect("text")));
    assert_ne!(mended, text);
    fs::write(config, mended).expect("written");
    let (_, out, err) = run(&["report", "drift", "--json", "--config", config]);
    assert!(!out.contains("SO9Z") && !out.contains("QZ"), "{out} {err}");
}

/// An installation with a folder of tables, a file that they do not know all of, and its fingerprint.
fn with_unknown_things(folder: &Path) -> (String, String) {
    let config = folder.join("config.toml");
    let text = "[state]\nfolder = \"state\"\n[grammar]\nfolder = \"tables\"\n[http]\nlisten = \"off\"\n[mail]\nfrom = \"ew@example.com\"\n\
         outbox = \"mails\"\n[[team]]\nname = \"ops\"\nto = [\"ops@example.com\"]\n[[broker]]\nname = \"acme\"\n[[broker.drop]]\n\
         name = \"acme\"\npath = \"drop\"\nsettle = \"0s\"\n";
    for name in ["tables", "drop"] {
        fs::create_dir(folder.join(name)).expect("made");
    }
    fs::write(&config, text).expect("written");
    let file = folder.join("so.txt");
    fs::write(&file, message()).expect("written");
    let config = config.to_str().expect("text").to_owned();
    let (code, out, err) =
        run(&["ingest", file.to_str().expect("text"), "--broker", "acme", "--config", &config]);
    assert!(code == Some(0) || code == Some(1), "{out} {err}");
    let (_, out, err) = run(&["report", "drift", "--json", "--config", &config]);
    let row: Value = serde_json::from_str(out.lines().next().expect("drift")).expect(&err);
    (config, row["file"].as_str().expect("a fingerprint").to_owned())
}

/// Whether the timeline of the entry of [`message`] has a meaning for the invented code.
fn knows_the_code(config: &str) -> bool {
    let (_, out, err) = run(&["entries", "--json", "--config", config]);
    let row: Value = serde_json::from_str(out.lines().next().expect(&err)).expect("JSON");
    let number = row["entry"].as_str().expect("a number");
    let (_, out, err) = run(&["entry", number, "--json", "--config", config]);
    let entry: Value = serde_json::from_str(&out).expect(&err);
    let mut timeline = entry["timeline"].as_array().expect("a list").iter();
    let told = timeline.find(|row| row["code"] == "QZ").expect("the notice is kept");
    told["meaning"] == "invented stop"
}

#[test]
fn a_code_that_is_mapped_later_reaches_what_came_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, file) = with_unknown_things(folder.path());
    assert!(!knows_the_code(&config), "nobody knows the code yet");
    invented(&folder.path().join("tables"));
    let (code, out, err) = run(&["run", "--once", "--config", &config]);
    assert_eq!(code, Some(0), "{out} {err}");
    assert!(knows_the_code(&config), "the file is read again by itself");
    let (code, out, err) = run(&["replay", "--verify", "--config", &config]);
    assert_eq!(code, Some(0), "{out} {err}");

    let lines = |config: &str| run(&["audit", "verify", "--json", "--config", config]).1;
    let before = lines(&config);
    assert_eq!(run(&["run", "--once", "--config", &config]).0, Some(0));
    assert_eq!(lines(&config), before, "what the tables know is not read a third time");

    // Tables that lose the row again.
    fs::remove_dir_all(folder.path().join("tables")).expect("removed");
    fs::create_dir(folder.path().join("tables")).expect("made");
    let (code, out, err) = run(&["quarantine", "retry", &file[..12], "--config", &config]);
    assert_eq!(code, Some(0), "{out} {err}");
    assert!(!knows_the_code(&config));
    assert_eq!(run(&["replay", "--verify", "--config", &config]).0, Some(0));
}

#[test]
fn any_file_that_was_received_is_read_again_by_its_fingerprint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, file) = with_unknown_things(folder.path());
    let (_, out, _) = run(&["quarantine", "list", "--json", "--config", &config]);
    assert_eq!(out, "", "no piece of it is in quarantine");
    invented(&folder.path().join("tables"));
    let (code, out, err) = run(&["quarantine", "retry", &file[..12], "--config", &config]);
    assert_eq!(code, Some(0), "{out} {err}");
    assert!(knows_the_code(&config));
    for (name, part) in [("0123456789ab", "no file that was received begins with"), ("so.txt", "fingerprint")]
    {
        let (code, _, err) = run(&["quarantine", "retry", name, "--config", &config]);
        assert_ne!(code, Some(0));
        assert!(err.contains(part), "{err}");
    }
}

#[test]
fn decode_shows_what_a_folder_adds() {
    let folder = tempfile::tempdir().expect("a folder");
    invented(folder.path());
    let file = folder.path().join("so.txt");
    fs::write(&file, message()).expect("written");
    let (file, dir) = (file.to_str().expect("text"), folder.path().to_str().expect("text"));
    let (_, out, _) = run(&["decode", file, "--grammar", dir, "--json"]);
    let added: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["added"].clone())
        .filter(|added| !added.is_null())
        .collect();
    assert_eq!(added.len(), 1, "{out}");
    assert_eq!(added[0][0]["record"], "SO9Z");
    assert_eq!(added[0][0]["fields"], serde_json::json!({ "invented_date": "2026-03-02" }));
    let (_, out, _) = run(&["decode", file, "--grammar", dir, "--no-color"]);
    assert!(out.contains("added     SO9Z") && out.contains("2026-03-02"), "{out}");
    let (_, out, _) = run(&["decode", file, "--json"]);
    assert!(!out.contains("\"added\""), "{out}");
}
