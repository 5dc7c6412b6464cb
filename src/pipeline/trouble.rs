//! Troubles that last: told once when they begin, and once when they are over. A mailbox that refuses letters is one.

use super::raise::Told;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{
    Alert, Cause, EntryBrief, Letter, LetterKey, LetterState, Outcome, TroubleBrief, TroubleId, retry,
};
use crate::place::Severity;
use crate::step::OpenTrouble;

/// The code of a trouble about a mailbox that takes no letters.
pub const LETTER_GIVEN_UP: &str = "letter-given-up";

/// Alerts that a trouble about a letter names.
const NAMED_MAX: usize = 5;

impl Pipeline {
    /// Something is wrong with a drop, a file or ourselves. Known troubles are not told again; answers whether it is new.
    pub fn trouble<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        severity: Severity,
        broker: &str,
        trouble: TroubleBrief,
    ) -> Result<bool, V::Error> {
        let id = trouble.id();
        if group.trouble(&id)?.is_some() {
            return Ok(false);
        }
        let open = OpenTrouble {
            since: moment.at,
            seq: moment.seq,
            severity,
            broker: broker.into(),
            brief: trouble.clone(),
        };
        group.set_trouble(id, Some(open));
        let occasion = moment.seq.to_string();
        self.raise_trouble(group, moment, &Told::new(severity, broker, &trouble, &occasion))?;
        Ok(true)
    }

    /// A trouble is over: who was told of it is told that, once. Answers whether it was open.
    pub fn trouble_over<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        id: &TroubleId,
    ) -> Result<bool, V::Error> {
        let Some(open) = group.trouble(id)? else { return Ok(false) };
        group.set_trouble(id.clone(), None);
        let began = open.since.format("%Y-%m-%d %H:%M UTC");
        let brief = TroubleBrief {
            message: format!("it is over. It began at {began}: {}", open.brief.message),
            advice: "Nothing is left to do.".to_owned(),
            ..open.brief
        };
        let occasion = format!("{}-over", open.seq);
        let told = Told { is_over: true, ..Told::new(open.severity, &open.broker, &brief, &occasion) };
        let told = Told { except: mailbox_of(&id.subject), ..told };
        self.raise_trouble(group, moment, &told)?;
        Ok(true)
    }

    /// What a mail server did with a letter. A letter that nobody will get is told to the others.
    pub fn letter<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        key: &LetterKey,
        outcome: &Outcome,
    ) -> Result<bool, V::Error> {
        let Some(mut letter) = group.letter(key)? else { return Ok(false) };
        let was_waiting = matches!(letter.state, LetterState::Waiting { .. });
        letter.state = retry::after(&letter.state, outcome, moment.at);
        group.put_letter(letter.clone());
        match &letter.state {
            LetterState::Sent { .. } => {
                self.trouble_over(group, moment, &mailbox_trouble(&letter.recipient))?;
            }
            LetterState::GivenUp { error, .. } if was_waiting => {
                self.given_up(group, moment, &letter, error)?;
            }
            LetterState::GivenUp { .. } | LetterState::Waiting { .. } => {}
        }
        Ok(true)
    }

    /// Told once for a mailbox that refuses letters, and again for each critical letter that is lost to it.
    fn given_up<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        letter: &Letter,
        error: &str,
    ) -> Result<(), V::Error> {
        let mut alerts = Vec::new();
        for key in &letter.alerts {
            alerts.extend(self.alert_in(group, key)?);
        }
        // A letter about a letter: the loss that it tells of was told, and this one would go round in a circle.
        let is_about_letters = |alert: &Alert| matches!(&alert.cause, Cause::Trouble(trouble) if &*trouble.code == LETTER_GIVEN_UP);
        if !alerts.is_empty() && alerts.iter().all(is_about_letters) {
            return Ok(());
        }
        let brief = TroubleBrief {
            subject: mailbox_trouble(&letter.recipient).subject,
            code: LETTER_GIVEN_UP.into(),
            message: format!(
                "a {} letter to {} was given up: {error}. It holds {}.",
                letter.severity.as_str(),
                letter.recipient,
                contents(&alerts, letter.alerts.len())
            ),
            advice: format!(
                "Correct the address in the configuration, or have the mailbox repaired. Then send it with: entrywatch alerts retry {}\n\
                 All letters that were given up: entrywatch alerts list --letters --state given-up",
                letter.key
            ),
            file: None,
            place: None,
        };
        let id = brief.id();
        let occasion = match group.trouble(&id)? {
            Some(_) if letter.severity < Severity::Critical => return Ok(()),
            Some(_) => letter.key.to_string(),
            None => moment.seq.to_string(),
        };
        if group.trouble(&id)?.is_none() {
            let open = OpenTrouble {
                since: moment.at,
                seq: moment.seq,
                severity: Severity::Critical,
                broker: "".into(),
                brief: brief.clone(),
            };
            group.set_trouble(id, Some(open));
        }
        let told = Told::new(Severity::Critical, "", &brief, &occasion);
        self.raise_trouble(group, moment, &Told { except: Some(&letter.recipient), ..told })
    }
}

const MAILBOX: &str = "mail to ";

fn mailbox_trouble(recipient: &str) -> TroubleId {
    TroubleId { subject: format!("{MAILBOX}{recipient}").into(), code: LETTER_GIVEN_UP.into() }
}

/// The recipient that a trouble is about.
fn mailbox_of(subject: &str) -> Option<&str> {
    subject.strip_prefix(MAILBOX)
}

/// `CBP or agency hold (9Z7-1000042-5), Exam ordered (9Z7-1000043-3) and 3 more`.
fn contents(alerts: &[Alert], count: usize) -> String {
    let words = |alert: &Alert| {
        let number = |entry: &EntryBrief| format!(" ({})", entry.number);
        format!("{}{}", alert.title, alert.entry.as_ref().map(number).unwrap_or_default())
    };
    let named: Vec<String> = alerts.iter().take(NAMED_MAX).map(words).collect();
    match count.saturating_sub(named.len()) {
        0 => named.join(", "),
        more if named.is_empty() => format!("{more} alert{}", if more == 1 { "" } else { "s" }),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
