//! Other rules, or other teams, came into force: what stands follows them. Reminders are planned anew, alerts are hidden or shown as the
//! inhibitions are now, and an alert whose rule is gone leaves its place to the rule that decides now.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::follow::Now;
use super::letters::Sorted;
use super::raise::Raised;
use super::remind::broker_of;
use super::reminders::{HISTORY_DAYS, LATE_DAYS, reminder};
use super::{Group, Moment, Pipeline, View};
use crate::entry::{Followed, Life};
use crate::ident::{EntryNumber, NoticeId};
use crate::outbox::{Alert, AlertKey, Cause, Course, Happened, LetterKey};
use crate::rules::{DeadlineContext, DeadlineHit, Delivery, NoticeContext};
use crate::step::{DigestKey, Position};

/// A step that other rules have passed over is told late for so many days. Before that it is history.
const MISSED_DAYS: i64 = 7;

/// Routine alerts of one address that go to others at once.
const READDRESSED_MAX: usize = 500;

/// What follows other rules or teams at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replan<'a> {
    pub entries: &'a [EntryNumber],
    /// Addresses that no team has any more, for whose digests something waits.
    pub addresses: &'a [Box<str>],
    /// Letters that wait for such an address.
    pub letters: &'a [LetterKey],
    /// Alerts of rules that are gone, which no entry follows.
    pub alerts: &'a [AlertKey],
    /// What lasts and is about no entry follows as well.
    pub lasting: bool,
}

impl Pipeline {
    /// Whether the rules in force make a difference to an entry: whether [`Pipeline::replan`] would change something.
    pub fn wants_replan<V: View>(
        &self,
        view: &V,
        moment: Moment,
        number: EntryNumber,
    ) -> Result<bool, V::Error> {
        let mut group = Group::new(view, Position::START);
        self.replan_entry(&mut group, moment, number, &mut Sorted::default())
    }

    /// Lets these entries follow the rules in force, and what waits for an address that no team has any more go to those whom the rules
    /// name now.
    pub fn replan<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        what: &Replan<'_>,
    ) -> Result<(), V::Error> {
        let mut sorted = Sorted::default();
        for number in what.entries {
            self.replan_entry(group, moment, *number, &mut sorted)?;
        }
        for address in what.addresses {
            self.readdress_digest(group, address)?;
        }
        if what.lasting {
            self.replace_lasting(group, moment)?;
        }
        self.close_forgotten(group, moment, what.alerts, &mut sorted)?;
        self.readdress_letters(group, moment, what.letters)?;
        self.post_all(group, moment, sorted)
    }

    /// Answers whether something changed.
    pub(super) fn replan_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        number: EntryNumber,
        sorted: &mut Sorted,
    ) -> Result<bool, V::Error> {
        let Some(mut life) = group.life(number)? else { return Ok(false) };
        let before = (life.reminders.clone(), life.followed.clone());
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let broker = broker_of(&life);
        let today = self.reminder_day(moment.at);
        let clock = self.wall_clock(moment.at);
        let now = Now { entry: &entry, deadlines: &deadlines, broker: &broker, clock };
        let raised = self.replace_orphans(group, moment, &mut life, (&now, &mut *sorted))?;
        self.follow(group, moment, &mut life, (&now, &mut *sorted))?;
        let mut wanted = Vec::new();
        for deadline in deadlines.iter().filter(|deadline| deadline.may_run()) {
            let context = DeadlineContext { deadline, entry: &entry, broker: broker.as_str(), on: today };
            let day = self.day_anew(group, moment, &life, &context)?;
            wanted.extend(day.and_then(|day| reminder(deadline, day)));
        }
        self.finish_plan(group, &mut life, (&entry, &deadlines), wanted, (today, &broker));
        let followed = self.tell_with(group, moment, raised, sorted)?;
        self.begin_to_follow(group, &mut life, followed)?;
        let changed = before != (life.reminders.clone(), life.followed.clone());
        if changed {
            group.put_life(life);
        }
        Ok(changed)
    }

    /// The day on which a clock is looked at next, as the rules in force have it. What was told, silenced or answered stays so.
    fn day_anew<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        life: &Life,
        context: &DeadlineContext<'_>,
    ) -> Result<Option<NaiveDate>, V::Error> {
        let DeadlineContext { deadline, on: today, .. } = *context;
        let key = deadline.key();
        let standing = life.reminders.iter().find(|known| *known.deadline == *key);
        if let Some(known) = standing.filter(|known| known.day <= today) {
            return Ok(Some(known.day));
        }
        if let Some(then) = self.silenced_until(group, moment, context)? {
            return Ok(Some(standing.map_or(then, |known| known.day.min(then))));
        }
        let Some(left) = deadline.target_on(today).map(|target| (target - today).num_days()) else {
            return Ok(None);
        };
        if standing.is_none() && left < -HISTORY_DAYS {
            return Ok(None);
        }
        let before = deadline.starts.and_then(|starts| starts.pred_opt());
        let next = self.rules.next_reminder(deadline, today.max(before.unwrap_or(today)));
        let is_put_off = standing.is_some_and(|known| next.is_none_or(|next| known.day > next));
        let opens = if is_put_off { self.paused_until(group, life, context)? } else { None };
        if let Some(opens) = opens.filter(|opens| *opens > today) {
            return Ok(next.map(|next| next.max(opens)));
        }
        if let Some(hit) = self.rules.for_deadline(context)
            && is_missed(life, &hit, context, |at| self.reminder_day(at), standing.is_some())
            && !self.is_told(group, &hit, context)?
        {
            return Ok(Some(today));
        }
        Ok(next)
    }

    /// Whether this step of the clock was told, be it by another rule.
    fn is_told<V: View>(
        &self,
        group: &Group<'_, V>,
        hit: &DeadlineHit<'_>,
        context: &DeadlineContext<'_>,
    ) -> Result<bool, V::Error> {
        let number = context.entry.number;
        for (rule, _) in self.rules.ladders_of(&context.deadline.id) {
            if group.has_alert(&AlertKey::new(&rule.name, number.as_str(), &hit.occasion))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Until when acknowledgements pause the ladders of a clock.
    fn paused_until<V: View>(
        &self,
        group: &Group<'_, V>,
        life: &Life,
        context: &DeadlineContext<'_>,
    ) -> Result<Option<NaiveDate>, V::Error> {
        let (deadline, key) = (context.deadline, context.deadline.key());
        let mut targets: Vec<NaiveDate> = deadline.target().into_iter().chain(deadline.legal()).collect();
        targets.dedup();
        let mut latest = None;
        for (rule, ladder) in self.rules.ladders_of(&deadline.id) {
            for (step, target) in
                ladder.steps().iter().flat_map(|step| targets.iter().map(move |to| (step, to)))
            {
                let occasion = crate::rules::occasion(&key, *target, *step);
                let alert = AlertKey::new(&rule.name, life.number.as_str(), &occasion);
                let ack = group.course(&alert)?.and_then(|course| course.ack);
                latest = latest.max(ack.map(|ack| rule.after.opens_again(*target, ack.until)));
            }
        }
        Ok(latest)
    }

    /// Closes the alerts of an entry whose rule is gone. What was told by notices is told anew where another rule decides now, and
    /// clocks are told anew by their ladders.
    fn replace_orphans<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        life: &mut Life,
        (now, sorted): (&Now<'_>, &mut Sorted),
    ) -> Result<Vec<Raised>, V::Error> {
        let rule_of = |alert: &str| alert.split_once('|').and_then(|(rule, _)| self.rules.get(rule));
        let mut raised = Vec::new();
        for one in life.followed.extract_if(.., |one| rule_of(&one.alert).is_none()).collect::<Vec<_>>() {
            let key = AlertKey::parse(&one.alert);
            let Some(old) = group.alert(&key)? else { continue };
            let course = group.course(&key)?.unwrap_or_default();
            if course.over_at.is_some() {
                continue;
            }
            self.close_orphan(group, moment, &old, course.clone());
            let Some(heir) = self.heir(&old, moment, life, now) else { continue };
            let key = heir.alert.key.clone();
            if raised.iter().any(|one: &Raised| one.alert.key == key) {
                continue;
            }
            if group.has_alert(&key)? {
                if self.revive(group, moment, &key, course.ack.as_ref(), sorted)? {
                    self.begin_to_follow(group, life, vec![key])?;
                }
            } else if course.ack.is_some() {
                let is_hidden = self.inherit_answer(group, heir, course);
                life.followed.push(Followed { alert: key.as_str().into(), is_hidden });
            } else {
                raised.push(heir);
            }
        }
        Ok(raised)
    }

    pub(super) fn close_orphan<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        old: &Alert,
        mut course: Course,
    ) {
        course.epoch += 1;
        course.over_at = Some(moment.at);
        course.note(moment.at, Happened::RuleGone { rule: old.rule.clone() });
        group.put_course(old.key.clone(), course);
    }

    /// The same alert as the rule raises it that decides about its notice now.
    fn heir(&self, old: &Alert, moment: Moment, life: &Life, now: &Now<'_>) -> Option<Raised> {
        let (_, occasion) = old.key.parts()?;
        let id = NoticeId::parse(occasion)?;
        let at = life.notices.iter().position(|held| held.notice.id == id)?;
        let earlier = life.notices[..at].iter().map(|held| &*held.notice);
        let before = (at > 0).then(|| life.entry_of(earlier));
        let context = NoticeContext {
            notice: &life.notices[at].notice,
            before: before.as_ref(),
            after: Some(now.entry),
            broker: now.broker.as_str(),
            deadlines: now.deadlines,
            now: now.clock,
        };
        let hit = self.rules.for_notice(&context).filter(|hit| hit.delivery == Delivery::Now)?;
        if self.rules.is_over(hit.rule, &context) {
            return None;
        }
        let alert = Alert {
            key: AlertKey::new(&hit.rule.name, life.number.as_str(), &hit.occasion),
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: hit.severity,
            raised_at: moment.at,
            next_step: hit.rule.next_step.clone(),
            ..old.clone()
        };
        let hidden_by = self.rules.hidden_by(&hit.rule.name, &now.context()).map(|by| by.name.clone());
        Some(Raised { hidden_by, ..Raised::new(alert, hit.delivery, hit.notify) })
    }

    /// The agenda has something for an alert whose rule is gone.
    pub(super) fn orphan_due<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (alert, course): (&Alert, Course),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let life = match &alert.entry {
            Some(entry) => group.life(entry.number)?,
            None => None,
        };
        let Some(mut life) = life else {
            return self.replace_ownerless(group, moment, (alert, course));
        };
        if !life.followed.iter().any(|one| *one.alert == *alert.key.as_str()) {
            let is_hidden = course.hidden_by.is_some();
            life.followed.push(Followed { alert: alert.key.as_str().into(), is_hidden });
        }
        let number = life.number;
        group.put_life(life);
        self.replan_entry(group, moment, number, sorted)?;
        Ok(())
    }

    /// What waits for an address that no team has goes to those who hear of such alerts now, with the day on which it came.
    fn readdress_digest<V: View>(&self, group: &mut Group<'_, V>, address: &str) -> Result<(), V::Error> {
        if self.audience.team_of(address).is_some() {
            return Ok(());
        }
        for key in group.digest(address, READDRESSED_MAX)? {
            group.set_digest(key.clone(), false);
            let Some(alert) = self.alert_in(group, &key.alert)? else { continue };
            for recipient in self.hearers_now(&alert, &[]) {
                group.set_digest(DigestKey { recipient, ..key.clone() }, true);
            }
        }
        Ok(())
    }

    /// Who hears of an alert that was raised for these teams, some of which may be gone: the rule says who is told in their place.
    /// Somebody always hears of it.
    pub(super) fn hearers_now(&self, alert: &Alert, teams: &[Box<str>]) -> Vec<Box<str>> {
        let named = self.teams_now(alert, teams);
        let hearers = self.audience.recipients(named.iter().map(|team| &**team), alert.severity);
        if !hearers.is_empty() {
            return hearers;
        }
        let all = || self.audience.teams().iter().map(|team| &*team.name);
        let loud_enough = self.audience.recipients(all(), alert.severity);
        if !loud_enough.is_empty() {
            return loud_enough;
        }
        self.audience.recipients(all(), crate::place::Severity::Critical)
    }

    /// The teams that an alert was raised for. Where one of them is gone, or none was noted, the teams that its rule names now as well;
    /// where the rule is gone, all.
    pub(super) fn teams_now(&self, alert: &Alert, teams: &[Box<str>]) -> Vec<Box<str>> {
        let is_there = |team: &str| self.audience.team(team).is_some();
        let mut named: Vec<Box<str>> = teams.iter().filter(|team| is_there(team)).cloned().collect();
        if named.len() == teams.len() && !named.is_empty() {
            return named;
        }
        let broker = alert.broker().map_or("", |broker| broker.as_str());
        let now: Vec<Box<str>> = match self.rules.get(&alert.rule) {
            Some(rule) => self.rules.tell_of_broker(rule, broker, alert.severity).notify.to_vec(),
            None => self.audience.teams().iter().map(|team| team.name.clone()).collect(),
        };
        for team in now {
            if !named.contains(&team) {
                named.push(team);
            }
        }
        named
    }

    /// Whether an alert about a clock that opens again is still what its ladder has to say: no later step has come since. Then it
    /// is shown as of today.
    pub(super) fn is_current<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        alert: &mut Alert,
    ) -> Result<bool, V::Error> {
        let Cause::Deadline(brief) = &alert.cause else { return Ok(true) };
        let Some(number) = alert.entry.as_ref().map(|entry| entry.number) else { return Ok(true) };
        let Some(life) = group.life(number)? else { return Ok(false) };
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let on = self.reminder_day(moment.at);
        let key = brief.deadline.key();
        let Some(deadline) = deadlines.iter().find(|deadline| deadline.key() == key) else {
            return Ok(false);
        };
        let broker = broker_of(&life);
        let context = DeadlineContext { deadline, entry: &entry, broker: broker.as_str(), on };
        let Some(hit) = self.rules.for_deadline(&context) else { return Ok(false) };
        if AlertKey::new(&hit.rule.name, number.as_str(), &hit.occasion) != alert.key {
            return Ok(false);
        }
        let of = super::clock_alert::OfClock { life: &life, entry: &entry, deadline, all: &deadlines, on };
        let anew = self.step_alert(moment, hit, alert.key.clone(), of).alert;
        *alert = Alert { raised_at: alert.raised_at, ..anew };
        group.put_alert(alert.clone());
        Ok(true)
    }
}

/// Whether a step was missed because other rules were in force on its day: the clock was known before, and the step is no history. A
/// clock that nobody was to be reminded of is told in its last days in any case.
fn is_missed(
    life: &Life,
    hit: &DeadlineHit<'_>,
    context: &DeadlineContext<'_>,
    day_of: impl Fn(DateTime<Utc>) -> NaiveDate,
    is_planned: bool,
) -> bool {
    let DeadlineContext { deadline, on, .. } = *context;
    let is_late = hit.days_left <= LATE_DAYS;
    if is_late && !is_planned {
        return hit.days_left >= -HISTORY_DAYS;
    }
    let heard =
        deadline.from.iter().filter_map(|fact| life.get(fact.notice?)).map(|held| held.seen.received_at);
    let key = deadline.key();
    let moved = life.moves_of(&key).map(|moved| moved.at);
    let (Some(known), Some(began)) = (heard.chain(moved).max().map(day_of), hit.step.day(hit.target)) else {
        return false;
    };
    began > known && (is_late || on - began <= TimeDelta::days(MISSED_DAYS))
}
