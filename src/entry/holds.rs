//! Holds are sets: an entry is released only when no hold is open, and each removal closes only its own.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::lines::{Extent, Lines, Named};
use crate::ident::{BillOfLading, NoticeId};
use crate::notice::{ClearedCodes, EventTime, HoldKind, Kind, Notice, Token};

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
    /// Which lines of the entry are still held.
    pub extent: Extent,
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
pub(super) struct Holds {
    pub all: BTreeMap<HoldKey, HoldState>,
    /// Lines that the messages of each agency named.
    named: BTreeMap<Token, Named>,
}

impl Holds {
    pub fn open(&mut self, notice: &Notice, agency: Token, code: Token, what: HoldKind, is_reversal: bool) {
        let key = HoldKey { scope: Scope::of(notice), agency, code };
        let lines = self.lines_of(notice, agency);
        match self.all.get_mut(&key) {
            Some(hold) if hold.is_open() => hold.extent.add(lines),
            known => {
                let (since, extent) = (notice.at, Extent::of(lines));
                let hold = HoldState { what, since, notice: notice.id, is_reversal, extent, closed: None };
                match known {
                    Some(known) => *known = hold,
                    None => drop(self.all.insert(key, hold)),
                }
            }
        }
    }

    /// Closes the holds that a removal names: all of them when it is for the whole entry, else those lines.
    pub fn clear(&mut self, notice: &Notice, agency: Token, codes: ClearedCodes) {
        let scope = Scope::of(notice);
        let lines = self.lines_of(notice, agency);
        let is_of_line = !is_of_entry(notice) && notice.field("line_status").is_some();
        let named = self.named.get(&agency);
        for (key, hold) in &mut self.all {
            let is_named = codes.is_empty() || codes.iter().any(|code| code == key.code);
            if !(hold.is_open() && key.scope == scope && key.agency == agency && is_named) {
                continue;
            }
            match (lines, named) {
                (Some(lines), Some(named)) => hold.extent.remove(lines, named),
                // A line that the message does not number.
                _ if is_of_line => hold.extent.remove_whole(),
                _ => hold.extent = Extent::default(),
            }
            if hold.extent.is_empty() {
                hold.closed = Some(Closed { at: notice.at, notice: notice.id });
            }
        }
    }

    /// Closes the open holds that `which` names; answers whether any was.
    pub fn close(&mut self, notice: &Notice, which: impl Fn(&HoldKey, &HoldState) -> bool) -> bool {
        let mut any = false;
        for (key, hold) in &mut self.all {
            if hold.is_open() && which(key, hold) {
                hold.closed = Some(Closed { at: notice.at, notice: notice.id });
                any = true;
            }
        }
        any
    }

    fn lines_of(&mut self, notice: &Notice, agency: Token) -> Option<Lines> {
        let lines = Lines::of(notice)?;
        self.named.entry(agency).or_default().note(lines);
        Some(lines)
    }
}

/// A status of an agency that is about all of its lines.
fn is_of_entry(notice: &Notice) -> bool {
    notice.kind != Kind::AgencyStatus || notice.field("entry_status").is_some()
}
