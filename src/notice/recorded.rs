//! Facts that no message tells: forms, letters, filings with a court, answers. People record them.
//!
//! The table says for each kind which date it is about, what else may be told with it, and which legal clocks it starts
//! and ends. `grammars/codes/forms.tsv` and `recorded-facts.tsv` have its words and how loud it is.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Kind, Token, clock_id};

/// What a value must look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactValue {
    /// `2026-03-06`
    Date,
    /// `yes` or `no`; in JSON also true and false.
    YesNo,
    /// A whole number from 0 up to and with this one.
    Count(u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// US dollars with up to two decimals, `1234.50`.
    Amount,
    /// Names of legal clocks, parted by commas or blanks.
    Clocks,
    /// Anything short.
    Text,
}

/// One value that may be told with a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactField {
    pub name: &'static str,
    pub value: FactValue,
    pub is_required: bool,
}

/// A clock that a fact starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Start {
    /// As in `grammars/deadlines.toml`.
    pub deadline: &'static str,
    /// The clock's input that the fact's own date becomes. The fact's other fields keep their names, which are those of
    /// inputs.
    pub input: &'static str,
    /// Only when this field has one of these values.
    pub only: Option<(&'static str, &'static [&'static str])>,
}

/// Everything about one kind of fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactDefinition {
    /// The word of `entrywatch record` and of the JSON document; at most [`Token::CAPACITY`] bytes.
    pub name: &'static str,
    /// The code of its notice: the form's number, else the name.
    pub code: &'static str,
    /// The field with its own date, which is when it happened. Blank for a fact without one.
    pub date: &'static str,
    /// Fields beside its date, `reference` and `remark`.
    pub fields: &'static [FactField],
    /// It is about one matter that has a number of its own, which `reference` must name.
    pub wants_reference: bool,
    pub starts: &'static [Start],
    /// Clocks that it ends: those of the same reference when both have one.
    pub ends: &'static [&'static str],
}

impl FactDefinition {
    /// The form's kind of notice, or that of what is recorded.
    pub fn kind(&self) -> Kind {
        if self.code == self.name { Kind::Recorded } else { Kind::Form }
    }

    /// The code table with its words.
    pub fn table(&self) -> &'static str {
        match self.kind() {
            Kind::Form => FORMS_TABLE,
            _ => FACTS_TABLE,
        }
    }

    pub fn field(&self, name: &str) -> Option<&'static FactField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The member that names the notice in whose place a fact stands: a date or number that was recorded wrong.
pub const REPLACES: &str = "replaces";

/// The date of the liquidation or decision that a protest is against (19 CFR 174.13(a)(4)).
pub const AGAINST: &str = "against";

pub const FORMS_TABLE: &str = "forms";
pub const FACTS_TABLE: &str = "recorded-facts";

const fn field(name: &'static str, value: FactValue) -> FactField {
    FactField { name, value, is_required: false }
}

const fn required(name: &'static str, value: FactValue) -> FactField {
    FactField { name, value, is_required: true }
}

const fn start(deadline: &'static str, input: &'static str) -> Start {
    Start { deadline, input, only: None }
}

/// 19 USC 1504(b): CBP may extend the time to liquidate by a year, three times at most.
const EXTENSIONS_MAX: u32 = 3;
const DUE_ON_FORM: FactField = field("due_on_form", FactValue::Date);
/// How a protest can end.
pub const PROTEST_DECISIONS: &[&str] = &["approved", "denied", "denied_in_part", "untimely", "withdrawn"];
const DENIED: Option<(&str, &[&str])> = Some(("decision", &["denied", "denied_in_part"]));

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(as $code:literal)?, on $date:literal,
        tells [$($field:expr),*] $(; $reference:ident)?, starts [$($start:expr),*], ends [$($end:literal),*];)*) => {
        /// What happened, in one word.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum FactKind { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl FactKind {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub fn definition(self) -> &'static FactDefinition {
                match self { $(Self::$variant => const { &FactDefinition {
                    name: $name,
                    code: code!($name $(, $code)?),
                    date: $date,
                    fields: &[$($field),*],
                    wants_reference: reference!($($reference)?),
                    starts: &[$($start),*],
                    ends: &[$($end),*],
                } },)* }
            }
        }
    };
}

macro_rules! code {
    ($name:literal) => {
        $name
    };
    ($name:literal, $code:literal) => {
        $code
    };
}

macro_rules! reference {
    () => {
        false
    };
    (referenced) => {
        true
    };
}

facts! {
    // Forms that CBP sends, and their answers.
    Form28 = "form_28" as "28", on "issue_date", tells [DUE_ON_FORM],
        starts [start("CF28_RESPONSE", "issue_date")], ends [];
    Form28Answer = "form_28_answer", on "date", tells [], starts [], ends ["CF28_RESPONSE"];
    Form29 = "form_29" as "29", on "mail_date",
        tells [DUE_ON_FORM, field("action", FactValue::Word(&["proposed", "taken"]))],
        starts [Start { only: Some(("action", &["", "proposed"])), ..start("CF29_RESPONSE", "mail_date") }], ends [];
    Form29Answer = "form_29_answer", on "date", tells [], starts [], ends ["CF29_RESPONSE"];
    Form4647 = "form_4647" as "4647", on "notice_date",
        tells [DUE_ON_FORM, field("fda_refusal", FactValue::YesNo),
            field("demand", FactValue::Word(&["mark", "redeliver"]))],
        starts [start("CF4647_RESPONSE", "notice_date"),
            Start { only: Some(("demand", &["redeliver"])), ..start("PROTEST_DUE", "decision_date") }], ends [];
    /// Marked, redelivered, exported or destroyed, and CBP has the proof.
    Form4647Done = "form_4647_done", on "date", tells [], starts [], ends ["CF4647_RESPONSE"];

    // Protest and court.
    /// A decision that can be protested and is no liquidation.
    Decision = "decision", on "decision_date",
        tells [field("what", FactValue::Word(&["exclusion", "redelivery", "charge", "refused_claim", "other"]))],
        starts [start("PROTEST_DUE", "decision_date"), start("PROTEST_AMEND", "decision_date")], ends [];
    SuretyDemand = "surety_demand", on "demand_mailed", tells [],
        starts [start("PROTEST_SURETY", "demand_mailed")], ends [];
    ProtestFiled = "protest_filed", on "protest_filed", tells [field("accelerated", FactValue::YesNo),
            field(AGAINST, FactValue::Date)]; referenced,
        starts [start("PROTEST_CBP_2Y", "protest_filed"),
            Start { only: Some(("accelerated", &["yes"])), ..start("PROTEST_ACCEL_DENIAL", "request_mailed") }],
        ends ["PROTEST_DUE"];
    /// The surety's own, which is no protest of the importer. Its number is that of the demand.
    SuretyProtest = "surety_protest", on "date", tells [], starts [], ends ["PROTEST_SURETY"];
    ExclusionProtest = "excl_protest", on "protest_filed", tells [field(AGAINST, FactValue::Date)]; referenced,
        starts [start("EXCL_PROTEST_DENIAL", "protest_filed")], ends ["PROTEST_DUE"];
    ProtestAmended = "protest_amended", on "date", tells [], starts [], ends ["PROTEST_AMEND"];
    ProtestDecided = "protest_decided", on "denial_date",
        tells [required("decision", FactValue::Word(PROTEST_DECISIONS))]; referenced,
        starts [Start { only: DENIED, ..start("CIT_SUMMONS", "denial_date") },
            Start { only: DENIED, ..start("PROTEST_VOID_90D", "denial_date") }],
        ends ["PROTEST_CBP_2Y", "PROTEST_ACCEL_DENIAL", "AFR_DECISION_30D", "EXCL_PROTEST_DENIAL"];
    AcceleratedRequest = "accel_request", on "request_mailed", tells [],
        starts [start("PROTEST_ACCEL_DENIAL", "request_mailed")], ends ["PROTEST_AMEND"];
    ReviewFiled = "review_filed", on "afr_filed", tells [], starts [start("AFR_DECISION_30D", "afr_filed")], ends [];
    ReviewAllowed = "review_allowed", on "date", tells [], starts [], ends ["AFR_DECISION_30D"];
    ReviewDenied = "review_denied", on "afr_denial_notice", tells [],
        starts [start("AFR_SETASIDE_60D", "afr_denial_notice")], ends ["AFR_DECISION_30D"];
    SetAsideFiled = "set_aside_filed", on "date", tells [], starts [], ends ["AFR_SETASIDE_60D"];
    VoidRequest = "void_request", on "date", tells [], starts [], ends ["PROTEST_VOID_90D"];
    Summons = "summons_filed", on "date", tells [], starts [], ends ["CIT_SUMMONS", "PROTEST_VOID_90D"];

    // Liquidation.
    /// Seen on the bulletin of CBP's web site, whether or not a courtesy notice came.
    Bulletin = "bulletin", on "liquidation_date",
        tells [field("event", FactValue::Word(&["liquidation", "reliquidation"])), field("deemed", FactValue::YesNo)],
        starts [], ends [];
    Extension = "extension", on "date",
        tells [field("times", FactValue::Count(EXTENSIONS_MAX)), field("ext_by", FactValue::Word(&["importer", "cbp", "unknown"])),
            field("extended_liq", FactValue::Date), field("reason", FactValue::Text)],
        starts [], ends [];
    Suspension = "suspension", on "date", tells [field("reason", FactValue::Text)], starts [], ends [];
    SuspensionEnd = "suspension_end", on "notice_date", tells [field("federal_register_date", FactValue::Date)],
        starts [start("LIQ_SUSP_6M", "notice_date")], ends [];

    // Corrections, claims and reconciliation.
    PscFiled = "psc_filed", on "psc_date", tells [field("adcvd", FactValue::YesNo)],
        starts [Start { only: Some(("adcvd", &["yes"])), ..start("PSC_ADCVD_PAY", "psc_date") }], ends ["PSC_DUE"];
    PscPaid = "psc_paid", on "date", tells [], starts [], ends ["PSC_ADCVD_PAY"];
    /// The entry is flagged for reconciliation of value, classification or 9802.
    ReconValue = "recon_value", on "earliest_summary_date", tells [],
        starts [start("RECON_VALUE", "earliest_summary_date")], ends [];
    ReconFta = "recon_fta", on "earliest_import_date", tells [],
        starts [start("RECON_FTA", "earliest_import_date")], ends [];
    ReconFiled = "recon_filed", on "recon_filed", tells [], starts [], ends ["RECON_VALUE", "RECON_FTA"];
    FtaClaim = "fta_claim", on "date", tells [], starts [], ends ["FTA_1520D"];
    DrawbackClaim = "drawback_claim", on "date", tells [], starts [], ends ["DRAWBACK_5Y"];
    DrawbackFinal = "drawback_final", on "drawback_liquidated", tells [],
        starts [start("RECORD_RETENTION", "drawback_liquidated")], ends [];
    CapeFiled = "cape_filed", on "date", tells [], starts [], ends ["CAPE_80D"];

    // Goods and cargo.
    Imported = "imported", on "import_date", tells [field("six_month", FactValue::YesNo)],
        starts [start("GO_SALE", "import_date"), start("FTA_1520D", "import_date"),
            start("DRAWBACK_5Y", "import_date")], ends [];
    Arrival = "arrival", on "arrival_date", tells [],
        starts [start("ENTRY_FILE", "arrival_date"), start("GO_NOTIFY", "arrival_date")], ends [];
    OrderNotified = "go_notified", on "date", tells [], starts [], ends ["GO_NOTIFY"];
    OrderCleared = "go_cleared", on "date", tells [], starts [], ends ["GO_SALE"];
    InBond = "inbond", on "authorized_date",
        tells [field("departure_date", FactValue::Date),
            field("mode", FactValue::Word(&["vessel", "barge", "rail", "truck", "air", "pipeline"]))],
        starts [start("INBOND_TRANSIT", "authorized_date")], ends [];
    InBondArrived = "inbond_arrived", on "arrival_date", tells [],
        starts [start("INBOND_ARRIVAL_REPORT", "arrival_date"), start("ENTRY_FILE", "arrival_date")],
        ends ["INBOND_TRANSIT"];
    InBondReported = "inbond_reported", on "date", tells [], starts [], ends ["INBOND_ARRIVAL_REPORT"];
    /// The last withdrawal from a bonded warehouse.
    Withdrawal = "withdrawal", on "final_withdrawal", tells [], starts [], ends ["WAREHOUSE_5Y"];
    /// Goods under a temporary importation bond left the country or were destroyed, and CBP has the proof.
    TibExported = "tib_exported", on "date", tells [], starts [], ends ["TIB_EXPORT"];

    // Examination, detention, refusal.
    Presented = "presented", on "presented_date", tells [],
        starts [start("DETAIN_DECISION", "presented_date"), start("DEEMED_EXCLUSION", "presented_date")], ends [];
    ExamResult = "exam_result", on "date",
        tells [required("result", FactValue::Word(&["clean", "discrepancy", "sample_taken", "refused", "other"]))],
        starts [], ends [];
    Detained = "detained", on "detained_date", tells [],
        starts [start("DETAIN_NOTICE", "detained_date")], ends ["DETAIN_DECISION"];
    Detention = "detention", on "notice_date",
        tells [field("agency", FactValue::Text), field("presented_date", FactValue::Date)],
        starts [start("DETAIN_RESPONSE", "notice_date")], ends ["DETAIN_DECISION", "DETAIN_NOTICE"];
    DetentionReply = "detention_reply", on "date", tells [], starts [], ends ["DETAIN_RESPONSE"];
    Exclusion = "exclusion", on "decision_date", tells [],
        starts [start("PROTEST_DUE", "decision_date")], ends ["DEEMED_EXCLUSION"];
    FdaDetention = "fda_detention", on "notice_date", tells [field("respond_by", FactValue::Date)],
        starts [start("FDA_DETENTION_RESPONSE", "notice_date")], ends [];
    FdaReply = "fda_reply", on "date", tells [], starts [], ends ["FDA_DETENTION_RESPONSE"];
    FdaRefusal = "fda_refusal", on "refusal_date", tells [],
        starts [start("FDA_REFUSAL_90D", "refusal_date")], ends ["FDA_DETENTION_RESPONSE"];
    FdaDisposed = "fda_disposed", on "date", tells [], starts [], ends ["FDA_REFUSAL_90D"];

    // Seizure, damages, penalties, disclosure.
    Seizure = "seizure", on "mail_date", tells [field("cafra", FactValue::YesNo)],
        starts [start("SEIZURE_PETITION", "mail_date"),
            Start { only: Some(("cafra", &["yes"])), ..start("SEIZURE_CLAIM_CAFRA", "letter_date") }], ends [];
    SeizureClaim = "seizure_claim", on "date", tells [], starts [], ends ["SEIZURE_CLAIM_CAFRA", "SEIZURE_PETITION"];
    Damages = "damages", on "mail_date", tells [field("amount", FactValue::Amount)],
        starts [start("LD_PETITION", "mail_date")], ends [];
    Prepenalty = "prepenalty", on "mail_date", tells [field("short_statute", FactValue::YesNo)],
        starts [start("PREPENALTY_RESPONSE", "mail_date")], ends [];
    PrepenaltyResponse = "prepenalty_resp", on "date", tells [], starts [], ends ["PREPENALTY_RESPONSE"];
    Penalty = "penalty", on "mail_date", tells [field("amount", FactValue::Amount)],
        starts [start("PENALTY_PETITION", "mail_date")], ends ["PREPENALTY_RESPONSE"];
    PetitionFiled = "petition_filed", on "date", tells [],
        starts [], ends ["SEIZURE_PETITION", "LD_PETITION", "PENALTY_PETITION"];
    PetitionRuling = "petition_ruling", on "decision_date", tells [],
        starts [start("SUPP_PETITION", "decision_date")], ends [];
    SupplementalPetition = "supp_petition", on "date", tells [], starts [], ends ["SUPP_PETITION"];
    Violation = "violation", on "violation_date", tells [], starts [start("SOL_1592", "violation_date")], ends [];
    Disclosure = "disclosure", on "disclosure_date", tells [],
        starts [start("PRIOR_DISC_INFO", "disclosure_date")], ends [];
    DisclosureWhole = "disclosure_full", on "date", tells [], starts [], ends ["PRIOR_DISC_INFO"];
    Calculation = "calculation", on "calculation_notice", tells [field("amount", FactValue::Amount)],
        starts [start("PRIOR_DISC_TENDER", "calculation_notice")], ends [];
    Tender = "tender", on "date", tells [field("amount", FactValue::Amount)], starts [], ends ["PRIOR_DISC_TENDER"];

    // Money.
    /// A bill that came on paper or in the portal.
    Bill = "bill", on "bill_date", tells [field("amount", FactValue::Amount), field("dishonored", FactValue::YesNo)];
        referenced, starts [], ends [];
    BillPaid = "bill_paid", on "date", tells []; referenced, starts [], ends ["BILL_DUE", "BILL_DISHONORED"];
    FundsLate = "funds_late", on "funds_received", tells [], starts [start("BROKER_REMIT", "funds_received")], ends [];
    FundsRemitted = "funds_remitted", on "date", tells [], starts [], ends ["BROKER_REMIT"];

    // Bond and records.
    BondShort = "bond_short", on "notice_date", tells [], starts [start("BOND_INSUFF", "notice_date")], ends [];
    BondCured = "bond_cured", on "date", tells [], starts [], ends ["BOND_INSUFF"];
    RecordDemand = "record_demand", on "demand_date", tells [DUE_ON_FORM],
        starts [start("RECORD_DEMAND", "demand_date")], ends [];
    RecordsProduced = "records_given", on "date", tells [], starts [], ends ["RECORD_DEMAND"];
    MissingDocument = "missing_doc", on "summary_date", tells [],
        starts [start("MISSING_DOC", "summary_date")], ends [];
    DocumentProduced = "doc_produced", on "date", tells [], starts [], ends ["MISSING_DOC"];

    // Filings whose answers contradict each other.
    /// A person looked up that the filing is accepted, whatever an answer of that day or before refused.
    FilingStands = "filing_stands", on "date",
        tells [required("what", FactValue::Word(&["summary", "release"]))], starts [], ends [];

    // Anything else.
    /// Ends the clocks that `deadline` names, for what no other kind says.
    Done = "done", on "date", tells [required("deadline", FactValue::Clocks)], starts [], ends [];
    Note = "note", on "date", tells [], starts [], ends [];
    /// Takes back a fact that was recorded in error; `notice` is its id.
    Withdrawn = "withdrawn", on "date", tells [required("notice", FactValue::Text)], starts [], ends [];
}

impl FactKind {
    /// The kind with this name; `-` stands for `_`, and letter case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase().replace('-', "_");
        Self::ALL.iter().copied().find(|fact| fact.as_str() == name)
    }

    /// The kind that a notice with this code tells.
    pub fn of_notice(kind: Kind, code: Option<Token>) -> Option<Self> {
        if !matches!(kind, Kind::Form | Kind::Recorded) {
            return None;
        }
        let code = code?;
        let is_meant = |fact: &Self| fact.definition().kind() == kind && code == *fact.definition().code;
        Self::ALL.iter().copied().find(is_meant)
    }

    pub fn as_str(self) -> &'static str {
        self.definition().name
    }
}

impl FactValue {
    /// The value as it is kept, or `None` when it is none.
    pub fn normal(self, text: &str) -> Option<String> {
        let text = text.trim();
        match self {
            Self::Date => date(text).map(|date| date.to_string()),
            Self::YesNo => match text {
                "yes" | "true" => Some("yes".to_owned()),
                "no" | "false" => Some("no".to_owned()),
                _ => None,
            },
            Self::Count(max) => {
                text.parse::<u32>().ok().filter(|count| *count <= max).map(|count| count.to_string())
            }
            Self::Word(words) => words.iter().find(|word| **word == text).map(|word| (*word).to_owned()),
            Self::Amount => {
                let amount: rust_decimal::Decimal = text.parse().ok()?;
                (amount.scale() <= 2).then(|| format!("{amount:.2}"))
            }
            Self::Clocks => {
                let names = text.split([',', ' ']).filter(|name| !name.is_empty());
                let known = |name: &str| clock_id::ALL.iter().find(|known| known.eq_ignore_ascii_case(name));
                let names: Vec<&str> = names.map(|name| known(name).copied()).collect::<Option<_>>()?;
                (!names.is_empty()).then(|| names.join(","))
            }
            Self::Text => (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned()),
        }
    }

    /// What is wanted, for people.
    pub fn wanted(self) -> String {
        match self {
            Self::Date => "a date such as 2026-03-06".to_owned(),
            Self::YesNo => "yes or no".to_owned(),
            Self::Count(max) => format!("a whole number from 0 to {max}"),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Amount => "an amount of US dollars such as 1234.50".to_owned(),
            Self::Clocks => "the name of a deadline such as LD_PETITION, or several with commas".to_owned(),
            Self::Text => format!("a text of at most {TEXT_BYTES_MAX} bytes"),
        }
    }
}

/// The longest text of one field, in bytes.
pub const TEXT_BYTES_MAX: usize = 2_000;

/// Strictly `YYYY-MM-DD`, in the years in which clocks run.
pub fn date(text: &str) -> Option<NaiveDate> {
    use chrono::Datelike;
    let whole = text.len() == "2026-03-06".len();
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| whole)?;
    (1986..=2199).contains(&date.year()).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_fit() {
        for &fact in FactKind::ALL {
            let definition = fact.definition();
            assert!(definition.name.len() <= Token::CAPACITY, "{}", definition.name);
            assert_eq!(FactKind::parse(&definition.name.replace('_', "-").to_uppercase()), Some(fact));
            let code = Some(Token::new(definition.code));
            assert_eq!(FactKind::of_notice(definition.kind(), code), Some(fact));
            assert_eq!(FactKind::of_notice(Kind::BillStatus, code), None);
            assert!(!definition.date.is_empty());
            for start in definition.starts {
                if let Some((name, _)) = start.only {
                    assert!(definition.field(name).is_some(), "{}: {name}", definition.name);
                }
            }
        }
        assert_eq!(FactKind::parse("moon"), None);
    }

    #[test]
    fn values_are_read_as_they_are_meant() {
        for (value, given, wanted) in [
            (FactValue::Date, "2026-03-06", Some("2026-03-06")),
            (FactValue::Date, "2026-3-6", None),
            (FactValue::Date, "0026-03-06", None),
            (FactValue::YesNo, "true", Some("yes")),
            (FactValue::YesNo, "maybe", None),
            (FactValue::Count(9), "3", Some("3")),
            (FactValue::Count(9), "10", None),
            (FactValue::Word(&["mark"]), "mark", Some("mark")),
            (FactValue::Word(&["mark"]), "Mark", None),
            (FactValue::Amount, "1234.5", Some("1234.50")),
            (FactValue::Amount, "1.234", None),
            (FactValue::Text, " a ", Some("a")),
            (FactValue::Text, "  ", None),
        ] {
            assert_eq!(value.normal(given).as_deref(), wanted, "{value:?} {given}");
            assert!(!value.wanted().is_empty());
        }
    }
}
