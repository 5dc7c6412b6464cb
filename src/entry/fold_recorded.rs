//! The fold of what people recorded.

use std::collections::BTreeSet;

use super::{Entry, RecordedFact};
use crate::ident::NoticeId;
use crate::notice::{FactKind, Kind, Notice};

/// The facts that were taken back. Whoever recorded one in error names it by its id; the timeline keeps both.
pub(super) fn withdrawn(notices: &[&Notice]) -> BTreeSet<NoticeId> {
    let recorded = || notices.iter().filter(|notice| matches!(notice.kind, Kind::Recorded | Kind::Form));
    let mut withdrawn = BTreeSet::new();
    for notice in recorded() {
        if FactKind::of_notice(notice.kind, notice.code) == Some(FactKind::Withdrawn) {
            let named = notice.field("notice").unwrap_or_default();
            withdrawn.extend(recorded().map(|fact| fact.id).filter(|id| id.to_string() == named));
        }
    }
    withdrawn
}

pub(super) fn obey(entry: &mut Entry, notice: &Notice) {
    if !matches!(notice.kind, Kind::Recorded | Kind::Form) {
        return;
    }
    let Some(fact) = RecordedFact::of(notice) else { return };
    entry.liquidation_history.extend(fact.liquidation_step(&notice.effect));
    entry.recorded.push(fact);
}
