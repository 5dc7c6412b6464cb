//! The table of deadlines as it is written in TOML, before it is audited.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::answer::{Class, Confidence};
use super::doubt::Doubt;
use super::term::{Roll, Unit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    #[serde(default)]
    pub closure: Vec<RawClosure>,
    pub deadline: Vec<RawDeadline>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClosure {
    pub date: Spanned<Datetime>,
    pub reason: String,
    #[expect(dead_code, reason = "the source is for the readers of the table")]
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDeadline {
    pub id: Spanned<String>,
    pub name: String,
    pub family: String,
    pub class: Class,
    /// Groups of keys: the first group of which anything is known gives day 0, and in it the earliest date.
    pub counts_from: Vec<Vec<Spanned<String>>>,
    /// Other keys that change the answer.
    #[serde(default)]
    pub reads: Vec<Spanned<String>>,
    /// Keys without which there is no answer even when day 0 is known.
    #[serde(default)]
    pub requires: Vec<Spanned<String>>,
    /// The key of a date printed by CBP or an agency, which outranks the computed one.
    pub printed: Option<Spanned<String>>,
    /// Act on the earlier of the printed and the computed date.
    #[serde(default)]
    pub act_on_earlier: bool,
    /// The key whose date chooses the version; day 0 when it is unknown.
    pub version_by: Option<Spanned<String>>,
    pub extension: Option<RawExtension>,
    /// Act on the earlier of the federal and the bank calendar.
    #[serde(default)]
    pub bank_calendar: bool,
    #[serde(default = "yes")]
    pub on: bool,
    pub closed_by: String,
    pub confidence: Confidence,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub doubt: Doubt,
    #[serde(default)]
    pub version: Vec<RawVersion>,
    #[serde(default)]
    pub case: Vec<Spanned<RawCase>>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExtension {
    /// Added for each extension, in the unit of the version.
    pub length: Spanned<u32>,
    /// With more than so many the answer is INVALID.
    pub max: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVersion {
    pub valid_from: Option<Spanned<Datetime>>,
    pub valid_to: Option<Spanned<Datetime>>,
    pub basis: String,
    pub length: Spanned<u32>,
    pub unit: Unit,
    #[serde(default)]
    pub roll: Roll,
    #[serde(default)]
    pub margin_days: u32,
    /// The rule in plain words, where length, unit and roll do not say it all.
    pub rule: Option<String>,
    pub second: Option<RawSecond>,
    pub liquidation_leg: Option<RawLeg>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecond {
    pub counts_from: Spanned<String>,
    pub length: Spanned<u32>,
    pub unit: Unit,
    pub use_for: super::table::SecondUse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLeg {
    pub days: u32,
    pub act_days: u32,
    pub importer_extension: bool,
    pub estimate: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    /// Each key is known and has one of these values.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
    /// Each key is known and has none of these values.
    #[serde(default)]
    pub unless: BTreeMap<String, Vec<String>>,
    /// None of these keys is known.
    #[serde(default)]
    pub absent: Vec<String>,
    pub due: Option<String>,
    pub length: Option<u32>,
    pub unit: Option<Unit>,
    pub margin_days: Option<u32>,
    /// One acts on day 0, whatever the last day is.
    #[serde(default)]
    pub act_at_once: bool,
    pub confidence: Option<Confidence>,
    pub why: String,
}
