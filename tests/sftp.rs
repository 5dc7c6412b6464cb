//! Intake against a real OpenSSH server: logins, host keys, uploads in progress, and servers that break or hang.

#[path = "support/sshd.rs"]
mod sshd;

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entrywatch::ident::{BrokerName, DropName};
use entrywatch::intake::scanner::{Arrived, ScanLimits, ScanReport, Scanner};
use entrywatch::intake::{
    After, Algorithms, DEFAULT_IGNORE, DropPlace, DropSettings, HostKeyPin, SftpAuth, SftpSettings, Trouble,
    TroubleKind, open_folder,
};
use secrecy::SecretString;
use sshd::{Sshd, wait_until};
use tokio_util::sync::CancellationToken;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + secs, 0).expect("a time")
}

fn settings(server: &Sshd, change: impl FnOnce(&mut DropSettings, &mut SftpSettings)) -> DropSettings {
    let mut sftp = SftpSettings {
        host: "127.0.0.1".into(),
        port: server.port,
        user: server.user.clone(),
        auth: SftpAuth::Key { path: server.path("user"), passphrase: None },
        host_key: HostKeyPin::KnownHosts(server.known_hosts(&["ed25519", "ecdsa", "rsa"])),
        path: server.path("drop").display().to_string(),
        timeout: Duration::from_secs(20),
        algorithms: Algorithms::default(),
    };
    let mut settings = DropSettings {
        name: DropName::new("acme"),
        broker: BrokerName::new("acme"),
        place: DropPlace::Local { path: "/nonexistent".into() },
        poll: Duration::from_secs(10),
        settle: Duration::from_secs(2),
        incomplete_after: Duration::from_secs(3600),
        max_file_bytes: 256 << 20,
        ignore: DEFAULT_IGNORE.iter().map(|&pattern| pattern.to_owned()).collect(),
        include: vec![],
        after: After::Move { to: "done".into() },
    };
    change(&mut settings, &mut sftp);
    settings.place = DropPlace::Sftp(sftp);
    settings
}

/// A scanner with a clock that the test moves.
struct Drive {
    scanner: Scanner,
    secs: i64,
}

impl Drive {
    fn new(server: &Sshd, change: impl FnOnce(&mut DropSettings, &mut SftpSettings)) -> Self {
        Self { scanner: Scanner::open(settings(server, change), ScanLimits::default()), secs: 0 }
    }

    /// Scans after `secs` more seconds.
    fn scan(&mut self, secs: i64) -> ScanReport {
        self.secs += secs;
        self.scanner.scan(at(self.secs), &CancellationToken::new())
    }

    /// Scans when the last report said.
    fn scan_at_next(&mut self, report: &ScanReport) -> ScanReport {
        self.secs = (report.next - at(0)).num_seconds() + 1;
        self.scanner.scan(at(self.secs), &CancellationToken::new())
    }

    /// Two looks; the files that settled.
    fn settle(&mut self) -> ScanReport {
        let report = self.scan(10);
        assert_eq!(texts(&report.troubles), Vec::<String>::new());
        self.scan(10)
    }

    fn finish(&mut self, arrived: &Arrived) -> Option<Trouble> {
        self.scanner.finish(arrived, at(self.secs))
    }
}

fn texts(troubles: &[Trouble]) -> Vec<String> {
    troubles.iter().map(|trouble| format!("{}: {}", trouble.key.kind.as_str(), trouble.text)).collect()
}

fn names(report: &ScanReport) -> Vec<&str> {
    report.ready.iter().map(|arrived| arrived.name.as_str()).collect()
}

/// An ABI transmission of about this many bytes.
fn transmission(size_bytes: usize) -> String {
    let mut text = format!("{:<80}\n{:<80}\n", "A3001XYZ      030226     SO", "B3001XYZSO");
    while text.len() < size_bytes {
        text.push_str(&format!("{:<80}\n", format!("SO10 record {}", text.len())));
    }
    text + &format!("{:<80}\n{:<80}\n", "Y3001XYZSO", "Z3001XYZ      030226")
}

/// The only trouble of the first scan.
fn first_trouble(server: &Sshd, change: impl FnOnce(&mut DropSettings, &mut SftpSettings)) -> Trouble {
    let mut drive = Drive::new(server, change);
    let mut report = drive.scan(0);
    assert_eq!(report.troubles.len(), 1, "{:?}", texts(&report.troubles));
    report.troubles.remove(0)
}

#[test]
fn files_are_fetched_whole_and_archived() {
    let Some(server) = Sshd::start(&[]) else { return };
    let large = transmission(3 << 20);
    for (name, text) in
        [("a.edi", "{}"), ("b.edi", large.as_str()), ("c.edi.part", "{}"), ("name with space", "[]")]
    {
        fs::write(server.path("drop").join(name), text).expect("a file");
    }
    fs::create_dir(server.path("drop/folder")).expect("a folder");
    std::os::unix::fs::symlink("/etc/passwd", server.path("drop/link")).expect("a link");
    let mut drive = Drive::new(&server, |_, _| {});
    let report = drive.settle();
    let mut found = names(&report);
    found.sort_unstable();
    assert_eq!(found, ["a.edi", "b.edi", "name with space"]);
    let arrived = report.ready.iter().find(|arrived| arrived.name == "b.edi").expect("it is there");
    assert!(arrived.bytes == large.as_bytes() && !arrived.incomplete);
    assert!(server.path("drop/b.edi").exists(), "nothing moves before it is kept");
    for arrived in &report.ready {
        assert_eq!(drive.finish(arrived), None);
        assert!(
            server.path("drop/done").join(&arrived.name).exists()
                && !server.path("drop").join(&arrived.name).exists()
        );
    }
    assert!(drive.scan(10).ready.is_empty());
}

#[test]
fn files_are_deleted_or_left_as_configured() {
    let Some(server) = Sshd::start(&[]) else { return };
    for (after, stays) in [(After::Leave, true), (After::Delete, false)] {
        fs::write(server.path("drop/a"), "{}").expect("a file");
        let mut drive = Drive::new(&server, |settings, _| settings.after = after);
        let report = drive.settle();
        assert_eq!(drive.finish(&report.ready[0]), None);
        assert_eq!(server.path("drop/a").exists(), stays);
        assert!(drive.scan(10).ready.is_empty() && drive.scan(10).ready.is_empty());
    }
}

#[test]
fn nothing_in_the_remote_archive_is_overwritten() {
    let Some(server) = Sshd::start(&[]) else { return };
    fs::create_dir(server.path("drop/done")).expect("a folder");
    let mut drive = Drive::new(&server, |_, _| {});
    for (archived, archive_files) in [("{\"new\":1}", 1), ("{\"old\":1}", 2)] {
        fs::write(server.path("drop/done/a.json"), archived).expect("a file");
        fs::write(server.path("drop/a.json"), "{\"new\":1}").expect("a file");
        let report = drive.settle();
        assert_eq!(drive.finish(&report.ready[0]), None);
        assert!(!server.path("drop/a.json").exists());
        assert_eq!(fs::read_to_string(server.path("drop/done/a.json")).expect("a file"), archived);
        assert_eq!(fs::read_dir(server.path("drop/done")).expect("a folder").count(), archive_files);
    }
}

#[test]
fn a_file_replaced_before_it_is_moved_stays_and_is_taken_anew() {
    let Some(server) = Sshd::start(&[]) else { return };
    for after in [After::Move { to: "done".into() }, After::Delete] {
        fs::write(server.path("drop/a"), "{}").expect("a file");
        let mut drive = Drive::new(&server, |settings, _| settings.after = after);
        let report = drive.settle();
        fs::write(server.path("drop/a"), "{\"second\":1}").expect("a file");
        assert_eq!(drive.finish(&report.ready[0]), None);
        let report = drive.settle();
        assert_eq!(report.ready[0].bytes, b"{\"second\":1}");
        assert_eq!(drive.finish(&report.ready[0]), None);
        assert!(!server.path("drop/a").exists());
    }
}

#[test]
fn keys_agents_and_passphrases_log_in() {
    let Some(server) = Sshd::start(&[]) else { return };
    let locked = |passphrase: Option<&str>| SftpAuth::Key {
        path: server.path("locked"),
        passphrase: passphrase.map(SecretString::from),
    };
    let listed = Drive::new(&server, |_, sftp| sftp.auth = locked(Some("open sesame"))).scan(0);
    assert_eq!(texts(&listed.troubles), Vec::<String>::new());
    for wrong in [Some("wrong"), None] {
        let trouble = first_trouble(&server, |_, sftp| sftp.auth = locked(wrong));
        assert_eq!(trouble.key.kind, TroubleKind::LoginRefused);
        assert!(trouble.text.contains("passphrase"), "{}", trouble.text);
    }
    let agent = Agent::start(&server);
    let socket = Some(server.path("agent"));
    let listed =
        Drive::new(&server, |_, sftp| sftp.auth = SftpAuth::Agent { socket: socket.clone() }).scan(0);
    assert_eq!(texts(&listed.troubles), Vec::<String>::new());
    drop(agent);
    let trouble = first_trouble(&server, |_, sftp| sftp.auth = SftpAuth::Agent { socket });
    assert_eq!(trouble.key.kind, TroubleKind::LoginRefused);
    assert!(trouble.text.contains("no agent answers"), "{}", trouble.text);
    let missing = SftpAuth::Key { path: server.path("nothing"), passphrase: None };
    let trouble = first_trouble(&server, |_, sftp| sftp.auth = missing);
    assert!(trouble.text.contains("nothing` could not be read: No such file"), "{}", trouble.text);
}

/// An ssh-agent that holds the user's key.
struct Agent(Child);

impl Agent {
    fn start(server: &Sshd) -> Self {
        let socket = server.path("agent");
        let child = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
        let agent = Self(child.expect("ssh-agent starts"));
        wait_until("the agent answers", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        let added =
            Command::new("ssh-add").arg("-q").arg(server.path("user")).env("SSH_AUTH_SOCK", &socket).status();
        assert!(added.expect("ssh-add runs").success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_refused_login_is_said_without_the_password() {
    let Some(mut server) = Sshd::start(&["PasswordAuthentication yes"]) else { return };
    let password = || SftpAuth::Password(SecretString::from("swordfish"));
    let trouble = first_trouble(&server, |_, sftp| sftp.auth = password());
    assert_eq!(trouble.key.kind, TroubleKind::LoginRefused);
    assert!(trouble.text.contains("the password was not accepted"), "{}", trouble.text);
    assert!(!trouble.text.contains("swordfish") && !trouble.transient);
    server.stop();
    server.listen(&[]);
    let trouble = first_trouble(&server, |_, sftp| sftp.auth = password());
    assert!(
        trouble.text.contains("the server takes `publickey`, which is not a password"),
        "{}",
        trouble.text
    );
}

#[test]
fn only_the_pinned_host_key_is_accepted() {
    let Some(server) = Sshd::start(&[]) else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let by_file = HostKeyPin::KnownHosts(server.known_hosts(&[kind]));
        let by_print = HostKeyPin::Fingerprint(server.fingerprint(&format!("host_{kind}.pub")));
        for pin in [by_file, by_print] {
            let mut drive = Drive::new(&server, |_, sftp| sftp.host_key = pin.clone());
            assert_eq!(texts(&drive.scan(0).troubles), Vec::<String>::new(), "{pin:?}");
        }
    }
    let log_before = server.log().matches("Accepted").count();
    let wrong_file = server.path("wrong_hosts");
    let key = fs::read_to_string(server.path("user.pub")).expect("a key");
    fs::write(&wrong_file, format!("[127.0.0.1]:{} {key}", server.port)).expect("a file");
    let wrong_print = server.fingerprint("user.pub");
    let offered = server.fingerprint("host_ed25519.pub");
    for pin in [HostKeyPin::KnownHosts(wrong_file), HostKeyPin::Fingerprint(wrong_print.clone())] {
        let trouble = first_trouble(&server, |_, sftp| sftp.host_key = pin);
        assert_eq!(trouble.key.kind, TroubleKind::HostKeyRefused);
        assert!(trouble.text.contains(&offered) && trouble.text.contains(&wrong_print), "{}", trouble.text);
        assert!(!trouble.transient);
    }
    let empty = server.path("empty");
    fs::write(&empty, "").expect("a file");
    let trouble = first_trouble(&server, |_, sftp| sftp.host_key = HostKeyPin::KnownHosts(empty));
    assert!(trouble.text.contains("no usable key for `[127.0.0.1]:"), "{}", trouble.text);
    assert_eq!(server.log().matches("Accepted").count(), log_before, "no login was tried");
}

#[test]
fn without_a_common_algorithm_both_lists_are_named() {
    let Some(server) = Sshd::start(&["KexAlgorithms sntrup761x25519-sha512@openssh.com"]) else { return };
    let trouble = first_trouble(&server, |_, _| {});
    assert!(trouble.text.contains("no common algorithm (key exchange: we offer "), "{}", trouble.text);
    assert!(
        trouble.text.contains("the server offers sntrup761x25519-sha512@openssh.com"),
        "{}",
        trouble.text
    );
    let trouble = first_trouble(&server, |_, sftp| sftp.algorithms.ciphers = Some("rot13".into()));
    assert!(trouble.text.contains("`rot13` holds no cipher algorithm that is supported"), "{}", trouble.text);
}

/// The OpenSSH client, uploading at a few hundred kilobytes a second.
fn slow_put(server: &Sshd, from: &str, to: &str) -> Child {
    let mut client = Command::new("sftp")
        .args([
            "-q",
            "-l",
            "4000",
            "-b",
            "-",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-F",
            "none",
        ])
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", server.known_hosts(&["ed25519"]).display()))
        .args(["-i".as_ref(), server.path("user").as_os_str()])
        .args(["-P", &server.port.to_string(), &format!("{}@127.0.0.1", server.user)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sftp starts");
    let script = format!("put {} {}\n", server.path(from).display(), server.path(to).display());
    client.stdin.take().expect("it is piped").write_all(script.as_bytes()).expect("sftp listens");
    client
}

#[test]
fn a_slow_upload_is_taken_only_when_it_is_whole() {
    let Some(server) = Sshd::start(&[]) else { return };
    let text = transmission(400_000);
    fs::write(server.path("source"), &text).expect("a file");
    let mut client = slow_put(&server, "source", "drop/slow.txt");
    let mut drive = Drive::new(&server, |_, _| {});
    let mut partial = false;
    let mut taken = None;
    // The test's clock runs faster than the upload: every two equal looks settle, and only the trailer can tell.
    wait_until("the upload is taken", || {
        let size = fs::metadata(server.path("drop/slow.txt")).map_or(0, |found| found.len());
        partial |= size > 0 && size < text.len() as u64;
        taken = drive.scan(60).ready.pop();
        taken.is_some()
    });
    assert!(partial, "the upload was seen unfinished");
    assert!(taken.expect("it was taken").bytes == text.as_bytes());
    assert!(client.wait().expect("sftp ends").success());
}

#[test]
fn an_upload_that_broke_off_waits_and_is_marked() {
    let Some(server) = Sshd::start(&[]) else { return };
    fs::write(server.path("source"), transmission(400_000)).expect("a file");
    let mut client = slow_put(&server, "source", "drop/slow.txt");
    let size = || fs::metadata(server.path("drop/slow.txt")).map_or(0, |found| found.len());
    wait_until("the upload has begun", || size() > 0);
    client.kill().expect("it runs");
    client.wait().expect("it ends");
    wait_until("the server has noticed", || server.sessions().is_empty());
    let mut drive = Drive::new(&server, |_, _| {});
    for _ in 0..20 {
        assert!(drive.scan(60).ready.is_empty());
    }
    let report = drive.scan(3600);
    assert!(report.ready[0].incomplete);
    assert_eq!(report.ready[0].size_bytes, size());
}

#[test]
fn a_server_killed_in_the_middle_of_a_download_loses_nothing() {
    let Some(server) = Sshd::start(&[]) else { return };
    let text = transmission(48 << 20);
    fs::write(server.path("drop/large"), &text).expect("a file");
    let mut drive = Drive::new(&server, |_, _| {});
    assert!(drive.scan(0).ready.is_empty());
    let victims = server.sessions();
    let sent = || -> u64 {
        let counts = victims.iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/io")).ok());
        let sent = counts.filter_map(|text| {
            text.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse::<u64>().ok())
        });
        sent.sum()
    };
    let before = sent();
    let mut report = thread::scope(|scope| {
        let scan = scope.spawn(|| drive.scan(10));
        wait_until("some of it was sent", || sent() > before + (4 << 20) || scan.is_finished());
        assert!(!scan.is_finished(), "the file is too small for this machine");
        server.signal("KILL", false);
        scan.join().expect("no panic")
    });
    assert!(server.path("drop/large").exists());
    // It connects anew by itself within the scan, or says so and takes the file later.
    for _ in 0..3 {
        if report.ready.is_empty() {
            drive.secs += 120;
            report = drive.scan_at_next(&report);
        }
    }
    assert!(report.ready[0].bytes == text.as_bytes());
    assert_eq!(drive.finish(&report.ready[0]), None);
}

#[test]
fn a_connection_closed_while_idle_is_no_trouble() {
    let Some(server) = Sshd::start(&[]) else { return };
    let mut drive = Drive::new(&server, |_, _| {});
    drive.scan(0);
    server.signal("KILL", false);
    wait_until("the sessions are gone", || server.sessions().is_empty());
    fs::write(server.path("drop/a"), "{}").expect("a file");
    let report = drive.settle();
    assert_eq!((names(&report), texts(&report.troubles)), (vec!["a"], vec![]));
    // Between fetching and finishing, too.
    server.signal("KILL", false);
    wait_until("the sessions are gone", || server.sessions().is_empty());
    assert_eq!(drive.finish(&report.ready[0]), None);
    assert!(server.path("drop/done/a").exists());
}

#[test]
fn a_server_that_is_down_is_told_once_and_found_again() {
    let Some(mut server) = Sshd::start(&[]) else { return };
    fs::write(server.path("drop/a"), "{}").expect("a file");
    let mut drive = Drive::new(&server, |_, _| {});
    server.stop();
    let mut report = drive.scan(0);
    assert_eq!(report.troubles[0].key.kind, TroubleKind::Unreachable);
    assert!(report.troubles[0].text.contains("Connection refused"), "{}", report.troubles[0].text);
    for _ in 0..5 {
        report = drive.scan_at_next(&report);
        assert!(report.troubles.is_empty());
    }
    server.listen(&[]);
    let report = drive.scan_at_next(&report);
    assert_eq!(report.cleared[0].kind, TroubleKind::Unreachable);
    assert_eq!(names(&drive.scan(10)), ["a"]);
}

#[test]
fn a_hung_server_times_out_and_holds_up_nobody() {
    let Some(hung) = Sshd::start(&[]) else { return };
    let Some(well) = Sshd::start(&[]) else { return };
    fs::write(hung.path("drop/a"), "{}").expect("a file");
    fs::write(well.path("drop/b"), "{}").expect("a file");
    let mut stuck = Drive::new(&hung, |_, sftp| sftp.timeout = Duration::from_millis(700));
    let mut other = Drive::new(&well, |_, _| {});
    assert_eq!(texts(&stuck.scan(0).troubles), Vec::<String>::new());
    hung.signal("STOP", true);
    let report = thread::scope(|scope| {
        let scan = scope.spawn(|| stuck.scan(10));
        assert_eq!(names(&other.settle()), ["b"]);
        scan.join().expect("no panic")
    });
    assert_eq!(report.troubles[0].key.kind, TroubleKind::Unreachable);
    assert!(report.troubles[0].text.contains("no answer within 0.7 s"), "{}", report.troubles[0].text);
    // A new connection hangs in its handshake, and is given up just as well.
    let begun = Instant::now();
    let report = stuck.scan_at_next(&report);
    assert!(report.troubles.is_empty() && begun.elapsed() < Duration::from_secs(10));
    hung.signal("CONT", true);
    let report = stuck.scan_at_next(&report);
    assert_eq!(report.cleared.first().map(|key| key.kind), Some(TroubleKind::Unreachable));
    assert_eq!(names(&stuck.scan(10)), ["a"]);
}

#[test]
fn a_read_only_server_keeps_its_files_and_one_alert_is_raised() {
    let Some(server) = Sshd::start(&["ForceCommand internal-sftp -R"]) else { return };
    fs::write(server.path("drop/a"), "{}").expect("a file");
    let mut drive = Drive::new(&server, |_, _| {});
    let report = drive.settle();
    let trouble = drive.finish(&report.ready[0]).expect("it cannot be moved");
    assert_eq!(trouble.key.kind, TroubleKind::FinishFailed);
    assert!(trouble.text.contains("could not move to `done`: `a`: "), "{}", trouble.text);
    for _ in 0..50 {
        let report = drive.scan(10);
        assert!(report.ready.is_empty() && report.troubles.is_empty());
    }
    assert!(server.path("drop/a").exists());
    let error = open_folder(&settings(&server, |_, _| {})).check().expect_err("it cannot be written");
    assert!(error.report().contains("could not write to the archive folder"), "{}", error.report());
}

#[test]
fn check_logs_in_lists_and_tries_the_archive() {
    let Some(server) = Sshd::start(&[]) else { return };
    fs::write(server.path("drop/a"), "{}").expect("a file");
    assert_eq!(open_folder(&settings(&server, |_, _| {})).check().expect("all is well").files, 1);
    assert_eq!(fs::read_dir(server.path("drop/done")).expect("the archive").count(), 0);
    let nowhere = settings(&server, |_, sftp| sftp.path = "/nonexistent/drop".into());
    let text = open_folder(&nowhere).check().expect_err("no such folder").report();
    assert!(text.contains("could not list `") && text.contains("/nonexistent/drop"), "{text}");
    let itself = settings(&server, |settings, _| settings.after = After::Move { to: ".".into() });
    assert!(open_folder(&itself).check().expect_err("itself").report().contains("drop folder itself"));
}

#[test]
fn a_file_that_is_too_large_is_told_once() {
    let Some(server) = Sshd::start(&[]) else { return };
    fs::write(server.path("drop/a"), transmission(10_000)).expect("a file");
    let mut drive = Drive::new(&server, |settings, _| settings.max_file_bytes = 9_999);
    let report = drive.settle();
    assert_eq!(texts(&report.troubles), ["too-large: `a` is larger than 9999 bytes"]);
    for _ in 0..5 {
        assert!(drive.scan(100).troubles.is_empty());
    }
    fs::remove_file(server.path("drop/a")).expect("removed");
    assert_eq!(drive.scan(10).cleared[0].kind, TroubleKind::TooLarge);
}
