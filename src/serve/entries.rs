//! Entries by what is known of them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::deadlines::Window;
use super::entry::broker_of;
use super::mask::masked;
use super::page::{Page, rows_wanted, walk_lives};
use super::unheard::{UnheardView, unheard};
use super::{ApiError, EntryFilter};
use crate::deadline::{DeadlineTable, dash};
use crate::entry::{Contradiction, Entry, EntryDeadline, Life};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, FilerCode};
use crate::notice::{EventTime, Token};
use crate::store::Store;

/// A clock that ran out longer ago than this is no longer the next one.
const OVERDUE_DAYS: u32 = 30;

/// One entry in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryRow {
    pub entry: EntryNumber,
    pub filer: FilerCode,
    pub broker: Option<BrokerName>,
    #[serde(rename = "type")]
    pub entry_type: Option<Token>,
    pub importer: Option<String>,
    pub reference: Option<String>,
    pub status: String,
    pub released_at: Option<EventTime>,
    pub open_holds: u64,
    pub next_deadline: Option<NextDeadline>,
    /// Where a report from the ACE portal and the messages disagree; looked for only when the filter asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<ContradictionView>,
    /// What should have been said of it by now; looked for only when the filter asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unheard: Vec<UnheardView>,
}

/// A date or an amount on which a report and the messages disagree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContradictionView {
    /// The name of the field, `liquidation_date`.
    pub what: String,
    pub reported: String,
    /// Everything that messages said of it.
    pub told: Vec<String>,
    /// The report's file, and the line of its row.
    pub file: Option<String>,
    pub line: Option<u64>,
}

fn contradictions(entry: &Entry, life: &Life) -> Vec<ContradictionView> {
    let view = |found: Contradiction| {
        let seen = life.get(found.notice).map(|held| &held.seen);
        ContradictionView {
            what: found.what.as_str().to_owned(),
            reported: found.reported,
            told: found.told,
            file: seen.map(|seen| seen.name.to_string()),
            line: seen.map(|seen| seen.place.line),
        }
    };
    entry.contradictions().into_iter().map(view).collect()
}

/// The clock that one has to act on first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NextDeadline {
    pub id: String,
    pub due: String,
    #[serde(with = "dash")]
    pub act_by: Option<NaiveDate>,
    /// Until `act_by`, or `due` when nobody has to act; negative when it is over.
    pub days_left: i64,
}

pub(super) fn answer(
    store: &dyn Store,
    table: &DeadlineTable,
    on: NaiveDate,
    filter: &EntryFilter,
    after: Option<EntryNumber>,
    limit: Option<usize>,
) -> Result<Page<EntryRow, EntryNumber>, ApiError> {
    let Some(bill) = &filter.bill else {
        let page = walk_lives(store, after, limit, |life, rows| {
            rows.extend(row(life, table, on, filter));
        })?;
        return Ok(page);
    };
    let bill = BillOfLading::parse(bill)
        .ok_or_else(|| ApiError::BadRequest(format!("`{bill}` holds no bill of lading number")))?;
    let named: BTreeSet<EntryNumber> = store.bill(&bill)?.map(|record| record.entries).unwrap_or_default();
    let mut rows = Vec::new();
    for &number in named.iter().filter(|number| after.is_none_or(|after| **number > after)) {
        if let Some(life) = store.life(number)? {
            rows.extend(row(&life, table, on, filter));
        }
        if rows.len() >= rows_wanted(limit) {
            return Ok(Page { rows, next: Some(number) });
        }
    }
    Ok(Page { rows, next: None })
}

/// The row of an entry that passes the filter. The bill was looked up before.
fn row(life: &Life, table: &DeadlineTable, on: NaiveDate, filter: &EntryFilter) -> Option<EntryRow> {
    let broker = broker_of(life);
    if let Some(wanted) = &filter.broker {
        broker.as_ref().filter(|name| name.as_str().eq_ignore_ascii_case(wanted))?;
    }
    let entry = life.entry();
    if !passes(&entry, filter) {
        return None;
    }
    let contradictions = if filter.contradictions { contradictions(&entry, life) } else { Vec::new() };
    if filter.contradictions && contradictions.is_empty() {
        return None;
    }
    let deadlines = life.deadlines(&entry, table);
    if let Some(window) = filter.due {
        deadlines.iter().find(|deadline| window.holds(deadline))?;
    }
    let mut missing = Vec::new();
    if filter.silent {
        missing = unheard(&entry, table, &deadlines);
        missing.retain(|unheard| unheard.stands_on(on));
        missing.first()?;
    }
    let open_holds = entry.open_holds().count() as u64;
    Some(EntryRow {
        entry: entry.number,
        filer: entry.filer,
        broker,
        entry_type: entry.entry_type,
        importer: entry.importer.as_deref().map(|importer| masked(importer).into_owned()),
        reference: entry.references.broker.as_deref().map(str::to_owned),
        status: entry.status().as_str().to_owned(),
        released_at: entry.released_on(),
        open_holds,
        next_deadline: next_deadline(&deadlines, on),
        contradictions,
        unheard: missing,
    })
}

fn passes(entry: &Entry, filter: &EntryFilter) -> bool {
    filter.status.is_none_or(|wanted| entry.status() == wanted.0)
        && (!filter.open_hold || entry.has_open_hold())
        && filter.importer.as_ref().is_none_or(|wanted| {
            entry.importer.as_ref().is_some_and(|importer| same_number(importer, wanted))
        })
        && filter.po.as_ref().is_none_or(|wanted| {
            entry.references.orders.iter().any(|order| order.trim().eq_ignore_ascii_case(wanted.trim()))
        })
}

/// Compares letters and digits only: people write importer numbers with and without hyphens.
fn same_number(left: &str, right: &str) -> bool {
    let plain = |text: &str| -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect()
    };
    plain(left) == plain(right)
}

/// The first duty of ours; only where none runs, a day by which Customs must act or until which something is kept.
fn next_deadline(deadlines: &[EntryDeadline], on: NaiveDate) -> Option<NextDeadline> {
    let window = Window { on, within_days: u32::MAX, overdue_days: OVERDUE_DAYS };
    let running = deadlines.iter().filter(|deadline| window.holds(deadline));
    let dated = running.filter_map(|deadline| Some((deadline.target_on(on)?, deadline)));
    let (target, next) = dated.min_by_key(|(target, deadline)| (deadline.act_by.is_none(), *target))?;
    Some(NextDeadline {
        id: next.id.to_string(),
        due: next.due_text(),
        act_by: next.act_by,
        days_left: (target - on).num_days(),
    })
}
