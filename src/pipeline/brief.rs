//! What an alert carries of the entry and of its cause, so that a letter is rendered without a look at the store.

use rust_decimal::Decimal;

use super::receive::Fresh;
use crate::deadline::DeadlineTable;
use crate::entry::{Entry, Sighting};
use crate::ident::BrokerName;
use crate::notice::{Liquidation, Notice};
use crate::outbox::{EntryBrief, HoldBrief, ImporterNumber, NoticeBrief};

/// Lists in an alert are cut here; the entry shows them whole.
const LIST_MAX: usize = 12;

/// Fields of one notice that an alert carries.
const FIELDS_MAX: usize = 40;

pub(super) fn entry(entry: &Entry, broker: &BrokerName, importer: ImporterNumber) -> EntryBrief {
    EntryBrief {
        number: entry.number,
        status: entry.status().as_str().into(),
        broker: broker.clone(),
        entry_type: entry.entry_type,
        port: entry.port,
        importer: entry.importer.as_deref().and_then(|number| importer.show(number)),
        broker_reference: entry.references.broker.clone(),
        orders: entry.references.orders.iter().take(LIST_MAX).cloned().collect(),
        bills: entry.references.bills.iter().take(LIST_MAX).map(|bill| bill.as_str().into()).collect(),
        released_at: entry.released_on(),
        open_holds: entry
            .open_holds()
            .take(LIST_MAX)
            .map(|(key, hold)| HoldBrief {
                agency: key.agency,
                code: key.code,
                since: hold.since,
                bill: key
                    .scope
                    .house_bill
                    .as_ref()
                    .or(key.scope.bill.as_ref())
                    .map(|bill| bill.as_str().into()),
            })
            .collect(),
        at_stake: at_stake(entry).into(),
    }
}

/// The money that the entry is about, in plain words: what the last liquidation moves, else what was declared.
fn at_stake(entry: &Entry) -> String {
    match entry.liquidation() {
        Some(liquidation) => liquidated(liquidation),
        None => declared(entry),
    }
}

/// What a liquidation asks for or gives back, interest included: the amount of the bill or refund comes first.
fn liquidated(liquidation: &Liquidation) -> String {
    if liquidation.is_partly_unreadable() {
        return "What will be asked for or given back is not known: an amount of the liquidation could not be read.".to_owned();
    }
    let (Some(paid), Some(liquidated)) = (liquidation.paid.total(), liquidation.liquidated.total()) else {
        return String::new();
    };
    let interest = liquidation.interest.unwrap_or_default();
    let moved = liquidated.saturating_sub(paid).saturating_add(interest);
    let sums = format!("paid {}, liquidated {}", money(paid), money(liquidated));
    let sums = if interest.is_zero() { sums } else { format!("{sums}, interest {}", money(interest)) };
    match moved.cmp(&Decimal::ZERO) {
        std::cmp::Ordering::Equal => format!("Liquidated as paid: {} USD.", money(paid)),
        std::cmp::Ordering::Greater => format!("A bill of {} USD will come: {sums}.", money(moved)),
        std::cmp::Ordering::Less => format!("A refund of {} USD should come: {sums}.", money(moved.abs())),
    }
}

fn declared(entry: &Entry) -> String {
    let Some(filed) = entry.filed_summary().map(|filing| &filing.filed) else { return String::new() };
    let total = filed.amounts.total().map(|total| total.saturating_add(filed.other.unwrap_or_default()));
    let value = filed.entered_value.map(|value| format!("goods of {} USD", money(value)));
    let total = total.map(|total| format!("duty, taxes and fees of {} USD", money(total)));
    let parts: Vec<String> = value.into_iter().chain(total).collect();
    if parts.is_empty() { String::new() } else { format!("Declared: {}.", parts.join(", ")) }
}

/// The arithmetic of one clock.
pub(super) fn arithmetic(entry: &Entry, key: &str, table: &DeadlineTable) -> Vec<String> {
    let clock = entry.clocks(table).into_iter().find(|clock| clock.key() == key);
    clock.and_then(|clock| clock.explain(table).ok()).map(|computed| computed.steps).unwrap_or_default()
}

/// `1,234,567.80`, from an exact amount of dollars.
pub fn money(amount: Decimal) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::with_capacity(text.len() + whole.len() / 3 + 1);
    if amount.is_sign_negative() && !amount.is_zero() {
        grouped.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped.push('.');
    grouped.push_str(cents);
    grouped
}

/// The field in which the importer's number stands.
const IMPORTER: &str = "importer_number";

/// All that a letter of its own shows. The importer's number is shown as configured wherever the message has it; `known` is
/// the number that the entry knows.
pub(super) fn notice(fresh: &Fresh, importer: ImporterNumber, known: Option<&str>) -> NoticeBrief {
    let own = fresh.notice.fields.get(IMPORTER);
    let conceal = |text: &str| -> Box<str> {
        let once = importer.conceal(text, own.unwrap_or_default());
        importer.conceal(&once, known.unwrap_or_default()).into()
    };
    let fields = fresh.notice.fields.iter().take(FIELDS_MAX);
    let fields = fields.filter(|(name, _)| *name != IMPORTER || importer != ImporterNumber::Hidden);
    NoticeBrief {
        fields: fields.map(|(name, value)| (name.into(), conceal(value))).collect(),
        source_line: conceal(&fresh.source),
        ..row(&fresh.notice, &fresh.seen)
    }
}

/// What a line of a digest shows.
pub(super) fn row(notice: &Notice, seen: &Sighting) -> NoticeBrief {
    NoticeBrief {
        id: notice.id,
        kind: notice.kind,
        code: notice.code,
        table: notice.table.clone(),
        meaning: notice.meaning.clone(),
        at: notice.at,
        bill: notice.house_bill.as_ref().or(notice.bill.as_ref()).map(|bill| bill.as_str().into()),
        fields: Vec::new(),
        source_line: "".into(),
        file: seen.file,
        file_name: (&*seen.name).into(),
        place: seen.place,
        received_at: seen.received_at,
        clock: None,
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_exact() {
        for (amount, text) in [
            ("0", "0.00"),
            ("-0.5", "-0.50"),
            ("1234567.8", "1,234,567.80"),
            ("999", "999.00"),
            ("1000", "1,000.00"),
        ] {
            assert_eq!(money(amount.parse().expect("an amount")), text);
        }
    }
}
