//! Rules to alerts, alerts to letters.

use chrono::{DateTime, NaiveDate, Utc};

use super::follow::Now;
use super::letters::{Parcel, Sorted};
use super::moved::Moving;
use super::own_clock::own_clock;
use super::receive::{Fresh, Touched};
use super::trouble::trouble_key;
use super::{Group, Mailing, Moment, Pipeline, View, brief};
use crate::entry::{Entry, EntryDeadline, Life};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{
    Alert, AlertKey, AsOf, AsTold, Cause, Course, EntryBrief, Letter, LetterKey, LetterKind, LetterState,
    NoticeBrief, Past, TroubleBrief,
};
use crate::place::Severity;
use crate::rules::{Delivery, Hit, NoticeContext};
use crate::step::DigestKey;

/// How many clocks an alert lists.
const DEADLINES_MAX: usize = 8;

/// An alert and how its rule wants it told.
pub(super) struct Raised {
    pub alert: Alert,
    pub delivery: Delivery,
    pub notify: Vec<Box<str>>,
    /// How loud it is for the teams' choice of what they want to hear.
    pub loudness: Severity,
    /// Who hears nothing of it: the mailbox that it is about, and who hears it by another letter.
    pub except: Vec<Box<str>>,
    /// The inhibition that hides it.
    pub hidden_by: Option<Box<str>>,
    /// It tells the end of something: there is nothing to say again.
    pub is_end: bool,
}

impl Raised {
    /// As usual: as loud as the alert, to everybody whom the rule names.
    pub fn new(alert: Alert, delivery: Delivery, notify: &[Box<str>]) -> Self {
        let loudness = alert.severity;
        Self {
            alert,
            delivery,
            notify: notify.to_vec(),
            loudness,
            except: Vec::new(),
            hidden_by: None,
            is_end: false,
        }
    }
}

impl Raised {
    /// The clock that a notice is answered by, where it is told at once.
    pub fn own_clock(&self) -> Option<&str> {
        let Cause::Notice(notice) = &self.alert.cause else { return None };
        notice.clock.as_deref().filter(|_| self.delivery == Delivery::Now && self.hidden_by.is_none())
    }
}

/// A trouble as it is to be told.
pub(super) struct Told<'a> {
    /// How loud the trouble is; who hears of it follows from that.
    pub severity: Severity,
    /// Blank when it concerns none.
    pub broker: &'a str,
    pub brief: &'a TroubleBrief,
    pub occasion: &'a str,
    /// It is over, and that is what is told.
    pub is_over: bool,
    /// Who hears nothing of it.
    pub except: Vec<Box<str>>,
}

impl<'a> Told<'a> {
    pub fn new(severity: Severity, broker: &'a str, brief: &'a TroubleBrief, occasion: &'a str) -> Self {
        Self { severity, broker, brief, occasion, is_over: false, except: Vec::new() }
    }
}

impl Pipeline {
    pub(super) fn settle_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
        touched: Touched,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let Touched { mut life, before, fresh, counted } = touched;
        if fresh.is_empty() {
            // Only seen again: the count is kept, the state cannot have changed.
            group.put_life(life);
            return Ok(());
        }
        let (number, broker) = (life.number, &life.broker_of_notice(broker).clone());
        let counted = counted.as_deref().unwrap_or(&life.memberships);
        let earlier = (before > 0).then(|| earlier(&life, before).counting_from(counted));
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let notice = if let [only] = &fresh[..] { Some(only.notice.id) } else { None };
        let mut raised = Vec::new();
        if let Some(before) = earlier.as_ref().map(|earlier| self.deadlines_of(&life, earlier)) {
            let moving = Moving { after: &deadlines, entry: &entry, broker, notice };
            raised = self.note_moves(group, moment, &mut life, &before, &moving)?;
        }
        self.plan_reminders(group, &mut life, &entry, &deadlines, (moment.at, broker));
        let now = Now { entry: &entry, deadlines: &deadlines, broker, clock: self.wall_clock(moment.at) };
        self.follow(group, moment, &mut life, (&now, &mut *sorted))?;
        let (mut facts, mut routine) = (None::<EntryBrief>, Vec::new());
        for fresh in fresh.iter().filter(|fresh| !entry.is_of_covering(&fresh.notice)) {
            let context = NoticeContext {
                notice: &fresh.notice,
                before: earlier.as_ref(),
                after: Some(&entry),
                broker: broker.as_str(),
                deadlines: &deadlines,
                now: now.clock,
            };
            let Some(hit) = self.rules.for_notice(&context) else { continue };
            let hidden_by = self.rules.hidden_by(&hit.rule.name, &now.context()).map(|by| by.name.clone());
            let key = AlertKey::new(&hit.rule.name, number.as_str(), &hit.occasion);
            if hit.delivery == Delivery::Digest {
                let about = (key, number, broker);
                routine.extend(self.tell_routine(group, moment, &hit, about, hidden_by)?);
                continue;
            }
            if group.has_alert(&key)? || raised.iter().any(|known: &Raised| known.alert.key == key) {
                continue;
            }
            let facts = facts.get_or_insert_with(|| brief::entry(&entry, broker, self.importer_number));
            let alert =
                self.notice_alert(moment.at, hit, key, fresh, Some((facts.clone(), &entry)), &deadlines);
            raised.push(Raised { hidden_by, ..alert });
        }
        self.join_steps(group, moment, &mut life, &now, &mut raised)?;
        let followed = self.tell_with(group, moment, raised, sorted)?;
        self.begin_to_follow(group, &mut life, [followed, routine].concat())?;
        group.put_life(life);
        Ok(())
    }

    /// A routine alert waits for the digest; one that is hidden is kept until it is shown. Answers that one.
    fn tell_routine<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        hit: &Hit<'_>,
        (key, number, broker): (AlertKey, EntryNumber, &BrokerName),
        hidden_by: Option<Box<str>>,
    ) -> Result<Option<AlertKey>, V::Error> {
        if let Some(by) = hidden_by {
            return Ok(self.hide_routine(group, moment, (key, hit.notify), by));
        }
        if !self.is_silenced(group, moment, hit, number, broker)? {
            self.tell_later(group, moment, hit.severity, hit.notify, &key);
        }
        Ok(None)
    }

    /// Whether somebody silenced a routine alert. Without silences this reads nothing.
    fn is_silenced<V: View>(
        &self,
        group: &Group<'_, V>,
        moment: Moment,
        hit: &Hit<'_>,
        number: EntryNumber,
        broker: &BrokerName,
    ) -> Result<bool, V::Error> {
        let silences = group.silences()?;
        Ok(!silences.all().is_empty()
            && silences.covering(&hit.rule.name, Some(number), broker.as_str(), moment.at).is_some())
    }

    /// A notice that no entry owns: a receipt, a rejected batch, a bill that no entry is known for.
    pub(super) fn raise_ownerless<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
        fresh: &Fresh,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let context = NoticeContext {
            notice: &fresh.notice,
            before: None,
            after: None,
            broker: broker.as_str(),
            deadlines: &[],
            now: self.wall_clock(moment.at),
        };
        let subject = fresh.notice.bill.as_ref().map_or("-", |bill| bill.as_str());
        let mut raised = Vec::new();
        if let Some(hit) = self.rules.for_notice(&context) {
            let key = AlertKey::new(&hit.rule.name, subject, &hit.occasion);
            if !group.has_alert(&key)? {
                raised.push(self.notice_alert(moment.at, hit, key, fresh, None, &[]));
            }
        }
        self.tell_with(group, moment, raised, sorted)?;
        Ok(())
    }

    /// Tells people of a trouble; answers the alert, when it is a new one.
    pub(super) fn raise_trouble<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        told: &Told<'_>,
    ) -> Result<Option<AlertKey>, V::Error> {
        let Some(raised) = self.trouble_raised(moment, told) else { return Ok(None) };
        let key = raised.alert.key.clone();
        if group.has_alert(&key)? {
            return Ok(None);
        }
        self.tell(group, moment, vec![raised])?;
        Ok(Some(key))
    }

    /// The alert that the rules make of a trouble.
    pub(super) fn trouble_raised(&self, moment: Moment, told: &Told<'_>) -> Option<Raised> {
        let trouble = told.brief;
        let hit = self.rules.for_trouble(&trouble.code, told.severity, told.broker)?;
        let next_step = match () {
            () if told.is_over || hit.rule.next_step.is_empty() => trouble.advice.as_str().into(),
            () => hit.rule.next_step.clone(),
        };
        let alert = Alert {
            key: trouble_key(&hit.rule.name, trouble, told.occasion),
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: if told.is_over { Severity::Info } else { hit.severity },
            raised_at: moment.at,
            broker: Some(told.broker).filter(|broker| !broker.is_empty()).map(BrokerName::new),
            entry: None,
            cause: Cause::Trouble(trouble.clone()),
            deadlines: Vec::new(),
            next_step,
            over_at: None,
            as_told: Default::default(),
        };
        // Who heard of the trouble hears of its end, though that is quieter.
        Some(Raised {
            loudness: hit.severity,
            except: told.except.clone(),
            is_end: told.is_over,
            ..Raised::new(alert, hit.delivery, hit.notify)
        })
    }

    fn notice_alert(
        &self,
        raised_at: DateTime<Utc>,
        hit: Hit<'_>,
        key: AlertKey,
        fresh: &Fresh,
        entry: Option<(EntryBrief, &Entry)>,
        deadlines: &[EntryDeadline],
    ) -> Raised {
        let (entry, known) = entry.unzip();
        let told = &fresh.seen.broker;
        let broker = entry.as_ref().filter(|_| told.is_nobody()).map_or(told, |entry| &entry.broker).clone();
        let today = self.reminder_day(raised_at);
        let clock = own_clock(&fresh.notice, deadlines, &self.deadlines, today);
        // A digest is a table: what only a letter of its own shows is not kept for it.
        let is_told_alone = hit.delivery == Delivery::Now;
        let notice = if is_told_alone {
            let importer = known.and_then(|entry| entry.importer.as_deref());
            let key = clock.map(EntryDeadline::key);
            let steps = known.zip(key.as_deref());
            let steps = steps.map(|(entry, key)| brief::arithmetic(entry, key, &self.deadlines));
            NoticeBrief {
                clock: key.map(Into::into),
                steps: steps.unwrap_or_default(),
                ..brief::notice(fresh, self.importer_number, importer)
            }
        } else {
            brief::row(&fresh.notice, &fresh.seen)
        };
        let alert = Alert {
            key,
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: hit.severity,
            raised_at,
            broker: Some(broker),
            entry,
            cause: Cause::Notice(Box::new(notice)),
            deadlines: if is_told_alone { running(deadlines, clock, today) } else { Vec::new() },
            next_step: hit.rule.next_step.clone(),
            over_at: None,
            as_told: Default::default(),
        };
        Raised::new(alert, hit.delivery, hit.notify)
    }

    /// A routine alert of an entry waits for the digest under its key alone: [`Pipeline::alert`] has the rest from the
    /// entry. Most of what Customs says is routine.
    pub(super) fn tell_later<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        severity: Severity,
        notify: &[Box<str>],
        key: &AlertKey,
    ) {
        if !moment.mailing.writes_letters() {
            return;
        }
        for recipient in self.audience.recipients(notify.iter().map(|team| &**team), severity) {
            group.set_digest(DigestKey { recipient, raised_at: moment.at, alert: key.clone() }, true);
        }
    }

    /// The alert with this key: kept by itself, or, when it is routine, told by the notice of its entry that raised it.
    pub fn alert<V: View>(&self, view: &V, key: &AlertKey) -> Result<Option<Alert>, V::Error> {
        self.alert_from(key, view.alert(key)?, |number| view.life(number))
    }

    /// What a letter carries. Its alerts say whether they are over or taken care of: as of now while nobody can have read it, then as it
    /// was sent.
    pub fn alerts_of<V: View>(&self, view: &V, letter: &Letter) -> Result<Vec<Alert>, V::Error> {
        let tells_more = letter.is_unread() || letter.past.as_of != AsOf::default();
        let mut alerts = Vec::with_capacity(letter.alerts.len());
        for key in &letter.alerts {
            let Some(alert) = self.alert(view, key)? else { continue };
            let course = if tells_more { view.course(key)?.unwrap_or_default() } else { Course::default() };
            let over_at = course.cause_gone_at().filter(|over_at| letter.tells_end_of(*over_at));
            let answer = letter.answer_told(&course).filter(|_| over_at.is_none());
            let as_told = AsTold { answer, mark: letter.mark_of(key) };
            alerts.push(Alert { over_at, as_told, ..alert });
        }
        Ok(alerts)
    }

    /// The same, as the step in the making has it.
    pub(super) fn alert_in<V: View>(
        &self,
        group: &Group<'_, V>,
        key: &AlertKey,
    ) -> Result<Option<Alert>, V::Error> {
        self.alert_from(key, group.alert(key)?, |number| group.life(number))
    }

    fn alert_from<E>(
        &self,
        key: &AlertKey,
        kept: Option<Alert>,
        life: impl FnOnce(EntryNumber) -> Result<Option<Life>, E>,
    ) -> Result<Option<Alert>, E> {
        if kept.is_some() {
            return Ok(kept);
        }
        let Some((rule, number, id)) = key.of_notice() else { return Ok(None) };
        let Some(life) = life(number)? else { return Ok(None) };
        let Some(held) = life.get(id) else { return Ok(None) };
        let severity = held.notice.severity;
        let broker = life.broker_of_notice(&held.seen.broker);
        // A rule that is gone since then has left its name.
        let (title, severity, next_step) = match self.rules.get(rule) {
            Some(rule) => (rule.title.clone(), rule.severity(severity), rule.next_step.clone()),
            None => (rule.into(), severity, "".into()),
        };
        Ok(Some(Alert {
            key: key.clone(),
            rule: rule.into(),
            title,
            severity,
            raised_at: held.seen.received_at,
            broker: Some(broker.clone()),
            entry: Some(brief::entry(&life.entry(), broker, self.importer_number)),
            cause: Cause::Notice(Box::new(brief::row(&held.notice, &held.seen))),
            deadlines: Vec::new(),
            next_step,
            over_at: None,
            as_told: Default::default(),
        }))
    }

    /// Puts a letter into the outbox. A letter with the same key is already there after a line that is applied again.
    pub(super) fn write<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        parcel: Parcel<'_>,
    ) -> Result<(), V::Error> {
        let Parcel { recipient, kind, entry, alerts, occasion, not_before, marks } = parcel;
        let Some(severity) = alerts.iter().map(|(severity, _)| *severity).max() else { return Ok(()) };
        // What would have been said again in the past is noted beside the alert, and is no letter.
        if moment.mailing == Mailing::Held
            && matches!(kind, LetterKind::Reminder { .. } | LetterKind::Escalation { .. } | LetterKind::Over)
        {
            return Ok(());
        }
        let (mut owed, mut told): (Vec<AlertKey>, Vec<AlertKey>) = (Vec::new(), Vec::new());
        for (_, key) in alerts {
            let is_owed = match moment.mailing {
                Mailing::Deliver | Mailing::Quiet => true,
                Mailing::Held => self.is_owed(group, moment, recipient, key)?,
            };
            if is_owed { owed.push(key.clone()) } else { told.push(key.clone()) }
        }
        for (alerts, state) in [(owed, to_leave(moment, not_before)), (told, not_to_leave(moment))] {
            if alerts.is_empty() {
                continue;
            }
            let key = match occasion {
                "" => LetterKey::of(recipient, &alerts),
                occasion => LetterKey::again(recipient, occasion, &alerts),
            };
            self.note_told(group, moment, (kind, &alerts), not_before.unwrap_or(moment.at))?;
            if group.letter(&key)?.is_some() {
                continue;
            }
            let grounds = self.grounds(group, kind, &alerts)?;
            let marks = alerts.iter().filter_map(|key| Some((key.clone(), *marks.get(key)?))).collect();
            let letter = Letter {
                key,
                recipient: recipient.into(),
                kind,
                entry,
                severity,
                alerts,
                created_at: moment.at,
                state,
                past: Past::default(),
                marks,
                grounds,
            };
            self.note_carrier(group, &letter)?;
            group.put_letter(letter);
        }
        Ok(())
    }
}

/// The entry by its first so many notices.
fn earlier(life: &Life, notices: usize) -> Entry {
    Entry::of(life.number, life.notices[..notices].iter().map(|held| &*held.notice))
}

/// A letter that leaves now, or then.
fn to_leave(moment: Moment, not_before: Option<DateTime<Utc>>) -> LetterState {
    LetterState::Waiting {
        attempt: 0,
        next_try_at: not_before.unwrap_or(moment.at),
        last_error: None,
        may_have_arrived: false,
    }
}

/// A letter of the past, which was told then under other rules, or was not meant to be.
fn not_to_leave(moment: Moment) -> LetterState {
    LetterState::GivenUp {
        at: moment.at,
        attempt: 0,
        error: "not sent: written while rebuilding from the journal under rules that were not in force then"
            .into(),
        may_have_arrived: false,
    }
}

/// The clocks that run on this day, nearest first: the one that the alert is about in any case, and of the others rather those that have
/// not passed.
pub(super) fn running(
    deadlines: &[EntryDeadline],
    about: Option<&EntryDeadline>,
    today: NaiveDate,
) -> Vec<EntryDeadline> {
    let mut running: Vec<&EntryDeadline> =
        deadlines.iter().filter(|deadline| deadline.runs_on(today)).collect();
    let is_about = |deadline: &EntryDeadline| {
        about.is_some_and(|about| about.id == deadline.id && about.instance == deadline.instance)
    };
    let target = |deadline: &EntryDeadline| deadline.target_on(today);
    running.sort_by_key(|deadline| (!is_about(deadline), deadline.has_passed(today), target(deadline)));
    running.truncate(DEADLINES_MAX);
    running.sort_by_key(|deadline| target(deadline));
    running.into_iter().cloned().collect()
}
