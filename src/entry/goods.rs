//! What messages and the importer say of the goods, line by line: tariff numbers, origin, value, duty.
//!
//! The latest and fullest word counts: the summary that stands, else the release filing, else what the importer approved.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use super::Entry;
use crate::notice::{Effect, Kind, Notice, Token};

/// One line of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GoodsLine {
    /// Tariff numbers as digits, without dots; chapter 98 and 99 numbers stand beside the one of the goods.
    pub tariffs: Vec<Token>,
    /// Country of origin, two letters.
    pub origin: Option<Token>,
    /// US dollars over all tariff numbers of the line; `None` when it is not stated or no number.
    pub value: Option<Decimal>,
    /// Estimated duty in US dollars.
    pub duty: Option<Decimal>,
}

impl fmt::Display for GoodsLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<&str> = self.tariffs.iter().map(Token::as_str).collect();
        f.write_str(&if numbers.is_empty() { "no tariff number".to_owned() } else { numbers.join("+") })?;
        if let Some(origin) = self.origin {
            write!(f, " {origin}")?;
        }
        if let Some(value) = self.value {
            write!(f, " ${value}")?;
        }
        match self.duty {
            Some(duty) => write!(f, " duty ${duty}"),
            None => Ok(()),
        }
    }
}

/// The lines by who stated them. It follows from the notices as the rest of the entry does, and says nothing that they do
/// not, so no state hash and no output has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Goods {
    /// By the key of their filing, in the order in which filings came.
    summary: Vec<(Token, Vec<GoodsLine>)>,
    release: Vec<(Token, Vec<GoodsLine>)>,
    /// By the number of the line, else by the notice.
    approved: BTreeMap<Box<str>, GoodsLine>,
}

impl Goods {
    /// Lines as the importer approved them, for entries that are made up.
    pub fn approved(lines: impl IntoIterator<Item = GoodsLine>) -> Self {
        let numbered = lines.into_iter().enumerate();
        let approved = numbered.map(|(index, line)| (format!("{index:05}").into(), line)).collect();
        Self { approved, ..Self::default() }
    }

    pub(super) fn take(&mut self, notice: &Notice) {
        match (&notice.effect, notice.kind) {
            (Effect::FiledLine(filed), kind) => {
                let line = GoodsLine { value: filed.value, duty: filed.amounts.duty, ..stated(notice) };
                let filings = if kind == Kind::ReleaseFiled { &mut self.release } else { &mut self.summary };
                match filings.iter_mut().find(|(filing, _)| *filing == filed.filing) {
                    Some((_, lines)) => lines.push(line),
                    None => filings.push((filed.filing, vec![line])),
                }
            }
            (_, Kind::ApprovedEntry) if notice.field("hts_number").is_some() => {
                let amount = |name: &str| notice.field(name).and_then(|text| text.parse().ok());
                let line = GoodsLine { value: amount("value"), duty: amount("duty"), ..stated(notice) };
                let number = notice.field("line").map_or_else(|| notice.id.to_string(), str::to_owned);
                self.approved.insert(number.into(), line);
            }
            _ => {}
        }
    }
}

/// Tariff numbers and origin, which stand in the fields.
fn stated(notice: &Notice) -> GoodsLine {
    let mut line = GoodsLine::default();
    for (name, value) in notice.fields.iter() {
        match name {
            "hts_number" => line.tariffs.extend(tariff(value)),
            "origin_country" | "origin" => line.origin = Token::some(value),
            _ => {}
        }
    }
    line
}

/// The digits of a tariff number, however it was written.
pub fn tariff(text: &str) -> Option<Token> {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(Token::CAPACITY).collect();
    Token::some(digits)
}

impl Entry {
    /// The lines of the entry, as the latest and fullest word has them.
    pub fn goods(&self) -> impl Iterator<Item = &GoodsLine> {
        let standing = self.filed_summary().map(|filing| filing.filed.filing);
        let of = |(_, lines): &'_ (Token, Vec<GoodsLine>)| !lines.is_empty();
        let summary = self.goods.summary.iter().find(|(filing, _)| Some(*filing) == standing);
        let release = self.goods.release.last().filter(|_| summary.is_none());
        let filed = summary.or(release).filter(|filed| of(filed));
        let approved = self.goods.approved.values().filter(move |_| filed.is_none());
        filed.into_iter().flat_map(|(_, lines)| lines).chain(approved)
    }

    /// Entered value in US dollars: the total of the summary that stands, else the sum of the lines when each states one.
    pub fn entered_value(&self) -> Option<Decimal> {
        let stated = self.filed_summary().and_then(|filing| filing.filed.entered_value);
        stated.or_else(|| sum(self.goods().map(|line| line.value)))
    }

    /// Estimated duty in US dollars, found the same way.
    pub fn estimated_duty(&self) -> Option<Decimal> {
        let stated = self.filed_summary().and_then(|filing| filing.filed.amounts.duty);
        stated.or_else(|| sum(self.goods().map(|line| line.duty)))
    }
}

/// `None` when there is nothing to add, or a part is missing.
fn sum(mut parts: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    let first = parts.next()??;
    parts.try_fold(first, |sum, part| Some(sum.saturating_add(part?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{EntryNumber, NoticeId};
    use crate::notice::{Amounts, EventTime, Fields, FiledLine, FilingAction, SummaryFiling};
    use crate::place::Severity;

    fn notice(id: u8, kind: Kind, effect: Effect, fields: &[(&str, &str)]) -> Notice {
        let mut all = Fields::new();
        fields.iter().for_each(|(name, value)| all.push(name, value));
        Notice {
            id: NoticeId::from_bytes([id; 16]),
            kind,
            entry: EntryNumber::parse("ABC12345676"),
            bill: None,
            house_bill: None,
            container: None,
            code: None,
            table: None,
            meaning: None,
            severity: Severity::Info,
            at: EventTime::parse("2026-03-02T09:00:00"),
            effect,
            fields: all,
        }
    }

    fn filed_line(id: u8, kind: Kind, filing: &str, value: i64, tariff: &str) -> Notice {
        let amounts = Amounts { duty: Some(Decimal::ONE), ..Amounts::default() };
        let line = FiledLine { filing: Token::new(filing), ordinal: 1, value: Some(value.into()), amounts };
        notice(id, kind, Effect::FiledLine(line), &[("hts_number", tariff), ("origin_country", "CN")])
    }

    fn filing(id: u8, key: &str) -> Notice {
        let filed = SummaryFiling {
            filing: Token::new(key),
            action: FilingAction::Filed,
            is_correction: false,
            payment_type: None,
            statement_date: None,
            statement_month: None,
            import_date: None,
            line_count: 1,
            entered_value: Some(Decimal::from(900)),
            amounts: Amounts::default(),
            other: None,
        };
        notice(id, Kind::SummaryFiled, Effect::SummaryFiled(filed), &[])
    }

    #[test]
    fn the_latest_and_fullest_word_counts() {
        let number = EntryNumber::parse("ABC12345676").expect("a number");
        let approved = notice(
            1,
            Kind::ApprovedEntry,
            Effect::Inform,
            &[("line", "1"), ("hts_number", "9405.99.0000"), ("origin", "CN"), ("value", "10.50")],
        );
        let release = filed_line(2, Kind::ReleaseFiled, "r", 20, "8708305060");
        let summary = [filing(3, "s"), filed_line(4, Kind::SummaryFiled, "s", 30, "8708299000")];
        let told = |notices: &[&Notice]| {
            let entry = Entry::of(number, notices.iter().copied());
            let tariffs: Vec<String> =
                entry.goods().flat_map(|line| &line.tariffs).map(ToString::to_string).collect();
            (tariffs.join(" "), entry.entered_value().map(|value| value.to_string()))
        };
        let wanted = |tariff: &str, value: &str| (tariff.to_owned(), Some(value.to_owned()));
        assert_eq!(told(&[&approved]), wanted("9405990000", "10.50"));
        assert_eq!(told(&[&approved, &release]), wanted("8708305060", "20"));
        assert_eq!(
            told(&[&approved, &release, &summary[0], &summary[1]]),
            wanted("8708299000", "900"),
            "the summary's own total counts"
        );
        assert_eq!(told(&[]), (String::new(), None));
    }
}
