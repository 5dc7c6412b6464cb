//! An alert says what is to be said next, if nothing keeps it back. Whatever lets go of it asks here: it was raised, an inhibition, an
//! acknowledgement or a silence ended, the time that its plan waits is over.

use chrono::{DateTime, Utc};

use super::gate::{Hearers, is_loud};
use super::letters::{Saying, Sorted, Way};
use super::trouble::is_about_mailbox;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{
    AgendaKey, Alert, AlertKey, Cause, Course, Happened, LetterKind, Owed, Silence, Task, Turn, Wait, Word,
};
use crate::rules::Rule;

/// What became of a word that was to be said again.
pub(super) struct Again {
    /// When the first one hears it.
    pub told_at: Option<DateTime<Utc>>,
    /// It is said to nobody, for the word before still waits for all.
    pub waits: bool,
}

impl Pipeline {
    /// Says what is to be said next ([`Course::turn`]). The course is the caller's to keep.
    pub(super) fn speak<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (alert, hearers): (&Alert, Hearers<'_>),
        (rule, course): (Option<&Rule>, &mut Course),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        match course.turn() {
            Turn::Rest => Ok(()),
            Turn::Count => {
                let told_at = course.first_at.map_or(moment.at, |first_at| first_at.max(moment.at));
                self.arm(group, rule, (&alert.key, course), told_at);
                Ok(())
            }
            Turn::First { people } => {
                let is_for_all = people.is_none();
                if is_for_all && let Some(then) = self.not_yet(rule, alert, moment) {
                    let task = Task::Remind { alert: alert.key.clone(), epoch: course.epoch };
                    group.set_agenda(AgendaKey::new(then, &task), true);
                    return Ok(());
                }
                let mut people =
                    people.unwrap_or_else(|| self.hearers(&self.teams_now(alert, &course.notify), hearers));
                people.retain(|recipient| !is_about_mailbox(alert, recipient));
                course.owed = Owed::Nobody;
                self.say_first(group, moment, (alert, &people), (rule, course), sorted)?;
                if !is_for_all {
                    self.arm(group, rule, (&alert.key, course), moment.at);
                }
                Ok(())
            }
            Turn::Again { nth } => self.say_anew(group, moment, (alert, nth), (rule, course), sorted),
        }
    }

    /// When a plan that waits first (`after 2 hours`) lets the alert be told, if that is ahead.
    fn not_yet(&self, rule: Option<&Rule>, alert: &Alert, moment: Moment) -> Option<DateTime<Utc>> {
        let first = rule?.after.repeat?.first?;
        let then = first.after(alert.raised_at, self.zone());
        (then > moment.at).then_some(then)
    }

    /// Sends the first word its way to each recipient. That it was told is noted when a letter is written.
    fn say_first<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (alert, people): (&Alert, &[Box<str>]),
        (rule, course): (Option<&Rule>, &mut Course),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let silence = self.silence_of(group, moment.at, alert)?;
        if let Some(silence) = &silence {
            note_silence(course, moment, silence);
        }
        for recipient in people {
            let way = match &silence {
                Some(silence) => Way::Later(Wait::Silence, silence.id.to_string().into(), silence.until),
                None => self.way(group, moment.at, recipient, alert, rule, sorted)?,
            };
            match way {
                Way::Now => sorted.add(recipient, alert, self.gathers(recipient, rule), Saying::First),
                Way::Later(wait, tray, until) => {
                    let word = Word::First { round: course.round };
                    self.wait(group, moment.at, (recipient, word), (wait, tray, until), (&alert.key, course));
                }
            }
        }
        Ok(())
    }

    /// Everybody hears of it once more: nobody ended it while it was kept back.
    fn say_anew<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (alert, nth): (&Alert, u32),
        (rule, course): (Option<&Rule>, &mut Course),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        if let Some(silence) = self.silence_of(group, moment.at, alert)? {
            note_silence(course, moment, &silence);
            let task = Task::Reopen { alert: alert.key.clone(), epoch: course.epoch };
            group.set_agenda(AgendaKey::new(silence.until, &task), true);
            return Ok(());
        }
        course.owed = Owed::Nobody;
        let teams = course.notify.clone();
        let told = (&*teams, LetterKind::Reminder { nth });
        let again = self.tell_again(group, moment, (alert, &mut *course), told, sorted)?;
        if again.waits {
            course.note(moment.at, Happened::PutOff);
        } else {
            course.said = nth;
        }
        self.arm(group, rule, (&alert.key, course), again.told_at.unwrap_or(moment.at));
        Ok(())
    }

    /// Tells teams of an alert once more, each recipient by the wall clock. Nobody is reminded of what still waits for their server; the
    /// last days of a legal deadline are said all the same.
    pub(super) fn tell_again<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (alert, course): (&Alert, &mut Course),
        (teams, kind): (&[Box<str>], LetterKind),
        sorted: &mut Sorted,
    ) -> Result<Again, V::Error> {
        let rule = self.rules.get(&alert.rule);
        let teams = self.teams_now(alert, teams);
        let mut recipients = self.audience.recipients(teams.iter().map(|team| &**team), alert.severity);
        recipients.retain(|recipient| !is_about_mailbox(alert, recipient));
        let (mut told_at, mut some_wait) = (None, false);
        let may_wait = matches!(kind, LetterKind::Reminder { .. }) && !is_loud(alert);
        for recipient in recipients {
            if may_wait && self.still_waits(group, course, &recipient, &mut sorted.looks)? {
                some_wait = true;
                continue;
            }
            let at = match self.quiet(&recipient, alert.severity, moment) {
                Some(tray) => {
                    let (word, until) = (Word::Again { kind, epoch: course.epoch }, tray.2);
                    self.wait(group, moment.at, (&recipient, word), tray, (&alert.key, course));
                    until
                }
                None => {
                    let gathers = self.gathers(&recipient, rule);
                    sorted.add(&recipient, alert, gathers, Saying::Again(kind, course.epoch));
                    moment.at
                }
            };
            told_at = told_at.into_iter().chain([at]).min();
        }
        Ok(Again { told_at, waits: some_wait && told_at.is_none() })
    }

    /// A letter is there: the alerts that nobody has heard of before are told from the moment at which it leaves, and their reminders and
    /// escalation count from then.
    pub(super) fn note_told<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (kind, alerts): (LetterKind, &[AlertKey]),
        told_at: DateTime<Utc>,
    ) -> Result<(), V::Error> {
        if !matches!(kind, LetterKind::Alert | LetterKind::Bundle { .. }) {
            return Ok(());
        }
        for key in alerts {
            let Some(mut course) = group.course(key)? else { continue };
            match course.first_at {
                _ if course.said == 0 => course.said = 1,
                // Its first letter waits for a later morning than this one.
                Some(first_at) if course.said == 1 && told_at < first_at && moment.at < first_at => {
                    course.epoch += 1;
                }
                _ => continue,
            }
            course.first_at = Some(told_at);
            if let Some(alert) = group.alert(key)?.filter(|alert| !tells_end(alert)) {
                self.arm(group, self.rules.get(&alert.rule), (key, &course), told_at);
            }
            group.put_course(key.clone(), course);
        }
        Ok(())
    }
}

/// Whether the alert tells the end of a trouble: there is nothing to say again.
pub(super) fn tells_end(alert: &Alert) -> bool {
    matches!(alert.cause, Cause::Trouble(_)) && alert.key.as_str().ends_with("-over")
}

fn note_silence(course: &mut Course, moment: Moment, silence: &Silence) {
    let Silence { id, owner, until, .. } = silence;
    course.note(moment.at, Happened::Silenced { silence: *id, owner: owner.clone(), until: *until });
}
