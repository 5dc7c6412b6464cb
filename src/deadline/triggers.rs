//! The facts that start, change or stop a clock: named keys with typed values.
//!
//! A value is read once, when it is set; computing from it is then cheap. What was never set stays unknown, and a
//! deadline that needs it answers with an error and never with a date.

use std::fmt;

use chrono::{Datelike, NaiveDate};

/// What a key holds, and so how its value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `2026-03-06`
    Date,
    /// `2026-03-06,2026-03-09`
    Dates,
    /// `yes` or `no`
    YesNo,
    /// A whole number from 0 up to and with this one.
    Count(u32),
    /// Two letters or digits: `01`
    EntryType,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date => write!(f, "a date such as 2026-03-06, from {YEAR_MIN} to {YEAR_MAX}"),
            Self::Dates => write!(
                f,
                "1 to {DATES_MAX} dates such as 2026-03-06,2026-03-09, from {YEAR_MIN} to {YEAR_MAX}"
            ),
            Self::YesNo => write!(f, "yes or no"),
            Self::Count(max) => write!(f, "a whole number from 0 to {max}"),
            Self::EntryType => write!(f, "an entry type of two letters or digits such as 01"),
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

/// The holiday rules hold as they stand since Martin Luther King, Jr. Day, first kept in 1986.
const YEAR_MIN: i32 = 1986;
/// Far enough for any record to be kept; near enough that no arithmetic meets the end of the calendar.
const YEAR_MAX: i32 = 2199;
/// How many dates one list may hold.
const DATES_MAX: usize = 10_000;
/// How many extensions one can claim to have before it is surely a typing error.
const EXTENSIONS_MAX: u32 = 99;
/// How many days one notice can grant before it is surely a typing error.
const GRANTED_DAYS_MAX: u32 = 366;
/// How many characters of a value that could not be read are shown.
const SHOWN_CHARS: usize = 40;

macro_rules! keys {
    ($($variant:ident $name:literal $kind:expr, $meaning:literal;)*) => {
        /// The name of a fact. The text forms are those of the `due` command.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Key { $(#[doc = $meaning] $variant,)* }

        impl Key {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => $kind,)* }
            }

            /// What the fact is, in a few words.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

keys! {
    Accelerated "accelerated" Kind::YesNo, "accelerated disposition of the protest was asked for";
    Adcvd "adcvd" Kind::YesNo, "antidumping or countervailing duty is the issue";
    AfrDenialNotice "afr_denial_notice" Kind::Date, "notice that further review is denied";
    AfrFiled "afr_filed" Kind::Date, "application for further review filed";
    ArrivalDate "arrival_date" Kind::Date, "goods landed, or arrived in bond at the port";
    AuthorizedDate "authorized_date" Kind::Date, "CBP authorised the in-bond movement";
    BillDate "bill_date" Kind::Date, "date of the CBP bill";
    CalculationNotice "calculation_notice" Kind::Date, "CBP told its calculation of the duties owed";
    Date "date" Kind::Date, "a day of the calendar";
    DecisionDate "decision_date" Kind::Date, "date of the decision that is disputed";
    Deemed "deemed" Kind::YesNo, "the liquidation happened by operation of law";
    DemandDate "demand_date" Kind::Date, "demand for records received";
    DemandMailed "demand_mailed" Kind::Date, "demand on the surety mailed";
    DenialDate "denial_date" Kind::Date, "protest denied: notice mailed, or deemed by law";
    DepartureDate "departure_date" Kind::Date, "in-bond goods left the port";
    DetainedDate "detained_date" Kind::Date, "goods detained, by decision or by law";
    DisclosureDate "disclosure_date" Kind::Date, "prior disclosure made";
    DrawbackLiquidated "drawback_liquidated" Kind::Date, "drawback claim liquidated";
    DueOnForm "due_on_form" Kind::Date, "last day printed on the form or notice";
    EarliestImportDate "earliest_import_date" Kind::Date, "earliest importation on the reconciliation";
    EarliestSummaryDate "earliest_summary_date" Kind::Date, "earliest entry summary on the reconciliation";
    EntryDate "entry_date" Kind::Date, "date of entry";
    EntryType "entry_type" Kind::EntryType, "entry type code";
    ExpirationDate "expiration_date" Kind::Date, "end of the bond on the notice of a temporary importation";
    ExtBy "ext_by" Kind::Word(&["importer", "cbp", "unknown"]), "who asked for the extension of liquidation";
    ExtendDays "extend_days" Kind::Count(GRANTED_DAYS_MAX), "calendar days granted by a notice";
    ExtendWorkingDays "extend_working_days" Kind::Count(GRANTED_DAYS_MAX), "working days granted by a closure notice";
    ExtendedLiq "extended_liq" Kind::Date, "liquidation date after an extension";
    Extensions "extensions" Kind::Count(EXTENSIONS_MAX), "one-year extensions so far";
    FdaRefusal "fda_refusal" Kind::YesNo, "the demand follows a refusal by FDA";
    FederalRegisterDate "federal_register_date" Kind::Date, "final results published in the Federal Register";
    FinalWithdrawal "final_withdrawal" Kind::Date, "last withdrawal under the warehouse entry";
    FundsReceived "funds_received" Kind::Date, "broker received the client's money after the due date";
    ImportDate "import_date" Kind::Date, "date of importation";
    IssueDate "issue_date" Kind::Date, "date of issue on the form";
    LetterDate "letter_date" Kind::Date, "date of the notice letter";
    Liquidated "liquidated" Kind::YesNo, "the entry is liquidated";
    LiquidationDate "liquidation_date" Kind::Date, "date of liquidation or reliquidation";
    Live "live" Kind::YesNo, "summary and duties are owed at entry (19 CFR 142.13, 142.14)";
    MailDate "mail_date" Kind::Date, "notice mailed";
    Mode "mode" Kind::Word(&["vessel", "barge", "rail", "truck", "air", "pipeline"]), "how the goods travel in bond";
    Nonworking "nonworking" Kind::Dates, "days that CBP declared not to count";
    NoticeDate "notice_date" Kind::Date, "date of the notice";
    PresentedDate "presented_date" Kind::Date, "goods presented for examination";
    ProtestFiled "protest_filed" Kind::Date, "protest filed";
    PscDate "psc_date" Kind::Date, "post summary correction submitted";
    Published "published" Kind::Date, "date in the calendar that CBP published";
    ReconFiled "recon_filed" Kind::Date, "reconciliation filed";
    ReconShouldFile "recon_should_file" Kind::Date, "last day to file the reconciliation";
    RefusalDate "refusal_date" Kind::Date, "notice of refusal";
    RejectDate "reject_date" Kind::Date, "summary rejected";
    ReleaseDate "release_date" Kind::Date, "goods released";
    RequestMailed "request_mailed" Kind::Date, "request mailed by certified or registered mail";
    RespondBy "respond_by" Kind::Date, "respond-by date printed on the notice";
    ScheduledLiq "scheduled_liq" Kind::Date, "liquidation date that CBP scheduled";
    SetDue "set_due" Kind::Date, "date that a notice names in place of the computed one";
    ShortStatute "short_statute" Kind::YesNo, "the limitation period is about to end";
    SixMonth "six_month" Kind::YesNo, "admitted for six months only";
    StatementDue "statement_due" Kind::Date, "payment due date on the statement";
    SummaryDate "summary_date" Kind::Date, "date of the entry summary";
    Suspended "suspended" Kind::YesNo, "liquidation is suspended by statute or court order";
    SuspendedFrom "suspended_from" Kind::Date, "first day on which the clock itself stands still";
    SuspendedTo "suspended_to" Kind::Date, "last day on which the clock itself stands still";
    TimeOfEntry "time_of_entry" Kind::Date, "time of entry as CBP returns it";
    TimesOfEntry "times_of_entry" Kind::Dates, "times of entry of all entries on the statement";
    TradeRemedy "trade_remedy" Kind::YesNo, "a trade remedy duty is the issue";
    UnderReview "under_review" Kind::YesNo, "CBP is reviewing the summary";
    ViolationDate "violation_date" Kind::Date, "date of the violation";
}

impl Key {
    /// The key of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.as_str() == text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fact's value, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    Date(NaiveDate),
    Dates(Vec<NaiveDate>),
    Flag(bool),
    Count(u32),
    EntryType([u8; 2]),
    Word(&'static str),
}

impl Value {
    /// Reads `text` as `kind` wants it.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let value = match kind {
            Kind::Date => Self::Date(parse_date(text)?),
            Kind::Dates => {
                Self::Dates(text.split(',').take(DATES_MAX + 1).map(parse_date).collect::<Option<_>>()?)
            }
            Kind::YesNo => Self::Flag(match text {
                "yes" | "true" => true,
                "no" | "false" => false,
                _ => return None,
            }),
            Kind::Count(_) => Self::Count(text.parse().ok()?),
            Kind::EntryType => Self::entry_type(text)?,
            Kind::Word(words) => Self::Word(words.iter().find(|word| **word == text)?),
        };
        value.fits(kind).then_some(value)
    }

    /// An entry type code: two ASCII letters or digits.
    pub fn entry_type(code: &str) -> Option<Self> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter()
            .all(u8::is_ascii_alphanumeric)
            .then(|| Self::EntryType(code.map(|byte| byte.to_ascii_uppercase())))
    }

    fn fits(&self, kind: Kind) -> bool {
        let in_range = |date: &NaiveDate| (YEAR_MIN..=YEAR_MAX).contains(&date.year());
        match (self, kind) {
            (Self::Date(date), Kind::Date) => in_range(date),
            (Self::Dates(dates), Kind::Dates) => {
                (1..=DATES_MAX).contains(&dates.len()) && dates.iter().all(in_range)
            }
            (Self::Count(count), Kind::Count(max)) => *count <= max,
            (Self::Word(word), Kind::Word(words)) => words.contains(word),
            (Self::Flag(_), Kind::YesNo) | (Self::EntryType(_), Kind::EntryType) => true,
            _ => false,
        }
    }
}

/// Strictly `YYYY-MM-DD`: chrono alone would also take `2026-3-6`.
fn parse_date(text: &str) -> Option<NaiveDate> {
    (text.len() == "2026-03-06".len()).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

impl From<NaiveDate> for Value {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<Vec<NaiveDate>> for Value {
    fn from(dates: Vec<NaiveDate>) -> Self {
        Self::Dates(dates)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

/// As [`Value::parse`] reads it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Dates(dates) => {
                for (index, date) in dates.iter().enumerate() {
                    write!(f, "{}{date}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Count(count) => write!(f, "{count}"),
            Self::EntryType([first, second]) => write!(f, "{}{}", *first as char, *second as char),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// Why a fact was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TriggerError {
    #[error("`{given}` is not of the form key=value")]
    Malformed { given: String },
    #[error("no deadline reads `{given}`{}", did_you_mean(*.closest))]
    UnknownKey { given: String, closest: Option<&'static str> },
    #[error("`{key}` is given twice")]
    Duplicate { key: Key },
    #[error("`{key}` is `{given}`, but must be {}", .key.kind())]
    BadValue { key: Key, given: String },
}

pub(super) fn did_you_mean(closest: Option<&str>) -> String {
    closest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The candidate that was most likely meant, if any is near enough.
pub(super) fn closest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this, the two have little more than their length in common.
    const NEAR_ENOUGH: f64 = 0.8;
    let (shown, lower) = (shown(given), shown(given).to_lowercase());
    let likeness = |name: &str| {
        strsim::jaro_winkler(&shown, name).max(strsim::jaro_winkler(&lower, &name.to_lowercase()))
    };
    candidates
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness >= NEAR_ENOUGH)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

/// The first characters of foreign text, fit to be printed.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Facts by key, in the order of the keys.
///
/// ```
/// use entrywatch::deadline::Triggers;
///
/// let triggers = Triggers::parse(["liquidation_date=2026-03-06", "deemed=yes"])?;
/// assert_eq!(triggers.to_string(), "deemed=yes liquidation_date=2026-03-06");
/// # Ok::<(), entrywatch::deadline::TriggerError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Triggers(Vec<(Key, Value)>);

impl Triggers {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `key=value` pairs.
    ///
    /// # Errors
    ///
    /// The first pair that has no `=`, an unknown or repeated key, or a value that is not of its key's kind.
    pub fn parse<T: AsRef<str>>(pairs: impl IntoIterator<Item = T>) -> Result<Self, TriggerError> {
        let mut triggers = Self::new();
        for pair in pairs {
            let pair = pair.as_ref();
            let (name, value) =
                pair.split_once('=').ok_or_else(|| TriggerError::Malformed { given: shown(pair) })?;
            let key = known_key(name.trim())?;
            if triggers.get(key).is_some() {
                return Err(TriggerError::Duplicate { key });
            }
            triggers.set(key.as_str(), value)?;
        }
        Ok(triggers)
    }

    /// Sets one fact from text, replacing what was known before.
    ///
    /// # Errors
    ///
    /// An unknown key, or a value that is not of its key's kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self, TriggerError> {
        let key = known_key(key)?;
        let value = Value::parse(key.kind(), value.trim())
            .ok_or_else(|| TriggerError::BadValue { key, given: shown(value) })?;
        Ok(self.insert(key, value))
    }

    /// Sets one fact from a typed value, replacing what was known before.
    ///
    /// # Errors
    ///
    /// A value that is not of its key's kind, or a date outside 1986 to 2199.
    pub fn put(&mut self, key: Key, value: impl Into<Value>) -> Result<&mut Self, TriggerError> {
        let value = value.into();
        if value.fits(key.kind()) {
            Ok(self.insert(key, value))
        } else {
            Err(TriggerError::BadValue { key, given: shown(&value.to_string()) })
        }
    }

    fn insert(&mut self, key: Key, value: Value) -> &mut Self {
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
        self
    }

    pub fn remove(&mut self, key: Key) -> &mut Self {
        self.0.retain(|(known, _)| *known != key);
        self
    }

    pub fn get(&self, key: Key) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The date under `key`; of a list its earliest.
    pub fn date(&self, key: Key) -> Option<NaiveDate> {
        match self.get(key)? {
            Value::Date(date) => Some(*date),
            Value::Dates(dates) => dates.iter().min().copied(),
            _ => None,
        }
    }

    /// The dates under `key`; none when it is unknown.
    pub fn dates(&self, key: Key) -> &[NaiveDate] {
        match self.get(key) {
            Some(Value::Dates(dates)) => dates,
            Some(Value::Date(date)) => std::slice::from_ref(date),
            _ => &[],
        }
    }

    pub fn flag(&self, key: Key) -> Option<bool> {
        match self.get(key)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn count(&self, key: Key) -> Option<u32> {
        match self.get(key)? {
            Value::Count(count) => Some(*count),
            _ => None,
        }
    }

    pub fn word(&self, key: Key) -> Option<&'static str> {
        match self.get(key)? {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.0.iter().map(|(key, _)| *key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn known_key(name: &str) -> Result<Key, TriggerError> {
    Key::parse(name).ok_or_else(|| TriggerError::UnknownKey {
        given: shown(name),
        closest: closest(name, Key::ALL.iter().map(|key| key.as_str())),
    })
}

/// `key=value` pairs with a blank between them.
impl fmt::Display for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_found_again() {
        for key in Key::ALL {
            assert_eq!(Key::parse(key.as_str()), Some(*key));
            assert!(!key.meaning().is_empty());
        }
    }

    #[test]
    fn what_is_read_prints_back() {
        for pair in [
            "entry_date=2024-02-29",
            "times_of_entry=2026-01-02,2026-01-05",
            "suspended=yes",
            "suspended=no",
            "extensions=3",
            "entry_type=01",
            "mode=barge",
        ] {
            assert_eq!(Triggers::parse([pair]).expect(pair).to_string(), pair);
        }
        assert_eq!(Triggers::parse(["live=true"]).expect("a flag").flag(Key::Live), Some(true));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (pairs, message) in [
            (vec!["entry_date"], "`entry_date` is not of the form key=value"),
            (vec!["entrydate=2026-01-02"], "no deadline reads `entrydate`; did you mean `entry_date`?"),
            (
                vec!["Liquidation_Date=2026-01-02"],
                "no deadline reads `Liquidation_Date`; did you mean `liquidation_date`?",
            ),
            (vec!["zzz=1"], "no deadline reads `zzz`"),
            (vec!["mode=rail", "mode=air"], "`mode` is given twice"),
            (
                vec!["entry_date=2025-02-29"],
                "`entry_date` is `2025-02-29`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date=2025-2-9"],
                "`entry_date` is `2025-2-9`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date=0206-03-06"],
                "`entry_date` is `0206-03-06`, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (
                vec!["entry_date="],
                "`entry_date` is ``, but must be a date such as 2026-03-06, from 1986 to 2199",
            ),
            (vec!["suspended=maybe"], "`suspended` is `maybe`, but must be yes or no"),
            (vec!["extensions=-1"], "`extensions` is `-1`, but must be a whole number from 0 to 99"),
            (vec!["extensions=100"], "`extensions` is `100`, but must be a whole number from 0 to 99"),
            (
                vec!["entry_type=1"],
                "`entry_type` is `1`, but must be an entry type of two letters or digits such as 01",
            ),
            (vec!["ext_by=me"], "`ext_by` is `me`, but must be one of importer, cbp, unknown"),
            (
                vec!["mode=\u{1b}[31m"],
                "`mode` is `\\u{1b}[31m`, but must be one of vessel, barge, rail, truck, air, pipeline",
            ),
        ] {
            let error = Triggers::parse(&pairs).expect_err("not readable");
            assert_eq!(error.to_string(), message, "{pairs:?}");
        }
        let long = format!("x{}=1", "é".repeat(10_000));
        assert!(Triggers::parse([long]).expect_err("not a key").to_string().len() < 200);
        let many = format!("nonworking={}", vec!["2026-01-02"; DATES_MAX + 1].join(","));
        assert!(Triggers::parse([many]).is_err());
    }

    #[test]
    fn typed_values_must_fit_their_key() {
        let mut triggers = Triggers::new();
        let day = NaiveDate::from_ymd_opt(2026, 3, 6).expect("a date");
        triggers.put(Key::EntryDate, day).expect("a date under a date key");
        assert!(triggers.put(Key::EntryDate, true).is_err());
        assert!(triggers.put(Key::EntryDate, NaiveDate::MAX).is_err());
        assert!(triggers.put(Key::Extensions, 100).is_err());
        assert!(triggers.put(Key::Nonworking, Vec::new()).is_err());
        assert_eq!(triggers.date(Key::EntryDate), Some(day));
        assert_eq!(triggers.remove(Key::EntryDate).date(Key::EntryDate), None);
    }
}
