//! Answers that contradict each other, and how a person settles it.
//!
//! AX and SX bear a day and no hour. Where one of a day refuses and another accepts, the refusal counts until Customs says on a later
//! day how the filing stands. For a feed that never brings such a word, a person looks it up and records `filing_stands`.

use super::{Entry, RecordedFact, SummaryState};
use crate::notice::{EventTime, FactKind};

impl Entry {
    /// Obeys what people looked up: a refusal of that day or before does not stand. A later one does.
    pub(super) fn settle_filings(&mut self) {
        let is_over = |refused: Option<EventTime>, fact: &RecordedFact| {
            refused.zip(fact.at).is_some_and(|(refused, at)| refused.date <= at.date)
        };
        let told = |entry: &Self, what: &str, refused: Option<EventTime>| {
            let mut told = entry.recorded(FactKind::FilingStands).filter(|fact| fact.says("what", what));
            told.find(|fact| is_over(refused, fact)).map(|fact| (fact.at, fact.notice))
        };
        if self.summary.state == SummaryState::Rejected
            && let Some((at, notice)) = told(self, "summary", self.summary.rejected_at)
        {
            let summary = &mut self.summary;
            let is_of_that_day = |at: &EventTime| summary.rejected_at.is_none_or(|day| at.date >= day.date);
            summary.accepted_at = summary.accepted_at.filter(is_of_that_day).or(at);
            summary.accepted_by = summary.accepted_by.or(Some(notice));
            summary.state = SummaryState::Accepted;
            summary.is_customs_word = false;
        }
        if self.filing.is_rejected
            && let Some((at, _)) = told(self, "release", self.filing.rejected_at)
        {
            self.filing.is_rejected = false;
            self.filing.accepted_at = self.filing.accepted_at.or(at);
        }
    }

    /// What contradicts itself about the summary, and how to settle it.
    pub(super) fn doubt_of_summary(&self) -> Option<String> {
        let summary = &self.summary;
        let counts = summary.state == SummaryState::Rejected && !summary.is_customs_word;
        doubt("summary", summary.rejected_at.filter(|_| counts), summary.accepted_at)
    }

    /// The same of the release filing.
    pub(super) fn doubt_of_filing(&self) -> Option<String> {
        let filing = &self.filing;
        doubt("release", filing.rejected_at.filter(|_| filing.is_rejected), filing.last_accepted_at)
    }
}

fn doubt(what: &str, refused: Option<EventTime>, accepted: Option<EventTime>) -> Option<String> {
    let day = refused?.date;
    (accepted?.date == day).then(|| {
        format!(
            "refused and accepted on {day}, and the answers bear no hour, so the refusal counts; look it up, and if it is \
             accepted, record filing_stands with what={what}"
        )
    })
}
