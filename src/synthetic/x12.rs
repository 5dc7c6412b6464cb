//! X12 sets of the story from filing to liquidation (350, 824, 997) and receipts for X12 itself (997, 999, TA1).

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::life::{BROKERS, Life};
use super::said::Said;
use super::story::{Event, What};
use super::{manifest, orders};

/// A set between its `ST` and `SE`, and what it says.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) bytes: Vec<u8>,
    /// Without `ST` and `SE`.
    pub(super) segments: u64,
    pub(super) said: Vec<Said>,
}

impl Set {
    pub(super) fn segment(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.trim_end_matches('*').as_bytes());
        self.bytes.extend_from_slice(b"~\n");
        self.segments += 1;
    }
}

/// `20260302*0830`
pub(super) fn moment(at: NaiveDateTime) -> String {
    format!("{:04}{:02}{:02}*{:02}{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// Writes the set of an event that travels by X12.
pub(super) fn set(life: &Life, event: &Event) -> Set {
    let mut set = Set::default();
    match event.what {
        What::Carrier { code, named } => customs_status(life, event.at, code, named, &mut set),
        What::Advice { verdict } => application_advice(life, event.at, verdict, &mut set),
        What::Receipt { accepted } => acknowledgement(life, accepted, &mut set),
        What::ImplementationReceipt { accepted } => implementation_receipt(life, accepted, &mut set),
        What::InterchangeReceipt { accepted } => interchange_receipt(life, event.at, accepted, &mut set),
        What::OceanStatus { code } => manifest::ocean_status(life, event.at, code, &mut set),
        What::GeneralOrder { code } => manifest::general_order(life, event.at, code, &mut set),
        What::Arrival => manifest::arrival(life, event.at, &mut set),
        What::OpenBill => manifest::open_bill(life, event.at, &mut set),
        What::ManifestAnswer { accepted } => manifest::answer(life, accepted, &mut set),
        What::Payment => orders::payment(life, event.at, &mut set),
        What::Order => orders::order(life, event.at, &mut set),
        What::Shipment => orders::shipment(life, event.at, &mut set),
        What::Invoice => orders::invoice(life, event.at, &mut set),
        What::Filing { .. }
        | What::Release(_)
        | What::Summary(_)
        | What::Notice(_)
        | What::Liquidation { .. }
        | What::Postponed { .. }
        | What::ReleaseFiling { .. }
        | What::SummaryFiling(_)
        | What::Census(_)
        | What::CargoQuery
        | What::CargoAnswer(_)
        | What::BillNotice { .. }
        | What::StatusQuery
        | What::StatusAnswer(_)
        | What::Tib(_)
        | What::BatchRejected => {}
    }
    set
}

/// M10 and P4: which vessel, and where it arrives.
pub(super) fn conveyance(life: &Life, manifest_type: &str, set: &mut Set) {
    let (carrier, container) = (life.carrier, life.container);
    set.segment(&format!(
        "M10*{carrier}*O*US*9{container:06}*{}*{}*{container:06}**{manifest_type}*L",
        life.vessel, life.voyage
    ));
    set.segment(&format!("P4*{}*{}**W185", life.port, life.arrival.format("%Y%m%d")));
}

/// 350: what Customs did to a bill, as the carrier was told.
fn customs_status(life: &Life, at: NaiveDateTime, code: &'static str, named: bool, set: &mut Set) {
    conveyance(life, "Z", set);
    let (carrier, port, container) = (life.carrier, life.port, life.container);
    let (entry_type, entry) = if named { (life.entry_type, life.number.as_str()) } else { ("", "") };
    let (house, house_issuer) = life.house_bill.as_deref().map_or(("", ""), |house| (house, carrier));
    set.segment(&format!(
        "X4*{}*{}*{entry_type}*{entry}*{}*{code}*{house}*{carrier}*{house_issuer}*{carrier}*{container:07}*{port}*W185",
        life.bill,
        life.quantity,
        moment(at),
    ));
    if code == "1H" {
        set.segment("K1*DOCUMENT REVIEW");
    }
    set.segment(&format!("N7*{carrier}*{container:07}"));
    set.said.push(Said::of_bill(life, named, code, at));
}

/// 824: what the broker's system thinks of the invoice data of an entry.
fn application_advice(life: &Life, at: NaiveDateTime, verdict: &'static str, set: &mut Set) {
    let filer = BROKERS[life.broker].filer;
    set.segment(&format!("BGN*11*{}*{}", life.reference, moment(at)));
    set.segment(&format!("N1*CB*{}*ZZ*{filer}", BROKERS[life.broker].sender));
    set.segment(&format!("OTI*{verdict}*6B*{}*****77*0001*810*004010", life.number.as_str()));
    set.segment(&format!("REF*BM*{}{}", life.carrier, life.bill));
    match verdict {
        "TR" => {
            set.segment("TED*007*INVOICE VALUE MISSING*TDS*5*1*610");
            set.segment("NTE*ERR*SEND CORRECTED INVOICE");
        }
        "TE" => set.segment("TED*008*UNIT PRICE OUT OF RANGE*IT1*4*4*212"),
        _ => {}
    }
    let bill = format!("{}{}", life.carrier, life.bill);
    set.said.push(Said::of_entry("application_advice", life, verdict).at(at).with_bill_number(bill));
}

fn group_number(life: &Life) -> u64 {
    1 + life.container % 9_999
}

/// 997: the broker's receipt for an invoice that the importer sent.
fn acknowledgement(life: &Life, accepted: bool, set: &mut Set) {
    set.segment(&format!("AK1*IN*{}", group_number(life)));
    set.segment("AK2*810*0001");
    let code = if accepted { "A" } else { "R" };
    if accepted {
        set.segment("AK5*A");
    } else {
        set.segment("AK3*TDS*5**8");
        set.segment("AK4*1*610*1");
        set.segment("AK5*R*5");
    }
    set.segment(&format!("AK9*{code}*1*1*{}", u8::from(accepted)));
    // One verdict on the invoice, one on its group.
    set.said.extend([Said::of_nothing("acknowledgement", code), Said::of_nothing("acknowledgement", code)]);
}

/// 999: the same by the later standard.
fn implementation_receipt(life: &Life, accepted: bool, set: &mut Set) {
    let group = group_number(life);
    set.segment(&format!("AK1*IN*{group}*005010"));
    set.segment("AK2*810*0001*005010");
    let code = if accepted { "A" } else { "R" };
    if accepted {
        set.segment("IK5*A");
    } else {
        set.segment("IK3*REF*5**I6");
        set.segment("IK5*R*I5");
    }
    set.segment(&format!("AK9*{code}*1*1*{}", u8::from(accepted)));
    let said = || Said::of_nothing("acknowledgement", code).with("group_number", group);
    set.said.extend([said().with("set_number", "0001"), said().with("sets_received", 1)]);
}

/// TA1: whether an interchange arrived. A segment of the envelope, and no set.
fn interchange_receipt(life: &Life, at: NaiveDateTime, accepted: bool, set: &mut Set) {
    let number = format!("{:09}", life.container);
    let (code, note) = if accepted { ("A", "000") } else { ("R", "025") };
    set.segment(&format!("TA1*{number}*{}*{code}*{note}", &moment(at)[2..]));
    set.said.push(
        Said::of_nothing("acknowledgement", code)
            .at(at)
            .with("interchange_number", number)
            .with("note_code", note),
    );
}
