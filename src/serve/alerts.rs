//! Alerts that were raised and the letters that carry them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::page::{LOOKED_AT_MAX, Page, READ_AT_ONCE, rows_wanted};
use super::{AlertFilter, ApiError, LetterState, mask::masked};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{self, Alert, AlertKey, Cause, Course, Event, Happened, Heed, Letter, LetterKey, Task};
use crate::place::Severity;
use crate::store::{Store, StoreError};
use crate::words::count;

/// An alert in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AlertRow {
    pub key: AlertKey,
    pub rule: String,
    pub title: String,
    pub severity: Severity,
    pub raised_at: DateTime<Utc>,
    pub entry: Option<EntryNumber>,
    pub broker: Option<BrokerName>,
    /// What happened, in one line.
    pub what: String,
    pub next_step: String,
    /// `open`, `acknowledged`, `over`, `hidden`.
    #[serde(default)]
    pub state: String,
}

/// A letter in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LetterRow {
    pub key: LetterKey,
    pub recipient: String,
    /// `letter`, `digest of 2026-03-03`, `summary (over the cap of letters)`, `reminder 2`, `escalation 1`, `it is over`.
    #[serde(default)]
    pub what: String,
    pub entry: Option<EntryNumber>,
    pub severity: Severity,
    /// How many alerts it carries.
    pub alerts: u64,
    pub created_at: DateTime<Utc>,
    /// `waiting`, `sent`, `given_up`.
    pub state: String,
    /// Attempts so far, or since a person had it tried again.
    pub attempt: u32,
    /// Attempts before that.
    #[serde(default, skip_serializing_if = "is_none")]
    pub attempts_before: u32,
    /// When it was given up, the last time when it was more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<DateTime<Utc>>,
    pub next_try_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

pub(super) fn alerts(
    store: &dyn Store,
    filter: &AlertFilter,
    mut after: Option<AlertKey>,
    limit: Option<usize>,
) -> Result<Page<AlertRow, AlertKey>, StoreError> {
    let wanted = rows_wanted(limit);
    let (mut rows, mut looked_at) = (Vec::new(), 0);
    loop {
        let read = store.alerts(after.as_ref(), READ_AT_ONCE)?;
        let is_last = read.len() < READ_AT_ONCE;
        for alert in read {
            after = Some(alert.key.clone());
            looked_at += 1;
            if passes(&alert, filter) {
                let course = store.course(&alert.key)?.unwrap_or_default();
                rows.push(AlertRow { state: course.state().to_owned(), ..alert_row(alert) });
            }
            if rows.len() >= wanted || looked_at >= LOOKED_AT_MAX {
                return Ok(Page { rows, next: after });
            }
        }
        if is_last {
            return Ok(Page { rows, next: None });
        }
    }
}

fn passes(alert: &Alert, filter: &AlertFilter) -> bool {
    filter.entry.is_none_or(|wanted| alert.entry.as_ref().is_some_and(|entry| entry.number == wanted))
        && filter.severity.is_none_or(|least| alert.severity >= least)
        && filter.rule.as_ref().is_none_or(|rule| **rule == *alert.rule)
}

fn alert_row(alert: Alert) -> AlertRow {
    AlertRow {
        what: masked(&what(&alert.cause)).into_owned(),
        broker: alert.broker().cloned(),
        key: alert.key,
        rule: alert.rule.into(),
        title: alert.title.into(),
        severity: alert.severity,
        raised_at: alert.raised_at,
        entry: alert.entry.as_ref().map(|entry| entry.number),
        next_step: alert.next_step.into(),
        state: String::new(),
    }
}

/// What happened, in one line.
pub(super) fn what(cause: &Cause) -> String {
    match cause {
        Cause::Notice(notice) => match (notice.code, notice.meaning.as_deref()) {
            (Some(code), meaning) => format!("{code} {}", meaning.unwrap_or("no table knows this code")),
            (None, Some(meaning)) => meaning.to_owned(),
            (None, None) => notice.kind.as_str().to_owned(),
        },
        Cause::Deadline(brief) => {
            let (name, target) = (&brief.name, brief.deadline.target_on(brief.on));
            let is_ours = target.is_some() && target != brief.deadline.legal();
            let target = target.map_or_else(|| brief.deadline.due_text(), |date| date.to_string());
            let target = if is_ours { format!("our target {target}") } else { target };
            match brief.days_left {
                left if left < 0 => format!("{name}: was {target}, {} ago", count(-left, "day")),
                left => format!("{name}: {target}, {} left", count(left, "day")),
            }
        }
        Cause::Trouble(trouble) => format!("{}: {}", trouble.subject, trouble.message),
    }
}

/// So many alerts can be asked about at once.
pub const TOLD_MAX: usize = 200;

/// So many letters are looked through for those that carry an alert, the newest of each state first.
const TOLD_LETTERS_MAX: usize = 20_000;

/// What became of an alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToldRow {
    pub alert: AlertKey,
    /// `None` when there is no such alert.
    pub raised_at: Option<DateTime<Utc>>,
    /// The letters that carry it.
    pub letters: Vec<LetterRow>,
    /// Recipients in whose next digest it will stand.
    pub waits_for: Vec<String>,
    /// `open`, `acknowledged`, `over`, `hidden`.
    #[serde(default)]
    pub state: String,
    /// What became of it, besides its letters.
    #[serde(default)]
    pub events: Vec<ToldEvent>,
    /// What is to happen to it, unless somebody or something changes that.
    #[serde(default)]
    pub planned: Vec<ToldEvent>,
}

/// One thing that happened to an alert, in plain words.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToldEvent {
    pub at: DateTime<Utc>,
    pub text: String,
    /// Until when it waits.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// The day on which an acknowledgement ends; of what is planned, the day that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_until: Option<NaiveDate>,
}

impl From<Event> for ToldEvent {
    fn from(event: Event) -> Self {
        let until = match &event.what {
            Happened::HeldBack { until, .. } | Happened::Silenced { until, .. } => Some(*until),
            _ => None,
        };
        let acknowledged_until = match &event.what {
            Happened::Acknowledged { until, .. } => Some(*until),
            _ => None,
        };
        Self { at: event.at, text: event.what.to_string(), until, acknowledged_until }
    }
}

pub(super) fn told(store: &dyn Store, keys: &[AlertKey]) -> Result<Vec<ToldRow>, ApiError> {
    if keys.len() > TOLD_MAX {
        return Err(ApiError::BadRequest(format!("more than {TOLD_MAX} alerts at once")));
    }
    let (mut rows, mut courses) = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
    for key in keys {
        let raised_at = store.alert(key)?.map(|alert| alert.raised_at);
        let course = store.course(key)?.unwrap_or_default();
        rows.push(ToldRow {
            alert: key.clone(),
            raised_at,
            letters: Vec::new(),
            waits_for: Vec::new(),
            state: course.state().to_owned(),
            events: course.events.iter().cloned().map(ToldEvent::from).collect(),
            planned: Vec::new(),
        });
        courses.push(course);
    }
    plan(store, &courses, &mut rows)?;
    for letter in store.letters(outbox_filter(), TOLD_LETTERS_MAX)? {
        for row in rows.iter_mut().filter(|row| letter.alerts.contains(&row.alert)) {
            row.letters.push(letter_row(letter.clone()));
        }
    }
    for waiting in store.digest(None, TOLD_LETTERS_MAX)? {
        for row in rows.iter_mut().filter(|row| row.alert == waiting.alert) {
            row.waits_for.push(waiting.recipient.to_string());
        }
    }
    // A routine alert is kept as its key in a digest or a letter; its notice tells when.
    for row in &mut rows {
        let is_told = !row.letters.is_empty() || !row.waits_for.is_empty();
        if row.raised_at.is_none()
            && is_told
            && let Some((_, number, id)) = row.alert.of_notice()
            && let Some(life) = store.life(number)?
        {
            row.raised_at = life.get(id).map(|held| held.seen.received_at);
        }
    }
    Ok(rows)
}

/// What the agenda has for each alert. Tasks that an answer or an end made void are left out.
fn plan(store: &dyn Store, courses: &[Course], rows: &mut [ToldRow]) -> Result<(), StoreError> {
    for task in store.agenda_until(DateTime::<Utc>::MAX_UTC, TOLD_LETTERS_MAX)? {
        let at = task.at;
        let Some(task) = task.task() else { continue };
        let Some(row) = rows.iter().position(|row| task.alert() == Some(&row.alert)) else { continue };
        let (row, course) = (&mut rows[row], &courses[row]);
        let text = match &task {
            Task::Tell { recipient, wait, word, .. } if course.heed(*word) == Heed::Say => {
                format!("{recipient} is told what was {}", wait.held_back())
            }
            Task::Remind { epoch, .. } if *epoch == course.epoch && !course.is_quiet() => {
                if course.said == 0 { "said for the first time".to_owned() } else { "said again".to_owned() }
            }
            Task::Escalate { epoch, level, .. } if *epoch == course.epoch && !course.is_quiet() => {
                format!("escalation {level}, unless somebody acknowledges it")
            }
            Task::Reopen { epoch, .. } if course.may_open(*epoch) => match &course.ack {
                Some(_) => "the acknowledgement ends, and it is said again".to_owned(),
                None => "the silence ends, and it is said again".to_owned(),
            },
            _ => continue,
        };
        let ack = course.ack.as_ref().filter(|_| matches!(task, Task::Reopen { .. }));
        row.planned.push(ToldEvent { at, text, until: None, acknowledged_until: ack.map(|ack| ack.until) });
    }
    Ok(())
}

fn outbox_filter() -> crate::store::LetterFilter {
    LetterState::All.into()
}

pub(super) fn letters(
    store: &dyn Store,
    state: LetterState,
    limit: Option<usize>,
) -> Result<Page<LetterRow, LetterKey>, StoreError> {
    let letters = store.letters(state.into(), rows_wanted(limit))?;
    Ok(Page { rows: letters.into_iter().map(letter_row).collect(), next: None })
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

fn letter_row(letter: Letter) -> LetterRow {
    let mut row = LetterRow {
        key: letter.key,
        recipient: letter.recipient.into(),
        what: letter.kind.to_string(),
        entry: letter.entry,
        severity: letter.severity,
        alerts: letter.alerts.len() as u64,
        created_at: letter.created_at,
        state: String::new(),
        attempt: 0,
        attempts_before: letter.past.attempts,
        given_up_at: letter.past.given_up.map(|past| past.at),
        next_try_at: None,
        sent_at: None,
        error: None,
    };
    match letter.state {
        outbox::LetterState::Waiting { attempt, next_try_at, last_error, .. } => {
            row.state = "waiting".to_owned();
            (row.attempt, row.next_try_at) = (attempt, Some(next_try_at));
            row.error = last_error.map(Into::into);
        }
        outbox::LetterState::Sent { at, attempt } => {
            row.state = "sent".to_owned();
            (row.attempt, row.sent_at) = (attempt, Some(at));
        }
        outbox::LetterState::GivenUp { at, attempt, error, .. } => {
            row.state = "given_up".to_owned();
            (row.attempt, row.given_up_at) = (attempt, Some(at));
            row.error = Some(error.into());
        }
        outbox::LetterState::Withdrawn { attempt, reason, .. } => {
            row.state = "withdrawn".to_owned();
            row.attempt = attempt;
            row.error = Some(reason.into());
        }
    }
    row
}
