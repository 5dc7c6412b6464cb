//! Rules to alerts, alerts to letters.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::moved::Moving;
use super::receive::{Fresh, Touched};
use super::{Group, Mailing, Moment, Pipeline, View, brief};
use crate::entry::{DeadlineState, Entry, EntryDeadline};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{
    Alert, AlertKey, Cause, EntryBrief, Letter, LetterKey, LetterKind, LetterState, TroubleBrief,
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
}

impl Pipeline {
    pub(super) fn settle_entry<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
        touched: Touched,
    ) -> Result<(), V::Error> {
        let Touched { mut life, before, fresh } = touched;
        if fresh.is_empty() {
            // Only seen again: the count is kept, the state cannot have changed.
            group.put_life(life);
            return Ok(());
        }
        let number = life.number;
        let known = life.notices[..before].iter().map(|held| &*held.notice);
        let earlier = (before > 0).then(|| Entry::of(number, known));
        let entry = life.entry();
        let deadlines = self.deadlines_of(&life, &entry);
        let mut raised = Vec::new();
        if let Some(earlier) = &earlier {
            let before = self.deadlines_of(&life, earlier);
            let notice = if let [only] = &fresh[..] { Some(only.notice.id) } else { None };
            let moving = Moving { before: &before, after: &deadlines, entry: &entry, broker, notice };
            raised = self.note_moves(group, moment, &mut life, &moving)?;
        }
        self.plan_reminders(group, &mut life, &entry, &deadlines, (moment.at, broker));
        group.put_life(life);
        let mut facts: Option<EntryBrief> = None;
        for fresh in &fresh {
            let context = NoticeContext {
                notice: &fresh.notice,
                before: earlier.as_ref(),
                after: Some(&entry),
                broker: broker.as_str(),
                deadlines: &deadlines,
                now: self.wall_clock(moment.at),
            };
            if let Some(hit) = self.rules.for_notice(&context) {
                let key = AlertKey::new(&hit.rule.name, number.as_str(), &hit.occasion);
                if hit.delivery == Delivery::Digest {
                    self.tell_later(group, moment, hit.severity, hit.notify, &key);
                    continue;
                }
                if group.has_alert(&key)? || raised.iter().any(|known: &Raised| known.alert.key == key) {
                    continue;
                }
                let facts = facts.get_or_insert_with(|| brief::entry(&entry, broker, self.importer_number));
                raised.push(self.notice_alert(
                    moment.at,
                    hit,
                    key,
                    fresh,
                    Some((facts.clone(), entry.importer.as_deref())),
                    &deadlines,
                ));
            }
        }
        self.tell(group, moment, Some(number), raised, None)
    }

    /// A notice that no entry owns: a receipt, a rejected batch, a bill that no entry is known for.
    pub(super) fn raise_ownerless<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        broker: &BrokerName,
        fresh: &Fresh,
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
        self.tell(group, moment, None, raised, None)
    }

    pub(super) fn raise_trouble<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        severity: Severity,
        broker: &str,
        trouble: TroubleBrief,
        occasion: &str,
    ) -> Result<(), V::Error> {
        let mut raised = Vec::new();
        if let Some(hit) = self.rules.for_trouble(&trouble.code, severity, broker) {
            let key =
                AlertKey::new(&hit.rule.name, &format!("{}:{}", trouble.subject, trouble.code), occasion);
            if group.has_alert(&key)? {
                return Ok(());
            }
            let next_step = if hit.rule.next_step.is_empty() {
                trouble.advice.as_str().into()
            } else {
                hit.rule.next_step.clone()
            };
            raised.push(Raised {
                alert: Alert {
                    key,
                    rule: hit.rule.name.clone(),
                    title: hit.rule.title.clone(),
                    severity: hit.severity,
                    raised_at: moment.at,
                    entry: None,
                    cause: Cause::Trouble(trouble.clone()),
                    deadlines: Vec::new(),
                    next_step,
                },
                delivery: hit.delivery,
                notify: hit.notify.to_vec(),
            });
        }
        self.tell(group, moment, None, raised, None)
    }

    fn notice_alert(
        &self,
        raised_at: DateTime<Utc>,
        hit: Hit<'_>,
        key: AlertKey,
        fresh: &Fresh,
        entry: Option<(EntryBrief, Option<&str>)>,
        deadlines: &[EntryDeadline],
    ) -> Raised {
        let (entry, importer) = entry.map_or((None, None), |(brief, importer)| (Some(brief), importer));
        // A digest is a table: what only a letter of its own shows is not kept for it.
        let is_told_alone = hit.delivery == Delivery::Now;
        let notice = if is_told_alone {
            brief::notice(fresh, self.importer_number, importer)
        } else {
            brief::row(&fresh.notice, &fresh.seen)
        };
        Raised {
            alert: Alert {
                key,
                rule: hit.rule.name.clone(),
                title: hit.rule.title.clone(),
                severity: hit.severity,
                raised_at,
                entry,
                cause: Cause::Notice(Box::new(notice)),
                deadlines: if is_told_alone { running(deadlines) } else { Vec::new() },
                next_step: hit.rule.next_step.clone(),
            },
            delivery: hit.delivery,
            notify: hit.notify.to_vec(),
        }
    }

    /// A routine alert of an entry waits for the digest under its key alone: [`Pipeline::alert`] has the rest from the
    /// entry. Most of what Customs says is routine.
    fn tell_later<V: View>(
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
        if let Some(alert) = view.alert(key)? {
            return Ok(Some(alert));
        }
        let Some((rule, number, id)) = key.of_notice() else { return Ok(None) };
        let Some(life) = view.life(number)? else { return Ok(None) };
        let Some(held) = life.get(id) else { return Ok(None) };
        let severity = held.notice.severity;
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
            entry: Some(brief::entry(&life.entry(), &held.seen.broker, self.importer_number)),
            cause: Cause::Notice(Box::new(brief::row(&held.notice, &held.seen))),
            deadlines: Vec::new(),
            next_step,
        }))
    }

    /// Keeps the alerts, and writes one letter a recipient for those that are told at once. Letters about the day
    /// `morning_of` wait until its morning has come where the recipient is.
    pub(super) fn tell<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        entry: Option<EntryNumber>,
        raised: Vec<Raised>,
        morning_of: Option<NaiveDate>,
    ) -> Result<(), V::Error> {
        let mut now: BTreeMap<Box<str>, Vec<(Severity, AlertKey)>> = BTreeMap::new();
        for Raised { alert, delivery, notify } in raised {
            if moment.mailing.writes_letters() {
                let recipients = self.audience.recipients(notify.iter().map(|team| &**team), alert.severity);
                for recipient in recipients {
                    match delivery {
                        Delivery::Now => {
                            now.entry(recipient).or_default().push((alert.severity, alert.key.clone()));
                        }
                        Delivery::Digest => {
                            group.set_digest(
                                DigestKey { recipient, raised_at: moment.at, alert: alert.key.clone() },
                                true,
                            );
                        }
                        Delivery::None => {}
                    }
                }
            }
            group.put_alert(alert);
        }
        for (recipient, alerts) in now {
            let morning = morning_of.and_then(|day| self.audience.morning(&recipient, day));
            let from = morning.map_or(moment.at, |morning| morning.max(moment.at));
            for alerts in alerts.chunks(Letter::ALERTS_MAX) {
                self.write(group, moment, (&recipient, from), LetterKind::Alert, entry, alerts)?;
            }
        }
        Ok(())
    }

    /// Puts a letter into the outbox, to be sent from a moment on. A letter with the same key is already there after a line that is applied again.
    pub(super) fn write<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (recipient, from): (&str, DateTime<Utc>),
        kind: LetterKind,
        entry: Option<EntryNumber>,
        alerts: &[(Severity, AlertKey)],
    ) -> Result<(), V::Error> {
        let Some(severity) = alerts.iter().map(|(severity, _)| *severity).max() else { return Ok(()) };
        let alerts: Vec<AlertKey> = alerts.iter().map(|(_, key)| key.clone()).collect();
        let key = LetterKey::of(recipient, &alerts);
        if group.letter(&key)?.is_some() {
            return Ok(());
        }
        let state = match moment.mailing {
            Mailing::Deliver | Mailing::Quiet => {
                LetterState::Waiting { attempt: 0, next_try_at: from, last_error: None }
            }
            Mailing::Held => LetterState::GivenUp {
                at: moment.at,
                attempt: 0,
                error: "not sent: written while rebuilding from the journal under rules that were not in force then"
                    .into(),
            },
        };
        group.put_letter(Letter {
            key,
            recipient: recipient.into(),
            kind,
            entry,
            severity,
            alerts,
            created_at: moment.at,
            state,
        });
        Ok(())
    }
}

/// The clocks that run, nearest first.
pub(super) fn running(deadlines: &[EntryDeadline]) -> Vec<EntryDeadline> {
    let mut running: Vec<EntryDeadline> =
        deadlines.iter().filter(|deadline| deadline.state == DeadlineState::Open).cloned().collect();
    running.sort_by_key(|deadline| deadline.target());
    running.truncate(DEADLINES_MAX);
    running
}
