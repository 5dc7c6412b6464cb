//! What finds its entry late: the importer's data, orders, receipts. In any order of arrival the same comes out.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "these tests send no mail")]
mod desk;

use std::fs;
use std::path::Path;

use desk::Desk;
use entrywatch::entry::Entry;
use entrywatch::ident::{EntryNumber, Fingerprint};
use entrywatch::notice::Kind;

const ENTRY: &str = "9Z7-0000041-9";

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).expect("a sample")
}

fn x12(sets: &str) -> Vec<u8> {
    let isa = "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*IMPORTERCO     *260302*0915*U*00401*000000077*0*P*>~";
    let tail = "GE*1*77~IEA*1*000000077~";
    format!("{isa}{sets}{tail}").into_bytes()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let approved = br#"{"kind":"approved_entry","broker_reference":"9Z7AE000041","importer_number":"12-345678900",
        "lines":[{"line":"1","hts_number":"9405990000","value":"10000","purchase_orders":[{"number":"PO-1","line":"10"},"PO-2"]}]}"#;
    let invoice = "GS*IN*LANTERNBRK*IMPORTERCO*20260302*0915*77*X*004010~ST*810*0001~BIG*20260305*BRK9001**PO-5~REF*6B*9Z700000419~TDS*15000~SE*5*0001~";
    let receipt = "GS*FA*LANTERNBRK*IMPORTERCO*20260302*0915*77*X*004010~ST*997*0001~AK1*IN*77~AK2*810*0001~AK5*R*5~AK9*R*1*1*0~SE*6*0001~";
    vec![
        ("approved.json", approved.to_vec()),
        ("orders.csv", b"Bill of Lading,PO Number\nQZVCHB770011,PO-3\nZQXLPT0044001,PO-4\n".to_vec()),
        ("receipt.edi", x12(receipt)),
        ("invoice.edi", x12(invoice)),
        ("filing.txt", sample("abi/pass/se-filings.txt")),
        ("summary.txt", sample("abi/pass/ae-summaries.txt")),
    ]
}

fn received<'f>(files: impl Iterator<Item = &'f (&'static str, Vec<u8>)>) -> (Desk, Entry) {
    let mut desk = Desk::new("2026-06-01T12:00:00Z".parse().expect("an instant"));
    for (name, bytes) in files {
        desk.receive(name, "acme", bytes);
    }
    let number = EntryNumber::parse(ENTRY).expect("an entry number");
    let life = desk.store().life(number).expect("the store answers").expect("a known entry");
    (desk, life.entry())
}

#[test]
fn late_data_finds_its_entry_in_any_order() {
    let files = files();
    let (desk, entry) = received(files.iter());
    let orders: Vec<&str> = entry.references.orders.iter().map(|order| &**order).collect();
    assert!(["PO-3", "PO-4", "PO-5"].iter().all(|order| orders.contains(order)), "{orders:?}");
    let life = desk.store().life(entry.number).expect("the store answers").expect("known");
    let has = |kind: Kind| life.notices.iter().any(|held| held.notice.kind == kind);
    assert!(has(Kind::Acknowledgement), "the receipt is about an invoice of this entry");
    let wanted = desk.state_hash();
    let hashes: Vec<Fingerprint> = (1..files.len())
        .flat_map(|turn| {
            let mut turned = files.clone();
            turned.rotate_left(turn);
            let forward = received(turned.iter()).0.state_hash();
            turned.reverse();
            [forward, received(turned.iter()).0.state_hash()]
        })
        .collect();
    assert!(hashes.iter().all(|hash| *hash == wanted), "{hashes:?} {wanted:?}");
}

#[test]
fn the_importers_lines_come_by_the_brokers_reference() {
    let text = String::from_utf8(sample("abi/pass/se-filings.txt")).expect("ASCII");
    assert!(text.contains(ENTRY.replace('-', "").trim_start_matches("9Z7")), "the sample files this entry");
    let (_, entry) = received(files().iter().filter(|(name, _)| *name != "approved.json"));
    let reference = entry.references.broker.clone().expect("the filing has a reference");
    let approved = format!(
        r#"{{"kind":"approved_entry","broker_reference":"{reference}","lines":[{{"line":"1","value":"10","purchase_order":"PO-9"}}]}}"#
    );
    for first in [true, false] {
        let mut files = files();
        files.retain(|(name, _)| *name != "approved.json");
        let at = if first { 0 } else { files.len() };
        files.insert(at, ("approved.json", approved.clone().into_bytes()));
        let (_, entry) = received(files.iter());
        assert!(entry.references.orders.contains("PO-9"), "{:?}", entry.references);
    }
}
