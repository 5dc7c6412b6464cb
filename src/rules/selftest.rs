//! The tests that stand beside a rule: an invented event, and what should become of it.
//!
//! A test asks all rules of its file, and those of files behind it, as the daemon does: it also finds that an earlier rule
//! takes what this one was meant for. Files in front are left out, for they are there to override.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::Serialize;

use super::compile::severity;
use super::condition::Facts;
use super::invented::{ENTRY, read_notice};
use super::raw::{RawNotice, RawTest};
use super::{
    DeadlineContext, Delivery, NoticeContext, On, Rule, Rules, SilenceContext, Step, Telling, Vocabulary,
};
use crate::diagnostic::{Diagnostic, Faults, RawKind, WrittenTable, hint};
use crate::entry::{DeadlineState, Entry, EntryDeadline};
use crate::ident::EntryNumber;
use crate::notice::{EventTime, Notice};
use crate::place::Severity;

/// The day of the notice under test; notices in `before` come a day earlier.
const DAY: &str = "2026-03-02T09:00:00";
const BROKER: &str = "test-broker";

/// What the event should lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expect {
    /// This rule decides and tells somebody, now or in the digest.
    Alert,
    Now,
    Digest,
    /// This rule decides and keeps silent.
    Silence,
    /// This rule does not decide, or keeps silent.
    Nothing,
}

impl Expect {
    const WORDS: [&str; 5] = ["alert", "now", "digest", "silence", "nothing"];

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Alert, Self::Now, Self::Digest, Self::Silence, Self::Nothing];
        Self::WORDS.iter().position(|word| *word == text).map(|index| all[index])
    }

    fn fits(self, delivery: Option<Delivery>) -> bool {
        match self {
            Self::Alert => matches!(delivery, Some(Delivery::Now | Delivery::Digest)),
            Self::Now => delivery == Some(Delivery::Now),
            Self::Digest => delivery == Some(Delivery::Digest),
            Self::Silence => delivery == Some(Delivery::None),
            Self::Nothing => matches!(delivery, None | Some(Delivery::None)),
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    Notice {
        before: Vec<Notice>,
        notice: Box<Notice>,
        also: Vec<Notice>,
        clocks: Vec<EntryDeadline>,
        received: NaiveDateTime,
    },
    Deadline {
        before: Vec<Notice>,
        deadline: Box<EntryDeadline>,
        on: NaiveDate,
        step: Option<Step>,
    },
    Trouble {
        code: Box<str>,
        severity: Severity,
    },
    Silence {
        before: Vec<Notice>,
        code: Box<str>,
        on: NaiveDate,
    },
}

/// One test of one rule, checked.
#[derive(Clone, Debug)]
pub(super) struct TestCase {
    rule: Box<str>,
    /// Which test of the rule, from 1.
    number: usize,
    file: u16,
    span: Range<usize>,
    event: Event,
    broker: Box<str>,
    expect: (Expect, Range<usize>),
    severity: Option<(Severity, Range<usize>)>,
}

/// How a test went.
#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    pub rule: Box<str>,
    /// Which test of the rule, from 1.
    pub number: usize,
    /// `rules/default.toml:41`.
    pub place: String,
    /// The fault, when it failed.
    pub fault: Option<Diagnostic>,
}

/// What the rules said.
#[derive(Default)]
struct Answer<'r> {
    rule: Option<&'r Rule>,
    severity: Option<Severity>,
    /// Overrides of the broker included.
    delivery: Option<Delivery>,
    step: Option<Step>,
}

impl TestCase {
    pub fn run(&self, rules: &Rules) -> TestResult {
        let source = &rules.sources[usize::from(self.file)];
        let fault = self.failure(rules).map(|(span, message)| {
            source.fault(span, format!("test {} of rule `{}` {message}", self.number, self.rule))
        });
        let place = source.place(self.span.start);
        TestResult { rule: self.rule.clone(), number: self.number, place, fault }
    }

    fn failure(&self, rules: &Rules) -> Option<(Range<usize>, String)> {
        let answer = self.ask(rules);
        let own = answer.rule.filter(|rule| rule.name == self.rule);
        let (expect, span) = &self.expect;
        let delivery = own.and(answer.delivery);
        if !expect.fits(delivery) {
            let wanted = Expect::WORDS[*expect as usize];
            let got = match (own, answer.rule) {
                (Some(rule), _) => {
                    format!("it decided with delivery `{}`", delivery.unwrap_or(rule.delivery).as_str())
                }
                (None, Some(other)) => format!("`{}` (at {}) decided", other.name, other.place),
                (None, None) => "no rule matched".to_owned(),
            };
            return Some((span.clone(), format!("expected {wanted}, but {got}")));
        }
        if let Event::Deadline { step: Some(wanted), .. } = &self.event
            && answer.step != Some(*wanted)
        {
            let got = answer.step.map_or("none".to_owned(), |step| step.to_string());
            return Some((span.clone(), format!("expected step {wanted}, but it was {got}")));
        }
        let (wanted, span) = self.severity.as_ref()?;
        let got = answer.severity.map_or("none", Severity::as_str);
        (answer.severity != Some(*wanted))
            .then(|| (span.clone(), format!("expected severity {}, but it was {got}", wanted.as_str())))
    }

    /// The event as conditions see it, with words for it. Clocks are left out: which rule has one is a matter of ids.
    pub fn with_facts(&self, heard: impl FnOnce(On, &Facts<'_>, &dyn Fn() -> String)) {
        let words = || format!("test {} of rule `{}`", self.number, self.rule);
        match &self.event {
            Event::Notice { before, notice, also, clocks, received } => {
                let known = (!before.is_empty()).then_some(notice.entry).flatten();
                let earlier = known.map(|number| Entry::of(number, before));
                let all = || before.iter().chain([&**notice]).chain(also);
                let after = notice.entry.map(|number| Entry::of(number, all()));
                let facts = Facts {
                    notice: Some(notice),
                    before: earlier.as_ref(),
                    after: after.as_ref(),
                    broker: &self.broker,
                    deadlines: clocks,
                    now: Some(*received),
                    ..Facts::default()
                };
                heard(On::Notice, &facts, &words);
            }
            Event::Trouble { code, severity } => {
                let facts = Facts {
                    trouble: Some(code),
                    trouble_severity: Some(*severity),
                    broker: &self.broker,
                    ..Facts::default()
                };
                heard(On::Trouble, &facts, &words);
            }
            Event::Silence { before, code, on } => {
                let entry = before.iter().find_map(|notice| notice.entry);
                let entry = entry.map(|number| Entry::of(number, before));
                let facts = Facts {
                    trouble: Some(code),
                    after: entry.as_ref(),
                    broker: &self.broker,
                    on: Some(*on),
                    ..Facts::default()
                };
                heard(On::Silence, &facts, &words);
            }
            Event::Deadline { .. } => {}
        }
    }

    fn ask<'r>(&self, rules: &'r Rules) -> Answer<'r> {
        match &self.event {
            Event::Notice { before, notice, also, clocks, received } => {
                let known = (!before.is_empty()).then_some(notice.entry).flatten();
                let entry_before = known.map(|number| Entry::of(number, before));
                let all = || before.iter().chain([&**notice]).chain(also);
                let entry_after = notice.entry.map(|number| Entry::of(number, all()));
                let ctx = NoticeContext {
                    notice,
                    before: entry_before.as_ref(),
                    after: entry_after.as_ref(),
                    broker: &self.broker,
                    deadlines: clocks,
                    now: Some(*received),
                };
                Answer::of(rules.tell_notice(&ctx, self.file))
            }
            Event::Deadline { before, deadline, on, .. } => {
                let number =
                    before.iter().find_map(|notice| notice.entry).or_else(|| EntryNumber::parse(ENTRY));
                let Some(number) = number else { return Answer::default() };
                let entry = Entry::of(number, before);
                let ctx = DeadlineContext { deadline, entry: &entry, broker: &self.broker, on: *on };
                match rules.for_deadline_from(&ctx, self.file) {
                    Some(hit) => Answer {
                        rule: Some(hit.rule),
                        severity: Some(hit.severity),
                        delivery: Some(hit.delivery),
                        step: Some(hit.step),
                    },
                    None => {
                        let rule = rules.decide_deadline(&ctx, self.file);
                        let silent = rule.map(|rule| (rule, rules.tell_deadline(rule, &ctx, 0)));
                        let silent = silent.filter(|(_, telling)| telling.delivery == Delivery::None);
                        Answer { severity: None, ..Answer::of(silent) }
                    }
                }
            }
            Event::Trouble { code, severity } => {
                let rule = rules.decide_trouble(code, *severity, &self.broker, self.file);
                let told = |rule| (rule, rules.tell_trouble(rule, code, *severity, &self.broker));
                Answer::of(rule.map(told))
            }
            Event::Silence { before, code, on } => {
                let entry = before.iter().find_map(|notice| notice.entry);
                let entry = entry.map(|number| Entry::of(number, before));
                let ctx = SilenceContext { code, entry: entry.as_ref(), broker: &self.broker, on: *on };
                Answer::of(rules.tell_silence(&ctx, self.file))
            }
        }
    }
}

impl<'r> Answer<'r> {
    fn of(told: Option<(&'r Rule, Telling<'r>)>) -> Self {
        let Some((rule, telling)) = told else { return Self::default() };
        Self {
            rule: Some(rule),
            severity: Some(telling.severity),
            delivery: Some(telling.delivery),
            step: None,
        }
    }
}

/// Checks one test as written.
pub(super) fn read(
    raw: &RawTest,
    rule: &Rule,
    number: usize,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Option<TestCase> {
    let before = faults.len();
    let event = match rule.on {
        On::Notice => notice_event(raw, known, faults),
        On::Deadline => deadline_event(raw, known, faults),
        On::Trouble => trouble_event(raw, faults),
        On::Silence => silence_event(raw, known, faults),
    };
    let expect = raw.expect.require("expect", RawTest::OWNER, &raw.span, faults)?;
    let parsed = Expect::parse(expect.get_ref());
    if parsed.is_none() {
        let hint = hint(expect.get_ref(), "known", Expect::WORDS);
        faults.add(expect.span(), format!("`expect` has no value `{}` ({hint})", expect.get_ref()));
    }
    let loud = raw.severity.given().and_then(|text| {
        severity(text.get_ref(), text.span(), faults).map(|severity| (severity, text.span()))
    });
    let broker = raw.broker.given().map_or(BROKER, |broker| broker.get_ref());
    if faults.len() != before {
        return None;
    }
    Some(TestCase {
        rule: rule.name.clone(),
        number,
        file: rule.file,
        span: raw.span.clone(),
        event: event?,
        broker: broker.into(),
        expect: (parsed?, expect.span()),
        severity: loud,
    })
}

fn notice_event(raw: &RawTest, known: &Vocabulary, faults: &mut Faults) -> Option<Event> {
    let notice = raw.notice.require("notice", RawTest::OWNER, &raw.span, faults)?;
    let day: EventTime = EventTime::parse(DAY)?;
    let notice_at = |index: usize, days: i64| EventTime {
        date: day.date + TimeDelta::days(days),
        time: day.time.map(|time| time + TimeDelta::minutes(index as i64)),
    };
    let before = notices(&raw.before, 0, |index| notice_at(index, -1), known, faults);
    let also = notices(&raw.also, 1_000, |index| notice_at(index + 1, 0), known, faults);
    let notice = read_notice(notice, 500, notice_at(0, 0), known, faults)?;
    let received = match raw.received.given() {
        None => day.start(),
        Some(text) => match EventTime::parse(text.get_ref()) {
            Some(at) => at.start(),
            None => {
                faults.add(text.span(), "`received` is a date or a time like 2026-03-02T09:00:00");
                return None;
            }
        },
    };
    let clocks = clocks(raw, known, faults)?;
    Some(Event::Notice { before, notice: Box::new(notice), also, clocks, received })
}

/// `clocks = { PROTEST_DUE = 2026-09-02 }`: clocks of the entry that run, each with its day to act.
fn clocks(raw: &RawTest, known: &Vocabulary, faults: &mut Faults) -> Option<Vec<EntryDeadline>> {
    let Some(value) = raw.clocks.given() else { return Some(Vec::new()) };
    let RawKind::Table(items) = &value.kind else {
        faults.add(value.span.clone(), "`clocks` must be a table of days, like { PROTEST_DUE = 2026-09-02 }");
        return None;
    };
    let mut clocks = Vec::with_capacity(items.len());
    for (id, value) in items {
        check_deadline(id, known, faults);
        let RawKind::Date(day) = value.kind else {
            faults.add(value.span.clone(), format!("`{}` must be a date like 2026-09-02", id.get_ref()));
            return None;
        };
        clocks.push(clock(id.get_ref(), day));
    }
    Some(clocks)
}

fn check_deadline(id: &toml::Spanned<String>, known: &Vocabulary, faults: &mut Faults) {
    if !known.deadlines().any(|name| name == id.get_ref()) {
        let hint = hint(id.get_ref(), "known", known.deadlines());
        faults.add(id.span(), format!("there is no deadline `{}` ({hint})", id.get_ref()));
    }
}

/// A clock that runs to a day.
fn clock(id: &str, act_by: NaiveDate) -> EntryDeadline {
    EntryDeadline {
        id: id.into(),
        instance: "".into(),
        due: Some(act_by),
        special: None,
        act_by: Some(act_by),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        basis: "".into(),
        from: Vec::new(),
        starts: None,
        bases: Vec::new(),
    }
}

fn notices(
    raw: &crate::diagnostic::Field<Vec<RawNotice>>,
    first: u32,
    at: impl Fn(usize) -> EventTime,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Vec<Notice> {
    let raw = raw.given().map(Vec::as_slice).unwrap_or_default();
    let numbered = raw.iter().enumerate();
    numbered
        .filter_map(|(index, raw)| read_notice(raw, first + index as u32, at(index), known, faults))
        .collect()
}

fn deadline_event(raw: &RawTest, known: &Vocabulary, faults: &mut Faults) -> Option<Event> {
    let id = raw.deadline.require("deadline", RawTest::OWNER, &raw.span, faults);
    let act_by = raw.act_by.require("act_by", RawTest::OWNER, &raw.span, faults);
    let on = raw.on.require("on", RawTest::OWNER, &raw.span, faults);
    if let Some(id) = id {
        check_deadline(id, known, faults);
    }
    let step = raw.step.given().and_then(|value| {
        let step = super::parse::step(value);
        if step.is_none() {
            faults.add(value.span.clone(), "`step` is a number of days or \"overdue\"");
        }
        step
    });
    let day = EventTime::parse(DAY)?;
    let before = notices(&raw.before, 0, |_| day, known, faults);
    let mut deadline = clock(id?.get_ref(), *act_by?.get_ref());
    if raw.by_law.given().is_some_and(|by_law| *by_law.get_ref()) {
        // Long enough ago that every step of a ladder counts.
        deadline.starts = Some(NaiveDate::MIN);
        deadline.state = DeadlineState::Ahead;
    }
    Some(Event::Deadline { before, deadline: Box::new(deadline), on: *on?.get_ref(), step })
}

fn silence_event(raw: &RawTest, known: &Vocabulary, faults: &mut Faults) -> Option<Event> {
    let code = raw.silence.require("silence", RawTest::OWNER, &raw.span, faults)?;
    if !Vocabulary::silences().any(|name| name == code.get_ref()) {
        let hint = hint(code.get_ref(), "known", Vocabulary::silences());
        faults.add(code.span(), format!("there is no silence `{}` ({hint})", code.get_ref()));
    }
    let day = EventTime::parse(DAY)?;
    let before = notices(&raw.before, 0, |_| day, known, faults);
    let on = raw.on.given().map_or(day.date, |on| *on.get_ref());
    Some(Event::Silence { before, code: code.get_ref().as_str().into(), on })
}

fn trouble_event(raw: &RawTest, faults: &mut Faults) -> Option<Event> {
    let code = raw.trouble.require("trouble", RawTest::OWNER, &raw.span, faults)?;
    if !Vocabulary::troubles().any(|name| name == code.get_ref()) {
        let hint = hint(code.get_ref(), "known", Vocabulary::troubles());
        faults.add(code.span(), format!("there is no trouble `{}` ({hint})", code.get_ref()));
    }
    let loud = match raw.trouble_severity.given() {
        Some(text) => severity(text.get_ref(), text.span(), faults)?,
        None => Severity::Warning,
    };
    Some(Event::Trouble { code: code.get_ref().as_str().into(), severity: loud })
}
