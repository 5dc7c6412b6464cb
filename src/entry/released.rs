//! When the goods were released, by all that was told of it.

use super::{Dated, Entry, Release, Scope};
use crate::notice::EventTime;

impl Entry {
    /// When the goods were released: a release stands for the entry or for each of its bills, and no hold is open.
    pub fn released_at(&self) -> Option<EventTime> {
        if self.is_cancelled || self.has_open_hold() {
            return None;
        }
        self.standing_release()
    }

    /// When the goods were released as people are shown it: on the day to which Customs changed it since, where it did. Nobody
    /// tells a time with that.
    pub fn released_on(&self) -> Option<EventTime> {
        self.released_at()?;
        self.standing(|release| {
            let at = release.at?;
            let changed = release.date.filter(|date| release.is_changed && *date != at.date);
            Some(changed.map_or(at, EventTime::date))
        })
    }

    /// The release that stands, open holds aside: CBP's own view, which starts the summary's clock.
    pub fn standing_release(&self) -> Option<EventTime> {
        self.standing(|release| release.at)
    }

    fn standing(&self, moment: impl Fn(&Release) -> Option<EventTime>) -> Option<EventTime> {
        if let Some(release) = self.releases.get(&Scope::default()).and_then(&moment) {
            return Some(release);
        }
        let bills = || self.releases.iter().filter(|(scope, _)| !scope.is_entry());
        if bills().next().is_none() || bills().any(|(_, release)| release.at.is_none()) {
            return self.one_government_at;
        }
        bills().filter_map(|(_, release)| moment(release)).max_by_key(EventTime::start)
    }

    /// The date of release that the records give, else the day on which the standing release was said.
    pub fn release_date(&self) -> Option<Dated> {
        self.releases
            .values()
            .filter_map(|release| {
                Some(Dated { date: release.date.or(release.at.map(|at| at.date))?, notice: release.notice? })
            })
            .filter(|_| self.standing_release().is_some())
            .min_by_key(|dated| dated.date)
    }

    /// The date of a release that was taken back, as long as none stands: clocks that ran since go on from it, for a date that
    /// is lost is worse than one too early.
    pub fn former_release(&self) -> Option<Dated> {
        let former = self.releases.values().filter_map(|release| release.former);
        former.filter(|_| self.standing_release().is_none()).min_by_key(|dated| dated.date)
    }

    /// Dates of release that differ although Customs never said that the date changed, earliest first; empty when they agree.
    pub fn doubtful_releases(&self) -> Vec<Dated> {
        let doubtful = self.releases.values().filter(|release| release.at.is_some() && !release.is_changed);
        let mut dates: Vec<Dated> = Vec::new();
        for release in doubtful {
            let mut told = release.told.clone();
            told.sort_by_key(|dated| dated.date);
            told.dedup_by_key(|dated| dated.date);
            if told.len() > 1 {
                dates.extend(told);
            }
        }
        dates.sort_by_key(|dated| dated.date);
        dates.dedup_by_key(|dated| dated.date);
        dates
    }

    /// The date of release that a query answer states: a second basis, for a release whose notice never came.
    pub fn answered_release(&self) -> Option<Dated> {
        let answered = self.answered.as_ref()?;
        Some(Dated { date: answered.status.release_date?, notice: answered.notice })
    }
}
