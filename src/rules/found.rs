//! What there was instead, for people who ask why a rule did not decide.

use super::condition::{Test, values};
use super::facts::Facts;
use super::names::{EFFECTS, effect_index};
use crate::entry::Status;
use crate::place::Severity;

impl Test {
    /// What the event or the entry has where the clause looks.
    pub fn found(&self, facts: &Facts<'_>) -> String {
        let notice = facts.notice;
        let entry = facts.after;
        let said = |value: Option<&str>| value.map_or("none".to_owned(), str::to_owned);
        let list = |values: &[&str]| if values.is_empty() { "none".to_owned() } else { values.join(", ") };
        let status = |status: Option<Status>| said(status.map(Status::as_str));
        match self {
            Self::Any(_) | Self::Not(_) => String::new(),
            Self::Kind(_) => said(notice.map(|notice| notice.kind.as_str())),
            Self::Effect(_) => {
                said(notice.and_then(|notice| EFFECTS.get(effect_index(&notice.effect)).copied()))
            }
            Self::Severity(_) => said(facts.severity().map(Severity::as_str)),
            Self::Status(_) => status(facts.status()),
            Self::StatusBefore(_) => status(facts.status_before()),
            Self::Became(_) => {
                format!("{}, before {}", status(facts.status()), status(facts.status_before()))
            }
            Self::Flag(flag, _) => facts.flag(*flag).map_or("not known".to_owned(), |on| on.to_string()),
            Self::Code(_) => said(facts.code()),
            Self::Table(_) => said(notice.and_then(|notice| notice.table.as_deref())),
            Self::Agency(_) => said(facts.agency()),
            Self::Broker(_) => facts.broker.to_owned(),
            Self::EntryType(_) => said(facts.entry_type()),
            Self::Port(_) => said(facts.port()),
            // The number may be a person's: whether it fits is said, not what it is.
            Self::Importer(_) => {
                said(entry.and_then(|entry| entry.importer.as_deref()).map(|_| "another one"))
            }
            Self::Filer(_) => said(entry.map(|entry| entry.filer.as_str())),
            Self::EntryNumber(_) => said(entry.map(|entry| entry.number.as_str())),
            Self::Bill(_) => list(&facts.bills()),
            Self::Container(_) => list(&facts.containers()),
            Self::Order(_) => list(
                &entry.iter().flat_map(|entry| &entry.references.orders).map(|o| &**o).collect::<Vec<_>>(),
            ),
            Self::BrokerReference(_) => said(entry.and_then(|entry| entry.references.broker.as_deref())),
            Self::HoldAgency(_) | Self::HoldCode(_) => facts.holds_text(),
            Self::Field { name, .. } => match notice {
                Some(notice) => list(&values(notice, name).collect::<Vec<_>>()),
                None => "none".to_owned(),
            },
            Self::Line(_) | Self::ProductLine(_) => facts.lines_text(),
            Self::OpenDeadline(_) => list(&facts.running().map(|deadline| &*deadline.id).collect::<Vec<_>>()),
            Self::DaysLeft { id, .. } => {
                let left: Vec<String> = facts.days_left(id).map(|left| left.to_string()).collect();
                if left.is_empty() { "no such clock runs".to_owned() } else { left.join(", ") }
            }
            Self::Time(_) => facts.now.map_or("not known".to_owned(), |now| now.format("%H:%M").to_string()),
            Self::Weekday(_) => {
                facts.day().map_or("not known".to_owned(), |day| day.format("%a").to_string())
            }
            _ => match self.number(facts) {
                Some((_, Some(number))) => number.to_string(),
                _ => "not known".to_owned(),
            },
        }
    }
}
