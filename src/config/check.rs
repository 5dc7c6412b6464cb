//! `check`: everything that can be wrong, found before it is live.

use std::path::Path;

use serde::Serialize;

use super::{Config, DropPlace};
use crate::diagnostic::Diagnostic;
use crate::words::count;

/// What was looked at, and whether it is well.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CheckLine {
    /// `configuration`, `rules`, `drop acme-sftp` ...
    pub what: String,
    pub ok: bool,
    /// `42 rules, 96 tests`, or the reason of the failure.
    pub detail: String,
    /// It is no failure, and probably not meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
}

/// The result of a check. Without faults and failed lines the configuration may go live.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckReport {
    /// Faults in files, each with its place.
    pub faults: Vec<Diagnostic>,
    pub lines: Vec<CheckLine>,
    /// For checks that log in somewhere. With faults it holds the parts that are sound, and defaults for the others.
    #[serde(skip)]
    pub config: Option<Config>,
}

impl CheckReport {
    pub fn is_ok(&self) -> bool {
        self.faults.is_empty() && self.lines.iter().all(|line| line.ok)
    }

    /// Adds what another check found: the detail of a success, or the reason of a failure.
    pub fn add(&mut self, what: impl Into<String>, result: Result<String, String>) {
        let (ok, detail) = match result {
            Ok(detail) => (true, detail),
            Err(reason) => (false, reason),
        };
        self.lines.push(CheckLine { what: what.into(), ok, detail, warning: false });
    }

    /// Adds what is no failure and probably not meant.
    pub fn warn(&mut self, what: impl Into<String>, detail: String) {
        self.lines.push(CheckLine { what: what.into(), ok: true, detail, warning: true });
    }
}

/// Checks the configuration at `path` with its rules, rule tests, playbook and grammar, and, unless `offline`, what can
/// be seen from this machine: secrets, keys and local folders. Logging in to servers is left to the caller, who finds
/// the configuration in the report and adds lines to it.
pub fn check(path: &Path, offline: bool) -> CheckReport {
    let mut report = CheckReport::default();
    let (config, faults) = Config::inspect(path);
    let is_sound = faults.is_empty();
    if !is_sound {
        report.add("configuration", Err(count(faults.len(), "fault")));
    }
    report.faults = faults;
    let Some(config) = config else { return report };
    if is_sound {
        add_summary(&config, &mut report);
    }
    if !offline {
        look_around(&config, &mut report);
    }
    report.config = Some(config);
    report
}

fn add_summary(config: &Config, report: &mut CheckReport) {
    let drops = config.drops().count();
    let people = format!(
        "{}, {}, {}",
        count(config.brokers.len(), "broker"),
        count(drops, "drop"),
        count(config.teams.len(), "team")
    );
    report.add("configuration", Ok(format!("{people}, version {}", config.version())));
    report.add("grammar", Ok(format!("version {}", config.grammar.version())));
    let tests = config.rules.run_tests().len();
    report.add(
        "rules",
        Ok(format!("{}, {} passed", count(config.rules.iter().len(), "rule"), count(tests, "test"))),
    );
}

/// Secrets can be read, and the local files and folders are there.
fn look_around(config: &Config, report: &mut CheckReport) {
    for (what, secret) in config.secrets() {
        let read = secret.read().map(|_| format!("read from {}", secret.origin()));
        report.add(format!("secret of {what}"), read.map_err(|error| full_text(&error)));
    }
    for drop in config.drops() {
        let DropPlace::Local { path } = &drop.place else { continue };
        let result = match std::fs::read_dir(path) {
            Ok(_) => Ok(format!("{} can be listed", path.display())),
            Err(error) if drop.create && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(format!("{} will be made", path.display()))
            }
            Err(error) => Err(format!("{} cannot be listed: {error}", path.display())),
        };
        report.add(format!("drop {}", drop.name), result);
    }
    for broker in &config.brokers {
        let Some(acknowledge) = &broker.acknowledge else { continue };
        let folder = acknowledge.folder.display();
        let result = match acknowledge.folder.is_dir() {
            true => Ok(format!("{folder} is there")),
            false => Err(format!("there is no folder {folder}")),
        };
        report.add(format!("receipts to {}", broker.name), result);
    }
    let ca_file = config.mail.smtp.as_ref().and_then(|smtp| smtp.ca_file.as_ref());
    if let Some(path) = ca_file {
        let result = std::fs::File::open(path).map(|_| format!("{} can be read", path.display()));
        let failure = |error| format!("{} cannot be read: {error}", path.display());
        report.add("certificates of the mail server", result.map_err(failure));
    }
}

/// An error and its causes in one line.
fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
