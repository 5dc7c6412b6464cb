//! What becomes of the goods of an entry that is cancelled: nobody has to enter them under its number where another entry, movement or
//! admission took its place, or where they are not there.

use std::borrow::Cow;

use serde::Serialize;

use super::Entry;
use crate::notice::{Effect, EventTime, Kind, Notice, Token};

/// What the filer said when it asked Customs to cancel the entry (SE10 `D`, with SE13 and SE20).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CancelAsked {
    /// As in `grammars/codes/cancel-reasons.tsv`.
    pub reason: Token,
    /// Number of the entry, movement or admission in its place.
    pub instead: Option<Box<str>>,
}

/// Reasons after which nothing is left to be entered under the number. Customs looks at what is said to stand in its place
/// before it grants the request.
const GOODS_ELSEWHERE: [(&str, &str); 7] = [
    ("02", "the goods went on in bond"),
    ("03", "the goods are cleared under another entry"),
    ("04", "the goods were admitted to a foreign-trade zone"),
    ("05", "the goods are cleared under an informal entry"),
    ("06", "the goods are seized"),
    ("07", "the goods are destroyed"),
    ("08", "the goods did not arrive"),
];

/// Fields of a release filing that name what stands in its place.
const INSTEAD: [&str; 3] = ["replacement_entry", "in_bond_number", "zone_admission_number"];

/// Keeps why the filer asked for the cancellation. What is filed again stands until the next request.
pub(super) fn note(entry: &mut Entry, notice: &Notice) {
    if notice.kind != Kind::ReleaseFiled {
        return;
    }
    match notice.field("cancel_reason").and_then(Token::some) {
        Some(reason) => {
            let instead = INSTEAD.iter().find_map(|name| notice.field(name)).map(Into::into);
            entry.cancel_asked = Some(CancelAsked { reason, instead });
        }
        None if matches!(notice.effect, Effect::Filed) => entry.cancel_asked = None,
        None => {}
    }
}

impl Entry {
    /// Why nobody has to enter the goods of a cancelled entry under its number, in a few plain words.
    pub(super) fn goods_elsewhere(&self) -> Option<Cow<'static, str>> {
        if !self.is_cancelled {
            return None;
        }
        let asked = self.cancel_asked.as_ref().and_then(|asked| {
            let (_, words) = GOODS_ELSEWHERE.iter().find(|(reason, _)| asked.reason == **reason)?;
            let number = asked.instead.as_deref().map(|number| format!(" ({number})")).unwrap_or_default();
            Some(format!("the entry is cancelled: {words}{number}").into())
        });
        // A number that is cancelled cannot be used again, so this is no new version of its filing.
        let since = |at: Option<EventTime>| at.map(|at| at.start());
        let is_replaced = self.replaced_at.is_some() && since(self.replaced_at) >= since(self.cancelled_at);
        asked.or_else(|| {
            is_replaced.then_some("the entry is cancelled, and another one stands in its place".into())
        })
    }
}
