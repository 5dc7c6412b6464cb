//! Invented notices, one for each code of each table that suggests a severity: what rules are tried with.

use super::invented::{ENTRY, EffectParts, effect_named};
use crate::grammar::{CodeRow, CodeTable, CodeTables};
use crate::ident::{EntryNumber, NoticeId};
use crate::notice::{CBP, ClearedCodes, Effect, EventTime, Fields, Kind, Notice, Token};

/// The kinds of notice whose codes a table explains.
const KINDS: &[(&str, Kind)] = &[
    ("ams-dispositions", Kind::BillStatus),
    ("ams-dispositions-air", Kind::BillStatus),
    ("ax-results", Kind::SummaryResponse),
    ("census-warnings", Kind::CensusWarning),
    ("envelope-conditions", Kind::BatchRejected),
    ("extension-suspension", Kind::Liquidation),
    ("liquidation-types", Kind::Liquidation),
    ("pga-status", Kind::AgencyStatus),
    ("se90-message-types", Kind::ReleaseResponse),
    ("so50-bill-dispositions", Kind::BillStatus),
    ("so60-entry-dispositions", Kind::ReleaseStatus),
    ("uc-dispositions", Kind::SummaryNotice),
    ("x12_ack", Kind::Acknowledgement),
    ("x12_app_error", Kind::ApplicationAdvice),
    ("x12_disposition", Kind::BillStatus),
    ("x12_event304", Kind::ManifestEvent),
];

const DAY: &str = "2026-03-02T09:00:00";

/// A notice for each row that suggests a severity. A table that is not listed above says something of the entry.
pub fn notices(tables: &CodeTables) -> Vec<Notice> {
    let rows = tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let suggested = rows.filter_map(|(table, row)| Some((table, row, row.severity?)));
    suggested.enumerate().map(|(index, (table, row, severity))| notice(index, table, row, severity)).collect()
}

fn notice(index: usize, table: &CodeTable, row: &CodeRow, severity: crate::place::Severity) -> Notice {
    let kind =
        KINDS.iter().find(|(name, _)| *name == &*table.name).map_or(Kind::EntryStatus, |(_, kind)| *kind);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(index as u64).to_be_bytes());
    Notice {
        id: NoticeId::from_bytes(id),
        kind,
        entry: EntryNumber::parse(ENTRY),
        bill: None,
        house_bill: None,
        container: None,
        code: Token::some(&*row.code),
        table: Some(table.name.clone()),
        meaning: Some(row.meaning.clone()),
        severity,
        at: EventTime::parse(DAY),
        effect: effect(row),
        fields: Fields::new(),
    }
}

/// The effect as the table's column has it; what the column does not name informs.
fn effect(row: &CodeRow) -> Effect {
    let mut words: Vec<&str> = row.effect.split_ascii_whitespace().collect();
    let agency = match words.last().and_then(|word| word.strip_prefix('@')) {
        Some(agency) => {
            words.pop();
            agency
        }
        None => CBP,
    };
    let Some((word, clears)) = words.split_first() else { return Effect::Inform };
    let word = match *word {
        "liquidation" => "liquidated".to_owned(),
        "reliquidation" => "reliquidated".to_owned(),
        "lifted" => "suspension_lifted".to_owned(),
        word => word.replace('-', "_"),
    };
    let parts = EffectParts {
        agency: Token::new(agency),
        code: Token::new(&*row.code),
        clears: ClearedCodes::of(clears.iter().filter(|code| **code != "*").map(Token::new)),
        date: EventTime::parse(DAY).map(|at| at.date),
        paid: Default::default(),
        liquidated: Default::default(),
    };
    effect_named(&word, parts).unwrap_or(Effect::Inform)
}
