//! Which request an answer is to, where only its records tell: AX answers a summary, TX a request about a temporary importation. Both are
//! `E0` and `E1`, and differ in columns that TX leaves blank.

use super::{Context, Pass};
use crate::grammar::abi::{Application, Described, FieldAt, RECORD_WIDTH, Tag};
use crate::place::{Grade, Place, finding_code};

const E0: Tag = Tag::named(b"E0");
const E1: Tag = Tag::named(b"E1");

impl<'p, 'g: 'p> Pass<'p, 'g> {
    /// Settles the collected answer; one that does not tell goes by the answer before it, with a finding.
    pub(super) fn settle_answer(&mut self, collected: &'g Application) {
        let Some(first) = self.records.first().map(|record| record.place) else { return };
        let told = self.answers_tib();
        let is_tib = told.unwrap_or(self.work.answers_tib || &*collected.id == "TX");
        let id = if is_tib { "TX" } else { "AX" };
        if told.is_none() {
            self.note_untold(id, first);
        }
        if is_tib != self.work.answers_tib {
            self.work.answers_tib = is_tib;
            self.changed = true;
        }
        let Some(application) = self.grammar.abi.application(id.as_bytes()) else { return };
        if *application.id == *collected.id {
            return;
        }
        let abi = &self.grammar.abi;
        // One that the end of the file cut off has no layout in either.
        for record in self.records.iter_mut().filter(|record| record.layout.is_some()) {
            record.layout = match abi.describe(application, record.bytes) {
                Described::Layout { layout, .. } => Some(layout),
                _ => None,
            };
        }
        self.work.context = Context::Described(application);
        self.changed = true;
    }

    /// AX accepts a summary with the five digits of its version, and a deletion with that word; TX never has a version.
    /// `None` when nothing that differs stands in the records, as in most rejections.
    fn answers_tib(&self) -> Option<bool> {
        let fields = self.fields;
        // Behind the entry number AX has the broker's reference and the team.
        let more = FieldAt::new(fields.request_number.end, RECORD_WIDTH as u8);
        let mut accepts_nameless = false;
        for record in &self.records {
            let bytes = record.bytes;
            let is_summary = match record.tag().cut(2) {
                E0 => match fields.reference_type.of(bytes) {
                    b"SUMMRY" => !more.of(bytes).is_empty(),
                    b"BLOCK" => false,
                    _ => true,
                },
                E1 => {
                    let is_final = fields.disposition.of(bytes) == b"A";
                    let is_deletion = is_final && says_deleted(fields.narrative.of(bytes));
                    let has_version = !fields.version.of(bytes).is_empty();
                    accepts_nameless |= is_final && !has_version && !is_deletion;
                    has_version || is_deletion || !fields.internal_reason.of(bytes).is_empty()
                }
                _ => false,
            };
            if is_summary {
                return Some(false);
            }
        }
        accepts_nameless.then_some(true)
    }

    #[cold]
    fn note_untold(&mut self, id: &str, place: Place) {
        let message = format!(
            "neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary \
             importation (TX); it is read as {id}"
        );
        self.findings.push(finding_code::ENVELOPE, Grade::Warning, place, message);
    }
}

fn says_deleted(narrative: &[u8]) -> bool {
    narrative.split(|byte| *byte == b' ').any(|word| word.eq_ignore_ascii_case(b"DELETED"))
}
