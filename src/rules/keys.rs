//! The keys of a condition, each defined once: what it is about, how it is written, what it means, an example.
//!
//! The compiler knows from here which keys a condition may have, and [`reference`](super::reference) prints the page.

use super::On;

/// Where a condition stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subject {
    Rule(On),
    /// A `[[route]]`: it sees what rules on all subjects have in common.
    Route,
    /// An `[[inhibit]]`: it sees the entry, as a rule on a deadline does.
    Inhibit,
    /// The `until` of a rule on a notice: it sees the entry, and when it is asked.
    Until,
}

impl Subject {
    const fn bit(self) -> u8 {
        match self {
            Self::Rule(On::Notice) => NOTICE,
            Self::Rule(On::Deadline) | Self::Inhibit => DEADLINE,
            Self::Rule(On::Trouble) => TROUBLE,
            Self::Rule(On::Silence) => SILENCE,
            Self::Route => ROUTE,
            Self::Until => UNTIL,
        }
    }

    pub fn keys(self) -> impl Iterator<Item = &'static str> + Clone {
        KEYS.iter().filter(move |key| key.on & self.bit() != 0).map(|key| key.name)
    }

    pub fn has(self, name: &str) -> bool {
        self.keys().any(|key| key == name)
    }

    /// `a rule on a notice`, for messages.
    pub fn called(self) -> &'static str {
        match self {
            Self::Rule(On::Notice) => "a rule on a notice",
            Self::Rule(On::Deadline) => "a rule on a deadline",
            Self::Rule(On::Trouble) => "a rule on a trouble",
            Self::Rule(On::Silence) => "a rule on a silence",
            Self::Route => "a route",
            Self::Inhibit => "an inhibition",
            Self::Until => "`until`",
        }
    }
}

const NOTICE: u8 = 1;
const DEADLINE: u8 = 2;
const TROUBLE: u8 = 4;
const ROUTE: u8 = 8;
const SILENCE: u8 = 16;
const UNTIL: u8 = 32;
const ENTRY: u8 = NOTICE | DEADLINE | SILENCE;
/// Of the entry, and different as it goes on.
const LATER: u8 = ENTRY | UNTIL;
const ANY: u8 = NOTICE | DEADLINE | TROUBLE | SILENCE | ROUTE;

/// The section of the reference in which a key is explained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Nesting,
    Notice,
    Entry,
    Holds,
    Deadlines,
    Amounts,
    Goods,
    Parties,
    References,
    Time,
    Trouble,
}

impl Section {
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Nesting, "Nesting"),
        (Self::Notice, "The notice"),
        (Self::Entry, "The entry, before and after the file"),
        (Self::Holds, "Holds"),
        (Self::Deadlines, "Deadlines"),
        (Self::Amounts, "Amounts"),
        (Self::Goods, "Goods, line by line"),
        (Self::Parties, "Broker, importer, port"),
        (Self::References, "References"),
        (Self::Time, "Time"),
        (Self::Trouble, "Troubles"),
    ];
}

/// One key of a condition.
pub(super) struct Key {
    pub name: &'static str,
    on: u8,
    pub section: Section,
    /// How the value is written.
    pub value: &'static str,
    pub means: &'static str,
    /// The inside of a `when` table for the first subject that the key has.
    pub example: &'static str,
}

impl Key {
    /// A rule on a notice may have it in `until`.
    pub fn is_lasting(&self) -> bool {
        self.on & UNTIL != 0
    }

    /// The subjects that have the key, in words.
    pub fn subjects(&self) -> Vec<&'static str> {
        let all = [
            (NOTICE, "notice"),
            (DEADLINE, "deadline"),
            (TROUBLE, "trouble"),
            (SILENCE, "silence"),
            (ROUTE, "route"),
        ];
        all.iter().filter(|(bit, _)| self.on & bit != 0).map(|(_, word)| *word).collect()
    }
}

const TEXT: &str = "text";
const WORDS: &str = "word(s)";
const NUMBER: &str = "number";
const FLAG: &str = "true, false";

macro_rules! keys {
    ($($section:ident: $($name:literal on $on:expr, $value:expr, $means:literal, $example:literal;)*)*) => {
        pub(super) const KEYS: &[Key] = &[$($(Key {
            name: $name, on: $on, section: Section::$section, value: $value, means: $means, example: $example,
        },)*)*];
    };
}

keys! {
    Nesting:
    "any" on ANY | UNTIL, "list of tables", "one of the tables in the list holds",
        r#"any = [{ agency = "FDA" }, { severity = "critical" }]"#;
    "not" on ANY | UNTIL, "table", "the table does not hold", r#"not = { broker = "acme" }"#;

    Notice:
    "kind" on NOTICE, WORDS, "kind of notice: `release_status`, `bill_status`, `liquidation` …",
        r#"kind = ["release_status", "bill_status"]"#;
    "code" on NOTICE | TROUBLE | SILENCE, TEXT,
        "of a notice: the code as Customs sent it, checked against `table`, else against all tables; of a trouble or silence: its code",
        r#"table = "so60-entry-dispositions", code = "96""#;
    "table" on NOTICE, TEXT, "the code table in which the code was looked up", r#"table = { prefix = "so" }"#;
    "severity" on NOTICE | TROUBLE | ROUTE, "severity",
        "of a notice: that of its code table; of a trouble: its own; in a route: that of the alert",
        r#"severity = { at_least = "warning" }"#;
    "effect" on NOTICE, WORDS, "what the notice does to its entry", r#"effect = "any_hold""#;
    "agency" on NOTICE, TEXT,
        "who placed, removed or reversed a hold (`CBP` for Customs itself), else the field `agency` of the record",
        r#"agency = ["FDA", "EPA"]"#;
    "field" on NOTICE, "table of comparisons",
        "named fields of the record; a name that occurs several times matches when one of its values does",
        r#"field = { remark = { glob = "*RUSH*" }, line_number = { above = 3 } }"#;
    "repeated" on NOTICE, FLAG, "the notice opens a hold that stood already before the file, or tells again what the entry knew: a census warning, a bill or protest with the same status, a liquidation on file, an answer without news", "repeated = true";

    Entry:
    "status" on LATER, WORDS, "status of the entry, after the file", r#"status = ["held", "rejected"]"#;
    "status_before" on NOTICE, WORDS, "status of the entry before the file; never holds for a new entry",
        r#"status_before = "released""#;
    "became" on NOTICE | UNTIL, WORDS, "the entry has this status now and had another, or none, before the file",
        r#"became = "released""#;
    "entry_type" on LATER | ROUTE, TEXT, "type of the entry", r#"entry_type = ["01", "11"]"#;
    "known_entry" on NOTICE, FLAG, "the entry was known before the file", "known_entry = false";
    "has_entry" on NOTICE, FLAG, "the notice belongs to an entry, and not only to a bill that nobody knows yet",
        "has_entry = true";
    "contradicted" on NOTICE | UNTIL, FLAG,
        "a report from the ACE portal and the messages disagree on a date or an amount, and did not before the file",
        "contradicted = true";
    "released" on LATER, FLAG, "the goods are released: a release stands and no hold is open", "released = false";
    "suspended" on LATER, FLAG, "the liquidation of the entry is suspended", "suspended = true";
    "in_question" on LATER, FLAG,
        "Customs asked about the summary or warned of it, and nobody answered: a Form 28 or 29, or a census warning",
        "in_question = true";
    "unpaid" on LATER, FLAG,
        "the summary, or one that covers the release, is accepted, and no message says that its duties are deposited or on a statement",
        "unpaid = true";

    Holds:
    "open_hold_after" on LATER, FLAG,
        "for a notice that opens a hold: that hold still stands after the file; for all else: a hold of the entry stands",
        "open_hold_after = true";
    "open_hold_before" on NOTICE, FLAG, "a hold of the entry stood before the file", "open_hold_before = false";
    "hold_agency" on LATER, TEXT, "a hold of this agency stands", r#"hold_agency = "FDA""#;
    "hold_code" on LATER, TEXT, "a hold under this code stands", r#"hold_code = ["1H", "7H"]"#;
    "open_holds" on LATER, NUMBER, "how many holds stand", "open_holds = { at_least = 2 }";
    "hold_days" on LATER, NUMBER,
        "how many days the oldest hold that stands has stood; never holds when none stands or its date is not known",
        "hold_days = { at_least = 5 }";

    Deadlines:
    "open_deadline" on NOTICE | UNTIL, TEXT, "a clock with this id runs for the entry", r#"open_deadline = "PROTEST_DUE""#;
    "by_law" on DEADLINE, FLAG,
        "the law started the clock by itself and no notice did: a deemed liquidation, exclusion or denial", "by_law = true";
    "last_day" on DEADLINE, FLAG, "the day to act has come, or is over", "last_day = true";
    "overdue" on DEADLINE, FLAG,
        "the day to act is over", "overdue = true";
    "days_left" on NOTICE | UNTIL, "table of numbers",
        "by deadline id: a clock with this id runs, and so many days are left to its day to act",
        "days_left = { ES_DUE = { at_most = 3 } }";

    Amounts:
    "difference" on ENTRY, NUMBER,
        "liquidated minus paid, in dollars, of the notice or else of the entry's last liquidation; never holds when one of the two is not stated",
        r#"difference = { above = "250.00" }"#;
    "difference_known" on ENTRY, FLAG, "the liquidation states both amounts, or does not", "difference_known = false";
    "paid" on ENTRY, NUMBER, "what was paid, in dollars, as the liquidation states it", r#"paid = { at_least = "10000.00" }"#;
    "liquidated" on ENTRY, NUMBER, "what Customs assessed, in dollars, as the liquidation states it",
        r#"liquidated = { above = "0.00" }"#;

    Goods:
    "tariff" on LATER | ROUTE, "tariff number(s)",
        "a line of the entry bears a tariff number that begins like this: a chapter, a heading or a number, with or without dots",
        r#"tariff = ["8708.30", "4011"]"#;
    "line" on LATER | ROUTE, "table",
        "one line of the entry fits all of it: `tariff` as above, `value` and `duty` of the line in dollars, `origin` as two letters",
        r#"line = { tariff = "8708", value = { above = "10000.00" }, origin = "CN" }"#;
    "lines" on LATER | ROUTE, NUMBER, "how many lines the entry has; never holds while none is known",
        "lines = { above = 50 }";
    "entered_value" on LATER | ROUTE, NUMBER,
        "entered value in dollars: the total of the summary, else the sum of the lines when each states one",
        r#"entered_value = { at_least = "250000.00" }"#;
    "duty" on LATER | ROUTE, NUMBER, "estimated duty in dollars, found the same way",
        r#"duty = { above = "5000.00" }"#;
    "product_line" on LATER | ROUTE, "name(s) of product lines",
        "a line of the entry has a tariff number of one of these product lines, or the entry one of their purchase orders",
        r#"product_line = "brakes""#;

    Parties:
    "broker" on ANY, TEXT, "the broker who dropped the file", r#"broker = "acme""#;
    "importer" on LATER | ROUTE, TEXT, "importer number of the entry", r#"importer = { prefix = "12-3456789" }"#;
    "port" on LATER | ROUTE, TEXT, "port of the entry", r#"port = { prefix = "27" }"#;
    "filer" on ENTRY | ROUTE, TEXT, "filer code of the entry", r#"filer = "ABC""#;

    References:
    "entry_number" on ENTRY, TEXT, "number of the entry, eleven characters without hyphens",
        r#"entry_number = { prefix = "ABC" }"#;
    "bill" on ENTRY, TEXT, "a bill or house bill that the notice names, else one of the entry's",
        r#"bill = { prefix = "MAEU" }"#;
    "container" on ENTRY, TEXT, "a container that the notice names, else one of the entry's",
        r#"container = "ABCU1234567""#;
    "order" on LATER, TEXT, "one of the entry's purchase orders", r#"order = { glob = "45*" }"#;
    "broker_reference" on LATER, TEXT, "the broker's own reference of the entry", r#"broker_reference = { prefix = "ACME-" }"#;

    Time:
    "time" on NOTICE, "{ from, to }",
        "the wall-clock time at which the file was received, in the zone of the first team; `to` is excluded, and a span may pass midnight",
        r#"time = { from = "18:00", to = "06:00" }"#;
    "weekday" on ENTRY, "day name(s)", "the day on which the file was received, or of the reminder",
        r#"weekday = ["Sat", "Sun"]"#;
    "age_days" on NOTICE | UNTIL, NUMBER,
        "days from the event that the notice tells of to the day on which the file was received; never holds without a date",
        "age_days = { above = 30 }";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_defined_once_and_explained() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|other| other.name != key.name), "{}", key.name);
            assert!(key.example.contains(key.name), "the example of `{}` does not show it", key.name);
            assert!(!key.means.is_empty() && !key.subjects().is_empty(), "{}", key.name);
        }
        assert!(Subject::Route.has("broker") && !Subject::Route.has("kind"));
    }
}
