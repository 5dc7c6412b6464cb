//! Dates of our own for a clock: what may be set.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::entry::life_of;
use crate::deadline::{Class, DeadlineTable, id};
use crate::entry::EntryDeadline;
use crate::ident::EntryNumber;
use crate::store::Store;

/// Characters of a reason, and of a name.
const REASON_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 100;

/// What somebody wants to set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetWish {
    pub entry: EntryNumber,
    /// The deadline's id, or its key where the entry has several of that id.
    pub deadline: String,
    /// `None` takes the date back.
    pub date: Option<NaiveDate>,
    #[serde(default)]
    pub reason: String,
    /// The day on which it is wished: nobody can act on an earlier one.
    #[serde(default)]
    pub on: Option<NaiveDate>,
    /// Take a date behind the legal one.
    #[serde(default)]
    pub even_if_late: bool,
}

/// The clock whose date was set or taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TargetSet {
    /// The clock's key.
    pub deadline: String,
    /// The legal date beside it, where it has one.
    pub legal: Option<NaiveDate>,
}

/// The wish with the key of the one clock that it is about.
///
/// # Errors
/// When the entry has no such clock, it does not run, it is no duty of ours, or the date is behind the legal one.
pub(super) fn checked(
    store: &dyn Store,
    table: &DeadlineTable,
    wish: TargetWish,
    by: &str,
) -> Result<(TargetWish, TargetSet), ApiError> {
    let refuse = |text: String| Err(ApiError::BadRequest(text));
    if by.trim().is_empty() || by.chars().count() > NAME_CHARS_MAX {
        return refuse(format!("a name of 1 to {NAME_CHARS_MAX} characters says who sets a date"));
    }
    if wish.reason.chars().count() > REASON_CHARS_MAX {
        return refuse(format!("a reason has at most {REASON_CHARS_MAX} characters"));
    }
    let life = life_of(store, wish.entry)?;
    let deadlines = life.deadlines(&life.entry(), table);
    let deadline = the_one(&deadlines, &wish)?;
    let key = deadline.key();
    let Some(date) = wish.date else {
        return match life.target_of(&key) {
            Some(_) => {
                let set = TargetSet { deadline: key.clone(), legal: deadline.legal() };
                Ok((TargetWish { deadline: key, ..wish }, set))
            }
            None => refuse(format!("{key} has no date of our own")),
        };
    };
    let class = table.find(&deadline.id).map(|definition| definition.class);
    if let Some(why) = class.and_then(no_duty) {
        return refuse(format!(
            "{key} takes no date of our own: {why}. One belongs to a clock by which we have to act, such as {}",
            id::PROTEST_DUE
        ));
    }
    let Some(legal) = deadline.legal().filter(|_| deadline.may_run()) else {
        let why =
            if deadline.because.is_empty() { deadline.due_text() } else { deadline.because.to_string() };
        return refuse(format!("{key} does not run: {why}"));
    };
    if let Some(today) = wish.on.filter(|today| date < *today) {
        return refuse(format!("{date} is over: today is {today}, and nobody can act on a day that is past"));
    }
    if let Some(starts) = deadline.starts.filter(|starts| date < *starts) {
        return refuse(format!("{key} does not run before {starts}, when it {}", deadline.because));
    }
    if date > legal && !wish.even_if_late {
        return refuse(format!(
            "{date} is behind {legal}, the legal date of {key}; --even-if-late with a reason takes it all the same"
        ));
    }
    if date > legal && wish.reason.trim().is_empty() {
        return refuse(format!("{date} is behind {legal}, the legal date of {key}: a reason must say why"));
    }
    let set = TargetSet { deadline: key.clone(), legal: Some(legal) };
    Ok((TargetWish { deadline: key, ..wish }, set))
}

/// Why nobody can act by a clock of this class.
fn no_duty(class: Class) -> Option<&'static str> {
    match class {
        Class::Duty => None,
        Class::Watch => Some("it runs on Customs or on the law, and an earlier date would move nothing"),
        Class::Keep => {
            Some("it says until when something is kept, and an earlier date would end that too soon")
        }
    }
}

fn the_one<'d>(deadlines: &'d [EntryDeadline], wish: &TargetWish) -> Result<&'d EntryDeadline, ApiError> {
    let named = |deadline: &&EntryDeadline| deadline.is_called(&wish.deadline);
    let found: Vec<&EntryDeadline> = deadlines.iter().filter(named).collect();
    let keys = || deadlines.iter().filter(named).map(EntryDeadline::key).collect::<Vec<_>>().join(", ");
    match found[..] {
        [one] => Ok(one),
        [] => {
            let wanted: String = wish.deadline.chars().take(40).flat_map(char::escape_debug).collect();
            Err(ApiError::NotFound(format!("entry {} has no clock `{wanted}`", wish.entry)))
        }
        _ => Err(ApiError::BadRequest(format!("entry {} has several: name one of {}", wish.entry, keys()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::entry::{Life, Sighting};
    use crate::ident::{BrokerName, Fingerprint};
    use crate::place::Place;
    use crate::step::{Position, Step};
    use crate::store::memory::MemoryStore;

    /// Released on 2 March 2026: the summary is due on the 16th.
    fn store(number: EntryNumber) -> MemoryStore {
        let notice = serde_json::json!({
            "id": "0".repeat(32), "kind": "release_status", "entry": number, "severity": "info", "at": "2026-03-02",
            "effect": {"do": "release", "date": "2026-03-02"},
        });
        let seen = Sighting {
            file: Fingerprint::ZERO,
            place: Place::default(),
            received_at: chrono::DateTime::UNIX_EPOCH,
            broker: BrokerName::new("acme"),
            name: "so.txt".into(),
        };
        let mut life = Life::new(number);
        life.add(Arc::new(serde_json::from_value(notice).expect("a notice")), seen);
        let mut step = Step::at(Position::START);
        step.lives.insert(number, Arc::new(life));
        let store = MemoryStore::new();
        store.commit(&step).expect("memory holds it");
        store
    }

    #[test]
    fn only_dates_up_to_the_legal_one_are_taken() {
        let number = EntryNumber::parse("9Z7-1000001-6").expect("a number");
        let store = store(number);
        let ask = |deadline: &str, date: Option<&str>, reason: &str, even_if_late| {
            let date = date.map(|date| date.parse().expect("a date"));
            let wish = TargetWish {
                entry: number,
                deadline: deadline.into(),
                date,
                reason: reason.into(),
                on: Some("2026-03-03".parse().expect("a date")),
                even_if_late,
            };
            checked(&store, DeadlineTable::embedded(), wish, "jo")
                .map(|(wish, _)| wish.deadline)
                .map_err(|error| error.to_string())
        };
        assert_eq!(ask("es_due", Some("2026-03-12"), "", false), Ok("ES_DUE".to_owned()));
        assert_eq!(ask("ES_DUE", Some("2026-03-16"), "", false), Ok("ES_DUE".to_owned()));
        assert_eq!(ask("ES_DUE", Some("2026-03-20"), "agreed with CBP", true), Ok("ES_DUE".to_owned()));
        let error = ask("ES_DUE", Some("2025-03-12"), "", false).expect_err("a year ago");
        assert!(error.contains("2025-03-12 is over: today is 2026-03-03"), "{error}");
        // The law starts the protest on 2 March 2027.
        let protest = "PROTEST_DUE@liquidation".to_owned();
        assert_eq!(ask("PROTEST_DUE", Some("2027-03-02"), "", false), Ok(protest));
        for (deadline, date, reason, late, part) in [
            ("ES_DUE", Some("2026-03-17"), "because", false, "behind 2026-03-16"),
            ("ES_DUE", Some("2026-03-17"), " ", true, "a reason must say why"),
            ("ES_DUE", None, "", false, "no date of our own"),
            (
                "PROTEST_DUE",
                Some("2026-03-17"),
                "",
                false,
                "does not run before 2027-03-02, when it starts by law",
            ),
            ("LIQ_SCHEDULED_EST", Some("2026-08-17"), "", false, "it runs on Customs or on the law"),
            ("RECORD_RETENTION", Some("2027-03-17"), "", false, "until when something is kept"),
            ("NOPE", Some("2026-03-17"), "", false, "no clock `NOPE`"),
        ] {
            let error = ask(deadline, date, reason, late).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }
}
