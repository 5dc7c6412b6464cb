//! The calendars of the teams, as files that calendar programs read.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::ical::{self, Event};
use crate::ident::EntryNumber;
use crate::outbox::Team;
use crate::pipeline::{CALENDAR_DAYS, Pipeline};
use crate::store::{Store, StoreError};

/// Entries that one calendar looks at; the nearest come first.
const ENTRIES_MAX: usize = 20_000;

/// Events of one calendar; the nearest ones stay.
const EVENTS_MAX: usize = 5_000;

/// A file that is larger is none of ours.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why a calendar could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("the store did not answer")]
    Store(#[from] StoreError),
    #[error("could not write the calendar {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// The calendar of a team as it stands now.
///
/// The due index names every entry with a clock that somebody is still to be reminded of, or of which one was closed within the last
/// month. `known` are entries that the calendar held before, for those that more entries than it looks at have pushed out.
///
/// # Errors
/// When the store does not answer.
pub fn calendar(
    store: &dyn Store,
    pipeline: &Pipeline,
    team: &Team,
    now: DateTime<Utc>,
    known: &BTreeSet<EntryNumber>,
) -> Result<String, StoreError> {
    let today = team.zone.date(now);
    let mut events = Vec::new();
    for number in entries(store, today, known)? {
        if let Some(life) = store.life(number)? {
            events.extend(pipeline.events(&life, &team.name, today));
        }
    }
    // What is to be done comes before what is done with, should there be too many.
    events.sort_by(|left: &Event, right: &Event| order(left).cmp(&order(right)));
    events.truncate(EVENTS_MAX);
    Ok(ical::calendar(&format!("Customs deadlines: {}", team.name), &events))
}

fn order(event: &Event) -> (bool, NaiveDate, EntryNumber, &str) {
    (event.is_cancelled, event.day, event.entry, &event.deadline)
}

fn entries(
    store: &dyn Store,
    today: NaiveDate,
    known: &BTreeSet<EntryNumber>,
) -> Result<BTreeSet<EntryNumber>, StoreError> {
    let until = today.checked_add_days(Days::new(CALENDAR_DAYS.unsigned_abs())).unwrap_or(today);
    let due = store.due_until(until, ENTRIES_MAX)?;
    Ok(due.into_iter().map(|(key, _)| key.entry).chain(known.iter().copied()).collect())
}

/// Brings the file of every team up to date: `<folder>/<team>.ics`. A file whose text stays the same is not touched.
/// Answers how many changed.
///
/// # Errors
/// When the store does not answer or a file cannot be written.
pub fn write(
    store: &dyn Store,
    pipeline: &Pipeline,
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<usize, FeedError> {
    let mut changed = 0;
    for team in pipeline.audience.teams() {
        let path = folder.join(file_name(&team.name));
        let before = read(&path);
        let known = ical::entries_of(before.as_deref().unwrap_or_default());
        let text = calendar(store, pipeline, team, now, &known)?;
        if before.as_deref() != Some(&text) {
            replace(folder, &path, &text).map_err(|source| FeedError::Write { path, source })?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// The name of a team may hold anything; that of a file may not.
fn file_name(team: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("{}.ics", team.chars().map(safe).collect::<String>())
}

fn read(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > FILE_BYTES_MAX { None } else { std::fs::read_to_string(path).ok() }
}

/// Readers see the old file or the new one, never a half.
fn replace(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".calendar-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    // Calendars are for others to read: who may is a matter of the folder.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
