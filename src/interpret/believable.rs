//! Dates that cannot be true are not believed: a slip of the keyboard or a shifted column would start a clock decades ahead, or end one
//! that runs.

use chrono::NaiveDate;

use super::NoticeSink;
use crate::decode::abi::moment;
use crate::decode::x12::value::short_date;
use crate::decode::{Body, Message};
use crate::grammar::abi::{FieldAt, Format};
use crate::notice::{Effect, EventTime, NoticeRef, is_believable};
use crate::place::{Finding, Grade, Place, finding_code};

/// A record, positions 15 to 20: the day of the transmission.
const TRANSMISSION_DATE: FieldAt = FieldAt::new(14, 20);

/// Dates of one message that are told; it repeats them in each of its notices.
const TOLD_MAX: usize = 20;

/// Hands notices on without the dates that lie too far from the message's own. What happened at such a date counts as of the day of
/// the message.
pub struct Believable<'s> {
    sink: &'s mut dyn NoticeSink,
    said_on: Option<NaiveDate>,
    told: Vec<NaiveDate>,
}

impl<'s> Believable<'s> {
    /// The message's own date is that of its envelope; without one, or with one that cannot be true itself, the day on which it was
    /// received.
    pub fn of(message: &Message<'_>, received_on: Option<NaiveDate>, sink: &'s mut dyn NoticeSink) -> Self {
        let sent = sent_on(message).filter(|sent| received_on.is_none_or(|day| is_believable(*sent, day)));
        Self { sink, said_on: sent.or(received_on), told: Vec::new() }
    }

    #[cold]
    fn tell(&mut self, date: NaiveDate, said_on: NaiveDate, place: Place) {
        if self.told.contains(&date) || self.told.len() >= TOLD_MAX {
            return;
        }
        self.told.push(date);
        let message = format!(
            "the date {date} cannot be true, for the message is of {said_on}; no clock starts, moves or ends by it"
        );
        self.sink.finding(Finding::new(finding_code::IMPOSSIBLE_DATE, Grade::Warning, place, message));
    }

    #[cold]
    fn mended(&mut self, notice: &NoticeRef<'_>, said_on: NaiveDate) {
        let mut effect = *notice.effect;
        let mut odd = Vec::new();
        effect.retain_dates(&mut |date| {
            let is_kept = is_believable(date, said_on);
            if !is_kept {
                odd.push(date);
            }
            is_kept
        });
        let at = notice.at.map(|at| {
            if is_believable(at.date, said_on) {
                return at;
            }
            odd.push(at.date);
            EventTime::date(said_on)
        });
        odd.into_iter().for_each(|date| self.tell(date, said_on, notice.place));
        self.sink.notice(&NoticeRef { at, effect: &effect, ..*notice });
    }
}

impl NoticeSink for Believable<'_> {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let Some(said_on) = self.said_on else { return self.sink.notice(notice) };
        let is_odd = notice.at.is_some_and(|at| !is_believable(at.date, said_on))
            || has_odd_date(notice.effect, said_on);
        if is_odd { self.mended(notice, said_on) } else { self.sink.notice(notice) }
    }

    fn finding(&mut self, finding: Finding) {
        self.sink.finding(finding);
    }
}

#[inline]
fn has_odd_date(effect: &Effect, said_on: NaiveDate) -> bool {
    let has_none = matches!(
        effect,
        Effect::Inform | Effect::Unknown | Effect::Hold { .. } | Effect::Clear { .. } | Effect::FiledLine(_)
    );
    if has_none {
        return false;
    }
    let mut is_odd = false;
    let mut effect = *effect;
    effect.retain_dates(&mut |date| {
        is_odd |= !is_believable(date, said_on);
        true
    });
    is_odd
}

fn sent_on(message: &Message<'_>) -> Option<NaiveDate> {
    match &message.body {
        Body::Abi(transaction) => {
            let date = transaction.batch?.raw(TRANSMISSION_DATE);
            moment::date(date, Format::Mmddyy).ok().flatten()
        }
        Body::X12(set) => short_date(set.envelope().sent()[0]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;
    use crate::interpret::Interpreter;
    use crate::notice::Liquidation;

    #[derive(Default)]
    struct Heard {
        said: Vec<String>,
        findings: Vec<String>,
    }

    impl NoticeSink for Heard {
        fn notice(&mut self, notice: &NoticeRef<'_>) {
            let date = match notice.effect {
                Effect::Release { date } | Effect::Liquidated(Liquidation { date, .. }) => *date,
                _ => None,
            };
            let text = |date: Option<NaiveDate>| date.map_or("-".to_owned(), |date| date.to_string());
            self.said.push(format!("{} {}", text(notice.at.map(|at| at.date)), text(date)));
        }

        fn finding(&mut self, finding: Finding) {
            self.findings.push(format!("{} {}", finding.code, finding.message));
        }
    }

    fn heard(text: &str, received_on: Option<&str>) -> Heard {
        let interpreter = Interpreter::new(Grammar::embedded()).expect("the embedded tables are sound");
        let grammar = interpreter.grammar().clone();
        let received_on = received_on.map(|day| day.parse().expect("a date"));
        let mut heard = Heard::default();
        crate::decode::decode(text.as_bytes(), &grammar, &mut |message: &Message<'_>| {
            interpreter.interpret_received("", received_on, message, &mut heard);
        });
        heard
    }

    fn so(head: &str, at: &str, released: &str) -> String {
        let head = if head.is_empty() {
            String::new()
        } else {
            format!("A27049Z7      {head}     SO\nB  27049Z7SO\n")
        };
        format!(
            "{head}SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W040225\n\
             SO60{at}140298{:<40}{released}08\n",
            "RELEASED"
        )
    }

    #[test]
    fn dates_far_from_the_message_are_not_believed() {
        for (head, at, released, received, wanted, findings) in [
            ("040225", "040225", "040125", None, "2025-04-02 2025-04-01", 0),
            ("040225", "040225", "040135", None, "2025-04-02 2035-04-01", 0),
            ("040225", "040225", "040435", None, "2025-04-02 -", 1),
            ("040225", "040260", "040260", None, "2025-04-02 -", 1),
            ("040225", "040270", "040225", None, "2025-04-02 2025-04-02", 1),
            ("040225", "040299", "040299", None, "1999-04-02 1999-04-02", 0),
            // The header itself is wrong, or there is none: the day on which it came.
            ("040270", "040225", "040225", Some("2025-04-03"), "2025-04-02 2025-04-02", 0),
            ("", "040260", "040225", Some("2025-04-03"), "2025-04-03 2025-04-02", 1),
            ("", "040260", "040225", None, "2060-04-02 2025-04-02", 0),
        ] {
            let heard = heard(&so(head, at, released), received);
            assert_eq!(heard.said, [wanted], "{head} {at} {released}");
            let odd = heard.findings.iter().filter(|text| text.starts_with("impossible-date"));
            assert_eq!(odd.count(), findings, "{:?}", heard.findings);
        }
    }
}
