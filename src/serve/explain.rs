//! Where an entry's dates come from: the facts, the notices that state them, and the arithmetic.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::entry::life_of;
use super::unheard::{UnheardView, unheard};
use crate::deadline::{Computed, Confidence, DeadlineTable, dash};
use crate::entry::{ClockMove, InternalTarget, Life, Provenance, StateOn};
use crate::ident::{EntryNumber, Fingerprint};
use crate::notice::{EventTime, Kind, Token};
use crate::place::Place;
use crate::store::Store;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExplainView {
    pub entry: EntryNumber,
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_type: Option<Token>,
    pub deadlines: Vec<Explained>,
    /// What should be said of it, and was not so far; left out where one clock was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unheard: Vec<UnheardView>,
}

/// One clock, explained.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Explained {
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    pub name: String,
    /// A date, or `NONE OPEN BLOCKED INELIGIBLE INVALID unknown`.
    pub due: String,
    #[serde(with = "dash")]
    pub act_by: Option<NaiveDate>,
    /// As of the day that was asked for.
    pub state: StateOn,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    pub basis: String,
    pub facts: Vec<FactView>,
    /// Blank when nothing could be computed.
    pub rule: String,
    pub valid_from: Option<NaiveDate>,
    pub steps: Vec<String>,
    pub warnings: Vec<String>,
    pub confidence: Option<Confidence>,
    /// Why this date is less sure than its rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// What the table says about the rule, and about how sure it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What ends the clock.
    pub closed_by: String,
    /// Why there is no date: the fact that has not come yet.
    pub missing: Option<String>,
    /// Which table and calendar the dates were computed with.
    #[serde(default)]
    pub table: String,
    /// The date that a person has set, with author and reason.
    #[serde(default)]
    pub target: Option<InternalTarget>,
    /// How the clock moved since the entry is known, the oldest first.
    #[serde(default)]
    pub moves: Vec<ClockMove>,
}

/// A fact that went in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FactView {
    pub input: String,
    pub value: String,
    /// Where it comes from, in words.
    pub source: String,
    /// The notice that states it; `None` when it follows from the state of the entry.
    pub notice: Option<SourceView>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SourceView {
    pub kind: Kind,
    pub code: Option<Token>,
    pub meaning: Option<String>,
    pub at: Option<EventTime>,
    pub file: String,
    /// SHA-256 of the file, as the archive has it.
    pub fingerprint: Fingerprint,
    pub place: Place,
    pub received_at: DateTime<Utc>,
}

pub(super) fn answer(
    store: &dyn Store,
    table: &DeadlineTable,
    (number, deadline): (EntryNumber, Option<&str>),
    on: NaiveDate,
) -> Result<ExplainView, ApiError> {
    let life = life_of(store, number)?;
    let view = explain_view(&life, table, deadline, on);
    if view.deadlines.is_empty() {
        let all = explain_view(&life, table, None, on);
        let known: Vec<String> = all.deadlines.iter().map(|clock| key(&clock.id, &clock.instance)).collect();
        let wanted: String =
            deadline.unwrap_or_default().chars().take(40).flat_map(char::escape_debug).collect();
        let known = known.join(", ");
        return Err(ApiError::NotFound(format!("entry {number} has no clock `{wanted}`; it has {known}")));
    }
    Ok(view)
}

fn key(id: &str, instance: &str) -> String {
    if instance.is_empty() { id.to_owned() } else { format!("{id}@{instance}") }
}

/// The clocks of an entry with their arithmetic; those with this id or key only, when one is given.
pub fn explain_view(life: &Life, table: &DeadlineTable, wanted: Option<&str>, on: NaiveDate) -> ExplainView {
    let entry = life.entry();
    let mut deadlines = Vec::new();
    for clock in entry.clocks(table) {
        let computed = clock.explain(table);
        let facts = clock.deciding(&entry, table);
        let Some(deadline) = clock.deadline(table) else { continue };
        if wanted.is_some_and(|text| !deadline.is_called(text)) {
            continue;
        }
        let (computed, missing) = match computed {
            Ok(computed) => (Some(computed), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let definition = table.find(&deadline.id);
        let part = |of: fn(&Computed) -> &Vec<String>| computed.as_ref().map(of).cloned().unwrap_or_default();
        let key = deadline.key();
        let (state, because) = deadline.state_on(on);
        deadlines.push(Explained {
            table: table.version().to_owned(),
            target: life.target_of(&key).cloned(),
            moves: life.moves_of(&key).cloned().collect(),
            name: definition.map(|found| found.name.clone()).unwrap_or_default(),
            note: definition.map(|found| found.note.clone()).unwrap_or_default(),
            closed_by: definition.map(|found| found.closed_by.clone()).unwrap_or_default(),
            due: deadline.due_text(),
            id: deadline.id.into(),
            instance: deadline.instance.into(),
            act_by: deadline.act_by,
            state,
            because,
            basis: deadline.basis.into(),
            facts: facts.iter().map(|fact| fact_view(fact, life)).collect(),
            rule: computed.as_ref().map(|computed| computed.rule.clone()).unwrap_or_default(),
            valid_from: computed.as_ref().and_then(|computed| computed.valid_from),
            steps: part(|computed| &computed.steps),
            warnings: part(|computed| &computed.warnings),
            doubts: part(|computed| &computed.doubts),
            confidence: computed.as_ref().map(|computed| computed.confidence),
            missing,
        });
    }
    let unheard = match wanted {
        None => unheard(&entry, table, &life.deadlines(&entry, table)),
        Some(_) => Vec::new(),
    };
    let (status, entry_type) = (entry.status().as_str().to_owned(), entry.entry_type);
    ExplainView { entry: entry.number, status, entry_type, deadlines, unheard }
}

fn fact_view(fact: &Provenance, life: &Life) -> FactView {
    let held = fact.notice.and_then(|id| life.get(id));
    FactView {
        input: fact.input.to_string(),
        value: fact.value.to_string(),
        source: fact.source.to_string(),
        notice: held.map(|held| SourceView {
            kind: held.notice.kind,
            code: held.notice.code,
            meaning: held.notice.meaning.as_deref().map(str::to_owned),
            at: held.notice.at,
            file: held.seen.name.to_string(),
            fingerprint: held.seen.file,
            place: held.seen.place,
            received_at: held.seen.received_at,
        }),
    }
}
