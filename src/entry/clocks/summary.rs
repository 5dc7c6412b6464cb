//! Summary: due, refused by CBP, a document to follow.

use super::{Clock, FILED, STATED};
use crate::deadline::{Key, id};
use crate::entry::{Dated, Entry, FiledSummary, StatementState, SummaryState};

/// Warehouse and temporary importation owe the summary without a deposit of duty (19 CFR 10.31, 144.13).
const WITHOUT_DEPOSIT: [&str; 3] = ["21", "22", "23"];
/// Consumption, quota and withdrawals from a warehouse with antidumping or countervailing duty.
pub(super) const ADCVD: [&str; 4] = ["03", "07", "34", "38"];

/// Why the clock of an accepted summary runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::entry) enum Unpaid {
    /// A message says that the money is not in hand: taken off its statement, or not paid.
    Told,
    /// It asks for a statement, and stands on none yet.
    OnNoStatement,
    /// It is paid by itself, and nobody told that it was.
    Alone,
}

impl Unpaid {
    fn words(self, summary: &str) -> String {
        let why = match self {
            Self::Told => return String::new(),
            Self::OnNoStatement => "no statement lists it",
            Self::Alone => "no message tells of the money",
        };
        format!(
            "{summary} is accepted, but {why}; once the duties are deposited, record `done` with deadline=ES_DUE"
        )
    }
}

impl Entry {
    pub(super) fn summary_clocks(&self, clocks: &mut Vec<Clock>) {
        clocks.push(self.summary_clock());
        clocks.extend(self.resubmission_clock());
        clocks.extend(self.missing_document_clock());
    }

    /// Entry summary due: ten working days from the time of entry. It ends when the summary is accepted and its money is
    /// deposited or on a statement.
    fn summary_clock(&self) -> Clock {
        let mut clock = Clock::new(id::ES_DUE);
        if let Some(dated) = self.entry_date() {
            clock.fact(Key::EntryDate, dated, STATED);
        }
        self.with_release_date(&mut clock);
        self.with_type(&mut clock);
        if self.filed_summary().is_some_and(|filing| filing.flags.is_live) {
            clock.set(Key::Live, true);
        }
        let unpaid = self.unpaid().filter(|_| self.over().is_none());
        clock.close(match self.summary.state {
            SummaryState::Accepted if unpaid.is_some() => None,
            SummaryState::Accepted => Some("the summary is accepted"),
            _ => self.over(),
        });
        self.close_by_record(&mut clock, None);
        if let Some(doubt) = self.doubt_of_summary() {
            clock.may_be_over = doubt;
        }
        if let Some(unpaid) = unpaid.filter(|_| self.summary.state == SummaryState::Accepted) {
            clock.may_be_over = unpaid.words("the summary");
        }
        self.close_by_covering(&mut clock);
        clock
    }

    /// The summary of another entry covers the release: what is owed for it is owed there.
    fn close_by_covering(&self, clock: &mut Clock) {
        let Some((number, summary)) = self.covered().filter(|_| clock.closed.is_none()) else { return };
        match summary.unpaid().filter(|_| summary.over().is_none()) {
            None => {
                clock.closed = Some(format!("summary {number} covers the release and is accepted").into())
            }
            Some(unpaid) => {
                clock.may_be_over = unpaid.words(&format!("summary {number}, which covers the release,"));
            }
        }
    }

    /// The summary, or one that covers the release, is accepted, and no message says that its money is deposited or on a statement.
    pub fn is_unpaid(&self) -> bool {
        let owes = |summary: &Self| summary.unpaid().is_some() && summary.over().is_none();
        let is_own = self.summary.state == SummaryState::Accepted;
        (is_own && owes(self)) || self.covered().is_some_and(|(_, summary)| owes(summary))
    }

    /// Why the money of the summary counts as not deposited. Where no message speaks of the money, not even the summary
    /// itself, the acceptance has to do.
    pub(in crate::entry) fn unpaid(&self) -> Option<Unpaid> {
        if self.is_type(&WITHOUT_DEPOSIT) {
            return None;
        }
        let mut states = self.statements.values().map(|statement| statement.state());
        if states.clone().any(|state| state != StatementState::Removed) {
            return None;
        }
        let collection = self.answered.as_ref().and_then(|answered| answered.status.collection);
        if let Some(code) = collection {
            return (code == *"0").then_some(Unpaid::Told);
        }
        if states.any(|state| state == StatementState::Removed) {
            return Some(Unpaid::Told);
        }
        let filed = self.filed_summary()?.filed;
        let owes_nothing = filed.amounts.total().is_some_and(|total| total.is_zero())
            && filed.other.is_none_or(|other| other.is_zero());
        let kind = filed.payment_type.filter(|kind| !kind.is_empty() && !owes_nothing)?;
        Some(if kind == *"1" { Unpaid::Alone } else { Unpaid::OnNoStatement })
    }

    /// CBP refused a summary that it had. A refused transmission was no filing, and the summary's own clock runs on.
    fn resubmission_clock(&self) -> Option<Clock> {
        let rejection = self.summary.rejection?;
        let mut clock = Clock::new(id::ES_REJECT_RESUBMIT);
        let dated = Dated { date: rejection.date, notice: rejection.notice };
        clock.fact(Key::RejectDate, dated, "refusal by CBP");
        // The version that was refused says whether such duties are in it, whatever reason the notice gives.
        let is_known = |at: Option<crate::notice::EventTime>| at.is_none_or(|at| at.date <= rejection.date);
        let refused = self.summary.filings.iter().rev().find(|filing| is_known(filing.at));
        let flags = refused.map(|filing| filing.flags).unwrap_or_default();
        if rejection.is_adcvd || flags.adcvd || self.is_type(&ADCVD) {
            clock.set(Key::Adcvd, true);
        }
        if flags.trade_remedy {
            clock.set(Key::TradeRemedy, true);
        }
        clock.close(self.gone());
        clock.close((self.summary.state == SummaryState::Accepted).then_some("the summary is accepted"));
        clock.close(self.over());
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// The filing says that a document is to follow under bond. What a later version says again gives no more time.
    fn missing_document_clock(&self) -> Option<Clock> {
        let filings: Vec<&FiledSummary> = self.summary.versions().collect();
        let last = filings.iter().rposition(|filing| filing.flags.missing_document)?;
        let given = filings[..last].iter().rposition(|filing| !filing.flags.missing_document);
        let filing = filings[given.map_or(0, |given| given + 1)];
        let mut clock = Clock::new(id::MISSING_DOC);
        if let Some(at) = filing.at {
            clock.fact(Key::SummaryDate, Dated { date: at.date, notice: filing.notice }, FILED);
        }
        let given = self.filed_summary().is_some_and(|last| !last.flags.missing_document);
        clock.close(given.then_some("the last summary names no missing document"));
        clock.close(self.gone());
        self.close_by_record(&mut clock, None);
        clock.started()
    }
}
