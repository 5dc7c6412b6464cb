//! Alerts that a later file may end or hide: looked at whenever something is said about their entry.

use super::gate::{Hearers, is_loud};
use super::letters::Sorted;
use super::{Group, Moment, Pipeline, View};
use crate::entry::{Entry, EntryDeadline, Followed, Life};
use crate::ident::BrokerName;
use crate::outbox::{AlertKey, Course, Happened, Owed, Turn};
use crate::rules::{EntryContext, NoticeContext, On, Rule};

/// The entry as it is after a file.
pub(super) struct Now<'a> {
    pub entry: &'a Entry,
    pub deadlines: &'a [EntryDeadline],
    pub broker: &'a BrokerName,
    pub clock: Option<chrono::NaiveDateTime>,
}

impl<'a> Now<'a> {
    pub fn context(&self) -> EntryContext<'a> {
        EntryContext {
            entry: self.entry,
            broker: self.broker.as_str(),
            deadlines: self.deadlines,
            now: self.clock,
        }
    }
}

impl Pipeline {
    /// Ends, hides and shows the alerts of an entry that are followed. Reads nothing of those for which nothing changes.
    pub(super) fn follow<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        life: &mut Life,
        (now, sorted): (&Now<'_>, &mut Sorted),
    ) -> Result<(), V::Error> {
        if life.followed.is_empty() {
            return Ok(());
        }
        let followed = std::mem::take(&mut life.followed);
        let mut kept = Vec::with_capacity(followed.len());
        for mut one in followed {
            let key = AlertKey::parse(&one.alert);
            let Some((rule, occasion)) = key.parts() else { continue };
            let Some(rule) = self.rules.get(rule) else { continue };
            if self.is_over(rule, occasion, life, now) {
                self.end(group, moment, (&key, rule), sorted)?;
                continue;
            }
            let hidden_by = self.rules.hidden_by(&rule.name, &now.context());
            if hidden_by.is_some() != one.is_hidden {
                if hidden_by.is_some() && group.alert(&key)?.is_some_and(|alert| is_loud(&alert)) {
                    kept.push(one);
                    continue;
                }
                one.is_hidden = hidden_by.is_some();
                match hidden_by {
                    Some(inhibit) => self.hide(group, moment, &key, &inhibit.name)?,
                    None => self.show(group, moment, &key, sorted)?,
                }
            }
            kept.push(one);
        }
        life.followed = kept;
        Ok(())
    }

    /// Adds alerts that were just raised.
    pub(super) fn begin_to_follow<V: View>(
        &self,
        group: &Group<'_, V>,
        life: &mut Life,
        alerts: Vec<AlertKey>,
    ) -> Result<(), V::Error> {
        for key in alerts {
            let is_hidden = group.course(&key)?.is_some_and(|course| course.hidden_by.is_some());
            life.followed.push(Followed { alert: key.as_str().into(), is_hidden });
        }
        let more = life.followed.len().saturating_sub(Life::FOLLOWED_MAX);
        life.followed.drain(..more);
        Ok(())
    }

    fn is_over(&self, rule: &Rule, occasion: &str, life: &Life, now: &Now<'_>) -> bool {
        match rule.on {
            On::Notice => {
                let id = crate::ident::NoticeId::parse(occasion);
                let Some(held) = id.and_then(|id| life.get(id)) else { return false };
                let context = NoticeContext {
                    notice: &held.notice,
                    before: None,
                    after: Some(now.entry),
                    broker: now.broker.as_str(),
                    deadlines: now.deadlines,
                    now: now.clock,
                };
                self.rules.is_over(rule, &context)
            }
            // `PROTEST_DUE@liquidation@2026-09-02/30`: clock, date, step; `PROTEST_DUE@liquidation/moved-2` of its second move.
            On::Deadline => {
                if let Some((clock, said)) = occasion.rsplit_once("/moved-") {
                    let runs = |deadline: &EntryDeadline| deadline.may_run() && deadline.key() == clock;
                    return life.sequence(clock).to_string() != said || !now.deadlines.iter().any(runs);
                }
                let clock = occasion.rsplit_once('/').and_then(|(clock, _)| clock.rsplit_once('@'));
                let Some((clock, target)) = clock else { return false };
                let today = now.clock.map(|clock| clock.date());
                let counts = |deadline: &EntryDeadline| {
                    let later = today.and_then(|today| deadline.target_on(today));
                    [deadline.target(), later].into_iter().flatten().any(|date| date.to_string() == target)
                };
                let runs = |deadline: &&EntryDeadline| {
                    deadline.may_run() && deadline.key() == clock && counts(deadline)
                };
                !now.deadlines.iter().any(|deadline| runs(&deadline))
            }
            // `silence:...@2026-03-06`: what is missing, and since when.
            On::Silence => {
                let Some((silence, day)) = occasion.rsplit_once('@') else { return false };
                let silences = now.entry.silences(&self.deadlines, now.deadlines);
                !silences.iter().any(|known| known.key() == silence && known.day.to_string() == day)
            }
            On::Trouble => false,
        }
    }

    /// An inhibition begins to hide an alert.
    fn hide<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &AlertKey,
        by: &str,
    ) -> Result<(), V::Error> {
        let mut course = group.course(key)?.unwrap_or_default();
        course.hide(by.into());
        course.note(moment.at, Happened::Hidden { by: by.into() });
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// No inhibition hides an alert any more: what nobody has heard is told, and what was told is said again in time.
    fn show<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &AlertKey,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let mut course = group.course(key)?.unwrap_or_default();
        course.show();
        course.note(moment.at, Happened::Shown);
        if course.is_routine {
            self.show_routine(group, moment, key, &mut course)?;
        } else if let Some(alert) = group.alert(key)? {
            let (rule, told) = (self.rules.get(&alert.rule), (&alert, Hearers::of(&alert)));
            self.speak(group, moment, told, (rule, &mut course), sorted)?;
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// Keeps a routine alert that is hidden when it is raised, for the digest after it is shown.
    pub(super) fn hide_routine<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, notify): (AlertKey, &[Box<str>]),
        by: Box<str>,
    ) -> Option<AlertKey> {
        if !moment.mailing.writes_letters() {
            return None;
        }
        let mut course = Course { notify: notify.into(), is_routine: true, ..Course::default() };
        course.note(moment.at, Happened::Hidden { by: by.clone() });
        course.hide(by);
        group.put_course(key.clone(), course);
        Some(key)
    }

    /// A routine alert is shown: it stands in the next digest, once. What a silence keeps out of a digest is not told later.
    fn show_routine<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &AlertKey,
        course: &mut Course,
    ) -> Result<(), V::Error> {
        if course.turn() == (Turn::First { people: None })
            && let Some(alert) = self.alert_in(group, key)?
        {
            (course.said, course.first_at, course.owed) = (1, Some(moment.at), Owed::Nobody);
            if self.silence_of(group, moment.at, &alert)?.is_none() {
                let teams = self.teams_now(&alert, &course.notify);
                self.tell_later(group, moment, alert.severity, &teams, key);
            }
        }
        Ok(())
    }
}
