//! Facts that no message brings: what people recorded about the entry, and which clocks that starts and ends.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Basis, LiquidationEvent, LiquidationStep};
use crate::ident::NoticeId;
use crate::notice::recorded::Start;
use crate::notice::{
    Amounts, Effect, EventTime, FactKind, Fields, Liquidation, LiquidationKind, Notice, Token,
};

/// A fact as somebody recorded it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordedFact {
    pub fact: FactKind,
    /// The number of the matter: of a protest, a case, a bill.
    pub reference: Option<Box<str>>,
    /// When it happened.
    pub date: Option<NaiveDate>,
    pub at: Option<EventTime>,
    pub notice: NoticeId,
    /// All that was told.
    pub said: Fields,
}

impl RecordedFact {
    pub(super) fn of(notice: &Notice) -> Option<Self> {
        let fact = FactKind::of_notice(notice.kind, notice.code)?;
        let own = notice.field(fact.definition().date).and_then(|text| text.parse().ok());
        Some(Self {
            fact,
            reference: notice.field("reference").map(Into::into),
            date: own.or(notice.at.map(|at| at.date)),
            at: notice.at,
            notice: notice.id,
            said: notice.fields.clone(),
        })
    }

    pub fn date_of(&self, field: &str) -> Option<NaiveDate> {
        self.said.get(field)?.parse().ok()
    }

    pub fn says(&self, field: &str, word: &str) -> bool {
        self.said.get(field) == Some(word)
    }

    /// The clocks that the fact starts.
    pub fn starts(&self) -> impl Iterator<Item = &'static Start> + '_ {
        self.fact.definition().starts.iter().filter(|start| match start.only {
            Some((field, words)) => words.contains(&self.said.get(field).unwrap_or_default()),
            None => true,
        })
    }

    /// Whether it ends clocks with this id: by its kind, or because it names them.
    pub fn ends(&self, id: &str) -> bool {
        let named = || self.said.get("deadline").unwrap_or_default().split([',', ' ']).any(|word| word == id);
        self.fact.definition().ends.contains(&id) || (self.fact == FactKind::Done && named())
    }

    /// Whether it is about the same matter: facts without a number are about any.
    pub fn is_about(&self, reference: Option<&str>) -> bool {
        match (self.reference.as_deref(), reference) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        }
    }

    /// What it says about the liquidation, where its notice has no effect of its own.
    pub(super) fn liquidation_step(&self, effect: &Effect) -> Option<LiquidationEvent> {
        if *effect != Effect::Inform {
            return None;
        }
        let reason = Token::new(self.said.get("reason").unwrap_or_default());
        let what = match self.fact {
            FactKind::Bulletin => LiquidationStep::Liquidated(Liquidation {
                event: match self.said.get("event") {
                    Some("reliquidation") => LiquidationKind::Reliquidation,
                    _ => LiquidationKind::Liquidation,
                },
                date: self.date,
                kind: Token::new(""),
                reason,
                paid: Amounts::default(),
                liquidated: Amounts::default(),
                interest: None,
            }),
            FactKind::Extension => LiquidationStep::Extended {
                times: self.said.get("times").and_then(|times| times.parse().ok()),
                reason,
                date: self.date,
            },
            FactKind::Suspension => LiquidationStep::Suspended { reason, date: self.date },
            FactKind::SuspensionEnd => LiquidationStep::Lifted { date: self.date },
            _ => return None,
        };
        Some(LiquidationEvent { at: self.at, notice: self.notice, basis: Basis::Recorded, what })
    }
}
