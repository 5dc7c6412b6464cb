//! Who hears that the cause of an alert is gone: each who has heard of it, once.
//!
//! A letter that has not left yet tells the end itself, for it is rendered when it leaves; then no other letter does. Whether a
//! letter that is being handed over at this moment told it is known when the server has answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::letters::{Parcel, Saying, Sorted};
use super::{Group, Mailing, Moment, Pipeline, View};
use crate::outbox::{
    Alert, AlertKey, Attempt, Carrier, Course, Happened, Letter, LetterKind, LetterState, Wait,
};
use crate::rules::{On, Rule};

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
        if rule.after.tell_when_over
            && moment.mailing == Mailing::Deliver
            && let Some(alert) = group.alert(key)?
        {
            let mut hearers = BTreeSet::new();
            for at in 0..course.carriers.len() {
                let hears = hears(group, moment, &course.carriers[at])?;
                course.carriers[at].owes_end = hears == Hears::Within;
                if hears == Hears::ByItself {
                    hearers.extend(self.in_place_of(&course.carriers[at].recipient, &alert, &course));
                }
            }
            for hearer in hearers {
                self.tell_over(moment, &alert, &course, &hearer, sorted);
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

    /// Remembers the last letter that tells somebody of alerts whose end is told. The end of a trouble always is.
    pub(super) fn note_carrier<V: View>(
        &self,
        group: &mut Group<'_, V>,
        letter: &Letter,
    ) -> Result<(), V::Error> {
        if matches!(letter.kind, LetterKind::Over | LetterKind::Digest { .. }) {
            return Ok(());
        }
        for key in letter.alerts.iter().filter(|key| self.tells_end(key)) {
            let mut course = group.course(key)?.unwrap_or_default();
            let known = course.carriers.iter().position(|carrier| carrier.recipient == letter.recipient);
            let mut was_heard = false;
            if let Some(at) = known {
                let before = course.carriers.remove(at);
                let earlier = group.letter(&before.letter)?;
                was_heard = before.was_heard || earlier.is_some_and(|earlier| earlier.may_have_been_read());
            }
            let (recipient, letter) = (letter.recipient.clone(), letter.key.clone());
            course.carriers.push(Carrier { recipient, letter, was_heard, owes_end: false });
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
            let is_told = course.over_at <= attempt.ends_until;
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
        self.write_all(group, moment, Parcel { recipient, kind, entry, alerts, occasion, not_before })
    }

    fn tells_end(&self, key: &AlertKey) -> bool {
        let rule = key.parts().and_then(|(rule, _)| self.rules.get(rule));
        rule.is_some_and(|rule| rule.after.tell_when_over || rule.on == On::Trouble)
    }
}

pub(super) fn hears<V: View>(
    group: &Group<'_, V>,
    moment: Moment,
    carrier: &Carrier,
) -> Result<Hears, V::Error> {
    let Some(letter) = group.letter(&carrier.letter)? else { return Ok(Hears::Nothing) };
    if letter.may_have_been_read() {
        return Ok(Hears::ByItself);
    }
    Ok(match letter.state {
        // Nothing has kept it from leaving so far: it may be gone before this is known to it.
        LetterState::Waiting { attempt: 0, next_try_at, .. } if next_try_at <= moment.at => Hears::ByItself,
        LetterState::Waiting { .. } => Hears::Within,
        LetterState::GivenUp { .. } if carrier.was_heard => Hears::ByItself,
        LetterState::GivenUp { .. } | LetterState::Sent { .. } => Hears::Nothing,
    })
}
