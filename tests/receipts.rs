//! Receipts that are written back: held against a strict reader of ours, and against one that is not ours, Python's `pyx12`, which
//! `tests/support/setup_venv.sh` provides; and how they come into their folder.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "the scenarios drive more of it")]
mod desk;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use desk::Desk;
use entrywatch::daemon::receipts::{self, ReceiptSettings};
use entrywatch::daemon::tasks::receipts::Receipts;
use entrywatch::daemon::writer::Writer;
use entrywatch::grammar::Grammar;
use entrywatch::ident::BrokerName;
use entrywatch::receipt::{ReceiptForm, Stamp, receipt};
use proptest::prelude::*;

const FORMS: [ReceiptForm; 2] = [ReceiptForm::Functional, ReceiptForm::Implementation];

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/x12");
    let listings = ["pass", "fail"].map(|name| fs::read_dir(folder.join(name)).expect("the samples"));
    let mut paths: Vec<PathBuf> = listings.into_iter().flatten().flatten().map(|item| item.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "edi"));
    paths.sort();
    paths
}

fn answer(bytes: &[u8], form: ReceiptForm, number: u64) -> Option<String> {
    let stamp = Stamp { number, at: "2026-03-02T15:04:05Z".parse().expect("an instant") };
    let written = receipt(&mut &bytes[..], &Grammar::embedded(), form, stamp).expect("it can be read");
    written.map(|bytes| String::from_utf8(bytes).expect("ASCII"))
}

/// Reads a receipt as the standard has it and nothing else: what is not told apart here is not allowed.
struct Strict<'t> {
    segments: std::vec::IntoIter<Vec<&'t str>>,
}

impl<'t> Strict<'t> {
    fn check(text: &'t str, form: ReceiptForm) {
        assert_eq!(text.find("~\n").map(|end| end + 1), Some(106), "an ISA has 106 bytes: {text}");
        assert_eq!(text.as_bytes()[104], b'>');
        let body = text.strip_suffix("~\n").expect("the last segment is closed");
        let segments: Vec<Vec<&str>> =
            body.split("~\n").map(|segment| segment.split('*').collect()).collect();
        for segment in &segments[1..] {
            assert_ne!(segment.last(), Some(&""), "no separator stands behind the last element: {segment:?}");
        }
        let mut strict = Self { segments: segments.into_iter() };
        while strict.segments.len() > 0 {
            strict.interchange(form);
        }
    }

    fn next(&mut self, id: &str) -> Vec<&'t str> {
        let segment = self.segments.next().unwrap_or_default();
        assert_eq!(segment.first(), Some(&id), "{segment:?}");
        segment
    }

    fn peek(&self) -> &'t str {
        self.segments.as_slice().first().map_or("", |segment| segment[0])
    }

    fn interchange(&mut self, form: ReceiptForm) {
        let isa = self.next("ISA");
        let widths: Vec<usize> = isa.iter().map(|element| element.len()).collect();
        assert_eq!(widths, [3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]);
        assert_eq!(isa[12], if form == ReceiptForm::Functional { "00401" } else { "00501" });
        assert!(["P", "T"].contains(&isa[15]) && isa[14] == "0");
        while self.peek() == "TA1" {
            let ta1 = self.next("TA1");
            let widths: Vec<usize> = ta1.iter().map(|element| element.len()).collect();
            assert_eq!(widths, [3, 9, 6, 4, 1, 3], "{ta1:?}");
            assert!(["A", "E", "R"].contains(&ta1[4]) && (ta1[4] == "A") == (ta1[5] == "000"), "{ta1:?}");
        }
        let mut groups = BTreeSet::new();
        while self.peek() == "GS" {
            groups.insert(self.group(form));
        }
        let iea = self.next("IEA");
        assert_eq!((iea[1], iea[2]), (groups.len().to_string().as_str(), isa[13]));
    }

    fn group(&mut self, form: ReceiptForm) -> &'t str {
        let gs = self.next("GS");
        assert_eq!((gs.len(), gs[1], gs[4].len(), gs[5].len(), gs[7]), (9, "FA", 8, 4, "X"));
        assert!((2..=15).contains(&gs[2].len()) && (2..=15).contains(&gs[3].len()), "{gs:?}");
        let before = self.segments.len();
        let st = self.next("ST");
        let (set, release) = (form.set(), gs[8]);
        match form {
            ReceiptForm::Functional => assert_eq!((st.len(), st[1], release), (3, set, "004010")),
            ReceiptForm::Implementation => {
                assert_eq!((st.len(), st[1], st[3], release), (4, set, release, "005010X231A1"));
            }
        }
        let ak1 = self.next("AK1");
        assert!(ak1[1].len() == 2 && ak1[2].parse::<u32>().is_ok(), "{ak1:?}");
        let (mut named, mut refused) = (0, 0);
        while self.peek() == "AK2" {
            named += 1;
            refused += u32::from(self.set(form));
        }
        let ak9 = self.next("AK9");
        let counts: Vec<u32> = ak9[2..5].iter().map(|count| count.parse().expect("a count")).collect();
        assert!(counts[2] <= counts[1] && named <= counts[1] && counts[1] - counts[2] >= refused, "{ak9:?}");
        assert!(ak9.len() <= 10, "{ak9:?}");
        match ak9[1] {
            "A" => assert!(counts[1] == counts[2] && ak9.len() == 5, "{ak9:?}"),
            "E" => assert_eq!(counts[1], counts[2], "{ak9:?}"),
            "P" => assert!(counts[1] > counts[2] && counts[2] > 0, "{ak9:?}"),
            "R" => assert_eq!(counts[2], 0, "{ak9:?}"),
            other => panic!("AK901 is {other}"),
        }
        let se = self.next("SE");
        assert_eq!((se[1], se[2]), ((before - self.segments.len()).to_string().as_str(), st[2]));
        let ge = self.next("GE");
        assert_eq!((ge[1], ge[2]), ("1", gs[6]));
        gs[6]
    }

    /// Answers whether the set was refused.
    fn set(&mut self, form: ReceiptForm) -> bool {
        let letter = if form == ReceiptForm::Functional { "AK" } else { "IK" };
        let ak2 = self.next("AK2");
        assert!(ak2[1].len() == 3 && (4..=9).contains(&ak2[2].len()), "{ak2:?}");
        let mut last = 0;
        let mut is_bad = false;
        while self.peek() == format!("{letter}3") {
            let ak3 = self.next(&format!("{letter}3"));
            let at: u32 = ak3[2].parse().expect("a position");
            assert!(ak3.len() == 5 && (2..=3).contains(&ak3[1].len()) && at >= last && at >= 1, "{ak3:?}");
            assert!((1..=8).contains(&ak3[4].parse().expect("a code")), "{ak3:?}");
            (last, is_bad) = (at, true);
            while self.peek() == format!("{letter}4") {
                let ak4 = self.next(&format!("{letter}4"));
                assert!(ak4.len() == 4 && ak4[1].parse::<u32>().is_ok_and(|at| at >= 1), "{ak4:?}");
                assert!((1..=13).contains(&ak4[3].parse().expect("a code")) && ak3[4] == "8", "{ak4:?}");
            }
        }
        let ak5 = self.next(&format!("{letter}5"));
        assert!(ak5.len() <= 7, "{ak5:?}");
        assert!(ak5[2..].contains(&"5") || !is_bad, "{ak5:?}");
        match ak5[1] {
            "A" => assert_eq!(ak5.len(), 2, "{ak5:?}"),
            "E" | "R" => assert!(ak5.len() > 2, "{ak5:?}"),
            other => panic!("AK501 is {other}"),
        }
        ak5[1] == "R"
    }
}

#[test]
fn every_interchange_is_answered_and_a_strict_reader_takes_the_answer() {
    let mut answered = 0;
    for path in samples() {
        let bytes = fs::read(&path).expect("a sample");
        for form in FORMS {
            let Some(text) = answer(&bytes, form, 12) else { continue };
            println!("{}\n{text}", path.display());
            Strict::check(&text, form);
            assert_eq!(answer(&bytes, form, 12).as_ref(), Some(&text), "the same every time");
            // We can read it ourselves, and do not answer it.
            assert_eq!(answer(text.as_bytes(), form, 13), None);
            answered += 1;
        }
    }
    assert!(answered > 60, "only {answered} receipts");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes, the answer is sound or there is none.
    #[test]
    fn damaged_interchanges_get_sound_answers(
        pick in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..40), 1..6),
    ) {
        static SAMPLES: LazyLock<Vec<Vec<u8>>> =
            LazyLock::new(|| samples().iter().map(|path| fs::read(path).expect("a sample")).collect());
        let mut bytes = pick.get(&SAMPLES).clone();
        for (at, byte, length) in cuts {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        for form in FORMS {
            if let Some(text) = answer(&bytes, form, 7) {
                Strict::check(&text, form);
            }
        }
    }
}

/// A folder with Python and the library; `None` where it cannot be had and is not required.
fn python() -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("ENTRYWATCH_TEST_VENV")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../test-venv"), PathBuf::from);
    let script = manifest.join("tests/support/setup_venv.sh");
    let status = Command::new("sh").arg(script).arg(&folder).stdin(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Some(folder.join("bin/python"));
    }
    assert!(std::env::var_os("ENTRYWATCH_REQUIRE_SERVERS").is_none(), "there is no reader of X12");
    // Not `eprintln!`, which a test that passes keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no reader of X12 to test with (see tests/support/setup_venv.sh)"
    );
    None
}

#[test]
fn a_reader_that_is_not_ours_takes_the_answers() {
    let Some(python) = python() else { return };
    let mut all = Vec::new();
    for path in samples() {
        let bytes = fs::read(&path).expect("a sample");
        for form in FORMS {
            all.extend(answer(&bytes, form, 12).map(|text| {
                serde_json::json!({ "name": format!("{} {}", path.display(), form.set()), "text": text })
            }));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_receipts.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let input = serde_json::to_vec(&all).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.trim(), format!("{} sound", all.len()), "{said}");
}

const STATUS: &str = "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*HARBORGOODS    *260611*0740*U*00401*000000009*0*P*>~\
    GS*SO*LANTERNBRK*HARBORGOODS*20260611*0740*1*X*004010~ST*350*0001~\
    X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~SE*3*0001~GE*1*1~IEA*1*000000009~";

fn status(number: u32) -> Vec<u8> {
    STATUS.replace("*1120*", &format!("*{}*", 1120 + number)).into_bytes()
}

struct Site {
    desk: Desk,
    folder: tempfile::TempDir,
    settings: ReceiptSettings,
}

impl Site {
    fn new() -> Self {
        let desk = Desk::new("2026-06-11T12:00:00Z".parse().expect("an instant"));
        let folder = tempfile::tempdir().expect("a folder");
        let settings = ReceiptSettings {
            broker: BrokerName::new("acme"),
            folder: folder.path().join("out"),
            form: ReceiptForm::Functional,
        };
        fs::create_dir(&settings.folder).expect("made");
        Self { desk, folder, settings }
    }

    fn begin(&self) {
        let position = self.desk.store().position().expect("the store answers");
        receipts::begin(self.desk.folder.path(), std::slice::from_ref(&self.settings), position)
            .expect("begun");
    }

    fn write(&self) -> Result<u64, receipts::ReceiptError> {
        let store = self.desk.store();
        let progress =
            receipts::write(self.desk.folder.path(), &*store, &Grammar::embedded(), &self.settings)?;
        assert!(progress.is_done);
        Ok(progress.written)
    }

    fn mark(&self) -> PathBuf {
        self.desk.folder.path().join("receipts/acme")
    }

    fn written(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = fs::read_dir(&self.settings.folder)
            .expect("the folder")
            .flatten()
            .map(|item| {
                let text = fs::read_to_string(item.path()).expect("a receipt");
                (item.file_name().to_string_lossy().into_owned(), text)
            })
            .collect();
        files.sort();
        files
    }
}

#[test]
fn what_came_is_answered_once_and_what_came_before_not_at_all() {
    let mut site = Site::new();
    site.desk.receive("before.edi", "acme", &status(0));
    site.begin();
    for (name, broker, bytes) in [
        ("1.edi", "acme", status(1)),
        ("again.edi", "acme", status(1)),
        ("others.edi", "globex", status(2)),
        ("so.txt", "acme", b"A27049Z7      030226     SO\r\n".to_vec()),
    ] {
        site.desk.receive(name, broker, &bytes);
    }
    site.desk.receive_as("backfill.edi", "acme", &status(3), false);
    site.desk.receive("2.edi", "acme", &status(4));
    assert_eq!(site.write().expect("written"), 2);
    let files = site.written();
    assert_eq!(files.len(), 2);
    let numbers: BTreeSet<&str> = files.iter().map(|(_, text)| &text[90..99]).collect();
    assert_eq!(numbers.len(), 2, "each has a control number of its own: {numbers:?}");
    assert!(files.iter().all(|(name, _)| name.starts_with("997-") && name.ends_with(".edi")), "{files:?}");
    files.iter().for_each(|(_, text)| Strict::check(text, ReceiptForm::Functional));
    // The broker takes its files away; none of them comes again, also not after a restart.
    files.iter().for_each(|(name, _)| fs::remove_file(site.settings.folder.join(name)).expect("removed"));
    site.begin();
    assert_eq!(site.write().expect("nothing to do"), 0);
    site.desk.open(&desk::pipeline());
    assert_eq!(site.write().expect("nothing to do"), 0);
    assert_eq!(site.written(), []);
}

#[test]
fn a_crash_behind_the_file_gives_no_second_one() {
    let mut site = Site::new();
    site.begin();
    site.desk.receive("1.edi", "acme", &status(1));
    let mark = fs::read(site.mark()).expect("the mark");
    assert_eq!(site.write().expect("written"), 1);
    let files = site.written();
    // The file was named and the mark was not moved: the next start finds the file there and leaves it alone.
    fs::write(site.mark(), &mark).expect("written");
    let path = site.settings.folder.join(&files[0].0);
    let made = fs::metadata(&path).expect("there").modified().expect("a time");
    site.write().expect("written");
    assert_eq!(fs::metadata(&path).expect("there").modified().expect("a time"), made);
    // Even when the broker was quicker, it gets the very same name, number and bytes, by which it knows it again.
    fs::remove_file(&path).expect("removed");
    fs::write(site.mark(), &mark).expect("written");
    site.write().expect("written");
    assert_eq!(site.written(), files);
    // A write that was cut off leaves no name that anybody would take.
    assert!(site.written().iter().all(|(name, _)| !name.starts_with('.')));
}

#[test]
fn a_folder_that_cannot_be_written_is_a_trouble_and_no_loss() {
    let mut site = Site::new();
    site.begin();
    site.desk.receive("1.edi", "acme", &status(1));
    // Somebody took the folder away, or it is no folder any more.
    fs::remove_dir(&site.settings.folder).expect("removed");
    fs::write(&site.settings.folder, "in the way").expect("written");
    let (store, state) = (site.desk.store(), site.desk.folder.path().to_owned());
    let engine = site.desk.engine.take().expect("the engine is open");
    let (writer, thread) = Writer::start(engine, Default::default()).expect("a thread");
    let task = Receipts { writer, grammar: Grammar::embedded(), state, all: vec![site.settings.clone()] };
    let failing = task.round(BTreeSet::new()).expect("recorded");
    assert_eq!(failing.len(), 1);
    let troubles = store.troubles().expect("the store answers");
    assert_eq!(troubles.len(), 1);
    assert_eq!(
        (&*troubles[0].brief.subject, &*troubles[0].brief.code),
        ("receipts to acme", "receipts-failed")
    );
    assert!(troubles[0].brief.message.contains(&site.folder.path().display().to_string()));
    assert_eq!(task.round(failing.clone()).expect("recorded"), failing, "told once");
    fs::remove_file(&site.settings.folder).expect("removed");
    fs::create_dir(&site.settings.folder).expect("made");
    assert_eq!(task.round(failing).expect("recorded"), BTreeSet::new());
    assert_eq!(site.written().len(), 1);
    assert_eq!(store.troubles().expect("the store answers").len(), 0);
    drop(task);
    assert!(thread.join().expect("it ends").is_none());
}

#[test]
fn a_round_writes_the_receipts_that_the_configuration_wants() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["drop", "receipts"] {
        fs::create_dir(folder.path().join(name)).expect("made");
    }
    let text = "[state]\nfolder = \"state\"\n[mail]\nfrom = \"ew@example.com\"\noutbox = \"mails\"\n\
        [[team]]\nname = \"operations\"\nto = [\"operations@example.com\"]\n\
        [[broker]]\nname = \"acme\"\n[broker.acknowledge]\nfolder = \"receipts\"\nset = \"999\"\n\
        [[broker.drop]]\nname = \"acme\"\npath = \"drop\"\nsettle = \"0s\"\nafter = \"delete\"\n";
    let config = folder.path().join("config.toml");
    fs::write(&config, text).expect("a configuration");
    let round = || {
        let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .env_remove("ENTRYWATCH_CONFIG")
            .args(["run", "--once", "--config"])
            .arg(&config)
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let listing = fs::read_dir(folder.path().join("receipts")).expect("the folder").flatten();
        let names: Vec<String> =
            listing.map(|item| item.file_name().to_string_lossy().into_owned()).collect();
        (output.status.code(), names, said)
    };
    fs::write(folder.path().join("drop/1.edi"), status(1)).expect("dropped");
    let (code, names, said) = round();
    assert_eq!((code, names.len()), (Some(0), 1), "{said}");
    assert!(names[0].starts_with("999-"), "{names:?}");
    assert_eq!(round().1, names, "one receipt for one file");
    // The folder is away: the round says so, and the next one writes what is owed.
    fs::rename(folder.path().join("receipts"), folder.path().join("away")).expect("renamed");
    fs::write(folder.path().join("receipts"), "in the way").expect("written");
    fs::write(folder.path().join("drop/2.edi"), status(2)).expect("dropped");
    let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
        .env_remove("ENTRYWATCH_CONFIG")
        .args(["run", "--once", "--config"])
        .arg(&config)
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    fs::remove_file(folder.path().join("receipts")).expect("removed");
    fs::rename(folder.path().join("away"), folder.path().join("receipts")).expect("renamed");
    let (code, names, said) = round();
    assert_eq!((code, names.len()), (Some(0), 2), "{said}");
}
