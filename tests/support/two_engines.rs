//! What a backtest has to give, by another way: the same files through two engines of their own, one for each set of rules,
//! with a journal each and a clock that strikes every hour; the letters counted here, by hand. For a test and for a bench.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use entrywatch::clock::{Clock, Zone};
use entrywatch::config::vocabulary;
use entrywatch::entry::Life;
use entrywatch::grammar::Grammar;
use entrywatch::ident::EntryNumber;
use entrywatch::outbox::{AlertKey, Audience, Letter, LetterKind, Team, TroubleBrief};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::Severity;
use entrywatch::rules::{EMBEDDED, EMBEDDED_NAME, Playbook, Rules};
use entrywatch::store::LetterFilter;
use entrywatch::synthetic::{Fault, GeneratedFile, Plan, generate};
use entrywatch::workbench::backtest::{Backtest, BacktestDay, ChangeKind, Counts};

use crate::desk::{self, Desk};

/// Stands in front of the embedded rules: more letters, fewer letters, other letters, letters said again, another
/// ladder, other people.
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
remind = "at once, then every 1 day, at most 2 times"
[[rule]]
name = "summary-early"
title = "Entry summary"
on = "deadline"
deadline = "ES_DUE"
remind = [9, 8, 7, 1]
severity = "info"
[[rule]]
name = "holds-tomorrow"
title = "A hold, in the digest"
on = "notice"
when = { effect = "hold", agency = "CBP" }
severity = "warning"
delivery = "digest"
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

pub fn audience() -> Audience {
    Audience::new(vec![
        team("operations", "America/New_York", 8, Severity::Info),
        team("finance", "America/Los_Angeles", 7, Severity::Warning),
    ])
}

/// The live rules and the candidate.
pub fn sides() -> (Arc<Pipeline>, Arc<Pipeline>) {
    (pipeline(&[(EMBEDDED_NAME, EMBEDDED)]), candidate())
}

/// The candidate in front of the embedded rules.
pub fn candidate() -> Arc<Pipeline> {
    pipeline(&[("candidate.toml", CANDIDATE), (EMBEDDED_NAME, EMBEDDED)])
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

/// What is lived through, and how fast.
pub struct Course {
    pub entries: u64,
    pub messages_per_file: usize,
    pub start: DateTime<Utc>,
    /// Hours between two files, so that reminders and digests fall between them.
    pub file_every_hours: i64,
    /// The clock goes on for so long after the last file.
    pub rest_hours: i64,
}

impl Course {
    pub fn files(&self) -> Vec<GeneratedFile> {
        let mut plan = Plan::new(11, self.entries);
        plan.messages_per_file = self.messages_per_file;
        plan.faults = [Fault::Duplicate, Fault::UnknownCodes].into();
        generate(&plan).collect()
    }

    /// Everything through an engine of its own. The files of [`is_backfill`] are backfills, and one drop fails once.
    pub fn live_through(&self, pipeline: &Arc<Pipeline>, files: &[GeneratedFile]) -> Lived {
        let mut desk = Desk::new(self.start);
        desk.open(pipeline);
        let mut messages = 0;
        for (index, file) in files.iter().enumerate() {
            let deliver = !is_backfill(index);
            messages +=
                desk.receive_as(&file.name, file.broker.as_str(), &file.bytes, deliver).received.messages;
            // The alert is named after its line, which is the same on both sides until the clock has struck.
            if index == 0 {
                desk.engine().trouble(Severity::Critical, "acme", trouble()).expect("the trouble is told");
            }
            strike(&mut desk, self.file_every_hours);
        }
        strike(&mut desk, self.rest_hours);
        Lived { desk, messages }
    }
}

/// Every seventh file.
pub fn is_backfill(index: usize) -> bool {
    index % 7 == 6
}

/// What a course leaves.
pub struct Lived {
    pub desk: Desk,
    /// Messages in the journaled files.
    pub messages: u64,
}

fn trouble() -> TroubleBrief {
    TroubleBrief {
        subject: "drop acme".into(),
        code: "list-failed".into(),
        message: "It cannot be listed.".to_owned(),
        advice: String::new(),
        file: None,
        place: None,
    }
}

fn strike(desk: &mut Desk, hours: i64) {
    for _ in 0..hours {
        desk.clock.advance(TimeDelta::hours(1));
        desk.engine().remind().expect("reminders are said");
        desk.engine().due(false).expect("the agenda is done");
        desk.engine().digests().expect("digests are written");
    }
}

/// A letter as it is known here: recipient, moment, kind, entry; and what it says.
pub type Known = BTreeMap<(String, DateTime<Utc>, bool, Option<EntryNumber>), Vec<Vec<String>>>;

/// All letters of a side, and what its people will be told in the next digest.
pub struct Side {
    pub letters: Known,
    /// Recipient, alert, and the moment of that digest.
    waiting: BTreeSet<(String, String, DateTime<Utc>)>,
}

/// What a desk leaves: its letters, and what waits.
pub fn side(desk: &Desk, pipeline: &Pipeline) -> Side {
    let now = desk.clock.now();
    let mut waiting = BTreeSet::new();
    for key in desk.store().digest(None, usize::MAX).expect("the store answers") {
        let team = pipeline.audience.team_of(&key.recipient).expect("a team");
        // The first stroke of the team's hour that is still to come.
        let hours = (1..=25).map(|hours| now + TimeDelta::hours(hours));
        let at = hours
            .map(|at| at - TimeDelta::minutes(i64::from(at.minute())))
            .find(|at| *at > now && team.zone.local(*at).time() == team.digest_at)
            .expect("a digest within a day");
        waiting.insert((key.recipient.to_string(), key.alert.to_string(), at));
    }
    Side { letters: letters(desk, pipeline), waiting }
}

/// All letters of a desk. What they carry is looked up in the store and in the lives, not asked of the pipeline.
fn letters(desk: &Desk, pipeline: &Pipeline) -> Known {
    let store = desk.store();
    let kept = store.alerts(None, usize::MAX).expect("the store answers");
    let kept: BTreeMap<AlertKey, Severity> =
        kept.into_iter().map(|alert| (alert.key, alert.severity)).collect();
    let lives = store.lives(None, usize::MAX).expect("the store answers");
    let lives: BTreeMap<EntryNumber, Life> = lives.into_iter().map(|life| (life.number, life)).collect();
    // A routine alert is kept as its key alone.
    let routine = |key: &AlertKey| {
        let (rule, number, id) = key.of_notice().expect("a notice raised it");
        let held = lives.get(&number).and_then(|life| life.get(id)).expect("a notice of the entry");
        pipeline.rules.get(rule).expect("a rule").severity(held.notice.severity)
    };
    let mut known = Known::new();
    for letter in store.letters(LetterFilter::All, usize::MAX).expect("the store answers") {
        let Letter { recipient, created_at, kind, entry, alerts, .. } = letter;
        let severity = |key: &AlertKey| kept.get(key).copied().unwrap_or_else(|| routine(key));
        let mut said: Vec<String> = alerts.iter().map(|key| format!("{key} {:?}", severity(key))).collect();
        said.sort();
        let id = (recipient.to_string(), created_at, matches!(kind, LetterKind::Digest { .. }), entry);
        known.entry(id).or_default().push(said);
    }
    known.values_mut().for_each(|letters| letters.sort());
    known
}

/// Letters by recipient and day: live, candidate, added, removed, changed, moved to a digest, taken out of one; and alerts of which the
/// recipient hears on one side only: added, removed.
pub type Table = BTreeMap<(NaiveDate, String), [u64; 9]>;

/// What an alert is about, whichever rule tells of it: `rule|about severity`.
fn about(said: &str) -> Option<String> {
    said.split_once('|').map_or(said, |(_, about)| about).split(' ').next().map(str::to_owned)
}

fn abouts(letter: &[String]) -> BTreeSet<String> {
    letter.iter().filter_map(|said| about(said)).collect()
}

/// Every telling of each thing to each recipient: moment, and whether in a digest.
type Tellings = BTreeMap<(String, String), BTreeSet<(DateTime<Utc>, bool)>>;

fn tellings(side: &Side) -> Tellings {
    let mut tellings = Tellings::new();
    for (recipient, alert, at) in &side.waiting {
        let thing = about(alert).expect("an alert is about something");
        tellings.entry((recipient.clone(), thing)).or_default().insert((*at, true));
    }
    for ((recipient, at, is_digest, _), letters) in &side.letters {
        for thing in letters.iter().flat_map(|letter| abouts(letter)) {
            tellings.entry((recipient.clone(), thing)).or_default().insert((*at, *is_digest));
        }
    }
    tellings
}

/// A letter that differs: day, recipient, what became of it, whether it is a digest, its entry, and for one that came or went which rules
/// told what in it, and how loud.
pub type Differs = (NaiveDate, String, ChangeKind, bool, Option<EntryNumber>, Vec<String>);

/// `cbp-hold (critical)`, of what a letter says.
fn rules_of(letter: &[String]) -> Vec<String> {
    let rule = |said: &String| {
        let (rule, rest) = said.split_once('|').expect("a key");
        let (_, severity) = rest.rsplit_once(' ').expect("a severity");
        format!("{rule} ({})", severity.to_lowercase())
    };
    let mut rules: Vec<String> = letter.iter().map(rule).collect();
    rules.sort();
    rules
}

/// The rows of a backtest, counted over the letters of both sides, and each letter that differs, in order.
pub fn count(live: &Side, candidate: &Side, since: NaiveDate) -> (Table, Vec<Differs>) {
    let audience = audience();
    let day_of =
        |recipient: &str, at: DateTime<Utc>| audience.team_of(recipient).expect("a team").zone.date(at);
    let (said_live, said_candidate) = (tellings(live), tellings(candidate));
    let (live, candidate) = (&live.letters, &candidate.letters);
    let (mut table, mut differ) = (Table::new(), Vec::new());
    let none = Vec::new();
    for id in live.keys().chain(candidate.keys().filter(|id| !live.contains_key(*id))) {
        let day = day_of(&id.0, id.1);
        if day < since {
            continue;
        }
        // All that an alert letter tells is told by digests first on the other side.
        let by_digest = |letter: &[String], other: &Tellings| {
            let first =
                |thing: String| other.get(&(id.0.clone(), thing)).and_then(|all| all.first().copied());
            !id.2
                && abouts(letter)
                    .into_iter()
                    .all(|thing| first(thing).is_some_and(|(_, is_digest)| is_digest))
        };
        let (before, after) = (live.get(id).unwrap_or(&none), candidate.get(id).unwrap_or(&none));
        let mut differs = |what: ChangeKind, letter: &[String]| {
            let rules = if what == ChangeKind::Changed { Vec::new() } else { rules_of(letter) };
            differ.push((day, id.0.clone(), what, id.2, id.3, rules));
        };
        let row = table.entry((day, id.0.clone())).or_default();
        row[0] += before.len() as u64;
        row[1] += after.len() as u64;
        // The same letter on both sides is no news; letters about the same thing are one that changed.
        let key = |letter: &Vec<String>| abouts(letter);
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
                    differs(ChangeKind::Changed, &letter);
                }
                None if by_digest(&letter, &said_candidate) => {
                    row[5] += 1;
                    differs(ChangeKind::ToDigest, &letter);
                }
                None => {
                    row[3] += 1;
                    differs(ChangeKind::Removed, &letter);
                }
            }
        }
        for letter in came {
            let is_moved = by_digest(&letter, &said_live);
            row[if is_moved { 6 } else { 2 }] += 1;
            differs(if is_moved { ChangeKind::FromDigest } else { ChangeKind::Added }, &letter);
        }
    }
    for (here, there, cell) in [(&said_candidate, &said_live, 7), (&said_live, &said_candidate, 8)] {
        for ((recipient, thing), all) in here {
            let day = day_of(recipient, all.first().expect("a telling").0);
            if day >= since && !there.contains_key(&(recipient.clone(), thing.clone())) {
                table.entry((day, recipient.clone())).or_default()[cell] += 1;
            }
        }
    }
    differ.sort();
    (table, differ)
}

/// The rows that a backtest gave.
pub fn table_of(result: &Backtest) -> Table {
    let row = |day: &BacktestDay| {
        let Counts { live, candidate, added, removed, changed, to_digest, from_digest, .. } = day.counts;
        let letters = [live, candidate, added, removed, changed, to_digest, from_digest];
        let alerts = [day.counts.alerts_added, day.counts.alerts_removed];
        let mut counts = [0; 9];
        counts.iter_mut().zip(letters.iter().chain(&alerts)).for_each(|(cell, count)| *cell = *count);
        ((day.day, day.recipient.clone()), counts)
    };
    result.days.iter().map(row).collect()
}
