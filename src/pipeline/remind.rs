//! The clock: due dates pass the steps of their ladders, and digests are written.

use chrono::{DateTime, NaiveDate, Utc};

use super::raise::{Raised, running};
use super::silence::About;
use super::{CHUNK_REMINDERS, Group, Moment, Overflow, Pipeline, View, brief};
use crate::entry::{Entry, EntryDeadline, Life, Reminder, silence};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{Alert, AlertKey, Cause, DeadlineBrief, Letter, LetterKind, Team};
use crate::place::Severity;
use crate::rules::{DeadlineContext, DeadlineHit};
use crate::step::{DigestKey, DueKey};

/// Routine alerts that one digest takes; the rest goes into further letters.
const DIGEST_MAX: usize = 5_000;

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
            let due = group.due_until(day, CHUNK_REMINDERS)?;
            if due.is_empty() {
                return Ok(said + self.tell_silent_feeds(group, moment)?);
            }
            let mut entries: Vec<EntryNumber> = due.iter().map(|(key, _)| key.entry).collect();
            entries.dedup();
            entries.sort_unstable();
            entries.dedup();
            for (key, _) in &due {
                if group.life(key.entry)?.is_none() {
                    group.set_due(key.clone(), None);
                }
            }
            for number in entries {
                said += self.remind_entry(group, moment, day, number, &due)?;
            }
            overflow(group.take())?;
        }
    }

    fn remind_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        day: NaiveDate,
        number: EntryNumber,
        due: &[(DueKey, crate::step::DueValue)],
    ) -> Result<u64, V::Error> {
        let Some(mut life) = group.life(number)? else { return Ok(0) };
        let entry = life.entry();
        let deadlines = self.deadlines_of(&entry);
        let broker = broker_of(&life);
        let mut raised = Vec::new();
        let mut wanted: Vec<Reminder> =
            life.reminders.iter().filter(|reminder| reminder.day > day).cloned().collect();
        let about = About { entry: &entry, deadlines: &deadlines, broker: &broker, day };
        for reminder in life.reminders.iter().filter(|reminder| reminder.day <= day) {
            if reminder.deadline.starts_with(silence::PREFIX) {
                let (told, again) = self.break_silence(group, moment, reminder, &about)?;
                raised.extend(told);
                wanted.extend(again);
                continue;
            }
            let deadline = deadlines.iter().find(|deadline| deadline.key() == *reminder.deadline);
            let Some(deadline) = deadline.filter(|deadline| deadline.runs_on(day)) else {
                continue;
            };
            let context = DeadlineContext { deadline, entry: &entry, broker: broker.as_str(), on: day };
            if let Some(hit) = self.rules.for_deadline(&context) {
                let key = AlertKey::new(&hit.rule.name, number.as_str(), &hit.occasion);
                if !group.has_alert(&key)? {
                    raised.push(
                        self.deadline_alert(moment, day, hit, key, &life, &entry, deadline, &deadlines),
                    );
                }
            }
            if let (Some(next), Some(target)) = (self.rules.next_reminder(deadline, day), deadline.target()) {
                wanted.push(Reminder { day: next, target, deadline: reminder.deadline.clone() });
            }
        }
        self.set_reminders(group, &mut life, wanted);
        // A key of the index that the entry does not know is left over from an older release: it goes.
        for (key, _) in due.iter().filter(|(key, _)| key.entry == number && key.day <= day) {
            group.set_due(key.clone(), None);
        }
        group.put_life(life);
        let said = raised.len() as u64;
        self.tell(group, moment, Some(number), raised)?;
        Ok(said)
    }

    #[expect(clippy::too_many_arguments, reason = "each is one part of what the alert shows")]
    fn deadline_alert(
        &self,
        moment: Moment,
        day: NaiveDate,
        hit: DeadlineHit<'_>,
        key: AlertKey,
        life: &Life,
        entry: &Entry,
        deadline: &EntryDeadline,
        deadlines: &[EntryDeadline],
    ) -> Raised {
        let computed = entry
            .clocks(&self.deadlines)
            .into_iter()
            .find(|clock| clock.key() == deadline.key())
            .and_then(|clock| clock.explain(&self.deadlines).ok());
        let (name, steps) =
            computed.map_or_else(|| (deadline.id.to_string(), Vec::new()), |c| (c.name.clone(), c.steps));
        let cause = Cause::Deadline(Box::new(DeadlineBrief {
            deadline: deadline.clone(),
            name: name.into(),
            days_left: hit.days_left,
            step: hit.step.to_string().into(),
            on: day,
            steps,
        }));
        Raised {
            alert: Alert {
                key,
                rule: hit.rule.name.clone(),
                title: hit.rule.title.clone(),
                severity: hit.severity,
                raised_at: moment.at,
                entry: Some(brief::entry(entry, &broker_of(life), self.importer_number)),
                cause,
                deadlines: running(deadlines),
                next_step: hit.rule.next_step.clone(),
            },
            delivery: hit.delivery,
            notify: hit.notify.to_vec(),
        }
    }

    /// The teams whose digest is to be written now, and the day it is for: something waits from before its time.
    pub fn digests_due<V: View>(
        &self,
        view: &V,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Box<str>, NaiveDate)>, V::Error> {
        let mut due = Vec::new();
        for team in self.audience.teams() {
            let (day, at) = team.last_digest(now);
            for recipient in self.digest_recipients(team) {
                // The oldest comes first.
                if view.digest(recipient, 1)?.iter().any(|waiting| waiting.raised_at < at) {
                    due.push((team.name.clone(), day));
                    break;
                }
            }
        }
        Ok(due)
    }

    /// Somebody in two teams gets one digest a day, at the time of the first.
    fn digest_recipients<'t>(&'t self, team: &'t Team) -> impl Iterator<Item = &'t str> {
        let is_first =
            |recipient: &&str| self.audience.team_of(recipient).is_some_and(|first| first.name == team.name);
        team.to.iter().map(|recipient| &**recipient).filter(is_first)
    }

    /// Writes the digest of each recipient of a team, for `day`.
    pub fn digest<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        team: &Team,
        day: NaiveDate,
    ) -> Result<u64, V::Error> {
        let mut letters = 0;
        for recipient in self.digest_recipients(team) {
            let waiting = group.digest(recipient, DIGEST_MAX)?;
            for chunk in waiting.chunks(Letter::ALERTS_MAX) {
                let alerts: Vec<(Severity, AlertKey)> =
                    chunk.iter().map(|key: &DigestKey| (Severity::Info, key.alert.clone())).collect();
                self.write(group, moment, recipient, LetterKind::Digest { day }, None, &alerts)?;
                for key in chunk {
                    group.set_digest(key.clone(), false);
                }
                letters += 1;
            }
        }
        Ok(letters)
    }
}

/// The broker whose file spoke last of the entry.
fn broker_of(life: &Life) -> BrokerName {
    life.broker().cloned().unwrap_or_else(|| BrokerName::new("unknown"))
}
