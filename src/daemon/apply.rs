//! Lines of the journal to steps of the store: when they happen, after a crash, and in a rebuild.

use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::commits::Commits;
use super::engine::{EngineError, Versions};
use super::view::StoreView;
use crate::deadline::DeadlineTable;
use crate::ident::{BillOfLading, Fingerprint, NoticeId};
use crate::journal::{JournalReader, Line, What};
use crate::outbox::{Ack, Attempt};
use crate::pipeline::{
    self, ApplyError, Group, Heard, Listener, Mailing, Moment, Pipeline, Received, ReceivedFile, Replan,
    StateHash, TargetSet,
};
use crate::step::{InputRecord, Position, Step};
use crate::store::{Store, StoreError};

/// Values that a group may change before it is committed.
const GROUP_VALUES_MAX: usize = 2_000;

/// Values that are read at once when the whole store is walked.
const PAGE: usize = 500;

/// What lies so close together is done together while the past is gone through under other rules.
const PASS_AT_ONCE: TimeDelta = TimeDelta::hours(1);

/// The lines from which on rules were in force, with the version of those.
type Eras = Vec<(u64, Box<str>)>;

/// Lines that were written under other rules, while they are applied.
#[derive(Default)]
struct Past {
    lines: u64,
    /// How far the agenda was done.
    passed: Option<DateTime<Utc>>,
    /// The moment of the last such line, while nothing of the rules in force has come behind it.
    ended_at: Option<DateTime<Utc>>,
}

impl Past {
    /// The moment up to which the agenda is to be done before this line.
    fn until(&mut self, line: &Line, mailing: Mailing) -> Option<DateTime<Utc>> {
        if mailing != Mailing::Held {
            return self.ended_at.take();
        }
        self.lines += 1;
        self.ended_at = Some(line.at);
        let is_near = self.passed.is_some_and(|passed| line.at - passed < PASS_AT_ONCE);
        if !is_near {
            self.passed = Some(line.at);
        }
        (!is_near).then_some(line.at)
    }

    fn tell(&self) {
        if self.lines > 0 {
            tracing::warn!(
                lines = self.lines,
                "Lines of the journal were applied that were written under other rules or teams. Letters that the rules in force would \
                 have written then are shown as given up and are not sent, but for what nobody had heard of when the journal ended; what \
                 they plan for later stands."
            );
        }
    }
}

/// Applies lines to a store.
pub struct Applier<'a> {
    pub commits: &'a Commits,
    pub pipeline: &'a Pipeline,
    /// The version of the rules in force.
    pub rules: &'a str,
    pub archive: JournalReader,
}

impl Applier<'_> {
    /// Applies the journal's lines that the store has not seen; answers how many.
    pub fn catch_up(&self, end: Position, now: DateTime<Utc>) -> Result<u64, EngineError> {
        let start = self.commits.position()?;
        let foreign = EngineError::Foreign { store: start.seq, journal: end.seq };
        if start.seq > end.seq || (start.seq == end.seq && start.hash != end.hash) {
            return Err(foreign);
        }
        if start.seq == end.seq {
            return Ok(0);
        }
        if start.seq > 0 {
            let known = self.archive.read(start.seq)?.next().transpose()?;
            if known.is_none_or(|(position, _)| position != start) {
                return Err(foreign);
            }
        }
        let (rules, heard) = self.look_ahead(start.seq + 1, now)?;
        let view = StoreView::over(self.commits);
        let group_at = |position| Group::new(&view, position).with_heard(heard.clone());
        let mut group = group_at(start);
        let mut position = start;
        let mut applied = 0;
        let mut past = Past::default();
        for line in self.archive.read(start.seq + 1)? {
            let (at, line) = line?;
            let mailing = self.mailing_of(&line, &rules);
            if let Some(then) = past.until(&line, mailing) {
                self.commits.commit(&group.finish(position))?;
                group = group_at(position);
                self.pass(&mut group, position.seq, then)?;
            }
            self.apply(&mut group, &line, mailing, None)?;
            position = at;
            applied += 1;
            if group.len() >= GROUP_VALUES_MAX {
                self.commits.commit(&group.finish(position))?;
                group = group_at(position);
            }
        }
        self.commits.commit(&group.finish(position))?;
        if let Some(then) = past.ended_at {
            let mut group = group_at(position);
            self.pass(&mut group, position.seq, then)?;
            self.commits.commit(&group.finish(position))?;
        }
        past.tell();
        self.commits.store().flush()?;
        Ok(applied)
    }

    /// Lets the time before a moment pass as it would have passed under the rules in force: what they would have said then is written
    /// and not sent, and what they plan for later stays on the agenda.
    fn pass(
        &self,
        group: &mut Group<'_, StoreView<'_>>,
        seq: u64,
        until: DateTime<Utc>,
    ) -> Result<(), EngineError> {
        let mut overflow = |step: Step| self.commits.commit(&step);
        let moment = |at| Moment { seq, at, mailing: Mailing::Held };
        while let Some(next) = group.agenda_until(until, PAGE)?.first() {
            let at = (next.at + PASS_AT_ONCE).min(until);
            self.pipeline.due(group, moment(at), false, &mut overflow)?;
        }
        let until_day = |day, most| group.due_until(day, most);
        if !pipeline::ready(&self.pipeline.audience, until, PAGE, until_day)?.is_empty() {
            self.pipeline.remind(group, moment(until), &mut overflow)?;
        }
        Ok(())
    }

    /// From which line on which rules were in force, for the lines from `seq` on; and, where some of those were others, what people had
    /// heard.
    fn look_ahead(&self, seq: u64, now: DateTime<Utc>) -> Result<(Eras, Option<Arc<Heard>>), EngineError> {
        let mut eras = Eras::new();
        let mut listener = Listener::default();
        for line in self.archive.read(seq)? {
            let (_, Line { seq, at, what, .. }) = line?;
            listener.line(at);
            match what {
                What::Config { rules, .. } => eras.push((seq, rules)),
                What::Letter { recipient, alerts, outcome, .. } => {
                    listener.letter(at, &recipient, &alerts, &outcome);
                }
                What::Acknowledged { alert, .. } => listener.acknowledged(at, &alert),
                _ => {}
            }
        }
        let is_other = |(_, rules): &(u64, Box<str>)| **rules != *self.rules;
        let heard = if eras.iter().any(is_other) { listener.heard(now).map(Arc::new) } else { None };
        Ok((eras, heard))
    }

    fn mailing_of(&self, line: &Line, rules: &[(u64, Box<str>)]) -> Mailing {
        if matches!(&line.what, What::Received(received) if !received.deliver) {
            return Mailing::Quiet;
        }
        let then = rules.iter().rev().find(|(seq, _)| *seq <= line.seq);
        match then {
            Some((_, rules)) if **rules != *self.rules => Mailing::Held,
            _ => Mailing::Deliver,
        }
    }

    /// Applies one line. `content` spares the way through the archive when the bytes are at hand.
    pub fn apply(
        &self,
        group: &mut Group<'_, StoreView<'_>>,
        line: &Line,
        mailing: Mailing,
        content: Option<&mut dyn Read>,
    ) -> Result<Received, EngineError> {
        let moment = Moment { seq: line.seq, at: line.at, mailing };
        let mut overflow = |step: Step| self.commits.commit(&step);
        match &line.what {
            What::Received(received) => self.apply_file(group, moment, &first_time(received), content),
            What::Reprocess { file, .. } => {
                let Some(known) = group.input(*file)? else { return Ok(Received::default()) };
                self.apply_file(group, moment, &once_more(*file, known), None)
            }
            What::Letter { key, outcome, as_of, .. } => {
                let (letter, outcome) = (key.clone(), outcome.clone());
                self.pipeline.letter(group, moment, &Attempt { letter, outcome, as_of: *as_of })?;
                Ok(Received::default())
            }
            What::Retry { letter, .. } => {
                self.pipeline.retry(group, moment, letter)?;
                Ok(Received::default())
            }
            What::Reminded => {
                self.pipeline.remind(group, moment, &mut overflow)?;
                Ok(Received::default())
            }
            What::Target { entry, deadline, date, by, reason } => {
                let set = TargetSet { entry: *entry, deadline, date: *date, by, reason };
                self.pipeline.set_target(group, moment, set)?;
                Ok(Received::default())
            }
            What::Redated { table, moves } => {
                self.pipeline.redate(group, moment, table, moves)?;
                Ok(Received::default())
            }
            What::Replanned { entries, addresses, letters, alerts, lasting, .. } => {
                let what = Replan { entries, addresses, letters, alerts, lasting: *lasting };
                self.pipeline.replan(group, moment, &what)?;
                Ok(Received::default())
            }
            What::Digest { team, day } => {
                if let Some(team) = self.pipeline.audience.team(team) {
                    self.pipeline.digest(group, moment, team, *day)?;
                }
                Ok(Received::default())
            }
            What::Due { early } => {
                self.pipeline.due(group, moment, *early, &mut overflow)?;
                Ok(Received::default())
            }
            _ => {
                self.apply_told(group, moment, line)?;
                Ok(Received::default())
            }
        }
    }

    /// What people said, and what was wrong.
    fn apply_told(
        &self,
        group: &mut Group<'_, StoreView<'_>>,
        moment: Moment,
        line: &Line,
    ) -> Result<(), EngineError> {
        match &line.what {
            What::Trouble { severity, broker, trouble } => {
                self.pipeline.trouble(group, moment, *severity, broker, trouble.clone())?;
            }
            What::TroubleOver { trouble } => {
                self.pipeline.trouble_over(group, moment, trouble)?;
            }
            What::Acknowledged { alert, by, note, until, letter } => {
                let ack = Ack { by: by.clone(), reason: note.clone(), at: line.at, until: *until };
                self.pipeline.acknowledge(group, alert, ack, letter.clone())?;
            }
            What::Silenced { silence } => {
                self.pipeline.silence(group, moment, silence)?;
            }
            What::Unsilenced { silence, .. } => {
                self.pipeline.end_silence(group, moment, *silence)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn apply_file(
        &self,
        group: &mut Group<'_, StoreView<'_>>,
        moment: Moment,
        file: &ReceivedFile,
        content: Option<&mut dyn Read>,
    ) -> Result<Received, EngineError> {
        let mut overflow = |step: Step| self.commits.commit(&step);
        let mut archived;
        let content: &mut dyn Read = match content {
            Some(content) => content,
            None => {
                archived = self.archive.content(file.file)?;
                &mut archived
            }
        };
        self.pipeline.receive(group, moment, file, content, &mut overflow).map_err(|error| match error {
            ApplyError::View(error) => error.into(),
            ApplyError::Content(source) => EngineError::Content { name: file.name.to_string(), source },
        })
    }
}

fn first_time(received: &crate::journal::Received) -> ReceivedFile {
    ReceivedFile {
        drop: received.drop.clone(),
        broker: received.broker.clone(),
        name: received.name.clone(),
        size_bytes: received.size_bytes,
        file: received.file,
        incomplete: received.incomplete,
        again: false,
    }
}

fn once_more(file: Fingerprint, known: InputRecord) -> ReceivedFile {
    ReceivedFile {
        drop: known.drop,
        broker: known.broker,
        name: known.name,
        size_bytes: known.size_bytes,
        file,
        incomplete: false,
        again: true,
    }
}

/// What a replay gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    pub hash: Fingerprint,
    pub lines: u64,
}

/// Applies a whole journal to an empty store. Sends nothing: nobody looks at the letters that it writes.
///
/// # Errors
/// When the journal or the store cannot be read.
pub fn replay(
    journal: &JournalReader,
    store: Arc<dyn Store>,
    pipeline: Arc<Pipeline>,
    versions: &Versions,
) -> Result<Replayed, EngineError> {
    let (mut end, mut last) = (Position::START, DateTime::UNIX_EPOCH);
    for line in journal.read(1)? {
        let (position, line) = line?;
        (end, last) = (position, line.at);
    }
    let commits = Commits::new(store.clone());
    let applier =
        Applier { commits: &commits, pipeline: &pipeline, rules: &versions.rules, archive: journal.clone() };
    let lines = applier.catch_up(end, last)?;
    Ok(Replayed { hash: state_hash(&*store, &pipeline.deadlines)?, lines })
}

/// The hash of all entry state in a store.
pub fn state_hash(store: &dyn Store, deadlines: &DeadlineTable) -> Result<Fingerprint, StoreError> {
    let mut hash = StateHash::default();
    let mut after = None;
    loop {
        let lives = store.lives(after, PAGE)?;
        let Some(last) = lives.last() else { break };
        after = Some(last.number);
        lives.iter().for_each(|life| hash.life(life, deadlines));
    }
    let mut after: Option<BillOfLading> = None;
    loop {
        let bills = store.bills(after.as_ref(), PAGE)?;
        let Some((last, _)) = bills.last() else { break };
        after = Some(last.clone());
        bills.iter().for_each(|(bill, record)| hash.bill(bill.as_str(), record));
    }
    let mut after: Option<NoticeId> = None;
    loop {
        let loose = store.all_loose(after, PAGE)?;
        let Some(last) = loose.last() else { break };
        after = Some(last.held.notice.id);
        loose.iter().for_each(|unmatched| hash.loose(unmatched));
    }
    Ok(hash.finish())
}
