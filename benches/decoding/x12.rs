//! Interchanges of 350, 824 and 997, the same ones every time and without a fault.

use std::fmt::Write as _;

/// A small deterministic generator (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

const CARRIERS: [&str; 4] = ["QXLN", "VDRA", "MRQK", "TLWO"];
const VESSELS: [&str; 4] = ["PAPER LANTERN", "NORTH COURIER", "SALT MEADOW", "GREY HERON"];
const PORTS: [&str; 4] = ["1703", "2704", "4601", "5301"];
const CODES: [&str; 12] = ["1C", "1A", "1B", "1H", "1I", "1J", "2H", "FX", "FZ", "4A", "5H", "95"];
const REMARKS: [&str; 4] = ["DATA PROCESSING HOLD", "INTENSIVE EXAM AT CES", "PAPERS WANTED", "HOLD REMOVED"];
const ERRORS: [&str; 4] =
    ["INVOICE VALUE MISSING", "PORT NOT ON FILE", "CONSIGNEE UNKNOWN", "QUANTITY NOT NUMERIC"];

/// Interchanges of 350, 824 and 997.
pub struct Mix {
    text: String,
    dice: Dice,
    segments: u64,
}

macro_rules! segment {
    ($mix:expr, $($arg:tt)*) => {{
        write!($mix.text, $($arg)*).expect("a string takes everything");
        $mix.text.push_str("~\n");
        $mix.segments += 1;
    }};
}

impl Mix {
    pub fn of(size_bytes: usize) -> String {
        let mut mix = Self { text: String::with_capacity(size_bytes + 100_000), dice: Dice(7), segments: 0 };
        let mut number = 0;
        while mix.text.len() < size_bytes {
            number += 1;
            mix.interchange(number);
        }
        mix.text
    }

    fn interchange(&mut self, number: u64) {
        segment!(
            self,
            "ISA*00*          *00*          *ZZ*LANTERNBRK     *ZZ*HARBORGOODS    *260611*0740*U*00401*{number:09}*0*P*>"
        );
        // Mostly statuses, as a broker's folder has it.
        let (code, id) = match self.dice.below(10) {
            0..8 => ("SO", "350"),
            8 => ("AG", "824"),
            _ => ("FA", "997"),
        };
        let sets = if id == "350" { 5 + self.dice.below(40) } else { 1 + self.dice.below(10) };
        segment!(self, "GS*{code}*LANTERNBRK*HARBORGOODS*20260611*0740*{number}*X*004010");
        for set in 1..=sets {
            self.segments = 0;
            segment!(self, "ST*{id}*{set:04}");
            match id {
                "350" => self.status(),
                "824" => self.advice(set),
                _ => self.acknowledgement(),
            }
            let count = self.segments + 1;
            segment!(self, "SE*{count}*{set:04}");
        }
        segment!(self, "GE*{sets}*{number}");
        segment!(self, "IEA*1*{number:09}");
    }

    fn date(&mut self) -> String {
        format!("2026{:02}{:02}", 1 + self.dice.below(12), 1 + self.dice.below(28))
    }

    fn time(&mut self) -> String {
        format!("{:02}{:02}", self.dice.below(24), self.dice.below(60))
    }

    fn status(&mut self) {
        let (carrier, vessel) = (self.dice.of(&CARRIERS), self.dice.of(&VESSELS));
        let (imo, voyage) = (9_000_000 + self.dice.below(900_000), self.dice.below(999));
        segment!(self, "M10*{carrier}*O*US*{imo}*{vessel}*{voyage:03}E*{:06}**Z*L", self.dice.below(999_999));
        for _ in 0..1 + self.dice.below(2) {
            let (port, date) = (self.dice.of(&PORTS), self.date());
            segment!(self, "P4*{port}*{date}**L{:03}", self.dice.below(999));
            for _ in 0..1 + self.dice.below(4) {
                let (bill, entry) = (self.dice.below(99_999_999), self.entry());
                let (date, time, code) = (self.date(), self.time(), self.dice.of(&CODES));
                let (pieces, box_number) = (self.dice.below(2_000), self.dice.below(9_999_999));
                segment!(
                    self,
                    "X4*{bill:08}*{pieces}*01*{entry}*{date}*{time}*{code}**{carrier}**QXLU*{box_number:07}*{port}*L112"
                );
                if self.dice.below(3) == 0 {
                    segment!(self, "K1*{}*SEE OFFICER", self.dice.of(&REMARKS));
                }
                segment!(self, "N9*BN*{carrier}{:09}", self.dice.below(999_999_999));
                if self.dice.below(2) == 0 {
                    segment!(self, "N9*3Z*LB-{:06}", self.dice.below(999_999));
                }
                segment!(self, "N9*PO*{:08}", self.dice.below(99_999_999));
                segment!(self, "N7*QXLU*{box_number:07}");
            }
        }
    }

    fn entry(&mut self) -> String {
        let serial = format!("9Z7{:07}", self.dice.below(10_000_000));
        (0..10)
            .map(|digit| format!("{serial}{digit}"))
            .find(|text| {
                entrywatch::ident::EntryNumber::parse(text)
                    .is_some_and(|entry| entry.check_digit_offset() == 0)
            })
            .unwrap_or_default()
    }

    fn advice(&mut self, set: u64) {
        let (date, time) = (self.date(), self.time());
        segment!(self, "BGN*11*ADV{:07}*{date}*{time}", self.dice.below(9_999_999));
        segment!(self, "N1*CB*LANTERN BROKERAGE*ZZ*9Z7");
        for _ in 0..1 + self.dice.below(4) {
            let (verdict, entry) = (self.dice.of(&["TA", "TE", "TR"]), self.entry());
            let (date, time) = (self.date(), self.time());
            segment!(
                self,
                "OTI*{verdict}*6B*{entry}***{date}*{time}*{}*{set:04}*810*004010",
                self.dice.below(9_999)
            );
            segment!(self, "REF*BM*QXLN{:08}", self.dice.below(99_999_999));
            for _ in 0..1 + self.dice.below(2) {
                segment!(self, "TED*007*{}*TDS*{}*1*610", self.dice.of(&ERRORS), 1 + self.dice.below(40));
            }
        }
    }

    fn acknowledgement(&mut self) {
        segment!(self, "AK1*IN*{}", 1 + self.dice.below(99_999));
        let sets = 1 + self.dice.below(4);
        let mut rejected = 0;
        for number in 1..=sets {
            segment!(self, "AK2*810*{number:04}");
            if self.dice.below(5) == 0 {
                segment!(self, "AK3*BIG*{}**8", 3 + self.dice.below(40));
                segment!(self, "AK4*{}*373*8*{}", 1 + self.dice.below(9), self.dice.below(99_999));
                segment!(self, "AK5*R*5");
                rejected += 1;
            } else {
                segment!(self, "AK5*A");
            }
        }
        let verdict = if rejected > 0 { "P" } else { "A" };
        segment!(self, "AK9*{verdict}*{sets}*{sets}*{}", sets - rejected);
    }
}
