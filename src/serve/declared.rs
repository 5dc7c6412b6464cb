//! What was declared of an entry, on which statements it is paid, and what query answers add.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::mask::masked;
use crate::entry::{Entry, Life, Statement};
use crate::notice::{Amounts, EventTime, Notice, Token};

/// A line of the entry summary as it was filed.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LineView {
    /// The filer's own name of the line.
    pub line: Option<String>,
    /// CBP's number of the line, where an answer gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cbp_line: Option<String>,
    pub origin: Option<String>,
    pub special_program: Option<String>,
    pub manufacturer: Option<String>,
    /// Whole US dollars, over all tariff numbers of the line.
    pub value: Option<Decimal>,
    #[serde(flatten)]
    pub amounts: Amounts,
    pub tariffs: Vec<TariffView>,
}

/// A tariff number of a line.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TariffView {
    pub hts: String,
    pub duty: Option<Decimal>,
    pub value: Option<Decimal>,
    pub quantity: Option<Decimal>,
    pub unit: Option<String>,
}

/// A census warning that stands open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CensusView {
    /// `None` when nobody named the line.
    pub line: Option<Token>,
    pub code: Option<Token>,
    pub since: Option<EventTime>,
    pub meaning: Option<String>,
}

/// A statement on which the entry stands or stood.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StatementView {
    /// Of the daily statement.
    pub number: Token,
    /// `preliminary`, `presented`, `paid`, `removed`.
    pub state: String,
    pub print_date: Option<NaiveDate>,
    pub payment_type: Option<Token>,
    /// US dollars asked for this entry.
    pub amount: Option<Decimal>,
    pub is_due: bool,
    /// The last day to pay, where a statement names one.
    pub due_date: Option<NaiveDate>,
    pub paid_at: Option<EventTime>,
    /// Who took the entry off: ABI the filer, CBP.
    pub removed_by: Option<Token>,
    pub monthly_number: Option<Token>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CustomsBillView {
    pub number: Token,
    pub date: Option<NaiveDate>,
    /// Type and status as CBP sends them.
    pub kind: Token,
    pub status: Token,
    pub total: Option<Decimal>,
    pub paid: Option<Decimal>,
    pub is_open: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProtestView {
    pub number: Token,
    pub kind: Token,
    pub status: Token,
    pub decided: Option<NaiveDate>,
}

/// The last answer to a query.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnswerView {
    /// The day for which it holds.
    pub at: Option<EventTime>,
    pub version: Option<Token>,
    pub release_date: Option<NaiveDate>,
    /// 0 not paid, 2 fully paid, 3 duty free, 5 drawback, 6 authorized.
    pub collection: Option<Token>,
    pub collection_date: Option<NaiveDate>,
    pub is_late: bool,
    pub is_under_review: bool,
    pub is_protested: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TibView {
    pub expires: Option<NaiveDate>,
    pub extensions: u8,
    pub is_closed: bool,
    pub is_refused: bool,
}

pub(super) fn lines(entry: &Entry, life: &Life) -> Vec<LineView> {
    let Some(filing) = entry.filed_summary() else { return Vec::new() };
    // One look over the notices instead of one for each line: a summary has up to 998.
    let notices: std::collections::HashMap<_, &Notice> =
        life.notices.iter().map(|held| (held.notice.id, &*held.notice)).collect();
    let lines = filing.lines.values();
    lines
        .map(|line| {
            let mut view = notices.get(&line.notice).map(|notice| shown(notice)).unwrap_or_default();
            view.value = line.filed.value;
            view.amounts = line.filed.amounts;
            view
        })
        .collect()
}

/// The fields of a line's notice, in their order: what follows a tariff number belongs to it.
fn shown(notice: &Notice) -> LineView {
    let mut view = LineView::default();
    let mut is_manufacturer = false;
    for (name, value) in notice.fields.iter() {
        let text = || Some(value.to_owned());
        match (name, view.tariffs.last_mut()) {
            ("line_id", _) => view.line = text(),
            ("cbp_line_number", _) => view.cbp_line = text(),
            ("origin_country", _) => view.origin = text(),
            ("special_program", _) => view.special_program = text(),
            ("party_type", _) => is_manufacturer = value == "M",
            ("identifier", _) if is_manufacturer => view.manufacturer = Some(masked(value).into_owned()),
            ("hts_number", _) => {
                view.tariffs.push(TariffView { hts: value.to_owned(), ..TariffView::default() })
            }
            ("duty", Some(tariff)) => tariff.duty = value.parse().ok(),
            ("value", Some(tariff)) => tariff.value = value.parse().ok(),
            ("quantity_1", Some(tariff)) => tariff.quantity = value.parse().ok(),
            ("unit_1", Some(tariff)) => tariff.unit = text(),
            _ => {}
        }
    }
    view
}

pub(super) fn census(entry: &Entry, life: &Life) -> Vec<CensusView> {
    let some = |token: Token| (!token.is_empty()).then_some(token);
    let warnings = entry.summary.census.iter();
    warnings
        .map(|(key, state)| CensusView {
            line: some(key.line),
            code: some(key.code),
            since: state.at,
            meaning: life
                .get(state.notice)
                .filter(|_| !key.code.is_empty())
                .and_then(|held| held.notice.meaning.as_deref().map(str::to_owned)),
        })
        .collect()
}

pub(super) fn statements(entry: &Entry) -> Vec<StatementView> {
    entry.statements.iter().map(|(number, statement)| view(*number, statement)).collect()
}

fn view(number: Token, statement: &Statement) -> StatementView {
    StatementView {
        number,
        state: statement.state().as_str().to_owned(),
        print_date: statement.print_date,
        payment_type: statement.payment_type,
        amount: statement.amount,
        is_due: statement.is_due,
        due_date: statement.due_date(),
        paid_at: statement.paid_at(),
        removed_by: statement.removed.map(|removed| removed.by),
        monthly_number: statement.monthly.as_ref().map(|monthly| monthly.number),
    }
}

pub(super) fn customs_bills(entry: &Entry) -> Vec<CustomsBillView> {
    let bills = entry.customs_bills.values().map(|state| state.bill);
    bills
        .map(|bill| CustomsBillView {
            number: bill.number,
            date: bill.date,
            kind: bill.kind,
            status: bill.status,
            total: bill.total,
            paid: bill.paid,
            is_open: bill.is_open,
        })
        .collect()
}

pub(super) fn protests(entry: &Entry) -> Vec<ProtestView> {
    let protests = entry.protests.values().chain(entry.petitions.values()).map(|state| state.protest);
    protests
        .map(|protest| ProtestView {
            number: protest.number,
            kind: protest.kind,
            status: protest.status,
            decided: protest.decided,
        })
        .collect()
}

pub(super) fn answer(entry: &Entry) -> Option<AnswerView> {
    entry.answered.as_ref().map(|answered| {
        let status = &answered.status;
        AnswerView {
            at: answered.at,
            version: status.version,
            release_date: status.release_date,
            collection: status.collection,
            collection_date: status.collection_date,
            is_late: status.is_late,
            is_under_review: status.is_under_review,
            is_protested: status.is_protested,
        }
    })
}

pub(super) fn tib(entry: &Entry) -> Option<TibView> {
    let tib = &entry.tib;
    (*tib != Default::default()).then(|| TibView {
        expires: tib.expires.map(|dated| dated.date),
        extensions: tib.extensions,
        is_closed: tib.is_closed,
        is_refused: tib.is_refused,
    })
}
