//! One entry as the contract shows it.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::declared::{
    self, AnswerView, CensusView, CustomsBillView, LineView, ProtestView, StatementView, TibView,
};
use super::findings::findings;
use super::mask::masked;
use super::unheard::{UnheardView, unheard};
use crate::deadline::{DeadlineTable, dash};
use crate::entry::{
    Entry, EntryDeadline, Held, Life, LiquidationEvent, LiquidationStep, Pathway, Provenance, StateOn,
};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, FilerCode, Fingerprint, NoticeId};
use crate::notice::{Amounts, Effect, EventTime, HoldKind, Kind, LiquidationKind, Token};
use crate::place::{Grade, Place, Severity};
use crate::store::Store;

/// An entry: who, what, how it stands, and everything that was said about it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryView {
    pub entry: EntryNumber,
    pub filer: FilerCode,
    /// The broker whose file spoke last of it.
    pub broker: Option<BrokerName>,
    #[serde(rename = "type")]
    pub entry_type: Option<Token>,
    pub port: Option<Token>,
    pub importer: Option<String>,
    pub references: ReferencesView,
    /// One word.
    pub status: String,
    pub released_at: Option<EventTime>,
    pub open_holds: Vec<HoldView>,
    pub summary: SummaryView,
    pub amounts: AmountsView,
    /// Statements that list the entry, or did.
    pub statements: Vec<StatementView>,
    /// Bills from CBP, as query answers tell of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customs_bills: Vec<CustomsBillView>,
    /// Protests on file, as query answers tell of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protests: Vec<ProtestView>,
    /// The last answer to a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_answer: Option<AnswerView>,
    /// A temporary importation under bond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tib: Option<TibView>,
    /// The date of liquidation that CBP scheduled, as its last answer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_liquidation: Option<NaiveDate>,
    /// The liquidation that counts now.
    pub liquidation: Option<LiquidationView>,
    /// Liquidations, reliquidations, extensions and suspensions, oldest first.
    pub liquidation_history: Vec<LiquidationView>,
    pub deadlines: Vec<DeadlineView>,
    /// What can still be done by the entry's own facts; whether its last day is over is for the reader to see.
    #[serde(default)]
    pub pathways: Vec<Pathway>,
    /// Every notice in the order in which things happened, without the lines of filings, which stand in `summary`.
    pub timeline: Vec<TimelineRow>,
    pub findings: Vec<EntryFinding>,
    /// What should be said of it, and was not so far, the first to be missing first.
    #[serde(default)]
    pub unheard: Vec<UnheardView>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReferencesView {
    pub broker: Option<String>,
    pub po: Vec<String>,
    pub bill: Vec<String>,
    pub container: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HoldView {
    pub agency: Token,
    pub code: Token,
    pub since: Option<EventTime>,
    pub what: HoldKind,
    /// The house bill or bill that it is limited to.
    pub bill: Option<String>,
    /// The lines of the entry that it is still on, `1, 3-5`; without them all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    pub meaning: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SummaryView {
    pub version: Option<Token>,
    pub accepted_at: Option<EventTime>,
    /// When the version that the lines are from was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_at: Option<EventTime>,
    /// Lines of the version that was sent last.
    pub lines: Vec<LineView>,
    /// Census warnings that want a correction or an override.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub census_warnings: Vec<CensusView>,
    pub rejected_at: Option<EventTime>,
    /// The last acceptance came with a warning that wants an answer.
    pub has_warnings: bool,
}

/// What was paid, as the last liquidation states it, else what was declared. `None` is "not stated".
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AmountsView {
    pub entered_value: Option<Decimal>,
    pub duty: Option<Decimal>,
    pub fees: Option<Decimal>,
    pub total: Option<Decimal>,
}

/// One step on the way to the final assessment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LiquidationView {
    /// `liquidation`, `reliquidation`, `extension`, `suspension`, `suspension_lifted`.
    #[serde(rename = "type")]
    pub what: String,
    pub date: Option<NaiveDate>,
    /// Where the date comes from: `courtesy notice`, `query answer`, `recorded by hand`.
    pub basis: String,
    pub at: Option<EventTime>,
    /// The type as CBP sent it.
    pub code: Option<Token>,
    pub reason: Option<Token>,
    /// How many extensions the notice counts.
    pub times: Option<u8>,
    pub amounts: Option<LiquidationAmounts>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LiquidationAmounts {
    pub paid: Amounts,
    pub paid_total: Option<Decimal>,
    pub liquidated: Amounts,
    pub liquidated_total: Option<Decimal>,
    pub interest: Option<Decimal>,
    /// Liquidated minus paid: above zero a bill comes, below zero a refund.
    pub difference: Option<Decimal>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeadlineView {
    pub id: String,
    /// Which of several clocks with this id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    pub name: String,
    /// A date, or `NONE OPEN BLOCKED INELIGIBLE INVALID unknown`.
    pub due: String,
    #[serde(with = "dash")]
    pub act_by: Option<NaiveDate>,
    /// As of the day that was asked for.
    pub state: StateOn,
    /// Why the state is what it is; blank for a clock that simply runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What may have ended a clock that runs on until a person settles it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub may_be_over: String,
    pub basis: String,
    /// The date that a person has set, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<NaiveDate>,
    pub from: Vec<Provenance>,
}

/// One notice and where it was first seen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TimelineRow {
    pub at: Option<EventTime>,
    pub received_at: DateTime<Utc>,
    pub kind: Kind,
    pub code: Option<Token>,
    pub meaning: Option<String>,
    pub severity: Severity,
    /// The name under which the broker dropped it.
    pub file: String,
    pub place: Place,
    /// The bill that the notice is limited to.
    pub bill: Option<String>,
    pub broker: BrokerName,
    /// The file's content, as the archive names it.
    pub fingerprint: Fingerprint,
    /// How often it was seen again.
    pub again: u32,
    /// The notice's id, which `record withdrawn` takes.
    pub notice: NoticeId,
    /// Who told it, when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Something about the entry that a person should look at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryFinding {
    pub code: String,
    pub severity: Grade,
    pub file: Option<String>,
    pub place: Option<Place>,
    pub message: String,
}

pub(super) fn answer(
    store: &dyn Store,
    table: &DeadlineTable,
    number: EntryNumber,
    on: NaiveDate,
) -> Result<EntryView, ApiError> {
    Ok(entry_view(&life_of(store, number)?, table, on))
}

pub(super) fn life_of(store: &dyn Store, number: EntryNumber) -> Result<Life, ApiError> {
    let life = store.life(number)?;
    life.ok_or_else(|| ApiError::NotFound(format!("no message has named entry {number} so far")))
}

/// The broker whose file spoke last of the entry. What people record has none.
pub(super) fn broker_of(life: &Life) -> Option<BrokerName> {
    life.broker().filter(|broker| !broker.is_by_hand()).cloned()
}

/// The entry as it stands now; clocks and ways as they stand on the day.
pub fn entry_view(life: &Life, table: &DeadlineTable, on: NaiveDate) -> EntryView {
    let entry = life.entry();
    let history: Vec<LiquidationView> = entry.liquidation_history.iter().map(liquidation).collect();
    let standing = standing(&entry, &history);
    EntryView {
        entry: entry.number,
        filer: entry.filer,
        broker: broker_of(life),
        entry_type: entry.entry_type,
        port: entry.port,
        importer: entry.importer.as_deref().map(|importer| masked(importer).into_owned()),
        references: references(&entry),
        status: entry.status().as_str().to_owned(),
        released_at: entry.released_on(),
        open_holds: holds(&entry, life),
        summary: SummaryView {
            version: entry.summary.version,
            accepted_at: entry.summary.accepted_at,
            filed_at: entry.filed_summary().and_then(|filing| filing.at),
            lines: declared::lines(&entry, life),
            census_warnings: declared::census(&entry, life),
            rejected_at: entry.summary.rejected_at,
            has_warnings: entry.summary.has_warnings,
        },
        amounts: amounts(&entry),
        statements: declared::statements(&entry),
        customs_bills: declared::customs_bills(&entry),
        protests: declared::protests(&entry),
        query_answer: declared::answer(&entry),
        tib: declared::tib(&entry),
        scheduled_liquidation: entry.scheduled_liquidation().map(|dated| dated.date),
        liquidation: standing,
        liquidation_history: history,
        deadlines: deadlines(life, &entry, table, on),
        pathways: entry.pathways(table, &entry.deadlines(table), on),
        timeline: life
            .timeline()
            .into_iter()
            .filter(|held| !is_line(held))
            .map(|held| timeline_row(life, held))
            .collect(),
        findings: findings(&entry, life),
        unheard: unheard(&entry, table, &life.deadlines(&entry, table)),
    }
}

fn references(entry: &Entry) -> ReferencesView {
    let references = &entry.references;
    ReferencesView {
        broker: references.broker.as_deref().map(str::to_owned),
        po: references.orders.iter().map(|order| order.to_string()).collect(),
        bill: references.bills.iter().map(|bill| bill.as_str().to_owned()).collect(),
        container: references.containers.iter().map(|container| container.to_string()).collect(),
    }
}

fn holds(entry: &Entry, life: &Life) -> Vec<HoldView> {
    let meaning = |id: NoticeId| life.get(id).and_then(|held| held.notice.meaning.as_deref());
    let bill = |bill: &BillOfLading| bill.as_str().to_owned();
    entry
        .open_holds()
        .map(|(key, hold)| HoldView {
            agency: key.agency,
            code: key.code,
            since: hold.since,
            what: hold.what,
            bill: key.scope.house_bill.as_ref().or(key.scope.bill.as_ref()).map(bill),
            lines: hold.extent.shown(),
            meaning: meaning(hold.notice).map(str::to_owned),
        })
        .collect()
}

/// The value is what was entered; duty and fees are those that the liquidation says were paid, else those declared.
fn amounts(entry: &Entry) -> AmountsView {
    let filed = entry.filed_summary().map(|filing| &filing.filed);
    let entered_value = filed.and_then(|filed| filed.entered_value);
    let paid = entry.liquidation().map(|liquidation| liquidation.paid).filter(|paid| paid.total().is_some());
    let stated = paid.or(filed.map(|filed| filed.amounts)).unwrap_or_default();
    let other = filed.and_then(|filed| filed.other).filter(|_| paid.is_none());
    let total = stated.total().map(|total| total.saturating_add(other.unwrap_or_default()));
    AmountsView { entered_value, duty: stated.duty, fees: stated.fees, total }
}

/// The step of the liquidation that counts now.
fn standing(entry: &Entry, history: &[LiquidationView]) -> Option<LiquidationView> {
    let counts = entry.liquidation()?;
    let of_it = |event: &LiquidationEvent| matches!(&event.what, LiquidationStep::Liquidated(known) if known == counts);
    let position = entry.liquidation_history.iter().rposition(of_it)?;
    history.get(position).cloned()
}

fn is_line(held: &Held) -> bool {
    matches!(held.notice.effect, Effect::FiledLine(_))
}

fn liquidation(event: &LiquidationEvent) -> LiquidationView {
    let mut view = LiquidationView {
        what: String::new(),
        date: None,
        basis: event.basis.as_str().to_owned(),
        at: event.at,
        code: None,
        reason: None,
        times: None,
        amounts: None,
    };
    view.what = match &event.what {
        LiquidationStep::Liquidated(liquidation) => {
            view.date = liquidation.date;
            view.code = some(liquidation.kind);
            view.reason = some(liquidation.reason);
            view.amounts = Some(LiquidationAmounts {
                paid: liquidation.paid,
                paid_total: liquidation.paid.total(),
                liquidated: liquidation.liquidated,
                liquidated_total: liquidation.liquidated.total(),
                interest: liquidation.interest,
                difference: liquidation.difference(),
            });
            match liquidation.event {
                LiquidationKind::Liquidation => "liquidation",
                LiquidationKind::Reliquidation => "reliquidation",
            }
        }
        LiquidationStep::Extended { times, reason, date } => {
            (view.times, view.reason, view.date) = (*times, some(*reason), *date);
            "extension"
        }
        LiquidationStep::Suspended { reason, date } => {
            (view.reason, view.date) = (some(*reason), *date);
            "suspension"
        }
        LiquidationStep::Lifted { date } => {
            view.date = *date;
            "suspension_lifted"
        }
    }
    .to_owned();
    view
}

fn some(token: Token) -> Option<Token> {
    (!token.is_empty()).then_some(token)
}

fn deadlines(life: &Life, entry: &Entry, table: &DeadlineTable, on: NaiveDate) -> Vec<DeadlineView> {
    let view = |deadline: EntryDeadline| {
        let (state, because) = deadline.state_on(on);
        DeadlineView {
            name: table.find(&deadline.id).map(|found| found.name.clone()).unwrap_or_default(),
            due: deadline.due_text(),
            id: deadline.id.into(),
            instance: deadline.instance.into(),
            act_by: deadline.act_by,
            state,
            because,
            may_be_over: deadline.may_be_over.into(),
            basis: deadline.basis.into(),
            target: deadline.internal,
            from: deadline.from,
        }
    };
    life.deadlines(entry, table).into_iter().map(view).collect()
}

fn timeline_row(life: &Life, held: &Held) -> TimelineRow {
    let (notice, seen) = (&held.notice, &held.seen);
    // What is said of the summary that covers the release.
    let other = notice.entry.filter(|number| *number != life.number);
    let meaning = |words: &str| match other {
        Some(number) => format!("{words} (summary {number})"),
        None => words.to_owned(),
    };
    TimelineRow {
        at: notice.at,
        received_at: seen.received_at,
        kind: notice.kind,
        code: notice.code,
        meaning: notice.meaning.as_deref().map(meaning),
        severity: notice.severity,
        file: seen.name.to_string(),
        place: seen.place,
        bill: notice.house_bill.as_ref().or(notice.bill.as_ref()).map(|bill| bill.as_str().to_owned()),
        broker: seen.broker.clone(),
        fingerprint: seen.file,
        again: held.again,
        notice: notice.id,
        by: notice.field("author").map(str::to_owned),
    }
}
