//! Which clock an answer is about that people recorded.
//!
//! A form often has no number, and neither has its answer. One that may be about several ends the clock of none: a reminder
//! too many costs a look, and a day in law, once lost, is lost for ever. It is about one when it bears the number of that
//! one, or its date where it has no number, or when no other was open on the day.

use chrono::NaiveDate;

use super::claims::is_same_number;
use super::{Entry, RecordedFact};
use crate::deadline::id;
use crate::notice::{FactKind, Token};

/// Facts that are about the goods of the entry, or whose families look up what they end.
const ELSEWHERE: [FactKind; 9] = [
    FactKind::Detained,
    FactKind::Detention,
    FactKind::Exclusion,
    FactKind::ProtestFiled,
    FactKind::ExclusionProtest,
    FactKind::ProtestDecided,
    FactKind::AcceleratedRequest,
    FactKind::InBondArrived,
    FactKind::Done,
];

/// What is asked for a petition may be any of its claims, whichever deadline that has.
const ANY_OF_ITS_DEADLINES: [FactKind; 1] = [FactKind::PetitionFiled];

/// Clocks of which an entry has one, whatever starts it, and those whose families look up what ends them.
const SINGLE: [&str; 12] = [
    id::ENTRY_FILE,
    id::GO_NOTIFY,
    id::GO_SALE,
    id::INBOND_TRANSIT,
    id::LIQ_SUSP_6M,
    id::RECORD_RETENTION,
    id::RECON_VALUE,
    id::RECON_FTA,
    id::PSC_ADCVD_PAY,
    id::PROTEST_DUE,
    id::PROTEST_AMEND,
    id::WAREHOUSE_5Y,
];

/// Started by a denied protest, whoever tells of it.
const OF_DENIALS: [&str; 2] = [id::CIT_SUMMONS, id::PROTEST_VOID_90D];

/// What an answer is to a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    /// It is about this one.
    This,
    /// It is about this one or about another.
    Perhaps,
    /// It is about another.
    Other,
}

/// A clock that an answer may be about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    deadline: &'static str,
    instance: Box<str>,
    about: About,
}

/// A clock that waits for its answer.
struct Waiting {
    deadline: &'static str,
    instance: Box<str>,
    number: Option<Token>,
    since: NaiveDate,
}

impl Waiting {
    fn is_named(&self, number: Token) -> bool {
        is_same_number(Token::new(&*self.instance), number)
            || self.number.is_some_and(|own| is_same_number(own, number))
    }

    fn may_be_meant_by(&self, fact: &RecordedFact) -> bool {
        fact.date().is_some_and(|date| self.since <= date)
            && fact.fact.definition().ends.contains(&self.deadline)
            && fact.reference.is_none_or(|number| self.number.is_none() || self.is_named(number))
    }
}

impl RecordedFact {
    /// What it is to this clock. A clock of which nothing else is known is ended by any fact of the kind.
    pub(super) fn about(&self, deadline: &str, instance: &str) -> About {
        let is_it = |asked: &&Asked| asked.deadline == deadline && *asked.instance == *instance;
        self.asked.iter().find(is_it).map_or(About::This, |asked| asked.about)
    }

    /// The numbers, or dates, that would say which clock it is about.
    pub(super) fn may_name(&self) -> Vec<&str> {
        let perhaps = self.asked.iter().filter(|asked| asked.about == About::Perhaps);
        let mut names: Vec<&str> = perhaps.map(|asked| &*asked.instance).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Finds for each answer which clocks it is about.
pub(super) fn settle(entry: &mut Entry) {
    let is_answer = |fact: &RecordedFact| {
        fact.at.is_some() && !fact.fact.definition().ends.is_empty() && !ELSEWHERE.contains(&fact.fact)
    };
    let mut answers: Vec<usize> =
        (0..entry.recorded.len()).filter(|at| is_answer(&entry.recorded[*at])).collect();
    if answers.is_empty() {
        return;
    }
    let mut waiting = entry.waiting();
    // Of one day, what bears a number says more.
    answers.sort_by_key(|at| (entry.recorded[*at].date(), entry.recorded[*at].reference.is_none()));
    for (place, &at) in answers.iter().enumerate() {
        let fact = &entry.recorded[at];
        let is_again = |known: &RecordedFact| {
            known.fact == fact.fact && known.date() == fact.date() && known.reference.is_some()
        };
        // The same answer, recorded again with its number.
        let again = answers[..place].iter().map(|at| &entry.recorded[*at]).find(|known| is_again(known));
        let asked = match again.filter(|_| fact.reference.is_none()) {
            Some(known) => known.asked.clone(),
            None => asked_by(fact, &waiting),
        };
        waiting.retain(|clock| {
            !asked.iter().any(|asked| {
                asked.about == About::This
                    && asked.deadline == clock.deadline
                    && asked.instance == clock.instance
            })
        });
        entry.recorded[at].asked = asked;
    }
}

/// The clocks that the answer may be about, and what it is to each.
fn asked_by(fact: &RecordedFact, waiting: &[Waiting]) -> Vec<Asked> {
    let may: Vec<&Waiting> = waiting.iter().filter(|clock| clock.may_be_meant_by(fact)).collect();
    let is_named = |clock: &Waiting| fact.reference.is_some_and(|number| clock.is_named(number));
    let has_name = may.iter().any(|clock| is_named(clock));
    let is_any = ANY_OF_ITS_DEADLINES.contains(&fact.fact);
    let about = |clock: &Waiting| {
        let beside = may.iter().filter(|other| is_any || other.deadline == clock.deadline).count();
        match (has_name, is_named(clock)) {
            (true, true) => About::This,
            (true, false) => About::Other,
            (false, _) if beside > 1 => About::Perhaps,
            (false, _) => About::This,
        }
    };
    let asked = |clock: &&Waiting| Asked {
        deadline: clock.deadline,
        instance: clock.instance.clone(),
        about: about(clock),
    };
    may.iter().map(asked).collect()
}

impl Entry {
    /// The clocks that wait for an answer of ours, those that messages ended left out.
    fn waiting(&self) -> Vec<Waiting> {
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut add = |clock: Waiting| {
            let is_same =
                |known: &Waiting| known.deadline == clock.deadline && known.instance == clock.instance;
            if !waiting.iter().any(is_same) {
                waiting.push(clock);
            }
        };
        for fact in &self.recorded {
            let Some(since) = fact.date() else { continue };
            for start in fact.starts() {
                let deadline = start.deadline;
                let is_elsewhere = SINGLE.contains(&deadline) || OF_DENIALS.contains(&deadline);
                if is_elsewhere || self.ended_by_message(deadline, fact, since).is_some() {
                    continue;
                }
                add(Waiting { deadline, instance: fact.instance.clone(), number: fact.reference, since });
            }
        }
        for state in self.denied_protests() {
            let number = state.protest.number;
            let Some(since) = state.protest.decided else { continue };
            if self.summons_of(Some(number)).is_some() {
                continue;
            }
            for deadline in OF_DENIALS {
                add(Waiting { deadline, instance: number.as_str().into(), number: Some(number), since });
            }
        }
        waiting
    }
}
