//! The journal: what is confirmed stays, what is torn is dropped, what is changed is found out.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use entrywatch::ident::{BrokerName, DropName, Fingerprint};
use entrywatch::journal::{
    Journal, JournalError, JournalReader, Line, Mask, NoMask, Problem, Received, Settings, Staged, What,
    free_bytes, verify,
};
use entrywatch::step::Position;
use entrywatch::store::backup::{BackupError, back_up, restore};
use tempfile::TempDir;

fn at() -> DateTime<Utc> {
    "2026-03-01T14:05:00Z".parse().expect("an instant")
}

fn received(staged: &Staged, name: &str) -> What {
    What::Received(Received {
        drop: DropName::new("acme-sftp"),
        broker: BrokerName::new("Acme Customs Brokers"),
        name: name.into(),
        size_bytes: staged.size_bytes,
        file: staged.file,
        kept: (staged.kept != staged.file).then_some(staged.kept),
        incomplete: false,
        deliver: true,
    })
}

fn note(text: &str) -> What {
    What::Recorded { fact: serde_json::json!({ "text": text }), author: "jo".into() }
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn open(folder: &Path) -> Journal {
    let (journal, opened) = Journal::open(folder).expect("it opens");
    assert_eq!(opened.torn_bytes, 0);
    journal
}

const TINY: Settings = Settings { segment_bytes: 400 };

/// Takes in one file as the daemon does.
fn take(journal: &mut Journal, content: &[u8]) -> Position {
    let staged = journal.stage(&mut &content[..], &mut NoMask).expect("stage");
    let what = received(&staged, "in.edi");
    journal.append(at(), &what).expect("append")
}

fn lines(folder: &Path, from: u64) -> Vec<Line> {
    let reader = JournalReader::open(folder).expect("it opens");
    reader.read(from).expect("it reads").map(|line| line.expect("a line").1).collect()
}

fn bytes_of(mut content: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).expect("it reads");
    bytes
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder.join("journal"))
        .expect("a folder")
        .map(|item| item.expect("an item").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    found.sort();
    found
}

fn archived(folder: &Path, content: &[u8]) -> PathBuf {
    let name = Fingerprint::of(content).to_string();
    folder.join("archive").join(&name[..2]).join(format!("{name}.zst"))
}

#[test]
fn what_was_synced_is_found_again() {
    let folder = folder();
    let mut journal = open(folder.path());
    assert_eq!(journal.position(), Position::START);
    take(&mut journal, b"first");
    let second = take(&mut journal, b"second");
    assert_eq!(journal.position(), Position::START, "nothing is confirmed before the sync");
    assert!(lines(folder.path(), 1).is_empty());
    assert_eq!(bytes_of(journal.content(Fingerprint::of(b"first")).expect("it waits")), b"first");
    assert_eq!(journal.sync().expect("sync"), second);
    assert_eq!(second.seq, 2);
    drop(journal);

    let (journal, opened) = Journal::open(folder.path()).expect("it opens");
    assert_eq!((opened.last, journal.position()), (second, second));
    assert_eq!(lines(folder.path(), 2).len(), 1);
    let file = Fingerprint::of(b"second");
    assert!(journal.has(file) && !journal.has(Fingerprint::of(b"third")));
    assert_eq!(bytes_of(journal.content(file).expect("content")), b"second");
    assert!(matches!(journal.content(Fingerprint::of(b"third")), Err(JournalError::Missing { .. })));
    assert!(free_bytes(folder.path()).expect("it answers") > 0);
}

#[test]
fn unsynced_things_are_gone_and_leave_no_trace() {
    let folder = folder();
    let mut journal = open(folder.path());
    take(&mut journal, b"first");
    drop(journal);
    let journal = open(folder.path());
    assert!(!journal.has(Fingerprint::of(b"first")));
    assert!(lines(folder.path(), 1).is_empty());
    assert_eq!(fs::read_dir(folder.path().join("archive/incoming")).expect("a folder").count(), 0);
}

#[test]
fn one_process_writes_and_others_read() {
    let folder = folder();
    let mut journal = open(folder.path());
    assert!(
        matches!(Journal::open(folder.path()), Err(error @ JournalError::Locked { .. }) if error.is_transient())
    );
    let reader = JournalReader::open(folder.path()).expect("a reader needs no lock");
    take(&mut journal, b"first");
    journal.sync().expect("sync");
    assert_eq!(reader.read(1).expect("it reads").count(), 1);
    drop(journal);
    open(folder.path());
}

/// The chain can be followed with common tools: `sed -n 2p FILE | sha256sum` is `prev` of line 3.
#[test]
fn each_line_names_the_hash_of_the_line_before() {
    let folder = folder();
    let mut journal = open(folder.path());
    for text in ["a", "b", "c"] {
        journal.append(at(), &note(text)).expect("append");
    }
    let last = journal.sync().expect("sync");
    let text = fs::read_to_string(&segments(folder.path())[0]).expect("it reads");
    let raw: Vec<&str> = text.split_inclusive('\n').collect();
    assert!(raw[0].starts_with(r#"{"journal":1,"first":1,"prev":"000"#), "{}", raw[0]);
    for (line, before) in lines(folder.path(), 1).iter().zip(&raw) {
        assert_eq!(line.prev, Fingerprint::of(before.as_bytes()));
    }
    assert_eq!(last.hash, Fingerprint::of(raw[3].as_bytes()));
}

#[test]
fn segments_follow_each_other() {
    let folder = folder();
    let mut positions = vec![Position::START];
    for round in 0..4 {
        let (mut journal, opened) = Journal::open_with(folder.path(), TINY).expect("it opens");
        assert_eq!(Some(&opened.last), positions.last());
        for text in 0..5 {
            positions.push(journal.append(at(), &note(&format!("{round} {text}"))).expect("append"));
            journal.sync().expect("sync");
        }
    }
    assert!(segments(folder.path()).len() > 5, "{:?}", segments(folder.path()));
    let reader = JournalReader::open(folder.path()).expect("it opens");
    for from in 0..=21 {
        let read: Vec<Position> =
            reader.read(from).expect("it reads").map(|line| line.expect("a line").0).collect();
        assert_eq!(read, positions[from.clamp(1, 21) as usize..], "from {from}");
    }
    let report = verify(folder.path(), &mut |_| {}).expect("it can be checked");
    assert!(report.is_intact() && report.last == positions[20] && report.lines == 20);

    // A reader that is on its way finds the segments that come while it reads.
    let mut reading = reader.read(20).expect("it reads");
    reading.next().expect("line 20").expect("a line");
    let (mut journal, _) = Journal::open_with(folder.path(), TINY).expect("it opens");
    for text in ["x", "y", "z"] {
        journal.append(at(), &note(&text.repeat(300))).expect("append");
        journal.sync().expect("sync");
    }
    assert_eq!(reading.map(|line| line.expect("a line").0.seq).collect::<Vec<_>>(), [21, 22, 23]);

    fs::remove_file(&segments(folder.path())[2]).expect("remove");
    let outcome: Result<Vec<_>, _> = reader.read(1).expect("it reads").collect();
    assert!(matches!(outcome, Err(JournalError::Broken { .. })));
    assert!(!verify(folder.path(), &mut |_| {}).expect("it can be checked").is_intact());
}

#[test]
fn a_torn_tail_is_dropped_wherever_it_was_cut() {
    let origin = folder();
    let mut journal = open(origin.path());
    for text in ["a", "b"] {
        journal.append(at(), &note(text)).expect("append");
        journal.sync().expect("sync");
    }
    drop(journal);
    let whole = fs::read(&segments(origin.path())[0]).expect("it reads");
    let ends: Vec<usize> = (1..=whole.len()).filter(|&at| whole[at - 1] == b'\n').collect();
    let folder = folder();
    drop(open(folder.path()));
    // Every place near a line end, and some in between.
    let near = |cut: &usize| cut.is_multiple_of(29) || ends.iter().any(|end| end.abs_diff(*cut) < 3);
    for cut in (0..=whole.len()).filter(near) {
        fs::write(&segments(folder.path())[0], &whole[..cut]).expect("write");
        // A reader stops before the torn line.
        let kept = ends.iter().filter(|&&end| end <= cut).count().saturating_sub(1) as u64;
        assert_eq!(lines(folder.path(), 1).len() as u64, kept, "cut at {cut}");
        let (mut journal, opened) = Journal::open(folder.path()).expect("it opens");
        assert_eq!(opened.last.seq, kept, "cut at {cut}");
        let good = ends.iter().rev().find(|&&end| end <= cut).copied().unwrap_or(0);
        assert_eq!(opened.torn_bytes, (cut - good) as u64, "cut at {cut}");
        assert_eq!(journal.append(at(), &note("next")).expect("append").seq, kept + 1);
        journal.sync().expect("sync");
        drop(journal);
        let report = verify(folder.path(), &mut |_| {}).expect("it can be checked");
        assert!(report.is_intact() && report.lines == kept + 1, "cut at {cut}: {report:?}");
    }
}

#[test]
fn pages_that_a_power_cut_kept_from_the_disk_are_a_torn_tail() {
    let folder = folder();
    let mut journal = open(folder.path());
    for text in ["a", "b", "c", "d"] {
        journal.append(at(), &note(text)).expect("append");
    }
    journal.sync().expect("sync");
    drop(journal);
    let path = &segments(folder.path())[0];
    let mut bytes = fs::read(path).expect("it reads");
    let ends: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'\n').collect();
    // The end of line 2 and the start of line 3 never reached the disk, line 4 did.
    bytes[ends[2] - 20..ends[2] + 20].fill(0);
    fs::write(path, &bytes).expect("write");
    let (_journal, opened) = Journal::open(folder.path()).expect("it opens");
    assert_eq!(opened.last.seq, 1);
    assert_eq!(opened.torn_bytes as usize, bytes.len() - ends[1] - 1);
    let aside = fs::read(path.with_extension("torn")).expect("what was torn is kept beside");
    assert_eq!(aside, bytes[ends[1] + 1..]);
}

#[test]
fn a_changed_line_is_named_by_file_and_number() {
    let folder = folder();
    let mut journal = open(folder.path());
    for text in ["aaaa", "bbbb", "cccc"] {
        journal.append(at(), &note(text)).expect("append");
    }
    journal.sync().expect("sync");
    drop(journal);
    let path = &segments(folder.path())[0];
    let good = fs::read_to_string(path).expect("it reads");
    let removed = good.lines().take(2).chain(good.lines().skip(3)).map(|line| format!("{line}\n")).collect();
    for (bad, line) in [
        (good.replace("bbbb", "bxbb"), 4),
        (good.replacen("bbbb\"}", "bbbb\"", 1), 3),
        (removed, 3),
        (good.replace("\"first\":1", "\"first\":2"), 1),
    ] {
        fs::write(path, &bad).expect("write");
        let error = Journal::open(folder.path()).map(drop).expect_err("it is broken");
        assert!(matches!(&error, JournalError::Broken { line: found, .. } if *found == line), "{error}");
        assert!(error.to_string().contains("000000000001.jsonl, line "), "{error}");
        let report = verify(folder.path(), &mut |_| {}).expect("it can be checked");
        assert!(
            matches!(&report.problems[0], Problem::Line { line: found, .. } if *found == line),
            "{report:?}"
        );
    }
    fs::write(path, good.replace("{\"journal\":1", "{\"journal\":2")).expect("write");
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Format { found: 2, .. })));
}

#[test]
fn the_same_bytes_are_kept_once_and_a_damaged_copy_is_replaced() {
    let folder = folder();
    let mut journal = open(folder.path());
    let content = b"the same bytes".as_slice();
    let stage = |journal: &mut Journal| journal.stage(&mut &*content, &mut NoMask).expect("stage");
    assert!(!stage(&mut journal).already);
    assert!(stage(&mut journal).already, "it waits");
    journal.sync().expect("sync");
    assert!(stage(&mut journal).already, "it is there");
    journal.sync().expect("sync");
    let path = archived(folder.path(), content);
    let whole = fs::read(&path).expect("it reads");
    // What a power cut between naming and syncing may leave.
    for damaged in [&whole[..0], &whole[..whole.len() - 3]] {
        fs::write(&path, damaged).expect("write");
        assert!(!stage(&mut journal).already);
        journal.sync().expect("sync");
        assert_eq!(bytes_of(journal.content(Fingerprint::of(content)).expect("content")), content);
    }
}

/// Overwrites digits, and remembers across chunks nothing but that it was asked.
struct NoDigits;

impl Mask for NoDigits {
    fn mask(&mut self, chunk: &mut [u8]) {
        chunk.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|byte| *byte = b'*');
    }
}

#[test]
fn secrets_are_masked_and_the_name_is_that_of_the_original() {
    let folder = folder();
    let mut journal = open(folder.path());
    let mut content = vec![b'x'; 200_000];
    content[150_000..150_006].copy_from_slice(b"123456");
    let mut masked = content.clone();
    NoDigits.mask(&mut masked);
    let staged = journal.stage(&mut &content[..], &mut NoDigits).expect("stage");
    assert_eq!((staged.file, staged.kept), (Fingerprint::of(&content), Fingerprint::of(&masked)));
    let plain = journal.stage(&mut &b"no digits"[..], &mut NoDigits).expect("stage");
    assert_eq!(plain.file, plain.kept);
    for staged in [staged, plain] {
        journal.append(at(), &received(&staged, "a.txt")).expect("append");
    }
    journal.sync().expect("sync");
    assert_eq!(bytes_of(journal.content(staged.file).expect("content")), masked);
    let report = verify(folder.path(), &mut |_| {}).expect("it can be checked");
    assert!(report.is_intact() && report.files == 2, "{report:?}");
    drop(journal);
    let on_disk =
        zstd::decode_all(File::open(archived(folder.path(), &content)).expect("open")).expect("zstd");
    assert!(!on_disk.windows(6).any(|window| window == b"123456"));
}

#[test]
fn a_group_takes_at_most_six_sync_calls() {
    let folder = folder();
    let (mut journal, _) = Journal::open_with(folder.path(), TINY).expect("it opens");
    let mut name = 0u64;
    for files in [0, 1, 2, 3, 50, 2, 1, 1, 1] {
        for _ in 0..files {
            name += 1;
            take(&mut journal, &name.to_le_bytes());
        }
        journal.append(at(), &note("and a line")).expect("append");
        let before = journal.sync_calls();
        journal.sync().expect("sync");
        let calls = journal.sync_calls() - before;
        assert!(calls <= 6, "{files} files took {calls}");
    }
    let before = journal.sync_calls();
    journal.sync().expect("nothing waits");
    assert_eq!(journal.sync_calls(), before);
}

/// 800 kB that stay as many.
fn incompressible() -> Vec<u8> {
    (0..200_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[test]
fn a_small_file_takes_one_sync_call_and_survives_the_loss_of_its_archived_copy() {
    let folder = folder();
    let mut journal = open(folder.path());
    let large = incompressible();
    for (content, calls) in [(&b"first"[..], 1), (b"second", 1), (b"", 1), (&large, 3)] {
        let before = journal.sync_calls();
        take(&mut journal, content);
        journal.sync().expect("sync");
        assert_eq!(journal.sync_calls() - before, calls, "{} bytes", content.len());
    }
    drop(journal);
    // What a power cut leaves of a file that was never synced: nothing, or a name without bytes.
    fs::remove_file(archived(folder.path(), b"first")).expect("removed");
    File::create(archived(folder.path(), b"second")).expect("emptied");
    let journal = open(folder.path());
    for content in [&b"first"[..], b"second", b"", &large] {
        assert_eq!(bytes_of(journal.content(Fingerprint::of(content)).expect("it is there")), content);
    }
    drop(journal);
    assert!(verify(folder.path(), &mut |_| {}).expect("it is checked").is_intact());
}

/// The state as a kill leaves it.
fn killed(folder: &Path) -> TempDir {
    let copy = TempDir::new().expect("a folder");
    copy_tree(folder, copy.path());
    copy
}

fn copy_tree(from: &Path, to: &Path) {
    for item in fs::read_dir(from).expect("a folder") {
        let item = item.expect("an item").path();
        let target = to.join(item.file_name().expect("a name"));
        if item.is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy_tree(&item, &target);
        } else {
            fs::copy(&item, &target).expect("a copy");
        }
    }
}

#[test]
fn a_carried_file_is_read_from_its_line_until_it_has_its_place() {
    let (folder, backup) = (folder(), TempDir::new().expect("a folder"));
    let mut journal = open(folder.path());
    let other = JournalReader::open(folder.path()).expect("it opens");
    let contents = [&b"first"[..], b"second", b"third"];
    for content in contents {
        take(&mut journal, content);
        journal.sync().expect("sync");
        assert!(!archived(folder.path(), content).exists());
        let file = Fingerprint::of(content);
        assert!(journal.has(file) && other.has(file));
        for found in [journal.content(file), other.content(file), journal.reader().content(file)] {
            assert_eq!(bytes_of(found.expect("content")), content);
        }
    }
    assert!(matches!(other.content(Fingerprint::of(b"fourth")), Err(JournalError::Missing { .. })));
    let staged = journal.stage(&mut &b"second"[..], &mut NoMask).expect("stage");
    assert!(staged.already, "it is kept once");
    let report = verify(folder.path(), &mut |_| {}).expect("it is checked");
    assert!(report.is_intact());
    assert_eq!((report.files, report.content_bytes), (3, 16));
    let copied = back_up(folder.path(), backup.path(), None, &mut |_| {}).expect("a backup");
    assert_eq!((copied.files_copied, copied.report.files), (3, 3));
    let again = back_up(folder.path(), backup.path(), None, &mut |_| {}).expect("a backup");
    assert_eq!((again.files_copied, again.files_already), (0, 3));

    // A kill: the next start gives them their place.
    let left = killed(folder.path());
    let again = open(left.path());
    for content in contents {
        assert_eq!(bytes_of(again.content(Fingerprint::of(content)).expect("content")), content);
        assert!(archived(left.path(), content).exists());
    }
    drop(again);

    assert_eq!((journal.file().expect("filed"), journal.file().expect("nothing is left")), (3, 0));
    for content in contents {
        assert_eq!(bytes_of(other.content(Fingerprint::of(content)).expect("content")), content);
        assert!(archived(folder.path(), content).exists());
        assert_eq!(
            fs::read(archived(folder.path(), content)).expect("it reads"),
            fs::read(archived(backup.path(), content)).expect("it reads")
        );
    }
}

#[test]
fn carried_files_get_their_place_at_the_end_of_a_segment_and_when_they_are_many() {
    let folder = folder();
    let (mut journal, _) = Journal::open_with(folder.path(), TINY).expect("it opens");
    for content in [&b"first"[..], b"second"] {
        take(&mut journal, content);
        journal.sync().expect("sync");
    }
    assert!(archived(folder.path(), b"first").exists(), "its segment has ended");
    assert!(!archived(folder.path(), b"second").exists());
    drop(journal);
    assert!(archived(folder.path(), b"second").exists(), "an orderly end leaves nothing to do");

    let mut journal = open(folder.path());
    let many = 1_200u32;
    for number in 0..many {
        take(&mut journal, &number.to_le_bytes());
        journal.sync().expect("sync");
    }
    let placed = (0..many).filter(|number| archived(folder.path(), &number.to_le_bytes()).exists()).count();
    assert_eq!(placed, 1_024, "memory is bounded");
    let left = killed(folder.path());
    drop(open(left.path()));
    let report = verify(left.path(), &mut |_| {}).expect("it is checked");
    assert!(report.is_intact());
    assert_eq!((report.files, report.unnamed_files), (u64::from(many) + 2, 0));
}

/// A source that fails in the middle.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the connection is gone"));
        }
        self.0 -= 1;
        out.fill(b'x');
        Ok(out.len())
    }
}

#[test]
fn a_source_that_fails_spoils_nothing() {
    let folder = folder();
    let mut journal = open(folder.path());
    let error = journal.stage(&mut Failing(3), &mut NoMask).expect_err("it fails");
    assert!(matches!(error, JournalError::Source { .. }) && error.is_transient() && !error.is_full_disk());
    take(&mut journal, b"good");
    journal.sync().expect("sync");
    assert_eq!(lines(folder.path(), 1).len(), 1);
}

#[test]
fn a_failed_sync_confirms_nothing_ever_after() {
    let folder = folder();
    let mut journal = open(folder.path());
    take(&mut journal, b"good");
    let good = journal.sync().expect("sync");
    // No line carries a file of this size.
    let lost = incompressible();
    take(&mut journal, &lost);
    // The archive loses the folder that the file belongs in.
    let shard = archived(folder.path(), &lost).parent().expect("a shard").to_owned();
    fs::remove_dir_all(&shard).expect("remove");
    journal.sync().expect_err("it cannot be named");
    fs::create_dir(&shard).expect("create");
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned)));
    assert!(matches!(journal.append(at(), &note("x")), Err(JournalError::Poisoned)));
    assert!(matches!(journal.stage(&mut &b"x"[..], &mut NoMask), Err(JournalError::Poisoned)));
    assert_eq!(journal.position(), good);
    drop(journal);
    let (_journal, opened) = Journal::open(folder.path()).expect("it opens");
    assert_eq!(opened.last, good);
}

/// A disk without room: every write to `/dev/full` fails so.
#[test]
fn a_full_disk_is_recognised() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let folder = folder();
    let mut journal = open(folder.path());
    journal.append(at(), &note(&"x".repeat(500))).expect("append");
    journal.sync().expect("sync");
    drop(journal);
    let (mut journal, _) = Journal::open_with(folder.path(), TINY).expect("it opens");
    let next = folder.path().join("journal/000000000002.jsonl");
    std::os::unix::fs::symlink(full, &next).expect("link");
    journal.append(at(), &note("x")).expect("append");
    // The new segment exists already, so that the journal refuses it: a name in the way is no full disk.
    let error = journal.sync().expect_err("a segment is in the way");
    assert!(!error.is_full_disk());
    let source =
        File::options().write(true).open(full).expect("open").write_all(b"x").expect_err("it is full");
    assert!(JournalError::Io { doing: "write", path: next, source }.is_full_disk());
}

#[test]
fn large_content_passes_through() {
    let folder = folder();
    let mut journal = open(folder.path());
    let staged = journal.stage(&mut Failing(0).chain_zeroes(30 << 20), &mut NoMask).expect("stage");
    assert_eq!(staged.size_bytes, 30 << 20);
    journal.append(at(), &received(&staged, "large.txt")).expect("append");
    journal.sync().expect("sync");
    let size =
        io::copy(&mut journal.content(staged.file).expect("content"), &mut io::sink()).expect("it reads");
    assert_eq!(size, 30 << 20);
}

impl Failing {
    fn chain_zeroes(self, size_bytes: u64) -> impl Read {
        io::repeat(0).take(size_bytes)
    }
}

#[test]
fn damage_in_the_archive_is_found_and_named() {
    let folder = folder();
    let (mut journal, _) = Journal::open_with(folder.path(), TINY).expect("it opens");
    for content in [b"one".as_slice(), b"two", b"three", b"four"] {
        take(&mut journal, content);
    }
    journal.sync().expect("sync");
    journal.stage(&mut &b"without a line"[..], &mut NoMask).expect("stage");
    // Another segment begins, and what the lines of this one carry has its place.
    take(&mut journal, b"five");
    journal.sync().expect("sync");
    let report = verify(folder.path(), &mut |_| {}).expect("it can be checked");
    assert!(report.is_intact());
    assert_eq!((report.lines, report.files, report.content_bytes, report.unnamed_files), (5, 5, 19, 1));

    fs::remove_file(archived(folder.path(), b"one")).expect("remove");
    fs::write(archived(folder.path(), b"two"), b"rubbish").expect("write");
    fs::copy(archived(folder.path(), b"four"), archived(folder.path(), b"three")).expect("copy");
    let mut steps = 0;
    let report = verify(folder.path(), &mut |_| steps += 1).expect("it can be checked");
    assert_eq!(report.problems_count, 3);
    assert!(steps >= 4);
    let of = |seq: u64| {
        report.problems.iter().find(|problem| match problem {
            Problem::Missing { seq: found, .. } | Problem::Damaged { seq: found, .. } => *found == seq,
            Problem::Line { .. } => false,
        })
    };
    assert!(matches!(of(1), Some(Problem::Missing { .. })));
    assert!(matches!(of(2), Some(Problem::Damaged { .. })));
    assert!(matches!(of(3), Some(Problem::Damaged { why, .. }) if why.contains("should have")));
    let all: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(all.iter().any(|problem| problem.starts_with("line 1 names file")), "{all:?}");
}

#[test]
fn a_backup_grows_with_the_journal_and_is_restored() {
    let (state, backup, room) = (folder(), folder(), folder());
    let (mut journal, _) = Journal::open_with(state.path(), TINY).expect("it opens");
    take(&mut journal, b"one");
    let first = journal.sync().expect("sync");
    take(&mut journal, b"two");
    journal.sync().expect("sync");
    // The daemon runs on, and a backup ends at the line that it was asked for.
    let copied = back_up(state.path(), backup.path(), Some(first.seq), &mut |_| {}).expect("a backup");
    assert_eq!((copied.last, copied.files_copied, copied.files_already), (first, 1, 0));
    for content in [b"three".as_slice(), b"four", b"five", b"six"] {
        take(&mut journal, content);
        journal.sync().expect("sync");
    }
    let copied = back_up(state.path(), backup.path(), None, &mut |_| {}).expect("a backup");
    assert_eq!((copied.last, copied.files_copied, copied.files_already), (journal.position(), 5, 1));
    assert!(copied.report.is_intact() && copied.report.segments > 1);
    let again = back_up(state.path(), backup.path(), None, &mut |_| {}).expect("a backup");
    assert_eq!((again.files_copied, again.bytes_copied), (0, 0));

    let restored = room.path().join("restored");
    let copied = restore(backup.path(), &restored, &mut |_| {}).expect("a restore");
    assert_eq!(copied.last, journal.position());
    let (mut second, opened) = Journal::open(&restored).expect("it opens");
    assert_eq!(opened.last, journal.position());
    assert_eq!(bytes_of(second.content(Fingerprint::of(b"five")).expect("content")), b"five");
    take(&mut second, b"life goes on");
    second.sync().expect("sync");
    assert!(matches!(restore(backup.path(), &restored, &mut |_| {}), Err(BackupError::NotEmpty { .. })));

    // Another journal does not overwrite this backup, and an older state does not cut it short.
    let other = folder();
    let mut stranger = open(other.path());
    take(&mut stranger, b"a stranger");
    stranger.sync().expect("sync");
    let error = back_up(other.path(), backup.path(), None, &mut |_| {}).expect_err("not its backup");
    assert!(matches!(error, BackupError::OtherJournal { .. }), "{error}");
    let error = back_up(state.path(), backup.path(), Some(1), &mut |_| {}).expect_err("it would go back");
    assert!(matches!(error, BackupError::OtherJournal { .. }), "{error}");
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let (state, backup, room) = (folder(), folder(), folder());
    let mut journal = open(state.path());
    take(&mut journal, b"one");
    journal.sync().expect("sync");
    back_up(state.path(), backup.path(), None, &mut |_| {}).expect("a backup");
    fs::write(archived(backup.path(), b"one"), b"rubbish").expect("write");
    let error = restore(backup.path(), &room.path().join("new"), &mut |_| {}).expect_err("it is damaged");
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    // A damaged source is found out as well.
    fs::write(archived(state.path(), b"one"), b"rubbish").expect("write");
    let error = back_up(state.path(), room.path(), None, &mut |_| {}).expect_err("it is damaged");
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
}
