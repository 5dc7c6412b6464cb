//! One conformance suite for every store, and what is special about sled.

mod store_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use entrywatch::ident::BillOfLading;
use entrywatch::outbox::Letter;
use entrywatch::step::{DigestKey, OpenTrouble, Position, Step};
use entrywatch::store::memory::MemoryStore;
use entrywatch::store::sled::{SledSettings, SledStore};
use entrywatch::store::{Counts, LetterFilter, Occasion, Store, StoreError};
use proptest::prelude::*;
use store_support::*;
use tempfile::TempDir;

/// A store, and the folder that must outlive it.
struct Made {
    store: Box<dyn Store>,
    _folder: Option<TempDir>,
}

fn memory() -> Made {
    Made { store: Box::new(MemoryStore::new()), _folder: None }
}

fn sled() -> Made {
    let folder = TempDir::new().expect("a folder");
    Made { store: Box::new(open(&folder.path().join("store"))), _folder: Some(folder) }
}

const SMALL: SledSettings = SledSettings { cache_bytes: 8 << 20, flush_every_ms: 1_000, reopen_after: 100 };

fn open(path: &Path) -> SledStore {
    let (store, opened) = SledStore::open(path, SMALL).expect("the store opens");
    assert_eq!(opened.set_aside, None);
    store
}

type Maker = fn() -> Made;
const MAKERS: [(&str, Maker); 2] = [("memory", memory), ("sled", sled)];

/// Runs one case over every store.
fn for_each_store(case: impl Fn(&dyn Store)) {
    for (name, make) in MAKERS {
        println!("{name}");
        case(&*make().store);
    }
}

/// All that a store says, for comparing two of them.
fn everything(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let all = usize::MAX;
    let mut said = vec![format!("{:?}", store.position()?), format!("{:?}", store.counts()?)];
    said.extend(store.lives(None, all)?.iter().map(|life| format!("{life:?}")));
    said.extend(store.bills(None, all)?.iter().map(|bill| format!("{bill:?}")));
    said.extend(store.all_loose(None, all)?.iter().map(|loose| format!("{loose:?}")));
    said.extend(store.alerts(None, all)?.iter().map(|alert| format!("{alert:?}")));
    said.extend(store.quarantined(None, all)?.iter().map(|piece| format!("{piece:?}")));
    said.extend(store.digest(None, all)?.iter().map(|key| format!("{key:?}")));
    said.push(format!("{:?}", store.digest(Some("ops@importer.example"), 3)?));
    for offset in -4..5 {
        said.push(format!("until {offset}: {:?}", store.due_until(day(offset), all)?));
        let until = start() + TimeDelta::minutes(offset);
        said.push(format!(
            "agenda {offset}: {:?} {:?}",
            store.agenda_until(until, all)?,
            store.agenda_until(until, 2)?
        ));
    }
    said.push(format!("{:?} {:?}", store.next_agenda_at()?, store.silences()?));
    for minutes in [-1, 0, 3, 1_000] {
        for limit in [0, 1, 3, all] {
            let letters = store.letters_ready(start() + TimeDelta::minutes(minutes), limit)?;
            said.push(format!("ready {minutes} {limit}: {letters:?}"));
        }
    }
    for filter in [LetterFilter::All, LetterFilter::Waiting, LetterFilter::Sent, LetterFilter::GivenUp] {
        said.push(format!("{filter:?}: {:?} {:?}", store.letters(filter, 2)?, store.letters(filter, all)?));
    }
    said.push(format!("{:?}", store.next_letter_at()?));
    for index in 0..12 {
        let input = store.input(file(index))?;
        said.push(format!("{input:?} {:?}", store.letter(&letter_key(index))?));
        said.push(format!("{:?} {:?}", store.course(&alert_key(index))?, store.window(&window_name(index))?));
    }
    Ok(said)
}

fn snapshot(store: &dyn Store) -> Vec<String> {
    everything(store).expect("it can be read")
}

#[test]
fn an_empty_store_says_so() {
    for_each_store(|store| {
        assert_eq!(store.position().expect("read"), Position::START);
        assert_eq!(store.counts().expect("read"), Counts::default());
        assert_eq!(store.life(number(1)).expect("read"), None);
        assert_eq!(store.next_letter_at().expect("read"), None);
        assert!(store.letters_ready(start(), 10).expect("read").is_empty());
        store.flush().expect("flush");
    });
}

#[test]
fn the_oldest_entry_of_a_statement_comes_back() {
    for_each_store(|store| {
        let (life, record) = on_statement(1);
        let key = BillOfLading::of_statement("2704076001");
        let mut step = Step::at(position(1));
        step.bills.insert(key.clone(), record.clone());
        step.lives.insert(life.number, Arc::new(life.clone()));
        store.commit(&step).expect("commit");
        assert_eq!(store.bill(&key).expect("read"), Some(record));
        assert_eq!(store.life(life.number).expect("read"), Some(life));
    });
}

#[test]
fn every_kind_comes_back() {
    for_each_store(|store| {
        let step = full_step(1);
        store.commit(&step).expect("commit");
        assert_eq!(store.position().expect("read"), step.position);
        assert_eq!(
            store.life(number(1)).expect("read").as_ref(),
            step.lives.values().next().map(|life| &**life)
        );
        assert_eq!(store.bill(&bill(1)).expect("read"), step.bills.get(&bill(1)).cloned());
        let (id, loose) = step.loose.first_key_value().expect("one");
        assert_eq!(store.loose(*id).expect("read").as_ref(), Some(loose));
        assert_eq!(store.input(file(1)).expect("read"), Some(input(1)));
        assert_eq!(store.feed(&broker(1)).expect("read"), Some(feed(1)));
        assert_eq!(store.feed(&broker(2)).expect("read"), None);
        assert_eq!(store.files(file(1), 9).expect("read"), [file(1)]);
        assert_eq!(store.unread(None, 9).expect("read"), [(file(1), "tables-1".into())]);
        assert_eq!(store.unread(Some(file(1)), 9).expect("read"), []);
        assert_eq!(store.alert(&alert_key(1)).expect("read"), Some(alert(1)));
        assert_eq!(store.letter(&letter_key(1)).expect("read"), Some(letter(1, 1, 1)));
        assert_eq!(store.due_until(day(100), 9).expect("read"), [(due_key(1), due_value(1))]);
        assert_eq!(store.digest(None, 9).expect("read"), [digest_key(1)]);
        assert_eq!(store.quarantined(None, 9).expect("read"), [(quarantine_key(1), quarantined(1))]);
        assert_eq!(store.course(&alert_key(1)).expect("read"), Some(course(1)));
        assert_eq!(store.agenda_until(start() + TimeDelta::minutes(1), 9).expect("read"), [agenda_key(1)]);
        assert_eq!(store.next_agenda_at().expect("read"), Some(agenda_key(1).at));
        assert_eq!(store.window(&window_name(1)).expect("read"), Some(window(1)));
        assert_eq!(store.silences().expect("read"), silences(1));
        let counts = store.counts().expect("read");
        assert_eq!(
            (counts.entries, counts.letters, counts.letters_waiting, counts.quarantined),
            (1, 1, 0, 1)
        );
    });
}

#[test]
fn troubles_are_open_until_they_are_over() {
    for_each_store(|store| {
        let id = |index| trouble(index).brief.id();
        let mut step = full_step(1);
        step.troubles = (0..12).map(|index| (id(index), Some(trouble(index)))).collect();
        store.commit(&step).expect("commit");
        let mut step = full_step(2);
        step.troubles =
            [(id(3), None), (id(99), None), (id(4), Some(OpenTrouble { seq: 2, ..trouble(4) }))].into();
        store.commit(&step).expect("commit");
        assert_eq!(store.troubles().expect("read").len(), 11);
        assert_eq!(store.trouble(&id(3)).expect("read"), None);
        assert_eq!(store.trouble(&id(4)).expect("read").map(|open| open.seq), Some(2));
        assert_eq!(store.trouble(&id(5)).expect("read"), Some(trouble(5)));
    });
}

#[test]
fn removed_things_are_gone() {
    for_each_store(|store| {
        store.commit(&full_step(1)).expect("commit");
        let mut step = Step::at(position(2));
        step.due.insert(due_key(1), None);
        step.digest.insert(digest_key(1), false);
        step.quarantine.insert(quarantine_key(1), None);
        step.agenda.insert(agenda_key(1), false);
        // What was never there may be removed as well.
        step.due.insert(due_key(2), None);
        store.commit(&step).expect("commit");
        assert!(store.due_until(day(100), 9).expect("read").is_empty());
        assert!(store.digest(None, 9).expect("read").is_empty());
        assert_eq!(store.next_agenda_at().expect("read"), None);
        assert_eq!(store.silences().expect("read"), silences(1), "they stay until others come");
        assert!(store.quarantined(None, 9).expect("read").is_empty());
        assert_eq!(store.counts().expect("read").quarantined, 0);
        assert_eq!(store.counts().expect("read").entries, 1);
    });
}

#[test]
fn lists_are_paged_in_order() {
    for_each_store(|store| {
        for seq in 1..=10 {
            store.commit(&full_step(seq)).expect("commit");
        }
        let mut seen = Vec::new();
        loop {
            let page = store.lives(seen.last().copied(), 3).expect("read");
            assert!(page.len() <= 3);
            let Some(_) = page.last() else { break };
            seen.extend(page.into_iter().map(|life| life.number));
        }
        assert_eq!(seen, (1..=10).map(number).collect::<Vec<_>>());
        let alerts = store.alerts(None, 4).expect("read");
        let rest = store.alerts(Some(&alerts[3].key), 99).expect("read");
        assert_eq!(alerts.len() + rest.len(), 10);
        let bills = store.bills(Some(&bill(8)), 99).expect("read");
        assert_eq!(bills.into_iter().map(|(bill, _)| bill).collect::<Vec<_>>(), [bill(9), bill(10)]);
        let pieces = store.quarantined(None, 99).expect("read");
        assert_eq!(store.quarantined(Some(&pieces[8].0), 99).expect("read"), pieces[9..]);
    });
}

/// Notices wait under bills, and under what stands in for one.
#[test]
fn bills_and_what_stands_in_for_them_are_paged_to_the_end() {
    let mut keys = [
        bill(1),
        BillOfLading::of_statement("27DEMO0611"),
        BillOfLading::of_reference("demo 00042"),
        BillOfLading::of_filing("27049Z7/000001"),
    ];
    keys.sort();
    for_each_store(|store| {
        let mut step = Step::at(position(1));
        for (index, key) in (1..).zip(&keys) {
            step.bills.insert(key.clone(), bill_record(index, 1));
        }
        store.commit(&step).expect("commit");
        let mut seen: Vec<BillOfLading> = Vec::new();
        // One more than there are, so that a list that begins again is found.
        for _ in 0..=keys.len() {
            let page = store.bills(seen.last(), 1).expect("read");
            seen.extend(page.into_iter().map(|(key, _)| key));
        }
        assert_eq!(seen, keys);
    });
}

#[test]
fn letters_leave_in_the_order_of_urgency() {
    for_each_store(|store| {
        let mut step = Step::at(position(1));
        for index in 0..9 {
            step.letters.insert(letter_key(index), letter(index, 0, index));
        }
        store.commit(&step).expect("commit");
        let ready = |minutes| store.letters_ready(start() + TimeDelta::minutes(minutes), 99).expect("read");
        assert_eq!(ready(-1), []);
        assert_eq!(ready(5).len(), 6);
        let order: Vec<_> = ready(99).iter().map(|letter| (letter.severity, letter.created_at)).collect();
        assert!(order.is_sorted_by(|one, next| one.0 > next.0 || (one.0 == next.0 && one.1 <= next.1)));
        assert_eq!(store.next_letter_at().expect("read"), Some(start()));

        let mut step = Step::at(position(2));
        step.letters.insert(letter_key(0), letter(0, 1, 0));
        step.letters.insert(letter_key(1), letter(1, 0, 50));
        step.letters.insert(letter_key(2), letter(2, 2, 0));
        store.commit(&step).expect("commit");
        let keys = |letters: Vec<Letter>| letters.into_iter().map(|letter| letter.key).collect::<Vec<_>>();
        assert_eq!(store.next_letter_at().expect("read"), Some(start() + TimeDelta::minutes(3)));
        assert_eq!(ready(9).len(), 6);
        assert_eq!(keys(store.letters(LetterFilter::Sent, 9).expect("read")), [letter_key(0)]);
        assert_eq!(keys(store.letters(LetterFilter::GivenUp, 9).expect("read")), [letter_key(2)]);
        assert_eq!(store.counts().expect("read").letters_waiting, 7);
    });
}

#[test]
fn huge_values_grow_shrink_and_come_back() {
    for_each_store(|store| {
        for (seq, notices) in [(1, 20_000), (2, 500), (3, 1), (4, 501)] {
            let wanted = life(7, notices);
            let mut step = Step::at(position(seq));
            step.lives.insert(wanted.number, Arc::new(wanted.clone()));
            step.bills.insert(bill(7), bill_record(7, notices.min(1_000)));
            store.commit(&step).expect("commit");
            assert!(store.life(wanted.number).expect("read").as_ref() == Some(&wanted), "{notices}");
            assert!(store.lives(None, 2).expect("read") == [wanted]);
            let bill = store.bill(&bill(7)).expect("read").expect("it is there");
            assert!(bill == bill_record(7, notices.min(1_000)));
        }
        assert_eq!(store.counts().expect("read").entries, 1);
    });
}

/// One change to a small world of keys, so that changes meet each other.
#[derive(Clone, Debug)]
enum Op {
    Life(u64, u64),
    Bill(u64, u64),
    Loose(u64),
    Input(u64),
    Due(u64, bool),
    Alert(u64),
    Letter(u64, u64, u64),
    Digest(u64, bool),
    Quarantine(u64, bool),
    Course(u64, u64),
    Agenda(u64, bool),
    Window(u64, u64),
    Silences(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..6u64, 0..12u64).prop_map(|(key, notices)| Op::Life(key, notices)),
        (0..4u64, 0..4u64).prop_map(|(key, notices)| Op::Bill(key, notices)),
        (0..9u64).prop_map(Op::Loose),
        (0..9u64).prop_map(Op::Input),
        (0..12u64, any::<bool>()).prop_map(|(key, there)| Op::Due(key, there)),
        (0..6u64).prop_map(Op::Alert),
        (0..9u64, 0..3u64, 0..6u64).prop_map(|(key, state, at)| Op::Letter(key, state, at)),
        (0..6u64, any::<bool>()).prop_map(|(key, there)| Op::Digest(key, there)),
        (0..6u64, any::<bool>()).prop_map(|(key, there)| Op::Quarantine(key, there)),
        (0..6u64, 0..3u64).prop_map(|(key, state)| Op::Course(key, state)),
        (0..12u64, any::<bool>()).prop_map(|(key, there)| Op::Agenda(key, there)),
        (0..4u64, 0..6u64).prop_map(|(key, state)| Op::Window(key, state)),
        (0..6u64).prop_map(Op::Silences),
    ]
}

fn step_of(seq: u64, ops: &[Op]) -> Step {
    let mut step = Step::at(position(seq));
    for op in ops {
        match *op {
            Op::Life(key, notices) => drop(step.lives.insert(number(key), Arc::new(life(key, notices)))),
            Op::Bill(key, notices) => drop(step.bills.insert(bill(key), bill_record(key, notices))),
            Op::Loose(key) => drop(step.loose.insert(notice_id(key), unmatched(key))),
            Op::Input(key) => drop(step.inputs.insert(file(key), input(key + seq))),
            Op::Due(key, there) => drop(step.due.insert(due_key(key), there.then(|| due_value(seq)))),
            Op::Alert(key) => drop(step.alerts.insert(alert_key(key), alert(key))),
            Op::Letter(key, state, at) => drop(step.letters.insert(letter_key(key), letter(key, state, at))),
            Op::Digest(key, there) => drop(step.digest.insert(digest_key(key), there)),
            Op::Quarantine(key, there) => {
                step.quarantine.insert(quarantine_key(key), there.then(|| quarantined(seq)));
            }
            Op::Course(key, state) => drop(step.courses.insert(alert_key(key), course(state))),
            Op::Agenda(key, there) => drop(step.agenda.insert(agenda_key(key), there)),
            Op::Window(key, state) => drop(step.windows.insert(window_name(key), window(state))),
            Op::Silences(key) => step.silences = Some(silences(key)),
        }
    }
    step
}

/// An alert of the one moment of [`digests_of_one_moment`].
fn of_one_moment(index: u16) -> DigestKey {
    DigestKey { alert: alert_key(u64::from(index)), ..digest_key(0) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn digests_of_one_moment(
        batches in prop::collection::vec((0..400u16, prop::collection::vec((0..90u16, prop::bool::weighted(0.8)), 1..90)), 1..12)
    ) {
        let mut expected = BTreeSet::from([digest_key(1), digest_key(2), digest_key(3)]);
        let mut steps = vec![Step::at(position(1))];
        steps[0].digest.extend(expected.iter().map(|key| (key.clone(), true)));
        for (seq, (from, batch)) in (2..).zip(&batches) {
            let mut step = Step::at(position(seq));
            for &(offset, waits) in batch {
                step.digest.insert(of_one_moment(from + offset), waits);
            }
            steps.push(step);
        }
        for (key, &waits) in steps.iter().skip(1).flat_map(|step| &step.digest) {
            if waits { expected.insert(key.clone()) } else { expected.remove(key) };
        }
        let expected: Vec<DigestKey> = expected.into_iter().collect();
        for_each_store(|store| {
            for step in &steps {
                store.commit(step).expect("commit");
            }
            assert_eq!(store.digest(None, usize::MAX).expect("read"), expected);
            let ops: Vec<&DigestKey> =
                expected.iter().filter(|key| &*key.recipient == "ops@importer.example").collect();
            let first = store.digest(Some("ops@importer.example"), 70).expect("read");
            assert_eq!(first.iter().collect::<Vec<_>>(), ops[..ops.len().min(70)]);
            let mut gone = Step::at(position(99));
            gone.digest.extend(expected.iter().map(|key| (key.clone(), false)));
            store.commit(&gone).expect("commit");
            assert_eq!(store.digest(None, 9).expect("read"), []);
        });
    }

    #[test]
    fn sled_says_what_memory_says(steps in prop::collection::vec(prop::collection::vec(op(), 0..12), 1..8)) {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("store");
        let model = MemoryStore::new();
        let mut store = open(&path);
        for (seq, ops) in (1..).zip(&steps) {
            let step = step_of(seq, ops);
            model.commit(&step).expect("commit");
            store.commit(&step).expect("commit");
            prop_assert_eq!(snapshot(&store), snapshot(&model));
            // Applying a step again, as a replay after a crash does, changes nothing.
            store.commit(&step).expect("commit");
            if seq % 3 == 0 {
                drop(store);
                store = open(&path);
            }
            prop_assert_eq!(snapshot(&store), snapshot(&model));
        }
    }
}

#[test]
fn a_store_is_found_again_where_it_was() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("deep/er/store");
    let (store, opened) = SledStore::open(&path, SMALL).expect("it opens");
    assert!(opened.fresh && opened.position == Position::START);
    drop(store);
    let (store, opened) = SledStore::open(&path, SMALL).expect("it opens");
    assert!(opened.fresh, "nothing came yet");
    store.commit(&full_step(1)).expect("commit");
    drop(store);
    let (store, opened) = SledStore::open(&path, SMALL).expect("it opens");
    assert!(!opened.fresh);
    assert_eq!(opened.position, position(1));
    assert!(store.size_bytes().expect("a size") > 0);
}

#[test]
fn one_process_has_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let store = open(&path);
    assert!(matches!(SledStore::open(&path, SMALL), Err(StoreError::Locked { .. })));
    assert!(matches!(SledStore::set_aside(&path, "test"), Err(StoreError::Locked { .. })));
    drop(store);
    open(&path);
}

/// Opens the folder with sled itself and changes something.
fn behind_the_back(path: &Path, change: impl FnOnce(&::sled::Db)) {
    // Our store let go of it a moment ago; sled's own threads may need one more.
    let mut tries = 0;
    let db = loop {
        match ::sled::open(path) {
            Ok(db) => break db,
            Err(error) => assert!(tries < 20_000 && error.to_string().contains("lock"), "{error}"),
        }
        tries += 1;
        std::thread::yield_now();
    };
    change(&db);
    db.flush().expect("flush");
}

#[test]
fn another_format_is_set_aside_and_rebuilt() {
    for format in [&[2u8][..], &[], &[1, 1]] {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("store");
        open(&path).commit(&full_step(1)).expect("commit");
        behind_the_back(&path, |db| {
            db.open_tree("meta").expect("meta").insert("format", format).expect("insert");
        });
        let (store, opened) = SledStore::open(&path, SMALL).expect("it opens");
        assert!(opened.fresh && opened.position == Position::START, "{format:?}");
        let aside = opened.set_aside.expect("the old one");
        assert_eq!(aside.path, folder.path().join("store.broken-1"));
        assert!(aside.path.is_dir() && aside.why.contains("format"), "{}", aside.why);
        assert_eq!(store.counts().expect("read"), Counts::default());
    }
}

#[test]
fn only_the_last_few_broken_ones_are_kept() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    for _ in 0..5 {
        drop(open(&path));
        SledStore::set_aside(&path, "test").expect("set aside").expect("there was one");
    }
    assert_eq!(SledStore::set_aside(&path, "test").expect("nothing there"), None);
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|item| item.expect("an item").file_name().into_string().expect("a name"))
        .collect();
    left.sort();
    assert_eq!(left, ["store.broken-3", "store.broken-4", "store.broken-5", "store.lock"]);
}

#[test]
fn a_value_of_a_later_release_is_named_and_wants_a_rebuild() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    open(&path).commit(&full_step(1)).expect("commit");
    behind_the_back(&path, |db| {
        let entries = db.open_tree("entries").expect("entries");
        let mut value = entries.get(number(1).as_bytes()).expect("get").expect("there").to_vec();
        value[0] = 7;
        entries.insert(number(1).as_bytes(), value).expect("insert");
    });
    let store = open(&path);
    let error = store.life(number(1)).expect_err("it cannot be read");
    assert!(error.wants_rebuild());
    let text = error.to_string();
    assert!(text.contains("entries N0100000011") && text.contains("format 7"), "{text}");
    assert!(store.lives(None, 9).is_err());
    assert_eq!(store.input(file(1)).expect("the rest can be read"), Some(input(1)));
}

#[test]
fn a_half_written_snapshot_is_no_obstacle() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    open(&path).commit(&full_step(1)).expect("commit");
    fs::write(path.join("snap.00000000000000FF.generating"), b"half").expect("write");
    assert_eq!(open(&path).position().expect("read"), position(1));
}

/// A cheap sequence of numbers that is the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }
}

/// Cuts, flips, overwrites or removes one file of a folder.
fn damage(path: &Path, dice: &mut Dice) -> String {
    let mut files: Vec<_> = fs::read_dir(path)
        .expect("a folder")
        .map(|item| item.expect("an item").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    // The log is where the data is: two times of three.
    let db = path.join("db");
    let file = if dice.roll(3) > 0 { db } else { files[dice.roll(files.len())].clone() };
    let mut bytes = fs::read(&file).expect("it reads");
    let what = dice.roll(4);
    let used = bytes.iter().rposition(|&byte| byte != 0).unwrap_or(0) + 1;
    match what {
        0 => bytes.truncate(dice.roll(used)),
        1 => (0..=dice.roll(64)).for_each(|_| bytes[dice.roll(used)] ^= 1 << dice.roll(8)),
        2 => {
            let from = dice.roll(used);
            let to = (from + dice.roll(20_000)).min(bytes.len());
            bytes[from..to].fill(dice.roll(256) as u8);
        }
        _ => {
            fs::remove_file(&file).expect("remove");
            return format!("{} removed", file.display());
        }
    }
    fs::write(&file, bytes).expect("write");
    format!("{} damaged in way {what}", file.display())
}

#[test]
fn damage_is_never_fatal() {
    let mut dice = Dice(7);
    let whole = TempDir::new().expect("a folder");
    let original = whole.path().join("store");
    let mut store = open(&original);
    let model = MemoryStore::new();
    let mut states = vec![snapshot(&model)];
    for seq in 1..=40 {
        let mut step = full_step(seq);
        // Enough for several of sled's segments, and for pages that are rewritten.
        step.lives.insert(number(900 + seq % 5), Arc::new(life(900 + seq % 5, 20 + 9 * seq)));
        store.commit(&step).expect("commit");
        model.commit(&step).expect("commit");
        states.push(snapshot(&model));
        if seq % 15 == 0 {
            // Opening writes a snapshot of the page table.
            drop(store);
            store = open(&original);
        }
    }
    drop(store);
    assert_eq!(
        fs::read_dir(original.join("blobs")).expect("a folder").count(),
        0,
        "no value is large for sled"
    );
    let mut set_aside = 0;
    let mut lies = 0;
    for round in 0..40 {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("store");
        fs::create_dir_all(path.join("blobs")).expect("create");
        for item in fs::read_dir(&original).expect("a folder") {
            let from = item.expect("an item").path();
            if from.is_file() {
                fs::copy(&from, path.join(from.file_name().expect("a name"))).expect("copy");
            }
        }
        let done = damage(&path, &mut dice);
        println!("round {round}: {done}");
        let (store, opened) = SledStore::open(&path, SMALL).expect("a store opens in any case");
        set_aside += u32::from(opened.set_aside.is_some());
        // It may be at an earlier step, or turn out to be unreadable; it never lies and never panics.
        match everything(&store) {
            Ok(said) => {
                let truth = said == states[opened.position.seq as usize];
                println!("round {round}: at {}, true: {truth}", opened.position.seq);
                lies += u32::from(!truth);
            }
            Err(error) => println!("round {round}: {error}"),
        }
        let _ = store.commit(&full_step(41));
    }
    println!("{set_aside} set aside, {lies} lies");
    assert!(set_aside > 0, "some damage is beyond sled");
    assert_eq!(lies, 0, "a store that can be read is what it was at its position");
}

#[test]
fn a_store_that_vanished_is_a_fresh_one() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    open(&path).commit(&full_step(1)).expect("commit");
    fs::remove_dir_all(&path).expect("remove");
    let (_store, opened) = SledStore::open(&path, SMALL).expect("it opens");
    assert!(opened.fresh && opened.set_aside.is_none());
}

const CRASH_FOLDER: &str = "ENTRYWATCH_TEST_CRASH_FOLDER";

/// The process that is killed by [`a_killed_process_leaves_whole_steps`]; alone it does nothing.
#[test]
fn crash_child() {
    let Ok(path) = std::env::var(CRASH_FOLDER) else { return };
    let (store, opened) = SledStore::open(Path::new(&path), SMALL).expect("it opens");
    for seq in opened.position.seq + 1.. {
        store.commit(&wide_step(seq)).expect("commit");
        store.tidy(Occasion::Busy).expect("it is opened again");
        println!("committed {seq}");
    }
}

/// The same notices count in many entries, and marks in other trees, so that half a step shows.
fn wide_step(seq: u64) -> Step {
    let mut step = Step::at(position(seq));
    for entry in 0..12 {
        step.lives.insert(number(entry), Arc::new(life(entry, 1 + seq % 30)));
    }
    step.bills.insert(bill(0), bill_record(0, seq % 7));
    step.inputs.insert(file(seq), input(seq));
    step.letters.insert(letter_key(0), letter(0, seq % 3, seq));
    step
}

#[test]
fn a_killed_process_leaves_whole_steps() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let exe = std::env::current_exe().expect("this test");
    for round in 0..6usize {
        let mut child = Command::new(&exe)
            .args(["--exact", "crash_child", "--nocapture"])
            .env(CRASH_FOLDER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let enough = 3 + round * 11;
        let seen =
            out.lines().map_while(Result::ok).filter(|line| line.contains("committed")).take(enough).count();
        child.kill().expect("kill");
        child.wait().expect("wait");
        assert_eq!(seen, enough, "the child went on until it was killed");

        let store = open(&path);
        let seq = store.position().expect("read").seq;
        let wanted = wide_step(seq);
        for (number, life) in &wanted.lives {
            assert_eq!(store.life(*number).expect("read").as_ref(), Some(&**life), "step {seq}");
        }
        assert_eq!(store.bill(&bill(0)).expect("read"), wanted.bills.get(&bill(0)).cloned());
        assert_eq!(store.letter(&letter_key(0)).expect("read"), wanted.letters.get(&letter_key(0)).cloned());
        assert_eq!(store.input(file(seq)).expect("read"), Some(input(seq)));
        assert_eq!(store.input(file(seq + 1)).expect("read"), None);
        assert_eq!(store.counts().expect("read").inputs, seq);
    }
}

/// sled writes its table of pages when it opens, under the log's position.
fn tables_of_pages(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).expect("a folder").map(|item| item.expect("an item").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("snap."));
    names.sort();
    names
}

#[test]
fn it_is_opened_again_when_enough_was_written() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let store = open(&path);
    let model = MemoryStore::new();
    let fresh = tables_of_pages(&path);
    for (seq, occasion, is_opened) in [
        (1, Occasion::Stop, true),
        (2, Occasion::Quiet, false),
        (3, Occasion::Quiet, true),
        (4, Occasion::Busy, false),
        (5, Occasion::Stop, true),
        (6, Occasion::Stop, true),
    ] {
        let before = tables_of_pages(&path);
        for store in [&store as &dyn Store, &model] {
            store.commit(&wide_step(seq)).expect("commit");
            store.tidy(occasion).expect("it is opened again");
        }
        assert_eq!(tables_of_pages(&path) != before, is_opened, "step {seq}, {occasion:?}");
        assert_eq!(snapshot(&store), snapshot(&model));
    }
    assert_ne!(tables_of_pages(&path), fresh);
    drop(store);
    assert_eq!(snapshot(&open(&path)), snapshot(&model));
}

#[test]
fn readers_do_not_notice_that_it_is_opened_again() {
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder.path().join("store"));
    store.commit(&wide_step(1)).expect("commit");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3u64)
            .map(|reader| {
                let (store, done) = (&store, &done);
                scope.spawn(move || {
                    let (mut looks, mut last) = (0u64, 0);
                    while !done.load(std::sync::atomic::Ordering::Acquire) {
                        let seq = store.position().expect("an answer").seq;
                        assert!(seq >= last, "{seq} after {last}");
                        last = seq;
                        assert!(store.life(number(reader)).expect("an answer").is_some());
                        assert_eq!(store.lives(None, 100).expect("an answer").len(), 12);
                        assert!(store.input(file(seq)).expect("an answer").is_some());
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        for seq in 2..60 {
            store.commit(&wide_step(seq)).expect("commit");
            store.tidy(Occasion::Stop).expect("it is opened again");
        }
        done.store(true, std::sync::atomic::Ordering::Release);
        for reader in readers {
            assert!(reader.join().expect("no answer was refused") > 0);
        }
    });
}

#[test]
fn what_was_cut_meanwhile_is_found_out_when_it_is_opened_again() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let store = open(&path);
    for seq in 1..20 {
        store.commit(&wide_step(seq)).expect("commit");
    }
    store.flush().expect("flush");
    // The log as it was before all that, whole and readable. What is in memory of it is written behind its end.
    let log = fs::File::options().write(true).open(path.join("db")).expect("the log");
    log.set_len(0).expect("cut");
    let error = store.tidy(Occasion::Busy).expect_err("it is noticed");
    assert!(error.wants_rebuild(), "{error}");
    assert!(store.position().is_err() && store.commit(&wide_step(20)).is_err(), "nothing is made up");
    drop(store);
    let (store, opened) = SledStore::open(&path, SMALL).expect("a store");
    assert!(opened.set_aside.is_some() || store.position().expect("read").seq < 19);
}

/// All keys and values of a store of format 1, `tree key value` in hexadecimal: as they were written first, and with the first
/// dictionary.
const FORMAT_1: [&str; 2] = ["tests/data/store-v1/values.txt", "tests/data/store-v1/dictionary-1.txt"];

fn format_1_steps() -> Vec<Step> {
    let mut steps: Vec<Step> = (1..=4).map(full_step).collect();
    let mut wide = Step::at(position(5));
    wide.lives.insert(number(9), Arc::new(life(9, 150)));
    steps.push(wide);
    // What came to the format later.
    for step in &mut steps {
        step.courses.clear();
        step.agenda.clear();
        step.windows.clear();
        step.silences = None;
    }
    steps
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect()
}

/// A store with the keys and values of a file.
fn write_store(path: &Path, values: &str) {
    behind_the_back(path, |db| {
        for line in values.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let tree = db.open_tree(parts[0]).expect("a tree");
            tree.insert(unhex(parts[1]), unhex(parts[2])).expect("insert");
        }
    });
}

/// Stored values are read back across releases: these files are never written anew, a new form gets a new one.
#[test]
fn values_of_format_1_are_still_read() {
    let model = MemoryStore::new();
    for step in format_1_steps() {
        model.commit(&step).expect("commit");
    }
    for name in FORMAT_1 {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let folder = TempDir::new().expect("a folder");
        if !file.exists() && std::env::var_os("UPDATE_EXPECT").is_some() {
            let path = folder.path().join("written");
            let store = open(&path);
            format_1_steps().iter().for_each(|step| store.commit(step).expect("commit"));
            drop(store);
            behind_the_back(&path, |db| fs::write(&file, dump(db)).expect("write"));
        }
        let text = fs::read_to_string(&file).expect("the values");
        let path = folder.path().join("store");
        write_store(&path, &text);
        assert_eq!(snapshot(&open(&path)), snapshot(&model), "{name}");
    }
}

/// What is written again takes the newer form, also over a value in parts; the rest stays as it is.
#[test]
fn an_older_store_is_carried_on() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FORMAT_1[0]);
    write_store(&path, &fs::read_to_string(file).expect("the values"));
    let mut wider = Step::at(position(6));
    wider.lives.insert(number(9), Arc::new(life(9, 160)));
    let mut narrow = Step::at(position(7));
    narrow.lives.insert(number(9), Arc::new(life(9, 3)));
    let model = MemoryStore::new();
    format_1_steps().iter().for_each(|step| model.commit(step).expect("commit"));
    let store = open(&path);
    for step in [wider, narrow] {
        for store in [&store as &dyn Store, &model] {
            store.commit(&step).expect("commit");
        }
        assert_eq!(snapshot(&store), snapshot(&model));
    }
    drop(store);
    assert_eq!(snapshot(&open(&path)), snapshot(&model));
    let mut forms = BTreeMap::new();
    behind_the_back(&path, |db| {
        assert!(db.open_tree("parts").expect("parts").is_empty(), "the parts of the wide life are gone");
        for item in db.open_tree("entries").expect("entries").iter() {
            let (key, value) = item.expect("an item");
            forms.insert(key.to_vec(), value[1]);
        }
    });
    let with_dictionary = forms.values().filter(|&&form| form == 3).count();
    assert_eq!((forms[&number(9).as_bytes().to_vec()], with_dictionary), (3, 1), "{forms:?}");
}

/// A compressed value that was damaged is named; the caller rebuilds the store from the journal.
#[test]
fn a_damaged_compressed_value_is_named_and_wants_a_rebuild() {
    for (at, change, said) in [(2, 9, "dictionary 9"), (9, 0xff, "")] {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("store");
        let mut step = Step::at(position(1));
        step.lives.insert(number(9), Arc::new(life(9, 12)));
        open(&path).commit(&step).expect("commit");
        behind_the_back(&path, |db| {
            let entries = db.open_tree("entries").expect("entries");
            let mut value = entries.get(number(9).as_bytes()).expect("get").expect("there").to_vec();
            assert_eq!(value[..3], [1, 3, 1]);
            value[at] = change;
            entries.insert(number(9).as_bytes(), value).expect("insert");
        });
        let error = open(&path).life(number(9)).expect_err("it cannot be read");
        let text = error.to_string();
        assert!(error.wants_rebuild() && text.contains("entries ") && text.contains(said), "{text}");
    }
}

fn dump(db: &::sled::Db) -> String {
    let mut lines = BTreeMap::new();
    for name in db.tree_names() {
        for item in db.open_tree(&name).expect("a tree").iter() {
            let (key, value) = item.expect("an item");
            let tree = String::from_utf8(name.to_vec()).expect("a name");
            lines.insert(format!("{tree} {}", hex(&key)), hex(&value));
        }
    }
    lines.into_iter().map(|(key, value)| format!("{key} {value}\n")).collect()
}
