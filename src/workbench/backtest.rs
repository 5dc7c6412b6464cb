//! A journal under two sets of rules: which letters there would be more, fewer, or other.
//!
//! Both sides are played from the first line, for what a rule sees depends on everything before. The clock is not taken
//! from the journal: the daemon looks at it only when something is due under the rules that were live, so both sides
//! get a look at every hour at which a reminder or a digest may be due. Letters are compared as people would: by
//! recipient, moment, entry and kind; a letter that is there on both sides and says something else has changed. A letter that is gone
//! because a digest tells all of it has moved, and so has one that tells what stood in a digest; a digest that comes after the last
//! moment counts by what waits for it then. Alerts are counted apart from letters:
//! one is added or removed when a recipient hears of it on one side only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::{Bench, BenchError};
use crate::daemon::engine::EngineError;
use crate::ident::EntryNumber;
use crate::journal::{JournalError, JournalReader, What};
use crate::outbox::{AlertKey, Audience, Letter, LetterKind, Task};
use crate::pipeline::{Mailing, Pipeline};
use crate::place::Severity;
use crate::step::DigestKey;
use crate::store::{LetterFilter, StoreError};

/// Letters that are told one by one; the counts hold all of them.
pub const CHANGES_MAX: usize = 1_000;

/// Letters of so many days before the first one are looked at as well: what a digest tells on the first day may have been told at once
/// the evening before.
const MARGIN_DAYS: Days = Days::new(2);

/// Lines between two reports of progress.
const PROGRESS_LINES: u64 = 100;

#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    #[error("a line of the journal cannot be applied")]
    Apply(#[from] EngineError),
    #[error("the time between two lines cannot be played")]
    Bench(#[from] BenchError),
    #[error("the letters cannot be compared")]
    Store(#[from] StoreError),
}

/// What a backtest gave.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Backtest {
    pub since: NaiveDate,
    /// The last moment that was played.
    pub until: DateTime<Utc>,
    /// Journal lines.
    pub lines: u64,
    #[serde(flatten)]
    pub counts: Counts,
    /// Acknowledgements of steps that the live ladders said and those of the candidate did not: there they pause nothing.
    pub unanswered: u64,
    /// By recipient and day; days without a letter on either side are left out.
    pub days: Vec<BacktestDay>,
    /// The first letters that differ, at most [`CHANGES_MAX`].
    pub changes: Vec<Change>,
}

impl Backtest {
    pub fn is_same(&self) -> bool {
        self.counts.is_same()
    }
}

/// Letters and alerts on both sides. `candidate` is `live`, more by `added` and `from_digest`, fewer by `removed` and `to_digest`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Letters under the live rules, and with the candidate.
    pub live: u64,
    pub candidate: u64,
    pub added: u64,
    pub removed: u64,
    /// On both sides, and they say something else.
    pub changed: u64,
    /// Letters that are gone; a digest of the candidate tells all that they told.
    pub to_digest: u64,
    /// Letters that are new; a digest of the live rules told all that they tell.
    pub from_digest: u64,
    /// Alerts of which the recipient hears with the candidate only, by the day of the first letter.
    pub alerts_added: u64,
    /// Alerts of which the recipient hears no more.
    pub alerts_removed: u64,
}

impl Counts {
    pub fn is_same(&self) -> bool {
        let Self { live: _, candidate: _, added, removed, changed, to_digest, from_digest, .. } = *self;
        added + removed + changed + to_digest + from_digest + self.alerts_added + self.alerts_removed == 0
    }

    fn add(&mut self, other: &Self) {
        self.live += other.live;
        self.candidate += other.candidate;
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
        self.to_digest += other.to_digest;
        self.from_digest += other.from_digest;
        self.alerts_added += other.alerts_added;
        self.alerts_removed += other.alerts_removed;
    }
}

/// Letters to one recipient on one day, in the zone of the recipient's team.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BacktestDay {
    pub recipient: String,
    pub day: NaiveDate,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
    /// A digest tells it instead.
    ToDigest,
    /// A digest told it before.
    FromDigest,
}

/// A letter that differs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Change {
    pub what: ChangeKind,
    pub recipient: String,
    pub at: DateTime<Utc>,
    pub entry: Option<EntryNumber>,
    pub is_digest: bool,
    /// The day of the digest that tells, or told, what the letter says.
    pub digest: Option<NaiveDate>,
    /// Rule and severity of each alert, before; blank for an added letter.
    pub live: Vec<String>,
    pub candidate: Vec<String>,
}

/// What makes two letters of two sides the same letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct LetterId {
    recipient: Box<str>,
    at: DateTime<Utc>,
    is_digest: bool,
    entry: Option<EntryNumber>,
}

/// What a letter says: rule and severity by subject and occasion.
type Told = BTreeMap<Box<str>, (Box<str>, Severity)>;

/// Alerts that were looked up: most go to several people, and a routine one is told anew from its entry each time.
type Said = BTreeMap<AlertKey, (Box<str>, Severity)>;

/// All letters of one side. Several with one id come from one large file.
type Letters = BTreeMap<LetterId, Vec<Told>>;

/// One side, played to the end.
struct Side {
    letters: Letters,
    /// What people will be told later, by itself or in the next digest: the letter to come, and subject and occasion.
    waiting: Vec<(LetterId, Box<str>)>,
    /// Lines with an acknowledgement that answers something.
    answers: BTreeSet<u64>,
}

/// The letter in which a recipient is first told of something: by recipient, subject and occasion.
type Firsts<'l> = HashMap<(&'l str, &'l str), &'l LetterId>;

/// Plays the journal under both pipelines until `until` and compares the letters of `since` and later.
///
/// `progress` is told how many lines each side has played.
///
/// # Errors
/// When the journal or its archive cannot be read.
pub fn backtest(
    journal: &JournalReader,
    live: &Arc<Pipeline>,
    candidate: &Arc<Pipeline>,
    since: NaiveDate,
    until: DateTime<Utc>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Backtest, BacktestError> {
    let mut lines = 0;
    for line in journal.read(1)? {
        lines = line?.0.seq;
    }
    let side = |pipeline: &Arc<Pipeline>| play(journal, pipeline, since, lines, until, progress);
    let (ours, theirs) = std::thread::scope(|scope| {
        let other = scope.spawn(|| side(candidate));
        let ours = side(live);
        (ours, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    Ok(compare(&ours?, &theirs?, &live.audience, since, until, lines))
}

/// How many lines a journal has, for a progress bar.
pub fn count_lines(journal: &JournalReader) -> Result<u64, JournalError> {
    let mut lines = 0;
    for line in journal.read(1)? {
        lines = line?.0.seq;
    }
    Ok(lines)
}

fn play(
    journal: &JournalReader,
    pipeline: &Arc<Pipeline>,
    since: NaiveDate,
    lines: u64,
    until: DateTime<Utc>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Side, BacktestError> {
    let mut bench = Bench::new(pipeline.clone(), DateTime::UNIX_EPOCH).with_swift_mail();
    let (mut has_begun, mut answers) = (false, BTreeSet::new());
    for line in journal.read(1)? {
        let (_, line) = line?;
        if line.seq > lines {
            break;
        }
        if line.seq % PROGRESS_LINES == 0 {
            progress(PROGRESS_LINES);
        }
        let mailing = match &line.what {
            // The clock is played, and each letter is taken for one that leaves when it is written.
            What::Reminded
            | What::Due { .. }
            | What::Digest { .. }
            | What::Letter { .. }
            | What::Retry { .. } => continue,
            What::Received(received) if !received.deliver => Mailing::Quiet,
            _ => Mailing::Deliver,
        };
        if std::mem::replace(&mut has_begun, true) {
            bench.wait_until(line.at)?;
        }
        bench.set(line.at);
        if let What::Acknowledged { alert, .. } = &line.what
            && is_answer(&bench, alert)?
        {
            answers.insert(line.seq);
        }
        bench.apply_line(&line, mailing, journal)?;
    }
    if has_begun {
        bench.wait_until(until)?;
    }
    Ok(Side { letters: letters(&bench, since)?, waiting: waiting(&bench)?, answers })
}

/// Whether somebody who takes care of this answers what was said, under whatever name. What is not told of a notice needs no answer.
fn is_answer(bench: &Bench, key: &AlertKey) -> Result<bool, StoreError> {
    if key.of_notice().is_some() {
        return Ok(true);
    }
    for name in bench.pipeline().names_of(key) {
        if bench.store().alert(&name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What waits for the next digest, and what waits to be told by itself.
fn waiting(bench: &Bench) -> Result<Vec<(LetterId, Box<str>)>, StoreError> {
    let mut waiting = Vec::new();
    let audience = &bench.pipeline().audience;
    for DigestKey { recipient, alert, .. } in bench.store().digest(None, usize::MAX)? {
        let Some(team) = audience.team_of(&recipient) else { continue };
        let id = LetterId { recipient, at: team.next_digest(bench.now()), is_digest: true, entry: None };
        waiting.push((id, about(&alert).into()));
    }
    for key in bench.store().agenda_until(DateTime::<Utc>::MAX_UTC, usize::MAX)? {
        if let Some(Task::Tell { recipient, alert, .. }) = key.task() {
            let id = LetterId { recipient, at: key.at, is_digest: false, entry: None };
            waiting.push((id, about(&alert).into()));
        }
    }
    Ok(waiting)
}

/// Subject and occasion of an alert, whichever rule tells of it.
fn about(key: &AlertKey) -> &str {
    key.as_str().split_once('|').map_or(key.as_str(), |(_, about)| about)
}

fn letters(bench: &Bench, since: NaiveDate) -> Result<Letters, StoreError> {
    let mut letters = Letters::new();
    let mut known = Said::new();
    let since = since.checked_sub_days(MARGIN_DAYS).unwrap_or(since);
    for letter in bench.store().letters(LetterFilter::All, usize::MAX)? {
        if local_day(&bench.pipeline().audience, &letter.recipient, letter.created_at) < since {
            continue;
        }
        let told = told(bench, &letter, &mut known)?;
        let id = LetterId {
            recipient: letter.recipient,
            at: letter.created_at,
            is_digest: matches!(letter.kind, LetterKind::Digest { .. }),
            entry: letter.entry,
        };
        letters.entry(id).or_default().push(told);
    }
    letters.values_mut().for_each(|letters| letters.sort());
    Ok(letters)
}

fn told(bench: &Bench, letter: &Letter, known: &mut Said) -> Result<Told, StoreError> {
    let mut told = Told::new();
    for key in &letter.alerts {
        if !known.contains_key(key) {
            let Some(alert) = bench.alert(key)? else { continue };
            known.insert(key.clone(), (alert.rule, alert.severity));
        }
        told.extend(known.get(key).map(|said| (about(key).into(), said.clone())));
    }
    Ok(told)
}

fn local_day(audience: &Audience, recipient: &str, at: DateTime<Utc>) -> NaiveDate {
    audience.team_of(recipient).map_or_else(|| at.date_naive(), |team| team.zone.date(at))
}

fn compare(
    live: &Side,
    candidate: &Side,
    audience: &Audience,
    since: NaiveDate,
    until: DateTime<Utc>,
    lines: u64,
) -> Backtest {
    let (told_live, told_candidate) = (firsts(live), firsts(candidate));
    let unanswered = live.answers.difference(&candidate.answers).count() as u64;
    let (live, candidate) = (&live.letters, &candidate.letters);
    let mut days: BTreeMap<(NaiveDate, Box<str>), Counts> = BTreeMap::new();
    let mut changes = Vec::new();
    let mut ids: Vec<&LetterId> = live.keys().chain(candidate.keys()).collect();
    ids.sort_by_key(|id| (id.at, *id));
    ids.dedup();
    for id in ids {
        let day = local_day(audience, &id.recipient, id.at);
        if day < since {
            continue;
        }
        let counts = days.entry((day, id.recipient.clone())).or_default();
        let (before, after) = (of(live, id), of(candidate, id));
        counts.live += before.len() as u64;
        counts.candidate += after.len() as u64;
        for (before, after) in differing(before, after) {
            let (what, digest) = kind_of(id, (before, after), (&told_live, &told_candidate));
            let digest = digest.map(|at| local_day(audience, &id.recipient, at));
            *counter(counts, what) += 1;
            if changes.len() < CHANGES_MAX {
                changes.push(Change { digest, ..change(id, what, before, after) });
            }
        }
    }
    let mut count_alerts = |here: &Firsts<'_>, there: &Firsts<'_>, counter: fn(&mut Counts) -> &mut u64| {
        for (about, id) in here.iter().filter(|(about, _)| !there.contains_key(*about)) {
            let day = local_day(audience, about.0, id.at);
            if day >= since {
                *counter(days.entry((day, id.recipient.clone())).or_default()) += 1;
            }
        }
    };
    count_alerts(&told_live, &told_candidate, |counts| &mut counts.alerts_removed);
    count_alerts(&told_candidate, &told_live, |counts| &mut counts.alerts_added);
    let day = |((day, recipient), counts): ((NaiveDate, Box<str>), Counts)| BacktestDay {
        recipient: recipient.into(),
        day,
        counts,
    };
    let days: Vec<BacktestDay> = days.into_iter().map(day).collect();
    let mut counts = Counts::default();
    days.iter().for_each(|day| counts.add(&day.counts));
    Backtest { since, until, lines, counts, unanswered, changes, days }
}

/// What became of a letter, and the digest that tells, or told, the same.
fn kind_of(
    id: &LetterId,
    (before, after): (Option<&Told>, Option<&Told>),
    (live, candidate): (&Firsts<'_>, &Firsts<'_>),
) -> (ChangeKind, Option<DateTime<Utc>>) {
    let instead = |told: Option<&Told>, there| told.and_then(|told| digest_instead(id, told, there));
    let (digest, moved, plain) = match (before, after) {
        (Some(_), Some(_)) => return (ChangeKind::Changed, None),
        (None, _) => (instead(after, live), ChangeKind::FromDigest, ChangeKind::Added),
        (_, None) => (instead(before, candidate), ChangeKind::ToDigest, ChangeKind::Removed),
    };
    (if digest.is_some() { moved } else { plain }, digest)
}

fn counter(counts: &mut Counts, what: ChangeKind) -> &mut u64 {
    match what {
        ChangeKind::Added => &mut counts.added,
        ChangeKind::Removed => &mut counts.removed,
        ChangeKind::Changed => &mut counts.changed,
        ChangeKind::ToDigest => &mut counts.to_digest,
        ChangeKind::FromDigest => &mut counts.from_digest,
    }
}

/// Letters of a recipient come in the order of their moments, so the first one stays.
fn firsts(side: &Side) -> Firsts<'_> {
    let mut firsts = Firsts::new();
    for (id, told) in &side.letters {
        for about in told.iter().flat_map(BTreeMap::keys) {
            firsts.entry((&id.recipient, about)).or_insert(id);
        }
    }
    for (id, about) in &side.waiting {
        firsts.entry((&id.recipient, about)).or_insert(id);
    }
    firsts
}

/// The moment of the last digest that tells what a letter tells, when digests tell all of it on the side of `firsts`.
fn digest_instead(id: &LetterId, told: &Told, firsts: &Firsts<'_>) -> Option<DateTime<Utc>> {
    if id.is_digest {
        return None;
    }
    let digests = told.keys().map(|about| {
        let first = firsts.get(&(&*id.recipient, &**about))?;
        first.is_digest.then_some(first.at)
    });
    digests.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The letters of one moment that differ: those that tell of the same thing are one letter that changed, the others came
/// or went.
fn differing<'l>(before: &'l [Told], after: &'l [Told]) -> Vec<(Option<&'l Told>, Option<&'l Told>)> {
    let mut came: Vec<&Told> = after.iter().collect();
    let mut take = |is_it: &dyn Fn(&Told) -> bool| {
        let at = came.iter().position(|told| is_it(told))?;
        Some(came.remove(at))
    };
    let gone: Vec<&Told> = before.iter().filter(|told| take(&|other| other == *told).is_none()).collect();
    let mut pairs: Vec<(Option<&Told>, Option<&Told>)> = Vec::new();
    for told in gone {
        pairs.push((Some(told), take(&|other| other.keys().any(|about| told.contains_key(about)))));
    }
    pairs.extend(came.into_iter().map(|told| (None, Some(told))));
    pairs
}

fn of<'l>(letters: &'l Letters, id: &LetterId) -> &'l [Told] {
    letters.get(id).map_or(&[], Vec::as_slice)
}

fn change(id: &LetterId, what: ChangeKind, live: Option<&Told>, candidate: Option<&Told>) -> Change {
    // What is the same on both sides is no news.
    let other = |told: Option<&Told>, than: Option<&Told>| -> Vec<String> {
        let mut said = Vec::new();
        for (about, (rule, severity)) in told.into_iter().flatten() {
            let there = than.and_then(|than| than.get(about));
            if there.is_none_or(|(other, loud)| other != rule || loud != severity) {
                said.push(format!("{rule} ({})", severity.as_str()));
            }
        }
        said
    };
    Change {
        what,
        recipient: id.recipient.to_string(),
        at: id.at,
        entry: id.entry,
        is_digest: id.is_digest,
        digest: None,
        live: other(live, candidate),
        candidate: other(candidate, live),
    }
}
