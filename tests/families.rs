//! Whole lives through the engine: filings, statements, query answers and the rest become one state, in any order.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "these tests send no mail")]
mod desk;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use desk::Desk;
use entrywatch::entry::{DeadlineState, Entry, EntryDeadline, StatementState, Status};
use entrywatch::ident::Fingerprint;
use entrywatch::notice::Kind;
use entrywatch::serve::{EntryView, entry_view};

/// What the tests ask of a desk.
trait Asked {
    fn entry_of(&self, number: &str) -> entrywatch::entry::Entry;
}

impl Asked for Desk {
    fn entry_of(&self, number: &str) -> entrywatch::entry::Entry {
        let number = entrywatch::ident::EntryNumber::parse(number).expect("an entry number");
        self.store().life(number).expect("the store answers").expect("the entry is known").entry()
    }
}

fn now() -> DateTime<Utc> {
    "2027-06-01T12:00:00Z".parse().expect("an instant")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn sample(name: &str) -> (String, Vec<u8>) {
    let path = root().join("samples/abi/pass").join(name);
    (name.to_owned(), fs::read(path).expect("a sample"))
}

fn received(files: &[(String, Vec<u8>)]) -> Desk {
    let mut desk = Desk::new(now());
    for (name, bytes) in files {
        desk.receive(name, "acme", bytes);
    }
    desk
}

fn view(desk: &Desk, number: &str) -> EntryView {
    let entry = desk.entry_of(number);
    let life = desk.store().life(entry.number).expect("the store answers").expect("a known entry");
    entry_view(&life, entrywatch::deadline::DeadlineTable::embedded(), chrono::NaiveDate::MIN)
}

fn deadline(entry: &Entry, key: &str) -> EntryDeadline {
    let deadlines = entry.deadlines(entrywatch::deadline::DeadlineTable::embedded());
    let found = deadlines.iter().find(|deadline| deadline.key() == key);
    found.cloned().unwrap_or_else(|| panic!("no {key} in {deadlines:#?}"))
}

const FAMILIES: [&str; 9] = [
    "se-filings.txt",
    "ae-summaries.txt",
    "pf-statements.txt",
    "ms-statements.txt",
    "er-answers.txt",
    "census.txt",
    "tib.txt",
    "ns-notices.txt",
    "c1-answers.txt",
];

#[test]
fn the_order_of_the_families_does_not_matter() {
    let files: Vec<(String, Vec<u8>)> = FAMILIES.map(sample).to_vec();
    let wanted = received(&files).state_hash();
    let mut hashes: Vec<Fingerprint> = Vec::new();
    for turn in 1..files.len() {
        let mut turned = files.clone();
        turned.rotate_left(turn);
        hashes.push(received(&turned).state_hash());
        turned.reverse();
        turned.push(files[turn].clone());
        hashes.push(received(&turned).state_hash());
    }
    assert!(hashes.iter().all(|hash| *hash == wanted), "{hashes:?} {wanted:?}");
}

#[test]
fn what_was_filed_is_there_line_by_line() {
    let desk = received(&[sample("se-filings.txt"), sample("ae-summaries.txt")]);
    let entry = desk.entry_of("9Z700000419");
    assert_eq!(entry.status(), Status::Filed);
    assert_eq!(entry.summary.filings.len(), 2, "the correction does not erase what was filed first");
    let bills: Vec<&str> = entry.references.bills.iter().map(|bill| bill.as_str()).collect();
    assert_eq!(bills, ["QZVCHB770011", "ZQXLPT0044001", "ZQXLPT0044002"]);
    assert!(entry.references.containers.iter().any(|container| *container == "ZQXU1234567"));

    let first = &entry.summary.filings[0];
    assert_eq!(first.filed.amounts.total().map(|total| total.to_string()).as_deref(), Some("3492.92"));
    assert_eq!(first.lines.len(), 2);
    let view = view(&desk, "9Z700000419");
    assert_eq!(view.summary.lines.len(), 1, "the correction has one line");
    let line = &view.summary.lines[0];
    assert_eq!((line.line.as_deref(), line.origin.as_deref()), (Some("001"), Some("CN")));
    let tariff = &line.tariffs[0];
    assert_eq!((tariff.hts.as_str(), tariff.unit.as_deref()), ("9405990000", Some("NO")));
    assert_eq!(tariff.quantity.map(|quantity| quantity.to_string()).as_deref(), Some("5000.00"));
    assert_eq!(view.amounts.entered_value.map(|value| value.to_string()).as_deref(), Some("10000"));
    assert!(view.timeline.iter().all(|row| !row.meaning.as_deref().unwrap_or("").starts_with("line of")));

    let deleted = desk.entry_of("9Z700000427");
    assert!(deleted.filed_summary().is_none(), "its deletion was asked for");
}

#[test]
fn a_statement_is_followed_until_it_is_paid() {
    let (name, both) = sample("pf-statements.txt");
    let text = String::from_utf8(both).expect("ASCII");
    let cut = text.match_indices("A27049Z7").nth(1).expect("two batches").0;
    let (preliminary, last) = text.split_at(cut);
    let mut desk = received(&[(name, preliminary.as_bytes().to_vec())]);
    let state = |desk: &Desk, number: &str| {
        desk.entry_of(number).statements.values().map(|s| s.state()).collect::<Vec<_>>()
    };
    assert_eq!(state(&desk, "9Z700000419"), [StatementState::Preliminary]);
    desk.receive("pf-2.txt", "acme", last.as_bytes());
    assert_eq!(
        state(&desk, "9Z700000419"),
        [StatementState::Presented],
        "a periodic one is paid with the month"
    );
    assert_eq!(state(&desk, "9Z700000435"), [StatementState::Removed]);
    let (name, bytes) = sample("ms-statements.txt");
    desk.receive(&name, "acme", &bytes);
    let entry = desk.entry_of("9Z700000419");
    let statement = entry.statements.values().next().expect("a statement");
    assert_eq!((statement.state(), statement.due_date()), (StatementState::Paid, Some(date("2026-04-21"))));
    assert_eq!(statement.paid_at().map(|at| at.date), Some(date("2026-04-23")));
    assert_eq!(statement.amount.map(|amount| amount.to_string()).as_deref(), Some("3472.92"));
    assert_eq!(
        state(&desk, "9Z700000435"),
        [StatementState::Removed],
        "the month does not pay what was taken off"
    );
    let view = view(&desk, "9Z700000419");
    assert_eq!(
        view.statements[0].monthly_number.map(|number| number.to_string()).as_deref(),
        Some("2726P04001")
    );
}

#[test]
fn a_query_answer_is_a_second_basis() {
    let desk = received(&[sample("er-answers.txt")]);
    let scheduled = desk.entry_of("9Z700000419");
    assert_eq!(scheduled.status(), Status::Accepted);
    assert_eq!(scheduled.scheduled_liquidation().map(|dated| dated.date), Some(date("2027-01-22")));
    let correction = deadline(&scheduled, "PSC_DUE");
    assert!(
        correction.from.iter().any(|fact| &*fact.input == "scheduled_liq" && &*fact.source == "query answer")
    );
    let estimate = deadline(&scheduled, "LIQ_SCHEDULED_EST");
    assert_eq!(
        (estimate.state, &*estimate.because),
        (DeadlineState::Closed, "CBP scheduled the liquidation")
    );

    let rejected = desk.entry_of("9Z700000476");
    assert_eq!(rejected.status(), Status::Rejected);
    assert_eq!(rejected.summary.census.len(), 1, "some warning stands, nobody says which");

    let liquidated = desk.entry_of("9Z700000468");
    assert_eq!(liquidated.status(), Status::Liquidated);
    let protest = deadline(&liquidated, "PROTEST_DUE@liquidation");
    assert!(protest.from.iter().any(|fact| &*fact.source == "query answer"));
    assert_eq!(deadline(&liquidated, "BILL_DUE@12345678901").state, DeadlineState::Open);
    assert_eq!(deadline(&liquidated, "BILL_DUE@12345678902").state, DeadlineState::Closed);
    assert_eq!(deadline(&liquidated, "BILL_DISHONORED@12345678903").due, Some(date("2027-02-14")));
    assert!(deadline(&liquidated, "CIT_SUMMONS@270426100011").due.is_some());
    assert_eq!(liquidated.extensions(), 1);

    let closed = desk.entry_of("9Z700000567");
    assert!(closed.liquidation().is_none(), "a temporary importation is closed, not liquidated");
}

#[test]
fn census_warnings_open_and_close() {
    let desk = received(&[sample("census.txt")]);
    let open = view(&desk, "9Z700000419").summary.census_warnings;
    let open: Vec<(&str, &str)> = open
        .iter()
        .filter_map(|warning| Some((warning.line.as_ref()?.as_str(), warning.code.as_ref()?.as_str())))
        .collect();
    assert_eq!(open, [("002", "27I")], "one override was taken, the other refused");
}

#[test]
fn a_temporary_importation_has_its_clock() {
    let desk = received(&[sample("tib.txt")]);
    let extended = desk.entry_of("9Z700000518");
    assert_eq!(
        (extended.tib.extensions, extended.tib.expires),
        (1, None),
        "the printed date holds no longer"
    );
    let refused = desk.entry_of("9Z700000526");
    assert!(refused.tib.is_refused && !refused.tib.is_closed);

    let (name, all) = sample("tib.txt");
    let text = String::from_utf8(all).expect("ASCII");
    let cut = text.match_indices("A27049Z7").nth(1).expect("three batches").0;
    let desk = received(&[(name, text.as_bytes()[..cut].to_vec())]);
    let export = deadline(&desk.entry_of("9Z700000518"), "TIB_EXPORT");
    assert_eq!(export.due, Some(date("2027-03-04")));
    assert!(export.act_by <= export.due);
}

#[test]
fn holds_of_bills_come_and_go() {
    let desk = received(&[sample("se-filings.txt"), sample("ns-notices.txt")]);
    let entry = desk.entry_of("9Z700000419");
    let open: Vec<String> =
        entry.open_holds().map(|(key, _)| format!("{}/{}", key.agency, key.code)).collect();
    assert_eq!(open, ["CBP/7H"], "1H was lifted; the scan of one container stands");
    let hold = entry.open_holds().next().expect("one").0;
    assert_eq!(hold.scope.container.as_ref().map(|container| container.as_str()), Some("ZQXU1234567"));
}

/// The story of the specification: what was filed, accepted, put on statements and liquidated is one sum.
#[test]
fn amounts_agree_across_the_families() {
    let folder = root().join("../shared/spec/abi/samples/constructed");
    if !folder.exists() {
        return;
    }
    let mut desk = Desk::new(now());
    let names = [
        "ae-type01",
        "ax-accepted-census",
        "so-3-released",
        "pf-preliminary",
        "pf-final",
        "ms-preliminary",
        "ms-final",
        "nr-liquidated-as-entered",
    ];
    for name in names {
        let bytes = fs::read(folder.join(format!("{name}.txt"))).expect("a sample");
        desk.receive(&format!("{name}.txt"), "acme", &bytes);
    }
    let entry = desk.entry_of("N0170000124");
    let filed = entry.filed_summary().expect("a filing");
    let total = filed.filed.amounts.total().expect("totals");
    assert_eq!(total.to_string(), "3345.43");
    let lines = filed.lines.values().filter_map(|line| line.filed.amounts.duty);
    assert_eq!(Some(lines.sum()), filed.filed.amounts.duty, "the lines make the total");
    let statement = entry.statements.values().next().expect("a statement");
    assert_eq!((statement.amount, statement.state()), (Some(total), StatementState::Paid));
    let liquidation = entry.liquidation().expect("liquidated");
    assert_eq!((liquidation.paid.total(), liquidation.liquidated.total()), (Some(total), Some(total)));
    assert_eq!(entry.summary.census.len(), 1, "the warning of the acceptance was never answered");
    let monthly: Vec<Kind> = desk
        .store()
        .life(entry.number)
        .expect("the store answers")
        .expect("a known entry")
        .notices
        .iter()
        .filter(|held| held.notice.entry.is_none())
        .map(|held| held.notice.kind)
        .collect();
    assert_eq!(
        monthly,
        [Kind::StatementEntry, Kind::StatementEntry],
        "the month came by way of its daily statement"
    );
}

#[test]
fn a_clean_copy_counts_before_one_with_an_amount_that_could_not_be_read() {
    let spoilt = fs::read(root().join("samples/abi/fail/bad-amount.txt")).expect("a sample");
    let clean = String::from_utf8_lossy(&spoilt).replace("O0000327B00", "00000300000");
    let (spoilt, clean) = (("spoilt.txt".to_owned(), spoilt), ("clean.txt".to_owned(), clean.into_bytes()));
    let difference = |files: &[(String, Vec<u8>)]| {
        let entry = received(files).entry_of("9Z700000013");
        let liquidation = entry.liquidation().expect("it is liquidated");
        liquidation.difference().map(|amount| amount.to_string())
    };
    assert_eq!(difference(std::slice::from_ref(&spoilt)), None);
    assert_eq!(difference(&[spoilt.clone(), clean.clone()]).as_deref(), Some("270.00"));
    assert_eq!(difference(&[clean, spoilt]).as_deref(), Some("270.00"));
}
