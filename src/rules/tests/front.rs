//! What rules in front keep from those behind, and say so or not.

use expect_test::{Expect, expect};

use super::*;
use crate::rules::Front;

/// What stands behind.
const BEHIND: &str = r#"
[[rule]]
name = "hold"
title = "Hold"
on = "notice"
when = { effect = "any_hold" }
severity = "critical"
test = [{ notice = { kind = "bill_status", effect = "exam" }, expect = "now" }]
[[rule]]
name = "released"
title = "Released"
on = "notice"
when = { effect = "release" }
severity = "info"
delivery = "digest"
test = [{ notice = { kind = "release_status", effect = "release" }, expect = "digest" }]
[[rule]]
name = "other"
title = "Other"
on = "notice"
severity = "of-notice"
[[rule]]
name = "protest"
title = "Protest"
on = "deadline"
deadline = "PROTEST_DUE"
remind = [30, 7, 0, "overdue"]
severity = "warning"
test = [{ deadline = "PROTEST_DUE", act_by = 2026-09-02, on = 2026-08-03, expect = "now", step = 30 }]
[[rule]]
name = "year-over"
title = "Year over"
on = "silence"
when = { code = "year-over" }
severity = "critical"
"#;

fn rules(front: &str) -> (Rules, crate::grammar::CodeTables) {
    let files = [("my.toml", front), ("later.toml", BEHIND)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &with_table())
        .unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let mut tables = crate::grammar::CodeTables::default();
    let text = "code\tmeaning\tkind\tsuggested_alert\teffect\n96\tdocument required\tSO60\tcritical\tdocuments\n98\treleased\tSO60\tinfo\trelease\n";
    tables.insert(CodeTable::parse("so60-entry-dispositions", text).expect("a good table"));
    (rules, tables)
}

fn fronts(front: &str) -> Vec<Front> {
    let (rules, tables) = rules(front);
    rules.fronts(&tables)
}

#[test]
fn inhibitions_that_hide_nearly_all_of_a_rule_are_named() {
    let hidden = |when: &str| {
        let (rules, tables) =
            rules(&format!("[[inhibit]]\nname = \"x\"\nwhen = {when}\nhides = [\"hold\", \"released\"]\n"));
        let found = rules.smothered(&tables).into_iter();
        found.map(|smothered| (smothered.rule.rule, smothered.place)).collect::<Vec<_>>()
    };
    let both = [("hold", "my.toml:1"), ("released", "my.toml:1")];
    let both = both.map(|(rule, place)| (rule.to_owned(), place.to_owned()));
    for when in [
        "{ any = [{ open_hold_after = true }, { open_hold_after = false }] }",
        "{ not = { status = \"cancelled\" } }",
    ] {
        assert_eq!(hidden(when), both, "{when}");
    }
    for when in ["{ status = \"cancelled\" }", "{ broker = \"globex\" }"] {
        assert_eq!(hidden(when), [], "{when}");
    }
}

fn told(front: &str, wanted: Expect) {
    let mut told = String::new();
    for front in fronts(front) {
        told.push_str(&format!("{} ({})\n", front.called, front.place));
        for behind in &front.never {
            told.push_str(&format!("  never: {} ({})\n", behind.rule, behind.place));
        }
        for muted in &front.muted {
            let (rule, silent) = (&muted.behind.rule, muted.is_silent);
            told.push_str(&format!(
                "  muted: {rule}, silent {silent}, {}: {}\n",
                muted.events, muted.example
            ));
        }
        for test in &front.tests {
            told.push_str(&format!("  test {} of {} ({})\n", test.number, test.rule, test.place));
        }
        if front.more_tests > 0 {
            told.push_str(&format!("  and {} tests of those\n", front.more_tests));
        }
    }
    wanted.assert_eq(&told);
}

fn mute(rest: &str) -> String {
    format!("[[rule]]\nname = \"mute\"\ntitle = \"Mute\"\ndelivery = \"none\"\n{rest}\n")
}

#[test]
fn a_rule_without_a_condition_ends_all_behind_it() {
    told(
        &mute("on = \"notice\""),
        expect![[r#"
        rule `mute` (my.toml:1)
          never: hold (later.toml:2)
          never: released (later.toml:9)
          never: other (later.toml:17)
          muted: hold, silent true, 2: release_status 96 of so60-entry-dispositions
          and 2 tests of those
    "#]],
    );
    told(
        &mute("on = \"deadline\"\ndeadline = \"*\""),
        expect![[r#"
        rule `mute` (my.toml:1)
          never: protest (later.toml:22)
          muted: protest, silent true, 5: clock PROTEST_DUE on its last day
          and 1 tests of those
    "#]],
    );
}

#[test]
fn a_narrow_rule_mutes_what_it_takes() {
    told(
        &mute("on = \"notice\"\nwhen = { effect = \"documents\", port = \"2704\" }"),
        expect![[r#"
        rule `mute` (my.toml:1)
          muted: hold, silent true, 1: release_status 96 of so60-entry-dispositions with port 2704
    "#]],
    );
    told(
        &mute("on = \"notice\"\nwhen = { weekday = [\"Sat\", \"Sun\"] }"),
        expect![[r#"
        rule `mute` (my.toml:1)
          muted: hold, silent true, 1: release_status 96 of so60-entry-dispositions with Sat
    "#]],
    );
    told(
        &mute("on = \"silence\"\nwhen = { code = \"year-over\", broker = \"acme\" }"),
        expect![[r#"
        rule `mute` (my.toml:1)
          muted: year-over, silent true, 1: silence year-over with broker acme
    "#]],
    );
}

#[test]
fn what_is_meant_is_not_told() {
    let meant = "on = \"notice\"\nwhen = { effect = \"documents\" }\nreplaces = [\"hold\"]";
    told(&mute(meant), expect![[""]]);
    let louder = "[[rule]]\nname = \"mine\"\ntitle = \"Mine\"\non = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"critical\"\n";
    told(louder, expect![[""]]);
    let quiet = "on = \"notice\"\nwhen = { effect = \"release\" }";
    told(
        &mute(quiet),
        expect![[r#"
        rule `mute` (my.toml:1)
          never: released (later.toml:9)
          and 1 tests of those
    "#]],
    );
}

#[test]
fn a_shorter_ladder_and_an_override_are_told() {
    let short = "[[rule]]\nname = \"late\"\ntitle = \"Late\"\non = \"deadline\"\ndeadline = \"PROTEST_DUE\"\nwhen = { entry_type = \"01\" }\nremind = [\"overdue\"]\nseverity = \"critical\"\n";
    told(
        short,
        expect![[r#"
        rule `late` (my.toml:1)
          muted: protest, silent true, 2: clock PROTEST_DUE on its last day with entry type 01
    "#]],
    );
    let all = "[[broker_override]]\nbroker = \"acme\"\ndelivery = \"digest\"\n";
    told(
        all,
        expect![[r#"
        the broker override (my.toml:1)
          muted: hold, silent false, 1: release_status 96 of so60-entry-dispositions with broker acme
          muted: protest, silent false, 4: clock PROTEST_DUE on its last day with broker acme
          muted: year-over, silent false, 1: silence year-over with broker acme
    "#]],
    );
    let named = "[[broker_override]]\nbroker = \"acme\"\ndelivery = \"digest\"\nrules = [\"hold\", \"other\", \"protest\", \"year-over\"]\n";
    told(named, expect![[""]]);
}

#[test]
fn the_embedded_rules_keep_nothing_from_each_other() {
    assert!(embedded().fronts(&Default::default()).is_empty());
}

/// Rules that tell at once of everything, about every subject.
const LOUD: &str = r#"
[[rule]]
name = "every-notice"
title = "Every notice"
on = "notice"
severity = "critical"
[[rule]]
name = "every-clock"
title = "Every clock"
on = "deadline"
deadline = "*"
remind = [30, 0, "overdue"]
severity = "warning"
[[rule]]
name = "every-silence"
title = "Every silence"
on = "silence"
severity = "critical"
[[rule]]
name = "every-trouble"
title = "Every trouble"
on = "trouble"
severity = "critical"
[[product_line]]
name = "brakes"
tariff = "8708.30"
"#;

/// What stands in front of [`LOUD`], tried with every table that the program carries.
fn in_front_of_all(front: &str) -> Vec<Front> {
    let tables = &crate::grammar::Grammar::embedded().codes;
    let known = Vocabulary::new(tables, id::ALL.iter().copied()).with_brokers(["acme", "globex"]);
    let files = [("my.toml", front), ("loud.toml", LOUD)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations"], &known);
    let mut fronts = rules.unwrap_or_else(|faults| panic!("{front}\n{}", shown(&faults))).fronts(tables);
    fronts.retain(|front| front.called == "rule `mute`");
    fronts
}

fn muting(on: &str, when: &str) -> String {
    let deadline = if on == "deadline" { "deadline = \"*\"\n" } else { "" };
    mute(&format!("on = \"{on}\"\n{deadline}when = {{ {when} }}"))
}

fn is_found(on: &str, when: &str) {
    let fronts = in_front_of_all(&muting(on, when));
    let [front] = &fronts[..] else { panic!("{on}: {when}: {fronts:#?}") };
    assert!(front.untried.is_empty(), "{on}: {when}: {:#?}", front.untried);
    assert!(front.muted.iter().any(|muted| muted.is_silent), "{on}: {when}: {front:#?}");
}

/// Whoever adds a condition to the language has to say what holds for it: its example must be tried in front of rules.
#[test]
fn every_condition_of_the_language_is_tried() {
    for key in crate::rules::keys::KEYS {
        for on in key.subjects().into_iter().filter(|on| *on != "route") {
            let when = match (key.name, on) {
                ("code", "trouble") => "code = \"disk-full\"",
                ("code", "silence") => "code = \"year-over\"",
                ("any", "deadline" | "silence") => "any = [{ port = \"2704\" }, { released = true }]",
                ("any", "trouble") => "any = [{ broker = \"acme\" }, { severity = \"critical\" }]",
                _ => key.example,
            };
            is_found(on, when);
        }
    }
}

#[test]
fn conditions_in_other_forms_are_tried_as_well() {
    for when in [
        "status = \"cancelled\"",
        "status = \"rejected\", effect = \"any_hold\"",
        "status = \"accepted\", port = \"2704\", suspended = true",
        "status_before = \"liquidated\", became = \"cancelled\"",
        "open_hold_after = false, effect = \"exam\"",
        "open_holds = { at_least = 2, at_most = 2 }, effect = \"hold\"",
        "hold_days = { at_least = 90 }, hold_agency = \"FDA\", hold_code = \"1H\"",
        "not = { status = \"known\" }",
        "not = { open_holds = { at_most = 3 } }",
        "not = { any = [{ weekday = [\"Mon\", \"Tue\"] }, { known_entry = false }] }",
        "difference = { below = \"-100.00\" }, paid = { at_least = \"5000.00\" }",
        "paid = { above = \"10.00\", below = \"10.02\" }, liquidated = { above = \"10.50\" }",
        "difference_known = false, effect = \"reliquidated\"",
        "lines = { above = 50 }, entered_value = { above = \"1000.00\" }, tariff = \"9405\"",
        "line = { tariff = \"8708\", origin = \"CN\" }, duty = { at_most = \"1.00\" }, lines = { at_least = 3 }",
        "entry_number = \"ABC12345676\"",
        "entry_number = { regex = \"^[A-C]{3}9\" }",
        "port = { regex = \"^27(04|09)$\" }, importer = { regex = \"^12-\\\\d{7}\" }",
        "broker_reference = { glob = \"A?-*-7\" }, filer = { prefix = \"9Z\" }",
        "field = { remark = { glob = \"*RUSH*\" }, line_number = { above = 3 } }",
        "field = { entry_date = { before = 2026-04-01, after = 2026-03-01 } }",
        "field = { remark = true, line_number = false }",
        "not = { field = { remark = false } }",
        "age_days = { above = 30 }, weekday = \"Sun\", time = { from = \"22:00\", to = \"04:00\" }",
        "days_left = { ES_DUE = { at_most = 3 }, PROTEST_DUE = { above = 100 } }",
        "open_deadline = { glob = \"PROTEST*\" }, has_entry = true",
        "repeated = true, effect = \"hold\"",
        "contradicted = true, known_entry = true",
        "has_entry = false, bill = { prefix = \"MAEU\" }",
    ] {
        is_found("notice", when);
    }
    for when in [
        "status = [\"held\", \"rejected\"]",
        "suspended = true, difference = { above = \"250.00\" }",
        "in_question = true, released = true",
        "open_hold_after = true, hold_days = { at_least = 30 }",
        "lines = { above = 50 }",
        "entry_number = { prefix = \"XYZ\" }",
        "overdue = true, by_law = true, container = { regex = \"^ABCU[0-9]{7}$\" }",
    ] {
        is_found("deadline", when);
    }
}

/// Rules that meet in one event only are tried in that event.
#[test]
fn what_both_ask_for_is_tried_together() {
    let behind = "[[rule]]\nname = \"big\"\ntitle = \"Big\"\non = \"notice\"\nwhen = { effect = \"any_hold\", port = [\"2704\", \"2709\"], entered_value = { above = \"9000.00\" }, known_entry = true }\nseverity = \"critical\"\n";
    let front = mute("on = \"notice\"\nwhen = { port = { prefix = \"2709\" }, suspended = true }");
    let files = [("my.toml", &*front), ("later.toml", behind)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations"], &vocabulary());
    let rules = rules.unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let fronts = rules.fronts(&crate::grammar::Grammar::embedded().codes);
    let [front] = &fronts[..] else { panic!("{fronts:#?}") };
    let [muted] = &front.muted[..] else { panic!("{front:#?}") };
    assert_eq!((&*muted.behind.rule, muted.is_silent), ("big", true));
    assert!(
        muted.example.contains("port 2709") && muted.example.contains("a suspension before"),
        "{muted:?}"
    );
}

/// What cannot be made up is said, unless it is meant or a test shows such an event.
#[test]
fn what_cannot_be_tried_is_told() {
    let when = "field = { remark = { regex = \"a^b\" } }";
    let fronts = in_front_of_all(&muting("notice", when));
    let [front] = &fronts[..] else { panic!("{fronts:#?}") };
    let [untried] = &front.untried[..] else { panic!("{front:#?}") };
    assert_eq!(untried.clauses, ["field remark"]);
    assert_eq!(untried.behind[0].rule, "every-notice");
    let meant = format!("{}replaces = [\"every-notice\"]\n", muting("notice", when));
    assert!(in_front_of_all(&meant).is_empty());
    let query = muting("notice", "kind = \"query\", broker = \"acme\"");
    assert!(in_front_of_all(&query).iter().any(|front| !front.untried.is_empty()));
    let shown = format!(
        "{query}test = [{{ notice = {{ kind = \"query\", severity = \"critical\" }}, broker = \"acme\", expect = \"silence\" }}]\n"
    );
    let fronts = in_front_of_all(&shown);
    assert!(fronts.iter().all(|front| front.untried.is_empty() && !front.muted.is_empty()), "{fronts:#?}");
}

#[test]
fn good_news_that_becomes_critical_is_told() {
    let loud = |when: &str| {
        let rule = "[[rule]]\nname = \"big\"\ntitle = \"Big\"\non = \"notice\"\nseverity = \"critical\"\n";
        let fronts = fronts(&format!("{rule}when = {{ {when} }}\n"));
        fronts.into_iter().find_map(|front| front.raised)
    };
    for when in [
        "importer = \"12-3456789\"",
        "kind = \"release_status\"",
        "any = [{ effect = \"exam\" }, { port = \"2704\" }]",
    ] {
        let raised = loud(when).unwrap_or_else(|| panic!("{when}"));
        assert!(raised.example.starts_with("release_status 98 of so60-entry-dispositions"), "{raised:?}");
    }
    for when in [
        "importer = \"12-3456789\", effect = [\"any_hold\", \"release\"]",
        "port = \"2704\", severity = { at_least = \"warning\" }",
        "code = \"98\"",
        "status = \"held\", became = \"held\"",
    ] {
        assert_eq!(loud(when), None, "{when}");
    }
}
