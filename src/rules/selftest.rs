//! The tests that stand beside a rule: an invented event, and what should become of it.
//!
//! A test asks all rules of its file, and those of files behind it, as the daemon does: it also finds that an earlier rule
//! takes what this one was meant for. Files in front are left out, for they are there to override.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;

use super::facts::Facts;
use super::invented::ENTRY;
use super::tried::Tried;
use super::{DeadlineContext, Delivery, NoticeContext, On, Rule, Rules, SilenceContext, Step, Telling};
use crate::diagnostic::Diagnostic;
use crate::entry::{Entry, EntryDeadline, Goods, GoodsLine};
use crate::ident::EntryNumber;
use crate::notice::Notice;
use crate::place::Severity;

/// The day of the notice under test; notices in `before` come a day earlier.
pub(super) const DAY: &str = "2026-03-02T09:00:00";
pub(super) const BROKER: &str = "test-broker";

/// What the event should lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expect {
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
    pub const WORDS: [&str; 5] = ["alert", "now", "digest", "silence", "nothing"];

    pub fn parse(text: &str) -> Option<Self> {
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
pub(super) enum Event {
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
    pub rule: Box<str>,
    /// Which test of the rule, from 1.
    pub number: usize,
    pub file: u16,
    pub span: Range<usize>,
    pub event: Event,
    /// Lines of the entry.
    pub lines: Vec<GoodsLine>,
    pub broker: Box<str>,
    pub expect: (Expect, Range<usize>),
    pub severity: Option<(Severity, Range<usize>)>,
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

    pub fn is_of(&self, rule: &Rule) -> bool {
        self.rule == rule.name
    }

    /// Whether it sends a letter as things stand behind the files in front.
    pub fn is_told(&self, rules: &Rules) -> bool {
        let answer = self.ask(rules);
        answer.rule.is_some_and(|rule| self.is_of(rule))
            && matches!(answer.delivery, Some(Delivery::Now | Delivery::Digest))
    }

    /// `rules/default.toml:41`.
    pub fn place(&self, rules: &Rules) -> String {
        rules.sources[usize::from(self.file)].place(self.span.start)
    }

    /// The entry that notices make, with the lines that the test gives it.
    fn entry<'n>(&self, number: EntryNumber, notices: impl IntoIterator<Item = &'n Notice>) -> Entry {
        let mut entry = Entry::of(number, notices);
        if !self.lines.is_empty() {
            entry.goods = Goods::approved(self.lines.iter().cloned());
        }
        entry
    }

    /// The entry of a test whose notices came before; one without notices is about an entry all the same when `always`.
    fn earlier(&self, before: &[Notice], always: bool) -> Option<Entry> {
        let named = before.iter().find_map(|notice| notice.entry);
        let made_up = || EntryNumber::parse(ENTRY).filter(|_| always || !self.lines.is_empty());
        Some(self.entry(named.or_else(made_up)?, before))
    }

    /// The event as conditions see it, with words for it.
    pub fn with_facts(&self, heard: impl FnOnce(On, &Tried<'_>)) {
        let words = || format!("test {} of rule `{}`", self.number, self.rule);
        let tell = |on: On, facts: &Facts<'_>, cause: Severity, days_left: Option<i64>| {
            heard(on, &Tried { facts, cause, days_left, words: &words, test: Some(self) });
        };
        match &self.event {
            Event::Notice { before, notice, also, clocks, received } => {
                let known = (!before.is_empty()).then_some(notice.entry).flatten();
                let earlier = known.map(|number| self.entry(number, before));
                let all = || before.iter().chain([&**notice]).chain(also);
                let after = notice.entry.map(|number| self.entry(number, all()));
                let facts = Facts {
                    notice: Some(notice),
                    before: earlier.as_ref(),
                    after: after.as_ref(),
                    broker: &self.broker,
                    deadlines: clocks,
                    now: Some(*received),
                    ..Facts::default()
                };
                tell(On::Notice, &facts, notice.severity, None);
            }
            Event::Trouble { code, severity } => {
                let facts = Facts {
                    trouble: Some(code),
                    trouble_severity: Some(*severity),
                    broker: &self.broker,
                    ..Facts::default()
                };
                tell(On::Trouble, &facts, *severity, None);
            }
            Event::Silence { before, code, on } => {
                let entry = self.earlier(before, false);
                let facts = Facts {
                    trouble: Some(code),
                    after: entry.as_ref(),
                    broker: &self.broker,
                    on: Some(*on),
                    ..Facts::default()
                };
                tell(On::Silence, &facts, Severity::Warning, None);
            }
            Event::Deadline { before, deadline, on, .. } => {
                let entry = self.earlier(before, true);
                let facts = Facts {
                    after: entry.as_ref(),
                    broker: &self.broker,
                    deadline: Some(deadline),
                    on: Some(*on),
                    ..Facts::default()
                };
                let days_left = deadline.target().map(|target| (target - *on).num_days());
                tell(On::Deadline, &facts, Severity::Warning, days_left);
            }
        }
    }

    fn ask<'r>(&self, rules: &'r Rules) -> Answer<'r> {
        match &self.event {
            Event::Notice { before, notice, also, clocks, received } => {
                let known = (!before.is_empty()).then_some(notice.entry).flatten();
                let entry_before = known.map(|number| self.entry(number, before));
                let all = || before.iter().chain([&**notice]).chain(also);
                let entry_after = notice.entry.map(|number| self.entry(number, all()));
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
                let Some(entry) = self.earlier(before, true) else { return Answer::default() };
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
                let entry = self.earlier(before, false);
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
