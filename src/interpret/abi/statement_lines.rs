//! Which records of a statement make one of its lines: a `Q1` opens a line, and the `Q2` and `QA` behind it belong to it. In PF a `Q2`
//! names its entry itself; one that names another than its line is never counted to it.

use std::collections::BTreeMap;

use super::resolve::EntryAt;
use super::scribe::Scribe;
use crate::decode::abi::{Record, is_same};
use crate::grammar::abi::{FieldAt, Tag};
use crate::place::{Grade, finding_code};

pub const Q1: Tag = Tag::named(b"Q1");
pub const Q2: Tag = Tag::named(b"Q2");
pub const QA: Tag = Tag::named(b"QA");

/// The records of one line.
#[derive(Clone, Copy)]
pub struct Line<'r, 'a> {
    pub records: &'r [Record<'a>],
    /// None of its records is known to be missing: only then its amounts have a sum.
    pub is_whole: bool,
}

/// How the lines of one family are told.
pub struct Lines {
    /// Filer and number in one, of Q1 and Q2, where both name the entry.
    keys: Option<[FieldAt; 2]>,
}

impl Lines {
    pub fn by_entry(entries: [EntryAt; 2]) -> Self {
        Self { keys: Some(entries.map(|at| FieldAt::new(at.filer.start, at.number.end))) }
    }

    /// No record but the first says what the line is about.
    pub fn by_place() -> Self {
        Self { keys: None }
    }

    /// Hands each line on, in the order of the statement, and says whether every record stood in its own.
    pub fn each<'s, 'a>(
        &self,
        records: &[Record<'a>],
        scribe: &mut Scribe<'s, 'a>,
        take: &mut dyn FnMut(Line<'_, 'a>, &mut Scribe<'s, 'a>),
    ) -> bool {
        if !self.are_in_order(records) {
            for records in self.regrouped(records, scribe) {
                let has = |tag| records.iter().any(|record| is(record, tag));
                let is_whole = has(Q1) && has(Q2);
                take(Line { records: &records, is_whole }, scribe);
            }
            return false;
        }
        let mut rest = records;
        while let Some(start) = rest.iter().position(|record| is(record, Q1)) {
            let behind = &rest[start + 1..];
            let more = |record: &Record<'_>| is(record, Q2) || is(record, QA) || record.layout.is_none();
            let end = behind.iter().position(|record| !more(record)).unwrap_or(behind.len());
            take(Line { records: &rest[start..=start + end], is_whole: true }, scribe);
            rest = &behind[end..];
        }
        true
    }

    /// The bytes that name the entry, as they stand; `None` when the record names none.
    fn key<'a>(&self, record: &Record<'a>) -> Option<&'a [u8]> {
        let [first, second] = self.keys?;
        let at = if is(record, Q1) { first } else { second };
        let is_blank = record.field(&at).is_empty();
        (!is_blank).then(|| record.raw(at))
    }

    /// Whether every record stands in the line that it names: nearly every statement is so.
    fn are_in_order(&self, records: &[Record<'_>]) -> bool {
        let mut open: Option<&Record<'_>> = None;
        records.iter().filter(|record| record.layout.is_some()).all(|record| match record.tag().cut(2) {
            Q1 => {
                open = Some(record);
                true
            }
            Q2 => open.is_some_and(|first| self.is_of(record, first)),
            QA => open.is_some(),
            _ => {
                open = None;
                true
            }
        })
    }

    /// Whether a Q2 names the entry of the line's first record, or none.
    fn is_of(&self, record: &Record<'_>, first: &Record<'_>) -> bool {
        match (self.key(record), self.key(first)) {
            (Some(own), Some(wanted)) => is_same(own, wanted),
            (own, _) => own.is_none(),
        }
    }

    /// Gives each record to the line that it names, and a line of its own to one that names an entry without a Q1.
    fn regrouped<'a>(&self, records: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) -> Vec<Vec<Record<'a>>> {
        let mut lines: Vec<Vec<Record<'a>>> = Vec::new();
        let mut named: BTreeMap<&[u8], usize> = BTreeMap::new();
        for record in records.iter().filter(|record| is(record, Q1)) {
            if let Some(key) = self.key(record) {
                named.entry(key).or_insert(lines.len());
            }
            lines.push(vec![*record]);
        }
        let (mut open, mut opened) = (None, 0);
        for record in records {
            if record.layout.is_some() {
                match record.tag().cut(2) {
                    Q1 => {
                        open = Some(opened);
                        opened += 1;
                        continue;
                    }
                    Q2 if open.is_some_and(|at: usize| self.is_of(record, &lines[at][0])) => {}
                    Q2 => open = self.stray(record, &mut lines, &mut named, scribe),
                    QA if open.is_some() => {}
                    QA => alone(record, scribe),
                    _ => open = None,
                }
            }
            if let Some(at) = open {
                lines[at].push(*record);
            }
        }
        lines
    }

    /// The line of a Q2 that does not stand in its own.
    fn stray<'a>(
        &self,
        record: &Record<'a>,
        lines: &mut Vec<Vec<Record<'a>>>,
        named: &mut BTreeMap<&'a [u8], usize>,
        scribe: &mut Scribe<'_, 'a>,
    ) -> Option<usize> {
        let Some(key) = self.key(record) else {
            alone(record, scribe);
            return None;
        };
        let text = key.escape_ascii();
        let message = format!(
            "a Q2 record of the entry `{text}` stands behind no Q1 of it; it counts to that entry only"
        );
        scribe.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, record.place, message);
        Some(*named.entry(key).or_insert_with(|| {
            lines.push(Vec::new());
            lines.len() - 1
        }))
    }
}

/// Nothing says what the amounts of the record are for.
#[cold]
fn alone(record: &Record<'_>, scribe: &mut Scribe<'_, '_>) {
    let id = if is(record, Q2) { "Q2" } else { "QA" };
    let message = format!("a {id} record stands behind no Q1 and names no entry; its amounts are not read");
    scribe.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, record.place, message);
}

pub fn is(record: &Record<'_>, tag: Tag) -> bool {
    record.layout.is_some() && record.tag().cut(2) == tag
}
