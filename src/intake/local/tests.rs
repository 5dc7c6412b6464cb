//! The local folder against a real filesystem.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::intake::DEFAULT_IGNORE;

const LIMIT: u64 = 1 << 20;

struct Fixture {
    dir: tempfile::TempDir,
    folder: LocalFolder,
}

fn fixture(after: After) -> Fixture {
    let dir = tempfile::tempdir().expect("a folder");
    let ignore = DEFAULT_IGNORE.iter().map(|&pattern| pattern.to_owned()).collect();
    let folder = LocalFolder::new(dir.path(), NameFilter { ignore, include: vec![] }, after);
    Fixture { dir, folder }
}

fn to_done() -> After {
    After::Move { to: "done".into() }
}

impl Fixture {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn seen(&mut self, name: &str) -> Seen {
        let listing = self.folder.list().expect("a listing");
        listing.files.into_iter().find(|seen| seen.name == name).expect("the file")
    }

    fn finish(&mut self, seen: &Seen, text: &str) -> Result<Finished, IntakeError> {
        self.folder.finish(seen, &Fingerprint::of(text.as_bytes()))
    }
}

#[test]
fn lists_plain_files_only() {
    let mut fix = fixture(After::Leave);
    fix.write("a.edi", "x");
    fix.write("b.edi.part", "x");
    fix.write(".hidden", "x");
    fix.write("done/old.edi", "x");
    symlink("a.edi", fix.path("link.edi")).expect("a link");
    symlink("/etc/passwd", fix.path("out.edi")).expect("a link");
    rustix::fs::mknodat(CWD, fix.path("pipe.edi"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .expect("a pipe");
    use std::os::unix::ffi::OsStrExt;
    fs::write(fix.dir.path().join(std::ffi::OsStr::from_bytes(b"\xff.edi")), "x").expect("an odd name");
    let listing = fix.folder.list().expect("a listing");
    assert_eq!(listing.files.iter().map(|seen| seen.name.as_str()).collect::<Vec<_>>(), ["a.edi"]);
    assert_eq!(listing.odd_names, ["\u{fffd}.edi"]);
}

#[test]
fn a_missing_folder_is_an_error_with_its_name() {
    let mut folder = LocalFolder::new(Path::new("/nonexistent/drop"), NameFilter::default(), After::Leave);
    let error = folder.list().expect_err("no folder");
    assert!(matches!(error, IntakeError::List { .. }));
    assert!(error.report().starts_with("could not list `/nonexistent/drop`: "), "{}", error.report());
}

#[test]
fn fetch_takes_only_the_file_that_was_seen() {
    let mut fix = fixture(After::Leave);
    fix.write("a", "text");
    let seen = fix.seen("a");
    assert_eq!(fix.folder.fetch(&seen, LIMIT).expect("bytes"), b"text");
    assert!(matches!(fix.folder.fetch(&seen, 3), Err(IntakeError::TooLarge { .. })));
    assert_eq!(fix.folder.fetch(&seen, 4).expect("just fits"), b"text");
    fix.write("a", "text and more");
    assert!(matches!(fix.folder.fetch(&seen, LIMIT), Err(IntakeError::Changed { .. })), "grown");
    let seen = fix.seen("a");
    fix.write("b", "same length..");
    fs::rename(fix.path("b"), fix.path("a")).expect("replaced");
    assert!(matches!(fix.folder.fetch(&seen, LIMIT), Err(IntakeError::Changed { .. })), "replaced");
    fs::remove_file(fix.path("a")).expect("removed");
    assert!(matches!(fix.folder.fetch(&seen, LIMIT), Err(IntakeError::Vanished { .. })));
    symlink("/etc/passwd", fix.path("a")).expect("a link");
    assert!(matches!(fix.folder.fetch(&seen, LIMIT), Err(IntakeError::Changed { .. })), "became a link");
}

#[test]
fn files_are_moved_deleted_or_left() {
    let mut fix = fixture(to_done());
    fix.write("a", "text");
    let seen = fix.seen("a");
    assert_eq!(fix.finish(&seen, "text").expect("moved"), Finished::Done);
    assert_eq!((fix.read("a"), fix.read("done/a").as_deref()), (None, Some("text")));

    let mut fix = fixture(After::Delete);
    fix.write("a", "text");
    let seen = fix.seen("a");
    assert_eq!(fix.finish(&seen, "text").expect("deleted"), Finished::Done);
    assert_eq!(fix.read("a"), None);

    let mut fix = fixture(After::Leave);
    fix.write("a", "text");
    let seen = fix.seen("a");
    assert_eq!(fix.finish(&seen, "text").expect("left"), Finished::Done);
    assert!(fix.read("a").is_some());
}

#[test]
fn nothing_in_the_archive_is_overwritten() {
    let mut fix = fixture(to_done());
    let name = archive_name("a.edi", &Fingerprint::of(b"new!"), 1);
    for (archived, wanted) in [("old!", true), ("new!", false)] {
        fix.write("done/a.edi", archived);
        fix.write("a.edi", "new!");
        let seen = fix.seen("a.edi");
        assert_eq!(fix.finish(&seen, "new!").expect("archived"), Finished::Done);
        assert_eq!(fix.read("a.edi"), None);
        assert_eq!(fix.read("done/a.edi").as_deref(), Some(archived));
        assert_eq!(fix.read(&format!("done/{name}")).is_some(), wanted);
        fs::remove_dir_all(fix.path("done")).expect("removed");
    }
    // Every name is taken by something else: the file stays, and it is said.
    for attempt in 0..ARCHIVE_NAMES_MAX {
        fix.write(&format!("done/{}", archive_name("a.edi", &Fingerprint::of(b"new!"), attempt)), "other");
    }
    fix.write("a.edi", "new!");
    let seen = fix.seen("a.edi");
    assert!(matches!(fix.finish(&seen, "new!"), Err(IntakeError::Finish { .. })));
    assert_eq!(fix.read("a.edi").as_deref(), Some("new!"));
}

#[test]
fn a_vanished_file_is_fine_and_a_changed_one_stays() {
    for after in [to_done(), After::Delete] {
        let mut fix = fixture(after);
        fix.write("a", "text");
        let seen = fix.seen("a");
        fix.write("a", "another");
        assert_eq!(fix.finish(&seen, "text").expect("looked at"), Finished::Changed);
        assert_eq!(fix.read("a").as_deref(), Some("another"), "the new content was never taken");
        fs::remove_file(fix.path("a")).expect("removed");
        assert_eq!(fix.finish(&seen, "text").expect("looked at"), Finished::Gone);
    }
}

#[test]
fn an_archive_that_cannot_be_made_leaves_the_file() {
    let mut fix = fixture(to_done());
    fix.write("done", "a file, not a folder");
    fix.write("a", "text");
    let seen = fix.seen("a");
    let error = fix.finish(&seen, "text").expect_err("no folder");
    assert!(error.report().contains("move to `done`"), "{}", error.report());
    assert_eq!(fix.read("a").as_deref(), Some("text"));
    assert!(matches!(fix.folder.check(), Err(IntakeError::Archive { .. })));
}

#[test]
fn moves_to_another_filesystem_by_copy() {
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else { return };
    let to = other.path().join("done").display().to_string();
    let mut fix = fixture(After::Move { to });
    let archived = |name: &str| fs::read_to_string(other.path().join("done").join(name)).ok();
    for (text, name) in [("one", "a"), ("one", "a"), ("two", &archive_name("a", &Fingerprint::of(b"two"), 1))]
    {
        fix.write("a", text);
        let seen = fix.seen("a");
        assert_eq!(fix.finish(&seen, text).expect("archived"), Finished::Done);
        assert_eq!((fix.read("a"), archived(name).as_deref()), (None, Some(text)));
    }
    fix.write("a", "three");
    let seen = fix.seen("a");
    fix.write("a", "changed since");
    let finished = fix.folder.archive_by_copy(&seen, &other.path().join("done"), &Fingerprint::of(b"three"));
    assert_eq!(finished.expect("looked at"), Finished::Changed);
    assert_eq!(fix.read("a").as_deref(), Some("changed since"));
    assert_eq!(
        fs::read_dir(other.path().join("done")).expect("a folder").count(),
        2,
        "no temporary file is left"
    );
}

#[test]
fn check_looks_without_touching() {
    let mut fix = fixture(to_done());
    fix.write("a", "text");
    assert_eq!(fix.folder.check().expect("fine").files, 1);
    assert_eq!(fs::read_dir(fix.path("done")).expect("the archive").count(), 0);
    let mut fix = fixture(After::Move { to: ".".into() });
    assert!(fix.folder.check().expect_err("itself").report().contains("drop folder itself"));
}

/// Root reads everything, so there the unreadable file is not unreadable.
#[test]
fn an_unreadable_file_is_an_error_about_that_file() {
    let mut fix = fixture(After::Leave);
    fix.write("a", "text");
    fs::set_permissions(fix.path("a"), fs::Permissions::from_mode(0o000)).expect("locked");
    let seen = fix.seen("a");
    match fix.folder.fetch(&seen, LIMIT) {
        Err(error) => assert!(matches!(error, IntakeError::Read { .. })),
        Ok(_) => assert!(fs::metadata(fix.path("a")).expect("a file").uid() == 0),
    }
}
