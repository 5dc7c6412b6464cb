//! Protests and petitions by their numbers: what query answers and people say of one is about the same.

use super::{Basis, Entry, ProtestState, ToldDecision};
use crate::notice::{Notice, ProtestStatus, Token};

/// Whether both are one number: `2704-26-100001` is what messages call `270426100001`.
pub(super) fn is_same_number(number: Token, other: Token) -> bool {
    fn signs(token: &Token) -> impl Iterator<Item = char> + '_ {
        token.as_str().chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_uppercase())
    }
    signs(&number).eq(signs(&other))
}

/// What is on file of a protest or petition. It keeps the number under which it was told first.
pub(super) fn take(entry: &mut Entry, notice: &Notice, told: &ProtestStatus) {
    if let Some(date) = told.decided.filter(|_| told.is_protest()) {
        let (number, status, basis) = (told.number, told.status, Basis::of(notice.kind));
        let decision = ToldDecision { number, status, date, basis, at: notice.at, notice: notice.id };
        let is_known = |known: &ToldDecision| {
            (known.date, known.status, known.basis) == (date, status, basis)
                && is_same_number(known.number, number)
        };
        if !entry.decisions_told.iter().any(is_known) {
            entry.decisions_told.push(decision);
        }
    }
    let claims = if told.is_protest() { &mut entry.protests } else { &mut entry.petitions };
    let known = claims.keys().copied().find(|known| is_same_number(*known, told.number));
    let number = known.unwrap_or(told.number);
    // Of two answers of one day nobody knows which came last: the one with the decision counts, for it starts clocks.
    let is_decided = |known: &ProtestState| known.at == notice.at && known.protest.decided.is_some();
    if told.decided.is_none() && claims.get(&number).is_some_and(is_decided) {
        return;
    }
    let protest = ProtestStatus { number, ..*told };
    let since = claims.get(&number).map_or(notice.at, |known| known.since);
    claims.insert(number, ProtestState { protest, at: notice.at, since, notice: notice.id });
}

/// Whether the entry knows all of this.
pub(super) fn is_known(entry: &Entry, told: &ProtestStatus) -> bool {
    let claims = if told.is_protest() { &entry.protests } else { &entry.petitions };
    claims.values().any(|known| {
        is_same_number(known.protest.number, told.number)
            && ProtestStatus { number: told.number, ..known.protest } == *told
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (number, other, wanted) in [
            ("2704-26-100001", "270426100001", true),
            ("p 1", "P1", true),
            ("270426100001", "270426100002", false),
            ("27042610000", "270426100001", false),
        ] {
            assert_eq!(is_same_number(Token::new(number), Token::new(other)), wanted, "{number} {other}");
        }
    }
}
