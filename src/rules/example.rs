//! Values that fit a comparison, for events that are made up.
//!
//! An example is a guess: whoever asks for one holds it against the comparison again.

use regex_syntax::hir::{Class, Hir, HirKind};
use rust_decimal::Decimal;

use super::matcher::{FieldMatch, TextMatch};
use super::numbers::NumberMatch;

/// Values of a list that are tried.
const LISTED_MAX: usize = 16;
/// A made-up text is at most this long.
const TEXT_BYTES_MAX: usize = 256;
/// Regular expressions are followed in so many ways.
const REGEX_WAYS: usize = 6;
/// How long ports, filer codes, tariff and entry numbers are: what is shorter is filled up.
const LENGTHS: [usize; 4] = [3, 4, 10, 11];

impl TextMatch {
    /// Texts that fit, the plainest first; empty when none can be made up.
    pub fn examples(&self) -> Vec<String> {
        let stems = match self {
            Self::In(list) => return list.iter().take(LISTED_MAX).map(ToString::to_string).collect(),
            Self::Prefix(start) => vec![start.to_string()],
            Self::Glob(pattern) => {
                ["", "0"].iter().map(|run| pattern.replace('*', run).replace('?', "0")).collect()
            }
            Self::Regex(regex) => match regex_syntax::parse(regex.as_str()) {
                Ok(hir) => (0..REGEX_WAYS).filter_map(|way| text_of(&hir, way)).collect(),
                Err(_) => Vec::new(),
            },
        };
        let filled = |stem: &String| LENGTHS.map(|length| format!("{stem:0<length$}"));
        let all: Vec<String> = stems.iter().cloned().chain(stems.iter().flat_map(filled)).collect();
        let mut fit: Vec<String> = Vec::new();
        for text in all {
            if !text.is_empty() && self.matches(&text) && !fit.contains(&text) {
                fit.push(text);
            }
        }
        fit
    }
}

/// A text on this way through the expression; alternatives, characters and repetitions differ by the way.
fn text_of(hir: &Hir, way: usize) -> Option<String> {
    let mut text = String::new();
    append(hir, way, &mut text)?;
    Some(text)
}

fn append(hir: &Hir, way: usize, text: &mut String) -> Option<()> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(char_of(class, way)?),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            let times = repetition.min.saturating_add(way as u32 % 3).min(most);
            for _ in 0..times {
                append(&repetition.sub, way, text)?;
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, way, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, way, text))?,
        HirKind::Alternation(parts) => append(parts.get(way % parts.len())?, way, text)?,
    }
    Some(())
}

/// A character of the class, one that messages have if there is one.
fn char_of(class: &Class, way: usize) -> Option<char> {
    const USUAL: [&str; 3] = ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", " -abcdefghijklmnopqrstuvwxyz"];
    let has = |wanted: char| match class {
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&wanted)),
        Class::Bytes(class) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&(wanted as u8)))
        }
    };
    let usual = (0..USUAL.len()).flat_map(|at| USUAL[(at + way) % USUAL.len()].chars());
    let first = || match class {
        Class::Unicode(class) => class.iter().next().map(|range| range.start()),
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    };
    usual.into_iter().find(|wanted| has(*wanted)).or_else(first)
}

/// A number that keeps all bounds of the first list and breaks one of each of the second; `None` when none is found.
pub(super) fn number(
    all: &[&NumberMatch],
    none: &[&NumberMatch],
    is_valid: impl Fn(Decimal) -> bool,
) -> Option<Decimal> {
    let near = all.iter().chain(none).flat_map(|bounds| bounds.near());
    let mut all_near = near.chain([Decimal::ZERO, Decimal::ONE]);
    all_near.find(|number| {
        is_valid(*number)
            && all.iter().all(|bounds| bounds.matches(*number))
            && !none.iter().any(|bounds| bounds.matches(*number))
    })
}

impl FieldMatch {
    /// What the field may hold to fit: texts, or nothing at all.
    pub fn examples(&self) -> Vec<Option<String>> {
        match self {
            Self::Text(text) => text.examples().into_iter().map(Some).collect(),
            Self::Number(bounds) => bounds.near().map(|number| Some(number.to_string())).collect(),
            Self::Date { before, after } => {
                let days = [before.and_then(|day| day.pred_opt()), after.and_then(|day| day.succ_opt())];
                days.into_iter().flatten().map(|day| Some(day.to_string())).collect()
            }
            Self::Present(true) => vec![Some("TEST".to_owned()), Some("0".to_owned())],
            Self::Present(false) => vec![None],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_get_texts_that_fit() {
        for pattern in [
            "^27\\d{2}$",
            "^(2704|2709)$",
            "RUSH",
            "^[A-Z]{3}-?[0-9]+$",
            "(?i)urgent|rush",
            "^12-34567(89|8)[A-Z]*$",
            "^\\S+ \\S+$",
            "^ABC\\d{8}$",
            "^.{3}$",
            "[^0-9]$",
        ] {
            let wanted = TextMatch::Regex(regex::Regex::new(pattern).expect("an expression"));
            let examples = wanted.examples();
            assert!(!examples.is_empty(), "{pattern}");
            assert!(examples.iter().all(|text| wanted.matches(text)), "{pattern}: {examples:?}");
        }
    }

    #[test]
    fn what_no_text_fits_has_no_example() {
        for pattern in ["a^b", "^$", "x{4000}"] {
            let wanted = TextMatch::Regex(regex::Regex::new(pattern).expect("an expression"));
            assert_eq!(wanted.examples(), Vec::<String>::new(), "{pattern}");
        }
    }
}
