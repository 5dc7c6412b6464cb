//! Letters that have not left, and that nobody needs any more: taken back with the reason, never lost. What they tell is told by another
//! letter, taken care of, or told to others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::ends::{ENDS, Hears, hears};
use super::gate::is_loud;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{
    Ack, Alert, AlertKey, Course, Event, Happened, Letter, LetterKey, LetterKind, LetterState, Wait, Word,
};
use crate::step::DigestKey;

/// Letters that are looked through for those that told somebody of an alert, the newest first.
const TOLD_MAX: usize = 20_000;

/// Recipients that a reason names.
const NAMED_MAX: usize = 3;

/// When each person was last written to about an alert.
type Told = BTreeMap<(Box<str>, AlertKey), DateTime<Utc>>;

impl Pipeline {
    /// How one person hears that the cause of an alert is gone. Of several letters that have not left one is enough: the others are taken
    /// back, once all that they tell is over.
    pub(super) fn settle_queue<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, course): (&AlertKey, &mut Course),
        carrier: usize,
    ) -> Result<Hears, V::Error> {
        let mut hears = hears(group, &course.carriers[carrier])?;
        let mut queued = Vec::new();
        for letter in std::mem::take(&mut course.carriers[carrier].queued) {
            queued.extend(group.letter(&letter)?.filter(Letter::is_unread));
        }
        if hears == Hears::Nothing
            && let Some(newest) = queued.pop()
        {
            course.carriers[carrier].letter = newest.key;
            hears = Hears::Within;
        }
        for letter in queued {
            if self.are_all(group, &letter, key, |course| course.over_at.is_some())? {
                let reason = "it is over, and another letter tells that";
                self.take_back(group, moment.at, letter, (key, &mut *course), reason)?;
            } else {
                course.carriers[carrier].queued.push(letter.key);
            }
        }
        Ok(hears)
    }

    /// Somebody takes care of an alert: letters that have not left and only say again that nobody does are taken back. Nothing keeps back
    /// the last days of a legal deadline.
    pub(super) fn withdraw_nags<V: View>(
        &self,
        group: &mut Group<'_, V>,
        (alert, course): (&Alert, &mut Course),
        ack: &Ack,
    ) -> Result<(), V::Error> {
        if is_loud(alert) {
            return Ok(());
        }
        let reason = format!("acknowledged by {} until {}", ack.by, ack.until);
        for at in 0..course.carriers.len() {
            let carrier = &mut course.carriers[at];
            let letters = std::mem::take(&mut carrier.queued).into_iter().chain([carrier.letter.clone()]);
            let mut left: Vec<LetterKey> = Vec::new();
            for letter in letters.collect::<Vec<_>>() {
                let mut nags = std::mem::take(&mut group.nags);
                let is_idle = nags.is_idle(group, &letter, &alert.key);
                group.nags = nags;
                if is_idle? && let Some(nag) = group.letter(&letter)? {
                    self.take_back(group, ack.at, nag, (&alert.key, &mut *course), &reason)?;
                } else {
                    left.push(letter);
                }
            }
            let carrier = &mut course.carriers[at];
            if let Some(last) = left.pop() {
                carrier.letter = last;
            }
            carrier.queued = left;
        }
        Ok(())
    }

    /// Whether all other alerts of a letter are so. The one that changes just now is.
    fn are_all<V: View>(
        &self,
        group: &Group<'_, V>,
        letter: &Letter,
        changing: &AlertKey,
        is_so: impl Fn(&Course) -> bool,
    ) -> Result<bool, V::Error> {
        for key in letter.alerts.iter().filter(|key| *key != changing) {
            if !group.course(key)?.is_some_and(|course| is_so(&course)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes a letter back, and notes that beside each of its alerts. The course of the alert that changes just now is the caller's to keep.
    fn take_back<V: View>(
        &self,
        group: &mut Group<'_, V>,
        at: DateTime<Utc>,
        mut letter: Letter,
        (changing, course): (&AlertKey, &mut Course),
        reason: &str,
    ) -> Result<(), V::Error> {
        letter.withdraw(at, reason);
        let what = Happened::Withdrawn {
            recipient: letter.recipient.clone(),
            letter: letter.kind,
            reason: reason.into(),
        };
        for key in &letter.alerts {
            if key == changing {
                course.note(at, what.clone());
            } else if let Some(mut other) = group.course(key)? {
                other.note(at, what.clone());
                group.put_course(key.clone(), other);
            }
        }
        group.put_letter(letter);
        Ok(())
    }

    /// Takes a letter back that has not left, when all its alerts are so.
    pub(super) fn take_back_whole<V: View>(
        &self,
        group: &mut Group<'_, V>,
        at: DateTime<Utc>,
        key: &LetterKey,
        (is_so, reason): (impl Fn(&Course) -> bool, &str),
    ) -> Result<(), V::Error> {
        let Some(mut letter) = group.letter(key)?.filter(Letter::is_unread) else { return Ok(()) };
        let mut courses = Vec::with_capacity(letter.alerts.len());
        for alert in &letter.alerts {
            let Some(course) = group.course(alert)?.filter(&is_so) else { return Ok(()) };
            courses.push((alert.clone(), course));
        }
        let (recipient, reason) = (letter.recipient.clone(), Box::<str>::from(reason));
        let what = Happened::Withdrawn { recipient, letter: letter.kind, reason: reason.clone() };
        for (alert, mut course) in courses {
            for carrier in &mut course.carriers {
                carrier.queued.retain(|queued| queued != key);
                if carrier.letter == *key
                    && let Some(last) = carrier.queued.pop()
                {
                    carrier.letter = last;
                }
            }
            course.note(at, what.clone());
            group.put_course(alert, course);
        }
        letter.withdraw(at, &reason);
        group.put_letter(letter);
        Ok(())
    }

    /// Letters that wait for addresses which no team has any more are taken back, and those are told who hear of such alerts now and were
    /// not told themselves.
    pub(super) fn readdress_letters<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        letters: &[LetterKey],
    ) -> Result<(), V::Error> {
        let mut gone = Vec::new();
        for key in letters {
            gone.extend(group.letter(key)?.filter(|letter| self.is_misdirected(letter)));
        }
        if gone.is_empty() {
            return Ok(());
        }
        let wanted: BTreeSet<&AlertKey> = gone.iter().flat_map(|letter| &letter.alerts).collect();
        let told = told(group, &wanted)?;
        for letter in &gone {
            self.readdress_letter(group, moment, letter, &told)?;
        }
        Ok(())
    }

    /// Whether a letter waits for somebody who is in no team any more, while others could be told.
    pub fn is_misdirected(&self, letter: &Letter) -> bool {
        matches!(letter.state, LetterState::Waiting { .. })
            && self.audience.team_of(&letter.recipient).is_none()
            && !self.audience.teams().is_empty()
    }

    fn readdress_letter<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        letter: &Letter,
        told: &Told,
    ) -> Result<(), V::Error> {
        let mut hearers: BTreeSet<Box<str>> = BTreeSet::new();
        for key in &letter.alerts {
            let Some(alert) = self.alert_in(group, key)? else { continue };
            hearers.extend(match letter.kind {
                LetterKind::Digest { .. } => self.tell_in_next_digest(group, &alert, told),
                _ => self.tell_in_place(group, moment, letter, &alert, told)?,
            });
        }
        let gone = "no team has this address any more";
        let reason = match hearers.len() {
            0 => format!("{gone}, and nobody has to be told in its place"),
            all => {
                let named: Vec<&str> = hearers.iter().take(NAMED_MAX).map(|hearer| &**hearer).collect();
                let more = all.saturating_sub(NAMED_MAX);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{gone}; told in its place: {}{more}", named.join(", "))
            }
        };
        let mut letter = letter.clone();
        letter.withdraw(moment.at, &reason);
        group.put_letter(letter);
        Ok(())
    }

    /// A routine alert stands in the next digest of those who have had none with it.
    fn tell_in_next_digest<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: &Alert,
        told: &Told,
    ) -> Vec<Box<str>> {
        let mut hearers = self.hearers_now(alert, &[]);
        hearers.retain(|hearer| !told.contains_key(&(hearer.clone(), alert.key.clone())));
        for recipient in &hearers {
            let key = DigestKey {
                recipient: recipient.clone(),
                raised_at: alert.raised_at,
                alert: alert.key.clone(),
            };
            group.set_digest(key, true);
        }
        hearers
    }

    /// Puts what a letter says of an alert onto the agenda of this moment, for those who hear it in place of its recipient. What is over
    /// or taken care of is told to nobody anew, what is hidden when it is shown.
    fn tell_in_place<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        letter: &Letter,
        alert: &Alert,
        told: &Told,
    ) -> Result<Vec<Box<str>>, V::Error> {
        let Some(mut course) = group.course(&alert.key)? else { return Ok(Vec::new()) };
        let kind = letter.mark_of(&alert.key).unwrap_or(letter.kind);
        let word = match kind {
            LetterKind::Alert | LetterKind::Digest { .. } | LetterKind::Bundle { .. } => {
                Word::First { round: course.round }
            }
            kind => Word::Again { kind, epoch: course.epoch },
        };
        let is_end = kind == LetterKind::Over;
        let is_answered = course.ack.is_some() && !is_loud(alert);
        let is_void = course.over_at.is_some() || is_answered;
        if is_void && !is_end {
            return Ok(Vec::new());
        }
        let rule = self.rules.get(&alert.rule);
        let teams = match kind {
            LetterKind::Escalation { level } => rule
                .and_then(|rule| rule.after.escalate.get(level.saturating_sub(1) as usize))
                .map_or_else(|| course.notify.clone(), |step| step.notify.clone()),
            _ => course.notify.clone(),
        };
        let mut hearers = self.hearers_now(alert, &teams);
        hearers.retain(|hearer| {
            let last = told.get(&(hearer.clone(), alert.key.clone()));
            let waits = |event: &Event| {
                matches!(&event.what, Happened::HeldBack { recipient, until, .. } if recipient == hearer && *until > moment.at)
            };
            match word {
                Word::First { .. } => last.is_none() && !course.events.iter().any(waits),
                Word::Again { .. } if is_end => last.is_none(),
                Word::Again { .. } => last.is_none_or(|last| *last < letter.created_at),
            }
        });
        for hearer in &hearers {
            let tray = if is_end { ENDS } else { "" };
            let tray = (Wait::Address, tray.into(), moment.at);
            self.wait(group, moment.at, (hearer, word), tray, (&alert.key, &mut course));
        }
        group.put_course(alert.key.clone(), course);
        Ok(hearers)
    }
}

/// Who was written to about these alerts. What was taken back told nobody.
fn told<V: View>(group: &Group<'_, V>, wanted: &BTreeSet<&AlertKey>) -> Result<Told, V::Error> {
    let mut told = Told::new();
    for letter in group.letters(TOLD_MAX)? {
        if matches!(letter.state, LetterState::Withdrawn { .. }) {
            continue;
        }
        for key in letter.alerts.iter().filter(|key| wanted.contains(key)) {
            let last = told.entry((letter.recipient.clone(), key.clone())).or_insert(letter.created_at);
            *last = (*last).max(letter.created_at);
        }
    }
    Ok(told)
}
