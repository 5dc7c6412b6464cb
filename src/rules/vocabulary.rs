//! The names that rules may use: code tables, deadlines, troubles. A rule about a name that nobody says is a mistake.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::ProductLines;
use crate::decode::csv::{FIELDS, REPORT_FIELDS};
use crate::grammar::{CodeTables, Grammar};
use crate::notice::{CBP, FactKind, UNREADABLE};
use crate::place::{Severity, finding_code};

/// The troubles that the daemon reports by itself, beside the codes of [`finding_code`]. An operator must act on each.
pub const TROUBLES: &[&str] = &[
    // drops
    "list-failed",
    "too-many-files",
    "too-large",
    "odd-name",
    "read-failed",
    "finish-failed",
    "login-refused",
    "host-key-refused",
    "drop-unreachable",
    "drop-silent",
    "unreachable",
    "unreadable",
    "content-lost",
    "test-interchange",
    "name-reused",
    // files
    "quarantined",
    "incomplete",
    "unknown-filer",
    "crowded-bill",
    "entry-full",
    // ourselves
    "disk-full",
    "archive-damaged",
    "journal-damaged",
    "store-damaged",
    "state-rebuilt",
    "clock-moved",
    "reload-refused",
    "mail-refused",
    "letter-given-up",
    "silence-ends",
    "internal",
];

const FINDINGS: &[&str] = &[
    finding_code::UNKNOWN_RECORD,
    finding_code::UNKNOWN_SEGMENT,
    finding_code::UNKNOWN_SET,
    finding_code::CARRIED,
    finding_code::UNKNOWN_CODE,
    finding_code::UNKNOWN_ENTRY,
    finding_code::CHECK_DIGIT,
    finding_code::COUNT_MISMATCH,
    finding_code::CONTROL_MISMATCH,
    finding_code::MISSING_TRAILER,
    finding_code::TRUNCATED,
    finding_code::OVERLONG_RECORD,
    finding_code::OVERLONG_MESSAGE,
    finding_code::BAD_DATE,
    finding_code::IMPOSSIBLE_DATE,
    finding_code::BAD_NUMBER,
    finding_code::BAD_ELEMENT,
    finding_code::BAD_DELIMITER,
    finding_code::SHORT_ISA,
    finding_code::DUPLICATE_CONTROL_NUMBER,
    finding_code::NOT_EDI,
    finding_code::EMPTY,
    finding_code::ENCODING,
    finding_code::ENVELOPE,
    finding_code::MISSING_FIELD,
    finding_code::BATCH_REJECTED,
];

/// Fields that interpretation names by itself, beside those of the records. A test reads every sample for others.
const DERIVED_FIELDS: &[&str] = &[
    "accelerated_drawback_meaning",
    "advice_reference",
    "agency_records",
    "asked",
    "asked_of",
    "author",
    "bill_type_meaning",
    "bond",
    "booking",
    "broker",
    "broker_license",
    "broker_order",
    "cancel_reason_meaning",
    "census_status_meaning",
    "closed",
    "collection_status_meaning",
    "collections",
    "condition",
    "condition_line",
    "condition_meaning",
    "condition_text",
    "container_number",
    "control_status_meaning",
    "daily_statements",
    "deleted_entries",
    "document_reference",
    "element_error",
    "entries",
    "equipment",
    "error_context",
    "error_element",
    "error_element_at",
    "error_segment",
    "error_segment_at",
    "error_text",
    "event",
    "event_entity",
    "event_reference",
    "field",
    "firms_of_unlading",
    "group_error",
    "in_bond",
    "in_bond_arrival_port",
    "in_bond_arrived",
    "in_bond_created",
    "in_bond_departure_port",
    "in_bond_quantity",
    "invoice",
    "late_filing_meaning",
    "liq_reason_1_meaning",
    "liquidation_status_meaning",
    "note_code",
    "note_meaning",
    "number",
    "ocean_bill",
    "original_reference",
    "override_meaning",
    "payment_amount",
    "payment_handling",
    "payment_method",
    "payment_type_meaning",
    "period",
    "protest_meaning",
    "protest_type_meaning",
    "purchase_order",
    "purchase_order_quantity",
    "purchase_order_value",
    "quota_status_meaning",
    "rail_reference",
    "reason_1_meaning",
    "reason_2_meaning",
    "reason_3_meaning",
    "reason_4_meaning",
    "reason_agency",
    "reason_code",
    "reason_list",
    "reason_meaning",
    "record",
    "recorded_at",
    "reference",
    "refused_segment",
    "reject_reason",
    "reject_reason_meaning",
    "release_origin_meaning",
    "release_status_meaning",
    "remark",
    "result_meaning",
    "scheduled_liquidation",
    "scheduled_liquidation_date",
    "segment_error",
    "set_error",
    "shipment_status",
    "source",
    "statement",
    "summary",
    "summary_status_meaning",
    "tax_amount",
    "tax_check",
    "tax_date",
    "tax_kind",
    "tax_payer",
    "tax_type",
    "transaction",
    "under_review_meaning",
    UNREADABLE,
    "warning_meaning",
];

/// The code table of the agencies.
const AGENCY_TABLE: &str = "agency-codes";

/// The agencies of the table, and those that effects of other tables name (`hold @FDA`).
fn agencies(codes: &CodeTables) -> BTreeSet<Box<str>> {
    let Some(table) = codes.get(AGENCY_TABLE) else { return BTreeSet::new() };
    let named = codes.iter().flat_map(|table| &table.rows);
    let named = named.filter_map(|row| row.effect.rsplit_once('@')).map(|(_, agency)| agency);
    table.rows.iter().map(|row| &*row.code).chain(named).chain([CBP]).map(Into::into).collect()
}

/// Names against which rules are checked.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    tables: BTreeMap<Box<str>, BTreeMap<Box<str>, Option<Severity>>>,
    deadlines: BTreeSet<Box<str>>,
    brokers: BTreeSet<Box<str>>,
    agencies: BTreeSet<Box<str>>,
    fields: BTreeSet<Box<str>>,
    /// Defined by the rule files themselves.
    pub(super) product_lines: ProductLines,
}

impl Vocabulary {
    /// The tables of the grammar in force, and the ids of its deadlines.
    pub fn new<'a>(codes: &CodeTables, deadlines: impl IntoIterator<Item = &'a str>) -> Self {
        let tables = codes
            .iter()
            .map(|table| {
                let mut rows = BTreeMap::new();
                for row in &table.rows {
                    rows.entry(row.code.clone()).or_insert(row.severity);
                }
                (table.name.clone(), rows)
            })
            .collect();
        let deadlines = deadlines.into_iter().map(Into::into).collect();
        Self { tables, deadlines, agencies: agencies(codes), ..Self::default() }
    }

    /// Everything that a grammar names, its fields included.
    pub fn of<'a>(grammar: &Grammar, deadlines: impl IntoIterator<Item = &'a str>) -> Self {
        let abi = grammar.abi.layouts().iter().flat_map(|layout| &layout.fields).map(|field| &*field.name);
        let x12 = grammar.x12.segments().flat_map(|segment| &segment.elements).map(|element| &*element.name);
        let facts = FactKind::ALL.iter().map(|fact| fact.definition());
        let facts = facts.flat_map(|fact| {
            let own = std::iter::once(fact.date);
            own.chain(fact.fields.iter().map(|field| field.name))
        });
        let tables = FIELDS.iter().chain(REPORT_FIELDS).copied();
        let all = abi.chain(x12).chain(facts).chain(tables).chain(DERIVED_FIELDS.iter().copied());
        let fields = all.map(Into::into).collect();
        Self { fields, ..Self::new(&grammar.codes, deadlines) }
    }

    /// Adds the brokers of the configuration. Without any, names of brokers pass unchecked.
    pub fn with_brokers<'a>(mut self, brokers: impl IntoIterator<Item = &'a str>) -> Self {
        self.brokers.extend(brokers.into_iter().map(Into::into));
        self
    }

    /// True when there are tables to check against; without any, table and code names pass unchecked.
    pub(super) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &str> + Clone {
        self.tables.keys().map(|name| &**name)
    }

    pub(super) fn codes(&self, table: &str) -> Option<impl Iterator<Item = &str> + Clone> {
        self.tables.get(table).map(|rows| rows.keys().map(|code| &**code))
    }

    pub(super) fn has_code(&self, table: &str, code: &str) -> bool {
        self.tables.get(table).is_some_and(|rows| rows.contains_key(code))
    }

    /// The severity that the table suggests.
    pub(super) fn severity(&self, table: &str, code: &str) -> Option<Severity> {
        *self.tables.get(table)?.get(code)?
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = &str> + Clone {
        self.deadlines.iter().map(|id| &**id)
    }

    pub(super) fn brokers(&self) -> impl Iterator<Item = &str> + Clone {
        self.brokers.iter().map(|name| &**name)
    }

    /// Agencies that tables name. None when there is no table of agencies, and then any passes.
    pub(super) fn agencies(&self) -> impl Iterator<Item = &str> + Clone {
        self.agencies.iter().map(|agency| &**agency)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &str> + Clone {
        self.fields.iter().map(|name| &**name)
    }

    /// Whether a notice may carry a field with this name. Without a grammar any passes.
    pub fn has_field(&self, name: &str) -> bool {
        self.fields.is_empty() || self.fields.contains(name)
    }

    pub(super) fn troubles() -> impl Iterator<Item = &'static str> + Clone {
        TROUBLES.iter().chain(FINDINGS).copied()
    }

    /// The codes of silences.
    pub(super) fn silences() -> impl Iterator<Item = &'static str> + Clone {
        crate::entry::silence::code::ALL.iter().map(|(code, _)| *code)
    }
}
