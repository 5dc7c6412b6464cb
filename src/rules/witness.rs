//! From a condition to events for which it holds.
//!
//! What an event is by its nature (kind, code, table, effect, severity) is not made up: events that exist are tried. For all else each
//! kind of question says what would answer it. The answers are guesses, and whoever uses them asks the condition whether they hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveTime, Weekday};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::condition::{Flag, Test, Weekdays};
use super::dress::{Dress, FieldValue, Stage};
use super::example;
use super::lines::{LineMatch, ProductLine};
use super::matcher::{FieldMatch, TextMatch, TimeSpan};
use super::names::Set;
use super::numbers::NumberMatch;
use super::ways::Literal;
use crate::entry::{GoodsLine, Status};
use crate::ident::{BillOfLading, EntryNumber, FilerCode};
use crate::notice::{CBP, Token};

/// Lives of the entry that are tried for one way.
const LIVES_MAX: usize = 192;
/// Lines and holds that an entry is given.
const LINES_MAX: i64 = 1_000;
const HOLDS_MAX: i64 = 99;
/// Days back or ahead of the event.
const DAYS_MAX: i64 = 36_500;

/// Ways of dressing an event so that all of it is answered as wanted, the plainest first. None when something has no answer, or
/// two questions want different ones.
pub(super) fn dresses(way: &[Literal<'_>], clocks: &[Box<str>]) -> Vec<Dress> {
    let mut wants = Wants::default();
    way.iter().for_each(|literal| wants.note(literal));
    wants.dress(clocks).map(|dress| wants.lives(dress)).unwrap_or_default()
}

/// What is wanted of one thing, and what is not.
struct Both<T> {
    all: Vec<T>,
    none: Vec<T>,
}

impl<T> Default for Both<T> {
    fn default() -> Self {
        Self { all: Vec::new(), none: Vec::new() }
    }
}

impl<T> Both<T> {
    fn add(&mut self, one: T, is_wanted: bool) {
        if is_wanted { self.all.push(one) } else { self.none.push(one) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Broker,
    EntryType,
    Port,
    Importer,
    Filer,
    Number,
    Reference,
    Order,
    Bill,
    Container,
    Agency,
    HoldAgency,
    HoldCode,
    Clock,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Measured {
    OpenHolds,
    HoldDays,
    AgeDays,
    Difference,
    Paid,
    Liquidated,
    Lines,
    Value,
    Duty,
}

/// Everything that a way asks for.
#[derive(Default)]
struct Wants<'c> {
    texts: BTreeMap<Topic, Both<&'c TextMatch>>,
    numbers: BTreeMap<Measured, Both<&'c NumberMatch>>,
    days_left: BTreeMap<&'c str, Both<&'c NumberMatch>>,
    fields: BTreeMap<&'c str, Both<&'c FieldMatch>>,
    lines: Vec<&'c LineMatch>,
    product_lines: Vec<&'c ProductLine>,
    weekdays: Both<Weekdays>,
    times: Both<TimeSpan>,
    stages: BTreeSet<Stage>,
    /// The liquidation states both amounts.
    is_stated: bool,
    is_of_none: bool,
}

impl<'c> Wants<'c> {
    /// Every kind of question has its place here: one that is new does not compile without.
    fn note(&mut self, literal: &Literal<'c>) {
        let wanted = literal.is_wanted;
        match literal.test {
            // Taken apart before.
            Test::Any(_) | Test::Not(_) => {}
            // Events that exist are tried.
            Test::Kind(_) | Test::Effect(_) | Test::Severity(_) | Test::Code(_) | Test::Table(_) => {}
            Test::Status(set) | Test::StatusBefore(set) | Test::Became(set) => self.status(*set, wanted),
            Test::EntryType(text) => self.text(Topic::EntryType, text, wanted),
            Test::Agency(text) => self.text(Topic::Agency, text, wanted),
            Test::Port(text) => self.text(Topic::Port, text, wanted),
            Test::Importer(text) => self.text(Topic::Importer, text, wanted),
            Test::Broker(text) => self.text(Topic::Broker, text, wanted),
            Test::Filer(text) => self.text(Topic::Filer, text, wanted),
            Test::EntryNumber(text) => self.text(Topic::Number, text, wanted),
            Test::Bill(text) => self.text(Topic::Bill, text, wanted),
            Test::Container(text) => self.text(Topic::Container, text, wanted),
            Test::Order(text) => self.text(Topic::Order, text, wanted),
            Test::BrokerReference(text) => self.text(Topic::Reference, text, wanted),
            Test::HoldAgency(text) => self.text(Topic::HoldAgency, text, wanted),
            Test::HoldCode(text) => self.text(Topic::HoldCode, text, wanted),
            Test::OpenDeadline(text) => self.text(Topic::Clock, text, wanted),
            Test::OpenHolds(bounds) => self.number(Measured::OpenHolds, bounds, wanted),
            Test::HoldDays(bounds) => self.number(Measured::HoldDays, bounds, wanted),
            Test::AgeDays(bounds) => self.number(Measured::AgeDays, bounds, wanted),
            Test::Difference(bounds) => self.number(Measured::Difference, bounds, wanted),
            Test::Paid(bounds) => self.number(Measured::Paid, bounds, wanted),
            Test::Liquidated(bounds) => self.number(Measured::Liquidated, bounds, wanted),
            Test::Lines(bounds) => self.number(Measured::Lines, bounds, wanted),
            Test::EnteredValue(bounds) => self.number(Measured::Value, bounds, wanted),
            Test::Duty(bounds) => self.number(Measured::Duty, bounds, wanted),
            Test::Field { name, value } => self.fields.entry(name).or_default().add(value, wanted),
            Test::DaysLeft { id, days } => self.days_left.entry(id).or_default().add(days, wanted),
            // Goods that are not there are not such goods.
            Test::Line(line) => self.lines.extend(wanted.then_some(line)),
            Test::ProductLine(list) => {
                self.product_lines.extend(list.first().filter(|_| wanted).map(|line| &**line));
            }
            Test::Weekday(days) => self.weekdays.add(*days, wanted),
            Test::Time(span) => self.times.add(*span, wanted),
            Test::Flag(flag, on) => self.flag(*flag, *on == wanted),
        }
    }

    fn status(&mut self, set: Set, wanted: bool) {
        let stage = |status: Status| match status {
            Status::Known => Stage::Known,
            Status::Filed => Stage::Filed,
            Status::Rejected => Stage::Refused,
            Status::Held => Stage::Held,
            Status::Released => Stage::Released,
            Status::Accepted => Stage::Accepted,
            Status::Liquidated => Stage::Liquidated,
            Status::Cancelled => Stage::Cancelled,
        };
        let all = Status::ALL.into_iter().filter(|status| set.has(*status as usize) == wanted);
        self.stages.extend(all.map(stage));
        // Another status than "held" wants the hold that a notice brings to be over.
        if set.has(Status::Held as usize) != wanted {
            self.stages.insert(Stage::Cleared);
        }
    }

    fn flag(&mut self, flag: Flag, on: bool) {
        let stages: &[Stage] = match flag {
            Flag::OpenHoldAfter if on => &[Stage::Held],
            Flag::OpenHoldAfter => &[Stage::Cleared],
            Flag::OpenHoldBefore => &[Stage::Held],
            Flag::Repeated => &[Stage::Same],
            Flag::KnownEntry => &[Stage::Known],
            Flag::Released => &[Stage::Released, Stage::Cleared],
            Flag::Suspended => &[Stage::Suspended],
            Flag::InQuestion => &[Stage::InQuestion],
            Flag::Unpaid => &[Stage::Unpaid],
            Flag::Contradicted => &[Stage::Contradicted],
            Flag::DifferenceKnown => {
                self.is_stated |= on;
                &[Stage::Liquidated]
            }
            Flag::HasEntry => {
                self.is_of_none |= !on;
                &[]
            }
            // Clocks are tried both ways.
            Flag::ByLaw | Flag::LastDay | Flag::Overdue => &[],
        };
        if on || matches!(flag, Flag::OpenHoldAfter | Flag::DifferenceKnown) {
            self.stages.extend(stages);
        }
    }

    fn text(&mut self, topic: Topic, text: &'c TextMatch, wanted: bool) {
        self.texts.entry(topic).or_default().add(text, wanted);
        if matches!(topic, Topic::HoldAgency | Topic::HoldCode) && wanted {
            self.stages.insert(Stage::Held);
        }
    }

    fn number(&mut self, of: Measured, bounds: &'c NumberMatch, wanted: bool) {
        self.numbers.entry(of).or_default().add(bounds, wanted);
        match of {
            Measured::OpenHolds | Measured::HoldDays => {
                self.stages.insert(Stage::Held);
            }
            Measured::Difference | Measured::Paid | Measured::Liquidated => {
                self.stages.insert(Stage::Liquidated);
            }
            _ => {}
        }
    }

    /// A text that is all that is wanted. The outer `None` when there is none; the inner one when nothing is wanted: what is not there
    /// is nothing else either.
    fn answer(&self, topic: Topic, is_valid: impl Fn(&str) -> bool) -> Option<Option<String>> {
        let Some(Both { all, none }) = self.texts.get(&topic) else { return Some(None) };
        if all.is_empty() {
            return Some(None);
        }
        let mut examples = all.iter().flat_map(|text| text.examples());
        let fits = |text: &String| {
            is_valid(text)
                && all.iter().all(|wanted| wanted.matches(text))
                && !none.iter().any(|other| other.matches(text))
        };
        examples.find(fits).map(Some)
    }

    fn token(&self, topic: Topic) -> Option<Option<Token>> {
        let is_whole = |text: &str| Token::some(text).is_some_and(|token| token.as_str() == text);
        Some(self.answer(topic, is_whole)?.and_then(Token::some))
    }

    fn boxed(&self, topic: Topic) -> Option<Option<Box<str>>> {
        Some(self.answer(topic, |_| true)?.map(Box::from))
    }

    /// A whole or broken number; the inner `None` when none is wanted.
    fn amount(&self, of: Measured, is_valid: impl Fn(Decimal) -> bool) -> Option<Option<Decimal>> {
        let Some(Both { all, none }) = self.numbers.get(&of) else { return Some(None) };
        example::number(all, none, is_valid).map(Some)
    }

    fn whole(&self, of: Measured, from: i64, to: i64) -> Option<Option<i64>> {
        let number = self.amount(of, |number| is_whole_within(number, from, to))?;
        Some(number.and_then(|number| number.to_i64()))
    }

    /// What all of it asks for, the life of the entry aside.
    fn dress(&self, clocks: &[Box<str>]) -> Option<Dress> {
        let is_bill = |text: &str| BillOfLading::parse(text).is_some_and(|bill| bill.as_str() == text);
        let is_number = |text: &str| EntryNumber::parse(text).is_some_and(|number| number.as_str() == text);
        let is_filer = |text: &str| FilerCode::parse(text).is_some_and(|filer| filer.as_str() == text);
        let (paid, liquidated) = self.liquidation()?;
        let mut dress = Dress {
            broker: self.boxed(Topic::Broker)?,
            entry_type: self.token(Topic::EntryType)?,
            port: self.token(Topic::Port)?,
            importer: self.boxed(Topic::Importer)?,
            filer: self.answer(Topic::Filer, is_filer)?.and_then(FilerCode::parse),
            number: self.answer(Topic::Number, is_number)?.and_then(EntryNumber::parse),
            reference: self.boxed(Topic::Reference)?,
            order: self.boxed(Topic::Order)?,
            bill: self.answer(Topic::Bill, is_bill)?.as_deref().and_then(BillOfLading::parse),
            container: self.token(Topic::Container)?,
            agency: self.token(Topic::Agency)?,
            fields: self.fields()?,
            paid,
            liquidated,
            is_of_none: self.is_of_none,
            holds: self.holds()?,
            hold_days: self.whole(Measured::HoldDays, 0, DAYS_MAX)?,
            clocks: self.running(clocks)?,
            weekday: self.weekday()?,
            time: self.time()?,
            age_days: self.whole(Measured::AgeDays, -DAYS_MAX, DAYS_MAX)?,
            ..Dress::default()
        };
        self.goods(&mut dress)?;
        Some(dress)
    }

    fn fields(&self) -> Option<Vec<FieldValue>> {
        let mut fields = Vec::new();
        for (name, Both { all, none }) in &self.fields {
            let mut examples = all.iter().flat_map(|wanted| wanted.examples());
            // That it must be there is answered by what else it must be.
            let fits = |value: &Option<String>| {
                let is = |wanted: &&FieldMatch| wanted.matches(value.as_deref().into_iter());
                all.iter().all(is) && !none.iter().any(is)
            };
            let is_left_out = |wanted: &&FieldMatch| wanted.matches(std::iter::empty());
            let value = match (all.is_empty(), none.iter().any(is_left_out)) {
                (false, _) => examples.find(fits)?,
                // "It is not missing."
                (true, true) => Some("TEST".to_owned()).filter(|_| fits(&Some("TEST".to_owned()))),
                (true, false) => None,
            };
            fields.push(((*name).into(), value.map(Box::from)));
        }
        Some(fields)
    }

    /// The holds that stand: as many as asked for, the first one of the agency and with the code asked for.
    fn holds(&self) -> Option<Vec<(Token, Token)>> {
        let first = (self.token(Topic::HoldAgency)?, self.token(Topic::HoldCode)?);
        let count = self.whole(Measured::OpenHolds, 0, HOLDS_MAX)?;
        if first == (None, None) && count.is_none() {
            return Some(Vec::new());
        }
        let agency = first.0.unwrap_or_else(|| Token::new(CBP));
        let code = first.1.unwrap_or_else(|| Token::new("1H"));
        let more = (1..count.unwrap_or(1)).map(|index| (agency, Token::new(format!("T{index}"))));
        Some([(agency, code)].into_iter().chain(more).collect())
    }

    fn running(&self, clocks: &[Box<str>]) -> Option<Vec<(Box<str>, i64)>> {
        let mut running: Vec<(Box<str>, i64)> = Vec::new();
        for (id, Both { all, none }) in self.days_left.iter().filter(|(_, both)| !both.all.is_empty()) {
            let days = example::number(all, none, |number| is_whole_within(number, -DAYS_MAX, DAYS_MAX))?;
            running.push(((*id).into(), days.to_i64()?));
        }
        if let Some(Both { all, none }) = self.texts.get(&Topic::Clock) {
            for wanted in all {
                if running.iter().any(|(id, _)| wanted.matches(id)) {
                    continue;
                }
                let is_it = |id: &&str| wanted.matches(id) && !none.iter().any(|not| not.matches(id));
                let id = clocks.iter().map(|id| &**id).find(is_it)?;
                running.push((id.into(), 30));
            }
        }
        Some(running)
    }

    fn weekday(&self) -> Option<Option<u64>> {
        let Both { all, none } = &self.weekdays;
        if all.is_empty() && none.is_empty() {
            return Some(None);
        }
        let fits = |day: &u64| {
            let has = |days: &Weekdays| days.0.has(*day as usize);
            all.iter().all(has) && !none.iter().any(has)
        };
        (0..=u64::from(Weekday::Sun.num_days_from_monday())).find(fits).map(Some)
    }

    fn time(&self) -> Option<Option<NaiveTime>> {
        let Both { all, none } = &self.times;
        if all.is_empty() && none.is_empty() {
            return Some(None);
        }
        let ends = all.iter().chain(none).flat_map(|span| span.ends());
        let fits = |time: &NaiveTime| {
            all.iter().all(|span| span.has(*time)) && !none.iter().any(|span| span.has(*time))
        };
        ends.into_iter().find(fits).map(Some)
    }

    /// What was paid and what Customs assessed, the difference between them as asked for.
    fn liquidation(&self) -> Option<(Option<Decimal>, Option<Decimal>)> {
        let is_wanted = |of: Measured| self.numbers.contains_key(&of);
        if !is_wanted(Measured::Difference) {
            let is_amount = |number: Decimal| number >= Decimal::ZERO;
            let stated = self.is_stated.then_some(Decimal::ZERO);
            let paid = self.amount(Measured::Paid, is_amount)?.or(stated);
            return Some((paid, self.amount(Measured::Liquidated, is_amount)?.or(stated)));
        }
        let near = |of: Measured| {
            let both = self.numbers.get(&of);
            let bounds = both.into_iter().flat_map(|both| both.all.iter().chain(&both.none));
            let near: Vec<Decimal> = bounds.flat_map(|bounds| bounds.near()).collect();
            near
        };
        let fits = |of: Measured, number: Decimal| {
            self.numbers.get(&of).is_none_or(|Both { all, none }| {
                all.iter().all(|bounds| bounds.matches(number))
                    && !none.iter().any(|bounds| bounds.matches(number))
            })
        };
        let differences = near(Measured::Difference);
        let of_difference = differences.iter().map(|difference| -*difference);
        let all_paid: Vec<Decimal> =
            near(Measured::Paid).into_iter().chain([Decimal::ZERO]).chain(of_difference).collect();
        for paid in all_paid.into_iter().filter(|paid| *paid >= Decimal::ZERO && fits(Measured::Paid, *paid))
        {
            let by_difference = differences.iter().map(|difference| paid.saturating_add(*difference));
            let all = by_difference.chain(near(Measured::Liquidated)).chain([Decimal::ZERO]);
            let fit = |liquidated: &Decimal| {
                *liquidated >= Decimal::ZERO
                    && fits(Measured::Liquidated, *liquidated)
                    && fits(Measured::Difference, liquidated.saturating_sub(paid))
            };
            if let Some(liquidated) = all.into_iter().find(fit) {
                return Some((Some(paid), Some(liquidated)));
            }
        }
        None
    }

    /// Lines as asked for, and another one for what their sums lack.
    fn goods(&self, dress: &mut Dress) -> Option<()> {
        let is_amount = |number: Decimal| number >= Decimal::ZERO;
        dress.lines = self.lines.iter().map(|line| line.example()).collect();
        for product_line in &self.product_lines {
            let (line, order) = product_line.example();
            dress.lines.extend(line);
            dress.order = dress.order.take().or(order);
        }
        let (value, duty) =
            (self.amount(Measured::Value, is_amount)?, self.amount(Measured::Duty, is_amount)?);
        if value.is_some() || duty.is_some() {
            let lacks = |wanted: Option<Decimal>,
                         of: fn(&mut GoodsLine) -> &mut Option<Decimal>,
                         dress: &mut Dress| {
                let wanted = wanted?;
                let stated = dress.lines.iter_mut().map(|line| *of(line).get_or_insert(Decimal::ZERO));
                Some(wanted.saturating_sub(stated.fold(Decimal::ZERO, Decimal::saturating_add)))
            };
            let value = lacks(value, |line| &mut line.value, dress);
            let duty = lacks(duty, |line| &mut line.duty, dress);
            let is_lacking = |lack: Option<Decimal>| lack.is_some_and(|lack| lack != Decimal::ZERO);
            if dress.lines.is_empty() || is_lacking(value) || is_lacking(duty) {
                dress.lines.push(GoodsLine { value, duty, ..GoodsLine::default() });
            }
        }
        if let Some(count) = self.whole(Measured::Lines, 0, LINES_MAX)? {
            let zero = |wanted: Option<Decimal>| wanted.map(|_| Decimal::ZERO);
            let empty = GoodsLine { value: zero(value), duty: zero(duty), ..GoodsLine::default() };
            dress.lines.resize(dress.lines.len().max(count as usize), empty);
        }
        Some(())
    }

    /// The dress with each life of the entry that may answer what is asked about it, the shortest first.
    fn lives(&self, dress: Dress) -> Vec<Dress> {
        let stages: Vec<Stage> = self.stages.iter().copied().collect();
        let mut lists: Vec<Vec<Stage>> = vec![Vec::new()];
        for (at, first) in stages.iter().enumerate() {
            lists.push(vec![*first]);
            lists.extend(stages[at + 1..].iter().map(|second| vec![*first, *second]));
        }
        if stages.len() > 2 {
            lists.push(stages);
        }
        let lives = lists.iter().flat_map(|past| lists.iter().map(move |also| (past.clone(), also.clone())));
        let mut lives: Vec<(Vec<Stage>, Vec<Stage>)> = lives.collect();
        lives.sort_by_key(|(past, also)| past.len() + also.len());
        let mut all = Vec::new();
        for (past, also) in lives.into_iter().take(LIVES_MAX) {
            let is_held = past.contains(&Stage::Held) || also.contains(&Stage::Held);
            let dress = Dress { past, also, ..dress.clone() };
            // The notice may itself be one of so many holds.
            let fewer = (is_held && dress.holds.len() > 1)
                .then(|| Dress { holds: dress.holds[..dress.holds.len() - 1].to_vec(), ..dress.clone() });
            all.push(dress);
            all.extend(fewer);
        }
        all
    }
}

fn is_whole_within(number: Decimal, from: i64, to: i64) -> bool {
    number.is_integer() && (Decimal::from(from)..=Decimal::from(to)).contains(&number)
}
