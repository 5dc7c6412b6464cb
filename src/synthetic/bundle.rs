//! A file being filled: messages of one family in their envelope.

use chrono::{NaiveDate, NaiveDateTime};

use super::Family;
use super::cohort::{Cohort, Paper};
use super::faults::Dialect;
use super::life::{BROKERS, Life};
use super::record::{Encoder, Message, Record};
use super::said::Said;
use super::statements::{self, Heading};
use super::story::Event;
use super::{abi, x12};
use crate::grammar::abi::{Direction, RECORD_WIDTH};

/// The count in a `Y` record has five digits.
const BLOCK_RECORDS_MAX: u64 = 90_000;

/// What stands where brokers have their password. Readers mask it.
const PASSWORD: &str = "SECRET";

#[derive(Debug)]
pub(super) struct Bundle {
    family: Family,
    broker: usize,
    bytes: Vec<u8>,
    said: Vec<Said>,
    pub(super) messages: usize,
    /// The port of the open ABI block and its records so far.
    block: Option<(&'static str, u64)>,
    last: NaiveDateTime,
}

/// A file's bytes, what they say, and the day of the envelope.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) bytes: Vec<u8>,
    pub(super) said: Vec<Said>,
    pub(super) day: NaiveDate,
}

impl Bundle {
    pub(super) fn new(family: Family, broker: usize) -> Self {
        let (bytes, said) = (Vec::new(), Vec::new());
        Self { family, broker, bytes, said, messages: 0, block: None, last: NaiveDateTime::MIN }
    }

    pub(super) fn add(&mut self, life: &Life, event: &Event, encoder: &Encoder) {
        self.messages += 1;
        self.last = event.at;
        match self.family.dialect() {
            Dialect::Abi => self.add_transaction(life.port, abi::message(life, event, encoder), encoder),
            Dialect::X12 => self.add_set(x12::set(life, event)),
        }
    }

    /// Adds a statement, which is a block of its own.
    pub(super) fn add_statement(
        &mut self,
        cohort: &Cohort,
        at: NaiveDateTime,
        paper: Paper,
        encoder: &Encoder,
    ) {
        self.messages += 1;
        self.last = at;
        self.close_block(encoder);
        let (heading, message) = statements::message(cohort, paper, encoder);
        self.open_block(heading.port, Some(&heading), encoder);
        self.add_transaction(heading.port, message, encoder);
        self.close_block(encoder);
    }

    fn add_transaction(&mut self, port: &'static str, message: Message<'_>, encoder: &Encoder) {
        let fits = |&(open, records): &(&'static str, u64)| {
            open == port && records + message.records <= BLOCK_RECORDS_MAX
        };
        if !self.block.as_ref().is_some_and(fits) {
            self.close_block(encoder);
            self.open_block(port, None, encoder);
        }
        if let Some((_, records)) = &mut self.block {
            *records += message.records;
        }
        self.bytes.extend_from_slice(&message.bytes);
        self.said.extend(message.said);
    }

    /// The key of a control record: each direction has its own, and so has a rejected batch.
    fn control(&self, letter: &str) -> String {
        let ending = match (self.family, self.family.direction()) {
            (Family::X1, _) => "GEN",
            (_, Direction::In) => "IN",
            _ => "OUT",
        };
        format!("{letter}_{ending}")
    }

    fn block_record<'e>(&self, letter: &str, port: &str, encoder: &'e Encoder) -> Record<'e> {
        let record = encoder.record(&self.control(letter));
        if self.family == Family::X1 {
            // CBP could not read the batch, so that its answer knows no port.
            return record.text("generated_marker", letter);
        }
        record
            .text("processing_port", port)
            .text("processing_filer", BROKERS[self.broker].filer)
            .text("application_id", self.family.as_str())
    }

    fn open_block(&mut self, port: &'static str, heading: Option<&Heading>, encoder: &Encoder) {
        let record = self.block_record("B", port, encoder);
        let record = match heading {
            Some(heading) => heading.fill(record),
            None => record,
        };
        record.append_to(&mut self.bytes);
        self.block = Some((port, 0));
    }

    fn close_block(&mut self, encoder: &Encoder) {
        let Some((port, records)) = self.block.take() else { return };
        let record = self.block_record("Y", port, encoder);
        let is_counted = self.family.direction() != Direction::In;
        let record = if is_counted { record.number("record_count", records) } else { record };
        record.append_to(&mut self.bytes);
    }

    fn add_set(&mut self, set: x12::Set) {
        if self.family == Family::Ta1 {
            self.bytes.extend_from_slice(&set.bytes);
        } else {
            let (control, segments) = (self.messages, set.segments + 2);
            let id = self.family;
            self.bytes.extend_from_slice(format!("ST*{id}*{control:04}~\n").as_bytes());
            self.bytes.extend_from_slice(&set.bytes);
            self.bytes.extend_from_slice(format!("SE*{segments}*{control:04}~\n").as_bytes());
        }
        self.said.extend(set.said);
    }

    /// Puts the envelope around what is there.
    pub(super) fn close(mut self, control: u64, encoder: &Encoder) -> Closed {
        let bytes = match self.family.dialect() {
            Dialect::Abi => {
                self.close_block(encoder);
                self.batch(encoder)
            }
            Dialect::X12 => self.interchange(control % 1_000_000_000),
        };
        Closed { bytes, said: self.said, day: self.last.date() }
    }

    fn batch(&self, encoder: &Encoder) -> Vec<u8> {
        let broker = &BROKERS[self.broker];
        let named = |record: Record<'_>, bytes: &mut Vec<u8>| {
            let record = record.text("sender_site_code", broker.ports[0]).text("sender_id", broker.filer);
            record.date("transmission_date", self.last.date()).append_to(bytes);
        };
        let is_in = self.family.direction() == Direction::In;
        let head = encoder.record(if is_in { "A_IN" } else { "A_OUT" });
        let head = if is_in { head.text("password", PASSWORD) } else { head };
        let head = match self.family {
            // CBP does not name these in the batch.
            Family::X1 | Family::Ns => head,
            family => head.text("application_id", family.as_str()),
        };
        let mut bytes = Vec::with_capacity(self.bytes.len() + 2 * (RECORD_WIDTH + 2));
        named(head, &mut bytes);
        bytes.extend_from_slice(&self.bytes);
        if self.family == Family::X1 {
            encoder.record("Z_GEN").text("generated_marker", "Z").append_to(&mut bytes);
        } else {
            named(encoder.record("Z"), &mut bytes);
        }
        bytes
    }

    fn interchange(&self, control: u64) -> Vec<u8> {
        let (sender, moment) = (BROKERS[self.broker].sender, x12::moment(self.last));
        let (group, release) = self.family.group(self.broker);
        let repetition = if release < "005010" { "U" } else { "^" };
        let head = format!(
            "ISA*00*{:10}*00*{:10}*ZZ*{sender:15}*ZZ*{:15}*{}*{repetition}*{}*{control:09}*0*P*>~\n",
            "",
            "",
            "IMPORTERCO",
            &moment[2..],
            &release[..5],
        );
        let (open, close, groups) = if self.family == Family::Ta1 {
            (String::new(), String::new(), 0)
        } else {
            let open = format!("GS*{group}*{sender}*IMPORTERCO*{moment}*{control}*X*{release}~\n");
            (open, format!("GE*{}*{control}~\n", self.messages), 1)
        };
        let tail = format!("{close}IEA*{groups}*{control:09}~\n");
        [head.as_bytes(), open.as_bytes(), &self.bytes, tail.as_bytes()].concat()
    }
}
