//! Clocks that moved: what is kept of it, and who is told.
//!
//! The old date, the new one and the cause are kept for every clock. A message about it is written only to people who were
//! told the old date, or, in the digest, when a date came nearer that nobody was told yet: most dates move in the
//! first days of an entry, when Customs fills in what the broker estimated, and nobody has to know. A clock that was closed and
//! opens again is told to those who were reminded of it: its steps were said, and its end may have been.

use chrono::NaiveDate;

use super::clock_alert::{Difference, OfClock};
use super::raise::Raised;
use super::reminders::HISTORY_DAYS;
use super::{Group, Moment, Pipeline, View};
use crate::entry::history::{self, Change};
use crate::entry::{DeadlineState, Entry, EntryDeadline, Life, Standing};
use crate::ident::{BrokerName, NoticeId};
use crate::outbox::AlertKey;
use crate::rules::{DeadlineContext, Delivery, On, Telling, occasion};

/// An entry after something happened to it.
pub(super) struct Moving<'a> {
    pub after: &'a [EntryDeadline],
    pub entry: &'a Entry,
    pub broker: &'a BrokerName,
    /// The notice that did it, when there was one only.
    pub notice: Option<NoticeId>,
}

impl Pipeline {
    /// Keeps how the clocks moved, and answers what people are told of it.
    pub(super) fn note_moves<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        life: &mut Life,
        before: &[EntryDeadline],
        moving: &Moving<'_>,
    ) -> Result<Vec<Raised>, V::Error> {
        let mut changes = history::changes(before, moving.after);
        changes.extend(history::returned(life, before, moving.after));
        for change in &mut changes {
            change.notice = change.notice.or(moving.notice);
        }
        self.note_changes(group, moment, life, moving, changes)
    }

    /// The same for changes that are known.
    pub(super) fn note_changes<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        life: &mut Life,
        moving: &Moving<'_>,
        changes: Vec<Change>,
    ) -> Result<Vec<Raised>, V::Error> {
        let today = self.reminder_day(moment.at);
        let told: Vec<Change> =
            changes.iter().filter(|change| is_a_difference(change, today)).cloned().collect();
        life.note(moment.at, changes);
        let mut raised = Vec::new();
        for change in told {
            raised.extend(self.difference(group, moment, life, moving, &change)?);
        }
        Ok(raised)
    }

    fn difference<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        life: &Life,
        moving: &Moving<'_>,
        change: &Change,
    ) -> Result<Option<Raised>, V::Error> {
        let gone = life.gone(moving.after, &self.deadlines);
        let mut known = moving.after.iter().chain(&gone);
        let Some(deadline) = known.find(|deadline| deadline.key() == *change.deadline) else {
            return Ok(None);
        };
        let on = self.day_of(deadline, moment.at);
        let context = DeadlineContext { deadline, entry: moving.entry, broker: moving.broker.as_str(), on };
        let Some((rule, telling)) = self.rules.tell_clock(&context) else { return Ok(None) };
        let of = OfClock { life, entry: moving.entry, deadline, all: moving.after, on };
        let was_said = self.was_said(group, life, change)?;
        let key = |occasion: &str| AlertKey::new(&rule.name, life.number.as_str(), occasion);
        // The reminder of today's step says the difference as well: it takes its place, or it comes by itself.
        if let Some(hit) = self.rules.for_deadline(&context) {
            let key = key(&hit.occasion);
            if !was_said {
                return Ok(None);
            }
            if !group.has_alert(&key)? {
                return Ok(Some(self.step_alert(moment, hit, key, of)));
            }
            // Beside a date of our own that stays, the steps stay as well, and have been said.
            if !change.reopens() && change.from.target != change.to.target {
                return Ok(None);
            }
        }
        let is_nearer = change.to.legal().is_some_and(|to| Some(to) < change.from.legal());
        let delivery = match was_said {
            // A clock that has no date any more needs no action: the digest says why nobody is reminded again.
            true if change.to.target.is_none() => Delivery::Digest,
            true => telling.delivery,
            // A liquidation before the day set by law is told by its own notice.
            false if is_nearer && change.from.state == DeadlineState::Open => Delivery::Digest,
            false => return Ok(None),
        };
        let key = key(&format!("{}/moved-{}", change.deadline, life.sequence(&change.deadline)));
        let telling = Telling { delivery, ..telling };
        let difference = match () {
            () if change.reopens() => Difference::Reopened,
            () if change.to == Standing::gone() => Difference::Gone,
            () => Difference::Moved,
        };
        Ok(Some(self.difference_alert(moment, (rule, difference), telling, key, of)))
    }

    /// Whether somebody was reminded of the old date, by whatever rule: what the law started has one of its own. Of a clock that had none
    /// any more it is the last one that it had.
    fn was_said<V: View>(
        &self,
        group: &Group<'_, V>,
        life: &Life,
        change: &Change,
    ) -> Result<bool, V::Error> {
        let last = || life.moves_of(&change.deadline).rev().find_map(|moved| moved.from.target);
        let Some(target) = change.from.target.or_else(last) else { return Ok(false) };
        for rule in self.rules.iter().filter(|rule| rule.on == On::Deadline) {
            for step in rule.ladder().map(|ladder| ladder.steps()).unwrap_or_default() {
                let occasion = occasion(&change.deadline, target, *step);
                if group.has_alert(&AlertKey::new(&rule.name, life.number.as_str(), &occasion))? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// A clock that ran, by law or otherwise, and has another legal date now, or counts towards another day; and one that runs again. One
/// that was closed is done with, and so is one that ran out before it was blocked: nobody has to know.
fn is_a_difference(change: &Change, today: NaiveDate) -> bool {
    if change.reopens() {
        return change.to.legal().is_some_and(|legal| (today - legal).num_days() <= HISTORY_DAYS);
    }
    let ran_out = change.to.target.is_none() && change.from.target.is_some_and(|target| target < today);
    !ran_out
        && matches!(change.from.state, DeadlineState::Open | DeadlineState::Ahead)
        && change.to.state != DeadlineState::Closed
        && (change.from.target != change.to.target || change.from.legal() != change.to.legal())
}
