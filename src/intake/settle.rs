//! Is the file finished? A pure state machine over successive listings.
//!
//! It remembers, for every name in the folder, since when the file has looked as it does now, and what became of it.
//! Everything is forgotten with the file, so memory is bounded by one listing.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Seen;
pub use super::trailer::{Completeness, completeness};

/// A file that stood still for the settle period. Only [`Settler::look`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    seen: Seen,
    overdue: bool,
}

impl Settled {
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// True when it has stood still so long that it is taken even without its trailer.
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }
}

/// Follows the files of one folder from listing to listing.
#[derive(Debug)]
pub struct Settler {
    settle: Duration,
    incomplete_after: Duration,
    trusts_file_times: bool,
    tracks: BTreeMap<String, Track>,
}

/// A file that is left in its folder for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingFile {
    pub name: String,
    pub why: WaitingFor,
    /// When it may be taken as it is; `None` when only a change helps.
    pub until: Option<DateTime<Utc>>,
}

/// What a file waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    /// That nobody writes to it any more.
    Stillness,
    /// Its trailer, or the time after which it is taken without.
    Trailer,
    /// Another try: it could not be read, or is too large.
    AnotherTry,
}

#[derive(Debug)]
struct Track {
    seen: Seen,
    /// The first look that saw the file as it is now.
    since: DateTime<Utc>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Seen once as it is now.
    New,
    /// Seen at least twice as it is now.
    Still,
    /// Read, and its trailer was missing; it is looked at again when it changes or is overdue.
    Open,
    /// It cannot be taken as it is; tried again at the time given, or only when it changes.
    Refused { again_at: Option<DateTime<Utc>> },
    /// Its bytes are kept. It is never taken again as it is.
    Taken,
}

impl Settler {
    pub fn new(settle: Duration, incomplete_after: Duration) -> Self {
        Self { settle, incomplete_after, trusts_file_times: false, tracks: BTreeMap::new() }
    }

    /// How long a file has stood still may be told by the time of its last change, for the wait without a trailer.
    pub fn trust_file_times(&mut self) {
        self.trusts_file_times = true;
    }

    /// Takes in one listing and answers the files that may be taken now, the oldest first.
    ///
    /// A file that is offered and not disposed of ([`taken`](Self::taken), [`lacks_trailer`](Self::lacks_trailer),
    /// [`refuse`](Self::refuse), [`restart`](Self::restart)) is offered again at the next look.
    pub fn look(&mut self, listing: &[Seen], now: DateTime<Utc>) -> Vec<Settled> {
        let mut before = std::mem::take(&mut self.tracks);
        let mut ready = Vec::new();
        for seen in listing {
            let track = match before.remove(&seen.name) {
                Some(track) if track.seen == *seen && track.since <= now => track.looked_again(),
                // New, changed, or the clock was set back: stillness starts over, but what is taken stays taken.
                Some(Track { seen: old, state: State::Taken, .. }) if old == *seen => {
                    Track { seen: old, since: now, state: State::Taken }
                }
                _ => Track { seen: seen.clone(), since: now, state: State::New },
            };
            if self.is_due(&track, now) {
                ready.push(Settled { seen: seen.clone(), overdue: self.is_overdue(&track, now) });
            }
            self.tracks.insert(seen.name.clone(), track);
        }
        ready.sort_by(|a, b| (a.seen.modified, &a.seen.name).cmp(&(b.seen.modified, &b.seen.name)));
        ready
    }

    fn is_due(&self, track: &Track, now: DateTime<Utc>) -> bool {
        match track.state {
            State::New => self.settle.is_zero(),
            State::Still => elapsed(track.since, now) >= self.settle,
            State::Open => self.is_overdue(track, now),
            State::Refused { again_at } => again_at.is_some_and(|at| now >= at),
            State::Taken => false,
        }
    }

    fn is_overdue(&self, track: &Track, now: DateTime<Utc>) -> bool {
        elapsed(self.untouched_since(track), now) >= self.incomplete_after
    }

    fn untouched_since(&self, track: &Track) -> DateTime<Utc> {
        if self.trusts_file_times { track.since.min(track.seen.modified) } else { track.since }
    }

    /// The earliest time after `now` at which a further look may offer a file that now does not stand still long
    /// enough. `None` when nothing waits for time to pass.
    pub fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = self.tracks.values().filter_map(|track| match track.state {
            State::New | State::Still => after(track.since, self.settle),
            State::Open => after(self.untouched_since(track), self.incomplete_after),
            State::Refused { again_at } => again_at,
            State::Taken => None,
        });
        due.filter(|&at| at > now).min()
    }

    /// The file was read and is not whole: wait for a change, or until it is overdue.
    pub fn lacks_trailer(&mut self, settled: &Settled) {
        self.set(settled, State::Open);
    }

    /// The file cannot be taken as it is. Without `again_at` it is offered again only when it changes.
    pub fn refuse(&mut self, settled: &Settled, again_at: Option<DateTime<Utc>>) {
        self.set(settled, State::Refused { again_at });
    }

    /// The bytes are kept: the file is not offered again, as long as it looks as it did.
    pub fn taken(&mut self, settled: &Settled) {
        self.set(settled, State::Taken);
    }

    /// The file turned out to have changed since the look: stillness starts over.
    pub fn restart(&mut self, settled: &Settled) {
        if self.holds(settled) {
            self.tracks.remove(&settled.seen.name);
        }
    }

    /// True while the last listing showed the file just as it was when it settled.
    pub fn holds(&self, settled: &Settled) -> bool {
        self.tracks.get(&settled.seen.name).is_some_and(|track| track.seen == settled.seen)
    }

    /// How many files are in the folder that have not been taken yet.
    pub fn waiting(&self) -> usize {
        self.tracks.values().filter(|track| !matches!(track.state, State::Taken)).count()
    }

    /// Each of them, with what it waits for.
    pub fn waiting_files(&self) -> Vec<WaitingFile> {
        let waiting = self.tracks.iter().filter_map(|(name, track)| {
            let (why, until) = match track.state {
                State::New | State::Still => (WaitingFor::Stillness, after(track.since, self.settle)),
                State::Open => {
                    (WaitingFor::Trailer, after(self.untouched_since(track), self.incomplete_after))
                }
                State::Refused { again_at } => (WaitingFor::AnotherTry, again_at),
                State::Taken => return None,
            };
            Some(WaitingFile { name: name.clone(), why, until })
        });
        waiting.collect()
    }

    fn set(&mut self, settled: &Settled, state: State) {
        if let Some(track) = self.tracks.get_mut(&settled.seen.name)
            && track.seen == settled.seen
        {
            track.state = state;
        }
    }
}

impl Track {
    fn looked_again(self) -> Self {
        match self.state {
            State::New => Self { state: State::Still, ..self },
            _ => self,
        }
    }
}

/// Time passed, never negative.
fn elapsed(since: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - since).to_std().unwrap_or_default()
}

fn after(since: DateTime<Utc>, wait: Duration) -> Option<DateTime<Utc>> {
    since.checked_add_signed(chrono::TimeDelta::from_std(wait).ok()?)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + secs, 0).expect("a time")
    }

    fn seen(name: &str, size_bytes: u64, modified: i64) -> Seen {
        Seen { name: name.into(), size_bytes, modified: at(modified), version: 0 }
    }

    fn settler() -> Settler {
        Settler::new(Duration::from_secs(2), Duration::from_secs(600))
    }

    fn names(ready: &[Settled]) -> Vec<&str> {
        ready.iter().map(|settled| settled.seen.name.as_str()).collect()
    }

    #[test]
    fn two_looks_at_least_settle_apart() {
        let mut settler = settler();
        let listing = [seen("a", 10, -100)];
        assert!(settler.look(&listing, at(0)).is_empty(), "an old file is looked at twice, too");
        assert!(settler.look(&listing, at(1)).is_empty());
        assert_eq!(settler.next_look(at(1)), Some(at(2)));
        assert_eq!(names(&settler.look(&listing, at(2))), ["a"]);
        assert_eq!(names(&settler.look(&listing, at(3))), ["a"], "offered until disposed of");
    }

    #[test]
    fn one_look_is_enough_when_settle_is_zero() {
        let mut settler = Settler::new(Duration::ZERO, Duration::from_secs(600));
        assert_eq!(names(&settler.look(&[seen("a", 10, 0)], at(0))), ["a"]);
    }

    #[test]
    fn growing_shrinking_touched_and_replaced_files_start_over() {
        let first = seen("a", 10, 0);
        for second in
            [seen("a", 20, 0), seen("a", 5, 0), seen("a", 10, 1), Seen { version: 7, ..first.clone() }]
        {
            let mut settler = settler();
            settler.look(std::slice::from_ref(&first), at(0));
            assert!(settler.look(std::slice::from_ref(&second), at(2)).is_empty(), "{second:?}");
            assert!(settler.look(std::slice::from_ref(&second), at(3)).is_empty());
            assert_eq!(settler.look(std::slice::from_ref(&second), at(4)).len(), 1);
        }
    }

    #[test]
    fn a_renamed_file_is_a_new_file() {
        let mut settler = settler();
        settler.look(&[seen("a", 10, 0)], at(0));
        assert!(settler.look(&[seen("b", 10, 0)], at(2)).is_empty());
        assert_eq!(names(&settler.look(&[seen("b", 10, 0)], at(4))), ["b"]);
    }

    #[test]
    fn a_file_that_came_back_starts_over() {
        let mut settler = settler();
        let listing = [seen("a", 10, 0)];
        settler.look(&listing, at(0));
        settler.look(&[], at(1));
        assert!(settler.look(&listing, at(5)).is_empty());
    }

    #[test]
    fn the_oldest_comes_first() {
        let mut settler = Settler::new(Duration::ZERO, Duration::ZERO);
        let ready = settler.look(&[seen("c", 1, 5), seen("b", 1, 9), seen("a", 1, 9)], at(10));
        assert_eq!(names(&ready), ["c", "a", "b"]);
    }

    #[test]
    fn without_trailer_it_waits_and_is_then_taken_as_it_is() {
        let mut settler = settler();
        let listing = [seen("a", 10, 0)];
        settler.look(&listing, at(0));
        let ready = settler.look(&listing, at(2));
        assert!(!ready[0].is_overdue());
        settler.lacks_trailer(&ready[0]);
        assert!(settler.look(&listing, at(599)).is_empty(), "not read again and again");
        assert_eq!(settler.next_look(at(599)), Some(at(600)));
        let ready = settler.look(&listing, at(600));
        assert!(ready[0].is_overdue());
        // A change before that starts everything over.
        settler.lacks_trailer(&ready[0]);
        assert!(settler.look(&[seen("a", 20, 700)], at(701)).is_empty());
        assert!(!settler.look(&[seen("a", 20, 700)], at(703))[0].is_overdue());
    }

    #[test]
    fn what_was_taken_is_not_offered_until_it_changes() {
        let mut settler = settler();
        let listing = [seen("a", 10, 0)];
        settler.look(&listing, at(0));
        let ready = settler.look(&listing, at(2));
        settler.taken(&ready[0]);
        assert!(settler.look(&listing, at(10_000)).is_empty());
        assert_eq!(settler.next_look(at(10_000)), None);
        assert!(settler.look(&listing, at(-10)).is_empty(), "a clock set back does not take it twice");
        assert!(settler.look(&listing, at(20_000)).is_empty());
        let changed = [seen("a", 11, 20_001)];
        settler.look(&changed, at(20_001));
        assert_eq!(settler.look(&changed, at(20_003)).len(), 1);
    }

    #[test]
    fn refused_files_wait_for_their_time_or_a_change() {
        let mut settler = settler();
        let listing = [seen("a", 10, 0)];
        settler.look(&listing, at(0));
        let ready = settler.look(&listing, at(2));
        settler.refuse(&ready[0], Some(at(60)));
        assert!(settler.look(&listing, at(59)).is_empty());
        assert_eq!(settler.look(&listing, at(60)).len(), 1);
        settler.refuse(&ready[0], None);
        assert!(settler.look(&listing, at(99_999)).is_empty());
    }

    #[test]
    fn a_late_verdict_does_not_touch_a_changed_file() {
        let mut settler = settler();
        settler.look(&[seen("a", 10, 0)], at(0));
        let old = settler.look(&[seen("a", 10, 0)], at(2));
        let changed = [seen("a", 12, 3)];
        settler.look(&changed, at(3));
        settler.taken(&old[0]);
        settler.restart(&old[0]);
        assert_eq!(settler.look(&changed, at(5)).len(), 1);
    }

    #[test]
    fn a_clock_set_back_starts_stillness_over() {
        let mut settler = settler();
        let listing = [seen("a", 10, 0)];
        settler.look(&listing, at(0));
        assert!(settler.look(&listing, at(-3600)).is_empty());
        assert!(settler.look(&listing, at(-3599)).is_empty());
        assert_eq!(settler.look(&listing, at(-3598)).len(), 1);
    }

    /// What may happen to a folder between two looks.
    #[derive(Clone, Debug)]
    enum Act {
        Write { name: u8, size: u64 },
        Rename { from: u8, to: u8 },
        Vanish { name: u8 },
        Take { name: u8 },
        Look { after_secs: i64 },
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let name = 0u8..3;
        let act = prop_oneof![
            (name.clone(), 0u64..3).prop_map(|(name, size)| Act::Write { name, size }),
            (name.clone(), name.clone()).prop_map(|(from, to)| Act::Rename { from, to }),
            name.clone().prop_map(|name| Act::Vanish { name }),
            name.prop_map(|name| Act::Take { name }),
            (0i64..4).prop_map(|after_secs| Act::Look { after_secs }),
            (0i64..4).prop_map(|after_secs| Act::Look { after_secs }),
        ];
        proptest::collection::vec(act, 0..60)
    }

    proptest! {
        /// The model keeps every listing. A file is ready when an unbroken run of listings up to the last shows it as
        /// it is, the run has at least two looks and spans the settle period, and it was not taken as it is.
        #[test]
        fn agrees_with_a_model_that_remembers_everything(acts in acts()) {
            let mut settler = settler();
            let mut folder: BTreeMap<u8, Seen> = BTreeMap::new();
            let mut looks: Vec<(DateTime<Utc>, BTreeMap<u8, Seen>)> = Vec::new();
            let mut offered: Vec<Settled> = Vec::new();
            let mut taken: Vec<(usize, u8)> = Vec::new();
            let (mut now, mut tick) = (at(0), 0);
            for act in acts {
                match act {
                    Act::Write { name, size } => {
                        tick += 1;
                        folder.insert(name, seen(&name.to_string(), size, tick));
                    }
                    Act::Rename { from, to } => {
                        if let Some(file) = folder.remove(&from) {
                            folder.insert(to, Seen { name: to.to_string(), ..file });
                        }
                    }
                    Act::Vanish { name } => {
                        folder.remove(&name);
                    }
                    Act::Take { name } => {
                        if let Some(settled) = offered.iter().find(|settled| settled.seen.name == name.to_string()) {
                            settler.taken(settled);
                            taken.push((looks.len() - 1, name));
                        }
                    }
                    Act::Look { after_secs } => {
                        now += TimeDelta::seconds(after_secs);
                        let listing: Vec<Seen> = folder.values().cloned().collect();
                        offered = settler.look(&listing, now);
                        looks.push((now, folder.clone()));
                        let wanted: Vec<String> = folder.iter().filter(|(name, file)| {
                            let run: Vec<usize> = (0..looks.len()).rev()
                                .take_while(|&index| looks[index].1.get(name) == Some(file)).collect();
                            let first = *run.last().expect("the look just made shows it");
                            run.len() >= 2
                                && now - looks[first].0 >= TimeDelta::seconds(2)
                                && !taken.iter().any(|(index, taken)| taken == *name && run.contains(index))
                        }).map(|(name, _)| name.to_string()).collect();
                        let mut got: Vec<String> = names(&offered).iter().map(|&name| name.to_owned()).collect();
                        got.sort();
                        prop_assert_eq!(got, wanted);
                    }
                }
            }
        }
    }
}
