//! Extensions and suspensions of liquidation, as NR and ER tell them.

use chrono::NaiveDate;

use super::resolve::{Resolver, Words};
use crate::grammar::CodeRow;
use crate::notice::{Effect, Token};

/// What an extension or suspension code does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stay {
    Extended,
    Suspended,
    Lifted,
    /// Shown, without effect on the clocks.
    Told,
}

impl Stay {
    pub fn effect(self, reason: Token, times: Option<u8>, date: Option<NaiveDate>) -> Effect {
        match self {
            Self::Extended => Effect::Extended { times, reason, date },
            Self::Suspended => Effect::Suspended { reason, date },
            Self::Lifted => Effect::SuspensionLifted { date },
            Self::Told => Effect::Inform,
        }
    }
}

/// The table of the codes.
pub struct StayCodes {
    words: Words,
    kinds: Vec<Stay>,
}

impl StayCodes {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let (words, kinds) = resolver.own_effects("extension-suspension", |text| match text {
            "extended" => Some(Stay::Extended),
            "suspended" => Some(Stay::Suspended),
            "lifted" => Some(Stay::Lifted),
            "" => Some(Stay::Told),
            _ => None,
        });
        Self { words, kinds }
    }

    pub fn words(&self) -> &Words {
        &self.words
    }

    pub fn get(&self, code: &[u8]) -> Option<(Stay, &CodeRow)> {
        let position = self.words.position(code)?;
        Some((*self.kinds.get(position)?, self.words.row(position)?))
    }
}
