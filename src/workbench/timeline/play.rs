//! Plays an invented occasion on the bench and reads off the letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{Occasion, TimelineMail};
use crate::clock::customs_midnight;
use crate::deadline::calendar::day_text;
use crate::email::{SampleSubject, letters_of_rule};
use crate::outbox::{Ack, Alert, AlertKey, Cause, Course, DeadlineBrief, Happened, Letter, LetterState};
use crate::pipeline::{Mailing, Pipeline};
use crate::place::Severity;
use crate::rules::{Delivery, Ladder, On, Rule, Step, Telling};
use crate::store::{LetterFilter, StoreError};
use crate::workbench::{Bench, BenchError};

/// Looks at the clock that one occasion gets. A hundred reminders, ten escalations and a ladder are far below.
const LOOKS_MAX: usize = 5_000;

/// What came of an occasion.
#[derive(Default)]
pub struct Played {
    pub mails: Vec<TimelineMail>,
    pub untold: Vec<String>,
}

/// An occasion while it is played.
struct Play<'a> {
    bench: Bench,
    rule: &'a Rule,
    occasion: &'a Occasion,
    /// Alerts that were raised, with the step and the day of a ladder.
    raised: BTreeMap<AlertKey, Option<(Step, NaiveDate)>>,
    /// The day on which the ladder is looked at next.
    next_step: Option<NaiveDate>,
    is_acknowledged: bool,
    untold: Vec<String>,
}

/// Plays until nothing is left to happen.
pub fn play(pipeline: &Arc<Pipeline>, rule: &Rule, occasion: &Occasion) -> Result<Played, BenchError> {
    let mut play = Play {
        bench: Bench::new(pipeline.clone(), occasion.at).with_swift_mail(),
        rule,
        occasion,
        raised: BTreeMap::new(),
        next_step: None,
        is_acknowledged: occasion.ack.is_none(),
        untold: Vec::new(),
    };
    match rule.ladder() {
        Some(ladder) => {
            let known = pipeline.audience.reminder_day(occasion.at);
            play.next_step = match (occasion.target - known).num_days() {
                left if ladder.current(left).is_some() => Some(known),
                _ => ladder.next(occasion.target, known),
            };
        }
        None => play.happen()?,
    }
    play.live(pipeline)?;
    Ok(Played { mails: play.mails(pipeline)?, untold: play.untold })
}

impl Play<'_> {
    fn live(&mut self, pipeline: &Arc<Pipeline>) -> Result<(), BenchError> {
        for _ in 0..LOOKS_MAX {
            let morning = self.next_step.map(|day| self.look_at(pipeline, day));
            let ack = self.occasion.ack.filter(|_| !self.is_acknowledged).map(|(at, _)| at);
            let store = self.bench.store();
            let agenda = store.next_agenda_at()?;
            let waits = !store.digest(None, 1)?.is_empty();
            let teams = pipeline.audience.teams().iter().filter(|_| waits);
            let digests = teams.map(|team| team.next_digest(self.bench.now())).min();
            let next = [morning, ack, agenda, digests].into_iter().flatten().min();
            // What is left of an acknowledgement when all is over changes nothing.
            let Some(next) = next else { return Ok(()) };
            self.bench.set(self.bench.now().max(next));
            if ack.is_some_and(|at| at <= self.bench.now()) {
                self.acknowledge()?;
            }
            if let Some((day, ladder)) = self.next_step.zip(self.rule.ladder())
                && day <= pipeline.audience.reminder_day(self.bench.now())
            {
                self.step(ladder, pipeline.audience.reminder_day(self.bench.now()))?;
            }
            self.bench.tick()?;
        }
        self.untold.push(format!("What comes after {LOOKS_MAX} looks at the clock is not shown."));
        Ok(())
    }

    /// When the ladder is looked at on a day. What says that the target is over waits until it is, at Customs.
    fn look_at(&self, pipeline: &Pipeline, day: NaiveDate) -> DateTime<Utc> {
        let (morning, target) = (pipeline.audience.reminders_from(day), self.occasion.target);
        match target.succ_opt().filter(|_| day > target) {
            Some(over) => morning.max(customs_midnight(over)),
            None => morning,
        }
    }

    /// The rule decides about an invented event.
    fn happen(&mut self) -> Result<(), BenchError> {
        let (rule, now) = (self.rule, self.bench.now());
        let audience = &self.bench.pipeline().audience;
        let untimely = audience.teams().first().map(|team| rule.untimely(team.zone.local(now)));
        if let Some(clauses) = untimely.filter(|clauses| !clauses.is_empty()) {
            self.untold.push(format!("It does not apply at that time: {}.", clauses.join(" and ")));
            return Ok(());
        }
        let severity = match (rule.fixed_severity(), self.occasion.severity) {
            (None, Some(severity)) => rule.severity(severity),
            _ => rule.severity_at_most(),
        };
        // The silence of an entry is broken in the morning, as reminders are said.
        let morning_of = (rule.on == On::Silence).then(|| audience.reminder_day(now));
        let key = AlertKey::new(&rule.name, "invented", "timeline");
        self.tell(key, severity, None, morning_of)
    }

    /// The ladder is looked at, as it is when reminders are said.
    fn step(&mut self, ladder: &Ladder, day: NaiveDate) -> Result<(), BenchError> {
        let (rule, target) = (self.rule, self.occasion.target);
        self.next_step = ladder.next(target, day);
        let left = (target - day).num_days();
        let Some(step) = ladder.current(left) else { return Ok(()) };
        let untimely = rule.untimely(day.and_time(NaiveTime::MIN));
        if !untimely.is_empty() {
            let clauses = untimely.join(" and ");
            self.untold
                .push(format!("Step {step} is not said on {}: {clauses} does not hold.", day_text(day)));
            return Ok(());
        }
        let key = AlertKey::new(&rule.name, "invented", &crate::rules::occasion("timeline", target, step));
        if self.raised.contains_key(&key) {
            return Ok(());
        }
        self.tell(key, rule.severity_at(left), Some((step, day)), Some(day))
    }

    fn tell(
        &mut self,
        key: AlertKey,
        severity: Severity,
        step: Option<(Step, NaiveDate)>,
        morning_of: Option<NaiveDate>,
    ) -> Result<(), BenchError> {
        let pipeline = self.bench.pipeline().clone();
        let telling = pipeline.rules.tell_of_broker(self.rule, &self.occasion.broker, severity);
        self.note_untold(&pipeline, &telling, step);
        if telling.delivery == Delivery::None {
            return Ok(());
        }
        let alert = self.alert(key.clone(), telling.severity, step);
        self.raised.insert(key, step);
        self.bench.happen(Mailing::Deliver, |pipeline, group, moment, _| {
            Ok(pipeline.rehearse(group, moment, alert, &telling, morning_of)?)
        })
    }

    fn note_untold(&mut self, pipeline: &Pipeline, telling: &Telling<'_>, step: Option<(Step, NaiveDate)>) {
        let what = step.map_or("It".to_owned(), |(step, day)| format!("Step {step} on {}", day_text(day)));
        let names = telling.notify.iter().map(|team| &**team);
        if telling.delivery == Delivery::None {
            self.untold.push(format!("{what} is kept silent."));
        } else if pipeline.audience.recipients(names, telling.severity).is_empty() {
            let (severity, teams) = (telling.severity.as_str(), telling.notify.join(", "));
            self.untold.push(format!("{what} is {severity}, and {teams} want louder alerts only."));
        }
    }

    /// An alert as the rule would raise it; what only a letter shows is that of the samples.
    fn alert(&self, key: AlertKey, severity: Severity, step: Option<(Step, NaiveDate)>) -> Alert {
        let (rule, target) = (self.rule, self.occasion.target);
        let first = |subject| {
            let letters = letters_of_rule(subject, &rule.name, &rule.title, &rule.next_step);
            letters.into_iter().flat_map(|(_, alerts)| alerts).next()
        };
        let subject = match rule.on {
            On::Notice => SampleSubject::Notice,
            On::Deadline => SampleSubject::Deadline,
            On::Trouble | On::Silence => SampleSubject::Trouble,
        };
        let mut alert = first(subject).expect("there is a sample of each subject");
        if rule.on == On::Silence {
            alert.entry = first(SampleSubject::Notice).and_then(|sample| sample.entry);
        }
        if let (Cause::Deadline(brief), Some((step, day))) = (&mut alert.cause, step) {
            let clock = crate::entry::EntryDeadline {
                due: Some(target),
                act_by: Some(target),
                internal: None,
                ..brief.deadline.clone()
            };
            **brief = DeadlineBrief {
                deadline: clock,
                days_left: (target - day).num_days(),
                step: step.to_string().into(),
                on: day,
                ..(**brief).clone()
            };
        }
        Alert { key, severity, raised_at: self.bench.now(), ..alert }
    }

    /// Somebody takes care of everything that was raised.
    fn acknowledge(&mut self) -> Result<(), BenchError> {
        self.is_acknowledged = true;
        let Some((at, until)) = self.occasion.ack else { return Ok(()) };
        let keys: Vec<AlertKey> = self.raised.keys().cloned().collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.next_step =
            self.next_step.map(|day| day.max(self.rule.after.opens_again(self.occasion.target, until)));
        let ack = Ack { by: "somebody".into(), reason: "timeline".into(), at, until };
        self.bench.happen(Mailing::Deliver, |pipeline, group, _, _| {
            for key in &keys {
                pipeline.acknowledge(group, key, ack.clone(), None)?;
            }
            Ok(())
        })
    }

    fn mails(&self, pipeline: &Pipeline) -> Result<Vec<TimelineMail>, BenchError> {
        let mut mails = Vec::new();
        for letter in self.bench.store().letters(LetterFilter::All, usize::MAX)? {
            mails.push(self.mail(pipeline, &letter)?);
        }
        mails.sort();
        Ok(mails)
    }

    fn mail(&self, pipeline: &Pipeline, letter: &Letter) -> Result<TimelineMail, StoreError> {
        let at = match &letter.state {
            LetterState::Waiting { next_try_at, .. } => *next_try_at,
            LetterState::Sent { at, .. } => *at,
            _ => letter.created_at,
        };
        let steps: Vec<(Step, NaiveDate)> =
            letter.alerts.iter().filter_map(|key| self.raised.get(key).copied().flatten()).collect();
        let names: Vec<String> = steps.iter().map(|(step, _)| step.to_string()).collect();
        let zone = pipeline.audience.team_of(&letter.recipient).map(|team| &team.zone);
        Ok(TimelineMail {
            at,
            recipient: letter.recipient.to_string(),
            local: local_words(zone, at),
            zone: zone.map_or("UTC", |zone| zone.name()).to_owned(),
            severity: self.severity(letter)?,
            what: letter.kind.to_string(),
            step: (!names.is_empty()).then(|| names.join(", ")),
            day: steps.last().map(|(_, day)| *day),
            waited: self.waited(letter, at)?,
        })
    }

    /// A digest is routine whatever it carries; here it is as loud as what it carries.
    fn severity(&self, letter: &Letter) -> Result<Severity, StoreError> {
        let mut loudest = letter.severity;
        for key in &letter.alerts {
            loudest = loudest.max(self.bench.store().alert(key)?.map_or(loudest, |alert| alert.severity));
        }
        Ok(loudest)
    }

    fn waited(&self, letter: &Letter, at: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        if at > letter.created_at {
            return Ok(Some("waits for the morning there".to_owned()));
        }
        for key in &letter.alerts {
            let course: Course = self.bench.store().course(key)?.unwrap_or_default();
            for event in &course.events {
                if let Happened::HeldBack { recipient, wait, until } = &event.what
                    && **recipient == *letter.recipient
                    && *until == letter.created_at
                {
                    return Ok(Some(wait.held_back().to_owned()));
                }
            }
        }
        Ok(None)
    }
}

/// `2026-08-03 Mon 06:00`.
fn local_words(zone: Option<&crate::clock::Zone>, at: DateTime<Utc>) -> String {
    let local = zone.map_or_else(|| at.naive_utc(), |zone| zone.local(at));
    format!("{} {}", day_text(local.date()), local.format("%H:%M"))
}
