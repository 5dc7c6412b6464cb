//! Every other application: recognised, kept, tied to its entry when a record names one, and not read further.

use super::later;
use super::resolve::{EntryAt, Resolver, Words};
use super::scribe::{Draft, Scribe, plain};
use super::sheet::Form;
use crate::decode::abi::{Record, Transaction};
use crate::notice::{Effect, Kind};
use crate::place::{Grade, Severity, finding_code};

/// Field names of the layouts and the names that notices show.
const SHARED: &[(&str, &str)] = &[
    ("port_of_entry", "port_of_entry"),
    ("planned_port_of_entry", "port_of_entry"),
    ("entry_type", "entry_type"),
    ("importer_number", "importer_number"),
    ("broker_reference", "broker_reference"),
    ("action", "action"),
    ("carrier", "carrier"),
    ("vessel_name", "vessel"),
    ("voyage_flight_trip", "voyage"),
    ("center_id", "center"),
    ("team", "team"),
    ("version", "version"),
    ("line_id", "line_id"),
    ("warning_code", "warning_code"),
    ("narrative", "narrative"),
];

/// Reads what any record may say.
pub struct CarriedReader {
    applications: Words,
}

impl CarriedReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self { applications: resolver.words("application-ids") }
    }

    pub fn read<'a>(
        &'a self,
        name: Option<&str>,
        transaction: &Transaction<'a>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let Some(first) = transaction.records.first() else { return };
        let row = name.and_then(|name| self.applications.get(name.as_bytes()));
        let title = transaction.application.map(|application| &*application.title);
        let meaning = row.map(|row| &*row.meaning).or(title);
        match (name, meaning) {
            (Some(name), Some(meaning)) => {
                let message = format!("this release carries {name} ({meaning}) without reading it");
                scribe.finding(finding_code::CARRIED, Grade::Info, scribe.start(), message);
            }
            (Some(name), None) => {
                let message = format!("the application `{}` is not known", name.escape_default());
                scribe.finding(finding_code::UNKNOWN_SET, Grade::Warning, scribe.start(), message);
            }
            // The decoder said that nothing tells the application.
            (None, _) => {}
        }
        let record = transaction.records.iter().find(|record| names_entry(record)).unwrap_or(first);
        if let Some(layout) = record.layout {
            if let Some(&(filer, number)) = layout.entry() {
                scribe.read_entry(record, &EntryAt { filer, number });
            }
            for field in &layout.fields {
                if let Some((_, shown)) = SHARED.iter().find(|(own, _)| **own == *field.name) {
                    scribe.fields.push_unwritten(
                        shown,
                        record.field(&field.at),
                        later::write(Form::of(field)),
                    );
                }
            }
        }
        let mut reading = plain(Severity::Info, &Effect::Inform);
        reading.meaning = meaning;
        scribe.notice(record, &Draft::new(Kind::Carried, reading, None));
    }
}

fn names_entry(record: &Record<'_>) -> bool {
    let at = record.layout.and_then(|layout| layout.entry());
    at.is_some_and(|(filer, number)| !record.field(filer).is_empty() && !record.field(number).is_empty())
}
