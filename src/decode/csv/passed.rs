//! Rows that are no data: blank ones, totals below the last row, notes in columns that nobody reads. They are no fault, and are told
//! once, behind the last row.

use super::cell::{is_blank, is_total, said};
use super::header::Header;
use super::split::{self, Row};
use crate::place::{Finding, Grade, Place, finding_code};
use crate::words::count;

/// Why a row is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NoData {
    Blank,
    /// What it calls itself.
    Total(String),
    /// No column that somebody reads says anything.
    Unread(String),
}

impl NoData {
    /// `None` when the row is data. `is_read`: some column that is read says something.
    pub fn of(header: &Header, bytes: &[u8], row: &Row, is_read: bool) -> Option<Self> {
        let value = |at: usize| {
            let field = header.fields.get(at).map_or("", |field| field);
            let text = said(field, split::value(&bytes[row.cells[at].clone()]));
            (field, text)
        };
        let mut cells = (0..row.cells.len()).map(value);
        let Some((_, first)) = cells.find(|(_, text)| !is_blank(text)) else {
            return (!is_read).then_some(Self::Blank);
        };
        if !is_total(&first) {
            return (!is_read).then(|| Self::Unread(shown(&first)));
        }
        // What is behind the word may still name an entry.
        let names = |(field, text): (&str, std::borrow::Cow<'_, str>)| {
            Header::is_key(field) && !is_blank(&text) && !is_total(&text)
        };
        (!cells.any(names)).then(|| Self::Total(shown(&first)))
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// How many of each sort there were, and the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed {
    blank: u64,
    totals: Option<First>,
    unread: Option<First>,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
struct First {
    line: u64,
    text: String,
    count: u64,
}

impl Passed {
    pub fn note(&mut self, reason: NoData, place: Place) {
        self.place.get_or_insert(place);
        let note = |known: &mut Option<First>, text: String| match known {
            Some(first) => first.count += 1,
            None => *known = Some(First { line: place.line, text, count: 1 }),
        };
        match reason {
            NoData::Blank => self.blank += 1,
            NoData::Total(text) => note(&mut self.totals, text),
            NoData::Unread(text) => note(&mut self.unread, text),
        }
    }

    /// What was passed over, at the place of the first such row.
    pub fn finding(&mut self) -> Option<Finding> {
        let place = self.place.take()?;
        let blank = (self.blank > 0).then(|| count(self.blank, "blank row"));
        let first = |first: &First, what: &str| {
            format!("{} (line {}: `{}`)", count(first.count, what), first.line, first.text.escape_default())
        };
        let totals = self.totals.as_ref().map(|totals| first(totals, "total row"));
        let unread = self.unread.as_ref().map(|unread| first(unread, "row without a value that is read"));
        let parts: Vec<String> = [blank, totals, unread].into_iter().flatten().collect();
        let message = format!("passed over, for it is no data: {}", parts.join(", "));
        Some(Finding::new(finding_code::PASSED_OVER, Grade::Info, place, message))
    }
}
