//! What a condition is asked about, and the questions that need more than one look.

use std::cell::OnceCell;

use chrono::{NaiveDate, NaiveDateTime};

use super::condition::Flag;
use super::matcher::TextMatch;
use crate::entry::{DeadlineState, Entry, EntryDeadline, Lines, Status};
use crate::ident::BillOfLading;
use crate::notice::{Effect, Liquidation, Notice, Token};
use crate::place::Severity;

/// What a condition is asked about. Matchers about a part that is missing do not hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts<'a> {
    pub notice: Option<&'a Notice>,
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
    pub broker: &'a str,
    pub deadlines: &'a [EntryDeadline],
    /// The code of a trouble.
    pub trouble: Option<&'a str>,
    pub trouble_severity: Option<Severity>,
    /// How loud the alert is, for routes.
    pub alert_severity: Option<Severity>,
    /// The wall-clock time at which the file was received.
    pub now: Option<NaiveDateTime>,
    /// The clock of a reminder.
    pub deadline: Option<&'a EntryDeadline>,
    /// The day of a reminder.
    pub on: Option<NaiveDate>,
    pub status: OnceCell<Option<Status>>,
    pub status_before: OnceCell<Option<Status>>,
}

impl<'a> Facts<'a> {
    pub fn status(&self) -> Option<Status> {
        *self.status.get_or_init(|| self.after.map(Entry::status))
    }

    pub fn status_before(&self) -> Option<Status> {
        *self.status_before.get_or_init(|| self.before.map(Entry::status))
    }

    /// Who speaks: the agency of the hold, removal or reversal, else the notice's field `agency`.
    pub fn agency(&self) -> Option<&str> {
        let notice = self.notice?;
        match &notice.effect {
            Effect::Hold { agency, .. }
            | Effect::Clear { agency, .. }
            | Effect::ReleaseReversed { agency, .. } => Some(agency.as_str()),
            _ => notice.field("agency"),
        }
    }

    /// The agency and code of the hold that the notice opens.
    pub fn opened_hold(&self) -> Option<(Token, Token)> {
        match self.notice?.effect {
            Effect::Hold { agency, code, .. } | Effect::ReleaseReversed { agency, code } => {
                Some((agency, code))
            }
            _ => None,
        }
    }

    /// For a notice that opens a hold, whether that hold stands after the file; for any other, whether any does.
    pub fn open_hold_after(&self) -> bool {
        match (self.opened_hold(), self.after) {
            (Some(_), None) => true,
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, entry) => entry.is_some_and(Entry::has_open_hold),
        }
    }

    /// Whether the hold that the notice opens stood already before the file, or the notice tells again what the entry
    /// knew.
    pub fn repeated(&self) -> bool {
        match (self.opened_hold(), self.before) {
            (Some((agency, code)), Some(entry)) => self.stands(entry, agency, code),
            (None, Some(entry)) => self.notice.is_some_and(|notice| entry.knows(notice)),
            (_, None) => false,
        }
    }

    pub fn stands(&self, entry: &Entry, agency: Token, code: Token) -> bool {
        self.notice.is_some_and(|notice| {
            let lines = Lines::of(notice);
            entry.open_holds().any(|(key, hold)| {
                key.agency == agency
                    && hold.extent.is_on(lines)
                    && key.code == code
                    && key.scope.bill == notice.bill
                    && key.scope.house_bill == notice.house_bill
                    && key.scope.container == notice.container
            })
        })
    }

    pub fn severity(&self) -> Option<Severity> {
        self.alert_severity.or(self.notice.map(|notice| notice.severity)).or(self.trouble_severity)
    }

    pub fn code(&self) -> Option<&str> {
        self.trouble.or_else(|| self.notice.and_then(|notice| notice.code.as_ref()).map(Token::as_str))
    }

    pub fn entry_type(&self) -> Option<&str> {
        self.after.and_then(|entry| entry.entry_type.as_ref()).map(Token::as_str)
    }

    pub fn port(&self) -> Option<&str> {
        self.after.and_then(|entry| entry.port.as_ref()).map(Token::as_str)
    }

    pub fn holds_text(&self) -> String {
        let holds = self.after.into_iter().flat_map(Entry::open_holds);
        let holds: Vec<String> = holds.map(|(key, _)| format!("{} {}", key.agency, key.code)).collect();
        if holds.is_empty() { "no hold stands".to_owned() } else { holds.join(", ") }
    }

    /// The entry's lines: `8708305060 CN $12000 duty $300`.
    pub fn lines_text(&self) -> String {
        const SHOWN: usize = 12;
        let Some(entry) = self.after else { return "no entry".to_owned() };
        let mut lines = entry.goods();
        let shown: Vec<String> = lines.by_ref().take(SHOWN).map(ToString::to_string).collect();
        match (shown.is_empty(), lines.count()) {
            (true, _) => "no line known".to_owned(),
            (false, 0) => shown.join(", "),
            (false, more) => format!("{} and {more} more", shown.join(", ")),
        }
    }

    pub fn has_open_deadline(&self, ids: &TextMatch) -> bool {
        self.running().any(|deadline| ids.matches(&deadline.id))
    }

    pub fn running(&self) -> impl Iterator<Item = &'a EntryDeadline> + use<'a> {
        self.deadlines.iter().filter(|deadline| deadline.state == DeadlineState::Open)
    }

    /// Days left to the day to act of each running clock with this id.
    pub fn days_left(&self, id: &str) -> impl Iterator<Item = i64> {
        let day = self.day();
        let clocks = self.running().filter(move |deadline| *deadline.id == *id);
        clocks.filter_map(move |deadline| Some((deadline.target_on(day?)? - day?).num_days()))
    }

    /// The day of the event: when the file was received, or of the reminder.
    pub fn day(&self) -> Option<NaiveDate> {
        self.now.map(|now| now.date()).or(self.on)
    }

    /// How long the oldest hold that stands has stood.
    pub fn hold_days(&self) -> Option<i64> {
        let oldest = self.after?.open_holds().filter_map(|(_, hold)| hold.since).map(|at| at.date).min()?;
        Some((self.day()? - oldest).num_days())
    }

    pub fn age_days(&self) -> Option<i64> {
        Some((self.day()? - self.notice?.at?.date).num_days())
    }

    /// The assessment that the notice states; for a deadline, the last one of the entry.
    pub fn liquidation(&self) -> Option<&Liquidation> {
        match self.notice.map(|notice| &notice.effect) {
            Some(Effect::Liquidated(liquidation)) => Some(liquidation),
            Some(_) => None,
            None => self.after.and_then(Entry::liquidation),
        }
    }

    /// The bills that the notice names; without any, those of the entry.
    pub fn bills(&self) -> Vec<&str> {
        let named: Vec<&str> = match self.notice {
            Some(notice) => notice.bill.iter().chain(&notice.house_bill).map(BillOfLading::as_str).collect(),
            None => Vec::new(),
        };
        match (named.is_empty(), self.after) {
            (true, Some(entry)) => entry.references.bills.iter().map(BillOfLading::as_str).collect(),
            _ => named,
        }
    }

    pub fn containers(&self) -> Vec<&str> {
        match (self.notice.and_then(|notice| notice.container.as_ref()), self.after) {
            (Some(container), _) => vec![container.as_str()],
            (None, Some(entry)) => entry.references.containers.iter().map(Token::as_str).collect(),
            (None, None) => Vec::new(),
        }
    }

    pub fn flag(&self, flag: Flag) -> Option<bool> {
        let entry = self.after;
        Some(match flag {
            Flag::OpenHoldAfter => self.open_hold_after(),
            Flag::OpenHoldBefore => self.before.is_some_and(Entry::has_open_hold),
            Flag::Repeated => self.repeated(),
            Flag::KnownEntry => self.before.is_some(),
            Flag::HasEntry => entry.is_some(),
            Flag::Released => entry?.released_at().is_some(),
            Flag::Suspended => entry?.is_suspended(),
            Flag::InQuestion => entry?.is_in_question(),
            Flag::Unpaid => entry?.is_unpaid(),
            Flag::ByLaw => self.deadline?.is_by_law(),
            Flag::LastDay => self.deadline?.target_on(self.on?)? <= self.on?,
            Flag::Overdue => self.deadline?.target_on(self.on?)? < self.on?,
            Flag::DifferenceKnown => self.liquidation()?.difference().is_some(),
            Flag::Contradicted => entry?.is_newly_contradicted(self.before),
        })
    }
}
