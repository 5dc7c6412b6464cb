//! X12 sets about cargo: 315 of an ocean carrier, 352 to 355 of the manifest.

use chrono::NaiveDateTime;

use super::life::Life;
use super::said::Said;
use super::x12::{Set, conveyance, moment};

/// 315: where a container is, with what Customs did to it.
pub(super) fn ocean_status(life: &Life, at: NaiveDateTime, code: &'static str, set: &mut Set) {
    let container = life.container_number();
    let (owner, number) = container.split_at(4);
    set.segment(&format!("B4***CT*{}*USLAX*{owner}*{number}*L*22G1*LOS ANGELES*CI*8", moment(at)));
    set.segment(&format!("N9*BM*{}{}", life.carrier, life.bill));
    set.segment(&format!("N9*6B*{}", life.number));
    set.segment(&format!("Q2*9700001*US*******{}***L*{}", life.voyage, life.vessel));
    let status = if code == "1C" { "CT" } else { "PQ" };
    set.segment(&format!("SG*{status}**{code}*{}*PT", moment(at)));
    set.segment("R4*D*UN*USLAX*LOS ANGELES*US");
    let bill = format!("{}{}", life.carrier, life.bill);
    set.said.push(Said::of_entry("bill_status", life, code).at(at).with_bill_number(bill));
}

/// 352: what becomes of goods that nobody entered in time.
pub(super) fn general_order(life: &Life, at: NaiveDateTime, code: &'static str, set: &mut Set) {
    conveyance(life, "G", set);
    let day = at.date();
    // Goods that go to general order have no entry on file.
    let entry = if code == "3" { "*".to_owned() } else { format!("{}*{}", life.number, life.entry_type) };
    let carrier = life.carrier;
    let bill = &life.bill;
    set.segment(&format!("M14*{bill}*{code}*{entry}*{}**{carrier}**{}", day.format("%Y%m%d"), life.quantity));
    if code == "1" {
        set.segment("K1*PAPERS LATE");
    }
    let said = Said::of_master(life, "manifest_event", code).on(day);
    set.said.push(if code == "3" { said } else { said.naming(life) });
}

/// 353: the vessel came in with the bill on board.
pub(super) fn arrival(life: &Life, at: NaiveDateTime, set: &mut Set) {
    conveyance(life, "H", set);
    let (day, time) = (at.format("%Y%m%d"), at.format("%H%M"));
    set.segment(&format!("M15*2*{}*{day}*{}*{}*{time}", life.bill, life.port, life.carrier));
    set.said.push(Said::of_master(life, "manifest_event", "H").at(at));
}

/// 354: Customs counts the bill as open long after the vessel came.
pub(super) fn open_bill(life: &Life, at: NaiveDateTime, set: &mut Set) {
    conveyance(life, "Z", set);
    let (day, carrier) = (at.date(), life.carrier);
    set.segment(&format!(
        "X01*{carrier}*D*{}*L*9700001*{}*{}*371*{}*1",
        life.port,
        life.vessel,
        life.voyage,
        day.format("%Y%m%d")
    ));
    set.segment(&match &life.house_bill {
        Some(house) => format!("X02*{carrier}*{carrier}*{}*{carrier}*{house}", life.bill),
        None => format!("X02*{carrier}*{carrier}*{}", life.bill),
    });
    set.said.push(Said::of_master(life, "manifest_event", "").with_bills(life).on(day));
}

/// 355: the answer to a manifest.
pub(super) fn answer(life: &Life, accepted: bool, set: &mut Set) {
    conveyance(life, "Z", set);
    let summary = if accepted { "ACCEPTED 0001 REJECTED 0000" } else { "ACCEPTED 0000 REJECTED 0001" };
    let said = if accepted {
        Said::of_nothing("filing_response", "A")
    } else {
        set.segment("LX*1");
        set.segment(&format!("M11*{}*58023*{}*CTN*8000*K******{}", life.bill, life.quantity, life.carrier));
        set.segment("K1*101 BILL ALREADY ON FILE");
        Said::of_master(life, "filing_response", "RB").with("refused_segment", "M11")
    };
    set.segment(&format!("K3*{summary}"));
    set.said.push(said.with("summary", summary).with("vessel", life.vessel));
}
