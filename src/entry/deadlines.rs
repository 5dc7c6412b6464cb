//! The deadlines of an entry, as they come out of its clocks.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Basis, Clock, ClockMove, Entry, Reminder};
use crate::deadline::{DeadlineTable, Due};
use crate::ident::NoticeId;

/// One clock of one entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryDeadline {
    /// `PROTEST_DUE`, as in `grammars/deadlines.toml`.
    pub id: Box<str>,
    /// Which of several clocks with this id: the liquidation, or the number or first date of the fact, that started it. It stays
    /// when a date moves. Blank when there can be one only.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub instance: Box<str>,
    /// The last day under the rule as written.
    pub due: Option<NaiveDate>,
    /// `NONE OPEN BLOCKED INELIGIBLE INVALID`, or `unknown` when a trigger is missing. Set exactly when `due` is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<Box<str>>,
    /// The date to act on, never later than `due`. A watch clock has none.
    pub act_by: Option<NaiveDate>,
    /// The date that a person has set for our own work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal: Option<NaiveDate>,
    pub state: DeadlineState,
    /// Why the state is what it is, in a few plain words; blank for a clock that simply runs.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub because: Box<str>,
    /// What may have ended a clock that runs on until a person settles it: a protest that does not say what it is against.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub may_be_over: Box<str>,
    /// The legal basis: `19 USC 1514(c)(3)`.
    pub basis: Box<str>,
    /// The facts that went in.
    pub from: Vec<Provenance>,
    /// For a clock that starts by itself if nothing happens before: the day on which it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<NaiveDate>,
    /// Every date of the liquidation or denial that somebody told, where the clock counts from one; the first counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<BasisDate>,
}

/// A date of a liquidation or denial, and who told it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BasisDate {
    pub date: NaiveDate,
    pub basis: Basis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
}

impl EntryDeadline {
    /// What identifies the clock within its entry: `ES_DUE` or `PROTEST_DUE@liquidation`.
    pub fn key(&self) -> String {
        if self.instance.is_empty() { self.id.to_string() } else { format!("{}@{}", self.id, self.instance) }
    }

    /// Whether somebody means this clock: by its id, its key, or the date that it counts from (`PROTEST_DUE@2026-03-06`).
    pub fn is_called(&self, text: &str) -> bool {
        self.id.eq_ignore_ascii_case(text) || self.key().eq_ignore_ascii_case(text) || self.counts_from(text)
    }

    /// Whether the text is the clock's id with a date that started it.
    pub fn counts_from(&self, text: &str) -> bool {
        let Some((id, date)) = text.split_once('@') else { return false };
        self.id.eq_ignore_ascii_case(id) && self.from.iter().any(|fact| *fact.value == *date)
    }

    /// The date, or the word that stands in its place.
    pub fn due_text(&self) -> String {
        match (self.due, &self.special) {
            (Some(date), _) => date.to_string(),
            (None, Some(word)) => word.to_string(),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// Whether the clock runs on `day`: one that starts by itself runs from its first day on.
    pub fn runs_on(&self, day: NaiveDate) -> bool {
        match self.state {
            DeadlineState::Open => true,
            DeadlineState::Ahead => self.starts.is_some_and(|starts| starts <= day),
            DeadlineState::Closed | DeadlineState::Idle => false,
        }
    }

    /// Whether the clock ran until this change of it.
    pub fn ran_until(&self, change: &ClockMove) -> bool {
        match change.from.state {
            DeadlineState::Open => true,
            DeadlineState::Ahead => self.starts.is_some_and(|starts| starts <= change.at.date_naive()),
            DeadlineState::Closed | DeadlineState::Idle => false,
        }
    }

    /// Whether anybody may still have to be reminded of it.
    pub fn may_run(&self) -> bool {
        matches!(self.state, DeadlineState::Open | DeadlineState::Ahead)
    }

    /// What is to be known of its state beside the date: why it is what it is, or what may have ended it.
    pub fn remark(&self) -> &str {
        if self.may_be_over.is_empty() { &self.because } else { &self.may_be_over }
    }

    /// The law started the clock, or will, and no notice.
    pub fn is_by_law(&self) -> bool {
        self.starts.is_some()
    }

    /// The day that the law wants respected: to act by, or when the clock ends.
    pub fn legal(&self) -> Option<NaiveDate> {
        self.act_by.or(self.due)
    }

    /// Whether the last day under the rule as written lies before `today`.
    pub fn has_passed(&self, today: NaiveDate) -> bool {
        self.due.or(self.act_by).is_some_and(|last| last < today)
    }

    /// The day that reminders count towards: the legal one, or an earlier one that a person has set.
    pub fn target(&self) -> Option<NaiveDate> {
        let legal = self.legal()?;
        Some(self.internal.map_or(legal, |internal| internal.min(legal)))
    }
}

impl EntryDeadline {
    /// So many days before a legal date, and behind it, nothing takes its place and nothing silences it.
    pub const LOUD_DAYS: i64 = 7;

    /// The day that reminders of `day` count towards: ours as long as it lies ahead, then the legal one.
    pub fn target_on(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.target().filter(|target| day <= *target).or_else(|| self.legal())
    }

    /// Whether a day of our own counted before this one and the legal one counts now.
    pub fn is_behind_ours(&self, day: NaiveDate) -> bool {
        self.target().is_some_and(|target| target < day && Some(target) < self.legal())
    }

    /// Whether the reminder counts towards a day of this clock as it stands.
    pub fn is_counted_by(&self, reminder: &Reminder) -> bool {
        [self.target(), self.target_on(reminder.day)].contains(&Some(reminder.target))
    }
}

/// A fact that the computation used, and the notice that states it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// The input's name: `liquidation_date`.
    pub input: Box<str>,
    pub value: Box<str>,
    pub notice: Option<NoticeId>,
    /// Where the date comes from: `courtesy notice`, `release status`, `computed` ...
    pub source: Box<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// The clock runs.
    Open,
    /// What it was for has happened.
    Closed,
    /// It cannot be computed, or does not run for this entry.
    Idle,
    /// It starts on a day to come, by law, unless something happens before.
    Ahead,
}

impl DeadlineState {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed, Self::Idle, Self::Ahead].into_iter().find(|state| state.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Ahead => "ahead",
        }
    }
}

/// How a clock stands on a day, as people are shown it. The fold knows no day; what time alone did is said here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateOn {
    /// It runs; a duty of ours also when its last day is over.
    Open,
    Closed,
    Idle,
    /// The law has not started it yet.
    Ahead,
    /// The last day of a clock on Customs or the law is over.
    Passed,
}

impl StateOn {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Ahead => "ahead",
            Self::Passed => "passed",
        }
    }
}

impl EntryDeadline {
    /// How the clock stands on a day, and why, in a few plain words.
    pub fn state_on(&self, day: NaiveDate) -> (StateOn, String) {
        let started = self.starts.filter(|starts| *starts <= day);
        let runs = matches!(self.state, DeadlineState::Open) || started.is_some();
        let by_law = started.map(|starts| format!("the law started it on {starts}"));
        let known = |more: Option<&str>| {
            let may_be_over = Some(&*self.may_be_over).filter(|words| !words.is_empty());
            let words: Vec<&str> = by_law.as_deref().into_iter().chain(more).chain(may_be_over).collect();
            words.join("; ")
        };
        match self.state {
            DeadlineState::Closed => (StateOn::Closed, self.because.to_string()),
            DeadlineState::Idle => (StateOn::Idle, self.because.to_string()),
            DeadlineState::Ahead if !runs => (StateOn::Ahead, self.because.to_string()),
            DeadlineState::Open | DeadlineState::Ahead if !self.has_passed(day) => {
                (StateOn::Open, known(None))
            }
            DeadlineState::Open | DeadlineState::Ahead => {
                let over = "its last day is over";
                if self.act_by.is_some() {
                    (StateOn::Open, known(Some(over)))
                } else {
                    let then = super::clocks::consequence(&self.id);
                    (StateOn::Passed, then.unwrap_or(over).to_owned())
                }
            }
        }
    }
}

impl Entry {
    /// Every clock of the entry with its dates, in the order of the clocks.
    pub fn deadlines(&self, table: &DeadlineTable) -> Vec<EntryDeadline> {
        self.clocks(table).into_iter().filter_map(|clock| clock.deadline(table)).collect()
    }
}

impl Clock {
    /// The dates. `None` when the table does not know the clock, or nobody asked for it.
    pub fn deadline(self, table: &DeadlineTable) -> Option<EntryDeadline> {
        let definition = table.find(self.id)?;
        let (due, special, act_by, start) = match table.dates_of(definition, &self.facts) {
            Ok(dates) => {
                let special = match dates.due {
                    Due::Date(_) => None,
                    word => Some(word.to_string().into()),
                };
                (dates.due.date(), special, dates.act_by, dates.start)
            }
            Err(_) => (None, Some("unknown".into()), None, None),
        };
        let version = start.and_then(|(_, date)| definition.version_on(date));
        let basis = version.unwrap_or_else(|| definition.current()).basis.as_str().into();
        let may_be_over = if self.closed.is_some() { String::new() } else { self.may_be_over };
        let (state, because) = match (due, self.closed) {
            (Some(_), Some(because)) => (DeadlineState::Closed, because),
            (Some(_), None) if self.starts.is_some() => (DeadlineState::Ahead, self.unless.into()),
            (Some(_), None) => (DeadlineState::Open, "".into()),
            (None, because) => (DeadlineState::Idle, because.unwrap_or_default()),
        };
        Some(EntryDeadline {
            id: self.id.into(),
            instance: self.instance,
            due,
            special,
            act_by,
            internal: None,
            state,
            because: because.into(),
            may_be_over: may_be_over.into(),
            basis,
            from: self.from,
            starts: self.starts,
            bases: self.bases,
        })
    }
}
