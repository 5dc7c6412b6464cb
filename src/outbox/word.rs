//! What is said of an alert next, decided from its course alone: one answer for all that may happen to it.
//!
//! ```text
//! owed to everybody ──told──► said ──reminders, escalation──► said again
//!    ▲                          │
//!    └── hidden before anybody heard; an acknowledgement that ended
//! ```
//!
//! Three things void what was planned. Reminders, escalations and what waits of them belong to an *epoch*: an answer, an inhibition that
//! begins or ends, and an acknowledgement that ends begin another. First words that wait belong to a *round*: it ends with an answer, for
//! everybody hears of it again when the acknowledgement ends, and with an inhibition before anybody heard. The end of an acknowledgement
//! belongs to neither: nothing but the end of the alert itself voids it.

use serde::{Deserialize, Serialize};

use super::{Course, Happened, LetterKind};

/// Who is to hear of an alert as soon as nothing keeps it back. Not those for whom it waits on the agenda.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    #[default]
    Nobody,
    /// These, for the first time: their moment came while it was hidden.
    People(Vec<Box<str>>),
    Everybody,
}

impl Owed {
    pub(super) fn is_nobody(&self) -> bool {
        *self == Self::Nobody
    }
}

/// As what an alert that waits is told to somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    First {
        round: u32,
    },
    /// Once more, or its end.
    Again {
        kind: LetterKind,
        epoch: u32,
    },
}

impl Word {
    /// As what it is said; `None` for the first time.
    pub fn again(self) -> Option<LetterKind> {
        match self {
            Self::First { .. } => None,
            Self::Again { kind, .. } => Some(kind),
        }
    }

    pub(super) fn written(self) -> String {
        match self {
            Self::First { round } => format!("first/{round}"),
            Self::Again { kind, epoch } => kind.occasion(epoch),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let again = |kind, epoch: &str| Some(Self::Again { kind, epoch: epoch.parse().ok()? });
        match parts[..] {
            ["first", round] => Some(Self::First { round: round.parse().ok()? }),
            ["reminder", epoch, nth] => again(LetterKind::Reminder { nth: nth.parse().ok()? }, epoch),
            ["escalation", epoch, level] => {
                again(LetterKind::Escalation { level: level.parse().ok()? }, epoch)
            }
            ["over", epoch] => again(LetterKind::Over, epoch),
            _ => None,
        }
    }
}

/// What becomes of a word that waited when its moment comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heed {
    Say,
    /// It is hidden: said when it is shown again.
    Owe,
    /// There is nothing left to tell, or it is told otherwise.
    Void,
}

/// What is to be done for an alert now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Nothing: something keeps it back, it is over, or its first word is on its way.
    Rest,
    /// It is told for the first time: to these, or to everybody.
    First { people: Option<Vec<Box<str>>> },
    /// Everybody is told once more, the `nth` time in all.
    Again { nth: u32 },
    /// Whoever should has heard of it: reminders and escalation count from now on.
    Count,
}

impl Course {
    /// What is to be done when something was raised, or has stopped keeping it back.
    pub fn turn(&self) -> Turn {
        if self.is_quiet() {
            return Turn::Rest;
        }
        match (&self.owed, self.said) {
            (Owed::Everybody, 0) => Turn::First { people: None },
            (Owed::Everybody, said) => Turn::Again { nth: said.saturating_add(1) },
            (Owed::People(people), _) => Turn::First { people: Some(people.clone()) },
            (Owed::Nobody, 0) => Turn::Rest,
            (Owed::Nobody, _) => Turn::Count,
        }
    }

    /// What becomes of a word that waited and whose moment has come.
    pub fn heed(&self, word: Word) -> Heed {
        match word {
            Word::Again { kind: LetterKind::Over, .. } => Heed::Say,
            _ if self.over_at.is_some() => Heed::Void,
            Word::First { round } if round != self.round => Heed::Void,
            Word::First { .. } if self.hidden_by.is_some() => Heed::Owe,
            Word::First { .. } => Heed::Say,
            Word::Again { epoch, .. } if epoch == self.epoch && !self.is_quiet() => Heed::Say,
            Word::Again { .. } => Heed::Void,
        }
    }

    /// Whether a task of this epoch that opens it again still does something.
    pub fn may_open(&self, epoch: u32) -> bool {
        self.over_at.is_none() && (self.ack.is_some() || self.epoch == epoch)
    }

    /// An inhibition begins to hide it.
    pub fn hide(&mut self, by: Box<str>) {
        self.epoch += 1;
        self.hidden_by = Some(by);
        if self.said == 0 {
            self.begin_round();
            self.owed = Owed::Everybody;
        }
    }

    /// No inhibition hides it any more.
    pub fn show(&mut self) {
        self.epoch += 1;
        self.hidden_by = None;
    }

    /// First words that wait are void.
    pub fn begin_round(&mut self) {
        self.round += 1;
    }

    /// Its acknowledgement has ended.
    pub fn open_again(&mut self, at: chrono::DateTime<chrono::Utc>) {
        self.ack = None;
        self.epoch += 1;
        self.owed = Owed::Everybody;
        self.note(at, Happened::Reopened);
    }

    /// Somebody's first word came due while it is hidden.
    pub fn owe(&mut self, recipient: &str) {
        match &mut self.owed {
            Owed::Everybody => {}
            Owed::People(people) if people.iter().any(|known| **known == *recipient) => {}
            Owed::People(people) => people.push(recipient.into()),
            Owed::Nobody => self.owed = Owed::People(vec![recipient.into()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};

    use super::*;
    use crate::outbox::Ack;

    fn told() -> Course {
        Course { said: 1, ..Course::default() }
    }

    fn acknowledged(mut course: Course) -> Course {
        let until = NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date");
        let ack = Ack { by: "jo".into(), reason: "called".into(), at: DateTime::UNIX_EPOCH, until };
        course.acknowledge(ack, None);
        course.begin_round();
        course
    }

    #[test]
    fn words_come_back_as_they_were_written() {
        for word in [
            Word::First { round: 3 },
            Word::Again { kind: LetterKind::Reminder { nth: 2 }, epoch: 5 },
            Word::Again { kind: LetterKind::Escalation { level: 1 }, epoch: 0 },
            Word::Again { kind: LetterKind::Over, epoch: 7 },
        ] {
            assert_eq!(Word::parse(&word.written()), Some(word));
        }
        assert_eq!(Word::parse("dance/1"), None);
    }

    #[test]
    fn what_is_raised_is_told_to_everybody_and_then_counts() {
        let raised = Course { owed: Owed::Everybody, ..Course::default() };
        assert_eq!(raised.turn(), Turn::First { people: None });
        assert_eq!(Course::default().turn(), Turn::Rest, "its first word is on its way");
        assert_eq!(told().turn(), Turn::Count);
    }

    #[test]
    fn what_is_hidden_before_anybody_heard_is_told_to_everybody_when_it_is_shown() {
        let mut course = Course::default();
        course.hide("cancelled".into());
        assert_eq!(course.turn(), Turn::Rest);
        assert_eq!(course.heed(Word::First { round: 0 }), Heed::Void, "it is told when it is shown");
        course.show();
        assert_eq!(course.turn(), Turn::First { people: None });
        // Somebody has heard of it; another was asleep.
        let mut course = told();
        course.hide("cancelled".into());
        assert_eq!(course.heed(Word::First { round: 0 }), Heed::Owe);
        course.owe("b@example.com");
        course.owe("b@example.com");
        course.show();
        assert_eq!(course.turn(), Turn::First { people: Some(vec!["b@example.com".into()]) });
    }

    #[test]
    fn an_answer_voids_what_waits_and_nothing_but_the_end_voids_its_own_end() {
        let course = acknowledged(told());
        let escalation = Word::Again { kind: LetterKind::Escalation { level: 1 }, epoch: 0 };
        assert_eq!(course.heed(escalation), Heed::Void);
        assert_eq!(course.heed(Word::First { round: 0 }), Heed::Void);
        assert_eq!(course.heed(Word::Again { kind: LetterKind::Over, epoch: 0 }), Heed::Say);
        let (epoch, mut course) = (course.epoch, course);
        course.hide("cancelled".into());
        course.show();
        assert!(course.may_open(epoch) && course.turn() == Turn::Rest);
        course.open_again(DateTime::UNIX_EPOCH);
        assert_eq!(course.turn(), Turn::Again { nth: 2 });
        assert!(!course.may_open(epoch));
        course.over_at = Some(DateTime::UNIX_EPOCH);
        assert!(!course.may_open(course.epoch) && course.turn() == Turn::Rest);
        let mut unheard = acknowledged(Course::default());
        unheard.open_again(DateTime::UNIX_EPOCH);
        assert_eq!(unheard.turn(), Turn::First { people: None }, "for those whom nobody has told");
    }
}
