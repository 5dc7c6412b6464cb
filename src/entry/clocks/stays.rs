//! Extensions and suspensions of liquidation: how many there are, and which came before the law had liquidated the entry.
//!
//! An extension counts only if it was made before the period ends that it lengthens (19 CFR 159.12), and a suspension stops
//! the clock only while it runs: what comes later cannot undo a liquidation by law.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Clock, RECORDED};
use crate::deadline::Key;
use crate::deadline::calendar::plus_months;
use crate::entry::{Dated, Entry, LiquidationEvent, LiquidationStep};
use crate::notice::FactKind;

/// 19 USC 1504(b): one year each, four in all.
const EXTENSIONS_MAX: u8 = 3;

/// 19 USC 1504(d).
const MONTHS_AFTER_SUSPENSION: u32 = 6;

/// What the notices of extension and suspension come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Stays {
    /// Extensions that count: each made before the end of the period that it lengthens.
    pub extensions: u8,
    /// A suspension stands that began while the time to liquidate ran.
    pub is_suspended: bool,
}

/// A walk through the history, in the order of its dates.
struct Walk {
    /// Where the year counts from; unknown, nothing comes too late.
    start: Option<NaiveDate>,
    /// The law waits until then at least, since a suspension ended.
    waits_until: Option<NaiveDate>,
    stays: Stays,
}

impl Walk {
    /// The last day of the time to liquidate, with so many extensions.
    fn end(&self, extensions: u8) -> Option<NaiveDate> {
        let year = plus_months(self.start?, 12 * (u32::from(extensions) + 1));
        Some(self.waits_until.map_or(year, |until| until.max(year)))
    }

    fn is_in_time(&self, since: Option<NaiveDate>, extensions: u8) -> bool {
        self.stays.is_suspended || since.zip(self.end(extensions)).is_none_or(|(since, end)| since <= end)
    }

    /// A count that the notice states is CBP's word for those before; without one an extension lengthens the year in
    /// which it was made.
    fn extend(&mut self, times: Option<u8>, since: Option<NaiveDate>) {
        let known = self.stays.extensions;
        let nth = times.unwrap_or_else(|| match self.start.zip(since) {
            Some((start, since)) => year_of(start, since).min(EXTENSIONS_MAX),
            None => 1,
        });
        let nth = if times.is_none() && self.stays.is_suspended { nth.min(known + 1) } else { nth };
        let follows = times.is_some() || nth <= known + 1;
        if follows && self.is_in_time(since, nth - 1) {
            self.stays.extensions = known.max(nth);
        }
    }

    fn step(&mut self, event: &LiquidationEvent) {
        match event.what {
            LiquidationStep::Extended { times, .. } => self.extend(stated(times), since(event)),
            LiquidationStep::Suspended { .. } => {
                self.stays.is_suspended = self.is_in_time(since(event), self.stays.extensions);
            }
            LiquidationStep::Lifted { .. } => {
                if self.stays.is_suspended {
                    let until = since(event).map(|day| plus_months(day, MONTHS_AFTER_SUSPENSION));
                    self.waits_until = self.waits_until.max(until);
                }
                self.stays.is_suspended = false;
            }
            LiquidationStep::Liquidated(_) => self.stays.is_suspended = false,
        }
    }
}

impl Entry {
    /// How many extensions were told, in time or too late: the highest count that a notice states, and one at least for each
    /// year in which one was made.
    pub fn extensions(&self) -> u8 {
        let start = self.year_start();
        let told = self.liquidation_history.iter().filter_map(|event| match event.what {
            LiquidationStep::Extended { times, .. } => Some((stated(times), since(event))),
            _ => None,
        });
        let counted = told.clone().filter_map(|(times, _)| times).max();
        let years: BTreeSet<u8> = told
            .map(|(_, since)| start.zip(since).map_or(1, |(start, since)| year_of(start, since)))
            .collect();
        let years = u8::try_from(years.len()).unwrap_or(u8::MAX).min(EXTENSIONS_MAX);
        counted.unwrap_or(0).max(years)
    }

    pub(super) fn stays(&self) -> Stays {
        let mut walk = Walk { start: self.year_start(), waits_until: None, stays: Stays::default() };
        self.liquidation_history.iter().for_each(|event| walk.step(event));
        walk.stays
    }

    /// The day from which the law counts the year to liquidate.
    fn year_start(&self) -> Option<NaiveDate> {
        let mut clock = Clock::new(crate::deadline::id::LIQ_DEEMED_1Y);
        self.with_entry_date(&mut clock);
        self.with_withdrawal(&mut clock);
        let starts_late = self.is_type(&["21", "22"]);
        let entered = clock.facts.date(Key::EntryDate).filter(|_| !starts_late);
        clock.facts.date(Key::ReconFiled).or(clock.facts.date(Key::FinalWithdrawal)).or(entered)
    }

    /// A warehouse entry's year counts from its final withdrawal, that of a reconciliation from its filing.
    pub(super) fn with_withdrawal(&self, clock: &mut Clock) {
        let last = |fact: FactKind| {
            let known = self.recorded.iter().rev().find(|known| known.fact == fact)?;
            Some(Dated { date: known.date()?, notice: known.notice })
        };
        if let Some(dated) = last(FactKind::Withdrawal) {
            clock.fact(Key::FinalWithdrawal, dated, RECORDED);
        }
        if self.is_type(&["09"])
            && let Some(dated) = last(FactKind::ReconFiled)
        {
            clock.fact(Key::ReconFiled, dated, RECORDED);
        }
    }
}

/// A count of zero is none: the notice is of one extension at least.
fn stated(times: Option<u8>) -> Option<u8> {
    times.filter(|times| *times > 0)
}

/// The day of an extension or suspension: its own, else that of its notice.
fn since(event: &LiquidationEvent) -> Option<NaiveDate> {
    let own = match event.what {
        LiquidationStep::Extended { date, .. }
        | LiquidationStep::Suspended { date, .. }
        | LiquidationStep::Lifted { date } => date,
        LiquidationStep::Liquidated(_) => None,
    };
    own.or(event.at.map(|at| at.date))
}

/// In which year since `start` the day lies, from 1. An anniversary is the last day of its year.
fn year_of(start: NaiveDate, day: NaiveDate) -> u8 {
    (1..u8::MAX).find(|year| day <= plus_months(start, 12 * u32::from(*year))).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::tests::life::{day, life};
    use super::*;

    #[test]
    fn only_what_comes_in_time_counts() {
        let entered = "entered 2025-04-02";
        for (what, events, told, in_time, is_suspended) in [
            ("nothing", &[][..], 0, 0, false),
            ("on the anniversary", &["extended 2026-04-02"], 1, 1, false),
            ("a day late", &["extended 2026-04-03"], 1, 0, false),
            ("counted, but late", &["extended 2026-05-01 times=1"], 1, 0, false),
            ("the second, the first was never told", &["extended 2026-05-01 times=2"], 2, 2, false),
            ("two letters", &["extended 2026-01-10", "extended 2027-01-12"], 2, 2, false),
            (
                "one, told three times",
                &["extended 2026-01-10", "extended 2026-01-24", "extended 2026-02-01 times=1"],
                1,
                1,
                false,
            ),
            ("the second too late", &["extended 2026-01-10", "extended 2027-05-01"], 2, 1, false),
            (
                "four letters",
                &["extended 2026-01-10", "extended 2027-01-12", "extended 2028-01-12", "extended 2029-01-12"],
                3,
                3,
                false,
            ),
            ("suspended in time", &["suspended 2026-04-02"], 0, 0, true),
            ("suspended too late", &["suspended 2026-05-01"], 0, 0, false),
            (
                "suspended in the year of the extension",
                &["extended 2026-01-10", "suspended 2026-05-01"],
                1,
                1,
                true,
            ),
            ("extended while suspended", &["suspended 2025-08-01", "extended 2027-01-10"], 1, 1, true),
            (
                "again within the six months",
                &["suspended 2025-08-01", "lifted 2026-12-01", "suspended 2027-05-01"],
                0,
                0,
                true,
            ),
            (
                "again behind them",
                &["suspended 2025-08-01", "lifted 2026-12-01", "suspended 2027-07-01"],
                0,
                0,
                false,
            ),
        ] {
            let events: Vec<&str> = [entered].into_iter().chain(events.iter().copied()).collect();
            let entry = life(&events);
            let wanted = Stays { extensions: in_time, is_suspended };
            assert_eq!((entry.extensions(), entry.stays()), (told, wanted), "{what}");
        }
    }

    #[test]
    fn without_a_date_of_entry_nothing_comes_too_late() {
        let entry = life(&["extended 2026-05-01", "suspended 2029-05-01"]);
        assert_eq!(entry.stays(), Stays { extensions: 1, is_suspended: true });
        assert_eq!(year_of(day("2024-02-29"), day("2025-03-01")), 2);
    }
}
