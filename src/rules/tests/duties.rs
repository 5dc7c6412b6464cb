//! Somebody must act by each duty's day: the default rules say so before that day and on its morning.

use chrono::{NaiveDate, TimeDelta};

use super::super::{DeadlineContext, Rules};
use crate::deadline::{Class, DeadlineTable, id};
use crate::entry::{DeadlineState, Entry, EntryDeadline};
use crate::ident::EntryNumber;

/// Rights that may be used: the digest has them in time, and is silent on the last day. docs/decisions/0005.
const RIGHTS: [&str; 4] = [id::PSC_DUE, id::FTA_1520D, id::DRAWBACK_5Y, id::PROTEST_AMEND];

/// The longest ladder of the default rules, and some days.
const DAYS: i64 = 120;

fn clock(id: &str, act_by: NaiveDate) -> EntryDeadline {
    EntryDeadline {
        id: id.into(),
        instance: "".into(),
        due: Some(act_by),
        special: None,
        act_by: Some(act_by),
        internal: None,
        state: DeadlineState::Open,
        because: "".into(),
        may_be_over: "".into(),
        basis: "a law".into(),
        from: Vec::new(),
        starts: None,
        bases: Vec::new(),
    }
}

/// How many days before the last one the clock is said, each step once.
fn said(rules: &Rules, id: &str) -> Vec<i64> {
    let act_by = NaiveDate::from_ymd_opt(2026, 9, 2).expect("a day");
    let deadline = clock(id, act_by);
    let entry = Entry::of(EntryNumber::parse("ABC12345676").expect("a number"), []);
    let mut said: Vec<(String, i64)> = Vec::new();
    for days_left in (0..=DAYS).rev() {
        let on = act_by - TimeDelta::days(days_left);
        let context = DeadlineContext { deadline: &deadline, entry: &entry, broker: "acme", on };
        let hit = rules.for_deadline(&context);
        // The clock is looked at on the days of the steps alone.
        let looked_at = rules.next_reminder(&deadline, on - TimeDelta::days(1)) == Some(on);
        if let Some(hit) = hit.filter(|hit| looked_at && said.iter().all(|(known, _)| *known != hit.occasion))
        {
            said.push((hit.occasion, days_left));
        }
    }
    said.into_iter().map(|(_, days_left)| days_left).collect()
}

#[test]
fn every_duty_is_said_before_its_day_and_on_its_morning() {
    let rules = super::embedded();
    let mut wrong = Vec::new();
    for definition in
        DeadlineTable::embedded().definitions().iter().filter(|known| known.class == Class::Duty)
    {
        let id = definition.id.to_string();
        let said = said(&rules, &id);
        let is_before = said.iter().any(|days_left| *days_left > 0);
        let is_on_the_day = said.contains(&0) || RIGHTS.contains(&&*id);
        if !is_before || !is_on_the_day {
            wrong.push(format!("{id} is said {said:?} days before"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
