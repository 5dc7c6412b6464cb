//! How the clocks of an entry moved while the entry was followed: the old date, the new one and the cause, kept for ever.
//!
//! A fold knows only what is true now. What we believed before, and told people, depends on the order in which messages
//! came, so it is kept beside the notices and is no part of the state's hash. It follows from the journal all the same: a
//! replay finds the same moves with the same numbers.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{DeadlineState, EntryDeadline, Life, Provenance};
use crate::deadline::DeadlineTable;
use crate::ident::NoticeId;

/// How a clock stood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// [`EntryDeadline::due_text`].
    pub due: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_by: Option<NaiveDate>,
    /// The day that reminders count towards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<NaiveDate>,
    pub state: DeadlineState,
}

impl Standing {
    pub fn of(deadline: &EntryDeadline) -> Self {
        Self {
            due: deadline.due_text().into(),
            act_by: deadline.act_by,
            target: deadline.target(),
            state: deadline.state,
        }
    }

    /// The day that the law wants respected, whatever date of our own stands beside it.
    pub fn legal(&self) -> Option<NaiveDate> {
        self.act_by.or_else(|| self.due.parse().ok()).or(self.target)
    }

    /// The day that reminders counted towards on `day`: ours as long as it lay ahead, then the legal one.
    pub fn target_on(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.is_behind_ours(day) { self.legal() } else { self.target }
    }

    /// Whether a day of our own had passed by `day`, and the legal one counted.
    fn is_behind_ours(&self, day: NaiveDate) -> bool {
        self.target.is_some_and(|target| target < day && Some(target) < self.legal())
    }

    /// A running clock of which only the day to act by is known.
    pub fn acted_on(target: NaiveDate) -> Self {
        let due = format!("unknown, act by {target}").into();
        Self { due, act_by: None, target: Some(target), state: DeadlineState::Open }
    }

    /// A clock that is not computed any more.
    pub fn gone() -> Self {
        Self { due: "unknown".into(), act_by: None, target: None, state: DeadlineState::Idle }
    }
}

/// One change of a clock that had a date before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockMove {
    /// [`EntryDeadline::key`].
    pub deadline: Box<str>,
    /// From 1 for each clock, rising: what a calendar calls the sequence of an event. It leaves one out where a day of our own
    /// had passed before: that number was of the event from then on.
    pub sequence: u32,
    /// The moment of the journal's line.
    pub at: DateTime<Utc>,
    pub from: Standing,
    pub to: Standing,
    /// What made it move, in plain words.
    pub cause: Box<str>,
    /// The notice that did, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
}

impl ClockMove {
    /// Both standings in a few words, by what differs between them: `due 2025-04-16` and `due 2025-04-18`, or `our date 2025-04-11`
    /// where the date of the law stayed.
    pub fn standings(&self) -> [String; 2] {
        let both = |words: fn(&Standing) -> String| [words(&self.from), words(&self.to)];
        let due = both(|standing| match standing.state {
            DeadlineState::Closed => format!("closed (due {})", standing.due),
            DeadlineState::Open | DeadlineState::Idle | DeadlineState::Ahead => {
                format!("due {}", standing.due)
            }
        });
        let act_by = both(|standing| {
            standing.act_by.map_or_else(|| "no day to act by".to_owned(), |day| format!("act by {day}"))
        });
        let own = both(|standing| {
            let own = standing.target.filter(|target| Some(*target) != standing.legal());
            own.map_or_else(|| "no date of our own".to_owned(), |day| format!("our date {day}"))
        });
        let state = both(|standing| standing.state.as_str().to_owned());
        let differs = |words: &[String; 2]| words[0] != words[1];
        [due, act_by, own].into_iter().find(differs).unwrap_or(state)
    }

    /// What had ended the clock, or taken its date away, was taken back.
    pub fn reopens(&self) -> bool {
        reopens(&self.from, &self.to)
    }
}

/// A change that was found, before it has its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub deadline: Box<str>,
    pub from: Standing,
    pub to: Standing,
    pub cause: Box<str>,
    pub notice: Option<NoticeId>,
}

impl Change {
    /// As [`ClockMove::reopens`].
    pub fn reopens(&self) -> bool {
        reopens(&self.from, &self.to)
    }
}

fn reopens(from: &Standing, to: &Standing) -> bool {
    let rested = matches!(from.state, DeadlineState::Closed | DeadlineState::Idle);
    rested && to.state == DeadlineState::Open && to.target.is_some()
}

/// What changed between two looks at an entry. A clock that had no date, or that is new, did not move.
pub fn changes(before: &[EntryDeadline], after: &[EntryDeadline]) -> Vec<Change> {
    let mut changes = Vec::new();
    for old in before.iter().filter(|old| old.due.is_some()) {
        let key = old.key();
        let new = after.iter().find(|new| new.id == old.id && new.instance == old.instance);
        let (from, to) = (Standing::of(old), new.map_or_else(Standing::gone, Standing::of));
        if from == to {
            continue;
        }
        let (cause, notice) = cause(old, new);
        changes.push(Change { deadline: key.into(), from, to, cause, notice });
    }
    changes
}

/// A clock that was gone and is back, with the standing of one that has no date, and one that has a date again. Its numbers go on where
/// they ended.
pub fn returned(life: &Life, before: &[EntryDeadline], after: &[EntryDeadline]) -> Vec<Change> {
    let mut back = Vec::new();
    for deadline in after {
        let Some(last) = life.moves_of(&deadline.key()).next_back() else { continue };
        let old = before.iter().find(|old| old.id == deadline.id && old.instance == deadline.instance);
        let to = Standing::of(deadline);
        let (cause, notice) = match old {
            _ if last.to == to => continue,
            Some(old) if last.to.target.is_none() && old.due.is_none() && to.target.is_some() => {
                cause(old, Some(deadline))
            }
            None if last.to == Standing::gone() => {
                ("its trigger came again".into(), deadline.from.iter().find_map(|fact| fact.notice))
            }
            _ => continue,
        };
        back.push(Change { deadline: deadline.key().into(), from: last.to.clone(), to, cause, notice });
    }
    back
}

/// The fact that differs, or the reason of the new state.
fn cause(old: &EntryDeadline, new: Option<&EntryDeadline>) -> (Box<str>, Option<NoticeId>) {
    let Some(new) = new else { return ("its trigger was taken back".into(), None) };
    let fact = |facts: &[Provenance], input: &str| facts.iter().position(|fact| *fact.input == *input);
    for fact_now in &new.from {
        let was = fact(&old.from, &fact_now.input).map(|at| &old.from[at]);
        if was.is_none_or(|was| was.value != fact_now.value) {
            let was = was.map_or_else(|| "not known".to_owned(), |was| was.value.to_string());
            let (input, value, source) = (&fact_now.input, &fact_now.value, &fact_now.source);
            return (format!("{input} is {value} ({source}), was {was}").into(), fact_now.notice);
        }
    }
    if let Some(gone) = old.from.iter().find(|was| fact(&new.from, &was.input).is_none()) {
        return (format!("{} {} no longer holds", gone.input, gone.value).into(), None);
    }
    if !new.because.is_empty() && new.because != old.because {
        return (new.because.clone(), None);
    }
    if new.state == DeadlineState::Open && old.state != DeadlineState::Open {
        return ("what had ended it was taken back".into(), None);
    }
    ("the rule gives another date".into(), None)
}

impl Life {
    /// More moves than this are not kept: the oldest ones go that a later move of the same clock has overtaken.
    pub const MOVES_MAX: usize = 400;

    /// Keeps changes under their numbers.
    pub fn note(&mut self, at: DateTime<Utc>, changes: Vec<Change>) {
        for Change { deadline, from, to, cause, notice } in changes {
            let passed = u32::from(from.is_behind_ours(at.date_naive()));
            let sequence = self.sequence(&deadline).saturating_add(1).saturating_add(passed);
            self.moves.push(ClockMove { deadline, sequence, at, from, to, cause, notice });
        }
        while self.moves.len() > Self::MOVES_MAX {
            let overtaken = |at: usize| {
                let deadline = &self.moves[at].deadline;
                self.moves[at + 1..].iter().any(|later| later.deadline == *deadline)
            };
            let oldest = (0..self.moves.len()).find(|at| overtaken(*at)).unwrap_or_default();
            self.moves.remove(oldest);
        }
    }

    /// Clocks that had a date and whose trigger was taken back, as ones that were closed. `deadlines` are those there are.
    pub fn gone(&self, deadlines: &[EntryDeadline], table: &DeadlineTable) -> Vec<EntryDeadline> {
        let mut gone: Vec<EntryDeadline> = Vec::new();
        for moved in self.moves.iter().rev() {
            let is_known = |known: &EntryDeadline| known.key() == *moved.deadline;
            let is_last = self.moves_of(&moved.deadline).next_back() == Some(moved);
            if !is_last || moved.to != Standing::gone() || deadlines.iter().any(is_known) {
                continue;
            }
            let (id, instance) = moved.deadline.split_once('@').unwrap_or((&moved.deadline, ""));
            let Some(definition) = table.find(id) else { continue };
            gone.push(EntryDeadline {
                id: id.into(),
                instance: instance.into(),
                due: moved.from.due.parse().ok(),
                special: None,
                act_by: moved.from.act_by,
                internal: None,
                state: DeadlineState::Closed,
                because: moved.cause.clone(),
                may_be_over: "".into(),
                basis: definition.current().basis.as_str().into(),
                from: Vec::new(),
                starts: None,
                bases: Vec::new(),
            });
        }
        gone
    }

    /// How often this clock has moved.
    pub fn sequence(&self, deadline: &str) -> u32 {
        self.moves_of(deadline).next_back().map_or(0, |last| last.sequence)
    }

    /// What a calendar calls the sequence of a clock's event on `day`: a day of our own that passed moves the event by itself.
    pub fn event_sequence(&self, deadline: &EntryDeadline, day: NaiveDate) -> u32 {
        let passed = deadline.may_run() && deadline.is_behind_ours(day);
        self.sequence(&deadline.key()).saturating_add(u32::from(passed))
    }

    /// The moves of one clock, the oldest first.
    pub fn moves_of(&self, deadline: &str) -> impl DoubleEndedIterator<Item = &ClockMove> {
        self.moves.iter().filter(move |moved| *moved.deadline == *deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::EntryNumber;

    fn clock(due: Option<&str>, input: &str, state: DeadlineState, because: &str) -> EntryDeadline {
        let due: Option<NaiveDate> = due.map(|due| due.parse().expect("a date"));
        EntryDeadline {
            id: "ES_DUE".into(),
            instance: "".into(),
            due,
            special: due.is_none().then(|| "OPEN".into()),
            act_by: due,
            internal: None,
            state,
            because: because.into(),
            may_be_over: "".into(),
            basis: "a law".into(),
            from: vec![Provenance {
                input: "release_date".into(),
                value: input.into(),
                notice: Some(NoticeId::from_bytes([7; 16])),
                source: "release status".into(),
            }],
            starts: None,
            bases: Vec::new(),
        }
    }

    #[test]
    fn changes_say_what_made_them() {
        let old = clock(Some("2026-03-20"), "2026-03-06", DeadlineState::Open, "");
        let moved = clock(Some("2026-03-23"), "2026-03-09", DeadlineState::Open, "");
        let closed =
            clock(Some("2026-03-20"), "2026-03-06", DeadlineState::Closed, "the summary is accepted");
        let dateless = clock(None, "2026-03-06", DeadlineState::Idle, "");
        for (new, cause, notice) in [
            (Some(&moved), "release_date is 2026-03-09 (release status), was 2026-03-06", true),
            (Some(&closed), "the summary is accepted", false),
            (Some(&dateless), "the rule gives another date", false),
            (None, "its trigger was taken back", false),
        ] {
            let after: Vec<EntryDeadline> = new.into_iter().cloned().collect();
            let found = changes(std::slice::from_ref(&old), &after);
            let [change] = &found[..] else { panic!("{found:?}") };
            assert_eq!((&*change.cause, change.notice.is_some()), (cause, notice));
            assert_eq!(&*change.from.due, "2026-03-20");
        }
        assert!(changes(std::slice::from_ref(&old), std::slice::from_ref(&old)).is_empty());
        assert!(changes(&[dateless], std::slice::from_ref(&moved)).is_empty(), "a first date is no move");
        assert!(changes(&[], &[moved]).is_empty(), "nor is a new clock");
        let back = changes(&[closed], &[old]);
        assert_eq!(&*back[0].cause, "what had ended it was taken back");
        assert!(back[0].reopens());
    }

    #[test]
    fn a_move_is_told_by_what_differs() {
        let standing = |due: &str, target: &str, state: DeadlineState| Standing {
            due: due.into(),
            act_by: due.parse().ok(),
            target: target.parse().ok(),
            state,
        };
        let told = |from: Standing, to: Standing| {
            let (deadline, at, cause) = ("ES_DUE".into(), DateTime::UNIX_EPOCH, "".into());
            ClockMove { deadline, sequence: 1, at, from, to, cause, notice: None }.standings().join("; ")
        };
        let legal = || standing("2025-09-24", "2025-09-24", DeadlineState::Open);
        let own = || standing("2025-09-24", "2025-09-20", DeadlineState::Open);
        let closed = standing("2025-09-24", "2025-09-24", DeadlineState::Closed);
        let later = standing("2025-09-26", "2025-09-26", DeadlineState::Open);
        let sooner = Standing { act_by: "2025-09-23".parse().ok(), ..legal() };
        let ahead = standing("2025-09-24", "2025-09-24", DeadlineState::Ahead);
        for (from, to, words) in [
            (legal(), later, "due 2025-09-24; due 2025-09-26"),
            (legal(), closed, "due 2025-09-24; closed (due 2025-09-24)"),
            (legal(), own(), "no date of our own; our date 2025-09-20"),
            (own(), legal(), "our date 2025-09-20; no date of our own"),
            (legal(), sooner, "act by 2025-09-24; act by 2025-09-23"),
            (ahead, legal(), "ahead; open"),
        ] {
            assert_eq!(told(from, to), words);
        }
    }

    #[test]
    fn numbers_rise_for_each_clock_and_outlive_what_is_dropped() {
        let mut life = Life::new(EntryNumber::parse("N0170000124").expect("a number"));
        let standing = |due: &str| Standing { due: due.into(), ..Standing::gone() };
        let mut note = |deadline: &str, round: u32| {
            let change = Change {
                deadline: deadline.into(),
                from: standing(&round.to_string()),
                to: standing(&(round + 1).to_string()),
                cause: "".into(),
                notice: None,
            };
            life.note(DateTime::UNIX_EPOCH, vec![change]);
            (life.sequence(deadline), life.moves.len())
        };
        assert_eq!(note("B", 0), (1, 1));
        for round in 1..=1_000 {
            assert_eq!(note("A", round).0, round);
        }
        assert_eq!(life.moves.len(), Life::MOVES_MAX);
        assert_eq!((life.sequence("B"), life.sequence("C")), (1, 0), "the only move of a clock stays");
    }

    #[test]
    fn a_clock_that_has_a_date_again_has_moved() {
        let mut life = Life::new(EntryNumber::parse("N0170000124").expect("a number"));
        let dated = [clock(Some("2026-03-20"), "2026-03-06", DeadlineState::Open, "")];
        let blocked = [clock(None, "2026-03-06", DeadlineState::Idle, "CBP reviews it")];
        assert!(returned(&life, &blocked, &dated).is_empty(), "it never had one");
        life.note(DateTime::UNIX_EPOCH, changes(&dated, &blocked));
        let back = returned(&life, &blocked, &dated);
        let [change] = &back[..] else { panic!("{back:?}") };
        assert!(change.reopens());
        assert_eq!((&*change.cause, &*change.from.due), ("what had ended it was taken back", "OPEN"));
        life.note(DateTime::UNIX_EPOCH, back);
        assert!(returned(&life, &blocked, &dated).is_empty(), "it is told once");
        assert!(returned(&life, &dated, &dated).is_empty());

        life.note(DateTime::UNIX_EPOCH, changes(&dated, &[]));
        assert_eq!(&*returned(&life, &[], &dated)[0].cause, "its trigger came again");
    }

    #[test]
    fn a_day_of_our_own_that_passes_takes_a_number() {
        let mut life = Life::new(EntryNumber::parse("N0170000124").expect("a number"));
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let mut clock = clock(Some("2026-03-20"), "2026-03-06", DeadlineState::Open, "");
        clock.internal = Some(day("2026-03-10"));
        let numbers =
            |life: &Life| ["2026-03-10", "2026-03-11"].map(|on| life.event_sequence(&clock, day(on)));
        assert_eq!(numbers(&life), [0, 1]);
        let from = Standing::of(&clock);
        assert_eq!(from.target_on(day("2026-03-11")), Some(day("2026-03-20")));
        let change = |from: &Standing| Change {
            deadline: clock.key().into(),
            from: from.clone(),
            to: Standing::gone(),
            cause: "".into(),
            notice: None,
        };
        life.note("2026-03-11T14:00:00Z".parse().expect("an instant"), vec![change(&from)]);
        assert_eq!(life.sequence("ES_DUE"), 2, "above that of the event that stood");
        life.note("2026-03-10T14:00:00Z".parse().expect("an instant"), vec![change(&from)]);
        assert_eq!(life.sequence("ES_DUE"), 3, "ours had not passed then");
    }
}
