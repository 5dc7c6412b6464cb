//! Conditions: what must hold for a rule to decide. Compiled once, evaluated without allocation.

use std::cell::OnceCell;
use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use super::matcher::{FieldMatch, NumberMatch, TextMatch, TimeSpan};
use super::names::{EFFECTS, Set, effect_index, kind_index};
use crate::entry::{DeadlineState, Entry, EntryDeadline, Status};
use crate::ident::BillOfLading;
use crate::notice::{Effect, Liquidation, Notice, Token};
use crate::place::Severity;

/// What a condition is asked about. Matchers about a part that is missing do not hold.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub notice: Option<&'a Notice>,
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
    pub broker: &'a str,
    pub deadlines: &'a [EntryDeadline],
    /// The code of a trouble.
    pub trouble: Option<&'a str>,
    pub trouble_severity: Option<Severity>,
    /// How loud the alert is, for routes.
    pub alert_severity: Option<Severity>,
    /// The wall-clock time at which the file was received.
    pub now: Option<NaiveDateTime>,
    /// The clock of a reminder.
    pub deadline: Option<&'a EntryDeadline>,
    /// The day of a reminder.
    pub on: Option<NaiveDate>,
    pub status: OnceCell<Option<Status>>,
    pub status_before: OnceCell<Option<Status>>,
}

impl<'a> Facts<'a> {
    fn status(&self) -> Option<Status> {
        *self.status.get_or_init(|| self.after.map(Entry::status))
    }

    fn status_before(&self) -> Option<Status> {
        *self.status_before.get_or_init(|| self.before.map(Entry::status))
    }

    /// Who speaks: the agency of the hold, removal or reversal, else the notice's field `agency`.
    fn agency(&self) -> Option<&str> {
        let notice = self.notice?;
        match &notice.effect {
            Effect::Hold { agency, .. }
            | Effect::Clear { agency, .. }
            | Effect::ReleaseReversed { agency, .. } => Some(agency.as_str()),
            _ => notice.field("agency"),
        }
    }

    /// The agency and code of the hold that the notice opens.
    fn opened_hold(&self) -> Option<(Token, Token)> {
        match self.notice?.effect {
            Effect::Hold { agency, code, .. } | Effect::ReleaseReversed { agency, code } => {
                Some((agency, code))
            }
            _ => None,
        }
    }

    /// For a notice that opens a hold, whether that hold stands after the file; for any other, whether any does.
    fn open_hold_after(&self) -> bool {
        match (self.opened_hold(), self.after) {
            (Some(_), None) => true,
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, entry) => entry.is_some_and(Entry::has_open_hold),
        }
    }

    /// Whether the hold that the notice opens stood already before the file, or the notice tells again what the entry
    /// knew.
    fn repeated(&self) -> bool {
        match (self.opened_hold(), self.before) {
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, Some(entry)) => self.notice.is_some_and(|notice| entry.knows(notice)),
            (_, None) => false,
        }
    }

    fn stands(&self, entry: &Entry, agency: Token, code: Token) -> bool {
        self.notice.is_some_and(|notice| {
            entry.open_holds().any(|(key, _)| {
                key.agency == agency
                    && key.code == code
                    && key.scope.bill == notice.bill
                    && key.scope.house_bill == notice.house_bill
                    && key.scope.container == notice.container
            })
        })
    }

    fn severity(&self) -> Option<Severity> {
        self.alert_severity.or(self.notice.map(|notice| notice.severity)).or(self.trouble_severity)
    }

    fn code(&self) -> Option<&str> {
        self.trouble.or_else(|| self.notice.and_then(|notice| notice.code.as_ref()).map(Token::as_str))
    }

    fn entry_type(&self) -> Option<&str> {
        self.after.and_then(|entry| entry.entry_type.as_ref()).map(Token::as_str)
    }

    fn port(&self) -> Option<&str> {
        self.after.and_then(|entry| entry.port.as_ref()).map(Token::as_str)
    }

    fn holds_text(&self) -> String {
        let holds = self.after.into_iter().flat_map(Entry::open_holds);
        let holds: Vec<String> = holds.map(|(key, _)| format!("{} {}", key.agency, key.code)).collect();
        if holds.is_empty() { "no hold stands".to_owned() } else { holds.join(", ") }
    }

    fn has_open_deadline(&self, ids: &TextMatch) -> bool {
        self.running().any(|deadline| ids.matches(&deadline.id))
    }

    fn running(&self) -> impl Iterator<Item = &'a EntryDeadline> + use<'a> {
        self.deadlines.iter().filter(|deadline| deadline.state == DeadlineState::Open)
    }

    /// Days left to the day to act of each running clock with this id.
    fn days_left(&self, id: &str) -> impl Iterator<Item = i64> {
        let day = self.day();
        let targets = self.running().filter(move |deadline| *deadline.id == *id);
        targets.filter_map(move |deadline| Some((deadline.target()? - day?).num_days()))
    }

    /// The day of the event: when the file was received, or of the reminder.
    fn day(&self) -> Option<NaiveDate> {
        self.now.map(|now| now.date()).or(self.on)
    }

    /// How long the oldest hold that stands has stood.
    fn hold_days(&self) -> Option<i64> {
        let oldest = self.after?.open_holds().filter_map(|(_, hold)| hold.since).map(|at| at.date).min()?;
        Some((self.day()? - oldest).num_days())
    }

    fn age_days(&self) -> Option<i64> {
        Some((self.day()? - self.notice?.at?.date).num_days())
    }

    /// The assessment that the notice states; for a deadline, the last one of the entry.
    fn liquidation(&self) -> Option<&Liquidation> {
        match self.notice.map(|notice| &notice.effect) {
            Some(Effect::Liquidated(liquidation)) => Some(liquidation),
            Some(_) => None,
            None => self.after.and_then(Entry::liquidation),
        }
    }

    /// The bills that the notice names; without any, those of the entry.
    fn bills(&self) -> Vec<&str> {
        let named: Vec<&str> = match self.notice {
            Some(notice) => notice.bill.iter().chain(&notice.house_bill).map(BillOfLading::as_str).collect(),
            None => Vec::new(),
        };
        match (named.is_empty(), self.after) {
            (true, Some(entry)) => entry.references.bills.iter().map(BillOfLading::as_str).collect(),
            _ => named,
        }
    }

    fn containers(&self) -> Vec<&str> {
        match (self.notice.and_then(|notice| notice.container.as_ref()), self.after) {
            (Some(container), _) => vec![container.as_str()],
            (None, Some(entry)) => entry.references.containers.iter().map(Token::as_str).collect(),
            (None, None) => Vec::new(),
        }
    }

    fn flag(&self, flag: Flag) -> Option<bool> {
        let entry = self.after;
        Some(match flag {
            Flag::OpenHoldAfter => self.open_hold_after(),
            Flag::OpenHoldBefore => self.before.is_some_and(Entry::has_open_hold),
            Flag::Repeated => self.repeated(),
            Flag::KnownEntry => self.before.is_some(),
            Flag::HasEntry => entry.is_some(),
            Flag::Released => entry?.released_at().is_some(),
            Flag::Suspended => entry?.is_suspended(),
            Flag::InQuestion => entry?.is_in_question(),
            Flag::ByLaw => self.deadline?.is_by_law(),
            Flag::Overdue => self.deadline?.target()? < self.on?,
            Flag::DifferenceKnown => self.liquidation()?.difference().is_some(),
            Flag::Contradicted => entry?.is_newly_contradicted(self.before),
        })
    }
}

/// A question with a plain answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flag {
    OpenHoldAfter,
    OpenHoldBefore,
    Repeated,
    KnownEntry,
    HasEntry,
    Released,
    Suspended,
    InQuestion,
    ByLaw,
    Overdue,
    DifferenceKnown,
    Contradicted,
}

/// Days of the week, Monday first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Weekdays(pub Set);

impl Weekdays {
    const WORDS: [&'static str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        Self::WORDS.into_iter()
    }

    pub fn one(word: &str) -> Option<Set> {
        Self::WORDS.iter().position(|name| *name == word).map(Set::one)
    }

    fn has(self, day: NaiveDate) -> bool {
        self.0.has(day.weekday().num_days_from_monday() as usize)
    }
}

/// One key of a condition, with the words in which it was written.
#[derive(Clone)]
pub(super) struct Clause {
    pub text: Box<str>,
    pub test: Test,
}

impl fmt::Debug for Clause {
    /// The meaning without the words: two clauses that mean the same print the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.test, f)
    }
}

/// A table of clauses; all must hold. An empty one always holds.
#[derive(Clone, Default)]
pub(super) struct Condition(pub Vec<Clause>);

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clauses: Vec<String> = self.0.iter().map(|clause| format!("{clause:?}")).collect();
        clauses.sort();
        f.write_str(&clauses.join(" & "))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Any(Vec<Condition>),
    Not(Condition),
    Kind(Set),
    Effect(Set),
    Status(Set),
    StatusBefore(Set),
    Became(Set),
    Severity(SeverityMatch),
    Code(TextMatch),
    Table(TextMatch),
    Agency(TextMatch),
    EntryType(TextMatch),
    Port(TextMatch),
    Importer(TextMatch),
    Broker(TextMatch),
    Filer(TextMatch),
    EntryNumber(TextMatch),
    Bill(TextMatch),
    Container(TextMatch),
    Order(TextMatch),
    BrokerReference(TextMatch),
    HoldAgency(TextMatch),
    HoldCode(TextMatch),
    OpenHolds(NumberMatch),
    HoldDays(NumberMatch),
    Field { name: Box<str>, value: FieldMatch },
    Difference(NumberMatch),
    Paid(NumberMatch),
    Liquidated(NumberMatch),
    Flag(Flag, bool),
    OpenDeadline(TextMatch),
    DaysLeft { id: Box<str>, days: NumberMatch },
    Time(TimeSpan),
    Weekday(Weekdays),
    AgeDays(NumberMatch),
}

/// `"critical"`, a list, or `{ at_least = "warning" }`.
#[derive(Clone, Debug)]
pub(super) enum SeverityMatch {
    In(Vec<Severity>),
    AtLeast(Severity),
}

impl SeverityMatch {
    fn matches(&self, severity: Severity) -> bool {
        match self {
            Self::In(list) => list.contains(&severity),
            Self::AtLeast(least) => severity >= *least,
        }
    }
}

/// One clause of a condition, for people: what was asked, whether it held, and what was found instead.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct AskedClause {
    /// As written in the rule file.
    pub clause: String,
    pub holds: bool,
    /// What the event or the entry had; blank where the clause nests others.
    pub found: String,
}

impl Condition {
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.0.iter().all(|clause| clause.test.holds(facts))
    }

    /// Each clause as written, whether it holds, and what there was.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<AskedClause> {
        let asked = |clause: &Clause| AskedClause {
            clause: clause.text.to_string(),
            holds: clause.test.holds(facts),
            found: clause.test.found(facts),
        };
        self.0.iter().map(asked).collect()
    }

    /// Asks for nothing but a severity: meant for whatever other rules leave.
    pub fn is_leftover(&self) -> bool {
        self.0.iter().all(|clause| matches!(clause.test, Test::Severity(_)))
    }

    /// The kinds of notice for which the condition can hold.
    pub fn kinds(&self) -> Set {
        self.0.iter().fold(Set::ALL, |kinds, clause| match clause.test {
            Test::Kind(set) => kinds.and(set),
            _ => kinds,
        })
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let notice = facts.notice;
        match self {
            Self::Any(list) => list.iter().any(|condition| condition.holds(facts)),
            Self::Not(condition) => !condition.holds(facts),
            Self::Kind(set) => notice.is_some_and(|notice| set.has(kind_index(notice.kind))),
            Self::Effect(set) => notice.is_some_and(|notice| set.has(effect_index(&notice.effect))),
            Self::Severity(wanted) => facts.severity().is_some_and(|severity| wanted.matches(severity)),
            Self::Status(set) => facts.status().is_some_and(|status| set.has(status as usize)),
            Self::StatusBefore(set) => facts.status_before().is_some_and(|status| set.has(status as usize)),
            Self::Became(set) => facts
                .status()
                .is_some_and(|status| set.has(status as usize) && facts.status_before() != Some(status)),
            Self::Flag(flag, wanted) => facts.flag(*flag) == Some(*wanted),
            Self::OpenDeadline(ids) => facts.has_open_deadline(ids),
            Self::DaysLeft { id, days } => facts.days_left(id).any(|left| days.matches(left.into())),
            Self::Time(span) => facts.now.is_some_and(|now| span.has(now.time())),
            Self::Weekday(days) => facts.day().is_some_and(|day| days.has(day)),
            Self::Field { name, value } => notice.is_some_and(|notice| value.matches(values(notice, name))),
            _ => self.holds_of_number(facts).unwrap_or_else(|| self.holds_of_text(facts)),
        }
    }

    /// `None` when the clause compares no number.
    fn holds_of_number(&self, facts: &Facts<'_>) -> Option<bool> {
        let (bounds, number) = self.number(facts)?;
        Some(number.is_some_and(|number| bounds.matches(number)))
    }

    fn number(&self, facts: &Facts<'_>) -> Option<(&NumberMatch, Option<Decimal>)> {
        let money = |of: fn(&Liquidation) -> Option<Decimal>| facts.liquidation().and_then(of);
        Some(match self {
            Self::Difference(bounds) => (bounds, money(Liquidation::difference)),
            Self::Paid(bounds) => (bounds, money(|liquidation| liquidation.paid.total())),
            Self::Liquidated(bounds) => (bounds, money(|liquidation| liquidation.liquidated.total())),
            Self::OpenHolds(bounds) => {
                (bounds, facts.after.map(|entry| Decimal::from(entry.open_holds().count() as u64)))
            }
            Self::HoldDays(bounds) => (bounds, facts.hold_days().map(Decimal::from)),
            Self::AgeDays(bounds) => (bounds, facts.age_days().map(Decimal::from)),
            _ => return None,
        })
    }

    fn holds_of_text(&self, facts: &Facts<'_>) -> bool {
        let entry = facts.after;
        let is = |wanted: &TextMatch, value: Option<&str>| value.is_some_and(|value| wanted.matches(value));
        let one = |wanted: &TextMatch, values: &[&str]| values.iter().any(|value| wanted.matches(value));
        match self {
            Self::Code(wanted) => is(wanted, facts.code()),
            Self::Table(wanted) => is(wanted, facts.notice.and_then(|notice| notice.table.as_deref())),
            Self::Agency(wanted) => is(wanted, facts.agency()),
            Self::Broker(wanted) => wanted.matches(facts.broker),
            Self::EntryType(wanted) => is(wanted, facts.entry_type()),
            Self::Port(wanted) => is(wanted, facts.port()),
            Self::Importer(wanted) => is(wanted, entry.and_then(|entry| entry.importer.as_deref())),
            Self::Filer(wanted) => entry.is_some_and(|entry| wanted.matches(entry.filer.as_str())),
            Self::EntryNumber(wanted) => entry.is_some_and(|entry| wanted.matches(entry.number.as_str())),
            Self::Bill(wanted) => one(wanted, &facts.bills()),
            Self::Container(wanted) => one(wanted, &facts.containers()),
            Self::Order(wanted) => {
                entry.is_some_and(|entry| entry.references.orders.iter().any(|order| wanted.matches(order)))
            }
            Self::BrokerReference(wanted) => {
                is(wanted, entry.and_then(|entry| entry.references.broker.as_deref()))
            }
            Self::HoldAgency(wanted) => entry
                .is_some_and(|entry| entry.open_holds().any(|(key, _)| wanted.matches(key.agency.as_str()))),
            Self::HoldCode(wanted) => entry
                .is_some_and(|entry| entry.open_holds().any(|(key, _)| wanted.matches(key.code.as_str()))),
            _ => false,
        }
    }

    /// What the event or the entry has where the clause looks.
    fn found(&self, facts: &Facts<'_>) -> String {
        let notice = facts.notice;
        let entry = facts.after;
        let said = |value: Option<&str>| value.map_or("none".to_owned(), str::to_owned);
        let list = |values: &[&str]| if values.is_empty() { "none".to_owned() } else { values.join(", ") };
        let status = |status: Option<Status>| said(status.map(Status::as_str));
        match self {
            Self::Any(_) | Self::Not(_) => String::new(),
            Self::Kind(_) => said(notice.map(|notice| notice.kind.as_str())),
            Self::Effect(_) => {
                said(notice.and_then(|notice| EFFECTS.get(effect_index(&notice.effect)).copied()))
            }
            Self::Severity(_) => said(facts.severity().map(Severity::as_str)),
            Self::Status(_) => status(facts.status()),
            Self::StatusBefore(_) => status(facts.status_before()),
            Self::Became(_) => {
                format!("{}, before {}", status(facts.status()), status(facts.status_before()))
            }
            Self::Flag(flag, _) => facts.flag(*flag).map_or("not known".to_owned(), |on| on.to_string()),
            Self::Code(_) => said(facts.code()),
            Self::Table(_) => said(notice.and_then(|notice| notice.table.as_deref())),
            Self::Agency(_) => said(facts.agency()),
            Self::Broker(_) => facts.broker.to_owned(),
            Self::EntryType(_) => said(facts.entry_type()),
            Self::Port(_) => said(facts.port()),
            // The number may be a person's: whether it fits is said, not what it is.
            Self::Importer(_) => {
                said(entry.and_then(|entry| entry.importer.as_deref()).map(|_| "another one"))
            }
            Self::Filer(_) => said(entry.map(|entry| entry.filer.as_str())),
            Self::EntryNumber(_) => said(entry.map(|entry| entry.number.as_str())),
            Self::Bill(_) => list(&facts.bills()),
            Self::Container(_) => list(&facts.containers()),
            Self::Order(_) => list(
                &entry.iter().flat_map(|entry| &entry.references.orders).map(|o| &**o).collect::<Vec<_>>(),
            ),
            Self::BrokerReference(_) => said(entry.and_then(|entry| entry.references.broker.as_deref())),
            Self::HoldAgency(_) | Self::HoldCode(_) => facts.holds_text(),
            Self::Field { name, .. } => match notice {
                Some(notice) => list(&values(notice, name).collect::<Vec<_>>()),
                None => "none".to_owned(),
            },
            Self::OpenDeadline(_) => list(&facts.running().map(|deadline| &*deadline.id).collect::<Vec<_>>()),
            Self::DaysLeft { id, .. } => {
                let left: Vec<String> = facts.days_left(id).map(|left| left.to_string()).collect();
                if left.is_empty() { "no such clock runs".to_owned() } else { left.join(", ") }
            }
            Self::Time(_) => facts.now.map_or("not known".to_owned(), |now| now.format("%H:%M").to_string()),
            Self::Weekday(_) => {
                facts.day().map_or("not known".to_owned(), |day| day.format("%a").to_string())
            }
            _ => match self.number(facts) {
                Some((_, Some(number))) => number.to_string(),
                _ => "not known".to_owned(),
            },
        }
    }
}

fn values<'n>(notice: &'n Notice, name: &str) -> impl Iterator<Item = &'n str> {
    notice.fields.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value)
}
