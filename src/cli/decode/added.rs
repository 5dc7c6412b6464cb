//! What overriding tables add to the built-in ones: records, and fields of records. No reader knows their names, so that notices do not
//! have them; whoever adds one wants to see that it stands where the sender writes it.

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;

use crate::decode::abi::{Record, moment};
use crate::decode::{Body, Message, digits};
use crate::grammar::Grammar;
use crate::grammar::abi::{Field, Format};
use crate::place::Place;

/// Records of one message that are shown so.
const SHOWN_MAX: usize = 1_000;

/// The added fields of one record that hold something.
pub struct AddedFields {
    pub record: String,
    pub place: Place,
    /// Dates written `2026-03-06`, amounts `123.45`.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// Fields of the built-in tables, by the key of their record; empty when no others are in force.
pub struct Added {
    known: Option<HashMap<Box<str>, HashSet<Box<str>>>>,
}

impl Added {
    pub fn to_embedded(grammar: &Grammar) -> Self {
        let embedded = Grammar::embedded();
        let fields = |fields: &[Field]| fields.iter().map(|field| field.name.clone()).collect();
        let known = (embedded.version() != grammar.version()).then(|| {
            let layouts = embedded.abi.layouts().iter();
            layouts.map(|layout| (layout.key.clone(), fields(&layout.fields))).collect()
        });
        Self { known }
    }

    pub fn of(&self, message: &Message<'_>) -> Vec<AddedFields> {
        let (Some(known), Body::Abi(transaction)) = (&self.known, &message.body) else { return Vec::new() };
        let added = transaction.records.iter().filter_map(|record| added(known, record));
        added.take(SHOWN_MAX).collect()
    }
}

fn added(known: &HashMap<Box<str>, HashSet<Box<str>>>, record: &Record<'_>) -> Option<AddedFields> {
    let layout = record.layout?;
    let known = known.get(&layout.key);
    let is_added = |field: &&Field| {
        !field.is_filler()
            && &*field.name != "record_id"
            && known.is_none_or(|known| !known.contains(&field.name))
    };
    let fields = layout.fields.iter().filter(is_added);
    let fields: Vec<(String, Vec<u8>)> =
        fields.filter_map(|field| Some((field.name.to_string(), shown(record, field)?))).collect();
    (!fields.is_empty()).then(|| AddedFields { record: layout.id.to_string(), place: record.place, fields })
}

fn shown(record: &Record<'_>, field: &Field) -> Option<Vec<u8>> {
    let raw = record.filled_field(&field.at)?;
    let date = |format| moment::date(record.raw(field.at), format).ok().flatten();
    let written = match field.format {
        Some(format @ (Format::Mmddyy | Format::Yymmdd)) => date(format).map(|date| date.to_string()),
        None if field.decimals > 0 => {
            digits::number(raw).map(|number| Decimal::new(number, u32::from(field.decimals)).to_string())
        }
        _ => None,
    };
    Some(written.map_or_else(|| raw.to_vec(), String::into_bytes))
}
