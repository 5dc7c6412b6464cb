//! Troubles that last: told once when they begin, and once when they are over. A mailbox that refuses letters is one.

use std::collections::BTreeSet;

use super::ends::Hears;
use super::raise::Told;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::{
    Alert, AlertKey, Attempt, Cause, Happened, Letter, LetterKind, LetterState, TroubleBrief, TroubleId,
    retry,
};
use crate::place::Severity;
use crate::step::{GivenUp, OpenTrouble};
use crate::webhook::PREFIX;

/// The code of a trouble about a mailbox that takes no letters.
pub const LETTER_GIVEN_UP: &str = "letter-given-up";

/// The code of a trouble about a new configuration that is not taken.
pub const RELOAD_REFUSED: &str = "reload-refused";

/// Alerts that a trouble about a letter names.
const NAMED_MAX: usize = 5;

impl Pipeline {
    /// Whether there is nothing to keep of a trouble that was met: it is open, and what is known of it stands. A configuration that is
    /// refused once more is refused for what stands in it now.
    pub fn is_known(open: &OpenTrouble, met: &TroubleBrief) -> bool {
        &*met.code != RELOAD_REFUSED || open.brief == *met
    }

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
        if let Some(open) = group.trouble(&id)? {
            if !Self::is_known(&open, &trouble) {
                group.set_trouble(id, Some(OpenTrouble { brief: trouble, ..open }));
            }
            return Ok(false);
        }
        let occasion = moment.seq.to_string();
        let told = self.raise_trouble(group, moment, &Told::new(severity, broker, &trouble, &occasion))?;
        let open = OpenTrouble {
            since: moment.at,
            seq: moment.seq,
            severity,
            broker: broker.into(),
            brief: trouble,
            given_up: GivenUp::default(),
            alerts: told.into_iter().collect(),
        };
        group.set_trouble(id, Some(open));
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
        let is_it = |recipient: &&str| mailbox_trouble(recipient) == *id;
        let except = self.mailboxes().filter(is_it).map(Box::from).collect();
        self.tell_trouble_over(group, moment, open, ("it is over", except))?;
        Ok(true)
    }

    /// Whether a trouble is about a mailbox that is in no team any more: nothing is sent there, so no letter will end it.
    pub(super) fn is_of_no_mailbox(&self, open: &OpenTrouble) -> bool {
        let id = open.brief.id();
        *id.code == *LETTER_GIVEN_UP
            && !self.audience.teams().is_empty()
            && !self.mailboxes().any(|recipient| mailbox_trouble(recipient) == id)
    }

    /// The mailbox of a trouble is in no team any more. Those hear it who were told of the trouble, and not who came in its place.
    pub(super) fn mailbox_gone<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        open: OpenTrouble,
    ) -> Result<(), V::Error> {
        let mut told = BTreeSet::new();
        for key in &open.alerts {
            let course = group.course(key)?.unwrap_or_default();
            told.extend(course.carriers.into_iter().map(|carrier| carrier.recipient));
        }
        let except = self.mailboxes().filter(|recipient| !told.contains(*recipient)).map(Box::from).collect();
        self.tell_trouble_over(group, moment, open, ("it is over, for no team has it any more", except))
    }

    fn mailboxes(&self) -> impl Iterator<Item = &str> {
        self.audience.teams().iter().flat_map(|team| &team.to).map(|recipient| &**recipient)
    }

    fn tell_trouble_over<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        open: OpenTrouble,
        (over, mut except): (&str, Vec<Box<str>>),
    ) -> Result<(), V::Error> {
        group.set_trouble(open.brief.id(), None);
        except.extend(self.end_alerts(group, moment, &open)?);
        let began = open.since.format("%Y-%m-%d %H:%M UTC");
        let advice = if open.given_up == GivenUp::default() {
            "Nothing is left to do.".to_owned()
        } else {
            format!("What was given up meanwhile is not sent by itself.\n{SEND_AGAIN}")
        };
        let brief = TroubleBrief {
            message: format!("{over}. It began at {began}: {}", open.brief.message),
            advice,
            ..open.brief
        };
        let occasion = format!("{}{}", open.seq, Alert::END_OF_TROUBLE);
        let told =
            Told { is_over: true, except, ..Told::new(open.severity, &open.broker, &brief, &occasion) };
        self.raise_trouble(group, moment, &told)?;
        Ok(())
    }

    /// The alerts that told the trouble are over: nothing more is said of it, and what has not left yet says so. Answers who hears
    /// of the end that way.
    fn end_alerts<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        open: &OpenTrouble,
    ) -> Result<Vec<Box<str>>, V::Error> {
        let mut told_within = Vec::new();
        for key in &open.alerts {
            let mut course = group.course(key)?.unwrap_or_default();
            course.over_at = Some(moment.at);
            course.note(moment.at, Happened::Over);
            for at in 0..course.carriers.len() {
                let hears = self.settle_queue(group, moment, (key, &mut course), at)?;
                let carrier = &mut course.carriers[at];
                carrier.owes_end = hears == Hears::Within;
                told_within.extend(carrier.owes_end.then(|| carrier.recipient.clone()));
            }
            group.put_course(key.clone(), course);
        }
        Ok(told_within)
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
        let was_put_off = letter.is_put_off();
        letter.state = retry::after(&letter.state, &attempt.outcome, moment.at);
        let is_out = is_first && letter.may_have_been_read();
        if is_out {
            letter.past.as_of = attempt.as_of;
        }
        group.put_letter(letter.clone());
        if is_out {
            self.tell_missed_ends(group, moment, (&letter, attempt))?;
        }
        match &letter.state {
            LetterState::Sent { .. } => {
                if was_put_off {
                    self.note_left(group, moment, &letter)?;
                }
                self.trouble_over(group, moment, &mailbox_trouble(&letter.recipient))?;
            }
            LetterState::GivenUp { error, .. } if was_waiting => {
                self.given_up(group, moment, &letter, error)?;
            }
            LetterState::GivenUp { .. } | LetterState::Waiting { .. } | LetterState::Withdrawn { .. } => {}
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
        let counts = counted(letter, known.as_ref(), is_critical);
        let brief = given_up_brief(letter, (counts, severity), error, &alerts);
        let told = match &known {
            None => Some(moment.seq),
            // What was told as less than critical is critical now.
            Some(_) if is_critical && had.critical == 0 => Some(moment.seq),
            Some(_) => None,
        };
        let mut open = match known {
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
                alerts: Vec::new(),
            },
        };
        if let Some(seq) = told {
            let (except, occasion) = (vec![letter.recipient.clone()], seq.to_string());
            let told = Told { except, ..Told::new(severity, "", &brief, &occasion) };
            open.alerts.extend(self.raise_trouble(group, moment, &told)?);
        }
        group.set_trouble(id, Some(open));
        Ok(())
    }

    /// The alert as it is to be said again: of a mailbox with what was given up by now, of a configuration with what is wrong in it now.
    pub(super) fn as_it_stands<V: View>(
        &self,
        group: &mut Group<'_, V>,
        alert: Alert,
    ) -> Result<Alert, V::Error> {
        let Cause::Trouble(told) = &alert.cause else { return Ok(alert) };
        let changes = matches!(&*told.code, LETTER_GIVEN_UP | RELOAD_REFUSED);
        let open = if changes { group.trouble(&told.id())? } else { None };
        let Some(open) = open else { return Ok(alert) };
        let alert = Alert { cause: Cause::Trouble(open.brief), ..alert };
        group.put_alert(alert.clone());
        Ok(alert)
    }
}

/// The letters that a mailbox did not take, with this one. A letter that a person had tried again, and that is given up again, is
/// no other letter.
fn counted(letter: &Letter, known: Option<&OpenTrouble>, is_critical: bool) -> GivenUp {
    let had = known.map(|open| open.given_up).unwrap_or_default();
    let before = letter.past.given_up.as_ref().map(|past| past.at);
    if known.is_some_and(|open| before.is_some_and(|at| open.since <= at)) {
        return had;
    }
    GivenUp {
        letters: had.letters.saturating_add(1),
        critical: had.critical.saturating_add(u32::from(is_critical)),
        ..had
    }
}

/// A trouble's alert: raised by the rule for what is wrong, on this occasion.
pub(super) fn trouble_key(rule: &str, trouble: &TroubleBrief, occasion: &str) -> AlertKey {
    AlertKey::new(rule, &format!("{}:{}", trouble.subject, trouble.code), occasion)
}

/// Whether an alert is about this very mailbox, which is told nothing of it.
pub(super) fn is_about_mailbox(alert: &Alert, recipient: &str) -> bool {
    matches!(&alert.cause, Cause::Trouble(trouble) if trouble.id() == mailbox_trouble(recipient))
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
            "{} Then send it with: entrywatch alerts retry {}\n{SEND_AGAIN}",
            mend(&letter.recipient),
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

/// What a person can do about a mailbox, or a webhook, that takes no letters.
fn mend(recipient: &str) -> String {
    match recipient.strip_prefix(PREFIX) {
        Some(name) => format!(
            "Correct the address of the webhook in the configuration, or have its receiver repaired (redirects are not followed); \
             entrywatch alerts test-webhook {name} tries it."
        ),
        None => "Correct the address in the configuration, or have the mailbox repaired.".to_owned(),
    }
}

/// Where to find what was given up.
const SEND_AGAIN: &str = "All letters that were given up: entrywatch alerts list --letters --state given-up";

fn mailbox_trouble(recipient: &str) -> TroubleId {
    let subject = match recipient.strip_prefix(PREFIX) {
        Some(name) => format!("webhook {name}"),
        None => format!("mail to {recipient}"),
    };
    TroubleId { subject: subject.into(), code: LETTER_GIVEN_UP.into() }
}

/// `CBP or agency hold (9Z7-1000042-5), Exam ordered (9Z7-1000043-3) and 3 more`.
fn contents(alerts: &[Alert], count: usize) -> String {
    let words = |alert: &Alert| {
        let about = match (&alert.entry, &alert.cause) {
            (Some(entry), _) => format!(" ({})", entry.number),
            (None, Cause::Trouble(trouble)) => format!(" ({})", trouble.subject),
            (None, _) => String::new(),
        };
        format!("{}{about}", alert.title)
    };
    let named: Vec<String> = alerts.iter().take(NAMED_MAX).map(words).collect();
    match count.saturating_sub(named.len()) {
        0 => named.join(", "),
        more if named.is_empty() => format!("{more} alert{}", if more == 1 { "" } else { "s" }),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
