//! What is agreed with one broker: names of columns in its tables, receipts that are written back to it.

use std::path::PathBuf;

use super::check_text as is;
use super::raw::{RawAcknowledge, RawBroker, list};
use super::resolve::Resolver;
use super::settings::{AcknowledgeSettings, Broker, DropPlace, StateSettings};
use crate::decode::ColumnNames;
use crate::decode::csv::{FIELDS, REPORT_FIELDS};
use crate::diagnostic::{WrittenTable, hint};
use crate::receipt::ReceiptForm;

/// `"Sum. No=entry"`: a column as the broker's tables name it, and what it holds.
pub(super) fn columns(raw: &RawBroker, resolver: &mut Resolver<'_>) -> ColumnNames {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let fields = || FIELDS.iter().chain(REPORT_FIELDS).copied();
    for text in list(&raw.columns) {
        let Some((column, field)) = text.get_ref().split_once('=') else {
            let message = format!("`{}` is no column; one is written \"Summary No=entry\"", text.get_ref());
            resolver.faults.add(text.span(), message);
            continue;
        };
        let (column, field) = (column.trim(), field.trim());
        if !fields().any(|known| known == field) {
            let message = format!("no column holds a `{field}` ({})", hint(field, "known", fields()));
            resolver.faults.add(text.span(), message);
        } else if !column.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            resolver.faults.add(text.span(), "the column has no name");
        } else if pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(column)) {
            resolver.faults.add(text.span(), format!("the column `{column}` is given twice"));
        } else {
            pairs.push((column, field));
        }
    }
    ColumnNames::new(pairs)
}

pub(super) fn acknowledge(
    raw: &RawBroker,
    state: &StateSettings,
    resolver: &mut Resolver<'_>,
) -> Option<AcknowledgeSettings> {
    let raw: &RawAcknowledge = raw.acknowledge.given()?;
    let words = [("997", ReceiptForm::Functional), ("999", ReceiptForm::Implementation)];
    let form = resolver.choice("set", &raw.set, ReceiptForm::Functional, &words);
    let path = resolver.require(&raw.folder, "folder", RawAcknowledge::OWNER, &raw.span)?;
    let folder = resolver.checked_path("folder", path)?;
    if folder.starts_with(is::normal(&state.folder)) {
        resolver.faults.add(path.span(), "the folder of receipts cannot lie in the folder of the state");
    }
    Some(AcknowledgeSettings { folder, form })
}

/// What we write into a drop folder would come back as if the broker had sent it.
pub(super) fn check_folders(raw: &[RawBroker], brokers: &[Broker], resolver: &mut Resolver<'_>) {
    let drops = || brokers.iter().flat_map(|broker| &broker.drops);
    let watched: Vec<(&str, PathBuf)> = drops()
        .filter_map(|drop| match &drop.place {
            DropPlace::Local { path } => Some((drop.name.as_str(), is::normal(path))),
            DropPlace::Sftp(_) => None,
        })
        .collect();
    for text in raw.iter().filter_map(|broker| broker.acknowledge.given()?.folder.given()) {
        let folder = is::normal(&resolver.base.join(text.get_ref()));
        if let Some((drop, _)) = watched.iter().find(|(_, path)| *path == folder) {
            let message =
                format!("drop `{drop}` watches this folder, and would take our receipts for the broker's");
            resolver.faults.add(text.span(), message);
        }
    }
}
