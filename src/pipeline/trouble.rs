//! Troubles that last: told once when they begin, and once when they are over. A mailbox that refuses letters is one.

use std::collections::BTreeSet;

use super::raise::Told;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{
    Alert, AlertKey, Attempt, Cause, EntryBrief, Happened, Letter, LetterKind, LetterState, TroubleBrief,
    TroubleId, retry,
};
use crate::place::Severity;
use crate::step::{GivenUp, OpenTrouble};

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
            given_up: GivenUp::default(),
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
        self.end_alerts(group, moment, &open)?;
        let began = open.since.format("%Y-%m-%d %H:%M UTC");
        let advice = if open.given_up == GivenUp::default() {
            "Nothing is left to do.".to_owned()
        } else {
            format!("What was given up meanwhile is not sent by itself.\n{SEND_AGAIN}")
        };
        let brief = TroubleBrief {
            message: format!("it is over. It began at {began}: {}", open.brief.message),
            advice,
            ..open.brief
        };
        let occasion = format!("{}-over", open.seq);
        let told = Told { is_over: true, ..Told::new(open.severity, &open.broker, &brief, &occasion) };
        let told = Told { except: mailbox_of(&id.subject), ..told };
        self.raise_trouble(group, moment, &told)?;
        Ok(true)
    }

    /// The alerts that told the trouble are over: nothing more is said of it, and what has not left yet says so.
    fn end_alerts<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        open: &OpenTrouble,
    ) -> Result<(), V::Error> {
        let hit = |severity| self.rules.for_trouble(&open.brief.code, severity, &open.broker);
        let rules = [open.severity, Severity::Warning].into_iter().filter_map(hit);
        let rules: BTreeSet<&str> = rules.map(|hit| &*hit.rule.name).collect();
        let told = [Some(open.seq), open.given_up.critical_seq].into_iter().flatten();
        let keys = told
            .flat_map(|seq| rules.iter().map(move |rule| trouble_key(rule, &open.brief, &seq.to_string())));
        for key in keys {
            if !group.has_alert(&key)? {
                continue;
            }
            let mut course = group.course(&key)?.unwrap_or_default();
            course.over_at = Some(moment.at);
            course.note(moment.at, Happened::Over);
            group.put_course(key, course);
        }
        Ok(())
    }

    /// What a mail server did with a letter. A letter that nobody will get is told to the others.
    pub fn letter<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        attempt: &Attempt,
    ) -> Result<bool, V::Error> {
        let Some(mut letter) = group.letter(&attempt.letter)? else { return Ok(false) };
        let was_waiting = matches!(letter.state, LetterState::Waiting { .. });
        let is_first = !letter.may_have_been_read();
        letter.state = retry::after(&letter.state, &attempt.outcome, moment.at);
        let is_out = is_first && letter.may_have_been_read();
        if is_out {
            letter.past.ends_until = attempt.ends_until;
        }
        group.put_letter(letter.clone());
        if is_out {
            self.tell_missed_ends(group, moment, (&letter, attempt))?;
        }
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

    /// Told once for a mailbox that refuses letters, and once more when the first critical one is lost to it. The rest is counted.
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
        // That something is over, or routine, nobody has to hear at once.
        let is_news = !matches!(letter.kind, LetterKind::Over | LetterKind::Digest { .. });
        let is_critical = is_news && letter.severity == Severity::Critical;
        let severity = if is_critical { Severity::Critical } else { Severity::Warning };
        let id = mailbox_trouble(&letter.recipient);
        let known = group.trouble(&id)?;
        let had = known.as_ref().map(|open| open.given_up).unwrap_or_default();
        // A letter that a person had tried again, and that is given up again, is no other letter.
        let since = known.as_ref().map(|open| open.since);
        let is_counted =
            letter.past.given_up.as_ref().is_some_and(|past| since.is_some_and(|since| since <= past.at));
        let is_more = |more: bool| u32::from(more && !is_counted);
        let counts = GivenUp {
            letters: had.letters.saturating_add(is_more(true)),
            critical: had.critical.saturating_add(is_more(is_critical)),
            ..had
        };
        let brief = given_up_brief(letter, (counts, severity), error, &alerts);
        let told = match &known {
            None => Some(moment.seq),
            // What was told as less than critical is critical now.
            Some(_) if is_critical && had.critical == 0 => Some(moment.seq),
            Some(_) => None,
        };
        let open = match known {
            Some(open) => OpenTrouble {
                severity: open.severity.max(severity),
                brief: brief.clone(),
                given_up: GivenUp { critical_seq: told.or(had.critical_seq), ..counts },
                ..open
            },
            None => OpenTrouble {
                since: moment.at,
                seq: moment.seq,
                severity,
                broker: "".into(),
                brief: brief.clone(),
                given_up: counts,
            },
        };
        group.set_trouble(id, Some(open));
        let Some(seq) = told else { return Ok(()) };
        let (except, occasion) = (Some(&*letter.recipient), seq.to_string());
        self.raise_trouble(group, moment, &Told { except, ..Told::new(severity, "", &brief, &occasion) })
    }

    /// The alert as it is to be said again: of a mailbox with what was given up by now.
    pub(super) fn as_it_stands<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: Alert,
    ) -> Result<Alert, V::Error> {
        let Cause::Trouble(told) = &alert.cause else { return Ok(alert) };
        let open = if &*told.code == LETTER_GIVEN_UP { group.trouble(&told.id())? } else { None };
        let Some(open) = open else { return Ok(alert) };
        let alert = Alert { cause: Cause::Trouble(open.brief), ..alert };
        group.put_alert(alert.clone());
        Ok(alert)
    }
}

/// A trouble's alert: raised by the rule for what is wrong, on this occasion.
pub(super) fn trouble_key(rule: &str, trouble: &TroubleBrief, occasion: &str) -> AlertKey {
    AlertKey::new(rule, &format!("{}:{}", trouble.subject, trouble.code), occasion)
}

/// The mailbox that an alert is about, which is told nothing of it.
pub(super) fn mailbox_about(alert: &Alert) -> Option<&str> {
    match &alert.cause {
        Cause::Trouble(trouble) if &*trouble.code == LETTER_GIVEN_UP => mailbox_of(&trouble.subject),
        _ => None,
    }
}

fn given_up_brief(
    letter: &Letter,
    counts: (GivenUp, Severity),
    error: &str,
    alerts: &[Alert],
) -> TroubleBrief {
    TroubleBrief {
        subject: mailbox_trouble(&letter.recipient).subject,
        code: LETTER_GIVEN_UP.into(),
        message: given_up_message(letter, counts, error, alerts),
        advice: format!(
            "Correct the address in the configuration, or have the mailbox repaired. Then send it with: entrywatch alerts retry {}\n\
             {SEND_AGAIN}",
            letter.key
        ),
        file: None,
        place: None,
    }
}

/// What the first letter held; later how many there are, and what the last one held.
fn given_up_message(
    letter: &Letter,
    (counts, severity): (GivenUp, Severity),
    error: &str,
    alerts: &[Alert],
) -> String {
    let held = contents(alerts, letter.alerts.len());
    let word = match letter.kind {
        LetterKind::Over => "an [OVER] letter".to_owned(),
        LetterKind::Digest { .. } => "a digest".to_owned(),
        _ => match letter.severity.max(severity) {
            Severity::Info => "an info letter".to_owned(),
            loud => format!("a {} letter", loud.as_str()),
        },
    };
    if counts.letters < 2 {
        return format!("{word} was given up: {error}. It holds {held}.");
    }
    let (letters, critical) = (counts.letters, counts.critical);
    format!(
        "{letters} letters were given up, {critical} of them critical; the last, {word}: {error}. It holds {held}."
    )
}

const MAILBOX: &str = "mail to ";

/// Where to find what was given up.
const SEND_AGAIN: &str = "All letters that were given up: entrywatch alerts list --letters --state given-up";

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
