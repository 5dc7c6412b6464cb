//! What is to be acknowledged: groups, sets, and what was wrong with them.

use std::collections::BTreeMap;

use crate::decode::x12::{EnvelopeView, Set};
use crate::decode::{Body, Message};
use crate::place::{Finding, Grade, finding_code};

/// Sets of one file that are named; beyond it only those with faults are, and all are counted.
const SETS_NAMED_MAX: usize = 20_000;

/// Segments of one set that are named with their faults.
const SEGMENTS_MAX: usize = 100;

/// Elements of one segment that are named, as the standard has it.
const ELEMENTS_MAX: usize = 99;

/// Codes that one trailer of a receipt has room for.
pub(super) const CODES_MAX: usize = 5;

/// The longest AK103 and AK203.
const VERSION_CHARS_MAX: usize = 12;
const CONVENTION_CHARS_MAX: usize = 35;

/// How long AK202 is.
const SET_NUMBER_CHARS_MIN: usize = 4;
const SET_NUMBER_CHARS_MAX: usize = 9;

/// The functional group of receipts.
const RECEIPTS: &[u8] = b"FA";

/// How good it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Verdict {
    #[default]
    Accepted,
    /// Accepted, with errors noted.
    Noted,
    Rejected,
}

/// What was wrong with one element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ElementFault {
    /// From 1.
    pub at: usize,
    pub code: String,
}

/// What was wrong with one segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SegmentFault {
    pub id: String,
    /// In its set, ST is 1.
    pub at: usize,
    pub code: String,
    pub elements: Vec<ElementFault>,
}

/// One set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct SetAnswer {
    pub id: String,
    pub number: String,
    /// ST03.
    pub convention: String,
    pub verdict: Verdict,
    pub segments: Vec<SegmentFault>,
    pub codes: Vec<String>,
}

/// One functional group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct GroupAnswer {
    pub code: String,
    pub sender: String,
    pub receiver: String,
    pub number: String,
    pub version: String,
    /// How many sets its trailer claims.
    pub claimed: u64,
    pub received: u64,
    pub accepted: u64,
    pub verdict: Verdict,
    pub sets: Vec<SetAnswer>,
    pub codes: Vec<String>,
}

/// One interchange whose sender asks whether it arrived.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Arrival {
    pub number: String,
    pub date: String,
    pub time: String,
    pub verdict: Verdict,
    /// The note of TA105.
    pub note: String,
}

/// Everything for one pair of sender and receiver.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Partner {
    /// ISA05 to ISA08 as they came.
    pub sender: [String; 4],
    pub is_test: bool,
    pub arrivals: Vec<Arrival>,
    pub groups: Vec<GroupAnswer>,
}

/// Gathers what the messages of a file say.
#[derive(Debug, Default)]
pub(super) struct Collector {
    partners: Vec<Partner>,
    /// Where each interchange and group of the file stands: partner, arrival, and group by its number.
    interchange: u64,
    partner: usize,
    arrival: Option<usize>,
    groups: BTreeMap<u64, usize>,
    named: usize,
}

impl Collector {
    pub fn message(&mut self, message: &Message<'_>) {
        let Body::X12(set) = message.body else { return };
        let envelope = set.envelope();
        if envelope.interchange_at() == 0 {
            return;
        }
        if envelope.interchange_at() != self.interchange {
            self.open(envelope);
        }
        let Some(partner) = self.partners.get_mut(self.partner) else { return };
        if let Some(arrival) = self.arrival.and_then(|at| partner.arrivals.get_mut(at)) {
            arrived(arrival, message.findings);
        }
        let [code, _, _, number, _] = envelope.group();
        let is_set = message.name.is_some_and(|name| name != "TA1");
        // What cannot be repeated cannot be answered.
        let has_name =
            code.len() == 2 && (1..=9).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
        if !is_set || !has_name || code == RECEIPTS {
            return;
        }
        let groups = &mut partner.groups;
        let at = *self.groups.entry(envelope.group_at()).or_insert_with(|| {
            groups.push(GroupAnswer::of(envelope));
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(at) else { return };
        let answer = SetAnswer::of(message, &set);
        group.note(message.findings);
        group.claimed = envelope.sets_claimed();
        if set.get(0).is_none_or(|first| first.id() != b"ST") {
            // The rest of a set that was too long to be read at once.
            if let Some(known) = group.sets.last_mut() {
                known.verdict = known.verdict.max(answer.verdict);
            }
            return;
        }
        group.received += 1;
        group.accepted += u64::from(answer.verdict != Verdict::Rejected);
        if answer.verdict != Verdict::Accepted || self.named < SETS_NAMED_MAX {
            self.named += 1;
            group.sets.push(answer);
        }
    }

    fn open(&mut self, envelope: EnvelopeView<'_>) {
        self.interchange = envelope.interchange_at();
        self.groups.clear();
        let [qualifier, sender, to_qualifier, receiver, number, usage] = envelope.identity();
        let sender = [qualifier, sender, to_qualifier, receiver].map(text);
        let is_test = usage == b"T";
        let known = self.partners.iter().position(|known| known.sender == sender && known.is_test == is_test);
        self.partner = known.unwrap_or_else(|| {
            self.partners.push(Partner { sender, is_test, ..Partner::default() });
            self.partners.len() - 1
        });
        self.arrival = None;
        if let Some(partner) = self.partners.get_mut(self.partner).filter(|_| envelope.wants_answer()) {
            let [date, time] = envelope.sent().map(text);
            partner.arrivals.push(Arrival { number: text(number), date, time, ..Arrival::default() });
            self.arrival = Some(partner.arrivals.len() - 1);
        }
    }

    /// What is to be written, without those who wait for nothing.
    pub fn finish(mut self) -> Vec<Partner> {
        for group in self.partners.iter_mut().flat_map(|partner| &mut partner.groups) {
            group.close();
        }
        self.partners.retain(|partner| !partner.groups.is_empty() || !partner.arrivals.is_empty());
        self.partners
    }
}

/// The number by which a set is named, in four to nine characters: its own, else its trailer's, else zeros. What is shorter is filled
/// up with zeros, what is longer is cut.
fn number_of(set: &Set<'_>, sent: &[u8]) -> String {
    let trailer = || {
        let last = set.get(set.len().checked_sub(1)?)?;
        (last.id() == b"SE").then(|| text(last.value(2)))
    };
    let own = Some(text(sent)).filter(|number| !number.is_empty());
    let number = own.or_else(trailer).unwrap_or_default();
    let cut: String = number.chars().take(SET_NUMBER_CHARS_MAX).collect();
    format!("{:0>1$}", cut.trim_end(), SET_NUMBER_CHARS_MIN)
}

/// The code behind a prefix, of findings that spoil anything, and of sets that nobody reads.
fn codes<'f>(findings: &'f [Finding], kind: &str) -> impl Iterator<Item = (&'f Finding, &'f str)> {
    let loud = findings
        .iter()
        .filter(|finding| finding.severity > Grade::Info || &*finding.code == finding_code::UNKNOWN_SET);
    loud.filter_map(move |finding| {
        let (of, code) = finding.x12.as_deref()?.split_once(' ')?;
        (of == kind).then_some((finding, code))
    })
}

fn arrived(arrival: &mut Arrival, findings: &[Finding]) {
    for (finding, code) in codes(findings, "TA1") {
        let verdict = if finding.severity == Grade::Error { Verdict::Rejected } else { Verdict::Noted };
        // The first of the worst names the note.
        if verdict > arrival.verdict {
            arrival.verdict = verdict;
            arrival.note = code.to_owned();
        }
    }
}

impl GroupAnswer {
    fn of(envelope: EnvelopeView<'_>) -> Self {
        let [code, sender, receiver, number, version] = envelope.group().map(text);
        let version = version.chars().take(VERSION_CHARS_MAX).collect();
        Self { code, sender, receiver, number, version, ..Self::default() }
    }

    fn note(&mut self, findings: &[Finding]) {
        codes(findings, "AK905").for_each(|(_, code)| add(&mut self.codes, code));
    }

    fn close(&mut self) {
        let is_noted = !self.codes.is_empty() || self.sets.iter().any(|set| set.verdict == Verdict::Noted);
        self.verdict = match () {
            () if self.accepted == 0 => Verdict::Rejected,
            () if is_noted => Verdict::Noted,
            () => Verdict::Accepted,
        };
    }
}

impl SetAnswer {
    fn of(message: &Message<'_>, set: &Set<'_>) -> Self {
        let convention = set.get(0).filter(|first| first.id() == b"ST").map(|first| text(first.value(3)));
        let convention = convention.map(|text| text.chars().take(CONVENTION_CHARS_MAX).collect());
        let mut answer = Self {
            id: text(message.name.unwrap_or_default().as_bytes()),
            number: number_of(set, message.control.set.unwrap_or_default()),
            convention: convention.unwrap_or_default(),
            ..Self::default()
        };
        for (finding, code) in codes(message.findings, "AK502") {
            add(&mut answer.codes, code);
            answer.judge(finding);
        }
        for (finding, code) in codes(message.findings, "AK304") {
            answer.segment(set, finding, code);
        }
        for (finding, code) in codes(message.findings, "AK403") {
            if let Some(at) = answer.segment(set, finding, "8") {
                let fault = ElementFault { at, code: code.to_owned() };
                if let Some(segment) = answer.segments.last_mut()
                    && segment.elements.len() < ELEMENTS_MAX
                {
                    segment.elements.push(fault);
                }
            }
        }
        answer.segments.sort_by_key(|segment| segment.at);
        let is_unnamed = answer.verdict != Verdict::Accepted && answer.codes.is_empty();
        if !answer.segments.is_empty() || is_unnamed {
            add(&mut answer.codes, "5");
        }
        answer
    }

    fn judge(&mut self, finding: &Finding) {
        let verdict = if finding.severity == Grade::Error { Verdict::Rejected } else { Verdict::Noted };
        self.verdict = self.verdict.max(verdict);
    }

    /// Notes a segment, last in the list; answers which element the finding is about, when it is about one.
    fn segment(&mut self, set: &Set<'_>, finding: &Finding, code: &str) -> Option<usize> {
        self.judge(finding);
        let (at, element) = set.position_of(finding.place.offset)?;
        let element = element_named(finding, set.get(at - 1)?.id()).unwrap_or(element);
        let is_known = |known: &SegmentFault| known.at == at && known.code == code;
        if let Some(place) = self.segments.iter().position(is_known) {
            let known = self.segments.remove(place);
            self.segments.push(known);
        } else if self.segments.len() < SEGMENTS_MAX {
            let id = text(set.get(at - 1)?.id());
            self.segments.push(SegmentFault { id, at, code: code.to_owned(), elements: Vec::new() });
        } else {
            return None;
        }
        (element > 0).then_some(element)
    }
}

/// Findings about elements begin with their name, `X404 (…)`: one that is not there has no place of its own.
fn element_named(finding: &Finding, segment: &[u8]) -> Option<usize> {
    let rest = finding.message.as_bytes().strip_prefix(segment)?;
    let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn add(codes: &mut Vec<String>, code: &str) {
    if codes.len() < CODES_MAX && !codes.iter().any(|known| known == code) {
        codes.push(code.to_owned());
    }
}

/// What may stand in an element of a receipt: nothing that its separators are, nothing that is not printable.
fn text(bytes: &[u8]) -> String {
    let plain = |&byte: &u8| match byte {
        b'*' | b'~' | b'>' | b'^' => ' ',
        byte if byte.is_ascii_graphic() || byte == b' ' => byte as char,
        _ => ' ',
    };
    bytes.iter().map(plain).collect::<String>().trim().to_owned()
}
