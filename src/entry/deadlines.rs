//! The clocks of an entry: which of its facts start, move and end each deadline.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Basis, Dated, Entry, LiquidationStep, SummaryState};
use crate::deadline::{Computed, DeadlineTable, Due, DueError, Key, Triggers, id};
use crate::ident::NoticeId;

/// One clock of one entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryDeadline {
    /// `PROTEST_DUE`, as in `grammars/deadlines.toml`.
    pub id: Box<str>,
    /// Which of several clocks with this id: the date of the decision that started it. Blank when there can be one only.
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
    /// The legal basis: `19 USC 1514(c)(3)`.
    pub basis: Box<str>,
    /// The facts that went in.
    pub from: Vec<Provenance>,
}

impl EntryDeadline {
    /// What identifies the clock within its entry: `PROTEST_DUE` or `PROTEST_DUE@2026-03-06`.
    pub fn key(&self) -> String {
        if self.instance.is_empty() { self.id.to_string() } else { format!("{}@{}", self.id, self.instance) }
    }

    /// The date, or the word that stands in its place.
    pub fn due_text(&self) -> String {
        match (self.due, &self.special) {
            (Some(date), _) => date.to_string(),
            (None, Some(word)) => word.to_string(),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// The day that the law wants respected: to act by, or when the clock ends.
    pub fn legal(&self) -> Option<NaiveDate> {
        self.act_by.or(self.due)
    }

    /// The day that reminders count towards: the legal one, or an earlier one that a person has set.
    pub fn target(&self) -> Option<NaiveDate> {
        let legal = self.legal()?;
        Some(self.internal.map_or(legal, |internal| internal.min(legal)))
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
}

/// A clock with the facts that it is computed from.
#[derive(Clone, Debug)]
pub struct Clock {
    pub id: &'static str,
    pub instance: Box<str>,
    pub facts: Triggers,
    pub from: Vec<Provenance>,
    /// What ended it, in a few plain words.
    pub closed: Option<&'static str>,
}

impl Entry {
    /// Every clock of the entry with its dates, in the order of the clocks.
    pub fn deadlines(&self, table: &DeadlineTable) -> Vec<EntryDeadline> {
        self.clocks().into_iter().filter_map(|clock| clock.deadline(table)).collect()
    }

    /// The clocks of the entry and the facts that they count from. A missing fact gives a clock without a date.
    pub fn clocks(&self) -> Vec<Clock> {
        let mut clocks = vec![self.summary_clock(), self.correction_clock()];
        clocks.extend(self.liquidation_clocks());
        clocks.extend(self.protest_clocks());
        clocks.extend(self.summons_clocks());
        clocks.extend(self.bill_clocks());
        clocks.extend(self.tib_clock());
        clocks
    }

    /// Entry summary due: ten working days from the time of entry.
    fn summary_clock(&self) -> Clock {
        let mut clock = Clock::new(id::ES_DUE);
        if let Some(dated) = self.entry_date() {
            clock.fact(Key::EntryDate, dated, STATED);
        }
        match (self.release_date(), self.answered_release()) {
            (Some(dated), _) => clock.fact(Key::ReleaseDate, dated, RELEASED),
            (None, Some(dated)) => clock.fact(Key::ReleaseDate, dated, ANSWERED),
            (None, None) => {}
        }
        self.with_type(&mut clock);
        clock.closed = match self.summary.state {
            SummaryState::Accepted => Some("the summary is accepted"),
            _ => self.over(),
        };
        clock
    }

    /// Post summary correction: until 300 days after entry or 15 before liquidation.
    fn correction_clock(&self) -> Clock {
        let mut clock = Clock::new(id::PSC_DUE);
        self.with_entry_date(&mut clock);
        self.with_type(&mut clock);
        if self.is_suspended() {
            clock.set(Key::Suspended, true);
        }
        if self.liquidation().is_some() {
            clock.set(Key::Liquidated, true);
        }
        if let Some(dated) = self.scheduled_liquidation() {
            clock.fact(Key::ScheduledLiq, dated, ANSWERED);
        }
        if self.answered.is_some_and(|answered| answered.status.is_under_review) {
            clock.set(Key::UnderReview, true);
        }
        clock.closed = self.over();
        clock
    }

    fn liquidation_clocks(&self) -> [Clock; 2] {
        [id::LIQ_SCHEDULED_EST, id::LIQ_DEEMED_1Y].map(|id| {
            let mut clock = Clock::new(id);
            self.with_entry_date(&mut clock);
            self.with_type(&mut clock);
            if self.is_suspended() {
                clock.set(Key::Suspended, true);
            }
            if self.extensions() > 0 {
                clock.set(Key::Extensions, u32::from(self.extensions()));
            }
            let is_scheduled = id == id::LIQ_SCHEDULED_EST && self.scheduled_liquidation().is_some();
            clock.closed = self.over().or(is_scheduled.then_some("CBP scheduled the liquidation"));
            clock
        })
    }

    /// One protest clock for each liquidation and reliquidation: nothing that comes later stops an earlier one.
    fn protest_clocks(&self) -> Vec<Clock> {
        let mut clocks: Vec<Clock> = Vec::new();
        for event in &self.liquidation_history {
            let LiquidationStep::Liquidated(liquidation) = &event.what else { continue };
            let mut clock = Clock::new(id::PROTEST_DUE);
            if let Some(date) = liquidation.date {
                clock.instance = date.to_string().into();
                let source = match event.basis {
                    Basis::QueryAnswer => ANSWERED,
                    _ => COURTESY,
                };
                clock.fact(Key::LiquidationDate, Dated { date, notice: event.notice }, source);
                if clocks.iter().any(|known| known.instance == clock.instance) {
                    continue;
                }
            }
            if let Some(dated) = self.entry_date() {
                clock.fact(Key::EntryDate, dated, STATED);
            }
            clocks.push(clock);
        }
        if clocks.is_empty() {
            clocks.push(Clock::new(id::PROTEST_DUE));
        }
        clocks
    }

    /// A summons for each protest that was denied, in part or whole.
    fn summons_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        let denied =
            self.protests.values().filter(|state| matches!(state.protest.status.as_str(), "DN" | "PD"));
        denied.map(|state| {
            let mut clock = Clock::new(id::CIT_SUMMONS);
            clock.instance = state.protest.number.as_str().into();
            if let Some(date) = state.protest.decided {
                clock.fact(Key::DenialDate, Dated { date, notice: state.notice }, ANSWERED);
            }
            clock
        })
    }

    /// One clock for each bill from CBP. A returned payment has the shorter term.
    fn bill_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        self.customs_bills.values().map(|state| {
            let bill = &state.bill;
            let is_returned = bill.kind == *"7";
            let mut clock = Clock::new(if is_returned { id::BILL_DISHONORED } else { id::BILL_DUE });
            clock.instance = bill.number.as_str().into();
            if let Some(date) = bill.date {
                clock.fact(Key::BillDate, Dated { date, notice: state.notice }, ANSWERED);
            }
            clock.closed = (!bill.is_open).then_some("nothing is asked for any more");
            clock
        })
    }

    /// Export or destroy: for temporary importations only.
    fn tib_clock(&self) -> Option<Clock> {
        let is_tib = self.entry_type.is_some_and(|entry_type| entry_type == *"23");
        if !is_tib && self.tib == super::Tib::default() {
            return None;
        }
        let mut clock = Clock::new(id::TIB_EXPORT);
        let filed = self.filed_summary().and_then(|filing| Some((filing.filed.import_date?, filing.notice)));
        if let Some((date, notice)) = filed {
            clock.fact(Key::ImportDate, Dated { date, notice }, FILED);
        }
        if self.tib.extensions > 0 {
            clock.set(Key::Extensions, u32::from(self.tib.extensions));
        }
        if let Some(dated) = self.tib.expires {
            clock.fact(Key::ExpirationDate, dated, EXPIRY);
        }
        clock.closed = if self.tib.is_closed { Some("the importation is closed") } else { self.over() };
        Some(clock)
    }

    /// The date of entry, or the date of release in its place: ACE takes the release for the time of entry.
    fn with_entry_date(&self, clock: &mut Clock) {
        match (self.entry_date(), self.release_date()) {
            (Some(dated), _) => clock.fact(Key::EntryDate, dated, STATED),
            (None, Some(dated)) => clock.fact(Key::EntryDate, dated, RELEASE_FOR_ENTRY),
            (None, None) => {
                if let Some(dated) = self.answered_release() {
                    clock.fact(Key::EntryDate, dated, ANSWERED_FOR_ENTRY);
                }
            }
        }
    }

    fn with_type(&self, clock: &mut Clock) {
        if let Some(entry_type) = self.entry_type {
            // A type that is no two-character code is a finding of the decoder; the clock then runs without it.
            let _ = clock.facts.set(Key::EntryType.as_str(), entry_type.as_str());
        }
    }

    fn over(&self) -> Option<&'static str> {
        if self.is_cancelled || self.summary.state == SummaryState::Cancelled {
            Some("the entry is cancelled")
        } else if self.liquidation().is_some() {
            Some("the entry is liquidated")
        } else {
            None
        }
    }
}

const STATED: &str = "stated by CBP";
const RELEASED: &str = "release status";
const RELEASE_FOR_ENTRY: &str = "release status, standing in for the date of entry";
const ANSWERED: &str = "query answer";
const ANSWERED_FOR_ENTRY: &str = "release in a query answer, standing in for the date of entry";
const FILED: &str = "entry summary as filed";
const EXPIRY: &str = "notice that the bond ends";
const COURTESY: &str = "courtesy notice of liquidation";

impl Clock {
    fn new(id: &'static str) -> Self {
        Self { id, instance: "".into(), facts: Triggers::new(), from: Vec::new(), closed: None }
    }

    fn fact(&mut self, key: Key, dated: Dated, source: &str) {
        // A date outside the years of the table is no trigger: the clock then says that it does not know.
        if self.facts.put(key, dated.date).is_ok() {
            self.from.push(Provenance {
                input: key.as_str().into(),
                value: dated.date.to_string().into(),
                notice: Some(dated.notice),
                source: source.into(),
            });
        }
    }

    fn set(&mut self, key: Key, value: impl Into<crate::deadline::Value>) {
        if let Ok(facts) = self.facts.put(key, value) {
            let value = facts.get(key).map(ToString::to_string).unwrap_or_default();
            self.from.push(Provenance {
                input: key.as_str().into(),
                value: value.into(),
                notice: None,
                source: "state of the entry".into(),
            });
        }
    }

    /// The dates. `None` only when the table does not know the clock.
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
        let (state, because) = match (due, self.closed) {
            (Some(_), Some(because)) => (DeadlineState::Closed, because),
            (Some(_), None) => (DeadlineState::Open, ""),
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
            basis,
            from: self.from,
        })
    }

    /// The arithmetic, step by step.
    ///
    /// # Errors
    /// A fact that has not come yet, or a table that does not know the clock.
    pub fn explain(&self, table: &DeadlineTable) -> Result<Computed, DueError> {
        table.explain(self.id, &self.facts)
    }

    /// As [`EntryDeadline::key`].
    pub fn key(&self) -> String {
        if self.instance.is_empty() { self.id.to_owned() } else { format!("{}@{}", self.id, self.instance) }
    }
}
