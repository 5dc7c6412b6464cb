//! The clock: due dates pass the steps of their ladders.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};

use super::clock_alert::OfClock;
use super::follow::Now;
use super::letters::Sorted;
use super::raise::Raised;
use super::reminders::reminder as planned;
use super::silence::{About, Broken, OldSilences};
use super::{CHUNK_REMINDERS, Group, Moment, Overflow, Pipeline, View};
use crate::clock::customs_date;
use crate::entry::{EntryDeadline, Life, Reminder, silence};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{AlertKey, LOUD_DAYS, Silence};
use crate::rules::{DeadlineContext, DeadlineHit, Delivery};
use crate::step::DueKey;

/// Reminders that are looked at when a silence is ended by hand. What stands behind them speaks at the end that it had.
const CLOCKS_MAX: usize = 20_000;

/// The day whose reminders are said, and what they have to tell so far.
struct Morning<'r> {
    day: NaiveDate,
    sorted: Sorted,
    old: OldSilences<'r>,
    /// Brokers that tell nothing of money, as one of their entries would have said.
    untold: BTreeSet<BrokerName>,
}

impl Pipeline {
    /// Says every reminder of the moment's day and before. Steps that were missed collapse into the current one.
    pub fn remind<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        overflow: Overflow<'_, V::Error>,
    ) -> Result<u64, V::Error> {
        let day = self.reminder_day(moment.at);
        let mut said = 0;
        loop {
            let due = self.reminders_ready(group, moment.at, CHUNK_REMINDERS)?;
            if due.is_empty() {
                return Ok(said + self.tell_silent_feeds(group, moment)?);
            }
            let mut entries: BTreeMap<EntryNumber, Vec<DueKey>> = BTreeMap::new();
            for (key, _) in due {
                entries.entry(key.entry).or_default().push(key);
            }
            let mut morning = Morning {
                day,
                sorted: Sorted::of_morning(day),
                old: OldSilences::default(),
                untold: BTreeSet::new(),
            };
            for (number, keys) in entries {
                said += self.remind_entry(group, moment, &mut morning, number, &keys)?;
            }
            self.tell_old_silences(group, moment, morning.old)?;
            self.tell_untold_money(group, moment, morning.untold)?;
            self.post_all(group, moment, morning.sorted)?;
            overflow(group.take())?;
        }
    }

    fn remind_entry<'r, V: View>(
        &'r self,
        group: &mut Group<'_, V>,
        moment: Moment,
        morning: &mut Morning<'r>,
        number: EntryNumber,
        keys: &[DueKey],
    ) -> Result<u64, V::Error> {
        let Some(mut life) = group.life(number)? else {
            keys.iter().for_each(|key| group.set_due(key.clone(), None));
            return Ok(0);
        };
        let Morning { day, sorted, old, untold } = morning;
        let (day, entry) = (*day, life.entry());
        let deadlines = self.deadlines_of(&life, &entry);
        let broker = broker_of(&life);
        let clock = self.wall_clock(moment.at);
        let now = Now { entry: &entry, deadlines: &deadlines, broker: &broker, clock };
        let mut raised = Vec::new();
        let customs = customs_date(moment.at);
        let waits = |reminder: &&Reminder| reminder.day > day || reminder.is_early(customs);
        let mut wanted: Vec<Reminder> = life.reminders.iter().filter(waits).cloned().collect();
        let about = About { entry: &entry, deadlines: &deadlines, broker: &broker, day };
        for reminder in life.reminders.iter().filter(|reminder| !waits(reminder)) {
            if reminder.deadline.starts_with(silence::PREFIX) {
                match self.break_silence(group, moment, reminder, &about, old)? {
                    Broken::Nothing => {}
                    Broken::Told(told) => raised.push(*told),
                    Broken::Later(again) => wanted.push(again),
                }
                continue;
            }
            let deadline = deadlines.iter().find(|deadline| deadline.key() == *reminder.deadline);
            let Some(deadline) = deadline.filter(|deadline| deadline.runs_on(day)) else {
                continue;
            };
            let on = self.day_of(deadline, moment.at);
            let context = DeadlineContext { deadline, entry: &entry, broker: broker.as_str(), on };
            if let Some(then) = self.silenced_until(group, moment, &context)? {
                wanted.push(Reminder { day: then, ..reminder.clone() });
                continue;
            }
            let of = OfClock { life: &life, entry: &entry, deadline, all: &deadlines, on };
            let (step, is_hidden) = self.reached(group, moment, &context, of, (&now, &mut *untold))?;
            raised.extend(step);
            // A step that is hidden is looked at every morning, until it is shown or another one takes its place.
            let next = if is_hidden { day.succ_opt() } else { self.rules.next_reminder(deadline, on) };
            wanted.extend(next.and_then(|next| planned(deadline, next)));
        }
        self.set_reminders(group, &mut life, wanted);
        // A key of the index that the entry does not know is left over from an older release: it goes.
        keys.iter().for_each(|key| group.set_due(key.clone(), None));
        let said = raised.len() as u64;
        let followed = self.tell_with(group, moment, raised, sorted)?;
        self.begin_to_follow(group, &mut life, followed)?;
        group.put_life(life);
        Ok(said)
    }

    /// Clocks that notices of a file answer to, and that have reached a step of their ladders by it: said with the notices, for they are one
    /// thing. Without this the clock would say them a moment later, in a letter of their own.
    pub(super) fn join_steps<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        life: &mut Life,
        now: &Now<'_>,
        raised: &mut Vec<Raised>,
    ) -> Result<(), V::Error> {
        let mut wanted = life.reminders.clone();
        let clocks: Vec<Box<str>> =
            raised.iter().filter_map(|known| known.own_clock().map(Into::into)).collect();
        for key in clocks {
            let Some(deadline) = now.deadlines.iter().find(|deadline| deadline.key() == *key) else {
                continue;
            };
            let on = self.day_of(deadline, moment.at);
            let Some(reminder) = wanted.iter_mut().find(|known| known.deadline == key && known.day <= on)
            else {
                continue;
            };
            let context = DeadlineContext { deadline, entry: now.entry, broker: now.broker.as_str(), on };
            if self.silenced_until(group, moment, &context)?.is_some() {
                continue;
            }
            let of = OfClock { life, entry: now.entry, deadline, all: now.deadlines, on };
            // What its broker tells nothing of is said by the clock.
            let untold = &mut BTreeSet::new();
            let (Some(step), _) = self.reached(group, moment, &context, of, (now, untold))? else { continue };
            if step.delivery != Delivery::Now {
                continue;
            }
            match self.rules.next_reminder(deadline, on).and_then(|next| planned(deadline, next)) {
                Some(next) => *reminder = next,
                None => wanted.retain(|known| known.deadline != key),
            }
            if raised.iter().all(|known| known.alert.key != step.alert.key) {
                raised.push(step);
            }
        }
        if wanted != life.reminders {
            self.set_reminders(group, life, wanted);
        }
        Ok(())
    }

    /// The step of its ladder that a clock has reached, unless it was told or its broker stands in `untold` for it; and whether it is hidden.
    fn reached<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        context: &DeadlineContext<'_>,
        of: OfClock<'_>,
        (now, untold): (&Now<'_>, &mut BTreeSet<BrokerName>),
    ) -> Result<(Option<Raised>, bool), V::Error> {
        if self.is_deposit_untold(group, moment, &context.deadline.key(), (now.entry, now.broker))? {
            untold.insert(now.broker.clone());
            return Ok((None, false));
        }
        let Some(hit) = self.rules.for_deadline(context) else { return Ok((None, false)) };
        let key = AlertKey::new(&hit.rule.name, context.entry.number.as_str(), &hit.occasion);
        if group.has_alert(&key)? {
            return Ok((None, false));
        }
        if self.is_hidden(&hit, now) {
            return Ok((None, true));
        }
        Ok((Some(self.step_alert(moment, hit, key, of)), false))
    }

    /// No inhibition hides the last days of a legal deadline, nor what stands behind them.
    fn is_hidden(&self, hit: &DeadlineHit<'_>, now: &Now<'_>) -> bool {
        hit.days_left > LOUD_DAYS && self.rules.hidden_by(&hit.rule.name, &now.context()).is_some()
    }

    /// The day on which a silenced clock is looked at again: when the silence ends, and in any case before the last days of
    /// a legal deadline.
    pub(super) fn silenced_until<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        context: &DeadlineContext<'_>,
    ) -> Result<Option<NaiveDate>, V::Error> {
        let silences = group.silences()?;
        if silences.all().is_empty() {
            return Ok(None);
        }
        let DeadlineContext { deadline, entry, broker, on } = *context;
        let Some(hit) = self.rules.for_deadline(context) else { return Ok(None) };
        let Some(silence) = silences.covering(&hit.rule.name, Some(entry.number), broker, moment.at) else {
            return Ok(None);
        };
        let then = self.silence_day(silence, deadline);
        Ok((then > on).then_some(then))
    }

    /// The day on which a clock may speak again for all that the silence has to say.
    fn silence_day(&self, silence: &Silence, deadline: &EntryDeadline) -> NaiveDate {
        let ends = self.reminder_day(silence.until);
        let loud = deadline.act_by.and_then(|act_by| act_by.checked_sub_signed(TimeDelta::days(LOUD_DAYS)));
        loud.map_or(ends, |loud| loud.min(ends))
    }

    /// Lets the clocks that a silence put off be looked at today. A step that was told before is not told again.
    pub(super) fn wake_clocks<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        ended: &Silence,
    ) -> Result<(), V::Error> {
        let today = self.reminder_day(moment.at);
        let due = group.due_until(self.reminder_day(ended.until), CLOCKS_MAX)?;
        let mut entries: Vec<EntryNumber> = due.iter().map(|(key, _)| key.entry).collect();
        entries.retain(|number| ended.what.entry.is_none_or(|wanted| wanted == *number));
        entries.sort_unstable();
        entries.dedup();
        for number in entries {
            let Some(mut life) = group.life(number)? else { continue };
            let entry = life.entry();
            let deadlines = self.deadlines_of(&life, &entry);
            let broker = broker_of(&life);
            let is_put_off = |reminder: &Reminder| {
                let deadline = deadlines.iter().find(|deadline| deadline.key() == *reminder.deadline);
                deadline.filter(|deadline| reminder.day == self.silence_day(ended, deadline)).is_some_and(
                    |deadline| {
                        let broker = broker.as_str();
                        let context = DeadlineContext { deadline, entry: &entry, broker, on: today };
                        let hit = self.rules.for_deadline(&context);
                        hit.is_some_and(|hit| ended.what.covers(&hit.rule.name, Some(number), broker))
                    },
                )
            };
            let wanted: Vec<Reminder> = life
                .reminders
                .iter()
                .map(|known| match known.day > today && is_put_off(known) {
                    true => Reminder { day: today, ..known.clone() },
                    false => known.clone(),
                })
                .collect();
            if wanted != life.reminders {
                self.set_reminders(group, &mut life, wanted);
                group.put_life(life);
            }
        }
        Ok(())
    }
}

/// The broker whose file spoke last of the entry.
pub(super) fn broker_of(life: &Life) -> BrokerName {
    life.broker().cloned().unwrap_or_else(|| BrokerName::new("unknown"))
}
