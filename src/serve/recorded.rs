//! A fact that a person records: what is known to be wrong with it before it is taken in.

use chrono::NaiveDate;
use serde_json::Value;

use super::ApiError;
use crate::deadline::DeadlineTable;
use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::notice::recorded::REPLACES;
use crate::notice::{AGAINST, Kind};
use crate::store::Store;

/// # Errors
/// What takes a fact back, or replaces one, that nobody recorded; and a protest against a liquidation or decision that an entry does
/// not have, though it has others. Late data may come in any order, so of an entry of which none is known everything is believed.
pub(super) fn checked(store: &dyn Store, table: &DeadlineTable, document: &str) -> Result<(), ApiError> {
    // What is no document is refused by whoever reads it.
    let Ok(document) = serde_json::from_str::<Value>(document) else { return Ok(()) };
    for name in ["notice", REPLACES] {
        let named = document.get(name).and_then(Value::as_str).and_then(NoticeId::parse);
        if let Some(id) = named {
            known(store, &document, id)?;
        }
    }
    let against = document.get(AGAINST).and_then(Value::as_str);
    let Some(against) = against.and_then(|date| date.parse::<NaiveDate>().ok()) else { return Ok(()) };
    for number in numbers(&document) {
        let Some(life) = store.life(number)? else { continue };
        let known = life.entry().decisions_beside(table, against);
        if !known.is_empty() {
            let known: Vec<String> = known.iter().map(|(name, date)| format!("{name} ({date})")).collect();
            return Err(ApiError::BadRequest(format!(
                "entry {number} has nothing of about {against} that could be protested, only {}; if there is another decision, \
                 record that first",
                known.join(" and ")
            )));
        }
    }
    Ok(())
}

/// The entries that a document names.
fn numbers(document: &Value) -> impl Iterator<Item = EntryNumber> {
    let listed = document["entries"].as_array().into_iter().flatten();
    let numbers = document.get("entry").into_iter().chain(listed).filter_map(Value::as_str);
    numbers.filter_map(EntryNumber::parse)
}

/// Refuses to take back what was not recorded of the entry or the bill: whoever mistyped the id would believe that a false fact is gone,
/// while its clock runs on.
fn known(store: &dyn Store, document: &Value, id: NoticeId) -> Result<(), ApiError> {
    let mut whose = Vec::new();
    let mut found = None;
    for number in numbers(document) {
        whose.push(number.to_string());
        found = found.or(store.life(number)?.and_then(|life| life.get(id).map(|held| held.notice.kind)));
    }
    if let Some(bill) = document.get("bill").and_then(Value::as_str).and_then(BillOfLading::parse) {
        whose.push(format!("bill {bill}"));
        let waiting = store.bill(&bill)?.map(|record| record.notices).unwrap_or_default();
        let waiting = waiting.iter().find(|waiting| waiting.held.notice.id == id);
        found = found.or(waiting.map(|waiting| waiting.held.notice.kind));
    }
    let whose = whose.join(" and ");
    match found {
        Some(Kind::Form | Kind::Recorded) => Ok(()),
        Some(_) => Err(ApiError::BadRequest(format!(
            "the notice {} of {whose} is what a message says; only what people recorded can be taken back",
            crate::ident::hex(id.as_bytes())
        ))),
        None => Err(ApiError::BadRequest(format!(
            "nothing with the id {} was recorded of {whose}; `entry --json` shows the ids of its notices",
            crate::ident::hex(id.as_bytes())
        ))),
    }
}
