//! Corrections and claims: post summary correction, reconciliation, preference and drawback claims, refund programmes.

use super::{ANSWERED, Clock, FILED, RECORDED};
use crate::deadline::{Key, Value, id};
use crate::entry::{Dated, Entry, FiledSummary, FilingState, LiquidationStep, RecordedFact, SummaryState};
use crate::notice::{EventTime, FactKind, LiquidationKind};

/// Codes of an extension that the importer asked for, and that CBP granted itself (NR, ER).
const BY_IMPORTER: [&str; 2] = ["50", "02"];
const BY_CBP: [&str; 2] = ["49", "01"];

/// A query answer lists it (ER JJ, type 3).
pub(super) const CLAIMED: &str = "the claim is on file at CBP";

impl Entry {
    pub(super) fn correction_clocks(&self, clocks: &mut Vec<Clock>) {
        clocks.push(self.correction_clock());
        clocks.extend(self.deposit_clock());
        clocks.extend(self.reconciliation_clock(id::RECON_VALUE));
        clocks.extend(self.reconciliation_clock(id::RECON_FTA));
        clocks.extend(self.preference_clock());
        clocks.extend(self.refund_clock());
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
        self.with_extension(&mut clock);
        if self.answered.is_some_and(|answered| answered.status.is_under_review) {
            clock.set(Key::UnderReview, true);
        }
        clock.close(self.over());
        clock.close(self.is_corrected().then_some("a correction is accepted"));
        self.close_by_record(&mut clock, None);
        clock
    }

    /// Who asked for the last extension, and until when it goes: as recorded, else as CBP scheduled it since.
    fn with_extension(&self, clock: &mut Clock) {
        let last = self.liquidation_history.iter().rev().find_map(|event| match event.what {
            LiquidationStep::Extended { reason, .. } => Some((event, reason)),
            _ => None,
        });
        let Some((event, reason)) = last else { return };
        let fact = self.recorded.iter().find(|fact| fact.notice == event.notice);
        let by = match fact.and_then(|fact| fact.value("ext_by")) {
            Some(word) => Value::parse(Key::ExtBy.kind(), word),
            None if BY_IMPORTER.contains(&reason.as_str()) => Some(Value::Word("importer")),
            None if BY_CBP.contains(&reason.as_str()) => Some(Value::Word("cbp")),
            None => Some(Value::Word("unknown")),
        };
        if let Some(by) = by {
            clock.said(Key::ExtBy, by, "notice of extension");
        }
        if let Some((date, fact)) = fact.and_then(|fact| Some((fact.date_of("extended_liq")?, fact))) {
            return clock.fact(Key::ExtendedLiq, Dated { date, notice: fact.notice }, RECORDED);
        }
        let scheduled = self.scheduled_liquidations.last().filter(|scheduled| scheduled.at >= event.at);
        if let Some((date, notice)) = scheduled.and_then(|known| Some((known.date?, known.notice))) {
            clock.fact(Key::ExtendedLiq, Dated { date, notice }, ANSWERED);
        }
    }

    /// The version that stands is a correction that CBP accepted.
    fn is_corrected(&self) -> bool {
        let is_accepted =
            |filing: &FiledSummary| filing.filed.is_correction && filing.state == FilingState::Accepted;
        self.summary.state == SummaryState::Accepted && self.filed_summary().is_some_and(is_accepted)
    }

    /// Customs refused, rejected or took back the correction that somebody recorded as filed: it has to go again. An acceptance
    /// between is of that correction, and what was refused behind it is another one.
    pub(super) fn is_correction_undone(&self, filed: &RecordedFact) -> bool {
        let summary = &self.summary;
        let day = |at: Option<EventTime>| at.map(|at| at.date);
        let is_since = |at: Option<EventTime>| day(at).is_some_and(|day| filed.date() <= Some(day));
        if is_since(summary.reverted_at) {
            return true;
        }
        let refused = summary.rejected_at;
        match summary.state {
            SummaryState::Rejected => is_since(refused),
            SummaryState::None => is_since(summary.removed_at),
            SummaryState::Accepted => {
                let accepted = summary.accepted_at;
                is_since(refused) && !(is_since(accepted) && day(accepted) != day(refused))
            }
            SummaryState::Cancelled => false,
        }
    }

    /// A correction that raises antidumping or countervailing duty is paid within three working days. Of several the first
    /// counts that nobody paid.
    fn deposit_clock(&self) -> Option<Clock> {
        let filings = self.summary.filings.iter();
        // The time runs from the day on which it was sent, so it does not wait for the answer.
        let stands = |state| matches!(state, FilingState::Sent | FilingState::Accepted);
        let filings: Vec<&FiledSummary> = filings.filter(|filing| stands(filing.state)).collect();
        let raised = filings.windows(2).filter_map(|pair| match *pair {
            [before, after] if after.filed.is_correction && owed(after) > owed(before) => Some(after),
            _ => None,
        });
        let filed =
            raised.filter_map(|filing| Some((Dated { date: filing.at?.date, notice: filing.notice }, FILED)));
        let mut raises: Vec<(Dated, &str)> = filed.collect();
        if raises.is_empty() {
            let recorded = self.recorded.iter();
            let recorded =
                recorded.filter(|fact| fact.fact == FactKind::PscFiled && fact.says("adcvd", "yes"));
            let recorded = recorded.filter(|fact| !self.is_correction_undone(fact));
            raises.extend(
                recorded
                    .filter_map(|fact| Some((Dated { date: fact.date()?, notice: fact.notice }, RECORDED))),
            );
        }
        let is_paid = |(dated, _): &(Dated, &str)| {
            let paid = self.statements.values().filter_map(crate::entry::Statement::paid_at);
            let collected = self.answered.and_then(|answered| answered.status.collection_date);
            let recorded = self.recorded.iter().filter(|fact| fact.fact == FactKind::PscPaid);
            let recorded = recorded.filter_map(RecordedFact::date);
            paid.map(|at| at.date).chain(collected).chain(recorded).any(|date| date >= dated.date)
        };
        let unpaid = raises.iter().find(|raise| !is_paid(raise));
        let (dated, source) = *unpaid.or(raises.last())?;
        let mut clock = Clock::new(id::PSC_ADCVD_PAY);
        clock.fact(Key::PscDate, dated, source);
        self.close_by_record(&mut clock, None);
        clock.close(unpaid.is_none().then_some("the deposit is paid"));
        clock.close(self.gone());
        clock.started()
    }

    /// The entry is flagged for this reconciliation (`RECON_VALUE`, `RECON_FTA`): by the summary that stands, or by what people
    /// recorded of its group.
    pub(in crate::entry) fn is_flagged(&self, id: &str) -> bool {
        let by_summary = self.filed_summary().is_some_and(|filing| {
            if id == id::RECON_VALUE { filing.flags.recon } else { filing.flags.recon_fta }
        });
        by_summary || self.recorded_starts(id).any(|(fact, _)| fact.date().is_some())
    }

    fn reconciliation_clock(&self, id: &'static str) -> Option<Clock> {
        let is_value = id == id::RECON_VALUE;
        let (key, fact) = if is_value {
            (Key::EarliestSummaryDate, FactKind::ReconValue)
        } else {
            (Key::EarliestImportDate, FactKind::ReconFta)
        };
        let mut clock = Clock::new(id);
        // While the version that stands is flagged, the date of the first counts that was: a later one declares the intent
        // again and gives no more time. The date of importation is that of the version that stands.
        let is_flagged =
            |filing: &&FiledSummary| if is_value { filing.flags.recon } else { filing.flags.recon_fta };
        let own = self.filed_summary().filter(is_flagged).and_then(|standing| {
            let mut dated = self.summary.versions().filter(|filing| filing.at.is_some());
            let filing = if is_value { dated.find(is_flagged)? } else { standing };
            let date = if is_value { filing.at?.date } else { filing.filed.import_date? };
            Some((Dated { date, notice: filing.notice }, FILED))
        });
        let recorded = self.recorded.iter().filter(|known| known.fact == fact);
        let recorded = recorded
            .filter_map(|known| Some((Dated { date: known.date()?, notice: known.notice }, RECORDED)));
        // The earliest of the group governs; an entry alone knows its own date only. What was recorded in error is withdrawn.
        let (dated, source) = own.into_iter().chain(recorded).min_by_key(|(dated, _)| dated.date)?;
        clock.fact(key, dated, source);
        let is_filed = self.answered.is_some_and(|answered| {
            if is_value { answered.status.is_reconciled } else { answered.status.is_reconciled_fta }
        });
        clock.close(is_filed.then_some("a reconciliation entry is on file at CBP"));
        clock.close(self.gone());
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// A dutiable line comes from a partner of a trade agreement and claims nothing, or somebody recorded the
    /// importation to have the claims watched. One that is flagged for reconciliation has no other way.
    fn preference_clock(&self) -> Option<Clock> {
        let filing = self.filed_summary();
        let is_watched = self.recorded.iter().any(|fact| fact.fact == FactKind::Imported);
        if is_watched
            || self.is_flagged(id::RECON_FTA)
            || !filing.is_some_and(|filing| filing.flags.preference_unclaimed)
        {
            return None;
        }
        let mut clock = Clock::new(id::FTA_1520D);
        self.with_import_date(&mut clock);
        clock.close(self.gone());
        clock.close(self.preference_claim().map(|_| CLAIMED));
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// The refund programme that a configuration may switch on; see [`DeadlineTable::keeps`](crate::deadline::DeadlineTable::keeps).
    fn refund_clock(&self) -> Option<Clock> {
        let all = self.liquidation_dates();
        let original = all.iter().find(|dates| dates.event == LiquidationKind::Liquidation)?;
        let mut clock = Clock::new(id::CAPE_80D);
        clock.liquidation(Key::LiquidationDate, original.counting()?, &original.dates);
        clock.close(self.gone());
        self.close_by_record(&mut clock, None);
        // It can be asked for before the liquidation as well.
        clock.close_as(self.asked_refund().map(|day| format!("cape filed, recorded for {day}").into()));
        clock.started()
    }

    /// The day on which a declaration of the refund programme was filed, as somebody recorded it.
    pub(in crate::entry) fn asked_refund(&self) -> Option<chrono::NaiveDate> {
        self.recorded(FactKind::CapeFiled).find_map(RecordedFact::date)
    }
}

fn owed(filing: &FiledSummary) -> rust_decimal::Decimal {
    let amounts = &filing.filed.amounts;
    let parts = [amounts.antidumping, amounts.countervailing];
    parts.into_iter().flatten().fold(rust_decimal::Decimal::ZERO, rust_decimal::Decimal::saturating_add)
}
