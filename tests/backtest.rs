//! A backtest against the real thing: the same files through two engines of their own, one for each set of rules, with a
//! journal each and a clock that strikes every hour; the letters counted here, by hand.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "this test sends no mail")]
mod desk;

#[path = "support/two_engines.rs"]
mod two_engines;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use entrywatch::clock::Clock;
use entrywatch::ident::EntryNumber;
use entrywatch::journal::{JournalReader, What};
use entrywatch::outbox::{AlertKey, Cause};
use entrywatch::rules::{Delivery, On};
use entrywatch::store::LetterFilter;
use entrywatch::workbench::backtest::{Backtest, CHANGES_MAX, Change, ChangeKind, backtest};
use entrywatch::workbench::why::{Asked, why};
use two_engines::{
    Course, Differs, Lived, Side, audience, candidate, count, is_backfill, side, sides, table_of,
};

/// Small files, far from each other.
fn small() -> Course {
    Course {
        entries: 90,
        messages_per_file: 10,
        start: instant("2025-03-03T14:00:00Z"),
        file_every_hours: 29,
        rest_hours: 24 * 60,
    }
}

/// At the pace of the dates in the messages: clocks run out between files, and some that come are due at once.
fn paced() -> Course {
    Course {
        entries: 100,
        messages_per_file: 50,
        start: instant("2026-01-05T14:00:00Z"),
        file_every_hours: 24 * 8,
        rest_hours: 24 * 60,
    }
}

/// Over 100,000 messages; an unoptimised build takes minutes for so many, and plays a tenth of them.
const MANY_MESSAGES: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
const MANY_ENTRIES: u64 = if cfg!(debug_assertions) { 1_400 } else { 14_000 };

/// Many entries, quickly. `cargo bench --bench rules -- --messages 100000` measures the same.
fn large() -> Course {
    Course {
        entries: MANY_ENTRIES,
        messages_per_file: 500,
        start: instant("2025-03-03T14:00:00Z"),
        file_every_hours: 5,
        rest_hours: 24 * 10,
    }
}

/// Recipients, days, counts, and each letter that came, went or changed, with the rules that told in it: all of them as they were
/// counted here; where there are more than a backtest tells one by one, those of the days that it tells whole.
fn assert_equal(result: &Backtest, ours: &Side, theirs: &Side, since: NaiveDate) {
    let (table, mut letters) = count(ours, theirs, since);
    assert_eq!(table_of(result), table);
    let mut told = letters_of(result);
    assert_eq!(told.len(), letters.len().min(CHANGES_MAX));
    if letters.len() > CHANGES_MAX {
        let mut ours = letters.clone();
        for letter in &told {
            let at = ours.iter().position(|one| one == letter).expect("it was counted here as well");
            ours.swap_remove(at);
        }
        // In the order of their moments, and days begin at other moments elsewhere: the last two are told in part.
        let last = told.last().map(|letter| letter.0 - Days::new(2)).expect("a letter");
        told.retain(|letter| letter.0 < last);
        letters.retain(|letter| letter.0 < last);
    }
    assert_eq!(told, letters);
}

/// The letters that a backtest tells one by one, in the same order.
fn letters_of(result: &Backtest) -> Vec<Differs> {
    let audience = audience();
    let one = |change: &Change| {
        let mut rules = match change.what {
            ChangeKind::Changed => Vec::new(),
            ChangeKind::Added | ChangeKind::FromDigest => change.candidate.clone(),
            ChangeKind::Removed | ChangeKind::ToDigest => change.live.clone(),
        };
        rules.sort();
        let day = audience.team_of(&change.recipient).expect("a team").zone.date(change.at);
        (day, change.recipient.clone(), change.what, change.is_digest, change.entry, rules)
    };
    let mut letters: Vec<Differs> = result.changes.iter().map(one).collect();
    letters.sort();
    letters
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

#[test]
fn a_backtest_gives_what_two_engines_give() {
    let course = small();
    let files = course.files();
    let (live, other) = sides();
    let Lived { desk: lived, .. } = course.live_through(&live, &files);
    let Lived { desk: tried, .. } = course.live_through(&other, &files);
    let (ours, theirs) = (side(&lived, &live), side(&tried, &other));
    assert!(ours.letters.len() > 300, "only {} letters", ours.letters.len());
    let journal = JournalReader::open(lived.folder.path()).expect("the journal opens");
    for since in ["2025-03-01", "2025-06-10"] {
        let since: NaiveDate = since.parse().expect("a date");
        let result =
            backtest(&journal, &live, &other, since, lived.clock.now(), &|_| {}).expect("it is played");
        assert_equal(&result, &ours, &theirs, since);
        let kinds = [
            ChangeKind::Added,
            ChangeKind::Removed,
            ChangeKind::Changed,
            ChangeKind::ToDigest,
            ChangeKind::FromDigest,
        ];
        let found = |kind: &ChangeKind| result.changes.iter().any(|change| change.what == *kind);
        assert!(since > course.start.date_naive() || kinds.iter().all(found), "{:?}", result.changes);
    }
    // The journal of the other engine tells the same story, whatever clock lines it has.
    let journal = JournalReader::open(tried.folder.path()).expect("the journal opens");
    let since = "2025-03-01".parse().expect("a date");
    let same = backtest(&journal, &live, &live, since, tried.clock.now(), &|_| {}).expect("it is played");
    assert!(
        same.is_same()
            && same.counts.live == ours.letters.values().map(|letters| letters.len() as u64).sum::<u64>()
    );
}

/// A reminder that is due when the message comes is told then, not the next morning.
#[test]
fn a_backtest_at_the_pace_of_the_dates_gives_what_two_engines_give() {
    compare(&paced(), 500);
}

#[test]
fn a_backtest_of_many_messages_gives_what_two_engines_give() {
    compare(&large(), MANY_MESSAGES);
}

/// What waits for tomorrow's digest when the backtest ends has moved there, and nobody loses it.
#[test]
fn a_digest_that_is_still_to_come_counts() {
    // All of it between the digests of one morning and those of the next.
    let start = instant("2025-04-20T15:00:00Z");
    let course = Course { start, messages_per_file: 60, file_every_hours: 1, rest_hours: 1, ..small() };
    let files = course.files();
    let files = &files[..files.len().min(12)];
    // From rules that tell releases at once to those that leave them to the digest.
    let (other, live) = sides();
    let Lived { desk: lived, .. } = course.live_through(&live, files);
    let Lived { desk: tried, .. } = course.live_through(&other, files);
    assert!(!tried.store().digest(None, usize::MAX).expect("the store answers").is_empty());
    let journal = JournalReader::open(lived.folder.path()).expect("the journal opens");
    let now = lived.clock.now();
    assert!(now < instant("2025-04-21T11:00:00Z"), "{now}");
    let since = course.start.date_naive();
    let result = backtest(&journal, &live, &other, since, now, &|_| {}).expect("it is played");
    assert_equal(&result, &side(&lived, &live), &side(&tried, &other), since);
    let is_to_come = |change: &&Change| change.what == ChangeKind::ToDigest && change.digest > Some(since);
    let moved = result.changes.iter().filter(is_to_come).count();
    assert!(moved > 0, "{:?}", result.counts);
}

fn compare(course: &Course, messages_min: u64) {
    let files = course.files();
    let (live, other) = sides();
    let (lived, tried) = std::thread::scope(|scope| {
        let tried = scope.spawn(|| course.live_through(&other, &files));
        (course.live_through(&live, &files), tried.join().expect("the other engine comes to its end"))
    });
    assert!(lived.messages >= messages_min, "only {} messages", lived.messages);
    let (ours, theirs) = (side(&lived.desk, &live), side(&tried.desk, &other));
    let journal = JournalReader::open(lived.desk.folder.path()).expect("the journal opens");
    let (since, until) = (course.start.date_naive(), lived.desk.clock.now());
    let result = backtest(&journal, &live, &other, since, until, &|_| {}).expect("it is played");
    assert_equal(&result, &ours, &theirs, since);
}

/// Somebody who is in two teams waits for the first one's time; the second has nothing to write until then, and says so by
/// writing nothing.
#[test]
fn a_digest_is_written_once_a_day_for_each_team() {
    let (course, (live, _)) = (small(), sides());
    let Lived { desk, .. } = course.live_through(&live, &course.files());
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
    let (course, pipeline) = (small(), candidate());
    let files = course.files();
    let Lived { desk, .. } = course.live_through(&pipeline, &files);
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
    let backfills = files.iter().enumerate().filter(|(index, _)| is_backfill(*index));
    let backfills: BTreeSet<&str> = backfills.map(|(_, file)| &*file.name).collect();
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
