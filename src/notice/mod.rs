//! What Customs, the broker or the importer's own people said about an entry, a bill or a statement, and when.
//!
//! A [`NoticeRef`] borrows from the message and costs no allocation; a [`Notice`] is the same thing kept.

pub mod clock_id;
mod effect;
mod facts;
mod fields;
pub mod recorded;
mod token;
mod values;
mod witness;

use std::fmt;

use chrono::{Months, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use effect::{Amounts, CargoStep, ClearedCodes, Effect, HoldKind, Liquidation, LiquidationKind};
pub use facts::{
    AnsweredCensus, AnsweredState, CustomsBill, FiledLine, FilingAction, MonthlyLine, ProtestStatus,
    StatementLine, StatementStatus, SummaryFiling, SummaryStatus,
};
pub use fields::{Fields, FieldsAsMap};
pub use recorded::{AGAINST, FactKind};
pub use token::Token;
pub use values::{Unwritten, Value, Values, Write, Written};
pub use witness::WitnessedFact;

use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::place::{Place, Severity};

/// The name under which a notice tells which of its amounts could not be read; it stands as often as there are such.
pub const UNREADABLE: &str = "unreadable";

/// The agency that stands for CBP itself in holds.
pub const CBP: &str = "CBP";

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, rank $rank:literal;)*) => {
        /// What a notice is, in the words of the contract.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }
        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Kind::$variant),)* _ => None }
            }
            /// Orders notices of the same moment: a filing comes before its answer, a hold before a release.
            pub fn rank(self) -> u8 {
                match self { $(Kind::$variant => $rank,)* }
            }
        }
    };
}
kinds! {
    ApprovedEntry = "approved_entry", rank 0;
    OrderLink = "order_link", rank 1;
    /// SE
    ReleaseFiled = "release_filed", rank 2;
    /// 355
    FilingResponse = "filing_response", rank 3;
    /// SX
    ReleaseResponse = "release_response", rank 4;
    /// 352, 353, 354 and V9 events
    ManifestEvent = "manifest_event", rank 5;
    /// SO50, C1, NS, X12 X4 and SG
    BillStatus = "bill_status", rank 6;
    /// SO60
    ReleaseStatus = "release_status", rank 7;
    /// SO70
    AgencyStatus = "agency_status", rank 8;
    /// AE
    SummaryFiled = "summary_filed", rank 9;
    /// AX
    SummaryResponse = "summary_response", rank 10;
    /// AX, CL
    CensusWarning = "census_warning", rank 11;
    /// UC
    SummaryNotice = "summary_notice", rank 12;
    /// PF, MS
    Statement = "statement", rank 13;
    /// PF, MS
    StatementEntry = "statement_entry", rank 14;
    /// 820
    Payment = "payment", rank 15;
    /// ER
    EntryStatus = "entry_status", rank 16;
    /// TS
    TibExpiration = "tib_expiration", rank 17;
    /// NR
    Liquidation = "liquidation", rank 18;
    /// A row of a report from the ACE portal
    AceReport = "ace_report", rank 15;
    /// Envelope X0 and X1
    BatchRejected = "batch_rejected", rank 19;
    /// 997, 999, TA1
    Acknowledgement = "acknowledgement", rank 20;
    /// 824
    ApplicationAdvice = "application_advice", rank 21;
    /// 28, 29 and 4647 from JSON
    Form = "form", rank 22;
    /// By hand
    Recorded = "recorded", rank 23;
    /// A message of a family that this release carries without reading it.
    Carried = "carried", rank 24;
    /// CW, and its answer CO
    CensusOverride = "census_override", rank 11;
    /// TE
    TibRequest = "tib_request", rank 17;
    /// TX
    TibResponse = "tib_response", rank 17;
    /// EQ, CQ, CJ: the broker asked Customs something.
    Query = "query", rank 2;
}

/// Nothing that Customs tells lies further from the day on which it is told: the slowest liquidations take decades, and no date after an
/// entry is set more than ten years ahead.
const YEARS_AHEAD_MAX: u32 = 10;
const YEARS_BACK_MAX: u32 = 40;

/// Whether a date can be true in a message of this day.
pub fn is_believable(date: NaiveDate, said_on: NaiveDate) -> bool {
    let last = said_on.checked_add_months(Months::new(12 * YEARS_AHEAD_MAX)).unwrap_or(NaiveDate::MAX);
    let first = said_on.checked_sub_months(Months::new(12 * YEARS_BACK_MAX)).unwrap_or(NaiveDate::MIN);
    (first..=last).contains(&date)
}

/// When Customs says it happened: local to CBP unless the notice names a zone. A date alone stays a date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime {
    pub date: NaiveDate,
    pub time: Option<NaiveTime>,
}

impl EventTime {
    pub fn date(date: NaiveDate) -> Self {
        Self { date, time: None }
    }

    /// For ordering against instants; a date alone is its first moment.
    pub fn start(&self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or(NaiveTime::MIN))
    }

    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse::<NaiveDateTime>() {
            return Some(Self { date: at.date(), time: Some(at.time()) });
        }
        text.parse().ok().map(Self::date)
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some(time) => write!(f, "{}T{}", self.date, time.format("%H:%M:%S")),
            None => write!(f, "{}", self.date),
        }
    }
}

impl fmt::Debug for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a date or a time"))
    }
}

/// A bill as it stands in the message: issuer and number apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BillRef<'a> {
    pub issuer: &'a [u8],
    pub number: &'a [u8],
}

impl BillRef<'_> {
    pub fn to_bill(self) -> Option<BillOfLading> {
        BillOfLading::from_parts(self.issuer, self.number)
    }
}

/// A notice that borrows from the message it stands in.
#[derive(Clone, Copy, Debug)]
pub struct NoticeRef<'a> {
    pub kind: Kind,
    pub entry: Option<EntryNumber>,
    pub bill: Option<BillRef<'a>>,
    pub house_bill: Option<BillRef<'a>>,
    /// Equipment that the notice is limited to, `ABCU1234567`.
    pub container: Option<Token>,
    pub code: Option<Token>,
    /// Name of the code table that `code` was looked up in.
    pub table: Option<&'a str>,
    /// The table's words for the code; `None` when the code is unknown.
    pub meaning: Option<&'a str>,
    pub severity: Severity,
    pub at: Option<EventTime>,
    /// Large, because it may hold the amounts of a liquidation; most are the same for every notice with the code.
    pub effect: &'a Effect,
    pub place: Place,
    /// Non-blank named fields in record order: name, raw bytes (trimmed).
    pub fields: Values<'a>,
    /// The record or segment that carries the code, as it stands in the file without its line end.
    pub source: &'a [u8],
    /// Which notice of its message this is, from 0. With the message's own bytes it makes the notice id.
    pub ordinal: u32,
}

impl NoticeRef<'_> {
    /// Keeps the notice under the id that the caller computed.
    pub fn to_notice(&self, id: NoticeId) -> Notice {
        let mut fields = Fields::new();
        for (name, value) in self.fields.iter() {
            fields.push_bytes(name, &value);
        }
        Notice {
            id,
            kind: self.kind,
            entry: self.entry,
            bill: self.bill.and_then(BillRef::to_bill),
            house_bill: self.house_bill.and_then(BillRef::to_bill),
            container: self.container,
            code: self.code,
            table: self.table.map(Into::into),
            meaning: self.meaning.map(Into::into),
            severity: self.severity,
            at: self.at,
            effect: *self.effect,
            fields,
        }
    }
}

/// A fact about an entry, a bill or a statement. It says nothing of the file it came in; that is a
/// [`Sighting`](crate::entry::Sighting).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<BillOfLading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub house_bill: Option<BillOfLading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Token>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Token>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Box<str>>,
    pub severity: Severity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<EventTime>,
    pub effect: Effect,
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
}

impl Notice {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_print_and_parse() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("nonsense"), None);
    }

    #[test]
    fn event_times_keep_what_the_message_gave() {
        for text in ["2026-03-01", "2026-03-01T14:05:00"] {
            assert_eq!(EventTime::parse(text).map(|at| at.to_string()).as_deref(), Some(text));
        }
        let date = EventTime::parse("2026-03-01");
        assert!(date < EventTime::parse("2026-03-01T00:00:00"), "a date alone sorts before the day's times");
    }

    #[test]
    fn fields_cannot_be_broken_by_their_values() {
        let mut fields = Fields::new();
        fields.push_bytes("remark", b"a\tb\nseverity\tinfo");
        fields.push_bytes("remark", b"caf\xe9");
        assert_eq!(fields.get("severity"), None);
        let json = serde_json::to_string(&fields.as_map()).expect("fields serialise");
        assert_eq!(json, r#"{"remark":"a b severity info","remark_2":"café"}"#);
    }
}
