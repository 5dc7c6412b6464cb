//! The commands as people and scripts meet them: the built program, its output and its exit codes.

#[path = "cli/backend.rs"]
mod backend;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use backend::{HELD, LIQUIDATED, World, date, number};
use clap::CommandFactory;
use entrywatch::cli::Cli;
use entrywatch::serve::client::{Client, ClientError};
use entrywatch::serve::socket::{BODY_BYTES_MAX, LocalSocket, SocketError};
use entrywatch::serve::{Action, AlertFilter, EntryFilter, FaultCode, Request, Window, api, entry_view};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

/// What a run of the program gave.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run_with(arguments: &[&str], stdin: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
        .args(arguments)
        .env_remove("ENTRYWATCH_CONFIG")
        .env_remove("COLUMNS")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that reads no input may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

/// Whichever table of deadlines is part of the program.
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&text.replace(entrywatch::deadline::DeadlineTable::embedded().version(), "<table>"));
}

// --- definitions ---

#[test]
fn help_names_every_command() {
    let ran = run(&["-h"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    check(
        &ran.out,
        &expect![[r#"
            Follow customs entries from filing to liquidation

            Usage: entrywatch [OPTIONS] <COMMAND>

            Commands:
              demo         Show the whole way with invented messages, without configuration and services
              check        Check configuration, rules, templates, tables and rule tests; every problem at once
              decode       Show what files say, without store or configuration
              run          Run the daemon
              ingest       Take in files by hand: journal and apply them, without mail
              status       Show whether the daemon runs and how much it knows
              entry        Show one entry: state, holds, deadlines, timeline
              entries      Search entries
              due          Compute one deadline from given facts
              deadlines    Show what is due soon, over all entries, nearest first
              explain      Show where an entry's dates come from, step by step
              calendar     Print a team's deadlines as a calendar file (iCalendar)
              pathways     Show which of correction, protest, claim, reconciliation, refund and court are open,
                           and until when
              rules        Test rules, ask why they did what they did, try others on the journal
              alerts       Show alerts and letters, take care of alerts, silence them, try a letter again
              quarantine   Show what could not be read, read it again
              record       Enter a fact that no message tells: forms, letters, protests, answers
              report       Reports over what brokers dropped
              state-hash   Print a hash of all entry state
              replay       Rebuild from the journal into a fresh store and compare; sends nothing
              audit        Check that journal and archive are what was written
              backup       Copy journal and archive, consistent and verified, also while the daemon runs
              restore      Put a backup in the place of the state folder, verified; the daemon must not run
              generate     Write the feeds of invented brokers, the same for the same seed
              grammar      Check, show and compare the tables by which messages are read
              completions  Print completions for a shell
              man          Print the manual page, or write one for each command into a folder

            Options:
              -h, --help     Print help (see more with '--help')
              -V, --version  Print version

            Global options:
                  --config <FILE>  Configuration file [default: ./config.toml, then /etc/entrywatch/config.toml]
                                   [env: ENTRYWATCH_CONFIG]
                  --json           Print JSON: one value, or JSON Lines for lists
              -q, --quiet          No progress and no remarks
                  --no-color       No colours; NO_COLOR does the same

            Exit codes: 0 fine; 1 the thing asked about is not fine; 2 usage or configuration error; 3 input or
            store cannot be read; 130 interrupted.
        "#]],
    );
}

#[test]
fn unknown_commands_and_values_are_usage_errors() {
    for arguments in [
        &["nonsense"][..],
        &[],
        &["entry", "123"],
        &["entries", "--status", "sleeping"],
        &["entries", "--due-within", "soon"],
        &["entries", "--csv", "--json"],
        &["deadlines", "--limit", "0"],
        &["alerts", "retry", "zz"],
        &["decode"],
        &["replay"],
        &["completions", "tcl"],
        &["status", "--config", "/nowhere/config.toml"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn completions_and_manual_come_from_the_definitions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}");
        assert!(ran.out.contains("state-hash"), "{shell}");
    }
    let ran = run(&["man"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains(".TH entrywatch 1"));
    let folder = tempfile::tempdir().expect("a folder");
    let ran = run(&["man", folder.path().to_str().expect("text")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for page in ["entrywatch.1", "entrywatch-decode.1", "entrywatch-alerts-retry.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[test]
fn the_reference_names_every_command_and_option() {
    let text = include_str!("../docs/commands.md");
    let mut missing = Vec::new();
    for command in Cli::command().get_subcommands() {
        named(command, command.get_name(), text, &mut missing);
    }
    assert!(missing.is_empty(), "docs/commands.md does not name {missing:?}");
}

fn named(command: &clap::Command, path: &str, text: &str, missing: &mut Vec<String>) {
    if !text.contains(&format!("`{path}")) {
        missing.push(path.to_owned());
    }
    for option in command.get_arguments().filter(|argument| !argument.is_global_set()) {
        if let Some(long) = option.get_long().filter(|long| !matches!(*long, "help" | "version"))
            && !text.contains(&format!("--{long}"))
        {
            missing.push(format!("{path} --{long}"));
        }
    }
    for inner in command.get_subcommands() {
        named(inner, &format!("{path} {}", inner.get_name()), text, missing);
    }
}

// --- due ---

#[test]
fn due_shows_the_arithmetic() {
    let ran = run(&["due", "protest_due", "liquidation_date=2026-03-06"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    check(
        &ran.out,
        &expect![[r#"
            PROTEST_DUE  Protest
              due         2026-09-02 Wed
              act by      2026-09-02 Wed
              rule        180 calendar days, forward
              basis       19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955) (as it stands since 2004-12-18)
              confidence  confirmed
              note        Nothing stops it. A reliquidation starts a clock of its own for what it changed. ACE takes filings every day: do not lean on the roll.
              steps       2026-03-06 Fri is day 0
                          day 180 is 2026-09-02 Wed, a working day
              ends when   protest filed (form 19 or ACE)
        "#]],
    );
    let ran = run(&["due", "PROTEST_DUE", "liquidation_date=2026-03-06", "--json"]);
    let json = json(&ran.out);
    assert_eq!(ran.out.lines().count(), 1);
    for (key, value) in [
        ("id", "PROTEST_DUE"),
        ("due", "2026-09-02"),
        ("act_by", "2026-09-02"),
        ("rule", "180 calendar days, forward"),
        ("valid_from", "2004-12-18"),
        ("confidence", "confirmed"),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert_eq!(json["steps"][0], "2026-03-06 Fri is day 0");
    let ran = run(&["due", "CAL_DAY", "date=2026-07-04", "--json"]);
    assert_eq!(self::json(&ran.out)["due"], "NONWORKING");
}

#[test]
fn due_says_what_is_wrong_with_its_input() {
    for (arguments, expected) in [
        (
            &["PROTEST_DUE"][..],
            expect![[r#"
            entrywatch: PROTEST_DUE needs liquidation_date or decision_date
              liquidation_date: date of liquidation or reliquidation (a date such as 2026-03-06, from 1986 to 2199)
              decision_date: date of the decision that is disputed (a date such as 2026-03-06, from 1986 to 2199)
        "#]],
        ),
        (
            &["PROTEST_DEW", "liquidation_date=2026-03-06"],
            expect![[r#"
            entrywatch: there is no deadline `PROTEST_DEW`; did you mean `PROTEST_DUE`?
              `entrywatch due --list` shows them all
        "#]],
        ),
        (
            &["PROTEST_DUE", "liquidation_date=2026-02-30"],
            expect![[r#"
            entrywatch: `liquidation_date` is `2026-02-30`, but must be a date such as 2026-03-06, from 1986 to 2199
        "#]],
        ),
        (
            &["PROTEST_DUE", "liquidation_date"],
            expect![[r#"
            entrywatch: `liquidation_date` is not of the form key=value
        "#]],
        ),
        (
            &["GO_SALE", "import_date=2026-03-06", "entry_date=2026-03-06"],
            expect![[r#"
            entrywatch: GO_SALE does not read `entry_date`; it reads import_date, nonworking
              import_date: date of importation (a date such as 2026-03-06, from 1986 to 2199)
              nonworking: days that CBP declared not to count (1 to 10000 dates such as 2026-03-06,2026-03-09, from 1986 to 2199)
        "#]],
        ),
    ] {
        let ran = run(&[&["due"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        check(&ran.err, &expected);
    }
}

#[test]
fn due_lists_the_deadlines() {
    let ran = run(&["due", "--list"]);
    assert!(ran.code == Some(0) && ran.out.contains("PROTEST_DUE") && ran.out.contains("CAL_DAY"));
    let ran = run(&["due", "--list", "--json"]);
    assert!(ran.out.lines().all(|line| json(line)["reads"].is_array()));
}

// --- decode ---

#[test]
fn what_is_no_message_is_still_one_line() {
    for (input, code, exit) in [
        (&b""[..], "empty", 1),
        (b" \r\n", "empty", 1),
        (b"\x00\xff\x00\xff", "not-edi", 1),
        (b"hello\n", "not-edi", 1),
    ] {
        let ran = run_with(&["decode", "-", "--json"], input);
        assert_eq!((ran.code, ran.out.lines().count()), (Some(exit), 1), "{code}: {}", ran.err);
        let line = json(&ran.out);
        assert_eq!((&line["file"], &line["message"]), (&json!("-"), &Value::Null));
        assert_eq!(line["findings"][0]["code"], code, "{}", ran.out);
        let ran = run_with(&["decode", "-"], input);
        assert!(ran.code == Some(exit) && ran.out.contains(code), "{}", ran.out);
    }
}

#[test]
fn messages_are_read_from_several_files_and_from_input() {
    let text = "ISA*00*          *00*          *ZZ*BROKERONE      *ZZ*IMPORTER       *260301*1405*U*00401*000000001*0*P*>~\
                GS*BC*BROKERONE*IMPORTER*20260301*1405*1*X*004010~\
                ST*350*0001~SE*2*0001~GE*1*1~IEA*1*000000001~";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.edi");
    std::fs::write(&file, text).expect("written");
    let ran = run_with(&["decode", "--json", file.to_str().expect("text"), "-"], text.as_bytes());
    let lines: Vec<Value> = ran.out.lines().map(json).collect();
    assert_eq!(lines.len(), 2, "{}", ran.err);
    for (line, file) in lines.iter().zip([file.to_str().expect("text"), "-"]) {
        assert_eq!((&line["file"], &line["index"]), (&json!(file), &json!(0)));
        assert_eq!(
            (&line["standard"], &line["message"], &line["release"]),
            (&json!("x12"), &json!("350"), &json!("004010"))
        );
        let control = json!({"sender": "BROKERONE", "interchange": "000000001", "group": "1", "set": "0001"});
        assert_eq!(line["control"], control);
        assert_eq!(line["span"], json!({"offset": 0, "length": text.len(), "line": 1}));
        assert!(line["grammar"].as_str().is_some_and(|hash| !hash.is_empty()));
    }
    let ran = run_with(&["decode", "-"], text.as_bytes());
    assert!(ran.out.starts_with("-\n  X12 350 004010  line 1, "), "{}", ran.out);
}

#[test]
fn one_unreadable_file_does_not_hide_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("empty.txt");
    std::fs::write(&file, b"").expect("written");
    let file = file.to_str().expect("text");
    let ran = run(&["decode", "--json", "/nowhere/at-all", folder.path().to_str().expect("text"), file]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(json(&ran.out)["file"], file);
    assert!(ran.err.contains("could not read /nowhere/at-all: No such file"), "{}", ran.err);
}

#[test]
fn an_unsound_grammar_is_a_usage_error() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("codes")).expect("made");
    std::fs::write(folder.path().join("codes/mine.tsv"), "code\tkind\n").expect("written");
    let ran = run(&["decode", "--grammar", folder.path().to_str().expect("text"), "-"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("codes/mine.tsv:1:1"), "{}", ran.err);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
        .args(["due", "--list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn an_interrupt_has_its_own_exit_code() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = child.id().to_string();
    while !catches_interrupts(&pid) {
        assert!(matches!(child.try_wait(), Ok(None)), "it waits for input");
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

/// Whether the process has a handler for SIGINT, which is the second bit of the mask.
fn catches_interrupts(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

// --- audit ---

#[test]
fn audit_names_the_first_bad_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().to_str().expect("text");
    let ran = run(&["audit", "verify", "--state", "/nowhere"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    {
        let (mut journal, _) = entrywatch::journal::Journal::open(folder.path()).expect("a new journal");
        for version in ["1", "2"] {
            let what = entrywatch::journal::What::Config {
                version: version.into(),
                grammar: "g".into(),
                rules: "r".into(),
            };
            journal.append("2026-03-01T14:05:00Z".parse().expect("an instant"), &what).expect("appended");
        }
        journal.sync().expect("synced");
    }
    let ran = run(&["audit", "verify", "--state", state]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("intact up to line 2"), "{}", ran.out);
    let segment = folder.path().join("journal/000000000001.jsonl");
    let text = std::fs::read_to_string(&segment).expect("the segment");
    std::fs::write(&segment, text.replace("\"version\":\"1\"", "\"version\":\"9\"")).expect("written");
    let ran = run(&["audit", "verify", "--state", state, "--json"]);
    assert_eq!(ran.code, Some(1));
    let json = json(&ran.out);
    assert_eq!((&json["intact"], &json["problems"][0]["line"]), (&json!(false), &json!(3)), "{}", ran.out);
}

// --- the commands that ask ---

/// A folder with a configuration whose daemon answers from the small world.
struct Installation {
    folder: tempfile::TempDir,
    world: Arc<World>,
    stop: CancellationToken,
    served: Option<std::thread::JoinHandle<()>>,
}

impl Installation {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.toml"), entrywatch::config::EXAMPLE).expect("written");
        let (world, stop) = (Arc::new(World::new()), CancellationToken::new());
        let path = folder.path().join("state/entrywatch.sock");
        let (ready, is_ready) = std::sync::mpsc::channel();
        let served = std::thread::spawn({
            let (world, stop) = (world.clone(), stop.clone());
            move || {
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    let socket = LocalSocket::bind(&path).await.expect("a socket");
                    ready.send(()).expect("the test waits");
                    socket.serve(world, stop).await;
                });
            }
        });
        is_ready.recv().expect("the socket listens");
        Self { folder, world, stop, served: Some(served) }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let config = self.folder.path().join("config.toml");
        run(&[arguments, &["--config", config.to_str().expect("text")]].concat())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.served.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))));
            assert!(!self.folder.path().join("state/entrywatch.sock").exists());
        }
    }
}

#[test]
fn entry_shows_the_whole_life() {
    let here = Installation::start();
    let ran = here.run(&["entry", "n01 70000124", "--on", "2026-12-14"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    check(
        &ran.out,
        &expect![[r#"
            Entry N01-7000012-4  liquidated
              filer       N01
              broker      Acme
              type        01
              port        2704
              importer    ***-**-6789
              reference   =R-1
              orders      PO-77
              bills       XYZL12345678
              released    2026-03-02 08:31
              summary     accepted 2026-03-10

            Liquidation
              DATE            WHAT         REASON  PAID      LIQUIDATED  DIFFERENCE  SOURCE
              2026-12-11 Fri  liquidation  01      1,031.67  1,282.17    250.50      courtesy notice

            Deadlines
              DEADLINE           DUE             ACT BY          OUR DATE  STATE                            BASIS
              ES_DUE             2026-03-16 Mon  2026-03-16 Mon  -         closed: the summary is accepted  19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101
              PSC_DUE            BLOCKED         -               -         idle: the entry is liquidated    76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page
              LIQ_SCHEDULED_EST  2027-01-15 Fri  -               -         closed: the entry is liquidated  19 USC 1500; 19 CFR 159.9; CBP Dec. 16-25 (December 2016); CSMS 16-000787
              LIQ_DEEMED_1Y      2027-03-02 Tue  -               -         closed: the entry is liquidated  19 USC 1504(a),(b); 19 CFR 159.11, 159.12, 159.9(c)(2)
              RELIQ_90D          2027-03-11 Thu  -               -         open                             19 USC 1501 as amended 2016
              PROTEST_DUE        2027-06-09 Wed  2027-06-09 Wed  -         open                             19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955)
              REDELIVERY_WINDOW  2026-04-01 Wed  -               -         closed: the entry is liquidated  19 CFR 113.62(d), 141.113
              RECORD_RETENTION   2031-03-02 Sun  -               -         open                             19 USC 1508(c); 19 CFR 163.4

            Ways
              WAY                               STATE       UNTIL           ACT BY          WHY
              Post summary correction           over        -               -               the entry is liquidated
              Protest                           open        2027-06-09 Wed  2027-06-09 Wed  PROTEST_DUE@liquidation
              Preference claim, 19 USC 1520(d)  unknown     -               -               the date of importation is not known
              Reconciliation                    not for it  -               -               the entry is not flagged for it
              Court of International Trade      not yet     -               -               no protest is denied

            Timeline
              AT                SEVERITY  KIND              CODE  MEANING                WHERE
              2026-03-01 14:05  critical  bill_status       1H    intensive examination  so-0.txt:1
              2026-03-02 08:30  info      bill_status       1I    examination finished   so-1.txt:2
              2026-03-02 08:31  info      release_status    98    released               so-2.txt:3
              2026-03-10        info      summary_response  AAA   accepted               so-3.txt:4
              2026-12-11        info      liquidation       -     -                      so-4.txt:5
        "#]],
    );
    let ran = here.run(&["entry", HELD, "--on", "2026-12-14"]);
    assert!(!ran.out.contains('\u{1b}'), "foreign text steers no terminal");
    check(
        &ran.out,
        &expect![[r#"
            Entry XYZ-7654321-1  held
              filer       XYZ
              broker      Borealis
              type        01
              importer    12-345678900

            Open holds
              AGENCY  CODE  SINCE             ON  MEANING
              FDA     07    2026-11-03 10:00  -   hold intact

            Not heard
              SILENCE          MISSING FROM    WHAT
              summary-missing  2026-11-18 Wed  There is a release, but no accepted summary. It was due on 2026-11-17.

            Deadlines
              DEADLINE           DUE             ACT BY          OUR DATE  STATE                                                                     BASIS
              ES_DUE             2026-11-17 Tue  2026-11-17 Tue  -         open: its last day is over                                                19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101
              PSC_DUE            2027-08-29 Sun  2027-08-27 Fri  -         open                                                                      76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page
              LIQ_SCHEDULED_EST  2027-09-17 Fri  -               -         open                                                                      19 USC 1500; 19 CFR 159.9; CBP Dec. 16-25 (December 2016); CSMS 16-000787
              LIQ_DEEMED_1Y      2027-11-02 Tue  -               -         open                                                                      19 USC 1504(a),(b); 19 CFR 159.11, 159.12, 159.9(c)(2)
              REDELIVERY_WINDOW  OPEN            -               -         idle                                                                      19 CFR 113.62(d), 141.113
              PROTEST_DUE        2028-05-01 Mon  2028-04-28 Fri  -         ahead: starts by law if CBP does not liquidate, extend or suspend before  19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955)
              RECORD_RETENTION   2031-11-02 Sun  -               -         open                                                                      19 USC 1508(c); 19 CFR 163.4

            Ways
              WAY                               STATE       UNTIL           ACT BY          WHY
              Post summary correction           blocked     2027-08-29 Sun  2027-08-27 Fri  the summary is not accepted
              Protest                           not yet     -               -               the entry is not liquidated; starts by law if CBP does not liquidate, extend or suspend before
              Preference claim, 19 USC 1520(d)  unknown     -               -               the date of importation is not known
              Reconciliation                    not for it  -               -               the entry is not flagged for it
              Court of International Trade      not yet     -               -               no protest is denied

            Timeline
              AT                SEVERITY  KIND            CODE  MEANING                   WHERE
              2026-11-02 10:00  info      release_status  98    released                  so-0.txt:1
              2026-11-03 10:00  critical  agency_status   07    hold intact               so-1.txt:2
              2026-11-04        info      agency_status   Q9?   no table knows this code  so-2.txt:3

            Findings
              so-2.txt, line 3: no table knows the code `Q9?` of this agency_status (unknown-code)
        "#]],
    );
    let ran = here.run(&["entry", "ABC-1234567-6"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert_eq!(ran.err, "entrywatch: no message has named entry ABC-1234567-6 so far\n");
}

#[test]
fn entry_json_has_the_fields_of_the_contract() {
    let here = Installation::start();
    let view = json(&here.run(&["entry", LIQUIDATED, "--on", "2026-12-14", "--json"]).out);
    for (pointer, keys) in [
        (
            "",
            "entry filer broker type importer references status released_at open_holds summary amounts statements \
             liquidation liquidation_history deadlines timeline findings",
        ),
        ("/references", "broker po bill container"),
        ("/summary", "version accepted_at lines"),
        ("/amounts", "entered_value duty fees total"),
        ("/liquidation", "date type basis amounts"),
        ("/deadlines/0", "id due act_by state basis"),
        ("/timeline/0", "at received_at kind code meaning severity file place"),
    ] {
        let part = view.pointer(pointer).and_then(Value::as_object).expect(pointer);
        for key in keys.split_whitespace() {
            assert!(part.contains_key(key), "{pointer}/{key}");
        }
    }
    assert_eq!(view["entry"], "N0170000124");
    assert_eq!(view["importer"], "***-**-6789");
    assert_eq!(view["status"], "liquidated");
    assert_eq!(view["released_at"], "2026-03-02T08:31:00");
    assert_eq!(view["references"]["bill"], json!(["XYZL12345678"]));
    assert_eq!(
        view["amounts"],
        json!({"entered_value": null, "duty": "1000.00", "fees": "31.67", "total": "1031.67"})
    );
    assert_eq!(view["liquidation"]["amounts"]["difference"], "250.50");
    let held = json(&here.run(&["entry", HELD, "--on", "2026-12-14", "--json"]).out);
    let hold = &held["open_holds"][0];
    assert_eq!(
        (&hold["agency"], &hold["code"], &hold["since"]),
        (&json!("FDA"), &json!("07"), &json!("2026-11-03T10:00:00"))
    );
    assert_eq!(held["findings"][0]["code"], "unknown-code");
    assert_eq!(held["liquidation"], Value::Null);
}

#[test]
fn entries_are_found_by_what_is_known() {
    let here = Installation::start();
    let on = ["--on", "2026-11-10"];
    for (filter, found) in [
        (&[][..], &["N0170000124", "XYZ76543211"][..]),
        (&["--status", "held"], &["XYZ76543211"]),
        (&["--broker", "acme"], &["N0170000124"]),
        (&["--importer", "123456789"], &["N0170000124"]),
        (&["--importer", "12-345678900"], &["XYZ76543211"]),
        (&["--po", "po-77"], &["N0170000124"]),
        (&["--bill", "xyzl 1234-5678"], &["N0170000124"]),
        (&["--bill", "NOPE1"], &[]),
        (&["--open-hold"], &["XYZ76543211"]),
        (&["--due-within", "30d"], &["XYZ76543211"]),
        (&["--limit", "1"], &["N0170000124"]),
        (&["--status", "held", "--broker", "Acme"], &[]),
    ] {
        let ran = here.run(&[&["entries", "--json"], filter, &on].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let entries: Vec<Value> = ran.out.lines().map(|line| json(line)["entry"].clone()).collect();
        assert_eq!(entries, found, "{filter:?}");
    }
    check(
        &here.run(&[&["entries"], &on[..]].concat()).out,
        &expect![[r#"
            ENTRY          STATUS      TYPE  BROKER    REFERENCE  HOLDS  RELEASED          NEXT DEADLINE
            N01-7000012-4  liquidated  01    Acme      =R-1       0      2026-03-02 08:31  PROTEST_DUE 2027-06-09 Wed (in 211 days)
            XYZ-7654321-1  held        01    Borealis  -          1      -                 ES_DUE 2026-11-17 Tue (in 7 days)
        "#]],
    );
    check(
        &here.run(&[&["entries", "--csv"], &on[..]].concat()).out,
        &expect![[r#"
            entry,status,type,filer,broker,importer,reference,released_at,open_holds,next_deadline,due,act_by
            N01-7000012-4,liquidated,01,N01,Acme,***-**-6789,'=R-1,2026-03-02T08:31:00,0,PROTEST_DUE,2027-06-09,2027-06-09
            XYZ-7654321-1,held,01,XYZ,Borealis,12-345678900,,,1,ES_DUE,2026-11-17,2026-11-17
        "#]],
    );
    assert_eq!(here.run(&["entries", "--bill", "--/"]).code, Some(2));
}

#[test]
fn deadlines_come_nearest_first() {
    let here = Installation::start();
    check(
        &here.run(&["deadlines", "--on", "2026-12-14", "--within", "52w"]).out,
        &expect![[r#"
            ACT BY          DUE             OUR DATE  DAYS  DEADLINE           ENTRY          STATUS      BROKER    REFERENCE
            2026-11-17 Tue  2026-11-17 Tue  -         -27   ES_DUE             XYZ-7654321-1  held        Borealis  -
            -               2027-03-11 Thu  -         87    RELIQ_90D          N01-7000012-4  liquidated  Acme      =R-1
            2027-06-09 Wed  2027-06-09 Wed  -         177   PROTEST_DUE        N01-7000012-4  liquidated  Acme      =R-1
            2027-08-27 Fri  2027-08-29 Sun  -         256   PSC_DUE            XYZ-7654321-1  held        Borealis  -
            -               2027-09-17 Fri  -         277   LIQ_SCHEDULED_EST  XYZ-7654321-1  held        Borealis  -
            -               2027-11-02 Tue  -         323   LIQ_DEEMED_1Y      XYZ-7654321-1  held        Borealis  -
        "#]],
    );
    let ran = here.run(&["deadlines", "--on", "2026-12-14", "--within", "1d", "--overdue", "0", "--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    let ran = here.run(&["deadlines", "--on", "2026-12-14", "--within", "300", "--limit", "1", "--csv"]);
    check(
        &format!("{}{}", ran.out, ran.err),
        &expect![[r#"
            entry,broker,reference,status,deadline,due,act_by,days_left,basis,target,instance
            XYZ-7654321-1,Borealis,,held,ES_DUE,2026-11-17,2026-11-17,'-27,"19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101",,
            4 more; --limit prints more of them.
        "#]],
    );
}

#[test]
fn explain_names_facts_notices_and_steps() {
    let here = Installation::start();
    check(
        &here.run(&["explain", LIQUIDATED, "protest_due", "--on", "2026-12-14"]).out,
        &expect![[r#"
            Entry N01-7000012-4  liquidated, type 01

            PROTEST_DUE  Protest
              due         2027-06-09 Wed
              act by      2027-06-09 Wed
              state       open
              facts       liquidation_date = 2026-12-11 Fri (courtesy notice of liquidation)
                            liquidation of 2026-12-11, so-4.txt line 5 (sha256 e52d9c508c50), came 2026-03-02 13:40 UTC
              rule        180 calendar days, forward
              steps       2026-12-11 Fri is day 0
                          day 180 is 2027-06-09 Wed, a working day
              basis       19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955) (as it stands since 2004-12-18)
              confidence  confirmed
              note        Nothing stops it. A reliquidation starts a clock of its own for what it changed. ACE takes filings every day: do not lean on the roll.
              ends when   protest filed (form 19 or ACE)

            Computed with the table of deadlines <table>
        "#]],
    );
    check(
        &here.run(&["explain", HELD, "--on", "2026-11-20"]).out,
        &expect![[r#"
            Entry XYZ-7654321-1  held, type 01

            ES_DUE  Entry summary and estimated duties
              due         2026-11-17 Tue
              act by      2026-11-17 Tue
              state       open: its last day is over
              facts       release_date = 2026-11-02 Mon (release status)
                            release_status 98 "released" of 2026-11-02 10:00, so-0.txt line 1 (sha256 6e340b9cffb3), came 2026-03-02 13:40 UTC
              rule        10 working days
              steps       2026-11-02 Mon is day 0
                          working day 10 is 2026-11-17 Tue, a working day; not counted: 2026-11-11 Wed (Veterans Day)
              basis       19 USC 1484(a)(2), 1505(a); 19 CFR 142.12(b), 142.23, 142.17, 141.68, 141.101
              confidence  confirmed
              note        Where entry and release are both known the earlier counts. Entry types 21 and 23 owe the summary without a deposit.
              ends when   entry summary accepted, and duties deposited or placed on a statement

            PSC_DUE  Post summary correction
              due         2027-08-29 Sun
              act by      2027-08-27 Fri
              state       open
              facts       entry_date = 2026-11-02 Mon (release status, standing in for the date of entry)
                            release_status 98 "released" of 2026-11-02 10:00, so-0.txt line 1 (sha256 6e340b9cffb3), came 2026-03-02 13:40 UTC
              rule        300 calendar days after entry or 15 before liquidation, whichever is earlier (15 before liquidation where the importer had it extended)
              steps       2026-11-02 Mon is day 0
                          liquidation is estimated for 2027-09-17 Fri; 15 days before it is 2027-09-02 Thu
                          day 300 is 2027-08-29 Sun; the earlier one binds: 2027-08-29 Sun
                          2027-08-29 Sun is not a working day, so one acts by 2027-08-27 Fri, the last open day before it
              basis       76 FR 37136 (2011), 81 FR 89482 (2016), 82 FR 2385 and 82 FR 50656 (2017), 84 FR notice of 14 August 2019; CBP PSC page (as it stands since 2019-08-14)
              confidence  confirmed
              note        The exact last day before liquidation is uncertain, so one acts a day earlier on that leg. A pending form 28 extends nothing.
              ends when   correction accepted; liquidation; CBP review

            LIQ_SCHEDULED_EST  Estimated scheduled liquidation
              due         2027-09-17 Fri
              state       open
              facts       entry_date = 2026-11-02 Mon (release status, standing in for the date of entry)
                            release_status 98 "released" of 2026-11-02 10:00, so-0.txt line 1 (sha256 6e340b9cffb3), came 2026-03-02 13:40 UTC
              rule        314 calendar days, then the Friday on or after
              steps       2026-11-02 Mon is day 0
                          day 314 is 2027-09-12 Sun, not a working day
                          the roll moves the last day to 2027-09-17 Fri, a working day
              basis       19 USC 1500; 19 CFR 159.9; CBP Dec. 16-25 (December 2016); CSMS 16-000787
              confidence  uncertain
              note        The 314 days and posting on Fridays are confirmed, the exact Friday is not. A date that CBP sends takes its place.
              ends when   liquidation date received from ACE; liquidation posted

            LIQ_DEEMED_1Y  Deemed liquidation
              due         2027-11-02 Tue
              state       open
              facts       entry_date = 2026-11-02 Mon (release status, standing in for the date of entry)
                            release_status 98 "released" of 2026-11-02 10:00, so-0.txt line 1 (sha256 6e340b9cffb3), came 2026-03-02 13:40 UTC
              rule        1 year, no roll
              steps       2026-11-02 Mon is day 0
                          1 year on is 2027-11-02 Tue, a working day
              basis       19 USC 1504(a),(b); 19 CFR 159.11, 159.12, 159.9(c)(2)
              confidence  confirmed
              note        The anniversary convention is recalled. CBP may post it much later, but dates it back: the protest clock starts here.
              ends when   liquidation by CBP before the date; suspension

            PROTEST_DUE  Protest
              due         2028-05-01 Mon
              act by      2028-04-28 Fri
              state       ahead: starts by law if CBP does not liquidate, extend or suspend before
              facts       liquidation_date = 2027-11-02 Tue (by law: LIQ_DEEMED_1Y passes)
                          deemed = yes (state of the entry)
              rule        180 calendar days, forward, act 1 day before
              steps       liquidated by operation of law, perhaps a day before the anniversary
                          2027-11-02 Tue is day 0
                          day 180 is 2028-04-30 Sun, not a working day
                          the roll moves the last day to 2028-05-01 Mon, a working day
                          the last day is disputed, so one acts by 2028-04-29 Sat
                          2028-04-29 Sat is not a working day, so one acts by 2028-04-28 Fri, the last open day before it
                          counted from 2027-11-02 (deemed by law); also told: 2027-09-17 (estimate)
              basis       19 USC 1514(c)(3); 19 CFR 174.12(e); T.D. 53961(1) (1955) (as it stands since 2004-12-18)
              confidence  confirmed
              note        Nothing stops it. A reliquidation starts a clock of its own for what it changed. ACE takes filings every day: do not lean on the roll.

            RECORD_RETENTION  Keep the records of the entry
              due         2031-11-02 Sun
              state       open
              facts       entry_date = 2026-11-02 Mon (release status, standing in for the date of entry)
                            release_status 98 "released" of 2026-11-02 10:00, so-0.txt line 1 (sha256 6e340b9cffb3), came 2026-03-02 13:40 UTC
              rule        5 years, no roll
              steps       2026-11-02 Mon is day 0
                          5 years on is 2031-11-02 Sun, not a working day
              basis       19 USC 1508(c); 19 CFR 163.4
              confidence  confirmed
              note        Purge only after the date, and never while a protest, suit, reconciliation, drawback or penalty is open.
              ends when   the period ends and no proceeding is open

            No date
              REDELIVERY_WINDOW   OPEN

            Not heard
              SILENCE          MISSING FROM    WHAT
              summary-missing  2026-11-18 Wed  There is a release, but no accepted summary. It was due on 2026-11-17.

            Ways, as of 2026-11-20 (information, not advice)
              WAY                               STATE       UNTIL           ACT BY          WHY
              Post summary correction           blocked     2027-08-29 Sun  2027-08-27 Fri  the summary is not accepted
              Protest                           not yet     -               -               the entry is not liquidated; starts by law if CBP does not liquidate, extend or suspend before
              Preference claim, 19 USC 1520(d)  unknown     -               -               the date of importation is not known
              Reconciliation                    not for it  -               -               the entry is not flagged for it
              Court of International Trade      not yet     -               -               no protest is denied

            Computed with the table of deadlines <table>
        "#]],
    );
    let view = json(&here.run(&["explain", LIQUIDATED, "PROTEST_DUE@2026-12-11", "--json"]).out);
    let fact = &view["deadlines"][0]["facts"][0];
    assert_eq!((&fact["input"], &fact["notice"]["file"]), (&json!("liquidation_date"), &json!("so-4.txt")));
    let ran = here.run(&["explain", HELD, "NONSENSE"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("has no clock `NONSENSE`; it has ES_DUE, "), "{}", ran.err);
}

#[test]
fn a_preview_shows_what_another_calendar_would_move() {
    let here = Installation::start();
    let other = here.folder.path().join("other.toml");
    let calendar = r#"
        [[calendar.set_due]]
        deadline = "ES_DUE"
        month = "2026-11"
        due = 2026-11-13
        source = "letter of the port"
        by = "jo"

        [[calendar.suspend]]
        deadlines = ["LIQ_DEEMED_1Y"]
        from = 2027-01-04
        source = "CIT 26-00000, preliminary injunction"
        by = "jo"
        entered = 2027-01-05
    "#;
    std::fs::write(&other, entrywatch::config::EXAMPLE.to_owned() + calendar).expect("written");
    let ran = here.run(&["deadlines", "preview", "--calendar", other.to_str().expect("text")]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    check(
        &ran.out,
        &expect![[r#"
            ENTRY          DEADLINE                 DUE         WOULD BE    ACT BY      WOULD BE
            N01-7000012-4  LIQ_DEEMED_1Y            2027-03-02  OPEN        -           -
            XYZ-7654321-1  ES_DUE                   2026-11-17  2026-11-13  2026-11-17  2026-11-13
            XYZ-7654321-1  LIQ_DEEMED_1Y            2027-11-02  OPEN        -           -
            XYZ-7654321-1  PROTEST_DUE@liquidation  2028-05-01  unknown     2028-04-28  -
        "#]],
    );
    let same = here.folder.path().join("config.toml");
    let ran = here.run(&["deadlines", "preview", "--calendar", same.to_str().expect("text")]);
    assert_eq!((ran.code, ran.err.contains("0 dates")), (Some(0), true), "{}{}", ran.out, ran.err);
    assert_eq!(here.run(&["deadlines", "preview"]).code, Some(2), "there is nothing to try");
}

#[test]
fn alerts_letters_and_quarantine_are_shown_and_retried() {
    let here = Installation::start();
    check(
        &here.run(&["alerts"]).out,
        &expect![[r#"
        RAISED                SEVERITY  STATE  ENTRY  BROKER  ALERT                   WHAT
        2026-11-05 08:00 UTC  warning   open   -      -       File could not be read  file so-9.txt: a record is unknown
    "#]],
    );
    let letters = here.run(&["alerts", "list", "--letters", "--state", "given-up", "--json"]).out;
    let key = json(&letters)["key"].as_str().expect("a key").to_owned();
    assert_eq!(here.run(&["alerts", "retry", &key]).code, Some(0));
    assert_eq!(here.run(&["alerts", "retry", &"0".repeat(32)]).code, Some(1));
    check(
        &here.run(&["quarantine"]).out,
        &expect![[r#"
        FILE          RECEIVED              BROKER  NAME      LINE  CODE            WHY
        3f282d8ca1b6  2026-11-05 08:00 UTC  Acme    so-9.txt  2     unknown-record  no table knows `ZZ99`
    "#]],
    );
    let file =
        json(&here.run(&["quarantine", "list", "--json"]).out)["file"].as_str().expect("text").to_owned();
    check(
        &here.run(&["quarantine", "show", &file[..8]]).out,
        &expect![[r#"
            so-9.txt
              file      3f282d8ca1b6c4d84549b32ebfc65304cde3ae377c5c4af6d392c84e659be41c
              size      160 bytes
              read      1 message, 0 notices
              from      Acme, drop acme
              received  2026-11-05 08:00 UTC

              unknown-record  line 2, byte 11, while decoding
                no table knows `ZZ99`
                | ZZ99 for ***-**-6789?[2J
                Look at the line.
        "#]],
    );
    assert_eq!(here.run(&["quarantine", "retry", &file[..8]]).code, Some(0));
    assert_eq!(here.run(&["quarantine", "show", "000000"]).code, Some(1));
    assert_eq!(here.run(&["quarantine", "show", "zz"]).code, Some(2));
    let acts = here.world.acts.lock().expect("no test panics with it");
    assert!(matches!(&acts[..], [
        Action::RetryLetter { key: retried, .. },
        Action::RetryQuarantine { file: again, .. },
    ] if retried.as_str() == key && again.to_string() == file));
}

#[test]
fn status_hash_and_backup_ask_the_daemon() {
    let here = Installation::start();
    let status = here.run(&["status"]);
    assert!(status.code == Some(0) && status.out.contains("entries      2"), "{}", status.out);
    let hash = here.run(&["state-hash"]).out;
    assert_eq!((hash.lines().count(), hash.trim().len()), (1, 64));
    assert_eq!(json(&here.run(&["state-hash", "--json"]).out)["hash"], hash.trim());
    let ran = here.run(&["backup", "somewhere"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (Some(3), "entrywatch: could not write the backup: disk full\n")
    );
}

#[test]
fn a_missing_folder_is_made_where_the_configuration_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let drop = |create: bool| {
        let text = format!(
            "[state]\nfolder = \"state\"\n[mail]\nfrom = \"e@example.com\"\noutbox = \"mail\"\n[[team]]\nname = \"operations\"\n\
             to = [\"ops@example.com\"]\n[[broker]]\nname = \"acme\"\n[[broker.drop]]\nname = \"acme-local\"\npath = \"in/acme\"\n\
             create = {create}\n"
        );
        std::fs::write(&config, text).expect("a configuration");
        let path = config.to_str().expect("a path");
        (run(&["--config", path, "run", "--once"]), folder.path().join("in/acme").is_dir())
    };
    let (ran, is_there) = drop(false);
    assert!(!is_there, "{}{}", ran.out, ran.err);
    let (ran, is_there) = drop(true);
    assert_eq!((ran.code, is_there), (Some(0), true), "{}{}", ran.out, ran.err);
}

#[test]
fn without_a_daemon_the_command_opens_the_state_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let config: PathBuf = folder.path().join("config.toml");
    std::fs::write(&config, entrywatch::config::EXAMPLE).expect("written");
    let config = config.to_str().expect("text");
    assert_eq!(run(&["status", "--config", config]).code, Some(3), "there is none yet");
    assert_eq!(
        run(&["ingest", config, "--config", config]).code,
        Some(1),
        "what is no message makes one, too"
    );
    let ran = run(&["status", "--config", config]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("does not run") && ran.out.contains("entries      0"), "{}", ran.out);
    let ran = run(&["entry", HELD, "--config", config]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let backup = folder.path().join("backup");
    let backup = backup.to_str().expect("text");
    assert_eq!(run(&["backup", backup, "--config", config]).code, Some(0));
    assert_eq!(run(&["audit", "verify", "--state", backup]).code, Some(0));
    let ran = run(&["status"]);
    assert!(ran.code == Some(2) || Path::new("/etc/entrywatch/config.toml").exists(), "{}", ran.err);
}

// --- the API ---

fn ask(world: &World, request: Request) -> Result<Value, FaultCode> {
    api::answer(world, request).map_err(|error| error.fault().code)
}

#[test]
fn lists_come_in_pages() {
    let world = World::new();
    let on = date("2026-11-10");
    let mut after = None;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let request = Request::Entries { on, filter: EntryFilter::default(), after, limit: Some(1) };
        let page = ask(&world, request).expect("a page");
        seen.extend(page["rows"].as_array().expect("rows").iter().map(|row| row["entry"].clone()));
        after = page["next"].as_str().map(number);
    }
    assert_eq!(seen, [json!("N0170000124"), json!("XYZ76543211")]);
    assert_eq!(after, None);
}

#[test]
fn windows_hold_what_is_near_on_both_sides() {
    let world = World::new();
    let es_due = |on: &str, within_days, overdue_days| {
        let window = Window { on: date(on), within_days, overdue_days };
        let request = Request::Deadlines { window, after: None, limit: None };
        let page = ask(&world, request).expect("a page");
        let rows = page["rows"].as_array().expect("rows").clone();
        rows.iter().any(|row| row["id"] == "ES_DUE" && row["entry"] == "XYZ76543211")
    };
    let entry = entry_view(world.life(HELD), world_table(), chrono::NaiveDate::MIN);
    let due = entry.deadlines.iter().find(|deadline| deadline.id == "ES_DUE").expect("the clock");
    assert_eq!(due.due, "2026-11-17");
    for (on, within_days, overdue_days, holds) in [
        ("2026-11-17", 0, 0, true),
        ("2026-11-16", 0, 0, false),
        ("2026-11-16", 1, 0, true),
        ("2026-11-18", 10, 0, false),
        ("2026-11-18", 0, 1, true),
        ("2026-12-18", u32::MAX, 30, false),
    ] {
        assert_eq!(es_due(on, within_days, overdue_days), holds, "{on} +{within_days} -{overdue_days}");
    }
}

fn world_table() -> &'static entrywatch::deadline::DeadlineTable {
    entrywatch::deadline::DeadlineTable::embedded()
}

#[test]
fn what_cannot_be_answered_says_why() {
    let world = World::new();
    let unknown = number("ABC-1234567-6");
    for (request, code) in [
        (Request::Entry { number: unknown, on: None }, FaultCode::NotFound),
        (Request::Explain { number: unknown, deadline: None, on: None }, FaultCode::NotFound),
        (Request::QuarantinedFile { file: "12".to_owned() }, FaultCode::BadRequest),
        (Request::Act { action: Action::Backup { dir: "/x".into() } }, FaultCode::Failed),
    ] {
        assert_eq!(ask(&world, request.clone()).err(), Some(code), "{request:?}");
    }
    let filter = AlertFilter { entry: Some(unknown), ..AlertFilter::default() };
    let page = ask(&world, Request::Alerts { filter, after: None, limit: None }).expect("a page");
    assert_eq!(page, json!({"rows": [], "next": null}));
}

// --- the socket ---

/// Sends bytes as they are and reads all that comes back.
async fn raw(path: &Path, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.expect("somebody listens");
    // The other end may hang up before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(body: &str) -> Vec<u8> {
    format!("POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn the_socket_answers_refuses_and_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run/entrywatch.sock");
    let socket = LocalSocket::bind(&path).await.expect("a socket");
    let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(socket.serve(Arc::new(World::new()), stop.clone()));

    let client = Client::new(&path);
    client.health().await.expect("it answers");
    let entry = client.ask(&Request::Entry { number: number(HELD), on: None }).await.expect("an answer");
    assert_eq!(entry["status"], "held");
    let refused = client.ask(&Request::Entry { number: number("ABC-1234567-6"), on: None }).await;
    assert!(matches!(refused, Err(ClientError::Refused(fault)) if fault.code == FaultCode::NotFound));

    let long = "x".repeat(BODY_BYTES_MAX + 1);
    for (request, status) in [
        (post("{}"), "400"),
        (post("not json"), "400"),
        (post(&long), "400"),
        (b"GET /v1 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), "405"),
        (b"GET /etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), "404"),
        (b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), "200"),
        (b"\x16\x03\x01 nonsense\r\n\r\n".to_vec(), "400"),
    ] {
        let answer = raw(&path, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
    assert!(matches!(LocalSocket::bind(&path).await, Err(SocketError::InUse { .. })));

    // A client that says nothing does not hold up the stop.
    let _silent = UnixStream::connect(&path).await.expect("somebody listens");
    stop.cancel();
    serving.await.expect("it stops");
    assert!(!path.exists());
    let gone = client.health().await;
    assert!(matches!(gone, Err(error) if error.is_not_running()));
}

#[tokio::test]
async fn a_socket_left_over_is_replaced_and_a_file_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("entrywatch.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that nobody serves"));
    assert!(path.exists());
    let socket = LocalSocket::bind(&path).await.expect("it is replaced");
    assert_eq!(socket.path(), path);
    drop(socket);
    assert!(!path.exists());
    std::fs::write(&path, b"precious").expect("written");
    assert!(matches!(LocalSocket::bind(&path).await, Err(SocketError::NotASocket { .. })));
    assert!(path.exists());
    let long = folder.path().join("x".repeat(200));
    let refused = LocalSocket::bind(&long).await.expect_err("too long a path");
    assert!(refused.to_string().starts_with("could not listen on "), "{refused}");
}
