//! Scenarios that do not go as told, and files that are none.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use expect_test::{Expect, expect};

use super::*;
use crate::config::Config;
use crate::daemon::assemble;
use crate::email::Renderer;
use crate::pipeline::Pipeline;

fn embedded() -> &'static (Arc<Pipeline>, Renderer) {
    static EMBEDDED: OnceLock<(Arc<Pipeline>, Renderer)> = OnceLock::new();
    EMBEDDED.get_or_init(|| {
        let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
        let pipeline = assemble::pipeline(&config).expect("the example can be used");
        (Arc::new(pipeline), assemble::renderer(&config).expect("the templates are sound"))
    })
}

fn check(text: &str, wanted: Expect) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo");
    let faults = match Scenario::read("s.txt", text, &folder) {
        Ok(scenario) => {
            let (pipeline, renderer) = embedded();
            play(&scenario, &mut BenchStage::new(pipeline.clone(), renderer), &load_message)
        }
        Err(faults) => faults,
    };
    let shown: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    wanted.assert_eq(&shown.replace(&folder.display().to_string(), "<demo>"));
}

#[test]
fn letters_are_exact() {
    check(
        "2025-04-01 09:05  receive 1-hold.txt from acme-brokers\n2025-04-02 14:10  receive 2-released.txt\n",
        expect![[r#"
            s.txt:1:19: nobody expected the letter "[CRITICAL] 9Z7-1000042-5 CBP hold: manifest hold by CBP on the bill (acme-brokers) (+2 more)" to operations@example.com
                1 | 2025-04-01 09:05  receive 1-hold.txt from acme-brokers
                  |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
    check(
        "2025-04-01 09:05  receive 1-hold.txt\n                  expect letter \"hold\" to somebody@example.com\n",
        expect![[r#"
            s.txt:1:19: nobody expected the letter "[CRITICAL] 9Z7-1000042-5 CBP hold: manifest hold by CBP on the bill (acme) (+2 more)" to operations@example.com
                1 | 2025-04-01 09:05  receive 1-hold.txt
                  |                   ^^^^^^^^^^^^^^^^^^
            s.txt:2:19: no letter fits; there is "[CRITICAL] 9Z7-1000042-5 CBP hold: manifest hold by CBP on the bill (acme) (+2 more)" to operations@example.com
                2 |                   expect letter "hold" to somebody@example.com
                  |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
    check(
        "2025-04-01 09:05  clock\n  expect letter \"hold\"\n",
        expect![[r#"
        s.txt:2:3: there is no letter
            2 |   expect letter "hold"
              |   ^^^^^^^^^^^^^^^^^^^^
    "#]],
    );
}

#[test]
fn expectations_that_are_not_met_say_what_there_is() {
    check(
        "2025-04-01 09:05  smtp refuse 451 later\n  receive 1-hold.txt\n  expect waiting 2\n  expect status 9Z7-1000042-5 \
         released\n  expect holds 9Z7-1000042-5 none\n  expect deadline 9Z7-1000042-5 ES_DUE 2025-04-16\n  expect status \
         ABC-1234567-6 held\n  rebuild\n",
        expect![[r#"
            s.txt:3:3: it is `1`, not `2`
                3 |   expect waiting 2
                  |   ^^^^^^^^^^^^^^^^
            s.txt:4:3: it is `held`, not `released`
                4 |   expect status 9Z7-1000042-5 released
                  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            s.txt:5:3: it is `CBP/51,CBP/96,FDA/02`, not `none`
                5 |   expect holds 9Z7-1000042-5 none
                  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            s.txt:6:3: it is `unknown`, not `2025-04-16`
                6 |   expect deadline 9Z7-1000042-5 ES_DUE 2025-04-16
                  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            s.txt:7:3: the entry ABC-1234567-6 is not known
                7 |   expect status ABC-1234567-6 held
                  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            s.txt:8:3: there is no journal to rebuild from
                8 |   rebuild
                  |   ^^^^^^^
        "#]],
    );
    check(
        "2025-04-01 09:05  receive missing.txt\n",
        expect![[r#"
        s.txt:1:19: <demo>/missing.txt: No such file or directory (os error 2)
            1 | 2025-04-01 09:05  receive missing.txt
              |                   ^^^^^^^^^^^^^^^^^^^
    "#]],
    );
}

/// A letter that cannot leave is one that nobody expected.
#[test]
fn what_is_untold_at_the_end_is_named() {
    check(
        "2025-04-01 09:05  smtp refuse 451 later\n  receive 1-hold.txt\n  expect no letter\n2025-04-01 09:20 wait\n",
        expect![[r#"
            s.txt:4:18: letters that wait for a server at the end: 1 (`expect waiting 1`)
                4 | 2025-04-01 09:20 wait
                  |                  ^^^^
        "#]],
    );
    check(
        "2025-04-01 09:05  smtp reject 550 gone\n  receive 1-hold.txt\n",
        expect![[r#"
        s.txt:2:3: letters that were given up: 1 (`expect given up 1`)
            2 |   receive 1-hold.txt
              |   ^^^^^^^^^^^^^^^^^^
    "#]],
    );
    check(
        "2025-04-01 09:05  smtp refuse 451 later\n  receive 1-hold.txt\n  expect waiting 1\n",
        expect![[r#""#]],
    );
    let hold = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/1-hold.txt"))
        .expect("the sample");
    let mut text = "2025-04-01 09:05  clock\n".to_owned();
    for serial in 1..=4 {
        let other = hold.replace("10000425", &format!("2000{serial}005"));
        let lines: String = other.lines().map(|line| format!("  |{line}\n")).collect();
        text += &format!("  receive {serial}.txt\n{lines}");
        if serial < 4 {
            text += "  expect letter \"hold\"\n";
        }
    }
    check(
        &text,
        expect![[r#"
        s.txt:38:3: alerts that are gathered for a letter at the end: 3 (go on: `2025-04-01 09:07 wait`)
           38 |   receive 4.txt
              |   ^^^^^^^^^^^^^
    "#]],
    );
}

#[test]
fn messages_may_stand_in_the_scenario() {
    let message =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/demo/1-hold.txt"))
            .expect("the sample");
    let lines: String = message.lines().map(|line| format!("  |{line}\n")).collect();
    let text = format!(
        "2025-04-01 09:05  receive hold.txt\n{lines}  expect letter \"hold\"\n  expect body \"hold.txt\"\n"
    );
    check(&text, expect![[r#""#]]);
}

#[test]
fn moments_that_cannot_be_are_faults() {
    check(
        "2025-02-30 09:05 receive hold.txt\n| line\n  wait\n2025-03-02 25:00 wait\n2025-03-03 wait\n2025-03-04 09:00 wait\n\
         2025-03-02 09:00 wait\n2025-03-03 10:00 wait\n2025-13-01 09:00\n",
        expect![[r#"
            s.txt:1:1: there is no such day: `2025-02-30`
                1 | 2025-02-30 09:05 receive hold.txt
                  | ^^^^^^^^^^^^^^^^
            s.txt:4:1: there is no such time of day: `25:00`
                4 | 2025-03-02 25:00 wait
                  | ^^^^^^^^^^^^^^^^
            s.txt:5:1: `2025-03-03` has no time of day, like 2025-03-03 09:00
                5 | 2025-03-03 wait
                  | ^^^^^^^^^^
            s.txt:7:1: time does not go back: 2025-03-02 09:00 stands behind 2025-03-04 09:00
                7 | 2025-03-02 09:00 wait
                  | ^^^^^^^^^^^^^^^^
            s.txt:9:1: there is no such day: `2025-13-01`
                9 | 2025-13-01 09:00
                  | ^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn files_come_from_brokers_that_there_are() {
    let read = |from: &str| {
        let text = format!("2025-04-01 09:05  receive 1-hold.txt{from}\n");
        Scenario::read("s.txt", &text, Path::new("/nowhere")).expect("a scenario")
    };
    let faults = |from: &str, known: &[&str]| -> String {
        let faults = read(from).from_brokers(known).err().unwrap_or_default();
        faults.iter().map(|fault| format!("{fault}\n")).collect()
    };
    expect![[r#"
        s.txt:1:19: no broker is called `acmee` (did you mean `acme`?)
            1 | 2025-04-01 09:05  receive 1-hold.txt from acmee
              |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#]]
    .assert_eq(&faults(" from acmee", &["acme", "globex"]));
    assert_eq!(faults(" from globex", &["acme", "globex"]), "");
    assert_eq!(faults("", &["globex"]), "");
    assert_eq!(faults(" from anybody", &[]), "");
}

#[test]
fn lines_that_are_no_events_are_faults() {
    check(
        "",
        expect![[r#"
        s.txt: the scenario has no event
    "#]],
    );
    check(
        "  clock\n2025-04-01 09:05\n2025-04-01 09:05 recieve a.txt\n2025-04-01 09:05 receive\n  smtp shrugs\n  expect mail\n  \
         expect waiting x\n  expect status 12 held\n  expect letter \"a\" for b\n| line\n",
        expect![[r#"
            s.txt:1:3: the first event has no moment, like 2026-03-02 09:00
                1 |   clock
                  |   ^^^^^
            s.txt:2:1: a moment without an event
                2 | 2025-04-01 09:05
                  | ^^^^^^^^^^^^^^^^
            s.txt:3:18: `recieve` is no event (did you mean `receive`?)
                3 | 2025-04-01 09:05 recieve a.txt
                  |                  ^^^^^^^^^^^^^
            s.txt:4:18: `receive` names no file
                4 | 2025-04-01 09:05 receive
                  |                  ^^^^^^^
            s.txt:5:3: `shrugs` is no answer of a server (accept, refuse, reject)
                5 |   smtp shrugs
                  |   ^^^^^^^^^^^
            s.txt:6:3: `mail` cannot be expected (letter "…" [to …], no letter, body "…", waiting N, given up N, status, holds, deadline)
                6 |   expect mail
                  |   ^^^^^^^^^^^
            s.txt:7:3: `x` is no number
                7 |   expect waiting x
                  |   ^^^^^^^^^^^^^^^^
            s.txt:8:3: `12` is no entry number
                8 |   expect status 12 held
                  |   ^^^^^^^^^^^^^^^^^^^^^
            s.txt:9:3: `for b` is no recipient (to ADDRESS)
                9 |   expect letter "a" for b
                  |   ^^^^^^^^^^^^^^^^^^^^^^^
            s.txt:10:1: a line of a message must stand behind `receive`
               10 | | line
                  | ^^^^^^
        "#]],
    );
}
