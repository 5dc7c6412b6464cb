//! The configuration from the outside: the example works untouched, and every wrong file says what is wrong, and where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use entrywatch::config::raw::{REFUSED, TABLES};
use entrywatch::config::{self, After, Config, Diagnostic, DropPlace, SftpAuth, SmtpSecurity};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shown(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn parse(text: &str) -> Config {
    Config::parse("test.toml", text, Path::new("/srv/entrywatch"))
        .unwrap_or_else(|faults| panic!("{}", shown(&faults)))
}

#[test]
fn every_wrong_configuration_says_what_is_wrong_and_where() {
    let folder = root().join("tests/config_wrong");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the folder").map(|item| item.expect("an item").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    assert!(files.len() >= 35, "only {} wrong configurations", files.len());
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        let faults = match Config::parse(&name, &text, &folder) {
            Ok(_) => panic!("{name} is taken as a good configuration"),
            Err(faults) => faults,
        };
        let got = shown(&faults).replace(&folder.display().to_string(), "<here>");
        assert!(!got.contains("hunter2"), "{name} prints a secret:\n{got}");
        if !text.starts_with("# Two lines") {
            assert_eq!(faults.len(), 1, "{name} has one mistake, and one fault should say so:\n{got}");
        }
        expect_test::expect_file![path.with_extension("expect")].assert_eq(&got);
    }
}

/// A file of the other kind is told apart by its tables, so both lists must be whole.
#[test]
fn rule_files_and_the_configuration_know_each_others_tables() {
    use entrywatch::diagnostic::WrittenTable;
    assert_eq!(entrywatch::rules::CONFIGURATION_KEYS, *config::raw::RawConfig::KEYS);
    let shared = entrywatch::rules::FILE_KEYS.iter().filter(|key| config::raw::RawConfig::KEYS.contains(key));
    assert_eq!(shared.count(), 0);
}

#[test]
fn the_example_works_untouched() {
    let config =
        Config::load(&root().join("config.toml")).unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    assert_eq!(config.state.folder, root().join("state"));
    assert_eq!(config.mail.smtp, None);
    let drops: Vec<&str> = config.drops().map(|drop| drop.name.as_str()).collect();
    assert_eq!(drops, ["acme-local"]);
    assert!(config.rules.run_tests().iter().all(|test| test.fault.is_none()));
    let report = config::check(&root().join("config.toml"), false);
    assert!(report.is_ok(), "{:?}", report.lines);
    let here = Path::new("/nowhere");
    let embedded = Config::embedded_defaults(here).unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    assert_eq!(embedded.version(), config.version(), "the version does not depend on the folder");
}

/// The lines of the example, with those that are commented out as keys.
fn example_lines() -> Vec<String> {
    let lines = config::EXAMPLE.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn the_example_shows_every_key() {
    let mut table = String::new();
    let mut shown: BTreeSet<(String, String)> = BTreeSet::new();
    for line in example_lines() {
        if line.starts_with('[') && line.ends_with(']') {
            table = line;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            shown.insert((table.clone(), key.to_owned()));
        }
    }
    for (table, keys) in TABLES {
        for key in keys.iter().filter(|key| !REFUSED.contains(key)) {
            // Sub-tables are shown as tables.
            if TABLES.iter().any(|(name, _)| name.trim_matches(['[', ']']).ends_with(&format!(".{key}"))) {
                continue;
            }
            assert!(
                shown.contains(&((*table).to_owned(), (*key).to_owned())),
                "config.toml does not show `{key}` of {table}"
            );
        }
    }
    let known: BTreeSet<(&str, &str)> =
        TABLES.iter().flat_map(|(table, keys)| keys.iter().map(|key| (*table, *key))).collect();
    for (table, key) in &shown {
        assert!(
            known.contains(&(table.as_str(), key.as_str())),
            "config.toml shows `{key}` of {table}, which is no key"
        );
    }
}

#[test]
fn the_reference_explains_every_key() {
    let text = std::fs::read_to_string(root().join("docs/configuration.md")).expect("docs/configuration.md");
    for (table, keys) in TABLES {
        assert!(text.contains(&format!("`{table}`")), "docs/configuration.md does not explain {table}");
        for key in keys.iter().filter(|key| !REFUSED.contains(key)) {
            assert!(
                text.contains(&format!("`{key}`")),
                "docs/configuration.md does not explain `{key}` of {table}"
            );
        }
    }
}

/// Everything that the example shows, switched on; alternatives are left out.
#[test]
fn the_example_works_with_everything_switched_on() {
    let alternatives = [
        "password_env",
        "password_credential",
        "link_key_env",
        "link_key_credential",
        "passphrase_env",
        "passphrase_credential",
        "secret_env",
        "secret_credential",
        "agent",
        "known_hosts",
        "playbook",
        "scenarios",
        "folder = \"grammars\"",
        "extend_working_days",
        "extend_days",
    ];
    let text: String = example_lines()
        .into_iter()
        .filter(|line| {
            line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
        })
        .filter(|line| !alternatives.iter().any(|start| line.starts_with(start)))
        .fold(String::new(), |text, line| text + &line + "\n");
    let globex = text.rfind("password_file").expect("the server's password");
    let text = format!("{}#{}", &text[..globex], &text[globex..]);
    let config = parse(&text);
    let smtp = config.mail.smtp.as_ref().expect("a mail server");
    assert_eq!((smtp.security, smtp.port), (SmtpSecurity::Starttls, 587));
    let sftp = config.drops().find_map(|drop| match &drop.place {
        DropPlace::Sftp(sftp) => Some(sftp),
        DropPlace::Local { .. } => None,
    });
    let sftp = sftp.expect("a server");
    assert!(matches!(&sftp.auth, SftpAuth::Key { passphrase: Some(_), .. }));
    assert_eq!(sftp.algorithms.kex, ["curve25519-sha256"]);
    assert!(!format!("{config:?}").contains("globex-password"));
}

#[test]
fn defaults_are_those_that_the_example_names() {
    let config = parse(
        "[[team]]\nname = \"ops\"\nto = [\"ops@example.com\"]\n[[broker]]\nname = \"a\"\n[[broker.drop]]\nname = \"a\"\npath = \"in\"\n",
    );
    let drop = config.drops().next().expect("a drop");
    assert_eq!(drop.poll.as_secs(), 30);
    assert_eq!(drop.settle.as_secs(), 10);
    assert_eq!(drop.incomplete_after.as_secs(), 900);
    assert_eq!(drop.max_file_bytes, 100_000_000);
    assert_eq!(drop.after, After::Move { to: "done".to_owned() });
    assert_eq!(drop.ignore, config::IGNORE_DEFAULT);
    assert_eq!(drop.place, DropPlace::Local { path: "/srv/entrywatch/in".into() });
    let team = config.team("ops").expect("the team");
    assert_eq!((team.zone.name(), team.digest_at.to_string().as_str()), ("America/New_York", "08:00:00"));
    assert_eq!(config.mail.outbox, Path::new("/srv/entrywatch/mail"));
    assert_eq!(config.daemon.socket, Path::new("/srv/entrywatch/state/entrywatch.sock"));
    assert_eq!(&*config.mail.domain, "localhost");
}

#[test]
fn own_rules_stand_before_the_embedded_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "[[rule]]\nname = \"quiet\"\ntitle = \"Quiet\"\non = \"notice\"\nwhen = { effect = \"exam\" }\ndelivery = \"none\"\n\
        test = [{ notice = { kind = \"bill_status\", effect = \"exam\" }, expect = \"silence\" }]\n";
    std::fs::write(folder.path().join("own.toml"), rule).expect("a file");
    let config = |rules: &str| {
        let text =
            format!("[rules]\nfiles = [{rules}]\n[[team]]\nname = \"ops\"\nto = [\"ops@example.com\"]\n");
        Config::parse("c.toml", &text, folder.path())
    };
    for rules in ["\"own.toml\", \"default\"", "\"own.toml\""] {
        let faults = config(rules).err().unwrap_or_default();
        assert_eq!(faults.len(), 0, "{}", shown(&faults));
    }
}

#[test]
fn faults_of_all_files_come_together() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("own.toml"), "[[rule]]\nname = \"r\"\n").expect("a file");
    let text = "[rules]\nfiles = [\"own.toml\"]\nplaybook = \"missing.toml\"\n[daemon]\nlog = \"loud\"\n";
    let faults = Config::parse("c.toml", text, folder.path()).err().unwrap_or_default();
    let places: Vec<String> = faults.iter().map(|fault| format!("{}:{}", fault.file, fault.line)).collect();
    assert_eq!(
        places,
        ["c.toml:1", "c.toml:3", "c.toml:5", "own.toml:1", "own.toml:1"],
        "{}",
        shown(&faults)
    );
}

#[test]
fn any_bytes_give_a_config_or_faults() {
    let mut text = config::EXAMPLE.to_owned();
    let here = Path::new("/srv/entrywatch");
    // No cut of the example may do anything but parse or fail with a place.
    let mut at = text.len();
    while at > 0 {
        at = at.saturating_sub(131);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.truncate(at);
        if let Err(faults) = Config::parse("c.toml", &text, here) {
            assert!(!faults.is_empty());
            faults.iter().for_each(|fault| assert!(!fault.to_string().is_empty()));
        }
    }
    for text in [
        "\u{0}",
        "\u{feff}",
        "a = [[[[[[",
        "\"\"\"",
        "[a]\n[a]\n",
        &"[".repeat(100_000),
        &"a.".repeat(50_000),
    ] {
        assert!(Config::parse("c.toml", text, here).is_err());
    }
}

/// `Ops@Example.com` and `ops@example.com` are one mailbox: it is told once, as it was written first.
#[test]
fn a_mailbox_in_two_spellings_is_one() {
    let config = parse(
        r#"
[mail]
[[team]]
name = "managers"
to = ["X@Example.com", "webhook:Hook"]
[[team]]
name = "operations"
to = ["x@example.com", "other@example.com", "X@EXAMPLE.COM", "webhook:hook"]
[[webhook]]
name = "Hook"
url = "http://127.0.0.1:1/"
secret_env = "HOOK"
[[webhook]]
name = "hook"
url = "http://127.0.0.1:2/"
secret_env = "HOOK"
"#,
    );
    let to: Vec<Vec<&str>> =
        config.teams.iter().map(|team| team.to.iter().map(|address| &**address).collect()).collect();
    assert_eq!(to[0], ["X@Example.com", "webhook:Hook"]);
    assert_eq!(to[1], ["X@Example.com", "other@example.com", "webhook:hook"]);
}
