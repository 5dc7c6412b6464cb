//! Money: daily and monthly statements, bills from CBP.

use super::{ANSWERED, Clock, RECORDED, STATED};
use crate::deadline::{Key, id};
use crate::entry::{Dated, Entry, Statement, StatementState, Told};

const STATEMENT: &str = "due date on the monthly statement";

impl Entry {
    pub(super) fn payment_clocks(&self, clocks: &mut Vec<Clock>) {
        clocks.extend(self.daily_statement_clocks());
        if self.is_periodic() {
            clocks.extend(self.monthly_clock(id::PMS_PRELIM));
            clocks.extend(self.monthly_clock(id::PMS_DUE));
        }
        clocks.extend(self.bill_clocks());
    }

    /// One clock for each daily statement that lists the entry. The statement is on time only if its oldest entry is:
    /// each entry counts from its own time of entry, so the oldest speaks first.
    fn daily_statement_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        let daily = self.statements.iter().filter(|(_, statement)| !statement.is_periodic());
        daily.filter_map(|(number, statement)| {
            let mut clock = Clock::of(id::DAILY_STMT_DUE, number.as_str());
            let (dated, source) = self.time_of_entry()?;
            clock.fact(Key::TimesOfEntry, dated, source);
            clock.close(settled(statement));
            clock.close(self.gone());
            clock.started()
        })
    }

    /// The earlier of entry and release.
    fn time_of_entry(&self) -> Option<(Dated, &'static str)> {
        let released = self.release_date().or_else(|| self.answered_release());
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
        clock.close(self.gone());
        clock.started()
    }

    /// One clock for each bill from CBP. A returned payment has the shorter term.
    fn bill_clocks(&self) -> impl Iterator<Item = Clock> + '_ {
        self.customs_bills.values().map(|state| {
            let bill = &state.bill;
            let mut clock = Clock::of(bill_id(bill.kind == *"7"), bill.number.as_str());
            if let Some(date) = bill.date {
                let is_recorded = self.recorded.iter().any(|fact| fact.notice == state.notice);
                let source = if is_recorded { RECORDED } else { ANSWERED };
                clock.fact(Key::BillDate, Dated { date, notice: state.notice }, source);
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
