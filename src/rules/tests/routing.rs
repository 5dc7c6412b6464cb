//! Groups, routes and what is different for one broker.

use super::*;
use crate::notice::Token;

const ROUTED: &str = r#"
[[rule]]
name = "hold"
title = "Hold"
on = "notice"
when = { effect = "any_hold" }
severity = "critical"
[[rule]]
name = "addressed"
title = "Addressed"
on = "notice"
severity = "warning"
notify = ["both"]
[[rule]]
name = "due"
title = "Due"
on = "deadline"
deadline = "ES_DUE"
remind = [5, 1]
severity = "warning"
[[rule]]
name = "trouble"
title = "Trouble"
on = "trouble"
severity = "warning"

[[group]]
name = "both"
teams = ["finance", "operations"]

[[route]]
name = "southern"
when = { port = { prefix = "27" }, severity = "critical" }
notify = ["finance"]
[[route]]
name = "globex"
when = { broker = "globex" }
notify = ["operations"]

[[broker_override]]
broker = "quiet"
rules = ["hold", "due"]
delivery = "none"
[[broker_override]]
broker = ["quiet", "loud"]
severity = "info"
delivery = "digest"
notify = ["finance"]
"#;

/// What becomes of a notice: rule, severity, delivery and teams.
fn told(rules: &Rules, effect: Effect, broker: &str, port: &str) -> Option<String> {
    let mut notice = notice(Kind::BillStatus, effect);
    notice.fields.push("port_of_entry", port);
    let mut entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), [&notice]);
    entry.port = Some(Token::new(port));
    let ctx = NoticeContext { after: Some(&entry), broker, ..context(&notice) };
    rules.for_notice(&ctx).map(|hit| shown_hit(&hit))
}

fn shown_hit(hit: &Hit<'_>) -> String {
    let (rule, severity, delivery) = (&hit.rule.name, hit.severity.as_str(), hit.delivery.as_str());
    format!("{rule} {severity} {delivery} {}", hit.notify.join("+"))
}

#[test]
fn routes_choose_for_rules_that_name_nobody() {
    let rules = rules(ROUTED);
    let hold = Effect::Hold { agency: Token::new(CBP), code: Token::new("1H"), what: HoldKind::Hold };
    for (effect, broker, port, wanted) in [
        (hold, "acme", "2704", "hold critical now finance"),
        (hold, "acme", "5301", "hold critical now operations+finance"),
        (hold, "globex", "5301", "hold critical now operations"),
        (hold, "globex", "2704", "hold critical now finance"),
        (Effect::Inform, "globex", "2704", "addressed warning now finance+operations"),
    ] {
        assert_eq!(told(&rules, effect, broker, port).as_deref(), Some(wanted), "{broker} {port}");
    }
    let trouble = rules.for_trouble("disk-full", Severity::Critical, "globex").map(|hit| shown_hit(&hit));
    assert_eq!(trouble.as_deref(), Some("trouble warning now operations"));
    let nobody = rules.for_trouble("disk-full", Severity::Critical, "").map(|hit| shown_hit(&hit));
    assert_eq!(nobody.as_deref(), Some("trouble warning now operations+finance"));
}

#[test]
fn a_broker_may_be_treated_differently() {
    let rules = rules(ROUTED);
    let hold = Effect::Hold { agency: Token::new(CBP), code: Token::new("1H"), what: HoldKind::Hold };
    assert_eq!(told(&rules, hold, "quiet", "2704"), None, "the first override that fits decides");
    assert_eq!(told(&rules, hold, "loud", "2704").as_deref(), Some("hold info digest finance"));
    assert_eq!(
        told(&rules, Effect::Inform, "quiet", "2704").as_deref(),
        Some("addressed info digest finance")
    );
    let entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), &[]);
    let deadline = clock("ES_DUE", "2026-03-13");
    let at = |broker: &'static str| {
        let ctx = DeadlineContext { deadline: &deadline, entry: &entry, broker, on: day("2026-03-12") };
        rules.for_deadline(&ctx).map(|hit| (hit.severity, hit.delivery, hit.notify.len()))
    };
    assert_eq!(at("acme"), Some((Severity::Warning, Delivery::Now, 2)));
    assert_eq!(at("loud"), Some((Severity::Info, Delivery::Digest, 1)));
    assert_eq!(at("quiet"), None);
}

/// A rule with the condition and one test of it.
fn tested(when: &str, test: &str) -> Vec<Diagnostic> {
    let text = format!(
        "[[rule]]\nname = \"r\"\ntitle = \"R\"\non = \"notice\"\nseverity = \"info\"\nwhen = {{ {when} }}\ntest = [{test}]\n"
    );
    rules(&text).run_tests().into_iter().filter_map(|test| test.fault).collect()
}

#[test]
fn conditions_see_clocks_holds_money_references_and_time() {
    let hold = r#"notice = { kind = "bill_status", code = "1H", effect = "hold", bill = "MAEU123" }"#;
    let inform = r#"notice = { kind = "bill_status", code = "95" }"#;
    let before =
        r#"before = [{ kind = "bill_status", code = "1H", effect = "hold", at = "2026-02-20T09:00:00" }]"#;
    let liquidated =
        r#"notice = { kind = "liquidation", effect = "liquidated", paid = "10.00", liquidated = "12.50" }"#;
    for (when, test, expect) in [
        (
            "days_left = { ES_DUE = { at_most = 3 } }",
            format!("{inform}, clocks = {{ ES_DUE = 2026-03-05 }}"),
            "now",
        ),
        (
            "days_left = { ES_DUE = { at_most = 3 } }",
            format!("{inform}, clocks = {{ ES_DUE = 2026-03-06 }}"),
            "nothing",
        ),
        (r#"open_deadline = "ES_DUE""#, format!("{inform}, clocks = {{ ES_DUE = 2026-03-06 }}"), "now"),
        ("hold_days = { at_least = 10 }", format!("{inform}, {before}"), "now"),
        ("hold_days = { above = 10 }", format!("{inform}, {before}"), "nothing"),
        ("open_holds = { at_least = 2 }", format!("{hold}, {before}"), "now"),
        ("open_hold_before = true", format!("{hold}, {before}"), "now"),
        ("open_hold_before = true", hold.to_owned(), "nothing"),
        (r#"hold_agency = "CBP", hold_code = "1H""#, hold.to_owned(), "now"),
        (r#"hold_agency = "FDA""#, hold.to_owned(), "nothing"),
        (r#"bill = { prefix = "MAEU" }"#, hold.to_owned(), "now"),
        (r#"bill = "MAEU124""#, hold.to_owned(), "nothing"),
        (r#"entry_number = { prefix = "ABC" }"#, hold.to_owned(), "now"),
        ("released = false", hold.to_owned(), "now"),
        (r#"liquidated = { above = "12.00" }, paid = { at_most = 10 }"#, liquidated.to_owned(), "now"),
        (r#"liquidated = { above = "12.50" }"#, liquidated.to_owned(), "nothing"),
        (
            r#"time = { from = "18:00", to = "06:00" }"#,
            format!(r#"{inform}, received = "2026-03-02T19:30:00""#),
            "now",
        ),
        (r#"time = { from = "18:00", to = "06:00" }"#, inform.to_owned(), "nothing"),
        (r#"weekday = ["Sat", "Sun"]"#, format!(r#"{inform}, received = "2026-03-01T12:00:00""#), "now"),
        (r#"weekday = ["Sat", "Sun"]"#, inform.to_owned(), "nothing"),
        ("age_days = { above = 30 }", format!(r#"{inform}, received = "2026-04-02""#), "now"),
        ("age_days = { above = 30 }", inform.to_owned(), "nothing"),
    ] {
        let faults = tested(when, &format!("{{ {test}, expect = \"{expect}\" }}"));
        assert!(faults.is_empty(), "{when}\n{}", shown(&faults));
    }
}
