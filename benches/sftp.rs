//! Intake from a real OpenSSH server on loopback, beside OpenSSH's own client: a backlog of small files, and one large.
//!
//! Each side fetches the same files from the same server, three times in turn; the best of each is printed. Ours also
//! hashes every file, checks its trailer, and (second figure) moves it to the archive, which the client does not.

#[path = "../tests/support/sshd.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sshd;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::DateTime;
use entrywatch::ident::{BrokerName, DropName};
use entrywatch::intake::scanner::{ScanLimits, Scanner};
use entrywatch::intake::{After, Algorithms, DropPlace, DropSettings, HostKeyPin, SftpAuth, SftpSettings};
use sshd::Sshd;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;
const SMALL_FILES: usize = 2000;
const SMALL_BYTES: usize = 20_000;
const LARGE_BYTES: usize = 150 << 20;

fn main() {
    let Some(server) = Sshd::start(&[]) else { return };
    fill(&server, SMALL_FILES, SMALL_BYTES);
    measure(&server, "2,000 files of 20 KB", SMALL_FILES);
    fs::remove_dir_all(server.path("drop")).expect("removed");
    fs::create_dir(server.path("drop")).expect("a folder");
    fill(&server, 1, LARGE_BYTES);
    measure(&server, "one file of 150 MB", 1);
}

fn fill(server: &Sshd, files: usize, size_bytes: usize) {
    for number in 0..files {
        let line = format!("{:<80}\n", format!("record of file {number}"));
        let text: String = line.repeat(size_bytes / line.len());
        fs::write(server.path("drop").join(format!("file-{number:05}.txt")), text).expect("a file");
    }
}

fn measure(server: &Sshd, what: &str, files: usize) {
    let (mut theirs, mut ours, mut finished) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        theirs = theirs.min(by_client(server, files));
        let (fetch, finish) = by_scanner(server, files);
        ours = ours.min(fetch);
        finished = finished.min(fetch + finish);
        restore(server);
    }
    let rate = |time: Duration| files as f64 / time.as_secs_f64();
    println!(
        "{what}: OpenSSH {:.3} s ({:.0} files/s), fetch {:.3} s ({:.0} files/s, {:.2}x), fetch and archive {:.3} s ({:.0} files/s, {:.2}x)",
        theirs.as_secs_f64(),
        rate(theirs),
        ours.as_secs_f64(),
        rate(ours),
        theirs.as_secs_f64() / ours.as_secs_f64(),
        finished.as_secs_f64(),
        rate(finished),
        theirs.as_secs_f64() / finished.as_secs_f64(),
    );
}

/// Connecting and all, as the client has it.
fn by_client(server: &Sshd, files: usize) -> Duration {
    let into = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let mut client = Command::new("sftp")
        .args(["-q", "-b", "-", "-o", "IdentitiesOnly=yes", "-F", "none", "-o"])
        .arg(format!("UserKnownHostsFile={}", server.known_hosts(&["ed25519"]).display()))
        .args(["-i".as_ref(), server.path("user").as_os_str()])
        .args(["-P", &server.port.to_string(), &format!("{}@127.0.0.1", server.user)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sftp starts");
    let script = format!("mget {}/*.txt {}\n", server.path("drop").display(), into.path().display());
    client.stdin.take().expect("it is piped").write_all(script.as_bytes()).expect("sftp listens");
    assert!(client.wait().expect("sftp ends").success());
    let time = begun.elapsed();
    assert_eq!(fs::read_dir(into.path()).expect("a folder").count(), files);
    time
}

/// Connecting and all; fetching and finishing apart.
fn by_scanner(server: &Sshd, files: usize) -> (Duration, Duration) {
    let sftp = SftpSettings {
        host: "127.0.0.1".into(),
        port: server.port,
        user: server.user.clone(),
        auth: SftpAuth::Key { path: server.path("user"), passphrase: None },
        host_key: HostKeyPin::KnownHosts(server.known_hosts(&["ed25519"])),
        path: server.path("drop").display().to_string(),
        timeout: Duration::from_secs(30),
        algorithms: Algorithms::default(),
    };
    let settings = DropSettings {
        name: DropName::new("bench"),
        broker: BrokerName::new("bench"),
        place: DropPlace::Sftp(sftp),
        poll: Duration::from_secs(3600),
        settle: Duration::ZERO,
        incomplete_after: Duration::ZERO,
        max_file_bytes: 1 << 30,
        ignore: vec![],
        include: vec![],
        after: After::Move { to: "done".into() },
    };
    let now = DateTime::UNIX_EPOCH;
    let mut scanner = Scanner::open(settings, ScanLimits::default());
    let (mut fetching, mut finishing, mut taken) = (Duration::ZERO, Duration::ZERO, 0);
    while taken < files {
        let begun = Instant::now();
        let report = scanner.scan(now, &CancellationToken::new());
        fetching += begun.elapsed();
        assert!(report.troubles.is_empty() && !report.ready.is_empty());
        let begun = Instant::now();
        for arrived in &report.ready {
            assert_eq!(scanner.finish(arrived, now), None);
        }
        finishing += begun.elapsed();
        taken += report.ready.len();
    }
    (fetching, finishing)
}

fn restore(server: &Sshd) {
    for entry in fs::read_dir(server.path("drop/done")).expect("the archive") {
        let entry = entry.expect("a file");
        fs::rename(entry.path(), server.path("drop").join(entry.file_name())).expect("moved back");
    }
}
