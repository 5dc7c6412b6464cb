//! Typed comparisons of one value: texts, dates, times of day; `numbers` has those of numbers. There is no expression language.

use chrono::{Days, NaiveDate, NaiveTime};
use regex::Regex;

use super::numbers::{Measure, NUMBER_KEYS, NumberMatch};
use crate::diagnostic::{Faults, RawKind, RawValue, hint};

/// A compiled regular expression takes at most this much memory.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// A list of values holds at most this many.
const LIST_MAX: usize = 1_000;

/// The keys of a comparison written as a table.
pub(super) const TEXT_KEYS: &[&str] = &["glob", "regex", "prefix"];
pub(super) const DATE_KEYS: &[&str] = &["before", "after"];

/// A comparison of one text.
#[derive(Clone, Debug)]
pub(super) enum TextMatch {
    In(Box<[Box<str>]>),
    Glob(Box<str>),
    Regex(Regex),
    Prefix(Box<str>),
}

impl TextMatch {
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::In(list) => list.iter().any(|wanted| **wanted == *text),
            Self::Glob(pattern) => glob(pattern.as_bytes(), text.as_bytes()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Prefix(prefix) => text.starts_with(&**prefix),
        }
    }

    /// A text that fits, for events that are made up; `None` for what cannot be made up.
    pub fn example(&self) -> Option<String> {
        self.examples().into_iter().next()
    }

    /// Reads a text, a list of texts, or a table with one of `glob`, `regex`, `prefix`.
    pub fn read(key: &str, value: &RawValue, faults: &mut Faults) -> Option<Self> {
        if let RawKind::Table(items) = &value.kind {
            let [(name, pattern)] = &items[..] else {
                faults.add(value.span.clone(), format!("`{key}` takes one of: {}", TEXT_KEYS.join(", ")));
                return None;
            };
            return Self::pattern(key, name, pattern, faults);
        }
        let words = words(key, value, faults)?;
        Some(Self::In(words.into_iter().map(|(word, _)| word).collect()))
    }

    fn pattern(
        key: &str,
        name: &toml::Spanned<String>,
        value: &RawValue,
        faults: &mut Faults,
    ) -> Option<Self> {
        if !TEXT_KEYS.contains(&name.get_ref().as_str()) {
            let hint = hint(name.get_ref(), "known", TEXT_KEYS.iter().copied());
            faults.add(name.span(), format!("`{key}` has no comparison `{}` ({hint})", name.get_ref()));
            return None;
        }
        let RawKind::Text(pattern) = &value.kind else {
            let message = format!("`{}` must be a text in quotes, not {}", name.get_ref(), value.kind_name());
            faults.add(value.span.clone(), message);
            return None;
        };
        match name.get_ref().as_str() {
            "glob" => Some(Self::Glob(pattern.as_str().into())),
            "prefix" => Some(Self::Prefix(pattern.as_str().into())),
            _ => match regex::RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).build() {
                Ok(regex) => Some(Self::Regex(regex)),
                Err(error) => {
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    faults.add(value.span.clone(), format!("`{key}` has a bad regular expression: {reason}"));
                    None
                }
            },
        }
    }
}

/// Whether the pattern covers the whole text: `*` stands for any run of characters, `?` for one.
///
/// Remembers only the last star, so the time is at most pattern times text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// A comparison of one named field of a notice.
#[derive(Clone, Debug)]
pub(super) enum FieldMatch {
    Text(TextMatch),
    Number(NumberMatch),
    /// Days that the date must come before and after; both are exclusive.
    Date {
        before: Option<NaiveDate>,
        after: Option<NaiveDate>,
    },
    Present(bool),
}

impl FieldMatch {
    /// Whether one of the values fits; a value that is no number or no date fits no number and no date.
    pub fn matches<'a>(&self, mut values: impl Iterator<Item = &'a str>) -> bool {
        match self {
            Self::Text(text) => values.any(|value| text.matches(value)),
            Self::Number(bounds) => {
                values.any(|value| value.trim().parse().is_ok_and(|number| bounds.matches(number)))
            }
            Self::Date { before, after } => values.any(|value| {
                value.trim().parse::<NaiveDate>().is_ok_and(|date| {
                    before.is_none_or(|bound| date < bound) && after.is_none_or(|bound| date > bound)
                })
            }),
            Self::Present(wanted) => values.next().is_some() == *wanted,
        }
    }

    /// The kind of comparison follows from its keys; `true` and `false` ask whether the field is there.
    pub fn read(key: &str, value: &RawValue, faults: &mut Faults) -> Option<Self> {
        match &value.kind {
            RawKind::Flag(wanted) => return Some(Self::Present(*wanted)),
            RawKind::Table(items) => {
                let first = items.first().map(|(name, _)| name.get_ref().as_str()).unwrap_or_default();
                if DATE_KEYS.contains(&first) {
                    return Self::date(key, items, faults);
                }
                if NUMBER_KEYS.contains(&first) {
                    return NumberMatch::read(key, value, Measure::Any, faults).map(Self::Number);
                }
                if !TEXT_KEYS.contains(&first) && !items.is_empty() {
                    let all = TEXT_KEYS.iter().chain(NUMBER_KEYS).chain(DATE_KEYS).copied();
                    let hint = hint(first, "known", all);
                    faults.add(items[0].0.span(), format!("`{key}` has no comparison `{first}` ({hint})"));
                    return None;
                }
            }
            _ => {}
        }
        TextMatch::read(key, value, faults).map(Self::Text)
    }

    fn date(key: &str, items: &[(toml::Spanned<String>, RawValue)], faults: &mut Faults) -> Option<Self> {
        let (mut before, mut after) = (None, None);
        for (name, value) in items {
            let date = match &value.kind {
                RawKind::Date(date) => Some(*date),
                RawKind::Text(text) => text.parse().ok(),
                _ => None,
            };
            let (Some(date), true) = (date, DATE_KEYS.contains(&name.get_ref().as_str())) else {
                let message = format!("`{key}` compares dates: before or after, with a date like 2026-03-31");
                faults.add(value.span.clone(), message);
                return None;
            };
            if name.get_ref() == "before" { before = Some(date) } else { after = Some(date) }
        }
        if let (Some(first), Some(last)) = (after.and_then(|day: NaiveDate| day.succ_opt()), before)
            && first >= last
        {
            let span = items[0].0.span().start..items.last().map_or(0, |(_, value)| value.span.end);
            let message =
                format!("`{key}` can never hold: no day is after {} and before {last}", first - Days::new(1));
            faults.add(span, message);
            return None;
        }
        Some(Self::Date { before, after })
    }
}

/// A span of the day: from, and up to but without. It may pass midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeSpan {
    from: NaiveTime,
    to: NaiveTime,
}

impl TimeSpan {
    /// Both ends: the first moment, and the first one behind it.
    pub fn ends(self) -> [NaiveTime; 2] {
        [self.from, self.to]
    }

    pub fn has(self, time: NaiveTime) -> bool {
        match self.from < self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }

    /// Reads `{ from = "18:00", to = "06:00" }`.
    pub fn read(key: &str, value: &RawValue, faults: &mut Faults) -> Option<Self> {
        let wanted = || format!("`{key}` must be a span like {{ from = \"18:00\", to = \"06:00\" }}");
        let RawKind::Table(items) = &value.kind else {
            faults.add(value.span.clone(), format!("{}, not {}", wanted(), value.kind_name()));
            return None;
        };
        let (mut from, mut to) = (None, None);
        for (name, value) in items {
            let slot = match name.get_ref().as_str() {
                "from" => &mut from,
                "to" => &mut to,
                other => {
                    let hint = hint(other, "known", ["from", "to"]);
                    faults.add(name.span(), format!("`{key}` has no key `{other}` ({hint})"));
                    return None;
                }
            };
            *slot = match &value.kind {
                RawKind::Text(text) => NaiveTime::parse_from_str(text, "%H:%M").ok(),
                _ => None,
            };
            if slot.is_none() {
                faults.add(value.span.clone(), "a time of day is written like \"18:00\"");
                return None;
            }
        }
        match (from, to) {
            (Some(from), Some(to)) if from != to => Some(Self { from, to }),
            _ => {
                faults.add(value.span.clone(), format!("{}, two different times", wanted()));
                None
            }
        }
    }
}

/// A text or a list of texts, each with its place. An empty list can never match and is a fault.
pub(super) fn words(
    key: &str,
    value: &RawValue,
    faults: &mut Faults,
) -> Option<Vec<(Box<str>, std::ops::Range<usize>)>> {
    let items = match &value.kind {
        RawKind::List(items) => &items[..],
        _ => std::slice::from_ref(value),
    };
    if items.is_empty() || items.len() > LIST_MAX {
        faults.add(value.span.clone(), format!("`{key}` must name 1 to {LIST_MAX} values"));
        return None;
    }
    let mut words = Vec::with_capacity(items.len());
    for item in items {
        let RawKind::Text(text) = &item.kind else {
            let message =
                format!("`{key}` must be a text in quotes or a list of texts, not {}", item.kind_name());
            faults.add(item.span.clone(), message);
            return None;
        };
        words.push((text.as_str().into(), item.span.clone()));
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_cover_the_whole_text() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("FDA*", "FDA1", true),
            ("*A", "FDA", true),
            ("?A?", "FAX", true),
            ("?A?", "FA", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("", "x", false),
            ("*a*a*a*a*a*b", &"a".repeat(2_000), false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn spans_of_the_day_pass_midnight() {
        let at = |text: &str| text.parse::<NaiveTime>().expect("a time");
        let night = TimeSpan { from: at("18:00:00"), to: at("06:00:00") };
        let day = TimeSpan { from: at("06:00:00"), to: at("18:00:00") };
        for (time, is_night) in
            [("18:00:00", true), ("23:59:59", true), ("05:59:59", true), ("06:00:00", false)]
        {
            assert_eq!((night.has(at(time)), day.has(at(time))), (is_night, !is_night), "{time}");
        }
    }
}
