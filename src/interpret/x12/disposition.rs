//! CBP's disposition codes, which 350 and 315 share: what each means, how loud it is, what it does.

use chrono::NaiveDate;

use super::Wanted;
use crate::grammar::CodeTable;
use crate::interpret::effects::CodeEffects;
use crate::notice::{Effect, Token};
use crate::place::Severity;

pub(super) const TABLE: &str = "x12_disposition";

pub(super) struct Dispositions {
    table: CodeTable,
    /// By row of the table; empty only while an incomplete grammar is being refused.
    rows: Vec<Row>,
}

struct Row {
    token: Token,
    severity: Severity,
    effect: Effect,
}

/// What the table says about a code.
pub(super) struct Judged<'t> {
    pub meaning: Option<&'t str>,
    pub severity: Severity,
    pub effect: &'t Effect,
}

impl Judged<'_> {
    pub fn is_unknown(&self) -> bool {
        matches!(self.effect, Effect::Unknown)
    }

    /// The effect of a release, with its date, which the table cannot know.
    pub fn release(&self, date: Option<NaiveDate>) -> Option<Effect> {
        matches!(self.effect, Effect::Release { .. }).then_some(Effect::Release { date })
    }

    /// The effect, with its date when it is a release.
    pub fn dated(&self, date: Option<NaiveDate>) -> Effect {
        self.release(date).unwrap_or(*self.effect)
    }
}

impl Dispositions {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let table = wanted.table(TABLE);
        let effects = CodeEffects::resolve(&table).map_err(|faults| wanted.faults.extend(faults)).ok();
        let rows = effects.iter().flat_map(|effects| {
            table.rows.iter().enumerate().map(|(at, row)| Row {
                token: Token::new(&*row.code),
                severity: row.severity.unwrap_or(Severity::Info),
                effect: effects.effect(at, Token::new(&*row.code), None),
            })
        });
        let rows = rows.collect();
        Self { table, rows }
    }

    /// What the table says about a code as it was sent, and the token that the code is.
    #[inline]
    pub fn judge_sent(&self, code: &[u8]) -> (Option<Token>, Judged<'_>) {
        let at = if code.len() <= Token::CAPACITY { self.table.position(code) } else { None };
        match at.and_then(|at| Some((self.rows.get(at)?, self.table.rows.get(at)?))) {
            Some((row, words)) => (
                Some(row.token),
                Judged { meaning: Some(&words.meaning), severity: row.severity, effect: &row.effect },
            ),
            None => {
                let token = Token::some(code);
                (token, self.judge(token))
            }
        }
    }

    /// A code that no table has is as loud as can be: it may be a hold that is newer than the table.
    pub fn judge(&self, code: Option<Token>) -> Judged<'_> {
        let at = code.and_then(|code| self.table.position(code.as_bytes()));
        match at.and_then(|at| Some((self.rows.get(at)?, self.table.rows.get(at)?))) {
            Some((row, words)) => {
                Judged { meaning: Some(&words.meaning), severity: row.severity, effect: &row.effect }
            }
            None => Judged { meaning: None, severity: Severity::Critical, effect: &Effect::Unknown },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;

    fn judged(dispositions: &Dispositions, code: &str) -> (Severity, Effect) {
        let judged = dispositions.judge(Token::some(code));
        (judged.severity, judged.dated(None))
    }

    fn dispositions() -> Dispositions {
        let grammar = Grammar::embedded();
        let mut wanted = Wanted { grammar: &grammar, faults: Vec::new() };
        let dispositions = Dispositions::resolve(&mut wanted);
        assert_eq!(wanted.faults, []);
        dispositions
    }

    #[test]
    fn a_removal_closes_the_holds_that_its_pair_names_and_no_other() {
        let dispositions = dispositions();
        let grammar = Grammar::embedded();
        let pairs = grammar.codes.get("x12_disposition_pairs").expect("the pairs are embedded");
        let mut by_removal = std::collections::BTreeMap::<&str, Vec<&str>>::new();
        for row in &pairs.rows {
            by_removal.entry(&row.meaning).or_default().push(&row.code);
        }
        let mut closed = 0;
        for (removal, holds) in by_removal {
            let Effect::Clear { agency, codes } = judged(&dispositions, removal).1 else { continue };
            let opened: Vec<Token> = holds
                .iter()
                .filter_map(|hold| match judged(&dispositions, hold) {
                    (severity, Effect::Hold { agency: opener, code, .. }) => {
                        assert_eq!((severity, opener, code), (Severity::Critical, agency, Token::new(hold)));
                        Some(code)
                    }
                    _ => None,
                })
                .collect();
            assert_eq!(codes.iter().collect::<Vec<_>>(), opened, "{removal}");
            closed += opened.len();
        }
        assert!(closed > 160, "{closed}");
    }

    #[test]
    fn every_hold_can_be_closed() {
        let dispositions = dispositions();
        let effects: Vec<(Token, Effect)> = dispositions
            .table
            .rows
            .iter()
            .map(|row| (Token::new(&*row.code), judged(&dispositions, &row.code).1))
            .collect();
        let closes = |code| {
            effects.iter().any(|(_, effect)| match effect {
                Effect::Clear { codes, .. } => codes.iter().any(|closed| closed == code),
                _ => false,
            })
        };
        // An examination ends with the release after it, general order and seizure with what is agreed.
        let without = ["1A", "1S", "1T", "1U"].map(Token::new);
        for (code, effect) in &effects {
            if let Effect::Hold { .. } = effect {
                assert_ne!(closes(*code), without.contains(code), "{code}");
            }
        }
    }

    #[test]
    fn the_loudness_follows_the_kind() {
        let dispositions = dispositions();
        for (code, severity) in [
            ("1H", Severity::Critical),
            ("FX", Severity::Critical),
            ("4E", Severity::Critical),
            ("1U", Severity::Critical),
            ("70", Severity::Critical),
            ("1R", Severity::Warning),
            ("S2", Severity::Warning),
            ("1N", Severity::Warning),
            ("1C", Severity::Info),
            ("1J", Severity::Info),
            ("ZQ", Severity::Critical),
        ] {
            assert_eq!(judged(&dispositions, code).0, severity, "{code}");
        }
        assert_eq!(judged(&dispositions, "ZQ").1, Effect::Unknown);
        assert_eq!(judged(&dispositions, "4C").1, Effect::Release { date: None });
        let cbp = Token::new("CBP");
        assert_eq!(
            judged(&dispositions, "16").1,
            Effect::ReleaseReversed { agency: cbp, code: Token::new("16") }
        );
    }
}
