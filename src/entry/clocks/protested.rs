//! Which decision a protest is against.
//!
//! The protest itself says so by the date of the liquidation or decision (19 CFR 174.13(a)(4)); query answers do not, and
//! people may not. One that may be against several ends the clock of none: a reminder too many costs a look, and the time
//! to protest, once lost, is lost for ever.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::Clock;
use crate::deadline::DeadlineTable;
use crate::entry::claims::is_same_number;
use crate::entry::{Entry, RecordedFact};
use crate::notice::{AGAINST, EventTime, FactKind, Token};

/// Protests that people record.
pub(super) const PROTESTS: [FactKind; 2] = [FactKind::ProtestFiled, FactKind::ExclusionProtest];

/// The date that a protest names is that of the nearest decision, if it lies no farther off: sources differ by weeks.
const SAME_DECISION_DAYS: i64 = 30;

/// A decision that can be protested, with its clock.
pub(super) struct Decision {
    pub clock: Clock,
    /// The first day of the clock.
    pub day_0: NaiveDate,
    /// Every date that was told of it.
    pub dates: Vec<NaiveDate>,
    pub is_exclusion: bool,
}

/// A protest that is on file.
struct Filed {
    number: Option<Token>,
    /// The day of filing; of one that only a query answer tells, the first day on which it was known.
    on: NaiveDate,
    is_dated: bool,
    /// The date of what it is against.
    against: Option<NaiveDate>,
    is_of_exclusion: bool,
    is_decided: bool,
}

/// A protest, and which of the decisions it may be against.
struct Meant {
    filed: Filed,
    /// Places among the decisions.
    decisions: Vec<usize>,
    /// One, and no other.
    is_sure: bool,
}

/// The protests of an entry.
pub(super) struct Protested(Vec<Meant>);

/// The protests against one decision: those that surely are, or else those that may be.
pub(super) struct Against {
    words: Vec<String>,
    is_sure: bool,
    /// Whether CBP decided each of them.
    pub is_decided: bool,
    pub numbers: Vec<Option<Token>>,
}

impl Decision {
    fn days_from(&self, date: NaiveDate) -> Option<i64> {
        self.dates.iter().map(|known| (*known - date).num_days().abs()).min()
    }

    fn may_be_meant_by(&self, filed: &Filed) -> bool {
        self.day_0 <= filed.on && (self.is_exclusion || !filed.is_of_exclusion)
    }

    fn takes_on(&self, day: NaiveDate, table: &DeadlineTable) -> bool {
        let dates = table.compute_dates(self.clock.id, &self.clock.facts);
        dates.ok().and_then(|dates| dates.due.date()).is_none_or(|last| day <= last)
    }
}

impl Filed {
    fn words(&self) -> String {
        let number = self.number.as_ref().map(Token::as_str);
        match (number, self.is_dated) {
            (Some(number), true) => format!("protest {number} was filed on {}", self.on),
            (None, true) => format!("protest without a number was filed on {}", self.on),
            (Some(number), false) => format!("protest {number} is on file"),
            (None, false) => "a protest is on file".to_owned(),
        }
    }
}

impl Against {
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Ends the clock, or notes what may have ended it.
    pub fn end(&self, clock: &mut Clock) {
        let Some(first) = self.words.first() else { return };
        if self.is_sure {
            clock.closed = Some(Cow::Owned(first.clone()));
        } else {
            let words = self.words.join(", ");
            clock.may_be_over =
                format!("{words}, perhaps against this: record it with `{AGAINST}` to say which");
        }
    }
}

impl Protested {
    pub fn new(entry: &Entry, table: &DeadlineTable, decisions: &[Decision]) -> Self {
        let filed = entry.protests_filed().into_iter();
        let mut all: Vec<Meant> = filed.map(|filed| Meant::of(filed, decisions, table)).collect();
        let sure = |all: &[Meant]| -> Vec<usize> {
            all.iter()
                .filter(|meant| meant.is_sure)
                .flat_map(|meant| meant.decisions.iter().copied())
                .collect()
        };
        // One protest for each entry and decision (19 USC 1514(c)(1)), so a second one is against another.
        for at in 0..all.len() {
            let taken = sure(&all);
            let meant = &mut all[at];
            let is_free = |place: &usize| !taken.contains(place);
            if !meant.is_sure && meant.filed.against.is_none() && meant.decisions.iter().any(is_free) {
                meant.decisions.retain(is_free);
                meant.is_sure = meant.decisions.len() == 1;
            }
        }
        Self(all)
    }

    /// The protests against the decision at this place.
    pub fn against(&self, place: usize) -> Against {
        let of_it = || self.0.iter().filter(|meant| meant.decisions.contains(&place));
        let is_sure = of_it().any(|meant| meant.is_sure);
        let counting = || of_it().filter(|meant| meant.is_sure == is_sure);
        Against {
            words: counting().map(|meant| meant.filed.words()).collect(),
            is_sure,
            is_decided: counting().all(|meant| meant.filed.is_decided),
            numbers: counting().map(|meant| meant.filed.number).collect(),
        }
    }
}

impl Meant {
    fn of(filed: Filed, decisions: &[Decision], table: &DeadlineTable) -> Self {
        let mut may: Vec<usize> = Vec::new();
        may.extend((0..decisions.len()).filter(|place| decisions[*place].may_be_meant_by(&filed)));
        if let Some(date) = filed.against {
            let near = may.iter().filter_map(|place| Some((decisions[*place].days_from(date)?, *place)));
            let nearest = near.filter(|(days, _)| *days <= SAME_DECISION_DAYS).min();
            // Else it is against one that nobody told, or names another date of one that is known.
            let decisions = nearest.map_or(may, |(_, place)| vec![place]);
            return Self { filed, decisions, is_sure: nearest.is_some() };
        }
        // A protest that comes too late for one decision is against another.
        let is_in_time = |place: &usize| !filed.is_dated || decisions[*place].takes_on(filed.on, table);
        if may.iter().any(is_in_time) {
            may.retain(is_in_time);
        }
        Self { is_sure: may.len() == 1, filed, decisions: may }
    }
}

impl Entry {
    /// What can be protested, by name and date, where nothing of it is of about this date; blank while nothing at all is known.
    pub fn decisions_beside(&self, table: &DeadlineTable, date: NaiveDate) -> Vec<(Box<str>, NaiveDate)> {
        let mut decisions = self.decisions(table);
        decisions.extend(self.deemed_decision(table));
        let is_near = |known: &Decision| known.days_from(date).is_some_and(|days| days <= SAME_DECISION_DAYS);
        if decisions.iter().any(is_near) {
            return Vec::new();
        }
        decisions.into_iter().map(|known| (known.clock.instance, known.day_0)).collect()
    }

    /// Whether any protest is known.
    pub(super) fn has_protest(&self) -> bool {
        !self.protests.is_empty()
            || self.recorded.iter().any(|fact| PROTESTS.contains(&fact.fact))
            || self.answered.is_some_and(|answered| answered.status.is_protested)
    }

    /// Those that people recorded, then those that only query answers tell. Of several records of one protest those count
    /// that say what it is against.
    fn protests_filed(&self) -> Vec<Filed> {
        let told = || self.recorded.iter().filter(|fact| PROTESTS.contains(&fact.fact));
        let is_same = |number: Option<Token>, other: Option<Token>| {
            number.zip(other).is_some_and(|(number, other)| is_same_number(number, other))
        };
        let is_told_better = |fact: &RecordedFact| {
            let says = |other: &RecordedFact| other.date_of(AGAINST).is_some();
            !says(fact) && told().any(|other| says(other) && is_same(other.reference, fact.reference))
        };
        let counts = |fact: &&RecordedFact| !is_told_better(fact) && !self.is_void(fact.reference);
        let dated = told().filter(counts).filter_map(|fact| {
            Some(Filed {
                number: fact.reference,
                on: fact.date()?,
                is_dated: true,
                against: fact.date_of(AGAINST),
                is_of_exclusion: fact.fact == FactKind::ExclusionProtest,
                is_decided: self.is_protest_decided(fact.reference),
            })
        });
        let mut filed: Vec<Filed> = dated.collect();
        let undated = |number: Option<Token>, since: Option<EventTime>| {
            Some(Filed {
                number,
                on: since?.date,
                is_dated: false,
                against: None,
                is_of_exclusion: false,
                is_decided: number.is_some() && self.is_protest_decided(number),
            })
        };
        let answered = self.protests.values().filter(|state| {
            let number = Some(state.protest.number);
            !state.protest.is_void()
                && !told().any(|fact| fact.date().is_some() && is_same(fact.reference, number))
        });
        filed.extend(answered.filter_map(|state| {
            let filed = undated(Some(state.protest.number), state.since)?;
            // It was filed before it was decided, whenever that became known.
            Some(Filed {
                on: state.protest.decided.map_or(filed.on, |decided| decided.min(filed.on)),
                ..filed
            })
        }));
        if filed.is_empty() && self.protests.is_empty() {
            let flagged = self.answered.filter(|answered| answered.status.is_protested);
            filed.extend(flagged.and_then(|answered| undated(None, answered.at)));
        }
        filed
    }

    /// Whether CBP decided the protest of this number. A decision without one is about any.
    fn is_protest_decided(&self, number: Option<Token>) -> bool {
        let mut decided = self.recorded.iter().filter(|fact| fact.fact == FactKind::ProtestDecided);
        let is_it = |other: Option<Token>| match number.zip(other) {
            Some((number, other)) => is_same_number(number, other),
            None => true,
        };
        decided.any(|fact| is_it(fact.reference))
            || self
                .protests
                .values()
                .any(|state| state.protest.decided.is_some() && is_it(Some(state.protest.number)))
    }
}
