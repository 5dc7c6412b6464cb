//! The rule language from the outside: one mistake a file, the reference, and what no default rule reaches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use entrywatch::clock::Zone;
use entrywatch::config::{Config, vocabulary};
use entrywatch::decode;
use entrywatch::diagnostic::Diagnostic;
use entrywatch::entry::Entry;
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::outbox::{Audience, Team};
use entrywatch::place::{Finding, Severity};
use entrywatch::rules::{
    Delivery, EMBEDDED, EMBEDDED_NAME, NoticeContext, Playbook, Rules, Vocabulary, reference, sample,
};
use entrywatch::workbench::inspect;
use entrywatch::workbench::timeline::{Occasion, TimelineMail, timeline};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shown(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn known() -> Vocabulary {
    vocabulary(Some(&Grammar::embedded())).with_brokers(["acme", "globex"])
}

fn parse(name: &str, text: &str) -> Result<Rules, Vec<Diagnostic>> {
    let rules = Rules::parse(&[(name, text)], &Playbook::embedded(), &["operations", "finance"], &known())?;
    let faults: Vec<Diagnostic> = rules.run_tests().into_iter().filter_map(|test| test.fault).collect();
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = item.path();
            if path.is_dir() {
                folders.push(path);
            } else if ending.is_empty() || path.extension().is_some_and(|end| end == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_wrong_rule_file_says_what_is_wrong_and_where() {
    let files = files("tests/rules_wrong", "toml");
    assert!(files.len() >= 40, "only {} wrong rule files", files.len());
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        let Err(faults) = parse(&name, &text) else { panic!("{name} is taken as a good rule file") };
        assert_eq!(
            faults.len(),
            1,
            "{name} has one mistake, and one fault should say so:\n{}",
            shown(&faults)
        );
        expect_test::expect_file![path.with_extension("expect")].assert_eq(&shown(&faults));
    }
}

#[test]
fn the_reference_is_up_to_date() {
    expect_test::expect_file![root().join("docs/rules-reference.md")].assert_eq(&reference::page());
}

#[test]
fn every_example_of_the_reference_loads() {
    for example in reference::examples() {
        let loaded = parse("example.toml", &example.text);
        let faults = loaded.err().unwrap_or_default();
        assert!(faults.is_empty(), "the example of `{}`:\n{}\n{}", example.key, example.text, shown(&faults));
    }
}

/// Collects the names of the fields that notices carry.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl NoticeSink for Names {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.0.extend(notice.fields.iter().map(|(name, _)| (*name).to_owned()));
    }

    fn finding(&mut self, _: Finding) {}
}

#[test]
fn rules_may_name_every_field_that_a_sample_carries() {
    let interpreter = Interpreter::new(Grammar::embedded()).expect("the embedded grammar is whole");
    let mut names = Names::default();
    for path in files("samples", "") {
        let bytes = std::fs::read(&path).expect("a sample");
        decode::decode_reader(
            &mut bytes.as_slice(),
            interpreter.grammar(),
            &mut |message: &decode::Message<'_>| {
                interpreter.interpret(message, &mut names);
            },
        )
        .expect("bytes in memory can be read");
    }
    assert!(names.0.len() > 50, "the samples carry fields");
    let known = known();
    let missing: Vec<&String> = names.0.iter().filter(|name| !known.has_field(name)).collect();
    assert!(missing.is_empty(), "fields that no rule may name: {missing:?}; see DERIVED_FIELDS");
}

#[test]
fn the_embedded_rules_load_with_the_whole_vocabulary() {
    let rules = parse(EMBEDDED_NAME, EMBEDDED);
    assert!(rules.is_ok(), "{}", shown(&rules.err().unwrap_or_default()));
}

/// The team of the tests.
fn audience() -> Audience {
    Audience::new(vec![Team {
        name: "operations".into(),
        to: vec!["operations@example.com".into()],
        zone: Zone::named("America/New_York").expect("a zone"),
        digest_at: chrono::NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min: Severity::Info,
    }])
}

/// A table that suggests how loud a code is wants somebody to hear of it. A code that no default rule tells of, or tells
/// of more quietly than its table suggests, stands in this list with what becomes of it.
#[test]
fn codes_that_no_default_rule_reaches() {
    let rules = parse(EMBEDDED_NAME, EMBEDDED).expect("the embedded rules are sound");
    let mut missed = String::new();
    let mut tried = 0;
    for notice in sample::notices(&Grammar::embedded().codes) {
        tried += 1;
        let number = notice.entry.expect("samples are about an entry");
        let entry = Entry::of(number, [&notice]);
        let ctx = NoticeContext {
            notice: &notice,
            before: None,
            after: Some(&entry),
            broker: "acme",
            deadlines: &[],
            now: None,
        };
        let reached = match rules.tell_notice(&ctx, 0) {
            None => "no rule".to_owned(),
            Some((_, telling))
                if telling.delivery != Delivery::None && telling.severity >= notice.severity =>
            {
                continue;
            }
            Some((rule, telling)) => {
                format!("{} ({} {})", rule.name, telling.severity.as_str(), telling.delivery.as_str())
            }
        };
        let code = notice.code.map(|code| code.to_string()).unwrap_or_default();
        let table = notice.table.as_deref().unwrap_or_default();
        missed.push_str(&format!("{table} {code} {}: {reached}\n", notice.severity.as_str()));
    }
    assert!(tried > 1_000, "only {tried} codes suggest a severity");
    // Deliberate: the playbook wants a look within a day or two here, not a call at once; a receipt is no news.
    expect_test::expect![[r#"
        liquidation-types R critical: reliquidation (warning now)
        liquidation-types 2 critical: liquidation-amounts-unknown (warning now)
        liquidation-types 4 critical: reliquidation (warning now)
        se90-message-types 01 critical: filing-rejected (warning now)
        x12_ack A info: acknowledged (info none)
        x12_ack A info: acknowledged (info none)
        x12_ack A info: acknowledged (info none)
    "#]]
    .assert_eq(&missed);
}

#[test]
fn the_default_rules_that_cross_are_known() {
    let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
    let overlaps = inspect::overlaps(&config.rules, &config.grammar.codes, &audience());
    expect_test::expect![[r#"
        `answer-known` and `liquidation-amounts-unknown` both hold for 1 of the events tried (test 2 of rule `answer-known`) and both mail operations@example.com; `answer-known` is asked first and decides
        `answer-known` and `liquidation-no-change` both hold for 1 of the events tried (test 2 of rule `answer-known`) and both mail operations@example.com; `answer-known` is asked first and decides
        `liquidation-unreadable` and `reliquidation` both hold for 5 of the events tried (liquidation R of liquidation-types with field unreadable `0`) and both mail operations@example.com; `liquidation-unreadable` is asked first and decides
        `liquidation-unreadable` and `liquidation-amounts-unknown` both hold for 7 of the events tried (liquidation L of liquidation-types with field unreadable `0`) and both mail operations@example.com; `liquidation-unreadable` is asked first and decides
        `liquidation-unreadable` and `liquidation-no-change` both hold for 7 of the events tried (liquidation L of liquidation-types with field unreadable `0`) and both mail operations@example.com; `liquidation-unreadable` is asked first and decides
        `liquidation-increase` and `reliquidation` both hold for 5 of the events tried (liquidation R of liquidation-types with $0 paid, $1 liquidated) and both mail operations@example.com; `liquidation-increase` is asked first and decides
        `liquidation-increase` and `liquidation-no-change` both hold for 7 of the events tried (liquidation L of liquidation-types with $0 paid, $1 liquidated) and both mail operations@example.com; `liquidation-increase` is asked first and decides"#]].assert_eq(&overlaps.join("\n"));
}

#[test]
fn rules_that_cross_are_named() {
    let text = r#"
[[rule]]
name = "fda"
title = "FDA"
on = "notice"
when = { agency = "FDA" }
severity = "warning"
test = [{ notice = { kind = "agency_status", effect = "exam", agency = "FDA" }, expect = "now" }]
[[rule]]
name = "epa-exams"
title = "EPA exams"
on = "notice"
when = { effect = "exam", agency = "EPA" }
severity = "critical"
delivery = "none"
[[rule]]
name = "exams"
title = "Exams"
on = "notice"
when = { effect = "exam" }
severity = "critical"
"#;
    let rules = parse("cross.toml", text).expect("sound rules");
    let overlaps = inspect::overlaps(&rules, &Grammar::embedded().codes, &audience());
    expect_test::expect!["`fda` and `exams` both hold for 2 of the events tried (agency_status 11 of pga-status with agency FDA) and both mail operations@example.com; `fda` is asked first and decides"].assert_eq(&overlaps.join("\n"));
}

#[test]
fn rules_on_one_clock_or_silence_that_cross_are_named() {
    let text = r#"
[[rule]]
name = "by-port"
title = "By port"
on = "deadline"
deadline = ["ES_DUE", "PROTEST_DUE"]
when = { port = { prefix = "27" } }
remind = [7, 1]
severity = "warning"
[[rule]]
name = "summaries"
title = "Summaries"
on = "deadline"
deadline = "ES_DUE"
remind = [5, 1]
severity = "critical"
[[rule]]
name = "of-acme"
title = "Of acme"
on = "silence"
when = { broker = "acme" }
severity = "warning"
[[rule]]
name = "of-statements"
title = "Of statements"
on = "silence"
when = { code = ["not-final", "on-no-statement"] }
severity = "warning"
"#;
    let rules = parse("cross.toml", text).expect("sound rules");
    let overlaps = inspect::overlaps(&rules, &Grammar::embedded().codes, &audience());
    expect_test::expect![[r#"
        `by-port` and `summaries` both hold for 4 of the events tried (clock ES_DUE on its last day with port 27) and both mail operations@example.com; `by-port` is asked first and decides
        `of-acme` and `of-statements` both hold for 2 of the events tried (silence on-no-statement with broker acme) and both mail operations@example.com; `of-acme` is asked first and decides"#]].assert_eq(&overlaps.join("\n"));
}

/// An override may bring two rules together that keep apart as they stand, or part two that do not.
#[test]
fn rules_that_cross_only_as_an_override_has_them_are_named() {
    let text = r#"
[[rule]]
name = "fda"
title = "FDA"
on = "notice"
when = { agency = "FDA" }
severity = "warning"
delivery = "none"
test = [{ notice = { kind = "agency_status", effect = "exam", agency = "FDA" }, expect = "silence" }]
[[rule]]
name = "exams"
title = "Exams"
on = "notice"
when = { effect = "exam" }
severity = "critical"
notify = ["operations"]
"#;
    let told = |overrides: &str| {
        let rules = parse("cross.toml", &format!("{text}{overrides}")).expect("sound rules");
        inspect::overlaps(&rules, &Grammar::embedded().codes, &audience()).join("\n")
    };
    assert_eq!(told(""), "");
    let changed = "[[broker_override]]\nbroker = \"acme\"\nrules = [\"fda\"]\n";
    expect_test::expect!["`fda` and `exams` both hold for 1 of the events tried (agency_status 11 of pga-status with broker acme, agency FDA) and, as the override at cross.toml:17 has it, both mail operations@example.com; `fda` is asked first and decides"].assert_eq(&told(&format!("{changed}delivery = \"now\"\n")));
    assert_eq!(told(&format!("{changed}delivery = \"now\"\nnotify = [\"finance\"]\n")), "");
}

/// What is asked of a rule is asked of it as each override has it.
#[test]
fn what_an_override_makes_of_a_rule_is_looked_at() {
    let text = r#"
[[rule]]
name = "handed-on"
title = "Handed on"
on = "notice"
when = { effect = "exam" }
severity = "critical"
escalate = [{ after = "4 hours", notify = ["finance"] }]
[[rule]]
name = "mute"
title = "Mute"
on = "deadline"
deadline = "PSC_DUE"
delivery = "none"
[[rule]]
name = "early"
title = "Early"
on = "deadline"
deadline = "ES_DUE"
severity = "warning"
delivery = "digest"
remind = [60, 30]
[[inhibit]]
name = "acme-knows"
when = { broker = "acme" }
hides = ["handed-on"]
[[broker_override]]
broker = "acme"
rules = ["handed-on"]
severity = "warning"
[[broker_override]]
broker = "globex"
delivery = "now"
notify = ["operations"]
"#;
    let rules =
        Rules::parse(&[("my.toml", text)], &Playbook::embedded(), &["operations", "finance"], &known());
    let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let teams = vec![team("operations", Severity::Info), team("finance", Severity::Critical)];
    let warnings = inspect::warnings(&rules, &Grammar::embedded().codes, &Audience::new(teams));
    let told: Vec<String> =
        warnings.iter().map(|warning| format!("{}: {}", warning.what, warning.text)).collect();
    expect_test::expect![[r#"
        rules: my.toml:22:10: rule `early`, as the override at my.toml:31 has it: its last step is 30 days before the date, so nothing is said in the last 14 days; 14, 7, 1 and 0 speak there
           22 | remind = [60, 30]
              |          ^^^^^^^^
        alerts hidden: inhibition `acme-knows` (my.toml:23) hides `handed-on` (my.toml:2), as the override at my.toml:27 has it, in 8 of 8 events tried, so that hardly anybody would hear of it: narrow its `when`
        letters to nobody: rule `mute` (my.toml:9), as the override at my.toml:31 has it, tells of clocks, but has no `remind`: nobody gets its letters
        letters to nobody: rule `handed-on` (my.toml:2), as the override at my.toml:27 has it, escalates to finance, and none of them takes what is warning (severity_min): nobody is told when nobody answers"#]].assert_eq(&told.join("\n"));
}

/// A rule in front may keep something back only because an override has it so.
#[test]
fn what_an_override_of_a_rule_in_front_keeps_back_is_named() {
    let text = r#"
[[rule]]
name = "exams"
title = "Exams"
on = "notice"
when = { effect = "exam" }
severity = "critical"
[[broker_override]]
broker = "acme"
rules = ["exams"]
delivery = "none"
"#;
    let files = [("my.toml", text), (EMBEDDED_NAME, EMBEDDED)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &known());
    let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let teams = vec![team("operations", Severity::Info), team("finance", Severity::Info)];
    let warnings = inspect::warnings(&rules, &Grammar::embedded().codes, &Audience::new(teams));
    let muted = warnings.iter().filter(|warning| warning.what == "alerts muted");
    let told: Vec<&str> = muted.map(|warning| &*warning.text).collect();
    expect_test::expect![[r#"rule `exams` (my.toml:2, as the override at my.toml:8 has it) tells nobody of what is critical or a legal date: `exam` (rules/default.toml:106), 72 of the events tried, like bill_status 1A of ams-dispositions with broker acme. If that is meant, say so in the rule: replaces = ["exam"]"#]].assert_eq(&told.join("\n"));
}

fn team(name: &str, severity_min: Severity) -> Team {
    Team {
        name: name.into(),
        to: vec![format!("{name}@example.com").into()],
        zone: Zone::named("America/New_York").expect("a zone"),
        digest_at: chrono::NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min,
    }
}

#[test]
fn what_is_probably_not_meant_is_told() {
    let text = r#"
[[rule]]
name = "quiet-weekend"
title = "Quiet weekend"
on = "notice"
when = { weekday = ["Sat", "Sun"], effect = "exam" }
delivery = "none"
[[rule]]
name = "releases"
title = "Releases"
on = "notice"
when = { effect = ["release", "one_government"] }
severity = "info"
delivery = "digest"
notify = ["finance"]
[[rule]]
name = "one-entry"
title = "One entry"
on = "notice"
when = { entry_number = "ABC12345670" }
severity = "warning"
notify = ["finance"]
[[rule]]
name = "handed-on"
title = "Handed on"
on = "notice"
when = { entry_number = "ABC12345676" }
severity = "warning"
notify = ["operations"]
escalate = [{ after = "4 hours", notify = ["finance"] }]
"#;
    let files = [("my.toml", text), (EMBEDDED_NAME, EMBEDDED)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &known());
    let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let teams = vec![team("operations", Severity::Info), team("finance", Severity::Critical)];
    let warnings = inspect::warnings(&rules, &Grammar::embedded().codes, &Audience::new(teams));
    let told: Vec<String> =
        warnings.iter().map(|warning| format!("{}: {}", warning.what, warning.text)).collect();
    expect_test::expect![[r#"
        rules: my.toml:20:25: the check digit of entry number `ABC-1234567-0` is wrong, unless CBP gave its filer an offset
           20 | when = { entry_number = "ABC12345670" }
              |                         ^^^^^^^^^^^^^
        alerts muted: rule `quiet-weekend` (my.toml:2) tells nobody of what is critical or a legal date: `exam` (rules/default.toml:106), 8 of the events tried, like bill_status 1A of ams-dispositions with Sat. If that is meant, say so in the rule: replaces = ["exam"]
        rules in front: behind rule `releases` (my.toml:8) these can never be asked: `released-with-open-holds` (rules/default.toml:257), `released` (rules/default.toml:270). If that is meant, say so in the rule: replaces = ["released", "released-with-open-holds"]
        letters to nobody: rule `releases` (my.toml:8) tells finance of what is info at most, and none of them takes that (severity_min): nobody gets its letters
        letters to nobody: rule `one-entry` (my.toml:16) tells finance of what is warning at most, and none of them takes that (severity_min): nobody gets its letters
        letters to nobody: rule `handed-on` (my.toml:23) escalates to finance, and none of them takes what is warning (severity_min): nobody is told when nobody answers"#]].assert_eq(&told.join("\n"));
}

/// A ladder may begin as quiet as its team does not take, and an override may leave to a digest what asks for an answer.
#[test]
fn steps_that_nobody_hears_and_answers_that_nobody_is_asked_for_are_told() {
    let text = r#"
[[broker_override]]
broker = "acme"
rules = ["asks", "cbp-hold"]
delivery = "digest"
[[rule]]
name = "asks"
title = "Asks for an answer"
on = "notice"
when = { effect = "exam", port = "2704" }
severity = "critical"
remind = "at once, then every day, at most 3 times"
escalate = [{ after = "4 hours", notify = ["operations"] }]
[[rule]]
name = "late"
title = "Loud at the end"
on = "deadline"
deadline = "PROTEST_DUE"
when = { port = "2704" }
remind = [60, 30, 14, 7, 1, 0]
severity = "warning"
severity_from = [{ days = 14, severity = "critical" }]
notify = ["finance"]
"#;
    let files = [("my.toml", text), (EMBEDDED_NAME, EMBEDDED)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &known());
    let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let teams = vec![team("operations", Severity::Info), team("finance", Severity::Critical)];
    let warnings = inspect::warnings(&rules, &Grammar::embedded().codes, &Audience::new(teams));
    let told =
        warnings.iter().filter(|warning| ["letters to nobody", "no answer asked"].contains(&warning.what));
    let told: Vec<String> = told.map(|warning| format!("{}: {}", warning.what, warning.text)).collect();
    expect_test::expect![[r#"
        letters to nobody: these steps are as quiet as no team of their rule takes (severity_min), so nobody hears of the date before a later one: `late` (60, 30)
        no answer asked: the override at my.toml:2 leaves `asks` to the digest, which says everything once: `remind` and `escalate` do not hold for its brokers"#]].assert_eq(&told.join("\n"));
}

/// An override may make letters so quiet that the teams of the rule do not take them, and only for that broker.
#[test]
fn overrides_by_which_letters_reach_nobody_are_told() {
    let told = |overrides: &str| {
        let files = [("my.toml", overrides), (EMBEDDED_NAME, EMBEDDED)];
        let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &known());
        let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
        let teams = vec![team("operations", Severity::Warning), team("finance", Severity::Critical)];
        let warnings = inspect::warnings(&rules, &Grammar::embedded().codes, &Audience::new(teams));
        let unheard = warnings.into_iter().filter(|warning| warning.text.starts_with("the override at"));
        unheard.map(|warning| format!("{}: {}", warning.what, warning.text)).collect::<Vec<_>>().join("\n")
    };
    let change = |rest: &str| format!("[[broker_override]]\nbroker = \"acme\"\n{rest}\n");
    expect_test::expect!["letters to nobody: the override at my.toml:1 makes `seizure`, `general-order`, `do-not-load`, `exam`, `cbp-hold` and 1 more rule as quiet as none of its teams takes (severity_min): nobody gets their letters"].assert_eq(&told(&change(
        "rules = [\"exam\", \"cbp-hold\", \"agency-hold\", \"do-not-load\", \"seizure\", \"general-order\"]\nseverity = \"info\"",
    )));
    expect_test::expect!["letters to nobody: the override at my.toml:1 makes `exam` as quiet as none of its teams takes (severity_min): nobody gets their letters"]
        .assert_eq(&told(&change("rules = [\"exam\"]\nseverity = \"warning\"\nnotify = [\"finance\"]")));
    // Somebody takes it, nobody is to be told, or nobody heard of it before: no news.
    for quiet in [
        "rules = [\"exam\"]\nseverity = \"warning\"",
        "rules = [\"exam\"]\nseverity = \"info\"\ndelivery = \"none\"",
        "rules = [\"released\"]\nseverity = \"info\"",
        "rules = [\"exam\"]\nnotify = [\"finance\"]",
    ] {
        assert_eq!(told(&change(quiet)), "", "{quiet}");
    }
}

#[test]
fn every_rule_has_letters_that_render() {
    let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
    let renderer = entrywatch::daemon::assemble::renderer(&config).expect("the templates are sound");
    let rendered = inspect::render_all(&config.rules, &renderer).expect("every letter renders");
    assert!(rendered > 400, "{rendered}");
}

#[test]
fn timelines_are_told_in_plain_words() {
    let config = Config::embedded_defaults(Path::new("/nowhere")).expect("the example is sound");
    let pipeline = entrywatch::daemon::assemble::pipeline(&config).expect("the example is sound");
    let pipeline = std::sync::Arc::new(pipeline);
    let told = |rule: &str| {
        let rule = config.rules.get(rule).expect("the rule is there");
        let target = "2026-03-13".parse().expect("a date");
        let known = "2026-01-15T15:00:00Z".parse().expect("an instant");
        let occasion = Occasion { target, ..Occasion::usual(rule, &audience(), known) };
        let told = timeline(&pipeline, rule, &occasion).expect("it is played");
        let mut lines = told.sentences;
        for TimelineMail { local, zone, step, severity, what, recipient, waited, .. } in told.mails {
            let (step, severity) = (step.unwrap_or_default(), severity.as_str());
            lines.push(format!("{local} {zone} {step} {severity} {what} {recipient} {waited:?}"));
        }
        lines.join("\n")
    };
    expect_test::expect![[r#"
        Reminds of ES_DUE: 5 days before, 3 days before, 2 days before, 1 day before, on the day to act, the day after.
        Mails warning at 6:00 in the morning on the day of a step, by the clock of each recipient.
        It is critical from this step on: 1 day before.
        It names nobody, so it tells all: operations (operations@example.com).
        Each step is told once. Steps that passed unseen become one mail; when the date moves, the ladder begins anew.
        An acknowledgement pauses the ladder until its day comes or 14 days are left; the last 7 days before a legal day cannot be silenced.
        Each of operations gets what comes after 3 letters for one broker within 2 minutes in one letter; gets at most 30 letters in 10 minutes, and one summary of the rest.
        2026-03-08 Sun 06:00 America/New_York 5 warning letter operations@example.com None
        2026-03-10 Tue 06:00 America/New_York 3 warning letter operations@example.com None
        2026-03-11 Wed 06:00 America/New_York 2 warning letter operations@example.com None
        2026-03-12 Thu 06:00 America/New_York 1 critical letter operations@example.com None
        2026-03-13 Fri 06:00 America/New_York 0 critical letter operations@example.com None
        2026-03-14 Sat 06:00 America/New_York overdue critical letter operations@example.com None"#]].assert_eq(&told("summary-due"));
    expect_test::expect![[r#"
        Reminds of LIQ_SCHEDULED_EST, LIQ_DEEMED_1Y, LIQ_EXT_END, LIQ_CAP_4Y, LIQ_SUSP_6M, RELIQ_90D: 30 days before, 7 days before.
        Waits for the next daily digest, info: operations at 08:00 (America/New_York).
        It names nobody, so it tells all: operations (operations@example.com).
        Each step is told once. Steps that passed unseen become one mail; when the date moves, the ladder begins anew.
        An acknowledgement pauses the ladder until its day comes or 14 days are left; the last 7 days before a legal day cannot be silenced.
        Each of operations gets what comes after 3 letters for one broker within 2 minutes in one letter; gets at most 30 letters in 10 minutes, and one summary of the rest.
        2026-02-11 Wed 08:00 America/New_York 30 info digest of 2026-02-11 operations@example.com None
        2026-03-06 Fri 08:00 America/New_York 7 info digest of 2026-03-06 operations@example.com None"#]].assert_eq(&told("watch-dates"));
    expect_test::expect![[r#"
        Looks at every notice that was not known before; it applies when kind = ["acknowledgement", "filing_response"] and severity = "info".
        Keeps silent: no alert, no mail, and no later rule is asked."#]].assert_eq(&told("acknowledged"));
}
