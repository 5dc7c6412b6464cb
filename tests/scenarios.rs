//! Lives of entries, told a line an event: `tests/scenarios/*.txt`, in the form of `workbench::scenario`.
//!
//! Each is played twice: on an engine with a real journal, which is rebuilt at the end, and on the bench of the rule
//! workbench. Both must give the letters that are told, and no other.

#[path = "support/desk.rs"]
mod desk;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use desk::Desk;
use entrywatch::clock::Clock;
use entrywatch::deadline::DeadlineTable;
use entrywatch::entry::Entry;
use entrywatch::ident::{EntryNumber, Fingerprint};
use entrywatch::outbox::Audience;
use entrywatch::pipeline::Pipeline;
use entrywatch::store::LetterFilter;
use entrywatch::workbench::next_look;
use entrywatch::workbench::scenario::{
    BenchStage, Delivered, Gathered, Scenario, Server, Stage, gathered, load_message, play,
};

/// The desk as a stage.
struct DeskStage {
    desk: Desk,
    pipeline: std::sync::Arc<Pipeline>,
}

impl Stage for DeskStage {
    fn audience(&self) -> &Audience {
        &self.pipeline.audience
    }

    fn deadlines(&self) -> &DeadlineTable {
        &self.pipeline.deadlines
    }

    fn now(&self) -> DateTime<Utc> {
        self.desk.clock.now()
    }

    fn set(&mut self, now: DateTime<Utc>) {
        self.desk.clock.set(now);
    }

    fn receive(&mut self, name: &str, broker: &str, bytes: &[u8]) -> Result<(), String> {
        self.desk.receive(name, broker, bytes);
        Ok(())
    }

    fn next_look(&self) -> Result<Option<DateTime<Utc>>, String> {
        next_look(self.audience(), &*self.desk.store(), self.now()).map_err(|error| error.to_string())
    }

    fn tick(&mut self) -> Result<(), String> {
        self.desk.engine().remind().map_err(|error| error.to_string())?;
        self.desk.engine().due(false).map_err(|error| error.to_string())?;
        self.desk.engine().digests().map_err(|error| error.to_string())?;
        Ok(())
    }

    fn deliver(&mut self, server: &Server) -> Result<Vec<Delivered>, String> {
        let sent = self.desk.deliver(|_| server.outcome());
        let store = self.desk.store();
        let delivered = sent.into_iter().map(|mail| {
            let letter = store.letter(mail.key()).expect("the store answers").expect("the letter is there");
            Delivered {
                recipient: letter.recipient,
                subject: mail.subject().to_owned(),
                text: mail.text().to_owned(),
            }
        });
        Ok(delivered.collect())
    }

    /// The journal gives the same entries, alerts and letters again.
    fn rebuild(&mut self) -> Result<(), String> {
        let before = told(&self.desk);
        self.desk.open(&desk::pipeline());
        if told(&self.desk) == before { Ok(()) } else { Err("the rebuilt state differs".to_owned()) }
    }

    fn entry(&self, number: EntryNumber) -> Result<Option<Entry>, String> {
        let life = self.desk.store().life(number).map_err(|error| error.to_string())?;
        Ok(life.map(|life| life.entry()))
    }

    fn letters(&self, filter: LetterFilter) -> Result<usize, String> {
        Ok(self.desk.store().letters(filter, 1_000).map_err(|error| error.to_string())?.len())
    }

    fn gathered(&self) -> Result<Option<Gathered>, String> {
        gathered(&*self.desk.store(), self.now()).map_err(|error| error.to_string())
    }
}

/// The entries, and every letter and alert.
fn told(desk: &Desk) -> (Fingerprint, Vec<String>, Vec<String>) {
    let store = desk.store();
    let letters = store.letters(LetterFilter::All, 10_000).expect("the store answers");
    let alerts = store.alerts(None, 10_000).expect("the store answers");
    let letters = letters.iter().map(|letter| format!("{} {:?}", letter.key, letter.state)).collect();
    (desk.state_hash(), letters, alerts.iter().map(|alert| alert.key.to_string()).collect())
}

/// The scenario files: those of whole lives, one for each deadline, one for each silence.
fn paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = |folder: PathBuf| {
        let items = std::fs::read_dir(folder).expect("scenarios").flatten();
        items.map(|item| item.path()).filter(|path| path.is_file())
    };
    let folders = [folder.clone(), folder.join("deadlines"), folder.join("silence")];
    let mut paths: Vec<PathBuf> = folders.into_iter().flat_map(files).collect();
    paths.sort();
    paths
}

fn scenarios() -> Vec<Scenario> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a scenario");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Scenario::read(&path.display().to_string(), &text, root)
            .unwrap_or_else(|faults| panic!("{faults:#?}"))
    };
    paths().into_iter().map(read).collect()
}

#[test]
fn every_deadline_and_every_silence_has_a_scenario() {
    let names: Vec<String> =
        paths().iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    for id in entrywatch::deadline::id::ALL {
        assert!(names.iter().any(|name| name == id), "no scenario for {id}");
    }
    let told = |code: &str| {
        paths().iter().any(|path| {
            let text = std::fs::read_to_string(path).expect("a scenario");
            path.parent().is_some_and(|folder| folder.ends_with("silence"))
                && text.contains(&format!("`{code}`"))
        })
    };
    for (code, _) in entrywatch::entry::silence::code::ALL {
        assert!(told(code), "no scenario for {code}");
    }
}

/// Clocks that only their own last day ends, in their scenario at least.
const ENDED_BY_THE_DAY: [&str; 3] = ["EXCL_PROTEST_DENIAL", "RECORD_RETENTION", "REDELIVERY_WINDOW"];

/// Dates without an act, of which no default rule tells, and one that a decision ends before anybody is reminded.
const QUIET: [&str; 3] = ["PROTEST_ACCEL_DENIAL", "RECORD_RETENTION", "REDELIVERY_WINDOW"];

/// The messages that start it, a letter that names it, the message that closes it, and nothing after.
#[test]
fn the_scenario_of_a_deadline_tells_its_whole_life() {
    for path in paths() {
        let id = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let Some(definition) = DeadlineTable::embedded().find(id) else { continue };
        let text = std::fs::read_to_string(&path).expect("a scenario");
        let own = |state: &str| {
            text.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [_, "deadline", _, key, _, word] = words[..] else { return false };
                key.split('@').next() == Some(id) && word == state
            })
        };
        assert!(own("open"), "{id} is nowhere expected to run");
        assert!(own("closed") != ENDED_BY_THE_DAY.contains(&id), "{id}: what closes it");
        let name = definition.name.to_lowercase();
        let begins = name.split(' ').take(3).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = name.split([' ', ',']).filter(|word| word.len() >= 5).collect();
        let names = |line: &str| {
            let line = line.to_lowercase();
            line.contains("expect")
                && line.contains('"')
                && (line.contains(&begins) || words.iter().any(|word| line.contains(word)))
        };
        assert!(text.lines().any(names) != QUIET.contains(&id), "{id}: a letter that names it");
        assert_eq!(text.lines().last().map(str::trim), Some("expect   no letter"), "{id}: nothing after");
    }
}

fn no_faults(faults: &[entrywatch::diagnostic::Diagnostic]) {
    let shown: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    assert!(faults.is_empty(), "{shown}");
}

#[test]
fn every_scenario_ends_as_told_with_a_journal() {
    let mut faults = Vec::new();
    for scenario in scenarios() {
        let mut stage = DeskStage { desk: Desk::new(DateTime::UNIX_EPOCH), pipeline: desk::pipeline() };
        faults.extend(play(&scenario, &mut stage, &load_message));
        stage.rebuild().unwrap_or_else(|fault| panic!("{}: {fault}", scenario.name()));
    }
    no_faults(&faults);
}

#[test]
fn every_scenario_ends_as_told_on_the_bench() {
    let on_the_bench = |scenario: &Scenario| {
        play(scenario, &mut BenchStage::new(desk::pipeline(), desk::renderer()), &load_message)
    };
    no_faults(&scenarios().iter().flat_map(on_the_bench).collect::<Vec<_>>());
}
