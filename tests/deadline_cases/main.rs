//! The deadline engine beside two things that were made without it: worked cases ([`worked`]) and a slow reference that
//! walks the calendar day by day ([`reference`]), here with random facts and in [`every_day`] from every day there is.

mod every_day;
mod reference;
mod worked;

use std::path::Path;

use chrono::NaiveDate;
use entrywatch::deadline::{
    Class, DeadlineTable, Definition, Due, Key, Kind, Term, Triggers, Value, Version,
};
use proptest::prelude::*;

/// The fewest facts that start the clock of `definition` on `start`: its first key, and one extension if it must be told.
fn started(definition: &Definition, start: NaiveDate) -> Triggers {
    let mut facts = Triggers::new();
    let key = definition.counts_from.last().expect("a start")[0];
    let value = if key.kind() == Kind::Dates { Value::Dates(vec![start]) } else { Value::Date(start) };
    facts.put(key, value).expect("a date in range");
    if definition.id == "LIQ_EXT_END" {
        facts.put(Key::Extensions, 1).expect("a count");
    }
    facts
}

/// The period of a clock that was [`started`].
fn term_of(definition: &Definition, version: &Version) -> Term {
    let mut term = version.term;
    match definition.id.as_str() {
        "LIQ_EXT_END" => term.length += 1,
        "RECORD_RETENTION" => term.length = 3, // started by the drawback claim
        _ => {}
    }
    term
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(2010, 1, 1).expect("a date");
    (0u64..41 * 365).prop_map(move |days| first + chrono::Days::new(days))
}

fn any_definition() -> impl Strategy<Value = &'static Definition> {
    prop::sample::select((0..DeadlineTable::embedded().definitions().len()).collect::<Vec<_>>())
        .prop_map(|at| &DeadlineTable::embedded().definitions()[at])
}

/// Facts for the keys that `definition` reads, each of them known or not.
fn any_facts(definition: &'static Definition) -> impl Strategy<Value = Triggers> {
    let value = |key: Key| match key.kind() {
        Kind::Date => any_day().prop_map(Value::Date).boxed(),
        Kind::Dates => prop::collection::vec(any_day(), 1..4).prop_map(Value::Dates).boxed(),
        Kind::YesNo => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Count(_) => (0u32..5).prop_map(Value::Count).boxed(),
        Kind::EntryType => prop::sample::select(vec!["01", "02", "03", "09", "11", "21", "23", "61", "99"])
            .prop_map(|code| Value::entry_type(code).expect("a code"))
            .boxed(),
        Kind::Word(words) => prop::sample::select(words.to_vec()).prop_map(Value::Word).boxed(),
    };
    let keys: Vec<_> =
        definition.accepts.iter().map(|key| (Just(*key), prop::option::of(value(*key)))).collect();
    keys.prop_map(|keys| {
        let mut facts = Triggers::new();
        for (key, value) in keys {
            if let Some(value) = value {
                facts.put(key, value).expect("a value of its kind");
            }
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every clock, counted the slow way.
    #[test]
    fn a_walk_through_the_calendar_agrees(definition in any_definition(), start in any_day()) {
        let table = DeadlineTable::embedded();
        match table.dates_of(definition, &started(definition, start)) {
            Ok(dates) => {
                let version = definition.version_on(start).expect("a version in force");
                let (due, act_by) = reference::dates(definition, term_of(definition, version), start);
                prop_assert_eq!((dates.due, dates.act_by), (Due::Date(due), act_by), "{} from {}", definition.id, start);
            }
            Err(error) => prop_assert!(definition.version_on(start).is_none(), "{}", error),
        }
    }

    /// What starts later is never due earlier.
    #[test]
    fn later_starts_are_due_no_earlier(definition in any_definition(), start in any_day(), later in 1u64..40) {
        let table = DeadlineTable::embedded();
        let early = table.dates_of(definition, &started(definition, start));
        let late = table.dates_of(definition, &started(definition, start + chrono::Days::new(later)));
        if let (Ok(early), Ok(late)) = (early, late) {
            prop_assert!(early.due <= late.due, "{}: {} then {}", definition.id, early.due, late.due);
            prop_assert!(early.act_by <= late.act_by, "{}", definition.id);
        }
    }

    /// With whatever facts: both ways agree, nobody is told to act late or on a closed day, and nothing panics.
    #[test]
    fn both_ways_agree((definition, facts) in any_definition().prop_flat_map(|definition| (Just(definition), any_facts(definition)))) {
        let table = DeadlineTable::embedded();
        let id = definition.id.as_str();
        match (table.compute(id, &facts), table.compute_dates(id, &facts)) {
            (Ok(computed), Ok(dates)) => {
                prop_assert_eq!((computed.due, computed.act_by), (dates.due, dates.act_by));
                prop_assert_eq!(computed.start, dates.start.map(|(_, date)| date));
                prop_assert_eq!(&computed, &table.explain(id, &facts).expect("the same facts"));
                prop_assert_eq!(dates.act_by.is_some(), dates.due.date().is_some() && computed.class == Class::Duty);
                if let (Due::Date(due), Some(act_by)) = (dates.due, dates.act_by) {
                    prop_assert!(act_by <= due);
                    prop_assert!(reference::is_open(act_by));
                }
                prop_assert!(!computed.rule.is_empty() && !computed.basis.is_empty() && !computed.steps.is_empty());
            }
            (Err(left), Err(right)) => prop_assert_eq!(left, right),
            (left, right) => prop_assert!(false, "{:?} beside {:?}", left, right),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever text stands for a fact or a table, there is an answer in words.
    #[test]
    fn foreign_text_is_told_off(pair in ".{0,60}", key in prop::sample::select(Key::ALL.to_vec()), value in ".{0,40}", id in ".{0,40}") {
        let _ = Triggers::parse([&pair]);
        let _ = Triggers::parse([format!("{key}={value}")]);
        let _ = DeadlineTable::embedded().compute(&id, &Triggers::new()).map_err(|error| error.to_string());
        let _ = DeadlineTable::parse(&pair, "t.toml").map_err(|error| error.to_string());
    }
}

/// The five clocks of one entry, from one set of facts.
#[test]
fn one_set_of_facts_serves_all_clocks_of_an_entry() {
    let table = DeadlineTable::embedded();
    let facts = Triggers::parse([
        "entry_date=2026-01-05",
        "release_date=2026-01-06",
        "entry_type=01",
        "liquidation_date=2026-11-20",
        "liquidated=yes",
    ])
    .expect("facts");
    let due = |id: &str| table.compute_dates(id, &facts).expect("known").due.to_string();
    let five = ["ES_DUE", "PSC_DUE", "LIQ_SCHEDULED_EST", "LIQ_DEEMED_1Y", "PROTEST_DUE"].map(due);
    assert_eq!(five, ["2026-01-20", "BLOCKED", "2026-11-20", "2027-01-05", "2027-05-19"]);
}

/// What `docs/deadlines.md` says between these two lines is made from the table; `UPDATE_EXPECT=1` writes it anew.
const BEGIN: &str = "<!-- made from grammars/deadlines.toml: begin -->\n";
const END: &str = "<!-- made from grammars/deadlines.toml: end -->\n";

#[test]
fn the_page_lists_every_deadline() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deadlines.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has a begin line");
    let (_, after) = rest.split_once(END).expect("the page has an end line");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", listing(DeadlineTable::embedded()));
    if page != wanted && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, wanted).expect("the page can be written");
    } else {
        assert!(page == wanted, "docs/deadlines.md is out of date: run this test with UPDATE_EXPECT=1");
    }
}

fn listing(table: &DeadlineTable) -> String {
    let mut text = String::new();
    let mut family = "";
    for definition in table.definitions() {
        if definition.family != family {
            family = &definition.family;
            text += &format!("\n### Family `{family}`\n\n");
            text += "| id | what | class | counts from | rule | closed by | basis | confidence |\n|---|---|---|---|---|---|---|---|\n";
        }
        text += &row(definition);
    }
    text += "\n### Keys\n\n| key | is | written as |\n|---|---|---|\n";
    for key in Key::ALL {
        text += &format!("| `{key}` | {} | {} |\n", key.meaning(), key.kind());
    }
    text.push('\n');
    text
}

fn row(definition: &Definition) -> String {
    let groups = definition.counts_from.iter().map(|group| {
        let keys = group.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        if group.len() > 1 { format!("earliest known of {keys}") } else { keys }
    });
    let mut from = groups.collect::<Vec<_>>().join("; else ");
    if let Some(printed) = definition.printed() {
        from += &format!("; `{printed}` takes its place");
    }
    let dated = |version: &Version, text: String| match (version.valid_from, version.valid_to) {
        (None, None) => text,
        (Some(since), None) => format!("since {since}: {text}"),
        (None, Some(to)) => format!("until {to}: {text}"),
        (Some(since), Some(to)) => format!("{since} to {to}: {text}"),
    };
    let versions = |text: fn(&Version) -> String| {
        definition.versions.iter().map(|version| dated(version, text(version))).collect::<Vec<_>>()
    };
    let rule = [versions(Version::rule), definition.exceptions()].concat().join("<br>");
    let basis = versions(|version| version.basis.clone()).join("<br>");
    let mut confidence = definition.confidence.as_str().to_owned();
    if !definition.note.is_empty() {
        confidence += &format!(". {}", definition.note);
    }
    let off = if definition.on { "" } else { " (off unless configured)" };
    let (id, name, class) = (&definition.id, &definition.name, definition.class.as_str());
    format!(
        "| `{id}` | {name}{off} | {class} | {from} | {rule} | {} | {basis} | {confidence} |\n",
        definition.closed_by
    )
}
