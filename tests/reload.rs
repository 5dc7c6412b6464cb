//! A configuration that changes while files come in: taken over by a signal and by itself, refused when it is wrong, and no
//! message is lost or judged twice.

#[path = "support/site.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod site;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use site::{Site, sample, subject};

/// The daemon of a site.
struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    fn start(site: &Site) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .arg("--config")
            .arg(site.path("config.toml"))
            .arg("run")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (pipe, kept) = (BufReader::new(child.stderr.take().expect("a pipe")), log.clone());
        std::thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                kept.lock().expect("the log").push_str(&(line + "\n"));
            }
        });
        let daemon = Self { child, log };
        daemon.wait("it runs", || daemon.count("entrywatch is running") == 1);
        daemon
    }

    fn count(&self, text: &str) -> usize {
        self.log.lock().expect("the log").matches(text).count()
    }

    fn wait(&self, what: &str, mut done: impl FnMut() -> bool) {
        for _ in 0..1_200 {
            if done() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        panic!("{what}: {}", self.log.lock().expect("the log"));
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill runs").success());
    }

    fn stop(mut self) {
        self.signal("-TERM");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rule(severity: &str) -> String {
    format!(
        "[[rule]]\nname = \"mine\"\ntitle = \"Mine {severity}\"\non = \"notice\"\nwhen = {{ effect = \"seizure\" }}\nseverity = \"{severity}\"\n"
    )
}

#[test]
fn files_that_come_while_the_rules_change_are_judged_once() {
    const FILES: usize = 60;
    let site = Site::new("\"ops@example.com\"", "[rules]\nfiles = [\"mine.toml\", \"default\"]\n");
    fs::write(site.path("mine.toml"), rule("warning")).expect("a rule");
    let daemon = Daemon::start(&site);
    let hold = String::from_utf8(sample("1-hold.txt")).expect("text");
    for number in 0..FILES {
        // Another entry each; a check digit that does not fit is only remarked.
        let text = hold.replace("10000425", &format!("{:08}", 20_000_000 + number * 10));
        let name = site.path("drop").join(format!(".{number}.part"));
        fs::write(&name, text).expect("a file");
        fs::rename(&name, site.path("drop").join(format!("{number:03}.txt"))).expect("renamed");
        if number % 10 == 5 {
            let severity = if number % 20 == 5 { "critical" } else { "warning" };
            fs::write(site.path("mine.toml"), rule(severity)).expect("a rule");
            daemon.signal("-HUP");
        }
    }
    daemon.wait("all files were taken", || daemon.count("File received.") >= FILES);
    daemon.wait("the last of six reloads", || daemon.count("The new configuration is in force.") >= 1);
    daemon.stop();
    // Most of them wait for their window to close; a round closes it.
    assert_eq!(site.run(&["run", "--once"]).code, 0);
    let list = |arguments: &[&str]| -> Vec<Value> {
        let out = site.run(&[arguments, &["--limit", "1000", "--json"]].concat()).out;
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let holds = list(&["alerts", "list", "--rule", "cbp-hold"]);
    let entries: BTreeSet<&str> = holds.iter().filter_map(|alert| alert["entry"].as_str()).collect();
    assert_eq!((holds.len(), entries.len()), (FILES, FILES), "one alert an entry");
    let told: u64 =
        list(&["alerts", "list", "--letters"]).iter().filter_map(|letter| letter["alerts"].as_u64()).sum();
    assert_eq!(told, list(&["alerts", "list"]).len() as u64, "each was told once");
    assert_eq!(site.json(&["status"]).1["counts"]["inputs"], FILES);
    assert_eq!(site.run(&["replay", "--verify"]).code, 0);
}

#[test]
fn a_change_is_taken_over_by_itself_and_a_wrong_one_is_refused_and_told() {
    let site = Site::new("\"ops@example.com\"", "[rules]\nfiles = [\"mine.toml\", \"default\"]\n");
    fs::write(site.path("mine.toml"), rule("warning")).expect("a rule");
    let daemon = Daemon::start(&site);
    let version = || site.json(&["status"]).1["config"].as_str().expect("a version").to_owned();
    let since = || site.json(&["status"]).1["config_since"].as_str().expect("a moment").to_owned();
    let refused = || -> Vec<String> {
        let troubles = site.json(&["status"]).1["troubles"].as_array().expect("a list").clone();
        let refused = troubles.iter().filter(|trouble| trouble["code"] == "reload-refused");
        refused.map(|trouble| trouble["message"].as_str().expect("a text").to_owned()).collect()
    };
    let first = version();
    let begun = since();
    assert!(daemon.count(&format!("config=\"{first}\"")) == 1, "the log names it");
    // Nobody signals.
    fs::write(site.path("mine.toml"), rule("critical")).expect("a rule");
    daemon.wait("it is taken over", || daemon.count("The new configuration is in force.") == 1);
    let second = version();
    assert_ne!(first, second);
    let changed = since();
    assert!(begun < changed, "in force since {begun}, then since {changed}");
    assert!(refused().is_empty());
    // Its own test fails: it is tested before it is put into force.
    let failing = rule("critical")
        + "test = [{ notice = { kind = \"bill_status\", code = \"1T\", effect = \"seizure\" }, expect = \"nothing\" }]\n";
    fs::write(site.path("mine.toml"), failing).expect("a rule");
    daemon.wait("it is refused", || daemon.count("The new configuration is refused") == 1);
    assert_eq!(
        daemon.count(&format!("config=\"{second}\"")),
        2,
        "the refusal names the one that stays in force"
    );
    daemon.wait("status shows it", || refused().iter().any(|message| message.contains("mine.toml:")));
    // A signal reads the same wrong file: refused once more, and still one trouble.
    daemon.signal("-HUP");
    daemon.wait("it is refused by a signal", || daemon.count("The new configuration is refused") == 2);
    assert_eq!((version(), since(), refused().len()), (second.clone(), changed.clone(), 1));
    // What is on disk is no rule file at all: the daemon goes on, and commands still reach it.
    fs::write(site.path("mine.toml"), "[[rule]]\nname = \"mine\"\n").expect("no rule");
    daemon.wait("it is refused by itself", || daemon.count("The new configuration is refused") == 3);
    assert_eq!((version(), since(), refused().len()), (second.clone(), changed.clone(), 1));
    // Status has what is wrong with it now.
    daemon.wait("status shows the last", || refused().iter().all(|message| message.contains("has no `")));
    let shown = site.run(&["status"]).out;
    assert!(shown.contains(&format!("config       {second}, in force since 2")), "{shown}");
    assert!(shown.contains("new configuration: refused, the old one stays in force: "), "{shown}");
    daemon.wait("it is told", || {
        site.mails()
            .iter()
            .any(|mail| subject(mail).contains("new configuration: refused, the old one stays in force: "))
    });
    fs::write(site.path("mine.toml"), rule("warning")).expect("a rule");
    daemon.wait("it is taken over again", || daemon.count("The new configuration is in force.") == 2);
    assert_eq!((version(), refused().len()), (first, 0));
    assert!(since() > changed);
    // A signal without a change changes nothing.
    let now = since();
    daemon.signal("-HUP");
    daemon.wait("it is read", || daemon.count("The new configuration is in force.") == 3);
    assert_eq!(since(), now);
    daemon.wait("its end is told", || {
        site.mails().iter().any(|mail| subject(mail).contains("new configuration: it is over"))
    });
    daemon.stop();
}

/// A pipe that nobody writes to, in the place of a rule file: reading it takes for ever.
#[test]
fn a_stop_does_not_wait_for_a_reload() {
    let site = Site::new("\"ops@example.com\"", "[rules]\nfiles = [\"mine.toml\", \"default\"]\n");
    fs::write(site.path("mine.toml"), rule("warning")).expect("a rule");
    let daemon = Daemon::start(&site);
    fs::remove_file(site.path("mine.toml")).expect("removed");
    assert!(Command::new("mkfifo").arg(site.path("mine.toml")).status().expect("mkfifo runs").success());
    daemon.signal("-HUP");
    daemon.wait("it reads the configuration", || daemon.count("The configuration is read again") >= 1);
    daemon.stop();
    fs::remove_file(site.path("mine.toml")).expect("removed");
    fs::write(site.path("mine.toml"), rule("critical")).expect("a rule");
    Daemon::start(&site).stop();
    assert_eq!(site.run(&["replay", "--verify"]).code, 0);
}
