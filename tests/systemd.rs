//! The unit files held against systemd itself: they parse without a word, and the sandbox stays tight.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// In tenths, as `systemd-analyze security` counts: 20 means an exposure of 2.0.
const EXPOSURE_MAX: &str = "--threshold=20";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a tool of systemd, or says loudly that it is not there.
fn run(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(tool).args(arguments).env("SYSTEMD_COLORS", "0").env("SYSTEMD_EMOJI", "0").output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!(
                "SKIPPED: {tool} cannot be run here ({error}); the unit files were not checked by systemd."
            );
            None
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The unit with its examples switched on, pointing to a program that is there.
fn installed() -> (tempfile::TempDir, String) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let unit = place.path().join("entrywatch.service");
    let here = env!("CARGO_BIN_EXE_entrywatch");
    fs::write(&unit, read("entrywatch.service").replace("/usr/bin/entrywatch", here)).expect("a unit");
    let drop_ins = place.path().join("entrywatch.service.d");
    fs::create_dir(&drop_ins).expect("a folder for drop-ins");
    for example in fs::read_dir(folder().join("entrywatch.service.d")).expect("examples").flatten() {
        let name = example.file_name().to_string_lossy().replace(".example", "");
        fs::copy(example.path(), drop_ins.join(name)).expect("a drop-in");
    }
    let unit = unit.to_string_lossy().into_owned();
    (place, unit)
}

#[test]
fn systemd_reads_the_unit_without_a_word() {
    let (_place, unit) = installed();
    let Some(output) = run("systemd-analyze", &["verify", "--man=no", &unit]) else { return };
    // The exit code says nothing about values that systemd ignores; what it prints does. Units of this machine may be
    // complained about as well, and are not ours.
    let said = text(&output);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("entrywatch")).collect();
    assert!(ours.is_empty(), "{}", ours.join("\n"));
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_sandbox_stays_tight() {
    let (_place, unit) = installed();
    let arguments = ["security", "--offline=true", "--no-pager", EXPOSURE_MAX, &unit];
    let Some(output) = run("systemd-analyze", &arguments) else { return };
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn the_account_is_made() {
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(root.path().join("etc")).expect("an etc");
    let root = format!("--root={}", root.path().display());
    let file = folder().join("entrywatch.sysusers").display().to_string();
    let Some(output) = run("systemd-sysusers", &["--dry-run", &root, &file]) else { return };
    let said = text(&output);
    assert!(output.status.success() && said.contains("Creating user 'entrywatch'"), "{said}");
}

#[test]
fn a_bad_configuration_stops_start_and_reload() {
    let unit = read("entrywatch.service");
    let lines = |key: &str| -> Vec<&str> { unit.lines().filter_map(|line| line.strip_prefix(key)).collect() };
    let check = "/usr/bin/entrywatch --config /etc/entrywatch/config.toml check --offline";
    assert_eq!(lines("ExecStartPre="), [check]);
    assert_eq!(lines("ExecReload="), [check, "/bin/kill -HUP $MAINPID"]);
    // Debian 12 has systemd 252, which ignores `notify-reload`.
    assert_eq!(lines("Type="), ["notify"]);
    assert_eq!(lines("WatchdogSec=").len(), 1);
}

#[test]
fn the_tables_for_accounts_and_folders_have_their_columns() {
    for (name, kinds, columns) in
        [("entrywatch.sysusers", "ugmr", 4..=6), ("entrywatch.tmpfiles", "d", 5..=7)]
    {
        for line in read(name).lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            // A quoted name holds blanks.
            let outside: String = line.split('"').step_by(2).collect::<Vec<_>>().join("quoted");
            let words: Vec<&str> = outside.split_whitespace().collect();
            assert!(columns.contains(&words.len()), "{name}: {line}");
            assert!(words[0].len() == 1 && kinds.contains(words[0]), "{name}: {line}");
        }
    }
}
