//! What CBP answers and notifies about cargo: CQ and C1, NS.

use chrono::NaiveDateTime;

use super::abi::{bills, disposition, entry_header, filer, released_bills, serial};
use super::life::Life;
use super::record::Message;
use super::said::Said;
use super::story::CargoAnswer;

/// CQ: what stands in the manifest for the entry?
pub(super) fn query(life: &Life, out: &mut Message<'_>) {
    let record = out.record("WR1_IN").text("entry_filer", filer(life)).right("entry_number", serial(life));
    out.end(&record.text("bills_and_entry", "Y"));
    out.say(Said::of_entry("query", life, "").by_header());
}

/// C1.
pub(super) fn answer(life: &Life, at: NaiveDateTime, answer: CargoAnswer, out: &mut Message<'_>) {
    match answer {
        CargoAnswer::Entry => {
            out.end(&entry_header(life, out).under("WO10"));
            for bill in released_bills(life, out) {
                out.end(&bill.under("WO40"));
            }
            let record = disposition("SO60", at, "98", "RELEASED", out).under("WO60");
            out.end(&record.date("release_date", at.date()).text("release_origin", "08"));
            out.say(Said::of_entry("release_status", life, "98").at(at));
        }
        CargoAnswer::Bills => bill_loop(life, at, out),
        CargoAnswer::Air => air_loop(life, at, out),
        CargoAnswer::NotFound => {
            let record = out.record("WR0").text("entry_filer", filer(life));
            let record = record.right("entry_number", serial(life)).text("error_code", "950");
            out.end(&record.text("narrative", "ENTRY NOT FOUND"));
            out.say(Said::of_entry("entry_status", life, "950"));
        }
    }
}

fn bill_loop(life: &Life, at: NaiveDateTime, out: &mut Message<'_>) {
    let conveyance = out
        .record("WR1_OUT")
        .text("port_of_entry", life.port)
        .text("entry_filer", filer(life))
        .right("entry_number", serial(life))
        .text("entry_type", life.entry_type)
        .text("importer_number", life.importer)
        .text("broker_reference", &life.reference)
        .text("carrier", life.carrier)
        .text("vessel_name", life.vessel)
        .text("voyage_flight_trip", &life.voyage)
        .date("arrival_date", life.arrival);
    out.end(&conveyance);
    let bill = out
        .record("WR4")
        .text("master_bill", &life.bill)
        .text("master_issuer", life.carrier)
        .number("manifest_quantity", life.quantity)
        .text("unit", "PCS")
        .text("bill_type", bills(life).last().map_or("R", |bill| bill.0))
        .text("isf_on_file", "Y")
        .text("mode", "1");
    let bill = match &life.house_bill {
        Some(house) => bill.text("house_bill", house).text("house_issuer", life.carrier),
        None => bill,
    };
    out.end(&bill);
    for (sequence, code, text) in [(1, "1H", "CUSTOMS HOLD PLACED"), (2, "1I", "CUSTOMS HOLD REMOVED")] {
        let at = at + chrono::TimeDelta::minutes(sequence);
        let record = disposition("WR5", at, code, text, out).number("quantity", life.quantity);
        out.end(&record.number("sequence", sequence.unsigned_abs()));
        out.say(Said::of_bill(life, true, code, at));
    }
}

fn air_loop(life: &Life, at: NaiveDateTime, out: &mut Message<'_>) {
    let waybill = life.air_waybill();
    let flight = out
        .record("WSC")
        .text("carrier", "QZA")
        .text("flight", "00123")
        .date("arrival_date", at.date())
        .text("air_waybill", &waybill)
        .number("manifest_quantity", life.quantity);
    out.end(&flight);
    let record = disposition("WSD", at, "1C", "ENTERED", out);
    out.end(&record.text("in_bond_or_entry", life.number.as_str()));
    let said = Said::of_entry("bill_status", life, "1C").at(at);
    out.say(said.with_bill_number(waybill));
}

/// NS: what CBP did to a bill; `named` when the notice names the entry too.
pub(super) fn bill_notice(
    life: &Life,
    at: NaiveDateTime,
    code: &'static str,
    named: bool,
    out: &mut Message<'_>,
) {
    let in_bond = out.record("NS10").text("in_bond_type", "61").text("in_bond_number", &life.in_bond);
    out.end(&in_bond.text("destination_port", life.port));
    let bill = out
        .record("NS30")
        .text("disposition_code", code)
        .text("bill_issuer", life.carrier)
        .text("bill_number", &life.bill)
        .number("quantity", life.quantity)
        .date("action_date", at.date())
        .time("action_time", at)
        .text("in_bond_carrier", life.carrier);
    out.end(&match &life.house_bill {
        Some(house) => bill.text("house_issuer", life.carrier).text("house_bill", house),
        None => bill,
    });
    let entry = out.record("NS40").text("port", life.port);
    out.end(&if named {
        entry.text("entry_type", life.entry_type).text("entry_number", life.number.as_str())
    } else {
        entry
    });
    out.say(Said::of_bill(life, named, code, at));
}
