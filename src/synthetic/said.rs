//! What a message says, before it is known in which file: the ledger's lines in the making.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::Fact;
use super::life::Life;
use crate::ident::EntryNumber;

/// When it is said to have happened.
#[derive(Debug)]
enum When {
    Never,
    /// The message bears no date; that of its envelope stands for it.
    Header,
    At(String),
}

/// Something said.
#[derive(Debug)]
pub(super) struct Said {
    kind: &'static str,
    entry: Option<EntryNumber>,
    bill: Option<String>,
    house_bill: Option<String>,
    code: &'static str,
    when: When,
    fields: BTreeMap<&'static str, String>,
}

impl Said {
    /// About no entry and no bill.
    pub(super) fn of_nothing(kind: &'static str, code: &'static str) -> Self {
        let fields = BTreeMap::new();
        Self { kind, entry: None, bill: None, house_bill: None, code, when: When::Never, fields }
    }

    pub(super) fn of_entry(kind: &'static str, life: &Life, code: &'static str) -> Self {
        Self::of_nothing(kind, code).naming(life)
    }

    /// The status of the entry's bill; `named` when the message names the entry too.
    pub(super) fn of_bill(life: &Life, named: bool, code: &'static str, at: NaiveDateTime) -> Self {
        let said = Self::of_nothing("bill_status", code).with_bills(life).at(at);
        if named { said.naming(life) } else { said }
    }

    /// About the entry's master bill, which alone is named.
    pub(super) fn of_master(life: &Life, kind: &'static str, code: &'static str) -> Self {
        Self::of_nothing(kind, code).with_bill_number(format!("{}{}", life.carrier, life.bill))
    }

    pub(super) fn naming(self, life: &Life) -> Self {
        Self { entry: Some(life.number), ..self }
    }

    pub(super) fn with_bills(self, life: &Life) -> Self {
        let joined = |number: &String| format!("{}{number}", life.carrier);
        let house_bill = life.house_bill.as_ref().map(joined);
        Self { bill: Some(joined(&life.bill)), house_bill, ..self }
    }

    pub(super) fn with_bill_number(self, bill: String) -> Self {
        Self { bill: Some(bill), ..self }
    }

    pub(super) fn at(self, at: NaiveDateTime) -> Self {
        let text = format!("{}T{:02}:{:02}:00", date(at.date()), at.hour(), at.minute());
        Self { when: When::At(text), ..self }
    }

    pub(super) fn on(self, day: NaiveDate) -> Self {
        Self { when: When::At(date(day)), ..self }
    }

    pub(super) fn by_header(self) -> Self {
        Self { when: When::Header, ..self }
    }

    /// A field of the notice and its value.
    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.fields.insert(name, value.to_string());
        self
    }

    /// A sum of money.
    pub(super) fn with_cents(self, name: &'static str, value: u64) -> Self {
        self.with(name, cents(value))
    }

    /// The ledger's line, once the file is closed.
    pub(super) fn in_file(self, file: &Arc<str>, header: NaiveDate) -> Fact {
        Fact {
            kind: Cow::Borrowed(self.kind),
            entry: self.entry,
            bill: self.bill,
            house_bill: self.house_bill,
            code: self.code.to_owned(),
            at: match self.when {
                When::Never => None,
                When::Header => Some(date(header)),
                When::At(text) => Some(text),
            },
            fields: self.fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect(),
            file: Arc::clone(file),
        }
    }
}

/// `2026-03-02`
pub(super) fn date(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// `1250.00`
pub(super) fn cents(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
