//! How fast ABI is read, beside the speed of splitting the same buffer into lines.
//!
//! `cargo bench --bench decode_abi`. The buffer is made here, the same one every time: SO, NR, AX, UC and SX in turn.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use entrywatch::decode::{Body, Message, decode};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::Finding;

const BUFFER_BYTES: usize = 15 << 20;
const TRANSACTIONS_IN_BLOCK: u32 = 50;

/// A number that looks random and is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

fn check_digit(filer: &str, serial: u32) -> u32 {
    let digits = format!("{filer}{serial:07}");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(at, byte)| {
            let value = match byte {
                b'0'..=b'9' => u32::from(byte - b'0'),
                b'A'..=b'R' => u32::from((byte - b'A') % 9 + 1),
                _ => u32::from(byte - b'S' + 2),
            };
            if at % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
        })
        .sum();
    (10 - sum % 10) % 10
}

/// Builds the buffer record by record.
struct Writer {
    text: String,
    records: u32,
    serial: u32,
    dice: Dice,
}

impl Writer {
    fn line(&mut self, record: &str) {
        self.text += &format!("{record:80}\n");
        self.records += 1;
    }

    fn entry(&mut self) -> String {
        self.serial += 1;
        format!("{:07}{}", self.serial, check_digit("9Z7", self.serial))
    }

    fn block(&mut self, application: &str, transaction: fn(&mut Self)) {
        self.line(&format!("A27049Z7      030226     {application}"));
        self.line(&format!("B  27049Z7{application}"));
        self.records = 0;
        for _ in 0..TRANSACTIONS_IN_BLOCK {
            transaction(self);
        }
        let records = self.records;
        self.line(&format!("Y  27049Z7{application}{records:05}"));
        self.line("Z27049Z7      030226");
    }

    fn so(&mut self) {
        let entry = self.entry();
        let (minute, day) = (self.dice.roll(60), self.dice.roll(28) + 1);
        self.line(&format!("SO1027049Z7  {entry} 0198-765432100WAVYPELICAN TRADER      118E 0308261"));
        self.line(&format!("SO20CR P{:07}", self.serial));
        let bill = self.dice.roll(10_000_000);
        self.line(&format!("SO40MWAVYPT{bill:07}"));
        self.line(&format!("SO40HDUCKHB{bill:07}{:41}00000140CTN  00000140", ""));
        let code = self.dice.pick(&["51", "54", "95", "93"]);
        self.line(&format!("SO5003{day:02}2608{minute:02}{code}{:40}N", "BILL STATUS"));
        for code in ["90", "96", "22", "98", "01"] {
            let release = if matches!(code, "22" | "98") { format!("03{day:02}2608") } else { String::new() };
            self.line(&format!("SO6003{day:02}2609{minute:02}{code}{:40}{release}", "ENTRY STATUS TEXT"));
        }
        let status = self.dice.pick(&["01", "07", "10", "11"]);
        self.line(&format!(
            "SO70FDAFOO03{day:02}2610{minute:02}{status}{:28}  {status}2200101001{:14}04",
            "AGENCY TEXT", ""
        ));
    }

    fn nr(&mut self) {
        let entry = self.entry();
        let duty = self.dice.roll(10_000_000);
        if self.dice.roll(4) == 0 {
            self.line(&format!("N327049Z7 {entry}0198-765432100031226491010927P2600041"));
            return;
        }
        self.line(&format!("N127049Z7 {entry}0198-765432100{duty:011}{:011}{:011}{:011}0", 0, duty + 100, 0));
        self.line(&format!("N227049Z7 {entry}01222799P2600041{:19}L031226{:011}{:09}", "", 0, 12));
        self.line(&format!("N427049Z7 {entry}{:011}{:011}{:011}{:011}{:011}", 0, 7543, 0, 0, 7543));
    }

    fn ax(&mut self) {
        let entry = self.entry();
        self.line(&format!("E0 SUMMRY 000001 REF ID: 9Z7 {entry} {:12} 731", "P2600041"));
        let tail = |version: &str| format!("9Z7  {entry}{version:5}{:9}", "P2600041");
        if self.dice.roll(3) == 0 {
            self.line("E0 LINITM 000002 REF ID: 002");
            self.line(&format!("E1 W27D   {:40}{}", "*CENSUS* OR-HI VAL/QTY (1)", tail("")));
            self.line(&format!("E1AW995   {:40}{}", "SUMMARY HAS BEEN ADDED", tail("00100")));
        } else {
            self.line(&format!("E1A 995   {:40}{}", "SUMMARY HAS BEEN ADDED", tail("00100")));
        }
    }

    fn uc(&mut self) {
        let entry = self.entry();
        let code = self.dice.pick(&["1", "2", "3", "4", "5", "D", "C"]);
        self.line(&format!("E1{code}1731   041026{:34}9Z7  {entry}  001P2600041", ""));
        self.line(&format!("E2  {:30}  5550100199  {:12}", "ROE, RICHARD", format!("9Z7{entry}")));
        self.line("E3PLEASE SEND THE COMMERCIAL INVOICE AND THE PACKING LIST.");
    }

    fn sx(&mut self) {
        let entry = self.entry();
        self.line(&format!("SE10A9Z7  {entry} 01EI 98-7654321001180000045210{:5} {:5}", "2704", "2704"));
        self.line(&format!("SE15MWAVY{:50}{:13}N", "PT0011882", ""));
        self.line(&format!("SE20CR P{:07}", self.serial));
        let code = self.dice.pick(&["02", "02", "02", "03", "01"]);
        self.line(&format!("SE90{code}   {:40}", "SE DATA"));
    }
}

fn buffer() -> Vec<u8> {
    let mut writer = Writer { text: String::new(), records: 0, serial: 0, dice: Dice(42) };
    while writer.text.len() < BUFFER_BYTES {
        writer.block("SO", Writer::so);
        writer.block("NR", Writer::nr);
        writer.block("AX", Writer::ax);
        writer.block("UC", Writer::uc);
        writer.block("SX", Writer::sx);
    }
    writer.text.into_bytes()
}

#[derive(Default)]
struct Count {
    notices: u64,
    findings: u64,
    fields: u64,
}

impl NoticeSink for Count {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.notices += 1;
        self.fields += black_box(notice).fields.len() as u64;
    }

    fn finding(&mut self, _: Finding) {
        self.findings += 1;
    }
}

fn split_lines(buffer: &[u8]) -> u64 {
    let (mut at, mut lines) = (0, 0);
    while let Some(end) = memchr::memchr(b'\n', &buffer[at..]) {
        black_box(&buffer[at..at + end]);
        at += end + 1;
        lines += 1;
    }
    lines
}

/// Every field of every record, as a slice.
fn slice_fields(buffer: &[u8], grammar: &Grammar) -> u64 {
    let mut fields = 0;
    decode(buffer, grammar, &mut |message: &Message<'_>| {
        let Body::Abi(transaction) = message.body else { return };
        for record in transaction.records {
            for field in record.layout.iter().flat_map(|layout| &layout.fields) {
                black_box(record.raw(field.at));
                fields += 1;
            }
        }
    });
    fields
}

fn frame(buffer: &[u8], grammar: &Grammar) -> u64 {
    let mut records = 0;
    decode(buffer, grammar, &mut |message: &Message<'_>| {
        if let Body::Abi(transaction) = message.body {
            records += black_box(transaction.records).len() as u64;
        }
    });
    records
}

fn to_notices(buffer: &[u8], interpreter: &Interpreter) -> Count {
    let mut count = Count::default();
    decode(buffer, interpreter.grammar(), &mut |message: &Message<'_>| {
        count.findings += message.findings.len() as u64;
        interpreter.interpret(message, &mut count);
    });
    count
}

fn benches(criterion: &mut Criterion) {
    let buffer = buffer();
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar has every name");
    let count = to_notices(&buffer, &interpreter);
    assert_eq!(count.findings, 0, "the buffer is clean, so that no finding is timed");
    let lines = split_lines(&buffer);
    println!("{} bytes, {lines} lines, {} notices, {} fields", buffer.len(), count.notices, count.fields);
    let mut group = criterion.benchmark_group("decode_abi");
    group.throughput(Throughput::Bytes(buffer.len() as u64)).sample_size(20);
    group.bench_function("a_line_split", |bencher| bencher.iter(|| split_lines(black_box(&buffer))));
    group.bench_function("b_framing", |bencher| bencher.iter(|| frame(black_box(&buffer), &grammar)));
    group.bench_function("b_fields", |bencher| bencher.iter(|| slice_fields(black_box(&buffer), &grammar)));
    group.bench_function("c_notices", |bencher| {
        bencher.iter(|| to_notices(black_box(&buffer), &interpreter).notices);
    });
    group.finish();
}

criterion_group!(decode_abi, benches);
criterion_main!(decode_abi);
