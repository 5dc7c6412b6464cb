//! From a condition as written to one that can be evaluated, with a fault for all that could never hold.

use std::ops::Range;

use toml::Spanned;

use super::condition::{Clause, Condition, Flag, SeverityMatch, Test, Weekdays};
use super::keys::Subject;
use super::lines::{LineMatch, TariffMatch};
use super::matcher::{FieldMatch, TextMatch, TimeSpan, words};
use super::names::{Set, effect_set, effect_words, kind_set, kind_words, status_set, status_words};
use super::numbers::{Measure, NumberMatch};
use super::vocabulary::Vocabulary;
use super::{On, until};
use crate::diagnostic::{Faults, RawKind, RawValue, hint};
use crate::place::Severity;

/// `any` and `not` nest at most this deep.
const DEPTH_MAX: usize = 8;

/// A key of a condition with its value.
pub(super) type Item = (Spanned<String>, RawValue);

/// Turns `when` into a condition.
pub(super) struct Compiler<'a> {
    pub on: Subject,
    pub known: &'a Vocabulary,
}

impl Compiler<'_> {
    pub fn condition(&self, value: &RawValue, faults: &mut Faults) -> Condition {
        self.condition_of("when", value, faults)
    }

    /// The condition that stands behind this key.
    pub fn condition_of(&self, key: &str, value: &RawValue, faults: &mut Faults) -> Condition {
        self.table(key, value, 0, faults).unwrap_or_default()
    }

    /// The condition of a rule or a route, which may leave it out but not leave it empty.
    pub fn when(&self, value: &RawValue, called: &str, faults: &mut Faults) -> Condition {
        if matches!(&value.kind, RawKind::Table(items) if items.is_empty()) {
            let message = format!("{called} has an empty `when`; leave the key out if it is to hold always");
            faults.add(value.span.clone(), message);
        }
        self.condition(value, faults)
    }

    /// The brokers of an override: written like the condition `broker`.
    pub fn broker(&self, value: &RawValue, faults: &mut Faults) -> Option<TextMatch> {
        self.text("broker", value, faults)
    }

    fn table(&self, key: &str, value: &RawValue, depth: usize, faults: &mut Faults) -> Option<Condition> {
        let RawKind::Table(items) = &value.kind else {
            faults.add(value.span.clone(), format!("`{key}` must be a table, not {}", value.kind_name()));
            return None;
        };
        if depth > DEPTH_MAX {
            faults.add(value.span.clone(), format!("`any` and `not` nest deeper than {DEPTH_MAX} levels"));
            return None;
        }
        if items.is_empty() && depth > 0 {
            let message = match key {
                "not" => "`not` forbids nothing: an empty table always holds, so this can never match",
                _ => "an empty table in `any` always holds, so the whole list does",
            };
            faults.add(value.span.clone(), message);
            return None;
        }
        let before = faults.len();
        let mut clauses = Vec::with_capacity(items.len());
        for (name, value) in items {
            let text = faults.source().text().get(name.span().start..value.span.end).unwrap_or_default();
            let text: Box<str> = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
            self.clauses(name, value, depth, &text, &mut clauses, faults);
        }
        self.check_codes(items, faults);
        let condition = Condition(clauses);
        if faults.len() == before
            && let Some((one, other)) = condition.contradiction()
        {
            let message = format!("`{key}` can never hold: `{one}` and `{other}` exclude each other");
            faults.add(value.span.clone(), message);
        }
        Some(condition)
    }

    fn clauses(
        &self,
        name: &Spanned<String>,
        value: &RawValue,
        depth: usize,
        text: &str,
        into: &mut Vec<Clause>,
        faults: &mut Faults,
    ) {
        let key = name.get_ref().as_str();
        if self.on == Subject::Until && !self.on.has(key) && Subject::Rule(On::Notice).has(key) {
            return faults.add(name.span(), until::refusal(key, value));
        }
        if !self.on.has(key) {
            let hint = hint(key, "known", self.on.keys());
            let message = format!("{} has no condition `{key}` ({hint})", self.on.called());
            return faults.add(name.span(), message);
        }
        match key {
            "field" => return self.fields(value, into, faults),
            "days_left" => return self.days_left(value, into, faults),
            _ => {}
        }
        let test = match key {
            "any" => self.any(value, depth, faults),
            "not" => self.table(key, value, depth + 1, faults).map(Test::Not),
            _ => self.test(key, value, faults),
        };
        into.extend(test.map(|test| Clause { text: text.into(), test }));
    }

    fn any(&self, value: &RawValue, depth: usize, faults: &mut Faults) -> Option<Test> {
        let RawKind::List(items) = &value.kind else {
            faults.add(
                value.span.clone(),
                format!("`any` must be a list of tables, not {}", value.kind_name()),
            );
            return None;
        };
        if items.is_empty() {
            faults.add(value.span.clone(), "`any` lists nothing, so the rule can never match");
            return None;
        }
        let list = items.iter().filter_map(|item| self.table("any", item, depth + 1, faults)).collect();
        Some(Test::Any(list))
    }

    fn asks_something(&self, key: &str, items: &[Item], value: &RawValue, faults: &mut Faults) {
        if items.is_empty() {
            faults.add(value.span.clone(), format!("`{key}` asks for nothing"));
        }
    }

    /// `field = { pga_code = "FD1", line = { above = 3 } }`: one clause a field.
    fn fields(&self, value: &RawValue, into: &mut Vec<Clause>, faults: &mut Faults) {
        let RawKind::Table(items) = &value.kind else {
            let message = "`field` must be a table of field names, like { remark = { glob = \"*RUSH*\" } }";
            return faults.add(value.span.clone(), message);
        };
        self.asks_something("field", items, value, faults);
        for (name, value) in items {
            let key = name.get_ref();
            if !self.known.has_field(key) {
                let hint = hint(key, "known", self.known.fields());
                faults.add(name.span(), format!("no record has a field `{key}` ({hint})"));
                continue;
            }
            if let Some(wanted) = FieldMatch::read(key, value, faults) {
                let test = Test::Field { name: key.as_str().into(), value: wanted };
                into.push(Clause { text: format!("field {key}").into(), test });
            }
        }
    }

    /// `days_left = { ES_DUE = { at_most = 3 } }`: one clause a deadline.
    fn days_left(&self, value: &RawValue, into: &mut Vec<Clause>, faults: &mut Faults) {
        let RawKind::Table(items) = &value.kind else {
            let message = "`days_left` must be a table of deadlines, like { ES_DUE = { at_most = 3 } }";
            return faults.add(value.span.clone(), message);
        };
        self.asks_something("days_left", items, value, faults);
        for (name, value) in items {
            let id = name.get_ref();
            if !self.known.deadlines().any(|known| known == id) {
                let hint = hint(id, "known", self.known.deadlines());
                faults.add(name.span(), format!("there is no deadline `{id}` ({hint})"));
            } else if let Some(days) = NumberMatch::read(id, value, Measure::Days, faults) {
                let test = Test::DaysLeft { id: id.as_str().into(), days };
                into.push(Clause { text: format!("days_left {id}").into(), test });
            }
        }
    }

    fn test(&self, key: &str, value: &RawValue, faults: &mut Faults) -> Option<Test> {
        use Measure::{Any, Count, Days, Dollars};
        let flag = |of: Flag, faults: &mut Faults| flag(key, value, faults).map(|on| Test::Flag(of, on));
        let number = |of: fn(NumberMatch) -> Test, measure: Measure, faults: &mut Faults| {
            NumberMatch::read(key, value, measure, faults).map(of)
        };
        match key {
            "kind" => set(key, value, kind_set, kind_words(), faults).map(Test::Kind),
            "effect" => set(key, value, effect_set, effect_words(), faults).map(Test::Effect),
            "status" => set(key, value, status_set, status_words(), faults).map(Test::Status),
            "status_before" => set(key, value, status_set, status_words(), faults).map(Test::StatusBefore),
            "became" => set(key, value, status_set, status_words(), faults).map(Test::Became),
            "severity" => severity_match(value, faults).map(Test::Severity),
            "weekday" => set(key, value, Weekdays::one, Weekdays::words(), faults)
                .map(|set| Test::Weekday(Weekdays(set))),
            "time" => TimeSpan::read(key, value, faults).map(Test::Time),
            "difference" => number(Test::Difference, Any, faults),
            "paid" => number(Test::Paid, Dollars, faults),
            "liquidated" => number(Test::Liquidated, Dollars, faults),
            "open_holds" => number(Test::OpenHolds, Count, faults),
            "hold_days" => number(Test::HoldDays, Count, faults),
            "age_days" => number(Test::AgeDays, Days, faults),
            "lines" => number(Test::Lines, Count, faults),
            "entered_value" => number(Test::EnteredValue, Dollars, faults),
            "duty" => number(Test::Duty, Dollars, faults),
            "line" => LineMatch::read(value, faults).map(Test::Line),
            "tariff" => {
                TariffMatch::read(key, value, faults).map(|tariff| Test::Line(LineMatch::of_tariff(tariff)))
            }
            "product_line" => self.known.product_lines.read(value, faults).map(Test::ProductLine),
            "difference_known" => flag(Flag::DifferenceKnown, faults),
            "contradicted" => flag(Flag::Contradicted, faults),
            "open_hold_after" => flag(Flag::OpenHoldAfter, faults),
            "open_hold_before" => flag(Flag::OpenHoldBefore, faults),
            "repeated" => flag(Flag::Repeated, faults),
            "known_entry" => flag(Flag::KnownEntry, faults),
            "has_entry" => flag(Flag::HasEntry, faults),
            "released" => flag(Flag::Released, faults),
            "suspended" => flag(Flag::Suspended, faults),
            "in_question" => flag(Flag::InQuestion, faults),
            "unpaid" => flag(Flag::Unpaid, faults),
            "by_law" => flag(Flag::ByLaw, faults),
            "last_day" => flag(Flag::LastDay, faults),
            "overdue" => flag(Flag::Overdue, faults),
            _ => text_test(key, self.text(key, value, faults)?),
        }
    }
}

/// The comparisons of one text.
fn text_test(key: &str, wanted: TextMatch) -> Option<Test> {
    Some(match key {
        "code" => Test::Code(wanted),
        "table" => Test::Table(wanted),
        "agency" => Test::Agency(wanted),
        "entry_type" => Test::EntryType(wanted),
        "port" => Test::Port(wanted),
        "importer" => Test::Importer(wanted),
        "broker" => Test::Broker(wanted),
        "filer" => Test::Filer(wanted),
        "open_deadline" => Test::OpenDeadline(wanted),
        "hold_agency" => Test::HoldAgency(wanted),
        "hold_code" => Test::HoldCode(wanted),
        "entry_number" => Test::EntryNumber(wanted),
        "bill" => Test::Bill(wanted),
        "container" => Test::Container(wanted),
        "order" => Test::Order(wanted),
        "broker_reference" => Test::BrokerReference(wanted),
        _ => return None,
    })
}

/// A word or a list of words out of a fixed set.
fn set(
    key: &str,
    value: &RawValue,
    of: impl Fn(&str) -> Option<Set>,
    known: impl Iterator<Item = &'static str> + Clone,
    faults: &mut Faults,
) -> Option<Set> {
    let mut all = Some(Set::default());
    for (word, span) in words(key, value, faults)? {
        let one = of(&word);
        if one.is_none() {
            let hint = hint(&word, "known", known.clone());
            faults.add(span, format!("`{key}` has no value `{word}` ({hint})"));
        }
        all = all.zip(one).map(|(all, one)| all.or(one));
    }
    all
}

pub(super) const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];

/// A severity by its word, or a fault.
pub(super) fn severity(text: &str, span: Range<usize>, faults: &mut Faults) -> Option<Severity> {
    let severity = Severity::parse(text);
    if severity.is_none() {
        let hint = hint(text, "known", SEVERITIES);
        faults.add(span, format!("`{text}` is no severity ({hint})"));
    }
    severity
}

fn severity_match(value: &RawValue, faults: &mut Faults) -> Option<SeverityMatch> {
    if let RawKind::Table(items) = &value.kind {
        if let [(name, RawValue { span, kind: RawKind::Text(text) })] = &items[..]
            && name.get_ref() == "at_least"
        {
            return severity(text, span.clone(), faults).map(SeverityMatch::AtLeast);
        }
        faults.add(value.span.clone(), "`severity` takes one comparison: { at_least = \"warning\" }");
        return None;
    }
    let words = words("severity", value, faults)?;
    let list: Vec<Severity> =
        words.iter().filter_map(|(word, span)| severity(word, span.clone(), faults)).collect();
    (list.len() == words.len()).then_some(SeverityMatch::In(list))
}

fn flag(key: &str, value: &RawValue, faults: &mut Faults) -> Option<bool> {
    match value.kind {
        RawKind::Flag(flag) => Some(flag),
        _ => {
            faults
                .add(value.span.clone(), format!("`{key}` must be true or false, not {}", value.kind_name()));
            None
        }
    }
}
