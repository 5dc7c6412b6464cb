//! A received file: decoded, interpreted, tied to entries, looked at by the rules.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::faults::FileFaults;
use super::letters::Sorted;
use super::untold_money::tells_money;
use super::{ApplyError, CHUNK_NOTICES, Group, Mailing, Moment, Overflow, Pipeline, View, statements, ties};
use crate::decode::{self, Message};
use crate::entry::{self, Added, Held, Life, Membership, Sighting, Unmatched};
use crate::ident::{BillOfLading, BrokerName, DropName, EntryNumber, Fingerprint};
use crate::interpret::{NoticeIds, NoticeSink};
use crate::notice::{Notice, NoticeRef};
use crate::place::{Finding, Grade, Place, finding_code};
use crate::step::{BillRecord, InputRecord, QuarantineKey, Quarantined};

/// Pieces of one file that are quarantined one by one; what is beyond is in the finding counts only.
const QUARANTINE_PIECES_MAX: u32 = 1_000;

/// The longest source line that an alert quotes, in bytes.
const SOURCE_BYTES_MAX: usize = 400;

/// A file as the journal's line tells of it.
#[derive(Clone, Debug)]
pub struct ReceivedFile {
    pub drop: DropName,
    pub broker: BrokerName,
    pub name: Arc<str>,
    pub size_bytes: u64,
    pub file: Fingerprint,
    /// It was taken without its trailer, after waiting for it.
    pub incomplete: bool,
    /// Read it although its content is known.
    pub again: bool,
}

/// What a file held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    pub duplicate: bool,
    pub messages: u64,
    pub notices: u64,
    /// Notices that were not known before.
    pub fresh: u64,
    pub errors: u64,
    pub warnings: u64,
}

/// A notice that was not known before, with the line it stood in.
pub(super) struct Fresh {
    pub notice: Arc<Notice>,
    pub source: Box<str>,
    pub seen: Sighting,
}

/// An entry that the file says something about.
pub(super) struct Touched {
    pub life: Life,
    /// How many notices it had before.
    pub before: usize,
    pub fresh: Vec<Fresh>,
    /// What its statements counted from before, when that is another entry now.
    pub counted: Option<Vec<Membership>>,
}

/// Collects a chunk of the file's notices.
struct Work<'g, 'v, V: View> {
    group: &'g mut Group<'v, V>,
    file: &'g ReceivedFile,
    received_at: DateTime<Utc>,
    touched: BTreeMap<EntryNumber, Touched>,
    /// Notices that no entry owns.
    ownerless: Vec<Fresh>,
    pending: usize,
    totals: Received,
    findings: Vec<Finding>,
    error_pieces: u32,
    faults: FileFaults,
    /// Something in it is in no table.
    is_unread: bool,
    /// Something in it is about the money of a summary.
    tells_money: bool,
    /// Keys under which receipts for the message at hand wait.
    filed_as: Vec<BillOfLading>,
}

impl Pipeline {
    /// Applies one received file.
    pub fn receive<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        file: &ReceivedFile,
        content: &mut dyn Read,
        overflow: Overflow<'_, V::Error>,
    ) -> Result<Received, ApplyError<V::Error>> {
        if let Some(mut record) = group.input(file.file).map_err(ApplyError::View)? {
            if !file.again {
                record.duplicates = record.duplicates.saturating_add(1);
                group.put_input(file.file, record);
                return Ok(Received { duplicate: true, ..Received::default() });
            }
            group.clear_quarantine(file.file).map_err(ApplyError::View)?;
        }
        let mut work = Work::new(group, file, moment.at);
        let mut failed: Option<V::Error> = None;
        let mut sink = |message: &Message<'_>| {
            if failed.is_some() {
                return;
            }
            let mut noted = work.message(self, message);
            if noted.is_ok() && work.pending >= CHUNK_NOTICES {
                noted = self.settle(&mut work, moment).and_then(|()| overflow(work.group.take()));
            }
            failed = noted.err();
        };
        let columns = self.interpreter.columns_of(file.broker.as_str());
        decode::decode_reader_for(content, self.interpreter.grammar(), columns, &mut sink)
            .map_err(ApplyError::Content)?;
        if let Some(error) = failed {
            return Err(ApplyError::View(error));
        }
        self.settle(&mut work, moment).map_err(ApplyError::View)?;
        self.close(work, moment).map_err(ApplyError::View)
    }

    /// Lets the rules look at what a chunk changed.
    fn settle<V: View>(&self, work: &mut Work<'_, '_, V>, moment: Moment) -> Result<(), V::Error> {
        work.pending = 0;
        let mut sorted = Sorted::default();
        let mut all = std::mem::take(&mut work.touched);
        let others = statements::settle(work.group, &mut all)?;
        for (_, touched) in all {
            self.settle_entry(work.group, moment, &work.file.broker, touched, &mut sorted)?;
        }
        self.tell_others(work.group, moment, others, &mut sorted)?;
        for fresh in std::mem::take(&mut work.ownerless) {
            self.raise_ownerless(work.group, moment, &work.file.broker, &fresh, &mut sorted)?;
        }
        self.post_all(work.group, moment, sorted)
    }

    /// Records the input and what was wrong with it.
    fn close<V: View>(&self, work: Work<'_, '_, V>, moment: Moment) -> Result<Received, V::Error> {
        let Work { group, file, totals, mut findings, faults, received_at, is_unread, tells_money, .. } =
            work;
        if is_unread || file.again {
            let tables = is_unread.then(|| self.interpreter.grammar().version().into());
            group.set_unread(file.file, tables);
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings.truncate(InputRecord::FINDINGS_MAX);
        let worst = findings.first().filter(|finding| finding.severity == Grade::Error).cloned();
        self.tell_faults(group, moment, file, worst.as_ref(), &faults)?;
        let record = InputRecord {
            seq: moment.seq,
            drop: file.drop.clone(),
            broker: file.broker.clone(),
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            received_at,
            duplicates: group.input(file.file)?.map_or(0, |known| known.duplicates),
            messages: totals.messages,
            notices: totals.notices,
            findings,
        };
        group.put_input(file.file, record);
        if file.broker.as_str() != BrokerName::BACKFILL && !file.again {
            self.hear_feed(group, moment, &file.broker, tells_money)?;
        }
        Ok(totals)
    }
}

impl<'g, 'v, V: View> Work<'g, 'v, V> {
    fn new(group: &'g mut Group<'v, V>, file: &'g ReceivedFile, received_at: DateTime<Utc>) -> Self {
        Self {
            group,
            file,
            received_at,
            touched: BTreeMap::new(),
            ownerless: Vec::new(),
            pending: 0,
            totals: Received::default(),
            findings: Vec::new(),
            error_pieces: 0,
            faults: FileFaults::default(),
            is_unread: false,
            tells_money: false,
            filed_as: Vec::new(),
        }
    }

    fn message(&mut self, pipeline: &Pipeline, message: &Message<'_>) -> Result<(), V::Error> {
        self.totals.messages += u64::from(message.name.is_some());
        if message.control.is_test {
            // Read for its faults, and believed in nothing: what a test says did not happen.
            let place = Place { offset: message.span.offset, line: message.span.line, column: None };
            self.faults.note_test(place);
            message.findings.iter().for_each(|finding| self.finding(finding));
            return Ok(());
        }
        let mut heard = Heard { message, ids: None, notices: Vec::new(), findings: Vec::new() };
        let received_on = Some(self.received_at.date_naive());
        let broker = self.file.broker.as_str();
        pipeline.interpreter.interpret_received(broker, received_on, message, &mut heard);
        let Heard { notices, findings, .. } = heard;
        for finding in message.findings.iter().chain(&findings) {
            self.finding(finding);
        }
        self.filed_as = ties::filed_as(message, &self.file.broker);
        for (notice, source, place) in notices {
            self.notice(notice, source, place)?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) {
        match finding.severity {
            Grade::Error => {
                self.totals.errors += 1;
                if self.error_pieces < QUARANTINE_PIECES_MAX {
                    let key = QuarantineKey { file: self.file.file, piece: self.error_pieces };
                    self.error_pieces += 1;
                    self.group.quarantine(
                        key,
                        Quarantined {
                            drop: self.file.drop.clone(),
                            broker: self.file.broker.clone(),
                            name: self.file.name.clone(),
                            received_at: self.received_at,
                            stage: "decode".into(),
                            finding: finding.clone(),
                            advice: advice(&finding.code).into(),
                        },
                    );
                }
            }
            Grade::Warning => self.totals.warnings += 1,
            Grade::Info => {}
        }
        self.faults.note(finding);
        self.is_unread |= finding.is_of_unknown();
        // The worst findings must survive the cut: at the limit an error takes the place of a lesser one.
        if self.findings.len() < InputRecord::FINDINGS_MAX {
            self.findings.push(finding.clone());
        } else if finding.severity == Grade::Error
            && let Some(lesser) = self.findings.iter_mut().find(|known| known.severity < Grade::Error)
        {
            *lesser = finding.clone();
        }
    }

    fn notice(&mut self, notice: Notice, source: Box<str>, place: Place) -> Result<(), V::Error> {
        self.totals.notices += 1;
        self.pending += 1;
        self.tells_money |= tells_money(&notice.effect);
        let seen = Sighting {
            file: self.file.file,
            place,
            received_at: self.received_at,
            broker: self.file.broker.clone(),
            name: self.file.name.clone(),
        };
        let fresh = Fresh { notice: Arc::new(notice), source, seen };
        match (fresh.notice.entry, ties::waits_under(&fresh.notice, &self.file.broker)) {
            // Goods under one bill are held and let go together, whichever of their entries the line names.
            (Some(number), Some(bill)) if ties::is_of_whole_bill(&fresh.notice) => {
                self.link_bills(number, &fresh)?;
                if !self.group.is_linked(&bill, number)? {
                    return self.add(number, fresh);
                }
                self.add_to_bill(bill, fresh)
            }
            (Some(number), _) => {
                self.link_bills(number, &fresh)?;
                let notice = fresh.notice.clone();
                let seen = fresh.seen.clone();
                self.add(number, fresh)?;
                match entry::summary_of(&notice) {
                    Some(summary) => self.hear_of_summary(number, summary),
                    None if entry::concerns_releases(&notice) => self.tell_releases(number, &notice, &seen),
                    None => Ok(()),
                }
            }
            (None, Some(bill)) => self.add_to_bill(bill, fresh),
            (None, None) => self.add_loose(fresh),
        }
    }

    /// Ties the bills that the notice names to its entry, and brings in what waited under them.
    fn link_bills(&mut self, number: EntryNumber, fresh: &Fresh) -> Result<(), V::Error> {
        let notice = &fresh.notice;
        let named = notice.bill.iter().chain(&notice.house_bill).cloned();
        let named = named.chain(ties::named_by(notice));
        let bills: Vec<BillOfLading> = named.chain(self.filed_as.iter().cloned()).collect();
        for bill in bills {
            if self.group.is_linked(&bill, number)? {
                continue;
            }
            let record = self.group.change_bill(&bill)?;
            if record.entries.len() >= BillRecord::ENTRIES_MAX || !record.entries.insert(number) {
                continue;
            }
            for waiting in record.notices.clone() {
                let Held { notice, seen, .. } = waiting.held;
                self.add(number, Fresh { notice, source: "".into(), seen })?;
            }
        }
        Ok(())
    }

    /// What was said of a summary so far, for a release under it.
    fn hear_of_summary(&mut self, release: EntryNumber, summary: EntryNumber) -> Result<(), V::Error> {
        if release == summary {
            return Ok(());
        }
        let concerning = |life: &Life| -> Vec<Held> {
            let notices = life.notices.iter().filter(|held| held.notice.entry == Some(summary));
            notices.filter(|held| entry::concerns_releases(&held.notice)).cloned().collect()
        };
        let told = match self.touched.get(&summary) {
            Some(touched) => concerning(&touched.life),
            None => self.group.life(summary)?.as_ref().map(concerning).unwrap_or_default(),
        };
        told.into_iter().try_for_each(|held| self.add_copy(release, held.notice, held.seen))
    }

    /// Tells the releases under a consolidated summary what is said of it.
    fn tell_releases(
        &mut self,
        summary: EntryNumber,
        notice: &Arc<Notice>,
        seen: &Sighting,
    ) -> Result<(), V::Error> {
        let is_consolidated = self
            .touched
            .get(&summary)
            .is_some_and(|touched| touched.life.notices.iter().any(|held| ties::has_releases(&held.notice)));
        if !is_consolidated {
            return Ok(());
        }
        let releases = self.group.change_bill(&BillOfLading::of_summary(summary))?.entries.clone();
        let mut releases = releases.into_iter().filter(|release| *release != summary);
        releases.try_for_each(|release| self.add_copy(release, notice.clone(), seen.clone()))
    }

    /// Adds to a life what another one has. It is no further sighting.
    fn add_copy(&mut self, number: EntryNumber, notice: Arc<Notice>, seen: Sighting) -> Result<(), V::Error> {
        let id = notice.id;
        let is_known = match self.touched.get(&number) {
            Some(touched) => touched.life.has(id),
            None => self.group.life(number)?.is_some_and(|life| life.has(id)),
        };
        if is_known && !self.file.again {
            return Ok(());
        }
        self.pending += 1;
        self.add(number, Fresh { notice, source: "".into(), seen })
    }

    fn add(&mut self, number: EntryNumber, fresh: Fresh) -> Result<(), V::Error> {
        if !self.touched.contains_key(&number) {
            let life = self.group.life(number)?.unwrap_or_else(|| Life::new(number));
            let before = life.notices.len();
            self.touched.insert(number, Touched { life, before, fresh: Vec::new(), counted: None });
        }
        let Some(touched) = self.touched.get_mut(&number) else { return Ok(()) };
        // The tables may have changed since the file was read first: what it says now takes the place of what it said.
        if self.file.again
            && let Some(at) = touched.life.take_changed(&fresh.notice)
        {
            touched.before -= usize::from(at < touched.before);
        }
        if touched.life.add(fresh.notice.clone(), fresh.seen.clone()) == Added::New {
            self.totals.fresh += 1;
            touched.fresh.push(fresh);
        }
        Ok(())
    }

    /// A notice that names only a bill: it goes to the entries that are known for the bill, and waits for others.
    fn add_to_bill(&mut self, bill: BillOfLading, fresh: Fresh) -> Result<(), V::Error> {
        let again = self.file.again;
        let record = self.group.change_bill(&bill)?;
        let entries = record.entries.clone();
        if let Some(known) = record.notices.iter_mut().find(|known| known.held.notice.id == fresh.notice.id) {
            known.held.again = known.held.again.saturating_add(1);
            if again {
                known.held.notice = fresh.notice.clone();
            }
        } else if record.notices.len() < BillRecord::NOTICES_MAX {
            let held = Held { notice: fresh.notice.clone(), seen: fresh.seen.clone(), again: 0 };
            record.notices.push(Unmatched { held, bill: Some(bill) });
            if entries.is_empty() {
                self.totals.fresh += 1;
                self.ownerless.push(fresh);
                return Ok(());
            }
        }
        for number in entries {
            let fresh = Fresh {
                notice: fresh.notice.clone(),
                source: fresh.source.clone(),
                seen: fresh.seen.clone(),
            };
            self.add(number, fresh)?;
        }
        Ok(())
    }

    fn add_loose(&mut self, fresh: Fresh) -> Result<(), V::Error> {
        if self.group.has_loose(fresh.notice.id)? {
            return Ok(());
        }
        let held = Held { notice: fresh.notice.clone(), seen: fresh.seen.clone(), again: 0 };
        self.group.put_loose(Unmatched { held, bill: None });
        self.totals.fresh += 1;
        self.ownerless.push(fresh);
        Ok(())
    }
}

/// Keeps the notices of one message.
struct Heard<'m, 'b> {
    message: &'m Message<'b>,
    ids: Option<NoticeIds>,
    notices: Vec<(Notice, Box<str>, Place)>,
    findings: Vec<Finding>,
}

impl NoticeSink for Heard<'_, '_> {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let ids = self.ids.get_or_insert_with(|| NoticeIds::of(self.message));
        let id = ids.id(notice.ordinal);
        self.notices.push((notice.to_notice(id), source_text(notice.source), notice.place));
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// The line as people may see it: printable, bounded.
fn source_text(source: &[u8]) -> Box<str> {
    let line = source[..source.len().min(SOURCE_BYTES_MAX)].trim_ascii_end();
    line.iter()
        .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '?' })
        .collect()
}

/// What to do about a finding.
pub fn advice(code: &str) -> &'static str {
    match code {
        finding_code::TRUNCATED | finding_code::MISSING_TRAILER => {
            "The upload was probably cut off. Ask the broker to drop the file again; what could be read was taken."
        }
        finding_code::NOT_EDI | finding_code::EMPTY => {
            "The file is no customs message. If it belongs here, ask the broker what it is; else have it dropped elsewhere."
        }
        finding_code::UNKNOWN_RECORD | finding_code::UNKNOWN_SEGMENT | finding_code::UNKNOWN_SET => {
            "Customs may have changed a layout. Look at the line, add it to the grammar folder, then retry the file."
        }
        finding_code::BAD_DELIMITER | finding_code::SHORT_ISA => {
            "The interchange header is damaged, often by an editor or a text-mode transfer. Ask the broker to send it again unchanged."
        }
        finding_code::OVERLONG_RECORD | finding_code::BAD_NUMBER | finding_code::ENCODING => {
            "The record does not keep to its layout, often after an editor or a text-mode transfer. Ask the broker to send it again unchanged."
        }
        finding_code::IMPOSSIBLE_DATE => {
            "Look the date up where Customs shows it (the bulletin, the portal), and record it with `entrywatch record` where a clock counts from it; ask the broker to send the message again."
        }
        finding_code::INCOMPLETE_GROUP => {
            "Records that belong together are missing or name different entries. Ask the broker to send the message again unchanged."
        }
        finding_code::DUPLICATE_CONTROL_NUMBER => {
            "Two interchanges bear one number. Ask the broker which one counts; both were read."
        }
        _ => {
            "Look at the piece with `entrywatch quarantine show`, correct the cause, then `entrywatch quarantine retry`."
        }
    }
}

impl Mailing {
    pub fn writes_letters(self) -> bool {
        !matches!(self, Self::Quiet)
    }
}
