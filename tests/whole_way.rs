//! The main job with real servers: a broker uploads over SFTP, the daemon takes the file, one mail arrives over SMTP.

#[path = "support/smtp.rs"]
#[expect(dead_code, reason = "the mail tests look closer at the server")]
mod smtp;
#[path = "support/sshd.rs"]
mod sshd;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use smtp::SmtpServer;
use sshd::{Sshd, wait_until};

/// The daemon as an operator runs it: the binary, a configuration file, a signal.
struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .arg("--config")
            .arg(config)
            .arg("run")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let log = Arc::new(Mutex::new(String::new()));
        let pipe = BufReader::new(child.stderr.take().expect("a pipe"));
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                let mut log = kept.lock().expect("the log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let daemon = Self { child, log };
        wait_until("the daemon runs", || daemon.says("entrywatch is running"));
        daemon
    }

    fn says(&self, text: &str) -> bool {
        self.log.lock().expect("the log").contains(text)
    }

    fn count(&self, text: &str) -> usize {
        self.log.lock().expect("the log").matches(text).count()
    }

    /// SIGTERM, and the exit that an orderly stop gives.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        let status = self.child.wait().expect("it ends");
        let log = self.log.lock().expect("the log").clone();
        assert!(status.success(), "{status}\n{log}");
        log
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo").join(name)).expect("a sample")
}

/// A configuration for these servers; `pin` is the line that pins the host key.
fn configure(folder: &Path, ssh: &Sshd, smtp: &SmtpServer, pin: &str) -> PathBuf {
    let config = format!(
        r#"
        [state]
        folder = "state"
        [daemon]
        log = "text"
        [mail]
        from = "entrywatch@example.com"
        [mail.smtp]
        host = "127.0.0.1"
        security = "none"
        port = {smtp}
        [[team]]
        name = "operations"
        to = ["operations@example.com"]
        [[broker]]
        name = "acme"
        [[broker.drop]]
        name = "acme-sftp"
        path = "{drop}"
        poll = "1s"
        settle = "1s"
        incomplete_after = "1h"
        [broker.drop.sftp]
        host = "127.0.0.1"
        port = {port}
        user = "{user}"
        key = "{key}"
        {pin}
        timeout = "5s"
        "#,
        smtp = smtp.port,
        drop = ssh.path("drop").display(),
        port = ssh.port,
        user = ssh.user,
        key = ssh.path("user").display(),
    );
    let path = folder.join("config.toml");
    std::fs::write(&path, config).expect("a configuration");
    path
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    listing
        .flatten()
        .filter(|item| item.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|item| item.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Uploads with the real client. `limit` is in kbit/s.
fn upload(ssh: &Sshd, from: &Path, name: &str, limit: Option<&str>) -> Child {
    let batch = ssh.path("batch");
    std::fs::write(&batch, format!("put {} {}/{name}\n", from.display(), ssh.path("drop").display()))
        .expect("a batch");
    let mut client = Command::new("sftp");
    if let Some(limit) = limit {
        client.args(["-l", limit]);
    }
    client
        .args(["-q", "-b"])
        .arg(&batch)
        .args(["-i", &ssh.path("user").display().to_string()])
        .args([
            "-o",
            &format!("UserKnownHostsFile={}", ssh.known_hosts(&["ed25519", "ecdsa", "rsa"]).display()),
        ])
        .args(["-o", "IdentitiesOnly=yes", "-P", &ssh.port.to_string()])
        .arg(format!("{}@127.0.0.1", ssh.user))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the sftp client runs")
}

#[test]
fn a_slow_upload_leads_to_one_mail_and_the_file_moves_afterwards() {
    let Some(ssh) = Sshd::start(&[]) else { return };
    let Some(mut smtp) = SmtpServer::start(&[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pin = format!("fingerprint = \"{}\"", ssh.fingerprint("host_ed25519"));
    let daemon = Daemon::start(&configure(folder.path(), &ssh, &smtp, &pin));

    // The first half stands there under the final name, as a broken connection leaves it.
    let whole = sample("1-hold.txt");
    let name = "acme-0001.txt";
    std::fs::write(ssh.path("drop").join(name), &whole[..whole.len() / 2]).expect("half a file");
    let looks = |daemon: &Daemon| daemon.count("File received.");
    wait_until("the half has stood still for longer than the settle period", || {
        let half = ssh.path("drop").join(name);
        let age =
            std::fs::metadata(half).and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        age.is_some_and(|age| age.as_secs() >= 4)
    });
    assert_eq!(looks(&daemon), 0, "half a file is not taken");

    let local = folder.path().join("local.txt");
    std::fs::write(&local, &whole).expect("a file");
    let mut client = upload(&ssh, &local, name, Some("8"));
    assert!(client.wait().expect("the client ends").success());

    let mail = smtp.mail();
    assert_eq!(mail.to, ["operations@example.com"]);
    assert!(mail.content.contains("9Z7-1000042-5"), "{}", mail.content);
    wait_until("the file is moved", || files(&ssh.path("drop")).is_empty());
    assert_eq!(files(&ssh.path("drop/done")), [name]);
    let log = daemon.stop();
    assert_eq!(log.matches("Letter accepted.").count(), 1, "exactly one mail\n{log}");
    let received = log.find("File received.").expect("it was received");
    assert!(log.find("Letter accepted.").expect("it was sent") > received);

    // A second daemon finds everything done: no second mail.
    let config = folder.path().join("config.toml");
    let again = Daemon::start(&config);
    let number = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
        .arg("--config")
        .arg(&config)
        .args(["entry", "9Z7-1000042-5", "--json"])
        .output()
        .expect("the command runs while the daemon does");
    let entry: serde_json::Value = serde_json::from_slice(&number.stdout).expect("JSON");
    assert_eq!(entry["status"], "held");
    let log = again.stop();
    assert!(!log.contains("Letter accepted."), "{log}");
}

#[test]
fn a_wrong_host_key_is_refused_and_told_once() {
    let Some(ssh) = Sshd::start(&[]) else { return };
    let Some(mut smtp) = SmtpServer::start(&[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pin = "fingerprint = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"";
    std::fs::write(ssh.path("drop/1-hold.txt"), sample("1-hold.txt")).expect("a file");
    let daemon = Daemon::start(&configure(folder.path(), &ssh, &smtp, pin));
    let mail = smtp.mail();
    assert!(mail.content.contains("host"), "{}", mail.content);
    assert!(files(&ssh.path("drop")).contains(&"1-hold.txt".to_owned()), "nothing was taken");
    let log = daemon.stop();
    assert_eq!(log.matches("Letter accepted.").count(), 1, "told once\n{log}");
    assert!(!log.contains("File received."), "{log}");
}

#[test]
fn a_server_killed_in_the_middle_of_a_download_loses_nothing() {
    let Some(mut ssh) = Sshd::start(&[]) else { return };
    let Some(smtp) = SmtpServer::start(&[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pin = format!("known_hosts = \"{}\"", ssh.known_hosts(&["ed25519", "ecdsa", "rsa"]).display());
    let config = configure(folder.path(), &ssh, &smtp, &pin);
    // Large enough to be on its way for a while: one transaction, repeated.
    let text = String::from_utf8(sample("1-hold.txt")).expect("ASCII");
    let lines: Vec<&str> = text.lines().collect();
    let (head, body, tail) = (&lines[..2], &lines[2..lines.len() - 2], lines[lines.len() - 1]);
    let times = 20_000;
    let mut large = format!("{}\r\n{}\r\n", head[0], head[1]);
    (0..times).for_each(|_| body.iter().for_each(|line| large.extend([*line, "\r\n"])));
    let trailer = lines[lines.len() - 2];
    large.extend([
        &trailer[..12],
        &format!("{:05}", body.len() * times % 100_000),
        &trailer[17..],
        "\r\n",
        tail,
        "\r\n",
    ]);
    std::fs::write(ssh.path("drop/large.txt"), &large).expect("a file");

    let daemon = Daemon::start(&config);
    wait_until("a session is there", || !ssh.sessions().is_empty());
    ssh.stop();
    wait_until("the loss is noticed", || {
        daemon.says("Trouble with a drop.") || daemon.says("File received.")
    });
    ssh.listen(&[]);
    wait_until("the file is taken in the end", || daemon.count("File received.") == 1);
    wait_until("the file is moved", || files(&ssh.path("drop")).is_empty());
    assert_eq!(std::fs::read(ssh.path("drop/done/large.txt")).expect("the file"), large.into_bytes());
    daemon.stop();
}
