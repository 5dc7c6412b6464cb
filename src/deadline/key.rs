//! The names of facts, and what each holds.

use std::fmt;

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
pub(super) const YEAR_MIN: i32 = 1986;
/// Far enough for any record to be kept; near enough that no arithmetic meets the end of the calendar.
pub(super) const YEAR_MAX: i32 = 2199;
/// How many dates one list may hold.
pub(super) const DATES_MAX: usize = 10_000;
/// How many extensions one can claim to have before it is surely a typing error.
const EXTENSIONS_MAX: u32 = 99;
/// How many days one notice can grant before it is surely a typing error.
const GRANTED_DAYS_MAX: u32 = 366;
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
    Conditional "conditional" Kind::YesNo, "the release is conditional: a hold stands, or an agency has not let the goods proceed";
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
    Rejected "rejected" Kind::YesNo, "CBP rejected the summary, or it was removed";
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
