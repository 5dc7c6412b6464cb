//! Holds are sets: an entry is released only when no hold is open, and each removal closes only its own.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::ident::{BillOfLading, NoticeId};
use crate::notice::{ClearedCodes, EventTime, HoldKind, Notice, Token};

/// What a hold or a release is limited to. All `None` is the whole entry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Scope {
    pub bill: Option<BillOfLading>,
    pub house_bill: Option<BillOfLading>,
    pub container: Option<Token>,
}

impl Scope {
    pub fn of(notice: &Notice) -> Self {
        Self { bill: notice.bill.clone(), house_bill: notice.house_bill.clone(), container: notice.container }
    }

    pub fn is_entry(&self) -> bool {
        self.bill.is_none() && self.house_bill.is_none() && self.container.is_none()
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!(
            "{}/{}/{}",
            self.bill.as_ref().map_or("", BillOfLading::as_str),
            self.house_bill.as_ref().map_or("", BillOfLading::as_str),
            self.container.as_ref().map_or("", Token::as_str),
        ))
    }
}

/// Which hold: who placed it, under which code, on what.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HoldKey {
    pub scope: Scope,
    pub agency: Token,
    pub code: Token,
}

impl Serialize for HoldKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scope = serde_json::to_value(&self.scope).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&format_args!(
            "{}/{}/{}",
            self.agency,
            self.code,
            scope.as_str().unwrap_or_default()
        ))
    }
}

/// The history of one hold, reduced to its last opening.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldState {
    pub what: HoldKind,
    pub since: Option<EventTime>,
    pub notice: NoticeId,
    /// A release that was taken back opened it, so the next release of the same scope closes it.
    pub is_reversal: bool,
    pub closed: Option<Closed>,
}

/// What closed a hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closed {
    pub at: Option<EventTime>,
    pub notice: NoticeId,
}

impl HoldState {
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

impl Serialize for HoldState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut state = serializer.serialize_struct("HoldState", 5)?;
        state.serialize_field("what", &self.what)?;
        state.serialize_field("since", &self.since)?;
        state.serialize_field("notice", &self.notice)?;
        state.serialize_field("closed_at", &self.closed.as_ref().map(|closed| closed.at))?;
        state.serialize_field("closed_by", &self.closed.as_ref().map(|closed| closed.notice))?;
        state.end()
    }
}

/// The holds of an entry while it is folded.
#[derive(Default)]
pub(super) struct Holds(pub BTreeMap<HoldKey, HoldState>);

impl Holds {
    pub fn open(&mut self, notice: &Notice, agency: Token, code: Token, what: HoldKind, is_reversal: bool) {
        let key = HoldKey { scope: Scope::of(notice), agency, code };
        match self.0.get_mut(&key) {
            Some(hold) if hold.is_open() => {}
            Some(hold) => {
                *hold = HoldState { what, since: notice.at, notice: notice.id, is_reversal, closed: None };
            }
            None => {
                let hold = HoldState { what, since: notice.at, notice: notice.id, is_reversal, closed: None };
                self.0.insert(key, hold);
            }
        }
    }

    pub fn clear(&mut self, notice: &Notice, agency: Token, codes: ClearedCodes) {
        let scope = Scope::of(notice);
        self.close(notice, |key, _| {
            key.scope == scope
                && key.agency == agency
                && (codes.is_empty() || codes.iter().any(|code| code == key.code))
        });
    }

    /// Closes the open holds that `which` names; answers whether any was.
    pub fn close(&mut self, notice: &Notice, which: impl Fn(&HoldKey, &HoldState) -> bool) -> bool {
        let mut any = false;
        for (key, hold) in &mut self.0 {
            if hold.is_open() && which(key, hold) {
                hold.closed = Some(Closed { at: notice.at, notice: notice.id });
                any = true;
            }
        }
        any
    }
}
