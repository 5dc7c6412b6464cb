//! Summary: due, refused by CBP, a document to follow.

use super::{Clock, FILED, STATED};
use crate::deadline::{Key, id};
use crate::entry::{Dated, Entry, StatementState, SummaryState};

impl Entry {
    pub(super) fn summary_clocks(&self, clocks: &mut Vec<Clock>) {
        clocks.push(self.summary_clock());
        clocks.extend(self.resubmission_clock());
        clocks.extend(self.missing_document_clock());
    }

    /// Entry summary due: ten working days from the time of entry.
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
        clock.close(match self.summary.state {
            SummaryState::Accepted if self.over().is_none() && self.is_known_unpaid() => None,
            SummaryState::Accepted => Some("the summary is accepted"),
            _ => self.over(),
        });
        clock
    }

    /// A message says that the money is not in hand: the summary was taken off its statement and stands on no other, or
    /// CBP answers that nothing was paid. Where no message speaks of the money, the acceptance has to do.
    fn is_known_unpaid(&self) -> bool {
        let mut states = self.statements.values().map(|statement| statement.state());
        if states.clone().any(|state| state != StatementState::Removed) {
            return false;
        }
        let collection = self.answered.as_ref().and_then(|answered| answered.status.collection);
        match collection {
            Some(code) => code == *"0",
            None => states.any(|state| state == StatementState::Removed),
        }
    }

    /// CBP refused a summary that it had. A refused transmission was no filing, and the summary's own clock runs on.
    fn resubmission_clock(&self) -> Option<Clock> {
        let rejection = self.summary.rejection?;
        let mut clock = Clock::new(id::ES_REJECT_RESUBMIT);
        let dated = Dated { date: rejection.date, notice: rejection.notice };
        clock.fact(Key::RejectDate, dated, "refusal by CBP");
        if rejection.is_adcvd {
            clock.set(Key::Adcvd, true);
        }
        clock.close(self.gone());
        clock.close((self.summary.state == SummaryState::Accepted).then_some("the summary is accepted"));
        clock.close(self.over());
        clock.started()
    }

    /// The filing says that a document is to follow under bond. What a later version says again gives no more time.
    fn missing_document_clock(&self) -> Option<Clock> {
        let filings = &self.summary.filings;
        let last = filings.iter().rposition(|filing| filing.flags.missing_document)?;
        let given = filings[..last].iter().rposition(|filing| !filing.flags.missing_document);
        let filing = &filings[given.map_or(0, |given| given + 1)];
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
