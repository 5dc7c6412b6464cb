//! Blocks of SO, NR, AX, UC and SX in turn, the same ones every time and without a fault.

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

pub fn buffer(size_bytes: usize) -> Vec<u8> {
    let mut writer = Writer { text: String::new(), records: 0, serial: 0, dice: Dice(42) };
    while writer.text.len() < size_bytes {
        writer.block("SO", Writer::so);
        writer.block("NR", Writer::nr);
        writer.block("AX", Writer::ax);
        writer.block("UC", Writer::uc);
        writer.block("SX", Writer::sx);
    }
    writer.text.into_bytes()
}
