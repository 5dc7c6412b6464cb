//! A real OpenSSH server on loopback for one test: its own keys, its own folder, stopped with the test.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const SSHD: &str = "/usr/sbin/sshd";
/// Bounds of waits that end as soon as what they wait for has happened.
const TRIES: u32 = 6000;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

pub struct Sshd {
    pub dir: tempfile::TempDir,
    pub port: u16,
    pub user: String,
    listener: Option<Child>,
}

/// Waits until `is_so`, a bounded while.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..TRIES {
        if is_so() {
            return;
        }
        thread::park_timeout(BETWEEN_TRIES);
    }
    panic!("waited in vain until {what}");
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Keys are made once and kept with the build: RSA keys take a second each.
fn copy_keys(to: &Path) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sshd-keys");
    if !kept.exists() {
        let fresh = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let keys = [("host_ed25519", "ed25519", ""), ("host_ecdsa", "ecdsa", ""), ("host_rsa", "rsa", "")];
        for (name, kind, passphrase) in
            [&keys[..], &[("user", "ed25519", ""), ("locked", "ed25519", "open sesame")]].concat()
        {
            run(
                "ssh-keygen",
                &["-qt", kind, "-N", passphrase, "-f", &fresh.path().join(name).display().to_string()],
            );
        }
        // Another test may have been first.
        fs::rename(fresh.keep(), &kept).ok();
    }
    for entry in fs::read_dir(&kept).expect("a folder") {
        let entry = entry.expect("a key");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

impl Sshd {
    /// Starts a server; `options` are lines of sshd_config that win over the usual ones.
    ///
    /// `None`, said loudly, when this machine has no sshd; where `CI` is set that fails instead.
    pub fn start(options: &[&str]) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            assert!(std::env::var_os("CI").is_none(), "{SSHD} is missing: install openssh-server");
            // Not `eprintln!`, which a test that passes keeps to itself.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: {SSHD} is missing, nothing was tested. Install openssh-server."
            );
            return None;
        }
        // Root's sshd wants this folder; others cannot make it and do not need it.
        fs::create_dir_all("/run/sshd").ok();
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).display().to_string();
        copy_keys(dir.path());
        let keys =
            ["user.pub", "locked.pub"].map(|name| fs::read_to_string(dir.path().join(name)).expect("a key"));
        fs::write(path("authorized"), keys.concat()).expect("a file");
        fs::create_dir(path("drop")).expect("a folder");
        let user = run("id", &["-un"]).trim().to_owned();
        let mut server = Self { dir, port: 0, user, listener: None };
        server.listen(options);
        Some(server)
    }

    /// Starts listening, on the same port as before if there was one.
    pub fn listen(&mut self, options: &[&str]) {
        for _ in 0..5 {
            if self.port == 0 {
                let probe = TcpListener::bind("127.0.0.1:0").expect("a port");
                self.port = probe.local_addr().expect("an address").port();
            }
            fs::write(self.dir.path().join("conf"), self.config(options)).expect("a file");
            let child = Command::new(SSHD)
                .args(["-D", "-f"])
                .arg(self.dir.path().join("conf"))
                .arg("-E")
                .arg(self.dir.path().join("log"))
                .stdin(Stdio::null())
                .spawn()
                .expect("sshd starts");
            self.listener = Some(child);
            if self.is_up() {
                return;
            }
            self.stop();
            self.port = 0;
        }
        panic!("sshd does not start: {}", self.log());
    }

    fn config(&self, options: &[&str]) -> String {
        let dir = self.dir.path().display();
        let mut lines: Vec<String> = options.iter().map(|&line| line.to_owned()).collect();
        lines.push(format!("Port {}\nListenAddress 127.0.0.1\nPidFile {dir}/pid", self.port));
        lines.extend(["ed25519", "ecdsa", "rsa"].map(|kind| format!("HostKey {dir}/host_{kind}")));
        lines.push(format!("AuthorizedKeysFile {dir}/authorized"));
        lines.push(
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no".into(),
        );
        lines.push(
            "Subsystem sftp internal-sftp\nMaxStartups 100\nLogLevel VERBOSE\nPermitRootLogin yes\n".into(),
        );
        lines.join("\n")
    }

    /// Waits for the banner; false when sshd has ended instead.
    fn is_up(&mut self) -> bool {
        for _ in 0..TRIES {
            let mut banner = [0; 4];
            let answer = TcpStream::connect(("127.0.0.1", self.port));
            if answer.is_ok_and(|mut stream| stream.read_exact(&mut banner).is_ok()) && &banner == b"SSH-" {
                return true;
            }
            let listener = self.listener.as_mut().expect("it was started");
            if listener.try_wait().expect("a state").is_some() {
                return false;
            }
            thread::park_timeout(BETWEEN_TRIES);
        }
        false
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A known_hosts file with the server's keys of these types.
    pub fn known_hosts(&self, kinds: &[&str]) -> PathBuf {
        let lines = kinds.iter().map(|kind| {
            let key = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).expect("a key");
            format!("[127.0.0.1]:{} {key}", self.port)
        });
        let path = self.path(&format!("known_hosts_{}", kinds.join("_")));
        fs::write(&path, lines.collect::<String>()).expect("a file");
        path
    }

    /// What `ssh-keygen -lf` prints for a key file.
    pub fn fingerprint(&self, key: &str) -> String {
        let line = run("ssh-keygen", &["-lf", &self.path(key).display().to_string()]);
        line.split(' ').nth(1).expect("a fingerprint").to_owned()
    }

    /// The processes of all sessions, but not the listener.
    pub fn sessions(&self) -> Vec<u32> {
        self.listener.as_ref().map(|listener| descendants(listener.id())).unwrap_or_default()
    }

    /// Sends a signal to every session, and to the listener as well if asked.
    pub fn signal(&self, signal: &str, with_listener: bool) {
        let mut targets = self.sessions();
        targets.extend(self.listener.as_ref().filter(|_| with_listener).map(Child::id));
        for target in targets {
            // It may have ended by itself.
            let mut kill = Command::new("kill");
            kill.args([&format!("-{signal}"), &target.to_string()]).stderr(Stdio::null());
            kill.status().expect("kill runs");
        }
    }

    /// Ends the listener and all sessions.
    pub fn stop(&mut self) {
        self.signal("KILL", false);
        if let Some(mut listener) = self.listener.take() {
            listener.kill().ok();
            listener.wait().ok();
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn descendants(of: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    children.flat_map(|pid| [vec![pid], descendants(pid)].concat()).collect()
}
