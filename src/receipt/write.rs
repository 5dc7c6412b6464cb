//! The receipt as bytes.

use std::fmt::Write as _;

use super::collect::{Arrival, GroupAnswer, Partner, SegmentFault, SetAnswer, Verdict};
use super::{ReceiptForm, Stamp};

/// A control number has nine digits.
const NUMBERS: u64 = 1_000_000_000;

/// Groups of one file that have numbers of their own before they meet those of the next file.
const GROUPS_PER_FILE: u64 = 100;

/// A count of sets has six digits.
const COUNT_MAX: u64 = 999_999;

/// The convention that a 999 follows.
const CONVENTION: &str = "005010X231A1";

/// One interchange for each partner.
pub(super) fn interchanges(partners: &[Partner], form: ReceiptForm, stamp: Stamp) -> Vec<u8> {
    let mut text = String::new();
    for partner in partners {
        interchange(partner, form, stamp, &mut text);
    }
    text.into_bytes()
}

/// Writing to a text cannot fail.
macro_rules! segment {
    ($text:expr, $($arg:tt)*) => {{
        let _ = write!($text, $($arg)*);
        $text.push_str("~\n");
    }};
}

fn interchange(partner: &Partner, form: ReceiptForm, stamp: Stamp, text: &mut String) {
    // What they sent with goes back to them.
    let [to_qualifier, to, qualifier, from] = &partner.sender;
    let [to_qualifier, qualifier] =
        [to_qualifier, qualifier].map(|code| if code.is_empty() { "ZZ" } else { code });
    let (at, number) = (stamp.at, stamp.number % NUMBERS);
    let (repetition, version) = match form {
        ReceiptForm::Functional => ("U", "00401"),
        ReceiptForm::Implementation => ("^", "00501"),
    };
    let usage = if partner.is_test { 'T' } else { 'P' };
    segment!(
        text,
        "ISA*00*{0:10}*00*{0:10}*{qualifier:2.2}*{from:15.15}*{to_qualifier:2.2}*{to:15.15}*{1}*{2}*{repetition}*{version}*{number:09}*0*{usage}*>",
        "",
        at.format("%y%m%d"),
        at.format("%H%M"),
    );
    partner
        .arrivals
        .iter()
        .filter(|arrival| can_be_repeated(arrival))
        .for_each(|arrival| arrived(arrival, text));
    for (group, index) in partner.groups.iter().zip(0..) {
        let number = (stamp.number % NUMBERS * GROUPS_PER_FILE + index) % NUMBERS;
        self::group((partner, group), form, (stamp, number), text);
    }
    segment!(text, "IEA*{}*{number:09}", partner.groups.len());
}

fn arrived(arrival: &Arrival, text: &mut String) {
    let Arrival { number, date, time, verdict, note } = arrival;
    let note = if note.is_empty() { "000" } else { note };
    segment!(text, "TA1*{number:0>9}*{date}*{time}*{}*{note}", code(*verdict));
}

/// The sender finds its interchange by number, date and time.
fn can_be_repeated(arrival: &Arrival) -> bool {
    let is_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_digits(&arrival.number, 9)
        && is_digits(&arrival.date, 6)
        && arrival.date.len() == 6
        && is_digits(&arrival.time, 4)
        && arrival.time.len() == 4
}

fn code(verdict: Verdict) -> char {
    match verdict {
        Verdict::Accepted => 'A',
        Verdict::Noted => 'E',
        Verdict::Rejected => 'R',
    }
}

/// Who a group is from or for; where the sender did not say so in two to fifteen characters, the interchange's word for it.
fn application<'t>(group: &'t str, interchange: &'t str) -> &'t str {
    let fits = |text: &&str| (2..=15).contains(&text.len());
    [group, interchange].into_iter().find(fits).unwrap_or("UNKNOWN")
}

fn group(
    (partner, group): (&Partner, &GroupAnswer),
    form: ReceiptForm,
    (stamp, number): (Stamp, u64),
    text: &mut String,
) {
    let release = match form {
        ReceiptForm::Functional => "004010",
        ReceiptForm::Implementation => CONVENTION,
    };
    let (date, time) = (stamp.at.format("%Y%m%d"), stamp.at.format("%H%M"));
    let [_, to, _, from] = &partner.sender;
    let (from, to) = (application(&group.receiver, from), application(&group.sender, to));
    segment!(text, "GS*FA*{from}*{to}*{date}*{time}*{number}*X*{release}");
    let mut set = SetText::new(form);
    set.add(match form {
        ReceiptForm::Functional => format!("AK1*{}*{}", group.code, group.number),
        ReceiptForm::Implementation => {
            trimmed(format!("AK1*{}*{}*{}", group.code, group.number, group.version))
        }
    });
    for answer in group.sets.iter().filter(|answer| can_be_named(answer)) {
        self::set(answer, form, &mut set);
    }
    let verdict = match group.verdict {
        Verdict::Rejected => 'R',
        _ if group.accepted < group.received => 'P',
        verdict => code(verdict),
    };
    let mut end = format!(
        "AK9*{verdict}*{}*{}*{}",
        group.claimed.min(COUNT_MAX),
        group.received.min(COUNT_MAX),
        group.accepted.min(COUNT_MAX)
    );
    let codes = group.codes.iter().filter_map(|code| known_in(form, code));
    codes.for_each(|code| end.extend(["*", code]));
    set.add(end);
    set.close(text);
    segment!(text, "GE*1*{number}");
}

/// The code for a group as the release of the receipt has it: 19 meant something else in 004010, 30 and 31 came later than both.
fn known_in(form: ReceiptForm, code: &str) -> Option<&str> {
    match (code, form) {
        ("30" | "31", _) => None,
        ("19", ReceiptForm::Functional) => Some("6"),
        _ => Some(code),
    }
}

/// A set whose own identifier or number cannot be repeated is counted and not named.
fn can_be_named(set: &SetAnswer) -> bool {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    set.id.len() == 3 && is_plain(&set.id) && (1..=9).contains(&set.number.len())
}

fn set(answer: &SetAnswer, form: ReceiptForm, set: &mut SetText) {
    let (segment, element, end) = match form {
        ReceiptForm::Functional => ("AK3", "AK4", "AK5"),
        ReceiptForm::Implementation => ("IK3", "IK4", "IK5"),
    };
    set.add(match form {
        ReceiptForm::Functional => format!("AK2*{}*{}", answer.id, answer.number),
        ReceiptForm::Implementation => {
            trimmed(format!("AK2*{}*{}*{}", answer.id, answer.number, answer.convention))
        }
    });
    // What bears no name of a segment is only told by the code of its set.
    let is_named = |fault: &&SegmentFault| {
        (2..=3).contains(&fault.id.len()) && fault.id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    for SegmentFault { id, at, code, elements } in answer.segments.iter().filter(is_named) {
        set.add(format!("{segment}*{id}*{at}**{code}"));
        for fault in elements {
            set.add(format!("{element}*{}**{}", fault.at, fault.code));
        }
    }
    let mut verdict = format!("{end}*{}", code(answer.verdict));
    answer.codes.iter().for_each(|code| verdict.extend(["*", code]));
    set.add(verdict);
}

/// Without separators behind the last element.
fn trimmed(text: String) -> String {
    text.trim_end_matches('*').to_owned()
}

/// One set: counts its segments.
struct SetText {
    text: String,
    segments: u64,
}

impl SetText {
    fn new(form: ReceiptForm) -> Self {
        let mut set = Self { text: String::new(), segments: 0 };
        set.add(match form {
            ReceiptForm::Functional => "ST*997*0001".to_owned(),
            ReceiptForm::Implementation => format!("ST*999*0001*{CONVENTION}"),
        });
        set
    }

    fn add(&mut self, segment: impl AsRef<str>) {
        self.text.push_str(segment.as_ref());
        self.text.push_str("~\n");
        self.segments += 1;
    }

    fn close(mut self, text: &mut String) {
        let count = self.segments + 1;
        self.add(format!("SE*{count}*0001"));
        text.push_str(&self.text);
    }
}
