//! The way of a message on a bench: the same pipeline as the daemon's, a store in memory, a clock that is set.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{customs_date, customs_midnight};

use crate::daemon::apply::Applier;
use crate::daemon::commits::Commits;
use crate::daemon::engine::EngineError;
use crate::daemon::tasks::deliver;
use crate::daemon::view::StoreView;
use crate::ident::{BrokerName, DropName, EntryNumber, Fingerprint};
use crate::journal::{JournalReader, Line};
use crate::outbox::{Alert, AlertKey, Attempt, Audience, Letter, LetterKey, LetterState};
use crate::pipeline::{self, ApplyError, Group, Mailing, Moment, Pipeline, Received, ReceivedFile};
use crate::step::{Position, Step};
use crate::store::memory::MemoryStore;
use crate::store::{Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error("the store in memory failed")]
    Store(#[from] StoreError),
    #[error("`{name}` could not be read")]
    Content {
        name: String,
        #[source]
        source: std::io::Error,
    },
}

/// A reminder that a message made due is told so much later. The daemon looks more often; people would not notice.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// Letters by the moment at which each may leave.
type Later = BTreeSet<(DateTime<Utc>, LetterKey)>;

/// A pipeline with a store of its own. It forgets everything when it is dropped.
pub struct Bench {
    pipeline: Arc<Pipeline>,
    commits: Commits,
    now: DateTime<Utc>,
    /// Counts what happened, as the journal's lines would.
    seq: u64,
    /// Letters that leave later, where each leaves when it may. `None`: they leave when a server takes them.
    later: Option<RefCell<Later>>,
}

impl Bench {
    pub fn new(pipeline: Arc<Pipeline>, now: DateTime<Utc>) -> Self {
        Self { pipeline, commits: Commits::new(Arc::new(MemoryStore::new())), now, seq: 0, later: None }
    }

    /// The same, but each letter leaves as soon as it may.
    #[must_use]
    pub fn with_swift_mail(self) -> Self {
        Self { later: Some(RefCell::default()), ..self }
    }

    /// Lets the letters of a step leave, or remembers when they may.
    fn post(&self, step: &mut Step) {
        let Some(later) = &self.later else { return };
        for letter in step.letters.values_mut() {
            match letter.state {
                LetterState::Waiting { next_try_at, .. } if next_try_at > self.now => {
                    later.borrow_mut().insert((next_try_at, letter.key.clone()));
                }
                LetterState::Waiting { .. } => {
                    letter.state = LetterState::Sent { at: self.now, attempt: 1 };
                }
                _ => {}
            }
        }
    }

    /// Lets the letters leave whose moment has come.
    fn post_later(&self) -> Result<(), StoreError> {
        let Some(later) = &self.later else { return Ok(()) };
        let mut step = Step::at(Position { seq: self.seq, hash: Fingerprint::ZERO });
        let mut later = later.borrow_mut();
        while let Some((at, key)) = later.pop_first() {
            if at > self.now {
                later.insert((at, key));
                break;
            }
            if let Some(mut letter) = self.store().letter(&key)?.filter(Letter::is_unread) {
                letter.state = LetterState::Sent { at, attempt: 1 };
                step.letters.insert(key, letter);
            }
        }
        if step.letters.is_empty() { Ok(()) } else { self.store().commit(&step) }
    }

    pub fn store(&self) -> &dyn Store {
        &**self.commits.store()
    }

    /// What a letter carries.
    pub fn alerts_of(&self, letter: &Letter) -> Result<Vec<Alert>, StoreError> {
        deliver::alerts_of(self.store(), &self.pipeline, letter)
    }

    /// The alert with this key, kept by itself or told from its entry.
    pub fn alert(&self, key: &AlertKey) -> Result<Option<Alert>, StoreError> {
        self.pipeline.alert(&StoreView::of(self.store()), key)
    }

    pub fn pipeline(&self) -> &Arc<Pipeline> {
        &self.pipeline
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub fn set(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    /// Receives a file at the moment to which the clock is set.
    pub fn receive(
        &mut self,
        name: &str,
        broker: &str,
        content: &mut dyn Read,
        mailing: Mailing,
        file: Fingerprint,
    ) -> Result<Received, BenchError> {
        let file = ReceivedFile {
            drop: DropName::new("bench"),
            broker: BrokerName::new(broker),
            name: name.into(),
            size_bytes: 0,
            file,
            incomplete: false,
            again: false,
        };
        self.happen(mailing, |pipeline, group, moment, overflow| {
            pipeline.receive(group, moment, &file, content, overflow).map_err(|error| match error {
                ApplyError::View(error) => error.into(),
                ApplyError::Content(source) => BenchError::Content { name: file.name.to_string(), source },
            })
        })
    }

    /// Does one thing that happened and keeps what it changed.
    pub fn happen<T>(
        &mut self,
        mailing: Mailing,
        act: impl FnOnce(
            &Pipeline,
            &mut Group<'_, StoreView<'_>>,
            Moment,
            &mut dyn FnMut(Step) -> Result<(), StoreError>,
        ) -> Result<T, BenchError>,
    ) -> Result<T, BenchError> {
        self.post_later()?;
        let before = Position { seq: self.seq, hash: Fingerprint::ZERO };
        self.seq += 1;
        let moment = Moment { seq: self.seq, at: self.now, mailing };
        let store = self.store();
        let view = StoreView::of(store);
        let mut group = Group::new(&view, before);
        let keep = |mut step: Step| {
            self.post(&mut step);
            store.commit(&step)
        };
        let done = act(&self.pipeline, &mut group, moment, &mut { keep })?;
        keep(group.finish(Position { seq: self.seq, hash: Fingerprint::ZERO }))?;
        Ok(done)
    }

    /// Applies one line of a journal at the moment to which the clock is set.
    pub fn apply_line(
        &mut self,
        line: &Line,
        mailing: Mailing,
        archive: &JournalReader,
    ) -> Result<(), EngineError> {
        self.post_later()?;
        let before = Position { seq: self.seq, hash: Fingerprint::ZERO };
        self.seq = self.seq.max(line.seq);
        let applier =
            Applier { commits: &self.commits, pipeline: &self.pipeline, rules: "", archive: archive.clone() };
        let view = StoreView::over(&self.commits);
        let mut group = Group::new(&view, before);
        applier.apply(&mut group, line, mailing, None)?;
        let mut step = group.finish(Position { seq: self.seq, hash: Fingerprint::ZERO });
        self.post(&mut step);
        self.commits.commit(&step)?;
        Ok(())
    }

    /// Says the reminders and writes the digests that are due, as the daemon does when it looks at the clock.
    pub fn tick(&mut self) -> Result<(), BenchError> {
        let until = |day, most| self.store().due_until(day, most);
        let ready = pipeline::ready(&self.pipeline.audience, self.now, 1, until)?;
        let is_silent = self.pipeline.has_silent_feed(&StoreView::of(self.store()), self.now)?;
        if is_silent || !ready.is_empty() {
            self.happen(Mailing::Deliver, |pipeline, group, moment, overflow| {
                Ok(pipeline.remind(group, moment, overflow)?)
            })?;
        }
        if Pipeline::is_due(&StoreView::of(self.store()), self.now, false)? {
            self.happen(Mailing::Deliver, |pipeline, group, moment, overflow| {
                Ok(pipeline.due(group, moment, false, overflow)?)
            })?;
        }
        for (team, day) in self.pipeline.digests_due(&StoreView::of(self.store()), self.now)? {
            self.happen(Mailing::Deliver, |pipeline, group, moment, _| {
                let Some(team) = pipeline.audience.team(&team) else { return Ok(0) };
                Ok(pipeline.digest(group, moment, team, day)?)
            })?;
        }
        Ok(())
    }

    /// Lets time pass until `then`, looking at the clock whenever a reminder or a digest may be due.
    pub fn wait_until(&mut self, then: DateTime<Utc>) -> Result<(), BenchError> {
        while let Some(next) =
            next_look(&self.pipeline.audience, self.store(), self.now)?.filter(|next| *next <= then)
        {
            self.now = next;
            self.tick()?;
        }
        self.now = self.now.max(then);
        Ok(())
    }

    /// What a mail server did with a letter.
    pub fn delivered(&mut self, attempt: &Attempt) -> Result<(), BenchError> {
        self.happen(Mailing::Deliver, |pipeline, group, moment, _| {
            Ok(pipeline.letter(group, moment, attempt)?)
        })?;
        Ok(())
    }

    pub fn entry(&self, number: EntryNumber) -> Result<Option<crate::entry::Entry>, BenchError> {
        Ok(self.store().life(number)?.map(|life| life.entry()))
    }
}

/// When a clock that stands at `now` has to be looked at next: a morning of reminders, a digest, the agenda.
pub fn next_look(
    audience: &Audience,
    store: &dyn Store,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let day = audience.reminder_day(now);
    let morning = day.succ_opt().map(|tomorrow| audience.reminders_from(tomorrow));
    // A message may bring a clock whose reminder is due today: the daemon does not wait for the next morning.
    let ready = pipeline::ready(audience, now, 1, |day, most| store.due_until(day, most))?;
    let soon = (!ready.is_empty()).then(|| now + LOOK_AGAIN);
    // What says that a day is over waits until it is over at Customs.
    let midnight = (customs_date(now) < day).then(|| customs_midnight(day));
    let agenda = store.next_agenda_at()?;
    let digests = audience.teams().iter().map(|team| team.next_digest(now));
    Ok(digests.chain(morning).chain(midnight).chain(agenda).filter(|at| *at > now).chain(soon).min())
}
