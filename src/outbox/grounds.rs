//! Why a letter says something again, beside the time that went by: known when it is written, and told as it was then. Only that something
//! was not delivered is looked at again while the letter waits itself.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Ack, Course, Happened};

/// Of a reminder and an escalation. Blank where nobody has ever taken care of its alerts, and those before have had their letters.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grounds {
    /// Alerts whose acknowledgement has ended.
    #[serde(skip_serializing_if = "is_none")]
    pub answered: u32,
    /// That acknowledgement, where all of these have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Ack>,
    /// Alerts of which no server has taken a letter yet, for anybody.
    #[serde(skip_serializing_if = "is_none")]
    pub unreached: u32,
    /// When the first letter about the first of these was to leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreached_since: Option<DateTime<Utc>>,
    /// The teams that these letters were for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreached_teams: Vec<Box<str>>,
}

impl Grounds {
    pub(super) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Adds an alert that was acknowledged, and is no more.
    pub fn add_answer(&mut self, answer: Ack) {
        self.answer = match self.answered {
            0 => Some(answer),
            _ => self.answer.take().filter(|known| *known == answer),
        };
        self.answered += 1;
    }

    /// Adds an alert that could not be delivered to anybody of its teams.
    pub fn add_unreached(&mut self, course: &Course) {
        self.unreached += 1;
        self.unreached_since = self.unreached_since.into_iter().chain(course.first_at).min();
        for team in &course.notify {
            if !self.unreached_teams.contains(team) {
                self.unreached_teams.push(team.clone());
            }
        }
    }
}

impl Course {
    /// The acknowledgement that ended, if nobody has taken care of it since.
    pub fn ended_answer(&self) -> Option<Ack> {
        let mut said = self
            .events
            .iter()
            .rev()
            .filter(|event| matches!(event.what, Happened::Acknowledged { .. } | Happened::Reopened));
        said.next().filter(|event| event.what == Happened::Reopened)?;
        let answer = said.find(|event| event.what != Happened::Reopened)?;
        let Happened::Acknowledged { by, reason, until } = &answer.what else { return None };
        Some(Ack { by: by.clone(), reason: reason.clone(), at: answer.at, until: *until })
    }
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn ack(by: &str) -> Ack {
        let until = NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date");
        Ack { by: by.into(), reason: "called".into(), at: DateTime::UNIX_EPOCH, until }
    }

    #[test]
    fn an_answer_has_ended_when_nobody_has_answered_since() {
        let mut course = Course::default();
        assert_eq!(course.ended_answer(), None);
        course.acknowledge(ack("ann"), None);
        assert_eq!(course.ended_answer(), None, "it stands");
        course.open_again(DateTime::UNIX_EPOCH);
        assert_eq!(course.ended_answer(), Some(ack("ann")));
        course.note(DateTime::UNIX_EPOCH, Happened::Reminded { said: 2 });
        assert_eq!(course.ended_answer(), Some(ack("ann")));
        course.acknowledge(ack("bob"), None);
        assert_eq!(course.ended_answer(), None);
        course.open_again(DateTime::UNIX_EPOCH);
        assert_eq!(course.ended_answer(), Some(ack("bob")));
    }

    #[test]
    fn one_answer_is_named_only_where_all_have_it() {
        let mut grounds = Grounds::default();
        grounds.add_answer(ack("ann"));
        grounds.add_answer(ack("ann"));
        assert_eq!((grounds.answered, grounds.answer.clone()), (2, Some(ack("ann"))));
        grounds.add_answer(ack("bob"));
        grounds.add_answer(ack("bob"));
        assert_eq!((grounds.answered, grounds.answer), (4, None));
    }
}
