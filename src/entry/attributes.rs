//! What messages state of the entry as a whole: its type, its port, its importer.
//!
//! The latest statement counts, but a filing speaks for the entry only while it [counts](super::versions): a correction that
//! Customs refused, has not answered, or took back says nothing of it.

use super::Entry;
use crate::ident::NoticeId;
use crate::notice::{Effect, Notice, Token};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Type,
    Port,
    Importer,
}

struct Said<'n> {
    attribute: Attribute,
    value: &'n str,
    /// Who told this value first.
    notice: NoticeId,
    /// The filing that says so; `None` where Customs or the release filing does.
    filing: Option<NoticeId>,
}

/// The statements in the order of their notices.
#[derive(Default)]
pub(super) struct Attributes<'n>(Vec<Said<'n>>);

impl<'n> Attributes<'n> {
    /// Keeps the field if it is one of the attributes.
    pub fn take(&mut self, notice: &'n Notice, name: &str, value: &'n str) -> bool {
        let attribute = match name {
            "entry_type" => Attribute::Type,
            "port_of_entry" => Attribute::Port,
            "importer_number" => Attribute::Importer,
            _ => return false,
        };
        let is_filed = notice.kind == crate::notice::Kind::SummaryFiled
            && matches!(notice.effect, Effect::SummaryFiled(_));
        let filing = is_filed.then_some(notice.id);
        let last = self.0.iter_mut().rev().find(|said| said.attribute == attribute);
        match last.filter(|said| filing.is_none() && said.filing.is_none()) {
            // Nobody takes back what Customs said, so the last of it is enough.
            Some(said) if said.value == value => {}
            Some(said) => (said.value, said.notice) = (value, notice.id),
            None => self.0.push(Said { attribute, value, notice: notice.id, filing }),
        }
        true
    }

    /// A correction was taken back: what repeated its words since was about it.
    pub fn revert(&mut self, correction: NoticeId) {
        let own = self.0.iter().position(|said| said.filing == Some(correction));
        let Some(first) = own else { return };
        let own: Vec<(Attribute, &str)> = self.0[first..]
            .iter()
            .filter(|said| said.filing == Some(correction))
            .map(|said| (said.attribute, said.value))
            .collect();
        let mut place = 0;
        self.0.retain(|said| {
            place += 1;
            place <= first || said.filing.is_some() || !own.contains(&(said.attribute, said.value))
        });
    }

    /// Gives the entry what stands.
    pub fn settle(&self, entry: &mut Entry) {
        let summary = &entry.summary;
        let counts = |said: &&Said<'_>| said.filing.is_none_or(|filing| summary.counts(filing));
        let last = |attribute: Attribute| {
            self.0.iter().rev().filter(|said| said.attribute == attribute).find(counts)
        };
        let value = |attribute: Attribute| last(attribute).map(|said| said.value);
        entry.entry_type = value(Attribute::Type).and_then(Token::some);
        entry.type_told = last(Attribute::Type).map(|said| said.notice);
        entry.port = value(Attribute::Port).and_then(Token::some);
        entry.importer = value(Attribute::Importer).map(Into::into);
    }
}
