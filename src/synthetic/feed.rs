//! Lives to files: events of all entries in order of time, bundled into envelopes, and the faults of the way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};

use super::bundle::{Bundle, Closed};
use super::cohort::Paper;
use super::faults::{Dialect, Fault, Mischief};
use super::life::{BROKERS, Casting};
use super::random::Rng;
use super::record::Encoder;
use super::said::Said;
use super::{BROKERS_MAX, Fact, Family, GeneratedFile, MESSAGES_PER_FILE_MAX, Plan};
use crate::ident::BrokerName;

/// An entry number has seven digits of its own.
pub(super) const ENTRIES_OF_A_BROKER_MAX: u64 = 10_000_000;

/// A file out of order comes after so many files that were made later.
const OUT_OF_ORDER_FILES: usize = 3;

/// Whose message is due: an entry by its index, or a cohort by its number behind [`COHORT`]. One of them for each open entry is
/// all that a feed remembers, so that it is kept small.
type Actor = u64;

/// Above every index of an entry.
const COHORT: Actor = 1 << 63;

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
        families: plan.families.clone(),
        copied_percent: plan.copied_percent,
        unknown_codes: plan.faults.contains(&Fault::UnknownCodes),
        check_digit: plan.faults.contains(&Fault::CheckDigit),
    };
    Feed {
        encoder: Encoder::embedded(),
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
    encoder: Encoder,
    casting: Casting,
    messages_per_file: usize,
    mischief: Mischief,
    names: Vec<BrokerName>,
    /// Entries whose life has begun.
    opened: u64,
    /// The next event of each open entry and cohort: when, whose, which of its events.
    due: BinaryHeap<Reverse<(NaiveDateTime, Actor, u16)>>,
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
            self.open();
        }
        match self.due.pop() {
            Some(Reverse((_, actor, step))) if actor & COHORT == 0 => self.step_of_entry(actor, step),
            Some(Reverse((_, actor, step))) => self.step_of_cohort(actor & !COHORT, step),
            None => return false,
        }
        true
    }

    /// The next life begins, and with the last entry of a cohort that of the cohort.
    fn open(&mut self) {
        let index = self.opened;
        self.opened += 1;
        if let Some(first) = self.casting.life(index).events.first() {
            self.due.push(Reverse((first.at, index, 0)));
        }
        let is_paid = [Family::Pf, Family::Ms].iter().any(|family| self.casting.families.contains(family));
        if let Some(number) = self.casting.closes_cohort(index).filter(|_| is_paid)
            && let Some((at, _)) = self.casting.cohort(number).events.first()
        {
            self.due.push(Reverse((*at, COHORT | number, 0)));
        }
    }

    fn step_of_entry(&mut self, index: u64, step: u16) {
        let life = self.casting.life(index);
        if let Some(next) = life.events.get(usize::from(step) + 1) {
            self.due.push(Reverse((next.at, index, step + 1)));
        }
        let Some(event) = life.events.get(usize::from(step)) else { return };
        self.write(life.broker, event.what.family(), |bundle, encoder| bundle.add(&life, event, encoder));
    }

    fn step_of_cohort(&mut self, number: u64, step: u16) {
        let cohort = self.casting.cohort(number);
        if let Some((at, _)) = cohort.events.get(usize::from(step) + 1) {
            self.due.push(Reverse((*at, COHORT | number, step + 1)));
        }
        let Some(&(at, paper)) = cohort.events.get(usize::from(step)) else { return };
        let family = match paper {
            Paper::Daily { .. } => Family::Pf,
            Paper::Monthly { .. } => Family::Ms,
        };
        if self.casting.copies_of_cohort(number, family) {
            self.write(cohort.broker, family, |bundle, encoder| {
                bundle.add_statement(&cohort, at, paper, encoder);
            });
        }
    }

    /// Adds a message to the open file of its family, and closes the file when it is full.
    fn write(&mut self, broker: usize, family: Family, add: impl FnOnce(&mut Bundle, &Encoder)) {
        let open = || Bundle::new(family, broker);
        let bundle = self.bundles.entry((broker, family)).or_insert_with(open);
        add(bundle, &self.encoder);
        let is_full = bundle.messages >= self.messages_per_file || family.stands_alone();
        if is_full && let Some(bundle) = self.bundles.remove(&(broker, family)) {
            self.close(broker, family, bundle);
        }
    }

    fn close(&mut self, broker: usize, family: Family, bundle: Bundle) {
        let dialect = family.dialect();
        let Closed { bytes: clean, said, day } = bundle.close(self.sequence + 1, &self.encoder);
        let fault = self.mischief.next(dialect);
        let bytes = fault.map(|fault| self.mischief.spoil(fault, dialect, &clean));
        let mut file = self.named(broker, family, day);
        file.fault = fault;
        let facts = |path: String, said: Vec<Said>| {
            let path: Arc<str> = path.into();
            said.into_iter().map(|said| said.in_file(&path, day)).collect::<Vec<Fact>>()
        };
        match fault {
            Some(Fault::Partial) => {
                file.bytes = bytes.unwrap_or_default();
                self.ready.push_back(file);
                let mut whole = self.named(broker, family, day);
                whole.bytes = clean;
                whole.facts = facts(whole.path(), said);
                self.ready.push_back(whole);
            }
            Some(Fault::Duplicate) => {
                file.facts = facts(file.path(), said);
                file.bytes = clean;
                file.fault = None;
                let mut again = self.named(broker, family, day);
                let path: Arc<str> = again.path().into();
                again.facts =
                    file.facts.iter().map(|fact| Fact { file: Arc::clone(&path), ..fact.clone() }).collect();
                again.bytes = file.bytes.clone();
                again.fault = fault;
                self.ready.extend([file, again]);
            }
            _ => {
                file.facts = facts(file.path(), said);
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
            Dialect::Abi => (family.as_str().to_ascii_lowercase(), "txt"),
            Dialect::X12 => (family.as_str().to_ascii_lowercase(), "edi"),
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
