//! A fact that a person records: what is known to be wrong with it before it is taken in.

use chrono::NaiveDate;
use serde_json::Value;

use super::ApiError;
use crate::deadline::DeadlineTable;
use crate::ident::EntryNumber;
use crate::notice::AGAINST;
use crate::store::Store;

/// # Errors
/// A protest against a liquidation or decision that an entry does not have, though it has others. Late data may come in any
/// order, so of an entry of which none is known everything is believed.
pub(super) fn checked(store: &dyn Store, table: &DeadlineTable, document: &str) -> Result<(), ApiError> {
    // What is no document is refused by whoever reads it.
    let Ok(document) = serde_json::from_str::<Value>(document) else { return Ok(()) };
    let against = document.get(AGAINST).and_then(Value::as_str);
    let Some(against) = against.and_then(|date| date.parse::<NaiveDate>().ok()) else { return Ok(()) };
    let listed = document["entries"].as_array().into_iter().flatten();
    let numbers = document.get("entry").into_iter().chain(listed).filter_map(Value::as_str);
    for number in numbers.filter_map(EntryNumber::parse) {
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
