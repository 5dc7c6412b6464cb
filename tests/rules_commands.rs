//! `entrywatch rules …` and `check` as people and scripts meet them, on the state that `demo` leaves behind.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The state of `demo`, a configuration beside it, and the program.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let config = std::fs::read_to_string(root().join("config.toml")).expect("the example");
        place.write("config.toml", &config.replace("# scenarios = [", "scenarios = ["));
        std::fs::create_dir(place.0.path().join("scenarios")).expect("a folder");
        place.write("scenarios/hold.txt", HOLD);
        for name in ["1-hold.txt", "2-released.txt"] {
            std::fs::copy(
                root().join("samples/demo").join(name),
                place.0.path().join("scenarios").join(format!("{name}.abi")),
            )
            .expect("a copy");
        }
        let ran = place.run(&["demo", "--folder", place.0.path().to_str().expect("a path")]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        place
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("a file");
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_entrywatch"))
            .args(arguments)
            .env_remove("ENTRYWATCH_CONFIG")
            .current_dir(self.0.path())
            .output()
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Standard output of a command that ends well.
    fn out(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}\n{}", ran.out);
        ran.out
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

const HOLD: &str = "\
# An exam and two holds, then all are over.
2025-04-01 09:05  receive  1-hold.txt.abi from acme
                  expect   letter \"CBP hold\" to operations@example.com
2025-04-02 14:10  receive  2-released.txt.abi from acme
2025-04-03 09:00  wait
                  expect   letter \"[DIGEST]\"
";

const CANDIDATE: &str = r#"
[[rule]]
name = "fda"
title = "FDA hold"
on = "notice"
when = { effect = "any_hold", agency = "FDA" }
delivery = "none"
test = [
  { notice = { kind = "agency_status", effect = "hold", agency = "FDA" }, expect = "silence" },
  { notice = { kind = "agency_status", effect = "hold", agency = "EPA" }, expect = "nothing" },
]
[[broker_override]]
broker = "acme"
rules = ["protest-due"]
delivery = "none"
"#;

#[test]
fn the_workbench_answers() {
    let place = Place::new();
    why(&place);
    backtest(&place);
    timeline(&place);
    tests_and_check(&place);
}

fn why(place: &Place) {
    let text = place.out(&["rules", "why", "9Z7-1000042-5", "cbp-hold"]);
    has(
        &text,
        &[
            "decides: critical, told at once",
            "alert key   cbp-hold|9Z710000425|",
            "to operations@example.com, sent",
            "FAILS  agency = \"CBP\"  (it is FDA)",
            ". These came nearest, --all shows the others:",
        ],
    );
    let text = place.out(&["rules", "why", "9Z7-1000042-5", "cbp-hold", "--all"]);
    assert!(!text.contains("--all"), "{text}");
    let text = place.out(&["rules", "why", "9Z7-1000042-5", "critical-notice", "--all"]);
    has(
        &text,
        &[
            "applies, but `cbp-hold` (at rules/default.toml:",
            "is asked first and decides",
            "does not apply: severity",
        ],
    );
    let text = place.out(&["rules", "why", "9Z7-1000042-5", "protest-due"]);
    has(
        &text,
        &[
            "PROTEST_DUE@liquidation",
            "step 14       2026-07-29 Wed  said",
            "step 90       2026-05-14 Thu  not said: it passed unseen, and step 14 was told instead",
            "step 7        2026-08-05 Wed  not said: nobody looked at the clock then; step overdue counts now",
        ],
    );
    let json: Value =
        serde_json::from_str(&place.out(&["rules", "why", "9Z7-1000042-5", "cbp-hold", "--json"]))
            .expect("JSON");
    assert_eq!(json["rule"], "cbp-hold");
    let notices = json["notices"].as_array().expect("notices");
    let told: Vec<&Value> = notices.iter().filter(|notice| !notice["telling"].is_null()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(
        json["told"][0]["alert"], told[0]["telling"]["alert"],
        "the alert of the journal has the very key"
    );
    assert_eq!(json["told"][0]["letters"][0]["state"], "sent");
    let ran = place.run(&["rules", "why", "9Z7-1000042-5", "cbp-hol"]);
    assert_eq!(ran.code, Some(2));
    has(&ran.err, &["there is no rule `cbp-hol` (did you mean `cbp-hold`?)"]);
    assert_eq!(place.run(&["rules", "why", "ABC-1234567-6", "cbp-hold"]).code, Some(1), "not known");
}

fn backtest(place: &Place) {
    place.write("candidate.toml", CANDIDATE);
    let text = place.out(&["rules", "backtest", "--rules", "candidate.toml", "--since", "2025-01-01"]);
    has(
        &text,
        &[
            "2025-04-01 Tue  operations@example.com",
            "live       agency-hold (critical)",
            "protest-due (critical)",
            " 0 added, ",
            " 1 changed",
        ],
    );
    let none =
        place.out(&["rules", "backtest", "--rules", "candidate.toml", "--since", "2200-01-01", "--json"]);
    let json: Value = serde_json::from_str(&none).expect("JSON");
    assert_eq!((&json["live"], &json["days"]), (&Value::from(0), &Value::Array(Vec::new())));
    place.write("broken.toml", "[[rule]]\nname = \"x\"\n");
    let ran = place.run(&["rules", "backtest", "--rules", "broken.toml", "--since", "2025-01-01"]);
    assert_eq!(ran.code, Some(2));
    has(
        &ran.err,
        &[
            "broken.toml is not sound (in front of rules/default.toml; a file of the same name",
            "broken.toml:1:1: rule `x` has no `title`",
        ],
    );
    let none = place.out(&["rules", "backtest", "--rules", "candidate.toml", "--since", "2200-01-01"]);
    has(&none, &["No letter since 2200-01-01 on either side."]);
}

fn timeline(place: &Place) {
    let text = place.out(&["rules", "timeline", "summary-due", "--target", "2026-03-13"]);
    has(
        &text,
        &[
            "on the day to act",
            "2026-03-10 Tue 06:00 America/New_York  warning   step 3, letter to operations@example.com",
        ],
    );
    // The day to act that is made up lies ahead of the day that was asked for.
    let text = place.out(&["rules", "timeline", "protest-due", "--at", "2027-07-10 09:00"]);
    assert!(text.contains("If the day to act is 2027-10-09") && text.contains("step 90, "), "{text}");
    let text = place.out(&["rules", "timeline", "routine"]);
    has(&text, &["Waits for the next daily digest, info: operations at 08:00 (America/New_York)."]);
    let text = place.out(&["rules", "timeline", "cbp-hold", "--at", "2026-03-07 23:30", "--broker", "acme"]);
    has(
        &text,
        &[
            "If it happens on 2026-03-07 Sat 23:30 (America/New_York), mails leave:",
            "2026-03-07 Sat 23:30 America/New_York  critical  letter to operations@example.com",
        ],
    );
    let ran = place.run(&["rules", "timeline", "cbp-hold", "--broker", "acne"]);
    assert_eq!(ran.code, Some(2));
    has(&ran.err, &["there is no broker `acne` (did you mean `acme`?)"]);
}

/// An empty list would hide a slip of the pen.
#[test]
fn names_that_nobody_knows_are_refused() {
    let place = Place::new();
    let silence = |what: [&str; 2]| {
        let now = entrywatch::clock::Clock::now(&entrywatch::clock::SystemClock);
        let until = now.date_naive() + chrono::Days::new(10);
        let until = until.to_string();
        let arguments = ["alerts", "silence", what[0], what[1], "--reason", "known", "--until", &until];
        (place.run(&arguments), place.run(&[&arguments[..], &["--owner", "unknown"]].concat()))
    };
    for (arguments, code, said) in [
        (
            &["alerts", "list", "--rule", "cbp-hol"][..],
            2,
            "there is no rule `cbp-hol` (did you mean `cbp-hold`?)",
        ),
        (
            &["alerts", "list", "--entry", "ABC-1234567-8"],
            1,
            "no message has named entry ABC-1234567-8 so far",
        ),
        (&["entries", "--broker", "acne"], 2, "there is no broker `acne` (did you mean `acme`?)"),
        (&["report", "drift", "--broker", "acne"], 2, "there is no broker `acne` (did you mean `acme`?)"),
        (&["calendar", "operation"], 2, "there is no team `operation` (did you mean `operations`?)"),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{arguments:?}");
        has(&ran.err, &[said]);
    }
    // A rule and a broker that are known may have nothing to show.
    place.out(&["alerts", "list", "--rule", "seizure"]);
    place.out(&["entries", "--broker", "ACME", "--open-hold"]);
    for (what, said) in [
        (["--rule", "cbp-hol"], "there is no rule `cbp-hol`"),
        (["--broker", "acne"], "there is no broker `acne` (did you mean `acme`?)"),
        (
            ["--entry", "ABC-1234567-8"],
            "no message has named entry ABC-1234567-8 so far, and its check digit is wrong; did you mean ABC-1234567-6?",
        ),
    ] {
        let (ran, _) = silence(what);
        assert_eq!(ran.code, Some(2), "{what:?}");
        has(&ran.err, &[said]);
    }
    let (ran, nobody) = silence(["--entry", "ABC-1234567-6"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    has(
        &ran.err,
        &["Silent until", "No message has named the entry so far; the silence holds as soon as one does."],
    );
    assert_eq!(nobody.code, Some(2));
    has(&nobody.err, &["--owner must be the name of a person or a team"]);
    let shown = place.out(&["alerts", "silences"]);
    assert_eq!(shown.lines().count(), 2, "the refused ones are not there: {shown}");
    assert!(!shown.contains("unknown"), "{shown}");
}

fn tests_and_check(place: &Place) {
    let text = place.out(&["rules", "test"]);
    has(&text, &[" passed, 0 failed"]);
    assert_eq!(place.out(&["rules", "test", "candidate.toml"]), "2 passed, 0 failed\n");
    assert_eq!(place.out(&["rules", "test", "scenarios/hold.txt"]), "1 passed, 0 failed\n");
    place.write(
        "untested.toml",
        "[[rule]]\nname = \"mute\"\ntitle = \"Mute\"\non = \"notice\"\nwhen = { effect = \"exam\" }\ndelivery = \"none\"\n",
    );
    has(&place.out(&["rules", "test", "untested.toml"]), &["untested.toml: no tests", "nothing was tried"]);
    let text = place.out(&["check", "--offline"]);
    has(
        &text,
        &[
            "scenario scenarios/hold.txt: every letter as expected",
            "rules overlap: `",
            "every rule's letters render",
        ],
    );
    // One letter more than was told: the test fails, and so does check.
    place.write(
        "scenarios/hold.txt",
        &HOLD.replace("                  expect   letter \"CBP hold\" to operations@example.com\n", ""),
    );
    let ran = place.run(&["rules", "test"]);
    assert_eq!(ran.code, Some(1));
    has(
        &ran.out,
        &[
            "FAIL  scenarios/hold.txt",
            "scenarios/hold.txt:2:19: nobody expected the letter \"[CRITICAL]",
            " 1 failed",
        ],
    );
    let ran = place.run(&["check", "--offline"]);
    assert_eq!(ran.code, Some(1));
    has(&ran.out, &["FAIL  scenario scenarios/hold.txt: scenarios/hold.txt:2:19: nobody expected"]);
}

/// A release filing and no answer to it.
const FILED: &str = "\
A27049Z7      070125     SE
B  27049Z7SE
SE10A9Z7  10000591 01EI 12-34567890011800000160002704  2704
Y  27049Z7SE00001
Z27049Z7      070125
";

#[test]
fn several_clocks_of_one_kind_are_told_apart() {
    let place = Place::new();
    place.write("se.txt", FILED);
    place.out(&["ingest", "se.txt"]);
    let number = "9Z7-1000059-1";
    for mailed in ["2026-09-10", "2026-10-12"] {
        place.out(&["record", "surety_demand", number, &format!("demand_mailed={mailed}"), "--author", "jo"]);
    }
    let names = ["PROTEST_SURETY@2026-09-10", "PROTEST_SURETY@2026-10-12"];
    for command in [
        &["entry", number][..],
        &["explain", number],
        &["deadlines", "--on", "2026-11-20", "--within", "365d"],
    ] {
        has(&place.out(command), &names);
    }
    for name in names {
        has(&place.out(&["explain", number, name]), &["PROTEST_SURETY"]);
    }
}

#[test]
fn what_should_have_been_said_stands_in_every_answer() {
    let place = Place::new();
    place.write("se.txt", FILED);
    place.out(&["ingest", "se.txt"]);
    let number = "9Z7-1000059-1";
    let sentence = "There is no answer (SX) to the release filing. Awaited since 2025-07-01.";
    for command in [&["entry", number][..], &["explain", number], &["entries", "--silent"]] {
        has(&place.out(command), &["release-unanswered", "2025-07-03", sentence]);
    }
    has(&place.out(&["entries", "--silent", "--csv"]), &[",release-unanswered,,2025-07-01,2025-07-03,"]);
    for command in
        [&["entry", number, "--json"][..], &["explain", number, "--json"], &["entries", "--silent", "--json"]]
    {
        let answers = place.out(command);
        let answer = answers.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let is_own = |answer: &Value| {
            answer["entry"].as_str().is_some_and(|entry| entry.replace('-', "") == "9Z710000591")
        };
        let answer = answer.into_iter().find(is_own).expect("the entry");
        let missing = &answer["unheard"][0];
        assert_eq!(missing["code"], "release-unanswered", "{command:?}");
        assert_eq!(missing["missing_from"], "2025-07-03");
        assert_eq!(missing["text"], sentence);
    }
    // On the evening before it was not missing yet.
    let before = place.out(&["entries", "--silent", "--on", "2025-07-02", "--json"]);
    assert!(!before.contains(number), "{before}");

    let why = place.out(&["rules", "why", number, "release-unanswered"]);
    has(&why, &["release-unanswered", sentence, "decides: warning, told at once", "not said so far"]);
    let other = place.out(&["rules", "why", number, "summary-unanswered"]);
    has(&other, &["It does not apply to 1 other thing that the entry waits for"]);
    has(
        &place.out(&["rules", "why", number, "summary-unanswered", "--all"]),
        &["FAILS", "does not apply: code"],
    );
}
