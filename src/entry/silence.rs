//! Silence is a status: what should have been said about the entry by now, and was not.
//!
//! Each silence has a code that rules name, and the day from which it is worth saying. It ends by itself when what was
//! missing comes. Nothing here reads a clock: the day is computed from the entry, and the reminders of that day ask again.

use chrono::NaiveDate;

use super::{
    DeadlineState, Entry, EntryDeadline, FilingState, HoldKey, HoldState, Release, Scope, StatementState,
    SummaryState,
};
use crate::deadline::calendar::plus_days;
use crate::deadline::{DeadlineTable, id};
use crate::notice::EventTime;

macro_rules! silences {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: &str = $code;)*
        /// Every code, with what is missing.
        pub const ALL: &[(&str, &str)] = &[$(($code, $title)),*];
    };
}

/// The codes of silences.
pub mod code {
    silences! {
        RELEASE_UNANSWERED = "release-unanswered", "no answer (SX) to the release filing";
        SUMMARY_UNANSWERED = "summary-unanswered", "no answer (AX) to the entry summary";
        SUMMARY_MISSING = "summary-missing", "released, but no summary accepted by its due date";
        ON_NO_STATEMENT = "on-no-statement", "accepted, but on no statement";
        NOT_FINAL = "not-final", "on a preliminary statement, but on no final one";
        NOT_LIQUIDATED = "not-liquidated", "no liquidation by the expected cycle";
        NOT_LIQUIDATED_AFTER_TAKEOVER = "not-liquidated-after-takeover", "no liquidation by the expected cycle, and another filer owns the summary";
        YEAR_OVER = "year-over", "no liquidation by the day on which the law deems the entry liquidated";
        FEED_SILENT = "feed-silent", "no file from the broker within its business hours";
        MONEY_UNTOLD = "money-untold", "no statement (PF, MS) and no query answer (ER) from the broker";
    }

    /// What is missing of a broker, and of none of its entries.
    pub const OF_BROKER: &[&str] = &[FEED_SILENT, MONEY_UNTOLD];
}

/// Working days after which an answer that comes within minutes is missing.
const ANSWER_DAYS: u32 = 1;
/// Working days after the acceptance, or the print date that the summary asked for, after which a statement is missing.
const STATEMENT_DAYS: u32 = 3;
/// Notices of liquidation are posted on Fridays: after two of them the expected date is over.
const POSTING_DAYS: i64 = 14;

/// Something that was not said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// One of [`code::ALL`].
    pub code: &'static str,
    /// Which of several, as the number of a statement; blank when there can be one only.
    pub instance: Box<str>,
    /// The first day on which it is worth saying.
    pub day: NaiveDate,
    /// Since when somebody waits.
    pub since: NaiveDate,
    /// It is told even while the whole feed is silent: the law acts then, too.
    pub is_of_law: bool,
}

impl Silence {
    fn new(code: &'static str, since: NaiveDate, day: NaiveDate) -> Self {
        Self { code, instance: "".into(), day, since, is_of_law: false }
    }

    /// What identifies it among an entry's reminders.
    pub fn key(&self) -> String {
        let mark = if self.instance.is_empty() { "" } else { "@" };
        format!("{PREFIX}{}{mark}{}", self.code, self.instance)
    }

    /// What makes it the same alert: what is missing, and since when.
    pub fn occasion(&self) -> String {
        format!("{}@{}", self.key(), self.day)
    }

    /// Whether it is worth saying on that day.
    pub fn stands_on(&self, today: NaiveDate) -> bool {
        self.day <= today
    }

    /// A plain sentence.
    pub fn sentence(&self) -> String {
        let what = match self.code {
            code::SUMMARY_MISSING => "There is a release, but no accepted summary",
            code::ON_NO_STATEMENT => "The summary is accepted, but on no statement",
            code::NOT_FINAL => "It is on a preliminary statement, but on no final one",
            _ => "",
        };
        let what = if what.is_empty() { format!("There is {}", meaning(self.code)) } else { what.to_owned() };
        let on =
            if self.instance.is_empty() { String::new() } else { format!(" (statement {})", self.instance) };
        let waited = match self.code {
            code::YEAR_OVER => format!(
                "That day was {}. Liquidation by law has no notice, and the time to protest runs from it",
                self.since
            ),
            code::NOT_LIQUIDATED | code::NOT_LIQUIDATED_AFTER_TAKEOVER => {
                format!("It was expected on {}", self.since)
            }
            code::SUMMARY_MISSING => format!("It was due on {}", self.since),
            code::NOT_FINAL => format!("It was to be paid by {}", self.since),
            _ => format!("Awaited since {}", self.since),
        };
        format!("{what}{on}. {waited}.")
    }
}

/// What the keys of reminders about silences begin with.
pub const PREFIX: &str = "silence:";

/// What is missing, in words.
pub fn meaning(code: &str) -> &'static str {
    code::ALL.iter().find(|(known, _)| *known == code).map_or("", |(_, title)| title)
}

impl Entry {
    /// What should have been said, and when it is worth saying that it was not.
    pub fn silences(&self, table: &DeadlineTable, deadlines: &[EntryDeadline]) -> Vec<Silence> {
        let mut silences = Vec::new();
        if self.is_cancelled || self.summary.state == SummaryState::Cancelled {
            return silences;
        }
        let open = |id: &str| {
            deadlines.iter().find(|deadline| &*deadline.id == id && deadline.state == DeadlineState::Open)
        };
        silences.extend(self.release_silence(table));
        silences.extend(self.summary_silence(table));
        let summary_due = open(id::ES_DUE).and_then(|deadline| deadline.due);
        silences.extend(self.statement_silence(table, summary_due));
        self.final_silences(table, deadlines, &mut silences);
        if self.summary.state != SummaryState::Accepted
            && self.covered().is_none()
            && self.release_date().is_some()
            && let Some(due) = summary_due
        {
            silences.push(Silence::new(code::SUMMARY_MISSING, due, plus_days(due, 1)));
        }
        silences.extend(self.liquidation_silence(deadlines));
        // A suspension that ended moves the day, so it is not that of the year.
        let counts = [id::LIQ_DEEMED_1Y, id::LIQ_SUSP_6M].iter().any(|id| open(id).is_some());
        if let Some(due) = counts.then(|| self.deemed_date(table)).flatten() {
            let over = Silence::new(code::YEAR_OVER, due, plus_days(due, 1));
            silences.push(Silence { is_of_law: true, ..over });
        }
        silences
    }

    fn release_silence(&self, table: &DeadlineTable) -> Option<Silence> {
        let filed = self.filing.filed_at?.date;
        // What was said of a bill before the filing is the carrier's business and no answer to it.
        let is_since = |at: Option<EventTime>| at.is_some_and(|at| at.date >= filed);
        let held = |(key, hold): (&HoldKey, &HoldState)| key.scope.is_entry() || is_since(hold.since);
        let released = |(scope, release): (&Scope, &Release)| {
            scope.is_entry() || is_since(release.at) || is_since(release.reversed_at)
        };
        let is_answered = self.filing.accepted_at.is_some()
            || self.filing.rejected_at.is_some()
            || self.holds.iter().any(held)
            || self.releases.iter().any(released)
            || self.answered.is_some()
            || self.summary.state != SummaryState::None;
        let day = table.calendar().days().plus_working(filed, ANSWER_DAYS);
        (!is_answered).then(|| Silence::new(code::RELEASE_UNANSWERED, filed, plus_days(day, 1)))
    }

    fn summary_silence(&self, table: &DeadlineTable) -> Option<Silence> {
        let filing = self.summary.filings.iter().rev().find(|filing| !filing.is_repeated)?;
        let sent = filing.at.filter(|_| filing.state == FilingState::Sent)?.date;
        let summary = &self.summary;
        let answered = self.answered.and_then(|known| known.at);
        let answers = [summary.accepted_at, summary.rejected_at, summary.removed_at, answered];
        let printed = self.statements.values().filter_map(|statement| statement.print_date);
        let warned = summary.census.values().filter_map(|warning| warning.at);
        let mut answers = answers.into_iter().flatten().chain(warned).map(|at| at.date).chain(printed);
        let is_answered = answers.any(|date| date >= sent);
        let day = table.calendar().days().plus_working(sent, ANSWER_DAYS);
        (!is_answered).then(|| Silence::new(code::SUMMARY_UNANSWERED, sent, plus_days(day, 1)))
    }

    /// Only where the summary asked for a statement: a feed that says nothing of the money cannot be silent about it.
    fn statement_silence(&self, table: &DeadlineTable, summary_due: Option<NaiveDate>) -> Option<Silence> {
        let filing = self.filed_summary()?;
        let asked = filing.filed.payment_type.is_some_and(|kind| kind != *"1" && !kind.is_empty());
        let collected = self.answered.and_then(|answered| answered.status.collection);
        let is_settled = collected.is_some_and(|code| code != *"0") || self.liquidation().is_some();
        let mut statements = self.statements.values();
        let stands = statements.any(|statement| statement.state() != StatementState::Removed);
        if !asked || is_settled || self.summary.state != SummaryState::Accepted || stands {
            return None;
        }
        let accepted = self.summary.accepted_at?.date;
        let removed = self.statements.values().filter_map(|statement| statement.removed?.at).max();
        let since = [filing.filed.statement_date, removed.map(|at| at.date)].into_iter().flatten();
        let since = since.fold(accepted, NaiveDate::max);
        let day = plus_days(table.calendar().days().plus_working(since, STATEMENT_DAYS), 1);
        // On the last day for the money it is late enough, unless the statement was asked for later.
        let last = summary_due.map(|due| due.max(plus_days(since, 1)));
        Some(Silence::new(code::ON_NO_STATEMENT, since, last.map_or(day, |last| day.min(last))))
    }

    fn final_silences(&self, table: &DeadlineTable, deadlines: &[EntryDeadline], into: &mut Vec<Silence>) {
        for (number, statement) in &self.statements {
            if matches!(statement.state(), StatementState::Paid | StatementState::Removed)
                || self.liquidation().is_some()
                || self.is_collected_since(statement.listed_on())
            {
                continue;
            }
            let due = deadlines.iter().find_map(|deadline| {
                let is_own = &*deadline.id == id::DAILY_STMT_DUE && *deadline.instance == *number.as_str();
                let is_monthly = &*deadline.id == id::PMS_DUE && statement.is_periodic();
                deadline.due.filter(|_| is_own || is_monthly)
            });
            let Some(due) = due else { continue };
            let day = table.calendar().days().plus_working(due, ANSWER_DAYS);
            let silence = Silence::new(code::NOT_FINAL, due, plus_days(day, 1));
            into.push(Silence { instance: number.as_str().into(), ..silence });
        }
    }

    fn liquidation_silence(&self, deadlines: &[EntryDeadline]) -> Option<Silence> {
        if self.liquidations().next().is_some() || self.is_suspended() || self.extensions() > 0 {
            return None;
        }
        let estimated = deadlines.iter().find(|deadline| &*deadline.id == id::LIQ_SCHEDULED_EST);
        let expected = self.scheduled_liquidation().map(|dated| dated.date);
        let expected = expected.or_else(|| estimated.and_then(|deadline| deadline.due))?;
        let code = match self.takeover {
            Some(_) => code::NOT_LIQUIDATED_AFTER_TAKEOVER,
            None => code::NOT_LIQUIDATED,
        };
        let silence = Silence::new(code, expected, plus_days(expected, POSTING_DAYS));
        Some(Silence { is_of_law: true, ..silence })
    }
}
