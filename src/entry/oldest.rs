//! A daily statement as a whole: it is paid in time only if its oldest entry is, so every entry on it counts from that one.
//!
//! An entry knows only itself. What its statements owe to other entries is told to it by the pipeline and kept beside its
//! notices; the fold lays it over the statements.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Entry, Life, StatementState};
use crate::ident::EntryNumber;
use crate::notice::Token;

/// The entry with the earliest time of entry of those that stand on a statement; of several the one with the first number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Oldest {
    pub date: NaiveDate,
    pub entry: EntryNumber,
}

/// What an entry last said to one of its daily statements, and heard of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Membership {
    pub statement: Token,
    /// The time of entry that it brings to the statement; `None` once it was taken off, or while nobody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<NaiveDate>,
    /// `None` while no entry on the statement has a time of entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Oldest>,
}

impl Life {
    pub fn membership(&self, statement: Token) -> Option<&Membership> {
        self.memberships.iter().find(|known| known.statement == statement)
    }

    /// Keeps what is known of one statement in the place of what was.
    pub fn set_membership(&mut self, membership: Membership) {
        match self.memberships.iter_mut().find(|known| known.statement == membership.statement) {
            Some(known) => *known = membership,
            None => self.memberships.push(membership),
        }
    }
}

impl Entry {
    /// The daily statements that are to be paid for the entry, with the time of entry that it brings to each. A statement that
    /// it was taken off is none of them, nor is one that is paid with a monthly one.
    pub fn times_on_statements(&self) -> impl Iterator<Item = (Token, Option<NaiveDate>)> + '_ {
        let own = self.time_of_entry().map(|(dated, _)| dated.date);
        let standing = self.statements.iter().filter(|(number, statement)| {
            !number.is_empty() && !statement.is_periodic() && statement.state() != StatementState::Removed
        });
        standing.map(move |(number, _)| (*number, own))
    }

    /// Lays what the statements owe to other entries over what the notices say.
    pub fn counting_from(mut self, memberships: &[Membership]) -> Self {
        for known in memberships {
            if let Some(statement) = self.statements.get_mut(&known.statement) {
                statement.oldest = known.oldest;
            }
        }
        self
    }
}
