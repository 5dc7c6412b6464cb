//! Digests: what waited for one is told once a day, at the team's hour, and late where its clock would end before the next.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::letters::{Marks, Parcel};
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{AlertKey, Cause, Letter, LetterKind, Team};
use crate::place::Severity;
use crate::rules::{On, Step};
use crate::step::DigestKey;

/// Routine alerts that one digest takes; the rest goes into further letters.
const DIGEST_MAX: usize = 5_000;

/// Of what waits for somebody so much is looked through for clocks that end before the next digest.
const LATE_MAX: usize = 20_000;

/// What a waiting alert says of a clock.
struct OfClock<'k> {
    /// The entry, and the clock's name within it.
    clock: (&'k str, &'k str),
    /// The step of its ladder, and the day that it counts towards; `None` of one that moved.
    step: Option<(Step, &'k str)>,
}

impl Pipeline {
    /// The teams whose digest is to be written now, and the day it is for: something waits from before its time, or must not wait for the
    /// next one.
    pub fn digests_due<V: View>(
        &self,
        view: &V,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Box<str>, NaiveDate)>, V::Error> {
        let mut due = Vec::new();
        for team in self.audience.teams() {
            let (day, at) = team.last_digest(now);
            for recipient in self.digest_recipients(team) {
                // The oldest comes first.
                let Some(oldest) = view.digest(recipient, 1)?.into_iter().next() else { continue };
                if oldest.raised_at < at || self.has_last_word(view, recipient, day)? {
                    due.push((team.name.clone(), day));
                    break;
                }
            }
        }
        Ok(due)
    }

    /// Whether a step waits whose duty ends on `day`: the digest of that day was written, and the next one would come too late.
    fn has_last_word<V: View>(&self, view: &V, recipient: &str, day: NaiveDate) -> Result<bool, V::Error> {
        let today = day.to_string();
        for DigestKey { alert, .. } in view.digest(recipient, LATE_MAX)? {
            let step = self.of_clock(&alert).and_then(|of| of.step);
            if !step.is_some_and(|(step, target)| matches!(step, Step::Days(_)) && target == today) {
                continue;
            }
            // What Customs or the law does on a day asks nobody to act on it.
            let asks = |cause: &Cause| match cause {
                Cause::Deadline(brief) => brief.deadline.act_by.is_some(),
                Cause::Notice(_) | Cause::Trouble(_) => false,
            };
            if view.alert(&alert)?.is_some_and(|alert| asks(&alert.cause)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `PROTEST_DUE@liquidation@2026-09-02/30`: clock, day, step; `PROTEST_DUE@liquidation/moved-2` of one that moved.
    fn of_clock<'k>(&self, key: &'k AlertKey) -> Option<OfClock<'k>> {
        let (rule, entry, occasion) = key.about()?;
        if self.rules.get(rule).is_none_or(|rule| rule.on != On::Deadline) {
            return None;
        }
        let (clock, step) = occasion.rsplit_once('/')?;
        let Some(step) = Step::parse(step) else {
            return Some(OfClock { clock: (entry, clock), step: None });
        };
        let (clock, target) = clock.rsplit_once('@')?;
        Some(OfClock { clock: (entry, clock), step: Some((step, target)) })
    }

    /// Somebody in two teams gets one digest a day, at the time of the first.
    fn digest_recipients<'t>(&'t self, team: &'t Team) -> impl Iterator<Item = &'t str> {
        let is_first =
            |recipient: &&str| self.audience.team_of(recipient).is_some_and(|first| first.name == team.name);
        team.to.iter().map(|recipient| &**recipient).filter(is_first)
    }

    /// Writes the digest of each recipient of a team, for `day`.
    pub fn digest<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        team: &Team,
        day: NaiveDate,
    ) -> Result<u64, V::Error> {
        let mut letters = 0;
        for recipient in self.digest_recipients(team) {
            let waiting = group.digest(recipient, DIGEST_MAX)?;
            waiting.iter().for_each(|key| group.set_digest(key.clone(), false));
            for chunk in self.last_words(waiting).chunks(Letter::ALERTS_MAX) {
                let alerts: Vec<(Severity, AlertKey)> =
                    chunk.iter().map(|key: &DigestKey| (Severity::Info, key.alert.clone())).collect();
                let kind = LetterKind::Digest { day };
                let (entry, occasion, not_before) = (None, "", None);
                let marks = &Marks::new();
                let parcel = Parcel { recipient, kind, entry, alerts: &alerts, occasion, not_before, marks };
                self.write(group, moment, parcel)?;
                letters += 1;
            }
        }
        Ok(letters)
    }

    /// Of each clock what was said of it last: its earlier steps say nothing any more.
    fn last_words(&self, waiting: Vec<DigestKey>) -> Vec<DigestKey> {
        let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (at, key) in waiting.iter().enumerate() {
            let Some(of) = self.of_clock(&key.alert) else { continue };
            let known = last.entry(of.clock).or_insert(at);
            // What was raised at one moment is a step and the difference that it tells itself.
            if waiting[*known].raised_at < key.raised_at || of.step.is_some() {
                *known = at;
            }
        }
        let is_last = |at: &usize, key: &DigestKey| {
            self.of_clock(&key.alert).is_none_or(|of| last.get(&of.clock) == Some(at))
        };
        let kept: Vec<bool> = waiting.iter().enumerate().map(|(at, key)| is_last(&at, key)).collect();
        waiting.into_iter().zip(kept).filter_map(|(key, is_kept)| is_kept.then_some(key)).collect()
    }
}
