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

/// What is said of a consolidated summary reaches the releases under it, in any order.
#[test]
fn releases_hear_of_the_summary_that_covers_them_in_any_order() {
    const RELEASED: &str = "A27049Z7      040225     SO\nB  27049Z7SO\nSO1027049Z7  00000419 0112-345678900XYLANORTHERN EXAMPLE    0412W040225\nSO20CR DEMO00419\nSO60040225100598RELEASED                                04022508\nY  27049Z7SO00003\nZ27049Z7      040225\n";
    const FILED: &str = "A27049Z7      040325     AE\nB  27049Z7AE\n10A9Z7  10000425     DEMO00425   01   X  Y        2041025\n11                                             040125\n329Z7  100004259Z7  00000419\n40  001 VNVN\n508471300100 0000003270 0000001000             NO\n9000000003270\nY  27049Z7AE00006\nZ27049Z7      040325\n";
    const ACCEPTED: &str = "A27049Z7      040325     AX\nB  27049Z7AX\nE0 SUMMRY 000001 REF ID: 9Z7 10000425 DEMO00425     342\nE1A 995   SUMMARY HAS BEEN ADDED                  9Z7  1000042500100DEMO00425\nY  27049Z7AX00002\nZ27049Z7      040325\n";
    const LISTED: &str = "A27049Z7      041025     PF\nB  27049Z7PFP2725193001041025212-345678900\nQ127049Z7  10000425  12-34567890000410250000327000           NDEMO00425      01\nQ227049Z7  10000425                                  2YNN\nQ32725193001  0410259Z7  12-34567890000000327000                      2704\nY  27049Z7PF00003\nZ27049Z7      041025\n";
    const WITHOUT: &str = "A27049Z7      041525     AE\nB  27049Z7AE\n10A9Z7  10000425     DEMO00425   01   X           2041025\n11                                             040125\n40  001 VNVN\n508471300100 0000003270 0000001000             NO\n9000000003270\nY  27049Z7AE00005\nZ27049Z7      041525\n";
    fn state(desk: &Desk) -> (Fingerprint, String, usize) {
        let number = EntryNumber::parse(ENTRY).expect("an entry number");
        let life = desk.store().life(number).expect("the store answers").expect("a known entry");
        let table = entrywatch::deadline::DeadlineTable::embedded();
        let deadlines = life.entry().deadlines(table);
        let due = deadlines.iter().find(|deadline| &*deadline.id == "ES_DUE").expect("a clock");
        (desk.state_hash(), format!("{} {}", due.state.as_str(), due.because), life.entry().statements.len())
    }
    let play = |files: &[&str]| {
        let mut desk = Desk::new("2026-06-01T12:00:00Z".parse().expect("an instant"));
        for (at, bytes) in files.iter().enumerate() {
            desk.receive(&format!("{at}.txt"), "acme", bytes.as_bytes());
        }
        desk
    };
    let files = [RELEASED, FILED, ACCEPTED, LISTED];
    let wanted = state(&play(&files));
    assert_eq!(wanted.1, "closed summary 9Z7-1000042-5 covers the release and is accepted");
    assert_eq!(wanted.2, 0, "the statement is that of the summary");
    let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
    for at in 0..files.len() {
        orders = orders
            .iter()
            .flat_map(|order| {
                (0..=at).map(move |place| {
                    let mut order = order.clone();
                    order.insert(place, at);
                    order
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        let turned: Vec<&str> = order.iter().map(|at| files[*at]).collect();
        let mut desk = play(&turned);
        assert_eq!(state(&desk), wanted, "{order:?}");
        desk.open(&desk::pipeline());
        assert_eq!(state(&desk), wanted, "{order:?}, from the journal");
    }
    // On no statement yet, and no longer under it.
    assert!(state(&play(&files[..3])).1.starts_with("open"));
    let later = ACCEPTED.replace("040325", "041625");
    assert_eq!(state(&play(&[RELEASED, FILED, ACCEPTED, LISTED, WITHOUT])).1, wanted.1, "not answered yet");
    assert!(state(&play(&[RELEASED, FILED, ACCEPTED, LISTED, WITHOUT, &later])).1.starts_with("open"));
}

/// A status of a bill, about one of its entries or none.
fn bill_status(entry: &str, day: &str, code: &str, control: &str) -> Vec<u8> {
    let head = format!(
        "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*IMPORTERCO     *250405*0915*U*00401*{control:0>9}*0*P*>~"
    );
    let entry_type = if entry.is_empty() { "" } else { "01" };
    let body = format!(
        "GS*SO*LANTERNBRK*IMPORTERCO*20250405*0915*{control}*X*004010~ST*350*0001~\
         M10*QXLN*J*US**VESSEL*01W*123456**Z~P4*2704*20250405~\
         X4*66666666*10*{entry_type}*{entry}*{day}*0900*{code}**QXLN~SE*5*0001~GE*1*{control}~IEA*1*{control:0>9}~"
    );
    format!("{head}{body}").into_bytes()
}

#[test]
fn a_hold_of_a_bill_reaches_each_of_its_entries_in_any_order() {
    let numbers = ["9Z7-0000041-9", "9Z7-1000001-6"].map(|text| EntryNumber::parse(text).expect("a number"));
    let compact = numbers.map(|number| number.as_str().to_owned());
    let [one, two] = compact.each_ref().map(String::as_str);
    let files = [
        bill_status(one, "20250401", "1C", "11"),
        bill_status(two, "20250401", "1C", "12"),
        bill_status(one, "20250402", "1H", "13"),
        bill_status("", "20250403", "7H", "14"),
        bill_status(two, "20250404", "7I", "15"),
    ];
    let held = |order: &[usize]| {
        let mut desk = Desk::new("2026-06-01T12:00:00Z".parse().expect("an instant"));
        for &at in order {
            desk.receive(&format!("{at}.edi"), "acme", &files[at]);
        }
        let open = numbers.map(|number| {
            let life = desk.store().life(number).expect("the store answers").expect("known");
            assert_eq!(life.entry().number, number);
            life.entry().open_holds().map(|(key, _)| key.code.to_string()).collect::<Vec<_>>().join(" ")
        });
        (open, desk.state_hash())
    };
    let (open, hash) = held(&[0, 1, 2, 3]);
    assert_eq!(open, ["1H 7H", "1H 7H"]);
    let (open, last) = held(&[0, 1, 2, 3, 4]);
    assert_eq!(open, ["1H", "1H"]);
    assert_ne!(hash, last);
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [3, 4, 0, 2, 1]] {
        assert_eq!(held(&order), (["1H".to_owned(), "1H".to_owned()], last), "{order:?}");
    }
}
