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

fn fronts(front: &str) -> Vec<Front> {
    let files = [("my.toml", front), ("later.toml", BEHIND)];
    let rules = Rules::parse(&files, &Playbook::embedded(), &["operations", "finance"], &with_table())
        .unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let mut tables = crate::grammar::CodeTables::default();
    let text = "code\tmeaning\tkind\tsuggested_alert\teffect\n96\tdocument required\tSO60\tcritical\tdocuments\n98\treleased\tSO60\tinfo\trelease\n";
    tables.insert(CodeTable::parse("so60-entry-dispositions", text).expect("a good table"));
    rules.fronts(&tables)
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
