//! Daily statements across entries. Each is paid in time only if its oldest entry is, so its clock counts from that entry on
//! all of them.
//!
//! The record under the statement's key (`BillRecord`) has the entries that it lists and which of them is the oldest. An entry keeps what
//! it brought to its statements and which entry it counts from, so that a message reads the record only when it brings
//! something new, and other entries are touched only when another one becomes the oldest: the few entries that do that
//! cost as much as the statement is long, which is bounded by [`BillRecord::ENTRIES_MAX`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::follow::Now;
use super::letters::Sorted;
use super::moved::Moving;
use super::receive::Touched;
use super::remind::broker_of;
use super::{Group, Moment, Pipeline, View};
use crate::entry::{Life, Membership, Oldest};
use crate::ident::{BillOfLading, EntryNumber};
use crate::notice::{Effect, Token};
use crate::step::BillRecord;

/// Entries that nothing was said about and that count from another entry now, with the statements.
pub(super) type Others = BTreeMap<EntryNumber, Vec<(Token, Option<Oldest>)>>;

/// What entries bring to a statement that they did not bring before.
type Brought = BTreeMap<EntryNumber, Option<NaiveDate>>;

/// Finds out from which entry each statement counts after a chunk of notices, and tells it to the entries of the chunk. Answers who
/// else is to be told.
pub(super) fn settle<V: View>(
    group: &mut Group<'_, V>,
    touched: &mut BTreeMap<EntryNumber, Touched>,
) -> Result<Others, V::Error> {
    let mut brought: BTreeMap<Token, Brought> = BTreeMap::new();
    for (number, one) in touched.iter().filter(|(_, one)| !one.fresh.is_empty()) {
        for (statement, own) in news(&one.life) {
            brought.entry(statement).or_default().insert(*number, own);
        }
    }
    let mut others = Others::new();
    for (statement, brought) in brought {
        let key = BillOfLading::of_statement(statement.as_str());
        let record = group.bill(&key)?.unwrap_or_default();
        let oldest = oldest_of(group, &record, statement, &brought)?;
        for (number, own) in &brought {
            let oldest = oldest.filter(|_| record.entries.contains(number));
            if let Some(one) = touched.get_mut(number) {
                one.join(Membership { statement, own: *own, oldest });
            }
        }
        if oldest == record.oldest {
            continue;
        }
        for number in record.entries.iter().filter(|number| !brought.contains_key(number)) {
            match touched.get_mut(number).filter(|one| !one.fresh.is_empty()) {
                Some(one) => one.hear(statement, oldest),
                None => others.entry(*number).or_default().push((statement, oldest)),
            }
        }
        group.change_bill(&key)?.oldest = oldest;
    }
    Ok(others)
}

/// What the entry brings to its statements now and did not when it was last looked at.
fn news(life: &Life) -> Vec<(Token, Option<NaiveDate>)> {
    let stands = |effect: &Effect| matches!(effect, Effect::OnStatement(_));
    if life.memberships.is_empty() && !life.notices.iter().any(|held| stands(&held.notice.effect)) {
        return Vec::new();
    }
    let now: BTreeMap<Token, Option<NaiveDate>> = life.entry().times_on_statements().collect();
    let known: BTreeSet<Token> = life.memberships.iter().map(|known| known.statement).collect();
    let left = known.iter().filter(|statement| !now.contains_key(statement)).map(|left| (*left, None));
    let all = now.iter().map(|(statement, own)| (*statement, *own)).chain(left);
    all.filter(|(statement, own)| life.membership(*statement).is_none_or(|known| known.own != *own)).collect()
}

/// The oldest entry of a statement. The others are looked at only where the one that was the oldest is not so old any more.
fn oldest_of<V: View>(
    group: &Group<'_, V>,
    record: &BillRecord,
    statement: Token,
    brought: &Brought,
) -> Result<Option<Oldest>, V::Error> {
    let bring = |(entry, own): (&EntryNumber, &Option<NaiveDate>)| {
        Some(Oldest { date: (*own)?, entry: *entry }).filter(|_| record.entries.contains(entry))
    };
    let news = brought.iter().filter_map(bring).min();
    let is_news = |known: &Oldest| brought.contains_key(&known.entry);
    match record.oldest {
        Some(known) if is_news(&known) && news.is_none_or(|news| news > known) => {}
        Some(known) if is_news(&known) => return Ok(news),
        known => return Ok(known.into_iter().chain(news).min()),
    }
    let mut oldest = news;
    for entry in record.entries.iter().filter(|entry| !brought.contains_key(entry)) {
        let life = group.life(*entry)?;
        let own = life.and_then(|life| life.membership(statement)?.own);
        oldest = oldest.into_iter().chain(own.map(|date| Oldest { date, entry: *entry })).min();
    }
    Ok(oldest)
}

impl Touched {
    /// Keeps what the clocks counted from before, for what moved to be told.
    fn remember(&mut self) {
        if self.counted.is_none() {
            self.counted = Some(self.life.memberships.clone());
        }
    }

    fn join(&mut self, membership: Membership) {
        self.remember();
        self.life.set_membership(membership);
    }

    fn hear(&mut self, statement: Token, oldest: Option<Oldest>) {
        if let Some(known) = self.life.membership(statement).copied() {
            self.join(Membership { oldest, ..known });
        }
    }
}

impl Pipeline {
    /// Lets the clocks of entries that nothing was said about count from another entry.
    pub(super) fn tell_others<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        others: Others,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        for (number, told) in others {
            let Some(mut life) = group.life(number)? else { continue };
            let before = self.deadlines_of(&life, &life.entry());
            for (statement, oldest) in told {
                if let Some(known) = life.membership(statement).copied() {
                    life.set_membership(Membership { oldest, ..known });
                }
            }
            let entry = life.entry();
            let deadlines = self.deadlines_of(&life, &entry);
            let broker = broker_of(&life);
            let moving = Moving { after: &deadlines, entry: &entry, broker: &broker, notice: None };
            let raised = self.note_moves(group, moment, &mut life, &before, &moving)?;
            self.plan_reminders(group, &mut life, &entry, &deadlines, (moment.at, &broker));
            let clock = self.wall_clock(moment.at);
            let now = Now { entry: &entry, deadlines: &deadlines, broker: &broker, clock };
            self.follow(group, moment, &mut life, (&now, &mut *sorted))?;
            let followed = self.tell_with(group, moment, raised, sorted)?;
            self.begin_to_follow(group, &mut life, followed)?;
            group.put_life(life);
        }
        Ok(())
    }
}
