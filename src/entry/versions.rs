//! Which version of the entry summary stands.
//!
//! The last that Customs accepted. What was sent and not answered, or refused, changes nothing of the entry: neither its
//! clocks nor its type, lines and amounts. Before Customs accepted any, the last that was sent is all that is known.
//!
//! Answers to a filing (AX) name no version and bear a day without an hour, so an answer is that to the last filing that waits
//! for one.

use serde::Serialize;

use super::{FiledSummary, Summary};
use crate::ident::NoticeId;
use crate::notice::{EventTime, FilingAction, Kind, Notice};

/// What became of a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FilingState {
    /// Customs has not answered it.
    #[default]
    Sent,
    Accepted,
    /// It never was a filing.
    Refused,
    /// A correction that Customs took back since.
    Reverted,
}

/// What AX answers a filing that added or replaced a summary.
const ADDED_OR_REPLACED: [&str; 2] = ["995", "996"];

impl FiledSummary {
    fn waits(&self) -> bool {
        self.state == FilingState::Sent && !self.is_repeated
    }

    fn is_deletion(&self) -> bool {
        self.filed.action == FilingAction::Deleted
    }

    fn is_on(&self, day: Option<EventTime>) -> bool {
        self.at.map(|at| at.date) == day.map(|at| at.date)
    }

    /// Refused, it leaves the version before it as it was.
    pub(super) fn leaves_earlier(&self) -> bool {
        self.filed.is_correction || self.is_deletion()
    }
}

impl Summary {
    /// The version that stands, unless a deletion was accepted and nothing was sent since.
    pub(super) fn standing(&self) -> Option<&FiledSummary> {
        self.filings.get(self.standing_place()?)
    }

    fn standing_place(&self) -> Option<usize> {
        let filings = &self.filings;
        let accepted = filings.iter().rposition(|filing| filing.state == FilingState::Accepted);
        let since = match accepted {
            Some(place) if !filings[place].is_deletion() => return Some(place),
            Some(place) => place + 1,
            None => 0,
        };
        let sent = |filing: &FiledSummary| !filing.is_deletion() && filing.state != FilingState::Reverted;
        let place = filings[since..].iter().rposition(sent).map(|place| place + since);
        // Where only the correction is known that was reverted, it is all there is to show.
        let reverted = || filings.iter().rposition(|filing| !filing.is_deletion());
        if accepted.is_none() { place.or_else(reverted) } else { place }
    }

    /// The versions that counted at their time, oldest first: those that Customs accepted, before any those that were sent.
    pub(super) fn versions(&self) -> impl Iterator<Item = &FiledSummary> {
        let standing = self.standing_place();
        let is_accepted = |filing: &FiledSummary| filing.state == FilingState::Accepted;
        let counting =
            if self.filings.iter().any(is_accepted) { FilingState::Accepted } else { FilingState::Sent };
        let counted = move |(place, filing): (usize, &FiledSummary)| {
            filing.state == counting && !filing.is_deletion() || Some(place) == standing
        };
        let all = self.filings.iter().enumerate();
        all.filter(move |(place, filing)| counted((*place, *filing))).map(|(_, filing)| filing)
    }

    /// Whether what this notice filed counts for the entry as a whole. Notices that file nothing always do.
    pub(super) fn counts(&self, filing: NoticeId) -> bool {
        self.versions().any(|version| version.notice == filing)
    }

    /// The filing that waits for its answer.
    pub(super) fn unanswered(&self) -> Option<&FiledSummary> {
        self.waiting(|_| true).map(|place| &self.filings[place])
    }

    /// The last filing of this kind that waits. One that was sent before the day of a version that was accepted since waits
    /// no longer: its answer was lost. Of filings of one day nobody knows which was answered first.
    fn waiting(&self, is_kind: impl Fn(&FiledSummary) -> bool) -> Option<usize> {
        let last = self.filings.iter().rfind(|filing| filing.waits())?.at;
        let accepted = self.filings.iter().filter(|filing| filing.state == FilingState::Accepted);
        let is_overtaken = accepted
            .filter(|filing| !filing.is_repeated)
            .any(|filing| filing.at.map(|at| at.date) > last.map(|at| at.date));
        let is_it = |filing: &FiledSummary| filing.waits() && filing.is_on(last) && is_kind(filing);
        self.filings.iter().rposition(is_it).filter(|_| !is_overtaken)
    }

    /// Takes an answer that accepts; whether it accepts a deletion.
    pub(super) fn take_acceptance(&mut self, notice: &Notice) -> bool {
        let is_filing = notice.code.is_some_and(|code| ADDED_OR_REPLACED.contains(&code.as_str()));
        let is_on_file = self.filings.iter().any(|filing| filing.state == FilingState::Accepted);
        // Nobody can correct what is not on file, so of one day the summary itself was accepted first.
        let first = self.waiting(|filing| !filing.leaves_earlier()).filter(|_| !is_on_file);
        let place = match first {
            Some(place) => Some(place),
            None if is_filing => self.waiting(|filing| !filing.is_deletion()),
            None => self.waiting(|_| true),
        };
        let Some(place) = place else { return false };
        self.answer(place, FilingState::Accepted, notice.at);
        self.filings[place].is_deletion() && notice.kind == Kind::SummaryResponse
    }

    /// Takes an answer that says the summary was deleted.
    pub(super) fn take_deletion(&mut self, at: Option<EventTime>) {
        let deletion = |filing: &FiledSummary| filing.waits() && filing.is_deletion();
        if let Some(place) = self.filings.iter().rposition(deletion) {
            self.answer(place, FilingState::Accepted, at);
        }
    }

    /// Takes an answer that refuses; the filing that it refuses, where that is known. One answer may say so more than once.
    pub(super) fn take_refusal(&mut self, at: Option<EventTime>) -> Option<&FiledSummary> {
        let day = at.map(|at| at.date);
        let again = |filing: &FiledSummary| {
            filing.state == FilingState::Refused && filing.answered_at.map(|at| at.date) == day
        };
        let waiting = self.waiting(|_| true);
        let place = waiting.or_else(|| self.filings.iter().rposition(again))?;
        if waiting.is_some() {
            self.answer(place, FilingState::Refused, at);
        }
        self.filings.get(place)
    }

    /// A query answer names the moment of the acceptance: what was sent until then was accepted, though no answer said so.
    pub(super) fn take_answered_acceptance(&mut self, accepted: Option<EventTime>, at: Option<EventTime>) {
        let Some(accepted) = accepted else { return };
        let is_sent = |filing: &FiledSummary| {
            filing.waits() && !filing.is_deletion() && filing.at.is_some_and(|at| at.date <= accepted.date)
        };
        let place = self.filings.iter().rposition(is_sent);
        let known = self.filings.iter().rposition(|filing| filing.state == FilingState::Accepted);
        if let Some(place) = place.filter(|place| known.is_none_or(|known| known < *place)) {
            self.answer(place, FilingState::Accepted, at);
        }
    }

    fn answer(&mut self, place: usize, state: FilingState, at: Option<EventTime>) {
        if let Some(filing) = self.filings.get_mut(place) {
            (filing.state, filing.answered_at) = (state, at);
        }
    }

    /// The last correction no longer stands, nor what repeated it since. Its notice.
    pub(super) fn revert(&mut self, at: Option<EventTime>) -> Option<NoticeId> {
        self.reverted_at = at.or(self.reverted_at);
        let of = |state: FilingState, is_repeated: bool| {
            self.filings.iter().rposition(|filing| {
                filing.filed.is_correction && filing.state == state && filing.is_repeated == is_repeated
            })
        };
        let place = of(FilingState::Accepted, false)
            .or_else(|| of(FilingState::Sent, false))
            .or_else(|| of(FilingState::Accepted, true))?;
        self.undo(place, FilingState::Reverted)
    }

    /// Customs rejects the summary that it had. Where a correction stands, that is what it rejects, and the version before it
    /// counts until the next is accepted. Its notice.
    pub(super) fn reject_correction(&mut self) -> Option<NoticeId> {
        let is_accepted =
            |filing: &FiledSummary| filing.state == FilingState::Accepted && !filing.is_repeated;
        let place = self.filings.iter().rposition(is_accepted)?;
        let is_before = self.filings[..place].iter().any(is_accepted);
        if !self.filings[place].filed.is_correction || !is_before {
            return None;
        }
        self.undo(place, FilingState::Refused)
    }

    fn undo(&mut self, place: usize, state: FilingState) -> Option<NoticeId> {
        for filing in self.filings.iter_mut().skip(place + 1).filter(|filing| filing.is_repeated) {
            filing.state = state;
        }
        let correction = self.filings.get_mut(place)?;
        correction.state = state;
        Some(correction.notice)
    }
}
