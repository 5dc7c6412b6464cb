//! Rules from the outside: the embedded ones, and small files of our own.

mod duties;
mod faults;
mod front;
mod goods;
mod routing;

use std::collections::BTreeSet;
use std::path::Path;

use expect_test::{Expect, expect};

use super::*;
use crate::deadline::id;
use crate::entry::DeadlineState;
use crate::grammar::CodeTable;
use crate::ident::{EntryNumber, NoticeId};
use crate::notice::{CBP, Effect, EventTime, Fields, HoldKind, Token};

fn vocabulary() -> Vocabulary {
    Vocabulary::new(&Default::default(), id::ALL.iter().copied())
}

/// With a small table, so that table and code names are checked.
fn with_table() -> Vocabulary {
    let mut tables = crate::grammar::CodeTables::default();
    let text = "code\tmeaning\tkind\tsuggested_alert\n96\tdocument required\tSO60\tcritical\n98\treleased\tSO60\tinfo\n";
    tables.insert(CodeTable::parse("so60-entry-dispositions", text).expect("a good table"));
    Vocabulary::new(&tables, id::ALL.iter().copied())
}

fn embedded() -> Rules {
    Rules::parse(
        &[(EMBEDDED_NAME, EMBEDDED)],
        &Playbook::embedded(),
        &["operations", "finance"],
        &vocabulary(),
    )
    .unwrap_or_else(|faults| panic!("{}", shown(&faults)))
}

fn shown(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn faults(text: &str, wanted: Expect) {
    let parsed = Rules::parse(&[("r.toml", text)], &Playbook::embedded(), &["operations"], &with_table());
    let got = match parsed {
        Ok(rules) => rules
            .run_tests()
            .iter()
            .filter_map(|test| test.fault.as_ref())
            .map(|fault| format!("{fault}\n"))
            .collect(),
        Err(faults) => shown(&faults),
    };
    wanted.assert_eq(&got);
}

fn rules(text: &str) -> Rules {
    Rules::parse(&[("r.toml", text)], &Playbook::embedded(), &["operations", "finance"], &vocabulary())
        .unwrap_or_else(|faults| panic!("{}", shown(&faults)))
}

fn notice(kind: Kind, effect: Effect) -> Notice {
    Notice {
        id: NoticeId::from_bytes([7; 16]),
        kind,
        entry: EntryNumber::parse("ABC12345676"),
        bill: None,
        house_bill: None,
        container: None,
        code: Some(Token::new("1H")),
        table: None,
        meaning: None,
        severity: Severity::Critical,
        at: EventTime::parse("2026-03-02T09:00:00"),
        effect,
        fields: Fields::new(),
    }
}

fn context(notice: &Notice) -> NoticeContext<'_> {
    NoticeContext { notice, before: None, after: None, broker: "acme", deadlines: &[], now: None }
}

fn clock(id: &str, act_by: &str) -> EntryDeadline {
    EntryDeadline {
        id: id.into(),
        instance: "".into(),
        due: act_by.parse().ok(),
        special: None,
        act_by: act_by.parse().ok(),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        may_be_over: "".into(),
        basis: "".into(),
        from: Vec::new(),
        starts: None,
        bases: Vec::new(),
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

#[test]
fn the_embedded_rules_pass_their_own_tests() {
    let rules = embedded();
    let results = rules.run_tests();
    let failed: Vec<Diagnostic> = results.iter().filter_map(|result| result.fault.clone()).collect();
    assert!(failed.is_empty(), "{}", shown(&failed));
    let tested: BTreeSet<&str> = results.iter().map(|result| &*result.rule).collect();
    let untested: Vec<&str> =
        rules.iter().map(|rule| &*rule.name).filter(|name| !tested.contains(name)).collect();
    assert!(untested.is_empty(), "rules without a test: {untested:?}");
}

#[test]
fn the_embedded_rules_fit_the_code_tables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["grammars/codes", "../shared/spec/codes"].map(|folder| root.join(folder));
    let Some(folder) = folders.iter().find(|folder| folder.join("so60-entry-dispositions.tsv").exists())
    else {
        return;
    };
    let mut tables = crate::grammar::CodeTables::default();
    for name in ["so60-entry-dispositions", "so50-bill-dispositions"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.tsv"))).expect("a table");
        tables.insert(CodeTable::parse(name, &text).expect("a good table"));
    }
    let known = Vocabulary::new(&tables, id::ALL.iter().copied());
    let parsed = Rules::parse(&[(EMBEDDED_NAME, EMBEDDED)], &Playbook::embedded(), &["operations"], &known);
    assert!(parsed.is_ok(), "{}", shown(&parsed.err().unwrap_or_default()));
}

#[test]
fn every_playbook_text_is_used_and_short() {
    let playbook = Playbook::embedded();
    for key in playbook.keys() {
        assert!(EMBEDDED.contains(&format!("next_step = \"{key}\"")), "no rule uses `{key}`");
        let text = playbook.get(key).unwrap_or_default();
        assert!(!text.contains('\n') && !text.contains("  "), "`{key}` is one paragraph");
    }
}

#[test]
fn every_kind_of_notice_has_a_deciding_rule() {
    let rules = embedded();
    for &kind in Kind::ALL {
        let notice = notice(kind, Effect::Inform);
        assert!(rules.decide_notice(&context(&notice)).is_some(), "{}", kind.as_str());
    }
}

#[test]
fn the_first_match_decides_and_may_silence() {
    let rules = rules(
        r#"
[[rule]]
name = "quiet-broker"
title = "Quiet"
on = "notice"
when = { broker = "acme", effect = "any_hold" }
delivery = "none"
[[rule]]
name = "hold"
title = "Hold"
on = "notice"
when = { effect = "any_hold" }
severity = "of-notice"
notify = ["finance"]
"#,
    );
    let hold = Effect::Hold { agency: Token::new(CBP), code: Token::new("1H"), what: HoldKind::Exam };
    let notice = notice(Kind::BillStatus, hold);
    let ctx = context(&notice);
    assert!(rules.for_notice(&ctx).is_none());
    assert_eq!(rules.decide_notice(&ctx).map(|rule| &*rule.name), Some("quiet-broker"));
    let ctx = NoticeContext { broker: "other", ..ctx };
    let hit = rules.for_notice(&ctx).expect("the second rule");
    assert_eq!((&*hit.rule.name, hit.severity), ("hold", Severity::Critical));
    assert_eq!(hit.occasion, "07".repeat(16));
    assert_eq!(&*hit.rule.notify, [Box::from("finance")]);
    let why = rules.why(&ctx, "quiet-broker").expect("the rule is there");
    assert!(!why.matches);
    assert_eq!(why.decided_by.as_deref(), Some("hold"));
    let asked = |at: usize| (&*why.clauses[at].clause, why.clauses[at].holds, &*why.clauses[at].found);
    assert_eq!(asked(0), ("broker = \"acme\"", false, "other"));
    assert_eq!(asked(1), ("effect = \"any_hold\"", true, "exam"));
}

#[test]
fn fields_are_compared_by_kind_of_value() {
    let mut notice = notice(Kind::AgencyStatus, Effect::Inform);
    notice.fields.push("remark", "PLEASE RUSH");
    notice.fields.push("line", "0007");
    notice.fields.push("line", "12");
    notice.fields.push("exam_date", "2026-03-05");
    for (condition, wanted) in [
        (r#"remark = { glob = "*RUSH*" }"#, true),
        (r#"remark = { regex = "^RUSH" }"#, false),
        (r#"remark = { prefix = "PLEASE" }"#, true),
        (r#"remark = ["A", "PLEASE RUSH"]"#, true),
        (r#"line = { above = 11 }"#, true),
        (r#"line = { above = 12 }"#, false),
        (r#"remark = { above = 1 }"#, false),
        (r#"exam_date = { before = 2026-03-06, after = "2026-03-04" }"#, true),
        (r#"exam_date = { before = 2026-03-05 }"#, false),
        (r#"line = true"#, true),
        (r#"missing = false"#, true),
        (r#"missing = { glob = "*" }"#, false),
        (r#"line = "12", remark = "PLEASE RUSH""#, true),
    ] {
        let text = format!(
            "[[rule]]\nname = \"r\"\ntitle = \"R\"\non = \"notice\"\nseverity = \"info\"\nwhen = {{ field = {{ {condition} }} }}\n"
        );
        assert_eq!(rules(&text).for_notice(&context(&notice)).is_some(), wanted, "{condition}");
    }
}

#[test]
fn reminders_name_their_step_and_target() {
    let rules = embedded();
    let entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), &[]);
    let mut deadline = clock("PROTEST_DUE", "2026-09-02");
    deadline.instance = "liquidation".into();
    let at = |deadline: &EntryDeadline, on: &str| {
        let ctx = DeadlineContext { deadline, entry: &entry, broker: "acme", on: day(on) };
        rules.for_deadline(&ctx).map(|hit| (hit.occasion, hit.severity, hit.days_left))
    };
    let occasion = "PROTEST_DUE@liquidation@2026-09-02/30".to_owned();
    assert_eq!(at(&deadline, "2026-08-10"), Some((occasion, Severity::Warning, 23)));
    let overdue = "PROTEST_DUE@liquidation@2026-09-02/overdue".to_owned();
    assert_eq!(at(&deadline, "2026-09-12"), Some((overdue, Severity::Critical, -10)));
    assert_eq!(rules.next_reminder(&deadline, day("2026-08-10")), Some(day("2026-08-19")));
    assert_eq!(rules.next_reminder(&deadline, day("2026-09-02")), Some(day("2026-09-03")));
    assert_eq!(rules.next_reminder(&deadline, day("2026-09-03")), None);
    deadline.state = DeadlineState::Closed;
    assert_eq!(at(&deadline, "2026-08-10"), None);
    assert_eq!(rules.next_reminder(&deadline, day("2026-08-10")), None);
}

#[test]
fn the_next_reminder_is_the_earliest_of_the_rules_that_may_apply() {
    let rules = rules(
        r#"
[[rule]]
name = "one-filer"
title = "One"
on = "deadline"
deadline = "ES_DUE"
when = { filer = "XYZ" }
remind = [4, 1]
severity = "info"
[[rule]]
name = "all"
title = "All"
on = "deadline"
deadline = "*"
remind = [3]
severity = "info"
"#,
    );
    let deadline = clock("ES_DUE", "2026-03-13");
    for (after, wanted) in
        [("2026-03-01", "2026-03-09"), ("2026-03-09", "2026-03-10"), ("2026-03-10", "2026-03-12")]
    {
        assert_eq!(rules.next_reminder(&deadline, day(after)), Some(day(wanted)), "{after}");
    }
}

#[test]
fn troubles_find_their_rule() {
    let rules = embedded();
    let name =
        |code: &str, severity| rules.for_trouble(code, severity, "acme").map(|hit| hit.rule.name.to_string());
    assert_eq!(name("host-key-refused", Severity::Critical).as_deref(), Some("host-key-refused"));
    assert_eq!(name("some-new-code", Severity::Warning).as_deref(), Some("other-trouble"));
    assert_eq!(name("check-digit", Severity::Info), None);
}

#[test]
fn the_version_follows_every_text() {
    let base = embedded();
    assert_eq!(base.version(), embedded().version());
    let playbook =
        Playbook::embedded().with("p.toml", "[next_step]\nexam = \"Call us.\"").expect("a good playbook");
    let parse = |files: &[(&str, &str)], playbook: &Playbook| {
        Rules::parse(files, playbook, &["operations"], &vocabulary()).map(|rules| rules.version().to_owned())
    };
    let moved = parse(&[("elsewhere/default.toml", EMBEDDED)], &Playbook::embedded());
    assert_eq!(moved.as_deref(), Ok(base.version()), "the name of a file says nothing");
    assert_ne!(parse(&[("x", EMBEDDED)], &playbook).as_deref(), Ok(base.version()));
}

#[test]
fn steps_of_the_playbook_that_are_slips_are_told() {
    let with = |text: &str| Playbook::embedded().with("p.toml", text);
    let shown = |faults: &[Diagnostic]| faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    let blank = with("[next_step]\nexam = \" \\n\"\n").expect_err("a blank step");
    expect![[r#"
        p.toml:2:8: the step `exam` is blank: say what to do, or leave the key out
            2 | exam = " \n"
              |        ^^^^^
    "#]]
    .assert_eq(&shown(&blank));
    let own = "[[rule]]\nname = \"r\"\ntitle = \"T\"\non = \"notice\"\nwhen = { port = \"2704\", effect = \"exam\" }\nseverity = \"warning\"\n\
               next_step = \"ours\"\n";
    let playbook = with("[next_step]\nexm = \"Call us.\"\nexam = \"Call them.\"\nours = \"Call.\"\n")
        .expect("a good playbook");
    let files = [("my.toml", own), (EMBEDDED_NAME, EMBEDDED)];
    let rules = Rules::parse(&files, &playbook, &["operations"], &vocabulary()).expect("good rules");
    expect![[r#"
        p.toml:2:1: no rule names the step `exm`, and it replaces none (did you mean `exam`?)
            2 | exm = "Call us."
              | ^^^
    "#]]
    .assert_eq(&shown(rules.remarks()));
    assert!(embedded().remarks().is_empty());
}

/// A rule replaces rules of later files on its subject; no other is what was meant.
#[test]
fn what_is_not_replaced_is_guessed_among_what_may_be() {
    let own = "[[rule]]\nname = \"ex\"\ntitle = \"T\"\non = \"notice\"\nwhen = { effect = \"exam\" }\nseverity = \"warning\"\nreplaces = [\"exm\"]\n";
    let files = [("my.toml", own), (EMBEDDED_NAME, EMBEDDED)];
    let faults =
        Rules::parse(&files, &Playbook::embedded(), &["operations"], &vocabulary()).expect_err("a slip");
    assert!(faults[0].to_string().contains("there is no such rule (did you mean `exam`?)"), "{}", faults[0]);
}

#[test]
fn evaluation_is_cheap() {
    let rules = embedded();
    let hold = Effect::Hold { agency: Token::new(CBP), code: Token::new("1H"), what: HoldKind::Hold };
    let notice = notice(Kind::BillStatus, hold);
    let mut life = vec![notice.clone()];
    life[0].effect = Effect::Release { date: None };
    let number = EntryNumber::parse("ABC12345676").expect("a number");
    let (before, after) = (Entry::of(number, &life), Entry::of(number, [&notice]));
    let ctx = NoticeContext { before: Some(&before), after: Some(&after), ..context(&notice) };
    let start = std::time::Instant::now();
    let rounds = 2_000_u32;
    for _ in 0..rounds {
        assert!(rules.decide_notice(std::hint::black_box(&ctx)).is_some());
    }
    let each = start.elapsed() / rounds;
    // Unoptimised, on a shared machine: a bound against accidental parsing or allocation, not a benchmark.
    assert!(each < std::time::Duration::from_micros(500), "{each:?} for one notice");
}

#[test]
fn the_reference_explains_every_word() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let text = std::fs::read_to_string(path).expect("docs/rules.md");
    let raw = {
        use crate::diagnostic::WrittenTable;
        let tables = raw::RawRule::KEYS.iter().chain(raw::RawTest::KEYS).chain(raw::RawNotice::KEYS);
        let tables = tables.chain(raw::RawDefaults::KEYS).chain(raw::RawProductLine::KEYS);
        let tables = tables.chain(raw::RawLine::KEYS).chain(&lines::LINE_KEYS);
        tables.chain(raw::RawGroup::KEYS).chain(raw::RawRoute::KEYS).chain(raw::RawOverride::KEYS)
    };
    for word in raw.copied().chain(names::effect_words()) {
        assert!(text.contains(&format!("`{word}`")), "docs/rules.md does not explain `{word}`");
    }
}
