//! X12 sets: 350 of a carrier, 824 and 997 of a broker, in release 004010.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::feed::Said;
use super::life::{BROKERS, Event, Life, What};

/// A set between its `ST` and `SE`, and what it says.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) bytes: Vec<u8>,
    /// Without `ST` and `SE`.
    pub(super) segments: u64,
    pub(super) said: Vec<Said>,
}

impl Set {
    fn segment(&mut self, text: &str) {
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
        What::Filing { .. }
        | What::Release(_)
        | What::Summary(_)
        | What::Notice(_)
        | What::Liquidation { .. }
        | What::Postponed { .. } => {}
    }
    set
}

/// 350: what Customs did to a bill, as the carrier was told.
fn customs_status(life: &Life, at: NaiveDateTime, code: &'static str, named: bool, set: &mut Set) {
    let (carrier, port, container) = (life.carrier, life.port, life.container);
    let arrival = life.arrival.format("%Y%m%d");
    set.segment(&format!(
        "M10*{carrier}*O*US*9{container:06}*{}*{}*{container:06}**Z*L",
        life.vessel, life.voyage
    ));
    set.segment(&format!("P4*{port}*{arrival}**W185"));
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
    set.said.push(Said::of_entry("application_advice", life, verdict, Some(at)));
}

/// 997: the broker's receipt for an invoice that the importer sent.
fn acknowledgement(life: &Life, accepted: bool, set: &mut Set) {
    let group = 1 + life.container % 9_999;
    set.segment(&format!("AK1*IN*{group}"));
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
    set.said.push(Said::acknowledgement(code));
}
