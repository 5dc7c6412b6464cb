//! Queries about summaries and their answers (EQ, ER), temporary importations (TS, TE, TX), rejected batches (X0, X1).

use chrono::NaiveDate;

use super::abi::{filer, serial};
use super::life::{BROKERS, Life, TEAM};
use super::record::Message;
use super::said::{Said, date};
use super::story::{StatusAnswer, TibStep};

/// EQ: how does the summary stand?
pub(super) fn status_query(life: &Life, out: &mut Message<'_>) {
    out.end(&out.record("ER_J0").text("return_detail", "Y"));
    out.end(&out.record("ER_J1").text("filer_1", filer(life)).text("entry_1", serial(life)));
    out.say(Said::of_entry("query", life, "").by_header());
}

/// ER.
pub(super) fn status(life: &Life, answer: StatusAnswer, out: &mut Message<'_>) {
    match answer {
        StatusAnswer::NotFound => {
            let record = out
                .record("ER_JZ")
                .text("condition_code", "013")
                .text("narrative", "ENTRY SUMMARY NOT FOUND FOR QUERY")
                .text("entry_filer", filer(life))
                .text("entry_number", serial(life))
                .text("port_of_entry", life.port);
            out.end(&record);
            out.say(Said::of_entry("entry_status", life, "013").by_header());
        }
        StatusAnswer::Open { accepted, scheduled } => {
            status_head(life, accepted, "2", scheduled, out);
            let record = out.record("ER_JD").text("under_review", "2").date("entry_date", life.entry_date);
            out.end(&record.text("immediate_delivery", "N"));
            status_tail(life, out);
            let said = Said::of_entry("entry_status", life, "").by_header();
            out.say(match scheduled {
                Some(day) => said.with("scheduled_liquidation", date(day)),
                None => said,
            });
        }
        StatusAnswer::Liquidated { accepted, day, reason, change_cents } => {
            status_head(life, accepted, "1", Some(day), out);
            let liquidated = life.duty_cents.saturating_add_signed(change_cents);
            let record = out
                .record("ER_JD")
                .text("under_review", "2")
                .date("entry_date", life.entry_date)
                .amount("liquidated_duty", liquidated)
                .amount("liquidated_fees", life.fees_cents)
                .text("liq_reason_1", reason)
                .text("immediate_delivery", "N");
            out.end(&record);
            status_tail(life, out);
            let said = Said::of_entry("entry_status", life, "1").on(day);
            out.say(said.with_cents("liquidated_duty", liquidated).with("liq_reason_1", reason));
        }
    }
}

/// JB and JC: what CBP did with the summary, and when.
fn status_head(
    life: &Life,
    accepted: NaiveDate,
    liquidation: &str,
    day: Option<NaiveDate>,
    out: &mut Message<'_>,
) {
    let head = out
        .record("ER_JB")
        .text("entry_filer", filer(life))
        .text("entry_number", serial(life))
        .text("version", "00100")
        .text("accepted_at", &format!("{}041502PM", accepted.format("%m%d%y")))
        .text("owner", "Y")
        .text("liquidation_status", liquidation)
        .text("center_id", "CEE008");
    out.end(&match day {
        Some(day) => head.date("liquidation_date", day),
        None => head,
    });
    let control = out
        .record("ER_JC")
        .text("control_status", "2")
        .text("summary_status", "1")
        .date("status_date", accepted)
        .text("late_filing", "0")
        .text("collection_status", "0")
        .text("census_status", "0")
        .text("protest", "NO");
    out.end(&control);
    let said = Said::of_entry("entry_status", life, "1").by_header();
    let said = said.with_cents("duty", life.duty_cents).with("liquidation_status", liquidation);
    out.say(said.with("version", "00100"));
}

/// JE to JH: amounts, importer, team, reference.
fn status_tail(life: &Life, out: &mut Message<'_>) {
    let amounts = out
        .record("ER_JE")
        .amount("duty", life.duty_cents)
        .amount("tax", 0)
        .amount("fees", life.fees_cents)
        .amount("interest", 0)
        .amount("adcvd", life.antidumping_cents);
    out.end(&amounts);
    let importer = out
        .record("ER_JF")
        .text("importer_number", life.importer)
        .text("entry_type", life.entry_type)
        .text("accelerated_drawback", "3")
        .text("port_of_entry", life.port)
        .date("filing_date", life.entry_date);
    out.end(&importer);
    let team = out.record("ER_JG").text("team", TEAM).text("center_id", "CEE008");
    out.end(&team.number("line_count", life.lines().len() as u64));
    out.end(&out.record("ER_JH").text("broker_reference", &life.reference));
}

/// TS, TE and TX: the bond ends, the broker asks for more time, CBP answers.
pub(super) fn temporary_importation(life: &Life, day: NaiveDate, step: TibStep, out: &mut Message<'_>) {
    let said = |kind, code| Said::of_entry(kind, life, code).by_header();
    match step {
        TibStep::Expires => {
            let expires = super::life::later(day, 30);
            let record = out
                .record("TIB_X1")
                .text("port_of_entry", life.port)
                .text("entry_filer", filer(life))
                .text("entry_number", serial(life))
                .text("importer_number", life.importer)
                .date("expiration_date", expires)
                .number("extensions", 0);
            out.end(&record);
            out.say(said("tib_expiration", "").with("expiration_date", date(expires)));
        }
        TibStep::Request => {
            let record = out.record("TIB_XA").text("port_of_entry", life.port);
            let record = record.text("entry_filer", filer(life)).text("entry_number", serial(life));
            out.end(&record.text("request", "1"));
            out.say(said("tib_request", "1"));
        }
        TibStep::Answer { accepted } => {
            let reference = out
                .record("TIB_E0")
                .text("reference_type", "SUMMRY")
                .number("occurrence", 1)
                .text("ref_constant", "REF ID:")
                .text("entry_filer", filer(life))
                .text("entry_number", serial(life));
            out.end(&reference);
            let condition = |code: &'static str, text: &str| {
                out.record("TIB_E1")
                    .text("condition_code", code)
                    .text("narrative", text)
                    .text("entry_filer", filer(life))
                    .text("entry_number", serial(life))
                    .text("broker_reference", &life.reference)
            };
            if accepted {
                let record = condition("995", "EXTENSION ACCEPTED").text("disposition", "A");
                out.end(&record);
                return out.say(said("tib_response", "995"));
            }
            let first = condition("C02", "ENTRY SUMMARY NOT FOUND").text("severity", "F");
            let last = condition("999", "TRANSACTION DATA REJECTED").text("severity", "F");
            let last = last.text("disposition", "R");
            out.end(&first);
            out.end(&last);
            out.say(said("tib_response", "C02"));
            out.say(said("tib_response", "999"));
        }
    }
}

/// X0 and X1: CBP rejected the batch in which the summary was sent. The answer names the batch and no entry.
pub(super) fn batch_rejected(life: &Life, out: &mut Message<'_>) {
    let broker = &BROKERS[life.broker];
    let reference = out
        .record("X0")
        .text("reference_type", "BLOCK")
        .number("occurrence", 1)
        .text("ref_constant", "REF ID:")
        .text("reference_text", &format!("{} {}    AE {}", life.port, broker.filer, life.reference));
    out.end(&reference);
    let condition = |disposition, code, text: &str| {
        out.record("X1")
            .text("disposition", disposition)
            .text("severity", "F")
            .text("condition_code", code)
            .text("narrative", text)
    };
    let first = condition(" ", "X31", "PREPARER NOT AUTHRZD FOR PORT");
    let last = condition("R", "999", "BATCH REJECTED");
    out.end(&first);
    out.end(&last);
    out.say(Said::of_nothing("batch_rejected", "X31"));
    out.say(Said::of_nothing("batch_rejected", "999").with("condition", "X31"));
}
