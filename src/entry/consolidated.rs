//! Releases under a consolidated summary (AE 32): one summary covers the releases of several entries.
//!
//! The life of a release has what is said of the summary that covers it, as it stands in the life of that. It is folded by
//! itself, so nothing of it is taken for the release's own: no amount, no statement and no line counts twice.

use serde::Serialize;

use super::{Entry, FiledSummary, SummaryState};
use crate::ident::EntryNumber;
use crate::notice::{Effect, FilingAction, Notice, Token};

/// A summary that names the release of this entry.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Covering {
    /// The entry number of the summary.
    pub summary: EntryNumber,
    /// The versions of it that name the release.
    #[serde(skip)]
    versions: Vec<Token>,
    /// What became of it.
    #[serde(skip)]
    entry: Box<Entry>,
}

/// The summary that the notice says to cover the release.
pub fn summary_of(notice: &Notice) -> Option<EntryNumber> {
    match notice.effect {
        Effect::Consolidated { summary, .. } => Some(summary),
        _ => None,
    }
}

/// Whether a release hears of it when it is said of the summary that covers it: how the summary stands, whether its money
/// is on a statement or paid, and its liquidation.
pub fn concerns_releases(notice: &Notice) -> bool {
    matches!(
        notice.effect,
        Effect::SummaryFiled(_)
            | Effect::SummaryAccepted { .. }
            | Effect::SummaryRejected
            | Effect::SummaryCancelled
            | Effect::SummaryRemoved
            | Effect::CorrectionReverted
            | Effect::OnStatement(_)
            | Effect::OffStatement { .. }
            | Effect::SummaryStatus(_)
            | Effect::Liquidated(_)
    )
}

/// The summaries that the notices name, and what the notices say of them, which is taken out.
pub(super) fn covering(number: EntryNumber, notices: &mut Vec<&Notice>) -> Vec<Covering> {
    let mut all: Vec<(EntryNumber, Vec<Token>)> = Vec::new();
    for notice in notices.iter() {
        let Effect::Consolidated { summary, filing } = notice.effect else { continue };
        if summary == number {
            continue;
        }
        match all.iter_mut().find(|(known, _)| *known == summary) {
            Some((_, versions)) => versions.push(filing),
            None => all.push((summary, vec![filing])),
        }
    }
    let mut covering: Vec<Covering> = Vec::new();
    for (summary, versions) in all {
        let is_of_it = |notice: &&Notice| notice.entry == Some(summary);
        let entry = Box::new(Entry::of(summary, notices.iter().copied().filter(is_of_it)));
        notices.retain(|notice| !is_of_it(notice));
        covering.push(Covering { summary, versions, entry });
    }
    covering.sort_by_key(|covering| covering.summary);
    covering
}

impl Covering {
    /// Whether the version that stands names the release. Corrections and what CBP repeats need not name it again.
    fn stands(&self) -> bool {
        let is_whole = |filing: &&FiledSummary| {
            !filing.is_repeated && !filing.filed.is_correction && filing.filed.action == FilingAction::Filed
        };
        let standing = self.entry.filed_summary().filter(is_whole);
        let sent = || self.entry.summary.filings.iter().rev().find(is_whole);
        standing.or_else(sent).is_none_or(|filing| self.versions.contains(&filing.filed.filing))
    }

    /// CBP accepted it, and the version that stands names the release.
    fn is_accepted(&self) -> bool {
        self.entry.summary.state == SummaryState::Accepted && self.stands()
    }

    /// Whether this is said of the summary, and not of the release.
    fn is_told_by(&self, notice: &Notice) -> bool {
        notice.entry == Some(self.summary)
    }
}

impl Entry {
    /// The notice is about the summary that covers the release, whose own life has it as well.
    pub fn is_of_covering(&self, notice: &Notice) -> bool {
        self.covering.iter().any(|covering| covering.is_told_by(notice))
    }

    /// The accepted summary that covers the release, one whose money is on a statement or paid before others.
    pub(super) fn covered(&self) -> Option<(EntryNumber, &Entry)> {
        let mut accepted: Vec<&Covering> =
            self.covering.iter().filter(|covering| covering.is_accepted()).collect();
        accepted.sort_by_key(|covering| covering.entry.unpaid().is_some());
        accepted.first().map(|covering| (covering.summary, &*covering.entry))
    }
}
