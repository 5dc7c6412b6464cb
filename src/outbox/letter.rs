//! What a letter that has not left says beside its alerts, and that it is taken back.

use chrono::{DateTime, Utc};

use super::{Ack, AlertKey, Course, Letter, LetterKind, LetterState};

impl Letter {
    /// Whether it only says again what people were told: nothing is lost with it once somebody takes care.
    pub fn only_nags(&self) -> bool {
        match self.kind {
            LetterKind::Reminder { .. } | LetterKind::Escalation { .. } => true,
            LetterKind::Bundle { .. } => !self.alerts.is_empty() && self.marks.len() == self.alerts.len(),
            LetterKind::Alert | LetterKind::Digest { .. } | LetterKind::Over => false,
        }
    }

    /// As what an alert is said, where the letter as a whole does not tell.
    pub fn mark_of(&self, alert: &AlertKey) -> Option<LetterKind> {
        self.marks.iter().find(|(key, _)| key == alert).map(|(_, kind)| *kind)
    }

    /// Whether it waits for its server, which did not take it before.
    pub fn is_put_off(&self) -> bool {
        matches!(self.state, LetterState::Waiting { attempt, .. } if attempt > 0 || self.past.attempts > 0)
    }

    /// Whether its server did not take it, so far or for good.
    pub fn is_refused(&self) -> bool {
        self.is_put_off() || matches!(self.state, LetterState::GivenUp { .. })
    }

    /// Whether it tells people that nobody of those before them could be told.
    pub fn is_for_unreached(&self) -> bool {
        self.grounds.unreached > 0 && self.grounds.unreached as usize == self.alerts.len()
    }

    /// Takes it back: nobody tries it any more.
    pub fn withdraw(&mut self, at: DateTime<Utc>, reason: &str) {
        if let LetterState::Waiting { attempt, may_have_arrived, .. } = self.state {
            self.state = LetterState::Withdrawn { at, attempt, reason: reason.into(), may_have_arrived };
        }
    }

    /// The answer to an alert that a mail of this letter tells: the one that came after it was written. What a server may have is rendered
    /// as it was.
    pub fn answer_told(&self, course: &Course) -> Option<Ack> {
        if matches!(self.kind, LetterKind::Digest { .. } | LetterKind::Over) {
            return None;
        }
        let answer = match self.is_unread() {
            true => course.ack.clone(),
            false => course.answer_until(self.past.as_of.answers_until?),
        };
        answer.filter(|answer| answer.at > self.created_at)
    }
}
