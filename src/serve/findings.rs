//! What is odd about an entry: dates that contradict each other, codes that no table knows.

use chrono::NaiveDate;

use super::entry::EntryFinding;
use crate::entry::{Entry, Life, Sighting, impossible_entry_date};
use crate::notice::{Effect, UNREADABLE};
use crate::place::{Grade, finding_code};

/// Messages contradict each other; `seen` is where one of them stands.
fn contradiction(seen: Option<&Sighting>, message: String) -> EntryFinding {
    EntryFinding {
        code: finding_code::CONTRADICTION.to_owned(),
        severity: Grade::Warning,
        file: seen.map(|seen| seen.name.to_string()),
        place: seen.map(|seen| seen.place),
        message,
    }
}

fn joined(dates: impl Iterator<Item = NaiveDate>) -> String {
    dates.map(|date| date.to_string()).collect::<Vec<_>>().join(" and ")
}

/// Releases of different dates, of which Customs did not say that the date changed.
fn releases_finding(entry: &Entry, life: &Life) -> Option<EntryFinding> {
    let releases = entry.doubtful_releases();
    let seen = life.get(releases.last()?.notice).map(|held| &held.seen);
    let dates = joined(releases.iter().map(|dated| dated.date));
    let message = format!(
        "releases of {dates} were told; the earliest counts until Customs says that the date changed"
    );
    Some(contradiction(seen, message))
}

/// Dates of entry that differ.
fn entry_dates_finding(entry: &Entry, life: &Life) -> Option<EntryFinding> {
    let told = entry.doubtful_entry_dates();
    let counts = entry.entry_date().filter(|_| !told.is_empty())?.date;
    let other = told.iter().rev().find(|dated| dated.date != counts);
    let seen = other.and_then(|dated| life.get(dated.notice)).map(|held| &held.seen);
    let dates = joined(told.iter().map(|dated| dated.date));
    let message =
        format!("dates of entry of {dates} were told; the earliest that can be true counts: {counts}");
    Some(contradiction(seen, message))
}

/// Days of one denial that differ.
fn denials_findings(entry: &Entry, life: &Life) -> Vec<EntryFinding> {
    let doubtful = entry.doubtful_denials().into_iter();
    let told = doubtful.map(|(number, dates)| {
        let seen = dates.last().and_then(|dated| life.get(dated.notice)).map(|held| &held.seen);
        let days = joined(dates.iter().map(|dated| dated.date));
        let message = format!(
            "denials of the protest {number} of {days} were told; the time for a summons counts from the first of them"
        );
        contradiction(seen, message)
    });
    told.collect()
}

/// Facts and bills that were told twice under one number, for different days.
fn told_twice_findings(entry: &Entry, life: &Life) -> Vec<EntryFinding> {
    let facts = entry.doubtful_facts().into_iter().map(|(first, later)| {
        let seen = life.get(later.notice).map(|held| &held.seen);
        let dates = joined([first, later].iter().filter_map(|fact| fact.date()));
        let what = first.fact.as_str().replace('_', " ");
        let message = format!(
            "{what} {} was recorded for {dates}; the earlier counts until one is withdrawn, or recorded with `replaces`",
            first.instance
        );
        contradiction(seen, message)
    });
    let bills = entry.customs_bills.values().filter_map(|state| {
        let (first, last) = state.first.zip(state.bill.date).filter(|(first, last)| first.date != *last)?;
        let seen = life.get(state.notice).map(|held| &held.seen);
        let dates = joined([first.date, last].into_iter());
        let message = format!("bill {} of {dates} was told; the earlier date counts", state.bill.number);
        Some(contradiction(seen, message))
    });
    facts.chain(bills).collect()
}

/// Dates of liquidation before the entry itself.
fn misread_finding(entry: &Entry, life: &Life) -> Option<EntryFinding> {
    let misread = entry.misread_liquidations();
    let seen = misread.iter().find_map(|told| life.get(told.notice?)).map(|held| &held.seen);
    let dates = joined(misread.iter().map(|told| told.date));
    let message = format!(
        "a liquidation of {dates} was told, which lies before the entry itself and cannot be: look the date up on the bulletin \
         and record it"
    );
    (!misread.is_empty()).then(|| contradiction(seen, message))
}

/// Dates that cannot be true: of entry, and liquidations whose date could not be taken from the message.
fn impossible_findings<'l>(entry: &Entry, life: &'l Life) -> impl Iterator<Item = EntryFinding> + use<'l> {
    let is_known = !entry.liquidation_dates().is_empty();
    life.timeline().into_iter().filter_map(move |held| {
        let message = match (&held.notice.effect, impossible_entry_date(&held.notice)) {
            (Effect::Liquidated(told), _) if told.date.is_none() && !is_known => {
                "a liquidation was told whose date cannot be read or cannot be true, so that no time to protest runs: look the date \
                 up on the bulletin and record it"
                    .to_owned()
            }
            (_, Some(date)) => format!("the date of entry {date} cannot be true and does not count"),
            _ => return None,
        };
        Some(EntryFinding {
            code: finding_code::IMPOSSIBLE_DATE.to_owned(),
            severity: Grade::Warning,
            file: Some(held.seen.name.to_string()),
            place: Some(held.seen.place),
            message,
        })
    })
}

/// Amounts that a notice states and nobody could read.
fn unreadable_findings(life: &Life) -> impl Iterator<Item = EntryFinding> + use<'_> {
    life.timeline().into_iter().filter_map(|held| {
        let names = held.notice.fields.iter().filter(|(name, _)| *name == UNREADABLE);
        let names: Vec<String> = names.map(|(_, name)| format!("`{name}`")).collect();
        let message = format!(
            "{} of this {} could not be read: sums and differences with it are not known",
            names.join(", "),
            held.notice.kind.as_str()
        );
        (!names.is_empty()).then(|| EntryFinding {
            code: finding_code::BAD_NUMBER.to_owned(),
            severity: Grade::Warning,
            file: Some(held.seen.name.to_string()),
            place: Some(held.seen.place),
            message,
        })
    })
}

/// Everything of the entry that somebody should look at.
pub(super) fn findings(entry: &Entry, life: &Life) -> Vec<EntryFinding> {
    let mut findings = Vec::new();
    if entry.check_digit_offset != 0 {
        findings.push(EntryFinding {
            code: finding_code::CHECK_DIGIT.to_owned(),
            severity: Grade::Warning,
            file: None,
            place: None,
            message: format!(
                "the check digit is {} above the computed one; some filers have an offset, else a digit is wrong",
                entry.check_digit_offset
            ),
        });
    }
    for held in life.timeline() {
        let Effect::Unknown = held.notice.effect else { continue };
        let code = held.notice.code.map(|code| code.to_string()).unwrap_or_default();
        findings.push(EntryFinding {
            code: finding_code::UNKNOWN_CODE.to_owned(),
            severity: Grade::Warning,
            file: Some(held.seen.name.to_string()),
            place: Some(held.seen.place),
            message: format!("no table knows the code `{code}` of this {}", held.notice.kind.as_str()),
        });
    }
    findings.extend(releases_finding(entry, life));
    findings.extend(entry_dates_finding(entry, life));
    findings.extend(misread_finding(entry, life));
    findings.extend(denials_findings(entry, life));
    findings.extend(told_twice_findings(entry, life));
    findings.extend(impossible_findings(entry, life));
    findings.extend(unreadable_findings(life));
    for found in entry.contradictions() {
        let seen = life.get(found.notice).map(|held| &held.seen);
        findings.push(contradiction(seen, found.text()));
    }
    if life.notices.len() >= Life::NOTICES_MAX {
        findings.push(EntryFinding {
            code: "full".to_owned(),
            severity: Grade::Error,
            file: None,
            place: None,
            message: format!("it has {} notices; later ones are in the archive only", Life::NOTICES_MAX),
        });
    }
    findings
}
