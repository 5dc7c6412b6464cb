//! A journal line in, a [`Step`] out. Pure: what is stored comes in through a [`View`], the file through a reader,
//! the time with the line.
//!
//! The same code applies a line when it happens, after a crash, and in a rebuild from the journal. Everything in the
//! store is a function of the journal, the grammar and the rules.

mod answer;
mod brief;
mod clock_alert;
mod digests;
mod due;
mod ends;
mod faults;
mod follow;
mod forgotten;
mod gate;
mod group;
mod heard;
mod ical;
mod lasting;
mod late;
mod letters;
mod moved;
mod nags;
mod own_clock;
mod raise;
mod receive;
mod redate;
mod rehearse;
mod remind;
mod reminders;
mod replan;
mod silence;
mod silent_feed;
mod speak;
mod statements;
mod target;
mod ties;
mod trouble;
mod untold_money;
mod withdraw;

use std::sync::Arc;

pub use brief::money;
use chrono::{DateTime, NaiveDate, Utc};
pub use group::{Group, View};
pub use heard::{Heard, Listener};
pub use ical::CALENDAR_DAYS;
pub use receive::{Received, ReceivedFile, advice};
pub use reminders::ready;
pub use replan::Replan;
pub use silent_feed::FeedWatch;
pub use target::TargetSet;
pub use trouble::RELOAD_REFUSED;

use crate::deadline::DeadlineTable;
use crate::entry::{BillNotices, Entry, EntryDeadline, Life, Unmatched};
use crate::ident::Fingerprint;
use crate::interpret::Interpreter;
use crate::outbox::{Audience, ImporterNumber, LetterKey, LetterState};
use crate::rules::Rules;
use crate::step::{Position, Step};

/// Notices that are applied before a step is handed over, so that a file of any size needs bounded memory.
pub const CHUNK_NOTICES: usize = 5_000;

/// Reminders that are looked at before a step is handed over.
pub const CHUNK_REMINDERS: usize = 1_000;

/// Everything that decides what a line does.
pub struct Pipeline {
    pub interpreter: Arc<Interpreter>,
    pub rules: Arc<Rules>,
    pub deadlines: Arc<DeadlineTable>,
    pub audience: Audience,
    pub importer_number: ImporterNumber,
    /// Brokers whose feeds are watched within their business hours.
    pub feeds: Vec<FeedWatch>,
}

/// Why a line could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E: std::error::Error + 'static> {
    #[error("the store did not answer")]
    View(#[source] E),
    #[error("the archived file could not be read")]
    Content(#[source] std::io::Error),
}

/// Takes steps that are complete in themselves before their line is: a large file, a long list of reminders.
///
/// Their position is that of the line before, so that a crash between them applies the line again.
pub type Overflow<'a, E> = &'a mut dyn FnMut(Step) -> Result<(), E>;

/// What the context of a line says about the alerts that it raises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mailing {
    /// Letters are written and sent.
    Deliver,
    /// A backfill: alerts are kept, no letter is written.
    Quiet,
    /// Derived while rebuilding, under other rules than those that were in force: letters are written, shown and not
    /// sent, but for what nobody has [heard](Heard). Those that were accepted by a server at the time are known by their keys.
    Held,
}

/// The moment of a line and what it means for mail.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub mailing: Mailing,
}

impl Pipeline {
    /// The deadlines of an entry, which is the fold of this life or of an earlier part of it.
    pub fn deadlines_of(&self, life: &Life, entry: &Entry) -> Vec<EntryDeadline> {
        life.deadlines(entry, &self.deadlines)
    }

    /// A person wants a letter to be tried again now. It has all its attempts again; what it went through is kept beside. Where no team has
    /// its address any more, those are told who are in its place.
    pub fn retry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &LetterKey,
    ) -> Result<bool, V::Error> {
        let Some(mut letter) = group.letter(key)? else { return Ok(false) };
        let (last_error, may_have_arrived) = match &letter.state {
            LetterState::Waiting { last_error, may_have_arrived, .. } => {
                (last_error.clone(), *may_have_arrived)
            }
            LetterState::GivenUp { error, may_have_arrived, .. } => (Some(error.clone()), *may_have_arrived),
            LetterState::Withdrawn { reason, may_have_arrived, .. } => {
                (Some(reason.clone()), *may_have_arrived)
            }
            LetterState::Sent { .. } => return Ok(false),
        };
        letter.past.remember(&letter.state);
        letter.state =
            LetterState::Waiting { attempt: 0, next_try_at: moment.at, last_error, may_have_arrived };
        group.put_letter(letter);
        self.readdress_letters(group, moment, std::slice::from_ref(key))?;
        Ok(true)
    }

    /// The day on which the reminders of this moment are for.
    pub fn reminder_day(&self, now: DateTime<Utc>) -> NaiveDate {
        self.audience.reminder_day(now)
    }
}

impl Pipeline {
    /// The wall-clock time of a moment where the first team is: what rules mean by the time of day.
    fn wall_clock(&self, at: DateTime<Utc>) -> Option<chrono::NaiveDateTime> {
        self.audience.teams().first().map(|team| team.zone.local(at))
    }
}

/// A hash of all entry state: every entry's facts and computed deadlines, and what is unmatched.
///
/// Feed lives, bills and loose notices in the order of their keys.
#[derive(Default)]
pub struct StateHash(sha2::Sha256);

impl StateHash {
    pub fn life(&mut self, life: &Life, table: &DeadlineTable) {
        use sha2::Digest;
        self.0.update(life.hash().as_bytes());
        for deadline in life.entry().deadlines(table) {
            let line = format!(
                "{}|{}|{}|{:?}\n",
                deadline.key(),
                deadline.due_text(),
                deadline.act_by.map(|date| date.to_string()).unwrap_or_default(),
                deadline.state
            );
            self.0.update(line.as_bytes());
        }
    }

    pub fn bill(&mut self, bill: &str, record: &crate::step::BillRecord) {
        use sha2::Digest;
        self.0.update(b"bill\0");
        self.0.update(bill.as_bytes());
        for entry in &record.entries {
            self.0.update(entry.as_bytes());
        }
        self.0.update(BillNotices::hash(&record.notices).as_bytes());
    }

    pub fn loose(&mut self, unmatched: &Unmatched) {
        use sha2::Digest;
        self.0.update(b"loose\0");
        self.0.update(unmatched.held.notice.id.as_bytes());
    }

    pub fn finish(self) -> Fingerprint {
        use sha2::Digest;
        Fingerprint::from_bytes(self.0.finalize().into())
    }
}

/// A step that only moves the position: the line changed nothing.
pub fn empty_step(position: Position) -> Step {
    Step::at(position)
}
