//! What can still be done about an entry: information, never advice.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::entry::life_of;
use crate::deadline::DeadlineTable;
use crate::entry::Pathway;
use crate::ident::EntryNumber;
use crate::store::Store;

/// The ways that the law knows, as they stand on a day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PathwaysView {
    pub entry: EntryNumber,
    pub status: String,
    pub on: NaiveDate,
    pub pathways: Vec<Pathway>,
}

pub(super) fn answer(
    store: &dyn Store,
    table: &DeadlineTable,
    number: EntryNumber,
    on: NaiveDate,
) -> Result<PathwaysView, ApiError> {
    let entry = life_of(store, number)?.entry();
    let deadlines = entry.deadlines(table);
    let pathways = entry.pathways(table, &deadlines, on);
    Ok(PathwaysView { entry: number, status: entry.status().as_str().to_owned(), on, pathways })
}
