//! Letters whose server puts them off: nothing is said again to somebody for whom the word before still waits, time counts from the moment
//! at which a letter leaves, and who is told in place of others is told why.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::speak::tells_end;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{AlertKey, Course, Grounds, Letter, LetterKey, LetterKind, Owed};

/// How letters stand, each looked at once: one letter may tell thousands of alerts.
#[derive(Default)]
pub(super) struct Looks(BTreeMap<LetterKey, Option<Look>>);

#[derive(Clone, Copy)]
struct Look {
    kind: LetterKind,
    created_at: DateTime<Utc>,
    is_put_off: bool,
    is_refused: bool,
    is_unread: bool,
    /// A server has it, or may have it.
    is_out: bool,
}

impl Looks {
    fn at<V: View>(&mut self, group: &Group<'_, V>, key: &LetterKey) -> Result<Option<Look>, V::Error> {
        if let Some(known) = self.0.get(key) {
            return Ok(*known);
        }
        let look = group.letter(key)?.map(|letter| Look {
            kind: letter.kind,
            created_at: letter.created_at,
            is_put_off: letter.is_put_off(),
            is_refused: letter.is_refused(),
            is_unread: letter.is_unread(),
            is_out: letter.may_have_been_read(),
        });
        self.0.insert(key.clone(), look);
        Ok(look)
    }
}

impl Look {
    fn is_escalation(&self) -> bool {
        matches!(self.kind, LetterKind::Escalation { .. })
    }
}

impl Pipeline {
    /// Whether a letter about the alert still waits for this recipient's server.
    pub(super) fn still_waits<V: View>(
        &self,
        group: &Group<'_, V>,
        course: &Course,
        recipient: &str,
        looks: &mut Looks,
    ) -> Result<bool, V::Error> {
        for carrier in course.carriers.iter().filter(|carrier| *carrier.recipient == *recipient) {
            for key in carrier.queued.iter().chain([&carrier.letter]) {
                if looks.at(group, key)?.is_some_and(|letter| letter.is_put_off) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether servers have refused letters about the alert, and none has taken one.
    pub(super) fn is_unreached<V: View>(
        &self,
        group: &Group<'_, V>,
        course: &Course,
        looks: &mut Looks,
    ) -> Result<bool, V::Error> {
        let mut is_refused = false;
        for carrier in &course.carriers {
            if carrier.was_heard {
                return Ok(false);
            }
            for key in carrier.queued.iter().chain([&carrier.letter]) {
                let Some(letter) = looks.at(group, key)? else { continue };
                if letter.is_out {
                    return Ok(false);
                }
                is_refused |= letter.is_refused;
            }
        }
        Ok(is_refused)
    }

    /// Why a letter that is about to be written says its alerts again.
    pub(super) fn grounds<V: View>(
        &self,
        group: &Group<'_, V>,
        kind: LetterKind,
        alerts: &[AlertKey],
    ) -> Result<Grounds, V::Error> {
        let mut grounds = Grounds::default();
        if !matches!(kind, LetterKind::Reminder { .. } | LetterKind::Escalation { .. }) {
            return Ok(grounds);
        }
        let mut looks = Looks::default();
        for key in alerts {
            let Some(course) = group.course(key)? else { continue };
            if let Some(answer) = course.ended_answer() {
                grounds.add_answer(answer);
            }
            if matches!(kind, LetterKind::Escalation { .. })
                && self.is_unreached(group, &course, &mut looks)?
            {
                grounds.add_unreached(&course);
            }
        }
        Ok(grounds)
    }

    /// A letter about many that waits on no longer says of those that were delivered meanwhile that they were not.
    fn ground_anew<V: View>(&self, group: &mut Group<'_, V>, key: &LetterKey) -> Result<(), V::Error> {
        let Some(letter) = group.letter(key)?.filter(Letter::is_unread) else { return Ok(()) };
        let now = self.grounds(group, letter.kind, &letter.alerts)?;
        let Grounds { answered, answer, .. } = letter.grounds;
        group.put_letter(Letter { grounds: Grounds { answered, answer, ..now }, ..letter });
        Ok(())
    }

    /// A server took a letter that it had put off, and nobody else has had its word: what counts from that word counts from now.
    pub(super) fn note_left<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        letter: &Letter,
    ) -> Result<(), V::Error> {
        if matches!(letter.kind, LetterKind::Over | LetterKind::Digest { .. }) {
            return Ok(());
        }
        let is_first = is_first_word(letter.kind);
        let (mut looks, mut late, mut waiting) = (Looks::default(), Vec::new(), BTreeSet::new());
        for key in &letter.alerts {
            let Some(mut course) = group.course(key)?.filter(|course| course.over_at.is_none()) else {
                continue;
            };
            if self.was_heard_elsewhere(group, &course, letter, &mut looks)? {
                continue;
            }
            course.left_at = Some(moment.at);
            if !matches!(letter.kind, LetterKind::Reminder { .. }) {
                course.answer_from = Some(moment.at);
            }
            let mut is_escalated = false;
            for told in
                course.carriers.iter().flat_map(|carrier| carrier.queued.iter().chain([&carrier.letter]))
            {
                let Some(look) = looks.at(group, told)?.filter(Look::is_escalation) else { continue };
                is_escalated |= look.is_out;
                waiting.extend((look.is_unread && is_first).then(|| told.clone()));
            }
            // Where others were told in their place already, what comes next counts from now, and nothing is told them twice.
            late.extend((is_first && !is_escalated).then(|| key.clone()));
            group.put_course(key.clone(), course);
        }
        for key in &waiting {
            let has_left = |course: &Course| course.answer_from.is_some() || course.is_quiet();
            let reason = "those who are told first have their letter now, and their time counts from then";
            self.take_back_whole(group, moment.at, key, (has_left, reason))?;
            self.ground_anew(group, key)?;
        }
        for key in &late {
            self.count_from_now(group, moment.at, key)?;
        }
        Ok(())
    }

    /// The first word has left at last: what was planned from the moment at which it was written is planned anew.
    fn count_from_now<V: View>(
        &self,
        group: &mut Group<'_, V>,
        now: DateTime<Utc>,
        key: &AlertKey,
    ) -> Result<(), V::Error> {
        let is_waiting = |course: &Course| !course.is_quiet() && course.owed == Owed::Nobody;
        let Some(mut course) = group.course(key)?.filter(is_waiting) else { return Ok(()) };
        course.epoch += 1;
        course.first_at = Some(now);
        if let Some(alert) = group.alert(key)?.filter(|alert| !tells_end(alert)) {
            self.arm(group, self.rules.get(&alert.rule), (key, &course), now);
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// Whether somebody else has had the word of this letter, or a later one. A first word counts as had whoever was told first.
    fn was_heard_elsewhere<V: View>(
        &self,
        group: &Group<'_, V>,
        course: &Course,
        letter: &Letter,
        looks: &mut Looks,
    ) -> Result<bool, V::Error> {
        let is_first = is_first_word(letter.kind);
        for carrier in &course.carriers {
            if is_first && carrier.was_heard {
                return Ok(true);
            }
            let last = if carrier.letter == letter.key { None } else { looks.at(group, &carrier.letter)? };
            let Some(last) = last.filter(|last| last.is_out) else { continue };
            let is_same = if is_first { !last.is_escalation() } else { last.created_at >= letter.created_at };
            if is_same {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_first_word(kind: LetterKind) -> bool {
    matches!(kind, LetterKind::Alert | LetterKind::Bundle { .. })
}
