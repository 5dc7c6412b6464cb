//! What the broker sends to CBP about an entry: SE, AE, and the census warnings with their queries and overrides.

use chrono::NaiveDate;

use super::abi::{bills, filed_bills, filer, reference, release_header, serial};
use super::life::{Life, Line};
use super::record::Message;
use super::said::Said;
use super::story::{CensusStep, SummaryAction};

/// Processing fee and harbour fee.
pub(super) const FEE_CLASSES: [&str; 2] = ["499", "501"];

const ANTIDUMPING_CASE: &str = "A570999001";

/// SE: the release filing; `again` when it corrects one that was rejected.
pub(super) fn release(life: &Life, again: bool, out: &mut Message<'_>) {
    out.end(&release_header(life, if again { "R" } else { "A" }, out));
    let more = out
        .record("SE11")
        .text("location_firms", "W185")
        .text("conveyance_or_ftz", life.vessel)
        .text("voyage_flight_trip", &life.voyage);
    out.end(&more);
    let contact = out.record("SE13").text("contact_name", "INVENTED BROKERAGE DESK");
    out.end(&contact.text("contact_phone", "5550100"));
    filed_bills(life, out);
    let conveyance = out
        .record("SE16")
        .text("carrier", life.carrier)
        .text("voyage_flight_trip", &life.voyage)
        .date("arrival_date", life.arrival)
        .number("quantity", life.quantity)
        .text("unit", "PCS");
    out.end(&conveyance);
    out.end(&out.record("SE17").text("equipment_number", &life.container_number()));
    out.end(&reference(life, "SE20", out));
    let party = out.record("SE30").text("entity_code", "CN").text("entity_name", "INVENTED IMPORTER CO");
    out.end(&party.text("id_qualifier", "EI").text("identifier", life.importer));

    let lines = life.lines();
    let said = Said::of_entry("release_filed", life, "").by_header();
    let said = said.with("entered_value", life.entered_value()).with("broker_reference", &life.reference);
    out.say(said.with("line_count", lines.len()));
    out.say(Said::of_entry("release_filed", life, "").by_header().with_bills(life));
    for line in &lines {
        let record = out.record("SE40").text("line_number", line.number);
        out.end(&record.text("origin_country", line.origin).text("description", line.words));
        let maker = out.record("SE50").text("entity_code", "MF");
        out.end(&maker.text("entity_name", "INVENTED LANTERN WORKS"));
        out.end(&out.record("SE60").text("hts_number", line.hts).number("value", line.value));
        let said = Said::of_entry("release_filed", life, "").by_header();
        out.say(said.with("line_number", line.number).with("hts_number", line.hts).with("value", line.value));
    }
}

/// AE: the entry summary.
pub(super) fn summary(life: &Life, day: NaiveDate, action: SummaryAction, out: &mut Message<'_>) {
    header(life, day, action, out);
    for line in life.lines() {
        summary_line(life, &line, action, out);
    }
    let lines = life.lines();
    let sum = |of: fn(&Line) -> u64| lines.iter().map(of).sum::<u64>();
    if life.antidumping_cents > 0 {
        out.end(&out.record("AE88").amount("ad_cash", life.antidumping_cents));
    }
    let fees = out
        .record("AE89")
        .text("class_1", FEE_CLASSES[0])
        .amount("amount_1", sum(|line| line.processing_cents))
        .text("class_2", FEE_CLASSES[1])
        .amount("amount_2", sum(|line| line.harbour_cents));
    out.end(&fees);
    let totals = out
        .record("AE90")
        .amount("duty", life.duty_cents)
        .amount("fees", life.fees_cents)
        .amount("antidumping", life.antidumping_cents);
    out.end(&totals);
}

fn header(life: &Life, day: NaiveDate, action: SummaryAction, out: &mut Message<'_>) {
    let letter = if action == SummaryAction::Replace { "R" } else { "A" };
    let first = out
        .record("AE10")
        .text("action", letter)
        .text("entry_filer", filer(life))
        .text("entry_number", serial(life))
        .text("port_of_entry", life.port)
        .text("broker_reference", &life.reference)
        .text("entry_type", life.entry_type)
        .text("mode_of_transport", "11")
        .text("electronic_signature", "X")
        .text("payment_type", life.payment_type);
    out.end(&first);
    let dates = out
        .record("AE11")
        .text("importer_number", life.importer)
        .text("consignee_number", life.importer)
        .date("estimated_entry_date", life.entry_date)
        .date("import_date", life.arrival.min(day))
        .text("destination_state", "CA");
    out.end(&dates);
    let carrier = out
        .record("AE20")
        .text("carrier", life.carrier)
        .text("port_of_unlading", life.port)
        .date("arrival_date", life.arrival)
        .text("location_firms", "W185")
        .text("conveyance_name", life.vessel);
    out.end(&carrier);
    out.end(&out.record("AE21").text("trip", &life.voyage));
    let goods = out.record("AE22").right("manifested_quantity", &life.quantity.to_string());
    out.end(&goods.text("unit", "PCS"));
    for (kind, issuer, number, _) in bills(life) {
        let kind = if kind == "R" { "M" } else { kind };
        let record = out.record("AE23").text("component_type", kind).text("issuer", issuer);
        out.end(&record.text("identifier", number));
    }
    let bond = out.record("AE31").text("bond_type", "8").text("designation", "B");
    out.end(&bond.text("surety_code", "891"));
    if action == SummaryAction::Replace {
        out.end(&out.record("AE36").text("text", "CLASSIFICATION OF LINE 001 CORRECTED"));
    }
    let said = Said::of_entry("summary_filed", life, "").by_header();
    let said = said.with("entered_value", life.entered_value()).with_cents("duty", life.duty_cents);
    let said = said.with_cents("fees", life.fees_cents).with("payment_type", life.payment_type);
    out.say(said.with_cents("antidumping", life.antidumping_cents));
    out.say(Said::of_entry("summary_filed", life, "").by_header().with_bills(life));
}

fn summary_line(life: &Life, line: &Line, action: SummaryAction, out: &mut Message<'_>) {
    let head = out
        .record("AE40")
        .text("line_id", line.number)
        .text("origin_country", line.origin)
        .text("export_country", line.origin)
        .date("export_date", life.entry_date)
        .number("gross_weight_kg", life.quantity)
        .text("related_parties", "N");
    out.end(&head);
    out.end(&out.record("AE47").text("party_type", "M").text("identifier", "CNINVLAN123ANY"));
    let tariff = out
        .record("AE50")
        .text("hts_number", line.hts)
        .amount("duty", line.duty_cents)
        .number("value", line.value);
    // What is rejected lacks the quantity for which CBP rejects it.
    out.end(&match action {
        SummaryAction::Incomplete => tariff,
        _ => tariff.amount("quantity_1", life.quantity * 100).text("unit_1", "NO"),
    });
    if line.antidumping_cents > 0 {
        let case = out
            .record("AE53")
            .text("case_number", ANTIDUMPING_CASE)
            .text("bond_cash", "C")
            .right("deposit_rate", "1000")
            .text("rate_type", "A")
            .amount("case_duty", line.antidumping_cents);
        out.end(&case);
    }
    for (class, cents) in FEE_CLASSES.into_iter().zip([line.processing_cents, line.harbour_cents]) {
        out.end(&out.record("AE62").text("class", class).amount("amount", cents));
    }
    let said = Said::of_entry("summary_filed", life, "").by_header().with("line_id", line.number);
    out.say(said.with("hts_number", line.hts).with_cents("duty", line.duty_cents).with("value", line.value));
}

/// CJ and CL ask for the warnings that stand open, CW and CO override them.
pub(super) fn census(life: &Life, step: CensusStep, out: &mut Message<'_>) {
    let [line, _] = life.lines();
    let (filer, serial) = (filer(life), serial(life));
    let said = |kind, code| Said::of_entry(kind, life, code).by_header();
    match step {
        CensusStep::Query => {
            let record = out.record("CJ1").text("port_of_entry", life.port);
            out.end(&record.text("entry_filer", filer).text("entry_1", serial));
            out.say(said("query", ""));
        }
        CensusStep::Answer { accepted } => {
            let record = out
                .record("CJ2")
                .text("port_of_entry", life.port)
                .date("accepted", accepted)
                .text("entry_filer", filer)
                .text("entry_number", serial)
                .text("line_id", line.number)
                .text("hts_number", line.hts)
                .text("warning_code", "27D");
            out.end(&record);
            out.say(said("census_warning", "27D").with("line_id", line.number));
        }
        CensusStep::Override => {
            out.end(&out.record("CW01").text("entry_filer", filer).text("entry_number", serial));
            let record = out.record("CW02").text("line_id", line.number);
            out.end(&record.text("condition_1", "27D").text("override_1", "50"));
            out.say(said("census_override", "50").with("line_id", line.number));
        }
        CensusStep::Result { taken } => {
            let record = out
                .record("CW03")
                .text("entry_filer", filer)
                .text("entry_number", serial)
                .text("line_id", line.number)
                .text("warning_code", "27D")
                .text("override_code", "50");
            let (code, text) = if taken { ("", "") } else { ("C04", "SUMMARY NOT IN ACCEPTED STATUS") };
            out.end(&record.text("condition_code", code).text("narrative", text));
            out.say(said("census_override", code).with("warning_code", "27D"));
        }
    }
}
