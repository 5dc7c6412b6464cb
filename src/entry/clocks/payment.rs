//! Money: daily and monthly statements, bills from CBP.

use chrono::NaiveDate;

use super::{ANSWERED, Clock, RECORDED, STATED};
use crate::deadline::{Key, id};
use crate::entry::{Dated, Entry, Statement, StatementState, Told};

const STATEMENT: &str = "due date on the monthly statement";
const COLLECTED: &str = "CBP answers that nothing is left to pay";

impl Entry {
    pub(super) fn payment_clocks(&self, clocks: &mut Vec<Clock>) {
        clocks.extend(self.daily_statement_clocks());
        if self.is_periodic() {
            clocks.extend(self.monthly_clock(id::PMS_PRELIM));
            clocks.extend(self.monthly_clock(id::PMS_DUE));
        }
        clocks.extend(self.bill_clocks());
    }

    /// One clock for each daily statement that lists the entry. The statement is on time only if its oldest entry is, so it
    /// counts from that one.
    fn daily_statement_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        let daily = self.statements.iter().filter(|(_, statement)| !statement.is_periodic());
        daily.filter_map(|(number, statement)| {
            let mut clock = Clock::of(id::DAILY_STMT_DUE, number.as_str());
            let own = self.time_of_entry();
            let older = statement.oldest.filter(|oldest| own.is_none_or(|(own, _)| oldest.date < own.date));
            match (older.zip(statement.listed_by()), own) {
                (Some((oldest, notice)), _) => {
                    let source = format!("time of entry of {}, the oldest on the statement", oldest.entry);
                    clock.fact(Key::TimesOfEntry, Dated { date: oldest.date, notice }, &source);
                }
                (None, Some((dated, source))) => clock.fact(Key::TimesOfEntry, dated, source),
                (None, None) => return None,
            }
            clock.close(settled(statement));
            clock.close(self.is_collected_since(statement.listed_on()).then_some(COLLECTED));
            clock.close(self.gone());
            self.close_by_record(&mut clock, Some(*number));
            clock.started()
        })
    }

    /// A query answer says that nothing is left to pay, since the day on which a statement began to ask for it: a payment
    /// before that was for another one.
    pub(in crate::entry) fn is_collected_since(&self, listed: Option<NaiveDate>) -> bool {
        self.answered.is_some_and(|answered| {
            let paid_on = answered.status.collection_date.or(answered.at.map(|at| at.date));
            answered.status.is_collected() && paid_on >= listed
        })
    }

    /// The earlier of entry and release. One that was taken back counts until the next, as for the summary.
    pub(in crate::entry) fn time_of_entry(&self) -> Option<(Dated, &'static str)> {
        let released = self.release_date().or_else(|| self.answered_release());
        let released = released.or_else(|| self.former_release());
        let stated = self.entry_date().map(|dated| (dated, STATED));
        stated.into_iter().chain(released.map(|dated| (dated, "release"))).min_by_key(|(dated, _)| dated.date)
    }

    /// The summary asks for a monthly statement, or stands on one.
    fn is_periodic(&self) -> bool {
        let standing =
            self.statements.values().filter(|statement| statement.state() != StatementState::Removed);
        let kind = self.filed_summary().and_then(|filing| filing.filed.payment_type);
        kind.is_some_and(|kind| matches!(kind.as_str(), "6" | "7" | "8"))
            || standing.clone().any(Statement::is_periodic)
    }

    fn monthly_clock(&self, id: &'static str) -> Option<Clock> {
        let mut clock = Clock::new(id);
        if let Some(dated) = self.entry_date() {
            clock.fact(Key::EntryDate, dated, STATED);
        }
        self.with_release_date(&mut clock);
        self.with_type(&mut clock);
        let monthly =
            self.statements.values().filter(|statement| statement.state() != StatementState::Removed);
        for monthly in monthly.filter_map(|statement| statement.monthly.as_ref()) {
            let told: Option<Told> = monthly.preliminary.or(monthly.last);
            if let (id::PMS_DUE, Some(date), Some(told)) = (id, monthly.due_date, told) {
                clock.fact(Key::Published, Dated { date, notice: told.notice }, STATEMENT);
            }
            clock.close(match id {
                id::PMS_PRELIM => told.is_some().then_some("the monthly statement has come"),
                _ => monthly.last.is_some().then_some("the final monthly statement shows it paid"),
            });
        }
        let standing =
            self.statements.values().filter(|statement| statement.state() != StatementState::Removed);
        let listed = standing.filter_map(Statement::listed_on).max();
        clock.close(self.is_collected_since(listed).then_some(COLLECTED));
        clock.close(self.gone());
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// One clock for each bill from CBP. A returned payment has the shorter term.
    fn bill_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        self.customs_bills.values().map(|state| {
            let bill = &state.bill;
            let mut clock = Clock::of(bill_id(bill.kind == *"7"), bill.number.as_str());
            if let Some(first) = state.first {
                let is_recorded = self.recorded.iter().any(|fact| fact.notice == first.notice);
                let source = if is_recorded { RECORDED } else { ANSWERED };
                clock.fact(Key::BillDate, first, source);
            }
            clock.close((!bill.is_open).then_some("nothing is asked for any more"));
            self.close_by_record(&mut clock, Some(bill.number));
            clock
        })
    }
}

fn bill_id(is_dishonored: bool) -> &'static str {
    if is_dishonored { id::BILL_DISHONORED } else { id::BILL_DUE }
}

fn settled(statement: &Statement) -> Option<&'static str> {
    match statement.state() {
        StatementState::Paid => Some("the final statement shows it paid"),
        StatementState::Removed => Some("the entry was taken off the statement"),
        StatementState::Preliminary | StatementState::Presented => None,
    }
}
