//! ABI messages: 80-column records, field by field where the chapters put them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::feed::Said;
use super::life::{BROKERS, Event, Life, Notice, Release, Summary, UNKNOWN_CODE, What};

/// Columns of a record.
pub(super) const WIDTH: usize = 80;

/// A record being filled; what nobody fills stays blank.
pub(super) struct Record([u8; WIDTH]);

impl Record {
    pub(super) fn new(id: &str) -> Self {
        Self([b' '; WIDTH]).put(1, id.len(), id)
    }

    /// Writes text from the left; columns are 1-based and inclusive, as the chapters print them.
    pub(super) fn put(mut self, start: usize, end: usize, value: &str) -> Self {
        debug_assert!(value.is_ascii() && value.len() <= end + 1 - start, "`{value}` in {start}-{end}");
        let columns = &mut self.0[start - 1..end];
        let len = value.len().min(columns.len());
        columns[..len].copy_from_slice(&value.as_bytes()[..len]);
        self
    }

    /// Writes a number with leading zeros.
    pub(super) fn number(mut self, start: usize, end: usize, value: u64) -> Self {
        let mut rest = value;
        for column in self.0[start - 1..end].iter_mut().rev() {
            *column = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        debug_assert!(rest == 0, "{value} in {start}-{end}");
        self
    }

    /// Writes MMDDYY into six columns.
    pub(super) fn date(self, start: usize, date: NaiveDate) -> Self {
        let digits = u64::from(date.month()) * 10_000 + u64::from(date.day()) * 100;
        self.number(start, start + 5, digits + date.year().rem_euclid(100) as u64)
    }

    /// Writes MMDDYY and HHMM into ten columns.
    fn moment(self, start: usize, at: NaiveDateTime) -> Self {
        self.date(start, at.date()).number(start + 6, start + 9, u64::from(at.hour() * 100 + at.minute()))
    }

    fn end(&self, message: &mut Message) {
        message.bytes.extend_from_slice(&self.0);
        message.bytes.extend_from_slice(b"\r\n");
        message.records += 1;
    }

    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// A transaction: its records and what they say.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    pub(super) said: Vec<Said>,
}

/// Writes the message of an event that travels by ABI.
pub(super) fn message(life: &Life, event: &Event) -> Message {
    let mut message = Message::default();
    match event.what {
        What::Filing { accepted } => filing(life, accepted, &mut message),
        What::Release(release) => status(life, event.at, release, &mut message),
        What::Summary(summary) => summary_answer(life, summary, &mut message),
        What::Notice(notice) => summary_notice(life, event.at, notice, &mut message),
        What::Liquidation { again, reason, change_cents } => {
            liquidation(life, event.at.date(), again, reason, change_cents, &mut message);
        }
        What::Postponed { code, times } => postponed(life, event.at.date(), code, times, &mut message),
        What::Carrier { .. } | What::Advice { .. } | What::Receipt { .. } => {}
    }
    message
}

fn filer(life: &Life) -> &'static str {
    BROKERS[life.broker].filer
}

/// The eight characters after the filer code.
fn serial(life: &Life) -> &str {
    &life.number.as_str()[3..]
}

/// SX: the answer to a cargo-release filing.
fn filing(life: &Life, accepted: bool, message: &mut Message) {
    Record::new("SE10")
        .put(5, 5, "A")
        .put(6, 8, filer(life))
        .put(11, 18, serial(life))
        .put(20, 21, life.entry_type)
        .put(22, 24, "EI")
        .put(25, 36, life.importer)
        .put(37, 38, "11")
        .put(39, 39, "8")
        .number(40, 49, life.duty_cents / 4)
        .put(50, 54, life.port)
        .put(56, 60, life.port)
        .end(message);
    for (kind, issuer, number, lowest) in bills(life) {
        let record =
            Record::new("SE15").put(5, 5, kind).put(6, 9, issuer).put(10, 59, number).put(73, 73, "N");
        if lowest { record.number(60, 67, life.quantity) } else { record }.end(message);
    }
    Record::new("SE20").put(5, 7, "CR").put(8, 57, &life.reference).end(message);
    let (code, text) = if accepted { ("02", "SE DATA ACCEPTED") } else { ("01", "SE DATA REJECTED") };
    if !accepted {
        Record::new("SE90").put(5, 6, "11").put(7, 9, "B05").put(10, 49, "IMPORTER NOT ON FILE").end(message);
        message.said.push(Said::of_entry("release_response", life, "11", None));
    }
    Record::new("SE90").put(5, 6, code).put(10, 49, text).end(message);
    message.said.push(Said::of_entry("release_response", life, code, None));
}

/// Bill type, issuer, number, and whether the quantity stands there.
fn bills(life: &Life) -> Vec<(&'static str, &'static str, &str, bool)> {
    match &life.house_bill {
        Some(house) => vec![("M", life.carrier, &life.bill, false), ("H", life.carrier, house, true)],
        None => vec![("R", life.carrier, &life.bill, true)],
    }
}

/// SO: where the release stands.
fn status(life: &Life, at: NaiveDateTime, release: Release, message: &mut Message) {
    Record::new("SO10")
        .put(5, 8, life.port)
        .put(9, 11, filer(life))
        .put(14, 21, serial(life))
        .put(23, 24, life.entry_type)
        .put(25, 36, life.importer)
        .put(37, 40, life.carrier)
        .put(41, 60, life.vessel)
        .put(61, 65, &life.voyage)
        .date(66, life.arrival)
        .end(message);
    Record::new("SO20").put(5, 7, "CR").put(8, 57, &life.reference).end(message);
    for (kind, issuer, number, lowest) in bills(life) {
        let record = Record::new("SO40").put(5, 5, kind).put(6, 9, issuer).put(10, 59, number);
        let record = if lowest { record.number(60, 67, life.quantity).put(68, 72, "PCS") } else { record };
        record.end(message);
    }
    let later = at + chrono::TimeDelta::minutes(1);
    match release {
        Release::OnFile => {
            bill_status(life, at, "93", "BILL ON FILE", message);
            entry_status(life, at, "90", "UNDER CBP REVIEW", message);
        }
        Release::ManifestHold => bill_status(life, at, "51", "MANIFEST HOLD CBP", message),
        Release::ManifestHoldRemoved => bill_status(life, at, "54", "MANIFEST HOLD REMOVED", message),
        Release::ExamPending => entry_status(life, at, "03", "PENDING INTENSIVE EXAM", message),
        Release::DocumentsWanted => entry_status(life, at, "96", "DOCUMENT REQUIRED", message),
        Release::AgencyHold => agency_status(life, at, "10", "DOCUMENTS REQUIRED", message),
        Release::AgencyMayProceed => agency_status(life, at, "07", "MAY PROCEED", message),
        Release::Released => {
            bill_status(life, at, "95", "BILL ARRIVED", message);
            entry_status(life, at, "98", "RELEASED", message);
            entry_status(life, later, "01", "ONEUSG", message);
        }
        Release::Suspended => entry_status(life, at, "99", "RELEASE SUSPENDED", message),
        Release::Cancelled => entry_status(life, at, "23", "ENTRY CANCELLED", message),
        Release::UnknownCode => entry_status(life, at, UNKNOWN_CODE, "A CODE OF A LATER REVISION", message),
    }
}

fn bill_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, message: &mut Message) {
    Record::new("SO50").moment(5, at).put(15, 16, code).put(17, 56, text).put(57, 57, "N").end(message);
    message.said.push(Said::of_bill(life, true, code, at));
}

fn entry_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, message: &mut Message) {
    let record = Record::new("SO60").moment(5, at).put(15, 16, code).put(17, 56, text);
    let record = match code {
        "98" => record.date(57, at.date()).put(63, 64, "08"),
        "96" => record.put(65, 70, "CBP01"),
        _ => record,
    };
    record.end(message);
    message.said.push(Said::of_entry("release_status", life, code, Some(at)));
}

/// SO70 in the layout that its group version asks for: from version 04 on a line number has three digits and a tariff
/// position two, before it four and one.
fn agency_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, message: &mut Message) {
    let agency = life.agency;
    let record = Record::new("SO70")
        .put(5, 7, agency.code)
        .put(8, 10, agency.programme)
        .moment(11, at)
        .put(21, 22, code)
        .put(23, 50, text)
        .put(79, 80, agency.group_version);
    let record = if agency.group_version == "04" {
        record.number(57, 59, 1).number(60, 61, 1).number(62, 64, 1)
    } else {
        record.number(57, 60, 1).number(61, 61, 1).number(62, 64, 1)
    };
    match code {
        "10" => {
            record.put(73, 77, "CBP01").put(78, 78, "2").end(message);
            Record::new("SO72").put(5, 80, "SEND LABEL AND INVOICE FOR LINE 1").end(message);
        }
        "07" => record.put(55, 56, "22").end(message),
        _ => record.end(message),
    }
    message.said.push(Said::of_entry("agency_status", life, code, Some(at)));
}

/// AX: the answer to an entry summary.
fn summary_answer(life: &Life, summary: Summary, message: &mut Message) {
    let reference = |kind: &str, occurrence| {
        Record::new("E0").put(4, 9, kind).number(11, 16, occurrence).put(18, 24, "REF ID:")
    };
    let condition = |severity: &str, code: &str, text: &str| {
        Record::new("E1")
            .put(4, 4, severity)
            .put(5, 7, code)
            .put(11, 50, text)
            .put(51, 53, filer(life))
            .put(56, 63, serial(life))
            .put(69, 77, &life.reference)
    };
    reference("SUMMRY", 1)
        .put(26, 28, filer(life))
        .put(30, 37, serial(life))
        .put(39, 50, &life.reference)
        .put(52, 54, "342")
        .end(message);
    let (code, text, version) = match summary {
        Summary::Added | Summary::AddedWithCensusWarning => ("995", "SUMMARY HAS BEEN ADDED", "00100"),
        Summary::Replaced => ("996", "SUMMARY HAS BEEN REPLACED", "00200"),
        Summary::Rejected => ("999", "TRANSACTION DATA REJECTED", ""),
    };
    let severity = match summary {
        Summary::AddedWithCensusWarning => {
            reference("LINITM", 1).put(26, 28, "001").end(message);
            condition("W", "27D", "*CENSUS* OR-HI VAL/QTY (1)").end(message);
            message.said.push(Said::of_entry("census_warning", life, "27D", None));
            "W"
        }
        Summary::Rejected => {
            reference("LINITM", 1).put(26, 28, "001").end(message);
            condition("F", "439", "QUANTITY/UOM(S) MISSING").end(message);
            message.said.push(Said::of_entry("summary_response", life, "439", None));
            "F"
        }
        Summary::Added | Summary::Replaced => " ",
    };
    let disposition = if summary == Summary::Rejected { "R" } else { "A" };
    condition(severity, code, text).put(3, 3, disposition).put(64, 68, version).end(message);
    message.said.push(Said::of_entry("summary_response", life, code, None));
}

/// UC: CBP does something to a summary, or asks for something.
fn summary_notice(life: &Life, at: NaiveDateTime, notice: Notice, message: &mut Message) {
    let (code, reason, remark) = match notice {
        Notice::Invoice => ("1", "", ""),
        Notice::Package => ("2", "", "PLEASE SUBMIT THE ENTRY SUMMARY PACKAGE INCLUDING PROOF OF PAYMENT."),
        Notice::Documents => ("3", "", "PLEASE SUBMIT THE PURCHASE ORDER FOR LINE 001."),
        Notice::Rejected => ("4", "003", "CLASSIFICATION OF LINE 001 NOT SUPPORTED BY INVOICE."),
        Notice::OtherFiler => ("8", "", ""),
        Notice::Agency => ("P", "", ""),
        Notice::Quota => ("Q", "", ""),
        Notice::Detained => ("D", "", ""),
        Notice::DetentionCancelled => ("C", "", ""),
        Notice::UnknownType => ("Z", "", ""),
    };
    Record::new("E1")
        .put(3, 3, code)
        .put(4, 4, if matches!(code, "P" | "Q") { "2" } else { "1" })
        .put(5, 7, "342")
        .put(8, 10, reason)
        .date(11, at.date())
        .put(51, 53, filer(life))
        .put(56, 63, serial(life))
        .put(66, 68, if code == "4" { "001" } else { "" })
        .put(69, 77, &life.reference)
        .end(message);
    message.said.push(Said::of_entry_on("summary_notice", life, code, at.date()));
    let officer = Record::new("E2").put(5, 34, "SAMPLE, OFFICER").put(49, 60, life.number.as_str());
    if code == "4" { officer.put(37, 46, "5550100100").put(62, 65, "1234") } else { officer }.end(message);
    if !remark.is_empty() {
        Record::new("E3").put(3, 80, remark).end(message);
    }
    match notice {
        Notice::Agency => agency_status(life, at, "02", "HOLD INTACT", message),
        Notice::Quota => Record::new("E4")
            .put(3, 5, "001")
            .put(6, 8, "Q03")
            .put(12, 41, "QUOTA FILLED")
            .number(42, 53, life.quantity * 100)
            .put(54, 56, "KG")
            .end(message),
        _ => {}
    }
}

/// The start that N1 to N4 share: port, filer, and the number in nine columns.
fn courtesy(life: &Life, id: &str) -> Record {
    Record::new(id).put(3, 6, life.port).put(7, 9, filer(life)).put(11, 18, serial(life))
}

/// NR: liquidation or reliquidation, one notice in three records.
fn liquidation(
    life: &Life,
    day: NaiveDate,
    again: bool,
    reason: &'static str,
    change_cents: i64,
    message: &mut Message,
) {
    let interest_cents = change_cents.unsigned_abs() / 25;
    courtesy(life, "N1")
        .put(19, 20, life.entry_type)
        .put(21, 32, life.importer)
        .number(33, 43, life.duty_cents)
        .number(44, 54, 0)
        .number(55, 65, life.duty_cents.saturating_add_signed(change_cents))
        .number(66, 76, 0)
        .put(77, 77, if change_cents < 0 { "1" } else { "0" })
        .end(message);
    let code = if again { "R" } else { "L" };
    courtesy(life, "N2")
        .date(19, day)
        .put(25, 26, reason)
        .put(27, 35, &life.reference)
        .put(54, 54, code)
        .date(55, life.entry_date)
        .number(61, 71, 0)
        .number(72, 80, interest_cents)
        .end(message);
    courtesy(life, "N4")
        .number(19, 29, 0)
        .number(30, 40, life.fees_cents)
        .number(41, 51, 0)
        .number(52, 62, 0)
        .number(63, 73, life.fees_cents)
        .end(message);
    message.said.push(Said::of_entry_on("liquidation", life, code, day));
}

/// NR: extension or suspension, a record alone.
fn postponed(life: &Life, day: NaiveDate, code: &'static str, times: u64, message: &mut Message) {
    let record = courtesy(life, "N3")
        .put(19, 20, life.entry_type)
        .put(21, 32, life.importer)
        .date(33, life.entry_date)
        .put(39, 40, code)
        .date(42, day)
        .put(48, 56, &life.reference);
    if times > 0 { record.number(41, 41, times) } else { record }.end(message);
    message.said.push(Said::of_entry_on("liquidation", life, code, day));
}
