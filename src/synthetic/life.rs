//! The life of one invented entry: who, what, and which message on which day.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::Family;
use super::random::Rng;
use super::story::{Event, Notice, Release, Summary, What};
use crate::ident::EntryNumber;

/// An invented broker.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) name: &'static str,
    pub(super) filer: &'static str,
    pub(super) ports: [&'static str; 2],
    /// X12 sender id, at most 15 characters.
    pub(super) sender: &'static str,
}

pub(super) const BROKERS: [Broker; super::BROKERS_MAX] = [
    Broker { name: "northlight", filer: "9Z7", ports: ["2704", "2809"], sender: "NORTHLIGHT" },
    Broker { name: "quayside", filer: "8Y6", ports: ["3901", "3701"], sender: "QUAYSIDECB" },
    Broker { name: "larkspur", filer: "X0W", ports: ["5301", "5203"], sender: "LARKSPURCHB" },
    Broker { name: "tallmast", filer: "7Q4", ports: ["4601", "1101"], sender: "TALLMAST" },
    Broker { name: "greybridge", filer: "W5J", ports: ["3001", "3126"], sender: "GREYBRIDGE" },
    Broker { name: "copperkey", filer: "6V3", ports: ["1703", "1401"], sender: "COPPERKEY" },
    Broker { name: "windrose", filer: "Y2X", ports: ["2002", "1803"], sender: "WINDROSE" },
    Broker { name: "saltmarsh", filer: "5U9", ports: ["0401", "0712"], sender: "SALTMARSH" },
];

/// Invented carriers.
const CARRIERS: [(&str, &str); 4] = [
    ("ZQXL", "SYNTHETIC STAR"),
    ("QZVC", "EXAMPLE TRADER"),
    ("XQTB", "PAPER LANTERN"),
    ("ZZWJ", "INVENTED TIDE"),
];

/// Agencies and a programme of each.
const AGENCIES: [(&str, &str); 5] =
    [("FDA", "DEV"), ("APH", "APL"), ("EPA", "VNE"), ("CPS", "   "), ("NHT", "REI")];

/// The versions of an agency group that are in use; from 04 on the line numbers stand elsewhere.
const GROUP_VERSIONS: [&str; 8] = ["04", "04", "04", "04", "03", "02", "01", "  "];

/// The import specialist team of every entry whose messages name one.
pub(super) const TEAM: &str = "342";

/// In no table of dispositions.
pub(super) const UNKNOWN_CODE: &str = "Z9";

/// Apart from the streams of the lives, which count up from 1.
const COPIED_STREAM: u64 = 0b11 << 62;

/// Filings spread over at most so many days.
const FILING_DAYS_MAX: u64 = 365;

/// CBP liquidates about so many days after entry, on a Friday.
const LIQUIDATION_DAYS: u64 = 314;

/// What makes lives: a plan with its limits applied.
#[derive(Clone, Debug)]
pub(super) struct Casting {
    pub(super) seed: u64,
    pub(super) entries: u64,
    pub(super) brokers: u64,
    pub(super) start: NaiveDate,
    /// What is written; other messages of a life are left out.
    pub(super) families: BTreeSet<Family>,
    pub(super) copied_percent: u64,
    pub(super) unknown_codes: bool,
    pub(super) check_digit: bool,
}

/// One entry and everything that happens to it.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) broker: usize,
    pub(super) port: &'static str,
    pub(super) number: EntryNumber,
    pub(super) entry_type: &'static str,
    pub(super) importer: &'static str,
    pub(super) carrier: &'static str,
    pub(super) vessel: &'static str,
    pub(super) voyage: String,
    /// Master or simple bill, without its issuer.
    pub(super) bill: String,
    pub(super) house_bill: Option<String>,
    pub(super) container: u64,
    pub(super) quantity: u64,
    pub(super) reference: String,
    pub(super) agency: Agency,
    pub(super) entry_date: NaiveDate,
    pub(super) arrival: NaiveDate,
    pub(super) duty_cents: u64,
    pub(super) fees_cents: u64,
    pub(super) antidumping_cents: u64,
    pub(super) payment_type: &'static str,
    /// Of the movement that brought the goods to the port of entry.
    pub(super) in_bond: String,
    /// In order of time.
    pub(super) events: Vec<Event>,
}

/// A line of the entry, as it is filed for release and in the summary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) number: &'static str,
    pub(super) origin: &'static str,
    pub(super) words: &'static str,
    pub(super) hts: &'static str,
    /// In whole dollars.
    pub(super) value: u64,
    pub(super) duty_cents: u64,
    pub(super) antidumping_cents: u64,
    pub(super) processing_cents: u64,
    pub(super) harbour_cents: u64,
}

impl Life {
    /// In whole dollars.
    pub(super) fn entered_value(&self) -> u64 {
        self.duty_cents / 4
    }

    /// What the sums of the entry come from, cent by cent.
    pub(super) fn lines(&self) -> [Line; 2] {
        let harbour = self.fees_cents / 5;
        let line = |of: fn(u64) -> u64, number, origin, words, hts| Line {
            number,
            origin,
            words,
            hts,
            value: of(self.entered_value()),
            duty_cents: of(self.duty_cents),
            antidumping_cents: 0,
            processing_cents: of(self.fees_cents - harbour),
            harbour_cents: of(harbour),
        };
        let first = line(|all| all * 3 / 5, "001", "CN", "PAPER LANTERNS", "9405990000");
        let second = line(|all| all - all * 3 / 5, "002", "VN", "HAND TOOLS", "8205599000");
        [Line { antidumping_cents: self.antidumping_cents, ..first }, second]
    }

    pub(super) fn container_number(&self) -> String {
        format!("{}{:07}", self.carrier, self.container)
    }

    pub(super) fn order(&self) -> String {
        format!("PO{}", &self.reference[1..])
    }

    pub(super) fn invoice(&self) -> String {
        format!("INV{}", &self.reference[1..])
    }

    /// An airline's three digits, seven of its own, and the remainder of those by seven.
    pub(super) fn air_waybill(&self) -> String {
        format!("981{:07}{}", self.container, self.container % 7)
    }
}

/// The partner agency that looks at the entry, if any does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agency {
    pub(super) code: &'static str,
    pub(super) programme: &'static str,
    pub(super) group_version: &'static str,
}

impl Casting {
    /// The first moment at which entry `index` can have a message. Never falls as `index` grows.
    pub(super) fn opens(&self, index: u64) -> NaiveDateTime {
        let days = self.entries.min(FILING_DAYS_MAX);
        let after = u128::from(index) * u128::from(days) / u128::from(self.entries.max(1));
        later(self.start, after as u64).and_time(NaiveTime::MIN)
    }

    /// What is written of the life of entry `index`, the same each time.
    pub(super) fn life(&self, index: u64) -> Life {
        let mut life = self.whole_life(index);
        life.events.retain(|event| self.copies(index, event.what.family()));
        life
    }

    /// Everything that happens to entry `index`.
    pub(super) fn whole_life(&self, index: u64) -> Life {
        let mut rng = Rng::of(self.seed, index + 1);
        let broker = (index % self.brokers) as usize;
        let opens = self.opens(index);
        let (carrier, vessel) = rng.pick(&CARRIERS);
        let (agency, programme) = rng.pick(&AGENCIES);
        let duty_cents = 5_000 + rng.below(2_500_000);
        let mut life = Life {
            broker,
            port: rng.pick(&BROKERS[broker].ports),
            number: self.number(index),
            entry_type: rng.pick(&["01", "01", "01", "01", "01", "11", "03", "06"]),
            importer: rng.pick(&["99-000010100", "99-000020200", "99-000030300"]),
            carrier,
            vessel,
            voyage: format!("{:04}W", rng.below(10_000)),
            bill: format!("SYN{:08}", index + 1),
            house_bill: rng.chance(30).then(|| format!("H{:08}", index + 1)),
            container: rng.below(10_000_000),
            quantity: 1 + rng.below(900),
            reference: format!("R{:08}", (index + 1) % 100_000_000),
            agency: Agency { code: agency, programme, group_version: rng.pick(&GROUP_VERSIONS) },
            entry_date: opens.date(),
            arrival: later(opens.date(), 2 + rng.below(8)),
            duty_cents,
            fees_cents: 3_232 + duty_cents / 40,
            antidumping_cents: 0,
            payment_type: super::cohort::payment_type(self.cohort_of(index)),
            in_bond: format!("{:09}", (index + 1) % 1_000_000_000),
            events: Vec::with_capacity(16),
        };
        let mut script = Script { at: opens + TimeDelta::minutes(13 * 60), rng, events: &mut life.events };
        script.filing();
        script.release(life.arrival, self.unknown_codes && rare(index));
        if script.summary() {
            script.inquiries(self.unknown_codes && rare(index));
            script.liquidation(life.entry_date, life.duty_cents);
        }
        self.enrich(index, &mut life);
        life.events.sort_by_key(|event| event.at);
        life
    }

    /// True when the broker copies what `family` says of entry `index`.
    fn copies(&self, index: u64, family: Family) -> bool {
        let stream = COPIED_STREAM | (index << 8) | family as u64;
        self.families.contains(&family)
            && (self.copied_percent >= 100 || Rng::of(self.seed, stream).chance(self.copied_percent))
    }

    /// The same of a cohort, whose statements are about all its entries.
    pub(super) fn copies_of_cohort(&self, number: u64, family: Family) -> bool {
        self.copies(number, family)
    }

    /// Seven digits that no other entry of the broker has, and the check digit of appendix E.
    fn number(&self, index: u64) -> EntryNumber {
        let broker = &BROKERS[(index % self.brokers) as usize];
        let first = Rng::of(self.seed, 0).below(super::feed::ENTRIES_OF_A_BROKER_MAX);
        let serial = (first + index / self.brokers) % super::feed::ENTRIES_OF_A_BROKER_MAX;
        let parse = |digit: u8| EntryNumber::parse(format!("{}{serial:07}{digit}", broker.filer));
        let zero = parse(0).expect("a filer code and eight digits are an entry number");
        let right = (10 - zero.check_digit_offset()) % 10;
        let offset = u8::from(self.check_digit && rare(index));
        parse((right + offset) % 10).unwrap_or(zero)
    }
}

/// True for the first entry and every tenth after it.
pub(super) fn rare(index: u64) -> bool {
    index.is_multiple_of(10)
}

pub(super) fn later(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// Writes events one after another; no two share a minute.
struct Script<'a> {
    at: NaiveDateTime,
    rng: Rng,
    events: &'a mut Vec<Event>,
}

impl Script<'_> {
    fn add(&mut self, what: What) {
        self.events.push(Event { at: self.at, what });
    }

    /// Some time passes, at least a minute.
    fn pass(&mut self, low_minutes: i64, high_minutes: i64) {
        self.at += TimeDelta::minutes(self.rng.within(low_minutes.max(1), high_minutes.max(1)));
    }

    fn pass_days(&mut self, low: i64, high: i64) {
        self.pass(low * 24 * 60, high * 24 * 60);
    }

    fn filing(&mut self) {
        if self.rng.chance(25) {
            let accepted = self.rng.chance(90);
            self.add(What::Receipt { accepted });
            self.pass(2, 30);
        }
        if self.rng.chance(25) {
            let verdict = self.rng.pick(&["TA", "TA", "TA", "TA", "TE", "TR"]);
            self.add(What::Advice { verdict });
            self.pass(5, 60);
        }
        if self.rng.chance(8) {
            self.add(What::Filing { accepted: false });
            self.pass(30, 300);
        }
        self.add(What::Filing { accepted: true });
        self.pass(1, 120);
        self.add(What::Release(Release::OnFile));
    }

    fn release(&mut self, arrival: NaiveDate, unknown_code: bool) {
        let carrier = self.rng.chance(35);
        let named = self.rng.chance(50);
        if unknown_code {
            self.pass(1, 120);
            self.add(What::Release(Release::UnknownCode));
            self.pass(1, 30);
            self.add(What::Carrier { code: UNKNOWN_CODE, named });
        }
        let landed = arrival.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.rng.within(300, 1_000));
        self.at = self.at.max(landed);
        if self.rng.chance(1) {
            return self.add(What::Release(Release::Cancelled));
        }
        if self.rng.chance(12) {
            self.manifest_hold(carrier, named);
        }
        if self.rng.chance(10) {
            self.add(What::Release(Release::DocumentsWanted));
            self.pass_days(1, 4);
        }
        if self.rng.chance(30) {
            self.add(What::Release(Release::AgencyHold));
            self.pass_days(1, 6);
            if self.rng.chance(95) {
                self.add(What::Release(Release::AgencyMayProceed));
                self.pass(10, 300);
            }
        }
        if self.rng.chance(5) {
            self.add(What::Release(Release::ExamPending));
            self.pass_days(1, 5);
        }
        self.add(What::Release(Release::Released));
        if carrier {
            self.pass(2, 30);
            self.add(What::Carrier { code: "1C", named });
        }
        if self.rng.chance(3) {
            self.pass_days(1, 2);
            self.add(What::Release(Release::Suspended));
            if self.rng.chance(70) {
                self.pass_days(1, 5);
                self.add(What::Release(Release::Released));
            }
        }
    }

    fn manifest_hold(&mut self, carrier: bool, named: bool) {
        self.add(What::Release(Release::ManifestHold));
        if carrier {
            self.pass(2, 30);
            self.add(What::Carrier { code: "1H", named });
        }
        self.pass_days(1, 5);
        if self.rng.chance(95) {
            self.add(What::Release(Release::ManifestHoldRemoved));
            if carrier {
                self.pass(2, 30);
                self.add(What::Carrier { code: "1I", named });
            }
            self.pass(10, 600);
        }
    }

    /// False when the entry was cancelled, and its story is over.
    fn summary(&mut self) -> bool {
        if self.events.last().is_some_and(|event| event.what == What::Release(Release::Cancelled)) {
            return false;
        }
        self.pass_days(1, 9);
        if self.rng.chance(8) {
            self.add(What::Summary(Summary::Rejected));
            self.pass(60, 1_500);
        }
        let census = self.rng.chance(6);
        self.add(What::Summary(if census { Summary::AddedWithCensusWarning } else { Summary::Added }));
        true
    }

    fn inquiries(&mut self, unknown_type: bool) {
        if unknown_type {
            self.pass_days(1, 5);
            self.add(What::Notice(Notice::UnknownType));
        }
        if self.rng.chance(4) {
            self.pass_days(1, 5);
            self.add(What::Notice(Notice::Rejected));
            self.pass_days(1, 2);
            self.add(What::Summary(Summary::Replaced));
        }
        if self.rng.chance(12) {
            self.pass_days(5, 60);
            let notice = self.rng.pick(&[
                Notice::Invoice,
                Notice::Package,
                Notice::Documents,
                Notice::Quota,
                Notice::Agency,
            ]);
            self.add(What::Notice(notice));
        }
        if self.rng.chance(2) {
            self.pass_days(1, 20);
            self.add(What::Notice(Notice::Detained));
            self.pass_days(2, 30);
            self.add(What::Notice(Notice::DetentionCancelled));
        }
        if self.rng.chance(1) {
            self.pass_days(5, 60);
            self.add(What::Notice(Notice::OtherFiler));
        }
    }

    fn liquidation(&mut self, entry_date: NaiveDate, duty_cents: u64) {
        let mut due = LIQUIDATION_DAYS;
        if self.rng.chance(5) {
            self.on(later(entry_date, 60), What::Postponed { code: "44", times: 0 });
            if self.rng.chance(60) {
                return;
            }
            due += 150;
        }
        if self.rng.chance(10) {
            let code = self.rng.pick(&["49", "50"]);
            self.on(later(entry_date, 280), What::Postponed { code, times: 1 });
            due += 200;
        }
        let friday = self.friday(later(entry_date, due));
        let part = (duty_cents / 20 + self.rng.below(duty_cents / 4 + 1)) as i64;
        let (reason, change_cents) = match self.rng.below(100) {
            0..85 => ("99", 0),
            85..93 => ("02", part),
            _ => ("62", -part),
        };
        self.on(friday, What::Liquidation { again: false, reason, change_cents });
        if change_cents > 0 && self.rng.chance(30) {
            let friday = self.friday(later(friday, 120));
            self.on(friday, What::Liquidation { again: true, reason: "63", change_cents: 0 });
        }
    }

    /// A courtesy notice names a day and no time; it travels in the evening.
    fn on(&mut self, day: NaiveDate, what: What) {
        let at = day.and_time(NaiveTime::MIN) + TimeDelta::hours(20);
        let at = if at > self.at { at } else { self.at + TimeDelta::days(1) };
        self.at = at;
        self.events.push(Event { at, what });
    }

    /// The Friday on or after `day` that is still to come.
    fn friday(&self, day: NaiveDate) -> NaiveDate {
        let ready = day.max(later(self.at.date(), 1));
        let ahead = (Weekday::Fri.num_days_from_monday() + 7 - ready.weekday().num_days_from_monday()) % 7;
        later(ready, u64::from(ahead))
    }
}
