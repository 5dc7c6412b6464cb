//! An installation of its own, driven through the built program: configuration, drop, state, mails as files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use entrywatch::clock::{Clock, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

/// An installation of its own: configuration, drop, state.
pub struct Site {
    pub folder: TempDir,
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Site {
    /// `to` are the recipients of the one team; `more` is put behind the configuration.
    pub fn new(to: &str, more: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let site = Self { folder };
        fs::create_dir(site.path("drop")).expect("a drop");
        site.configure(to, more);
        site
    }

    pub fn configure(&self, to: &str, more: &str) {
        let text = format!(
            "[state]\nfolder = \"state\"\n[daemon]\nlog = \"text\"\n[mail]\nfrom = \"ew@example.com\"\noutbox = \"mails\"\n\
             [[team]]\nname = \"operations\"\nto = [{to}]\n[[broker]]\nname = \"acme\"\n[[broker.drop]]\nname = \"acme\"\n\
             path = \"drop\"\nsettle = \"1s\"\nincomplete_after = \"1h\"\nafter = \"delete\"\n{more}"
        );
        fs::write(self.path("config.toml"), text).expect("a configuration");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .env_remove("ENTRYWATCH_CONFIG")
            .arg("--config")
            .arg(self.path("config.toml"))
            .args(arguments)
            .output()
            .expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ran {
            code: output.status.code().expect("it ends"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run(&[arguments, &["--json"]].concat());
        (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}\n{}", ran.out, ran.err)))
    }

    pub fn drop(&self, name: &str, bytes: &[u8], age: Duration) {
        let path = self.path("drop").join(name);
        fs::write(&path, bytes).expect("a file");
        File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::from(SystemClock.now()) - age))
            .expect("a time");
    }

    /// Subjects of the mails that were written as files, in the order of their names.
    pub fn mails(&self) -> Vec<String> {
        let Ok(listing) = fs::read_dir(self.path("mails")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).expect("a mail")).collect()
    }
}

pub fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo").join(name)).expect("a sample")
}

pub fn subject(mail: &str) -> String {
    let head = mail.split("\r\n\r\n").next().expect("a head");
    let mut lines = head.split("\r\n").skip_while(|line| !line.starts_with("Subject: "));
    let mut subject = lines.next().unwrap_or_default().to_owned();
    for more in lines.take_while(|line| line.starts_with(' ')) {
        subject.push_str(more);
    }
    subject
}
