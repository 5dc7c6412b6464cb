//! ABI messages of the story from filing to liquidation: SX, SO, AX, UC, NR.

use chrono::{NaiveDate, NaiveDateTime};

use super::life::{BROKERS, Life, UNKNOWN_CODE};
use super::record::{Encoder, Message, Record};
use super::said::Said;
use super::story::{Event, Notice, Release, Summary, What};
use super::{answers, cargo, filings};

/// Writes the message of an event that travels by ABI.
pub(super) fn message<'e>(life: &Life, event: &Event, encoder: &'e Encoder) -> Message<'e> {
    let mut message = Message::new(encoder);
    let out = &mut message;
    match event.what {
        What::Filing { accepted } => filing(life, accepted, out),
        What::Release(release) => status(life, event.at, release, out),
        What::Summary(summary) => summary_answer(life, summary, out),
        What::Notice(notice) => summary_notice(life, event.at, notice, out),
        What::Liquidation { again, reason, change_cents } => {
            liquidation(life, event.at.date(), again, reason, change_cents, out);
        }
        What::Postponed { code, times } => postponed(life, event.at.date(), code, times, out),
        What::ReleaseFiling { again } => filings::release(life, again, out),
        What::SummaryFiling(action) => filings::summary(life, event.at.date(), action, out),
        What::Census(step) => filings::census(life, step, out),
        What::CargoQuery => cargo::query(life, out),
        What::CargoAnswer(answer) => cargo::answer(life, event.at, answer, out),
        What::BillNotice { code, named } => cargo::bill_notice(life, event.at, code, named, out),
        What::StatusQuery => answers::status_query(life, out),
        What::StatusAnswer(answer) => answers::status(life, answer, out),
        What::Tib(step) => answers::temporary_importation(life, event.at.date(), step, out),
        What::BatchRejected => answers::batch_rejected(life, out),
        What::Carrier { .. }
        | What::Advice { .. }
        | What::Receipt { .. }
        | What::OceanStatus { .. }
        | What::GeneralOrder { .. }
        | What::Arrival
        | What::OpenBill
        | What::ManifestAnswer { .. }
        | What::ImplementationReceipt { .. }
        | What::InterchangeReceipt { .. }
        | What::Payment
        | What::Order
        | What::Shipment
        | What::Invoice => {}
    }
    message
}

pub(super) fn filer(life: &Life) -> &'static str {
    BROKERS[life.broker].filer
}

/// The eight characters after the filer code.
pub(super) fn serial(life: &Life) -> &str {
    &life.number.as_str()[3..]
}

/// The first record of a release filing and of the answer to it.
pub(super) fn release_header<'e>(life: &Life, action: &str, out: &Message<'e>) -> Record<'e> {
    out.record("SE10")
        .text("action", action)
        .text("entry_filer", filer(life))
        .text("entry_number", serial(life))
        .text("entry_type", life.entry_type)
        .text("importer_id_type", "EI")
        .text("importer_number", life.importer)
        .text("mode_of_transport", "11")
        .text("bond_type", "8")
        .number("entered_value", life.entered_value())
        .text("planned_port_of_entry", life.port)
        .text("port_of_unlading", life.port)
}

/// The bills of a release filing and of the answer to it.
pub(super) fn filed_bills(life: &Life, out: &mut Message<'_>) {
    for (kind, issuer, number, lowest) in bills(life) {
        let record = out
            .record("SE15")
            .text("bill_type", kind)
            .text("bill_issuer", issuer)
            .text("bill_number", number)
            .text("non_ams", "N");
        let record = if lowest { record.number("quantity", life.quantity) } else { record };
        out.end(&record);
    }
}

/// The broker's own number, in the record of this layout.
pub(super) fn reference<'e>(life: &Life, key: &str, out: &Message<'e>) -> Record<'e> {
    out.record(key).text("qualifier", "CR").text("reference", &life.reference)
}

/// SX: the answer to a cargo-release filing.
fn filing(life: &Life, accepted: bool, out: &mut Message<'_>) {
    out.end(&release_header(life, "A", out));
    filed_bills(life, out);
    out.end(&reference(life, "SE20", out));
    let answer = |kind, text: &str| out.record("SE90").text("message_type", kind).text("narrative", text);
    let (code, text) = if accepted { ("02", "SE DATA ACCEPTED") } else { ("01", "SE DATA REJECTED") };
    let last = answer(code, text);
    if !accepted {
        let condition = answer("11", "IMPORTER NOT ON FILE").text("condition_code", "B05");
        out.end(&condition);
        out.say(Said::of_entry("release_response", life, "11").by_header());
    }
    out.end(&last);
    out.say(Said::of_entry("release_response", life, code).by_header());
}

/// Bill type, issuer, number, and whether the quantity stands there.
pub(super) fn bills(life: &Life) -> Vec<(&'static str, &'static str, &str, bool)> {
    match &life.house_bill {
        Some(house) => vec![("M", life.carrier, &life.bill, false), ("H", life.carrier, house, true)],
        None => vec![("R", life.carrier, &life.bill, true)],
    }
}

/// SO10, or WO10 in the answer to a query.
pub(super) fn entry_header<'e>(life: &Life, out: &Message<'e>) -> Record<'e> {
    out.record("SO10")
        .text("port_of_entry", life.port)
        .text("entry_filer", filer(life))
        .text("entry_number", serial(life))
        .text("entry_type", life.entry_type)
        .text("importer_number", life.importer)
        .text("carrier", life.carrier)
        .text("vessel_name", life.vessel)
        .text("voyage_flight_trip", &life.voyage)
        .date("estimated_arrival", life.arrival)
}

/// SO40, or WO40.
pub(super) fn released_bills<'e>(life: &Life, out: &Message<'e>) -> Vec<Record<'e>> {
    let record = |(kind, issuer, number, lowest): (&str, &str, &str, bool)| {
        let record = out
            .record("SO40")
            .text("bill_type", kind)
            .text("bill_issuer", issuer)
            .text("bill_number", number);
        if lowest { record.number("quantity", life.quantity).text("unit", "PCS") } else { record }
    };
    bills(life).into_iter().map(record).collect()
}

/// SO: where the release stands.
fn status(life: &Life, at: NaiveDateTime, release: Release, out: &mut Message<'_>) {
    out.end(&entry_header(life, out));
    out.end(&reference(life, "SO20", out));
    for bill in released_bills(life, out) {
        out.end(&bill);
    }
    let later = at + chrono::TimeDelta::minutes(1);
    match release {
        Release::OnFile => {
            bill_status(life, at, "93", "BILL ON FILE", out);
            entry_status(life, at, "90", "UNDER CBP REVIEW", out);
        }
        Release::ManifestHold => bill_status(life, at, "51", "MANIFEST HOLD CBP", out),
        Release::ManifestHoldRemoved => bill_status(life, at, "54", "MANIFEST HOLD REMOVED", out),
        Release::ExamPending => entry_status(life, at, "03", "PENDING INTENSIVE EXAM", out),
        Release::DocumentsWanted => entry_status(life, at, "96", "DOCUMENT REQUIRED", out),
        Release::AgencyHold => agency_status(life, at, "10", "DOCUMENTS REQUIRED", out),
        Release::AgencyMayProceed => agency_status(life, at, "07", "MAY PROCEED", out),
        Release::Released => {
            bill_status(life, at, "95", "BILL ARRIVED", out);
            entry_status(life, at, "98", "RELEASED", out);
            entry_status(life, later, "01", "ONEUSG", out);
        }
        Release::Suspended => entry_status(life, at, "99", "RELEASE SUSPENDED", out),
        Release::Cancelled => entry_status(life, at, "23", "ENTRY CANCELLED", out),
        Release::UnknownCode => entry_status(life, at, UNKNOWN_CODE, "A CODE OF A LATER REVISION", out),
    }
}

/// A record with date, time, code and words of a disposition.
pub(super) fn disposition<'e>(
    key: &str,
    at: NaiveDateTime,
    code: &str,
    text: &str,
    out: &Message<'e>,
) -> Record<'e> {
    out.record(key)
        .date("disposition_date", at.date())
        .time("disposition_time", at)
        .text("disposition_code", code)
        .text("narrative", text)
}

fn bill_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, out: &mut Message<'_>) {
    out.end(&disposition("SO50", at, code, text, out).text("split", "N"));
    out.say(Said::of_bill(life, true, code, at));
}

fn entry_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, out: &mut Message<'_>) {
    let record = disposition("SO60", at, code, text, out);
    let record = match code {
        "98" => record.date("release_date", at.date()).text("release_origin", "08"),
        "96" => record.text("document_type", "CBP01"),
        _ => record,
    };
    out.end(&record);
    out.say(Said::of_entry("release_status", life, code).at(at));
}

/// SO70 in the layout that its group version asks for.
fn agency_status(life: &Life, at: NaiveDateTime, code: &'static str, text: &str, out: &mut Message<'_>) {
    let agency = life.agency;
    let key = if agency.group_version == "04" { "SO70" } else { "SO70_PRE04" };
    let record = out
        .record(key)
        .text("agency", agency.code)
        .text("program", agency.programme)
        .date("status_date", at.date())
        .time("status_time", at)
        .text("entry_status", code)
        .text("entry_status_text", text)
        .text("group_version", agency.group_version)
        .number("begin_cbp_line", 1)
        .number("begin_tariff_position", 1)
        .number("begin_pga_line", 1);
    match code {
        "10" => {
            out.end(&record.text("document_type", "CBP01").text("hold_type", "2"));
            out.end(&out.record("SO72").text("comment", "SEND LABEL AND INVOICE FOR LINE 1"));
        }
        "07" => out.end(&record.text("reason", "22")),
        _ => out.end(&record),
    }
    out.say(Said::of_entry("agency_status", life, code).at(at));
}

/// AX: the answer to an entry summary.
fn summary_answer(life: &Life, summary: Summary, out: &mut Message<'_>) {
    let reference = |kind: &str, text: &str| {
        out.record("AX_E0")
            .text("reference_type", kind)
            .number("occurrence", 1)
            .text("ref_constant", "REF ID:")
            .text("reference_text", text)
    };
    let condition = |severity: &str, code: &str, text: &str| {
        out.record("AX_E1")
            .text("severity", severity)
            .text("condition_code", code)
            .text("narrative", text)
            .text("entry_filer", filer(life))
            .text("entry_number", serial(life))
            .text("broker_reference", &life.reference)
    };
    let of_summary = format!("{} {} {:12} 342", filer(life), serial(life), life.reference);
    let mut records = vec![reference("SUMMRY", &of_summary)];
    let mut said = Vec::new();
    let (code, text, version) = match summary {
        Summary::Added | Summary::AddedWithCensusWarning => ("995", "SUMMARY HAS BEEN ADDED", "00100"),
        Summary::Replaced => ("996", "SUMMARY HAS BEEN REPLACED", "00200"),
        Summary::Rejected => ("999", "TRANSACTION DATA REJECTED", ""),
    };
    let severity = match summary {
        Summary::AddedWithCensusWarning => {
            records.push(reference("LINITM", "001"));
            records.push(condition("W", "27D", "*CENSUS* OR-HI VAL/QTY (1)"));
            said.push(Said::of_entry("census_warning", life, "27D"));
            "W"
        }
        Summary::Rejected => {
            records.push(reference("LINITM", "001"));
            records.push(condition("F", "439", "QUANTITY/UOM(S) MISSING"));
            said.push(Said::of_entry("summary_response", life, "439"));
            "F"
        }
        Summary::Added | Summary::Replaced => " ",
    };
    let disposition = if summary == Summary::Rejected { "R" } else { "A" };
    records.push(condition(severity, code, text).text("disposition", disposition).text("version", version));
    said.push(Said::of_entry("summary_response", life, code));
    records.iter().for_each(|record| out.end(record));
    said.into_iter().for_each(|said| out.say(said.by_header()));
}

/// UC: CBP does something to a summary, or asks for something.
fn summary_notice(life: &Life, at: NaiveDateTime, notice: Notice, out: &mut Message<'_>) {
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
    let head = out
        .record("UC_E1")
        .text("disposition_type", code)
        .text("source", if matches!(code, "P" | "Q") { "2" } else { "1" })
        .text("team", "342")
        .text("reason", reason)
        .date("action_date", at.date())
        .text("entry_filer", filer(life))
        .text("entry_number", serial(life))
        .text("line_id", if code == "4" { "001" } else { "" })
        .text("broker_reference", &life.reference);
    out.end(&head);
    out.say(Said::of_entry("summary_notice", life, code).on(at.date()));
    let officer = out.record("UC_E2").text("cbp_user", "SAMPLE, OFFICER");
    let officer = officer.text("action_id", life.number.as_str());
    let officer = match code {
        "4" => officer.text("phone", "5550100100").text("phone_extension", "1234"),
        _ => officer,
    };
    out.end(&officer);
    if !remark.is_empty() {
        out.end(&out.record("UC_E3").text("remarks", remark));
    }
    match notice {
        Notice::Agency => agency_status(life, at, "02", "HOLD INTACT", out),
        Notice::Quota => out.end(
            &out.record("UC_E4")
                .text("line_id", "001")
                .text("quota_status", "Q03")
                .text("description", "QUOTA FILLED")
                .amount("requested_quantity", life.quantity * 100)
                .text("requested_unit", "KG"),
        ),
        _ => {}
    }
}

/// The start that N1 to N4 share: port, filer, and the number in nine columns.
fn courtesy<'e>(life: &Life, key: &str, out: &Message<'e>) -> Record<'e> {
    out.record(key)
        .text("port_of_entry", life.port)
        .text("entry_filer", filer(life))
        .right("entry_number", serial(life))
}

/// NR: liquidation or reliquidation, one notice in three records.
fn liquidation(
    life: &Life,
    day: NaiveDate,
    again: bool,
    reason: &'static str,
    change_cents: i64,
    out: &mut Message<'_>,
) {
    let interest = change_cents.unsigned_abs() / 25;
    let liquidated = life.duty_cents.saturating_add_signed(change_cents);
    let first = courtesy(life, "NR_N1", out)
        .text("entry_type", life.entry_type)
        .text("importer_number", life.importer)
        .amount("paid_duty", life.duty_cents)
        .amount("paid_tax", 0)
        .amount("liquidated_duty", liquidated)
        .amount("liquidated_tax", 0)
        .text("interest_negative", if change_cents < 0 { "1" } else { "0" });
    out.end(&first);
    let code = if again { "R" } else { "L" };
    let second = courtesy(life, "NR_N2", out)
        .date("liquidation_date", day)
        .text("reason_1", reason)
        .text("broker_reference", &life.reference)
        .text("liquidation_type", code)
        .date("entry_date", life.entry_date)
        .amount("paid_antidumping", life.antidumping_cents)
        .amount("interest", interest);
    out.end(&second);
    let fourth = courtesy(life, "NR_N4", out)
        .amount("paid_countervailing", 0)
        .amount("paid_fees", life.fees_cents)
        .amount("liquidated_antidumping", life.antidumping_cents)
        .amount("liquidated_countervailing", 0)
        .amount("liquidated_fees", life.fees_cents);
    out.end(&fourth);
    let said = Said::of_entry("liquidation", life, code).on(day).with_cents("paid_duty", life.duty_cents);
    out.say(said.with_cents("liquidated_duty", liquidated));
}

/// NR: extension or suspension, a record alone.
fn postponed(life: &Life, day: NaiveDate, code: &'static str, times: u64, out: &mut Message<'_>) {
    let record = courtesy(life, "NR_N3", out)
        .text("entry_type", life.entry_type)
        .text("importer_number", life.importer)
        .date("entry_date", life.entry_date)
        .text("ext_susp_1", code)
        .date("notice_date", day)
        .text("broker_reference", &life.reference);
    out.end(&if times > 0 { record.number("times_extended", times) } else { record });
    out.say(Said::of_entry("liquidation", life, code).on(day));
}
