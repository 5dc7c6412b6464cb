//! The deadline engine beside two things that were made without it: the project's file of worked cases, where it is at
//! hand, and a slow reference that walks the calendar day by day.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;
use entrywatch::deadline::{
    CAL_DAY, Class, DeadlineTable, Definition, Due, Key, Kind, Triggers, Value, Version, dash,
};
use proptest::prelude::*;

/// Worked cases, with columns case, deadline, inputs, due, act_by, reason and confidence.
const CASES: &str = "../shared/spec/deadline-cases.tsv";

#[test]
fn every_worked_case_comes_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES);
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let table = DeadlineTable::embedded();
    let (mut rows, mut ids, mut failed) = (0, BTreeSet::new(), Vec::new());
    for row in text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let [case, id, inputs, due, act_by, ..] = row[..] else { panic!("a row of five columns or more") };
        let triggers = Triggers::parse(inputs.split(';')).expect(case);
        match table.compute(id, &triggers) {
            Ok(computed) => {
                if (computed.due.to_string(), dash::text(computed.act_by)) != (due.into(), act_by.into()) {
                    failed.push(format!(
                        "{case}: {} {}, not {due} {act_by}",
                        computed.due,
                        dash::text(computed.act_by)
                    ));
                }
                if id != CAL_DAY {
                    let dates = table.compute_dates(id, &triggers).expect(case);
                    assert_eq!((dates.due, dates.act_by), (computed.due, computed.act_by), "{case}");
                }
            }
            Err(error) => failed.push(format!("{case}: {error}")),
        }
        rows += 1;
        ids.insert(id.to_owned());
    }
    assert!(failed.is_empty(), "{} of {rows} cases failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(rows, 268);
    ids.remove(CAL_DAY);
    let defined = table.definitions().iter().map(|definition| definition.id.as_str().to_owned()).collect();
    assert_eq!(ids, defined);
    assert_eq!(ids.len(), 61);
}

/// A second opinion, written without a look at the engine: it knows holidays as a list made year by year, and finds
/// every date by walking from day to day.
mod reference {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;

    use chrono::{Datelike, NaiveDate, Weekday};
    use entrywatch::deadline::{Class, DeadlineTable, Definition, Roll, Term, Unit};

    fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    pub fn next(day: NaiveDate) -> NaiveDate {
        day.succ_opt().expect("not the last day")
    }

    fn previous(day: NaiveDate) -> NaiveDate {
        day.pred_opt().expect("not the first day")
    }

    fn is_weekend(day: NaiveDate) -> bool {
        day.weekday() == Weekday::Sat || day.weekday() == Weekday::Sun
    }

    /// The days of a month that fall on `weekday`, in order.
    fn weekdays(year: i32, month: u32, weekday: Weekday) -> Vec<NaiveDate> {
        (1..=31)
            .filter_map(|day| NaiveDate::from_ymd_opt(year, month, day))
            .filter(|day| day.weekday() == weekday)
            .collect()
    }

    /// Fixed holidays as they are dated, and the others, which never fall on a weekend.
    fn holidays(year: i32) -> (Vec<NaiveDate>, Vec<NaiveDate>) {
        let mut fixed = vec![ymd(year, 1, 1), ymd(year, 7, 4), ymd(year, 11, 11), ymd(year, 12, 25)];
        if year > 2020 {
            fixed.push(ymd(year, 6, 19));
        }
        let monday = |month: u32| weekdays(year, month, Weekday::Mon);
        let last_may = monday(5).into_iter().next_back().expect("a month has Mondays");
        let thanksgiving = weekdays(year, 11, Weekday::Thu)[3];
        (fixed, vec![monday(1)[2], monday(2)[2], last_may, monday(9)[0], monday(10)[1], thanksgiving])
    }

    fn all(saturday_moves: bool) -> BTreeSet<NaiveDate> {
        let mut days = BTreeSet::new();
        for (fixed, moving) in (1985..2210).map(holidays) {
            days.extend(moving);
            days.extend(fixed.into_iter().map(|day| match day.weekday() {
                Weekday::Sat if saturday_moves => previous(day),
                Weekday::Sun => next(day),
                _ => day,
            }));
        }
        days
    }

    static FEDERAL: LazyLock<BTreeSet<NaiveDate>> = LazyLock::new(|| all(true));
    static BANK: LazyLock<BTreeSet<NaiveDate>> = LazyLock::new(|| all(false));
    static CLOSED: LazyLock<BTreeSet<NaiveDate>> =
        LazyLock::new(|| DeadlineTable::embedded().calendar().closures().map(|(day, _)| day).collect());

    pub fn is_working(day: NaiveDate) -> bool {
        !is_weekend(day) && !FEDERAL.contains(&day)
    }

    pub fn is_open(day: NaiveDate) -> bool {
        is_working(day) && !CLOSED.contains(&day)
    }

    fn walk(day: NaiveDate, days: u32) -> NaiveDate {
        (0..days).fold(day, |day, _| next(day))
    }

    fn walk_back(day: NaiveDate, days: u32) -> NaiveDate {
        (0..days).fold(day, |day, _| previous(day))
    }

    fn months_on(day: NaiveDate, months: u32, overflow: bool) -> NaiveDate {
        let (mut year, mut month) = (day.year(), day.month());
        for _ in 0..months {
            month += 1;
            if month == 13 {
                (year, month) = (year + 1, 1);
            }
        }
        match NaiveDate::from_ymd_opt(year, month, day.day()) {
            Some(day) => day,
            None => {
                let last = (28..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day)).next_back();
                let last = last.expect("a month has a last day");
                if overflow { next(last) } else { last }
            }
        }
    }

    fn nth_of_next_month(day: NaiveDate, nth: u32, holidays: &BTreeSet<NaiveDate>) -> NaiveDate {
        let mut candidate = months_on(ymd(day.year(), day.month(), 1), 1, false);
        let mut seen = 0;
        loop {
            seen += u32::from(!is_weekend(candidate) && !holidays.contains(&candidate));
            if seen == nth {
                return candidate;
            }
            candidate = next(candidate);
        }
    }

    fn last_day(start: NaiveDate, length: u32, unit: Unit, keep: bool) -> NaiveDate {
        match unit {
            Unit::CalendarDays => walk(start, length),
            Unit::WorkingDays => {
                let (mut day, mut counted) = (start, 0);
                while counted < length {
                    day = next(day);
                    counted += u32::from(is_working(day));
                }
                day
            }
            Unit::WorkingDayOfNextMonth => nth_of_next_month(start, length, &FEDERAL),
            Unit::Months => months_on(start, length, keep),
            Unit::Years => months_on(start, length * 12, keep),
        }
    }

    fn first(
        mut day: NaiveDate,
        step: fn(NaiveDate) -> NaiveDate,
        wanted: impl Fn(NaiveDate) -> bool,
    ) -> NaiveDate {
        while !wanted(day) {
            day = step(day);
        }
        day
    }

    fn roll(day: NaiveDate, roll: Roll) -> NaiveDate {
        match roll {
            Roll::None => day,
            Roll::Forward => first(day, next, is_working),
            Roll::Friday => first(day, next, |day| day.weekday() == Weekday::Fri),
        }
    }

    /// `due` and `act_by` of a clock that nothing but its start is known of.
    pub fn dates(definition: &Definition, term: Term, start: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
        let (due, act) = if definition.id == "PSC_DUE" {
            let (after, before) = if start < ymd(2017, 11, 1) { (270, 20) } else { (300, 15) };
            let liquidation = roll(walk(start, 314), Roll::Friday);
            let after = walk(start, after);
            (after.min(walk_back(liquidation, before)), after.min(walk_back(liquidation, before + 1)))
        } else {
            let day = last_day(start, term.length, term.unit, definition.class == Class::Keep);
            (roll(day, term.roll), walk_back(day, term.margin_days))
        };
        let act = match definition.id.as_str() {
            "PMS_PRELIM" | "PMS_DUE" => act.min(nth_of_next_month(start, term.length, &BANK)),
            _ => act,
        };
        (due, (definition.class == Class::Duty).then(|| first(act, previous, is_open)))
    }
}

/// The fewest facts that start the clock of `definition` on `start`: its first key, and one extension if it must be told.
fn started(definition: &Definition, start: NaiveDate) -> Triggers {
    let mut facts = Triggers::new();
    let key = definition.counts_from.last().expect("a start")[0];
    facts.set(key.as_str(), &start.to_string()).expect("a date in range");
    if definition.id == "LIQ_EXT_END" {
        facts.put(Key::Extensions, 1).expect("a count");
    }
    facts
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
                let mut term = version.term;
                match definition.id.as_str() {
                    "LIQ_EXT_END" => term.length += 1,
                    "RECORD_RETENTION" => term.length = 3, // started by the drawback claim
                    _ => {}
                }
                let (due, act_by) = reference::dates(definition, term, start);
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
