//! The fold, case by case: what stands after these notices.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::deadline::DeadlineTable;
use crate::ident::BillOfLading;
use crate::notice::{Amounts, ClearedCodes, Effect, Fields, HoldKind, Kind, LiquidationKind, Notice};
use crate::place::Severity;

fn number() -> EntryNumber {
    EntryNumber::parse("9Z7-1000001-6").expect("an entry number")
}

fn token(text: &str) -> Token {
    Token::new(text)
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn notice(seed: u8, at: &str, effect: Effect) -> Notice {
    Notice {
        id: NoticeId::from_bytes([seed; 16]),
        kind: Kind::ReleaseStatus,
        entry: Some(number()),
        bill: None,
        house_bill: None,
        container: None,
        code: None,
        table: None,
        meaning: None,
        severity: Severity::Info,
        at: EventTime::parse(at),
        effect,
        fields: Fields::new(),
    }
}

fn on_bill(mut notice: Notice, bill: &str) -> Notice {
    notice.kind = Kind::BillStatus;
    notice.bill = BillOfLading::parse(bill);
    notice
}

fn hold(agency: &str, code: &str) -> Effect {
    Effect::Hold { agency: token(agency), code: token(code), what: HoldKind::Hold }
}

fn clear(agency: &str, codes: &[&str]) -> Effect {
    Effect::Clear { agency: token(agency), codes: ClearedCodes::of(codes.iter().map(|code| token(code))) }
}

fn liquidated(event: LiquidationKind, on: &str) -> Effect {
    Effect::Liquidated(Liquidation {
        event,
        date: Some(date(on)),
        kind: token("L"),
        reason: token("99"),
        paid: Amounts::default(),
        liquidated: Amounts::default(),
        interest: None,
    })
}

const RELEASE: Effect = Effect::Release { date: None };

fn open(entry: &Entry) -> Vec<String> {
    entry.open_holds().map(|(key, _)| format!("{}/{}", key.agency, key.code)).collect()
}

#[test]
fn each_removal_closes_only_its_own_hold() {
    let notices = [
        notice(1, "2026-03-01T09:00:00", hold("FDA", "02")),
        notice(2, "2026-03-01T09:00:00", hold("EPA", "02")),
        on_bill(notice(3, "2026-03-01T09:00:00", hold("CBP", "1H")), "XYZL1"),
        on_bill(notice(4, "2026-03-01T09:00:00", hold("CBP", "1H")), "XYZL2"),
        notice(5, "2026-03-02T09:00:00", clear("FDA", &[])),
        on_bill(notice(6, "2026-03-02T10:00:00", clear("CBP", &["1H"])), "XYZL1"),
    ];
    let entry = Entry::of(number(), &notices);
    assert_eq!(open(&entry), ["EPA/02", "CBP/1H"]);
    assert_eq!(entry.status(), Status::Held);
}

#[test]
fn an_entry_is_released_only_when_no_hold_is_open() {
    let mut notices = vec![
        notice(1, "2026-03-01T09:00:00", hold("FDA", "02")),
        notice(2, "2026-03-01T09:00:00", hold("CBP", "96")),
        notice(3, "2026-03-02T09:00:00", RELEASE),
    ];
    let entry = Entry::of(number(), &notices);
    assert_eq!(open(&entry), ["FDA/02"], "CBP's release closes CBP's own holds only");
    assert_eq!(entry.released_at(), None);
    assert!(entry.standing_release().is_some(), "the summary's clock runs from CBP's release");

    notices.push(notice(4, "2026-03-03T09:00:00", clear("FDA", &[])));
    assert_eq!(Entry::of(number(), &notices).status(), Status::Released);

    notices.push(notice(
        5,
        "2026-03-04T09:00:00",
        Effect::ReleaseReversed { agency: token("CBP"), code: token("99") },
    ));
    let entry = Entry::of(number(), &notices);
    assert_eq!((entry.status(), entry.released_at()), (Status::Held, None));

    notices.push(notice(6, "2026-03-05T09:00:00", RELEASE));
    assert_eq!(Entry::of(number(), &notices).status(), Status::Released);
}

#[test]
fn one_government_release_closes_what_stands_at_entry_level() {
    let notices = [
        notice(1, "2026-03-01T09:00:00", hold("FDA", "02")),
        on_bill(notice(2, "2026-03-01T09:00:00", hold("CBP", "51")), "XYZL1"),
        notice(3, "2026-03-02T09:00:00", Effect::OneGovernment),
    ];
    assert_eq!(open(&Entry::of(number(), &notices)), ["CBP/51"], "a hold on the bill is the bill's");
}

#[test]
fn every_bill_must_be_released() {
    let release = |seed, bill| on_bill(notice(seed, "2026-03-02T09:00:00", RELEASE), bill);
    let reversed = Effect::ReleaseReversed { agency: token("CBP"), code: token("4A") };
    let mut notices = vec![release(1, "XYZL1"), release(2, "XYZL2")];
    assert_eq!(Entry::of(number(), &notices).status(), Status::Released);
    notices.push(on_bill(notice(3, "2026-03-03T09:00:00", reversed), "XYZL2"));
    assert_eq!(Entry::of(number(), &notices).standing_release(), None);
}

#[test]
fn a_release_after_examination_ends_the_examination_of_its_bill() {
    let exam = Effect::Hold { agency: token("CBP"), code: token("1A"), what: HoldKind::Exam };
    let notices = [
        on_bill(notice(1, "2026-03-01T09:00:00", exam), "XYZL1"),
        on_bill(notice(2, "2026-03-01T09:00:00", hold("CBP", "1H")), "XYZL1"),
        on_bill(notice(3, "2026-03-02T09:00:00", RELEASE), "XYZL1"),
    ];
    assert_eq!(open(&Entry::of(number(), &notices)), ["CBP/1H"], "a hold that 1I removes stays");
}

#[test]
fn a_refusal_and_an_acceptance_of_one_day_leave_the_clock_running() {
    let accepted = Effect::SummaryAccepted { version: None, warnings: false };
    let notices = [notice(1, "2026-03-02", Effect::SummaryRejected), notice(2, "2026-03-02", accepted)];
    assert_eq!(Entry::of(number(), &notices).summary.state, SummaryState::Rejected);
}

#[test]
fn within_one_minute_a_release_answers_the_hold() {
    let notices =
        [notice(9, "2026-03-01T09:00:00", hold("CBP", "96")), notice(1, "2026-03-01T09:00:00", RELEASE)];
    assert_eq!(Entry::of(number(), &notices).status(), Status::Released);
}

#[test]
fn a_reliquidation_does_not_overwrite_the_first() {
    let notices = [
        notice(2, "2026-05-01", liquidated(LiquidationKind::Reliquidation, "2026-05-01")),
        notice(1, "2026-03-06", liquidated(LiquidationKind::Liquidation, "2026-03-06")),
    ];
    let entry = Entry::of(number(), &notices);
    assert_eq!(entry.liquidations().count(), 2);
    assert_eq!(entry.liquidation().map(|last| last.event), Some(LiquidationKind::Reliquidation));
    let protests: Vec<String> = entry
        .deadlines(DeadlineTable::embedded())
        .iter()
        .filter(|deadline| &*deadline.id == "PROTEST_DUE")
        .map(|deadline| format!("{} {}", deadline.key(), deadline.due_text()))
        .collect();
    assert_eq!(protests, ["PROTEST_DUE@2026-03-06 2026-09-02", "PROTEST_DUE@2026-05-01 2026-10-28"]);
}

#[test]
fn a_missing_trigger_gives_no_date() {
    let entry = Entry::of(number(), &[notice(1, "2026-03-01", hold("CBP", "96"))]);
    for deadline in entry.deadlines(DeadlineTable::embedded()) {
        assert_eq!((deadline.due, deadline.state), (None, DeadlineState::Idle), "{}", deadline.id);
    }
}

#[test]
fn suspension_and_extension_move_the_clocks() {
    let stated = |mut notice: Notice| {
        notice.fields.push("entry_date", "2025-06-02");
        notice
    };
    let extended = Effect::Extended { times: Some(1), reason: token("50"), date: None };
    let notices = [stated(notice(1, "2026-01-05", extended))];
    let due = |notices: &[Notice], id: &str| {
        let entry = Entry::of(number(), notices);
        let deadlines = entry.deadlines(DeadlineTable::embedded());
        deadlines.iter().find(|deadline| &*deadline.id == id).map(EntryDeadline::due_text)
    };
    assert_eq!(due(&notices, "LIQ_DEEMED_1Y").as_deref(), Some("2027-06-02"));
    let suspended = Effect::Suspended { reason: token("44"), date: None };
    let notices = [notices[0].clone(), notice(2, "2026-02-05", suspended)];
    assert_eq!(due(&notices, "LIQ_DEEMED_1Y").as_deref(), Some("NONE"));
}

#[test]
fn a_date_of_entry_is_read_as_the_courtesy_notice_writes_it() {
    for (text, wanted) in [("2025-06-02", Some("2025-06-02")), ("060225", Some("2025-06-02")), ("0602", None)]
    {
        let mut stated = notice(1, "2026-01-05", Effect::Inform);
        stated.fields.push("entry_date", text);
        let entry = Entry::of(number(), &[stated]);
        let found = entry.entry_date().map(|dated| dated.date.to_string());
        assert_eq!(found.as_deref(), wanted, "{text}");
    }
}

fn any_effect() -> impl Strategy<Value = Effect> {
    let agency = prop::sample::select(vec!["CBP", "FDA"]);
    let code = prop::sample::select(vec!["96", "02", "1H"]);
    prop_oneof![
        (agency.clone(), code.clone()).prop_map(|(agency, code)| hold(agency, code)),
        (agency, code).prop_map(|(agency, code)| clear(agency, &[code])),
        Just(RELEASE),
        Just(Effect::OneGovernment),
        Just(Effect::Cancelled),
        Just(Effect::CancelUndone),
        Just(Effect::SummaryRejected),
        Just(Effect::SummaryAccepted { version: None, warnings: true }),
        Just(Effect::ReleaseReversed { agency: token("CBP"), code: token("99") }),
        Just(liquidated(LiquidationKind::Liquidation, "2026-03-06")),
        Just(Effect::Suspended { reason: token("44"), date: None }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn order_and_repetition_do_not_matter(
        effects in prop::collection::vec((any_effect(), 0u8..6, prop::bool::ANY), 1..12),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let notices: Vec<Notice> = effects
            .iter()
            .enumerate()
            .map(|(index, (effect, minute, bill))| {
                let notice = notice(index as u8, &format!("2026-03-01T09:0{minute}:00"), *effect);
                if *bill { on_bill(notice, "XYZL1") } else { notice }
            })
            .collect();
        let straight = Entry::of(number(), &notices);
        let mut mixed: Vec<&Notice> = shuffle.iter().map(|index| index.get(&notices)).collect();
        mixed.extend(notices.iter().rev());
        prop_assert_eq!(Entry::of(number(), mixed), straight);
    }
}
