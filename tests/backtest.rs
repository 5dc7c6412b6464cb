//! A backtest against the real thing: the same files through two engines of their own, one for each set of rules, with a
//! journal each and a clock that strikes every hour; the letters counted here, by hand.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "this test sends no mail")]
mod desk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use desk::Desk;
use entrywatch::clock::{Clock, Zone};
use entrywatch::config::vocabulary;
use entrywatch::daemon::tasks::deliver::alerts_of;
use entrywatch::grammar::Grammar;
use entrywatch::ident::EntryNumber;
use entrywatch::journal::{JournalReader, What};
use entrywatch::outbox::{AlertKey, Audience, Cause, Letter, LetterKind, Team, TroubleBrief};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::Severity;
use entrywatch::rules::{Delivery, EMBEDDED, EMBEDDED_NAME, On, Playbook, Rules};
use entrywatch::store::LetterFilter;
use entrywatch::synthetic::{Fault, GeneratedFile, Plan, generate};
use entrywatch::workbench::backtest::{Backtest, ChangeKind, backtest};
use entrywatch::workbench::why::{Asked, why};

/// Stands in front of the embedded rules: more letters, fewer letters, other letters, another ladder, other people.
const CANDIDATE: &str = r#"
[[rule]]
name = "no-exams"
title = "Exams are somebody else's"
on = "notice"
when = { effect = "exam" }
delivery = "none"
[[rule]]
name = "releases-now"
title = "Released"
on = "notice"
when = { became = "released" }
severity = "warning"
[[rule]]
name = "summary-early"
title = "Entry summary"
on = "deadline"
deadline = "ES_DUE"
remind = [9, 8, 7, 1]
severity = "info"
[[route]]
name = "bad-news"
when = { severity = "critical" }
notify = ["finance"]
"#;

fn team(name: &str, zone: &str, hour: u32, severity_min: Severity) -> Team {
    Team {
        name: name.into(),
        to: vec![format!("{name}@example.com").into(), "both@example.com".into()],
        zone: Zone::named(zone).expect("a zone"),
        digest_at: chrono::NaiveTime::from_hms_opt(hour, 0, 0).expect("a time"),
        severity_min,
    }
}

fn audience() -> Audience {
    Audience::new(vec![
        team("operations", "America/New_York", 8, Severity::Info),
        team("finance", "America/Los_Angeles", 7, Severity::Warning),
    ])
}

fn pipeline(files: &[(&str, &str)]) -> Arc<Pipeline> {
    let known = vocabulary(Some(&Grammar::embedded()));
    let rules = Rules::parse(files, &Playbook::embedded(), &["operations", "finance"], &known);
    let base = desk::pipeline();
    Arc::new(Pipeline {
        interpreter: base.interpreter.clone(),
        rules: Arc::new(rules.unwrap_or_else(|faults| panic!("{faults:#?}"))),
        deadlines: base.deadlines.clone(),
        audience: audience(),
        importer_number: Default::default(),
        feeds: Vec::new(),
    })
}

fn start() -> DateTime<Utc> {
    "2025-03-03T14:00:00Z".parse().expect("an instant")
}

fn feed() -> Vec<GeneratedFile> {
    let mut plan = Plan::new(11, 90);
    plan.messages_per_file = 10;
    plan.faults = [Fault::Duplicate, Fault::UnknownCodes].into();
    generate(&plan).collect()
}

/// Hours between two files, so that reminders and digests fall between them.
const FILE_EVERY_HOURS: i64 = 29;
/// The clock goes on for so long after the last file.
const REST_HOURS: i64 = 24 * 60;

/// Everything through an engine of its own. Every seventh file is a backfill, and one drop fails once.
fn live_through(pipeline: &Arc<Pipeline>, files: &[GeneratedFile]) -> Desk {
    let mut desk = Desk::new(start());
    desk.open(pipeline);
    for (index, file) in files.iter().enumerate() {
        desk.receive_as(&file.name, file.broker.as_str(), &file.bytes, index % 7 != 6);
        if index == 3 {
            let trouble = TroubleBrief {
                subject: "drop acme".into(),
                code: "list-failed".into(),
                message: "It cannot be listed.".to_owned(),
                advice: String::new(),
                file: None,
                place: None,
            };
            desk.engine().trouble(Severity::Critical, "acme", trouble).expect("the trouble is told");
        }
        strike(&mut desk, FILE_EVERY_HOURS);
    }
    strike(&mut desk, REST_HOURS);
    desk
}

fn strike(desk: &mut Desk, hours: i64) {
    for _ in 0..hours {
        desk.clock.advance(TimeDelta::hours(1));
        desk.engine().remind().expect("reminders are said");
        desk.engine().digests().expect("digests are written");
    }
}

/// A letter as this test knows it: recipient, moment, kind, entry; and what it says.
type Known = BTreeMap<(String, DateTime<Utc>, bool, Option<EntryNumber>), Vec<Vec<String>>>;

fn letters(desk: &Desk, pipeline: &Pipeline) -> Known {
    let store = desk.store();
    let mut known = Known::new();
    for letter in store.letters(LetterFilter::All, usize::MAX).expect("the store answers") {
        let Letter { recipient, created_at, kind, entry, .. } = letter.clone();
        let mut said: Vec<String> = Vec::new();
        for alert in alerts_of(&*store, pipeline, &letter).expect("the store answers") {
            said.push(format!("{} {:?}", alert.key, alert.severity));
        }
        assert_eq!(said.len(), letter.alerts.len(), "every alert is there");
        said.sort();
        let id = (recipient.to_string(), created_at, matches!(kind, LetterKind::Digest { .. }), entry);
        known.entry(id).or_default().push(said);
    }
    known.values_mut().for_each(|letters| letters.sort());
    known
}

/// Letters by recipient and day: live, candidate, added, removed, changed.
type Table = BTreeMap<(NaiveDate, String), [u64; 5]>;

fn count(live: &Known, candidate: &Known, since: NaiveDate) -> Table {
    let audience = audience();
    let mut table = Table::new();
    let none = Vec::new();
    for id in live.keys().chain(candidate.keys().filter(|id| !live.contains_key(*id))) {
        let day = audience.team_of(&id.0).expect("a team").zone.date(id.1);
        if day < since {
            continue;
        }
        let (before, after) = (live.get(id).unwrap_or(&none), candidate.get(id).unwrap_or(&none));
        let row = table.entry((day, id.0.clone())).or_default();
        row[0] += before.len() as u64;
        row[1] += after.len() as u64;
        // The same letter on both sides is no news; letters about the same thing are one that changed.
        let about = |said: &str| {
            said.split_once('|').map_or(said, |(_, about)| about).split(' ').next().map(str::to_owned)
        };
        let key = |letter: &Vec<String>| -> BTreeSet<String> {
            letter.iter().filter_map(|said| about(said)).collect()
        };
        let (mut gone, mut came) = (before.clone(), after.clone());
        gone.retain(|letter| match came.iter().position(|other| other == letter) {
            Some(at) => {
                came.remove(at);
                false
            }
            None => true,
        });
        gone.sort_by_key(key);
        came.sort_by_key(key);
        for letter in gone {
            match came.iter().position(|other| !key(other).is_disjoint(&key(&letter))) {
                Some(at) => {
                    came.remove(at);
                    row[4] += 1;
                }
                None => row[3] += 1,
            }
        }
        row[2] += came.len() as u64;
    }
    table
}

fn table_of(result: &Backtest) -> Table {
    let row = |day: &entrywatch::workbench::backtest::BacktestDay| {
        let counts = [day.live, day.candidate, day.added, day.removed, day.changed];
        ((day.day, day.recipient.clone()), counts)
    };
    result.days.iter().map(row).collect()
}

#[test]
fn a_backtest_gives_what_two_engines_give() {
    let files = feed();
    let live = pipeline(&[(EMBEDDED_NAME, EMBEDDED)]);
    let other = pipeline(&[("candidate.toml", CANDIDATE), (EMBEDDED_NAME, EMBEDDED)]);
    let (lived, tried) = (live_through(&live, &files), live_through(&other, &files));
    let (ours, theirs) = (letters(&lived, &live), letters(&tried, &other));
    assert!(ours.len() > 300, "only {} letters", ours.len());
    let journal = JournalReader::open(lived.folder.path()).expect("the journal opens");
    for since in ["2025-03-01", "2025-06-10"] {
        let since: NaiveDate = since.parse().expect("a date");
        let result =
            backtest(&journal, &live, &other, since, lived.clock.now(), &|_| {}).expect("it is played");
        assert_eq!(table_of(&result), count(&ours, &theirs, since), "since {since}");
        let kinds = [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed];
        let found = |kind: &ChangeKind| result.changes.iter().any(|change| change.what == *kind);
        assert!(since > start().date_naive() || kinds.iter().all(found), "{:?}", result.changes);
    }
    // The journal of the other engine tells the same story, whatever clock lines it has.
    let journal = JournalReader::open(tried.folder.path()).expect("the journal opens");
    let since = "2025-03-01".parse().expect("a date");
    let same = backtest(&journal, &live, &live, since, tried.clock.now(), &|_| {}).expect("it is played");
    assert!(same.is_same() && same.live == ours.values().map(|letters| letters.len() as u64).sum::<u64>());
}

/// Somebody who is in two teams waits for the first one's time; the second has nothing to write until then, and says so by
/// writing nothing.
#[test]
fn a_digest_is_written_once_a_day_for_each_team() {
    let desk = live_through(&pipeline(&[(EMBEDDED_NAME, EMBEDDED)]), &feed());
    let journal = JournalReader::open(desk.folder.path()).expect("the journal opens");
    let mut written = Vec::new();
    for line in journal.read(1).expect("it is read") {
        if let What::Digest { team, day } = line.expect("a line").1.what {
            written.push((day, team));
        }
    }
    let once: BTreeSet<_> = written.iter().collect();
    assert!(written.len() > 20, "{written:?}");
    assert_eq!(once.len(), written.len(), "{written:?}");
}

/// What `rules why` derives from an entry's life is what the engine did when the files came: for every entry and every rule
/// on notices the very same alerts, no more and no fewer.
#[test]
fn why_finds_the_alerts_that_were_raised() {
    let pipeline = pipeline(&[("candidate.toml", CANDIDATE), (EMBEDDED_NAME, EMBEDDED)]);
    let desk = live_through(&pipeline, &feed());
    let store = desk.store();
    let mut raised: BTreeMap<(EntryNumber, String), BTreeSet<String>> = BTreeMap::new();
    let mut raise = |key: &AlertKey| {
        if let Some((rule, number, _)) = key.of_notice() {
            raised.entry((number, rule.to_owned())).or_default().insert(key.to_string());
        }
    };
    for alert in store.alerts(None, usize::MAX).expect("the store answers") {
        if matches!(alert.cause, Cause::Notice(_)) {
            raise(&alert.key);
        }
    }
    // Routine alerts are kept as their keys, in digests that wait and in those that were written.
    store
        .digest(None, usize::MAX)
        .expect("the store answers")
        .iter()
        .for_each(|waiting| raise(&waiting.alert));
    for letter in store.letters(LetterFilter::All, usize::MAX).expect("the store answers") {
        letter.alerts.iter().for_each(&mut raise);
    }
    let backfills: BTreeSet<String> = feed().into_iter().skip(6).step_by(7).map(|file| file.name).collect();
    assert!(raised.len() > 200, "only {} rules told of entries", raised.len());
    let today = pipeline.audience.reminder_day(desk.clock.now());
    let asked =
        Asked { rules: &pipeline.rules, audience: &pipeline.audience, deadlines: &pipeline.deadlines, today };
    for life in store.lives(None, usize::MAX).expect("the store answers") {
        for rule in pipeline.rules.iter().filter(|rule| rule.on == On::Notice) {
            let told = why(&asked, &life, &rule.name).expect("the rule is there");
            assert_eq!(told.notices.len(), life.notices.len(), "every notice is asked about");
            // The routine of a backfill is told to nobody, and so not kept.
            let is_kept = |key: &&AlertKey| {
                let held =
                    key.of_notice().and_then(|(_, _, id)| life.get(id)).expect("a notice of the entry");
                rule.delivery == Delivery::Now || !backfills.contains(&*held.seen.name)
            };
            let alerts = told.alerts();
            let found: BTreeSet<String> =
                alerts.iter().filter(|key| is_kept(&&**key)).map(ToString::to_string).collect();
            let wanted = raised.remove(&(life.number, rule.name.to_string())).unwrap_or_default();
            assert_eq!(found, wanted, "{} of {}", rule.name, life.number);
        }
    }
    assert!(raised.is_empty(), "{raised:?}");
}
