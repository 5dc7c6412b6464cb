//! Conditions on the lines of an entry, and product lines: goods that somebody cares for, under a name.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::example;
use super::matcher::{TextMatch, words};
use super::numbers::{Measure, NumberMatch};
use super::raw::{RawProductLine, RawRules};
use super::routing::is_plain_name;
use crate::diagnostic::{Faults, RawKind, RawValue, WrittenTable, hint};
use crate::entry::{Entry, GoodsLine};

/// A tariff number of the United States has ten digits; a chapter has two.
const TARIFF_DIGITS: std::ops::RangeInclusive<usize> = 2..=10;

/// The keys of `line`.
pub(super) const LINE_KEYS: [&str; 4] = ["tariff", "value", "duty", "origin"];

/// Chapters, headings or numbers of the tariff; each covers all numbers that begin like it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TariffMatch(Box<[Box<str>]>);

impl TariffMatch {
    fn matches(&self, number: &str) -> bool {
        self.0.iter().any(|wanted| number.starts_with(&**wanted))
    }

    fn implies(&self, other: &Self) -> bool {
        self.0.iter().all(|own| other.matches(own))
    }

    /// Reads `"8708"`, `"8708.30"` or a list; dots, and a star at the end, say nothing more.
    pub fn read(key: &str, value: &RawValue, faults: &mut Faults) -> Option<Self> {
        let before = faults.len();
        let mut all = Vec::new();
        for (word, span) in words(key, value, faults)? {
            let plain: String = word.strip_suffix('*').unwrap_or(&word).replace(['.', ' '], "");
            let is_number =
                TARIFF_DIGITS.contains(&plain.len()) && plain.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number {
                let message = format!(
                    "`{word}` is no tariff number, heading or chapter: 2 to 10 digits, with or without dots (example: 8708.30)"
                );
                faults.add(span, message);
            }
            all.push(plain.into());
        }
        (faults.len() == before).then(|| Self(all.into()))
    }
}

/// What one line must be like; all that is given must fit the same line.
#[derive(Clone, Debug, Default)]
pub(super) struct LineMatch {
    pub tariff: Option<TariffMatch>,
    value: Option<NumberMatch>,
    duty: Option<NumberMatch>,
    origin: Option<TextMatch>,
}

impl LineMatch {
    pub fn of_tariff(tariff: TariffMatch) -> Self {
        Self { tariff: Some(tariff), ..Self::default() }
    }

    pub fn matches(&self, line: &GoodsLine) -> bool {
        let fits = |bounds: &Option<NumberMatch>, number: Option<_>| {
            bounds.as_ref().is_none_or(|bounds| number.is_some_and(|number| bounds.matches(number)))
        };
        let has_tariff =
            |tariff: &TariffMatch| line.tariffs.iter().any(|number| tariff.matches(number.as_str()));
        let is_from =
            |origin: &TextMatch| line.origin.is_some_and(|country| origin.matches(country.as_str()));
        self.tariff.as_ref().is_none_or(has_tariff)
            && fits(&self.value, line.value)
            && fits(&self.duty, line.duty)
            && self.origin.as_ref().is_none_or(is_from)
    }

    /// Whether a line that fits this also fits the other.
    pub fn implies(&self, other: &Self) -> bool {
        let narrower = |own: &Option<NumberMatch>, theirs: &Option<NumberMatch>| {
            theirs.as_ref().is_none_or(|theirs| own.as_ref().is_some_and(|own| own.is_within(theirs)))
        };
        let tariff = other
            .tariff
            .as_ref()
            .is_none_or(|theirs| self.tariff.as_ref().is_some_and(|own| own.implies(theirs)));
        let origin = other
            .origin
            .as_ref()
            .is_none_or(|theirs| self.origin.as_ref().is_some_and(|own| own.implies(theirs)));
        tariff && origin && narrower(&self.value, &other.value) && narrower(&self.duty, &other.duty)
    }

    /// Reads `{ tariff = "8708", value = { above = "10000.00" } }`.
    pub fn read(value: &RawValue, faults: &mut Faults) -> Option<Self> {
        const EXAMPLE: &str = "{ tariff = \"8708\", value = { above = \"10000.00\" } }";
        let RawKind::Table(items) = &value.kind else {
            let message = format!("`line` must be a table like {EXAMPLE}, not {}", value.kind_name());
            faults.add(value.span.clone(), message);
            return None;
        };
        if items.is_empty() {
            faults.add(value.span.clone(), format!("`line` asks for nothing (example: {EXAMPLE})"));
            return None;
        }
        let mut this = Self::default();
        for (name, value) in items {
            let key = name.get_ref().as_str();
            match key {
                "tariff" => this.tariff = Some(TariffMatch::read(key, value, faults)?),
                "value" => this.value = Some(NumberMatch::read(key, value, Measure::Dollars, faults)?),
                "duty" => this.duty = Some(NumberMatch::read(key, value, Measure::Dollars, faults)?),
                "origin" => this.origin = Some(country(value, faults)?),
                other => {
                    let hint = hint(other, "known", LINE_KEYS);
                    faults.add(name.span(), format!("`line` has no key `{other}` ({hint})"));
                    return None;
                }
            }
        }
        Some(this)
    }

    /// A line that fits, for events that are made up.
    pub fn example(&self) -> GoodsLine {
        let tariff = self.tariff.as_ref().and_then(TariffMatch::example);
        let origin = self.origin.as_ref().and_then(TextMatch::example);
        let amount = |bounds: &Option<NumberMatch>| {
            example::number(&[bounds.as_ref()?], &[], |number| number >= Decimal::ZERO)
        };
        GoodsLine {
            tariffs: tariff.into_iter().collect(),
            origin: origin.and_then(crate::notice::Token::some),
            value: amount(&self.value),
            duty: amount(&self.duty),
        }
    }
}

impl TariffMatch {
    pub fn example(&self) -> Option<crate::notice::Token> {
        let first = self.0.first()?;
        crate::entry::tariff(&format!("{first:0<10}"))
    }
}

/// Countries are two capital letters.
fn country(value: &RawValue, faults: &mut Faults) -> Option<TextMatch> {
    let origin = TextMatch::read("origin", value, faults)?;
    if let TextMatch::In(list) = &origin
        && let Some(wrong) =
            list.iter().find(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        let message =
            format!("`origin` is a country as messages write it, two capital letters like CN, not `{wrong}`");
        faults.add(value.span.clone(), message);
        return None;
    }
    Some(origin)
}

/// One `[[product_line]]`.
#[derive(Clone, Debug)]
pub(super) struct ProductLine {
    pub name: Box<str>,
    pub tariff: Option<TariffMatch>,
    pub order: Option<TextMatch>,
    place: Box<str>,
}

impl ProductLine {
    /// A line, or else an order, that belongs to it, for events that are made up.
    pub fn example(&self) -> (Option<GoodsLine>, Option<Box<str>>) {
        let line = |tariff| GoodsLine { tariffs: vec![tariff], ..GoodsLine::default() };
        let line = self.tariff.as_ref().and_then(TariffMatch::example).map(line);
        let order = self.order.as_ref().filter(|_| line.is_none()).and_then(TextMatch::example);
        (line, order.map(Box::from))
    }

    /// A line of the entry has such a tariff number, or the entry such an order.
    pub fn has(&self, entry: &Entry) -> bool {
        let by_tariff = self.tariff.as_ref().is_some_and(|tariff| {
            entry.goods().flat_map(|line| &line.tariffs).any(|number| tariff.matches(number.as_str()))
        });
        let by_order = |order: &TextMatch| entry.references.orders.iter().any(|number| order.matches(number));
        by_tariff || self.order.as_ref().is_some_and(by_order)
    }
}

/// The product lines of all rule files, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct ProductLines(BTreeMap<Box<str>, Arc<ProductLine>>);

impl ProductLines {
    /// Reads those of a file. All files are read before any condition is looked at, so order does not matter.
    pub fn add(&mut self, raw: &RawRules, faults: &mut Faults) {
        for raw in raw.product_line.given().map(Vec::as_slice).unwrap_or_default() {
            if let Some(line) = self.one(raw, faults) {
                self.0.insert(line.name.clone(), Arc::new(line));
            }
        }
    }

    fn one(&self, raw: &RawProductLine, faults: &mut Faults) -> Option<ProductLine> {
        let name = raw.name.require("name", RawProductLine::OWNER, &raw.span, faults)?;
        let text = name.get_ref().as_str();
        if !is_plain_name(text) {
            let message = format!(
                "`{text}` is no name of a product line: up to 60 lower-case letters, digits and hyphens"
            );
            faults.add(name.span(), message);
        } else if let Some(first) = self.0.get(text) {
            faults.add(name.span(), format!("there is already a product line `{text}` (at {})", first.place));
        }
        if raw.tariff.is_absent() && raw.order.is_absent() {
            let message = format!("product line `{text}` has no goods: give it `tariff` or `order`");
            faults.add(name.span(), message);
        }
        Some(ProductLine {
            name: text.into(),
            tariff: raw.tariff.given().and_then(|value| TariffMatch::read("tariff", value, faults)),
            order: raw.order.given().and_then(|value| TextMatch::read("order", value, faults)),
            place: faults.source().place(raw.span.start).into(),
        })
    }

    /// Reads the value of the condition `product_line`.
    pub fn read(&self, value: &RawValue, faults: &mut Faults) -> Option<Box<[Arc<ProductLine>]>> {
        let mut lines = Vec::new();
        for (word, span) in words("product_line", value, faults)? {
            match self.0.get(&word) {
                Some(line) => lines.push(line.clone()),
                None => {
                    let hint = hint(&word, "defined", self.0.keys().map(|name| &**name));
                    faults.add(span, format!("there is no product line `{word}` ({hint})"));
                    return None;
                }
            }
        }
        Some(lines.into())
    }
}
