//! Every clock of the table: what starts it, to which day it runs, and what ends it.
//!
//! Each case is a life in a line an event: what messages or people said, then what ends the clock.

mod answers;
mod cargo;
mod choice;
mod claims;
mod forms;
mod late;
pub(in crate::entry::clocks) mod life;
mod money;
mod refused;
mod versions;
mod ways;

use life::{day, life, notice, said};

use super::*;
use crate::deadline::{self, DeadlineTable, id};
use crate::entry::{Basis, DeadlineState, EntryDeadline};
use crate::notice::{Effect, Fields, Kind};

fn table() -> DeadlineTable {
    let until = day("2026-12-31");
    let programmes = vec![deadline::Programme { deadline: "CAPE_80D".into(), until }];
    DeadlineTable::embedded().with_overrides(deadline::Overrides { programmes, ..Default::default() })
}

fn find(entry: &Entry, key: &str) -> Option<EntryDeadline> {
    let deadlines = entry.deadlines(&table());
    let of_key = |deadline: &&EntryDeadline| deadline.is_called(key);
    deadlines.iter().find(of_key).cloned()
}

/// `OPEN 2025-06-16 2025-06-16`: state, due, act by.
fn shown(entry: &Entry, key: &str) -> String {
    let Some(deadline) = find(entry, key) else { return "none".to_owned() };
    let act_by = deadline.act_by.map_or("-".to_owned(), |date| date.to_string());
    format!("{} {} {act_by}", deadline.state.as_str(), deadline.due_text())
}

/// A life that starts a clock, the two dates, and what ends it.
type Case = (&'static str, &'static [&'static str], &'static str, &'static [&'static str]);

const ENTERED: &str = "entered 2025-06-02";

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("ENTRY_FILE", &["arrived 2025-06-01"], "2025-06-16 2025-06-16", &["on-file 2025-06-05", "fact done date=2025-06-05 deadline=ENTRY_FILE", "in-bond 2025-06-03"]),
    ("GO_NOTIFY", &["fact arrival arrival_date=2025-06-01"], "2025-06-21 2025-06-20", &["release 2025-06-05", "fact go_notified date=2025-06-20"]),
    ("GO_SALE", &["hold 2025-06-20 what=order", "arrived 2025-06-01"], "2025-12-01 2025-11-28", &["clear 2025-07-01 code=X", "fact go_cleared date=2025-07-01"]),
    ("ES_DUE", &["release 2025-08-22"], "2025-09-08 2025-09-08", &["accepted 2025-08-29", "cancelled 2025-08-29"]),
    ("ES_REJECT_RESUBMIT", &["rejected 2025-10-09"], "2025-10-14 2025-10-14", &["accepted 2025-10-10", "cancelled 2025-10-10"]),
    ("MISSING_DOC", &["filed 2025-03-03 document_1=01"], "2025-07-01 2025-07-01", &["filed 2025-03-09", "fact doc_produced date=2025-04-01"]),
    ("DAILY_STMT_DUE@S1", &["release 2025-06-05", "statement 2025-06-10"], "2025-06-20 2025-06-20", &["statement 2025-06-19 final=yes", "off-statement 2025-06-12"]),
    ("PMS_PRELIM", &["filed 2025-01-20 pay=7", "release 2025-01-15"], "2025-02-18 2025-02-18", &["monthly 2025-02-14"]),
    ("PMS_DUE", &["filed 2025-01-20 pay=7", "release 2024-12-20"], "2025-01-23 2025-01-23", &["monthly 2025-01-22 final=yes"]),
    ("BROKER_REMIT@2025-06-13", &["fact funds_late funds_received=2025-06-13"], "2025-06-23 2025-06-23", &["fact funds_remitted date=2025-06-20"]),
    ("BILL_DUE@B1", &["bill 2025-07-01 dated=2025-06-27"], "2025-07-27 2025-07-25", &["bill 2025-07-20 dated=2025-06-27 paid=yes", "fact bill_paid date=2025-07-20 reference=B1"]),
    ("BILL_DISHONORED@B7", &["fact bill bill_date=2025-06-20 reference=B7 dishonored=yes"], "2025-07-05 2025-07-03", &["fact bill_paid date=2025-06-30 reference=B7"]),
    ("LIQ_SCHEDULED_EST", &[ENTERED], "2026-04-17 -", &["scheduled 2025-09-01 for=2026-04-17", "liquidated 2026-04-17"]),
    ("LIQ_DEEMED_1Y", &[ENTERED], "2026-06-02 -", &["liquidated 2026-04-17"]),
    ("LIQ_EXT_END", &[ENTERED, "extended 2026-01-05 times=1"], "2027-06-02 -", &["liquidated 2027-01-08"]),
    ("LIQ_CAP_4Y", &[ENTERED, "extended 2026-01-05 times=1"], "2029-06-02 -", &["liquidated 2027-01-08"]),
    ("LIQ_SUSP_6M", &[ENTERED, "suspended 2025-08-01", "lifted 2026-08-31"], "2027-02-28 -", &["liquidated 2027-01-08", "suspended 2026-10-01"]),
    ("RELIQ_90D", &["liquidated 2025-12-19"], "2026-03-19 -", &["reliquidated 2026-02-06"]),
    ("PSC_DUE", &["entered 2025-02-04", "type 01"], "2025-12-01 2025-12-01", &["fact psc_filed psc_date=2025-10-01"]),
    ("PSC_ADCVD_PAY", &["filed 2025-03-01 ad=10", "filed 2025-06-13 psc=Y ad=20"], "2025-06-18 2025-06-18", &["fact psc_paid date=2025-06-16", "statement 2025-06-17 final=yes"]),
    ("RECON_VALUE", &["filed 2025-03-03 recon_issue=001"], "2026-12-03 2026-12-02", &["fact recon_filed recon_filed=2026-10-01", "answer 2026-10-01 reconciled=yes"]),
    ("RECON_FTA", &["filed 2025-03-03 recon_trade_agreement=Y import=2025-02-28"], "2026-02-28 2026-02-27", &["fact recon_filed recon_filed=2025-12-01", "answer 2025-12-01 reconciled_fta=yes"]),
    ("FTA_1520D", &["filed 2025-03-03 import=2025-02-10 origin=MX"], "2026-02-10 2026-02-09", &["fact fta_claim date=2025-12-01"]),
    ("DRAWBACK_5Y@2020-11-30", &["fact imported import_date=2020-11-30"], "2025-11-30 2025-11-28", &["fact drawback_claim date=2024-05-01"]),
    ("CAPE_80D", &["liquidated 2026-03-06"], "2026-05-25 2026-05-22", &["fact cape_filed date=2026-05-01"]),
    ("PROTEST_DUE@liquidation", &["liquidated 2025-12-19"], "2026-06-17 2026-06-17", &["fact protest_filed protest_filed=2026-05-01 reference=P1", "protest 2026-05-20"]),
    ("PROTEST_AMEND@liquidation", &["liquidated 2025-12-19", "fact protest_filed protest_filed=2026-02-01 reference=P1"], "2026-06-17 2026-06-17", &["fact protest_amended date=2026-03-01", "fact protest_decided denial_date=2026-04-01 decision=denied reference=P1"]),
    ("PROTEST_SURETY@2025-03-10", &["fact surety_demand demand_mailed=2025-03-10"], "2025-09-08 2025-09-05", &["fact surety_protest date=2025-08-01"]),
    ("PROTEST_ACCEL_DENIAL@2025-03-03", &["fact accel_request request_mailed=2025-03-03"], "2025-04-02 -", &["fact protest_decided denial_date=2025-03-20 decision=approved reference=P1", "protest 2025-03-20 status=AP decided=2025-03-18"]),
    ("PROTEST_CBP_2Y@P1", &["fact protest_filed protest_filed=2024-07-01 reference=P1"], "2026-07-01 -", &["fact protest_decided denial_date=2025-03-20 decision=approved reference=P1"]),
    ("AFR_DECISION_30D@2025-02-03", &["fact review_filed afr_filed=2025-02-03"], "2025-03-05 -", &["fact review_allowed date=2025-02-20", "fact review_denied afr_denial_notice=2025-02-20"]),
    ("AFR_SETASIDE_60D@2025-03-05", &["fact review_denied afr_denial_notice=2025-03-05"], "2025-05-04 2025-05-02", &["fact set_aside_filed date=2025-04-01"]),
    ("PROTEST_VOID_90D@P1", &["fact protest_decided denial_date=2025-04-02 decision=denied reference=P1"], "2025-07-01 2025-07-01", &["fact void_request date=2025-05-01", "fact summons_filed date=2025-05-01"]),
    ("CIT_SUMMONS@270426100001", &["protest 2025-02-20 status=DN decided=2025-02-14"], "2025-08-13 2025-08-13", &["fact summons_filed date=2025-05-01"]),
    ("CF28_RESPONSE@2025-03-14", &["fact form_28 issue_date=2025-03-14"], "2025-04-13 2025-04-11", &["fact form_28_answer date=2025-04-01"]),
    ("CF29_RESPONSE@2025-06-14", &["fact form_29 mail_date=2025-06-14"], "2025-07-04 2025-07-03", &["fact form_29_answer date=2025-07-01"]),
    ("CF4647_RESPONSE@2025-03-17", &["fact form_4647 notice_date=2025-03-17"], "2025-04-16 2025-04-16", &["fact form_4647_done date=2025-04-01"]),
    ("REDELIVERY_WINDOW", &["release 2025-01-15"], "2025-02-14 -", &["liquidated 2025-12-19"]),
    ("DETAIN_DECISION@2025-06-16", &["fact presented presented_date=2025-06-16"], "2025-06-24 -", &["release 2025-06-20", "hold 2025-06-20 what=detained", "fact detained detained_date=2025-06-20"]),
    ("DETAIN_NOTICE", &["hold 2025-06-24 what=detained"], "2025-07-01 -", &["clear 2025-06-26 code=X", "fact detention notice_date=2025-06-27"]),
    ("DETAIN_RESPONSE@2025-03-20", &["fact presented presented_date=2025-03-10", "fact detention notice_date=2025-03-20"], "2025-04-19 2025-04-09", &["fact detention_reply date=2025-04-01", "release 2025-04-02"]),
    ("DEEMED_EXCLUSION@2025-03-10", &["fact presented presented_date=2025-03-10"], "2025-04-09 -", &["release 2025-03-20", "hold 2025-03-20 what=seizure", "fact exclusion decision_date=2025-03-30"]),
    ("EXCL_PROTEST_DENIAL@P2", &["fact excl_protest protest_filed=2025-05-01 reference=P2"], "2025-05-31 -", &["fact protest_decided denial_date=2025-05-20 decision=denied reference=P2"]),
    ("FDA_DETENTION_RESPONSE@2025-08-25", &["fact fda_detention notice_date=2025-08-25"], "2025-09-09 2025-09-09", &["fact fda_reply date=2025-09-01"]),
    ("FDA_REFUSAL_90D@2025-06-02", &["fact fda_refusal refusal_date=2025-06-02"], "2025-08-31 2025-08-29", &["fact fda_disposed date=2025-08-01"]),
    ("SEIZURE_PETITION@2025-06-02", &["fact seizure mail_date=2025-06-02"], "2025-07-02 2025-07-02", &["fact petition_filed date=2025-06-20"]),
    ("SEIZURE_CLAIM_CAFRA@2025-06-02", &["fact seizure mail_date=2025-06-02 cafra=yes"], "2025-07-07 2025-07-07", &["fact seizure_claim date=2025-06-20"]),
    ("LD_PETITION@2025-06-02", &["fact damages mail_date=2025-06-02"], "2025-08-01 2025-08-01", &["fact petition_filed date=2025-06-20"]),
    ("PENALTY_PETITION@2025-06-02", &["fact penalty mail_date=2025-06-02"], "2025-08-01 2025-08-01", &["fact petition_filed date=2025-06-20"]),
    ("PREPENALTY_RESPONSE@2025-06-02", &["fact prepenalty mail_date=2025-06-02 short_statute=yes"], "2025-06-09 2025-06-09", &["fact prepenalty_resp date=2025-06-05", "fact penalty mail_date=2025-06-06"]),
    ("SUPP_PETITION@2025-06-02", &["fact petition_ruling decision_date=2025-06-02"], "2025-08-01 2025-08-01", &["fact supp_petition date=2025-06-20"]),
    ("PRIOR_DISC_TENDER@2025-06-02", &["fact calculation calculation_notice=2025-06-02"], "2025-07-02 2025-07-02", &["fact tender date=2025-06-20"]),
    ("PRIOR_DISC_INFO@2025-06-02", &["fact disclosure disclosure_date=2025-06-02"], "2025-07-02 2025-07-02", &["fact disclosure_full date=2025-06-20"]),
    ("SOL_1592@2021-11-11", &["fact violation violation_date=2021-11-11"], "2026-11-11 -", &["fact done date=2025-06-20 deadline=SOL_1592"]),
    ("BOND_INSUFF@2025-08-17", &["fact bond_short notice_date=2025-08-17"], "2025-09-01 2025-08-29", &["fact bond_cured date=2025-08-20"]),
    ("INBOND_TRANSIT@2025-06-04", &["in-bond 2025-06-04"], "2025-07-04 2025-07-03", &["in-bond-arrived 2025-06-20", "fact inbond_arrived arrival_date=2025-06-20"]),
    ("INBOND_ARRIVAL_REPORT@2025-07-03", &["fact inbond_arrived arrival_date=2025-07-03"], "2025-07-08 2025-07-08", &["in-bond-arrived 2025-07-03", "fact inbond_reported date=2025-07-07"]),
    ("TIB_EXPORT", &["type 23", "filed 2025-01-20 import=2025-01-20"], "2026-01-20 2026-01-16", &["fact tib_exported date=2025-12-01", "tib-closed 2025-12-01"]),
    ("WAREHOUSE_5Y", &["type 21", "filed 2020-08-12 import=2020-08-10"], "2025-08-10 2025-08-08", &["fact withdrawal final_withdrawal=2024-05-05"]),
    ("RECORD_DEMAND@2025-06-04", &["fact record_demand demand_date=2025-06-04"], "2025-07-04 2025-07-03", &["fact records_given date=2025-06-20"]),
    ("RECORD_RETENTION", &["entered 2024-02-29"], "2029-03-01 -", &[]),
];

#[test]
fn every_clock_starts_and_ends() {
    let mut ids: Vec<&str> = Vec::new();
    for (key, starts, dates, ends) in CASES {
        let id = key.split('@').next().unwrap_or_default();
        ids.push(id);
        let open = format!("open {dates}");
        assert_eq!(shown(&life(starts), key), open, "{key} after {starts:?}");
        for end in *ends {
            let events: Vec<&str> = starts.iter().copied().chain([*end]).collect();
            let ended = shown(&life(&events), key);
            assert!(ended.starts_with("closed "), "{key} is {ended} after {end}");
            let because = find(&life(&events), key).map(|deadline| deadline.because);
            assert!(because.is_some_and(|because| !because.is_empty()), "{key} after {end}");
        }
        assert!(!ends.is_empty() || id == id::RECORD_RETENTION, "{key} has no end");
    }
    for id in id::ALL {
        assert!(ids.contains(id), "no case for {id}");
    }
    assert_eq!(ids.len(), id::ALL.len());
}

#[test]
fn each_clock_says_by_which_notice_it_started() {
    for (key, starts, ..) in CASES {
        let deadline = find(&life(starts), key).unwrap_or_else(|| panic!("{key}"));
        assert!(deadline.from.iter().any(|fact| fact.notice.is_some()), "{key}: {:?}", deadline.from);
    }
}

#[test]
fn a_printed_date_and_other_facts_reach_their_clock() {
    for (events, key, wanted) in [
        (
            &["fact form_28 issue_date=2025-03-14 due_on_form=2025-04-21"][..],
            "CF28_RESPONSE@2025-03-14",
            "open 2025-04-21 2025-04-21",
        ),
        (&["fact form_29 mail_date=2025-06-14 action=taken"], "CF29_RESPONSE@2025-06-14", "none"),
        (
            &["fact form_4647 notice_date=2025-03-17 fda_refusal=yes"],
            "CF4647_RESPONSE@2025-03-17",
            "open 2025-06-15 2025-06-13",
        ),
        (
            &["fact fda_detention notice_date=2025-08-25 respond_by=2025-09-16"],
            "FDA_DETENTION_RESPONSE@2025-08-25",
            "open 2025-09-16 2025-09-16",
        ),
        (
            &["fact inbond authorized_date=2025-02-01 mode=barge"],
            "INBOND_TRANSIT@2025-02-01",
            "open 2025-04-02 2025-04-02",
        ),
        (
            &["fact inbond authorized_date=2025-02-01 mode=pipeline"],
            "INBOND_TRANSIT@2025-02-01",
            "idle NONE -",
        ),
        (&["rejected 2025-09-12 reason=010"], "ES_REJECT_RESUBMIT", "open 2025-09-26 2025-09-26"),
        (&["filed 2025-05-01 live_entry=Y", "release 2025-05-06"], "ES_DUE", "open 2025-05-06 2025-05-06"),
        (
            &["release 2025-01-20", "monthly 2025-02-14 due=2025-02-24"],
            "PMS_DUE",
            "open 2025-02-24 2025-02-24",
        ),
        (
            &["tib 2025-12-01 until=2026-01-10", "filed 2025-01-20 import=2025-01-20"],
            "TIB_EXPORT",
            "open 2026-01-10 2026-01-09",
        ),
        (
            &["type 21", "entered 2020-08-12", "fact withdrawal final_withdrawal=2024-05-05"],
            "LIQ_DEEMED_1Y",
            "open 2025-05-05 -",
        ),
        (
            &[
                "entered 2024-05-01",
                "type 01",
                "fact extension date=2025-02-01 times=1 ext_by=importer extended_liq=2026-05-01",
            ],
            "PSC_DUE",
            "open 2026-04-16 2026-04-15",
        ),
        (
            &[
                "entered 2024-05-01",
                "type 01",
                "extended 2025-02-01 reason=49",
                "scheduled 2025-03-01 for=2026-05-01",
            ],
            "PSC_DUE",
            "open 2025-02-25 2025-02-25",
        ),
    ] {
        assert_eq!(shown(&life(events), key), wanted, "{events:?}");
    }
}

#[test]
fn an_end_is_for_its_own_matter() {
    let events = [
        "fact form_28 issue_date=2025-03-14 reference=A1",
        "fact form_28 issue_date=2025-03-20 reference=A2",
        "fact form_28_answer date=2025-04-01 reference=A1",
    ];
    let entry = life(&events);
    assert!(shown(&entry, "CF28_RESPONSE@A1").starts_with("closed"));
    assert!(shown(&entry, "CF28_RESPONSE@A2").starts_with("open"));
    // An answer that was given before the second form was sent does not answer it.
    let entry = life(&["fact form_28_answer date=2025-03-10", "fact form_28 issue_date=2025-03-14"]);
    assert!(shown(&entry, "CF28_RESPONSE@2025-03-14").starts_with("open"));
}

#[test]
fn a_fact_that_was_taken_back_starts_nothing() {
    let id = said(0, "fact form_28 issue_date=2025-03-14")[0].id;
    let back = format!("fact withdrawn date=2025-03-15 notice={id}");
    let entry = life(&["fact form_28 issue_date=2025-03-14", &back]);
    assert_eq!(shown(&entry, "CF28_RESPONSE@2025-03-14"), "none");
}

#[test]
fn money_that_is_known_to_be_missing_opens_the_summary_again() {
    let accepted = ["release 2025-08-22", "accepted 2025-08-29"];
    for (more, wanted) in [
        (&["statement 2025-08-30", "off-statement 2025-09-01"][..], "open"),
        (&["answer 2025-09-01 collection=0"], "open"),
        (&["statement 2025-08-30"], "closed"),
        (&["answer 2025-09-01 collection=2"], "closed"),
        (&["statement 2025-08-30", "off-statement 2025-09-01", "answer 2025-09-05 collection=2"], "closed"),
    ] {
        let events: Vec<&str> = accepted.iter().copied().chain(more.iter().copied()).collect();
        assert!(shown(&life(&events), "ES_DUE").starts_with(wanted), "{more:?}");
    }
}

#[test]
fn the_law_starts_clocks_that_nobody_announces() {
    for (events, key, wanted) in [
        (&[ENTERED][..], "PROTEST_DUE@2026-06-02", "ahead 2026-11-30 2026-11-27"),
        (&[ENTERED, "suspended 2025-08-01"], "PROTEST_DUE@2026-06-02", "none"),
        (&[ENTERED, "extended 2026-01-05 times=1"], "PROTEST_DUE@2027-06-02", "ahead 2027-11-29 2027-11-26"),
        (&[ENTERED, "liquidated 2026-04-17"], "PROTEST_DUE@2026-06-02", "none"),
        (&[ENTERED, "liquidated 2026-04-17"], "PROTEST_DUE@liquidation", "open 2026-10-14 2026-10-14"),
        (
            &["fact presented presented_date=2025-03-10"],
            "PROTEST_DUE@presented-2025-03-10",
            "ahead 2025-10-06 2025-10-06",
        ),
        (
            &["fact presented presented_date=2025-06-16"],
            "DETAIN_NOTICE@presented-2025-06-16",
            "ahead 2025-07-01 -",
        ),
        (
            &["fact presented presented_date=2025-06-16", "fact detention notice_date=2025-06-20"],
            "DETAIN_NOTICE@2025-06-24",
            "none",
        ),
        (
            &["fact accel_request request_mailed=2025-03-03"],
            "CIT_SUMMONS@2025-03-03",
            "ahead 2025-09-29 2025-09-29",
        ),
        (
            &["fact excl_protest protest_filed=2025-05-01 reference=P2"],
            "CIT_SUMMONS@P2",
            "ahead 2025-11-28 2025-11-26",
        ),
    ] {
        assert_eq!(shown(&life(events), key), wanted, "{events:?}");
    }
    let deadline = find(&life(&[ENTERED]), "PROTEST_DUE@2026-06-02").expect("a clock");
    assert!(!deadline.runs_on(day("2026-06-01")) && deadline.runs_on(day("2026-06-02")));
    let told: Vec<Basis> = deadline.bases.iter().map(|told| told.basis).collect();
    assert_eq!(told, [Basis::DeemedByLaw, Basis::Estimate]);
}

#[test]
fn of_several_dates_of_liquidation_the_earliest_counts_until_the_bulletin_is_seen() {
    let told =
        [ENTERED, "liquidated 2026-04-20 on=2026-04-17", "liquidated 2026-04-25 on=2026-04-24 by=answer"];
    let bulletin = "fact bulletin liquidation_date=2026-04-24";
    for (more, counts, others) in [
        (&[][..], "2026-04-17", &["courtesy notice 2026-04-17", "query answer 2026-04-24"][..]),
        (
            &[bulletin],
            "2026-04-24",
            &["recorded by hand 2026-04-24", "query answer 2026-04-24", "courtesy notice 2026-04-17"],
        ),
        // A date before the entry itself is a misread year: it is told, and never counts.
        (
            &["liquidated 2026-05-01 on=2025-04-17 by=report"],
            "2026-04-17",
            &["courtesy notice 2026-04-17", "query answer 2026-04-24", "ACE report 2025-04-17"],
        ),
    ] {
        let events: Vec<&str> = told.iter().copied().chain(more.iter().copied()).collect();
        let entry = life(&events);
        let deadline = find(&entry, &format!("PROTEST_DUE@{counts}")).unwrap_or_else(|| panic!("{more:?}"));
        assert_eq!(deadline.state, DeadlineState::Open);
        let bases: Vec<String> =
            deadline.bases.iter().map(|told| format!("{} {}", told.basis.as_str(), told.date)).collect();
        assert_eq!(bases, others, "{more:?}");
    }
    let ranks = [
        Basis::Recorded,
        Basis::QueryAnswer,
        Basis::CourtesyNotice,
        Basis::AceReport,
        Basis::Estimate,
        Basis::DeemedByLaw,
    ];
    assert!(ranks.is_sorted());
}

#[test]
fn an_ordinary_entry_has_few_clocks() {
    let entry = life(&["entered 2025-06-02", "release 2025-06-02", "accepted 2025-06-10"]);
    let clocks = entry.clocks(DeadlineTable::embedded());
    let ids: Vec<&str> = clocks.iter().map(|clock| clock.id).collect();
    assert_eq!(
        ids,
        [
            "ES_DUE",
            "PSC_DUE",
            "LIQ_SCHEDULED_EST",
            "LIQ_DEEMED_1Y",
            "REDELIVERY_WINDOW",
            "PROTEST_DUE",
            "RECORD_RETENTION"
        ]
    );
}

#[test]
fn a_closure_of_the_port_moves_a_clock_and_says_why() {
    let closure = deadline::DayOverride {
        from: day("2017-08-30"),
        to: day("2017-09-01"),
        applies: deadline::Applies { ports: vec!["5301".into()], ..Default::default() },
        effect: deadline::DayEffect::ExtendWorkingDays(1),
        source: "CSMS 17-000522".into(),
    };
    let overrides = deadline::Overrides { days: vec![closure], ..Default::default() };
    let table = DeadlineTable::embedded().with_overrides(overrides);
    let mut at_port = notice(9, Kind::ReleaseStatus, "2017-08-16", None, Effect::Inform, Fields::new());
    at_port.fields.push("port_of_entry", "5301");
    let release = said(1, "release 2017-08-16");
    let entry = Entry::of(at_port.entry.expect("a number"), release.iter().chain([&at_port]));
    let deadline = entry.deadlines(&table).into_iter().find(|deadline| &*deadline.id == "ES_DUE");
    let deadline = deadline.expect("a clock");
    assert_eq!(deadline.due_text(), "2017-08-31");
    let why = deadline.from.last().map(|fact| (&*fact.input, &*fact.source));
    assert_eq!(why, Some(("extend_working_days", "configuration: CSMS 17-000522")));
}

#[test]
fn a_stopped_clock_starts_none_by_law() {
    let entry = life(&["entered 2017-08-16", "type 01"]);
    let stop = |to: Option<&str>| deadline::Suspension {
        applies: deadline::Applies { deadlines: vec!["LIQ_DEEMED_1Y".into()], ..Default::default() },
        from: day("2018-01-01"),
        to: to.map(day),
        source: "CIT 18-00000, entered by jo".into(),
    };
    let under = |to: Option<&str>| {
        let overrides = deadline::Overrides { suspensions: vec![stop(to)], ..Default::default() };
        let table = DeadlineTable::embedded().with_overrides(overrides);
        let deadlines = entry.deadlines(&table);
        let deemed = deadlines.iter().find(|deadline| &*deadline.id == "LIQ_DEEMED_1Y").expect("a clock");
        let protest = deadlines.iter().find(|deadline| &*deadline.id == "PROTEST_DUE").expect("a clock");
        let sources: Vec<String> = deemed.from.iter().map(|fact| fact.source.to_string()).collect();
        assert!(sources.contains(&"configuration: CIT 18-00000, entered by jo".to_owned()), "{sources:?}");
        (deemed.due_text(), protest.due_text())
    };
    assert_eq!(under(None).0, "OPEN");
    assert!(under(None).1.parse::<NaiveDate>().is_err(), "{}", under(None).1);
    // Ten days later, and 180 from then on.
    assert_eq!(under(Some("2018-01-10")), ("2018-08-26".into(), "2019-02-22".into()));
}
