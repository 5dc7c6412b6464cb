//! The `effect` column of a code table, read once: what each code does to an entry.
//!
//! | text | effect |
//! |---|---|
//! | blank | the code is shown and changes nothing |
//! | `hold`, `exam`, `documents`, `detained`, `do-not-load`, `seizure`, `general-order`, `review` | opens a hold under this code |
//! | `clear 1H 5H` | closes the holds with these codes, of the same agency only |
//! | `clear *` | closes every hold of the agency at the notice's level |
//! | `release`, `release-date`, `release-reversed`, `one-government` | release and its changes |
//! | `cancelled`, `cancel-undone`, `replaced` | the entry at Customs |
//! | `filing-accepted`, `filing-rejected` | answer to the release filing |
//! | `arrived`, `in-bond-authorized`, `in-bond-arrived`, `in-bond-exported` | where the goods are |
//! | `summary-accepted`, `summary-warnings`, `summary-rejected`, `summary-cancelled`, `summary-removed`, `correction-reverted`, `summary-request`, `filer-takeover` | entry summary |
//! | `tib-refused` | the extension of a temporary importation is refused, granted before or not |
//!
//! `@FDA` behind the text names the agency; without it the agency is the one that the message names, else CBP.

use crate::grammar::{CodeTable, GrammarError};
use crate::notice::{CBP, CargoStep, ClearedCodes, Effect, HoldKind, Token};

/// The effects of one table, by row.
#[derive(Clone, Debug)]
pub struct CodeEffects(Vec<CodeEffect>);

#[derive(Clone, Copy, Debug)]
struct CodeEffect {
    agency: Option<Token>,
    action: Action,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Inform,
    Hold(HoldKind),
    Clear(ClearedCodes),
    Release,
    ReleaseDate,
    ReleaseReversed,
    OneGovernment,
    Cancelled,
    CancelUndone,
    Replaced,
    FilingAccepted,
    FilingRejected,
    SummaryAccepted { warnings: bool },
    SummaryRejected,
    SummaryCancelled,
    SummaryRemoved,
    CorrectionReverted,
    SummaryRequest,
    FilerTakeover,
    TibRefused,
    Cargo(CargoStep),
}

impl CodeEffects {
    /// # Errors
    /// Names the line of every text that is no effect, and of clear lists that are too long.
    pub fn resolve(table: &CodeTable) -> Result<Self, Vec<GrammarError>> {
        let mut effects = Vec::with_capacity(table.rows.len());
        let mut faults = Vec::new();
        for row in &table.rows {
            match CodeEffect::parse(&row.effect) {
                Ok(effect) => effects.push(effect),
                Err(message) => {
                    let file = format!("codes/{}.tsv", table.name);
                    faults.push(GrammarError::new(&file, row.line as usize, 1, message));
                }
            }
        }
        if faults.is_empty() { Ok(Self(effects)) } else { Err(faults) }
    }

    /// What the row's code does, said by `agency` unless the table names another.
    pub fn effect(&self, row: usize, code: Token, agency: Option<Token>) -> Effect {
        let Some(effect) = self.0.get(row) else { return Effect::Unknown };
        let agency = effect.agency.or(agency).unwrap_or_else(|| Token::new(CBP));
        match effect.action {
            Action::Inform => Effect::Inform,
            Action::Hold(what) => Effect::Hold { agency, code, what },
            Action::Clear(codes) => Effect::Clear { agency, codes },
            Action::Release => Effect::Release { date: None },
            Action::ReleaseDate => Effect::ReleaseDate { date: None },
            Action::ReleaseReversed => Effect::ReleaseReversed { agency, code },
            Action::OneGovernment => Effect::OneGovernment,
            Action::Cancelled => Effect::Cancelled,
            Action::CancelUndone => Effect::CancelUndone,
            Action::Replaced => Effect::Replaced,
            Action::FilingAccepted => Effect::FilingAccepted,
            Action::FilingRejected => Effect::FilingRejected,
            Action::SummaryAccepted { warnings } => Effect::SummaryAccepted { version: None, warnings },
            Action::SummaryRejected => Effect::SummaryRejected,
            Action::SummaryCancelled => Effect::SummaryCancelled,
            Action::SummaryRemoved => Effect::SummaryRemoved,
            Action::CorrectionReverted => Effect::CorrectionReverted,
            Action::SummaryRequest => Effect::SummaryRequest { what: code },
            Action::FilerTakeover => Effect::FilerTakeover { filer: None },
            Action::TibRefused => Effect::TibAnswer { is_accepted: false },
            Action::Cargo(step) => Effect::Cargo { step },
        }
    }
}

impl CodeEffect {
    fn parse(text: &str) -> Result<Self, String> {
        let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
        let agency = match words.last() {
            Some(word) if word.starts_with('@') => {
                let name = &word[1..];
                words.pop();
                Some(Token::some(name).ok_or("`@` without an agency")?)
            }
            _ => None,
        };
        let action = match words.split_first() {
            None => Action::Inform,
            Some((&"clear", codes)) => Action::Clear(cleared(codes)?),
            Some((word, [])) => action_named(word).ok_or_else(|| format!("`{word}` is no effect"))?,
            Some((word, _)) => return Err(format!("`{word}` takes no codes")),
        };
        Ok(Self { agency, action })
    }
}

fn cleared(codes: &[&str]) -> Result<ClearedCodes, String> {
    match codes {
        [] => Err("`clear` wants the codes that it closes, or `*`".to_owned()),
        ["*"] => Ok(ClearedCodes::default()),
        codes if codes.len() > ClearedCodes::CAPACITY => {
            Err(format!("`clear` takes at most {} codes", ClearedCodes::CAPACITY))
        }
        codes => Ok(ClearedCodes::of(codes.iter().map(Token::new))),
    }
}

fn action_named(word: &str) -> Option<Action> {
    Some(match word {
        "hold" => Action::Hold(HoldKind::Hold),
        "exam" => Action::Hold(HoldKind::Exam),
        "documents" => Action::Hold(HoldKind::Documents),
        "detained" => Action::Hold(HoldKind::Detained),
        "do-not-load" => Action::Hold(HoldKind::DoNotLoad),
        "seizure" => Action::Hold(HoldKind::Seizure),
        "general-order" => Action::Hold(HoldKind::GeneralOrder),
        "review" => Action::Hold(HoldKind::Review),
        "release" => Action::Release,
        "release-date" => Action::ReleaseDate,
        "release-reversed" => Action::ReleaseReversed,
        "one-government" => Action::OneGovernment,
        "cancelled" => Action::Cancelled,
        "cancel-undone" => Action::CancelUndone,
        "replaced" => Action::Replaced,
        "filing-accepted" => Action::FilingAccepted,
        "filing-rejected" => Action::FilingRejected,
        "summary-accepted" => Action::SummaryAccepted { warnings: false },
        "summary-warnings" => Action::SummaryAccepted { warnings: true },
        "summary-rejected" => Action::SummaryRejected,
        "summary-cancelled" => Action::SummaryCancelled,
        "summary-removed" => Action::SummaryRemoved,
        "correction-reverted" => Action::CorrectionReverted,
        "summary-request" => Action::SummaryRequest,
        "filer-takeover" => Action::FilerTakeover,
        "tib-refused" => Action::TibRefused,
        "arrived" => Action::Cargo(CargoStep::Arrived),
        "in-bond-authorized" => Action::Cargo(CargoStep::InBondAuthorized),
        "in-bond-arrived" => Action::Cargo(CargoStep::InBondArrived),
        "in-bond-exported" => Action::Cargo(CargoStep::InBondExported),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect_of(text: &str) -> Result<Effect, String> {
        let effect = CodeEffect::parse(text)?;
        Ok(CodeEffects(vec![effect]).effect(0, Token::new("1I"), Some(Token::new("USDA"))))
    }

    #[test]
    fn effects_are_read_as_the_table_says() {
        let agency = Token::new("USDA");
        let hold = Effect::Hold { agency, code: Token::new("1I"), what: HoldKind::Exam };
        assert_eq!(effect_of("exam"), Ok(hold));
        assert_eq!(effect_of(""), Ok(Effect::Inform));
        let cleared = ClearedCodes::of([Token::new("1H")]);
        assert_eq!(effect_of("clear 1H @CBP"), Ok(Effect::Clear { agency: Token::new(CBP), codes: cleared }));
        let everything = Effect::Clear { agency, codes: ClearedCodes::default() };
        assert_eq!(effect_of("clear *"), Ok(everything));
        for bad in ["explode", "hold 1H", "clear", "clear 1 2 3 4 5", "hold @"] {
            assert!(effect_of(bad).is_err(), "{bad}");
        }
    }
}
