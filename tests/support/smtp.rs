//! A real mail server: aiosmtpd in a Python environment that is made once and kept under `target`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};

use base64::Engine;

/// A running server. It ends when this is dropped, or when the test's process ends in whatever way.
pub struct SmtpServer {
    process: Child,
    /// Lines of its output, read as they come: a server whose pipe is full would hang in the middle of a mail.
    events: Receiver<String>,
    pub port: u16,
}

/// A mail as the server stored it.
pub struct Stored {
    /// Counts the connections that greeted, from 1.
    pub connection: u64,
    pub to: Vec<String>,
    pub was_encrypted: bool,
    pub was_signed_in: bool,
    pub content: String,
}

impl SmtpServer {
    /// Starts a server, or answers `None` when the machine has no Python or cannot get aiosmtpd. With
    /// `ENTRYWATCH_REQUIRE_SERVERS` set that is a failure, so that a build server cannot skip in silence.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let folder = environment()?;
        let mut process = Command::new(folder.join("bin/python"))
            .arg(support("smtp_server.py"))
            .arg("--certs")
            .arg(certs().unwrap_or_default())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the environment has a Python");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (told, events) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
        let mut server = Self { process, events, port: 0 };
        let port = server.event()["port"].as_u64().expect("the first event is the port");
        server.port = u16::try_from(port).expect("a port");
        Some(server)
    }

    fn event(&mut self) -> serde_json::Value {
        let line = self.events.recv().expect("the server is there");
        serde_json::from_str(&line).expect("an event is JSON")
    }

    /// Waits until the server has stored a mail.
    pub fn mail(&mut self) -> Stored {
        loop {
            let event = self.event();
            if event.get("mail").is_none() {
                continue;
            }
            let content = event["content"].as_str().expect("a text");
            let content = base64::prelude::BASE64_STANDARD.decode(content).expect("base64");
            return Stored {
                connection: event["connection"].as_u64().expect("a number"),
                to: serde_json::from_value(event["to"].clone()).expect("a list"),
                was_encrypted: event["tls"] == true,
                was_signed_in: event["login"] == true,
                content: String::from_utf8(content).expect("mails are ASCII"),
            };
        }
    }

    /// Waits until a connection has ended.
    pub fn closed(&mut self) {
        while self.event().get("closed").is_none() {}
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        // This child and no other; it may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder with `ca.pem` (signed the server's certificate) and `other-ca.pem` (did not).
pub fn certs() -> Option<PathBuf> {
    environment().map(|folder| folder.join("certs"))
}

fn environment() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = std::env::var_os("ENTRYWATCH_TEST_VENV")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../test-venv"), PathBuf::from);
        let ready =
            Command::new("sh").arg(support("setup_venv.sh")).arg(&folder).stdin(Stdio::null()).status();
        let is_ready = ready.is_ok_and(|status| status.success());
        assert!(
            is_ready || std::env::var_os("ENTRYWATCH_REQUIRE_SERVERS").is_none(),
            "the mail server of the tests cannot be had (see tests/support/setup_venv.sh)"
        );
        is_ready.then_some(folder)
    });
    if made.is_none() {
        // Not `eprintln!`, which a test that passes keeps to itself.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no mail server to test with (see tests/support/setup_venv.sh)"
        );
    }
    made.as_deref()
}

fn support(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name)
}
