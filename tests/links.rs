//! What finds its entry late: the importer's data, orders, receipts. In any order of arrival the same comes out.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "these tests send no mail")]
mod desk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use desk::Desk;
use entrywatch::config::{Config, EXAMPLE};
use entrywatch::daemon::assemble;
use entrywatch::decode::{Message, decode};
use entrywatch::entry::Entry;
use entrywatch::ident::{EntryNumber, Fingerprint};
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::{Kind, NoticeRef};
use entrywatch::place::Finding;
use proptest::prelude::*;

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
    let envelope = |group: &str, body: &str| {
        x12(&format!("GS*{group}*LANTERNBRK*IMPORTERCO*20260302*0915*77*X*004010~{body}"))
    };
    let implementation =
        envelope("FA", "ST*999*0001~AK1*IN*77*004010~AK2*810*0001~IK5*A~AK9*A*1*1*1~SE*6*0001~");
    let advice = envelope(
        "AG",
        "ST*824*0001~BGN*11*ADV1*20260303~OTI*TR*IV*BRK9001*LANTERNBRK*IMPORTERCO*20260302*0915*77*0001*810~SE*4*0001~",
    );
    let order = envelope("PO", "ST*850*0002~BEG*00*SA*PO-6**20260105~REF*BM*ZQXLPT0044002~SE*4*0002~");
    let shipment = envelope(
        "SH",
        "ST*856*0003~BSN*00*SHIP1*20260201*1200*0001~REF*BM*ZQXLPT0044001~HL*2*1*O~PRF*PO-7~SE*6*0003~",
    );
    let report =
        b"Entry Number,Entry Date,Total Entered Value,Duty Amount\n9Z700000419,03/05/2026,16000,3270.00\n";
    vec![
        ("ta1.edi", x12("TA1*000000077*260302*0915*A*000~").to_vec()),
        ("implementation.edi", implementation),
        ("advice.edi", advice),
        ("order.edi", order),
        ("shipment.edi", shipment),
        ("report.csv", report.to_vec()),
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
    assert!(
        ["PO-3", "PO-4", "PO-5", "PO-6", "PO-7"].iter().all(|order| orders.contains(order)),
        "{orders:?}"
    );
    let life = desk.store().life(entry.number).expect("the store answers").expect("known");
    let has = |kind: Kind| life.notices.iter().any(|held| held.notice.kind == kind);
    assert!(has(Kind::ApplicationAdvice) && has(Kind::AceReport));
    // Four verdicts on the invoice of this entry: the set refused, and accepted later; its group; its interchange.
    let verdicts: BTreeSet<String> = life
        .notices
        .iter()
        .filter(|held| held.notice.kind == Kind::Acknowledgement)
        .map(|held| {
            let field = |name: &str| held.notice.field(name).unwrap_or("-").to_owned();
            let code = held.notice.code.map(|code| code.to_string()).unwrap_or_default();
            let (set, about) = (field("set_type"), field("interchange_number"));
            format!("{code} {set} {} {}", field("set_number"), about.trim_start_matches('0'))
        })
        .collect();
    let wanted = ["A - - 77", "A - - -", "A 810 0001 -", "R - - -", "R 810 0001 -"].map(str::to_owned);
    assert_eq!(verdicts, BTreeSet::from(wanted));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_permutation_and_a_restart_give_one_state(shuffled in Just(files()).prop_shuffle()) {
        static WANTED: LazyLock<Fingerprint> = LazyLock::new(|| received(files().iter()).0.state_hash());
        let (mut desk, _) = received(shuffled.iter());
        prop_assert_eq!(desk.state_hash(), *WANTED);
        // The store is lost, and everything comes back from the journal.
        desk.open(&desk::pipeline());
        prop_assert_eq!(desk.state_hash(), *WANTED);
        // All of it once more, in other files.
        for (name, bytes) in &shuffled {
            desk.receive(name, "acme", &[bytes.as_slice(), b"\n"].concat());
        }
        prop_assert_eq!(desk.state_hash(), *WANTED);
    }
}

/// What the notices of an invoice say whose entry number stands behind this qualifier.
fn invoiced(interpreter: &Interpreter, broker: &str) -> Option<EntryNumber> {
    #[derive(Default)]
    struct Heard(Option<EntryNumber>);
    impl NoticeSink for Heard {
        fn notice(&mut self, notice: &NoticeRef<'_>) {
            self.0 = self.0.or(notice.entry);
        }
        fn finding(&mut self, _: Finding) {}
    }
    let invoice =
        x12("GS*IN*LANTERNBRK*IMPORTERCO*20260302*0915*77*X*004010~ST*810*0001~BIG*20260305*BRK9001**PO-5~\
         REF*EN*9Z700000419~TDS*15000~SE*5*0001~");
    let mut heard = Heard::default();
    decode(&invoice, interpreter.grammar(), &mut |message: &Message<'_>| {
        interpreter.interpret_for(broker, message, &mut heard);
    });
    heard.0
}

#[test]
fn each_broker_has_qualifiers_of_its_own() {
    let text =
        EXAMPLE.replace("name = \"acme\"\n", "name = \"acme\"\nx12_qualifiers = [\"EN = entry_number\"]\n");
    let config = Config::parse("config.toml", &text, Path::new("/srv/entrywatch")).expect("a configuration");
    let pipeline = assemble::pipeline(&config).expect("a pipeline");
    assert_eq!(invoiced(&pipeline.interpreter, "acme"), EntryNumber::parse(ENTRY));
    assert_eq!(invoiced(&pipeline.interpreter, "globex"), None, "EN is not the standard's");
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
