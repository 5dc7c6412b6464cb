//! The clocks of an entry: which of its facts start, move and end each deadline.
//!
//! One file a family. A clock is listed once a fact of the entry starts it; those that nearly every entry has
//! (summary, correction, liquidation, protest) are listed from the first notice on, so that what is missing can be seen.
//! What people recorded starts and ends clocks by the table in [`crate::notice::recorded`], and each family says what
//! messages end them as well.

mod cargo;
mod claims;
mod correction;
mod liquidation;
mod payment;
mod protest;
mod protested;
mod recorded;
mod stays;
mod summary;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use chrono::NaiveDate;

pub use protest::PRESENTED;
pub(super) use protest::consequence;

use super::{BasisDate, Dated, Entry, Provenance, SummaryState};
use crate::deadline::{ADJUSTING, Computed, DeadlineTable, DueError, Key, Kind, Scope, Triggers, Value};
use crate::notice::{FactKind, Token};

/// A clock with the facts that it is computed from.
#[derive(Clone, Debug)]
pub struct Clock {
    pub id: &'static str,
    pub instance: Box<str>,
    pub facts: Triggers,
    pub from: Vec<Provenance>,
    /// What ended it, in a few plain words.
    pub closed: Option<Cow<'static, str>>,
    /// What may have ended it, in a few plain words; blank when nothing has.
    pub may_be_over: String,
    /// The day on which the law starts it, if nothing happens before.
    pub starts: Option<NaiveDate>,
    /// The day of what ended it, where that may have come too late.
    pub closed_on: Option<NaiveDate>,
    /// What must not happen before that day.
    pub unless: &'static str,
    pub bases: Vec<BasisDate>,
}

const STATED: &str = "stated by CBP";
const RELEASED: &str = "release status";
const RELEASE_FOR_ENTRY: &str = "release status, standing in for the date of entry";
const ANSWERED: &str = "query answer";
const ANSWERED_FOR_ENTRY: &str = "release in a query answer, standing in for the date of entry";
const FORMER: &str = "release that was taken back since, until the next";
const FORMER_FOR_ENTRY: &str =
    "release that was taken back since, standing in for the date of entry until the next";
const FILED: &str = "entry summary as filed";
const EXPIRY: &str = "notice that the bond ends";
const RECORDED: &str = "recorded by hand";
const CARRIER: &str = "status of the carrier";

impl Entry {
    /// The clocks of the entry and the facts that they count from. A missing fact gives a clock without a date.
    ///
    /// `table` is asked for dates that start other clocks by law, and for what the configuration says about days.
    pub fn clocks(&self, table: &DeadlineTable) -> Vec<Clock> {
        let mut clocks = Vec::with_capacity(12);
        self.summary_clocks(&mut clocks);
        self.correction_clocks(&mut clocks);
        self.liquidation_clocks(table, &mut clocks);
        self.protest_clocks(table, &mut clocks);
        self.payment_clocks(&mut clocks);
        self.cargo_clocks(&mut clocks);
        self.recorded_clocks(&mut clocks);
        // What the law starts follows from the dates as the configuration moved them.
        let scope = table.has_overrides().then(|| self.override_scope());
        if let Some(scope) = scope {
            clocks.iter_mut().for_each(|clock| clock.localize(table, scope));
        }
        self.clocks_by_law(table, &mut clocks);
        self.retention_clock(&mut clocks);
        clocks.retain(|clock| table.keeps(clock.id, &clock.facts));
        if let Some(scope) = scope {
            let is_new = |clock: &&mut Clock| {
                clock.starts.is_some() || clock.id == crate::deadline::id::RECORD_RETENTION
            };
            clocks.iter_mut().filter(is_new).for_each(|clock| clock.localize(table, scope));
        }
        clocks
    }

    /// The date of entry, or the date of release in its place, and that of one that was taken back until the next: ACE takes the release for the time of entry.
    fn with_entry_date(&self, clock: &mut Clock) {
        match (self.entry_date(), self.release_date()) {
            (Some(dated), _) => clock.fact(Key::EntryDate, dated, STATED),
            (None, Some(dated)) => clock.fact(Key::EntryDate, dated, RELEASE_FOR_ENTRY),
            (None, None) => {
                if let Some(dated) = self.answered_release() {
                    clock.fact(Key::EntryDate, dated, ANSWERED_FOR_ENTRY);
                } else if let Some(dated) = self.former_release() {
                    clock.fact(Key::EntryDate, dated, FORMER_FOR_ENTRY);
                }
            }
        }
    }

    /// The date of release, by its notice or else by a query answer.
    fn with_release_date(&self, clock: &mut Clock) {
        match (self.release_date(), self.answered_release()) {
            (Some(dated), _) => clock.fact(Key::ReleaseDate, dated, RELEASED),
            (None, Some(dated)) => clock.fact(Key::ReleaseDate, dated, ANSWERED),
            (None, None) => {
                if let Some(dated) = self.former_release() {
                    clock.fact(Key::ReleaseDate, dated, FORMER);
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

    /// The date of importation: as filed, else as recorded.
    fn import_date(&self) -> Option<(Dated, &'static str)> {
        let filed = self.filed_summary().and_then(|filing| Some((filing.filed.import_date?, filing.notice)));
        if let Some((date, notice)) = filed {
            return Some((Dated { date, notice }, FILED));
        }
        let told = self.recorded.iter().rev().find(|fact| fact.fact == FactKind::Imported)?;
        Some((Dated { date: told.date()?, notice: told.notice }, RECORDED))
    }

    fn with_import_date(&self, clock: &mut Clock) {
        if let Some((dated, source)) = self.import_date() {
            clock.fact(Key::ImportDate, dated, source);
        }
    }

    fn override_scope(&self) -> Scope<'_> {
        let port = self.port.as_ref().map(Token::as_str);
        Scope { port, filer: self.filer.as_str(), entry: self.number.as_str() }
    }

    fn is_type(&self, types: &[&str]) -> bool {
        self.entry_type.is_some_and(|entry_type| types.contains(&entry_type.as_str()))
    }

    /// Duties of such a type wait for the end of a suspension (19 USC 1504(d)).
    pub(super) fn is_adcvd(&self) -> bool {
        self.is_type(&summary::ADCVD) || self.filed_summary().is_some_and(|filing| filing.flags.adcvd)
    }

    /// What ends most of what an entry still has to do.
    fn over(&self) -> Option<&'static str> {
        let covered = || self.covered().filter(|(_, summary)| summary.liquidation().is_some());
        self.gone()
            .or_else(|| self.liquidation().is_some().then_some("the entry is liquidated"))
            .or_else(|| covered().map(|_| "the summary that covers the release is liquidated"))
    }

    fn gone(&self) -> Option<&'static str> {
        let is_gone = self.is_cancelled || self.summary.state == SummaryState::Cancelled;
        is_gone.then_some("the entry is cancelled")
    }

    /// Records must be kept whatever becomes of the entry.
    fn retention_clock(&self, clocks: &mut Vec<Clock>) {
        let mut clock = Clock::new(crate::deadline::id::RECORD_RETENTION);
        self.with_entry_date(&mut clock);
        let last = self.recorded.iter().rev().find(|fact| fact.fact == FactKind::DrawbackFinal);
        if let Some((date, notice)) = last.and_then(|fact| Some((fact.date()?, fact.notice))) {
            clock.fact(Key::DrawbackLiquidated, Dated { date, notice }, RECORDED);
        }
        clocks.extend(clock.started());
    }
}

impl Clock {
    fn new(id: &'static str) -> Self {
        Self {
            id,
            instance: "".into(),
            facts: Triggers::new(),
            from: Vec::new(),
            closed: None,
            may_be_over: String::new(),
            starts: None,
            closed_on: None,
            unless: "",
            bases: Vec::new(),
        }
    }

    fn of(id: &'static str, instance: impl Into<Box<str>>) -> Self {
        Self { instance: instance.into(), ..Self::new(id) }
    }

    /// The clock, if any date starts it.
    fn started(self) -> Option<Self> {
        self.from.iter().any(|fact| fact.notice.is_some()).then_some(self)
    }

    fn close(&mut self, because: Option<&'static str>) {
        self.close_as(because.map(Cow::Borrowed));
    }

    fn close_as(&mut self, because: Option<Cow<'static, str>>) {
        if self.closed.is_none() {
            self.closed = because;
        }
    }

    fn fact(&mut self, key: Key, dated: Dated, source: &str) {
        // A date outside the years of the table is no trigger: the clock then says that it does not know.
        let value = match key.kind() {
            Kind::Dates => Value::Dates(vec![dated.date]),
            _ => Value::Date(dated.date),
        };
        if self.facts.put(key, value).is_ok() {
            self.from.push(Provenance {
                input: key.as_str().into(),
                value: dated.date.to_string().into(),
                notice: Some(dated.notice),
                source: source.into(),
            });
        }
    }

    fn set(&mut self, key: Key, value: impl Into<Value>) {
        self.said(key, value, "state of the entry");
    }

    fn said(&mut self, key: Key, value: impl Into<Value>, source: &str) {
        if let Ok(facts) = self.facts.put(key, value) {
            let value = facts.get(key).map(ToString::to_string).unwrap_or_default();
            self.from.push(Provenance {
                input: key.as_str().into(),
                value: value.into(),
                notice: None,
                source: source.into(),
            });
        }
    }

    /// Takes what the configuration says about the days of this clock.
    fn localize(&mut self, table: &DeadlineTable, scope: Scope<'_>) {
        for fact in table.overriding(self.id, &self.facts, scope) {
            self.said(fact.key, fact.value, &format!("configuration: {}", fact.source));
        }
    }

    /// The arithmetic, step by step.
    ///
    /// # Errors
    /// A fact that has not come yet, or a table that does not know the clock.
    pub fn explain(&self, table: &DeadlineTable) -> Result<Computed, DueError> {
        let mut computed = table.explain(self.id, &self.facts)?;
        if let Some((counts, others)) = self.bases.split_first() {
            let text = |told: &BasisDate| format!("{} ({})", told.date, told.basis.as_str());
            let others: Vec<String> = others.iter().map(text).collect();
            computed.steps.push(format!("counted from {}; also told: {}", text(counts), others.join(", ")));
        }
        Ok(computed)
    }

    /// The facts that the answer follows from: those that the clock reads of what started and moved it, and the type of the entry where another
    /// one, or none, gives another answer.
    pub fn deciding(&self, entry: &Entry, table: &DeadlineTable) -> Vec<Provenance> {
        let Some(definition) = table.find(self.id) else { return Vec::new() };
        let reads = |key: &Key| definition.accepts.contains(key) || ADJUSTING.contains(key);
        let is_read = |fact: &&Provenance| Key::parse(&fact.input).is_some_and(|key| reads(&key));
        let mut facts: Vec<Provenance> = self.from.iter().filter(is_read).cloned().collect();
        if let Some(value) = self.facts.get(Key::EntryType) {
            let mut without = self.facts.clone();
            without.remove(Key::EntryType);
            if table.explain(self.id, &self.facts) != table.explain(self.id, &without) {
                facts.push(Provenance {
                    input: Key::EntryType.as_str().into(),
                    value: value.to_string().into(),
                    notice: entry.type_told,
                    source: "type of the entry".into(),
                });
            }
        }
        facts
    }

    /// As [`EntryDeadline::key`](super::EntryDeadline::key).
    pub fn key(&self) -> String {
        if self.instance.is_empty() { self.id.to_owned() } else { format!("{}@{}", self.id, self.instance) }
    }
}
