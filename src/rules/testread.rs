//! Reads the tests that stand beside a rule.

use chrono::{NaiveDate, TimeDelta};

use super::compile::severity;
use super::invented::read_notice;
use super::raw::{RawNotice, RawTest};
use super::selftest::{BROKER, DAY, Event, Expect, TestCase};
use super::{On, Rule, Vocabulary};
use crate::diagnostic::{Faults, RawKind, WrittenTable, hint};
use crate::entry::{DeadlineState, EntryDeadline, GoodsLine, tariff};
use crate::notice::{EventTime, Notice, Token};
use crate::place::Severity;

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
    let lines = lines(raw, faults);
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
        lines,
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

/// `lines = [{ tariff = "8708305060", value = "12000.00" }]`: the lines of the entry.
fn lines(raw: &RawTest, faults: &mut Faults) -> Vec<GoodsLine> {
    let raw = raw.lines.given().map(Vec::as_slice).unwrap_or_default();
    let mut amount = |field: &crate::diagnostic::Field<toml::Spanned<String>>| {
        let text = field.given()?;
        let amount = text.get_ref().parse().ok();
        if amount.is_none() {
            faults.add(text.span(), format!("`{}` is no amount like \"250.00\"", text.get_ref()));
        }
        amount
    };
    let mut all = Vec::with_capacity(raw.len());
    for line in raw {
        let (value, duty) = (amount(&line.value), amount(&line.duty));
        all.push(GoodsLine {
            tariffs: line.tariff.given().and_then(|text| tariff(text.get_ref())).into_iter().collect(),
            origin: line.origin.given().and_then(|text| Token::some(text.get_ref())),
            value,
            duty,
        });
    }
    all
}

fn check_deadline(id: &toml::Spanned<String>, known: &Vocabulary, faults: &mut Faults) {
    if !known.deadlines().any(|name| name == id.get_ref()) {
        let hint = hint(id.get_ref(), "known", known.deadlines());
        faults.add(id.span(), format!("there is no deadline `{}` ({hint})", id.get_ref()));
    }
}

/// A clock that runs to a day.
pub(super) fn clock(id: &str, act_by: NaiveDate) -> EntryDeadline {
    EntryDeadline {
        id: id.into(),
        instance: "".into(),
        due: Some(act_by),
        special: None,
        act_by: Some(act_by),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        may_be_over: "".into(),
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
