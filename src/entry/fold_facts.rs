//! The fold of filings, statements, query answers, bills and temporary importations.

use chrono::NaiveDate;

use super::facts::{
    Answered, BillState, CargoEvent, CensusKey, CensusState, Filing, FilingFlags, Line, Rejection, Removed,
    Scheduled, StatementState, Told,
};
use super::{
    Basis, Dated, Entry, FilingState, LiquidationEvent, LiquidationStep, Summary, SummaryState, claims, fold,
    witness,
};
use crate::notice::{AnsweredCensus, AnsweredState, Effect, EventTime, Kind, Notice, SummaryStatus, Token};

/// Obeys an effect of this module's aspects; others change nothing.
pub(super) fn obey(entry: &mut Entry, notice: &Notice) {
    let told = Told { at: notice.at, notice: notice.id };
    match &notice.effect {
        Effect::SummaryFiled(_) | Effect::FiledLine(_) => file(entry, notice),
        Effect::CensusWarning { line, code } => {
            let key = CensusKey { line: *line, code: *code };
            entry.summary.census.insert(key, CensusState { at: notice.at, notice: notice.id });
        }
        Effect::CensusResolved { line, code } => resolve_census(entry, *line, *code),
        Effect::OnStatement(line) => {
            entry.statements.entry(line.statement).or_default().take(line, told);
            listed(entry, notice);
        }
        Effect::OffStatement { statement, by } => {
            let removed = Removed { at: notice.at, notice: notice.id, by: *by };
            entry.statements.entry(*statement).or_default().removed = Some(removed);
        }
        Effect::OnMonthlyStatement(line) => {
            entry.statements.entry(line.statement).or_default().take_monthly(line, told);
        }
        Effect::SummaryStatus(status) => answer(entry, notice, status),
        Effect::LiquidationScheduled { date } => {
            let scheduled = Scheduled { date: *date, at: notice.at, notice: notice.id };
            entry.scheduled_liquidations.push(scheduled);
        }
        Effect::CustomsBill(bill) => {
            let own = bill.date.map(|date| Dated { date, notice: notice.id });
            let known = entry.customs_bills.get(&bill.number).and_then(|known| known.first);
            let first = known.into_iter().chain(own).min_by_key(|dated| dated.date);
            let state = BillState { bill: *bill, at: notice.at, notice: notice.id, first };
            entry.customs_bills.insert(bill.number, state);
        }
        Effect::Protest(protest) => claims::take(entry, notice, protest),
        Effect::TibRequest { .. }
        | Effect::TibAnswer { .. }
        | Effect::TibExpires { .. }
        | Effect::TibClosed => tib(entry, notice),
        Effect::Cargo { step } => {
            if let Some(at) = notice.at {
                let bill = notice.bill.clone();
                entry.cargo.push(CargoEvent { step: *step, date: at.date, notice: notice.id, bill });
            }
        }
        _ => {}
    }
}

/// A version of the summary, and its lines behind it.
fn file(entry: &mut Entry, notice: &Notice) {
    match &notice.effect {
        Effect::SummaryFiled(filed) => {
            let is_repeated = notice.kind == Kind::EntryStatus;
            entry.summary.filings.push(Filing {
                at: notice.at,
                notice: notice.id,
                is_repeated,
                // What CBP repeats is what it has on file.
                state: if is_repeated { FilingState::Accepted } else { FilingState::Sent },
                answered_at: notice.at.filter(|_| is_repeated),
                filed: *filed,
                flags: FilingFlags::of(notice),
                lines: Default::default(),
            });
        }
        Effect::FiledLine(line) => {
            let filings = entry.summary.filings.iter_mut().rev();
            let of_line = filings.into_iter().find(|filing| filing.filed.filing == line.filing);
            if let Some(filing) = of_line {
                filing.flags.take_line(notice, line);
                filing.lines.insert(line.ordinal, Line { notice: notice.id, filed: *line });
            }
        }
        _ => {}
    }
}

/// Closes the warning, and one of which only the existence was known, for an override answers some warning.
fn resolve_census(entry: &mut Entry, line: Token, code: Token) {
    let census = &mut entry.summary.census;
    let unnamed = CensusKey { line: Token::new(""), code: Token::new("") };
    if census.remove(&CensusKey { line, code }).is_none() {
        census.remove(&unnamed);
    }
}

/// A statement of a later day lists the summary, so it is on file: what the answer of that day refused was another
/// transmission of it. CBP's own refusal is not lifted by a statement.
fn listed(entry: &mut Entry, notice: &Notice) {
    let summary = &mut entry.summary;
    let stop = match summary.state {
        SummaryState::Rejected => summary.rejected_at,
        SummaryState::None => summary.removed_at,
        SummaryState::Accepted | SummaryState::Cancelled => None,
    };
    let days = notice.at.zip(stop);
    if !summary.is_customs_word && days.is_some_and(|(at, stop)| at.date > stop.date) {
        summary.state = SummaryState::Accepted;
        summary.accepted_at = summary.accepted_at.or(notice.at);
        summary.accepted_by = summary.accepted_by.or(Some(notice.id));
        summary.removed_at = None;
    }
}

/// The accepted version can be corrected, but no longer replaced or deleted by the filer: it is paid, or CBP says so. A refused
/// transmission leaves it as it is.
pub(super) fn is_in_customs_control(entry: &Entry) -> bool {
    let answered = entry.answered.map(|answered| answered.status);
    let told = answered.is_some_and(|status| status.is_in_customs_control || status.is_collected());
    entry.summary.state == SummaryState::Accepted
        && (told || entry.statements.values().any(|statement| statement.state() == StatementState::Paid))
}

/// CBP's own word that it rejected the summary.
fn refused(summary: &mut Summary, notice: &Notice, on: Option<NaiveDate>) {
    let since = on.map(EventTime::date);
    summary.is_customs_word = true;
    summary.state = SummaryState::Rejected;
    summary.rejected_at = since.or(summary.rejected_at);
    // The notice of the day itself says why; the answer only repeats that it stands.
    let is_known = summary.rejection.is_some_and(|known| on.is_none_or(|date| known.date >= date));
    if !is_known {
        summary.rejection = Rejection::of(notice, since.or(notice.at));
    }
}

/// CBP's own word on the summary, for the day of the answer.
fn answer(entry: &mut Entry, notice: &Notice, status: &SummaryStatus) {
    let summary = &mut entry.summary;
    summary.version = status.version.or(summary.version);
    let since = status.state_date.map(EventTime::date);
    // Of an acceptance and a refusal of one day nobody knows which came last: the refusal counts, until CBP answers on a
    // later day how the summary stands.
    let told = [status.state_date, notice.at.map(|at| at.date)];
    let is_later =
        |stop: Option<EventTime>| stop.is_none_or(|stop| told.iter().flatten().any(|date| *date > stop.date));
    match status.state {
        // As inactivated by its own notice (UC 5): none is on file that counts, and one is still owed.
        Some(AnsweredState::Accepted) if status.is_inactive && summary.state == SummaryState::Accepted => {
            fold::remove(summary, notice);
            unschedule(entry, notice);
        }
        Some(AnsweredState::Accepted) if status.is_inactive => {}
        Some(AnsweredState::Accepted) => {
            summary.take_answered_acceptance(status.accepted_at, notice.at);
            let stands = match summary.state {
                SummaryState::None => is_later(summary.removed_at),
                SummaryState::Accepted => false,
                SummaryState::Rejected => is_later(summary.rejected_at),
                SummaryState::Cancelled => is_later(summary.cancelled_at),
            };
            if stands {
                summary.state = SummaryState::Accepted;
                summary.accepted_at = status.accepted_at.or(since);
                summary.accepted_by = Some(notice.id);
                summary.is_customs_word = false;
            }
        }
        Some(AnsweredState::Rejected) => refused(summary, notice, status.state_date),
        Some(AnsweredState::Cancelled) => {
            summary.state = SummaryState::Cancelled;
            summary.cancelled_at = since.or(summary.cancelled_at);
        }
        None => {}
    }
    suspension(entry, notice, status);
    let summary = &mut entry.summary;
    match status.census {
        Some(AnsweredCensus::Clear) => summary.census.clear(),
        Some(AnsweredCensus::Unresolved) if summary.census.is_empty() => {
            let key = CensusKey { line: Token::new(""), code: Token::new("") };
            summary.census.insert(key, CensusState { at: notice.at, notice: notice.id });
        }
        _ => {}
    }
    entry.answered = Some(Answered { at: notice.at, notice: notice.id, status: *status });
}

/// No message says when a suspension ends but a later answer, which does not tell it any more: it ended on that day at the latest.
/// One that a person recorded ends when a person says so.
fn suspension(entry: &mut Entry, notice: &Notice, status: &SummaryStatus) {
    let history = &mut entry.liquidation_history;
    if status.is_suspended {
        // It stands after all: an answer between that told none was not the end.
        return history.retain(|event| !is_implied_end(event));
    }
    let last = history.iter().rev().find(|event| !matches!(event.what, LiquidationStep::Extended { .. }));
    let stands = last.is_some_and(|event| {
        let is_later = notice.at.zip(event.at).is_some_and(|(now, since)| now.date > since.date);
        matches!(event.what, LiquidationStep::Suspended { .. }) && event.basis != Basis::Recorded && is_later
    });
    if stands && status.state.is_some() {
        let what = LiquidationStep::Lifted { date: None };
        history.push(LiquidationEvent { at: notice.at, notice: notice.id, basis: Basis::QueryAnswer, what });
    }
}

fn is_implied_end(event: &LiquidationEvent) -> bool {
    event.basis == Basis::QueryAnswer && matches!(event.what, LiquidationStep::Lifted { date: None })
}

/// A rejection unsets the date of liquidation that CBP had scheduled (CSMS 18-000301).
pub(super) fn unschedule(entry: &mut Entry, notice: &Notice) {
    if entry.scheduled_liquidations.last().is_some_and(|last| last.date.is_some()) {
        let unset = Scheduled { date: None, at: notice.at, notice: notice.id };
        entry.scheduled_liquidations.push(unset);
    }
}

fn tib(entry: &mut Entry, notice: &Notice) {
    let tib = &mut entry.tib;
    match notice.effect {
        Effect::TibRequest { closes } => tib.pending = Some(closes),
        Effect::TibAnswer { is_accepted } => {
            let asked = tib.pending.take();
            tib.is_refused = !is_accepted;
            if !is_accepted && notice.kind == Kind::SummaryNotice {
                tib.take_back(notice.at);
            }
            match (is_accepted, asked) {
                (true, Some(true)) => {
                    tib.is_closed = true;
                    tib.closed_at = notice.at;
                }
                (true, Some(false)) => tib.extend(notice.at),
                // An answer to a request that nobody dropped: it is shown, and moves no date.
                (true, None) => {}
                (false, _) => tib.refused_at = notice.at,
            }
        }
        Effect::TibClosed => {
            tib.is_closed = true;
            tib.closed_at = tib.closed_at.or(notice.at);
        }
        Effect::TibExpires { date, extensions } => {
            if let Some(date) = date {
                tib.print(Dated { date, notice: notice.id });
            }
            tib.extensions = tib.extensions.max(extensions.unwrap_or(0));
        }
        _ => {}
    }
}

/// Whether the notice tells again what the entry knows.
pub(super) fn knows(entry: &Entry, notice: &Notice) -> bool {
    let is_answer = notice.kind == Kind::EntryStatus;
    match &notice.effect {
        Effect::CensusWarning { line, code } => {
            entry.summary.census.contains_key(&CensusKey { line: *line, code: *code })
        }
        Effect::CustomsBill(bill) => {
            entry.customs_bills.get(&bill.number).is_some_and(|known| known.bill == *bill)
        }
        Effect::Protest(protest) => claims::is_known(entry, protest),
        Effect::SummaryStatus(status) => entry.answered.is_some_and(|known| known.status == *status),
        Effect::TibClosed => entry.tib.is_closed,
        Effect::TibExpires { date, .. } => {
            date.is_some() && entry.tib.expires.map(|known| known.date) == *date
        }
        Effect::Liquidated(told) if is_answer => {
            entry.liquidations().any(|(_, known)| known.date == told.date && known.event == told.event)
        }
        Effect::Liquidated(told) => witness::is_known(entry, notice, (told.date, told.event)),
        Effect::Extended { reason, .. } if is_answer => entry.liquidation_history.iter().any(
            |event| matches!(event.what, LiquidationStep::Extended { reason: known, .. } if known == *reason),
        ),
        Effect::Suspended { reason, .. } if is_answer => entry.liquidation_history.iter().any(
            |event| matches!(event.what, LiquidationStep::Suspended { reason: known, .. } if known == *reason),
        ),
        _ => false,
    }
}
