//! What lasts and is about no entry, troubles and silent feeds, under other rules: an alert whose rule is gone or has another name is
//! closed, and told by the rule that decides now while its cause is still there. The trouble of a mailbox that no team has is over.

use super::letters::Sorted;
use super::raise::{Raised, Told};
use super::{Group, Moment, Pipeline, View};
use crate::entry::Unmatched;
use crate::ident::{BillOfLading, NoticeId};
use crate::outbox::{Ack, AgendaKey, Alert, AlertKey, Cause, Course, Happened, Owed, Task};
use crate::rules::{Delivery, NoticeContext};
use crate::step::Position;

impl Pipeline {
    /// Whether the rules in force make a difference to what lasts and is about no entry.
    pub fn wants_lasting<V: View>(&self, view: &V, moment: Moment) -> Result<bool, V::Error> {
        self.replace_lasting(&mut Group::new(view, Position::START), moment)
    }

    /// Answers whether something changed.
    pub(super) fn replace_lasting<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
    ) -> Result<bool, V::Error> {
        let mut has_changed = false;
        for mut open in group.troubles()? {
            if self.is_of_no_mailbox(&open) {
                has_changed = true;
                self.mailbox_gone(group, moment, open)?;
                continue;
            }
            let orphans: Vec<AlertKey> = open.alerts.extract_if(.., |key| self.is_orphan(key)).collect();
            let Some(last) = orphans.last() else { continue };
            has_changed = true;
            let course = self.close_all(group, moment, &orphans)?;
            let occasion = last.parts().map(|(_, occasion)| occasion.to_owned()).unwrap_or_default();
            let told = Told::new(open.severity, &open.broker, &open.brief, &occasion);
            let heir = self.trouble_raised(moment, &told);
            open.alerts.extend(self.succeed(group, moment, heir, &course)?);
            group.set_trouble(open.brief.id(), Some(open));
        }
        for watch in &self.feeds {
            let Some(mut feed) = group.feed(&watch.broker)? else { continue };
            let Some(orphan) = feed.told.take_if(|key| self.is_orphan(key)) else { continue };
            has_changed = true;
            let course = self.close_all(group, moment, &[orphan])?;
            // A feed that was heard since then would have taken its alert with it.
            let heir = self.feed_raised(watch, &feed, moment);
            feed.told = self.succeed(group, moment, heir, &course)?;
            group.put_feed(watch.broker.clone(), feed);
        }
        Ok(has_changed)
    }

    /// Whether the rule of an alert is gone.
    pub(super) fn is_orphan(&self, key: &AlertKey) -> bool {
        key.parts().is_none_or(|(rule, _)| self.rules.get(rule).is_none())
    }

    /// Closes alerts whose rule is gone; answers the course that the last one had.
    fn close_all<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        orphans: &[AlertKey],
    ) -> Result<Course, V::Error> {
        let mut course = Course::default();
        for key in orphans {
            course = group.course(key)?.unwrap_or_default();
            if let Some(old) = group.alert(key)?.filter(|_| course.over_at.is_none()) {
                self.close_orphan(group, moment, &old, course.clone());
            }
        }
        Ok(course)
    }

    /// The alert in the place of one that was closed is told, if it is told at once; who took care of the old one takes care of it as long.
    fn succeed<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        heir: Option<Raised>,
        old: &Course,
    ) -> Result<Option<AlertKey>, V::Error> {
        let Some(heir) = heir.filter(|heir| heir.delivery == Delivery::Now) else { return Ok(None) };
        let key = heir.alert.key.clone();
        if group.has_alert(&key)? {
            let mut sorted = Sorted::default();
            self.revive(group, moment, &key, old.ack.as_ref(), &mut sorted)?;
            self.post_all(group, moment, sorted)?;
        } else if old.ack.is_some() {
            self.inherit_answer(group, heir, old.clone());
        } else {
            self.tell(group, moment, vec![heir])?;
        }
        Ok(Some(key))
    }

    /// The rule of an alert that was closed because it was gone is back: the alert is open again. Who heard of it does not hear it again
    /// for that; reminders go on. Answers whether it is open.
    pub(super) fn revive<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &AlertKey,
        ack: Option<&Ack>,
        sorted: &mut Sorted,
    ) -> Result<bool, V::Error> {
        let (Some(alert), Some(mut course)) = (group.alert(key)?, group.course(key)?) else {
            return Ok(false);
        };
        if course.over_at.is_none() || course.cause_gone_at().is_some() {
            return Ok(false);
        }
        course.over_at = None;
        course.epoch += 1;
        course.note(moment.at, Happened::RuleBack { rule: alert.rule.clone() });
        course.ack = None;
        if course.said == 0 {
            course.owed = Owed::Everybody;
        }
        match ack {
            Some(ack) => self.take_answer(group, &alert, &mut course, ack.clone()),
            None => {
                let hearers = super::gate::Hearers::of(&alert);
                let rule = self.rules.get(&alert.rule);
                self.speak(group, moment, (&alert, hearers), (rule, &mut course), sorted)?;
            }
        }
        group.put_course(key.clone(), course);
        Ok(true)
    }

    /// Somebody took care of the alert in whose place this one is.
    fn take_answer<V: View>(&self, group: &mut Group<'_, V>, alert: &Alert, course: &mut Course, ack: Ack) {
        let until = self.audience.reminders_from(self.opens_on(alert, &ack));
        course.acknowledge(ack, None);
        let task = Task::Reopen { alert: alert.key.clone(), epoch: course.epoch };
        group.set_agenda(AgendaKey::new(until, &task), true);
    }

    /// The alert in the place of one whose rule is gone, with the answer that somebody gave to that. Answers whether it is hidden.
    pub(super) fn inherit_answer<V: View>(
        &self,
        group: &mut Group<'_, V>,
        heir: Raised,
        old: Course,
    ) -> bool {
        let Raised { alert, notify, hidden_by, .. } = heir;
        let ack = old.ack.clone();
        let mut course = Course { notify: notify.into(), hidden_by, over_at: None, ..old };
        course.events.clear();
        if let Some(ack) = ack {
            self.take_answer(group, &alert, &mut course, ack);
        }
        let is_hidden = course.hidden_by.is_some();
        group.put_course(alert.key.clone(), course);
        group.put_alert(alert);
        is_hidden
    }

    /// The agenda has something for an alert of no entry whose rule is gone: the rule that decides now tells it, if one does.
    pub(super) fn replace_ownerless<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (old, course): (&Alert, Course),
    ) -> Result<(), V::Error> {
        self.close_orphan(group, moment, old, course.clone());
        let occasion = old.key.parts().map(|(_, occasion)| occasion).unwrap_or_default();
        let broker = old.broker.as_ref().map_or("", |broker| broker.as_str());
        let heir = match &old.cause {
            Cause::Trouble(brief) => {
                self.trouble_raised(moment, &Told::new(old.severity, broker, brief, occasion))
            }
            Cause::Notice(_) => match NoticeId::parse(occasion) {
                Some(id) => self.ownerless_heir(group, moment, old, id)?,
                None => None,
            },
            Cause::Deadline(_) => None,
        };
        self.succeed(group, moment, heir, &course)?;
        Ok(())
    }

    fn ownerless_heir<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        old: &Alert,
        id: NoticeId,
    ) -> Result<Option<Raised>, V::Error> {
        let bill = match &old.cause {
            Cause::Notice(brief) => brief.bill.as_deref().and_then(BillOfLading::parse),
            _ => None,
        };
        let waiting = match bill {
            Some(bill) => group.bill(&bill)?.map(|record| record.notices).unwrap_or_default(),
            None => Vec::new(),
        };
        let is_it = |unmatched: &Unmatched| unmatched.held.notice.id == id;
        let Some(unmatched) = group.loose(id)?.into_iter().chain(waiting).find(is_it) else {
            return Ok(None);
        };
        let notice = &unmatched.held.notice;
        let context = NoticeContext {
            notice,
            before: None,
            after: None,
            broker: old.broker.as_ref().map_or("", |broker| broker.as_str()),
            deadlines: &[],
            now: self.wall_clock(moment.at),
        };
        let Some(hit) = self.rules.for_notice(&context) else { return Ok(None) };
        let subject = notice.bill.as_ref().map_or("-", |bill| bill.as_str());
        let alert = Alert {
            key: AlertKey::new(&hit.rule.name, subject, &hit.occasion),
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: hit.severity,
            raised_at: moment.at,
            next_step: hit.rule.next_step.clone(),
            ..old.clone()
        };
        Ok(Some(Raised::new(alert, hit.delivery, hit.notify)))
    }
}
