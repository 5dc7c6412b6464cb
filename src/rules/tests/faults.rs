//! Faults of rule files, and of the tests in them.

use expect_test::expect;

use super::*;

#[test]
fn every_fault_of_a_rule_file_is_found_at_once() {
    faults(
        r#"
[[rule]]
name = "Bad Name"
title = " "
on = "notice"
when = { kind = "bil_status", codes = "1H", severity = "loud", broker = 3 }
severity = "of-trouble"
notify = ["brokers", "operations", "operations"]
next_step = "exams"
remind = [3]

[[rule]]
name = "ladder"
title = "Ladder"
on = "deadline"
deadline = "PROTEST_DEU"
remind = [7, 30]
severity = "info"
severity_from = [{ days = 3, severity = "critical" }, { days = 9, severity = "critical" }]
"#,
        expect![[r#"
            r.toml:3:8: `Bad Name` is no rule name: up to 60 lower-case letters, digits and hyphens
                3 | name = "Bad Name"
                  |        ^^^^^^^^^^
            r.toml:4:9: rule `Bad Name` has a blank title
                4 | title = " "
                  |         ^^^
            r.toml:6:17: `kind` has no value `bil_status` (did you mean `bill_status`?)
                6 | when = { kind = "bil_status", codes = "1H", severity = "loud", broker = 3 }
                  |                 ^^^^^^^^^^^^
            r.toml:6:31: a rule on a notice has no condition `codes` (did you mean `code`?)
                6 | when = { kind = "bil_status", codes = "1H", severity = "loud", broker = 3 }
                  |                               ^^^^^
            r.toml:6:56: `loud` is no severity (known: info, warning, critical)
                6 | when = { kind = "bil_status", codes = "1H", severity = "loud", broker = 3 }
                  |                                                        ^^^^^^
            r.toml:6:73: `broker` must be a text in quotes or a list of texts, not a whole number
                6 | when = { kind = "bil_status", codes = "1H", severity = "loud", broker = 3 }
                  |                                                                         ^
            r.toml:7:12: rule `Bad Name` is on a notice, so its severity cannot be `of-trouble`
                7 | severity = "of-trouble"
                  |            ^^^^^^^^^^^^
            r.toml:8:11: rule `Bad Name` notifies `brokers`, which is not defined (defined: operations)
                8 | notify = ["brokers", "operations", "operations"]
                  |           ^^^^^^^^^
            r.toml:8:36: rule `Bad Name` notifies `operations` twice
                8 | notify = ["brokers", "operations", "operations"]
                  |                                    ^^^^^^^^^^^^
            r.toml:9:13: rule `Bad Name`: the playbook has no step `exams` (did you mean `exam`?)
                9 | next_step = "exams"
                  |             ^^^^^^^
            r.toml:10:10: rule `Bad Name` is on a notice: its `remind` is a text like "at once, then every 2 days, at most 5 times"
               10 | remind = [3]
                  |          ^^^
            r.toml:16:12: rule `ladder`: there is no deadline `PROTEST_DEU` (did you mean `PROTEST_DUE`?)
               16 | deadline = "PROTEST_DEU"
                  |            ^^^^^^^^^^^^^
            r.toml:17:14: rule `ladder`: the steps of `remind` must descend, and 30 stands behind 7
               17 | remind = [7, 30]
                  |              ^^
            r.toml:19:64: the days of `severity_from` must descend
               19 | severity_from = [{ days = 3, severity = "critical" }, { days = 9, severity = "critical" }]
                  |                                                                ^
        "#]],
    );
}

#[test]
fn conditions_that_cannot_hold_are_faults() {
    let rule = |when: &str| {
        format!(
            "[[rule]]\nname = \"r\"\ntitle = \"R\"\non = \"notice\"\nseverity = \"info\"\nwhen = {{ {when} }}\n"
        )
    };
    let all: String = [
        r#"table = "so60-entry-dispositions", code = "97""#,
        r#"code = "ZZ""#,
        r#"table = "so60""#,
        r#"any = []"#,
        r#"kind = []"#,
        r#"difference = { above = 1.5 }"#,
        r#"difference = {}"#,
        r#"code = { regex = "(" }"#,
        r#"open_deadline = "PSC""#,
        r#"field = { remark = { globb = "*" } }"#,
    ]
    .iter()
    .map(|when| {
        let parsed =
            Rules::parse(&[("r.toml", &rule(when))], &Playbook::embedded(), &["operations"], &with_table());
        let faults = parsed.err().unwrap_or_default();
        faults
            .iter()
            .map(|fault| format!("{}:{}: {}\n", fault.line, fault.column, fault.message))
            .collect::<String>()
    })
    .collect();
    expect![[r#"
        6:52: the table `so60-entry-dispositions` has no code `97` (codes: 96, 98)
        6:17: the table `so60-entry-dispositions` has no code `ZZ` (codes: 96, 98)
        6:18: `table` names `so60`, which is not known (did you mean `so60-entry-dispositions`?)
        6:16: `any` lists nothing, so the rule can never match
        6:17: `kind` must name 1 to 1000 values
        6:33: `above` must be a whole number, or an amount in quotes like "250.00"
        6:23: `difference` compares with nothing
        6:27: `code` has a bad regular expression: unclosed group
        6:26: `open_deadline` names `PSC`, which is not known (known: AFR_DECISION_30D, AFR_SETASIDE_60D, BILL_DISHONORED, BILL_DUE, BOND_INSUFF, BROKER_REMIT, CAPE_80D, CF28_RESPONSE, CF29_RESPONSE, CF4647_RESPONSE, CIT_SUMMONS, DAILY_STMT_DUE and 49 more)
        6:31: `remark` has no comparison `globb` (did you mean `glob`?)
    "#]].assert_eq(&all);
}

#[test]
fn a_rule_behind_its_like_is_a_fault() {
    faults(
        r#"
[[rule]]
name = "first"
title = "First"
on = "notice"
when = { kind = "liquidation", effect = "extended" }
severity = "info"
[[rule]]
name = "second"
title = "Second"
on = "notice"
when = { effect = "extended", kind = "liquidation" }
severity = "critical"
"#,
        expect![[r#"
            r.toml:9:8: rule `second` can never match: `first` (at r.toml:2) has the same condition and is asked first
                9 | name = "second"
                  |        ^^^^^^^^
        "#]],
    );
}

#[test]
fn failing_tests_say_what_happened() {
    faults(
        r#"
[[rule]]
name = "first"
title = "First"
on = "notice"
when = { effect = "any_hold", broker = "test-broker" }
severity = "info"
delivery = "digest"
[[rule]]
name = "second"
title = "Second"
on = "notice"
when = { effect = "exam" }
severity = "critical"
test = [
  { notice = { kind = "bill_status", effect = "exam" }, expect = "alert" },
  { notice = { kind = "bill_status", effect = "release" }, expect = "now" },
]
[[rule]]
name = "third"
title = "Third"
on = "deadline"
deadline = "ES_DUE"
remind = [5, 1]
severity = "warning"
test = [
  { deadline = "ES_DUE", act_by = 2026-03-13, on = 2026-03-10, expect = "now", step = 1 },
  { deadline = "ES_DUE", act_by = 2026-03-13, on = 2026-03-10, expect = "now", severity = "critical" },
]
"#,
        expect![[r#"
            r.toml:16:66: test 1 of rule `second` expected alert, but `first` (at r.toml:2) decided
               16 |   { notice = { kind = "bill_status", effect = "exam" }, expect = "alert" },
                  |                                                                  ^^^^^^^
            r.toml:17:69: test 2 of rule `second` expected now, but no rule matched
               17 |   { notice = { kind = "bill_status", effect = "release" }, expect = "now" },
                  |                                                                     ^^^^^
            r.toml:27:73: test 1 of rule `third` expected step 1, but it was 5
               27 |   { deadline = "ES_DUE", act_by = 2026-03-13, on = 2026-03-10, expect = "now", step = 1 },
                  |                                                                         ^^^^^
            r.toml:28:91: test 2 of rule `third` expected severity critical, but it was warning
               28 |   { deadline = "ES_DUE", act_by = 2026-03-13, on = 2026-03-10, expect = "now", severity = "critical" },
                  |                                                                                           ^^^^^^^^^^
        "#]],
    );
}
