//! Opening what is remembered: the journal, and the store that follows from it.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::journal::Journal;
use crate::pipeline::Pipeline;
use crate::store::Store;
use crate::store::sled::{SledSettings, SledStore};

use super::engine::{Engine, EngineError, Versions};

/// What opening found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenedState {
    /// Lines of the journal that the store had not seen.
    pub applied: u64,
    /// Bytes of a torn last line that were dropped.
    pub torn_bytes: u64,
    /// The store could not be used and was rebuilt.
    pub rebuilt: bool,
}

/// The store's folder below the state folder.
pub const STORE: &str = "store";

/// Opens the state folder. A store that cannot be used is set aside and rebuilt from the journal.
///
/// # Errors
/// When another process holds the folder, or the journal itself is broken.
pub fn open(
    folder: &Path,
    cache_bytes: u64,
    pipeline: Arc<Pipeline>,
    versions: Versions,
    clock: Arc<dyn Clock>,
) -> Result<(Engine, OpenedState), EngineError> {
    let (journal, opened) = Journal::open(folder)?;
    let mut state = OpenedState { torn_bytes: opened.torn_bytes, ..OpenedState::default() };
    if opened.torn_bytes > 0 {
        tracing::warn!(bytes = opened.torn_bytes, "The journal's last line was torn and was dropped.");
    }
    let path = folder.join(STORE);
    let (store, found) = SledStore::open(&path, SledSettings { cache_bytes, ..SledSettings::default() })?;
    if let Some(aside) = &found.set_aside {
        state.rebuilt = true;
        tracing::error!(path = %aside.path.display(), why = %aside.why, "The store could not be used; it was set aside and is rebuilt from the journal.");
    }
    let store: Arc<dyn Store> = Arc::new(store);
    match Engine::open(journal, store, pipeline.clone(), versions.clone(), clock.clone()) {
        Ok((engine, applied)) => {
            state.applied = applied;
            Ok((engine, state))
        }
        Err(error @ EngineError::Foreign { .. }) => {
            tracing::error!(%error, "The store is not the journal's; it is set aside and rebuilt.");
            rebuild(folder, cache_bytes, pipeline, versions, clock, state)
        }
        Err(EngineError::Store(error)) if error.wants_rebuild() => {
            tracing::error!(%error, "The store cannot be read; it is set aside and rebuilt.");
            rebuild(folder, cache_bytes, pipeline, versions, clock, state)
        }
        Err(error) => Err(error),
    }
}

fn rebuild(
    folder: &Path,
    cache_bytes: u64,
    pipeline: Arc<Pipeline>,
    versions: Versions,
    clock: Arc<dyn Clock>,
    mut state: OpenedState,
) -> Result<(Engine, OpenedState), EngineError> {
    let path = folder.join(STORE);
    SledStore::set_aside(&path, "it is not the journal's, or holds what this release cannot read")?;
    let (journal, _) = Journal::open(folder)?;
    let (store, _) = SledStore::open(&path, SledSettings { cache_bytes, ..SledSettings::default() })?;
    let (engine, applied) = Engine::open(journal, Arc::new(store), pipeline, versions, clock)?;
    state.applied = applied;
    state.rebuilt = true;
    Ok((engine, state))
}
