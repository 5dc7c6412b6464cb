//! Rows of reports from the ACE portal (entry summaries, liquidations): a second witness for dates and amounts.
//!
//! A row gives one notice with what it says, and one more for a liquidation. A row for each line of a summary repeats what it says of
//! the whole, and is the same notice.

use chrono::NaiveDate;

use super::{shape, value};
use crate::decode::csv::REPORT_FIELDS;
use crate::decode::json::{Document, Member};
use crate::ident::EntryNumber;
use crate::interpret::NoticeSink;
use crate::notice::{
    Amounts, Effect, EventTime, Kind, Liquidation, LiquidationKind, NoticeRef, Token, WitnessedFact,
};
use crate::place::{Finding, Grade, Severity, finding_code};

/// The longest source line of a notice, in bytes.
const SOURCE_BYTES_MAX: usize = 2_000;

/// Fields that are kept as they are written.
const TEXTS: [&str; 6] = [
    "entry_type",
    "port_of_entry",
    "importer_number",
    "liquidation_status",
    "liquidation_type",
    "liquidation_reason",
];

/// Dates that nobody compares with anything: the day for which the report holds, and that of the summary, which every system
/// counts in its own way.
const DATES: [&str; 2] = ["report_date", "summary_date"];

/// What a column wants, for people.
const DATE: &str = "date such as 3/6/2026 or 2026-03-06";
const AMOUNT: &str = "amount of US dollars such as 1,234.50";

/// The name under which a date of liquidation is kept that lies ahead.
const SCHEDULED: &str = "scheduled_liquidation_date";

pub(super) fn interpret(document: &Document<'_>, sink: &mut dyn NoticeSink) {
    let Some(entry) = entry(document, sink) else { return };
    let mut row = Row::read(document, sink);
    let liquidation = row.liquidation();
    let notice =
        |at: Option<NaiveDate>, effect: &Effect, row: &Row, ordinal: u32, sink: &mut dyn NoticeSink| {
            let fields: Vec<(&str, &[u8])> =
                row.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            sink.notice(&NoticeRef {
                kind: Kind::AceReport,
                entry: Some(entry),
                bill: None,
                house_bill: None,
                container: None,
                code: None,
                table: None,
                meaning: Some(match effect {
                    Effect::Liquidated(_) => "liquidated, as a report from the ACE portal has it",
                    _ => "what a report from the ACE portal says",
                }),
                severity: Severity::Info,
                at: at.map(EventTime::date),
                effect,
                place: document.place,
                fields: fields.as_slice().into(),
                source: &document.bytes[..document.bytes.len().min(SOURCE_BYTES_MAX)],
                ordinal,
            });
        };
    notice(row.date("report_date"), &Effect::Inform, &row, 0, sink);
    if let Some(liquidation) = liquidation {
        row.fields.retain(|(name, _)| name.starts_with("liquidat") || *name == "interest");
        notice(liquidation.date, &Effect::Liquidated(liquidation), &row, 1, sink);
    }
}

fn entry(document: &Document<'_>, sink: &mut dyn NoticeSink) -> Option<EntryNumber> {
    let Some(member) = document.get("entry") else {
        let message = "the row names no entry";
        sink.finding(Finding::new(finding_code::MISSING_FIELD, Grade::Error, document.place, message));
        return None;
    };
    if shape::is_nested(&member.value) {
        shape::misshapen(document, member, "an entry number", Grade::Error, sink);
        return None;
    }
    let written = member.value.as_text().unwrap_or_default();
    let entry = EntryNumber::parse(written);
    let place = document.place_of(member);
    match entry {
        None => {
            let cause = value::cause_of_entry(written);
            let message = format!("`{}` is no entry number{cause}", written.escape_default());
            sink.finding(Finding::new(finding_code::UNKNOWN_ENTRY, Grade::Error, place, message));
        }
        Some(entry) if entry.check_digit_offset() != 0 => {
            let message = format!("the check digit of {entry} is not the usual one");
            sink.finding(Finding::new(finding_code::CHECK_DIGIT, Grade::Warning, place, message));
        }
        Some(_) => {}
    }
    entry
}

/// What the row says: names and values, in the order of [`REPORT_FIELDS`].
struct Row {
    fields: Vec<(&'static str, String)>,
    /// Amounts and dates that could not be read.
    unread: Vec<&'static str>,
}

impl Row {
    fn read(document: &Document<'_>, sink: &mut dyn NoticeSink) -> Self {
        let mut row = Self { fields: Vec::new(), unread: Vec::new() };
        for &name in REPORT_FIELDS {
            let Some(member) = document.get(name) else { continue };
            if name != "entry" && shape::is_nested(&member.value) {
                shape::misshapen(document, member, "one value", Grade::Error, sink);
            }
            let Some(text) = member.value.as_text().filter(|text| !text.trim().is_empty()) else { continue };
            if TEXTS.contains(&name) {
                if value::ruined(text).is_some() {
                    bad(document, member, None, sink);
                    continue;
                }
                row.fields.push((name, text.trim().chars().take(100).collect()));
                continue;
            }
            let is_date =
                DATES.contains(&name) || WitnessedFact::parse(name).is_some_and(|fact| fact.is_date());
            let (normal, wanted) = match is_date {
                true => (value::date(text).map(|date| date.to_string()), DATE),
                false => (value::amount(text).map(|amount| format!("{amount:.2}")), AMOUNT),
            };
            match normal {
                Some(normal) => row.fields.push((name, normal)),
                None if name != "entry" => {
                    row.unread.push(name);
                    bad(document, member, Some(wanted), sink);
                }
                None => {}
            }
        }
        if !row.is_liquidated() {
            for (name, _) in row.fields.iter_mut().filter(|(name, _)| *name == "liquidation_date") {
                *name = SCHEDULED;
            }
        }
        row
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    fn date(&self, name: &str) -> Option<NaiveDate> {
        self.get(name)?.parse().ok()
    }

    /// The portal shows the date that CBP plans in the same column: where a status stands beside it, the status decides, and a
    /// date behind that of the report lies ahead.
    fn is_liquidated(&self) -> bool {
        let Some(date) = self.date("liquidation_date") else { return false };
        let status = self.get("liquidation_status").unwrap_or("liquidated").to_ascii_lowercase();
        let is_past = self.date("report_date").is_none_or(|reported| date <= reported);
        let is_done = status.contains("liquidated") && !status.contains("unliq") && !status.contains("not ");
        is_done && is_past
    }

    fn liquidation(&self) -> Option<Liquidation> {
        let date = self.date("liquidation_date")?;
        let amount = |name: &str| self.get(name).and_then(|text| text.parse().ok());
        let is_unread = |side: &str| self.unread.iter().any(|name| name.starts_with(side));
        let text = |name: &str| self.get(name).unwrap_or_default();
        let stated =
            format!("{} {}", text("liquidation_type"), text("liquidation_status")).to_ascii_lowercase();
        let is_again = stated.contains("reliq") || text("liquidation_type").eq_ignore_ascii_case("r");
        // Words do not fit into a code.
        let code =
            |name: &str| Token::new(Some(text(name)).filter(|text| text.len() <= 4).unwrap_or_default());
        Some(Liquidation {
            event: if is_again { LiquidationKind::Reliquidation } else { LiquidationKind::Liquidation },
            date: Some(date),
            kind: code("liquidation_type"),
            reason: code("liquidation_reason"),
            paid: Amounts {
                duty: amount("paid_duty"),
                tax: amount("paid_tax"),
                antidumping: amount("paid_antidumping"),
                countervailing: amount("paid_countervailing"),
                fees: amount("paid_fees"),
                unreadable: is_unread("paid_"),
            },
            liquidated: Amounts {
                duty: amount("liquidated_duty"),
                tax: amount("liquidated_tax"),
                antidumping: amount("liquidated_antidumping"),
                countervailing: amount("liquidated_countervailing"),
                fees: amount("liquidated_fees"),
                unreadable: is_unread("liquidated_"),
            },
            interest: amount("interest"),
            interest_unreadable: is_unread("interest"),
        })
    }
}

/// A cell that is not what its column wants; `None` for one that may be any text.
fn bad(document: &Document<'_>, member: &Member<'_>, wanted: Option<&str>, sink: &mut dyn NoticeSink) {
    let text = member.value.as_text().unwrap_or_default();
    let shown: String = text.chars().take(20).flat_map(char::escape_default).collect();
    let (code, cause) = match wanted {
        Some(DATE) => (finding_code::BAD_DATE, value::cause_of_date(text)),
        _ => (finding_code::BAD_NUMBER, value::cause(text)),
    };
    let fault = wanted.map_or("cannot be read".to_owned(), |wanted| format!("is no {wanted}"));
    let message = format!("`{shown}` in the column of `{}` {fault}{cause}", member.name);
    sink.finding(Finding::new(code, Grade::Warning, document.place_of(member), message));
}
