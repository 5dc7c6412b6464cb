//! The agenda's moment has come: what waited is told, reminders and escalations are said, acknowledgements end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::ends::ENDS;
use super::gate::Hearers;
use super::letters::{Load, Marks, Parcel, Sorted};
use super::raise::Told;
use super::{Group, Moment, Overflow, Pipeline, View};
use crate::ident::EntryNumber;
use crate::outbox::{
    AgendaKey, Alert, AlertKey, Course, Event, Happened, Heed, LetterKey, LetterKind, Silence, Task,
    TroubleBrief, Wait, Word,
};
use crate::place::Severity;
use crate::rules::Span;

/// Tasks that are done before a step is handed over.
const CHUNK_TASKS: usize = 10_000;

/// How far ahead `early` looks for windows that gather, in hours. None is open for longer.
const EARLY_HOURS: i64 = 48;

/// What waits for one recipient for one reason, by what it is said as: reminders and escalations keep their mark.
type Tray = (Box<str>, Wait, Box<str>, Option<LetterKind>);

/// Who hears of which alerts in this step.
type Heard = BTreeSet<(Box<str>, AlertKey)>;

impl Pipeline {
    /// Whether [`Pipeline::due`] would do something now.
    pub fn is_due<V: View>(view: &V, now: DateTime<Utc>, early: bool) -> Result<bool, V::Error> {
        if !early {
            return Ok(!view.agenda_until(now, 1)?.is_empty());
        }
        let ahead = view.agenda_until(now + TimeDelta::hours(EARLY_HOURS), CHUNK_TASKS)?;
        Ok(ahead.iter().any(|key| key.at <= now || gathers(key)))
    }

    /// Does everything on the agenda up to the moment. `early` closes windows that gather before their time: nobody will be
    /// there to close them.
    pub fn due<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        early: bool,
        overflow: Overflow<'_, V::Error>,
    ) -> Result<u64, V::Error> {
        let mut done = 0;
        loop {
            let horizon = if early { moment.at + TimeDelta::hours(EARLY_HOURS) } else { moment.at };
            let mut due = group.agenda_until(horizon, CHUNK_TASKS)?;
            whole_trays(&mut due);
            due.retain(|key| key.at <= moment.at || gathers(key));
            if due.is_empty() {
                return Ok(done);
            }
            let mut trays: BTreeMap<Tray, Vec<(AlertKey, Word)>> = BTreeMap::new();
            let mut sorted = Sorted::default();
            for key in &due {
                group.set_agenda(key.clone(), false);
                match key.task() {
                    Some(Task::Tell { recipient, wait, tray, alert, word }) => {
                        // A summary is one letter, whatever it sums up.
                        let again = word.again().filter(|_| wait != Wait::Flood);
                        trays.entry((recipient, wait, tray, again)).or_default().push((alert, word));
                    }
                    Some(Task::Remind { alert, epoch }) => {
                        self.say_again(group, moment, (&alert, epoch), &mut sorted)?;
                    }
                    Some(Task::Escalate { alert, epoch, level }) => {
                        self.escalate(group, moment, (&alert, epoch), level, &mut sorted)?;
                    }
                    Some(Task::Reopen { alert, epoch }) => {
                        self.reopen(group, moment, (&alert, epoch), &mut sorted)?;
                    }
                    Some(Task::SilenceEnds { id }) => self.announce_end(group, moment, id)?,
                    // A task of a later release says nothing here.
                    None => {}
                }
            }
            let mut heard = sorted.heard();
            self.post_all(group, moment, sorted)?;
            self.readdress(group, &mut trays)?;
            // Who hears it once more at this moment need not hear it for the first time.
            let (again, first): (Vec<_>, Vec<_>) =
                trays.into_iter().partition(|((.., again), _)| again.is_some());
            for ((recipient, wait, tray, again), alerts) in again.into_iter().chain(first) {
                if &*tray == ENDS {
                    let alerts = alerts.into_iter().map(|(alert, _)| alert).collect();
                    self.tell_waiting_ends(group, moment, (&recipient, wait), alerts)?;
                    continue;
                }
                self.tell_waiting(group, moment, (&recipient, wait, again), alerts, &mut heard)?;
            }
            done += due.len() as u64;
            overflow(group.take())?;
        }
    }

    /// What waited for an address that no team has any more goes to those who hear of it now and were not told themselves.
    fn readdress<V: View>(
        &self,
        group: &Group<'_, V>,
        trays: &mut BTreeMap<Tray, Vec<(AlertKey, Word)>>,
    ) -> Result<(), V::Error> {
        let is_gone = |(address, ..): &Tray| self.audience.team_of(address).is_none();
        for ((_, wait, name, again), words) in
            trays.extract_if(.., |tray, _| is_gone(tray)).collect::<Vec<_>>()
        {
            for (key, word) in words {
                let Some(alert) = group.alert(&key)? else { continue };
                let course = group.course(&key)?.unwrap_or_default();
                for hearer in self.hearers_now(&alert, &course.notify) {
                    let waits = |event: &Event| matches!(&event.what, Happened::HeldBack { recipient, .. } if *recipient == hearer);
                    let is_told = course.events.iter().any(waits)
                        || group.letter(&LetterKey::of(&hearer, [&key]))?.is_some();
                    let tray = trays.entry((hearer, wait, name.clone(), again)).or_default();
                    if !is_told && !tray.iter().any(|(known, _)| *known == key) {
                        tray.push((key.clone(), word));
                    }
                }
            }
        }
        Ok(())
    }

    /// What waited for a recipient comes in one letter; what is over, answered or hidden meanwhile does not come.
    fn tell_waiting<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (recipient, wait, again): (&str, Wait, Option<LetterKind>),
        alerts: Vec<(AlertKey, Word)>,
        heard: &mut Heard,
    ) -> Result<(), V::Error> {
        let mut told: Load = Vec::with_capacity(alerts.len());
        let mut entries: Vec<Option<EntryNumber>> = Vec::new();
        // A summary is one letter: each alert in it bears its own mark, the strongest where it was due more than once.
        let (mut here, mut marks) = (BTreeSet::new(), Marks::new());
        for (key, word) in alerts {
            let Some(alert) = group.alert(&key)? else { continue };
            let mut course = group.course(&key)?.unwrap_or_default();
            match course.heed(word) {
                Heed::Void => continue,
                Heed::Owe => {
                    course.owe(recipient);
                    group.put_course(key, course);
                    continue;
                }
                Heed::Say => {}
            }
            if self.is_kept_back(group, moment, (recipient, word), &alert, course)? {
                continue;
            }
            let is_first = heard.insert((recipient.into(), key.clone()));
            if let Some(mark) = word.again().filter(|_| again.is_none() && (is_first || here.contains(&key)))
            {
                let known = marks.entry(key.clone()).or_insert(mark);
                *known = mark.max(*known);
            }
            if !is_first {
                continue;
            }
            here.insert(key.clone());
            entries.push(alert.entry.map(|entry| entry.number));
            told.push((alert.severity, key));
        }
        entries.dedup();
        let (bundled, entry) = match entries[..] {
            [entry] if entry.is_some() || told.len() == 1 => (LetterKind::Alert, entry),
            _ => (LetterKind::Bundle { wait }, None),
        };
        // The summary of a flood is never over the cap itself.
        let bundled = if wait == Wait::Flood { LetterKind::Bundle { wait } } else { bundled };
        let kind = again.unwrap_or(bundled);
        let said = again.map(|kind| kind.occasion(0)).unwrap_or_default();
        let occasion = format!("{}{said}/{}", wait.as_str(), moment.seq);
        let (alerts, occasion) = (&told[..], &*occasion);
        let marks = &marks;
        let parcel = Parcel { recipient, kind, entry, alerts, occasion, not_before: None, marks };
        self.post(group, moment, parcel)
    }

    /// Whether the alert has to wait on: a silence was made, or the recipient's quiet hours have begun.
    fn is_kept_back<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (recipient, word): (&str, Word),
        alert: &Alert,
        mut course: Course,
    ) -> Result<bool, V::Error> {
        let tray = match self.silence_of(group, moment.at, alert)? {
            Some(Silence { id, until, .. }) => Some((Wait::Silence, id.to_string().into(), until)),
            None => self.quiet(recipient, alert.severity, moment),
        };
        let Some(tray) = tray else { return Ok(false) };
        self.wait(group, moment.at, (recipient, word), tray, (&alert.key, &mut course));
        group.put_course(alert.key.clone(), course);
        Ok(true)
    }

    /// The end of the recipient's quiet hours, as a tray.
    pub(super) fn quiet(
        &self,
        recipient: &str,
        severity: Severity,
        moment: Moment,
    ) -> Option<(Wait, Box<str>, DateTime<Utc>)> {
        let (manners, zone) = self.audience.manners_of(recipient)?;
        let until = manners.quiet_until(zone, severity, moment.at)?;
        Some((Wait::Quiet, "".into(), until))
    }

    /// The alert and its course, when a task of this epoch still makes sense.
    fn open_alert<V: View>(
        &self,
        group: &Group<'_, V>,
        key: &AlertKey,
        epoch: u32,
    ) -> Result<Option<(Alert, Course)>, V::Error> {
        let Some(course) = group.course(key)?.filter(|course| course.epoch == epoch && !course.is_quiet())
        else {
            return Ok(None);
        };
        Ok(group.alert(key)?.map(|alert| (alert, course)))
    }

    /// Whether a silence puts the task off until it ends.
    fn puts_off<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        alert: &Alert,
        task: &Task,
    ) -> Result<bool, V::Error> {
        let silence = self.silence_of(group, moment.at, alert)?;
        if let Some(silence) = &silence {
            group.set_agenda(AgendaKey::new(silence.until, task), true);
        }
        Ok(silence.is_some())
    }

    /// Whether the time of a task still runs, for the word before left later than it was written.
    fn counts_on<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (from, span): (Option<DateTime<Utc>>, Span),
        task: &Task,
    ) -> bool {
        let then = from.map(|from| span.after(from, self.zone())).filter(|then| *then > moment.at);
        if let Some(then) = then {
            group.set_agenda(AgendaKey::new(then, task), true);
        }
        then.is_some()
    }

    fn say_again<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, epoch): (&AlertKey, u32),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let Some((alert, mut course)) = self.open_alert(group, key, epoch)? else { return Ok(()) };
        let Some(rule) = self.rules.get(&alert.rule) else {
            return self.orphan_due(group, moment, (&alert, course), sorted);
        };
        if course.said == 0 {
            // Its plan waited before it is told at all, whether or not the rule still says it again.
            let told = (&alert, Hearers::of(&alert));
            self.speak(group, moment, told, (Some(rule), &mut course), sorted)?;
            group.put_course(key.clone(), course);
            return Ok(());
        }
        let Some(repeat) = rule.after.repeat else { return Ok(()) };
        let task = Task::Remind { alert: key.clone(), epoch };
        if self.puts_off(group, moment, &alert, &task)?
            || repeat.every.is_some_and(|every| self.counts_on(group, moment, (course.left_at, every), &task))
        {
            return Ok(());
        }
        let (teams, kind) = (course.notify.clone(), LetterKind::Reminder { nth: course.said + 1 });
        let alert = self.as_it_stands(group, alert)?;
        let again = self.tell_again(group, moment, (&alert, &mut course), (&teams, kind), sorted)?;
        if again.waits {
            course.note(moment.at, Happened::PutOff);
        } else {
            course.said += 1;
            course.note(moment.at, Happened::Reminded { said: course.said });
        }
        if let Some(every) = repeat.every.filter(|_| course.said < repeat.times) {
            group.set_agenda(AgendaKey::new(every.after(moment.at, self.zone()), &task), true);
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    fn escalate<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, epoch): (&AlertKey, u32),
        level: u32,
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let Some((alert, mut course)) = self.open_alert(group, key, epoch)? else { return Ok(()) };
        let Some(rule) = self.rules.get(&alert.rule) else {
            return self.orphan_due(group, moment, (&alert, course), sorted);
        };
        let steps = &rule.after.escalate;
        let Some(step) = steps.get(level.saturating_sub(1) as usize) else { return Ok(()) };
        let task = Task::Escalate { alert: key.clone(), epoch, level };
        if self.puts_off(group, moment, &alert, &task)?
            || self.counts_on(group, moment, (course.answer_from, step.after), &task)
        {
            return Ok(());
        }
        let is_unreached = self.is_unreached(group, &course, &mut sorted.looks)?;
        let told = (&*step.notify, LetterKind::Escalation { level });
        let told_at = self.tell_again(group, moment, (&alert, &mut course), told, sorted)?.told_at;
        let teams = step.notify.clone();
        let what = match told_at {
            None => Happened::Unheard { teams },
            Some(_) if is_unreached => Happened::Unreached { teams },
            Some(_) => Happened::Escalated { teams },
        };
        course.note(moment.at, what);
        if let Some(next) = steps.get(level as usize) {
            let task = Task::Escalate { alert: key.clone(), epoch, level: level + 1 };
            let then = next.after.after(told_at.unwrap_or(moment.at), self.zone());
            group.set_agenda(AgendaKey::new(then, &task), true);
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// An acknowledgement ended and the cause is still there; or a silence ended that kept that from being told.
    fn reopen<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        (key, epoch): (&AlertKey, u32),
        sorted: &mut Sorted,
    ) -> Result<(), V::Error> {
        let Some(mut course) = group.course(key)?.filter(|course| course.may_open(epoch)) else {
            return Ok(());
        };
        let Some(mut alert) = group.alert(key)? else { return Ok(()) };
        if let Some(ack) = &course.ack {
            let opens = self.audience.reminders_from(self.opens_on(&alert, ack));
            if moment.at < opens {
                // Somebody took care of it for longer, or the mornings of the teams are others now.
                let task = Task::Reopen { alert: key.clone(), epoch: course.epoch };
                group.set_agenda(AgendaKey::new(opens, &task), true);
                return Ok(());
            }
            course.open_again(moment.at);
        }
        // A step of a ladder is said again as of today, unless a later one has come.
        if self.is_current(group, moment, &mut alert)? {
            let told = (&alert, Hearers::of(&alert));
            self.speak(group, moment, told, (self.rules.get(&alert.rule), &mut course), sorted)?;
        }
        group.put_course(key.clone(), course);
        Ok(())
    }

    /// A silence that ends soon stands in the next digests.
    fn announce_end<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        id: u64,
    ) -> Result<(), V::Error> {
        let Some(silence) = group.silences()?.get(id).filter(|silence| moment.at < silence.until).cloned()
        else {
            return Ok(());
        };
        let ends = self.zone().map_or_else(|| silence.until.date_naive(), |zone| zone.date(silence.until));
        let trouble = TroubleBrief {
            subject: format!("silence {id}").into(),
            code: "silence-ends".into(),
            message: format!(
                "The silence of {} for {} ends on {ends}: {}",
                silence.owner, silence.what, silence.reason
            ),
            advice: "What it kept back is told then. Make another silence if it must go on.".to_owned(),
            file: None,
            place: None,
        };
        let broker = silence.what.broker.as_deref().unwrap_or_default();
        let occasion = id.to_string();
        self.raise_trouble(group, moment, &Told::new(Severity::Info, broker, &trouble, &occasion))?;
        Ok(())
    }
}

/// Whether the task waits for a window that gathers.
fn gathers(key: &AgendaKey) -> bool {
    matches!(key.task(), Some(Task::Tell { wait: Wait::Burst | Wait::Flood, .. }))
}

/// Leaves the last tray for the next chunk when the chunk may have cut it: one letter tells a tray.
fn whole_trays(due: &mut Vec<AgendaKey>) {
    if due.len() < CHUNK_TASKS {
        return;
    }
    let tray = |key: &AgendaKey| match key.task() {
        Some(Task::Tell { recipient, wait, tray, .. }) => Some((key.at, recipient, wait, tray)),
        _ => None,
    };
    let Some(last) = due.last().and_then(tray) else { return };
    if let Some(other) = due.iter().rposition(|key| tray(key).as_ref() != Some(&last)) {
        due.truncate(other + 1);
    }
}
