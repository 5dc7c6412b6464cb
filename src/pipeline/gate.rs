//! The gate before each recipient: what may be told now, what waits, and for how long.
//!
//! In this order: hidden by an inhibition, silenced, the recipient's quiet hours, a burst of one rule and broker, the cap of letters.
//! What does not pass goes onto the agenda, never away.

use chrono::{DateTime, TimeDelta, Utc};

use super::letters::{Sorted, Way};
use super::raise::Raised;
use super::{Group, Moment, Pipeline, View};
use crate::clock::Zone;
use crate::outbox::{
    AgendaKey, Alert, AlertKey, Cause, Course, Happened, LOUD_DAYS, Manners, Owed, Silence, Task, Wait,
    Window, Word,
};
use crate::place::Severity;
use crate::rules::{Delivery, Gather, Rule, Span};
use crate::step::DigestKey;

/// Who of the teams hears of an alert.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hearers<'a> {
    /// How loud it is for the teams' choice of what they want to hear.
    pub loudness: Severity,
    /// Who hears nothing of it.
    pub except: &'a [Box<str>],
}

impl Hearers<'_> {
    /// Of an alert that was raised before.
    pub fn of(alert: &Alert) -> Self {
        Self { loudness: alert.severity, except: &[] }
    }
}

impl Pipeline {
    /// The zone of the first team, for what concerns nobody in particular.
    pub(super) fn zone(&self) -> Option<&Zone> {
        self.audience.teams().first().map(|team| &team.zone)
    }

    /// Keeps the alerts, and tells each recipient what may be told now. Answers those whose end a later file may bring.
    pub(super) fn tell<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        raised: Vec<Raised>,
    ) -> Result<Vec<AlertKey>, V::Error> {
        let mut sorted = Sorted::default();
        let followed = self.tell_with(group, moment, raised, &mut sorted)?;
        self.post_all(group, moment, sorted)?;
        Ok(followed)
    }

    /// The same, but what may be told now waits in `sorted` for what else the file or the morning has to tell.
    pub(super) fn tell_with<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        raised: Vec<Raised>,
        sorted: &mut Sorted,
    ) -> Result<Vec<AlertKey>, V::Error> {
        let mut followed = Vec::new();
        for raised in raised {
            let Raised { alert, delivery, notify, loudness, except, hidden_by, is_end } = raised;
            let hearers = Hearers { loudness, except: &except };
            let rule = self.rules.get(&alert.rule).filter(|_| !is_end);
            if moment.mailing.writes_letters() {
                match delivery {
                    Delivery::Digest => {
                        self.tell_in_digest(group, moment, &alert, (&notify, hearers), hidden_by.is_some())?
                    }
                    Delivery::Now => {
                        let mut course =
                            Course { notify: notify.into(), owed: Owed::Everybody, ..Course::default() };
                        if let Some(by) = hidden_by {
                            course.note(moment.at, Happened::Hidden { by: by.clone() });
                            course.hidden_by = Some(by);
                        }
                        let is_followed =
                            alert.entry.is_some() && rule.is_some_and(|rule| self.is_followed(rule));
                        self.speak(group, moment, (&alert, hearers), (rule, &mut course), sorted)?;
                        group.put_course(alert.key.clone(), course);
                        followed.extend(is_followed.then(|| alert.key.clone()));
                    }
                    Delivery::None => {}
                }
            }
            group.put_alert(alert);
        }
        Ok(followed)
    }

    pub(super) fn hearers(&self, teams: &[Box<str>], hearers: Hearers<'_>) -> Vec<Box<str>> {
        let mut recipients = self.audience.recipients(teams.iter().map(|team| &**team), hearers.loudness);
        recipients.retain(|recipient| !hearers.except.contains(recipient));
        recipients
    }

    fn is_followed(&self, rule: &Rule) -> bool {
        rule.after.has_end(rule.on) || self.rules.is_inhibitable(&rule.name)
    }

    fn tell_in_digest<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        alert: &Alert,
        (notify, hearers): (&[Box<str>], Hearers<'_>),
        is_hidden: bool,
    ) -> Result<(), V::Error> {
        if is_hidden || self.silence_of(group, moment.at, alert)?.is_some() {
            return Ok(());
        }
        for recipient in self.hearers(notify, hearers) {
            let key = DigestKey { recipient, raised_at: moment.at, alert: alert.key.clone() };
            group.set_digest(key, true);
        }
        Ok(())
    }

    /// Puts an alert onto the agenda, to be told to one recipient later.
    pub(super) fn wait<V: View>(
        &self,
        group: &mut Group<'_, V>,
        now: DateTime<Utc>,
        (recipient, word): (&str, Word),
        (wait, tray, until): (Wait, Box<str>, DateTime<Utc>),
        (alert, course): (&AlertKey, &mut Course),
    ) {
        let task = Task::Tell { recipient: recipient.into(), wait, tray, alert: alert.clone(), word };
        group.set_agenda(AgendaKey::new(until, &task), true);
        if wait != Wait::Silence {
            course.note(now, Happened::HeldBack { recipient: recipient.into(), wait, until });
        }
    }

    /// Plans when the alert is said again and whom to tell when nobody answers, from the moment at which it was told.
    pub(super) fn arm<V: View>(
        &self,
        group: &mut Group<'_, V>,
        rule: Option<&Rule>,
        (alert, course): (&AlertKey, &Course),
        told_at: DateTime<Utc>,
    ) {
        let Some(rule) = rule else { return };
        let epoch = course.epoch;
        let mut plan = |after: Span, task: Task| {
            group.set_agenda(AgendaKey::new(after.after(told_at, self.zone()), &task), true);
        };
        if let Some(repeat) = rule.after.repeat.filter(|repeat| course.said < repeat.times)
            && let Some(every) = repeat.every
        {
            plan(every, Task::Remind { alert: alert.clone(), epoch });
        }
        if let Some(first) = rule.after.escalate.first() {
            plan(first.after, Task::Escalate { alert: alert.clone(), epoch, level: 1 });
        }
    }

    /// The silence that keeps an alert from people. The last days of a legal deadline cannot be silenced.
    pub(super) fn silence_of<V: View>(
        &self,
        group: &Group<'_, V>,
        now: DateTime<Utc>,
        alert: &Alert,
    ) -> Result<Option<Silence>, V::Error> {
        let silences = group.silences()?;
        if silences.all().is_empty() || is_loud(alert) {
            return Ok(None);
        }
        Ok(silences.of_alert(alert, now).cloned())
    }

    /// Whether the recipient hears of it now, as far as quiet hours and bursts have a say.
    pub(super) fn way<V: View>(
        &self,
        group: &mut Group<'_, V>,
        now: DateTime<Utc>,
        recipient: &str,
        alert: &Alert,
        rule: Option<&Rule>,
        sorted: &mut Sorted,
    ) -> Result<Way, V::Error> {
        let Some((manners, zone)) = self.audience.manners_of(recipient) else { return Ok(Way::Now) };
        if let Some(until) = manners.quiet_until(zone, alert.severity, now) {
            return Ok(Way::Later(Wait::Quiet, "".into(), until));
        }
        let Some(gather) = gathering(manners, rule) else { return Ok(Way::Now) };
        let broker = alert.entry.as_ref().map_or("", |entry| entry.broker.as_str());
        let tray: Box<str> = format!("{}|{broker}", alert.rule).into();
        let name = format!("burst|{recipient}|{tray}");
        let decided = (Box::from(recipient), tray.clone());
        if let Some((way, counts)) = sorted.decided(&decided, alert) {
            if counts && let Some(window) = group.window(&name)? {
                let letters = (window.letters + 1).min(Manners::ALONE);
                group.put_window(name.into(), Window { letters, ..window });
            }
            return Ok(way);
        }
        let way = match group.window(&name)?.filter(|window| now < window.until) {
            Some(window) if window.letters >= Manners::ALONE => Way::Later(Wait::Burst, tray, window.until),
            window => {
                let window = window.unwrap_or(Window { until: now + gather, letters: 0 });
                group.put_window(name.into(), Window { letters: window.letters + 1, ..window });
                Way::Now
            }
        };
        sorted.decide(decided, alert, way.clone());
        Ok(way)
    }

    /// Whether letters of the rule to this recipient may be joined.
    pub(super) fn gathers(&self, recipient: &str, rule: Option<&Rule>) -> bool {
        self.audience.manners_of(recipient).is_some_and(|(manners, _)| gathering(manners, rule).is_some())
    }
}

/// How long alerts of the rule are gathered for somebody with these manners.
fn gathering(manners: &Manners, rule: Option<&Rule>) -> Option<TimeDelta> {
    match rule.map_or(Gather::AsTeam, |rule| rule.after.gather) {
        Gather::AsTeam => manners.gather,
        Gather::Never => None,
        Gather::For(span) => Some(TimeDelta::minutes(i64::from(span.minutes()))),
    }
}

/// A legal deadline in its last days, or behind them.
pub(super) fn is_loud(alert: &Alert) -> bool {
    match &alert.cause {
        Cause::Deadline(brief) => brief.deadline.act_by.is_some() && brief.days_left <= LOUD_DAYS,
        Cause::Notice(_) | Cause::Trouble(_) => false,
    }
}
