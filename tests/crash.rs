//! The daemon is killed with SIGKILL again and again while it takes a thousand files; in the end nothing is lost.
//!
//! Compared with a run that nobody disturbed: the state hash, the files that were taken, the letters that were written,
//! and their Message-IDs. Between two runs the store's folder is at times put back to an older copy, cut, garbled or
//! deleted, which is what a power cut may do to it; the journal is left alone.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use entrywatch::synthetic::{GeneratedFile, Plan, generate};

/// Kills, and files that are taken meanwhile.
const KILLS: u32 = 200;
const FILES: usize = 1_000;

/// Of the kills, so many are followed by harm to the store.
const HARM_EVERY: u32 = 5;

/// A deterministic stream of figures (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below.max(1)
    }
}

/// One installation below a folder of its own.
struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("drop")).expect("a drop");
        let config = r#"
            [state]
            folder = "state"
            [mail]
            from = "entrywatch@example.com"
            outbox = "mail"
            [daemon]
            log = "text"
            log_level = "error"
            [[team]]
            name = "operations"
            to = ["operations@example.com"]
            # Windows follow the clock, and two hundred starts look at it at other moments than one.
            gather = "off"
            letters_max = 0
            [[broker]]
            name = "acme"
            [[broker.drop]]
            name = "acme-local"
            path = "drop"
            settle = "0s"
            poll = "1s"
        "#;
        std::fs::write(folder.path().join("config.toml"), config).expect("a configuration");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entrywatch"));
        command.args(["--config"]).arg(self.path("config.toml")).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// Drops a file as a careful broker does: under a temporary name, then renamed. The names sort in order of time.
    fn drop_file(&self, index: usize, file: &GeneratedFile) {
        let name = format!("{index:05}-{}", file.name);
        let temporary = self.path("drop").join(format!(".{name}.part"));
        std::fs::write(&temporary, &file.bytes).expect("the file is written");
        std::fs::rename(temporary, self.path("drop").join(name)).expect("the file is renamed");
    }

    fn waiting(&self) -> usize {
        let listing = std::fs::read_dir(self.path("drop")).expect("the drop is listed");
        listing.flatten().filter(|item| item.file_type().is_ok_and(|kind| kind.is_file())).count()
    }

    fn taken(&self) -> usize {
        std::fs::read_dir(self.path("drop/done")).map_or(0, |listing| listing.flatten().count())
    }

    /// Runs the daemon and kills it after `delay`.
    fn run_and_kill(&self, delay: Duration) {
        let mut daemon = Daemon(self.command(&["run"]).stderr(Stdio::piped()).spawn().expect("it starts"));
        // Nothing is ever sent: the wait ends by its limit, or when the daemon ends by itself and closes the pipe.
        let (ended, end) = channel::<()>();
        let mut pipe = daemon.0.stderr.take().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = pipe.read_to_string(&mut text);
            drop(ended);
            text
        });
        let waited = end.recv_timeout(delay);
        daemon.0.kill().expect("it is killed");
        let status = daemon.0.wait().expect("it is gone");
        let said = reader.join().expect("the pipe is read");
        assert_eq!(waited, Err(RecvTimeoutError::Timeout), "it ended by itself: {status}\n{said}");
        assert_eq!(status.signal(), Some(9), "{said}");
    }

    /// Rounds until nothing is left to do.
    fn finish(&self) {
        for _ in 0..20 {
            let output = self.command(&["run", "--once"]).output().expect("it runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            if self.waiting() == 0 {
                return;
            }
        }
        panic!("{} files are left", self.waiting());
    }

    fn print(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The Message-IDs of the mails that were written as files, and of the letters in the outbox.
    fn mails(&self) -> BTreeSet<String> {
        let listing = std::fs::read_dir(self.path("mail")).expect("mails");
        let files = listing
            .flatten()
            .map(|item| item.path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"));
        files.map(|path| message_id(&path)).collect()
    }
}

fn message_id(path: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(path).expect("a mail")).into_owned();
    let header = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
    header.unwrap_or_else(|| panic!("{} has no Message-ID", path.display())).to_owned()
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for item in std::fs::read_dir(from).expect("a listing").flatten() {
        let target = to.join(item.file_name());
        if item.path().is_dir() {
            copy_folder(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).expect("a copy");
        }
    }
}

/// What a power cut may leave of the store.
fn harm(store: &Path, older: &Path, dice: &mut Dice) {
    let largest = || {
        let files = std::fs::read_dir(store).expect("a listing").flatten().map(|item| item.path());
        files.filter(|path| path.is_file()).max_by_key(|path| path.metadata().map_or(0, |found| found.len()))
    };
    match dice.roll(4) {
        0 => std::fs::remove_dir_all(store).expect("it is gone"),
        1 if older.exists() => {
            std::fs::remove_dir_all(store).expect("it is gone");
            copy_folder(older, store);
        }
        2 => {
            let Some(path) = largest() else { return };
            let length = path.metadata().expect("a file").len();
            let file = std::fs::OpenOptions::new().write(true).open(path).expect("a file");
            file.set_len(dice.roll(length)).expect("it is cut");
        }
        _ => {
            let Some(path) = largest() else { return };
            let mut bytes = std::fs::read(&path).expect("a file");
            for _ in 0..64 {
                let at = dice.roll(bytes.len() as u64) as usize;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 0x5A;
                }
            }
            std::fs::write(path, bytes).expect("it is garbled");
        }
    }
}

#[test]
fn killed_two_hundred_times_it_loses_nothing() {
    let mut plan = Plan::new(99, 450);
    // Lives that ended years ago: no clock of theirs reminds anybody. A reminder depends on when the clock is looked at,
    // which two hundred starts do at other moments than one.
    plan.start = chrono::NaiveDate::from_ymd_opt(2021, 1, 4).expect("a date");
    plan.messages_per_file = 3;
    let files: Vec<GeneratedFile> = generate(&plan).take(FILES).collect();
    assert_eq!(files.len(), FILES);

    let calm = Installation::new();
    files.iter().enumerate().for_each(|(index, file)| calm.drop_file(index, file));
    calm.finish();

    let stormy = Installation::new();
    let mut dice = Dice(2026);
    let older = stormy.path("older");
    let store = stormy.path("state/store");
    let mut dropped = 0;
    for kill in 0..KILLS {
        let until = FILES * (kill as usize + 1) / KILLS as usize;
        files[dropped..until]
            .iter()
            .enumerate()
            .for_each(|(index, file)| stormy.drop_file(dropped + index, file));
        dropped = until;
        stormy.run_and_kill(Duration::from_millis(20 + dice.roll(280)));
        if kill % HARM_EVERY == HARM_EVERY - 1 && store.exists() {
            harm(&store, &older, &mut dice);
        } else if kill % HARM_EVERY == 1 && store.exists() {
            let _ = std::fs::remove_dir_all(&older);
            copy_folder(&store, &older);
        }
    }
    stormy.finish();

    assert_eq!(stormy.taken(), FILES, "every file has left its drop");
    assert_eq!(stormy.print(&["state-hash"]), calm.print(&["state-hash"]), "the same state");
    assert!(stormy.print(&["replay", "--verify"]).contains("the same"));
    assert!(calm.mails().len() > 100, "the feed makes letters");
    assert_eq!(stormy.mails(), calm.mails(), "the same letters, each under one Message-ID");
    stormy.print(&["audit", "verify"]);
}
