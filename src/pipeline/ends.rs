//! Who hears that the cause of an alert is gone: each who has heard of it, once.
//!
//! A letter that has not left yet tells the end itself, for it is rendered when it leaves; then no other letter does. Whether a
//! letter that is being handed over at this moment told it is known when the server has answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::letters::{Marks, Parcel, Saying, Sorted};
use super::{Group, Mailing, Moment, Pipeline, View};
use crate::outbox::{Alert, AlertKey, Attempt, Carrier, Course, Happened, Letter, LetterKind, Wait};
use crate::rules::{On, Rule};

/// Letters to one person about one alert that may wait together; of more than these the oldest leave by themselves.
const QUEUED_MAX: usize = 40;

/// The tray of ends that wait until the cap of letters lets them through.
pub(super) const ENDS: &str = "ends";

/// How somebody hears of an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hears {
    /// Never told of the alert, hence not of its end.
    Nothing,
    /// A letter that has not left yet tells it.
    Within,
    /// By a letter of its own.
    ByItself,
}

impl Pipeline {
    /// The cause of an alert is gone; people who heard of it hear that too, if the rule asks for it.
    pub(super) fn end<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, rule): (&AlertKey, &Rule),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let mut course = group.course(key)?.unwrap_or_default();
        if course.over_at.is_some() {
            return Ok(());
        }
        course.over_at = Some(moment.at);
        course.note(moment.at, Happened::Over);
        let is_told = rule.after.tell_when_over && moment.mailing == Mailing::Deliver;
        let mut hearers = BTreeSet::new();
        let alert = group.alert(key)?.filter(|_| is_told);
        for at in 0..course.carriers.len() {
            let hears = self.settle_queue(group, moment, (key, &mut course), at)?;
            course.carriers[at].owes_end = is_told && hears == Hears::Within;
            if let Some(alert) = alert.as_ref().filter(|_| hears == Hears::ByItself) {
                hearers.extend(self.in_place_of(&course.carriers[at].recipient, alert, &course));
            }
        }
        if let Some(alert) = &alert {
            for hearer in hearers {
                self.tell_over(moment, alert, &course, &hearer, sorted);
            }
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// Nobody writes to somebody who is in no team any more: in their place those hear it who hear of the alert now, as far as they
    /// are not told themselves.
    fn in_place_of(&self, recipient: &str, alert: &Alert, course: &Course) -> Vec<Box<str>> {
        if self.audience.team_of(recipient).is_some() {
            return vec![recipient.into()];
        }
        let is_told = |hearer: &str| course.carriers.iter().any(|carrier| *carrier.recipient == *hearer);
        let mut hearers = self.hearers_now(alert, &course.notify);
        hearers.retain(|hearer| !is_told(hearer));
        hearers
    }

    fn tell_over(
        &self,
        moment: Moment,
        alert: &Alert,
        course: &Course,
        recipient: &str,
        sorted: &mut Sorted,
    ) {
        // What is over does not wait on the agenda, which drops it; its letter waits for the morning.
        let not_before = self.quiet(recipient, alert.severity, moment).map(|(_, _, until)| until);
        let gathers = self.gathers(recipient, self.rules.get(&alert.rule));
        sorted.add(recipient, alert, gathers, Saying::Over(course.epoch, not_before));
    }

    /// Remembers the letters that tell somebody of an alert: the last one, and those before it that have not left.
    pub(super) fn note_carrier<V: View>(
        &self,
        group: &mut Group<'_, V>,
        letter: &Letter,
    ) -> Result<(), V::Error> {
        if matches!(letter.kind, LetterKind::Over | LetterKind::Digest { .. }) {
            return Ok(());
        }
        for key in &letter.alerts {
            let Some(mut course) = group.course(key)? else { continue };
            let known = course.carriers.iter().position(|carrier| carrier.recipient == letter.recipient);
            let (mut was_heard, mut queued) = (false, Vec::new());
            if let Some(at) = known {
                let before = course.carriers.remove(at);
                was_heard = before.was_heard;
                for earlier in before.queued.into_iter().chain([before.letter]) {
                    let Some(earlier) = group.letter(&earlier)? else { continue };
                    was_heard |= earlier.may_have_been_read();
                    queued.extend(earlier.is_unread().then_some(earlier.key));
                }
                let more = queued.len().saturating_sub(QUEUED_MAX);
                queued.drain(..more);
            }
            let (recipient, letter) = (letter.recipient.clone(), letter.key.clone());
            course.carriers.push(Carrier { recipient, letter, queued, was_heard, owes_end: false });
            group.put_course(key.clone(), course);
        }
        Ok(())
    }

    /// A server has a letter, or may have it: ends that it should have told and that came after it was rendered are told now.
    pub(super) fn tell_missed_ends<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (letter, attempt): (&Letter, &Attempt),
    ) -> Result<(), V::Error> {
        let mut sorted = Sorted::default();
        for key in letter.alerts.iter().filter(|key| self.tells_end(key)) {
            let Some(mut course) = group.course(key)? else { continue };
            let owes = |carrier: &&mut Carrier| carrier.owes_end && carrier.letter == letter.key;
            let Some(carrier) = course.carriers.iter_mut().find(owes) else { continue };
            carrier.owes_end = false;
            let is_told = course.over_at <= attempt.as_of.ends_until;
            if !is_told
                && moment.mailing == Mailing::Deliver
                && let Some(alert) = group.alert(key)?
            {
                for hearer in self.in_place_of(&letter.recipient, &alert, &course) {
                    self.tell_over(moment, &alert, &course, &hearer, &mut sorted);
                }
            }
            group.put_course(key.clone(), course);
        }
        self.post_all(group, moment, sorted)
    }

    /// Ends that were over the cap of letters, in one letter.
    pub(super) fn tell_waiting_ends<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (recipient, wait): (&str, Wait),
        alerts: Vec<AlertKey>,
    ) -> Result<(), V::Error> {
        let (mut told, mut entries) = (Vec::with_capacity(alerts.len()), Vec::new());
        let mut not_before: Option<DateTime<Utc>> = None;
        for key in alerts {
            let Some(alert) = group.alert(&key)? else { continue };
            not_before =
                not_before.max(self.quiet(recipient, alert.severity, moment).map(|(.., until)| until));
            entries.push(alert.entry.map(|entry| entry.number));
            told.push((alert.severity, key));
        }
        entries.dedup();
        let entry = if let [entry] = entries[..] { entry } else { None };
        let (kind, occasion) = (LetterKind::Over, format!("over/{}/{}", wait.as_str(), moment.seq));
        let (alerts, occasion) = (&told[..], &*occasion);
        let marks = &Marks::new();
        let parcel = Parcel { recipient, kind, entry, alerts, occasion, not_before, marks };
        self.write_all(group, moment, parcel)
    }

    fn tells_end(&self, key: &AlertKey) -> bool {
        let rule = key.parts().and_then(|(rule, _)| self.rules.get(rule));
        rule.is_some_and(|rule| rule.after.tell_when_over || rule.on == On::Trouble)
    }
}

/// How the last letter about an alert tells somebody of its end. A letter that is being handed over at this moment counts as one that has
/// not left: what it told is known when the server has answered.
pub(super) fn hears<V: View>(group: &Group<'_, V>, carrier: &Carrier) -> Result<Hears, V::Error> {
    let Some(letter) = group.letter(&carrier.letter)? else { return Ok(Hears::Nothing) };
    if letter.may_have_been_read() {
        return Ok(Hears::ByItself);
    }
    if letter.is_unread() {
        return Ok(Hears::Within);
    }
    let mut was_heard = carrier.was_heard;
    for earlier in &carrier.queued {
        was_heard |= group.letter(earlier)?.is_some_and(|earlier| earlier.may_have_been_read());
    }
    Ok(if was_heard { Hears::ByItself } else { Hears::Nothing })
}
