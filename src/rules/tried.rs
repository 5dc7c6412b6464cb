//! Events that rules are tried with: each code of each table, each clock, silence and trouble, the events of the rules' own
//! tests, and all of it dressed as conditions ask: for their broker, importer, port, goods, day and time.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};

use super::condition::{Condition, Test};
use super::facts::Facts;
use super::matcher::TextMatch;
use super::names::kind_index;
use super::selftest::TestCase;
use super::testread::clock;
use super::{On, Rules, Vocabulary, invented, sample};
use crate::entry::{DeadlineState, Entry, Goods, GoodsLine, silence};
use crate::grammar::CodeTables;
use crate::ident::{BillOfLading, EntryNumber, FilerCode};
use crate::notice::Token;
use crate::place::Severity;

/// A Monday; invented events happen in its week.
const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day of the calendar");

/// More ways of dressing an event are not tried.
const DRESSES_MAX: usize = 64;
/// Two ways together, for clocks and silences.
const PAIRS_MAX: usize = 256;

/// An event, and how loud its cause is.
pub(super) struct Tried<'a> {
    pub facts: &'a Facts<'a>,
    pub cause: Severity,
    /// For clocks: days to the day to act.
    pub days_left: Option<i64>,
    pub words: &'a dyn Fn() -> String,
    /// The event is that of a test.
    pub test: Option<&'a TestCase>,
}

/// Takes an event and the numbers of the rules that hold for it, in the order in which they are asked.
pub(super) type Heard<'h> = &'h mut dyn FnMut(&Tried<'_>, &[usize]);

/// What conditions ask of an event beside its code.
#[derive(Clone, Default, PartialEq, Debug)]
struct Dress {
    broker: Option<Box<str>>,
    entry_type: Option<Token>,
    port: Option<Token>,
    importer: Option<Box<str>>,
    filer: Option<FilerCode>,
    reference: Option<Box<str>>,
    order: Option<Box<str>>,
    bill: Option<BillOfLading>,
    container: Option<Token>,
    line: Option<GoodsLine>,
    /// From Monday.
    weekday: Option<u64>,
    time: Option<NaiveTime>,
}

impl Dress {
    /// What fits the condition, as far as it can be made up.
    fn of(condition: &Condition) -> Self {
        let mut this = Self::default();
        this.put_on(condition);
        this
    }

    fn put_on(&mut self, condition: &Condition) {
        let text = |wanted: &TextMatch| wanted.example();
        let token = |wanted: &TextMatch| text(wanted).and_then(Token::some);
        let boxed = |wanted: &TextMatch| text(wanted).map(Box::from);
        for clause in &condition.0 {
            match &clause.test {
                Test::Any(branches) => branches.iter().take(1).for_each(|first| self.put_on(first)),
                Test::Broker(wanted) => self.broker = boxed(wanted),
                Test::EntryType(wanted) => self.entry_type = token(wanted),
                Test::Port(wanted) => self.port = token(wanted),
                Test::Importer(wanted) => self.importer = boxed(wanted),
                Test::Filer(wanted) => self.filer = text(wanted).and_then(FilerCode::parse),
                Test::BrokerReference(wanted) => self.reference = boxed(wanted),
                Test::Order(wanted) => self.order = boxed(wanted),
                Test::Bill(wanted) => self.bill = text(wanted).and_then(|text| BillOfLading::parse(&text)),
                Test::Container(wanted) => self.container = token(wanted),
                Test::Line(wanted) => self.line = Some(wanted.example()),
                Test::EnteredValue(bounds) => self.line_of().value = bounds.example(),
                Test::Duty(bounds) => self.line_of().duty = bounds.example(),
                Test::ProductLine(lines) => {
                    let goods = lines.first();
                    let tariff =
                        goods.and_then(|line| line.tariff.as_ref()).and_then(|tariff| tariff.example());
                    self.order = goods.and_then(|line| line.order.as_ref()).and_then(text).map(Box::from);
                    self.line_of().tariffs.extend(tariff);
                }
                Test::Weekday(days) => self.weekday = days.first(),
                Test::Time(span) => self.time = Some(span.start()),
                _ => {}
            }
        }
    }

    fn line_of(&mut self) -> &mut GoodsLine {
        self.line.get_or_insert_default()
    }

    /// Both at once; `None` when they differ in something.
    fn with(&self, other: &Self) -> Option<Self> {
        fn join<T: Clone + PartialEq>(own: &Option<T>, theirs: &Option<T>) -> Option<Option<T>> {
            match (own, theirs) {
                (Some(own), Some(theirs)) if own != theirs => None,
                (own, theirs) => Some(own.clone().or_else(|| theirs.clone())),
            }
        }
        Some(Self {
            broker: join(&self.broker, &other.broker)?,
            entry_type: join(&self.entry_type, &other.entry_type)?,
            port: join(&self.port, &other.port)?,
            importer: join(&self.importer, &other.importer)?,
            filer: join(&self.filer, &other.filer)?,
            reference: join(&self.reference, &other.reference)?,
            order: join(&self.order, &other.order)?,
            bill: join(&self.bill, &other.bill)?,
            container: join(&self.container, &other.container)?,
            line: join(&self.line, &other.line)?,
            weekday: join(&self.weekday, &other.weekday)?,
            time: join(&self.time, &other.time)?,
        })
    }

    fn entry(&self, mut entry: Entry) -> Entry {
        entry.entry_type = self.entry_type.or(entry.entry_type);
        entry.port = self.port.or(entry.port);
        entry.importer = self.importer.clone().or(entry.importer);
        entry.filer = self.filer.unwrap_or(entry.filer);
        entry.references.broker = self.reference.clone().or(entry.references.broker);
        entry.references.orders.extend(self.order.clone());
        entry.references.bills.extend(self.bill.clone());
        entry.references.containers.extend(self.container);
        if let Some(line) = &self.line {
            entry.goods = Goods::approved([line.clone()]);
        }
        entry
    }

    fn broker(&self) -> &str {
        self.broker.as_deref().unwrap_or_default()
    }

    fn day(&self) -> NaiveDate {
        DAY + Days::new(self.weekday.unwrap_or_default())
    }

    fn now(&self) -> Option<NaiveDateTime> {
        let time = self.time.or_else(|| NaiveTime::from_hms_opt(9, 0, 0))?;
        Some(self.day().and_time(time))
    }

    /// ` from acme, port 2704`, or nothing.
    fn words(&self) -> String {
        let tariff = self.line.as_ref().and_then(|line| line.tariffs.first());
        let parts = [
            ("broker", self.broker.as_deref()),
            ("entry type", self.entry_type.as_ref().map(Token::as_str)),
            ("port", self.port.as_ref().map(Token::as_str)),
            // The number may be a person's.
            ("importer", self.importer.as_ref().map(|_| "as asked for")),
            ("filer", self.filer.as_ref().map(FilerCode::as_str)),
            ("order", self.order.as_deref()),
            ("tariff number", tariff.map(Token::as_str)),
        ];
        let parts = parts.into_iter().filter_map(|(what, value)| Some(format!("{what} {}", value?)));
        let mut parts: Vec<String> = parts.collect();
        parts.extend(self.weekday.map(|_| self.day().format("%a").to_string()));
        parts.extend(self.time.map(|time| time.format("%H:%M").to_string()));
        if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(", ")) }
    }
}

impl Rules {
    /// Hands over each event with the rules that hold for it.
    pub(super) fn try_events(&self, tables: &CodeTables, heard: Heard<'_>) {
        self.try_notices(tables, heard);
        self.try_clocks(heard);
        for test in &self.tests {
            test.with_facts(|on, tried| self.hear(on, tried, heard));
        }
        self.try_silences(heard);
        for code in Vocabulary::troubles() {
            for dress in self.dresses(On::Trouble, 0) {
                for severity in [Severity::Warning, Severity::Critical] {
                    let (trouble, trouble_severity) = (Some(code), Some(severity));
                    let facts =
                        Facts { trouble, trouble_severity, broker: dress.broker(), ..Facts::default() };
                    let words = || format!("trouble {code}{}", dress.words());
                    let tried =
                        Tried { facts: &facts, cause: severity, days_left: None, words: &words, test: None };
                    self.hear(On::Trouble, &tried, heard);
                }
            }
        }
    }

    fn hear(&self, on: On, tried: &Tried<'_>, heard: Heard<'_>) {
        let facts = tried.facts;
        let candidates: &[u16] = match (on, facts.notice) {
            (On::Notice, Some(notice)) => self.by_kind.get(kind_index(notice.kind)).map_or(&[], |list| list),
            (On::Notice, None) => &[],
            (On::Deadline, _) => &self.on_deadline,
            (On::Trouble, _) => &self.on_trouble,
            (On::Silence, _) => &self.on_silence,
        };
        let holds = |index: &usize| {
            let rule = &self.rules[*index];
            facts.deadline.is_none_or(|clock| rule.deadlines.has(&clock.id)) && rule.condition.holds(facts)
        };
        let held: Vec<usize> = candidates.iter().map(|index| usize::from(*index)).filter(holds).collect();
        heard(tried, &held);
    }

    /// The ways in which events are dressed: plainly, as each rule and route asks, and, up to `pairs`, as two of them ask.
    fn dresses(&self, on: On, pairs: usize) -> Vec<Dress> {
        let mut all = vec![Dress::default()];
        let rules = self.rules.iter().filter(|rule| rule.on == on).map(|rule| Dress::of(&rule.condition));
        let brokers = self
            .routing
            .overrides
            .iter()
            .map(|change| Dress { broker: change.broker.example().map(Box::from), ..Dress::default() });
        for dress in rules.chain(brokers) {
            if all.len() < DRESSES_MAX && !all.contains(&dress) {
                all.push(dress);
            }
        }
        let single = all.len();
        for first in 1..single {
            for second in first + 1..single {
                let both = all[first].with(&all[second]);
                let Some(both) = both.filter(|both| !all.contains(both)) else { continue };
                if all.len() < single + pairs {
                    all.push(both);
                }
            }
        }
        all
    }

    fn try_notices(&self, tables: &CodeTables, heard: Heard<'_>) {
        let dresses = self.dresses(On::Notice, 0);
        for notice in sample::notices(tables) {
            for dress in &dresses {
                let after = notice.entry.map(|number| dress.entry(Entry::of(number, [&notice])));
                let facts = Facts {
                    notice: Some(&notice),
                    after: after.as_ref(),
                    broker: dress.broker(),
                    now: dress.now(),
                    ..Facts::default()
                };
                let words = || {
                    let code = notice.code.as_ref().map(Token::as_str).unwrap_or_default();
                    let table = notice.table.as_deref().unwrap_or("no table");
                    format!("{} {code} of {table}{}", notice.kind.as_str(), dress.words())
                };
                let tried = Tried {
                    facts: &facts,
                    cause: notice.severity,
                    days_left: None,
                    words: &words,
                    test: None,
                };
                self.hear(On::Notice, &tried, heard);
            }
        }
    }

    /// Each clock on its day to act and on the day after, started by a notice and by the law.
    fn try_clocks(&self, heard: Heard<'_>) {
        let Some(number) = EntryNumber::parse(invented::ENTRY) else { return };
        for dress in self.dresses(On::Deadline, PAIRS_MAX) {
            let entry = dress.entry(Entry::of(number, []));
            for (id, by_law) in self.clocks.iter().flat_map(|id| [(id, false), (id, true)]) {
                for days_left in [0_i64, -1] {
                    let on = dress.day();
                    let target = on.checked_sub_days(Days::new(days_left.unsigned_abs())).unwrap_or(on);
                    let mut deadline = clock(id, target);
                    if by_law {
                        deadline.starts = Some(NaiveDate::MIN);
                        deadline.state = DeadlineState::Ahead;
                    }
                    let facts = Facts {
                        after: Some(&entry),
                        broker: dress.broker(),
                        deadline: Some(&deadline),
                        on: Some(on),
                        ..Facts::default()
                    };
                    let words = || {
                        let law = if by_law { " set by law" } else { "" };
                        let day = if days_left < 0 { "overdue" } else { "on its last day" };
                        format!("clock {id}{law} {day}{}", dress.words())
                    };
                    let tried = Tried {
                        facts: &facts,
                        cause: Severity::Warning,
                        days_left: Some(days_left),
                        words: &words,
                        test: None,
                    };
                    self.hear(On::Deadline, &tried, heard);
                }
            }
        }
    }

    fn try_silences(&self, heard: Heard<'_>) {
        let Some(number) = EntryNumber::parse(invented::ENTRY) else { return };
        for dress in self.dresses(On::Silence, PAIRS_MAX) {
            let entry = dress.entry(Entry::of(number, []));
            for code in Vocabulary::silences() {
                let facts = Facts {
                    trouble: Some(code),
                    // A whole feed is silent about no entry.
                    after: (code != silence::code::FEED_SILENT).then_some(&entry),
                    broker: dress.broker(),
                    on: Some(dress.day()),
                    ..Facts::default()
                };
                let words = || format!("silence {code}{}", dress.words());
                let cause = Severity::Warning;
                let tried = Tried { facts: &facts, cause, days_left: None, words: &words, test: None };
                self.hear(On::Silence, &tried, heard);
            }
        }
    }
}
