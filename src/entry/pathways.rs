//! What can still be done about an entry, and until when: correction, protest, claim, reconciliation, refund, court.
//!
//! Information and no advice: it says which way is open by the entry's own clocks, and what stands in the way.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{DeadlineState, Entry, EntryDeadline, RecordedFact, StatementState, Status, SummaryState};
use crate::deadline::{DeadlineTable, Key, Triggers, id};
use crate::notice::FactKind;

/// One way that the law knows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pathway {
    /// `psc protest claim_1520d reconciliation refund court`.
    pub id: Box<str>,
    pub name: Box<str>,
    pub state: PathState,
    /// The last day under the rule as written; of several clocks the nearest. A way that is over has none.
    pub until: Option<NaiveDate>,
    /// The day to act by. As for `until`.
    pub act_by: Option<NaiveDate>,
    /// The clock that says so: `PROTEST_DUE@liquidation`. Blank when none does.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub deadline: Box<str>,
    /// What stands in the way, in a few plain words; blank for a way that is open.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub because: Box<str>,
    /// Other clocks of it that are open: a reliquidation has its own protest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoOpen>,
    /// What may stand in the way and no message told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Box<str>>,
}

/// Another clock of a way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AlsoOpen {
    pub deadline: Box<str>,
    pub until: Option<NaiveDate>,
    pub act_by: Option<NaiveDate>,
}

/// Whether a way can be taken on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathState {
    Open,
    /// What it is against has not happened yet.
    NotYet,
    /// Something stands in the way now.
    Blocked,
    /// Its time is over, or somebody has gone it.
    Over,
    /// Never for this entry.
    NotForIt,
    /// A fact is missing.
    Unknown,
}

impl PathState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NotYet => "not yet",
            Self::Blocked => "blocked",
            Self::Over => "over",
            Self::NotForIt => "not for it",
            Self::Unknown => "unknown",
        }
    }
}

impl Pathway {
    fn new(id: &str, name: &str, state: PathState, because: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            state,
            until: None,
            act_by: None,
            deadline: "".into(),
            because: because.into(),
            also: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn by(self, deadline: &EntryDeadline) -> Self {
        Self { until: deadline.due, act_by: deadline.act_by, deadline: deadline.key().into(), ..self }
    }

    /// A way that nobody can go any more: no day stands beside it.
    fn over(id: &str, name: &str, because: &str, clock: &str) -> Self {
        Self { deadline: clock.into(), ..Self::new(id, name, PathState::Over, because) }
    }
}

impl Entry {
    /// The ways that the law knows, as they stand on `on`. A refund programme is one only where the configuration keeps
    /// its clock.
    pub fn pathways(
        &self,
        table: &DeadlineTable,
        deadlines: &[EntryDeadline],
        on: NaiveDate,
    ) -> Vec<Pathway> {
        let mut ways = vec![
            self.correction_way(deadlines, on),
            along("protest", "Protest", id::PROTEST_DUE, deadlines, on, "the entry is not liquidated"),
            self.claim_way(table, on),
            reconciliation_way(deadlines, on),
        ];
        ways.extend(self.refund_way(table, deadlines, on));
        ways.push(along(
            "court",
            "Court of International Trade",
            id::CIT_SUMMONS,
            deadlines,
            on,
            "no protest is denied",
        ));
        ways
    }

    fn correction_way(&self, deadlines: &[EntryDeadline], on: NaiveDate) -> Pathway {
        let (id, name) = ("psc", "Post summary correction");
        let clock = deadlines.iter().find(|deadline| &*deadline.id == id::PSC_DUE);
        let way = |state, because: &str| Pathway::new(id, name, state, because);
        let Some(clock) = clock else { return way(PathState::Unknown, "no clock") };
        if let Some(over) = self.is_over_for_corrections() {
            return way(PathState::Over, over);
        }
        let passed = clock.due.is_some_and(|due| due < on);
        match (clock.state, clock.special.as_deref()) {
            (_, Some("INELIGIBLE")) => way(PathState::NotForIt, "this type of entry cannot be corrected"),
            (_, Some("BLOCKED")) => way(PathState::Blocked, "CBP is reviewing the summary"),
            (_, Some("unknown")) => way(PathState::Unknown, "the date of entry is not known"),
            _ if self.summary.state != SummaryState::Accepted => {
                way(PathState::Blocked, "the summary is not accepted").by(clock)
            }
            (_, Some(word)) if word != "OPEN" => way(PathState::NotForIt, word),
            (_, None) if passed => Pathway::over(id, name, &time_was_over(clock.due), &clock.key()),
            (_, special) => {
                let (is_paid, blocker) = (self.is_paid(), self.correction_blocker());
                let state = if blocker.is_some() { PathState::Blocked } else { PathState::Open };
                let mut found = way(state, blocker.unwrap_or_default());
                // While liquidation is suspended no day limits it. One that was accepted leaves the way open for another.
                if special.is_none() {
                    found = found.by(clock);
                }
                let unpaid = is_paid.is_none().then_some("whether the entry is fully paid");
                let control = "whether it is in CBP control or a correction sent elsewhere is under review";
                found.unknown = unpaid.into_iter().chain([control]).map(Into::into).collect();
                found
            }
        }
    }

    /// What messages told that stands in the way of a correction.
    fn correction_blocker(&self) -> Option<&'static str> {
        if self.is_paid() == Some(false) {
            return Some("the entry is not fully paid");
        }
        let sent = self.unanswered_summary().filter(|filing| filing.filed.is_correction);
        let answers = [self.summary.accepted_at, self.summary.rejected_at].into_iter().flatten().max();
        let waits = sent.is_some_and(|filing| filing.at.is_some() && answers < filing.at);
        let recorded = self.recorded(FactKind::PscFiled).filter_map(RecordedFact::date);
        let is_told = recorded.max().is_some_and(|filed| answers.is_none_or(|answer| answer.date < filed));
        (waits || is_told).then_some("another correction is filed and CBP has not answered it")
    }

    /// Whether messages say that nothing of the entry is left to pay; `None` where none speaks of it.
    fn is_paid(&self) -> Option<bool> {
        let states = || self.statements.values().map(crate::entry::Statement::state);
        let collection = self.answered.and_then(|answered| answered.status.collection);
        if states().any(|state| state == StatementState::Paid) {
            return Some(true);
        }
        match collection {
            Some(code) => Some(code != *"0"),
            None => states().next().map(|_| false),
        }
    }

    fn is_over_for_corrections(&self) -> Option<&'static str> {
        if self.is_cancelled || self.summary.state == SummaryState::Cancelled {
            Some("the entry is cancelled")
        } else {
            self.liquidation().map(|_| "the entry is liquidated")
        }
    }

    /// A claim needs no clock of its own: the right exists for a year after importation, whatever was filed.
    fn claim_way(&self, table: &DeadlineTable, on: NaiveDate) -> Pathway {
        let way = |state, because: &str| {
            Pathway::new("claim_1520d", "Preference claim, 19 USC 1520(d)", state, because)
        };
        if self.recorded.iter().any(|fact| fact.ends_clock(id::FTA_1520D, None)) {
            return way(PathState::Over, "a claim is recorded");
        }
        if self.preference_claim().is_some() {
            return way(PathState::Over, "a claim is on file");
        }
        if self.is_flagged(id::RECON_FTA) {
            return way(PathState::Blocked, "the entry is flagged for reconciliation of the agreement");
        }
        let imported = self.filed_summary().and_then(|filing| filing.filed.import_date);
        let imported = imported.or_else(|| {
            let told = self.recorded.iter().rev().find(|fact| fact.fact == crate::notice::FactKind::Imported);
            told?.date()
        });
        let mut facts = Triggers::new();
        let dates = imported.filter(|date| facts.put(Key::ImportDate, *date).is_ok());
        let dates = dates.and_then(|_| table.compute_dates(id::FTA_1520D, &facts).ok());
        let Some(dates) = dates else {
            return way(PathState::Unknown, "the date of importation is not known");
        };
        let until = dates.due.date();
        if until.is_some_and(|until| until < on) {
            let way = way(PathState::Over, &time_was_over(until));
            return Pathway { deadline: id::FTA_1520D.into(), ..way };
        }
        let way = way(PathState::Open, "");
        Pathway { until, act_by: dates.act_by, deadline: id::FTA_1520D.into(), ..way }
    }

    /// The refund programme takes what is not liquidated, and what was not long ago; what the law liquidated has no
    /// notice, and so no clock of the programme. `None` where the configuration keeps no such clock on that day.
    fn refund_way(
        &self,
        table: &DeadlineTable,
        deadlines: &[EntryDeadline],
        on: NaiveDate,
    ) -> Option<Pathway> {
        let (id, name, clock) = ("refund", "Refund programme", id::CAPE_80D);
        if deadlines.iter().any(|deadline| &*deadline.id == clock) {
            return Some(self.unless_excluded(along(id, name, clock, deadlines, on, "")));
        }
        let from = |date| {
            let mut facts = Triggers::new();
            facts.put(Key::LiquidationDate, date).is_ok().then_some(facts)
        };
        if !table.keeps(clock, &from(on)?) {
            return None;
        }
        let way = |state, because: &str| Pathway::new(id, name, state, because);
        if self.status() == Status::Cancelled {
            return Some(way(PathState::Over, "the entry is cancelled"));
        }
        if let Some(day) = self.asked_refund() {
            return Some(way(PathState::Over, &format!("cape filed, recorded for {day}")));
        }
        let Some(date) = liquidated_by_law(deadlines, on) else {
            let state = if self.liquidation().is_some() { PathState::Unknown } else { PathState::Open };
            let because = if state == PathState::Open { "" } else { "the date of liquidation is not known" };
            let mut way = self.unless_excluded(way(state, because));
            if self.summary.state != SummaryState::Accepted {
                way.unknown.push("whether the summary is accepted".into());
            }
            return Some(way);
        };
        let facts = from(date).filter(|facts| table.keeps(clock, facts))?;
        let dates = table.compute_dates(clock, &facts).ok()?;
        let until = dates.due.date();
        if until.is_some_and(|until| until < on) {
            return Some(Pathway::over(id, name, &time_was_over(until), clock));
        }
        let way = Pathway { until, act_by: dates.act_by, deadline: clock.into(), ..way(PathState::Open, "") };
        Some(self.unless_excluded(way))
    }

    /// Phase 1 leaves out what is reconciled, designated for drawback, protested, or waits for antidumping and countervailing
    /// duties.
    fn unless_excluded(&self, way: Pathway) -> Pathway {
        let flagged = [id::RECON_VALUE, id::RECON_FTA].iter().any(|clock| self.is_flagged(clock));
        let waits = || self.liquidation().is_none() && self.is_adcvd();
        let because = if way.state != PathState::Open {
            return way;
        } else if flagged {
            "the entry is flagged for reconciliation"
        } else if self.recorded(FactKind::DrawbackClaim).next().is_some() {
            "a drawback claim is recorded"
        } else if self.has_open_protest() {
            "a protest is open"
        } else if self.is_suspended() {
            "liquidation is suspended"
        } else if waits() {
            "liquidation waits for antidumping or countervailing duties (19 USC 1504(d))"
        } else {
            return way;
        };
        Pathway { state: PathState::Blocked, because: because.into(), ..way }
    }
}

fn time_was_over(last: Option<NaiveDate>) -> String {
    last.map_or_else(|| "the time is over".to_owned(), |last| format!("the last day was {last}"))
}

/// The day on which the law liquidated the entry, where no notice tells one: what the time to protest counts from.
fn liquidated_by_law(deadlines: &[EntryDeadline], on: NaiveDate) -> Option<NaiveDate> {
    let has_begun = |deadline: &&EntryDeadline| {
        &*deadline.id == id::PROTEST_DUE && deadline.starts.is_none_or(|starts| starts <= on)
    };
    let facts = deadlines.iter().filter(has_begun).flat_map(|deadline| &deadline.from);
    let dates = facts.filter(|fact| *fact.input == *Key::LiquidationDate.as_str());
    dates.filter_map(|fact| fact.value.parse().ok()).min()
}

/// A way whose clock says all: open while one runs, the nearest first.
fn along(
    id: &str,
    name: &str,
    clock: &str,
    deadlines: &[EntryDeadline],
    on: NaiveDate,
    none: &str,
) -> Pathway {
    let of_way = || deadlines.iter().filter(|deadline| &*deadline.id == clock && deadline.due.is_some());
    let lasts = |deadline: &&EntryDeadline| deadline.due.is_some_and(|due| due >= on);
    let mut open: Vec<&EntryDeadline> =
        of_way().filter(|deadline| deadline.runs_on(on)).filter(lasts).collect();
    open.sort_by_key(|deadline| deadline.due);
    if let Some((nearest, others)) = open.split_first() {
        let also = others.iter().map(|other| AlsoOpen {
            deadline: other.key().into(),
            until: other.due,
            act_by: other.act_by,
        });
        let way = Pathway { also: also.collect(), ..Pathway::new(id, name, PathState::Open, "") };
        return way.by(nearest);
    }
    let ahead = of_way().find(|deadline| deadline.state == DeadlineState::Ahead && !deadline.runs_on(on));
    if let Some(closed) = of_way().find(|deadline| deadline.state == DeadlineState::Closed) {
        return Pathway::over(id, name, &closed.because, &closed.key());
    }
    if let Some(passed) = of_way().filter(|deadline| deadline.runs_on(on)).max_by_key(|deadline| deadline.due)
    {
        return Pathway::over(id, name, &time_was_over(passed.due), &passed.key());
    }
    match ahead {
        Some(ahead) => Pathway::new(id, name, PathState::NotYet, &format!("{none}; {}", ahead.because)),
        None => Pathway::new(id, name, PathState::NotYet, none),
    }
}

fn reconciliation_way(deadlines: &[EntryDeadline], on: NaiveDate) -> Pathway {
    let (id, name) = ("reconciliation", "Reconciliation");
    let flagged = [id::RECON_VALUE, id::RECON_FTA]
        .iter()
        .filter(|clock| deadlines.iter().any(|known| &*known.id == **clock));
    let ways = flagged.map(|clock| along(id, name, clock, deadlines, on, ""));
    let nearest = ways.min_by_key(|way| (way.state != PathState::Open, way.until.is_none(), way.until));
    nearest.unwrap_or_else(|| Pathway::new(id, name, PathState::NotForIt, "the entry is not flagged for it"))
}
