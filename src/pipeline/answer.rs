//! What people say back: they take care of an alert, or want to hear nothing for a while.

use chrono::{NaiveDate, TimeDelta};

use super::gate::is_loud;
use super::{Group, Moment, Pipeline, View};
use crate::entry::Reminder;
use crate::outbox::{
    Ack, AgendaKey, Alert, AlertKey, Cause, DeadlineBrief, LOUD_DAYS, LetterKey, NewSilence,
    SILENCE_DAYS_MAX, Silence, Task, Wait,
};

/// Tasks that are looked at when a silence is ended by hand. What stands behind them is told at the end that it had.
const KEPT_BACK_MAX: usize = 200_000;

impl Pipeline {
    /// Somebody takes care of an alert until a day. Under other rules than those that raised it this answers for what they make of the
    /// same event. Answers false when there is nothing of it.
    pub fn acknowledge<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: &AlertKey,
        ack: Ack,
        letter: Option<LetterKey>,
    ) -> Result<bool, V::Error> {
        if let Some(alert) = group.alert(alert)? {
            self.take_care(group, alert, ack, letter)?;
            return Ok(true);
        }
        let mut is_any = false;
        for key in self.names_of(alert) {
            let Some(alert) = group.alert(&key)? else { continue };
            self.take_care(group, alert, ack.clone(), letter.clone())?;
            is_any = true;
        }
        Ok(is_any)
    }

    /// The keys that an alert may have under the rules in force: of the same subject and occasion, whichever rule tells of it. Its own
    /// is the first.
    pub fn names_of(&self, alert: &AlertKey) -> impl Iterator<Item = AlertKey> {
        let about = alert.about().map(|(rule, subject, occasion)| {
            let others = self.rules.iter().map(|rule| &*rule.name).filter(move |name| *name != rule);
            others.map(move |name| AlertKey::new(name, subject, occasion))
        });
        std::iter::once(alert.clone()).chain(about.into_iter().flatten())
    }

    fn take_care<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: Alert,
        ack: Ack,
        letter: Option<LetterKey>,
    ) -> Result<(), V::Error> {
        let mut course = group.course(&alert.key)?.unwrap_or_default();
        let (until, opens) = (ack.until, self.opens_on(&alert, &ack));
        course.acknowledge(ack.clone(), letter);
        self.withdraw_nags(group, (&alert, &mut course), &ack)?;
        // Everybody hears of it again when that ends; nothing keeps back the last days of a legal deadline.
        if !is_loud(&alert) {
            course.begin_round();
        }
        if let Cause::Deadline(brief) = &alert.cause {
            self.pause_ladder(group, &alert, brief, until)?;
        }
        if course.over_at.is_none() {
            let task = Task::Reopen { alert: alert.key.clone(), epoch: course.epoch };
            group.set_agenda(AgendaKey::new(self.audience.reminders_from(opens), &task), true);
        }
        group.put_course(alert.key, course);
        Ok(())
    }

    /// Moves the next look at an acknowledged clock to the day on which its ladder opens again: when the acknowledgement ends, or
    /// when so many days are left as the rule says, whichever comes first.
    fn pause_ladder<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: &Alert,
        brief: &DeadlineBrief,
        until: NaiveDate,
    ) -> Result<(), V::Error> {
        let Some(number) = alert.entry.as_ref().map(|entry| entry.number) else { return Ok(()) };
        let Some(mut life) = group.life(number)? else { return Ok(()) };
        let rule = self.rules.get(&alert.rule);
        let key = brief.deadline.key();
        let moved = |reminder: &Reminder| {
            if *reminder.deadline != *key || !brief.deadline.is_counted_by(reminder) {
                return reminder.clone();
            }
            let opens = rule
                .map_or(until.min(reminder.target), |rule| rule.after.opens_again(reminder.target, until));
            Reminder { day: reminder.day.max(opens), ..reminder.clone() }
        };
        let wanted = life.reminders.iter().map(moved).collect();
        self.set_reminders(group, &mut life, wanted);
        group.put_life(life);
        Ok(())
    }

    /// The day on which an alert that somebody takes care of is open again.
    pub(super) fn opens_on(&self, alert: &Alert, ack: &Ack) -> NaiveDate {
        match &alert.cause {
            Cause::Deadline(brief) => self.speaks_again(alert, brief, ack.until, self.reminder_day(ack.at)),
            Cause::Notice(_) | Cause::Trouble(_) => ack.until,
        }
    }

    /// The day on which an acknowledged step is open again, and is said again if no later step has come: the day of the acknowledgement,
    /// when so many days are left as the rule says, and the last days of a legal deadline, whichever comes next.
    fn speaks_again(
        &self,
        alert: &Alert,
        brief: &DeadlineBrief,
        until: NaiveDate,
        today: NaiveDate,
    ) -> NaiveDate {
        let counted = brief.on.checked_add_signed(TimeDelta::days(brief.days_left));
        let opens = counted.zip(self.rules.get(&alert.rule));
        let opens = opens.map(|(target, rule)| rule.after.opens_again(target, until));
        let act_by = brief.deadline.act_by;
        let loud = [LOUD_DAYS, 0, -1]
            .into_iter()
            .filter_map(|days| act_by?.checked_sub_signed(TimeDelta::days(days)));
        opens.into_iter().chain(loud).filter(|day| *day > today).chain([until]).min().unwrap_or(until)
    }

    /// A silence begins. It is cut to the longest that anybody may have.
    pub fn silence<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        new: &NewSilence,
    ) -> Result<(), V::Error> {
        let latest = moment.at + TimeDelta::days(SILENCE_DAYS_MAX);
        let silence = Silence {
            id: moment.seq,
            owner: new.owner.clone(),
            reason: new.reason.clone(),
            from: moment.at,
            until: self.audience.reminders_from(new.until).min(latest),
            what: new.what.clone(),
        };
        let task = Task::SilenceEnds { id: silence.id };
        group.set_agenda(AgendaKey::new(silence.announced_at(), &task), true);
        let mut silences = group.silences()?.clone();
        silences.add(silence);
        group.put_silences(silences);
        Ok(())
    }

    /// A silence ends before its time: what it kept back comes due now.
    pub fn end_silence<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        id: u64,
    ) -> Result<bool, V::Error> {
        let mut silences = group.silences()?.clone();
        let Some(ended) = silences.get(id).filter(|silence| moment.at < silence.until).cloned() else {
            return Ok(false);
        };
        silences.end(id, moment.at);
        group.put_silences(silences);
        self.wake_clocks(group, moment, &ended)?;
        for key in group.agenda_until(ended.until, KEPT_BACK_MAX)? {
            if key.at == ended.until
                && let Some(task) = key.task()
                && self.is_kept_by(group, &task, &ended)?
            {
                group.set_agenda(key, false);
                group.set_agenda(AgendaKey::new(moment.at, &task), true);
            }
        }
        Ok(true)
    }

    /// Whether a task of the moment at which a silence was to end is there because of it.
    fn is_kept_by<V: View>(
        &self,
        group: &Group<'_, V>,
        task: &Task,
        silence: &Silence,
    ) -> Result<bool, V::Error> {
        Ok(match task {
            Task::Tell { wait: Wait::Silence, tray, .. } => **tray == *silence.id.to_string(),
            Task::Remind { alert, .. } | Task::Escalate { alert, .. } | Task::Reopen { alert, .. } => {
                group.alert(alert)?.is_some_and(|alert| silence.has(&alert))
            }
            Task::Tell { .. } | Task::SilenceEnds { .. } => false,
        })
    }
}
