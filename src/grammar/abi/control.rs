//! The few fields that the decoder itself reads: who sent what, how many records, where an answer ends.

use super::layout::{FieldAt, RecordLayout};
use crate::grammar::GrammarError;

/// Positions in the control records and in the answers, resolved once.
#[derive(Clone, Copy, Debug, Default)]
pub struct ControlFields {
    /// A 6-8.
    pub sender: FieldAt,
    /// A 26-27.
    pub batch_application: FieldAt,
    /// What A and Z repeat: site, sender, date, office.
    pub batch_echo: [FieldAt; 4],
    /// B 8-10.
    pub filer: FieldAt,
    /// B 11-12.
    pub block_application: FieldAt,
    /// What B and Y repeat: port, filer, application, office.
    pub block_echo: [FieldAt; 4],
    /// Y 13-17.
    pub record_count: FieldAt,
    /// AX E0 4-9.
    pub reference_type: FieldAt,
    /// AX E1 3.
    pub disposition: FieldAt,
    /// AX E1 8-10, blank in TX.
    pub internal_reason: FieldAt,
    /// AX E1 11-50.
    pub narrative: FieldAt,
    /// AX E1 64-68, blank in TX.
    pub version: FieldAt,
    /// TX E0 30-37, behind which TX has nothing.
    pub request_number: FieldAt,
}

impl ControlFields {
    /// Reports the names that are missing in records that are there. A set of files without an envelope has none.
    pub(super) fn resolve(layouts: &[RecordLayout], faults: &mut Vec<GrammarError>) -> Self {
        let mut at = |file: &str, key: &str, name: &str| {
            let Some(layout) = layouts.iter().find(|layout| &*layout.key == key) else {
                return FieldAt::default();
            };
            layout.field(name).map(|field| field.at).unwrap_or_else(|| {
                let message = format!("the record `{key}` has no field `{name}`, which the decoder reads");
                faults.push(GrammarError::new(file, 1, 1, message));
                FieldAt::default()
            })
        };
        let mut control = |key: &str, name: &str| at("abi/envelope.toml", key, name);
        let batch_echo = ["sender_site_code", "sender_id", "transmission_date", "sender_office_code"];
        let block_echo = ["processing_port", "processing_filer", "application_id", "filer_office_code"];
        Self {
            sender: control("A_OUT", "sender_id"),
            batch_application: control("A_OUT", "application_id"),
            batch_echo: batch_echo.map(|name| control("Z", name)),
            filer: control("B_OUT", "processing_filer"),
            block_application: control("B_OUT", "application_id"),
            block_echo: block_echo.map(|name| control("Y_OUT", name)),
            record_count: control("Y_OUT", "record_count"),
            reference_type: at("abi/ax.toml", "AX_E0", "reference_type"),
            disposition: at("abi/ax.toml", "AX_E1", "disposition"),
            internal_reason: at("abi/ax.toml", "AX_E1", "internal_reason"),
            narrative: at("abi/ax.toml", "AX_E1", "narrative"),
            version: at("abi/ax.toml", "AX_E1", "version"),
            request_number: at("abi/tx.toml", "TIB_E0", "entry_number"),
        }
    }
}
