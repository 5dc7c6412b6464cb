//! Lists in pages: how many rows, and how far one request may look for them.

use serde::{Deserialize, Serialize};

use crate::entry::Life;
use crate::ident::EntryNumber;
use crate::store::{Store, StoreError};

/// Rows of a page when the request names no number.
pub const PAGE_DEFAULT: usize = 100;

/// Rows of a page at most.
pub const PAGE_MAX: usize = 1_000;

/// Values that one request looks at. A page may so be short, or empty, and still name a next one.
pub(super) const LOOKED_AT_MAX: usize = 20_000;

/// Values that are read from the store at once.
pub(super) const READ_AT_ONCE: usize = 250;

/// Rows, and where the next page begins; `None` when there is no more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page<T, K> {
    pub rows: Vec<T>,
    pub next: Option<K>,
}

pub(super) fn rows_wanted(limit: Option<usize>) -> usize {
    limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX)
}

/// Walks the lives in the order of their numbers until the page is full or enough was looked at.
///
/// One life may give several rows, which stay together, so a page may be longer than `limit` by those.
pub(super) fn walk_lives<T>(
    store: &dyn Store,
    mut after: Option<EntryNumber>,
    limit: Option<usize>,
    mut pick: impl FnMut(&Life, &mut Vec<T>),
) -> Result<Page<T, EntryNumber>, StoreError> {
    let wanted = rows_wanted(limit);
    let mut rows = Vec::new();
    let mut looked_at = 0;
    loop {
        let lives = store.lives(after, READ_AT_ONCE)?;
        for life in &lives {
            pick(life, &mut rows);
            after = Some(life.number);
            looked_at += 1;
            if rows.len() >= wanted || looked_at >= LOOKED_AT_MAX {
                return Ok(Page { rows, next: after });
            }
        }
        if lives.len() < READ_AT_ONCE {
            return Ok(Page { rows, next: None });
        }
    }
}
