//! X12 sets of the trade: 850, 856 and 810 of an order, 820 of a payment.

use chrono::NaiveDateTime;

use super::life::Life;
use super::said::{Said, cents};
use super::x12::{Set, moment};

/// 850: the order, before anybody knows an entry.
pub(super) fn order(life: &Life, at: NaiveDateTime, set: &mut Set) {
    let order = life.order();
    set.segment(&format!("BEG*00*SA*{order}**{}", at.format("%Y%m%d")));
    set.segment(&format!("REF*IV*{}", life.invoice()));
    set.segment(&format!("PO1*1*{}*EA*2.5", life.quantity));
    set.segment("CTT*1");
    let said = Said::of_nothing("order_link", "").on(at.date()).with("purchase_order", order);
    set.said.push(said.with("invoice", life.invoice()));
}

/// 856: the shipment ties the order to the bill.
pub(super) fn shipment(life: &Life, at: NaiveDateTime, set: &mut Set) {
    let (order, container) = (life.order(), life.container_number());
    let (owner, number) = container.split_at(4);
    set.segment(&format!("BSN*00*S{}*{}*0001", life.reference, moment(at)));
    set.segment("HL*1**S");
    set.segment(&format!("REF*BM*{}{}", life.carrier, life.bill));
    set.segment(&format!("TD3*CN*{owner}*{number}"));
    set.segment("HL*2*1*O");
    set.segment(&format!("PRF*{order}"));
    set.said.push(Said::of_master(life, "order_link", "").at(at).with("purchase_order", order));
}

/// 810: the invoice ties the order to entry and bill.
pub(super) fn invoice(life: &Life, at: NaiveDateTime, set: &mut Set) {
    let order = life.order();
    set.segment(&format!("BIG*{}*{}**{order}", at.format("%Y%m%d"), life.invoice()));
    set.segment(&format!("REF*6B*{}", life.number));
    set.segment(&format!("REF*BM*{}{}", life.carrier, life.bill));
    set.segment(&format!("REF*3Z*{}", life.reference));
    set.segment(&format!("TDS*{}", 100 * life.entered_value()));
    set.segment("CTT*0");
    let said = Said::of_master(life, "order_link", "").naming(life).on(at.date());
    set.said.push(said.with("purchase_order", order).with("invoice", life.invoice()));
}

/// 820: the bank paid what the entry owed.
pub(super) fn payment(life: &Life, at: NaiveDateTime, set: &mut Set) {
    let amount = cents(life.duty_cents + life.fees_cents + life.antidumping_cents);
    set.segment(&format!("BPR*C*{amount}*C*ACH*CTX***********{}", at.format("%Y%m%d")));
    set.segment(&format!("TRN*1*T{}", life.reference));
    set.segment("N1*PE*US CUSTOMS");
    set.segment("ENT*1");
    set.segment(&format!("RMR*6B*{}**{amount}", life.number));
    set.said.push(Said::of_entry("payment", life, "").on(at.date()).with("amount", amount));
}
