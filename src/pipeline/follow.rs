//! Alerts that a later file may end or hide: looked at whenever something is said about their entry.

use super::gate::{Hearers, is_loud};
use super::letters::Sorted;
use super::{Group, Mailing, Moment, Pipeline, View};
use crate::entry::{Entry, EntryDeadline, Followed, Life};
use crate::ident::BrokerName;
use crate::outbox::{AlertKey, Happened};
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
                self.hide(group, moment, &key, hidden_by.map(|inhibit| inhibit.name.clone()), sorted)?;
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
            // `PROTEST_DUE@liquidation@2026-09-02/30`: clock, date, step.
            On::Deadline => {
                let clock = occasion.rsplit_once('/').and_then(|(clock, _)| clock.rsplit_once('@'));
                let Some((clock, target)) = clock else { return false };
                let runs = |deadline: &&EntryDeadline| {
                    deadline.may_run()
                        && deadline.key() == clock
                        && deadline.target().is_some_and(|date| date.to_string() == target)
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

    /// An inhibition began to hide an alert, or ended. One that nobody has heard of is told then.
    fn hide<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &AlertKey,
        by: Option<Box<str>>,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let mut course = group.course(key)?.unwrap_or_default();
        course.epoch += 1;
        course.hidden_by = by.clone();
        let what = by.map_or(Happened::Shown, |by| Happened::Hidden { by });
        course.note(moment.at, what);
        let is_shown = course.hidden_by.is_none() && course.over_at.is_none() && course.ack.is_none();
        group.put_course(key.clone(), course.clone());
        if !is_shown || moment.mailing != Mailing::Deliver {
            return Ok(());
        }
        let Some(alert) = group.alert(key)? else { return Ok(()) };
        let rule = self.rules.get(&alert.rule);
        if course.said > 0 {
            let told_at = course.first_at.map(|told_at| told_at.max(moment.at));
            self.arm(group, rule, key, &course, told_at);
            return Ok(());
        }
        let hearers = Hearers { loudness: alert.severity, except: None };
        self.sort(group, moment, (&alert, hearers), rule, &mut course, sorted)?;
        group.put_course(key.clone(), course);
        Ok(())
    }
}
