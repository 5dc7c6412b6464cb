//! SX: CBP's immediate answer to a release filing.

use super::resolve::{Carry, Codes, DateAt, EntryAt, Resolver};
use super::scribe::{Draft, Scribe};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{Effect, Kind};

const SE10: Tag = Tag::named(b"SE10");
const SE20: Tag = Tag::named(b"SE20");
const SE90: Tag = Tag::named(b"SE90");

/// Reads SX.
pub struct ReleaseAnswerReader {
    entry: EntryAt,
    /// Of the header; no record of this application bears a date.
    transmission: DateAt,
    action: FieldAt,
    header: Vec<Carry>,
    qualifier: FieldAt,
    reference: FieldAt,
    types: Codes,
    message_type: FieldAt,
    carried: Vec<Carry>,
}

impl ReleaseAnswerReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            entry: resolver.entry("SE10"),
            transmission: resolver.date("A_OUT", "transmission_date"),
            action: resolver.at("SE10", "action"),
            header: resolver.carry_as(
                "SE10",
                &[
                    ("action", "action"),
                    ("entry_type", "entry_type"),
                    ("importer_number", "importer_number"),
                    ("mode_of_transport", "mode_of_transport"),
                    ("bond_type", "bond_type"),
                    ("entered_value", "entered_value"),
                    ("port_of_entry", "planned_port_of_entry"),
                    ("port_of_unlading", "port_of_unlading"),
                ],
            ),
            qualifier: resolver.at("SE20", "qualifier"),
            reference: resolver.at("SE20", "reference"),
            types: resolver.codes("se90-message-types"),
            message_type: resolver.at("SE90", "message_type"),
            carried: resolver.carry("SE90", &["condition_code", "narrative"]),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        scribe.date_by_header(transaction.batch.as_ref(), self.transmission);
        let mut action: &[u8] = b"";
        let mut shared = 0;
        let mut answered: Option<&Record<'a>> = None;
        for record in transaction.records.iter().filter(|record| record.layout.is_some()) {
            match record.tag() {
                SE10 => {
                    scribe.read_entry(record, &self.entry);
                    action = record.field(&self.action);
                    scribe.fields.take(record, &self.header);
                    shared = scribe.fields.mark();
                    answered = Some(record);
                }
                SE90 => {
                    self.answer(record, action, answered, scribe);
                    scribe.fields.back_to(shared);
                }
                tag => {
                    if tag == SE20 && record.field(&self.qualifier) == b"CR" {
                        scribe.fields.push("broker_reference", record.field(&self.reference));
                        shared = scribe.fields.mark();
                    }
                    answered = Some(record);
                }
            }
        }
    }

    fn answer<'a>(
        &'a self,
        record: &Record<'a>,
        action: &[u8],
        answered: Option<&Record<'a>>,
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let mut reading = self.types.read_at(record, &self.message_type);
        scribe.check_known(&reading, record, self.message_type);
        // What was filed before stands when its change is refused, and a cancellation waits for CBP's consent (SO 23).
        let changes_nothing = match reading.effect {
            Effect::FilingAccepted => action == b"D",
            Effect::FilingRejected => matches!(action, b"D" | b"R" | b"U"),
            _ => false,
        };
        if changes_nothing {
            reading.effect = &Effect::Inform;
        }
        scribe.fields.take(record, &self.carried);
        let is_whole = !matches!(record.field(&self.message_type), b"11" | b"13");
        if !is_whole && let Some(answered) = answered {
            scribe.fields.push("record", answered.trimmed());
        }
        scribe.notice(record, &Draft::new(Kind::ReleaseResponse, reading, None));
    }
}
