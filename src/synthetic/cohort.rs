//! Entries of one broker that are paid together: two daily statements on one monthly statement.
//!
//! A cohort is derived from the lives of its entries whenever one of its statements is due, as a life is from its seed.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::life::{BROKERS, Casting, Life, later};
use super::random::Rng;
use super::story::{Summary, What};

/// Entries of one daily statement.
const HALF_ENTRIES: u64 = 3;

/// Entries of one monthly statement.
pub(super) const COHORT_ENTRIES: u64 = 2 * HALF_ENTRIES;

/// Apart from the streams of the entries, which count up from 1.
const STREAM: u64 = 1 << 63;

/// Days from the print of a daily statement to its presentation.
const PRESENTED_DAYS: u64 = 10;

/// One of the two daily statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    First,
    Second,
}

impl Half {
    pub(super) const BOTH: [Self; 2] = [Self::First, Self::Second];
}

/// A statement to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Paper {
    /// PF
    Daily { half: Half, last: bool },
    /// MS
    Monthly { last: bool },
}

/// Entries that are paid together.
#[derive(Debug)]
pub(super) struct Cohort {
    pub(super) broker: usize,
    number: u64,
    lives: [Vec<Life>; 2],
    printed: [NaiveDate; 2],
    deleted: Option<(Half, usize)>,
    /// In order of time.
    pub(super) events: Vec<(NaiveDateTime, Paper)>,
}

/// Paid by the month.
const PERIODIC: &str = "6";

/// Every other cohort pays by the month, the rest by the day; the broker pays for all its importers at once.
pub(super) fn payment_type(cohort: u64) -> &'static str {
    if cohort.is_multiple_of(2) { PERIODIC } else { "2" }
}

impl Casting {
    /// The cohort of entry `index` when it is the last one in it.
    pub(super) fn closes_cohort(&self, index: u64) -> Option<u64> {
        let place = index / self.brokers % COHORT_ENTRIES;
        let is_last = place + 1 == COHORT_ENTRIES || index + self.brokers >= self.entries;
        is_last.then(|| self.cohort_of(index))
    }

    /// Counts the cohorts of all brokers together.
    pub(super) fn cohort_of(&self, index: u64) -> u64 {
        index / self.brokers / COHORT_ENTRIES * self.brokers + index % self.brokers
    }

    /// The whole of cohort `number`, the same each time.
    pub(super) fn cohort(&self, number: u64) -> Cohort {
        let mut rng = Rng::of(self.seed, STREAM | number);
        let broker = number % self.brokers;
        let first = number / self.brokers * COHORT_ENTRIES;
        let half = |from: u64| -> Vec<(NaiveDateTime, Life)> {
            let indexes = (from..from + HALF_ENTRIES).map(|serial| serial * self.brokers + broker);
            let lives = indexes.filter(|&index| index < self.entries).map(|index| self.whole_life(index));
            lives.filter_map(|life| Some((accepted(&life)?, life))).collect()
        };
        let halves = [half(first), half(first + HALF_ENTRIES)];
        let printed = halves.each_ref().map(|lives| {
            let last = lives.iter().map(|(at, _)| at.date()).max().unwrap_or_default();
            later(last, 1 + rng.below(8))
        });
        let lives = halves.map(|lives| lives.into_iter().map(|(_, life)| life).collect::<Vec<_>>());
        let half = rng.pick(&Half::BOTH);
        let place = rng.below(HALF_ENTRIES) as usize;
        // A statement from which everything was deleted would not be paid.
        let is_deleted =
            rng.chance(20) && lives[half as usize].len() > 1 && place < lives[half as usize].len();
        let deleted = is_deleted.then_some((half, place));
        let mut cohort =
            Cohort { broker: broker as usize, number, lives, printed, deleted, events: Vec::new() };
        cohort.events = cohort.script();
        cohort
    }
}

/// When CBP took the summary.
fn accepted(life: &Life) -> Option<NaiveDateTime> {
    let taken = |what| matches!(what, What::Summary(Summary::Added | Summary::AddedWithCensusWarning));
    life.events.iter().find(|event| taken(event.what)).map(|event| event.at)
}

impl Cohort {
    fn script(&self) -> Vec<(NaiveDateTime, Paper)> {
        let mut events = Vec::new();
        let evening = |day: NaiveDate| day.and_time(NaiveTime::MIN) + TimeDelta::hours(21);
        for half in Half::BOTH.into_iter().filter(|&half| self.members(half).next().is_some()) {
            events.push((evening(self.printed(half)), Paper::Daily { half, last: false }));
            events.push((evening(self.presented(half)), Paper::Daily { half, last: true }));
        }
        if self.payment_type() == PERIODIC && !events.is_empty() {
            let (printed, due) = self.month();
            events.push((evening(printed), Paper::Monthly { last: false }));
            events.push((evening(later(due, 2)), Paper::Monthly { last: true }));
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }

    pub(super) fn members(&self, half: Half) -> impl Iterator<Item = &Life> {
        self.lives[half as usize].iter()
    }

    /// The entry that the broker takes off the statement before it is final.
    pub(super) fn deleted(&self, half: Half) -> Option<&Life> {
        let (_, place) = self.deleted.filter(|(of, _)| *of == half)?;
        self.lives[half as usize].get(place)
    }

    pub(super) fn printed(&self, half: Half) -> NaiveDate {
        self.printed[half as usize]
    }

    pub(super) fn presented(&self, half: Half) -> NaiveDate {
        later(self.printed(half), PRESENTED_DAYS)
    }

    /// When the monthly statement is made, and when it is due.
    pub(super) fn month(&self) -> (NaiveDate, NaiveDate) {
        let last = Half::BOTH.map(|half| self.presented(half)).into_iter().max().unwrap_or_default();
        (later(last, 12), later(last, 20))
    }

    pub(super) fn payment_type(&self) -> &'static str {
        payment_type(self.number)
    }

    fn port_digits(&self) -> &'static str {
        &BROKERS[self.broker].ports[0][..2]
    }

    /// Ten characters, which no other daily statement has.
    pub(super) fn daily_number(&self, half: Half) -> String {
        format!("{}{:08}", self.port_digits(), 2 * self.number + half as u64)
    }

    pub(super) fn monthly_number(&self) -> String {
        format!("{}P{:07}", self.port_digits(), self.number)
    }
}
