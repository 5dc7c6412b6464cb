//! Answers for which an entry waits, asked about.

use super::{Asked, WhySilence};
use crate::entry::Life;
use crate::outbox::AlertKey;
use crate::rules::{Delivery, Rule, SilenceContext};

impl Asked<'_> {
    /// What should have come and has not, by what is known now. What was missing once and came is not told here.
    pub(super) fn silences(&self, life: &Life, rule: &Rule) -> Vec<WhySilence> {
        let entry = life.entry();
        let deadlines = life.deadlines(&entry, self.deadlines);
        let broker = life.broker().map_or("unknown", |broker| broker.as_str());
        let mut asked = Vec::new();
        for silence in entry.silences(self.deadlines, &deadlines) {
            let on = silence.day.max(self.today);
            let ctx = SilenceContext { code: silence.code, entry: Some(&entry), broker, on };
            let Some(answer) = self.rules.why_silence(&ctx, &rule.name) else { continue };
            let told = self.rules.tell_silence(&ctx, 0).filter(|(decided, _)| decided.name == rule.name);
            let told = told.map(|(_, telling)| telling);
            let looked_at = life.reminders.iter().find(|known| *known.deadline == *silence.key());
            let when = match looked_at.map(|known| known.day) {
                _ if !silence.stands_on(self.today) => {
                    format!("; it is awaited, and nothing is missing before {}", silence.day)
                }
                Some(day) if day > self.today => {
                    format!("; it is looked at on {day}: it was seen late, or {broker} cannot be heard")
                }
                Some(day) => {
                    format!("; it waits to be looked at since {day}, as the service does every morning")
                }
                None => String::new(),
            };
            let verdict = self.verdict(&answer, told.as_ref()) + &when;
            let telling = told.filter(|telling| telling.delivery != Delivery::None).map(|telling| {
                self.telling(AlertKey::new(&rule.name, life.number.as_str(), &silence.occasion()), &telling)
            });
            asked.push(WhySilence {
                code: silence.code.to_owned(),
                sentence: silence.sentence(),
                day: silence.day,
                clauses: answer.clauses,
                matches: answer.matches,
                decided_by: answer.decided_by,
                verdict,
                telling,
            });
        }
        asked
    }
}
