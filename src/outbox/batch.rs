//! Which of the letters that are ready are tried together.

use std::collections::BTreeSet;

use super::{AlertKey, Letter, LetterKind};

/// The letters of the next batch, of those that are ready, in their order.
///
/// One that tells people of alerts in place of others waits while a first letter about these is tried: that may leave at last, and then the
/// one to those in their place is taken back, or says so. When it is refused once more it is ready no longer, and the other one leaves.
pub fn batch(ready: Vec<Letter>, limit: usize) -> Vec<Letter> {
    let is_first = |letter: &&Letter| matches!(letter.kind, LetterKind::Alert | LetterKind::Bundle { .. });
    let is_in_place = |letter: &Letter| letter.grounds.unreached > 0;
    let tried: BTreeSet<AlertKey> = match ready.iter().any(is_in_place) {
        true => ready.iter().filter(is_first).flat_map(|letter| letter.alerts.iter().cloned()).collect(),
        false => BTreeSet::new(),
    };
    let waits = |letter: &Letter| is_in_place(letter) && letter.alerts.iter().any(|key| tried.contains(key));
    ready.into_iter().filter(|letter| !waits(letter)).take(limit).collect()
}
