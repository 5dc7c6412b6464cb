//! What nobody said about an entry, told when its moment has come.
//!
//! The journaled clock alone decides. While the whole feed of the broker cannot be heard, one letter says that, and what its
//! entries wait for is looked at again every morning. What is seen long after its day (a backfill, a long time without the
//! service) is told together, in one line of the digest.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::raise::{Raised, running};
use super::{Group, Moment, Pipeline, View, brief};
use crate::entry::silence::{Silence, meaning};
use crate::entry::{Entry, EntryDeadline, Life, Reminder};
use crate::ident::{BrokerName, EntryNumber};
use crate::outbox::{Alert, AlertKey, Cause, EntryBrief, TroubleBrief};
use crate::rules::{Delivery, Hit, SilenceContext};
use crate::words::count;

/// A silence that is first seen so many days after its day is told together with others.
const HISTORY_DAYS: i64 = 30;

/// Entries that the line about old silences names.
const NAMED_MAX: usize = 5;

/// What hides the alert of a single entry whose silence is told together with others.
const TOGETHER: &str = "told together with others";

/// What came of a reminder about a silence.
pub(super) enum Broken {
    /// What was missing has come, its day moved, it was told, or no rule tells it.
    Nothing,
    Told(Box<Raised>),
    /// It is looked at again.
    Later(Reminder),
}

/// Old silences of the reminders of one step: by broker, code, and what the rule says.
#[derive(Default)]
pub(super) struct OldSilences<'r>(BTreeMap<(BrokerName, &'static str, Box<str>), Old<'r>>);

struct Old<'r> {
    hit: Hit<'r>,
    entries: Vec<EntryNumber>,
    /// The day of the oldest.
    since: NaiveDate,
}

impl Pipeline {
    /// The days on which the silences of an entry are looked at. One that is first seen late is not said before the next
    /// day, so that the rest of what is being taken in can still answer it.
    pub(super) fn silence_reminders(
        &self,
        life: &Life,
        entry: &Entry,
        deadlines: &[EntryDeadline],
        today: NaiveDate,
    ) -> Vec<Reminder> {
        let mut wanted = Vec::new();
        for silence in entry.silences(&self.deadlines, deadlines) {
            let key = silence.key();
            let standing = life.reminders.iter().find(|known| *known.deadline == *key);
            let day = match standing {
                Some(known) if known.target == silence.day => Some(known.day),
                _ if silence.day <= today => today.succ_opt(),
                _ => Some(silence.day),
            };
            wanted.extend(day.map(|day| Reminder { day, target: silence.day, deadline: key.into() }));
        }
        wanted
    }

    /// A reminder about a silence has come: what it raises, or when it is looked at again.
    pub(super) fn break_silence<'r, V: View>(
        &'r self,
        group: &Group<'_, V>,
        moment: Moment,
        reminder: &Reminder,
        about: &About<'_>,
        old: &mut OldSilences<'r>,
    ) -> Result<Broken, V::Error> {
        let silences = about.entry.silences(&self.deadlines, about.deadlines);
        let stands =
            |silence: &&Silence| silence.key() == *reminder.deadline && silence.day == reminder.target;
        let Some(silence) = silences.iter().find(stands) else { return Ok(Broken::Nothing) };
        let ctx = SilenceContext {
            code: silence.code,
            entry: Some(about.entry),
            broker: about.broker.as_str(),
            on: about.day,
        };
        let Some(hit) = self.rules.for_silence(&ctx) else { return Ok(Broken::Nothing) };
        let number = about.entry.number;
        let key = AlertKey::new(&hit.rule.name, number.as_str(), &silence.occasion());
        if group.has_alert(&key)? {
            return Ok(Broken::Nothing);
        }
        if self.is_deposit_untold(group, moment, &reminder.deadline, (about.entry, about.broker))? {
            return Ok(Broken::Nothing);
        }
        if !silence.is_of_law && self.is_unheard(group, moment, about.broker)? {
            let again = about.day.succ_opt().map(|day| Reminder { day, ..reminder.clone() });
            return Ok(again.map_or(Broken::Nothing, Broken::Later));
        }
        let unsaid = Unsaid {
            subject: format!("entry {number}"),
            code: silence.code,
            message: silence.sentence(),
            broker: about.broker,
            entry: Some(brief::entry(about.entry, about.broker, self.importer_number)),
        };
        let raised = unsaid.raise(moment, key, &hit);
        let deadlines = running(about.deadlines, None, about.day);
        let raised = Raised { alert: Alert { deadlines, ..raised.alert }, ..raised };
        if (about.day - silence.day).num_days() <= HISTORY_DAYS {
            return Ok(Broken::Told(Box::new(raised)));
        }
        // Kept, so that it is known as told; people read one line about all of them.
        old.note(about.broker, silence, number, hit);
        let hidden_by = Some(TOGETHER.into());
        Ok(Broken::Told(Box::new(Raised { delivery: Delivery::Digest, hidden_by, ..raised })))
    }

    /// One line of the digest for the old silences of one kind and broker.
    pub(super) fn tell_old_silences<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        old: OldSilences<'_>,
    ) -> Result<(), V::Error> {
        let mut raised = Vec::new();
        for ((broker, code, _), Old { hit, entries, since }) in old.0 {
            let Some(first) = entries.first() else { continue };
            let subject = format!("broker {broker}");
            // A step holds so many reminders; the first entry tells the lines of several steps apart.
            let occasion = format!("{code}@{}/{first}", self.reminder_day(moment.at));
            let key = AlertKey::new(&hit.rule.name, &subject, &occasion);
            let message = together(&broker, code, &entries, since);
            let unsaid = Unsaid { subject, code, message, broker: &broker, entry: None };
            raised.push(Raised { delivery: Delivery::Digest, ..unsaid.raise(moment, key, &hit) });
        }
        self.tell(group, moment, raised)?;
        Ok(())
    }
}

impl<'r> OldSilences<'r> {
    fn note(&mut self, broker: &BrokerName, silence: &Silence, entry: EntryNumber, hit: Hit<'r>) {
        let who = format!("{}|{}|{}", hit.rule.name, hit.severity.as_str(), hit.notify.join(","));
        let old = self.0.entry((broker.clone(), silence.code, who.into()));
        let old = old.or_insert_with(|| Old { hit, entries: Vec::new(), since: silence.day });
        old.entries.push(entry);
        old.since = old.since.min(silence.day);
    }
}

/// Several silences in a sentence, with the command that lists them.
fn together(broker: &BrokerName, code: &str, entries: &[EntryNumber], since: NaiveDate) -> String {
    let named: Vec<String> = entries.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = entries.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    // The line of a digest is short: what and how many come first.
    format!(
        "{}, seen over a month late: {}. The oldest since {since}: {}{more}. `entrywatch entries --silent --broker {broker}` \
         lists what stands.",
        count(entries.len() as u64, "entry"),
        meaning(code),
        named.join(", "),
    )
}

/// What should have been said, in the words of an alert.
pub(super) struct Unsaid<'a> {
    pub subject: String,
    pub code: &'static str,
    pub message: String,
    pub broker: &'a BrokerName,
    pub entry: Option<EntryBrief>,
}

impl Unsaid<'_> {
    pub fn raise(self, moment: Moment, key: AlertKey, hit: &Hit<'_>) -> Raised {
        let trouble = TroubleBrief {
            subject: self.subject.into(),
            code: self.code.into(),
            message: self.message,
            advice: String::new(),
            file: None,
            place: None,
        };
        let alert = Alert {
            key,
            rule: hit.rule.name.clone(),
            title: hit.rule.title.clone(),
            severity: hit.severity,
            raised_at: moment.at,
            broker: Some(self.broker.clone()),
            entry: self.entry,
            cause: Cause::Trouble(trouble),
            deadlines: Vec::new(),
            next_step: hit.rule.next_step.clone(),
            over_at: None,
            as_told: Default::default(),
        };
        Raised::new(alert, hit.delivery, hit.notify)
    }
}

/// The entry that a reminder is about, on the day of the reminder.
pub(super) struct About<'a> {
    pub entry: &'a Entry,
    pub deadlines: &'a [EntryDeadline],
    pub broker: &'a BrokerName,
    pub day: NaiveDate,
}
