//! Events that rules are tried with: each code of each table, each clock, silence and trouble, the events of the rules' own
//! tests, and all of it dressed as conditions ask. What no list of dresses holds is searched for: an event for which
//! several conditions hold together.

use std::borrow::Cow;

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::dress::Dress;
use super::facts::Facts;
use super::names::kind_index;
use super::selftest::{Event, TestCase};
use super::testread::clock;
use super::ways::{Literal, Way, ways};
use super::witness::dresses;
use super::{On, Rule, Rules, Vocabulary, sample};
use crate::entry::{DeadlineState, Entry, EntryDeadline, Goods, GoodsLine, silence};
use crate::grammar::CodeTables;
use crate::notice::{Notice, Token};
use crate::place::Severity;

/// More ways of dressing an event are not tried.
const DRESSES_MAX: usize = 64;
/// Two ways together, for clocks and silences.
const PAIRS_MAX: usize = 256;

/// A way in which a rule asks together with the broker of an override.
const OVERRIDDEN_MAX: usize = 64;

/// A search that found so many events is at its end.
const FOUND_MAX: usize = 20;

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

/// An event before it is dressed.
pub(super) enum Base<'a> {
    Notice(Box<NoticeBase<'a>>),
    /// On its last day, or behind it; started by a notice or by the law.
    Clock {
        id: &'a str,
        by_law: bool,
        days_left: i64,
    },
    Trouble {
        code: &'static str,
        severity: Severity,
    },
    Silence {
        code: &'static str,
    },
}

/// A notice, and what a test says of its entry.
pub(super) struct NoticeBase<'a> {
    notice: Cow<'a, Notice>,
    before: &'a [Notice],
    also: &'a [Notice],
    clocks: &'a [EntryDeadline],
    lines: &'a [GoodsLine],
    received: Option<NaiveDateTime>,
    broker: &'a str,
    /// The test that it is of: its rule and number.
    test: Option<(&'a str, usize)>,
}

impl Base<'_> {
    fn on(&self) -> On {
        match self {
            Self::Notice(_) => On::Notice,
            Self::Clock { .. } => On::Deadline,
            Self::Trouble { .. } => On::Trouble,
            Self::Silence { .. } => On::Silence,
        }
    }

    /// Whether it is by its nature what these ask.
    fn is_such(&self, way: &[Literal<'_>]) -> bool {
        let facts = match self {
            Self::Notice(base) => Facts { notice: Some(&base.notice), ..Facts::default() },
            Self::Clock { .. } => return true,
            Self::Trouble { code, severity } => {
                Facts { trouble: Some(code), trouble_severity: Some(*severity), ..Facts::default() }
            }
            Self::Silence { code } => Facts { trouble: Some(code), ..Facts::default() },
        };
        way.iter().filter(|literal| literal.is_of_nature()).all(|literal| literal.is_so(&facts))
    }

    /// The event in this dress.
    fn wear(&self, dress: &Dress, heard: &mut dyn FnMut(&Tried<'_>)) {
        match self {
            Self::Notice(base) => base.wear(dress, heard),
            Self::Clock { id, by_law, days_left } => wear_clock(id, *by_law, *days_left, dress, heard),
            Self::Trouble { code, severity } => {
                let (trouble, trouble_severity) = (Some(*code), Some(*severity));
                let facts = Facts { trouble, trouble_severity, broker: dress.broker(), ..Facts::default() };
                let words = || format!("trouble {code}{}", dress.words());
                heard(&Tried { facts: &facts, cause: *severity, days_left: None, words: &words, test: None });
            }
            Self::Silence { code } => {
                let entry = lived(dress);
                let facts = Facts {
                    trouble: Some(code),
                    // What is missing of a broker is about no entry.
                    after: entry.as_ref().filter(|_| !silence::code::OF_BROKER.contains(code)),
                    broker: dress.broker(),
                    on: Some(dress.day()),
                    ..Facts::default()
                };
                let words = || format!("silence {code}{}", dress.words());
                let cause = Severity::Warning;
                heard(&Tried { facts: &facts, cause, days_left: None, words: &words, test: None });
            }
        }
    }
}

impl<'a> NoticeBase<'a> {
    fn of_code(notice: Notice) -> Self {
        let notice = Cow::Owned(notice);
        let (before, also, clocks, lines) = (&[][..], &[][..], &[][..], &[][..]);
        Self { notice, before, also, clocks, lines, received: None, broker: "", test: None }
    }

    fn of_test(test: &'a TestCase) -> Option<Self> {
        let Event::Notice { before, notice, also, clocks, received } = &test.event else { return None };
        let (notice, received) = (Cow::Borrowed(&**notice), Some(*received));
        let (lines, broker) = (&test.lines[..], &*test.broker);
        Some(Self {
            notice,
            before,
            also,
            clocks,
            lines,
            received,
            broker,
            test: Some((&test.rule, test.number)),
        })
    }

    fn wear(&self, dress: &Dress, heard: &mut dyn FnMut(&Tried<'_>)) {
        let notice = dress.notice(&self.notice);
        let past: Vec<Notice> = dress.past(Some(&notice));
        let also: Vec<Notice> = dress.also(&notice);
        let entry = |number, notices: &mut dyn Iterator<Item = &Notice>| {
            let mut entry = Entry::of(number, notices);
            if !self.lines.is_empty() {
                entry.goods = Goods::approved(self.lines.iter().cloned());
            }
            dress.entry(entry)
        };
        let earlier = || self.before.iter().chain(&past);
        let known = notice.entry.filter(|_| earlier().next().is_some());
        let before = known.map(|number| entry(number, &mut earlier()));
        let after = notice
            .entry
            .map(|number| entry(number, &mut earlier().chain([&notice]).chain(self.also).chain(&also)));
        let days = [dress.age_days, dress.hold_days];
        let is_timed = dress.time.is_some() || dress.weekday.is_some() || days.iter().any(Option::is_some);
        let now = self.received.filter(|_| !is_timed && dress.clocks.is_empty()).or(dress.now());
        let clocks = [self.clocks, &dress.running()].concat();
        let broker = dress.broker.as_deref().unwrap_or(self.broker);
        let facts = Facts {
            notice: Some(&notice),
            before: before.as_ref(),
            after: after.as_ref(),
            broker,
            deadlines: &clocks,
            now,
            ..Facts::default()
        };
        let words = || match self.test {
            Some((rule, number)) => format!("test {number} of rule `{rule}`{}", dress.words()),
            None => {
                let code = notice.code.as_ref().map(Token::as_str).unwrap_or_default();
                let table = notice.table.as_deref().unwrap_or("no table");
                format!("{} {code} of {table}{}", notice.kind.as_str(), dress.words())
            }
        };
        let cause = notice.severity;
        heard(&Tried { facts: &facts, cause, days_left: None, words: &words, test: None });
    }
}

fn wear_clock(id: &str, by_law: bool, days_left: i64, dress: &Dress, heard: &mut dyn FnMut(&Tried<'_>)) {
    let Some(entry) = lived(dress) else { return };
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
    let (cause, days_left) = (Severity::Warning, Some(days_left));
    heard(&Tried { facts: &facts, cause, days_left, words: &words, test: None });
}

/// The entry of a clock or a silence.
fn lived(dress: &Dress) -> Option<Entry> {
    Some(dress.entry(Entry::of(dress.number()?, &dress.past(None))))
}

impl Rules {
    /// Hands over each event with the rules that hold for it.
    pub(super) fn try_events(&self, tables: &CodeTables, heard: Heard<'_>) {
        let bases = self.bases(tables);
        for on in On::ALL {
            let pairs = if matches!(on, On::Deadline | On::Silence) { PAIRS_MAX } else { 0 };
            let dresses = self.dresses(on, pairs);
            for base in bases.iter().filter(|base| base.on() == on) {
                if matches!(base, Base::Notice(base) if base.test.is_some()) {
                    continue;
                }
                for dress in &dresses {
                    base.wear(dress, &mut |tried| self.hear(on, tried, heard));
                }
            }
        }
        for test in &self.tests {
            test.with_facts(|on, tried| self.hear(on, tried, heard));
        }
    }

    /// Every event before it is dressed.
    pub(super) fn bases(&self, tables: &CodeTables) -> Vec<Base<'_>> {
        let codes = sample::notices(tables).into_iter().map(NoticeBase::of_code);
        let tests = self.tests.iter().filter_map(NoticeBase::of_test);
        let mut bases: Vec<Base<'_>> = codes.chain(tests).map(|base| Base::Notice(Box::new(base))).collect();
        for id in &self.clocks {
            for (by_law, days_left) in [(false, 0), (false, -1), (true, 0), (true, -1)] {
                bases.push(Base::Clock { id, by_law, days_left });
            }
        }
        bases.extend(Vocabulary::silences().map(|code| Base::Silence { code }));
        for code in Vocabulary::troubles() {
            bases.extend(
                [Severity::Warning, Severity::Critical].map(|severity| Base::Trouble { code, severity }),
            );
        }
        bases
    }

    /// Looks for events for which all of it holds, about clocks that all of these rules are about. Each is handed over in one dress that
    /// fits. `tries` says how many more may be made up.
    pub(super) fn search(
        &self,
        bases: &[Base<'_>],
        rules: &[&Rule],
        way: &Way<'_>,
        tries: &mut usize,
        heard: Heard<'_>,
    ) {
        let dresses = dresses(way, &self.clocks);
        let on = rules.first().map(|rule| rule.on);
        let is_about = |base: &Base<'_>| match base {
            Base::Clock { id, .. } => rules.iter().all(|rule| rule.deadlines.has(id)),
            _ => true,
        };
        // What fitted one event most often fits the next.
        let (mut found, mut usual) = (0, 0);
        for base in bases.iter().filter(|base| Some(base.on()) == on && is_about(base) && base.is_such(way)) {
            let order = dresses.get(usual).into_iter().chain(&dresses);
            for (at, dress) in order.enumerate() {
                *tries = tries.saturating_sub(1);
                let mut is_it = false;
                base.wear(dress, &mut |tried| {
                    is_it = way.iter().all(|literal| literal.is_so(tried.facts));
                    if is_it {
                        self.hear(base.on(), tried, heard);
                    }
                });
                if is_it {
                    found += 1;
                    usual = if at == 0 { usual } else { at - 1 };
                    break;
                }
            }
            if found == FOUND_MAX || *tries == 0 {
                break;
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

    /// The ways in which events are dressed: plainly, as each rule asks, as each asks of the broker of an override, and, up to `pairs`, as
    /// two rules ask. A rule with files behind its own is looked at in all its ways.
    fn dresses(&self, on: On, pairs: usize) -> Vec<Dress> {
        let mut all = vec![Dress::default()];
        let last = self.rules.last().map_or(0, |rule| rule.file);
        let of_rule = |rule: &Rule| -> Vec<Dress> {
            let looked_at = if rule.file < last { usize::MAX } else { 1 };
            let ways = ways(&rule.condition, true).into_iter().take(looked_at);
            ways.filter_map(|way| dresses(&way, &self.clocks).into_iter().next()).collect()
        };
        let rules = self.rules.iter().filter(|rule| rule.on == on).flat_map(of_rule);
        let overrides = self.routing.overrides.iter();
        let brokers: Vec<Dress> = overrides
            .map(|change| Dress { broker: change.broker.example().map(Box::from), ..Dress::default() })
            .collect();
        for dress in rules.chain(brokers.iter().cloned()) {
            if all.len() < DRESSES_MAX && !all.contains(&dress) {
                all.push(dress);
            }
        }
        let single = all.len();
        let add = |first: &Dress, second: &Dress, all: &mut Vec<Dress>, most: usize| {
            if all.len() < most
                && let Some(both) = first.with(second).filter(|both| !all.contains(both))
            {
                all.push(both);
            }
        };
        let most = single + OVERRIDDEN_MAX;
        for at in 1..single {
            let dress = all[at].clone();
            brokers.iter().for_each(|broker| add(&dress, broker, &mut all, most));
        }
        let most = all.len() + pairs;
        for first in 1..single {
            for second in first + 1..single {
                let (first, second) = (all[first].clone(), all[second].clone());
                add(&first, &second, &mut all, most);
            }
        }
        all
    }
}
