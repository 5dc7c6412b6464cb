//! `run --once` and the commands around it, as an operator meets them: what is left is said, what lasts is told once.

#[path = "support/site.rs"]
mod site;
#[path = "support/smtp.rs"]
#[expect(dead_code, reason = "the mail tests look closer at the server")]
mod smtp;

use std::fs;
use std::time::Duration;

use serde_json::Value;
use site::{Site, sample, subject};
use smtp::SmtpServer;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_round_names_what_it_leaves_and_takes_what_lay_long_enough() {
    let site = Site::new("\"ops@example.com\"", "");
    let whole = sample("1-hold.txt");
    let cut = &whole[..whole.len() * 2 / 3];
    site.drop("cut.txt", cut, 5 * SECOND);
    let ran = site.run(&["run", "--once"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("left in drop acme: cut.txt: its trailer is missing; it waits for the rest until "),
        "{}",
        ran.out
    );
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!(code, 1);
    assert_eq!(round["waiting"][0]["waits_for"], "trailer");
    assert_eq!((round["files"].as_u64(), round["troubles"].as_u64()), (Some(0), Some(0)));

    // Untouched for longer than incomplete_after, by its own time: every round is a process of its own.
    site.drop("cut.txt", cut, 3_601 * SECOND);
    let (_, round) = site.json(&["run", "--once"]);
    assert_eq!((round["files"].as_u64(), round["waiting"].as_array().map(Vec::len)), (Some(1), Some(0)));

    // Nothing is left: that is fine.
    let ran = site.run(&["run", "--once"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "0 files received, 0 letters sent, 0 troubles\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_lasting_trouble_is_told_once_and_its_end_once() {
    let site = Site::new("\"ops@example.com\"", "");
    fs::remove_dir(site.path("drop")).expect("no drop");
    for _ in 0..3 {
        let (code, round) = site.json(&["run", "--once"]);
        assert_eq!((code, round["troubles"].as_u64()), (1, Some(1)));
    }
    let mails = site.mails();
    assert_eq!(mails.len(), 1, "told once");
    assert!(subject(&mails[0]).contains("drop acme: "), "{}", subject(&mails[0]));
    assert!(subject(&mails[0]).contains("(acme)"), "it names the broker: {}", subject(&mails[0]));
    let (_, status) = site.json(&["status"]);
    assert_eq!(status["troubles"][0]["code"], "list-failed");

    fs::create_dir(site.path("drop")).expect("a drop");
    for _ in 0..2 {
        assert_eq!(site.run(&["run", "--once"]).code, 0);
    }
    let mails = site.mails();
    assert_eq!(mails.len(), 2, "and its end once");
    assert!(mails.iter().any(|mail| subject(mail).contains("[INFO] drop acme: it is over.")));
    assert_eq!(site.json(&["status"]).1["troubles"].as_array().map(Vec::len), Some(0));

    // It may come again.
    fs::remove_dir(site.path("drop")).expect("no drop");
    site.run(&["run", "--once"]);
    assert_eq!(site.mails().len(), 3);
    // A drop that is not configured any more is no trouble.
    let config = fs::read_to_string(site.path("config.toml")).expect("it is there");
    fs::create_dir(site.path("drop")).expect("a drop");
    fs::write(site.path("config.toml"), config.replace("name = \"acme\"\npath", "name = \"acme-2\"\npath"))
        .expect("written");
    site.run(&["run", "--once"]);
    assert_eq!(site.mails().len(), 4);
    assert_eq!(site.json(&["status"]).1["troubles"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_mailbox_that_refuses_is_told_to_the_others() {
    let Some(mut server) = SmtpServer::start(&["--fault", "550-recipient"]) else { return };
    let smtp = format!("[mail.smtp]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\nport = {}\n", server.port);
    let site = Site::new("\"nobody@example.com\", \"ops@example.com\"", &smtp);
    site.drop("hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    let ran = site.run(&["run", "--once"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("1 letter refused for good"), "{}", ran.out);
    assert!(ran.err.contains("recipient=\"ops@example.com\" entry=\"9Z7-1000042-5\""), "{}", ran.err);
    let (hold, told) = (server.mail(), server.mail());
    assert_eq!((hold.to, told.to), (vec!["ops@example.com".to_owned()], vec!["ops@example.com".to_owned()]));
    assert!(subject(&told.content).contains("mail to nobody@example.com"), "{}", subject(&told.content));

    let (_, letters) = {
        let ran = site.run(&["alerts", "list", "--letters", "--state", "given-up", "--json"]);
        (ran.code, serde_json::from_str::<Value>(&ran.out).expect("one letter"))
    };
    let key = letters["key"].as_str().expect("a key");
    assert!(told.content.replace("=\r\n", "").contains(&format!("entrywatch alerts retry {key}")));

    // The mailbox is repaired: sent again, and its end is told to those who heard of the trouble.
    let site_config = fs::read_to_string(site.path("config.toml")).expect("it is there");
    drop(server);
    let Some(mut server) = SmtpServer::start(&[]) else { return };
    let port = site_config.lines().find(|line| line.starts_with("port")).expect("a port").to_owned();
    let changed = site_config.replace(&port, &format!("port = {}", server.port));
    fs::write(site.path("config.toml"), changed).expect("written");
    let (code, retried) = site.json(&["alerts", "retry", key]);
    assert_eq!((code, retried["retried"].as_str()), (0, Some(key)));
    let ran = site.run(&["run", "--once"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let (late, over) = (server.mail(), server.mail());
    assert_eq!(late.to, ["nobody@example.com"]);
    assert_eq!(over.to, ["ops@example.com"]);
    assert!(subject(&over.content).contains("it is over"), "{}", subject(&over.content));
    let again = site.run(&["alerts", "retry", key]);
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.err.contains("was sent at"), "{}", again.err);
}

#[test]
fn a_question_makes_no_state() {
    let site = Site::new("\"ops@example.com\"", "");
    for question in
        [&["status"][..], &["entries"], &["alerts"], &["quarantine"], &["state-hash"], &["deadlines"]]
    {
        let ran = site.run(question);
        assert_eq!(ran.code, 3, "{question:?}");
        assert!(ran.err.contains("there is no state in "), "{question:?} {}", ran.err);
    }
    assert!(!site.path("state").exists());
}

#[test]
fn a_check_says_everything_at_once() {
    let site = Site::new(
        "\"ops@example.com\"",
        "[rules]\nfiles = [\"mine.toml\", \"default\"]\n[grammar]\nfolder = \"tables\"\n",
    );
    fs::write(site.path("mine.toml"), "[[rule]\nname = \"x\"\n").expect("a rule file");
    fs::create_dir_all(site.path("tables/abi")).expect("a folder");
    fs::write(site.path("tables/abi/NR.toml"), "nonsense = 1\n").expect("a grammar");
    fs::remove_dir(site.path("drop")).expect("no drop");
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    for (text, part) in [(&ran.err, "mine.toml:1"), (&ran.err, "NR.toml"), (&ran.out, "drop acme: ")] {
        assert!(text.contains(part), "{part}\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn feeds_and_backups_do_not_mix() {
    let site = Site::new("\"ops@example.com\"", "");
    let (feed, state) = (site.path("feed"), site.path("state"));
    let feed = feed.to_str().expect("text");
    let (code, made) = site.json(&["generate", "--entries", "1", feed]);
    assert_eq!(code, 0);
    assert!(made["files"].as_u64() > Some(0), "{made}");
    let refused = site.run(&["generate", "--entries", "1", "--seed", "2", feed]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(site.run(&["generate", "--entries", "1", "--seed", "2", "--force", feed]).code, 0);

    let taken = site.run(&["ingest", feed]);
    assert!(taken.err.contains("ledger.jsonl is the ledger"), "{}", taken.err);
    fs::write(site.path("notes.txt"), "just words\n").expect("a file");
    let taken = site.run(&["ingest", site.path("notes.txt").to_str().expect("text")]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("notes.txt holds no customs message"), "{}", taken.err);
    assert!(
        taken.out.contains("1 file (0 known before), 0 messages, 0 notices, 1 piece that could not be read"),
        "{}",
        taken.out
    );

    for inside in ["backup", "archive/../x"] {
        let refused = site.run(&["backup", state.join(inside).to_str().expect("text")]);
        assert_eq!(refused.code, 3, "{}", refused.err);
        assert!(refused.err.contains("one inside the other"), "{}", refused.err);
        assert!(!state.join("backup").exists());
    }
    let copy = site.path("copy");
    let (code, backup) = site.json(&["backup", copy.to_str().expect("text")]);
    assert_eq!((code, backup["verified"].as_bool()), (0, Some(true)));
    fs::remove_dir_all(&state).expect("gone");
    let (code, restored) = site.json(&["restore", copy.to_str().expect("text")]);
    assert_eq!(code, 0);
    assert!(restored["journal_lines"].as_u64() > Some(0), "{restored}");
}

#[test]
fn what_could_not_be_read_names_broker_and_next_command() {
    let site = Site::new("\"ops@example.com\"", "");
    site.drop("notes.txt", b"just words, and no message at all\n", 5 * SECOND);
    site.run(&["run", "--once"]);
    let mails = site.mails();
    assert_eq!(mails.len(), 1);
    assert!(subject(&mails[0]).ends_with("(acme)"), "{}", subject(&mails[0]));
    let text = mails[0].replace("=\r\n", "");
    let at = text.find("entrywatch quarantine show ").expect("the command");
    let print: String = text[at + 27..].chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(print.len(), 64);
    assert_eq!(site.run(&["quarantine", "show", &print]).code, 0);
}

#[test]
fn an_amount_that_is_no_number_is_told_as_such() {
    let site = Site::new("\"ops@example.com\"", "");
    let file = include_bytes!("../samples/abi/fail/bad-amount.txt");
    site.drop("bad-amount.txt", file, 5 * SECOND);
    site.run(&["run", "--once"]);
    let mails: Vec<String> = site.mails().iter().map(|mail| mail.replace("=\r\n", "")).collect();
    let subjects: Vec<String> = mails.iter().map(|mail| subject(mail)).collect();
    let about = |words: &str| {
        let at = subjects.iter().position(|subject| subject.contains(words));
        &mails[at.unwrap_or_else(|| panic!("no `{words}`: {subjects:#?}"))]
    };
    let told = about("Liquidated, an amount could not be read");
    assert!(subject(told).contains("[CRITICAL]"), "{}", subject(told));
    assert!(!told.contains("above what was paid") && !told.contains("A bill of"), "{told}");

    // The command of the letter shows a file that was taken in part.
    let lost = about("a part of the file was not read");
    let at = lost.find("entrywatch quarantine show ").expect("the command");
    let print: String = lost[at + 27..].chars().take_while(char::is_ascii_hexdigit).collect();
    let shown = site.run(&["quarantine", "show", &print]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    for words in ["taken, not in quarantine", "bad-number  line 3", "O0000327B00", "N127049Z7 00000013"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    let (_, entry) = site.json(&["entry", "9Z7-0000001-3"]);
    let finding = &entry["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["place"]["line"].as_u64()), (Some("bad-number"), Some(3)));
    assert!(
        finding["message"].as_str().is_some_and(|text| text.starts_with("`paid_duty` of this liquidation"))
    );
    let amounts = &entry["liquidation"]["amounts"];
    assert!(amounts["paid_total"].is_null() && amounts["difference"].is_null(), "{amounts}");
    assert_eq!(amounts["liquidated_total"], "3345.43");
}

#[test]
fn a_test_interchange_changes_nothing_and_stands_in_the_digest() {
    let site = Site::new("\"ops@example.com\"", "");
    let live = String::from_utf8(sample("4-carrier-status.edi")).expect("text");
    let at = live.find("*P*").expect("ISA15");
    let test = format!("{}*T*{}", &live[..at], &live[at + 3..]);
    site.drop("test.edi", test.as_bytes(), 5 * SECOND);
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["files"].as_u64(), round["letters"].as_u64()), (0, Some(1), Some(0)));
    let (_, status) = site.json(&["status"]);
    assert_eq!(status["counts"]["entries"], 0);
    let alerts = site.run(&["alerts", "--json"]).out;
    assert!(alerts.contains("test-interchange"), "{alerts}");
}

#[test]
fn a_record_that_lost_its_end_is_told() {
    let site = Site::new("\"ops@example.com\"", "");
    let whole = String::from_utf8(sample("1-hold.txt")).expect("text");
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    let padded = format!("{:<80}AND SOMETHING BEHIND IT", lines[2]);
    lines[2] = padded;
    site.drop("long.txt", (lines.join("\r\n") + "\r\n").as_bytes(), 5 * SECOND);
    site.run(&["run", "--once"]);
    let mails = site.mails();
    assert!(
        mails
            .iter()
            .any(|mail| subject(mail).contains("[WARNING] file long.txt: a part of the file was not read")),
        "{:?}",
        mails.iter().map(|mail| subject(mail)).collect::<Vec<_>>()
    );
}

#[test]
fn a_check_goes_on_behind_a_broken_file() {
    let site = Site::new(
        "\"ops@example.com\"",
        "[rules]\nfiles = [\"broken.toml\", \"sound.toml\", \"default\"]\nscenarios = [\"bad.txt\", \"good.txt\"]\n",
    );
    fs::write(site.path("broken.toml"), "[[rule]]\nname = \"x\"\ntitel = \"X\"\n").expect("a file");
    let sound = "[[rule]]\nname = \"mine\"\ntitle = \"Mine\"\non = \"notice\"\nwhen = { effect = \"seizure\" }\nseverity = \"critical\"\n";
    fs::write(site.path("sound.toml"), sound).expect("a file");
    fs::write(site.path("bad.txt"), "2025-04-01 09:05  dance\n").expect("a file");
    fs::write(site.path("good.txt"), "2025-04-01 09:05  clock\n                  expect   no letter\n")
        .expect("a file");
    let ran = site.run(&["check", "--offline"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("broken.toml:3:1: "), "{}", ran.err);
    for said in [
        "ok    mail templates: ",
        "FAIL  scenario bad.txt: bad.txt:1:",
        "ok    scenario good.txt: can be read",
    ] {
        assert!(ran.out.contains(said), "{said} in {}", ran.out);
    }
}

#[test]
fn templates_of_ones_own_are_tried_and_used() {
    let site = Site::new("\"ops@example.com\"", "");
    let config = fs::read_to_string(site.path("config.toml")).expect("the configuration");
    let with = config.replacen("[mail]\n", "[mail]\ntemplates = \"layout\"\n", 1);
    assert_ne!(config, with);
    fs::write(site.path("config.toml"), with).expect("the configuration");
    fs::create_dir(site.path("layout")).expect("a folder");
    fs::write(site.path("layout/alert.txt"), "one\n{{ subjekt }}\n").expect("a template");
    let ran = site.run(&["check", "--offline"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("layout/alert.txt:2: the template fails"), "{said}");
    assert_ne!(site.run(&["run", "--once"]).code, 0);

    for (wrong, said) in [
        ("", "layout/alert.txt: the template makes a blank mail"),
        ("Look at the portal.", "layout/alert.txt: the template does not show the entry number"),
    ] {
        fs::write(site.path("layout/alert.txt"), wrong).expect("a template");
        let ran = site.run(&["check", "--offline"]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert!(format!("{}{}", ran.out, ran.err).contains(said), "{}{}", ran.out, ran.err);
    }
    assert_ne!(site.run(&["run", "--once"]).code, 0);

    let own = "OUR OWN LAYOUT: {{ subject }}\n{% for row in table %}{{ row.entry }} {{ row.what }}\n{% endfor %}\
               {% for s in sections %}{% if s.entry %}{{ s.entry.number }} {% endif %}{{ s.heading }}\n{% endfor %}";
    fs::write(site.path("layout/alert.txt"), own).expect("a template");
    assert_eq!(site.run(&["check", "--offline"]).code, 0);
    site.drop("1-hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    site.run(&["run", "--once"]);
    let mails = site.mails();
    assert!(!mails.is_empty() && mails.iter().all(|mail| mail.contains("OUR OWN LAYOUT: ")), "{mails:?}");
}
