//! The tests that stand beside a rule: an invented event, and what should become of it.
//!
//! A test asks all rules of its file, and those of files behind it, as the daemon does: it also finds that an earlier rule
//! takes what this one was meant for. Files in front are left out, for they are there to override.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::Serialize;

use super::compile::severity;
use super::condition::Facts;
use super::names::{EFFECTS, kind_words};
use super::raw::{RawNotice, RawTest};
use super::{DeadlineContext, Delivery, NoticeContext, On, Rule, Rules, Step, Telling, Vocabulary};
use crate::diagnostic::{Diagnostic, Faults, RawKind, WrittenTable, hint};
use crate::entry::{DeadlineState, Entry, EntryDeadline};
use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::notice::{
    Amounts, CBP, ClearedCodes, Effect, EventTime, Fields, HoldKind, Kind, Liquidation, LiquidationKind,
    Notice, Token,
};
use crate::place::Severity;

/// The entry that tests are about unless they name one.
const ENTRY: &str = "ABC-1234567-6";
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
        state: DeadlineState::Open,
        because: "".into(),
        basis: "".into(),
        from: Vec::new(),
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
    let deadline = clock(id?.get_ref(), *act_by?.get_ref());
    Some(Event::Deadline { before, deadline: Box::new(deadline), on: *on?.get_ref(), step })
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

fn read_notice(
    raw: &RawNotice,
    ordinal: u32,
    default_at: EventTime,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Option<Notice> {
    let kind = raw.kind.require("kind", RawNotice::OWNER, &raw.span, faults)?;
    let Some(kind_read) = Kind::parse(kind.get_ref()) else {
        let hint = hint(kind.get_ref(), "known", kind_words());
        faults.add(kind.span(), format!("`kind` has no value `{}` ({hint})", kind.get_ref()));
        return None;
    };
    let text = |field: &crate::diagnostic::Field<toml::Spanned<String>>| {
        field.given().map(|text| text.get_ref().clone())
    };
    let at = match raw.at.given() {
        Some(at) => match EventTime::parse(at.get_ref()) {
            Some(at) => at,
            None => {
                faults.add(at.span(), "`at` is a date or a time like 2026-03-02T09:00:00");
                return None;
            }
        },
        None => default_at,
    };
    let (code, table) = (text(&raw.code), text(&raw.table));
    let suggested =
        table.as_deref().zip(code.as_deref()).and_then(|(table, code)| known.severity(table, code));
    let loud = match raw.severity.given() {
        Some(word) => severity(word.get_ref(), word.span(), faults)?,
        None => suggested.unwrap_or(Severity::Info),
    };
    let mut id = [0; 16];
    id[..4].copy_from_slice(&ordinal.to_be_bytes());
    Some(Notice {
        id: NoticeId::from_bytes(id),
        kind: kind_read,
        entry: entry_number(raw, faults)?,
        bill: text(&raw.bill).as_deref().and_then(BillOfLading::parse),
        house_bill: None,
        container: None,
        code: code.as_deref().and_then(Token::some),
        table: table.map(Into::into),
        meaning: None,
        severity: loud,
        at: Some(at),
        effect: effect(raw, code.as_deref().unwrap_or("T"), at, faults)?,
        fields: fields(raw, faults)?,
    })
}

/// The outer `None` is a fault; the inner one a notice of no entry.
fn entry_number(raw: &RawNotice, faults: &mut Faults) -> Option<Option<EntryNumber>> {
    let Some(text) = raw.entry.given() else { return Some(EntryNumber::parse(ENTRY)) };
    if text.get_ref() == "none" {
        return Some(None);
    }
    let number = EntryNumber::parse(text.get_ref());
    if number.is_none() {
        faults.add(text.span(), format!("`{}` is no entry number (and not `none`)", text.get_ref()));
    }
    number.map(Some)
}

fn fields(raw: &RawNotice, faults: &mut Faults) -> Option<Fields> {
    let mut fields = Fields::new();
    let Some(value) = raw.fields.given() else { return Some(fields) };
    let RawKind::Table(items) = &value.kind else {
        faults.add(value.span.clone(), "`fields` must be a table of texts");
        return None;
    };
    for (name, value) in items {
        let RawKind::Text(text) = &value.kind else {
            faults.add(value.span.clone(), format!("`{}` must be a text in quotes", name.get_ref()));
            return None;
        };
        fields.push(name.get_ref(), text);
    }
    Some(fields)
}

fn effect(raw: &RawNotice, code: &str, at: EventTime, faults: &mut Faults) -> Option<Effect> {
    let Some(word) = raw.effect.given() else { return Some(Effect::Inform) };
    let mut amount = |field: &crate::diagnostic::Field<toml::Spanned<String>>| match field.given() {
        None => Some(Amounts::default()),
        Some(text) => match text.get_ref().parse() {
            Ok(duty) => Some(Amounts { duty: Some(duty), ..Amounts::default() }),
            Err(_) => {
                faults.add(text.span(), format!("`{}` is no amount like \"250.00\"", text.get_ref()));
                None
            }
        },
    };
    let (paid, liquidated) = (amount(&raw.paid)?, amount(&raw.liquidated)?);
    let clears = raw.clears.given().map(Vec::as_slice).unwrap_or_default();
    let parts = EffectParts {
        agency: Token::new(raw.agency.given().map_or(CBP, |agency| agency.get_ref())),
        code: Token::new(code),
        clears: ClearedCodes::of(clears.iter().map(|code| Token::new(code.get_ref()))),
        date: Some(at.date),
        paid,
        liquidated,
    };
    let named = effect_named(word.get_ref(), parts);
    if named.is_none() {
        let hint = hint(word.get_ref(), "known", EFFECTS.iter().copied());
        faults.add(word.span(), format!("`effect` has no value `{}` ({hint})", word.get_ref()));
    }
    named
}

/// What an invented effect is made of.
#[derive(Clone, Copy)]
pub(super) struct EffectParts {
    pub agency: Token,
    pub code: Token,
    pub clears: ClearedCodes,
    pub date: Option<NaiveDate>,
    pub paid: Amounts,
    pub liquidated: Amounts,
}

/// The effect that a word of [`EFFECTS`] stands for.
pub(super) fn effect_named(word: &str, parts: EffectParts) -> Option<Effect> {
    let EffectParts { agency, code, clears, date, .. } = parts;
    let hold = |what| Effect::Hold { agency, code, what };
    Some(match word {
        "inform" => Effect::Inform,
        "unknown" => Effect::Unknown,
        "filed" => Effect::Filed,
        "filing_accepted" => Effect::FilingAccepted,
        "filing_rejected" => Effect::FilingRejected,
        "hold" => hold(HoldKind::Hold),
        "exam" => hold(HoldKind::Exam),
        "documents" => hold(HoldKind::Documents),
        "detained" => hold(HoldKind::Detained),
        "do_not_load" => hold(HoldKind::DoNotLoad),
        "seizure" => hold(HoldKind::Seizure),
        "general_order" => hold(HoldKind::GeneralOrder),
        "review" => hold(HoldKind::Review),
        "clear" => Effect::Clear { agency, codes: clears },
        "release" => Effect::Release { date },
        "release_date" => Effect::ReleaseDate { date },
        "release_reversed" => Effect::ReleaseReversed { agency, code },
        "one_government" => Effect::OneGovernment,
        "cancelled" => Effect::Cancelled,
        "cancel_undone" => Effect::CancelUndone,
        "summary_accepted" => Effect::SummaryAccepted { version: None, warnings: false },
        "summary_warnings" => Effect::SummaryAccepted { version: None, warnings: true },
        "summary_rejected" => Effect::SummaryRejected,
        "summary_cancelled" => Effect::SummaryCancelled,
        "summary_request" => Effect::SummaryRequest { what: code },
        "filer_takeover" => Effect::FilerTakeover { filer: None },
        "liquidated" => liquidation(LiquidationKind::Liquidation, parts),
        "reliquidated" => liquidation(LiquidationKind::Reliquidation, parts),
        "extended" => Effect::Extended { times: Some(1), reason: code, date },
        "suspended" => Effect::Suspended { reason: code, date },
        "suspension_lifted" => Effect::SuspensionLifted { date },
        _ => return None,
    })
}

fn liquidation(event: LiquidationKind, parts: EffectParts) -> Effect {
    Effect::Liquidated(Liquidation {
        event,
        date: parts.date,
        kind: Token::new(if event == LiquidationKind::Liquidation { "L" } else { "R" }),
        reason: Token::new(""),
        paid: parts.paid,
        liquidated: parts.liquidated,
        interest: None,
    })
}
