//! A receiver of webhooks that was not written with our code: `hook_server.py`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

/// What the receiver signs with.
pub const SECRET: &str = "a very secret word";

/// A running receiver. It ends when this is dropped, or when the test's process ends in whatever way.
pub struct HookServer {
    process: Child,
    events: Receiver<String>,
    pub port: u16,
}

impl HookServer {
    /// Answers `None` when the machine has no Python.
    pub fn start(certs: Option<&PathBuf>, answers: &[u16]) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hook_server.py");
        let mut command = Command::new("python3");
        command.arg(script).args(["--secret", SECRET]);
        if let Some(certs) = certs {
            command.arg("--certs").arg(certs);
        }
        command.args(answers.iter().map(u16::to_string)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().ok()?;
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (told, events) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
        let mut server = Self { process, events, port: 0 };
        let port = server.request()["port"].as_u64().expect("the first event is the port");
        server.port = u16::try_from(port).expect("a port");
        Some(server)
    }

    /// What it says about the next request.
    pub fn request(&mut self) -> Value {
        let line = self.events.recv().expect("the receiver is there");
        serde_json::from_str(&line).expect("an event is JSON")
    }
}

impl Drop for HookServer {
    fn drop(&mut self) {
        // This child and no other; it may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
