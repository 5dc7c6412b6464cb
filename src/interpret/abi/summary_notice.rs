//! UC: CBP looks at an entry summary and wants, rejects, cancels or detains something.

use super::agency::{AgencyReader, SO70};
use super::resolve::{Carry, Codes, DateAt, EntryAt, Resolver, Words};
use super::scribe::{Draft, Scribe, date};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, RECORD_WIDTH, Tag};
use crate::notice::{EventTime, Kind};

const E1: Tag = Tag::named(b"E1");
const E2: Tag = Tag::named(b"E2");
const E3: Tag = Tag::named(b"E3");
const E4: Tag = Tag::named(b"E4");

/// The chapter allows 7 remarks of 78 characters; ten times that is taken, the rest stays in the records.
const REMARKS_MAX: usize = 70;

/// So many bytes of remarks need no allocation: what the chapter allows.
const REMARKS_USUAL: usize = 7 * RECORD_WIDTH;

/// The remarks of a notice as one text.
struct Remarks {
    usual: [u8; REMARKS_USUAL],
    len: usize,
    /// Everything, once there is more than usual.
    long: Vec<u8>,
}

impl Remarks {
    fn new() -> Self {
        Self { usual: [0; REMARKS_USUAL], len: 0, long: Vec::new() }
    }

    fn push(&mut self, text: &[u8]) {
        match self.usual.get_mut(self.len..self.len + text.len()) {
            Some(room) if self.long.is_empty() => room.copy_from_slice(text),
            _ => {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.usual[..self.len]);
                }
                self.long.extend_from_slice(text);
            }
        }
        self.len += text.len();
    }

    fn as_slice(&self) -> &[u8] {
        let text = if self.long.is_empty() { &self.usual[..self.len] } else { &self.long };
        text.trim_ascii_end()
    }
}

/// Reads UC.
pub struct SummaryNoticeReader {
    entry: EntryAt,
    disposition: FieldAt,
    action_date: DateAt,
    reason: FieldAt,
    reasons: Words,
    carried: Vec<Carry>,
    shared: Vec<Carry>,
    person: Vec<Carry>,
    remarks: FieldAt,
    quota: Vec<Carry>,
    quota_status: FieldAt,
    quota_statuses: Words,
    dispositions: Codes,
    agency: AgencyReader,
}

impl SummaryNoticeReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            entry: resolver.entry("UC_E1"),
            disposition: resolver.at("UC_E1", "disposition_type"),
            action_date: resolver.date("UC_E1", "action_date"),
            reason: resolver.at("UC_E1", "reason"),
            reasons: resolver.words("uc-reject-reasons"),
            carried: resolver.carry("UC_E1", &["source", "reason", "action_date", "line_id"]),
            shared: resolver.carry("UC_E1", &["broker_reference", "team"]),
            person: resolver.carry("UC_E2", &["cbp_user", "phone", "phone_extension", "action_id"]),
            remarks: resolver.at("UC_E3", "remarks"),
            quota: resolver.carry(
                "UC_E4",
                &[
                    "line_id",
                    "quota_status",
                    "description",
                    "requested_quantity",
                    "requested_unit",
                    "reserved_quantity",
                    "reserved_unit",
                ],
            ),
            quota_status: resolver.at("UC_E4", "quota_status"),
            quota_statuses: resolver.words("uc-quota-status"),
            dispositions: resolver.codes("uc-dispositions"),
            agency: AgencyReader::resolve(resolver),
        }
    }

    pub fn read<'a>(&'a self, transaction: &Transaction<'a>, scribe: &mut Scribe<'_, 'a>) {
        let records = transaction.records;
        let is_notice = |record: &&Record<'_>| record.layout.is_some() && record.tag().cut(2) == E1;
        let shared = match records.iter().find(is_notice) {
            Some(record) => {
                scribe.read_entry(record, &self.entry);
                scribe.fields.take(record, &self.shared);
                let shared = scribe.fields.mark();
                let remarks = self.remarks(records);
                self.notice(record, records, remarks.as_slice(), scribe);
                shared
            }
            None => 0,
        };
        for (index, record) in records.iter().enumerate() {
            if record.tag() == SO70 && record.layout.is_some() {
                scribe.fields.back_to(shared);
                self.agency.read(records, index, scribe);
            }
        }
    }

    fn notice<'a>(
        &'a self,
        record: &Record<'a>,
        records: &[Record<'a>],
        remarks: &[u8],
        scribe: &mut Scribe<'_, 'a>,
    ) {
        let reading = self.dispositions.read_at(record, &self.disposition);
        scribe.check_known(&reading, record, self.disposition);
        scribe.fields.take(record, &self.carried);
        scribe.fields.push_words("reason_meaning", self.reasons.meaning(record.field(&self.reason)));
        for more in records.iter().filter(|record| record.layout.is_some()) {
            match more.tag().cut(2) {
                E2 => scribe.fields.take(more, &self.person),
                E4 => {
                    scribe.fields.take(more, &self.quota);
                    let meaning = self.quota_statuses.meaning(more.field(&self.quota_status));
                    scribe.fields.push_words("quota_status_meaning", meaning);
                }
                _ => {}
            }
        }
        let at = date(record, self.action_date).map(EventTime::date);
        let draft = Draft::new(Kind::SummaryNotice, reading, at);
        scribe.notice_with(record, &draft, "remarks", remarks);
    }

    /// The remarks as one text. A piece that ends within two columns of the record's end was broken by the sender and
    /// goes on in the next one; a shorter piece ended a line.
    fn remarks(&self, records: &[Record<'_>]) -> Remarks {
        let pieces = records.iter().filter(|record| record.layout.is_some() && record.tag().cut(2) == E3);
        let mut text = Remarks::new();
        for record in pieces.take(REMARKS_MAX) {
            let piece = record.raw(self.remarks);
            let piece = piece.trim_ascii_end();
            let width = usize::from(self.remarks.end - self.remarks.start);
            text.push(piece);
            match width - piece.len() {
                0 | 2 => {}
                _ => text.push(b" "),
            }
        }
        text
    }
}
