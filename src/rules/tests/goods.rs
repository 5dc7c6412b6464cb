//! Conditions on lines, product lines in routes, and the defaults of a file.

use super::*;
use crate::entry::{Goods, GoodsLine, tariff};

fn line(number: &str, value: &str, duty: &str, origin: &str) -> GoodsLine {
    GoodsLine {
        tariffs: tariff(number).into_iter().collect(),
        origin: Token::some(origin),
        value: value.parse().ok(),
        duty: duty.parse().ok(),
    }
}

#[test]
fn one_line_must_fit_the_whole_condition() {
    let notice = notice(Kind::BillStatus, Effect::Inform);
    let mut entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), [&notice]);
    entry.goods = Goods::approved([
        line("8708.30.5060", "12000.00", "300.00", "CN"),
        line("9405990000", "900.00", "35.10", "VN"),
    ]);
    let ctx = NoticeContext { after: Some(&entry), ..context(&notice) };
    for (when, wanted) in [
        (r#"tariff = "8708""#, true),
        (r#"tariff = "8708.30*""#, true),
        (r#"tariff = ["8709", "94"]"#, true),
        (r#"tariff = "8709""#, false),
        (r#"line = { tariff = "8708", value = { above = "10000.00" }, origin = "CN" }"#, true),
        (r#"line = { tariff = "9405", value = { above = "10000.00" } }"#, false),
        (r#"line = { duty = { above = "35.10" }, origin = "VN" }"#, false),
        (r#"line = { duty = { at_least = "35.10" }, origin = "VN" }"#, true),
        ("lines = { at_least = 2, at_most = 2 }", true),
        (r#"entered_value = { at_least = "12900.00", at_most = "12900.00" }"#, true),
        (r#"duty = { above = "335.09", below = "335.11" }"#, true),
        (r#"product_line = "brakes""#, true),
        (r#"product_line = ["lamps", "tires"]"#, false),
        (r#"not = { product_line = "tires" }"#, true),
    ] {
        let text = format!(
            "[[product_line]]\nname = \"brakes\"\ntariff = \"8708.30\"\n[[product_line]]\nname = \"tires\"\ntariff = \"4011\"\n[[product_line]]\nname = \"lamps\"\norder = {{ prefix = \"L-\" }}\n[[rule]]\nname = \"r\"\ntitle = \"R\"\non = \"notice\"\nseverity = \"info\"\nwhen = {{ {when} }}\n"
        );
        assert_eq!(rules(&text).decide_notice(&ctx).is_some(), wanted, "{when}");
    }
    let bare = NoticeContext { after: None, ..ctx };
    let text = "[[rule]]\nname = \"r\"\ntitle = \"R\"\non = \"notice\"\nseverity = \"info\"\nwhen = { lines = { below = 5 } }\n";
    assert!(rules(text).decide_notice(&bare).is_none(), "nothing is known of its lines");
}

const ROUTED: &str = r#"
[[product_line]]
name = "brakes"
tariff = "8708.30"

[defaults]
severity = "critical"
notify = ["operations"]
gather = "10 minutes"
remind = "at once, then every day, at most 3 times"
ladder = [7, 1]
escalate = [{ after = "4 hours", notify = ["finance"] }]

[[rule]]
name = "brakes"
title = "Brakes"
on = "notice"
when = { product_line = "brakes" }
test = [
  { lines = [{ tariff = "8708305060", value = "10.00" }], notice = { kind = "bill_status" }, expect = "now", severity = "critical" },
  { lines = [{ tariff = "4011101010" }], notice = { kind = "bill_status" }, expect = "nothing" },
]

[[rule]]
name = "listed"
title = "Listed"
on = "notice"
delivery = "digest"
severity = "info"
notify = ["finance"]

[[rule]]
name = "due"
title = "Due"
on = "deadline"
deadline = "ES_DUE"
test = [{ deadline = "ES_DUE", act_by = 2026-03-13, on = 2026-03-12, expect = "now", step = 1 }]
"#;

#[test]
fn rules_have_what_their_file_says_unless_they_say_otherwise() {
    let rules = rules(ROUTED);
    let failed: Vec<_> = rules.run_tests().into_iter().filter_map(|test| test.fault).collect();
    assert!(failed.is_empty(), "{}", shown(&failed));
    let brakes = rules.get("brakes").expect("the rule");
    assert_eq!(
        brakes.after.repeat.map(|plan| plan.to_string()).as_deref(),
        Some("at once, then every 1 day, at most 3 times")
    );
    assert_eq!((brakes.after.escalate.len(), &*brakes.notify[0]), (1, "operations"));
    let listed = rules.get("listed").expect("the rule");
    assert!(listed.after.repeat.is_none() && listed.after.escalate.is_empty(), "a digest says all once");
    assert_eq!((listed.fixed_severity(), &*listed.notify[0]), (Some(Severity::Info), "finance"));
    let due = rules.get("due").expect("the rule");
    assert_eq!(due.ladder().map(|ladder| ladder.steps().len()), Some(2));
}

#[test]
fn routes_may_follow_the_product_line() {
    let text = r#"
[[product_line]]
name = "brakes"
tariff = "8708.30"
[[route]]
name = "brakes"
when = { product_line = "brakes" }
notify = ["finance"]
[[rule]]
name = "all"
title = "All"
on = "notice"
severity = "info"
"#;
    let rules = rules(text);
    let notice = notice(Kind::BillStatus, Effect::Inform);
    let mut entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), [&notice]);
    for (number, wanted) in [("8708305060", vec!["finance"]), ("4011101010", vec!["operations", "finance"])] {
        entry.goods = Goods::approved([line(number, "1", "1", "CN")]);
        let ctx = NoticeContext { after: Some(&entry), ..context(&notice) };
        let hit = rules.for_notice(&ctx).expect("the rule holds");
        assert_eq!(hit.notify.iter().map(|team| &**team).collect::<Vec<_>>(), wanted, "{number}");
    }
}
