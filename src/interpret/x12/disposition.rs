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
    /// `None` only while an incomplete grammar is being refused.
    effects: Option<CodeEffects>,
}

/// What the table says about a code.
pub(super) struct Judged<'t> {
    pub meaning: Option<&'t str>,
    pub severity: Severity,
    pub effect: Effect,
}

impl Dispositions {
    pub fn resolve(wanted: &mut Wanted<'_>) -> Self {
        let table = wanted.table(TABLE);
        let effects = CodeEffects::resolve(&table).map_err(|faults| wanted.faults.extend(faults)).ok();
        Self { table, effects }
    }

    /// A code that no table has is as loud as can be: it may be a hold that is newer than the table.
    pub fn judge(&self, code: Option<Token>, date: Option<NaiveDate>) -> Judged<'_> {
        let row = code.and_then(|code| Some((code, self.table.position(code.as_str().as_bytes())?)));
        match (row, &self.effects) {
            (Some((code, at)), Some(effects)) => {
                let row = &self.table.rows[at];
                let effect = match effects.effect(at, code, None) {
                    Effect::Release { .. } => Effect::Release { date },
                    effect => effect,
                };
                Judged {
                    meaning: Some(&row.meaning),
                    severity: row.severity.unwrap_or(Severity::Info),
                    effect,
                }
            }
            _ => Judged { meaning: None, severity: Severity::Critical, effect: Effect::Unknown },
        }
    }
}
