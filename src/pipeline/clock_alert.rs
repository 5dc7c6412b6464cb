//! Alerts about clocks, with all that a letter shows of one: the arithmetic, where its facts come from, how it moved.

use chrono::{NaiveDate, TimeDelta};

use super::raise::{Raised, running};
use super::remind::broker_of;
use super::{Moment, Pipeline, brief};
use crate::deadline::Computed;
use crate::entry::{ClockMove, Entry, EntryDeadline, Life};
use crate::outbox::{Alert, AlertKey, Cause, DeadlineBrief};
use crate::place::Severity;
use crate::rules::{DeadlineHit, Delivery, Rule, Telling};

/// Letters of this many days after a move show the old date as well.
const MOVED_DAYS: i64 = 30;

/// What a reminder tells that no step of a ladder has caused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Difference {
    /// The date moved, or is no more.
    Moved,
    /// The clock runs again.
    Reopened,
    /// There is no such clock any more.
    Gone,
}

impl Difference {
    /// What stands in the place of a step.
    fn step(self) -> &'static str {
        match self {
            Self::Moved => DeadlineBrief::MOVED,
            Self::Reopened => DeadlineBrief::REOPENED,
            Self::Gone => DeadlineBrief::GONE,
        }
    }
}

/// A clock and the entry that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct OfClock<'a> {
    pub life: &'a Life,
    pub entry: &'a Entry,
    pub deadline: &'a EntryDeadline,
    /// All clocks of the entry.
    pub all: &'a [EntryDeadline],
    /// The day for which this is said.
    pub on: NaiveDate,
}

/// What the rules make of it.
struct Verdict<'r> {
    rule: &'r Rule,
    severity: Severity,
    delivery: Delivery,
    notify: &'r [Box<str>],
    step: Box<str>,
}

impl Pipeline {
    /// A step of the ladder has come.
    pub(super) fn step_alert(
        &self,
        moment: Moment,
        hit: DeadlineHit<'_>,
        key: AlertKey,
        of: OfClock<'_>,
    ) -> Raised {
        let DeadlineHit { rule, severity, delivery, notify, step, .. } = hit;
        let verdict = Verdict { rule, severity, delivery, notify, step: step.to_string().into() };
        self.clock_alert(moment, verdict, key, of)
    }

    /// Something changed between two steps.
    pub(super) fn difference_alert(
        &self,
        moment: Moment,
        (rule, difference): (&Rule, Difference),
        telling: Telling<'_>,
        key: AlertKey,
        of: OfClock<'_>,
    ) -> Raised {
        let Telling { severity, delivery, notify, .. } = telling;
        let step = difference.step().into();
        self.clock_alert(moment, Verdict { rule, severity, delivery, notify, step }, key, of)
    }

    fn clock_alert(&self, moment: Moment, verdict: Verdict<'_>, key: AlertKey, of: OfClock<'_>) -> Raised {
        let Verdict { rule, severity, delivery, notify, step } = verdict;
        let broker = broker_of(of.life);
        let alert = Alert {
            key,
            rule: rule.name.clone(),
            title: rule.title.clone(),
            severity,
            raised_at: moment.at,
            entry: Some(brief::entry(of.entry, &broker, self.importer_number)),
            broker: Some(broker),
            cause: Cause::Deadline(Box::new(self.deadline_brief(moment, step, of))),
            deadlines: running(of.all, Some(of.deadline), of.on),
            next_step: rule.next_step.clone(),
            over_at: None,
            as_told: Default::default(),
        };
        Raised::new(alert, delivery, notify)
    }

    fn deadline_brief(&self, moment: Moment, step: Box<str>, of: OfClock<'_>) -> DeadlineBrief {
        let OfClock { life, entry, deadline, on, .. } = of;
        let key = deadline.key();
        let computed = entry
            .clocks(&self.deadlines)
            .into_iter()
            .find(|clock| clock.key() == key)
            .and_then(|clock| clock.explain(&self.deadlines).ok());
        let shown_since = moment.at - TimeDelta::days(MOVED_DAYS);
        let is_news = |moved: &&ClockMove| {
            (moved.from.legal() != moved.to.legal() || moved.reopens()) && moved.at >= shown_since
        };
        DeadlineBrief {
            name: self.deadlines.find(&deadline.id).map_or(&*deadline.id, |found| &found.name).into(),
            days_left: deadline.target_on(on).map_or(0, |target| (target - on).num_days()),
            step,
            on,
            rule: computed.as_ref().map(rule_text).unwrap_or_default(),
            confidence: computed.as_ref().map(|computed| computed.confidence),
            evidence: evidence(life, deadline),
            steps: computed.map(|computed| computed.steps).unwrap_or_default(),
            sequence: life.event_sequence(deadline, on),
            moved: life.moves_of(&key).rev().find(is_news).cloned().map(Box::new),
            target: life.target_of(&key).cloned(),
            deadline: deadline.clone(),
        }
    }
}

/// `PROTEST_DUE: 180 calendar days, forward (since 2004-12-18, table 5c1f...)`.
fn rule_text(computed: &Computed) -> Box<str> {
    let since = computed.valid_from.map(|date| format!("since {date}, ")).unwrap_or_default();
    format!("{}: {} ({since}table {})", computed.id, computed.rule, computed.table_version).into()
}

/// The notice behind each fact, and where it stands in which file.
fn evidence(life: &Life, deadline: &EntryDeadline) -> Vec<Box<str>> {
    let facts = deadline.from.iter().filter_map(|fact| Some((fact, life.get(fact.notice?)?)));
    facts
        .map(|(fact, held)| {
            let (notice, seen) = (&held.notice, &held.seen);
            let code = notice.code.map(|code| format!(" {code}")).unwrap_or_default();
            let hash: String = seen.file.to_string().chars().take(12).collect();
            let (kind, name, line) = (notice.kind.as_str(), &seen.name, seen.place.line);
            format!("{} from {kind}{code}, {name} line {line}, sha256 {hash}", fact.input).into()
        })
        .collect()
}
