//! The fold, case by case: what stands after these notices.

use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::deadline::DeadlineTable;
use crate::ident::BillOfLading;
use crate::notice::{
    Amounts, AnsweredCensus, AnsweredState, ClearedCodes, Effect, Fields, FiledLine, FilingAction, HoldKind,
    Kind, LiquidationKind, MonthlyLine, Notice, StatementLine, StatementStatus, SummaryFiling, SummaryStatus,
};
use crate::place::Severity;

mod lines;

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
        interest_unreadable: false,
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
fn a_release_told_again_counts_from_the_earliest_date_until_customs_changes_it() {
    let told = |seed, at: &str, day: &str| notice(seed, at, Effect::Release { date: Some(date(day)) });
    let changed = |seed, at: &str, day: &str| notice(seed, at, Effect::ReleaseDate { date: Some(date(day)) });
    let reversed = Effect::ReleaseReversed { agency: token("CBP"), code: token("99") };
    let first = || told(1, "2026-03-02T09:00:00", "2026-03-02");
    let later = || told(2, "2026-03-04T09:00:00", "2026-03-04");
    for (what, notices, wanted, doubtful) in [
        ("told once", vec![first()], "2026-03-02", 0),
        ("told again", vec![first(), told(3, "2026-03-04T09:00:00", "2026-03-02")], "2026-03-02", 0),
        ("another date", vec![first(), later()], "2026-03-02", 2),
        ("an earlier date", vec![later(), told(3, "2026-03-05T09:00:00", "2026-03-01")], "2026-03-01", 2),
        ("changed", vec![first(), changed(3, "2026-03-03T09:00:00", "2026-03-04")], "2026-03-04", 0),
        (
            "changed, then told",
            vec![first(), changed(3, "2026-03-03T09:00:00", "2026-03-05"), later()],
            "2026-03-05",
            0,
        ),
        (
            "changed twice",
            vec![
                first(),
                changed(3, "2026-03-03T09:00:00", "2026-03-05"),
                changed(4, "2026-03-06T09:00:00", "2026-03-03"),
            ],
            "2026-03-03",
            0,
        ),
        (
            "withdrawn and released anew",
            vec![first(), notice(3, "2026-03-03T09:00:00", reversed), later()],
            "2026-03-04",
            0,
        ),
    ] {
        let mut notices = notices;
        for _ in 0..notices.len() {
            notices.rotate_left(1);
            for order in [notices.clone(), notices.iter().rev().cloned().collect()] {
                let entry = Entry::of(number(), &order);
                let dated = entry.release_date().expect("it is released");
                assert_eq!(dated.date, date(wanted), "{what}");
                assert_eq!(entry.doubtful_releases().len(), doubtful, "{what}");
            }
        }
    }
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
    assert_eq!(protests, ["PROTEST_DUE@liquidation 2026-09-02", "PROTEST_DUE@reliquidation 2026-10-28"]);
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
        Just(Effect::SummaryRemoved),
        Just(Effect::SummaryAccepted { version: None, warnings: true }),
        Just(Effect::ReleaseReversed { agency: token("CBP"), code: token("99") }),
        Just(liquidated(LiquidationKind::Liquidation, "2026-03-06")),
        Just(Effect::Suspended { reason: token("44"), date: None }),
        Just(Effect::Extended { times: None, reason: token("49"), date: None }),
        Just(Effect::FilingAccepted),
        Just(Effect::FilingRejected),
        Just(Effect::CorrectionReverted),
        any_fact(),
    ]
}

/// Effects of filings, statements, answers and temporary importations.
fn any_fact() -> impl Strategy<Value = Effect> {
    let day = Some(date("2026-03-06"));
    let (amounts, statement) = (Amounts::default(), token("2726076001"));
    let filed = move |filing: &'static str| {
        Effect::SummaryFiled(SummaryFiling {
            filing: token(filing),
            action: if filing == "d" { FilingAction::Deleted } else { FilingAction::Filed },
            is_correction: filing == "c",
            payment_type: None,
            statement_date: None,
            statement_month: None,
            import_date: day,
            line_count: 1,
            entered_value: None,
            amounts,
            other: None,
        })
    };
    let line = move |filing: &'static str, ordinal| {
        Effect::FiledLine(FiledLine { filing: token(filing), ordinal, value: None, amounts })
    };
    let on = move |status| {
        Effect::OnStatement(StatementLine {
            statement,
            status,
            print_date: day,
            payment_type: Some(token("7")),
            amount: None,
            is_due: true,
        })
    };
    let answer = move |state, census| {
        Effect::SummaryStatus(SummaryStatus {
            version: None,
            accepted_at: None,
            state: Some(state),
            state_date: day,
            release_date: day,
            collection: None,
            collection_date: None,
            is_late: false,
            is_under_review: false,
            is_protested: false,
            is_in_customs_control: false,
            is_inactive: false,
            is_suspended: false,
            census: Some(census),
            is_reconciled: false,
            is_reconciled_fta: false,
        })
    };
    let (line_id, code) = (token("001"), token("27D"));
    prop::sample::select(vec![
        filed("a"),
        filed("b"),
        filed("c"),
        filed("d"),
        line("a", 1),
        line("a", 2),
        line("b", 1),
        Effect::CensusWarning { line: line_id, code },
        Effect::CensusResolved { line: line_id, code },
        on(StatementStatus::Preliminary),
        on(StatementStatus::Final),
        Effect::OffStatement { statement, by: token("ABI") },
        Effect::OnMonthlyStatement(MonthlyLine {
            statement,
            monthly: token("2726P04001"),
            status: StatementStatus::Final,
            print_date: day,
            due_date: day,
            presented: day,
            amount: None,
        }),
        answer(AnsweredState::Accepted, AnsweredCensus::Clear),
        answer(AnsweredState::Rejected, AnsweredCensus::Unresolved),
        Effect::LiquidationScheduled { date: day },
        Effect::TibRequest { closes: false },
        Effect::TibAnswer { is_accepted: true },
        Effect::TibExpires { date: day, extensions: Some(1) },
    ])
}

#[test]
fn a_line_belongs_to_its_own_filing() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let effects =
            prop::collection::vec(any_fact(), 1..9).new_tree(&mut runner).expect("effects").current();
        let notices: Vec<Notice> = effects
            .iter()
            .enumerate()
            .map(|(index, effect)| notice(index as u8, "2026-03-06", *effect))
            .collect();
        let entry = Entry::of(number(), &notices);
        for filing in &entry.summary.filings {
            assert!(filing.lines.values().all(|line| line.filed.filing == filing.filed.filing));
        }
    }
}

#[test]
fn an_answer_lifts_a_rejection_only_on_a_later_day() {
    let accepted = |state_date: &str| {
        Effect::SummaryStatus(SummaryStatus {
            version: Some(token("00200")),
            accepted_at: EventTime::parse("2026-03-12T10:00:00"),
            state: Some(AnsweredState::Accepted),
            state_date: Some(date(state_date)),
            release_date: None,
            collection: None,
            collection_date: None,
            is_late: false,
            is_under_review: false,
            is_protested: false,
            is_in_customs_control: false,
            is_inactive: false,
            is_suspended: false,
            census: None,
            is_reconciled: false,
            is_reconciled_fta: false,
        })
    };
    for (asked, state_date, wanted) in [
        ("2026-03-10", "2026-03-10", SummaryState::Rejected),
        ("2026-03-11", "2026-03-10", SummaryState::Accepted),
        ("2026-04-01", "2026-03-12", SummaryState::Accepted),
    ] {
        let mut answer = notice(2, asked, accepted(state_date));
        answer.kind = Kind::EntryStatus;
        let entry = Entry::of(number(), &[notice(1, "2026-03-10", Effect::SummaryRejected), answer]);
        assert_eq!(entry.summary.state, wanted, "{state_date}");
    }
}

#[test]
fn a_rejection_unsets_the_scheduled_liquidation() {
    let scheduled = Effect::LiquidationScheduled { date: Some(date("2027-01-22")) };
    let mut notices = vec![notice(1, "2026-04-01", scheduled)];
    assert!(Entry::of(number(), &notices).scheduled_liquidation().is_some());
    notices.push(notice(2, "2026-04-05", Effect::SummaryRejected));
    let entry = Entry::of(number(), &notices);
    assert_eq!((entry.scheduled_liquidation(), entry.scheduled_liquidations.len()), (None, 2));
}

#[test]
fn a_courtesy_notice_and_an_answer_are_one_liquidation_to_protest() {
    let mut answer = notice(2, "2026-03-06", liquidated(LiquidationKind::Liquidation, "2026-03-06"));
    answer.kind = Kind::EntryStatus;
    let mut again = answer.clone();
    again.id = NoticeId::from_bytes([3; 16]);
    let mut courtesy = notice(1, "2026-03-06", liquidated(LiquidationKind::Liquidation, "2026-03-06"));
    courtesy.kind = Kind::Liquidation;
    let entry = Entry::of(number(), &[answer.clone(), again, courtesy]);
    let bases: Vec<Basis> = entry.liquidation_history.iter().map(|event| event.basis).collect();
    assert_eq!(bases, [Basis::QueryAnswer, Basis::CourtesyNotice]);
    let clocks = entry.clocks(DeadlineTable::embedded());
    assert_eq!(clocks.iter().filter(|clock| clock.id == "PROTEST_DUE").count(), 1);
    assert!(entry.knows(&answer));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn order_and_repetition_do_not_matter(
        effects in prop::collection::vec((any_effect(), 0u8..6, 0u8..6), 1..12),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let notices: Vec<Notice> = effects
            .iter()
            .enumerate()
            .map(|(index, (effect, minute, form))| {
                let mut notice = notice(index as u8, &format!("2026-03-01T09:0{minute}:00"), *effect);
                notice.fields.push("entry_type", if minute % 2 == 0 { "01" } else { "03" });
                notice.kind = match form {
                    0 => return on_bill(notice, "XYZL1"),
                    1 => Kind::SummaryFiled,
                    2 => Kind::SummaryResponse,
                    3 => Kind::SummaryNotice,
                    4 => Kind::EntryStatus,
                    _ => Kind::ReleaseStatus,
                };
                notice
            })
            .collect();
        let straight = Entry::of(number(), &notices);
        let mut mixed: Vec<&Notice> = shuffle.iter().map(|index| index.get(&notices)).collect();
        mixed.extend(notices.iter().rev());
        prop_assert_eq!(Entry::of(number(), mixed), straight);
    }
}
