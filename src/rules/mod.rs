//! Rules: which notices, clocks and troubles become alerts, how loud, for whom, and with what advice.
//!
//! Rules are data in TOML files and are tried in the order in which they stand; **the first one that matches
//! decides**, and the rest is not asked. An earlier, narrower rule with `delivery = "none"` therefore silences, and an
//! operator's own file in front of the embedded one overrides it rule by rule. See `docs/rules.md`.
//!
//! Everything is compiled at load: an evaluation compares, and neither parses nor allocates until it has a hit.
//!
//! ```text
//! rule file ──► raw (as written) ──► parse (checked, compiled) ──► Rules ──► Hit
//!                                       vocabulary, teams, playbook   └──► selftest
//! ```

mod answering;
mod asked;
mod compile;
mod condition;
mod counting;
mod defaults;
mod dress;
mod effective;
mod example;
mod facts;
mod form;
mod found;
mod front;
mod implied;
mod inhibit;
mod invented;
mod keys;
mod ladder;
mod lines;
mod literals;
mod matcher;
mod names;
mod numbers;
mod overlap;
mod parse;
mod plan;
mod playbook;
mod raw;
mod reach;
pub mod reference;
mod routing;
mod rule;
pub mod sample;
mod selftest;
mod smothered;
mod stated;
mod testread;
mod timely;
mod tried;
mod until;
mod vocabulary;
mod ways;
mod why;
mod witness;

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};

pub use self::answering::Aftermath;
pub use self::asked::{EntryContext, SilenceContext};
pub use self::condition::AskedClause;
pub use self::effective::Effective;
use self::facts::Facts;
pub use self::front::{Behind, Front, LostTest, Muted, Raised, Untried};
pub use self::inhibit::Inhibit;
pub use self::ladder::{Ladder, Step};
use self::names::kind_index;
pub use self::overlap::Overlap;
pub use self::plan::{Escalation, Gather, Repeat, Span};
pub use self::playbook::Playbook;
pub use self::raw::{CONFIGURATION_KEYS, FILE_KEYS};
use self::routing::Routing;
pub use self::routing::{Route, Telling};
pub use self::rule::{Delivery, On, Rule};
use self::selftest::TestCase;
pub use self::selftest::TestResult;
pub use self::smothered::Smothered;
pub use self::vocabulary::{TROUBLES, Vocabulary};
pub use self::why::Why;
use crate::diagnostic::{Diagnostic, Source};
use crate::entry::{Entry, EntryDeadline};
use crate::notice::{Kind, Notice};
use crate::place::Severity;

/// The rules that the binary carries, and the name that messages give them.
pub const EMBEDDED: &str = include_str!("../../rules/default.toml");
pub const EMBEDDED_NAME: &str = "rules/default.toml";

/// A notice and what it did. All of it was in force when the file that holds the notice was applied.
#[derive(Clone, Copy, Debug)]
pub struct NoticeContext<'a> {
    pub notice: &'a Notice,
    /// The entry before the file; `None` when it was not known.
    pub before: Option<&'a Entry>,
    /// The entry after the whole file; `None` when the notice belongs to no known entry.
    pub after: Option<&'a Entry>,
    pub broker: &'a str,
    /// The entry's clocks after the file.
    pub deadlines: &'a [EntryDeadline],
    /// The wall-clock time at which the file was received, in the zone of the first team.
    pub now: Option<NaiveDateTime>,
}

impl<'a> NoticeContext<'a> {
    fn facts(&self) -> Facts<'a> {
        Facts {
            notice: Some(self.notice),
            before: self.before,
            after: self.after,
            broker: self.broker,
            deadlines: self.deadlines,
            now: self.now,
            ..Facts::default()
        }
    }
}

/// A clock of an entry on one day.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineContext<'a> {
    pub deadline: &'a EntryDeadline,
    pub entry: &'a Entry,
    pub broker: &'a str,
    pub on: NaiveDate,
}

impl<'a> DeadlineContext<'a> {
    fn facts(&self) -> Facts<'a> {
        Facts {
            after: Some(self.entry),
            broker: self.broker,
            deadline: Some(self.deadline),
            on: Some(self.on),
            ..Facts::default()
        }
    }
}

/// What a rule makes of a notice, a trouble or a silence.
#[derive(Clone, Debug)]
pub struct Hit<'r> {
    pub rule: &'r Rule,
    pub severity: Severity,
    /// As the rule says, or an override for the broker.
    pub delivery: Delivery,
    /// The teams to tell.
    pub notify: &'r [Box<str>],
    /// What makes it the same alert: the notice's id, or the trouble's code.
    pub occasion: String,
}

/// What a rule makes of a clock.
#[derive(Clone, Debug)]
pub struct DeadlineHit<'r> {
    pub rule: &'r Rule,
    pub severity: Severity,
    /// As the rule says, or an override for the broker.
    pub delivery: Delivery,
    /// The teams to tell.
    pub notify: &'r [Box<str>],
    /// `PROTEST_DUE@2026-09-02/30`: a clock that moves reminds anew.
    pub occasion: String,
    pub step: Step,
    /// The day that the reminder counts towards.
    pub target: NaiveDate,
    /// Negative when overdue.
    pub days_left: i64,
}

/// What makes a reminder the same one: the clock, the day that it counts towards and the step of the ladder.
pub fn occasion(deadline: &str, target: NaiveDate, step: Step) -> String {
    format!("{deadline}@{target}/{step}")
}

/// All rules, checked and compiled.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    routing: Routing,
    inhibits: Vec<Inhibit>,
    /// Rules on notices that can match each kind, in order.
    by_kind: Vec<Box<[u16]>>,
    on_deadline: Box<[u16]>,
    on_trouble: Box<[u16]>,
    on_silence: Box<[u16]>,
    tests: Vec<TestCase>,
    sources: Vec<Source>,
    version: String,
    /// What is no fault, and probably not meant either.
    remarks: Vec<Diagnostic>,
    /// Every id of a deadline.
    clocks: Box<[Box<str>]>,
}

impl Rules {
    /// At most this many rules in all files.
    pub const RULES_MAX: usize = 2_000;

    /// Checks and compiles rule files (name, text), in the order in which they are asked.
    ///
    /// `teams` are the names that `notify` may use; a rule without `notify` tells all of them.
    ///
    /// # Errors
    /// Every fault of every file. The rules' own tests are not run; see [`Rules::run_tests`].
    pub fn parse(
        files: &[(&str, &str)],
        playbook: &Playbook,
        teams: &[&str],
        known: &Vocabulary,
    ) -> Result<Self, Vec<Diagnostic>> {
        parse::parse(files, playbook, teams, known)
    }

    fn new(
        rules: Vec<Rule>,
        routing: Routing,
        inhibits: Vec<Inhibit>,
        tests: Vec<TestCase>,
        sources: Vec<Source>,
        version: String,
    ) -> Self {
        let numbered = || rules.iter().enumerate().map(|(index, rule)| (index as u16, rule));
        let all_on = |on: On| numbered().filter(|(_, rule)| rule.on == on).map(|(index, _)| index).collect();
        let by_kind = Kind::ALL
            .iter()
            .map(|kind| {
                numbered()
                    .filter(|(_, rule)| {
                        rule.on == On::Notice && rule.condition.kinds().has(kind_index(*kind))
                    })
                    .map(|(index, _)| index)
                    .collect()
            })
            .collect();
        let (on_deadline, on_trouble) = (all_on(On::Deadline), all_on(On::Trouble));
        let on_silence = all_on(On::Silence);
        Self {
            by_kind,
            on_deadline,
            on_trouble,
            on_silence,
            rules,
            routing,
            inhibits,
            tests,
            sources,
            version,
            remarks: Vec::new(),
            clocks: Box::default(),
        }
    }

    /// What is no fault, and probably not meant either, each with its place.
    pub fn remarks(&self) -> &[Diagnostic] {
        &self.remarks
    }

    /// In the order in which they are asked.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| &*rule.name == name)
    }

    /// A hash of every rule file and the playbook. Sixteen hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The first of these rules that holds, without the rules of files before `from`.
    fn first(&self, candidates: &[u16], from: u16, holds: impl Fn(&Rule) -> bool) -> Option<&Rule> {
        let rules = candidates.iter().filter_map(|&index| self.rules.get(usize::from(index)));
        rules.skip_while(|rule| rule.file < from).find(|rule| holds(rule))
    }

    /// The rule that decides about a notice, be it one that keeps silent.
    pub fn decide_notice(&self, ctx: &NoticeContext<'_>) -> Option<&Rule> {
        self.decide_notice_from(ctx, 0)
    }

    fn decide_notice_from(&self, ctx: &NoticeContext<'_>, from: u16) -> Option<&Rule> {
        let facts = ctx.facts();
        let candidates = self.by_kind.get(kind_index(ctx.notice.kind))?;
        self.first(candidates, from, |rule| rule.condition.holds(&facts))
    }

    /// The alert that a notice raises.
    pub fn for_notice(&self, ctx: &NoticeContext<'_>) -> Option<Hit<'_>> {
        let (rule, telling) = self.tell_notice(ctx, 0)?;
        let Telling { severity, delivery, notify, .. } = telling;
        let occasion = || ctx.notice.id.to_string();
        (delivery != Delivery::None).then(|| Hit { rule, severity, delivery, notify, occasion: occasion() })
    }

    /// The rule that decides about a notice, and how its alert is told.
    pub fn tell_notice(&self, ctx: &NoticeContext<'_>, from: u16) -> Option<(&Rule, Telling<'_>)> {
        let rule = self.decide_notice_from(ctx, from)?;
        let telling = self.routing.tell(rule, rule.severity(ctx.notice.severity), &mut ctx.facts());
        Some((rule, telling))
    }

    fn decide_deadline(&self, ctx: &DeadlineContext<'_>, from: u16) -> Option<&Rule> {
        let facts = ctx.facts();
        self.first(&self.on_deadline, from, |rule| {
            rule.deadlines.has(&ctx.deadline.id) && rule.condition.holds(&facts)
        })
    }

    /// The reminder that counts for a clock on a day: the most urgent step of the ladder that has passed.
    ///
    /// Clocks that do not run, or have no date, remind nobody.
    pub fn for_deadline(&self, ctx: &DeadlineContext<'_>) -> Option<DeadlineHit<'_>> {
        self.for_deadline_from(ctx, 0)
    }

    fn for_deadline_from(&self, ctx: &DeadlineContext<'_>, from: u16) -> Option<DeadlineHit<'_>> {
        let deadline = ctx.deadline;
        if !deadline.runs_on(ctx.on) {
            return None;
        }
        let rule = self.decide_deadline(ctx, from)?;
        let (step, target) = counting::current(rule.ladder.as_ref()?, deadline, ctx.on)?;
        let days_left = (target - ctx.on).num_days();
        let Telling { severity, delivery, notify, .. } = self.tell_deadline(rule, ctx, days_left);
        if delivery == Delivery::None {
            return None;
        }
        let occasion = occasion(&deadline.key(), target, step);
        Some(DeadlineHit { rule, severity, delivery, notify, occasion, step, target, days_left })
    }

    /// The rule that decides about a clock, and how it is told, whatever step of its ladder the day is on. `None` for
    /// clocks that nobody is told of.
    pub fn tell_clock(&self, ctx: &DeadlineContext<'_>) -> Option<(&Rule, Telling<'_>)> {
        let rule = self.decide_deadline(ctx, 0)?;
        let days_left = ctx.deadline.target_on(ctx.on).map_or(0, |target| (target - ctx.on).num_days());
        let telling = self.tell_deadline(rule, ctx, days_left);
        (telling.delivery != Delivery::None).then_some((rule, telling))
    }

    /// How a reminder of this rule is told.
    pub fn tell_deadline<'r>(
        &'r self,
        rule: &'r Rule,
        ctx: &DeadlineContext<'_>,
        days_left: i64,
    ) -> Telling<'r> {
        self.routing.tell(rule, rule.severity_with(days_left), &mut ctx.facts())
    }

    /// The next day after `after` on which a reminder for this clock may fall, whatever becomes of its entry.
    ///
    /// A rule that asks about the entry may not apply on that day; [`Rules::for_deadline`] answers then.
    pub fn next_reminder(&self, deadline: &EntryDeadline, after: NaiveDate) -> Option<NaiveDate> {
        if !deadline.may_run() {
            return None;
        }
        let mut earliest: Option<NaiveDate> = None;
        for &index in &self.on_deadline {
            let Some(rule) = self.rules.get(usize::from(index)) else { continue };
            if !rule.deadlines.has(&deadline.id) {
                continue;
            }
            let next = rule.ladder.as_ref().and_then(|ladder| counting::next(ladder, deadline, after));
            earliest = earliest.into_iter().chain(next).min();
            if rule.condition.0.is_empty() {
                break;
            }
        }
        earliest
    }

    /// Every rule with a ladder that may decide about clocks with this id.
    pub fn ladders_of<'r>(&'r self, id: &'r str) -> impl Iterator<Item = (&'r Rule, &'r Ladder)> {
        let rules = self.on_deadline.iter().filter_map(|&index| self.rules.get(usize::from(index)));
        rules.filter(|rule| rule.deadlines.has(id)).filter_map(|rule| Some((rule, rule.ladder()?)))
    }

    fn decide_trouble(&self, code: &str, severity: Severity, broker: &str, from: u16) -> Option<&Rule> {
        let facts =
            Facts { trouble: Some(code), trouble_severity: Some(severity), broker, ..Facts::default() };
        self.first(&self.on_trouble, from, |rule| rule.condition.holds(&facts))
    }

    /// The rule that decides about something that should have been said, and how it is told.
    pub fn tell_silence(&self, ctx: &SilenceContext<'_>, from: u16) -> Option<(&Rule, Telling<'_>)> {
        let facts = ctx.facts();
        let rule = self.first(&self.on_silence, from, |rule| rule.condition.holds(&facts))?;
        Some((rule, self.routing.tell(rule, rule.severity(Severity::Warning), &mut ctx.facts())))
    }

    /// The alert that a silence raises.
    pub fn for_silence(&self, ctx: &SilenceContext<'_>) -> Option<Hit<'_>> {
        let (rule, telling) = self.tell_silence(ctx, 0)?;
        let Telling { severity, delivery, notify, .. } = telling;
        let occasion = || ctx.code.to_owned();
        (delivery != Delivery::None).then(|| Hit { rule, severity, delivery, notify, occasion: occasion() })
    }

    /// The alert that a trouble raises. `broker` is blank when it concerns none.
    pub fn for_trouble(&self, code: &str, severity: Severity, broker: &str) -> Option<Hit<'_>> {
        let rule = self.decide_trouble(code, severity, broker, 0)?;
        let Telling { severity, delivery, notify, .. } = self.tell_trouble(rule, code, severity, broker);
        let occasion = || code.to_owned();
        (delivery != Delivery::None).then(|| Hit { rule, severity, delivery, notify, occasion: occasion() })
    }

    fn tell_trouble<'r>(
        &'r self,
        rule: &'r Rule,
        code: &str,
        severity: Severity,
        broker: &str,
    ) -> Telling<'r> {
        let mut facts =
            Facts { trouble: Some(code), trouble_severity: Some(severity), broker, ..Facts::default() };
        self.routing.tell(rule, rule.severity(severity), &mut facts)
    }

    /// How an alert of this rule is told when all that is known of its cause is the broker; blank for none. Overrides and routes that
    /// ask for more do not hold.
    pub fn tell_of_broker<'r>(&'r self, rule: &'r Rule, broker: &str, severity: Severity) -> Telling<'r> {
        self.routing.tell(rule, severity, &mut Facts { broker, ..Facts::default() })
    }

    /// The rule as it is for this broker, and the place of the override that makes it so; `None` without one.
    pub fn rule_of_broker<'r>(&'r self, rule: &Rule, broker: &str) -> Option<(Rule, &'r str)> {
        self.routing.changed(rule, broker)
    }

    /// Where overrides of this rule stand, each with a broker that it is for.
    pub fn overridden_brokers<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = (&'r str, String)> {
        let about = self.routing.overrides.iter().filter(|change| change.is_about(rule));
        about.filter_map(|change| Some((&*change.place, change.broker.example()?)))
    }

    /// Where overrides stand that change how this rule is told for some brokers.
    pub fn overrides_of<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = &'r str> {
        self.routing.overrides.iter().filter(|change| change.is_about(rule)).map(|change| &*change.place)
    }

    /// Routes in the order in which they are asked.
    pub fn routes(&self) -> &[Route] {
        &self.routing.routes
    }

    /// In the order in which they are asked.
    pub fn inhibits(&self) -> &[Inhibit] {
        &self.inhibits
    }

    /// Whether some inhibition may hide alerts of the rule.
    pub fn is_inhibitable(&self, rule: &str) -> bool {
        self.inhibits.iter().any(|inhibit| inhibit.is_about(rule))
    }

    /// The inhibition that hides alerts of the rule about such an entry.
    pub fn hidden_by(&self, rule: &str, ctx: &EntryContext<'_>) -> Option<&Inhibit> {
        self.inhibits.iter().find(|inhibit| inhibit.hides(rule, ctx))
    }

    /// Whether an alert of the rule about this notice is over, as the entry is now.
    pub fn is_over(&self, rule: &Rule, ctx: &NoticeContext<'_>) -> bool {
        rule.after.until.as_ref().is_some_and(|until| until.holds(&ctx.facts()))
    }

    /// Runs the tests that stand beside the rules.
    pub fn run_tests(&self) -> Vec<TestResult> {
        self.tests.iter().map(|test| test.run(self)).collect()
    }

    /// How many rules are about each subject.
    pub fn count(&self) -> BTreeMap<&'static str, usize> {
        let mut count = BTreeMap::new();
        for rule in &self.rules {
            *count.entry(rule.on.as_str()).or_default() += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests;
