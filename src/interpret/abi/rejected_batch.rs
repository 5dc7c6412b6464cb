//! X0 and X1: CBP refused a whole batch, and nothing in it was filed.

use super::resolve::{Carry, Codes, Resolver};
use super::scribe::{Draft, Scribe};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::Kind;
use crate::place::{Grade, finding_code};

const X0: Tag = Tag::named(b"X0");
const X1: Tag = Tag::named(b"X1");

/// Reads the generated block of a rejected batch.
pub struct RejectedBatchReader {
    reference: Vec<Carry>,
    condition: FieldAt,
    disposition: FieldAt,
    narrative: FieldAt,
    carried: Vec<Carry>,
    conditions: Codes,
}

impl RejectedBatchReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            reference: resolver.carry("X0", &["reference_type", "occurrence", "reference_text"]),
            condition: resolver.at("X1", "condition_code"),
            disposition: resolver.at("X1", "disposition"),
            narrative: resolver.at("X1", "narrative"),
            carried: resolver.carry("X1", &["disposition", "severity", "internal_reason", "narrative"]),
            conditions: resolver.codes("envelope-conditions"),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        for (index, record) in transaction.records.iter().enumerate() {
            if record.layout.is_none() {
                continue;
            }
            match record.tag().cut(2) {
                X0 => {
                    scribe.fields.back_to(0);
                    scribe.fields.take(record, &self.reference);
                }
                X1 => {
                    let before = &transaction.records[..index];
                    self.condition(record, before, scribe);
                }
                _ => {}
            }
        }
    }

    fn condition<'a>(&'a self, record: &Record<'a>, before: &[Record<'a>], scribe: &mut Scribe<'_, 'a>) {
        let reading = self.conditions.read(record.field(&self.condition));
        scribe.check_known(&reading, record, self.condition);
        let is_final = !record.field(&self.disposition).is_empty();
        if is_final {
            scribe.fields.back_to(0);
        }
        let mark = scribe.fields.mark();
        scribe.fields.take(record, &self.carried);
        if is_final {
            let message = "CBP rejected the batch; nothing in it was filed";
            scribe.finding(finding_code::BATCH_REJECTED, Grade::Warning, record.place, message);
            let conditions =
                before.iter().filter(|record| record.layout.is_some() && record.tag().cut(2) == X1);
            for condition in conditions {
                scribe.fields.push("condition", condition.field(&self.condition));
                scribe.fields.push("condition_text", condition.field(&self.narrative));
            }
        }
        scribe.notice(record, &Draft::new(Kind::BatchRejected, reading, None));
        scribe.fields.back_to(mark);
    }
}
