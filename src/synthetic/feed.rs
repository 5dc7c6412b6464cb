//! Lives to files: events of all entries in order of time, bundled into envelopes, and the faults of the way.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::abi::{self, Record};
use super::faults::{Dialect, Fault, Mischief};
use super::life::{BROKERS, Casting, Event, Life, What};
use super::random::Rng;
use super::{BROKERS_MAX, Fact, GeneratedFile, MESSAGES_PER_FILE_MAX, Plan, x12};
use crate::ident::BrokerName;

/// An entry number has seven digits of its own.
pub(super) const ENTRIES_OF_A_BROKER_MAX: u64 = 10_000_000;

/// The count in a `Y` record has five digits.
const BLOCK_RECORDS_MAX: u64 = 90_000;

/// A file out of order comes after so many files that were made later.
const OUT_OF_ORDER_FILES: usize = 3;

/// Something said, before it is known in which file.
#[derive(Debug)]
pub(super) struct Said {
    kind: &'static str,
    entry: Option<crate::ident::EntryNumber>,
    bill: Option<String>,
    house_bill: Option<String>,
    code: &'static str,
    at: Option<String>,
}

impl Said {
    pub(super) fn of_entry(
        kind: &'static str,
        life: &Life,
        code: &'static str,
        at: Option<NaiveDateTime>,
    ) -> Self {
        let at = at.map(moment);
        Self { kind, entry: Some(life.number), bill: None, house_bill: None, code, at }
    }

    pub(super) fn of_entry_on(kind: &'static str, life: &Life, code: &'static str, day: NaiveDate) -> Self {
        Self { at: Some(date(day)), ..Self::of_entry(kind, life, code, None) }
    }

    /// About the entry's bill; `named` when the message names the entry too.
    pub(super) fn of_bill(life: &Life, named: bool, code: &'static str, at: NaiveDateTime) -> Self {
        let joined = |number: &String| format!("{}{number}", life.carrier);
        Self {
            kind: "bill_status",
            entry: named.then_some(life.number),
            bill: Some(joined(&life.bill)),
            house_bill: life.house_bill.as_ref().map(joined),
            code,
            at: Some(moment(at)),
        }
    }

    pub(super) fn with_bill(self, life: &Life) -> Self {
        Self { bill: Some(format!("{}{}", life.carrier, life.bill)), ..self }
    }

    pub(super) fn acknowledgement(code: &'static str) -> Self {
        Self { kind: "acknowledgement", entry: None, bill: None, house_bill: None, code, at: None }
    }

    fn in_file(self, file: &Arc<str>) -> Fact {
        Fact {
            kind: Cow::Borrowed(self.kind),
            entry: self.entry,
            bill: self.bill,
            house_bill: self.house_bill,
            code: self.code.to_owned(),
            at: self.at,
            file: Arc::clone(file),
        }
    }
}

fn date(day: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

fn moment(at: NaiveDateTime) -> String {
    format!("{}T{:02}:{:02}:00", date(at.date()), at.hour(), at.minute())
}

/// What travels in one file: an ABI application or an X12 set. The order is the order of closing at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Family {
    Sx,
    So,
    Ax,
    Uc,
    Nr,
    Set350,
    Set824,
    Set997,
}

impl Family {
    fn of(what: &What) -> Self {
        match what {
            What::Filing { .. } => Self::Sx,
            What::Release(_) => Self::So,
            What::Summary(_) => Self::Ax,
            What::Notice(_) => Self::Uc,
            What::Liquidation { .. } | What::Postponed { .. } => Self::Nr,
            What::Carrier { .. } => Self::Set350,
            What::Advice { .. } => Self::Set824,
            What::Receipt { .. } => Self::Set997,
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Sx | Self::So | Self::Ax | Self::Uc | Self::Nr => Dialect::Abi,
            Self::Set350 | Self::Set824 | Self::Set997 => Dialect::X12,
        }
    }

    /// Application identifier or set identifier.
    fn id(self) -> &'static str {
        match self {
            Self::Sx => "SX",
            Self::So => "SO",
            Self::Ax => "AX",
            Self::Uc => "UC",
            Self::Nr => "NR",
            Self::Set350 => "350",
            Self::Set824 => "824",
            Self::Set997 => "997",
        }
    }

    /// GS01.
    fn group(self) -> &'static str {
        match self {
            Self::Set824 => "AG",
            Self::Set997 => "FA",
            _ => "SO",
        }
    }
}

/// A file being filled.
#[derive(Debug)]
struct Bundle {
    bytes: Vec<u8>,
    said: Vec<Said>,
    messages: usize,
    /// The port of the open ABI block and its records so far.
    block: Option<(&'static str, u64)>,
    last: NaiveDateTime,
}

impl Bundle {
    fn new() -> Self {
        Self { bytes: Vec::new(), said: Vec::new(), messages: 0, block: None, last: NaiveDateTime::MIN }
    }

    fn add(&mut self, family: Family, life: &Life, event: &Event) {
        self.messages += 1;
        self.last = event.at;
        match family.dialect() {
            Dialect::Abi => self.add_transaction(family, life, event),
            Dialect::X12 => self.add_set(family, life, event),
        }
    }

    fn add_transaction(&mut self, family: Family, life: &Life, event: &Event) {
        let message = abi::message(life, event);
        let broker = life.broker;
        let fits = self.block.is_some_and(|(port, records)| {
            port == life.port && records + message.records <= BLOCK_RECORDS_MAX
        });
        if !fits {
            self.close_block(family, broker);
            block_record("B", family, broker, life.port).append_to(&mut self.bytes);
            self.block = Some((life.port, 0));
        }
        if let Some((_, records)) = &mut self.block {
            *records += message.records;
        }
        self.bytes.extend_from_slice(&message.bytes);
        self.said.extend(message.said);
    }

    fn close_block(&mut self, family: Family, broker: usize) {
        if let Some((port, records)) = self.block.take() {
            block_record("Y", family, broker, port).number(13, 17, records).append_to(&mut self.bytes);
        }
    }

    fn add_set(&mut self, family: Family, life: &Life, event: &Event) {
        let set = x12::set(life, event);
        let control = self.messages;
        self.bytes.extend_from_slice(format!("ST*{}*{control:04}~\n", family.id()).as_bytes());
        self.bytes.extend_from_slice(&set.bytes);
        let segments = set.segments + 2;
        self.bytes.extend_from_slice(format!("SE*{segments}*{control:04}~\n").as_bytes());
        self.said.extend(set.said);
    }

    /// Puts the envelope around what is there.
    fn close(&mut self, family: Family, broker: usize, control: u64) -> Vec<u8> {
        match family.dialect() {
            Dialect::Abi => {
                self.close_block(family, broker);
                if matches!(family, Family::Sx | Family::Ax) {
                    // Their records bear no date; the header's stands for it.
                    let day = date(self.last.date());
                    self.said.iter_mut().for_each(|said| said.at = Some(day.clone()));
                }
                let batch = |id: &str| {
                    let record = Record::new(id).put(2, 5, BROKERS[broker].ports[0]);
                    record.put(6, 8, BROKERS[broker].filer).date(15, self.last.date())
                };
                let mut bytes = Vec::with_capacity(self.bytes.len() + 2 * (abi::WIDTH + 2));
                batch("A").put(26, 27, family.id()).append_to(&mut bytes);
                bytes.extend_from_slice(&self.bytes);
                batch("Z").append_to(&mut bytes);
                bytes
            }
            Dialect::X12 => {
                let (sender, moment) = (BROKERS[broker].sender, x12::moment(self.last));
                let control = control % 1_000_000_000;
                let head = format!(
                    "ISA*00*{:10}*00*{:10}*ZZ*{sender:15}*ZZ*{:15}*{}*U*00401*{control:09}*0*P*>~\n\
                     GS*{}*{sender}*IMPORTERCO*{moment}*{control}*X*004010~\n",
                    "",
                    "",
                    "IMPORTERCO",
                    &moment[2..],
                    family.group(),
                );
                let tail = format!("GE*{}*{control}~\nIEA*1*{control:09}~\n", self.messages);
                [head.as_bytes(), &self.bytes, tail.as_bytes()].concat()
            }
        }
    }
}

fn block_record(id: &str, family: Family, broker: usize, port: &str) -> Record {
    Record::new(id).put(4, 7, port).put(8, 10, BROKERS[broker].filer).put(11, 12, family.id())
}

/// Generates the files of a plan, in the order in which they arrive.
///
/// Limits of the plan are applied silently: see its fields.
pub fn generate(plan: &Plan) -> Feed {
    let brokers = plan.brokers.clamp(1, BROKERS_MAX);
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let casting = Casting {
        seed: plan.seed,
        entries: plan.entries.min(brokers as u64 * ENTRIES_OF_A_BROKER_MAX),
        brokers: brokers as u64,
        start: plan.start.clamp(year(2000), year(2060)),
        unknown_codes: plan.faults.contains(&Fault::UnknownCodes),
        check_digit: plan.faults.contains(&Fault::CheckDigit),
    };
    Feed {
        messages_per_file: plan.messages_per_file.clamp(1, MESSAGES_PER_FILE_MAX),
        mischief: Mischief::new(&plan.faults, Rng::of(plan.seed, u64::MAX)),
        names: BROKERS.iter().map(|broker| BrokerName::new(broker.name)).collect(),
        casting,
        opened: 0,
        due: BinaryHeap::new(),
        bundles: BTreeMap::new(),
        ready: VecDeque::new(),
        late: VecDeque::new(),
        sequence: 0,
    }
}

/// The files of a plan, one after another.
#[derive(Debug)]
pub struct Feed {
    casting: Casting,
    messages_per_file: usize,
    mischief: Mischief,
    names: Vec<BrokerName>,
    /// Entries whose life has begun.
    opened: u64,
    /// The next event of each open entry: when, which entry, which event of its life.
    due: BinaryHeap<Reverse<(NaiveDateTime, u64, u16)>>,
    bundles: BTreeMap<(usize, Family), Bundle>,
    ready: VecDeque<GeneratedFile>,
    /// Files held back, with the number of files that still go before them.
    late: VecDeque<(usize, GeneratedFile)>,
    sequence: u64,
}

impl Iterator for Feed {
    type Item = GeneratedFile;

    fn next(&mut self) -> Option<GeneratedFile> {
        loop {
            if let Some(file) = self.arrive() {
                return Some(file);
            }
            if !self.step() {
                let Some(((broker, family), bundle)) = self.bundles.pop_first() else {
                    return self.late.pop_front().map(|(_, file)| file);
                };
                self.close(broker, family, bundle);
            }
        }
    }
}

impl Feed {
    /// The next file that is made, unless one that was held back has waited long enough.
    fn arrive(&mut self) -> Option<GeneratedFile> {
        if self.late.front().is_some_and(|(waits, _)| *waits == 0) {
            return self.late.pop_front().map(|(_, file)| file);
        }
        let file = self.ready.pop_front()?;
        for (waits, _) in &mut self.late {
            *waits = waits.saturating_sub(1);
        }
        Some(file)
    }

    /// Writes the next message of all entries; false when nothing is left to happen.
    fn step(&mut self) -> bool {
        while self.opened < self.casting.entries
            && self.due.peek().is_none_or(|Reverse((at, ..))| self.casting.opens(self.opened) <= *at)
        {
            if let Some(first) = self.casting.life(self.opened).events.first() {
                self.due.push(Reverse((first.at, self.opened, 0)));
            }
            self.opened += 1;
        }
        let Some(Reverse((_, index, step))) = self.due.pop() else { return false };
        let life = self.casting.life(index);
        if let Some(next) = life.events.get(usize::from(step) + 1) {
            self.due.push(Reverse((next.at, index, step + 1)));
        }
        let Some(event) = life.events.get(usize::from(step)) else { return true };
        let (broker, family) = (life.broker, Family::of(&event.what));
        let bundle = self.bundles.entry((broker, family)).or_insert_with(Bundle::new);
        bundle.add(family, &life, event);
        if bundle.messages >= self.messages_per_file
            && let Some(bundle) = self.bundles.remove(&(broker, family))
        {
            self.close(broker, family, bundle);
        }
        true
    }

    fn close(&mut self, broker: usize, family: Family, mut bundle: Bundle) {
        let dialect = family.dialect();
        let clean = bundle.close(family, broker, self.sequence + 1);
        let fault = self.mischief.next(dialect);
        let bytes = fault.map(|fault| self.mischief.spoil(fault, dialect, &clean));
        let mut file = self.named(broker, family, bundle.last.date());
        file.fault = fault;
        let facts = |path: String, said: Vec<Said>| {
            let path: Arc<str> = path.into();
            said.into_iter().map(|said| said.in_file(&path)).collect()
        };
        match fault {
            Some(Fault::Partial) => {
                file.bytes = bytes.unwrap_or_default();
                self.ready.push_back(file);
                let mut whole = self.named(broker, family, bundle.last.date());
                whole.bytes = clean;
                whole.facts = facts(whole.path(), bundle.said);
                self.ready.push_back(whole);
            }
            Some(Fault::Duplicate) => {
                file.facts = facts(file.path(), bundle.said);
                file.bytes = clean;
                file.fault = None;
                let mut again = self.named(broker, family, bundle.last.date());
                let path: Arc<str> = again.path().into();
                again.facts =
                    file.facts.iter().map(|fact| Fact { file: Arc::clone(&path), ..fact.clone() }).collect();
                again.bytes = file.bytes.clone();
                again.fault = fault;
                self.ready.extend([file, again]);
            }
            _ => {
                file.facts = facts(file.path(), bundle.said);
                file.bytes = bytes.unwrap_or(clean);
                if fault == Some(Fault::OutOfOrder) {
                    self.late.push_back((OUT_OF_ORDER_FILES, file));
                } else {
                    self.ready.push_back(file);
                }
            }
        }
    }

    /// An empty file with the next number.
    fn named(&mut self, broker: usize, family: Family, day: NaiveDate) -> GeneratedFile {
        self.sequence += 1;
        let (kind, ending) = match family.dialect() {
            Dialect::Abi => (family.id().to_ascii_lowercase(), "txt"),
            Dialect::X12 => (family.id().to_owned(), "edi"),
        };
        GeneratedFile {
            broker: self.names[broker].clone(),
            name: format!("{kind}-{}-{:07}.{ending}", day.format("%Y%m%d"), self.sequence),
            bytes: Vec::new(),
            facts: Vec::new(),
            fault: None,
        }
    }
}
