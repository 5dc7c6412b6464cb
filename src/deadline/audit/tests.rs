//! Every fault of a table is told with its place.

use expect_test::{Expect, expect};

use super::super::table::{EMBEDDED, EMBEDDED_NAME};
use super::*;

/// A table of one sound deadline with `lines` added to it.
fn with(lines: &str) -> String {
    format!(
        r#"[[deadline]]
id = "A_DUE"
name = "A"
family = "a"
class = "duty"
counts_from = [["entry_date"]]
closed_by = "it is done"
confidence = "confirmed"
{lines}"#
    )
}

const VERSION: &str = "[[deadline.version]]\nbasis = \"law\"\nlength = 3\nunit = \"working_days\"\n";

fn check(text: &str, wanted: Expect) {
    let mut audit = Audit { text, faults: Vec::new() };
    let table = audit.table();
    assert_eq!(table.is_none() || !audit.faults.is_empty(), wanted.data() != "fine");
    let told = match audit.faults {
        faults if faults.is_empty() => "fine".to_owned(),
        faults => TableError { name: "t.toml".to_owned(), faults }.to_string(),
    };
    wanted.assert_eq(&told);
}

#[test]
fn the_embedded_table_is_sound() {
    let table = DeadlineTable::parse(EMBEDDED, EMBEDDED_NAME).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(table.definitions().len(), 61);
    for definition in table.definitions() {
        let found = table.find(definition.id.as_str()).expect("found by id");
        assert_eq!(found.id, definition.id);
    }
    assert!(table.find("A").is_none() && table.find("").is_none());
    assert_eq!(table.version().len(), 16);
    for id in [id::PROTEST_DUE, id::ES_DUE, id::PSC_DUE, id::LIQ_SCHEDULED_EST, id::LIQ_DEEMED_1Y] {
        assert!(table.find(id).is_some_and(|definition| definition.on), "{id}");
    }
    for id in id::ALL {
        assert!(table.find(id).is_some(), "{id}");
    }
    assert!(!table.find("CAPE_80D").expect("defined").on);
}

#[test]
fn a_table_that_lacks_a_known_deadline_is_refused() {
    let of = |id: &str| EMBEDDED.find(&format!("[[deadline]]\nid = \"{id}\"")).expect("it is there");
    let mut text = EMBEDDED.to_owned();
    text.replace_range(of("GO_SALE")..of("ES_DUE"), "");
    text = text.replace("\"PROTEST_VOID_90D\"", "\"PROTEST_VOID_91D\"");
    let told = DeadlineTable::parse(&text, "t.toml").expect_err("two are missing").to_string();
    expect!["t.toml:1:1: the table lacks GO_SALE, PROTEST_VOID_90D; a deadline that nobody wants is switched off with `on = false`"]
        .assert_eq(&told);
    assert!(DeadlineTable::parse(&with(VERSION), "t.toml").is_err());
}

#[test]
fn every_fault_is_told_with_its_place() {
    check(&with(VERSION), expect!["fine"]);
    check("", expect!["t.toml:1:1: missing field `deadline`"]);
    check("deadline = []", expect!["t.toml:1:1: the table defines no deadline"]);
    check("[[deadline]\n", expect!["t.toml:1:12: unclosed array table, expected `]`"]);
    check(&with(""), expect!["t.toml:2:6: A_DUE has no version"]);
    check(
        &with(&format!("colour = 1\n{VERSION}")),
        expect![
            "t.toml:9:1: unknown field `colour`, expected one of `id`, `name`, `family`, `class`, `counts_from`, `reads`, `requires`, `printed`, `act_on_earlier`, `version_by`, `extension`, `bank_calendar`, `on`, `closed_by`, `confidence`, `note`, `doubt`, `version`, `case`"
        ],
    );
    check(
        &with(&format!("reads = [\"entry_tipe\"]\n{VERSION}")),
        expect!["t.toml:9:10: there is no key `entry_tipe`; did you mean `entry_type`?"],
    );
    check(
        &with(&format!("printed = \"suspended\"\n{VERSION}")),
        expect!["t.toml:9:11: `suspended` is not a date"],
    );
    check(
        &with(&format!("{VERSION}valid_from = 2026-13-01\n")),
        expect!["t.toml:13:14: invalid date, expected month between 01 and 12"],
    );
    check(
        &with(&format!("{VERSION}valid_from = 2026-12-01T00:00:00\n")),
        expect!["t.toml:13:14: expected a date such as 2026-03-06"],
    );
    check(
        &with(&VERSION.replace("length = 3", "length = 1001")),
        expect!["t.toml:11:10: a length must be 0 to 1000 here"],
    );
    check(
        &with(&VERSION.replace("length = 3", "length = -1")),
        expect!["t.toml:11:10: invalid value: integer `-1`, expected u32"],
    );
    check(
        &with(&VERSION.replace("\"law\"", "\" \"")),
        expect!["t.toml:11:10: A_DUE: a version without `basis`"],
    );
    check(
        &with(&VERSION.replace("working_days", "fortnights")),
        expect![
            "t.toml:12:8: unknown variant `fortnights`, expected one of `calendar_days`, `working_days`, `working_day_of_next_month`, `months`, `years`"
        ],
    );
    check(
        &with(&format!("{VERSION}valid_to = 2020-01-01\n{VERSION}valid_from = 2020-01-03\n")),
        expect!["t.toml:18:14: A_DUE: a version must start the day after the one before it ends"],
    );
    check(
        &with(&format!("{VERSION}valid_to = 2020-01-01\n{VERSION}valid_from = 2020-01-02\n")),
        expect!["fine"],
    );
    check(
        &with(&format!("{VERSION}valid_to = 2020-01-01\nvalid_from = 2020-01-02\n")),
        expect!["t.toml:11:10: A_DUE: a version ends before it starts"],
    );
    check(
        &with(&format!("{VERSION}[[deadline.case]]\nwhen = {{ suspended = [\"yes\"] }}\nwhy = \"w\"\n")),
        expect![[r#"
            t.toml:13:1: A_DUE: a case asks for `suspended`, which the deadline does not read
            t.toml:13:1: A_DUE: a case without a condition"#]],
    );
    let reads = format!("reads = [\"suspended\"]\n{VERSION}[[deadline.case]]\n");
    check(
        &with(&format!("{reads}when = {{ suspended = [\"perhaps\"] }}\nwhy = \"w\"\n")),
        expect!["t.toml:14:1: A_DUE: in a case `suspended` must be yes or no"],
    );
    check(
        &with(&format!("{reads}when = {{ suspended = [\"yes\"] }}\ndue = \"2026-01-01\"\nwhy = \"w\"\n")),
        expect!["t.toml:14:1: A_DUE: a case is due NONE, OPEN, BLOCKED, INELIGIBLE or INVALID"],
    );
    check(&with(&format!("{reads}why = \"w\"\n")), expect!["t.toml:14:1: A_DUE: a case without a condition"]);
    check(
        &with(&format!("extension = {{ length = 500, max = 3 }}\n{VERSION}")),
        expect![[r#"
        t.toml:9:24: A_DUE: add `extensions` to `reads`
        t.toml:9:24: a length must be 0 to 1000 here"#]],
    );
    check(&format!("{}{}", with(VERSION), with(VERSION)), expect!["t.toml:14:6: `A_DUE` is defined twice"]);
    let leg = "liquidation_leg = { days = 15, act_days = 14, importer_extension = true, estimate = \"B\" }\n";
    check(
        &with(&format!("{VERSION}{leg}")),
        expect![[r#"
        t.toml:13:85: there is no deadline `B`
        t.toml:13:85: `act_days` must be at least `days`, for one acts before it is due"#]],
    );
    check(
        "[[closure]]\ndate = \"2026-12-24\"\nreason = \"r\"\nsource = \"s\"\n",
        expect![[r#"t.toml:2:8: invalid type: string "2026-12-24", expected a TOML datetime"#]],
    );
}
