//! How notices without an entry find theirs: by a bill, by a daily statement, by the broker's reference, and receipts by the
//! control numbers of the filing that they are about. Each waits under its key until an entry is tied to it.

use crate::decode::{Body, Message};
use crate::entry::summary_of;
use crate::ident::{BillOfLading, BrokerName};
use crate::notice::{Effect, Kind, MonthlyLine, Notice, StatementLine};

/// Sets that Customs, carriers and banks send: nobody acknowledges a filing with their numbers to us.
const NO_FILINGS: [&str; 9] = ["350", "315", "354", "355", "820", "824", "997", "999", "TA1"];

/// The key under which a notice without an entry waits: the house bill when it names one, for that is what it is about.
pub(super) fn waits_under(notice: &Notice, broker: &BrokerName) -> Option<BillOfLading> {
    let bill = notice.house_bill.clone().or_else(|| notice.bill.clone());
    bill.or_else(|| statement_of(notice))
        .or_else(|| reference_of(notice))
        .or_else(|| judged_by(notice, broker))
}

/// Where the release status of one entry tells of its bills: every other entry of the bill has a message of its own.
const OF_ONE_ENTRY: &str = "so50-bill-dispositions";

/// A hold of a bill, or its removal, as the manifest has it.
pub(super) fn is_of_whole_bill(notice: &Notice) -> bool {
    notice.kind == Kind::BillStatus
        && notice.table.as_deref() != Some(OF_ONE_ENTRY)
        && matches!(notice.effect, Effect::Hold { .. } | Effect::Clear { .. })
}

/// The keys, beside its bills, under which others may wait for the entry of this notice.
pub(super) fn named_by(notice: &Notice) -> impl Iterator<Item = BillOfLading> {
    let summary = summary_of(notice).map(BillOfLading::of_summary);
    statement_of(notice).into_iter().chain(reference_of(notice)).chain(summary)
}

/// A summary that names the releases of other entries.
pub(super) fn has_releases(notice: &Notice) -> bool {
    matches!(notice.effect, Effect::SummaryFiled(_)) && notice.field("entry_1").is_some()
}

/// A monthly statement names daily ones and no entries; the entries that stood on a daily one hear of it.
fn statement_of(notice: &Notice) -> Option<BillOfLading> {
    match &notice.effect {
        Effect::OnStatement(StatementLine { statement, .. })
        | Effect::OnMonthlyStatement(MonthlyLine { statement, .. })
            if !statement.is_empty() =>
        {
            Some(BillOfLading::of_statement(statement.as_str()))
        }
        _ => None,
    }
}

/// The broker's reference, in filings and in the importer's data.
fn reference_of(notice: &Notice) -> Option<BillOfLading> {
    let is_read = matches!(
        notice.kind,
        Kind::ReleaseFiled
            | Kind::ReleaseResponse
            | Kind::SummaryFiled
            | Kind::ApprovedEntry
            | Kind::OrderLink
    );
    let reference = notice.field("broker_reference").filter(|_| is_read)?;
    Some(BillOfLading::of_reference(reference))
}

/// The filing that a receipt is about, by its control numbers; a set's own, else its group's, else its interchange's.
fn judged_by(notice: &Notice, broker: &BrokerName) -> Option<BillOfLading> {
    if !matches!(notice.kind, Kind::Acknowledgement | Kind::ApplicationAdvice) {
        return None;
    }
    let (group, set) = (notice.field("group_number"), notice.field("set_number"));
    match (group, set, notice.field("interchange_number")) {
        (Some(group), Some(set), _) => Some(of_set(broker, notice.field("set_type")?, group, set)),
        (Some(group), None, _) => Some(of_group(broker, group)),
        (_, _, Some(interchange)) => Some(of_interchange(broker, interchange)),
        _ => None,
    }
}

/// The keys under which receipts for this message wait.
pub(super) fn filed_as(message: &Message<'_>, broker: &BrokerName) -> Vec<BillOfLading> {
    let (Body::X12(_), Some(name)) = (message.body, message.name) else { return Vec::new() };
    if NO_FILINGS.contains(&name) {
        return Vec::new();
    }
    let text = |number: Option<&[u8]>| number.map(|number| String::from_utf8_lossy(number).into_owned());
    let control = message.control;
    let (group, set) = (text(control.group), text(control.set));
    let mut keys = Vec::new();
    if let (Some(group), Some(set)) = (&group, &set) {
        keys.push(of_set(broker, name, group, set));
    }
    keys.extend(group.map(|group| of_group(broker, &group)));
    keys.extend(text(control.interchange).map(|number| of_interchange(broker, &number)));
    keys
}

fn of_set(broker: &BrokerName, name: &str, group: &str, set: &str) -> BillOfLading {
    BillOfLading::of_filing(&format!("{broker}:{name}:{}:{}", plain(group), plain(set)))
}

fn of_group(broker: &BrokerName, group: &str) -> BillOfLading {
    BillOfLading::of_filing(&format!("{broker}:group:{}", plain(group)))
}

fn of_interchange(broker: &BrokerName, interchange: &str) -> BillOfLading {
    BillOfLading::of_filing(&format!("{broker}:interchange:{}", plain(interchange)))
}

/// Receipts and filings do not always write the same leading zeros.
fn plain(number: &str) -> &str {
    number.trim().trim_start_matches('0')
}
