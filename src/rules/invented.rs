//! Invented notices, as tests of rules write them.

use chrono::NaiveDate;

use super::compile::severity;
use super::names::{EFFECTS, kind_words};
use super::raw::RawNotice;
use super::stated::stated;
use super::vocabulary::Vocabulary;
use crate::diagnostic::{Faults, RawKind, WrittenTable, hint};
use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::notice::{
    Amounts, CBP, ClearedCodes, Effect, EventTime, Fields, HoldKind, Kind, Liquidation, LiquidationKind,
    Notice, Token,
};
use crate::place::Severity;

/// The entry that tests are about unless they name one.
pub(super) const ENTRY: &str = "ABC-1234567-6";

/// Checks one notice as written.
pub(super) fn read_notice(
    raw: &RawNotice,
    ordinal: u32,
    default_at: EventTime,
    known: &Vocabulary,
    faults: &mut Faults,
) -> Option<Notice> {
    let kind = raw.kind.require("kind", RawNotice::OWNER, &raw.span, faults)?;
    let Some(kind_read) = Kind::parse(kind.get_ref()) else {
        let hint = hint(kind.get_ref(), "known", kind_words());
        faults.add(kind.span(), format!("`kind` has no value `{}` ({hint})", kind.get_ref()));
        return None;
    };
    let text = |field: &crate::diagnostic::Field<toml::Spanned<String>>| {
        field.given().map(|text| text.get_ref().clone())
    };
    let at = match raw.at.given() {
        Some(at) => match EventTime::parse(at.get_ref()) {
            Some(at) => at,
            None => {
                faults.add(at.span(), "`at` is a date or a time like 2026-03-02T09:00:00");
                return None;
            }
        },
        None => default_at,
    };
    let (code, table) = (text(&raw.code), text(&raw.table));
    let suggested =
        table.as_deref().zip(code.as_deref()).and_then(|(table, code)| known.severity(table, code));
    let loud = match raw.severity.given() {
        Some(word) => severity(word.get_ref(), word.span(), faults)?,
        None => suggested.unwrap_or(Severity::Info),
    };
    let mut id = [0; 16];
    id[..4].copy_from_slice(&ordinal.to_be_bytes());
    Some(Notice {
        id: NoticeId::from_bytes(id),
        kind: kind_read,
        entry: entry_number(raw, faults)?,
        bill: text(&raw.bill).as_deref().and_then(BillOfLading::parse),
        house_bill: None,
        container: None,
        code: code.as_deref().and_then(Token::some),
        table: table.map(Into::into),
        meaning: None,
        severity: loud,
        at: Some(at),
        effect: effect(raw, code.as_deref().unwrap_or("T"), at, faults)?,
        fields: fields(raw, faults)?,
    })
}

/// The outer `None` is a fault; the inner one a notice of no entry.
fn entry_number(raw: &RawNotice, faults: &mut Faults) -> Option<Option<EntryNumber>> {
    let Some(text) = raw.entry.given() else { return Some(EntryNumber::parse(ENTRY)) };
    if text.get_ref() == "none" {
        return Some(None);
    }
    let number = EntryNumber::parse(text.get_ref());
    if number.is_none() {
        faults.add(text.span(), format!("`{}` is no entry number (and not `none`)", text.get_ref()));
    }
    number.map(Some)
}

fn fields(raw: &RawNotice, faults: &mut Faults) -> Option<Fields> {
    let mut fields = Fields::new();
    let Some(value) = raw.fields.given() else { return Some(fields) };
    let RawKind::Table(items) = &value.kind else {
        faults.add(value.span.clone(), "`fields` must be a table of texts");
        return None;
    };
    for (name, value) in items {
        let RawKind::Text(text) = &value.kind else {
            faults.add(value.span.clone(), format!("`{}` must be a text in quotes", name.get_ref()));
            return None;
        };
        fields.push(name.get_ref(), text);
    }
    Some(fields)
}

fn effect(raw: &RawNotice, code: &str, at: EventTime, faults: &mut Faults) -> Option<Effect> {
    let Some(word) = raw.effect.given() else { return Some(Effect::Inform) };
    let mut amount = |field: &crate::diagnostic::Field<toml::Spanned<String>>| match field.given() {
        None => Some(Amounts::default()),
        Some(text) => match text.get_ref().parse() {
            Ok(duty) => Some(Amounts { duty: Some(duty), ..Amounts::default() }),
            Err(_) => {
                faults.add(text.span(), format!("`{}` is no amount like \"250.00\"", text.get_ref()));
                None
            }
        },
    };
    let (paid, liquidated) = (amount(&raw.paid)?, amount(&raw.liquidated)?);
    let clears = raw.clears.given().map(Vec::as_slice).unwrap_or_default();
    let parts = EffectParts {
        agency: Token::new(raw.agency.given().map_or(CBP, |agency| agency.get_ref())),
        code: Token::new(code),
        clears: ClearedCodes::of(clears.iter().map(|code| Token::new(code.get_ref()))),
        date: Some(at.date),
        paid,
        liquidated,
    };
    let named = effect_named(word.get_ref(), parts);
    if named.is_none() {
        let hint = hint(word.get_ref(), "known", EFFECTS.iter().copied());
        faults.add(word.span(), format!("`effect` has no value `{}` ({hint})", word.get_ref()));
    }
    named
}

/// What an invented effect is made of.
#[derive(Clone, Copy)]
pub(super) struct EffectParts {
    pub agency: Token,
    pub code: Token,
    pub clears: ClearedCodes,
    pub date: Option<NaiveDate>,
    pub paid: Amounts,
    pub liquidated: Amounts,
}

/// The effect that a word of [`EFFECTS`] stands for.
pub(super) fn effect_named(word: &str, parts: EffectParts) -> Option<Effect> {
    let EffectParts { agency, code, clears, date, .. } = parts;
    let hold = |what| Effect::Hold { agency, code, what };
    Some(match word {
        "inform" => Effect::Inform,
        "unknown" => Effect::Unknown,
        "filed" => Effect::Filed,
        "filing_accepted" => Effect::FilingAccepted,
        "filing_rejected" => Effect::FilingRejected,
        "hold" => hold(HoldKind::Hold),
        "exam" => hold(HoldKind::Exam),
        "documents" => hold(HoldKind::Documents),
        "detained" => hold(HoldKind::Detained),
        "do_not_load" => hold(HoldKind::DoNotLoad),
        "seizure" => hold(HoldKind::Seizure),
        "general_order" => hold(HoldKind::GeneralOrder),
        "review" => hold(HoldKind::Review),
        "clear" => Effect::Clear { agency, codes: clears },
        "release" => Effect::Release { date },
        "release_date" => Effect::ReleaseDate { date },
        "release_reversed" => Effect::ReleaseReversed { agency, code },
        "one_government" => Effect::OneGovernment,
        "cancelled" => Effect::Cancelled,
        "cancel_undone" => Effect::CancelUndone,
        "replaced" => Effect::Replaced,
        "summary_accepted" => Effect::SummaryAccepted { version: None, warnings: false },
        "summary_warnings" => Effect::SummaryAccepted { version: None, warnings: true },
        "summary_rejected" => Effect::SummaryRejected,
        "summary_cancelled" => Effect::SummaryCancelled,
        "summary_removed" => Effect::SummaryRemoved,
        "summary_request" => Effect::SummaryRequest { what: code },
        "filer_takeover" => Effect::FilerTakeover { filer: None },
        "liquidated" => liquidation(LiquidationKind::Liquidation, parts),
        "reliquidated" => liquidation(LiquidationKind::Reliquidation, parts),
        "extended" => Effect::Extended { times: Some(1), reason: code, date },
        "suspended" => Effect::Suspended { reason: code, date },
        "suspension_lifted" => Effect::SuspensionLifted { date },
        other => return stated(other, code, EventTime::date(date?)),
    })
}

fn liquidation(event: LiquidationKind, parts: EffectParts) -> Effect {
    Effect::Liquidated(Liquidation {
        event,
        date: parts.date,
        kind: Token::new(if event == LiquidationKind::Liquidation { "L" } else { "R" }),
        reason: Token::new(""),
        paid: parts.paid,
        liquidated: parts.liquidated,
        interest: None,
        interest_unreadable: false,
    })
}
