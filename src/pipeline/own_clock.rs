//! Which clock answers a notice: the one that its reader must beat.
//!
//! A liquidation may be protested, a form wants an answer, a refused summary must be filed again. Other clocks of the entry
//! are not the answer, however near they are.

use chrono::NaiveDate;

use crate::deadline::{DeadlineTable, Key, id};
use crate::entry::{DeadlineState, EntryDeadline, Provenance};
use crate::notice::{Effect, Kind, Notice};

/// Facts that stand in notices about something else, and start clocks by the way: a hold has the date of entry.
const BY_THE_WAY: [Key; 4] = [Key::EntryDate, Key::TimeOfEntry, Key::ReleaseDate, Key::ImportDate];

/// The clock that answers the notice, when one does. `today` is the day on which that is asked.
pub(super) fn own_clock<'a>(
    notice: &Notice,
    clocks: &'a [EntryDeadline],
    table: &DeadlineTable,
    today: NaiveDate,
) -> Option<&'a EntryDeadline> {
    match (&notice.effect, notice.kind) {
        (Effect::Liquidated(liquidation), _) => protest(notice, liquidation.date, clocks, today),
        (_, Kind::Liquidation) => protest(notice, None, clocks, today),
        (_, Kind::SummaryResponse) => started_by(notice, clocks, table, today)
            .or_else(|| first(duties(clocks).filter(|clock| *clock.id == *id::ES_DUE), today)),
        _ => started_by(notice, clocks, table, today),
    }
}

/// The protest against the liquidation that the notice tells: each liquidation and reliquidation has its own. Where that is
/// not known, the one that ends first of those that can still be filed.
fn protest<'a>(
    notice: &Notice,
    date: Option<NaiveDate>,
    clocks: &'a [EntryDeadline],
    today: NaiveDate,
) -> Option<&'a EntryDeadline> {
    let is_own = |clock: &&EntryDeadline| {
        date.is_some_and(|date| clock.bases.iter().any(|told| told.date == date))
            || clock.from.iter().any(|fact| date.is_some() && counts_from(fact) == date)
            || clock.from.iter().any(|fact| fact.notice == Some(notice.id) && counts_from(fact).is_some())
            || clock.bases.iter().any(|told| told.notice == Some(notice.id))
    };
    let protests = || clocks.iter().filter(|clock| *clock.id == *id::PROTEST_DUE);
    match protests().find(is_own) {
        Some(own) => Some(own).filter(|own| is_duty(own)),
        None => first(protests().filter(|clock| is_duty(clock) && !clock.has_passed(today)), today),
    }
}

/// The date of liquidation that the fact is.
fn counts_from(fact: &Provenance) -> Option<NaiveDate> {
    if *fact.input == *Key::LiquidationDate.as_str() { fact.value.parse().ok() } else { None }
}

/// The duty that the notice itself started.
fn started_by<'a>(
    notice: &Notice,
    clocks: &'a [EntryDeadline],
    table: &DeadlineTable,
    today: NaiveDate,
) -> Option<&'a EntryDeadline> {
    let is_release = matches!(notice.effect, Effect::Release { .. } | Effect::OneGovernment);
    let starts = |clock: &EntryDeadline, input: &str| {
        let Some(key) = Key::parse(input) else { return false };
        let counts = table
            .find(&clock.id)
            .is_some_and(|known| known.counts_from.iter().flatten().any(|of| *of == key));
        counts && (!BY_THE_WAY.contains(&key) || (is_release && *clock.id == *id::ES_DUE))
    };
    let own = duties(clocks).filter(|clock| {
        clock.from.iter().any(|fact| fact.notice == Some(notice.id) && starts(clock, &fact.input))
    });
    first(own, today)
}

fn duties(clocks: &[EntryDeadline]) -> impl Iterator<Item = &EntryDeadline> {
    clocks.iter().filter(|clock| is_duty(clock))
}

/// Our side must act by a day, and the clock runs.
fn is_duty(clock: &EntryDeadline) -> bool {
    clock.state == DeadlineState::Open && clock.act_by.is_some()
}

/// The next of those to come, or the last that passed.
fn first<'a>(clocks: impl Iterator<Item = &'a EntryDeadline>, today: NaiveDate) -> Option<&'a EntryDeadline> {
    clocks.min_by_key(|clock| {
        let days = clock.legal().map(|day| (day - today).num_days().abs());
        (clock.has_passed(today), days)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::NoticeId;
    use crate::notice::{Amounts, Fields, Liquidation, LiquidationKind};
    use crate::place::Severity;

    const OWN: u8 = 1;
    const OTHER: u8 = 2;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn clock(id: &str, instance: &str, due: &str, from: (&str, u8)) -> EntryDeadline {
        let class = DeadlineTable::embedded().find(id).expect(id).class;
        EntryDeadline {
            id: id.into(),
            instance: instance.into(),
            due: Some(day(due)),
            special: None,
            act_by: (class == crate::deadline::Class::Duty).then(|| day(due)),
            internal: None,
            state: DeadlineState::Open,
            because: "".into(),
            may_be_over: "".into(),
            basis: "a law".into(),
            from: vec![Provenance {
                input: from.0.into(),
                value: instance.into(),
                notice: Some(NoticeId::from_bytes([from.1; 16])),
                source: "".into(),
            }],
            starts: None,
            bases: Vec::new(),
        }
    }

    fn notice(kind: Kind, effect: Effect) -> Notice {
        Notice {
            id: NoticeId::from_bytes([OWN; 16]),
            kind,
            entry: None,
            bill: None,
            house_bill: None,
            container: None,
            code: None,
            table: None,
            meaning: None,
            severity: Severity::Critical,
            at: None,
            effect,
            fields: Fields::default(),
        }
    }

    fn liquidated(date: Option<&str>) -> Effect {
        Effect::Liquidated(Liquidation {
            event: LiquidationKind::Reliquidation,
            date: date.map(day),
            kind: "R".into(),
            reason: "01".into(),
            paid: Amounts::default(),
            liquidated: Amounts::default(),
            interest: None,
            interest_unreadable: false,
        })
    }

    #[test]
    fn a_notice_is_answered_by_its_own_clock() {
        let protests = [
            clock("PROTEST_DUE", "2026-02-13", "2026-08-12", ("liquidation_date", OTHER)),
            clock("PROTEST_DUE", "2026-11-13", "2027-05-12", ("liquidation_date", OTHER)),
        ];
        let mut filed = protests.clone();
        filed[1].state = DeadlineState::Closed;
        // The notice states the date of entry as well, which every protest has among its facts.
        let mut entered = protests.clone();
        let entry_date = clock("PROTEST_DUE", "2025-04-02", "2026-08-12", ("entry_date", OWN)).from;
        entered.iter_mut().for_each(|clock| clock.from.extend(entry_date.clone()));
        let own = [
            clock("REDELIVERY_WINDOW", "", "2026-11-04", ("release_date", OWN)),
            clock("CF28_RESPONSE", "2026-11-20", "2026-12-18", ("issue_date", OWN)),
            clock("ES_DUE", "", "2026-11-27", ("release_date", OWN)),
            clock("PSC_DUE", "", "2027-08-01", ("entry_date", OWN)),
        ];
        let other = own.clone().map(|mut clock| {
            clock.from[0].notice = Some(NoticeId::from_bytes([OTHER; 16]));
            clock
        });
        let refused = clock("ES_REJECT_RESUBMIT", "", "2026-11-24", ("reject_date", OWN));
        let refused = [own[2].clone(), refused];
        for (what, effect, kind, clocks, wanted) in [
            (
                "its own date",
                liquidated(Some("2026-11-13")),
                Kind::Liquidation,
                &protests[..],
                "PROTEST_DUE@2026-11-13",
            ),
            (
                "the older date",
                liquidated(Some("2026-02-13")),
                Kind::AceReport,
                &protests,
                "PROTEST_DUE@2026-02-13",
            ),
            (
                "a date of entry beside it",
                liquidated(Some("2026-11-13")),
                Kind::Liquidation,
                &entered,
                "PROTEST_DUE@2026-11-13",
            ),
            ("no date", liquidated(None), Kind::Liquidation, &protests, "PROTEST_DUE@2026-11-13"),
            ("protested", liquidated(Some("2026-11-13")), Kind::Liquidation, &filed, ""),
            ("a form", Effect::Inform, Kind::Form, &own, "CF28_RESPONSE@2026-11-20"),
            ("of another notice", Effect::Inform, Kind::Form, &other, ""),
            ("a release", Effect::Release { date: None }, Kind::ReleaseStatus, &own[2..], "ES_DUE"),
            ("a hold with dates", Effect::Unknown, Kind::ReleaseStatus, &own[2..], ""),
            ("refused", Effect::SummaryRejected, Kind::SummaryResponse, &refused, "ES_REJECT_RESUBMIT"),
            ("a data reject", Effect::SummaryRejected, Kind::SummaryResponse, &other, "ES_DUE"),
        ] {
            let notice = notice(kind, effect);
            let found = own_clock(&notice, clocks, DeadlineTable::embedded(), day("2026-11-23"));
            let found = found.map(EntryDeadline::key).unwrap_or_default();
            assert_eq!(found, wanted, "{what}");
        }
    }
}
